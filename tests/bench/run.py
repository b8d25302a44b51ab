"""Speed and memory beside the field's own tools: every side in a process of its own, on the same data, with equal answers.

    python tests/bench/run.py [--size tiny|small|large] [--only publish]

A case is a module of this folder with GOAL, REPEATS, `prepare(folder, size)` and SIDES: name -> function(folder, size) that loads what the
side needs and returns the work to be timed. The first side is genlib; what the work returns must agree between the sides.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CASES = ("pseudonyms", "publish", "purchases", "contacts", "disclosure", "report")


def main() -> None:
    options = _options()
    if options.side:
        print(json.dumps(_measure(options.only, options.side, Path(options.folder), options.size)))
        return
    for case in [options.only] if options.only else CASES:
        with tempfile.TemporaryDirectory(prefix="genlib-bench-") as folder:
            _compare(case, folder, options.size)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=["tiny", "small", "large"], default="small")
    parser.add_argument("--only", choices=CASES)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


def _compare(case: str, folder: str, size: str) -> None:
    module = importlib.import_module(case)
    print(f"\n{case} - {module.__doc__.splitlines()[0]}\n  goal: {module.GOAL}", flush=True)
    _child(case, "prepare", folder, size)
    found = {}
    for side in module.SIDES:
        found[side] = _child(case, side, folder, size)
        ours = next(iter(found.values()))["seconds"]
        one, ratio = found[side], found[side]["seconds"] / ours
        print(f"  {side:34} {one['seconds']:9.3f} s   x {ratio:7.2f}   peak {one['peak_mb']:7.0f} MB   {one['note']}", flush=True)
    answers = {json.dumps(one["answer"], sort_keys=True) for one in found.values() if one["answer"] is not None}
    if len(answers) > 1:
        sys.exit(f"  the sides of {case} do not agree: {sorted(answers)}")


def _child(case: str, side: str, folder: str, size: str) -> dict:
    command = [sys.executable, __file__, "--only", case, "--side", side, "--folder", folder, "--size", size]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{case} {side}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _measure(case: str, side: str, folder: Path, size: str) -> dict:
    module = importlib.import_module(case)
    if side == "prepare":
        module.prepare(folder, size)
        return {}
    work = module.SIDES[side](folder, size)
    times = []
    for _ in range(module.REPEATS):
        start = time.perf_counter()
        answer = work()
        times.append(time.perf_counter() - start)
    note = answer.pop("note", "") if isinstance(answer, dict) else ""
    return {"seconds": min(times), "peak_mb": _peak(), "answer": answer or None, "note": note}


def _peak() -> float:
    """The most that this process or one of its children held, in MB."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


if __name__ == "__main__":
    main()
