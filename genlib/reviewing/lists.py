"""Lists of a review: tables of one page of HTML, sorted by their heads, searched and walked through
by the keyboard; one row's details stand beside them. No server, no kernel and no library stands
behind them: the data is in the page, and goes to no disk.

Example of a column as the page has it: 20,000 verdicts are `words` ["refused", "allowed"] and
`codes` [0, 0, 1, ...]; so it is small, and is searched and sorted by its words.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import polars as pl
from polars import col

from genlib.present.words import Words
from genlib.reviewing.strips import put_in_words, tell_left_out
from genlib.reviewing.why import explain_cases

if TYPE_CHECKING:
    from genlib.reviewing import Review
    from genlib.reviewing.contacts import Pair

Columns = list[dict[str, Any]]

STEP = 200
"""So many rows are drawn at a time; all of them are searched and sorted."""
MOST = 2000
"""So many people are listed, those with most exceptions first; the frames have all of them."""
MINUTE = "%Y-%m-%d %H:%M"
TEXTS = {
    "search": "Search",
    "shown": "{shown} of {found} rows are shown",
    "more": "Show more",
    "copy": "Copy the pseudonym",
    "copied": "Copied",
    "choose": "Choose a row by a click or Enter; arrows move",
    "history": "All contacts of that person",
    "elsewhere": "To see all contacts of this person, name the pseudonym in genlib.review",
}


def draw_lists(review: Review, link: str = "") -> str:
    """The lists in one piece of HTML: the cases, who was contacted repeatedly, and two campaigns
    side by side if the review is of two. `link`: which hidden fields hold the case that is chosen.
    """
    words = Words(review.language)
    page = {
        "language": review.language,
        "step": STEP,
        "texts": {name: words.translate(text) for name, text in TEXTS.items()},
        "history": _list_history(review.histories, words),
        "lists": [
            *_compare(review, words),
            _list_cases(review, words) | {"link": link},
            _list_repeats(review.repeats, words),
        ],
    }
    data = json.dumps(page, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    parts = files("genlib.reviewing")
    style, script = (parts.joinpath(name).read_text("utf-8") for name in ("list.css", "list.js"))
    return (
        f'<div class="genlib-review" lang="{review.language}">'
        f"<style>{style}</style>"
        f'<script type="application/json">{data}</script><script>{script}</script></div>'
    )


def _list_cases(review: Review, words: Words) -> dict[str, Any]:
    """The cases with why in full; exceptions stay before all others however they are sorted."""
    cases = put_in_words(review.cases, words)
    why = explain_cases(review.cases, words)
    zone = getattr(review.cases.schema["at"], "time_zone", "")
    columns = [
        _encode(words.column("sent"), cases["sent"]),
        _encode(words.column("pseudonym"), cases["pseudonym"], is_pseudonym=True),
        *(_encode(words.column(name), cases[name]) for name in ("campaign", "channel")),
        _encode(words.column("verdict"), cases["verdict"], is_sorted=False),
        _encode(words.column("reason"), cases["reason"]),
    ]
    details = [
        _encode(words.column("kind"), cases["kind"]),
        _encode(words.translate("What decided it"), why["decided"]),
        _encode(words.translate("Clause of the privacy notice"), why["notice"]),
        _encode(words.translate("Law"), why["law"]),
        _encode(words.translate("What would have made it allowed"), why["cure"]),
        _encode(words.column("then"), cases["then"]),
        _encode(words.translate("Handled by the steward"), why["handled"]),
    ]
    return {
        "title": words.translate("Cases"),
        "notes": [
            words.translate("Exceptions stay first. Times are those of {zone}.", zone=zone),
            *filter(None, [tell_left_out(review, words)]),
        ],
        "columns": columns,
        "details": details,
        "first": (review.cases["verdict"] != "refused").cast(pl.Int8).to_list(),
    }


def _list_repeats(repeats: pl.DataFrame, words: Words) -> dict[str, Any]:
    """Who was contacted more than once."""
    people = repeats.head(MOST)
    days = people.with_columns(col("first", "last").dt.strftime(MINUTE))
    heads = {
        "contacts": words.column("contacts"),
        "campaigns": words.translate("Campaigns"),
        "first": words.translate("First contact"),
        "last": words.translate("Last contact"),
    }
    refused = _encode(words.column("refused"), days["refused"])
    pseudonyms = _encode(words.column("pseudonym"), days["pseudonym"], is_pseudonym=True)
    others = [_encode(head, days[name]) for name, head in heads.items()]
    return {
        "title": words.translate("Contacted more than once"),
        "notes": _tell_cut(repeats, words),
        "columns": [refused, pseudonyms, *others],
    }


def _compare(review: Review, words: Words) -> list[dict[str, Any]]:
    """Two campaigns beside each other, and who was contacted in both."""
    if review.pair is None:
        return []
    return [_list_totals(review.pair, words), _list_both(review.pair, words)]


def _list_totals(pair: Pair, words: Words) -> dict[str, Any]:
    totals = pair.totals
    labels = {
        name: [words.label(dimension, code) for code in totals[name]]
        for name, dimension in (("verdict", "verdict"), ("reason", "why"))
    }
    first, second = pair.campaigns
    return {
        "title": words.translate("Two campaigns side by side"),
        "is_plain": True,
        "columns": [
            *(_encode(words.column(name), pl.Series(texts)) for name, texts in labels.items()),
            _encode(first, totals["first"]),
            _encode(second, totals["second"]),
        ],
    }


def _list_both(pair: Pair, words: Words) -> dict[str, Any]:
    people, refused = pair.people.head(MOST), words.column("refused")
    columns = []
    for name, code in zip(("first", "second"), pair.campaigns, strict=True):
        columns.append(_encode(f"{code}: {refused}", people[f"{name}_refused"]))
        columns.append(_encode(f"{code}: {words.column('contacts')}", people[name]))
    pseudonyms = _encode(words.column("pseudonym"), people["pseudonym"], is_pseudonym=True)
    columns.insert(1, pseudonyms)
    return {
        "title": words.translate("Contacted in both"),
        "notes": _tell_cut(pair.people, words),
        "columns": columns,
    }


def _tell_cut(people: pl.DataFrame, words: Words) -> list[str]:
    """That only the first people are listed, if so."""
    if people.height <= MOST:
        return []
    total, most = words.number(people.height), words.number(MOST)
    message = "The first {shown} of {found} people, those with most exceptions first"
    return [words.translate(message, shown=most, found=total)]


def _list_history(histories: pl.DataFrame, words: Words) -> dict[str, Any]:
    """All contacts of each person in a case, the oldest first."""
    contacts = put_in_words(histories, words)
    names = ("sent", "campaign", "channel", "verdict", "reason")
    return {
        "of": _encode(words.column("pseudonym"), contacts["pseudonym"]),
        "columns": [_encode(words.column(name), contacts[name]) for name in names],
    }


def _encode(
    head: str, values: pl.Series, *, is_pseudonym: bool = False, is_sorted: bool = True
) -> dict[str, Any]:
    """A column as the page has it: its different words, and which of them each row has."""
    entries = values.fill_null("") if values.dtype == pl.String else values
    words = entries.unique(maintain_order=True)
    places = pl.DataFrame({"word": words}).with_row_index("code")
    codes = pl.DataFrame({"word": entries}).join(places, on="word", maintain_order="left")
    return {
        "head": head,
        "words": words.to_list(),
        "codes": codes["code"].to_list(),
        "is_number": entries.dtype.is_numeric(),
        "is_pseudonym": is_pseudonym,
        "is_sorted": is_sorted,
    }
