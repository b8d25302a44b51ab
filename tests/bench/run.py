"""Speed and memory beside the field's own tools: every side in a process of its own, on the same
data, with equal answers.

    python tests/bench/run.py [--size tiny|small|large] [--only publish]

A case is a module of this folder with `prepare(folder, size)` and SIDES: name -> function(folder,
size) that loads what the side needs and returns the work to be timed. Its doc string says what is
done, GOALS what a side is held to (`goals.py`), REPEATS how often a process works (but for sides of
ONCE) and ROUNDS how often the sides take turns; the least time counts. The first side is ours;
"ratio" is a side's time in ours. The work returns the answer, on which the sides must agree; under
"note" what to print, under "facts" what goals ask for. Sides of PEERS run in a Python of their own
with the versions of `peers.txt`, which do not fit beside ours.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CASES = (
    "pseudonyms",
    "publish",
    "refresh",
    "purchases",
    "contacts",
    "disclosure",
    "curve",
    "protection",
    "report",
    "reports",
)
PEERS = Path(__file__).parents[2] / "build" / "peers" / "bin" / "python"
LINE = "  {:44} {:>9} {:>7} {:>7}  {:18} {:4}  {}"


def main() -> None:
    options = _options()
    if options.side:
        print(json.dumps(_measure(options.only, options.side, Path(options.folder), options.size)))
        return
    begun = time.monotonic()
    print(LINE.format(f"size {options.size}", "seconds", "ratio", "peak MB", "goal", "met", "note"))
    for case in [options.only] if options.only else CASES:
        with tempfile.TemporaryDirectory(prefix="genlib-bench-") as folder:
            _compare(case, folder, options.size)
    print(f"\n{time.monotonic() - begun:.0f} s in all")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=["tiny", "small", "large"], default="small")
    parser.add_argument("--only", choices=CASES)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


def _compare(case: str, folder: str, size: str) -> None:
    module = importlib.import_module(case)
    print(f"\n{case}: {module.__doc__.splitlines()[0]}", flush=True)
    _child(case, "prepare", folder, size)
    rounds = [
        {side: _child(case, side, folder, size) for side in module.SIDES}
        for _ in range(getattr(module, "ROUNDS", 1))
    ]
    found = {
        side: min((one[side] for one in rounds), key=lambda one: one["seconds"])
        for side in module.SIDES
    }
    ours = next(iter(found.values()))
    for side, one in found.items():
        goal, met = getattr(module, "GOALS", {}).get(side, ("", None))
        verdict = "" if met is None else "yes" if met(found, one) else "NO"
        time_, ratio = f"{one['seconds']:.3f}", f"{one['seconds'] / ours['seconds']:.2f}"
        print(
            LINE.format(
                side, time_, ratio, f"{one['peak_mb']:.0f}", goal, verdict, one["note"]
            ).rstrip(),
            flush=True,
        )
    answers = {
        json.dumps(one["answer"], sort_keys=True)
        for one in found.values()
        if one["answer"] is not None
    }
    if len(answers) > 1:
        sys.exit(f"  the sides of {case} do not agree: {sorted(answers)}")


def _child(case: str, side: str, folder: str, size: str) -> dict:
    python = (
        str(PEERS)
        if side in getattr(importlib.import_module(case), "PEERS", ())
        else sys.executable
    )
    command = [
        python,
        "-W",
        "ignore",
        __file__,
        "--only",
        case,
        "--side",
        side,
        "--folder",
        folder,
        "--size",
        size,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode == -signal.SIGKILL:  # the system ran out of memory
        return {
            "seconds": math.inf,
            "peak_mb": math.inf,
            "answer": None,
            "note": "did not fit into memory",
            "facts": {},
        }
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
    for _ in range(1 if side in getattr(module, "ONCE", ()) else module.REPEATS):
        start = time.perf_counter()
        answer = work()
        times.append(time.perf_counter() - start)
    note, facts = answer.pop("note", ""), answer.pop("facts", {})
    return {
        "seconds": min(times),
        "peak_mb": _peak(),
        "answer": answer or None,
        "note": note,
        "facts": facts,
    }


def _peak() -> float:
    """The most that this process or one of its children held, in MB."""
    return (
        max(
            resource.getrusage(who).ru_maxrss
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        / 1024
    )


if __name__ == "__main__":
    main()
