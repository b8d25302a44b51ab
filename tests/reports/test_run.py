import datetime as dt
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import nbformat
import planning
import pytest
from approving import approve
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from small import Small

from genlib import notice
from genlib.cli import run as command
from genlib.disclosure.ledger import Ledger
from genlib.errors import PeriodNotCovered, Refused, ReportFailed, UsageError
from genlib.notice import DEFAULT
from genlib.reports import catalogue
from genlib.reports.gate import MIME
from genlib.reports.kernels import environment
from genlib.reports.run import checked, run_report
from genlib.settings import Settings

SENTINEL = "Virtanen-Sentineli"

SHOW = """\
import os, sys
import polars as pl
import genlib
from genlib import charts, page
from genlib.disclosure.cells import Cells, Dimension
from genlib.disclosure.population import Population
from genlib.present import findings
frame = pl.DataFrame({"region": ["01", "06", None], "people": [1043, 587, 1630]})
cells = Cells(frame, (Dimension("region"),), population=Population("customers"))
shown = genlib.protect(language=language, growth=cells)
"""
CHART = (
    "charts.bars(shown.growth, x='people', y='region', title=findings.largest(shown.growth, "
    "'region', 'people', 'Customers'))"
)
END = (
    "page.conditions(shown, genlib.open_release('customer_analysis'), parameters={'period': "
    "period, 'region': region})"
)
PARAMETERS = 'period: str = "2026-10"  # month\nlanguage: str = "fi"\nregion: str = "all"'


def settings_in(home: Path) -> Settings:
    return replace(planning.settings_in(home), data=home)


def book_in(folder: Path, *cells: str, settings: Settings | None = None) -> Path:
    """A notebook of a title, the parameters, a helper and the given cells; gives its path. With
    settings it is approved there."""
    parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    made = new_notebook(
        cells=[
            new_markdown_cell("# Reports"),
            parameters,
            new_code_cell(SHOW),
            *map(new_code_cell, cells),
        ]
    )
    nbformat.write(made, folder / "look.ipynb")
    if settings:
        approve(folder / "look.ipynb", settings)
    return folder / "look.ipynb"


@pytest.fixture
def settings(tmp_path) -> Settings:
    return settings_in(tmp_path / "workbench")


@pytest.fixture
def published(settings) -> Settings:
    """A workbench with a release of thirty."""
    settings.home.mkdir()
    Small(settings.home).people(30).publish()
    return settings


@pytest.fixture
def book(tmp_path, settings):
    return partial(book_in, tmp_path, settings=settings)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("good")


@pytest.fixture(scope="module")
def good(home):
    """One run that went well, of a notebook that looks around itself and shows its parameters and a
    chart."""
    Small(home).people(30).publish()
    here = (sys.executable, str(home / "releases"), str(Path(__file__).parents[2]))
    around = f"assert (sys.executable, os.environ['GENLIB_RELEASES'], os.getcwd()) == {here}"
    lead = "page.lead(findings.narrowed(shown.growth, region=region), period=period)"
    path = book_in(home, around, lead, CHART, END, settings=settings_in(home))
    return run_report(path, parameters={"region": "01"}, settings=settings_in(home), pdf=True)


def outputs(run: catalogue.Run) -> list:
    return [
        cell.outputs
        for cell in nbformat.read(run.notebook, as_version=4).cells
        if cell.cell_type == "code"
    ]


def test_the_page_holds_text_and_drawings_and_no_code(good):
    page = good.html.read_text(encoding="utf-8")
    assert "Rajaus: Uusimaa" in page
    assert "1\u00a0043" in page
    assert "findings" not in page


@pytest.mark.usefixtures("no_kernel")
def test_the_catalogue_has_the_period_that_a_word_names_on_the_companys_day(
    book, published, monkeypatch
):
    half_an_hour_of_november = dt.datetime(2026, 10, 31, 22, 30, tzinfo=dt.UTC)
    monkeypatch.setattr("genlib.reports.run.read_clock", lambda: half_an_hour_of_november)
    run = run_report(book(CHART, END), parameters={"period": "last"}, settings=published)
    assert run.slot.period == "2026-10"
    assert run.manifest["parameters"]["period"] == "2026-10"


@pytest.mark.usefixtures("no_kernel")
def test_of_what_a_schedule_ordered_there_is_one_good_run(book, published):
    path = book(CHART, END)
    first = run_report(path, settings=published, order="look 2026-10 fi")
    again = run_report(path, settings=published, order="look 2026-10 fi")
    other = run_report(path, settings=published, order="look 2026-10 fi, asked by hand")
    assert again.id == first.id != other.id
    assert len(catalogue.runs(published.reports)) == 2


