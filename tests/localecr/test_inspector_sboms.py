"""SBOMs: what is in an image, as CycloneDX 1.4. AWS: "Exporting SBOMs with Amazon Inspector". Judged by CycloneDX's own schema and by packageurl."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft7Validator, FormatChecker
from packageurl import PackageURL
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from awsapi import push, refused
from examined import ALPINE, APP, BASE, FLASK, OPENSSL, ZLIB, flaw, package
from localecr.door import DoorError
from localecr.inspector import exports
from localecr.scanner.model import Match
from specimens import image
from test_scanning_configuration import CONTINUOUS, rule

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SCHEMA = json.loads(Path(__file__).with_name("cyclonedx-1.4.schema.json").read_text("utf-8"))
# what the schema says of licences and signatures stands in other files; the lab's documents have neither
ABSENT = Resource.from_contents({"not": {}}, default_specification=DRAFT7)
REFERRED = [f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json" for name in ("spdx", "jsf-0.82")]


def judge(document):
    Draft7Validator(SCHEMA, registry=Registry().with_resources((uri, ABSENT) for uri in REFERRED), format_checker=FormatChecker()).validate(document)


@pytest.fixture
def export(inspected, door):
    """`export(criteria, keyPrefix=…)`: the answer to GetSbomExport, and what was written."""

    def make(criteria=None, **destination):
        inspected.cover()
        filtered = {"resourceFilterCriteria": criteria} if criteria else {}
        to = {"bucketName": "sboms", "kmsKeyArn": KEY} | destination
        report = inspected.inspector.create_sbom_export(reportFormat="CYCLONEDX_1_4", s3Destination=to, **filtered)["reportId"]
        told = inspected.inspector.get_sbom_export(reportId=report)
        told.pop("ResponseMetadata")
        return told, door.sboms(inspected.account, "us-east-1", report)

    return make


def test_an_image_is_told_with_its_packages_and_their_flaws(inspected, export, door):
    pushed = inspected.push()
    inspected.finds(pushed, OPENSSL, ZLIB, FLASK)
    told, (one,) = export()
    assert told["status"] == "SUCCEEDED"
    document = one["document"]
    judge(document)
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.4", 1)
    assert document["metadata"]["timestamp"] == f"{door.clock():%Y-%m-%dT%H:%M:%SZ}"
    assert {each["name"]: each["value"] for each in document["metadata"]["properties"]} == {
        "imageId": pushed, "architecture": "amd64", "accountId": inspected.account, "resourceType": "AWS_ECR_CONTAINER_IMAGE",
    }  # fmt: skip
    assert [(each["type"], each["name"], each["version"]) for each in document["components"]] == [
        ("application", "libssl3", "3.0.11-1~deb12u2"), ("application", "zlib1g", "1:1.2.13.dfsg-1"), ("library", "flask", "2.0.0"),
    ]  # fmt: skip
    refs = {each["bom-ref"]: each["name"] for each in document["components"]}
    assert all(re.fullmatch("[0-9a-f]{32}", ref) for ref in refs)
    assert {each["id"]: [refs[affected["ref"]] for affected in each["affects"]] for each in document["vulnerabilities"]} == {
        "CVE-2023-30861": ["flask"], "CVE-2023-45853": ["zlib1g"], "CVE-2024-6119": ["libssl3"],
    }  # fmt: skip
    assert [{each["name"]: each["value"] for each in component["properties"]}["layer"] for component in document["components"]] == [BASE, BASE, APP]


def test_a_key_is_the_one_that_aws_writes_and_the_file_lies_in_the_reports_folder(inspected, export, lab_state):
    pushed = inspected.push()
    inspected.finds(pushed, OPENSSL)
    told, (one,) = export(keyPrefix="reports/today/")
    report = f"CYCLONEDX_1_4_outputs_{told['reportId']}"
    name = f"arn:aws:ecr:us-east-1:{inspected.account}:repository_{inspected.name}_{pushed}_CYCLONEDX_1_4.json"
    assert one["key"] == f"reports/today/{report}/account={inspected.account}/resource=AWS_ECR_CONTAINER_IMAGE/{name}"
    (file,) = (lab_state / "exports" / told["reportId"]).iterdir()
    assert json.loads(file.read_text("utf-8")) == one["document"]


def test_repositories_whose_names_look_alike_have_a_file_each(inspected, export):
    names = [f"{inspected.name}/a", f"{inspected.name}_a"]
    for each in names:
        inspected.ecr.create_repository(repositoryName=each)
        push(inspected.ecr, each, image(inspected.name), "1.0")
        inspected.finds(image(inspected.name).digest, OPENSSL, repository=each)
    _, written = export()
    assert {each["document"]["metadata"]["component"]["name"] for each in written} == set(names)


@pytest.mark.parametrize(
    ("match", "system", "purl"),
    [
        (OPENSSL, None, PackageURL("deb", None, "libssl3", "3.0.11-1~deb12u2", {"arch": "amd64", "upstream": "openssl"})),
        (ZLIB, "debian", PackageURL("deb", "debian", "zlib1g", "1:1.2.13.dfsg-1", {"arch": "amd64", "distro": "debian-12", "upstream": "zlib"})),
        (
            Match(package("busybox", "1.36.1-r28", path="lib/apk/db/installed", arch="x86_64", source="busybox"), flaw("CVE-2023-42364"), None),
            "alpine",
            PackageURL("apk", "alpine", "busybox", "1.36.1-r28", {"arch": "x86_64", "distro": "alpine-3.20.3"}),
        ),
        (FLASK, "debian", PackageURL("pypi", None, "flask", "2.0.0")),
        (Match(package("@babel/traverse", "7.9.0", "NODEPKG"), flaw("CVE-2023-45133"), None), "alpine", PackageURL("npm", "@babel", "traverse", "7.9.0")),
        (
            Match(package("org.apache.logging.log4j:log4j-core", "2.14.1", "JAR"), flaw("CVE-2021-44228"), None),
            "debian",
            PackageURL("maven", "org.apache.logging.log4j", "log4j-core", "2.14.1"),
        ),
    ],
)
def test_a_package_has_the_url_of_the_specification(inspected, export, match, system, purl):
    known = {"alpine": {"system": ALPINE}, None: {"system": None}, "debian": {}}
    inspected.finds(inspected.push(), match, **known[system])
    _, (one,) = export()
    (component,) = one["document"]["components"]
    assert PackageURL.from_string(component["purl"]) == purl
    judge(one["document"])


def test_a_closed_finding_is_no_flaw_of_a_document_and_a_suppressed_one_is(inspected, export):
    pushed = inspected.push()
    inspected.finds(pushed, OPENSSL, ZLIB)
    inspected.inspector.create_filter(name="hide", action="SUPPRESS", filterCriteria={})
    inspected.finds(pushed, ZLIB)
    _, (one,) = export()
    assert [each["id"] for each in one["document"]["vulnerabilities"]] == ["CVE-2023-45853"]


def test_an_image_without_packages_is_a_document_too(inspected, export):
    inspected.finds(inspected.push())
    _, (one,) = export()
    judge(one["document"])
    assert (one["document"]["components"], one["document"]["vulnerabilities"]) == ([], [])


def test_images_are_chosen_by_repository_tag_and_resource(inspected, export):
    other = f"{inspected.name}/other"
    inspected.ecr.create_repository(repositoryName=other)
    one, two = inspected.push("1.0"), inspected.push("2.0")
    three = inspected.push("1.0", repository=other)
    for digest, repository in ((one, None), (two, None), (three, other)):
        inspected.finds(digest, OPENSSL, repository=repository)

    def chosen(**criteria):
        _, written = export({name: [{"comparison": comparison, "value": value}] for name, (comparison, value) in criteria.items()})
        return {each["document"]["metadata"]["component"]["version"] for each in written}

    assert chosen(ecrRepositoryName=("EQUALS", inspected.name)) == {one, two}
    assert chosen(ecrRepositoryName=("NOT_EQUALS", inspected.name)) == {three}
    assert chosen(ecrImageTags=("EQUALS", "1.0")) == {one, three}
    assert chosen(ecrImageTags=("EQUALS", "1.0"), ecrRepositoryName=("EQUALS", other)) == {three}
    assert chosen(resourceId=("EQUALS", f"arn:aws:ecr:us-east-1:{inspected.account}:repository/{inspected.name}/{two}")) == {two}
    assert chosen(resourceType=("EQUALS", "AWS_ECR_CONTAINER_IMAGE")) == {one, two, three}
    assert chosen(accountId=("EQUALS", inspected.account)) == {one, two, three}


@pytest.mark.parametrize(
    "criteria", [{"ec2InstanceTags": [{"comparison": "EQUALS", "key": "team"}]}, {"ecrImageTags": [{"comparison": "EQUALS", "value": "none"}]}]
)
def test_where_nothing_fits_the_report_has_failed(inspected, export, criteria):
    inspected.finds(inspected.push(), OPENSSL)
    told, written = export(criteria)
    assert (told["status"], told["errorCode"], written) == ("FAILED", "NO_FINDINGS_FOUND", [])
    assert told["filterCriteria"] == criteria


def test_what_is_not_watched_any_more_is_in_no_report(inspected, door):
    def written():
        to = {"bucketName": "sboms", "kmsKeyArn": KEY}
        report = inspected.inspector.create_sbom_export(reportFormat="CYCLONEDX_1_4", s3Destination=to)["reportId"]
        return inspected.inspector.get_sbom_export(reportId=report)["status"], len(door.sboms(inspected.account, "us-east-1", report))

    inspected.finds(inspected.push(), OPENSSL)
    inspected.cover()
    assert written() == ("SUCCEEDED", 1)
    inspected.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(CONTINUOUS, "elsewhere")])
    assert written() == ("FAILED", 0)
    inspected.cover()
    assert written() == ("SUCCEEDED", 1)
    inspected.inspector.disable(resourceTypes=["ECR"])
    assert written() == ("FAILED", 0)


def test_a_key_of_kms_must_at_least_be_one(inspected, export):
    inspected.finds(inspected.push(), OPENSSL)
    told, written = export(kmsKeyArn="secret")
    assert (told["status"], told["errorCode"], written) == ("FAILED", "MALFORMED_KMS_KEY", [])


def test_a_report_is_told_back_as_it_was_asked_for(inspected, export):
    inspected.finds(inspected.push(), OPENSSL)
    told, _ = export({"accountId": [{"comparison": "EQUALS", "value": inspected.account}]}, keyPrefix="a/b")
    report = told.pop("reportId")
    assert told == {
        "format": "CYCLONEDX_1_4", "status": "SUCCEEDED", "s3Destination": {"bucketName": "sboms", "kmsKeyArn": KEY, "keyPrefix": "a/b"},
        "filterCriteria": {"accountId": [{"comparison": "EQUALS", "value": inspected.account}]},
    }  # fmt: skip
    with refused("ValidationException", "The report is SUCCEEDED; only one that is in progress can be cancelled."):
        inspected.inspector.cancel_sbom_export(reportId=report)


@pytest.mark.parametrize(
    "destination",
    [
        {"bucketName": ".."}, {"bucketName": "../sboms"}, {"bucketName": "a/b"}, {"bucketName": "Big"}, {"bucketName": "a..b"}, {"bucketName": "x"},
        {"keyPrefix": "x" * 1025}, {"keyPrefix": "\N{CAT}" * 257},
    ],
)  # fmt: skip
def test_a_place_that_s3_has_not_is_refused(inspected, export, lab_state, destination):
    inspected.finds(inspected.push(), OPENSSL)
    exported = set((lab_state / "exports").rglob("*"))
    with refused("ValidationException"):
        export(**destination)
    assert set((lab_state / "exports").rglob("*")) == exported


@pytest.mark.parametrize(
    "prefix",
    ["../../elsewhere", "a/../../b", "/etc", "a\\..\\b", "a\x00b", "C:/windows", "reports/NUL.txt", "a /b", "Über uns", "\N{CAT}" * 256, "x" * 1024],
)  # fmt: skip
def test_whatever_a_prefix_says_the_files_lie_in_the_reports_folder(inspected, export, lab_state, prefix):
    inspected.finds(inspected.push(), OPENSSL)
    export()
    before = set(lab_state.rglob("*"))
    told, (one,) = export(keyPrefix=prefix)
    assert one["key"].startswith(f"{prefix}/CYCLONEDX_1_4_outputs_{told['reportId']}/")
    folder = lab_state / "exports" / told["reportId"]
    (file,) = folder.iterdir()
    assert {each for each in set(lab_state.rglob("*")) - before if "exports" in each.parts} == {folder, file}


def test_a_prefix_that_names_another_reports_files_mixes_with_nothing(inspected, export, door, lab_state):
    inspected.finds(inspected.push(), OPENSSL)
    first, (one,) = export()
    (file,) = (lab_state / "exports" / first["reportId"]).iterdir()
    report = f"CYCLONEDX_1_4_outputs_{first['reportId']}"
    for prefix in (report, f"{report}/more.json", f"{report}/{file.name}", first["reportId"], f"{first['reportId']}/{file.name}", one["key"]):
        told, (another,) = export(keyPrefix=prefix)
        assert another["key"].startswith(f"{prefix}/CYCLONEDX_1_4_outputs_{told['reportId']}/")
    assert door.sboms(inspected.account, "us-east-1", first["reportId"]) == [one]


def test_a_report_whose_files_are_gone_is_not_an_empty_one(inspected, export, door, lab_state):
    inspected.finds(inspected.push(), OPENSSL)
    told, _ = export()
    shutil.rmtree(lab_state / "exports" / told["reportId"])
    with pytest.raises(DoorError, match=f"The files of the report {told['reportId']} aren't in the lab's folder any more. Ask for another report."):
        door.sboms(inspected.account, "us-east-1", told["reportId"])


def test_others_change_things_while_a_report_is_written(inspected, export, monkeypatch):
    written = exports._write

    def writes_slowly(path, document):
        inspected.ecr.create_repository(repositoryName=f"{inspected.name}-meanwhile")  # which waits for the end of another's transaction
        written(path, document)

    monkeypatch.setattr(exports, "_write", writes_slowly)
    inspected.finds(inspected.push(), OPENSSL)
    assert export()[0]["status"] == "SUCCEEDED"


def test_spdx_is_not_built(inspected):
    with refused("NotImplemented"):
        inspected.inspector.create_sbom_export(reportFormat="SPDX_2_3", s3Destination={"bucketName": "sboms", "kmsKeyArn": KEY})


def test_a_report_that_is_not_there_is_not_found(inspected, aws, door, export):
    inspected.finds(inspected.push(), OPENSSL)
    report = export()[0]["reportId"]
    absent = "00000000-0000-0000-0000-000000000000"
    elsewhere, another = aws("inspector2", inspected.account, "eu-west-1"), aws("inspector2", "777788889999")
    for client, number in ((inspected.inspector, absent), (elsewhere, report), (another, report)):
        with refused("ResourceNotFoundException", f"There is no report {number}."):
            client.get_sbom_export(reportId=number)
    with pytest.raises(DoorError, match="There is no report"):
        door.sboms(inspected.account, "us-east-1", absent)
    with refused("ResourceNotFoundException"):
        inspected.inspector.cancel_sbom_export(reportId=absent)
