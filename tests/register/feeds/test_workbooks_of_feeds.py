"""A feed reads the dates, amounts and truths of Excel by what they are, however they are shown."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from next_state import CAMPAIGN, CUSTOMER, NOW, read_table, refresh, write
from workbooks import write_workbook

from genlib.errors import BadInput
from genlib.register.database import Register, create_register
from genlib.register.feeds.files import FileRows
from genlib.register.feeds.formats import UNREADABLE
from genlib.register.feeds.source import read_feed
from genlib.register.feeds.translate import translate
from genlib.register.refresh import Refresh
from genlib.register.vault import IdentityKey

INVOICES = """\
source = "billing"
[format]
date = "d.m.yyyy"
decimal = ","
money = "euros"
[[table]]
table = "invoice"
file = "bills.*"
key = "Bill"
[table.columns]
issued_on = "Day"
due_on = "Day"
amount_cents = "Sum"
[table.constants]
product_line = "filter"
source = "SERVICE_USE"
[table.references]
customer_id = "Bill"
"""
CONTACTS = """\
source = "mailing"
[format]
instant = "d.m.yyyy HH:MM"
true = ["kyllä"]
false = ["ei"]
[[table]]
table = "campaign_contact"
file = "contacts.*"
key = "Email"
updated_at = "Sent"
[table.columns]
sent_at = "Sent"
bounced = "Bounced"
[table.constants]
arm = "contacted"
channel = "email"
source = "COMMUNICATION"
[table.references]
campaign_id = { column = "Campaign", by = "code" }
customer_id = { column = "Email", by = "email" }
"""
PROHIBITIONS = """
[[table]]
table = "permission"
file = "contacts.*"
key = "Email"
where = "Left"
[table.columns]
given_at = "Left"
[table.constants]
act = "prohibition"
scope = "email"
source = "DATA_SUBJECT"
[table.references]
customer_id = { column = "Email", by = "email" }
"""
DAY = dt.date(2026, 10, 2)
SENT = dt.datetime(2026, 10, 2, 13, 5)
Cell = Any


def write_sheets(path: Path, sheets: dict[str, list[list[Cell]]]) -> Path:
    """A workbook with dates that Excel shows as d.m.yyyy."""
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "d.m.yyyy"})
        instant = book.add_format({"num_format": "d.m.yyyy hh:mm"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, dt.datetime):
                        sheet.write_datetime(at, column, cell, instant)
                    elif isinstance(cell, dt.date):
                        sheet.write_datetime(at, column, cell, day)
                    else:
                        sheet.write(at, column, cell)
    return path


def read_rows(folder: Path, text: str) -> pl.DataFrame:
    """The rows of the one table of a feed, in the register's own form."""
    feed = folder / "feed.toml"
    feed.write_text(text, encoding="utf-8")
    [table] = read_feed(feed, folder)
    assert isinstance(table.rows, FileRows)
    [raw] = table.rows.read()
    return translate(raw, table.table_feed, is_typed=table.rows.is_typed)


def read_bills(folder: Path, *bills: list[Cell], text: str = INVOICES) -> pl.DataFrame:
    write_sheets(folder / "bills.xlsx", {"Bills": [["Bill", "Day", "Sum"], *bills]})
    return read_rows(folder, text)


@pytest.mark.parametrize("date", ["d.m.yyyy", "yyyy-mm-dd"])
def test_a_date_of_excel_is_a_day_whatever_the_pattern(tmp_path: Path, date: str) -> None:
    text = INVOICES.replace("d.m.yyyy", date)
    rows = read_bills(tmp_path, ["F-1", DAY, 1], text=text)
    assert rows["issued_on"].to_list() == ["2026-10-02"]


def test_texts_among_the_dates_of_a_sheet_are_read_as_the_feed_says(tmp_path: Path) -> None:
    days = [DAY, "3.10.2026", "10/3/2026", None, SENT]
    rows = read_bills(tmp_path, *([f"F-{day}", day, 1] for day in days))
    assert rows["issued_on"].to_list() == [
        "2026-10-02",
        "2026-10-03",
        UNREADABLE,
        None,
        UNREADABLE,
    ]


