"""Images: manifests put, found, listed and deleted in one repository, with their tags."""

from __future__ import annotations

import re
import sqlite3

from localecr.errors import AwsError, invalid_parameter
from localecr.registry import Registry, departures, manifests, paging, repositories, tags
from localecr.scanning import eligibility, scans
from localecr.store import trouble

IMAGE_TAG = re.compile(r"[a-zA-Z0-9-_.]+")  # ECR's own patterns, as its sentences show them
IMAGE_DIGEST = re.compile(r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+")
LISTED = "ImageReferencedByManifestList"
# what is said of an image, without its manifest; its tags come with it, so that both are of one moment
DETAILS = (
    "i.id, i.digest, i.media_type, i.artifact_type, i.size, i.pushed_at, i.last_pulled_at, i.subject_digest,"
    " (SELECT group_concat(t.name, ' ') FROM tags t WHERE t.image_id = i.id) AS tags"
)


class Failure(Exception):
    """Why one image of a batch could not be served: an entry of ``failures``, never an error of the whole call."""

    def __init__(self, code: str, reason: str):
        super().__init__(reason)
        self.code = code
        self.reason = reason


def put(
    registry: Registry, repository: sqlite3.Row, body: bytes, *,
    media_type: str | None, tag: str | None = None, digest: str | None = None, layerless: bool = False,
) -> tuple[sqlite3.Row, bool]:  # fmt: skip
    """PutImage: stores a manifest and gives it a tag; returns the image and whether anything changed.

    ``layerless`` admits an OCI manifest without layers, as the distribution protocol does and PutImage doesn't.
    Raises LayersNotFoundException and ReferencedImagesNotFoundException for what the manifest needs and the repository
    lacks, ImageDigestDoesNotMatchException, ImageTagAlreadyExistsException.
    """
    for member, value, pattern in (("imageTag", tag, IMAGE_TAG), ("imageDigest", digest, IMAGE_DIGEST)):
        if value is not None and not pattern.fullmatch(value):
            raise off_pattern(member, pattern)
    manifest = manifests.read(body, media_type, layerless)
    actual = manifest.digest(_algorithm(digest))
    if digest is not None and digest != actual:
        raise AwsError(
            "ImageDigestDoesNotMatchException",
            f"The image with digest '{digest}' in repository '{repository['name']}' and registry ID '{registry.account}' "
            "does not match the image digest that Amazon ECR has calculated.",
        )
    with registry.database.write():
        repository = repositories.refuse_gone(registry, repository)
        image = by_digest(registry, repository, actual)
        is_new = image is None
        if is_new:
            image = _store(registry, repository, manifest, actual)
        moved = tags.give(registry, repository, tag, image["id"]) if tag is not None else False
        if is_new:
            scans.ask_on_push(registry, repository, image)
    return image, is_new or moved


def off_pattern(member: str, pattern: re.Pattern[str]) -> AwsError:
    """The error for a tag or a digest that can be none, in ECR's words."""
    return invalid_parameter(member, f"must satisfy regular expression '{pattern.pattern}'")


def _algorithm(digest: str | None) -> str:
    return "sha512" if digest is not None and digest.startswith("sha512:") else "sha256"


def _store(registry: Registry, repository: sqlite3.Row, manifest: manifests.Manifest, digest: str) -> sqlite3.Row:
    mentioned = _sizes(registry, "layers", repository, list(manifest.mentioned))
    size = _size(registry, repository, manifest) + sum(mentioned.values())
    with registry.database.write() as transaction:
        cursor = transaction.execute(
            "INSERT INTO images (repository_id, digest, media_type, artifact_type, manifest, size, pushed_at, subject_digest)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                repository["id"], digest, manifest.media_type, manifest.artifact_type, manifest.body, size,
                registry.lab.clock.now(), manifest.subject,
            ),
        )  # fmt: skip
        image_id = cursor.lastrowid
        transaction.executemany(
            "INSERT OR IGNORE INTO image_layers VALUES (?, ?, ?)",
            [(image_id, each.digest, each.media_type) for each in manifest.layers]
            + [(image_id, each, "application/octet-stream") for each in mentioned],
        )
        transaction.executemany(
            "INSERT OR IGNORE INTO image_children VALUES (?, ?, ?)", [(image_id, each.digest, repository["id"]) for each in manifest.children]
        )
    return by_digest(registry, repository, digest)


