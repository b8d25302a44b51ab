"""The answer to a request of inspection as a page and as JSON: all data, what is concluded of it,
who looked it up, and what GDPR 15(1) asks to be told.

Example: request 5 of customer 17 gives answer.html in Finnish and answer.json with the same rows.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from genlib.notice import Notice
from genlib.present.words import Words
from genlib.register.audit import Trace
from genlib.reports.index import MESSAGES
from genlib.rights.gathering import Holdings, list_derived, list_owned
from genlib.rights.information import (
    list_information,
    list_purposes,
    list_remedies,
    list_retention,
)
from genlib.rights.judging import Counted
from genlib.rights.page import Cell, Page, Section, render_page
from genlib.rights.pseudonymised import Copy
from genlib.rights.requests import Request
from genlib.rights.sections import NONE, is_number, list_sections, write_rows
from genlib.rights.writing import NOTHING, Writer

FORMAT = "genlib-answer-1"
TITLE = "Your data in the customer register"
EMPTY = (
    "{company} has no personal data about you in this register, apart from this request and its "
    "answer."
)
FULL = (
    "{company} processes personal data about you. This page is a copy of them, with what the law "
    "asks to be told (GDPR, Article 15)."
)
LEFT_OUT = (
    "Not everything is told: these fields are left out because of the rights of others (GDPR "
    "15(4)) or another ground of the law:"
)
ALONE = "This answer is for you alone: keep it where others cannot read it."
IN_JSON = (
    "The file answer.json holds the same in a form for programs, with the register's codes and "
    "numbers."
)
CODED = (
    "For analysis, data is copied without names and addresses, under a code and described more "
    "coarsely. Such copies are kept for a limited time. Whoever holds the key can link them to you."
)
UNSEARCHED = (
    "They were not searched: whoever answered does not hold that key. Ask for it, and it will be "
    "done by somebody who does."
)
UNCOUNTED = "No published report was made of data that you may be in."
COUNTED = (
    "Published reports hold figures of groups only, never of one person. You may have been counted "
    "in these: they were made from coded data that was drawn after you became a customer and not "
    "while the processing was restricted."
)
GROUPED = (
    "The register keeps no segment and no score of you. When a report is made, buyers are grouped "
    "by how lately, how often and for how much they bought, from coded data without names. These "
    "are the figures of yours that the grouping would use:"
)
LOOKED_UP = (
    "When your data was looked up, and for which purpose. Employees are not named (Court of "
    "Justice, C-579/21)."
)
DERIVED = (
    "Beside the fields of these tables the register keeps what is computed from them: keyed "
    "digests to find and compare values, and comments without names. They tell nothing more of you."
)
RECORDS = "Records that the register keeps of its own work with your rows, in numbers."
EARLIER = (
    "Values as they were before a recent update; they are kept for 40 days so that the update can "
    "be taken back."
)
RECORD_COLUMNS = {"source_key": "source", "missing_row": "feed", "refresh_row": "table"}
"""Tables of the register's own work, and their column that the rows are counted by."""
FIGURES = {
    "frequency": "Days with a repeat purchase",
    "recency": "Weeks from the first to the last purchase",
    "T": "Weeks from the first purchase to this day",
    "monetary": "Mean value of a repeat purchase",
}


@dataclass(frozen=True)
class Answer:
    """What is answered to a request. `figures`: those that segments are made from. `copies`: the
    person in releases; None if they were not searched. `lists`: contact lists that name the person.
    `processors`: rows of the table of that name."""

    request: Request
    holdings: Holdings
    notice: Notice
    time_zone: str
    at: dt.datetime
    figures: Mapping[str, Any] = field(default_factory=dict)
    lookups: Sequence[Trace] = ()
    copies: Sequence[Copy] | None = None
    lists: Sequence[str] = ()
    reports: Sequence[Counted] = ()
    processors: pl.DataFrame = field(default_factory=pl.DataFrame)


