"""Amazon Inspector by the AWS CLI, versions 1 and 2. AWS CLI command reference, inspector2."""

from __future__ import annotations

import json

import pytest

import tools
from examined import FLASK, OPENSSL, ZLIB

VERSIONS = [pytest.param("aws_cli", id="1"), pytest.param("aws2_cli", id="2", marks=pytest.mark.aws2)]


def as_account(run: tools.Command, keys: dict[str, str]) -> tools.Command:
    """The same AWS CLI with the keys of another account."""
    own = {"AWS_ACCESS_KEY_ID": keys["access_key_id"], "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"]}
    return tools.Command(*run.program, environment=run.environment | own)


@pytest.fixture(params=VERSIONS)
def cli(request, inspected, door):
    """`cli("list-findings", …)`: what the CLI of either version prints for this test's account, read."""
    aws = as_account(request.getfixturevalue(request.param), door.keys(inspected.account))

    def told(*words, check=True):
        done = aws("inspector2", *words, "--output", "json", check=check)
        return json.loads(done.stdout) if check and done.stdout.strip() else done

    return told


def test_from_enabling_to_suppressing(cli, inspected):
    assert cli("enable", "--resource-types", "ECR")["accounts"][0]["status"] == "ENABLED"
    assert cli("batch-get-account-status")["accounts"][0]["resourceState"]["ecr"]["status"] == "ENABLED"
    pushed = inspected.push()
    inspected.finds(pushed, OPENSSL, ZLIB, FLASK)
    asked = '{"severity":[{"comparison":"EQUALS","value":"CRITICAL"}]}'
    (finding,) = cli("list-findings", "--filter-criteria", asked)["findings"]
    assert finding["title"] == "CVE-2023-45853 - zlib1g"
    ordered = cli("list-findings", "--sort-criteria", "field=SEVERITY,sortOrder=ASC", "--page-size", "1")["findings"]
    assert [each["severity"] for each in ordered] == ["MEDIUM", "HIGH", "CRITICAL"]
    arn = cli("create-filter", "--name", "hide-it", "--action", "SUPPRESS", "--filter-criteria", asked, "--tags", "team=shop")["arn"]
    assert inspected.statuses()["CVE-2023-45853"] == "SUPPRESSED"
    assert cli("list-filters", "--arns", arn)["filters"][0]["name"] == "hide-it"
    cli("tag-resource", "--resource-arn", arn, "--tags", "stage=live,cost=42")
    cli("untag-resource", "--resource-arn", arn, "--tag-keys", "team", "cost")
    assert cli("list-tags-for-resource", "--resource-arn", arn)["tags"] == {"stage": "live"}
    cli("update-filter", "--filter-arn", arn, "--action", "NONE")
    assert inspected.statuses()["CVE-2023-45853"] == "ACTIVE"
    assert cli("delete-filter", "--arn", arn)["arn"] == arn


def test_coverage_and_counts(cli, inspected):
    pushed = inspected.push()
    inspected.finds(pushed, OPENSSL, ZLIB)
    covered = cli("list-coverage", "--filter-criteria", '{"ecrRepositoryName":[{"comparison":"EQUALS","value":"%s"}]}' % inspected.name)["coveredResources"]
    assert {each["resourceType"] for each in covered} == {"AWS_ECR_REPOSITORY", "AWS_ECR_CONTAINER_IMAGE"}
    assert cli("list-coverage-statistics", "--group-by", "RESOURCE_TYPE")["totalCounts"] == 2
    (counted,) = cli("list-finding-aggregations", "--aggregation-type", "REPOSITORY")["responses"]
    assert counted["repositoryAggregation"]["severityCounts"]["all"] == 2
    cli("update-configuration", "--ecr-configuration", "rescanDuration=DAYS_30")
    assert cli("get-configuration")["ecrConfiguration"]["rescanDurationState"]["rescanDuration"] == "DAYS_30"


def test_a_refusal_is_printed(cli):
    said = cli("delete-filter", "--arn", "arn:aws:inspector2:us-east-1:111122223333:owner/1/filter/x", check=False)
    assert said.returncode != 0
    assert "(AccessDeniedException)" in said.stderr
    assert "(NotImplemented)" in cli("list-members", check=False).stderr
    assert "(ValidationException)" in cli("list-findings", "--starting-token", "bm9uc2Vuc2U=", check=False).stderr


def test_an_sbom_from_a_shell(aws_cli, inspected, door):
    """Version 1 alone, since a version 2 of a stable distribution may be older than SBOMs."""
    aws = as_account(aws_cli, door.keys(inspected.account))
    inspected.finds(inspected.push(), OPENSSL)
    inspected.cover()
    to = "bucketName=sboms,keyPrefix=mine,kmsKeyArn=arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    chosen = f"ecrRepositoryName=[{{comparison=EQUALS,value={inspected.name}}}]"
    words = ("create-sbom-export", "--report-format", "CYCLONEDX_1_4", "--resource-filter-criteria", chosen, "--s3-destination", to)
    report = json.loads(aws("inspector2", *words, "--output", "json").stdout)["reportId"]
    (one,) = door.sboms(inspected.account, "us-east-1", report)
    assert [each["name"] for each in one["document"]["components"]] == ["libssl3"]
