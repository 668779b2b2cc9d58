"""ECR's errors as the distribution protocol words them: an HTTP status, a code, and the same sentence.

Docker prints the code in lower case, then the sentence: ``name unknown: The repository with name …``.
"""

from __future__ import annotations

from localecr.errors import AwsError
from localecr.http import Response

HEADERS = {"Docker-Distribution-Api-Version": "registry/2.0"}

CODES: dict[str, tuple[int, str]] = {
    "AccessDeniedException": (403, "DENIED"),
    "ExpiredToken": (403, "DENIED"),
    "InvalidToken": (400, "DENIED"),
    "RepositoryNotFoundException": (404, "NAME_UNKNOWN"),
    "NameInvalid": (400, "NAME_INVALID"),
    "PageNotFound": (404, "NOT_FOUND"),
    "ImageNotFoundException": (404, "MANIFEST_UNKNOWN"),
    "ImageTagAlreadyExistsException": (400, "TAG_INVALID"),
    "ImageDigestDoesNotMatchException": (400, "MANIFEST_INVALID"),
    "ManifestTooLarge": (413, "MANIFEST_INVALID"),
    "ImageReferencedByManifestList": (405, "UNSUPPORTED"),
    "LayersNotFoundException": (400, "BLOB_UPLOAD_UNKNOWN"),
    "ReferencedImagesNotFoundException": (400, "MANIFEST_BLOB_UNKNOWN"),
    "LayerNotFound": (404, "BLOB_UNKNOWN"),
    "InvalidDigest": (400, "DIGEST_INVALID"),
    "InvalidLayerException": (400, "BLOB_UPLOAD_INVALID"),
    "InvalidLayerPartException": (416, "BLOB_UPLOAD_INVALID"),
    "IncompleteBody": (400, "SIZE_INVALID"),
    "InvalidRange": (416, "UNSUPPORTED"),
    "LimitExceededException": (413, "SIZE_INVALID"),
    "LayerPartTooSmallException": (400, "BLOB_UPLOAD_INVALID"),
    "UploadNotFoundException": (404, "BLOB_UPLOAD_UNKNOWN"),
    "InvalidParameterException": (405, "UNSUPPORTED"),
    "UnsupportedOperation": (405, "UNSUPPORTED"),
    "NotImplemented": (501, "UNSUPPORTED"),
}


def answer(error: AwsError, **headers: str) -> Response:
    """An error as ``{"errors": [{code, message}]}``; one that isn't in the table is our mistake and raises KeyError."""
    status, code = CODES[error.code]
    document = {"errors": [{"code": code, "message": error.message}]}
    return Response.of_json(document, status, **(HEADERS | headers))