@pytest.mark.usefixtures("no_kernel")
def test_a_run_that_comes_second_is_taken_out_of_the_ledger(book, published, monkeypatch):
    path = book(CHART, END)
    first = run_report(path, settings=published, order="look 2026-10 fi")
    found = catalogue.find_ordered
    questions = []

    def find_later(*asked):
        """Nothing at first: the two began before either was kept."""
        questions.append(asked)
        return found(*asked) if len(questions) > 1 else None

    monkeypatch.setattr(catalogue, "find_ordered", find_later)
    monkeypatch.setattr(catalogue, "new_id", lambda now: "2026-11-01T040000Z-second")
    assert run_report(path, settings=published, order="look 2026-10 fi").id == first.id
    assert len(questions) == 2
    assert Ledger.of(published).published(first.id)
    assert not Ledger.of(published).published("2026-11-01T040000Z-second")


def test_a_run_lies_in_its_slot_and_in_the_index(good, home):
    assert good.folder.parent == home / "reports/look/2026-10/fi/region-01"
    assert f"look/2026-10/fi/region-01/{good.id}/report.html" in (
        home / "reports/index.html"
    ).read_text(encoding="utf-8")


def test_the_manifest_says_what_was_asked_and_shown(good):
    told = json.loads((good.folder / "manifest.json").read_text(encoding="utf-8"))
    assert told["parameters"] == {"period": "2026-10", "language": "fi", "region": "01"}
    assert (told["status"], told["user"], told["shown"][0]["tables"]) == (
        "good",
        "aino",
        ["growth"],
    )


@pytest.mark.notice("N0.1")
def test_page_and_manifest_cite_the_notice_with_its_digest(good):
    terms = notice.load(DEFAULT)
    told = json.loads((good.folder / "manifest.json").read_text(encoding="utf-8"))
    cited = {"version": terms.version, "digest": terms.digest}
    assert (told["notice"], told["release"]["notice"]) == (cited, cited)
    assert told["release"]["purpose"] == "customer_analysis"
    assert terms.reference in good.html.read_text(encoding="utf-8")


@pytest.mark.usefixtures("no_kernel")
def test_a_report_of_a_release_under_an_earlier_notice_cites_that_notice(book, published):
    earlier = notice.load(DEFAULT)
    later = published.home / "notice.toml"
    text = DEFAULT.read_text(encoding="utf-8").replace(f'"{earlier.version}"', '"2099-1"', 1)
    later.write_text(text, encoding="utf-8")
    made = run_report(book(CHART, END), settings=replace(published, notice=later))
    assert earlier.reference in made.html.read_text(encoding="utf-8")
    assert made.manifest["release"]["notice"]["digest"] == earlier.digest
    assert made.manifest["notice"]["version"] == "2099-1"


def test_no_report_is_made_under_a_notice_that_was_changed_without_a_new_version(book, published):
    changed = published.home / "notice.toml"
    text = DEFAULT.read_text(encoding="utf-8").replace("min_count = 5", "min_count = 3")
    changed.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match="notice was changed but its version was not"):
        run_report(book(CHART, END), settings=replace(published, notice=changed))


def test_a_catalogue_that_is_a_link_is_refused(book, published, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    published.reports.symlink_to(elsewhere)
    with pytest.raises(Refused, match="is a symbolic link"):
        run_report(book(CHART, END), settings=published)
    assert list(elsewhere.iterdir()) == []


def test_the_kept_notebook_holds_what_passed_and_no_more(good):
    kept = nbformat.read(good.notebook, as_version=4)
    nbformat.validate(kept)
    data = [output.data for cell in outputs(good) for output in cell]
    assert [sorted(one) for one in data] == [[MIME, "text/html"]] * 3
    assert [sorted(one[MIME]) for one in data] == [["kind", "tables"]] * 3
    assert "papermill" not in kept.metadata


def test_pdf_is_printed_from_the_page(good):
    assert good.pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.usefixtures("no_kernel")
def test_the_same_run_gives_the_same_page_beside_the_first(good, home):
    again = run_report(home / "look.ipynb", parameters={"region": "01"}, settings=settings_in(home))
    assert (again.html.read_bytes(), again.folder.parent) == (
        good.html.read_bytes(),
        good.folder.parent,
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"region": 1},
        {"regoin": "01"},
        {"region": "zzz"},
        {"region": "03"},
        {"region": "131052-952X"},
        {"period": "2026-13"},
        {"language": "de"},
    ],
)
def test_a_wrong_parameter_runs_nothing(book, settings, parameters):
    with pytest.raises(UsageError):
        run_report(book(CHART), parameters=parameters, settings=settings)
    assert not settings.reports.exists()


