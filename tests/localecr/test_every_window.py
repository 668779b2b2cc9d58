"""Between any two steps of the store a process may end: nothing acknowledged is lost, nothing half-made is seen, no garbage stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import windows


@pytest.mark.skipif(not hasattr(os, "fork"), reason="ends copies of a process, which Windows can't make")
@pytest.mark.parametrize("work", windows.WORKS)
def test_a_work_that_ends_before_any_of_its_lines_leaves_a_sound_folder_and_can_be_done_again(work):
    done = subprocess.run([sys.executable, windows.__file__, work], capture_output=True, text=True, timeout=600, cwd=Path(windows.__file__).parent)
    assert done.returncode == 0, done.stdout + done.stderr
