"""What is published comes from Polars: of other engines' rows there are no sketches
(rows of Spark: `metrics/test_engines.py`)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest

import genlib
from genlib.disclosure import Cells, Dimension, Ledger, Protected, tabulate
from genlib.errors import Refused

ROWS = pl.DataFrame({"customer": range(6), "region": ["01"] * 6})
PEOPLE = ROWS.select(
    "customer", pseudonym=pl.format("ca1-{}", pl.col("customer").cast(pl.String).str.zfill(26))
)


def table(rows: Any, people: Any = PEOPLE) -> Cells:
    by = (Dimension("region"),)
    release = {"customer": people}
    return tabulate(rows, person="customer", by=by, population="p", release=release)


def publish(folder: Path, cells: Cells) -> Protected:
    return genlib.protect(ledger=Ledger(folder, date(2026, 11, 1), "run"), table=cells)


def test_rows_of_another_engine_are_not_published(tmp_path: Path) -> None:
    cells = table(nw.from_native(ROWS.to_arrow()))
    with pytest.raises(Refused, match="tables table were not counted by Polars") as error:
        publish(tmp_path, cells)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("*.parquet"))


def test_nor_are_polars_rows_of_people_on_another_engine(tmp_path: Path) -> None:
    """A metric may collect rows of Spark; whose they are is still on Spark."""
    with pytest.raises(Refused, match="open the release without spark="):
        publish(tmp_path, table(ROWS, PEOPLE.to_arrow()))


def test_rows_of_polars_are_published_with_their_sketches(tmp_path: Path) -> None:
    (page,) = publish(tmp_path, table(ROWS.lazy(), PEOPLE.lazy())).pages
    assert page.figures["sketch"].null_count() == 0


def test_who_works_on_his_own_may_use_any_engine() -> None:
    found = table(nw.from_native(ROWS.to_arrow()), PEOPLE.to_arrow())
    assert genlib.protect(table=found).table.frame["people"].to_list() == [6, 6]
