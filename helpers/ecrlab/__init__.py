"""What a lesson imports: a lab to work in, pictures of what is in it, questions and checks.

    import ecrlab
    lab = ecrlab.open()
    ecr = lab.client("ecr")

A lesson that teaches an API calls that API itself. This package only takes away what isn't being
taught: set-up, waiting, drawing, checking. Importing it is quick; what is heavy (boto3, docker,
ipywidgets) is imported when it is first used.
"""

from ecrlab.errors import LabError

__all__ = ["LabError", "build_arguments", "explorer", "open"]


def open():
    """Join the lab of this folder, or start it, and return it as a `ecrlab.lab.Lab`.

    Locally (the default) the lab is the one whose state lies in `ECRLAB_STATE`, or in `.ecrlab/` of the
    project. With `ECRLAB_BACKEND=aws` it is the learner's own AWS account. Raises LabError, whose text
    says what happened and what to do, where a lab can be neither joined nor started.
    """
    from ecrlab import lab

    return lab.open()


def explorer(scan) -> None:
    """Show the findings of a scan (`lab.scans.wait(…)`), to be looked through by severity, package, layer and fix."""
    from ecrlab import findings_explorer

    findings_explorer.show(scan)


def build_arguments(context: str, **arguments: str) -> dict[str, str]:
    """The arguments of a build, after a look whether those by which the Dockerfile in the folder `context` copies something name what is there.

    Raises LabError, which says what they may be. Docker would end the build with the path that it didn't find.
    """
    from pathlib import Path

    from ecrlab.arguments import checked

    return checked(Path(context), arguments)


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("ecr-lab")
    raise AttributeError(f"module 'ecrlab' has no attribute {name!r}")
