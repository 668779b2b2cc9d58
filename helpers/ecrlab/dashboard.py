"""A dashboard of ECR's own metrics: choose what is counted, how, and when, and see it drawn.

Every control is a list to choose from, and works by keyboard. What the figure shows is announced and written beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ecrlab.plain import plain
from ecrlab.show import html
from ecrlab.show.figure import image, tell
from ecrlab.show.picture import Picture, display

if TYPE_CHECKING:
    import pandas
    from ecrlab.lab import Lab

# AWS: "Amazon ECR usage metrics"
LOG_INS = ("GetAuthorizationToken",)
PUSHES = ("PutImage", "BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload")
PULLS = ("BatchGetImage", "GetDownloadUrlForLayer")
APIS = LOG_INS + PUSHES + PULLS
STATISTICS = ("Sum", "SampleCount", "Average", "Minimum", "Maximum")
PERIODS = {"1 minute": 60, "5 minutes": 300, "1 hour": 3600, "6 hours": 21600, "1 day": 86400}
RANGES = {"the last day": 1, "the last three days": 3, "the last week": 7, "the last fortnight": 14}
COUNTS = ("pulls of a repository", "calls of an API")
NONE = "no repository yet"


@dataclass(frozen=True)
class View:
    """What is to be seen: pulls of a repository, or calls of an API."""

    counts: str
    repository: str
    api: str
    statistic: str = "Sum"
    period: str = "1 hour"
    range: str = "the last fortnight"

    @property
    def title(self) -> str:
        what = f"pulls of {self.repository}" if self.counts == COUNTS[0] else f"calls of {self.api}"
        return f"{self.statistic} of {what}, by {self.period}"

    @property
    def metric(self) -> dict:
        """As CloudWatch is asked for it."""
        if self.counts == COUNTS[0]:
            name, dimensions = ("AWS/ECR", "RepositoryPullCount"), {"RepositoryName": self.repository}
        else:
            name, dimensions = ("AWS/Usage", "CallCount"), {"Service": "ECR", "Type": "API", "Resource": self.api}
        return {"Namespace": name[0], "MetricName": name[1], "Dimensions": [{"Name": each, "Value": dimensions[each]} for each in dimensions]}


def show(lab: Lab, repository: str | None = None) -> None:
    """Show the dashboard, which opens with the pulls of a repository; where nobody can click, that figure alone."""
    known = repositories(lab)
    view = View(COUNTS[0], repository if repository in known else known[0], APIS[0])
    if plain():
        display(picture(lab, view))
        return
    import IPython.display

    IPython.display.display(widget(lab, view))


def repositories(lab: Lab) -> list[str]:
    """Those that were pulled from. AWS: ListMetrics."""
    pages = lab.reader("cloudwatch").get_paginator("list_metrics").paginate(Namespace="AWS/ECR", MetricName="RepositoryPullCount")
    return sorted({each["Value"] for page in pages for metric in page["Metrics"] for each in metric["Dimensions"]}) or [NONE]


def picture(lab: Lab, view: View) -> Picture:
    """The figure of a view, with its words."""
    frame = ask(lab, view)
    told = tell(view.title, frame)
    return Picture(html.card(image(_draw(view, frame), told), html.paragraph(told)), told)


def ask(lab: Lab, view: View) -> pandas.DataFrame:
    """What CloudWatch has of a view: a row a period; where it has nothing, nothing was called. AWS: GetMetricData."""
    import pandas

    period, until = PERIODS[view.period], _whole(lab.clock.now(), PERIODS[view.period])
    since = until - timedelta(days=RANGES[view.range])
    query = {"Id": "m1", "MetricStat": {"Metric": view.metric, "Period": period, "Stat": view.statistic}}
    pages = lab.reader("cloudwatch").get_paginator("get_metric_data").paginate(MetricDataQueries=[query], StartTime=since, EndTime=until)
    found = {time: value for page in pages for result in page["MetricDataResults"] for time, value in zip(result["Timestamps"], result["Values"])}
    periods = pandas.date_range(since, until, freq=f"{period}s", inclusive="left")
    counting = view.statistic in ("Sum", "SampleCount")  # of nothing there is no average
    return pandas.DataFrame({view.statistic: [found.get(each.to_pydatetime(), 0.0 if counting else None) for each in periods]}, index=periods, dtype=float)


def _whole(now: datetime, period: int) -> datetime:
    """The end of the period that runs."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(seconds=-(-(now - midnight).total_seconds() // period) * period)


def _draw(view: View, frame: pandas.DataFrame):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3))
    axes = figure.subplots()
    axes.step(frame.index, frame[view.statistic], where="post", color=html.BLUE)
    axes.set_title(view.title)
    axes.set_ylabel(view.statistic)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=html.GREY, alpha=0.4)
    figure.autofmt_xdate()
    return figure


def widget(lab: Lab, view: View):
    """The dashboard as an ipywidget."""
    import ipywidgets

    choices = {
        "counts": ("Count", COUNTS), "repository": ("Repository", repositories(lab)), "api": ("API", APIS),
        "statistic": ("Statistic", STATISTICS), "period": ("Period", tuple(PERIODS)), "range": ("Range", tuple(RANGES)),
    }  # fmt: skip
    controls = {
        name: ipywidgets.Dropdown(description=label, options=options, value=getattr(view, name), layout={"width": "22em"})
        for name, (label, options) in choices.items()
    }
    drawn = ipywidgets.HTML()

    def draw(_change=None) -> None:
        chosen = replace(view, **{name: control.value for name, control in controls.items()})
        controls["repository"].disabled = chosen.counts != COUNTS[0]
        controls["api"].disabled = chosen.counts == COUNTS[0]
        drawn.value = html.element("div", picture(lab, chosen).html, role="status", aria_live="polite", aria_atomic="true")

    for control in controls.values():
        control.observe(draw, "value")
    draw()
    return ipywidgets.VBox([ipywidgets.HBox(list(controls.values()), layout={"flex_flow": "row wrap"}), drawn])
