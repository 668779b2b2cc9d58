"""``python tests/localecr/windows.py WORK``: does a work of the store again and again, and ends the process before each of its lines in turn.

Whatever line a process ends before, a lab that opens the folder afterwards must be sound (`audit.faults`), have all that was
acknowledged, and let the same work go on to its end. Prints how many ends were tried. Needs ``os.fork``, in a process without threads.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import audit
from localecr.clock import Clock
from localecr.registry import Lab, Registry, images, layers, repositories, uploads
from localecr.store.blobs import Blobs
from localecr.store.database import Database
from localecr.store.sweep import sweep
from specimens import OCI_MANIFEST, digest, image

PACKAGE = str(Path(sys.modules["localecr.store.blobs"].__file__).parent.parent)
LAYER = b"twenty bytes, or more" * 1000
OLD, NEXT, ALIKE = image("old"), image("old", annotations={"the": "next"}), image("mounted")  # OLD and NEXT share their layers
Say = Callable[[str], None]


def opened(state: Path) -> Lab:
    """A lab on a folder, as a start leaves it, without its servers."""
    database = Database(state / "lab.sqlite")
    lab = Lab(state, database, Blobs(state), Clock(database, "2026-01-05T09:00:00Z"), b"secret", "localhost:4510", "localhost:4511")
    sweep(lab)
    return lab


def registry(lab: Lab) -> Registry:
    return Registry(lab, "private", "111122223333", "us-east-1")


def push_blob(lab: Lab, name: str, data: bytes, say: Say = lambda step: None) -> None:
    """Uploads in two chunks; goes on with an upload of the repository where there is one, which must stand where it was acknowledged."""
    here = registry(lab)
    row = repositories.find(here, name)
    if layers.find(here, row, digest(data)):
        return
    present = lab.database.one("SELECT id FROM uploads WHERE repository_id = ?", (row["id"],))
    upload = present["id"] if present else uploads.initiate(here, row)
    say(f"upload {name} {upload} {digest(data)} 0")
    received = uploads.find(here, row, upload)["received"]
    for end in (len(data) // 2, len(data)):
        if received < end:
            received = uploads.append(here, row, upload, received, io.BytesIO(data[received:end]))
            say(f"upload {name} {upload} {digest(data)} {received}")
    uploads.complete(here, row, upload, [digest(data)])
    say(f"layer {name} {digest(data)}")


def push(lab: Lab, name: str, specimen, tag: str, say: Say = lambda step: None) -> None:
    for blob in specimen.blobs:
        push_blob(lab, name, blob, say)
    here = registry(lab)
    images.put(here, repositories.find(here, name), specimen.manifest, media_type=OCI_MANIFEST, tag=tag)
    say(f"tag {name} {tag} {specimen.digest}")


def mount(lab: Lab, say: Say) -> None:
    here = registry(lab)
    row = repositories.find(here, "web")
    for blob in ALIKE.blobs:
        assert layers.mount(here, row, digest(blob), "source")
        say(f"layer web {digest(blob)}")


def delete_image(lab: Lab, say: Say) -> None:
    here = registry(lab)
    for image_id in ({"imageTag": "1"}, {"imageTag": "also"}):  # the second is the image's last
        try:
            images.delete(here, repositories.find(here, "web"), image_id)
        except images.Failure:
            pass  # it was deleted before the process ended
        say(f"untagged web {image_id['imageTag']}")


def delete_repository(lab: Lab, say: Say) -> None:
    here = registry(lab)
    if here.database.one("SELECT 1 FROM repositories WHERE name = 'web'"):
        repositories.delete(here, "web", force=True)
    say("no web")
    sweep(lab)


def cancel(lab: Lab, say: Say) -> None:
    here = registry(lab)
    row = repositories.find(here, "halfway")
    for each in lab.database.all("SELECT id FROM uploads WHERE repository_id = ?", (row["id"],)):
        uploads.cancel(here, row, each["id"])
    say("cancelled")


def grow_old(lab: Lab, say: Say) -> None:
    if lab.database.one("SELECT 1 FROM uploads"):
        lab.clock.advance(25 * 3600)
    sweep(lab)
    say("cancelled")


def put_image(lab: Lab, say: Say) -> None:
    here = registry(lab)
    images.put(here, repositories.find(here, "web"), NEXT.manifest, media_type=OCI_MANIFEST, tag="1")
    say(f"tag web 1 {NEXT.digest}")


def create(lab: Lab, say: Say) -> None:
    here = registry(lab)
    if not here.database.one("SELECT 1 FROM repositories WHERE name = 'made'"):
        repositories.create(here, "made")
    say("made")


WORKS: dict[str, Callable[[Lab, Say], None]] = {
    "upload": lambda lab, say: push_blob(lab, "web", LAYER, say),
    "resumed upload": lambda lab, say: push_blob(lab, "halfway", LAYER, say),
    "upload of what is there": lambda lab, say: push_blob(lab, "web", ALIKE.layers[0], say),
    "mount": mount,
    "moved tag": put_image,
    "image deletion": delete_image,
    "repository creation": create,
    "repository deletion": delete_repository,
    "cancelled upload": cancel,
    "sweep": grow_old,
}


def prepare(state: Path) -> None:
    """A folder with two repositories full and one in the middle of an upload."""
    lab = opened(state)
    for name, specimen in (("web", OLD), ("source", ALIKE), ("halfway", OLD)):
        repositories.create(registry(lab), name)
        push(lab, name, specimen, "1")
    push(lab, "web", OLD, "also")
    row = repositories.find(registry(lab), "halfway")
    uploads.append(registry(lab), row, uploads.initiate(registry(lab), row), 0, io.BytesIO(LAYER[:9]))
    lab.database.close()


def ends_before(line: int, state: Path, work: Callable[[Lab, Say], None]) -> tuple[bool, list[str]]:
    """Does a work in a process that ends before the ``line``-th line it runs; whether it came to its end, and what it acknowledged.

    A line that is run again counts again only after something more was acknowledged.
    """
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        met: set[tuple] = set()
        steps = 0

        def tracer(frame, event, argument):
            if not frame.f_code.co_filename.startswith(PACKAGE):
                return None
            if event == "line":
                met.add((frame.f_code.co_filename, frame.f_lineno, steps))
                if len(met) == line:
                    os._exit(9)
            return tracer

        def say(step: str) -> None:
            nonlocal steps
            steps += 1
            os.write(writer, f"{step}\n".encode())

        status = 1
        try:
            lab = opened(state)
            sys.settrace(tracer)
            work(lab, say)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as file:
        said = file.read().splitlines()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9), f"the work failed by itself, {said}"
    return status == 0, said


def kept(lab: Lab, step: str) -> bool:
    """Whether what a process acknowledged is so."""
    what, *words = step.split()
    here = registry(lab)

    def row(name):
        return repositories.find(here, name)

    if what == "upload":  # it stands there, or further where the process ended before it said so
        upload = lab.database.one("SELECT received FROM uploads WHERE id = ?", (words[1],))
        return upload["received"] >= int(words[3]) if upload else kept(lab, f"layer {words[0]} {words[2]}")
    if what == "layer":
        return layers.find(here, row(words[0]), words[1]) is not None
    if what == "tag":
        found = images.by_tag(here, row(words[0]), words[1])
        return found is not None and found["digest"] == words[2]
    if what == "untagged":
        return images.by_tag(here, row(words[0]), words[1]) is None
    if what == "made":
        return row("made") is not None
    if what == "no":
        return lab.database.one("SELECT 1 FROM repositories WHERE name = ?", (words[0],)) is None
    assert what == "cancelled"
    return lab.database.one("SELECT 1 FROM uploads") is None


def main() -> None:
    work = WORKS[sys.argv[1]]
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        base, state = Path(folder) / "base", Path(folder) / "state"
        base.mkdir()
        prepare(base)
        line, complete = 0, False
        while not complete:
            line += 1
            shutil.copytree(base, state)
            complete, said = ends_before(line, state, work)
            lab = opened(state)
            problems = audit.faults(state) + [f"acknowledged and not so: {step}" for step in said if not kept(lab, step)]
            work(lab, lambda step: None)
            sweep(lab)
            problems += [f"after the same work again: {each}" for each in audit.faults(state)]
            lab.database.close()
            if problems:
                sys.exit(f"ended before line {line} of '{sys.argv[1]}', having acknowledged {said}:\n" + "\n".join(problems))
            shutil.rmtree(state)
    print(f"{sys.argv[1]}: ended before each of {line - 1} lines, and whole every time")


if __name__ == "__main__":
    main()
