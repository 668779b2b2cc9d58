"""Documentation that can be checked is checked."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("page", ["README.md", *sorted(str(each.relative_to(ROOT)) for each in (ROOT / "docs").glob("*.md"))])
def test_every_link_between_pages_leads_somewhere(page):
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / page).read_text()):
        assert (folder / target).exists(), f"{page} links to {target}"


def test_the_page_of_the_journey_names_only_files_that_exist():
    page = (ROOT / "docs" / "how-it-is-built.md").read_text()
    table = page.partition("| Stop | File")[2].partition("\n\n")[0]
    named = [name for line in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", line.split("|")[2])]
    assert len(named) >= 8
    assert [name for name in named if not (ROOT / "helpers" / "localecr" / name).exists()] == []
