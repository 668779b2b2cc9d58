"""How each thing is really done: through the API with boto3, and through Docker's door with an authorization token."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from ecrlab.errors import LabError
from ecrlab.traffic import images
from ecrlab.traffic.story import Action

if TYPE_CHECKING:
    import requests
    from ecrlab.lab import Lab

TOKEN_LASTS = 11 * 60  # minutes, of the twelve hours that a token is good for


class Caller:
    """A member of the team at one address: its own key, its own log-in, what its Docker holds, and the calls it made."""

    def __init__(self, lab: Lab, key: dict[str, str], who: str, address: str, agent: str) -> None:
        import botocore.config
        import requests

        self.who, self.address = who, address
        self.lab = lab
        self.calls: list[dict] = []
        self.minute = 0
        self._headers = lab.from_address(address)
        self._agent, self._key = agent, key
        self._clients: dict[str, object] = {}
        self._settings = botocore.config.Config(user_agent=agent, retries={"total_max_attempts": 1}, parameter_validation=False)
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers.update(self._headers)
        self._base, _, self._registry = lab.registry().partition("/")
        self._token_until = -1
        self._held: set[str] = set()

    def ask(self, service: str, operation: str, repository: str = "", images: int = 0, **asked: object) -> dict:
        """A call of the API. `images` says how many a BatchGetImage is to bring. A refusal is noted and answers {}."""
        from botocore.exceptions import ClientError

        asked = ({"repositoryName": repository} if repository else {}) | asked
        try:
            answer = getattr(self._client(service), operation)(**asked)
        except ClientError as error:
            self._note(service, operation, repository, error=error.response["Error"]["Code"])
            return {}
        self._note(service, operation, repository, pulls=images)
        return answer

    def log_in(self, again: bool = False) -> None:
        """Fetch a token, unless the last one is still good."""
        if again or self.minute >= self._token_until:
            answer = self.ask("ecr", "get_authorization_token")
            password = base64.b64decode(answer["authorizationData"][0]["authorizationToken"])
            self._http.headers["Authorization"] = "Basic " + base64.b64encode(password).decode()
            self._token_until = self.minute + TOKEN_LASTS

    def docker(self, operation: str, method: str, repository: str, rest: str, *expected: int, pulls: int = 0, **more: object) -> requests.Response:
        """A request of Docker's, which stands for a call of ECR. Raises LabError for an answer that isn't expected."""
        url = rest if rest.startswith("http") else f"http://{self._base}/v2/{self._registry}/{repository}/{rest}"
        answer = self._http.request(method, url, timeout=60, **more)
        if answer.status_code not in expected:
            raise LabError("traffic", f"{self.who} was answered {answer.status_code} to {method} {rest}: {answer.text[:200]}", "Run ecrlab doctor.")
        missing = operation == "BatchGetImage" and not answer.ok  # that a layer isn't there is an answer, and no error
        self._note("ecr", operation, repository, "ImageNotFoundException" if missing else None, pulls if answer.ok else 0)
        return answer

    def pull(self, repository: str, tag: str, fresh: bool) -> None:
        """Pull an image: its manifest, and the layers that are missing; a `fresh` machine holds none."""
        if fresh:
            self._held.clear()
        head = self.docker("BatchGetImage", "HEAD", repository, f"manifests/{tag}", 200, 404)
        if not head.ok or head.headers["Docker-Content-Digest"] in self._held:
            return
        manifest = self.docker("BatchGetImage", "GET", repository, f"manifests/{tag}", 200, pulls=1).json()
        for blob in (each["digest"] for each in (manifest["config"], *manifest["layers"])):
            if blob not in self._held:
                self.docker("GetDownloadUrlForLayer", "GET", repository, f"blobs/{blob}", 200)
        self._held |= {head.headers["Docker-Content-Digest"], manifest["config"]["digest"], *(each["digest"] for each in manifest["layers"])}

    def push(self, repository: str, number: int, tags: tuple[str, ...]) -> None:
        """Push a build: the layers that aren't there, then the manifest under each tag."""
        image = images.build(repository, number)
        for digest, blob in image.blobs.items():
            there = self.docker("BatchCheckLayerAvailability", "HEAD", repository, f"blobs/{digest}", 200, 404)
            if not there.ok:
                upload = self.docker("InitiateLayerUpload", "POST", repository, "blobs/uploads/", 202).headers["Location"]
                upload = self.docker("UploadLayerPart", "PATCH", repository, upload, 202, data=blob).headers["Location"]
                self.docker("CompleteLayerUpload", "PUT", repository, f"{upload}?digest={digest}", 201)
        for tag in tags:
            self.docker("PutImage", "PUT", repository, f"manifests/{tag}", 201, data=image.manifest, headers={"Content-Type": images.MANIFEST})

    def _client(self, service: str):
        if service not in self._clients:
            keys = {"aws_access_key_id": self._key["AccessKeyId"], "aws_secret_access_key": self._key["SecretAccessKey"]}
            client = self.lab.session().client(service, config=self._settings, **keys)
            client.meta.events.register("before-send", lambda request, **_: request.headers.update(self._headers))
            self._clients[service] = client
        return self._clients[service]

    def _note(self, service: str, operation: str, repository: str, error: str | None = None, pulls: int = 0) -> None:
        name = "".join(word.capitalize() for word in operation.split("_")) if "_" in operation else operation
        row = {"minute": self.minute, "who": self.who, "address": self.address, "service": service, "operation": name}
        self.calls.append(row | {"repository": repository, "error": error, "pulls": pulls})


