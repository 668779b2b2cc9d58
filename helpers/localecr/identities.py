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
from typing import Any, Literal, NamedTuple

from localecr.errors import AwsError
from localecr.store.database import Database

YOURS, PARTNERS, COURSES = "111122223333", "444455556666", "999988887777"
USERS = {"learner": "learner", "checker": "ecrlab-checker"}
ACCOUNT = re.compile(r"[0-9]{12}")
TEMPORARY = "ASIA"  # what the ids of a session's keys begin with
WHO_THERE_IS = "who there is"  # what each call asks the tables identities and access_keys: remembered until they change
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
    id: str | None = None  # the unique id of the user or role: AIDA…, AROA…
    source_identity: str | None = None  # of a session: who is behind it, as AssumeRole was told
    session_tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()

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

    @property
    def user_id(self) -> str | None:
        """``aws:userid``, and what GetCallerIdentity says: of a session with its name."""
        return f"{self.id}:{self.session}" if self.role else self.id

    @classmethod
    def read(cls, kept: dict[str, Any]) -> Principal:
        """A principal as ``dataclasses.asdict`` made it, and JSON kept it."""
        tags = tuple((key, value) for key, value in kept["session_tags"])
        lists = {name: tuple(kept[name]) for name in ("session_policies", "transitive_tag_keys")}
        return cls(**kept | lists | {"session_tags": tags})


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
        row = database.one("SELECT * FROM access_keys WHERE account = ? AND user = ? AND of_lab", (account, USERS[role]))
        if row is None:
            database.outdate(WHO_THERE_IS)
            transaction.execute("INSERT OR IGNORE INTO accounts (id) VALUES (?)", (account,))
            made = ("AKIA" + "".join(secrets.choice(KEY_ALPHABET) for _ in range(16)), secrets.token_urlsafe(30), account, USERS[role])
            transaction.execute("INSERT INTO access_keys (id, secret, account, user, of_lab) VALUES (?, ?, ?, ?, 1)", made)
            row = database.one("SELECT * FROM access_keys WHERE id = ?", (made[0],))
    return AccessKey(row["id"], row["secret"], _user(database, account, row["user"], row["id"]) or Principal(account, row["user"], row["id"]))


def find_key(database: Database, access_key_id: str) -> AccessKey | None:
    """An active key of a user that there is."""
    return database.remembered(WHO_THERE_IS, ("key", access_key_id), lambda: _find_key(database, access_key_id))


def _find_key(database: Database, access_key_id: str) -> AccessKey | None:
    row = database.one(
        "SELECT k.*, i.id AS unique_id, i.arn, EXISTS(SELECT 1 FROM identities WHERE account = k.account) AS is_kept FROM access_keys k"
        " LEFT JOIN identities i ON i.account = k.account AND i.kind = 'user' AND i.name = k.user WHERE k.id = ? AND k.status = 'Active'",
        (access_key_id,),
    )
    principal = row and _principal(row["account"], row["user"], access_key_id, row["unique_id"], row["arn"], row["is_kept"])
    return AccessKey(row["id"], row["secret"], principal) if principal else None


def _user(database: Database, account: str, name: str, access_key_id: str | None) -> Principal | None:
    """A user as a principal; None where there is no such user."""
    row = database.one(
        "SELECT i.id, i.arn, EXISTS(SELECT 1 FROM identities WHERE account = ?1) AS is_kept FROM (SELECT 1)"
        " LEFT JOIN identities i ON i.account = ?1 AND i.kind = 'user' AND i.name = ?2",
        (account, name),
    )
    return _principal(account, name, access_key_id, row["id"], row["arn"], row["is_kept"])


def _principal(account: str, name: str, access_key_id: str | None, unique_id: str | None, arn: str | None, is_kept: bool) -> Principal | None:
    """A user, by the row that ``identities`` has or hasn't. The lab's own are there without one: where IAM has never been used nothing is kept."""
    if arn is not None:
        return Principal(account, name, access_key_id, path=_path(arn, name), id=unique_id)
    if name == USERS["checker"] or (not is_kept and name == _first_user(account)):
        return Principal(account, name, access_key_id, id=default_id(account) if name == USERS["learner"] else None)
    return None


def _first_user(account: str) -> str:
    """The user that an account has before IAM was ever used in it: a learner's, or the course's own."""
    return "course" if account == COURSES else USERS["learner"]


def _path(arn: str, name: str) -> str:
    """/team/ of arn:aws:iam::111122223333:user/team/alice."""
    return "/" + arn.split("/", 1)[1].removesuffix(name)


def path_of(database: Database, account: str, kind: str, name: str) -> str:
    """The path of a user or a role; ``/`` of one that isn't there."""
    row = database.one("SELECT arn FROM identities WHERE account = ? AND kind = ? AND name = ?", (account, kind, name))
    return _path(row["arn"], name) if row else "/"


@dataclass(frozen=True)
class Role:
    """A role as AssumeRole needs it."""

    account: str
    name: str
    path: str
    id: str
    trust: str  # JSON
    longest_session: int  # seconds


def find_role(database: Database, arn: str) -> Role | None:
    row = database.one("SELECT account, name, arn, id, document FROM identities WHERE arn = ? AND kind = 'role'", (arn,))
    if row is None:
        return None
    said = json.loads(row["document"])
    return Role(row["account"], row["name"], said["path"], row["id"], said["trust"], said["longest_session"])


def is_there(database: Database, principal: Principal) -> bool:
    """Whether who a token or a session names is still the same: the key that fetched it active, the user or role not made anew."""
    if principal.account is None:
        return True
    named = ("is there", principal.account, principal.user, principal.role, principal.id, principal.access_key_id)
    return database.remembered(WHO_THERE_IS, named, lambda: _is_there(database, principal))


