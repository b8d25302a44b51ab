"""The CDNOW sample (Fader, Hardie and Lee): what everyone in the field gets from it."""

from dataclasses import astuple
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from genlib.errors import BadInput, UsageError
from genlib.metrics import models
from genlib.metrics.customers import fit_bg_nbd, fit_gamma_gamma, purchase_summary
from genlib.metrics.models import BgNbd, GammaGamma

PUBLISHED = BgNbd(0.243, 4.414, 0.793, 2.426, -9582.4)


@pytest.fixture(scope="module")
def purchases() -> pl.DataFrame:
    rows = [line.split() for line in _sample().read_text().splitlines()]
    frame = pl.DataFrame(rows, schema=["master", "customer", "date", "cds", "amount"], orient="row")
    return frame.select(
        "customer", pl.col("date").str.to_date("%Y%m%d"), pl.col("amount").cast(pl.Float64)
    )


def _sample() -> Path:
    from importlib.util import find_spec

    spec = find_spec("lifetimes")
    if spec is None or spec.origin is None:
        pytest.skip("the CDNOW sample is inside the package lifetimes")
    return Path(spec.origin).parent / "datasets" / "CDNOW_sample.txt"


@pytest.fixture(scope="module")
def summary(purchases: pl.DataFrame) -> pl.DataFrame:
    return purchase_summary(
        purchases, customer="customer", date="date", amount="amount", as_of=date(1997, 9, 30)
    )


def test_purchases_of_one_day_are_one(purchases: pl.DataFrame) -> None:
    everything = purchase_summary(
        purchases, customer="customer", date="date", amount="amount", as_of="1998-06-30"
    )
    assert ((everything["frequency"] + 1).sum(), everything.height) == (6696, 2357)


def test_repeat_purchases(summary: pl.DataFrame) -> None:
    counts = (
        summary.group_by(pl.col("frequency").clip(0, 7)).len().sort("frequency")["len"].to_list()
    )
    assert (summary["frequency"].sum(), counts) == (2457, [1411, 439, 214, 100, 62, 38, 29, 64])


def test_mean_repeat_value(summary: pl.DataFrame) -> None:
    """The published figure is the mean of values rounded to cents."""
    values = summary["monetary"].drop_nulls()
    assert (946, pytest.approx(35.0786, abs=1e-3)) == (len(values), values.mean())


def test_repeat_days_of_the_next_39_weeks(purchases: pl.DataFrame, summary: pl.DataFrame) -> None:
    everything = purchase_summary(
        purchases, customer="customer", date="date", amount="amount", as_of=date(1998, 6, 30)
    )
    assert everything["frequency"].sum() - summary["frequency"].sum() == 1882


def test_bg_nbd(summary: pl.DataFrame) -> None:
    found = fit_bg_nbd(summary)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx(
        (0.243, 4.414, 0.793, 2.426), abs=6e-4
    )
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_gamma_gamma(summary: pl.DataFrame) -> None:
    found = fit_gamma_gamma(summary)
    assert (found.p, found.q, found.gamma) == pytest.approx((6.25, 3.74, 15.44), abs=6e-3)
    assert found.log_likelihood == pytest.approx(-4055.92, abs=5e-3)


def test_gamma_gamma_does_not_care_for_the_unit_of_money(summary: pl.DataFrame) -> None:
    euros, cents = (
        fit_gamma_gamma(summary),
        fit_gamma_gamma(summary.with_columns(pl.col("monetary") * 100)),
    )
    assert (cents.p, cents.gamma / 100) == pytest.approx((euros.p, euros.gamma), rel=1e-3)


def test_bg_nbd_does_not_care_for_the_unit_of_time(purchases: pl.DataFrame) -> None:
    """In days times are whole numbers, and equal histories are equal to the last bit."""
    columns = {"customer": "customer", "date": "date", "amount": "amount"}
    days, weeks = (
        fit_bg_nbd(purchase_summary(purchases, **columns, as_of=date(1997, 9, 30), unit=unit))
        for unit in ("day", "week")
    )
    assert (days.r, days.alpha / 7, days.a, days.b) == pytest.approx(
        (weeks.r, weeks.alpha, weeks.a, weeks.b), rel=1e-3
    )


def test_a_history_in_days_is_whole_numbers(purchases: pl.DataFrame) -> None:
    columns = {"customer": "customer", "date": "date", "amount": "amount"}
    found = purchase_summary(purchases, **columns, as_of=date(1997, 9, 30), unit="day")
    for column in ("recency", "T"):
        assert (found[column] == found[column].round()).all()


