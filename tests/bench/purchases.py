"""the purchase summary (frequency, recency, T, mean repeat value), against lifetimes and the same
in SQL

lifetimes runs with our pandas and, in a Python of its own, with pandas 2; on dates as they come
from Parquet and as text, the way its examples read them. The floor is the one pass that any summary
needs: first, last, number and sum by customer, without days being one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import goals
import numpy as np
import polars as pl

REPEATS = 3
PURCHASES = {"tiny": 5_000, "small": 1_000_000, "large": 20_000_000}
AS_OF = date(2026, 10, 31)

SQL = """
WITH day AS (SELECT customer, date, sum(amount) AS amount FROM purchases GROUP BY ALL),
     marked AS (SELECT *, min(date) OVER (PARTITION BY customer) AS first FROM day)
SELECT customer, count(*) - 1 AS frequency, date_diff('day', first, max(date)) / 7.0 AS recency,
       date_diff('day', first, DATE '2026-10-31') / 7.0 AS T,
       avg(amount) FILTER (date > first) AS monetary
FROM marked GROUP BY customer, first
"""


def prepare(folder: Path, size: str) -> None:
    rng, rows = np.random.default_rng(1), PURCHASES[size]
    days = pl.Series((20_000 + rng.integers(0, 700, rows)).astype(np.int32)).cast(pl.Date)
    frame = pl.DataFrame(
        {
            "customer": rng.integers(1, rows // 5, rows),
            "date": days,
            "amount": rng.integers(500, 90_000, rows),
        }
    )
    frame.write_parquet(folder / "purchases.parquet")


def _answer(frame: pl.DataFrame) -> dict:
    return {
        "customers": frame.height,
        "frequency": int(frame["frequency"].sum()),
        "recency": round(float(frame["recency"].sum()), 0),
    }


def genlib(folder: Path, size: str) -> Callable[[], dict]:
    from genlib.metrics.customers import purchase_summary

    rows = pl.read_parquet(folder / "purchases.parquet")
    return lambda: _answer(
        purchase_summary(rows, customer="customer", date="date", amount="amount", as_of=AS_OF)
    )


def duckdb(folder: Path, size: str) -> Callable[[], dict]:
    import duckdb as library

    connection = library.connect()
    connection.execute(f"CREATE TABLE purchases AS FROM '{folder}/purchases.parquet'")
    return lambda: _answer(pl.from_arrow(connection.execute(SQL).to_arrow_table()))


def floor(folder: Path, size: str) -> Callable[[], dict]:
    rows, day, amount = (
        pl.read_parquet(folder / "purchases.parquet"),
        pl.col("date"),
        pl.col("amount"),
    )

    def work() -> dict:
        one = rows.lazy().filter(day <= AS_OF).group_by("customer")
        made = one.agg(first=day.min(), last=day.max(), number=pl.len(), all=amount.sum()).collect()
        return {"note": f"{made.height:,} customers"}

    return work


def lifetimes(folder: Path, size: str, *, text: bool = False) -> Callable[[], dict]:
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data

    rows = pd.read_parquet(folder / "purchases.parquet")
    rows = rows.assign(date=rows["date"].astype(str)) if text else rows

    def work() -> dict:
        made = summary_data_from_transaction_data(
            rows,
            "customer",
            "date",
            monetary_value_col="amount",
            observation_period_end=AS_OF.isoformat(),
            freq="D",
            freq_multiplier=7,
        )
        return _answer(pl.from_pandas(made.reset_index())) | {"note": f"pandas {pd.__version__}"}

    return work


OURS, OLDER = "lifetimes", "lifetimes, older pandas"
SIDES = {
    "genlib": genlib,
    "DuckDB SQL": duckdb,
    OURS: lifetimes,
    f"{OURS}, dates as text": partial(lifetimes, text=True),
    OLDER: lifetimes,
    f"{OLDER}, dates as text": partial(lifetimes, text=True),
    "floor: one group-by in Polars": floor,
}
PEERS = (OLDER, f"{OLDER}, dates as text")
GOALS = {
    "DuckDB SQL": goals.level(1.2),
    OURS: goals.slower(30),
    f"{OLDER}, dates as text": goals.slower(30),
}
