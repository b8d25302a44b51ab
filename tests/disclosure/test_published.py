"""The published cases of disclosure control come out as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from disclosure.grids import grid

from genlib.disclosure import (
    Cells,
    Dimension,
    Measure,
    Pattern,
    Policy,
    intervals,
    suppress,
    tabulate,
)
from genlib.disclosure.cells import PEOPLE
from genlib.disclosure.model import Model, build
from genlib.disclosure.rules import judge

MICRODATA = Path(__file__).parents[2] / "data" / "reference" / "microdata1.csv"


def spans(found: pl.DataFrame) -> list[tuple[float, float]]:
    return found.sort("variable").select("low", "high").rows()


def test_geurts_four_hidden_cells_have_the_published_intervals() -> None:
    """Geurts 1992, in the SDC handbook: hiding the first two rows of a 3 x 2 table."""
    system = grid([[5, 2], [1, 2], [3, 3]])
    hidden = np.isin(np.arange(len(system.weight)), [0, 1, 3, 4])
    pattern = Pattern(system, hidden, np.zeros((0, 12), np.int64), np.zeros(0, np.int64))
    assert spans(intervals(pattern)) == [(3, 6), (1, 4), (0, 3), (0, 3)]


def test_fischetti_and_salazar_hide_a_loss_of_59() -> None:
    """Fischetti and Salazar 2001: cell 22 needs +-5; the best pattern adds 8, 17 and 12."""
    pattern = suppress(
        grid([[20, 50, 10], [8, 19, 22], [17, 32, 12]], needs=[(1, 2, 5), (1, 2, -5)])
    )
    assert (pattern.loss, pattern.status) == (59, "optimal")
    assert sorted(pattern.system.value[np.flatnonzero(pattern.hidden)].tolist()) == [8, 12, 17, 22]
    assert (5, 30) in spans(intervals(pattern))


def test_tau_argus_example_has_one_optimal_secondary_pattern() -> None:
    system = grid([[895, 137], [753, 973], [569, 486], [540, 793]], needs=[(0, 1, 14), (0, 1, -14)])
    assert sorted(system.value[suppress(system).hidden].tolist()) == [137, 486, 569, 895]


@pytest.mark.parametrize(
    ("contributions", "unsafe"),
    [
        ([80, 15, 3, 2], True),
        ([50, 30, 12, 8], False),
        ([50000, 49000, 1000], True),
        ([5, 5], True),
        ([0], False),
    ],
)
def test_p_percent_protects_the_largest_from_the_second(
    contributions: list[int], unsafe: bool
) -> None:
    first, second, *others = sorted([*contributions, 0, 0], reverse=True)
    people = sum(amount > 0 for amount in contributions)
    sums = {
        "kind": "money",
        "value": sum(contributions),
        "contributors": people,
        "first": first,
        "second": second,
        "rest": sum(others),
    }
    reason = judge(pl.DataFrame(sums), Policy(3, 10)).row(0, named=True)["reason"]
    assert unsafe == (reason is not None)


def microdata(policy: Policy) -> tuple[Model, Cells]:
    people = pl.scan_csv(MICRODATA).with_row_index("person")
    by = [Dimension("region"), Dimension("gender")]
    cells = tabulate(
        people,
        person="person",
        by=by,
        measures=(PEOPLE, Measure("val", "money")),
        population="microdata1",
    )
    return build({"one": cells}, policy), cells


def marked(model: Model) -> set[tuple[str, str]]:
    rows = (
        model.frames["one"]
        .filter(pl.col("_cell").is_not_null())
        .select("region", "gender", "_cell")
        .rows()
    )
    return {(region, gender) for region, gender, cell in rows if model.reason[cell]}


def test_microdata_threshold_marks_one_cell() -> None:
    assert {("A", "female")} == marked(microdata(Policy(3, 0))[0])


def test_microdata_p_percent_marks_two_cells() -> None:
    assert {("A", "female"), ("D", "male")} == marked(microdata(Policy(3, 70))[0])


def test_microdata_protecting_one_cell_hides_four() -> None:
    model, _ = microdata(Policy(3, 0))
    hidden = suppress(model.system).hidden
    rows = model.frames["one"].select("region", "gender", "_cell").rows()
    assert {(r, g) for r in "AC" for g in ("male", "female")} == {
        (r, g) for r, g, cell in rows if hidden[cell]
    }
