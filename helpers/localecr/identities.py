"""Who there is: accounts, and the principals and keys in them.

Every account has a user ``learner``; the course's checks read as ``ecrlab-checker``, whose calls stay
out of the trail and the counts.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Literal

from localecr.errors import AwsError
from localecr.store.database import Database

YOURS, PARTNERS, COURSES = "111122223333", "444455556666", "999988887777"
USERS = {"learner": "learner", "checker": "ecrlab-checker"}
ACCOUNT = re.compile(r"[0-9]{12}")
KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class Principal:
    """Whoever a request comes from: an IAM user, a session of a role, an AWS service, or nobody (``account`` None) where anybody may read."""

    account: str | None
    user: str | None = None  # an IAM user's name
    access_key_id: str | None = None
    path: str = "/"  # of the user or the role: /team/
    role: str | None = None  # the name of the role that a session is of
    session: str | None = None  # the session's name
    session_policies: tuple[str, ...] = ()  # JSON documents, given to AssumeRole
    issued_at: float | None = None  # of a session: seconds since 1970, the lab's clock
    service: str | None = None  # ecs-tasks.amazonaws.com

    @property
    def kind(self) -> Literal["IAMUser", "AssumedRole", "AWSService", "Anonymous"]:
        """CloudTrail's ``userIdentity.type``."""
        if self.service:
            return "AWSService"
        if self.account is None:
            return "Anonymous"
        return "AssumedRole" if self.role else "IAMUser"

    @property
    def arn(self) -> str:
        """What AWS calls it by in messages and records: a user's ARN, or of a session ``arn:aws:sts::…:assumed-role/<role>/<session>``."""
        if self.service:
            return self.service
        if self.account is None:
            return "anonymous"
        if self.role:
            return f"arn:aws:sts::{self.account}:assumed-role/{self.role}/{self.session}"
        return f"arn:aws:iam::{self.account}:user{self.path}{self.user}"

    @property
    def entity_arn(self) -> str:
        """The user's or the role's own ARN, to which policies are attached."""
        return f"arn:aws:iam::{self.account}:role{self.path}{self.role}" if self.role else self.arn

    @property
    def is_checker(self) -> bool:
        return self.user == USERS["checker"]


ANONYMOUS = Principal(None)


@dataclass(frozen=True)
class AccessKey:
    id: str
    secret: str
    principal: Principal


def ensure_key(database: Database, account: str, role: str) -> AccessKey:
    """The access key of an account's ``learner`` or ``checker``; makes the account, the user and the key on demand."""
    if not ACCOUNT.fullmatch(account) or role not in USERS:
        raise AwsError("ValidationException", f"No account {account!r} with a {role!r}: an account id is 12 digits, a role learner or checker.")
    if account == COURSES and role == "learner":
        raise AwsError("ValidationException", f"Account {account} is the course's own: nobody signs in to it.")
    with database.write() as transaction:
        row = database.one("SELECT * FROM access_keys WHERE account = ? AND user = ?", (account, USERS[role]))
        if row is None:
            transaction.execute("INSERT OR IGNORE INTO accounts (id) VALUES (?)", (account,))
            made = ("AKIA" + "".join(secrets.choice(KEY_ALPHABET) for _ in range(16)), secrets.token_urlsafe(30), account, USERS[role])
            transaction.execute("INSERT INTO access_keys (id, secret, account, user) VALUES (?, ?, ?, ?)", made)
            row = database.one("SELECT * FROM access_keys WHERE id = ?", (made[0],))
    return _key(row)


def find_key(database: Database, access_key_id: str) -> AccessKey | None:
    row = database.one("SELECT * FROM access_keys WHERE id = ?", (access_key_id,))
    return _key(row) if row else None


def principal_id(database: Database, principal: Principal) -> str:
    """A user's unique id (``AIDA…``), or of a session the role's (``AROA…``) and its name. Who is no longer there, or never changed, has one too."""
    kind, name = ("role", principal.role) if principal.role else ("user", principal.user)
    row = database.one("SELECT id FROM identities WHERE account = ? AND kind = ? AND name = ?", (principal.account, kind, name))
    found = row["id"] if row else _derived_id(principal.account, kind, name)
    return f"{found}:{principal.session}" if principal.role else found


def _derived_id(account: str | None, kind: str, name: str | None) -> str:
    digest = base64.b32encode(hashlib.sha256(f"{account} {kind} {name}".encode()).digest()).decode()
    return {"user": "AIDA", "role": "AROA"}[kind] + digest[:17]


def accounts(database: Database) -> list[str]:
    """The accounts that learners can use, in order."""
    return [row["id"] for row in database.all("SELECT id FROM accounts WHERE id != ? ORDER BY id", (COURSES,))]


def _key(row) -> AccessKey:
    return AccessKey(row["id"], row["secret"], Principal(row["account"], row["user"], row["id"]))
