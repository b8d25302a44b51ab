"""Folders in the register's own layout, of a few rows, and their refresh."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

from genlib.register.batches import read_folder
from genlib.register.database import Register
from genlib.register.outcome import Outcome
from genlib.register.refresh import Refresh
from genlib.register.store import opened
from genlib.register.vault import IdentityKey

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
CUSTOMER = {
    "id": "1",
    "kind": "consumer",
    "family_name": "Kuuralehto",
    "street_address": "Leppäkaari 1",
    "postal_code": "00100",
    "phone": "049 123 4567",
    "email": "aino@firma.example",
    "joined_on": "2020-02-29",
    "left_on": "",
    "restricted_from": "",
    "non_disclosure": "false",
    "source": "DATA_SUBJECT",
    "updated_at": "2026-01-01T08:00:00Z",
}
PERMISSION = {
    "id": "1",
    "customer_id": "1",
    "act": "consent",
    "scope": "email",
    "given_at": "2026-01-01T08:00:00Z",
    "ended_at": "",
    "source": "DATA_SUBJECT",
}
CAMPAIGN = {
    "id": "1",
    "code": "A",
    "name": "A",
    "kind": "DM",
    "starts_on": "2026-01-01",
    "ends_on": "2026-01-02",
    "holdout_share": "0.1",
    "cost_cents": "5",
}
CONTACT = {
    "id": "1",
    "campaign_id": "1",
    "customer_id": "1",
    "arm": "contacted",
    "channel": "email",
    "sent_at": "2026-01-01T08:00:00Z",
    "opened_at": "",
    "opted_out_at": "",
    "bounced": "false",
    "source": "COMMUNICATION",
}
INVOICE = {
    "id": "1",
    "customer_id": "1",
    "issued_on": "2026-09-01",
    "due_on": "2026-09-15",
    "paid_on": "",
    "amount_cents": "2500",
    "product_line": "filter",
    "source": "SERVICE_USE",
}
SURVEY = {
    "id": "1",
    "code": "S",
    "name": "S",
    "kind": "satisfaction",
    "promise": "confidential",
    "opened_on": "2026-10-01",
    "closed_on": "2026-10-20",
}
QUESTION = {"id": "1", "survey_id": "1", "code": "q", "scale": "nps_0_10", "text_fi": "?"}
INVITATION = {
    "id": "1",
    "survey_id": "1",
    "customer_id": "1",
    "channel": "email",
    "sent_at": "2026-10-01T08:00:00Z",
    "delivered": "true",
    "responded_at": "",
    "source": "COMMUNICATION",
}
ANSWER = {"invitation_id": "1", "question_id": "1", "score": "5", "source": "DATA_SUBJECT"}
Row = dict[str, str]


def write(folder: Path, **tables: list[Row] | Row) -> Path:
    """A folder with these tables."""
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        pl.DataFrame(rows).write_csv(folder / f"{name}.csv")
    return folder


def refresh(  # noqa: PLR0913 - how a refresh is run
    register: Register,
    key: IdentityKey,
    folder: Path,
    *,
    as_of: dt.datetime = NOW,
    is_whole: bool = False,
    may_be_fewer: bool = False,
    at: dt.datetime = NOW,
) -> dict[str, Outcome]:
    """Refresh a folder; the outcomes by table."""
    work = Refresh(
        register,
        key,
        folder / "rejected",
        is_whole=is_whole,
        may_be_fewer=may_be_fewer,
        at=at,
    )
    sources = read_folder(folder, as_of)
    names = [source.path.name for source in sources]
    return {outcome.table: outcome for outcome in work.run(sources, names)}


def read_rejected(folder: Path, name: str) -> list[tuple[Any, ...]]:
    """row, column, rule of the refused rows of a table."""
    return pl.read_csv(folder / "rejected" / f"{name}.csv").rows()


def read_table(register: Register, key: IdentityKey, name: str) -> pl.DataFrame:
    """A table opened, by number."""
    frame = opened(pl.concat(register.scan(name)), name, key)
    return frame.sort(frame.columns[:2])


SECOND_SOURCE = """\
source = "shop"
[[table]]
table = "customer"
file = "people.csv"
key = "no"
match = ["email"]
master = ["phone"]
[table.columns]
family_name = "name"
email = "mail"
phone = "tel"
joined_on = "since"
non_disclosure = "secret"
updated_at = "changed"
[table.constants]
kind = "consumer"
source = "DATA_SUBJECT"
"""
"""The feed of a second source, which names customers by its own numbers."""
