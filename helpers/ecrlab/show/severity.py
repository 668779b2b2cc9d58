"""How severities look: a word with a shape before it and a colour beside it, so that none of the three has to be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ecrlab.findings import SEVERITIES, rank
from ecrlab.show import html

# severity → its shape and colour
SIGNS = {
    "CRITICAL": ("◆", html.VERMILLION),
    "HIGH": ("▲", html.ORANGE),
    "MEDIUM": ("■", html.PURPLE),
    "LOW": ("●", html.SKY),
    "INFORMATIONAL": ("○", html.GREY),
    "UNDEFINED": ("?", html.GREY),
    "UNTRIAGED": ("?", html.GREY),
}


def word(severity: str) -> str:
    """`◆ CRITICAL`"""
    return f"{_sign(severity)[0]} {severity}"


def mark(severity: str) -> html.Html:
    """The word in a frame of its colour; its shape isn't read aloud."""
    shape, colour = _sign(severity)
    style = f"border-left:5px solid {colour};padding-left:6px;white-space:nowrap;color:{html.INK}"
    return html.element("span", html.element("span", f"{shape} ", aria_hidden="true"), severity, style=style)


def colour(severity: str) -> str:
    return _sign(severity)[1]


def count(severities: Iterable[str]) -> dict[str, int]:
    """How often each severity occurs, the worst first."""
    return ordered(Counter(severities))


def ordered(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by severity, the worst first, without those that are zero."""
    return {name: counts[name] for name in sorted(counts, key=rank) if counts[name]}


def tell(counts: Mapping[str, int]) -> str:
    """`1 critical, 3 high`; `none`."""
    return ", ".join(f"{number} {name.lower()}" for name, number in ordered(counts).items()) or "none"


def _sign(severity: str) -> tuple[str, str]:
    return SIGNS.get(severity, SIGNS[SEVERITIES[-1]])
