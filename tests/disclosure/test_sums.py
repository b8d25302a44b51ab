"""Nobody is found by adding and subtracting what all reports show, over months and over reports
narrowed differently."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, product
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from disclosure.sums import FEW, Book, Figure, Leak, Recorder, leaks, lines, reduced, single, threes
from disclosure.year import NEWEST, QUARTER, Reports, year

REPORTS: Reports = (
    ("customer_analysis", {}),
    ("satisfaction_survey", {}),
    ("campaign_history", {}),
    ("customer_analysis", {"region": "06"}),
    ("customer_analysis", {"kind": "consumer"}),
    ("customer_analysis", {"kind": "company_contact"}),
    ("satisfaction_survey", {"kind": "consumer"}),
    ("campaign_history", {"campaign": NEWEST}),
    ("customer_analysis", {"period": QUARTER}),
    ("satisfaction_survey", {"period": QUARTER}),
    ("campaign_history", {"period": QUARTER}),
)
WINDOW = 3
"""Months that are attacked together."""
TWO, THREE = 2, 3
Report = tuple[str, tuple[tuple[str, str], ...]]
People = Mapping[int, int]
"""What each person brought."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(3, id="3 months"),
        pytest.param(12, id="12 months", marks=pytest.mark.slow),
    ],
)
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[list[Book]]:
    """The books of each month."""
    months: dict[int, list[Book]] = {}
    with pytest.MonkeyPatch.context() as patch:
        recorder, whole = Recorder(patch), 0
        reports = REPORTS if request.param < 12 else REPORTS[:3]  # of a year the wholes
        for one in year(tmp_path_factory.mktemp("sums"), request.param, patch, reports=reports):
            whole += (one.report, one.parameters.keys()) == (
                REPORTS[0][0],
                {"period"},
            ) and "Q" not in one.parameters["period"]
            months.setdefault(whole, []).append(recorder.book(one))
    return list(months.values())


@pytest.fixture(scope="module")
def found(published: list[list[Book]]) -> list[list[Leak]]:
    """What can be worked out from the reports of each few months."""
    starts = range(max(1, len(published) - WINDOW + 1))
    return [
        leaks(Book.of([*chain.from_iterable(published[start : start + WINDOW])]), terms=THREE)
        for start in starts
    ]


def test_no_two_figures_and_no_three_of_one_report_are_of_one_to_four_people_together(
    found: list[list[Leak]],
) -> None:
    """Added or subtracted, whatever they were published for."""
    plain = [leak for leak in chain.from_iterable(found) if telling(leak)]
    assert [
        str(leak) for leak in plain if len(leak.terms) < THREE or len(reports_of(leak)) == 1
    ] == []


def test_no_figure_of_an_earlier_report_is_near_to_two_of_a_later_one(
    published: list[list[Book]], found: list[list[Leak]]
) -> None:
    """In the first months: after many it may follow from what was published, which cannot be taken
    back."""
    order = {
        of: place
        for place, of in enumerate(
            dict.fromkeys(
                (f.report, f.parameters) for book in chain(*published) for f in book.figures
            )
        )
    }
    plain = [leak for leak in found[0] if telling(leak)]
    newest = [
        [of == max(reports_of(leak), key=order.__getitem__) for of in told_in(leak)]
        for leak in plain
    ]
    assert [str(leak) for leak, last in zip(plain, newest, strict=True) if sum(last) >= TWO] == []


def telling(leak: Leak) -> bool:
    """Figures taken once; and events or money that are as much as before tell nothing of those who
    had them."""
    heads = all(figure.measure == "people" for _, figure in leak.terms)
    return all(abs(sign) == 1 for sign, _ in leak.terms) and (heads or leak.total != 0)


def told_in(leak: Leak) -> list[Report]:
    return [(figure.report, figure.parameters) for _, figure in leak.terms]


def reports_of(leak: Leak) -> set[Report]:
    return {*told_in(leak)}


def test_the_attacker_has_what_the_reports_show(published: list[list[Book]]) -> None:
    figures = Book.of(published[0]).figures
    assert len({(figure.report, figure.parameters) for figure in figures}) >= 3
    forecast = {"forecast_cents", "came_cents", "expected_cents"}
    measures = {"people", "contacts", "messages", "feedback", "amount_cents"} | forecast
    assert {figure.measure for figure in figures} == measures


def book(*told: tuple[str, str, People]) -> Book:
    """Table, dimension values (name=value, several apart by a blank) and people of each figure; the
    measure follows a point."""
    figures, rows = [], []
    for place, (table, where, people) in enumerate(told):
        name, _, measure = table.partition(".")
        at = tuple((part.partition("=")[0], part.partition("=")[2]) for part in where.split())
        figures.append(
            Figure("report", (), name, measure or "people", at, money=measure == "amount_cents")
        )
        rows += [(place, who, value) for who, value in people.items()]
    return Book(tuple(figures), pl.DataFrame(rows, schema=["figure", "who", "value"], orient="row"))


