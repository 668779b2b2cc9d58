"""What lesson 07 looks for: a note on the repository of the noisy night, and two alarms, tried on the fortnight that was."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.traffic import Fortnight
from ecrlab.traffic.cast import REPOSITORIES, SEARCH

NOTE = "noisy-night"
QUOTA_ALARM, SEARCH_ALARM = "lesson07-quota", "lesson07-search"
NO_TEAM = "There is no team in this lab yet.", "Run the cell that replays the fortnight; on AWS this exercise can't be done."
SMALL_HOURS = 6  # the night is what comes before this hour
LOUD = 20  # images pulled in an hour: more than any ordinary hour of a repository has
BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


@dataclass(frozen=True)
class Nights:
    """How many images of each repository were pulled in the small hours of each date, by CloudWatch."""

    pulls: dict[tuple[str, str], float]

    def of(self, repository: str, date: str) -> int:
        return round(self.pulls.get((repository, date), 0))

    @property
    def noisiest(self) -> tuple[str, str]:
        """Its repository and date."""
        return max(self.pulls, key=self.pulls.__getitem__)


def noisy_night(lab: Lab) -> Verdict:
    """The repository of the noisy night carries its date."""
    fortnight = Fortnight.find(lab.state)
    if fortnight is None:
        return not_tried(*NO_TEAM)
    notes = _notes(lab)
    near = [key for labels in notes.values() for key in labels if key != NOTE and re.sub(r"[^a-z]", "", key.lower()) == "noisynight"]
    named = {repository: labels[NOTE] for repository, labels in notes.items() if NOTE in labels}
    if not named and near:
        return not_yet(f"There is a note {near[0]}. Keys are compared letter by letter, and {NOTE} was asked for.", "Tag it again with the right key.")
    if not named:
        return not_tried(f"No repository carries a note {NOTE} yet.")
    nights = _nights(lab, fortnight)
    repository, date = nights.noisiest
    if set(named) != {repository}:
        return _another_repository(nights, named, repository, date)
    return _date_fault(nights, fortnight, repository, named[repository], date) or done(
        f"{repository} on {date}: {nights.of(repository, date)} pulls before six in the morning.", "The same tasks were started again and again, each with a whole pull."
    )


def _another_repository(nights: Nights, named: dict[str, str], repository: str, date: str) -> Verdict:
    if repository in named:
        others = ", ".join(sorted(set(named) - {repository}))
        return not_yet(f"{others} carries the note too. Only one repository was pulled for hours.", "ecr.untag_resource(resourceArn=…, tagKeys=[…]) takes a note away.")
    other = next(iter(named))
    return not_yet(
        f"{other} was pulled {nights.of(other, date)} times in the small hours of the noisy night. A total over all repositories says when, not which.",
        "Look at the three figures one by one, then take this note away with ecr.untag_resource(resourceArn=…, tagKeys=[…]).",
    )


def _date_fault(nights: Nights, fortnight: Fortnight, repository: str, written: str, date: str) -> Verdict | None:
    """What is wrong with the date, if anything is."""
    if written == date:
        return None
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", written):
        return not_yet(f"The value is {written}. Notes that a program can sort are written as 2026-12-31.", "Year, month, day, in digits, with hyphens.")
    if written == str((datetime.fromisoformat(date) - timedelta(days=1)).date()):
        return not_yet(f"It began after midnight: on {written} the evening was still quiet. A night belongs to two dates.", "Take the date of its loud hours, in UTC.")
    if nights.of(repository, written) > LOUD:
        return not_yet(
            f"On {written} there were {nights.of(repository, written)} pulls, all within a minute or two: a burst. A peak by the minute needn't be a load by the hour.",
            "Which night went on for hours?",
        )
    return not_yet(f"In the small hours of {written} {repository} was pulled {nights.of(repository, written)} times, as in any night.", "Look for the widest peak.")


def quota_alarm(lab: Lab) -> Verdict:
    """The alarm on PutImage's quota has gone off."""
    alarm = _alarm(lab, QUOTA_ALARM)
    if alarm is None:
        return not_tried(f"There is no alarm {QUOTA_ALARM} yet.")
    if not any("SERVICE_QUOTA" in each.get("Expression", "") for each in alarm.get("Metrics", [])):
        return not_yet(
            f"{QUOTA_ALARM} watches a number of calls. How many are too many depends on the quota, which SERVICE_QUOTA(m1) knows.",
            "Give it the two queries that share_of returns, as Metrics.",
        )
    if _has_gone_off(lab, alarm):
        return done("The alarm has gone off.", f"It is {alarm['StateValue']} now: an alarm goes back by itself.")
    return not_yet(
        f"{QUOTA_ALARM} is {alarm['StateValue']} and was never in ALARM since it was put. It looks at whole minutes: one with enough calls has to be over.",
        "Run the cell that gives an image thirty names, and the one after it.",
    )


