"""A first feed says of a file what all its cells say: encoding, header row, formats."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from genlib.cli import run
from genlib.errors import BadInput
from genlib.register.feeds.declaration import Layout
from genlib.register.feeds.feed_file import load_feed
from genlib.register.feeds.formats import Format
from genlib.register.feeds.guess import draft_feed
from genlib.register.feeds.guess_format import guess_format

TEXT = """\
Asiakkaan nro;Etunimet, kutsumanimi tähdellä;given_names;joined_on;updated_at;Suoramarkkinointi
C-10;Väinö;Väinö;1.10.2026;1.10.2026 08:00;kyllä
C-11;Åsa;Åsa;;13.11.2026 23:59;Ei
"""


def write_text(folder: Path, text: str = TEXT, encoding: str = "utf-8") -> Path:
    path = folder / "customers.csv"
    path.write_text(text, encoding=encoding, newline="")
    return path


def load_draft(path: Path, text: str) -> tuple[Layout, Format]:
    """What a draft says of the layout and the format of its one table, once it is finished."""
    finished = text.replace("NAME_OF_THE_SYSTEM", "crm").replace('# kind = "…"', 'kind = "Kieli"')
    needed = 'non_disclosure = "false"\nsource = "DATA_SUBJECT"\n'
    feed = path.with_suffix(".toml")
    feed.write_text(f"{finished}[table.constants]\n{needed}", encoding="utf-8")
    [table] = load_feed(feed).tables
    return table.layout, table.form


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_draft_says_in_what_its_file_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    file = write_text(tmp_path, encoding=encoding)
    target = tmp_path / "crm.toml"
    assert run(["feed", "new", str(file), "--to", str(target)]) == 0
    text = target.read_text(encoding="utf-8")
    layout, _ = load_draft(file, text)
    assert layout.encoding == encoding.removesuffix("-sig")
    assert '# … = "Etunimet, kutsumanimi tähdellä"' in text
    said = "customers.csv is not in UTF-8 and was read as Windows-1252"
    assert (said in capsys.readouterr().out) == (encoding == "cp1252")


def test_a_draft_says_how_its_cells_are_written_and_tells_none(tmp_path: Path) -> None:
    file = write_text(tmp_path)
    text = draft_feed(file)
    assert not any(cell in text for cell in ("C-10", "Väinö", "2026"))
    _, form = load_draft(file, text)
    assert (form.date, form.instant) == ("d.m.yyyy", "d.m.yyyy HH:MM")
    assert (form.true, form.false) == (("kyllä",), ("ei",))


def test_what_names_another_row_is_drafted_as_a_reference(tmp_path: Path) -> None:
    """A source's number of a customer is never the register's own."""
    file = write_text(tmp_path, "id;customer_id;due_on\n1;17;2026-10-01\n")
    _, references = draft_feed(file, "invoice").split("[table.references]\n")
    assert references == 'customer_id = "customer_id"\n'
    asked = draft_feed(write_text(tmp_path, "id;due_on\n1;2026-10-01\n"), "invoice")
    named = '[table.references]\n# customer_id = "…"  # needed: the column that names that row in'
    assert named in asked


@pytest.mark.parametrize(
    ("rows", "key"),
    [("A;1\nB;1\n", 'key = "code"'), ("A;1\nA;2\n", '# key = ["…"]  # needed: the columns that')],
)
def test_the_first_column_is_the_key_unless_it_says_the_same_twice(
    tmp_path: Path, rows: str, key: str
) -> None:
    assert f"\n{key}" in draft_feed(write_text(tmp_path, f"code;name\n{rows}"), "campaign")


def test_lines_above_the_header_are_passed_over(tmp_path: Path) -> None:
    file = write_text(tmp_path, f"Asiakasluettelo 1.10.2026;;;;;\n;;;;;\n{TEXT}")
    with pytest.raises(BadInput, match=r"1 of 6 columns have a name .*; say with --header which"):
        draft_feed(file, "customer")
    target = tmp_path / "crm.toml"
    assert run(["feed", "new", str(file), "--to", str(target), "--header", "3"]) == 0
    text = target.read_text(encoding="utf-8")
    assert 'key = "Asiakkaan nro"' in text
    layout, form = load_draft(file, text)
    assert (layout.header, form.date) == (3, "d.m.yyyy")


def test_a_sheet_of_nothing_has_no_header(tmp_path: Path) -> None:
    file = tmp_path / "customer.xlsx"
    xlsxwriter.Workbook(file).close()
    with pytest.raises(BadInput, match="0 of 0 columns have a name"):
        draft_feed(file, "customer")


def test_a_header_whose_letters_are_lost_is_refused(tmp_path: Path) -> None:
    file = write_text(tmp_path, TEXT.replace("ä", "\ufffd"))
    with pytest.raises(BadInput, match=r"letters of its header are lost \(U\+FFFD\)"):
        draft_feed(file)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([["1 234,50 €", "12,05", "7"]], {"decimal": '","', "money": '"euros"'}),
        ([["12.50", "-7.00"]], {"money": '"euros"'}),
        ([["12.50"], ["12,50"]], {}),
        ([["12", "7"]], {}),
        ([["12,5"]], {}),
        ([["1.10.2026", "2026-10-01"]], {}),
        ([["1.10.2026"], ["2026-10-01"]], {}),
        ([["2026-10-01"]], {}),
        ([["31.10.2026", "", None], ["1.10.2026"] * 3], {"date": '"d.m.yyyy"'}),
        ([["1.10.2026 8.05"]], {"instant": '"d.m.yyyy H.MM"'}),
        ([["2026-10-01 08:00:05"]], {"instant": '"yyyy-mm-dd HH:MM:SS"'}),
        ([["2026-10-01T08:00:00Z"]], {}),
        ([["kyllä", "kyllä"]], {}),
        ([["Ja", "nej", ""]], {"true": '["ja"]', "false": '["nej"]'}),
    ],
)
def test_a_format_is_said_where_the_cells_say_it_clearly(
    columns: list[list[str | None]], expected: dict[str, str]
) -> None:
    frame = pl.concat(
        [pl.DataFrame({str(at): cells}) for at, cells in enumerate(columns)], how="horizontal"
    )
    assert guess_format(frame, is_typed=False) == expected


def test_of_a_sheet_only_what_its_types_do_not_say_is_said() -> None:
    cells = {"day": ["2026-10-01 00:00:00", "2.10.2026"], "sum": ["12.5", "7"]}
    said = {"date": '"d.m.yyyy"', "money": '"euros"'}
    assert guess_format(pl.DataFrame(cells), is_typed=True) == said
