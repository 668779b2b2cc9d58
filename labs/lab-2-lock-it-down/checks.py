"""Lab 2's checks: what each of the company's people may really do. They ask for decisions and never look at a policy's text."""

from __future__ import annotations

import json
from contextlib import suppress

from ecrlab import identities
from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.labs import looking, planting
from ecrlab.rights import DELETE, EVERYTHING, LOOK, PULL, PUSH, TOKEN, WRITE, Rights, administrator, anybody, listed, user

PARCELS, PROD, MAPS, TRACKER = "lab2/parcels", "lab2/parcels-prod", "lab2/maps", "lab2/tracker"
PUBLIC_REPOSITORIES = [TRACKER]
CI, PRODUCTION, DEVELOPER, RELEASE, CONTRACTOR = "lab2-ci", "lab2-production", "lab2-developer", "lab2-release", "lab2-contractor"
GROUP, DRAFT, LIMITS, ROLE = "lab2-everybody", "lab2-developers", "lab2-limits", "lab2-deploy"
PULL_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
GOVERN = ("ecr:SetRepositoryPolicy", "ecr:CreateRepository", "ecr:PutImageTagMutability")
PUBLIC_PUSH = tuple(action.replace("ecr:", "ecr-public:") for action in WRITE)
PUBLIC_LOG_IN = ("ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken")
ELSEWHERE = ("ecr-public:PutImage", "sts:AssumeRole", "iam:CreateAccessKey", "s3:GetObject")  # samples of what isn't the private registry
STRANGER = "123456789012"  # an account that nobody here has anything to do with
RARE = "ecr:DeleteLifecyclePolicy"  # which nobody lists who thinks of pushing
TAKE_OFF = "iam:DeleteUserPermissionsBoundary"
NOT_HERE = "On AWS this check can't look: IAM's simulator doesn't decide it. Make the call as the one who may, and as one who may not."
ON_STAR = "A token is for a whole registry. It is asked for on *, and a repository's ARN never fits."
TOO_WIDE = "Resource * is every repository there is and will be, not the one that you think of."


def prepare(lab: Lab) -> None:
    """The company as it is: everybody may do everything. What is there already stays."""
    ecr, iam = lab.client("ecr"), lab.client("iam")
    for name, tag in ((PARCELS, "1.1"), (PROD, "1.0"), (MAPS, "2026")):
        with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
            ecr.create_repository(repositoryName=name)
            planting.plant(ecr, name, planting.image({"srv/what": f"{name} {tag}\n"}, {"heron": tag}), tag)
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_group(GroupName=GROUP)
        iam.put_group_policy(GroupName=GROUP, PolicyName="everything", PolicyDocument=_allowing(["ecr:*", "ecr-public:*", "sts:*"], "*"))
    for name in (CI, PRODUCTION, DEVELOPER, RELEASE):
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_user(UserName=name)
            iam.add_user_to_group(UserName=name, GroupName=GROUP)
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        draft = iam.create_policy(PolicyName=DRAFT, PolicyDocument=_draft(_arn(lab, PARCELS)))["Policy"]["Arn"]
        iam.attach_user_policy(UserName=DEVELOPER, PolicyArn=draft)
    _prepare_contractor(lab)
    _prepare_tracker(lab)


def _prepare_contractor(lab: Lab) -> None:
    if lab.partner is None:
        return
    iam = lab.client("iam", account=lab.partner)
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName=CONTRACTOR)
        iam.attach_user_policy(UserName=CONTRACTOR, PolicyArn=PULL_ONLY)


def _prepare_tracker(lab: Lab) -> None:
    public, iam = lab.client("ecr-public", region="us-east-1"), lab.client("iam")
    with suppress(public.exceptions.RepositoryAlreadyExistsException):
        public.create_repository(repositoryName=TRACKER)
        writers = [iam.get_user(UserName=name)["User"]["Arn"] for name in (CI, DEVELOPER)]
        statement = {"Sid": "handy", "Effect": "Allow", "Principal": {"AWS": writers}, "Action": ["ecr-public:*"]}
        public.set_repository_policy(repositoryName=TRACKER, policyText=_policy(statement))


