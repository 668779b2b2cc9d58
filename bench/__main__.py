"""`make bench`: this lab against its peers, each work a ratio of medians measured in the same run. Names choose some of the benchmarks."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator

from bench import calls, decisions, growth, machine, memory, scanning, small_images, starting, table, trail, transfers, wire
from bench.rounds import Effort

BENCHMARKS: dict[str, Callable[[Effort], Iterator[table.Line]]] = {
    "transfers": transfers.measure,
    "memory": memory.measure,
    "small-images": small_images.measure,
    "calls": calls.measure,
    "decisions": decisions.measure,
    "growth": growth.measure,
    "starting": starting.measure,
    "trail": trail.measure,
    "scanning": scanning.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often each work is done; medians are shown (default 5)")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that a benchmark works; its numbers say little")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    if asked.rounds < 1:
        parser.error("--rounds must be at least 1")
    sys.exit(run(asked.names or list(BENCHMARKS), Effort(asked.rounds, asked.quick), table.markdown if asked.markdown else table.plain))


def run(names: list[str], effort: Effort, written: Callable[[list[str]], str]) -> int:
    """Prints the machine, a line as soon as it is measured, and what couldn't be measured; 1 if a server refused a call, else 0."""
    began = time.monotonic()
    print(f"{machine.name()}; load {machine.load()} at the start; {effort.rounds} rounds{', small sizes' if effort.quick else ''}\n")
    print(written(list(table.HEADINGS)), *([table.RULE] if written is table.markdown else []), sep="\n", flush=True)
    gaps, status = [], 0
    for name in names:
        try:
            for line in BENCHMARKS[name](effort):
                print(written(line.cells()), flush=True)
        except (table.Missing, wire.Refused) as gap:
            gaps.append(f"Not measured, {name}: {gap}.")
            status |= isinstance(gap, wire.Refused)
    end = f"Load {machine.load()} at the end, after {time.monotonic() - began:.0f} s."
    print("", *gaps, f"{end} A ratio is ECR Lab's median divided by the peer's: under 1 is better.", sep="\n")
    return status


if __name__ == "__main__":
    main()
