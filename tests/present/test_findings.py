"""Sentences say only what figures and their intervals bear."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from genlib.disclosure.table import Shown
from genlib.errors import NotProtected
from genlib.period import Period
from genlib.present import comparisons, findings, page, rankings
from genlib.present import map as finland
from genlib.present.words import Words

SUBJECT = "The number of customers"
OCTOBER = Period.parse("2026-10")


STEADY = [1000, 1010, 995, 1005, 1000, 1012, 1001, 1008, 999, 1009, 996, 1004, 1001]
"""Thirteen months whose changes lie between -1.5% and +1.2%."""


def month(n):
    """The first day of the nth month from January 2025."""
    return date(2025 + (n - 1) // 12, (n - 1) % 12 + 1, 1)


def stepped(protected, values, *, column="people", language="fi", **columns):
    """A table of months with these values in a column."""
    rows = [
        {"month": month(n), "people": 100, column: value}
        | {name: given[n - 1] for name, given in columns.items()}
        for n, value in enumerate(values, 1)
    ]
    return protected(rows, "month", name="growth", language=language)


def last_two(values):
    """The places of the last month and of the one before it."""
    n = len(values)
    return {"month": month(n)}, {"month": month(n - 1)}


def change(protected, values, what=SUBJECT, *, since="previous", **options):
    column = options.get("column", "people")
    table = stepped(protected, values, **options)
    return findings.change(table, column, what, places=last_two(values), since=since)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (1000, 1018, "Asiakasmäärä kasvoi 1,8\u00a0% edellisestä kuukaudesta"),
        (1000, 900, "Asiakasmäärä pieneni 10,0\u00a0% edellisestä kuukaudesta"),
        (1000, 1000, "Asiakasmäärä ei muuttunut edellisestä kuukaudesta"),
        (1000, 3000, "Asiakasmäärä kasvoi 200\u00a0% edellisestä kuukaudesta"),
        (9, 12, "Asiakasmäärä kasvoi 3 edellisestä kuukaudesta"),
        (1000, None, "Asiakasmäärä"),
    ],
)
def test_change_of_a_count(protected, before, now, said):
    assert change(protected, [before, now]) == said


def test_change_of_a_count_in_english(protected):
    said = change(protected, [1000, 1018], language="en")
    assert said == "The number of customers rose by 1.8% from the previous month"


def test_a_change_whose_usual_swing_is_not_known_is_a_plain_fact(protected):
    found = change(protected, [1000, 1500])
    assert (found.tone, found.change.verdict) == ("plain", "unknown")


@pytest.mark.parametrize(
    ("now", "said", "tone", "verdict"),
    [
        (
            1005,
            "Asiakasmäärä oli 1\u00a0005: muutos edellisestä kuukaudesta on tavanomaista vaihtelua",
            "flat",
            "steady",
        ),
        (1100, "Asiakasmäärä kasvoi 9,9\u00a0% edellisestä kuukaudesta", "up", "rose"),
        (900, "Asiakasmäärä pieneni 10,1\u00a0% edellisestä kuukaudesta", "down", "fell"),
    ],
)
def test_a_count_is_said_to_change_only_beyond_its_usual_swing(protected, now, said, tone, verdict):
    found = change(protected, [*STEADY, now])
    assert (found, found.tone, found.change.verdict) == (said, tone, verdict)


@pytest.mark.parametrize("step", [0.002, 0.0])
def test_a_count_that_always_rises_has_not_fallen_where_it_rises_less(protected, step):
    rising = [round(1000 * 1.02**n) for n in range(13)]
    found = change(protected, [*rising, round(rising[-1] * (1 + step))])
    assert found.change.verdict == "steady"


def test_a_change_in_a_year_is_judged_by_changes_in_a_year(protected):
    rows = [
        {"month": date(2023 + n // 12, n % 12 + 1, 1), "people": 1000 + 300 * (n % 12 == 11)}
        for n in range(36)
    ]
    table = protected(rows, "month")
    places = ({"month": date(2025, 12, 1)}, {"month": date(2024, 12, 1)})
    monthly = ({"month": date(2025, 12, 1)}, {"month": date(2025, 11, 1)})
    assert findings.change(table, "people", SUBJECT, places=places).change.gap == 0
    assert findings.change(table, "people", SUBJECT, places=monthly).change.verdict == "unknown"


def test_in_the_lead_a_usual_change_is_a_level(protected):
    found = change(protected, [*STEADY, 1005])
    assert page.lead(found).body == '<div class="lead"><p>Asiakasmäärä oli 1\u00a0005.</p></div>'


def test_in_the_lead_an_unusual_change_is_announced(protected):
    assert "kasvoi 9,9" in page.lead(change(protected, [*STEADY, 1100])).body


@pytest.mark.parametrize(
    ("now", "note"),
    [
        (1005, '<div class="c">+0,4\u00a0% edellisestä kuukaudesta, tavanomaista vaihtelua</div>'),
        (1100, '<div class="c good"><b>▲ +9,9\u00a0%</b> edellisestä kuukaudesta</div>'),
    ],
)
def test_a_tile_has_an_arrow_only_beyond_the_usual_swing(protected, now, note):
    values = [*STEADY, now]
    table = stepped(protected, values)
    places = last_two(values)
    found = findings.change(table, "people", SUBJECT, places=places)
    tile = page.tile(table.value("people", **places[0]), label="customers", note=found, good="up")
    assert note.replace("<b>", "").replace("</b>", "") in tile.body.replace("<b>", "").replace(
        "</b>", ""
    )
    assert ("▲" in tile.body) == (now == 1100)


@pytest.mark.parametrize("now", [900, 990, 1001, 1008, 1100])
def test_lead_tile_and_text_say_the_same_of_a_change(protected, now):
    values = [*STEADY, now]
    table = stepped(protected, values)
    found = findings.change(table, "people", SUBJECT, places=last_two(values))
    text = findings.usual(
        table, "people", places=last_two(values), messages=("{low} {high} usual", "more", "less")
    )
    announced = "kasvoi" in page.lead(found).body or "pieneni" in page.lead(found).body
    shown = table.value("people", **last_two(values)[0])
    tile = page.tile(shown, label="customers", note=found, good="up").body
    assert announced == (found.change.verdict != "steady")
    assert announced == ("usual" not in text)
    assert announced == ("▲" in tile or "▼" in tile)


def test_the_usual_swing_has_its_ends(protected):
    values = [*STEADY, 1005]
    said = findings.usual(
        stepped(protected, values),
        "people",
        places=last_two(values),
        messages=("within {low} … {high}", "", ""),
    )
    assert said == "Within −1,5\u00a0% … +1,2\u00a0%"


def test_a_large_change_is_told_without_a_word_of_what_is_usual(protected):
    """One month of the thirteen had rather more contacts; twice as many again are not usual."""
    values = [*STEADY[:6], 4000, *STEADY[:6], 1930]
    found = change(protected, values)
    assert found == "Asiakasmäärä kasvoi 90,7\u00a0% edellisestä kuukaudesta"
    assert (found.tone, found.change.verdict) == ("plain", "unknown")
    table = stepped(protected, values)
    messages = ("usual", "more", "less")
    assert findings.usual(table, "people", places=last_two(values), messages=messages) == ""


def test_nothing_is_usual_on_fewer_than_twelve_steps(protected):
    values = STEADY[:13]
    table = stepped(protected, values)
    assert findings.usual(table, "people", places=last_two(values), messages=("a", "b", "c")) == ""


def test_a_brief_change_has_a_sign(protected):
    said = change(protected, [1000, 900], "", since="year_ago")
    assert said == "−10,0\u00a0% vuoden takaisesta"


def test_what_is_hidden_is_no_sentence(protected):
    found = change(protected, [1000, None])
    assert (found.tone, found.change) == ("unknown", None)


def test_a_finding_knows_its_tables_language_and_tone(protected):
    found = change(protected, [*STEADY, 2000])
    assert (found.tables, found.language, found.tone) == (("growth",), "fi", "up")


def test_every_word_of_a_change_has_a_translation():
    messages = {
        text
        for said in (
            comparisons.COUNTED,
            comparisons.MEASURED,
            comparisons.BRIEF_COUNTED,
            comparisons.BRIEF_MEASURED,
            comparisons.BESIDE,
            comparisons.BRIEF_BESIDE,
        )
        for text in said.values()
    }
    messages |= {comparisons.LEVEL, rankings.ABOVE, rankings.BELOW, rankings.APART}
    messages |= {name for name, _ in finland.JUDGED.values()}
    assert [Words(language).missing(sorted(messages)) for language in ("fi", "sv")] == [[], []]


SCORE = "Nettosuositteluindeksi"


@pytest.mark.parametrize(
    ("now", "said", "tone"),
    [
        ((0.41, 0.34, 0.48), f"{SCORE} nousi edellisestä kuukaudesta: +29 → +41", "up"),
        (
            (0.37, 0.30, 0.44),
            f"{SCORE} oli +37: muutos edellisestä kuukaudesta ei ylitä satunnaisvaihtelua",
            "flat",
        ),
        ((0.10, 0.03, 0.17), f"{SCORE} laski edellisestä kuukaudesta: +29 → +10", "down"),
    ],
)
def test_a_score_rose_if_the_interval_of_the_difference_leaves_zero_out(protected, now, said, tone):
    rows = [
        {"wave": "1", "nps": 0.29, "nps_low": 0.2265, "nps_high": 0.3535},
        {"wave": "2", "nps": now[0], "nps_low": now[1], "nps_high": now[2]},
    ]
    made = findings.change(
        protected(rows, "wave"), "nps", "Net promoter score", places=({"wave": "2"}, {"wave": "1"})
    )
    assert (made, made.tone) == (said, tone)


@pytest.mark.parametrize(
    ("upset", "brief", "tone"),
    [
        ((0.61, 0.48, 0.73), "49,0\u00a0%‑yks. enemmän kuin muilla", "up"),
        ((0.15, 0.07, 0.29), "ero muihin ei ylitä satunnaisvaihtelua", "flat"),
    ],
)
def test_two_groups_differ_if_the_interval_of_the_difference_leaves_zero_out(
    protected, upset, brief, tone
):
    names = ("detractors", "detractors_low", "detractors_high")
    groups = {"complaint": upset, "no complaint": (0.12, 0.10, 0.14)}
    rows = [
        {"complained": code} | dict(zip(names, values, strict=True))
        for code, values in groups.items()
    ]
    places = ({"complained": "complaint"}, {"complained": "no complaint"})
    found = findings.difference(protected(rows, "complained"), "detractors", "Age", places=places)
    assert (found.brief.lower(), found.tone) == (brief, tone)


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


@pytest.mark.parametrize(
    ("unknown", "said"),
    [(45, "Asiakkaat"), (30, "Asiakkaat: suurin ryhmä on 18–34 (40\u00a0%)")],
)
def test_no_group_is_the_largest_where_more_are_unknown(protected, unknown, said):
    counts = {"18-34": 40, "35-54": 60 - unknown, "unknown": unknown, None: 100}
    rows = [{"age_band": age, "people": people} for age, people in counts.items()]
    found = findings.largest(protected(rows, "age_band"), "age_band", "people", "Customers")
    assert found.replace("\u2060", "") == said


def test_two_groups_together_have_a_name_and_can_be_the_largest(protected):
    rows = [
        {"channel": channel, "people": people}
        for channel, people in {"call": 40, "others+email+sms": 60, None: 100}.items()
    ]
    said = "Asiakkaat: suurin ryhmä on sähköposti ja tekstiviesti (60\u00a0%)"
    assert findings.largest(protected(rows, "channel"), "channel", "people", "Customers") == said


GAPS = {
    "01": (0.40, 0.05, 0.15),
    "02": (0.30, -0.05, 0.05),
    "04": (0.20, -0.15, -0.05),
    "unknown": (0.60, 0.20, 0.40),
}


def compared(protected, **gaps):
    """Rates of regions with the interval of each one's difference from the others."""
    rows = [
        {"region": code, "rate": rate, "rate_gap_low": low, "rate_gap_high": high}
        for code, (rate, low, high) in gaps.items()
    ]
    return protected(rows, "region")


