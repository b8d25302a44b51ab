"""What a workbook or a Parquet file holds as a date, an instant, an amount or a truth, and not as a
text: it is read by what it is, however the source writes its texts.

Such a cell comes as a program writes it - the day 2026-10-02 of Excel as `2026-10-02 00:00:00`, 12
euros and 50 cents as `12.5`, a truth as `true` - and never as its sheet shows it: "2.10.2026",
"12,50 €", "TOSI". What is not written so is null here and read as the feed says (`formats`).
"""

from __future__ import annotations

import polars as pl

from genlib.register.feeds.formats import MONEY, Format, count_cents, place_in_zone

DAY = r"^(\d{4}-\d{2}-\d{2})(?:[ T]00:00:00)?$"
LOCAL = r"^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.\d+)?$"
WITH_ZONE = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"
NUMBER = r"^-?\d+(?:\.\d+)?$"
EUROS = r"^-?\d+\.\d{1,2}$"
DIGITS = 15
"""As many figures of a number are what Excel shows; those after them come from its computing."""


def read_typed_day(text: pl.Expr, form: Format) -> pl.Expr:
    """ISO dates."""
    return text.str.extract(DAY)


def read_typed_instant(text: pl.Expr, form: Format) -> pl.Expr:
    """ISO instants in UTC. A cell without a zone, as all of a workbook are, is of the feed's."""
    clock = text.str.extract(LOCAL, 1) + "T" + text.str.extract(LOCAL, 2)
    local = clock.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    has_zone = text.str.contains(WITH_ZONE)
    return pl.when(has_zone).then(text).otherwise(place_in_zone(local, form))


def read_typed_cents(text: pl.Expr, form: Format) -> pl.Expr:
    """Whole cents of a number of euros."""
    places = MONEY[form.money]
    if not places:
        return pl.lit(None, pl.String)
    number = pl.when(text.str.contains(NUMBER)).then(text).cast(pl.Float64)
    figures = number.round_sig_figs(DIGITS).cast(pl.String)
    cents = count_cents(figures, decimal=".", places=places)
    return pl.when(figures.str.contains(EUROS)).then(cents)


def read_typed_truth(text: pl.Expr, form: Format) -> pl.Expr:
    """`true` and `false`."""
    return pl.when(text.is_in(["true", "false"])).then(text)
