"""What learners are known to do in lab 3 instead. Each is run by the tests, and its check must name the belief behind it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ecrlab.check import NOT_TRIED
from ecrlab.lab import Lab
from ecrlab.labs import looking, planting
from ecrlab.labs.mistakes import Mistake

TICKETS, REPORTS, BUILDS = "lab3/prod/tickets", "lab3/prod/reports", "lab3/builds"
UNFIXED, NEW, OLD = "CVE-2023-45853", "debian:12.15", "debian:11"
STARTER = Path(__file__).parent / "starter"
TOOL, PAGE = "COPY web/ /srv/tickets/web/", "COPY --from=web /web/dist/ /srv/tickets/web/dist/"
TWO_STAGES = {"ARG BASE\nFROM ${BASE}\n": "ARG BASE\nFROM ${BASE} AS web\nCOPY web/ /web/\n\nFROM ${BASE}\n", TOOL: PAGE}
MENDED = {"PyYAML": "5.4.1"}


# 1 scanning


def took_the_basic_type(lab: Lab) -> None:
    _scan(lab, [_prod(lab) + "*"], "SCAN_ON_PUSH", "BASIC")


def scanned_on_push_only(lab: Lab) -> None:
    _scan(lab, [_prod(lab) + "*"], "SCAN_ON_PUSH")


def scanned_everything(lab: Lab) -> None:
    _scan(lab, ["*"])


def scanned_whatever_begins_with_lab3(lab: Lab) -> None:
    _scan(lab, [_prod(lab).removesuffix("prod/") + "*"])


def left_the_slash_out(lab: Lab) -> None:
    _scan(lab, [_prod(lab).removesuffix("/") + "*"])


def left_the_star_out(lab: Lab) -> None:
    _scan(lab, [_prod(lab).removesuffix("/")])


def wrote_only_the_end_of_the_folder(lab: Lab) -> None:
    _scan(lab, ["prod/*"])


def named_tickets_alone(lab: Lab) -> None:
    _scan(lab, [_prod(lab) + "tickets"])


def named_the_two_that_are_there(lab: Lab) -> None:
    _scan(lab, [_prod(lab) + "tickets", _prod(lab) + "reports"])


def let_anything_stand_in_front(lab: Lab) -> None:
    _scan(lab, ["*/prod/*"])


def scanned_the_builds_on_push_as_well(lab: Lab) -> None:
    _scan(lab, [_prod(lab) + "*"])
    setting = lab.client("ecr").get_registry_scanning_configuration()["scanningConfiguration"]
    _set(lab, [*setting["rules"], _rule([_prod(lab).removesuffix("prod/") + "builds"], "SCAN_ON_PUSH")])


def switched_on_without_a_rule(lab: Lab) -> None:
    _set(lab, [])


def took_the_basic_type_and_a_filter_that_fits_nothing(lab: Lab) -> None:
    _scan(lab, ["prod/*"], "SCAN_ON_PUSH", "BASIC")


def asked_for_scans_of_one_repository(lab: Lab) -> None:
    lab.client("ecr").put_image_scanning_configuration(repositoryName=TICKETS, imageScanningConfiguration={"scanOnPush": True})


# 2 worst-layer


def shipped_a_mended_one_as_1_0(lab: Lab) -> None:
    _ship(lab, "1.0", NEW, libraries=MENDED, dockerfile=TWO_STAGES)


def shipped_before_anybody_looked(lab: Lab) -> None:
    _ship(lab, "1.0", OLD, wait=False)


def named_the_layer_on_top(lab: Lab) -> None:
    _answer(lab, lambda manifest: manifest["layers"][-1]["digest"])


def named_the_layer_of_the_libraries(lab: Lab) -> None:
    _answer(lab, lambda manifest: manifest["layers"][-2]["digest"])


def named_the_image(lab: Lab) -> None:
    _ship(lab, "1.0", OLD)
    _tag(lab, looking.tags(lab.client("ecr"), TICKETS)["1.0"])


def named_the_configuration(lab: Lab) -> None:
    _answer(lab, lambda manifest: manifest["config"]["digest"])


def named_what_the_layer_unpacks_to(lab: Lab) -> None:
    _ship(lab, "1.0", OLD)
    _tag(lab, _unpacked(lab, "1.0")[0])


def named_half_a_digest(lab: Lab) -> None:
    _answer(lab, lambda manifest: manifest["layers"][0]["digest"][:19])


def named_the_base_by_its_name(lab: Lab) -> None:
    _ship(lab, "1.0", OLD)
    _tag(lab, OLD)


def named_it_without_the_algorithm(lab: Lab) -> None:
    _answer(lab, lambda manifest: manifest["layers"][0]["digest"].removeprefix("sha256:"))


def spelt_the_key_otherwise(lab: Lab) -> None:
    _ship(lab, "1.0", OLD)
    _tag(lab, "sha256:", key="worst_layer")


def wrote_the_key_from_memory(lab: Lab) -> None:
    _answer(lab, lambda manifest: manifest["layers"][1]["digest"], key="wrost-layer-digest")


def wrote_another_key(lab: Lab) -> None:
    _answer(lab, lambda manifest: manifest["layers"][1]["digest"], key="answer")


def tagged_the_image(lab: Lab) -> None:
    _ship(lab, "1.0", OLD)
    _name_image(lab, "1.0", "worst-layer")


def called_it_v1_0(lab: Lab) -> None:
    _ship(lab, "v1.0", OLD)


def shipped_1_0_upon_a_newer_debian(lab: Lab) -> None:
    _ship(lab, "1.0", "debian:12")


# 3 base


def built_the_same_again(lab: Lab) -> None:
    _ship(lab, "1.1", OLD)


def mended_the_libraries_first(lab: Lab) -> None:
    _ship(lab, "1.1", OLD, libraries=MENDED)


def took_the_first_debian_12(lab: Lab) -> None:
    _ship(lab, "1.1", "debian:12")


def took_a_smaller_system(lab: Lab) -> None:
    _ship(lab, "1.1", "alpine:3.18")


def took_a_base_without_a_system(lab: Lab) -> None:
    _ship(lab, "1.1", "static")


def wrote_another_name_on_the_system(lab: Lab) -> None:
    label = 'ID=alpine\nVERSION_ID=3.20\nPRETTY_NAME="Alpine Linux v3.20"\n'
    _ship(lab, "1.1", OLD, files={"os-release": label}, dockerfile={TOOL: f"COPY os-release /etc/os-release\n{TOOL}"})


def emptied_the_list_of_packages(lab: Lab) -> None:
    _ship(lab, "1.1", OLD, files={"status": ""}, dockerfile={TOOL: f"COPY status /var/lib/dpkg/status\n{TOOL}"})


def pushed_the_new_base_and_stopped_scanning(lab: Lab) -> None:
    _set(lab, [])
    _ship(lab, "1.1", NEW, wait=False)


def shipped_only_the_new_one(lab: Lab) -> None:
    _ship(lab, "1.1", NEW)


# 4 library


def took_the_smallest_step(lab: Lab) -> None:
    _ship(lab, "1.2", NEW, libraries={"PyYAML": "5.3.1"})


def took_the_newest_of_everything(lab: Lab) -> None:
    _ship(lab, "1.2", NEW, libraries={"PyYAML": "6.0.1", "requests": "2.32.3"})


def mended_what_was_only_medium(lab: Lab) -> None:
    _ship(lab, "1.2", NEW, libraries={"requests": "2.32.3"})


def left_it_out(lab: Lab) -> None:
    _ship(lab, "1.2", NEW, libraries={"PyYAML": None})


def added_the_new_one_beside_the_old_one(lab: Lab) -> None:
    _ship(lab, "1.2", NEW, beside=["PyYAML-5.4.1"])


def wrote_another_version_on_it(lab: Lab) -> None:
    text = (STARTER / "shelf" / "PyYAML-5.4.1.dist-info" / "METADATA").read_text("utf-8")
    _ship(lab, "1.2", NEW, files={"site-packages/PyYAML-5.3.dist-info/METADATA": text})


def left_all_others_out(lab: Lab) -> None:
    nothing = {name: None for name in ("certifi", "charset_normalizer", "idna", "requests", "urllib3")}
    _ship(lab, "1.2", NEW, libraries=MENDED | nothing)


def only_edited_the_requirements(lab: Lab) -> None:
    _edit("requirements.txt", {"PyYAML==5.3\n": "PyYAML==5.4.1\n"})


# 5 tool


def threw_out_the_page_as_well(lab: Lab) -> None:
    _ship(lab, "1.3", NEW, dockerfile={TOOL: ""})


def wrote_two_stages_and_copied_everything(lab: Lab) -> None:
    _ship(lab, "1.3", NEW, dockerfile=TWO_STAGES | {TOOL: "COPY --from=web /web/ /srv/tickets/web/"})


def wrote_two_stages_and_copied_all_of_the_first(lab: Lab) -> None:
    _ship(lab, "1.3", NEW, dockerfile=TWO_STAGES | {TOOL: "COPY --from=web / /"})


def copied_it_to_another_place(lab: Lab) -> None:
    _ship(lab, "1.3", NEW, dockerfile={TOOL: f"{TOOL.replace(' /srv', ' /opt')}\nCOPY web/dist/ /srv/tickets/web/dist/"})


def only_edited_the_dockerfile(lab: Lab) -> None:
    _edit("Dockerfile", TWO_STAGES)


def only_ignored_the_tool(lab: Lab) -> None:
    _edit(".dockerignore", {"shelf\n": "shelf\nweb/node_modules\n"})


def only_deleted_the_tool(lab: Lab) -> None:
    shutil.rmtree("work/web/node_modules")


def upgraded_the_tool(lab: Lab) -> None:
    newer = {f"web/node_modules/{name}/package.json": _package(name, version) for name, version in (("lodash", "4.17.21"), ("minimist", "1.2.8"))}
    _ship(lab, "1.3", NEW, files=newer)


def left_out_what_was_critical(lab: Lab) -> None:
    _ship(lab, "1.3", NEW, without=["web/node_modules/lodash", "web/node_modules/minimist"])


def deleted_it_in_a_later_layer(lab: Lab) -> None:
    _ship(lab, "1.2", NEW)
    _hide(lab, "1.2", "srv/tickets/web/.wh.node_modules", "1.3")


def left_it_out_of_the_first_version_too(lab: Lab) -> None:
    _ship(lab, "1.0", OLD, dockerfile=TWO_STAGES)
    _ship(lab, "1.1", NEW, dockerfile=TWO_STAGES)


# 6 unfixed


def hid_everything_that_is_high(lab: Lab) -> None:
    _filter(lab, severity="HIGH", ecrImageRepositoryName=_name(lab))


def hid_whatever_has_no_fix(lab: Lab) -> None:
    _filter(lab, fixAvailable="NO", ecrImageRepositoryName=_name(lab))


def hid_all_of_tickets(lab: Lab) -> None:
    _filter(lab, ecrImageRepositoryName=_name(lab))


def hid_it_in_every_repository(lab: Lab) -> None:
    _filter(lab, vulnerabilityId=UNFIXED)


def hid_whatever_stands_in_zlib(lab: Lab) -> None:
    _filter(lab, ecrImageRepositoryName=_name(lab), vulnerablePackages={"name": {"comparison": "EQUALS", "value": "zlib1g"}})


def gave_no_reason(lab: Lab) -> None:
    _filter(lab, reason="", vulnerabilityId=UNFIXED, ecrImageRepositoryName=_name(lab))


def gave_a_dot_as_the_reason(lab: Lab) -> None:
    _filter(lab, reason=".", vulnerabilityId=UNFIXED, ecrImageRepositoryName=_name(lab))


def gave_the_missing_fix_as_the_reason(lab: Lab) -> None:
    _filter(lab, reason="no fix", vulnerabilityId=UNFIXED, ecrImageRepositoryName=_name(lab))


def gave_haste_as_the_reason(lab: Lab) -> None:
    _filter(lab, reason="Debian has no fix yet, we have no time", vulnerabilityId=UNFIXED, ecrImageRepositoryName=_name(lab))


def named_todays_version(lab: Lab) -> None:
    _filter(lab, vulnerabilityId=UNFIXED, ecrImageRepositoryName=_name(lab), ecrImageTags="1.1")


def named_todays_image(lab: Lab) -> None:
    _filter(lab, vulnerabilityId=UNFIXED, ecrImageHash=looking.tags(lab.client("ecr"), TICKETS)["1.1"])


def left_the_neighbour_out(lab: Lab) -> None:
    _filter(lab, vulnerabilityId=UNFIXED, ecrImageRepositoryName={"comparison": "NOT_EQUALS", "value": _prod(lab) + "reports"})


def told_tickets_by_its_tags(lab: Lab) -> None:
    _filter(lab, vulnerabilityId=UNFIXED, ecrImageTags={"comparison": "PREFIX", "value": "1."})


def only_kept_a_search(lab: Lab) -> None:
    _filter(lab, action="NONE", vulnerabilityId=UNFIXED, ecrImageRepositoryName=_name(lab))


def misspelt_the_repository(lab: Lab) -> None:
    _filter(lab, vulnerabilityId=UNFIXED, ecrImageRepositoryName="tickets")


def called_the_filter_something_else(lab: Lab) -> None:
    _filter(lab, name="zlib", vulnerabilityId=UNFIXED, ecrImageRepositoryName=_name(lab))


def hid_it_in_one_version_only(lab: Lab) -> None:
    digest = looking.tags(lab.client("ecr"), TICKETS)["1.1"]
    _ship(lab, "1.2", NEW, libraries=MENDED)
    _filter(lab, vulnerabilityId=UNFIXED, ecrImageHash=digest)


def misspelt_the_filters_name(lab: Lab) -> None:
    _filter(lab, name="lab3-unfixd", vulnerabilityId=UNFIXED, ecrImageRepositoryName="tickets")


def suppressed_it_beforehand(lab: Lab) -> None:
    _filter(lab, vulnerabilityId=UNFIXED, ecrImageRepositoryName=_name(lab))


# 7 release


def released_what_was_first(lab: Lab) -> None:
    _release(lab, "1.0")


def released_it_as_latest(lab: Lab) -> None:
    _ship_all(lab)
    _name_image(lab, "1.3", "latest")


def misspelt_release(lab: Lab) -> None:
    _ship_all(lab)
    _name_image(lab, "1.3", "Release")


def released_before_the_tool_was_out(lab: Lab) -> None:
    _ship(lab, "1.2", NEW, libraries=MENDED)
    _release(lab, "1.2")


def suppressed_instead_of_mending(lab: Lab) -> None:
    _ship(lab, "1.3", NEW, dockerfile=TWO_STAGES)
    for flaw in ("CVE-2020-1747", "CVE-2020-14343"):
        _filter(lab, name=f"lab3-{flaw.lower()}", vulnerabilityId=flaw)
    _release(lab, "1.3")


def deleted_the_old_one(lab: Lab) -> None:
    _ship_all(lab)
    lab.client("ecr").batch_delete_image(repositoryName=TICKETS, imageIds=[{"imageTag": "1.0"}])
    _release(lab, "1.3")


def overwrote_the_old_one(lab: Lab) -> None:
    _ship_all(lab)
    lab.client("ecr").put_image_tag_mutability(repositoryName=TICKETS, imageTagMutability="MUTABLE")
    _name_image(lab, "1.3", "1.0")
    _release(lab, "1.1")


def let_versions_be_overwritten(lab: Lab) -> None:
    _ship_all(lab)
    lab.client("ecr").put_image_tag_mutability(repositoryName=TICKETS, imageTagMutability="MUTABLE")
    _release(lab, "1.3")


def fixed_the_release_for_good(lab: Lab) -> None:
    _ship_all(lab)
    _release(lab, "1.3")
    lab.client("ecr").put_image_tag_mutability(repositoryName=TICKETS, imageTagMutability="IMMUTABLE")


def built_once_more_for_the_release(lab: Lab) -> None:
    _ship_all(lab)
    _ship(lab, "release", NEW, libraries=MENDED, dockerfile=TWO_STAGES | {"tickets\"": "tickets\" built=again"})


def released_what_nobody_had_looked_at(lab: Lab) -> None:
    _set(lab, [])
    _ship(lab, "1.3", NEW, libraries=MENDED, dockerfile=TWO_STAGES, wait=False)
    _release(lab, "1.3")


SCANNED = ("scanning",)
FIRST = (*SCANNED, "worst-layer")
REBASED = (*FIRST, "base")

MISTAKES = [
    Mistake("scanning", "knows the system's packages and no library", took_the_basic_type),
    Mistake("scanning", "knows what was known that day", scanned_on_push_only),
    Mistake("scanning", "is paid for by the image", scanned_everything),
    Mistake("scanning", "is paid for by the image", scanned_whatever_begins_with_lab3),
    Mistake("scanning", "A filter is letters, not a folder", left_the_slash_out),
    Mistake("scanning", "A filter is letters, not a folder", left_the_star_out),
    Mistake("scanning", "must fit the whole name", wrote_only_the_end_of_the_folder),
    Mistake("scanning", "Production is more than one repository", named_tickets_alone),
    Mistake("scanning", "isn't a rule for what comes", named_the_two_that_are_there),
    Mistake("scanning", "is somebody else's", let_anything_stand_in_front),
    Mistake("scanning", "Builds that nobody runs", scanned_the_builds_on_push_as_well),
    Mistake("scanning", "Yours: without a filter", switched_on_without_a_rule),
    Mistake("scanning", "knows the system's packages and no library", took_the_basic_type_and_a_filter_that_fits_nothing),
    Mistake("scanning", "That is a setting of one repository", asked_for_scans_of_one_repository),
    Mistake("worst-layer", "compared letter by letter", wrote_the_key_from_memory, SCANNED),
    Mistake("worst-layer", "has a tag answer, and none that is called worst-layer", wrote_another_key, SCANNED),
    Mistake("worst-layer", "An image's tag is a name for an image", tagged_the_image, SCANNED),
    Mistake("worst-layer", "v1.0 is there, and nothing that is called 1.0", called_it_v1_0, SCANNED),
    Mistake("worst-layer", "what runs today", shipped_a_mended_one_as_1_0, SCANNED),
    Mistake("worst-layer", "1.0 is there, and nobody looked at it", shipped_before_anybody_looked),
    Mistake("worst-layer", "stands upon DEBIAN_12", shipped_1_0_upon_a_newer_debian, SCANNED),
    Mistake("worst-layer", "sha256: is missing", named_it_without_the_algorithm, SCANNED),
    Mistake("worst-layer", "compared letter by letter", spelt_the_key_otherwise, SCANNED),
    Mistake("worst-layer", "It isn't what you wrote last", named_the_layer_on_top, SCANNED),
    Mistake("worst-layer", "this layer brings 2 critical findings", named_the_layer_of_the_libraries, SCANNED),
    Mistake("worst-layer", "That digest is the image's", named_the_image, SCANNED),
    Mistake("worst-layer", "1.0 has no layer of this digest", named_the_configuration, SCANNED),
    Mistake("worst-layer", "A layer has two digests", named_what_the_layer_unpacks_to, SCANNED),
    Mistake("worst-layer", "by half a name", named_half_a_digest, SCANNED),
    Mistake("worst-layer", "a name means something else tomorrow", named_the_base_by_its_name, SCANNED),
    Mistake("base", "A new name doesn't make a new image", built_the_same_again, FIRST),
    Mistake("base", "1.1 is there, and no 1.0 beside it", shipped_only_the_new_one, SCANNED),
    Mistake("base", "1.1 stands on the very base of 1.0", mended_the_libraries_first, FIRST, NOT_TRIED),
    Mistake("base", "A new release isn't a new build", took_the_first_debian_12, FIRST),
    Mistake("base", "another system is another system", took_a_smaller_system, FIRST),
    Mistake("base", "Nothing found isn't nothing there", took_a_base_without_a_system, FIRST),
    Mistake("base", "believes what an image says of itself", wrote_another_name_on_the_system, FIRST),
    Mistake("base", "believes what an image says of itself", emptied_the_list_of_packages, FIRST),
    Mistake("base", "because nobody looked", pushed_the_new_base_and_stopped_scanning, FIRST),
    Mistake("library", "CVE-2020-14343 is still in it", took_the_smallest_step, FIRST),
    Mistake("library", "requests changed as well", took_the_newest_of_everything, FIRST),
    Mistake("library", "PyYAML is what it was", mended_what_was_only_medium, FIRST),
    Mistake("library", "does no work either", left_it_out, FIRST),
    Mistake("library", "Added isn't replaced", added_the_new_one_beside_the_old_one, FIRST),
    Mistake("library", "not what is written on it", wrote_another_version_on_it, FIRST),
    Mistake("library", "changed as well", left_all_others_out, FIRST),
    Mistake("library", "asks for now (pyyaml 5.4.1). An image is what went into its build, and edited isn't shipped", only_edited_the_requirements, FIRST),
    Mistake("tool", "the page that it packed is gone", threw_out_the_page_as_well, FIRST),
    Mistake("tool", "COPY /web/ /srv/tickets/web/ brings the tool along", wrote_two_stages_and_copied_everything, FIRST),
    Mistake("tool", "COPY / / brings the tool along", wrote_two_stages_and_copied_all_of_the_first, FIRST),
    Mistake("tool", "COPY web/ /opt/tickets/web/ brings the tool along", copied_it_to_another_place, FIRST),
    Mistake("tool", "1.0 holds all of the tool, though work/Dockerfile changed", only_edited_the_dockerfile, FIRST),
    Mistake("tool", "though work/.dockerignore changed", only_ignored_the_tool, FIRST),
    Mistake("tool", "though work/web/ changed", only_deleted_the_tool, FIRST),
    Mistake("tool", "until its next flaw", upgraded_the_tool, FIRST),
    Mistake("tool", "A smaller tool is a tool", left_out_what_was_critical, FIRST),
    Mistake("tool", "Deleted above, it still lies below", deleted_it_in_a_later_layer, FIRST),
    Mistake("tool", "1.0 holds nothing of the tool", left_it_out_of_the_first_version_too, SCANNED),
    Mistake("unfixed", "Out of sight isn't out of the image", hid_everything_that_is_high, REBASED),
    Mistake("unfixed", "tomorrow's critical ones included", hid_whatever_has_no_fix, REBASED),
    Mistake("unfixed", "Out of sight isn't out of the image", hid_all_of_tickets, REBASED),
    Mistake("unfixed", "You answer for tickets", hid_it_in_every_repository, REBASED),
    Mistake("unfixed", "Out of sight isn't out of the image", hid_whatever_stands_in_zlib, REBASED),
    Mistake("unfixed", "There is no reason", gave_no_reason, REBASED),
    Mistake("unfixed", "tells a stranger nothing", gave_a_dot_as_the_reason, REBASED),
    Mistake("unfixed", "No fix isn't no danger", gave_the_missing_fix_as_the_reason, REBASED),
    Mistake("unfixed", "to live with a danger", gave_haste_as_the_reason, REBASED),
    Mistake("unfixed", "It fits today's image only", named_todays_version, REBASED),
    Mistake("unfixed", "It fits today's image only", named_todays_image, REBASED),
    Mistake("unfixed", "You answer for tickets, and the filter doesn't say so", left_the_neighbour_out, REBASED),
    Mistake("unfixed", "You answer for tickets, and the filter doesn't say so", told_tickets_by_its_tags, REBASED),
    Mistake("unfixed", "a search that has a name", only_kept_a_search, REBASED),
    Mistake("unfixed", "fits nothing that was found", misspelt_the_repository, REBASED),
    Mistake("unfixed", "stays so when this lab is over", called_the_filter_something_else, REBASED),
    Mistake("unfixed", "A new version is a new image", hid_it_in_one_version_only, REBASED),
    Mistake("unfixed", "there is a filter lab3-unfixd, and none that is called lab3-unfixed", misspelt_the_filters_name, REBASED),
    Mistake("unfixed", "A judgement on what nobody has seen", suppressed_it_beforehand, FIRST),
    Mistake("release", "production pulls release", released_it_as_latest, REBASED),
    Mistake("release", "production pulls release", misspelt_release, REBASED),
    Mistake("release", "1.0 is what release names", released_what_was_first, FIRST),
    Mistake("release", "of the tool", released_before_the_tool_was_out, REBASED),
    Mistake("release", "Suppressed isn't mended", suppressed_instead_of_mending, REBASED),
    Mistake("release", "Deleted isn't mended", deleted_the_old_one, REBASED),
    Mistake("release", "something that never did", overwrote_the_old_one, REBASED),
    Mistake("release", "versions can be overwritten", let_versions_be_overwritten, REBASED),
    Mistake("release", "release can't move any more", fixed_the_release_for_good, REBASED),
    Mistake("release", "because nobody looked", released_what_nobody_had_looked_at, REBASED),
    Mistake("release", "it has no version of its own", built_once_more_for_the_release, REBASED),
]


def _prod(lab: Lab) -> str:
    return _name(lab).removesuffix("tickets")


def _name(lab: Lab) -> str:
    return looking.repository(lab.client("ecr"), TICKETS)["repositoryArn"].partition("/")[2]


def _rule(filters: list[str], often: str) -> dict:
    return {"scanFrequency": often, "repositoryFilters": [{"filter": each, "filterType": "WILDCARD"} for each in filters]}


def _scan(lab: Lab, filters: list[str], often: str = "CONTINUOUS_SCAN", scan_type: str = "ENHANCED") -> None:
    _set(lab, [_rule(filters, often)], scan_type)


def _set(lab: Lab, rules: list[dict], scan_type: str = "ENHANCED") -> None:
    for setting in ("inspector", "scanning"):
        lab.keep(setting)
    lab.client("ecr").put_registry_scanning_configuration(scanType=scan_type, rules=rules)


def _ship(
    lab: Lab,
    version: str,
    base: str,
    libraries: Mapping[str, str | None] = {},
    beside: list[str] = [],
    files: Mapping[str, str] = {},
    without: list[str] = [],
    dockerfile: Mapping[str, str] = {},
    wait: bool = True,
) -> None:
    """tickets from a copy of its files: with other versions of libraries (None: without) or some `beside`, other or fewer files, a changed Dockerfile."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        shutil.copytree(STARTER, work)
        wanted = dict(line.split("==") for line in (work / "requirements.txt").read_text("utf-8").split()) | libraries
        for each in [f"{name}-{number}" for name, number in wanted.items() if number] + beside:
            shutil.copytree(work / "shelf" / f"{each}.dist-info", work / "site-packages" / f"{each}.dist-info")
        for each in without:
            shutil.rmtree(work / each)
        for path, text in files.items():
            (work / path).write_text(text, "utf-8")
        text = (work / "Dockerfile").read_text("utf-8")
        for old, new in dockerfile.items():
            text = text.replace(old, new)
        (work / "Dockerfile").write_text(text, "utf-8")
        image, _ = lab.docker.images.build(path=str(work), buildargs={"BASE": lab.base(base)})
    _push(lab, image, version)
    if wait:
        lab.scans.wait(TICKETS, tag=version)


