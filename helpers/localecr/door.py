"""``/_lab``, the one authenticated door for what only a local lab can do, seen from both sides.

``LabDoor`` answers on the private address; ``Door`` is how ecrlab and the command reach it. Whoever can read the lab's
``server.json`` (its owner alone) holds the token.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import math
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from localecr import identities, playground
from localecr.clock import as_datetime, parse_instant
from localecr.errors import AwsError
from localecr.http import Request, Response
from localecr.registry import Lab, Registry
from localecr.scanning import worker

SERVER_FILE = "server.json"
LARGEST_BODY = 64 * 1024
# what a replayed call carries beside its own credentials: the address it is to come from, and the lab's token
SOURCE_ADDRESS, TOKEN = "X-ECRLab-Source-Address", "X-ECRLab-Token"


@dataclass
class LabDoor:
    """The server's side: a table of (method, path) and functions from a JSON body to a JSON answer."""

    lab: Lab
    token: str
    facts: dict[str, Any]  # what ``status`` says beside accounts and clock
    stop: Callable[[], None]

    def move(self, request: Request) -> Response | None:
        """Has a request come from the address that its header names, if the lab's token stands beside it; a refusal otherwise.

        Whoever holds no token comes from where they are: policies, records and counts go by that address.
        """
        address = request.header(SOURCE_ADDRESS)
        if not address:
            return None
        if not self._is_ours(request.header(TOKEN)):
            return Response.of_json({"message": f"{SOURCE_ADDRESS} needs the token in the lab's server.json, as {TOKEN}."}, 403)
        try:
            request.remote_address = str(ipaddress.ip_address(address))
        except ValueError:
            return Response.of_json({"message": f"{SOURCE_ADDRESS} is no IP address."}, 400)
        return None

    def _is_ours(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())

    def answer(self, request: Request) -> Response:
        if not self._is_ours(request.header("Authorization").removeprefix("Bearer ")):
            return Response.of_json({"message": "This door needs the token in the lab's server.json."}, 401)
        handler = self._routes().get((request.method, request.path.removeprefix("/_lab/")))
        if handler is None:
            return Response.of_json({"message": f"The lab has no {request.method} {request.path}."}, 404)
        try:
            body = request.body(LARGEST_BODY)
            if body is None:
                return Response.of_json({"message": f"A request to this door has at most {LARGEST_BODY} bytes."}, 413)
            return Response.of_json(handler(json.loads(body or b"{}")))
        except AwsError as error:
            return Response.of_json({"message": error.message}, error.status)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            return Response.of_json({"message": f"The lab can't read this request: {error!r:.200}"}, 400)

    def _routes(self) -> dict[tuple[str, str], Callable[[dict], dict]]:
        return {
            ("GET", "status"): self._status,
            ("POST", "keys"): self._keys,
            ("POST", "clock"): self._advance,
            ("POST", "stop"): self._stop,
            ("POST", "verdict"): lambda asked: playground.verdict(self.lab, asked),
            ("GET", "scans"): lambda asked: worker.progress(self.lab),
            ("POST", "advisories"): self._advisories,
            ("POST", "sboms"): self._sboms,
        }

    def _status(self, asked: dict) -> dict:
        now = as_datetime(self.lab.clock.now()).isoformat()
        return self.facts | {"accounts": identities.accounts(self.lab.database), "clock": now}

    def _keys(self, asked: dict) -> dict:
        key = identities.ensure_key(self.lab.database, str(asked["account"]), asked.get("role", "learner"))
        return {"access_key_id": key.id, "secret_access_key": key.secret, "arn": key.principal.arn, "account": key.principal.account}

    def _advance(self, asked: dict) -> dict:
        seconds = float(asked["advance_seconds"])
        if math.isnan(seconds):
            raise ValueError("not a number of seconds")
        return {"clock": as_datetime(self.lab.clock.advance(seconds)).isoformat()}

    def _advisories(self, asked: dict) -> dict:
        from localecr.scanner.advisories import FILE, Advisories, AdvisoriesError  # which most requests to this door never need
        from localecr.scanning import knowledge

        if "known_until" in asked:
            until = asked["known_until"]
            knowledge.release(self.lab) if until is None else knowledge.hold(self.lab, parse_instant(until).timestamp())
        if asked.get("changed"):
            knowledge.changed(self.lab)
        try:
            with Advisories(self.lab.folder / FILE) as advisories:
                held, known_at = knowledge.held_at(self.lab), knowledge.known_at(self.lab)
                count, updated_at = advisories.count(known_at), advisories.updated_at(known_at)
        except AdvisoriesError as error:
            raise AwsError("ServerException", str(error), 500) from error
        return {
            "count": count,
            "sources_updated_at": as_datetime(updated_at).isoformat(),
            "known_until": None if held is None else as_datetime(held).isoformat(),
        }

    def _sboms(self, asked: dict) -> dict:
        from localecr.inspector import exports

        registry = Registry(self.lab, "private", asked["account"], asked["region"])
        return {"sboms": exports.documents(registry, asked["report_id"])}

    def _stop(self, asked: dict) -> dict:
        self.stop()
        return {"stopping": True}


