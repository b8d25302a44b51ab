"""Reports that are narrowed by two columns are slices of what is narrowed by either."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl

from genlib.disclosure.leftovers import add_slices
from genlib.disclosure.pages import PLACE, Page


def _tell(kind: str, region: str, people: int) -> dict[str, Any]:
    """The people of one kind and region, as a narrowed report of October told them."""
    cut = [["kind", kind], ["region", region]]
    series = json.dumps(["places", "active", cut, [], [], 1])
    place = Page(series, "{}", "", date(2026, 10, 1), date(2026, 11, 1)).place()
    figure = {"where": "bought", "measure": "people", "numbering": "c1", "kind": "people"}
    known = {"people": people, "value": people, "heads": True, "figure": None}
    return figure | known | {"sketch": bytes([people]) * 512} | dict(zip(PLACE, place, strict=True))


def test_regions_of_consumers_are_added_up_beside_those_of_companies() -> None:
    """19 and 20 consumers of two regions are 39 of all consumers, whatever was told of companies:
    41 of all consumers would leave 2."""
    told = [_tell("consumer", "01", 19), _tell("consumer", "02", 20), _tell("company", "01", 30)]
    assert sorted(add_slices(pl.DataFrame(told))["value"]) == [39, 49, 69]
