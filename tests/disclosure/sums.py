"""Somebody who keeps every report and adds and subtracts what it shows, until what is left is of a
few people.

Each figure that is shown is a sum over people: of ones, of events, of money. Who brought how much
to it is read where the sketches are drawn, and not from them. A combination of figures with whole
numbers is a sum over people too; one to which one to four people bring anything is a leak. Three
searches look for them: all threes; sums along the lines of tables, one beside another; and pairwise
reduction (Lagrange and Gauss: take from the longest vector the one that shortens it most, as often
as it does) with a price for every figure that a combination takes. The first is complete, the
others find much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from disclosure.year import Publication
from small import KEY, PURPOSES

from genlib.disclosure import counting as drawing
from genlib.disclosure.cells import Cells, Measure
from genlib.disclosure.counting import grouping_sets
from genlib.disclosure.sketch import numbers
from genlib.publish.pseudonym import pseudonyms

FEW, TERMS = 5, 8
"""So many people are a crowd; and so many figures at the most make a combination that one would
think of."""
IDS = 10_000
PARTS, SETS = 8, 200_000
PRICES = (0.02, 0.2, 1.0)
"""What a figure more costs a combination, in people: with a low price the reduction goes far, with
a high one it stays readable."""
PLACES = 8
TIMES = ("month", "quarter", "wave")
Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Figure:
    """Where a figure stands."""

    report: str
    parameters: tuple[tuple[str, str], ...]
    table: str
    measure: str
    where: tuple[tuple[str, str], ...]
    money: bool = False

    def __str__(self) -> str:
        said = [
            " ".join(f"{name}={value}" for name, value in part)
            for part in (self.parameters, self.where)
        ]
        return f"{self.report}({said[0]}) {self.table}.{self.measure}[{said[1]}]"


@dataclass(frozen=True)
class Leak:
    """A combination of figures that so many `people` bring anything to, all of them more than
    nothing or `mixed`, and how much in all."""

    terms: tuple[tuple[int, Figure], ...]
    people: int
    mixed: bool
    total: int

    def __str__(self) -> str:
        return f"{self.people} people{' on both sides' * self.mixed}: " + " ".join(
            f"{coefficient:+d} {figure}" for coefficient, figure in self.terms
        )


@dataclass(frozen=True)
class Book:
    """Figures, and by `entries` (figure, who, value) what each person brought to them."""

    figures: tuple[Figure, ...]
    entries: pl.DataFrame

    @classmethod
    def of(cls, books: Sequence[Book]) -> Book:
        """All in one."""
        starts = np.cumsum([0, *(len(book.figures) for book in books)])
        moved = [
            book.entries.with_columns(pl.col("figure") + int(start))
            for book, start in zip(books, starts, strict=False)
        ]
        return cls(tuple(chain.from_iterable(book.figures for book in books)), pl.concat(moved))

    @cached_property
    def vectors(self) -> sp.csr_matrix:
        """A line a figure, a column a person."""
        who = (
            self.entries.select(pl.col("who").rank("dense").cast(pl.Int64) - 1)
            .to_series()
            .to_numpy()
        )
        lines = self.entries["value"].to_numpy(), (self.entries["figure"].to_numpy(), who)
        return _plain(
            sp.csr_matrix(
                lines, shape=(len(self.figures), int(who.max(initial=-1)) + 1), dtype=np.int64
            )
        )

    def family(self, *, money: bool) -> Book:
        """Heads and events can be held against each other, money only against money. Of equal
        vectors the first, of nobody's none."""
        vectors, first = self.vectors, {}
        for line, figure in enumerate(self.figures):
            inside = slice(*vectors.indptr[line : line + 2])
            if figure.money == money and inside.start < inside.stop:
                first.setdefault(
                    (vectors.indices[inside].tobytes(), vectors.data[inside].tobytes()), line
                )
        kept = pl.DataFrame(
            {"figure": list(first.values())}, schema={"figure": pl.Int64}
        ).with_row_index("place")
        entries = self.entries.join(kept, on="figure").select(
            "who", "value", figure=pl.col("place").cast(pl.Int64)
        )
        return Book(tuple(self.figures[line] for line in kept["figure"]), entries)


