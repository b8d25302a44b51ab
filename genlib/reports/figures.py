"""Which numbers and words an output may hold: those of the shown cells of its tables, and what the report's figures derive from them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache, cached_property
from itertools import accumulate, pairwise, permutations
from typing import Any

from genlib.present.words import Words, catalogue, form_of

SCALES = {"money": (0.01, 1e-8), "number": (1.0,), "decimal": (1.0, 100.0)}
"""By the form of a column: in which units its figures are written; all others in hundredths."""
MANY, PLACES = 12, 7
"""Groups up to this size are compared with each other, larger ones with their total; from this place on a chart adds up the others."""
DIGITS = re.compile(r"\d")
LETTERS = re.compile(r"[^\W\d_]{2,}")
INVISIBLE = str.maketrans(dict.fromkeys("\u2060\u00ad\u200b"))
NUMBER = {
    "en": re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?"),
    "fi": re.compile(r"\d{1,3}(?:\u00a0\d{3})+(?:,\d+)?(?!\d)|\d+(?:,\d+)?"),
}


class Figures:
    """The numbers that may be written: `holds` says whether one of them, rounded as it is written, is the number."""

    def __init__(self, values: Iterable[float]) -> None:
        self.values = sorted({abs(value) for value in values})

    def holds(self, value: float, digits: int = 0) -> bool:
        room = 0.5 * 10.0**-digits + 1e-9 * max(1.0, value)
        place = bisect_left(self.values, value - room)
        return place < len(self.values) and self.values[place] <= value + room


class Table:
    """The shown cells of one table, from the proof in the report's conditions."""

    def __init__(self, name: str, told: Mapping[str, Any], words: Words) -> None:
        self.name, self.words, self.dimensions = name, words, list(told["dimensions"])
        self.columns: Mapping[str, list[Any]] = told["columns"]

    @property
    def measured(self) -> dict[str, list[Any]]:
        return {
            name: values
            for name, values in self.columns.items()
            if name not in self.dimensions and all(value is None or isinstance(value, int | float) for value in values)
        }

    @cached_property
    def at(self) -> list[set[float]]:
        """What each row shows."""
        rows: list[set[float]] = [set() for _ in range(max((len(values) for values in self.columns.values()), default=0))]
        for name, values in self.measured.items():
            for row, value in enumerate(values):
                rows[row].update(self._scaled(name, value) if value is not None else ())
        return rows

    @cached_property
    def shares(self) -> list[set[float]]:
        """Which part each row is of those beside it."""
        rows: list[set[float]] = [set() for _ in self.at]
        for line, values in self._measured_lines():
            whole = sum(values[row] for code, row in line if code is not None)
            for _, row in line:
                rows[row].update([100 * values[row] / whole] if whole else ())
        return rows

    @cached_property
    def sums(self) -> set[float]:
        """What the bars beyond a chart's limit are together."""
        found = (total for line, values in self._measured_lines() for total in _sums([(code, values[row]) for code, row in line]))
        return {scaled for total in found for scaled in (total, total * 0.01, total * 1e-8)}

    @cached_property
    def parts(self) -> set[float]:
        """Which part one is of another that differs from it in one dimension only."""
        pairs = (pair for line, values in self._measured_lines() for pair in _pairs([(code, values[row]) for code, row in line]))
        return {100 * new / old for new, old in pairs if old}

    @cached_property
    def changes(self) -> set[float]:
        """What sentences say of two figures: change, difference, part lost."""
        made: set[float] = {abs(part - 100) for part in self.parts}
        for line, values in self._measured_lines():
            for new, old in _pairs([(code, values[row]) for code, row in line]):
                made.update((new - old) * scale for scale in (1, 100, 0.01, 1e-8))
        return made

    def rows_of(self, label: str) -> set[int]:
        """The rows of which a code is called so."""
        return self._rows.get(label.strip().lower(), set())

    @cached_property
    def _rows(self) -> dict[str, set[int]]:
        rows: dict[str, set[int]] = defaultdict(set)
        for name in self.dimensions:
            own = self.columns.get(f"{name}_{self.words.language}", [None] * len(self.at))
            for row, (code, text) in enumerate(zip(self.columns[name], own, strict=True)):
                rows[self.words.label(name, _day(code)).translate(INVISIBLE).lower()].add(row)
                rows[str(text or "").translate(INVISIBLE).strip().lower()].add(row)
        return rows

    def _measured_lines(self) -> Iterator[tuple[list[tuple[Any, int]], list[Any]]]:
        for _, line in self._lines():
            for values in self.measured.values():
                yield [(code, row) for code, row in line if values[row] is not None], values

    @property
    def labels(self) -> Iterator[str]:
        """What its codes are called, and its texts."""
        for name, values in self.columns.items():
            if name not in self.measured:
                for value in set(_known(values)):
                    yield str(value)
                    yield self.words.label(name, _day(value))

    @property
    def heights(self) -> set[float]:
        """How many rows a level may show: all that it has, or some of them (`codes`)."""
        rows = zip(*(self.columns[name] for name in self.dimensions), strict=True)
        levels: dict[tuple[bool, ...], int] = defaultdict(int)
        for row in rows:
            levels[tuple(code is None for code in row)] += 1
        sizes = [len(line) for _, line in self._lines()]
        return {float(size) for size in range(1, max([*levels.values(), *sizes], default=0) + 1)}

    def _lines(self) -> Iterator[tuple[str, list[tuple[Any, int]]]]:
        """The rows that differ in one dimension only."""
        keys = [self.columns[name] for name in self.dimensions]
        for place, name in enumerate(self.dimensions):
            lines = defaultdict(list)
            for row, codes in enumerate(zip(*keys, strict=True)):
                lines[codes[:place] + codes[place + 1 :]].append((_day(codes[place]), row))
            yield from ((name, line) for line in lines.values())

    def _scaled(self, column: str, value: float) -> list[float]:
        form = form_of(column, whole=isinstance(value, int))
        return [value * scale for scale in SCALES.get(form, (100.0,))]


