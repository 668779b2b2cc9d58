"""A notebook open in JupyterLab: run it, walk through it by keyboard, read it, look at it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
OPENS, RUNS = 90_000, 180_000  # milliseconds
SCREEN = {"width": 1280, "height": 900}
OVERLAP = 60  # pixels that a screenshot repeats of the one before

PANEL = "[...window.jupyterapp.shell.widgets('main')].find(widget => widget.context?.path === path)"
READY = f"path => {{ const panel = {PANEL}; return !!panel && panel.context.isReady && panel.sessionContext.session?.kernel?.status === 'idle' }}"
LIGHT = "(document.body.dataset.jpThemeLight === 'true')"
SAVED = f"path => !{PANEL}.context.model.dirty"
CELLS = f"""path => {PANEL}.content.model.sharedModel.cells.map(cell => ({{
    id: cell.id, type: cell.cell_type, source: cell.source, count: cell.execution_count, outputs: cell.outputs ?? [],
}}))"""
SCROLLER = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer"
HEIGHT = f"""() => {{
    document.querySelector('{SCROLLER}').scrollTop = 0;
    const bottoms = [...document.querySelectorAll('{SCROLLER} .jp-Cell')].map(cell => cell.getBoundingClientRect().bottom);
    return Math.ceil(Math.max(...bottoms)) + 60;
}}"""
# what we render: what cells show, and the lessons' prose; the rest of the page is JupyterLab's own
OURS = {"include": [[".jp-OutputArea"], [".jp-MarkdownOutput"]]}
# JupyterLab's dark theme tells a link in a sentence apart by its colour alone
NOT_OURS = {"rules": {"link-in-text-block": {"enabled": False}}}
CUT_OFF = """() => [...document.querySelectorAll('.jp-OutputArea-output, .jp-OutputArea-output *, .jp-MarkdownOutput, .jp-MarkdownOutput *')]
    .filter(each => each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== 'visible')
    .filter(each => !each.matches('.jp-sr-only'))
    .map(each => `${each.closest('.jp-Cell').dataset.windowedListIndex}: <${each.tagName.toLowerCase()}> ${each.textContent.slice(0, 80)}`)"""


class NotebookPage:
    """One notebook in one browser page. `hosts` are the names of all computers that the page has talked to."""

    def __init__(self, page: Page, path: str) -> None:
        self.page, self.path = page, path
        self.hosts: set[str] = set()
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))
        page.set_viewport_size(SCREEN)

    def open(self, address: str) -> None:
        self.page.goto(address, wait_until="domcontentloaded")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=OPENS)
        self.page.wait_for_function(READY, arg=self.path, timeout=OPENS)

    def run_all(self) -> None:
        """Runs all cells; returns when the kernel is idle, whether or not a cell failed."""
        self.command("notebook:run-all-cells")  # returns when the last cell has run, or one has failed
        self.page.wait_for_function(READY, arg=self.path, timeout=RUNS)

    def command(self, name: str, **arguments: object) -> None:
        """Executes one of JupyterLab's own commands, as its menus do."""
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)", [name, arguments])

    def cells(self) -> list[dict]:
        """Each cell: id, type, source, count, outputs."""
        return self.page.evaluate(CELLS, self.path)

    def shown(self, number: int) -> Locator:
        """A cell on the page, by its number from 0."""
        return self.page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{number}']")

    def walk_to(self, number: int) -> None:
        """Makes a cell the active one with the arrow keys, from wherever the focus is in the notebook."""
        self.page.keyboard.press("Escape")
        active = f"path => {PANEL}.content.activeCellIndex"
        while (now := self.page.evaluate(active, self.path)) != number:
            self.page.keyboard.press("ArrowDown" if now < number else "ArrowUp")
            self.page.wait_for_function(f"([path, before]) => {PANEL}.content.activeCellIndex !== before", arg=[self.path, now])

    def tab_to(self, target: Locator) -> None:
        """Presses Tab until the target has the focus."""
        for _ in range(20):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"20 presses of Tab did not reach {target}")

    def change_theme(self, name: str) -> None:
        """Changes JupyterLab's theme and loads the saved notebook anew, since diagrams keep the theme they were drawn in."""
        if self.page.evaluate(LIGHT) == (name == "light"):
            return
        self.command("docmanager:save")
        self.command("apputils:change-theme", theme=THEMES[name])
        self.page.wait_for_function(SAVED, arg=self.path)
        self.page.wait_for_timeout(1000)  # JupyterLab stores its settings a moment later, and says nothing
        self.open(self.page.url)
        self.page.wait_for_function(f"light => {LIGHT} === light", arg=name == "light")

    def unroll(self) -> None:
        """Makes the window as high as the notebook, so that every cell is drawn; `roll` undoes it."""
        height, settled = 0, 0
        while settled < 3:  # a cell that was never in view is measured when it comes into it
            before, height = height, self.page.evaluate(HEIGHT)
            settled = settled + 1 if height == before else 0
            self.page.set_viewport_size({"width": SCREEN["width"], "height": height})
            self.page.wait_for_timeout(300)

    def roll(self) -> None:
        """Gives the window its usual size."""
        self.page.set_viewport_size(SCREEN)

    def violations(self) -> list[str]:
        """What axe finds wrong in what we render: a sentence each."""
        # JupyterLab's body has no height and hides what overflows it: axe would take the whole page for invisible
        self.page.add_style_tag(content="body { height: 100vh; }")
        found = Axe().run(self.page, context=OURS, options=NOT_OURS).response["violations"]
        return [f"{each['id']}: {each['help']}: {node['html'][:200]}" for each in found for node in each["nodes"]]

    def cut_off(self) -> list[str]:
        """What is wider than its place, in what we render: its cell's number, tag and first words."""
        return self.page.evaluate(CUT_OFF)

    def screenshots(self, folder: Path, name: str) -> list[Path]:
        """Saves the unrolled notebook screen by screen, from top to end, as `name-01.png` and on."""
        folder.mkdir(exist_ok=True)
        for old in folder.glob(f"{name}-[0-9][0-9].png"):
            old.unlink()
        height, taken = self.page.viewport_size["height"], []
        left = self.page.locator(SCROLLER).bounding_box()["x"]
        for number, top in enumerate(range(0, height - OVERLAP, SCREEN["height"] - OVERLAP), 1):
            clip = {"x": left, "y": top, "width": SCREEN["width"] - left, "height": min(SCREEN["height"], height - top)}
            taken.append(folder / f"{name}-{number:02}.png")
            self.page.screenshot(path=taken[-1], clip=clip)
        return taken
