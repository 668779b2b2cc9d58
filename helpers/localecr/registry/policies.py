"""Policies of repositories and of registries: checked as ECR checks them, kept, and told back as ECR prints them.

AWS: "Private repository policies", "Public repository policies", "Private registry permissions". What a policy decides is
``permissions.py``'s business, how policies are written ``iam/documents.py``'s.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

from localecr import identities
from localecr.errors import AwsError, invalid_parameter
from localecr.iam import documents
from localecr.iam.documents import Document, Statement
from localecr.registry import Registry, repositories

Kind = Literal["repository", "registry"]


@lru_cache(maxsize=1024)
def read(text: str) -> Document:
    """A repository's policy, ready to be evaluated. It is about its repository, whatever a Resource in it says."""
    document = documents.read(text, "resource")
    return replace(document, statements=tuple(replace(each, resources=None) for each in document.statements))


def checked(registry: Registry, text: str, actions: frozenset[str], kind: Kind) -> str:
    """A policy as it is kept: printed, with unique ids in the place of users' and roles' ARNs, so that nobody inherits a grant with a name.

    ``actions`` are those it may name (``ecr:PutImage``). Raises InvalidParameterException for what is no policy, an action
    or a principal that there isn't, and in a registry's policy a resource that is no repository of the registry.
    """
    try:
        document = documents.read(text, "resource" if kind == "repository" else "registry")
        given = json.loads(text)
        for statement in document.statements:
            _check_actions(statement, actions)
            if kind == "registry":
                _check_resources(statement, registry)
            if statement.principals is None or statement.principals.names.keys() - {"AWS", "Service"}:
                raise ValueError("a principal that calls no registry")
        return pretty(with_principals(given, lambda who: identities.lasting_name(registry.database, who)))
    except ValueError as error:
        raise invalid(kind) from error


def invalid(kind: Kind) -> AwsError:
    return invalid_parameter("PolicyText", f"Invalid {kind} policy provided")


def _check_actions(statement: Statement, actions: frozenset[str]) -> None:
    for pattern in statement.actions.patterns:
        one = replace(statement.actions, patterns=(pattern,), excluded=False)
        if not any(one.include(action.lower()) for action in actions):
            raise ValueError(f"no action {pattern}")


def _check_resources(statement: Statement, registry: Registry) -> None:
    described = statement.element.get("Resource", statement.element.get("NotResource"))
    for pattern in described if isinstance(described, list) else [described]:
        if pattern != "*" and not pattern.startswith(registry.arn("")):
            raise ValueError(f"{pattern} is no repository here")


def with_principals(policy: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """The policy with each name under ``AWS`` of its principals changed."""
    statements = policy["Statement"]
    changed = [_changed(each, change) for each in (statements if isinstance(statements, list) else [statements])]
    return policy | {"Statement": changed if isinstance(statements, list) else changed[0]}


def _changed(statement: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    element = "Principal" if "Principal" in statement else "NotPrincipal"
    named = statement[element]
    if not isinstance(named, dict) or "AWS" not in named:
        return statement
    people = named["AWS"]
    return statement | {element: named | {"AWS": [change(each) for each in people] if isinstance(people, list) else change(people)}}


def told(registry: Registry, text: str) -> str:
    """A policy that is kept, as it is told back: with ARNs again, but for whoever was deleted since."""
    if not identities.UNIQUE_ID.search(text):
        return text
    return pretty(with_principals(json.loads(text), lambda who: identities.arn_of(registry.database, who) or who if identities.UNIQUE_ID.fullmatch(who) else who))


def set(registry: Registry, repository: sqlite3.Row, text: str, actions: frozenset[str]) -> str:
    """Keeps a repository's policy and returns it as ECR tells it back. Raises as ``checked`` does."""
    kept = checked(registry, text, actions, "repository")
    _keep(registry, repository, kept)
    return told(registry, kept)


def find(registry: Registry, name: str) -> sqlite3.Row:
    """What has a say in who may work on a repository, whether there is one or not: its ``policy`` and ``resource_tags``, and the
    ``registry_policy`` and ``settings`` of its registry; None for what there isn't."""
    return registry.database.one(
        "SELECT r.policy, r.resource_tags, g.policy AS registry_policy, g.settings FROM (SELECT 1)"
        " LEFT JOIN repositories r ON r.kind = ? AND r.account = ? AND r.region = ? AND r.name = ?"
        " LEFT JOIN registries g ON g.account = ? AND g.region = ?",
        (*registry.scope, name, *registry.scope[1:]),
    )


def of(registry: Registry, repository: sqlite3.Row) -> str:
    """The policy's text. Raises RepositoryPolicyNotFoundException."""
    if repository["policy"] is None:
        raise AwsError(
            "RepositoryPolicyNotFoundException",
            f"Repository policy does not exist for the repository with name '{repository['name']}' in the registry with id '{registry.account}'",
        )
    return told(registry, repository["policy"])


def delete(registry: Registry, repository: sqlite3.Row) -> str:
    """Removes the policy and returns its text. Raises RepositoryPolicyNotFoundException."""
    text = of(registry, repository)
    _keep(registry, repository, None)
    return text


def _keep(registry: Registry, repository: sqlite3.Row, text: str | None) -> None:
    with registry.database.write() as transaction:
        repositories.refuse_gone(registry, repository)
        transaction.execute("UPDATE repositories SET policy = ? WHERE id = ?", (text, repository["id"]))


def pretty(value: Any, depth: int = 0) -> str:
    """JSON as ECR prints policies: ``"Version" : "2012-10-17"`` on lines of their own, lists in one line."""
    inner, outer = "\n" + "  " * (depth + 1), "\n" + "  " * depth
    if isinstance(value, dict):
        members = [f"{json.dumps(key, ensure_ascii=False)} : {pretty(each, depth + 1)}" for key, each in value.items()]
        return f"{{{inner}{(',' + inner).join(members)}{outer}}}" if members else "{ }"
    if isinstance(value, list):
        return f"[ {', '.join(pretty(each, depth) for each in value)} ]" if value else "[ ]"
    return json.dumps(value, ensure_ascii=False)
