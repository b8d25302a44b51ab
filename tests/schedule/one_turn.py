"""A scheduler of a test, in a process of its own: what a plan has due at a given instant."""

import datetime as dt
import sys
from pathlib import Path

from genlib.schedule.chain import Chain
from genlib.schedule.reading import read_plan
from genlib.schedule.serving import open_store
from genlib.settings import load

if __name__ == "__main__":
    plan, faults = read_plan(Path(sys.argv[1]))
    assert not faults, faults
    now = dt.datetime.fromisoformat(sys.argv[2])
    settings = load()
    Chain(plan, settings, open_store(settings), clock=lambda: now, capacity=2).do()
