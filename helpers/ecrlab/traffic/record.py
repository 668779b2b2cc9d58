"""What was done in a fortnight, kept in the lab's folder: the truth that metrics and trail can be compared with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from localecr.door import write_private

FILE = "traffic.json"


@dataclass(frozen=True)
class Fortnight:
    """`begins` and `ends` (exclusive), UTC, and `calls` in order, one row each, as pandas takes them:

    time (of the step, to the minute), who, address, service, operation, repository, error (None where it was served) and pulls
    (how many images it brought).
    """

    begins: datetime
    ends: datetime
    calls: list[dict]

    def __str__(self) -> str:
        return f"{len(self.calls):,} calls, {self.begins:%d %B %Y} to {self.ends:%d %B %Y}"

    __repr__ = __str__

    def count(self, operation: str) -> int:
        """How often an operation of ECR was called, refused calls included."""
        return sum(call["service"] == "ecr" and call["operation"] == operation for call in self.calls)

    def pulls(self, repository: str) -> int:
        """How many images of a repository were pulled."""
        return sum(call["pulls"] for call in self.calls if call["repository"] == repository)

    @classmethod
    def find(cls, state: Path) -> Fortnight | None:
        """The one that this lab's folder knows of."""
        try:
            kept = json.loads((state / FILE).read_text("utf-8"))
        except FileNotFoundError:
            return None
        calls = [call | {"time": datetime.fromisoformat(call["time"])} for call in kept["calls"]]
        return cls(datetime.fromisoformat(kept["begins"]), datetime.fromisoformat(kept["ends"]), calls)

    def keep(self, state: Path) -> None:
        """Write it down, whole or not at all."""
        document = {"begins": self.begins, "ends": self.ends, "calls": self.calls}
        write_private(state / FILE, json.dumps(document, default=datetime.isoformat))

    @staticmethod
    def forget(state: Path) -> None:
        """Forget it, if there was one."""
        (state / FILE).unlink(missing_ok=True)
