"""Protected tables as files: in words, in the units of the page, and nothing else."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest

import genlib
from genlib.disclosure import Ledger
from genlib.disclosure.cells import Cells, Dimension, Measure
from genlib.disclosure.ledger import NAMED
from genlib.errors import NotProtected, Refused, UsageError
from genlib.present import saving
from genlib.present.sheets import Sheet, describe_table, make_sheet, write_workbook

HIDDEN = "piilotettu pienten ryhmien suojaamiseksi"


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workbench of its own, whose ledger is told of what is saved."""
    home = tmp_path_factory.mktemp("workbench")
    monkeypatch.setenv("GENLIB_HOME", str(home))
    monkeypatch.setenv("GENLIB_USER", "aino")
    return home


@pytest.fixture
def money(protected):
    rows = [
        {"channel": "email", "people": 20, "amount_cents": 123456, "share": 0.4623, "reason": None},
        {"channel": None, "people": 40, "amount_cents": 250000, "share": 1.0, "reason": None},
    ]
    measures = (Measure("people", "people"), Measure("amount_cents", "money"))
    return protected(rows, "channel", name="money", measures=measures)


def sheet(path: Path, name: str) -> pl.DataFrame:
    return pl.read_excel(BytesIO(path.read_bytes()), sheet_name=name)


def test_a_csv_says_codes_in_words_and_why_a_figure_is_not_there(channels, tmp_path):
    path = genlib.save(channels, tmp_path / "x.csv")
    assert path.read_text(encoding="utf-8").splitlines() == [
        "Kanava,Asiakkaita,Huomautukset",
        "sähköposti,900,",
        "tekstiviesti,100,",
        f"kirje,,{HIDDEN}",
        "yhteensä,1003,",
    ]


def test_money_is_in_euros_and_a_share_is_a_fraction_that_excel_shows_in_per_cent(money):
    rows = describe_table(money)
    assert rows.columns == ["Kanava", "Asiakkaita", "Laskutettu, €", "Osuus", "Huomautukset"]
    assert rows.row(0) == ("sähköposti", 20, 1234.56, 0.4623, None)


def test_the_last_digit_of_a_sum_changes_no_sheet(protected):
    """Rows are added in another order each time."""
    shares = (0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1)
    assert shares[0] != shares[1]
    tables = [
        protected([{"channel": None, "people": 40, "share": share}], "channel") for share in shares
    ]
    assert describe_table(tables[0]).equals(describe_table(tables[1]))


def test_a_workbook_has_a_sheet_for_each_table(both, tmp_path):
    path = genlib.save(both, tmp_path / "both.xlsx")
    found = sheet(path, "channels")
    assert found["Asiakkaita"].to_list() == [900, 100, None, 1003]
    assert found["Huomautukset"].to_list() == [None, None, HIDDEN, None]
    assert sheet(path, "months").height == 3


def test_the_ends_of_two_intervals_are_told_apart(campaigns):
    heads = describe_table(campaigns).columns
    assert len({*heads}) == len(heads)
    assert [head for head in heads if head.endswith(", alaraja")]


