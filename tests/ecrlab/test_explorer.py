"""The explorer of findings: its lists, what they leave, and what is shown where nobody can click."""

from __future__ import annotations

import pytest

import ecrlab
import scanned
from ecrlab import findings_explorer
from scanned import BASIC, ENHANCED


@pytest.fixture
def explorer():
    return findings_explorer.widget(ENHANCED)


def controls(box):
    return {control.description: control for control in box.children[1].children}


def said(box):
    return box.children[2].value


def test_its_controls_are_lists_to_choose_from_with_what_there_is(explorer):
    options = {label: [name for name, _ in control.options] for label, control in controls(explorer).items()}
    assert options == {
        "Severity": ["all (4)", "CRITICAL (2)", "HIGH (1)", "UNTRIAGED (1)"],
        "Package": ["all (4)", "libssl1.1 (1)", "openssl (1)", "PyYAML (1)", "zlib1g (1)"],
        "Layer": ["all (4)", "b2b2b2b2b2b2 (3)", "c3c3c3c3c3c3 (1)"],
        "Fix": ["all (4)", "with a fix (3)", "without a fix (1)"],
    }


@pytest.mark.parametrize(
    ("label", "value", "left"),
    [("Severity", "CRITICAL", 2), ("Package", "PyYAML", 1), ("Layer", "b2b2b2b2b2b2", 3), ("Fix", "without a fix", 1)],
)
def test_a_choice_leaves_what_fits_and_announces_it(explorer, label, value, left):
    controls(explorer)[label].value = value
    assert said(explorer).startswith('<div role="status" aria-live="polite"')
    assert f"{left} of 4 rows" in said(explorer)
    assert said(explorer).count("<code") == left


def test_choices_are_joined_by_and(explorer):
    controls(explorer)["Severity"].value = "CRITICAL"
    controls(explorer)["Fix"].value = "without a fix"
    assert "0 of 4 rows; vulnerabilities: 0 of 3." in said(explorer) and "<table" not in said(explorer)


def test_a_vulnerability_in_two_packages_is_one():
    gzip, xz = (scanned.basic("CVE-2022-1271", "HIGH", name, "1.0") for name in ("gzip", "xz-utils"))
    assert "2 of 2 rows; vulnerabilities: 1 of 1." in said(findings_explorer.widget(scanned.scan("BASIC", gzip, xz)))


def test_of_a_basic_scan_nobody_can_choose_what_it_does_not_say():
    assert list(controls(findings_explorer.widget(BASIC))) == ["Severity", "Package"]


def test_where_nobody_can_click_all_findings_are_said(capsys):
    ecrlab.explorer(ENHANCED)
    assert capsys.readouterr().out.startswith("Findings of web:1.0 (enhanced scanning)")


def test_an_image_that_was_not_looked_at_is_said():
    assert "Nobody has looked into this image" in said(findings_explorer.widget(scanned.scan("BASIC", status="UNSUPPORTED_IMAGE")))
