"""Findings: sentences made by small rules from protected figures and their intervals. Where nothing
stands out they name what is shown.

A change is announced only if it is more than chance (genlib.judgement): of a share, a mean or a
score by the interval of the difference, of counts and money by their usual swing; a group differs
from the others by one rule for all groups of a table (present.groups). `what` is an English subject
("The number of customers"), `since` one of previous, year_ago or an English phrase.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from genlib import judgement
from genlib.disclosure.table import ProtectedTable, Shown
from genlib.errors import NotProtected, UsageError
from genlib.judgement import Change, Figure
from genlib.period import Period, read_period
from genlib.present.authored import keep_words
from genlib.present.groups import is_judged, judge_groups
from genlib.present.item import Finding
from genlib.present.words import Words, form_of

BASE = 10
"""No percentage on fewer."""
MOST_NAMES = 5
"""So many names stand in a sentence; one more is named rather than counted."""
COUNTED = {
    "rose": "{what} rose by {much} {since}",
    "fell": "{what} fell by {much} {since}",
    "steady": "{what} was {new}: the change {since} is within its usual swing",
    "same": "{what} stayed the same {since}",
}
MEASURED = {
    "rose": "{what} rose {since}: {old} → {new}",
    "fell": "{what} fell {since}: {old} → {new}",
    "steady": "{what} was {new}: the change {since} is not more than chance",
}
BRIEF_COUNTED = {
    "rose": "{much} {since}",
    "fell": "{much} {since}",
    "steady": "{much} {since}, as usual",
    "same": "unchanged {since}",
}
BRIEF_MEASURED = {
    "rose": "{much} {since}",
    "fell": "{much} {since}",
    "steady": "the change {since} is not more than chance",
}
BESIDE = {
    "rose": "{what}: {new}, among the others {old}",
    "fell": "{what}: {new}, among the others {old}",
    "steady": "{what}: {new}; the difference from the others is not more than chance",
}
BRIEF_BESIDE = {
    "rose": "{much} more than among the others",
    "fell": "{much} less than among the others",
    "steady": "the difference from the others is not more than chance",
}
LEVEL = "{what} was {new}"
TONES = {"rose": "up", "fell": "down", "steady": "flat", "unknown": "plain"}
SINCE = {"previous": "from the previous month", "year_ago": "from a year ago"}
COMPARED = {
    "previous": "from the previous {unit}",
    "year_ago": "from a year ago",
}
COMPARED_SO_FAR = {
    "previous": "from the same days of the previous {unit}",
    "year_ago": "from the same days a year ago",
}


@keep_words
def change(
    table: ProtectedTable,
    column: str,
    what: str = "",
    *,
    places: tuple[dict[str, Any], dict[str, Any]],
    since: str = "previous",
) -> Finding:
    """How a figure at the first place has changed since the second (earlier) one, and whether that
    is more than chance: "Asiakasmäärä kasvoi 1,8 % edellisestä kuukaudesta".

    One finding serves the lead (which tells the level where a count changed as usual), the tile
    (in brief, with an arrow only where it is more than chance), the title and the text. Brief
    without `what`.
    """
    judged = _judge(table, column, places)
    measured = _has_interval(table, column)
    messages = MEASURED if measured else COUNTED
    brief = BRIEF_MEASURED if measured else BRIEF_COUNTED
    level = "" if measured or judged.verdict in {"rose", "fell"} or not what else LEVEL
    return _compared(table, column, what, places, judged, messages, brief, level, since=since)


def since(period: Period | str, comparison: str) -> str:
    """What a change of a period is since, as an English phrase that every language knows: "from the
    previous quarter", or of one that is not over "from the same days of the previous quarter".
    `comparison` is previous or year_ago."""
    _check_comparison(comparison)
    period = read_period(period)
    phrases = COMPARED if period.is_over else COMPARED_SO_FAR
    return phrases[comparison].format(unit=period.unit)


def _check_comparison(comparison: str) -> None:
    if comparison not in COMPARED:
        raise UsageError(f"comparison is one of {', '.join(COMPARED)}")


@dataclass(frozen=True)
class Compared:
    """The two `places` of a comparison, what the change is `since` (see `since`), and the `unit` of
    the steps, which may be larger than the report's."""

    places: tuple[dict[str, Any], dict[str, Any]]
    since: str
    unit: str

    @property
    def this(self) -> dict[str, Any]:
        return self.places[0]


def compare_steps(table: ProtectedTable, period: Period | str, comparison: str) -> Compared:
    """The last step that a table tells, and the one that it is compared with: those of the period,
    or the last whole quarter or year where its steps had to be larger."""
    _check_comparison(comparison)
    _words(table)
    period = read_period(period)
    column = period.unit
    rows = table.rows(column)
    unit = f"{column}_unit"
    told = period
    if unit in rows.columns and rows.height:
        told = Period.around(rows[column].max(), rows[unit][0])  # type: ignore[arg-type]
    before = told.year_ago() if comparison == "year_ago" else told.previous()
    places = ({column: told.start}, {column: before.start})
    return Compared(places, since(told, comparison), told.unit)


