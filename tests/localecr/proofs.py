"""What the tests that passed have proved of each operation: the source of the tables in docs/fidelity.md.

While a test runs, every operation that the lab serves or refuses is noted, with the door it came in by and who asked. A test that
passes turns its notes into proofs; one that fails, or asks at random, proves nothing.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from localecr import contract, gateway
from localecr.errors import AwsError

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"
BEGIN, END = "<!-- proved: written by `make fidelity` from the tests that passed -->", "<!-- end of what is proved -->"
API, PROTOCOL = "API", "protocol"
SERVICES = {"ecr": "Amazon ECR", "ecr-public": "Amazon ECR Public"}
RANDOM = ("test_any_request", "test_fifty_clients", "test_hostile", "test_races")  # their requests differ from run to run
# how a client that nobody here wrote names itself → its name, and the tool without which its tests are skipped
CLIENTS = {
    "aws-cli/": ("AWS CLI", None),
    "Boto3/": ("boto3", None),
    "docker/": ("Docker", "docker"),
    "containerd/": ("containerd", "containerd"),
    "Buildah/": ("buildah", "buildah"),
    "skopeo/": ("skopeo", "skopeo"),
}
LIBRARY = "containers/"  # podman gives its library's name, as others might; that it is podman, the test file says
CLIENTS_BY_FILE = {"test_with_podman": ("podman", "podman")}


@dataclass(frozen=True, order=True)
class Proof:
    """One thing shown of an operation: ``kind`` is a door, "client" or "error"; ``what`` names the client or the error."""

    service: str
    operation: str
    kind: str
    what: str = ""


class Witness:
    """Notes what happens during a test, and keeps what a passed test has shown."""

    def __init__(self) -> None:
        self.proved: set[Proof] = set()
        self._noted: set[Proof] = set()
        self._file = ""
        self._asking = threading.local()  # who sent the request that this thread of the lab works on
        self._answer, self._perform = gateway.Gateway._answer, gateway.perform
        gateway.Gateway._answer, gateway.perform = lambda lab, request: self._heard(lab, request), self._watched

    def _heard(self, lab, request):
        self._asking.client = request.header("User-Agent")
        return self._answer(lab, request)

    def _watched(self, call, work, *more, **named):
        through = PROTOCOL if call.through_docker else API
        try:
            result = self._perform(call, work, *more, **named)
        except AwsError as error:
            self.note(call.service, call.operation, "error", error.code)
            raise
        self.note(call.service, call.operation, through)
        known = CLIENTS | ({LIBRARY: CLIENTS_BY_FILE[self._file]} if self._file in CLIENTS_BY_FILE else {})
        for prefix, (client, _) in known.items():
            if self._asking.client.startswith(prefix):
                self.note(call.service, call.operation, "client", client)
        return result

    def note(self, service: str, operation: str, kind: str, what: str = "") -> None:
        self._noted.add(Proof(service, operation, kind, what))

    def answered(self, http_response, model, **_) -> None:
        """A handler of botocore's ``after-call``: errors that no operation was reached for count too."""
        if http_response.status_code != 200:
            self.note(model.service_model.service_name, model.name, "error", json.loads(http_response.content)["__type"])

    def begin(self, file: str) -> None:
        self._file, self._noted = file, set()

    def end(self, passed: bool) -> None:
        if passed and self._file not in RANDOM:
            self.proved |= {each for each in self._noted if each.what != "NotImplemented"}
        self._noted = set()


def tables(proved: set[Proof]) -> str:
    """The proofs as Markdown, a table for each service."""
    return "\n\n".join(_table(service, {each for each in proved if each.service == service}) for service in SERVICES)


def _table(service: str, proved: set[Proof]) -> str:
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in proved:
        found[each.operation][each.kind].add(each.what)
    lines = [f"**{SERVICES[service]}**", "", "| Operation | Served through | Clients | Errors shown |", "|---|---|---|---|"]
    for operation in sorted(found):
        kinds = found[operation]
        doors = ", ".join(door for door in (API, PROTOCOL) if door in kinds)
        errors = ", ".join(sorted(each.removesuffix("Exception") for each in kinds["error"]))
        lines.append(f"| {operation} | {doors} | {', '.join(sorted(kinds['client'], key=str.lower))} | {errors} |")
    absent = sorted(set(contract.model(service).operation_names) - set(gateway.OPERATIONS[service]))
    if absent:
        lines += ["", f"Not built ({len(absent)}): {', '.join(absent)}."]
    return "\n".join(lines)


def written() -> str:
    """What the page says now."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def write(proved: set[Proof]) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables(proved)}\n\n{END}{after}", encoding="utf-8")


def claims(text: str) -> set[Proof]:
    """The proofs that a page's tables claim."""
    found = set()
    for service, title in SERVICES.items():
        part = text.partition(f"**{title}**")[2].partition("\n**")[0]
        for line in part.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if len(cells) != 4 or cells[0] in ("Operation", "---"):
                continue
            operation, doors, clients, errors = cells
            found |= {Proof(service, operation, door) for door in _listed(doors)}
            found |= {Proof(service, operation, "client", client) for client in _listed(clients)}
            found |= {Proof(service, operation, "error", error) for error in _listed(errors)}
    return found


def _listed(cell: str) -> list[str]:
    return [each for each in cell.split(", ") if each]


def unproved(text: str, proved: set[Proof], absent_tools: set[str]) -> list[Proof]:
    """The claims of a page that this run did not prove, those aside for which the tool was missing."""
    shown = {Proof(each.service, each.operation, each.kind, each.what.removesuffix("Exception")) for each in proved}
    excused = {client for client, tool in (*CLIENTS.values(), *CLIENTS_BY_FILE.values()) if tool in absent_tools}
    return sorted(each for each in claims(text) - shown if each.what not in excused)
