"""The distribution protocol, read as the ECR operations it stands for. OCI distribution spec 1.1.

Each route is decided, done and recorded as an operation of ECR (``PUT …/manifests/…`` is PutImage) and runs the same
function of the registry. On the wire the specification wins; in meaning ECR does.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from localecr import callers, tokens
from localecr.errors import AwsError
from localecr.http import Request, Response
from localecr.oci import blobs, errors, manifests
from localecr.oci.exchange import Exchange, Perform
from localecr.oci.names import registry_of
from localecr.registry import Lab

NAME = r"/v2/(?P<name>.+)"
REFERENCE = r"(?P<reference>[^/]+)"
ROUTES: tuple[tuple[str, re.Pattern[str], Callable[..., Response]], ...] = tuple(
    (method, re.compile(pattern), handler)
    for method, pattern, handler in (
        ("GET", f"{NAME}/manifests/{REFERENCE}", manifests.get),
        ("PUT", f"{NAME}/manifests/{REFERENCE}", manifests.put),
        ("DELETE", f"{NAME}/manifests/{REFERENCE}", manifests.delete),
        ("GET", f"{NAME}/tags/list", manifests.list_tags),
        ("GET", f"{NAME}/referrers/{REFERENCE}", manifests.list_referrers),
        ("POST", f"{NAME}/blobs/uploads/?", blobs.begin_upload),
        ("GET", f"{NAME}/blobs/uploads/{REFERENCE}", blobs.upload_status),
        ("PATCH", f"{NAME}/blobs/uploads/{REFERENCE}", blobs.upload_chunk),
        ("PUT", f"{NAME}/blobs/uploads/{REFERENCE}", blobs.end_upload),
        ("DELETE", f"{NAME}/blobs/uploads/{REFERENCE}", blobs.cancel_upload),
        ("HEAD", f"{NAME}/blobs/{REFERENCE}", blobs.head),
        ("GET", f"{NAME}/blobs/{REFERENCE}", blobs.get),
    )
)


def answer(lab: Lab, request: Request, perform: Perform) -> Response:
    """One request of Docker, podman, skopeo or any other client of the protocol."""
    try:
        caller = callers.docker(lab, request)
        if caller is None:
            return _challenge(request)
        if request.path in ("/v2", "/v2/") and request.method in ("GET", "HEAD"):
            return Response(200, b"{}", errors.HEADERS | {"Content-Type": "application/json"})
        handler, matched = _route(request)
        path = matched.pop("name")
        registry, repository = registry_of(lab, request, path)
        _check_region(caller, registry.region)
        response = handler(Exchange(request, caller.principal, registry, repository, path, perform), **matched)
    except AwsError as error:
        return errors.answer(error)
    response.headers = errors.HEADERS | response.headers
    return response


def _route(request: Request) -> tuple[Callable[..., Response], dict[str, str]]:
    """The handler of a request. What has no HEAD of its own answers as GET does, and ``Response.send`` leaves the body out."""
    methods = (request.method, "GET") if request.method == "HEAD" else (request.method,)
    for method, pattern, handler in ROUTES:
        if method in methods and (matched := pattern.fullmatch(request.path)):
            return handler, matched.groupdict()
    raise AwsError("UnsupportedOperation", "The operation is unsupported.")


def _check_region(caller: callers.Caller, region: str) -> None:
    """A token opens registries of the Region it was issued for. AWS answers 400 too; the sentence is ours."""
    if caller.region is not None and caller.region != region:
        raise AwsError(
            "InvalidToken",
            f"Your authorization token is not valid here: it was issued for {caller.region}, this registry is in {region}. Fetch a token of this Region.",
        )


def _challenge(request: Request) -> Response:
    """401, and where to get in: private registries ask for Basic credentials, the public one sends clients to fetch a token."""
    if request.is_public:
        challenge = f'Bearer realm="{request.base_url}/token/",service="public.ecr.aws",scope="aws"'
    else:
        challenge = f'Basic realm="{request.base_url}/",service="ecr.amazonaws.com"'
    headers = errors.HEADERS | {"Content-Type": "text/plain; charset=utf-8", "Www-Authenticate": challenge}
    return Response(401, b"Not Authorized\n", headers)


def public_token(lab: Lab, request: Request) -> Response:
    """The public registry's token endpoint: a bearer token for whoever logged in, or for anybody, to read with."""
    try:
        caller = callers.basic(lab, request)
    except AwsError as error:
        return errors.answer(error)
    if caller is None:
        return Response(401, b"Not Authorized\n", {"Content-Type": "text/plain; charset=utf-8"})
    issued = tokens.issue(lab, caller.principal, "ecr-public", "us-east-1")
    return Response.of_json({"token": issued.seal(lab), "expires_in": tokens.LIFE})
