"""``python tests/fuzz [target …] --seconds 60``: a coverage-guided fuzzer (atheris) on every parser, one process a target.

atheris is no dependency of this project: ``pip install atheris`` where there is a wheel of it (Linux), and leave it out elsewhere.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def main() -> int:
    from targets import TARGETS

    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", default=list(TARGETS), help=f"what to fuzz; all of it by default: {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    asked = parser.parse_args()
    if unknown := set(asked.targets) - TARGETS.keys():
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("atheris, the fuzzer, is not installed (pip install atheris, where there is a wheel of it). Nothing was fuzzed.")
        return 1
    findings = [found for name in asked.targets if (found := fuzz(name, asked.seconds, TARGETS[name].seeds))]
    print(f"\n{len(findings)} findings" if findings else "\nno findings")
    return 1 if findings else 0


def fuzz(name: str, seconds: int, seeds: tuple[bytes, ...]) -> str:
    """Fuzzes one target, prints a line, and returns what was found, or "" for nothing."""
    in_memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a transaction an input is slow on a disk
    with tempfile.TemporaryDirectory(dir=in_memory) as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / f"seed{number}").write_bytes(seed)
        options = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1500", "-max_len=20000", "-print_final_stats=1", f"-artifact_prefix={folder}/"]
        (Path(folder) / "work").mkdir()
        command = [sys.executable, str(HERE / "one.py"), name, *options, str(corpus)]
        environment = os.environ | {"FUZZ_FOLDER": f"{folder}/work"}
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=folder, env=environment)
        said = done.stdout + done.stderr
        number = re.findall(r"number_of_executed_units: (\d+)", said)
        covered = re.findall(r"cov: (\d+)", said)
        memory = re.findall(r"peak_rss_mb: +(\d+)", said)
        facts = f"{number[-1] if number else '?':>9} executions, coverage {covered[-1] if covered else '?':>5}, {memory[-1] if memory else '?':>4} MiB"
        print(f"{name:12} {facts}   {'nothing found' if done.returncode == 0 else 'FOUND'}", flush=True)
        if done.returncode == 0:
            return ""
        uncaught = re.search(r"Uncaught Python exception(.*?)\n(?:INFO|WARNING|==)", said, re.DOTALL)
        print(uncaught[1][:4000] if uncaught else said[-3000:])
        for artifact in Path(folder).glob("*-*"):
            print(f"{artifact.name}: {artifact.read_bytes()!r:.2000}")
        return said


if __name__ == "__main__":
    sys.exit(main())
