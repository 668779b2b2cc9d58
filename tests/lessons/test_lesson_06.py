"""Lesson 06, "Enhanced scanning": untouched, with each known mistake, and solved."""

from __future__ import annotations

import json

import pytest

from ecrlab import resources
from ecrlab.check import DONE, NOT_TRIED, NOT_YET
from ecrlab.errors import LabError
from taking import Learner, delete

LESSON = "06"
FIXED, SUPPRESSED, CHECKOUT = "fixed", "suppressed", "checkout"
UNTOUCHED = dict.fromkeys((FIXED, SUPPRESSED, CHECKOUT), NOT_TRIED)


@pytest.fixture(scope="module")
def taken(taken) -> Learner:
    """As everywhere, with the rules that the other tests need."""
    taken.write('configure("ENHANCED", SCAN_ON_PUSH="lesson06", CONTINUOUS_SCAN="lesson06/search")')
    return taken


@pytest.fixture
def untried(taken) -> Learner:
    """The same learner, without what other tests answered to the exercises."""
    lab = taken.names["lab"]
    lab.advisories.release()
    resources.delete(lab, "inspector_filter", "lesson06-*")
    delete(lab.client("ecr"), "lesson06/checkout")
    taken.write(push("1.1", "debian:11", "old") + push("1.2", "debian:11", "old"))
    return taken


def push(tag: str, base: str, libraries: str, app: str = "shop-api") -> str:
    """Source that pushes a version of a service."""
    return f'push("{app}", "{tag}", "{base}", DEPENDENCIES="{libraries}")\n'


def create(reason: str | None = "The flaw is in minizip, which Debian's zlib1g doesn't contain.", action: str = "SUPPRESS", criteria: str = "criteria") -> str:
    """Source that makes the filter."""
    said = "" if reason is None else f", reason={reason!r}"
    return f'inspector.create_filter(action="{action}", name="lesson06-zlib", filterCriteria={criteria}{said})\n'


def one(**fields: str) -> str:
    """Criteria, each of one value."""
    return repr({name: [{"comparison": "EQUALS", "value": value}] for name, value in fields.items()})


def test_an_untouched_run_leaves_the_exercises_to_the_learner(untried):
    assert untried.outcomes() == UNTOUCHED


@pytest.mark.parametrize(
    "sentence",
    [
        "BASIC COMPLETE",
        "ENHANCED ACTIVE",
        "BASIC answers 22 findings\nENHANCED answers 36 enhancedFindings",
        "No image has it: does 1.1 stand upon debian:12.15?",
        "ACTIVE nothing found",
        "CVE-2021-44228 - org.apache.logging.log4j:log4j-core CRITICAL 10.0\nsrv/search/search.jar:BOOT-INF/lib/log4j-core-2.14.1.jar fixed in 2.15.0",
        "Is there a finding of CVE-2021-33503? False",
        "Waiter ImageScanComplete failed: Max attempts exceeded\n{'status': 'ACTIVE'",
    ],
)
def test_what_the_lesson_reads_is_really_said(taken, sentence):
    assert sentence in taken.said


def test_basic_sees_nothing_that_pip_brought_and_enhanced_sees_all_that_basic_sees(taken):
    basic, enhanced = (set(taken.names["lab"].scans.frame(taken.names[name])["vulnerability"]) for name in ("basic", "enhanced"))
    of = {each["packageVulnerabilityDetails"]["vulnerabilityId"] for each in taken.names["of"]("PYTHONPKG", taken.names["enhanced"])}
    assert basic < enhanced
    assert enhanced - basic == of


def test_the_numbers_that_the_lesson_names_are_those_of_its_scans(taken):
    basic, enhanced = taken.names["basic"], taken.names["enhanced"]
    by_basic = taken.names["lab"].scans.frame(basic)["vulnerability"]
    assert (len(basic.findings), by_basic.nunique(), list(by_basic[by_basic.duplicated()])) == (22, 21, ["CVE-2022-1271"])
    assert [len(taken.names["of"](manager, enhanced)) for manager in ("OS", "PYTHONPKG")] == [21, 15]
    assert len(taken.names["lab"].scans.frame(enhanced)) == 51


