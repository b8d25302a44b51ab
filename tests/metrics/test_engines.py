"""The same metrics on Spark: what Polars counts, Spark counts, of the same release, wherever the
session and the machine say that they are. Whatever needs Spark stands here, for Java starts slowly
and a file's tests share one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from every_metric import find_metrics
from messages import figured
from polars.testing import assert_frame_equal

import genlib
from genlib.disclosure import Dimension, Ledger, tabulate
from genlib.disclosure.cells import Cells
from genlib.errors import Refused
from genlib.metrics import customers, rows
from genlib.period import Period
from genlib.release import Release, open_release
from genlib.settings import load
from genlib.synthetic import Truth

OCTOBER = Period.parse("2026-10")
QUARTER = Period.parse("2026-Q3")
PARTS: tuple[dict[str, Any], ...] = ({}, {"kind": "consumer"})
CAMPAIGNS: tuple[dict[str, Any], ...] = ({}, {"campaign": "2026-10-SUODATIN"})
VARIANTS: dict[str, tuple[dict[str, Any], ...]] = {
    "growth": ({}, {"period": QUARTER}),
    "by_region": ({}, {"region": "06"}),
    "billing": (*PARTS, {"period": QUARTER}),
    "rfm": PARTS,
    "waves": PARTS,
    "nps_by": tuple(
        {"by": by} for by in ("age_band", "region", "language", "kind", "channel", "complained")
    ),
    "group_tables": ({"by": {"ages": "age_band", "upset": "complained", "channels": "channel"}},),
    "funnel": CAMPAIGNS,
    "outcomes": tuple(
        {"what": what, "by": by}
        for what in ("responded", "bought", "opted out")
        for by in ("channel", "campaign")
    ),
    "uplift_by_campaign": CAMPAIGNS,
    "timeline": (*CAMPAIGNS, {"period": QUARTER}),
    "lawfulness": (*CAMPAIGNS, {"period": QUARTER}),
    "lawfulness_by": ({"what": "channel"}, {"what": "campaign"}),
    "reasons": CAMPAIGNS,
    "dose": ({"what": "responded"}, {"what": "opted out"}),
    "reach_reasons": ({"kind": "DM"}, {"kind": "SAT"}),
}
"""How a metric is run that needs parameters, or that counts otherwise with some; all others are run
without."""

QUICK = ("growth", "topics", "timeline")
"""Run every time, without parameters; all others with the slow tests."""


@dataclass(frozen=True)
class Run:
    """One call of a metric."""

    purpose: str
    metric: Callable[..., Any]
    given: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        said = [f"{name}={value}" for name, value in self.given.items()]
        return " ".join([self.metric.__name__, *said])

    @property
    def is_quick(self) -> bool:
        return self.metric.__name__ in QUICK and not self.given

    def frames(self, release: Release) -> dict[str, pl.DataFrame]:
        """Its tables with their figures, as if nothing were hidden."""
        given = {"period": OCTOBER} | self.given
        period = given.pop("period")
        found = self.metric(release, period, **given)
        cells = {"": found} if isinstance(found, Cells) else found
        return {name: figured(one) for name, one in cells.items()}


def runs() -> list[Run]:
    return [
        Run(purpose, metric, given)
        for purpose, metric in sorted(find_metrics(), key=lambda each: (each[0], each[1].__name__))
        for given in VARIANTS.get(metric.__name__, ({},))
    ]


def marked(run: Run) -> Any:
    marks = [] if run.is_quick else [pytest.mark.slow]
    return pytest.param(run, id=str(run), marks=marks)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on the other side of the date line."""
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.spark
@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("run", [marked(run) for run in runs()])
def test_spark_counts_the_same(
    run: Run, planted: tuple[Callable[[str], Release], Truth], spark: Any
) -> None:
    release = planted[0](run.purpose)
    expected = run.frames(release)
    found = run.frames(Release(release.path, release.manifest, spark))
    assert expected.keys() == found.keys()
    for name, frame in expected.items():
        assert frame.height > 0
        assert_frame_equal(frame, found[name])


def test_every_metric_is_run_on_both_engines() -> None:
    names = {run.metric.__name__ for run in runs()}
    assert names >= VARIANTS.keys()
    assert len(names) >= 29
    quick = [str(run) for run in runs() if run.is_quick]
    assert sorted(quick) == sorted(QUICK)


@pytest.mark.spark
@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("elsewhere")
def test_the_session_is_elsewhere(spark: Any) -> None:
    """Else the tests here would prove nothing."""
    assert spark.conf.get("spark.sql.session.timeZone") == "America/St_Johns"
    assert time.strftime("%z", time.localtime(0)) == "+1200"
    assert "TZ" in os.environ


