"""What is fuzzed: each parser as a function of bytes that raises where hostile input gets further than a clear refusal.

A target returns for whatever is accepted, or refused in the words of its door; any other exception is a finding.
"""

from __future__ import annotations

import atexit
import base64
import gzip
import hashlib
import io
import json
import os
import shutil
import socket
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import zstandard

ACCOUNT, REGION = "111122223333", "us-east-1"
MANIFEST = {
    "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + "0" * 64, "size": 2},
    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:" + "1" * 64, "size": 2}],
    "subject": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:" + "2" * 64, "size": 2},
    "annotations": {"a": "b"}, "artifactType": "application/x",
}  # fmt: skip


class Finding(Exception):
    """What must not be: a 500, an escape, a door that opened."""


@dataclass(frozen=True)
class Target:
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


# --- the lab's parts --------------------------------------------------------------------------------------------------------------------


@cache
def _folder() -> Path:
    if "FUZZ_FOLDER" in os.environ:  # the fuzzer ends without tidying up; its parent does
        return Path(os.environ["FUZZ_FOLDER"])
    folder = Path(tempfile.mkdtemp(prefix="ecrlab-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _lab() -> Any:
    from localecr import identities
    from localecr.clock import Clock
    from localecr.registry import Lab, Registry, repositories
    from localecr.store.blobs import Blobs
    from localecr.store.database import Database

    state = _folder() / "state"
    state.mkdir()
    database = Database(state / "lab.sqlite")
    lab = Lab(state, database, Blobs(state), Clock(database, "2026-01-05T09:00:00Z"), b"secret" * 5, "localhost:1", "localhost:2")
    for kind in ("private", "public"):
        repositories.create(Registry(lab, kind, ACCOUNT, REGION), "web")
    identities.ensure_key(database, ACCOUNT, "learner")
    return lab


@cache
def _principal() -> Any:
    from localecr import identities

    return identities.ensure_key(_lab().database, ACCOUNT, "learner").principal


@cache
def _gateway(is_public: bool) -> Any:
    from localecr.door import LabDoor
    from localecr.gateway import Gateway

    return Gateway(_lab(), is_public, LabDoor(_lab(), "the door's token", {}, lambda: None))


@cache
def _password(service: str) -> str:
    from localecr import tokens

    return tokens.issue(_lab(), _principal(), service, REGION).seal(_lab())


def _call(application: Callable, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    """A WSGI request; its answer must be one that a server can send."""
    said: list[Any] = []
    written: list[bytes] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], None]:
        said[:] = [status, headers]
        return written.append

    answer = application(environ, start)
    body = b"".join(written) + b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    for name, value in said[1]:
        if set(value) & {"\r", "\n", "\0"}:
            raise Finding(f"a header with a line in it: {name}: {value!r}")
        value.encode("latin-1")
    return int(said[0][:3]), said[1], body


def _environ(method: str, path: bytes, query: bytes, headers: Iterable[tuple[str, str]], body: bytes) -> dict[str, Any]:
    named = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers}
    for name in ("CONTENT_TYPE",):
        if f"HTTP_{name}" in named:
            named[name] = named.pop(f"HTTP_{name}")
    return {
        "REQUEST_METHOD": method, "PATH_INFO": path.decode("latin-1"), "QUERY_STRING": query.decode("latin-1"), "SCRIPT_NAME": "",
        "REQUEST_URI": (path + b"?" + query).decode("latin-1"), "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:1", "wsgi.url_scheme": "http",
        "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
    } | named  # fmt: skip


def _parts(data: bytes, number: int) -> list[bytes]:
    """The bytes between NULs, so many of them; the last has the rest."""
    parts = data.split(b"\0", number - 1)
    return parts + [b""] * (number - len(parts))


def _refuse_mistakes(status: int, body: bytes) -> None:
    if status >= 500 and status != 501:
        raise Finding(f"{status}: {body[:300]!r}")
    if b"Traceback" in body:
        raise Finding(f"a traceback: {body[:300]!r}")


# --- HTTP -------------------------------------------------------------------------------------------------------------------------------