def test_a_contrast_names_what_lies_above_and_below_the_others(protected):
    said = findings.contrast(compared(protected, **GAPS), "region", "rate", "NPS by region")
    assert said == (
        "NPS maakunnittain: muita korkeampi Uusimaa (40,0\u00a0%), muita matalampi "
        "Satakunta (20,0\u00a0%)"
    )


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (("01", "02"), "NPS maakunnittain: muita korkeampi Uusimaa (40,0\u00a0%)"),
        (("02", "04"), "NPS maakunnittain: muita matalampi Satakunta (20,0\u00a0%)"),
        (("02", "unknown"), "NPS maakunnittain"),
    ],
)
def test_a_contrast_names_nothing_that_does_not_differ(protected, codes, said):
    table = compared(protected, **{code: GAPS[code] for code in codes})
    assert findings.contrast(table, "region", "rate", "NPS by region") == said


def test_of_two_groups_a_contrast_tells_both(protected):
    table = compared(protected, **{code: GAPS[code] for code in ("01", "04")})
    said = findings.contrast(table, "region", "rate", "NPS by region")
    assert said == "NPS maakunnittain: Uusimaa 40,0\u00a0%, Satakunta 20,0\u00a0%"


def test_a_contrast_without_differences_says_so(protected):
    table = compared(protected, **{"01": GAPS["02"], "02": GAPS["02"]})
    said = findings.contrast(table, "region", "rate", "NPS by region")
    assert said == "NPS maakunnittain: erot eivät ylitä satunnaisvaihtelua"


