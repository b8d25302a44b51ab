"""Findings: sentences made by small rules from protected figures and their intervals. Where nothing stands out they name what is shown.

A change of a count is a fact; a change of a share, a mean or a score is said to be one only if the two intervals do not meet.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from genlib.disclosure.table import ProtectedTable, Shown
from genlib.present.plot import check, names, ordered
from genlib.present.words import Words, form_of

BASE = 10
"""No percentage on fewer."""
SINCE = {
    "previous": "from the previous month",
    "year_ago": "from a year ago",
    "quarter": "from the previous quarter",
    "year": "from the previous year",
}


class Finding(str):
    """A sentence in the report's language, made from the named tables. `tone`: up, down, flat or plain."""

    language: str
    tables: tuple[str, ...]
    tone: str

    def __new__(cls, text: str, *, language: str, tables: tuple[str, ...] = (), tone: str = "plain") -> Finding:
        made = super().__new__(cls, text)
        made.language, made.tables, made.tone = language, tables, tone
        return made


def said(words: Words, message: str) -> str:
    """A finding as it is, an English message translated."""
    return str(message) if isinstance(message, Finding) or not message else words.translate(message)


def change(now: Shown, before: Shown, what: str, *, since: str = "previous") -> Finding:
    """ "Asiakasmäärä kasvoi 1,8 % edellisestä kuukaudesta": counts and money, which are what they are. `what` is an English subject."""
    words, tone = _of(now, before), _direction(now.value, before.value)
    if now.value is None or before.value is None:
        return _finding(words, words.translate(what), now, before)
    verb = {"up": "{what} rose {much} {since}", "down": "{what} fell {much} {since}", "flat": "{what} stayed the same {since}"}[tone]
    text = words.translate(verb, what=words.translate(what), much=_much(words, now, before), since=words.translate(SINCE.get(since, since)))
    return _finding(words, text, now, before, tone=tone)


def brief(now: Shown, before: Shown, *, since: str = "previous") -> Finding:
    """ "+1,8 % edellisestä kuukaudesta": for a tile."""
    words = _of(now, before)
    if now.value is None or before.value is None:
        return _finding(words, "", now, before)
    text = f"{_much(words, now, before, signed=True)} {words.translate(SINCE.get(since, since))}"
    return _finding(words, text, now, before, tone=_direction(now.value, before.value))


def difference(
    table: ProtectedTable, column: str, what: str, *, now: dict[str, Any], before: dict[str, Any], since: str = "previous"
) -> Finding:
    """Whether a share, mean or score changed by more than chance: its interval then and now, `<column>_low` to `<column>_high`."""
    check(table)
    words, form = Words(table.language), form_of(column)
    new, old = ([table.value(c, **at).value for c in (column, f"{column}_low", f"{column}_high")] for at in (now, before))
    if None in new or None in old:
        return _finding(words, words.translate(what), table)
    tone = "up" if new[1] > old[2] else "down" if new[2] < old[1] else "flat"  # type: ignore[operator]
    verb = {
        "up": "{what} rose {since}: {old} → {new}",
        "down": "{what} fell {since}: {old} → {new}",
        "flat": "{what} {new}: the change {since} is not more than chance",
    }[tone]
    figures = {"old": words.figure(old[0], form), "new": words.figure(new[0], form)}
    text = words.translate(verb, what=words.translate(what), since=words.translate(SINCE.get(since, since)), **figures)
    return _finding(words, text, table, tone=tone)


def largest(table: ProtectedTable, by: str, column: str, what: str, **where: Any) -> Finding:
    """ "Eniten asiakkaita: Uusimaa (34 %)", if it is surely the largest: no hidden cell could be larger, and it does not share its place."""
    check(table)
    words, rows = Words(table.language), _rows(table, by, column, where)
    shown, total = rows.drop_nulls(column), table.value(column, **where).value
    if shown.height < 2 or not total:
        return _finding(words, words.translate(what), table)
    top, second = shown[column].to_list()[:2]
    hidden = total - shown[column].sum() if rows.height > shown.height else 0
    if top <= max(second, hidden) or total < BASE:
        return _finding(words, words.translate(what), table)
    figures = {"label": names(table, shown.head(1), by, words)[0], "share": words.percent(top / total, 0)}
    return _finding(words, words.translate("{what}: most in {label}, {share}", what=words.translate(what), **figures), table)