def head(data: bytes) -> None:
    """Bytes on a connection, to the end of the first request's body."""
    from localecr.serving import connection, listener

    def application(environ: dict[str, Any], start: Callable) -> list[bytes]:
        from localecr.serving import BrokenBody

        try:
            length = len(environ["wsgi.input"].read())
        except BrokenBody as error:
            length = error.status
        start("200 OK", [("Content-Length", str(len(str(length))))])
        return [str(length).encode()]

    if "head" not in _servers:
        server = _servers["head"] = listener.Listener(("127.0.0.1", 0), application)
        server.software, server.error_log = "fuzz", _fail_on_errors
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        ours.sendall(data[: 1 << 15])
        ours.shutdown(socket.SHUT_WR)
        client = connection.Connection(_servers["head"], theirs, ("127.0.0.1", 1))
        try:
            while not client.rfile.has_head and client.rfile.receive():
                pass
        except BlockingIOError:
            return
        if not client.rfile.has_head:
            return
        client.communicate()
        theirs.shutdown(socket.SHUT_RDWR)
        answer = b"".join(iter(lambda: ours.recv(1 << 16), b"")).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        if answer and not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4", b"HTTP/1.1 501", b"HTTP/1.1 505")):
            raise Finding(repr(answer[:200]))


_servers: dict[str, Any] = {}


def _fail_on_errors(message: str = "", level: int = 20, traceback: bool = False) -> None:
    if level >= 40:
        raise Finding(message)


def protocol(data: bytes) -> None:
    """A request of the distribution protocol by its owner: method, path below the repository, query, headers and body."""
    method, path, query, content_range, accepted, content_type, body = _parts(data, 7)
    headers = [
        ("Authorization", "Basic " + base64.b64encode(f"AWS:{_password('ecr')}".encode()).decode()),
        ("Range", accepted.decode("latin-1")), ("Content-Range", content_range.decode("latin-1")), ("Content-Type", content_type.decode("latin-1")),
    ]  # fmt: skip
    whole = f"/v2/{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web/".encode() + path
    environ = _environ(method.decode("latin-1"), whole, query, headers, body)
    status, _, answer = _call(_gateway(False), environ)
    _refuse_mistakes(status, answer)


def stranger(data: bytes) -> None:
    """Any path at either address with any Authorization: nobody gets in who isn't let in."""
    method, path, query, authorization, body = _parts(data, 5)
    given = [("Authorization", authorization.decode("latin-1")), ("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeRegistry")]
    for is_public in (False, True):
        status, _, answer = _call(_gateway(is_public), _environ(method.decode("latin-1"), b"/" + path, query, given, body))
        _refuse_mistakes(status, answer)
        anybodys = is_public and path.rstrip(b"/") == b"token" and not authorization
        if status < 400 and not anybodys and not any(_password(service).encode() in authorization for service in ("ecr", "ecr-public")):
            raise Finding(f"{status} for {authorization!r} at {path!r}")


def api(data: bytes) -> None:
    """The body of an operation of AWS's API, by a principal that may call it."""
    from localecr import contract
    from localecr.errors import AwsError
    from localecr.gateway import OPERATIONS
    from localecr.registry import Registry, repositories

    choice, body = data[:1] or b"\0", data[1:]
    known = [(service, name) for service, table in OPERATIONS.items() for name in table]
    service, name = known[choice[0] % len(known)]
    operation = contract.operation(service, name)
    registry = Registry(_lab(), "public" if service == "ecr-public" else "private", ACCOUNT, REGION)
    try:
        repositories.find(registry, "web")
    except AwsError:
        repositories.create(registry, "web")  # an earlier input deleted it
    try:
        asked = contract.parse(operation, body)
        contract.serialise(operation, OPERATIONS[service][name](registry, _principal(), asked))
    except AwsError as error:
        error.message.encode()