def crowd(*ranges: tuple[int, int]) -> People:
    """All people of some ranges, once each."""
    return {who: 1 for start, end in ranges for who in range(start, end)}


def told(found: list[Leak]) -> list[tuple[int, list[tuple[int, str]]]]:
    return [
        (
            leak.people,
            [
                (sign, " ".join([figure.table, *(v for _, v in figure.where)]))
                for sign, figure in leak.terms
            ],
        )
        for leak in found
    ]


def test_a_whole_less_a_part_is_found() -> None:
    planted = book(("t", "", crowd((0, 23))), ("t", "sex=f", crowd((0, 20))))
    assert told(leaks(planted)) == [(3, [(1, "t"), (-1, "t f")])]


def test_five_people_are_no_leak_and_nobody_is_none() -> None:
    assert (
        leaks(
            book(
                ("t", "", crowd((0, 25))), ("t", "sex=f", crowd((0, 20))), ("u", "", crowd((0, 25)))
            )
        )
        == []
    )


def test_those_drawn_less_those_held_out_beside_their_contacts() -> None:
    planted = book(
        ("steps", "channel=email", crowd((0, 60))),
        ("uplift", "arm=holdout", crowd((40, 60))),
        ("timeline.contacts", "channel=email", crowd((0, 38))),
    )
    assert told(leaks(planted)) == [
        (2, [(1, "steps email"), (-1, "timeline email"), (-1, "uplift holdout")])
    ]


def test_a_quarter_less_two_months() -> None:
    planted = book(
        ("billing", "quarter=Q3", crowd((0, 62))),
        ("billing", "month=07", crowd((0, 30))),
        ("billing", "month=08", crowd((30, 61))),
    )
    assert told(leaks(planted)) == [
        (1, [(-1, "billing 07"), (-1, "billing 08"), (1, "billing Q3")])
    ]


def test_money_of_few_is_found_and_is_never_held_against_people() -> None:
    money = {who: 100 + 7 * who for who in range(30)}
    rest = {who: cents for who, cents in money.items() if who < 29}
    planted = book(
        ("t", "", crowd((0, 30))),
        ("t.amount_cents", "", money),
        ("t.amount_cents", "line=filter", rest),
    )
    assert told(leaks(planted)) == [(1, [(1, "t"), (-1, "t filter")])]


def test_several_events_of_one_person_beside_people() -> None:
    planted = book(("each.contacts", "", crowd((0, 30)) | {3: 4}), ("each", "", crowd((0, 30))))
    assert told(leaks(planted)) == [(1, [(1, "each"), (-1, "each")])]


def test_a_long_sum_is_found_by_reduction_and_along_the_lines() -> None:
    parts = [("t", f"area={n}", crowd((20 * n, 20 * n + 20))) for n in range(6)]
    planted = book(("u", "", crowd((0, 122))), *parts)
    searches = lines(planted), reduced(planted.vectors, 0.2)
    assert [_least(search @ planted.vectors) for search in searches] == [2, 2]
    assert [leak.people for leak in leaks(planted)] == [2]
    assert leaks(planted, terms=6) == []


def _least(vectors: sp.csr_matrix) -> int:
    return int(vectors.getnnz(axis=1)[vectors.getnnz(axis=1) > 0].min())


@pytest.mark.parametrize("seed", range(5))
def test_no_three_figures_are_overlooked(seed: int) -> None:
    random = np.random.default_rng(seed)
    base = random.random((6, 40)) < 0.5
    near = [base[i] ^ base[j] ^ (random.random(40) < 0.06) for i, j in ((0, 1), (2, 3), (4, 5))]
    drawn = [
        dict.fromkeys(np.flatnonzero(line).tolist(), 1)
        for line in [*base, *near, *base[:2] ^ (random.random((2, 40)) < 0.05)]
    ]
    vectors = book(*((f"t{place}", "", people) for place, people in enumerate(drawn))).vectors
    signs = [
        row for row in product((0, 1, -1), repeat=vectors.shape[0]) if 0 < sum(map(abs, row)) <= 3
    ]
    wanted = {
        _way(row) for row in np.array(signs) @ vectors.toarray() if 0 < np.count_nonzero(row) < FEW
    }
    found = {
        _way(row) for row in (sp.vstack([single(vectors), threes(vectors)]) @ vectors).toarray()
    }
    assert wanted <= found


def _way(row: np.ndarray[Any, Any]) -> tuple[int, ...]:
    """A combination and its opposite are one."""
    return max(tuple(row.tolist()), tuple((-row).tolist()))
