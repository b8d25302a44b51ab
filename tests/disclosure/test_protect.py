"""What `protect` lets out: safe tables with reasons, linked through the cells that they share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

import genlib
from genlib.disclosure import (
    PEOPLE,
    Cells,
    Dimension,
    Measure,
    Policy,
    Population,
    Protected,
    exposed,
    tabulate,
    verify,
)
from genlib.errors import Refused, UsageError
from genlib.metrics.figures import Share


def counts(
    by: dict[str, list[Any]], people: list[int], *dimensions: Dimension, **options: Any
) -> Cells:
    """Cells of so many people in each group."""
    groups = pl.DataFrame(by).with_columns(pl.Series("n", people, pl.UInt32))
    rows = (
        groups.select(pl.exclude("n").repeat_by("n"))
        .explode(pl.all(), empty_as_null=True, keep_nulls=True)
        .drop_nulls()
        .with_row_index("person")
    )
    return tabulate(
        rows.lazy(),
        person="person",
        by=dimensions or [Dimension(name) for name in by],
        population="people",
        **options,
    )


def two(a: list[str], b: list[str]) -> dict[str, list[str]]:
    return {"region": [x for x in a for _ in b], "age": b * len(a)}


def shown(protected: Protected, name: str = "table", **where: Any) -> pl.DataFrame:
    level = [pl.col(c).is_null() if v is None else pl.col(c) == v for c, v in where.items()]
    return protected[name].frame.filter(level)


GRID = two(["01", "02", "21"], ["young", "old"])


@pytest.mark.parametrize(
    ("people", "reason"), [(0, []), (1, ["primary"]), (4, ["primary"]), (5, [None]), (6, [None])]
)
def test_the_threshold_hides_one_to_four_people(people: int, reason: list[str | None]) -> None:
    protected = genlib.protect(table=counts(GRID, [20, 20, 20, 20, people, 20]))
    assert reason == shown(protected, region="21", age="young")["reason"].to_list()


def test_a_share_of_few_is_flagged():
    frame = pl.DataFrame({"channel": ["email", "sms", None], "people": [15, 9, 24]})
    cells = Cells(frame, (Dimension("channel"),), figures=(Share(("channel",)),))
    shown = genlib.protect(few=cells).few.frame
    assert shown["thin"].to_list() == [True] * 3
    assert shown["share"].to_list() == [0.625, 0.375, 1.0]


def test_a_hidden_cell_is_null_and_never_alone_in_its_row() -> None:
    protected = genlib.protect(table=counts(GRID, [20, 20, 20, 20, 3, 20]))
    table = protected.table.frame
    assert (
        table.filter(pl.col("reason").is_not_null())["people"].null_count()
        == protected.table.hidden
        == 4
    )
    assert protected.conditions["hidden"] == {"primary": 1, "secondary": 3}
    assert verify(protected.pattern) == []
    assert exposed(protected.pattern).is_empty()


def test_sums_and_people_of_a_cell_are_hidden_together() -> None:
    rows = pl.DataFrame(
        {"person": range(40), "region": ["01"] * 20 + ["02"] * 20, "euros": [100000, *[1] * 39]}
    )
    cells = tabulate(
        rows.lazy(),
        person="person",
        by=[Dimension("region")],
        measures=(PEOPLE, Measure("euros", "money")),
        population="p",
    )
    table = genlib.protect(table=cells).table.frame
    assert table.filter(region="01")["reason"].to_list() == ["dominance"]
    assert table.filter(pl.col("reason").is_not_null()).select(
        pl.col("people", "euros").is_null().all()
    ).row(0) == (True, True)


def test_credit_notes_dominate_too() -> None:
    """A large negative sum tells as much about its only source as a positive one."""
    rows = pl.DataFrame(
        {"person": range(60), "region": ["01", "02", "03"] * 20, "euros": [-100000, *[10] * 59]}
    )
    cells = tabulate(
        rows.lazy(),
        person="person",
        by=[Dimension("region")],
        measures=(PEOPLE, Measure("euros", "money")),
        population="p",
    )
    assert shown(genlib.protect(table=cells), region="01")["reason"].to_list() == ["dominance"]


def test_events_of_few_people_are_hidden_however_many_they_are() -> None:
    rows = pl.DataFrame(
        {
            "person": [0] * 30 + list(range(1, 41)),
            "month": ["a"] * 30 + ["a"] * 10 + ["b"] * 15 + ["c"] * 15,
            "calls": [1] * 30 + [0] * 10 + [1] * 30,
        }
    )
    cells = tabulate(
        rows.lazy(),
        person="person",
        by=[Dimension("month")],
        measures=(PEOPLE, Measure("calls")),
        population="p",
    )
    assert shown(genlib.protect(table=cells), month="a")["reason"].to_list() == ["primary"]


def test_a_share_with_too_few_left_out_is_hidden() -> None:
    """48 of 50 answered: the two who did not are a group of two."""
    rows = pl.DataFrame(
        {
            "person": range(150),
            "region": ["01"] * 50 + ["02"] * 50 + ["03"] * 50,
            "answered": [1] * 48 + [0] * 2 + [1, 0] * 50,
        }
    )
    measures = (PEOPLE, Measure("answered", of="people"))
    cells = tabulate(
        rows.lazy(), person="person", by=[Dimension("region")], measures=measures, population="p"
    )
    assert shown(genlib.protect(table=cells), region="01")["reason"].to_list() == ["primary"]


def test_a_sensitive_attribute_of_nearly_all_is_hidden_with_its_zeros() -> None:
    """All of region 21 are `late`: the reader must not learn that of anyone who lives there."""
    by = two(["01", "02", "21"], ["late", "paid"])
    dimensions = [Dimension("region"), Dimension("age", sensitive=True)]
    table = genlib.protect(table=counts(by, [20, 20, 20, 20, 20, 0], *dimensions)).table.frame
    assert table.filter(region="21", age="late")["reason"].to_list() == ["primary"]
    assert table.filter(region="21", age="paid")["people"].to_list() == [None]
    plain = genlib.protect(table=counts(by, [20, 20, 20, 20, 20, 0])).table
    assert plain.hidden == 0


def test_a_cell_is_hidden_wherever_it_stands() -> None:
    """Dominance hides region 01 in the table with money, so the table that only counts its people
    hides them too."""
    rows = pl.DataFrame(
        {"person": range(60), "region": ["01", "02", "03"] * 20, "euros": [100000, *[10] * 59]}
    )
    by = [Dimension("region")]
    money = tabulate(
        rows.lazy(),
        person="person",
        by=by,
        measures=(PEOPLE, Measure("euros", "money")),
        population="p",
    )
    plain = tabulate(rows.lazy(), person="person", by=by, population="p")
    assert genlib.protect(plain=plain).plain.hidden == 0
    assert genlib.protect(plain=plain, money=money).plain.hidden == 2


def test_tables_that_disagree_about_a_cell_are_refused() -> None:
    others = replace(counts({"age": ["young", "old"]}, [40, 63]), population=Population("people"))
    with pytest.raises(UsageError, match="tables ages, cross give different figures"):
        genlib.protect(cross=counts(GRID, [20, 20, 20, 20, 3, 20]), ages=others)


def test_an_implied_margin_links_tables_that_show_no_total() -> None:
    """Regions are shown by age without their own total, and their totals in another table: the
    difference would tell all."""
    cross = counts(
        GRID, [20, 20, 20, 20, 3, 20], Dimension("region"), Dimension("age", total=False)
    )
    regions = counts({"region": ["01", "02", "21"]}, [40, 40, 23])
    protected = genlib.protect(regions=regions, cross=cross)
    assert shown(protected, "cross", region="21")["people"].null_count() == 2


def test_overlapping_people_do_not_add_up_and_are_still_bounded() -> None:
    """Everyone in `a` is in the total, so a hidden part may not be found as the largest part or the
    rest of the whole."""
    rows = pl.DataFrame(
        {
            "person": [*range(30), *range(28, 58), 57, 58],
            "line": ["a"] * 30 + ["b"] * 30 + ["c"] * 2,
        }
    )
    cells = tabulate(
        rows.lazy(),
        person="person",
        by=[Dimension("line")],
        measures=(replace(PEOPLE, additive=False),),
        population="p",
    )
    protected = genlib.protect(table=cells)
    assert shown(protected, line="c")["reason"].to_list() == ["primary"]
    assert exposed(protected.pattern).is_empty()


def test_a_municipality_is_not_given_away_by_its_region() -> None:
    by = {
        "municipality": ["091", "092", "049", "005", "010"],
        "region": ["01", "01", "01", "14", "14"],
    }
    protected = genlib.protect(
        table=counts(by, [40, 3, 40, 30, 30], Dimension("municipality", parents=("region",)))
    )
    assert protected.table.hidden == 2
    assert shown(protected, municipality="092")["reason"].to_list() == ["primary"]


def test_figures_see_only_what_is_shown() -> None:
    seen: list[pl.DataFrame] = []

    def share(frame: pl.DataFrame) -> pl.DataFrame:
        seen.append(frame)
        return frame.with_columns(share=pl.col("people") / 103)

    cells = replace(counts(GRID, [20, 20, 20, 20, 3, 20]), figures=(share,))
    table = genlib.protect(table=cells).table.frame
    assert seen[0]["people"].null_count() == 4
    assert table["share"].null_count() == 4


def test_the_policy_may_be_stricter_but_never_looser() -> None:
    cells = counts(GRID, [20, 20, 20, 20, 7, 20])
    assert genlib.protect(table=cells, policy=Policy(10)).table.hidden == 4
    assert genlib.protect(table=cells, policy=Policy(3, 0)).conditions["policy"]["min_count"] == 5
    with pytest.raises(Refused, match="min_count >= 3"):
        Policy(2)


@pytest.mark.parametrize("given", [{}, {"table": pl.DataFrame({"people": [1]})}])
def test_only_cells_are_protected(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="takes the Cells"):
        genlib.protect(**given)


def test_an_empty_table_stays_empty() -> None:
    assert genlib.protect(table=counts({"region": ["01"]}, [0])).table.frame.is_empty()


def test_nothing_hidden_stands_in_any_repr() -> None:
    protected = genlib.protect(table=counts(GRID, [2000, 2000, 2000, 2000, 3, 1777]))
    assert "1777" not in repr(protected)
    assert "1777" not in str(protected.pattern)


def test_a_figure_on_too_few_people_says_so() -> None:
    def mean(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(mean=pl.when(pl.col("people") >= 10).then(1.0))

    table = genlib.protect(
        table=replace(counts({"region": ["01", "02"]}, [7, 40]), figures=(mean,))
    ).table
    assert table.frame.select("people", "reason").rows() == [(7, "base"), (40, None), (47, None)]
    assert table.hidden == 0


def test_a_table_without_dimensions_is_one_figure() -> None:
    rows = pl.DataFrame({"person": range(12)})
    table = genlib.protect(
        table=tabulate(rows.lazy(), person="person", by=[], population="p")
    ).table
    assert table.value("people").value == 12


def money(amounts: pl.Series, regions: list[str | None]) -> Cells:
    rows = pl.DataFrame({"person": range(len(amounts)), "region": regions, "euros": amounts})
    return tabulate(
        rows.lazy(),
        person="person",
        by=[Dimension("region")],
        measures=[Measure("euros", "money")],
        population="payers",
    )


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Float32, pl.Decimal(12, 2)])
def test_a_measure_that_is_not_in_whole_numbers_is_refused_with_what_to_do(dtype: Any) -> None:
    amounts = pl.Series([10.75, 20.5]).cast(dtype)
    with pytest.raises(UsageError, match=r"measure euros of payers .* round it to whole cents"):
        money(amounts, ["01", "02"])


def test_the_cure_that_is_named_cures_it() -> None:
    amounts = pl.Series([10.75, 20.5]) * 100
    cells = money(amounts.round().cast(pl.Int64), ["01", "01"])
    assert cells.frame.filter(pl.col("region").is_null())["euros"].to_list() == [3125]


def test_a_row_without_a_value_in_a_dimension_is_refused_for_null_is_the_total() -> None:
    with pytest.raises(UsageError, match=r"dimension region of payers has no value in 1 of 2"):
        money(pl.Series([1, 2, 3]), ["01", None, None])


OWN = {
    "as zero": pl.col("people").fill_null(0) / 103,
    "as a sum": pl.col("people").sum().over("region") / 103,
    "by its rank": pl.col("people").fill_null(0).rank(),
}


@pytest.mark.parametrize("how", OWN)
def test_a_figure_of_ones_own_is_null_where_it_hangs_on_a_hidden_cell(how: str) -> None:
    def share(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(own_share=OWN[how])

    cells = replace(counts(GRID, [20, 20, 20, 20, 3, 20]), figures=(share,))
    table = genlib.protect(table=cells).table.frame
    hidden = table.filter(pl.col("people").is_null())
    assert hidden.height == 4
    assert hidden["own_share"].null_count() == 4


def test_a_figure_of_ones_own_stays_where_all_of_it_is_shown() -> None:
    def share(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(own_share=pl.col("people") / 103)

    cells = replace(counts(GRID, [20, 20, 20, 20, 3, 20]), figures=(share,))
    table = genlib.protect(table=cells).table.frame
    assert table["own_share"].is_null().equals(table["people"].is_null())


@pytest.mark.parametrize(
    "change", [lambda frame: frame.with_columns(pl.col("people").fill_null(0)), pl.DataFrame.head]
)
def test_a_figure_of_ones_own_may_not_change_what_is_there(change: Any) -> None:
    cells = replace(counts(GRID, [20, 20, 20, 20, 3, 20]), figures=(change,))
    with pytest.raises(UsageError, match="adds columns to a table"):
        genlib.protect(table=cells)


@pytest.mark.parametrize("side", [2, -2])
def test_a_balance_is_of_people_for_between_and_against(side: int) -> None:
    rows = pl.DataFrame({"person": [1, 2], "side": [1, side]})
    with pytest.raises(UsageError, match="balance side of answers has rows beyond 1, 0 and -1"):
        tabulate(
            rows,
            person="person",
            by=[],
            measures=[Measure("side", "balance")],
            population="answers",
        )


def test_a_balance_below_zero_is_told_and_proved() -> None:
    """Of ten regions two lean so far to one side that their balances tell of single people."""
    sides = {f"{region:02}": [-1] * 20 + [1] * 8 for region in range(8)}
    sides |= {"08": [-1] * 20, "09": [-1] * 20 + [1]}
    rows = [
        (f"{region}-{n}", region, side)
        for region, all_ in sides.items()
        for n, side in enumerate(all_)
    ]
    frame = pl.DataFrame(rows, schema=["person", "region", "side"], orient="row")
    measures = [Measure("side", "balance")]
    by = [Dimension("region")]
    cells = tabulate(frame, person="person", by=by, measures=measures, population="answers")
    shown = genlib.protect(table=cells)
    told = dict(shown.table.frame.select("region", "side").rows())
    assert [told[region] for region in ("00", "08", "09", None)] == [-12, None, None, -135]
    assert verify(shown.pattern) == []
