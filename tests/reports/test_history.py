"""A page says how it is made again, and what is another than in the report of the period before."""

import datetime as dt
import json
import re
import shlex
from dataclasses import asdict, replace
from html import unescape
from io import BytesIO
from pathlib import Path

import nbformat
import planning
import polars as pl
import pytest
from approving import approve
from here import run_report, without_kernel
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from small import NOW, Small
from workbench import ROOT

from genlib import notice
from genlib.errors import UsageError
from genlib.present.words import Words
from genlib.reports import catalogue
from genlib.reports.approval import ACTS
from genlib.reports.catalogue import Slot
from genlib.reports.history import (
    compare_runs,
    describe_history,
    find_last,
    list_commands,
    write_command,
)
from genlib.reports.making import TABLES
from genlib.reports.run import Page, find_notebook, name_notebook, run_pages
from genlib.reports.verifying import _set_up, verify_run

EN = Words("en")
BEFORE = {
    "notice": {"version": "2026-1", "digest": "a" * 64},
    "genlib_version": "1.0",
    "notebook_digest": "b" * 64,
    "parameters": {"period": "2026-09", "language": "en", "region": "all"},
    "release": {"id": "2026-10-01T0400Z-5f2c91", "published_on": "2026-10-01"},
}
NEWER = {"release": {"id": "2026-11-01T0400Z-8e0b77", "published_on": "2026-11-01"}}
LAST = catalogue.Run("run", "good", None, BEFORE | {"slot": asdict(Slot("r", "2026-09", "en"))})


def say(**other) -> str:
    changes = compare_runs(LAST, BEFORE | other)
    said = describe_history(EN, {"kept_until": "2029-12-01"}, changes)
    return said["Changed since the report of September\u00a02026"].replace("\u00a0", " ")


def test_a_report_like_the_last_says_that_nothing_else_changed():
    assert say() == "Nothing but the period."
    assert say(**NEWER) == (
        "Nothing but the period and the release. The release is 2026-11-01T0400Z-8e0b77 "
        "(1 Nov 2026); it was 2026-10-01T0400Z-5f2c91 (1 Oct 2026)."
    )


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"genlib_version": "1.1"}, "The program is version 1.1; it was 1.0."),
        ({"notebook_digest": "c"}, "The notebook has been changed."),
        (
            {"notice": {"version": "2027-1", "digest": "d" * 64}},
            f"The privacy notice is version 2027-1 ({'d' * 12}…); it was 2026-1 ({'a' * 12}…).",
        ),
        (
            {"parameters": {"period": "2026-10", "language": "fi", "region": "01"}},
            "The parameter “region” is Uusimaa; it was all.",
        ),
    ],
)
def test_what_is_another_is_told_as_it_is_and_was(other, sentence):
    assert say(**other) == sentence
    told = say(**other, **NEWER)
    assert sentence in told
    assert "Nothing" not in told


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_all_of_it_is_said_in_finnish_and_swedish(language):
    other = {"genlib_version": "1.1", "notebook_digest": "c", "parameters": {"region": "01"}}
    notice_then = {"notice": {"version": "2027-1", "digest": "d" * 64}}
    about = {"command": "genlib report run r", "kept_until": "2029-12-01"}
    for now in (BEFORE, BEFORE | NEWER, BEFORE | NEWER | other | notice_then):
        said = describe_history(Words(language), about, compare_runs(LAST, now))
        text = " ".join([*said, *said.values(), *list_commands(Words(language), about)])
        assert not re.search(r"\b(the|it|was|from|nothing|kept)\b", text, re.I)


def test_the_command_makes_the_same_page_again():
    values = {"period": "2026-10", "language": "sv", "region": "01", "kind": "all"}
    command = write_command("customer_analysis", values, {"region": "01"})
    wanted = "genlib report run customer_analysis -p period=2026-10 -p region=01 --language sv"
    assert command == wanted
    odd = write_command("look.ipynb", {"campaign": "a b"}, {"campaign": "a b"})
    assert shlex.split(odd) == ["genlib", "report", "run", "look.ipynb", "-p", "campaign=a b"]


def keep(reports, run_id, *, status="good", **slot):
    place = Slot(**{"report": "look", "period": "2026-09", "language": "fi", **slot})
    told = {"run_id": run_id, "status": status, "slot": asdict(place)}
    catalogue.keep(reports, place, {}, told)


def test_the_last_is_the_newest_good_run_of_the_latest_earlier_period_of_the_same_kind(tmp_path):
    slot = Slot("look", "2026-10", "fi")
    assert find_last(tmp_path, slot) is None
    keep(tmp_path, "2026-1-older", period="2026-08")
    keep(tmp_path, "2026-2")
    keep(tmp_path, "2026-3")
    keep(tmp_path, "2026-4", status="failed")
    keep(tmp_path, "2026-5", language="sv")
    keep(tmp_path, "2026-6", slug="region-01")
    keep(tmp_path, "2026-7", period="2026-Q3")
    keep(tmp_path, "2026-8", period="2026-10")
    assert find_last(tmp_path, slot).id == "2026-3"
    assert find_last(tmp_path, Slot("look", "2026-08", "fi")) is None
    assert find_last(tmp_path, Slot("look", catalogue.UNDATED, "fi")) is None


