"""Lab 3, "Fix the findings": what is its own, and other right ways (the rest: test_every_lab.py)."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ecrlab import scans
from ecrlab.check import COULD_NOT_RUN, DONE, NOT_TRIED, NOT_YET
from ecrlab.content import module
from ecrlab.errors import LabError
from ecrlab.labs import looking, planting
from learners import LABS
from localecr.scanner.process import Examiner

FOLDER = next(path for path in LABS.iterdir() if path.name.startswith("lab-3-"))
CHECKS, MISTAKES = module(FOLDER / "checks.py"), module(FOLDER / "mistakes.py")
WREN = CHECKS.wren
TASKS = ["scanning", "worst-layer", "base", "library", "tool", "unfixed", "release"]
TICKETS, REPORTS = "lab3/prod/tickets", "lab3/prod/reports"
MENDED, TWO_STAGES, NEW = MISTAKES.MENDED, MISTAKES.TWO_STAGES, MISTAKES.NEW
UNFIXED = "CVE-2023-45853"


@pytest.fixture
def one(learner):
    """A learner of lab 3."""
    return learner("lab-3")


@pytest.fixture
def hold(monkeypatch) -> Iterator[Callable[..., None]]:
    """`hold()`: scans stand still until somebody who waits for one pauses, so that whoever doesn't wait judges before they are over.

    `hold(0, 100)`: these are the times that passed for whoever waits, and they stand still until the test ends.
    """
    examine, go_on = Examiner.examine, threading.Event()

    def pause(seconds: float) -> None:
        go_on.set()
        time.sleep(0.02)

    def begin(*times: float) -> None:
        clock = itertools.chain(times, itertools.repeat(times[-1])).__next__ if times else time.monotonic
        monkeypatch.setattr(scans, "time", SimpleNamespace(monotonic=clock, sleep=time.sleep if times else pause))
        monkeypatch.setattr(Examiner, "examine", lambda *asked: go_on.wait(60) and examine(*asked))

    yield begin
    go_on.set()


def ship(one, version: str, base: str = NEW, **how: object) -> None:
    MISTAKES._ship(one.lab, version, base, **how)


def findings(one, version: str) -> dict[str, str]:
    """What Inspector found in a version: vulnerability → severity."""
    scan = one.lab.scans.wait(TICKETS, tag=version)
    return {each["packageVulnerabilityDetails"]["vulnerabilityId"]: each["severity"] for each in scan.findings}


def wait_until_nothing_is_scanned(door) -> None:
    deadline = time.monotonic() + 30
    while (progress := door.scans())["waiting"] or progress["running"]:
        assert time.monotonic() < deadline, progress
        time.sleep(0.02)


def test_the_tasks_are_these(one):
    one.take()
    assert one.tasks == TASKS


# The service, and what is found in it.


def test_three_steps_bring_the_critical_findings_of_the_first_version(one):
    one.take(solve=TASKS[:2])
    scan = one.lab.scans.wait(TICKETS, tag="1.0")
    frame = one.lab.scans.frame(scan)
    critical = frame[frame["severity"] == "CRITICAL"]
    brought = critical.groupby("manager")["vulnerability"].nunique().to_dict()
    assert brought == {"OS": 5, "NODEPKG": 2, "PYTHONPKG": 2}
    order = looking.layers(one.lab.client("ecr"), TICKETS, "1.0")
    steps = {manager: {order.index(layer) for layer in critical[critical["manager"] == manager]["layer"]} for manager in brought}
    assert steps == {"OS": {1}, "NODEPKG": {2}, "PYTHONPKG": {3}}


def test_what_is_left_in_the_release_has_no_fix_or_is_medium(one):
    one.take(solve=TASKS)
    assert findings(one, "1.3") == {"CVE-2024-35195": "MEDIUM"}  # and the suppressed one
    assert {flaw.id: flaw.status for flaw in CHECKS.flaws.inspected(one.lab) if flaw.digest == looking.tags(one.lab.client("ecr"), TICKETS)["release"]} == {
        "CVE-2024-35195": "ACTIVE",
        UNFIXED: "SUPPRESSED",
    }


def test_each_version_has_fewer_findings_than_the_one_before(one):
    one.take(solve=TASKS[:5])
    counts = [len(findings(one, version)) for version in ("1.0", "1.1", "1.2", "1.3")]
    assert counts == sorted(counts, reverse=True) and len(set(counts)) == 4


def test_whatever_the_shelf_has_is_said_by_its_own_metadata():
    for path in (FOLDER / "starter" / "shelf").glob("*/METADATA"):
        told = dict(line.split(": ", 1) for line in path.read_text("utf-8").splitlines())
        assert path.parent.name == f"{told['Name'].replace('-', '_')}-{told['Version']}.dist-info"


def test_everything_that_is_asked_for_lies_on_the_shelf():
    starter = FOLDER / "starter"
    for line in (starter / "requirements.txt").read_text("utf-8").split():
        assert (starter / "shelf" / f"{line.replace('==', '-')}.dist-info" / "METADATA").is_file()


def test_prepare_twice_changes_nothing(one):
    one.take()
    ecr = one.lab.client("ecr")
    before = {name: looking.images(ecr, name) for name in (TICKETS, REPORTS, WREN.BUILDS, WREN.ARCHIVE)}
    one.guide.prepare()
    assert {name: looking.images(ecr, name) for name in before} == before


def test_the_clean_up_puts_the_registrys_scanning_back(one):
    one.take(solve=["scanning"])
    ecr = one.lab.client("ecr")
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"]["scanType"] == "ENHANCED"
    one.guide.cleanup()
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}


def test_another_days_run_from_the_top_needs_nothing_of_the_skipped_tasks(one):
    one.take(solve=TASKS[:4])
    one.names.clear()
    one.take(solve=TASKS[4:])
    assert one.outcomes() == dict.fromkeys(TASKS, DONE)


def test_a_version_that_is_there_is_not_overwritten(one, capsys):
    one.take(solve=TASKS[:3])
    before = looking.tags(one.lab.client("ecr"), TICKETS)
    one.take(solve=["library"])
    one.names["ship"]("1.1", "alpine:3.18")
    assert looking.tags(one.lab.client("ecr"), TICKETS).items() >= before.items()
    assert "1.1" in capsys.readouterr().out


def test_what_the_shelf_does_not_have_is_said_before_anything_changes(one):
    one.take(until="scanning")
    one.names["install"]()
    before = sorted(path.name for path in Path("work/site-packages").iterdir())
    lines = Path("work/requirements.txt").read_text("utf-8")
    Path("work/requirements.txt").write_text(lines.replace("PyYAML==5.3\n", "PyYAML==5.4\n"), "utf-8")
    with pytest.raises(LabError) as told:
        one.names["install"]()
    assert str(told.value) == "The shelf has no PyYAML-5.4. It has PyYAML-5.3, PyYAML-5.3.1, PyYAML-5.4.1, PyYAML-6.0.1."
    assert sorted(path.name for path in Path("work/site-packages").iterdir()) == before


def test_a_version_that_is_there_is_looked_at_and_not_built_again(one, capsys):
    one.take(solve=TASKS[:2])
    one.names["seen"].clear()
    Path("work/requirements.txt").write_text("nothing==1\n", "utf-8")
    one.names["ship"]("1.0", "debian:12")
    assert "1.0 is there already and can't be overwritten: take the next number." in capsys.readouterr().out
    assert one.names["seen"]["1.0"].findings


def test_a_refused_filter_is_said_to_have_changed_nothing(one, capsys):
    one.take(until="scanning")
    cells = {cell.id: cell.source for cell in one.starter.cells}
    one.names |= {"scan_type": "ENHANCED", "often": "CONTINUOUS_SCAN", "wanted": "lab3/prod/"}
    exec(cells["do-scanning"], one.names)
    assert "Refused, so nothing changed. The check judges the setting before:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("scan_type", "often", "wanted", "outcome"),
    [
        ("ENHANCED", "CONTINUOUS_SCAN", "lab3/prod/*", DONE),
        ("ENHANCED", "CONTINUOUS_SCAN", "prod", NOT_YET),
        ("ENHANCED", "EVERY_DAY", "lab3/prod/*", NOT_TRIED),
        ("BASIC", "CONTINUOUS_SCAN", "lab3/prod/*", NOT_TRIED),
        ("ENHANCED", "CONTINUOUS_SCAN", "lab3/prod/", NOT_TRIED),
    ],
)
def test_any_value_in_the_blanks_reaches_the_check(one, scan_type, often, wanted, outcome):
    one.take(until="scanning")
    cells = {cell.id: cell.source for cell in one.starter.cells}
    one.names |= {"scan_type": scan_type, "often": often, "wanted": wanted}
    exec(cells["do-scanning"], one.names)
    assert one.guide.verdict("scanning").outcome == outcome


def test_what_the_check_reckons_of_filters_is_what_the_registry_does(one):
    one.take()
    ecr, names = one.lab.client("ecr"), [TICKETS, REPORTS, WREN.BUILDS, WREN.ARCHIVE]
    for wanted in ("prod", "*prod", "prod*", "*prod*", "lab3*tickets", "lab3/prod/*", "lab3/prod", "*"):
        MISTAKES._scan(one.lab, [wanted])
        told = ecr.batch_get_repository_scanning_configuration(repositoryNames=names)["scanningConfigurations"]
        chosen = [each["repositoryName"] for each in told if each["appliedScanFilters"]]
        assert sorted(chosen) == sorted(name for name in names if CHECKS.rules.fits(wanted, name)), wanted


def test_what_is_said_of_an_image_begins_with_its_version(one):
    one.take(solve=["scanning"])
    ship(one, "1.0", "debian:12")
    assert one.guide.verdict("worst-layer").message.startswith("1.0 ")
    faults = [
        ("base", {"base": "alpine:3.18"}),
        ("base", {"base": "static"}),
        ("base", {"base": "debian:11"}),
        ("library", {"libraries": {"PyYAML": None}}),
        ("library", {"beside": ["PyYAML-5.4.1"]}),
        ("library", {"libraries": {"PyYAML": "5.3.1"}}),
        ("library", {"libraries": {"requests": "2.32.3"}}),
        ("library", {"libraries": {"PyYAML": "6.0.1", "requests": "2.32.3"}}),
        ("tool", {"dockerfile": {MISTAKES.TOOL: ""}}),
        ("tool", {"without": ["web/node_modules/lodash"]}),
    ]
    for number, (task, how) in enumerate(faults, 1):
        ship(one, f"1.{number}", **how)
        verdict = one.guide.verdict(task)
        assert (verdict.outcome, verdict.message.split()[0]) == (NOT_YET, f"1.{number}"), verdict.message
    MISTAKES._release(one.lab, "1.9")
    assert one.guide.verdict("release").message.startswith("1.9 has 2 findings left")


# Other right ways.


@pytest.mark.parametrize("filters", [["lab3/prod/*"], ["lab3/prod/t*", "lab3/prod/*s", "lab3/prod/*"], ["lab3/prod/*", "lab3/prod/tickets"]])
def test_any_filters_that_choose_production_are_right(one, filters):
    one.take()
    MISTAKES._scan(one.lab, filters)
    assert one.guide.verdict("scanning").outcome == DONE


def test_both_frequencies_may_choose_production_since_the_more_frequent_wins(one):
    one.take()
    rules = [MISTAKES._rule(["lab3/prod/*"], often) for often in ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")]
    MISTAKES._set(one.lab, rules)
    assert one.guide.verdict("scanning").outcome == DONE


def test_the_answer_may_be_counted_by_hand(one):
    one.take(solve=["scanning"])
    ship(one, "1.0", "debian:11")
    MISTAKES._tag(one.lab, looking.layers(one.lab.client("ecr"), TICKETS, "1.0")[1])
    assert one.guide.verdict("worst-layer").outcome == DONE


def test_all_may_be_mended_in_one_version(one):
    one.take(solve=TASKS[:2])
    ship(one, "2.0", libraries=MENDED, dockerfile=TWO_STAGES)
    assert list(one.outcomes().values()) == [DONE] * 5 + [NOT_TRIED] * 2
    MISTAKES._filter(one.lab, vulnerabilityId=UNFIXED, ecrImageRepositoryName=TICKETS)
    MISTAKES._release(one.lab, "2.0")
    assert one.outcomes() == dict.fromkeys(TASKS, DONE)


def test_the_tasks_may_be_done_in_another_order(one):
    one.take(solve=TASKS[:2])
    ship(one, "1.1", "debian:11", dockerfile=TWO_STAGES)
    assert list(one.outcomes().values())[2:5] == [NOT_TRIED, NOT_TRIED, DONE]
    ship(one, "1.2", "debian:11", dockerfile=TWO_STAGES, libraries=MENDED)
    assert list(one.outcomes().values())[2:5] == [NOT_TRIED, DONE, DONE]
    ship(one, "1.3", dockerfile=TWO_STAGES, libraries=MENDED)
    assert list(one.outcomes().values())[2:5] == [DONE, DONE, DONE]


def test_who_built_the_same_again_may_still_mend_it(one):
    one.take(solve=TASKS[:2])
    ship(one, "1.1", "debian:11")
    assert one.guide.verdict("base").outcome == NOT_YET
    ship(one, "1.2")
    assert one.guide.verdict("base").outcome == DONE


def test_what_a_stage_copies_of_the_system_hides_nothing(one):
    one.take(solve=TASKS[:2])
    ship(one, "1.1", dockerfile=TWO_STAGES | {MISTAKES.TOOL: "COPY --from=web / /"})
    assert one.guide.verdict("base").outcome == DONE


def test_files_that_changed_for_another_task_are_no_try(one):
    one.take(solve=[*TASKS[:2], "base", "library"])
    dockerfile = Path("work/Dockerfile")
    dockerfile.write_text(dockerfile.read_text("utf-8") + '\nLABEL season="2026"\n', "utf-8")
    assert one.guide.verdict("tool").outcome == NOT_TRIED


def test_a_try_that_went_wrong_is_mended_by_the_next_version(one):
    one.take(solve=TASKS[:2])
    ship(one, "1.1", "alpine:3.18")
    assert one.guide.verdict("base").outcome == NOT_YET
    ship(one, "1.2")
    assert one.guide.verdict("base").outcome == DONE
    ship(one, "1.3", "debian:12")
    assert one.guide.verdict("base").outcome == DONE


@pytest.mark.parametrize("version", ["5.4.1", "6.0.1"])
def test_any_pyyaml_without_the_flaws_is_right(one, version):
    one.take(solve=TASKS[:2])
    ship(one, "1.2", libraries={"PyYAML": version})
    assert one.guide.verdict("library").outcome == DONE


@pytest.mark.parametrize(
    ("dockerfile", "files"),
    [
        ({"COPY web/ /srv/tickets/web/": "COPY web/dist/ /srv/tickets/web/dist/"}, {}),
        ({}, {".dockerignore": "shelf\nweb/node_modules\n"}),
        (TWO_STAGES | {"COPY --from=web /web/dist/ /srv/tickets/web/dist/": "COPY --from=web /web/dist/page.html /srv/tickets/page.html"}, {}),
    ],
)
def test_the_tool_may_be_left_out_in_any_way(one, dockerfile, files):
    one.take(solve=TASKS[:2])
    ship(one, "1.3", dockerfile=dockerfile, files=files)
    assert one.guide.verdict("tool").outcome == DONE


@pytest.mark.parametrize(
    "criteria",
    [
        {"vulnerabilityId": UNFIXED, "ecrImageRepositoryName": TICKETS, "severity": "HIGH"},
        {"title": f"{UNFIXED} - zlib1g", "ecrImageRepositoryName": TICKETS},
        {"vulnerabilityId": UNFIXED, "ecrImageRepositoryName": TICKETS, "ecrImageTags": {"comparison": "NOT_EQUALS", "value": "1.0"}},
    ],
)
def test_any_criteria_that_choose_the_one_flaw_in_tickets_are_right(one, criteria):
    one.take(solve=TASKS[:3])
    MISTAKES._filter(one.lab, **criteria)
    assert one.guide.verdict("unfixed").outcome == DONE


def test_a_filter_may_be_mended(one):
    one.take(solve=TASKS[:3])
    inspector = one.lab.client("inspector2")
    MISTAKES._filter(one.lab, reason="", vulnerabilityId=UNFIXED)
    arn = inspector.list_filters()["filters"][0]["arn"]
    wanted = {name: [{"comparison": "EQUALS", "value": value}] for name, value in {"vulnerabilityId": UNFIXED, "ecrImageRepositoryName": TICKETS}.items()}
    inspector.update_filter(filterArn=arn, filterCriteria=wanted, reason="MiniZip isn't in Debian's zlib1g.")
    assert one.guide.verdict("unfixed").outcome == DONE


def test_a_filter_for_another_search_does_no_harm(one):
    one.take(solve=TASKS[:6])
    MISTAKES._filter(one.lab, name="lab3-search", action="NONE", severity="HIGH")
    assert one.guide.verdict("unfixed").outcome == DONE


def test_the_release_may_be_named_by_docker(one):
    one.take(solve=TASKS[:6])
    tickets = one.names["tickets"]
    one.lab.docker.images.pull(tickets, tag="1.3").tag(tickets, "release")
    assert "error" not in one.lab.docker.images.push(tickets, tag="release")
    assert one.guide.verdict("release").outcome == DONE


def test_the_release_may_move_on(one):
    one.take(solve=TASKS)
    ship(one, "1.4", libraries=MENDED, dockerfile=TWO_STAGES | {'"tickets"': '"tickets" season="2026"'})
    MISTAKES._release(one.lab, "1.4")
    assert one.outcomes() == dict.fromkeys(TASKS, DONE)


def test_more_repositories_of_production_do_no_harm(one):
    one.take(solve=TASKS)
    ecr = one.lab.client("ecr")
    ecr.create_repository(repositoryName="lab3/prod/tomorrow")
    planting.plant(ecr, "lab3/prod/tomorrow", WREN.neighbour("tomorrow"), "1.0")
    assert one.outcomes() == dict.fromkeys(TASKS, DONE)
    ecr.delete_repository(repositoryName="lab3/prod/tomorrow", force=True)


def test_what_becomes_known_later_counts_though_nobody_pushes(one, door):
    one.take(solve=TASKS[:2])
    one.lab.advisories.hold("2024-01-01")  # a month before the flaw in this Debian's expat was published
    try:
        ship(one, "1.1", "debian:12")
        assert one.guide.verdict("base").outcome == DONE
    finally:
        one.lab.advisories.release()
    wait_until_nothing_is_scanned(door)
    assert one.guide.verdict("base").outcome == NOT_YET


# While images are being looked at.


def test_a_version_that_was_just_pushed_is_judged_when_it_was_looked_at(one, hold):
    one.take(solve=TASKS[:2])
    hold()
    ship(one, "1.1", wait=False)
    assert one.guide.verdict("base").outcome == DONE


def test_after_a_change_of_the_rules_what_is_there_is_judged_when_it_was_looked_at(one, hold):
    one.take()
    ship(one, "1.0", "debian:11", wait=False)
    MISTAKES._tag(one.lab, looking.layers(one.lab.client("ecr"), TICKETS, "1.0")[1])
    hold()
    MISTAKES._scan(one.lab, ["lab3/prod/*"])
    assert one.guide.verdict("worst-layer").outcome == DONE


def test_what_a_filter_hides_of_a_neighbour_is_waited_for(one, hold):
    one.take(solve=TASKS[:3])
    MISTAKES._filter(one.lab, vulnerabilityId=UNFIXED)
    one.lab.client("ecr").batch_delete_image(repositoryName=REPORTS, imageIds=[{"imageTag": "4.1"}])
    hold()
    planting.plant(one.lab.client("ecr"), REPORTS, WREN.neighbour("just pushed"), "4.2")
    verdict = one.guide.verdict("unfixed")
    assert (verdict.outcome, f"In {REPORTS} the same flaw is hidden" in verdict.message) == (NOT_YET, True)


def test_a_look_that_takes_longer_is_no_fault_of_the_learners(one, hold):
    one.take(solve=TASKS[:2])
    hold(0, 61)
    ship(one, "1.1", wait=False)
    verdict = one.guide.verdict("base")
    assert (verdict.outcome, verdict.next) == (COULD_NOT_RUN, "Run this cell again in a moment.")
    assert "has not come to its end after 60 seconds" in verdict.message and verdict.message.endswith("This is not your fault.")


def test_with_nothing_there_no_check_fails(one):
    one.take(until="scanning")
    one.guide.cleanup()
    assert one.outcomes() == dict.fromkeys(TASKS, NOT_TRIED)


def test_the_files_of_the_service_are_the_learners_own(one):
    one.take()
    assert Path("work/Dockerfile").read_text("utf-8") == (FOLDER / "starter" / "Dockerfile").read_text("utf-8")
    assert json.loads(Path("work/web/node_modules/lodash/package.json").read_text("utf-8"))["version"] == "4.17.11"
