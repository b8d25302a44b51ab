"""The report to copy: its figures are those of the register, and it reads in three languages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import nbformat
import polars as pl
import pytest
from here import read, run_report
from nbformat.v4 import new_markdown_cell
from sentences import code_of
from small import Small
from workbench import ROOT

import genlib
from genlib import Dimension, Mean, Measure, Rate, Share, charts, tables
from genlib.errors import UsageError
from genlib.present import findings
from genlib.reports import run as kernels
from genlib.settings import Settings, load

WAITS = {"0-7": 5, "8-14": 14, "15-30": 15, "31-": 31}
"""Days that the bills of a group waited."""
PAYERS = {"0-7": 12, "8-14": 20, "15-30": 16, "31-": 11}
WORDS = {
    "fi": ("59 asiakasta maksoi", "Enintään 7 päivää", "Lasku odotti"),
    "sv": ("59 kunder betalade", "Högst 7 dagar", "Räkningen väntade"),
    "en": ("59 customers paid", "7 days at most", "The bill waited"),
}


def write_bills(home: Path, payers: dict[str, int]) -> Small:
    register = Small(home).people(sum(payers.values()) + 5)
    waits = [WAITS[code] for code, count in payers.items() for _ in range(count)]
    paid_on = date(2026, 10, 20)
    bills = [
        {
            "id": number,
            "customer_id": number,
            "issued_on": paid_on - timedelta(days=days),
            "due_on": paid_on,
            "paid_on": paid_on,
            "amount_cents": 10_000,
            "product_line": "filter",
        }
        for number, days in enumerate(waits, 1)
    ]
    credit = bills[0] | {"id": 900, "amount_cents": -500, "issued_on": date(2025, 1, 1)}
    earlier = bills[0] | {"id": 901, "paid_on": date(2026, 9, 30), "issued_on": date(2025, 1, 1)}
    register.add("invoice", *bills, credit, earlier)
    register.publish()
    return register


def settings_in(home: Path) -> Settings:
    return load(environment={"GENLIB_HOME": str(home), "GENLIB_USER": "aino"})


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("own")
    write_bills(home, PAYERS)
    return settings_in(home)


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_it_runs_and_publishes_in_every_language(settings, language):
    """In a kernel of its own, and without."""
    run = kernels.run_report if language == "sv" else run_report
    made = run("own_report", parameters={"language": language}, settings=settings)
    assert made.status == "good"
    said = read(made.html.read_text(encoding="utf-8"))
    assert [words for words in WORDS[language] if words not in said] == []


def test_its_figures_are_counted_again_here(settings):
    made = run_report("own_report", parameters={"language": "en"}, settings=settings)
    said = read(made.html.read_text(encoding="utf-8"))
    assert "59 customers paid, 19% of them more than 30 days after the bill" in said
    assert "Most often the bill waited 8–14 days: 34% of the customers" in said
    assert "5,900 € came in" in said
    for row in ("7 days at most 12 20.3", "15–30 days 16 27.1", "Over 30 days 11 18.6"):
        assert row in said


def test_of_few_customers_its_groups_stand_together_by_its_own_ladder(tmp_path):
    write_bills(tmp_path, {"0-7": 2, "8-14": 20, "15-30": 16, "31-": 11})
    settings = settings_in(tmp_path)
    made = run_report("own_report", parameters={"language": "en"}, settings=settings)
    said = read(made.html.read_text(encoding="utf-8"))
    assert "14 days at most 22" in said
    assert "since few customers are in them: the bill waited" in said


def test_a_copy_with_another_figure_is_a_draft(settings, tmp_path):
    text = (ROOT / "notebooks/own_report.ipynb").read_text(encoding="utf-8")
    copy = tmp_path / "mine.ipynb"
    copy.write_text(text.replace("cents_per_person", "cents_each"), encoding="utf-8")
    assert run_report(copy, settings=replace(settings, user="cecilia")).status == "draft"


def test_text_for_one_language_stands_in_the_report_of_that_language_alone(settings, tmp_path):
    book = nbformat.read(ROOT / "notebooks/own_report.ipynb", as_version=4)
    texts = {"fi": "# Maksutapa", "sv": "# Betalning"}
    tagged = [new_markdown_cell(text, metadata={"tags": [one]}) for one, text in texts.items()]
    book.cells[:1] = [*tagged, new_markdown_cell("Kuuralehdet")]
    nbformat.write(book, tmp_path / "mine.ipynb")
    for language, text in texts.items():
        parameters = {"language": language}
        run = run_report(tmp_path / "mine.ipynb", parameters=parameters, settings=settings)
        said = run.html.read_text(encoding="utf-8")
        titles = [one for one in texts.values() if one[2:] in said.partition("<main")[0]]
        assert titles == [text]
        assert [one for one in texts.values() if one[2:] in said] == [text]
        assert run.manifest["title"] == text[2:]
        assert "Kuuralehdet" in said
        kept = nbformat.read(run.notebook, as_version=4)
        assert [cell.metadata.get("tags") for cell in kept.cells[:3]] == [["fi"], ["sv"], None]


def test_it_is_short_enough_for_a_quarter_of_an_hour():
    assert sum(len(source.splitlines()) for source in code_of("own_report")) < 200


ROWS = pl.DataFrame(
    {
        "customer": range(60),
        "branch": ["oulu", "turku", "turku"] * 20,
        "late": [1, 0, 0] * 20,
        "euros": [1.5] * 60,
    }
)
BRANCH = Dimension(
    "branch",
    order=("turku", "oulu"),
    head={"fi": "Toimipaikka", "en": "Branch office"},
    labels={"oulu": {"fi": "Oulu", "en": "Up north"}, "turku": {"fi": "Turku"}},
)


def protect(
    *, language: str = "en", by: Dimension = BRANCH, **parts
) -> genlib.disclosure.Protected:
    cells = genlib.tabulate(
        ROWS,
        person="customer",
        by=[by],
        measures=[Measure("people", "people"), Measure("late")],
        population="customers of branches",
        **parts,
    )
    return genlib.protect(language=language, branches=cells)


def test_a_dimension_brings_its_words_and_its_order(settings):
    html = tables.table(protect().branches, by="branch").html()
    heads = [read(cell).strip() for cell in re.findall(r"<th.*?</th>", html, re.S)]
    assert heads == ["Branch office", "Customers", "Late", "Turku", "Up north", "Total"]


def test_words_that_are_not_there_in_a_language_are_the_codes(settings):
    rows = protect(language="sv").branches.rows("branch")
    assert rows.columns == ["branch", "people", "late", "thin", "reason"]


def test_a_chart_follows_the_order_of_its_dimension(settings):
    places = charts.bars(protect().branches, x="people", y="branch").plot.places
    assert places == ["Turku", "Up north"]


def test_rates_means_and_shares_of_own_measures(settings):
    figures = [
        Share(over=("branch",)),
        Rate("oulu_rate", "branch", part=("oulu",)),
        Mean("late_each", of="late"),
    ]
    table = protect(figures=figures).branches
    assert table.value("share", branch="oulu").value == pytest.approx(1 / 3)
    assert table.value("oulu_rate").value == pytest.approx(1 / 3)
    assert table.value("late_each", branch="oulu").value == 1


def protect_sales(language: str = "en") -> genlib.disclosure.Protected:
    """Money, a mean and a rate under names that say nothing of their unit."""
    rows = ROWS.with_columns(sales=pl.lit(20_050))
    cells = genlib.tabulate(
        rows,
        person="customer",
        by=[BRANCH],
        measures=[Measure("people", "people"), Measure("sales", "money")],
        figures=[Mean("each", of="sales"), Rate("northern", "branch", part=("oulu",))],
        population="customers of branches",
    )
    return genlib.protect(language=language, branches=cells)


def test_money_of_any_name_is_euros_wherever_it_is_told(settings, tmp_path):
    shown = protect_sales()
    html = read(tables.table(shown.branches, by="branch").html())
    assert "Sales, €" in html
    assert "Up north 20 4,010" in html  # of 200.50 each
    said = findings.say(
        "{sales} in all, {each} each, {north} up north",
        sales=shown.branches.value("sales"),
        each=shown.branches.value("each"),
        north=shown.branches.value("northern"),
    )
    assert read(str(said)) == "12,030 € in all, 200.50 € each, 33% up north"
    text = genlib.save(shown.branches, tmp_path / "x.csv").read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith('Branch office,Customers,"Sales, €","Each, €",Northern,')
    assert "Up north,20,4010.0,200.5," in text


@pytest.mark.parametrize("code", ["ouluu", "helsinki"])
def test_a_figure_of_a_code_that_there_is_not_is_refused(settings, code):
    rate = Rate("oulu_rate", "branch", part=(code,))
    with pytest.raises(UsageError, match=f"names '{code}', and no row has it in branch"):
        protect(by=Dimension("branch"), figures=[rate])


def test_a_code_that_may_be_absent_stands_in_the_order_of_its_dimension(settings):
    by = Dimension("branch", order=("oulu", "turku", "helsinki"))
    rate = Rate("helsinki_rate", "branch", part=("helsinki",))
    assert protect(by=by, figures=[rate]).branches.value("helsinki_rate").value == 0


def test_a_figure_may_stand_on_the_parents_of_a_dimension(settings):
    rows = ROWS.with_columns(side=pl.lit("coast"))
    rate = Rate("coast_rate", "side", part=("coast",))
    cells = genlib.tabulate(
        rows,
        person="customer",
        by=[Dimension("branch", parents=("side",))],
        figures=[rate],
        population="x",
    )
    assert cells.figures == (rate,)


def test_a_figure_of_a_dimension_that_there_is_not_is_refused(settings):
    with pytest.raises(UsageError, match="dimension brnch, by which its table does not tell"):
        protect(figures=[Rate("oulu_rate", "brnch", part=("oulu",))])


def test_a_figure_at_a_code_that_its_dimension_does_not_have_is_refused(settings):
    with pytest.raises(UsageError, match=r"has no such code; it has turku, oulu"):
        protect().branches.value("people", branch="ouluu")


def test_a_dimension_of_fractions_is_refused_with_what_to_do(settings):
    with pytest.raises(UsageError, match="cut it into bands first"):
        genlib.tabulate(ROWS, person="customer", by=[Dimension("euros")], population="x")


STRANGE = {
    "company": [-7771234, "Sentinel", float("nan"), b"Sentinel", [7771234]],
    "pseudonym": [-7771234, 7.5, b"Sentinel", [7771234]],
    "late": [2**64 - 1, "Sentinel", 7.5, [7771234]],
    "branch": [b"Sentinel", [7771234], 7.5],
}


@pytest.mark.parametrize(
    ("column", "value"), [(column, value) for column in STRANGE for value in STRANGE[column]]
)
def test_a_column_of_anything_is_taken_or_refused_without_a_value(settings, column, value):
    """Polars quotes what it cannot read."""
    rows = ROWS.with_columns(pl.Series(column, [value] * ROWS.height))
    person = column if column in {"company", "pseudonym"} else "customer"
    measures = [Measure("people", "people"), Measure("late")]
    with pytest.raises(UsageError, match=rf"{column} ") as refused:
        genlib.protect(
            strange=genlib.tabulate(
                rows, person=person, by=[Dimension("branch")], measures=measures, population="x"
            )
        )
    assert not re.search(r"777|Sentinel|\n", str(refused.value))


def test_a_measure_of_text_is_not_told_to_be_rounded(settings):
    measures = [Measure("branch")]
    with pytest.raises(UsageError, match=r"sums are of whole numbers$"):
        genlib.tabulate(
            ROWS, person="customer", by=[Dimension("late")], measures=measures, population="x"
        )


def test_a_measure_in_fractions_is_refused_with_what_to_do(settings):
    with pytest.raises(UsageError, match="round it to whole cents") as caught:
        genlib.tabulate(
            ROWS, person="customer", by=[BRANCH], measures=[Measure("euros")], population="x"
        )
    assert "\n" not in str(caught.value)


def test_a_dimension_without_a_value_is_refused_with_what_to_do(settings):
    gaps = ROWS.with_columns(branch=pl.when(pl.col("customer") > 9).then("branch"))
    with pytest.raises(UsageError, match="fill_null") as caught:
        genlib.tabulate(gaps, person="customer", by=[BRANCH], population="x")
    assert "\n" not in str(caught.value)


def test_cells_and_tables_show_themselves_in_the_lab(settings):
    cells = genlib.tabulate(ROWS, person="customer", by=[BRANCH], population="x")
    assert "Not protected: for the lab alone" in cells._repr_html_()
    assert re.findall(r"<th>(\w+)</th>", cells._repr_html_()) == ["branch", "people"]
    shown = genlib.protect(branches=cells)
    assert "branches: protected" in shown.branches._repr_html_()
    assert shown.branches._repr_html_() in shown._repr_html_()


def test_names_of_tables_are_completed(settings):
    shown = protect()
    assert "branches" in dir(shown)
    assert shown._ipython_key_completions_() == ["branches"]