class Known:
    """Everything that the outputs of one report may hold, by the tables that they say they were made from."""

    def __init__(self, proof: Mapping[str, Any], authored: str) -> None:
        self.words = Words(proof["language"])
        self.tables = {name: Table(name, told, self.words) for name, told in proof["tables"].items()}
        self.number = NUMBER["en" if self.words.language == "en" else "fi"]
        self.said = "\n".join(proof["said"])
        self.limits = {float(found) for found in re.findall(r"limit=(\d{1,2})\b", authored)} | {20.0}
        people, left = proof["people"], proof["left_out"]
        self.release = [people, *left, *(100 * n / people for n in left if people)]
        texts = [authored, self.said, _spoken(self.words.language), *(text for table in self.tables.values() for text in table.labels)]
        self.vocabulary = set(LETTERS.findall("\n".join(texts).translate(INVISIBLE).lower()))
        self._figures: dict[tuple[Any, ...], Figures] = {}
        self._tokens: dict[tuple[str, ...], set[str]] = {}

    def figures(self, names: tuple[str, ...], *kinds: str) -> Figures:
        """What may be written of these tables: of `shown`, `shares`, `sums`, `parts`, `changes` and `heights` the kinds named."""
        if (names, kinds) not in self._figures:
            values: set[float] = set(self.limits) if "heights" in kinds else set()
            for table in self._of(names):
                for kind in kinds:
                    found = table.at if kind == "shown" else getattr(table, kind)
                    values.update(*found) if isinstance(found, list) else values.update(found)
            self._figures[names, kinds] = Figures(values)
        return self._figures[names, kinds]

    def placed(self, names: tuple[str, ...], labels: tuple[str, ...], *, shares: bool = False) -> Figures:
        """What these tables show where all these labels meet."""
        if (names, labels, shares) not in self._figures:
            values: set[float] = set()
            for table in self._of(names):
                for row in set.intersection(*(table.rows_of(label) for label in labels)):
                    values.update(table.at[row], table.shares[row] if shares else ())
            self._figures[names, labels, shares] = Figures(values)
        return self._figures[names, labels, shares]

    def told(self, names: tuple[str, ...], tip: str) -> Figures:
        """What a tooltip, "place · series: figure", may tell."""
        head = tip.rpartition(": ")[0] or tip
        if head.lower() == self.words.label("code", "others").lower():
            return self.figures(names, "shown", "sums")
        cuts = [(head,), *((head[: m.start()], head[m.end() :]) for m in re.finditer(" · ", head))]
        found = [self.placed(names, cut, shares=True) for cut in cuts]
        return max(found, key=lambda figures: len(figures.values))

    def _of(self, names: tuple[str, ...]) -> list[Table]:
        return [self.tables[name] for name in names if name in self.tables]

    def tokens(self, names: tuple[str, ...]) -> set[str]:
        """Numbers that stand in the names of codes, in dates and in texts of these tables."""
        if names not in self._tokens:
            labels = [label for name in names if name in self.tables for label in self.tables[name].labels if DIGITS.search(label)]
            self._tokens[names] = {token for label in [*labels, self.said] for token in self.number.findall(label.translate(INVISIBLE))}
        return self._tokens[names]

    def strange_word(self, text: str, *, broken: bool = False) -> bool:
        """Whether a word of the text is neither the report's own, nor the catalogue's, nor of its tables; `broken`: words may be cut."""
        strange = set(LETTERS.findall(text.lower())) - self.vocabulary
        return any(not broken or not any(known.startswith(w) or known.endswith(w) for known in self.vocabulary) for w in strange)

    def numbers(self, text: str) -> list[tuple[str, float, int]]:
        """The numbers of a text that do not belong to a sentence of the catalogue: as written, as a value, and its decimals."""
        point = "." if self.words.language == "en" else ","
        bare = _sentences(self.words.language).sub(" ", text)
        found = []
        for token in self.number.findall(bare):
            whole, _, part = re.sub(r"[^\d" + point + "]", "", token).partition(point)
            found.append((token, float(f"{whole}.{part or 0}"), len(part)))
        return found


