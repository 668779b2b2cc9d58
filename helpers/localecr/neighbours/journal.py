"""The journal: learners' requests that changed a neighbour's state, replayed when that state is next needed.

moto keeps everything in memory. An entry is written in the transaction of the request's record before the request is acknowledged, and replayed
with the same time and chance, so that ids, keys and dates are those that the learner was told.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from typing import Any

from localecr import identities
from localecr.errors import AwsError
from localecr.neighbours import extras, messages, moments, projection, protocols, services, subjects, world
from localecr.neighbours.services import Service
from localecr.neighbours.world import World
from localecr.registry import Lab

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
log = logging.getLogger("localecr")


def execute(lab: Lab, account: str, region: str, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Runs an operation on what the lab's moto holds, as the lab itself: without decision or record. ``service`` as IAM's actions begin.

    A change is kept with the transaction around it, or on its own. Raises AwsError.
    """
    ours, which = loaded(lab, account), services.SERVICES[service]
    if services.reads(operation):
        with moments.moment(lab.clock.now()):
            answer = _serve(ours, account, region, which, operation, parameters)
        messages.keep(lab.database)
        return answer
    with lab.database.write():
        return _change(loaded(lab, account), account, region, which, operation, parameters)


def loaded(lab: Lab, account: str | None = None) -> World:
    """The lab's world with all that the journal holds in it, and with the account's learner."""
    ours = world.of(lab)
    if not ours.is_loaded:
        world.load_moto()
        with ours.lock:
            if not ours.is_loaded:
                _replay(ours)
                ours.is_loaded = True
    if account is not None and account not in ours.peopled:
        _people(ours, account)
    return ours


def _change(ours: World, account: str, region: str, service: Service, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Within a transaction: the entry, the change, and what the tables say of it."""
    lab, shape = ours.lab, services.model(service.name).operation_model(operation).input_shape
    entry, now, wall = None, lab.clock.now(), time.time()
    with lab.database.write() as transaction:
        if operation not in services.NOT_JOURNALLED.get(service.name, ()):
            request, subject = json.dumps(protocols.plain(shape, parameters) if shape else {}), subjects.of(service.name, parameters)
            entry = transaction.execute(
                "INSERT INTO journal (time, wall_time, account, region, service, operation, subject, request) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (now, wall, account, region, service.name, operation, subject, request),
            ).lastrowid
        ours.backend(service.name, account, region)  # made before the moment, whose chance it would use
        try:
            with moments.moment(now, wall, _seed(lab, entry) if entry else None):
                answer = _serve(ours, account, region, service, operation, parameters)
        except AwsError:  # moto refuses before it changes anything
            transaction.execute("DELETE FROM journal WHERE id = ?", (entry,))
            raise
        except BaseException:
            ours.forget()
            raise
        lab.database.if_taken_back(ours.forget)
        messages.keep(lab.database)
        if service.name == "iam":
            projection.project(lab.database, ours.backend("iam", account, region), account)
        subjects.forget(lab.database, account, region, service.name, operation, parameters)
        messages.drop(lab.database, account, region, operation, parameters)
    return answer


def _serve(ours: World, account: str, region: str, service: Service, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Has moto serve a request, with what it leaves out of it."""
    own = extras.INSTEAD.get((service.name, operation))
    if own:
        return own(ours.backend(service.name, account, region), parameters)
    answer = ours.ask(account, region, service, operation, parameters)
    afterwards = extras.AFTERWARDS.get((service.name, operation))
    if afterwards:
        afterwards(ours, ours.backend(service.name, account, region), parameters, answer)
    return answer


def _replay(ours: World) -> None:
    database = ours.lab.database
    for row in database.all("SELECT * FROM journal ORDER BY id"):
        service = services.SERVICES[row["service"]]
        shape = services.model(service.name).operation_model(row["operation"]).input_shape
        parameters = protocols.typed(shape, json.loads(row["request"])) if shape else {}
        try:
            ours.backend(service.name, row["account"], row["region"])
            with moments.moment(row["time"], row["wall_time"], _seed(ours.lab, row["id"])):
                _serve(ours, row["account"], row["region"], service, row["operation"], parameters)
        except Exception as error:
            log.warning("Request %d, %s:%s, couldn't be replayed: %s", row["id"], service.name, row["operation"], error)
    messages.restore(database, lambda account, region: ours.backend("sqs", account, region))


def _seed(lab: Lab, entry: int) -> bytes:
    """The chance of an entry: nobody without the lab's secret can foretell the keys that IAM makes by it."""
    return hmac.new(lab.secret, b"journal %d" % entry, hashlib.sha256).digest()


def _people(ours: World, account: str) -> None:
    """Has IAM hold the account's learner, who may do everything until somebody says otherwise."""
    database = ours.lab.database
    if identities.has_learner(database, account) and not _has_learner(ours, account):
        with database.write():
            if not _has_learner(loaded(ours.lab), account):
                learner, iam = {"UserName": identities.USERS["learner"]}, services.SERVICES["iam"]
                _change(ours, account, "us-east-1", iam, "CreateUser", learner)
                _change(ours, account, "us-east-1", iam, "AttachUserPolicy", learner | {"PolicyArn": ADMINISTRATOR})
            database.afterwards(lambda: ours.peopled.add(account))
    else:
        ours.peopled.add(account)


def _has_learner(ours: World, account: str) -> bool:
    return identities.USERS["learner"] in ours.backend("iam", account, "").users
