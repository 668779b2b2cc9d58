"""What specimens are built from: the same image on every computer, and one that says what it is."""

from __future__ import annotations

import base64
import csv
import hashlib
import runpy
from email.parser import HeaderParser
from pathlib import Path

import building
import pytest

# A lesson's text speaks of some of these images by what was found in them: whoever changes a context reads the lessons too.
GOLDEN = {
    "shop-api:old": "sha256:0df8f7af4093a26c647aba17b31aac076b8dbe7558b2351be2cb17761e5abe06",
    "shop-api:new-base": "sha256:f46e85e5599c5d0dbf45a8f4fbf47de01f9cd25f02983646f0710ce1ad130c4a",
    "shop-api:fixed": "sha256:a6263dd28a5b56acb83d5dc4e0d74ab98bd90f137fcd4a9dd34fffcb5dfa07ab",
    "shop-api:one-stage": "sha256:6ede86e36b0a968960f819d51c180c22c7ff2c3e8804485aaa86e8e6eeee373c",
    "shop-api:two-stage": "sha256:6f3893f12b0a2eaefee9500933838cb8743f982ce41498e5c512abf2da8e8837",
    "shop-api:two-stage-fixed": "sha256:34c252c5b064f2ac1d4e50a1fec761a844f3672fa7013eb357acb864b2f8f9ac",
    "checkout:old": "sha256:4c136491fc32d50c368c100b6cb62c49c23a0445d1932a7fa9cf2870a3c7aae4",
    "checkout:fixed": "sha256:ced26657048cab62d0156b7dcf30d662fe89b3d5eb43fd000c20a0cffe9575e2",
    "search:1.0": "sha256:ca3631a54ade6904b7c644e9dc7d501be2bbff616bcbeef7c80bd29439344253",
    "search:1.1": "sha256:04d33d7d0594aa72240552e49435f3ea509900d9f3b3aaa95c7d9cb63fc813df",
    "removed-package": "sha256:a9d3e20fd7ac4bc626e72d0aaf80ea90f5cf3f83bc2f7d74a084e491e73297b7",
    "upgraded-package": "sha256:b086b214abf0c73f28d92b9f00ee78f6d7f7861d9589886d6103459be0205f07",
    "backports": "sha256:6ab4ea07d1515432d4904df696c503e28ef7e3e88f397eff6a489e8577a6488b",
    "source-versions": "sha256:0dbe064d87b0f297e1856445ec56816e464f15e8cef0b7793854029c8fb8fdcc",
    "os-owned-library": "sha256:43b8872ec9b89e5450e99f7b6859a43d72be5043610ec2d41b345c99715e3aa1",
    "distroless-library": "sha256:a6c6ac08b66e4eed755c85e3a3212198ab520241cef5214cc8016a6698bf523f",
    "scratch-jar": "sha256:ffb40e13d1b4294a71408c181bffba2e9c4141935a681ba405628504c44e713c",
    "node-nested": "sha256:cadbf2ef6b8a2e3d377eb166c97cc2751b37691bb90daa3dd4bd1ef6267075dd",
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> building.Shelf:
    return building.Shelf(tmp_path_factory.mktemp("shelf"))


def test_they_are_the_same_on_every_computer(shelf: building.Shelf) -> None:
    assert {name: shelf.image(name).digest for name in building.RECIPES} == GOLDEN


@pytest.mark.parametrize("name", building.RECIPES)
def test_they_say_that_they_are_specimens_and_what_is_missing(shelf: building.Shelf, name: str) -> None:
    image, recipe = shelf.image(name), building.RECIPES[name]
    labels = image.config["config"]["Labels"]
    assert labels["ecrlab.specimen"] == "true"
    assert "(a specimen for ECR Lab)" in labels["org.opencontainers.image.title"]
    assert "true" in labels["org.opencontainers.image.description"] and "without" in labels["org.opencontainers.image.description"]
    text = (recipe.folder / "ecrlab-specimen").read_text()
    assert text.startswith("This image is a specimen, made for ECR Lab.")
    assert "\nWhat is true: " in text and "\nWhat is missing: " in text
    assert "COPY ecrlab-specimen /etc/\n" in (recipe.folder / recipe.dockerfile).read_text()


def test_the_committed_jars_are_what_their_scripts_make() -> None:
    folder = building.APP / "search"
    made = runpy.run_path(str(folder / "make_jar.py"))
    for number in (0, 1):
        assert (folder / f"search-1.{number}.jar").read_bytes() == made["jar"](number)
    folder = building.HERE / "scratch-jar"
    for name, data in runpy.run_path(str(folder / "make_jars.py"))["jars"]().items():
        assert (folder / name).read_bytes() == data


def test_each_record_lists_the_files_that_are_there() -> None:
    records = [*building.APP.glob("**/*.dist-info/RECORD"), *building.HERE.glob("**/*.dist-info/RECORD")]
    assert len(records) == 31
    for record in records:
        site, rows = record.parents[1], list(csv.reader(record.read_text().splitlines()))
        assert {name for name, _, _ in rows} == {file.relative_to(site).as_posix() for file in record.parent.iterdir()}
        for name, digest, size in rows:
            if not name.endswith("/RECORD"):
                data = (site / name).read_bytes()
                assert (digest, size) == ("sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode(), str(len(data)))


@pytest.mark.parametrize("which", ["old", "fixed"])
def test_the_requirements_name_what_is_installed(which: str) -> None:
    folder = building.APP / "shop-api" / "dependencies" / which
    installed = [HeaderParser().parsestr(file.read_text(encoding="utf-8")) for file in folder.glob("site-packages/*/METADATA")]
    assert set((folder / "requirements.txt").read_text().split()) == {f"{each['Name']}=={each['Version']}" for each in installed}
