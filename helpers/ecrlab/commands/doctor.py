"""Look for what could stand in the way of a lesson, before it does. Each line says what was found and,
where something must be mended, how. The exit status is 1 then.
"""

import argparse

from ecrlab import health, home

_SHAPES = {health.FINE: "✔", health.NOTE: "·", health.MEND: "✘"}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--layers", action="store_true", help="read every byte of every layer too; one that is damaged is taken away, so that a push brings it back")
    parser.add_argument("--state", metavar="DIR", help="the lab's folder (default: ECRLAB_STATE, or .ecrlab in the course's folder)")


def run(given: argparse.Namespace) -> int:
    findings = health.examine(home.find(given.state), given.layers)
    for finding in findings:
        print(f"{_SHAPES[finding.state]} {finding.subject}: {finding.saw}")
        if finding.do:
            print(f"    {'→ ' if finding.state == health.MEND else ''}{finding.do}")
    to_mend = sum(finding.state == health.MEND for finding in findings)
    print(f"{to_mend} to mend." if to_mend else "Nothing stands in the way of a lesson.")
    return 1 if to_mend else 0
