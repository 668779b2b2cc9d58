"""One request of the protocol on its way: what a handler needs to do its part."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from localecr import permissions
from localecr.errors import AwsError
from localecr.http import Request
from localecr.identities import Principal
from localecr.ledger import Call
from localecr.registry import Registry, repositories
from localecr.store.blobs import DIGEST

Result = TypeVar("Result")


class Perform(Protocol):
    """``gateway.perform``: decides, does the work, writes it down."""

    def __call__(
        self, call: Call, work: Callable[[], Any], before: Callable[[], object] | None = None, told: Callable[[Any], dict[str, Any]] = ...,
        changed: Callable[[Any], bool] = ...,
    ) -> Any: ...


@dataclass(frozen=True)
class Exchange:
    request: Request
    principal: Principal
    registry: Registry
    name: str  # the repository's, as ECR knows it
    path: str  # the same as the client's path names it, registry and all
    perform: Perform

    def do(
        self,
        operation: str,
        parameters: dict[str, Any],
        work: Callable[..., Result],
        before: Callable[[sqlite3.Row], object] | None = None,
        told: Callable[[Result], dict[str, Any]] = lambda result: {},
        changed: Callable[[Result], bool] = lambda result: True,
    ) -> Result:
        """Runs ``work`` on the repository as this ECR operation. What came through Docker is recorded as ecr.amazonaws.com's (AWS: logging).

        Where something comes ``before`` (see ``gateway.perform``), ``work`` is given its result too, and what it adds to ``parameters``
        is recorded. ``told`` makes the API's answer of the result, for what changes anything or hands out images, and ``changed``
        says whether it changed anything, so that it is announced.
        """
        parameters |= self.named
        call = self._call(operation, self.name, parameters)
        if before is None:
            return self.perform(call, lambda: work(repositories.find(self.registry, self.name)), told=told, changed=changed)
        given: list[Any] = []

        def prepare() -> None:
            repository = repositories.find(self.registry, self.name)
            given.extend((repository, before(repository)))

        return self.perform(call, lambda: work(*given), prepare, told, changed)

    @property
    def named(self) -> dict[str, str]:
        """The two members that begin most answers."""
        return {"registryId": self.registry.account, "repositoryName": self.name}

    def may(self, operation: str, repository: str) -> bool:
        """Whether the caller has the permission of this name on a repository of the registry; nothing is done, nothing recorded."""
        return permissions.decide(self._call(operation, repository, self.named | {"repositoryName": repository})).allowed

    def _call(self, operation: str, repository: str, parameters: dict[str, Any]) -> Call:
        service = "ecr-public" if self.registry.is_public else "ecr"
        return Call(
            self.registry.lab, self.principal, service, operation, self.registry.account, self.registry.region, self.registry.arn(repository), parameters,
            self.request.remote_address, self.request.header("User-Agent"), self.registry, through_docker=True,
        )  # fmt: skip

    def link(self, rest: str) -> str:
        """An address below the repository, as this client reaches it."""
        return f"{self.request.base_url}/v2/{self.path}/{rest}"


def checked_digest(text: str) -> str:
    """A digest that we can compute. Raises DIGEST_INVALID."""
    if not DIGEST.fullmatch(text):
        raise AwsError("InvalidDigest", f"'{text[:200]}' is not a digest: sha256: and 64, or sha512: and 128 lower case hexadecimal digits.")
    return text
