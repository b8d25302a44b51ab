"""Files are read whole or refused, the same whatever their format, and no message holds a value."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workbooks import DURATION, TIME, Xml, error, styled, write_workbook

from genlib.errors import BadInput
from genlib.register.reading import batches, check_columns, files
from genlib.register.rules import examined

INVOICE: dict[str, object] = {
    "id": 1,
    "customer_id": 1,
    "issued_on": "2026-10-01",
    "due_on": "2026-10-15",
    "product_line": "filter",
    "source": "SERVICE_USE",
    "amount_cents": 25,
}
CLOCK = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)

SENTINEL = "kuuralehto"
CUSTOMER = {
    "id": 1,
    "kind": "consumer",
    "street_address": "Koivukuja 3",
    "phone": "0491234567",
    "postal_code": "00100",
    "joined_on": dt.date(2020, 2, 29),
    "left_on": None,
    "restricted_from": "2026-01-01T08:00:00Z",
    "non_disclosure": False,
    "source": "DATA_SUBJECT",
    "updated_at": "2026-01-01T08:00:00Z",
}
FEEDBACK = {
    "id": "1",
    "customer_id": "7",
    "received_at": "2026-01-01T08:00:00Z",
    "channel": "email",
    "topic": "product",
    "comment": "ok",
    "source": "DATA_SUBJECT",
}
ANSWERS = "invitation_id,question_id,score,comment,source\n"


def read(name: str, path: Path, rows: int = 100) -> pl.DataFrame:
    check_columns(name, path)
    return pl.concat([pl.DataFrame(), *batches(name, path, rows)], how="diagonal")


def read_csv(name: str, content: str | bytes, tmp_path: Path) -> pl.DataFrame:
    path = tmp_path / f"{name}.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(name, path)


def refuse_csv(name: str, content: str | bytes, tmp_path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        read_csv(name, content, tmp_path)
    assert caught.value.__cause__ is None
    assert SENTINEL not in str(caught.value).lower()
    return str(caught.value)


def lines(*rows: dict[str, str], separator: str = ",", end: str = "\n") -> str:
    header = separator.join(rows[0])
    return end.join([header, *(separator.join(row.values()) for row in rows), ""])


# What is in the folder


@pytest.mark.parametrize(
    "ending", ["xls", "txt", "tsv", "ods", "csv.gz", "CSV.zip", "xlsm", "json", "csv.bak"]
)
def test_a_table_in_a_file_of_another_kind_is_refused_by_name(ending: str, tmp_path: Path) -> None:
    (tmp_path / "customer.csv").touch()
    (tmp_path / f"permission.{ending}").touch()
    message = f"permission.{ending}: save it as .xlsx or CSV"
    with pytest.raises(BadInput, match=f"^{re.escape(message)}$"):
        files(tmp_path)


def test_a_table_in_a_file_without_an_ending_or_in_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "permission").touch()
    with pytest.raises(BadInput, match="without an ending"):
        files(tmp_path)
    (tmp_path / "permission").unlink()
    (tmp_path / "permission.parquet").mkdir()
    with pytest.raises(BadInput, match=r"permission\.parquet is no file"):
        files(tmp_path)


@pytest.mark.parametrize(
    "name", [f"{SENTINEL}.csv", f"{SENTINEL}.txt", f"permission_{SENTINEL}.csv", "Permission.csv"]
)
def test_a_file_of_no_table_is_refused_and_its_name_is_not_told(name: str, tmp_path: Path) -> None:
    (tmp_path / "customer.csv").touch()
    (tmp_path / name).touch()
    with pytest.raises(BadInput, match=r"1 file\(s\) are no table's") as caught:
        files(tmp_path)
    assert SENTINEL not in str(caught.value)


def test_an_ending_that_may_be_a_name_is_not_told(tmp_path: Path) -> None:
    (tmp_path / f"permission.csv {SENTINEL} 2026").touch()
    with pytest.raises(BadInput, match="save it as") as caught:
        files(tmp_path)
    assert SENTINEL not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["~$customer.xlsx", ".DS_Store", "._customer.csv", ".~lock.customer.csv#", "README",
             "readme.md", "README.txt", "Thumbs.db", "desktop.ini", "register.sqlite",
             "register.sqlite-wal"]
)  # fmt: skip
def test_hidden_files_locks_and_a_readme_are_passed_over(name: str, tmp_path: Path) -> None:
    (tmp_path / "customer.csv").touch()
    (tmp_path / name).touch()
    assert list(files(tmp_path)) == ["customer"]


def test_a_folder_in_the_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "customer.csv").touch()
    (tmp_path / "rejected").mkdir()
    assert list(files(tmp_path)) == ["customer"]


# CSV: encoding, line ends, header


def test_excels_plain_csv_of_a_finnish_windows_is_refused_with_what_to_do(tmp_path: Path) -> None:
    content = lines({**FEEDBACK, "comment": "hyvää päivää"}, separator=";").encode("cp1252")
    message = refuse_csv("feedback", content, tmp_path)
    assert message == (
        "feedback.csv cannot be read as csv in UTF-8: it looks like Windows-1252 (near line 2); "
        "save it as CSV UTF-8"
    )


def test_a_letter_cut_at_the_end_of_the_file_is_no_utf_8(tmp_path: Path) -> None:
    content = lines(FEEDBACK).encode() + "ä".encode()[:1]
    assert "in UTF-8" in refuse_csv("feedback", content, tmp_path)


@pytest.mark.parametrize("code", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(code: str, tmp_path: Path) -> None:
    assert "looks like UTF-16" in refuse_csv("feedback", lines(FEEDBACK).encode(code), tmp_path)


def test_a_first_line_that_names_the_separator_is_to_be_deleted(tmp_path: Path) -> None:
    assert "sep=" in refuse_csv("feedback", "sep=;\n" + lines(FEEDBACK, separator=";"), tmp_path)


def test_line_ends_of_an_old_mac_are_named_and_nobody_is_shown(tmp_path: Path) -> None:
    content = lines({**FEEDBACK, "comment": SENTINEL}, separator=";", end="\r")
    assert "its lines end in CR alone" in refuse_csv("feedback", content, tmp_path)


def test_unknown_columns_are_told_by_number_where_few_names_are_known(tmp_path: Path) -> None:
    content = f"id,source,{SENTINEL},aino,koivukuja\n1,DATA_SUBJECT,a,b,c\n"
    assert "has unknown column number 3, number 4, number 5" in refuse_csv(
        "feedback", content, tmp_path
    )


def test_an_unknown_column_beside_known_ones_is_told_by_name(tmp_path: Path) -> None:
    message = refuse_csv("feedback", lines({**FEEDBACK, "shoe_size": "44"}), tmp_path)
    assert message == "feedback.csv has unknown column shoe_size"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("before", ["", "\N{BOM}", "\N{BOM}\n", "\n\r\n"])
def test_every_separator_line_end_and_mark_of_utf_8_is_read(
    separator: str, end: str, before: str, tmp_path: Path
) -> None:
    content = before + lines(FEEDBACK, {**FEEDBACK, "id": "2"}, separator=separator, end=end)
    assert read_csv("feedback", content, tmp_path)["id"].to_list() == ["1", "2"]


# CSV: rows in the file are rows read


def test_a_quotation_mark_that_joins_rows_refuses_the_file(tmp_path: Path) -> None:
    rows = [{**FEEDBACK, "id": str(number)} for number in range(1, 9)]
    rows[2]["comment"] = '"Villa Koivu'
    rows[5]["comment"] = 'Paju"'
    message = refuse_csv("feedback", lines(*rows, separator=";"), tmp_path)
    assert message == (
        "feedback.csv: line 4 holds the next row in its column comment; a quotation mark is "
        "missing or too many"
    )


@pytest.mark.parametrize("column", ["topic", "comment", "source"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_joined_rows_are_seen_in_every_column(column: str, end: str, tmp_path: Path) -> None:
    first = {**FEEDBACK, column: f'"{FEEDBACK[column]}'}
    last = {**FEEDBACK, "id": "2", column: f'{FEEDBACK[column]}"'}
    assert "holds the next row" in refuse_csv("feedback", lines(first, last, end=end), tmp_path)


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        ('tuuma 12" putki', "line 3 is not around a whole cell"),
        ('"hyvä" laite', "line 3 is not around a whole cell"),
        ('"kesken', "has no end"),
    ],
)
def test_a_quotation_mark_in_the_wrong_place_is_told_by_line(
    comment: str, why: str, tmp_path: Path
) -> None:
    content = lines(FEEDBACK, {**FEEDBACK, "comment": comment}, FEEDBACK)
    assert why in refuse_csv("feedback", content, tmp_path)


@pytest.mark.parametrize(
    "comment",
    [
        "Hyvä laite.\nMutta kallis, kovin kallis.\n\nTerveisin, kiitos, 7",
        'Sanoi "huomenna"\r\nja tuli "huomenna"',
        "Ostin:\n2, 3 ja 4, sitten\n5, 6",
        ",,,\n,,,",
    ],
)
def test_a_comment_of_several_lines_stays_whole(comment: str, tmp_path: Path) -> None:
    quoted = '"' + comment.replace('"', '""') + '"'
    frame = read_csv("feedback", lines(FEEDBACK, {**FEEDBACK, "comment": quoted}), tmp_path)
    assert frame["comment"].to_list() == ["ok", comment]
    assert examined(frame, "feedback", artificial=True, now=CLOCK)[1].height == 0


def test_a_line_break_outside_free_text_refuses_its_row(tmp_path: Path) -> None:
    rows = [
        {**FEEDBACK, "id": "2", "topic": '"a\nb"'},
        {**FEEDBACK, "id": "3", "channel": '"em\nail"'},
        {**FEEDBACK, "id": "4", "received_at": '"2026-01-01T\n08:00:00Z"'},
        {**FEEDBACK, "id": '"5\n6"'},
    ]
    _, faults = examined(
        read_csv("feedback", lines(FEEDBACK, *rows), tmp_path),
        "feedback",
        artificial=True,
        now=CLOCK,
    )
    assert faults.sort("row").rows() == [
        (3, "topic", "line_break"),
        (5, "channel", "line_break"),
        (7, "received_at", "not_an_instant"),
        (9, "id", "not_an_integer"),
    ]


@pytest.mark.parametrize(
    ("row", "cells"), [("1,1,5\n", 3), ("1,1,5,a,DATA_SUBJECT,b\n", 6), ('","\n', 1)]
)
def test_a_row_of_fewer_or_more_cells_is_told_by_line(row: str, cells: int, tmp_path: Path) -> None:
    content = ANSWERS + "1,1,5,,DATA_SUBJECT\n\n" + row
    assert refuse_csv("survey_answer", content, tmp_path) == (
        f"survey_answer.csv cannot be read as csv: line 4 has {cells} cells, the header 5"
    )


def test_a_file_that_its_reader_cuts_short_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "feedback.csv").write_text(lines(FEEDBACK, {**FEEDBACK, "id": "2"}))
    whole = pl.scan_csv
    monkeypatch.setattr(pl, "scan_csv", lambda *args, **kwargs: whole(*args, **kwargs).head(1))
    with pytest.raises(BadInput, match=r"feedback\.csv has 2 rows, but 1 could be read"):
        read("feedback", tmp_path / "feedback.csv")


def cut_small(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Look at files so many bytes at a time, and read as few together."""
    monkeypatch.setattr("genlib.register.delimited.CHUNK", size)
    monkeypatch.setattr("genlib.register.delimited.PIECE", size)