def _ship_all(lab: Lab) -> None:
    _ship(lab, "1.3", NEW, libraries=MENDED, dockerfile=TWO_STAGES)


def _push(lab: Lab, image, version: str) -> None:
    """A mistake that fails to be made is no mistake: a refused push raises."""
    lab.login()
    name = f"{lab.registry()}/{TICKETS}"
    image.tag(name, version)
    refused = [event["error"] for event in lab.docker.images.push(name, tag=version, stream=True, decode=True) if "error" in event]
    if refused:
        raise RuntimeError(refused[0])


def _answer(lab: Lab, choose: Callable[[dict], str], key: str = "worst-layer") -> None:
    """1.0 as it is, and what `choose` takes out of its manifest as the answer."""
    _ship(lab, "1.0", OLD)
    _tag(lab, choose(json.loads(_image(lab, "1.0")["imageManifest"])), key)


def _edit(name: str, changes: Mapping[str, str]) -> None:
    """A file in work/ as a learner changes it, who then doesn't ship it."""
    path = Path("work") / name
    text = path.read_text("utf-8")
    for old, new in changes.items():
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def _tag(lab: Lab, value: str, key: str = "worst-layer") -> None:
    ecr = lab.client("ecr")
    ecr.tag_resource(resourceArn=looking.repository(ecr, TICKETS)["repositoryArn"], tags=[{"Key": key, "Value": value}])


