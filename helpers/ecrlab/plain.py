"""Whether to draw for a person who watches, or plainly for a run without one."""

import os
import sys


def plain() -> bool:
    """True where nobody can click: `ECRLAB_PLAIN=1`, or no notebook around.

    Plain output has no widgets and no live updates, only final results, the same at every run.
    """
    return os.environ.get("ECRLAB_PLAIN", "") not in ("", "0") or not in_notebook()


def in_notebook() -> bool:
    """True inside a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None
