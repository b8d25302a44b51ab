"""What is published comes from Polars: of other engines' rows there are no sketches."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl
import pytest

from genlib.disclosure.cells import Cells, Dimension
from genlib.disclosure.counting import tabulate
from genlib.errors import Refused
from genlib.settings import PUBLICATION

ROWS = pl.DataFrame({"customer": range(6), "region": ["01"] * 6})
PEOPLE = ROWS.select("customer", pseudonym=pl.format("ca1-{}", pl.col("customer")))


def table(rows: Any, people: Any = PEOPLE) -> Cells:
    by = (Dimension("region"),)
    release = {"customer": people}
    return tabulate(rows, person="customer", by=by, population="p", release=release)


@pytest.fixture
def publishing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PUBLICATION, "2026-11-01 report/2026-10/fi run")


@pytest.mark.usefixtures("publishing")
def test_rows_of_another_engine_are_not_published() -> None:
    with pytest.raises(Refused, match="rows of pyarrow cannot be compared") as error:
        table(nw.from_native(ROWS.to_arrow()))
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("publishing")
def test_nor_are_polars_rows_of_people_on_another_engine() -> None:
    """A metric may collect rows of Spark; whose they are is still on Spark."""
    with pytest.raises(Refused, match="open the release without spark="):
        table(ROWS, PEOPLE.to_arrow())


@pytest.mark.usefixtures("publishing")
def test_rows_of_polars_are_published_with_their_sketches() -> None:
    assert table(ROWS.lazy(), PEOPLE.lazy()).members is not None


def test_who_works_on_his_own_may_use_any_engine() -> None:
    found = table(nw.from_native(ROWS.to_arrow()), PEOPLE.to_arrow())
    assert found.frame["people"].to_list() == [6, 6]


@pytest.mark.spark
@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("publishing")
def test_rows_of_spark_are_not_published(spark: Any, tmp_path: Any) -> None:
    ROWS.write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(Refused, match="rows of pyspark cannot be compared"):
        table(spark.read.parquet(str(tmp_path / "rows.parquet")))
