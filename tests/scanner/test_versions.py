"""Versions, in the order of the packaging systems' own tests and specifications, and taken apart as Amazon Inspector shows them."""

from __future__ import annotations

import pytest

from localecr.scanner import versions
from localecr.scanner.versions import Parts, Unparsable

# Debian's order is judged by dpkg in test_debian_tools
ORDERED = {
    # apk-tools' test/version.data, what is special in it; suffixes after its src/version.c
    "Alpine:v3.20": [
        "0.01 < 0.06", "0.98 < 1.00", "1.00_beta2 < 1.39", "1.02 < 1.03-r1", "1.03-r1 < 1.12.12-r2", "1.05-r18 < 1.05-r19", "1.06-r6 < 006", "1.0.0 < 006",
        "1.07 < 1.07.5", "1.07-r1 < 1.07.5", "1.2.07.8 < 1.2.12.04", "1.2.12.04 < 1.2.12.05", "02.08.01b < 4.77", "013 < 014-r1", "021109-r3 < 20060512",
        "087-r1 < 103", "0.9.28-r2 < 0.9.28.1", "0.15.1b < 0.15.1b-r2", "1.7 < 1.7b", "2.5.1-r8 < 2.5.1a-r1", "1.1.7 < 6b-r7", "0.59s-r11 < 0.65",
        "0.1.0_alpha < 0.1.0_alpha2", "0.1.0_alpha < 0.1.3_alpha", "0.1.0_alpha_pre2 < 0.1.0_alpha", "1.1_alpha1 < 1.1", "1.2 < 1.3_alpha",
        "0.10.1_rc1 < 0.10.1", "2.1_pre20 < 2.1_pre26", "2.9.11_pre20051101 < 2.9.11_pre20051101-r3", "1.0.0_pre20191002222144-r0 < 1.0.0_pre20210530193627-r0",
        "1.8.5 < 1.8.5_p2", "3.1_p16 < 3.1_p17", "1.0_p9-r0 < 1.0_p10-r0", "4.5_p1 < 4.5_p1-r1", "1.3.5-r8 < 1.3.5-r10", "7.0.17 < 7.0.174",
        "1.2.4-r9 < 1.2.4_git20230717-r4", "1.2.4_git20230717-r4 < 1.2.5-r0", "1.2_git20230717 < 1.2_git20240101", "1.2_rc1 < 1.2_cvs",
        "1.2_cvs1 < 1.2_svn1", "1.2_svn1 < 1.2_git1", "1.2_git1 < 1.2_hg1", "1.2_hg1 < 1.2_p1", "1.2 < 1.2_cvs", "1.2.3 = 1.2.3", "1.2-r0 = 1.2",
    ],
    # PEP 440, "Summary of permitted suffixes and relative ordering"
    "PyPI": [
        "1.dev0 < 1.0.dev456", "1.0.dev456 < 1.0a1", "1.0a1 < 1.0a2.dev456", "1.0a2.dev456 < 1.0a12.dev456", "1.0a12.dev456 < 1.0a12", "1.0a12 < 1.0b1.dev456",
        "1.0b1.dev456 < 1.0b2", "1.0b2 < 1.0b2.post345.dev456", "1.0b2.post345.dev456 < 1.0b2.post345", "1.0b2.post345 < 1.0rc1.dev456",
        "1.0rc1.dev456 < 1.0rc1", "1.0rc1 < 1.0", "1.0 < 1.0+abc.5", "1.0+abc.5 < 1.0+abc.7", "1.0+abc.7 < 1.0+5", "1.0+5 < 1.0.post456.dev34",
        "1.0.post456.dev34 < 1.0.post456", "1.0.15 < 1.1.dev1", "2023.7.22 < 1!0.1", "1.0 = 1.0.0", "1.19 < 1.19.1", "5.1b7 < 5.1",
    ],
    # semver.org, 11: precedence
    "npm": [
        "1.0.0-alpha < 1.0.0-alpha.1", "1.0.0-alpha.1 < 1.0.0-alpha.beta", "1.0.0-alpha.beta < 1.0.0-beta", "1.0.0-beta < 1.0.0-beta.2",
        "1.0.0-beta.2 < 1.0.0-beta.11", "1.0.0-beta.11 < 1.0.0-rc.1", "1.0.0-rc.1 < 1.0.0", "1.9.0 < 1.10.0", "5.0.0-alpha.1 < 5.0.0-beta.3",
        "1.0.0+20130313144700 = 1.0.0", "1.0.0-beta+exp.sha.5114f85 = 1.0.0-beta", "v1.2.3 = 1.2.3",
    ],
    # Maven's ComparableVersion, its own tests
    "Maven": [
        "1 < 2", "1.5 < 2", "1 < 2.5", "1.0 < 1.1", "1.0.0 < 1.1", "1.0.1 < 1.1", "1.1 < 1.2.0", "1.0-alpha-1 < 1.0", "1.0-alpha-1 < 1.0-alpha-2",
        "1.0-alpha-1 < 1.0-beta-1", "1.0-beta-1 < 1.0-SNAPSHOT", "1.0-SNAPSHOT < 1.0", "1.0-alpha-1-SNAPSHOT < 1.0-alpha-1", "1.0 < 1.0-1", "1.0-1 < 1.0-2",
        "1.0.0 < 1.0-1", "2.0-1 < 2.0.1", "2.0.1-klm < 2.0.1-lmn", "2.0.1 < 2.0.1-xyz", "2.0.1 < 2.0.1-123", "2.0.1-xyz < 2.0.1-123",
        "1-alpha2 < 1-alpha-123", "1-alpha-123 < 1-beta-2", "1-beta123 < 1-m2", "1-m11 < 1-rc", "1-rc < 1-SNAPSHOT", "1-SNAPSHOT < 1", "1 < 1-sp", "1-sp < 1-abc",
        "1-def < 1-1-snapshot", "1-1-snapshot < 1-1", "1.0 = 1", "1.0.0 = 1-ga", "1-ga = 1-final", "1a1 = 1-alpha-1", "1-CR1 = 1-rc1",
        # and what advisories have
        "2.4 < 2.12.2", "2.0-beta9 < 2.0-rc1", "4.1.93.Final < 4.1.94.Final", "4.1.94.Final = 4.1.94", "5.2.19.RELEASE < 5.2.20.RELEASE", "2.12.6 < 2.12.6.1",
        "5.2.20.RELEASE = 5.2.20", "2.0.0.M1 = 2.0.0-M1", "2.0.0.RC1 < 2.0.0.RELEASE", "2.0-beta1 = 2.0.0.Beta1", "6.0.0.Alpha7 < 6.0.0.CR1",
        "6.0.0.CR1 < 6.0.0.SP1", "2.0.0-M2 < 2.0.0.RC1", "24.1-jre < 24.1.1-android", "24.1.1-android < 24.1.1-jre", "1.2.17 < 2.0",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("ecosystem", "ordered"), [(ecosystem, each) for ecosystem, rows in ORDERED.items() for each in rows])
def test_versions_are_in_their_packaging_systems_order(ecosystem, ordered):
    one, sign, other = ordered.split(" ")
    first, second = versions.parse(ecosystem, one), versions.parse(ecosystem, other)
    assert (first < second, second < first) == (sign == "<", False)


@pytest.mark.parametrize(
    ("ecosystem", "version"),
    [
        ("Debian:12", "v1.0"), ("Debian:12", "1.0-"), ("Debian:12", "1_0"), ("Debian:12", "١.0"), ("Debian:12", "1 0"), ("Debian:12", "1.0\n"),
        ("Alpine:v3.20", "1.2bc"), ("Alpine:v3.20", "1.2_foo"), ("Alpine:v3.20", "1.2-1"), ("Alpine:v3.20", "1:1.2"), ("Alpine:v3.20", "1.2-r"),
        ("PyPI", "2.x-dev"), ("PyPI", "1.0 0"), ("PyPI", "latest"), ("PyPI", "*"), ("PyPI", ">=1.0"),
        ("npm", "1.2"), ("npm", "1"), ("npm", "1.2.3.4"), ("npm", "01.2.3"), ("npm", "^1.2.3"), ("npm", "1.2.3-01"), ("npm", "file:../shop"),
        ("Maven", "[1.0,2.0)"), ("Maven", "${project.version} "), ("Maven", ""), ("PyPI", ""), ("npm", ""), ("Alpine", ""), ("Debian", ""),
        ("Maven", "1" * 257), ("PyPI", "1" * 100_000), ("npm", "1.2.3-" + "a." * 200 + "a"), ("Debian", "1" + "~" * 500),
        ("Go", "1.2.3"), ("RubyGems", "1.2.3"), ("", "1.0"),
    ],
)  # fmt: skip
def test_what_is_no_version_is_refused_and_never_mended(ecosystem, version):
    with pytest.raises(Unparsable):
        versions.parse(ecosystem, version)


def test_what_cannot_be_compared_is_said_in_a_sentence():
    with pytest.raises(Unparsable, match="'2.x-dev' is no version of PyPI"):
        versions.parse("PyPI", "2.x-dev")
    with pytest.raises(Unparsable, match="versions of Go can't be compared"):
        versions.parse("Go", "1.2.3")


# Samples of Amazon Inspector's findings: libssl3t64, libxml2, curl, bsdutils; and of its results on alpine:3.18.2 and node
@pytest.mark.parametrize(
    ("version", "manager", "parts"),
    [
        ("3.0.13-0ubuntu3.2", "OS", Parts(0, "3.0.13", "0ubuntu3.2")),
        ("2.9.14+dfsg-1.3~deb12u1", "OS", Parts(0, "2.9.14+dfsg", "1.3~deb12u1")),
        ("7.88.1-10+deb12u8", "OS", Parts(0, "7.88.1", "10+deb12u8")),
        ("1:2.38.1-5+b1", "OS", Parts(1, "2.38.1", "5+b1")),
        ("1:1.2.11.dfsg-2+deb11u1", "OS", Parts(1, "1.2.11.dfsg", "2+deb11u1")),
        ("2.0-rc1-2", "OS", Parts(0, "2.0-rc1", "2")),
        ("1.20.10", "OS", Parts(0, "1.20.10", None)),
        ("1.36.1-r15", "OS", Parts(0, "1.36.1", "r15")),
        ("1.2.4_git20230717-r4", "OS", Parts(0, "1.2.4_git20230717", "r4")),
        ("1!2.0", "PYTHONPKG", Parts(0, "1!2.0", None)),
        ("2.0.0-beta.1", "NODEPKG", Parts(0, "2.0.0-beta.1", None)),
        ("24.1.1-android", "JAR", Parts(0, "24.1.1-android", None)),
        ("not:a-version", "OS", Parts(0, "not:a", "version")),
        ("", "OS", Parts(0, "", None)),
        ("9" * 20 + ":1-1", "OS", Parts(0, "9" * 20 + ":1", "1")),
    ],
)
def test_a_version_is_taken_apart_as_inspector_shows_it(version, manager, parts):
    assert versions.split(version, manager) == parts


@pytest.mark.parametrize(
    ("fixed", "ecosystem", "shown"),
    [
        ("6.1.82-1", "Debian:12", "0:6.1.82-1"),
        ("3.0.13-0ubuntu3.4", "Ubuntu:24.04:LTS", "0:3.0.13-0ubuntu3.4"),
        ("1:1.2.11.dfsg-2+deb11u1", "Debian:11", "1:1.2.11.dfsg-2+deb11u1"),
        ("3.1.4-r0", "Alpine:v3.18", "3.1.4-r0"),
        ("2.0.1", "npm", "2.0.1"),
    ],
)
def test_a_fix_of_dpkgs_is_shown_with_its_epoch(fixed, ecosystem, shown):
    assert versions.with_epoch(fixed, ecosystem) == shown
