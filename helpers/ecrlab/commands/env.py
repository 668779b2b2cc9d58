"""Print what the AWS CLI, boto3 and Docker need to talk to the lab, as lines for a shell:

  eval "$(ecrlab env)"
  aws ecr get-login-password | docker login --username AWS --password-stdin $ECRLAB_REGISTRY

The lab must be running. In PowerShell, set the same names by hand.
"""

import argparse
import shlex
import sys

from ecrlab import home, server
from ecrlab.lab import REGION, YOURS


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", default=YOURS, metavar="A", help=f"whose keys (default {YOURS}, yours)")
    parser.add_argument("--region", default=REGION, metavar="R", help=f"which Region (default {REGION})")


def run(given: argparse.Namespace) -> int:
    from ecrlab.local import LocalLab

    state = home.find()
    door = server.find(state)
    if door is None:
        print(f"ecrlab: no lab is running on {state}. Start one with: ecrlab serve --background", file=sys.stderr)
        return 1
    lab = LocalLab(door)
    keys = lab.keys(given.account)
    values = {
        "AWS_ENDPOINT_URL": door.status()["endpoint"],
        "AWS_ACCESS_KEY_ID": keys["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
        "AWS_DEFAULT_REGION": given.region,
        "ECRLAB_REGISTRY": lab.registry(given.account, given.region),
        "ECRLAB_PUBLIC_REGISTRY": lab.public_registry,
    }
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
