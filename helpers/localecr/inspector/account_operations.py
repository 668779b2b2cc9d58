"""Operations on an account's Inspector: enabling and disabling it, its state, and how long it looks at an image again.

AWS: Enable, Disable, BatchGetAccountStatus; Scanning Amazon ECR container images with Amazon Inspector.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localecr.errors import AwsError
from localecr.inspector import accounts, filters, pages, rescans
from localecr.inspector.accounts import registry_of
from localecr.inspector.errors import not_built
from localecr.ledger import Call
from localecr.registry import Registry
from localecr.scanning import configuration, eligibility

Answer = dict[str, Any]
STATES = {True: "ENABLED", False: "DISABLED"}
OTHERS = ("ec2", "lambda", "lambdaCode", "codeRepository")  # what Inspector scans beside ECR
# the rules of a registry whose scanning Inspector turns on (AWS: Activating a scan type)
EVERYTHING = ({"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]},)
PERMISSIONS = ("ENABLE_SCANNING", "DISABLE_SCANNING", "ENABLE_REPOSITORY", "DISABLE_REPOSITORY")
MOST_PERMISSIONS = 1024
NOT_YOURS = ("ACCESS_DENIED", "Invoking account does not have access to this account")


def enable(call: Call) -> Answer:
    """Enables Inspector for ECR, and with it enhanced scanning, of all repositories and continuously, where it isn't set yet."""
    others = [each for each in call.parameters["resourceTypes"] if each != "ECR"]
    if others:
        raise not_built(f"Scanning other than of images in ECR ({', '.join(others)}) is")
    return _switched(call, lambda registry: _scan(registry, "ENHANCED"))


def disable(call: Call) -> Answer:
    """Disables Inspector for ECR, and puts the registry back to basic scanning. Other resource types are never enabled here."""
    types = call.parameters.get("resourceTypes") or ["ECR"]
    return _switched(call, lambda registry: _deactivate(registry) if "ECR" in types else None)


def _deactivate(registry: Registry) -> None:
    """With the last scan type an account's filters and settings go too (AWS: Deactivating Amazon Inspector)."""
    if accounts.is_enabled(registry):
        _scan(registry, "BASIC")
        filters.delete_all(registry)
        rescans.reset(registry)


def _scan(registry: Registry, scan_type: configuration.ScanType) -> None:
    """Sets the registry's scan type, which Inspector goes with; of a registry that has it already the rules stay."""
    if configuration.of(registry).type != scan_type:
        eligibility.configure(registry, configuration.Configuration(scan_type, EVERYTHING if scan_type == "ENHANCED" else ()))


def _switched(call: Call, switch: Callable[[Registry], None]) -> Answer:
    yours, others = _asked(call)
    for registry in yours:
        switch(registry)
    told = [{"accountId": each.account, "status": _state(each), "resourceStatus": _resources(each)} for each in yours]
    return {"accounts": told, "failedAccounts": others}


def _asked(call: Call) -> tuple[list[Registry], list[Answer]]:
    """Your own account, where it is meant, and the others, which are no members of an organisation of yours."""
    asked = list(dict.fromkeys(call.parameters.get("accountIds") or [call.account]))
    code, message = NOT_YOURS
    others = [{"accountId": each, "errorCode": code, "errorMessage": message} for each in asked if each != call.account]
    return [registry_of(call)] if call.account in asked else [], others


def _state(registry: Registry) -> str:
    return STATES[accounts.is_enabled(registry)]


def _resources(registry: Registry) -> Answer:
    return {"ecr": _state(registry)} | dict.fromkeys(OTHERS, "DISABLED")


def batch_get_account_status(call: Call) -> Answer:
    yours, others = _asked(call)
    states = [
        {
            "accountId": each.account,
            "state": {"status": _state(each)},
            "resourceState": {name: {"status": state} for name, state in _resources(each).items()},
        }
        for each in yours
    ]
    return {"accounts": states, "failedAccounts": others}


def list_account_permissions(call: Call) -> Answer:
    """What an account that belongs to no organisation may set; what isn't built here is left out."""
    permissions = [{"service": "ECR", "operation": each} for each in PERMISSIONS if call.parameters.get("service", "ECR") == "ECR"]
    shown, more = pages.cut(call, permissions, lambda each: [PERMISSIONS.index(each["operation"])], MOST_PERMISSIONS)
    return {"permissions": shown} | more


def get_configuration(call: Call) -> Answer:
    return {"ecrConfiguration": {"rescanDurationState": rescans.of(registry_of(call)) | {"status": "SUCCESS"}}}


def update_configuration(call: Call) -> Answer:
    """Sets how long images are looked at again. Only an organisation's administrator may name an account."""
    asked = call.parameters
    if "accountId" in asked:
        raise AwsError("AccessDeniedException", "Only a delegated administrator of an organization can specify accountId.", 403)
    others = [name for name in ("amiConfiguration", "ec2Configuration", "updateConfigurationInheritance") if name in asked]
    if others:
        raise not_built(f"Configuration of other than ECR ({', '.join(others)}) is")
    if "ecrConfiguration" in asked:
        rescans.put(registry_of(call), asked["ecrConfiguration"])
    return {}


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "BatchGetAccountStatus": batch_get_account_status,
    "Disable": disable,
    "Enable": enable,
    "GetConfiguration": get_configuration,
    "ListAccountPermissions": list_account_permissions,
    "UpdateConfiguration": update_configuration,
}
