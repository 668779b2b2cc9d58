"""The most memory that a server holds while one large image is pushed and pulled with skopeo, against ministack; a fresh server each time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import layouts, machine, peers, skopeo
from bench.rounds import Effort, interleave
from bench.table import Line, Missing

MOST = 200.0  # MB that the lab may take, whatever an image's size


def measure(effort: Effort) -> Iterator[Line]:
    skopeo.require()
    if not machine.counts_memory():
        raise Missing("this system doesn't say how much memory a process took, as Linux does")
    large, small = effort.size(2000, 100), effort.size(200, 10)
    rounds = min(effort.rounds, 2)  # a peak hardly varies, and moving 2 GB takes a while
    with tempfile.TemporaryDirectory() as folder:
        images = {size: Path(folder) / f"image-{size}" for size in (large, small)}
        for size, image in images.items():
            layouts.write(image, 1, size)

        def peak(server, size: int) -> float:
            with server() as peer:
                peer.client().create_repository(repositoryName="bench")
                skopeo.push(peer, images[size])
                skopeo.pull(peer, images[size].name, Path(folder) / "pulled")
                return machine.peak_memory(peer.pid)

        ours, theirs = interleave(rounds, lambda: peak(peers.lab, large), lambda: peak(peers.ministack, large))
        yield Line(f"peak memory, {large} MB pushed and pulled", ours, theirs, "ministack", "MB")
        yield Line(f"peak memory, {large} MB pushed and pulled", ours, [MOST], "the bound", "MB")
        yield Line(f"peak memory, {large} MB against {small} MB", ours, [peak(peers.lab, small) for _ in range(rounds)], "ourselves", "MB", reach=1.1)