@pytest.mark.parametrize("period", ["2026-11", "2026-Q4", "2026", "2027-03"])
def test_a_period_that_the_release_does_not_cover_runs_nothing(good, home, book, period):
    before = len(catalogue.runs(home / "reports"))
    with pytest.raises(PeriodNotCovered, match="the release of 1 November 2026 covers"):
        run_report(book(END), parameters={"period": period}, settings=settings_in(home))
    assert len(catalogue.runs(home / "reports")) == before


def test_the_command_line_says_in_a_line_what_is_covered(good, home, monkeypatch, capsys):
    monkeypatch.setenv("GENLIB_HOME", str(home))
    asked = ["report", "run", "customer_analysis", "-p"]
    assert command([*asked, "period=2026"]) == 2
    assert command([*asked, "period=2026-11", "--unfinished"]) == 2
    year, month = capsys.readouterr().err.splitlines()
    assert "the release of 1 November 2026 covers years up to 2025" in year
    assert "covers months up to 2026-10" in month


def test_a_report_of_a_period_of_which_no_day_was_over_is_refused_unfinished_too(home, good):
    with pytest.raises(PeriodNotCovered, match="covers months up to 2026-10"):
        run_report(
            "customer_analysis",
            parameters={"period": "2026-11", "unfinished": True},
            settings=settings_in(home),
        )


TO_STDERR = ("print('Virtanen' + '-Sentineli', file=sys.stderr)", "cell 4 shows stream")
STOPPED_BY_A_KERNEL = [
    (f"raise ValueError('{SENTINEL[:8]}' + '{SENTINEL[8:]}')", "cell 4 stopped with ValueError"),
    ("print('Virtanen' + '-Sentineli')", "cell 4 shows stream"),
    TO_STDERR,
    ("raise SystemExit(0)", "cell 4 stopped with SystemExit"),
    ("import os; os._exit(1)", r"the kernel stopped \(DeadKernelError\)"),
]
STOPPED = [
    TO_STDERR,
    (
        "import polars as pl; pl.DataFrame({'name': ['Virtanen' + '-Sentineli']})",
        "cell 4 shows text/html, text/plain",
    ),
    (
        "from genlib.errors import *; raise ReleaseNotFound('Virtanen' + '-Sentineli')",
        "cell 4 stopped with ReleaseNotFound: No such purpose",
    ),
    (
        "raise OSError(28, 'Virtanen', 'Virtanen' + '-Sentineli')",
        "cell 4 stopped: the system says No space left on device",
    ),
    ("cells", "cell 4 shows text/html, text/plain"),
    ("shown", "cell 4 shows text/html, text/plain"),
    (
        "from IPython.display import HTML; HTML('<img src=https://x.example/a.png>')",
        "cell 4 shows text/html",
    ),
]


@pytest.mark.parametrize(("cell", "says"), STOPPED_BY_A_KERNEL)
def test_a_run_that_fails_keeps_its_notebook_without_values(book, settings, cell, says):
    check_failed(book(cell, CHART), settings, says)


@pytest.mark.usefixtures("no_kernel")
@pytest.mark.parametrize(("cell", "says"), STOPPED)
def test_whatever_a_cell_raises_or_shows_is_not_kept(book, settings, cell, says):
    check_failed(book(cell, CHART), settings, says)


def check_failed(path: Path, settings: Settings, says: str) -> None:
    """The run of a notebook fails with these words, and no file of it holds the sentinel."""
    with pytest.raises(ReportFailed, match=says) as caught:
        run_report(path, settings=settings)
    (bad,) = catalogue.runs(settings.reports)
    index = (settings.reports / "index.html").read_text(encoding="utf-8")
    told = [
        str(caught.value),
        str(outputs(bad)),
        (bad.folder / "manifest.json").read_text(encoding="utf-8"),
        index,
    ]
    assert (bad.status, bad.html, [text for text in told if SENTINEL in text]) == (
        "failed",
        None,
        [],
    )
    assert bad.folder.relative_to(settings.reports).as_posix() in index


def test_a_pseudonym_in_a_notebook_stops_it_before_it_runs_and_is_not_kept(book, settings):
    pseudonym = "ca1-" + "0K7Q" * 6 + "AB"
    with pytest.raises(ReportFailed, match="cell 4 holds a pseudonym"):
        run_report(book(f"one = '{pseudonym}'", CHART), settings=settings)
    kept = catalogue.runs(settings.reports)[0].notebook.read_text(encoding="utf-8")
    assert "one = '…'" in kept
    assert pseudonym not in kept


