"""Documentation that can be checked is checked."""

import re
from pathlib import Path

import pytest
from localecr import contract, ecr, ecr_public

ROOT = Path(__file__).parent.parent
FIDELITY = (ROOT / "docs" / "fidelity.md").read_text()


def row(service: str) -> list[str]:
    line = next(line for line in FIDELITY.splitlines() if line.startswith(f"| {service} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_fidelity_lists_exactly_the_operations_of_ecr_that_are_built():
    _, built, others = row("Amazon ECR")
    assert set(built.split(", ")) == set(ecr.OPERATIONS)
    left = len(contract.model("ecr").operation_names) - len(ecr.OPERATIONS)
    assert others.startswith(f"the other {left}:")


def test_fidelity_lists_exactly_the_operations_of_ecr_public_that_are_not_built():
    _, _, others = row("Amazon ECR Public")
    assert set(others.split(", ")) == set(contract.model("ecr-public").operation_names) - set(ecr_public.OPERATIONS)


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
