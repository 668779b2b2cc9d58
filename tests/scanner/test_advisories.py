"""The database of advisories: filled from the catalogue, updated from OSV dumps as a whole or not at all, merged by what names what."""

from __future__ import annotations

import errno
import http.server
import io
import json
import sqlite3
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from telling import TODAY, day, document, fixes, matches, package, told

from localecr.scanner import merging, osv
from localecr.scanner.advisories import CATALOGUE, LOADED, OWN, Advisories, AdvisoriesError, NotLoaded, catalogue, incoming
from localecr.scanner.model import Unscannable
from localecr.scanner.process import Examiner

EVER = float("inf")


@pytest.fixture
def advisories(tmp_path: Path):
    with Advisories(tmp_path / "advisories.sqlite") as opened:
        yield opened


def zipped(path: Path, *documents: object, method: int = zipfile.ZIP_DEFLATED, **files: bytes) -> Path:
    """A ZIP file of documents; those that are bytes are written as they are."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for number, each in enumerate(documents):
            archive.writestr(f"{number}.json", each if isinstance(each, bytes) else json.dumps(each))
        for name, content in files.items():
            archive.writestr(f"{name}.json", content)
    return path


# The catalogue


def test_a_new_database_has_the_courses_catalogue(advisories):
    assert advisories.count(EVER) == 104
    assert {advisory.origin for advisory, _ in advisories.packages(EVER)} == {CATALOGUE}


def test_a_database_is_filled_once(advisories, monkeypatch):
    monkeypatch.setattr("localecr.scanner.advisories.tables.keep", lambda *given: pytest.fail("filled again"))
    with Advisories(advisories.path) as again:
        assert again.count(EVER) == 104


def test_another_version_of_the_catalogue_takes_the_place_of_the_old_one_and_of_nothing_else(advisories, tmp_path, monkeypatch):
    advisories.update(zipped(tmp_path / "osv.zip", document("PYSEC-2020-1")))
    advisories.add(document("MINE-1"))
    shorter = list(catalogue.texts())[:3]
    monkeypatch.setattr(catalogue, "texts", lambda: iter(shorter))
    monkeypatch.setattr(catalogue, "_version", catalogue._version.__wrapped__)
    with Advisories(advisories.path) as again:
        assert again.count(EVER) == 3 + 2


def test_what_is_known_was_published_by_then(advisories):
    assert advisories.count(day("2015-01-01")) == 0
    assert 0 < advisories.count(day("2021-12-09")) < advisories.count(day("2021-12-10")) < 104


def test_when_it_last_changed_is_the_last_change_that_is_known(advisories):
    assert advisories.updated_at(day("2015-01-01")) == 0.0
    assert advisories.updated_at(day("2021-12-13")) == day("2021-12-13")
    advisories.add(document("MINE-1", modified="2025-05-05T00:00:00Z", withdrawn="2025-06-06T00:00:00Z"))
    assert advisories.updated_at(day("2025-05-31")) == day("2025-05-05")
    assert advisories.updated_at(day("2025-12-31")) == day("2025-06-06")


def test_several_may_open_a_new_database_at_once(tmp_path):
    def open_and_count():
        with Advisories(tmp_path / "advisories.sqlite") as opened:
            counts.append(opened.count(EVER))

    counts: list[int] = []
    threads = [threading.Thread(target=open_and_count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [104] * 8


@pytest.mark.parametrize("content", [b"no database " * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path, content):
    (tmp_path / "advisories.sqlite").write_bytes(content)
    with pytest.raises(AdvisoriesError, match="can't be read .* Delete that file: the course's own come back by themselves"):
        Advisories(tmp_path / "advisories.sqlite")
    assert (tmp_path / "advisories.sqlite").read_bytes() == content


def test_a_scan_with_a_damaged_database_fails_and_says_what_to_do(image, tmp_path):
    (tmp_path / "advisories.sqlite").write_bytes(b"no database " * 1000)
    examiner = Examiner(tmp_path / "advisories.sqlite")
    with pytest.raises(Unscannable, match="Delete that file: the course's own come back by themselves") as refused:
        examiner.examine(image({"etc/hostname": "shop"}).subject, TODAY)
    examiner.stop()
    assert refused.value.status == "FAILED"


def test_a_database_of_another_layout_is_told_and_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "advisories.sqlite") as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(AdvisoriesError, match="written by another version of the course"):
        Advisories(tmp_path / "advisories.sqlite")


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(AdvisoriesError, match="unable to open"):
        Advisories(tmp_path / "nowhere" / "advisories.sqlite")


# Updates


def test_an_update_adds_and_replaces(advisories, tmp_path):
    first = advisories.update(zipped(tmp_path / "1.zip", document("PYSEC-2020-1", events=("introduced 0", "fixed 1.1")), document("PYSEC-2020-2")))
    assert (first.added, first.changed, first.unchanged, first.refused) == (2, 0, 0, 0)
    newer = document("PYSEC-2020-1", events=("introduced 0", "fixed 1.2"), modified="2021-01-01T00:00:00Z")
    second = advisories.update(zipped(tmp_path / "2.zip", newer, document("PYSEC-2020-2"), document("PYSEC-2020-3")))
    assert (second.added, second.changed, second.unchanged) == (1, 1, 1)
    assert fixes(advisories, package("PyPI", "shop", "1.0"))["PYSEC-2020-1"] == "1.2"


def test_an_older_document_does_not_take_the_place_of_a_newer_one(advisories, tmp_path):
    newer = document("PYSEC-2020-1", events=("introduced 0", "fixed 1.2"), modified="2021-01-01T00:00:00Z")
    advisories.update(zipped(tmp_path / "1.zip", newer))
    assert advisories.update(zipped(tmp_path / "2.zip", document("PYSEC-2020-1"))).unchanged == 1
    assert fixes(advisories, package("PyPI", "shop", "1.0")) == {"PYSEC-2020-1": "1.2"}


def test_a_folder_is_read_with_all_that_is_below_it(advisories, tmp_path):
    below = tmp_path / "dump" / "2020" / "PYSEC-2020-1"
    below.mkdir(parents=True)
    (below / "PYSEC-2020-1.json").write_text(json.dumps(document("PYSEC-2020-1")))
    (tmp_path / "dump" / "README.md").write_text("Not a document.")
    assert advisories.update(tmp_path / "dump").added == 1


def test_what_is_no_osv_document_is_counted_and_named(advisories, tmp_path):
    done = advisories.update(zipped(
        tmp_path / "osv.zip", document("PYSEC-2020-1"), b"{", b"\xff\xfe", b"[]", b"{}", {"id": "X-1"}, document("X-2") | {"affected": "all"},
        b"[" * 100_000, document("X-3") | {"id": "\ud800"}, document("X-4", events=("discovered 1.0",)),
    ))  # fmt: skip
    assert (done.added, done.refused) == (1, 9)
    assert [(problem.subject, problem.reason) for problem in done.problems] == [
        ("1.json", "it is no JSON"),
        ("2.json", "it is no JSON"),
        ("3.json", "the document is no object"),
        ("4.json", "its id is missing"),
        ("5.json", "it doesn't say when it was modified"),
        ("6.json", "affected is no list"),
        ("7.json", "it is nested too deep"),
        ("8.json", "its id is no text"),
        ("9.json", "'discovered' is no event of a range"),
    ]


def test_of_very_many_that_are_refused_the_first_are_named(advisories, tmp_path):
    done = advisories.update(zipped(tmp_path / "osv.zip", document("PYSEC-2020-1"), *[b"{}"] * 1000))
    assert (done.refused, len(done.problems)) == (1000, 20)


def test_a_source_without_any_document_changes_nothing(advisories, tmp_path):
    with pytest.raises(NotLoaded, match="There is no OSV document in"):
        advisories.update(zipped(tmp_path / "osv.zip", b"{}"))
    with pytest.raises(NotLoaded, match="There is no OSV document in"):
        advisories.update(tmp_path)


def test_what_is_no_zip_file_changes_nothing(advisories, tmp_path):
    (tmp_path / "osv.zip").write_text("no ZIP file")
    with pytest.raises(NotLoaded, match="is no ZIP file that can be read to its end"):
        advisories.update(tmp_path / "osv.zip")
    with pytest.raises(NotLoaded, match="can't be read: No such file"):
        advisories.update(tmp_path / "another.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_file_that_is_damaged_in_its_middle_is_loaded_not_at_all(advisories, tmp_path, method):
    path = zipped(tmp_path / "osv.zip", *[document(f"PYSEC-2020-{number}", summary="x" * 300) for number in range(50)], method=method)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 40] = bytes(40)
    path.write_bytes(content)
    with pytest.raises(NotLoaded):
        advisories.update(path)
    assert advisories.count(EVER) == 104


def test_a_bomb_is_refused_and_named(advisories, tmp_path):
    """A document of 200 MB in a ZIP file of 200 KB: no more of it is unpacked than a document may have."""
    path = zipped(tmp_path / "osv.zip", document("PYSEC-2020-1"), bomb=b'{"id": "' + b"x" * (200 << 20) + b'"}')
    assert path.stat().st_size < 1 << 20
    done = advisories.update(path)
    assert (done.added, done.refused, done.problems[0].reason) == (1, 1, "it is too large")


def test_too_much_in_all_is_loaded_not_at_all(advisories, tmp_path, monkeypatch):
    path = zipped(tmp_path / "osv.zip", *[document(f"PYSEC-2020-{number}") for number in range(10)])
    monkeypatch.setattr(incoming, "LARGEST_WHOLE", 1000)
    with pytest.raises(NotLoaded, match="too much"):
        advisories.update(path)
    monkeypatch.undo()
    monkeypatch.setattr(incoming, "MOST_DOCUMENTS", 9)
    with pytest.raises(NotLoaded, match="too much"):
        advisories.update(path)
    assert advisories.count(EVER) == 104


@pytest.fixture
def web():
    """`web(path → (status, content))` serves on loopback; answers with the URL that paths follow."""
    served: dict[str, tuple[int, bytes]] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, content = served.get(self.path, (404, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *said):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def serve(**files: tuple[int, bytes]) -> str:
        served.update({f"/{name}": answer for name, answer in files.items()})
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_url_is_downloaded(advisories, tmp_path, web):
    url = web(all=(200, zipped(tmp_path / "osv.zip", document("PYSEC-2020-1")).read_bytes()))
    assert advisories.update(f"{url}/all").added == 1


def test_a_url_that_answers_with_an_error_or_not_at_all_changes_nothing(advisories, web, monkeypatch):
    url = web(page=(200, b"<html>"), large=(200, bytes(5000)))
    with pytest.raises(NotLoaded, match="can't be downloaded .*404.* Without a network, give a ZIP file or a folder"):
        advisories.update(f"{url}/nothing")
    with pytest.raises(NotLoaded, match="is no ZIP file"):
        advisories.update(f"{url}/page")
    monkeypatch.setattr(incoming, "LARGEST_DOWNLOAD", 4000)
    with pytest.raises(NotLoaded, match="is larger than"):
        advisories.update(f"{url}/large")
    with pytest.raises(NotLoaded, match="can't be downloaded"):
        advisories.update("http://127.0.0.1:1/all.zip")
    assert advisories.count(EVER) == 104


def test_a_download_for_which_there_is_no_room_changes_nothing(advisories, web, monkeypatch):
    class Full(io.BytesIO):
        def write(self, part):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(incoming.tempfile, "TemporaryFile", Full)
    with pytest.raises(NotLoaded, match="can't be kept until it is read: No space left on device"):
        advisories.update(f"{web(all=(200, bytes(100)))}/all")


def test_an_update_that_is_killed_leaves_everything_as_it_was(advisories, tmp_path):
    path = zipped(tmp_path / "osv.zip", *[document(f"PYSEC-2020-{number}") for number in range(100)])
    program = """