def _known(values: Iterable[Any]) -> Iterator[Any]:
    return (value for value in values if value is not None)


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) else value


def _pairs(line: list[tuple[Any, float]]) -> Iterator[tuple[float, float]]:
    """Neighbours and years in time; each with each of a few codes; each with the total of many."""
    if any(isinstance(code, date) for code, _ in line):
        dated = dict(sorted((code, value) for code, value in line if isinstance(code, date)))
        order = list(dated)
        near = [(new, old) for old, new in pairwise(order)]
        far = [(day, then) for day in order if (then := _year_before(day)) in dated]
        yield from ((dated[a], dated[b]) for a, b in near + far)
        yield from ((value, dict(line)[None]) for value in dated.values() if None in dict(line))
    elif len(line) <= MANY:
        yield from permutations([value for _, value in line], 2)
    elif None in dict(line):
        yield from ((value, dict(line)[None]) for code, value in line if code is not None)


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=min(day.day, 28))


def _sums(line: list[tuple[Any, float]]) -> list[float]:
    """What the bars beyond a chart's limit are together."""
    last = {"unknown", "others"}
    order = sorted((code in last, -value) for code, value in line if code is not None)
    sums = list(accumulate(-value for _, value in reversed(order)))
    return sums[1 : max(0, len(order) - PLACES // 2)]


@cache
def _spoken(language: str) -> str:
    """All that the catalogue of a language can say; places are labels of the tables."""
    names = [part for month in range(1, 13) for part in (Words(language).month(date(2026, month, 1)), _long(language, month))]
    return "\n".join(
        [*catalogue(language).values(), *(message for _, message in (*catalogue("fi"), *catalogue(language))), *names, _named(language)]
    )


def _long(language: str, month: int) -> str:
    return Words(language).month(date(2026, month, 1), long=True) + " " + Words(language).period(f"2026-{month:02}")


def _named(language: str) -> str:
    return " ".join(Words(language).label("region", f"{code:02}") for code in range(1, 22)) + " " + Words(language).period("2026-Q3")


@cache
def _sentences(language: str) -> re.Pattern[str]:
    """The parts with digits of every sentence that the catalogue knows, the longest first."""
    said = {*catalogue(language).values(), *(message for known in ("fi", language) for _, message in catalogue(known))}
    parts = {part.strip() for text in said for part in re.split(r"\{\w*\}", text) if DIGITS.search(part) and LETTERS.search(part)}
    marked = "|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{marked})(?!\w)" if marked else r"(?!)")


def progression(values: list[float]) -> bool:
    """Whether these can be the marks of an axis: some round steps apart, and each a multiple of the step."""
    order = sorted(set(values))
    steps = [b - a for a, b in pairwise(order)]
    if not 1 <= len(steps) < 2 * MANY:
        return False
    step = min(steps)
    leading = f"{step:.6e}".split("e")[0].rstrip("0").rstrip(".")
    return leading in {"1", "2", "2.5", "5"} and all(abs(value / step - round(value / step)) < 1e-6 for value in order)
