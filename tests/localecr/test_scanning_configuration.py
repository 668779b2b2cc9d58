"""What is set for scanning, and what of it a repository gets. AWS: PutRegistryScanningConfiguration; "Filters to choose which repositories are scanned"."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awsapi import refused
from localecr import contract
from localecr.scanning.configuration import matches

ON_PUSH, CONTINUOUS, MANUAL = "SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"

# AWS's own table: a filter, and which of these names it chooses
NAMES = ("prod", "repo-prod", "prod-repo", "repo-prod-repo", "prodrepo")
TABLE = {
    "prod": ("prod", "repo-prod", "prod-repo", "repo-prod-repo", "prodrepo"),
    "*prod": ("prod", "repo-prod"),
    "prod*": ("prod", "prod-repo", "prodrepo"),
    "*prod*": ("prod", "repo-prod", "prod-repo", "repo-prod-repo", "prodrepo"),
    "prod*repo": ("prod-repo", "prodrepo"),
}


def rule(frequency, *filters):
    return {"scanFrequency": frequency, "repositoryFilters": [{"filter": each, "filterType": "WILDCARD"} for each in filters]}


@pytest.fixture
def account(free_repository):
    """An account in which nothing was ever set."""
    return str(int(free_repository[-8:], 16) + 500_000_000_000)


@pytest.fixture
def own(aws, account):
    return aws("ecr", account)


def frequencies(client):
    """(frequency, filters) of every repository, by name."""
    names = [each["repositoryName"] for each in client.describe_repositories()["repositories"]]
    told = client.batch_get_repository_scanning_configuration(repositoryNames=names)["scanningConfigurations"]
    return {each["repositoryName"]: (each["scanFrequency"], [one["filter"] for one in each["appliedScanFilters"]]) for each in told}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wildcard", TABLE)
def test_a_filter_chooses_what_awss_table_says(wildcard, name):
    assert matches(wildcard, name) == (name in TABLE[wildcard])


@pytest.mark.parametrize(
    ("wildcard", "name", "chosen"),
    [
        ("*", "anything/at-all", True),
        ("**", "web", True),
        ("team/*", "team/web", True),
        ("team/*", "my/team/web", False),
        ("team/", "my/team/web", True),
        ("*/web", "team/a/web", True),
        ("a*b*c", "a/b/b/c", True),
        ("a*b*c", "acb", False),
        ("web*web", "web", False),
        ("web*web", "webweb", True),
    ],
)
def test_a_wildcard_stands_for_any_run_of_characters_and_the_rest_for_itself(wildcard, name, chosen):
    assert matches(wildcard, name) == chosen


def test_a_filter_of_many_wildcards_takes_no_time():
    assert not matches("a*" * 127 + "b", "a" * 256)


def test_awss_table_holds_for_repositories(own):
    for name in NAMES:
        own.create_repository(repositoryName=name)
    for wildcard, chosen in TABLE.items():
        own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, wildcard)])
        assert frequencies(own) == {name: (ON_PUSH, [wildcard]) if name in chosen else (MANUAL, []) for name in NAMES}


def test_a_registry_begins_with_basic_scanning_and_no_rules(own, account):
    answer = own.get_registry_scanning_configuration()
    assert answer["registryId"] == account
    assert answer["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}


def test_what_is_put_is_told_back(own):
    rules = [rule(ON_PUSH, "prod", "*web")]
    assert own.put_registry_scanning_configuration(scanType="BASIC", rules=rules)["registryScanningConfiguration"] == {"scanType": "BASIC", "rules": rules}
    assert own.get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "BASIC", "rules": rules}


def test_rules_that_are_put_replace_those_that_were(own):
    own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, "prod")])
    own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, "test")])
    assert own.get_registry_scanning_configuration()["scanningConfiguration"]["rules"] == [rule(ON_PUSH, "test")]


def test_a_configuration_without_rules_takes_them_away(own):
    own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, "prod")])
    assert own.put_registry_scanning_configuration(scanType="BASIC")["registryScanningConfiguration"] == {"scanType": "BASIC", "rules": []}


def test_a_configuration_is_its_regions_alone(aws, own, account):
    own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, "prod")])
    assert aws("ecr", account, "eu-west-1").get_registry_scanning_configuration()["scanningConfiguration"]["rules"] == []


@pytest.mark.parametrize(
    ("scan_type", "frequencies", "sentence"),
    [
        ("BASIC", (CONTINUOUS,), "Scan frequency CONTINUOUS_SCAN can't be specified with scan type BASIC, which has SCAN_ON_PUSH"),
        ("BASIC", (MANUAL,), "Scan frequency MANUAL can't be specified with scan type BASIC, which has SCAN_ON_PUSH"),
        ("ENHANCED", (MANUAL,), "Scan frequency MANUAL can't be specified with scan type ENHANCED, which has CONTINUOUS_SCAN and SCAN_ON_PUSH"),
        ("BASIC", (ON_PUSH, ON_PUSH), "Scan frequency SCAN_ON_PUSH can't be specified in more than one rule"),
        ("ENHANCED", (CONTINUOUS, CONTINUOUS), "Scan frequency CONTINUOUS_SCAN can't be specified in more than one rule"),
        ("ENHANCED", (CONTINUOUS, ON_PUSH, ON_PUSH), "Member must have length less than or equal to 2"),
    ],
)
def test_a_rule_that_its_scan_type_does_not_have_is_refused_and_nothing_changes(own, scan_type, frequencies, sentence):
    with refused("InvalidParameterException", f"Invalid parameter at 'rules' failed to satisfy constraint: '{sentence}'"):
        own.put_registry_scanning_configuration(scanType=scan_type, rules=[rule(each, "*") for each in frequencies])
    assert own.get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}


@pytest.mark.parametrize("wildcard", ["Prod", "prod..x", "/prod", "prod-", "a b"])
def test_a_filter_that_no_repository_could_fit_is_refused(own, wildcard):
    with refused("InvalidParameterException"):
        own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, wildcard)])


def test_a_filter_that_would_keep_the_models_own_pattern_busy_for_ever_is_refused_at_once(own):
    with refused("InvalidParameterException"):
        own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, "a" * 254 + "!")])


@given(st.text("ab0*.-_/ A", max_size=9))
def test_filters_are_judged_as_the_models_pattern_judges_them(text):
    ((awss, ours),) = contract.WITHOUT_TURNING_BACK.items()
    assert awss == contract.model("ecr").shape_for("ScanningRepositoryFilterValue").metadata["pattern"]
    assert bool(re.fullmatch(ours, text)) == bool(re.fullmatch(awss, text))


def test_a_rule_has_at_most_a_hundred_filters(own):
    own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, *[f"a{number}" for number in range(100)])])
    with refused("InvalidParameterException"):
        own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, *[f"a{number}" for number in range(101)])])


def test_a_rule_without_filters_is_kept_and_chooses_nothing(own):
    own.create_repository(repositoryName="web")
    own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH)])
    assert frequencies(own) == {"web": (MANUAL, [])}


def test_every_filter_that_chooses_a_repository_is_told(own):
    own.create_repository(repositoryName="prod-web")
    own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, "prod", "test", "*web")])
    assert frequencies(own) == {"prod-web": (ON_PUSH, ["prod", "*web"])}


def test_a_repositorys_own_setting_scans_on_push_where_no_rule_does(own):
    own.create_repository(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})
    (told,) = own.batch_get_repository_scanning_configuration(repositoryNames=["web"])["scanningConfigurations"]
    assert told == {
        "repositoryArn": own.describe_repositories()["repositories"][0]["repositoryArn"],
        "repositoryName": "web",
        "scanOnPush": True,
        "scanFrequency": ON_PUSH,
        "appliedScanFilters": [],
    }


def test_a_repositorys_own_setting_is_changed_and_described(own, account):
    own.create_repository(repositoryName="web")
    for on_push in (True, False):
        answer = own.put_image_scanning_configuration(repositoryName="web", imageScanningConfiguration={"scanOnPush": on_push})
        assert (answer["registryId"], answer["repositoryName"], answer["imageScanningConfiguration"]) == (account, "web", {"scanOnPush": on_push})
        assert own.describe_repositories()["repositories"][0]["imageScanningConfiguration"] == {"scanOnPush": on_push}
        assert frequencies(own) == {"web": (ON_PUSH if on_push else MANUAL, [])}


def test_a_setting_that_says_nothing_is_no(own):
    own.create_repository(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})
    answer = own.put_image_scanning_configuration(repositoryName="web", imageScanningConfiguration={})
    assert answer["imageScanningConfiguration"] == {"scanOnPush": False}


def test_a_rule_leaves_a_repositorys_own_setting_as_it_is(own):
    own.create_repository(repositoryName="web")
    own.put_registry_scanning_configuration(scanType="BASIC", rules=[rule(ON_PUSH, "*")])
    (told,) = own.batch_get_repository_scanning_configuration(repositoryNames=["web"])["scanningConfigurations"]
    assert (told["scanOnPush"], told["scanFrequency"]) == (False, ON_PUSH)
    assert own.describe_repositories()["repositories"][0]["imageScanningConfiguration"] == {"scanOnPush": False}


def test_repositories_that_are_not_there_are_failures_beside_those_that_are(own):
    own.create_repository(repositoryName="web")
    answer = own.batch_get_repository_scanning_configuration(repositoryNames=["gone", "web", "web"])
    assert [each["repositoryName"] for each in answer["scanningConfigurations"]] == ["web"]
    assert answer["failures"] == [{"repositoryName": "gone", "failureCode": "REPOSITORY_NOT_FOUND", "failureReason": "REPOSITORY_NOT_FOUND"}]


def test_a_batch_has_at_most_25_names(own):
    with refused("InvalidParameterException"):
        own.batch_get_repository_scanning_configuration(repositoryNames=[f"web{number}" for number in range(26)])
