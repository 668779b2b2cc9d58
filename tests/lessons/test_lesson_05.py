"""Lesson 05, "Basic scanning": untouched, with each known mistake, and solved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecrlab import findings
from ecrlab.check import DONE, NOT_TRIED, NOT_YET
from taking import Learner, taking

SCANNED, ON_PUSH, NEWER = "scanned", "on-push", "newer-base"
UNTOUCHED = {SCANNED: DONE, ON_PUSH: NOT_TRIED, NEWER: NOT_TRIED}


@pytest.fixture
def learner(lab_endpoint, lab_state, tmp_path, aws) -> Iterator[Learner]:
    with taking("05", tmp_path / "notebooks", lab_state, aws) as learner:
        yield learner
        learner.run("cleanup")  # the registry's scanning is the whole lab's


@pytest.fixture(scope="class")
def taken(lab_endpoint, lab_state, tmp_path_factory, aws) -> Iterator[Learner]:
    """A learner who took the whole lesson; the tests of a class share it."""
    with taking("05", tmp_path_factory.mktemp("taken") / "notebooks", lab_state, aws) as learner:
        learner.take()
        yield learner
        learner.run("cleanup")


@pytest.fixture
def untried(taken, aws) -> Learner:
    """The same learner, without what other tests answered to the exercises."""
    taken.write('on_push("shop")')
    aws("ecr").put_image_scanning_configuration(repositoryName="lesson05/shop-api", imageScanningConfiguration={"scanOnPush": False})
    aws("ecr").batch_delete_image(repositoryName="lesson05/shop-api", imageIds=[{"imageTag": "1.1"}])
    return taken


def test_before_the_first_cell_nothing_is_tried(learner):
    learner.run("open", "make-ready")
    assert learner.outcomes() == dict.fromkeys(UNTOUCHED, NOT_TRIED)


def test_what_nobody_asked_to_scan_has_no_scan(learner):
    learner.take(until="start")
    assert "(ScanNotFoundException) when calling the DescribeImageScanFindings operation: Image scan does not exist for the image" in learner.said
    assert learner.outcomes()[SCANNED] == NOT_TRIED
    learner.solve(SCANNED)
    assert learner.outcomes()[SCANNED] == DONE


def test_an_image_that_cannot_be_looked_into_is_not_scanned(learner):
    learner.take(until="unasked")
    learner.write('push("1.0", base="static", app="hello-page")')
    learner.solve(SCANNED)
    verdict = learner.lesson.verdict(SCANNED)
    assert verdict.outcome == NOT_YET and "UNSUPPORTED_IMAGE" in verdict.message


@pytest.mark.parametrize("left_at", ["start", "exercise-rule", "index"])
def test_it_can_be_taken_again_from_the_top_when_it_was_left_half_way(learner, left_at):
    learner.take(until=left_at)
    learner.take()
    assert learner.outcomes() == UNTOUCHED


def test_cells_that_ask_can_be_run_again(learner):
    learner.take(until="exercise-base")
    learner.run("start", "findings", "filters", "scratch", "index", "scan-index", "scratch", "index", "again")
    assert learner.outcomes() == UNTOUCHED


def test_the_clean_up_puts_the_registrys_scanning_back(learner, aws):
    own = {"scanType": "BASIC", "rules": [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "somebodys", "filterType": "WILDCARD"}]}]}
    aws("ecr").put_registry_scanning_configuration(**own)
    learner.take()
    learner.run("cleanup")
    assert aws("ecr").get_registry_scanning_configuration()["scanningConfiguration"] == own
    aws("ecr").put_registry_scanning_configuration(scanType="BASIC", rules=[])


class TestTakenToItsEnd:
    def test_an_untouched_run_leaves_both_exercises_to_the_learner(self, untried):
        assert untried.outcomes() == UNTOUCHED

    def test_what_the_lesson_reads_stands_there(self, taken):
        scan = taken.names["scan"]
        told = {findings.vulnerability(each): each for each in scan.findings}
        assert len(scan.findings) == 22 and scan.counts["CRITICAL"] == 5
        assert findings.attributes(told["CVE-2022-1664"])["package_name"] == "dpkg"
        assert "source packages" in told["CVE-2022-1664"]["description"]
        assert told["CVE-2022-0778"]["severity"] == "HIGH" and "reads certificates from strangers" in told["CVE-2022-0778"]["description"]
        assert "glibc" in {findings.attributes(each)["package_name"] for each in scan.findings}

    @pytest.mark.parametrize(
        "sentence",
        [
            "(ScanNotFoundException) when calling the DescribeImageScanFindings operation: Image scan does not exist for the image",
            "(LimitExceededException) when calling the StartImageScan operation",
            "The scan quota per image has been exceeded. Wait and try again.",
            "1.0 is scanned again",
            "(UnsupportedImageTypeException) when calling the StartImageScan operation:",
        ],
    )
    def test_each_refusal_that_the_lesson_reads_is_a_real_one(self, taken, sentence):
        assert sentence in taken.said

    def test_nobody_looks_into_what_has_no_list_of_packages(self, taken):
        scan = taken.names["lab"].scans.wait("lesson05/page", tag="1.0")
        assert (scan.status, scan.findings) == ("UNSUPPORTED_IMAGE", [])

    def test_the_table_of_filters_says_what_the_lesson_says(self, taken):
        on, off = "SCAN_ON_PUSH", "MANUAL"
        assert [(row["filter"], row["shop-api"], row["shop-draft"], row["page"]) for row in taken.names["rows"]] == [
            ("shop*", off, off, off),
            ("*-api", on, off, off),
            ("*shop*", on, on, off),
            ("shop", on, on, off),
        ]

    def test_no_finding_names_a_python_library(self, taken):
        assert taken.names["libraries"] and "named by a finding: none of them" in taken.said

    # name → the check it is made for, what is written, what the verdict says
    MISTAKES = {
        "everything": (ON_PUSH, 'on_push("*")', "* fits them as well"),
        "the beginning of a name": (ON_PUSH, 'on_push("shop-api*")', "With a star a filter describes the whole name"),
        "another name": (ON_PUSH, 'on_push("orders")', "neither name contains it"),
        "the drafts": (ON_PUSH, 'on_push("shop-draft")', "the wrong way round"),
        "no rule": (ON_PUSH, 'ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])', "There is no rule"),
        "a setting of the repository's own": (
            ON_PUSH,
            'on_push("orders")\necr.put_image_scanning_configuration(repositoryName="lesson05/shop-api", imageScanningConfiguration={"scanOnPush": True})',
            "a setting of its own",
        ),
        "the same base": (NEWER, 'push("1.1", base="debian:11")', "name one image"),
        "another image upon the same base": (NEWER, 'push("1.1", base="debian:11", app="hello-page")', "as old as before"),
        "a base that hides everything": (NEWER, 'push("1.1", base="static", app="hello-page")', "they are out of sight"),
        "pushed before the rule": (NEWER, 'on_push("orders")\npush("1.1", base="debian:12")', "Nobody has asked for a scan of lesson05/shop-api:1.1"),
    }

    @pytest.mark.parametrize("mistake", MISTAKES)
    def test_a_mistake_in_an_exercise_is_met_with_the_belief_behind_it(self, untried, mistake):
        check, source, says = self.MISTAKES[mistake]
        untried.write(source)
        verdict = untried.lesson.verdict(check)
        assert verdict.outcome == NOT_YET
        assert says in verdict.message

    def test_enhanced_scanning_is_not_asked_for(self, untried):
        rule = '[{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "shop-api", "filterType": "WILDCARD"}]}]'
        untried.write(f'ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules={rule})')
        verdict = untried.lesson.verdict(ON_PUSH)
        assert verdict.outcome == NOT_YET and "lesson 06's" in verdict.message

    @pytest.mark.parametrize("filters", [("shop-api",), ("*-api",), ("lesson05/shop-api",), ("*/shop-api", "orders")])
    def test_every_rule_that_chooses_the_api_and_not_the_drafts_is_right(self, untried, filters):
        untried.write(f"on_push(*{filters})")
        assert untried.outcomes()[ON_PUSH] == DONE

    @pytest.mark.parametrize("base", ["debian:12", "alpine:3.20"])
    def test_every_base_that_can_be_looked_into_and_has_none_of_the_criticals_is_right(self, untried, base):
        untried.write(f'push("1.1", base="{base}")')
        assert untried.outcomes()[NEWER] == DONE

    def test_the_stored_solutions_solve_the_exercises_and_the_comparison_proves_it(self, untried):
        untried.run("exercise-rule")
        untried.solve(ON_PUSH)
        untried.solve(NEWER)
        untried.run("compare")
        assert untried.outcomes() == dict.fromkeys(UNTOUCHED, DONE)
        before, after = untried.names["scans"].values()
        assert (len(before.findings), len(after.findings)) == (22, 2)

    def test_the_clean_up_leaves_nothing(self, taken, aws):
        taken.run("cleanup")
        assert [each for each in aws("ecr").describe_repositories()["repositories"] if each["repositoryName"].startswith("lesson05/")] == []
