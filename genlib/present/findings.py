"""Findings: sentences made by small rules from protected figures and their intervals. Where nothing
stands out they name what is shown.

A change of a count is a fact; a change of a share, a mean or a score is said to be one only if the
two intervals do not meet. `what` is an English subject ("The number of customers"), `since` one of
previous, year_ago or an English phrase.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from math import hypot
from statistics import NormalDist
from typing import Any

import polars as pl

from genlib.disclosure.table import ProtectedTable, Shown
from genlib.errors import NotProtected
from genlib.period import Period
from genlib.present.item import Finding
from genlib.present.recipe import said
from genlib.present.words import Words, form_of

BASE = 10
"""No percentage on fewer."""
COUNTED = {
    "up": "{what} rose by {much} {since}",
    "down": "{what} fell by {much} {since}",
    "flat": "{what} stayed the same {since}",
}
MEASURED = {
    "up": "{what} rose {since}: {old} → {new}",
    "down": "{what} fell {since}: {old} → {new}",
    "flat": "{what} {new}: the change {since} is not more than chance",
}
BRIEF = {
    "up": "{much} {since}",
    "down": "{much} {since}",
    "flat": "the change {since} is not more than chance",
}
SINCE = {"previous": "from the previous month", "year_ago": "from a year ago"}


@said
def change(now: Shown, before: Shown, what: str = "", *, since: str = "previous") -> Finding:
    """How counts or money, which are what they are, changed: "Asiakasmäärä kasvoi 1,8 % edellisestä
    kuukaudesta". Brief without `what`."""
    words = _words(now, before)
    sources = (now, before)
    if now.value is None or before.value is None:
        return _told(sources, what, "", "unknown")
    tone = "up" if now.value > before.value else "down" if now.value < before.value else "flat"
    message = COUNTED[tone] if what else "{much} {since}"
    return _told(
        sources,
        message,
        what,
        tone,
        much=_much(words, now, before, signed=not what),
        since=_since(words, since),
    )


@said
def difference(
    table: ProtectedTable,
    column: str,
    what: str = "",
    *,
    places: tuple[dict[str, Any], dict[str, Any]],
    since: str = "previous",
) -> Finding:
    """Whether a share, mean or score at the first place differs from that at the second (earlier)
    one by more than chance."""
    words = _words(table)
    form = form_of(column)
    new, old = (
        [table.value(c, **at).value for c in (column, f"{column}_low", f"{column}_high")]
        for at in places
    )
    if None in new or None in old:
        return _told((table,), what, "", "unknown")
    tone = "up" if new[1] > old[2] else "down" if new[2] < old[1] else "flat"  # type: ignore[operator]
    message = MEASURED[tone] if what else BRIEF[tone]
    figures = {"old": words.figure(old[0], form), "new": words.figure(new[0], form)}
    much = _gap(words, new[0] - old[0], form)  # type: ignore[operator]
    return _told((table,), message, what, tone, much=much, since=_since(words, since), **figures)


@said
def between(table: ProtectedTable, column: str, **where: Any) -> Finding:
    """The interval of a tile's figure: "95 %:n väli 1,6–3,1 %-yks."."""
    low, high = (table.value(f"{column}_{end}", **where).value for end in ("low", "high"))
    if low is None or high is None:
        return _told((table,), "")
    return _told(
        (table,), "95% interval {span}", span=_words(table).interval(low, high, form_of(column))
    )


LARGEST = "{what}: the largest group is {label} ({share})"


