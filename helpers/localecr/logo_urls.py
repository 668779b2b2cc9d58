"""The pictures that public repositories' ``logoUrl`` names, for anybody to see, as the gallery shows them."""

from __future__ import annotations

from localecr.http import Request, Response
from localecr.registry import Lab, catalog

SIGNS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}  # what a file of the type begins with
HARMLESS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}  # whatever somebody called a logo


def answer(lab: Lab, request: Request) -> Response:
    """The picture, or 404."""
    image = catalog.logo(lab, request.path.removeprefix(catalog.LOGOS)) if request.method in ("GET", "HEAD") else None
    if image is None:
        return Response(404, b"No repository has this logo.\n", {"Content-Type": "text/plain"})
    kind = next((kind for sign, kind in SIGNS.items() if image.startswith(sign)), "application/octet-stream")
    return Response(200, image, HARMLESS | {"Content-Type": kind})
