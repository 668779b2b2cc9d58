"""How far the replay is, for those who see it and those who hear it."""

from __future__ import annotations

import time

from ecrlab.plain import plain
from ecrlab.show import html
from ecrlab.show.picture import Picture, display, note


class Watch:
    """A bar that grows in one place; plainly there is nothing but the last line, the same at every run.

    It doesn't say which day it is: lingering, it would give away the day on which most is done.
    """

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._drawn = time.monotonic()
        self._place = None
        if not plain():
            import IPython.display

            self._place = IPython.display.display(self._picture("The team is hired."), display_id=True)

    def see(self, more: int) -> None:
        """So much more was done."""
        self._done += more
        if self._place is not None and time.monotonic() - self._drawn > 0.25:
            self._place.update(self._picture(f"{self._done:,} of {self._total:,} things are done."))
            self._drawn = time.monotonic()

    def end(self, what: str) -> None:
        """All is done: say what."""
        done = note(f"Replayed: {what}.")
        self._place.update(done) if self._place is not None else display(done)

    def _picture(self, sentence: str) -> Picture:
        part = round(100 * self._done / self._total)
        bar = html.element("progress", value=part, max=100, aria_label="Replaying the fortnight", style="width:100%")
        return Picture(html.card(html.paragraph(html.strong("Replaying a fortnight. "), sentence), bar), f"Replaying a fortnight: {part} %. {sentence}")


def said(sentence: str) -> None:
    """Show a sentence."""
    display(note(sentence))
