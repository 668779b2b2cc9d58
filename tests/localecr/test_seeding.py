"""How a fresh lab's public registry is filled: one base image after the other, and who pulls one waits for that one alone."""

from __future__ import annotations

import threading
from itertools import islice

import pytest

import localecr
from dockerless import seeds
from wire import Repository, bearer


@pytest.fixture
def held(monkeypatch):
    """A lab may put its first base image into its registry; the others only when the event is set that this gives."""
    go_on, build = threading.Event(), seeds.build_bases

    def one_and_then_the_others(engine):
        bases = build(engine)
        yield from islice(bases, 1)
        go_on.wait(60)
        yield from bases

    monkeypatch.setattr(seeds, "build_bases", one_and_then_the_others)
    yield go_on
    go_on.set()


@pytest.fixture
def pull(tmp_path, held):
    """`pull("debian", "12")` asks a fresh lab for a manifest, as anybody."""
    endpoint = localecr.start(tmp_path / "state", port=0)
    yield lambda name, reference: Repository(endpoint.public_url, f"public.ecr.aws/ecrlab/{name}", bearer(endpoint.public_url))("GET", f"manifests/{reference}")
    held.set()
    endpoint.stop()


def test_a_base_image_that_is_there_is_pulled_while_others_are_missing(pull, held):
    index = pull("debian", "12")
    assert index.status_code == 200
    assert pull("debian", index.json()["manifests"][0]["digest"]).status_code == 200
    assert not held.is_set()


def test_a_pull_of_one_that_is_missing_waits_for_it(pull, held):
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(pull("buildpack-deps", "bullseye")))
    waiting.start()
    assert pull("debian", "12").status_code == 200
    assert answers == []
    held.set()
    waiting.join(60)
    assert answers[0].status_code == 200
