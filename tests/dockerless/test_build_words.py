"""What a build says, step by step and when it fails: dockerless and a real Docker engine, asked the same."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

import docker
import pytest

from contexts import tar

Client = docker.DockerClient
FILES = {"a": "1", "b.txt": "2", "c.txt": "3", "d/e": "4", "d/f/g": "5"}
TAG = "dockerless-test/words:1"


def built(client: Client, text: str, files: Mapping[str, str] = FILES, **options: object) -> list[str]:
    """The lines of a build's stream, without what only containers and caches have to tell, its ids made alike."""
    try:
        context = io.BytesIO(tar({"Dockerfile": text, **files}))
        events = list(client.api.build(fileobj=context, custom_context=True, tag=TAG, decode=True, rm=True, **options))
    except docker.errors.APIError as error:
        return [f"{error.response.status_code} {error.explanation}"]
    finally:
        try:
            client.images.remove(TAG, force=True)
        except docker.errors.ImageNotFound:
            pass
    text = "".join(event.get("stream") or event.get("error") or f"{event['aux']}\n" for event in events)
    lines = [line for line in text.splitlines() if not re.search("Running in|intermediate container|Using cache", line)]
    return [re.sub(r"(sha256:)?\b[0-9a-f]{12,64}\b", "ID", line) for line in lines]


def test_a_build_that_succeeds(client: Client) -> None:
    dockerfile = 'ARG V=1\nFROM scratch AS one\nARG V\nCOPY a \\\n  *.txt /x/\nFROM one\nENV V=$V\nCOPY --from=one /x /y\nCMD ["/y"]\n'
    assert built(client, dockerfile, labels={"b": "2", "a": "1"}, buildargs={"V": "2", "UNUSED": "3"}) == [
        *("Step 1/10 : ARG V=1", "Step 2/10 : FROM scratch AS one", " ---> ", "Step 3/10 : ARG V", " ---> ID"),
        *("Step 4/10 : COPY a   *.txt /x/", " ---> ID", "{'ID': 'ID'}", "Step 5/10 : FROM one", " ---> ID"),
        *("Step 6/10 : ENV V=$V", " ---> ID", "Step 7/10 : COPY --from=one /x /y", " ---> ID"),
        *('Step 8/10 : CMD ["/y"]', " ---> ID", "Step 9/10 : LABEL a=1", " ---> ID", "Step 10/10 : LABEL b=2", " ---> ID"),
        *("{'ID': 'ID'}", "[Warning] One or more build-args [UNUSED] were not consumed", "Successfully built ID", f"Successfully tagged {TAG}"),
    ]


MISSING = "COPY failed: file not found in build context or excluded by .dockerignore: stat"
MANY = "When using COPY with more than one source file, the destination must be a directory and end with a /"
FAILURES = [  # (the second line of a Dockerfile, the last line of the stream)
    ("COPY nope /", f"{MISSING} nope: file does not exist"),
    ("COPY nope* /", "COPY failed: no source files were specified"),
    ("COPY ../a /", "COPY failed: forbidden path outside the build context: ../a ()"),
    ("COPY a b.txt /x", MANY),
    ("COPY *.txt .", MANY),
    ("FROM scratch\nCOPY --from=0 /nope /", "COPY failed: stat nope: file does not exist"),
    ("COPY --from=0 /first /", "invalid from flag value 0: refers to current build stage"),
    ("COPY --from=7 /a /", "invalid from flag value 7: index out of bounds"),
    ("EXPOSE abc", "Invalid containerPort: abc"),
    ("EXPOSE 80/foo", "Invalid proto: foo"),
    ("STOPSIGNAL FOO", "Invalid signal: FOO"),
    ("COPI a b", "400 dockerfile parse error line 3: unknown instruction: COPI"),
    ("COPY --foo=a b c", "400 dockerfile parse error line 3: Unknown flag: foo"),
    ("COPY --from=a --from=b c d", "400 dockerfile parse error line 3: Duplicate flag specified: from"),
    ("COPY --from c d", "400 dockerfile parse error line 3: Missing a value on flag: from"),
    ("FROM a b", "400 dockerfile parse error line 3: FROM requires either one or three arguments"),
    ("SHELL a b", "400 dockerfile parse error line 3: SHELL requires the arguments to be in JSON form"),
    ("FROM", "400 dockerfile parse error line 3: FROM requires either one or three arguments"),
    ("HEALTHCHECK FOO", '400 dockerfile parse error line 3: Unknown type "FOO" in HEALTHCHECK (try CMD)'),
    ("FROM $NONE", "base name ($NONE) should not be blank"),
    ("FROM UPPER", "invalid reference format: repository name must be lowercase"),
    ("FROM scratch", "No image was generated. Is your Dockerfile empty?"),
]


@pytest.mark.parametrize(("line", "message"), FAILURES, ids=[line for line, _ in FAILURES])
def test_a_build_that_fails(client: Client, line: str, message: str) -> None:
    assert built(client, f"FROM scratch\nCOPY a /first\n{line}\n")[-1] == message


def test_a_dockerfile_that_is_not_there(client: Client) -> None:
    assert built(client, "FROM scratch\n", dockerfile="other") == ["500 Cannot locate specified Dockerfile: other"]
    assert built(client, "") == ["400 the Dockerfile (Dockerfile) cannot be empty"]
    assert built(client, "# nothing\n") == ["400 failed to parse Dockerfile: file with no instructions"]
    assert built(client, "FROM scratch AS one\nLABEL a=b\n", target="two") == ["400 failed to reach build target two in Dockerfile"]


def test_the_configuration_that_comes_out(client: Client) -> None:
    dockerfile = (
        "FROM scratch\nARG X=1\nENV Y=$X Z=${N:-d} W=${X:+alt} PATH=/x:$PATH\nENV OLD form $Y\nLABEL \"q w\"='$Y' l=$Y\nWORKDIR /a\nWORKDIR b\n"
        "USER $X:2\nEXPOSE 80 8000-8001/udp\nVOLUME /v $Y\nSTOPSIGNAL SIGTERM\nHEALTHCHECK --interval=1m30s --retries=3 CMD check it\n"
        'SHELL ["/s", "-c"]\nENTRYPOINT e $Y\nCMD x y\n'
    )
    image, _ = client.images.build(fileobj=io.BytesIO(tar({"Dockerfile": dockerfile})), custom_context=True, tag=TAG)
    client.images.remove(TAG)
    assert {name: value for name, value in image.attrs["Config"].items() if value and name != "Image"} == {
        "Env": ["PATH=/x:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "Y=1", "Z=d", "W=alt", "OLD=form 1"],
        "Labels": {"q w": "$Y", "l": "1"},
        "WorkingDir": "/a/b",
        "User": "1:2",
        "ExposedPorts": {"80/tcp": {}, "8000/udp": {}, "8001/udp": {}},
        "Volumes": {"/v": {}, "1": {}},
        "StopSignal": "SIGTERM",
        "Healthcheck": {"Test": ["CMD-SHELL", "check it"], "Interval": 90_000_000_000, "Retries": 3},
        "Shell": ["/s", "-c"],
        "Entrypoint": ["/s", "-c", "e $Y"],
        "Cmd": ["/s", "-c", "x y"],
    }
