"""The learner's files in work/, beside those of the start: what was changed there, and may be in no image yet."""

from __future__ import annotations

import re
from pathlib import Path

from .versions import NODE_PACKAGE, plain

STARTER, WORK = (Path(__file__).parents[1] / name for name in ("starter", "work"))
OF_THE_TOOL = {"Dockerfile": re.compile(r"web|--from|\bAS\b", re.I), ".dockerignore": re.compile("")}  # file → the lines in it that may leave the tool out
EDITED = "An image is what went into its build, and edited isn't shipped."


def asked() -> dict[str, tuple[str, ...]] | None:
    """The libraries that work/requirements.txt asks for: name → its version; None where there is no such file."""
    if not (WORK / "requirements.txt").is_file():
        return None
    wanted = [line.split("==") for line in _lines(WORK / "requirements.txt")]
    return {plain(name.strip()): tuple(version.strip() for version in versions) for name, *versions in wanted}


def changed_for_the_tool() -> list[str]:
    """The files in work/ in which something was changed that may leave the tool out."""
    if not WORK.is_dir():
        return []
    found = [name for name, about in OF_THE_TOOL.items() if _about(WORK / name, about) != _about(STARTER / name, about)]
    return [f"work/{name}" for name in found + (["web/"] if _packages(WORK) != _packages(STARTER) else [])]


def _about(path: Path, about: re.Pattern[str]) -> list[str]:
    return [line for line in _lines(path) if about.search(line)]


def _lines(path: Path) -> list[str]:
    """The lines that say something, so no comments."""
    text = path.read_text("utf-8", errors="replace") if path.is_file() else ""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _packages(folder: Path) -> dict[str, bytes]:
    """Node's packages below web/: path → package.json."""
    paths = {path.relative_to(folder).as_posix(): path for path in (folder / "web").rglob("package.json")}
    return {name: path.read_bytes() for name, path in paths.items() if NODE_PACKAGE.search(name)}
