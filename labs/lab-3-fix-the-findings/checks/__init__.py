"""Lab 3's checks: which repositories are scanned and how often, what Inspector found in each version of tickets, and what lies in its layers."""

from . import base, filters, library, release, rules, tool, worst_layer
from .wren import prepare as prepare

CHECKS = {
    "scanning": rules.check,
    "worst-layer": worst_layer.check,
    "base": base.check,
    "library": library.check,
    "tool": tool.check,
    "unfixed": filters.check,
    "release": release.check,
}
