"""Operations on filters, and on the tags of these. AWS: Suppressing Amazon Inspector findings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localecr.inspector import filters, pages
from localecr.inspector.accounts import registry_of
from localecr.ledger import Call

Answer = dict[str, Any]
PAGE = 100


def create_filter(call: Call) -> Answer:
    return {"arn": filters.create(registry_of(call), call.parameters)}


def update_filter(call: Call) -> Answer:
    return {"arn": filters.update(registry_of(call), call.parameters)}


def delete_filter(call: Call) -> Answer:
    filters.delete(registry_of(call), call.parameters["arn"])
    return {"arn": call.parameters["arn"]}


def list_filters(call: Call) -> Answer:
    asked, registry = call.parameters, registry_of(call)
    told = [filters.told(registry, row) for row in filters.listed(registry)]
    fitting = [each for each in told if each["arn"] in asked.get("arns", [each["arn"]]) and each["action"] == asked.get("action", each["action"])]
    shown, more = pages.cut(call, fitting, lambda each: [each["name"]], PAGE)
    return {"filters": shown} | more


def tag_resource(call: Call) -> Answer:
    _retag(call, lambda tags: tags | call.parameters["tags"])
    return {}


def untag_resource(call: Call) -> Answer:
    _retag(call, lambda tags: {key: value for key, value in tags.items() if key not in call.parameters["tagKeys"]})
    return {}


def _retag(call: Call, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    registry, arn = registry_of(call), call.parameters["resourceArn"]
    with registry.database.write():
        filters.set_tags(registry, arn, change(json.loads(filters.find(registry, arn)["tags"])))


def list_tags_for_resource(call: Call) -> Answer:
    return {"tags": json.loads(filters.find(registry_of(call), call.parameters["resourceArn"])["tags"])}


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateFilter": create_filter,
    "DeleteFilter": delete_filter,
    "ListFilters": list_filters,
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "UpdateFilter": update_filter,
}
