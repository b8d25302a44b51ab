"""The page on paper: tagged, with its language, title, bookmarks and page numbers."""

from __future__ import annotations

from io import BytesIO

import pypdf
import pytest

from genlib.present import page
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
