"""Drivers: which statements go with the recommendation.

Where "I got help" explains .20 of the scores' variance and "It was easy" .10, their drivers are .20
and .10, the R-squared of both together being .30."""

from __future__ import annotations

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Tables
from genlib.disclosure.population import narrow_to
from genlib.disclosure.slices import SLICE
from genlib.metrics import surveys
from genlib.metrics.invitations import attach_texts, read_asked, read_items
from genlib.metrics.lookup import attach_columns
from genlib.metrics.names import metric
from genlib.metrics.population import OPTIONAL, count_lately, tabulated, with_slices
from genlib.metrics.recommendation import months_of
from genlib.metrics.rows import collect, lazy
from genlib.period import Period

FIRM = 100
"""On fewer people no drivers are told."""
MOST_ITEMS = 15
"""Of n statements 2**n regressions are averaged."""


@metric()
def drivers(
    release: Tables, period: Period, *, months: int | None = None, kind: str = "all"
) -> Cells:
    """Which items go with the recommendation: each one's part of R-squared (Shapley, LMG) in
    `driver`, of those who answered all of them. Null under 100 such people, where all of them gave
    the same score, and of more than 15 items; nobody is counted then."""
    months = months or months_of(period)
    cut = narrow_to({"kind": kind})
    everybody = lazy(_answers_by_person(release, period, months))
    answers = collect(with_slices(release, everybody, cut, "person"))
    asked = answers.filter(pl.col(SLICE) == kind) if cut else answers
    items = sorted(set(answers.columns) - {"person", "_score", SLICE})
    schema = {"question": pl.String, "driver": pl.Float64}
    parts = list(_drivers(asked, items).items())
    driver = pl.DataFrame(parts, schema=schema, orient="row")
    counted = answers.cast(dict.fromkeys(items, pl.Int64)).unpivot(
        items,
        index=["person", *(SLICE for _ in cut)],
        variable_name="question",
        value_name="_answer",
    )
    counted = counted if parts else counted.clear()
    by = (Dimension("question", total=False),)
    population = count_lately("all items", period, months, kind=kind)
    figures = (attach_columns("question", driver), attach_texts(release))
    return tabulated(
        release, lazy(counted), by, population, *figures, person="person", form=OPTIONAL
    )


def _answers_by_person(release: Tables, period: Period, months: int) -> pl.DataFrame:
    """One row a person who answered all items and gave a score: `person`, a column an item, and
    `_score`."""
    asked = read_asked(release, period, months).filter(nw.col("outcome") == "complete")
    scored = asked.select("person", "score", question=nw.lit("_score"))
    items = read_items(release, period, months).select("person", "score", "question")
    listed = collect(nw.concat([items, scored]))
    wide = listed.pivot("question", index="person", values="score").drop_nulls()
    return wide if "_score" in wide.columns else wide.clear()


def _drivers(answers: pl.DataFrame, items: list[str]) -> dict[str, float]:
    """The parts of the items, none where they cannot be told."""
    is_firm = answers.height >= FIRM and 0 < len(items) <= MOST_ITEMS
    return surveys.shapley(answers, "_score", items) if is_firm else {}