def test_a_file_is_its_owners_alone_and_takes_the_place_of_an_older_one(channels, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("old")
    genlib.save(channels, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]
    assert "old" not in path.read_text(encoding="utf-8")


def test_nothing_is_written_through_a_link(channels, tmp_path):
    (tmp_path / "x.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(Refused, match="symbolic link"):
        genlib.save(channels, tmp_path / "x.csv")
    assert not (tmp_path / "elsewhere.csv").exists()


def unprotected():
    frame = pl.DataFrame({"region": ["01", None], "people": [3, 3]})
    return frame, Cells(frame, (Dimension("region"),)), {"x": frame}


@pytest.mark.parametrize("place", range(3))
def test_what_is_not_protected_is_not_saved(tmp_path, place):
    with pytest.raises(NotProtected, match=r"genlib\.protect first"):
        genlib.save(unprotected()[place], tmp_path / "x.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_another_kind_of_file_and_two_tables_in_a_csv_are_refused(channels, both, tmp_path):
    with pytest.raises(UsageError, match=r"\.xlsx and \.csv"):
        genlib.save(channels, tmp_path / "x.parquet")
    with pytest.raises(UsageError, match=r"name one, as in shown\.channels"):
        genlib.save(both, tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_spreadsheet_runs_no_code_of_a_table(protected, tmp_path):
    table = protected([{"topic": "=1+1", "people": 20}, {"topic": None, "people": 20}], "topic")
    text = genlib.save(table, tmp_path / "x.csv").read_text(encoding="utf-8")
    assert "'=1+1,20," in text
    book = genlib.save(table, tmp_path / "x.xlsx")
    assert sheet(book, "sample").row(0)[0] == "=1+1"


def test_the_ledger_is_told_once_before_the_file_is_there(channels, tmp_path, monkeypatch):
    told = []

    def note(tables):
        told.append((list(tables), (tmp_path / "x.csv").exists()))

    monkeypatch.setattr(saving, "note_saved", note)
    genlib.save(channels, tmp_path / "x.csv")
    assert told == [(["channels"], False)]


def counted(people: int, population: str) -> Cells:
    names = [f"ca1-{n:026d}" for n in range(people)]
    frame = pl.DataFrame({"pseudonym": names, "region": ["01"] * people}).lazy()
    by = [Dimension("region")]
    return genlib.tabulate(frame, person="pseudonym", by=by, population=population)


def test_what_is_saved_enters_the_ledger(tmp_path, home):
    genlib.save(genlib.protect(table=counted(40, "payers")), tmp_path / "x.csv")
    (page,) = Ledger(home / "ledger").read_past().pages
    assert page.figures["value"].to_list() == [40, 40]
    assert [file.suffixes for file in (home / "ledger").glob("*-saved-*")] == [[".parquet"]]


def test_nearly_the_same_people_are_not_saved_beside_others(tmp_path):
    genlib.save(genlib.protect(table=counted(40, "payers")), tmp_path / "x.csv")
    nearly = genlib.protect(table=counted(38, "loyal payers"))
    with pytest.raises(Refused, match="of nearly the same people as figures that were told"):
        genlib.save(nearly, tmp_path / "y.csv")
    assert not (tmp_path / "y.csv").exists()


def test_a_refusal_names_the_tables_and_the_last_that_told_their_figures(tmp_path, home):
    for number in range(5):
        genlib.save(genlib.protect(table=counted(40, "payers")), tmp_path / f"{number}.csv")
    genlib.save(genlib.protect(far=counted(400, "everybody")), tmp_path / "far.csv")
    other = genlib.protect(other=counted(900, "customers"), near=counted(38, "loyal payers"))
    runs = sorted({page.run for page in Ledger(home / "ledger").read_past().pages}, reverse=True)
    with pytest.raises(Refused) as refusal:
        genlib.save(other, tmp_path / "y.xlsx")
    said = str(refusal.value)
    assert said.startswith("2 figures of near are of nearly the same people")
    assert len([run for run in runs if run in said]) == NAMED
    assert "and 2 more; take them from there: genlib report open RUN" in said


def test_the_same_tables_may_be_saved_again(tmp_path):
    for name in ("x.csv", "y.csv"):
        genlib.save(genlib.protect(table=counted(40, "payers")), tmp_path / name)
    assert (tmp_path / "x.csv").read_text() == (tmp_path / "y.csv").read_text()


def test_a_sheet_goes_through_json_and_the_same_sheets_give_the_same_workbook(channels, money):
    sheets = [make_sheet(table) for table in (channels, money)]
    packed = json.loads(json.dumps([sheet.pack() for sheet in sheets]))
    again = [Sheet.unpack(one) for one in packed]
    assert [one.rows.to_dict(as_series=False) for one in again] == [
        one.rows.to_dict(as_series=False) for one in sheets
    ]
    assert write_workbook(again, "fi") == write_workbook(sheets, "fi")


def test_a_figure_that_is_no_number_is_left_empty(protected):
    table = protected([{"topic": "a", "mean": float("nan")}, {"topic": None, "mean": 2.5}], "topic")
    assert make_sheet(table).rows.to_series(1).to_list() == [None, 2.5]
