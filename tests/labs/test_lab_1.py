"""Lab 1, "Ship a first service": what is its own, and other right ways (the rest: test_every_lab.py)."""

from __future__ import annotations

import base64
import json
import urllib.request
from pathlib import Path

import nbformat
import pytest

from ecrlab.check import DONE, NOT_YET
from ecrlab.content import module
from ecrlab.labs import planting
from learners import LABS

FOLDER = next(path for path in LABS.iterdir() if path.name.startswith("lab-1-"))
CHECKS = module(FOLDER / "checks.py")
TIDES, DRAFTS = "lab1/tides", "lab1/tides-drafts"
TASKS = ["repository", "first-release", "second-release", "latest", "what-runs", "public-page", "published", "make-room"]


@pytest.fixture
def one(learner):
    """A learner of lab 1."""
    return learner("lab-1")


def test_the_screens_log_names_the_image_that_prepare_plants(one):
    one.take()
    assert CHECKS.SHOWN.digest in CHECKS.looking.images(one.lab.client("ecr"), DRAFTS)
    for name in ("lab.ipynb", "solution.ipynb"):
        told = [cell.source.count(CHECKS.SHOWN.digest) for cell in nbformat.read(FOLDER / name, as_version=4).cells]
        assert sum(told) == 2, "once in the story, once in the cell"


def test_prepare_twice_changes_nothing(one):
    one.take(solve=["what-runs", "make-room"])
    before = CHECKS.looking.images(one.lab.client("ecr"), DRAFTS)
    one.guide.prepare()
    assert CHECKS.looking.images(one.lab.client("ecr"), DRAFTS) == before


def test_prepare_puts_back_what_should_not_have_been_deleted(one):
    one.take()
    one.lab.client("ecr").batch_delete_image(repositoryName=DRAFTS, imageIds=[{"imageDigest": CHECKS.SHOWN.digest}, {"imageTag": "draft"}])
    one.guide.prepare()
    found = CHECKS.looking.images(one.lab.client("ecr"), DRAFTS)
    assert CHECKS.SHOWN.digest in found and found[CHECKS.CURRENT.digest] == ["draft"]


def test_reset_brings_back_the_files(one):
    one.take(until="first-release")
    Path("work/greeting.txt").write_text("another")
    one.guide.reset()
    assert Path("work/greeting.txt").read_text() == Path("starter/greeting.txt").read_text()


def test_another_days_run_from_the_top_needs_nothing_of_the_skipped_tasks(one):
    one.take(solve=TASKS[:6])
    one.names.clear()
    one.take(solve=TASKS[6:])
    assert one.outcomes() == dict.fromkeys(TASKS, DONE)


@pytest.mark.parametrize(("setting", "moves"), [("IMMUTABLE", "latest"), ("MUTABLE", "latest"), ("IMMUTABLE", None)])
def test_a_setting_without_exceptions_reaches_the_check(one, setting, moves):
    one.take(until="repository")
    cells = {cell.id: cell.source for cell in one.starter.cells}
    given = cells["rules-of-repository"].replace("setting = None", f"setting = {setting!r}").replace("moves = None", f"moves = {moves!r}")
    for source in (given, cells["do-repository"]):
        exec(source, one.names)
    assert one.guide.verdict("repository").outcome == NOT_YET


# Other right ways.


@pytest.mark.parametrize(
    ("setting", "filters"),
    [
        ("IMMUTABLE_WITH_EXCLUSION", ["latest*"]),
        ("IMMUTABLE_WITH_EXCLUSION", ["stable", "latest"]),
        ("MUTABLE_WITH_EXCLUSION", ["*.*"]),
    ],
)
def test_any_setting_that_keeps_versions_and_lets_latest_move_is_right(one, setting, filters):
    one.take()
    one.names["ecr"].create_repository(
        repositoryName=TIDES,
        imageTagMutability=setting,
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": each} for each in filters],
    )
    assert one.guide.verdict("repository").outcome == DONE


def test_a_repository_may_be_mended_afterwards_and_its_region_be_named(one):
    one.take()
    ecr = one.lab.client("ecr", region=one.lab.region)
    ecr.create_repository(repositoryName=TIDES)
    ecr.put_image_tag_mutability(
        repositoryName=TIDES,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest"}],
    )
    assert one.guide.verdict("repository").outcome == DONE


def test_a_repository_of_the_same_name_in_another_region_does_no_harm(one):
    one.take(solve=["repository"])
    elsewhere = one.lab.client("ecr", region="eu-west-1")
    elsewhere.create_repository(repositoryName=TIDES)
    assert one.guide.verdict("repository").outcome == DONE
    elsewhere.delete_repository(repositoryName=TIDES)


def test_more_images_and_more_names_do_no_harm(one):
    one.take(solve=TASKS)
    for repository in (TIDES, DRAFTS):
        planting.plant(one.names["ecr"], repository, planting.image({"more.txt": "more"}, {}), "try")
        planting.plant(one.names["ecr"], repository, planting.image({"more.txt": "even more"}, {}))
    assert one.outcomes() == dict.fromkeys(TASKS, DONE)


