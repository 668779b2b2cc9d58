"""What the events of a build say, step by step.

Docker Engine API: the stream of `POST /build` with the classic builder, which writes `Step 2/6 : COPY app /app`,
` ---> Using cache`, ` ---> 6a1213093ad9`, and at last an `aux` event with the image's id.
"""

import re
from dataclasses import dataclass, field

_STEP = re.compile(r"Step (\d+)/\d+ : (.*)", re.DOTALL)
_IMAGE = re.compile(r" ---> ([0-9a-f]{12})\s*$")
_BUILT = re.compile(r"Successfully built ([0-9a-f]{12,64})")


@dataclass
class Step:
    """One instruction and what it did."""

    number: int
    instruction: str
    outcome: str = ""
    output: str = ""


@dataclass
class Steps:
    """A build so far: its steps, the id of the finished image, or the error that ended it."""

    steps: list[Step] = field(default_factory=list)
    image: str | None = None
    error: str | None = None

    def read(self, event: dict) -> None:
        """Take in one event."""
        self.image = (event.get("aux") or {}).get("ID", self.image)
        if "error" in event:
            self.error = event["error"].strip()
            if self.steps:
                self.steps[-1].outcome = "failed"
        line = event.get("stream", "")
        if found := _STEP.match(line):
            self.steps.append(Step(int(found[1]), found[2].strip()))
        elif found := _BUILT.search(line):
            self.image = self.image or found[1]
        elif self.steps and line.strip():
            self._read_outcome(self.steps[-1], line)

    def _read_outcome(self, step: Step, line: str) -> None:
        if "Using cache" in line:
            step.outcome = "taken from the cache"
        elif "Running in" in line and step.instruction.upper().startswith("RUN"):
            step.outcome = "ran"
        elif line.strip() == "--->":
            step.outcome = "starts empty"
        elif _IMAGE.match(line):
            step.outcome = step.outcome or "done"
        elif not line.startswith((" --->", "Removing intermediate container", "Successfully tagged")):
            step.output += line