import os, sys
from localecr.scanner.advisories import Advisories, tables
keep, left = tables.keep, [50]
def keep_some(*given):
    left[0] -= 1
    if not left[0]:
        os._exit(9)
    return keep(*given)
tables.keep = keep_some
Advisories(sys.argv[1]).update(sys.argv[2])
"""
    assert subprocess.run([sys.executable, "-c", program, advisories.path, path], check=False).returncode == 9
    assert advisories.count(EVER) == 104
    assert advisories.update(path).added == 100


def test_readers_see_all_of_an_update_or_nothing_and_never_wait_for_it(advisories, tmp_path):
    path = zipped(tmp_path / "osv.zip", *[document(f"PYSEC-2020-{number}") for number in range(300)])
    seen: set[int] = set()
    given = incoming.documents

    def watching(source):
        class Watched:
            def __enter__(self):
                self.context = given(source)
                return self.read(self.context.__enter__())

            def read(self, texts):
                for number, each in enumerate(texts):
                    if number % 50 == 49:  # the writer is in the middle of its transaction
                        with Advisories(advisories.path) as reader:
                            seen.add(reader.count(EVER))
                    yield each

            def __exit__(self, *exception):
                return self.context.__exit__(*exception)

        return Watched()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("localecr.scanner.advisories.documents", watching)
        advisories.update(path)
    assert seen == {104}
    with Advisories(advisories.path) as reader:
        assert reader.count(EVER) == 404


def test_a_scan_sees_one_state_from_its_beginning_to_its_end(advisories):
    with advisories.reading():
        before = advisories.count(EVER)
        with Advisories(advisories.path) as other:
            other.add(document("MINE-1"))
        assert advisories.count(EVER) == before
    assert advisories.count(EVER) == before + 1


def test_two_that_write_take_turns(advisories, monkeypatch):
    monkeypatch.setattr("localecr.scanner.advisories.tables.PATIENCE", 0.05)
    with Advisories(advisories.path) as other:
        other._database.execute("BEGIN IMMEDIATE")
        with Advisories(advisories.path) as impatient, pytest.raises(AdvisoriesError, match="couldn't be changed .* They are as they were"):
            impatient.add(document("MINE-1"))
        other._database.execute("ROLLBACK")
        other.add(document("MINE-1"))


# Whose word counts


def test_what_a_learner_loads_stands_for_the_catalogues_document_of_the_same_id(advisories, tmp_path):
    """OSV's own document on zlib's flaw, withdrawn or with a fix, is later knowledge than the course's."""
    zlib = package("Debian:12", "zlib1g", "1:1.2.13.dfsg-1", source="zlib")
    assert fixes(advisories, zlib) == {"CVE-2023-45853": None}
    later = document("DEBIAN-CVE-2023-45853", "Debian:12", "zlib", events=("introduced 0", "fixed 1:1.2.13.dfsg-1+deb12u1"), upstream=["CVE-2023-45853"])
    advisories.update(zipped(tmp_path / "osv.zip", later))
    [found] = matches(advisories, zlib)
    assert found.fixed_in == "1:1.2.13.dfsg-1+deb12u1"
    assert (found.vulnerability.score, found.vulnerability.score_source) == (8.8, "CISA-ADP")  # which Debian's document doesn't have
    advisories.update(zipped(tmp_path / "osv.zip", later | {"modified": "2024-01-01T00:00:00Z", "withdrawn": "2024-01-01T00:00:00Z"}))
    assert fixes(advisories, zlib) == {}


