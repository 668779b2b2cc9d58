"""Which of an image's packages have which vulnerabilities."""

from __future__ import annotations

from typing import NamedTuple

from localecr.scanner import merging, ranges
from localecr.scanner.advisories import Advisories, Advisory, Entry
from localecr.scanner.model import Inventory, Match, Package, Problem, Vulnerability
from localecr.scanner.osv import package_key
from localecr.scanner.ranges import PackageVersion


class Found(NamedTuple):
    vulnerability: Vulnerability
    fixed_in: str | None


def find(inventory: Inventory, advisories: Advisories, known_at: float) -> tuple[list[Match], list[Problem]]:
    """Holds an inventory against the advisories that were published, and not withdrawn, at ``known_at`` (seconds since 1970).

    One match for a package and a vulnerability, in the order of the vulnerability's id and the package. A version that can't be compared
    is a problem, never a match. Where several documents speak of one vulnerability in a package, the first by ``merging.order`` decides:
    whether the package has it, what fixes it, how it is called, rated and scored.
    """
    finder = _Finder(advisories, known_at)
    with advisories.reading():
        found = [(id, place, package, each) for place, package in enumerate(inventory.packages) for id, each in finder.of(package).items()]
    found.sort(key=lambda each: each[:2])
    return [Match(package, each.vulnerability, each.fixed_in) for _, _, package, each in found], list(finder.problems)


def looked_up(package: Package) -> PackageVersion | None:
    """What a package's advisories are filed under: of what an operating system packages the source package and its version.

    None of what has no advisories of its own: a library that came with an operating system's package, or what OSV doesn't know.
    """
    if package.ecosystem is None or package.owner is not None:
        return None
    name = package_key(package.ecosystem, package.source or package.name)
    return PackageVersion(package.ecosystem, name, package.source_version or package.version)


class _Finder:
    """Looks each version of a package up once: binary packages of one source share what was found for it."""

    def __init__(self, advisories: Advisories, known_at: float):
        self._advisories = advisories
        self._known_at = known_at
        self._found: dict[PackageVersion, dict[str, Found]] = {}
        self.problems: dict[Problem, None] = {}  # in order, each once

    def of(self, package: Package) -> dict[str, Found]:
        """The vulnerabilities of a package, by their ids."""
        of = looked_up(package)
        if of is None:
            return {}
        if of not in self._found:
            self._found[of] = self._look(of)
        return self._found[of]

    def _look(self, of: PackageVersion) -> dict[str, Found]:
        entries: dict[int, list[Entry]] = {}
        advisories: dict[int, Advisory] = {}
        for advisory, entry in self._advisories.affecting(of.ecosystem, of.name, self._known_at):
            advisories[advisory.number] = advisory
            entries.setdefault(advisory.number, []).append(entry)
        hits = {number: hit for number in advisories if (hit := self._hit(of, advisories[number], entries[number]))}
        found: dict[str, Found] = {}
        decided: set[str] = set()
        for number in hits:
            for id in self._advisories.flaws(advisories[number], self._known_at):
                if id in decided:
                    continue
                decided.add(id)
                told = self._advisories.on(id, self._known_at)
                deciding = min((each for each in told if each.number in advisories), key=merging.order)
                if deciding.number in hits:
                    flaw = merging.vulnerability(id, deciding, entries[deciding.number], told, self._known_at)
                    found[id] = Found(flaw, hits[deciding.number].fixed_in)
        return found

    def _hit(self, of: PackageVersion, advisory: Advisory, entries: list[Entry]) -> ranges.Hit | None:
        hit, problems = ranges.affects(of, entries)
        for problem in problems:
            whose = f"{of.name} {of.version}" if problem.of_package else f"{advisory.id} on {of.name}"
            self.problems[Problem(whose, problem.reason)] = None
        return hit
