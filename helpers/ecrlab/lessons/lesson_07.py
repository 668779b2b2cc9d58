"""What lesson 07 looks for: a note on the repository of the noisy night, and two alarms, tried on the fortnight that was."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date as Date
from datetime import UTC, datetime, timedelta

from ecrlab.check import Verdict, done, not_tried, not_yet
from ecrlab.lab import Lab
from ecrlab.traffic import Fortnight
from ecrlab.traffic.cast import REPOSITORIES, SEARCH

NOTE = "noisy-night"
QUOTA_ALARM, SEARCH_ALARM = "lesson07-quota", "lesson07-search"
NO_TEAM = "There is no team in this lab yet.", "Run the cell that replays the fortnight; on AWS this exercise can't be done."
SMALL_HOURS = 6  # the night is what comes before this hour
LOUD = 20  # images pulled in the small hours: more than any ordinary night of a repository has
ROOM = 2  # an ordinary day may be so many times as busy as those that were, before an alarm cries
BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


@dataclass(frozen=True)
class Nights:
    """How many images of each repository were pulled in the small hours of each date, and on the whole of it, by CloudWatch."""

    pulls: dict[tuple[str, str], float]
    days: dict[tuple[str, str], float]

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
        f"{repository} on {date}: {nights.of(repository, date)} of the day's {nights.days[repository, date]:g} pulls came before six in the morning.",
        "The same tasks were started again and again, each with a whole pull."
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
    if times := _went_off_at(lab, alarm):
        return done(f"The alarm has gone off, last on {max(times):%A %d %B at %H:%M}.", f"It is {alarm['StateValue']} now: an alarm goes back by itself.")
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
    alarm = _flat(alarm)
    return _metric_fault(alarm) or _statistic_fault(alarm) or _tried(lab, fortnight, alarm)


def _flat(alarm: dict) -> dict:
    """The alarm as if it named its metric itself, where it names it as the only one of a list."""
    match alarm.get("Metrics"):
        case [{"MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}]:
            return alarm | metric | {"Metrics": None, "Period": period, "Statistic": stat}
    return alarm


def _metric_fault(alarm: dict) -> Verdict | None:
    """What is wrong with the metric it watches, if anything is."""
    if alarm.get("Metrics"):
        return not_yet("It watches an expression. Here one metric is enough, and a later reader will thank you.", "Leave Metrics out, and name the metric itself.")
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
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
    nights = _nights(lab, fortnight)
    noisy, loud = nights.noisiest[1], {date for (repository, date), pulls in nights.pulls.items() if repository == SEARCH and pulls > LOUD}
    days = _days(values, alarm, fortnight)
    ordinary = {time: value for time, value in values.items() if str(_ends_on(time, period)) not in loud}
    if cried := [day for day in days if str(day) not in loud]:
        return _cries(cried, alarm)
    if noisy not in map(str, days):
        return _sleeps([value for time, value in values.items() if str(_ends_on(time, period)) == noisy], alarm)
    if _days({time: ROOM * value for time, value in ordinary.items()}, alarm, fortnight):
        return not_yet(
            f"It leaves no room: ordinary days had up to {max(ordinary.values()):g} pulls within {_span(period)}, and one twice as busy would set it off.",
            "Two weeks don't show all that is ordinary. Stay well above it.",
        )
    if not alarm["ActionsEnabled"] or not alarm["AlarmActions"]:
        switched_off = "has its actions switched off (ActionsEnabled)" if alarm["AlarmActions"] else "has no AlarmActions"
        return not_yet(f"It would have gone off in the noisy night, and nobody would have known: it {switched_off}.", "Let it tell your topic.")
    limit = "more than" if alarm["ComparisonOperator"] == "GreaterThanThreshold" else "at least"
    bursts = [day for day in days if str(day) != noisy]
    return done(
        f"It would have gone off in the noisy night and on no ordinary day: {limit} {alarm['Threshold']:g} pulls within {_span(period)}.",
        f"It would have told you of the burst on {bursts[0]:%A %d %B}, too." if bursts else "",
    )


def _cries(days: list[Date], alarm: dict) -> Verdict:
    """It goes off on these ordinary days."""
    many = "an ordinary day" if len(days) == 1 else f"{len(days)} ordinary days"
    advice = "What do ordinary days have in a period as long as yours? Stay well above that."
    if alarm.get("TreatMissingData") == "breaching":
        advice = "A period without pulls has no value, and it takes that for too many (TreatMissingData)."
    return not_yet(f"It would have gone off on {many} too, first on {days[0]:%A %d %B}. An alarm that cries every day is one that nobody reads.", advice)


def _sleeps(night: list[float], alarm: dict) -> Verdict:
    """It doesn't go off by these values, which are those of the noisy night's date."""
    span, loud = _span(alarm["Period"]), sum(map(_breach(alarm), night))
    if not loud:
        return not_yet(
            f"It would have slept through the noisy night: no more than {max(night, default=0):g} pulls came within {span}."
            " A threshold is for one period, not for a night.",
            "Lower the threshold, or lengthen the period.",
        )
    number, enough = alarm["EvaluationPeriods"], alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"])
    wanted = f"{number} in a row" if enough == number else f"{enough} out of {number} in a row"
    periods = f"{loud} period of {span} was" if loud == 1 else f"{loud} periods of {span} were"
    return not_yet(
        f"It would have slept through the noisy night: {periods} beyond the threshold, and it waits for {wanted}.",
        "Ask for fewer periods (EvaluationPeriods, DatapointsToAlarm), lower the threshold, or lengthen the period.",
    )


def _days(values: dict[datetime, float], alarm: dict, fortnight: Fortnight) -> list[Date]:
    """The dates on which it would have gone off by these values: enough of the last periods were beyond the threshold, and before not."""
    breach, number, period = _breach(alarm), alarm["EvaluationPeriods"], alarm["Period"]
    enough, missing = alarm.get("DatapointsToAlarm", number), alarm.get("TreatMissingData") == "breaching"
    span, first = timedelta(seconds=period), _begin(fortnight, period)
    periods = [first + step * span for step in range(-(-(fortnight.ends - first) // span))]
    beyond = [breach(values[time]) if time in values else missing for time in periods]
    alarmed = [sum(beyond[max(0, at - number) : at]) >= enough for at in range(len(periods) + 1)]
    return sorted({_ends_on(time, period) for time, before, after in zip(periods, alarmed, alarmed[1:]) if after and not before})


def _begin(fortnight: Fortnight, period: int) -> datetime:
    """When the first of an alarm's periods began: they don't begin where a fortnight does, but where the clock has them."""
    return datetime.fromtimestamp(int(fortnight.begins.timestamp()) // period * period, UTC)


def _ends_on(time: datetime, period: int) -> Date:
    """The date on which the period that begins at this time ends; midnight belongs to the day before."""
    return (time + timedelta(seconds=period, microseconds=-1)).date()


def _breach(alarm: dict) -> Callable[[float], bool]:
    """Whether a value is beyond its threshold."""
    return lambda value: BREACHES[alarm["ComparisonOperator"]](value, alarm["Threshold"])


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
    pulls: Counter[tuple[str, str]] = Counter()
    days: Counter[tuple[str, str]] = Counter()
    for repository in REPOSITORIES:
        for time, value in _values(lab, "RepositoryPullCount", repository, 3600, fortnight).items():
            days[repository, str(time.date())] += value
            if time.hour < SMALL_HOURS:
                pulls[repository, str(time.date())] += value
    return Nights(pulls, days)


def _values(lab: Lab, name: str, repository: str, period: int, fortnight: Fortnight, statistic: str = "Sum") -> dict[datetime, float]:
    """A metric of a repository, by when each period began. AWS: GetMetricData."""
    metric = {"Namespace": "AWS/ECR", "MetricName": name, "Dimensions": [{"Name": "RepositoryName", "Value": repository}]}
    query = {"Id": "m1", "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic}}
    pages = lab.reader("cloudwatch").get_paginator("get_metric_data").paginate(
        MetricDataQueries=[query], StartTime=_begin(fortnight, period), EndTime=fortnight.ends
    )
    return {time: value for page in pages for result in page["MetricDataResults"] for time, value in zip(result["Timestamps"], result["Values"])}


def _alarm(lab: Lab, name: str) -> dict | None:
    found = lab.reader("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found[0] if found else None


def _went_off_at(lab: Lab, alarm: dict) -> list[datetime]:
    """When it did, since it was put; CloudWatch keeps the history of an alarm of that name that was deleted."""
    pages = lab.reader("cloudwatch").get_paginator("describe_alarm_history").paginate(
        AlarmName=alarm["AlarmName"], HistoryItemType="StateUpdate", StartDate=alarm["AlarmConfigurationUpdatedTimestamp"]
    )
    items = [item for page in pages for item in page["AlarmHistoryItems"]]
    return [item["Timestamp"] for item in items if json.loads(item["HistoryData"])["newState"]["stateValue"] == "ALARM"]


CHECKS = {"noisy-night": noisy_night, "quota-alarm": quota_alarm, "search-alarm": search_alarm}
