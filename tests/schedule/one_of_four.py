"""A scheduler of a test, in a process of its own: its reports are files that take some milliseconds
to write. A file that is there already is not made again; a second one fails."""

import datetime as dt
import os
import sys
import time
from pathlib import Path

from genlib.schedule.outcome import DONE, Outcome
from genlib.schedule.store import Store
from genlib.schedule.work import Work

LEASE = dt.timedelta(seconds=10)  # longer than a busy machine lets a process stand


class Report:
    """Written beside its place, and put there only if nothing is."""

    def __init__(self, key, folder):
        self.place = folder / key
        self.draft = folder / f"{key}.{os.getpid()}.draft"

    def wait(self, seconds):
        if not self.place.exists():
            self.draft.write_text("figures")
            time.sleep(0.05)  # a report takes a while, and may be killed in it
            os.link(self.draft, self.place)  # fails if somebody made it meanwhile
            self.draft.unlink()
        return Outcome(DONE, run=str(os.getpid()))

    def stop(self):
        pass


if __name__ == "__main__":
    store = Store(sys.argv[1])
    folder = Path(sys.argv[2])
    work = Work(store, lambda key: Report(key, folder), capacity=2, lease=LEASE)
    work.do(list(store.read()))
