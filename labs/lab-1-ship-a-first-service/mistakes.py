"""What learners are known to do in lab 1 instead. Each is run by the tests, and its check must name the belief behind it."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from docker.models.images import Image

from ecrlab.check import NOT_TRIED
from ecrlab.lab import Lab
from ecrlab.labs.mistakes import Mistake

TIDES, DRAFTS = "lab1/tides", "lab1/tides-drafts"
FIX_VERSIONS = {
    "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest"}],
}


def left_tags_mutable(lab: Lab) -> None:
    lab.client("ecr").create_repository(repositoryName=TIDES)


def fixed_latest_too(lab: Lab) -> None:
    lab.client("ecr").create_repository(repositoryName=TIDES, imageTagMutability="IMMUTABLE")


def turned_the_exception_round(lab: Lab) -> None:
    _create(lab, "MUTABLE_WITH_EXCLUSION", "latest")


def excepted_every_tag(lab: Lab) -> None:
    _create(lab, "IMMUTABLE_WITH_EXCLUSION", "*")


def excepted_versions_by_a_wide_pattern(lab: Lab) -> None:
    _create(lab, "IMMUTABLE_WITH_EXCLUSION", "latest", "1.*")


def fixed_only_versions_that_begin_with_1(lab: Lab) -> None:
    _create(lab, "MUTABLE_WITH_EXCLUSION", "1.*")


def wrote_the_pattern_with_a_capital(lab: Lab) -> None:
    _create(lab, "IMMUTABLE_WITH_EXCLUSION", "Latest")


def excepted_another_name(lab: Lab) -> None:
    _create(lab, "IMMUTABLE_WITH_EXCLUSION", "stable")


def worked_in_another_region(lab: Lab) -> None:
    lab.client("ecr", region="eu-west-1").create_repository(repositoryName=TIDES, **FIX_VERSIONS)


def took_the_public_registry_for_the_private(lab: Lab) -> None:
    lab.client("ecr-public", region="us-east-1").create_repository(repositoryName=TIDES)


def pushed_without_saying_a_tag(lab: Lab) -> None:
    _push(lab, _build(lab, "good morning"), _tides(lab), "latest")


def wrote_v1_0(lab: Lab) -> None:
    _push(lab, _build(lab, "good morning"), _tides(lab), "v1.0")


def released_something_else(lab: Lab) -> None:
    lab.login()
    _push(lab, lab.docker.images.pull(lab.base("static")), _tides(lab), "1.0")


def copied_all_in_one_step(lab: Lab) -> None:
    _release_twice(lab, "ARG BASE\nFROM ${BASE}\nCOPY . /srv/tides/\n")


def copied_the_greeting_first(lab: Lab) -> None:
    _release_twice(lab, "ARG BASE\nFROM ${BASE}\nCOPY greeting.txt /srv/tides/\nCOPY tides-2026.csv /srv/tides/\n")


def built_again_with_the_old_greeting(lab: Lab) -> None:
    words = (Path(__file__).parent / "starter" / "greeting.txt").read_text("utf-8")
    dockerfile = (Path(__file__).parent / "starter" / "Dockerfile").read_text("utf-8")
    _push(lab, _build(lab, words, dockerfile=f"{dockerfile}LABEL version=1.1\n"), _tides(lab), "1.1")


def changed_the_table_too(lab: Lab) -> None:
    _push(lab, _build(lab, "ahoy", table="2026-01-01,00:00,high,5.0\n"), _tides(lab), "1.1")


def named_the_old_build_1_1(lab: Lab) -> None:
    _push(lab, _pull(lab, "1.0"), _tides(lab), "1.1")


def pushed_the_new_build_as_1_0(lab: Lab) -> None:
    lab.client("ecr").put_image_tag_mutability(repositoryName=TIDES, imageTagMutability="MUTABLE")
    _push(lab, _build(lab, "ahoy"), _tides(lab), "1.0")


def built_1_1_on_another_base(lab: Lab) -> None:
    _push(lab, _build(lab, "ahoy", base="alpine"), _tides(lab), "1.1")


def left_latest_on_the_first_release(lab: Lab) -> None:
    _push(lab, _pull(lab, "1.0"), _tides(lab), "latest")


def built_once_more_for_latest(lab: Lab) -> None:
    _push(lab, _build(lab, "ahoy, again"), _tides(lab), "latest")


def wrote_the_manifest_anew_for_latest(lab: Lab) -> None:
    ecr = lab.client("ecr")
    image = ecr.batch_get_image(repositoryName=TIDES, imageIds=[{"imageTag": "1.1"}])["images"][0]
    ecr.put_image(
        repositoryName=TIDES,
        imageManifest=json.dumps(json.loads(image["imageManifest"]), indent=1),
        imageManifestMediaType=image["imageManifestMediaType"],
        imageTag="latest",
    )


def named_what_draft_names_today(lab: Lab) -> None:
    _name_draft(lab, {"imageTag": "draft"}, "on-screen")


def named_the_other_untagged_image(lab: Lab) -> None:
    _name_draft(lab, {"imageDigest": _untagged_draft(lab, "1")}, "on-screen")


def built_the_screens_draft_again(lab: Lab) -> None:
    _push(lab, _build(lab, "draft 2"), f"{lab.registry()}/{DRAFTS}", "on-screen")


def deleted_all_untagged_before_looking(lab: Lab) -> None:
    _delete_untagged(lab)


def said_nothing_on_the_page(lab: Lab) -> None:
    lab.client("ecr-public", region="us-east-1").create_repository(repositoryName=TIDES)


def said_not_how_to_pull(lab: Lab) -> None:
    _page(lab, "")


def gave_away_the_private_address(lab: Lab) -> None:
    _page(lab, f"docker pull {lab.account}.dkr.ecr.{lab.region}.amazonaws.com/{TIDES}:1.1")


def gave_only_the_name(lab: Lab) -> None:
    _page(lab, f"docker pull {TIDES}:1.1")


def published_1_0_as_1_1(lab: Lab) -> None:
    _publish(lab, _pull(lab, "1.0"), "1.1")


def published_a_new_build(lab: Lab) -> None:
    _publish(lab, _build(lab, "hello, ferries"), "1.1")


def published_under_latest_only(lab: Lab) -> None:
    _publish(lab, _pull(lab, "1.1"), "latest")


def deleted_what_the_screen_runs(lab: Lab) -> None:
    lab.client("ecr").batch_delete_image(repositoryName=DRAFTS, imageIds=[{"imageTag": "on-screen"}])


def deleted_what_the_screen_runs_and_prepared_again(lab: Lab) -> None:
    deleted_what_the_screen_runs(lab)
    ecr, plain = lab.client("ecr"), [{"imageDigest": _untagged_draft(lab, "1")}]
    ecr.batch_delete_image(repositoryName=DRAFTS, imageIds=plain)
    lab.guide(".").prepare()
    ecr.batch_delete_image(repositoryName=DRAFTS, imageIds=plain)


def deleted_the_index_to_get_at_its_parts(lab: Lab) -> None:
    lab.client("ecr").batch_delete_image(repositoryName=DRAFTS, imageIds=[{"imageTag": "draft"}])
    _delete_untagged(lab)


def named_what_nobody_names(lab: Lab) -> None:
    _name_draft(lab, {"imageDigest": _untagged_draft(lab, "1")}, "old")


def deleted_the_whole_repository(lab: Lab) -> None:
    lab.client("ecr").delete_repository(repositoryName=DRAFTS, force=True)


REPOSITORY = ("repository",)
RELEASED = (*REPOSITORY, "first-release")
RELEASED_TWICE = (*RELEASED, "second-release")
PAGE = (*RELEASED_TWICE, "public-page")

MISTAKES = [
    Mistake("repository", "is a habit", left_tags_mutable),
    Mistake("repository", "goes too far", fixed_latest_too),
    Mistake("repository", "the wrong way round", turned_the_exception_round),
    Mistake("repository", "may catch more than you think", excepted_every_tag),
    Mistake("repository", "may catch more than you think", excepted_versions_by_a_wide_pattern),
    Mistake("repository", "isn't a rule for those to come", fixed_only_versions_that_begin_with_1),
    Mistake("repository", "Latest doesn't match latest", wrote_the_pattern_with_a_capital),
    Mistake("repository", "stable doesn't match latest", excepted_another_name),
    Mistake("repository", "one account and one Region", worked_in_another_region),
    Mistake("repository", "You have two registries", took_the_public_registry_for_the_private),
    Mistake("first-release", "An image doesn't know its version", pushed_without_saying_a_tag, REPOSITORY),
    Mistake("first-release", "compared letter by letter", wrote_v1_0, REPOSITORY),
    Mistake("first-release", "The tag 1.0 is fixed now", released_something_else, REPOSITORY),
    Mistake("second-release", "holds for layers, not for files", copied_all_in_one_step, REPOSITORY),
    Mistake("second-release", "The order of steps", copied_the_greeting_first, REPOSITORY),
    Mistake("second-release", "isn't a new greeting", built_again_with_the_old_greeting, RELEASED),
    Mistake("second-release", "the table of tides in 1.1 is another", changed_the_table_too, RELEASED),
    Mistake("second-release", "A new name doesn't make a new version", named_the_old_build_1_1, RELEASED),
    Mistake("second-release", "keeps its name", pushed_the_new_build_as_1_0, RELEASED),
    Mistake("second-release", "stands on another base", built_1_1_on_another_base, RELEASED),
    Mistake("latest", "is no rule that finds the newest", left_latest_on_the_first_release, RELEASED_TWICE),
    Mistake("latest", "To build again makes something new", built_once_more_for_latest, RELEASED_TWICE),
    Mistake("latest", "reckoned from its bytes", wrote_the_manifest_anew_for_latest, RELEASED_TWICE),
    Mistake("what-runs", "doesn't follow a tag", named_what_draft_names_today),
    Mistake("what-runs", "Only the digest tells them apart", named_the_other_untagged_image),
    Mistake("what-runs", "was never on the screen", built_the_screens_draft_again),
    Mistake("what-runs", "“No tag” was taken for “not in use”", deleted_all_untagged_before_looking),
    Mistake("public-page", "To be public isn't to be understood", said_nothing_on_the_page, REPOSITORY),
    Mistake("public-page", "usageText is missing", said_not_how_to_pull, REPOSITORY),
    Mistake("public-page", "private registry's address was given to the world", gave_away_the_private_address, REPOSITORY),
    Mistake("public-page", "A name is enough only inside your own registry", gave_only_the_name, REPOSITORY),
    Mistake("published", "A tag proves nothing about what is behind it", published_1_0_as_1_1, PAGE),
    Mistake("published", "built apart from the private one", published_a_new_build, PAGE),
    Mistake("published", "Tags don't come along", published_under_latest_only, PAGE),
    Mistake("make-room", "“No tag” was taken for “not in use”", deleted_what_the_screen_runs, ("what-runs",)),
    Mistake("make-room", "isn't to be safe", deleted_what_the_screen_runs_and_prepared_again, ("what-runs",)),
    Mistake("make-room", "no rubbish", deleted_the_index_to_get_at_its_parts, ("what-runs",)),
    Mistake("make-room", "A name doesn't make room", named_what_nobody_names, ("what-runs",)),
    Mistake("make-room", "took what the screen runs", deleted_the_whole_repository, ("what-runs",), NOT_TRIED),
]


def _create(lab: Lab, setting: str, *filters: str) -> None:
    exclusions = [{"filterType": "WILDCARD", "filter": each} for each in filters]
    lab.client("ecr").create_repository(
        repositoryName=TIDES, imageTagMutability=setting, imageTagMutabilityExclusionFilters=exclusions
    )


def _tides(lab: Lab) -> str:
    return f"{lab.registry()}/{TIDES}"


def _release_twice(lab: Lab, dockerfile: str) -> None:
    for version in ("1.0", "1.1"):
        _push(lab, _build(lab, f"tides {version}", dockerfile=dockerfile), _tides(lab), version)


def _build(lab: Lab, greeting: str, base: str = "static", dockerfile: str = "", table: str = "") -> Image:
    """tides with another greeting (or other files), built from a copy of its files."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        shutil.copytree(Path(__file__).parent / "starter", work)
        for name, text in {"greeting.txt": greeting, "Dockerfile": dockerfile, "tides-2026.csv": table}.items():
            if text:
                (work / name).write_text(text, encoding="utf-8")
        image, _ = lab.docker.images.build(path=str(work), buildargs={"BASE": lab.base(base)})
    return image


