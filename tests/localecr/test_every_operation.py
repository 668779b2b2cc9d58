"""Each operation that is built, and the test in which its effect shows through another operation or the other door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from localecr.gateway import OPERATIONS as REGISTRIES
from localecr.inspector.operations import OPERATIONS as INSPECTORS

OPERATIONS = REGISTRIES | {"inspector2": INSPECTORS}
SHOWN = {
    "ecr": {
        "BatchCheckLayerAvailability": "test_layers.py::test_layers_pushed_over_http_are_available",
        "BatchDeleteImage": "test_deletion.py::test_deleting_by_digest_deletes_the_image_with_all_its_tags",
        "BatchGetImage": "test_images.py::test_what_docker_puts_the_api_gets_byte_for_byte",
        "BatchGetRepositoryScanningConfiguration": "test_scanning_configuration.py::test_a_repositorys_own_setting_is_changed_and_described",
        "CompleteLayerUpload": "test_layers.py::test_a_layer_in_three_parts_is_whole_over_http",
        "CreateRepository": "test_repositories.py::test_a_created_repository_takes_pushes_over_http",
        "DeleteRegistryPolicy": "test_policies.py::test_a_registrys_policy_is_kept_told_back_and_deleted",
        "DeleteRepository": "test_repositories.py::test_a_deleted_repository_is_gone_from_both_doors",
        "DeleteRepositoryPolicy": "test_permissions.py::test_an_explicit_deny_wins_over_every_allow_the_administrators_too",
        "DescribeImageScanFindings": "test_scanning_basic.py::test_a_push_is_scanned_and_told_field_by_field",
        "DescribeImages": "test_descriptions.py::test_an_image_is_described_once_with_all_its_tags",
        "DescribeRegistry": "test_repositories.py::test_the_registry_describes_itself",
        "DescribeRepositories": "test_repositories.py::test_what_was_asked_at_creation_is_described",
        "GetAccountSetting": "test_policies.py::test_a_setting_is_kept_for_its_region",
        "GetAuthorizationToken": "test_tokens.py::test_a_token_is_a_password_for_the_user_aws",
        "GetDownloadUrlForLayer": "test_layers.py::test_a_download_url_gives_the_layer_to_whoever_holds_it",
        "GetRegistryPolicy": "test_policies.py::test_a_registrys_policy_is_kept_told_back_and_deleted",
        "GetRegistryScanningConfiguration": "test_scanning_configuration.py::test_what_is_put_is_told_back",
        "GetRepositoryPolicy": "test_policies.py::test_a_policy_is_kept_told_back_as_ecr_prints_it_and_deleted",
        "InitiateLayerUpload": "test_layers.py::test_an_upload_is_visible_through_the_other_door_while_it_grows",
        "ListImageReferrers": "test_referrers.py::test_what_docker_pushes_with_a_subject_the_api_lists",
        "ListImages": "test_descriptions.py::test_images_are_listed_by_digest_and_tag",
        "ListTagsForResource": "test_resource_tags.py::test_tags_given_at_creation_are_listed",
        "PutAccountSetting": "test_policies.py::test_a_registry_that_does_not_mount_has_layers_sent_again",
        "PutImage": "test_images.py::test_what_the_api_puts_docker_gets_byte_for_byte",
        "PutImageScanningConfiguration": "test_scanning_configuration.py::test_a_repositorys_own_setting_is_changed_and_described",
        "PutImageTagMutability": "test_tags.py::test_an_immutable_tag_stays_where_it_is",
        "PutRegistryPolicy": "test_policies.py::test_a_registrys_policy_acts_on_the_repositories_that_it_names",
        "PutRegistryScanningConfiguration": "test_scanning_configuration.py::test_awss_table_holds_for_repositories",
        "SetRepositoryPolicy": "test_permissions.py::test_another_account_pushes_through_docker_at_the_owners_address_with_a_log_in_of_its_own",
        "StartImageScan": "test_scanning_basic.py::test_a_scan_is_started_by_hand",
        "TagResource": "test_resource_tags.py::test_tags_are_added_overwritten_and_removed",
        "UntagResource": "test_resource_tags.py::test_tags_are_added_overwritten_and_removed",
        "UploadLayerPart": "test_layers.py::test_an_upload_is_visible_through_the_other_door_while_it_grows",
    },
    "ecr-public": {
        "BatchCheckLayerAvailability": "test_public.py::test_layers_travel_through_the_api",
        "BatchDeleteImage": "test_public.py::test_images_are_deleted_for_everybody",
        "CompleteLayerUpload": "test_public.py::test_layers_travel_through_the_api",
        "CreateRepository": "test_public.py::test_a_public_repository_is_described_by_its_address_for_everybody",
        "DeleteRepository": "test_public.py::test_a_deleted_public_repository_is_gone_from_both_doors",
        "DeleteRepositoryPolicy": "test_public_policies.py::test_without_a_policy_another_account_may_not_push_and_with_one_it_may",
        "DescribeImageTags": "test_public.py::test_tags_are_described_with_their_images_in_pages",
        "DescribeImages": "test_public_pulls.py::test_anybody_pulls_what_the_owner_pushed",
        "DescribeRegistries": "test_public.py::test_a_registry_describes_itself_and_gets_its_alias_with_the_first_repository",
        "DescribeRepositories": "test_public.py::test_a_public_repository_is_described_by_its_address_for_everybody",
        "GetAuthorizationToken": "test_public_pulls.py::test_a_token_of_the_api_is_a_bearer_token",
        "GetRegistryCatalogData": "test_public.py::test_the_registrys_display_name_is_its_accounts",
        "GetRepositoryCatalogData": "test_public.py::test_what_the_gallery_says_is_stored_and_answered",
        "GetRepositoryPolicy": "test_public_policies.py::test_a_policy_is_kept_told_back_and_deleted",
        "InitiateLayerUpload": "test_public.py::test_layers_travel_through_the_api",
        "ListTagsForResource": "test_public.py::test_resource_tags_go_by_the_arn_without_a_region",
        "PutImage": "test_public.py::test_images_are_described_with_public_members_alone",
        "PutRegistryCatalogData": "test_public.py::test_the_registrys_display_name_is_its_accounts",
        "PutRepositoryCatalogData": "test_public.py::test_what_the_gallery_says_is_stored_and_answered",
        "SetRepositoryPolicy": "test_public_policies.py::test_without_a_policy_another_account_may_not_push_and_with_one_it_may",
        "TagResource": "test_public.py::test_resource_tags_go_by_the_arn_without_a_region",
        "UntagResource": "test_public.py::test_resource_tags_go_by_the_arn_without_a_region",
        "UploadLayerPart": "test_public.py::test_layers_travel_through_the_api",
    },
    "inspector2": {
        "BatchGetAccountStatus": "test_inspector_accounts.py::test_the_registrys_scan_type_enables_and_disables_it",
        "BatchGetFindingDetails": "test_inspector_lists.py::test_details_of_findings_are_told_and_missing_ones_named",
        "CancelSbomExport": "test_inspector_sboms.py::test_a_report_is_told_back_as_it_was_asked_for",
        "CreateFilter": "test_inspector_filters.py::test_a_filter_that_suppresses_acts_on_what_comes",
        "CreateSbomExport": "test_inspector_sboms.py::test_an_image_is_told_with_its_packages_and_their_flaws",
        "DeleteFilter": "test_inspector_filters.py::test_deleting_a_filter_brings_back_what_it_alone_suppressed",
        "Disable": "test_inspector_accounts.py::test_disabling_it_puts_the_registry_back_to_basic_scanning",
        "Enable": "test_inspector_accounts.py::test_enabling_it_for_ecr_turns_on_enhanced_scanning_of_everything",
        "GetConfiguration": "test_inspector_accounts.py::test_the_rescan_duration_is_kept_and_told_back",
        "GetSbomExport": "test_inspector_sboms.py::test_a_report_is_told_back_as_it_was_asked_for",
        "ListAccountPermissions": "test_inspector_accounts.py::test_an_account_of_no_organization_may_set_everything_itself",
        "ListCoverage": "test_inspector_coverage.py::test_what_is_pushed_is_covered_in_the_next_moment",
        "ListCoverageStatistics": "test_inspector_coverage.py::test_resources_are_counted_by_group_the_most_first",
        "ListFilters": "test_inspector_filters.py::test_a_filter_is_told_back_as_it_was_made",
        "ListFindingAggregations": "test_inspector_lists.py::test_findings_are_counted_by_package_the_most_critical_first",
        "ListFindings": "test_inspector_for_real.py::test_inspector_and_ecr_tell_the_same_findings",
        "ListTagsForResource": "test_inspector_filters.py::test_tags_are_added_overwritten_and_removed",
        "SearchVulnerabilities": "test_inspector_lists.py::test_what_is_known_of_a_cve_is_told_whether_an_image_has_it_or_not",
        "TagResource": "test_inspector_filters.py::test_tags_are_added_overwritten_and_removed",
        "UntagResource": "test_inspector_filters.py::test_tags_are_added_overwritten_and_removed",
        "UpdateConfiguration": "test_inspector_coverage.py::test_an_image_that_is_too_old_has_expired",
        "UpdateFilter": "test_inspector_filters.py::test_what_is_updated_of_a_filter_acts_and_the_rest_stays",
    },
}


@pytest.mark.parametrize("service", OPERATIONS)
def test_every_operation_that_is_built_has_a_test_that_shows_its_effect(service):
    assert SHOWN[service].keys() == OPERATIONS[service].keys()


@pytest.mark.parametrize("place", sorted({place for table in SHOWN.values() for place in table.values()}))
def test_the_tests_named_here_exist(place):
    file, _, test = place.partition("::")
    tree = ast.parse(Path(__file__).with_name(file).read_text())
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
