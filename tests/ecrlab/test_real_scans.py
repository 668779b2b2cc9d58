"""What a real scan of the course's own service looks like: waited for, as DataFrames, and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import localecr
from ecrlab import show
from ecrlab.errors import LabError
from ecrlab.local import LocalLab
from ecrlab.scans import Scan
from localecr.door import Door

SERVICE = Path(__file__).parents[2] / "notebooks" / "app" / "shop-api"
RULE = {"repositoryFilters": [{"filter": "shop", "filterType": "WILDCARD"}]}


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[LocalLab]:
    """A lab of its own, since its registry's scan type is changed, with the service upon Debian 11 in it."""
    state = tmp_path_factory.mktemp("scans")
    with pytest.MonkeyPatch.context() as patch, localecr.start(state, port=0, clock="2026-01-05T09:00:00Z"):
        patch.setenv("ECRLAB_ENGINE", "dockerless")
        lab = LocalLab(Door.find(state))
        uri = lab.client("ecr").create_repository(repositoryName="shop")["repository"]["repositoryUri"]
        lab.login()
        lab.docker.images.build(path=str(SERVICE), tag=f"{uri}:1.0", buildargs={"BASE": lab.base("debian:11")})
        lab.docker.images.push(uri, tag="1.0")
        yield lab


@pytest.fixture(scope="module")
def basic(lab) -> Scan:
    with pytest.raises(LabError, match="Nobody has asked for a scan of shop:1.0"):
        lab.scans.wait("shop", tag="1.0")
    lab.client("ecr").start_image_scan(repositoryName="shop", imageId={"imageTag": "1.0"})
    return lab.scans.wait("shop", tag="1.0", timeout=60)


@pytest.fixture(scope="module")
def enhanced(lab, basic) -> Scan:
    lab.client("ecr").put_registry_scanning_configuration(scanType="ENHANCED", rules=[RULE | {"scanFrequency": "CONTINUOUS_SCAN"}])
    return lab.scans.wait("shop", digest=basic.digest, timeout=60)


def test_both_types_come_to_their_own_end(basic, enhanced):
    assert (basic.type, basic.status) == ("BASIC", "COMPLETE")
    assert (enhanced.type, enhanced.status) == ("ENHANCED", "ACTIVE")
    assert sum(basic.counts.values()) == len(basic.findings) > 0
    assert sum(enhanced.counts.values()) == len(enhanced.findings) > len(basic.findings)


def test_the_scans_of_a_repository_are_told_with_what_nobody_looked_at(lab, enhanced):
    lab.client("ecr").create_repository(repositoryName="aside")
    image = lab.client("ecr").batch_get_image(repositoryName="shop", imageIds=[{"imageTag": "1.0"}])["images"][0]
    lab.docker.images.pull(f"{lab.registry()}/shop", tag="1.0").tag(f"{lab.registry()}/aside", "1.0")
    lab.docker.images.push(f"{lab.registry()}/aside", tag="1.0")
    assert {digest: scan.findings for digest, scan in lab.scans.of("shop").items()} == {enhanced.digest: enhanced.findings}
    assert lab.scans.of("aside") == {image["imageId"]["imageDigest"]: None}
    assert lab.scans.of("nowhere") == {}


def test_a_frame_has_the_versions_that_the_package_managers_write(lab, enhanced):
    frame = lab.scans.frame(enhanced)
    zlib = frame[(frame["package"] == "zlib1g") & (frame["vulnerability"] == "CVE-2022-37434")].iloc[0]
    assert (zlib["version"], zlib["fixed_in"], zlib["manager"]) == ("1:1.2.11.dfsg-2", "1:1.2.11.dfsg-2+deb11u2", "OS")
    openssl = frame[(frame["package"] == "openssl") & (frame["vulnerability"] == "CVE-2021-3711")].iloc[0]
    assert (openssl["version"], openssl["fixed_in"]) == ("1.1.1k-1", "1.1.1k-1+deb11u1")
    yaml = frame[(frame["package"] == "PyYAML") & (frame["vulnerability"] == "CVE-2020-14343")].iloc[0]
    assert (yaml["fixed_in"], yaml["manager"]) == ("5.4", "PYTHONPKG") and yaml["path"].endswith("dist-info/METADATA")


def test_the_pictures_tell_which_layer_brought_the_libraries(lab, enhanced):
    told = repr(show.layer_map(lab, "shop", tag="1.0", scan=enhanced, base=lab.base("debian:11"))).splitlines()
    (libraries,) = [line for line in told if "PyYAML" in line]
    assert [line.split()[2:4] for line in told[3:8]] == [["base", "image"]] * 2 + [["your", "Dockerfile"]] * 3
    assert "COPY dependencies/old/site-packages/" in libraries and "openssl" not in libraries


def test_basic_sees_no_library_and_enhanced_all_that_basic_sees(basic, enhanced):
    told = repr(show.comparison(basic, enhanced)).splitlines()[-1]
    assert "basic alone 0" in told and "(Python: " in told


def test_a_finding_of_either_type_is_read_to_its_end(basic, enhanced):
    assert "dpkg 1.20.9 (operating system)\n" in repr(show.finding(basic, "CVE-2022-1664"))
    assert "fixed in 1.20.10" in repr(show.finding(enhanced, "CVE-2022-1664"))


def test_an_sbom_lists_the_packages_and_which_has_which_vulnerability(lab, enhanced):
    document = lab.scans.sbom("shop", "1.0")
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.4")
    assert {"zlib1g", "PyYAML"} <= {each["name"] for each in document["components"]}
    assert {each["id"] for each in document["vulnerabilities"]} == set(lab.scans.frame(enhanced)["vulnerability"])


def test_of_what_inspector_did_not_scan_there_is_no_sbom(lab, enhanced):
    with pytest.raises(LabError, match="There is no SBOM of shop:9.9: .* enhanced scanning first"):
        lab.scans.sbom("shop", "9.9")
