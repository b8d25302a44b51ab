"""Every public name is called with every kind of wrong value: it gives a result, or one line that
says what may be given, and never a value from the data nor the caller's text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import polars as pl
import pytest
from small import Small
from workbench import ROOT

import genlib
from genlib import (
    Dimension,
    Mean,
    Measure,
    Rate,
    Share,
    campaigns,
    charts,
    customers,
    page,
    satisfaction,
    tables,
)
from genlib.disclosure.cells import Cells
from genlib.errors import GenlibError, NoSuchName, NoSuchTable, UsageError
from genlib.metrics.models import BgNbd, GammaGamma
from genlib.period import Period
from genlib.present import findings
from genlib.present.item import Item

SENTINEL = "Hämeenlinnä-900"
OCTOBER = "2026-10"
ROWS = pl.DataFrame(
    {"who": range(60), "region": ["01"] * 40 + ["06"] * 20, "name": [SENTINEL] * 60}
)
ANSWERS = pl.DataFrame({"helpful": [5, 4, 4, 1]})
PAID = pl.DataFrame(
    {"who": [1, 1, 2], "day": [dt.date(2026, 1, n) for n in (1, 9, 3)], "cents": [100, 200, 300]}
)
HISTORIES = pl.DataFrame(
    {
        "frequency": [0, 2, 1, 3] * 5,
        "recency": [0.0, 20.0, 9.0, 30.0] * 5,
        "T": [40.0] * 20,
        "monetary": [None, 20.0, 35.0, 50.0] * 5,
    }
)
MONTHS = Dimension("month", total=False)
WRONG: dict[str, Any] = {
    "nothing": None,
    "an empty frame": pl.DataFrame(),
    "a frame": ROWS,
    "a misspelt name": SENTINEL,
    "another type": object(),
    "no day": "2026-13-45",
    "a list": [SENTINEL],
    "a number below zero": -3,
    "a fraction": 1.5,
    "no number": float("nan"),
    "a huge number": 10**30,
    "true": True,
    "a dictionary": {"a": 1},
    "a set": {"a"},
    "an empty text": "",
    "an empty list": [],
}


NAMED_COLUMN = re.compile(rf"no (column|dimension) {SENTINEL}")
"""A column that is not there is named, so that a slip of the pen is seen."""


class Call(NamedTuple):
    """A call that is right as it stands."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    named: dict[str, Any]


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A release of each purpose."""
    register = Small(tmp_path_factory.mktemp("wrong")).people(12)
    purposes = ("customer_analysis", "satisfaction", "campaign_history")
    return {purpose: register.publish(purpose) for purpose in purposes}


@pytest.fixture(scope="module")
def calls(releases: dict[str, Any]) -> dict[str, Call]:
    cells = genlib.tabulate(
        ROWS, person="who", by=[Dimension("region")], population="people", figures=[RATE]
    )
    shown = genlib.protect(places=cells)
    table, figure = shown.places, shown.places.value("people")
    places = ({"region": "01"}, {"region": "06"})
    along, across = {"x": "people", "y": "region"}, {"x": "region", "y": "people"}
    told = findings.say("{people} came", people=figure)
    release, contacts = releases["customer_analysis"], releases["campaign_history"]
    ways = {"region": "01", "kind": "all"}
    model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, log_likelihood=-1)
    value = GammaGamma(p=6.25, q=3.74, gamma=15.44, log_likelihood=-1)
    counted = {"person": "who", "by": [Dimension("region")], "population": "x", "release": None}
    bought = {"customer": "who", "date": "day", "amount": "cents", "as_of": "2026-10-31"}
    listed = {"measures": [Measure("people", "people")], "figures": []}
    return {
        "Measure": Call(Measure, ("people",), {"kind": "people"}),
        "Rate": Call(Rate, ("rate", "region"), {"part": ("01",)}),
        "Mean": Call(Mean, ("each",), {"of": "cents"}),
        "Share": Call(Share, (("region",),), {}),
        "Attribution": Call(campaigns.Attribution, (), {"email": 5}),
        "tabulate": Call(genlib.tabulate, (ROWS,), counted | listed),
        "protect": Call(genlib.protect, (), {"places": cells}),
        "open_release": Call(genlib.open_release, ("customer_analysis",), {}),
        "report_form": Call(genlib.report_form, ("customer_analysis",), {"language": "fi"}),
        "catalogue": Call(genlib.catalogue, (), {"language": "fi"}),
        "save": Call(genlib.save, (shown, "shown.txt"), {}),
        "review": Call(genlib.review, (contacts,), {"campaign": "all", "most": 9, "pseudonym": ""}),
        "period": Call(release.period, (OCTOBER,), {}),
        "table of a release": Call(release.__getitem__, ("customer",), {}),
        "around": Call(Period.around, (dt.date(2026, 10, 1), "month"), {}),
        "bars": Call(charts.bars, (table,), along | {"codes": ["01"], "limit": 3, "title": "x"}),
        "columns": Call(charts.columns, (table,), across | {"color": None}),
        "dots": Call(charts.dots, (table,), along | {"reference": 1.0, "p": ""}),
        "line": Call(charts.line, (table,), across | {"color": None}),
        "funnel": Call(charts.funnel, (table,), {"stage": "region", "value": "people"}),
        "map": Call(charts.map, (table,), {"region": "region", "value": "people"}),
        "table": Call(tables.table, (table,), {"by": "region", "columns": ["people"]}),
        "value": Call(table.value, ("people",), {}),
        "lead": Call(page.lead, (told,), {"period": OCTOBER}),
        "tile": Call(page.tile, (figure,), {"label": "x", "note": "", "trend": None}),
        "row": Call(page.row, (charts.bars(table, **along),), {"spans": (12,)}),
        "left_out": Call(
            page.left_out, (shown, release, "restricted"), {"title": "x", "message": "{n}"}
        ),
        "render": Call(page.render, (["x"],), {"title": "x", "language": "fi", "period": ""}),
        "say": Call(findings.say, ("{people} came",), {"people": figure}),
        "first": Call(findings.first, (told,), {}),
        "change": Call(findings.change, (table, "people", "x"), {"places": places}),
        "usual": Call(
            findings.usual, (table, "people"), {"places": places, "messages": ("a", "b", "c")}
        ),
        "between": Call(findings.between, (table, "rate"), {}),
        "contrast": Call(findings.contrast, (table, "region", "people", "x"), {}),
        "largest": Call(findings.largest, (table, "region", "people", "x"), {}),
        "narrowed": Call(findings.narrowed, (table,), ways),
        "nothing": Call(findings.nothing, (figure, "x"), {}),
        "since": Call(findings.since, (OCTOBER, "previous"), {}),
        "unfinished": Call(findings.unfinished, (table, OCTOBER, release), {}),
        "purchase_summary": Call(customers.purchase_summary, (PAID,), bought | {"unit": "week"}),
        "fit_bg_nbd": Call(customers.fit_bg_nbd, (HISTORIES,), {}),
        "fit_gamma_gamma": Call(customers.fit_gamma_gamma, (HISTORIES,), {}),
        "find_segments": Call(customers.find_segments, (release, OCTOBER), {"months": 24}),
        "by_region": Call(customers.by_region, (release, OCTOBER), ways),
        "expected_purchases": Call(
            model.expected_purchases, (13,), {"frequency": 2, "recency": 10, "T": 52}
        ),
        "probability_alive": Call(model.probability_alive, (2, 10, 52), {}),
        "expected_value": Call(value.expected_value, (2, 50), {}),
        "net_promoter_score": Call(
            satisfaction.net_promoter_score,
            ([10, 9, 8, 3],),
            {"weights": [1, 1, 2, 2], "strata": [1, 1, 2, 2], "level": 0.95},
        ),
        "likert": Call(
            satisfaction.likert,
            (ANSWERS,),
            {"items": ["helpful"], "scale": (1, 2, 3, 4, 5), "level": 0.95},
        ),
        "uplift": Call(campaigns.uplift, (10, 100, 5, 100), {"level": 0.95}),
        "outcomes": Call(
            campaigns.outcomes, (contacts, OCTOBER), {"what": "bought", "attribution": None}
        ),
        "uplift_by_campaign": Call(
            campaigns.uplift_by_campaign, (contacts, OCTOBER), {"days": 30, "months": 6}
        ),
        "funnel of contacts": Call(campaigns.funnel, (contacts, OCTOBER), {"campaign": "all"}),
        "nps_by": Call(satisfaction.nps_by, (releases["satisfaction"], OCTOBER), {"by": "region"}),
    }


RATE = Rate("rate", "region", part=("01",))
NAMES = (
    "Measure Rate Mean Share Attribution tabulate protect open_release report_form catalogue save "
    "review period around bars columns dots line funnel map table value lead tile row left_out "
    "render say first change usual between contrast largest narrowed nothing since unfinished "
    "purchase_summary fit_bg_nbd fit_gamma_gamma find_segments by_region expected_purchases "
    "probability_alive expected_value net_promoter_score likert uplift outcomes nps_by "
    "uplift_by_campaign"
)
CALLS = [*NAMES.split(), "table of a release", "funnel of contacts"]


def replace_each(call: Call, value: Any) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The arguments of a call with this value in the place of each, one at a time."""
    positions = [
        ((*call.args[:place], value, *call.args[place + 1 :]), call.named)
        for place in range(len(call.args))
    ]
    return [*positions, *((call.args, call.named | {name: value}) for name in call.named)]


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_value_is_one_line(calls: dict[str, Call], name: str) -> None:
    call = calls[name]
    for value in WRONG.values():
        for args, named in replace_each(call, value):
            try:
                made = call.function(*args, **named)
                if isinstance(made, Cells):
                    genlib.protect(cells=made)
                if isinstance(made, Item):
                    made.html()
            except GenlibError as error:
                line = NAMED_COLUMN.sub("", str(error))
                assert "\n" not in line
                assert SENTINEL not in line


