"""Delete all you made in the lab of this folder, with your answers, and begin anew. It stops the lab first.

Only what a lab wrote is deleted; notebooks and other files stay. Without --yes it says what would go.
"""

import argparse
import sys

from ecrlab import home, server, settings
from ecrlab.show.words import size


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="really delete it")
    parser.add_argument("--state", metavar="DIR", help="the lab's folder (default: ECRLAB_STATE, or .ecrlab in the course's folder)")


def run(given: argparse.Namespace) -> int:
    state = home.find(given.state)
    if not home.is_lab(state):
        print(f"ecrlab: {state} is not a lab's folder, so nothing is deleted.", file=sys.stderr)
        return 1
    if places := settings.pending(state):
        said = f"Settings of AWS account {', '.join(places)} are still to be put back, and this folder alone knows how they were."
        print(f"ecrlab: {said} Run the last cell of the lesson that changed them first, on AWS.", file=sys.stderr)
        return 1
    if not given.yes:
        print(f"ecrlab: this would delete from {state}:", file=sys.stderr)
        for path in home.contents(state):
            print(f"  {path.name:24} {size(home.size(path))}", file=sys.stderr)
        print("That is every repository, image and answer in this lab. To do it: ecrlab reset --yes", file=sys.stderr)
        return 1
    door = server.find(state)
    if door:
        server.stop(door)
    rest = home.forget(state)
    print("The lab is empty. The next start makes a new one.")
    if rest:
        print(f"Left in {state}, since a lab didn't make it: {', '.join(path.name for path in rest)}")
    return 0
