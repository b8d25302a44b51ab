"""Door 2's last leaf: of an executed notebook only what `present` made goes on, and it is made anew
from the report's protected tables; anything else stops the export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from genlib.errors import CellFailed, GenlibError, NotProtected
from genlib.present import proof
from genlib.present.item import MIME
from genlib.present.recipe import Sources, prepared
from genlib.release import open_release
from genlib.reports.explained import Explained
from genlib.settings import Settings

_DROPPED = {"text/plain"}
"""IPython adds a plain repr to every output; it is neither shown nor kept."""


@dataclass(frozen=True)
class Passed:
    """One thing that may be shown: its HTML and what `present` says of it (`kind`, `tables`,
    ...)."""

    cell: int
    html: str
    facts: Mapping[str, Any]

    @property
    def output(self) -> dict[str, Any]:
        """As a notebook output that holds this and nothing else."""
        data = {"text/html": self.html, MIME: dict(self.facts)}
        return {"output_type": "display_data", "metadata": {}, "data": data}


@dataclass(frozen=True)
class _Output:
    """What an output of a cell holds: the recipe, the HTML if it was drawn in the notebook, and the
    protected tables if it has them."""

    cell: int
    recipe: Any
    html: str | None
    proof: str


def numbered(notebook: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    """Cells with their place in the author's notebook, from 1; the cell that papermill adds shares
    the place of the parameters."""
    place = 0
    for cell in notebook["cells"]:
        place += "injected-parameters" not in cell["metadata"].get("tags", [])
        yield place, cell


def let_through(
    notebook: Mapping[str, Any], settings: Settings | None = None
) -> dict[int, list[Passed]]:
    """By cell, counted from 0, what may be shown of an executed notebook; CellFailed for the first
    output that may not leave."""
    found = {number: read(cell, place) for number, (place, cell) in enumerate(numbered(notebook))}
    outputs = [output for cell in found.values() for output in cell]
    sources = _sources(outputs, notebook, settings)
    return {number: [_drawn(output, sources) for output in cell] for number, cell in found.items()}


def read(cell: Mapping[str, Any], place: int) -> list[_Output]:
    """The outputs of a code cell; CellFailed, naming cell and kind of output, for the first one
    that may not leave."""
    return [_read(output, place) for output in cell.get("outputs", [])]


def _read(output: Mapping[str, Any], place: int) -> _Output:
    if output["output_type"] not in {"display_data", "execute_result"}:
        raise _stopped(place, output["output_type"])
    data: Mapping[str, Any] = output["data"]
    strange = sorted(set(data) - {MIME, "text/html"} - _DROPPED)
    if strange or MIME not in data:
        raise _stopped(place, ", ".join(strange or sorted(data)) or "nothing")
    facts = data[MIME] if isinstance(data[MIME], Mapping) else {}
    return _Output(
        place,
        facts.get("recipe"),
        "".join(data["text/html"]) if "text/html" in data else None,
        facts.get("proof") or "",
    )


def _sources(
    outputs: Sequence[_Output], notebook: Mapping[str, Any], settings: Settings | None
) -> Sources:
    """What all that the report shows is made from: what its conditions say that door 2 let out."""
    told = [output for output in outputs if output.proof]
    if outputs and len(told) != 1:
        raise CellFailed(
            "ends without page.conditions, or with more than one; a report is made from the "
            "tables they bring",
            cell=outputs[-1].cell,
            error="conditions",
        )
    try:
        tables = proof.restored(told[0].proof if told else '{"tables": {}, "conditions": {}}')
    except NotProtected as strange:
        raise _stopped(told[0].cell, str(strange)) from None

    @cache
    def manifest(purpose: str, release: str) -> Any:
        return open_release(purpose, release, settings=settings).manifest

    return Sources(tables, manifest, Explained(notebook, tables))


def _drawn(output: _Output, sources: Sources) -> Passed:
    """The output made anew; CellFailed, if that cannot be, or if it was drawn in the notebook and
    looked otherwise."""
    try:
        item = prepared(output.recipe, sources)
        html = item.standing()
    except GenlibError as strange:
        raise _stopped(output.cell, str(strange)) from None
    except (
        Exception
    ) as error:  # a recipe made by hand may fail in any way, and its message may hold anything
        raise _stopped(
            output.cell, f"something that cannot be drawn ({type(error).__name__})"
        ) from None
    if output.html not in {None, html}:
        raise _stopped(output.cell, "a genlib output that was changed after it was made")
    return Passed(output.cell, html, replace(item, recipe=output.recipe, proof=output.proof).facts)


def _stopped(place: int, kind: str) -> CellFailed:
    return CellFailed(
        f"shows {kind}; a report shows only charts and tables of what genlib.protect let out",
        cell=place,
        error=kind,
    )
