"""Accidents that would let out what did not go through door 2: each is tried, and each stops the
run."""

import json
from dataclasses import replace

import polars as pl
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from small import Small

import genlib
from genlib.disclosure.cells import Cells, Dimension
from genlib.disclosure.population import Population
from genlib.disclosure.table import ProtectedTable
from genlib.errors import NotProtected, Refused, ReportFailed, UsageError
from genlib.present import charts, findings, page, tables
from genlib.present.item import MIME
from genlib.reports import catalogue, export
from genlib.reports.gate import let_through
from genlib.reports.parameters import parameters_of, settle
from genlib.settings import load

NAME, SECRET = "Virtanen-Sentineli", 7919
COUNTS = {"01": 1043, "06": 587, "14": 2311}


@pytest.fixture(scope="module")
def workbench(tmp_path_factory):
    """Settings of a home with a release."""
    home = tmp_path_factory.mktemp("home")
    Small(home).people(30).publish()
    return load(environment={"GENLIB_HOME": str(home)})


@pytest.fixture(scope="module")
def shown():
    frame = pl.DataFrame(
        {"region": [*COUNTS, None], "people": [*COUNTS.values(), sum(COUNTS.values())]}
    )
    return genlib.protect(
        language="en",
        places=Cells(frame, (Dimension("region"),), population=Population("customers")),
    )


@pytest.fixture(scope="module")
def bundles(shown, workbench):
    """A good report, as a notebook drawn in JupyterLab has it."""
    items = [
        page.lead(findings.largest(shown.places, "region", "people", "Customers")),
        page.tiles(page.tile(shown.places.value("people"), label="customers")),
        charts.bars(shown.places, x="people", y="region", title="Customers"),
        tables.table(shown.places, by="region", title="Customers"),
        page.conditions(
            shown,
            genlib.open_release("customer_analysis", settings=workbench),
            parameters={"language": "en"},
        ),
    ]
    return [json.loads(json.dumps(item._repr_mimebundle_())) for item in items]


def output(data, kind="display_data"):
    return {"output_type": kind, "metadata": {}, "data": data}


CALLS = """\
page.lead(findings.largest(shown.places, "region", "people", "Customers"))
page.tiles(page.tile(shown.places.value("people"), label="customers"))
charts.bars(shown.places, x="people", y="region", title="Customers")
tables.table(shown.places, by="region", title="Customers")
page.conditions(shown, release, parameters={"language": "en"})
"""


def report(bundles, *more):
    """The executed notebook: a cell of good outputs, and one with those given."""
    good, bad = new_code_cell(CALLS), new_code_cell("genlib")
    notebook = json.loads(
        json.dumps(new_notebook(cells=[new_markdown_cell("# Customers"), good, bad]))
    )
    notebook["cells"][1]["outputs"] = [output(bundle) for bundle in bundles]
    notebook["cells"][2]["outputs"] = list(more)
    return notebook


@pytest.fixture(scope="module")
def stopped():
    def refused(notebook):
        """The gate lets nothing through, and the refusal tells nothing."""
        with pytest.raises(ReportFailed) as caught:
            let_through(notebook)
        assert NAME not in str(caught.value)
        assert str(SECRET) not in str(caught.value)
        assert caught.value.__cause__ is None
        return str(caught.value)

    return refused


def test_a_good_report_passes(bundles):
    passed = let_through(report(bundles))
    assert "2,311" in export.to_html(report(bundles), passed, language="en")
    assert NAME not in export.to_keep(report(bundles), passed).decode()