def _draft(parcels: str) -> str:
    """The colleague's policy: an ARN with a tag, a misspelt action, one forgotten, and a Deny on more than was meant."""
    push = ["ecr:BatchCheckLayerAvailability", "ecr:InitiateLayersUpload", "ecr:CompleteLayerUpload", "ecr:PutImage", "ecr:BatchGetImage"]
    return _policy(
        {"Sid": "PushAndTidy", "Effect": "Allow", "Action": [*push, "ecr:BatchDeleteImage"], "Resource": f"{parcels}:*"},
        {"Sid": "NotInProduction", "Effect": "Deny", "Action": ["ecr:PutImage", "ecr:BatchDeleteImage"], "Resource": "*"},
    )


def everybody(lab: Lab) -> Verdict:
    """The group lets its members look and pull, everywhere, and no more."""
    documents = identities.documents_of_group(lab.reader("iam"), GROUP)
    member = _member(lab)
    parcels, prod = _arn(lab, PARCELS), _arn(lab, PROD)
    if not parcels or not prod or not identities.exists(lab.reader("iam"), "group", GROUP):
        return not_tried("The group or the repositories aren't there.", "guide.prepare() brings them.")
    deleting = member.has(DELETE, prod)
    if deleting and len(documents) == 1 and member.may(GOVERN[0], prod):
        return not_tried(f"A member of {GROUP} may still do everything.")
    if deleting:
        return not_yet(
            f"Another policy beside the old one takes nothing away: rights add up, and a member may still do {listed(deleting)}.",
            "List the group's inline and attached policies. What allows too much must go.",
        )
    more = member.has((*WRITE, *GOVERN), prod)
    if more:
        return not_yet(f"“Power user” sounds harmless, but members may still do {listed(more)}, in production too.", "Look and pull only reads.")
    for name in (PARCELS, MAPS):
        more = member.has((*DELETE, *WRITE, *GOVERN), _arn(lab, name))
        if more:
            return not_yet(
                f"Rights add up over all policies of the group, and each may be about another repository: in {name}, members may do {listed(more)}.",
                "List the group's inline and attached policies.",
            )
    public = member.has(("ecr-public:PutImage",), _public_arn(lab))
    if public:
        return not_yet("Two registries, two services: what was taken away in ecr still holds in ecr-public.", "Take ecr-public:* away too.")
    missing = member.lacks((TOKEN,)) + member.lacks((*PULL, *LOOK), parcels) + member.lacks(PULL, prod)
    if missing:
        return not_yet(f"To lock down isn't to lock out: members can't do {listed(dict.fromkeys(missing))} any more.", "One of AWS's managed policies reads everything.")
    return done(f"Members of {GROUP} may look and pull, and nothing else.")


def ci_push(lab: Lab) -> Verdict:
    """lab2-ci may push to lab2/parcels, and nowhere else."""
    ci, parcels, prod = user(lab, CI), _arn(lab, PARCELS), _arn(lab, PROD)
    if ci is None or not parcels or not prod:
        return not_tried(f"The user {CI} or the repositories aren't there.", "guide.prepare() brings them.")
    if _member(lab).may(GOVERN[0], prod):
        return not_tried(f"{CI} may still do everything, which is task 1.")
    missing = ci.lacks(PUSH, parcels)
    if ci.has(("ecr:PutImage",), prod) or ci.has(("ecr:PutImage",), f"{parcels}-of-others"):
        return not_yet(f"{TOO_WIDE} {CI} may push elsewhere too, and a * within an ARN reaches as far.", f"Name the ARN of {PARCELS}, as it is.")
    if user(lab, RELEASE) and not missing and not user(lab, RELEASE).lacks(PUSH, parcels):
        return not_yet("What hangs on the group, everybody in it gets: the release manager may push too.", f"Hang it on {CI} alone.")
    refused = [ci.lab.decision(ci.who, action, parcels) for action in missing]
    if any("explicit deny" in each.because for each in refused):
        return not_yet(f"A Deny beats every Allow, wherever both stand: one that was meant as a lock for others holds for {CI} as well.", "Take the Deny away.")
    if len(missing) >= len(WRITE) and not _own(lab, CI):
        return not_tried(f"{CI} has no policy of its own yet.")
    if len(missing) >= len(WRITE):
        return not_yet(
            "A policy in which nothing fits is taken without a word. The ARN of a repository has no tag, and no other repository's does.",
            f"Compare it with the repositoryArn of {PARCELS}.",
        )
    if missing == ["ecr:PutImage"]:
        return not_yet("The layers arrive, and no image: a push ends with PutImage, which is still refused.", "Five calls make a push.")
    if missing:
        return not_yet(f"A push is more than its last call: {listed(missing)} is still refused.", "Five calls make a push.")
    more = ci.has((*DELETE, *GOVERN[:1]), parcels)
    if more and ci.may(RARE, parcels):
        return not_yet(f"ecr:* is a promise for actions that you never thought of: {CI} may do {listed(more)}.", "Name the actions of a push.")
    if more:
        return not_yet(f"Who may push needn't delete or govern, but {CI} may do {listed(more)}. Each action is a right of its own.", "Leave it out.")
    elsewhere = ci.has((*WRITE, *DELETE), prod) + ci.has((*WRITE, *DELETE), _arn(lab, MAPS))
    if elsewhere:
        return not_yet(f"Each resource in a list counts: {CI} may do {listed(dict.fromkeys(elsewhere))} elsewhere, too.", f"Name {PARCELS} alone.")
    if not ci.may(TOKEN):
        return not_yet(f"{CI} may push, but can't log in. {ON_STAR}", "The group gave it the token, or a statement of its own with Resource *.")
    return done(f"{CI} may push to {PARCELS}, and nowhere else.")


