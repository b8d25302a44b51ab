"""Ways out of a report that do not go through door 2: each is tried, and each stops the export."""

import json
import re

import polars as pl
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from small import Small

import genlib
from genlib.disclosure.cells import Cells, Dimension
from genlib.disclosure.population import Population
from genlib.disclosure.table import ProtectedTable, Shown
from genlib.errors import CellFailed, NotProtected, Refused, ReportFailed, UsageError
from genlib.present import charts, findings, page, tables
from genlib.present.item import MIME, Item
from genlib.reports import catalogue, export
from genlib.reports.gate import let_through
from genlib.reports.parameters import parameters_of, settle
from genlib.reports.plain import check_plain
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
def stopped(workbench):
    def refused(notebook):
        """The gate lets nothing through, and the refusal tells nothing."""
        with pytest.raises(ReportFailed) as caught:
            let_through(notebook, workbench)
        assert NAME not in str(caught.value)
        assert str(SECRET) not in str(caught.value)
        assert caught.value.__cause__ is None
        return str(caught.value)

    return refused


def test_a_good_report_passes_page_and_kept_notebook(bundles, workbench):
    drawn = let_through(report(bundles), workbench)
    html = export.to_html(report(bundles), drawn, language="en")
    kept = json.loads(export.to_keep(report(bundles), drawn))
    assert "2,311" in html
    assert export.to_html(kept, let_through(kept, workbench), language="en") == html


def test_what_was_not_drawn_in_the_kernel_is_drawn_the_same(bundles, workbench):
    bare = report([{MIME: bundle[MIME]} for bundle in bundles])
    assert let_through(bare, workbench) == let_through(report(bundles), workbench)


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


LEAD, TILES, CHART, TABLE = range(4)
FORGED = {
    "number in a tile": (TILES, "3,941", f"{SECRET:,}"),
    "number in a table": (TABLE, "1,043</td>", f"{SECRET:,}</td>"),
    "figure of another row": (TABLE, "1,043</td>", "2,311</td>"),
    "number in a sentence": (LEAD, "</p>", f" {SECRET} of them owe</p>"),
    "name in a sentence": (LEAD, "</p>", f" {NAME}</p>"),
    "number in a title": (CHART, "<h3>Customers", f"<h3>Customers {SECRET}"),
    "number in a subtitle": (CHART, "</h3>", f'</h3><p class="sub">Customers {SECRET}</p>'),
    "number in a note": (CHART, "</section>", f'<p class="note">Customers {SECRET}</p></section>'),
    "number in the alternative text": (CHART, 'aria-label="', f'aria-label="{SECRET} '),
    "number in a tooltip": (CHART, "<title>Uusimaa: 1,043", f"<title>Uusimaa: {SECRET:,}"),
    "figure of another place in a tooltip": (
        CHART,
        "<title>Uusimaa: 1,043",
        "<title>Uusimaa: 2,311",
    ),
    "number drawn": (CHART, ">1,043</text>", f">{SECRET:,}</text>"),
    "comment": (CHART, "<section", f"<!-- {NAME} --><section"),
    "script": (CHART, "<section", "<script>1</script><section"),
    "style": (CHART, "<section", "<style>p{color:red}</style><section"),
    "style sheet changed": (
        CHART,
        '<style class="gl-alone">',
        f'<style class="gl-alone">/* {NAME} */',
    ),
    "data attribute": (CHART, "<section ", f'<section data-x="{NAME}" '),
    "event": (CHART, "<section ", '<section onclick="x()" '),
    "class": (CHART, 'class="card', f'class="{NAME}-{SECRET} card'),
    "words in a path": (CHART, ' d="M', f' d="{NAME}M'),
    "link": (CHART, "<section", '<a href="//x.example">x</a><section'),
    "picture": (CHART, "<section", '<img src="data:image/png;base64,AAAA"><section'),
    "field": (CHART, "<section", f'<input value="{SECRET}"><section'),
    "entity": (TILES, "3,941", "&#55;919"),
}


@pytest.mark.parametrize("way", FORGED)
def test_a_drawing_that_was_changed_stops(bundles, stopped, way):
    which, old, new = FORGED[way]
    html = bundles[which]["text/html"]
    assert old in html
    forged = output(bundles[which] | {"text/html": html.replace(old, new, 1)})
    assert "changed after it was made" in stopped(report(bundles, forged))


