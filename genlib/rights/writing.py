"""Values of the register as a person reads them: days, euros, and codes in words.

Example: `given_at` 2026-03-04 10:05 UTC is "4.3.2026 klo 12.05" in Helsinki; `scope` `post` is
"posti".
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from genlib.notice import Notice
from genlib.present.words import NBSP, Words
from genlib.register.schema import Base
from genlib.reports.catalogue import UNDATED

NOTHING = "–"
CODED = {
    ("customer", "kind"): "customer_kind",
    ("survey", "kind"): "survey_kind",
    ("subject_request", "kind"): "request",
    ("subject_request", "ground"): "request_ground",
    ("subject_request", "form"): "way",
    ("permission", "received_via"): "way",
    ("campaign_contact", "message"): "kind",
    ("campaign_contact", "reason"): "why",
    ("held_back", "table"): "table",
    ("held_back", "column"): "field",
    ("feedback", "topic"): "topic",
    ("subject_request", "identity_check"): "identity_check",
    ("subject_request", "identity_result"): "identity_result",
    ("subject_request", "decision"): "decision",
    ("subject_request", "extension"): "extension",
}
"""Columns of codes, and the context of their words where that is another than the column's name."""
TIMES = {"fi": "%-H.%M", "sv": "%-H.%M", "en": "%H:%M"}


@dataclass(frozen=True)
class Writer:
    """Writes values for somebody who reads this language."""

    words: Words
    notice: Notice
    time_zone: str

    def name_field(self, column: str, name: str = "") -> str:
        """The head of a column; of a table `name` that has a word of its own for it, that."""
        special = f"{name}.{column}"
        head = self.words.label("field", special)
        return self.words.label("field", column) if head == special else head

    def name_table(self, name: str) -> str:
        return self.words.label("table", name)

    def write_value(self, name: str, column: str, value: Any) -> str:
        """The value of a column of a table; a dash for none."""
        if value is None or value == "":
            return NOTHING
        if isinstance(value, str):
            return self._write_text(name, column, value)
        if isinstance(value, bool):
            return self.words.label("code", value)
        if isinstance(value, dt.date):
            return self._write_time(value)
        if column.endswith("_cents"):
            return self.write_money(value)
        return self.words.number(value, 1) if isinstance(value, float) else str(value)

    def _write_text(self, name: str, column: str, text: str) -> str:
        """A text as it is, or the words of a code."""
        if column == "source" and text in self.notice.sources:
            return str(getattr(self.notice.sources[text], self.words.language))
        if column == "purpose":
            return self.name_purpose(text)
        context = find_context(name, column)
        if not context:
            return text
        return ", ".join(self.words.label(context, code) for code in text.split(","))

    def _write_time(self, day: dt.date) -> str:
        if isinstance(day, dt.datetime):
            return self.write_instant(day)
        return self.words.date(day)

    def name_purpose(self, code: str) -> str:
        """A purpose of the notice, or of the register's own work."""
        if code in self.notice.purposes:
            return str(getattr(self.notice.purposes[code], self.words.language))
        return self.words.label("lookup", code)

    def write_period(self, period: str) -> str:
        """A report's period."""
        return NOTHING if period == UNDATED else self.words.period(period)

    def write_instant(self, instant: dt.datetime) -> str:
        """Day and minute, in the company's time zone."""
        local = instant.astimezone(ZoneInfo(self.time_zone))
        time = local.strftime(TIMES[self.words.language])
        return self.words.translate("{date} at {time}", date=self.words.date(local), time=time)

    def write_money(self, cents: float) -> str:
        """Euros and cents, to the cent."""
        return f"{self.words.number(cents / 100, 2)}{NBSP}€"


def find_context(name: str, column: str) -> str:
    """The context of the words of a column of codes; empty of any other."""
    if (name, column) in CODED:
        return CODED[name, column]
    stored = Base.metadata.tables[name].columns.get(column)
    is_coded = stored is not None and isinstance(stored.type, sa.Enum)
    return column if is_coded else ""
