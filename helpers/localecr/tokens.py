"""Registry tokens: what GetAuthorizationToken hands out and Docker logs in with.

A token is sealed, not stored: it names the principal that fetched it, the Region and the hour it ends, under a
signature with the lab's secret. It lasts 12 hours of the lab's clock (AWS: private registry authentication).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from functools import lru_cache

from localecr.identities import Principal
from localecr.registry import Lab

LIFE = 12 * 3600  # seconds of lab time


@dataclass(frozen=True)
class Token:
    principal: Principal
    service: str  # "ecr" or "ecr-public"
    region: str
    expires: float

    def seal(self, lab: Lab) -> str:
        """The token as an opaque password."""
        payload = json.dumps([asdict(self.principal), self.service, self.region, self.expires]).encode()
        return base64.urlsafe_b64encode(_signature(lab.secret, payload) + payload).decode()


def issue(lab: Lab, principal: Principal, service: str, region: str) -> Token:
    """A new token for a principal, good for 12 hours."""
    return Token(principal, service, region, lab.clock.now() + LIFE)


def unseal(lab: Lab, text: str) -> Token | None:
    """The token behind a password, expired or not; None for anything that this lab didn't seal."""
    return _unsealed(lab.secret, text)


@lru_cache(maxsize=64)  # a push shows the same token with each of its requests
def _unsealed(secret: bytes, text: str) -> Token | None:
    try:
        sealed = base64.urlsafe_b64decode(text.encode())
    except ValueError:
        return None
    if base64.urlsafe_b64encode(sealed).decode() != text:  # base64 has several spellings of the same bytes; a token has one
        return None
    signature, payload = sealed[:32], sealed[32:]
    if not hmac.compare_digest(_signature(secret, payload), signature):
        return None
    holder, service, region, expires = json.loads(payload)
    return Token(Principal.read(holder), service, region, expires)


def has_expired(lab: Lab, token: Token) -> bool:
    return lab.clock.now() >= token.expires


def _signature(secret: bytes, payload: bytes) -> bytes:
    return hmac.new(secret, b"registry token " + payload, hashlib.sha256).digest()
