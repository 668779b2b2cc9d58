"""IAM's operations where the lab knows better than moto: the learner stays, and deleting asks what AWS asks."""

from __future__ import annotations

import re
from typing import Any

from localecr import identities
from localecr.clock import as_datetime
from localecr.errors import AwsError
from localecr.iam import documents
from localecr.identities import Principal
from localecr.ledger import Call
from localecr.neighbours import journal, trust

SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com")
LEARNER = identities.USERS["learner"]
# AWS: IAM and STS quotas; inline policies of one user, role or group count together
LARGEST_MANAGED = 6144  # characters
INLINE = {"PutUserPolicy": ("user", 2048), "PutRolePolicy": ("role", 10_240), "PutGroupPolicy": ("group", 5120)}
# operations that are about the caller where they name no user
OF_THE_CALLER = ("CreateAccessKey", "DeleteAccessKey", "GetUser", "ListAccessKeys", "UpdateAccessKey")


def say_who(operation: str, parameters: dict[str, Any], principal: Principal) -> None:
    """Fills in the user where a request means the caller."""
    if operation in OF_THE_CALLER and "UserName" not in parameters:
        if principal.kind != "IAMUser":
            raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
        parameters["UserName"] = principal.user


def refuse_session(principal: Principal) -> None:
    """Returns but for a user's session, which is never one with MFA here (AWS: GetSessionToken: such credentials call no operation of IAM)."""
    if principal.user and principal.issued_at is not None:
        raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)


def _execute(call: Call) -> dict[str, Any]:
    return journal.execute(call.lab, call.account, call.region, "iam", call.operation, call.parameters)


def _refuse_learner(what: str) -> AwsError:
    return AwsError("AccessDenied", f"The lab's own user {LEARNER} {what}. Make a user of your own for that.", 403)


def delete_user(call: Call) -> dict[str, Any]:
    """Raises DeleteConflict for a user with keys or in a group (AWS: DeleteUser), and for the learner."""
    name = call.parameters["UserName"]
    if name == LEARNER:
        raise _refuse_learner("can't be deleted: the notebooks work as it")
    backend = _backend(call)
    user = backend.users.get(name)
    if user and user.access_keys:
        raise _in_use("Cannot delete entity, must delete access keys first.")
    if user and any(user in group.users for group in backend.groups.values()):
        raise _in_use("Cannot delete entity, must remove users from group first.")
    return _execute(call)


def delete_group(call: Call) -> dict[str, Any]:
    """Raises DeleteConflict for a group with users or policies (AWS: DeleteGroup)."""
    group = _backend(call).groups.get(call.parameters["GroupName"])
    if group and group.users:
        raise _in_use("Cannot delete entity, must remove users from group first.")
    if group and group.managed_policies:
        raise _in_use("Cannot delete entity, must detach all policies first.")
    if group and group.policies:
        raise _in_use("Cannot delete entity, must delete policies first.")
    return _execute(call)


def delete_policy(call: Call) -> dict[str, Any]:
    """Raises DeleteConflict for a policy that is attached to somebody, or has other versions than the default one (AWS: DeletePolicy)."""
    backend, arn = _backend(call), call.parameters["PolicyArn"]
    people = (*backend.users.values(), *backend.roles.values(), *backend.groups.values())
    if any(arn in each.managed_policies for each in people):
        raise _in_use("Cannot delete a policy attached to entities.")
    policy = backend.managed_policies.get(arn)
    if policy and len(policy.versions) > 1:
        raise _in_use(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )
    return _execute(call)


def _in_use(sentence: str) -> AwsError:
    return AwsError("DeleteConflict", sentence, 409)


def _backend(call: Call) -> Any:
    return journal.loaded(call.lab, call.account).backend("iam", call.account, call.region)


def create_user(call: Call) -> dict[str, Any]:
    _require_boundary(call)
    return _execute(call)


def update_user(call: Call) -> dict[str, Any]:
    """Raises EntityAlreadyExists for a name that is taken."""
    if call.parameters["UserName"] == LEARNER:
        raise _refuse_learner("can't be renamed or moved: the notebooks work as it")
    name = call.parameters.get("NewUserName")
    if name in _backend(call).users:
        raise AwsError("EntityAlreadyExists", f"User with name {name} already exists.", 409)
    return _execute(call)


def _require_boundary(call: Call) -> None:
    """Returns if the boundary that a user or a role is made with is there."""
    arn = call.parameters.get("PermissionsBoundary")
    if arn is not None and arn not in _backend(call).managed_policies:
        raise AwsError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)


