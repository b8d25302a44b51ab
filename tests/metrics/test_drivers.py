"""Drivers against R relaimpo."""

import polars as pl
import pytest

from genlib.metrics.drivers import shapley

SWISS = """\
80.2 17.0 15 12 9.96 22.2|83.1 45.1 6 9 84.84 22.2|92.5 39.7 5 5 93.40 20.2
85.8 36.5 12 7 33.77 20.3|76.9 43.5 17 15 5.16 20.6|76.1 35.3 9 7 90.57 26.6
83.8 70.2 16 7 92.85 23.6|92.4 67.8 14 8 97.16 24.9|82.4 53.3 12 7 97.67 21.0
82.9 45.2 16 13 91.38 24.4|87.1 64.5 14 6 98.61 24.5|64.1 62.0 21 12 8.52 16.5
66.9 67.5 14 7 2.27 19.1|68.9 60.7 19 12 4.43 22.7|61.7 69.3 22 5 2.82 18.7
68.3 72.6 18 2 24.20 21.2|71.7 34.0 17 8 3.30 20.0|55.7 19.4 26 28 12.11 20.2
54.3 15.2 31 20 2.15 10.8|65.1 73.0 19 9 2.84 20.0|65.5 59.8 22 10 5.23 18.0
65.0 55.1 14 3 4.52 22.4|56.6 50.9 22 12 15.14 16.7|57.4 54.1 20 6 4.20 15.3
72.5 71.2 12 1 2.40 21.0|74.2 58.1 14 8 5.23 23.8|72.0 63.5 6 3 2.56 18.0
60.5 60.8 16 10 7.72 16.3|58.3 26.8 25 19 18.46 20.9|65.4 49.5 15 8 6.10 22.5
75.5 85.9 3 2 99.71 15.1|69.3 84.9 7 6 99.68 19.8|77.3 89.7 5 2 100.00 18.3
70.5 78.2 12 6 98.96 19.4|79.4 64.9 7 3 98.22 20.2|65.0 75.9 9 9 99.06 17.8
92.2 84.6 3 3 99.46 16.3|79.3 63.1 13 13 96.83 18.1|70.4 38.4 26 12 5.62 20.3
65.7 7.7 29 11 13.79 20.5|72.7 16.7 22 13 11.22 18.9|64.4 17.6 35 32 16.92 23.0
77.6 37.6 15 7 4.97 20.0|67.6 18.7 25 7 8.65 19.5|35.0 1.2 37 53 42.34 18.0
44.7 46.6 16 29 50.43 18.2|42.8 27.7 22 29 58.33 19.3"""
"""R's data set swiss (public): Fertility and what may go with it, in 47 provinces, 1888."""


def test_shapley_of_swiss() -> None:
    names = ["Fertility", "Agriculture", "Examination", "Education", "Catholic", "Infant.Mortality"]
    rows = [
        [float(value) for value in row.split()]
        for line in SWISS.splitlines()
        for row in line.split("|")
    ]
    parts = shapley(pl.DataFrame(rows, schema=names, orient="row"), "Fertility", names[1:])
    published = {
        "Agriculture": 0.057091,
        "Examination": 0.171173,
        "Education": 0.260135,
        "Catholic": 0.105570,
        "Infant.Mortality": 0.112766,
    }
    assert published == pytest.approx(parts, abs=5e-7)
    assert sum(parts.values()) == pytest.approx(0.706735, abs=5e-7)


SMALL = pl.DataFrame({"y": [1, 2, 3, 4, 5, 6], "a": [1, 2, 3, 4, 6, 5], "same": [4] * 6})


@pytest.mark.parametrize(
    "frame",
    [
        SMALL.with_columns(y=pl.lit(9)),
        SMALL.head(3),
        SMALL.head(1),
        SMALL.clear(),
        SMALL.with_columns(y=pl.lit(None, pl.Int64)),
    ],
    ids=["all answers equal", "no more rows than drivers and one", "one row", "none", "gaps"],
)
def test_shapley_tells_nothing_where_there_is_nothing_to_explain(frame: pl.DataFrame) -> None:
    assert shapley(frame.with_columns(b=pl.col("a") ** 2), "y", ["a", "b"]) == {}


def test_shapley_of_a_constant_driver_is_none() -> None:
    parts = shapley(SMALL, "y", ["a", "same"])
    assert parts == {"a": pytest.approx(0.88898, abs=5e-6), "same": 0.0}


def test_shapley_of_two_equal_drivers_is_half_each() -> None:
    parts = shapley(SMALL.with_columns(b="a"), "y", ["a", "b"])
    assert parts["a"] == pytest.approx(parts["b"])


def test_shapley_leaves_out_rows_with_a_gap() -> None:
    gap = pl.DataFrame({"y": [9], "a": [None], "same": [4]}, schema=SMALL.schema)
    assert shapley(SMALL.vstack(gap), "y", ["a"]) == shapley(SMALL, "y", ["a"])
