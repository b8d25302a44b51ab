"""A notebook publishes if a second person approved it; any other is a draft, its author's alone."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from approving import approve
from logins import list_groups, make_passage, run_as_nobody
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from small import Small
from workbench import ROOT

from genlib import private
from genlib.access_log import read_login
from genlib.cli import run as command
from genlib.disclosure import Ledger
from genlib.errors import Refused, ReportFailed
from genlib.reports import approval, catalogue
from genlib.reports.approval import (
    ACTS,
    check_second_person,
    digest_notebook,
    is_approved,
    read_acts,
    read_shipped,
    record_act,
    write_place,
)
from genlib.reports.run import open_notebook, report_names, run_report
from genlib.settings import Settings, load

SETUP = """\
import genlib
from genlib import customers, page, tables
release = genlib.open_release("customer_analysis")
places = customers.by_region(release, release.period(period))
shown = genlib.protect(language=language, places=places)
"""
SHOW = """\
page.row(tables.table(shown.places, by="region", title="Customers"))
"""
END = 'page.conditions(shown, release, parameters={"period": period, "language": language})'
MARK = {
    "fi": "Luonnos, jota ei ole hyväksytty",
    "sv": "Utkast som inte är godkänt",
    "en": "Draft, not approved",
}


def write_book(folder: Path, *more: str, name: str = "branches") -> Path:
    parameters = 'period: str = "2026-10"  # month\nlanguage: str = "fi"  # fi, sv or en'
    cells = [
        new_markdown_cell("# Reports"),
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *map(new_code_cell, (SETUP, *more, SHOW, END)),
    ]
    nbformat.write(new_notebook(cells=cells), folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    Small(home).people(30).publish()
    return home


@pytest.fixture(scope="module")
def settings(home: Path) -> Settings:
    return load(environment={"GENLIB_HOME": str(home), "GENLIB_USER": "aino"})


@pytest.fixture(scope="module")
def book(home: Path) -> Path:
    return write_book(home, name="draft_of_aino")


@pytest.fixture(scope="module")
def draft(book: Path, settings: Settings) -> catalogue.Run:
    parameters = {"language": "sv"}
    opened = replace(settings, group_readable=True)
    return run_report(book, parameters=parameters, settings=opened, pdf=True)


def digest_of(path: Path) -> str:
    return digest_notebook(open_notebook(path))


def test_a_notebook_that_nobody_approved_is_a_draft_in_a_folder_of_its_author(draft, settings):
    assert draft.status == "draft"
    own = settings.reports / "drafts" / "aino"
    assert draft.folder.parent == own / "draft_of_aino/2026-10/sv"
    folders = [own, *(path for path in own.rglob("*") if path.is_dir())]
    files = [path for path in own.rglob("*") if path.is_file()]
    assert {oct(path.stat().st_mode & 0o777) for path in folders} == {"0o700"}
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}


def test_a_draft_is_in_no_index_and_in_no_ledger(draft, settings):
    index = (settings.reports / "index.html").read_text(encoding="utf-8")
    assert "draft_of_aino" not in index
    assert not Ledger.of(settings).published(draft.id)


def test_a_draft_is_marked_on_every_sheet_of_paper(draft, tmp_path):
    text = subprocess.run(
        ["pdftotext", draft.pdf, "-"], capture_output=True, text=True, check=True
    ).stdout
    sheets = text.rstrip("\f").split("\f")
    assert [MARK["sv"] in sheet for sheet in sheets] == [True] * len(sheets)


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_draft_is_marked_in_the_language_of_its_page(book, settings, language):
    made = run_report(book, parameters={"language": language}, settings=settings)
    page = made.html.read_text(encoding="utf-8")
    assert re.search(f'<aside class="banner">{MARK[language]}', page)


FEW = """\
import polars as pl
by = [genlib.Dimension("side")]
is_few = pl.col("customer") < 2
side = pl.when(is_few).then(pl.lit("few")).otherwise(pl.lit("many"))
people = release["customer"].with_columns(side.alias("side"))
cells = genlib.tabulate(people, person="customer", by=by, population="all", release=release)
why = genlib.protect(few=cells).conditions["hidden"]
"""


def test_the_kernel_of_a_draft_works_as_the_lab_does(settings, tmp_path):
    """Why a cell is hidden stays with the analyst, where nothing is published."""
    Small(tmp_path).people(30).publish()
    bench = load(environment={"GENLIB_HOME": str(tmp_path), "GENLIB_USER": "aino"})
    path = write_book(tmp_path, FEW, "assert 'primary' in why", name="lab")
    assert run_report(path, settings=bench).status == "draft"
    approve(path, bench)
    with pytest.raises(ReportFailed, match="AssertionError"):
        run_report(path, settings=bench)


def test_a_draft_that_fails_is_its_authors_too(settings, home):
    with pytest.raises(ReportFailed, match="ZeroDivisionError"):
        run_report(write_book(home, "1 / 0", name="broken"), settings=settings)
    (failed,) = [run for run in catalogue.runs(settings.reports) if run.slot.report == "broken"]
    assert failed.status == "failed draft"
    assert failed.folder.is_relative_to(settings.reports / "drafts/aino")
    assert "broken" not in (settings.reports / "index.html").read_text(encoding="utf-8")


def test_a_user_whose_name_is_no_name_of_a_folder_has_a_folder_too(tmp_path, settings):
    names = {
        catalogue.make_drafts(tmp_path, user, settings.access).relative_to(tmp_path).as_posix()
        for user in ("../../aino", "aino", ".", "a/b", "a b")
    }
    assert len(names) == 5
    assert all(re.fullmatch(r"drafts/[\w-][\w.-]*", name) for name in names)


def test_an_approved_notebook_publishes_unmarked_and_in_the_index(settings, home):
    path = write_book(home, "approved = True", name="approved")
    approve(path, settings)
    made = run_report(path, settings=settings)
    assert made.status == "good"
    assert Ledger.of(settings).published(made.id)
    assert made.folder.parent == settings.reports / "approved/2026-10/fi"
    assert "draft" not in re.sub("<style>.*?</style>", "", made.html.read_text(), flags=re.S)
    assert "approved/2026-10" in (settings.reports / "index.html").read_text(encoding="utf-8")


EDITS: dict[str, Callable[[nbformat.NotebookNode], None]] = {
    "a comma": lambda book: book.cells[3].update(source=f"{book.cells[3].source}#,"),
    "another order": lambda book: book.cells.reverse(),
    "a tag": lambda book: book.cells[3].metadata.update(tags=["skip-execution"]),
    "another kind": lambda book: book.cells[3].update(cell_type="raw"),
    "a cell more": lambda book: book.cells.append(new_code_cell("")),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_notebook_that_was_edited_in_any_way_is_approved_no_more(settings, tmp_path, edit):
    path = write_book(tmp_path, "approved = True")
    approve(path, settings)
    notebook = open_notebook(path)
    EDITS[edit](notebook)
    assert is_approved(digest_of(path), settings)
    assert not is_approved(digest_notebook(notebook), settings)


def test_outputs_and_names_of_cells_do_not_change_the_digest(tmp_path):
    path = write_book(tmp_path)
    notebook = open_notebook(path)
    notebook.cells[3].update(id="other", outputs=[{"output_type": "stream"}], execution_count=3)
    assert digest_notebook(notebook) == digest_of(path)


def test_the_notebooks_of_genlib_are_approved_as_they_are():
    """If not: read what was changed, and then `make digests`."""
    written = {path.stem: digest_of(path) for path in (ROOT / "notebooks").glob("*.ipynb")}
    written.pop("tour")
    assert {name: digest for digest, name in read_shipped().items()} == written
    assert set(report_names()) == set(written)


def test_a_notebook_of_genlib_that_was_edited_is_a_draft(settings, tmp_path):
    text = (ROOT / "notebooks/customer_analysis.ipynb").read_text(encoding="utf-8")
    path = tmp_path / "customer_analysis.ipynb"
    path.write_text(text.replace("Customers per 100,000", "Clients per 100,000"))
    made = run_report(path, parameters={"period": "2026-10"}, settings=settings)
    assert made.status == "draft"


def log_in(monkeypatch: pytest.MonkeyPatch, login: str) -> None:
    """This process is of another login of the machine."""
    monkeypatch.setattr(approval, "read_login", lambda: login)


def test_who_has_run_it_as_a_draft_cannot_approve_it(draft, book, settings, monkeypatch):
    log_in(monkeypatch, "bertta.k")
    with pytest.raises(Refused, match="ask a second person"):
        check_second_person(book, digest_of(book), settings)
    check_second_person(book, digest_of(book), replace(settings, user="bertta"))


def test_another_name_under_the_login_of_the_draft_is_no_second_person(
    tmp_path, settings, monkeypatch
):
    settings = replace(settings, home=tmp_path)
    path = write_book(tmp_path)  # the file is of another login, its draft of aino.m
    log_in(monkeypatch, "aino.m")
    record_act("draft", path.stem, digest_of(path), settings)
    with pytest.raises(Refused, match="by login of the machine"):
        check_second_person(path, digest_of(path), replace(settings, user="bertta"))
    log_in(monkeypatch, "bertta.k")
    check_second_person(path, digest_of(path), replace(settings, user="bertta"))


def test_another_name_under_the_login_of_the_file_is_no_second_person(settings, tmp_path):
    path = write_book(tmp_path)
    with pytest.raises(Refused, match="under a login of the machine that is theirs alone"):
        check_second_person(path, digest_of(path), replace(settings, user="bertta"))


def test_a_draft_from_before_logins_were_kept_is_its_users_still(settings, tmp_path, monkeypatch):
    settings = replace(settings, home=tmp_path)
    path = write_book(tmp_path)
    act = {"act": "draft", "notebook": "other", "digest": digest_of(path), "user": "aino", "at": ""}
    (tmp_path / ACTS).write_text(f"{json.dumps(act)}\n")
    log_in(monkeypatch, "bertta.k")
    with pytest.raises(Refused):
        check_second_person(path, digest_of(path), settings)
    check_second_person(path, digest_of(path), replace(settings, user="bertta"))


def test_who_has_run_an_earlier_state_of_it_cannot_approve_it_either(
    draft, settings, tmp_path, monkeypatch
):
    log_in(monkeypatch, "aino.other")
    path = write_book(tmp_path, "total = 1", name="draft_of_aino")
    with pytest.raises(Refused):
        check_second_person(path, digest_of(path), settings)


def test_who_owns_the_file_cannot_approve_it(settings, tmp_path, monkeypatch):
    path = write_book(tmp_path)
    log_in(monkeypatch, "bertta.k")
    with pytest.raises(Refused, match="owns the file"):
        check_second_person(path, digest_of(path), replace(settings, user=read_login()))


def test_what_was_done_is_kept_in_a_file_of_its_owner_and_once(settings):
    for _ in range(2):
        record_act("approved", "x", "0" * 64, settings)
    path = settings.home / ACTS
    assert path.stat().st_mode & 0o777 == 0o600
    assert [act.notebook for act in read_acts(settings)].count("x") == 1


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder of a group."""
    with make_passage() as above:
        folder = above / "shared"
        folder.mkdir()
        shutil.chown(folder, group=list_groups()[0])
        folder.chmod(0o2770)
        yield folder


