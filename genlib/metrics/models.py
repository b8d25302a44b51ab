"""How often, how long and how much customers buy: BG/NBD and gamma-gamma, fitted on counts of equal
histories.

Fader, Hardie and Lee 2005, Marketing Science 24(2); Fader and Hardie 2013, note 025.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from genlib.errors import BadInput
from genlib.metrics.rows import Rows, collect, lazy

Vector = NDArray[np.float64]


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
        frequency: Any,
        recency: Any,
        T: Any,  # noqa: N803 - the name in the papers
    ) -> Any:
        """The chance that a customer with this history still buys."""
        x, recency, horizon = (np.asarray(value, dtype=float) for value in (frequency, recency, T))
        alive: Vector = 1 / (1 + self._odds_of_leaving(x, recency, horizon))
        return alive if alive.ndim else float(alive)

    def _odds_of_leaving(self, x: Vector, recency: Vector, horizon: Vector) -> Vector:
        silence = (self.r + x) * np.log((self.alpha + horizon) / (self.alpha + recency))
        of_repeaters = self.a / (self.b + np.maximum(x, 1) - 1)
        return np.where(x > 0, of_repeaters * np.exp(np.minimum(silence, 700)), 0.0)

    def expected_purchases(
        self,
        t: float,
        frequency: Any = 0,
        recency: Any = 0,
        T: Any = 0,  # noqa: N803 - the name in the papers
    ) -> Any:
        """Purchases to expect in the next `t` units of time; of a new customer, if no history is
        given."""
        x, recency, horizon = (np.asarray(value, dtype=float) for value in (frequency, recency, T))
        frequencies, place = np.unique(x, return_inverse=True)
        expected = np.zeros(np.broadcast_shapes(x.shape, horizon.shape))
        for dropout, weight in zip(*self._dropouts(frequencies), strict=True):
            p = dropout[place].reshape(x.shape)
            growth = np.log1p(p * t / (self.alpha + horizon))
            expected += weight * -np.expm1(-(self.r + x) * growth) / p
        expected /= 1 + self._odds_of_leaving(x, recency, horizon)
        return expected if expected.ndim else float(expected)

    def _dropouts(self, x: Vector) -> tuple[Vector, Vector]:
        """Nodes (a row each) and weights (Gauss and Legendre) over the dropout probability of those
        alive after x repeat purchases. The hypergeometric function of the closed form breaks down
        for parameters that small data gives."""
        from scipy.special import betaincinv, roots_legendre

        nodes, weights = roots_legendre(64)
        return np.maximum(
            betaincinv(self.a, self.b + x, (nodes[:, None] + 1) / 2), 1e-12
        ), weights / 2


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
        pay."""
        return (self.gamma + frequency * monetary) * self.p / (self.p * frequency + self.q - 1)


def _histories(summary: Rows, *columns: str) -> list[Vector]:
    """The columns of equal histories, and the number of customers who have each."""
    equal = collect(summary.group_by(*columns).agg(nw.len().alias("n"))).sort(columns)
    if equal.filter(pl.col("frequency") > 0).is_empty():
        raise BadInput("no model fits: nobody bought again")
    return [equal[name].cast(pl.Float64).to_numpy() for name in (*columns, "n")]