def push(caller: Caller, action: Action) -> None:
    """A build, pushed after a log-in of its own, as jobs do."""
    caller.log_in(again=action.who.startswith("ci-"))
    caller.push(action.repository, action.build, action.tags)


def pull(caller: Caller, action: Action) -> None:
    """An image, onto a machine that keeps its layers."""
    caller.log_in()
    caller.pull(action.repository, action.tags[0], fresh=False)


def start(caller: Caller, action: Action) -> None:
    """A task of production: a log-in and a whole pull, since its machine is new."""
    caller.log_in(again=True)
    caller.pull(action.repository, action.tags[0], fresh=True)


def look(caller: Caller, action: Action) -> None:
    """Whose key is this, and what is there to see?"""
    caller.ask("sts", "get_caller_identity")
    caller.ask("ecr", "describe_repositories")
    caller.ask("iam", "list_users")


def take(caller: Caller, action: Action) -> None:
    """All images of a repository, each with its layers, by the API alone."""
    name = action.repository
    listed = caller.ask("ecr", "list_images", name)["imageIds"]
    caller.ask("ecr", "describe_images", name)
    ids = [{"imageDigest": digest} for digest in sorted({each["imageDigest"] for each in listed})][:100]
    taken = caller.ask("ecr", "batch_get_image", name, images=len(ids), imageIds=ids)
    manifests = [json.loads(each["imageManifest"]) for each in taken["images"]]
    for layer in sorted({layer["digest"] for manifest in manifests for layer in manifest["layers"]}):
        caller.ask("ecr", "get_download_url_for_layer", name, layerDigest=layer)


def attempt(caller: Caller, action: Action) -> None:
    """What a builder's key is not good for."""
    everybody = {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]}
    open_to_all = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    caller.ask("ecr", "set_repository_policy", action.repository, policyText=open_to_all)
    caller.ask("ecr", "create_repository", "team/backup")
    caller.ask("iam", "create_access_key", UserName=action.who)
    caller.ask("ecr", "delete_repository", action.repository)


def delete(caller: Caller, action: Action) -> None:
    """The image that production runs, with all its names."""
    answer = caller.ask("ecr", "describe_images", action.repository, imageIds=[{"imageTag": action.tags[0]}])
    caller.ask("ecr", "batch_delete_image", action.repository, imageIds=[{"imageDigest": answer["imageDetails"][0]["imageDigest"]}])


ACTS: dict[str, Callable[[Caller, Action], None]] = {
    "push": push, "pull": pull, "start": start, "look": look, "take": take, "try": attempt, "delete": delete,
}  # fmt: skip
