"""SortCriteria: by what findings are sorted. AWS: Inspector API, SortCriteria. Without one the worst come first; AWS documents no order.

Each field is what SQL sorts by; what a finding doesn't have comes before everything else.
"""

from __future__ import annotations

WORST_FIRST = ("f.severity_rank", "-COALESCE(f.score, 0.0)", "f.vulnerability")
FIELDS: dict[str, tuple[str, ...]] = {
    "AWS_ACCOUNT_ID": ("f.account",),
    "SEVERITY": ("-f.severity_rank",),  # ascending from the least
    "FIRST_OBSERVED_AT": ("f.first_observed_at",),
    "LAST_OBSERVED_AT": ("f.last_observed_at",),
    "FINDING_STATUS": ("f.status",),
    "ECR_IMAGE_PUSHED_AT": ("COALESCE(json_extract(f.document, '$.image.pushedAt'), 0.0)",),
    "ECR_IMAGE_REPOSITORY_NAME": ("f.repository",),
    "ECR_IMAGE_REGISTRY": ("f.account",),
    "VULNERABILITY_ID": ("f.vulnerability",),
    "VULNERABILITY_SOURCE": ("COALESCE(json_extract(f.document, '$.details.packageVulnerabilityDetails.source'), '')",),
    "INSPECTOR_SCORE": ("COALESCE(f.score, -1.0)",),
    "VENDOR_SEVERITY": ("COALESCE(json_extract(f.document, '$.details.packageVulnerabilityDetails.vendorSeverity'), '')",),
}


def by(field: str | None) -> tuple[str, ...]:
    """What SQL sorts by for a field; nothing where no image's finding has it, or all have the same."""
    return FIELDS.get(field, ()) if field else WORST_FIRST
