"""The ledger: what reports have published so far, so that nothing can be subtracted from it.

One private file (0600) per publication, beside the releases and never in the catalogue of reports: the cells with their figures, the sketch
of who is in them, and the relations between the figures. It holds no more than the releases do.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from genlib import settings as configuration
from genlib.atomic import replacing
from genlib.disclosure.cells import PEOPLE, Cells
from genlib.disclosure.keys import END, HEAD
from genlib.disclosure.model import Model
from genlib.disclosure.pattern import Pattern
from genlib.disclosure.system import System
from genlib.settings import Settings, publication

DATE = re.compile(r"\d{4}-(Q\d|\d{2}(-\d{2})?)")
CROWD = 5
"""The same people, if they are so many, are the same group wherever they stand; fewer may be so by chance, which nobody knows."""
PARTS = ("cells", "variables", "entries")


@dataclass(frozen=True)
class Past:
    """All that was published. `cells` that were shown: day, stems, people, figures, sketch. `variables`: page, name (0: nameless), value,
    low, shown, up, down (the moves that it needs), alone (in a report with lone respondents, whose view is not kept: what that hid stays
    hidden); `entries` of relations between them: relation, variable, sign."""

    cells: pl.DataFrame = field(default_factory=pl.DataFrame)
    variables: pl.DataFrame = field(default_factory=pl.DataFrame)
    entries: pl.DataFrame = field(default_factory=pl.DataFrame)


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
        if (made := publication()) is None:
            return None
        return replace(cls.of(configuration.load()), day=date.fromisoformat(made[0]), report=made[1], run=made[2])

    @staticmethod
    def called(day: date, slot: Path, run: str) -> str:
        """A publication as its kernel is told."""
        return f"{day} {slot.as_posix()} {run}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One publication at a time: between reading the past and adding to it nobody else does either."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(self.folder / ".lock", "w", opener=_private) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def past(self) -> Past:
        """All publications, the same one only once."""
        pages = {file.name.partition("_")[0]: file for file in sorted(self.folder.glob("*.parquet"), key=_run_of)}
        if not pages:
            return Past()
        read = pl.read_parquet(list(pages.values())).with_row_index("page")
        cells, variables, entries = (
            read.select("page", "day", part).explode(part, empty_as_null=False, keep_nulls=False).unnest(part) for part in PARTS
        )
        return Past(cells, variables, entries)

    def record(self, model: Model, cells: pl.DataFrame, pattern: Pattern) -> None:
        """Keep a publication: what `model` says of its own tables, and what `pattern` hides of them."""
        variables, entries = _structure(model, cells, pattern.system, pattern.seen()[: len(model.system.value)])
        shown = cells.filter(~pl.Series(pattern.hidden)[cells["cell"]]).drop("cell", "overlapping")
        content = pl.DataFrame({part: [frame.to_struct()] for part, frame in zip(PARTS, (shown, variables, entries), strict=True)})
        name = hashlib.sha256(_parquet(content)).hexdigest()[:24]
        with replacing(self.folder / f"{name}_{self.run}.parquet") as file:
            file.write(_parquet(content.with_columns(report=pl.lit(self.report), day=pl.lit(self.day))))

    def published(self, run: str) -> list[Path]:
        """The publications of a run."""
        return list(self.folder.glob(f"*_{glob.escape(run)}.parquet"))

    def forget(self, run: str, *, by: str = "") -> int:
        """Strike out what a run published and nobody was shown, and note `by` whom; the number of publications struck."""
        with self.locked():
            struck = self.published(run)
            if by:
                with open(self.folder / "forgotten.jsonl", "a", encoding="utf-8", opener=_private) as record:
                    print(json.dumps({"at": f"{datetime.now(UTC):%FT%TZ}", "user": by, "run": run, "struck": len(struck)}), file=record)
            for file in struck:
                file.unlink()
            return len(struck)


def cells_of(model: Model, tables: Mapping[str, Cells]) -> pl.DataFrame:
    """One row a cell of the report in the making: `cell`, the `stems` it goes by, people, figures, the sketch where the tables have one,
    and whether people stand in several cells of its table (`overlapping`)."""
    named = pl.Series("stems", [_stem(key) for key in model.keys["_key"]], pl.String)
    stems = model.keys.select("_cell", named).group_by("_cell").agg(pl.col("stems").unique().sort())
    figures = model.figures.sort("_cell", "measure").group_by("_cell").agg(pl.col("people").max(), figures=pl.struct("measure", "value"))
    sketched = [pl.DataFrame(schema={"_cell": pl.Int64, "sketch": pl.Binary})]
    for name, cells in tables.items():
        if cells.members is not None:
            on = [column for column in cells.dimensions if column in cells.members.columns]
            there = model.frames[name].select("_cell", *on, _=0).join(cells.members.with_columns(_=0), on=[*on, "_"], nulls_equal=True)
            sketched.append(there.select("_cell", "sketch").drop_nulls())
    known = pl.concat(sketched).unique("_cell")
    apart = [pl.Series(dtype=pl.Int64), *(model.frames[name]["_cell"] for name, cells in tables.items() if PEOPLE in cells.measures)]
    listed = stems.join(figures, on="_cell").join(known, on="_cell", how="left").sort("_cell").rename({"_cell": "cell"})
    return listed.with_columns(overlapping=~pl.col("cell").is_in(pl.concat(apart).implode()))


def named(model: Model, cells: pl.DataFrame) -> pl.DataFrame:
    """`variable` and `name` of each figure of the report: one name for the same figure of the same people, wherever it is published (of
    people who are not known: for the same figure of a cell that is called the same). Events of which each had one are people."""
    told = cells.select("sketch", stem=pl.col("stems").list.first(), _cell="cell")
    known = model.figures.join(told, on="_cell")
    counted = pl.when(pl.col("value") == pl.col("people")).then(pl.lit("people")).otherwise("measure")
    rows = known.select("sketch", "people", "stem", counted, "value").rows()
    return known.select("variable", "_cell", "measure", name=pl.Series([_name(*row) for row in rows], dtype=pl.UInt64))


def _name(sketch: bytes | None, people: int, stem: str, measure: str, value: int) -> int:
    who = sketch if sketch and people >= CROWD else (sketch or b"") + stem.encode()
    return int.from_bytes(hashlib.blake2b(who + f"\0{measure}\0{value}".encode(), digest_size=8).digest(), "little")


def _stem(key: str) -> str:
    """A key without the dates of its population; what that was narrowed to stands with the dimensions, as in a report that was not."""
    population, _, where = key.partition(HEAD)
    words = [word for word in population.split() if not DATE.fullmatch(word)]
    parts = {*where.split(END), *(word for word in words if "=" in word)} - {""}
    return " ".join(word for word in words if "=" not in word) + HEAD + END.join(sorted(parts))


def _structure(model: Model, cells: pl.DataFrame, protected: System, shown: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The figures, those that nobody is shown included, and what relates them."""
    system, size = model.system, len(model.system.value)
    moves, names = np.zeros((2, size), np.int64), np.zeros(size, np.uint64)
    everyones = (protected.need_scenario < 0) & (protected.need_variable < size)
    for way, sign in enumerate((1, -1)):
        np.maximum.at(moves[way], protected.need_variable[everyones], sign * protected.need_move[everyones])
    own = named(model, cells)
    names[own["variable"].to_numpy()] = own["name"].to_numpy()
    variables = {"name": names, "value": system.value, "low": system.low, "shown": shown, "up": moves[0], "down": moves[1]}
    variables["alone"] = np.full(size, len(system.alone_variable) > 0)
    return pl.DataFrame(variables), pl.DataFrame({"relation": system.relation, "variable": system.variable, "sign": system.sign})


def _parquet(frame: pl.DataFrame) -> bytes:
    content = BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _run_of(file: Path) -> str:
    return file.stem.partition("_")[2]