def write_page(answer: Answer, language: str) -> str:
    """The answer as HTML in this language."""
    words = Words(language)
    writer = Writer(words, answer.notice, answer.time_zone)
    company = answer.notice.controller.name
    if answer.holdings.is_empty:
        lead = [words.translate(EMPTY, company=company)]
        requests = write_rows(writer, "subject_request", answer.holdings.tables["subject_request"])
        sections = [requests, *list_remedies(writer)]
    else:
        lead = [words.translate(FULL, company=company), words.translate(IN_JSON)]
        sections = _list_all(writer, answer)
    page = Page(
        title=words.translate(TITLE),
        kicker=company,
        facts=_list_facts(writer, answer),
        lead=[*lead, words.translate(ALONE)],
        sections=sections,
    )
    return render_page(page, words)


def _list_facts(writer: Writer, answer: Answer) -> dict[str, str]:
    say = writer.words.translate
    request = answer.request
    came = f"{request.id}, {writer.write_instant(request.received_at)}"
    facts = {say("Request"): came, say("Answered"): writer.write_instant(answer.at)}
    if answer.holdings.people:
        facts[say("Customer number")] = ", ".join(map(str, answer.holdings.people))
    return facts | {say("Privacy notice"): answer.notice.version}


def _list_all(writer: Writer, answer: Answer) -> list[Section]:
    return [
        *_list_left_out(writer, answer.holdings.withheld),
        *list_sections(writer, answer.holdings),
        _write_lookups(writer, answer.lookups),
        _write_figures(writer, answer.figures),
        _write_copies(writer, answer.copies),
        _write_reports(writer, answer.reports),
        *_list_technical(writer, answer),
        *list_information(writer, answer.processors, _list_sources(answer)),
    ]


def _list_sources(answer: Answer) -> list[str]:
    """From where the person's rows came, in the notice's order."""
    tables = answer.holdings.tables
    sources = {
        one for name in list_owned() for one in tables[name].get_column("source", default=[])
    }
    return [code for code in answer.notice.sources if code in sources]


def _list_left_out(writer: Writer, withheld: Sequence[str]) -> list[Section]:
    """The fields that are not told, if there are any."""
    if not withheld:
        return []
    fields = []
    for one in withheld:
        name, _, column = one.partition(".")
        fields.append(f"{writer.name_table(name)}: {writer.name_field(column)}")
    say = writer.words.translate
    return [Section(say("What is left out"), [say(LEFT_OUT)], items=fields)]


def _write_lookups(writer: Writer, lookups: Sequence[Trace]) -> Section:
    say = writer.words.translate
    title = writer.name_table("audit_event")
    if not lookups:
        return Section(title, [say(LOOKED_UP), say(NONE)])
    heads = [writer.name_field("at"), writer.name_field("purpose")]
    rows = [
        [(writer.write_instant(one.at),), (writer.name_purpose(one.purpose),)] for one in lookups
    ]
    return Section(title, [say(LOOKED_UP)], heads=heads, rows=rows)


def _write_figures(writer: Writer, figures: Mapping[str, Any]) -> Section:
    """What segments and forecasts would be made from."""
    say = writer.words.translate
    title = say("Segments and scores")
    if not figures:
        return Section(title, [say("No purchases, so there is nothing to group you by.")])
    rows = []
    for code, message in FIGURES.items():
        value = figures[code]
        text = writer.write_value("invoice", "amount_cents" if code == "monetary" else code, value)
        rows.append([(say(message),), (text,)])
    heads = [writer.name_field("column"), writer.name_field("value")]
    return Section(title, [say(GROUPED)], heads=heads, rows=rows)


def _write_copies(writer: Writer, copies: Sequence[Copy] | None) -> Section:
    """The person in each release: described, counted and grouped."""
    say = writer.words.translate
    title = say("Coded copies")
    if copies is None:
        return Section(title, [say(CODED), say(UNSEARCHED)])
    if not copies:
        return Section(title, [say(CODED), say(NONE)])
    names = ("purpose", "published_on", "values", "groups", "count")
    rows = [_write_copy(writer, copy) for copy in copies]
    return Section(title, [say(CODED)], heads=[writer.name_field(one) for one in names], rows=rows)


