"""Pages, PutImage and a moved tag in a large repository against a small one: two labs that hold one repository each.

A repository is filled by the registry's own functions before its lab starts.
"""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import peers, small_images, wire
from bench.layouts import MANIFEST_TYPE
from bench.peers import ACCOUNT, REGION, Peer
from bench.rounds import Effort, warmed
from bench.table import Line

NAME, REACH, UNTAGGED = "web", 1.5, 100
FIRST, MIDDLE, LAST = "first", "middle", "last"


def measure(effort: Effort) -> Iterator[Line]:
    most, few = effort.size(100_000, 5_000), 1_000
    with ExitStack() as stack:
        large, small = (stack.enter_context(peers.lab(filled(stack, count))) for count in (most, few))
        against = f"ourselves, {few:,} images"
        calls = effort.size(20, 4)

        def line(work: str, parameters: dict[Peer, Callable[[int], tuple[str, dict[str, Any]]]]) -> Line:
            def each(peer: Peer) -> float:
                return wire.seconds_each(peer.url, [wire.signed(peer.key, REGION, *parameters[peer](number)) for number in range(calls)])

            return Line(f"{work}, {most:,} images", *warmed(effort.rounds * 2, lambda: each(large), lambda: each(small)), against, "ms", REACH)

        for operation, member, size in (("ListImages", "imageIds", 1000), ("DescribeImages", "imageDetails", 1000), ("DescribeImages", "imageDetails", 100)):
            places = {peer: pages(peer, operation, member, count, size) for peer, count in ((large, most), (small, few))}
            for place in (FIRST, MIDDLE, LAST):
                asked = {peer: {"repositoryName": NAME, "maxResults": size} | places[peer][place] for peer in (large, small)}
                yield line(f"{operation}, {place} page of {size}", {peer: lambda number, each=each: (operation, each) for peer, each in asked.items()})
        untagged = {"repositoryName": NAME, "maxResults": UNTAGGED, "filter": {"tagStatus": "UNTAGGED"}}
        for operation in ("ListImages", "DescribeImages"):
            yield line(f"{operation}, the {UNTAGGED} that have no tag", {peer: lambda number: (operation, untagged) for peer in (large, small)})
        fresh = {peer: iter(manifests(1 << 40)) for peer in (large, small)}
        put = {"repositoryName": NAME, "imageManifestMediaType": MANIFEST_TYPE}
        yield line(
            "PutImage, a new image with a new tag",
            {peer: lambda number, peer=peer: ("PutImage", put | {"imageManifest": (one := next(fresh[peer])).decode(), "imageTag": wire.digest(one)[-20:]}) for peer in fresh},
        )
        known = {peer: [each.decode() for each in (next(fresh[peer]), next(fresh[peer]))] for peer in fresh}
        for peer, two in known.items():
            for manifest in two:
                peer.client().put_image(repositoryName=NAME, imageManifest=manifest, imageManifestMediaType=MANIFEST_TYPE)
        yield line("PutImage, a tag moved", {peer: lambda number, peer=peer: ("PutImage", put | {"imageManifest": known[peer][number % 2], "imageTag": "v0"}) for peer in known})


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
    lab = Lab(database, Blobs(state), Clock(database, None), b"", "", "")
    registry = Registry(lab, "private", ACCOUNT, REGION)
    config, layer, _ = small_images.image(b"of all")
    with database.write():
        repository = repositories.create(registry, NAME)
        for blob in (config, layer):
            layers.keep(registry, repository, wire.digest(blob), len(blob))
            place = lab.blobs.path(wire.digest(blob))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(blob)
        for number, manifest in enumerate(manifests(count)):
            is_tagged = number % (count // UNTAGGED) != 1
            images.put(registry, repository, manifest, media_type=MANIFEST_TYPE, tag=f"v{number}" if is_tagged else None)
    database.close()
    return state


def manifests(count: int) -> Iterator[bytes]:
    """Manifests that differ by an annotation, all of the same config and layer."""
    document = json.loads(small_images.image(b"of all")[2])
    made = uuid.uuid4()
    for number in range(count):
        yield json.dumps(document | {"annotations": {"bench": f"{made}-{number}"}}).encode()


def pages(peer: Peer, operation: str, member: str, count: int, size: int) -> dict[str, dict[str, str]]:
    """What to ask with for the first, a middle and the last page. Walks the whole repository, and refuses to go on if any is missing."""
    connection, found, asked = wire.Connection(peer.url), 0, {}
    tokens: list[dict[str, str]] = []
    while True:
        tokens.append(asked)
        answer = json.loads(connection.send(wire.signed(peer.key, REGION, operation, {"repositoryName": NAME, "maxResults": size} | asked)).body)
        found += len(answer[member])
        if not answer.get("nextToken"):
            break
        asked = {"nextToken": answer["nextToken"]}
    connection.close()
    if found != count:
        raise wire.Refused(f"{operation} found {found} images of {count}")
    return {FIRST: tokens[0], MIDDLE: tokens[len(tokens) // 2], LAST: tokens[-1]}
