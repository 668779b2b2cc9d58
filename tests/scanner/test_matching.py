"""Which packages have which vulnerabilities, judged by the distributions' and the ecosystems' own rules, against the course's catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest
from telling import day, document, fixes, matches, package, problems, told

from localecr.scanner.advisories import Advisories


@pytest.fixture(scope="module")
def advisories(tmp_path_factory) -> Advisories:
    with Advisories(tmp_path_factory.mktemp("catalogue") / "advisories.sqlite") as opened:
        yield opened


def test_a_backport_is_fixed_in_the_distributions_version_although_upstream_fixed_it_later(advisories):
    """Upstream fixed CVE-2022-0778 in 1.1.1n; Debian 11 in 1.1.1k-1+deb11u2."""
    before = package("Debian:11", "libssl1.1", "1.1.1k-1+deb11u1", source="openssl")
    after = package("Debian:11", "libssl1.1", "1.1.1k-1+deb11u2", source="openssl")
    assert fixes(advisories, before)["CVE-2022-0778"] == "1.1.1k-1+deb11u2"
    assert "CVE-2022-0778" not in fixes(advisories, after)


def test_an_epoch_counts_before_all_that_follows_it(advisories):
    """zlib's versions in Debian have one: 1:1.2.11 is after any 9.9."""
    old = package("Debian:11", "zlib1g", "9.9.9", source="zlib")
    fixed = package("Debian:11", "zlib1g", "1:1.2.11.dfsg-2+deb11u2", source="zlib")
    assert set(fixes(advisories, old)) == {"CVE-2018-25032", "CVE-2022-37434"}
    assert fixes(advisories, fixed) == {}


def test_an_unfixed_vulnerability_is_found_in_every_version_and_names_no_fix(advisories):
    newest = package("Debian:12", "zlib1g", "1:1.2.13.dfsg-1", source="zlib")
    assert fixes(advisories, newest) == {"CVE-2023-45853": None}


def test_debian_is_looked_up_by_source_package_and_source_version(advisories):
    """libc-bin is of glibc; a rebuild's own version (+b1) is not the source's."""
    found = matches(advisories, package("Debian:12", "libc-bin", "99-1", source="glibc", source_version="2.36-9+deb12u3"))
    assert {match.vulnerability.id: match.fixed_in for match in found} == {"CVE-2023-6246": "2.36-9+deb12u4", "CVE-2024-2961": "2.36-9+deb12u6"}
    assert found[0].package.name == "libc-bin"


def test_a_package_without_a_source_of_its_own_is_its_source(advisories):
    assert "CVE-2022-1664" in fixes(advisories, package("Debian:11", "dpkg", "1.20.9"))


def test_another_release_has_other_fixes(advisories):
    assert "CVE-2022-1292" not in fixes(advisories, package("Debian:12", "openssl", "3.0.11-1~deb12u1"))
    assert fixes(advisories, package("Debian:12", "openssl", "3.0.11-1~deb12u1"))["CVE-2023-5363"] == "3.0.11-1~deb12u2"
    assert fixes(advisories, package("Debian:13", "openssl", "1.0")) == {}


def test_an_advisory_that_names_no_release_is_about_all_of_them(tmp_path: Path):
    with told(tmp_path, document("CVE-2020-22222", "Debian", "shop", events=("introduced 0", "fixed 2-1"))) as advisories:
        assert [fixes(advisories, package(release, "shop", "1-1")) for release in ("Debian:12", "Debian:13")] == [{"CVE-2020-22222": "2-1"}] * 2
        assert fixes(advisories, package("Ubuntu:22.04:LTS", "shop", "1-1")) == {}


def test_alpine_is_looked_up_by_origin(advisories):
    assert fixes(advisories, package("Alpine:v3.18", "libcrypto3", "3.1.3-r0", source="openssl")) == {"CVE-2023-5363": "3.1.4-r0"}


