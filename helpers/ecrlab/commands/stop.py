"""Stop the lab of this folder. What you made in it stays, and is there again after the next start."""

import argparse
import sys

from ecrlab import home, server


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", metavar="DIR", help="the lab's folder (default: ECRLAB_STATE, or .ecrlab in the course's folder)")


def run(given: argparse.Namespace) -> int:
    state = home.find(given.state)
    door = server.find(state)
    if door is None:
        print(f"ecrlab: no lab is running on {state}, so there is nothing to stop.", file=sys.stderr)
        return 1
    server.stop(door)
    print("The lab has stopped. What you made is kept.")
    return 0