def first(*findings: Finding) -> Finding:
    """The first of the findings that says something; the last, if none does."""
    known = (one for one in findings if one and one.tone != "unknown")
    return next(known, findings[-1])


@keep_words
def difference(
    table: ProtectedTable,
    column: str,
    what: str = "",
    *,
    places: tuple[dict[str, Any], dict[str, Any]],
) -> Finding:
    """Whether a share, a mean or a score of the group at the first place differs from that of the
    others, at the second, by more than chance. Brief without `what`."""
    judged = _judge(table, column, places)
    return _compared(table, column, what, places, judged, BESIDE, BRIEF_BESIDE, signed=False)


def _compared(  # noqa: PLR0913, PLR0917 - what a comparison is said with
    table: ProtectedTable,
    column: str,
    what: str,
    places: tuple[dict[str, Any], dict[str, Any]],
    judged: Change,
    messages: dict[str, str],
    brief: dict[str, str],
    level: str = "",
    *,
    since: str = "",
    signed: bool = True,
) -> Finding:
    """A judged change in words; only the name of what is not shown."""
    words = _words(table)
    now, before = (table.value(column, **place) for place in places)
    if judged.gap is None or now.value is None or before.value is None:
        return _told((table,), what, "", "unknown")
    form = form_of(column, whole=isinstance(now.value, int))
    is_measured = _has_interval(table, column)
    figures = {
        "new": words.figure(now.value, form),
        "old": words.figure(before.value, form),
        "since": _since(words, since),
    }
    brief_much = _much(words, now, before, signed=signed)
    much = _much(words, now, before, signed=is_measured and signed)
    is_nothing = not is_measured and not re.search("[1-9]", much)
    manner = "same" if is_nothing else _manner(judged)
    tone = TONES[judged.verdict]
    in_brief = _told((table,), brief[manner], what, tone, **figures, much=brief_much)
    finding = in_brief
    if what:
        finding = _told((table,), messages[manner], what, tone, **figures, much=much)
    finding.change = judged
    finding.brief = str(in_brief)
    finding.level = str(_told((table,), level, what, **figures)) if level else ""
    return finding


def _manner(judged: Change) -> str:
    """How a change is said: where its usual swing is not known it is told as the plain fact that it
    is, by its direction."""
    if judged.verdict != "unknown":
        return judged.verdict
    if not judged.gap:
        return "same"
    return "rose" if judged.gap > 0 else "fell"


def _has_interval(table: ProtectedTable, column: str) -> bool:
    return {f"{column}_low", f"{column}_high"} <= set(table.frame.columns)


def _judge(
    table: ProtectedTable, column: str, places: tuple[dict[str, Any], dict[str, Any]]
) -> Change:
    """Whether the figures at two places differ by more than chance."""
    _words(table)
    if not _has_interval(table, column):
        return _judge_count(table, column, *places)
    now, before = (_figure_at(table, column, place) for place in places)
    return judgement.compare(now, before) if now and before else Change()


def _figure_at(table: ProtectedTable, column: str, place: dict[str, Any]) -> Figure | None:
    columns = (column, f"{column}_low", f"{column}_high")
    values = [table.value(name, **place).value for name in columns]
    return None if None in values else Figure(*values)  # type: ignore[arg-type]


def _judge_count(
    table: ProtectedTable, column: str, now: dict[str, Any], before: dict[str, Any]
) -> Change:
    """Whether a count or money changed by more than in the steps of time before."""
    new, old = (table.value(column, **place).value for place in (now, before))
    if new is None or old is None:
        return Change()
    steps = [key for key in now if now[key] != before.get(key)]
    if len(steps) != 1 or old < BASE:
        return Change(float(new - old))
    step = steps[0]
    rest = {key: value for key, value in now.items() if key != step}
    rows = table.rows(step, **rest).sort(step)
    order = rows[step].to_list()
    lag = order.index(now[step]) - order.index(before[step])
    earlier = pl.col(column).shift(lag)
    part = (pl.col(column) - earlier) / pl.when(earlier >= BASE).then(earlier)
    changes = rows.select(step, part=part).filter(pl.col(step) < now[step]).drop_nulls()
    return judgement.compare_to_swing(float((new - old) / old), changes["part"].to_list())


@keep_words
def between(table: ProtectedTable, column: str, **where: Any) -> Finding:
    """The interval of a tile's figure: "95 %:n väli 1,6–3,1 %-yks."."""
    low, high = (table.value(f"{column}_{end}", **where).value for end in ("low", "high"))
    if low is None or high is None:
        return _told((table,), "")
    return _told(
        (table,), "95% interval {span}", span=_words(table).interval(low, high, form_of(column))
    )


