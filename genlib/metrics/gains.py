"""Gains: what a campaign brought beyond what would have come anyway, by its holdout.

Of 100 contacted 12 bought and of 100 held out 8: the uplift is 4 points, the extra buyers 4."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from genlib.metrics import intervals
from genlib.metrics.intervals import interval
from genlib.metrics.lookup import at, attach_columns, on_total, with_figures

ALARM = 0.001
"""Sizes of two groups that are less likely than this under the planned split were not drawn as
planned."""
EXPECTED = 5
"""So many buyers, and so many who do not buy, are to be expected in the smaller arm, or there is no
uplift (Cochran 1954, Biometrics 10). Below it cells of one to four buyers are hidden, so that only
campaigns where nobody held out bought would be told: chance would look like success."""


def uplift(frame: pl.DataFrame) -> pl.DataFrame:
    """Share of buyers among those contacted less that in the holdout, as assigned, on the row of
    each campaign.

    Adds `rate`, `holdout_rate`, `uplift` with Newcombe's interval, `extra` (buyers that the
    campaign brought) with its interval, `p_value`, `p_holm` (adjusted for all campaigns shown) and
    first `mismatch_p`: the chance of the planned split (`holdout_share`) giving these sizes; under
    `ALARM` the arms are not comparable and there is no uplift; nor is there where fewer than
    `EXPECTED` buyers, or others, are to be expected in the smaller arm.

    Example: of 90 contacted 9 bought and of 30 held out none: 10% would be told as brought by the
    campaign, though of 30 at the rate of both together 2 or 3 would buy: it is not told.
    """
    n, buyers, other_n, other_buyers = read_arms(frame, "people")
    rate = buyers / n
    other_rate = other_buyers / other_n
    split = intervals.ratio_statistic(other_n, n + other_n, frame["holdout_share"])
    mismatch = chance(split)
    rates = {"rate": rate, "holdout_rate": other_rate, "mismatch_p": mismatch}
    smaller = pl.select(pl.min_horizontal(n, other_n)).to_series()
    whole = on_total("arm", "outcome")
    rated = with_figures(frame, whole, smaller, rates)
    gain = rate - other_rate
    ends = intervals.newcombe(buyers, n, other_buyers, other_n)
    effect = interval("uplift", gain, ends)
    effect |= interval("extra", n * gain, [n * end for end in ends])
    difference = intervals.difference_statistic(buyers, n, other_buyers, other_n)
    effect["p_value"] = chance(difference)
    is_fair = whole & pl.lit(mismatch.fill_null(1) >= ALARM)
    is_comparable = is_fair & pl.lit(has_enough(n, buyers, other_n, other_buyers))
    return _with_holm(with_figures(rated, is_comparable, smaller, effect))


def read_arms(frame: pl.DataFrame, measure: str) -> tuple[pl.Series, ...]:
    """How many were contacted and bought, and how many were held out and bought, for each row.

    >>> arms = {"arm": ["contacted", "contacted"], "outcome": ["bought", None], "people": [9, 90]}
    >>> [counts[0] for counts in read_arms(pl.DataFrame(arms), "people")]
    [90, 9, 0, 0]
    """
    counts = {
        f"{arm} {outcome}": at(frame, measure, {"arm": arm, "outcome": outcome})
        for arm in ("contacted", "holdout")
        for outcome in (None, "bought")
    }
    return tuple(frame.select(**counts))


def has_enough(
    n: pl.Series, buyers: pl.Series, other_n: pl.Series, other_buyers: pl.Series
) -> pl.Series:
    """Whether so many buyers, and so many others, are to be expected in the smaller arm that there
    is an uplift (`EXPECTED`); not where one of the counts is hidden.

    Of 90 and 30 people 9 and 11 bought: 5 of the smaller arm would at the rate of both together.

    >>> counts = [pl.Series([number]) for number in (90, 9, 30, 11)]
    >>> has_enough(*counts).to_list()
    [True]
    """
    people = n + other_n
    bought = buyers + other_buyers
    smaller = pl.min_horizontal(n, other_n)
    rarer = pl.min_horizontal(bought, people - bought)
    is_enough = smaller * rarer >= EXPECTED * people
    return pl.select(is_enough.fill_null(value=False)).to_series()


def chance(statistic: pl.Series) -> pl.Series:
    """p-value of a chi-square statistic with one degree of freedom.

    >>> chance(pl.Series([0.0, 3.841, None])).round(3).to_list()
    [1.0, 0.05, None]
    """
    from scipy.special import erfc

    values = (statistic.cast(pl.Float64).fill_null(float("nan")) / 2) ** 0.5
    return pl.Series(statistic.name, erfc(values.to_numpy()), nan_to_null=True)


def _with_holm(frame: pl.DataFrame) -> pl.DataFrame:
    """With the p-values adjusted for looking at all of them.

    >>> _with_holm(pl.DataFrame({"p_value": [0.01, None, 0.04]}))["p_holm"].to_list()
    [0.02, None, 0.04]
    """
    p_values = frame["p_value"].drop_nulls().to_list()
    adjusted = dict(zip(p_values, intervals.holm(p_values), strict=True))
    p_value = pl.col("p_value")
    p_holm = p_value.replace_strict(adjusted, default=None, return_dtype=pl.Float64)
    return frame.with_columns(p_holm=p_holm)


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
        spread = attach_columns("campaign", self.spreads)(frame)["spread"]
        contacted = _Arm.of(frame, "contacted")
        holdout = _Arm.of(frame, "holdout")
        usual = (contacted.cents + holdout.cents) / (contacted.buyers + holdout.buyers)
        brought = contacted.n * (contacted.cents / contacted.n - holdout.cents / holdout.n)
        squares = [arm.variance(spread, usual) / arm.n for arm in (contacted, holdout)]
        error = contacted.n * (squares[0] + squares[1]).sqrt()
        reach = intervals.z() * error
        money = interval("extra_cents", brought, (brought - reach, brought + reach))
        is_told = pl.col("uplift").is_not_null() & pl.lit(error.is_not_null())
        each = pl.col("cost_cents") / pl.col("extra")
        return frame.with_columns(
            **{name: pl.when(is_told).then(pl.lit(value)) for name, value in money.items()},
            cents_per_extra=pl.when(pl.col("uplift_low") > 0).then(each),
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


def cost_each(frame: pl.DataFrame, *, outcome: str) -> pl.DataFrame:
    """What a campaign cost (`cost_cents`) per message that had the outcome, `cents_each`.

    A campaign of 90 euros had 30 answers:

    >>> frame = pl.DataFrame(
    ...     {
    ...         "outcome": ["responded", "not", None],
    ...         "people": [None, None, None],
    ...         "contacts": [30, 70, 100],
    ...         "cost_cents": [9_000, 9_000, 9_000],
    ...     }
    ... )
    >>> cost_each(frame, outcome="responded")["cents_each"].to_list()
    [None, None, 300.0]
    """
    count = at(frame, "contacts", {"outcome": outcome})
    each = pl.col("cost_cents") / count
    return frame.with_columns(cents_each=pl.when(on_total("outcome"), count > 0).then(each))
