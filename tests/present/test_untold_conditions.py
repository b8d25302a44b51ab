"""The conditions stand on a page whatever it cannot tell."""

from __future__ import annotations

from genlib.present.item import Block, Untold
from genlib.present.sections import arrange_page
from genlib.present.words import Words


def test_conditions_under_a_heading_that_can_tell_nothing_are_kept() -> None:
    """An author's own page may have one heading, one chart and the conditions under it."""
    conditions = '<div class="card conditions">No group of fewer than 5</div>'
    blocks = [Block("<h2>Ages</h2>"), Block("", (Untold("NPS by age"),)), Block(conditions)]
    page = "".join(arrange_page(blocks, Words("en")))
    assert conditions in page
    assert page.index("What cannot be told") < page.index(conditions)