def _pull(lab: Lab, tag: str) -> Image:
    lab.login()
    return lab.docker.images.pull(_tides(lab), tag=tag)


def _push(lab: Lab, image: Image, name: str, tag: str) -> None:
    lab.login()
    image.tag(name, tag)
    _sent(lab.docker.images.push(name, tag=tag, stream=True, decode=True))


def _publish(lab: Lab, image: Image, tag: str) -> None:
    public = lab.client("ecr-public", region="us-east-1")
    token = base64.b64decode(public.get_authorization_token()["authorizationData"]["authorizationToken"]).decode()
    lab.docker.login("AWS", token.removeprefix("AWS:"), registry=lab.public_registry, reauth=True)
    name = public.describe_repositories(repositoryNames=[TIDES])["repositories"][0]["repositoryUri"]
    image.tag(name, tag)
    _sent(lab.docker.images.push(name, tag=tag, stream=True, decode=True))


def _sent(events: Iterable[dict]) -> None:
    """A mistake that fails to be made is no mistake: a refused push raises."""
    refused = [event["error"] for event in events if "error" in event]
    if refused:
        raise RuntimeError(refused[0])


def _name_draft(lab: Lab, image_id: dict[str, str], tag: str) -> None:
    ecr = lab.client("ecr")
    image = ecr.batch_get_image(repositoryName=DRAFTS, imageIds=[image_id])["images"][0]
    ecr.put_image(
        repositoryName=DRAFTS,
        imageManifest=image["imageManifest"],
        imageManifestMediaType=image["imageManifestMediaType"],
        imageTag=tag,
    )


def _untagged_draft(lab: Lab, number: str) -> str:
    """The digest of the draft that says this number in its label."""
    lab.login()
    untagged = lab.client("ecr").list_images(repositoryName=DRAFTS, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    for each in untagged:
        if lab.docker.images.pull(f"{lab.registry()}/{DRAFTS}", tag=each["imageDigest"]).labels["draft"] == number:
            return each["imageDigest"]
    raise LookupError(f"no untagged draft {number}")


def _delete_untagged(lab: Lab) -> None:
    ecr = lab.client("ecr")
    untagged = ecr.list_images(repositoryName=DRAFTS, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    ecr.batch_delete_image(repositoryName=DRAFTS, imageIds=untagged)


def _page(lab: Lab, usage: str) -> None:
    said = {"description": "When the water turns", "usageText": usage}
    lab.client("ecr-public", region="us-east-1").create_repository(repositoryName=TIDES, catalogData=said)
