"""What a report hands over lets others audit it, and holds nothing that it hides."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

import genlib
from genlib.disclosure import Dimension, Measure, Policy, Protected, exposed, intervals, tabulate

PEOPLE = {
    ("01", "young"): 3,
    ("01", "old"): 40,
    ("02", "young"): 30,
    ("02", "old"): 50,
    ("21", "young"): 9,
    ("21", "old"): 60,
}
MONEY = Measure("cents", "money")


@pytest.fixture(scope="module")
def protected() -> Protected:
    rows = [(r, a, 1000 + 7 * n) for (r, a), count in PEOPLE.items() for n in range(count)]
    frame = pl.DataFrame(rows, schema=["region", "age", "cents"], orient="row").with_row_index(
        "person"
    )
    by = (Dimension("region"), Dimension("age"))
    table = tabulate(
        frame.lazy(),
        person="person",
        by=by,
        measures=(Measure("people", "people"), MONEY),
        population="all",
    )
    return genlib.protect(table=table)


@pytest.fixture(scope="module")
def manifest(protected: Protected) -> dict[str, Any]:
    return json.loads(json.dumps(protected.manifest()))


def test_the_auditor_needs_only_the_manifest(protected, manifest):
    assert intervals(manifest["pattern"]).equals(intervals(protected.pattern))
    assert intervals(manifest["pattern"]).height > 0


def test_each_figure_of_a_table_is_found_in_the_pattern(protected, manifest):
    place, published = manifest["tables"]["table"], manifest["pattern"]["published"]
    for measure, variables in place["variables"].items():
        assert [published[v] for v in variables] == protected.table.frame[measure].to_list()
    assert place["dimensions"]["region"] == protected.table.frame["region"].to_list()
    assert set(manifest["pattern"]["hidden"]) == {
        cell
        for cell, n in zip(place["cell"], protected.table.frame["people"], strict=True)
        if n is None
    }


def test_nothing_hidden_and_no_bound_made_of_it_is_in_the_manifest(protected, manifest):
    system = protected.pattern.system
    unseen = system.hidden_variables(protected.pattern.hidden)
    assert [value is None for value in manifest["pattern"]["published"]] == unseen.tolist()
    assert set(np.array(manifest["pattern"]["low"])[unseen]) <= {0, -(10**12)}
    assert not {"witnesses", "settles", "value", "need_variable"} & {
        *manifest,
        *manifest["pattern"],
    }


def test_the_shape_of_a_manifest_does_not_tell_which_cells_are_small():
    """Of a sensitive attribute: two registers that show the same have the same manifest, whatever
    is hidden."""

    def made(few: int) -> dict[str, Any]:
        people = {
            ("01", "ill"): 60 - few,
            ("01", "well"): few,
            ("02", "ill"): 20 + few,
            ("02", "well"): 60 - few,
        }
        rows = [where for where, count in people.items() for _ in range(count)]
        frame = pl.DataFrame(rows, schema=["region", "health"], orient="row").with_row_index(
            "person"
        )
        by = (Dimension("region"), Dimension("health", sensitive=True))
        return genlib.protect(
            table=tabulate(frame.lazy(), person="person", by=by, population="all")
        ).manifest()["pattern"]

    assert made(2)["relations"] == made(3)["relations"]
    assert made(2)["hidden"] == made(3)["hidden"]


def test_exposed_of_a_manifest_finds_what_can_be_worked_out(protected, manifest):
    open_ = manifest["pattern"]
    assert exposed(open_).is_empty()
    hidden = next(place for place, value in enumerate(open_["published"]) if value is None)
    published = list(open_["published"])
    published[hidden] = int(protected.pattern.system.value[hidden])
    assert exposed({**open_, "published": published}).height == 3


def test_no_share_stands_on_fewer_than_the_policy_says():
    from genlib.metrics.figures import Share

    rows = pl.DataFrame({"person": range(74), "region": ["01"] * 14 + ["02"] * 60})
    by, figure = (Dimension("region"), Dimension("part", total=True)), Share(("part",))
    cells = tabulate(
        rows.lazy().with_columns(part=pl.lit("x")),
        person="person",
        by=by,
        population="all",
        figures=(figure,),
    )
    share = {
        base: genlib.protect(policy=Policy(base=base), table=cells).table.rows(
            "region", "part", region="01"
        )
        for base in (10, 20)
    }
    assert share[10]["share"].to_list() == [1.0]
    assert share[20]["share"].to_list() == [None]
