"""Remarks: a message with figures in it, and what a page says of its period and its limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from genlib.arguments import check_kind
from genlib.disclosure.table import ProtectedTable, Shown
from genlib.errors import NotProtected, UsageError
from genlib.period import Period, read_period
from genlib.present.authored import keep_words
from genlib.present.forms import read_form
from genlib.present.item import Finding
from genlib.present.sentences import check_release, compose_finding, read_words, write_figure


def first(*findings: Finding) -> Finding:
    """The first of the findings that says something; the last, if none does."""
    if not findings or not all(isinstance(one, Finding) for one in findings):
        raise UsageError("first takes one finding or more, as genlib.present.findings makes them")
    telling = (one for one in findings if one and one.tone != "unknown")
    return next(telling, findings[-1])


def check_figures(*figures: object) -> None:
    """NotProtected for what is no figure of a protected table."""
    if not figures or not all(isinstance(figure, Shown) for figure in figures):
        raise NotProtected('a sentence takes figures of a table: table.value("people")')


@keep_words
def between(table: ProtectedTable, column: str, **where: Any) -> Finding:
    """The interval of a tile's figure: "95 %:n väli 1,6–3,1 %-yks."; with the day on which it was
    told, if its table could not be told anew since."""
    words = read_words(table)
    low, high = (table.value(f"{column}_{end}", **where).value for end in ("low", "high"))
    if low is None or high is None:
        return compose_finding((table,), "")
    span = words.interval(low, high, read_form(table, column))
    day = table.told_on.get("")
    message = "95% interval {span}, told on {day}" if day else "95% interval {span}"
    return compose_finding((table,), message, span=span, day=words.date(day) if day else "")


@keep_words
def say(message: str, otherwise: str = "", **figures: Shown) -> Finding:
    """An English message with figures in it, "{joined} customers came, {left} left"; `otherwise`,
    if one of them is not shown."""
    check_figures(*figures.values())
    words = read_words(*figures.values())
    is_whole = all(figure.value is not None for figure in figures.values())
    values = {name: write_figure(words, figure) for name, figure in figures.items() if is_whole}
    return compose_finding(tuple(figures.values()), message if is_whole else otherwise, **values)


@keep_words
def phrase(
    table: ProtectedTable, message: str, otherwise: str = "", **parts: Shown | str
) -> Finding:
    """An English message with English phrases and figures in it: "Score {lately}: {nps}" with
    lately="in twelve months"; `otherwise`, without the figures, if one of them is not shown."""
    words = read_words(table)
    figures = [part for part in parts.values() if isinstance(part, Shown)]
    is_whole = all(figure.value is not None for figure in figures)
    values = {
        name: write_figure(words, part) if isinstance(part, Shown) else words.translate(part)
        for name, part in parts.items()
    }
    return compose_finding((table, *figures), message if is_whole else otherwise, **values)


@keep_words
def narrowed(table: ProtectedTable, **parameters: str) -> Finding:
    """What the report is narrowed to: "Rajaus: Pirkanmaa."; nothing if it is not."""
    words = read_words(table)
    for name, value in parameters.items():
        check_kind(f"{name} of narrowed", value, "str")
    chosen = ", ".join(
        words.label(name, value) for name, value in parameters.items() if value != "all"
    )
    return compose_finding((table,), "Only: {chosen}" if chosen else "", chosen=chosen)


@keep_words
def unfinished(table: ProtectedTable, period: Period | str, release: Any) -> Finding:
    """Up to which day a period is told that was not over when the release was published; nothing of
    one that was."""
    words = read_words(table)
    check_release(release)
    published = release.manifest.published_on
    is_over = read_period(period).whole.end <= published
    message = "The period is not over: it is told up to {day}"
    last_day = words.date(published - timedelta(days=1))
    return compose_finding((table,), "" if is_over else message, day=last_day)


@keep_words
def nothing(figure: Shown, message: str) -> Finding:
    """A message where there is nothing to count; no word where there is something, or where it is
    hidden."""
    check_figures(figure)
    is_nothing = figure.value == 0 or figure.reason == "empty"
    return compose_finding((figure,), message if is_nothing else "")


@keep_words
def dated(
    table: ProtectedTable, by: str, period: Period | str, messages: tuple[str, str]
) -> Finding:
    """Nothing if the table has figures of the period, or could tell none; else a message with the
    {month} of its last ones, or one that there are none."""
    words = read_words(table)
    if "*" in table.coarser:
        return compose_finding((table,), "")
    dates = table.rows(by)[by].sort().to_list()
    if dates and dates[-1] >= read_period(period).start:
        return compose_finding((table,), "")
    month = words.month(dates[-1], year=True, long=True) if dates else ""
    return compose_finding((table,), messages[not dates], month=month)