def highest(table: ProtectedTable, by: str, column: str, what: str, **where: Any) -> Finding:
    """ "Suurin lisävaikutus: Suodattimen vaihto, +4,1 %-yks.", if its interval lies above that of the next; else what is shown."""
    check(table)
    words, rows = Words(table.language), _rows(table, by, column, where).drop_nulls(column)
    intervals = {f"{column}_low", f"{column}_high"} <= set(rows.columns)
    if rows.height < 2 or (intervals and rows[f"{column}_low"][0] <= rows[f"{column}_high"][1:].max()):
        return _finding(words, words.translate(what), table)
    figures = {"label": names(table, rows.head(1), by, words)[0], "value": words.figure(rows[column][0], form_of(column))}
    return _finding(words, words.translate("{what}: highest in {label}, {value}", what=words.translate(what), **figures), table)


def surely(table: ProtectedTable, by: str, column: str, what: str, *, reference: float = 0.0, **where: Any) -> Finding:
    """ "Lisävaikutus: 3 kampanjaa 5:stä…" - how many lie with their whole interval above the reference, and how many below."""
    check(table)
    words, rows = Words(table.language), _rows(table, by, column, where).drop_nulls([f"{column}_low", f"{column}_high"])
    if rows.is_empty():
        return _finding(words, words.translate(what), table)
    above = int((rows[f"{column}_low"] > reference).sum())
    below = int((rows[f"{column}_high"] < reference).sum())
    counts = {"what": words.translate(what), "above": above, "below": below, "all": rows.height}
    message = "{what}: none of {all} differs surely" if above + below == 0 else "{what}: {above} of {all} surely above"
    return _finding(words, words.translate(message + (", {below} surely below" if below else ""), **counts), table)


def drop(table: ProtectedTable, what: str, *, stage: str = "stage", value: str = "reached", **where: Any) -> Finding:
    """The step of a funnel at which the greatest part is lost."""
    check(table)
    words = Words(table.language)
    rows = table.rows(stage, **where).sort(value, descending=True, nulls_last=True).drop_nulls(value)
    kept = rows.with_columns(pl.Series("_name", names(table, rows, stage, words), dtype=pl.String), _before=pl.col(value).shift())
    kept = kept.with_columns(_from=pl.col("_name").shift(), _kept=pl.col(value) / pl.col("_before")).filter(pl.col("_before") >= BASE)
    if kept.is_empty() or rows.height < table.rows(stage, **where).height:
        return _finding(words, words.translate(what), table)
    worst = kept.sort("_kept").row(0, named=True)
    figures = {"start": worst["_from"], "end": worst["_name"], "share": words.percent(1 - worst["_kept"], 0)}
    return _finding(
        words, words.translate("{what}: most are lost between {start} and {end}, {share}", what=words.translate(what), **figures), table
    )


def _rows(table: ProtectedTable, by: str, column: str, where: dict[str, Any]) -> pl.DataFrame:
    return ordered(table.rows(by, **where), by, None, column).sort(column, descending=True, nulls_last=True, maintain_order=True)


def _of(*shown: Shown) -> Words:
    for one in shown:
        check(one)
    return Words(shown[0].language)


def _direction(now: float | None, before: float | None) -> str:
    if now is None or before is None:
        return "plain"
    return "up" if now > before else "down" if now < before else "flat"


def _much(words: Words, now: Shown, before: Shown, *, signed: bool = False) -> str:
    """By how much: in per cent on a base of ten or more, else in units."""
    new, old = now.value or 0, before.value or 0
    form = form_of(now.column, whole=isinstance(new, int))
    if form in {"number", "money"} and old >= BASE:
        part = (new - old) / old
        return words.percent(part if signed else abs(part), 0 if abs(part) >= 1 else 1, signed=signed)
    gap = new - old
    text = words.points(abs(gap)).removeprefix("+") if form in {"percent", "points"} else words.figure(abs(gap), form).removeprefix("+")
    return ("+" if gap > 0 else "\u2212" if gap < 0 else "") * signed + text


def _finding(words: Words, text: str, *sources: ProtectedTable | Shown, tone: str = "plain") -> Finding:
    tables = dict.fromkeys(s.name if isinstance(s, ProtectedTable) else s.table for s in sources)
    return Finding(text[:1].upper() + text[1:], language=words.language, tables=tuple(tables), tone=tone)
