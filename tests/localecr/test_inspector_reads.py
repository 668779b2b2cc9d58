"""What listing findings reads: a page its own documents, not those of the whole account; counts none."""

from __future__ import annotations

import pytest

from examined import flaw, package
from localecr.inspector import finding
from localecr.scanner.model import Match

MANY = 60
ACTIVE = {"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}], "title": [{"comparison": "PREFIX", "value": "CVE-2024"}]}
ONE_PACKAGE = {"vulnerablePackages": [{"name": {"comparison": "EQUALS", "value": "some7"}}]}


@pytest.fixture
def reads(inspected, monkeypatch):
    """The ids of the findings whose documents were decoded, with 60 findings in an image."""
    inspected.finds(inspected.push(), *[Match(package(f"some{number}", "1-1"), flaw(f"CVE-2024-{number:04}"), None) for number in range(MANY)])
    inspected.cover()
    seen, read = [], finding.read

    def counted(row):
        seen.append(row["id"])
        return read(row)

    monkeypatch.setattr(finding, "read", counted)
    return seen


@pytest.mark.parametrize("asked", [{}, {"filterCriteria": ACTIVE}, {"sortCriteria": {"field": "VENDOR_SEVERITY", "sortOrder": "DESC"}}])
def test_a_page_of_findings_reads_its_own_and_the_one_after(inspected, reads, asked):
    first = inspected.inspector.list_findings(maxResults=5, **asked)
    assert (len(first["findings"]), len(reads)) == (5, 6)
    second = inspected.inspector.list_findings(maxResults=5, nextToken=first["nextToken"], **asked)
    assert (len(second["findings"]), len(reads)) == (5, 12)


def test_of_those_that_do_not_fit_none_is_read(inspected, reads):
    assert len(inspected.inspector.list_findings(filterCriteria=ONE_PACKAGE)["findings"]) == len(reads) == 1


def test_findings_are_counted_without_reading_one(inspected, reads):
    counted = inspected.inspector.list_finding_aggregations(aggregationType="PACKAGE", maxResults=5)["responses"]
    assert (len(counted), reads) == (5, [])


def test_images_are_described_without_reading_a_finding(inspected, reads):
    (told,) = inspected.ecr.describe_images(repositoryName=inspected.name)["imageDetails"]
    assert (told["imageScanFindingsSummary"]["findingSeverityCounts"], reads) == ({"HIGH": MANY}, [])


def test_a_page_of_an_images_findings_reads_its_own_and_the_one_after(inspected, reads):
    shown = inspected.ecr.describe_image_scan_findings(repositoryName=inspected.name, imageId={"imageTag": "1.0"}, maxResults=5)
    assert (len(shown["imageScanFindings"]["enhancedFindings"]), len(reads)) == (5, 6)
