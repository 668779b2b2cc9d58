"""STS: who am I, and may I be somebody else for a while (AWS: STS API reference). Its sessions are ``sessions``' doing.

The role's trust policy has its say where every call is decided, in ``permissions``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from localecr import identities, sessions
from localecr.clock import as_datetime
from localecr.errors import AwsError
from localecr.identities import Principal
from localecr.ledger import Call
from localecr.neighbours import iam, journal

AN_HOUR = 3600  # seconds: what a session lasts unless it is asked for more, and at most where a session assumes a role
HALF_A_DAY = 12 * 3600
LARGEST_POLICIES = 10  # managed ones of a session
ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[^:]+")


def get_caller_identity(call: Call) -> dict[str, Any]:
    return {"UserId": call.principal.user_id or call.principal.user, "Account": call.principal.account, "Arn": call.principal.arn}


def assume_role(call: Call) -> dict[str, Any]:
    """Raises ValidationError for an ARN that is no role's; AccessDenied for a role that isn't there, too: nobody learns by this which are."""
    if not ROLE.fullmatch(call.parameters["RoleArn"]):
        raise AwsError("ValidationError", f"{call.parameters['RoleArn']} is invalid")
    role = identities.find_role(call.lab.database, call.parameters["RoleArn"])
    if role is None:
        raise AwsError("AccessDenied", f"User: {call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: {call.parameters['RoleArn']}", 403)
    if "SerialNumber" in call.parameters or "TokenCode" in call.parameters:
        raise AwsError("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.", 403)
    tags, transitive = _tags(call)
    session = sessions.begin(
        call.lab,
        Principal(
            role.account, role=role.name, path=role.path, id=role.id, session=call.parameters["RoleSessionName"], session_policies=_policies(call, role),
            issued_at=call.lab.clock.now(), source_identity=call.parameters.get("SourceIdentity", call.principal.source_identity),
            session_tags=tags, transitive_tag_keys=transitive,
        ),
        _duration(call, role),
    )  # fmt: skip
    became = session.key.principal
    return {
        "Credentials": _credentials(session),
        "AssumedRoleUser": {"AssumedRoleId": became.user_id, "Arn": became.arn},
        "PackedPolicySize": 100 * len(session.token) // sessions.LONGEST_TOKEN if became.session_policies or tags else None,
        "SourceIdentity": became.source_identity,
    }


def _duration(call: Call, role: identities.Role) -> int:
    seconds = call.parameters.get("DurationSeconds", AN_HOUR)
    if call.principal.role and seconds > AN_HOUR:
        raise AwsError("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
    if seconds > role.longest_session:
        raise AwsError("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    return seconds


def _tags(call: Call) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The session's tags, those included that the caller's own session hands on, and the keys of those that it hands on itself."""
    inherited = {key: value for key, value in call.principal.session_tags if key in call.principal.transitive_tag_keys}
    given = {each["Key"]: each["Value"] for each in call.parameters.get("Tags", [])}
    transitive = call.parameters.get("TransitiveTagKeys", [])
    if missing := [key for key in transitive if key not in given]:
        raise AwsError("ValidationError", f"The specified transitive tag key must be included in the requested tags: {missing[0]}")
    if taken := given.keys() & inherited.keys():
        raise AwsError("ValidationError", f"One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key: {min(taken)}")
    return tuple((given | inherited).items()), tuple([*inherited, *transitive])


def _policies(call: Call, role: identities.Role) -> tuple[str, ...]:
    """The session policies' documents: the one given, and the managed ones named, as they are now."""
    named = [each.get("arn") for each in call.parameters.get("PolicyArns", [])]
    if len(named) > LARGEST_POLICIES:
        raise AwsError("ValidationError", f"A session has at most {LARGEST_POLICIES} managed policies.")
    given = [call.parameters["Policy"]] if "Policy" in call.parameters else []
    for document in given:
        iam.read(document, "session")
    return tuple(given + [_managed(call, role, arn) for arn in named])


def _managed(call: Call, role: identities.Role, arn: str) -> str:
    policy = journal.loaded(call.lab, role.account).backend("iam", role.account, call.region).managed_policies.get(arn)
    if policy is None:
        raise AwsError("ValidationError", f"Policy {arn} does not exist or is not attachable.")
    return next(version.document for version in policy.versions if version.version_id == policy.default_version_id)


def get_session_token(call: Call) -> dict[str, Any]:
    if call.principal.issued_at is not None:
        raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
    principal = replace(call.principal, issued_at=call.lab.clock.now())
    return {"Credentials": _credentials(sessions.begin(call.lab, principal, call.parameters.get("DurationSeconds", HALF_A_DAY)))}


def get_access_key_info(call: Call) -> dict[str, Any]:
    account = identities.account_of_key(call.lab.database, call.parameters["AccessKeyId"])
    if account is None:
        raise AwsError("ValidationError", "Invalid AccessKeyId")
    return {"Account": account}


def _credentials(session: sessions.Session) -> dict[str, Any]:
    return {
        "AccessKeyId": session.key.id,
        "SecretAccessKey": session.key.secret,
        "SessionToken": session.token,
        "Expiration": as_datetime(session.expires),
    }


OPERATIONS = {
    "AssumeRole": assume_role,
    "GetAccessKeyInfo": get_access_key_info,
    "GetCallerIdentity": get_caller_identity,
    "GetSessionToken": get_session_token,
}
