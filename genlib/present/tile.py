"""Tiles: the figures that a page begins with, each with its label, its change and its trend."""

from __future__ import annotations

import re

from genlib.disclosure.table import ProtectedTable, Shown
from genlib.errors import NotProtected, UsageError
from genlib.present.authored import keep_words
from genlib.present.forms import read_figure_form
from genlib.present.item import NOTHING, SMALL, Item, Untold, caption, list_untold, text, together
from genlib.present.plot import captions, check_direction, read
from genlib.present.theme import color
from genlib.present.words import DASH, Words

TREND = ("table", "its column of time", "its column of figures")
"""What a small line below a tile is drawn of."""
THREES = (3, 5, 6)
"""So many tiles stand in lines of three; `style.css` says the same."""


@keep_words
def tile(  # noqa: PLR0913 - what a tile is
    cell: Shown,
    *,
    label: str,
    note: str = "",
    good: str = "",
    trend: tuple[ProtectedTable, str, str] | None = None,
    optional: bool = False,
) -> Item:
    """One figure with its label. `note`: a finding or an English message; `good`: the direction
    (up, down) that is good news; `trend`: a table with its time and value columns, for the small
    line below. `optional`: left out where there is no figure."""
    if not isinstance(cell, Shown):
        raise NotProtected("tiles take a figure of a ProtectedTable; use table.value(column, ...)")
    check_direction(good)
    if trend is not None and not (isinstance(trend, tuple) and len(trend) == len(TREND)):
        raise UsageError(f"trend is ({', '.join(TREND)})")
    words = Words(cell.language)
    form = read_figure_form(cell)
    figure = words.figure(cell.value, form)
    tone = getattr(note, "tone", "") if cell.value is not None else ""
    brief = getattr(note, "brief", "") or captions(words, {"note": note})["note"]
    if tone == "unknown":
        brief = ""
    mood = ""
    if good and tone in {"up", "down"}:
        mood = " good" if tone == good else " bad"
    name = words.translate(label)
    body = f'<div class="n">{text(figure)}</div><div class="l">{text(name)}</div>'
    if brief:
        body += f'<div class="c{mood}">{_strong(brief, tone if good else "")}</div>'
    line = _spark(*trend) if trend else ""
    html = f'<div class="tile">{body}{line}</div>'
    is_nothing = cell.value is None and cell.reason in {None, "empty"}
    untold = _tell_no_figure(name, is_nothing=is_nothing)
    return Item(
        "tile",
        (cell.table,),
        words.language,
        "" if cell.value is None else html,
        is_blank=optional and is_nothing,
        untold=(untold,) if cell.value is None else (),
    )


def _tell_no_figure(name: str, *, is_nothing: bool) -> Untold:
    """A tile's label without its figure, behind the sign that stands for one in a table: most
    labels go on from it, as "of the contacts were not allowed" does."""
    sign, reason = (DASH, NOTHING) if is_nothing else ("..", SMALL)
    return Untold(f"{sign}\u00a0{name}", reason=reason)


@keep_words
def tiles(*items: Item) -> Item:
    """Four to six tiles side by side."""
    names = together(items, "tile")
    present = [item.html() for item in items if not item.is_blank and not item.untold]
    body = arrange_tiles(present) if present else ""
    return Item("tiles", names, items[0].language, body, untold=list_untold(items))


def arrange_tiles(present: list[str]) -> str:
    """Tiles in lines of four, or of three where the last line is fuller so. A screen makes lines of
    its own; either way the last fills its line."""
    most = 3 if len(present) in THREES else 4
    starts = range(0, len(present), most)
    lines = [present[start : start + most] for start in starts]
    written = [f'<div class="line l{len(line)}">{"".join(line)}</div>' for line in lines]
    return f'<div class="tiles n{len(present)}">{"".join(written)}</div>'


def _strong(sentence: str, tone: str) -> str:
    """The figure in front made strong, with an arrow for what cannot rest on colour alone."""
    arrow = {"up": "▲ ", "down": "▼ "}.get(tone, "")
    sign = "[+−]?" if arrow else "[+−]"
    figure = re.match(sign + r"\d[\d\u00a0,.]*(?:\u00a0?(?:%[-‑]\w+\.|%|€|pp))?", sentence)
    if figure:
        rest = sentence[figure.end() :].strip()
        return f"<b>{arrow}{text(figure[0].strip())}</b> {caption(rest)}"
    mark = arrow and f"<b>{arrow}</b>"
    return f"{mark}{caption(sentence)}"


def _spark(table: ProtectedTable, x: str, y: str) -> str:
    values = read(table, {}, x, y).frame["value"]
    if values.count() < 3:
        return ""
    numbers = [float(value) for value in values.drop_nulls()]
    low = min(numbers)
    height = max(numbers) - low or 1.0
    points: list[str] = []
    for place, value in enumerate(values):
        if value is None:
            continue
        x_place = 100 * place / (len(values) - 1)
        y_place = 30 - 26 * (value - low) / height
        points.append(f"{x_place:.1f},{y_place:.1f}")
    line = (
        f'<polyline points="{" ".join(points)}" fill="none" stroke="{color("teal")}" '
        'stroke-width="2" vector-effect="non-scaling-stroke"/>'
    )
    return (
        '<svg class="spark" viewBox="0 0 100 34" preserveAspectRatio="none" '
        f'aria-hidden="true">{line}</svg>'
    )
