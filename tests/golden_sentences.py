"""All sentences of a report as a text to read, in each language: tests/golden/REPORT.LANGUAGE.txt.
What genlib itself says in every report - findings, tiles, conditions - is in house.LANGUAGE.txt.

Written anew with: PYTHONPATH=. .venv/bin/python tests/golden_sentences.py
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from sentences import CODES, book
from workbench import ROOT

from genlib.present.words import Words, catalogue
from genlib.reports import prose

FOLDER = ROOT / "tests" / "golden"
RENEW = "PYTHONPATH=. .venv/bin/python tests/golden_sentences.py"
REPORTS = ("customer_analysis", "satisfaction_survey", "campaign_history")
HOUSE = "house"
LANGUAGES = ("fi", "sv", "en")


def list_sentences(name: str) -> list[str]:
    """The English sentences of a report, or of the house, in the order of their source. Of texts in
    code those that a catalogue knows."""
    found = _read_house() if name == HOUSE else _read_notebook(name)
    known = {message for context, message in catalogue("fi") if context is None}
    return [text for text in dict.fromkeys(found) if text in known and " " in text]


def _read_notebook(name: str) -> Iterator[str]:
    for cell in book(name)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield from (text for _, text in prose.paragraphs(source) if text)
        else:
            yield from _read_code(source)


def _read_house() -> Iterator[str]:
    places = [
        *(ROOT / "genlib" / "present").glob("*.py"),
        *(ROOT / "genlib" / "disclosure").glob("*.py"),
    ]
    for path in sorted([*places, *(ROOT / "genlib" / "reports").glob("*.py")]):
        yield from _read_code(path.read_text(encoding="utf-8"))


def _read_code(source: str) -> Iterator[str]:
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    texts = [node for node in nodes if isinstance(node.value, str) and node.value not in CODES]
    for node in sorted(texts, key=lambda node: (node.lineno, node.col_offset)):
        yield str(node.value)


def write_text(name: str, language: str) -> str:
    """The sentences in a language, one a line."""
    words = Words(language)
    return "".join(f"{words.translate(message)}\n" for message in list_sentences(name))


def find_file(name: str, language: str) -> Path:
    """Where they are kept."""
    return FOLDER / f"{name}.{language}.txt"


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name in (*REPORTS, HOUSE):
        for language in LANGUAGES:
            find_file(name, language).write_text(write_text(name, language), encoding="utf-8")


if __name__ == "__main__":
    main()
