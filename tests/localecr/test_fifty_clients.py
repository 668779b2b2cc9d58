"""Fifty clients at once that push, pull, delete, retag and list through both doors; then the invariants, from outside and in the folder.

FIFTY_CLIENTS_SECONDS says how long (10 by default; a minute is the full measure).
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
import threading
import time
from collections import Counter

import pytest
from botocore.exceptions import ClientError

import awsapi
from labs import Process
from localecr.store.blobs import Blobs
from specimens import artifact, digest, image, index

CLIENTS = 50
SECONDS = float(os.environ.get("FIFTY_CLIENTS_SECONDS", "10"))
REPOSITORIES = ("web", "shop/api", "locked", "fleeting")
TAGS = [f"v{number}" for number in range(8)]
# what another client's work can bring about, and nothing else
API_ERRORS = {
    "ImageAlreadyExistsException", "ImageNotFoundException", "ImageTagAlreadyExistsException", "LayerAlreadyExistsException", "LayersNotFoundException",
    "LayerInaccessibleException", "ReferencedImagesNotFoundException", "RepositoryAlreadyExistsException", "RepositoryNotFoundException", "UploadNotFoundException",
}  # fmt: skip
HTTP_ERRORS = {
    "BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "NAME_UNKNOWN", "TAG_INVALID", "UNSUPPORTED",
}  # fmt: skip


class Client:
    """One client, which has credentials and a connection of its own and does one thing after another."""

    def __init__(self, number, lab, until):
        self.random = random.Random(number)
        self.number = number
        self.until = until
        self.ecr = lab.client()
        self.at = {name: lab.repository(name) for name in REPOSITORIES}
        for repository in self.at.values():
            repository.session.close()
            repository.session = self.session = self.at["web"].session
        self.did = Counter()
        self.wrong = []

    def run(self):
        actions = [self.push, self.push_index, self.push_through_the_api, self.push_in_chunks, self.pull, self.pull_through_the_api, self.list_all,
                   self.retag, self.delete_tag, self.delete_digest, self.delete_many, self.refer, self.mount, self.give_up, self.replace_the_fleeting]  # fmt: skip
        while time.monotonic() < self.until:
            action = self.random.choice(actions)
            self.did[action.__name__] += 1
            try:
                action(self.random.choice(REPOSITORIES))
            except ClientError as error:
                code, http_status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
                if http_status >= 500 or code not in API_ERRORS:
                    self.wrong.append(f"{action.__name__}: {http_status} {error}")
            except Exception as error:
                self.wrong.append(f"{action.__name__}: {error!r}")

    def ask(self, name, method, rest, *good, **more):
        """A request whose answer is good, or an error that another client's work explains (then None)."""
        answer = self.at[name](method, rest, **more)
        if answer.status_code in good:
            return answer
        if answer.status_code >= 500 or (method != "HEAD" and answer.json()["errors"][0]["code"] not in HTTP_ERRORS):
            self.wrong.append(f"{method} {rest}: {answer.status_code} {answer.text[:300]}")
        return None

    def specimen(self):
        """An image that this client alone makes, or one that they all make."""
        seed = f"{self.number} {self.random.random()}" if self.random.random() < 0.5 else f"shared {self.random.randrange(20)}"
        return image(seed, layers=self.random.randrange(1, 4))

    def push(self, name, specimen=None):
        specimen = specimen or self.specimen()
        for blob in specimen.blobs:
            if self.ask(name, "HEAD", f"blobs/{digest(blob)}", 200) is None:
                self.ask(name, "POST", "blobs/uploads/", 201, params={"digest": digest(blob)}, data=blob)
        for child in specimen.children:
            self.push(name, child)
        reference = self.random.choice([*TAGS, specimen.digest])
        answer = self.ask(name, "PUT", f"manifests/{reference}", 201, data=specimen.manifest, headers={"Content-Type": specimen.media_type})
        assert answer is None or answer.headers["Docker-Content-Digest"] == specimen.digest

    def push_index(self, name):
        self.push(name, index(self.specimen(), self.specimen()))

    def push_through_the_api(self, name):
        specimen = self.specimen()
        for blob in specimen.blobs:
            upload = self.ecr.initiate_layer_upload(repositoryName=name)["uploadId"]
            last = self.ecr.upload_layer_part(
                repositoryName=name, uploadId=upload, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob
            )["lastByteReceived"]
            assert last == len(blob) - 1
            try:
                self.ecr.complete_layer_upload(repositoryName=name, uploadId=upload, layerDigests=[digest(blob)])
            except self.ecr.exceptions.LayerAlreadyExistsException:
                self.ask(name, "DELETE", f"blobs/uploads/{upload}", 204)  # the API has no way to give an upload up
        awsapi.put_image(self.ecr, name, specimen, self.random.choice([*TAGS, None]))

    def push_in_chunks(self, name):
        content = self.random.randbytes(200_000)
        opened = self.ask(name, "POST", "blobs/uploads/", 202)
        for start in range(0, len(content), 50_000):
            if opened:
                opened = self.ask(name, "PATCH", opened.headers["Location"], 202, data=iter([content[start : start + 50_000]]))
        if opened:
            self.ask(name, "PUT", opened.headers["Location"], 201, params={"digest": digest(content)})

    def pull(self, name):
        answer = self.ask(name, "GET", f"manifests/{self.random.choice(TAGS)}", 200)
        if answer is None:
            return
        assert digest(answer.content) == answer.headers["Docker-Content-Digest"]
        document = answer.json()
        for each in document.get("manifests", []):
            child = self.ask(name, "GET", f"manifests/{each['digest']}", 200)
            assert child is None or digest(child.content) == each["digest"]
        for each in [document[key] for key in ("config",) if key in document] + document.get("layers", []):
            blob = self.ask(name, "GET", f"blobs/{each['digest']}", 200)
            assert blob is None or digest(blob.content) == each["digest"]

    def pull_through_the_api(self, name):
        for found in self.ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": self.random.choice(TAGS)}])["images"]:
            assert digest(found["imageManifest"].encode()) == found["imageId"]["imageDigest"]
            for layer in json.loads(found["imageManifest"]).get("layers", []):
                url = self.ecr.get_download_url_for_layer(repositoryName=name, layerDigest=layer["digest"])["downloadUrl"]
                answer = self.session.get(url, timeout=60)
                assert answer.status_code == 404 or digest(answer.content) == layer["digest"]

    def list_all(self, name):
        ids = [each for page in self.ecr.get_paginator("list_images").paginate(repositoryName=name) for each in page["imageIds"]]
        details = [each for page in self.ecr.get_paginator("describe_images").paginate(repositoryName=name) for each in page["imageDetails"]]
        assert len({each["imageDigest"] for each in details}) == len(details)
        assert len({(each["imageDigest"], each.get("imageTag")) for each in ids}) == len(ids)
        self.ask(name, "GET", "tags/list", 200)

    def retag(self, name):
        answer = self.ask(name, "GET", f"manifests/{self.random.choice(TAGS)}", 200)
        if answer is not None:
            headers = {"Content-Type": answer.headers["Content-Type"]}
            self.ask(name, "PUT", f"manifests/{self.random.choice(TAGS)}", 201, data=answer.content, headers=headers)

    def delete_tag(self, name):
        self.ask(name, "DELETE", f"manifests/{self.random.choice(TAGS)}", 202)

    def delete_digest(self, name):
        listed = self.ecr.list_images(repositoryName=name)["imageIds"]
        if listed:
            self.ask(name, "DELETE", f"manifests/{self.random.choice(listed)['imageDigest']}", 202)

    def delete_many(self, name):
        listed = self.ecr.list_images(repositoryName=name)["imageIds"]
        some = self.random.sample(listed, min(len(listed), 5))
        if some:
            failures = self.ecr.batch_delete_image(repositoryName=name, imageIds=some)["failures"]
            assert {each["failureCode"] for each in failures} <= {"ImageNotFound", "ImageReferencedByManifestList", "ImageTagDoesNotMatchDigest"}

    def refer(self, name):
        subject = self.specimen()
        self.push(name, artifact(f"about {subject.digest}", "application/x-test", subject))
        self.ask(name, "GET", f"referrers/{subject.digest}", 200)

    def mount(self, name):
        specimen, other = self.specimen(), self.random.choice(REPOSITORIES)
        for blob in specimen.blobs:
            opened = self.ask(name, "POST", "blobs/uploads/", 201, 202, params={"mount": digest(blob), "from": other})
            if opened is not None and opened.status_code == 202:
                self.ask(name, "DELETE", opened.headers["Location"], 204)

    def give_up(self, name):
        opened = self.ask(name, "POST", "blobs/uploads/", 202)
        if opened:
            self.ask(name, "PATCH", opened.headers["Location"], 202, data=b"half of it")
            self.ask(name, "DELETE", opened.headers["Location"], 204)

    def replace_the_fleeting(self, name):
        if self.random.random() < 0.1:
            self.ecr.delete_repository(repositoryName="fleeting", force=True)
            self.ecr.create_repository(repositoryName="fleeting")


