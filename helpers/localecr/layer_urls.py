"""The download URLs that GetDownloadUrlForLayer gives, as S3's pre-signed ones: whoever holds one may read one layer for an hour."""

from __future__ import annotations

from localecr.http import FileSlice, Request, Response
from localecr.registry import Lab, layers

DENIED = b"<Error><Code>AccessDenied</Code><Message>Request has expired, or its signature is wrong.</Message></Error>"


def answer(lab: Lab, request: Request) -> Response:
    """The layer's bytes, or S3's 403."""
    digest = request.path.removeprefix("/_layers/")
    admitted = layers.ticket_admits(lab, digest, request.query.get("expires", ""), request.query.get("signature", ""))
    if request.method not in ("GET", "HEAD") or not admitted:
        return Response(403, DENIED, {"Content-Type": "application/xml"})
    held = lab.database.one("SELECT size FROM layers WHERE digest = ? LIMIT 1", (digest,))
    try:
        size, file = held["size"] if held else -1, lab.blobs.open(digest)
    except FileNotFoundError:
        size = -1
    if not lab.blobs.holds(digest, size):
        return Response(404, b"<Error><Code>NoSuchKey</Code></Error>", {"Content-Type": "application/xml"})
    return Response(200, FileSlice(file, 0, size), {"Content-Type": "application/octet-stream", "Content-Length": str(size)})
