"""Figures: columns derived from a table *as it is shown*, hidden cells null, so that a figure can tell nothing that the table does not.

In: the dimension columns (null = total), then `people` and the other measures. A cell that is not there at all counts 0, a hidden one gives
null, and no share stands on fewer than `BASE` people. A figure of a whole group stands on the row of that group's total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from genlib.metrics import intervals

BASE = 10
ALARM = 0.001
"""Sizes of two groups that are less likely than this under the planned split were not drawn as planned."""

Figures = tuple[Callable[[pl.DataFrame], pl.DataFrame], ...]


def dimensions(frame: pl.DataFrame) -> list[str]:
    """The columns that say where a row stands: those in front of `people`."""
    return frame.columns[: frame.columns.index("people")]


def at(frame: pl.DataFrame, column: str, where: Mapping[str, Any], beside: tuple[str, ...] = ()) -> pl.Series:
    """For each row, the value of `column` in the cell with the dimensions `where` set so (None = total), those `beside` as they come,
    and all others as in the row."""
    keys = [name for name in dimensions(frame) if name not in where and name not in beside]
    chosen = frame.filter(pl.col(name).is_null() if value is None else pl.col(name) == value for name, value in where.items())
    cells = chosen.select(pl.lit(0).alias("_"), *keys, pl.col(column).alias("_value"), pl.lit(True).alias("_there"))
    place = frame.select(pl.lit(0).alias("_"), *keys)
    found = place.join(cells, on=["_", *keys], how="left", nulls_equal=True, maintain_order="left")
    return found.select(pl.when(pl.col("_there")).then("_value").otherwise(0).alias(column)).to_series()


def over(frame: pl.DataFrame, column: str, dimension: str, values: tuple[Any, ...], finer: tuple[str, ...] = ()) -> pl.Series:
    """The sum of `column` over some values of a dimension (none named: its total); null if one of them is hidden."""
    below = dict.fromkeys(finer)
    return _sum(at(frame, column, {**below, dimension: value}) for value in values or (None,))


def _sum(parts: Iterable[pl.Series]) -> pl.Series:
    return pl.select(pl.sum_horizontal(list(parts), ignore_nulls=False)).to_series()


def on_total(*columns: str) -> pl.Expr:
    """Rows that are totals over these dimensions."""
    return pl.all_horizontal(pl.col(column).is_null() for column in columns)


def with_figures(frame: pl.DataFrame, where: pl.Expr, base: pl.Series, figures: dict[str, Any]) -> pl.DataFrame:
    """The frame with figures on the rows `where`, null where the base is hidden or too small; `thin` where the policy flags it."""
    values = pl.DataFrame(
        [pl.lit(value).alias(name) if not isinstance(value, pl.Series) else value.alias(name) for name, value in figures.items()]
    )
    firm = frame.select(where & pl.lit(base >= least(frame))).to_series()
    made = frame.with_columns(pl.when(firm).then(value.fill_nan(None)).alias(value.name) for value in values)
    return (
        made.with_columns(thin=pl.col("thin") | pl.lit(firm & (base < frame["_flag"])).fill_null(False))
        if "_flag" in frame.columns
        else made
    )


def least(frame: pl.DataFrame) -> int:
    """The fewest people that a figure may stand on: the policy's, where `protect` says it."""
    return int(frame["_base"].max() or BASE) if "_base" in frame.columns else BASE  # type: ignore[arg-type]


@dataclass(frozen=True)
class Share:
    """The part that a cell has of the total over `over` (name a dimension with its coarser groups), or of the cell where it is `base`."""

    over: tuple[str, ...]
    of: str = "people"
    name: str = "share"
    base: Any = None

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        whole = dict.fromkeys(self.over, self.base)
        total = at(frame, self.of, whole)
        return with_figures(frame, pl.lit(True), at(frame, "people", whole), {self.name: frame[self.of] / total})


@dataclass(frozen=True)
class Rate:
    """The share of `part` in `base` (values of one dimension; no base: all of them) with Wilson's interval as `<name>_low`, `<name>_high`.

    `finer` are the dimensions below it, which stay at their total.
    """

    name: str
    dimension: str
    part: tuple[Any, ...]
    base: tuple[Any, ...] = ()
    of: str = "people"
    finer: tuple[str, ...] = ()

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        part = over(frame, self.of, self.dimension, self.part, self.finer)
        base = over(frame, self.of, self.dimension, self.base, self.finer)
        low, high = intervals.wilson(part, base)
        figures = {self.name: part / base, f"{self.name}_low": low, f"{self.name}_high": high}
        return with_figures(frame, on_total(self.dimension, *self.finer), base, figures)