@pytest.fixture(scope="module")
def aftermath(seeded, tmp_path_factory):
    """The lab after fifty clients have been at it, and what they say of it."""
    state = shutil.copytree(seeded, tmp_path_factory.mktemp("fifty") / "state")
    with Process(state) as lab:
        for name in REPOSITORIES:
            lab.client().create_repository(repositoryName=name, imageTagMutability="IMMUTABLE" if name == "locked" else "MUTABLE")
        until = time.monotonic() + SECONDS + CLIENTS / 10  # while they all get their credentials
        clients = [Client(number, lab, until) for number in range(CLIENTS)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        yield lab, clients


def test_nobody_was_told_anything_that_others_work_does_not_explain(aftermath):
    lab, clients = aftermath
    done = sum((client.did for client in clients), Counter())
    print(f"\n{CLIENTS} clients, {SECONDS:.0f} seconds: {sum(done.values())} actions, {dict(sorted(done.items()))}")
    assert [wrong for client in clients for wrong in client.wrong] == []
    assert len(done) == 15 and sum(done.values()) > 10 * CLIENTS


def test_nothing_was_a_mistake_of_the_labs(aftermath):
    assert "Traceback" not in aftermath[0].said.read_text()


@pytest.mark.parametrize("name", REPOSITORIES)
def test_every_tag_names_an_image_and_every_image_has_its_blobs(aftermath, name):
    lab, _ = aftermath
    ecr, web = lab.client(), lab.repository(name)
    details = [each for page in ecr.get_paginator("describe_images").paginate(repositoryName=name) for each in page["imageDetails"]]
    tags = {tag: each["imageDigest"] for each in details for tag in each.get("imageTags", [])}
    assert sorted(tags) == web("GET", "tags/list").json()["tags"]
    for tag, named in tags.items():
        assert digest(web.pull(tag)) == named
    known = {each["imageDigest"] for each in details}
    for each in details:
        manifest = web.pull(each["imageDigest"])
        assert digest(manifest) == each["imageDigest"]
        document = json.loads(manifest)
        assert {child["digest"] for child in document.get("manifests", [])} <= known
        for blob in ([document["config"]] if "config" in document else []) + document.get("layers", []):
            answer = web("GET", f"blobs/{blob['digest']}")
            assert answer.status_code == 200 and digest(answer.content) == blob["digest"] and len(answer.content) == blob["size"]


@pytest.mark.parametrize("name", REPOSITORIES)
def test_describe_images_and_list_images_agree(aftermath, name):
    ecr = aftermath[0].client()
    ids = [each for page in ecr.get_paginator("list_images").paginate(repositoryName=name, PaginationConfig={"PageSize": 7}) for each in page["imageIds"]]
    details = [each for page in ecr.get_paginator("describe_images").paginate(repositoryName=name, PaginationConfig={"PageSize": 7}) for each in page["imageDetails"]]
    listed = Counter((each["imageDigest"], each.get("imageTag")) for each in ids)
    described = Counter((each["imageDigest"], tag) for each in details for tag in each.get("imageTags", [None]))
    assert listed == described
    for status in ("TAGGED", "UNTAGGED"):
        some = [each for page in ecr.get_paginator("describe_images").paginate(repositoryName=name, filter={"tagStatus": status}) for each in page["imageDetails"]]
        assert {each["imageDigest"] for each in some} == {named for named, tag in listed if (tag is not None) == (status == "TAGGED")}


def test_no_digest_lies_and_no_upload_is_left_in_the_folder(aftermath):
    lab, _ = aftermath
    files = {f"{file.parent.parent.name}:{file.name}": file for file in (lab.state / "blobs").glob("*/*/*")}
    for named, file in files.items():
        with file.open("rb") as opened:
            assert f"sha256:{hashlib.file_digest(opened, 'sha256').hexdigest()}" == named
    with sqlite3.connect(f"file:{lab.state / 'lab.sqlite'}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT digest, manifest FROM images").fetchall()
        assert [named for named, manifest in rows if digest(bytes(manifest)) != named] == []
        assert {named for (named,) in database.execute("SELECT digest FROM layers")} <= files.keys()
        missing = "SELECT l.digest FROM image_layers l JOIN images i ON i.id = l.image_id LEFT JOIN layers h USING (repository_id, digest) WHERE h.digest IS NULL"
        assert database.execute(missing).fetchall() == []
        assert database.execute("SELECT t.name FROM tags t LEFT JOIN images i ON i.id = t.image_id AND i.repository_id = t.repository_id WHERE i.id IS NULL").fetchall() == []
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("SELECT * FROM uploads WHERE received > 0").fetchall() == []


def test_what_they_left_survives_a_kill_and_a_start(aftermath):
    """The last test of this file: it ends the lab. What uploads to deleted repositories left behind goes at a start."""
    lab, _ = aftermath
    before = {name: lab.repository(name)("GET", "tags/list").json()["tags"] for name in REPOSITORIES}
    lab.kill()
    with Process(lab.state) as again:
        assert {name: again.repository(name)("GET", "tags/list").json()["tags"] for name in REPOSITORIES} == before
        assert list((lab.state / "uploads").iterdir()) == []
