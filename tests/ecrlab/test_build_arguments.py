"""Build arguments by which a Dockerfile copies something: a word that names nothing is met before the build."""

from pathlib import Path

import pytest

import ecrlab

APP = Path(__file__).parents[2] / "notebooks" / "app"


@pytest.mark.parametrize(
    ("app", "arguments"), [("shop-api", {"DEPENDENCIES": "old"}), ("checkout", {"DEPENDENCIES": "fixed"}), ("search", {"RELEASE": "1.1"}), ("shop-api", {})]
)
def test_what_names_something_is_given_on(app, arguments):
    assert ecrlab.build_arguments(str(APP / app), BASE="debian:11", **arguments) == {"BASE": "debian:11"} | arguments


@pytest.mark.parametrize(
    ("app", "arguments", "told"),
    [
        ("shop-api", {"DEPENDENCIES": "new"}, r"There is no new in \S*app/shop-api/dependencies\. DEPENDENCIES is one of fixed, old\."),
        ("checkout", {"DEPENDENCIES": "Fixed"}, r"There is no Fixed in \S*app/checkout/dependencies\. DEPENDENCIES is one of fixed, old\."),
        ("search", {"RELEASE": "2.0"}, r"There is no search-2\.0\.jar in \S*app/search\. RELEASE is one of 1\.0, 1\.1\."),
        ("serach", {}, r"There is no Dockerfile in \S*app/serach\. Is the name right\?"),
    ],
)
def test_what_names_nothing_is_met_with_what_there_is(app, arguments, told):
    with pytest.raises(ecrlab.LabError, match=told):
        ecrlab.build_arguments(str(APP / app), BASE="debian:11", **arguments)


def test_what_comes_from_another_stage_is_not_looked_for(tmp_path):
    (tmp_path / "Dockerfile").write_text("ARG BASE\nFROM ${BASE} AS web\nARG PART\nCOPY . /\nFROM ${BASE}\nCOPY --from=web /${PART}/ /\n")
    assert ecrlab.build_arguments(str(tmp_path), PART="dist") == {"PART": "dist"}
