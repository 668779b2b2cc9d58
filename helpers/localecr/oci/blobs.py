"""Blobs over HTTP: layers and configs, sent and fetched. OCI distribution spec 1.1, pushing and pulling blobs."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from localecr.errors import AwsError
from localecr.http import FileSlice, Response
from localecr.oci import errors
from localecr.oci.exchange import Exchange, checked_digest
from localecr.registry import account_settings, layers, uploads

CONTENT_RANGE = re.compile(r"(?:bytes[ =])?(\d{1,18})-(\d{1,18})(?:/(?:\d{1,18}|\*))?")
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def head(exchange: Exchange, reference: str) -> Response:
    """Is the layer here? BatchCheckLayerAvailability, which is served also where it isn't."""
    digest = checked_digest(reference)

    def look(repository: sqlite3.Row) -> sqlite3.Row | AwsError:
        # the error is never raised: it would keep the frames that it passed, one of which keeps it, until the garbage collector comes
        return layers.find(exchange.registry, repository, digest) or _absent(exchange, repository, digest)

    held = exchange.do("BatchCheckLayerAvailability", {"layerDigests": [digest]}, look)
    if isinstance(held, AwsError):
        return errors.answer(held)
    return Response(200, b"", _headers(digest) | {"Content-Length": str(held["size"])})


def get(exchange: Exchange, reference: str) -> Response:
    """The layer's bytes, all or a range. GetDownloadUrlForLayer, followed: where ECR redirects to S3, the lab sends them itself."""
    digest = checked_digest(reference)
    held = exchange.do("GetDownloadUrlForLayer", {"layerDigest": digest}, lambda repository: _held(exchange, repository, digest))
    size, headers = held["size"], _headers(digest)
    try:
        wanted = _wanted(exchange.request.header("Range"), size)
    except AwsError as error:
        return errors.answer(error, **{"Content-Range": f"bytes */{size}"})
    start, end = wanted or (0, size)
    headers["Content-Length"] = str(end - start)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    try:
        file = exchange.registry.lab.blobs.open(digest)
    except FileNotFoundError as error:  # swept since it was found
        raise lost(digest) from error
    return Response(206 if wanted else 200, FileSlice(file, start, end), headers)


def _headers(digest: str) -> dict[str, str]:
    return {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest, "Accept-Ranges": "bytes"}


def _held(exchange: Exchange, repository: sqlite3.Row, digest: str) -> sqlite3.Row:
    held = layers.find(exchange.registry, repository, digest)
    if held is None:
        raise _absent(exchange, repository, digest)
    return held


def _absent(exchange: Exchange, repository: sqlite3.Row, digest: str) -> AwsError:
    if layers.is_lost(exchange.registry, repository, digest):
        return lost(digest)
    return AwsError(
        "LayerNotFound",
        f"The layer with digest {digest} does not exist within the repository with name '{repository['name']}' "
        f"in the registry with id '{exchange.registry.account}'",
    )


def lost(digest: str) -> AwsError:
    """For a layer that the lab's folder lost: as unknown as one that never came, so that clients send it again. The sentence is ours."""
    return AwsError("LayerNotFound", f"The bytes of layer {digest} are missing or damaged in the lab's folder. Push the image again to bring them back.")


def _wanted(header: str, size: int) -> tuple[int, int] | None:
    """The bytes of a Range header as (start, end); None without one, or with one that isn't a single range of bytes (RFC 9110)."""
    found = RANGE.fullmatch(header.replace(" ", ""))
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise AwsError("InvalidRange", f"The blob has {size} bytes; the range asked for holds none of them.")
    return start, end


def begin_upload(exchange: Exchange) -> Response:
    """Opens an upload; with ``mount`` takes a blob over from another repository, with ``digest`` takes it whole at once."""
    query, mounted = exchange.request.query, None
    if "mount" in query and "from" in query:
        mounted = checked_digest(query["mount"])
    parameters: dict[str, Any] = {}

    def begin(repository: sqlite3.Row) -> str | None:
        """The upload's id, or None where nothing needs to be uploaded."""
        if mounted is None or not _mount(exchange, repository, mounted):
            return uploads.initiate(exchange.registry, repository)
        parameters.update(layerDigest=mounted, sourceRepositoryName=_source(exchange))
        return None

    def told(upload_id: str | None) -> dict[str, Any]:
        return exchange.named | {"layerDigest": mounted} if upload_id is None else {"uploadId": upload_id, "partSize": uploads.PART_SIZE}

    upload_id = exchange.do("InitiateLayerUpload", parameters, begin, told=told)
    if upload_id is None:
        return _created(exchange, str(mounted))
    if "digest" not in query:
        return _progress(exchange, upload_id, 0, 202)
    try:
        return end_upload(exchange, upload_id)
    except BaseException:
        uploads.forget(exchange.registry, upload_id)  # nobody was told its address
        raise


