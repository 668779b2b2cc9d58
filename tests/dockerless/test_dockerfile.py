"""Reading Dockerfiles: the table of forms, variables, and the errors that name their line."""

from __future__ import annotations

import pytest

from contexts import build, config
from dockerless import Engine, EngineError
from dockerless.dockerfile import parse
from dockerless.variables import expand, quote

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

FORMS = [  # (instruction, the words it is read as)
    ("COPY a b /c/", ("a", "b", "/c/")),
    ('COPY ["a file", "/c/"]', ("a file", "/c/")),
    ("copy\ta  /c", ("a", "/c")),
    ("COPY [a] /c", ("[a]", "/c")),
    ("CMD run it", ("run it",)),
    ('CMD ["run", "it"]', ("run", "it")),
    ("CMD ['run']", ("['run']",)),
    ("CMD", ()),
    ("ENTRYPOINT []", ()),
    ("EXPOSE 80 443/udp", ("80", "443/udp")),
    ('VOLUME ["/a", "/b"]', ("/a", "/b")),
    ("VOLUME /a /b", ("/a", "/b")),
    ("HEALTHCHECK NONE", ("NONE",)),
    ("HEALTHCHECK --retries=2 CMD check it", ("CMD-SHELL", "check it")),
    ('HEALTHCHECK CMD ["check"]', ("CMD", "check")),
    ("USER 1000:1000", ("1000:1000",)),
    ("WORKDIR /with blank", ("/with blank",)),
]


@pytest.mark.parametrize(("text", "words"), FORMS, ids=[text for text, _ in FORMS])
def test_an_instruction_is_read_as(text: str, words: tuple[str, ...]) -> None:
    assert parse(f"FROM scratch\n{text}").stages[0].instructions[0].words == words


PAIRS = [
    ("ENV a=1 b=2", (("a", "1"), ("b", "2"))),
    ('ENV a="1 2" b=3\\ 4', (("a", '"1 2"'), ("b", "3\\ 4"))),
    ("ENV a the rest of it", (("a", "the rest of it"),)),
    ("LABEL 'a b'=c", (("'a b'", "c"),)),
    ("ARG a b=1 c=", (("a", None), ("b", "1"), ("c", ""))),
    ("ENV url=http://x/?y=z", (("url", "http://x/?y=z"),)),
]


@pytest.mark.parametrize(("text", "pairs"), PAIRS, ids=[text for text, _ in PAIRS])
def test_names_and_values_are_read_as(text: str, pairs: tuple[tuple[str, str | None], ...]) -> None:
    assert parse(f"FROM scratch\n{text}").stages[0].instructions[0].pairs == pairs


def test_lines_continue_through_comments_and_empty_lines() -> None:
    [stage] = parse("# first\nFROM scratch\nCOPY a \\\n  # between\n\n  b \\\n  /c/\n").stages
    assert stage.instructions[0].words == ("a", "b", "/c/")
    assert stage.instructions[0].line == 3


def test_the_escape_character_can_be_a_backtick() -> None:
    file = parse("# escape=`\nFROM scratch\nCOPY a `\n C:\\b\n")
    assert (file.escape, file.stages[0].instructions[0].words) == ("`", ("a", "C:\\b"))


def test_windows_line_ends_and_a_byte_order_mark_are_no_part_of_it() -> None:
    [stage] = parse("\ufeffFROM scratch\r\nCOPY a \\\r\n b\r\n").stages
    assert stage.instructions[0].words == ("a", "b")


def test_stages_have_names_and_numbers() -> None:
    file = parse("ARG V=1\nFROM scratch AS Build\nFROM --platform=linux/arm64 base:$V\n")
    assert [argument.pairs for argument in file.arguments] == [(("V", "1"),)]
    assert [(stage.name, stage.base, stage.start.flags) for stage in file.stages] == [
        ("build", "scratch", {}),
        ("", "base:$V", {"platform": "linux/arm64"}),
    ]