def fit_bg_nbd(summary: Any) -> BgNbd:
    """BG/NBD by maximum likelihood, of a purchase summary (Fader, Hardie and Lee 2005)."""
    from scipy.special import betaln, expit, gammaln, psi

    x, recency, horizon, n = _histories(lazy(summary), "frequency", "recency", "T")
    scale = float(np.average(horizon, weights=n)) or 1.0  # so that days and years fit as easily
    recency = recency / scale
    horizon = horizon / scale
    frequencies, place = np.unique(x, return_inverse=True)
    repeated = x > 0

    def likelihood(parameters: Vector) -> tuple[float, Vector]:
        r, alpha, a, b = parameters
        constants = (
            gammaln(r + frequencies)
            - gammaln(r)
            + r * np.log(alpha)
            + betaln(a, b + frequencies)
            - betaln(a, b)
        )
        late = np.log(alpha + horizon)
        early = np.log(alpha + recency)
        odds = np.where(
            repeated,
            np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * (late - early),
            -np.inf,
        )
        gone = expit(odds)
        value = _sum(
            n, constants[place] - (r + x) * late + np.logaddexp(0, odds) - x * np.log(scale)
        )
        both = psi(a + b) - psi(a + b + frequencies)
        slopes = [
            _sum(
                n,
                (psi(r + frequencies) - psi(r) + np.log(alpha))[place]
                - late
                + gone * (late - early),
            ),
            _sum(
                n, r / alpha - (r + x) * ((1 - gone) / (alpha + horizon) + gone / (alpha + recency))
            ),
            _sum(n, both[place] + gone / a),
            _sum(
                n, (both + psi(b + frequencies) - psi(b))[place] - gone / (b + np.maximum(x, 1) - 1)
            ),
        ]
        return value, np.array(slopes)

    r, alpha, a, b, best = _maximise(likelihood, n.sum(), (1.0, 0.1, 1.0, 2.0))
    return BgNbd(r, alpha * scale, a, b, best)


def fit_gamma_gamma(summary: Any) -> GammaGamma:
    """Gamma-gamma model of purchase values by maximum likelihood, of the customers who bought again
    (Fader and Hardie 2013)."""
    from scipy.special import gammaln, psi

    again = lazy(summary).filter(nw.col("frequency") > 0, nw.col("monetary") > 0)
    x, mean, n = _histories(again, "frequency", "monetary")
    scale = float(np.average(mean, weights=n))  # so that cents and euros are as easy to fit
    mean = mean / scale
    frequencies, place = np.unique(x, return_inverse=True)

    def likelihood(parameters: Vector) -> tuple[float, Vector]:
        p, above_one, gamma = parameters
        q = 1 + above_one  # q > 1, or customers would have no mean value
        constants = (
            gammaln(p * frequencies + q)
            - gammaln(p * frequencies)
            - gammaln(q)
            + p * frequencies * np.log(frequencies)
        )
        sums = gamma + x * mean
        logs = np.log(gamma + x * mean)
        value = _sum(
            n,
            constants[place]
            + q * np.log(gamma)
            + (p * x - 1) * np.log(mean)
            - (p * x + q) * logs
            - np.log(scale),
        )
        rise = psi(p * frequencies + q)
        slopes = [
            _sum(
                n,
                x
                * (
                    (rise - psi(p * frequencies) + np.log(frequencies))[place] + np.log(mean) - logs
                ),
            ),
            _sum(n, (rise - psi(q))[place] + np.log(gamma) - logs),
            _sum(n, q / gamma - (p * x + q) / sums),
        ]
        return value, np.array(slopes)

    p, excess, gamma, best = _maximise(likelihood, n.sum(), (2.0, 1.0, 1.0))
    return GammaGamma(p, 1 + excess, gamma * scale, best)


def _sum(n: Vector, values: Vector) -> float:
    """Weighted; a dot product would wake the threads of BLAS, a thousand times slower on so few
    numbers."""
    return float(np.sum(n * values))


def _maximise(
    likelihood: Callable[[Vector], tuple[float, Vector]], people: float, start: tuple[float, ...]
) -> tuple[float, ...]:
    """The positive parameters with the greatest log-likelihood, and it; `likelihood` gives it with
    its slopes."""
    from scipy.optimize import minimize

    def downhill(logs: Vector) -> tuple[float, Vector]:
        value, slopes = likelihood(np.exp(logs))
        return -value / people, -slopes * np.exp(logs) / people

    bounds = [(-8.0, 8.0)] * len(start)
    options = {"maxiter": 500, "ftol": 1e-15, "gtol": 1e-9}
    optimum = minimize(
        downhill, np.log(start), method="L-BFGS-B", jac=True, bounds=bounds, options=options
    )
    if not np.isfinite(optimum.fun):
        raise BadInput("no model fits: too few customers bought again")
    return (*(float(value) for value in np.exp(optimum.x)), -float(optimum.fun * people))