def _mount(exchange: Exchange, repository: sqlite3.Row, digest: str) -> bool:
    """Whether the blob was taken over. Where it can't be, the client goes on with an upload, whatever the reason (AWS: blob mounting)."""
    source, registry = _source(exchange), exchange.registry
    if not registry.is_public and account_settings.get(registry, "BLOB_MOUNTING") == "DISABLED":
        return False
    return exchange.may("GetDownloadUrlForLayer", source) and layers.mount(registry, repository, digest, source)


def _source(exchange: Exchange) -> str:
    """The repository that a blob is to be mounted from."""
    return exchange.request.query["from"].removeprefix(f"{exchange.registry.host}/")


def upload_status(exchange: Exchange, reference: str) -> Response:
    """How far an upload has come, for a client that lost its place."""
    upload = exchange.do("UploadLayerPart", {"uploadId": reference}, lambda repository: uploads.find(exchange.registry, repository, reference))
    return _progress(exchange, reference, upload["received"], 204)


def upload_chunk(exchange: Exchange, reference: str) -> Response:
    """The next bytes of an upload."""
    try:
        with exchange.registry.lab.blobs.exclusively(reference) as free:
            received = _receive(exchange, reference, free)
    except AwsError as error:
        return _refused_chunk(exchange, reference, error)
    return _progress(exchange, reference, received, 202)


def end_upload(exchange: Exchange, reference: str) -> Response:
    """The last bytes, if any, and the digest that proves the whole."""
    digest = checked_digest(exchange.request.query.get("digest", ""))
    try:
        with exchange.registry.lab.blobs.exclusively(reference) as free:
            if exchange.request.length != 0:
                _receive(exchange, reference, free)
            exchange.do(
                "CompleteLayerUpload",
                {"uploadId": reference, "layerDigests": [digest]},
                lambda repository, proof: uploads.finish(exchange.registry, repository, reference, proof),
                before=lambda repository: uploads.prove(exchange.registry, repository, reference, free, [digest]),
                told=lambda _: exchange.named | {"uploadId": reference, "layerDigest": digest},
            )
    except AwsError as error:
        return _refused_chunk(exchange, reference, error)
    return _created(exchange, digest)


def _receive(exchange: Exchange, upload_id: str, free: bool) -> int:
    request = exchange.request
    parameters: dict[str, Any] = {"uploadId": upload_id}

    def receive(repository: sqlite3.Row) -> int:
        first, length = _announced(request.header("Content-Range"), request.length)
        stood, received = uploads.receive(exchange.registry, repository, upload_id, free, request.stream, first, length)
        parameters.update(partFirstByte=stood, partLastByte=received - 1)
        return received

    def acknowledge(repository: sqlite3.Row, received: int) -> int:
        return uploads.acknowledge(exchange.registry, repository, upload_id, received)

    return exchange.do("UploadLayerPart", parameters, acknowledge, before=receive, told=lambda received: _part(exchange, upload_id, received))


def _part(exchange: Exchange, upload_id: str, received: int) -> dict[str, Any]:
    """UploadLayerPart's answer."""
    return exchange.named | {"uploadId": upload_id, "lastByteReceived": received - 1}


def _announced(content_range: str, length: int | None) -> tuple[int | None, int | None]:
    """Where a chunk begins and how many bytes it has, from its Content-Range; without one it begins where the upload stands (None)."""
    if not content_range:
        return None, length
    found = CONTENT_RANGE.fullmatch(content_range.strip())
    if not found:
        raise AwsError("InvalidLayerPartException", "A chunk's Content-Range is <first byte>-<last byte>.")
    first, last = int(found[1]), int(found[2])
    if length is not None and last - first + 1 != length:
        raise AwsError("IncompleteBody", f"Content-Range names {last - first + 1} bytes, Content-Length {length}.")
    return first, last - first + 1


def _refused_chunk(exchange: Exchange, upload_id: str, error: AwsError) -> Response:
    """An error, which says for a chunk out of order where the upload stands."""
    if error.code != "InvalidLayerPartException" or "lastValidByteReceived" not in error.members:
        raise error
    link, last = exchange.link(f"blobs/uploads/{upload_id}"), max(0, error.members["lastValidByteReceived"])
    return errors.answer(error, Location=link, Range=f"0-{last}")


def cancel_upload(exchange: Exchange, reference: str) -> Response:
    """Gives an upload up."""
    exchange.do("UploadLayerPart", {"uploadId": reference}, lambda repository: uploads.cancel(exchange.registry, repository, reference))
    return Response(204)


def _progress(exchange: Exchange, upload_id: str, received: int, status: int) -> Response:
    link = exchange.link(f"blobs/uploads/{upload_id}")
    return Response(status, b"", {"Location": link, "Range": f"0-{max(0, received - 1)}"})


def _created(exchange: Exchange, digest: str) -> Response:
    return Response(201, b"", {"Location": exchange.link(f"blobs/{digest}"), "Docker-Content-Digest": digest})
