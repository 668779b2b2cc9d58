"""What the conformance suite of the OCI distribution spec asks for (its main branch, spec 1.1), asked in Python.

The suite itself is a Go program with modules of its own and can't be installed everywhere; this asks the same of every way to push a blob
under either digest, and of every kind of content: pushed, listed, headed, pulled, referred to and deleted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import pytest

from specimens import OCI_CONFIG, OCI_EMPTY, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, digest
from wire import Repository, error_of

STREAM = {"Content-Type": "application/octet-stream"}
EXAMPLE, OTHER = "application/vnd.example.conformance.v1", "application/vnd.example.conformance.v2"
NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
ALGORITHMS = ("sha256", "sha512")


@pytest.fixture(params=ALGORITHMS)
def algorithm(request) -> str:
    return request.param


@pytest.fixture
def elsewhere(at, ecr, free_repository) -> Repository:
    """A second repository of the same registry."""
    ecr.create_repository(repositoryName=f"{free_repository}-too")
    return at(f"{free_repository}-too")


# --- every way to push a blob -----------------------------------------------------------------------------------------------------------


def post_only(http: Repository, content: bytes, named: str):
    return http("POST", "blobs/uploads/", params={"digest": named}, data=content, headers=STREAM)


def post_put(http: Repository, content: bytes, named: str):
    return http("PUT", http.begin(), params={"digest": named}, data=content, headers=STREAM)


def stream(http: Repository, content: bytes, named: str):
    sent = http("PATCH", http.begin(), data=iter([content[:100], content[100:]]), headers=STREAM)
    assert sent.status_code == 202
    return http("PUT", sent.headers["Location"], params={"digest": named}, headers=STREAM)


def one_chunk(http: Repository, content: bytes, named: str):
    return in_chunks(http, content, named, max(1, len(content)))


def three_chunks(http: Repository, content: bytes, named: str):
    return in_chunks(http, content, named, len(content) // 3 + 1)


def last_chunk_in_put(http: Repository, content: bytes, named: str):
    return in_chunks(http, content, named, len(content) // 3 + 1, ends_with_put=True)


def out_of_order(http: Repository, content: bytes, named: str):
    return in_chunks(http, content, named, len(content) // 3 + 1, stumbles=True)


def out_of_order_and_put(http: Repository, content: bytes, named: str):
    return in_chunks(http, content, named, len(content) // 3 + 1, ends_with_put=True, stumbles=True)


def in_chunks(http: Repository, content: bytes, named: str, size: int, *, ends_with_put: bool = False, stumbles: bool = False):
    """Chunks in order; one that `stumbles` sends each time a wrong one first, is told 416, asks where it stands, and goes on from there."""
    location = http.begin()
    for start in range(0, len(content), size):
        piece = content[start : start + size]
        is_last = start + size >= len(content)
        if stumbles:
            wrong = start + size if not is_last else 0
            refused = send(http, location, content[wrong : wrong + size] if not is_last else piece, wrong if not is_last else start + 7)
            assert (refused.status_code, error_of(refused)[1]) == (416, "BLOB_UPLOAD_INVALID")
            asked = http("GET", location)
            assert asked.status_code == 204
            assert asked.headers["Range"] == f"0-{max(0, start - 1)}"
            location = asked.headers["Location"]
        if is_last and ends_with_put:
            return send(http, location, piece, start, "PUT", {"digest": named})
        sent = send(http, location, piece, start)
        assert (sent.status_code, sent.headers["Range"]) == (202, f"0-{start + len(piece) - 1}")
        location = sent.headers["Location"]
    return http("PUT", location, params={"digest": named}, headers=STREAM)


def send(http: Repository, location: str, piece: bytes, start: int, method: str = "PATCH", params: dict[str, str] | None = None):
    headers = STREAM | {"Content-Range": f"{start}-{start + len(piece) - 1}"}
    return http(method, location, params=params, data=piece, headers=headers)


WAYS: tuple[Callable[..., Any], ...] = (
    post_only, post_put, stream, one_chunk, three_chunks, last_chunk_in_put, out_of_order, out_of_order_and_put,
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_blob_is_pushed_and_is_where_its_location_says(http, way, algorithm):
    content = os.urandom(3067)
    named = digest(content, algorithm)
    answer = way(http, content, named)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Docker-Content-Digest"] == named
    assert http("GET", answer.headers["Location"]).content == content
    is_there(http, content, named)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_blob_that_is_not_what_its_digest_says_is_a_bad_request(http, way, algorithm):
    content = os.urandom(3067)
    named = digest(content + b"and more", algorithm)
    answer = way(http, content, named)
    assert (answer.status_code, error_of(answer)[1]) == (400, "BLOB_UPLOAD_INVALID")
    assert http("HEAD", f"blobs/{named}").status_code == 404


@pytest.mark.parametrize("way", [post_only, post_put, one_chunk], ids=lambda way: way.__name__)
@pytest.mark.parametrize("content", [b"", b"{}"], ids=["empty", "empty JSON"])
def test_well_known_blobs(http, way, content, algorithm):
    assert way(http, content, digest(content, algorithm)).status_code == 201
    is_there(http, content, digest(content, algorithm))


def is_there(http: Repository, content: bytes, named: str) -> None:
    head, got = http("HEAD", f"blobs/{named}"), http("GET", f"blobs/{named}")
    assert (head.status_code, got.status_code) == (200, 200)
    assert (head.content, got.content) == (b"", content)
    for answer in (head, got):
        assert answer.headers["Content-Length"] == str(len(content))
        assert answer.headers["Docker-Content-Digest"] == named


def test_a_blob_that_nobody_pushed_is_not_there(http, algorithm):
    for method in ("GET", "HEAD"):
        assert http(method, f"blobs/{digest(os.urandom(16), algorithm)}").status_code == 404


def test_an_upload_can_be_given_up(http):
    location = http.begin()
    assert http("DELETE", location).status_code == 204
    assert http("GET", location).status_code == 404


@pytest.mark.parametrize("origin", ["the source", "nothing", "a source that lacks it"])
def test_a_mount_or_else_an_upload_to_go_on_with(http, elsewhere, algorithm, origin):
    """The specification allows both; which it is, is AWS's: what no image of the source names is uploaded again."""
    content = os.urandom(512)
    named = digest(content, algorithm)
    if origin != "a source that lacks it":
        post_put(elsewhere, content, named)
    asked = {"mount": named} | ({"from": elsewhere.path} if origin != "nothing" else {})
    answer = http("POST", "blobs/uploads/", params=asked)
    assert answer.status_code == 202
    assert http("PUT", answer.headers["Location"], params={"digest": named}, data=content, headers=STREAM).status_code == 201
    is_there(http, content, named)


