"""Beliefs: the money of a forecast, told only where it is
worth telling."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from genlib.metrics.lookup import attach_columns


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
        rows = attach_columns("kind", judged)(frame)
        return rows.with_columns(
            forecast_cents=pl.when("has_past").then("forecast_cents"),
            expected_cents=pl.when("_believed").then("expected_cents"),
        ).drop("has_past", "_believed")
