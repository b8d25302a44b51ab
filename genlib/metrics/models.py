"""How often, how long and how much customers buy: BG/NBD and gamma-gamma, fitted on counts of equal
histories.

Fader, Hardie and Lee 2005, Marketing Science 24(2); Fader and Hardie 2013, note 025.

Example, with the parameters of that paper, in weeks: who bought twice after the first time, the
last time after 30.43 of 38.86 weeks, is expected to buy 1.226 times in the next 39.

>>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, log_likelihood=-9582.4)
>>> round(float(model.expected_purchases(39, 2, 30.43, 38.86)), 3)
1.226
>>> round(float(model.probability_alive(2, 30.43, 38.86)), 2)
0.73
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from genlib.errors import BadInput, UsageError
from genlib.metrics.rows import Rows, collect, read_frame

Vector = NDArray[np.float64]
Curve = Callable[[Any], Any]
Likelihood = tuple[Vector, list[Vector]]
"""The log-likelihood of each history, and its slopes in each parameter."""
History = Any
"""Numbers or arrays of them: of one customer, or of many."""
MOST_SILENT = 700
"""The exponential of more is infinite."""
EDGE = 8
"""No logarithm of a parameter is looked for beyond."""
MANY = 20_000
"""Of more histories than twice this some are fitted first."""


@dataclass(frozen=True)
class BgNbd:
    """Purchases come at random at a rate of the customer's own (gamma: r, alpha), until he drops
    out after one of them (beta: a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float

    def probability_alive(
        self,
        frequency: History,
        recency: History,
        T: History,  # noqa: N803 - the name in the papers
    ) -> Any:
        """The chance that a customer with this history still buys; 1 of who bought once, for one
        drops out after buying again only."""
        x, since_last, since_first = read_numbers(frequency=frequency, recency=recency, T=T)
        dropout = self.a / (self.b + np.maximum(x, 1) - 1)
        now = np.log(self.alpha + since_first)
        last = np.log(self.alpha + since_last)
        silence = (self.r + x) * (now - last)
        odds_of_repeaters = dropout * np.exp(np.minimum(silence, MOST_SILENT))
        odds_of_leaving = np.where(x > 0, odds_of_repeaters, 0)
        return 1 / (1 + odds_of_leaving)

    def expected_purchases(
        self,
        t: float,
        frequency: History = 0,
        recency: History = 0,
        T: History = 0,  # noqa: N803 - the name in the papers
    ) -> Any:
        """Purchases to expect in the next `t` units of time; of a new customer, if no history is
        given."""
        ahead, x, _, since_first = read_numbers(t=t, frequency=frequency, recency=recency, T=T)
        late = self.alpha + since_first
        frequencies, place = np.unique(x, return_inverse=True)
        expected = np.zeros(np.broadcast_shapes(ahead.shape, x.shape, late.shape))
        for dropout, weight in zip(*self._dropouts(frequencies), strict=True):
            p = dropout[place]
            growth = np.log1p(p * ahead / late)
            expected -= weight * np.expm1(-(self.r + x) * growth) / p
        return expected * self.probability_alive(x, recency, T)

    def _dropouts(self, x: Vector) -> tuple[Vector, Vector]:
        """Nodes (a row each) and weights (Gauss and Legendre) over the dropout probability of those
        alive after x repeat purchases. The hypergeometric function of the closed form breaks down
        for parameters that small data gives."""
        from scipy.special import betaincinv, roots_legendre

        nodes, weights = roots_legendre(64)
        chances = (nodes[:, None] + 1) / 2
        dropouts = betaincinv(self.a, self.b + x, chances)
        return np.maximum(dropouts, 1e-12), weights / 2


@dataclass(frozen=True)
class GammaGamma:
    """The value of a purchase varies around a mean of the customer's own (gamma: p), and these
    means vary too (q, gamma)."""

    p: float
    q: float
    gamma: float
    log_likelihood: float

    def expected_value(self, frequency: Any, monetary: Any) -> Any:
        """The mean value of a customer's purchases: between what he paid so far and what all
        pay.

        With the parameters of the paper all pay 35 on average; who paid 50 twice is expected to
        pay 47 a time:

        >>> model = GammaGamma(p=6.25, q=3.74, gamma=15.44, log_likelihood=-4055)
        >>> [round(float(model.expected_value(x, mean)), 1) for x, mean in ((0, 0), (2, 50))]
        [35.2, 47.3]
        """
        x, each = read_numbers(frequency=frequency, monetary=monetary)
        paid = self.gamma + x * each
        return paid * self.p / (self.p * x + self.q - 1)


def read_numbers(**given: History) -> list[Vector]:
    """Each argument as an array of numbers; UsageError for what are none, for one below zero, and
    for arrays that do not go together."""
    arrays: list[Vector] = []
    for name, value in given.items():
        try:
            numbers = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            raise UsageError(f"{name} is a number or a list of numbers, one a customer") from None
        if not (numbers >= 0).all():
            raise UsageError(f"{name} is of numbers from 0 on, and none of them is missing")
        arrays.append(numbers)
    try:
        np.broadcast_shapes(*(one.shape for one in arrays))
    except ValueError:
        raise UsageError(f"{', '.join(given)} are as many numbers each, or one") from None
    return arrays


def fit_bg_nbd(summary: Any) -> BgNbd:
    """BG/NBD by maximum likelihood, of a purchase summary (Fader, Hardie and Lee 2005)."""
    *histories, n = _count_histories(_read_summary(summary, "frequency", "recency", "T"))
    # so that days and years fit as easily
    scale = float(np.average(histories[-1], weights=n)) or 1.0
    rate_buying = partial(_rate_buying, scale=scale)
    r, alpha, a, b, best = _maximise(rate_buying, histories, n, (1.0, 0.1, 1.0, 2.0))
    return BgNbd(r, alpha * scale, a, b, best)


def _rate_buying(
    x: Vector, recency: Vector, horizon: Vector, *, scale: float
) -> Callable[[Vector], Likelihood]:
    """The likelihood of BG/NBD, with its time in units of the scale, of these histories."""
    from scipy.special import gammaln, psi

    frequencies, place = np.unique(x, return_inverse=True)
    is_repeater = x > 0
    since_last = np.where(is_repeater, recency, horizon) / scale
    since_first = horizon / scale
    earlier = np.maximum(x, 1) - 1

    # gamma functions are slow, and many histories have the same frequency
    def rise(function: Curve, start: float) -> Any:
        return (function(start + frequencies) - function(start))[place]

    def likelihood(parameters: Vector) -> Likelihood:
        r, alpha, a, b = parameters
        last = alpha + since_last
        first = alpha + since_first
        silence = np.log(first / last)
        stays = np.exp(-(r + x) * silence)
        leaves = np.where(is_repeater, a / (b + earlier), 0)
        chance = stays / (stays + leaves)
        rate = np.log(alpha / last)
        values = rise(gammaln, r) + rise(gammaln, b) - rise(gammaln, a + b) + r * rate
        values += np.log(stays + leaves) - x * np.log(last * scale)
        gone = 1 - chance
        rise_of_both = rise(psi, a + b)
        slope_of_r = rise(psi, r) + rate - chance * silence
        slope_of_alpha = r / alpha - (r + x) * (chance / first + gone / last)
        slope_of_a = gone / a - rise_of_both
        slope_of_b = rise(psi, b) - rise_of_both - gone / (b + earlier)
        return values, [slope_of_r, slope_of_alpha, slope_of_a, slope_of_b]

    return likelihood


def fit_gamma_gamma(summary: Any) -> GammaGamma:
    """Gamma-gamma model of purchase values by maximum likelihood, of the customers who bought again
    (Fader and Hardie 2013)."""
    summary = _read_summary(summary, "frequency", "monetary")
    again = summary.filter(nw.col("frequency") > 0, nw.col("monetary") > 0)
    *histories, n = _count_histories(again)
    scale = float(np.average(histories[-1], weights=n))  # so that cents and euros are as easy
    rate_values = partial(_rate_values, scale=scale)
    p, excess, gamma, best = _maximise(rate_values, histories, n, (2.0, 1.0, 1.0))
    return GammaGamma(p, 1 + excess, gamma * scale, best)


def _rate_values(x: Vector, monetary: Vector, *, scale: float) -> Callable[[Vector], Likelihood]:
    """The likelihood of gamma-gamma, with its money in units of the scale, of these histories."""
    from scipy.special import betaln, psi

    paid = x * monetary / scale

    def likelihood(parameters: Vector) -> Likelihood:
        p, above_one, gamma = parameters
        q = 1 + above_one  # q > 1, or customers would have no mean value
        log_share = np.log(paid / (gamma + paid))
        common = np.log(gamma / (gamma + paid))
        values = p * x * log_share + q * common - np.log(monetary) - betaln(p * x, q)
        rise = psi(p * x + q)
        slope_of_p = x * (log_share + rise - psi(p * x))
        slope_of_q = common + rise - psi(q)
        slope_of_gamma = q / gamma - (p * x + q) / (gamma + paid)
        return values, [slope_of_p, slope_of_q, slope_of_gamma]

    return likelihood


def _read_summary(summary: Any, *columns: str) -> Rows:
    """These columns of a purchase summary; UsageError for what is none."""
    called = "the purchase summary"
    frame: Rows = read_frame(summary, called, *columns).lazy().select(*columns)
    kinds = frame.collect_schema()
    is_number = {name: kind.is_numeric() or kind == nw.Unknown for name, kind in kinds.items()}
    strange = [name for name in columns if not is_number[name]]  # of nothing but blanks: unknown
    if strange:
        raise UsageError(f"column {', '.join(strange)} of {called} holds no numbers")
    return frame


def _count_histories(summary: Rows) -> list[Vector]:
    """The columns of equal histories, and the number of customers who have each.

    >>> summary = pl.DataFrame({"frequency": [2, 0, 2], "T": [9, 9, 9]})
    >>> [column.tolist() for column in _count_histories(nw.from_native(summary.lazy()))]
    [[0.0, 2.0], [9.0, 9.0], [1.0, 2.0]]
    """
    columns = summary.collect_schema().names()
    by_history = summary.group_by(*columns)
    histories = collect(by_history.agg(nw.len().alias("n"))).sort(columns)
    if histories.filter(pl.col("frequency") > 0).is_empty():
        raise BadInput("no model fits: nobody bought again")
    return [histories[name].cast(pl.Float64).to_numpy() for name in (*columns, "n")]


def _maximise(
    rate: Callable[..., Callable[[Vector], Likelihood]],
    histories: list[Vector],
    n: Vector,
    start: tuple[float, ...],
) -> list[float]:
    """The positive parameters with the greatest log-likelihood that `rate` finds for `n` customers
    of each history, and it.

    Of many histories each n-th is gone through first: where the best parameters of these lie, and
    how steep it is there, leads to those of all in a few rounds in place of twenty."""
    likelihood = partial(_look_downhill, rate(*histories), n)
    optimum = _minimise_many(likelihood, rate, histories, n, np.log(start))
    if optimum is None:
        optimum = _minimise_within(likelihood, np.log(start))
    if not np.isfinite(optimum.fun):
        raise BadInput("no model fits: too few customers bought again")
    return [*np.exp(optimum.x).tolist(), float(-optimum.fun * n.sum())]


def _minimise_many(
    likelihood: Any, rate: Any, histories: list[Vector], n: Vector, start: Vector
) -> Any:
    """The optimum of many histories; None of few, and where the search ends elsewhere: beyond the
    edges, or before the optimum."""
    step = n.size // MANY
    if step < 2:
        return None
    some = rate(*(column[::step] for column in histories))
    near = _minimise(partial(_look_downhill, some, n[::step]), start, gtol=1e-9)
    if not _is_within(near.x):
        return None
    curve = (near.hess_inv + near.hess_inv.T) / 2
    optimum = _minimise(likelihood, near.x, gtol=1e-7, hess_inv0=curve)
    return optimum if optimum.success and _is_within(optimum.x) else None


def _is_within(logs: Vector) -> bool:
    return bool(np.abs(logs).max() < EDGE)


def _look_downhill(
    likelihood: Callable[[Vector], Likelihood], n: Vector, logs: Vector
) -> tuple[float, Vector]:
    """The likelihood a customer with its sign turned, and its slopes in the logarithms of the
    parameters."""
    parameters = np.exp(logs)
    values, slopes = likelihood(parameters)
    # a dot product would wake the threads of BLAS, a thousand times slower on so few numbers
    value, *sums = (np.sum(n * one) for one in (values, *slopes))
    people = n.sum()
    return -value / people, -np.array(sums) * parameters / people


def _minimise(downhill: Any, start: Vector, **options: Any) -> Any:
    from scipy.optimize import minimize

    return minimize(downhill, start, method="BFGS", jac=True, options=options)


def _minimise_within(downhill: Any, start: Vector) -> Any:
    """The optimum within the edges, to which histories that are all alike lead."""
    from scipy.optimize import minimize

    return minimize(
        downhill,
        start,
        method="L-BFGS-B",
        jac=True,
        bounds=[(-EDGE, EDGE)] * len(start),
        options={"maxiter": 500, "ftol": 1e-15, "gtol": 1e-9},
    )
