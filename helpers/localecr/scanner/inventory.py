"""What is in an image, by layer: its layers read from the bottom up, squashed, and each cataloguer asked what it knows."""

from __future__ import annotations

from localecr.scanner.model import Inventory, Subject

VERSION = 1  # of what is written into an inventory: an image whose inventory is of another version is read again


def take(subject: Subject) -> Inventory:
    """The inventory of an image. Raises Unscannable for layers that can't be read, or that are too much to read."""
    raise NotImplementedError
