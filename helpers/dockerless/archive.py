"""``docker save`` and ``docker load``: images in one tar, as an OCI layout that also has Docker's own ``manifest.json``.

Sources: OCI image spec, "Image Layout"; Docker Engine API, "Export an image" ("Image tarball format").
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from dockerless.blobs import CHUNK, Blobs
from dockerless.configuration import diff_ids
from dockerless.deflate import GzipWriter, Sink
from dockerless.engine import Engine
from dockerless.errors import EngineError, invalid, no_such_image
from dockerless.images import Image
from dockerless.layers import TAR_GZIP, Layer, write_tar
from dockerless.progress import Progress
from dockerless.reference import Reference, parse
from dockerless.tarball import read_tree, spool
from dockerless.transfer import NONSENSE, examine
from dockerless.tree import FILE, Node, Outside, Tree

LARGEST_DOCUMENT = 4 << 20  # bytes of a manifest, an index or a configuration
NAME = "io.containerd.image.name"


def save(engine: Engine, names: Iterable[str], sink: Sink) -> None:
    """Writes the images to a tar, each with the tag that it was asked for by, or with all its tags for a repository."""
    chosen = [(image, reference) for name in names for image, reference in _chosen(engine, name)]
    files: dict[str, Node] = {"oci-layout": _text({"imageLayoutVersion": "1.0.0"})}
    docker: dict[str, dict[str, Any]] = {}
    entries = []
    for image, reference in chosen:
        for digest in (image.id, image.digest, *(layer.digest for layer in image.layers)):
            files[_place(digest)] = _blob(engine.blobs, digest)
        layers = [_place(layer.digest) for layer in image.layers]
        of_image = docker.setdefault(image.id, {"Config": _place(image.id), "RepoTags": [], "Layers": layers})
        entry = {"mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest), "platform": image.platform.fields()}
        if reference:
            of_image["RepoTags"].append(str(reference))
            entry["annotations"] = {NAME: str(reference)}
        entries.append(entry)
    files["index.json"] = _text({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries})
    files["manifest.json"] = _text(list(docker.values()))
    write_tar(files.items(), sink)


def _chosen(engine: Engine, name: str) -> list[tuple[Image, Reference | None]]:
    try:
        image = engine.images.find(name)
    except EngineError:
        raise no_such_image(name) from None
    try:
        reference = parse(name)
    except EngineError:
        return [(image, None)]
    if reference.tag:
        return [(image, reference)]
    return [(each, reference.at(tag)) for tag, each in engine.images.tags(reference.name).items()] or [(image, None)]


def _place(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _text(document: Any) -> Node:
    data = json.dumps(document).encode()
    return Node(FILE, 0o644, len(data), open=lambda: io.BytesIO(data))


def _blob(blobs: Blobs, digest: str) -> Node:
    return Node(FILE, 0o644, blobs.size(digest), open=lambda: blobs.open(digest))


def load(engine: Engine, stream: BinaryIO, progress: Progress) -> None:
    """Keeps the images of such a tar, whoever wrote it. Raises EngineError (400) where it isn't one."""
    with engine.images.at_work(), engine.blobs.aside() as file:
        spool(stream, file)
        tree = read_tree(Path(file.name))
        for config, paths, tags in _entries(tree):
            layers = [_load_layer(engine.blobs, tree, path) for path in paths]
            if [layer.diff_id for layer in layers] != diff_ids(config):
                raise invalid("invalid archive: the layers of an image are not those that its configuration names")
            image = engine.images.add(config, layers)
            for tag in tags:
                engine.images.name(image, tag)
                progress({"stream": f"Loaded image: {tag}\n"})
            if not tags:
                progress({"stream": f"Loaded image ID: {image.id}\n"})


def _entries(tree: Tree) -> list[tuple[bytes, list[str], list[Reference]]]:
    """Each image's configuration, the paths of its layers, and its names."""
    try:
        entries = _read_json(tree, "manifest.json") or _from_layout(tree)
        found = [(_content(tree, each["Config"]), list(each["Layers"]), [parse(tag).or_latest() for tag in each.get("RepoTags") or []]) for each in entries]
        for config, paths, _ in found:
            if not all(isinstance(path, str) for path in paths) or len(diff_ids(config)) != len(paths):
                raise ValueError("an image's layers are not those of its configuration")
    except NONSENSE as error:
        raise invalid(f"invalid archive: its descriptions make no sense ({error!r:.200})") from error
    return found


def _from_layout(tree: Tree) -> list[dict[str, Any]]:
    """An OCI layout's images as entries of a ``manifest.json``."""
    index = _read_json(tree, "index.json")
    if index is None:
        raise invalid("invalid archive: it has neither a manifest.json nor an index.json")
    entries = []
    for descriptor in index["manifests"]:
        manifest = json.loads(_content(tree, _place(descriptor["digest"])))
        if "layers" not in manifest:
            raise invalid("invalid archive: dockerless loads images for one platform, and this one holds an index of several")
        names = descriptor.get("annotations", {})
        tags = [names[NAME]] if NAME in names else []
        layers = [_place(layer["digest"]) for layer in manifest["layers"]]
        entries.append({"Config": _place(manifest["config"]["digest"]), "Layers": layers, "RepoTags": tags})
    return entries


def _file(tree: Tree, path: str) -> Node:
    try:
        node = tree.get(tree.resolve(path, inside=True))
    except Outside:
        raise invalid(f"invalid archive: {path} leads out of it") from None
    if node is None or node.kind != FILE:
        raise invalid(f"invalid archive: {path} is missing")
    return node


def _content(tree: Tree, path: str) -> bytes:
    node = _file(tree, path)
    if node.size > LARGEST_DOCUMENT:
        raise invalid(f"invalid archive: {path} has {node.size} bytes, and a description at most {LARGEST_DOCUMENT}")
    with node.open() as file:
        return file.read(node.size)


def _read_json(tree: Tree, path: str) -> Any:
    return json.loads(_content(tree, path)) if tree.get(path) else None


def _load_layer(blobs: Blobs, tree: Tree, path: str) -> Layer:
    """Keeps a layer; a tar that isn't compressed is compressed, so that it travels as any other."""
    node = _file(tree, path)
    with node.open() as file, blobs.writer() as writer:
        head = file.read(min(CHUNK, node.size))
        compressed = head.startswith(b"\x1f\x8b")
        sink = writer if compressed else GzipWriter(writer)
        while head:
            sink.write(head)
            head = file.read(CHUNK)
        if isinstance(sink, GzipWriter):
            sink.close()
        digest = writer.keep()
    return examine(blobs, digest, writer.size, TAR_GZIP)
