"""Findings drawn: as a table, one to its end, by severity, side by side, and by layer; in HTML and, saying the same, in text."""

from __future__ import annotations

import re
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from docker.errors import ImageNotFound

import scanned
from ecrlab import show, vectors
from ecrlab.errors import LabError
from ecrlab.findings import SEVERITIES
from ecrlab.show import severity
from registries import image
from scanned import BASIC, ENHANCED


def text_of(picture) -> str:
    """All text of a picture's HTML, which must be well formed."""
    root = ElementTree.fromstring(f"<div>{picture.html}</div>")
    return " ".join(" ".join(root.itertext()).split())


def alts(picture) -> list[str]:
    return re.findall(r'role="img" aria-label="([^"]*)"', picture.html)


def test_each_severity_has_a_word_and_a_shape_beside_its_colour():
    assert len({severity.word(each) for each in SEVERITIES}) == len(SEVERITIES)
    assert len({severity.SIGNS[each] for each in SEVERITIES[:5]}) == 5
    assert severity.word("CRITICAL") == "◆ CRITICAL" and ">CRITICAL</span>" in severity.mark("CRITICAL")


def test_findings_are_a_table_the_worst_first():
    drawn = show.findings(BASIC)
    assert repr(drawn).splitlines() == [
        "Findings of web:1.0 (basic scanning)",
        "Vulnerability   Severity     Score  Package  Version",
        "──────────────  ───────────  ─────  ───────  ───────────────",
        "CVE-2021-3711   ◆ CRITICAL     9.8  openssl  1.1.1k-1",
        "CVE-2023-45853  ? UNDEFINED      –  zlib     1:1.2.11.dfsg-2",
        "web:1.0: 2 findings (1 critical, 1 undefined).",
    ]
    assert "<caption" in drawn.html and "CVE-2021-3711" in text_of(drawn)


def test_enhanced_findings_say_where_it_is_fixed_and_which_layer_brought_it():
    rows = repr(show.findings(ENHANCED)).splitlines()
    assert rows[1].split() == ["Vulnerability", "Severity", "Score", "Package", "Version", "Fixed", "in", "Kind", "Layer"]
    assert "1.1.1k-1+deb11u1" in rows[3] and rows[3].endswith("b2b2b2b2b2b2")
    assert "(suppressed)" in rows[5] and "Python" in rows[5]
    assert "no fix yet" in rows[6]
    assert rows[-1] == "web:1.0: 3 findings (1 critical, 1 high, 1 untriaged)."


def test_one_finding_is_one():
    assert repr(show.findings(scanned.scan("BASIC", scanned.OPENSSL))).endswith("web:1.0: 1 finding (1 critical).")


def test_no_findings_and_not_looked_at_are_told_apart():
    assert repr(show.findings(scanned.scan("BASIC"))) == "web:1.0: no findings. The advisories that were used know of nothing in this image."
    unsupported = repr(show.findings(scanned.scan("BASIC", status="UNSUPPORTED_IMAGE", description="No operating system")))
    assert unsupported == "web:1.0: UNSUPPORTED_IMAGE. No operating system. Nobody has looked into this image: that isn't the same as finding nothing."


def test_one_finding_is_read_to_its_end():
    drawn = show.finding(BASIC, "CVE-2021-3711")
    text = repr(drawn)
    for said in (
        "What CVE-2021-3711 is about.", "◆ CRITICAL", "9.8 of 10 (CVSS 3.1)", "openssl 1.1.1k-1 (operating system)",
        "https://security-tracker.debian.org/tracker/CVE-2021-3711", "AV:N  Attack Vector", "From afar, over the network.",
    ):  # fmt: skip
        assert said in text
    assert '<a href="https://security-tracker.debian.org/tracker/CVE-2021-3711"' in drawn.html
    assert "From afar, over the network." in text_of(drawn)


def test_one_enhanced_finding_names_every_package_its_layer_and_its_fix():
    text = repr(show.finding(ENHANCED, "CVE-2021-3711"))
    assert "libssl1.1 1.1.1k-1 (operating system, var/lib/dpkg/status), from layer b2b2b2b2b2b2; fixed in 1.1.1k-1+deb11u1" in text
    assert "Package 2" in text and "9.8 of 10 (CVSS 3.1, by NVD)" in text


