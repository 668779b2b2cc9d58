"""Who there is: accounts, and the users and keys in them.

Every account has a user ``learner``; the course's checks read as ``ecrlab-checker``, whose calls stay
out of the trail and the counts.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from localecr.errors import AwsError
from localecr.store.database import Database

YOURS, PARTNERS, COURSES = "111122223333", "444455556666", "999988887777"
USERS = {"learner": "learner", "checker": "ecrlab-checker"}
ACCOUNT = re.compile(r"[0-9]{12}")
KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class Principal:
    """Whoever a request comes from: a user of an account, or nobody (``account`` None) where anybody may read."""

    account: str | None
    user: str | None = None
    access_key_id: str | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:user/{self.user}" if self.account else "anonymous"

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


def accounts(database: Database) -> list[str]:
    """The accounts that learners can use, in order."""
    return [row["id"] for row in database.all("SELECT id FROM accounts WHERE id != ? ORDER BY id", (COURSES,))]


def _key(row) -> AccessKey:
    return AccessKey(row["id"], row["secret"], Principal(row["account"], row["user"], row["id"]))
