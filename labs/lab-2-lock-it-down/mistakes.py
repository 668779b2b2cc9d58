"""What learners are known to do in lab 2 instead. Each is run by the tests, and its check must name the belief behind it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ecrlab.lab import Lab
from ecrlab.labs.mistakes import Mistake
from ecrlab.rights import DELETE, PULL, PUSH, TOKEN

GROUP, CI, PRODUCTION, DEVELOPER, RELEASE = "lab2-everybody", "lab2-ci", "lab2-production", "lab2-developer", "lab2-release"
ON_ALL = {"Effect": "Allow", "Action": TOKEN, "Resource": "*"}
READS = ["ecr:Get*", "ecr:BatchGet*", "ecr:BatchCheck*", "ecr:Describe*", "ecr:List*"]
PUBLIC_PUSH = [action.replace("ecr:", "ecr-public:") for action in PUSH]
PUBLIC_LOG_IN = ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"]


# 1 everybody


def added_the_narrow_policy_beside_the_wide_one(lab: Lab) -> None:
    _attach(lab, "ReadOnly")


def chose_power_user(lab: Lab) -> None:
    _attach(lab, "PowerUser")
    _empty_group(lab)


def only_took_everything_away(lab: Lab) -> None:
    _empty_group(lab)


def chose_pull_only(lab: Lab) -> None:
    _attach(lab, "PullOnly")
    _empty_group(lab)


def allowed_pushing_to_one_repository_in_another_policy(lab: Lab) -> None:
    _attach(lab, "ReadOnly")
    _empty_group(lab)
    document = _policy(_allow(PUSH, _arn(lab, "parcels")))
    lab.client("iam").put_group_policy(GroupName=GROUP, PolicyName="handy", PolicyDocument=document)


def left_the_public_registry_open(lab: Lab) -> None:
    document = _policy(_allow([*READS], "*"), _allow(["ecr-public:*"], "*"))
    lab.client("iam").put_group_policy(GroupName=GROUP, PolicyName="everything", PolicyDocument=document)


# 2 ci-push


def allowed_everything_on_the_repository(lab: Lab) -> None:
    _give(lab, CI, _allow(["ecr:*"], _arn(lab, "parcels")))


def allowed_pushing_everywhere(lab: Lab) -> None:
    _give(lab, CI, _allow(PUSH, "*"))


def put_a_star_into_the_arn(lab: Lab) -> None:
    _give(lab, CI, _allow(PUSH, _arn(lab, "parcels") + "*"))


def allowed_only_put_image(lab: Lab) -> None:
    _give(lab, CI, _allow(["ecr:PutImage"], _arn(lab, "parcels")))


def forgot_put_image(lab: Lab) -> None:
    _give(lab, CI, _allow(PUSH[:4], _arn(lab, "parcels")))


def allowed_deleting_by_name(lab: Lab) -> None:
    _give(lab, CI, _allow([*PUSH, "ecr:BatchDeleteImage"], _arn(lab, "parcels")))


def named_the_maps_as_well(lab: Lab) -> None:
    _give(lab, CI, _allow(PUSH, _arn(lab, "parcels")), _allow(PUSH, _arn(lab, "maps")))


def wrote_a_tag_into_the_arn(lab: Lab) -> None:
    _give(lab, CI, _allow(PUSH, _arn(lab, "parcels") + ":1.1"))


def hung_it_on_the_group(lab: Lab) -> None:
    document = _policy(_allow(PUSH, _arn(lab, "parcels")))
    lab.client("iam").put_group_policy(GroupName=GROUP, PolicyName="push", PolicyDocument=document)


def denied_the_push_to_all_others_in_the_group(lab: Lab) -> None:
    deny = _policy({"Effect": "Deny", "Action": "ecr:PutImage", "Resource": "*"})
    lab.client("iam").put_group_policy(GroupName=GROUP, PolicyName="no-push", PolicyDocument=deny)
    _give(lab, CI, _allow(PUSH, _arn(lab, "parcels")))


def took_ci_out_of_the_group_and_forgot_the_token(lab: Lab) -> None:
    _leave_group(lab, CI)
    _give(lab, CI, _allow(PUSH, _arn(lab, "parcels")))


# 3 production


def left_the_server_in_the_group(lab: Lab) -> None:
    _give(lab, PRODUCTION, ON_ALL, _allow(PULL, _arn(lab, "parcels-prod")))


def only_took_the_server_out_of_the_group(lab: Lab) -> None:
    _leave_group(lab, PRODUCTION)


def asked_for_the_token_on_the_repository(lab: Lab) -> None:
    _leave_group(lab, PRODUCTION)
    _give(lab, PRODUCTION, _allow([TOKEN, *PULL], _arn(lab, "parcels-prod")))


def attached_pull_only(lab: Lab) -> None:
    _leave_group(lab, PRODUCTION)
    lab.client("iam").attach_user_policy(UserName=PRODUCTION, PolicyArn=_managed("PullOnly"))


def forgot_the_layers(lab: Lab) -> None:
    _leave_group(lab, PRODUCTION)
    _give(lab, PRODUCTION, ON_ALL, _allow(PULL[:1], _arn(lab, "parcels-prod")))


def let_the_server_do_everything_there(lab: Lab) -> None:
    _leave_group(lab, PRODUCTION)
    _give(lab, PRODUCTION, ON_ALL, _allow(["ecr:*"], _arn(lab, "parcels-prod")))


def locked_the_server_in_with_a_deny(lab: Lab) -> None:
    _leave_group(lab, PRODUCTION)
    prod = _arn(lab, "parcels-prod")
    _give(lab, PRODUCTION, ON_ALL, _allow(PULL, prod), {"Effect": "Deny", "Action": "ecr:*", "NotResource": prod})


def let_the_server_look_at_the_maps(lab: Lab) -> None:
    _leave_group(lab, PRODUCTION)
    _give(lab, PRODUCTION, ON_ALL, _allow(PULL, _arn(lab, "parcels-prod")), _allow(["ecr:DescribeImages"], _arn(lab, "maps")))


def let_the_server_into_another_service(lab: Lab) -> None:
    _leave_group(lab, PRODUCTION)
    _give(lab, PRODUCTION, ON_ALL, _allow(PULL, _arn(lab, "parcels-prod")), _allow(["s3:*"], "*"))


def let_the_server_into_the_public_registry(lab: Lab) -> None:
    _leave_group(lab, PRODUCTION)
    _give(lab, PRODUCTION, ON_ALL, _allow(PULL, _arn(lab, "parcels-prod")), _allow(["ecr-public:*"], "*"))


# 4 keep


def only_allowed_it_to_the_release_manager(lab: Lab) -> None:
    _guard(lab, "parcels-prod", _tidy(lab))


def denied_it_to_everybody(lab: Lab) -> None:
    _guard(lab, "parcels-prod", {"Effect": "Deny", "Principal": "*", "Action": [*DELETE]}, _tidy(lab))


def forgot_that_the_repository_can_go(lab: Lab) -> None:
    _guard(lab, "parcels-prod", _keep(lab, DELETE[:1]), _tidy(lab))


def denied_the_repository_alone(lab: Lab) -> None:
    _guard(lab, "parcels-prod", _keep(lab, DELETE[1:]), _tidy(lab))


def denied_everything_but_to_the_release_manager(lab: Lab) -> None:
    _guard(lab, "parcels-prod", _keep(lab, ["ecr:*"]), _tidy(lab))


def did_not_allow_it_to_the_release_manager(lab: Lab) -> None:
    _guard(lab, "parcels-prod", _keep(lab, DELETE))


def turned_the_condition_round(lab: Lab) -> None:
    turned = _keep(lab, DELETE) | {"Condition": {"ArnEquals": {"aws:PrincipalArn": _user_arn(lab, RELEASE)}}}
    _guard(lab, "parcels-prod", turned, _tidy(lab))


def allowed_the_release_manager_everything(lab: Lab) -> None:
    _guard(lab, "parcels-prod", _keep(lab, DELETE), _visit(_user_arn(lab, RELEASE), ["ecr:*"]))


def allowed_the_release_manager_to_push_as_well(lab: Lab) -> None:
    _guard(lab, "parcels-prod", _keep(lab, DELETE), _visit(_user_arn(lab, RELEASE), [DELETE[0], "ecr:PutImage"]))


def let_the_partner_pull_production(lab: Lab) -> None:
    _guard(lab, "parcels-prod", _keep(lab, DELETE), _tidy(lab), _visit(lab.partner, PULL))


# 5 contractor


def opened_it_to_the_whole_account(lab: Lab) -> None:
    _guard(lab, "maps", _visit(f"arn:aws:iam::{lab.partner}:root", PULL))


def opened_it_to_everybody(lab: Lab) -> None:
    _guard(lab, "maps", {"Effect": "Allow", "Principal": "*", "Action": [*PULL]})


def allowed_the_contractor_everything(lab: Lab) -> None:
    _guard(lab, "maps", _visit(_contractor(lab), ["ecr:*"]))


def forgot_the_contractors_layers(lab: Lab) -> None:
    _guard(lab, "maps", _visit(_contractor(lab), PULL[:1]))


def opened_another_repository(lab: Lab) -> None:
    _guard(lab, "parcels", _visit(_contractor(lab), PULL))


# 6 mend


def added_a_version_that_does_not_count(lab: Lab) -> None:
    _mend(lab, _allow([*PUSH, DELETE[0]], _arn(lab, "parcels")), counts=False)


def put_an_allow_against_the_deny(lab: Lab) -> None:
    deny = {"Effect": "Deny", "Action": ["ecr:PutImage", "ecr:BatchDeleteImage"], "Resource": "*"}
    _mend(lab, _allow([*PUSH, DELETE[0]], _arn(lab, "parcels")), deny)


def left_the_tag_in_the_arn(lab: Lab) -> None:
    _mend(lab, _allow([*PUSH, DELETE[0]], _arn(lab, "parcels") + ":*"))


def left_the_misspelt_action(lab: Lab) -> None:
    actions = [action.replace("InitiateLayerUpload", "InitiateLayersUpload") for action in PUSH]
    _mend(lab, _allow([*actions, DELETE[0]], _arn(lab, "parcels")))


def left_out_the_forgotten_action(lab: Lab) -> None:
    _mend(lab, _allow([each for each in (*PUSH, DELETE[0]) if each != "ecr:UploadLayerPart"], _arn(lab, "parcels")))


def opened_everything_in_the_repository(lab: Lab) -> None:
    _mend(lab, _allow(["ecr:*"], _arn(lab, "parcels")))


def opened_everything_everywhere(lab: Lab) -> None:
    _mend(lab, _allow(["ecr:*"], "*"))


# 7 boundary


def attached_the_boundary_as_a_policy(lab: Lab) -> None:
    arn = _limits(lab, _allow(READS, "*"), _allow(["ecr:*"], _arn(lab, "parcels")))
    lab.client("iam").attach_user_policy(UserName=DEVELOPER, PolicyArn=arn)


def attached_the_boundary_as_a_policy_as_well(lab: Lab) -> None:
    attached_the_boundary_as_a_policy(lab)
    limits = f"arn:aws:iam::{lab.account}:policy/lab2-limits"
    lab.client("iam").put_user_permissions_boundary(UserName=DEVELOPER, PermissionsBoundary=limits)


def took_power_user_for_a_boundary(lab: Lab) -> None:
    lab.client("iam").put_user_permissions_boundary(UserName=DEVELOPER, PermissionsBoundary=_managed("PowerUser"))


def allowed_everything_but_production(lab: Lab) -> None:
    writing = {"Effect": "Deny", "Action": [*PUSH[1:], *DELETE, "ecr:SetRepositoryPolicy"], "Resource": _arn(lab, "parcels-prod")}
    _bound(lab, _allow(["*"], "*"), writing)


def forgot_reading_in_the_boundary(lab: Lab) -> None:
    _bound(lab, _allow(["ecr:*"], _arn(lab, "parcels")))


# 8 deploy-role


def let_the_pipeline_push_to_production_itself(lab: Lab) -> None:
    lab.client("iam").put_user_policy(UserName=CI, PolicyName="deploy", PolicyDocument=_policy(_allow(PUSH, _arn(lab, "parcels-prod"))))


def trusted_the_account(lab: Lab) -> None:
    _give(lab, CI, _allow(["sts:AssumeRole"], "*"), _allow(PUSH, _arn(lab, "parcels")))
    _role(lab, f"arn:aws:iam::{lab.account}:root", _allow(PUSH, _arn(lab, "parcels-prod")), ON_ALL)


def trusted_somebody_else(lab: Lab) -> None:
    _role(lab, _user_arn(lab, PRODUCTION), _allow(PUSH, _arn(lab, "parcels-prod")), ON_ALL)


def trusted_the_release_manager_as_well(lab: Lab) -> None:
    _trust(lab, _user_arn(lab, RELEASE))


def trusted_the_developer_as_well(lab: Lab) -> None:
    _trust(lab, _user_arn(lab, DEVELOPER))


def trusted_production_as_well(lab: Lab) -> None:
    _trust(lab, _user_arn(lab, PRODUCTION))


def trusted_the_partners_account_as_well(lab: Lab) -> None:
    _trust(lab, f"arn:aws:iam::{lab.partner}:root")


def trusted_the_contractor_as_well(lab: Lab) -> None:
    _trust(lab, _contractor(lab))


def gave_the_role_no_policy(lab: Lab) -> None:
    _role(lab, _user_arn(lab, CI))


def forgot_the_roles_token(lab: Lab) -> None:
    _role(lab, _user_arn(lab, CI), _allow(PUSH, _arn(lab, "parcels-prod")))


def let_the_role_push_everywhere(lab: Lab) -> None:
    _role(lab, _user_arn(lab, CI), _allow(PUSH, "*"), ON_ALL)


def let_the_role_do_everything_there(lab: Lab) -> None:
    _role(lab, _user_arn(lab, CI), _allow(["ecr:*"], _arn(lab, "parcels-prod")), ON_ALL)


# 9 tracker


def left_the_old_policy(lab: Lab) -> None:
    _publish(lab, _allow(PUBLIC_LOG_IN, "*"), _allow(PUBLIC_PUSH, _page(lab)), close=False)


def forgot_the_second_service(lab: Lab) -> None:
    _publish(lab, _allow(PUBLIC_LOG_IN[:1], "*"), _allow(PUBLIC_PUSH, _page(lab)))


def forgot_the_public_log_in(lab: Lab) -> None:
    _publish(lab, _allow(PUBLIC_PUSH, _page(lab)))


def asked_for_the_public_token_on_the_repository(lab: Lab) -> None:
    _publish(lab, _allow(PUBLIC_LOG_IN[1:], "*"), _allow([*PUBLIC_LOG_IN, *PUBLIC_PUSH], _page(lab)))


def wrote_the_private_registrys_actions(lab: Lab) -> None:
    _publish(lab, ON_ALL, _allow(PUSH, _page(lab)))


def only_took_the_others_away(lab: Lab) -> None:
    _publish(lab)


def allowed_publishing_everywhere(lab: Lab) -> None:
    _publish(lab, _allow([*PUBLIC_LOG_IN, *PUBLIC_PUSH], "*"))


def _policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(actions: Iterable[str], resource: str) -> dict:
    return {"Effect": "Allow", "Action": [*actions], "Resource": resource}


def _give(lab: Lab, user: str, *statements: dict) -> None:
    lab.client("iam").put_user_policy(UserName=user, PolicyName="own", PolicyDocument=_policy(*statements))


def _arn(lab: Lab, name: str) -> str:
    return lab.client("ecr").describe_repositories(repositoryNames=[f"lab2/{name}"])["repositories"][0]["repositoryArn"]


def _page(lab: Lab) -> str:
    public = lab.client("ecr-public", region="us-east-1")
    return public.describe_repositories(repositoryNames=["lab2/tracker"])["repositories"][0]["repositoryArn"]


def _user_arn(lab: Lab, name: str, account: str | None = None) -> str:
    return lab.client("iam", account=account).get_user(UserName=name)["User"]["Arn"]


def _contractor(lab: Lab) -> str:
    return _user_arn(lab, "lab2-contractor", lab.partner)


def _managed(name: str) -> str:
    return f"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistry{name}"


def _attach(lab: Lab, name: str) -> None:
    lab.client("iam").attach_group_policy(GroupName=GROUP, PolicyArn=_managed(name))


def _empty_group(lab: Lab) -> None:
    lab.client("iam").delete_group_policy(GroupName=GROUP, PolicyName="everything")


def _leave_group(lab: Lab, user: str) -> None:
    lab.client("iam").remove_user_from_group(GroupName=GROUP, UserName=user)


def _guard(lab: Lab, name: str, *statements: dict) -> None:
    """Set a repository's policy, even one that locks out whoever sets it."""
    lab.client("ecr").set_repository_policy(repositoryName=f"lab2/{name}", policyText=_policy(*statements), force=True)


