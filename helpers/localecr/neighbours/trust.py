"""Trust policies of roles: kept with unique ids in the place of users' and roles' ARNs, so that nobody is trusted for a name alone, and told back
with ARNs (AWS: "AWS JSON policy elements: Principal", IAM users and role principals)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, unquote

from localecr import identities
from localecr.errors import AwsError
from localecr.ledger import Call
from localecr.neighbours import journal
from localecr.registry.policies import with_principals
from localecr.store.database import Database


def kept(database: Database, text: str) -> str:
    """The text of a trust policy as it is kept. Raises MalformedPolicyDocument for a principal that there isn't."""

    def lasting(who: str) -> str:
        try:
            return identities.lasting_name(database, who)
        except ValueError:
            raise AwsError("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{who}"') from None

    given = json.loads(text)
    changed = with_principals(given, lasting)
    return text if changed == given else json.dumps(changed)


def told(call: Call, answer: dict[str, Any]) -> dict[str, Any]:
    """An answer about roles with ARNs again, but for whoever was deleted since."""
    for role in [*answer.get("Roles", ()), *answer.get("RoleDetailList", ()), *([answer["Role"]] if "Role" in answer else ())]:
        text = unquote(role["AssumeRolePolicyDocument"])
        if identities.UNIQUE_ID.search(text):
            policy = with_principals(json.loads(text), lambda who: identities.arn_of(call.lab.database, who) or who)
            role["AssumeRolePolicyDocument"] = quote(json.dumps(policy))
    return answer


def read(call: Call) -> dict[str, Any]:
    """GetRole, ListRoles and GetAccountAuthorizationDetails."""
    return told(call, journal.execute(call.lab, call.account, call.region, "iam", call.operation, call.parameters))