def test_every_call_is_tried(calls: dict[str, Call]) -> None:
    assert set(CALLS) == set(calls)


@pytest.mark.parametrize(
    ("module", "name", "has"),
    [
        (genlib, "protct", "Dimension"),
        (charts, "pie", "bars"),
        (tables, "tabel", "table"),
        (page, "tilse", "tiles"),
        (findings, "chnage", "change"),
        (customers, "by_regoin", "by_region"),
        (campaigns, "funel", "funnel"),
        (satisfaction, "nps", "nps_by"),
    ],
)
def test_a_misspelt_name_is_told_which_there_are(module: Any, name: str, has: str) -> None:
    with pytest.raises(NoSuchName, match=f"has no such name; it has .*{has}") as caught:
        getattr(module, name)
    assert caught.value._render_traceback_() == [f"NoSuchName: {caught.value}"]
    assert not hasattr(module, "_repr_html_")


def test_a_release_that_lacks_a_table_says_which() -> None:
    with pytest.raises(NoSuchTable, match="the release has no table invoice, by which"):
        customers.by_region({}, OCTOBER)


def test_unknown_codes_leave_no_silent_gap(calls: dict[str, Call]) -> None:
    (table,) = calls["bars"].args
    with pytest.raises(UsageError, match="codes names 1 that region of table places"):
        charts.bars(table, x="people", y="region", codes=["01", SENTINEL])
    places = charts.bars(table, x="people", y="region", codes=["01", "21"]).plot.places
    assert places == ["Uusimaa"]  # there is an Åland, and nobody lives there


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: campaigns.uplift(1, 9, 1, 9, level=95), "level is a part of one"),
        (lambda: campaigns.uplift("1", 9, 1, 9), "successes of uplift is a whole number, not str"),
        (lambda: findings.first("x"), "first takes one finding or more"),
        (lambda: satisfaction.net_promoter_score("9"), "scores is a list or a column"),
        (lambda: satisfaction.net_promoter_score([9], weights=[1, 2]), "one value for each"),
        (lambda: satisfaction.net_promoter_score([9], weights=[-1]), "numbers from 0 on"),
        (lambda: satisfaction.likert(ANSWERS, items=["helpfull"]), "has no column helpfull"),
        (lambda: satisfaction.likert(ANSWERS, scale=[1, "2"]), "all texts or all numbers"),
        (lambda: Rate("late", "waited", part="31-"), "part of Rate is a list, not str"),
        (lambda: findings.usual(None, "x", places=({},), messages=("a",) * 3), "a list of 2"),
    ],
)
def test_what_may_be_given_is_said(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()


def test_modules_that_refuse_other_names_do_not_hide_from_mypy_which_they_have():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "genlib").rglob("*.py")]
    refusing = [source for source in sources if "__getattr__ = refuse_others" in source]
    open_to_mypy = [source for source in refusing if "\n__getattr__ =" in source]
    assert len(refusing) == 7
    assert open_to_mypy == []
