"""A real JupyterLab in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from jupyterlab import JupyterLab
from notebook_page import NotebookPage

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def jupyterlab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with JupyterLab(tmp_path_factory.mktemp("jupyterlab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def open_notebook(browser: Browser, jupyterlab: JupyterLab) -> Callable[[str], NotebookPage]:
    """`open_notebook("notebooks/00-start-here.ipynb")`: that notebook in a page of its own, not run."""

    def open(path: str) -> NotebookPage:
        notebook = NotebookPage(browser.new_page(), path)
        notebook.open(jupyterlab.page(path))
        return notebook

    return open
