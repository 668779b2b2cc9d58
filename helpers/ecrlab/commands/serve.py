"""Start the lab of a folder: a private registry with the AWS APIs around it, a public registry, and a
builder of images that needs no Docker. All listen on this machine alone.

It takes three ports in a row, 4510 to 4512, or those that --port begins with; with --port 0 it takes
free ones. Without --background it runs in this terminal until Ctrl-C.
"""

import argparse

from ecrlab import home, server


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=server.PORT, metavar="N", help="the first of three ports (default 4510; 0: free ones)")
    parser.add_argument("--state", metavar="DIR", help="the lab's folder (default: ECRLAB_STATE, or .ecrlab in the course's folder)")
    parser.add_argument("--background", action="store_true", help="return as soon as the lab is ready, and leave it running")


def run(given: argparse.Namespace) -> int:
    state = home.find(given.state)
    if not given.background:
        server.run(state, given.port)
        return 0
    door = server.find(state)
    running = door is not None
    status = (door or server.start(state, given.port)).status()
    print(f"ECR Lab {'is running already' if running else 'is running'} at {status['endpoint']}, its public registry at {status['public_endpoint']}.")
    print("Stop it with: ecrlab stop")
    return 0
