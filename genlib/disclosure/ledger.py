"""The ledger: what reports have published so far, so that nothing can be subtracted from it.

One private file (0600) per publication, beside the releases and never in the catalogue of reports: the cells with their figures, whether
they were hidden, the sketch of who is in them, and the relations between counts of people. It holds no more than the releases do.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from genlib import settings
from genlib.disclosure.cells import Cells
from genlib.disclosure.model import Model
from genlib.disclosure.pattern import Pattern
from genlib.disclosure.sketch import PLACES, Words

DATE = r"\d{4}-(Q\d|\d{2}(-\d{2})?)"
COLUMNS = ["cell", "stems", "people", "hidden", "sketch", "figures"]


@dataclass(frozen=True)
class Ledger:
    """The publications in `folder`, and the one in the making: what it is called and the day it is shown."""

    folder: Path
    report: str
    day: date

    @classmethod
    def standing(cls) -> Ledger | None:
        """The ledger of a run that publishes: GENLIB_PUBLICATION is "2026-11-01 campaign_history/2026-10"; else None."""
        day, _, report = os.environ.get("GENLIB_PUBLICATION", "").partition(" ")
        return cls(settings.load().home / "ledger", report, date.fromisoformat(day)) if report else None

    def past(self) -> pl.DataFrame:
        """All publications, oldest first: report, day, and the nested cells, variables and entries."""
        files = sorted(self.folder.glob("*.parquet"))
        return pl.concat([pl.read_parquet(file) for file in files], how="vertical").sort("day", "report") if files else pl.DataFrame()

    def record(self, cells: pl.DataFrame, model: Model, pattern: Pattern) -> None:
        """Keep a publication. The same one again changes nothing."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = cells.with_columns(hidden=pl.Series(pattern.hidden[cells["cell"].to_numpy()], dtype=pl.Boolean)).select(COLUMNS)
        variables, entries = _people(cells, model, pattern)
        page = pl.DataFrame(
            {"report": [self.report], "day": [self.day], "cells": [kept.to_struct()], "variables": [variables], "entries": [entries]}
        )
        content = BytesIO()
        page.write_parquet(content)
        name = hashlib.sha256(f"{self.report}\n{self.day}\n".encode() + pattern.seal.encode()).hexdigest()[:24]
        draft = self.folder / f"{name}.tmp"
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content.getvalue())
        draft.replace(self.folder / f"{name}.parquet")

    def forget(self, report: str) -> int:
        """Strike out an experiment that was never shown to anyone; the number of publications struck."""
        struck = [file for file in self.folder.glob("*.parquet") if pl.read_parquet(file, columns=["report"]).item() == report]
        for file in struck:
            file.unlink()
        return len(struck)


def cells_of(model: Model, tables: Mapping[str, Cells]) -> pl.DataFrame:
    """One row a cell of the report in the making: `cell`, the `stems` it goes by (keys without the dates of the population), people,
    figures, and the sketch where the tables have one."""
    parts = pl.col("_key").str.split_exact("\x1e", 1)
    stem = parts.struct.field("field_0").str.replace_all(DATE, "") + "\x1e" + parts.struct.field("field_1")
    stems = model.keys.group_by("_cell").agg(stem.unique().sort().alias("stems"))
    people = pl.col("value").filter(pl.col("measure") == "people").first().fill_null(0)
    figures = (
        model.figures.sort("_cell", "measure").group_by("_cell").agg(people.alias("people"), pl.struct("measure", "value").alias("figures"))
    )
    sketched = [pl.DataFrame(schema={"_cell": pl.Int64, "sketch": pl.List(pl.UInt64)})]
    for name, cells in tables.items():
        if cells.members is not None:
            on = [column for column in cells.dimensions if column in cells.members.columns]
            sketched.append(model.frames[name].join(cells.members, on=on, nulls_equal=True).select("_cell", "sketch").drop_nulls())
    known = pl.concat(sketched).unique("_cell")
    return stems.join(figures, on="_cell").join(known, on="_cell", how="left").sort("_cell").rename({"_cell": "cell"})


def words(sketches: pl.Series) -> Words:
    """Sketches as rows of words; what has none is all zeros."""
    rows = np.zeros((len(sketches), PLACES), np.uint64)
    there = sketches.is_not_null().to_numpy()
    rows[there] = np.array(sketches.drop_nulls().to_list(), np.uint64).reshape(-1, PLACES)
    return rows


def _people(cells: pl.DataFrame, model: Model, pattern: Pattern) -> tuple[pl.Series, pl.Series]:
    """The counts of people and what relates them, each variable with the digest of its set (0: unknown)."""
    system = model.system
    own = model.figures.filter(pl.col("measure") == "people")
    set_of = np.zeros(len(system.value), np.uint64)
    set_of[own["variable"].to_numpy()] = digests(cells)[own["_cell"].to_numpy()]
    counts = np.isin(np.arange(len(system.value)), own["variable"].to_numpy()) | (system.cell < 0)
    foreign = system.relation[~counts[system.variable]]
    kept = ~np.isin(system.relation, foreign)
    shown = ~system.hidden_variables(pattern.hidden)
    variables = pl.DataFrame({"value": system.value, "shown": shown, "set": set_of})
    entries = pl.DataFrame({"relation": system.relation[kept], "variable": system.variable[kept], "sign": system.sign[kept]})
    return variables.to_struct(), entries.to_struct()


def digests(cells: pl.DataFrame) -> npt.NDArray[np.uint64]:
    """One word for each cell's set of people, equal for equal sets; 0 where it is not known or nobody is in it."""
    mixed = words(cells["sketch"]) * (np.arange(PLACES, dtype=np.uint64) * np.uint64(2) + np.uint64(0x9E3779B97F4A7C15))
    named: npt.NDArray[np.uint64] = (mixed ^ (mixed >> np.uint64(29))).sum(axis=1, dtype=np.uint64)
    return named
