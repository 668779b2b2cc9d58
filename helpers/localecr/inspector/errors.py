"""How Inspector refuses. AWS publishes codes and statuses in its model, and few sentences."""

from __future__ import annotations

from localecr.errors import AwsError


def invalid(field: str, message: str) -> AwsError:
    """A value that the model lets pass and that makes no sense."""
    return AwsError("ValidationException", message, reason="FIELD_VALIDATION_FAILED", fields=[{"name": field, "message": message}])


def not_found(what: str) -> AwsError:
    return AwsError("ResourceNotFoundException", what, 404)


def not_built(what: str) -> AwsError:
    return AwsError("NotImplemented", f"{what} not built in this lab, though AWS has it; run this step on AWS, or leave it out.", 501)
