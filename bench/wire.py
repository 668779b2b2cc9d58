"""Requests as bytes: signed beforehand, sent over one connection that is kept open, so that the client costs little and both get the same."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.rounds import timed

TARGETS = {"ecr": "AmazonEC2ContainerRegistry_V20150921", "cloudtrail": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Refused(Exception):
    """A server answered with something else than success: nothing may be counted."""


class Connection:
    """One connection to a server, kept open for as long as the server keeps it, opened again where it doesn't."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        self._http = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=120)

    def send(self, request: Request, *wanted: int) -> Answer:
        """The answer. Raises Refused for a status that isn't one of ``wanted`` (200 if none is named)."""
        self._http.request(request.method, request.path, request.body or None, request.headers)
        response = self._http.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        if answer.status not in (wanted or (200,)):
            raise Refused(f"{request.method} {request.path} was answered {answer.status}: {answer.body[:300]!r}")
        return answer

    def close(self) -> None:
        self._http.close()


def signed(key: tuple[str, str], region: str, operation: str, parameters: dict[str, Any], service: str = "ecr") -> Request:
    """A call of Amazon ECR (or of another ``service``) as boto3 would send it, good for five minutes. It names a host without a port, so that it fits every server."""
    request = AWSRequest("POST", "http://localhost/", data=json.dumps(parameters).encode())
    request.headers["Content-Type"] = "application/x-amz-json-1.1"
    request.headers["X-Amz-Target"] = f"{TARGETS[service]}.{operation}"
    SigV4Auth(Credentials(*key), service, region).add_auth(request)
    return Request("POST", "/", {"Host": "localhost"} | dict(request.headers.items()), request.data)


def seconds_each(url: str, requests: Sequence[Request], clients: int = 1) -> float:
    """Seconds that a call takes, the time of all divided by their number, as ``clients`` at once share them."""
    connections = [Connection(url) for _ in range(clients)]
    shares = [requests[number::clients] for number in range(clients)]

    def work(connection: Connection, share: Iterable[Request]) -> None:
        for request in share:
            connection.send(request)

    with ThreadPoolExecutor(clients) as pool:
        seconds = timed(lambda: list(pool.map(work, connections, shares)))
    for connection in connections:
        connection.close()
    return seconds / len(requests)


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def push_blob(connection: Connection, prefix: str, headers: dict[str, str], blob: bytes) -> None:
    """As clients do: is it there? then POST and PUT. ``prefix`` is ``/v2/`` and the repository."""
    name = digest(blob)
    connection.send(Request("HEAD", f"{prefix}/blobs/{name}", headers), 200, 404)
    where = urlsplit(connection.send(Request("POST", f"{prefix}/blobs/uploads/", headers), 202).headers["Location"])
    query = f"{where.query}&digest={name}" if where.query else f"digest={name}"
    connection.send(Request("PUT", f"{where.path}?{query}", headers | {"Content-Type": "application/octet-stream"}, blob), 201)


def push_manifest(connection: Connection, prefix: str, headers: dict[str, str], tag: str, manifest: bytes, media_type: str) -> None:
    connection.send(Request("PUT", f"{prefix}/manifests/{tag}", headers | {"Content-Type": media_type}, manifest), 201)