def test_alpine_has_no_epoch_and_counts_its_revision(advisories):
    assert fixes(advisories, package("Alpine:v3.14", "busybox", "1.33.1-r6")) == {"CVE-2022-28391": "1.33.1-r7"}
    assert fixes(advisories, package("Alpine:v3.14", "busybox", "1.33.1-r10")) == {}


def test_alpine_fixed_in_0_means_that_no_version_was_ever_affected(tmp_path: Path):
    never = document("ALPINE-CVE-2020-11111", "Alpine:v3.18", "openssl", events=("introduced 0", "fixed 0"))
    with told(tmp_path, never) as advisories:
        assert "CVE-2020-11111" not in fixes(advisories, package("Alpine:v3.18", "openssl", "0_alpha1"))
        assert "CVE-2020-11111" not in fixes(advisories, package("Alpine:v3.18", "openssl", "3.1.0-r0"))


def test_an_alias_pair_is_one_finding(tmp_path: Path):
    """GitHub's and the PyPA's document on one CVE; GitHub's decides."""
    github = document("GHSA-aaaa-bbbb-cccc", events=("introduced 1.2", "fixed 1.6"), aliases=["CVE-2020-22222", "PYSEC-2020-1"])
    pypa = document("PYSEC-2020-1", events=("introduced 0", "fixed 1.5"), aliases=["CVE-2020-22222", "GHSA-aaaa-bbbb-cccc"])
    with told(tmp_path, pypa, github) as advisories:
        [found] = matches(advisories, package("PyPI", "shop", "1.3"))
        assert (found.vulnerability.id, found.vulnerability.advisory, found.fixed_in) == ("CVE-2020-22222", "GHSA-aaaa-bbbb-cccc", "1.6")
        assert set(found.vulnerability.aliases) == {"GHSA-aaaa-bbbb-cccc", "PYSEC-2020-1"}
        assert matches(advisories, package("PyPI", "shop", "1.0")) == []  # where they disagree, too


def test_an_alias_of_an_alias_is_the_same_vulnerability(tmp_path: Path):
    """The PyPA names GitHub's document only, which names the CVE."""
    github = document("GHSA-aaaa-bbbb-cccc", name="another", aliases=["CVE-2020-22222"])
    pypa = document("PYSEC-2020-1", events=("introduced 0", "fixed 1.5"), aliases=["GHSA-aaaa-bbbb-cccc"])
    with told(tmp_path, pypa, github) as advisories:
        assert fixes(advisories, package("PyPI", "shop", "1.0")) == {"CVE-2020-22222": "1.5"}


def test_a_bulletin_about_two_cves_is_two_findings_and_makes_them_no_aliases(tmp_path: Path):
    bulletin = document("DSA-1-1", "Debian:12", "shop", events=("introduced 0", "fixed 2-1"), upstream=["CVE-2020-22222", "CVE-2020-33333"])
    tracker = document("DEBIAN-CVE-2020-33333", "Debian:12", "shop", events=("introduced 0", "fixed 1-1"), upstream=["CVE-2020-33333"])
    with told(tmp_path, bulletin, tracker) as advisories:
        found = matches(advisories, package("Debian:12", "shop", "0-1"))
        assert [(m.vulnerability.id, m.vulnerability.advisory, m.fixed_in, m.vulnerability.aliases) for m in found] == [
            ("CVE-2020-22222", "DSA-1-1", "2-1", ()),
            ("CVE-2020-33333", "DEBIAN-CVE-2020-33333", "1-1", ()),
        ]
        # the tracker's page on the one CVE decides over the bulletin
        assert [m.vulnerability.id for m in matches(advisories, package("Debian:12", "shop", "1-1"))] == ["CVE-2020-22222"]