def _is_there(database: Database, principal: Principal) -> bool:
    if principal.role:
        row = database.one("SELECT id FROM identities WHERE account = ? AND kind = 'role' AND name = ?", (principal.account, principal.role))
        return row is not None and row["id"] == principal.id
    row = database.one(
        "SELECT i.id, i.arn, EXISTS(SELECT 1 FROM identities WHERE account = ?1) AS is_kept, (SELECT status FROM access_keys WHERE id = ?3) AS status"
        " FROM (SELECT 1) LEFT JOIN identities i ON i.account = ?1 AND i.kind = 'user' AND i.name = ?2",
        (principal.account, principal.user, principal.access_key_id),
    )
    now = _principal(principal.account, principal.user, None, row["id"], row["arn"], row["is_kept"])
    is_lasting = principal.access_key_id is None or principal.access_key_id.startswith(TEMPORARY) or row["status"] == "Active"
    return now is not None and now.id == principal.id and is_lasting


def account_of_key(database: Database, access_key_id: str) -> str | None:
    row = database.one("SELECT account FROM access_keys WHERE id = ?", (access_key_id,))
    return row and row["account"]


def has_learner(database: Database, account: str) -> bool:
    return database.one("SELECT 1 FROM access_keys WHERE account = ? AND user = ? AND of_lab", (account, USERS["learner"])) is not None


def lab_key(database: Database, account: str) -> tuple[str, str]:
    """Id and secret of the key with which the notebooks work in an account."""
    row = database.one("SELECT id, secret FROM access_keys WHERE account = ? AND user = ? AND of_lab", (account, USERS["learner"]))
    return row["id"], row["secret"]


def is_lab_key(database: Database, access_key_id: str) -> bool:
    return database.one("SELECT 1 FROM access_keys WHERE id = ? AND of_lab", (access_key_id,)) is not None


class Policy(NamedTuple):
    """A policy of a user's or a role's: its name as a sentence gives it, the ARN of a managed one, its JSON."""

    name: str
    arn: str | None
    document: str


@dataclass(frozen=True, eq=False)  # the same as long as it is the same object, so that it costs nothing to look up what is known of it
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

    It is asked for with each call, and whatever is changed acts at once.
    """
    kind, name = ("role", principal.role) if principal.role else ("user", principal.user)
    return database.remembered(WHO_THERE_IS, ("policies", principal.account, kind, name), lambda: _policies_of(database, principal.account, kind, name))


def _policies_of(database: Database, account: str | None, kind: str, name: str | None) -> Entity | None:
    row = database.one(
        "SELECT i.id, i.document, EXISTS(SELECT 1 FROM identities WHERE account = ?1) AS is_kept FROM (SELECT 1)"
        " LEFT JOIN identities i ON i.account = ?1 AND i.kind = ?2 AND i.name = ?3",
        (account, kind, name),
    )
    if row["id"] is not None:
        return _entity(row["id"], row["document"])
    if account is not None and kind == "user" and not row["is_kept"] and name == _first_user(account):
        return _administrator(account)
    return None


@lru_cache(maxsize=1024)
def _entity(unique_id: str, document: str) -> Entity:
    said = json.loads(document)
    policies = tuple(Policy(each["name"], each["arn"], each["document"]) for each in said["policies"])
    boundary = said["boundary"] and Policy(said["boundary"]["name"], said["boundary"]["arn"], said["boundary"]["document"])
    return Entity(unique_id, policies, boundary, said["tags"])


@lru_cache(maxsize=1024)
def _administrator(account: str) -> Entity:
    """The first user of an account."""
    return Entity(default_id(account), (ADMINISTRATOR,), None, {})


@lru_cache(maxsize=64)
def default_id(account: str) -> str:
    """The unique id of an account's learner, the same in every lab."""
    digest = hashlib.sha256(f"learner of {account}".encode()).digest()
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
        if who == Principal(account, name).arn and name == _first_user(account) and _user(database, account, name, None):
            return who  # whom IAM doesn't know yet
    elif found := SESSION.fullmatch(who):
        if database.one("SELECT 1 FROM identities WHERE account = ? AND kind = 'role' AND name = ?", found.group("account", "role")):
            return who
    elif who == "*" or ACCOUNT.fullmatch(who) or who == f"arn:aws:iam::{who[13:25]}:root":
        return who
    raise ValueError(f"there is no {who}")


def principal_of(database: Database, arn: str) -> Principal | None:
    """The user, or the session of a role, that an ARN names (a role's own means a session of it); None where there is none."""
    found = ENTITY.fullmatch(arn) or SESSION.fullmatch(arn)
    if found is None:
        return None
    account, named = found["account"], found.groupdict()
    if named.get("kind") == "user":
        return _user(database, account, named["name"], None)
    role, session = named.get("name") or named["role"], arn.rpartition("/")[2] if "role" in named else "session"
    row = database.one("SELECT id, arn FROM identities WHERE account = ? AND kind = 'role' AND name = ?", (account, role))
    return Principal(account, role=role, session=session, path=_path(row["arn"], role), id=row["id"]) if row else None


def arn_of(database: Database, unique_id: str) -> str | None:
    """The ARN of the user or role with this id; None if there is none (any more)."""
    row = database.one("SELECT arn FROM identities WHERE id = ?", (unique_id,))
    return row and row["arn"]


def accounts(database: Database) -> list[str]:
    """The accounts that learners can use, in order."""
    return [row["id"] for row in database.all("SELECT id FROM accounts WHERE id != ? ORDER BY id", (COURSES,))]
