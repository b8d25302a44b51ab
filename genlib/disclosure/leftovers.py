"""Leftovers: who is left of a whole when what was told of its parts is taken away - of some time
the months in it, or of all together the campaigns or surveys, told one by one. Their sums are
figures that nobody shows and anybody can reckon: no figure may be a near twin of one (see `near`).

Of time all that was told is taken, of narrowed reports all of the same month, quarter and year, of
campaigns and surveys the last, the last two together and so on up to all, and all but one or two,
which may not be in the whole; not every choice of them, nor wholes together with slices.

Example: of twelve months 112 contacts were refused, and 10 in each of the first eleven, which were
told as they came. The twelfth, never told, had 2. All campaigns of a year had 38 buyers, and 9 each
of four that were told in earlier reports: so the fifth had 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from genlib.disclosure.figures import FIGURE
from genlib.disclosure.sketch import words

WHOLE = ["of", "rest", "measure", "numbering"]
"""What the parts of one whole have in common."""
SLICE = ["whole", "where", "measure", "numbering"]
"""What the slices of one whole have in common."""
SUM = ["measure", "numbering", "kind", "value", "people", "heads", "sketch", "figure"]
"""What is known of a sum of figures, and the numbers of those of them that are to be told."""
Lines = npt.NDArray[Any]
"""Words of sketches, or numbers, a row a figure."""
NO_SUMS = pl.DataFrame(schema={name: FIGURE.get(name, pl.List(pl.UInt32)) for name in SUM})


def list_parts(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures of parts, as they were told last, with the codes of the `rest` of their cell: of
    a part of time in any order, for tables of other dimensions tell of it too; else in place.

    `part`: the code by which the cell is a part of a whole, "" if it is none; `of`: whom it counts;
    `start` and `end` of a part of time.

    >>> figure = {name: None for name in FIGURE} | {"where": "spring\x1fbought\x1f", "sketch": b""}
    >>> figures = pl.DataFrame(figure | {"of": "contacts", "part": "spring", "end": None})
    >>> list_parts(figures)["rest"].to_list()
    ['bought\\x1f']
    """
    parts = figures.filter(pl.col("part") != "").drop_nulls("sketch")
    codes = pl.col("where").str.split("\x1f").list
    of_time = codes.set_difference(pl.concat_list(pl.lit(""), "part")).list.sort().list.join("\x1f")
    is_of_time = pl.col("end").is_not_null()
    named = parts.with_columns(rest=pl.when(is_of_time).then(of_time).otherwise(_name_others()))
    return named.unique([*WHOLE, "part", "end"], keep="last", maintain_order=True)


def _name_others() -> pl.Expr:
    """The codes of a cell but for that of its part, each in its place.

    >>> where = {"where": ["yes\x1fspring\x1fno", "no\x1fspring\x1fyes"]}
    >>> pl.DataFrame(where).with_columns(part=pl.lit("spring")).select(_name_others()).rows()
    [('yes\\x1fno',), ('no\\x1fyes',)]
    """
    framed = pl.concat_str(pl.lit("\x1f"), "where", pl.lit("\x1f"))
    part = pl.concat_str(pl.lit("\x1f"), "part", pl.lit("\x1f"))
    place = framed.str.find(part, literal=True)
    letters = framed.cast(pl.Binary).bin
    before = letters.slice(0, place)
    after = letters.slice(place + part.str.len_bytes() - 1)
    others = pl.concat_str(before.cast(pl.String), after.cast(pl.String))
    return others.str.slice(1).str.strip_suffix("\x1f")


def add_windows(parts: pl.DataFrame, windows: Sequence[tuple[date, date]]) -> pl.DataFrame:
    """What was told of each of these times, added up: of each whole the months, quarters and years
    in it, but for those that lie in a larger one; and but for those in which a smaller one lies.

    Of a year the second quarter and July; and June and July:

    >>> part = {"of": "contacts", "rest": "refused", "measure": "contacts", "numbering": "c1"}
    >>> part |= {"kind": "count", "people": 10, "heads": True, "sketch": bytes(512), "figure": 0}
    >>> times = {"value": [10, 30, 8], "start": [date(2026, month, 1) for month in (6, 4, 7)]}
    >>> times |= {"end": [date(2026, month, 1) for month in (7, 7, 8)]}
    >>> year = (date(2026, 1, 1), date(2027, 1, 1))
    >>> add_windows(pl.DataFrame(part | times), [year])["value"].to_list()
    [38, 18]
    """
    times = pl.DataFrame(windows, schema={"first": pl.Date, "last": pl.Date}, orient="row")
    is_within = (pl.col("start") >= pl.col("first")) & (pl.col("end") <= pl.col("last"))
    is_part = (pl.col("start") > pl.col("first")) | (pl.col("end") < pl.col("last"))
    inside = parts.join(times, how="cross").filter(is_within, is_part).with_row_index("row")
    by = [*WHOLE, "first", "last"]
    both = inside.join(inside, on=by, suffix="_larger")
    does_contain = pl.col("start_larger") <= pl.col("start")
    does_contain &= pl.col("end") <= pl.col("end_larger")
    contained = both.filter(does_contain, pl.col("row") != pl.col("row_larger"))
    largest = inside.filter(~pl.col("row").is_in(contained["row"].implode()))
    smallest = inside.filter(~pl.col("row").is_in(contained["row_larger"].implode()))
    return pl.concat([_add_up(some.sort(by), by, _add_all) for some in (largest, smallest)])


