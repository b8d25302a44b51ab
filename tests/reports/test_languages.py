"""The languages of a report share one run of its figures, and none of them costs another its page.

The notebook of these tests counts in a file how often its figures were run.
"""

import json
from dataclasses import replace
from pathlib import Path

import nbformat
import planning
import pytest
from approving import approve
from here import without_kernel
from nbformat.v4 import new_code_cell, new_notebook
from small import Small

from genlib.cli import run
from genlib.disclosure.ledger import Ledger
from genlib.errors import ReportFailed
from genlib.reports.catalogue import runs
from genlib.reports.run import Page, forget_run, run_pages, withdraw_run
from genlib.reports.verifying import verify_run
from genlib.settings import Settings

LANGUAGES = ("fi", "sv", "en")
PARAMETERS = 'period: str = "2026-10"\nlanguage: str = "fi"'
FIGURES = """\
import genlib
from pathlib import Path
from genlib import page, tables
from genlib.disclosure.cells import Dimension
from genlib.disclosure.counting import tabulate
with Path("COUNT").open("a") as count:
    count.write("x")
release = genlib.open_release("customer_analysis")
by = [Dimension("language")]
cells = tabulate(release["customer"], person="customer", by=by, population="customers")
figures = genlib.protect(languages=cells)
"""
SPEAK = "shown = figures.in_language(language)"
TABLE = "page.row(tables.table(shown.languages, by='language'))"
END = "page.conditions(shown, release, parameters={'period': period, 'language': language})"


@pytest.fixture
def settings(tmp_path) -> Settings:
    home = tmp_path / "workbench"
    home.mkdir()
    Small(home).people(30).publish()
    return replace(planning.settings_in(home), data=home)


def write_book(folder: Path, settings: Settings, *more: str, first: str = FIGURES) -> Path:
    parts = [first.replace("COUNT", str(folder / "count")), SPEAK, *more, TABLE, END]
    cells = [new_code_cell(part) for part in parts]
    cells[0].metadata["tags"] = ["figures"]
    parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    path = folder / "look.ipynb"
    nbformat.write(new_notebook(cells=[parameters, *cells]), path)
    approve(path, settings)
    return path


def make(path: Path, settings: Settings) -> list:
    pages = [Page({"language": language}) for language in LANGUAGES]
    return run_pages(path, pages, settings=settings)


def count_runs(folder: Path) -> int:
    return len((folder / "count").read_text())


def read_figures(run) -> list:
    return json.loads((run.folder / "disclosure.json").read_text())


def test_three_languages_show_the_same_figures_of_one_run(tmp_path, settings):
    made = make(write_book(tmp_path, settings), settings)
    assert count_runs(tmp_path) == 1
    assert [run.slot.language for run in made] == list(LANGUAGES)
    assert read_figures(made[0]) == read_figures(made[1]) == read_figures(made[2])
    assert len({run.html.read_text(encoding="utf-8") for run in made}) == 3
    assert all(f'<html lang="{run.slot.language}"' in run.html.read_text() for run in made)
    (entry,) = Ledger.of(settings).folder.glob("*.parquet")
    assert entry.name == f"{made[0].id}_0.parquet"


def test_each_of_them_made_again_alone_is_the_same(tmp_path, settings):
    path = write_book(tmp_path, settings)
    made = make(path, settings)
    with without_kernel():
        assert [verify_run(run, settings, path) for run in made] == [[], [], []]


@pytest.mark.usefixtures("no_kernel")
def test_what_fails_in_one_language_is_kept_as_failed_and_the_others_come(tmp_path, settings):
    fi, sv, en = make(write_book(tmp_path, settings, "assert language != 'sv'"), settings)
    assert (fi.status, type(sv), en.status) == ("good", ReportFailed, "good")
    assert "cell 4 stopped with AssertionError" in str(sv)
    assert count_runs(tmp_path) == 1
    assert sorted(run.status for run in runs(settings.reports)) == ["failed", "good", "good"]
    assert forget_run(fi.id, settings) == 0
    assert forget_run(en.id, settings) == 1


def test_a_kernel_that_dies_in_one_language_costs_no_other_its_page(tmp_path, settings):
    dies = "import os\n_ = language == 'fi' and os._exit(1)"
    fi, sv, en = make(write_book(tmp_path, settings, dies), settings)
    assert "the kernel stopped" in str(fi)
    assert (sv.status, en.status) == ("good", "good")


@pytest.mark.usefixtures("no_kernel")
def test_figures_that_fail_fail_once_for_all_and_leave_nothing_in_the_ledger(tmp_path, settings):
    path = write_book(tmp_path, settings, first=f"{FIGURES}1 / 0")
    said = [str(one) for one in make(path, settings)]
    assert all("cell 2 stopped with ZeroDivisionError" in one for one in said)
    assert len(said) == 3
    assert count_runs(tmp_path) == 1
    assert not list(Ledger.of(settings).folder.glob("*.parquet"))


@pytest.mark.usefixtures("no_kernel")
def test_figures_that_know_the_language_are_run_for_each(tmp_path, settings):
    made = make(write_book(tmp_path, settings, first=f"{FIGURES}language"), settings)
    assert count_runs(tmp_path) == 3
    assert [one.status for one in made if not isinstance(one, ReportFailed)] == []


@pytest.mark.usefixtures("no_kernel")
def test_a_figure_stays_in_the_ledger_until_no_language_shows_it(tmp_path, settings):
    fi, sv, en = make(write_book(tmp_path, settings), settings)
    ledger = Ledger.of(settings)
    assert [forget_run(run.id, settings) for run in (sv, fi)] == [0, 0]
    assert ledger.published(fi.id)
    assert forget_run(en.id, settings) == 1
    assert not ledger.published(fi.id)


@pytest.mark.usefixtures("no_kernel")
def test_a_correction_takes_back_every_language(tmp_path, settings):
    _, sv, _ = make(write_book(tmp_path, settings), settings)
    assert withdraw_run(sv.id, settings, "a file was loaded twice") > 0
    assert runs(settings.reports) == []


def test_the_command_makes_all_the_languages_that_it_names(tmp_path, settings, monkeypatch, capsys):
    for name in ("home", "register", "keys", "releases", "reports", "notice", "data", "user"):
        monkeypatch.setenv(f"GENLIB_{name.upper()}", str(getattr(settings, name)))
    path = write_book(tmp_path, settings)
    named = [word for language in LANGUAGES for word in ("--language", language)]
    assert run(["report", "run", str(path), *named]) == 0
    made = capsys.readouterr().out.split()
    assert [Path(line).is_file() for line in made] == [True, True, True]
    assert count_runs(tmp_path) == 1