def test_the_worst_finding_names_the_layer_that_the_dockerfile_copies_the_libraries_into(taken):
    image = taken.names["lab"].client("ecr").batch_get_image(repositoryName="lesson06/shop-api", imageIds=[{"imageTag": "1.0"}])["images"][0]
    layers = [each["digest"] for each in json.loads(image["imageManifest"])["layers"]]
    assert layers.index(taken.names["package"](taken.names["worst"])["sourceLayerHash"]) == len(layers) - 2


def test_the_worst_finding_says_what_somebody_could_do(taken):
    taken.run("one")
    shown = {row["field"]: row["value"] for row in taken.names["rows"]}
    assert "runs code from crafted documents" in shown["description"] and "epoch" not in shown


def test_the_layer_map_says_which_layers_are_the_base_images(taken):
    taken.write(f"print({taken.source('layer-map')})")
    rows = [line for line in taken.said.splitlines() if "base image" in line or "your Dockerfile" in line]
    assert [("base image" in row, "COPY ecrlab-specimen" in row) for row in rows[-5:]] == [(True, False)] * 2 + [(False, True)] + [(False, False)] * 2


def test_each_fix_takes_away_the_findings_of_its_own_layer(untried):
    untried.solve(FIXED)
    untried.run("proof")
    assert [list(row.values()) for row in untried.names["rows"]] == [["1.0", 21, 15, 36, 36], ["1.1", 1, 15, 16, 15], ["1.2", 1, 0, 1, 0]]


def test_what_has_no_fix_is_what_the_lesson_says(untried):
    untried.solve(FIXED)
    untried.run("ask-zlib")
    (left,) = untried.names["lab"].scans.wait("lesson06/shop-api", tag="1.2").findings
    assert (left["packageVulnerabilityDetails"]["vulnerabilityId"], left["fixAvailable"]) == ("CVE-2023-45853", "NO")
    assert "MiniZip" in untried.said


def test_four_days_later_the_first_remedy_turns_out_to_be_none(untried):
    untried.run("thursday", "on-friday")
    untried.write(untried.source("on-friday").replace("2021-12-10", "2021-12-14"))
    assert "CVE-2021-45046" in (said := untried.said.splitlines()[-2]) and "log4j-core" in said
    assert untried.said.splitlines()[-1].endswith("fixed in 2.16.0")


def test_the_same_day_once_more_brings_no_news(untried):
    untried.run("thursday", "on-friday")
    untried.write(untried.source("on-friday").replace("timeout=20", "timeout=1"))
    assert untried.said.endswith("Nothing new: what is known by that date was announced already.\n")


