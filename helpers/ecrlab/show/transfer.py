"""What the events of a push or a pull say, layer by layer.

Docker Engine API: the progress of `POST /images/{name}/push` and `POST /images/create`. Engines differ:
the classic image store names layers by what is in them unpacked and its sizes are unpacked sizes; the
containerd store names them by their digest, sizes are compressed, and the digest of what was pushed comes only in
a sentence (`1.0: digest: sha256:… size: 946`).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

_DIGEST = re.compile(r"[Dd]igest: (sha256:[0-9a-f]{64})")
_REPOSITORY = re.compile(r"The push refers to repository \[(.+)\]|Pulling from (.+)")
# what stands before a repository's name: the local address, and the registry's
_ADDRESS = re.compile(r"^(localhost(:\d+)?/)?([^/]*[.:][^/]*/)?")

# The last word of an engine on a layer → what became of it, in ours.
_OUTCOMES = {
    "Pushed": "pushed",
    "Layer already exists": "already exists",
    "Already exists": "already exists",
    "Pull complete": "pulled",
    "Download complete": "pulled",
    "Unavailable": "not here",
}
_UNDER_WAY = {
    "Preparing": "preparing",
    "Waiting": "waiting",
    "Pulling fs layer": "waiting",
    "Pushing": "pushing",
    "Downloading": "downloading",
    "Verifying Checksum": "downloading",
    "Extracting": "unpacking",
}


@dataclass
class Layer:
    """One layer on its way: `outcome` is its last known state, `size` in bytes where the engine told it."""

    id: str
    outcome: str = "waiting"
    size: int | None = None
    current: int = 0
    settled: bool = False

    @property
    def travelled(self) -> bool:
        """Whether its bytes went over the wire."""
        return self.outcome in ("pushed", "pulled")


@dataclass
class Transfer:
    """A push or a pull so far; `repository` is its name without an address, `layers` begin with the lowest."""

    repository: str = ""
    digest: str | None = None
    error: str | None = None
    layers: list[Layer] = field(default_factory=list)
    from_the_top: bool = False

    def layer(self, id: str) -> Layer:
        """The layer of this id, new if it wasn't seen before."""
        for each in self.layers:
            if each.id == id:
                return each
        new = Layer(id)
        self.layers.insert(0 if self.from_the_top else len(self.layers), new)
        return new

    def read(self, event: dict) -> None:
        """Take in one event."""
        if "error" in event:
            self.error = event["error"]
        self.digest = (event.get("aux") or {}).get("Digest", self.digest)
        status = event.get("status", "")
        if "id" in event and _speaks_of_a_layer(status):
            self.from_the_top |= status == "Preparing"  # the classic image store begins with the uppermost layer
            self._read_layer(self.layer(event["id"]), status, event.get("progressDetail") or {})
        elif found := _REPOSITORY.match(status):
            self.repository = _ADDRESS.sub("", found[1] or found[2])
        elif found := _DIGEST.search(status):
            self.digest = found[1]

    def _read_layer(self, layer: Layer, status: str, progress: dict) -> None:
        if progress.get("total"):
            layer.size = progress["total"]
        layer.current = min(progress.get("current", 0), layer.size or 0)
        layer.settled = status in _OUTCOMES or status.startswith("Mounted from")
        layer.outcome = "mounted" if status.startswith("Mounted from") else _OUTCOMES.get(status) or _UNDER_WAY[status]

    @property
    def sent(self) -> int:
        """Bytes that travelled, as far as the engine told them."""
        return sum(layer.size or 0 for layer in self.layers if layer.travelled)

    @property
    def total(self) -> int | None:
        """Bytes of all layers, or None where the engine kept silent about one."""
        sizes = [layer.size for layer in self.layers]
        return None if None in sizes else sum(sizes)


def _speaks_of_a_layer(status: str) -> bool:
    return status in _OUTCOMES or status in _UNDER_WAY or status.startswith("Mounted from")


def follow(events: Iterable[dict], read: Callable[[dict], None]) -> Iterator[None]:
    """Read events one by one. What the engine raises on the way becomes one last event of the kind `error`."""
    import docker.errors

    try:
        for event in events:
            read(event)
            yield
    except docker.errors.APIError as error:
        read({"error": error.explanation or str(error)})
        yield