@dataclass(frozen=True)
class Mean:
    """A sum per person (or per `per`)."""

    name: str
    of: str
    per: str = "people"

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        return with_figures(frame, pl.lit(True), frame["people"], {self.name: frame[self.of] / frame[self.per]})


@dataclass(frozen=True)
class Nps:
    """Net promoter score (-1 to 1) of `promoter`, `passive` and `detractor` in dimension `group`, with its adjusted Wald interval; and the
    share of `detractors` with Wilson's, which stands where too few promoters leave no score to show.

    `finer`: dimensions below the group; `outcome`: that above it, if there is one, in which `complete` are those who gave a score.
    """

    group: str = "group"
    finer: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    name: str = "nps"

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        below = dict.fromkeys(self.finer)
        promoters, detractors = (at(frame, "people", {**below, self.group: g}, self.outcome) for g in ("promoter", "detractor"))
        n = at(frame, "people", {**below, self.group: None, **dict.fromkeys(self.outcome, "complete")})
        low, high = intervals.nps_adjusted(promoters, detractors, n)
        few, many = intervals.wilson(detractors, n)
        figures = {self.name: intervals.nps(promoters, detractors, n)[0], f"{self.name}_low": low, f"{self.name}_high": high}
        figures |= {"detractors": detractors / n, "detractors_low": few, "detractors_high": many}
        return with_figures(frame, on_total(self.group, *self.finer, *self.outcome), n, figures)


@dataclass(frozen=True)
class Likert:
    """Mean, standard deviation, and the shares of the two highest and of the two lowest answers, each with Wilson's interval."""

    answer: str = "answer"
    scale: tuple[int, ...] = (1, 2, 3, 4, 5)

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        n = over(frame, "people", self.answer, ())
        counts = [over(frame, "people", self.answer, (value,)) for value in self.scale]
        mean = _weighted(counts, self.scale) / n
        spread = (_weighted(counts, [value**2 for value in self.scale]) - n * mean**2) / (n - 1)
        shown = with_figures(frame, on_total(self.answer), n, {"mean": mean, "sd": spread.clip(0) ** 0.5})
        top, bottom = Rate("top_two", self.answer, self.scale[-2:]), Rate("bottom_two", self.answer, self.scale[:2])
        return bottom(top(shown))


def _weighted(counts: list[pl.Series], weights: Iterable[int]) -> pl.Series:
    return _sum(n * weight for n, weight in zip(counts, weights, strict=True))


@dataclass(frozen=True)
class Change:
    """The value less that of `months` earlier, as a part of it (`relative`) or as it is."""

    name: str
    of: str
    months: int = 1
    by: str = "month"
    relative: bool = True

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        dated = frame.filter(pl.col(self.by).is_not_null()).select(*dimensions(frame), pl.col(self.of).alias("_before"))
        earlier = dated.with_columns(pl.col(self.by).dt.offset_by(f"{self.months}mo"))
        joined = frame.join(earlier, on=dimensions(frame), how="left", nulls_equal=True, maintain_order="left")
        change = pl.col(self.of) - pl.col("_before")
        figure = pl.when(pl.col("_before") > 0).then(change / pl.col("_before")) if self.relative else change
        return joined.with_columns(figure.alias(self.name)).drop("_before")


@dataclass(frozen=True)
class Stock:
    """Customers at the end of each month (`stock`): the opening ones, and those who joined less those who left up to then. A hidden cell
    hides the stock from its month on. Also `joined`, `left`, and `churn`: the part of the month's opening stock that left, with Wilson's
    interval."""

    movement: str = "movement"
    by: str = "month"

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        opening, joined, left = (over(frame, "people", self.movement, (value,)) for value in ("opening", "joined", "left"))
        months = frame.with_columns(opening.alias("_opening"), joined.alias("joined"), left.alias("left"))
        months = months.filter(on_total(self.movement), pl.col(self.by).is_not_null()).sort(self.by)
        net = pl.col("_opening") + pl.col("joined") - pl.col("left")
        stock = pl.when(net.is_null().cum_max().not_()).then(net.cum_sum())
        months = months.with_columns(stock.alias("stock"))
        before = months["stock"].shift()
        low, high = intervals.wilson(months["left"], before)
        churn = {"churn": months["left"] / before, "churn_low": low, "churn_high": high}
        figures = with_figures(months, pl.lit(True), before, churn)
        shown = figures.select(*dimensions(frame), "joined", "left", "stock", *churn)
        return frame.join(shown, on=dimensions(frame), how="left", nulls_equal=True, maintain_order="left")


