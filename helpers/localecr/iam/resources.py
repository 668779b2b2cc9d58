"""How IAM wants resources written in the policies that it keeps: ``arn:aws:ecr:us-east-1:111122223333:repository/web``, or ``*``."""

from __future__ import annotations

PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc", "*")
OF_IAM = (
    "user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/", "policy/", "sms-mfa/",
    "saml-provider/", "oidc-provider/", "report/", "access-report/",
)  # fmt: skip


def fault(pattern: str) -> str | None:
    """What IAM says against a resource of a policy, None if nothing."""
    if pattern == "*":
        return None
    prefix, colon, rest = pattern.partition(":")
    if not colon or prefix != "arn":
        return f'Resource {pattern} must be in ARN format or "*".'
    partition, *parts = rest.split(":", 4)
    if partition not in PARTITIONS:
        shown = ":".join((parts + ["*"] * 4)[:4])
        return f'Partition "{partition}" is not valid for resource "arn:{partition}:{shown}".'
    if not parts:
        return "Resource vendor must be fully qualified and cannot contain regexes."
    service, region, _, name = (parts + [""] * 4)[:4]
    if not service or ("::" in pattern and pattern.count(":") < 5):
        return "The policy failed legacy parsing"
    if service == "iam" and region:
        return f"IAM resource {pattern} cannot contain region information."
    if service == "iam" and name != "*" and not name.startswith(OF_IAM):
        return f'IAM resource path must either be "*" or start with {", ".join(OF_IAM)}.'
    if service == "s3" and region and not name.startswith("accesspoint/"):
        return f"Resource {pattern} can not contain region information."
    return None
