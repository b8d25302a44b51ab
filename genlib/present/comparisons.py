"""Comparisons: how a figure changed, or differs from that of the others, and whether that is more
than chance.

Of 1,000 customers a month ago and 1,018 now, where a month usually brings at most ten: "The number
of customers rose by 1.8% from the previous month"."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from genlib import judgement
from genlib.disclosure.table import ProtectedTable, Shown
from genlib.judgement import Change, Figure
from genlib.present.authored import keep_words
from genlib.present.forms import read_figure_form
from genlib.present.item import Finding
from genlib.present.sentences import BASE, compose_finding, read_words
from genlib.present.words import Words

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
    judged = judge_change(table, column, places)
    measured = has_interval(table, column)
    messages = MEASURED if measured else COUNTED
    brief = BRIEF_MEASURED if measured else BRIEF_COUNTED
    level = "" if measured or judged.verdict in {"rose", "fell"} or not what else LEVEL
    return _compare(table, column, what, places, judged, messages, brief, level, since=since)


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
    judged = judge_change(table, column, places)
    return _compare(table, column, what, places, judged, BESIDE, BRIEF_BESIDE, signed=False)


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
    words = read_words(table)
    judged = judge_change(table, column, places)
    if judged.low is None or judged.high is None or has_interval(table, column):
        return compose_finding((table,), "")
    place = {"steady": 0, "rose": 1, "fell": 2}[judged.verdict]
    low, high = (words.figure(end, "change") for end in (judged.low, judged.high))
    return compose_finding((table,), messages[place], low=low, high=high)


def _compare(  # noqa: PLR0913, PLR0917 - what a comparison is said with
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
    words = read_words(table)
    now, before = (table.value(column, **place) for place in places)
    if judged.gap is None or now.value is None or before.value is None:
        return compose_finding((table,), what, "", "unknown")
    form = read_figure_form(now)
    is_measured = has_interval(table, column)
    figures = {
        "new": words.figure(now.value, form),
        "old": words.figure(before.value, form),
        "since": _since_in_words(words, since),
    }
    brief_much = _much(words, now, before, signed=signed)
    much = _much(words, now, before, signed=is_measured and signed)
    is_nothing = not is_measured and not re.search("[1-9]", much)
    manner = "same" if is_nothing else _manner(judged)
    tone = TONES[judged.verdict]
    in_brief = compose_finding((table,), brief[manner], what, tone, **figures, much=brief_much)
    finding = in_brief
    if what:
        finding = compose_finding((table,), messages[manner], what, tone, **figures, much=much)
    finding.change = judged
    finding.brief = str(in_brief)
    finding.level = str(compose_finding((table,), level, what, **figures)) if level else ""
    return finding


def _manner(judged: Change) -> str:
    """How a change is said: where its usual swing is not known it is told as the plain fact that it
    is, by its direction."""
    if judged.verdict != "unknown":
        return judged.verdict
    if not judged.gap:
        return "same"
    return "rose" if judged.gap > 0 else "fell"


def has_interval(table: ProtectedTable, column: str) -> bool:
    return {f"{column}_low", f"{column}_high"} <= set(table.frame.columns)


def judge_change(
    table: ProtectedTable, column: str, places: tuple[dict[str, Any], dict[str, Any]]
) -> Change:
    """Whether the figures at two places differ by more than chance."""
    read_words(table)
    if not has_interval(table, column):
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
    base = pl.when(earlier >= BASE).then(earlier)
    part = (pl.col(column) - earlier) / base
    changes = rows.select(step, part=part).filter(pl.col(step) < now[step]).drop_nulls()
    change = float((new - old) / old)
    return judgement.compare_to_swing(change, changes["part"].to_list())


def _much(words: Words, now: Shown, before: Shown, *, signed: bool) -> str:
    """By how much: in per cent on a base of ten or more, else in units."""
    new = float(now.value or 0)
    old = float(before.value or 0)
    form = read_figure_form(now)
    if old >= BASE and form in {"number", "money"}:
        part = (new - old) / old
        digits = 0 if abs(part) >= 1 else 1
        if signed:
            return words.figure(part, "change", digits)
        return words.figure(abs(part), "percent", digits)
    gap = _gap(words, new - old, form)
    return gap if signed else gap.lstrip("+−")


def _gap(words: Words, gap: float, form: str) -> str:
    form = "points" if form == "percent" else form
    size = words.figure(abs(gap), form).removeprefix("+")
    if gap > 0:
        return f"+{size}"
    return f"−{size}" if gap < 0 else size


def _since_in_words(words: Words, since: str) -> str:
    return words.translate(SINCE.get(since, since))
