"""Something to look at: HTML for a notebook, the same in text for a terminal."""

import sys

from ecrlab.plain import in_notebook
from ecrlab.show import html


class Picture:
    """Shows itself when it is a cell's last expression or is given to `display()`.

    `html` is what a notebook shows, `text` what a terminal shows; both say the same.
    """

    def __init__(self, html: html.Html, text: str) -> None:
        self.html = html
        self.text = text

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def display(picture: Picture) -> None:
    """Show a picture where we are: in the notebook's output, or printed as text."""
    if not in_notebook():
        print(picture.text)
        return
    import IPython.display

    IPython.display.display(picture)


def note(*lines: str) -> Picture:
    """A few sentences, announced to a screen reader."""
    return Picture(html.card(*(html.paragraph(line) for line in lines), role="status"), "\n".join(lines))


class Shown(Picture):
    """A picture that its maker has put on the page already.

    As the last expression of the cell that made it, it isn't shown a second time; in any later cell it is.
    """

    def __init__(self, picture: Picture, place=None) -> None:
        """`place` is the IPython display handle that showed it while it grew, if there is one."""
        super().__init__(picture.html, picture.text)
        self._made_in = _cell()
        place.update(picture) if place else display(picture)

    def _ipython_display_(self) -> None:
        if self._made_in is None or self._made_in != _cell():
            display(Picture(self.html, self.text))


def _cell() -> int | None:
    """The number of the cell that runs now."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell.execution_count if shell else None
