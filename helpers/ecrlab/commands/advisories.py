"""What the lab knows of vulnerabilities: the course's own advisories, and full dumps of OSV's that you load.

  ecrlab advisories list --package openssl --ecosystem Debian:12
  ecrlab advisories show CVE-2021-44228
  ecrlab advisories update --from https://storage.googleapis.com/osv-vulnerabilities/PyPI/all.zip

The ecosystems of OSV's dumps that the lab can compare are PyPI, npm, Maven, Debian, Alpine and Ubuntu. A lab that is running looks at its images again
after an update.
"""

import argparse
import sys
from pathlib import Path

from ecrlab import home, server
from ecrlab.errors import LabError


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, (does, wants, _) in VERBS.items():
        one = verbs.add_parser(verb, help=does, description=f"{does[0].upper()}{does[1:]}.")
        wants(one)
        one.add_argument("--state", metavar="DIR", help="the lab's folder (default: ECRLAB_STATE, or .ecrlab in the course's folder)")


def run(given: argparse.Namespace) -> int:
    return VERBS[given.verb][2](given, home.make(home.find(given.state)))


def _update(given: argparse.Namespace, state: Path) -> int:
    from ecrlab.advisories import opened
    from localecr.scanner.advisories import NotLoaded

    print(f"Reading {given.source} …", file=sys.stderr, flush=True)
    with opened(state) as advisories:
        try:
            done = advisories.update(given.source)
        except NotLoaded as error:
            raise LabError("advisories", str(error), "Nothing was changed.") from error
    print(f"Advisories read: {done.read:,} ({done.added:,} new, {done.changed:,} changed, {done.unchanged:,} known already).")
    if done.refused:
        print(f"Left out, being no OSV documents: {done.refused:,}", file=sys.stderr)
        for problem in done.problems:
            print(f"  {problem.subject}: {problem.reason}", file=sys.stderr)
    door = server.find(state)
    if door is not None:
        door.advisories(changed=True)
    return 0


def _list(given: argparse.Namespace, state: Path) -> int:
    from ecrlab.advisories import affected, opened

    with opened(state) as advisories:
        count = 0
        for advisory, said in advisories.packages(float("inf"), given.ecosystem, given.package):
            print(f"{advisory.id:24} {said.ecosystem:14} {said.package:32} {affected(said.entry)}")
            count += 1
    print(f"{count:,} in all." if count else "No advisory speaks of that.", file=sys.stderr)
    return 0 if count else 1


def _show(given: argparse.Namespace, state: Path) -> int:
    from ecrlab.advisories import ORIGINS, affected, opened, sources
    from localecr.clock import as_datetime
    from localecr.scanner import merging
    from localecr.scanner.sources import of as source_of

    with opened(state) as advisories:
        told = sources(advisories, given.id, float("inf"))
        print(", ".join(advisories.flaws(told[0][0], float("inf"))))
        print(told[0][0].body["summary"])
        for advisory, entries in told:
            source = source_of(advisory.id)
            licence = f" ({source.licence})" if source.licence else ""
            print(f"\n{advisory.id}: {ORIGINS[advisory.origin]}, after {source.title}{licence}; published {as_datetime(advisory.published):%d %B %Y}")
            if advisory.withdrawn is not None:
                print(f"  withdrawn {as_datetime(advisory.withdrawn):%d %B %Y}")
            vector, score, scored_by = merging.score([entry for _, _, entry in entries], [advisory])
            if vector:
                print(f"  CVSS {score} by {scored_by}: {vector}")
            for said in entries:
                rating = merging.rating(advisory, [said.entry])
                print(f"  {said.ecosystem:14} {said.package:32} {affected(said.entry)}" + (f"  rated {rating}" if rating else ""))
            for url in advisory.body["references"]:
                print(f"  {url}")
    return 0


def _wants_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="source", required=True, metavar="SOURCE", help="a ZIP file of OSV documents, a folder of them, or a ZIP file's URL")


def _wants_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--package", metavar="NAME", help="only on this package; of an operating system its source package")
    parser.add_argument("--ecosystem", metavar="E", help="only on this ecosystem: PyPI, npm, Maven, Debian, Debian:12, Alpine:v3.20, …")


def _wants_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="a CVE, or an advisory's own id: GHSA-…, PYSEC-…")


# verb → what it does, what it wants to be told, who does it
VERBS = {
    "update": ("load OSV documents beside the course's own", _wants_source, _update),
    "list": ("list the advisories, a line for each package that one speaks of", _wants_filters, _list),
    "show": ("show what each source says of a vulnerability; of those on one package the first decides", _wants_id, _show),
}