def test_what_a_learner_loads_stands_for_it_from_when_it_was_published(advisories, tmp_path):
    zlib = package("Debian:12", "zlib1g", "1:1.2.13.dfsg-1", source="zlib")
    later = document("DEBIAN-CVE-2023-45853", "Debian:12", "zlib", events=("introduced 0", "fixed 1:1.3-1"), published="2025-01-01T00:00:00Z")
    advisories.update(zipped(tmp_path / "osv.zip", later | {"upstream": ["CVE-2023-45853"]}))
    assert fixes(advisories, zlib, known_at=day("2024-12-31")) == {"CVE-2023-45853": None}
    assert fixes(advisories, zlib, known_at=day("2025-01-01")) == {"CVE-2023-45853": "1:1.3-1"}


def test_a_learners_own_document_decides_over_all_others(advisories):
    own = document("MINE-1", "PyPI", "urllib3", events=("introduced 0", "fixed 9.9"), aliases=["CVE-2019-11324"])
    advisories.add(own)
    found = {match.vulnerability.id: match for match in matches(advisories, package("PyPI", "urllib3", "1.25"))}
    assert found["CVE-2019-11324"].fixed_in == "9.9"
    assert (found["CVE-2019-11324"].vulnerability.source, found["CVE-2019-11324"].vulnerability.advisory) == ("MINE", "MINE-1")
    assert found["CVE-2019-11324"].vulnerability.url == "https://github.com/advisories/GHSA-mh33-7rrq-662w"


