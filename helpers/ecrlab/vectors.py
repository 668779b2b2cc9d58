"""CVSS vectors taken apart: what each of their metrics is called, and what its value means to a person."""

from __future__ import annotations

from dataclasses import dataclass

# FIRST: CVSS v3.1 specification, base metrics; versions 2 and 4 have most of them too
MEANINGS = {
    "AV": {
        "N": "From afar, over the network.",
        "A": "From the same local network.",
        "L": "By somebody, or something, that runs on this machine.",
        "P": "By somebody who can touch the machine.",
    },
    "AC": {"L": "Whenever it is tried.", "H": "Only when something else falls into place."},
    "PR": {"N": "No account is needed.", "L": "An ordinary account is needed.", "H": "An administrator's account is needed."},
    "UI": {"N": "Nobody else has to do anything.", "R": "Somebody has to be led to do something, such as open a file."},
    "S": {"U": "The harm stays within what is vulnerable.", "C": "The harm reaches beyond what is vulnerable."},
    "C": {"H": "All that is there can be read.", "L": "Some of it can be read.", "N": "Nothing can be read."},
    "I": {"H": "All that is there can be changed.", "L": "Some of it can be changed.", "N": "Nothing can be changed."},
    "A": {"H": "It can be brought down.", "L": "It can be disturbed.", "N": "It keeps running."},
}


@dataclass(frozen=True)
class Metric:
    """A part of a vector: as it is written (`AV:N`), its name, its value's name, and what that means where we have words for it."""

    written: str
    name: str
    value: str
    meaning: str


def version(vector: str) -> str:
    """`3.1` of `CVSS:3.1/AV:N/…`; a vector of version 2 names none."""
    return vector.split("/")[0].removeprefix("CVSS:") if vector.startswith("CVSS:") else "2.0"


def metrics(vector: str) -> list[Metric]:
    """The parts of a vector of any version, in its order; none of one that can't be read."""
    names, values = _names(version(vector))
    parts = [part.partition(":") for part in vector.split("/") if not part.startswith("CVSS:")]
    return [
        Metric(f"{key}:{value}", names[key], values[key][value], MEANINGS.get(key, {}).get(value, ""))
        for key, _, value in parts
        if value in values.get(key, {})
    ]


def _names(version: str) -> tuple[dict, dict]:
    """What the cvss library calls metrics and their values."""
    from cvss import constants2, constants3, constants4

    known = {"2": constants2, "3": constants3, "4": constants4}.get(version[:1], constants3)
    return known.METRICS_ABBREVIATIONS, known.METRICS_VALUE_NAMES