def test_days_are_counted_by_the_calendar() -> None:
    days = [
        date(1969, 12, 31),
        date(1970, 1, 1),
        date(2000, 2, 29),
        date(2100, 3, 1),
        date(2026, 10, 31),
    ]
    found = rows.collect(rows.lazy(pl.DataFrame({"day": days})).select(n=rows.day_number("day")))
    assert found["n"].to_list() == [day.toordinal() - date(1970, 1, 1).toordinal() for day in days]


def test_bands_take_their_lower_end() -> None:
    values = rows.lazy(pl.DataFrame({"n": [0, 1, 4, 5, 9]}))
    found = rows.collect(
        values.select(band=rows.banded(rows.nw.col("n"), {"5+": 5, "1-4": 1, "0": 0}))
    )
    assert found["band"].to_list() == ["0", "1-4", "1-4", "5+", "5+"]


NIGHT = datetime(2026, 10, 25, 0, 59, 58, tzinfo=UTC)
"""Just before the clocks of Finland go back by an hour; those of Newfoundland do a week later."""
PAIRS = [
    (NIGHT, NIGHT + timedelta(seconds=5), True),
    (NIGHT, NIGHT + timedelta(seconds=6), False),
    (NIGHT, NIGHT + timedelta(hours=1), False),
    (NIGHT + timedelta(days=7, hours=3, minutes=30), NIGHT + timedelta(days=7, hours=4), False),
    (NIGHT, None, False),
    (None, NIGHT, False),
]


def instants() -> pl.DataFrame:
    schema = {"earlier": pl.Datetime("us", "UTC"), "later": pl.Datetime("us", "UTC")}
    return pl.DataFrame([pair[:2] for pair in PAIRS], schema=schema, orient="row").with_row_index()


def soon(frame: Any) -> list[bool]:
    told = rows.lazy(frame).select("index", is_soon=rows.at_once("later", "earlier", 5))
    found: list[bool] = rows.collect(told).sort("index")["is_soon"].to_list()
    return found


def test_seconds_between_two_instants_do_not_know_of_clocks() -> None:
    assert soon(instants()) == [expected for _, _, expected in PAIRS]


@pytest.mark.spark
@pytest.mark.filterwarnings("default")
def test_nor_do_they_on_spark(spark: Any, tmp_path: Any) -> None:
    instants().write_parquet(tmp_path / "instants.parquet")
    frame = spark.read.parquet(str(tmp_path / "instants.parquet"))
    assert soon(frame) == [expected for _, _, expected in PAIRS]


@pytest.mark.spark
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("make", [customers.growth, customers.billing])
def test_spark_counts_the_same_days_of_an_unfinished_year(
    make: Callable[..., Cells], planted: tuple[Callable[[str], Release], Truth], spark: Any
) -> None:
    release = planted[0]("customer_analysis")
    year = Period.parse("2026").so_far(date(2026, 9, 14))
    found = make(Release(release.path, release.manifest, spark), year).frame
    assert_frame_equal(make(release, year).frame, found)


@pytest.mark.spark
@pytest.mark.filterwarnings("default")
def test_a_release_is_opened_on_spark(
    planted: tuple[Callable[[str], Release], Truth], spark: Any, tmp_path: Path
) -> None:
    release = planted[0]("customer_analysis")
    places = replace(load(tmp_path, {}), home=tmp_path, releases=release.path.parents[1])
    frame = open_release("customer_analysis", spark=spark, settings=places)["profile"]
    expected = rows.collect(rows.lazy(release["profile"]))["customer"].sort().to_list()
    assert len(expected) > 1000
    assert sorted(row.customer for row in frame.select("customer").collect()) == expected


@pytest.mark.spark
@pytest.mark.filterwarnings("default")
def test_rows_of_spark_are_not_published(spark: Any, tmp_path: Path) -> None:
    """Of other engines' rows there are no sketches."""
    people = pl.DataFrame({"customer": range(6), "region": ["01"] * 6})
    digits = pl.col("customer").cast(pl.String).str.zfill(26)
    named = people.select("customer", pseudonym=pl.format("ca1-{}", digits))
    people.write_parquet(tmp_path / "rows.parquet")
    table = tabulate(
        spark.read.parquet(str(tmp_path / "rows.parquet")),
        person="customer",
        by=(Dimension("region"),),
        population="p",
        release={"customer": named},
    )
    with pytest.raises(Refused, match="open the release without spark="):
        genlib.protect(ledger=Ledger(tmp_path, date(2026, 11, 1), "run"), table=table)
