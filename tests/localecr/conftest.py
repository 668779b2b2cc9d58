"""What the tests of the embedded ECR share: clients whose every answer is judged, and repositories of their own."""

from __future__ import annotations

import base64
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from botocore.client import BaseClient

import answers
import examined
import grants
import proofs
import stand_in
import tools
from wire import Repository, basic

if TYPE_CHECKING:
    from localecr import Endpoint
    from localecr.door import Door

ACCOUNT, PARTNER, REGION = "111122223333", "444455556666", "us-east-1"
HERE = Path(__file__).parent
WITNESS, WHOLE = pytest.StashKey[proofs.Witness](), pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[WITNESS] = proofs.Witness()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What the page claims is judged last, and only where every test of this folder runs."""
    last = [item for item in items if item.path.stem == "test_what_is_proved"]
    items[:] = [item for item in items if item not in last] + last
    ran = {item.path.stem for item in items if item.path.parent == HERE}
    narrowed = config.getoption("keyword") or config.getoption("markexpr") or any("::" in each for each in config.args)
    config.stash[WHOLE] = not narrowed and {path.stem for path in HERE.glob("test_*.py")} == ran


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    outcome = yield
    if item.path.parent == HERE and call.when == "call":
        item.config.stash[WITNESS].end(passed=outcome.get_result().passed)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.path.parent == HERE:
        item.config.stash[WITNESS].begin(item.path.stem)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("write_fidelity"):
        proofs.write(session.config.stash[WITNESS].proved)


@pytest.fixture(scope="session")
def witness(pytestconfig: pytest.Config) -> proofs.Witness:
    """What the tests that passed so far have proved."""
    return pytestconfig.stash[WITNESS]


@pytest.fixture(scope="session")
def whole_folder(pytestconfig: pytest.Config) -> bool:
    """Whether this run holds every test of this folder."""
    return pytestconfig.stash[WHOLE]


@pytest.fixture(scope="session")
def aws(aws: Callable[..., BaseClient], witness: proofs.Witness) -> Callable[..., BaseClient]:
    """As everywhere, `aws("ecr", account=…, region=…)`; each answer must fit the model of its operation, or the call fails."""

    @cache
    def client(service: str, account: str = ACCOUNT, region: str = REGION) -> BaseClient:
        made = aws(service, account, region)
        for judged in ("after-call.ecr", "after-call.ecr-public"):
            made.meta.events.register(judged, answers.check)
            made.meta.events.register(judged, witness.answered)
        made.meta.events.register("after-call.inspector2", answers.check_rest)
        return made

    return client


@pytest.fixture
def ecr(aws: Callable[..., BaseClient]) -> BaseClient:
    """Your account's private registry."""
    return aws("ecr")


@pytest.fixture
def public(aws: Callable[..., BaseClient]) -> BaseClient:
    """Your account's public registry."""
    return aws("ecr-public")


@pytest.fixture(scope="session")
def web() -> requests.Session:
    """Connections kept open between requests."""
    return requests.Session()


@pytest.fixture
def registry_password(aws: Callable[..., BaseClient]) -> Callable[..., str]:
    """`registry_password(account, region)`: what `aws ecr get-login-password` prints, fetched now."""

    def fetch(account: str = ACCOUNT, region: str = REGION) -> str:
        (data,) = aws("ecr", account, region).get_authorization_token()["authorizationData"]
        return base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")

    return fetch


@pytest.fixture
def at(lab_endpoint: Endpoint, registry_password: Callable[..., str], web: requests.Session) -> Callable[..., Repository]:
    """`at(name, account, region)`: a private repository over HTTP, its owner logged in."""

    def repository(name: str, account: str = ACCOUNT, region: str = REGION) -> Repository:
        path = f"{account}.dkr.ecr.{region}.amazonaws.com/{name}"
        return Repository(lab_endpoint.url, path, basic(registry_password(account, region)), web)

    return repository


@pytest.fixture
def name(ecr: BaseClient, free_repository: str) -> str:
    """The name of an empty repository of this test's own."""
    ecr.create_repository(repositoryName=free_repository)
    return free_repository


@pytest.fixture
def http(at: Callable[..., Repository], name: str) -> Repository:
    """The same repository over HTTP."""
    return at(name)


