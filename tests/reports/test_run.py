import hashlib
import json
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from genlib.errors import ReportFailed, UsageError
from genlib.reports import catalogue
from genlib.reports.execute import environment
from genlib.reports.gate import MIME
from genlib.reports.run import run_report
from genlib.settings import Settings

SENTINEL = "Virtanen-Sentineli"

SHOW = f"""\
import hashlib, sys
from IPython.display import display
def show(html):
    facts = {{"kind": "chart", "tables": ["growth"], "sha256": hashlib.sha256(html.encode()).hexdigest()}}
    display({{"text/html": html, "{MIME}": facts, "text/plain": "{SENTINEL}"}}, raw=True)
"""
PARAMETERS = 'period: str = "2026-10"  # month\nlanguage: str = "fi"\nregion: str = "all"'


@pytest.fixture
def settings(tmp_path) -> Settings:
    home = tmp_path / "workbench"
    return Settings(
        home=home,
        register=f"sqlite:///{home}/register.sqlite",
        keys=home / "keys.json",
        releases=home / "releases",
        reports=home / "reports",
        notice=tmp_path / "notice.toml",
        data=tmp_path,
        user="aino",
    )


@pytest.fixture
def book(tmp_path):
    """Writes a notebook of a title, the parameters, a helper and the given cells; gives its path."""

    def write(*cells: str) -> Path:
        parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
        made = new_notebook(cells=[new_markdown_cell("# Reports"), parameters, new_code_cell(SHOW), *map(new_code_cell, cells)])
        path = tmp_path / "look.ipynb"
        nbformat.write(made, path)
        return path

    return write


@pytest.fixture
def good(book, settings):
    return run_report(book("show(f'<p>{period} {region}</p>')"), parameters={"region": "01"}, settings=settings)


def everything_in(folder: Path) -> str:
    return "".join(f"{path}\n{path.read_text(encoding='utf-8')}" for path in sorted(folder.glob("**/*")) if path.is_file())


def test_the_page_holds_text_and_sealed_outputs_and_no_code(good):
    page = good.html.read_text(encoding="utf-8")
    assert "<p>2026-10 01</p>" in page
    assert "hashlib" not in page


def test_a_run_lies_in_its_slot_and_in_the_index(good, settings):
    assert good.folder.parent == settings.reports / "look/2026-10/fi/region-01"
    assert f"look/2026-10/fi/region-01/{good.id}/report.html" in (settings.reports / "index.html").read_text(encoding="utf-8")


def test_the_manifest_says_what_was_asked_and_shown(good):
    told = json.loads((good.folder / "manifest.json").read_text(encoding="utf-8"))
    assert told["parameters"] == {"period": "2026-10", "language": "fi", "region": "01"}
    assert (told["status"], told["user"], told["shown"][0]["tables"]) == ("good", "aino", ["growth"])


def test_the_kept_notebook_holds_sealed_outputs_only(good, settings):
    kept = nbformat.read(good.notebook, as_version=4)
    nbformat.validate(kept)
    (output,) = [output for cell in kept.cells for output in cell.get("outputs", [])]
    assert sorted(output.data) == [MIME, "text/html"]
    assert SENTINEL not in "".join(str(o) for o in kept.cells if o.get("outputs"))
    assert "papermill" not in kept.metadata