def test_expected_purchases(summary: pl.DataFrame) -> None:
    found = fit_bg_nbd(summary)
    assert found.expected_purchases(52) == pytest.approx(1.444, abs=5e-4)
    assert found.expected_purchases(52, 26, 30.86, 31) == pytest.approx(25.757, abs=5e-3)
    assert found.expected_purchases(39, 2, 30.43, 38.86) == pytest.approx(1.226, abs=5e-4)


def test_probability_alive() -> None:
    assert PUBLISHED.probability_alive(26, 30.86, 31) == pytest.approx(0.9689, abs=5e-5)


def test_whoever_never_came_back_is_alive_by_this_model() -> None:
    assert PUBLISHED.probability_alive([0, 0], [0, 0], [10, 30]).tolist() == [1, 1]


def test_expected_value_lies_between_own_and_common() -> None:
    model = GammaGamma(6.25, 3.74, 15.44, 0)
    common = model.expected_value(0, 0)
    assert common == pytest.approx(15.44 * 6.25 / 2.74)
    assert common < model.expected_value(2, 100) < 100


def test_nobody_who_came_back_is_an_error_without_a_value() -> None:
    empty = pl.DataFrame(
        {"frequency": [], "recency": [], "T": [], "monetary": []},
        schema_overrides=dict.fromkeys(("frequency",), pl.Int64),
    )
    with pytest.raises(BadInput, match="nobody bought again"):
        fit_gamma_gamma(empty)


@pytest.mark.parametrize(
    "dates",
    [
        pl.Series("on", [datetime(2026, 9, 30, 21, 5, tzinfo=UTC)]),
        pl.Series("on", [datetime(2026, 9, 30, 21, 5)]),
        pl.Series("on", ["2026-10-01"]),
    ],
)
def test_purchases_that_are_not_dated_by_days_are_refused(dates: pl.Series) -> None:
    """The day of an instant depends on where one stands, and nobody said where."""
    bought = pl.DataFrame({"who": ["a"], "on": dates, "cents": [100]})
    with pytest.raises(UsageError, match="purchases are dated by days, and the column") as error:
        purchase_summary(bought, customer="who", date="on", amount="cents", as_of="2026-10-31")
    assert "\n" not in str(error.value)


def test_a_summary_by_hand() -> None:
    bought = pl.DataFrame(
        {
            "who": ["a", "a", "a", "b", "b"],
            "on": [
                date(2026, 1, 1),
                date(2026, 1, 8),
                date(2026, 1, 8),
                date(2026, 1, 2),
                date(2026, 2, 1),
            ],
            "cents": [100, 10, 20, 5, 7],
        }
    )
    found = purchase_summary(
        bought, customer="who", date="on", amount="cents", as_of="2026-01-15"
    ).sort("customer")
    expected = pl.DataFrame(
        {
            "customer": ["a", "b"],
            "frequency": [1, 0],
            "recency": [1.0, 0.0],
            "T": [2.0, 13 / 7],
            "monetary": [30.0, None],
        }
    )
    assert_frame_equal(expected, found)


def test_lazy_in_lazy_out() -> None:
    bought = pl.LazyFrame({"who": [1], "on": [date(2026, 1, 1)], "cents": [100]})
    assert isinstance(
        purchase_summary(bought, customer="who", date="on", amount="cents", as_of="2026-01-15"),
        pl.LazyFrame,
    )


def test_an_unknown_unit_is_an_error() -> None:
    with pytest.raises(UsageError, match="day, week, year"):
        purchase_summary(
            pl.DataFrame(),
            customer="who",
            date="on",
            amount="cents",
            as_of="2026-01-15",
            unit="fortnight",
        )


def draw_many(count: int) -> pl.DataFrame:
    draw = np.random.default_rng(1)
    horizon = draw.integers(300, 1_500, count)
    dropout = draw.beta(1.2, 3, count)
    lifetime = np.minimum(draw.exponential(400 / dropout), horizon)
    frequency = draw.poisson(draw.gamma(1.0, 1 / 200, count) * lifetime)
    recency = np.where(frequency > 0, np.ceil(lifetime * draw.beta(6, 1, count)), 0)
    return pl.DataFrame({"frequency": frequency, "recency": recency, "T": horizon})


@pytest.mark.parametrize("options", [{}, {"maxiter": 1}])
def test_of_many_histories_a_part_leads_to_the_same_model(
    options: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or none does: a search that ends before the optimum is begun anew among all."""
    many = draw_many(90_000)
    assert many.n_unique() > 2 * models.MANY
    search = models._minimise
    monkeypatch.setattr(models, "_minimise", partial(search, **options))
    quick = fit_bg_nbd(many)
    monkeypatch.setattr(models, "MANY", many.height)
    assert astuple(quick) == pytest.approx(astuple(fit_bg_nbd(many)), rel=1e-4)