def production(lab: Lab) -> Verdict:
    """lab2-production may pull lab2/parcels-prod, and nothing else."""
    server, prod, parcels = user(lab, PRODUCTION), _arn(lab, PROD), _arn(lab, PARCELS)
    if server is None or not prod or not parcels:
        return not_tried(f"The user {PRODUCTION} or the repositories aren't there.", "guide.prepare() brings them.")
    if _in_group(lab, PRODUCTION):
        if not _own(lab, PRODUCTION):
            return not_tried(f"{PRODUCTION} has what the group gives.")
        return not_yet("Rights add up: a narrow policy beside a wide one narrows nothing, and the server has all that the group may.", "Take it out of the group.")
    missing, token = server.lacks(PULL, prod), server.may(TOKEN)
    if len(missing) == len(PULL) and not token:
        return not_yet("Out of the group means out of everything: the server may do nothing now, and can't even log in.", "Give it what a pull needs.")
    if not token and "explicit deny" in lab.decision(server.who, TOKEN, "*").because:
        return not_yet(
            "A Deny beats every Allow. The token is asked for on *, and a Deny on all but one repository takes that in.",
            "Take the Deny away: what nobody allows needs none.",
        )
    if not token:
        return not_yet(ON_STAR, "A statement of its own for the token.")
    if missing:
        return not_yet(f"Logged in isn't let in: to pull, {PRODUCTION} still lacks {listed(missing)}.", "A pull fetches the manifest, then layers.")
    if server.has(PULL, parcels):
        return not_yet(f"{TOO_WIDE} The server may pull drafts from {PARCELS}, too.", f"Name the ARN of {PROD}. AWS's own policies all say *.")
    more = server.has((*LOOK, *WRITE, *DELETE, *GOVERN), prod)
    if more:
        return not_yet(f"A server that only pulls needs two actions and a token, and may do {listed(more)} as well.", "Name the two.")
    beyond = [action for name in (PARCELS, MAPS) for action in server.has((*PULL, *LOOK, *WRITE, *DELETE), _arn(lab, name))]
    if beyond:
        return not_yet(f"Each resource in a list counts: the server may do {listed(dict.fromkeys(beyond))} in other repositories, too.", f"Name {PROD} alone.")
    other = [action for action in ELSEWHERE if server.may(action, _public_arn(lab) if action.startswith("ecr-public") else "*")]
    if other:
        return not_yet(
            f"AWS is more than this registry, and whoever breaks into the server has all of it: {', '.join(other)}, for instance.",
            "Look through all policies of the user. Two statements are enough.",
        )
    return done(f"{PRODUCTION} may log in and pull from {PROD}, and nothing else.")