CELL = st.text(st.sampled_from('a1,;"\n\r\t ä…'), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    comments=st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=6),
    chunk=st.sampled_from([7, 64, 1 << 20]),
)
def test_what_is_written_by_the_rules_of_csv_is_read_as_it_was(
    comments: list[list[str]], chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever cells hold, and wherever the pieces of the file are cut."""
    cut_small(monkeypatch, chunk)
    rows = [{**FEEDBACK, "topic": topic, "comment": text} for topic, text in comments]
    written = pl.DataFrame([FEEDBACK, *rows])
    written.write_csv(tmp_path / "feedback.csv")
    found = read("feedback", tmp_path / "feedback.csv").drop("row").fill_null("")
    assert found.rows() == written.rows()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.sampled_from('a1,"\n\r '), max_size=60), chunk=st.sampled_from([5, 1 << 20]))
def test_no_text_makes_rows_vanish(
    text: str, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is refused, or as many rows are read as it has lines outside quotations."""
    cut_small(monkeypatch, chunk)
    path = tmp_path / "survey_answer.csv"
    path.write_text(ANSWERS + text, newline="")
    try:
        found = read("survey_answer", path, rows=2)
    except BadInput:
        return
    unquoted = re.sub('"([^"]*)"', lambda quoted: "x" * bool(quoted[1].strip()), text)
    filled = [line for line in unquoted.split("\n") if line.strip(' ,"\r')]
    assert found.height == len(filled)


# Excel


def book(path: Path, *rows: dict[str, object], tail: str = "") -> Path:
    header = list(rows[0])
    return write_workbook(path, [header, *(list(row.values()) for row in rows)], tail=tail)


@pytest.mark.parametrize("word", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!"])
@pytest.mark.parametrize(
    ("column", "rule"),
    [
        ("left_on", "not_a_date"),
        ("restricted_from", "not_an_instant"),
        ("phone", "bad_format"),
        ("street_address", "error_of_a_spreadsheet"),
    ],
)
def test_a_cell_in_error_is_refused(word: str, column: str, rule: str, tmp_path: Path) -> None:
    path = book(tmp_path / "customer.xlsx", CUSTOMER, {**CUSTOMER, "id": 2, column: error(word)})
    good, faults = examined(read("customer", path), "customer", artificial=True, now=CLOCK)
    assert (good["row"].to_list(), faults.rows()) == ([2], [(3, column, rule)])


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (Xml("<c><f>A1+1</f></c>"), "a formula without its value"),
        (Xml('<c><f t="shared" si="0"/></c>'), "a formula without its value"),
        (Xml("<c><v>1.23456789012346E+19</v></c>"), "numbers of over 15 digits"),
        (Xml("<c><v>1234567890123456</v></c>"), "numbers of over 15 digits"),
        (Xml('<c s="1"><f>A1</f><v>1234567890123456</v></c>'), "numbers of over 15 digits"),
        (error("#SPILL!"), "cannot be read as xlsx"),
    ],
)
def test_a_workbook_that_would_lose_something_is_refused(
    cell: Xml, message: str, tmp_path: Path
) -> None:
    path = book(tmp_path / "customer.xlsx", {**CUSTOMER, "phone": cell})
    with pytest.raises(BadInput, match=message):
        read("customer", path)


