"""What must be true of a lab's folder whenever no request is running: read from the folder itself, file by file and row by row."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path


def faults(state: Path) -> list[str]:
    """Sentences about whatever isn't as it must be: half-made things, lost bytes, garbage. An empty list is a sound folder."""
    with closing(sqlite3.connect(state / "lab.sqlite")) as database:
        database.row_factory = sqlite3.Row
        return [*_database(database), *_images(database), *_layers(database, state), *_uploads(database, state)]


def _database(database: sqlite3.Connection) -> Iterator[str]:
    for (said,) in database.execute("PRAGMA integrity_check"):
        if said != "ok":
            yield f"the database is damaged: {said}"
    for row in database.execute("PRAGMA foreign_key_check"):
        yield f"a row of {row[0]} names nothing in {row[2]}"


def _images(database: sqlite3.Connection) -> Iterator[str]:
    held = {(row["repository_id"], row["digest"]) for row in database.execute("SELECT * FROM layers")}
    images = {(row["repository_id"], row["digest"]): row for row in database.execute("SELECT * FROM images")}
    ids = {row["id"]: repository for (repository, _), row in images.items()}
    for (repository, digest), row in images.items():
        algorithm, _, value = digest.partition(":")
        if hashlib.new(algorithm, row["manifest"]).hexdigest() != value:
            yield f"image {digest} has another manifest"
        document = json.loads(row["manifest"])
        for needed in filter(None, [document.get("config"), *document.get("layers", [])]):
            if (repository, needed["digest"]) not in held:
                yield f"image {digest} lacks layer {needed['digest']}"
        for child in document.get("manifests", []):
            if (repository, child["digest"]) not in images:
                yield f"index {digest} lacks image {child['digest']}"
    for row in database.execute("SELECT * FROM tags"):
        if ids.get(row["image_id"]) != row["repository_id"]:
            yield f"tag {row['name']} names no image of its repository"


def _layers(database: sqlite3.Connection, state: Path) -> Iterator[str]:
    named = {row["digest"]: row["size"] for row in database.execute("SELECT digest, size FROM layers")}
    files = {f"{file.parent.parent.name}:{file.name}": file for file in (state / "blobs").rglob("*") if file.is_file()}
    for digest, size in named.items():
        if digest not in files:
            yield f"layer {digest} has no file"
        elif files[digest].stat().st_size != size:
            yield f"layer {digest} has {files[digest].stat().st_size} of {size} bytes"
        elif _digest(files[digest], digest.partition(":")[0]) != digest:
            yield f"layer {digest} has other bytes"
    yield from (f"no repository holds {digest}, which takes room in blobs/" for digest in files.keys() - named.keys())


def _uploads(database: sqlite3.Connection, state: Path) -> Iterator[str]:
    rows = {row["id"]: row["received"] for row in database.execute("SELECT * FROM uploads")}
    files = {file.name: file.stat().st_size for file in (state / "uploads").iterdir()}
    for upload, received in rows.items():
        if files.get(upload, 0) < received:
            yield f"upload {upload} has {files.get(upload, 0)} of {received} bytes"
    yield from (f"no upload has the file {name} in uploads/" for name in files.keys() - rows.keys())


def _digest(file: Path, algorithm: str) -> str:
    with file.open("rb") as content:
        return f"{algorithm}:{hashlib.file_digest(content, algorithm).hexdigest()}"
