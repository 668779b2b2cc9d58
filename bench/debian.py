"""A real Debian, made by mmdebstrap from the Debian archive and cut into layers as `RUN apt-get install` would have made them."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from bench.table import Missing

STEPS = (  # what is done for each layer above the first
    "apt-get -qq -y --no-install-recommends install ca-certificates openssl",
    "apt-get -qq -y --no-install-recommends install curl",
    "apt-get -qq -y --no-install-recommends install python3-minimal python3-requests python3-yaml",
    "apt-get -qq -y remove curl",
    "apt-get -qq -y --no-install-recommends install jq zip",
)
LEFT_OUT = ("proc", "sys", "dev", "run", "tmp", "var/lib/apt/lists", "var/cache/apt", "usr/share/doc", "usr/share/locale", "usr/share/man")


def layers(folder: Path) -> list[Path]:
    """The layers' tars, from the bottom up: six of them, some 140 MB. Raises Missing without mmdebstrap, root, or the Debian archive."""
    program = shutil.which("mmdebstrap")
    if program is None:
        raise Missing("mmdebstrap is not installed (Debian: apt install mmdebstrap)")
    if os.geteuid() != 0:
        raise Missing("only root can make a Debian with mmdebstrap")
    folder.mkdir(parents=True)
    snapshots = [folder / f"after-{number}.tar" for number in range(len(STEPS) + 1)]
    hooks = [_snapshot(snapshots[0])]
    for step, snapshot in zip(STEPS, snapshots[1:], strict=True):
        hooks += [f"--customize-hook=chroot \"$1\" {step}", _snapshot(snapshot)]
    # merged from the start, as Debian's own images are: the package that merges later brings all of Perl
    merged = ["--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", "--include=usr-is-merged"]
    command = [program, "--quiet", "--mode=root", "--variant=minbase", *merged, *hooks, "bookworm", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Missing(f"mmdebstrap made no Debian ({(done.stderr.strip().splitlines() or ['it said nothing'])[-1]})")
    return list(_cut(folder, snapshots))


def _snapshot(file: Path) -> str:
    left_out = " ".join(shlex.quote(f"--exclude=./{each}/*") for each in LEFT_OUT)
    return f'--customize-hook=tar -C "$1" --sort=name --numeric-owner {left_out} -cf {shlex.quote(str(file))} .'


def _cut(folder: Path, snapshots: list[Path]) -> Iterator[Path]:
    """What each snapshot has that the one before hasn't, and a whiteout for what it has no more."""
    before: dict[str, tarfile.TarInfo] = {}
    for number, snapshot in enumerate(snapshots):
        layer = folder / f"layer-{number}.tar"
        with tarfile.open(snapshot) as source, tarfile.open(layer, "w") as target:
            now = {member.name: member for member in source}
            for gone in sorted(before.keys() - now.keys()):
                above, _, name = gone.rpartition("/")
                if above in now:
                    target.addfile(tarfile.TarInfo(f"{above}/.wh.{name}"), io.BytesIO())
            for path, member in now.items():
                if _is_new(member, before.get(path)):
                    target.addfile(member, source.extractfile(member) if member.isreg() else None)
        snapshot.unlink()
        before = now
        yield layer


def _is_new(member: tarfile.TarInfo, before: tarfile.TarInfo | None) -> bool:
    if before is None or member.type != before.type:
        return True
    return not member.isdir() and (member.size, member.mtime, member.linkname) != (before.size, before.mtime, before.linkname)
