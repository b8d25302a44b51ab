"""Figures: columns derived from a table *as it is shown*, hidden cells null, so that a figure can
tell nothing that the table does not.

In: the dimension columns (null = total), then `people` and the other measures. A cell that is not
there at all counts 0, a hidden one gives null, and no share stands on fewer than `BASE` people. A
figure of a whole group stands on the row of that group's total.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from genlib import judgement
from genlib.disclosure.cells import Figure
from genlib.metrics import intervals
from genlib.metrics.intervals import interval
from genlib.period import Period

BASE = 10
ALARM = 0.001
"""Sizes of two groups that are less likely than this under the planned split were not drawn as
planned."""

Figures = tuple[Figure, ...]


def dimensions(frame: pl.DataFrame) -> list[str]:
    """The columns that say where a row stands: those in front of `people`."""
    return frame.columns[: frame.columns.index("people")]


def at(
    frame: pl.DataFrame, column: str, where: Mapping[str, Any], beside: tuple[str, ...] = ()
) -> pl.Expr:
    """For each row, the value of `column` in the cell with the dimensions `where` set so (None =
    total; several values: the sum of their cells), those `beside` as they come, and all others as
    in the row."""
    keys = [name for name in dimensions(frame) if name not in where and name not in beside]
    if _is_untold(frame, where):
        return pl.when(pl.lit(False)).then(column)
    cells = pl.col(column).filter(_stands(name, value) for name, value in where.items())
    return (
        pl.when(cells.null_count() == 0).then(cells.sum()).over(pl.lit(0), *keys)
    )  # the constant: there may be no other dimension


def _is_untold(frame: pl.DataFrame, where: Mapping[str, Any]) -> bool:
    """Whether the table has larger groups than one of these values."""
    if "_untold" not in frame.columns or frame.is_empty():
        return False
    untold = set(frame["_untold"][0])
    asked = {
        text
        for name, value in where.items()
        if value is not None
        for one in (value if isinstance(value, tuple) else (value,))
        for text in (name, f"{name}={one}")
    }
    return bool(asked & untold)


def _stands(dimension: str, value: Any) -> pl.Expr:
    if value is None:
        return pl.col(dimension).is_null()
    return (
        pl.col(dimension).is_in(value) if isinstance(value, tuple) else pl.col(dimension) == value
    )


def over(
    frame: pl.DataFrame,
    column: str,
    dimension: str,
    values: tuple[Any, ...],
    finer: tuple[str, ...] = (),
) -> pl.Expr:
    """The sum of `column` over some values of a dimension (none named: its total); null if one of
    them is hidden."""
    return at(frame, column, {**dict.fromkeys(finer), dimension: values or None})


def on_total(*columns: str) -> pl.Expr:
    """Rows that are totals over these dimensions."""
    return pl.all_horizontal(pl.col(column).is_null() for column in columns)


def with_figures(
    frame: pl.DataFrame, where: pl.Expr, base: pl.Series, figures: dict[str, pl.Series]
) -> pl.DataFrame:
    """The frame with figures on the rows `where`, null where the base is hidden or too small;
    `thin` where the policy flags it."""
    firm = where & pl.lit(base >= least(frame))
    made: dict[str, pl.Expr] = {
        name: pl.when(firm).then(pl.lit(value).fill_nan(None)) for name, value in figures.items()
    }
    if "_flag" in frame.columns:
        made["thin"] = pl.col("thin") | (firm & pl.lit(base < frame["_flag"])).fill_null(False)
    return frame.with_columns(**made)


def least(frame: pl.DataFrame) -> int:
    """The fewest people that a figure may stand on: the policy's, where `protect` says it."""
    return int(frame["_base"].max() or BASE) if "_base" in frame.columns else BASE  # type: ignore[arg-type]


Gap = Callable[[Sequence[Any], Sequence[Any], float], tuple[Any, Any, Any]]
"""The difference of two groups of people, given by their counts, with the ends of its interval at a
level."""


