"""How a report looks: the colours of day and night, the type, and the style sheet that pages and notebook outputs share."""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files
from typing import Any

FONT = "Genlib Sans"
FULL, HALF, THIRD, PHONE = 990, 466, 291, 310
"""Inner widths of a card in pixels: alone in its row, two in a row, three in a row, on a telephone."""

LIGHT = {
    "ink": "#1b2a33",
    "quiet": "#56666f",
    "hair": "#d8dfe3",
    "paper": "#ffffff",
    "ground": "#f6f8f8",
    "teal": "#0b6e74",
    "sand": "#b9a68a",
    "bark": "#8f7b58",
    "amber": "#c8791b",
    "brick": "#b3412e",
    "leaf": "#2f7d4f",
    "mute": "#7d8b92",
    "rose": "#d99a8b",
    "mist": "#7fb7b8",
    "seq1": "#d4e7e6",
    "seq2": "#a3cccc",
    "seq3": "#6bacae",
    "seq4": "#358b90",
    "seq5": "#0c6b71",
    "hatch": "#c3ccd1",
    "night": "#14202a",
}
DARK = {
    "ink": "#e8eef0",
    "quiet": "#a9b7be",
    "hair": "#35454d",
    "paper": "#182127",
    "ground": "#10171b",
    "teal": "#58bab8",
    "sand": "#b9a68b",
    "bark": "#a08b66",
    "amber": "#e0a04a",
    "brick": "#e58370",
    "leaf": "#74bf92",
    "mute": "#83929a",
    "rose": "#dcb3aa",
    "mist": "#a9d3d2",
    "seq1": "#1f3b40",
    "seq2": "#275a5e",
    "seq3": "#34807f",
    "seq4": "#4fa9a6",
    "seq5": "#8adbd6",
    "hatch": "#4a5b64",
    "night": "#14202a",
}
SERIES = ("teal", "sand", "ink", "amber", "mist", "mute", "bark")
SEQUENCE = ("seq1", "seq2", "seq3", "seq4", "seq5")
LIKERT = {
    3: ("brick", "sand", "teal"),
    5: ("brick", "rose", "sand", "mist", "teal"),
    7: ("brick", "brick", "rose", "sand", "mist", "teal", "teal"),
}


def color(name: str) -> str:
    """The daylight colour of a palette name; the style sheet turns it into the name's variable."""
    return LIGHT[name]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two `#rrggbb` colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(code: str) -> float:
    channels = [int(code[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@cache
def style() -> str:
    """The style sheet without the type: variables of day and night, the marks of the charts, the page."""
    sheet = files("genlib.present").joinpath("style.css").read_text(encoding="utf-8")
    night = f"@media screen and (prefers-color-scheme:dark){{.genlib{{color-scheme:dark;{_variables(DARK)}}}}}"
    marks = [f'.genlib svg [{part}="{code}"]{{{part}:var(--{name})}}' for name, code in LIGHT.items() for part in ("fill", "stroke")]
    swatches = [f".genlib .c-{name}{{background:var(--{name})}}" for name in LIGHT]
    return "\n".join([f".genlib{{{_variables(LIGHT)}}}", night, *marks, *swatches, sheet])


@cache
def font_face() -> str:
    """The embedded type, to stand in a style sheet."""
    data = base64.b64encode(files("genlib.present").joinpath("font/genlib-sans.woff2").read_bytes()).decode()
    return f'@font-face{{font-family:"{FONT}";src:url(data:font/woff2;base64,{data}) format("woff2");font-weight:400 700}}'


def _variables(palette: dict[str, str]) -> str:
    return "".join(f"--{name}:{code};" for name, code in palette.items())


def vega() -> dict[str, Any]:
    """The Vega-Lite configuration: thin horizontal grid, no frames, quiet axes."""
    axis = {
        "labelColor": color("quiet"),
        "labelFontSize": 13,
        "labelPadding": 6,
        "title": None,
        "gridColor": color("hair"),
        "domain": False,
        "ticks": False,
    }
    return {
        "font": FONT,
        "background": "transparent",
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"grid": False, "labelAngle": 0, "domain": True, "domainColor": color("mute")},
        "axisY": {"labelColor": color("quiet")},
        "text": {"fontSize": 13, "color": color("ink")},
        "legend": {"disable": True},
        "aria": True,
    }