@pytest.mark.parametrize(
    "cell", [Xml('<c t="str"><f>A1</f><v></v></c>'), Xml("<c><f>1</f><v>123456789012345</v></c>")]
)
def test_a_formula_with_its_value_is_read(cell: Xml, tmp_path: Path) -> None:
    assert read("customer", book(tmp_path / "customer.xlsx", {**CUSTOMER, "phone": cell})).height


def test_merged_cells_and_a_second_sheet_are_refused(tmp_path: Path) -> None:
    merged = '<mergeCells count="1"><mergeCell ref="A1:A2"/></mergeCells>'
    path = book(tmp_path / "customer.xlsx", CUSTOMER, tail=merged)
    with pytest.raises(BadInput, match="has merged cells; unmerge them"):
        read("customer", path)
    rows = [list(CUSTOMER), list(CUSTOMER.values())]
    write_workbook(path, rows, rows)
    with pytest.raises(BadInput, match="has 2 filled sheets"):
        read("customer", path)
    assert read("customer", write_workbook(path, rows, [])).height == 1


def test_an_empty_row_of_a_sheet_does_not_shift_the_numbers(tmp_path: Path) -> None:
    empty = dict.fromkeys(CUSTOMER)
    path = book(tmp_path / "customer.xlsx", CUSTOMER, empty, CUSTOMER)
    assert read("customer", path)["row"].to_list() == [2, 4]