def keep(lab: Lab) -> Verdict:
    """Nobody may delete images of lab2/parcels-prod but the release manager, administrators neither."""
    release, prod, boss = user(lab, RELEASE), _arn(lab, PROD), administrator(lab)
    if release is None or not prod:
        return not_tried(f"The user {RELEASE} or {PROD} isn't there.", "guide.prepare() brings them.")
    deleting, manager = boss.has(DELETE, prod), release.may(DELETE[0], prod)
    refused = "" if manager else lab.decision(release.who, DELETE[0], prod).because
    if len(deleting) == len(DELETE) and "explicit deny" in refused:
        return not_yet(
            "The Deny meets the one whom it should except. A condition says when a statement holds, not when it doesn't.",
            "It shall hold if the caller is not the release manager: ArnNotEquals.",
        )
    if len(deleting) == len(DELETE) and (not manager or _member(lab).may(GOVERN[0], prod)):
        return not_tried(f"An administrator may still delete images of {PROD}.")
    if len(deleting) == len(DELETE):
        return not_yet(
            "To let one do it doesn't keep the others from it: an administrator needs no word of yours, and may still delete.",
            "What binds administrators too is a Deny, in the repository's own policy.",
        )
    if boss.lacks(PULL, prod):
        return not_yet("The Deny takes in more than deleting. Nobody can pull any more, and production stands still.", "Deny the two actions that delete.")
    if deleting == ["ecr:DeleteRepository"]:
        return not_yet(
            "An image has two ways out: with its repository it goes too. DeleteRepository with force takes all images along.",
            "Deny both actions.",
        )
    if deleting:
        return not_yet("What is deleted here is an image, by BatchDeleteImage, and that is still allowed.", "Deny both actions.")
    if manager:
        return _more_than_kept(lab, release, prod) or done(f"Only {RELEASE} may delete images of {PROD}. An administrator could take the policy away first, but not by mistake.")
    if "explicit deny" in refused:
        return not_yet(
            "An Allow doesn't lift a Deny, however exactly it names somebody: the release manager is refused like all others.",
            "The Deny itself must make the exception: a Condition on aws:PrincipalArn, with ArnNotEquals.",
        )
    return not_yet("Not to be denied isn't to be allowed: nothing lets the release manager delete.", "A second statement, with Allow, for that user.")


def _more_than_kept(lab: Lab, release: Rights, prod: str) -> Verdict | None:
    """What the policy of production's repository opens beside deleting, None where that is nothing."""
    more = [action for action in release.has((*WRITE, *GOVERN[:1]), prod) if not _member(lab).may(action, prod)]
    if more:
        return not_yet(f"An exception from one Deny is no reason for more: {RELEASE} may now do {listed(more)} as well.", "Allow BatchDeleteImage, and nothing else.")
    outside = [] if lab.place == "aws" else [administrator(lab, lab.partner), administrator(lab, STRANGER)]
    if any(each.has((*LOOK, *PULL, *WRITE), prod) for each in (anybody(lab, []), *outside)):
        return not_yet("A policy that keeps something may open it, too: what runs in production is now open to others.", f"An Allow for {RELEASE}, and for nobody else.")
    return None


def contractor(lab: Lab) -> Verdict:
    """The partner's contractor may pull lab2/maps; nobody else there may, and nothing else is open."""
    maps = _arn(lab, MAPS)
    if lab.place == "aws":
        return not_tried(NOT_HERE)
    one = user(lab, CONTRACTOR, lab.partner)
    if one is None or not maps:
        return not_tried(f"The contractor or {MAPS} isn't there.", "guide.prepare() brings them.")
    elsewhere = [name for name in (PARCELS, PROD) if one.has(PULL, _arn(lab, name))]
    missing, others = one.lacks(PULL, maps), administrator(lab, lab.partner)
    if elsewhere:
        return not_yet(f"Each repository has a policy of its own, and this one stands at {elsewhere[0]}.", f"Open {MAPS}, and nothing else.")
    if administrator(lab, STRANGER).has(PULL, maps):
        return not_yet("“*” is everybody on AWS, not everybody you know: any account that allows it to itself gets in.", "Name the contractor's ARN.")
    if len(missing) == len(PULL):
        return not_tried(f"The contractor may not pull {MAPS} yet.")
    if missing:
        return not_yet(f"A pull ends half way: {listed(missing)} is missing. Manifest and layers are two actions.", "Allow both.")
    if others.has(PULL, maps):
        return not_yet(
            "“root” isn't a person but the whole account: everybody there whom their administrator allows may pull.",
            "Name the ARN of the contractor, which ends in user/lab2-contractor.",
        )
    more = Rights(lab, one.who, {"identity_policies": [EVERYTHING]}).has((*WRITE, *DELETE), maps)
    if more:
        return not_yet(f"That the other side doesn't allow it today is no lock of yours: your policy opens {listed(more)} too.", "Name the two actions of a pull.")
    return done(f"The contractor may pull {MAPS}, and nobody else of that account may.")