def _write_copy(writer: Writer, copy: Copy) -> list[Cell]:
    words = writer.words
    described = [_write_group(writer, name, value) for name, value in copy.values.items()]
    groups = [_write_group(writer, name, value) for name, value in copy.groups.items()]
    counts = [f"{writer.name_table(name)}: {count}" for name, count in copy.rows.items()]
    return [
        (words.label("purpose", copy.purpose),),
        (words.date(copy.published_on),),
        tuple(described),
        tuple(groups) or (NOTHING,),
        tuple(counts),
    ]


def _write_group(writer: Writer, name: str, value: Any) -> str:
    context = "customer_kind" if name == "kind" else name
    label = NOTHING if value is None else writer.words.label(context, value)
    return f"{writer.words.column(name)}: {label}"


def _write_reports(writer: Writer, reports: Sequence[Counted]) -> Section:
    say = writer.words.translate
    title = say("Reports")
    if not reports:
        return Section(title, [say(UNCOUNTED)])
    heads = [writer.name_field(one) for one in ("report", "period", "published_on")]
    rows = []
    for one in reports:
        name = say(MESSAGES.get(one.report, one.report))
        rows.append(
            [(name,), (writer.write_period(one.period),), (writer.words.date(one.published_on),)]
        )
    return Section(title, [say(COUNTED)], heads=heads, rows=rows)


def _list_technical(writer: Writer, answer: Answer) -> list[Section]:
    """Counts of the register's own records, contact lists, and values as they were before a
    refresh."""
    say = writer.words.translate
    holdings = answer.holdings
    rows = [[(say("Contact list"),), (name,), ("1",)] for name in answer.lists]
    for name, column in RECORD_COLUMNS.items():
        counts = holdings.tables[name].group_by(column).len().sort(column)
        rows += [
            [(writer.name_table(name),), (_name_record(writer, column, code),), (str(count),)]
            for code, count in counts.rows()
        ]
    heads = [writer.name_field(one) for one in ("table", "name", "count")]
    records = Section(
        say("Technical records"), [say(RECORDS), say(DERIVED)], heads=heads, rows=rows
    )
    return [records, *_list_earlier(writer, holdings)]


def _name_record(writer: Writer, column: str, code: str) -> str:
    return writer.name_table(code) if column == "table" else code


def _list_earlier(writer: Writer, holdings: Holdings) -> list[Section]:
    rows = [
        [
            (writer.name_table(one["table"]),),
            (writer.name_field(column),),
            (writer.write_value(one["table"], column, value),),
        ]
        for one in holdings.earlier
        for column, value in one["values"].items()
        if value is not None and not is_number(one["table"], column)
    ]
    if not rows:
        return []
    say = writer.words.translate
    heads = [writer.name_field(one) for one in ("table", "column", "value")]
    return [Section(say("Earlier values"), [say(EARLIER)], heads=heads, rows=rows, level=3)]


def write_json(answer: Answer) -> str:
    """The answer for programs: rows by table in the register's own codes, instants in UTC."""
    holdings = answer.holdings
    content = {
        "format": FORMAT,
        "controller": asdict(answer.notice.controller),
        "notice": answer.notice.reference,
        "request": answer.request.id,
        "answered_at": answer.at,
        "is_processed": not holdings.is_empty,
        "customers": holdings.people,
        "tables": {name: rows.to_dicts() for name, rows in holdings.tables.items()},
        "earlier_values": holdings.earlier,
        "withheld": holdings.withheld,
        "computed_columns": list_derived(),
        "figures_for_segments": answer.figures,
        "lookups": [asdict(one) for one in answer.lookups],
        "coded_copies": None if answer.copies is None else [asdict(one) for one in answer.copies],
        "contact_lists": answer.lists,
        "reports_that_may_count_the_person": [asdict(one) for one in answer.reports],
        "processors": answer.processors.to_dicts(),
        "purposes": list_purposes(answer.notice),
        "retention": list_retention(answer.notice),
        "sources": _list_sources(answer),
        "automated_decisions": "none",
        "transfers_outside_eea": "none",
        "complaint": "Data Protection Ombudsman, tietosuoja.fi",
    }
    return json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n"
