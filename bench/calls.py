"""CreateRepository, DescribeRepositories and ListImages over HTTP, one client and eight, against moto server.

The same bytes go to both: signed beforehand (the lab checks signatures, moto server doesn't), over connections kept open. Both hold the
same repositories and images, few enough for one page, since moto server knows no pages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count

from bench import peers, small_images, wire
from bench.layouts import MANIFEST_TYPE
from bench.peers import REGION, Peer
from bench.rounds import Effort, warmed
from bench.table import Line

REPOSITORIES, IMAGES = 20, 100
ELSEWHERE = "eu-west-1"  # where repositories are made, so that what is described stays the same
# operation → Region, parameters, and the member of the answer with its length (None: each call has a name of its own)
CALLS = {
    "CreateRepository": (ELSEWHERE, None, "repository", None),
    "DescribeRepositories": (REGION, {}, "repositories", REPOSITORIES),
    "ListImages": (REGION, {"repositoryName": "web-0", "maxResults": 1000}, "imageIds", IMAGES),
}


def measure(effort: Effort) -> Iterator[Line]:
    number, names = effort.size(64, 16), count()
    with peers.lab() as ours, peers.moto() as theirs:
        fill(ours, theirs)
        for operation, (region, parameters, member, length) in CALLS.items():
            for peer in (ours, theirs):
                _check(peer, wire.signed(ours.key, region, operation, parameters or {"repositoryName": f"checked-{next(names)}"}), member, length)
            for clients in (1, 8):

                def each(peer: Peer) -> float:
                    requests = [
                        wire.signed(ours.key, region, operation, {"repositoryName": f"made-{next(names)}"} if parameters is None else parameters)
                        for _ in range(number)
                    ]
                    return wire.seconds_each(peer.url, requests, clients)

                mine, others = warmed(effort.rounds * 5, lambda: each(ours), lambda: each(theirs))
                who = "one client" if clients == 1 else "eight clients"
                yield Line(f"{operation}, {who}, each call", mine, others, theirs.name, "ms")


def fill(ours: Peer, theirs: Peer) -> None:
    """The same repositories in both, and the same images in the first, put there by PutImage."""
    made = [small_images.image(b"%d" % number) for number in range(IMAGES)]
    for peer in (ours, theirs):
        ecr = peer.client()
        for number in range(REPOSITORIES):
            ecr.create_repository(repositoryName=f"web-{number}")
        if peer is ours:  # PutImage refuses a manifest whose layers aren't there; moto server has no layers
            connection = wire.Connection(peer.url)
            for config, layer, _ in made:
                wire.push_blob(connection, peer.path("web-0"), peer.login(), layer)
                wire.push_blob(connection, peer.path("web-0"), peer.login(), config)
            connection.close()
        for number, (_, _, manifest) in enumerate(made):
            ecr.put_image(repositoryName="web-0", imageManifest=manifest.decode(), imageManifestMediaType=MANIFEST_TYPE, imageTag=f"v{number}")


def _check(peer: Peer, request: wire.Request, member: str, length: int | None) -> None:
    """That a call's answer is what it should be, before any is timed."""
    connection = wire.Connection(peer.url)
    found = json.loads(connection.send(request).body)[member]
    connection.close()
    if length is not None and len(found) != length:
        raise wire.Refused(f"{peer.name} answered with {len(found)} {member}, not {length}")
