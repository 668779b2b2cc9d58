"""What is installed, said three times (pyproject.toml, requirements.lock, environment.yml), is one thing; and the repository is fit to clone."""

from __future__ import annotations

import ast
import functools
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from jupyterlab_server.settings_utils import get_settings
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent

# PyPI's name → conda-forge's. Every other package has the same name on both.
CONDA_NAMES = {"docker": "docker-py"}

# Two of 3.11, since some packages draw a line between its patch releases.
PYTHONS = ("3.11.0", "3.11.9", "3.12.0", "3.13.0")
PLATFORMS = {
    "Linux": {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux", "platform_machine": "x86_64"},
    "macOS": {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin", "platform_machine": "arm64"},
    "Windows": {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows", "platform_machine": "AMD64"},
}

TOP_LEVEL = {"README.md", "LICENSE", "Makefile", "environment.yml", "pyproject.toml", "requirements.lock"} | {
    "notebooks", "labs", "helpers", "tests", "bench", "docs",
}  # fmt: skip

# In pieces, so that this file names none of them.
PACKAGE_HOSTS = [".".join(pieces) for pieces in [
    ("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"), ("registry", "yarnpkg", "com"),
    ("conda", "anaconda", "org"), ("repo", "anaconda", "com"), ("deb", "debian", "org"), ("proxy", "golang", "org"),
]]  # fmt: skip
MACHINE_PATHS = re.compile(r"/Users/\w|\bC:\\+Users\\|/home/\w+/(?:\.|src|work|code)|/\.pyenv/|/work/\w|/ipykernel_\d|/root/\.(?:cache|local)")


def table(*path: str) -> object:
    value: object = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for key in path:
        value = value[key]
    return value


def wanted() -> dict[str, SpecifierSet]:
    """What pyproject.toml asks for: name → range, of the project and of all its groups."""
    lines = [*table("project", "dependencies"), *(line for group in table("dependency-groups").values() for line in group)]
    return {canonicalize_name(requirement.name): requirement.specifier for requirement in map(Requirement, lines)}


@functools.cache
def pins() -> list[tuple[Requirement, list[str]]]:
    """The lock's entries: a requirement, and its hashes."""
    text = re.sub(r"^\s*#.*\n?", "", (ROOT / "requirements.lock").read_text("utf-8"), flags=re.MULTILINE)
    entries = [re.split(r"\s+--hash=", line.strip()) for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [(Requirement(requirement), hashes) for requirement, *hashes in entries]


@functools.cache
def installed(python: str, platform: str) -> dict[str, list[Version]]:
    """What the lock installs on that Python and platform: name → versions, of which there should be one."""
    place = {
        "extra": "",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        **PLATFORMS[platform],
    }
    versions = defaultdict(list)
    for pin, _ in pins():
        if pin.marker is None or pin.marker.evaluate(place):
            versions[canonicalize_name(pin.name)] += [Version(clause.version) for clause in pin.specifier]
    return versions


def conda() -> tuple[dict[str, SpecifierSet], list[str]]:
    """environment.yml: its conda packages with their ranges, and the lines of its pip section."""
    packages, pip = {}, []
    for entry in yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]:
        if isinstance(entry, dict):
            pip += entry["pip"]
        else:
            name, _, versions = entry.partition(" ")
            packages[name] = SpecifierSet(versions)
    return packages, pip


@functools.cache
def files() -> list[Path]:
    """What a clone holds, or would hold after the next commit: everything here that .gitignore does not name."""
    ignored = [".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines())]

    def kept(path: Path) -> bool:
        names = (path.name, path.relative_to(ROOT).as_posix())
        return not any(fnmatch(name, pattern) for name in names for pattern in ignored)

    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if kept(Path(folder, name))]
        found += [path for name in names if kept(path := Path(folder, name))]
    return found


@functools.cache
def texts() -> dict[Path, str]:
    """The repository's text files; what is not UTF-8 is a picture or an archive."""
    found = {}
    for path in files():
        try:
            found[path] = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
    return found


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_pins_every_dependency_once_and_within_its_range(python: str, platform: str) -> None:
    locked = installed(python, platform)
    assert {name: versions for name, versions in locked.items() if len(versions) > 1} == {}
    for name, range_ in wanted().items():
        assert name in locked, f"{name} is not pinned"
        (version,) = locked[name]
        assert version in range_, f"{name} {version} is not {range_}"


def test_every_pin_is_exact_and_has_its_hashes() -> None:
    for pin, hashes in pins():
        assert [clause.operator for clause in pin.specifier] == ["=="], pin
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), pin


def test_the_lock_names_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=)", text, flags=re.MULTILINE), "an option other than --hash"


def test_conda_installs_the_same_packages_in_the_same_ranges() -> None:
    packages, pip = conda()
    by_pip = {canonicalize_name(one.name): one.specifier for one in map(Requirement, (line for line in pip if line != "-e ."))}
    expected = {CONDA_NAMES.get(name, name): versions for name, versions in wanted().items() if name not in by_pip}
    assert by_pip == {name: versions for name, versions in wanted().items() if name in by_pip}
    assert {name: versions for name, versions in packages.items() if name not in ("python", "pip")} == expected
    assert packages["python"] == SpecifierSet(table("project", "requires-python"))
    assert "-e ." in pip, "the lab itself"


def test_python_3_11_to_3_13_are_supported() -> None:
    supported = SpecifierSet(table("project", "requires-python"))
    assert [minor for minor in range(9, 17) if f"3.{minor}.0" in supported] == [11, 12, 13]


def test_every_python_file_is_python_3_11() -> None:
    for path, text in texts().items():
        if path.suffix == ".py":
            ast.parse(text, filename=str(path), feature_version=(3, 11))


def test_no_file_names_a_package_host() -> None:
    naming = [(path.relative_to(ROOT), host) for path, text in texts().items() for host in PACKAGE_HOSTS if host in text]
    assert naming == []


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    naming = [(path.relative_to(ROOT), found.group()) for path, text in texts().items() if (found := MACHINE_PATHS.search(text))]
    assert naming == []


def test_the_top_level_holds_what_the_map_of_the_house_shows() -> None:
    names = {path.relative_to(ROOT).parts[0] for path in files()}
    assert {name for name in names if not name.startswith(".")} == TOP_LEVEL
    assert {".ci", ".devcontainer", ".gitignore"} <= names


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert text.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    assert "END OF TERMS AND CONDITIONS" in text


def test_what_ci_runs_is_executable() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_wheel_carries_the_packages_the_commands_and_the_labs_settings(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    carried = zipfile.ZipFile(wheel).namelist()
    helpers = {path.relative_to(ROOT / "helpers").as_posix() for path in files() if path.is_relative_to(ROOT / "helpers")}
    packaged = {name for name in helpers if name.split("/")[0] != "etc"}
    assert packaged <= set(carried)
    assert any(name.endswith(".data/data/etc/jupyter/labconfig/default_setting_overrides.json") for name in carried)
    assert any(name.endswith(".dist-info/entry_points.txt") for name in carried)
    assert any(name.endswith("licenses/LICENSE") for name in carried)


def test_jupyterlab_fetches_no_news() -> None:
    lab = Path(sys.prefix) / "share" / "jupyter" / "lab"
    plugin = "@jupyterlab/apputils-extension:notification"
    settings, _ = get_settings(str(lab), str(lab / "schemas"), "", schema_name=plugin)
    properties = settings["schema"]["properties"]
    assert properties["fetchNews"]["default"] == "false"
    assert properties["checkForUpdates"]["default"] is False
