"""Makes legacy.war and guava-30.1-jre.jar: what is named in them is true, the libraries themselves are missing.

    python make_jars.py
"""

from __future__ import annotations

import runpy
from pathlib import Path

HERE = Path(__file__).parent
SEARCH = runpy.run_path(str(HERE.parents[2] / "notebooks" / "app" / "search" / "make_jar.py"))
archive, library, manifest = SEARCH["archive"], SEARCH["library"], SEARCH["manifest"]

LIBRARIES = (
    ("ch.qos.logback", "logback-core", "1.2.11"),
    ("com.fasterxml.jackson.core", "jackson-databind", "2.8.8"),
    ("com.google.code.gson", "gson", "2.8.6"),
    ("com.google.guava", "guava", "19.0"),
    ("commons-collections", "commons-collections", "3.2.1"),
    ("io.netty", "netty-handler", "4.1.93.Final"),
    ("log4j", "log4j", "1.2.17"),
    ("org.apache.logging.log4j", "log4j-core", "2.12.2"),  # both fixes, brought back to what runs on Java 7
)
# built without Maven: the jar's name and its manifest say what it is
OTHERS = (("spring-beans", "5.2.19.RELEASE", "spring-beans"), ("tomcat-embed-core", "9.0.30", "Apache Tomcat"))


def jars() -> dict[str, bytes]:
    """Each jar's name and bytes."""
    war = {"META-INF/MANIFEST.MF": manifest({})} | {
        f"WEB-INF/lib/{artifact}-{version}.jar": library(group, artifact, version) for group, artifact, version in LIBRARIES
    }
    for artifact, version, title in OTHERS:
        of_its_own = manifest({"Implementation-Title": title, "Implementation-Version": version})
        war[f"WEB-INF/lib/{artifact}-{version}.jar"] = archive({"META-INF/MANIFEST.MF": of_its_own})
    return {"legacy.war": archive(war), "guava-30.1-jre.jar": library("com.google.guava", "guava", "30.1-jre")}


if __name__ == "__main__":
    for name, data in jars().items():
        (HERE / name).write_bytes(data)
