"""Leftovers: who is left of a whole of some time, such as the last twelve months, when all that was
told of the months in it is taken away, or of the campaigns or surveys in it.

Example: of twelve months 112 contacts were refused, and 10 in each of the first eleven, which were
told as they came. The twelfth, never told, had 2. All campaigns of a year had 38 buyers, and 9 each
of four that were told in earlier reports: so the fifth had 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from genlib.disclosure.figures import FIGURE
from genlib.disclosure.near import add_codes, find_close, list_needs
from genlib.disclosure.pages import Page, Past, read_population
from genlib.disclosure.policy import Policy
from genlib.disclosure.sketch import WORD, words
from genlib.period import months_between

WHOLE = ["of", "where", "measure", "numbering"]
"""What parts of one whole have in common, but for their time."""
PART = {"of": pl.String, **FIGURE, "start": pl.Date, "end": pl.Date, "months": pl.Int64}
CODED = {"code": pl.String, "rest": pl.String, **FIGURE}
SUM = ["numbering", "value", "heads", "sketch", "start", "end"]
NO_TIME = [pl.lit(None, pl.Date).alias(end) for end in ("start", "end")]
"""Of campaigns and surveys it is not known."""
MINE = ["table", "code"]


@dataclass(frozen=True)
class Parts:
    """What may be taken from a whole: figures of months, quarters and years (`of_times`), and of
    single campaigns and surveys (`of_codes`)."""

    of_times: pl.DataFrame
    of_codes: pl.DataFrame

    @classmethod
    def of(cls, figures_by_page: Sequence[tuple[Page, pl.DataFrame]]) -> Parts:
        """The figures of these pages."""
        return cls(list_parts(figures_by_page), list_codes(figures_by_page))

    @classmethod
    def of_past(cls, past: Past) -> Parts:
        """All that was told before."""
        return cls.of([(one.page, one.figures) for one in past.pages])


def find_leftovers(
    figures: pl.DataFrame,
    pages: Mapping[tuple[str, str], Page],
    before: Parts,
    policy: Policy,
) -> pl.DataFrame:
    """Those of the figures of a report that leave few people, when all months, quarters and years
    of their time that were told before, or stand beside them, are taken away; or campaigns, or
    surveys, one by one (`near.add_codes`). As `near.find_twins` gives them."""
    enough = figures.filter(pl.col("people") >= policy.min_count)
    anew = Parts.of(
        [(page, enough.filter(table=table, code=code)) for (table, code), page in pages.items()]
    )
    every = pl.concat([before.of_times, anew.of_times])
    codes = add_codes(_take_last(pl.concat([before.of_codes, anew.of_codes])))
    wholes = [enough.filter(code="").with_columns(NO_TIME)]
    sums = [codes.with_columns(NO_TIME).select(SUM)]
    for start, end, mine in _list_windows(enough, pages):
        time = {"start": pl.lit(start), "end": pl.lit(end)}
        wholes.append(mine.with_columns(**time))
        for parts in (before.of_times, every):
            inside = take_apart(parts, start, end)
            if inside.height:
                sums.append(_add_up(inside).with_columns(**time).select(SUM))
    return _find_near(pl.concat(wholes), pl.concat(sums), policy)


def _list_windows(
    figures: pl.DataFrame, pages: Mapping[tuple[str, str], Page]
) -> Iterator[tuple[date, date, pl.DataFrame]]:
    """Each time of more than a month of which the report tells, and the figures of it."""
    places: dict[tuple[date, date], list[tuple[str, str]]] = {}
    for place, page in pages.items():
        if page.start and page.end and months_between(page.start, page.end) > 1:
            places.setdefault((page.start, page.end), []).append(place)
    for (start, end), ours in places.items():
        listed = pl.DataFrame(ours, schema=MINE, orient="row")
        yield start, end, figures.join(listed, on=MINE, how="semi", maintain_order="left")


def list_parts(figures_by_page: Iterable[tuple[Page, pl.DataFrame]]) -> pl.DataFrame:
    """The figures of whole months, quarters and years, with whom they count (`of`), and the codes
    of their cells without that of time (`where`)."""
    parts = [pl.DataFrame(schema=PART)]
    for page, figures in figures_by_page:
        if page.start is None or page.end is None or not page.is_closed(page.end):
            continue
        time = page.start.isoformat()
        part = figures.select(*FIGURE).with_columns(
            where=_name_others(time),
            of=pl.lit(read_population(page.series)),
            start=page.start,
            end=page.end,
            months=months_between(page.start, page.end),
        )
        parts.append(part.select(*PART).cast({"months": pl.Int64}))
    return pl.concat(parts).drop_nulls("sketch")


def list_codes(figures_by_page: Iterable[tuple[Page, pl.DataFrame]]) -> pl.DataFrame:
    """The figures of single campaigns and surveys, with their `code` and the codes of the `rest` of
    their cell."""
    parts = [pl.DataFrame(schema=CODED)]
    for page, figures in figures_by_page:
        if not page.code:
            continue
        others = _name_others(page.code)
        part = figures.with_columns(
            code=pl.lit(page.code),
            rest=pl.concat_str(pl.lit(page.series), others, separator="\x1f"),
        )
        parts.append(part.select(*CODED))
    return pl.concat(parts).drop_nulls("sketch")


def _name_others(code: str) -> pl.Expr:
    """The codes of a cell but for this one, in order, as one text.

    >>> frame = pl.DataFrame({"where": ["spring\x1fbought\x1f"]})
    >>> frame.select(_name_others("spring")).item()
    'bought'
    """
    codes = pl.col("where").str.split("\x1f").list.set_difference(["", code])
    return codes.list.sort().list.join("\x1f")


def _take_last(codes: pl.DataFrame) -> pl.DataFrame:
    """Each campaign and survey as it was told last."""
    same = ["rest", "measure", "numbering", "code"]
    return codes.unique(same, keep="last", maintain_order=True)


def take_apart(parts: pl.DataFrame, start: date, end: date) -> pl.DataFrame:
    """The parts of this time that lie beside one another: of each whole the months, then the
    quarters that none of these is in, then the years.

    Example: of a year January and February, and the second quarter; not the first quarter.
    """
    is_inside = (pl.col("start") >= start) & (pl.col("end") <= end)
    is_part = (pl.col("start") > start) | (pl.col("end") < end)
    inside = parts.filter(is_inside & is_part).unique([*WHOLE, "start", "end"])
    taken = inside.clear()
    for months in inside["months"].unique().sort():
        larger = inside.filter(months=months).with_row_index("row")
        both = larger.join(taken, on=WHOLE)
        does_overlap = pl.col("start") < pl.col("end_right")
        does_overlap &= pl.col("start_right") < pl.col("end")
        beside = larger.join(both.filter(does_overlap), on="row", how="anti")
        taken = pl.concat([taken, beside.drop("row")])
    return taken


def _add_up(parts: pl.DataFrame) -> pl.DataFrame:
    """The parts of each whole together: `value`, `heads` and `sketch`.

    >>> sketch = np.ones(128, WORD).tobytes()
    >>> part = {"of": "contacts", "where": "refused", "measure": "contacts", "numbering": "c1"}
    >>> part |= {"value": 10, "heads": True, "sketch": sketch}
    >>> both = _add_up(pl.DataFrame([part, part]))
    >>> both["value"].to_list(), words(both["sketch"])[0, 0].item()
    ([20], 2)
    """
    ordered = parts.sort(WHOLE)
    by_whole = ordered.group_by(WHOLE, maintain_order=True)
    sums = by_whole.agg(pl.col("value").sum(), pl.col("heads").all(), size=pl.len())
    begins = (sums["size"].cum_sum() - sums["size"]).to_numpy()
    lines = words(ordered["sketch"])
    added = np.add.reduceat(lines, begins, axis=0, dtype=WORD) if sums.height else lines
    sketches = pl.Series([line.tobytes() for line in added], dtype=pl.Binary)
    return sums.with_columns(sketch=sketches)


def _find_near(wholes: pl.DataFrame, sums: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The figures that few people part from one of the sums of their time, with the moves that
    they need."""
    mine = wholes.with_row_index("our")
    parts = sums.with_row_index("their")
    close = find_close(mine, parts, policy.min_count).filter(pl.col("apart") > 0)
    pairs = close.join(mine, on="our").join(parts, on="their", suffix="_old")
    are_of_one_time = [pl.col(one).eq_missing(pl.col(f"{one}_old")) for one in ("start", "end")]
    return list_needs(pairs.filter(are_of_one_time), policy)