def with_gaps(  # noqa: PLR0913 - what groups are compared by
    frame: pl.DataFrame,
    name: str,
    among: str,
    counts: Sequence[pl.Series],
    gap: Gap,
    *,
    effects: Sequence[pl.Series] = (),
) -> pl.DataFrame:
    """How far the figure of each code of `among` lies from that of all others together:
    `<name>_gap` with the ends of its interval, at the level of so many comparisons
    (judgement.level_among).

    `counts` are what the figure was made of, the number of people last. The others are the total
    less the group or, where the table has no total, the sum of all others that are shown; nothing
    is said where they are hidden, or too few.

    `effects`: where the counts are of events of which a person may have several, the design effect
    of each group and that of all its others; both tell as much as so many fewer events.

    Example: 40 of 80 messages to 40 people, at effect 2, are compared as 20 of 40.
    """
    columns = {f"_count{place}": count for place, count in enumerate(counts)}
    effect, other_effect = effects or (pl.lit(1.0), pl.lit(1.0))
    keys = dimensions(frame)
    elsewhere = [key for key in keys if key != among]
    counted = frame.with_columns(**columns, _effect=effect, _other_effect=other_effect)
    judged = counted.filter(pl.col(name).is_not_null() | on_total(among))
    parts = judged.partition_by(elsewhere) if elsewhere else [judged]
    schema = {key: frame.schema[key] for key in keys} | dict.fromkeys(_ends(name), pl.Float64)
    gaps = [pl.DataFrame(schema=schema)]
    for part in parts:
        groups = _beside_others(part, among, list(columns), least(frame))
        found = gap(
            [groups[column] / groups["_effect"] for column in columns],
            [groups[f"{column}_others"] / groups["_other_effect"] for column in columns],
            judgement.level_among(groups.height),
        )
        values = dict(zip(_ends(name), found, strict=True))
        gaps.append(groups.select(keys).with_columns(**values).cast(schema))  # type: ignore[arg-type]
    return frame.join(pl.concat(gaps), on=keys, how="left", nulls_equal=True, maintain_order="left")


def _ends(name: str) -> list[str]:
    return list(interval(f"{name}_gap", None, (None, None)))


def _beside_others(part: pl.DataFrame, among: str, columns: list[str], fewest: int) -> pl.DataFrame:
    """The groups that can be compared, with the counts of all others as `<column>_others`."""
    is_total = pl.col(among).is_null()
    groups = part.filter(~is_total)
    total = part.filter(is_total)
    whole = total if total.height else groups.select(pl.col(columns).sum())
    others = groups.with_columns(
        (pl.lit(whole[column]).first() - pl.col(column)).alias(f"{column}_others")
        for column in columns
    )
    wanted = [*columns, *(f"{column}_others" for column in columns), "_effect", "_other_effect"]
    known = pl.all_horizontal(pl.col(wanted).is_not_null())
    people = columns[-1]
    enough = (pl.col(people) >= fewest) & (pl.col(f"{people}_others") >= fewest)
    return others.filter(known, enough)


def share_gap(counts: Sequence[Any], others: Sequence[Any], level: float) -> tuple[Any, Any, Any]:
    """The difference of two shares, each (part, whole), by Newcombe's method 10."""
    part, whole = counts
    other_part, other_whole = others
    ends = intervals.newcombe(part, whole, other_part, other_whole, level=level)
    return part / whole - other_part / other_whole, *ends


def nps_gap(counts: Sequence[Any], others: Sequence[Any], level: float) -> tuple[Any, Any, Any]:
    """The difference of two net promoter scores, each (promoters, detractors, answers)."""
    return intervals.nps_difference(counts, others, level=level)