@pytest.fixture
def meet(aws: Callable[..., BaseClient], lab_endpoint: Endpoint, free_repository: str) -> grants.Meet:
    """`meet(policy, …, account=…)`: a new user with these inline policies, and no others."""
    met = count(1)

    def user(*policies: str, account: str = ACCOUNT) -> grants.Person:
        return grants.meet(lab_endpoint, aws("iam", account), f"{free_repository[-40:].strip('-')}-{next(met)}", *policies)

    return user


@pytest.fixture
def inspected(lab_endpoint: Endpoint, aws: Callable[..., BaseClient], free_repository: str, scanned: Callable[[], None]) -> Iterator[examined.Inspected]:
    """An account of this test's own with Amazon Inspector, and a repository; see examined.py."""
    made = examined.Inspected(lab_endpoint, aws, free_repository)
    yield made
    made.ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])  # so that no later test's clock has its images scanned
    scanned()


@pytest.fixture
def scanner(monkeypatch: pytest.MonkeyPatch, aws: Callable[..., BaseClient], lab_state: Path, scanned: Callable[[], None]) -> stand_in.Scanner:
    """A scanner that believes what images say of themselves, in the place of the real one; see stand_in.py. It sees this test's images alone:
    registries that were left with enhanced scanning are set back."""
    with closing(sqlite3.connect(lab_state / "lab.sqlite")) as database:
        left = database.execute("SELECT account, region FROM scanning_configurations WHERE scan_type = 'ENHANCED'").fetchall()
    for account, region in left:
        aws("ecr", account, region).put_registry_scanning_configuration(scanType="BASIC", rules=[])
    scanned()
    made = stand_in.Scanner()
    monkeypatch.setattr("localecr.scanner.process.Examiner.examine", lambda self, subject, known_at: made.examine(subject, known_at))
    return made


@pytest.fixture
def scanned(door: Door) -> Callable[[], None]:
    """`scanned()` returns when no scan is waiting or running."""

    def settle() -> None:
        deadline = time.monotonic() + stand_in.PATIENCE
        while (progress := door.scans())["waiting"] or progress["running"]:
            assert time.monotonic() < deadline, progress
            time.sleep(0.01)

    return settle


@pytest.fixture
def later(door: Door) -> Callable[..., None]:
    """`later(hours=12)` moves the lab's clock forward."""

    def advance(**by: float) -> None:
        door.advance(timedelta(**by).total_seconds())

    return advance


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of a lab that was started and stopped once."""
    import localecr

    folder = tmp_path_factory.mktemp("seeded")
    localecr.start(folder, port=0).stop()
    return folder


@pytest.fixture
def state(seeded: Path, tmp_path: Path) -> Path:
    """A copy of that folder for one test to start, stop and spoil."""
    return shutil.copytree(seeded, tmp_path / "state")


@pytest.fixture
def shell(lab_endpoint: Endpoint, door: Door) -> dict[str, str]:
    """What a shell needs to use the lab as it would use AWS."""
    keys = door.keys(ACCOUNT)
    return {
        "AWS_ENDPOINT_URL": lab_endpoint.url,
        "AWS_ACCESS_KEY_ID": keys["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
        "AWS_DEFAULT_REGION": REGION,
        "ECRLAB_REGISTRY": f"{lab_endpoint.url.removeprefix('http://')}/{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com",
        "ECRLAB_PUBLIC_REGISTRY": f"{lab_endpoint.public_url.removeprefix('http://')}/public.ecr.aws",
    }


@pytest.fixture
def aws_cli(shell: dict[str, str]) -> tools.Command:
    """The AWS CLI of the tests' environment, version 1."""
    return tools.Command(str(Path(sys.executable).with_name("aws")), environment=shell | {"AWS_PAGER": ""})


@pytest.fixture
def aws2_cli(shell: dict[str, str]) -> tools.Command:
    """The AWS CLI, version 2. Its releases before 2.13 take the endpoint from the command line alone."""
    return tools.Command(tools.need("aws2"), "--endpoint-url", shell["AWS_ENDPOINT_URL"], environment=shell | {"AWS_PAGER": ""})
