"""Java's packages: jars, and the jars in them. Named as OSV names them, group:artifact.

Sources: Maven Archiver's reference (pom.properties), the JAR file specification (manifest).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localecr.scanner import jars
from localecr.scanner.catalogers.facts import Fact
from localecr.scanner.model import Package, Problem
from localecr.scanner.streams import Stream, Unreadable
from localecr.scanner.text import lines
from localecr.scanner.unpacking import Budget

DEEPEST = 5  # jars in a jar in a jar: an ear's war's jar has three
LARGEST = 1 << 20  # bytes of a pom.properties or of a manifest; a signed jar's manifest names each of its files
POM = re.compile(r"META-INF/maven/[^/]+/[^/]+/pom\.properties")
MANIFEST = "META-INF/MANIFEST.MF"
ARCHIVES = (".jar", ".war", ".ear")
FILE_NAME = re.compile(r"(?P<artifact>[A-Za-z][\w.-]*?)-(?P<version>\d[\w.+-]*)")
GROUP = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)+")

SPRING = (
    "aop aspects beans context context-indexer context-support core expression instrument jcl jdbc jms messaging orm oxm r2dbc test tx web webflux"
    " webmvc websocket"
)
TOMCAT = "core el jasper websocket"
GROUPS = {f"spring-{name}": "org.springframework" for name in SPRING.split()} | {  # built without Maven, and so without a pom.properties
    f"tomcat-embed-{name}": "org.apache.tomcat.embed" for name in TOMCAT.split()
}


def read_archive(path: str, stream: Stream, budget: Budget) -> Iterator[Fact]:
    return _read(path, stream, budget, 1)


def _read(path: str, stream: Stream, budget: Budget, depth: int) -> Iterator[Fact]:
    """``path`` of a jar in another: srv/shop.jar:BOOT-INF/lib/log4j-core-2.14.1.jar."""
    poms: list[tuple[str, str, str]] = []
    manifest: dict[str, str] = {}
    for name, content in jars.members(stream, budget):
        if content is None:
            continue
        if POM.fullmatch(name):
            poms += _pom(content)
        elif name == MANIFEST:
            manifest = _manifest(content)
        elif name.endswith(ARCHIVES):
            yield from _nested(f"{path}:{name}", content, budget, depth + 1)
    named = FILE_NAME.fullmatch(re.split("[/:]", path)[-1].rpartition(".")[0])
    if not any(named is None or artifact == named["artifact"] for _, artifact, _ in poms):
        poms += _of_manifest(named, manifest)
    for group, artifact, version in dict.fromkeys(poms):
        yield Package(f"{group}:{artifact}" if group else artifact, version, "JAR", "Maven", path, "")


def _nested(path: str, content: Stream, budget: Budget, depth: int) -> Iterator[Fact]:
    if depth > DEEPEST:
        yield Problem(path, f"It lies in {depth - 1} archives, one in the other; {DEEPEST - 1} are read.")
        return
    try:
        yield from _read(path, content, budget, depth)
    except Unreadable as error:
        yield Problem(path, f"It {error}.")


def _pom(content: Stream) -> Iterator[tuple[str, str, str]]:
    said = dict(_pair(line, "=") for line in lines_of(content) if not line.startswith("#"))
    values = [said.get(key, "") for key in ("groupId", "artifactId", "version")]
    if all(values) and not any("${" in value for value in values):
        yield values[0], values[1], values[2]


def lines_of(content: Stream) -> list[str]:
    return content.all(LARGEST).decode("utf-8", "replace").splitlines()


def _pair(line: str, between: str) -> tuple[str, str]:
    key, _, value = line.partition(between)
    return key.strip(), value.strip()


def _manifest(content: Stream) -> dict[str, str]:
    """The main attributes of a manifest; a line that begins with a space goes on with the one before."""
    whole: list[str] = []
    for line in lines_of(content):
        if line.startswith(" ") and whole:
            whole[-1] += line[1:]
        elif line:
            whole.append(line)
        elif whole:
            break
    return dict(_pair(line, ":") for line in whole)


def _of_manifest(named: re.Match[str] | None, manifest: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """A jar that Maven left no word in, by its file's name, where its manifest says the same version. The group is empty where nothing tells it."""
    if named is None:
        return
    artifact, version = named["artifact"], named["version"]
    versions = [manifest.get(name, "") for name in ("Implementation-Version", "Bundle-Version", "Specification-Version")]
    is_confirmed = version in versions
    yield (_group(artifact, manifest) if is_confirmed else ""), artifact, version


def _group(artifact: str, manifest: dict[str, str]) -> str:
    """The group of an artifact as the manifest tells it, where one rule leads from the one to the other; else an empty string."""
    if artifact in GROUPS:
        return GROUPS[artifact]
    if GROUP.fullmatch(vendor := manifest.get("Implementation-Vendor-Id", "")):  # Maven's own entry for it
        return vendor
    bundle = manifest.get("Bundle-SymbolicName", "").partition(";")[0].strip()
    group = bundle.removesuffix(f".{artifact}")  # as Maven's bundle plug-in makes it
    return group if group != bundle and GROUP.fullmatch(group) else ""
