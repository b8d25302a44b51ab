"""The ledger: what reports have published so far, so that nothing can be subtracted from it.

One private file (0600) per publication, beside the releases and never in the catalogue of reports:
the figures, shown or not, the sketch of who has a part in each, and the relations between them. It
holds no more than the releases do.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from genlib import settings as configuration
from genlib.atomic import replacing
from genlib.disclosure.figures import PLACE
from genlib.disclosure.model import Model
from genlib.disclosure.pattern import Pattern
from genlib.disclosure.sketch import SIZE
from genlib.disclosure.ties import Ties
from genlib.private import OWNER, check_no_link, make_folder, open_lock
from genlib.settings import Settings, publication

TOLD = ("cell", "measure", "kind", "people", "first", "second", "heads", "adds", "sketch", "places")
"""What is kept of a figure beside its number; null for an unknown that no table shows."""
VARIABLE: dict[str, pl.DataType | type[pl.DataType]] = {
    "page": pl.UInt32,
    "day": pl.Date,
    "name": pl.UInt64,
    "value": pl.Int64,
    "low": pl.Int64,
    "up": pl.Int64,
    "down": pl.Int64,
    "shown": pl.Boolean,
    "alone": pl.Boolean,
    "cell": pl.Int64,
    "measure": pl.String,
    "kind": pl.String,
    "people": pl.Int64,
    "first": pl.Int64,
    "second": pl.Int64,
    "heads": pl.Boolean,
    "adds": pl.Boolean,
    "sketch": pl.Binary,
    "places": pl.List(PLACE),
}
ENTRY: dict[str, type[pl.DataType]] = {
    "page": pl.UInt32,
    "relation": pl.Int64,
    "variable": pl.Int64,
    "sign": pl.Int64,
}


@dataclass(frozen=True)
class Past:
    """All that was published. `variables`: page, day, name (0: nameless), value, low, up and down
    (the moves that it needs), whether it is `shown` or follows; alone (in a report with lone
    respondents, whose view is not kept: what that hid stays hidden); of figures what `figures_of`
    tells. `entries` of relations between them: page, relation, variable, sign."""

    variables: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=VARIABLE))
    entries: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ENTRY))

    @property
    def figures(self) -> pl.DataFrame:
        """What stands in tables, hidden figures included."""
        return self.variables.filter(pl.col("measure").is_not_null())


@dataclass(frozen=True)
class Ledger:
    """The publications in `folder`, and the one in the making: its report, the day it is shown, and
    the run that makes it."""

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
        return replace(
            cls.of(configuration.load()),
            day=date.fromisoformat(made[0]),
            report=made[1],
            run=made[2],
        )

    @staticmethod
    def called(day: date, slot: Path, run: str) -> str:
        """A publication as its kernel is told."""
        return f"{day} {slot.as_posix()} {run}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One publication at a time: between reading the past and adding to it nobody else does
        either."""
        make_folder(self.folder)
        with open_lock(self.folder / ".lock") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def past(self) -> Past:
        """All publications, the same one only once."""
        pages = {
            file.name.partition("_")[0]: file
            for file in sorted(self.folder.glob("*.parquet"), key=_run_of)
        }
        if not pages:
            return Past()
        read = pl.read_parquet(list(pages.values())).with_row_index("page")
        variables, entries = (
            read.select("page", "day", part)
            .explode(part, empty_as_null=False, keep_nulls=False)
            .unnest(part)
            for part in ("variables", "entries")
        )
        readable = pl.when(pl.col("sketch").bin.size() == SIZE).then(
            "sketch"
        )  # a version that drew others knew other people
        return Past(
            variables.select(VARIABLE.keys()).with_columns(readable.alias("sketch")),
            entries.select(ENTRY.keys()),
        )

    def record(self, model: Model, own: pl.DataFrame, ties: Ties, pattern: Pattern) -> None:
        """Keep a publication: what `model` says of its own tables, what ties its figures to others,
        and what `pattern` hides of them."""
        variables, entries = _page(model, own, ties, pattern)
        content = pl.DataFrame(
            {"variables": [variables.to_struct()], "entries": [entries.to_struct()]}
        )
        name = hashlib.sha256(_parquet(content)).hexdigest()[:24]
        with replacing(self.folder / f"{name}_{self.run}.parquet") as file:
            file.write(
                _parquet(content.with_columns(report=pl.lit(self.report), day=pl.lit(self.day)))
            )

    def published(self, run: str) -> list[Path]:
        """The publications of a run."""
        return list(self.folder.glob(f"*_{glob.escape(run)}.parquet"))

    def forget(self, run: str, *, by: str = "") -> int:
        """Strike out what a run published and nobody was shown, and note `by` whom; the number of
        publications struck."""
        with self.locked():
            struck = self.published(run)
            if by:
                forgotten = self.folder / "forgotten.jsonl"
                check_no_link(forgotten)
                with open(forgotten, "a", encoding="utf-8", opener=_private) as record:
                    print(
                        json.dumps(
                            {
                                "at": f"{datetime.now(UTC):%FT%TZ}",
                                "user": by,
                                "run": run,
                                "struck": len(struck),
                            }
                        ),
                        file=record,
                    )
            for file in struck:
                file.unlink()
            return len(struck)


def _page(
    model: Model, own: pl.DataFrame, ties: Ties, pattern: Pattern
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The figures, those that nobody is shown included, and what relates them; first those of the
    report, then those tied to them."""
    system = model.system
    size = len(model.system.value)
    moves = np.zeros((2, size), np.int64)
    protected = pattern.system
    everyones = (protected.need_scenario < 0) & (protected.need_variable < size)
    for way, sign in enumerate((1, -1)):
        np.maximum.at(
            moves[way], protected.need_variable[everyones], sign * protected.need_move[everyones]
        )
    numbers = {
        "variable": np.arange(size),
        "value": system.value,
        "low": system.low,
        "up": moves[0],
        "down": moves[1],
    }
    seen = pl.Series(pattern.seen()[:size])
    alone = pl.lit(len(system.alone_variable) > 0)
    ours = pl.DataFrame(numbers).join(
        own.select("variable", "name", *TOLD), on="variable", how="left", maintain_order="left"
    )
    ours = ours.with_columns(pl.col("name").fill_null(0), shown=seen, alone=alone)
    tied = ties.variables().select(
        "name", "value", "low", "up", "down", shown=pl.lit(False), alone=pl.lit(False)
    )
    entries = pl.DataFrame(
        {"relation": system.relation, "variable": system.variable, "sign": system.sign}
    )
    more = ties.entries().with_columns(
        pl.col("relation") + system.relations, pl.col("variable") + size
    )
    return pl.concat([ours.drop("variable"), tied], how="diagonal"), pl.concat([entries, more])


def _parquet(frame: pl.DataFrame) -> bytes:
    content = BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, OWNER.file)


def _run_of(file: Path) -> str:
    return file.stem.partition("_")[2]
