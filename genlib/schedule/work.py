"""Doing the tasks that are free, several at once: claim, start, keep the claim, keep the outcome.

What a task does is given from outside, as something that can be started, asked and stopped. It is
done again only if its scheduler died, so it must notice itself what it has made already.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from genlib.clock import read_clock
from genlib.schedule.outcome import FAILED, Outcome, put_off
from genlib.schedule.store import LEASE, Claim, Store, is_to_do

BEATS = 4
"""How many times in a lease a claim is renewed."""
LOOK = 0.05
"""Seconds for which one task is waited for before the next is looked at."""
LOOKS = 10
"""How many times all are looked at before the store is asked again what is free: that may change
elsewhere. When one has ended here it is asked at once."""


class Started(Protocol):
    """Work that goes on."""

    def wait(self, seconds: float) -> Outcome | None:
        """How it ended; None if it goes on after so many seconds."""

    def stop(self) -> None:
        """End it now."""


Start = Callable[[str], Started]


@dataclass
class _Job:
    claim: Claim
    work: Started
    started: dt.datetime
    renewed: dt.datetime


@dataclass
class Work:
    """A scheduler at work. `limits`: how long a task may take, by its key; `after`: the keys of
    those that must be over before. `put_off`: what becomes of an outcome that may pass, by how
    often it was tried and when."""

    store: Store
    start: Start
    capacity: int = 1
    lease: dt.timedelta = LEASE
    clock: Callable[[], dt.datetime] = read_clock
    limits: dict[str, dt.timedelta] = field(default_factory=dict)
    after: dict[str, set[str]] = field(default_factory=dict)
    put_off: Callable[[Outcome, int, dt.datetime], Outcome] = put_off
    _jobs: list[_Job] = field(default_factory=list)

    def do(self, keys: list[str]) -> int:
        """Do what is free of these tasks until none is; how many were done here."""
        count = looks = 0
        try:
            while True:
                if looks % LOOKS == 0:
                    self._claim_more(keys)
                if not self._jobs:
                    return count
                before = len(self._jobs)
                count += self._look()
                looks = looks + 1 if len(self._jobs) == before else 0
        finally:
            for job in self._jobs:  # none is left but if this scheduler is stopped
                job.work.stop()
            for job in self._jobs:
                self.store.give_back(job.claim)

    def _claim_more(self, keys: list[str]) -> None:
        while len(self._jobs) < self.capacity:
            claim = self.store.claim(self._find_ready(keys), self.clock(), self.lease)
            if claim is None:
                return
            now = self.clock()
            self._jobs.append(_Job(claim, self.start(claim.key), now, now))

    def _find_ready(self, keys: list[str]) -> list[str]:
        """Those that do not wait for another task."""
        if not self.after:
            return keys
        rows = self.store.read(set().union(*self.after.values()))
        open_keys = {key for key, row in rows.items() if is_to_do(row)}
        return [key for key in keys if not open_keys & self.after.get(key, set())]

    def _look(self) -> int:
        """Look at each in turn, and keep what has ended; how many have."""
        ended = 0
        for job in list(self._jobs):
            outcome = job.work.wait(LOOK) or self._find_overtime(job)
            if outcome is None and self._keep_claim(job):
                continue
            job.work.stop()
            self._jobs.remove(job)
            if outcome is not None:
                now = self.clock()
                final = self.put_off(outcome, job.claim.attempts, now)
                ended += self.store.finish(job.claim, final, now)
        return ended

    def _keep_claim(self, job: _Job) -> bool:
        """Whether a task is still ours; its claim is renewed when a beat is over."""
        now = self.clock()
        if now - job.renewed < self.lease / BEATS:
            return True
        job.renewed = now
        return self.store.renew(job.claim, now, self.lease)

    def _find_overtime(self, job: _Job) -> Outcome | None:
        limit = self.limits.get(job.claim.key)
        if limit is None or self.clock() - job.started < limit:
            return None
        minutes = limit.total_seconds() / 60
        return Outcome(FAILED, f"took longer than {minutes:g} minutes", error="Timeout")
