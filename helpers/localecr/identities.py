"""Who there is: accounts, and the principals and keys in them.

Every account has a user ``learner``; the course's checks read as ``ecrlab-checker``, whose calls stay
out of the trail and the counts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

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


class Policy(NamedTuple):
    """A policy of a user's or a role's: its name as a sentence gives it, the ARN of a managed one, its JSON."""

    name: str
    arn: str | None
    document: str


@dataclass(frozen=True)
class Entity:
    """What IAM knows of a user or a role: the unique id, the policies (a user's groups' too), the permissions boundary, the tags."""

    id: str
    policies: tuple[Policy, ...]
    boundary: Policy | None
    tags: Mapping[str, str]


ADMINISTRATOR = Policy(
    "AdministratorAccess",
    "arn:aws:iam::aws:policy/AdministratorAccess",
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
)


def policies_of(database: Database, principal: Principal) -> Entity | None:
    """The user or the role behind a principal, as it is now; None where there isn't one (any more).

    It is looked up for each call, so that whatever is changed acts at once; what a row says is read once.
    """
    kind, name = ("role", principal.role) if principal.role else ("user", principal.user)
    row = database.one("SELECT id, document FROM identities WHERE account = ? AND kind = ? AND name = ?", (principal.account, kind, name))
    if row is not None:
        return _entity(row["id"], row["document"])
    if principal.account is not None and kind == "user" and _is_first(database, principal.account, principal.user):
        return Entity(default_id(principal.account), (ADMINISTRATOR,), None, {})
    return None


@lru_cache(maxsize=1024)
def _entity(unique_id: str, document: str) -> Entity:
    said = json.loads(document)
    policies = tuple(Policy(each["name"], each["arn"], each["document"]) for each in said["policies"])
    boundary = said["boundary"] and Policy(said["boundary"]["name"], said["boundary"]["arn"], said["boundary"]["document"])
    return Entity(unique_id, policies, boundary, said["tags"])


def _is_first(database: Database, account: str, user: str | None) -> bool:
    """Whether this is the user that an account has before IAM was ever used in it: a learner's, or the course's own."""
    if user != ("course" if account == COURSES else USERS["learner"]):
        return False
    return database.one("SELECT 1 FROM identities WHERE account = ? LIMIT 1", (account,)) is None


@lru_cache(maxsize=64)
def default_id(account: str) -> str:
    """The unique id of an account's first user, the same in every lab."""
    digest = hashlib.sha256(f"the first user of {account}".encode()).digest()
    return "AIDA" + base64.b32encode(digest).decode()[:17]


ENTITY = re.compile(r"arn:aws:iam::(?P<account>[0-9]{12}):(?P<kind>user|role)/(?:[\w+=,.@/-]+/)?(?P<name>[\w+=,.@-]+)")
SESSION = re.compile(r"arn:aws:sts::(?P<account>[0-9]{12}):assumed-role/(?P<role>[\w+=,.@-]+)/[\w+=,.@-]+")
UNIQUE_ID = re.compile(r"A(?:IDA|ROA)[A-Z0-9]{4,124}")


def lasting_name(database: Database, who: str) -> str:
    """A principal that a resource's policy names, as it is kept: a user or a role by unique id, so that no other of that name inherits.

    Raises ValueError for somebody that there isn't. An account exists by being named.
    """
    if found := ENTITY.fullmatch(who):
        account, kind, name = found.group("account", "kind", "name")
        row = database.one("SELECT id FROM identities WHERE account = ? AND kind = ? AND name = ? AND arn = ?", (account, kind, name, who))
        if row is not None:
            return row["id"]
        if who == Principal(account, name).arn and _is_first(database, account, name):
            return who
    elif found := SESSION.fullmatch(who):
        if database.one("SELECT 1 FROM identities WHERE account = ? AND kind = 'role' AND name = ?", found.group("account", "role")):
            return who
    elif who == "*" or ACCOUNT.fullmatch(who) or who == f"arn:aws:iam::{who[13:25]}:root":
        return who
    raise ValueError(f"there is no {who}")


def arn_of(database: Database, unique_id: str) -> str | None:
    """The ARN of the user or role with this id; None if there is none (any more)."""
    row = database.one("SELECT arn FROM identities WHERE id = ?", (unique_id,))
    return row and row["arn"]


def holds_key(database: Database, access_key_id: str) -> bool:
    """Whether an access key is there and active, which a token fetched with it depends on."""
    row = database.one("SELECT status FROM access_keys WHERE id = ?", (access_key_id,))
    return row is not None and row["status"] == "Active"


def accounts(database: Database) -> list[str]:
    """The accounts that learners can use, in order."""
    return [row["id"] for row in database.all("SELECT id FROM accounts WHERE id != ? ORDER BY id", (COURSES,))]


def _key(row) -> AccessKey:
    return AccessKey(row["id"], row["secret"], Principal(row["account"], row["user"], row["id"]))
