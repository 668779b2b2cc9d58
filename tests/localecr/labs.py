"""Labs in processes of their own, which can be ended as a crash would end them."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from pathlib import Path

import boto3
from botocore.client import BaseClient
from botocore.config import Config

from localecr.door import Door, NotRunning
from wire import Repository, basic

SERVE = "import sys, localecr; localecr.start(sys.argv[1], port=0).wait()"
PATIENCE = 60


class Process:
    """A lab that runs on a state folder in another process. Leaving the `with` block kills it."""

    def __init__(self, state: Path, program: str = SERVE):
        self.state = state
        self.said = state.with_name("said.log")
        with self.said.open("w") as log:
            self.process = subprocess.Popen([sys.executable, "-c", program, str(state)], stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.door = Door.find(state)
                break
            except NotRunning:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    raise AssertionError(f"the lab did not start: {self.said.read_text()}") from None
                time.sleep(0.02)
        self.url = self.door.status()["endpoint"]

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()

    def kill(self) -> None:
        """What `kill -9` does: no handler runs, nothing is tidied."""
        self.process.kill()
        self.process.wait()

    def client(self, service: str = "ecr") -> BaseClient:
        keys = self.door.keys("111122223333")
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    def repository(self, name: str) -> Repository:
        """A repository over HTTP, its owner logged in."""
        (data,) = self.client().get_authorization_token()["authorizationData"]
        password = base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")
        return Repository(self.url, f"111122223333.dkr.ecr.us-east-1.amazonaws.com/{name}", basic(password))