LARGEST = "{what}: the largest group is {label} ({share})"


@keep_words
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


ABOVE = "{what}: above the others {top} ({most})"
BELOW = "{what}: below the others {last} ({least})"
APART = "{what}: above the others {top} ({most}), below them {last} ({least})"
PAIR = "{what}: {top} {most}, {last} {least}"


@keep_words
def highest(
    table: ProtectedTable, by: str, column: str, what: str, *, otherwise: str = "", **where: Any
) -> Finding:
    """Which code has the highest rate of those that lie above all others by more than chance; if
    none does, what is said `otherwise` or `what`."""
    words = _words(table)
    rows = _judged_rows(table, by, column, where)
    above = rows.filter(pl.col("verdict") == "rose")
    if above.is_empty():
        return _told((table,), (rows.height > 1 and otherwise) or what)
    top = _named_rate(above[:1], by, column, words)
    return _told((table,), ABOVE, what, top=top[0], most=top[1])


QUOTED = "{what}: “{label}” ({value})"


@keep_words
def leading(  # noqa: PLR0913 - what is said of the first
    table: ProtectedTable,
    by: str,
    column: str,
    what: str,
    *,
    message: str = QUOTED,
    otherwise: str = "",
    **where: Any,
) -> Finding:
    """Which code has the largest figure: "Eniten suositteluun liittyy: ”Sain avun” (31 %)".
    `message` may have {what}, {label} and {value}.

    `otherwise` or `what`, where it may be another: one is hidden, or the intervals of the first two
    do not tell them apart.
    """
    words = _words(table)
    rows = _rows(table, by, column, where)
    if rows.height < 2 or rows[column].null_count() or not _leads(rows, column):
        return _told((table,), otherwise or what)
    value = words.figure(rows[column][0], form_of(column))
    return _told(
        (table,),
        message,
        what,
        label=_label(rows, by, words).rstrip("."),
        value=value,
    )


def _leads(rows: pl.DataFrame, column: str) -> bool:
    """Whether the first figure is above the second by more than chance, if they have intervals."""
    ends = [column, f"{column}_low", f"{column}_high"]
    if not set(ends) <= set(rows.columns):
        return True
    first, second = (Figure(*row) for row in rows.select(ends).head(2).rows())
    return judgement.compare(first, second).verdict == "rose"


@keep_words
def contrast(table: ProtectedTable, by: str, column: str, what: str, **where: Any) -> Finding:
    """Which code lies furthest above and which furthest below all others, of those that do so by
    more than chance; of two groups, both."""
    words = _words(table)
    rows = _judged_rows(table, by, column, where)
    if rows.height < 2:
        return _told((table,), what)
    above = rows.filter(pl.col("verdict") == "rose")
    below = rows.filter(pl.col("verdict") == "fell")
    if above.is_empty() and below.is_empty():
        return _told((table,), "{what}: the differences are not more than chance", what, "flat")
    figures: dict[str, str] = {}
    if above.height:
        figures["top"], figures["most"] = _named_rate(above[:1], by, column, words)
    if below.height:
        figures["last"], figures["least"] = _named_rate(below[-1:], by, column, words)
    if above.height and below.height:
        message = PAIR if rows.height == 2 else APART
    else:
        message = ABOVE if above.height else BELOW
    return _told((table,), message, what, **figures)


def _judged_rows(
    table: ProtectedTable, by: str, column: str, where: dict[str, Any]
) -> pl.DataFrame:
    """The groups that were compared with all others, the highest first, each with its verdict; none
    if the table compares none."""
    rows = _rows(table, by, column, where)
    if not is_judged(rows, column):
        return rows.clear().with_columns(verdict=pl.lit("unknown"))
    rows = rows.with_columns(judge_groups(rows, by, column))
    return rows.filter(pl.col("verdict") != "unknown")


def _named_rate(row: pl.DataFrame, by: str, column: str, words: Words) -> tuple[str, str]:
    return _label(row, by, words), words.figure(row[column][0], form_of(column))


@keep_words
def dated(
    table: ProtectedTable, by: str, period: Period | str, messages: tuple[str, str]
) -> Finding:
    """Nothing if the table has figures of the period, or could tell none; else a message with the
    {month} of its last ones, or one that there are none."""
    words = _words(table)
    if "*" in table.coarser:
        return _told((table,), "")
    dates = table.rows(by)[by].sort().to_list()
    if dates and dates[-1] >= read_period(period).start:
        return _told((table,), "")
    month = words.month(dates[-1], year=True, long=True) if dates else ""
    return _told((table,), messages[not dates], month=month)


