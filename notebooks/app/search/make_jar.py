"""Makes search-1.0.jar and search-1.1.jar.

    python make_jar.py

A fat jar as Spring Boot 2.6.1 lays one out, with the library versions of that release; in 1.1 those that had to be exchanged are newer.
Of each library only what names it is here. Nothing is compressed, and times and rights are fixed, so that the bytes are the same everywhere.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

LOG4J, JACKSON = "org.apache.logging.log4j", "com.fasterxml.jackson.core"
# (group, artifact) → its versions in 1.0 and in 1.1
LIBRARIES = {
    (LOG4J, "log4j-api"): ("2.14.1", "2.17.1"),
    (LOG4J, "log4j-core"): ("2.14.1", "2.17.1"),
    (LOG4J, "log4j-jul"): ("2.14.1", "2.17.1"),
    (JACKSON, "jackson-annotations"): ("2.13.0", "2.13.4"),
    (JACKSON, "jackson-core"): ("2.13.0", "2.13.4"),
    (JACKSON, "jackson-databind"): ("2.13.0", "2.13.4.2"),
    ("org.yaml", "snakeyaml"): ("1.29", "2.0"),
    ("org.apache.commons", "commons-lang3"): ("3.12.0", "3.12.0"),
    ("org.apache.commons", "commons-text"): ("1.9", "1.10.0"),
    ("commons-fileupload", "commons-fileupload"): ("1.4", "1.5"),
    ("com.google.code.gson", "gson"): ("2.8.9", "2.8.9"),
}
# Spring is built by Gradle, which leaves no pom.properties: a manifest and the jar's own name say what it is.
SPRING = {"spring-beans": ("5.3.13", "5.3.31"), "spring-core": ("5.3.13", "5.3.31")}
LAUNCHER = {
    "Main-Class": "org.springframework.boot.loader.JarLauncher",
    "Start-Class": "tea.search.Search",
    "Spring-Boot-Version": "2.6.1",
    "Spring-Boot-Classes": "BOOT-INF/classes/",
    "Spring-Boot-Lib": "BOOT-INF/lib/",
}
NOTE = "A specimen, made for ECR Lab: what names each library is true, and the libraries themselves are missing. It can't be run.\n"


def jar(number: int) -> bytes:
    """The fat jar of a release: 0 is 1.0, 1 is 1.1."""
    libraries = {f"{artifact}-{versions[number]}": library(group, artifact, versions[number]) for (group, artifact), versions in LIBRARIES.items()}
    libraries |= {
        f"{artifact}-{versions[number]}": archive({"META-INF/MANIFEST.MF": manifest({"Implementation-Title": artifact, "Implementation-Version": versions[number]})})
        for artifact, versions in SPRING.items()
    }
    return archive(
        {"META-INF/MANIFEST.MF": manifest(LAUNCHER), "BOOT-INF/classes/ecrlab-specimen": NOTE.encode()}
        | pom("tea", "search", f"1.{number}")
        | {f"BOOT-INF/lib/{name}.jar": data for name, data in sorted(libraries.items())}
    )


def library(group: str, artifact: str, version: str) -> bytes:
    return archive({"META-INF/MANIFEST.MF": manifest({})} | pom(group, artifact, version))


def pom(group: str, artifact: str, version: str) -> dict[str, bytes]:
    """As Maven leaves it, without the time of the build."""
    return {f"META-INF/maven/{group}/{artifact}/pom.properties": f"version={version}\ngroupId={group}\nartifactId={artifact}\n".encode()}


def manifest(attributes: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in {"Manifest-Version": "1.0", **attributes}.items()).encode() + b"\r\n"


def archive(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as made:
        for name, data in files.items():
            member = zipfile.ZipInfo(name)  # of 1980, the first time that a zip can say
            member.create_system, member.external_attr = 3, 0o100644 << 16
            made.writestr(member, data)
    return buffer.getvalue()


if __name__ == "__main__":
    for number in (0, 1):
        Path(__file__).with_name(f"search-1.{number}.jar").write_bytes(jar(number))
