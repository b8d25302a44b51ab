"""Data that nobody here made goes the whole way - CSV, register, release, report - and arrives with
its published figures.

CDNOW: 6,919 purchases of 2,357 customers (Fader and Hardie; ships inside the package lifetimes).
Bank marketing: 4,521 customers of real telephone campaigns (Moro, Rita and Cortez 2014).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest
from workbench import ROOT, Bench

from genlib.metrics import customers
from genlib.release import Release, open_release
from genlib.settings import load

SOURCE = pl.lit("SERVICE_USE").alias("source")
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def people(ids: pl.DataFrame, joined: pl.Expr, birth_year: pl.Expr) -> pl.DataFrame:
    """The customer table of people of whom only an id is known."""
    return ids.select(
        "id",
        kind=pl.lit("consumer"),
        birth_year=birth_year,
        joined_on=joined,
        non_disclosure=False,
        source=pl.lit("SERVICE_USE"),
        updated_at=pl.lit("2026-01-01T00:00:00Z"),
    )


def cdnow(folder: Path) -> None:
    sample = (
        Path(find_spec("lifetimes").submodule_search_locations[0]) / "datasets/CDNOW_sample.txt"
    )
    text = pl.read_csv(
        sample, has_header=False, new_columns=["line"], separator="\t", quote_char=None
    )
    parts = text.select(
        pl.col("line")
        .str.extract_all(r"\S+")
        .list.to_struct(fields=["master", "id", "day", "discs", "dollars"])
    ).unnest("line")
    bought = parts.select(
        customer_id=pl.col("id").cast(pl.Int64),
        issued_on=pl.col("day").str.to_date("%Y%m%d"),
        amount_cents=(pl.col("dollars").cast(pl.Float64) * 100).round().cast(pl.Int64),
    )
    first = bought.group_by(id="customer_id").agg(first=pl.col("issued_on").min()).sort("id")
    people(first, pl.col("first"), pl.lit(None, pl.Int64)).write_csv(folder / "customer.csv")
    due = pl.col("issued_on").alias("due_on")
    invoices = bought.with_row_index("id", 1).with_columns(
        due, due.alias("paid_on"), SOURCE, product_line=pl.lit("device")
    )
    invoices.write_csv(folder / "invoice.csv")


def bank(folder: Path) -> None:
    rows = pl.read_csv(
        ROOT / "data/reference/uci_bank_marketing.csv", separator=";"
    ).with_row_index("id", 1)
    people(rows, pl.lit(dt.date(2009, 1, 1)), 2010 - pl.col("age")).write_csv(
        folder / "customer.csv"
    )
    campaign = {
        "id": [1],
        "code": ["term-deposit"],
        "name": ["Määräaikaistalletus"],
        "kind": ["DM"],
        "holdout_share": [0.0],
        "cost_cents": [0],
    }
    dates = (pl.lit("2010-01-01").alias("starts_on"), pl.lit("2010-12-31").alias("ends_on"))
    pl.DataFrame(campaign).with_columns(dates).write_csv(folder / "campaign.csv")
    month = pl.col("month").replace_strict(MONTHS, list(range(1, 13)), return_dtype=pl.Int32)
    called = pl.datetime(2010, month, pl.col("day"), 10, time_zone="UTC").dt.strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
    contacts = rows.select(
        "id",
        SOURCE,
        campaign_id=1,
        customer_id=pl.col("id"),
        arm=pl.lit("contacted"),
        channel=pl.lit("call"),
        sent_at=called,
        delivered_at=called,
        responded_at=pl.when(pl.col("y") == "yes").then(called),
        bounced=False,
    )
    contacts.write_csv(folder / "campaign_contact.csv")


def published(bench: Bench, purpose: str, monkeypatch: pytest.MonkeyPatch) -> Release:
    for name, value in bench.environment.items():
        monkeypatch.setenv(name, value)
    return open_release(purpose, settings=load())


@pytest.fixture(scope="module")
def shop(make_bench: Callable[[str], Bench]) -> Bench:
    bench = make_bench("cdnow")
    (bench.home / "input").mkdir()
    cdnow(bench.home / "input")
    bench.run("register", "load", bench.home / "input")
    bench.run("publish", "customer_analysis")
    return bench


@pytest.fixture(scope="module")
def caller(make_bench: Callable[[str], Bench]) -> Bench:
    bench = make_bench("bank")
    (bench.home / "input").mkdir()
    bank(bench.home / "input")
    bench.run("register", "load", bench.home / "input")
    bench.run("publish", "campaign_history")
    return bench


def test_the_release_gives_the_published_purchase_counts(
    shop: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoices = published(shop, "customer_analysis", monkeypatch)["invoice"]
    summary = customers.purchase_summary(
        invoices,
        customer="customer",
        date="issued_on",
        amount="amount_cents",
        as_of=dt.date(1997, 9, 30),
    ).collect()
    assert summary["frequency"].sum() == 2457
    repeats = (
        summary.group_by(pl.col("frequency").clip(upper_bound=7))
        .len()
        .sort("frequency")["len"]
        .to_list()
    )
    assert repeats == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert invoices.select(pl.len()).collect().item() == 6919


def test_the_customer_report_counts_every_customer(shop: Bench) -> None:
    done = shop.run(
        "report", "run", "customer_analysis", "-p", "period=1998-06", "-p", "language=fi"
    )
    assert "2\N{NO-BREAK SPACE}357" in report(done.stdout)


def test_the_release_gives_the_published_answers_to_the_calls(
    caller: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    contacts = published(caller, "campaign_history", monkeypatch)["campaign_contact"]
    assert contacts.select(pl.len(), pl.col("responded_at").count()).collect().row(0) == (4521, 521)


def test_the_campaign_report_shows_the_published_answers(caller: Bench) -> None:
    done = caller.run("report", "run", "campaign_history", "-p", "period=2010", "-p", "language=fi")
    text = report(done.stdout)
    assert "4\N{NO-BREAK SPACE}521" in text
    assert "521" in text.replace("4\N{NO-BREAK SPACE}521", "")


def report(stdout: str) -> str:
    """The HTML whose path the command printed last."""
    return Path(stdout.rsplit(maxsplit=1)[-1]).read_text(encoding="utf-8")
