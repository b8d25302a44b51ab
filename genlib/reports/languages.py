"""What of a notebook is the same in every language: the cells up to the one tagged `figures`.

A report in three languages runs them once, and the cells below once a language, in one kernel. So
its pages show the same figures, and the ledger is asked once. A notebook without such a cell, or
with one above it that reads `language`, runs whole for each language.

Example: of twenty cells the tenth, `figures = genlib.protect(...)`, is tagged; the eleventh is
`shown = figures.in_language(language)`. Three languages run 10 + 3 x 10 cells.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from genlib.reports.execute import is_injected

TAG = "figures"
LANGUAGE = "language"


def count_shared(notebook: Mapping[str, Any]) -> int:
    """How many of its first cells run once for all languages."""
    cells = notebook["cells"]
    tagged = [place for place, cell in enumerate(cells) if TAG in _read_tags(cell)]
    if not tagged:
        return 0
    shared = cells[: tagged[-1] + 1]
    return 0 if any(_reads_language(cell) for cell in shared) else len(shared)


def has_shown(notebook: Mapping[str, Any], count: int) -> bool:
    """Whether one of the first cells showed something, which every language would have to show."""
    return any(cell.get("outputs") for cell in notebook["cells"][:count])


def _read_tags(cell: Mapping[str, Any]) -> list[str]:
    tags: list[str] = cell["metadata"].get("tags", [])
    return tags


def _reads_language(cell: Mapping[str, Any]) -> bool:
    """Whether the code of a cell that brings no parameters names the language; what is no plain
    Python may."""
    if cell["cell_type"] != "code" or "parameters" in _read_tags(cell) or is_injected(cell):
        return False
    try:
        nodes = list(ast.walk(ast.parse("".join(cell["source"]))))
    except (SyntaxError, ValueError):
        return True
    return any(isinstance(node, ast.Name) and node.id == LANGUAGE for node in nodes)
