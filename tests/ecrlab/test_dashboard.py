"""The dashboard and the figures: what they ask CloudWatch, what they draw, and what they say to those who don't see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas
import pytest
from matplotlib.dates import date2num

import localecr
from ecrlab import dashboard, show
from ecrlab.dashboard import APIS, COUNTS, PERIODS, RANGES, STATISTICS, View
from ecrlab.local import LocalLab
from localecr.door import Door

LOG_INS = View(COUNTS[1], dashboard.NONE, "GetAuthorizationToken")


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[LocalLab]:
    """A lab in which somebody logged in three times at nine and once at eleven."""
    state = tmp_path_factory.mktemp("dashboard")
    with localecr.start(state, port=0, clock="2026-01-05T09:00:00Z"):
        lab = LocalLab(Door.find(state))
        for count in (3, 1):
            for _ in range(count):
                lab.client("ecr").get_authorization_token()
            lab.clock.advance(hours=2)
        yield lab


def ask(lab, view):
    return dashboard.ask(lab, view, lab.clock.now())


def test_each_hour_has_its_sum_and_hours_without_calls_have_none(lab):
    frame = ask(lab, LOG_INS)
    assert {f"{time:%d %H}": value for time, value in frame["Sum"].items() if value} == {"05 09": 3, "05 11": 1}
    assert len(frame) == 14 * 24


# by period, when the lab's clock says Monday, 26 January, 00:02: the first period that is drawn, and the last
RANGE = {
    "1 minute": ("12 00:02", "26 00:01"), "5 minutes": ("12 00:00", "26 00:00"), "1 hour": ("12 00:00", "26 00:00"),
    "6 hours": ("12 00:00", "26 00:00"), "1 day": ("12 00:00", "26 00:00"),
}  # fmt: skip


@pytest.mark.parametrize("period", PERIODS)
def test_a_range_is_whole_periods_from_the_one_it_begins_in_to_the_one_that_runs(lab, period):
    frame = dashboard.ask(lab, replace(LOG_INS, period=period), datetime(2026, 1, 26, 0, 2, tzinfo=UTC))
    assert (f"{frame.index[0]:%d %H:%M}", f"{frame.index[-1]:%d %H:%M}") == RANGE[period]


def test_where_a_period_has_just_ended_none_runs(lab):
    frame = dashboard.ask(lab, replace(LOG_INS, period="1 day", range="the last week"), datetime(2026, 1, 12, tzinfo=UTC))
    assert list(frame["Sum"]) == [4, 0, 0, 0, 0, 0, 0]
    assert frame.index[0] == datetime(2026, 1, 5, tzinfo=UTC)


def test_a_period_that_is_not_over_yet_is_said(lab):
    assert "The last period isn't over yet." in dashboard.picture(lab, replace(LOG_INS, period="1 day")).text
    assert "isn't over" not in dashboard.picture(lab, LOG_INS).text  # it is one o'clock


@pytest.mark.parametrize("period", PERIODS)
def test_few_periods_fill_the_figure_as_many_do(lab, period):
    view = replace(LOG_INS, period=period, range="the last day")
    frame = ask(lab, view)
    (axes,) = dashboard._draw(view, frame, runs=False).axes
    left, right = (date2num(edge) for edge in (frame.index[0], frame.index[-1] + timedelta(seconds=PERIODS[period])))
    assert axes.get_xlim() == (left, right)
    assert axes.get_ylim()[0] == 0 < frame["Sum"].max() < axes.get_ylim()[1] < 5


@pytest.mark.parametrize(("period", "values"), [("1 day", {4}), ("6 hours", {4}), ("1 hour", {3, 1}), ("5 minutes", {3, 1}), ("1 minute", {3, 1})])
def test_a_longer_period_gathers_more(lab, period, values):
    assert set(ask(lab, replace(LOG_INS, period=period, range="the last day"))["Sum"]) - {0} == values


def test_of_nothing_there_is_no_average(lab):
    frame = ask(lab, replace(LOG_INS, statistic="Average"))
    assert list(frame["Average"].dropna()) == [1, 1]


@pytest.mark.parametrize("range", RANGES)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_every_choice_is_drawn_and_said(lab, statistic, range):
    picture = dashboard.picture(lab, replace(LOG_INS, statistic=statistic, range=range))
    assert picture.text.startswith(f"{statistic} of calls of GetAuthorizationToken, by 1 hour")
    assert re.search(r'<img src="data:image/png;base64,[^"]+" alt="([^"]+)"', picture.html)[1] == picture.text


def test_where_nobody_can_click_its_first_figure_is_said(lab, capsys):
    dashboard.show(lab)
    assert capsys.readouterr().out.startswith(f"Sum of pulls of {dashboard.NONE}, by 1 hour")


def controls(box):
    return {control.description: control for control in box.children[1].children}


def test_its_controls_are_lists_to_choose_from_and_each_has_a_name(lab):
    chosen = controls(dashboard.widget(lab, LOG_INS))
    assert list(chosen) == ["Count", "Repository", "API", "Statistic", "Period", "Range"]
    assert chosen["API"].options == APIS
    assert chosen["Period"].options == tuple(PERIODS)


def test_a_choice_draws_anew_and_announces_it(lab):
    box = dashboard.widget(lab, LOG_INS)
    controls(box)["Period"].value = "1 day"
    said = box.children[2].value
    assert said.startswith('<div role="status" aria-live="polite"')
    assert "by 1 day" in said
    assert "Sum: 0 to 4, most at Mon 05 Jan." in said


def test_what_does_not_matter_cannot_be_chosen(lab):
    chosen = controls(dashboard.widget(lab, LOG_INS))
    assert (chosen["Repository"].disabled, chosen["API"].disabled) == (True, False)
    chosen["Count"].value = COUNTS[0]
    assert (chosen["Repository"].disabled, chosen["API"].disabled) == (False, True)


HOURS = pandas.date_range("2026-01-12", periods=4, freq="h", tz="UTC")


def test_a_figure_is_closed_and_says_what_it_shows():
    from matplotlib import pyplot

    frame = pandas.DataFrame({"pulls": [1, 4, 2, 0], "pushes": [3, 3, 3, 3], "nothing": [None] * 4}, index=HOURS, dtype=float)
    picture = show.figure(frame.plot(title="Calls an hour"), frame)
    assert picture.text == (
        "Calls an hour, Mon 12 Jan to Mon 12 Jan 03:00. pulls: 0 to 4, most at Mon 12 Jan 01:00. pushes: 3 all the time. nothing: no values."
    )
    assert f'alt="{picture.text}"' in picture.html
    assert pyplot.get_fignums() == []


def test_figures_side_by_side_have_their_common_title():
    frame = pandas.DataFrame({"a": [1, 2, 3, 4], "b": [4, 3, 2, 1]}, index=HOURS)
    axes = frame.plot(subplots=True, title="Pulls an hour")
    assert show.figure(axes[0], frame).text.startswith("Pulls an hour, Mon 12 Jan")
