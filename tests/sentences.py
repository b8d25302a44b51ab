"""What the notebooks of the reports say, in text and in code."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import Any

from workbench import ROOT

from genlib.reports import prose

CODES = {"at risk", "opted out", "dose_opted out", "no complaint", "no response", "other ground"}
"""Values of the tables that have a space in them."""


def book(name: str) -> dict[str, Any]:
    text = (ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
    notebook: dict[str, Any] = json.loads(text)
    return notebook


def cells_of(name: str) -> list[tuple[str, str]]:
    """The kind (code, markdown) and the source of each cell."""
    return [(cell["cell_type"], "".join(cell["source"])) for cell in book(name)["cells"]]


def code_of(name: str) -> list[str]:
    """The source of each cell of code."""
    return [source for kind, source in cells_of(name) if kind == "code"]


def sentences(name: str) -> set[str]:
    """Every English sentence of a notebook, in text and in code."""
    nodes = [node for source in code_of(name) for node in ast.walk(ast.parse(source))]
    computed = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in computed for part in ast.walk(node)} | set(_own_words(nodes))
    constants = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in parts]
    texts = {node.value for node in constants if isinstance(node.value, str)}
    return {*prose.messages(book(name)), *(text for text in texts if " " in text)} - CODES


def _own_words(nodes: list[ast.AST]) -> Iterator[int]:
    """The words that a dimension brings in every language: they need no catalogue."""
    for node in nodes:
        if isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            if keys == {"fi", "sv", "en"}:
                yield from map(id, node.values)