def test_groups_that_were_not_compared_are_not_said_to_differ(campaigns):
    assert findings.contrast(campaigns, "campaign", "uplift", "Uplift") == "Lisävaikutus"
    assert findings.highest(campaigns, "campaign", "uplift", "Uplift") == "Lisävaikutus"


def test_highest_names_what_lies_above_all_others(protected):
    said = findings.highest(compared(protected, **GAPS), "region", "rate", "NPS by region")
    assert said == "NPS maakunnittain: muita korkeampi Uusimaa (40,0\u00a0%)"


def test_highest_says_otherwise_where_none_differs(protected):
    table = compared(protected, **{"01": GAPS["02"], "02": GAPS["04"]})
    said = findings.highest(table, "region", "rate", "NPS by region", otherwise="Score")
    assert said == "Score"


def test_surely_counts_in_words(campaigns):
    messages = (
        "Of {all} campaigns of the last six months that can be compared {above} raised purchases "
        "by more than chance",
        "No campaign of the last six months is by itself shown to have raised purchases",
    )
    said = (
        "Kuuden viime kuukauden kolmesta vertailukelpoisesta kampanjasta yksi lisäsi ostoja "
        "enemmän kuin sattuma selittää"
    )
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


COUNTING = "The purchases of {names} are still being counted"
MISSING = "No holdout, or groups too small, so no figure: {names}"


