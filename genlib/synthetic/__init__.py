"""A register of people who do not exist, of any size, from one seed - with things planted in it to
find.

`draw` is the pure core: plaintext frames, batch by batch. `synthesise` seals them into a register,
`write_csv` writes them as files. Everything is drawn as frames of a table's rows; what stands
beside the table's own columns is for the next step and is dropped at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from genlib.register import audit, fingerprints
from genlib.register.database import Register
from genlib.register.store import plain_schema, sealed
from genlib.register.vault import IdentityKey
from genlib.synthetic import commerce, surveys
from genlib.synthetic.chance import NEVER, number, stacked
from genlib.synthetic.contacts import contacts
from genlib.synthetic.people import Issued, People, companies, people
from genlib.synthetic.wills import permissions, wills
from genlib.synthetic.world import AS_OF, PLANTED, Planted, Truth, shared, story

__all__ = ["AS_OF", "Planted", "Truth", "collect", "draw", "synthesise", "write_csv"]

BATCH = 20_000
MARKS = (
    "unlawful_contacts",
    "machine_clicks",
    "answers_with_identifiers",
    "feedback_with_identifiers",
)
"""Columns of yes and no beside those of a table: which of its rows `Truth` lists."""


def synthesise(register: Register, key: IdentityKey, *, customers: int, seed: int) -> Truth:
    """Fill an empty register in one audited transaction; returns what was planted. Memory does not
    grow with `customers`."""
    with audit.told(register) as (connection, tell):
        fingerprints.keep_key(connection, key)
        truth = draw(
            customers, seed, lambda table, frame: register.append(table, sealed(frame, table, key))
        )
        tell(audit.Event("register", "synthesise", customers, detail={"seed": seed}))
    return truth


def write_csv(folder: Path, *, customers: int, seed: int) -> Truth:
    """One CSV a table, as intake reads it: dates 2026-10-01, instants 2026-10-01T08:00:00Z."""
    folder.mkdir(parents=True, exist_ok=True)
    frames, truth = collect(customers, seed)
    for table, frame in frames.items():
        frame.write_csv(folder / f"{table}.csv", datetime_format="%Y-%m-%dT%H:%M:%SZ")
    return truth


def collect(customers: int, seed: int) -> tuple[dict[str, pl.DataFrame], Truth]:
    """The whole plaintext register in memory, a frame a table: for tests and small files."""
    parts: dict[str, list[pl.DataFrame]] = {}
    truth = draw(customers, seed, lambda table, frame: parts.setdefault(table, []).append(frame))
    return {table: pl.concat(frames) for table, frames in parts.items()}, truth


def draw(customers: int, seed: int, use: Callable[[str, pl.DataFrame], object]) -> Truth:
    """Hand every table's plaintext rows to `use`, in an order that foreign keys like, and return
    what was planted. The same arguments give the same rows."""
    issued = Issued()
    common = shared(customers)
    planted: dict[str, list[int]] = {mark: [] for mark in MARKS}
    for tables in chain([common], _batches(customers, seed, issued)):
        for table, frame in tables.items():
            rows = issued.numbered(table, frame)
            schema = plain_schema(table)
            for mark in set(MARKS) & set(frame.columns):
                marked = rows.filter(pl.col(mark).cast(pl.Boolean))  # an empty frame knows no types
                planted[mark].extend(marked[next(iter(schema))])
            use(
                table,
                rows.select(_plain(name, rows.schema[name], kind) for name, kind in schema.items()),
            )
    uplift = dict(common["campaign"].select("code", "uplift").rows())
    return Truth(
        PLANTED,
        uplift,
        rows=dict(issued.rows),
        **{mark: tuple(ids) for mark, ids in planted.items()},
    )


def _batches(customers: int, seed: int, issued: Issued) -> Iterator[dict[str, pl.DataFrame]]:
    """Customers, and everything that hangs on them, a frame a table."""
    for start, source in enumerate(np.random.SeedSequence(seed).spawn(-(-customers // BATCH))):
        rng = np.random.default_rng(source)
        ids = np.arange(start * BATCH + 1, min(customers, (start + 1) * BATCH) + 1)
        employers = companies(rng, issued, customers=len(ids))
        yield {"company": employers} | _lives(people(rng, issued, ids, employers))


def _lives(crowd: People) -> dict[str, pl.DataFrame]:
    will = wills(crowd)
    first = commerce.purchases(crowd)
    contacted, prompted = contacts(crowd, will, first)
    bought = stacked([first, *prompted])
    happened = commerce.dealings(crowd, bought)
    invited = surveys.invitations(crowd, will, happened)
    answers = surveys.answers(crowd, invited)
    feedback = surveys.feedback(crowd, happened)
    return {
        "customer": crowd.frame,
        "permission": permissions(crowd, will),
        "campaign_contact": contacted,
        "invoice": commerce.invoices(crowd, bought),
        "interaction": commerce.interactions(crowd, happened),
        "survey_invitation": invited,
        "survey_answer": answers,
        "feedback": feedback,
        "disclosure_customer": _disclosed(crowd),
    }


def _disclosed(crowd: People) -> pl.DataFrame:
    """Whose data went out in each disclosure: customers of that day."""
    frames = []
    for disclosure in story("disclosures").to_dicts():
        day = number(disclosure["disclosed_on"])
        there = (
            (crowd.joined < day)
            & (crowd.end > day)
            & (crowd.rng.random(len(crowd)) < disclosure["share"])
        )
        frames.append(
            pl.DataFrame({"disclosure_id": disclosure["id"], "customer_id": crowd.ids[there]})
        )
    return pl.concat(frames, how="vertical_relaxed")


def _plain(name: str, stored: Any, kind: Any) -> pl.Expr:
    """A column of a table; what was drawn as days or seconds becomes dates and instants."""
    value = pl.col(name)
    if not (kind.is_temporal() and stored.is_integer()):
        return value.cast(kind)
    happened = pl.when(value < NEVER).then(value)
    return (
        happened.cast(pl.Int32).cast(kind) if kind == pl.Date else (happened * 1_000_000).cast(kind)
    )
