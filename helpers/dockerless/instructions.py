"""What the instructions that only change an image's configuration do.

Each takes the stage and its instruction and returns the text for the image's history. Sources: Docker's documentation, "Dockerfile reference";
OCI image spec, "Image Configuration".
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable

from dockerless.dockerfile import Instruction
from dockerless.errors import invalid
from dockerless.stage import Stage, fault

SECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}  # in nanoseconds

SIGNALS = set(  # Linux', wherever this runs
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 "
    "VTALRM WINCH XCPU XFSZ".split()
)
NUMBERED = re.compile(r"[1-9]|[1-5][0-9]|6[0-5]|RTMIN(\+[0-9]+)?|RTMAX(-[0-9]+)?")


def env(stage: Stage, instruction: Instruction) -> str:
    pairs = _pairs(stage, instruction)
    stage.config["Env"] = [f"{name}={value}" for name, value in (stage.environment | dict(pairs)).items()]
    return _written(instruction, pairs)


def label(stage: Stage, instruction: Instruction) -> str:
    pairs = _pairs(stage, instruction)
    stage.config["Labels"] = (stage.config.get("Labels") or {}) | dict(pairs)
    return _written(instruction, pairs)


def user(stage: Stage, instruction: Instruction) -> str:
    stage.config["User"] = stage.value(instruction.words[0], instruction)
    return f"USER {stage.config['User']}"


def workdir(stage: Stage, instruction: Instruction) -> str:
    path = stage.value(instruction.words[0], instruction)
    if not path:
        raise fault(instruction, "WORKDIR is empty once its variables are put in")
    stage.config["WorkingDir"] = posixpath.normpath(posixpath.join("/", stage.config.get("WorkingDir", ""), path)).replace("//", "/")
    return f"WORKDIR {path}"


def expose(stage: Stage, instruction: Instruction) -> str:
    words = " ".join(stage.value(word, instruction) for word in instruction.words).split()
    ports = dict(stage.config.get("ExposedPorts") or {})
    for word in words:
        ports |= {port: {} for port in _ports(word)}
    stage.config["ExposedPorts"] = ports
    return "EXPOSE " + " ".join(words)


def volume(stage: Stage, instruction: Instruction) -> str:
    paths = [stage.value(word, instruction) for word in instruction.words]
    if not all(path.strip() for path in paths):
        raise fault(instruction, "VOLUME specified can not be an empty string")
    stage.config["Volumes"] = (stage.config.get("Volumes") or {}) | {path: {} for path in paths}
    return "VOLUME " + json.dumps(paths)


def stopsignal(stage: Stage, instruction: Instruction) -> str:
    signal = stage.value(instruction.words[0], instruction)
    name = signal.removeprefix("SIG")
    if name not in SIGNALS and not NUMBERED.fullmatch(name):
        raise invalid(f"Invalid signal: {signal}")
    stage.config["StopSignal"] = signal
    return f"STOPSIGNAL {signal}"


def healthcheck(stage: Stage, instruction: Instruction) -> str:
    check: dict[str, object] = {"Test": list(instruction.words)}
    for flag, field in (("interval", "Interval"), ("timeout", "Timeout"), ("start-period", "StartPeriod")):
        if flag in instruction.flags:
            check[field] = _duration(instruction, flag)
    if "retries" in instruction.flags:
        retries = instruction.flags["retries"]
        if not re.fullmatch("[0-9]{1,9}", retries):
            raise fault(instruction, f"--retries must be a number, not {retries!r}")
        check["Retries"] = int(retries)
    stage.config["Healthcheck"] = check
    return instruction.text


def cmd(stage: Stage, instruction: Instruction) -> str:
    stage.config["Cmd"] = _command(stage, instruction)
    stage.own_cmd = True
    return "CMD " + json.dumps(stage.config["Cmd"])


def entrypoint(stage: Stage, instruction: Instruction) -> str:
    stage.config["Entrypoint"] = _command(stage, instruction) or None
    if not stage.own_cmd:
        stage.config.pop("Cmd", None)  # the base image's CMD belonged to the base image's ENTRYPOINT
    return "ENTRYPOINT " + json.dumps(stage.config["Entrypoint"] or [])


def shell(stage: Stage, instruction: Instruction) -> str:
    stage.config["Shell"] = list(instruction.words)
    return "SHELL " + json.dumps(list(instruction.words))


def maintainer(stage: Stage, instruction: Instruction) -> str:
    stage.author = instruction.words[0]
    return f"MAINTAINER {stage.author}"


def _pairs(stage: Stage, instruction: Instruction) -> list[tuple[str, str]]:
    """All values are worked out before any takes effect, as the documentation of ENV says."""
    return [(stage.value(name, instruction), stage.value(value or "", instruction)) for name, value in instruction.pairs]


def _written(instruction: Instruction, pairs: list[tuple[str, str]]) -> str:
    return f"{instruction.keyword} " + " ".join(f"{name}={value}" for name, value in pairs)


def _command(stage: Stage, instruction: Instruction) -> list[str]:
    if instruction.json or not instruction.words:
        return list(instruction.words)
    return [*(stage.config.get("Shell") or ["/bin/sh", "-c"]), *instruction.words]


def _ports(word: str) -> list[str]:
    """``8000-8001/udp`` names two ports."""
    numbers, _, protocol = word.partition("/")
    first, _, last = numbers.partition("-")
    last = last or first
    if not (re.fullmatch("[0-9]{1,5}", first) and re.fullmatch("[0-9]{1,5}", last) and 0 < int(first) <= int(last) < 65536):
        raise invalid(f"Invalid containerPort: {numbers}")
    protocol = protocol.lower() or "tcp"
    if protocol not in ("tcp", "udp", "sctp"):
        raise invalid(f"Invalid proto: {protocol}")
    return [f"{port}/{protocol}" for port in range(int(first), int(last) + 1)]


def _duration(instruction: Instruction, flag: str) -> int:
    """``1m30s`` in nanoseconds."""
    text = instruction.flags[flag]
    parts = re.findall(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ns|us|µs|ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise fault(instruction, f"--{flag} must be a duration such as 30s or 1m30s, not {text!r}")
    return int(sum(float(number) * SECONDS[unit] for number, unit in parts))


METADATA: dict[str, Callable[[Stage, Instruction], str]] = {
    "CMD": cmd,
    "ENTRYPOINT": entrypoint,
    "ENV": env,
    "EXPOSE": expose,
    "HEALTHCHECK": healthcheck,
    "LABEL": label,
    "MAINTAINER": maintainer,
    "SHELL": shell,
    "STOPSIGNAL": stopsignal,
    "USER": user,
    "VOLUME": volume,
    "WORKDIR": workdir,
}
