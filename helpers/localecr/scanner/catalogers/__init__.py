"""What tells of packages: a table of files' names and of what reads them. A new ecosystem is a function and its rows in the table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from localecr.scanner.catalogers import apk, dpkg, java, node, os_release, python
from localecr.scanner.catalogers.facts import Fact
from localecr.scanner.streams import Stream
from localecr.scanner.unpacking import Budget


@dataclass(frozen=True)
class Cataloger:
    """What reads the files whose paths ``glob`` fits: ``*`` stands for anything but a slash, ``**/`` for any folders."""

    glob: str
    read: Callable[[str, Stream, Budget], Iterator[Fact]]
    is_library: bool = False  # whether it tells of a library, which an operating system's package may own

    @property
    def pattern(self) -> str:
        return re.escape(self.glob).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")


CATALOGERS = (
    Cataloger("etc/os-release", os_release.read),
    Cataloger("usr/lib/os-release", os_release.read),
    Cataloger("var/lib/dpkg/status", dpkg.read_status),
    Cataloger("var/lib/dpkg/status.d/*.md5sums", dpkg.read_sums),
    Cataloger("var/lib/dpkg/status.d/*", dpkg.read_status_file),
    Cataloger("var/lib/dpkg/info/*.list", dpkg.read_list),
    Cataloger("lib/apk/db/installed", apk.read_installed),
    Cataloger("usr/lib/apk/db/installed", apk.read_installed),
    Cataloger("**/*.dist-info/METADATA", python.read_metadata, is_library=True),
    Cataloger("**/*.egg-info/METADATA", python.read_metadata, is_library=True),
    Cataloger("**/*.egg-info/PKG-INFO", python.read_metadata, is_library=True),
    Cataloger("**/*.egg-info", python.read_metadata, is_library=True),
    Cataloger("**/EGG-INFO/PKG-INFO", python.read_metadata, is_library=True),
    Cataloger("**/node_modules/**/package.json", node.read_package, is_library=True),
    *(Cataloger(f"**/*{kind}", java.read_archive, is_library=True) for kind in java.ARCHIVES),
)

PLACES = tuple(each.glob for each in CATALOGERS if not each.glob.startswith("*"))

# Most files are none of these, which their ends tell at once.
_ENDS = tuple({tail for each in CATALOGERS if (tail := each.glob.rpartition("*")[2])})
_BEGINNINGS = tuple({each.glob.partition("*")[0] for each in CATALOGERS if each.glob.endswith("*")})
_PATTERNS = [(re.compile(each.pattern, re.DOTALL), each) for each in CATALOGERS]


def of(path: str) -> Cataloger | None:
    """What reads a file, if anything does."""
    if not path.endswith(_ENDS) and not path.startswith(_BEGINNINGS):
        return None
    return next((each for pattern, each in _PATTERNS if pattern.fullmatch(path)), None)


def is_library(path: str) -> bool:
    cataloger = of(path)
    return cataloger is not None and cataloger.is_library