def test_a_second_person_approves_under_a_login_of_their_own(settings, shared):
    settings = replace(settings, approvals=shared / "approvals.jsonl")
    record_act("draft", "x", "0" * 64, settings)
    bertta = replace(settings, user="bertta", home=shared / "none")
    assert run_as_nobody(lambda: record_act("approved", "x", "0" * 64, bertta), shared.group()) == 0
    assert is_approved("0" * 64, settings)
    approvals = [act for act in read_acts(settings) if act.act == "approved"]
    assert [act.login for act in approvals] == ["nobody"]
    assert stat.S_IMODE((shared / "approvals.jsonl").stat().st_mode) == 0o660


def test_who_only_writes_notebooks_can_neither_read_nor_write_the_record(settings, shared):
    settings = replace(settings, approvals=shared / "approvals.jsonl")
    record_act("approved", "x", "0" * 64, settings)
    home = shared.parent / "home"
    home.mkdir()
    home.chmod(0o777)
    maker = replace(settings, user="aino", home=home)

    def act() -> None:
        record_act("draft", "x", "0" * 64, maker)
        assert not is_approved("0" * 64, maker)
        with pytest.raises(Refused, match="let the setting approvals name"):
            record_act("approved", "x", "0" * 64, maker)

    assert run_as_nobody(act) == 0
    assert is_approved("0" * 64, settings)