ERRORS = [
    ("", "the Dockerfile (Dockerfile) cannot be empty"),
    ("# only a comment\n", "failed to parse Dockerfile: file with no instructions"),
    ("COPY a b\n", "dockerfile parse error line 1: no build stage in current context"),
    ("ARG a\n", "dockerfile parse error line 1: no build stage in current context"),
    ("FROM scratch\n\nCOPI a b\n", "dockerfile parse error line 3: unknown instruction: COPI"),
    ("FROM a b\n", "dockerfile parse error line 1: FROM requires either one or three arguments"),
    ("FROM a AS 1b\n", 'dockerfile parse error line 1: invalid name for build stage: "1b", name can\'t start with a number or contain symbols'),
    (
        "FROM scratch\nCOPY a\n",
        "dockerfile parse error line 2: COPY requires at least two arguments, but only one was provided. Destination could not be determined",
    ),
    ("FROM scratch\nENV\n", "dockerfile parse error line 2: ENV requires at least one argument"),
    ("FROM scratch\nENV a\n", "dockerfile parse error line 2: ENV must have two arguments"),
    ("FROM scratch\nLABEL a=1 b\n", 'dockerfile parse error line 2: Syntax error - can\'t find = in "b". Must be of the form: name=value'),
    ("FROM scratch\nUSER\n", "dockerfile parse error line 2: USER requires exactly one argument"),
    ("FROM scratch\nSHELL a b\n", "dockerfile parse error line 2: SHELL requires the arguments to be in JSON form"),
    ("FROM scratch\nCOPY --chmode=1 a b\n", "dockerfile parse error line 2: Unknown flag: chmode"),
    ("FROM scratch\nCOPY --from=a --from=b c d\n", "dockerfile parse error line 2: Duplicate flag specified: from"),
    ("FROM scratch\nCOPY --from c d\n", "dockerfile parse error line 2: Missing a value on flag: from"),
    ("FROM scratch\nHEALTHCHECK FOO\n", 'dockerfile parse error line 2: Unknown type "FOO" in HEALTHCHECK (try CMD)'),
    ("FROM scratch\nHEALTHCHECK CMD\n", "dockerfile parse error line 2: Missing command after HEALTHCHECK CMD"),
    ("# escape=x\nFROM scratch\n", "dockerfile parse error line 1: invalid ESCAPE 'x'. Must be ` or \\"),
    (
        "FROM scratch\nCOPY <<EOF /a\nhello\nEOF\n",
        "dockerfile parse error line 2: dockerless doesn't read here-documents (<<): put the text into a file beside the Dockerfile and COPY it",
    ),
]


@pytest.mark.parametrize(("text", "message"), ERRORS, ids=[message[:60] for _, message in ERRORS])
def test_what_cannot_be_read_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(EngineError) as error:
        parse(text)
    assert (error.value.message, error.value.status) == (message, 400)


VARIABLES = {"a": "1", "empty": "", "long_name": "2"}
WORDS = [
    ("$a", "1"),
    ("${a}b", "1b"),
    ("$ab", ""),
    ("$long_name-$a", "2-1"),
    ("${b:-default}", "default"),
    ("${a:-default}", "1"),
    ("${empty:-$a}", "1"),
    ("${b:-${c:-deep}}", "deep"),
    ("${a:+other}", "other"),
    ("${b:+other}", ""),
    ("\\$a", "$a"),
    ("'$a'", "$a"),
    ('"$a b"', "1 b"),
    ('"\\$a \\" \\n"', '$a " \\n'),
    ("a\\ b", "a b"),
    ("100$", "100$"),
    ("${a:?needed}", "1"),
]


@pytest.mark.parametrize(("word", "value"), WORDS, ids=[word for word, _ in WORDS])
def test_variables_and_quotes(word: str, value: str) -> None:
    assert expand(word, VARIABLES) == value


BAD_WORDS = [
    ("'a", "unexpected end of statement while looking for matching single-quote"),
    ('"a', "unexpected end of statement while looking for matching double-quote"),
    ("${a", "missing ':' in substitution"),
    ("${a:-b", "syntax error: missing '}' in ${a:-b"),
    ("${a-b}", "missing ':' in substitution"),
    ("${a:=b}", "unsupported modifier (=) in substitution"),
    ("${}", "syntax error: bad substitution"),
    ("${b:?needed}", "b: needed"),
]


@pytest.mark.parametrize(("word", "problem"), BAD_WORDS, ids=[word for word, _ in BAD_WORDS])
def test_a_word_that_cannot_be_read_is_explained_with_its_line(engine: Engine, word: str, problem: str) -> None:
    with pytest.raises(EngineError, match="Dockerfile line 2: failed to process ") as error:
        build(engine, f"FROM scratch\nLABEL x={word}\n")
    assert error.value.message.endswith(problem)


@pytest.mark.parametrize("text", ['a "b" $c \\d', "plain", ""])
def test_a_quoted_text_stays_what_it_was(text: str) -> None:
    assert expand(quote(text, "\\"), VARIABLES) == text