PARAMETERS = 'period: str = "2026-10"\nlanguage: str = "fi"'
SHOW = """\
import genlib
from genlib import page, tables
from genlib.disclosure.cells import Dimension
from genlib.disclosure.counting import tabulate
release = genlib.open_release("customer_analysis")
by = [Dimension("language")]
cells = tabulate(release["customer"], person="customer", by=by, population="customers")
seen = tabulate(release["customer"], person="customer", by=[], population="customers")
shown = genlib.protect(languages=cells, unseen=seen, language=language)
"""
TABLE = "page.row(tables.table(shown.languages, by='language'))"
END = "page.conditions(shown, release, parameters={'period': period})"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("workbench")


@pytest.fixture(scope="module")
def book(home):
    parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    cells = [new_code_cell(part) for part in (SHOW, TABLE, END)]
    path = home / "look.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Reports"), parameters, *cells]), path)
    return path


@pytest.fixture(scope="module")
def months(home, book):
    """The reports of September and, from a newer release, of October."""
    settings = planning.settings_in(home)
    approve(book, settings)
    small = Small(home).people(40)
    small.publish()
    september = run_report(book, parameters={"period": "2026-09"}, settings=settings)
    small.publish(now=NOW + dt.timedelta(days=1))
    pages = [Page({"period": "2026-10"}, keep_months=2)]
    with without_kernel():
        (october,) = run_pages(book, pages, settings=settings)
    return september, october


def read(run) -> str:
    text = re.sub(r"<[^>]+>", " ", run.html.read_text(encoding="utf-8"))
    return re.sub(r"\s+", " ", unescape(text))


def test_a_page_says_how_it_is_made_again_and_what_changed_since_the_last(months, book):
    september, october = map(read, months)
    assert f"genlib report run {book} -p period=2026-10 --language fi" in october
    assert "RUN on tämän sivun kansion nimi genlib report verify RUN" in october
    assert "Muuttunut edellisestä raportista (syyskuu 2026) Vain ajanjakso ja aineisto" in october
    assert "Muuttunut edellisestä" not in september
    first, second = (run.manifest["since_last"] for run in months)
    assert first == {}
    assert (second["run"], list(second["changes"])) == (months[0].id, ["release"])


def test_the_tables_of_a_page_lie_beside_it_in_excel_and_enter_the_ledger_once(months, home):
    for run in months:
        assert '<a href="tables.xlsx">Taulukot Excelinä</a>' in run.html.read_text(encoding="utf-8")
        book = BytesIO((run.folder / TABLES).read_bytes())
        rows = pl.read_excel(book, sheet_name="languages")
        assert rows.columns == ["Kieli", "Asiakkaita", "Huomautukset"]
        assert rows["Asiakkaita"].to_list()[-1] == 40
    assert len(list((home / "ledger").glob("*.parquet"))) == 2


def test_a_workbook_holds_the_tables_that_the_page_shows_and_no_others(months, home):
    book = pl.read_excel(BytesIO((months[0].folder / TABLES).read_bytes()), sheet_id=0)
    assert list(book) == ["languages"]
    audit = json.loads((months[0].folder / "disclosure.json").read_text(encoding="utf-8"))
    assert "unseen" in json.dumps(audit)


def test_a_page_is_kept_as_long_as_its_order_says_and_tells_so(months):
    september, october = (dt.date.fromisoformat(run.manifest["kept_until"]) for run in months)
    assert october < september
    day = Words("fi").date(october)
    assert f"Säilytetään asti {day}" in read(months[1])
    assert day not in read(months[0])


@pytest.mark.parametrize(("months", "until"), [(0, 2029), (36, 2029), (400, 2029), (12, 2027)])
def test_no_order_keeps_a_page_longer_than_the_notice_says(months, until):
    terms = notice.load().reports
    assert terms.keep_months == 36
    assert terms.kept_until(dt.date(2026, 11, 5), months) == dt.date(until, 12, 1)


@pytest.mark.usefixtures("no_kernel")
def test_a_workbook_that_was_changed_is_found(months, home, book):
    path = months[1].folder / TABLES
    content = path.read_bytes()
    path.write_bytes(content + b"\0")
    assert verify_run(months[1], planning.settings_in(home), book) == [TABLES]
    path.write_bytes(content)


def test_a_report_made_again_leaves_no_mark_in_a_common_record_of_approvals(months, home, tmp_path):
    record = tmp_path / "approvals.jsonl"
    record.write_text("{}\n")
    settings = replace(planning.settings_in(home), approvals=record)
    own = _set_up(tmp_path / "again", months[1], settings)
    assert own.approvals is None
    assert (own.home / ACTS).read_text() == "{}\n"


def test_a_report_made_again_says_what_had_changed_then(months, home, book):
    settings = planning.settings_in(home)
    catalogue.remove(months[0])
    assert verify_run(months[1], settings) == []  # found where it lay


@pytest.mark.usefixtures("no_kernel")
def test_a_notebook_that_was_moved_is_named(months, home, book):
    settings = planning.settings_in(home)
    moved = book.rename(home / "moved.ipynb")
    with pytest.raises(UsageError, match="name it with --notebook"):
        verify_run(months[1], settings)
    assert "report.html" not in verify_run(months[1], settings, moved)
    moved.rename(book)


@pytest.mark.parametrize("name", ["branches", "notebooks/branches.ipynb"])
def test_a_notebook_of_the_project_is_named_by_its_report(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert name_notebook(find_notebook(name)) == "branches"


def test_a_notebook_of_the_same_name_elsewhere_is_named_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert name_notebook(Path("branches.ipynb")) == str(tmp_path / "branches.ipynb")
