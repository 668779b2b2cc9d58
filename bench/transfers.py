"""Large images, pushed and pulled with skopeo, against CNCF distribution.

Both registries check a password and write to the same disk; what skopeo reads and writes itself lies in memory where there is enough,
so that the disk is theirs. A pull follows its push, so both read what the system still holds in memory.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from bench import layouts, machine, peers, skopeo
from bench.peers import Peer
from bench.rounds import Effort, interleave
from bench.table import Line


def measure(effort: Effort) -> Iterator[Line]:
    skopeo.require()
    large, small = effort.size(500, 20), effort.size(5, 1)
    with peers.lab() as ours, peers.distribution() as theirs, tempfile.TemporaryDirectory(dir=_in_memory(4 * large)) as folder:
        ours.client().create_repository(repositoryName="bench")
        for title, layers, megabytes in ((f"one layer of {large} MB", 1, large), (f"40 layers of {small} MB", 40, small)):

            def both_ways(peer: Peer) -> tuple[float, float]:
                """Seconds to push and to pull an image of layers that no registry has seen."""
                layouts.write(source := Path(folder) / uuid.uuid4().hex, layers, megabytes)
                seconds = skopeo.push(peer, source), skopeo.pull(peer, source.name, Path(folder) / "pulled")
                shutil.rmtree(source)
                return seconds

            mine, others = interleave(effort.rounds, lambda: both_ways(ours), lambda: both_ways(theirs))
            for way, name in enumerate(("push", "pull")):
                yield Line(f"skopeo {name}, {title}", [each[way] for each in mine], [each[way] for each in others], theirs.name, "s")


def _in_memory(megabytes: int) -> str | None:
    """Linux's folder in memory if it has that much room, else None: the usual place for temporary files."""
    folder = Path("/dev/shm")
    return str(folder) if folder.is_dir() and shutil.disk_usage(folder).free > megabytes * machine.MB else None
