"""The benchmarks measure what they say: turns are fair, an answer that is no success counts for nothing, what can't be measured is said."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import rounds, wire
from bench.table import Line
from localecr.server import Endpoint

ROOT = Path(__file__).parent.parent


@pytest.fixture
def bench() -> Callable[..., str]:
    """`bench("growth", …)`: what `python -m bench` prints, in its small sizes."""

    def run(*words: str, **environment: str) -> str:
        line = [sys.executable, "-m", "bench", "--quick", "--rounds", "1", *words]
        return subprocess.run(line, cwd=ROOT, env=os.environ | environment, check=True, capture_output=True, text=True, timeout=300).stdout

    return run


def test_turns_are_ours_theirs_theirs_ours():
    turns: list[str] = []
    ours, theirs = rounds.interleave(4, lambda: turns.append("ours") or 1, lambda: turns.append("theirs") or 2)
    assert " ".join(turns) == "ours theirs theirs ours ours theirs theirs ours"
    assert ours == [1] * 4 and theirs == [2] * 4


def test_a_ratio_is_our_median_divided_by_the_peers():
    line = Line("a work", ours=[0.1, 9.0, 0.2], theirs=[0.4, 0.5, 0.0001], peer="a peer", unit="s")
    assert line.ratio == 0.5
    assert line.cells() == ["a work", "0.20 s", "0.40 s", "0.50", "a peer", "3 × 3", ""]


def test_a_ratio_over_what_is_wanted_is_marked():
    assert Line("a work", [3.2], [2.0], "a peer", "s", reach=1.5).cells()[-1] == "over 1.5"


def test_a_call_that_is_refused_is_not_measured(lab_endpoint: Endpoint):
    forged = wire.signed(("AKIAIOSFODNN7EXAMPLE", "secret"), "us-east-1", "DescribeRepositories", {})
    with pytest.raises(wire.Refused, match="UnrecognizedClientException"):
        wire.seconds_each(lab_endpoint.url, [forged])


def test_what_cannot_be_measured_is_said_in_a_sentence(bench, tmp_path: Path):
    said = bench("transfers", PATH=str(tmp_path))
    assert "Not measured, transfers: skopeo, the client that is measured with, is not installed." in said


def test_every_line_about_growth_has_a_ratio(bench):
    lines = [line for line in bench("growth").splitlines() if "ourselves, 1,000 images" in line]
    assert len(lines) == 13
    assert all(re.search(r" \d+(\.\d+)? ms +\d+(\.\d+)? ms +\d+\.\d\d ", line) for line in lines), lines


def test_a_decision_is_measured_for_a_user_with_ten_policies(bench):
    assert re.search(r"^a permission decided, 10 policies +[\d.]+ ms +1.00 ms", bench("decisions"), re.M)


def test_packages_are_held_against_advisories_and_what_is_missing_for_the_rest_is_said(bench, tmp_path: Path):
    said = bench("scanning", PATH=str(tmp_path))
    assert re.search(r"^20 packages against 2,000 advisories +[\d.]+ s +1.00 s", said, re.M)
    assert "Not measured, scanning: mmdebstrap is not installed" in said
