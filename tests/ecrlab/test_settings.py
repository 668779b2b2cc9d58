"""Settings of a whole account: shown, on AWS asked for, kept as they were, and put back, as far as botocore's Stubber can tell."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.stub import Stubber

import localecr
from ecrlab import settings
from ecrlab.errors import LabError
from ecrlab.local import LocalLab
from localecr.door import Door

OWN = {"scanType": "ENHANCED", "rules": [{"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "prod*", "filterType": "WILDCARD"}]}]}
LESSONS = {"scanType": "BASIC", "rules": [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}]}
CALLED = "the scanning configuration of the registry"


@pytest.fixture
def lab(fake_lab):
    fake_lab.state.mkdir()
    return fake_lab


@pytest.fixture
def answered(lab, monkeypatch):
    """`answered("ecr", (operation, answer, asked), …)`: the client that the lab hands out, with these and no other exchanges on the wire."""
    stubs = []

    def answering(service, *exchanges):
        client = boto3.Session("AKIDEXAMPLE", "secret", region_name="us-east-1").client(service)
        stubs.append(Stubber(client))
        for operation, answer, asked in exchanges:
            stubs[-1].add_response(operation, answer, asked)
        stubs[-1].activate()
        monkeypatch.setattr(lab, "client", lambda name: client, raising=False)
        monkeypatch.setattr(lab, "reader", lambda name: client, raising=False)

    yield answering
    for stub in stubs:
        stub.assert_no_pending_responses()


@pytest.fixture
def asked(lab, monkeypatch):
    """The lab is on AWS, and the learner says `answer`; what was asked."""
    questions = []

    def saying(answer):
        monkeypatch.setattr(lab, "place", "aws", raising=False)
        monkeypatch.setattr(settings, "plain", lambda: False)
        monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or answer)
        return questions

    return saying


def is_set(configuration):
    return "get_registry_scanning_configuration", {"scanningConfiguration": configuration}, {}


def is_put(configuration):
    return "put_registry_scanning_configuration", {"registryScanningConfiguration": configuration}, configuration


def kept(lab):
    return json.loads((lab.state / "settings.json").read_text())


def test_locally_nobody_is_asked(lab, answered, capsys):
    answered("ecr", is_set(OWN))
    lab.keep("scanning")
    assert capsys.readouterr().out == (
        "The scanning configuration of the registry in us-east-1 is now: ENHANCED, CONTINUOUS_SCAN for prod*. The clean-up puts it back.\n"
    )
    assert kept(lab) == {"local 111122223333 us-east-1": {"scanning": OWN}}


def test_on_aws_it_is_shown_and_asked_for(lab, answered, asked):
    questions = asked("yes")
    answered("ecr", is_set(OWN))
    lab.keep("scanning")
    assert questions[0].startswith("The scanning configuration of the registry in us-east-1 is now: ENHANCED, CONTINUOUS_SCAN for prod*. This lesson changes it for all of account")
    assert kept(lab) == {"aws 111122223333 us-east-1": {"scanning": OWN}}


def test_who_says_no_keeps_everything_as_it_is(lab, answered, asked):
    asked("rather not")
    answered("ecr", is_set(OWN))
    with pytest.raises(LabError, match="The scanning configuration of the registry stays as it is"):
        lab.keep("scanning")
    assert not (lab.state / "settings.json").exists()


def test_where_nobody_can_be_asked_nothing_is_changed(lab, answered, monkeypatch):
    monkeypatch.setattr(lab, "place", "aws", raising=False)
    answered("ecr", is_set(OWN))
    with pytest.raises(LabError, match="nobody is here to be asked. Run the lesson in JupyterLab"):
        lab.keep("scanning")


def test_what_was_there_before_all_lessons_is_put_back(lab, answered, capsys):
    answered("ecr", is_set(OWN))
    lab.keep("scanning")
    lab.keep("scanning")  # the lesson begun anew, when its own rules are set already: nothing is read
    assert "was kept before: ENHANCED" in capsys.readouterr().out
    answered("ecr", is_set(LESSONS), is_put(OWN))
    assert repr(settings.restore(lab, ["scanning"])).splitlines()[3] == f"{CALLED}  put back       ENHANCED, CONTINUOUS_SCAN for prod*"
    answered("ecr", is_set(OWN))
    assert "was not changed here" in repr(settings.restore(lab, ["scanning"]))


def test_what_nobody_changed_is_not_set_again(lab, answered):
    answered("ecr", is_set(OWN), is_set(OWN))
    lab.keep("scanning")
    assert "is as it was" in repr(settings.restore(lab, ["scanning"]))


DAMAGED = {"cut short": '{"local 111122223333 us-east-1": {"scan', "empty": "", "zeros": "\0" * 40, "no object": "[1]", "no settings": '{"aws 1 eu-west-1": 5}'}


@pytest.fixture(params=DAMAGED)
def damaged(lab, request):
    """The file, which somebody or something has damaged."""
    file = lab.state / "settings.json"
    file.write_text(DAMAGED[request.param])
    yield file
    assert file.read_text() == DAMAGED[request.param]


def test_a_damaged_file_is_said_with_what_to_do_and_left_as_it_is(lab, answered, damaged):
    answered("ecr")  # nothing is read or set
    said = "settings.json is damaged, and stays as it is: .+ Mend it, or move it away and set yourself what it names"
    with pytest.raises(LabError, match=said):
        lab.keep("scanning")
    with pytest.raises(LabError, match=said):
        settings.pending(lab.state)


def test_a_damaged_file_does_not_hide_what_the_clean_up_did(lab, answered, damaged):
    answered("ecr", is_set(LESSONS))
    shown = repr(settings.restore(lab, ["scanning"]))
    assert "settings.json is damaged, and stays as it is" in shown and "Mend it, or move it away" in shown


def inspector(status):
    def state(status):
        return {"status": status, "errorCode": "ALREADY_ENABLED", "errorMessage": "none"}  # botocore's model requires an error, even where there is none

    states = {"ec2": state("DISABLED"), "lambda": state("DISABLED"), "ecr": state(status)}
    answer = {"accounts": [{"accountId": "111122223333", "state": state("ENABLED"), "resourceState": states}]}
    return "batch_get_account_status", answer, {"accountIds": ["111122223333"]}


@pytest.mark.parametrize(("was", "is_now", "operation"), [("DISABLED", "ENABLED", "disable"), ("ENABLED", "DISABLED", "enable")])
def test_inspector_is_put_back_for_ecr_alone(lab, answered, was, is_now, operation):
    answered("inspector2", inspector(was))
    lab.keep("inspector")
    asked = {"accountIds": ["111122223333"], "resourceTypes": ["ECR"]}
    answered("inspector2", inspector(is_now), (operation, {"accounts": []}, asked))
    assert "put back" in repr(settings.restore(lab, ["inspector"]))


@pytest.mark.parametrize(
    ("held", "told"), [(None, "all that is known by now"), ("2021-12-10T00:00:00+00:00", "what was published by 2021-12-10, no more")]
)
def test_a_lab_whose_knowledge_was_held_knows_again_what_it_knew(tmp_path, held, told):
    with localecr.start(tmp_path / "lab", port=0):
        lab = LocalLab(Door.find(tmp_path / "lab"))
        if held:
            lab.advisories.hold(held)
        lab.keep("advisories")
        lab.advisories.hold("2019-01-01")
        assert repr(settings.restore(lab, ["advisories"])).endswith(f"put back       {told}")
        assert (lab.advisories.known_until and lab.advisories.known_until.isoformat()) == held


def test_on_aws_what_scanners_know_is_nothing_that_a_lesson_changed(lab, monkeypatch):
    monkeypatch.setattr(lab, "place", "aws", raising=False)
    assert repr(settings.restore(lab, ["advisories"])).endswith("was not changed here  all that is known by now")


def test_a_setting_that_is_none_is_said(lab):
    with pytest.raises(LabError, match="There is no setting 'weather' to keep. There are: inspector, scanning"):
        lab.keep("weather")


def test_a_real_registry_is_as_it_was_before_two_lessons_changed_it(tmp_path):
    with localecr.start(tmp_path / "lab", port=0):
        lab = LocalLab(Door.find(tmp_path / "lab"))
        ecr = lab.client("ecr")
        ecr.put_registry_scanning_configuration(**LESSONS)
        for _lesson in range(2):
            for name in ("inspector", "scanning"):
                lab.keep(name)
            ecr.put_registry_scanning_configuration(**OWN)  # which enables Inspector
        assert repr(settings.restore(lab, settings.SETTINGS)).count("put back") == 2
        assert ecr.get_registry_scanning_configuration()["scanningConfiguration"] == LESSONS
        account = lab.client("inspector2").batch_get_account_status()["accounts"][0]
        assert account["resourceState"]["ecr"]["status"] == "DISABLED"
