"""`genlib demo` on a small register and small notebooks: what it makes, what it says, what it uses
again."""

import os
import re
import stat
from itertools import takewhile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from approving import approve
from catalogued import keep_waiting
from nbformat.v4 import new_code_cell, new_notebook
from planning import settings_in
from sentences import cells_of

import genlib
import genlib.cli.demo
from genlib.cli import run
from genlib.register.database import create_register
from genlib.register.vault import create_keys
from genlib.reports import catalogue
from genlib.settings import load

SHOW = """\
import genlib
from genlib import page, tables
from genlib.disclosure.cells import Dimension
from genlib.disclosure.counting import tabulate
release = genlib.open_release("PURPOSE")
by = [Dimension("language")]
cells = tabulate(release["customer"], person="customer", by=by, population="customers")
shown = genlib.protect(languages=cells, language=language)
page.row(tables.table(shown.languages, by="language"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A place of three small notebooks, where the demo's workbench will be."""
    tmp_path = tmp_path_factory.mktemp("demo")
    for purpose in genlib.cli.demo.REPORTS:
        text = 'period: str = "last"\nlanguage: str = "fi"'
        parameters = new_code_cell(text, metadata={"tags": ["parameters"]})
        cells = [
            parameters,
            new_code_cell(SHOW.replace("PURPOSE", purpose)),
            new_code_cell("page.conditions(shown, release, parameters={'language': language})"),
        ]
        nbformat.write(new_notebook(cells=cells), tmp_path / f"{purpose}.ipynb")
    return tmp_path


@pytest.fixture
def home(folder, monkeypatch):
    books = {purpose: str(folder / f"{purpose}.ipynb") for purpose in genlib.cli.demo.REPORTS}
    monkeypatch.setattr(genlib.cli.demo, "REPORTS", books)
    for name in ("GENLIB_REGISTER", "GENLIB_KEYS", "GENLIB_RELEASES", "GENLIB_REPORTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GENLIB_HOME", str(folder / "bench"))
    for book in books.values():
        approve(Path(book), load())
    return folder / "bench"


@pytest.fixture
def umask():
    """One that takes nothing away."""
    before = os.umask(0o000)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_from_nothing_to_three_reports_and_then_again_from_what_is_there(home, capfd):
    assert run(["demo", "--customers", "300"]) == 0
    first = capfd.readouterr().out
    password = home / "demo-password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert password.read_text(encoding="utf-8") not in first
    assert "for the demonstration only" in first
    assert first.splitlines()[-1] == f"look here   {home / 'reports/index.html'}"
    assert [
        len(list(home.glob(f"reports/*/2026-10/fi/*/{name}")))
        for name in ("report.html", "report.ipynb")
    ] == [3, 3]

    assert run(["demo", "--customers", "300"]) == 0
    again = capfd.readouterr().out
    assert len(re.findall(r"\(there already\)", again)) == 8
    assert len(list(home.glob("reports/*/2026-10/fi/*/report.html"))) == 3
    assert [
        len(list((home / "releases" / purpose).glob("2026*")))
        for purpose in genlib.cli.demo.REPORTS
    ] == [1, 1, 1]


def test_a_register_of_fewer_than_300_customers_is_not_drawn(home, capsys):
    assert run(["demo", "--customers", "299"]) == 2
    assert "300" in capsys.readouterr().err


def test_a_page_that_waits_for_a_second_person_is_there_already(tmp_path):
    settings = settings_in(tmp_path)
    release = settings.releases / "campaign_history"
    release.mkdir(parents=True)
    (release / "current").write_text("2026-11")
    run = keep_waiting(settings.reports, "2026-11-01T040000Z-5f2c91")
    assert genlib.cli.demo._fresh("campaign_history", "fi", settings) == run


@pytest.mark.usefixtures("home")
def test_what_waits_for_a_second_person_is_told_with_the_command_that_lets_it_out(
    tmp_path, monkeypatch, capfd
):
    terms = genlib.notice.DEFAULT.read_text(encoding="utf-8")
    notice = tmp_path / "notice.toml"
    notice.write_text(terms.replace("four_eyes = false", "four_eyes = true"), encoding="utf-8")
    monkeypatch.setenv("GENLIB_NOTICE", str(notice))
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path))
    for book in genlib.cli.demo.REPORTS.values():
        approve(Path(book), load())
    for _ in range(2):
        assert run(["demo", "--customers", "300"]) == 0
        said = capfd.readouterr().out
        allowed = re.findall(r"^waits .*genlib report allow (\S+) --digest DIGITS;", said, re.M)
        waiting = [one.id for one in catalogue.runs(tmp_path / "reports")]
        assert sorted(allowed) == sorted(waiting)
        assert len(waiting) == len(genlib.cli.demo.REPORTS)


def test_the_tour_shows_something_on_the_smallest_register(home):
    """Its cells before those that run a report."""
    assert run(["demo", "--customers", "300"]) == 0
    book: dict[str, Any] = {}
    for kind, source in takewhile(lambda cell: "## Run a report" not in cell[1], cells_of("tour")):
        if kind == "code":
            exec(source, book)  # noqa: S102 - as a person who runs the notebook
    shown = book["shown"]
    assert shown.places.value("people").value == shown.ages.value("people").value


@pytest.mark.usefixtures("umask")
def test_all_that_a_workbench_holds_is_its_owners_only(home, tmp_path):
    """Register and journal, keys, rejections, releases, ledger, reports, failed runs, lists; the
    demo's of the test above, or made here."""
    assert run(["demo", "--customers", "300"]) == 0
    words = tmp_path / "password"
    words.write_text((home / "demo-password").read_text())
    spoilt = tmp_path / "in"
    spoilt.mkdir()
    (spoilt / "processor.csv").write_text("id,name,service,country,contract\nx,a,b,FI,c\n")
    asked = tmp_path / "asked.csv"
    release = genlib.open_release("customer_analysis")
    release["customer"].select("pseudonym").collect().write_csv(asked)
    failing = tmp_path / "failing.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0")]), failing)
    list_of = ["--campaign", "K1", "--channel", "email", "--kind", "DM", "--recipient"]
    password = ["--password-file", str(words)]
    engine = create_register(f"sqlite:///{home}/register.sqlite").engine
    with engine.connect() as open_meanwhile:  # so that the journal is there
        open_meanwhile.exec_driver_sql("SELECT 1 FROM customer")
        assert run(["register", "load", str(spoilt), *password]) == 4
        said = ["audience", "export", *list_of, "Esimerkki Viestit Oy", str(asked), *password]
        assert run(said) == 0
        assert run(["report", "run", str(failing)]) == 5
        found = {
            path.relative_to(home).as_posix(): stat.S_IMODE(path.lstat().st_mode)
            for path in [home, *home.rglob("*")]
        }
    made = {name.partition("/")[0] for name in found}
    assert made >= {"audiences", "keys.json", "ledger", "rejected", "releases", "reports"}
    assert made >= {"register.sqlite", "register.sqlite-wal", "register.sqlite-shm"}
    assert {name: oct(mode) for name, mode in found.items() if mode & 0o077} == {}


def test_keys_that_are_not_the_demos_are_left_alone(home, tmp_path, monkeypatch, capsys):
    home = tmp_path / "other"
    home.mkdir()
    monkeypatch.setenv("GENLIB_HOME", str(home))
    create_keys(home / "keys.json", user="aino", password="correct horse")
    assert run(["demo"]) == 2
    assert "keys that are not the demo's" in capsys.readouterr().err
