"""What GDPR 15(1)(a)-(h) and 15(2) ask to be told with the data, from the privacy notice: why,
what, to whom, how long, from where, and what the person may do about it.

Example: invoices are kept "6 years after the end of the calendar year in which the financial year
ended".
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from genlib.notice import Notice, Term
from genlib.rights.gathering import BY_DIGEST, BY_ROW, BY_SUBJECT, find_ways
from genlib.rights.page import Section
from genlib.rights.writing import Writer

BUSINESS = ("campaign", "survey", "survey_question")
"""Tables that only explain others."""
RIGHTS = (
    "You may ask that data be corrected, completed or erased, or that its processing be "
    "restricted, and you may object to the processing. Data that you have provided may be asked "
    "for in a form for transfer. A consent may be withdrawn at any time, and direct marketing may "
    "be objected to at any time and free of charge."
)
COMPLAINT = (
    "If you consider the processing unlawful you may complain to the Data Protection Ombudsman "
    "(tietosuoja.fi), whatever this answer says."
)
AUTOMATED = (
    "No decision about you is made by automated means alone (GDPR, Article 22). Customers are "
    "grouped for reports and to choose whom a campaign is sent to; whether a message may be sent "
    "is checked against your consents and prohibitions by the rules of the notice and the law."
)
TRANSFERS = "Data is not transferred outside the European Union and the European Economic Area."
PROCESSED = (
    "Disclosures are listed above. These companies process data on behalf of the controller:"
)


def list_information(
    writer: Writer, processors: pl.DataFrame, sources: Sequence[str]
) -> list[Section]:
    """The sections of the law, under one heading. `sources`: those of the person's rows."""
    say = writer.words.translate
    return [
        Section(say("How your data is processed")),
        _write_purposes(writer),
        _write_categories(writer),
        _write_recipients(writer, processors),
        _write_sources(writer, sources),
        Section(say("Automated decisions"), [say(AUTOMATED)], level=3),
        Section(say("Transfers"), [say(TRANSFERS)], level=3),
        *list_remedies(writer),
    ]


def list_remedies(writer: Writer) -> list[Section]:
    """What the person may do, and whom to ask."""
    say = writer.words.translate
    notice = writer.notice
    controller = notice.controller
    place = f"{controller.street}, {controller.postal_code} {controller.post_office}"
    officer = ", ".join([say(notice.contact.role), notice.contact.name, notice.contact.email])
    contacts = [f"{controller.name}, {place}", officer]
    return [
        Section(say("Your rights"), [say(RIGHTS)], level=3),
        Section(say("Complaint"), [say(COMPLAINT)], level=3),
        Section(say("Contact"), items=contacts, level=3),
    ]


def list_purposes(notice: Notice) -> list[str]:
    """The purposes for which data of people is kept, in the notice's order."""
    used = {
        purpose
        for name in list_personal()
        for column in notice.columns[name].values()
        for purpose in column.purposes
    }
    return [code for code in notice.purposes if code in used]


def list_retention(notice: Notice) -> dict[str, list[str]]:
    """Table → the rules by which its rows are kept."""
    rules = {}
    for name in list_personal():
        used = dict.fromkeys(one.retention for one in notice.columns[name].values())
        spans = [notice.retention[rule] for rule in used]
        rules[name] = [f"{one.years} years after {one.after}" for one in spans]
    return rules


def list_personal() -> list[str]:
    """The tables with data of people."""
    names = (*find_ways(), *BY_DIGEST, *BY_ROW, *BY_SUBJECT)
    return [name for name in dict.fromkeys(names) if name not in BUSINESS]


def _write_purposes(writer: Writer) -> Section:
    """The purposes of all columns, and the grounds that the notice has."""
    notice = writer.notice
    say = writer.words.translate
    purposes = [_say_term(writer, notice.purposes[code]) for code in list_purposes(notice)]
    grounds = [f"{_say_term(writer, one)} ({one.law})" for one in notice.grounds.values()]
    resting = f"{say('The processing rests on:')} {', '.join(grounds)}."
    return Section(say("Purposes"), [resting], items=purposes, level=3)


def _write_categories(writer: Writer) -> Section:
    """Each kind of data, and how long it is kept."""
    say = writer.words.translate
    heads = [writer.name_field("table"), say("How long the data is kept")]
    rows = []
    for name in list_personal():
        rules = dict.fromkeys(one.retention for one in writer.notice.columns[name].values())
        spans = tuple(_say_retention(writer, rule) for rule in rules)
        rows.append([(writer.name_table(name),), spans])
    return Section(say("Categories of data"), heads=heads, rows=rows, level=3)


def _say_retention(writer: Writer, rule: str) -> str:
    say = writer.words.translate
    retention = writer.notice.retention[rule]
    return say("{years} years after {event}", years=retention.years, event=say(retention.after))


def _write_recipients(writer: Writer, processors: pl.DataFrame) -> Section:
    say = writer.words.translate
    title = say("Recipients")
    if processors.is_empty():
        nobody = say("No company processes data on behalf of the controller.")
        return Section(title, [nobody], level=3)
    columns = ("name", "service", "country")
    heads = [writer.name_field(column) for column in columns]
    rows = [[(value,) for value in row] for row in processors.select(columns).rows()]
    return Section(title, [say(PROCESSED)], heads=heads, rows=rows, level=3)


def _write_sources(writer: Writer, sources: Sequence[str]) -> Section:
    say = writer.words.translate
    items = [_say_term(writer, writer.notice.sources[code]) for code in sources]
    paragraphs = [say("Each row above names its own source."), say("Your data comes from:")]
    return Section(say("Sources"), paragraphs, items=items, level=3)


def _say_term(writer: Writer, term: Term) -> str:
    return str(getattr(term, writer.words.language))
