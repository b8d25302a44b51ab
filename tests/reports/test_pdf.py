"""The page on paper: tagged, with its language, title, bookmarks and page numbers."""

from __future__ import annotations

import re
from io import BytesIO

import polars as pl
import pypdf
import pytest
import weasyprint
from weasyprint.formatting_structure.boxes import ReplacedBox

from genlib.disclosure.cells import PEOPLE, Dimension
from genlib.disclosure.table import SEAL, ProtectedTable
from genlib.present import charts, page
from genlib.reports.pdf import to_pdf


@pytest.fixture(scope="module")
def document() -> pypdf.PdfReader:
    parts = [f"<h2>Osa {number}</h2><p>{'Sana. ' * 900}</p>" for number in (1, 2, 3)]
    html = page.render(parts, title="Kampanjahistoria", language="fi", period="2026-10")
    return pypdf.PdfReader(BytesIO(to_pdf(html)))


def test_the_document_is_tagged_and_says_its_language_and_title(document):
    root = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "fi"
    assert "pdfuaid:part" in root["/Metadata"].get_data().decode()
    assert document.metadata.title == "Kampanjahistoria, lokakuu\u00a02026"


def test_each_heading_is_a_bookmark(document):
    titles = [one.title for one in _flatten(document.outline)]
    assert titles[-3:] == ["Osa 1", "Osa 2", "Osa 3"]


def test_each_page_has_its_number_and_all_but_the_first_the_running_title(document):
    texts = [one.extract_text().replace("\u00a0", " ") for one in document.pages]
    assert all(f"{number} / {len(texts)}" in said for number, said in enumerate(texts, 1))
    assert all("Kampanjahistoria, lokakuu 2026" in said for said in texts[1:])


def _flatten(outline):
    for one in outline:
        if isinstance(one, list):
            yield from _flatten(one)
        else:
            yield one


def test_conditions_stand_on_one_page():
    entries = "".join(f"<div><dt>Ehto {number}</dt><dd>Arvo</dd></div>" for number in range(30))
    conditions = f'<dl class="conditions">{entries}</dl>'
    parts = ["<p>Sana.</p>" * 22, f'<section class="card conditions">{conditions}</section>']
    html = page.render(parts, title="Kampanjahistoria", language="fi")
    texts = [one.extract_text() for one in pypdf.PdfReader(BytesIO(to_pdf(html))).pages]
    assert ["Ehto" in said for said in texts] == [False, True]


def _list_letters(html):
    """The height in points of the letters of each chart on paper: 13 pixels of its drawing."""
    drawn = re.findall(r'<div class="chart paper"><svg[^>]*viewBox="0 0 ([\d.]+)', html)
    pages = weasyprint.HTML(string=html).render().pages
    boxes = [box for one in pages for box in one._page_box.descendants()]
    pictures = [box.width for box in boxes if isinstance(box, ReplacedBox)]
    return [13 * 0.75 * width / float(room) for width, room in zip(pictures, drawn, strict=True)]


@pytest.mark.parametrize("spans", [(12,), (8, 4), (7, 5), (6, 6), (4, 4, 4)])
def test_letters_of_charts_are_eight_points_or_more(spans):
    rows = [{"topic": topic, "people": people} for topic, people in (("a", 40), ("b", 30))]
    frame = pl.DataFrame(rows).with_columns(reason=pl.lit(None, pl.String))
    table = ProtectedTable("sample", frame, (Dimension("topic"),), (PEOPLE,), 0, "fi", SEAL)
    chart = charts.columns(table, x="topic", y="people")
    row = page.row(*[chart] * len(spans), spans=spans)
    letters = _list_letters(page.render([row.html()], title="Kampanjahistoria", language="fi"))
    assert len(letters) == len(spans)
    assert 8 <= min(letters) <= max(letters) <= 10