@pytest.mark.parametrize("decimal", [",", "."])
def test_a_number_of_excel_is_an_amount_of_euros(tmp_path: Path, decimal: str) -> None:
    text = INVOICES.replace('decimal = ","', f'decimal = "{decimal}"')
    amounts = [12.5, 0.3, 1234, -9.9, 0, 25.05, f"1 234{decimal}50 €", "", 12.345]
    rows = read_bills(tmp_path, *(["F-1", DAY, amount] for amount in amounts), text=text)
    assert rows["amount_cents"].to_list() == [
        "1250",
        "30",
        "123400",
        "-990",
        "0",
        "2505",
        "123450",
        None,
        UNREADABLE,
    ]


def test_a_number_that_excel_computed_is_read_as_it_is_shown(tmp_path: Path) -> None:
    """Excel keeps 0.1 + 0.2 with 17 figures and shows 15: 0.3."""
    bills = [["F-1", DAY, 0.1 + 0.2], ["F-2", DAY, 1.1 * 3]]
    write_workbook(tmp_path / "bills.xlsx", [["Bill", "Day", "Sum"], *bills])
    assert read_rows(tmp_path, INVOICES)["amount_cents"].to_list() == ["30", "330"]


def test_numbers_of_a_feed_in_cents_stay_cents(tmp_path: Path) -> None:
    text = INVOICES.replace('money = "euros"', 'money = "cents"')
    rows = read_bills(tmp_path, ["F-1", DAY, 25], ["F-2", DAY, 25.5], text=text)
    assert rows["amount_cents"].to_list() == ["25", UNREADABLE]


def read_contacts(folder: Path, *contacts: list[Cell], text: str = CONTACTS) -> pl.DataFrame:
    header = ["Campaign", "Email", "Sent", "Bounced"]
    write_sheets(folder / "contacts.xlsx", {"Contacts": [header, *contacts]})
    return read_rows(folder, text)


@pytest.mark.parametrize(
    ("instant", "hour_that_comes_twice"),
    [("d.m.yyyy HH:MM", UNREADABLE), ("iso", "2026-10-25 03:30:00")],
)
def test_a_date_and_time_of_excel_is_an_instant_of_the_feed_s_zone(
    tmp_path: Path, instant: str, hour_that_comes_twice: str
) -> None:
    """An instant without a zone is refused later, so the hour that comes twice is in both."""
    text = CONTACTS.replace("d.m.yyyy HH:MM", instant)
    instants = [SENT, dt.datetime(2026, 10, 25, 3, 30), "2026-10-02T10:05:00Z"]
    rows = read_contacts(tmp_path, *(["A", "a@b.example", at, "ei"] for at in instants), text=text)
    assert rows["sent_at"].to_list() == [
        "2026-10-02T10:05:00Z",
        hour_that_comes_twice,
        "2026-10-02T10:05:00Z",
    ]


def test_a_truth_of_excel_is_one_beside_the_feed_s_words(tmp_path: Path) -> None:
    truths = [True, False, "kyllä", "EI", "tosi", 1]
    rows = read_contacts(tmp_path, *(["A", "a@b.example", SENT, truth] for truth in truths))
    assert rows["bounced"].to_list() == ["true", "false", "true", "false", UNREADABLE, UNREADABLE]


def test_one_sheet_of_several_is_read_from_its_header_row_on(tmp_path: Path) -> None:
    title = ["Bills of October", None, None]
    rows = [title, [None] * 3, ["Bill", "Day", "Sum"], ["F-1", DAY, 12.5], [None] * 3, ["F-2"]]
    sheets = {"Summary": [["Total", 12.5]], "Bills": rows}
    write_sheets(tmp_path / "bills.xlsx", sheets)
    with pytest.raises(BadInput, match="has 2 filled sheets; leave the one that counts"):
        read_rows(tmp_path, INVOICES)
    layout = '[table.layout]\nsheet = "Bills"\nheader = 3\n'
    bills = read_rows(tmp_path, INVOICES + layout)
    assert bills.select("row", "key", "amount_cents").rows() == [
        (4, "F-1", "1250"),
        (6, "F-2", None),
    ]
    with pytest.raises(BadInput, match="has no sheet of the name that the feed says"):
        read_rows(tmp_path, INVOICES + layout.replace("Bills", "bills"))


