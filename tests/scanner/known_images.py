"""The images that are compared with Syft: every specimen, and some that show one thing each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import building
import making
from dockerless import seeds
from localecr.scanner.model import Subject
from making import Folder, HardLink, Link, apk, dist_info, installed, jar, layer, manifest, metadata, node_module, os_release, pom, stanza, status

DEBIAN = {"etc/os-release": Link("../usr/lib/os-release"), "usr/lib/os-release": os_release("debian", "12")}
ALPINE = {"etc/os-release": os_release("alpine", "3.20.3")}
STATUS = "var/lib/dpkg/status"
LOG4J = pom("org.apache.logging.log4j", "log4j-core", "2.14.1") | manifest()
WAR = jar({"WEB-INF/lib/log4j-core-2.14.1.jar": jar(LOG4J)} | manifest(Implementation_Title="search", Implementation_Version="2.0"))
SIX = "usr/lib/python3/dist-packages/six-1.16.0.egg-info"

MADE: Mapping[str, list[making.MadeLayer | making.Things]] = {
    "every install writes dpkg's list anew": [
        DEBIAN | {STATUS: status(("bash", "5.2.15-2+b2"), ("zlib1g", "1:1.2.11.dfsg-1"))},
        {STATUS: status(("bash", "5.2.15-2+b2"), ("curl", "7.88.1-10"), ("zlib1g", "1:1.2.11.dfsg-1"))},
        {STATUS: status(("bash", "5.2.15-2+b2"), ("curl", "7.88.1-10"), ("zlib1g", "1:1.2.13.dfsg-1"))},
        {STATUS: status(("bash", "5.2.15-2+b2"), ("zlib1g", "1:1.2.13.dfsg-1"))},
    ],
    "dpkg's states": [
        DEBIAN | {STATUS: status(*(stanza(state.rpartition(" ")[2], "1.0", status=state) for state in (
            "install ok installed", "install ok unpacked", "install ok half-configured", "install ok triggers-pending",
            "purge ok not-installed", "deinstall ok config-files")))},
    ],
    "distroless": [
        DEBIAN
        | {"var/lib/dpkg/status.d": Folder()}
        | {f"var/lib/dpkg/status.d/{name}": stanza(name, version, status=None) for name, version in (("base-files", "12.4+deb12u5"), ("libc6", "2.36-9"))}
        | {"var/lib/dpkg/status.d/libc6.md5sums": "d41d8cd98f00b204e9800998ecf8427e  lib/libc.so\n"},
        {"var/lib/dpkg/status.d/zlib1g": stanza("zlib1g", "1:1.2.13.dfsg-1", status=None)},
    ],
    "alpine": [
        ALPINE | {"lib/apk/db/installed": installed(apk("musl", "1.2.5-r0"), apk("libcrypto3", "3.3.0-r2", origin="openssl"))},
        {"lib/apk/db/installed": installed(apk("musl", "1.2.5-r0"), apk("libcrypto3", "3.3.1-r0", origin="openssl"), apk("curl", "8.9.0-r0"))},
    ],
    "a library that Debian owns beside one of pip's": [
        DEBIAN | {STATUS: status(("python3-six", "1.16.0-4")), "var/lib/dpkg/info/python3-six.list": f"/{SIX}\n", SIX: metadata("six", "1.16.0")},
        dist_info("six", "1.10.0"),
    ],
    "python in all its forms": [
        DEBIAN
        | dist_info("PyYAML", "5.3") | dist_info("zope.interface", "5.0") | dist_info("Flask_Login", "0.6")
        | {"srv/a-1.0.egg-info/PKG-INFO": metadata("a", "1.0"), "srv/b-1.0.egg-info": metadata("b", "1.0"),
           "srv/c-1.0-py3.9.egg/EGG-INFO/PKG-INFO": metadata("c", "1.0")},
    ],
    "node": [
        ALPINE | node_module("qs", "6.5.1") | node_module("@babel/core", "7.0.0") | node_module("qs", "6.4.0", "srv/app/node_modules/express/node_modules"),
        node_module("npm", "10.2.4", "usr/local/lib/node_modules") | {"srv/app/node_modules/qs/esm/package.json": '{"type": "module"}'},
        {"srv/app/node_modules/express/.wh.node_modules": ""},
    ],
    "jars": [
        DEBIAN
        | {
            "srv/log4j-core-2.14.1.jar": jar(LOG4J, streamed=True),
            "srv/shop-1.0.jar": jar(pom("com.example", "shop", "1.0") | pom("org.yaml", "snakeyaml", "1.26") | manifest()),
            "srv/search.ear": jar({"search.war": WAR} | manifest()),
        },
        {"srv/.wh.log4j-core-2.14.1.jar": "", "srv/log4j-core-2.17.1.jar": jar(pom("org.apache.logging.log4j", "log4j-core", "2.17.1") | manifest())},
    ],
    "whiteouts": [
        DEBIAN | dist_info("file", "1", "srv/a") | dist_info("folder", "1", "srv/b") | dist_info("hidden", "1", "srv/c") | dist_info("left", "1", "srv/d"),
        {"srv/a/file-1.dist-info/.wh.METADATA": "", "srv/.wh.b": "", "srv/c/.wh..wh..opq": ""} | dist_info("shown", "1", "srv/c"),
        {"srv/d/new": "x"},
    ],
    "a folder made again after a whiteout": [
        DEBIAN | dist_info("one", "1", "srv/a"), {"srv/.wh.a": ""}, dist_info("two", "1", "srv/a"), dist_info("one", "1", "srv/a")
    ],
    "a file and a link in the place of folders": [
        DEBIAN | dist_info("one", "1", "srv/a") | dist_info("two", "1", "srv/b"), {"srv/a": "a file now", "srv/b": Link("/opt")}
    ],
    "a library written again": [DEBIAN | dist_info("requests", "2.25.0"), dist_info("requests", "2.25.0"), dist_info("urllib3", "1.26.5")],
    "alpine's list behind a link": [ALPINE | {"lib": Link("usr/lib"), "usr/lib/apk/db/installed": installed(("musl", "1.2.5-r0"))}],
    "hard links": [DEBIAN | dist_info("one", "1", "srv/a") | {"srv/b/one-1.dist-info/METADATA": HardLink("srv/a/one-1.dist-info/METADATA")}],
    "zstd above gzip above nothing": [
        layer(DEBIAN | {STATUS: status(("bash", "5.2"))}, "none"), layer(dist_info("one", "1"), "gzip"), layer(dist_info("two", "1"), "zstd")
    ],
    "no operating system": [dist_info("requests", "2.25.0")],
}  # fmt: skip


def subjects(folder: Path) -> Iterator[tuple[str, Subject]]:
    """All of them by name. ``folder`` gets their files."""
    shelf = building.Shelf(folder / "shelf")
    for name in (*seeds.BASES, *building.RECIPES, *building.MADE):
        yield name, shelf.subject(name)
    for number, (name, layers) in enumerate(MADE.items()):
        yield name, making.image(folder / f"made-{number}", layers).subject
