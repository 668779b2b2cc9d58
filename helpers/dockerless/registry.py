"""A client of registries, as Docker is one: what it asks, in which order, and with which credentials.

Sources: OCI distribution spec 1.1, "Pull" and "Push"; the distribution project's "Token Authentication Specification".
"""

from __future__ import annotations

import base64
import ipaddress
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, BinaryIO, cast
from urllib.parse import urlencode, urljoin, urlsplit

import requests
import urllib3

from dockerless.blobs import CHUNK, Writer, digest_of
from dockerless.errors import EngineError, NoCredentials, RegistryError, TokenRefused
from dockerless.reference import HUB
from dockerless.refusals import network, phrase, refusal

HUB_REGISTRY = "registry-1.docker.io"
HUB_SERVER = "https://index.docker.io/v1/"  # how Docker's clients spell the Hub in credentials
PATIENCE = (10, 300)  # seconds to connect, and between two bytes
INDEX_TYPES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
IMAGE_TYPES = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
ACCEPT = ", ".join(IMAGE_TYPES + INDEX_TYPES)
LARGEST_MANIFEST = 4 << 20  # bytes
TOKEN_LIFE = 60  # seconds, where a token doesn't say how long it lasts

Moved = Callable[[int], None]  # called with every number of bytes that went over the wire


@dataclass(frozen=True)
class Credentials:
    username: str
    password: str

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def credentials(auth: Mapping[str, str] | None) -> Credentials | None:
    """From the ``username`` and ``password`` of a Docker auth configuration; None where there are none."""
    return Credentials(str(auth["username"]), str(auth.get("password") or "")) if auth and auth.get("username") else None


@dataclass(frozen=True)
class Manifest:
    data: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return digest_of(self.data)


def hostname(address: str) -> str:
    """The registry in an address as clients give it: ``https://localhost:4510/v2/`` is ``localhost:4510``."""
    host = re.sub(r"^https?://", "", address or HUB_SERVER).partition("/")[0]
    return HUB if host in ("index.docker.io", HUB_REGISTRY) else host


def is_loopback(host: str) -> bool:
    """Whether ``host[:port]`` is this computer by its very name."""
    name = re.sub(r":[0-9]+$", "", host.lower()).strip("[]")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


