"""Near twins: two figures so few people apart that one taken from the other tells of them, and how
far such a difference must be free to move.

Example: 120 were to have a message and 117 of them had one, so 3 had none. The 117 must be able to
go down by 2, to where enough people had none, and up by 1.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from genlib.disclosure.figures import FIGURE, NOTHING_EARLIER
from genlib.disclosure.policy import Policy
from genlib.disclosure.rules import owe
from genlib.disclosure.sketch import PLACES, WORD, people_in, words

PAIRS = 50_000
"""So many pairs are compared at a time."""
TWIN = pl.Schema(
    {
        "figure": pl.UInt32,
        "variable": pl.Int64,
        "up": pl.Int64,
        "down": pl.Int64,
    }
)


def find_twins(figures: pl.DataFrame, past: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Those of the figures of a report that are near twins of one that was told before: `figure`,
    `variable`, and the moves `up` and `down` that it needs so that nobody can tell the difference.

    Who is in figures without a sketch is not known; such a one is held against the figures of its
    own cell at other times only, and nearly as many people count as a small change. One that was
    withdrawn does not stand against the same cell told anew.
    """
    mine = figures.with_row_index("our")
    theirs = past.with_row_index("their")
    measured = _measure_pairs(mine, theirs, policy.min_count)
    guesses = _guess_pairs(mine, theirs, policy.min_count)
    pairs = _join_sides(pl.concat([measured, guesses]), mine, theirs)
    is_same_series = pl.col("series") == pl.col("series_old")
    is_corrected = pl.col("withdrawn_old") & is_same_series
    return list_needs(pairs.filter(~is_corrected), policy)


def find_own_twins(
    figures: pl.DataFrame, policy: Policy, earlier: pl.DataFrame = NOTHING_EARLIER
) -> pl.DataFrame:
    """Those that are near twins of one of an `earlier` table, or place, of the same report.

    Example: 120 were asked and 118 of them answered; the 118 stand in a later table, so it is they
    that must stay unsure.
    """
    first = figures.unique("variable", keep="first", maintain_order=True)
    mine = first.with_row_index("our", offset=earlier.height)
    before = earlier.select(*FIGURE).with_row_index("their")
    theirs = pl.concat([before, mine.select(*FIGURE, their="our")], how="diagonal")
    measured = _measure_pairs(mine, theirs, policy.min_count)
    is_later = pl.col("our") > pl.col("their")
    return list_needs(_join_sides(measured.filter(is_later), mine, theirs), policy)