def test_what_has_no_cve_goes_by_githubs_id_or_its_own(tmp_path: Path):
    malicious = document("MAL-2020-1", aliases=["GHSA-aaaa-bbbb-cccc"])
    alone = document("PYSEC-2020-2")
    with told(tmp_path, malicious, alone) as advisories:
        assert set(fixes(advisories, package("PyPI", "shop", "1.0"))) == {"GHSA-aaaa-bbbb-cccc", "PYSEC-2020-2"}


def test_last_affected_is_affected_and_the_next_is_not(advisories):
    assert fixes(advisories, package("Maven", "log4j:log4j", "1.2.17")) == {"CVE-2019-17571": None}
    assert fixes(advisories, package("Maven", "log4j:log4j", "1.2.18")) == {}


def test_of_several_ranges_the_one_that_the_version_lies_in_names_the_fix(advisories):
    log4j = "org.apache.logging.log4j:log4j-core"
    assert fixes(advisories, package("Maven", log4j, "2.3"))["CVE-2021-44228"] == "2.3.1"
    assert fixes(advisories, package("Maven", log4j, "2.11.0"))["CVE-2021-44228"] == "2.12.2"
    assert fixes(advisories, package("Maven", log4j, "2.14.1"))["CVE-2021-44228"] == "2.15.0"
    assert "CVE-2021-44228" not in fixes(advisories, package("Maven", log4j, "2.12.2"))


def test_events_of_a_range_may_come_in_any_order(tmp_path: Path):
    muddled = document("CVE-2020-22222", events=("fixed 2.5", "introduced 2.0", "fixed 1.5", "introduced 1.0"))
    with told(tmp_path, muddled) as advisories:
        found = {version: fixes(advisories, package("PyPI", "shop", version)) for version in ("0.9", "1.2", "1.7", "2.2", "3")}
        assert found == {"0.9": {}, "1.2": {"CVE-2020-22222": "1.5"}, "1.7": {}, "2.2": {"CVE-2020-22222": "2.5"}, "3": {}}


def test_a_version_in_two_ranges_is_fixed_where_it_leaves_the_last(tmp_path: Path):
    twice = document("CVE-2020-22222", events=("introduced 0", "fixed 1.5"))
    twice["affected"].append(document("x", events=("introduced 1.0", "fixed 1.7"))["affected"][0])
    with told(tmp_path, twice) as advisories:
        assert fixes(advisories, package("PyPI", "shop", "1.2")) == {"CVE-2020-22222": "1.7"}


def test_nothing_from_the_highest_limit_on_is_affected(tmp_path: Path):
    bounded = document("CVE-2020-22222", events=("introduced 0", "limit 1.2", "limit 1.5", "introduced 1.7"))
    with told(tmp_path, bounded) as advisories:
        assert fixes(advisories, package("PyPI", "shop", "1.3")) == {"CVE-2020-22222": None}
        assert fixes(advisories, package("PyPI", "shop", "1.5")) == fixes(advisories, package("PyPI", "shop", "1.8")) == {}


def test_a_limit_of_a_star_is_none(tmp_path: Path):
    """OSV: an asterisk represents infinity."""
    with told(tmp_path, document("CVE-2020-22222", events=("introduced 0", "fixed 1.5", "limit *", "limit 1.2"))) as advisories:
        assert fixes(advisories, package("PyPI", "shop", "1.3")) == {"CVE-2020-22222": "1.5"}
        assert problems(advisories, package("PyPI", "shop", "1.3")) == []


def test_a_version_that_is_listed_is_affected(tmp_path: Path):
    listing = document("CVE-2020-22222", events=("introduced 2.0", "fixed 2.5"))
    listing["affected"][0]["versions"] = ["1.1", "next-generation"]
    with told(tmp_path, listing) as advisories:
        assert fixes(advisories, package("PyPI", "shop", "1.1")) == {"CVE-2020-22222": "2.5"}
        assert fixes(advisories, package("PyPI", "shop", "next-generation")) == {"CVE-2020-22222": None}
        assert fixes(advisories, package("PyPI", "shop", "1.2")) == {}