def test_an_approval_that_a_maker_writes_into_his_own_workbench_is_none(settings, tmp_path):
    settings = replace(settings, home=tmp_path / "home")
    record_act("approved", "x", "0" * 64, settings)
    assert is_approved("0" * 64, settings)
    assert not is_approved("0" * 64, replace(settings, approvals=tmp_path / "shared" / "record"))


def test_nothing_is_read_through_a_link_that_somebody_put_there_meanwhile(settings, tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o2770)
    record = folder / "approvals.jsonl"
    secret = tmp_path / "secret"
    secret.write_text("nobody else reads this")
    settings = replace(settings, approvals=record)
    record_act("approved", "x", "0" * 64, settings)
    with open(folder / ".approvals.jsonl.lock", "ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with ThreadPoolExecutor(1) as other:
            waits = other.submit(record_act, "approved", "y", "1" * 64, settings)
            time.sleep(0.3)
            record.unlink()
            record.symlink_to(secret)
            fcntl.flock(held, fcntl.LOCK_UN)
    with pytest.raises(Refused, match="symbolic link"):
        waits.result()
    assert record.is_symlink()


def test_a_lock_that_became_a_link_opens_nothing_to_a_group(settings, tmp_path, monkeypatch):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o2770)
    secret = tmp_path / "secret"
    secret.write_text("")
    secret.chmod(0o600)

    def give(target: Path | int, mode: int, group: str = "") -> None:
        lock = folder / ".approvals.jsonl.lock"
        lock.unlink()
        lock.symlink_to(secret)
        private.give(target, mode, group)

    monkeypatch.setattr(approval, "give", give)
    record_act("approved", "x", "0" * 64, replace(settings, approvals=folder / "approvals.jsonl"))
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_record_that_everybody_may_write_to_approves_nothing(settings, tmp_path, is_folder):
    settings = replace(settings, approvals=tmp_path / "shared" / "approvals.jsonl")
    record_act("approved", "x", "0" * 64, settings)
    assert is_approved("0" * 64, settings)
    open_to_all = settings.approvals.parent if is_folder else settings.approvals
    open_to_all.chmod(0o2777 if is_folder else 0o666)
    with pytest.raises(Refused, match="everybody may write"):
        is_approved("0" * 64, settings)
    with pytest.raises(Refused, match="everybody may write"):
        record_act("approved", "y", "1" * 64, settings)