@pytest.mark.parametrize(
    "parameters", [{"region": 1}, {"regoin": "01"}, {"region": "131052-952X"}, {"period": "2026-13"}, {"language": "de"}]
)
def test_a_wrong_parameter_runs_nothing(book, settings, parameters):
    with pytest.raises(UsageError):
        run_report(book("show('x')"), parameters=parameters, settings=settings)
    assert not settings.reports.exists()


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (f"raise ValueError('{SENTINEL[:8]}' + '{SENTINEL[8:]}')", "cell 4 stopped with ValueError"),
        ("print('Virtanen' + '-Sentineli')", "cell 4 shows stream"),
        ("import polars as pl; pl.DataFrame({'name': ['Virtanen' + '-Sentineli']})", "cell 4 shows text/html, text/plain"),
        ("show('x'); raise SystemExit(0)", "cell 4 shows error"),
        ("import os; os._exit(1)", r"the kernel stopped \(DeadKernelError\)"),
        ("show('<img src=https://x.example/a.png>')", "would load or run something from elsewhere"),
    ],
)
def test_a_run_that_fails_keeps_its_notebook_without_values(book, settings, cell, says):
    path = book("show('<p>good</p>')")
    good = run_report(path, settings=settings)
    with pytest.raises(ReportFailed, match=says) as caught:
        run_report(book(cell), settings=settings)
    bad, last = catalogue.runs(settings.reports)
    assert (bad.status, last.id, last.html.exists()) == ("failed", good.id, True)
    assert "Virtanen-Sentineli" not in str(caught.value) + "".join(
        str(c.get("outputs")) for c in nbformat.read(bad.notebook, as_version=4).cells
    ) + (bad.folder / "manifest.json").read_text(encoding="utf-8") + (settings.reports / "index.html").read_text(encoding="utf-8")


def test_the_failed_cell_is_marked_in_the_kept_notebook(book, settings):
    with pytest.raises(ReportFailed):
        run_report(book("1 / 0", "show('x')"), settings=settings)
    (bad,) = catalogue.runs(settings.reports)
    outputs = [cell.outputs for cell in nbformat.read(bad.notebook, as_version=4).cells if cell.cell_type == "code"]
    (mark,) = outputs[3]
    assert (mark.ename, mark.evalue, mark.traceback) == ("ZeroDivisionError", "cell 4", [])
    assert [len(found) for found in outputs] == [0, 0, 0, 1, 0]


def test_the_kernel_is_this_python_with_the_settings_in_force(book, settings):
    cell = "import os; show(f'<p>{sys.executable} {os.environ[\"GENLIB_RELEASES\"]} {os.getcwd()}</p>')"
    run = run_report(book(cell), settings=settings)
    root = Path(__file__).parents[2]
    assert f"<p>{sys.executable} {settings.releases} {root}</p>" in run.html.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["GENLIB_PASSWORD_FILE", "GENLIB_REGISTER", "GENLIB_KEYS", "CREDENTIALS_DIRECTORY"])
def test_the_kernel_is_not_told_where_register_keys_and_passwords_are(settings, monkeypatch, name):
    monkeypatch.setenv(name, "/run/secret")
    assert name not in environment(settings)


def test_the_same_run_gives_the_same_page(book, settings):
    path = book("show('<p>12</p>')")
    pages = [hashlib.sha256(run_report(path, settings=settings).html.read_bytes()).hexdigest() for _ in range(2)]
    assert pages[0] == pages[1]


def test_an_unknown_report_names_those_there_are(settings):
    with pytest.raises(UsageError, match="no report of that name; there are"):
        run_report("campain_history", settings=settings)


def test_what_is_no_notebook_is_refused(tmp_path, settings):
    (tmp_path / "x.ipynb").write_text("not a notebook", encoding="utf-8")
    with pytest.raises(UsageError, match=r"x\.ipynb is not a notebook"):
        run_report(tmp_path / "x.ipynb", settings=settings)


def test_pdf_is_printed_from_the_page(book, settings):
    pytest.importorskip("weasyprint")
    run = run_report(book("show('<p>12</p>')"), settings=settings, pdf=True)
    assert run.pdf.read_bytes().startswith(b"%PDF")


def test_pdf_without_its_part_runs_nothing(book, settings, monkeypatch):
    monkeypatch.setattr("genlib.reports.pdf.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'genlib\[pdf\]'"):
        run_report(book("show('x')"), settings=settings, pdf=True)
    assert not settings.reports.exists()