@pytest.mark.usefixtures("no_kernel")
def test_a_failure_is_marked_in_its_cell_and_leaves_the_last_good_run(good, home):
    path = book_in(home, "1 / 0", CHART, settings=settings_in(home))
    with pytest.raises(ReportFailed, match="cell 4 stopped with ZeroDivisionError"):
        run_report(path, parameters={"region": "01"}, settings=settings_in(home))
    runs = catalogue.runs(home / "reports")
    (mark,) = outputs(runs[0])[3]
    assert (mark.ename, mark.evalue, mark.traceback) == ("ZeroDivisionError", "cell 4", [])
    assert [len(found) for found in outputs(runs[0])] == [0, 0, 0, 1, 0]
    assert [run.html for run in runs if run.id == good.id] == [good.html]


SECRETS = [
    "GENLIB_PASSWORD_FILE",
    "GENLIB_REGISTER",
    "GENLIB_KEYS",
    "CREDENTIALS_DIRECTORY",
    "AWS_SECRET_ACCESS_KEY",
    "PGPASSWORD",
]


@pytest.mark.parametrize("name", SECRETS)
def test_the_kernel_is_not_told_where_register_keys_and_passwords_are(settings, monkeypatch, name):
    monkeypatch.setenv(name, "/run/secret")
    assert name not in environment(settings)


@pytest.mark.parametrize("name", ["PATH", "HOME", "LC_NUMERIC", "JAVA_HOME"])
def test_the_kernel_keeps_what_python_and_spark_need(settings, monkeypatch, name):
    monkeypatch.setenv(name, "/usr/here")
    assert environment(settings)[name] == "/usr/here"


def test_the_sums_of_a_kernel_do_not_depend_on_the_cores_of_a_machine(settings, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "8")
    assert environment(settings)["OPENBLAS_NUM_THREADS"] == "1"


def test_a_secret_of_the_shell_is_nowhere_in_the_kernel(home, good, monkeypatch):
    monkeypatch.setenv("SERVICE_TOKEN", SENTINEL)
    around = (
        f"assert {SENTINEL[:8]!r} + {SENTINEL[8:]!r} not in ''.join(os.environ.values())\n"
        "assert 'SERVICE_TOKEN' not in os.environ\n"
        "assert not [name for name in os.environ if 'PASSWORD' in name]"
    )
    (home / "secret").mkdir()
    path = book_in(home / "secret", around, CHART, END)
    assert run_report(path, settings=settings_in(home)).html


def test_the_kernel_is_told_the_time_zone_of_the_company(settings):
    """Its file of settings may lie where the kernel does not look."""
    elsewhere = replace(settings, time_zone="America/New_York")
    assert environment(elsewhere)["GENLIB_TIME_ZONE"] == "America/New_York"


@pytest.mark.parametrize("name", ["language", "comparison", "kind"])
def test_a_value_that_no_report_understands_is_refused_and_the_others_named(name):
    with pytest.raises(UsageError, match=rf"parameter {name} is one of \w+, \w+"):
        checked({"period": "2026-10", name: "zzz"})


def test_an_unknown_report_names_those_there_are(settings):
    with pytest.raises(UsageError, match="no report of that name; there are"):
        run_report("campain_history", settings=settings)


@pytest.mark.parametrize("content", [b"not a notebook", b'{"a": 1}', b"[]", b"\xff\xfe\x00"])
def test_what_is_no_notebook_is_refused(content, tmp_path, settings):
    (tmp_path / "x.ipynb").write_bytes(content)
    with pytest.raises(UsageError, match=r"x\.ipynb is not a notebook"):
        run_report(tmp_path / "x.ipynb", settings=settings)


def test_pdf_without_its_part_runs_nothing(book, settings, monkeypatch):
    monkeypatch.setattr("genlib.reports.pdf.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'genlib\[pdf\]'"):
        run_report(book(CHART), settings=settings, pdf=True)
    assert not settings.reports.exists()


def test_a_pseudonym_in_the_heading_of_a_notebook_that_is_stopped_is_told_nowhere(book, settings):
    pseudonym = "ca1-" + "0K7Q" * 6 + "AB"
    path = book(CHART)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = f"# Asiakas {pseudonym}"
    nbformat.write(notebook, path)
    approve(path, settings)
    with pytest.raises(ReportFailed, match="cell 1 holds a pseudonym"):
        run_report(path, settings=settings)
    (run,) = catalogue.runs(settings.reports)
    assert run.manifest["title"] == "Asiakas …"
    assert pseudonym not in (settings.reports / "index.html").read_text(encoding="utf-8")
