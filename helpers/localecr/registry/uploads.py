"""Uploads: a layer on its way in, part by part, until its digest proves it whole."""

from __future__ import annotations

import logging
import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from localecr.errors import AwsError
from localecr.registry import Registry, layers, repositories
from localecr.store.blobs import DIGEST

PART_SIZE = 10_485_760  # bytes, what InitiateLayerUpload proposes
LARGEST_LAYER = 52_000 << 20  # bytes (AWS: Amazon ECR service quotas, layer size)
SMALLEST_PART = 5 * 1024 * 1024  # every part but the last, on the JSON door only
MOST_PARTS = {"private": 4200, "public": 1000}  # of one layer, on the JSON door only (AWS: service quotas)
LIFE = 24 * 3600  # seconds of lab time that an upload may wait for its end; AWS publishes none
log = logging.getLogger("localecr")


def initiate(registry: Registry, repository: sqlite3.Row) -> str:
    """Opens an upload and returns its id, a UUID."""
    upload_id = str(uuid.uuid4())
    with registry.database.write() as transaction:
        repositories.refuse_gone(registry, repository)
        transaction.execute(
            "INSERT INTO uploads (id, repository_id, started_at) VALUES (?, ?, ?)", (upload_id, repository["id"], registry.lab.clock.now())
        )
    return upload_id


def find(registry: Registry, repository: sqlite3.Row, upload_id: str) -> sqlite3.Row:
    """An open upload of this repository, as far as its bytes are there. Raises UploadNotFoundException, also for one that has expired."""
    row = _row(registry, repository, upload_id)
    if row is not None and row["received"] and registry.lab.blobs.arrived(upload_id) < row["received"]:
        _count_again(registry, row)
        row = _row(registry, repository, upload_id)
    if row is None or row["started_at"] <= registry.lab.clock.now() - LIFE:
        raise AwsError(
            "UploadNotFoundException",
            f"The upload with id '{upload_id}' in the repository with name '{repository['name']}' in the registry with id '{registry.account}' does not exist",
        )
    return row


def _row(registry: Registry, repository: sqlite3.Row, upload_id: str) -> sqlite3.Row | None:
    return registry.database.one("SELECT * FROM uploads WHERE id = ? AND repository_id = ?", (upload_id, repository["id"]))


def _count_again(registry: Registry, upload: sqlite3.Row) -> None:
    """What the disk lost of an upload must come again: nothing may ever stand in its place."""
    arrived = registry.lab.blobs.arrived(upload["id"])
    with registry.database.write() as transaction:
        changed = transaction.execute(
            "UPDATE uploads SET received = ?, last_part = 0 WHERE id = ? AND received = ?", (arrived, upload["id"], upload["received"])
        )
    if changed.rowcount:
        log.warning("Upload %s has lost bytes: %d of %d are there. It goes on from these.", upload["id"], arrived, upload["received"])


def append_part(registry: Registry, repository: sqlite3.Row, upload_id: str, first: int, last: int, part: BinaryIO) -> int:
    """UploadLayerPart: bytes ``first`` to ``last`` of an upload; returns the last byte received so far.

    Raises InvalidLayerPartException where the part is empty or not as long as it says, or doesn't go on where the last one ended;
    LimitExceededException for a part too many.
    """
    upload = find(registry, repository, upload_id)
    if first != upload["received"] or last < first or last - first + 1 != part.seek(0, 2):
        raise _invalid_part(registry, repository, upload)
    if upload["parts"] >= MOST_PARTS[registry.kind]:
        raise AwsError("LimitExceededException", f"A layer has at most {MOST_PARTS[registry.kind]} parts. Send fewer and larger ones.")
    part.seek(0)
    too_small = bool(upload["small_part"] or 0 < upload["last_part"] < SMALLEST_PART)
    return append(registry, repository, upload_id, first, part, part_size=last - first + 1, small_part=too_small) - 1


def append(
    registry: Registry, repository: sqlite3.Row, upload_id: str, first: int, stream: BinaryIO, *, part_size: int = 0, small_part: bool = False
) -> int:
    """``receive`` and ``acknowledge`` in one; returns how many bytes the upload has now."""
    with registry.lab.blobs.exclusively(upload_id) as free:
        _, received = receive(registry, repository, upload_id, free, stream, first)
        return acknowledge(registry, repository, upload_id, received, part_size=part_size, small_part=small_part)


def receive(
    registry: Registry, repository: sqlite3.Row, upload_id: str, free: bool, stream: BinaryIO, first: int | None = None, length: int | None = None
) -> tuple[int, int]:
    """Takes a stream (of ``length`` bytes, or to its end) at offset ``first``, or where the upload stands; returns how many bytes were there
    before, and how many are there now.

    They count once they are acknowledged: a stream that breaks off leaves the upload as it was. ``free`` is what
    ``Blobs.exclusively`` yielded. Raises InvalidLayerPartException where ``first`` isn't where the upload stands,
    LimitExceededException for more than LARGEST_LAYER bytes.
    """
    upload = find(registry, repository, upload_id)
    if not free or first not in (None, upload["received"]):
        raise _invalid_part(registry, repository, upload)
    stands_at = upload["received"]
    room = LARGEST_LAYER - stands_at
    if length is not None and length > room:
        raise _too_large()
    written = registry.lab.blobs.append(upload_id, stands_at, stream, room + 1 if length is None else length)
    if written > room:
        raise _too_large()
    if length is not None and written < length:
        raise AwsError("InvalidLayerPartException", f"The part ended after {written} of {length} bytes. Send it again.")
    return stands_at, stands_at + written


