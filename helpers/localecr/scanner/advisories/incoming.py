"""Where an update's documents come from: a ZIP file, a folder, or a ZIP file on the network, read one document at a time and within bounds."""

from __future__ import annotations

import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from localecr.scanner import osv

LARGEST_DOWNLOAD = 4 << 30  # bytes
LARGEST_WHOLE = 16 << 30  # bytes of JSON in all
MOST_DOCUMENTS = 2_000_000
PATIENCE = 60  # seconds for the next bytes of a download

Given = Iterator[tuple[str, bytes]]  # a document's name and its text; of one that is too large so much that this is seen


class NotLoaded(Exception):
    """Nothing could be loaded, and nothing was changed; the message says why."""


@contextmanager
def documents(source: str | Path) -> Iterator[Given]:
    """The documents of a ZIP file, a folder or a URL. Raises NotLoaded, also while they are read."""
    if str(source).startswith(("https://", "http://")):
        with _downloaded(str(source)) as file, _unzipped(file, str(source)) as given:
            yield _bounded(given)
    elif Path(source).is_dir():
        yield _bounded(_folder(Path(source)))
    else:
        try:
            file = open(source, "rb")
        except OSError as error:
            raise NotLoaded(f"{source} can't be read: {error.strerror}. Give a ZIP file, a folder, or a URL.") from error
        with file, _unzipped(file, str(source)) as given:
            yield _bounded(given)


def _bounded(given: Given) -> Given:
    whole = 0
    for count, (name, text) in enumerate(given, 1):
        whole += len(text)
        if count > MOST_DOCUMENTS or whole > LARGEST_WHOLE:
            raise NotLoaded(f"That is too much: more than {MOST_DOCUMENTS:,} documents, or than {LARGEST_WHOLE >> 30} GiB of them.")
        yield name, text


def _folder(folder: Path) -> Given:
    for path in sorted(folder.rglob("*.json")):
        if path.is_file():
            try:
                with path.open("rb") as file:
                    yield str(path.relative_to(folder)), _read(file)
            except OSError as error:
                raise NotLoaded(f"{path} can't be read: {error.strerror}.") from error


@contextmanager
def _unzipped(file: BinaryIO, name: str) -> Iterator[Given]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield _entries(archive)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise NotLoaded(f"{name} is no ZIP file that can be read to its end ({error}).") from error


def _entries(archive: zipfile.ZipFile) -> Given:
    for entry in archive.infolist():
        if entry.filename.endswith(".json"):
            with archive.open(entry) as file:
                yield entry.filename, _read(file)


def _read(file: BinaryIO) -> bytes:
    return file.read(osv.LARGEST + 1)


@contextmanager
def _downloaded(url: str) -> Iterator[BinaryIO]:
    import requests

    with tempfile.TemporaryFile() as file:
        try:
            with requests.get(url, stream=True, timeout=PATIENCE) as answer:
                answer.raise_for_status()
                for part in answer.iter_content(1 << 20):
                    if file.tell() + len(part) > LARGEST_DOWNLOAD:
                        raise NotLoaded(f"{url} is larger than {LARGEST_DOWNLOAD >> 30} GiB.")
                    file.write(part)
        except requests.RequestException as error:
            raise NotLoaded(f"{url} can't be downloaded ({error}). Without a network, give a ZIP file or a folder.") from error
        except OSError as error:
            raise NotLoaded(f"What {url} sends can't be kept until it is read: {error.strerror}.") from error
        file.seek(0)
        yield file
