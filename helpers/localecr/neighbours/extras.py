"""What moto's IAM leaves out and a lesson needs: boundaries of users, AWS's kinds of ids, and the learner's own key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localecr import identities
from localecr.errors import AwsError
from localecr.neighbours import managed_policies

if TYPE_CHECKING:
    from localecr.neighbours.world import World

NO_SUCH_USER = "The user with name {} cannot be found."


def put_user_permissions_boundary(backend: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    arn = parameters["PermissionsBoundary"]
    if arn not in backend.managed_policies:
        raise AwsError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404)
    # moto shows a user's attributes by their names in the answer's model
    _user(backend, parameters["UserName"]).permissions_boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    return {}


def delete_user_permissions_boundary(backend: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    user = _user(backend, parameters["UserName"])
    if getattr(user, "permissions_boundary", None) is None:
        raise AwsError("NoSuchEntity", f"The user with name {user.name} has no permissions boundary.", 404)
    user.permissions_boundary = None
    return {}


def _user(backend: Any, name: str) -> Any:
    if name not in backend.users:
        raise AwsError("NoSuchEntity", NO_SUCH_USER.format(name), 404)
    return backend.users[name]


def _user_was_made(ours: World, backend: Any, parameters: dict[str, Any], answer: dict[str, Any]) -> None:
    user = backend.users[parameters["UserName"]]
    if parameters.get("PermissionsBoundary"):
        put_user_permissions_boundary(backend, parameters)
    if user.name == identities.USERS["learner"]:
        user.id = answer["User"]["UserId"] = identities.default_id(backend.account_id)
        made = user.create_access_key(prefix="AKIA")
        made.access_key_id, made.secret_access_key = identities.lab_key(ours.lab.database, backend.account_id)
        backend.access_keys[made.access_key_id] = made


def _group_was_made(ours: World, backend: Any, parameters: dict[str, Any], answer: dict[str, Any]) -> None:
    group = backend.groups[parameters["GroupName"]]
    group.id = answer["Group"]["GroupId"] = "AGPA" + group.id.removeprefix("AIDA")


def _user_was_renamed(ours: World, backend: Any, parameters: dict[str, Any], answer: dict[str, Any]) -> None:
    user = backend.users[parameters.get("NewUserName") or parameters["UserName"]]
    for key in user.access_keys:  # which moto looks up by the user's name
        key.user_name = user.name


INSTEAD = {  # (service, operation) → function of moto's backend and the parameters
    ("iam", "PutUserPermissionsBoundary"): put_user_permissions_boundary,
    ("iam", "DeleteUserPermissionsBoundary"): delete_user_permissions_boundary,
}
AFTERWARDS = {("iam", "CreateUser"): _user_was_made, ("iam", "CreateGroup"): _group_was_made, ("iam", "UpdateUser"): _user_was_renamed}


def install() -> None:
    """Has moto make ids as AWS does (AWS: IAM identifiers, unique ID prefixes), know the policies that the course names, and take every
    policy: ``iam.documents`` has judged it by then, and moto knows fewer spellings."""
    import moto.iam.models as models

    models.random_resource_id = lambda size=20: _id("AIDA")
    models.random_policy_id = lambda: _id("ANPA")
    models.IAMPolicyDocumentValidator.validate = models.IAMTrustPolicyDocumentValidator.validate = lambda validator: None
    models.IAMBackend._init_aws_policies = lambda backend: managed_policies.of_account(backend.account_id)


def _id(prefix: str) -> str:
    from moto.moto_api._internal import mock_random

    return prefix + "".join(mock_random.choices(identities.KEY_ALPHABET, k=17))
