"""Scans and a lab that ends, however it ends: what was asked for is done, once, after the next start; and what ends the lab isn't tried for ever."""

from __future__ import annotations

import json
import threading
import time

import pytest

import standing
from awsapi import push
from labs import Process
from listening import lets_in
from localecr.scanner import process
from test_scanning_basic import findings, status
from test_scanning_configuration import CONTINUOUS, rule
from test_scanning_for_real import FIXED, VULNERABLE, debian

# a lab whose scanner never comes to its end: it says in a file that it has begun, and then waits, or ends the whole process
ENDLESS = """
import os, pathlib, sys, time
import localecr
from localecr.scanner import process
def examine(self, subject, known_at):
    pathlib.Path(sys.argv[1], "began").touch()
    {then}
process.Examiner.examine = examine
localecr.start(sys.argv[1], port=0).wait()
"""
WAITS = ("-c", ENDLESS.format(then="time.sleep(600)"))
ENDS = ("-c", ENDLESS.format(then="os._exit(1)"))
# a lab that makes a mistake whenever it wants to look again at what is scanned continuously
MISTAKEN = """
import sys, threading, time
import localecr
from localecr.scanning import continuous, worker
worker.OFTEN = 0.1
def go_on(lab):
    if threading.current_thread().name == "scans":
        raise RuntimeError("a mistake of the lab's")
continuous.go_on = go_on
localecr.start(sys.argv[1], port=0).wait()
"""
PATIENCE = 60


def until(holds, what):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def settled(lab):
    until(lambda: (progress := lab.door.scans())["waiting"] + progress["running"] == 0, "scans didn't end")


def begun(state):
    until((state / "began").exists, "no scan began")


def on_push(lab, name="web"):
    lab.client().create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": True})
    return name


def test_a_mistake_with_looking_again_ends_no_scanning(state):
    with Process(state, ("-c", MISTAKEN)) as lab:
        name = on_push(lab)
        push(lab.client(), name, debian(VULNERABLE), "1")
        settled(lab)
        until(lambda: "a mistake of the lab's" in lab.said.read_text("utf-8"), "no mistake was made")
        push(lab.client(), name, debian(FIXED), "2")
        settled(lab)
        assert lab.door.scans()["done"] == 2


def test_a_scan_in_the_middle_of_which_the_lab_is_killed_is_done_after_the_next_start(state):
    with Process(state, WAITS) as lab:
        pushed = push(lab.client(), on_push(lab), debian(VULNERABLE), "1")
        begun(state)
        assert status(lab.client(), "web") == "IN_PROGRESS"
        lab.kill()
    with Process(state) as lab:
        settled(lab)
        told = findings(lab.client(), "web")
        assert told["imageId"]["imageDigest"] == pushed.digest
        assert told["imageScanStatus"]["status"] == "COMPLETE"
        assert "CVE-2022-37434" in [each["name"] for each in told["imageScanFindings"]["findings"]]


def test_scans_that_wait_when_the_lab_is_killed_are_done_after_the_next_start(state):
    with Process(state, WAITS) as lab:
        on_push(lab)
        for number in range(5):
            push(lab.client(), "web", debian(VULNERABLE, {"srv/number": str(number)}), str(number))
        lab.kill()
    with Process(state) as lab:
        settled(lab)
        assert [status(lab.client(), "web", imageTag=str(number)) for number in range(5)] == ["COMPLETE"] * 5


def test_a_scan_that_is_killed_is_announced_once(state):
    with Process(state, WAITS) as lab:
        sqs, events = lab.client("sqs"), lab.client("events")
        url = sqs.create_queue(QueueName="scans")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": lets_in(arn)})
        events.put_rule(Name="scans", EventPattern=json.dumps({"detail-type": ["ECR Image Scan"]}))
        events.put_targets(Rule="scans", Targets=[{"Id": "queue", "Arn": arn}])
        push(lab.client(), on_push(lab), debian(VULNERABLE), "1")
        begun(state)
        lab.kill()
    with Process(state) as lab:
        settled(lab)
        push(lab.client(), "web", debian(VULNERABLE, {"srv/number": "2"}), "2")
        settled(lab)
        heard = []
        sqs = lab.client("sqs")
        until(lambda: heard.extend(_bodies(sqs)) or len(heard) >= 2, "an event is missing")
        assert len(heard) == 2
        assert [each["detail"]["image-tags"] for each in heard] == [["1"], ["2"]]
        assert _bodies(sqs) == []


def _bodies(sqs):
    url = sqs.get_queue_url(QueueName="scans")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10).get("Messages", [])
    for each in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    return [json.loads(each["Body"]) for each in messages]


def test_an_image_that_takes_the_lab_down_each_time_fails_at_last_and_others_are_scanned(state):
    with Process(state, ENDS) as lab:
        client = lab.client()
        client.create_repository(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})
        with pytest.raises(Exception, match=".*"):  # the lab ends while it is asked
            push(client, "web", debian(VULNERABLE), "1")
            until(lambda: lab.process.poll() is not None, "the lab goes on")
            raise AssertionError("it has ended")
        lab.process.wait()
    for _ in range(2):
        lab = Process.__new__(Process)
        lab.begin(state, ENDS)
        lab.process.wait(PATIENCE)
    with Process(state) as lab:
        settled(lab)
        told = findings(lab.client(), "web")["imageScanStatus"]
        assert told == {"status": "FAILED", "description": "The scan was begun 3 times, and the lab ended each time before the scan did."}
        push(lab.client(), "web", debian(VULNERABLE, {"srv/number": "2"}), "2")
        settled(lab)
        assert status(lab.client(), "web", imageTag="2") == "COMPLETE"


def test_a_lab_that_is_stopped_in_the_middle_of_a_scan_goes_on_with_it_however_often(state, monkeypatch):
    pushed = debian(VULNERABLE)
    for number in range(4):
        began, stopped = threading.Event(), threading.Event()

        def examine(examiner, subject, known_at, began=began, stopped=stopped):
            began.set()
            assert stopped.wait(PATIENCE)
            raise process.Stopped

        with monkeypatch.context() as patch:
            patch.setattr(process.Examiner, "examine", examine)
            patch.setattr(process.Examiner, "stop", lambda examiner, stopped=stopped: stopped.set())
            with standing.lab(state) as lab:
                if number == 0:
                    lab.client("ecr").create_repository(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})
                    push(lab.client("ecr"), "web", pushed, "1")
                assert began.wait(PATIENCE)
    with standing.lab(state) as lab:
        settled(lab)
        assert status(lab.client("ecr"), "web") == "COMPLETE"


def test_continuous_scanning_goes_on_after_a_start(state):
    with Process(state) as lab:
        lab.client().create_repository(repositoryName="web")
        lab.client().put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(CONTINUOUS, "*")])
        push(lab.client(), "web", debian(VULNERABLE), "1")
        settled(lab)
        first = findings(lab.client(), "web")["imageScanFindings"]["imageScanCompletedAt"]
    with Process(state) as lab:
        settled(lab)
        told = findings(lab.client(), "web")
        assert told["imageScanStatus"]["status"] == "ACTIVE"
        assert told["imageScanFindings"]["imageScanCompletedAt"] > first
