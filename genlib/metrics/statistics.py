"""Statistics of answers in any table: the net promoter score, and the shares of the answers on a
scale.

Of the scores 10, 9, 8 and 3 two are promoters and one is a detractor: (2 - 1) / 4 = .25."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import polars as pl

from genlib.arguments import check_call
from genlib.errors import BadInput, UsageError
from genlib.metrics import intervals
from genlib.metrics.intervals import Estimate
from genlib.metrics.rows import collect, read_frame

if TYPE_CHECKING:
    import svy


@check_call
def net_promoter_score(
    scores: Any,
    *,
    weights: Any = None,
    strata: Any = None,
    level: float = 0.95,
) -> Estimate:
    """Share of promoters (9-10) less share of detractors (0-6), from -1 to 1, with the interval
    that the reports print: adjusted Wald (3, T), which holds its level for few answers too.

    Blanks and numbers outside 0-10 are missing; `BadInput` for what is no number, such as the
    labels of a survey tool. With `weights` or `strata` the figures are those of a weighted or
    stratified mean (linearised).

    Of the scores 10, 9, 8 and 3 two are promoters and one is a detractor; one is blank:

    >>> score = net_promoter_score([10, 9, 8, 3, None])
    >>> score.value, score.n
    (0.25, 4)
    """
    intervals.z(level)
    answers = _read_design(scores, weights, strata).filter(pl.col("score").is_between(0, 10))
    if answers.is_empty():
        raise UsageError("a net promoter score needs at least one answer from 0 to 10")
    is_promoter = answers["score"] >= 9
    is_detractor = answers["score"] <= 6
    design: dict[str, Any] = {name: name for name in answers.columns if name != "score"}
    if design:
        points = answers.with_columns(point=is_promoter.cast(pl.Int8) - is_detractor)
        return _score_by_design(points, design, level)
    counts = (is_promoter.sum(), is_detractor.sum(), answers.height)
    ends = intervals.nps_interval(*counts, level=level)
    return Estimate(*intervals.nps(*counts), *ends, answers.height)


def _read_design(scores: Any, weights: Any, strata: Any) -> pl.DataFrame:
    """The scores with their weight and stratum, those that are given; UsageError for what is no
    column, or has not one value an answer."""
    columns = {"score": _read_numbers(_read_column("scores", scores))}
    if weights is not None:
        columns["wgt"] = _read_column("weights", weights)
        if not columns["wgt"].dtype.is_numeric() or not (columns["wgt"] >= 0).all():
            raise UsageError("weights are numbers from 0 on")
    if strata is not None:
        columns["stratum"] = _read_column("strata", strata)
    if len({len(column) for column in columns.values()}) > 1:
        raise UsageError("weights and strata have one value for each of the scores")
    return pl.DataFrame(columns)


def _read_column(name: str, values: Any) -> pl.Series:
    is_column = isinstance(values, pl.Series | Sequence | np.ndarray)
    is_column = is_column or hasattr(values, "__array__")
    if not is_column or isinstance(values, str | pl.DataFrame):
        raise UsageError(f"{name} is a list or a column of values, one an answer")
    return pl.Series(values, strict=False)


def _score_by_design(points: pl.DataFrame, design: dict[str, Any], level: float) -> Estimate:
    import svy

    estimate = estimate_mean(points, "point", svy.Design(**design), level=level)
    return replace(estimate, low=max(-1.0, estimate.low), high=min(1.0, estimate.high))


def estimate_mean(
    frame: pl.DataFrame, column: str, design: svy.Design, *, level: float = 0.95
) -> Estimate:
    """Mean of a column by the design of its sample, linearised (Taylor)."""
    import svy

    try:
        estimation: Any = svy.Sample(frame, design).estimation
        means = estimation.mean(column, alpha=1 - level).estimates
    except (svy.SvyError, ValueError):  # its message quotes the data
        raise BadInput(
            f"no weighted mean of column {column}: a weight is missing, or a stratum has one answer"
        ) from None
    mean = means[0]
    ends = float(mean.lci), float(mean.uci)
    return Estimate(float(mean.est), float(mean.se), *ends, frame.height)


def _read_numbers(answers: pl.Series) -> pl.Series:
    """The scores as numbers, null where one is blank.

    >>> _read_numbers(pl.Series(["9", " 10 ", ""])).to_list()
    [9.0, 10.0, None]
    """
    if answers.dtype == pl.String:
        answers = answers.str.strip_chars().replace("", None)
    numbers = answers.cast(pl.Float64, strict=False)
    unread = int((numbers.is_null() & answers.is_not_null()).sum())
    if unread:
        raise BadInput(
            f"{unread} of {len(answers)} scores are no numbers; a net promoter score takes numbers "
            "from 0 to 10, so turn labels into their number first, and leave blank what is missing"
        )
    return numbers


@check_call
def likert(
    answers: Any,
    *,
    items: list[str] | None = None,
    scale: Sequence[Any] = (1, 2, 3, 4, 5),
    level: float = 0.95,
) -> pl.DataFrame:
    """One row an item (a column of `answers`, one row a person): `n`, the share of each answer of
    the scale (lowest first), `mean` and `sd` with the answers counted 1, 2, ..., and `top_two` and
    `bottom_two` with Wilson's intervals. What is not on the scale is missing; texts on a scale of
    numbers ("5 - Agree"), or numbers on one of texts, are a `UsageError`.

    >>> answers = pl.DataFrame({"helpful": [5, 4, 4, 1, None]})
    >>> likert(answers).select("item", "n", "4", "mean", "top_two").rows()
    [('helpful', 4, 0.5, 3.5, 0.75)]
    """
    intervals.z(level)
    frame = read_frame(answers, "answers", *(items or ())).lazy()
    schema = frame.collect_schema()
    items = items or schema.names()
    if not items or not scale:
        raise UsageError("likert needs a column of answers and the answers of its scale")
    _check_scale(schema, items, scale)
    names = [str(answer) for answer in scale]
    sums = [
        (nw.col(*items) == answer).cast(nw.Int64).sum().name.suffix(f"\0{answer}")
        for answer in scale
    ]
    counted = collect(frame.select(*sums)).row(0)
    by_answer = np.reshape(counted, (len(scale), len(items)))
    table = pl.DataFrame({"item": items, **dict(zip(names, by_answer, strict=True))})
    n = pl.sum_horizontal(names)
    shares = {name: pl.col(name) / n for name in names}
    figures = intervals.likert([pl.col(name) for name in names], n, level=level)
    return table.select("item", n=n, **shares, **figures)


def _check_scale(schema: nw.Schema, items: list[str], scale: Sequence[Any]) -> None:
    """That answers and scale are both texts or both numbers: else all would be missing."""
    if not (all(isinstance(one, str) for one in scale) or all(map(_is_number, scale))):
        raise UsageError("scale is the answers from the lowest on, all texts or all numbers")
    texts = (nw.String, nw.Categorical, nw.Enum)
    is_text = any(isinstance(answer, str) for answer in scale)
    known_items = [item for item in items if schema[item] != nw.Unknown]
    strange = [item for item in known_items if isinstance(schema[item], texts) != is_text]
    if strange:
        kind, wanted_kind = ("numbers", "texts") if is_text else ("texts", "numbers")
        raise UsageError(
            f"{', '.join(strange)}: the answers are {kind} and the scale has {wanted_kind}; name "
            "the scale as it stands in the data, scale=(lowest, ..., highest)"
        )


def _is_number(answer: Any) -> bool:
    return isinstance(answer, int | float) and not isinstance(answer, bool)
