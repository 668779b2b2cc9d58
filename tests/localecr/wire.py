"""The distribution protocol spoken raw with requests, so that tests see every byte."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import requests

from specimens import Specimen, digest


def basic(password: str, user: str = "AWS") -> str:
    """The Authorization header that Docker makes of a user name and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bearer(public_url: str, **headers: str) -> str:
    """The Authorization header for the public registry, fetched as Docker does: for anybody, or for whoever `Authorization` names."""
    answer = requests.get(f"{public_url}/token/", params={"service": "public.ecr.aws", "scope": "aws"}, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return f"Bearer {answer.json()['token']}"


def error_of(response: requests.Response) -> tuple[int, str, str]:
    """Status, code and sentence of an answer that must be one error and nothing more."""
    document = response.json()
    (error,) = document["errors"]
    assert document.keys() == {"errors"}
    assert error.keys() == {"code", "message"}
    return response.status_code, error["code"], error["message"]


@dataclass
class Repository:
    """One repository at one address, seen by one holder of a token (or, with no `authorization`, by anybody)."""

    base: str  # "http://localhost:4510"
    path: str  # "111122223333.dkr.ecr.us-east-1.amazonaws.com/web"
    authorization: str | None = None
    session: requests.Session = field(default_factory=requests.Session)

    def __call__(self, method: str, rest: str, **more: Any) -> requests.Response:
        """A request below the repository (`manifests/1.0`), or to a whole address (what a Location said)."""
        url = rest if rest.startswith("http://") else f"{self.base}/v2/{self.path}/{rest}"
        headers = ({"Authorization": self.authorization} if self.authorization else {}) | more.pop("headers", {})
        return self.session.request(method, url, headers=headers, timeout=60, **more)

    def begin(self) -> str:
        """Opens an upload and returns its address."""
        answer = self("POST", "blobs/uploads/")
        assert answer.status_code == 202, answer.text
        return answer.headers["Location"]

    def push_blob(self, data: bytes) -> str:
        """Uploads a blob in one request and returns its digest."""
        answer = self("POST", "blobs/uploads/", params={"digest": digest(data)}, data=data)
        assert answer.status_code == 201, answer.text
        return digest(data)

    def holds(self, content: bytes) -> bool:
        """Whether the blob is there, byte for byte, with HEAD and GET of one mind about it."""
        head, got = self("HEAD", f"blobs/{digest(content)}"), self("GET", f"blobs/{digest(content)}")
        assert head.status_code == got.status_code
        if got.status_code == 404:
            return False
        assert head.content == b""
        assert int(head.headers["Content-Length"]) == len(content)
        assert head.headers["Docker-Content-Digest"] == got.headers["Docker-Content-Digest"] == digest(content)
        return got.content == content

    def put_manifest(self, reference: str, specimen: Specimen) -> requests.Response:
        return self("PUT", f"manifests/{reference}", data=specimen.manifest, headers={"Content-Type": specimen.media_type})

    def push(self, specimen: Specimen, tag: str | None = None) -> Specimen:
        """Pushes an image with all that it needs, as Docker does, under a tag or its digest."""
        for child in specimen.children:
            self.push(child)
        for blob in specimen.blobs:
            self.push_blob(blob)
        answer = self.put_manifest(tag or specimen.digest, specimen)
        assert answer.status_code == 201, answer.text
        return specimen

    def pull(self, reference: str) -> bytes:
        """The manifest of a tag or a digest."""
        answer = self("GET", f"manifests/{reference}")
        assert answer.status_code == 200, answer.text
        return answer.content
