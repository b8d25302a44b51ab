"""Sentences say only what figures and their intervals bear."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from genlib.disclosure.table import Shown
from genlib.errors import NotProtected
from genlib.period import Period
from genlib.present import findings

SUBJECT = "The number of customers"
OCTOBER = Period.parse("2026-10")


def shown(value, column="people", language="fi"):
    return Shown(value, column, "growth", (), None if value is not None else "primary", language)


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (shown(1018), shown(1000), "Asiakasmäärä kasvoi 1,8\u00a0% edellisestä kuukaudesta"),
        (shown(900), shown(1000), "Asiakasmäärä pieneni 10,0\u00a0% edellisestä kuukaudesta"),
        (shown(1000), shown(1000), "Asiakasmäärä ei muuttunut edellisestä kuukaudesta"),
        (shown(3000), shown(1000), "Asiakasmäärä kasvoi 200\u00a0% edellisestä kuukaudesta"),
        (shown(12), shown(9), "Asiakasmäärä kasvoi 3 edellisestä kuukaudesta"),
        (shown(None), shown(1000), "Asiakasmäärä"),
        (
            shown(1018, language="en"),
            shown(1000, language="en"),
            "The number of customers rose by 1.8% from the previous month",
        ),
    ],
)
def test_change_of_a_count(now, before, said):
    assert findings.change(now, before, SUBJECT) == said


def test_a_brief_change_has_a_sign():
    assert (
        findings.change(shown(900), shown(1000), since="year_ago")
        == "−10,0\u00a0% vuoden takaisesta"
    )


def test_what_is_hidden_is_no_sentence():
    assert findings.change(shown(None), shown(1000), SUBJECT).tone == "unknown"


def test_a_finding_knows_its_tables_language_and_tone():
    made = findings.change(shown(2), shown(1), SUBJECT)
    assert (made.tables, made.language, made.tone) == (("growth",), "fi", "up")


@pytest.mark.parametrize(
    ("low", "said", "tone"),
    [
        (0.45, "Nettosuositteluindeksi nousi edellisestä kuukaudesta: +30 → +50", "up"),
        (
            0.25,
            "Nettosuositteluindeksi +50: muutos edellisestä kuukaudesta ei ylitä "
            "satunnaisvaihtelua",
            "flat",
        ),
    ],
)
def test_a_score_rose_only_if_the_intervals_do_not_meet(protected, low, said, tone):
    rows = [
        {"wave": "1", "nps": 0.3, "nps_low": 0.2, "nps_high": 0.4},
        {"wave": "2", "nps": 0.5, "nps_low": low, "nps_high": 0.6},
    ]
    made = findings.difference(
        protected(rows, "wave"), "nps", "Net promoter score", places=({"wave": "2"}, {"wave": "1"})
    )
    assert (made, made.tone) == (said, tone)


def test_largest_names_the_largest(channels):
    assert (
        findings.largest(channels, "channel", "people", "Customers")
        == "Asiakkaat: suurin ryhmä on sähköposti (90\u00a0%)"
    )


def test_largest_is_silent_when_a_hidden_cell_could_be_larger(channels):
    low = channels.frame.with_columns(
        people=pl.when(pl.col("channel").is_null()).then(5000).otherwise("people")
    )
    table = type(channels)(
        channels.name, low, channels.by, channels.measures, 1, "fi", channels.seal
    )
    assert findings.largest(table, "channel", "people", "Customers") == "Asiakkaat"


@pytest.mark.parametrize(
    ("together", "said"),
    [(60, "Asiakkaat"), (30, "Asiakkaat: suurin ryhmä on sähköposti (40\u00a0%)")],
)
def test_largest_is_not_said_beside_others_that_could_hold_a_larger(protected, together, said):
    counts = {"email": 40, "others+call+post+sms": together, "post": 60 - together, None: 100}
    rows = [{"channel": channel, "people": people} for channel, people in counts.items()]
    assert findings.largest(protected(rows, "channel"), "channel", "people", "Customers") == said


def test_two_groups_together_have_a_name_and_can_be_the_largest(protected):
    rows = [
        {"channel": channel, "people": people}
        for channel, people in {"call": 40, "others+email+sms": 60, None: 100}.items()
    ]
    said = "Asiakkaat: suurin ryhmä on sähköposti ja tekstiviesti (60\u00a0%)"
    assert findings.largest(protected(rows, "channel"), "channel", "people", "Customers") == said


def test_highest_needs_an_interval_above_all_others(campaigns):
    assert findings.highest(campaigns, "campaign", "uplift", "Uplift") == "Lisävaikutus"
    apart = campaigns.frame.with_columns(
        uplift_low=pl.when(pl.col("campaign") == "a").then(0.035).otherwise("uplift_low")
    )
    table = type(campaigns)(
        campaigns.name, apart, campaigns.by, campaigns.measures, 1, "fi", campaigns.seal
    )
    assert (
        findings.highest(table, "campaign", "uplift", "Uplift")
        == "Lisävaikutus oli suurin: a (+4,0\u00a0%‑yks.)"
    )


def test_surely_counts_in_words(campaigns):
    messages = (
        "Of {all} campaigns of the last six months {above} raised purchases (95% confidence)",
        "No campaign of the last six months by itself raised purchases (95% confidence)",
    )
    said = "Kuuden viime kuukauden kolmesta kampanjasta yksi lisäsi ostoja (95 %:n varmuus)"
    assert findings.surely(campaigns, "campaign", "uplift", messages) == said


def test_lost_names_the_greatest_step(protected):
    table = protected(
        [{"stage": s, "reached": n} for s, n in [("sent", 100), ("opened", 60), ("clicked", 12)]],
        "stage",
    )
    assert (
        findings.lost(table, "All channels")
        == "Kaikki kanavat: 80\u00a0% jää pois välillä avanneet → klikanneet"
    )


def test_among_names_what_is_so(protected):
    table = protected(
        [{"channel": c, "people": 9, "open": o} for c, o in [("email", True), ("sms", False)]],
        "channel",
    )
    assert (
        findings.among(table, "channel", "open", "The purchases of {names} are still being counted")
        == "Ostoja lasketaan vielä: sähköposti."
    )


@pytest.mark.parametrize("thing", [7, pl.DataFrame({"n": [1]})])
def test_findings_take_protected_figures_only(thing):
    with pytest.raises(NotProtected, match=r"genlib\.protect"):
        findings.change(thing, thing, SUBJECT)


@pytest.mark.parametrize(
    ("published_on", "said"),
    [
        (date(2026, 10, 31), "Jakso on kesken: aineisto on julkaistu 31.10.2026"),
        (date(2026, 11, 1), ""),
    ],
)
def test_a_period_is_over_on_the_first_day_after_it(channels, published_on, said):
    about = {"purpose": "customer_analysis", "release_id": "2026-11-01T0400Z-5f2c91"}
    release = SimpleNamespace(manifest=SimpleNamespace(published_on=published_on, **about))
    assert findings.unfinished(channels, OCTOBER, release) == said
