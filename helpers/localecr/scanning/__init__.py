"""ECR's side of scanning: which repositories are scanned and how, scans from being asked for to being told, and the thread that does them.

``configuration`` holds what is set for a registry and what of it a repository gets; ``scans`` is the state of each image's scans; ``worker`` has due
ones done by ``scanner.process``; ``basic`` makes ECR's findings of what was found, ``inspector/findings.py`` Amazon Inspector's.
"""