def acknowledge(
    registry: Registry, repository: sqlite3.Row, upload_id: str, received: int, *, part_size: int = 0, small_part: bool = False
) -> int:
    """Counts the bytes that were received, and returns their number. Raises UploadNotFoundException where the upload went as they came."""
    with registry.database.write() as transaction:
        changed = transaction.execute(
            "UPDATE uploads SET received = ?, last_part = ?, small_part = ?, parts = parts + ? WHERE id = ? AND started_at > ?",
            (received, part_size, small_part, part_size > 0, upload_id, registry.lab.clock.now() - LIFE),
        )
    if changed.rowcount == 0:  # with its repository, perhaps, which then is what is missing
        repositories.refuse_gone(registry, repository)
        find(registry, repository, upload_id)
    return received


def complete(registry: Registry, repository: sqlite3.Row, upload_id: str, digests: Sequence[str]) -> str:
    """``prove`` and ``finish`` in one; returns the digest that fits."""
    with registry.lab.blobs.exclusively(upload_id) as free:
        proof = prove(registry, repository, upload_id, free, digests)
        finish(registry, repository, upload_id, proof)
    return proof.digest


@dataclass(frozen=True)
class Proof:
    """An upload's content has this digest and size (bytes)."""

    digest: str
    size: int


def prove(registry: Registry, repository: sqlite3.Row, upload_id: str, free: bool, digests: Sequence[str]) -> Proof:
    """Which of ``digests`` an upload's content has. Raises InvalidLayerException where none fits, LayerPartTooSmallException for parts
    sent too small."""
    upload = find(registry, repository, upload_id)
    if not free:
        raise _invalid_part(registry, repository, upload)
    if upload["small_part"]:
        raise AwsError("LayerPartTooSmallException", "Layer parts must be at least 5 MiB in size.")
    size = upload["received"]
    for digest in dict.fromkeys(digests):
        if DIGEST.fullmatch(digest) and registry.lab.blobs.proves(upload_id, size, digest):
            return Proof(digest, size)
    raise AwsError("InvalidLayerException", "None of the provided layer digests match the calculated layer digest")


def finish(registry: Registry, repository: sqlite3.Row, upload_id: str, proof: Proof) -> None:
    """Makes a proven upload a layer of its repository."""
    with registry.database.write() as transaction:
        if transaction.execute("DELETE FROM uploads WHERE id = ?", (upload_id,)).rowcount == 0:
            repositories.refuse_gone(registry, repository)
            find(registry, repository, upload_id)
        registry.lab.blobs.place(upload_id, proof.digest)
        layers.keep(registry, repository, proof.digest, proof.size)
        registry.database.afterwards(lambda: registry.lab.blobs.discard(upload_id))


def cancel(registry: Registry, repository: sqlite3.Row, upload_id: str) -> None:
    """Gives an upload up."""
    with registry.lab.blobs.exclusively(upload_id) as free:
        upload = find(registry, repository, upload_id)
        if not free:
            raise _invalid_part(registry, repository, upload)
        forget(registry, upload_id)


def forget(registry: Registry, upload_id: str) -> None:
    """Drops an upload and its bytes, if it is there."""
    with registry.database.write() as transaction:
        transaction.execute("DELETE FROM uploads WHERE id = ?", (upload_id,))
        registry.database.afterwards(lambda: registry.lab.blobs.discard(upload_id))


def refuse_empty(registry: Registry, repository: sqlite3.Row, upload_id: str) -> None:
    """Raises EmptyUploadException for an upload without any part."""
    if find(registry, repository, upload_id)["received"] == 0:
        raise AwsError(
            "EmptyUploadException",
            f"The upload with id '{upload_id}' in the repository with name '{repository['name']}' in registry with id '{registry.account}' "
            "cannot be completed because it does not have any parts.",
        )


def refuse_present(registry: Registry, repository: sqlite3.Row, digests: Sequence[str]) -> None:
    """Raises LayerAlreadyExistsException where the repository holds one of the layers already."""
    if any(layers.find(registry, repository, digest) for digest in digests):
        raise AwsError("LayerAlreadyExistsException", "The image layer already exists in the associated repository.")


def _too_large() -> AwsError:
    """The code is the model's; AWS publishes no text for a layer over the quota."""
    return AwsError("LimitExceededException", f"The layer is larger than {LARGEST_LAYER >> 20:,} MiB, the maximum size of a layer.")


def _invalid_part(registry: Registry, repository: sqlite3.Row, upload: sqlite3.Row) -> AwsError:
    return AwsError(
        "InvalidLayerPartException",
        "The layer part size is not valid, or the first byte specified is not consecutive to the last byte of a previous layer part upload.",
        registryId=registry.account,
        repositoryName=repository["name"],
        uploadId=upload["id"],
        lastValidByteReceived=upload["received"] - 1,
    )
