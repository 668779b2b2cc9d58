"""ECR's side of scanning: which repositories are scanned and how, scans from being asked for to being told, and the thread that does them.

``configuration`` holds what is set for a registry and what of it a repository gets, ``eligibility`` which images that takes and leaves; ``scans`` is the
state of each image's scans, which ``continuous`` has done again, ``knowledge`` the moment whose advisories they use; ``worker`` has due ones done by
``scanner.process``, with what ``subjects`` gives it, and ``results`` keeps what comes of it; ``basic`` makes ECR's findings of what was found,
``inspector/findings.py`` Amazon Inspector's; ``events`` is what is announced.
"""
