"""Ties: what holds between figures of several tables or reports that no table says - a sum, and the
unknown that is left over."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from genlib.disclosure.system import ANY_SIGN

MEMBERS = {"tie": pl.Int64, "name": pl.UInt64, "value": pl.Int64, "low": pl.Int64, "sign": pl.Int64}
RESTS = {
    "tie": pl.Int64,
    "name": pl.UInt64,
    "value": pl.Int64,
    "low": pl.Int64,
    "up": pl.Int64,
    "down": pl.Int64,
}
ENTRIES = {"relation": pl.Int64, "variable": pl.Int64, "sign": pl.Int64}


@dataclass(frozen=True)
class Ties:
    """`members` of each `tie`, figures by their names with their signs; `rests`: what is left over
    of it, with the moves that it needs (no row: nothing is) and its name (0: nobody else's)."""

    members: pl.DataFrame
    rests: pl.DataFrame

    def and_(self, other: Ties) -> Ties:
        """Both, numbered on."""
        after = pl.col("tie") + (self.members["tie"].max() or -1) + 1
        return Ties(
            pl.concat([self.members, other.members.with_columns(after)]),
            pl.concat([self.rests, other.rests.with_columns(after)]),
        )

    def beside(self, known: pl.Series) -> Ties:
        """Without those of which everything is `known`."""
        return self.only(self.members.filter(~pl.col("name").is_in(known.implode()))["tie"])

    def only(self, ties: pl.Series) -> Ties:
        """Those of these numbers."""
        return Ties(
            *(
                side.filter(pl.col("tie").is_in(ties.implode()))
                for side in (self.members, self.rests)
            )
        )

    def variables(self) -> pl.DataFrame:
        """The unknowns as the ledger keeps them: figures first, which it knows by their names, then
        what is left over."""
        figures = self.members.unique("name", keep="first", maintain_order=True)
        needless = {
            "up": pl.lit(0, pl.Int64),
            "down": pl.lit(0, pl.Int64),
            "tie": pl.lit(-1, pl.Int64),
        }
        return pl.concat(
            [
                figures.select("name", "value", "low", **needless),
                self.rests.select("name", "value", "low", "up", "down", "tie"),
            ]
        )

    def entries(self) -> pl.DataFrame:
        """The relations between the `variables`."""
        listed = (
            self.variables()
            .with_row_index("variable")
            .with_columns(pl.col("variable").cast(pl.Int64))
        )
        figures = listed.filter(pl.col("tie") < 0)
        rests = listed.filter(pl.col("tie") >= 0)
        told = self.members.join(
            figures.select("name", "variable"), on="name", maintain_order="left"
        ).select("tie", "variable", "sign")
        both = pl.concat([told, rests.select("tie", "variable", sign=pl.lit(-1, pl.Int64))])
        return both.select(
            relation=pl.col("tie").rank("dense").cast(pl.Int64) - 1,
            variable="variable",
            sign="sign",
        ).sort("relation")


def no_ties() -> Ties:
    return Ties(pl.DataFrame(schema=MEMBERS), pl.DataFrame(schema=RESTS))


def anything() -> pl.Expr:
    """What may be less than nothing."""
    return pl.lit(ANY_SIGN, pl.Int64)
