"""What learners make in IAM: the policies that apply to a user or role, and how users, roles, groups and policies go again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator


def documents(iam, arn: str) -> list[tuple[str, dict]]:
    """The identity policies of a user or role, its groups' too: (name, document) each, none for what isn't there.

    AWS: ListUserPolicies, ListAttachedUserPolicies, ListGroupsForUser and so on, GetPolicyVersion.
    """
    kind, name = arn.split(":")[5].split("/")[0], arn.rpartition("/")[2]
    if kind == "assumed-role":
        kind, name = "role", arn.split("/")[1]
    if kind not in ("user", "role"):
        return []
    try:
        return list(_documents(iam, kind, name))
    except iam.exceptions.NoSuchEntityException:
        return []


def documents_of_group(iam, name: str) -> list[dict]:
    """The policies that a group gives its members; none for what isn't there."""
    try:
        return [document for _, document in _documents(iam, "group", name)]
    except iam.exceptions.NoSuchEntityException:
        return []


def _documents(iam, kind: str, name: str) -> Iterator[tuple[str, dict]]:
    whose = {f"{kind.capitalize()}Name": name}
    for policy in _all(iam, f"list_{kind}_policies", "PolicyNames", **whose):
        found = getattr(iam, f"get_{kind}_policy")(**whose, PolicyName=policy)
        yield f"{policy} (inline, {kind} {name})", _document(found["PolicyDocument"])
    for attached in _all(iam, f"list_attached_{kind}_policies", "AttachedPolicies", **whose):
        yield f"{attached['PolicyName']} (attached to {kind} {name})", _managed(iam, attached["PolicyArn"])
    if kind == "user":
        for group in _all(iam, "list_groups_for_user", "Groups", **whose):
            yield from _documents(iam, "group", group["GroupName"])


def _managed(iam, arn: str) -> dict:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return _document(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def _document(answered: dict | str) -> dict:
    return json.loads(answered) if isinstance(answered, str) else answered


def delete(iam, kind: str, name: str) -> bool:
    """Delete a "user", "role", "group" or "policy" with all that holds it back; False where there is none.

    AWS: a user goes only when its keys, policies and memberships are gone; a policy when it has one version, is attached nowhere and is
    nobody's boundary.
    """
    try:
        DELETING[kind](iam, name)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def exists(iam, kind: str, name: str) -> bool:
    """Whether there is such a user, role, group or policy."""
    if kind == "policy":
        return _policy_arn(iam, name) is not None
    try:
        getattr(iam, f"get_{kind}")(**{f"{kind.capitalize()}Name": name})
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def _delete_user(iam, name: str) -> None:
    for key in _all(iam, "list_access_keys", "AccessKeyMetadata", UserName=name):
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for group in _all(iam, "list_groups_for_user", "Groups", UserName=name):
        iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
    if "PermissionsBoundary" in iam.get_user(UserName=name)["User"]:
        iam.delete_user_permissions_boundary(UserName=name)
    _take_policies(iam, "user", UserName=name)
    iam.delete_user(UserName=name)


def _delete_role(iam, name: str) -> None:
    if "PermissionsBoundary" in iam.get_role(RoleName=name)["Role"]:
        iam.delete_role_permissions_boundary(RoleName=name)
    _take_policies(iam, "role", RoleName=name)
    iam.delete_role(RoleName=name)


def _delete_group(iam, name: str) -> None:
    for user in _all(iam, "get_group", "Users", GroupName=name):
        iam.remove_user_from_group(GroupName=name, UserName=user["UserName"])
    _take_policies(iam, "group", GroupName=name)
    iam.delete_group(GroupName=name)


def _delete_policy(iam, name: str) -> None:
    arn = _policy_arn(iam, name)
    if arn is None:
        raise iam.exceptions.NoSuchEntityException({"Error": {"Code": "NoSuchEntity"}}, "DeletePolicy")
    for kind in ("user", "role", "group"):
        entities = f"Policy{kind.capitalize()}s"
        for holder in _all(iam, "list_entities_for_policy", entities, PolicyArn=arn, EntityFilter=kind.capitalize()):
            holder_name = {f"{kind.capitalize()}Name": holder[f"{kind.capitalize()}Name"]}
            getattr(iam, f"detach_{kind}_policy")(**holder_name, PolicyArn=arn)
    for kind in ("user", "role"):
        bounded = {"PolicyArn": arn, "EntityFilter": kind.capitalize(), "PolicyUsageFilter": "PermissionsBoundary"}
        for holder in _all(iam, "list_entities_for_policy", f"Policy{kind.capitalize()}s", **bounded):
            holder_name = {f"{kind.capitalize()}Name": holder[f"{kind.capitalize()}Name"]}
            getattr(iam, f"delete_{kind}_permissions_boundary")(**holder_name)
    for version in _all(iam, "list_policy_versions", "Versions", PolicyArn=arn):
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


DELETING: dict[str, Callable] = {"user": _delete_user, "role": _delete_role, "group": _delete_group, "policy": _delete_policy}


def _take_policies(iam, kind: str, **whose: str) -> None:
    """Delete what is inline, detach what is attached."""
    for policy in _all(iam, f"list_{kind}_policies", "PolicyNames", **whose):
        getattr(iam, f"delete_{kind}_policy")(**whose, PolicyName=policy)
    for attached in _all(iam, f"list_attached_{kind}_policies", "AttachedPolicies", **whose):
        getattr(iam, f"detach_{kind}_policy")(**whose, PolicyArn=attached["PolicyArn"])


def _policy_arn(iam, name: str) -> str | None:
    found = _all(iam, "list_policies", "Policies", Scope="Local")
    return next((each["Arn"] for each in found if each["PolicyName"] == name), None)


def _all(iam, operation: str, member: str, **asked: str) -> list:
    """All that an operation lists, over all its pages."""
    return [each for page in iam.get_paginator(operation).paginate(**asked) for each in page[member]]
