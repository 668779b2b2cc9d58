"""Java's packages: jars, and the jars in them. Named as OSV names them, group:artifact.

Sources: Maven Archiver's reference (pom.properties), the JAR file specification (manifest).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localecr.scanner import jars
from localecr.scanner.catalogers.facts import Fact
from localecr.scanner.catalogers.java_groups import GROUPS
from localecr.scanner.model import Package, Problem
from localecr.scanner.streams import Stream, Unreadable
from localecr.scanner.unpacking import Budget

DEEPEST = 5  # archives in an archive: an ear's war's jar has three
LARGEST = 1 << 16  # bytes that are read of a pom.properties, which has a hundred, and of a manifest, whose first lines matter
POM = re.compile(r"(?:.+/)?META-INF/maven/([^/]+)/([^/]+)/pom\.(properties|xml)")  # in a folder, too: WEB-INF/classes, or what an agent loads by itself
MANIFEST = "META-INF/MANIFEST.MF"
# JBoss's par and sar, Karaf's kar, Liferay's lpkg, NiFi's nar, Jenkins's plugins
ARCHIVES = (".jar", ".war", ".ear", ".par", ".sar", ".kar", ".lpkg", ".nar", ".hpi", ".jpi")
FILE_NAME = re.compile(r"(.+?)-(\d[\w.+-]*)")
TOMCAT = re.compile(r"org\.apache\.tomcat-(?!embed-)(.+)")  # the bundle of lib/catalina.jar; its artifact is tomcat-catalina
GROUP = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)+")

Coordinates = tuple[str, str, str]  # group, artifact, version


def read_archive(path: str, stream: Stream, budget: Budget) -> Iterator[Fact]:
    return _read(path, stream, budget, 1)


def _read(path: str, stream: Stream, budget: Budget, depth: int) -> Iterator[Fact]:
    """``path`` of a jar in another: srv/shop.jar:BOOT-INF/lib/log4j-core-2.14.1.jar."""
    found: list[Coordinates] = []
    groups: dict[str, str] = {}  # of artifacts, as the folders of their poms tell them
    manifest: dict[str, str] = {}
    for name, content in jars.members(stream, budget):
        if content is None:
            continue
        if place := POM.fullmatch(name):
            group, artifact, kind = place.groups()
            groups[artifact] = group
            if kind == "properties":
                found += _pom(content)
        elif name == MANIFEST:
            manifest = _manifest(content)
        elif name.endswith(ARCHIVES):
            yield from _nested(f"{path}:{name}", content, budget, depth + 1)
    stem = re.split("[/:]", path)[-1].rpartition(".")[0]
    if not any(stem == artifact or stem.startswith(f"{artifact}-") for _, artifact, _ in found):
        found += ((group or groups.get(artifact, ""), artifact, version) for group, artifact, version in _named(stem, manifest))
    for group, artifact, version in dict.fromkeys(found):
        yield Package(f"{group}:{artifact}" if group else artifact, version, "JAR", "Maven", path, "")


def _nested(path: str, content: Stream, budget: Budget, depth: int) -> Iterator[Fact]:
    if depth > DEEPEST:
        yield Problem(path, f"It lies in {depth - 1} archives, one in the other, and isn't read.")
        return
    try:
        yield from _read(path, content, budget, depth)
    except Unreadable as error:
        yield Problem(path, f"It {error}.")


def _pom(content: Stream) -> Iterator[Coordinates]:
    said = dict(_pair(line, "=") for line in _lines(content) if not line.startswith("#"))
    group, artifact, version = (said.get(key, "") for key in ("groupId", "artifactId", "version"))
    if group and artifact and version and "${" not in group + artifact + version:
        yield group, artifact, version


def _lines(content: Stream) -> list[str]:
    return content.take(LARGEST).decode("utf-8", "replace").splitlines()


def _pair(line: str, between: str) -> tuple[str, str]:
    key, _, value = line.partition(between)
    return key.strip(), value.strip()


def _manifest(content: Stream) -> dict[str, str]:
    """The main attributes of a manifest; a line that begins with a space goes on with the one before."""
    whole: list[str] = []
    for line in _lines(content):
        if line.startswith(" ") and whole:
            whole[-1] += line[1:]
        elif line:
            whole.append(line)
        elif whole:
            break
    return dict(_pair(line, ":") for line in whole)


def _named(stem: str, manifest: dict[str, str]) -> Iterator[Coordinates]:
    """A jar that Maven left no word in, by its file's name and its manifest. The group is empty where nothing tells it for certain."""
    versions = [manifest[key] for key in ("Implementation-Version", "Bundle-Version", "Specification-Version") if manifest.get(key)]
    for version in versions:
        if stem.endswith(f"-{version}"):
            artifact = stem.removesuffix(f"-{version}")
            yield _group(artifact, manifest), artifact, version
            return
    if named := FILE_NAME.fullmatch(stem):
        yield _group(named[1], manifest), named[1], named[2]
    elif versions and manifest.get("Implementation-Title") == stem:  # a version was taken out of its name
        yield _group(stem, manifest), stem, versions[0]
    elif versions and (tomcat := TOMCAT.fullmatch(_bundle(manifest))):
        yield "org.apache.tomcat", f"tomcat-{tomcat[1]}", versions[0]


def _group(artifact: str, manifest: dict[str, str]) -> str:
    """The group of an artifact, where it is known or the manifest tells it; else an empty string."""
    if artifact in GROUPS:
        return GROUPS[artifact]
    bundle = _bundle(manifest)
    for group in (bundle[: dot.start()] for dot in re.finditer(r"\.", bundle)):
        names = (artifact, artifact.removeprefix(f"{group.rpartition('.')[2]}-"))  # log4j's log4j-core is the bundle log4j.core
        if bundle.removeprefix(f"{group}.") in names and GROUP.fullmatch(group):
            return group
    vendor = manifest.get("Implementation-Vendor-Id", "")  # the group, where Maven wrote it by itself
    return vendor if GROUP.fullmatch(vendor) else ""


def _bundle(manifest: dict[str, str]) -> str:
    return manifest.get("Bundle-SymbolicName", "").partition(";")[0].strip()
