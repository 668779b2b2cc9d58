"""`python -m ecrlab.lessons [FOLDER…]`: is the content of all lessons (and of the labs in these folders) sound?"""

import sys
from pathlib import Path

from ecrlab.lessons.faults import lab_faults, lesson_faults


def main(folders: list[str]) -> int:
    """Print a line for each fault and return how many there are."""
    faults = lesson_faults() + [fault for folder in folders for fault in lab_faults(Path(folder))]
    print("\n".join(faults) or "All lessons are sound.")
    return min(len(faults), 100)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
