"""What had to be told in larger groups, or as it was told before, in words that stand under the
table or the chart."""

from __future__ import annotations

from genlib.disclosure.table import ProtectedTable
from genlib.present.words import Words

HOW = {
    "together": "The smallest groups stand together, since few customers are in them: {names}.",
    "parents": "In coarser groups, since few customers are in the finer ones: {names}.",
    "undivided": "Not divided, since few customers are in some groups: {names}.",
    "quarter": "By quarter, since few customers are in some months.",
    "year": "By year, since few customers are in some quarters.",
    "small left out": "Left out where few customers are in some group: {names}.",
    "left out": "Left out, since few customers are in its groups.",
}


SINCE = "As told on {day}: too few have come or gone since then for new figures."
PARTLY = "Partly as told on {day}: too few have come or gone since then for new figures."


def describe_groups(table: ProtectedTable) -> str:
    """Which groups of a table are larger than they might be, and since when it is as it is."""
    words = Words(table.language)
    names: dict[str, list[str]] = {}
    for dimension, how in table.coarser.items():
        own_words = table.find_dimension(dimension)
        head = own_words.head.get(table.language) if own_words else None
        names.setdefault(how, []).append((head or words.column(dimension)).lower())
    sentences = (
        words.translate(message, names=", ".join(names[how]))
        for how, message in HOW.items()
        if how in names
    )
    return " ".join([*sentences, *_describe_day(table, words)])


def _describe_day(table: ProtectedTable, words: Words) -> list[str]:
    if not table.told_on:
        return []
    message = SINCE if "" in table.told_on else PARTLY
    return [words.translate(message, day=words.date(min(table.told_on.values())))]
