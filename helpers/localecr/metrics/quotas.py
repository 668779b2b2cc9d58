"""Amazon ECR's quotas that a usage metric is measured against. AWS: "Amazon ECR service quotas"."""

from __future__ import annotations

from localecr.metrics.series import Metric

CALLS = {  # a second, of an account in a Region; CallCount counts them by the minute
    "GetAuthorizationToken": 500.0,
    "BatchCheckLayerAvailability": 1000.0,
    "InitiateLayerUpload": 100.0,
    "UploadLayerPart": 500.0,
    "CompleteLayerUpload": 100.0,
    "PutImage": 10.0,
    "BatchGetImage": 2000.0,
    "GetDownloadUrlForLayer": 3000.0,
}
RESOURCES = {"RepositoryCount": 100_000.0, "ImagesPerRepositoryCount": 100_000.0}


def of(metric: Metric) -> float | None:
    """The default quota behind a metric of ``AWS/Usage``; None where there is none."""
    dimensions = dict(metric.dimensions)
    if metric.namespace != "AWS/Usage" or dimensions.get("Service") != "ECR":
        return None
    quotas = {"CallCount": CALLS, "ResourceCount": RESOURCES}.get(metric.name, {})
    return quotas.get(dimensions.get("Resource", ""))
