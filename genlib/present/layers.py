"""Layers of a picture in the words of Vega-Lite (https://vega.github.io/vega-lite/docs/): rows, a
mark, and what of the rows is seen of it. Plain dictionaries: objects of Altair would be copied at
each step, and cost half as much as drawing. That they keep to the schema is proved in the tests.

Example: `draw(rows, "bar", {"x": quantity("value"), "y": name("place")}, height=18)` draws a bar as
long as its value for each place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

Spec = dict[str, Any]
"""A piece of a specification."""
Channels = Mapping[str, Spec]
"""What of the rows is seen, by where it is seen."""


def draw(rows: pl.DataFrame, mark: str, channels: Channels, **look: Any) -> Spec:
    """A layer that draws a mark of this look for each of these rows, in their order."""
    numbered = rows.with_columns(order=pl.int_range(pl.len()))
    return {
        "data": {"values": numbered.to_dicts()},
        "mark": {"type": mark, **look},
        "encoding": dict(channels),
    }


def name(column: str, **look: Any) -> Spec:
    """A column whose values are names."""
    return {"field": column, "type": "nominal", **look}


def quantity(column: str, **look: Any) -> Spec:
    """A column whose values are figures."""
    return {"field": column, "type": "quantitative", **look}


def end(column: str) -> Spec:
    """Where what begins elsewhere ends."""
    return {"field": column}


ORDER = quantity("order")
TIP = name("tip")
"""What the native tooltip says."""
TONE = name("tone", scale=None)
"""A column of colours."""