def test_releases_may_be_indexes(one):
    one.take(solve=["repository"])
    ecr = one.names["ecr"]
    for version, greeting in (("1.0", "good morning"), ("1.1", "ahoy")):
        image = _image_on_a_base(ecr, greeting)
        planting.plant(ecr, TIDES, planting.index([image]), version)
    one.names["ecr"].put_image(**_named(ecr, "1.1"), imageTag="latest")
    assert list(one.outcomes().values())[:4] == [DONE] * 4


def test_latest_may_move_by_docker(one):
    one.take(solve=TASKS[:3])
    tides = one.names["tides"]
    one.lab.docker.images.get(f"{tides}:1.1").tag(tides, "latest")
    assert "error" not in one.lab.docker.images.push(tides, tag="latest")
    assert one.guide.verdict("latest").outcome == DONE


def test_latest_may_move_by_the_registrys_own_protocol(one):
    one.take(solve=TASKS[:3])
    host, _, path = one.names["tides"].partition("/")
    manifest = _named(one.names["ecr"], "1.1")
    request = urllib.request.Request(f"http://{host}/v2/{path}/manifests/latest", manifest["imageManifest"].encode(), method="PUT")
    request.add_header("Content-Type", manifest["imageManifestMediaType"])
    request.add_header("Authorization", "Basic " + base64.b64encode(f"AWS:{one.password()}".encode()).decode())
    urllib.request.urlopen(request).close()
    assert one.guide.verdict("latest").outcome == DONE


@pytest.mark.skopeo
def test_latest_may_move_by_skopeo(one, skopeo):
    one.take(solve=TASKS[:3])
    source, target = (f"docker://{one.names['tides']}:{tag}" for tag in ("1.1", "latest"))
    log_in = f"AWS:{one.password()}"
    skopeo("copy", "--src-tls-verify=false", "--dest-tls-verify=false", f"--src-creds={log_in}", f"--dest-creds={log_in}", source, target)
    assert one.guide.verdict("latest").outcome == DONE


def test_latest_may_name_a_release_after_1_1(one):
    one.take(solve=TASKS[:4])
    ecr = one.names["ecr"]
    planting.plant(ecr, TIDES, _image_on_a_base(ecr, "1.10"), "1.10")
    assert "“" not in one.guide.verdict("latest").message and one.guide.verdict("latest").outcome != DONE
    ecr.put_image(**_named(ecr, "1.10"), imageTag="latest")
    assert one.guide.verdict("latest").outcome == DONE


def test_the_screens_image_may_be_named_without_pulling_it(one):
    one.take()
    ecr = one.names["ecr"]
    ecr.put_image(**_named(ecr, CHECKS.SHOWN.digest, DRAFTS), imageTag="on-screen")
    assert one.guide.verdict("what-runs").outcome == DONE


def test_the_page_may_be_written_with_the_repository_and_with_the_address_as_on_aws(one):
    one.take()
    public = one.names["public"]
    made = public.create_repository(repositoryName=TIDES)["repository"]["repositoryUri"]
    address = made[made.index("public.ecr.aws/") :]
    public.delete_repository(repositoryName=TIDES)
    public.create_repository(repositoryName=TIDES, catalogData={"description": "tides", "usageText": f"Run {address}"})
    assert one.guide.verdict("public-page").outcome == DONE


def test_the_release_may_be_published_from_the_build_that_was_pushed(one):
    one.take(solve=TASKS[:3] + ["public-page"])
    page = one.names["page"]
    one.names["image"] = one.lab.docker.images.get(f"{one.names['tides']}:1.1")
    one.names["image"].tag(page, "1.1")
    one.lab.docker.images.push(page, tag="1.1")
    assert one.guide.verdict("published").outcome == DONE


def test_room_may_be_made_by_naming_the_one_digest(one):
    one.take(solve=["what-runs"])
    one.names["ecr"].batch_delete_image(repositoryName=DRAFTS, imageIds=[{"imageDigest": CHECKS.FORGOTTEN.digest}])
    assert one.guide.verdict("make-room").outcome == DONE


def _named(ecr, name: str, repository: str = TIDES) -> dict:
    """What PutImage takes to name once more what a tag or a digest names."""
    image_id = {"imageDigest": name} if name.startswith("sha256:") else {"imageTag": name}
    accepted = list(CHECKS.looking.MEDIA_TYPES)
    image = ecr.batch_get_image(repositoryName=repository, imageIds=[image_id], acceptedMediaTypes=accepted)["images"][0]
    return {"repositoryName": repository, **{name: image[name] for name in ("imageManifest", "imageManifestMediaType")}}


def _image_on_a_base(ecr, greeting: str) -> planting.Planted:
    """An image of two layers, of which the lower one is always the same."""
    base, top = planting.image({CHECKS.TABLE: "high, low"}, {}), planting.image({CHECKS.GREETING: greeting}, {})
    document = json.loads(top.manifest)
    document["layers"].insert(0, json.loads(base.manifest)["layers"][0])
    return planting.Planted(json.dumps(document), planting.IMAGE, "amd64", (*base.blobs, *top.blobs))