@said
def largest(
    table: ProtectedTable, by: str, column: str, what: str, *, message: str = LARGEST, **where: Any
) -> Finding:
    """Which known code has the most and which part of all, if it surely has: no hidden cell and
    none of those put together could have more, and it does not share its place. `message` may have
    {what}, {label} and {share}."""
    words = _words(table)
    rows = _rows(table, by, column, where)
    rows = rows.filter(~pl.col(by).cast(pl.String).is_in(["unknown", "others"]))
    named = [words.label(by, code) != words.label(by, "others") for code in rows[by]]
    shown = rows.filter(named).drop_nulls(column)
    total = table.value(column, **where).value
    top, second = [*shown[column].head(2), 0, 0][:2]
    hidden = (
        float(total or 0) - float(shown[column].sum() or 0) if rows.height > shown.height else 0
    )
    if not total or total < BASE or shown.height < 2 or top <= max(second, hidden):
        return _told((table,), what)
    return _told(
        (table,),
        message,
        what,
        label=_label(shown, by, words),
        share=words.figure(top / total, "percent", 0),
    )


@said
def highest(
    table: ProtectedTable, by: str, column: str, what: str, *, otherwise: str = "", **where: Any
) -> Finding:
    """Which known code has the highest rate, if its interval lies above those of all others; if
    not, what is said `otherwise` or `what`."""
    words = _words(table)
    rows = _rows(table, by, column, where).drop_nulls(column)
    low = f"{column}_low"
    high = f"{column}_high"
    if rows.height < 2 or low not in rows.columns or (rows[low][0] or 0) <= rows[high][1:].max():  # type: ignore[operator]
        return _told((table,), (rows.height > 1 and otherwise) or what)
    value = words.figure(rows[column][0], form_of(column))
    return _told(
        (table,),
        "{what} was highest: {label} ({value})",
        what,
        label=_label(rows, by, words),
        value=value,
    )


@said
def leading(table: ProtectedTable, by: str, column: str, what: str, **where: Any) -> Finding:
    """Which code has the largest figure: "Eniten suositteluun liittyy: ”Sain avun” (31 %)"; no word
    of whether that is more than chance."""
    words = _words(table)
    rows = _rows(table, by, column, where).drop_nulls(column)
    if rows.height < 2:
        return _told((table,), what)
    value = words.figure(rows[column][0], form_of(column))
    return _told(
        (table,),
        "{what}: “{label}” ({value})",
        what,
        label=_label(rows, by, words).rstrip("."),
        value=value,
    )


@said
def contrast(table: ProtectedTable, by: str, column: str, what: str, **where: Any) -> Finding:
    """Between which two codes a rate differs most, if that is more than chance for the largest of
    so many differences (Bonferroni)."""
    words = _words(table)
    rows = _rows(table, by, column, where).filter(pl.col(by).cast(pl.String) != "unknown")
    rows = rows.drop_nulls([column, f"{column}_low", f"{column}_high"])
    if rows.height < 2:
        return _told((table,), what)
    top = rows.row(0, named=True)
    last = rows.row(-1, named=True)
    errors = [(row[f"{column}_high"] - row[f"{column}_low"]) / 2 for row in (top, last)]
    pairs = rows.height * (rows.height - 1) / 2
    limit = NormalDist().inv_cdf(1 - 0.025 / pairs) / NormalDist().inv_cdf(0.975)
    if top[column] - last[column] <= limit * hypot(*errors):
        return _told((table,), "{what}: the differences are not more than chance", what, "flat")
    figures = {
        "most": words.figure(top[column], form_of(column)),
        "least": words.figure(last[column], form_of(column)),
    }
    ends = {"top": _label(rows, by, words), "last": _label(rows[-1:], by, words)}
    return _told(
        (table,), "{what}: highest {top} ({most}), lowest {last} ({least})", what, **ends, **figures
    )


@said
def dated(table: ProtectedTable, by: str, period: Period, messages: tuple[str, str]) -> Finding:
    """Nothing if the table has figures of the period; else a message with the {month} of its last
    ones, or one that there are none."""
    words = _words(table)
    dates = table.rows(by)[by].sort().to_list()
    if dates and dates[-1] >= period.start:
        return _told((table,), "")
    month = words.month(dates[-1], year=True, long=True) if dates else ""
    return _told((table,), messages[not dates], month=month)


