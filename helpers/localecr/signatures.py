"""Signature Version 4, really verified: the request is signed again with botocore's own signer, and the results compared.

AWS: "Signature Version 4 for API requests" and its troubleshooting page, whose sentences these are.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from calendar import timegm
from dataclasses import dataclass
from functools import lru_cache

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localecr import identities, sessions
from localecr.errors import AwsError
from localecr.http import Request
from localecr.registry import Lab

LEEWAY = 300  # seconds between the client's clock and ours, as on AWS; the wall clock, not the lab's
ALGORITHM = "AWS4-HMAC-SHA256"
STAMP = re.compile(r"\d{8}T\d{6}Z")
AMAZONS = "HTTP_X_AMZ_"  # what AWS's own headers begin with in WSGI's environment


@dataclass(frozen=True)
class Claim:
    """Who says to have signed a request, as far as its head tells: the key, the Region and the service it was signed for, the header's fields."""

    key: identities.AccessKey
    region: str
    service: str
    fields: dict[str, str]


def claim(lab: Lab, request: Request, service: str) -> Claim:
    """Reads a signature before the body is read, which strangers can't make the lab do. Raises AWS's error for every way to get it wrong."""
    header = request.header("Authorization")
    if not header and "X-Amz-Signature" in request.query:
        raise _incomplete("The signature is in the query, as of a presigned URL. Amazon ECR takes it in the Authorization header.")
    if not header:
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token")
    fields = _fields(header)
    access_key_id, *scope = fields["Credential"].split("/")
    if len(scope) != 4 or scope[3] != "aws4_request":
        raise _incomplete(f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{fields['Credential']}'")
    date, region, scoped_service, _ = scope
    session = request.header("X-Amz-Security-Token")
    key = sessions.find_key(lab, access_key_id, session) if session else identities.find_key(lab.database, access_key_id)
    if key is None:
        raise AwsError("UnrecognizedClientException", "The security token included in the request is invalid.")
    if scoped_service != service:
        raise AwsError("InvalidSignatureException", f"Credential should be scoped to correct service: '{service}'. ")
    _check_time(request.header("X-Amz-Date"), date)
    _check_signed(request, fields["SignedHeaders"].split(";"))
    return Claim(key, region, service, fields)


def verify(claimed: Claim, request: Request, body: bytes) -> None:
    """Returns if the key did sign this request with this body. Raises InvalidSignatureException."""
    if not _is_signed_by(claimed.key, request, body, claimed.fields, claimed.region, claimed.service):
        raise AwsError(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. "
            "Consult the service documentation for details.",
        )


def _fields(header: str) -> dict[str, str]:
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    for name in ("Credential", "Signature", "SignedHeaders"):
        if not fields.get(name):
            raise _incomplete(f"Authorization header requires '{name}' parameter.")
    if "host" not in fields["SignedHeaders"].split(";"):
        raise AwsError("InvalidSignatureException", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    return fields


def _check_signed(request: Request, signed: list[str]) -> None:
    """Every header of AWS's own must be signed, or a signature could be taken to another operation. The body's digest is compared anyway."""
    for key in request.environ:
        if not key.startswith(AMAZONS):
            continue
        name = key.removeprefix("HTTP_").replace("_", "-").lower()
        if name not in (*signed, "x-amz-content-sha256"):
            raise AwsError("InvalidSignatureException", f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")


def _incomplete(what: str) -> AwsError:
    return AwsError("IncompleteSignatureException", what)


def _check_time(stamp: str, date: str) -> None:
    if not STAMP.fullmatch(stamp):
        raise _incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if stamp[:8] != date:
        raise AwsError("InvalidSignatureException", f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != '{stamp[:8]}', from '{stamp}'.")
    try:
        signed = _seconds(stamp)
    except ValueError as error:
        raise _incomplete(f"Date must be in ISO-8601 'basic format'. Got '{stamp}'.") from error
    now = time.time()
    if signed < now - LEEWAY:
        raise AwsError("InvalidSignatureException", f"Signature expired: {stamp} is now earlier than {_stamp(now - LEEWAY)} ({_stamp(now)} - 5 min.)")
    if signed > now + LEEWAY:
        raise AwsError("InvalidSignatureException", f"Signature not yet current: {stamp} is still later than {_stamp(now + LEEWAY)} ({_stamp(now)} + 5 min.)")


@lru_cache(maxsize=64)  # of one second there are many requests
def _seconds(stamp: str) -> int:
    return timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))


def _stamp(seconds: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


def _is_signed_by(key: identities.AccessKey, request: Request, body: bytes, fields: dict[str, str], region: str, service: str) -> bool:
    announced = request.header("X-Amz-Content-SHA256")
    if announced and announced != hashlib.sha256(body).hexdigest():
        return False
    names = fields["SignedHeaders"].split(";")
    url = f"http://{request.host}{request.environ.get('REQUEST_URI') or request.path}"
    again = AWSRequest(method=request.method, url=url, data=body, headers={name: request.header(name) for name in names})
    again.context["timestamp"] = request.header("X-Amz-Date")
    signer = _Signer(Credentials(key.id, key.secret), service, region)
    expected = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
    return hmac.compare_digest(expected.encode(), fields["Signature"].encode())


class _Signer(SigV4Auth):
    """Signs exactly the headers that the client says it signed, those included that botocore itself leaves out."""

    def headers_to_sign(self, request):
        return request.headers
