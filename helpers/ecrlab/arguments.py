"""Arguments of a build that choose among the files of its context."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from ecrlab.errors import LabError


def checked(context: Path, given: dict[str, str]) -> dict[str, str]:
    """See `ecrlab.build_arguments`."""
    dockerfile = context / "Dockerfile"
    if not dockerfile.is_file():
        raise LabError("argument", f"There is no Dockerfile in {context.as_posix()}.", "Is the name right?")
    sources = list(_copied(dockerfile.read_text("utf-8")))
    for name, value in given.items():
        for source in (each for each in sources if f"${{{name}}}" in each):
            folder, before, after = _around(source, name)
            known = sorted(each.name.removeprefix(before).removesuffix(after) for each in (context / folder).glob(f"{before}*{after}"))
            if value not in known:
                raise LabError("argument", f"There is no {before}{value}{after} in {(context / folder).as_posix()}.", f"{name} is one of {', '.join(known)}.")
    return given


def _copied(dockerfile: str) -> Iterator[str]:
    """What COPY takes from the context."""
    for line in re.findall(r"^COPY +(.+)$", dockerfile, re.M):
        words = [word for word in line.split() if not word.startswith("--")]
        yield from () if "--from=" in line else words[:-1]


def _around(source: str, name: str) -> tuple[str, str, str]:
    """The folder in which a path has the argument's value for a name or a part of it, and what stands before and after that part."""
    above, _, below = source.partition(f"${{{name}}}")
    folder, before = posixpath.split(above)
    return folder, before, below.partition("/")[0]
