"""How bad: scores by CVSS's own examples, severities by AWS's documents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from localecr.scanner import severity
from localecr.scanner.model import Vulnerability

FLAW = Vulnerability("CVE-2020-22222", "DEBIAN-CVE-2020-22222", (), "It breaks.", "DEBIAN", "", 0.0, 0.0)


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),  # Log4Shell
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5),
        ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:L/A:N", 3.3),
        ("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 8.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H/E:P/RL:O", 7.5),  # the base score: not what time did to it
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0),  # FIRST's guide to version 2, CVE-2003-0818
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),  # CVE-2002-0392
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0),
    ],
)
def test_a_vector_of_any_version_has_its_base_score(vector, score):
    assert severity.score(vector) == score


@pytest.mark.parametrize(
    "vector",
    ["", "7.5", "HIGH", "CVSS:3.1", "CVSS:3.1/", "CVSS:3.1/AV:N", "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "CVSS:9.9/AV:N/AC:L", "AV:N/AC:L",
     "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H/AV:N", "CVSS:4.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H/", "\x00" * 50],
)  # fmt: skip
def test_a_broken_vector_has_no_score_and_breaks_nothing(vector):
    assert severity.score(vector) is None


# AWS: Amazon Inspector severity levels; NVD's ranges are the same
BANDS = [(0.0, "INFORMATIONAL"), (0.1, "LOW"), (3.9, "LOW"), (4.0, "MEDIUM"), (6.9, "MEDIUM"), (7.0, "HIGH"), (8.9, "HIGH"), (9.0, "CRITICAL"), (10.0, "CRITICAL")]


@pytest.mark.parametrize(("score", "expected"), [*BANDS, (None, "UNTRIAGED")])
def test_inspector_goes_by_the_score_alone(score, expected):
    for rating in (None, "low", "CRITICAL"):
        assert severity.inspector(replace(FLAW, score=score, rating=rating)) == expected


@pytest.mark.parametrize(("score", "expected"), [*BANDS, (None, "UNDEFINED")])
def test_basic_scanning_goes_by_the_score_where_the_distribution_rates_nothing(score, expected):
    for rating in (None, "not yet assigned", "end-of-life", ""):
        assert severity.basic(replace(FLAW, score=score, rating=rating)) == expected


@pytest.mark.parametrize(
    ("source", "rating", "expected"),
    [
        ("DEBIAN", "unimportant", "INFORMATIONAL"), ("DEBIAN", "low", "LOW"), ("DEBIAN", "medium", "MEDIUM"), ("DEBIAN", "high", "HIGH"),
        ("UBUNTU", "negligible", "INFORMATIONAL"), ("UBUNTU", "critical", "CRITICAL"), ("UBUNTU", "Medium", "MEDIUM"),
    ],
)  # fmt: skip
def test_basic_scanning_takes_the_distributions_own_rating_first(source, rating, expected):
    assert severity.basic(replace(FLAW, source=source, rating=rating, score=9.8)) == expected


def test_a_rating_that_is_no_distributions_is_not_basic_scannings():
    assert severity.basic(replace(FLAW, source="GITHUB", rating="LOW", score=9.8)) == "CRITICAL"