@pytest.mark.parametrize(("last", "is_read"), [(2, True), (3, False)])
def test_a_title_merged_above_the_header_loses_nothing(
    tmp_path: Path, last: int, is_read: bool
) -> None:
    text = INVOICES.replace("[[table]]", "[layout]\nheader = 3\n[[table]]")
    with xlsxwriter.Workbook(tmp_path / "bills.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, last - 1, 1, "Bills of October")
        if is_read:
            sheet.write_row(2, 0, ["Bill", "Day", "Sum"])
        sheet.write_row(3, 0, ["B-1", "2.10.2026", 12.5])
    if is_read:
        assert read_rows(tmp_path, text)["amount_cents"].to_list() == ["1250"]
    else:
        with pytest.raises(BadInput, match="has merged cells; unmerge them"):
            read_rows(tmp_path, text)


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_a_file_that_is_no_workbook_is_told_by_its_name_alone(tmp_path: Path, kind: str) -> None:
    (tmp_path / f"bills.{kind}").write_bytes(b"Kuuralehto;1.10.2026;12,50")
    with pytest.raises(BadInput, match=rf"^bills\.{kind} cannot be read as {kind} \(\w+\)$"):
        read_rows(tmp_path, INVOICES)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize("above", [0, 2])
def test_a_column_that_stands_twice_in_the_header_is_not_guessed(
    tmp_path: Path, kind: str, above: int
) -> None:
    text = INVOICES.replace("[[table]]", f"[layout]\nheader = {above + 1}\n[[table]]")
    rows = [["Title"]] * above + [["Bill", "Day", "Sum", "Sum"], ["B-1", "2.10.2026", "1", "2"]]
    if kind == "xlsx":
        write_sheets(tmp_path / "bills.xlsx", {"Bills": rows})
    else:
        lines = "".join(";".join(row) + "\n" for row in rows)
        (tmp_path / "bills.csv").write_text(lines)
    (tmp_path / "feed.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="the file has column Sum twice, and nobody knows which"):
        read_feed(tmp_path / "feed.toml", tmp_path)


def test_a_parquet_file_is_read_by_the_types_of_its_columns(tmp_path: Path) -> None:
    contact = {"Campaign": "A", "Email": "a@b.example", "Sent": SENT, "Bounced": True}
    pl.DataFrame([contact]).write_parquet(tmp_path / "contacts.parquet")
    rows = read_rows(tmp_path, CONTACTS)
    assert rows.select("sent_at", "bounced").rows() == [("2026-10-02T10:05:00Z", "true")]


def test_a_prohibition_that_excel_dates_is_kept_and_its_newest_instant_dates_the_file(
    sqlite_url: str, key: IdentityKey, tmp_path: Path
) -> None:
    register: Register = create_register(sqlite_url)
    refresh(register, key, write(tmp_path / "own", customer=CUSTOMER, campaign=CAMPAIGN))
    header = ["Campaign", "Email", "Sent", "Bounced", "Left"]
    contact = ["A", CUSTOMER["email"], SENT, False, dt.datetime(2026, 10, 3, 9, 30)]
    write_sheets(tmp_path / "contacts.xlsx", {"Contacts": [header, contact]})
    (tmp_path / "feed.toml").write_text(CONTACTS + PROHIBITIONS, encoding="utf-8")
    sources = read_feed(tmp_path / "feed.toml", tmp_path)
    assert sources[0].as_of == dt.datetime(2026, 10, 2, 10, 5, tzinfo=dt.UTC)
    work = Refresh(register, key, tmp_path / "rejected", at=NOW)
    outcomes = work.run(sources, ["campaign_contact", "permission"])
    assert [(one.fresh, one.refused) for one in outcomes] == [(1, 0), (1, 0)]
    [given_at] = read_table(register, key, "permission")["given_at"]
    assert given_at == dt.datetime(2026, 10, 3, 6, 30, tzinfo=dt.UTC)
