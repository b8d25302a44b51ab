"""How a report looks: the colours of day and night, the type, and the style sheet that pages and
notebook outputs share."""

from __future__ import annotations

import base64
import re
from functools import cache
from importlib.resources import files
from typing import Any

from genlib.errors import UsageError

FONT = "Genlib Sans"
FULL, HALF, THIRD, PHONE = 990, 466, 291, 310
"""Inner widths of a card in pixels: alone in its row, two in a row, three in a row, on a telephone.
"""
PAPER = 0.72
"""For A4 a chart is drawn so much narrower than for a screen: letters of 13 pixels are 8 points or
more there (tests/reports/test_pdf.py)."""
HEIGHT, LOW = 240, 155
"""Of upright charts, on a screen and on paper."""
SHEET = files("genlib.present").joinpath("style.css").read_text(encoding="utf-8")
LIGHT, DARK = (dict(re.findall(r"--(\w+):(#\w{6})", line)) for line in SHEET.splitlines()[:2])
SERIES = ("teal", "sand", "ink", "amber", "mist", "mute", "bark")
SEQUENCE = ("seq1", "seq2", "seq3", "seq4", "seq5")
EDGES = {"sand": "bark", "dune": "bark", "rose": "brick", "mist": "teal", "seq1": "mute"}
"""Pale fills and the edge that sets them off from the paper; a line in such a colour is drawn in
its edge."""
LIKERT = {3: ("brick", "sand", "teal"), 5: ("brick", "rose", "dune", "mist", "teal")}


def color(name: str) -> str:
    """The daylight colour of a palette name; the style sheet turns it into the name's variable."""
    check_tone(name)
    code: str = LIGHT[name]
    return code


def check_tone(name: str) -> None:
    """UsageError for a name that the palette does not have."""
    if name not in LIGHT:
        raise UsageError(f"a tone or colour is one of {', '.join(LIGHT)}")


@cache
def style() -> str:
    """The style sheet without the type. Charts are drawn in daylight; by these rules their marks
    follow the reader's night."""
    marks = [
        f'.genlib svg [{part}="{code}"]{{{part}:var(--{name})}}'
        for name, code in LIGHT.items()
        for part in ("fill", "stroke")
    ]
    edges = [
        f'.genlib svg [fill="{LIGHT[pale]}"]{{stroke:var(--{edge})}}.genlib svg '
        f'[stroke="{LIGHT[pale]}"]{{stroke:var(--{edge})}}'
        for pale, edge in EDGES.items()
    ]
    return "\n".join(
        [
            SHEET,
            "@media screen{",
            *marks,
            *edges,
            "}",
            *(f".genlib .c-{name}{{background:var(--{name})}}" for name in LIGHT),
        ]
    )


@cache
def font_face() -> str:
    """The embedded type, to stand in a style sheet."""
    data = base64.b64encode(
        files("genlib.present").joinpath("font/genlib-sans.woff2").read_bytes()
    ).decode()
    return (
        f'@font-face{{font-family:"{FONT}";src:url(data:font/woff2;base64,{data}) '
        'format("woff2");font-weight:400 700}'
    )


def vega() -> dict[str, Any]:
    """The Vega-Lite configuration: thin horizontal grid, no frames, quiet axes."""
    text = {"labelColor": color("quiet"), "labelFontSize": 13, "labelPadding": 6, "title": None}
    return {
        "font": FONT,
        "background": "transparent",
        "view": {"stroke": None},
        "axis": text | {"gridColor": color("hair"), "domain": False, "ticks": False},
        "axisX": {"grid": False, "labelAngle": 0, "domain": True, "domainColor": color("mute")},
        "text": {"fontSize": 13, "color": color("ink")},
        "legend": {"disable": True},
    }