OLD, NEWER, NEWEST = "debian:11", "debian:12", "debian:12.15"
# name → the check it is made for, what is written, what the verdict says
MISTAKES = {
    "the base alone": (FIXED, push("1.1", NEWEST, "old") + push("1.2", NEWEST, "old"), "your own layer is what it was"),
    "the libraries alone": (FIXED, push("1.2", OLD, "fixed"), "The base image isn't the newest"),
    "a base that has aged as well": (FIXED, push("1.2", NEWER, "fixed"), "libexpat1 came with it"),
    "each in an image of its own": (FIXED, push("1.1", NEWEST, "old") + push("1.2", OLD, "fixed"), "no image has both"),
    "a base in between": (FIXED, push("1.1", NEWER, "old") + push("1.2", NEWER, "old"), "flaws with a fix in what Debian packages and in libraries"),
    "looking with basic": (
        FIXED,
        push("1.2", NEWEST, "fixed") + 'configure("BASIC", SCAN_ON_PUSH="lesson06")',
        "doesn't see libraries",
    ),
    "nobody looking": (
        CHECKOUT,
        'configure("ENHANCED", SCAN_ON_PUSH="nothing")\nwith suppress(ecrlab.LabError):\n    ' + push("1.0", "alpine:3.20", "fixed", "checkout"),
        "Nobody has looked into this image",
    ),
    "looking with what was known long ago": (
        FIXED,
        'lab.advisories.hold("2021-12-10")\n' + push("1.2", NEWEST, "fixed"),
        "The lab knows only what was published by 2021-12-10",
    ),
    "another name": (
        SUPPRESSED,
        create().replace("lesson06-zlib", "lesson06-zlip"),
        "lesson06-zlip is another one. Delete it: it hides findings too.",
    ),
    "hiding what has a fix": (
        FIXED,
        push("1.2", NEWER, "fixed") + create(criteria=one(vulnerabilityId="CVE-2023-52425")),
        "Out of sight is not out of the image",
    ),
    "a search that is kept": (SUPPRESSED, create(action="NONE"), "It hides nothing"),
    "all that has no fix": (SUPPRESSED, create(criteria=one(fixAvailable="NO")), "it also hides what nobody has looked at"),
    "the whole repository": (SUPPRESSED, create(criteria=one(ecrImageRepositoryName="lesson06/shop-api")), "it also hides what nobody has looked at"),
    "a severity": (SUPPRESSED, create(criteria=one(severity="HIGH")), "tomorrow's findings as well"),
    "a year of flaws": (
        SUPPRESSED,
        create(criteria=repr({"vulnerabilityId": [{"comparison": "PREFIX", "value": "CVE-2023"}]})),
        "other flaws as well",
    ),
    "a second flaw": (
        SUPPRESSED,
        create(criteria=repr({"vulnerabilityId": [{"comparison": "EQUALS", "value": each} for each in ("CVE-2023-45853", "CVE-2023-52425")]})),
        "other flaws as well",
    ),
    "no reason": (SUPPRESSED, create(reason=None), "There is no reason"),
    "a word": (SUPPRESSED, create(reason="false positive"), "tells a stranger nothing"),
    "no fix yet": (SUPPRESSED, create(reason="Debian has no fix for this flaw, so we can't do anything about it."), "No fix isn't no danger"),
    "no time": (SUPPRESSED, create(reason="There is no time to look into this before the release."), "a decision to live with a danger"),
    "minizip and no fix": (SUPPRESSED, create(reason="The minizip problem has no fix as of today."), "No fix isn't no danger"),
    "minizip and no time": (SUPPRESSED, create(reason="minizip: will fix this later when we have time"), "a decision to live with a danger"),
    "a fix that Debian doesn't have": (SUPPRESSED, create(reason="Debian doesn't have a fix for this flaw yet."), "No fix isn't no danger"),
    "a fix that is not included": (SUPPRESSED, create(reason="The fix is not included in Debian 12 yet."), "No fix isn't no danger"),
    "a fix that isn't there": (SUPPRESSED, create(reason="The fix isn't there yet, we will look later."), "a decision to live with a danger"),
    "time that we don't have": (SUPPRESSED, create(reason="We don't have time to look into this at the moment."), "a decision to live with a danger"),
    "a slip in the number": (SUPPRESSED, create(criteria=one(vulnerabilityId="CVE-2023-4585")), "doesn't take CVE-2023-45853 at all"),
    "another repository": (
        SUPPRESSED,
        push("1.2", NEWEST, "fixed") + create(criteria=one(vulnerabilityId="CVE-2023-45853", ecrImageRepositoryName="lesson06/search")),
        "is still active",
    ),
    "as it is": (CHECKOUT, push("1.0", "alpine:3.18", "old", "checkout"), "flaws with a fix, of Alpine's and of Node's"),
    "Alpine alone": (CHECKOUT, push("1.0", "alpine:3.20", "old", "checkout"), "These came with your own layer"),
    "Node alone": (CHECKOUT, push("1.0", "alpine:3.18", "fixed", "checkout"), "These came with the base image: libcrypto3"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_an_exercise_is_met_with_the_belief_behind_it(untried, mistake):
    check, source, says = MISTAKES[mistake]
    untried.write(source)
    verdict = untried.lesson.verdict(check)
    untried.write('configure("ENHANCED", SCAN_ON_PUSH="lesson06", CONTINUOUS_SCAN="lesson06/search")')
    outcome = NOT_TRIED if mistake == "another name" else NOT_YET
    assert (verdict.outcome, says in verdict.message) == (outcome, True), verdict.message


@pytest.mark.parametrize(
    "reason",
    [
        "minizip is not in zlib1g, so nobody can reach it",
        "Only the library is in Debian's binary package, the vulnerable tool isn't shipped",
        "The flaw is in minizip, which isn't in zlib1g. There is no fix yet.",
        "There is no fix, but the vulnerable part isn't in the package that we install",
    ],
)
def test_a_reason_may_be_put_in_many_ways(untried, reason):
    untried.write(create(reason))
    assert untried.lesson.verdict(SUPPRESSED).outcome == DONE


def test_what_is_suppressed_is_no_longer_counted_and_inspector_still_knows_it(untried):
    untried.solve(FIXED)
    untried.write(untried.source("exercise-suppress-it").replace("\n...", "\n" + create()))
    assert "ECR counts in 1.2: {'HIGH': 1} before, nothing now" in untried.said
    untried.run("ask-zlib")
    assert "HIGH SUPPRESSED" in untried.said


def test_a_mistyped_filter_goes_with_the_next_try(untried):
    untried.write(create().replace("lesson06-zlib", "lesson06-zlip"))
    untried.run("exercise-suppress-it")
    assert not resources.exists(untried.names["lab"], "inspector_filter", "lesson06-*")


@pytest.mark.parametrize("word", ["new", "Fixed"])
def test_a_word_that_names_no_libraries_is_met_with_those_that_there_are(untried, word):
    with pytest.raises(LabError, match=f"There is no {word} in app/shop-api/dependencies. DEPENDENCIES is one of fixed, old."):
        untried.write(untried.source("upgrade").replace('libraries = "old"', f'libraries = "{word}"'))


def test_a_filter_may_be_narrower_than_asked(untried):
    untried.write(push("1.2", NEWEST, "fixed") + create(criteria=one(vulnerabilityId="CVE-2023-45853", ecrImageRepositoryName="lesson06/shop-api")))
    assert untried.lesson.verdict(SUPPRESSED).outcome == NOT_YET  # the search has it, too
    resources.delete(untried.names["lab"], "inspector_filter", "lesson06-zlib")
    untried.write(create(criteria=one(vulnerabilityId="CVE-2023-45853", resourceType="AWS_ECR_CONTAINER_IMAGE")))
    assert untried.lesson.verdict(SUPPRESSED).outcome == DONE


def test_what_was_scanned_while_knowledge_was_held_is_to_be_pushed_again(untried):
    lab, advice = untried.names["lab"], "delete the image and push it again"
    lab.advisories.hold("2021-12-10")
    untried.write(push("1.0", "alpine:3.18", "old", "checkout"))
    assert advice in str(untried.lesson.verdict(CHECKOUT))
    untried.run("exercise-checkout")
    assert advice not in str(untried.lesson.verdict(CHECKOUT))


def test_the_cells_that_make_something_may_run_again(untried):
    for cell in ("configure", "push", "basic", "enhanced", "switch", "rebase", "upgrade", "exercise-suppress-it", "thursday", "on-friday", "sources"):
        untried.run(cell)
    assert untried.outcomes() == UNTOUCHED


def test_the_stored_solutions_solve_the_exercises(untried):
    for check in UNTOUCHED:
        untried.solve(check)
    assert untried.outcomes() == dict.fromkeys(UNTOUCHED, DONE)


def test_who_stopped_on_friday_and_begins_again_is_told_and_knows_what_is_known_today(untried):
    untried.run("thursday", "on-friday", "open")
    assert "Mind: the lab knows only what was published by 2021-12-10" in untried.said
    untried.run("make-ready")
    assert untried.names["lab"].advisories.known_until is None


def test_the_clean_up_leaves_nothing(taken):
    taken.run("thursday", "on-friday")
    taken.write(create().replace("lesson06-zlib", "lesson06-zlip"))
    taken.run("cleanup")
    lab, content = taken.names["lab"], taken.lesson.content
    assert not [each for each in content.resources if resources.exists(lab, each.kind, each.name)]
    assert lab.client("ecr").describe_repositories()["repositories"] == []
    assert lab.client("ecr").get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}
    assert lab.advisories.known_until is None