def test_what_an_image_of_the_source_names_is_mounted(http, elsewhere, algorithm):
    made = of_images(algorithm, "mounted")
    made.push(elsewhere)
    named, content = next(iter(made.blobs.items()))
    answer = http("POST", "blobs/uploads/", params={"mount": named, "from": elsewhere.path})
    assert answer.status_code == 201
    assert http("GET", answer.headers["Location"]).content == content
    is_there(http, content, named)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("500-1499", 500, 1499), ("500-", 500, 2047), ("-500", 1548, 2047), ("2000-5000", 2000, 2047), ("0-0", 0, 0), ("-5000", 0, 2047)],
)
def test_a_range_of_a_blob(http, algorithm, asked, first, last):
    content = os.urandom(2048)
    named = digest(content, algorithm)
    post_only(http, content, named)
    answer = http("GET", f"blobs/{named}", headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 206
    assert answer.content == content[first : last + 1]
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/2048"


@pytest.mark.parametrize("asked", ["500-0", "5000-10000", "2048-", "-0"])
def test_a_range_outside_a_blob_is_not_satisfiable(http, algorithm, asked):
    content = os.urandom(2048)
    named = digest(content, algorithm)
    post_only(http, content, named)
    answer = http("GET", f"blobs/{named}", headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == "bytes */2048"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    error_of(answer)


# --- every kind of content --------------------------------------------------------------------------------------------------------------


@dataclass
class Content:
    """Blobs, and manifests in the order in which they can be pushed; the last one is tagged."""

    algorithm: str = "sha256"
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    subjects: dict[str, list[str]] = field(default_factory=dict)  # subject's digest → digests of what refers to it
    tagged: dict[str, str] = field(default_factory=dict)

    def blob(self, media_type: str, content: bytes, **more: Any) -> dict[str, Any]:
        named = digest(content, self.algorithm)
        self.blobs[named] = content
        return {"mediaType": media_type, "digest": named, "size": len(content)} | more

    def manifest(self, document: dict[str, Any], tag: str | None = None) -> dict[str, Any]:
        """Adds a manifest and returns its descriptor."""
        body = json.dumps(document, separators=(",", ":")).encode()
        named = digest(body, self.algorithm)
        self.manifests[named] = body
        if subject := document.get("subject"):
            self.subjects.setdefault(subject["digest"], []).append(named)
        if tag:
            self.tagged[tag] = named
        return {"mediaType": document["mediaType"], "digest": named, "size": len(body)}

    def push(self, http: Repository) -> None:
        ways = cycle(WAYS)
        for named, data in self.blobs.items():
            way = next(ways) if data else post_only
            assert way(http, data, named).status_code == 201
        for named, body in self.manifests.items():
            self.put(http, named, body)
        for tag, named in self.tagged.items():
            self.put(http, tag, self.manifests[named])

    def put(self, http: Repository, reference: str, body: bytes) -> None:
        document = json.loads(body)
        answer = http("PUT", f"manifests/{reference}", data=body, headers={"Content-Type": document["mediaType"]})
        assert answer.status_code == 201, answer.text
        expected = reference if ":" in reference else self.tagged[reference]
        assert answer.headers["Docker-Content-Digest"] == expected
        assert answer.headers.get("OCI-Subject") == document.get("subject", {}).get("digest")
        assert http("GET", answer.headers["Location"]).content == body


def layers(made: Content, seed: str, count: int = 2, **more: Any) -> list[dict[str, Any]]:
    return [made.blob(OCI_LAYER, f"layer {number} of {seed}".encode(), **more) for number in range(count)]


def image(made: Content, seed: str, tag: str | None = None, *, listed: list[dict] | None = None, **more: Any) -> dict[str, Any]:
    config = made.blob(OCI_CONFIG, json.dumps({"architecture": "amd64", "os": "linux", "author": seed}).encode())
    listed = layers(made, seed) if listed is None else listed
    return made.manifest({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": listed} | more, tag)


def index(made: Content, listed: Iterable[dict[str, Any]], tag: str | None = None, **more: Any) -> dict[str, Any]:
    return made.manifest({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(listed)} | more, tag)


def artifact(made: Content, seed: str, artifact_type: str = EXAMPLE, tag: str | None = None, content: bytes | None = None, **more: Any) -> dict[str, Any]:
    empty = made.blob(OCI_EMPTY, b"{}")
    layer = empty if content == b"{}" else made.blob(artifact_type, content or seed.encode())
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": artifact_type, "config": empty, "layers": [layer]}
    return made.manifest(document | more, tag)


def of_images(algorithm: str, seed: str, **more: Any) -> Content:
    """An index of two images; tagged where its digest is one that a push by tag would give it."""
    made = Content(algorithm)
    tag = "index" if algorithm == "sha256" else None
    index(made, [image(made, f"{seed} {each}", **more) | {"platform": {"os": "linux", "architecture": each}} for each in ("amd64", "arm64")], tag)
    return made


def kinds() -> Iterator[tuple[str, Content]]:
    """Each kind of content that the suite knows, by its name there."""
    made = Content()
    image(made, "image", "image")
    yield "image", made

    made = Content()
    image(made, "large", "large-manifest", annotations={f"large-annotation-{number}": "A" * 10_000 for number in range(390)})
    yield "large manifest", made

    yield "index", of_images("sha256", "index")

    made = Content()
    both = [index(made, [image(made, f"nested {outer} {inner}") for inner in range(2)]) for outer in range(2)]
    index(made, both, "index-of-index")
    yield "nested index", made

    made = Content()
    index(made, [], "empty")
    yield "empty index", made

    made = Content()
    artifact(made, "artifact", tag="artifact")
    yield "artifact", made

    made = Content()
    index(made, [artifact(made, f"listed {number}") for number in range(2)], "artifact-index", artifactType=EXAMPLE)
    yield "artifact index", made

    made = Content()
    artifact(made, "without layers", tag="artifact-without-layers", content=b"{}")
    yield "artifact without layers", made

    made = Content()
    subject = image(made, "subject", "image")
    image(made, "an image that refers", subject=subject)
    artifact(made, "first", tag="tagged-artifact1", subject=subject, annotations={"org.example.said": "hello"})
    artifact(made, "second", OTHER, tag="tagged-artifact2", subject=subject, annotations={"org.example.said": "hello again"})
    yield "artifacts with subject", made

    made = of_images("sha256", "indexed subject")
    named = made.tagged["index"]
    subject = {"mediaType": OCI_INDEX, "digest": named, "size": len(made.manifests[named])}
    index(made, [artifact(made, "in the referring index")], "tagged-artifact", artifactType=EXAMPLE, subject=subject, annotations={"a": "b"})
    yield "index with subject", made

    made = Content()
    missing = {"mediaType": OCI_MANIFEST, "digest": digest(b"missing content"), "size": 123}
    artifact(made, "of nothing", tag="tagged-artifact", subject=missing)
    yield "missing subject", made

    made = Content()
    image(made, "data", "data-field", listed=layers(made, "data", data="bGF5ZXI="))
    yield "data field", made

    made = Content()
    foreign = {"mediaType": NONDISTRIBUTABLE, "digest": digest(b"elsewhere"), "size": 123456, "urls": ["https://store.example.com/blobs/x"]}
    image(made, "foreign", "non-distributable-image", listed=[foreign, *layers(made, "foreign", 1)])
    yield "non-distributable layers", made

    yield "custom fields", of_images("sha256", "custom", **{"org.example.unknown": {"deep": [1, 2, None]}})

    made = Content()
    image(made, "no layers", "no-layers", listed=[])
    yield "no layers", made

    yield "sha512", of_images("sha512", "long digests")


KINDS = dict(kinds())


@pytest.fixture(params=KINDS)
def content(request, http) -> Content:
    made = KINDS[request.param]
    made.push(http)
    return made


def test_content_is_pushed_listed_headed_and_pulled(http, content):
    assert set(http("GET", "tags/list").json()["tags"]) == set(content.tagged)
    for reference, named in [*content.tagged.items(), *((each, each) for each in content.manifests)]:
        body = content.manifests[named]
        head, got = http("HEAD", f"manifests/{reference}"), http("GET", f"manifests/{reference}")
        assert (head.status_code, got.status_code) == (200, 200)
        assert (head.content, got.content) == (b"", body)
        for answer in (head, got):
            assert answer.headers["Content-Type"] == json.loads(body)["mediaType"]
            assert answer.headers["Content-Length"] == str(len(body))
            assert answer.headers["Docker-Content-Digest"] == named
    for named, data in content.blobs.items():
        is_there(http, data, named)


def test_content_is_found_by_its_subject(http, content):
    for subject, named in content.subjects.items():
        expected = [described(each, content.manifests[each]) for each in named]
        assert referrers(http, subject) == (expected, None)
        for kind in {each["artifactType"] for each in expected}:
            of_kind = [each for each in expected if each["artifactType"] == kind]
            assert referrers(http, subject, artifactType=kind) == (of_kind, "artifactType")
        assert referrers(http, subject, artifactType="application/vnd.example.nobodys") == ([], "artifactType")


def described(named: str, body: bytes) -> dict[str, Any]:
    document = json.loads(body)
    kind = document.get("artifactType") or document["config"]["mediaType"]
    found = {"digest": named, "mediaType": document["mediaType"], "artifactType": kind, "size": len(body)}
    return found | ({"annotations": document["annotations"]} if "annotations" in document else {})


def referrers(http: Repository, subject: str, **query: str) -> tuple[list[dict[str, Any]], str | None]:
    answer = http("GET", f"referrers/{subject}", params=query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, OCI_INDEX)
    document = answer.json()
    assert (document["schemaVersion"], document["mediaType"]) == (2, OCI_INDEX)
    return document["manifests"], answer.headers.get("OCI-Filters-Applied")


def test_content_is_deleted_by_tag_and_by_digest(http, content):
    for tag in content.tagged:
        assert http("DELETE", f"manifests/{tag}").status_code == 202
        assert http("HEAD", f"manifests/{tag}").status_code == 404
    for named in reversed(content.manifests):
        assert http("DELETE", f"manifests/{named}").status_code in (202, 404)  # ECR deletes an image with its last tag
        assert http("HEAD", f"manifests/{named}").status_code == 404
    for subject in content.subjects:
        assert referrers(http, subject) == ([], None)
    assert http("GET", "tags/list").json()["tags"] == []


# --- the rest ---------------------------------------------------------------------------------------------------------------------------


def test_an_empty_repository_has_neither_tags_nor_referrers(http):
    assert http("GET", "tags/list").json()["tags"] == []
    assert referrers(http, digest(os.urandom(16))) == ([], None)


def test_what_answers_get_answers_head_with_the_same_headers(http, algorithm):
    KINDS["artifacts with subject"].push(http)
    (subject,) = KINDS["artifacts with subject"].subjects
    for rest in ("tags/list", f"referrers/{subject}", "manifests/image", f"manifests/{subject}", "manifests/missing", "referrers/nonsense"):
        head, got = http("HEAD", rest), http("GET", rest)
        assert (head.status_code, head.content) == (got.status_code, b"")
        for header in ("Content-Type", "Content-Length", "Docker-Content-Digest"):
            assert head.headers.get(header) == got.headers.get(header), (rest, header)


def test_tags_are_listed_after_the_last_one_seen(http):
    made = Content()
    image(made, "many tags", "image")
    made.push(http)
    for tag in ("b", "a", "c", "d"):
        made.tagged[tag] = made.tagged["image"]
        made.put(http, tag, made.manifests[made.tagged["image"]])
    assert http("GET", "tags/list", params={"last": "b"}).json()["tags"] == ["c", "d", "image"]
    first = http("GET", "tags/list", params={"n": "2"})
    assert first.json()["tags"] == ["a", "b"]
    link, _, relation = first.headers["Link"].partition(">; ")
    assert relation == 'rel="next"'
    assert http("GET", http.base + link.removeprefix("<")).json()["tags"] == ["c", "d"]


@pytest.mark.parametrize("malformed", ["sha256:baddigeststring", "sha512:" + "0" * 64, "sha256:" + "0" * 65, "sha1:" + "0" * 40])
def test_a_malformed_digest_is_a_bad_request_for_manifests_and_blobs(http, malformed):
    made = Content()
    named = image(made, "malformed")["digest"]
    made.push(http)
    body = made.manifests[named]
    answers = [
        http("PUT", f"manifests/{malformed}", data=body, headers={"Content-Type": OCI_MANIFEST}),
        http("GET", f"manifests/{malformed}"),
        http("DELETE", f"manifests/{malformed}"),
        http("GET", f"blobs/{malformed}"),
        http("GET", f"referrers/{malformed}"),
        http("POST", "blobs/uploads/", params={"mount": malformed, "from": http.path}),
    ]
    for answer in answers:
        assert error_of(answer)[:2] == (400, "DIGEST_INVALID")
    assert http("HEAD", f"blobs/{malformed}").status_code == 400


def test_a_manifest_that_is_not_what_its_digest_says_is_a_bad_request(http, algorithm):
    made = of_images(algorithm, "bad digest")
    made.push(http)
    for named, body in made.manifests.items():
        other = digest(body + b"  ", algorithm)
        answer = http("PUT", f"manifests/{other}", data=body, headers={"Content-Type": json.loads(body)["mediaType"]})
        assert error_of(answer)[:2] == (400, "MANIFEST_INVALID")
        assert http("HEAD", f"manifests/{other}").status_code == 404


def test_a_manifest_of_more_than_four_mebibytes_is_too_large(http):
    body = b'{"schemaVersion": 2, "mediaType": "%s"%s}' % (OCI_INDEX.encode(), b" " * 4_194_304)
    answer = http("PUT", "manifests/large", data=body, headers={"Content-Type": OCI_INDEX})
    assert error_of(answer)[:2] == (413, "MANIFEST_INVALID")


def test_the_protocols_address_knows_no_other_method(http):
    root = f"{http.base}/v2/"
    assert http("GET", root).status_code == http("HEAD", root).status_code == 200
    for method in ("POST", "PUT", "DELETE"):
        assert http(method, root).status_code == 405