def manifest(data: bytes) -> None:
    """A manifest, with or without the type that the client calls it."""
    from localecr.errors import AwsError
    from localecr.registry import manifests

    media_type, _, body = data.partition(b"\0")
    try:
        found = manifests.read(body, media_type.decode("latin-1") or None)
    except AwsError:
        return
    for text in (found.media_type, found.artifact_type or "", found.subject or "", *(each.digest for each in found.layers + found.children)):
        text.encode()
    if set(found.media_type) & {"\r", "\n", "\0"}:
        raise Finding(f"a media type that breaks a header: {found.media_type!r}")
    json.dumps(manifests.annotations(found.body))


def tokens(data: bytes) -> None:
    """Page tokens, registry tokens, digests and repository names."""
    from localecr import tokens as registry_tokens
    from localecr.errors import AwsError
    from localecr.oci.names import REPOSITORY
    from localecr.registry import Registry, paging

    text = data.decode("latin-1")
    try:
        paging.unseal(Registry(_lab(), "private", ACCOUNT, REGION), "ListImages 1", text)
    except AwsError:
        pass
    else:
        raise Finding("a page token that nobody sealed")
    if registry_tokens.unseal(_lab(), text) is not None and text not in map(_password, ("ecr", "ecr-public")):
        raise Finding("a token that nobody issued")
    REPOSITORY.fullmatch(text[:256])
    try:
        path = _lab().blobs.path(text)
    except ValueError:
        return
    if not path.resolve().is_relative_to((_folder() / "state" / "blobs").resolve()):
        raise Finding(f"{path} lies outside")


# --- dockerless -------------------------------------------------------------------------------------------------------------------------


@cache
def _engine() -> Any:
    from dockerless import Engine

    return Engine(_folder() / "docker")


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def _build(context: bytes) -> None:
    from dockerless import EngineError

    try:
        _engine().build(context)
    except EngineError as error:
        if error.status >= 500 and "Traceback" in error.message:
            raise Finding(error.message) from error
    _engine().images.prune(True)


def dockerfile(data: bytes) -> None:
    """A Dockerfile, built. FROM an image would ask a registry: only scratch and stages are let through."""
    lowered = data.lower()
    if any(line.split()[1:2] not in ([b"scratch"], [b"a"], [b"b"]) for line in lowered.splitlines() if line.strip().startswith(b"from")):
        return
    if b"--from" in lowered or b"escape" in lowered and b"from" not in lowered:
        return
    _build(_tar({"Dockerfile": data, "a": b"1", "d/b": b"2", "d/e/c.txt": b"3"}))


def words(data: bytes) -> None:
    """Dockerfiles and their words, read but not built."""
    from dockerless import EngineError
    from dockerless.dockerfile import parse
    from dockerless.variables import WordError, expand, split

    text = data.decode("utf-8", "replace")
    try:
        parse(text)
    except EngineError:
        pass
    split(text)
    try:
        expand(text, {"a": "b", "c": "d" * 100})
    except WordError:
        pass


def ignore(data: bytes) -> None:
    """A .dockerignore, asked about paths."""
    from dockerless import EngineError
    from dockerless.context import Ignore

    text, _, path = data.partition(b"\0")
    try:
        rules = Ignore(text.decode("utf-8", "replace"))
    except EngineError:
        return
    for each in (path.decode("utf-8", "replace")[:500], "a/b/c", "a" * 100, "a/" * 20 + "a"):
        rules.excludes(each)


def archive(data: bytes) -> None:
    """A tar: as a build's context, as a layer, and as what ADD unpacks."""
    from dockerless import EngineError
    from dockerless.tarball import apply_layer, is_archive, read_tree, spool
    from dockerless.tree import Tree

    file = _folder() / "context.tar"
    try:
        with file.open("wb") as out:
            spool(io.BytesIO(data), out)
        tree = read_tree(file)
    except EngineError:
        tree = Tree()
    try:
        apply_layer(tree, io.BytesIO(data), lambda offset, size: io.BytesIO())
    except EngineError:
        pass
    is_archive(io.BytesIO(data))
    for path in tree.nodes:
        if path.startswith("/") or ".." in path.split("/"):
            raise Finding(f"{path!r} leads out")


CATALOGED = (
    "etc/os-release", "var/lib/dpkg/status", "var/lib/dpkg/status.d/a", "var/lib/dpkg/status.d/a.md5sums", "var/lib/dpkg/info/a.list", "lib/apk/db/installed",
    "a.dist-info/METADATA", "a.egg-info", "node_modules/a/package.json", "a-1.0.jar", "a.war",
)  # fmt: skip