def find_twin_rows(figures: pl.DataFrame, earlier: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The figures of one table that are near twins of one before them, in it or in an `earlier`
    table of its report.

    Example: an earlier table tells 120 who were asked, this one 118 of them who answered: the 118
    are a near twin.
    """
    ours = number_figures(figures)
    return ours.join(find_own_twins(ours, policy, earlier), on="figure", how="semi")


def leave_few(parts: pl.DataFrame, earlier: pl.DataFrame, policy: Policy) -> bool:
    """Whether what a table tells code by code, taken from a whole of an `earlier` table of its
    report, leaves few people. `parts`: its figures, with their `code` and the codes of the `rest`
    of their cell. The last code is taken, the last two together, and so on up to all; and all but
    one or two, which may not be in the whole.

    Example: all campaigns together had 12 buyers among those held out, and of three campaigns two
    tell 5 each: so the third had 2.
    """
    together = add_codes(parts.drop_nulls("sketch"))
    enough = earlier.filter(pl.col("people") >= policy.min_count)
    wholes = enough.drop_nulls("sketch").unique(["sketch", "numbering"], maintain_order=True)
    close = find_close(together, wholes.with_row_index("their"), policy.min_count)
    return not close.filter(pl.col("apart") > 0).is_empty()


def add_codes(parts: pl.DataFrame) -> pl.DataFrame:
    """The codes of each cell together (see `_add_lines`): `value`, `sketch` and whether `heads`.

    >>> from genlib.disclosure.sketch import WIDTH
    >>> sketch = np.ones(WIDTH, WORD).tobytes()
    >>> both = {"rest": ["bought"] * 2, "measure": ["people"] * 2, "numbering": ["c1"] * 2}
    >>> both |= {"value": [6, 7], "heads": [True] * 2}
    >>> parts = pl.DataFrame(both | {"code": ["autumn", "spring"], "sketch": [sketch] * 2})
    >>> sums = add_codes(pl.concat([parts, parts.with_columns(rest=pl.lit("not"))]))
    >>> sorted(set(words(sums["sketch"])[:, 0].tolist())), sorted(set(sums["value"]))
    ([0, 1, 2], [0, 6, 7, 13])
    """
    sums = [parts.select("numbering", "value", "sketch", "heads").clear()]
    ordered = parts.sort("code", descending=True)
    for cell in ordered.partition_by("rest", "measure", "numbering", maintain_order=True):
        lines = _add_lines(words(cell["sketch"]))
        sketches = pl.Series([line.tobytes() for line in lines], dtype=pl.Binary)
        values = pl.Series(_add_lines(cell["value"].to_numpy()[:, None])[:, 0])
        numbering, is_heads = cell["numbering"][0], cell["heads"].all()
        sums.append(
            pl.select(
                numbering=pl.lit(numbering, pl.String),
                value=values,
                sketch=sketches,
                heads=pl.lit(is_heads),
            )
        )
    return pl.concat(sums).with_row_index("our")


def _add_lines(lines: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The first line, the first two together and so on, and all but one or two.

    >>> _add_lines(np.array([[1], [2], [4]], WORD))[:, 0].tolist()
    [1, 3, 7, 6, 4, 2, 5, 1, 3]
    """
    sums = np.cumsum(lines, axis=0, dtype=lines.dtype)
    one, other = np.triu_indices(len(lines))
    is_pair = (one != other).astype(lines.dtype)
    left_out = lines[one] + is_pair[:, None] * lines[other]
    return np.concatenate([sums, sums[-1] - left_out])


def number_figures(figures: pl.DataFrame) -> pl.DataFrame:
    """Figures outside a model, each a variable of its own.

    >>> number_figures(pl.DataFrame({"value": [120, 118]})).rows()
    [(0, 120, 0), (1, 118, 1)]
    """
    return figures.with_row_index("figure").with_columns(variable=pl.col("figure"))


def _join_sides(pairs: pl.DataFrame, ours: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Pairs with the columns of both figures side by side.

    >>> pairs = pl.DataFrame({"our": [0], "their": [1]})
    >>> ours = pl.DataFrame({"our": [0], "value": [118]})
    >>> _join_sides(pairs, ours, pl.DataFrame({"their": [1], "value": [120]})).rows()
    [(0, 1, 118, 120)]
    """
    return pairs.join(ours, on="our").join(others, on="their", suffix="_old")


def list_needs(pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The moves that each figure needs, the farthest of all its pairs.

    117 people, beside 120 and beside 115 of before:

    >>> pairs = pl.DataFrame(
    ...     {
    ...         "figure": [0, 0],
    ...         "variable": [0, 0],
    ...         "kind": ["people", "people"],
    ...         "value": [117, 117],
    ...         "value_old": [120, 115],
    ...         "apart": [3, 2],
    ...         "heads": [True, True],
    ...         "heads_old": [True, True],
    ...     }
    ... )
    >>> list_needs(pairs, Policy(min_count=5)).rows()
    [(0, 0, 3, 2)]
    """
    differences = pairs.with_columns(
        difference=pl.col("value") - pl.col("value_old"),
        heads=pl.col("heads") & pl.col("heads_old"),
    )
    moves = move_apart(differences, policy)
    by_figure = moves.group_by("figure", "variable")
    needs = by_figure.agg(pl.col("up", "down").max())
    return needs.sort("figure").cast(TWIN)


def _measure_pairs(ours: pl.DataFrame, others: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Pairs of figures (`our`, `their`) that so few people part, and how many (`apart`); those of
    the very same people are none. A figure of fewer people is hidden in any case.

    Example: where 120 were asked and 118 of them answered, 2 people part the figures.
    """
    mine = ours.filter(pl.col("people") >= threshold)
    by_group = others.group_by("sketch", "numbering", maintain_order=True)
    groups = by_group.agg("their").with_row_index("same")
    close = find_close(mine, groups, threshold)
    pairs = close.filter(pl.col("apart") > 0).join(groups, on="same")
    return pairs.explode("their").select("our", "their", "apart")


def _guess_pairs(ours: pl.DataFrame, others: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Pairs of figures of one cell at two times, of which nobody knows who they are of: as many
    people part them, it is taken, as one has more than the other.

    117 people now and 120 before, drawn by other pseudonyms, are 3 apart:

    >>> cell = {"series": "s", "where": "01", "measure": "people", "kind": "people"}
    >>> cell |= {"sketch": b"", "numbering": "a"}
    >>> now = pl.DataFrame([{"our": 0, "value": 117, "people": 117} | cell])
    >>> before = pl.DataFrame([{"their": 0, "value": 120, "people": 120} | cell])
    >>> _guess_pairs(now, before.with_columns(numbering=pl.lit("b")), 5).rows()
    [(0, 0, 3)]
    >>> _guess_pairs(now, before, 5).rows()
    []
    """
    both = ours.join(others, on=["series", "where", "measure"], suffix="_old")
    is_renumbered = pl.col("numbering").ne_missing(pl.col("numbering_old"))
    is_undrawn = pl.col("sketch").is_null() | pl.col("sketch_old").is_null()
    change = pl.col("value") - pl.col("value_old")
    change_of_people = pl.col("people") - pl.col("people_old")
    people = pl.when(kind="people").then(change).otherwise(change_of_people).abs()
    near = both.filter(is_undrawn | is_renumbered, change != 0, people < threshold)
    return near.select("our", "their", apart=people.clip(1))


def move_apart(pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The pairs whose `difference` must stay unsure, and how far `up` and `down` it must be free to
    move: heads so that it may be nobody or enough who make it, the rest by p% of what they brought
    or took: nobody can tell that closely. `apart`: how many people make it.

    A difference of heads is of as many people at least, and one of nothing else is left: some
    brought as much as others took.

    3 heads fewer, 3 heads more, and 2 people who brought 900 euros more:

    >>> pairs = pl.DataFrame(
    ...     {
    ...         "difference": [-3, 3, 900],
    ...         "apart": [3, 3, 2],
    ...         "heads": [True, True, False],
    ...         "kind": ["people", "people", "money"],
    ...     }
    ... )
    >>> move_apart(pairs, Policy(min_count=5, p=10)).select("up", "down").rows()
    [(1, 2), (2, 1), (90, 90)]
    """
    size = pl.col("difference").abs()
    is_small = size < policy.min_count
    is_people = pl.col("kind") == "people"
    is_swap = is_people & ~pl.col("heads")
    makers = pl.max_horizontal("apart", size)
    who = pl.when(pl.col("heads") | is_people).then(makers).otherwise(size)
    # so few events are of as few people
    are_few = pl.col("heads") | is_small
    missing = policy.min_count - who
    blur = owe(size, policy).clip(1)

    def move(nobody: pl.Expr) -> pl.Expr:
        """By one where that leads back to nobody, else to where enough people make it."""
        is_back_to_nobody = pl.col("difference") == nobody
        of_few = pl.when(is_back_to_nobody).then(1).otherwise(missing)
        return pl.when(are_few).then(of_few).otherwise(blur)

    is_telling = pl.when("heads").then(is_small).otherwise((size > 0) | is_swap)
    return pairs.filter(is_telling).with_columns(up=move(-who), down=move(who))


def find_close(ours: pl.DataFrame, others: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Pairs of the first columns of two frames with a `sketch`, that fewer than so many people
    part, and how many do (`apart`). Only people who were drawn by the same `numbering` are
    compared.

    Such figures agree in one of so many bands of places, whichever way they differ: with a
    threshold of 5 the places are cut into 5 bands, and 4 people cannot touch all of them.
    """
    our = ours.columns[0]
    their = others.columns[0]
    mine = _cut_bands(ours, threshold)
    theirs = _cut_bands(others, threshold)
    alike = mine.join(theirs, on=["numbering", "band", "words"], nulls_equal=True)
    pairs = alike.select(our, their).unique().sort(our, their)
    pairs = pairs.join(ours.select(our, "sketch"), on=our, maintain_order="left")
    pairs = pairs.join(others.select(their, "sketch"), on=their, maintain_order="left")
    apart = _count_apart(pairs)
    return pairs.select(our, their, apart=apart).filter(pl.col("apart") < threshold)


def _cut_bands(figures: pl.DataFrame, count: int) -> pl.DataFrame:
    """The first places of each sketch in so many bands, a row each.

    The 64 places of a sketch are 256 bytes, and half of them are 128:

    >>> sketch = bytes(range(256)) * 2
    >>> figures = pl.DataFrame({"our": [7], "numbering": ["c1"], "sketch": [sketch]})
    >>> _cut_bands(figures, 2).select("our", pl.col("words").bin.size()).rows()
    [(7, 128), (7, 128)]
    """
    number = figures.columns[0]
    ends = [PLACES * band // count * WORD.itemsize for band in range(count + 1)]
    bands = {
        f"{start}": pl.col("sketch").bin.slice(start, end - start) for start, end in pairwise(ends)
    }
    cut = figures.drop_nulls("sketch").select(number, "numbering", **bands)
    return cut.unpivot(index=[number, "numbering"], variable_name="band", value_name="words")


def _count_apart(pairs: pl.DataFrame) -> pl.Series:
    """How many people part each pair of sketches."""
    counts = [np.zeros(0, np.int64)]
    for part in pairs.iter_slices(PAIRS):
        difference = words(part["sketch"]) - words(part["sketch_right"])
        counts.append(people_in(difference))
    return pl.Series(np.concatenate(counts))
