"""The next state of a source comes in: new rows are added, changed ones changed, the rest left.

Each table is one audited transaction, kept whole or not at all; a refresh that was stopped at any
instant is simply run again. What may change is said in `change_rules`; what may not, or cannot be
read, is refused and told by row, column and rule, and holds its person back as in a load (`holds`).
Secrets of rows that did not change are never opened: they are compared by keyed digests.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from genlib.atomic import replacing
from genlib.clock import read_clock
from genlib.private import make_folder
from genlib.register import audit, fingerprints, holds, runs
from genlib.register.batches import OWN_FEED, Place, Source
from genlib.register.database import Register
from genlib.register.expiry import PastRows
from genlib.register.outcome import Outcome
from genlib.register.secret_digests import fill_digests
from genlib.register.staging import read_in_order
from genlib.register.taking import Taking
from genlib.register.vault import IdentityKey
from genlib.settings import TIME_ZONE

HEADER = b"row,column,rule\n"
Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Refresh:
    """Where rows go: `artificial`, `at`, `time_zone`, `years_kept` and `past` as in `Intake`.
    `is_whole`: the sources send everything that they have, so what does not come is missing;
    `may_be_fewer`: also if that is more than half of what they had."""

    register: Register
    key: IdentityKey
    rejected_to: Path
    artificial: bool = True
    is_whole: bool = False
    may_be_fewer: bool = False
    progress: Progress = field(default=lambda table, rows: None)
    at: dt.datetime = field(default_factory=read_clock)
    time_zone: str = TIME_ZONE
    years_kept: Mapping[str, int] = field(default_factory=dict)
    past: PastRows = field(default_factory=dict)

    def run(self, sources: Sequence[Source], names: Sequence[str]) -> list[Outcome]:
        """Bring the register up to what the sources say, table by table. names: of the tables or
        files that came; until those about people's will are in nobody is on a contact list.

        Refused, before anything is kept, if one of them is older than the last of its feed.
        """
        self.check_order(sources)
        holds.begin_load(self.register, names, self.at)
        outcomes: list[Outcome] = []
        for source, report in zip(sources, _name_reports(sources), strict=True):
            run = outcomes[0].run if outcomes else 0
            outcomes.append(self._keep(source, run, report))
        return outcomes

    def check(self, sources: Sequence[Source]) -> list[tuple[Outcome, bytes]]:
        """What `run` would do, and the refused rows of each table as CSV; nothing is kept."""
        outcomes = []
        with self.register.writing() as connection, connection.begin_nested() as trial:
            run = runs.begin_run(connection)
            for source in sources:
                refused = io.BytesIO()
                outcome = self._take(connection, source, run, refused)
                outcomes.append((outcome, refused.getvalue()))
            trial.rollback()
        return outcomes

    def check_order(self, sources: Sequence[Source]) -> None:
        """Refused if a source is older than the last of its feed."""
        with self.register.engine.connect() as connection:
            for source in sources:
                runs.check_not_older(connection, source.feed, source.table, source.as_of)

    def _keep(self, source: Source, run: int, name: str) -> Outcome:
        """One table in one transaction; the report of refused rows is in its place before the rows
        are. run: the number of the refresh, 0 to begin one; name: of the report."""
        report = make_folder(self.rejected_to) / name
        with audit.told(self.register) as (connection, tell), replacing(report) as refused:
            runs.check_not_older(connection, source.feed, source.table, source.as_of)
            number = run or runs.begin_run(connection)
            outcome = self._take(connection, source, number, refused)
            runs.forget_rows(connection, self.at)
            tell(audit.Event("register", "refresh", outcome.people, detail=outcome.detail))
        if not outcome.listed:
            report.unlink()
        return outcome

    def _take(
        self, connection: sa.Connection, source: Source, run: int, refused: BinaryIO
    ) -> Outcome:
        fingerprints.keep_key(connection, self.key)
        key = runs.RunKey(run, source.feed, source.table, source.as_of, self.at)
        place = Place(
            self.register,
            connection,
            self.key,
            self.artificial,
            self.time_zone,
            self.years_kept,
            self.past,
        )
        read_in_order(connection)
        fill_digests(place, source.table)
        taking = Taking(place, source, key, refused)
        refused.write(HEADER)
        for batch in source.read(place, key):
            taking.take_batch(batch)
            self.progress(source.table, taking.outcome.read)
        taking.finish(is_whole=self.is_whole, may_be_fewer=self.may_be_fewer)
        taking.outcome.write(connection, key)
        return taking.outcome


def _name_reports(sources: Sequence[Source]) -> list[str]:
    """What the report of each source's refused rows is called: `customer.csv` of the own layout,
    `crm-customer.csv` of a feed, and `crm-customer-2.csv` where it gives a table twice, so that
    none takes the place of another."""
    places = [(source.feed, source.table) for source in sources]
    names = []
    for at, (feed, table) in enumerate(places):
        name = table if feed == OWN_FEED else f"{feed}-{table}"
        earlier = places[:at].count((feed, table))
        names.append(f"{name}-{earlier + 1}.csv" if earlier else f"{name}.csv")
    return names
