"""The Docker Engine API as a WSGI application: a table of routes, and what each of them does.

Source: Docker Engine API 1.44; statuses and messages are Docker Engine's.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs

from dockerless import archive, views
from dockerless.engine import Engine
from dockerless.errors import EngineError, invalid, not_built, not_found
from dockerless.progress import failure, silent
from dockerless.reference import parse
from dockerless.refusals import for_push
from dockerless.registry import is_loopback
from dockerless.request import HEADERS, Body, Request, Start, Stream, read_object

NO_CONTAINERS = (
    "dockerless builds and moves images, but it can't run containers: that takes a container engine. "
    "Install Docker from https://docs.docker.com/get-docker/, start it, and do this again."
)
NO_EVENTS = "dockerless keeps no record of events. With Docker (https://docs.docker.com/get-docker/) this works."
NO_BUILDKIT = "dockerless builds as Docker's classic builder does and has no BuildKit: set DOCKER_BUILDKIT=0 and build again."

log = logging.getLogger("dockerless")
Answer = tuple[int, Any] | None  # a status and what to send as JSON (or the bytes of a text); None where the answer was streamed


def ping(request: Request) -> Answer:
    return 200, b"OK"


def version(request: Request) -> Answer:
    return 200, views.version()


def info(request: Request) -> Answer:
    return 200, views.info(request.engine)


def auth(request: Request) -> Answer:
    given = read_object(request.body.read().decode("utf-8", "replace") or "{}", "the body")
    request.engine.login(str(given.get("serveraddress") or ""), {name: value for name, value in given.items() if isinstance(value, str)})
    return 200, {"Status": "Login Succeeded", "IdentityToken": ""}


def build(request: Request) -> Answer:
    if request.one("version") == "2":
        raise not_built(NO_BUILDKIT)
    for parameter, why in (("remote", "dockerless builds from a folder and not from an address"), ("squash", "dockerless doesn't squash layers")):
        if request.flag(parameter):
            raise not_built(f"{why}: leave {parameter} out.")
    quiet = request.flag("q")
    image = request.engine.build(
        cast(BinaryIO, request.body),
        request.one("dockerfile") or "Dockerfile",
        [tag for tag in request.query.get("t", []) if tag],
        request.texts("buildargs"),
        request.one("platform"),
        request.one("target"),
        request.texts("labels"),
        request.flag("pull"),
        request.header("X-Registry-Config"),
        silent if quiet else request.stream,
    )
    if quiet:
        request.stream({"stream": f"{image.id}\n"})
    return None


def images(request: Request) -> Answer:
    return 200, views.listing(request.engine, request.filters())


def inspect(request: Request) -> Answer:
    try:
        return 200, views.inspect(request.engine, request.engine.images.find(request.name))
    except EngineError as error:
        raise not_found(f"no such image: {request.name}: {error.message}") from None


def history(request: Request) -> Answer:
    return 200, views.history(request.engine, request.engine.images.find(request.name))


def tag(request: Request) -> Answer:
    request.engine.tag(request.name, request.one("repo"), request.one("tag"))
    return 201, None


def push(request: Request) -> Answer:
    try:
        request.engine.push(request.name, request.one("tag"), request.header("X-Registry-Auth"), request.stream)
    except EngineError as error:
        raise EngineError(for_push(error), error.status) from error
    return None


def pull(request: Request) -> Answer:
    name, chosen = request.one("fromImage"), request.one("tag")
    if not name:
        raise not_built("dockerless pulls images and doesn't import file systems: build from a Dockerfile with FROM scratch and ADD instead.")
    given = (request.one("platform"), request.header("X-Registry-Auth"), request.stream)
    reference = parse(name)
    chosen = chosen or reference.tag_or_digest
    if chosen:
        request.engine.pull(reference.name, chosen, *given)
    else:
        request.engine.pull_all(reference.name, *given)
    return None


def remove(request: Request) -> Answer:
    return 200, request.engine.images.remove(request.name, request.flag("force"))


def prune(request: Request) -> Answer:
    filters = request.filters()
    if set(filters) - {"dangling"}:
        raise invalid(f"Invalid filter '{next(iter(set(filters) - {'dangling'}))}'")
    everything = filters.get("dangling", ["true"])[0] in ("false", "0")
    gone, freed = request.engine.images.prune(everything)
    return 200, {"ImagesDeleted": gone or None, "SpaceReclaimed": freed}


def save(request: Request) -> Answer:
    names = [request.name] if request.name else request.query.get("names", [])
    with request.engine.images.at_work():
        archive.save(request.engine, names, Stream(request.start, "application/x-tar"))
    return None


def load(request: Request) -> Answer:
    archive.load(request.engine, cast(BinaryIO, request.body), request.stream)
    return None


def no_object(request: Request) -> Answer:
    """So that ``docker inspect``, which asks for a container first, goes on to ask for an image."""
    raise not_found(f"No such {request.kind}: {request.name}")


def no_containers(request: Request) -> Answer:
    raise not_built(NO_CONTAINERS)


def no_events(request: Request) -> Answer:
    raise not_built(NO_EVENTS)


def no_buildkit(request: Request) -> Answer:
    raise not_built(NO_BUILDKIT)


Handler = Callable[[Request], Answer]
NAME = "(?P<name>.+)"
ROUTES: list[tuple[str, re.Pattern[str], Handler]] = [
    (method, re.compile(pattern), handler)
    for method, pattern, handler in (
        ("GET|HEAD", "/_ping", ping),
        ("GET", "/version", version),
        ("GET", "/info", info),
        ("POST", "/auth", auth),
        ("POST", "/build", build),
        ("GET", "/images/json", images),
        ("GET", "/images/get", save),
        ("POST", "/images/load", load),
        ("POST", "/images/create", pull),
        ("POST", "/images/prune", prune),
        ("GET", f"/images/{NAME}/json", inspect),
        ("GET", f"/images/{NAME}/history", history),
        ("GET", f"/images/{NAME}/get", save),
        ("POST", f"/images/{NAME}/tag", tag),
        ("POST", f"/images/{NAME}/push", push),
        ("DELETE", f"/images/{NAME}", remove),
        ("GET", "/events", no_events),
        ("POST", "/session|/grpc", no_buildkit),
        ("GET", f"/(?P<kind>container)s/{NAME}/json", no_object),
        ("GET", f"/(?P<kind>network|volume|service|task|node|secret|config|plugin)s/{NAME}", no_object),
        (".*", "/(containers|exec|networks|volumes|commit|swarm|services|tasks|nodes|secrets|configs|plugins)(/.*)?", no_containers),
    )
]


def application(engine: Engine, secret: str) -> Callable[[dict[str, Any], Start], Iterable[bytes]]:
    """The engine's API below ``/<secret>/``; who doesn't know the secret sees nothing.

    Answers that are streamed go through WSGI's ``write``, so that progress is seen while it is made.
    """
    if not secret or "/" in secret:
        raise ValueError("the secret must be a part of a path: not empty, and without a slash")

    def app(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        body, stream = Body(environ), Stream(start)
        try:
            path = _admit(environ, secret)
            answer = _perform(engine, environ, path, body, start, stream)
        except EngineError as error:
            answer = (error.status, {"message": error.message})
        except Exception as error:
            if stream.broken:
                raise
            answer = (500, {"message": _mistake(engine, error)})
        try:
            body.drain()
        except EngineError:
            pass  # a body without an end; who sent it has the answer
        if answer is None:
            return []
        if stream.started:
            stream(failure(answer[1]["message"]))
            return []
        return _send(start, environ["REQUEST_METHOD"], *answer)

    return app


def _mistake(engine: Engine, error: Exception) -> str:
    """What is said of an error that nobody asked for: a full or closed disk, or a mistake of ours."""
    if isinstance(error, OSError):
        return f"dockerless could not work in {engine.folder}: {error.strerror or error}"
    log.error("a request failed", exc_info=error)
    return "dockerless made a mistake; the server's log says which"


def _admit(environ: dict[str, Any], secret: str) -> str:
    """The path below the secret and the version. Raises EngineError for who isn't let in.

    A web page that is open in the learner's browser must not get in: browsers name its Origin, and a rebound name shows in Host.
    """
    if "HTTP_ORIGIN" in environ or not is_loopback(environ.get("HTTP_HOST", "")):
        raise EngineError("dockerless answers programs on this computer only, and no web pages", 403)
    path: bytes = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1")
    given, slash, rest = path.removeprefix(b"/").partition(b"/")
    if not hmac.compare_digest(given, secret.encode()):
        raise not_found("page not found")
    return (slash + rest).decode("utf-8", "replace")


def _perform(engine: Engine, environ: dict[str, Any], path: str, body: Body, start: Start, stream: Stream) -> Answer:
    versioned = re.fullmatch(r"/v(\d+)\.(\d+)(/.*)", path)
    if versioned:
        asked, path = (int(versioned[1]), int(versioned[2])), versioned[3]
        written = "{}.{}".format(*asked)
        if asked > views.API_VERSION:
            raise invalid(f"client version {written} is too new. Maximum supported API version is {views.API}")
        if asked < views.MIN_API_VERSION:
            problem = f"client version {written} is too old. Minimum supported API version is {views.MIN_API}"
            raise invalid(f"{problem}, please upgrade your client to a newer version")
    for method, pattern, handler in ROUTES:
        found = pattern.fullmatch(path)
        if found and re.fullmatch(method, environ["REQUEST_METHOD"]):
            query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
            return handler(Request(engine, query, environ, body, start, stream, **found.groupdict()))
    raise not_found("page not found")


def _send(start: Start, method: str, status: int, content: Any) -> Iterable[bytes]:
    data, kind = (content, "text/plain; charset=utf-8") if isinstance(content, bytes) else (json.dumps(content).encode() + b"\n", "application/json")
    if content is None:
        data = b""
    start(f"{status} {HTTPStatus(status).phrase}", [("Content-Type", kind), ("Content-Length", str(len(data))), *HEADERS])
    return [] if method == "HEAD" else [data]