def _size(registry: Registry, repository: sqlite3.Row, manifest: manifests.Manifest) -> int:
    """Bytes of config and layers, or of the largest image of an index; refuses a manifest whose parts aren't all here."""
    held = _sizes(registry, "layers", repository, [each.digest for each in manifest.layers])
    held = {digest: size for digest, size in held.items() if registry.lab.blobs.holds(digest, size)}
    _refuse_missing("LayersNotFoundException", "Layers", registry, repository, manifest.layers, held)
    images = _sizes(registry, "images", repository, [each.digest for each in manifest.children])
    _refuse_missing("ReferencedImagesNotFoundException", "Images", registry, repository, manifest.children, images)
    return sum(held[each.digest] for each in manifest.layers) if manifest.layers else max(images.values(), default=0)


def _sizes(registry: Registry, table: str, repository: sqlite3.Row, digests: list[str]) -> dict[str, int]:
    found = {}
    for start in range(0, len(digests), 500):
        some = digests[start : start + 500]
        marks = ",".join("?" * len(some))
        rows = registry.database.all(f"SELECT digest, size FROM {table} WHERE repository_id = ? AND digest IN ({marks})", (repository["id"], *some))
        found |= {row["digest"]: row["size"] for row in rows}
    return found


def _refuse_missing(code: str, noun: str, registry: Registry, repository: sqlite3.Row, wanted: tuple, held: dict[str, int]) -> None:
    missing = list(dict.fromkeys(each.digest for each in wanted if each.digest not in held))
    if missing:
        raise AwsError(
            code,
            f"{noun} with digests '[{', '.join(missing)}]' required for pushing image into repository with name '{repository['name']}' "
            f"in the registry with id '{registry.account}' do not exist",
        )


def by_digest(registry: Registry, repository: sqlite3.Row, digest: str) -> sqlite3.Row | None:
    return registry.database.one("SELECT * FROM images WHERE repository_id = ? AND digest = ?", (repository["id"], digest))


def by_tag(registry: Registry, repository: sqlite3.Row, tag: str) -> sqlite3.Row | None:
    return registry.database.one(
        "SELECT i.* FROM tags t JOIN images i ON i.id = t.image_id WHERE t.repository_id = ? AND t.name = ?", (repository["id"], tag)
    )


def resolve(registry: Registry, repository: sqlite3.Row, image_id: dict[str, str]) -> sqlite3.Row:
    """The image that an ImageIdentifier {imageDigest, imageTag} means. Raises ``Failure``."""
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    if digest is None and tag is None:
        raise Failure("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null")
    if digest is not None and not IMAGE_DIGEST.fullmatch(digest):
        raise Failure("InvalidImageDigest", f"Invalid request parameters: image digest should satisfy the regex '{IMAGE_DIGEST.pattern}'")
    if tag is not None and not IMAGE_TAG.fullmatch(tag):  # AWS's words for it are not published
        raise Failure("InvalidImageTag", f"Invalid request parameters: image tag should satisfy the regex '{IMAGE_TAG.pattern}'")
    image = by_tag(registry, repository, tag) if tag is not None else by_digest(registry, repository, digest)
    if image is None:
        raise Failure("ImageNotFound", "Requested image not found")
    if digest is not None and image["digest"] != digest:
        raise Failure("ImageTagDoesNotMatchDigest", "Invalid request parameters: given tag does not map to the given digest")
    return image


def note_pull(registry: Registry, image: sqlite3.Row) -> None:
    """Records the time of a pull (lastRecordedPullTime)."""
    with trouble.tolerated("The time of a pull"), registry.database.write() as transaction:
        transaction.execute("UPDATE images SET last_pulled_at = ? WHERE id = ?", (registry.lab.clock.now(), image["id"]))


TAG_STATUS = {"TAGGED": "AND i.tag_count > 0", "UNTAGGED": "AND i.tag_count = 0"}  # word for word as the indexes have it


def list_ids(registry: Registry, repository: sqlite3.Row, tag_status: str, page: int, token: str | None) -> tuple[list[dict], str | None]:
    """ListImages: a row for each (digest, tag), an untagged image with its digest only."""
    listing = f"ListImages {repository['id']}"
    image_id, tag = paging.unseal(registry, listing, token) or [0, ""]
    rows = registry.database.all(
        "SELECT i.id, i.digest, t.name AS tag FROM images i LEFT JOIN tags t ON t.image_id = i.id"
        f" WHERE i.repository_id = ? AND i.id >= ? AND (i.id, COALESCE(t.name, '')) > (?, ?) {TAG_STATUS.get(tag_status, '')}"
        " ORDER BY i.id, t.name LIMIT ?",
        (repository["id"], image_id, image_id, tag, page + 1),
    )
    shown, last = paging.cut(rows, page)
    ids = [identifier(row["digest"], row["tag"]) for row in shown]
    return ids, paging.seal(registry, listing, [last["id"], last["tag"] or ""]) if last else None