@pytest.mark.parametrize("which", range(4))
def test_no_single_digit_can_be_changed(bundles, stopped, which):
    html, conditions = bundles[which]["text/html"], bundles[-1]
    for place in [found.start() for found in re.finditer(r"\d", html)][::97]:
        forged = html[:place] + str((int(html[place]) + 1) % 10) + html[place + 1 :]
        assert "changed" in stopped(
            report([conditions], output(bundles[which] | {"text/html": forged}))
        )


def call(name, *args, **named):
    return {"call": name, "args": list(args), "named": list(named.items())}


def figure(column, table):
    return {"figure": column, "table": table, "where": {"map": []}}


def by_hand(bundles):
    """Recipes that no function of present left, though each has its form."""
    gone = {"release": ["customer_analysis", NAME]}
    places = bundles[TABLE][MIME]["recipe"]["args"][0]
    chart = bundles[CHART][MIME]["recipe"]
    return {
        "number in a title": {
            **chart,
            "named": [*chart["named"][:2], ["title", f"Customers {SECRET}"]],
        },
        "name in a note": {**chart, "named": chart["named"] + [["note", NAME]]},
        "number as a limit": {**chart, "named": chart["named"] + [["limit", SECRET]]},
        "number as a reference": call(
            "charts.dots", places, x="people", y="region", reference=SECRET
        ),
        "name as an argument": {**chart, "named": chart["named"] + [[NAME, "Customers"]]},
        "table with other figures": {**chart, "args": [{**places, "digest": "0" * 64}]},
        "table that was not protected": {**chart, "args": [{**places, "table": "other"}]},
        "figure of a table that was not protected": call(
            "page.tile", figure("people", "x"), label="customers"
        ),
        "figure that is none": call("page.tile", figure(NAME, "places"), label="customers"),
        "day by hand": call(
            "page.tile",
            {**figure("people", "places"), "where": {"map": [["region", {"date": "1931-05-13"}]]}},
            label="customers",
        ),
        "period by hand": call(
            "findings.dated", places, "region", {"period": "1931-05"}, ["Customers", "Customers"]
        ),
        "text by hand": call("page.lead", NAME),
        "number by hand": call("page.tile", SECRET, label="customers"),
        "function that makes no item": call(
            "findings.largest", places, "region", "people", "Customers"
        ),
        "function that present does not offer": call("item.card", NAME),
        "function of Python": call("os.system", NAME),
        "release that is not there": call(
            "page.conditions", {"tables": {"places": places["digest"]}}, gone
        ),
        "another form": {"html": NAME},
        "no recipe": None,
    }


WAYS = list(by_hand([{MIME: {"recipe": {"args": [{"digest": ""}], "named": []}}}] * 5))


@pytest.mark.parametrize("way", WAYS)
def test_a_recipe_made_by_hand_makes_nothing(bundles, stopped, way):
    assert "cell 3 shows " in stopped(
        report(
            bundles,
            output(
                {MIME: {"kind": "chart", "tables": ["places"], "recipe": by_hand(bundles)[way]}}
            ),
        )
    )


@pytest.mark.parametrize(
    "facts", [None, [], NAME, {"proof": NAME}, {"proof": '{"tables": {"places": "x"}}'}]
)
def test_facts_of_another_form_stop(bundles, stopped, facts):
    stopped(report(bundles[:-1], output({MIME: facts})))


def test_without_conditions_nothing_passes(bundles, stopped):
    assert "page.conditions" in stopped(report(bundles[:-1]))


def test_second_conditions_that_would_bring_more_stop(bundles, stopped):
    assert "page.conditions" in stopped(report([*bundles, bundles[-1]]))


CODE = {
    "seal": "from genlib.disclosure.table import SEAL",
    "seal of a table": "shown.places.seal",
    "item by hand": "from genlib.present.item import Item",
    "item behind a module": "page.Item('tile', (), 'en', 'x')",
    "module by another name": "p = page",
    "subclass": "class Mine(str):\n    pass",
    "raw display": "display({'text/html': 'x'}, raw=True)",
    "hidden import": "__import__('IPython')",
    "eval": "eval('1')",
    "getattr": "getattr(page, 'It' + 'em')",
    "object.__setattr__": "object.__setattr__(shown.places, 'frame', 1)",
    "attribute written": "page.text = str",
    "inner parts": "page.lead.__globals__",
    "file": "open('x', 'w')",
    "shell": "!cat /etc/passwd",
    "magic": "%matplotlib inline",
    "exit": "import os; os._exit(0)",
    "clear_output": "from IPython.display import clear_output",
    "logging": "import logging",
    "print": "print(1)",
    "write": "genlib.open_release('x')['invoice'].collect().write_csv('x')",
    "chart by hand": "charts.Chart('chart', (), 'en')",
    "forged figure": "findings.Finding('7919')",
}