class NotRunning(Exception):
    """No lab runs on this state folder."""


class DoorError(Exception):
    """The lab refused; the message is its sentence."""


class Door:
    """The other side: what a program that may read the state folder can ask of the running lab."""

    def __init__(self, url: str, token: str):
        self._url = url
        self._token = token
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback never goes through a proxy

    @classmethod
    def find(cls, state: Path | str) -> Door:
        """The door of the lab that runs on a state folder. Raises NotRunning where none answers."""
        try:
            facts = json.loads((Path(state) / SERVER_FILE).read_text())
            door = cls(facts["endpoint"], facts["token"])
            door.status()
        except (OSError, HTTPException, ValueError, KeyError, TypeError, DoorError) as error:
            raise NotRunning(f"No lab is running on {state}. Start one with: ecrlab serve --background") from error
        return door

    def status(self) -> dict[str, Any]:
        """endpoint, public_endpoint, docker_host, port, pid, state, accounts, version, clock."""
        return self._ask("GET", "status")

    def keys(self, account: str, role: str = "learner") -> dict[str, str]:
        """access_key_id, secret_access_key, arn and account of an account's ``learner`` or ``checker``; made on demand."""
        return self._ask("POST", "keys", {"account": account, "role": role})

    def clock(self) -> datetime:
        """The lab's present, UTC."""
        return datetime.fromisoformat(self.status()["clock"])

    def advance(self, seconds: float) -> datetime:
        """Moves the lab's clock forward; returns the new present. Raises DoorError for a step back."""
        return datetime.fromisoformat(self._ask("POST", "clock", {"advance_seconds": seconds})["clock"])

    def verdict(self, principal_arn: str, action: str, resource: str, **more: Any) -> dict[str, Any]:
        """Whether somebody may do something, and why, as ``playground.verdict`` answers; ``more`` are its members that may be left out."""
        return self._ask("POST", "verdict", {"principal_arn": principal_arn, "action": action, "resource": resource} | more)

    def scans(self) -> dict[str, int]:
        """How many scans are waiting, running and, since the lab started, done."""
        return self._ask("GET", "scans")

    def advisories(self, **told: Any) -> dict[str, Any]:
        """``count`` of the advisories that are known, ``sources_updated_at``, and ``known_until``: the date at which that is held, or None.

        ``known_until=`` holds it at a date (ISO 8601) or, None, lets it go with the clock; ``changed=True`` says that the database was changed.
        """
        return self._ask("POST", "advisories", told)

    def sboms(self, account: str, region: str, report_id: str) -> list[dict[str, Any]]:
        """The SBOMs of an export of Amazon Inspector's (CreateSbomExport): ``key``, under which S3 would have it, and ``document``.

        Raises DoorError for a report that isn't there.
        """
        return self._ask("POST", "sboms", {"account": account, "region": region, "report_id": report_id})["sboms"]

    def from_address(self, address: str) -> dict[str, str]:
        """The headers with which a call comes from another IP address. They are not part of what is signed."""
        return {SOURCE_ADDRESS: address, TOKEN: self._token}

    def stop(self) -> None:
        """Ends the server; what it acknowledged stays in the state folder."""
        self._ask("POST", "stop")

    def _ask(self, method: str, path: str, body: dict | None = None) -> dict:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self._url}/_lab/{path}", data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise DoorError(_sentence(error.read())) from error


def _sentence(body: bytes) -> str:
    try:
        return json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        return "The lab gave no reason."


def write_private(path: Path, text: str) -> None:
    """Writes a file that its owner alone may read, whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
