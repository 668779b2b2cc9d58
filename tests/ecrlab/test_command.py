"""The command `ecrlab`, as it is typed."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import boto3
import nbformat
import pytest

KEYS = {"endpoint", "public_endpoint", "port", "pid", "state", "accounts", "engine", "version"}


class Command:
    """`ecrlab("status", "--json")` runs the command on a state folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "state"

    def __call__(self, *words, cwd=None):
        environment = {**os.environ, "ECRLAB_STATE": str(self.state), "ECRLAB_ENGINE": "dockerless"}
        line = [sys.executable, "-m", "ecrlab", *words]
        return subprocess.run(line, capture_output=True, text=True, timeout=120, cwd=cwd or self.folder, env=environment)

    def serve(self):
        answer = self("serve", "--background", "--port", "0")
        assert answer.returncode == 0, answer.stderr

    def stop(self):
        if (self.state / "server.json").exists():
            assert self("stop").returncode == 0


@pytest.fixture
def ecrlab(tmp_path, monkeypatch):
    """The command in a new folder. A lab that it starts is stopped in the end."""
    command = Command(tmp_path)
    yield command
    command.stop()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The command with a lab in the background, which tests may look at and not change."""
    command = Command(tmp_path_factory.mktemp("served"))
    command.serve()
    yield command
    command.stop()


def client(ecrlab):
    values = dict(line.removeprefix("export ").split("=", 1) for line in ecrlab("env").stdout.splitlines())
    return boto3.client(
        "ecr",
        endpoint_url=values["AWS_ENDPOINT_URL"],
        region_name=values["AWS_DEFAULT_REGION"],
        aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=shlex.split(values["AWS_SECRET_ACCESS_KEY"])[0],
    )


def one_sentence(answer):
    """What a failed command said: one line, and no traceback."""
    assert answer.returncode not in (0, None)
    (line,) = answer.stderr.strip().splitlines()
    return line


def test_help_names_every_command_and_how_to_begin(ecrlab):
    said = ecrlab("--help").stdout
    for command in ("lab", "serve", "stop", "status", "env", "doctor", "course", "reset"):
        assert re.search(rf"^    {command} ", said, re.MULTILINE)
    assert 'eval "$(ecrlab env)"' in said


@pytest.mark.parametrize("command", ["status", "env", "stop"])
def test_where_no_lab_runs_it_says_so_in_one_sentence(ecrlab, command):
    assert one_sentence(ecrlab(command)).startswith("ecrlab: no lab is running on ")


def test_an_unknown_option_is_not_passed_over(ecrlab):
    answer = ecrlab("status", "--jsn")
    assert answer.returncode == 2 and "status doesn't know --jsn" in answer.stderr


def test_serve_in_the_background_returns_when_the_lab_is_ready(served):
    status = json.loads(served("status", "--json").stdout)
    assert set(status) == KEYS
    assert status["state"] == str(served.state) and status["engine"] == "dockerless"
    assert {"111122223333", "444455556666"} <= set(status["accounts"])


def test_serving_what_is_served_already_says_where(served):
    answer = served("serve", "--background", "--port", "0")
    assert answer.returncode == 0 and "is running already at http://localhost:" in answer.stdout


def test_status_for_people_says_the_same(served):
    endpoint = json.loads(served("status", "--json").stdout)["endpoint"]
    assert endpoint in served("status").stdout


def test_a_port_in_use_is_said_with_what_to_do(ecrlab):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for how in ([], ["--background"]):
            said = one_sentence(ecrlab("serve", "--port", str(port), *how))
            assert f"Port {port} is in use" in said and "--port 0" in said


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals for another process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM] if os.name != "nt" else [])
def test_in_the_foreground_it_prints_its_addresses_and_stops_cleanly(ecrlab, tmp_path, number):
    command = [sys.executable, "-m", "ecrlab", "serve", "--port", "0", "--state", str(ecrlab.state)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    lines = [process.stdout.readline() for _ in range(4)]
    assert "private registry and AWS APIs  http://localhost:" in lines[1]
    assert "public registry                http://localhost:" in lines[2]
    process.send_signal(number)
    assert process.wait(30) == 0
    assert process.stdout.read() == "The lab has stopped. What you made is kept in its folder.\n"
    assert not (tmp_path / "state" / "server.json").exists()


def test_env_prints_lines_for_a_shell(served):
    lines = served("env", "--account", "444455556666", "--region", "eu-west-1").stdout.splitlines()
    values = dict(re.fullmatch(r"export ([A-Z_]+)=(.*)", line).groups() for line in lines)
    status = json.loads(served("status", "--json").stdout)
    assert list(values) == [
        "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "ECRLAB_REGISTRY", "ECRLAB_PUBLIC_REGISTRY",
    ]  # fmt: skip
    assert values["AWS_ENDPOINT_URL"] == status["endpoint"]
    assert values["ECRLAB_REGISTRY"] == f"localhost:{status['port']}/444455556666.dkr.ecr.eu-west-1.amazonaws.com"
    assert values["ECRLAB_PUBLIC_REGISTRY"] == status["public_endpoint"].removeprefix("http://") + "/public.ecr.aws"


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--account", "12"], "an account id is 12 digits"), (["--region", "mars"], "AWS has no Region named 'mars'. Use one such as")],
)
def test_env_refuses_what_aws_does_not_have(served, words, said):
    assert said in one_sentence(served("env", *words))


def test_the_keys_that_env_prints_open_the_lab(served):
    assert client(served).describe_registry()["registryId"] == "111122223333"


def test_what_was_made_is_there_again_after_stop_and_start(ecrlab):
    ecrlab.serve()
    client(ecrlab).create_repository(repositoryName="kept")
    assert ecrlab("stop").stdout == "The lab has stopped. What you made is kept.\n"
    assert ecrlab("status").returncode == 1
    ecrlab.serve()
    assert [each["repositoryName"] for each in client(ecrlab).describe_repositories()["repositories"]] == ["kept"]


def test_reset_without_yes_deletes_nothing_and_says_what_would_go(served):
    answer = served("reset")
    assert answer.returncode == 1 and "lab.sqlite" in answer.stderr and "ecrlab reset --yes" in answer.stderr
    assert served("status").returncode == 0


def test_reset_stops_the_lab_and_deletes_only_what_is_the_labs(ecrlab):
    ecrlab.serve()
    client(ecrlab).create_repository(repositoryName="gone")
    (ecrlab.state / "thesis.txt").write_text("mine")
    answer = ecrlab("reset", "--yes")
    assert answer.returncode == 0 and "thesis.txt" in answer.stdout
    assert [path.name for path in ecrlab.state.iterdir()] == ["thesis.txt"]
    ecrlab.serve()
    assert client(ecrlab).describe_repositories()["repositories"] == []


def test_reset_refuses_a_folder_that_is_no_labs(ecrlab, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "thesis.txt").write_text("mine")
    assert "is not a lab's folder, so nothing is deleted" in one_sentence(ecrlab("reset", "--yes"))
    assert (tmp_path / "state" / "thesis.txt").exists()


def test_reset_refuses_to_forget_how_settings_of_an_aws_account_were(ecrlab):
    ecrlab.state.mkdir()
    (ecrlab.state / "settings.json").write_text('{"aws 123456789012 eu-west-1": {"scanning": {}}}')
    assert "Settings of AWS account 123456789012 eu-west-1 are still to be put back" in one_sentence(ecrlab("reset", "--yes"))
    assert (ecrlab.state / "settings.json").exists()
    (ecrlab.state / "settings.json").write_text('{"aws 123456789012 eu-west-1": {}}')
    assert ecrlab("reset", "--yes").returncode == 0


def write_course(folder, **lessons):
    """A course with these lessons: name → sources of its cells."""
    (folder / "labs").mkdir(parents=True)
    (folder / "notebooks" / "app").mkdir(parents=True)
    (folder / "notebooks" / "app" / "Dockerfile").write_text("FROM scratch\n")
    for name, cells in lessons.items():
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        nbformat.write(book, folder / "notebooks" / f"{name}.ipynb")
    return folder


MAKES_WEB = """\
import ecrlab
ecr = ecrlab.open().client("ecr")
ecr.create_repository(repositoryName="web")
assert open("app/Dockerfile").read() == "FROM scratch\\n"
"""


def test_course_runs_each_lesson_in_a_lab_of_its_own_and_leaves_yours_alone(ecrlab, tmp_path):
    course = write_course(tmp_path / "course", **{"00-start": [MAKES_WEB], "01-again": [MAKES_WEB], "notes": ["1/0"]})
    before = (course / "notebooks" / "00-start.ipynb").read_bytes()
    answer = ecrlab("course", cwd=course)
    assert [re.sub(r" +[0-9.]+ s$", "", line) for line in answer.stdout.splitlines()] == [
        "00-start                             passed",
        "01-again                             passed",
        "2 of 2 lessons passed.",
    ]
    assert answer.returncode == 0
    assert (course / "notebooks" / "00-start.ipynb").read_bytes() == before
    assert not (tmp_path / "state").exists() and not (course / ".ecrlab").exists()


def test_course_says_which_cell_of_which_lesson_failed(ecrlab, tmp_path):
    course = write_course(tmp_path / "course", **{"00-start": ["1 + 1"], "01-broken": ["1 + 1", "\n# divide\n1 / 0", "2 + 2"]})
    answer = ecrlab("course", "01", cwd=course)
    assert answer.returncode == 1
    assert "01-broken" in answer.stdout and "failed" in answer.stdout and "00-start" not in answer.stdout
    assert "    ZeroDivisionError: division by zero\n    in the cell that begins: # divide\n" in answer.stdout


def test_course_names_a_lesson_that_does_not_exist(ecrlab, tmp_path):
    course = write_course(tmp_path / "course", **{"00-start": ["1 + 1"]})
    assert one_sentence(ecrlab("course", "07", cwd=course)) == "ecrlab: There is no lesson 07. There are: 00."


def test_doctor_finds_nothing_to_mend_where_all_is_well(served, tmp_path):
    course = write_course(tmp_path / "course", **{"00-start": ["1 + 1"]})
    answer = served("doctor", cwd=course)
    assert answer.returncode == 0, answer.stdout
    assert answer.stdout.endswith("Nothing stands in the way of a lesson.\n")
    for subject in ("Python", "Packages", "JupyterLab", "Disk", "State folder", "Lab: running at", "Docker", "Notebooks: 1 lessons"):
        assert subject in answer.stdout


def test_doctor_finds_what_is_to_be_mended(ecrlab, tmp_path):
    course = write_course(tmp_path / "course", **{"00-start": ["1 + 1"]})
    (course / "notebooks" / "00-start.ipynb").write_text("{")
    ecrlab.state.mkdir()
    (ecrlab.state / "lab.sqlite").write_bytes(b"this is no database" * 100)
    answer = ecrlab("doctor", cwd=course)
    assert answer.returncode == 1
    assert re.search(r"✘ State folder: .* damaged: file is not a database\n    → Begin anew with: ecrlab reset --yes", answer.stdout)
    assert "→ Fetch it again: git checkout -- notebooks/00-start.ipynb" in answer.stdout
    assert answer.stdout.endswith(f"{answer.stdout.count('✘')} to mend.\n")


def test_lab_outside_of_the_course_is_refused(ecrlab):
    assert one_sentence(ecrlab("lab")).startswith("ecrlab: There is no course in this folder.")


@pytest.mark.skipif(os.name == "nt", reason="the process is ended by a signal")
def test_lab_opens_jupyterlab_on_the_first_lesson(ecrlab, tmp_path):
    course = write_course(tmp_path / "course", **{"00-start": ["1 + 1"]})
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ecrlab.serve()
    command = [sys.executable, "-m", "ecrlab", "lab", "--no-browser", f"--port={port}", "--IdentityProvider.token=t", "--allow-root"]
    environment = {**os.environ, "ECRLAB_STATE": str(ecrlab.state)}
    with (tmp_path / "jupyter.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=course / "notebooks", stdout=log, stderr=log, start_new_session=True, env=environment)
    try:
        until = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/?token=t") as page:
                    assert page.url.split("?")[0].endswith("/lab/tree/notebooks/00-start.ipynb")
                break
            except OSError:
                assert time.monotonic() < until and process.poll() is None, (tmp_path / "jupyter.log").read_text()
                time.sleep(0.2)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
    assert ecrlab("status").returncode == 0  # the lab goes on without JupyterLab