def mend(lab: Lab) -> Verdict:
    """lab2-developer may push to lab2/parcels and delete there, and neither in production."""
    developer, parcels, prod = user(lab, DEVELOPER), _arn(lab, PARCELS), _arn(lab, PROD)
    if developer is None or not parcels or not prod:
        return not_tried(f"The user {DEVELOPER} or the repositories aren't there.", "guide.prepare() brings them.")
    if _member(lab).may(GOVERN[0], prod):
        return not_tried(f"{DEVELOPER} may still do everything, which is task 1.")
    wanted = (*PUSH, DELETE[0])
    missing = developer.lacks(wanted, parcels)
    denied = [action for action in missing if "explicit deny" in lab.decision(developer.who, action, parcels).because]
    beyond = developer.has(("ecr:PutImage", *DELETE), prod)
    if beyond:
        return not_yet(f"Mended too well: {DEVELOPER} may do {listed(beyond)} in production.", f"The policy is about {PARCELS} alone.")
    if denied and len(missing) >= len(wanted) - 1:
        if _versions(lab) > 1:
            return not_yet("A policy keeps several versions, and one of them counts: the default, which is still the old one.", "set_default_policy_version")
        return not_tried(f"{DEVELOPER} can't push yet. The policy {DRAFT} is as the colleague left it.")
    if denied:
        return not_yet(
            f"A Deny on * denies everywhere, {PARCELS} too: {listed(denied)} is refused whatever else allows it.",
            "What nobody allows needs no Deny. If you keep it, give it production's ARN.",
        )
    if len(missing) >= len(wanted) - 1:
        return not_yet("The ARN of a repository has no tag: IAM knows repositories, not images, so nothing in this statement fits.", "Compare it with the repositoryArn.")
    if missing:
        return not_yet(f"IAM takes every action's name, right or wrong, and says nothing: {listed(missing)} is still refused.", "Compare letter by letter with the list of a push.")
    more = developer.has((DELETE[1], *GOVERN[:1]), parcels)
    if more:
        return not_yet(f"Instead of mending four slips you opened everything: {listed(more)} was never asked for.", "Name the actions.")
    return done(f"{DEVELOPER} may push to {PARCELS} and delete images there, and neither in production.")


def boundary(lab: Lab) -> Verdict:
    """Whatever policies the developer gets, nothing but lab2/parcels can be changed."""
    developer, parcels, prod = user(lab, DEVELOPER), _arn(lab, PARCELS), _arn(lab, PROD)
    if developer is None or not parcels or not prod:
        return not_tried(f"The user {DEVELOPER} or the repositories aren't there.", "guide.prepare() brings them.")
    boldest = Rights(lab, developer.who, {"identity_policies": [EVERYTHING]})
    bounded = "PermissionsBoundary" in lab.reader("iam").get_user(UserName=DEVELOPER)["User"]
    if not bounded and identities.exists(lab.reader("iam"), "policy", LIMITS):
        return not_yet(
            "A boundary is a policy in another place. Attached like others it adds rights; as a boundary it limits what others give.",
            "put_user_permissions_boundary",
        )
    if not bounded:
        return not_tried(f"Nothing limits what {DEVELOPER} can be given.")
    beyond = boldest.has((*WRITE, *DELETE, *GOVERN[:1]), prod)
    if beyond:
        return not_yet(f"A limit that allows everything is none: with a wide policy, {DEVELOPER} may do {listed(beyond)} in production.", f"Only {PARCELS} may be changed.")
    if boldest.may(TAKE_OFF, developer.who):
        return not_yet("Who may take the boundary off isn't bounded: it allows the actions of iam, that one too.", "A boundary lists what is within it. Leave iam out.")
    missing = developer.lacks((TOKEN,)) + developer.lacks((*LOOK, *PULL), prod) + developer.lacks(PUSH, parcels)
    if missing:
        return not_yet(
            f"A boundary gives nothing, and what isn't in it is gone: {DEVELOPER} can't do {listed(dict.fromkeys(missing))} any more.",
            "Within it belong reading everything, the token on *, and all of parcels.",
        )
    gained = [action for action in developer.has((DELETE[1], *GOVERN[:1]), parcels) if not _member(lab).may(action, parcels)]
    if gained:
        return not_yet(
            f"As a boundary a policy gives nothing, attached to the user it gives all that stands in it: {DEVELOPER} may now do {listed(gained)}.",
            "detach_user_policy",
        )
    return done(f"Whatever {DEVELOPER} is given, nothing but {PARCELS} can be changed.")