def _keep(lab: Lab, actions: Iterable[str]) -> dict:
    others = {"ArnNotEquals": {"aws:PrincipalArn": _user_arn(lab, RELEASE)}}
    return {"Effect": "Deny", "Principal": "*", "Action": [*actions], "Condition": others}


def _tidy(lab: Lab) -> dict:
    return _visit(_user_arn(lab, RELEASE), DELETE[:1])


def _visit(arn: str, actions: Iterable[str]) -> dict:
    return {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": [*actions]}


def _mend(lab: Lab, *statements: dict, counts: bool = True) -> None:
    iam = lab.client("iam")
    draft = next(each["Arn"] for each in iam.list_policies(Scope="Local")["Policies"] if each["PolicyName"] == "lab2-developers")
    iam.create_policy_version(PolicyArn=draft, PolicyDocument=_policy(*statements), SetAsDefault=counts)


def _limits(lab: Lab, *statements: dict) -> str:
    return lab.client("iam").create_policy(PolicyName="lab2-limits", PolicyDocument=_policy(*statements))["Policy"]["Arn"]


def _bound(lab: Lab, *statements: dict) -> None:
    lab.client("iam").put_user_permissions_boundary(UserName=DEVELOPER, PermissionsBoundary=_limits(lab, *statements))


def _trust(lab: Lab, another: str) -> None:
    """The role as it should be, but that one more may put it on."""
    _role(lab, [_user_arn(lab, CI), another], _allow(PUSH, _arn(lab, "parcels-prod")), ON_ALL)


def _role(lab: Lab, trusted: str | list[str], *statements: dict) -> None:
    iam = lab.client("iam")
    trust = _policy({"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="lab2-deploy", AssumeRolePolicyDocument=trust)
    if statements:
        iam.put_role_policy(RoleName="lab2-deploy", PolicyName="deploy", PolicyDocument=_policy(*statements))


def _publish(lab: Lab, *statements: dict, close: bool = True) -> None:
    if close:
        lab.client("ecr-public", region="us-east-1").delete_repository_policy(repositoryName="lab2/tracker")
    if statements:
        _give(lab, RELEASE, *statements)


FIRST = ("everybody",)
TOO_WIDE = "Resource * is every repository"
MISTAKES = (
    Mistake("everybody", "takes nothing away", added_the_narrow_policy_beside_the_wide_one),
    Mistake("everybody", "“Power user” sounds harmless", chose_power_user),
    Mistake("everybody", "To lock down isn't to lock out", only_took_everything_away),
    Mistake("everybody", "To lock down isn't to lock out", chose_pull_only),
    Mistake("everybody", "in lab2/parcels, members may do", allowed_pushing_to_one_repository_in_another_policy),
    Mistake("everybody", "Two registries, two services", left_the_public_registry_open),
    Mistake("ci-push", "a promise for actions that you never thought of", allowed_everything_on_the_repository, FIRST),
    Mistake("ci-push", TOO_WIDE, allowed_pushing_everywhere, FIRST),
    Mistake("ci-push", "a * within an ARN reaches as far", put_a_star_into_the_arn, FIRST),
    Mistake("ci-push", "A push is more than its last call", allowed_only_put_image, FIRST),
    Mistake("ci-push", "a push ends with PutImage", forgot_put_image, FIRST),
    Mistake("ci-push", "needn't delete or govern, but lab2-ci may do BatchDeleteImage", allowed_deleting_by_name, FIRST),
    Mistake("ci-push", "Each resource in a list counts", named_the_maps_as_well, FIRST),
    Mistake("ci-push", "The ARN of a repository has no tag", wrote_a_tag_into_the_arn, FIRST),
    Mistake("ci-push", "What hangs on the group, everybody in it gets", hung_it_on_the_group, FIRST),
    Mistake("ci-push", "A Deny beats every Allow", denied_the_push_to_all_others_in_the_group, FIRST),
    Mistake("ci-push", "lab2-ci may push, but can't log in", took_ci_out_of_the_group_and_forgot_the_token, FIRST),
    Mistake("production", "Rights add up", left_the_server_in_the_group, FIRST),
    Mistake("production", "Out of the group means out of everything", only_took_the_server_out_of_the_group, FIRST),
    Mistake("production", "A token is for a whole registry", asked_for_the_token_on_the_repository, FIRST),
    Mistake("production", TOO_WIDE, attached_pull_only, FIRST),
    Mistake("production", "Logged in isn't let in", forgot_the_layers, FIRST),
    Mistake("production", "A server that only pulls needs two actions", let_the_server_do_everything_there, FIRST),
    Mistake("production", "a Deny on all but one repository takes that in", locked_the_server_in_with_a_deny, FIRST),
    Mistake("production", "in other repositories, too", let_the_server_look_at_the_maps, FIRST),
    Mistake("production", "AWS is more than this registry", let_the_server_into_another_service, FIRST),
    Mistake("production", "ecr-public:PutImage, for instance", let_the_server_into_the_public_registry, FIRST),
    Mistake("keep", "To let one do it doesn't keep the others from it", only_allowed_it_to_the_release_manager, FIRST),
    Mistake("keep", "An Allow doesn't lift a Deny", denied_it_to_everybody, FIRST),
    Mistake("keep", "An image has two ways out", forgot_that_the_repository_can_go, FIRST),
    Mistake("keep", "BatchDeleteImage, and that is still allowed", denied_the_repository_alone, FIRST),
    Mistake("keep", "production stands still", denied_everything_but_to_the_release_manager, FIRST),
    Mistake("keep", "Not to be denied isn't to be allowed", did_not_allow_it_to_the_release_manager, FIRST),
    Mistake("keep", "The Deny meets the one whom it should except", turned_the_condition_round, FIRST),
    Mistake("keep", "An exception from one Deny is no reason for more", allowed_the_release_manager_everything, FIRST),
    Mistake("keep", "may now do PutImage as well", allowed_the_release_manager_to_push_as_well, FIRST),
    Mistake("keep", "open to others", let_the_partner_pull_production, FIRST),
    Mistake("contractor", "“root” isn't a person", opened_it_to_the_whole_account, FIRST),
    Mistake("contractor", "“*” is everybody on AWS", opened_it_to_everybody, FIRST),
    Mistake("contractor", "is no lock of yours", allowed_the_contractor_everything, FIRST),
    Mistake("contractor", "A pull ends half way", forgot_the_contractors_layers, FIRST),
    Mistake("contractor", "Each repository has a policy of its own", opened_another_repository, FIRST),
    Mistake("mend", "A policy keeps several versions", added_a_version_that_does_not_count, FIRST),
    Mistake("mend", "A Deny on * denies everywhere", put_an_allow_against_the_deny, FIRST),
    Mistake("mend", "The ARN of a repository has no tag", left_the_tag_in_the_arn, FIRST),
    Mistake("mend", "InitiateLayerUpload is still refused", left_the_misspelt_action, FIRST),
    Mistake("mend", "UploadLayerPart is still refused", left_out_the_forgotten_action, FIRST),
    Mistake("mend", "Instead of mending four slips you opened everything", opened_everything_in_the_repository, FIRST),
    Mistake("mend", "Mended too well", opened_everything_everywhere, FIRST),
    Mistake("boundary", "A boundary is a policy in another place", attached_the_boundary_as_a_policy, ("everybody", "mend")),
    Mistake("boundary", "attached to the user it gives all that stands in it", attached_the_boundary_as_a_policy_as_well, ("everybody", "mend")),
    Mistake("boundary", "A limit that allows everything is none", took_power_user_for_a_boundary, ("everybody", "mend")),
    Mistake("boundary", "Who may take the boundary off isn't bounded", allowed_everything_but_production, ("everybody", "mend")),
    Mistake("boundary", "A boundary gives nothing", forgot_reading_in_the_boundary, ("everybody", "mend")),
    Mistake("deploy-role", "A role is put on for a moment", let_the_pipeline_push_to_production_itself, ("everybody", "ci-push")),
    Mistake("deploy-role", "To trust “root” is to trust the account", trusted_the_account, ("everybody", "ci-push")),
    Mistake("deploy-role", "lab2-ci is not among those", trusted_somebody_else, ("everybody", "ci-push")),
    Mistake("deploy-role", "lab2-release can put the role on, too", trusted_the_release_manager_as_well, ("everybody", "ci-push")),
    Mistake("deploy-role", "lab2-developer can put the role on, too", trusted_the_developer_as_well, ("everybody", "ci-push")),
    Mistake("deploy-role", "lab2-production can put the role on, too", trusted_production_as_well, ("everybody", "ci-push")),
    Mistake("deploy-role", "your partner's account can put the role on, too", trusted_the_partners_account_as_well, ("everybody", "ci-push")),
    Mistake("deploy-role", "lab2-contractor can put the role on, too", trusted_the_contractor_as_well, ("everybody", "ci-push")),
    Mistake("deploy-role", "A session has the role's rights", gave_the_role_no_policy, ("everybody", "ci-push")),
    Mistake("deploy-role", "The session can't log in", forgot_the_roles_token, ("everybody", "ci-push")),
    Mistake("deploy-role", TOO_WIDE, let_the_role_push_everywhere, ("everybody", "ci-push")),
    Mistake("deploy-role", "though deploying is pushing", let_the_role_do_everything_there, ("everybody", "ci-push")),
    Mistake("tracker", "What one may doesn't take from others", left_the_old_policy, FIRST),
    Mistake("tracker", "A public token is handed out by two services", forgot_the_second_service, FIRST),
    Mistake("tracker", "The log-in is missing: GetAuthorizationToken, GetServiceBearerToken", forgot_the_public_log_in, FIRST),
    Mistake("tracker", "The log-in is missing: GetAuthorizationToken", asked_for_the_public_token_on_the_repository, FIRST),
    Mistake("tracker", "The public registry is a service of its own", wrote_the_private_registrys_actions, FIRST),
    Mistake("tracker", "nobody but an administrator can push", only_took_the_others_away, FIRST),
    Mistake("tracker", TOO_WIDE, allowed_publishing_everywhere, FIRST),
)