class Recorder:
    """Listens where sketches are drawn, and makes a book of each publication."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[pl.DataFrame, list[str]]] = []
        drawn, ids = drawing.sketches, pl.Series("who", range(IDS), pl.Int64)
        named = [
            pl.DataFrame({"_number": numbers(pseudonyms(ids, KEY, purpose=purpose)), "who": ids})
            for purpose in PURPOSES
        ]
        self.people = pl.concat(named)  # a person has another pseudonym in every purpose

        def recording(members: pl.DataFrame, keys: list[str], *rest: Any, **more: Any) -> Any:
            self.calls.append((members, list(keys)))
            return drawn(members, keys, *rest, **more)

        patch.setattr(drawing, "sketches", recording)

    def book(self, one: Publication) -> Book:
        """What was shown anew, by person. What nobody is told the people of (`growth`) has no
        sketches and is not in it."""
        books = []
        for name, table in one.cells.items():
            is_told = not table.frame.filter(pl.col("people") > 0).is_empty()
            if table.members is not None and is_told:
                levels = list(grouping_sets(table.by))
                start = next(
                    place for place in range(len(self.calls)) if self._is(table, levels, place)
                )
                for keys, (members, _) in zip(levels, self.calls[start:], strict=False):
                    books += self._level(one, name, keys, members)
        self.calls = []
        return Book.of(books)

    def _is(self, table: Cells, levels: list[list[str]], start: int) -> bool:
        """What was drawn from there on is this table: beside it others were, which nobody is shown,
        or a report that was refused."""
        drawn = self.calls[start : start + len(levels)]
        if [keys for _, keys in drawn] != levels:
            return False
        people = table.frame.filter(pl.col("people") > 0)
        told = [name for name in table.dimensions if people[name].is_not_null().any()]
        place = levels.index([name for name in levels[0] if name in told])
        keys, members = levels[place], drawn[place][0]
        if table.apart:
            codes = people[table.apart].unique()
            members = members.filter(pl.col(table.apart).is_in(codes.implode()))
        finest = people.filter(pl.lit(True), *(pl.col(key).is_not_null() for key in keys))
        counted = (
            members.group_by(keys).agg(people=pl.len().cast(pl.Int64))
            if keys
            else members.select(people=pl.len().cast(pl.Int64))
        )
        return (
            counted.height == finest.height
            and counted.join(finest, on=[*keys, "people"], how="anti").is_empty()
        )

    def _level(
        self, one: Publication, name: str, keys: list[str], members: pl.DataFrame
    ) -> Iterator[Book]:
        table, shown = one.cells[name], one.shown[name].frame
        fixed = [
            pl.col(c).is_not_null() if c in keys else pl.col(c).is_null() for c in table.dimensions
        ]
        anew = shown.filter(
            *fixed, pl.col("reason").ne_missing("time")
        )  # those are as they were told before
        people = members.join(self.people, on="_number", how="left").with_columns(_=0)
        assert people["who"].null_count() == 0, (
            "of somebody anonymous it cannot be told who he is in another release"
        )
        for measure in table.measures:
            told = anew.filter(pl.col(measure.name).is_not_null())
            told = told.with_columns(figure=pl.int_range(told.height, dtype=pl.Int64), _=0)
            rows = told.select(*keys, "_", "figure").join(people, on=[*keys, "_"])
            brought = pl.lit(1, pl.Int64) if measure.kind == "people" else pl.col(measure.name)
            entries = rows.select("figure", "who", value=brought).filter(pl.col("value") != 0)
            _check(told.select("figure", shown=measure.name), entries)
            yield Book(tuple(_figures(one, name, measure, told.select(*keys, "_"))), entries)


def _check(told: pl.DataFrame, entries: pl.DataFrame) -> None:
    """What the people brought is what was shown."""
    sums = told.join(entries.group_by("figure").agg(pl.col("value").sum()), on="figure", how="left")
    assert sums.filter(pl.col("shown") != pl.col("value").fill_null(0)).is_empty()


def _figures(
    one: Publication, name: str, measure: Measure, where: pl.DataFrame
) -> Iterator[Figure]:
    for row in where.cast(pl.String).rows(named=True):
        at = tuple((column, value) for column, value in row.items() if column != "_")
        yield Figure(
            one.report,
            tuple(one.parameters.items()),
            name,
            measure.name,
            at,
            measure.kind == "money",
        )


def leaks(book: Book, *, terms: int = TERMS) -> list[Leak]:
    """Combinations of up to so many figures that one to four people bring anything to; of those
    with the same people the shortest."""
    families = [book.family(money=money) for money in (False, True)]
    found = chain.from_iterable(_found(family, terms) for family in families if family.figures)
    return sorted(found, key=lambda leak: (len(leak.terms), str(leak)))


def _found(book: Book, terms: int) -> list[Leak]:
    vectors = book.vectors
    searches = [single(vectors), threes(vectors), *(reduced(vectors, price) for price in PRICES)]
    found = _few(sp.vstack([*searches, lines(book)], format="csr"), vectors, terms)
    left = found @ vectors
    best: dict[bytes, Leak] = {}
    for place in np.argsort(np.diff(found.indptr), kind="stable"):
        row, people = found[place], left[place]
        sign = 1 if people.data.sum() > 0 or (people.data.sum() == 0 and people.data[0] > 0) else -1
        told = sorted(
            zip((row.data * sign).tolist(), (book.figures[i] for i in row.indices), strict=True),
            key=lambda term: str(term[1]),
        )
        best.setdefault(
            people.indices.tobytes() + (people.data * sign).tobytes(),
            Leak(
                tuple(told),
                people.nnz,
                bool((people.data * sign < 0).any()),
                int(people.data.sum()),
            ),
        )
    return list(best.values())


def _few(found: sp.csr_matrix, vectors: sp.csr_matrix, terms: int) -> sp.csr_matrix:
    """Those of few people and few figures, reckoned with whole numbers."""
    short = found[np.diff(found.indptr) <= terms]
    people = np.diff(_plain(short @ vectors).indptr)
    few = short[(people > 0) & (people < FEW)]
    few.sort_indices()
    return few


def _plain(matrix: sp.csr_matrix) -> sp.csr_matrix:
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def single(vectors: sp.csr_matrix) -> sp.csr_matrix:
    """Each figure alone."""
    return sp.identity(vectors.shape[0], np.int64, format="csr")


def reduced(vectors: sp.csr_matrix, price: float) -> sp.csr_matrix:
    """The figures less one another, the longest first, until nothing is shortened by it. People
    weigh the same, however much they bring; each figure in a combination costs its `price`.
    Combinations of nobody stay: they make others shorter."""
    weight = 1 / np.sqrt(
        np.maximum(
            1,
            np.asarray(vectors.multiply(vectors).sum(axis=0)).ravel()
            / np.maximum(1, vectors.getnnz(axis=0)),
        )
    )
    weighed = vectors.astype(float).multiply(weight).tocsr()
    size = vectors.shape[0]
    products, combined = (
        (weighed @ weighed.T).toarray() + price * np.eye(size),
        np.eye(size, dtype=np.int32),
    )
    while sum(_shortened(products, combined, place) for place in np.argsort(-np.diag(products))):
        pass
    return sp.csr_matrix(combined.astype(np.int64))


def _shortened(products: np.ndarray[Any, Any], combined: np.ndarray[Any, Any], place: int) -> int:
    """How often one vector was made shorter."""
    for steps in range(1000):
        own, lengths = products[place], np.diag(products)
        times = np.rint(own / lengths)
        times[place] = 0
        gain = times * (2 * own - times * lengths)
        other = int(gain.argmax())
        if gain[other] <= 1e-6 * own[place]:
            return steps
        left = own[place] - gain[other]
        products[place] -= times[other] * products[other]
        products[:, place] = products[place]
        products[place, place] = left
        combined[place] -= int(times[other]) * combined[other]
    return steps


def hashed(vectors: sp.csr_matrix) -> Ints:
    """A sum by each of some places, to which people belong by chance, with chance weights, modulo
    2^64. Sums of hashes are hashes of sums, and people who are few differ in few places."""
    random, people = np.random.default_rng(7), vectors.shape[1]
    weights = np.zeros((people, PLACES), np.int64)
    weights[np.arange(people), random.integers(PLACES, size=people)] = random.integers(
        -(2**63), 2**63, size=people, dtype=np.int64
    )
    return np.asarray(vectors @ weights)


def threes(vectors: sp.csr_matrix) -> sp.csr_matrix:
    """Every figure less one or two others, or with one less another, that differ in few places."""
    known, size = hashed(vectors), vectors.shape[0]
    with_none = np.vstack([known, np.zeros((1, PLACES), np.int64)])
    found = [_beside(known, with_none, place, sign) for place in range(FEW) for sign in (1, -1)]
    first, second, third, sign = np.concatenate(found, axis=1)
    row, there, ones = np.arange(len(first)), second < size, np.ones(len(first), np.int64)
    coefficients = np.concatenate([ones, -ones, -sign[there]])
    places = np.concatenate([row, row, row[there]]), np.concatenate([first, third, second[there]])
    return _plain(sp.csr_matrix((coefficients, places), shape=(len(row), size)))


def _beside(known: Ints, others: Ints, place: int, sign: int) -> Ints:
    """Figures `first` less `third` less or with `second` (the last of the others: none), that are
    alike at one place and most others."""
    order = np.argsort(known[:, place], kind="stable")
    ordered, parts = known[order, place], [np.zeros((4, 0), np.int64)]
    for second in range(len(others)):
        rest = known - sign * others[second]
        low, high = (np.searchsorted(ordered, rest[:, place], side) for side in ("left", "right"))
        many = high - low
        first = np.repeat(np.arange(len(known)), many)
        third = order[
            np.arange(len(first)) - np.repeat(many.cumsum() - many, many) + np.repeat(low, many)
        ]
        apart = np.count_nonzero(rest[first] - known[third], axis=1)
        few = (apart > 0) & (apart < FEW) & (first != third)
        parts.append(
            np.stack([first[few], np.full(few.sum(), second), third[few], np.full(few.sum(), sign)])
        )
    return np.concatenate(parts, axis=1)


def lines(book: Book) -> sp.csr_matrix:
    """Sums along the lines of tables, one beside another."""
    sums = _sums(book)
    known = np.asarray(sums @ hashed(book.vectors))
    _, kept = np.unique(known, axis=0, return_index=True)
    sums, known = sums[kept], known[kept]
    found = np.unique(
        np.concatenate([_alike(known, place) for place in range(FEW)], axis=1), axis=1
    )
    return _plain(sums[found[0]] - sums[found[1]])


def _alike(known: Ints, place: int) -> Ints:
    """Pairs that are alike at one place and most others. Of nobody at that place are too many."""
    order = np.argsort(known[:, place], kind="stable")
    order = order[known[order, place] != 0]
    parts, distance = [np.zeros((2, 0), np.int64)], 1
    while (
        same := np.flatnonzero(known[order[distance:], place] == known[order[:-distance], place])
    ).size and distance < PARTS * PARTS:
        pairs = np.stack([order[same], order[same + distance]])
        apart = np.count_nonzero(known[pairs[0]] - known[pairs[1]], axis=1)
        parts.append(pairs[:, (apart > 0) & (apart < FEW)])
        distance += 1
    return np.concatenate(parts, axis=1)


def _sums(book: Book) -> sp.csr_matrix:
    """Each figure; and of each line of a table (a whole, and its parts by one dimension) the sums
    of some parts, runs of time, and the whole less one part."""
    rows = {((place, 1),) for place in range(len(book.figures))}
    for parts, whole in _lines(book.figures):
        rows.update(
            tuple((part, 1) for part in some) for some in _some(parts, timed=len(parts) > PARTS)
        )
        rows.update(((whole[0], 1), (part, -1)) for part in parts if whole)
    ordered = sorted(rows)[:SETS]
    line = np.repeat(np.arange(len(ordered)), [len(row) for row in ordered])
    place, sign = np.array([term for row in ordered for term in row], np.int64).T
    return sp.csr_matrix((sign, (line, place)), shape=(len(ordered), len(book.figures)))


def _some(parts: list[int], *, timed: bool) -> Iterable[Sequence[int]]:
    if timed:
        return (
            parts[start:end]
            for start in range(len(parts))
            for end in range(start + 2, len(parts) + 1)
        )
    return chain.from_iterable(combinations(parts, size) for size in range(2, len(parts) + 1))


def _lines(figures: Sequence[Figure]) -> Iterator[tuple[list[int], list[int]]]:
    """The parts of each line in their order, and the whole, if it is shown."""
    table: dict[Any, dict[frozenset[tuple[str, str]], int]] = {}
    for place, figure in enumerate(figures):
        table.setdefault((figure.report, figure.parameters, figure.table, figure.measure), {})[
            frozenset(figure.where)
        ] = place
    for cells in table.values():
        found: dict[Any, list[tuple[str, int]]] = {}
        for where, place in cells.items():
            for name, value in where:
                found.setdefault((name, where - {(name, value)}), []).append((value, place))
        for (name, rest), parts in found.items():
            if len(parts) <= PARTS or name in TIMES:
                yield [place for _, place in sorted(parts)], [cells[rest]] if rest in cells else []
