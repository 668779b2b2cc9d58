"""dockerless' engine: local images, built, tagged, pushed and pulled, as plain Python."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from dockerless import platforms
from dockerless.blobs import Blobs
from dockerless.builder import Builder, Recipe
from dockerless.context import Context, from_folder, from_tar
from dockerless.errors import EngineError, not_found
from dockerless.images import Image, Images
from dockerless.progress import Progress, silent, status
from dockerless.reference import Reference, parse
from dockerless.registry import INDEX_TYPES, Credentials, Manifest, Registry, credentials, hostname
from dockerless.tarball import spool
from dockerless.transfer import pull, push

Auth = Mapping[str, str]  # {"username": …, "password": …}


class Engine:
    """The images below one folder. One Engine owns its folder; any number of threads may use it.

    ``progress`` is called with every event that Docker Engine would stream. All methods raise EngineError, whose text is Docker's.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.blobs = Blobs(self.folder)
        self.images = Images(self.folder, self.blobs)

    def build(
        self,
        context: Path | str | bytes | BinaryIO,
        dockerfile: str = "Dockerfile",
        tag: str | Iterable[str] = (),
        buildargs: Mapping[str, str] | None = None,
        platform: str | None = None,
        target: str | None = None,
        labels: Mapping[str, str] | None = None,
        pull: bool = False,
        auths: Mapping[str, Auth] | None = None,
        progress: Progress = silent,
    ) -> Image:
        """Builds the Dockerfile of a folder or of a tar (its bytes, or a file to read them from; gzip is fine) and tags the image.

        ``auths`` holds the credentials for a FROM, by registry; with ``pull`` the base is looked for in its registry even if it is here.
        """
        tags = [parse(each).or_latest() for each in ([tag] if isinstance(tag, str) else tag)]
        logins = {hostname(address): credentials(auth) for address, auth in (auths or {}).items() if isinstance(auth, dict)}
        wanted = platforms.parse(platform) if platform else None

        def fetch(name: str, wanted: platforms.Platform | None) -> Image:
            return self._base(name, wanted, pull, logins, progress)

        with ExitStack() as stack:
            stack.enter_context(self.images.at_work())
            recipe = Recipe(self._context(context, stack), fetch, dockerfile, buildargs or {}, labels or {}, target or "", wanted)
            image = stack.enter_context(Builder(recipe, self.images, self.blobs, progress)).run()
            self.images.name(image, *tags)
        for each in tags:
            progress({"stream": f"Successfully tagged {each}\n"})
        return image

    def _context(self, context: Path | str | bytes | BinaryIO, stack: ExitStack) -> Context:
        if isinstance(context, (Path, str)):
            return from_folder(Path(context))
        file = stack.enter_context(self.blobs.aside())
        spool(io.BytesIO(context) if isinstance(context, bytes) else context, file)
        return from_tar(Path(file.name))

    def _base(self, name: str, wanted: platforms.Platform | None, pull: bool, logins: Mapping[str, Credentials | None], progress: Progress) -> Image:
        """The image of a FROM or of a ``COPY --from``: the local one if it is right, else the registry's."""
        if not pull:
            try:
                image = self.images.find(name)
            except EngineError:
                pass
            else:
                if wanted is None or image.platform.runs(wanted):
                    return image
        reference = parse(name).or_latest()
        image = self._pull(reference, wanted, logins.get(reference.domain), progress)
        if wanted and not image.platform.runs(wanted):
            raise not_found(
                f"image with reference {reference} was found but does not match the specified platform: wanted {wanted}, actual: {image.platform}"
            )
        return image

    def push(self, name: str, tag: str = "", auth: Auth | None = None, progress: Progress = silent) -> str:
        """Pushes ``name:tag``, or every tag of ``name``, and returns the digest (of the last)."""
        reference = parse(name)
        chosen = self._tagged(reference.at(tag) if tag else reference)
        progress(status(f"The push refers to repository [{reference.name}]"))
        digest = ""
        if not chosen:
            known = self.images.tags(reference.name)
            raise EngineError(
                f"tag does not exist: {reference.at(tag)}" if known and tag else f"An image does not exist locally with the tag: {reference.name}"
            )
        with Registry(reference.domain, credentials(auth)) as registry, self.images.at_work():
            for each, image in chosen:
                digest = push(self.images, registry, each, image, progress)
                progress(status(f"{each.tag}: digest: {digest} size: {len(image.manifest)}"))
                progress({"progressDetail": {}, "aux": {"Tag": each.tag, "Digest": digest, "Size": len(image.manifest)}})
        return digest

    def _tagged(self, reference: Reference) -> list[tuple[Reference, Image]]:
        known = self.images.tags(reference.name)
        return [(reference.at(tag), image) for tag, image in known.items() if reference.tag in ("", tag)]

    def push_index(self, name: str, tag: str, images: Iterable[Image], auth: Auth | None = None, progress: Progress = silent) -> str:
        """Pushes images for several platforms, each by its digest, and an index of them under ``tag``; returns the index' digest."""
        reference = parse(name).at(tag)
        entries = []
        with Registry(reference.domain, credentials(auth)) as registry, self.images.at_work():
            for image in images:
                digest = push(self.images, registry, reference.at(image.digest), image, progress)
                entries.append({"mediaType": image.media_type, "digest": digest, "size": len(image.manifest), "platform": image.platform.fields()})
            document = {"schemaVersion": 2, "mediaType": INDEX_TYPES[0], "manifests": entries}
            index = Manifest(json.dumps(document, separators=(",", ":")).encode(), INDEX_TYPES[0])
            registry.put_manifest(reference.path, tag, index)
        progress(status(f"{tag}: digest: {index.digest} size: {len(index.data)}"))
        return index.digest

    def pull(
        self, name: str, tag_or_digest: str = "latest", platform: str | None = None, auth: Auth | None = None, progress: Progress = silent
    ) -> Image:
        """Pulls an image: of an index the one for ``platform``, or else for this computer."""
        wanted = platforms.parse(platform) if platform else None
        return self._pull(parse(name).at(tag_or_digest), wanted, credentials(auth), progress)

    def _pull(self, reference: Reference, wanted: platforms.Platform | None, login: Credentials | None, progress: Progress) -> Image:
        with Registry(reference.domain, login) as registry, self.images.at_work():
            return pull(self.images, registry, reference, wanted, progress)

    def pull_all(self, name: str, platform: str | None = None, auth: Auth | None = None, progress: Progress = silent) -> None:
        """Pulls every tag of a repository."""
        reference = parse(name)
        with Registry(reference.domain, credentials(auth)) as registry:
            tags = registry.tags(reference.path)
        for tag in tags:
            self.pull(name, tag, platform, auth, progress)

    def login(self, address: str, auth: Auth) -> None:
        """Raises EngineError unless the registry at an address takes the credentials."""
        with Registry(hostname(address), credentials(auth)) as registry:
            registry.check_login()

    def tag(self, image: str, repository: str, tag: str = "") -> None:
        """Gives a local image one more name."""
        reference = parse(repository)
        self.images.name(self.images.find(image), reference.at(tag) if tag else reference.or_latest())