@said
def surely(
    table: ProtectedTable,
    by: str,
    column: str,
    messages: tuple[str, ...],
    *,
    p: str = "",
    **where: Any,
) -> Finding:
    """Of how many the whole interval lies above zero (and, if the column `p` has p-values adjusted
    for many comparisons, that is under 5%): "Kolme viidestä kampanjasta lisäsi ostoja". The
    messages have {above} and {all} (in words up to ten): the first if there are some, the second if
    there are none, the third if there is nothing to compare."""
    words = _words(table)
    rows = _rows(table, by, column, where).drop_nulls([f"{column}_low", f"{column}_high"])
    if rows.is_empty() and len(messages) > 2:
        return _told((table,), messages[2])
    above = rows.filter(pl.col(f"{column}_low") > 0, pl.col(p) < 0.05 if p else True).height
    return _told(
        (table,),
        messages[not above],
        above=words.label("number", above),
        all=words.label("out of", rows.height),
    )


@said
def without(table: ProtectedTable, by: str, column: str, message: str) -> Finding:
    """A message with the {names} of what has no figure in the column; nothing if all have one."""
    return _named(table, by, pl.col(column).is_null(), message)


@said
def among(table: ProtectedTable, by: str, column: str, message: str) -> Finding:
    """A message with the {names} of what the column says is so; nothing if none is."""
    return _named(table, by, pl.col(column), message)


def _named(table: ProtectedTable, by: str, chosen: pl.Expr, message: str) -> Finding:
    names = _words(table).labels(table.rows(by).filter(chosen).sort(by), by)
    return _told((table,), message if names else "", names=", ".join(names))


@said
def lost(
    table: ProtectedTable,
    what: str,
    *,
    stage: str = "stage",
    value: str = "reached",
    codes: Sequence[str] = (),
    **where: Any,
) -> Finding:
    """The step of a funnel (of `codes` in their order, if named) at which the greatest part is
    lost."""
    words = _words(table)
    rows = _rows(table, stage, value, where)
    if codes:
        rows = pl.DataFrame({stage: codes}).join(rows, on=stage, how="inner", maintain_order="left")
    before = pl.col(value).shift()
    steps = rows.with_columns(
        pl.col(stage).shift().alias("_from"), _kept=pl.col(value) / before, _base=before
    )
    steps = steps.filter(pl.col("_base") >= BASE).sort("_kept")
    if steps.is_empty() or rows[value].null_count() or steps["_kept"][0] == 1:
        return _told((table,), what)
    start, end = (words.label(stage, steps[column][0]) for column in ("_from", stage))
    share = words.figure(1 - steps["_kept"][0], "percent", 0)
    return _told(
        (table,),
        "{what}: {share} lost between {start} and {end}",
        what,
        share=share,
        start=start,
        end=end,
    )


@said
def say(message: str, otherwise: str = "", **figures: Shown) -> Finding:
    """An English message with figures in it, "{joined} customers came, {left} left"; `otherwise`,
    if one of them is not shown."""
    words = _words(*figures.values())
    known = all(figure.value is not None for figure in figures.values())
    values = {name: _figure(words, figure) for name, figure in figures.items() if known}
    return _told(tuple(figures.values()), message if known else otherwise, **values)


@said
def phrase(
    table: ProtectedTable, message: str, otherwise: str = "", **parts: Shown | str
) -> Finding:
    """An English message with English phrases and figures in it: "Score {lately}: {nps}" with
    lately="in twelve months"; `otherwise`, without the figures, if one of them is not shown."""
    words = _words(table)
    figures = [part for part in parts.values() if isinstance(part, Shown)]
    is_whole = all(figure.value is not None for figure in figures)
    values = {
        name: _figure(words, part) if isinstance(part, Shown) else words.translate(part)
        for name, part in parts.items()
    }
    return _told((table, *figures), message if is_whole else otherwise, **values)


