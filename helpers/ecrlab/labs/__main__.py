"""Write the labs' notebooks and solutions from their masters.

    python -m ecrlab.labs generate                  all labs
    python -m ecrlab.labs generate lab-1 lab-2      those whose folders begin so
"""

import argparse
import sys
from pathlib import Path

from ecrlab import home
from ecrlab.labs.master import MASTER, MasterError, files


def main(words: list[str] | None = None) -> int:
    """Run the command and return its exit status: 0 done, 1 not."""
    parser = argparse.ArgumentParser(
        prog="python -m ecrlab.labs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["generate"])
    parser.add_argument("labs", nargs="*", metavar="LAB", help="the beginning of a lab's folder name, such as lab-1 (default: all)")
    given = parser.parse_args(words)
    project = home.project()
    if project is None:
        parser.error("there is no course in this folder")
    folders = masters(project / "labs", given.labs)
    if not folders:
        parser.error(f"there is no lab {' or '.join(given.labs)} with a {MASTER}")
    try:
        for folder in folders:
            _write(folder)
    except MasterError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def masters(labs: Path, names: list[str]) -> list[Path]:
    """The folders below `labs` that hold a master, in order: all, or those whose names begin with one of `names`."""
    folders = sorted(path.parent for path in labs.glob(f"*/{MASTER}"))
    return [folder for folder in folders if not names or folder.name.startswith(tuple(names))]


def _write(folder: Path) -> None:
    for path, text in files(folder).items():
        before = path.read_text("utf-8") if path.is_file() else None
        if before != text:
            path.write_text(text, "utf-8", newline="\n")
        print(f"{folder.name}/{path.name} {'is as it was' if before == text else 'written'}")


if __name__ == "__main__":
    sys.exit(main())