@dataclass(frozen=True)
class Share:
    """The part that a cell has of the total over `over` (name a dimension with its coarser groups),
    or of the cell where it is `base`. It stands on people, or on events where no people are told.
    """

    over: tuple[str, ...]
    of: str = "people"
    name: str = "share"
    base: Any = None

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        whole = dict.fromkeys(self.over, self.base)
        counted = self.of if frame["people"].is_null().all() else "people"
        base, total = frame.select(base=at(frame, counted, whole), total=at(frame, self.of, whole))
        return with_figures(frame, pl.lit(True), base, {self.name: frame[self.of] / total})


@dataclass(frozen=True)
class Rate:
    """The share of `part` in `base` (values of one dimension; no base: all of them) with Wilson's
    interval as `<name>_low`, `<name>_high`.

    `finer` are the dimensions below it, which stay at their total. `among`: the dimension whose
    codes are compared, each with all others (see `with_gaps`). `clusters`: where a person may stand
    in several of the events counted, the `persons` and the design `effect` of each value of its
    first column (null: the total), and those of all other values (`other_persons`,
    `other_effect`) where codes are compared; intervals are those of so many fewer events, and the
    base is the people.
    """

    name: str
    dimension: str
    part: tuple[Any, ...]
    base: tuple[Any, ...] = ()
    of: str = "people"
    finer: tuple[str, ...] = ()
    clusters: pl.DataFrame | None = None
    among: str = ""

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        counted = {"part": self.part, "base": self.base}
        part, base = frame.select(
            over(frame, self.of, self.dimension, values, self.finer).alias(name)
            for name, values in counted.items()
        )
        where = on_total(self.dimension, *self.finer)
        if self.clusters is None:
            figures = interval(self.name, part / base, intervals.wilson(part, base))
            rated = with_figures(frame, where, base, figures)
            return self._with_gaps(rated, (part, base))
        clusters = _beside(frame, self.clusters)
        effect = clusters["effect"]
        ends = intervals.wilson(part / effect, base / effect)
        figures = interval(self.name, part / base, ends)
        rated = with_figures(frame, where, clusters["persons"], figures)
        if not self.among:
            return rated
        enough = pl.col("other_persons") >= least(frame)
        other_effect = clusters.select(pl.when(enough).then("other_effect")).to_series()
        return self._with_gaps(rated, (part, base), (effect, other_effect))

    def _with_gaps(
        self, rated: pl.DataFrame, counts: Sequence[pl.Series], effects: Sequence[pl.Series] = ()
    ) -> pl.DataFrame:
        if not self.among:
            return rated
        return with_gaps(rated, self.name, self.among, counts, share_gap, effects=effects)