@dataclass(frozen=True)
class Reached:
    """People who came at least as far as each stage, `reached`; and of those delivered (`of_delivered`) for the stages from there on.
    Stages `aside` lie beside the way: who is there came as far as the one before, and `reached` counts them alone."""

    stages: tuple[str, ...]
    aside: tuple[str, ...] = ()
    stage: str = "stage"
    delivered: str = "delivered"

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        beyond = {stage: (stage,) if stage in self.aside else self.stages[place:] for place, stage in enumerate(self.stages)}
        after = {stage: over(frame, "people", self.stage, values) for stage, values in beyond.items()}
        reached = pl.coalesce(pl.when(pl.col(self.stage) == stage).then(pl.lit(after[stage])) for stage in self.stages)
        shown = frame.with_columns(reached.alias("reached"))
        late = pl.col(self.stage).is_in(self.stages[self.stages.index(self.delivered) :])
        base = after[self.delivered]
        return with_figures(shown, late, base, {"of_delivered": shown["reached"] / base})


@dataclass(frozen=True)
class Uplift:
    """Share of buyers among those contacted less that in the holdout, as assigned, on the row of each campaign.

    Adds `rate`, `holdout_rate`, `uplift` with Newcombe's interval, `extra` (buyers that the campaign brought) with its interval,
    `p_value`, `p_holm` (adjusted for all campaigns shown) and first `mismatch_p`: the chance of the planned split giving these sizes; under
    `ALARM` the arms are not comparable and there is no uplift. A row of its own has uplift and extra of all campaigns together.
    """

    holdout_shares: tuple[tuple[str, float], ...]

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        n, other_n = (at(frame, "people", {"arm": arm, "outcome": None}) for arm in ("contacted", "holdout"))
        x, y = (at(frame, "people", {"arm": arm, "outcome": "bought"}) for arm in ("contacted", "holdout"))
        low, high = intervals.newcombe(x, n, y, other_n)
        gain, mismatch = x / n - y / other_n, self._mismatch(frame, n, other_n)
        effect = {"uplift": gain, "uplift_low": low, "uplift_high": high, "extra": n * gain, "extra_low": n * low, "extra_high": n * high}
        effect |= {"p_value": chance(intervals.difference_statistic(x, n, y, other_n))}
        both = pl.select(pl.min_horizontal(n, other_n)).to_series()
        shown = with_figures(frame, on_total("arm", "outcome"), both, {"rate": x / n, "holdout_rate": y / other_n, "mismatch_p": mismatch})
        fair = on_total("arm", "outcome") & pl.lit(mismatch.fill_null(1) >= ALARM)
        return _with_all(_with_holm(with_figures(shown, fair, both, effect)), n, other_n)

    def _mismatch(self, frame: pl.DataFrame, n: pl.Series, other_n: pl.Series) -> pl.Series:
        planned = pl.col("campaign").replace_strict(dict(self.holdout_shares), default=None, return_dtype=pl.Float64)
        return chance(intervals.ratio_statistic(other_n, n + other_n, frame.select(planned).to_series()))


def chance(statistic: pl.Series) -> pl.Series:
    """p-value of a chi-square statistic with one degree of freedom."""
    from scipy.special import erfc

    values = (statistic.cast(pl.Float64).fill_null(float("nan")) / 2) ** 0.5
    return pl.Series(statistic.name, erfc(values.to_numpy()), nan_to_null=True)


def _with_holm(frame: pl.DataFrame) -> pl.DataFrame:
    known = frame.filter(pl.col("p_value").is_not_null()).select(*dimensions(frame), "p_value")
    adjusted = known.with_columns(pl.Series("p_holm", intervals.holm(known["p_value"].to_list()), dtype=pl.Float64)).drop("p_value")
    return frame.join(adjusted, on=dimensions(frame), how="left", nulls_equal=True, maintain_order="left")


