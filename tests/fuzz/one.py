"""One target under atheris, in a process of its own: ``python one.py <target> <libFuzzer's options>``. Started by ``python tests/fuzz``."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import atheris

logging.disable(logging.CRITICAL)
with atheris.instrument_imports(include=["localecr", "dockerless"]):
    import dockerless.api
    import dockerless.archive  # noqa: F401
    import localecr.ecr_public
    import localecr.gateway
    import localecr.serving  # noqa: F401

sys.path.insert(0, str(Path(__file__).parent))
from targets import TARGETS

run = TARGETS[sys.argv[1]].run
run(TARGETS[sys.argv[1]].seeds[0])  # the slow part of the first run doesn't count
atheris.Setup([sys.argv[0], *sys.argv[2:]], run)
atheris.Fuzz()