def test_commits_are_not_compared(tmp_path: Path):
    commits = document("CVE-2020-22222")
    commits["affected"][0]["ranges"] = [{"type": "GIT", "repo": "https://example.com/shop", "events": [{"introduced": "0"}]}]
    with told(tmp_path, commits) as advisories:
        assert fixes(advisories, package("PyPI", "shop", "1.0")) == {}


def test_a_tilde_is_before_the_end_and_a_plus_after_it(tmp_path: Path):
    fixed = document("CVE-2020-22222", "Debian:12", "shop", events=("introduced 0", "fixed 1.0-1"))
    with told(tmp_path, fixed) as advisories:
        assert fixes(advisories, package("Debian:12", "shop", "1.0~rc1-1")) == {"CVE-2020-22222": "1.0-1"}
        assert fixes(advisories, package("Debian:12", "shop", "1.0-1~deb12u1")) == {"CVE-2020-22222": "1.0-1"}
        assert fixes(advisories, package("Debian:12", "shop", "1.0-1+b1")) == {}
        assert fixes(advisories, package("Debian:12", "shop", "1.0-1+deb12u1")) == {}


def test_a_version_that_cannot_be_compared_is_a_problem_and_no_match(advisories):
    strange = package("PyPI", "requests", "2.x-dev")
    assert fixes(advisories, strange) == {}
    [problem] = problems(advisories, strange, strange)
    assert (problem.subject, problem.reason) == ("requests 2.x-dev", "'2.x-dev' is no version of PyPI")


def test_a_range_that_cannot_be_compared_is_a_problem_and_the_others_count(tmp_path: Path):
    broken = document("CVE-2020-22222", events=("introduced 0", "fixed soon"))
    broken["affected"].append(document("x", events=("introduced 1.0", "fixed 1.7"))["affected"][0])
    with told(tmp_path, broken) as advisories:
        assert fixes(advisories, package("PyPI", "shop", "1.2")) == {"CVE-2020-22222": "1.7"}
        assert fixes(advisories, package("PyPI", "shop", "0.2")) == {}
        [problem] = problems(advisories, package("PyPI", "shop", "0.2"))
        assert (problem.subject, problem.reason) == ("CVE-2020-22222 on shop", "'soon' is no version of PyPI")


def test_a_library_that_the_operating_system_owns_follows_the_operating_systems_advisory_only(advisories):
    owned = package("PyPI", "urllib3", "1.24.1", owner="python3-urllib3")
    assert fixes(advisories, owned) == {}
    assert "CVE-2019-11324" in fixes(advisories, package("PyPI", "urllib3", "1.24.1"))


def test_an_operating_system_that_nobody_publishes_advisories_for_has_none(advisories):
    assert fixes(advisories, package(None, "openssl", "1.0")) == {}


def test_a_python_package_is_the_same_however_its_name_is_spelt(advisories):
    assert fixes(advisories, package("PyPI", "PyYAML", "5.3.1")) == {"CVE-2020-14343": "5.4"}


def test_in_a_name_of_npm_every_letter_counts(advisories):
    assert "CVE-2021-23337" in fixes(advisories, package("npm", "lodash", "4.17.20"))
    assert fixes(advisories, package("npm", "Lodash", "4.17.20")) == {}


def test_what_was_published_later_is_not_known_yet(advisories):
    log4j = package("Maven", "org.apache.logging.log4j:log4j-core", "2.14.1")
    assert fixes(advisories, log4j, known_at=day("2021-12-09")) == {}
    assert fixes(advisories, log4j, known_at=day("2021-12-10")) == {"CVE-2021-44228": "2.15.0"}
    assert set(fixes(advisories, log4j, known_at=day("2021-12-14"))) == {"CVE-2021-44228", "CVE-2021-45046"}