@said
def usual(
    table: ProtectedTable,
    column: str,
    *,
    by: str,
    at: Any,
    messages: tuple[str, str, str],
    **where: Any,
) -> Finding:
    """Whether a change is like those of the steps before it: a message with {low} and {high} if it
    is, one if it is above and one if it is below them all; nothing on fewer than six steps."""
    words = _words(table)
    rows = table.rows(by, **where).drop_nulls(column)
    now = rows.filter(pl.col(by) == at)[column]
    earlier = rows.filter(pl.col(by) < at)[column]
    if now.is_empty() or len(earlier) < 6:
        return _told((table,), "")
    low, high = float(earlier.min()), float(earlier.max())  # type: ignore[arg-type]
    message = messages[1] if now[0] > high else messages[2] if now[0] < low else messages[0]
    return _told(
        (table,),
        message,
        low=words.figure(low, form_of(column)),
        high=words.figure(high, form_of(column)),
    )


@said
def narrowed(table: ProtectedTable, **parameters: str) -> Finding:
    """What the report is narrowed to: "Rajaus: Pirkanmaa."; nothing if it is not."""
    words = _words(table)
    chosen = ", ".join(
        words.label(name, value) for name, value in parameters.items() if value != "all"
    )
    return _told((table,), "Only: {chosen}" if chosen else "", chosen=chosen)


@said
def unfinished(table: ProtectedTable, period: Period, release: Any) -> Finding:
    """Up to which day a period is told that was not over when the release was published; nothing of
    one that was."""
    words = _words(table)
    published = release.manifest.published_on
    is_over = period.whole.end <= published
    message = "The period is not over: it is told up to {day}"
    last_day = words.date(published - timedelta(days=1))
    return _told((table,), "" if is_over else message, day=last_day)


def _figure(words: Words, figure: Shown) -> str:
    form = form_of(figure.column, whole=isinstance(figure.value, int))
    return words.figure(
        figure.value, form, 0 if form == "percent" and (figure.value or 0) >= 0.1 else None
    )


def _since(words: Words, since: str) -> str:
    return words.translate(SINCE.get(since, since))


def _rows(table: ProtectedTable, by: str, column: str, where: dict[str, Any]) -> pl.DataFrame:
    return table.rows(by, **where).sort(column, by, descending=[True, False], nulls_last=True)


def _label(rows: pl.DataFrame, by: str, words: Words) -> str:
    return words.labels(rows[:1], by)[0].replace("\u2013", "\u2060\u2013\u2060")


def _words(*sources: object) -> Words:
    if not all(isinstance(source, ProtectedTable | Shown) for source in sources):
        raise NotProtected(
            "findings take a ProtectedTable or figures of one; pass the metric's Cells through "
            "genlib.protect first"
        )
    return Words(sources[0].language)  # type: ignore[attr-defined]


def _much(words: Words, now: Shown, before: Shown, *, signed: bool) -> str:
    """By how much: in per cent on a base of ten or more, else in units."""
    new = float(now.value or 0)
    old = float(before.value or 0)
    form = form_of(now.column, whole=isinstance(now.value, int))
    if old >= BASE and form in {"number", "money"}:
        part = (new - old) / old
        return words.figure(
            part if signed else abs(part),
            "change" if signed else "percent",
            0 if abs(part) >= 1 else 1,
        )
    gap = _gap(words, new - old, form)
    return gap if signed else gap.lstrip("+−")


def _gap(words: Words, gap: float, form: str) -> str:
    said = words.figure(abs(gap), "points" if form == "percent" else form).removeprefix("+")
    return ("+" if gap > 0 else "−" if gap < 0 else "") + said


def _told(
    sources: Sequence[ProtectedTable | Shown],
    message: str,
    what: str = "",
    tone: str = "plain",
    /,
    **values: str,
) -> Finding:
    """An English message about `what` in the language of its sources."""
    words = _words(*sources)
    text = words.translate(message, what=words.translate(what), **values)
    made = Finding(text[:1].upper() + text[1:])
    made.language, made.tone = words.language, tone
    made.tables = tuple(
        dict.fromkeys(s.name if isinstance(s, ProtectedTable) else s.table for s in sources)
    )
    return made