def test_what_is_still_counted_is_not_said_to_have_no_figure_as_well(protected):
    rows = [
        {"channel": "email", "people": 9, "open": True, "uplift": None},
        {"channel": "sms", "people": 9, "open": False, "uplift": None},
        {"channel": "post", "people": 9, "open": False, "uplift": 0.1},
    ]
    table = protected(rows, "channel")
    said = findings.without(table, "channel", "uplift", MISSING, besides="open")
    assert said.endswith("ovat pieniä: tekstiviesti.")
    assert (
        findings.among(table, "channel", "open", COUNTING) == "Ostoja lasketaan vielä: sähköposti."
    )


@pytest.mark.parametrize(
    ("how", "end"),
    [
        ("small left out", "pieniä: sähköposti sekä ne, joissa on vähän asiakkaita."),
        ("together", "pieniä: sähköposti."),
    ],
)
def test_names_of_what_has_no_figure_are_not_all_where_small_groups_are_left_out(
    protected, how, end
):
    row = {"channel": "email", "people": 9, "uplift": None}
    table = replace(protected([row], "channel"), coarser={"channel": how})
    assert findings.without(table, "channel", "uplift", MISSING).endswith(end)


def test_no_line_ends_after_the_hyphen_that_begins_a_word(protected):
    row = {"campaign": "Takaisin arkeen -paketti", "people": 9, "uplift": None}
    table = protected([row], "campaign")
    said = findings.without(table, "campaign", "uplift", MISSING)
    assert "Takaisin arkeen \u2011paketti" in said


@pytest.mark.parametrize(
    ("count", "end"), [(6, "c5, c6."), (7, "c4, c5 ja 2 muuta."), (20, "c4, c5 ja 15 muuta.")]
)
def test_many_names_are_counted_after_the_first(protected, count, end):
    rows = [{"cohort_name": f"c{n:02}", "people": 9, "open": True} for n in range(1, count + 1)]
    said = findings.among(protected(rows, "cohort_name"), "cohort_name", "open", COUNTING)
    assert said.replace("c0", "c").endswith(end)


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
        findings.change(thing, "people", SUBJECT, places=({}, {}))


@pytest.mark.parametrize(
    ("published_on", "said"),
    [
        (date(2026, 10, 31), "Jakso on kesken: luvut ulottuvat päivään 30.10.2026"),
        (date(2026, 11, 1), ""),
    ],
)
def test_a_period_is_over_on_the_first_day_after_it(channels, published_on, said):
    about = {"purpose": "customer_analysis", "release_id": "2026-11-01T0400Z-5f2c91"}
    release = SimpleNamespace(manifest=SimpleNamespace(published_on=published_on, **about))
    assert findings.unfinished(channels, OCTOBER, release) == said