# One reading for all formats


def as_csv(path: Path, row: dict[str, object]) -> Path:
    words = {True: "true", False: "false"}
    text = {
        column: words[value] if isinstance(value, bool) else None if value is None else str(value)
        for column, value in row.items()
    }
    pl.DataFrame([text], schema=dict.fromkeys(text, pl.String)).write_csv(path.with_suffix(".csv"))
    return path.with_suffix(".csv")


def as_parquet(path: Path, row: dict[str, object]) -> Path:
    pl.DataFrame([row]).write_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def as_excel(path: Path, row: dict[str, object]) -> Path:
    return book(path.with_suffix(".xlsx"), row)


@pytest.mark.parametrize("write", [as_csv, as_excel, as_parquet])
@pytest.mark.parametrize(
    ("column", "value", "outcome"),
    [
        ("phone", 401234567.0, "+358401234567"),
        ("phone", 401234567, "+358401234567"),
        ("phone", 4012345678901.0, "not_in_numbering_plan"),
        ("phone", 401234567.5, "bad_format"),
        ("postal_code", 20100.0, "20100"),
        ("postal_code", 100.0, "bad_format"),
        ("street_address", 12.0, "12"),
        ("id", 7.0, 7),
        ("id", 7.5, "not_an_integer"),
        ("id", True, "not_an_integer"),
        ("id", -7, "out_of_range"),
        ("kind", 1, "unknown_code"),
        ("non_disclosure", True, True),
        ("non_disclosure", 1, True),
        ("non_disclosure", 0.0, False),
        ("non_disclosure", 2, "not_a_boolean"),
        ("joined_on", dt.date(2020, 2, 29), dt.date(2020, 2, 29)),
        ("joined_on", "2020-02-29", dt.date(2020, 2, 29)),
        ("joined_on", "29.2.2020", "not_a_date"),
        ("joined_on", dt.datetime(2020, 2, 29), dt.date(2020, 2, 29)),
        ("joined_on", dt.datetime(2020, 2, 29, 12), "not_a_date"),
        ("joined_on", 43890, "not_a_date"),
        ("updated_at", dt.datetime(2026, 1, 1, 8), "not_an_instant"),
        ("updated_at", dt.date(2026, 1, 1), "not_an_instant"),
        ("updated_at", "2026-01-01 08:00:00", "not_an_instant"),
        ("updated_at", "2026-01-01T08:00:00Z", dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)),
    ],
)
def test_a_value_is_read_alike_in_every_format(
    write: Callable[[Path, dict[str, object]], Path],
    column: str,
    value: object,
    outcome: object,
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "customer", {**CUSTOMER, column: value})
    good, faults = examined(read("customer", path), "customer", artificial=True, now=CLOCK)
    if faults.height:
        row = 1 if path.suffix == ".parquet" else 2
        assert faults.rows() == [(row, column, outcome)]
    else:
        assert good[column].to_list() == [outcome]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC), 8),
        (dt.datetime(2026, 1, 1, 8, tzinfo=dt.timezone(dt.timedelta(hours=2))), 6),
    ],
)
def test_an_instant_of_parquet_with_its_zone_is_read(
    value: dt.datetime, expected: int, tmp_path: Path
) -> None:
    path = as_parquet(tmp_path / "customer", {**CUSTOMER, "updated_at": value})
    good, _ = examined(read("customer", path), "customer", artificial=True, now=CLOCK)
    assert good["updated_at"].dt.hour().to_list() == [expected]