def search_alarm(lab: Lab) -> Verdict:
    """An alarm that would have gone off in the noisy night, and on no ordinary day."""
    fortnight = Fortnight.find(lab.state)
    if fortnight is None:
        return not_tried(*NO_TEAM)
    alarm = _alarm(lab, SEARCH_ALARM)
    if alarm is None:
        return not_tried(f"There is no alarm {SEARCH_ALARM} yet.")
    return _metric_fault(alarm) or _statistic_fault(alarm) or _tried(lab, fortnight, alarm)


def _metric_fault(alarm: dict) -> Verdict | None:
    """What is wrong with the metric it watches, if anything is."""
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
    if "Metrics" in alarm:
        return not_yet("It watches an expression. Here one metric is enough, and a later reader will thank you.", "Leave Metrics out, and name the metric itself.")
    if alarm["Namespace"] == "AWS/Usage":
        return not_yet("It watches the account's calls, which tell of all repositories together.", "RepositoryPullCount is kept for each repository.")
    if (alarm["Namespace"], alarm["MetricName"]) != ("AWS/ECR", "RepositoryPullCount"):
        return not_yet(f"It watches {alarm['Namespace']} {alarm['MetricName']}, of which ECR reports nothing.", 'pulls("team/search") writes the metric down.')
    if dimensions == {"RepositoryName": SEARCH}:
        return None
    if not dimensions:
        return not_yet("It watches RepositoryPullCount without a dimension. That is another metric, one without values: nobody complains.", "Give it the repository.")
    return not_yet(f"It watches {', '.join(dimensions.values())}, and {SEARCH} was asked for.", 'pulls("team/search") writes the metric down.')


def _statistic_fault(alarm: dict) -> Verdict | None:
    statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic")
    if statistic in ("Sum", "SampleCount"):
        return None
    return not_yet(f"It watches the {statistic}. Each pull is reported as 1, so that is 1 on the quietest day and on the loudest.", "Count them: Sum.")


def _tried(lab: Lab, fortnight: Fortnight, alarm: dict) -> Verdict:
    """What the alarm would have said of the fortnight."""
    period = alarm["Period"]
    values = _values(lab, alarm["MetricName"], SEARCH, period, fortnight, alarm["Statistic"])
    went_off = sorted({time.date() for time in _went_off(values, alarm, fortnight)})
    nights = _nights(lab, fortnight)
    noisy, loud = nights.noisiest[1], {date for (repository, date), pulls in nights.pulls.items() if repository == SEARCH and pulls > LOUD}
    ordinary = [day for day in went_off if str(day) not in loud]
    if ordinary:
        days = "an ordinary day" if len(ordinary) == 1 else f"{len(ordinary)} ordinary days"
        return not_yet(
            f"It would have gone off on {days} too, first on {ordinary[0]:%A %d %B}. An alarm that cries every day is one that nobody reads.",
            "What do ordinary days have in a period as long as yours? Stay well above that.",
        )
    if noisy not in {str(day) for day in went_off}:
        most = max((value for time, value in values.items() if str(time.date()) == noisy), default=0)
        return not_yet(
            f"It would have slept through the noisy night: no more than {most:g} pulls came within {_span(period)}. A threshold is for one period, not for a night.",
            "Lower the threshold, or lengthen the period.",
        )
    return done(
        f"It would have gone off in the noisy night and on no ordinary day: more than {alarm['Threshold']:g} pulls within {_span(period)}."
        if alarm["ComparisonOperator"] == "GreaterThanThreshold"
        else f"It would have gone off in the noisy night and on no ordinary day, at {alarm['Threshold']:g} pulls within {_span(period)}."
    )


