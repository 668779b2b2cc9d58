"""`lab.scans`: waiting for a scan's end, and findings as DataFrames."""

from __future__ import annotations

import pytest

import scanned
from ecrlab import scans
from ecrlab.errors import LabError


@pytest.fixture
def told(fake_lab, monkeypatch):
    """`told(page, page, …)`: the lab's `scans`, whose API answers these, one after the other, without pauses."""
    monkeypatch.setattr(scans.time, "sleep", lambda seconds: None)

    def answering(*answers, type="BASIC", place="local"):
        ecr = scanned.client(*answers, type=type)
        monkeypatch.setattr(fake_lab, "reader", lambda service: ecr, raising=False)
        monkeypatch.setattr(fake_lab, "place", place, raising=False)
        return fake_lab.scans

    return answering


def test_a_scan_that_runs_is_waited_for(told):
    scan = told(scanned.page("IN_PROGRESS"), scanned.page("COMPLETE", scanned.OPENSSL, description="Done.")).wait("web", tag="1.0")
    assert (scan.type, scan.status, scan.description, scan.digest, scan.name) == ("BASIC", "COMPLETE", "Done.", scanned.DIGEST, "web:1.0")
    assert [each["name"] for each in scan.findings] == ["CVE-2021-3711"]
    assert scan.counts == {"CRITICAL": 1} and scan.completed_at == scanned.NOW


def test_findings_of_all_pages_are_gathered(told):
    scan = told(scanned.page("COMPLETE", scanned.OPENSSL, token="next"), scanned.page("COMPLETE", scanned.ZLIB)).wait("web", digest=scanned.DIGEST)
    assert [each["name"] for each in scan.findings] == ["CVE-2021-3711", "CVE-2023-45853"]
    assert scan.name == f"web@{scanned.DIGEST[:19]}"


@pytest.mark.parametrize("status", ["FAILED", "UNSUPPORTED_IMAGE"])
def test_an_image_that_was_not_looked_at_is_an_end_too(told, status):
    scan = told(scanned.page(status, description="No operating system.")).wait("web", tag="1.0")
    assert (scan.status, scan.findings, scan.counts, scan.has_looked) == (status, [], {}, False)


@pytest.mark.parametrize(("status", "looked"), [("ACTIVE", True), ("SCAN_ELIGIBILITY_EXPIRED", False), ("UNSUPPORTED_IMAGE", False)])
def test_enhanced_scanning_ends_otherwise_and_is_waited_for_too(told, status, looked):
    finding = scanned.ENHANCED.findings[0]
    scan = told(scanned.page("PENDING"), scanned.page(status, finding, key="enhancedFindings"), type="ENHANCED").wait("web", tag="1.0")
    assert (scan.type, scan.status, scan.has_looked) == ("ENHANCED", status, looked)
    assert scan.findings == [finding]


def test_where_nobody_asked_for_a_scan_that_is_said(told):
    with pytest.raises(LabError, match="Nobody has asked for a scan of web:1.0. Ask with ecr.start_image_scan"):
        told("ScanNotFoundException").wait("web", tag="1.0")


def test_on_aws_a_scan_may_be_known_only_some_moments_after_the_push(told):
    assert told("ScanNotFoundException", scanned.page("COMPLETE"), place="aws").wait("web", tag="1.0").status == "COMPLETE"


@pytest.mark.parametrize("code", ["RepositoryNotFoundException", "ImageNotFoundException"])
def test_an_image_that_is_not_there_is_said(told, code):
    with pytest.raises(LabError, match="There is no image web:1.0 here. Push it first"):
        told(code).wait("web", tag="1.0")


def test_what_takes_too_long_is_told_with_what_the_api_says(told):
    with pytest.raises(LabError, match=r"not come to its end after 0 seconds \(PENDING: in a queue\)"):
        told(scanned.page("PENDING", description="in a queue")).wait("web", tag="1.0", timeout=0)


@pytest.mark.parametrize("named", [{}, {"tag": "1.0", "digest": scanned.DIGEST}])
def test_an_image_is_named_in_one_way(told, named):
    with pytest.raises(LabError, match="by its tag or by its digest"):
        told().wait("web", **named)


def test_a_frame_is_made_of_a_scan(fake_lab):
    with pytest.raises(LabError, match="'web' isn't a scan"):
        fake_lab.scans.frame("web")


def test_a_frame_has_a_row_for_each_vulnerability_and_package_the_worst_first(fake_lab):
    frame = fake_lab.scans.frame(scanned.ENHANCED)
    assert list(frame.columns) == [
        "vulnerability", "severity", "score", "package", "version", "fixed_in", "manager", "layer", "path", "title", "source", "suppressed",
    ]  # fmt: skip
    assert list(frame["package"]) == ["libssl1.1", "openssl", "PyYAML", "zlib1g"]
    assert list(frame["version"]) == ["1.1.1k-1", "1.1.1k-1", "5.3.1", "1:1.2.11.dfsg-2"]  # as dpkg writes it, epoch and all
    assert list(frame["suppressed"]) == [False, False, True, False]
    assert list(frame["fixed_in"])[:3] == ["1.1.1k-1+deb11u1", "1.1.1k-1+deb11u1", "5.4"]
    assert frame["fixed_in"].isna().tolist() == [False, False, False, True]


def test_a_basic_finding_says_less(fake_lab):
    frame = fake_lab.scans.frame(scanned.BASIC)
    worst = frame.iloc[0]
    assert (worst["vulnerability"], worst["severity"], worst["score"], worst["package"], worst["version"]) == ("CVE-2021-3711", "CRITICAL", 9.8, "openssl", "1.1.1k-1")
    assert frame["score"].isna().tolist() == [False, True]
    assert frame[["fixed_in", "layer", "path"]].isna().all(axis=None)


def test_of_no_findings_there_is_an_empty_frame(fake_lab):
    frame = fake_lab.scans.frame(scanned.scan("BASIC"))
    assert frame.empty and "severity" in frame.columns


def test_on_aws_an_sbom_needs_a_bucket_of_ones_own(told):
    with pytest.raises(LabError, match="into a bucket of yours"):
        told(place="aws").sbom("web", "1.0")