@pytest.mark.parametrize(
    ("amount", "outcome"),
    [
        (Decimal("25.00"), "not_whole_cents"),
        (Decimal("25.0"), "not_whole_cents"),
        (Decimal("25"), 25),
        ("25.00", "not_whole_cents"),
        ("25,00", "not_whole_cents"),
        ("25.0", "not_whole_cents"),
        ("25", 25),
        ("25 €", "not_an_integer"),
        (10**12 + 1, "out_of_range"),
    ],
)
def test_cents_have_no_decimals(amount: object, outcome: object, tmp_path: Path) -> None:
    path = as_parquet(tmp_path / "invoice", INVOICE | {"amount_cents": amount})
    good, faults = examined(read("invoice", path), "invoice", artificial=True, now=CLOCK)
    found = faults["rule"].to_list() + good["amount_cents"].to_list()
    assert found == [outcome]


@pytest.mark.parametrize("amount", [25.0, 9.9])
def test_a_parquet_column_of_floats_is_no_column_of_cents(amount: float, tmp_path: Path) -> None:
    path = as_parquet(tmp_path / "invoice", INVOICE | {"amount_cents": amount})
    with pytest.raises(BadInput, match="column amount_cents has decimals, so it may be euros"):
        check_columns("invoice", path)


def test_one_amount_with_decimals_makes_a_workbook_one_of_euros(tmp_path: Path) -> None:
    header = list(INVOICE)
    rows = [[*list(INVOICE.values())[:-1], amount] for amount in (25, 25.5)]
    path = write_workbook(tmp_path / "invoice.xlsx", [header, *rows])
    with pytest.raises(BadInput, match="column amount_cents has decimals, so it may be euros"):
        check_columns("invoice", path)
    whole = write_workbook(tmp_path / "invoice.xlsx", [header, rows[0]])
    check_columns("invoice", whole)


