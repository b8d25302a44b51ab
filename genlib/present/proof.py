"""The protected tables of a report on their way from its kernel to its exporter: as they left door
2, in JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import polars as pl

from genlib import notice, settings
from genlib.disclosure.cells import Dimension, Measure
from genlib.disclosure.table import SEAL, Protected, ProtectedTable
from genlib.errors import NotProtected


def of(tables: Protected) -> str:
    """All that door 2 let out, and by whom and when it was let out. NotProtected for a table that
    was changed since.

    A text, since notebooks are written with the keys of their objects in alphabetical order.
    """
    told = {
        "tables": {name: _told(tables[name]) for name in tables},
        "conditions": stood(tables),
        "audit": tables.manifest(),
    }
    return json.dumps(told, ensure_ascii=False)


def restored(text: str) -> Protected:
    """The tables again. NotProtected, if this is not what `of` gave."""
    try:
        told = json.loads(text)
        tables = {name: _table(name, table) for name, table in told["tables"].items()}
        return Protected(tables, told["conditions"])
    except (KeyError, TypeError, ValueError, AttributeError, pl.exceptions.PolarsError):
        raise NotProtected("the report's tables cannot be read") from None


def stood(tables: Protected) -> Mapping[str, Any]:
    """What door 2 says of the tables; who let them out and when; and what the notice in force says
    of reports and of open questions."""
    if "made_by" in tables.conditions:
        return tables.conditions
    terms = notice.load()
    places = settings.load()
    today = places.day_of(datetime.now(UTC))
    made = {
        "made_by": places.user,
        "kept_until": terms.reports.kept_until(today).isoformat(),
    }
    told = {"recipients": asdict(terms.reports.recipients), "permission": dict(terms.permission)}
    return made | told | dict(tables.conditions)


def _told(table: ProtectedTable) -> dict[str, Any]:
    if table.fingerprint() != table.digest:
        raise NotProtected(
            f"table {table.name} was changed after genlib.protect made it; take a copy of its "
            "rows instead"
        )
    parts = {
        "by": [asdict(dimension) for dimension in table.by],
        "measures": [asdict(measure) for measure in table.measures],
    }
    frames = {
        "frame": _columns(table.frame),
        "earlier": None if table.earlier is None else _columns(table.earlier),
    }
    said = {"hidden": table.hidden, "language": table.language, "coarser": dict(table.coarser)}
    return {**parts, **frames, **said}


def _table(name: str, told: Mapping[str, Any]) -> ProtectedTable:
    lists = ("parents", "ladder", "units")
    by = tuple(
        Dimension(**part | {name: tuple(part[name]) for name in lists}) for part in told["by"]
    )
    measures = tuple(Measure(**part) for part in told["measures"])
    earlier = None if told["earlier"] is None else _frame(told["earlier"])
    return ProtectedTable(
        name,
        _frame(told["frame"]),
        by,
        measures,
        told["hidden"],
        told["language"],
        SEAL,
        earlier,
        coarser=told["coarser"],
    )


def _columns(frame: pl.DataFrame) -> dict[str, Any]:
    plain = frame.with_columns(pl.col(pl.Date).dt.to_string())
    return {
        name: {"type": str(frame.schema[name]), "values": plain[name].to_list()}
        for name in frame.columns
    }


def _frame(columns: Mapping[str, Any]) -> pl.DataFrame:
    series = [
        pl.Series(
            name, told["values"], pl.String if told["type"] == "Date" else getattr(pl, told["type"])
        )
        for name, told in columns.items()
    ]
    return pl.DataFrame(series).with_columns(
        pl.col(name).str.to_date() for name, told in columns.items() if told["type"] == "Date"
    )
