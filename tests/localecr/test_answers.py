"""The judge of answers, judged: what doesn't fit a model is found."""

from __future__ import annotations

import json
from types import SimpleNamespace

import botocore.session
import pytest

from answers import check

MODEL = botocore.session.Session().get_service_model("ecr")
SOUND = {
    "registryId": "111122223333",
    "repositoryName": "web",
    "imageTagMutability": "IMMUTABLE",
    "createdAt": 1.5,
    "imageScanningConfiguration": {"scanOnPush": True},
}
MISFITS = [
    {"colour": "blue"},
    {"registryId": 111122223333},
    {"registryId": "1111"},
    {"repositoryName": "Web"},
    {"repositoryName": "w"},
    {"imageTagMutability": "SOMETIMES"},
    {"createdAt": "2026-01-05"},
    {"createdAt": True},
    {"imageScanningConfiguration": {"scanOnPush": 1}},
    {"imageScanningConfiguration": []},
    {"imageTagMutability": None},
    {"encryptionConfiguration": {"kmsKey": "alias/mine"}},
]


def judge(document, operation="CreateRepository", status=200):
    check(SimpleNamespace(status_code=status, content=json.dumps(document).encode()), MODEL.operation_model(operation))


def test_a_sound_answer_passes():
    judge({"repository": SOUND})


@pytest.mark.parametrize("misfit", MISFITS, ids=str)
def test_a_misfit_is_found(misfit):
    with pytest.raises(AssertionError):
        judge({"repository": SOUND | misfit})


def test_errors_are_those_of_the_operation_with_their_members():
    judge({"__type": "RepositoryNotFoundException", "message": "gone"}, "ListImages", 400)
    for document in (
        {"__type": "ImageNotFoundException", "message": "not an error of ListImages"},
        {"__type": "RepositoryNotFoundException", "message": ""},
        {"__type": "RepositoryNotFoundException", "message": "gone", "detail": "unknown member"},
    ):
        with pytest.raises(AssertionError):
            judge(document, "ListImages", 400)
