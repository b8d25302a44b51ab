"""Months of all tables of all reports, of a register in which people come and go, attacked together
by somebody who keeps every report."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest
from disclosure.year import MONTHLY, Publication, year

from genlib.disclosure import intervals
from genlib.disclosure.keys import END, HEAD
from genlib.disclosure.sketch import people_in, words
from genlib.disclosure.system import components
from genlib.period import Period

FEW = 5
WHOLE = tuple(report for report in MONTHLY if not report[1])
"""What is published of a year; parts beside twelve months take long to protect or to refuse."""
PARTS = (("kind=consumer", "kind=company_contact"), ("region=06", "region=!06"))
TELLING = pl.col("heads") | (pl.col("value") != pl.col("value_before"))
"""Events or money, if they are as much as before, tell nothing of those who had them."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(3, id="3 months"),
        pytest.param(12, id="12 months", marks=pytest.mark.slow),
    ],
)
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[Publication]:
    with pytest.MonkeyPatch.context() as patch:
        reports = MONTHLY if request.param < 12 else WHOLE
        return list(year(tmp_path_factory.mktemp("year"), request.param, patch, reports=reports))


def test_what_is_told_anew_differs_from_all_that_was_told_by_nobody_or_enough_people(
    published: list[Publication],
) -> None:
    told = pl.DataFrame()
    for one in published:
        seen = ~pl.Series(np.append(one.hidden, True)[one.figures["cell"]])
        shown = (
            one.figures.filter(seen)
            .select("sketch", "people", "value", "heads")
            .drop_nulls()
            .unique()
        )
        told = told if told.width else shown.clear()
        near = pl.col("people").is_between(
            pl.col("people_before") - FEW, pl.col("people_before") + FEW, closed="none"
        )
        both = (
            shown.join(told, on="sketch", how="anti")
            .join(told, how="cross", suffix="_before")
            .filter(near, TELLING)
        )
        assert (
            both.is_empty()
            or people_in(words(both["sketch"]) - words(both["sketch_before"])).min() >= FEW
        )
        told = pl.concat([told, shown]).unique()


def test_all_publications_together_pin_nothing_that_one_had_to_hide(
    published: list[Publication],
) -> None:
    """Every group of one to four may still be one less, or no small group at all; every sum so far
    off as dominance asks."""
    attack = Attack(published)
    assert attack.known.keys() & attack.asked.keys() == set()
    found = attack.found()
    assert found.height == len(attack.asked) > 20 * len(published) / 6
    assert (
        found.filter(
            (pl.col("low") > pl.col("least") + 1e-6) | (pl.col("high") < pl.col("most") - 1e-6)
        ).rows()
        == []
    )


def test_most_is_still_told(published: list[Publication]) -> None:
    cells = sum(one.hidden.size for one in published)
    unseen = sum(table.hidden for one in published for table in one.shown.values())
    assert unseen < 0.3 * cells


def test_a_few_who_were_erased_leave_every_report_of_the_whole_its_stock(
    published: list[Publication],
) -> None:
    wholes = [
        one
        for one in published
        if one.report == "customer_analysis" and one.parameters.keys() == {"period"}
    ]
    months = [Period.parse(one.parameters["period"]).start for one in wholes]
    assert None not in [
        one.shown["growth"].value("stock", month=month).value
        for one, month in zip(wholes, months, strict=True)
    ]


def _narrowed(group: str, part: str) -> str:
    base, _, where = group.partition(HEAD)
    return base + HEAD + END.join(sorted({*where.split(END), part} - {""}))


