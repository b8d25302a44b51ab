import pytest

from genlib.errors import CellFailed
from genlib.reports import prose

SOURCE = """# Customers

Why we look:
one sentence over two lines.
- first
- second
## Method
1. counted"""


def test_finds_headings_items_and_joined_paragraphs():
    found = [text for _, text in prose.paragraphs(SOURCE) if text]
    assert found == [
        "Customers",
        "Why we look: one sentence over two lines.",
        "first",
        "second",
        "Method",
        "counted",
    ]


def test_translates_each_paragraph_and_keeps_the_marks():
    assert (
        prose.translated("# Customers\n\n- first\n- second", str.upper)
        == "# CUSTOMERS\n\n- FIRST\n- SECOND"
    )


def test_untranslated_text_renders_the_same():
    assert prose.html(prose.translated(SOURCE, str), cell=1) == prose.html(SOURCE, cell=1).replace(
        "look:\none", "look: one"
    )


def test_title_is_the_first_heading():
    cells = [
        {"cell_type": "markdown", "source": "text"},
        {"cell_type": "markdown", "source": ["# One\n", "# Two"]},
    ]
    assert prose.title({"cells": cells}, "fi") == "One"
    assert prose.messages({"cells": cells}) == ["text", "One", "Two"]


def test_text_for_one_language_is_in_no_other_and_needs_no_translation():
    cells = [
        {"cell_type": "markdown", "source": "# Maksut", "metadata": {"tags": ["fi"]}},
        {"cell_type": "markdown", "source": "# Payments", "metadata": {"tags": ["en", "x"]}},
        {"cell_type": "markdown", "source": "All", "metadata": {"tags": ["x"]}},
    ]
    shown = [[prose.is_for(cell, language) for cell in cells] for language in ("fi", "en", "sv")]
    assert shown == [[True, False, True], [False, True, True], [False, False, True]]
    titles = [prose.title({"cells": cells}, language) for language in ("fi", "en", "sv")]
    assert titles == ["Maksut", "Payments", "Maksut"]
    assert prose.messages({"cells": cells}) == ["All"]


def test_raw_html_is_shown_as_text():
    assert "<script" not in prose.html("<script>alert(1)</script> a <b onclick=x>b</b>", cell=1)


def test_a_picture_stops_with_the_cell():
    with pytest.raises(CellFailed, match="cell 3 holds a picture"):
        prose.html("![x](data:image/png;base64,AAAA)", cell=3)
