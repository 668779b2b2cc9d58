"""Many small images through the distribution protocol, then DescribeImages over all of them, against ministack.

Both get the same requests over one connection that is kept open; DescribeImages is boto3's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from bench import peers, wire
from bench.layouts import CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE
from bench.peers import Peer
from bench.rounds import Effort, timed, warmed
from bench.table import Line

Image = tuple[bytes, bytes, bytes]  # config, layer, manifest


def measure(effort: Effort) -> Iterator[Line]:
    count = effort.size(200, 10)
    with peers.lab() as ours, peers.ministack() as theirs:
        for peer in (ours, theirs):
            peer.client().create_repository(repositoryName="described")
        described = images(count)
        for peer in (ours, theirs):
            push_all(peer, "described", described)

        numbers = {peer.name: iter(range(1000)) for peer in (ours, theirs)}

        def push(peer: Peer) -> float:
            """Seconds for ``count`` images that the server hasn't seen, in a repository of their own."""
            repository = f"pushed-{next(numbers[peer.name])}"
            peer.client().create_repository(repositoryName=repository)
            made = images(count)
            return timed(lambda: push_all(peer, repository, made))

        mine, others = warmed(effort.rounds, lambda: push(ours), lambda: push(theirs))
        yield Line(f"{count} small images pushed, one client", mine, others, theirs.name, "s")
        clients = {peer.name: peer.client() for peer in (ours, theirs)}
        for size in (100, 1000):

            def describe(peer: Peer) -> float:
                pages = clients[peer.name].get_paginator("describe_images").paginate(repositoryName="described", PaginationConfig={"PageSize": size})
                found: list = []
                seconds = timed(lambda: found.extend(each["imageDigest"] for page in pages for each in page["imageDetails"]))
                if len(set(found)) != count:
                    raise wire.Refused(f"{peer.name} described {len(set(found))} images of {count}")
                return seconds

            mine, others = warmed(effort.rounds * 4, lambda: describe(ours), lambda: describe(theirs))
            yield Line(f"DescribeImages over all {count}, {size} a page", mine, others, f"{theirs.name} (knows no pages)", "ms")


def images(count: int) -> list[Image]:
    """Images of a layer of 1 KB each, no two alike."""
    return [image(os.urandom(1024)) for _ in range(count)]


def image(layer: bytes) -> Image:
    """An image of one layer, which is taken as it is."""
    rootfs = {"type": "layers", "diff_ids": [wire.digest(layer)]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs}).encode()
    parts = {
        "config": {"mediaType": CONFIG_TYPE, "digest": wire.digest(config), "size": len(config)},
        "layers": [{"mediaType": LAYER_TYPE, "digest": wire.digest(layer), "size": len(layer)}],
    }
    return config, layer, json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE} | parts).encode()


def push_all(peer: Peer, repository: str, images: list[Image]) -> None:
    """Pushes images, tagged ``v0``, ``v1``…, over one connection."""
    connection, prefix, login = wire.Connection(peer.url), peer.path(repository), peer.login()
    for number, (config, layer, manifest) in enumerate(images):
        wire.push_blob(connection, prefix, login, layer)
        wire.push_blob(connection, prefix, login, config)
        wire.push_manifest(connection, prefix, login, f"v{number}", manifest, MANIFEST_TYPE)
    connection.close()
