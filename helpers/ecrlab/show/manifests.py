"""Reading manifests and configurations through a plain boto3 client."""

import json
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

from ecrlab.show import html, words
from ecrlab.show.picture import Picture


class Missing(Exception):
    """There is nothing of that name to draw."""

    def picture(self) -> Picture:
        """The sentence that stands where the picture would."""
        return Picture(html.card(html.paragraph(str(self))), str(self))


@dataclass(frozen=True)
class Manifest:
    """What a tag or a digest names: `kind` is `image` or `index`, `document` the manifest itself."""

    digest: str
    kind: str
    document: dict


def manifest(ecr, repository: str, name: str) -> Manifest:
    """The manifest that a tag or a digest names. Raises Missing where there is none.

    AWS: BatchGetImage with every media type accepted, since without them an index may not come as it is.
    """
    image_id = {"imageDigest": name} if name.startswith("sha256:") else {"imageTag": name}
    try:
        answer = ecr.batch_get_image(
            repositoryName=repository, imageIds=[image_id], acceptedMediaTypes=words.MEDIA_TYPES
        )
    except ecr.exceptions.RepositoryNotFoundException:
        raise Missing(f"There is no repository {repository} here yet, so nothing to draw.") from None
    if not answer["images"]:
        separator = "@" if name.startswith("sha256:") else ":"
        raise Missing(f"There is no image {repository}{separator}{name} here yet, so nothing to draw.")
    image = answer["images"][0]
    document = json.loads(image["imageManifest"])
    media_type = image.get("imageManifestMediaType") or document.get("mediaType")
    return Manifest(image["imageId"]["imageDigest"], words.kind(media_type), document)


def configuration(ecr, repository: str, manifest: Manifest) -> dict:
    """An image's configuration: its platform, and the history of how its layers came to be.

    AWS: GetDownloadUrlForLayer gives a signed address, which is then read like any other.
    """
    digest = manifest.document["config"]["digest"]
    answer = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)
    return json.loads(_read(answer["downloadUrl"]))


def _read(url: str) -> bytes:
    # a proxy between us and this very machine could only be in the way
    local = urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if local else []))
    with opener.open(url, timeout=30) as answer:
        return answer.read()


def platform(described: dict | None) -> str:
    """A platform as Docker writes it: `linux/amd64`, `linux/arm/v7`."""
    described = described or {}
    parts = (described.get("os"), described.get("architecture"), described.get("variant"))
    return "/".join(part for part in parts if part) or "unknown"