def test_a_number_beside_empty_cells_may_be_a_float(tmp_path: Path) -> None:
    path = as_parquet(tmp_path / "customer", {**CUSTOMER, "birth_year": 1980.0})
    check_columns("customer", path)
    good, _ = examined(read("customer", path), "customer", artificial=True, now=CLOCK)
    assert good["birth_year"].to_list() == [1980]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"a": 1}, "struct"),
        ([1], "list"),
        (dt.timedelta(hours=1), "duration"),
        (dt.time(12), "time"),
        (b"x", "binary"),
    ],
)
def test_a_parquet_column_that_is_no_cell_is_named(
    value: object, kind: str, tmp_path: Path
) -> None:
    path = as_parquet(tmp_path / "customer", {**CUSTOMER, "street_address": value})
    with pytest.raises(BadInput, match=f"column street_address is of type {kind}; save it as"):
        check_columns("customer", path)


@pytest.mark.parametrize(("style", "number"), [(DURATION, 1.0), (DURATION, 30.5), (TIME, 0.0)])
def test_hours_of_a_workbook_are_no_date(style: int, number: float, tmp_path: Path) -> None:
    row = CUSTOMER | {"joined_on": styled(style, number), "street_address": styled(style, number)}
    path = write_workbook(tmp_path / "customer.xlsx", [list(row), list(row.values())])
    _, faults = examined(read("customer", path), "customer", artificial=True, now=CLOCK)
    assert sorted(faults.select("column", "rule").rows()) == [
        ("joined_on", "not_a_date"),
        ("street_address", "error_of_a_spreadsheet"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-01T14:05:00.123Z",
        "2026-10-01 14:05:00+00:00",
        "2026-10-01 17:05:00+03:00",
        "2026-10-01 17:05:00+03",
        "2026-10-01T17:05:00+0300",
        "2026-10-01T14:05:00.999999999Z",
    ],
)
def test_every_instant_that_says_its_zone_is_taken_to_the_second(text: str, tmp_path: Path) -> None:
    path = as_csv(tmp_path / "customer", {**CUSTOMER, "updated_at": text})
    good, _ = examined(read("customer", path), "customer", artificial=True, now=CLOCK)
    assert good["updated_at"].to_list() == [dt.datetime(2026, 10, 1, 14, 5, tzinfo=dt.UTC)]


def test_a_float_of_four_bytes_tells_no_long_number(tmp_path: Path) -> None:
    numbers = pl.DataFrame({"topic": pl.Series([401234567, 16777216, 7], dtype=pl.Float32)})
    numbers.write_parquet(tmp_path / "feedback.parquet")
    [frame] = batches("feedback", tmp_path / "feedback.parquet", 10)
    assert frame["topic"].str.ends_with("~").to_list() == [True, False, False]


def test_a_large_file_is_never_in_memory_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for rows gets those of a piece; what they hold comes once and in order."""
    cut_small(monkeypatch, 1_000)
    path = tmp_path / "list.csv"
    lines = [f'{number},"a\nb"\n' for number in range(1_000)]
    path.write_bytes(b"\xef\xbb\xbfid,name\n" + "".join(lines).encode())
    frames = list(batches("", path, 10_000))
    assert max(frame.height for frame in frames) < 250
    assert pl.concat(frames)["id"].to_list() == [str(number) for number in range(1_000)]


@pytest.mark.parametrize("size", [8, 20, 1 << 20])
def test_a_row_is_told_by_the_line_in_which_it_begins(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blank lines above the header, breaks inside cells - of the header too - and batches."""
    cut_small(monkeypatch, size)
    path = tmp_path / "list.csv"
    path.write_bytes(b'\n\nid,"na\nme"\n1,"a\nb"\n\n2,c\n3,"d\r\ne\nf"\n4,g\n')
    read_rows = [row for rows in batches("", path, 2) for row in rows.select("row", "id").rows()]
    assert read_rows == [(5, "1"), (8, "2"), (9, "3"), (12, "4")]


def test_blank_lines_above_a_header_are_no_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_small(monkeypatch, 5)
    monkeypatch.setattr("genlib.register.delimited.PIECE", 1)
    path = tmp_path / "list.csv"
    path.write_bytes(b"\n\nid,name\n1,a\n2,b\n")
    assert pl.concat(batches("", path, 10)).rows() == [(4, "1", "a"), (5, "2", "b")]


def test_a_row_is_told_by_its_number_in_a_sheet_that_begins_lower(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(path) as book_of_one:
        sheet = book_of_one.add_worksheet()
        sheet.write_row(3, 1, ["id", "name"])
        sheet.write_row(4, 1, ["1", "a"])
        sheet.write_row(7, 1, ["2", "b"])
    [rows] = batches("", path, 10)
    assert rows.select("row", "id").rows() == [(5, "1"), (8, "2")]
