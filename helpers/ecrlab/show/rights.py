"""Who may do what in which repository, as one table."""

from collections.abc import Iterable, Mapping

from ecrlab.lab import Lab
from ecrlab.rights import DELETE, LOOK, PULL, PUSH, Rights
from ecrlab.show import html, words
from ecrlab.show.picture import Picture

TASKS = {"look": LOOK, "pull": PULL, "push": PUSH, "delete": DELETE[:1]}


def rights(lab: Lab, who: Mapping[str, str], repositories: Iterable[str]) -> Picture:
    """Draw what these principals (name → ARN) may do in these private repositories of yours: look, pull, push, delete.

    A task counts where all its actions are allowed. It is the decisions that are asked for; nothing is called.
    """
    described = lab.reader("ecr").describe_repositories(repositoryNames=list(repositories))["repositories"]
    heads, caption = ["Who", *(each["repositoryName"] for each in described)], "Who may do what"
    rows = [[name, *(_tasks(Rights(lab, arn), each["repositoryArn"]) for each in described)] for name, arn in who.items()]
    return Picture(html.card(html.table(heads, rows, caption)), words.columns(heads, rows, caption))


def _tasks(whose: Rights, repository: str) -> str:
    return ", ".join(task for task, actions in TASKS.items() if not whose.lacks(actions, repository)) or "nothing"