def test_a_record_that_is_a_folder_is_one_line_with_the_cure(home, book, monkeypatch, capsys):
    log_in(monkeypatch, "bertta.k")
    for place, what in ((home, "is a folder"), (book / "approvals", "is no folder")):
        monkeypatch.setenv("GENLIB_APPROVALS", str(place))
        assert asked(home, monkeypatch, "bertta", "approve", book) == 2
        said = capsys.readouterr().err
        assert what in said
        assert said.endswith("name a file in a folder, such as approvals.jsonl\n")
    monkeypatch.setenv("GENLIB_APPROVALS", str(home))
    assert asked(home, monkeypatch, "bertta", "approvals") == 2


def test_who_ran_a_draft_before_there_was_a_common_record_is_its_maker_still(
    settings, tmp_path, monkeypatch
):
    settings = replace(settings, home=tmp_path / "home", user="aino")
    log_in(monkeypatch, "aino.m")
    record_act("draft", "x", "0" * 64, settings)
    settings = replace(settings, approvals=tmp_path / "shared" / "approvals.jsonl")
    with pytest.raises(Refused, match="a second person"):
        check_second_person(tmp_path / "none.ipynb", "0" * 64, settings)


def test_a_line_that_cannot_be_read_approves_nothing_and_loses_nothing(tmp_path, settings):
    settings = replace(settings, home=tmp_path)
    record_act("approved", "x", "0" * 64, settings)
    with (tmp_path / ACTS).open("a") as file:
        file.write('{"act": "approved", "digest": "1"\n[]\n')
    record_act("approved", "y", "2" * 64, settings)
    assert [act.notebook for act in read_acts(settings)] == ["x", "y"]
    assert is_approved("0" * 64, settings)
    assert not is_approved("1", settings)


