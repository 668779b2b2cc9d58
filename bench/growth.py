"""Pages, PutImage and a moved tag in a large repository against a small one: two labs that hold one repository each.

A repository is filled by the registry's own functions before its lab starts.
"""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice, product
from pathlib import Path
from typing import Any

from bench import peers, small_images, wire
from bench.layouts import MANIFEST_TYPE
from bench.peers import ACCOUNT, REGION, Peer
from bench.rounds import Effort, warmed
from bench.table import Line

NAME, REACH, UNTAGGED = "web", 1.5, 100
MEMBERS = {"ListImages": "imageIds", "DescribeImages": "imageDetails"}
FIRST, MIDDLE, LAST = "first", "middle", "last"


def measure(effort: Effort) -> Iterator[Line]:
    most, few = effort.size(100_000, 2_000), 1_000
    calls = effort.size(6, 2)  # an even number, so that a tag moves with each call
    with ExitStack() as stack:
        large, small = (stack.enter_context(peers.lab(filled(stack, count))) for count in (most, few))

        def line(work: str, asked: Callable[[Peer, int], dict[str, Any]]) -> Line:
            """``work`` begins with the operation; ``asked`` gives the parameters of a round's calls, by number."""
            operation = work.partition(",")[0]

            def each(peer: Peer) -> float:
                requests = [wire.signed(peer.key, REGION, operation, {"repositoryName": NAME} | asked(peer, number)) for number in range(calls)]
                return wire.seconds_each(peer.url, requests)

            measured = warmed(effort.rounds * 6, lambda: each(large), lambda: each(small))
            return Line(f"{work}, {most:,} images", *measured, f"ourselves, {few:,} images", "ms", REACH)

        for operation, size in (("ListImages", 1000), ("DescribeImages", 1000), ("DescribeImages", 100)):
            places = {peer: pages(peer, operation, count, size) for peer, count in ((large, most), (small, few))}
            for place in (FIRST, MIDDLE, LAST):
                yield line(f"{operation}, {place} page of {size}", lambda peer, _: places[peer][place])
        untagged = {"maxResults": UNTAGGED, "filter": {"tagStatus": "UNTAGGED"}}
        for operation in ("ListImages", "DescribeImages"):
            yield line(f"{operation}, the {UNTAGGED} without a tag", lambda peer, _: untagged)
        fresh = manifests()
        yield line("PutImage, a new image and tag", lambda peer, _: image_to_put(next(fresh), f"v{uuid.uuid4()}"))
        two = [next(fresh), next(fresh)]
        for peer, manifest in product((large, small), two):
            peer.client().put_image(repositoryName=NAME, **image_to_put(manifest, "moving"))
        yield line("PutImage, a tag moved", lambda peer, number: image_to_put(two[number % 2], "moving"))


def image_to_put(manifest: bytes, tag: str) -> dict[str, str]:
    return {"imageManifest": manifest.decode(), "imageManifestMediaType": MANIFEST_TYPE, "imageTag": tag}


def filled(stack: ExitStack, count: int) -> Path:
    """A state folder whose repository holds ``count`` images, each with a tag but ``UNTAGGED`` of them, spread evenly."""
    import localecr
    from localecr.clock import Clock
    from localecr.registry import Lab, Registry, images, layers, repositories
    from localecr.store.blobs import Blobs
    from localecr.store.database import Database

    state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    localecr.start(state, port=0).stop()  # makes the folder as every lab's is
    database = Database(state / "lab.sqlite")
    lab = Lab(state, database, Blobs(state), Clock(database, None), b"", "", "")
    registry = Registry(lab, "private", ACCOUNT, REGION)
    config, layer, _ = small_images.image(b"of all")
    with database.write():
        repository = repositories.create(registry, NAME)
        for blob in (config, layer):
            layers.keep(registry, repository, wire.digest(blob), len(blob))
            place = lab.blobs.path(wire.digest(blob))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(blob)
        for number, manifest in enumerate(islice(manifests(), count)):
            is_tagged = number % (count // UNTAGGED) != 1
            images.put(registry, repository, manifest, media_type=MANIFEST_TYPE, tag=f"v{number}" if is_tagged else None)
    database.close()
    return state


def manifests() -> Iterator[bytes]:
    """Manifests without end that differ by an annotation, all of the same config and layer."""
    document = json.loads(small_images.image(b"of all")[2])
    while True:
        yield json.dumps(document | {"annotations": {"bench": uuid.uuid4().hex}}).encode()


def pages(peer: Peer, operation: str, count: int, size: int) -> dict[str, dict[str, Any]]:
    """What to ask for the first, a middle and the last page. Walks the whole repository, and refuses to go on if anything is missing."""
    connection, found = wire.Connection(peer.url), 0
    asked: list[dict[str, Any]] = [{"maxResults": size}]
    while True:
        answer = json.loads(connection.send(wire.signed(peer.key, REGION, operation, {"repositoryName": NAME} | asked[-1])).body)
        found += len(answer[MEMBERS[operation]])
        if not answer.get("nextToken"):
            break
        asked.append({"maxResults": size, "nextToken": answer["nextToken"]})
    connection.close()
    if found != count:
        raise wire.Refused(f"{operation} found {found} images of {count}")
    return {FIRST: asked[0], MIDDLE: asked[len(asked) // 2], LAST: asked[-1]}
