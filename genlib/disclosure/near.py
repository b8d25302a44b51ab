"""Near twins: two figures so few people apart that one taken from the other tells of them, and how
far such a difference must be free to move.

Example: 120 were to have a message and 117 of them had one, so 3 had none. The 117 must be able to
go down by 2, to where enough people had none, and up by 1.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from genlib.disclosure.figures import NOTHING_EARLIER, TELLER
from genlib.disclosure.policy import Policy
from genlib.disclosure.rules import owe
from genlib.disclosure.sketch import PLACES, WORD, people_in, words

PAIRS = 50_000
"""So many pairs are compared at a time."""
SAME = ["sketch", "numbering", "kind", "heads"]
"""What figures have in common to which the same people brought the same."""
TWIN = pl.Schema(
    {
        "figure": pl.UInt32,
        "is_own": pl.Boolean,
        "up": pl.Int64,
        "down": pl.Int64,
    }
)


def find_twins(figures: pl.DataFrame, told: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Those of the figures (the number of each is its `figure`) that are near twins of one that was
    `told` before, or of an earlier one of themselves (`is_own`), and the moves `up` and `down` that
    each needs so that nobody can tell the difference. A figure of fewer people than the threshold
    is hidden in any case, and the very same people are no difference.

    Example: 120 were asked and 118 of them answered; the 118 are the later figure, so it is they
    that must stay unsure.
    """
    together = pl.concat([NOTHING_EARLIER, told, figures], how="diagonal_relaxed")
    every = together.with_row_index("row")
    ours = every.slice(told.height)
    enough = ours.filter(pl.col("people") >= policy.min_count)
    close = find_close(enough, every, policy.min_count)
    if close.is_empty():
        return TWIN.to_frame()
    # the same figure wherever it stands is as early as where it stands first
    firsts = ours.select("row", first=pl.col("row").min().over(SAME))
    placed = close.join(firsts, left_on="our", right_on="row", how="left")
    placed = placed.join(firsts, left_on="their", right_on="row", how="left", suffix="_old")
    is_own = pl.col("their") >= told.height
    is_later = pl.col("first") > pl.col("first_old")
    pairs = placed.with_columns(is_own=is_own).filter(~is_own | is_later)
    sides = every.select("row", "figure", "kind", "value", "heads", *TELLER)
    both = pairs.join(sides, left_on="our", right_on="row")
    both = both.join(sides, left_on="their", right_on="row", suffix="_old")
    is_same_series = pl.col("series").eq_missing(pl.col("series_old"))
    is_corrected = pl.col("withdrawn_old") & is_same_series
    return _list_needs(both.filter(~is_corrected.fill_null(False)), policy)


