"""Figures and words in Finnish, Swedish and English; and nothing that a report says without a
Finnish word for it."""

from __future__ import annotations

import ast
import json
import re
from datetime import date
from pathlib import Path

import pytest

from genlib.errors import UsageError
from genlib.period import Period
from genlib.present.words import Words, catalogue, form_of, sort_key
from genlib.reports import prose

ROOT = Path(__file__).resolve().parents[2]
SAYS = {
    "translate",
    "compose_finding",
    "noted",
    "change",
    "difference",
    "largest",
    "highest",
    "surely",
    "lost",
    "method",
    "_section",
    "_chart",
}
SHOWN = {"name", "title", "subtitle", "note", "label", "what", "since", "recipients"}
FI, SV, EN = Words("fi"), Words("sv"), Words("en")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (FI.number(1234567.891, 3), "1\u00a0234\u00a0567,891"),
        (FI.number(1234), "1\u00a0234"),
        (FI.number(-1234.5, 1), "−1\u00a0234,5"),
        (FI.number(-0.01), "0"),
        (EN.number(1234.5, 1), "1,234.5"),
        (FI.figure(0.1234, "percent"), "12,3\u00a0%"),
        (EN.figure(0.1234, "percent"), "12.3%"),
        (FI.figure(0.0041, "percent"), "0,41\u00a0%"),
        (FI.figure(0.9992, "percent"), "99,92\u00a0%"),
        (FI.figure(0.018, "change"), "+1,8\u00a0%"),
        (FI.figure(0.023, "points"), "+2,3\u00a0%‑yks."),
        (FI.figure(-0.023, "points"), "−2,3\u00a0%‑yks."),
        (FI.figure(99950, "money"), "999,50\u00a0€"),
        (FI.figure(123450, "money"), "1\u00a0234\u00a0€"),
        (FI.figure(100000000000, "money"), "1\u00a0000,0\u00a0milj.\u00a0€"),
        (FI.figure(-500, "money"), "−5\u00a0€"),
        (FI.figure(None, "number"), ".."),
        (FI.figure(0.451, "index"), "+45"),
        (FI.figure(0.0001, form_of("p_holm")), "<\u00a00,01"),
        (FI.figure(0.64, form_of("mismatch_p")), "0,64"),
        (FI.interval(0.41, 0.515, "percent"), "41,0–51,5\u00a0%"),
        (FI.interval(-0.009, 0.026, "points"), "−0,9\u00a0…\u00a02,6\u00a0%‑yks."),
        (FI.interval(86110, 782900, "money"), "861–7\u00a0829\u00a0€"),
        (FI.interval(110, 250, "money"), "1,10–2,50\u00a0€"),
        (FI.date(date(2026, 11, 3)), "3.11.2026"),
        (FI.date("2026-11-01T04:00:00Z"), "1.11.2026"),
        (EN.date(date(2026, 11, 3)), "3\u00a0Nov\u00a02026"),
        (FI.month(date(2026, 10, 1)), "loka"),
        (SV.month(date(2026, 10, 1)), "okt"),
        (FI.period("2026-10"), "lokakuu\u00a02026"),
        (FI.period(Period.parse("2026-Q3")), "heinä–syyskuu\u00a02026"),
        (SV.period("2026-Q3"), "juli–september\u00a02026"),
        (FI.period("2026"), "2026"),
        (FI.label("region", "01"), "Uusimaa"),
        (SV.label("region", "01"), "Nyland"),
        (SV.label("municipality", "091"), "Helsingfors"),
        (FI.label("age_band", "18-24"), "18–24"),
        (FI.label("age_band", "75-"), "75–"),
        (FI.label("region", "unknown"), "tuntematon"),
        (FI.label("channel", None), "yhteensä"),
        (FI.label("month", date(2026, 10, 1)), "loka\u00a02026"),
        (FI.label("campaign", "Syystarjous"), "Syystarjous"),
        (FI.column("people"), "Asiakkaita"),
    ],
)
def test_figures_and_words(said, wanted):
    assert said == wanted


def test_figures_of_a_column_have_as_many_decimals():
    assert FI.figures([0.0, 0.0058, None], "percent") == ["0,00", "0,58", ".."]


def test_marks_of_an_axis_say_their_step():
    assert [FI.tick(v, "points", 0.025) for v in (-0.025, 0.0, 0.025)] == ["−2,5", "0,0", "2,5"]


@pytest.mark.parametrize(
    ("column", "form"),
    [
        ("amount_cents", "money"),
        ("nps", "index"),
        ("uplift_low", "points"),
        ("change_year", "change"),
        ("share", "percent"),
        ("mean", "decimal"),
    ],
)
def test_a_columns_name_tells_its_form(column, form):
    assert form_of(column) == form


def test_whole_numbers_are_numbers():
    assert form_of("opened", whole=True) == "number"


def test_finnish_alphabetical_order():
    assert sorted(["Öhman", "Åberg", "Zacharias", "Ähtäri", "von Essen"], key=sort_key) == [
        "von Essen",
        "Zacharias",
        "Åberg",
        "Ähtäri",
        "Öhman",
    ]


def test_an_unknown_language_is_named():
    with pytest.raises(UsageError, match="fi, sv, en"):
        Words("de")


def test_a_missing_translation_can_be_detected():
    assert FI.missing(["Conditions", "never heard"]) == ["never heard"]


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_every_code_has_a_name(language):
    codes = {key for key in catalogue("en") if key[0]}
    assert codes - catalogue(language).keys() == set()


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_translations_fill_in_the_same_names(language):
    fields = re.compile(r"{(\w+)}")
    assert [
        m
        for (context, m), said in catalogue(language).items()
        if not context and set(fields.findall(m)) != set(fields.findall(said))
    ] == []


def spoken(source: str) -> set[str]:
    """The English messages in code: text given to what speaks, and by the names of captions."""
    found: set[str] = set()
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        given = [
            *(call.args if name in SAYS else []),
            *(k.value for k in call.keywords if k.arg in SHOWN),
        ]
        found |= {text for node in given for text in texts(node)}
    return {text for text in found if re.search(r"[a-z]{2}.*[ .A-Z]|^[A-Z][a-z]+", text)}


def texts(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    parts = {
        ast.IfExp: ("body", "orelse"),
        ast.BoolOp: ("values",),
        ast.Tuple: ("elts",),
        ast.Dict: ("keys",),
    }.get(type(node), ())
    inner = [getattr(node, part) for part in parts]
    return [
        text
        for part in inner
        for child in (part if isinstance(part, list) else [part])
        for text in texts(child)
    ]


@pytest.mark.parametrize("language", [FI, SV])
@pytest.mark.parametrize(
    "module", sorted((ROOT / "genlib" / "present").glob("*.py")), ids=lambda path: path.stem
)
def test_all_that_the_house_says_is_translated(module, language):
    assert language.missing(sorted(spoken(module.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "notebook", sorted((ROOT / "notebooks").glob("*_*.ipynb")), ids=lambda path: path.stem
)
def test_all_that_a_notebook_says_has_finnish(notebook):
    cells = json.loads(notebook.read_text(encoding="utf-8"))
    code = ["".join(cell["source"]) for cell in cells["cells"] if cell["cell_type"] == "code"]
    assert (
        FI.missing(
            sorted({*prose.messages(cells), *(text for source in code for text in spoken(source))})
        )
        == []
    )
