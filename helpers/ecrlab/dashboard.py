"""A dashboard of ECR's own metrics: choose what is counted, how, and when, and see it drawn.

Every control is a list to choose from, and works by keyboard. What the figure shows is announced and written beside it.
Periods are whole ones, as CloudWatch's are: a range begins with the period that its beginning lies in, and ends with the one that runs.
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
    from matplotlib.figure import Figure

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
# JupyterLab takes the arrow keys of a closed list and moves to another cell
BY_KEYBOARD = "By keyboard: Tab to a list, Space opens it, arrow keys, Enter."


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
    now = lab.clock.now()
    frame = ask(lab, view, now)
    runs = frame.index[-1] + timedelta(seconds=PERIODS[view.period]) > now
    told = tell(view.title, frame) + (" The last period isn't over yet." if runs else "")
    return Picture(html.card(image(_draw(view, frame, runs), told), html.paragraph(told)), told)


def ask(lab: Lab, view: View, now: datetime) -> pandas.DataFrame:
    """What CloudWatch has of a view: a row a period, the running one included; where it has nothing, nothing was called. AWS: GetMetricData."""
    import pandas

    period = PERIODS[view.period]
    since, until = _began(now - timedelta(days=RANGES[view.range]), period), _began(now - timedelta(microseconds=1), period) + timedelta(seconds=period)
    query = {"Id": "m1", "MetricStat": {"Metric": view.metric, "Period": period, "Stat": view.statistic}}
    pages = lab.reader("cloudwatch").get_paginator("get_metric_data").paginate(MetricDataQueries=[query], StartTime=since, EndTime=until)
    found = {time: value for page in pages for result in page["MetricDataResults"] for time, value in zip(result["Timestamps"], result["Values"])}
    periods = pandas.date_range(since, until, freq=f"{period}s", inclusive="left")
    counting = view.statistic in ("Sum", "SampleCount")  # of nothing there is no average
    return pandas.DataFrame({view.statistic: [found.get(each.to_pydatetime(), 0.0 if counting else None) for each in periods]}, index=periods, dtype=float)


def _began(time: datetime, period: int) -> datetime:
    """When the period began that this time lies in."""
    midnight = time.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(seconds=(time - midnight).total_seconds() // period * period)


def _draw(view: View, frame: pandas.DataFrame, runs: bool) -> Figure:
    """Each period as wide as it is; the last one hatched, if it `runs` still."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    values, edges = frame[view.statistic], [*frame.index, frame.index[-1] + timedelta(seconds=PERIODS[view.period])]
    figure = Figure(figsize=(8, 3))
    axes = figure.subplots()
    axes.stairs(values, edges, fill=True, color=html.SKY)
    axes.stairs(values, edges, color=html.BLUE)  # a minute of a fortnight is too narrow to be seen as an area
    if runs:
        axes.axvspan(*edges[-2:], fill=False, hatch="///", edgecolor=html.GREY, linewidth=0)
    axes.set_title(view.title)
    axes.set_ylabel(view.statistic)
    axes.set_xlabel("UTC")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, 1.05 * max(values.max(), 1) if values.notna().any() else 1)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator := AutoDateLocator()))
    axes.xaxis.set_major_locator(locator)
    axes.grid(axis="y", color=html.GREY, alpha=0.4)
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
    how = ipywidgets.HTML(html.card(html.paragraph(BY_KEYBOARD)))
    return ipywidgets.VBox([how, ipywidgets.HBox(list(controls.values()), layout={"flex_flow": "row wrap"}), drawn])
