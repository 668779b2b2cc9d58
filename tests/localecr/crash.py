"""``python tests/localecr/crash.py --kills 300``: clients push, retag and delete; the lab is killed at random moments and started again.

Each client keeps a ledger of what was acknowledged. After every start all of it is fetched and compared byte by byte, of what was
under way either nothing or a whole step must be there, and the folder must be sound (`audit.faults`). Ends at the first fault,
having printed it with the seed that brings a run of the same shape.
"""

from __future__ import annotations

import argparse
import base64
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError

import audit
from labs import Process
from specimens import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Specimen, descriptor, digest
from wire import Repository, basic

CLIENTS = 4
MOST_IMAGES = 8  # of a repository, so that looking at all of it stays quick
DAY = 25 * 3600
Key = tuple  # ("repository", name), ("blob", name, digest), ("image", name, digest), ("tag", name, tag), ("upload", name, id)
Step = dict[Key, Any]  # what a request changes, all at once: None for what is gone
GONE = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError, EndpointConnectionError, HTTPClientError)


class Fault(Exception):
    """Something that must not be."""


class Client:
    """One pusher on repositories of its own; blobs may be the same as other clients'."""

    def __init__(self, number: int, seed: int, pool: list[bytes]) -> None:
        self.names = [f"client-{number}/{name}" for name in ("web", "tools")]
        self.random = random.Random(f"{seed} {number}")
        self.pool = pool
        self.known: Step = {}  # acknowledged, and not undone since
        self.pending: list[Step] = []  # of the request under way: what is so after each of its steps
        self.day = 0  # of the lab's clock
        self.came_on: dict[Key, int] = {}  # the day on which a blob was pushed last
        self.specimens: dict[str, Specimen] = {}
        self.done: Counter[str] = Counter()
        self.fault: BaseException | None = None

    def join(self, lab: Process) -> None:
        """Logs in to a lab that was started anew."""
        keys = lab.door.keys("111122223333")
        self.ecr = boto3.client(
            "ecr", region_name="us-east-1", endpoint_url=lab.url, aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"], config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
        )  # fmt: skip
        (data,) = self.ecr.get_authorization_token()["authorizationData"]
        authorization = basic(base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:"))
        session = requests.Session()
        self.at = {name: Repository(lab.url, f"111122223333.dkr.ecr.us-east-1.amazonaws.com/{name}", authorization, session) for name in self.names}

    # --- traffic --------------------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Works until nobody answers any more."""
        works = [self.push, self.push, self.push_by_boto, self.retag, self.retag, self.begin, self.go_on, self.go_on, self.untag, self.delete_image, self.mount]
        try:
            while True:
                name = self.random.choice(self.names)
                if not self.known.get(("repository", name)):
                    self.create(name)
                elif self.random.random() < 0.02 or len(self.images(name)) > MOST_IMAGES:
                    self.delete_repository(name)
                else:
                    self.random.choice(works)(name)
        except GONE:
            return
        except BaseException as error:
            self.fault = error

    def acknowledged(self, work: str) -> None:
        for step in self.pending:
            self.known |= step
            self.came_on |= {key: self.day for key, value in step.items() if key[0] == "blob" and value}
        self.pending = []
        self.done[work] += 1

    def create(self, name: str) -> None:
        self.pending = [{("repository", name): True}]
        self.ecr.create_repository(repositoryName=name)
        self.acknowledged("repository made")

    def delete_repository(self, name: str) -> None:
        self.pending = [{key: None for key in self.known if key[1] == name}]
        self.ecr.delete_repository(repositoryName=name, force=True)
        self.acknowledged("repository deleted")

    def content(self) -> bytes:
        if self.random.random() < 0.3:
            return self.random.choice(self.pool)
        return self.random.randbytes(self.random.choice((0, 2, 700, 40_000, 300_000, 2_000_000)))

    def push_blob(self, name: str, data: bytes) -> None:
        at, held = self.at[name], {("blob", name, digest(data)): True}
        way = self.random.choice(("POST", "PUT", "stream"))
        if way == "POST":
            self.pending = [held]
            expect(at("POST", "blobs/uploads/", params={"digest": digest(data)}, data=data), 201)
        else:
            location = self.open(name, data)
            upload = ("upload", name, location.rpartition("/")[2])
            self.pending = [{upload: (len(data), data)}, {upload: None} | held]
            body = iter([data[:1000], data[1000:]]) if way == "stream" and len(data) > 1000 else data
            expect(at("PUT", location, params={"digest": digest(data)}, data=body), 201)
        self.acknowledged("blob")

    def open(self, name: str, data: bytes) -> str:
        location = self.at[name].begin()
        self.known["upload", name, location.rpartition("/")[2]] = (0, data)
        return location

    def begin(self, name: str) -> None:
        data = self.content()
        location = self.open(name, data)
        self.chunk(name, location.rpartition("/")[2])

    def chunk(self, name: str, upload: str) -> None:
        received, data = self.known["upload", name, upload]
        end = received + self.random.randint(0, len(data) - received)
        end = 0 if end == 1 else end  # the protocol says 0-0 of an upload without bytes, and of one with a single byte
        self.pending = [{("upload", name, upload): (end, data)}]
        expect(self.at[name]("PATCH", f"blobs/uploads/{upload}", data=data[received:end]), 202)
        self.acknowledged("chunk")

    def go_on(self, name: str) -> None:
        """The next chunk of an open upload, or its end, or it is given up."""
        uploads = [key for key, value in self.known.items() if key[:2] == ("upload", name) and value]
        if not uploads:
            return
        key = self.random.choice(uploads)
        received, data = self.known[key]
        what = self.random.random()
        if what < 0.4:
            self.chunk(name, key[2])
        elif what < 0.9:
            self.pending = [{key: (len(data), data)}, {key: None, ("blob", name, digest(data)): True}]
            expect(self.at[name]("PUT", f"blobs/uploads/{key[2]}", params={"digest": digest(data)}, data=data[received:]), 201)
            self.acknowledged("upload ended")
        else:
            self.pending = [{key: None}]
            expect(self.at[name]("DELETE", f"blobs/uploads/{key[2]}"), 204)
            self.acknowledged("upload given up")

    def image(self, name: str) -> Specimen:
        """A new image, its blobs pushed."""
        config, *layers = blobs = [self.content() for _ in range(self.random.randint(2, 4))]
        document = {
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(OCI_CONFIG, config),
            "layers": [descriptor(OCI_LAYER, each) for each in layers], "annotations": {"number": str(self.random.random())},
        }  # fmt: skip
        specimen = Specimen(str(document).replace("'", '"').encode(), OCI_MANIFEST, tuple(blobs))
        for blob in blobs:
            self.push_blob(name, blob)
        self.specimens[specimen.digest] = specimen
        return specimen

    def tag(self) -> str:
        return self.random.choice(("latest", "1", "2", "3"))

    def push(self, name: str) -> None:
        specimen, tag = self.image(name), self.tag()
        self.pending = [{("image", name, specimen.digest): True, ("tag", name, tag): specimen.digest}]
        expect(self.at[name].put_manifest(tag, specimen), 201)
        self.acknowledged("image")

    def push_by_boto(self, name: str) -> None:
        specimen, tag = self.image(name), self.tag()
        self.pending = [{("image", name, specimen.digest): True, ("tag", name, tag): specimen.digest}]
        self.ecr.put_image(repositoryName=name, imageManifest=specimen.text, imageManifestMediaType=OCI_MANIFEST, imageTag=tag)
        self.acknowledged("image by boto3")

    def images(self, name: str) -> list[str]:
        return sorted(key[2] for key, value in self.known.items() if key[:2] == ("image", name) and value)

    def retag(self, name: str) -> None:
        if images := self.images(name):
            specimen, tag = self.specimens[self.random.choice(images)], self.tag()
            self.pending = [{("tag", name, tag): specimen.digest}]
            expect(self.at[name].put_manifest(tag, specimen), 201)
            self.acknowledged("retag")

    def mount(self, name: str) -> None:
        other = next(each for each in self.names if each != name)
        if images := self.images(other):
            blob = self.random.choice(self.specimens[self.random.choice(images)].blobs)
            self.pending = [{("blob", name, digest(blob)): True}]
            expect(self.at[name]("POST", "blobs/uploads/", params={"mount": digest(blob), "from": other}), 201)
            self.acknowledged("mount")

    def untag(self, name: str) -> None:
        """Takes a tag away, and with the last one the image."""
        tags = {key[2]: value for key, value in self.known.items() if key[:2] == ("tag", name) and value}
        if tags:
            tag = self.random.choice(sorted(tags))
            is_last = list(tags.values()).count(tags[tag]) == 1
            self.pending = [{("tag", name, tag): None} | ({("image", name, tags[tag]): None} if is_last else {})]
            expect(self.at[name]("DELETE", f"manifests/{tag}"), 202)
            self.acknowledged("tag deleted")

    def delete_image(self, name: str) -> None:
        if images := self.images(name):
            gone = self.random.choice(images)
            tags = {key: None for key, value in self.known.items() if key[:2] == ("tag", name) and value == gone}
            self.pending = [{("image", name, gone): None} | tags]
            answer = self.ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": gone}])
            if "failures" not in answer:
                raise requests.ConnectionError("the lab was killed between the head of its answer and the body")
            if answer["failures"]:
                raise Fault(f"an image could not be deleted: {answer['failures']}")
            self.acknowledged("image deleted")

    # --- judgement ------------------------------------------------------------------------------------------------------------------

    def seen(self, key: Key) -> Any:
        """What the lab says now of something in the ledger."""
        what, name, *rest = key
        if what == "repository":
            try:
                return bool(self.ecr.describe_repositories(repositoryNames=[name])["repositories"])
            except ClientError as error:
                if error.response["Error"]["Code"] == "RepositoryNotFoundException":
                    return None
                raise
        path = {"blob": "blobs", "image": "manifests", "tag": "manifests", "upload": "blobs/uploads"}[what]
        answer = self.at[name]("GET", f"{path}/{rest[0]}")
        if answer.status_code == 404:
            return None
        expect(answer, 204 if what == "upload" else 200)
        if what == "blob" and digest(answer.content) != rest[0]:
            raise Fault(f"{key} has other bytes: {len(answer.content)} of them")
        if what in ("image", "tag"):
            named = answer.headers["Docker-Content-Digest"]
            if answer.content != self.specimens[named].manifest:
                raise Fault(f"{key} has another manifest")
            return named if what == "tag" else True
        if what == "upload":
            return int(answer.headers["Range"].partition("-")[2])
        return True

    def agrees(self, key: Key, value: Any, seen: Any) -> bool:
        if key[0] == "upload" and value is not None:
            return seen == max(0, value[0] - 1)
        return seen == value

    def judge(self) -> None:
        """Compares the ledger with the lab; what was under way is in the ledger afterwards as it turned out."""
        self.let_go()
        under_way = self.pending
        doubtful = set().union(*under_way) if under_way else set()
        for key, value in self.known.items():
            if key not in doubtful and not self.agrees(key, value, seen := self.seen(key)):
                raise Fault(f"{key} was acknowledged as {short(value)} and is {seen}")
        seen = {key: self.seen(key) for key in doubtful}
        states = [self.known, *({} for _ in under_way)]
        for number, step in enumerate(under_way, 1):
            states[number] = states[number - 1] | step
        fitting = [state for state in states if all(self.agrees(key, state.get(key), seen[key]) for key in doubtful if key in state or key[0] != "blob")]
        if not fitting:
            raise Fault(f"half of a step is there: {seen} of {[{key: short(value) for key, value in step.items()} for step in under_way]}")
        self.known = {key: value for key, value in fitting[0].items() if value is not None}
        self.known |= {key: True for key in doubtful - self.known.keys() if key[0] == "blob" and seen[key]}  # a blob let go may still be there
        self.pending = []
        for name in self.names:
            if self.known.get(("repository", name)):
                listed = {(each["imageDigest"], each.get("imageTag")) for each in self.ecr.list_images(repositoryName=name, maxResults=1000)["imageIds"]}
                tags = {(value, key[2]) for key, value in self.known.items() if key[:2] == ("tag", name)}
                untagged = {(each, None) for each in set(self.images(name)) - {value for value, _ in tags}}
                if listed != tags | untagged:
                    raise Fault(f"{name} lists {listed ^ (tags | untagged)}, or doesn't")

    def let_go(self) -> None:
        """Forgets what the lab may have cleaned up: blobs that came a day ago, and that no image names, or perhaps none any more."""
        doubtful = set().union(*self.pending) if self.pending else set()
        sure = [(name, image) for name in self.names for image in self.images(name) if ("image", name, image) not in doubtful]
        needed = {(name, digest(blob)) for name, image in sure for blob in self.specimens[image].blobs}
        for key in [key for key in self.known if key[0] == "blob" and key[1:] not in needed and self.came_on.get(key, 0) < self.day]:
            del self.known[key]

    def sleep_a_day(self) -> None:
        """After this no upload of before is open any more."""
        self.day += 1
        for key in [key for key in self.known if key[0] == "upload"]:
            del self.known[key]


def short(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value


def expect(answer: requests.Response, status: int) -> None:
    if answer.status_code != status:
        raise Fault(f"{answer.request.method} {answer.request.url} answered {answer.status_code}, not {status}: {answer.text[:300]}")


def started(state: Path, dice: random.Random) -> tuple[Process, int]:
    """A running lab, and how often it was killed while it started."""
    kills = 0
    while dice.random() < 0.1:
        lab = Process.__new__(Process)
        lab.begin(state)
        time.sleep(dice.uniform(0.0, 0.5))
        lab.kill()
        kills += 1
    return Process(state), kills


def rehearse(state: Path, kills: int, seed: int, longest: float = 0.4) -> str:
    """Kills a lab ``kills`` times, mostly after ``longest`` seconds of traffic at most; returns what was done and seen. Raises Fault."""
    dice, done, began = random.Random(seed), 0, time.monotonic()
    pool = [dice.randbytes(size) for size in (0, 2, 1000, 100_000, 1_000_000)]
    clients = [Client(number, seed, pool) for number in range(CLIENTS)]
    starts: list[float] = []
    looked_at = days = 0
    while True:
        before = time.monotonic()
        lab, during_start = started(state, dice)
        done += during_start
        if sys.stdout.isatty():
            print(f"\r{done} kills", end="", flush=True)
        if not during_start:
            starts.append(time.monotonic() - before)
        with lab:
            for client in clients:
                client.join(lab)
                client.judge()
            looked_at += sum(len(client.known) for client in clients)
            if faults := audit.faults(state):
                raise Fault("the folder isn't sound: " + "; ".join(faults[:10]))
            if done >= kills:
                break
            if dice.random() < 0.1:
                for client in clients:
                    client.sleep_a_day()
                lab.door.advance(DAY)  # the lab sweeps while it is pushed to
                days += 1
                for client in clients:
                    client.join(lab)
            threads = [threading.Thread(target=client.run) for client in clients]
            for thread in threads:
                thread.start()
            time.sleep(dice.uniform(0.02, longest) * (1 if dice.random() < 0.9 else 8))
            lab.kill()
            done += 1
            for thread in threads:
                thread.join()
            for client in clients:
                if client.fault:
                    raise Fault(f"a client met what it must not: {client.fault!r}") from client.fault
    total = sum((client.done for client in clients), Counter())
    works = ", ".join(f"{count} × {work}" for work, count in total.most_common())
    return (
        f"{done} kills in {time.monotonic() - began:.0f} s, {days} days of lab time; a start took {sorted(starts)[len(starts) // 2]:.2f} s (median of {len(starts)})\n"
        f"acknowledged: {sum(total.values())} requests ({works})\n"
        f"looked at after the starts: {looked_at} repositories, images, tags, blobs and uploads, all as acknowledged; the folder sound every time"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    given = parser.parse_args()
    print(f"seed {given.seed}")
    with tempfile.TemporaryDirectory(prefix="ecrlab-crash-") as folder:
        state = Path(folder) / "state"
        state.mkdir()
        try:
            print("\r" + rehearse(state, given.kills, given.seed))
        except (Fault, AssertionError) as fault:
            sys.exit(f"seed {given.seed}: {fault!r}")


if __name__ == "__main__":
    main()