def deploy_role(lab: Lab) -> Verdict:
    """The role lab2-deploy may push to lab2/parcels-prod; CI, and nobody else, may open a session of it."""
    if lab.place == "aws":
        return not_tried(NOT_HERE)
    ci, parcels, prod = user(lab, CI), _arn(lab, PARCELS), _arn(lab, PROD)
    if ci is None or not prod:
        return not_tried(f"The user {CI} or {PROD} isn't there.", "guide.prepare() brings them.")
    if _member(lab).may(GOVERN[0], prod):
        return not_tried(f"{CI} may still do everything, which is task 1.")
    if ci.may("ecr:PutImage", prod):
        return not_yet(f"A role is put on for a moment and taken off. Here {CI} itself may push to production, all day long.", "Take that from the user and give it to the role.")
    if not identities.exists(lab.reader("iam"), "role", ROLE):
        return not_tried(f"There is no role {ROLE} yet.")
    arn = lab.reader("iam").get_role(RoleName=ROLE)["Role"]["Arn"]
    if not ci.may("sts:AssumeRole", arn):
        return not_yet(f"A role has two policies: what it may do, and who may put it on. {CI} is not among those.", "The trust policy (AssumeRolePolicyDocument) names the principal.")
    if administrator(lab).may("sts:AssumeRole", arn):
        return not_yet("To trust “root” is to trust the account: everybody whose own policy allows it may put the role on.", f"Name the ARN of {CI} in the trust policy.")
    others = _who_else_may_put_on(lab, arn)
    if others:
        return not_yet(
            f"Each name in a trust policy is somebody who may deploy, whatever else they may do: {', '.join(others)} can put the role on, too.",
            f"Name {CI} alone.",
        )
    session = Rights(lab, f"arn:aws:sts::{lab.account}:assumed-role/{ROLE}/deploy")
    missing, token = session.lacks(PUSH, prod), session.may(TOKEN)
    if not token and len(missing) == len(PUSH):
        return not_yet("A session has the role's rights, not those of whoever opened it, and the role has none yet.", "put_role_policy")
    if not token:
        return not_yet(f"The session can't log in: it has nothing of what {CI} may. {ON_STAR}", "The role needs the token too.")
    if missing:
        return not_yet(f"The session still lacks {listed(missing)}.", "Five calls make a push.")
    if session.has(("ecr:PutImage",), parcels):
        return not_yet(f"{TOO_WIDE} The role is for production alone.", f"Name the ARN of {PROD}.")
    more = session.has((DELETE[1], *GOVERN[:1]), prod)
    if more:
        return not_yet(f"The role may do {listed(more)} as well, though deploying is pushing.", "Name the actions of a push.")
    return done(f"{CI} puts the role {ROLE} on to push to {PROD}. By itself it can't, and nobody else can put it on.")


def _who_else_may_put_on(lab: Lab, role: str) -> list[str]:
    """Who beside the pipeline can open a session of the role, if their own policies allow it."""
    people = {name: user(lab, name) for name in (PRODUCTION, DEVELOPER, RELEASE)} | {CONTRACTOR: user(lab, CONTRACTOR, lab.partner)}
    bold = {name: Rights(lab, one.who, {"identity_policies": [EVERYTHING]}) for name, one in people.items() if one}
    bold |= {"your partner's account": administrator(lab, lab.partner), "any account": administrator(lab, STRANGER)}
    return [name for name, one in bold.items() if one.may("sts:AssumeRole", role)]


