"""What the scanner is given of an image: what is known to be in it, or else the image as it lies on the disk."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from localecr.registry import Lab
from localecr.scanner import inventory
from localecr.scanner.model import Inventory, LayerFile, Subject, Unscannable

LARGEST_CONFIG = 1 << 24  # bytes


def of(lab: Lab, image: sqlite3.Row) -> Subject | Inventory:
    """An image's inventory, if one was taken; else its files. Raises Unscannable where they aren't there, or are none of an image."""
    kept = lab.database.one("SELECT inventory FROM inventories WHERE digest = ? AND version = ?", (image["digest"], inventory.VERSION))
    if kept is not None:
        return Inventory.of_json(json.loads(kept["inventory"]))
    manifest = json.loads(image["manifest"])
    return Subject(image["digest"], manifest, _config(lab, manifest["config"]["digest"]), tuple(_layer(lab, each) for each in manifest["layers"]))


def keep(lab: Lab, taken: Inventory) -> None:
    """Remembers what is in an image; call it within a transaction."""
    with lab.database.write() as transaction:
        transaction.execute(
            "INSERT OR REPLACE INTO inventories (digest, version, inventory) VALUES (?, ?, ?)",
            (taken.digest, inventory.VERSION, json.dumps(taken.as_json(), separators=(",", ":"))),
        )


def _config(lab: Lab, digest: str) -> dict[str, Any]:
    try:
        with lab.blobs.open(digest) as file:
            document = json.loads(file.read(LARGEST_CONFIG))
    except FileNotFoundError as error:
        raise Unscannable("FAILED", f"The registry doesn't hold {digest}, which the image needs.") from error
    except (ValueError, RecursionError) as error:
        raise Unscannable("FAILED", "The image's config is no JSON.") from error
    if not isinstance(document, dict):
        raise Unscannable("FAILED", "The image's config is no JSON object.")
    return document


def _layer(lab: Lab, descriptor: dict[str, Any]) -> LayerFile:
    path = lab.blobs.path(descriptor["digest"])
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        size = descriptor["size"]  # who reads it says what that it isn't there means
    return LayerFile(descriptor["digest"], descriptor["mediaType"], size, str(path))
