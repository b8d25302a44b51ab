"""Twelve months of the real metrics, in which people come and go, attacked together by somebody who keeps every report."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array
from small import IDENTITY, KEY

import genlib
from genlib import notice as notices
from genlib.disclosure import Cells, Ledger, Policy, Protected
from genlib.disclosure.ledger import cells_of, named
from genlib.disclosure.model import Model, build
from genlib.disclosure.sketch import differences, words
from genlib.metrics import customers
from genlib.period import Period
from genlib.publish.writer import publish
from genlib.register.database import create_register
from genlib.register.synthetic import synthesise
from genlib.release import Release

MONTHS = Period.parse("2026-10").months(12)
FEW = 5
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Month:
    """What a month's reports were made from, and what they showed."""

    cells: dict[str, Cells]
    shown: Protected
    model: Model
    names: pl.DataFrame
    listed: pl.DataFrame

    @property
    def hidden(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        assert self.shown.pattern is not None
        return self.shown.pattern.hidden[: len(self.model.system.weight)]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    home = tmp_path_factory.mktemp("year")
    register = create_register(f"sqlite:///{home}/register.sqlite")
    synthesise(register, IDENTITY, customers=3_000, seed=5)
    now = dt.datetime(2026, 11, 1, 4, tzinfo=dt.UTC)
    made = publish("customer_analysis", register, KEY, notice=notices.load(), releases=home, now=now)
    return Release(home / "customer_analysis" / made.release_id, made)


def as_of(release: Release, end: dt.date, gone: list[int]) -> dict[str, pl.LazyFrame]:
    """The release as it was at the end of a month, without those who had themselves erased since."""
    tables = {name: release[name] for name in release.tables}
    kept = {n: t.filter(~pl.col("customer").is_in(gone)) if "customer" in t.collect_schema() else t for n, t in tables.items()}
    return kept | {"invoice": kept["invoice"].filter(pl.col("issued_on") < end)}


def reports(tables: dict[str, pl.LazyFrame], period: Period) -> list[dict[str, Cells]]:
    """The month's report, and those of one region and of consumers."""
    cuts: list[dict[str, str]] = [{}, {"region": "06"}, {"kind": "consumer"}]
    metrics = {"billing": customers.billing, "places": customers.by_region, "ages": customers.by_age, "repeat": customers.repeat}
    return [{name: metric(tables, period, **cut) for name, metric in metrics.items()} for cut in cuts]


@pytest.fixture(scope="module")
def year(release: Release, tmp_path_factory: pytest.TempPathFactory) -> list[Month]:
    random, ledger, gone, made = np.random.default_rng(4), tmp_path_factory.mktemp("ledger"), [], []
    everyone = release["customer"].select("customer").collect()["customer"].to_numpy()
    with pytest.MonkeyPatch.context() as patch:
        for period in MONTHS:
            gone += random.choice(everyone, 2).tolist()
            for number, cells in enumerate(_publishing(patch, as_of(release, period.end, gone), period)):
                shown = genlib.protect(ledger=Ledger(ledger, "report", period.end, f"{period.end}-{number}"), **cells)
                model = build(cells, Policy())
                listed = cells_of(model, cells)
                made.append(Month(cells, shown, model, named(model, listed), listed))
    return made


def _publishing(patch: pytest.MonkeyPatch, tables: dict[str, pl.LazyFrame], period: Period) -> list[dict[str, Cells]]:
    patch.setenv("GENLIB_PUBLICATION", f"{period.end} report run")
    return reports(tables, period)


def test_what_is_told_anew_differs_from_all_that_was_told_by_nobody_or_enough_people(year: list[Month]) -> None:
    told = pl.DataFrame(schema={"sketch": pl.Binary, "people": pl.Int64})
    for month in year:
        shown = month.listed.filter(~pl.Series(month.hidden)[month.listed["cell"]]).select("sketch", "people").unique()
        both = shown.join(told, on="sketch", how="anti").join(told, how="cross", suffix="_before")
        both = both.filter((pl.col("people") - pl.col("people_before")).abs() < FEW)
        assert both.is_empty() or differences(words(both["sketch"]), words(both["sketch_before"])).min() >= FEW
        told = pl.concat([told, shown]).unique()


def test_a_year_together_pins_no_small_group(year: list[Month]) -> None:
    """All relations of all reports as one system, figures of one name being one unknown: every group of one to four may still be one less,
    or no small group at all."""
    attack = Attack(year)
    assert len(attack.small) > 20
    assert [(size, low, high) for size, low, high in attack.bounds() if low > size - 1 + 1e-6 or high < FEW - 1e-6] == []


def test_most_is_still_told(year: list[Month]) -> None:
    cells = sum(month.hidden.size for month in year)
    unseen = sum(table.frame["people"].null_count() for month in year for table in month.shown.values())
    assert unseen < 0.25 * cells


class Attack:
    """What is known to one who keeps all reports."""

    def __init__(self, year: list[Month]) -> None:
        self.known: dict[int, int] = {}
        self.small: dict[int, int] = {}
        entries, ids, lines = [], {}, 0
        for number, month in enumerate(year):
            system, unseen = month.model.system, month.model.system.hidden_variables(month.hidden)
            called = dict(month.names.select("variable", "name").iter_rows())
            place = [ids.setdefault(called.get(v, (number, v)), len(ids)) for v in range(len(system.value))]
            self.known |= {place[v]: int(system.value[v]) for v in np.flatnonzero(~unseen)}
            people = month.names.filter(measure="people")["variable"].to_numpy()
            self.small |= {place[v]: int(system.value[v]) for v in people if 0 < system.value[v] < FEW}
            entries += [(lines + r, place[v], s) for r, v, s in zip(system.relation, system.variable, system.sign, strict=True)]
            self.low = {**getattr(self, "low", {}), **{place[v]: int(system.low[v]) for v in range(len(system.value))}}
            lines += system.relations
        rows, columns, signs = np.array(entries).T
        self.matrix = csr_array((signs.astype(float), (rows, columns)), shape=(lines, len(ids)))

    def bounds(self) -> list[tuple[int, float, float]]:
        size = self.matrix.shape[1]
        limits = [(self.known[v],) * 2 if v in self.known else (self.low[v], None) for v in range(size)]
        found = []
        for place, value in self.small.items():
            ends = []
            for sign in (1, -1):
                cost = np.zeros(size)
                cost[place] = sign
                answer = linprog(cost, A_eq=self.matrix, b_eq=np.zeros(self.matrix.shape[0]), bounds=limits, method="highs")
                ends.append(sign * answer.fun if answer.status == 0 else -sign * np.inf)
            found.append((value, *ends))
        return found