def tracker(lab: Lab) -> Verdict:
    """Only the release manager of the four may push to the public lab2/tracker."""
    release, arn = user(lab, RELEASE), _public_arn(lab)
    if release is None or not arn:
        return not_tried(f"The user {RELEASE} or the public {TRACKER} isn't there.", "guide.prepare() brings them.")
    if _member(lab).may("ecr-public:DeleteRepository", arn):
        return not_tried(f"{RELEASE} may still do everything, which is task 1.")
    others = [name for name in (CI, PRODUCTION, DEVELOPER) if user(lab, name) and user(lab, name).has(PUBLIC_PUSH, arn)]
    missing, log_in = release.lacks(PUBLIC_PUSH, arn), release.lacks(PUBLIC_LOG_IN)
    if len(missing) == len(PUBLIC_PUSH) and release.may("ecr:PutImage", arn):
        return not_yet("The public registry is a service of its own: its actions begin with ecr-public, and ecr: means the private one.", "ecr-public:PutImage and the rest.")
    if len(missing) == len(PUBLIC_PUSH) and others:
        return not_tried(f"{RELEASE} may not push to {TRACKER} yet, and {', '.join(others)} may.")
    if others:
        return not_yet(f"What one may doesn't take from others: the repository's own policy still lets {', '.join(others)} push.", "get_repository_policy of the client public")
    if len(missing) == len(PUBLIC_PUSH):
        return not_yet("Now nobody but an administrator can push. The release manager was to keep that.", "Five actions, and a log-in.")
    if missing:
        return not_yet(f"{RELEASE} still lacks {listed(missing)}.", "Five actions make a push, as in the private registry.")
    if log_in == ["sts:GetServiceBearerToken"]:
        return not_yet("A public token is handed out by two services: ecr-public, and sts, which makes it. Only one of them has been asked.", "sts:GetServiceBearerToken, on *.")
    if log_in:
        return not_yet(f"The log-in is missing: {listed(log_in)}. It is asked for on *.", "A statement of its own, with Resource *.")
    if release.may("ecr-public:PutImage", f"{arn}-of-others"):
        return not_yet(TOO_WIDE, f"Name the ARN of {TRACKER}. AWS's own policies all say *.")
    return done(f"Everybody may pull {TRACKER}, and of the four only {RELEASE} may push to it.")


def _member(lab: Lab) -> Rights:
    """What the group gives."""
    return anybody(lab, [json.dumps(each) for each in identities.documents_of_group(lab.reader("iam"), GROUP)])


def _in_group(lab: Lab, name: str) -> bool:
    groups = lab.reader("iam").list_groups_for_user(UserName=name)["Groups"]
    return GROUP in [each["GroupName"] for each in groups]


def _own(lab: Lab, name: str) -> bool:
    """Whether a user has policies beside the group's."""
    iam = lab.reader("iam")
    inline, attached = iam.list_user_policies(UserName=name)["PolicyNames"], iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
    return bool(inline or attached)


def _versions(lab: Lab) -> int:
    """How many versions of the colleague's policy there are."""
    iam = lab.reader("iam")
    found = [each["Arn"] for each in iam.list_policies(Scope="Local")["Policies"] if each["PolicyName"] == DRAFT]
    return len(iam.list_policy_versions(PolicyArn=found[0])["Versions"]) if found else 0


def _arn(lab: Lab, name: str) -> str:
    """A private repository's ARN, empty where there is none."""
    found = looking.repository(lab.reader("ecr"), name)
    return found["repositoryArn"] if found else ""


def _public_arn(lab: Lab) -> str:
    found = looking.repository(lab.reader("ecr-public", region="us-east-1"), TRACKER)
    return found["repositoryArn"] if found else ""


def _allowing(actions: list[str], resource: str) -> str:
    return _policy({"Effect": "Allow", "Action": actions, "Resource": resource})


def _policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


CHECKS = {
    "everybody": everybody,
    "ci-push": ci_push,
    "production": production,
    "keep": keep,
    "contractor": contractor,
    "mend": mend,
    "boundary": boundary,
    "deploy-role": deploy_role,
    "tracker": tracker,
}