class Registry:
    """A conversation with one registry. Use it in a ``with``; its methods raise EngineError."""

    def __init__(self, host: str, login: Credentials | None = None) -> None:
        self.host = HUB_REGISTRY if host == HUB else host
        local = is_loopback(self.host)
        self.url = f"{'http' if local else 'https'}://{self.host}"
        self._login = login
        self._session = requests.Session()
        self._session.trust_env = not local  # a proxy of the environment can't reach this computer's registries
        self._session.headers.update({"User-Agent": "dockerless", "Accept-Encoding": "identity"})
        self._tokens: dict[str, tuple[str, float]] = {}
        self._challenge: tuple[str, dict[str, str]] | None = None
        self._connected = False

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def connect(self) -> None:
        """Docker reads the challenge of /v2/ once; where it says Basic and there are no credentials, nothing more is sent."""
        if self._connected:
            return
        response = self._send("GET", f"{self.url}/v2/", {})
        self._connected = True
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            self._challenge = _challenge(response.headers.get("WWW-Authenticate", ""))

    def check_login(self) -> None:
        """Raises EngineError unless the registry takes the credentials."""
        response = self._request("GET", f"{self.url}/v2/", "")
        if response.status_code != HTTPStatus.OK:
            raise EngineError(f"login attempt to {self.url}/v2/ failed with status: {phrase(response.status_code)}")

    def manifest_digest(self, repository: str, tag: str) -> str:
        """What a tag names. Raises RegistryError with the registry's reason where it names nothing."""
        url = f"{self.url}/v2/{repository}/manifests/{tag}"
        head = self._request("HEAD", url, _pull(repository), {"Accept": ACCEPT})
        digest = head.headers.get("Docker-Content-Digest", "")
        if head.ok and digest:
            return digest
        return self.manifest(repository, tag).digest  # the answer to HEAD has no body that could say why not

    def manifest(self, repository: str, tag_or_digest: str) -> Manifest:
        url = f"{self.url}/v2/{repository}/manifests/{tag_or_digest}"
        with self._request("GET", url, _pull(repository), {"Accept": ACCEPT}, stream=True) as response:
            data = self._whole(self._good(response), url)
        manifest = Manifest(data, response.headers.get("Content-Type", "").partition(";")[0])
        if ":" in tag_or_digest and manifest.digest != tag_or_digest:
            raise EngineError(f"manifest verification failed for digest {tag_or_digest}")
        return manifest

    def _whole(self, response: requests.Response, url: str) -> bytes:
        """A manifest's bytes, of which no registry takes more than 4 MiB."""
        try:
            data = cast(bytes, response.raw.read(LARGEST_MANIFEST + 1, decode_content=True))
        except urllib3.exceptions.HTTPError as error:
            raise EngineError(f'Get "{url}": {network(error, self.host)}') from error
        if len(data) > LARGEST_MANIFEST:
            raise EngineError(f"the manifest at {url} is larger than {LARGEST_MANIFEST} bytes")
        return data

    def put_manifest(self, repository: str, tag_or_digest: str, manifest: Manifest) -> None:
        url = f"{self.url}/v2/{repository}/manifests/{tag_or_digest}"
        self._good(self._request("PUT", url, _push(repository), {"Content-Type": manifest.media_type}, manifest.data))

    def tags(self, repository: str) -> list[str]:
        """Every tag of a repository, page by page."""
        tags: list[str] = []
        url = f"{self.url}/v2/{repository}/tags/list"
        while url:
            response = self._good(self._request("GET", url, _pull(repository)))
            tags += response.json().get("tags") or []
            url = urljoin(url, response.links["next"]["url"]) if "next" in response.links else ""
        return tags

    def has_blob(self, repository: str, digest: str) -> bool:
        return self._request("HEAD", f"{self.url}/v2/{repository}/blobs/{digest}", _push(repository)).ok

    def begin_upload(self, repository: str, digest: str, other: str = "") -> str | None:
        """Where to send a blob; None if the registry has taken it from the ``other`` repository instead."""
        query = "?" + urlencode({"mount": digest, "from": other}) if other else ""
        scope = _push(repository) + (f" {_pull(other)}" if other else "")
        response = self._good(self._request("POST", f"{self.url}/v2/{repository}/blobs/uploads/{query}", scope))
        return None if response.status_code == HTTPStatus.CREATED else urljoin(response.url, response.headers["Location"])

    def upload(self, repository: str, location: str, digest: str, blob: BinaryIO, size: int, moved: Moved) -> None:
        """Sends a blob to where ``begin_upload`` said, in one stream."""
        sent = self._request("PATCH", location, _push(repository), {"Content-Type": "application/octet-stream"}, _Outgoing(blob, size, moved))
        location = urljoin(location, self._good(sent).headers["Location"])
        finish = f"{location}{'&' if urlsplit(location).query else '?'}{urlencode({'digest': digest})}"
        self._good(self._request("PUT", finish, _push(repository), {"Content-Length": "0"}))

    def download(self, repository: str, digest: str, size: int, writer: Writer, moved: Moved) -> None:
        """Writes a blob of ``size`` bytes, and checks that it is the one that was asked for."""
        url = f"{self.url}/v2/{repository}/blobs/{digest}"
        response = self._good(self._request("GET", url, _pull(repository), stream=True))
        try:
            with response:
                while data := response.raw.read(CHUNK, decode_content=False):
                    writer.write(data)
                    moved(len(data))
                    if writer.size > size:
                        raise EngineError(f"the registry sends more for {digest} than the {size} bytes that the manifest names")
        except urllib3.exceptions.HTTPError as error:
            raise EngineError(f'Get "{url}": {network(error, self.host)}') from error
        if writer.digest != digest:
            raise EngineError(f"filesystem layer verification failed for digest {digest}")

    def _request(
        self, method: str, url: str, scope: str, headers: Mapping[str, str] | None = None, data: Any = None, stream: bool = False
    ) -> requests.Response:
        sent = dict(headers or {})
        if urlsplit(url)[:2] == urlsplit(self.url)[:2]:  # storage elsewhere, to which a registry sends us, gets no credentials
            self.connect()
            sent |= self._authorization(f'{method.title()} "{url}"', scope)
        return self._send(method, url, sent, data, stream)

    def _send(self, method: str, url: str, headers: Mapping[str, str], data: Any = None, stream: bool = False) -> requests.Response:
        try:
            return self._session.request(method, url, headers=headers, data=data, auth=_as_it_is, stream=stream, timeout=PATIENCE)
        except requests.RequestException as error:
            raise EngineError(f'{method.title()} "{url}": {network(error, urlsplit(url).netloc)}') from error

    def _authorization(self, request: str, scope: str) -> dict[str, str]:
        if self._challenge is None:
            return {}
        scheme, parameters = self._challenge
        if scheme == "basic":
            if self._login is None:
                raise NoCredentials(request)
            return {"Authorization": self._login.basic}
        token, expires = self._tokens.get(scope, ("", 0.0))
        if time.monotonic() > expires:
            token, life = self._fetch_token(request, parameters, scope)
            self._tokens[scope] = token, time.monotonic() + life * 0.8
        return {"Authorization": f"Bearer {token}"}

    def _fetch_token(self, request: str, parameters: Mapping[str, str], scope: str) -> tuple[str, float]:
        query = [(name, parameters[name]) for name in ("service",) if name in parameters] + [("scope", each) for each in scope.split()]
        realm = parameters.get("realm", "")
        url = f"{realm}{'&' if urlsplit(realm).query else '?'}{urlencode(query)}"
        response = self._send("GET", url, {"Authorization": self._login.basic} if self._login else {})
        if not response.ok:
            raise TokenRefused(request, refusal(response))
        document = response.json()
        token = document.get("token") or document.get("access_token")
        if not token:
            raise TokenRefused(request, RegistryError("authorization server did not include a token in the response"))
        return token, float(document.get("expires_in") or TOKEN_LIFE)

    def _good(self, response: requests.Response) -> requests.Response:
        if not response.ok:
            raise refusal(response)
        return response


class _Outgoing:
    """A blob as ``requests`` likes it: with a length, and read piece by piece."""

    def __init__(self, blob: BinaryIO, size: int, moved: Moved) -> None:
        self._blob = blob
        self._size = size
        self._moved = moved

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        data = self._blob.read(CHUNK if size < 0 else size)
        if data:
            self._moved(len(data))
        return data

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(CHUNK), b"")


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps ``requests`` from looking for passwords in ~/.netrc."""
    return request


def _challenge(header: str) -> tuple[str, dict[str, str]] | None:
    """The scheme (``bearer`` before ``basic``) and the parameters of a WWW-Authenticate header."""
    found: dict[str, dict[str, str]] = {}
    for scheme, parameters in re.findall(r'(basic|bearer)\s+((?:\w+="[^"]*"\s*,?\s*)*)', header, re.IGNORECASE):
        found[scheme.lower()] = {name.lower(): value for name, value in re.findall(r'(\w+)="([^"]*)"', parameters)}
    return next(((scheme, found[scheme]) for scheme in ("bearer", "basic") if scheme in found), None)


def _pull(repository: str) -> str:
    return f"repository:{repository}:pull"


def _push(repository: str) -> str:
    return f"repository:{repository}:pull,push"
