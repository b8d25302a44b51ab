"""The notebooks of the reports are thin, hold no outputs, and speak every language."""

from __future__ import annotations

import ast
import builtins

import pytest
from sentences import cells_of, code_of, sentences

from genlib.present.words import Words
from genlib.reports.run import report_names

DRAWS = {"charts", "page", "tables"}
REPORTS = report_names()


@pytest.mark.parametrize("language", ["fi", "sv"])
@pytest.mark.parametrize("name", REPORTS)
def test_every_sentence_is_translated(name: str, language: str) -> None:
    assert Words(language).missing(sorted(sentences(name))) == []


ALL = [*REPORTS, "tour"]
LINES = 15
COLUMNS = 100


@pytest.mark.parametrize("name", ALL)
def test_a_cell_has_at_most_fifteen_lines_of_a_hundred_columns(name: str) -> None:
    cells = [source.splitlines() for source in code_of(name) if not is_parameters(source)]
    assert [lines[0] for lines in cells if len(lines) > LINES] == []
    assert [line for lines in cells for line in lines if len(line) > COLUMNS] == []


def is_parameters(source: str) -> bool:
    """Whether a cell holds nothing but annotated values."""
    return all(isinstance(node, ast.AnnAssign) for node in ast.parse(source).body)


@pytest.mark.parametrize("name", REPORTS)
def test_each_section_runs_alone_after_the_setup(name: str) -> None:
    """What a cell uses is made before the first heading, or in the same section."""
    setup: set[str] = {*dir(builtins)}
    made = setup
    missing = []
    for kind, source in cells_of(name):
        if kind == "markdown":
            made = {*setup} if source.startswith("## ") else made
            continue
        used, defined = names_in(source)
        missing += sorted(used - made - defined)
        made |= defined
    assert missing == []


def names_in(source: str) -> tuple[set[str], set[str]]:
    """The names that a cell uses, and those that it makes."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    imported = {alias.asname or alias.name for node in nodes for alias in imports(node)}
    return used, stored | imported


def imports(node: ast.AST) -> list[ast.alias]:
    return node.names if isinstance(node, ast.Import | ast.ImportFrom) else []


@pytest.mark.parametrize("name", REPORTS)
def test_no_cell_decides_by_a_condition_what_is_drawn(name: str) -> None:
    """A row leaves out by itself what is optional and has nothing to show."""
    nodes = [node for source in code_of(name) for node in ast.walk(ast.parse(source))]
    choices = [node for node in nodes if isinstance(node, ast.IfExp | ast.If)]
    calls = [
        ast.unparse(part)
        for choice in choices
        for part in ast.walk(choice)
        if isinstance(part, ast.Call) and DRAWS & {*ast.unparse(part.func).split(".")[:1]}
    ]
    nested = [ast.unparse(choice) for choice in choices if len(conditions_in(choice)) > 1]
    assert (calls, nested) == ([], [])


def conditions_in(choice: ast.AST) -> list[ast.AST]:
    return [node for node in ast.walk(choice) if isinstance(node, ast.IfExp | ast.If)]


@pytest.mark.parametrize("name", REPORTS)
def test_no_cell_defines_anything(name: str) -> None:
    nodes = [node for source in code_of(name) for node in ast.walk(ast.parse(source))]
    definitions = (ast.FunctionDef, ast.ClassDef, ast.Lambda)
    assert [node for node in nodes if isinstance(node, definitions)] == []
