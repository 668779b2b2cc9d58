"""The command `ecrlab`."""

import argparse
import importlib
import sys

from ecrlab.errors import LabError

# noun → what it does, in the order of the help; each is a module in `ecrlab.commands`
COMMANDS = {
    "lab": "open JupyterLab on the first lesson (starts the lab if need be)",
    "serve": "start the lab: a private and a public registry, and the AWS APIs around them",
    "stop": "stop the lab; what you made stays",
    "status": "say whether the lab runs, and where",
    "env": "print what the AWS CLI and Docker need to talk to the lab",
    "doctor": "look for what could stand in the way of a lesson, and say how to mend it",
    "advisories": "load, list and show what the lab knows of vulnerabilities",
    "course": "run all lessons from beginning to end, in labs of their own",
    "reset": "delete all you made in the lab, and begin anew",
}

EPILOG = """\
A lab belongs to a folder: .ecrlab in the course's folder, or the one that ECRLAB_STATE names. Notebooks, this
command, the AWS CLI and Docker all talk to the same lab.

  ecrlab lab                              take the course
  ecrlab serve --background               only the lab, without a browser
  eval "$(ecrlab env)"                    then, in the same terminal:
  aws ecr describe-repositories           the AWS CLI talks to the lab

ecrlab COMMAND --help says more about each.
"""


class Version(argparse.Action):
    """Prints the version, which takes a while to find out and is rarely asked for."""

    def __call__(self, parser, namespace, values, option_string=None):
        from ecrlab import __version__

        print(f"ecrlab {__version__}")
        parser.exit()


def parser(noun: str | None = None) -> argparse.ArgumentParser:
    """The command line as a whole, with the words of one command (by itself that is what a start of the lab waits for) or of all."""
    whole = argparse.ArgumentParser(
        prog="ecrlab",
        description="Learn Amazon ECR on a registry of your own: no AWS account, no bill.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action=Version, nargs=0, help="say which version this is")
    nouns = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for each, does in COMMANDS.items():
        one = nouns.add_parser(each, help=does, formatter_class=argparse.RawDescriptionHelpFormatter)
        if noun in (None, each):
            module = importlib.import_module(f"ecrlab.commands.{each}")
            one.description = module.__doc__
            module.arguments(one)
            one.set_defaults(run=module.run)
    return whole


def main(words: list[str] | None = None) -> int:
    """Run a command and return its exit status: 0 done, 1 not, 2 not understood, 3 the folder is taken."""
    words = sys.argv[1:] if words is None else words
    whole = parser(words[0] if words and words[0] in COMMANDS else None)
    given, given.rest = whole.parse_known_args(words)
    if given.rest and given.command != "lab":  # what follows `lab` is for JupyterLab
        whole.error(f"{given.command} doesn't know {' '.join(given.rest)}; see ecrlab {given.command} --help")
    try:
        return given.run(given)
    except LabError as error:
        print(f"ecrlab: {error}", file=sys.stderr)
        from ecrlab.server import FOLDER_TAKEN

        return FOLDER_TAKEN if error.code == "state_folder" else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