def test_instructions_become_the_image_configuration(engine: Engine) -> None:
    image = build(
        engine,
        "FROM scratch\nARG X=1\nENV Y=$X Z=${N:-d}\nENV Y=2 OLD=$Y\nLABEL l=$Y m='$Y'\nUSER 1000\nEXPOSE 80 8000-8001/udp\nVOLUME /v\n"
        'STOPSIGNAL SIGTERM\nHEALTHCHECK --interval=1m30s --retries=3 CMD ["/x"]\nSHELL ["/s", "-c"]\nENTRYPOINT run $Y\nCMD ["a"]\nMAINTAINER me\n',
    )
    assert config(image) == {
        "Env": [PATH, "Y=2", "Z=d", "OLD=1"],
        "Labels": {"l": "2", "m": "$Y"},
        "User": "1000",
        "ExposedPorts": {"80/tcp": {}, "8000/udp": {}, "8001/udp": {}},
        "Volumes": {"/v": {}},
        "StopSignal": "SIGTERM",
        "Healthcheck": {"Test": ["CMD", "/x"], "Interval": 90_000_000_000, "Retries": 3},
        "Shell": ["/s", "-c"],
        "Entrypoint": ["/s", "-c", "run $Y"],
        "Cmd": ["a"],
    }
    assert image.config["author"] == "me"


def test_a_new_entrypoint_drops_the_command_of_the_base_but_not_ones_own(engine: Engine) -> None:
    build(engine, 'FROM scratch\nCMD ["base"]\n', tag="base:1")
    assert "Cmd" not in config(build(engine, 'FROM base:1\nENTRYPOINT ["e"]\n'))
    assert config(build(engine, 'FROM base:1\nCMD ["own"]\nENTRYPOINT ["e"]\n'))["Cmd"] == ["own"]


def test_arguments_come_from_the_build_from_before_from_or_from_their_default(engine: Engine) -> None:
    dockerfile = "ARG ALL=global\nFROM scratch\nARG ALL\nARG GIVEN=default\nARG OTHER=$ALL-2\nENV R=$ALL/$GIVEN/$OTHER/$NONE\n"
    image = build(engine, dockerfile, buildargs={"GIVEN": "given"})
    assert config(image)["Env"][1] == "R=global/given/global-2/"


def test_arguments_that_nothing_uses_are_pointed_out(engine: Engine) -> None:
    events: list[dict[str, object]] = []
    build(engine, "FROM scratch\nLABEL a=b\n", buildargs={"NOPE": "1", "HTTP_PROXY": "x"}, progress=events.append)
    assert {"stream": "[Warning] One or more build-args [NOPE] were not consumed\n"} in events


STEP_ERRORS = [
    ("EXPOSE abc", "Invalid containerPort: abc"),
    ("EXPOSE 80/foo", "Invalid proto: foo"),
    ("STOPSIGNAL FOO", "Invalid signal: FOO"),
    ("WORKDIR $NOPE", "Dockerfile line 2: WORKDIR is empty once its variables are put in"),
    ("HEALTHCHECK --interval=5 CMD a", "Dockerfile line 2: --interval must be a duration such as 30s or 1m30s, not '5'"),
    ("ADD https://example.com/x /x", "Dockerfile line 2: dockerless doesn't download with ADD"),
    ("ONBUILD COPY a b", "Dockerfile line 2: dockerless doesn't build ONBUILD"),
    ("COPY --from=7 a b", "invalid from flag value 7: index out of bounds"),
    ("COPY --chown=bob Dockerfile b", "dockerless takes numbers such as --chown=1000:1000, not the name 'bob'"),
    ("COPY --chmod=rwx Dockerfile b", "Dockerfile line 2: --chmod must be an octal number such as 644, not 'rwx'"),
    ("RUN make", "Dockerfile line 2: RUN starts a program in a container, and that takes a container engine"),
]


@pytest.mark.parametrize(("line", "message"), STEP_ERRORS, ids=[line for line, _ in STEP_ERRORS])
def test_what_cannot_be_done_is_said_in_a_sentence(engine: Engine, line: str, message: str) -> None:
    with pytest.raises(EngineError) as error:
        build(engine, f"FROM scratch\n{line}\n")
    assert message in error.value.message


def test_run_says_how_to_get_an_engine_and_what_works_without(engine: Engine) -> None:
    with pytest.raises(EngineError, match=r"Install Docker \(https://docs.docker.com/get-docker/\).*COPY, which works here"):
        build(engine, "FROM scratch\nRUN make\n")
