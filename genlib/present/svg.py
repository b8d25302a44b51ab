"""Vega-Lite to one static SVG that belongs to the page: its colours, its type, native tooltips,
hatching where a cell is hidden."""

from __future__ import annotations

import logging
import re
from functools import cache
from importlib import import_module
from importlib.resources import as_file, files
from typing import Any
from xml.etree import ElementTree

from genlib.present.theme import FONT, color

HATCH = "#hatch"
"""As a fill of a mark: the hatching that stands where a cell is hidden."""
NS = "http://www.w3.org/2000/svg"
NOISE = {"class", "role", "font-family", "stroke-miterlimit", "pointer-events", "version"}


def fitted(spec: dict[str, Any], width: float) -> str:
    """The SVG of a chart, `width` pixels wide with all its labels."""
    # resize: labels move with the marks, so the room for them is measured again
    fit = {"type": "fit-x", "contains": "padding", "resize": True}
    whole = {"width": width, "autosize": fit}
    svg: str = _renderer().vegalite_to_svg(spec | whole)
    return svg


def finished(svg: str, *, name: str, key: str) -> str:
    """The SVG made responsive and accessible: `name` is what a screen reader says, `key` makes its
    ids its own."""
    ElementTree.register_namespace("", NS)
    root = ElementTree.fromstring(svg)  # noqa: S314 - vl-convert's own output
    for element in list(root.iter()):
        _clean(element)
    for element in list(root.iter()):
        _part_lines(element)
    _hatch(root, f"hatch-{key}")
    width = root.attrib.pop("width")
    height = root.attrib.pop("height")
    root.attrib.update(
        {
            "viewBox": f"0 0 {width} {height}",
            "role": "img",
            "aria-label": name,
            "font-family": f"{FONT}, sans-serif",
        }
    )
    return ElementTree.tostring(root, encoding="unicode")


@cache
def _renderer() -> Any:
    """What draws, with the type of the page, and without reach for anything but the specification.
    What it would warn of is nothing that a notebook may show."""
    logging.getLogger("vl_convert").setLevel(logging.ERROR)
    library: Any = import_module("vl_convert")  # which has no types
    library.configure(base_url=False, allowed_base_urls=[])
    with as_file(files("genlib.present").joinpath("font")) as folder:
        library.register_font_directory(str(folder))
    return library


def _clean(element: ElementTree.Element) -> None:
    spoken = (
        element.attrib.get("aria-label")
        if element.attrib.get("aria-roledescription", "") not in {"axis", ""}
        else None
    )
    for name in [n for n in element.attrib if n in NOISE or n.startswith("aria-")]:
        del element.attrib[name]
    if element.attrib.get("opacity") == "1":
        del element.attrib["opacity"]
    if spoken:
        title = ElementTree.Element(f"{{{NS}}}title")
        title.text = spoken
        element.insert(0, title)
    for attribute in [
        a for a in element.attrib if a != "aria-label"
    ]:  # places may be rounded, figures never again
        element.set(
            attribute,
            re.sub(
                r"\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}", element.attrib[attribute]
            ),
        )
    for child in [
        c
        for c in element
        if c.attrib.get("display") == "none" or c.attrib.get("d") == "M0,0h0v0h0Z"
    ]:
        element.remove(child)


def _part_lines(parent: ElementTree.Element) -> None:
    """A text of several lines becomes a text a line: WeasyPrint would begin all lines where the
    longest begins, whatever their anchor."""
    for text in parent.findall(f"{{{NS}}}text"):
        lines = text.findall(f"{{{NS}}}tspan")
        place = list(parent).index(text)
        down = 0.0
        for number, line in enumerate(lines):
            down += float(line.attrib.get("dy", 0))
            own = ElementTree.Element(text.tag, text.attrib)
            own.text = line.text
            if down:
                own.set("transform", f"{text.attrib.get('transform', '')} translate(0,{down:g})")
            parent.insert(place + number, own)
        if lines:
            parent.remove(text)


def _hatch(root: ElementTree.Element, key: str) -> None:
    hatched = [element for element in root.iter() if element.attrib.get("fill") == HATCH]
    for element in hatched:
        element.set("fill", f"url(#{key})")
    if hatched:
        box = {
            "id": key,
            "width": "6",
            "height": "6",
            "patternUnits": "userSpaceOnUse",
            "patternTransform": "rotate(45)",
        }
        pattern = ElementTree.Element(f"{{{NS}}}pattern", box)
        line = {"width": "1.6", "height": "6", "fill": color("hatch")}
        ElementTree.SubElement(pattern, f"{{{NS}}}rect", line)
        root.insert(0, pattern)