def test_a_learners_own_document_can_be_written_anew(advisories):
    advisories.add(document("MINE-1", events=("introduced 0", "fixed 1.1")))
    advisories.add(document("MINE-1", events=("introduced 0", "fixed 1.2")))
    assert fixes(advisories, package("PyPI", "shop", "1.0")) == {"MINE-1": "1.2"}


def test_a_document_that_is_no_osv_is_refused_with_a_reason(advisories):
    with pytest.raises(osv.NotOsv, match="its id is missing"):
        advisories.add({})
    with pytest.raises(osv.NotOsv, match="kev_date_added is no time: 'soon'"):
        advisories.add(document("MINE-1", database_specific={"kev_date_added": "soon"}))
    assert advisories.count(EVER) == 104


def test_sources_that_disagree_stay_visible_and_the_first_decides(advisories):
    """urllib3 CVE-2021-33503: GitHub says from 1.25.4 on, the PyPA all versions before the fix."""
    told = sorted(advisories.sources("CVE-2021-33503", EVER), key=lambda source: merging.order(source[0]))
    assert [(advisory.id, said[0].entry["ranges"]) for advisory, said in told] == [
        ("GHSA-q2q7-5pp4-w6pg", [[["introduced", "1.25.4"], ["fixed", "1.26.5"]]]),
        ("PYSEC-2021-108", [[["introduced", "0"], ["fixed", "1.26.5"]]]),
    ]
    assert "CVE-2021-33503" not in fixes(advisories, package("PyPI", "urllib3", "1.25.3"))
    assert "CVE-2021-33503" in fixes(advisories, package("PyPI", "urllib3", "1.25.4"))


