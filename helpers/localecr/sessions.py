"""Sessions: what AssumeRole and GetSessionToken hand out.

A session is sealed, not stored, as registry tokens are: its token names the principal and when it ends, under a signature with the lab's
secret, and its key follows from the token. It runs on the lab's clock, and ends with its role or user.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

from localecr import identities
from localecr.errors import AwsError
from localecr.identities import TEMPORARY, AccessKey, Principal
from localecr.registry import Lab

LONGEST_TOKEN = 8192  # characters, which a header holds with room to spare


@dataclass(frozen=True)
class Session:
    """Credentials as STS gives them."""

    key: AccessKey
    token: str
    expires: float  # seconds since 1970, the lab's clock


def begin(lab: Lab, principal: Principal, duration: int) -> Session:
    """A session of ``duration`` seconds. Raises PackedPolicyTooLarge for more session policies and tags than a token holds."""
    expires = lab.clock.now() + duration
    payload = zlib.compress(json.dumps([asdict(replace(principal, access_key_id=None)), expires]).encode())
    token = base64.b64encode(_signature(lab.secret, payload) + payload).decode()
    if len(token) > LONGEST_TOKEN:
        raise AwsError("PackedPolicyTooLarge", f"Packed policy consumes {100 * len(token) // LONGEST_TOKEN}% of allotted space, please use smaller policy.")
    return Session(_key(lab, token, principal), token, expires)


def find_key(lab: Lab, access_key_id: str, token: str) -> AccessKey | None:
    """The key of a session; None where the token is none of this lab's, or not this key's, or the role is gone.

    Raises ExpiredTokenException for a session that has ended.
    """
    found = _unsealed(lab.secret, token)
    if found is None:
        return None
    principal, expires = found
    key = _key(lab, token, principal)
    if not hmac.compare_digest(key.id.encode(), access_key_id.encode()) or not identities.is_there(lab.database, key.principal):
        return None
    if lab.clock.now() >= expires:
        raise AwsError("ExpiredTokenException", "The security token included in the request is expired")
    return key


@lru_cache(maxsize=64)
def _unsealed(secret: bytes, token: str) -> tuple[Principal, float] | None:
    try:
        sealed = base64.b64decode(token.encode(), validate=True)
    except ValueError:
        return None
    signature, payload = sealed[:32], sealed[32:]
    if not hmac.compare_digest(_signature(secret, payload), signature):
        return None
    principal, expires = json.loads(zlib.decompress(payload))
    return Principal.read(principal), expires


def _key(lab: Lab, token: str, principal: Principal) -> AccessKey:
    digest = hmac.new(lab.secret, b"session key " + token.encode(), hashlib.sha512).digest()
    access_key_id = TEMPORARY + base64.b32encode(digest[:10]).decode()
    return AccessKey(access_key_id, base64.b64encode(digest[10:40]).decode(), replace(principal, access_key_id=access_key_id))


def _signature(secret: bytes, payload: bytes) -> bytes:
    return hmac.new(secret, b"session " + payload, hashlib.sha256).digest()