def layer(data: bytes) -> None:
    """A layer, however it is packed."""
    _inventory(data)


def pax(data: bytes) -> None:
    """An extended header of a tar, which a fuzzer seldom gets to, since a checksum stands before it."""
    from localecr.scanner import tar
    from localecr.scanner.streams import Unreadable

    try:
        tar._pax(data)
    except Unreadable:
        pass


def cataloged(data: bytes) -> None:
    """A file that tells of packages, in a sound layer; its first byte chooses which."""
    _inventory(_tar({CATALOGED[data[0] % len(CATALOGED)]: data[1:]} if data else {}))


def _inventory(content: bytes) -> None:
    from localecr.scanner import inventory
    from localecr.scanner.model import Inventory, LayerFile, Subject, Unscannable

    file = _folder() / "layer"
    file.write_bytes(content)
    manifest = {"config": {"mediaType": "application/vnd.oci.image.config.v1+json"}}
    layers = (LayerFile("sha256:1", "application/vnd.oci.image.layer.v1.tar", len(content), str(file)),)
    try:
        taken = inventory.take(Subject("sha256:0", manifest, {}, layers))
    except Unscannable:
        return
    if Inventory.of_json(json.loads(json.dumps(taken.as_json()).encode())) != taken:
        raise Finding("an inventory that JSON changes")
    for each in taken.packages:
        each.name.encode(), each.version.encode()
        if not (each.name and each.version) or each.path.startswith("/") or ".." in each.path.split(":")[0].split("/"):
            raise Finding(f"{each} is no package")


def load(data: bytes) -> None:
    """What `docker load` reads: documents of any content in a sound tar; then everything that shows images."""
    from dockerless import EngineError, views
    from dockerless import archive as archives

    names = ("manifest.json", "index.json", "c", "l")
    files = {name: content for name, content in zip(names, _parts(data, 4), strict=True) if content}
    try:
        archives.load(_engine(), io.BytesIO(_tar(files)), lambda event: None)
    except EngineError:
        pass
    views.listing(_engine(), {})
    for image in list(_engine().images):
        views.inspect(_engine(), image)
        views.history(_engine(), image)
        archives.save(_engine(), [image.id], io.BytesIO())
    _engine().images.prune(True)


def engine_api(data: bytes) -> None:
    """A request to dockerless by somebody who knows the secret."""
    from dockerless import application

    method, path, query, auth, body = _parts(data, 5)
    if b"push" in path or b"create" in path or b"auth" in path or b"from" in body.lower():
        return  # those ask registries
    environ = _environ(method.decode("latin-1"), b"/secret/" + path, query, [("X-Registry-Config", auth.decode("latin-1"))], body)
    _, _, answer = _call(application(_engine(), "secret"), environ)  # which says 500 where Docker Engine does
    if b"made a mistake" in answer or b"could not work" in answer or b"Traceback" in answer:
        raise Finding(repr(answer[:300]))


# --- the scanner ------------------------------------------------------------------------------------------------------------------------


@cache
def _advisories() -> Any:
    from localecr.scanner.advisories import Advisories

    return Advisories(_folder() / "advisories.sqlite")


def osv(data: bytes) -> None:
    """An OSV document is refused, or else kept, held against packages of each ecosystem that it names, merged, rated, and shown."""
    from localecr.scanner import matching, severity
    from localecr.scanner import osv as documents
    from localecr.scanner.model import Inventory, Package

    try:
        document = documents.parse(data)
    except documents.NotOsv:
        return
    _advisories().add(json.loads(data))
    packages = tuple(
        Package(each.package, version, "OS", each.ecosystem, "p", "sha256:0") for each in document.affected for version in ("0", "1.2.3", "1:2-3", "x y")
    )
    matches, _ = matching.find(Inventory("sha256:0", None, "amd64", (), packages), _advisories(), 4e9)
    for match in matches:
        severity.basic(match.vulnerability), severity.inspector(match.vulnerability), json.dumps(match.vulnerability.references)
    if any(document.id not in (advisory.id for advisory, _ in _advisories().sources(name, float("inf"))) for name in document.names if not document.withdrawn):
        raise Finding(f"{document.id} is not found by its names")
    with _advisories()._database as connection:
        connection.execute("DELETE FROM documents WHERE origin = 2")