@pytest.mark.parametrize("name", ["CVE-2021-43818", "GHSA-55x5-fj6c-h6m8", "PYSEC-2021-852"])
def test_sources_are_found_by_any_of_their_names(advisories, name):
    assert {advisory.id for advisory, _ in advisories.sources(name, EVER)} == {"GHSA-55x5-fj6c-h6m8", "PYSEC-2021-852"}


def test_of_documents_with_one_id_the_one_that_counts_is_shown(advisories):
    advisories.add(document("PYSEC-2021-852", aliases=["CVE-2021-43818"]))
    assert {(advisory.id, advisory.origin) for advisory, _ in advisories.sources("CVE-2021-43818", EVER)} == {
        ("GHSA-55x5-fj6c-h6m8", CATALOGUE), ("PYSEC-2021-852", OWN),
    }  # fmt: skip


def test_nothing_is_known_of_an_unknown_name(advisories):
    assert advisories.sources("CVE-1999-0001", EVER) == []
    assert advisories.sources("CVE-2021-44228", day("2021-12-09")) == []


def test_packages_are_listed_by_ecosystem_with_or_without_its_release_and_by_name(advisories):
    def listed(**wanted):
        return {(said.ecosystem, said.package) for _, said in advisories.packages(EVER, **wanted)}

    assert {ecosystem for ecosystem, _ in listed(ecosystem="Debian")} == {"Debian:11", "Debian:12"}
    assert {ecosystem for ecosystem, _ in listed(ecosystem="Debian:12")} == {"Debian:12"}
    assert listed(package="zlib") == {("Debian:11", "zlib"), ("Debian:12", "zlib"), ("Alpine:v3.16", "zlib")}
    assert listed(package="PyYAML") == {("PyPI", "pyyaml")}
    assert listed(ecosystem="Deb") == set()


def test_a_rating_is_the_deciding_sources_own(tmp_path):
    """lxml CVE-2021-43818: GitHub rates MODERATE what scores 8.2."""
    with told(tmp_path) as advisories:
        [found] = [match for match in matches(advisories, package("PyPI", "lxml", "4.6.4")) if match.vulnerability.id == "CVE-2021-43818"]
        assert (found.vulnerability.rating, found.vulnerability.score) == ("MODERATE", 8.2)


def test_ubuntus_priority_is_its_rating(tmp_path):
    ubuntu = document("UBUNTU-CVE-2020-22222", "Ubuntu:22.04:LTS", "shop", upstream=["CVE-2020-22222"], severity=[{"type": "Ubuntu", "score": "low"}])
    with told(tmp_path, ubuntu) as advisories:
        [found] = matches(advisories, package("Ubuntu:22.04:LTS", "shop", "1-1"))
        assert (found.vulnerability.rating, found.vulnerability.score, found.vulnerability.source) == ("low", None, "UBUNTU")
        assert found.vulnerability.url == "https://ubuntu.com/security/CVE-2020-22222"


def test_a_document_without_a_date_of_publication_is_known_from_when_it_was_modified(tmp_path):
    dateless = document("MINE-1", modified="2022-02-02T00:00:00Z")
    del dateless["published"]
    unknown = document("MINE-2", modified="2022-02-02T00:00:00Z", published="0001-01-01T00:00:00Z")
    with told(tmp_path, dateless, unknown) as advisories:
        assert fixes(advisories, package("PyPI", "shop", "1"), known_at=day("2022-02-01")) == {}
        assert set(fixes(advisories, package("PyPI", "shop", "1"), known_at=day("2022-02-02"))) == {"MINE-1", "MINE-2"}


def test_the_longest_texts_are_cut_or_refused():
    assert len(osv.read(document("MINE-1", summary="x" * 5000)).body["summary"]) == 1000
    with pytest.raises(osv.NotOsv, match="an alias is too long"):
        osv.read(document("MINE-1", aliases=["x" * 5000]))


def test_loaded_documents_stay_when_the_catalogue_is_there_already(tmp_path):
    with Advisories(tmp_path / "advisories.sqlite") as first:
        first.update(zipped(tmp_path / "osv.zip", document("PYSEC-2020-1")))
    with Advisories(tmp_path / "advisories.sqlite") as second:
        assert [each.origin for each in second.on("PYSEC-2020-1", TODAY)] == [LOADED]
