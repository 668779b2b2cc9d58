"""moto as one lab sees it: loaded when it is first needed, asked in-process, and with nothing of another lab in it."""

from __future__ import annotations

import logging
import threading
from importlib import import_module
from typing import Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from localecr.errors import AwsError, not_built
from localecr.neighbours import extras, messages, moments, services
from localecr.neighbours.services import Service
from localecr.registry import Lab
from localecr.store.database import Database

HANDLERS = {  # moto's classes that answer requests
    "iam": "IamResponse", "events": "EventsHandler", "sqs": "SQSResponse", "sns": "SNSResponse", "cloudwatch": "CloudWatchResponse",
    "logs": "LogsResponse", "secretsmanager": "SecretsManagerResponse",
}  # fmt: skip
log = logging.getLogger("localecr")
_here = threading.local()
_importing = threading.Lock()
_worlds: WeakKeyDictionary[Database, World] = WeakKeyDictionary()


class World:
    """What moto holds for one lab. ``accounts`` is filled by the journal and by ``ask`` alone."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.lock = threading.RLock()  # held while moto works, which is never long; taken after the database's turn, not before
        self.is_loaded = False
        self.peopled: set[str] = set()  # accounts whose learner is known to be there
        self.accounts: dict[str, dict[str, Any]] = {}  # service → account → moto's backends by Region
        self.is_closing = False

    def forget(self) -> None:
        """Drops all of it; it comes back from the journal when it is next needed."""
        self.is_loaded = False
        self.accounts, self.peopled = {}, set()

    def backend(self, service: str, account: str, region: str) -> Any:
        """moto's backend of a service. Raises AwsError for a Region that AWS doesn't have."""
        module = import_module(f"moto.{service}.models")
        _here.world = self
        try:
            with moments.moment(0, seed=f"backend of {account}".encode()):  # so that what moto makes with it is the same each time
                return getattr(module, f"{service}_backends")[account]["aws" if service == "iam" else region]
        except KeyError:
            raise AwsError("InvalidClientTokenId", f"There is no Region {region[:40]!r}, or the lab doesn't have it.", 403) from None

    def ask(self, account: str, region: str, service: Service, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Serves a request by moto: the answer in botocore's member names. Raises AwsError."""
        from botocore.serialize import create_serializer
        from moto.core.request import Request

        self.backend(service.name, account, region)
        url = f"http://{self.lab.private_address}/"
        model = services.model(service.name).operation_model(operation)
        sent = create_serializer(service.protocol, include_validation=False).serialize_to_request(parameters, model)
        body = urlencode(sent["body"]).encode() if isinstance(sent["body"], dict) else sent["body"]
        headers = dict(sent["headers"]) | {
            "Host": self.lab.private_address,
            "X-Moto-Account-Id": account,
            "Authorization": f"AWS4-HMAC-SHA256 Credential=NOBODY/20200101/{region}/{service.signed_for}/aws4_request",
        }
        handler = getattr(import_module(f"moto.{service.name}.responses"), HANDLERS[service.name])
        try:
            with self.lock:
                _here.world = self
                status, answer_headers, answer = handler.dispatch(Request.from_primitives("POST", url, headers, body), url, headers)
        except NotImplementedError as error:
            raise not_built(service.name, operation) from error
        return self._parsed(model, service, status, answer_headers, answer)

    def _parsed(self, model: Any, service: Service, status: int, headers: dict[str, Any], answer: str | bytes) -> dict[str, Any]:
        from botocore.parsers import create_parser

        text = answer.encode() if isinstance(answer, str) else answer or b""
        response = {"status_code": status, "headers": {key.lower(): value for key, value in headers.items()}, "body": text}
        parsed = create_parser(service.protocol).parse(response, model.output_shape)
        parsed.pop("ResponseMetadata", None)
        if error := parsed.get("Error"):
            raise AwsError(error.get("Code") or "InternalFailure", error.get("Message") or "", status)
        return parsed


def of(lab: Lab) -> World:
    """The lab's world, which isn't loaded yet perhaps."""
    with _importing:
        if lab.database not in _worlds:
            _worlds[lab.database] = World(lab)
        return _worlds[lab.database]


def forget(lab: Lab) -> None:
    """Drops the world of a lab that has stopped."""
    with _importing:
        _worlds.pop(lab.database, None)


def load_moto() -> None:
    """Imports moto, once in a process."""
    with _importing:
        if getattr(load_moto, "is_done", False):
            return
        # all of requests first: moto begins with a part of it, and would meet half a package while another thread (the seeding) imports it
        import_module("requests")
        from moto.core.base_backend import AccountSpecificBackend, BackendDict
        from moto.core.responses import BaseResponse

        for service in HANDLERS:
            import_module(f"moto.{service}.responses")
        moments.install()
        extras.install()
        messages.install()
        logging.getLogger("moto").setLevel(logging.ERROR)
        regions = _Regions()
        AccountSpecificBackend.get_session = classmethod(lambda cls: regions)
        BackendDict.__getitem__ = _of_this_world
        BaseResponse.get_current_account = lambda self: self.headers["X-Moto-Account-Id"]
        load_moto.is_done = True


def _of_this_world(backends: Any, account: str) -> Any:
    """moto keeps everything in variables of the process, where two labs would meet: each thread sees those of the lab that it serves."""
    from moto.core.base_backend import AccountSpecificBackend

    mine = _here.world.accounts.setdefault(backends.service_name, {})
    if account not in mine:
        made = AccountSpecificBackend(backends.service_name, account, backends.backend, backends._use_boto3_regions, backends._additional_regions)
        mine.setdefault(account, made)
    return mine[account]


class _Regions:
    """What moto asks a boto3 session for: the names of AWS's Regions, told without the person's own configuration."""

    def __init__(self) -> None:
        from botocore.loaders import Loader
        from botocore.regions import EndpointResolver

        self._resolver = EndpointResolver(Loader().load_data("endpoints"))

    def get_available_partitions(self) -> list[str]:
        return self._resolver.get_available_partitions()

    def get_available_regions(self, service: str, partition_name: str) -> list[str]:
        return self._resolver.get_available_endpoints("sqs", partition_name)  # which is in all of them
