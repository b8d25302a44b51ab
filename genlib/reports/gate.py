"""The gate: of an executed notebook only what `genlib.present` displayed goes on, and every number
that its author wrote stands in a protected table of the report or in the notebook's own source.

It stops accidents: a print, a frame, a picture, a widget, a traceback, a number put into a title, a
pseudonym anywhere. It does not promise to stop intent: whoever writes a notebook reads rows, and
can hide a figure in words, in the order of things or in a drawing of their own. So a person decides
who may publish it (`approval`). Nor does it find every accident: a computed number that happens to
be in a table passes. Beside the 680 figures of a customer report that is so of every second number
of two digits, of one in ten of three and of one in forty of four.

Example: a title "7919 owe us" stops the run, unless a table of the report holds 7,919 or a cell of
the notebook says it; "46 %" passes beside a share of 0.4623.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from genlib.errors import CellFailed
from genlib.present.item import MIME
from genlib.reports.identifying import holds_pseudonym
from genlib.reports.numbers import has_strange_number, read_numbers, round_figures

_DROPPED = {"text/plain"}
"""IPython adds a plain repr to every output; it is neither shown nor kept."""


@dataclass(frozen=True)
class Passed:
    """One thing that may be shown: its HTML and what `present` says of it."""

    cell: int
    html: str
    facts: Mapping[str, Any]

    @property
    def output(self) -> dict[str, Any]:
        """As a notebook output that holds this and nothing else."""
        facts = {name: self.facts[name] for name in ("kind", "tables")}
        data = {"text/html": self.html, MIME: facts}
        return {"output_type": "display_data", "metadata": {}, "data": data}


def numbered(notebook: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    """Cells with their place in the author's notebook, from 1; the cell that papermill adds shares
    the place of the parameters."""
    place = 0
    for cell in notebook["cells"]:
        place += "injected-parameters" not in cell["metadata"].get("tags", [])
        yield place, cell


def check_source(notebook: Mapping[str, Any]) -> None:
    """CellFailed for the first cell that spells a pseudonym out: the notebook is kept with its
    report."""
    for place, cell in numbered(notebook):
        if holds_pseudonym("".join(cell["source"])):
            raise CellFailed(
                "holds a pseudonym; a report is about groups, never about a person",
                cell=place,
                error="pseudonym",
            )


def let_through(notebook: Mapping[str, Any]) -> dict[int, list[Passed]]:
    """By cell, counted from 0, what may be shown of an executed notebook; CellFailed, naming cell
    and kind, for the first output that may not leave."""
    check_source(notebook)
    outputs = {number: read(cell, place) for number, (place, cell) in enumerate(numbered(notebook))}
    things = [thing for cell in outputs.values() for thing in cell]
    if things:
        evidence = _find_evidence(things)
        _check_words(things, evidence, notebook)
    return outputs


def read(cell: Mapping[str, Any], place: int) -> list[Passed]:
    """The outputs of a code cell; CellFailed for the first one that `present` did not make."""
    return [_read_output(output, place) for output in cell.get("outputs", [])]


def _read_output(output: Mapping[str, Any], place: int) -> Passed:
    if output["output_type"] not in {"display_data", "execute_result"}:
        raise _stopped(place, output["output_type"])
    data: Mapping[str, Any] = output["data"]
    kinds = set(data) - _DROPPED
    ours = {MIME, "text/html"}
    if kinds != ours:
        strange = kinds - ours if kinds > ours else data
        raise _stopped(place, ", ".join(sorted(strange)) or "nothing")
    html = "".join(data["text/html"])
    if holds_pseudonym(html):
        raise _stopped(place, "a pseudonym")
    match data[MIME]:
        case {"kind": str(), "tables": [*_], "words": [*_]} as facts:
            return Passed(place, html, facts)
    raise _stopped(place, "something of an unknown form")


def _find_evidence(things: list[Passed]) -> Mapping[str, Any]:
    """What the conditions say of the tables that door 2 let out."""
    conditions = [thing for thing in things if "evidence" in thing.facts]
    if len(conditions) != 1:
        raise CellFailed(
            "ends without page.conditions, or with more than one; they bring the figures of the "
            "tables that a report shows",
            cell=things[-1].cell,
            error="conditions",
        )
    named = set(conditions[0].facts["tables"])
    for thing in things:
        if not named.issuperset(thing.facts["tables"]):
            raise _stopped(thing.cell, "a table that its conditions do not name")
    evidence: Mapping[str, Any] = conditions[0].facts["evidence"]
    if holds_pseudonym(evidence.get("sheets", "")):
        raise _stopped(conditions[0].cell, "a table with a pseudonym")
    return evidence


def _check_words(
    things: list[Passed], evidence: Mapping[str, Any], notebook: Mapping[str, Any]
) -> None:
    """CellFailed for the first word that holds a number which nothing explains."""
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    explained = round_figures(evidence["figures"])
    for text in [*sources, *evidence["texts"]]:
        explained |= read_numbers(text)
    for thing in things:
        if any(has_strange_number(word, explained) for word in thing.facts["words"]):
            raise CellFailed(
                "shows a computed number in its words; say it with genlib.present.findings, or "
                "show the table that holds it",
                cell=thing.cell,
                error="computed number",
            )


def _stopped(place: int, kind: str) -> CellFailed:
    return CellFailed(
        f"shows {kind}; a report shows only charts and tables of what genlib.protect let out",
        cell=place,
        error=kind,
    )
