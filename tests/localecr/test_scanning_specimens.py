"""Every specimen pushed to a registry, and what ECR and Amazon Inspector then say of it, against the table of what must be found (expected-findings.toml)."""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict

import building
import expecting
import pytest
from test_scanning_configuration import CONTINUOUS, rule

NAMES = sorted(name for name in expecting.table() if "arm64" not in name)
COMPLETE = {"status": "COMPLETE", "description": "The scan was completed successfully."}
UNSUPPORTED = "UnsupportedImageError: The operating system and/or package manager are not supported."


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return building.Shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def account(free_repository):
    """An account of this test's own."""
    return str(int(free_repository[-8:], 16) + 300_000_000_000)


@pytest.fixture
def client(aws, account):
    own = aws("ecr", account)
    yield own
    own.put_registry_scanning_configuration(scanType="BASIC", rules=[])


@pytest.fixture
def push(client, account, lab_endpoint, scanned):
    """`push(names, how)` makes a repository for each name, has `how(name, repository, log_in)` push to it, and waits for the scans."""
    token = client.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    username, _, password = base64.b64decode(token).decode().partition(":")
    registry = f"{lab_endpoint.url.removeprefix('http://')}/{account}.dkr.ecr.us-east-1.amazonaws.com"

    def everything(names, how):
        for name in names:
            client.create_repository(repositoryName=repository(name))
            how(name, f"{registry}/{repository(name)}", {"username": username, "password": password})
        scanned()

    return everything


def repository(name):
    return re.sub(r"[^a-z0-9.]+", "-", name)


def told(client, name):
    """The status and all findings of a specimen."""
    pages = list(client.get_paginator("describe_image_scan_findings").paginate(repositoryName=repository(name), imageId={"imageTag": "1"}))
    findings = [page.get("imageScanFindings", {}) for page in pages]
    return pages[0]["imageScanStatus"], [each for page in findings for each in (*page.get("findings", ()), *page.get("enhancedFindings", ()))]


def test_basic_scanning_finds_just_what_stands_in_the_table(client, push, shelf):
    client.put_registry_scanning_configuration(scanType="BASIC", rules=[rule("SCAN_ON_PUSH", "*")])
    push(NAMES, lambda name, repository, log_in: shelf.push(name, repository, "1", log_in))
    for name in NAMES:
        status, findings = told(client, name)
        assert status == (COMPLETE if expecting.is_supported(name) else {"status": "UNSUPPORTED_IMAGE", "description": UNSUPPORTED}), name
        found = []
        for finding in findings:
            said = {each["key"]: each["value"] for each in finding["attributes"]}
            found.append((finding["name"], finding["severity"], said["package_name"], said["package_version"]))
        assert sorted(found) == sorted((row.cve, row.basic, row.source, row.version) for row in expecting.rows(name) if row.basic), name


def test_enhanced_scanning_finds_just_what_stands_in_the_table(client, push, shelf):
    client.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(CONTINUOUS, "*")])
    push(NAMES, lambda name, repository, log_in: shelf.push(name, repository, "1", log_in))
    for name in NAMES:
        check_enhanced(client, name)


@pytest.mark.docker
def test_what_a_docker_engine_builds_of_the_same_contexts_has_the_same_findings(client, push, docker_engine, lab_endpoint):
    client.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(CONTINUOUS, "*")])
    public = f"{lab_endpoint.public_url.removeprefix('http://')}/public.ecr.aws/ecrlab"

    def build_and_push(name, repository, log_in):
        recipe = building.RECIPES[name]
        arguments = {argument: f"{public}/{base}" for argument, base in recipe.bases.items()} | recipe.arguments
        docker_engine.images.build(
            path=str(recipe.folder), dockerfile=recipe.dockerfile, buildargs=arguments, target=recipe.target, tag=f"{repository}:1", platform="linux/amd64"
        )
        try:
            assert "digest: sha256:" in docker_engine.images.push(repository, tag="1", auth_config=log_in)
        finally:
            docker_engine.images.remove(f"{repository}:1", force=True)

    services = ("shop-api:old", "shop-api:two-stage", "checkout:old", "search:1.0")
    push(services, build_and_push)
    for name in services:
        check_enhanced(client, name)


def check_enhanced(client, name):
    """What Inspector says of a specimen is what stands in the table, package by package."""
    _, findings = told(client, name)
    manifest = client.batch_get_image(repositoryName=repository(name), imageIds=[{"imageTag": "1"}])["images"][0]["imageManifest"]
    layers = {layer["digest"]: number for number, layer in enumerate(json.loads(manifest)["layers"])}
    found = {(each["packageVulnerabilityDetails"]["vulnerabilityId"], each["severity"]): vulnerable(each, layers) for each in findings}
    assert found == expected(name), name
    assert len(findings) == len(found)
    for finding in findings:
        mended = {package[3] != "NotAvailable" for package in vulnerable(finding, layers)}
        assert finding["fixAvailable"] == ("PARTIAL" if len(mended) == 2 else "YES" if True in mended else "NO")


def expected(name):
    """By vulnerability and severity its packages: name, version in full, manager, mended version, layer."""
    findings = defaultdict(set)
    for row in expecting.rows(name):
        for package in expecting.packages(name):
            if (package.name, package.layer) in row.packages and (package.manager == "OS" or package.version == row.version):
                mended = fixed(row.fixed_in, package.manager)
                findings[row.cve, row.enhanced].add((package.name, package.version, package.manager, mended, package.layer))
    return findings


def fixed(version, manager):
    """As Inspector tells it: Debian's with its epoch; Alpine's versions (1.2.3-r0) have none."""
    if version is None:
        return "NotAvailable"
    return f"0:{version}" if manager == "OS" and ":" not in version and not re.search(r"-r\d+$", version) else version


def vulnerable(finding, layers):
    """Name, version in full, manager, mended version and layer of each package of a finding."""
    packages = set()
    for each in finding["packageVulnerabilityDetails"]["vulnerablePackages"]:
        epoch, release = f"{each['epoch']}:" if each["epoch"] else "", f"-{each['release']}" if "release" in each else ""
        packages.add((each["name"], f"{epoch}{each['version']}{release}", each["packageManager"], each["fixedInVersion"], layers[each["sourceLayerHash"]]))
    return packages
