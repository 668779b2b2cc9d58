"""Lesson 07, "Metrics: how often": untouched, with each known mistake, and solved."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ecrlab.check import DONE, NOT_TRIED, NOT_YET
from taking import Learner

LESSON = "07"
NIGHT, QUOTA, SEARCH = "noisy-night", "quota-alarm", "search-alarm"
UNTOUCHED = {NIGHT: NOT_TRIED, QUOTA: DONE, SEARCH: NOT_TRIED}
NOISY = "2026-01-20"  # the second Tuesday after the lab's clock starts


@pytest.fixture
def untried(taken) -> Learner:
    """The same learner, without what other tests answered to the exercises."""
    for arn in taken.names["arns"].values():
        taken.aws("ecr").untag_resource(resourceArn=arn, tagKeys=[NIGHT, "Noisy-Night"])
    for each in taken.aws("cloudwatch").describe_alarms(AlarmNames=["lesson07-search"])["MetricAlarms"]:
        taken.aws("cloudwatch").delete_alarms(AlarmNames=[each["AlarmName"]])
    return taken


def test_an_untouched_run_leaves_both_exercises_to_the_learner(untried):
    assert untried.outcomes() == UNTOUCHED


@pytest.mark.parametrize(
    "sentence",
    [
        "calls of 9 users, from Monday 12 January 2026 to Sunday 25 January 2026.",
        "most at Tue 20 Jan",
        "lesson07-quota INSUFFICIENT_DATA → ALARM",
        "was greater than the threshold (2.0)",
        "You have requested up to 20,160 datapoints, which exceeds the limit of 1,440.",
        "'one is missing': 0.0",
    ],
)
def test_what_the_lesson_reads_is_really_said(taken, sentence):
    assert sentence in " ".join(taken.said.split())


def test_the_averages_are_ones_and_the_sums_are_not(taken):
    rows = {row["statistic"]: row for row in _rows_of(taken, "statistics")}
    assert rows["Average"]["log-ins"] == rows["Maximum"]["pulls of team/shop"] == 1
    assert rows["Sum"]["log-ins"] == rows["SampleCount"]["log-ins"] > 40
    assert rows["Sum"]["pulls of team/shop"] == 14  # as the prediction says


def test_the_peak_is_another_by_the_day_than_by_the_minute(taken):
    peaks = [row["in the one that began"] for row in _rows_of(taken, "periods")]
    assert [peak.partition(",")[0] for peak in peaks] == ["Friday 23 January", "Friday 23 January", "Tuesday 20 January"]


def test_a_pull_is_two_calls_and_one_call_brings_many_images(taken):
    """What the lesson asks about: pulls and calls of the same period, which contradict each other at first sight."""
    by_minute, _, by_day = _rows_of(taken, "periods")
    assert (by_minute["pulls"], by_minute["calls"]) == (66, 1)
    assert (by_day["pulls"], by_day["calls"]) == (338, 676)


def test_nothing_says_which_night_it_was_before_the_learner_has_looked(taken):
    """Neither what the cells above the exercise print nor the words around it; their figures are there to be read."""
    said = taken.said[: taken.said.index("Not tried: noisy-night")]
    for line in said.splitlines():
        assert line.startswith(("Calls a day", "Pulls an hour", "Replayed: ")) or not re.search("Tue|20 Jan|Friday", line), line


def _rows_of(learner: Learner, cell: str) -> list[dict]:
    learner.run(cell)
    return learner.names["rows"]


def test_what_is_drawn_is_what_the_team_did(taken):
    fortnight, daily, hourly = (taken.names[name] for name in ("fortnight", "daily", "hourly"))
    assert list(daily) == ["GetAuthorizationToken", "PutImage", "BatchGetImage"]
    for api in daily:
        assert daily[api].sum() == fortnight.count(api)
    for repository in hourly:
        assert hourly[repository].sum() == fortnight.pulls(repository)


def test_the_helpers_follow_a_second_fortnight(taken):
    """Who replays again runs the cell of the replay, and not those that made the helpers."""
    ask, pulls, begin = (taken.names[name] for name in ("ask", "pulls", "begin"))
    try:
        taken.names["begin"] = begin + timedelta(days=7)
        asked = ask({"pulls": pulls("team/shop")}, 86400)
    finally:
        taken.names["begin"] = begin
    assert (asked.index[0], len(asked)) == (begin + timedelta(days=7), 7)


@pytest.mark.parametrize("cell", ["replay", "topic", "put-alarm", "push-one", "many-names", "show-dashboard"])
def test_a_cell_can_be_run_again(taken, cell):
    before = taken.names["lab"].clock.now()
    taken.run(cell)
    assert taken.names["lab"].clock.now() == before


def note(repository: str, date: str, key: str = NIGHT) -> str:
    """Source that leaves a note on a repository."""
    return f'ecr.tag_resource(resourceArn=arns["{repository}"], tags=[{{"Key": "{key}", "Value": "{date}"}}])'


def alarm(
    metric: str = '**pulls("team/search")', period: int = 3600, threshold: float = 20, statistic: str = "Sum", periods: int = 1, more: str = "AlarmActions=[topic]"
) -> str:
    """Source that puts an alarm."""
    return (
        f'cloudwatch.put_metric_alarm(AlarmName="lesson07-search", {metric}, Period={period}, Statistic="{statistic}",'
        f' EvaluationPeriods={periods}, Threshold={threshold}, ComparisonOperator="GreaterThanThreshold", {more})'
    )


LISTED = (
    'cloudwatch.put_metric_alarm(AlarmName="lesson07-search", EvaluationPeriods=1, Threshold={threshold}, ComparisonOperator="GreaterThanThreshold",'
    ' AlarmActions=[topic], Metrics=[{{"Id": "m1", "MetricStat": {{"Metric": pulls("{repository}"), "Period": 3600, "Stat": "Sum"}}}}])'
)


# name → the check it is made for, what is written, what the verdict says
MISTAKES = {
    "the key in other letters": (NIGHT, note("team/search", NOISY, "Noisy-Night"), "Keys are compared letter by letter"),
    "another repository": (NIGHT, note("team/shop", NOISY), "says when, not which"),
    "two repositories": (NIGHT, note("team/search", NOISY) + "\n" + note("team/orders", NOISY), "team/orders carries the note too"),
    "the burst": (NIGHT, note("team/search", "2026-01-23"), "A peak by the minute needn't be a load by the hour"),
    "the evening before": (NIGHT, note("team/search", "2026-01-19"), "A night belongs to two dates"),
    "an ordinary night": (NIGHT, note("team/search", "2026-01-14"), "as in any night"),
    "a date in words": (NIGHT, note("team/search", "20 January"), "written as 2026-12-31"),
    "an average": (SEARCH, alarm(statistic="Average", threshold=0.5), "Each pull is reported as 1"),
    "a threshold that any day passes": (SEARCH, alarm(threshold=0), "An alarm that cries every day"),
    "a threshold that is reached at noon": (SEARCH, alarm(threshold=2), "ordinary days too"),
    "a threshold that no hour reaches": (SEARCH, alarm(threshold=200), "slept through the noisy night"),
    "the night's number for a minute": (SEARCH, alarm(period=60, threshold=60), "A threshold is for one period"),
    "the ordinary maximum": (SEARCH, alarm(threshold=3), "It leaves no room: ordinary days had up to 3 pulls within an hour"),
    "enough for a period, but not for so many": (
        SEARCH, alarm(period=300, threshold=3, periods=12),
        "periods of 5 minutes were beyond the threshold, and it waits for 12 in a row",
    ),
    "enough for a period, but not out of so many": (
        SEARCH, alarm(threshold=50, periods=10, more="DatapointsToAlarm=6, AlarmActions=[topic]"),
        "4 periods of an hour were beyond the threshold, and it waits for 6 out of 10 in a row",
    ),
    "no action": (SEARCH, alarm(more=""), "nobody would have known: it has no AlarmActions"),
    "actions switched off": (SEARCH, alarm(more="AlarmActions=[topic], ActionsEnabled=False"), "it has its actions switched off"),
    "a list of another repository's": (SEARCH, LISTED.format(repository="team/shop", threshold=20), "It watches team/shop"),
    "a list with a threshold that no hour reaches": (SEARCH, LISTED.format(repository="team/search", threshold=200), "no more than 61 pulls came within an hour"),
    "another repository's pulls": (SEARCH, alarm('**pulls("team/shop")'), "It watches team/shop"),
    "no repository": (SEARCH, alarm('Namespace="AWS/ECR", MetricName="RepositoryPullCount"'), "one without values: nobody complains"),
    "the account's calls": (SEARCH, alarm('**calls("BatchGetImage")'), "all repositories together"),
    "a metric that isn't": (SEARCH, alarm('**metric("AWS/ECR", "RepositoryPushCount", RepositoryName="team/search")'), "of which ECR reports nothing"),
    "an expression": (
        SEARCH,
        'cloudwatch.put_metric_alarm(AlarmName="lesson07-search", Metrics=share_of("BatchGetImage"), EvaluationPeriods=1, Threshold=1,'
        ' ComparisonOperator="GreaterThanThreshold")',
        "one metric is enough",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_met_with_the_belief_behind_it(untried, mistake):
    check, source, says = MISTAKES[mistake]
    untried.write(source)
    verdict = untried.lesson.verdict(check)
    assert verdict.outcome == NOT_YET, verdict.message
    assert says in verdict.message


RIGHT = {
    "by five minutes": alarm(period=300, threshold=4.5),
    "by the day": alarm(period=86400, threshold=100),
    "one day of two": alarm(period=86400, threshold=100, periods=2, more="DatapointsToAlarm=1, AlarmActions=[topic]"),
    "by seven hours, which begin on the evening before": alarm(period=25200, threshold=100),
    "three hours in a row": alarm(threshold=10, periods=3),
    "by their number": alarm(statistic="SampleCount"),
    "as a list of one metric": LISTED.format(repository="team/search", threshold=20),
}


@pytest.mark.parametrize("answer", RIGHT)
def test_another_answer_that_works_is_right_too(untried, answer):
    untried.write(RIGHT[answer])
    verdict = untried.lesson.verdict(SEARCH)
    assert verdict.outcome == DONE, verdict.message


@pytest.mark.parametrize(("threshold", "tells"), [(30, True), (55, False)])
def test_an_alarm_that_would_have_told_of_the_burst_is_praised_for_that_too(untried, threshold, tells):
    untried.write(alarm(threshold=threshold))
    verdict = untried.lesson.verdict(SEARCH)
    assert (verdict.outcome, verdict.next) == (DONE, "It would have told you of the burst on Friday 23 January, too." if tells else "")


def test_what_takes_missing_values_for_bad_ones_is_told_so(untried):
    untried.write(alarm(more='AlarmActions=[topic], TreatMissingData="breaching"'))
    verdict = untried.lesson.verdict(SEARCH)
    assert (verdict.outcome, "has no value" in verdict.next) == (NOT_YET, True), verdict


def test_an_alarm_on_plain_calls_is_not_yet_one_on_a_quota(untried):
    untried.write(alarm('**calls("PutImage")', period=60).replace("lesson07-search", "lesson07-quota"))
    verdict = untried.lesson.verdict(QUOTA)
    assert (verdict.outcome, "depends on the quota" in verdict.message) == (NOT_YET, True)
    untried.run("put-alarm")


def test_an_alarm_that_has_seen_nothing_yet_is_not_yet_one_that_went_off(untried):
    untried.aws("cloudwatch").delete_alarms(AlarmNames=["lesson07-quota"])
    assert untried.outcomes()[QUOTA] == NOT_TRIED
    untried.names["lab"].clock.advance(minutes=5)
    untried.run("put-alarm")
    verdict = untried.lesson.verdict(QUOTA)
    assert (verdict.outcome, "was never in ALARM" in verdict.message) == (NOT_YET, True)


def test_an_alarm_that_went_off_says_when_and_each_message_is_shown_once(untried):
    """Whoever runs the scene again must see this run's alarm, not the last one's."""
    lab = untried.names["lab"]
    for _ in range(2):
        untried.run("put-alarm", "many-names")
        minute = lab.clock.now().replace(second=0)
        before = len(untried.said)
        untried.run("message")
        said = untried.said[before:]
        assert said.count("lesson07-quota") == 1 and f"({minute:%d/%m/%y %H:%M:%S})" in said, said
        assert untried.lesson.verdict(QUOTA).message == f"The alarm has gone off, last on {minute + timedelta(minutes=1):%A %d %B at %H:%M}."


def test_the_stored_solutions_solve_all(untried):
    for check in (NIGHT, QUOTA, SEARCH):
        untried.solve(check)
    assert untried.outcomes() == dict.fromkeys(UNTOUCHED, DONE)


def test_the_clean_up_leaves_nothing_and_says_so(taken):
    taken.run("cleanup")
    assert [each["repositoryName"] for each in taken.aws("ecr").describe_repositories()["repositories"]] == []
    assert [each["UserName"] for each in taken.aws("iam").list_users(PathPrefix="/team/")["Users"]] == []
    assert taken.aws("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert taken.aws("sns").list_topics()["Topics"] == taken.aws("sqs").list_queues().get("QueueUrls", []) == []
    assert taken.said.count("Verified: nothing is left") == 3
    assert taken.outcomes() == dict.fromkeys(UNTOUCHED, NOT_TRIED)