@keep_words
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
    ends = (f"{column}_low", f"{column}_high")
    table.check_columns(column, *ends, *([p] if p else []))
    rows = _rows(table, by, column, where).drop_nulls(ends)
    if rows.is_empty() and len(messages) > 2:
        return _told((table,), messages[2])
    above = rows.filter(pl.col(f"{column}_low") > 0, pl.col(p) < 0.05 if p else True).height
    return _told(
        (table,),
        messages[not above],
        above=words.label("number", above),
        all=words.label("out of", rows.height),
    )


@keep_words
def without(
    table: ProtectedTable, by: str, column: str, message: str, *, besides: str = ""
) -> Finding:
    """A message with the {names} of what has no figure in the column; nothing if all have one.
    Of what the column `besides` says is so another sentence speaks (`among`)."""
    _words(table)
    table.check_columns(column, *([besides] if besides else []))
    has_none = pl.col(column).is_null()
    if besides:
        has_none &= ~pl.col(besides).fill_null(value=False)
    return _named(table, by, has_none, message)


@keep_words
def among(table: ProtectedTable, by: str, column: str, message: str) -> Finding:
    """A message with the {names} of what the column says is so; nothing if none is."""
    _words(table)
    table.check_columns(column)
    return _named(table, by, pl.col(column), message)


def _named(table: ProtectedTable, by: str, chosen: pl.Expr, message: str) -> Finding:
    """The first names of many, and how many others there are: a list of twenty is not read."""
    words = _words(table)
    names = words.labels(table.rows(by).filter(chosen).sort(by), by)
    named = ", ".join(names)
    if len(names) > MOST_NAMES + 1:
        first_names = ", ".join(names[:MOST_NAMES])
        rest = words.number(len(names) - MOST_NAMES)
        named = words.translate("{names} and {n} others", names=first_names, n=rest)
    return _told((table,), message if names else "", names=named)


@keep_words
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


@keep_words
def say(message: str, otherwise: str = "", **figures: Shown) -> Finding:
    """An English message with figures in it, "{joined} customers came, {left} left"; `otherwise`,
    if one of them is not shown."""
    words = _words(*figures.values())
    known = all(figure.value is not None for figure in figures.values())
    values = {name: _figure(words, figure) for name, figure in figures.items() if known}
    return _told(tuple(figures.values()), message if known else otherwise, **values)


@keep_words
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


@keep_words
def usual(
    table: ProtectedTable,
    column: str,
    *,
    places: tuple[dict[str, Any], dict[str, Any]],
    messages: tuple[str, str, str],
) -> Finding:
    """Whether a count or money changed as it usually does, as `change` judges it: a message with
    {low} and {high} if so, one if it rose by more and one if it fell by more; nothing where its
    swing is not known, or holds the change but seldom."""
    words = _words(table)
    judged = _judge(table, column, places)
    if judged.low is None or judged.high is None or _has_interval(table, column):
        return _told((table,), "")
    place = {"steady": 0, "rose": 1, "fell": 2}[judged.verdict]
    low, high = (words.figure(end, "change") for end in (judged.low, judged.high))
    return _told((table,), messages[place], low=low, high=high)


@keep_words
def narrowed(table: ProtectedTable, **parameters: str) -> Finding:
    """What the report is narrowed to: "Rajaus: Pirkanmaa."; nothing if it is not."""
    words = _words(table)
    chosen = ", ".join(
        words.label(name, value) for name, value in parameters.items() if value != "all"
    )
    return _told((table,), "Only: {chosen}" if chosen else "", chosen=chosen)


@keep_words
def unfinished(table: ProtectedTable, period: Period | str, release: Any) -> Finding:
    """Up to which day a period is told that was not over when the release was published; nothing of
    one that was."""
    words = _words(table)
    published = release.manifest.published_on
    is_over = read_period(period).whole.end <= published
    message = "The period is not over: it is told up to {day}"
    last_day = words.date(published - timedelta(days=1))
    return _told((table,), "" if is_over else message, day=last_day)


@keep_words
def nothing(figure: Shown, message: str) -> Finding:
    """A message where there is nothing to count; no word where there is something, or where it is
    hidden."""
    is_nothing = figure.value == 0 or figure.reason == "empty"
    return _told((figure,), message if is_nothing else "")


def _figure(words: Words, figure: Shown) -> str:
    form = form_of(figure.column, whole=isinstance(figure.value, int))
    value = figure.value or 0
    is_rounded = form == "percent" and (value == 0 or value >= 0.1)
    return words.figure(figure.value, form, 0 if is_rounded else None)


def _since(words: Words, since: str) -> str:
    return words.translate(SINCE.get(since, since))


def _rows(table: ProtectedTable, by: str, column: str, where: dict[str, Any]) -> pl.DataFrame:
    table.check_columns(by, column)
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