@dataclass(frozen=True)
class Cost:
    """What a campaign cost (not personal data: from the books), per person contacted, and per buyer it brought if it surely brought any."""

    cents: tuple[tuple[str, int], ...]

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        cents = pl.col("campaign").replace_strict(dict(self.cents), default=None, return_dtype=pl.Int64)
        contacted = at(frame, "people", {"arm": "contacted", "outcome": None})
        costed = frame.with_columns(pl.when(on_total("arm", "outcome")).then(cents).alias("cost_cents"))
        each = pl.when(pl.lit(contacted) > 0).then(pl.col("cost_cents") / pl.lit(contacted))
        per_buyer = pl.when(pl.col("uplift_low") > 0).then(pl.col("cost_cents") / pl.col("extra"))
        return costed.with_columns(each.alias("cents_per_person"), per_buyer.alias("cents_per_extra"))


def _with_all(frame: pl.DataFrame, n: pl.Series, other_n: pl.Series) -> pl.DataFrame:
    """One more row, for all campaigns that have an uplift: that of the mean person contacted, and the buyers whom they brought together."""
    p, q = pl.col("rate"), pl.col("holdout_rate")
    spread = (p * (1 - p) / pl.col("_n") + q * (1 - q) / pl.col("_other")) * pl.col("_n") ** 2
    known = frame.with_columns(_n=n, _other=other_n).filter(pl.col("uplift").is_not_null())
    if known.is_empty():
        return frame
    extra, variance, people = known.select(pl.col("extra").sum(), spread.sum().alias("variance"), pl.col("_n").sum()).row(0)
    ends = {"": extra, "_low": extra - intervals.z() * variance**0.5, "_high": extra + intervals.z() * variance**0.5}
    figures = {f"extra{end}": value for end, value in ends.items()} | {f"uplift{end}": value / people for end, value in ends.items()}
    figures = known.select(figures.keys()).row(0, named=True) if known.height == 1 else figures
    return pl.concat([frame, pl.DataFrame([figures]).cast({name: frame.schema[name] for name in figures})], how="diagonal")


@dataclass(frozen=True)
class Worth:
    """The money of the buyers that a campaign brought, `extra_cents` with its interval: as many as `Uplift` found, each with what the
    buyers among those contacted spent in the window."""

    of: str = "amount_cents"

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        buyers = {"arm": "contacted", "outcome": "bought"}
        each = at(frame, self.of, buyers) / at(frame, "people", buyers)
        mean = pl.lit(each.fill_nan(None))
        worth = frame.with_columns((pl.col(f"extra{end}") * mean).alias(f"extra_cents{end}") for end in ("", "_low", "_high"))
        together = pl.col("campaign").is_null() & pl.col("extra").is_not_null()
        return worth.with_columns(pl.when(together).then(pl.col("extra_cents").sum()).otherwise("extra_cents").alias("extra_cents"))


@dataclass(frozen=True)
class CostEach:
    """What a campaign cost (from the books), `cost_cents`, and per message that had the `outcome`, `cents_each`."""

    cents: tuple[tuple[str, int], ...]
    outcome: str
    of: str = "contacts"

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        cents = pl.col("campaign").replace_strict(dict(self.cents), default=None, return_dtype=pl.Int64)
        costed = frame.with_columns(pl.when(pl.col("outcome").is_null()).then(cents).alias("cost_cents"))
        count = at(frame, self.of, {"outcome": self.outcome})
        return costed.with_columns(pl.when(pl.lit(count) > 0).then(pl.col("cost_cents") / pl.lit(count)).alias("cents_each"))


@dataclass(frozen=True)
class Given:
    """Columns that are known beside the cells: words, or figures of a model over many people; each of `rows` begins with a value of
    `dimension`."""

    dimension: str
    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        columns = dict(zip((self.dimension, *self.names), zip(*self.rows, strict=True), strict=True)) if self.rows else {}
        given = pl.DataFrame(columns, schema_overrides={self.dimension: frame.schema[self.dimension]})
        return (
            frame.join(given, on=self.dimension, how="left", maintain_order="left")
            if self.rows
            else frame.with_columns(**dict.fromkeys(self.names))
        )
