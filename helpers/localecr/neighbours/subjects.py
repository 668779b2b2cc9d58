"""What an entry of the journal is about: what was made and is gone needs no entries any more, since each has a chance of its own."""

from __future__ import annotations

from typing import Any

from localecr.store.database import Database

# (service, the operation that ends it) → the operation that it began with
ENDS = {("iam", "DeleteUser"): "CreateUser", ("iam", "DeleteRole"): "CreateRole", ("events", "DeleteRule"): "PutRule", ("logs", "DeleteLogGroup"): "CreateLogGroup"}
RENAME = "UpdateUser"  # after which a name may mean two


def of(service: str, parameters: dict[str, Any]) -> str | None:
    """A user, a role, a rule or a log group, where a request is about one of these."""
    if service == "iam":
        return next((f"{kind} {parameters[kind]}" for kind in ("UserName", "RoleName") if kind in parameters), None)
    if service == "events":
        rule = parameters.get("Rule") or parameters.get("Name")
        return rule and f"rule {parameters.get('EventBusName', 'default')} {rule}"
    return f"log group {parameters['logGroupName']}" if service == "logs" and "logGroupName" in parameters else None


def forget(database: Database, account: str, region: str, service: str, operation: str, parameters: dict[str, Any]) -> None:
    """Takes the entries out of the journal that this operation makes superfluous, its own with them; within its transaction."""
    subject = of(service, parameters)
    if (service, operation) not in ENDS or subject is None:
        return
    where, values = "service = ? AND account = ? AND region = ?", (service, account, region)
    began = database.one(f"SELECT 1 FROM journal WHERE {where} AND subject = ? AND operation = ?", (*values, subject, ENDS[service, operation]))
    renamed = database.one(f"SELECT 1 FROM journal WHERE {where} AND operation = ?", (*values, RENAME))
    if began and not renamed:
        with database.write() as transaction:
            transaction.execute(f"DELETE FROM journal WHERE {where} AND subject = ?", (*values, subject))
