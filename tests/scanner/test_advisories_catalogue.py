"""The course's own advisories: OSV by its schema, readable by a learner, each fact with where it was read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from localecr.scanner import osv, severity, sources, versions
from localecr.scanner.advisories import catalogue

SCHEMA = json.loads((Path(__file__).parent / "osv-schema-1.7.5.json").read_text())
DOCUMENTS = {name: json.loads(text) for name, text in catalogue.texts()}
NOTICE = (catalogue.FOLDER / "NOTICE.md").read_text("utf-8")

every_document = pytest.mark.parametrize("name", DOCUMENTS)


def cve(document: dict) -> str:
    [found] = [name for name in (*document.get("aliases", ()), *document.get("upstream", ())) if name.startswith("CVE-")]
    return found


@every_document
def test_it_is_osv_by_the_schema(name):
    jsonschema.Draft202012Validator(SCHEMA).validate(DOCUMENTS[name])


@every_document
def test_it_lies_where_its_ecosystem_and_its_id_say(name):
    document = DOCUMENTS[name]
    families = {versions.family(each["package"]["ecosystem"]) for each in document["affected"]}
    assert {f"{family}/{document['id']}.json" for family in families} == {name}


@every_document
def test_it_is_about_one_cve_and_says_where_each_fact_was_read(name):
    document = DOCUMENTS[name]
    assert re.fullmatch(r"CVE-\d{4}-\d{4,}", cve(document))
    assert document["database_specific"]["verified_from"]
    assert [each["url"] for each in document["references"] if each["type"] == "ADVISORY"]


@every_document
def test_its_summary_is_one_or_two_sentences(name):
    summary = DOCUMENTS[name]["summary"]
    assert 60 < len(summary) < 260
    assert 1 <= len(re.findall(r"[.](?:\s|$)", summary)) <= 2 and summary.endswith(".")
    assert "!" not in summary and "CVSS" not in summary


@every_document
def test_its_vector_can_be_scored_and_says_who_scored(name):
    document = DOCUMENTS[name]
    for vector in document.get("severity", ()):
        assert 0 < severity.score(vector["score"]) <= 10
        assert document["database_specific"]["cvss_source"] in ("NVD", "GITHUB", "PYPA", "CISA-ADP", "REDHAT")


@every_document
def test_its_ranges_go_upwards_in_versions_that_can_be_compared(name):
    document = osv.read(DOCUMENTS[name])
    assert document.affected
    for each in document.affected:
        assert each.entry["ranges"]
        for events in each.entry["ranges"]:
            bounds = [versions.parse(each.ecosystem, version) for what, version in events if (what, version) != ("introduced", "0")]
            assert events[0][0] == "introduced"
            assert all(one < other for one, other in zip(bounds, bounds[1:], strict=False))


def test_it_holds_127_facts_on_90_cves_and_three_second_opinions():
    facts = [(document["id"], each["package"]["ecosystem"], each["package"]["name"]) for document in DOCUMENTS.values() for each in document["affected"]]
    assert len(facts) == len(set(facts)) == 127 + 3
    assert len({cve(document) for document in DOCUMENTS.values()}) == 90
    twice = [cve(document) for name, document in DOCUMENTS.items() if name.startswith("PyPI/PYSEC")]
    reviewed = [cve(document) for name, document in DOCUMENTS.items() if name.startswith("PyPI/GHSA")]
    assert set(twice) & set(reviewed) == {"CVE-2021-33503", "CVE-2021-43818", "CVE-2020-14343"}


def test_what_is_said_of_a_cve_is_said_in_the_same_words_everywhere_and_of_no_other():
    said = {(cve(document), document["summary"]) for document in DOCUMENTS.values()}
    assert len(said) == len({flaw for flaw, _ in said}) == len({summary for _, summary in said}) == 90


def test_the_notice_credits_each_source_with_its_licence():
    for source in {sources.of(document["id"]) for document in DOCUMENTS.values()}:
        assert source.title in NOTICE or source.title.split()[0] in NOTICE
        assert (source.licence or "credited to") in NOTICE


def test_a_document_that_is_no_osv_would_be_noticed():
    spoilt = DOCUMENTS["PyPI/PYSEC-2021-108.json"] | {"published": "29 June 2021"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(spoilt)
    with pytest.raises(osv.NotOsv):
        osv.read(spoilt)
