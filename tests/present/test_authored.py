"""What an author wrote is kept beside what was made of it; what genlib says itself is not."""

from __future__ import annotations

from datetime import date

import pytest

from genlib.present import charts, findings, page, tables
from genlib.present.authored import list_figures, list_words
from genlib.present.item import Finding

SECRET = "7919 owe us"


@pytest.mark.parametrize("option", ["title", "subtitle", "note"])
def test_every_caption_of_a_chart_and_a_table_is_kept(channels, option):
    bars = charts.bars(channels, x="people", y="channel", **{option: SECRET})
    listed = tables.table(channels, by="channel", **{option: SECRET})
    assert bars.words == listed.words == (SECRET,)


def test_heads_labels_limits_and_references_are_kept(channels, campaigns):
    listed = tables.table(channels, by="channel", columns={"people": SECRET}, limit=31)
    assert listed.words == (SECRET, "31")
    assert page.tile(channels.value("people"), label=SECRET).words == ("1003", SECRET)
    dots = charts.dots(campaigns, x="uplift", y="campaign", reference=0.7919)
    assert dots.words == ("0.7919",)


def test_a_finding_keeps_what_its_caller_wrote_and_not_what_genlib_says(months):
    places = tuple({"month": date(2026, month, 1)} for month in (2, 1))
    change = findings.change(months, "people", "Customers", places=places)
    assert "50" in change
    assert change.words == ()
    said = findings.say(f"{{n}} customers, {SECRET}", n=months.value("people", **places[0]))
    assert said.words == (f"{{n}} customers, {SECRET}", "30")


def test_what_is_put_together_keeps_the_words_of_its_parts(channels, months):
    finding = findings.phrase(channels, "{part}", part=SECRET)
    tile = page.tile(channels.value("people", channel="email"), label="customers", note=finding)
    chart = charts.columns(months, x="month", y="people", title="31 December")
    assert SECRET in page.tiles(tile).words
    assert page.lead(finding).words == (SECRET,)
    assert page.row(chart, spans=(12,)).words == ("31 December", "12")


def test_a_finding_made_by_hand_or_cut_is_what_its_author_wrote(months):
    finding = findings.phrase(months, "Customers")
    assert list(list_words(Finding(SECRET))) == [SECRET]
    assert list(list_words(f"{finding} {SECRET}")) == [f"Asiakkaat {SECRET}"]


def test_figures_are_listed_by_their_form_without_what_is_hidden(both):
    assert list_figures(both) == {"number": [10, 20, 30, 100, 900, 1003]}
