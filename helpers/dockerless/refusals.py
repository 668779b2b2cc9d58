"""What registries and networks say when they refuse, in the words that Docker Engine makes of it.

Sources: OCI distribution spec, "Error codes"; Docker Engine 20.10, against which these words were compared one by one.
"""

from __future__ import annotations

import errno
import http.client
import json
import socket
import ssl
from http import HTTPStatus
from urllib.parse import urlsplit

import requests
import urllib3

from dockerless.errors import EngineError, NoCredentials, RegistryError, TokenRefused, not_found
from dockerless.reference import Reference

KNOWN = (  # Docker writes these in small letters with blanks; any other is "unknown"
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DENIED",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
    "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN",
    "MANIFEST_UNVERIFIED",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "SIZE_INVALID",
    "TAG_INVALID",
    "TOOMANYREQUESTS",
    "UNAUTHORIZED",
    "UNAVAILABLE",
    "UNSUPPORTED",
)
NETWORK = {
    errno.ECONNREFUSED: "connect: connection refused",
    errno.EHOSTUNREACH: "connect: no route to host",
    errno.ENETUNREACH: "connect: network is unreachable",
}


def phrase(status: int) -> str:
    """``404 Not Found``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def refusal(response: requests.Response) -> RegistryError:
    """The error that a registry's answer carries."""
    status, text = response.status_code, response.text
    if not 400 <= status < 500:
        return RegistryError(f"received unexpected HTTP status: {phrase(status)}")
    try:
        errors = json.loads(text).get("errors")
        first = errors[0]
        code, message = str(first.get("code", "")), str(first.get("message") or "")
    except (ValueError, AttributeError, TypeError, IndexError, KeyError):
        if status == 401:
            return RegistryError("unauthorized: authentication required", "UNAUTHORIZED")
        return RegistryError(f"error parsing HTTP {status} response body: {_parse_problem(text)}: {json.dumps(text)}")
    words = code.lower().replace("_", " ") if code in KNOWN else "unknown"
    return RegistryError(f"{words}: {message or words}", code)


def _parse_problem(text: str) -> str:
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return f"invalid character {text.lstrip()[0]!r} looking for beginning of value" if text.strip() else "unexpected end of JSON input"
    rest = text[end:].strip()
    return f"invalid character {rest[0]!r} after top-level value" if rest else "no error details found in HTTP response body"


PULL = {  # code → what Docker says before the registry's own words when a pull fails
    "DENIED": "pull access denied for {name}, repository does not exist or may require 'docker login'",
    "MANIFEST_UNKNOWN": "manifest for {reference} not found",
    "NAME_UNKNOWN": "repository {name} not found",
}


def for_pull(error: EngineError, reference: Reference) -> EngineError:
    """A registry's error as ``docker pull`` gives it: 404 for what is missing or denied."""
    before = PULL.get(error.code) if isinstance(error, RegistryError) else None
    return not_found(f"{before.format(name=reference.name, reference=reference)}: {error.message}") if before else error


def for_push(error: EngineError) -> str:
    """A registry's error as ``docker push`` gives it: without the request that brought it."""
    if isinstance(error, NoCredentials):
        return error.reason
    return error.cause.message if isinstance(error, TokenRefused) else error.message


def network(error: Exception, host: str) -> str:
    """What went wrong on the way to ``host``, as Go's network library would say it."""
    cause = _root(error)
    if isinstance(cause, socket.gaierror):
        return f"dial tcp: lookup {host.partition(':')[0]}: no such host"
    if isinstance(error, requests.Timeout) or isinstance(cause, TimeoutError):
        return "net/http: request canceled (Client.Timeout exceeded while awaiting headers)"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"x509: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"tls: {cause.reason or cause}"
    if isinstance(cause, OSError) and cause.errno in NETWORK:
        return f"dial tcp {_address(host)}: {NETWORK[cause.errno]}"
    if isinstance(cause, (urllib3.exceptions.ProtocolError, http.client.HTTPException, ConnectionError)):
        return "EOF"  # the other side hung up
    return str(cause)


def _address(host: str) -> str:
    """``localhost:4510`` as the number that was dialled."""
    parts = urlsplit(f"//{host}")
    try:
        return f"{socket.gethostbyname(parts.hostname or host)}:{parts.port or 443}"
    except OSError:
        return host


def _root(error: BaseException) -> BaseException:
    """The first error of a chain: ``requests`` wraps ``urllib3``, which wraps the socket's."""
    inner = getattr(error, "reason", None)
    inner = inner if isinstance(inner, BaseException) else next((each for each in error.args if isinstance(each, BaseException)), None)
    inner = inner or error.__cause__ or error.__context__
    return _root(inner) if inner is not None and inner is not error else error
