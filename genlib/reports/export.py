"""An executed notebook as one HTML page, and as a notebook that may be kept: both hold only what
passed the gate."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from genlib.errors import ReportFailed
from genlib.present import page
from genlib.present.item import Block, Untold
from genlib.present.sheets import Sheet, write_workbook
from genlib.present.words import Words
from genlib.reports import prose
from genlib.reports.gate import Passed, numbered
from genlib.reports.identifying import mask_pseudonyms
from genlib.reports.jupyter import nbformat

Shown = Mapping[int, list[Passed]]
"""By cell, counted from 0, what passed the gate."""
_LOADS = re.compile(
    r"<(?:script|link|iframe|object|embed|base)\b"
    # any scheme but data: - http, ftp, file, mailto - or none and a host
    r"|(?:src|href)\s*=\s*[\"']?\s*(?!data:)(?:[a-z][a-z\d+.-]*:|//)"
    r"|@import|url\(\s*[\"']?(?!data:|#)",
    re.I,
)


def to_html(
    notebook: Mapping[str, Any],
    outputs: Shown,
    *,
    language: str,
    period: str = "",
    making: str = "",
) -> str:
    """The page: markdown in the language asked for, then what passed the gate, in the notebook's
    order, without code; at its end `making`, HTML of how it is made again."""
    words = Words(language)
    blocks = [
        block
        for number, (place, cell) in enumerate(numbered(notebook))
        for block in _blocks(cell, place, outputs[number], words)
    ]
    blocks.append(Block(making))
    title = words.translate(prose.title(notebook, language))
    html = page.render(blocks, title=title, language=language, period=period)
    if loading := _LOADS.search(html):
        raise ReportFailed(
            f"the page would load or run something from elsewhere ({loading.group(0)[:12].strip()})"
        )
    return html


def to_keep(notebook: Mapping[str, Any], outputs: Shown) -> bytes:
    """The executed notebook with the outputs that passed and without paths, times or plain-text
    copies."""
    cells = [
        _copy_cell(cell, [item.output for item in outputs[number]])
        for number, cell in enumerate(notebook["cells"])
    ]
    return _written(notebook, cells)


def failed(notebook: Mapping[str, Any], *, cell: int, error: str) -> bytes:
    """The notebook without outputs but for one: in the cell that failed, the class of the error. A
    pseudonym that was spelt out in it is not kept."""
    mark = {"output_type": "error", "ename": error, "evalue": f"cell {cell}", "traceback": []}
    cells = [
        _copy_cell(c, [mark] if place == cell and "outputs" in c else [])
        for place, c in numbered(notebook)
    ]
    return _written(notebook, cells)


def facts(outputs: Shown) -> list[Mapping[str, Any]]:
    """What `present` says of each thing shown, in order."""
    items = (item for cell in outputs.values() for item in cell)
    return [
        {"cell": item.cell, "kind": item.facts["kind"], "tables": item.facts["tables"]}
        for item in items
    ]


def write_tables(outputs: Shown, language: str) -> bytes:
    """An Excel workbook of the tables that the page shows, or parts of which; nothing if there are
    none. The ledger knows them already."""
    facts_of_items = facts(outputs)
    names = {
        name for one in facts_of_items if one["kind"] != "conditions" for name in one["tables"]
    }
    packed = json.loads(_find_evidence(outputs).get("sheets", "[]"))
    sheets = [Sheet.unpack(one) for one in packed if one["table"] in names]
    return write_workbook(sheets, language) if sheets else b""


def release(outputs: Shown) -> tuple[str, str] | None:
    """Purpose and id of the release that the conditions name; None for a report without them."""
    evidence = _find_evidence(outputs)
    if not evidence:
        return None
    purpose, release_id = evidence["release"]
    return purpose, release_id


def audit(outputs: Shown) -> bytes:
    """What others need to audit the report, as its conditions bring it: policy, pattern, published
    figures and their places."""
    text: str = _find_evidence(outputs).get("audit", "{}")
    return json.dumps(json.loads(text)).encode()


def _find_evidence(outputs: Shown) -> Mapping[str, Any]:
    """What the conditions bring of the report's tables."""
    items = (item for cell in outputs.values() for item in cell)
    return next((item.facts["evidence"] for item in items if "evidence" in item.facts), {})


def _blocks(cell: Mapping[str, Any], place: int, items: list[Passed], words: Words) -> list[Block]:
    if cell["cell_type"] == "markdown":
        if not prose.is_for(cell, words.language):
            return []
        text = prose.translated("".join(cell["source"]), words.translate)
        return [Block(prose.html(text, cell=place))]
    return [Block(item.html, _read_untold(item)) for item in items]


def _read_untold(item: Passed) -> tuple[Untold, ...]:
    return tuple(Untold(**one) for one in item.facts.get("untold", []))


def _copy_cell(cell: Mapping[str, Any], outputs: list[dict[str, Any]]) -> Any:
    source = mask_pseudonyms("".join(cell["source"]))
    tags = {"tags": list(cell["metadata"].get("tags", []))}
    if cell["cell_type"] != "code":
        metadata = tags if tags["tags"] else {}
        return nbformat.v4.new_markdown_cell(source, id=cell["id"], metadata=metadata)
    nodes = [nbformat.from_dict(output) for output in outputs]
    return nbformat.v4.new_code_cell(source, id=cell["id"], metadata=tags, outputs=nodes)


def _written(notebook: Mapping[str, Any], cells: list[Any]) -> bytes:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    document = nbformat.v4.new_notebook(
        cells=cells, metadata={**kernel, "language_info": {"name": "python"}}
    )
    return str(nbformat.writes(document)).encode()
