"""Repository policies: who else may work on a repository. Checked as ECR checks them, and told back as ECR prints them.

AWS: "Private repository policies", "Public repository policies". What a policy decides is ``permissions.py``'s business.
"""

from __future__ import annotations

import json
import re
import sqlite3
from fnmatch import translate
from functools import lru_cache
from typing import Any

from localecr.errors import AwsError, invalid_parameter
from localecr.identities import ACCOUNT, USERS
from localecr.registry import Registry, repositories

VERSIONS = ("2012-10-17", "2008-10-17")
DOCUMENT = {"Version", "Id", "Statement"}
STATEMENT = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "Condition"}
ARN = re.compile(r"arn:aws:iam::(?P<account>[0-9]{12}):(?:root|user/(?P<user>[\w+=,.@/-]+))")
SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com")


def read(text: str) -> list[dict[str, Any]]:
    """The statements of a policy, each with lists where a single value may stand too. Raises ValueError for text that is no policy."""
    document = json.loads(text)
    if not isinstance(document, dict) or document.keys() - DOCUMENT or document.get("Version", VERSIONS[1]) not in VERSIONS:
        raise ValueError("not a policy document")
    statements = document.get("Statement")
    return [_statement(each) for each in (statements if isinstance(statements, list) else [statements])]


def _statement(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict) or given.keys() - STATEMENT or given.get("Effect") not in ("Allow", "Deny"):
        raise ValueError("not a statement")
    if ("Principal" in given) == ("NotPrincipal" in given) or ("Action" in given) == ("NotAction" in given):
        raise ValueError("a statement has a Principal or a NotPrincipal, and an Action or a NotAction")
    texts = {name: _texts(given[name]) for name in ("Action", "NotAction", "Resource") if name in given}
    who = {name: _principals(given[name]) for name in ("Principal", "NotPrincipal") if name in given}
    return {"Effect": given["Effect"], "Condition": given.get("Condition")} | texts | who


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) for each in values):
        raise ValueError("not a text, nor a list of texts")
    return values


def _principals(value: Any) -> list[str]:
    """``*``, ARNs and account ids; a service's name stands for nobody who calls here."""
    if value == "*":
        return ["*"]
    if not isinstance(value, dict) or not value or value.keys() - {"AWS", "Service"}:
        raise ValueError("not a principal")
    services = _texts(value["Service"]) if "Service" in value else []
    people = _texts(value["AWS"]) if "AWS" in value else []
    if not all(SERVICE.fullmatch(each) for each in services) or not all(map(_exists, people)):
        raise ValueError("no such principal")
    return people + services


def _exists(principal: str) -> bool:
    found = ARN.fullmatch(principal)
    return principal == "*" or ACCOUNT.fullmatch(principal) is not None or (found is not None and found["user"] in (None, *USERS.values()))


def set(registry: Registry, repository: sqlite3.Row, text: str, actions: frozenset[str]) -> str:
    """Keeps a policy and returns it as ECR tells it back. ``actions`` are those it may name (``ecr-public:PutImage``).

    Raises InvalidParameterException for what is no policy, an action or a principal that there isn't.
    """
    try:
        statements = read(text)
    except (ValueError, RecursionError) as error:
        raise invalid() from error
    for statement in statements:
        if statement["Condition"]:
            raise AwsError("NotImplemented", "Conditions in repository policies are not evaluated in this lab yet; leave Condition out.", 501)
        if not all(any(names(pattern, action) for action in actions) for pattern in statement.get("Action", statement.get("NotAction"))):
            raise invalid()
    printed = pretty(json.loads(text))
    _keep(registry, repository, printed)
    return printed


def invalid() -> AwsError:
    return invalid_parameter("PolicyText", "Invalid repository policy provided")


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.replace("[", "[[]")), re.I)  # which never tries a * twice, so no pattern takes long


def names(pattern: str, action: str) -> bool:
    """Whether a pattern of IAM (``*`` any run of characters, ``?`` any one) names an action; case doesn't count in actions."""
    return _pattern(pattern).match(action) is not None


def find(registry: Registry, name: str | None) -> str | None:
    """The text of a repository's policy; None without one, and for a repository that there isn't. Only public repositories have one yet."""
    if name is None or not registry.is_public:
        return None
    row = registry.database.one("SELECT policy FROM repositories WHERE kind = ? AND account = ? AND region = ? AND name = ?", (*registry.scope, name))
    return row["policy"] if row else None


def of(registry: Registry, repository: sqlite3.Row) -> str:
    """The policy's text. Raises RepositoryPolicyNotFoundException."""
    if repository["policy"] is None:
        raise AwsError(
            "RepositoryPolicyNotFoundException",
            f"Repository policy does not exist for the repository with name '{repository['name']}' in the registry with id '{registry.account}'",
        )
    return repository["policy"]


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