@pytest.mark.parametrize("way", CODE)
def test_code_that_reaches_around_is_not_run(way):
    start = (
        "import genlib\nfrom genlib import charts, page\nfrom genlib.present import "
        "findings\nshown = genlib.protect()"
    )
    notebook = new_notebook(cells=[new_code_cell(start), new_code_cell(CODE[way])])
    with pytest.raises(CellFailed, match="cell 2 uses "):
        check_plain(notebook)


def test_tables_and_figures_made_by_hand_are_refused(shown):
    with pytest.raises(Refused):
        ProtectedTable("places", shown.places.frame, (), (), 0)
    with pytest.raises(NotProtected):
        charts.bars(shown.places.frame, x="people", y="region")


def test_a_figure_made_by_hand_shows_what_the_table_shows(bundles, workbench):
    made = page.tile(Shown(SECRET, "people", "places", ()), label="customers")
    shown = let_through(report(bundles, output({MIME: made.facts})), workbench)
    assert "3,941" in shown[2][0].html
    assert "7,919" not in shown[2][0].html


def test_a_figure_in_an_authors_text_does_not_leave(bundles, shown, stopped):
    made = charts.bars(shown.places, x="people", y="region", title=f"Customers who owe: {SECRET}")
    stopped(report(bundles, output(made._repr_mimebundle_())))


def test_a_text_that_code_put_together_does_not_leave(bundles, shown, stopped):
    made = charts.bars(shown.places, x="people", y="region", title="Custom" + NAME[0])
    stopped(report(bundles, output(made._repr_mimebundle_())))


def test_an_item_by_hand_goes_into_no_row():
    with pytest.raises(NotProtected, match="not made by"):
        page.row(Item("chart", (), "en", body=NAME))


def test_an_edited_table_gives_no_conditions(workbench):
    frame = pl.DataFrame(
        {"region": [*COUNTS, None], "people": [*COUNTS.values(), sum(COUNTS.values())]}
    )
    own = genlib.protect(
        language="en",
        places=Cells(frame, (Dimension("region"),), population=Population("customers")),
    )
    object.__setattr__(own.places, "frame", own.places.frame.with_columns(people=pl.lit(SECRET)))
    with pytest.raises(NotProtected, match="was changed"):
        page.conditions(
            own, genlib.open_release("customer_analysis", settings=workbench), parameters={}
        )


@pytest.mark.parametrize("picture", ["![x](data:image/png;base64,AAAA)", "![x](attachment:x.png)"])
def test_a_picture_in_text_stops(bundles, workbench, picture):
    notebook = report(bundles)
    notebook["cells"][0]["source"] = picture
    with pytest.raises(ReportFailed, match="picture"):
        export.to_html(notebook, let_through(notebook, workbench), language="en")


@pytest.mark.parametrize(
    "address",
    [
        "ftp://x.example/a",
        "https://x.example",
        "//x.example",
        "mailto:a@x.example",
    ],
)
def test_a_link_to_elsewhere_in_text_stops(address, bundles, workbench):
    notebook = report(bundles)
    notebook["cells"][0]["source"] = f"[x]({address})"
    with pytest.raises(ReportFailed, match="from elsewhere"):
        export.to_html(notebook, let_through(notebook, workbench), language="en")


def test_metadata_attachments_and_plain_copies_are_not_kept(bundles, workbench):
    notebook = report([bundle | {"text/plain": NAME} for bundle in bundles])
    notebook["metadata"]["papermill"] = {"x": NAME}
    notebook["cells"][0]["attachments"] = {"x.png": {"image/png": NAME}}
    for cell in notebook["cells"]:
        cell["metadata"] = {"note": NAME}
    notebook["cells"][1]["outputs"][0]["metadata"] = {"note": NAME}
    drawn = let_through(notebook, workbench)
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
