"""Which services and operations the neighbours offer, what their requests are about, and which of them change nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from botocore.loaders import Loader
from botocore.model import ServiceModel

from localecr import records
from localecr.http import Request
from localecr.neighbours import protocols, rest
from localecr.neighbours.protocols import Protocol

SCOPE = re.compile(r"Credential=[^/,]*/\d*/[^/,]*/([a-z0-9-]+)/")


@dataclass(frozen=True)
class Service:
    """A service by its names, and its protocol; where it speaks two, the one in which moto is asked."""

    name: str  # botocore's and moto's, and what IAM's actions begin with
    signed_for: str  # in signatures, and in CloudTrail's eventSource: monitoring
    target: str | None = None  # what X-Amz-Target begins with
    protocol: str = "json"  # "query" and "rest-json" are the others
    is_global: bool = False  # one for all Regions: its records are us-east-1's (AWS: CloudTrail, global service events)


SERVICES = {
    each.name: each
    for each in (
        Service("cloudtrail", "cloudtrail", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"),
        Service("cloudwatch", "monitoring", "GraniteServiceVersion20100801"),
        Service("events", "events", "AWSEvents"),
        Service("iam", "iam", protocol="query", is_global=True),
        Service("inspector2", "inspector2", protocol="rest-json"),
        Service("logs", "logs", "Logs_20140328"),
        Service("secretsmanager", "secretsmanager", "secretsmanager"),
        Service("sns", "sns", protocol="query"),
        Service("sqs", "sqs", "AmazonSQS"),
        Service("sts", "sts", protocol="query"),
    )
}
SIGNED_FOR = {each.signed_for: each for each in SERVICES.values()}
TARGETS = {each.target: each for each in SERVICES.values() if each.target}

# what goes to moto: what it does well and a lesson needs. A service's own operations come before (front.OWN).
OFFERED = {
    "iam": """
        AddUserToGroup AttachGroupPolicy AttachRolePolicy AttachUserPolicy CreateAccessKey CreateGroup CreatePolicy CreatePolicyVersion CreateRole
        CreateServiceLinkedRole CreateUser DeleteAccessKey DeleteGroup DeleteGroupPolicy DeletePolicy DeletePolicyVersion DeleteRole
        DeleteRolePermissionsBoundary DeleteRolePolicy DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy DetachGroupPolicy DetachRolePolicy
        DetachUserPolicy GetAccountAuthorizationDetails GetGroup GetGroupPolicy GetPolicy GetPolicyVersion GetRole GetRolePolicy GetUser GetUserPolicy
        ListAccessKeys ListAttachedGroupPolicies ListAttachedRolePolicies ListAttachedUserPolicies ListEntitiesForPolicy ListGroupPolicies ListGroups
        ListGroupsForUser ListPolicies ListPolicyTags ListPolicyVersions ListRolePolicies ListRoleTags ListRoles ListUserPolicies ListUserTags ListUsers
        PutGroupPolicy PutRolePermissionsBoundary PutRolePolicy PutUserPermissionsBoundary PutUserPolicy RemoveUserFromGroup SetDefaultPolicyVersion
        TagPolicy TagRole TagUser UntagPolicy UntagRole UntagUser UpdateAccessKey UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription UpdateUser
    """,
    "events": """
        CreateEventBus DeleteEventBus DeleteRule DescribeEventBus DescribeRule DisableRule EnableRule ListEventBuses ListRuleNamesByTarget ListRules
        ListTagsForResource ListTargetsByRule PutRule PutTargets RemoveTargets TagResource UntagResource
    """,
    "sqs": """
        AddPermission ChangeMessageVisibility ChangeMessageVisibilityBatch CreateQueue DeleteMessage DeleteMessageBatch DeleteQueue GetQueueAttributes
        GetQueueUrl ListDeadLetterSourceQueues ListQueueTags ListQueues PurgeQueue ReceiveMessage RemovePermission SendMessage SendMessageBatch
        SetQueueAttributes TagQueue UntagQueue
    """,
    "sns": """
        CreateTopic DeleteTopic GetSubscriptionAttributes GetTopicAttributes ListSubscriptions ListSubscriptionsByTopic ListTagsForResource ListTopics
        Publish PublishBatch SetSubscriptionAttributes SetTopicAttributes Subscribe TagResource Unsubscribe UntagResource
    """,
    "cloudwatch": "DeleteDashboards GetDashboard ListDashboards PutDashboard",
    "logs": """
        CreateLogGroup CreateLogStream DeleteLogGroup DeleteLogStream DeleteResourcePolicy DeleteRetentionPolicy DescribeLogGroups DescribeLogStreams
        DescribeResourcePolicies FilterLogEvents GetLogEvents ListTagsForResource ListTagsLogGroup PutLogEvents PutResourcePolicy PutRetentionPolicy
        TagLogGroup TagResource UntagLogGroup UntagResource
    """,
    "secretsmanager": """
        CreateSecret DeleteResourcePolicy DeleteSecret DescribeSecret GetRandomPassword GetResourcePolicy GetSecretValue ListSecretVersionIds
        ListSecrets PutResourcePolicy PutSecretValue RestoreSecret TagResource UntagResource UpdateSecret UpdateSecretVersionStage
    """,
}
OFFERED = {service: frozenset(names.split()) for service, names in OFFERED.items()}

PASSING = ("ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "ReceiveMessage")  # what they change of a queue lasts for moments
# what is kept by other means than the journal: messages in a table of their own, and what leaves nothing behind
NOT_JOURNALLED = {
    "sqs": {"SendMessage", "SendMessageBatch", "DeleteMessage", "DeleteMessageBatch", "PurgeQueue"},
    "sns": {"Publish", "PublishBatch"},
    "events": {"PutEvents"},
}
# data-plane calls, which AWS doesn't record unless a trail asks for data events (each service's page on CloudTrail)
NOT_IN_TRAIL = {
    "sqs": {
        "ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "DeleteMessage", "DeleteMessageBatch", "ReceiveMessage", "SendMessage", "SendMessageBatch",
    },
    "sns": {"Publish", "PublishBatch"},
    "events": {"PutEvents"},
    "cloudwatch": {"GetMetricData", "GetMetricWidgetImage", "PutMetricData"},
    "logs": {"PutLogEvents"},
}  # fmt: skip


def service_of(request: Request) -> Service | None:
    """The neighbour that a request is for, by what it is signed for, or by its target where it isn't signed."""
    scope = SCOPE.search(request.header("Authorization"))
    if scope:
        return SIGNED_FOR.get(scope[1])
    return TARGETS.get(request.header("X-Amz-Target").rpartition(".")[0])


def protocol_of(service: Service, request: Request) -> Protocol:
    """The protocol that a request for a service is in."""
    return rest.REST_JSON if service.protocol == "rest-json" else protocols.of(request)


@cache
def model(service: str) -> ServiceModel:
    """The service model of a neighbour as the installed botocore knows it, by botocore's name."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def reads(operation: str) -> bool:
    """Whether an operation changes nothing that is kept."""
    return records.is_read_only(operation) or operation in PASSING


def is_recorded(service: str, operation: str) -> bool:
    """Whether CloudTrail records a call as a management event."""
    return operation not in NOT_IN_TRAIL.get(service, ())
