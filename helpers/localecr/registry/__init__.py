"""What a registry is, one noun a file: plain functions on the store, no HTTP and no AWS JSON.

Every function takes the ``Registry`` it works on. Errors are ``AwsError`` in AWS's words.
Rows come back as ``sqlite3.Row`` with the columns of ``store/schema.py``.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from localecr.clock import Clock
from localecr.store.blobs import Blobs
from localecr.store.database import Database


@dataclass(frozen=True)
class Lab:
    """What everything stands on: the folder, the store, the clock, the secret that seals tokens, the addresses clients use."""

    folder: Path
    database: Database
    blobs: Blobs
    clock: Clock
    secret: bytes
    private_address: str  # "localhost:4510"
    public_address: str


@dataclass(frozen=True)
class Registry:
    """An account's private registry in one Region, or its public registry (which has no Region)."""

    lab: Lab
    kind: Literal["private", "public"]
    account: str
    region: str

    @property
    def database(self) -> Database:
        return self.lab.database

    @property
    def is_public(self) -> bool:
        return self.kind == "public"

    @property
    def scope(self) -> tuple[str, str, str]:
        """The values of a repository's kind, account and region columns."""
        return self.kind, self.account, "" if self.is_public else self.region

    @property
    def host(self) -> str:
        """The registry's name on AWS: ``111122223333.dkr.ecr.us-east-1.amazonaws.com`` or ``public.ecr.aws``."""
        return "public.ecr.aws" if self.is_public else f"{self.account}.dkr.ecr.{self.region}.amazonaws.com"

    @property
    def uri(self) -> str:
        """What images' names begin with: the AWS name behind the local address."""
        return f"{self.lab.public_address if self.is_public else self.lab.private_address}/{self.host}"

    def repositories(self) -> list[sqlite3.Row]:
        """Every repository, by name."""
        return self.database.all("SELECT * FROM repositories WHERE kind = ? AND account = ? AND region = ? ORDER BY name", self.scope)

    def arn(self, repository: str) -> str:
        """A repository's ARN; a public one names no Region (AWS: Amazon ECR Public identity-based policies)."""
        if self.is_public:
            return f"arn:aws:ecr-public::{self.account}:repository/{repository}"
        return f"arn:aws:ecr:{self.region}:{self.account}:repository/{repository}"