def test_what_nobody_scored_has_no_vector():
    assert "nobody has scored it" in repr(show.finding(BASIC, "CVE-2023-45853"))
    assert "no fix yet" in repr(show.finding(ENHANCED, "CVE-2023-45853"))


def test_a_finding_that_is_not_there_is_said():
    with pytest.raises(LabError, match="web:1.0 has no finding CVE-1999-0001. It has CVE-2021-3711, CVE-2023-45853"):
        show.finding(BASIC, "CVE-1999-0001")


def test_every_base_metric_of_cvss_3_has_words_of_ours():
    from cvss import constants3

    assert {key: set(meanings) for key, meanings in vectors.MEANINGS.items()} == {key: set(constants3.METRICS_VALUE_NAMES[key]) for key in constants3.METRICS_MANDATORY}


@pytest.mark.parametrize(
    ("vector", "version", "first"),
    [
        (scanned.VECTOR, "3.1", "Attack Vector"),
        ("AV:N/AC:L/Au:N/C:P/I:P/A:P", "2.0", "Access Vector"),
        ("CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "4.0", "Attack Vector"),
    ],
)
def test_vectors_of_every_version_are_taken_apart(vector, version, first):
    parts = vectors.metrics(vector)
    assert vectors.version(vector) == version and parts[0].name == first
    assert "/".join(part.written for part in parts) == vector.partition(f"CVSS:{version}/")[2] or vector


def test_a_vector_that_cannot_be_read_has_no_parts():
    assert vectors.metrics("who knows/AV:Z") == []


def test_severities_are_bars_with_their_numbers_in_words():
    drawn = show.severities({"before": ENHANCED, "after": scanned.scan("ENHANCED", ENHANCED.findings[2])})
    (alt,) = alts(drawn)
    assert alt == "Findings by severity. before: 1 critical, 1 high, 1 untriaged. after: 1 high."
    assert repr(drawn).splitlines() == [
        "Findings by severity",
        "Severity     before  after",
        "───────────  ──────  ─────",
        "◆ CRITICAL        1      0",
        "▲ HIGH            1      1",
        "■ MEDIUM          0      0",
        "● LOW             0      0",
        "? UNTRIAGED       1      0",
        alt,
    ]
    assert drawn.html.count("<pattern") and "url(#ecrlab-hatch-0)" in drawn.html  # not by colour alone


def test_an_image_that_was_not_looked_at_has_no_bars():
    drawn = show.severities({"scratch": scanned.scan("BASIC", status="UNSUPPORTED_IMAGE"), "debian": BASIC})
    assert alts(drawn) == ["Findings by severity. scratch: not looked at (UNSUPPORTED_IMAGE). debian: 1 critical, 1 undefined."]
    assert "not looked at" in text_of(drawn)


def test_of_no_scans_there_is_nothing_to_draw():
    assert repr(show.severities({})) == "No image was scanned yet, so nothing to draw."


def test_a_comparison_says_what_only_one_sees():
    text = repr(show.comparison(BASIC, ENHANCED)).splitlines()
    assert text[3].split()[:4] == ["CVE-2020-14343", "only", "enhanced", "–"]
    assert text[4].split() == ["CVE-2021-3711", "both", "◆", "CRITICAL", "openssl", "◆", "CRITICAL", "libssl1.1,", "openssl"]
    assert text[-1] == "Both see 2 vulnerabilities, basic alone 0, enhanced alone 1 (Python: 1)."
    assert "only enhanced" in text_of(show.comparison(BASIC, ENHANCED))


def test_what_was_not_looked_at_cannot_be_compared():
    text = repr(show.comparison(scanned.scan("BASIC", status="UNSUPPORTED_IMAGE"), ENHANCED))
    assert text.endswith("The basic scan ended with UNSUPPORTED_IMAGE: it hasn't looked into the image, so there is nothing to compare.")


@pytest.fixture
def layered(fake_lab):
    """An image of two layers, whose digests are those of the scans."""
    document = image(30, 20)
    document["layers"] = [{"digest": scanned.BASE, "size": 30}, {"digest": scanned.SERVICE, "size": 20}]
    ecr = fake_lab.client("ecr")
    ecr.put("web", document, "1.0")
    history = [{"created_by": "COPY debian /"}, {"created_by": "ENV X=1", "empty_layer": True}, {"created_by": "COPY site-packages /srv"}]
    ecr.configuration = {"history": history, "rootfs": {"diff_ids": ["sha256:debian", "sha256:libraries"]}}
    fake_lab.docker = SimpleNamespace(images=SimpleNamespace(get=local_image))
    return fake_lab


def local_image(name: str) -> SimpleNamespace:
    """What the engine has of an image, of which there are two."""
    unpacked = {"debian:11": ["sha256:debian"], "alpine:3.18": ["sha256:alpine"]}
    if name not in unpacked:
        raise ImageNotFound(name)
    return SimpleNamespace(attrs={"RootFS": {"Layers": unpacked[name]}})


def test_a_layer_map_says_which_step_brought_what(layered):
    drawn = show.layer_map(layered, "web", tag="1.0", scan=ENHANCED, base="debian:11")
    rows = repr(drawn).splitlines()
    assert rows[3].startswith("1 b2b2b2b2b2b2  base image       COPY debian /") and "1 critical, 1 untriaged" in rows[3] and "libssl1.1, openssl, zlib1g" in rows[3]
    assert rows[4].startswith("2 c3c3c3c3c3c3  your Dockerfile  COPY site-packages /srv") and "1 high" in rows[4] and rows[4].endswith("PyYAML")
    assert alts(drawn) == ["1 critical, 1 untriaged", "1 high"]
    assert "Layer 1 (base image, COPY debian /): 1 critical, 1 untriaged. Layer 2 (your Dockerfile, COPY site-packages /srv): 1 high." in text_of(drawn)


@pytest.mark.parametrize(
    ("base", "why"), [("alpine:3.18", "The image doesn't begin with the layers of alpine:3.18"), ("debian:12", "debian:12 isn't on this machine")]
)
def test_where_the_base_cannot_be_known_a_layer_map_says_nothing_of_it_and_why(layered, base, why):
    text = repr(show.layer_map(layered, "web", tag="1.0", scan=ENHANCED, base=base))
    assert "your Dockerfile" not in text and "From" not in text and why in text.splitlines()[-1]


def test_a_layer_that_is_there_twice_brings_its_findings_once(layered):
    document = image(30)
    document["layers"] = [{"digest": scanned.BASE, "size": 30}] * 2
    layered.client("ecr").put("web", document, "twice")
    rows = repr(show.layer_map(layered, "web", tag="twice", scan=scanned.scan("ENHANCED", *ENHANCED.findings[:2]), base="debian:11")).splitlines()
    assert "1 critical" in rows[3] and "none" in rows[4]


def test_a_basic_scan_has_no_layers_and_that_is_said(layered):
    text = repr(show.layer_map(layered, "web", tag="1.0", scan=BASIC, base="debian:11"))
    assert text.endswith("Basic scanning doesn't say which layer a package is in: for that it takes enhanced scanning.")


def test_another_images_scan_is_noticed(layered):
    elsewhere = scanned.scan("ENHANCED", scanned.enhanced("CVE-1", "LOW", 1.0, scanned.package("x", "1", layer="sha256:" + "d4" * 32)))
    assert "is the scan another image's?" in repr(show.layer_map(layered, "web", tag="1.0", scan=elsewhere, base="debian:11"))


def test_a_layer_map_of_nothing_says_so(fake_lab):
    assert repr(show.layer_map(fake_lab, "web", tag="1.0", scan=ENHANCED, base="debian:11")) == "There is no repository web here yet, so nothing to draw."


def test_only_an_address_of_the_web_is_a_link():
    """An advisory that was loaded, or written by somebody, may name anything."""
    linked = show.finding(scanned.scan("BASIC", scanned.OPENSSL), "CVE-2021-3711")
    assert f'href="{scanned.OPENSSL["uri"]}"' in linked.html
    drawn = show.finding(scanned.scan("BASIC", scanned.OPENSSL | {"uri": "javascript:alert(1)"}), "CVE-2021-3711")
    assert "href" not in drawn.html and "javascript:alert(1)" in text_of(drawn)