def describe(registry: Registry, repository: sqlite3.Row, tag_status: str, page: int, token: str | None) -> tuple[list[sqlite3.Row], str | None]:
    """DescribeImages: a page of ``DETAILS`` in the order of the images' first push."""
    listing = f"DescribeImages {repository['id']}"
    after = (paging.unseal(registry, listing, token) or [0])[0]
    condition = TAG_STATUS.get(tag_status, "")
    rows = registry.database.all(
        f"SELECT {DETAILS} FROM images i WHERE i.repository_id = ? AND i.id > ? {condition} ORDER BY i.id LIMIT ?", (repository["id"], after, page + 1)
    )
    shown, last = paging.cut(rows, page)
    return shown, paging.seal(registry, listing, [last["id"]]) if last else None


def named(registry: Registry, repository: sqlite3.Row, image_ids: list[dict]) -> list[sqlite3.Row]:
    """The ``DETAILS`` of these identifiers' images, each once. Raises ImageNotFoundException for the first that isn't there,
    InvalidParameterException for a digest or a tag that can be none, or for neither."""
    asked: dict[int, dict] = {}
    for image_id in image_ids:
        try:
            asked.setdefault(resolve(registry, repository, image_id)["id"], image_id)
        except Failure as failure:
            if failure.code == "MissingDigestAndTag":
                raise AwsError("InvalidParameterException", failure.reason) from failure
            if failure.code in OFF_PATTERN:
                raise off_pattern(*OFF_PATTERN[failure.code]) from failure
            raise not_found(registry, repository, image_id) from failure
    rows = registry.database.all(f"SELECT {DETAILS} FROM images i WHERE i.id IN ({','.join('?' * len(asked))})", tuple(asked))
    found = {row["id"]: row for row in rows}
    for image, image_id in asked.items():
        if image not in found:  # deleted between the two looks
            raise not_found(registry, repository, image_id)
    return [found[image] for image in asked]


OFF_PATTERN = {"InvalidImageDigest": ("imageDigest", IMAGE_DIGEST), "InvalidImageTag": ("imageTag", IMAGE_TAG)}


def not_found(registry: Registry, repository: sqlite3.Row, image_id: dict) -> AwsError:
    return AwsError(
        "ImageNotFoundException",
        f"The image with imageId {as_asked(image_id)} does not exist within the repository with name '{repository['name']}' "
        f"in the registry with id '{registry.account}'",
    )


def as_asked(image_id: dict) -> str:
    """An ImageIdentifier as ECR's sentences have it: what wasn't asked by is ``null``, also where it is known."""
    digest, tag = (image_id.get(member) or "null" for member in ("imageDigest", "imageTag"))
    return f"{{imageDigest:'{digest}', imageTag:'{tag}'}}"


def identifier(digest: str, tag: str | None) -> dict[str, str]:
    """An ImageIdentifier."""
    return {"imageDigest": digest} | ({"imageTag": tag} if tag is not None else {})


def delete(registry: Registry, repository: sqlite3.Row, image_id: dict[str, str]) -> list[dict]:
    """Deletes by digest an image with all its tags; by tag that tag, and with the last tag the image. Returns what is gone.

    Raises ``Failure``; an image that an index of the repository lists stays until the index is gone.
    """
    with registry.database.write() as transaction:
        image = resolve(registry, repository, image_id)
        present = tags.of_image(registry, image["id"])
        tag = image_id.get("imageTag")
        if tag is not None and "imageDigest" not in image_id and len(present) > 1:
            transaction.execute("DELETE FROM tags WHERE repository_id = ? AND name = ?", (repository["id"], tag))
            return [identifier(image["digest"], tag)]
        _refuse_listed(registry, repository, image)
        eligibility.forget_image(registry, repository, image, present)
        departures.of_image(registry, repository, image)
        transaction.execute("DELETE FROM images WHERE id = ?", (image["id"],))
    return [identifier(image["digest"], each) for each in present] or [identifier(image["digest"], None)]


def _refuse_listed(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row) -> None:
    parents = registry.database.all(
        "SELECT DISTINCT i.digest FROM image_children c JOIN images i ON i.id = c.image_id WHERE c.repository_id = ? AND c.digest = ? ORDER BY i.id",
        (repository["id"], image["digest"]),
    )
    if parents:
        listed = ", ".join(row["digest"] for row in parents)
        raise Failure(LISTED, f"Requested image referenced by manifest list: [{listed}]")
