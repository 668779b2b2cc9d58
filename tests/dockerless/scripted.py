"""A registry that says what a test wants to hear, and remembers what it was asked."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BASIC = 'Basic realm="http://localhost/",service="ecr.amazonaws.com"'


@dataclass
class Refusal:
    """An answer to every request for a repository (or, with `only`, to those whose method and path match it)."""

    status: int
    body: str
    only: str = ".*"

    @classmethod
    def of(cls, status: int, code: str, message: str, only: str = ".*") -> Refusal:
        return cls(status, json.dumps({"errors": [{"code": code, "message": message}]}), only)


@dataclass
class Script:
    """`challenge` is what /v2/ asks for: "", "basic" or "bearer"; `password` the right one; `login_status` what a log-in gets."""

    challenge: str = ""
    password: str = "pw"
    login_status: int = 200
    refusal: Refusal | None = None
    asked: list[str] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)


class ScriptedRegistry:
    def __init__(self) -> None:
        self.script = Script()
        registry = self

        class Handler(_Handler):
            @property
            def script(self) -> Script:
                return registry.script

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.host = f"localhost:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def log_message(self, *_: object) -> None:
        pass

    def handle_request(self) -> None:
        body = self._body()
        url = urlsplit(self.path)
        self.script.asked.append(f"{self.command} {url.path}")
        given = self.headers.get("Authorization", "")
        if url.path == "/token/":
            return self._token(given, parse_qs(url.query).get("scope", []))
        if not self._may(given):
            return self._answer(401, b"Not Authorized", {"Www-Authenticate": self._challenge()})
        if url.path == "/v2/":
            return self._answer(self.script.login_status if given else 200, b"{}")
        refusal = self.script.refusal
        if refusal and re.search(refusal.only, f"{self.command} {url.path}"):
            return self._answer(refusal.status, refusal.body.encode(), {"Content-Type": "application/json"})
        self._registry(url.path, parse_qs(url.query), body)

    def _registry(self, path: str, query: dict[str, list[str]], body: bytes) -> None:
        found = re.fullmatch(r"/v2/(.+)/(blobs/uploads|blobs|manifests)/(.*)", path)
        assert found, path
        repository, kind, name = found.groups()
        if kind == "blobs/uploads":
            location = {"Location": f"/v2/{repository}/blobs/uploads/1?state=a"}  # relative, and with a query already
            if self.command == "POST":
                return self._answer(202, b"", location)
            if self.command == "PATCH":
                self.script.blobs["upload"] = body
                return self._answer(202, b"", location | {"Range": f"0-{max(0, len(body) - 1)}"})
            digest = query["digest"][0]
            self.script.blobs[digest] = self.script.blobs.pop("upload") + body
            return self._answer(201, b"", {"Docker-Content-Digest": digest})
        if kind == "blobs":
            data = self.script.blobs.get(name)
            return self._answer(404, b"") if data is None else self._answer(200, data)
        if self.command == "PUT":
            digest = "sha256:" + hashlib.sha256(body).hexdigest()
            for key in (name, digest):
                self.script.manifests[key] = (self.headers["Content-Type"], body)
            return self._answer(201, b"", {"Docker-Content-Digest": digest})
        if name not in self.script.manifests:
            return self._answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"Requested image not found"}]}')
        media_type, data = self.script.manifests[name]
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self._answer(200, data, {"Content-Type": media_type, "Docker-Content-Digest": digest})

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = handle_request

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _may(self, given: str) -> bool:
        return {"": True, "basic": given.startswith("Basic "), "bearer": given in {f"Bearer {token}" for token in self.script.tokens}}[
            self.script.challenge
        ]

    def _challenge(self) -> str:
        if self.script.challenge == "basic":
            return BASIC
        return f'Bearer realm="http://localhost:{self.server.server_address[1]}/token/",service="public.ecr.aws"'

    def _token(self, given: str, scopes: list[str]) -> None:
        import base64

        if given and base64.b64decode(given.removeprefix("Basic ")) != f"AWS:{self.script.password}".encode():
            return self._answer(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}')
        token = f"token{len(self.script.tokens)}"
        self.script.tokens[token] = " ".join(scopes)
        self._answer(200, json.dumps({"token": token}).encode())

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