@pytest.mark.parametrize(
    ("value", "reason", "said"),
    [
        (0, None, "Jaksolla ei otettu yhteyttä keneenkään"),
        (None, "empty", "Jaksolla ei otettu yhteyttä keneenkään"),
        (None, "hidden", ""),
        (5, None, ""),
    ],
)
def test_nothing_is_said_in_words_and_what_is_hidden_is_not_nothing(value, reason, said):
    figure = Shown(value, "contacts", "timeline", (), reason, "fi")
    assert findings.nothing(figure, "Nobody was contacted in the period") == said


@pytest.mark.parametrize(
    ("period", "comparison", "said"),
    [
        ("2026-10", "previous", "from the previous month"),
        ("2026-Q3", "previous", "from the previous quarter"),
        ("2026", "year_ago", "from a year ago"),
    ],
)
def test_a_change_is_since_the_period_before_or_a_year_ago(period, comparison, said):
    assert findings.since(Period.parse(period), comparison) == said


@pytest.mark.parametrize("unit", ["2026-10", "2026-Q4", "2026"])
@pytest.mark.parametrize("comparison", ["previous", "year_ago"])
def test_a_period_that_is_not_over_is_compared_with_the_same_days(unit, comparison):
    so_far = Period.parse(unit).so_far(date(2026, 10, 20))
    said = findings.since(so_far, comparison)
    assert said.startswith("from the same days")
    assert [language for language in ("fi", "sv") if Words(language).missing([said])] == []


def test_first_is_the_first_that_says_something(protected):
    table = stepped(protected, [1000, 1018], language="en")
    unknown = change(protected, [1000, None], language="en")
    plain = findings.say("{n} customers", n=table.value("people", month=date(2025, 2, 1)))
    assert findings.first(unknown, plain) == plain
    assert findings.first(unknown, unknown) == unknown


def statements(protected, *rates, half=0.01, hidden=()):
    """Statements with these shares of agreement, the ends of their intervals `half` away."""
    rows = [
        {
            "question": code,
            "people": 100,
            "agreed": None if code in hidden else rate,
            "agreed_low": rate - half,
            "agreed_high": rate + half,
            "reason": "primary" if code in hidden else None,
        }
        for code, rate in zip("abc", rates, strict=False)
    ]
    return protected(rows, "question", language="en")


def test_leading_names_what_is_above_the_second_by_more_than_chance(protected):
    said = findings.leading(statements(protected, 0.9, 0.7), "question", "agreed", "Uplift")
    assert said == "Uplift: “a” (0.90)"


def test_leading_says_otherwise_where_chance_may_have_put_the_first_before_the_second(protected):
    table = statements(protected, 0.678, 0.676)
    said = findings.leading(table, "question", "agreed", "Uplift", otherwise="Customers")
    assert said == "Customers"


def test_leading_says_otherwise_where_a_hidden_one_may_be_the_first(protected):
    table = statements(protected, 0.9, 0.7, 0.5, hidden="c")
    assert findings.leading(table, "question", "agreed", "Uplift") == "Uplift"


def test_a_change_that_is_written_as_nothing_is_none(protected):
    found = change(protected, [*STEADY, 1001.2], column="amount_cents", language="en")
    assert found == "The number of customers stayed the same from the previous month"
    assert found.brief == "Unchanged from the previous month"


@pytest.mark.parametrize(
    ("unknown", "of_known", "said"),
    [(20, False, "43 %"), (50, False, ""), (50, True, "60 %"), (None, True, "")],
)
def test_the_largest_group_is_a_share_of_all_or_of_those_known(protected, unknown, of_known, said):
    everybody = 50 + (unknown or 50)
    rows = [("18-34", 30), ("35-54", 20), ("unknown", unknown), (None, everybody)]
    table = protected([{"age_band": age, "people": n} for age, n in rows], "age_band")
    message = "{label}: {share}"
    finding = findings.largest(table, "age_band", "people", "", message=message, of_known=of_known)
    assert finding.replace("\u00a0", " ").partition(": ")[2] == said


def test_an_interval_that_is_told_again_says_of_which_day_it_is(protected):
    row = {"channel": "email", "people": 98, "share": 0.4, "share_low": 0.3, "share_high": 0.5}
    table = protected([row], "channel")
    now = findings.between(table, "share", channel="email")
    before = replace(table, told_on={"": date(2026, 10, 3)})
    again = findings.between(before, "share", channel="email")
    assert str(again) == f"{now}, kerrottu 3.10.2026"