def asked(home: Path, monkeypatch: pytest.MonkeyPatch, user: str, *words: str | Path) -> int:
    monkeypatch.setenv("GENLIB_HOME", str(home))
    monkeypatch.setenv("GENLIB_USER", user)
    return command(["report", *map(str, words)])


def test_a_second_person_approves_in_the_audit_trail_and_the_author_is_refused(
    home, draft, book, monkeypatch, capsys
):
    assert asked(home, monkeypatch, "aino", "approve", book) == 3
    assert "ask a second person" in capsys.readouterr().err
    assert asked(home, monkeypatch, "bertta", "approve", book) == 3  # under aino's login still
    log_in(monkeypatch, "bertta.k")
    assert asked(home, monkeypatch, "bertta", "approve", book) == 0
    assert asked(home, monkeypatch, "bertta", "approvals") == 0
    told = capsys.readouterr().out
    assert f"{digest_of(book)[:12]}  draft_of_aino, by bertta at " in told
    assert "campaign_history, of genlib" in told
    assert command(["audit", "verify"]) == 0
    assert command(["audit", "show"]) == 0
    assert re.search(r"bertta .*report approve", capsys.readouterr().out)


def test_without_an_audit_trail_nothing_is_approved(tmp_path, monkeypatch):
    path = write_book(tmp_path)
    log_in(monkeypatch, "bertta.k")
    assert asked(tmp_path / "elsewhere", monkeypatch, "bertta", "approve", path) == 2
    assert not (tmp_path / "elsewhere" / ACTS).exists()


def test_the_command_says_that_it_made_a_draft_and_what_to_do(home, monkeypatch, capsys):
    path = write_book(home, "total = 1", name="new")
    assert asked(home, monkeypatch, "aino", "run", path) == 0
    assert f"genlib report approve {path}" in capsys.readouterr().err
    assert asked(home, monkeypatch, "aino", "list") == 0
    assert re.search(r"^draft .*new/2026-10/fi$", capsys.readouterr().out, re.M)
    assert asked(home, monkeypatch, "bertta", "list") == 0
    assert "new/2026-10/fi" not in capsys.readouterr().out


def test_the_manifest_names_the_digest(draft, book):
    told = json.loads((draft.folder / "manifest.json").read_text(encoding="utf-8"))
    assert told["notebook_digest"] == digest_of(book)
    assert approval.SHIPPED.is_file()


def test_a_place_tells_no_login_of_its_author(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/aino.virtanen")
    assert write_place("/home/aino.virtanen/my reports/good.ipynb") == "~/'my reports/good.ipynb'"
    assert write_place("/srv/reports/good.ipynb") == "/srv/reports/good.ipynb"
    assert write_place("campaign_history") == "campaign_history"
