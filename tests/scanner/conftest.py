"""What tests of the scanner share: an image from a description of its layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import making
import pytest
from localecr.scanner import inventory
from localecr.scanner.model import Inventory


@pytest.fixture
def image(tmp_path: Path) -> Callable[..., making.Image]:
    """``image(layer, layer, …, config={…})``, the layers from the bottom up."""
    made: list[making.Image] = []

    def make(*layers: making.MadeLayer | making.Things, **changes: Any) -> making.Image:
        made.append(making.image(tmp_path / f"image-{len(made)}", layers, **changes))
        return made[-1]

    return make


@pytest.fixture
def take(image: Callable[..., making.Image]) -> Callable[..., Inventory]:
    """The inventory of an image of such layers."""
    return lambda *layers, **changes: inventory.take(image(*layers, **changes).subject)


def named(inventory: Inventory) -> list[tuple[str, str]]:
    """Names and versions, in the inventory's order."""
    return [(each.name, each.version) for each in inventory.packages]