def _went_off(values: dict[datetime, float], alarm: dict, fortnight: Fortnight) -> Iterator[datetime]:
    """The periods at whose end enough of the last ones were over the threshold."""
    breach, number = BREACHES[alarm["ComparisonOperator"]], alarm["EvaluationPeriods"]
    enough, span = alarm.get("DatapointsToAlarm", number), timedelta(seconds=alarm["Period"])
    time = fortnight.begins
    while time < fortnight.ends:
        looked_at = [values[at] for at in (time - step * span for step in range(number)) if at in values]
        if sum(breach(value, alarm["Threshold"]) for value in looked_at) >= enough:
            yield time
        time += span


def _span(period: int) -> str:
    for seconds, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if period % seconds == 0:
            return f"a {name}".replace("a hour", "an hour") if period == seconds else f"{period // seconds} {name}s"
    return f"{period} seconds"


def _notes(lab: Lab) -> dict[str, dict[str, str]]:
    """The resource tags of the team's repositories, of those that are there."""
    ecr = lab.reader("ecr")
    pages = ecr.get_paginator("describe_repositories").paginate()
    arns = {each["repositoryName"]: each["repositoryArn"] for page in pages for each in page["repositories"] if each["repositoryName"] in REPOSITORIES}
    return {name: {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=arn)["tags"]} for name, arn in arns.items()}


def _nights(lab: Lab, fortnight: Fortnight) -> Nights:
    pulls: dict[tuple[str, str], float] = {}
    for repository in REPOSITORIES:
        for time, value in _values(lab, "RepositoryPullCount", repository, 3600, fortnight).items():
            if time.hour < SMALL_HOURS:
                night = repository, str(time.date())
                pulls[night] = pulls.get(night, 0) + value
    return Nights(pulls)


def _values(lab: Lab, name: str, repository: str, period: int, fortnight: Fortnight, statistic: str = "Sum") -> dict[datetime, float]:
    """A metric of a repository, by when each period began. AWS: GetMetricData."""
    metric = {"Namespace": "AWS/ECR", "MetricName": name, "Dimensions": [{"Name": "RepositoryName", "Value": repository}]}
    query = {"Id": "m1", "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic}}
    pages = lab.reader("cloudwatch").get_paginator("get_metric_data").paginate(MetricDataQueries=[query], StartTime=fortnight.begins, EndTime=fortnight.ends)
    return {time: value for page in pages for result in page["MetricDataResults"] for time, value in zip(result["Timestamps"], result["Values"])}


def _alarm(lab: Lab, name: str) -> dict | None:
    found = lab.reader("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found[0] if found else None


def _has_gone_off(lab: Lab, alarm: dict) -> bool:
    """Since it was put; CloudWatch keeps the history of an alarm of that name that was deleted."""
    pages = lab.reader("cloudwatch").get_paginator("describe_alarm_history").paginate(
        AlarmName=alarm["AlarmName"], HistoryItemType="StateUpdate", StartDate=alarm["AlarmConfigurationUpdatedTimestamp"]
    )
    items = [item for page in pages for item in page["AlarmHistoryItems"]]
    return any(json.loads(item["HistoryData"])["newState"]["stateValue"] == "ALARM" for item in items)


CHECKS = {"noisy-night": noisy_night, "quota-alarm": quota_alarm, "search-alarm": search_alarm}