def change_key(call: Call) -> dict[str, Any]:
    """DeleteAccessKey and UpdateAccessKey, refused for the key that the notebooks use."""
    if identities.is_lab_key(call.lab.database, call.parameters["AccessKeyId"]):
        raise AwsError("AccessDenied", "This is the lab's own key, with which the notebooks work; it stays. Make a second one to practise on.", 403)
    return _execute(call)


def put_policy(call: Call) -> dict[str, Any]:
    """A policy, managed or inline. Raises MalformedPolicyDocument, LimitExceeded. A managed one is never of the older language."""
    text = call.parameters["PolicyDocument"]
    document = read(text, "identity")
    if call.operation not in INLINE and document.version != documents.VERSIONS[-1]:
        raise AwsError("MalformedPolicyDocument", "Policy document must be version 2012-10-17 or greater.")
    if call.operation not in INLINE and _size(text) > LARGEST_MANAGED:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for PolicySize: {LARGEST_MANAGED}", 409)
    if call.operation in INLINE:
        _check_inline(call, text, *INLINE[call.operation])
    return _execute(call)


def _check_inline(call: Call, text: str, kind: str, largest: int) -> None:
    """Returns if a user's, a role's or a group's inline policies stay within what all of them together may have."""
    backend, name = _backend(call), call.parameters[f"{kind.title()}Name"]
    owners = {"user": backend.users, "group": backend.groups, "role": {role.name: role for role in backend.roles.values()}}[kind]
    others = {key: value for key, value in owners[name].policies.items() if key != call.parameters["PolicyName"]} if name in owners else {}
    if _size(text) + sum(map(_size, others.values())) > largest:
        raise AwsError("LimitExceeded", f"Maximum policy size of {largest} bytes exceeded for {kind} {name}", 409)


def _size(text: str) -> int:
    """Characters of a policy as IAM counts them: white space is free."""
    return len("".join(text.split()))


def get_access_key_last_used(call: Call) -> dict[str, Any]:
    """From what was written down of the key's calls, which are all but those that CloudTrail leaves out."""
    database, key = call.lab.database, call.parameters["AccessKeyId"]
    owner = database.one("SELECT user FROM access_keys WHERE id = ? AND account = ?", (key, call.account))
    if owner is None:
        raise AwsError("AccessDenied", f"The Access Key with id {key} cannot be found", 403)
    last = database.one("SELECT time, source, region FROM ledger WHERE account = ? AND access_key_id = ? ORDER BY time DESC, id DESC LIMIT 1", (call.account, key))
    if last is None:
        return {"UserName": owner["user"], "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
    used = {"LastUsedDate": as_datetime(last["time"]), "ServiceName": last["source"].partition(".")[0], "Region": last["region"]}
    return {"UserName": owner["user"], "AccessKeyLastUsed": used}


def put_trust(call: Call) -> dict[str, Any]:
    """CreateRole and UpdateAssumeRolePolicy. Raises MalformedPolicyDocument, also for a principal that there isn't."""
    _require_boundary(call)
    name = "AssumeRolePolicyDocument" if call.operation == "CreateRole" else "PolicyDocument"
    text = call.parameters[name]
    read(text, "trust")
    given = call.parameters | {name: trust.kept(call.lab.database, text)}
    return trust.told(call, journal.execute(call.lab, call.account, call.region, "iam", call.operation, given))


def create_service_linked_role(call: Call) -> dict[str, Any]:
    name = call.parameters["AWSServiceName"]
    if not SERVICE.fullmatch(name):
        raise AwsError("InvalidInput", f"Service principal {name} is not supported.")
    return _execute(call)


def read(text: str, kind: documents.Kind) -> documents.Document:
    """A policy document. Raises MalformedPolicyDocument in IAM's words."""
    try:
        return documents.read(text, kind)
    except documents.MalformedPolicy as error:
        raise AwsError("MalformedPolicyDocument", error.reason) from error


OPERATIONS = dict.fromkeys(("CreatePolicy", "CreatePolicyVersion", "PutGroupPolicy", "PutRolePolicy", "PutUserPolicy"), put_policy)
OPERATIONS |= dict.fromkeys(("CreateRole", "UpdateAssumeRolePolicy"), put_trust)
OPERATIONS |= dict.fromkeys(("GetAccountAuthorizationDetails", "GetRole", "ListRoles"), trust.read)
OPERATIONS |= {
    "CreateServiceLinkedRole": create_service_linked_role,
    "CreateUser": create_user,
    "DeleteAccessKey": change_key,
    "DeleteGroup": delete_group,
    "DeletePolicy": delete_policy,
    "DeleteUser": delete_user,
    "GetAccessKeyLastUsed": get_access_key_last_used,
    "UpdateAccessKey": change_key,
    "UpdateUser": update_user,
}