def test_that_attackers_use_it_is_known_from_when_it_was_told(advisories):
    log4j = package("Maven", "org.apache.logging.log4j:log4j-core", "2.15.0")
    [before] = matches(advisories, log4j, known_at=day("2023-04-30"))
    [after] = matches(advisories, log4j, known_at=day("2023-05-01"))
    assert (before.vulnerability.exploited_since, before.vulnerability.has_exploit) == (None, False)
    assert (after.vulnerability.exploited_since, after.vulnerability.has_exploit) == ("2023-05-01", True)


def test_when_its_publisher_changed_it_is_told_where_that_is_known(advisories, tmp_path):
    """The course's documents carry the date of the course's change, which is nobody else's."""
    [course, *_] = matches(advisories, package("PyPI", "requests", "2.19"), known_at=day("2030-01-01"))
    assert course.vulnerability.modified == course.vulnerability.published == day("2018-10-29")
    with told(tmp_path, document("PYSEC-2020-1", modified="2021-06-01T00:00:00Z")) as others:
        shop = package("PyPI", "shop", "1.0")
        assert [each.vulnerability.modified for each in matches(others, shop)] == [day("2021-06-01")]
        assert [each.vulnerability.modified for each in matches(others, shop, known_at=day("2020-06-01"))] == [day("2020-01-01")]


def test_what_was_withdrawn_is_gone_from_then_on(tmp_path: Path):
    with told(tmp_path, document("CVE-2020-22222", withdrawn="2022-01-01T00:00:00Z")) as advisories:
        shop = package("PyPI", "shop", "1.0")
        assert "CVE-2020-22222" in fixes(advisories, shop, known_at=day("2021-12-31"))
        assert fixes(advisories, shop, known_at=day("2022-01-01")) == {}


def test_of_two_documents_the_one_that_is_known_decides(tmp_path: Path):
    pypa = document("PYSEC-2020-1", events=("introduced 0", "fixed 1.5"), aliases=["CVE-2020-22222"])
    github = document("GHSA-aaaa-bbbb-cccc", events=("introduced 0", "fixed 1.6"), aliases=["CVE-2020-22222"], published="2021-01-01T00:00:00Z")
    with told(tmp_path, pypa, github) as advisories:
        shop = package("PyPI", "shop", "1.0")
        assert fixes(advisories, shop, known_at=day("2020-06-01")) == {"CVE-2020-22222": "1.5"}
        assert fixes(advisories, shop, known_at=day("2021-06-01")) == {"CVE-2020-22222": "1.6"}


def test_matches_come_by_vulnerability_and_then_in_the_inventorys_order(advisories):
    packages = [package("Debian:12", name, "2.36-9", source="glibc") for name in ("libc-bin", "libc6")]
    found = [(match.vulnerability.id, match.package.name) for match in matches(advisories, *packages)]
    assert found == [(id, name) for id in ("CVE-2023-4911", "CVE-2023-6246", "CVE-2024-2961") for name in ("libc-bin", "libc6")]


def test_what_the_deciding_document_leaves_out_another_may_say(tmp_path: Path):
    """Debian's tracker publishes no scores; GitHub's document on the same CVE has one."""
    debian = document("DEBIAN-CVE-2020-22222", "Debian:12", "shop", upstream=["CVE-2020-22222"])
    debian["affected"][0]["ecosystem_specific"] = {"urgency": "low"}
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"
    github = document("GHSA-aaaa-bbbb-cccc", aliases=["CVE-2020-22222"], summary="It stops.", severity=[{"type": "CVSS_V3", "score": vector}])
    github["database_specific"] = {"severity": "HIGH"}
    with told(tmp_path, debian, github) as advisories:
        [found] = matches(advisories, package("Debian:12", "shop", "1-1"))
        flaw = found.vulnerability
        assert (flaw.source, flaw.advisory, flaw.rating) == ("DEBIAN", "DEBIAN-CVE-2020-22222", "low")
        assert (flaw.vector, flaw.score, flaw.score_source, flaw.summary) == (vector, 7.5, "GITHUB", "It stops.")
