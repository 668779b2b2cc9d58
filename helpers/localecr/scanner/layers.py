"""Layers as they lie on the disk, read as streams of what is in them: never a whole layer in memory, and nothing written anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from localecr.scanner.media_types import CONFIGS, LAYERS
from localecr.scanner.model import LayerFile, Subject, Unscannable
from localecr.scanner.streams import Unreadable
from localecr.scanner.tar import Tar
from localecr.scanner.unpacking import Budget, unpacked


def refuse_other_than_images(subject: Subject) -> None:
    """Raises Unscannable (UNSUPPORTED_IMAGE) for an artifact that isn't a container image: a chart, a signature, an attestation."""
    config = subject.manifest.get("config")
    kind = config.get("mediaType") if isinstance(config, dict) else None
    if kind not in CONFIGS:
        raise Unscannable("UNSUPPORTED_IMAGE", f"This isn't a container image: its config is of the type {kind}.")
    for layer in subject.layers:
        if not layer.media_type.startswith(LAYERS) or layer.media_type.endswith("+encrypted"):
            raise Unscannable("UNSUPPORTED_IMAGE", f"This isn't a container image that can be read: it has a layer of the type {layer.media_type}.")


@contextmanager
def opened(layer: LayerFile, budget: Budget) -> Iterator[Tar]:
    """A layer's entries. How it is packed is told by its first bytes, since media types are often wrong.

    Raises Unscannable, also for what the body of the ``with`` finds Unreadable.
    """
    try:
        with open(layer.path, "rb") as file:
            stream = unpacked(file, budget)
            yield Tar(stream, budget)
            for _ in stream.pieces():  # to the end, where the sum of a damaged one is found wrong
                pass
    except FileNotFoundError:
        if "foreign" in layer.media_type or "nondistributable" in layer.media_type:
            raise Unscannable("UNSUPPORTED_IMAGE", f"The layer {layer.digest} isn't in the registry: its makers keep it themselves.") from None
        raise Unscannable("FAILED", f"The layer {layer.digest} isn't there. Push the image again.") from None
    except OSError as error:
        raise Unscannable("FAILED", f"The layer {layer.digest} can't be read: {error.strerror or error}.") from error
    except Unreadable as error:
        raise Unscannable("FAILED", f"The layer {layer.digest} {error}.") from error
