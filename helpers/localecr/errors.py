"""What a request can end in instead of an answer: one type for every door.

``AwsError`` carries AWS's code and AWS's own sentence. The JSON door answers it as
``{"__type": code, "message": sentence}``; the distribution door translates the code
(see ``oci.ERRORS``), so that Docker prints the same sentence.
"""

from __future__ import annotations


class AwsError(Exception):
    """A request refused, in AWS's words.

    ``code`` is the error's name as botocore knows it (``RepositoryNotFoundException``),
    ``message`` the sentence for the person, ``status`` the HTTP status on the JSON door,
    ``members`` what else the error's shape carries (``lastValidByteReceived``).
    """

    def __init__(self, code: str, message: str, status: int = 400, **members: object):
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members


def invalid_parameter(member: str, constraint: str, code: str = "InvalidParameterException") -> AwsError:
    """The error for a member that breaks a rule of the service model."""
    return AwsError(code, f"Invalid parameter at '{member}' failed to satisfy constraint: '{constraint}'")


def not_built(service: str, operation: str) -> AwsError:
    """The one answer of everything that AWS has and this lab doesn't have yet."""
    return AwsError(
        "NotImplemented",
        f"{service}:{operation} is not built in this lab yet, though AWS has it. "
        "docs/fidelity.md lists what is; run this step on AWS, or leave it out.",
        status=501,
    )
