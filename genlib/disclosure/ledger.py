"""The ledger: what reports have published so far, so that nothing can be subtracted from it.

One private file (0600) per publication, beside the releases and never in the catalogue of reports: the cells with their figures, whether
they were hidden, the sketch of who is in them, and the relations between counts of people. It holds no more than the releases do.
"""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from genlib import settings as configuration
from genlib.atomic import replacing
from genlib.disclosure.cells import Cells
from genlib.disclosure.model import Model
from genlib.disclosure.pattern import Pattern
from genlib.disclosure.sketch import PLACES, Words
from genlib.settings import Settings

DATE = r"\d{4}-(Q\d|\d{2}(-\d{2})?)"
PUBLICATION = "GENLIB_PUBLICATION"
"""The variable that tells a kernel that it publishes: the day, the report with its parameters, and the id of the run."""

COLUMNS = ["cell", "stems", "people", "hidden", "sketch", "figures"]


@dataclass(frozen=True)
class Ledger:
    """The publications in `folder`, and the one in the making: its report, the day it is shown, and the run that makes it."""

    folder: Path
    report: str = ""
    day: date = date.max
    run: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Ledger:
        """The ledger of a workbench."""
        return cls(settings.home / "ledger")

    @classmethod
    def standing(cls) -> Ledger | None:
        """The ledger of a run that publishes, None where nothing is published."""
        day, _, rest = os.environ.get(PUBLICATION, "").partition(" ")
        report, _, run = rest.rpartition(" ")
        return replace(cls.of(configuration.load()), report=report, day=date.fromisoformat(day), run=run) if run else None

    @staticmethod
    def called(day: date, slot: Path, run: str) -> str:
        """A publication as `PUBLICATION` says it."""
        return f"{day} {slot.as_posix()} {run}"

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
        with replacing(self.folder / f"{name}_{self.run}.parquet") as file:
            file.write(content.getvalue())

    def forget(self, run: str) -> int:
        """Strike out what a run published and nobody was shown; the number of publications struck."""
        struck = list(self.folder.glob(f"*_{glob.escape(run)}.parquet"))
        for file in struck:
            file.unlink(missing_ok=True)
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
