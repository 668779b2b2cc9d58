"""What learners are known to do instead, as code that a lab's tests run."""

from collections.abc import Callable
from dataclasses import dataclass

from ecrlab.check import NOT_YET
from ecrlab.lab import Lab


@dataclass(frozen=True)
class Mistake:
    """One way not to solve a task.

    `make` does it, in a lab where the tasks `after` are solved; then the check of `task` must come to `outcome`, and
    what it says must contain `says`, the belief behind the mistake.
    """

    task: str
    says: str
    make: Callable[[Lab], object]
    after: tuple[str, ...] = ()
    outcome: str = NOT_YET

    @property
    def name(self) -> str:
        """`task: what is done`, as its function is named."""
        return f"{self.task}: {self.make.__name__.replace('_', ' ')}"