def add_codes(parts: pl.DataFrame) -> pl.DataFrame:
    """What was told code by code, added up (see `_add_lines`), of each cell.

    >>> from genlib.disclosure.sketch import WIDTH, WORD
    >>> part = {"of": "sent", "measure": "people", "numbering": "c1", "kind": "people"}
    >>> part |= {"people": 6, "heads": True, "sketch": np.ones(WIDTH, WORD).tobytes(), "figure": 0}
    >>> both = {"rest": ["bought"] * 2, "value": [6, 7], "part": ["autumn", "spring"]}
    >>> sums = add_codes(pl.DataFrame(part | both))
    >>> sorted(set(words(sums["sketch"])[:, 0].tolist())), sorted(set(sums["value"]))
    ([0, 1, 2], [0, 6, 7, 13])
    """
    return _add_up(
        parts.sort("part", descending=True).sort(WHOLE, maintain_order=True), WHOLE, _add_lines
    )


def add_slices(figures: pl.DataFrame) -> pl.DataFrame:
    """What was told in reports that were narrowed, each to another value, added up: of the same
    time, quarter and year.

    Of two campaigns of October:

    >>> figure = {"whole": "steps", "where": "bought", "measure": "people", "numbering": "c1"}
    >>> figure |= {"kind": "people", "people": 9, "heads": True, "sketch": bytes(512)}
    >>> figure |= {"slice_start": date(2026, 10, 1), "slice_end": date(2026, 11, 1), "figure": None}
    >>> both = {"slice": ["autumn", "spring"], "value": [9, 8]}
    >>> add_slices(pl.DataFrame(figure | both))["value"].to_list()
    [17]
    """
    told = figures.filter(pl.col("whole") != "").drop_nulls("sketch")
    slices = pl.concat([told, _fix_others(told)]).unique(
        [*SLICE, "slice", "slice_start", "slice_end"], keep="last", maintain_order=True
    )
    windows = [slices]
    for unit in ("1q", "1y"):
        start = pl.col("slice_start").dt.truncate(unit)
        wider = slices.with_columns(slice_start=start, slice_end=start.dt.offset_by(unit))
        windows.append(wider.filter(slices["slice_end"] <= wider["slice_end"]))
    by = [*SLICE, "slice_start", "slice_end"]
    within = pl.concat(windows).unique([*by, "slice", "sketch"], maintain_order=True)
    several = within.filter(pl.len().over(by) > 1)
    sums = _add_up(several.sort(by, nulls_last=True), by, _add_all)
    return sums.unique("sketch", maintain_order=True)


def _fix_others(slices: pl.DataFrame) -> pl.DataFrame:
    """The slices of several values, once for each of these: as slices of a whole that the other
    values are fixed in.

    >>> slices = pl.DataFrame({"whole": "active", "slice": "consumer\\x1f01"})
    >>> _fix_others(slices)["whole"].to_list()
    ['active\\x1f\\x1f*\\x1f01', 'active\\x1fconsumer\\x1f*\\x1f']
    """
    codes = pl.col("slice").str.split("\x1f").list
    several = slices.filter(codes.len() > 1)
    one_each = several.with_columns(_place=pl.int_ranges(codes.len())).explode("_place")
    before = codes.head(pl.col("_place")).list.join("\x1f")
    after = codes.slice(pl.col("_place") + 1).list.join("\x1f")
    fixed = pl.concat_str("whole", before, pl.lit("*"), after, separator="\x1f")
    return one_each.with_columns(whole=fixed).drop("_place")


def _add_up(parts: pl.DataFrame, by: Sequence[str], add: Callable[[Lines], Lines]) -> pl.DataFrame:
    """Sums of the parts that have these columns in common, which are in order."""
    if parts.is_empty():
        return NO_SUMS
    groups = parts.group_by(by, maintain_order=True)
    wholes = groups.agg(
        pl.col("kind").first(),
        pl.col("heads").all(),
        pl.col("figure").cast(pl.UInt32).drop_nulls(),
        size=pl.len(),
    )
    ends = wholes["size"].cum_sum().to_numpy()[:-1]
    numbers = [add(some) for some in np.split(parts.select("value", "people").to_numpy(), ends)]
    lines = [add(some) for some in np.split(words(parts["sketch"]), ends)]
    value, people = np.concatenate(numbers).T
    sketch = pl.Series([line.tobytes() for line in np.concatenate(lines)], dtype=pl.Binary)
    sums = wholes[np.repeat(np.arange(len(lines)), [len(some) for some in lines])]
    return sums.with_columns(value=value, people=people, sketch=sketch).select(SUM)


def _add_all(lines: Lines) -> Lines:
    """All lines together."""
    return np.add.reduce(lines, keepdims=True, dtype=lines.dtype)


def _add_lines(lines: Lines) -> Lines:
    """The first line, the first two together and so on, and all but one or two.

    >>> _add_lines(np.array([[1], [2], [4]]))[:, 0].tolist()
    [1, 3, 7, 6, 4, 2, 5, 1, 3]
    """
    sums = np.cumsum(lines, axis=0, dtype=lines.dtype)
    one, other = np.triu_indices(len(lines))
    is_pair = (one != other).astype(lines.dtype)
    left_out = lines[one] + is_pair[:, None] * lines[other]
    return np.concatenate([sums, sums[-1] - left_out])
