"""Many clients at once: one winner where there can be one alone, everybody served where not, and every answer true of one moment."""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from awsapi import digests, push, push_layer, put_image, tags
from localecr.store.database import Database
from specimens import artifact, digest, image, index
from wire import error_of

ACCOUNT = "111122223333"
CLIENTS = 10


def at_once(work: list[Callable]) -> list:
    """Runs functions in threads that begin together; their results in order."""
    ready = threading.Barrier(len(work))

    def begin(each: Callable):
        ready.wait()
        return each()

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(begin, work))


def outcome(call: Callable) -> tuple[str, str] | None:
    """How the API refused a call; None where it did not."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return None


@pytest.fixture
def rivals(ecr, name):
    """Images whose layers are there and whose manifests are not."""
    made = [image(f"rival {number}") for number in range(CLIENTS)]
    for rival in made:
        for blob in rival.blobs:
            push_layer(ecr, name, blob)
    return made


def immutable(name: str, tag: str) -> str:
    return f"The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."


# --- one tag ----------------------------------------------------------------------------------------------------------------------------

IMMUTABLE = {
    "IMMUTABLE": [],
    "IMMUTABLE_WITH_EXCLUSION": ["dev-*", "*-rc", "latest", "0.*", "*SNAPSHOT*"],
    "MUTABLE_WITH_EXCLUSION": ["none-like-this", "v*"],
}
MUTABLE = {"MUTABLE": [], "IMMUTABLE_WITH_EXCLUSION": ["none-like-this", "v*"], "MUTABLE_WITH_EXCLUSION": ["dev-*", "latest"]}


def set_mutability(ecr, name, mutability, filters):
    given = {"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": each} for each in filters]} if filters else {}
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability=mutability, **given)


def by_the_api(ecr, at, name, rival):
    """PutImage under v1, as (code, sentence) where it was refused."""
    return outcome(functools.partial(put_image, ecr, name, rival, "v1"))


def over_http(ecr, at, name, rival):
    """PUT of the manifest, refused in the same words."""
    answer = at(name).put_manifest("v1", rival)
    if answer.status_code == 201:
        return None
    status, code, message = error_of(answer)
    assert (status, code) == (400, "TAG_INVALID")
    return "ImageTagAlreadyExistsException", message


def by_either(ecr, at, name, rival):
    return (by_the_api if int(rival.digest[-1], 16) % 2 else over_http)(ecr, at, name, rival)


@pytest.mark.parametrize(("mutability", "filters"), IMMUTABLE.items(), ids=IMMUTABLE)
@pytest.mark.parametrize("way", [by_the_api, over_http, by_either])
def test_of_many_pushes_to_one_immutable_tag_one_wins_and_each_other_is_told(ecr, at, name, rivals, mutability, filters, way):
    set_mutability(ecr, name, mutability, filters)
    refusals = at_once([functools.partial(way, ecr, at, name, rival) for rival in rivals])
    assert Counter(refusals) == {None: 1, ("ImageTagAlreadyExistsException", immutable(name, "v1")): CLIENTS - 1}
    winner = rivals[refusals.index(None)]
    assert tags(ecr, name) == {"v1": winner.digest}
    assert digests(ecr, name) == {winner.digest}  # what lost left nothing behind
    assert at(name).pull("v1") == winner.manifest


@pytest.mark.parametrize(("mutability", "filters"), MUTABLE.items(), ids=MUTABLE)
def test_of_many_pushes_to_one_mutable_tag_all_are_taken_and_one_is_the_last(ecr, at, name, rivals, mutability, filters):
    set_mutability(ecr, name, mutability, filters)
    assert at_once([functools.partial(by_either, ecr, at, name, rival) for rival in rivals]) == [None] * CLIENTS
    assert digests(ecr, name) == {rival.digest for rival in rivals}
    assert tags(ecr, name)["v1"] in digests(ecr, name)
    untagged = ecr.list_images(repositoryName=name, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert len(untagged) == CLIENTS - 1


def test_of_many_puts_of_the_very_same_image_one_makes_it(ecr, name, rivals):
    refusals = at_once([functools.partial(by_the_api, ecr, None, name, rivals[0])] * CLIENTS)
    exists = (
        f"Image with digest '{rivals[0].digest}' and tag 'v1' already exists in the repository with name '{name}' in registry with id '{ACCOUNT}'"
    )
    assert Counter(refusals) == {None: 1, ("ImageAlreadyExistsException", exists): CLIENTS - 1}


def test_many_may_push_the_very_same_image_over_http(ecr, at, name, rivals):
    set_mutability(ecr, name, "IMMUTABLE", [])
    answers = at_once([lambda: at(name).put_manifest("v1", rivals[0]).status_code] * CLIENTS)
    assert answers == [201] * CLIENTS
    assert tags(ecr, name) == {"v1": rivals[0].digest}


def test_once_immutable_is_answered_the_tag_stays_though_pushes_had_begun(ecr, at, name, rivals):
    put_image(ecr, name, rivals[0], "v1")
    doors = [at(name) for _ in rivals]

    def move(door, rival):
        return [door.put_manifest("v1", rival).status_code for _ in range(10)]

    with ThreadPoolExecutor(CLIENTS) as threads:
        moves = [threads.submit(move, *each) for each in zip(doors, rivals, strict=True)]
        set_mutability(ecr, name, "IMMUTABLE", [])
        then = tags(ecr, name)
    assert tags(ecr, name) == then
    assert {status for each in moves for status in each.result()} <= {201, 400}
    assert over_http(ecr, at, name, next(rival for rival in rivals if rival.digest != then["v1"])) is not None


# --- one repository ---------------------------------------------------------------------------------------------------------------------


def test_of_many_who_make_a_repository_one_does(ecr, free_repository):
    refusals = at_once([lambda: outcome(lambda: ecr.create_repository(repositoryName=free_repository))] * CLIENTS)
    exists = f"The repository with name '{free_repository}' already exists in the registry with id '{ACCOUNT}'"
    assert Counter(refusals) == {None: 1, ("RepositoryAlreadyExistsException", exists): CLIENTS - 1}


def test_resource_tags_given_by_many_are_all_there(ecr, name):
    arn = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{name}"
    at_once([functools.partial(ecr.tag_resource, resourceArn=arn, tags=[{"Key": f"key{number}", "Value": "x"}]) for number in range(CLIENTS)])
    assert {each["Key"] for each in ecr.list_tags_for_resource(resourceArn=arn)["tags"]} == {f"key{number}" for number in range(CLIENTS)}


def test_a_repository_deleted_under_its_users_is_not_found_and_nothing_worse(ecr, at, name):
    specimen = image("there")
    not_found = f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'"
    ecr.create_repository(repositoryName=f"{name}/other")
    at(f"{name}/other").push(specimen, "1")
    mount = {"mount": digest(specimen.layers[0]), "from": f"{name}/other"}
    doors = [at(name) for _ in range(4)]
    for _ in range(10):
        at(name).push(specimen, "1")
        answers = at_once([
            lambda: outcome(lambda: ecr.delete_repository(repositoryName=name, force=True)),
            lambda: outcome(lambda: ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")),
            lambda: outcome(lambda: ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "1"}])),
            lambda: outcome(lambda: ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}])),
            lambda: outcome(lambda: ecr.initiate_layer_upload(repositoryName=name)),
            lambda: doors[0]("POST", "blobs/uploads/", params=mount),
            lambda: doors[1].put_manifest("2", specimen),
            lambda: doors[2]("GET", "manifests/1"),
            lambda: doors[3]("POST", "blobs/uploads/", params={"digest": digest(b"x")}, data=b"x"),
        ])  # fmt: skip
        assert answers[0] is None
        for refusal in answers[1:5]:
            assert refusal is None or refusal == ("RepositoryNotFoundException", not_found) or refusal[0] == "ImageNotFoundException"
        for answer in answers[5:]:
            assert answer.ok or answer.status_code in (400, 404), answer.text
        ecr.create_repository(repositoryName=name)


# --- answers of one moment --------------------------------------------------------------------------------------------------------------


def while_writing(write: Callable[[], None], *reads: Callable[[], None]) -> None:
    """Repeats the reads, each in a thread of its own, as long as `write` goes on; what any of them finds wrong is raised."""
    done = threading.Event()

    def read(each: Callable[[], None]) -> None:
        while not done.is_set():
            each()

    with ThreadPoolExecutor(len(reads)) as threads:
        reading = [threads.submit(read, each) for each in reads]
        try:
            write()
        finally:
            done.set()
    for each in reading:
        each.result()


def test_every_look_at_images_that_come_and_go_is_true_of_one_moment(public, free_repository):
    name = free_repository
    public.create_repository(repositoryName=name)
    pushed = [push(public, name, image(f"number {number}"), f"own{number}") for number in range(4)]
    passing = push(public, name, image("passing"), "passing")

    def write():
        for number in range(40):
            put_image(public, name, pushed[number % 4], "moving")
            public.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": passing.digest}])
            put_image(public, name, passing, "passing")

    def describe():
        details = public.describe_images(repositoryName=name)["imageDetails"]
        assert all("imageTags" in each for each in details)  # none is ever without
        assert Counter(tag for each in details for tag in each["imageTags"])["moving"] <= 1

    def describe_named():
        answer = public.describe_images(repositoryName=name, imageIds=[{"imageDigest": each.digest} for each in pushed])
        assert [each["imageDigest"] for each in answer["imageDetails"]] == [each.digest for each in pushed]
        assert sum("moving" in each["imageTags"] for each in answer["imageDetails"]) <= 1

    def describe_one_that_goes():
        refusal = outcome(lambda: public.describe_images(repositoryName=name, imageIds=[{"imageTag": "passing"}]))
        assert refusal is None or refusal[0] == "ImageNotFoundException"

    def describe_tags():
        named = [each["imageTag"] for each in public.describe_image_tags(repositoryName=name)["imageTagDetails"]]
        assert named == sorted(set(named))
        assert {f"own{number}" for number in range(4)} <= set(named)

    while_writing(write, describe, describe_named, describe_one_that_goes, describe_tags)


def test_every_list_of_images_that_come_and_go_is_true_of_one_moment(ecr, name):
    pushed = [push(ecr, name, image(f"number {number}"), f"own{number}") for number in range(4)]
    signed = push(ecr, name, artifact("signed", "application/vnd.example", pushed[0]), "signature")

    def write():
        for number in range(40):
            put_image(ecr, name, pushed[number % 4], "moving")
            ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "signature"}])
            put_image(ecr, name, signed, "signature")

    def list_images():
        rows = ecr.list_images(repositoryName=name)["imageIds"]
        assert all("imageTag" in row for row in rows)
        named = Counter(row["imageTag"] for row in rows)
        assert set(named.values()) == {1}
        assert {f"own{number}" for number in range(4)} <= named.keys()

    def list_referrers():
        found = ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": pushed[0].digest})["referrers"]
        assert [each["digest"] for each in found] in ([], [signed.digest])

    def get():
        answer = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "moving"}, {"imageTag": "signature"}])
        for found in answer["images"]:
            assert digest(found["imageManifest"].encode()) == found["imageId"]["imageDigest"]

    while_writing(write, list_images, list_referrers, get)


def test_an_index_never_stands_without_its_images(ecr, name):
    listed = push(ecr, name, index(image("a"), image("b")), "multi")
    child = listed.children[0]

    def put_back():
        outcome(lambda: put_image(ecr, name, child))
        outcome(lambda: put_image(ecr, name, listed, "multi"))

    def take_away():
        ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "multi"}])
        ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": child.digest}])

    for _ in range(20):
        at_once([put_back, take_away, put_back, take_away])
        there = digests(ecr, name)
        assert listed.digest not in there or child.digest in there


def test_what_was_looked_up_while_it_changed_is_looked_up_again(tmp_path):
    database = Database(tmp_path / "lab.sqlite")

    def named() -> str | None:
        row = database.one("SELECT value FROM settings WHERE name = 'x'")
        return row and row["value"]

    def change(value: str) -> None:
        with database.write() as transaction:
            database.outdate("settings")
            transaction.execute("INSERT OR REPLACE INTO settings VALUES ('x', ?)", (value,))
            assert database.remembered("settings", "x", named) == value, "a transaction sees what it has changed itself"

    def looked_up_too_early() -> str | None:
        found = named()
        thread = threading.Thread(target=change, args=("second",))
        thread.start()
        thread.join()
        return found

    change("first")
    assert database.remembered("settings", "x", looked_up_too_early) == "first"
    assert database.remembered("settings", "x", named) == "second"
    database.close()


def test_what_a_transaction_takes_back_is_not_remembered(tmp_path):
    database = Database(tmp_path / "lab.sqlite")
    with pytest.raises(RuntimeError), database.write() as transaction:
        database.outdate("accounts")
        transaction.execute("INSERT INTO accounts (id) VALUES ('111122223333')")
        assert database.remembered("accounts", "all", lambda: len(database.all("SELECT id FROM accounts"))) == 1
        raise RuntimeError
    assert database.remembered("accounts", "all", lambda: len(database.all("SELECT id FROM accounts"))) == 0
    database.close()
