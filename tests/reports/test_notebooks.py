"""The notebooks of the reports are thin, hold no outputs, and speak every language."""

from __future__ import annotations

import ast

import pytest
from sentences import code_of, sentences

from genlib.present.words import Words
from genlib.reports.run import report_names

REPORTS = [name for name in report_names() if name != "tour"]


@pytest.mark.parametrize("language", ["fi", "sv"])
@pytest.mark.parametrize("name", REPORTS)
def test_every_sentence_is_translated(name: str, language: str) -> None:
    assert Words(language).missing(sorted(sentences(name))) == []


@pytest.mark.parametrize("name", REPORTS)
def test_no_cell_defines_anything(name: str) -> None:
    nodes = [node for source in code_of(name) for node in ast.walk(ast.parse(source))]
    definitions = (ast.FunctionDef, ast.ClassDef, ast.Lambda)
    assert [node for node in nodes if isinstance(node, definitions)] == []
