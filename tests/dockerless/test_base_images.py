"""The course's base images: specimens that say so, the same everywhere, one of which really runs."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contexts import config, content, members
from dockerless import Engine, seeds
from dockerless.images import Image

STATIC = Path(seeds.__file__).with_name("bases") / "static"
GOLDEN = {
    ("debian:12", "linux/amd64"): "sha256:351baf61b3a4204bfaded09a5dd00ce92aa94231e0595bee716fdec99869c386",
    ("debian:12", "linux/arm64"): "sha256:85acd658b086eb299e79763fc31b2f5fc86051405d1d585e488153db001d3fe7",
    ("alpine:3.20", "linux/amd64"): "sha256:35d19a9e845c9b8936594c7f0d20c12665bd14777913de10d6229a87e154f0ea",
    ("alpine:3.20", "linux/arm64"): "sha256:ff6dddd70f7814c3bd1191af7e3769bb865b00900e6610764b7912bb12ea30f3",
    ("static:1", "linux/amd64"): "sha256:122eec00adad9f1239aa1f8aba9606b87a3b34329319aa83c1d5879914e3fffc",
    ("static:1", "linux/arm64"): "sha256:fa9b61fefe12e60f5ff2fbb4fb64b7667ae680f673906f09d07d69ac875dc36d",
    ("debian:12.15", "linux/amd64"): "sha256:e02404a00aa789d41b9c68e8b2f6902fce826a2b3bfdafca59481f2b2aad13c3",
    ("debian:12.15", "linux/arm64"): "sha256:da374d55560b1e6effbf6016ae3777933fc019bdcd88efd44349bda415b7f9d6",
    ("debian:11", "linux/amd64"): "sha256:597ad4639f11b326738cc34276b61df5e7c07b30800cea55aff573a9a433b94f",
    ("debian:11", "linux/arm64"): "sha256:d8092964a29db1d99f018272c2d01f5864fc25279295bd22ba3d311769ac632e",
    ("alpine:3.18", "linux/amd64"): "sha256:5f1fdb04160dede36d8144b241f4c9bc96863f4d64623c5fe9eb70ad91e04040",
    ("alpine:3.18", "linux/arm64"): "sha256:8ca10793bd0ab8b4331a4a4afa79adaaa784ddaf133a336d814e206d5fd44d04",
    ("alpine:3.14", "linux/amd64"): "sha256:5bcc76fb780c7a11e67024487bd1f19188ecdb641507910a36c5aaa3f86cdda6",
    ("alpine:3.14", "linux/arm64"): "sha256:86da7ab9c1e69798502ac9aef8e84b012bed125d8ac8cdb0fe9fcbea09cb572f",
    ("distroless:12", "linux/amd64"): "sha256:92d8841cf9d28598dfa0cfec6c50e7d25c3223de4a28f7b30c793fb7ac04dbb3",
    ("distroless:12", "linux/arm64"): "sha256:eab96d6d2dd2a25471b60c1b4af8764cba4dd1e0a0060b1a937da16b323c147f",
    ("buildpack-deps:bullseye", "linux/amd64"): "sha256:3f6b22638d5378a4ccff6e31f0166600dc98bb24fcc1dfe35816fff55a43a35d",
    ("buildpack-deps:bullseye", "linux/arm64"): "sha256:47321fd2c30053e0bc4d9c77a5e3ddf6de7966df54e8f8d798c9197b038ac019",
}
Bases = dict[str, list[Image]]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Bases:
    return dict(seeds.build_bases(Engine(tmp_path_factory.mktemp("docker"))))


def test_they_are_the_same_on_every_computer(bases: Bases) -> None:
    assert {(name, str(image.platform)): image.digest for name, images in bases.items() for image in images} == GOLDEN


def test_they_are_built_in_a_moment_and_small(tmp_path: Path) -> None:
    begin = time.process_time()
    bases = dict(seeds.build_bases(Engine(tmp_path)))
    assert time.process_time() - begin < 1
    assert all(image.size < 20_000 for images in bases.values() for image in images)


@pytest.mark.parametrize("name", seeds.BASES)
def test_they_say_that_they_are_specimens(bases: Bases, name: str) -> None:
    for image in bases[name]:
        assert config(image)["Labels"]["ecrlab.specimen"] == "true"
        layer = max(number for number in range(len(image.layers)) if "etc/ecrlab-specimen" in members(image, number))
        assert content(image, "etc/ecrlab-specimen", layer).startswith(b"This image is a specimen, made for ECR Lab.")


def stanzas(text: bytes, separator: str) -> list[dict[str, str]]:
    blocks = text.decode().strip().split("\n\n")
    return [dict(line.split(separator, 1) for line in block.splitlines()) for block in blocks]


def test_the_debian_one_has_a_package_list_that_dpkg_would_read(bases: Bases) -> None:
    for image in bases["debian:12"]:
        packages = stanzas(content(image, "var/lib/dpkg/status"), ": ")
        assert {package["Architecture"] for package in packages} == {image.platform.architecture}
        assert {package["Status"] for package in packages} == {"install ok installed"}
        versions = {package["Package"]: (package["Version"], package.get("Source")) for package in packages}
        assert versions["zlib1g"] == ("1:1.2.13.dfsg-1", "zlib") and versions["libc6"] == ("2.36-9+deb12u14", "glibc")
        assert b'VERSION_ID="12"\n' in content(image, "etc/os-release", 0)


def test_the_alpine_one_has_a_package_list_that_apk_would_read(bases: Bases) -> None:
    for image, machine in zip(bases["alpine:3.20"], ("x86_64", "aarch64"), strict=True):
        packages = stanzas(content(image, "lib/apk/db/installed"), ":")
        assert {package["A"] for package in packages} == {machine}
        assert {package["P"]: (package["V"], package["o"]) for package in packages}["libssl3"] == ("3.3.1-r3", "openssl")
        assert content(image, "etc/alpine-release", 0) == b"3.20.2\n"


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="dpkg-query is not installed")
def test_dpkg_reads_the_debian_package_list(bases: Bases, tmp_path: Path) -> None:
    (tmp_path / "status").write_bytes(content(bases["debian:12"][0], "var/lib/dpkg/status"))
    assert dpkg_lists(tmp_path) == "base-files dpkg libc6 libexpat1 liblzma5 libssl3 openssl tar zlib1g ".split()


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="dpkg-query is not installed")
@pytest.mark.parametrize("name", ["debian:11", "debian:12.15", "buildpack-deps:bullseye"])
def test_dpkg_knows_as_many_packages_as_are_listed(bases: Bases, name: str, tmp_path: Path) -> None:
    for image in bases[name]:
        status = content(image, "var/lib/dpkg/status")
        (tmp_path / "status").write_bytes(status)
        names = re.findall(r"^Package: (.*)$", status.decode(), re.M)
        assert names == sorted(set(names)) == dpkg_lists(tmp_path)


def dpkg_lists(folder: Path) -> list[str]:
    return subprocess.run(["dpkg-query", f"--admindir={folder}", "-W", "-f", "${Package} "], check=True, capture_output=True, text=True).stdout.split()


def test_a_base_image_to_build_upon_stands_on_the_layers_of_another(bases: Bases) -> None:
    for below, image in zip(bases["debian:11"], bases["buildpack-deps:bullseye"], strict=True):
        assert image.layers[: len(below.layers)] == below.layers
        assert stanzas(content(below, "var/lib/dpkg/status"), ": ")[0] == stanzas(content(image, "var/lib/dpkg/status"), ": ")[0]


def test_the_distroless_one_has_a_file_for_each_package(bases: Bases) -> None:
    for image in bases["distroless:12"]:
        listed = [name for name, member in members(image).items() if name.startswith("var/lib/dpkg/status.d/") and member.isfile()]
        assert len(listed) == 9
        assert all(stanzas(content(image, name), ": ")[0]["Package"] == Path(name).name for name in listed)


NATIVE = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower(), "")
CROSS = {"amd64": "x86_64-linux-gnu-", "arm64": "aarch64-linux-gnu-"}
EMULATORS = {"amd64": "qemu-x86_64-static", "arm64": "qemu-aarch64-static"}
both = pytest.mark.parametrize("architecture", ["amd64", "arm64"])


def tool(name: str, architecture: str) -> str:
    """A program of GNU binutils for an architecture."""
    path = shutil.which(CROSS[architecture] + name) or (shutil.which(name) if architecture == NATIVE else None)
    if path is None or "GNU" not in subprocess.run([path, "--version"], capture_output=True, text=True).stdout:
        pytest.skip(f"{CROSS[architecture]}{name} (GNU binutils for {architecture}) is not installed")
    return path


@both
def test_the_program_is_what_its_source_says(architecture: str, tmp_path: Path) -> None:
    assembler, linker, copier = (tool(name, architecture) for name in ("as", "ld", "objcopy"))
    made, linked, program = tmp_path / "show.o", tmp_path / "show.elf", tmp_path / "show"
    subprocess.run([assembler, "-o", made, STATIC / f"show.{architecture}.s"], check=True)
    subprocess.run([linker, "-Ttext=0x400000", "-o", linked, made], check=True)
    subprocess.run([copier, "-O", "binary", "-j", ".text", linked, program], check=True)
    assert program.read_bytes() == (STATIC / f"show.{architecture}").read_bytes()


@pytest.fixture
def show(architecture: str, tmp_path: Path) -> list[str]:
    """The command that runs the program here."""
    program = tmp_path / "show"
    shutil.copy(STATIC / f"show.{architecture}", program)
    program.chmod(0o755)
    if sys.platform == "linux" and architecture == NATIVE:
        return [str(program)]
    emulator = shutil.which(EMULATORS[architecture])
    if emulator is None:
        pytest.skip(f"{EMULATORS[architecture]} is not installed")
    return [emulator, str(program)]


@both
def test_the_program_shows_files(show: list[str], tmp_path: Path) -> None:
    (tmp_path / "hello").write_bytes(b"hello\n")
    (tmp_path / "large").write_bytes(bytes(range(256)) * 1000)
    (tmp_path / "empty").touch()
    done = subprocess.run([*show, "hello", "empty", "large", "hello"], cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hello\n" + bytes(range(256)) * 1000 + b"hello\n", b"")


@both
def test_the_program_says_what_it_cannot_show_and_goes_on(show: list[str], tmp_path: Path) -> None:
    (tmp_path / "hello").write_bytes(b"hello\n")
    done = subprocess.run([*show, "no/such", "hello", "."], cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"hello\n", b"show: can't open no/such\nshow: can't read .\n")
    done = subprocess.run(show, capture_output=True)
    assert (done.returncode, done.stderr) == (1, b"show: say which files to show, such as: show /hello.txt\n")


@both
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_the_program_says_that_it_cannot_write(show: list[str], tmp_path: Path) -> None:
    (tmp_path / "hello").write_bytes(b"hello\n")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*show, "hello"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, b"show: can't write\n")