class Attack:
    """What is known to one who keeps all reports: their relations as one system, in which figures
    of one name are one unknown and wholes are the sums of their parts, and what is `known` of it;
    `asked`: the least and the most that each figure that some report had to hide must still
    possibly be."""

    def __init__(self, publications: list[Publication]) -> None:
        self.known: dict[int, int] = {}
        self.asked: dict[int, tuple[int, int]] = {}
        self.low: dict[int, int] = {}
        self.ids: dict[Any, int] = {}
        parts, lines = [], 0
        for number, one in enumerate(publications):
            place, system = self._places(number, one), one.model.system
            parts.append([lines + system.relation, place[system.variable], system.sign])
            lines += system.relations
        self.spans: dict[tuple[Any, ...], dict[int, int]] = {}
        for place, value, key in self.placed(publications):
            self.spans.setdefault(key, {})[place] = value
        for whole, halves in [*self.sums()]:
            parts.append(
                [
                    np.full(1 + len(halves), lines),
                    np.array([whole, *halves]),
                    np.array([-1, *[1] * len(halves)]),
                ]
            )
            lines += 1
        self.relation, self.variable, self.sign = np.concatenate(parts, axis=1)
        self.lines = lines

    def placed(self, publications: list[Publication]) -> Iterator[tuple[int, int, tuple[Any, ...]]]:
        """Each figure by where it stands: what it is of, from when to when, and its measure."""
        for number, one in enumerate(publications):
            for variable, name, value, measure, places in one.figures.select(
                "variable", "name", "value", "measure", "places"
            ).rows():
                for at in places:
                    yield (
                        self.ids.get(name, self.ids.get((number, variable))),
                        value,
                        (at["group"], at["start"], at["end"], measure),
                    )

    def sums(self) -> Iterator[tuple[int, list[int]]]:
        """All customers are consumers and company contacts, and those of a region and the others;
        as far as the figures say so too."""
        for (group, *rest, measure), wholes in self.spans.items():
            for one, other in PARTS:
                halves = [
                    self.spans.get((_narrowed(group, part), *rest, measure), {})
                    for part in (one, other)
                ]
                for (whole, value), (first, a), (second, b) in product(
                    wholes.items(), *(half.items() for half in halves)
                ):
                    if value == a + b and (measure != "people" or len({whole, first, second}) == 3):
                        yield whole, [first, second]

    def _places(self, number: int, one: Publication) -> np.ndarray[Any, np.dtype[np.int64]]:
        assert one.shown.pattern is not None
        system, unseen = one.model.system, one.model.system.hidden_variables(one.hidden)
        protected, size = (
            one.shown.pattern.system,
            len(system.value),
        )  # what was eased follows from earlier reports
        called = dict(one.figures.select("variable", "name").iter_rows())
        place = np.array(
            [
                self.ids.setdefault(called.get(v, (number, v)), len(self.ids))
                for v in range(len(system.value))
            ]
        )
        self.known |= dict(
            zip(place[~unseen].tolist(), system.value[~unseen].tolist(), strict=True)
        )
        self.low |= dict(zip(place.tolist(), system.low.tolist(), strict=True))
        everyones = (
            (protected.need_scenario < 0)
            & (protected.need_variable < size)
            & (protected.need_move != 0)
        )
        for variable, move in zip(
            protected.need_variable[everyones], protected.need_move[everyones], strict=True
        ):
            reach = int(system.value[variable] + move)
            least, most = self.asked.get(place[variable], (reach, reach))
            self.asked[int(place[variable])] = min(least, reach), max(most, reach)
        return place

    def found(self) -> pl.DataFrame:
        """`low` and `high` of every figure that is asked for, and what they should be, by the parts
        of the system that hang together."""
        size, open_ = len(self.ids), ~np.isin(self.variable, list(self.known))
        label = components(size + self.lines, self.variable[open_], size + self.relation[open_])
        asked = np.array(sorted(self.asked))
        return pl.concat(
            [
                self._part(label == part, set(asked[label[asked] == part].tolist()))
                for part in np.unique(label[asked])
            ]
        )

    def _part(self, inside: np.ndarray[Any, np.dtype[np.bool_]], asked: set[int]) -> pl.DataFrame:
        entries = inside[len(self.ids) + self.relation]
        places, variable = np.unique(
            np.append(self.variable[entries], sorted(asked)), return_inverse=True
        )
        _, relation = np.unique(self.relation[entries], return_inverse=True)
        manifest = {
            "relations": [relation, variable[: len(relation)], self.sign[entries]],
            "published": [self.known.get(place) for place in places.tolist()],
            "low": [self.low[place] for place in places.tolist()],
            "cell": [0 if place in asked else -1 for place in places.tolist()],
            "names": [],
        }
        found = intervals(manifest)
        limits = [self.asked[place] for place in places[found["variable"]].tolist()]
        return found.select("low", "high").with_columns(
            pl.DataFrame(limits, schema=["least", "most"], orient="row")
        )