VEGA = {"data": {"values": [{"customer": NAME, "amount": SECRET}]}, "mark": "bar"}
FRAME = {
    "text/html": f"<table><tr><td>{NAME}</td></tr></table>",
    "text/plain": f"shape: (1, 1) {NAME}",
}
OUTPUTS = {
    "bare frame": output(FRAME, "execute_result"),
    "print": {"output_type": "stream", "name": "stdout", "text": NAME},
    "warning or log on stderr": {
        "output_type": "stream",
        "name": "stderr",
        "text": f"UserWarning: {NAME}",
    },
    "picture of another library": output(
        {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure size 640x480>"}
    ),
    "drawing of another library": output({"image/svg+xml": f"<svg><text>{NAME}</text></svg>"}),
    "display(HTML)": output({"text/html": f"<b>{NAME}</b>", "text/plain": "<HTML object>"}),
    "widget": output({"application/vnd.jupyter.widget-view+json": {"model_id": NAME}}),
    "script": output({"application/javascript": f"send('{NAME}')"}),
    "Altair chart": output(
        {"application/vnd.vegalite.v5+json": VEGA, "text/plain": "alt.Chart(...)"}
    ),
    "data set in a Vega spec": output(
        {"application/vnd.vega.v5+json": {"data": [{"name": "d", "values": [NAME]}]}}
    ),
    "transformed data in a spec": output(
        {"application/vnd.vegalite.v6+json": {**VEGA, "transform": [{"filter": "false"}]}}
    ),
    "text of an exception": {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": NAME,
        "traceback": [NAME],
    },
    "repr of a release": output(
        {"text/plain": f"Release({NAME})", "text/html": "<table></table>"}, "execute_result"
    ),
    "manifest": output({"application/json": {"people": SECRET}, "text/plain": "{}"}),
    "markdown output": output({"text/markdown": f"**{NAME}**"}),
    "end with exit code 0": {
        "output_type": "error",
        "ename": "SystemExit",
        "evalue": "0",
        "traceback": [],
    },
    "output of an unknown type": {
        "output_type": "update_display_data",
        "metadata": {},
        "data": FRAME,
    },
    "no kind of data at all": output({}),
}


@pytest.mark.parametrize("way", OUTPUTS)
def test_an_output_that_present_did_not_make_stops(bundles, stopped, way):
    assert "cell 3 shows " in stopped(report(bundles, OUTPUTS[way]))


def test_another_kind_of_data_beside_a_good_one_stops(bundles, stopped):
    assert "image/png" in stopped(report(bundles, output(bundles[0] | {"image/png": "AAAA"})))


def test_an_output_of_present_without_its_html_stops(bundles, stopped):
    assert MIME in stopped(report(bundles, output({MIME: bundles[0][MIME]})))


@pytest.mark.parametrize("facts", [None, [], NAME, {}, {"kind": "chart"}])
def test_facts_of_another_form_stop(bundles, stopped, facts):
    stopped(report(bundles, output(bundles[0] | {MIME: facts})))


def test_without_conditions_nothing_passes(bundles, stopped):
    assert "page.conditions" in stopped(report(bundles[:-1]))


def test_second_conditions_stop(bundles, stopped):
    assert "page.conditions" in stopped(report([*bundles, bundles[-1]]))


def test_a_table_that_the_conditions_do_not_name_stops(bundles, stopped):
    frame = pl.DataFrame({"region": ["01", None], "people": [1043, 1043]})
    cells = Cells(frame, (Dimension("region"),), population=Population("others"))
    made = charts.bars(genlib.protect(elsewhere=cells).elsewhere, x="people", y="region")
    assert "do not name" in stopped(report(bundles, output(made._repr_mimebundle_())))


def test_a_report_that_shows_nothing_needs_no_conditions():
    notebook = report([])
    assert let_through(notebook) == {0: [], 1: [], 2: []}


def bars(shown, **options):
    return charts.bars(shown.places, x="people", y="region", **options)


def tile(shown, **options):
    return page.tile(shown.places.value("people"), **{"label": "customers", **options})


def say(shown, words):
    return findings.say(words, n=shown.places.value("people"))


SPOKEN = {
    "title of a chart": lambda shown, words: bars(shown, title=words),
    "subtitle of a chart": lambda shown, words: bars(shown, subtitle=words),
    "note of a table": lambda shown, words: tables.table(shown.places, by="region", note=words),
    "head of a column": lambda shown, words: tables.table(
        shown.places, by="region", columns={"people": words}
    ),
    "label of a tile": lambda shown, words: tile(shown, label=words),
    "note of a tile": lambda shown, words: tile(shown, note=words),
    "finding in the lead": lambda shown, words: page.lead(say(shown, words)),
    "finding in a text": lambda shown, words: page.paragraph(say(shown, words)),
    "finding as a title": lambda shown, words: bars(shown, title=say(shown, words)),
    "chart in a row": lambda shown, words: page.row(bars(shown, title=words)),
    "tile among tiles": lambda shown, words: page.tiles(tile(shown, label=words)),
    "method": page.method,
}
"""Where the words of an author can stand."""


@pytest.mark.parametrize("way", SPOKEN)
def test_a_computed_number_in_any_words_stops(bundles, shown, stopped, way):
    made = SPOKEN[way](shown, f"Customers who owe: {SECRET}")
    message = stopped(report(bundles, output(made._repr_mimebundle_())))
    assert message.startswith("cell 3 shows a computed number in its words")


@pytest.mark.parametrize("way", SPOKEN)
@pytest.mark.parametrize("said", ["2,311", "2311", "2\u00a0311"])
def test_a_number_of_a_protected_table_may_be_said(bundles, shown, way, said):
    made = SPOKEN[way](shown, f"Customers: {said}")
    assert let_through(report(bundles, output(made._repr_mimebundle_())))[2]


def test_a_number_that_stands_in_the_notebook_may_be_said(bundles, shown):
    made = bars(shown, title=f"In {SECRET}")
    notebook = report(bundles, output(made._repr_mimebundle_()))
    notebook["cells"][0]["source"] = f"# The house of {SECRET}"
    assert let_through(notebook)[2]


def test_a_computed_number_as_a_reference_stops(bundles, shown, stopped):
    made = charts.dots(shown.places, x="people", y="region", reference=SECRET)
    assert "a computed number" in stopped(report(bundles, output(made._repr_mimebundle_())))


def test_a_figure_that_was_changed_on_its_way_stops(bundles, shown, stopped):
    figure = replace(shown.places.value("people"), value=SECRET)
    made = page.tile(figure, label="customers")
    assert "a computed number" in stopped(report(bundles, output(made._repr_mimebundle_())))


PSEUDONYM = "ca1-" + "0K7Q" * 6 + "AB"


def test_a_pseudonym_in_a_text_stops(bundles, shown, stopped):
    made = bars(shown, title=f"Customer {PSEUDONYM}")
    message = stopped(report(bundles, output(made._repr_mimebundle_())))
    assert message.startswith("cell 3 shows a pseudonym")
    assert PSEUDONYM not in message


@pytest.mark.parametrize(("place", "number"), [(0, 1), (1, 2)])
def test_a_pseudonym_in_the_notebook_itself_stops(bundles, stopped, place, number):
    notebook = report(bundles)
    notebook["cells"][place]["source"] += f"\n# {PSEUDONYM}"
    assert stopped(notebook).startswith(f"cell {number} holds a pseudonym")


def test_tables_and_figures_made_by_hand_are_refused(shown):
    with pytest.raises(Refused):
        ProtectedTable("places", shown.places.frame, (), (), 0)
    with pytest.raises(NotProtected):
        charts.bars(shown.places.frame, x="people", y="region")


@pytest.mark.parametrize("picture", ["![x](data:image/png;base64,AAAA)", "![x](attachment:x.png)"])
def test_a_picture_in_text_stops(bundles, workbench, picture):
    notebook = report(bundles)
    notebook["cells"][0]["source"] = picture
    with pytest.raises(ReportFailed, match="picture"):
        export.to_html(notebook, let_through(notebook), language="en")


@pytest.mark.parametrize(
    "address",
    [
        "ftp://x.example/a",
        "https://x.example",
        "//x.example",
        "mailto:a@x.example",
    ],
)
def test_a_link_to_elsewhere_in_text_stops(address, bundles):
    notebook = report(bundles)
    notebook["cells"][0]["source"] = f"[x]({address})"
    with pytest.raises(ReportFailed, match="from elsewhere"):
        export.to_html(notebook, let_through(notebook), language="en")


def test_metadata_attachments_and_plain_copies_are_not_kept(bundles):
    notebook = report([bundle | {"text/plain": NAME} for bundle in bundles])
    notebook["metadata"]["papermill"] = {"x": NAME}
    notebook["cells"][0]["attachments"] = {"x.png": {"image/png": NAME}}
    for cell in notebook["cells"]:
        cell["metadata"] = {"note": NAME}
    notebook["cells"][1]["outputs"][0]["metadata"] = {"note": NAME}
    drawn = let_through(notebook)
    assert NAME not in export.to_keep(notebook, drawn).decode()
    assert NAME not in export.to_html(notebook, drawn, language="en")


@pytest.mark.parametrize(
    "value", ["131052-952X", "maija@posti.example", "+358 49 123 4567", "aa1-" + "0" * 26]
)
def test_a_parameter_that_may_be_a_person_is_refused(value):
    known = parameters_of(
        new_notebook(
            cells=[new_code_cell('region: str = "all"', metadata={"tags": ["parameters"]})]
        )
    )
    with pytest.raises(UsageError) as caught:
        settle(known, {"region": value})
    assert value not in str(caught.value)


def test_a_parameter_does_not_lead_out_of_the_catalogue():
    folder = catalogue.slot_of("x", {"period": "2026"}, {"region": "../../etc/passwd"}).folder
    assert ".." not in folder.parts
    assert len(folder.parts) == 4