ECOSYSTEMS = ("Debian:12", "Alpine:v3.20", "PyPI", "npm", "Maven", "Ubuntu:24.04:LTS", "Go")


def versions(data: bytes) -> None:
    """Versions are refused, or else stand in one order; taking them apart breaks nothing."""
    from localecr.scanner import versions as of

    first, *rest = _parts(data, 3)
    ecosystem, parsed = ECOSYSTEMS[len(first) % len(ECOSYSTEMS)], []
    for text in (part.decode("utf-8", "replace") for part in (first, *rest)):
        of.split(text, "OS"), of.with_epoch(text, ecosystem)
        try:
            parsed.append(of.parse(ecosystem, text))
        except of.Unparsable:
            continue
    for one in parsed:
        if one < one or any(one < other and other < one for other in parsed):
            raise Finding(f"{data!r} in {ecosystem}")


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()


DIGEST = b"sha256:" + b"0" * 64
CONFIG = _json({"architecture": "amd64", "os": "linux", "config": {"Env": ["a=b"]}, "rootfs": {"type": "layers", "diff_ids": []}, "history": [{"created": "x"}]})
LAYER = _tar({"a": b"1"})
LAYERED = CONFIG.replace(b'"diff_ids": []', b'"diff_ids": ["sha256:%s"]' % hashlib.sha256(LAYER).hexdigest().encode())
EVERYTHING = {  # members of every operation at once: each takes its own
    "repositoryName": "web", "imageManifest": json.dumps(MANIFEST | {"mediaType": "application/x"}), "imageManifestMediaType": "application/x", "imageTag": "1",
    "imageIds": [{"imageTag": "1"}, {"imageDigest": DIGEST.decode()}], "layerDigests": [DIGEST.decode()], "layerDigest": DIGEST.decode(), "uploadId": "x",
    "partFirstByte": 0, "partLastByte": 1, "layerPartBlob": "eHg=", "resourceArn": "arn:aws:ecr:us-east-1:111122223333:repository/web",
    "tags": [{"Key": "a", "Value": "b"}], "tagKeys": ["a"], "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "a*"}], "subjectId": {"imageDigest": DIGEST.decode()}, "force": True,
    "filter": {"tagStatus": "TAGGED", "artifactTypes": ["x"]}, "catalogData": {"description": "a", "architectures": ["x86"]}, "displayName": "a",
    "imageScanningConfiguration": {"scanOnPush": True}, "encryptionConfiguration": {"encryptionType": "AES256"}, "registryIds": ["111122223333"],
}  # fmt: skip
ADVISORY = {
    "schema_version": "1.7.5", "id": "GHSA-aaaa-bbbb-cccc", "published": "2020-01-01T00:00:00Z", "modified": "2020-01-01T00:00:00.5Z", "aliases": ["CVE-2020-11111"],
    "summary": "a", "details": "b", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}], "references": [{"type": "WEB", "url": "https://a"}],
    "affected": [
        {"package": {"ecosystem": ecosystem, "name": "Some_Thing"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}, {"introduced": "3"}, {"last_affected": "4"}]}],
         "versions": ["1.2.3"], "ecosystem_specific": {"urgency": "low"}}
        for ecosystem in ("Debian:12", "Alpine:v3.20", "PyPI", "npm", "Maven", "Go")
    ],
    "database_specific": {"severity": "HIGH", "kev_date_added": "2021-01-01", "ssvc_exploitation": "poc", "cvss_source": "NVD", "verified_from": []},
}  # fmt: skip
METADATA = b"Metadata-Version: 2.1\nName: A.b\nVersion: 1.0\n\nName: c\n"
STANZA = b"Package: a\nStatus: install ok installed\nArchitecture: amd64\nSource: b (1:2-3)\nVersion: 1:2-3+b1\nDescription: x\n y\n"
POM = "META-INF/maven/a.b/a/pom.properties"


