"""Who calls? The first stop: a signature, a registry token, or nobody."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache

from localecr import identities, signatures, tokens
from localecr.errors import AwsError
from localecr.http import Request
from localecr.identities import ANONYMOUS, Principal
from localecr.registry import Lab

USER = "AWS"  # the only user name a registry knows


@dataclass(frozen=True)
class Caller:
    """A principal, and the Region its credentials speak for (None: any)."""

    principal: Principal
    region: str | None = None


def signed(request: Request, body: bytes, claimed: signatures.Claim) -> Caller:
    """The caller of an AWS API: whoever signed the request."""
    signatures.verify(claimed, request, body)
    return Caller(claimed.key.principal, claimed.region)


def docker(lab: Lab, request: Request) -> Caller | None:
    """The caller of a registry; None where no credentials came, or none that a registry accepts (401 on both).

    Private registries take Basic ``AWS:<token>``, the public one Bearer. Raises AccessDenied with Docker's sentence
    for an expired token.
    """
    scheme, _, value = request.header("Authorization").partition(" ")
    if request.is_public:
        password = value.strip() if scheme.lower() == "bearer" else None
    else:
        password = basic_password(value) if scheme.lower() == "basic" else None
    return _holder(lab, password, "ecr-public" if request.is_public else "ecr")


def basic(lab: Lab, request: Request) -> Caller | None:
    """Whoever asks the public registry for a bearer token: a principal with a token, or nobody at all.

    None for credentials that are wrong.
    """
    header = request.header("Authorization")
    if not header:
        return Caller(ANONYMOUS)
    scheme, _, value = header.partition(" ")
    return _holder(lab, basic_password(value) if scheme.lower() == "basic" else None, "ecr-public")


@lru_cache(maxsize=64)  # a push shows the same credentials with each of its requests
def basic_password(value: str) -> str | None:
    """The password of Basic credentials for the user AWS."""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None
    return password if user == USER else None


def _holder(lab: Lab, password: str | None, service: str) -> Caller | None:
    token = _token(lab, password) if password else None
    if token is None or token.service != service or not identities.is_there(lab.database, token.principal):
        return None
    if tokens.has_expired(lab, token):
        raise AwsError("ExpiredToken", "Your authorization token has expired. Reauthenticate and try again.", 403)
    return Caller(token.principal, token.region if service == "ecr" else None)


def _token(lab: Lab, password: str) -> tokens.Token | None:
    """A public token is also accepted as it comes from the API, base64 of ``AWS:<token>`` (AWS: public registry authentication)."""
    return tokens.unseal(lab, password) or tokens.unseal(lab, basic_password(password) or "")
