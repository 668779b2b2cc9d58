"""Waiting for the scan of an image, for lessons in which polling isn't the point."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from ecrlab import findings
from ecrlab.errors import LabError

if TYPE_CHECKING:
    import pandas

    from ecrlab.lab import Lab

RUNNING = ("PENDING", "IN_PROGRESS")
LOOKED = ("COMPLETE", "ACTIVE")  # as BASIC and ENHANCED call it when an image was looked at
NOT_ASKED = "not_scanned"  # the code of the error that says that nobody asked for a scan
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5  # seconds between two questions
BUCKET = "ecrlab-sboms"  # in a local lab no more than the name of a folder
GRACE = {"local": 0, "aws": 30}  # seconds after a push in which AWS may not know of a scan yet; a local lab knows of it with the push


@dataclass(frozen=True)
class Scan:
    """A scan that has come to its end, as DescribeImageScanFindings tells it.

    `findings` are the API's own dicts, those of all pages: ImageScanFinding or, of ENHANCED, EnhancedImageScanFinding. `counts`: severity → number.
    """

    repository: str
    tag: str | None
    digest: str
    type: Literal["BASIC", "ENHANCED"]
    status: str
    description: str
    findings: list[dict[str, Any]]
    counts: dict[str, int]
    completed_at: datetime | None = None
    sources_updated_at: datetime | None = None

    @property
    def name(self) -> str:
        """`web:1.0`, or `web@sha256:…` shortened, if it was asked for by its digest."""
        return f"{self.repository}:{self.tag}" if self.tag else f"{self.repository}@{self.digest[:19]}"

    @property
    def has_looked(self) -> bool:
        """Whether the image was looked at: only then does an empty list of findings say anything."""
        return self.status in LOOKED


class Scans:
    """`lab.scans`."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def wait(self, repository: str, tag: str | None = None, digest: str | None = None, timeout: float = 300) -> Scan:
        """The scan of an image, of either type, as soon as it has come to its end: done, failed, or known to be impossible.

        It is `describe_image_scan_findings`, again and again, all its pages. (boto3's waiter `image_scan_complete` knows the ends of BASIC alone.)
        A continuous scan is ACTIVE also while the image is looked at again: a local lab knows that, and it is waited for. Raises LabError for an image
        that isn't there, one that nobody asked to scan, and a scan that takes longer than `timeout` seconds.
        """
        if (tag is None) == (digest is None):
            raise LabError("scan", "A scan is an image's.", 'Name it by its tag or by its digest: lab.scans.wait("web", tag="1.0").')
        return self._wait(repository, tag, digest, timeout, time.monotonic())

    def of(self, repository: str, timeout: float = 60) -> dict[str, Scan | None]:
        """The scans of all images of a repository, as soon as none of them runs: digest → scan, None where nobody asked for one; of no repository, nothing.

        Raises LabError where one takes longer than `timeout` seconds, which are those of all together.
        """
        ecr, began, scans = self._lab.reader("ecr"), time.monotonic(), {}
        try:
            pages = list(ecr.get_paginator("list_images").paginate(repositoryName=repository))
        except ecr.exceptions.RepositoryNotFoundException:
            return {}
        for digest in dict.fromkeys(each["imageDigest"] for page in pages for each in page["imageIds"]):
            try:
                scans[digest] = self._wait(repository, None, digest, timeout, began)
            except LabError as error:
                if error.code != NOT_ASKED:
                    raise
                scans[digest] = None
        return scans

    def _wait(self, repository: str, tag: str | None, digest: str | None, timeout: float, began: float) -> Scan:
        """See `wait`; `began` is when the waiting did."""
        ecr, pause = self._lab.reader("ecr"), FIRST_PAUSE
        image = {"imageDigest": digest} if digest else {"imageTag": tag}
        name = f"{repository}@{digest[:19]}" if digest else f"{repository}:{tag}"
        while True:
            may_change = self._lab.is_scanning  # asked before the answer that may be the last
            pages = self._pages(ecr, repository, image, name, time.monotonic() - began)
            if pages and pages[0]["imageScanStatus"]["status"] not in RUNNING and not may_change:
                return _scan(repository, tag, ecr.get_registry_scanning_configuration()["scanningConfiguration"]["scanType"], pages)
            if time.monotonic() - began + pause > timeout:
                said = pages[0]["imageScanStatus"] if pages else {"status": "there is none yet"}
                told = ": ".join(filter(None, (said["status"], said.get("description"))))
                raise LabError("scan", f"The scan of {name} has not come to its end after {timeout:g} seconds ({told}).", "Run this cell again in a moment.")
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def frame(self, scan: Scan) -> pandas.DataFrame:
        """The findings as a DataFrame: a row for each vulnerability and package that has it, the worst first.

        Columns: `vulnerability, severity, score, package, version, fixed_in, manager, layer, path, title, source, suppressed`. What the API doesn't say
        is None: a BASIC finding has no `fixed_in`, `layer` and `path`. Raises LabError for what isn't a scan.
        """
        if not isinstance(scan, Scan):
            raise LabError("scan", f"{scan!r} isn't a scan.", "Take what lab.scans.wait answers: lab.scans.frame(lab.scans.wait(\"…\", tag=\"…\")).")
        return findings.frame(scan)

    def sbom(self, repository: str, tag: str) -> dict[str, Any]:
        """What is in an image that Amazon Inspector scanned, as CycloneDX 1.4 has it. AWS: CreateSbomExport.

        Raises LabError for an image that it didn't scan, and on AWS, where Inspector writes into a bucket that a lesson doesn't have.
        """
        if self._lab.place == "aws":
            raise LabError(
                "sbom",
                "On AWS, Inspector writes SBOMs into a bucket of yours that lets it in, encrypted with a key of yours.",
                'Name both: lab.client("inspector2").create_sbom_export(…).',
            )
        inspector, only = self._lab.client("inspector2"), {"ecrRepositoryName": repository, "ecrImageTags": tag}
        report = inspector.create_sbom_export(
            resourceFilterCriteria={name: [{"comparison": "EQUALS", "value": value}] for name, value in only.items()},
            reportFormat="CYCLONEDX_1_4",
            s3Destination={"bucketName": BUCKET, "kmsKeyArn": f"arn:aws:kms:{self._lab.region}:{self._lab.account}:alias/{BUCKET}"},
        )["reportId"]
        told = inspector.get_sbom_export(reportId=report)
        if told["status"] != "SUCCEEDED":
            raise LabError("sbom", f"There is no SBOM of {repository}:{tag}: {told['errorMessage']}", "Have it scanned with enhanced scanning first.")
        return self._lab.exported(report)[0]

    def _pages(self, ecr, repository: str, image: dict[str, str], name: str, passed: float) -> list[dict[str, Any]]:
        """The answers to DescribeImageScanFindings, of a scan that runs the first alone; none where AWS may come to know of it still."""
        known = ecr.exceptions
        pages = ecr.get_paginator("describe_image_scan_findings").paginate(repositoryName=repository, imageId=image)
        try:
            return list(pages)
        except (known.RepositoryNotFoundException, known.ImageNotFoundException):
            raise LabError("scan", f"There is no image {name} here.", "Push it first: run the cells above, from the top.") from None
        except known.ScanNotFoundException as error:
            if passed < GRACE[self._lab.place]:
                return []
            raise LabError(
                NOT_ASKED,
                f"Nobody has asked for a scan of {name}.",
                "Ask with ecr.start_image_scan(…), or let a rule of the registry ask at each push (put_registry_scanning_configuration), and push after that.",
            ) from error


def _scan(repository: str, tag: str | None, type: Literal["BASIC", "ENHANCED"], pages: list[dict[str, Any]]) -> Scan:
    told = [page.get("imageScanFindings", {}) for page in pages]
    first, status = told[0], pages[0]["imageScanStatus"]
    return Scan(
        repository=repository,
        tag=tag,
        digest=pages[0]["imageId"]["imageDigest"],
        type=type,
        status=status["status"],
        description=status.get("description", ""),
        findings=[each for page in told for each in page.get("enhancedFindings" if type == "ENHANCED" else "findings", [])],
        counts=first.get("findingSeverityCounts", {}),
        completed_at=first.get("imageScanCompletedAt"),
        sources_updated_at=first.get("vulnerabilitySourceUpdatedAt"),
    )
