"""Door 2's last leaf: of an executed notebook only outputs that `present` made and sealed go on, and of these only what the report's
protected tables explain; anything else stops the export."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genlib.errors import CellFailed
from genlib.reports.content import StrangeError, check
from genlib.reports.figures import Known

MIME = "application/vnd.genlib+json"
_DROPPED = {"text/plain"}
"""IPython adds a plain repr to every output; it is neither shown nor kept."""


@dataclass(frozen=True)
class Passed:
    """One thing that may be shown: its HTML and what `present` says of it (`kind`, `tables`, ...)."""

    cell: int
    html: str
    facts: Mapping[str, Any]

    @property
    def output(self) -> dict[str, Any]:
        """As a notebook output that holds this and nothing else."""
        data = {"text/html": self.html, MIME: dict(self.facts)}
        return {"output_type": "display_data", "metadata": {}, "data": data}


def numbered(notebook: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    """Cells with their place in the author's notebook, from 1; the cell that papermill adds shares the place of the parameters."""
    place = 0
    for cell in notebook["cells"]:
        place += "injected-parameters" not in cell["metadata"].get("tags", [])
        yield place, cell


def let_through(notebook: Mapping[str, Any]) -> dict[int, list[Passed]]:
    """By cell, counted from 0, what may be shown of an executed notebook; CellFailed for the first output that may not leave."""
    found = {number: passed(cell, place) for number, (place, cell) in enumerate(numbered(notebook))}
    items = [item for cell in found.values() for item in cell]
    known = known_of(items, notebook)
    for item in items:
        try:
            check(item.html, item.facts, known)
        except StrangeError as strange:
            raise _stopped(item.cell, str(strange)) from None
    return found


def known_of(items: Sequence[Passed], notebook: Mapping[str, Any]) -> Known:
    """What the conditions of the report hold its figures against."""
    proofs = [item.facts["proof"] for item in items if item.facts["kind"] == "conditions" and "proof" in item.facts]
    if items and len(proofs) != 1:
        place = items[-1].cell
        raise CellFailed(
            "ends without page.conditions, or with more than one; a report's figures are held against it", cell=place, error="conditions"
        )
    authored = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    return Known(proofs[0] if items else {"language": "en", "tables": {}, "said": [], "people": 0, "left_out": []}, authored)


def passed(cell: Mapping[str, Any], place: int) -> list[Passed]:
    """The outputs of a code cell; CellFailed, naming cell and kind of output, for the first one that may not leave."""
    return [_pass(output, place) for output in cell.get("outputs", [])]


def _pass(output: Mapping[str, Any], place: int) -> Passed:
    if output["output_type"] not in {"display_data", "execute_result"}:
        raise _stopped(place, output["output_type"])
    data: Mapping[str, Any] = output["data"]
    strange = sorted(set(data) - {MIME, "text/html"} - _DROPPED)
    if strange or MIME not in data or "text/html" not in data:
        raise _stopped(place, ", ".join(strange or sorted(data)))
    html, facts = "".join(data["text/html"]), data[MIME]
    if facts.get("sha256") != hashlib.sha256(html.encode()).hexdigest():
        raise _stopped(place, "a genlib output that was changed after it was made")
    return Passed(place, html, facts)


def _stopped(place: int, kind: str) -> CellFailed:
    return CellFailed(f"shows {kind}; a report shows only charts and tables of what genlib.protect let out", cell=place, error=kind)