def _beside(frame: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """What is known of the first column's values, for each row."""
    by = clusters.columns[0]
    known = clusters.cast({by: frame.schema[by]})
    return frame.select(by).join(known, on=by, how="left", nulls_equal=True, maintain_order="left")


@dataclass(frozen=True)
class Mean:
    """A sum per person."""

    name: str
    of: str

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        return with_figures(
            frame, pl.lit(True), frame["people"], {self.name: frame[self.of] / frame["people"]}
        )


@dataclass(frozen=True)
class Nps:
    """Net promoter score (-1 to 1) of `promoter`, `passive` and `detractor` in dimension `group`,
    of those whose `outcome` is complete, with its adjusted Wald interval; and the share of
    `detractors` with Wilson's, which stands where too few promoters leave no score to show.
    `finer`: dimensions below the group; `among`: the dimension whose codes are compared, each with
    all others (see `with_gaps`)."""

    finer: tuple[str, ...] = ()
    among: str = ""

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        below = dict.fromkeys(self.finer)
        counts = {
            group: at(frame, "people", {**below, "group": group}, ("outcome",))
            for group in ("promoter", "detractor")
        }
        counts["n"] = at(frame, "people", {**below, "group": None, "outcome": "complete"})
        promoters, detractors, n = frame.select(**counts)
        figures = interval(
            "nps",
            intervals.nps(promoters, detractors, n)[0],
            intervals.nps_interval(promoters, detractors, n),
        )
        figures |= interval("detractors", detractors / n, intervals.wilson(detractors, n))
        scored = with_figures(frame, on_total("group", "outcome", *self.finer), n, figures)
        if not self.among:
            return scored
        scored = with_gaps(scored, "nps", self.among, (promoters, detractors, n), nps_gap)
        return with_gaps(scored, "detractors", self.among, (detractors, n), share_gap)


def likert(frame: pl.DataFrame) -> pl.DataFrame:
    """Mean, standard deviation, and the shares of the two highest and of the two lowest of the
    answers 1-5, each with Wilson's interval."""
    n, *counts = frame.select(
        at(frame, "people", {"answer": value}).alias(str(value)) for value in (None, *range(1, 6))
    )
    return with_figures(frame, on_total("answer"), n, intervals.likert(counts, n))


@dataclass(frozen=True)
class Change:
    """The value less that of so many months earlier, as a part of it. `by` is the column of
    time."""

    name: str
    of: str
    by: str
    months: int

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        dated = pl.col(self.by).is_not_null()
        later = pl.col(self.by).dt.offset_by(f"{self.months}mo")
        earlier = frame.with_columns(later).select(*dimensions(frame), _before=self.of)
        joined = frame.join(
            earlier, on=dimensions(frame), how="left", nulls_equal=True, maintain_order="left"
        )
        change = pl.when(dated & (pl.col("_before") > 0)).then(
            (pl.col(self.of) - pl.col("_before")) / pl.col("_before")
        )
        return joined.select(*frame.columns, change.alias(self.name))


def changes(of: str, period: Period) -> Figures:
    """The `change` since the step before (month, quarter or year, as the period is), and
    `change_year` in twelve months."""
    return Change("change", of, period.unit, period.length), Change(
        "change_year", of, period.unit, 12
    )


@dataclass(frozen=True)
class Stock:
    """Customers at the end of each step (`stock`): the opening ones, and those who joined less
    those who left up to then. A hidden cell hides the stock from its step on. Also `joined`,
    `left`, and `churn`: the part of those there at the beginning of the step who left in it, with
    Wilson's interval. `by` is the column of time.

    Where a step is told only up to some day of it, as the last one is, who joined and left later in
    it is counted in the stock of the next step.
    """

    by: str

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        steps = self._steps(frame)
        now = pl.col("opening") + pl.col("joined") - pl.col("left")
        later = pl.col("joined later") - pl.col("left later")
        known = (now + later).is_null().cum_max().not_()
        at_end = pl.when(known).then((now + later).cum_sum())
        steps = steps.with_columns(before=at_end.shift(fill_value=0))
        steps = steps.with_columns(stock=pl.col("before") + now)
        before = steps["before"]
        left = steps["left"]
        churn = interval("churn", left / before, intervals.wilson(left, before))
        figures = with_figures(steps, pl.lit(True), before, churn).select(
            *dimensions(frame), *self._flows(), "stock", *churn
        )
        return frame.join(
            figures, on=dimensions(frame), how="left", nulls_equal=True, maintain_order="left"
        )

    def _steps(self, frame: pl.DataFrame) -> pl.DataFrame:
        movements = ("opening", "joined", "left", "joined later", "left later")
        moved = {name: over(frame, "people", "movement", (name,)) for name in movements}
        on_step = on_total("movement"), pl.col(self.by).is_not_null()
        return frame.with_columns(**moved).filter(on_step).sort(self.by)

    def _flows(self) -> list[pl.Expr]:
        """Who joined and left; not known of the step that holds the opening stock alone."""
        is_step = pl.col("opening") == 0
        return [pl.when(is_step).then(name).alias(name) for name in ("joined", "left")]


@dataclass(frozen=True)
class Believed:
    """Money of a forecast only where it is worth telling: `expected_cents` of a kind that is
    believed and `forecast_cents` of one that has a past forecast; of all together only if that is
    so of each. Also what the `verdicts` say of each kind. `verdicts`: kind, `has_past`, and the
    reasons not to believe (booleans)."""

    verdicts: pl.DataFrame

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        reasons = [name for name in self.verdicts.columns if name.startswith("is_")]
        kinds = self.verdicts.with_columns(_believed=~pl.any_horizontal(reasons))
        together = kinds.select(
            pl.lit(None, pl.String).alias("kind"), pl.col("has_past", "_believed").all()
        )
        judged = pl.concat([kinds, together], how="diagonal")
        rows = frame.join(judged, on="kind", how="left", nulls_equal=True, maintain_order="left")
        return rows.with_columns(
            forecast_cents=pl.when("has_past").then("forecast_cents"),
            expected_cents=pl.when("_believed").then("expected_cents"),
        ).drop("has_past", "_believed")


@dataclass(frozen=True)
class Reached:
    """People who came at least as far as each stage, `reached`; and for the stages from delivery on
    which part of those delivered they are (`of_delivered`), with Wilson's interval. Stages `aside`
    lie beside the way: who is there came as far as the one before, and they are counted alone.
    `among`: the dimension whose codes are compared at each stage, each with all others (see
    `with_gaps`); `unknown`: the stages of which some of these codes know nothing."""

    stages: tuple[str, ...]
    aside: tuple[str, ...] = ()
    among: str = ""
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        reached = {stage: self._count(frame, stage) for stage in self.stages}
        each = (pl.when(pl.col("stage") == stage).then(n) for stage, n in reached.items())
        shown = frame.with_columns(reached=pl.coalesce(each)).with_columns(
            reached=pl.when(~self._is_unknown(frame)).then("reached")
        )
        late = pl.col("stage").is_in(self.stages[self.stages.index("delivered") :])
        base = frame.select(reached["delivered"]).to_series()
        rate = interval(
            "of_delivered", shown["reached"] / base, intervals.wilson(shown["reached"], base)
        )
        rated = with_figures(shown, late, base, rate)
        if not self.among:
            return rated
        return with_gaps(rated, "of_delivered", self.among, (shown["reached"], base), share_gap)

    def _is_unknown(self, frame: pl.DataFrame) -> pl.Expr:
        """Rows of a stage of which none of the codes that stand together knows anything."""
        codes = frame[self.among].drop_nulls().unique().to_list() if self.unknown else []
        rows = [
            (pl.col(self.among) == code) & pl.col("stage").is_in(self._list_unknown(code))
            for code in codes
        ]
        return pl.any_horizontal(pl.lit(False), *rows).fill_null(False)

    def _list_unknown(self, code: str) -> list[str]:
        parts = code.removeprefix("others+").split("+")
        return [
            stage
            for stage in self.stages
            if all(stage in self.unknown.get(part, ()) for part in parts)
        ]

    def _count(self, frame: pl.DataFrame, stage: str) -> pl.Expr:
        """Those who came so far; null of a stage that is told with another."""
        if _is_untold(frame, {"stage": stage}):
            return pl.lit(None, pl.Int64)
        further = self.stages[self.stages.index(stage) :]
        stages = (stage,) if stage in self.aside else further
        told = tuple(one for one in stages if not _is_untold(frame, {"stage": one}))
        return at(frame, "people", {"stage": told})


def uplift(frame: pl.DataFrame) -> pl.DataFrame:
    """Share of buyers among those contacted less that in the holdout, as assigned, on the row of
    each campaign.

    Adds `rate`, `holdout_rate`, `uplift` with Newcombe's interval, `extra` (buyers that the
    campaign brought) with its interval, `p_value`, `p_holm` (adjusted for all campaigns shown) and
    first `mismatch_p`: the chance of the planned split (`holdout_share`) giving these sizes; under
    `ALARM` the arms are not comparable and there is no uplift. A row of its own has uplift and
    extra of all campaigns together.
    """
    arms = {
        f"{arm} {of}": {"arm": arm, "outcome": of}
        for of in (None, "bought")
        for arm in ("contacted", "holdout")
    }
    n, other_n, x, y = frame.select(
        at(frame, "people", where).alias(name) for name, where in arms.items()
    )
    ends = intervals.newcombe(x, n, y, other_n)
    gain = x / n - y / other_n
    mismatch = chance(intervals.ratio_statistic(other_n, n + other_n, frame["holdout_share"]))
    effect = interval("uplift", gain, ends) | interval("extra", n * gain, [n * end for end in ends])
    effect |= {"p_value": chance(intervals.difference_statistic(x, n, y, other_n))}
    both = pl.select(pl.min_horizontal(n, other_n)).to_series()
    whole = on_total("arm", "outcome")
    shown = with_figures(
        frame, whole, both, {"rate": x / n, "holdout_rate": y / other_n, "mismatch_p": mismatch}
    )
    fair = whole & pl.lit(mismatch.fill_null(1) >= ALARM)
    return _with_all(_with_holm(with_figures(shown, fair, both, effect)), n, other_n)


def chance(statistic: pl.Series) -> pl.Series:
    """p-value of a chi-square statistic with one degree of freedom."""
    from scipy.special import erfc

    values = (statistic.cast(pl.Float64).fill_null(float("nan")) / 2) ** 0.5
    return pl.Series(statistic.name, erfc(values.to_numpy()), nan_to_null=True)


def _with_holm(frame: pl.DataFrame) -> pl.DataFrame:
    known = frame["p_value"].drop_nulls().to_list()
    adjusted = dict(zip(known, intervals.holm(known), strict=True))
    return frame.with_columns(
        p_holm=pl.col("p_value").replace_strict(adjusted, default=None, return_dtype=pl.Float64)
    )


def _with_all(frame: pl.DataFrame, n: pl.Series, other_n: pl.Series) -> pl.DataFrame:
    """One more row, for all campaigns that have an uplift: that of the mean person contacted, and
    the buyers whom they brought together."""
    p = pl.col("rate")
    q = pl.col("holdout_rate")
    spread = (p * (1 - p) / pl.col("_n") + q * (1 - q) / pl.col("_other")) * pl.col("_n") ** 2
    known = frame.with_columns(_n=n, _other=other_n).filter(pl.col("uplift").is_not_null())
    if known.is_empty():
        return frame
    extra, variance, people = known.select(
        pl.col("extra").sum(), spread.sum().alias("variance"), pl.col("_n").sum()
    ).row(0)
    ends = {
        "": extra,
        "_low": extra - intervals.z() * variance**0.5,
        "_high": extra + intervals.z() * variance**0.5,
    }
    figures = {f"extra{end}": value for end, value in ends.items()} | {
        f"uplift{end}": value / people for end, value in ends.items()
    }
    figures = known.select(figures.keys()).row(0, named=True) if known.height == 1 else figures
    return pl.concat(
        [frame, pl.DataFrame([figures]).cast({name: frame.schema[name] for name in figures})],
        how="diagonal",
    )


LIKE = 10
"""So many buyers who spent as all did are added to each arm, for the interval of its money alone: a
few buyers of a small holdout cannot show what its buyers spend. Coverage was measured with it."""


@dataclass(frozen=True)
class Worth:
    """The money that a campaign brought, `extra_cents`: the difference of what the mean person of
    each arm spent in the window, buyer or not, times those assigned to be contacted; nothing where
    there is no uplift, or where under ten bought. And what the campaign cost (`cost_cents`) for
    each buyer whom it brought, `cents_per_extra`, if its interval says that it brought any.

    `spreads`: of each campaign the root mean square of what its buyers spent, divided by the mean,
    from both arms together. An arm by itself is often too small to show it: one large purchase is
    in it or not. The interval is the normal one with the variance of money per person, buyers or
    not, that follows from it, from the arm's share of buyers and from what they spent.

    Example: 100 contacted spent 15 cents each, 100 held out 10: 5 cents more, 500 together.
    """

    spreads: pl.DataFrame

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        spread = given("campaign", self.spreads)(frame)["spread"]
        contacted = _Arm.of(frame, "contacted")
        holdout = _Arm.of(frame, "holdout")
        usual = (contacted.cents + holdout.cents) / (contacted.buyers + holdout.buyers)
        brought = contacted.n * (contacted.cents / contacted.n - holdout.cents / holdout.n)
        squares = [arm.variance(spread, usual) / arm.n for arm in (contacted, holdout)]
        error = contacted.n * (squares[0] + squares[1]).sqrt()
        is_told = pl.col("uplift").is_not_null() & pl.lit(error.is_not_null())
        is_told = is_told & pl.col("campaign").is_not_null()
        money = frame.with_columns(
            extra_cents=pl.when(is_told).then(brought), _error=pl.when(is_told).then(error)
        )
        return _with_worth_of_all(money).with_columns(
            cents_per_extra=pl.when(pl.col("uplift_low") > 0).then(
                pl.col("cost_cents") / pl.col("extra")
            ),
        )


@dataclass(frozen=True)
class _Arm:
    """People of one arm of each campaign, how many of them bought, and for how much."""

    n: pl.Series
    buyers: pl.Series
    cents: pl.Series

    @classmethod
    def of(cls, frame: pl.DataFrame, arm: str) -> _Arm:
        bought = {"arm": arm, "outcome": "bought"}
        columns = frame.select(
            n=at(frame, "people", {"arm": arm, "outcome": None}),
            buyers=at(frame, "people", bought),
            cents=at(frame, "amount_cents", bought),
        )
        return cls(*columns)

    def variance(self, spread: pl.Series, usual: pl.Series) -> pl.Series:
        """Of the money of a person, buyer or not. `usual`: the mean of the buyers of both arms."""
        share = (self.buyers + 1) / (self.n + 2)
        spend = (self.cents + LIKE * usual) / (self.buyers + LIKE)
        return (share * spread**2 - share**2) * spend**2


def _with_worth_of_all(frame: pl.DataFrame) -> pl.DataFrame:
    """The money of all campaigns on their row, if it is known of each that has an uplift; with
    intervals."""
    is_all = pl.col("campaign").is_null() & pl.col("uplift").is_not_null()
    is_one = pl.col("campaign").is_not_null() & pl.col("uplift").is_not_null()
    is_known = (pl.col("extra_cents").is_not_null() | ~is_one).all()
    whole = {
        "extra_cents": pl.when(is_known).then(pl.col("extra_cents").sum()),
        "_error": pl.when(is_known).then((pl.col("_error") ** 2).sum().sqrt()),
    }
    told = frame.with_columns(
        pl.when(is_all).then(total).otherwise(name).alias(name) for name, total in whole.items()
    )
    reach = intervals.z() * pl.col("_error")
    return told.with_columns(
        extra_cents_low=pl.col("extra_cents") - reach,
        extra_cents_high=pl.col("extra_cents") + reach,
    ).drop("_error")


def cost_each(frame: pl.DataFrame, *, outcome: str) -> pl.DataFrame:
    """What a campaign cost (`cost_cents`) per message that had the outcome, `cents_each`."""
    count = at(frame, "contacts", {"outcome": outcome})
    return frame.with_columns(
        cents_each=pl.when(on_total("outcome"), count > 0).then(pl.col("cost_cents") / count)
    )


def given(dimension: str, known: pl.DataFrame) -> Figure:
    """Columns that are known beside the cells: words, what the books say, or figures of a model
    over many people."""

    def joined(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(
            known.cast({dimension: frame.schema[dimension]}),
            on=dimension,
            how="left",
            maintain_order="left",
        )

    return joined