def _image(lab: Lab, tag: str) -> dict:
    return lab.client("ecr").batch_get_image(repositoryName=TICKETS, imageIds=[{"imageTag": tag}])["images"][0]


def _unpacked(lab: Lab, tag: str) -> list[str]:
    """The digests of an image's layers as they are unpacked, which Docker calls RootFS."""
    lab.login()
    return lab.docker.images.pull(f"{lab.registry()}/{TICKETS}", tag=tag).attrs["RootFS"]["Layers"]


def _package(name: str, version: str) -> str:
    return json.dumps({"name": name, "version": version})


def _hide(lab: Lab, version: str, mark: str, to: str) -> None:
    """The same image with one more layer, which holds a whiteout, as `RUN rm -r` leaves it."""
    image, more = _image(lab, version), planting.image({mark: ""}, {})
    document, top = json.loads(image["imageManifest"]), json.loads(more.manifest)
    document["layers"] += top["layers"]
    planting.plant(lab.client("ecr"), TICKETS, planting.Planted(json.dumps(document), image["imageManifestMediaType"], blobs=more.blobs), to)
    lab.scans.wait(TICKETS, tag=to)


def _filter(lab: Lab, name: str = "lab3-unfixed", action: str = "SUPPRESS", reason: str = "The flaw is in MiniZip, which zlib1g doesn't contain.", **criteria: str | dict) -> None:
    given = {field: [value if isinstance(value, dict) else {"comparison": "EQUALS", "value": value}] for field, value in criteria.items()}
    lab.client("inspector2").create_filter(name=name, action=action, filterCriteria=given, **({"reason": reason} if reason else {}))


def _name_image(lab: Lab, version: str, to: str) -> None:
    image = _image(lab, version)
    same = {key: image[key] for key in ("imageManifest", "imageManifestMediaType")}
    lab.client("ecr").put_image(repositoryName=TICKETS, imageTag=to, **same)


def _release(lab: Lab, version: str) -> None:
    _name_image(lab, version, "release")