def find_rests(sums: pl.DataFrame, told: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The figures that are parts of a near twin of one that was `told` before (a list in `figure`,
    of each of the sums), and the moves that each needs: the sum moves as they do.

    Example: 20 were told of all; 18 is the sum of 9 that were told of a part, and of 9 that are to
    be told of another, which must stay unsure.
    """
    parts = pl.col("figure").explode().unique()
    distinct = sums.group_by([*SAME, "value"], maintain_order=True).agg(parts)
    numbered = distinct.with_row_index("row")
    before = told.unique(SAME, maintain_order=True).with_row_index("row")
    close = find_close(numbered, before, policy.min_count)
    pairs = close.join(numbered, left_on="our", right_on="row")
    both = pairs.join(before, left_on="their", right_on="row", suffix="_old")
    return _list_needs(both.explode("figure").with_columns(is_own=False), policy)


def guess_twins(figures: pl.DataFrame, past: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Those of the figures that are near twins of the same cell in the `past`, where nobody knows
    who they are of, or they were drawn by other numbers: as many people part them, it is taken, as
    one has more than the other.

    117 people now and 120 before, drawn by other pseudonyms, are 3 apart:

    >>> cell = {"series": "s", "where": "01", "measure": "people", "kind": "people"}
    >>> cell |= {"sketch": b"", "numbering": "a", "heads": True, "withdrawn": False}
    >>> now = pl.DataFrame([{"figure": 0, "value": 117, "people": 117} | cell])
    >>> before = pl.DataFrame([{"value": 120, "people": 120} | cell])
    >>> guess_twins(now, before.with_columns(numbering=pl.lit("b")), Policy()).rows()
    [(0, False, 1, 2)]
    >>> guess_twins(now, before, Policy()).rows()
    []
    """
    both = figures.join(past, on=["series", "where", "measure"], suffix="_old")
    is_renumbered = pl.col("numbering").ne_missing(pl.col("numbering_old"))
    is_undrawn = pl.col("sketch").is_null() | pl.col("sketch_old").is_null()
    change = pl.col("value") - pl.col("value_old")
    change_of_people = pl.col("people") - pl.col("people_old")
    people = pl.when(kind="people").then(change).otherwise(change_of_people).abs()
    is_near = (change != 0) & (people < policy.min_count)
    near = both.filter(is_undrawn | is_renumbered, is_near, ~pl.col("withdrawn_old"))
    return _list_needs(near.with_columns(apart=people.clip(1), is_own=False), policy)


def _list_needs(pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The moves that each figure needs, the farthest of all its pairs.

    117 people, beside 120 and beside 115 of before:

    >>> pairs = pl.DataFrame(
    ...     {
    ...         "figure": [0, 0],
    ...         "is_own": [False, False],
    ...         "kind": ["people", "people"],
    ...         "value": [117, 117],
    ...         "value_old": [120, 115],
    ...         "apart": [3, 2],
    ...         "heads": [True, True],
    ...         "heads_old": [True, True],
    ...     }
    ... )
    >>> _list_needs(pairs, Policy(min_count=5)).rows()
    [(0, False, 3, 2)]
    """
    differences = pairs.with_columns(
        difference=pl.col("value") - pl.col("value_old"),
        heads=pl.col("heads") & pl.col("heads_old"),
    )
    moves = move_apart(differences, policy)
    needs = moves.group_by("figure", "is_own").agg(pl.col("up", "down").max())
    return needs.sort("figure", "is_own").cast(TWIN)


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
    """Pairs of rows (`our`, `their`, by their first column) of two frames with a `sketch`, that
    fewer than so many people part, and how many do (`apart`): those of the very same people are
    none. Only people who were drawn by the same `numbering` are compared.

    Such figures agree in one of so many bands of places, whichever way they differ: with a
    threshold of 5 the places are cut into 5 bands, and 4 people cannot touch all of them.
    """
    mine = _seal_bands(ours, threshold).rename({ours.columns[0]: "our"})
    theirs = _seal_bands(others, threshold).rename({others.columns[0]: "their"})
    alike = mine.join(theirs, on="seal").select("our", "their").unique().sort("our", "their")
    pairs = _look_up(_look_up(alike, "our", ours), "their", others).collect()
    apart = pl.Series(_count_apart(pairs))
    counted = pairs.select("our", "their", apart=apart)
    return counted.filter(pl.col("apart").is_between(1, threshold - 1))


def _look_up(pairs: pl.LazyFrame, name: str, figures: pl.DataFrame) -> pl.LazyFrame:
    """Pairs, with the sketches of one side."""
    sketches = figures.lazy().select(pl.col(figures.columns[0]).alias(name), "sketch")
    return pairs.join(sketches, on=name, maintain_order="left")


def _seal_bands(figures: pl.DataFrame, count: int) -> pl.LazyFrame:
    """The places of the first draw of each sketch in so many bands, a row each: a `seal` of what is
    in it. Two bands may have one seal by chance, so what agrees is compared.

    >>> sketch = bytes(range(256)) * 2
    >>> figures = pl.DataFrame({"our": [7, 8], "numbering": ["c1"] * 2, "sketch": [sketch, None]})
    >>> seals = _seal_bands(figures, 2).collect()
    >>> seals["our"].to_list(), seals["seal"].n_unique()
    ([7, 7], 2)
    """
    number = figures.columns[0]
    ends = [PLACES * band // count * WORD.itemsize for band in range(count + 1)]
    seals = {}
    for start, end in pairwise(ends):
        band = pl.col("sketch").bin.slice(start, end - start)
        seals[f"{start}"] = band.hash(start) ^ pl.col("numbering").hash(start)
    sealed = figures.lazy().drop_nulls("sketch").select(number, **seals)
    return sealed.unpivot(index=number, value_name="seal").drop("variable")


def _count_apart(pairs: pl.DataFrame) -> npt.NDArray[np.int64]:
    """How many people part each pair of sketches."""
    counts = [np.zeros(0, np.int64)]
    for part in pairs.iter_slices(PAIRS):
        difference = words(part["sketch"]) - words(part["sketch_right"])
        counts.append(people_in(difference))
    return np.concatenate(counts)
