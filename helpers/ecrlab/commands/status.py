"""Say whether the lab of this folder runs, and where. The exit status is 1 where none does."""

import argparse
import json
import sys

from ecrlab import home, server

KEYS = ("endpoint", "public_endpoint", "port", "pid", "state", "accounts", "engine", "version")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as one JSON object, for programs")
    parser.add_argument("--state", metavar="DIR", help="the lab's folder (default: ECRLAB_STATE, or .ecrlab in the course's folder)")


def run(given: argparse.Namespace) -> int:
    from ecrlab.local import LocalLab

    state = home.find(given.state)
    door = server.find(state)
    if door is None:
        print(f"ecrlab: no lab is running on {state}. Start one with: ecrlab serve --background", file=sys.stderr)
        return 1
    facts = {**door.status(), "engine": LocalLab(door).engine}
    if given.json:
        print(json.dumps({key: facts[key] for key in KEYS}))
        return 0
    print(f"The lab on {facts['state']} is running (version {facts['version']}, process {facts['pid']}).")
    print(f"  private registry and AWS APIs  {facts['endpoint']}")
    print(f"  public registry                {facts['public_endpoint']}")
    print(f"  accounts                       {', '.join(facts['accounts'])}")
    print(f"  images are built and moved by  {facts['engine']}")
    return 0
