"""A register in which people come and go, as it stood at the end of each month, and what its three
reports published of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from small import IDENTITY, KEY, PURPOSES, ZONE
from workbench import ROOT

from genlib import notice as notices
from genlib.disclosure import Cells, Protected
from genlib.errors import Refused
from genlib.period import Period
from genlib.publish.writer import publish
from genlib.register.database import create_register
from genlib.register.store import sealed
from genlib.synthetic import collect

Frames = dict[str, pl.DataFrame]
Reports = tuple[tuple[str, dict[str, str]], ...]
"""Reports with their parameters."""
NEWEST, QUARTER = "the newest", "the quarter"
"""Parameters that every month has its own value for: the campaign that began last in it, and the
quarter that ends with it."""
MONTHLY: Reports = (  # the whole, with parts in between
    ("customer_analysis", {}),
    ("customer_analysis", {"region": "06"}),
    ("satisfaction_survey", {}),
    ("satisfaction_survey", {"kind": "consumer"}),
    ("campaign_history", {}),
    ("customer_analysis", {"kind": "consumer"}),
)
BORN = {
    "customer": "joined_on",
    "permission": "given_at",
    "campaign": "starts_on",
    "campaign_contact": "sent_at",
    "invoice": "issued_on",
    "interaction": "occurred_at",
    "feedback": "received_at",
    "survey": "opened_on",
    "survey_invitation": "sent_at",
    "disclosure": "disclosed_at",
}
OF = (  # rows that go with another
    ("permission", "customer_id", "customer"),
    ("campaign_contact", "customer_id", "customer"),
    ("campaign_contact", "campaign_id", "campaign"),
    ("invoice", "customer_id", "customer"),
    ("interaction", "customer_id", "customer"),
    ("feedback", "customer_id", "customer"),
    ("disclosure_customer", "customer_id", "customer"),
    ("disclosure_customer", "disclosure_id", "disclosure"),
    ("survey_question", "survey_id", "survey"),
    ("survey_invitation", "customer_id", "customer"),
    ("survey_invitation", "survey_id", "survey"),
)
PLANNED = {"due_on", "ends_on", "closed_on"}
"""Known before it is there."""


@dataclass(frozen=True)
class Publication:
    """What a report was made from, and what it showed."""

    report: str
    parameters: dict[str, str]
    cells: dict[str, Cells]
    shown: Protected


def as_of(frames: Frames, end: dt.date, gone: list[int]) -> Frames:
    """The register as it was at the end of a month, without those who had themselves erased
    since."""
    kept = {name: _until(frame, BORN.get(name), end) for name, frame in frames.items()}
    kept["customer"] = kept["customer"].filter(~pl.col("id").is_in(gone))
    for name, column, of in OF:
        kept[name] = kept[name].join(
            kept[of].select(pl.col("id").alias(column)),
            on=column,
            how="semi",
            maintain_order="left",
        )
    answered = (
        kept["survey_invitation"]
        .filter(pl.col("responded_at").is_not_null())
        .select(invitation_id="id")
    )
    kept["survey_answer"] = kept["survey_answer"].join(
        answered, on="invitation_id", how="semi", maintain_order="left"
    )
    return kept


def _until(frame: pl.DataFrame, born: str | None, end: dt.date) -> pl.DataFrame:
    """The rows that were there, without what happened to them later."""
    there = (
        frame if born is None else frame.filter((pl.col(born).cast(pl.Date) < end).fill_null(True))
    )
    later = [
        c
        for c, kind in frame.schema.items()
        if kind.is_temporal() and c not in {born, *PLANNED, "updated_at"}
    ]
    return there.with_columns(
        pl.when(pl.col(c).cast(pl.Date) < end).then(c).alias(c) for c in later
    )


def released(frames: Frames, home: Path, end: dt.date) -> None:
    """Three releases of a register, current from now on."""
    register = create_register(f"sqlite:///{home}/{end}.sqlite")
    for name, frame in frames.items():
        register.append(name, sealed(frame, name, IDENTITY))
    now = dt.datetime(end.year, end.month, end.day, 4, tzinfo=dt.UTC)
    for purpose in PURPOSES:
        publish(
            purpose,
            register,
            KEY,
            notice=replace(notices.load(), valid_from=dt.date(2020, 1, 1)),
            releases=home / "releases",
            common=home,
            now=now,
            time_zone=ZONE,
        )
    register.engine.dispose()


def protected(report: str, **parameters: str) -> tuple[dict[str, Cells], Protected]:
    """The cells of a notebook up to the one that protects, run as they stand there."""
    book = json.loads((ROOT / f"notebooks/{report}.ipynb").read_text(encoding="utf-8"))
    given, *sources = (
        "".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"
    )
    scope: dict[str, Any] = {}
    exec(given, scope)  # noqa: S102 - our own notebook
    scope.update(parameters)
    while "shown" not in scope:
        exec(sources.pop(0), scope)  # noqa: S102
    return scope["cells"], scope["shown"]


def year(  # noqa: PLR0913 - how many of what
    home: Path,
    months: int,
    patch: pytest.MonkeyPatch,
    *,
    customers: int = 3000,
    leaving: int = 2,
    reports: Reports = MONTHLY,
) -> Iterator[Publication]:
    """All that is published in the last `months`: every month reports of the whole, with parts in
    between."""
    frames, random, gone = collect(customers, 5)[0], np.random.default_rng(4), []
    patch.setenv("GENLIB_HOME", str(home))
    for number, period in enumerate(Period.parse("2026-10").months(months)):
        gone += random.choice(frames["customer"]["id"].to_numpy(), leaving).tolist()
        known = as_of(frames, period.end, gone)
        released(known, home, period.end)
        for place, (report, cut) in enumerate(_asked(reports, period, known)):
            patch.setenv("GENLIB_PUBLICATION", f"{period.end} {number}-{place}")
            try:
                yield _publication(report, {"period": str(period), **cut})
            except Refused:
                assert cut, "a report of the whole is never refused"


def _asked(reports: Reports, period: Period, known: Frames) -> Iterator[tuple[str, dict[str, str]]]:
    """The reports of a month, with its own values for what every month has its own for; without
    those that it has none for."""
    began = (
        known["campaign"]
        .filter(pl.col("starts_on").is_between(period.start, period.end, closed="left"))
        .sort("starts_on", "code")
    )
    quarter = (
        [f"{period.start.year}-Q{period.start.month // 3}"] if period.start.month % 3 == 0 else []
    )
    own = {NEWEST: began["code"].to_list()[-1:], QUARTER: quarter}
    for report, cut in reports:
        if all(own.get(value, [value]) for value in cut.values()):
            yield report, {name: own.get(value, [value])[0] for name, value in cut.items()}


def _publication(report: str, parameters: dict[str, str]) -> Publication:
    return Publication(report, parameters, *protected(report, **parameters))
