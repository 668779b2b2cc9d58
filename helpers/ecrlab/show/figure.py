"""A figure of matplotlib's that can be read aloud."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from ecrlab.show import html
from ecrlab.show.picture import Picture

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes


def figure(axes: Axes, frame: pandas.DataFrame) -> Picture:
    """The figure that these axes belong to, with a text that says what it shows: the title, and of each column of `frame` its range and its peak.

    `frame` is what was drawn, indexed by time. The figure is closed: a notebook would show it a second time, without the text.
    """
    from matplotlib import pyplot

    drawn = axes.get_figure()
    told = tell(axes.get_title() or drawn.get_suptitle(), frame)
    picture = image(drawn, told)
    pyplot.close(drawn)
    return Picture(html.card(picture, html.element("details", html.element("summary", "The figure in words"), html.paragraph(told))), told)


def image(figure, told: str) -> html.Html:
    """A figure as an `<img>` with a text."""
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=96, bbox_inches="tight", facecolor="white")
    source = "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()
    return html.element("img", src=source, alt=told, style="max-width:100%;height:auto")


def tell(title: str, frame: pandas.DataFrame) -> str:
    """What a person who looks at it would say first."""
    sentences = [f"{title or 'A figure'}, {_when(frame.index[0])} to {_when(frame.index[-1])}." if len(frame) else f"{title}: nothing to draw."]
    for name in frame if len(frame) else ():
        values = frame[name].dropna()
        if values.empty:
            sentences.append(f"{name}: no values.")
        elif values.min() == values.max():
            sentences.append(f"{name}: {values.min():,g} all the time.")
        else:
            sentences.append(f"{name}: {values.min():,g} to {values.max():,g}, most at {_when(values.idxmax())}.")
    return " ".join(sentences)


def _when(time) -> str:
    return f"{time:%a %d %b}" if (time.hour, time.minute) == (0, 0) else f"{time:%a %d %b %H:%M}"