def _jar(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


TARGETS: dict[str, Target] = {
    "head": Target(head, (
        b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic eA==\r\n\r\n",
        b"PATCH /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
        b"PUT /x?digest=y HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello", b"CONNECT a:1 HTTP/1.0\r\n\r\n",
    )),
    "protocol": Target(protocol, (
        b"PUT\0manifests/1.0\0\0\0\0application/vnd.oci.image.manifest.v1+json\0" + _json(MANIFEST), b"GET\0blobs/" + DIGEST + b"\0\0\0bytes=0-5\0\0",
        b"POST\0blobs/uploads/\0digest=" + DIGEST + b"\0\0\0\0x", b"PATCH\0blobs/uploads/x\0\00000-5\0\0\0x", b"GET\0tags/list\0n=5&last=x\0\0\0\0",
        b"GET\0referrers/" + DIGEST + b"\0artifactType=a&next=b\0\0\0\0", b"POST\0blobs/uploads/\0mount=" + DIGEST + b"&from=web\0\0\0\0", b"DELETE\0manifests/1.0\0\0\0\0\0",
    )),
    "stranger": Target(stranger, (
        b"GET\0v2/\0\0Basic QVdTOnB3\0", b"GET\0v2/\0\0Bearer abc\0", b"GET\0token/\0service=x\0\0", b"POST\0_lab/keys\0\0Bearer x\0{\"account\": \"111122223333\"}",
        b"GET\0_layers/" + DIGEST + b"\0expires=9999999999&signature=00\0\0",
        b"POST\0\0\0AWS4-HMAC-SHA256 Credential=AKIA/20260105/us-east-1/ecr/aws4_request, SignedHeaders=host;x-amz-date, Signature=0\0{}",
    )),
    "api": Target(api, tuple(bytes([number]) + body for number in range(41) for body in (
        _json(EVERYTHING), _json({"repositoryName": "web"}), _json({"resourceArn": "arn:aws:ecr-public::111122223333:repository/web"} | {name: EVERYTHING[name] for name in ("tags", "tagKeys")}),
    ))),
    "manifest": Target(manifest, (b"\0" + _json(MANIFEST), b"application/vnd.oci.image.index.v1+json\0" + _json({"schemaVersion": 2, "manifests": [MANIFEST["config"]]}))),
    "tokens": Target(tokens, (DIGEST, b"WzFd", b"WzEsICJhIl0=", b"a/b-c_d.e", b"sha512:" + b"0" * 128)),
    "dockerfile": Target(dockerfile, (
        b"# escape=`\nFROM scratch AS a\nARG x=1\nENV a=${x:-2} b=\"c d\"\nCOPY --chmod=644 --chown=1:2 a d /e/\nFROM a\nADD [\"a\", \"/f\"]\nWORKDIR /g/../h\n",
        b"FROM scratch\nEXPOSE 80-90/udp 1\nHEALTHCHECK --interval=1m30s --retries=3 CMD [\"x\"]\nSTOPSIGNAL SIGRTMIN+3\nVOLUME [\"/a\"]\nSHELL [\"a\"]\nCMD x\nENTRYPOINT [\"a\"]\n",
        b"FROM scratch\nCOPY d/*.txt [a-c] /x/\nLABEL a=b \\\n# no\n c='d'\nUSER 1:1\nMAINTAINER me\n",
    )),
    "words": Target(words, (b"FROM a\nENV a=\"b\\\"c\" d='e f' g\\ h=${i:+j$k}\nRUN a \\\n b\n", b"${a:-${b:-$c}}\"$d\\$\"'$e'", b"# escape=`\n# syntax=x\nFROM a\nHEALTHCHECK NONE\n")),
    "ignore": Target(ignore, (b"**/*.md\n!README.md\n/a/*/b[a-c]?\n# no\n\\*x\0docs/a.md", b"*a*a*a*a*b\n**/**/**/x\0aaaaaaaa")),
    "archive": Target(archive, (_tar({"a": b"1", "d/b": b"2", "x" * 150: b"3"}), _tar({".wh.a": b"", "d/.wh..wh..opq": b""}))),
    "layer": Target(layer, (
        *(pack(_tar({"a.dist-info/METADATA": METADATA, "d/.wh..wh..opq": b"", "d/.wh.x": b""})) for pack in (bytes, gzip.compress, zstandard.compress)),
        gzip.compress(_tar({"x" * 150: b"1"})[:900]) + gzip.compress(b"2") + b"\0" * 9, b"\x50\x2a\x4d\x18\1\0\0\0x" + zstandard.compress(b"x" * 600),
    )),
    "pax": Target(pax, (b"11 path=a/b\n10 size=10\n", b"22 GNU.sparse.name=a\n\n", b"14 linkpath=a\n24 SCHILY.xattr.a=\xff\n=\n")),
    "cataloged": Target(cataloged, (
        b"\0PRETTY_NAME=\"Debian GNU/Linux 12\"\nID='debian'\nVERSION_ID=12\n#x\n", b"\1" + STANZA + b"\nPackage: b\nStatus: a b config-files\nVersion: 2\n\n", b"\2" + STANZA,
        b"\3d41d8cd98f00b204e9800998ecf8427e  usr/lib/a.egg-info\n", b"\4/.\n/usr/lib/a.egg-info\n", b"\5P:a\nV:1-r0\nA:x86_64\no:b\nF:usr/lib\nR:a.egg-info\n\nP:c\nV:2\n",
        b"\6" + METADATA, b"\7" + METADATA, b'\x08{"name": "@a/b", "version": "1.0", "x": [{}]}', b"\x09" + _jar({POM: b"version=1\ngroupId=a.b\nartifactId=a\n"}),
        b"\x0a" + _jar({"WEB-INF/lib/a-1.jar": _jar({"META-INF/MANIFEST.MF": b"Bundle-SymbolicName: b.\n a;x=1\nBundle-Version: 1\n\nName: x\n"}), "x": b"y" * 99}),
    )),
    "load": Target(load, (
        b"\0".join((_json([{"Config": "c", "RepoTags": ["a:1"], "Layers": []}]), b"", CONFIG, b"")), b"\0".join((_json([{"Config": "c", "Layers": ["l"]}]), b"", LAYERED, LAYER)),
        b"\0".join((b"", _json({"manifests": [{"digest": DIGEST.decode(), "annotations": {"io.containerd.image.name": "a:1"}}]}), CONFIG, b"")),
    )),
    "engine_api": Target(engine_api, (
        b"GET\0images/json\0filters={\"label\":{\"a\":true}}\0\0", b"POST\0build\0t=a:1&buildargs={\"a\":\"b\"}&labels={}&platform=linux/amd64&q=1\0e30=\0" + _tar({"Dockerfile": b"x"}),
        b"POST\0images/load\0\0\0" + _tar({"manifest.json": b"[]"}), b"GET\0v1.44/images/a/json\0\0\0", b"POST\0images/prune\0filters={\"dangling\":[\"false\"]}\0\0",
        b"POST\0images/a/tag\0repo=b&tag=1\0\0", b"DELETE\0images/a\0force=1\0\0", b"GET\0images/get\0names=a\0\0",
    )),
    "osv": Target(osv, (_json(ADVISORY), _json(ADVISORY | {"id": "DSA-1-1", "upstream": ["CVE-2020-11111", "CVE-2020-22222"], "withdrawn": "2021-01-01T00:00:00Z"}), b"{}")),
    "versions": Target(versions, tuple(
        b"\0".join((b" " * number, *pair)) for number in range(len(ECOSYSTEMS)) for pair in (
            (b"1:1.2.11.dfsg-2+deb11u1", b"1.0~rc1-1+b1"), (b"1.2.4_git20230717-r4", b"013_alpha1_p2"), (b"1!1.0a2.dev456+5", b"2.x-dev"), (b"1.0.0-alpha.1+b", b"v1.2.3"),
            (b"24.1.1-android", b"5.2.20.RELEASE-m1"),
        )
    )),
}  # fmt: skip
