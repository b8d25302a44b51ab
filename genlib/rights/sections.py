"""What the register holds of a person as sections of an answer: one for each kind of data, with
every column that is not a key.

Example: two invoices give the section "Invoices" with a row for each, and customer 17 the section
"Basic details" with a row for each field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from polars import col

from genlib.register.schema import key_of, table
from genlib.rights.gathering import Holdings
from genlib.rights.page import Cell, Section
from genlib.rights.writing import NOTHING, Writer

BY_FIELD = ("customer", "company")
"""The tables with a section of fields."""
BY_ROW = (
    "permission",
    "suppression",
    "tombstone",
    "campaign_contact",
    "follow_up",
    "survey_invitation",
    "survey_answer",
    "feedback",
    "interaction",
    "invoice",
    "disclosure",
    "subject_request",
    "held_back",
)
"""The tables with a section of rows, in the order of the answer."""
SELDOM = {"company", "follow_up", "held_back", "tombstone"}
"""Tables whose section is left out where it has nothing."""
WITHIN = {
    "audit_event": "the look-ups",
    "campaign": "the contacts",
    "disclosure_customer": "the disclosures",
    "held_identifier": "the refused row",
    "missing_row": "the technical records",
    "refresh_row": "the technical records",
    "source_key": "the technical records",
    "survey": "the invitations and answers",
    "survey_question": "the answers",
}
"""Tables that are told of within another section."""
TOGETHER = {
    "campaign_contact": (
        "sent_at",
        "delivered_at",
        "opened_at",
        "clicked_at",
        "responded_at",
        "opted_out_at",
        "bounced",
    ),
    "subject_request": (
        "due_on",
        "target_on",
        "extended_on",
        "extension",
        "identity_check",
        "identity_result",
        "identity_checked_at",
        "ground",
        "decided_at",
        "carried_out_at",
        "lifted_at",
    ),
}
"""Columns that stand in one cell, each in a line with its name, where they have something."""
FOR_PROGRAMS = {"subject_request": ("detail",)}
"""Columns of codes without words, which only the JSON tells."""
NUMBERS = {"refused_id", "customer_id", "survey_id"}
"""Numbers of rows in tables where they are no foreign keys."""
SAYS = {
    "permission": "All acts with their history: an act is ended, never deleted from here while the "
    "register keeps it.",
    "suppression": "A prohibition is kept as a keyed digest of the address or number that it "
    "protects, so that it holds even after your other data is erased.",
    "tombstone": "What shows that you were erased before, so that no source brings the erased data "
    "back: a keyed digest of each.",
    "campaign_contact": "Whether each message was allowed at the moment when it was sent, and why. "
    "In the control group nothing was sent.",
    "survey_answer": "Answers to anonymous surveys are kept without a customer and cannot be "
    "found.",
    "disclosure": "To whom your data was given, by name.",
}
NONE = "No data of this kind."


def list_sections(writer: Writer, holdings: Holdings) -> list[Section]:
    """The sections of rows, `customer` first."""
    tables = _name_keys(holdings.tables, writer.words.language)
    sections = []
    for name in (*BY_FIELD, *BY_ROW):
        rows = tables[name]
        if rows.is_empty() and name in SELDOM:
            continue
        write = _write_fields if name in BY_FIELD else write_rows
        sections.append(write(writer, name, rows))
    return sections


def _name_keys(tables: Mapping[str, pl.DataFrame], language: str) -> dict[str, pl.DataFrame]:
    """The tables with the names of what their keys refer to in front."""
    campaigns = tables["campaign"].select(campaign_id="id", campaign="name", message="kind")
    surveys = tables["survey"].select(survey_id="id", survey="name")
    text = pl.coalesce(f"text_{language}", "text_fi")
    questions = tables["survey_question"].select("survey_id", question_id="id", question=text)
    contacts = _put_names(tables["campaign_contact"], campaigns, "campaign_id")
    sent = contacts.select("campaign", contact_id="id")
    answers = _put_names(tables["survey_answer"], questions, "question_id")
    return {
        **tables,
        "campaign_contact": contacts,
        "follow_up": _put_names(tables["follow_up"], sent, "contact_id"),
        "survey_invitation": _put_names(tables["survey_invitation"], surveys, "survey_id"),
        "survey_answer": _put_names(answers, surveys, "survey_id"),
    }


def _put_names(rows: pl.DataFrame, names: pl.DataFrame, key: str) -> pl.DataFrame:
    joined = rows.join(names, on=key, how="left", maintain_order="left")
    return joined.select(col(*names.columns), pl.exclude(*names.columns))


def _write_fields(writer: Writer, name: str, rows: pl.DataFrame) -> Section:
    """A row for each field, and a column for each row of the table."""
    title = writer.name_table(name)
    if rows.is_empty():
        return Section(title, [writer.words.translate(NONE)])
    heads = [writer.name_field("column"), writer.name_field("value")]
    if rows.height > 1:
        numbers = rows["id"].to_list()
        say = writer.words.translate
        heads = [heads[0], *(say("Customer {number}", number=number) for number in numbers)]
    lines = []
    for column in _list_columns(rows, name):
        values = [(writer.write_value(name, column, value),) for value in rows[column]]
        lines.append([(writer.name_field(column, name),), *values])
    return Section(title, heads=heads, rows=lines)


def write_rows(writer: Writer, name: str, rows: pl.DataFrame) -> Section:
    """A row for each row."""
    title = writer.name_table(name)
    intro = [writer.words.translate(SAYS[name])] if name in SAYS else []
    if rows.is_empty():
        return Section(title, [*intro, writer.words.translate(NONE)])
    together = TOGETHER.get(name, ())
    columns = [one for one in _list_columns(rows, name) if one not in together]
    heads = [writer.name_field(column, name) for column in columns]
    if together:
        heads.append(writer.name_field("events"))
    cells = [_write_cells(writer, name, row, columns) for row in rows.to_dicts()]
    return Section(title, intro, heads=heads, rows=cells)


def _list_columns(rows: pl.DataFrame, name: str) -> list[str]:
    """The columns that are no keys, and have words."""
    untold = FOR_PROGRAMS.get(name, ())
    return [one for one in rows.columns if not is_number(name, one) and one not in untold]


def is_number(name: str, column: str) -> bool:
    """Whether a column only numbers rows."""
    stored = table(name).columns
    return column in NUMBERS or (column in stored and key_of(name, column) is not None)


def _write_cells(
    writer: Writer, name: str, row: Mapping[str, Any], columns: Sequence[str]
) -> list[Cell]:
    cells: list[Cell] = [(writer.write_value(name, one, row[one]),) for one in columns]
    lines = [
        f"{writer.name_field(column, name)}: {writer.write_value(name, column, row[column])}"
        for column in TOGETHER.get(name, ())
        if row.get(column) not in (None, False)
    ]
    if name in TOGETHER:
        cells.append(tuple(lines) or (NOTHING,))
    return cells
