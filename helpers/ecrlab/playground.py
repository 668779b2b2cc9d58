"""The policy playground: who may do what, on which repository, and why; with policies that can be edited without doing any harm.

Nothing is called and nothing changes: the lab's own evaluator is asked (on AWS, IAM's simulator: see `ecrlab.simulator`).
Everything works by keyboard, and each decision is announced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import botocore.exceptions

from ecrlab import identities
from ecrlab.errors import LabError
from ecrlab.lab import Lab
from ecrlab.plain import plain
from ecrlab.show import html
from ecrlab.show.decision import decision
from ecrlab.show.picture import Picture, note

TOKEN = "ecr:GetAuthorizationToken"
ACTIONS = {
    TOKEN: "log in; asked on *, never on a repository",
    "ecr:BatchGetImage": "pull: the manifest",
    "ecr:GetDownloadUrlForLayer": "pull: a layer",
    "ecr:BatchCheckLayerAvailability": "push: are these layers there?",
    "ecr:InitiateLayerUpload": "push: begin a layer",
    "ecr:UploadLayerPart": "push: a layer's bytes",
    "ecr:CompleteLayerUpload": "push: end a layer",
    "ecr:PutImage": "push: the manifest and its tag",
    "ecr:DescribeImages": "look",
    "ecr:ListImages": "look",
    "ecr:BatchDeleteImage": "delete images or tags",
    "ecr:DeleteRepository": "delete the repository",
    "ecr:SetRepositoryPolicy": "change who may do what",
}
# what a repository that has no policy could have
SAMPLE = """None yet. For example:
{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchDeleteImage"}
  ]
}"""
_STYLE = """<style>
.ecrlab-playground {border: 1px solid #767676; border-left: 6px solid #0072b2; border-radius: 4px; padding: 8px 14px; max-width: 60em;}
.ecrlab-playground .widget-dropdown, .ecrlab-playground .widget-textarea {width: auto; flex-direction: column; align-items: stretch; height: auto;}
.ecrlab-playground .widget-dropdown > select {width: 100%; flex: none; height: 28px;}
.ecrlab-playground .widget-textarea > textarea {flex: none;}
.ecrlab-playground .widget-label {width: auto; max-width: none; text-align: left; font-weight: 600; font-size: 14px;}
.ecrlab-playground textarea {font-family: var(--jp-code-font-family, monospace); font-size: 13px; width: 100%;}
.ecrlab-playground .widget-html, .ecrlab-playground .widget-html-content {height: auto; overflow: visible; white-space: normal;}
</style>"""


@dataclass(frozen=True)
class Question:
    """What is asked: a principal's ARN, an action, a repository's ARN; with policies' texts in place of those that are there.

    `instead` holds `identity_policies` or `repository_policy`, as `Lab.decision` takes them.
    """

    who: str
    action: str
    repository: str
    instead: Mapping[str, object] = field(default_factory=dict)

    def decide(self, lab: Lab) -> Picture:
        """The decision, or a sentence on what keeps it from being made. Nothing is raised for a policy that can't be read."""
        resource = "*" if self.action == TOKEN else self.repository
        try:
            return decision(lab.decision(self.who, self.action, resource, **self.instead))
        except (LabError, botocore.exceptions.ClientError) as error:
            return note(str(error))


def open(lab: Lab, who: Mapping[str, str], repositories: Sequence[str], action: str = "ecr:BatchGetImage") -> None:
    """Show the playground for these principals (name → ARN) and private repositories of yours; where nobody can click, one decision.

    Raises LabError for a repository that isn't there.
    """
    there = {name: _arn(lab, name) for name in repositories}
    if plain():
        (name, arn), (repository, resource) = next(iter(who.items())), next(iter(there.items()))
        picture = Question(arn, action, resource).decide(lab)
        print(f"Who: {name}. What: {action}. On: {repository}.\n{picture.text}")
        return
    import IPython.display

    IPython.display.display(Playground(lab, who, there, action).widget)


def _arn(lab: Lab, repository: str) -> str:
    ecr = lab.reader("ecr")
    try:
        return ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryArn"]
    except ecr.exceptions.RepositoryNotFoundException:
        raise LabError("playground", f"There is no repository {repository}.", "Run the cells above, from the top.") from None


class Playground:
    """The widgets and what they do."""

    def __init__(self, lab: Lab, who: Mapping[str, str], repositories: Mapping[str, str], action: str) -> None:
        import ipywidgets

        self._lab = lab
        self.who = ipywidgets.Dropdown(description="Who", options=list(who.items()))
        self.action = ipywidgets.Dropdown(description="What", options=[(f"{name} ({what})", name) for name, what in ACTIONS.items()], value=action)
        self.repository = ipywidgets.Dropdown(description="On which repository", options=list(repositories.items()))
        self.identity_policy = ipywidgets.Textarea(description="Identity policy: what this principal may do", rows=12)
        self.repository_policy = ipywidgets.Textarea(description="Repository policy: who may use this repository", rows=12, placeholder=SAMPLE)
        self.decide = ipywidgets.Button(description="Decide", layout={"width": "auto"})
        self.reload = ipywidgets.Button(description="Back to the policies as they are", layout={"width": "auto"})
        self.said = ipywidgets.HTML(_region(""))
        self.who.observe(lambda _: self._load("identity_policy"), "value")
        self.repository.observe(lambda _: self._load("repository_policy"), "value")
        self.decide.on_click(lambda _: self._decide())
        self.reload.on_click(lambda _: self._reload())
        self._reload()
        fields = [self.who, self.action, self.repository, self.identity_policy, self.repository_policy]
        self.widget = ipywidgets.VBox([ipywidgets.HTML(_STYLE), *fields, ipywidgets.HBox([self.decide, self.reload]), self.said])
        self.widget.add_class("ecrlab-playground")

    def _reload(self) -> None:
        """Both texts as they are, and nothing said."""
        self._load("identity_policy")
        self._load("repository_policy")
        self.said.value = _region("")

    def _load(self, name: str) -> None:
        getattr(self, name).value = self._kept(name)

    def _kept(self, name: str) -> str:
        """The policy as it is now."""
        return _identity_policy(self._lab, self.who.value) if name == "identity_policy" else _repository_policy(self._lab, self.repository.label)

    def _decide(self) -> None:
        instead, faults = {}, []
        for name in ("identity_policy", "repository_policy"):
            text = getattr(self, name).value
            if text.strip():
                faults += filter(None, [fault(getattr(self, name).description.partition(":")[0], text)])
            if text != self._kept(name):  # what is as it is, is decided under its own name
                instead |= {"identity_policies": [text] if text.strip() else []} if name == "identity_policy" else {name: text.strip()}
        asked = Question(self.who.value, self.action.value, self.repository.value, instead)
        self.said.value = _region((note(*faults) if faults else asked.decide(self._lab)).html)


def fault(name: str, text: str) -> str | None:
    """What keeps a text from being read as a policy, in a sentence with line and column; None where nothing does."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        return f"{name}: this isn't JSON at line {error.lineno}, column {error.colno}. {error.msg}."
    return None if isinstance(document, dict) else f"{name}: a policy is one object, in braces, from line 1, column 1."


def _identity_policy(lab: Lab, arn: str) -> str:
    """All identity policies of a principal as one, which decides the same; empty where it has none."""
    documents = [document for _, document in identities.documents(lab.reader("iam", account=arn.split(":")[4]), arn)]
    listed = [each["Statement"] if isinstance(each["Statement"], list) else [each["Statement"]] for each in documents]
    return _written({"Version": "2012-10-17", "Statement": [statement for each in listed for statement in each]}) if documents else ""


def _repository_policy(lab: Lab, repository: str) -> str:
    ecr = lab.reader("ecr")
    try:
        return _written(json.loads(ecr.get_repository_policy(repositoryName=repository)["policyText"]))
    except ecr.exceptions.RepositoryPolicyNotFoundException:
        return ""


def _written(document: dict) -> str:
    return json.dumps(document, indent=2)


def _region(content: str) -> str:
    """A live region: what appears in it is read out."""
    return html.element("div", html.Html(content), role="status", aria_live="polite", aria_atomic="true")
