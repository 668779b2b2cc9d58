"""Which registry and repository a path means.

A name begins with the registry's AWS name, because the client's first part is our local address:
``/v2/111122223333.dkr.ecr.us-east-1.amazonaws.com/web/…``, ``/v2/public.ecr.aws/ecrlab/debian/…``. Where the client's host is
itself such a name, the path holds the repository alone, as on AWS.
"""

from __future__ import annotations

import re

from localecr.errors import AwsError
from localecr.http import Request
from localecr.registry import Lab, Registry, catalog

PRIVATE = re.compile(r"(?P<account>[0-9]{12})\.dkr[.-]ecr\.(?P<region>[a-z0-9-]{2,25})\.(amazonaws\.com|on\.aws)")
REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")


def registry_of(lab: Lab, request: Request, name: str) -> tuple[Registry, str]:
    """The registry and the repository's name. Raises RepositoryNotFoundException for a name that no registry here can hold."""
    registry, repository = _public(lab, name) if request.is_public else _private(lab, request.host, name)
    if len(repository) > 256 or not REPOSITORY.fullmatch(repository):
        raise AwsError("NameInvalid", f"'{repository[:300]}' is not a repository name: lower case letters, digits and . _ - between them, / between parts.")
    return registry, repository


def _private(lab: Lab, host: str, name: str) -> tuple[Registry, str]:
    own = PRIVATE.fullmatch(host.partition(":")[0])
    first, _, rest = name.partition("/")
    found = own or PRIVATE.fullmatch(first)
    if found is None:
        raise AwsError(
            "RepositoryNotFoundException",
            f"'{first[:100]}' names no registry. An image's name in this lab begins {lab.private_address}/<account>.dkr.ecr.<region>.amazonaws.com/",
        )
    return Registry(lab, "private", found["account"], found["region"]), name if own else rest


def _public(lab: Lab, name: str) -> tuple[Registry, str]:
    alias, _, repository = name.removeprefix("public.ecr.aws/").partition("/")
    account = catalog.account_of(lab, alias)
    if account is None:
        raise AwsError("RepositoryNotFoundException", f"The repository with name '{repository}' does not exist in the registry with id '{alias[:100]}'")
    return Registry(lab, "public", account, "us-east-1"), repository
