"""A feed says once what a source means; what it says wrong is told with its line and the cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from next_state import SECOND_SOURCE

from genlib.errors import BadInput, GenlibError, UsageError
from genlib.register.feeds.declaration import Reference
from genlib.register.feeds.feed_file import find_faults, load_feed

GOOD = """\
source = "shop"
[format]
date = "d.m.yyyy"
[[table]]
table = "invoice"
file = "invoices*.csv"
key = "Invoice no"
[table.columns]
issued_on = "Date"
due_on = "Due"
amount_cents = "Amount"
[table.values.product_line]
D = "device"
[table.constants]
source = "SERVICE_USE"
product_line = "device"
[table.references]
customer_id = "Customer no"
[table.format]
decimal = ","
money = "euros"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "shop.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_feed_is_read(tmp_path: Path) -> None:
    feed = load_feed(write(tmp_path, GOOD))
    [invoices] = feed.tables
    assert (feed.name, feed.source, invoices.key) == ("shop", "shop", ("Invoice no",))
    assert invoices.references == {"customer_id": Reference("Customer no")}
    assert (invoices.form.date, invoices.form.decimal, invoices.form.money) == (
        "d.m.yyyy",
        ",",
        "euros",
    )
    assert invoices.source_columns == ("Invoice no", "Date", "Due", "Amount", "Customer no")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('source = "shop"', 'source = "The Shop"', "line 1: source is the short name"),
        ('table = "invoice"', 'table = "invoices"', "line 5: there is no table invoices"),
        ('due_on = "Due"\n', "", "nothing says due_on"),
        ('due_on = "Due"', 'due_at = "Due"', "line 10: table invoice has no column due_at"),
        ('D = "device"', 'D = "gadget"', "product_line is one of device, filter"),
        ('decimal = ","', 'decimal = ";"', "line 20: decimal is . or ,"),
        ('decimal = ","', 'comma = ","', "line 20: format has no comma"),
        ('date = "d.m.yyyy"', 'date = "dm"', "line 3: date is a pattern such as"),
        ('date = "d.m.yyyy"', "date = 4", "line 3: format.date is a str"),
        ('file = "invoices*.csv"\n', "", "name a file pattern"),
        (
            'file = "invoices*.csv"',
            'query = "SELECT 1"',
            "table invoice: a query needs",
        ),
        ('"Customer no"', '{ column = "C", by = "name" }', "customer_id is found by one of key"),
        ('customer_id = "Customer no"', 'customer_id = { by = "email" }', "a reference needs its"),
        ('key = "Invoice no"', 'key = "N"\nmatch = ["email"]', "match and master are of customers"),
        ('key = "Invoice no"', 'key = "N"\nmatch = "email"', "match is a list of names"),
        ('issued_on = "Date"', 'issued_on = "Date"\nid = "No"', "id is the register's own number"),
        (
            'source = "SERVICE_USE"',
            'source = "SHOP"',
            "table invoice: source is one of ADDR",
        ),
        ('file = "invoices*.csv"', 'file = "/in/*.csv"', "file is a pattern of names in one fol"),
        ('file = "invoices*.csv"', 'file = "../*.csv"', "file is a pattern of names in one fol"),
        ('issued_on = "Date"', 'issued_on = ""', "a column of the source has no name"),
        ("[[table]]", "[table]", "write each table of the source as"),
        ('key = "Invoice no"', "key = ]", "is not TOML"),
    ],
)
def test_a_fault_has_its_line_and_its_cure(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(BadInput, match=message):
        load_feed(path)


def test_the_number_of_another_row_is_never_the_registers_own(tmp_path: Path) -> None:
    columns = '[table.columns]\ncustomer_id = "Customer no"'
    moved = GOOD.replace('customer_id = "Customer no"\n', "").replace("[table.columns]", columns)
    [fault] = find_faults(write(tmp_path, moved))
    said = "line 9: table invoice: customer_id names a row of customer; write under"
    assert f"shop.toml {said} [table.references]" in fault


def test_every_fault_of_a_feed_is_told_at_once_and_the_columns_that_there_are(
    tmp_path: Path,
) -> None:
    text = GOOD.replace("due_on", "due_at").replace('decimal = ","', 'decimal = ";"\ncomma = ","')
    path = write(tmp_path, text.replace('file = "inv', "key_column = 4\nfile = 5\n#"))
    faults = find_faults(path)
    assert [fault.partition(";")[0] for fault in faults] == [
        "shop.toml line 6: table invoice has no key_column",
        "shop.toml line 7: file is a text",
        "shop.toml line 23: format has no comma",
        "shop.toml line 22: decimal is . or ,",
        "shop.toml line 12: table invoice has no column due_at",
        "shop.toml line 5: table invoice: nothing says due_on",
    ]
    assert "; it has id, customer_id, issued_on, due_on, paid_on" in faults[4]
    with pytest.raises(BadInput, match=r"key_column; .* \(and 5 more: genlib feed check\)"):
        load_feed(path)


@pytest.mark.parametrize("key", ["4", '["Invoice no", 4]', "{ a = 1 }"])
def test_a_key_is_a_name_or_names(tmp_path: Path, key: str) -> None:
    path = write(tmp_path, GOOD.replace('key = "Invoice no"', f"key = {key}"))
    with pytest.raises(BadInput, match="line 7: key is a list of names"):
        load_feed(path)


def test_a_feed_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no feed can be read at"):
        load_feed(tmp_path / "none.toml")


@given(st.integers(0, len(GOOD)), st.text(max_size=6))
def test_a_broken_feed_is_never_a_surprise(
    tmp_path_factory: pytest.TempPathFactory, place: int, noise: str
) -> None:
    folder = tmp_path_factory.mktemp("feed")
    path = write(folder, GOOD[:place] + noise.encode("utf-8", "ignore").decode() + GOOD[place:])
    message = ""
    try:
        load_feed(path)
    except GenlibError as error:
        message = str(error)
    assert "\n" not in message


def test_a_feed_that_names_no_time_zone_is_of_the_companys(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    assert load_feed(path, time_zone="Asia/Tokyo").tables[0].form.time_zone == "Asia/Tokyo"
    own = GOOD.replace("[format]\n", '[format]\ntime_zone = "UTC"\n', 1)
    path = write(tmp_path, own)
    assert load_feed(path, time_zone="Asia/Tokyo").tables[0].form.time_zone == "UTC"


PEOPLE = SECOND_SOURCE.replace('family_name = "name"\n', "")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('match = ["email"]', 'match = ["family_name"]', "line 6: match; it names columns"),
        ('match = ["email"]', 'match = ["personal_id"]', "line 6: match; it names columns"),
        ('master = ["phone"]', 'master = ["language"]', "master: the feed does not give language"),
        ('match = ["email"]\n', "", "line 6: master; say with match"),
    ],
)
def test_whom_a_feed_joins_and_what_it_is_master_of_is_checked(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    [table] = load_feed(write(tmp_path, PEOPLE)).tables
    assert (table.match, table.master) == (("email",), ("phone",))
    with pytest.raises(BadInput, match=message):
        load_feed(write(tmp_path, PEOPLE.replace(old, new)))


def test_an_open_amount_is_of_invoices_with_a_payment_day(tmp_path: Path) -> None:
    text = GOOD.replace('key = "Invoice no"', 'key = "Invoice no"\nopen_amount = "Open"')
    faults = find_faults(write(tmp_path, text))
    assert [fault.partition(": ")[2] for fault in faults] == [
        "table invoice: open_amount is of invoices, beside the columns of paid_on and amount_cents"
    ]
    whole = text.replace('due_on = "Due"', 'due_on = "Due"\npaid_on = "Paid"')
    assert find_faults(write(tmp_path, whole)) == []
