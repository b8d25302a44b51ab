"""Charts as specifications and as pictures: what is drawn, what is hidden, what is said."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from genlib.disclosure.cells import Measure
from genlib.errors import NotProtected, UsageError
from genlib.lean import spare_grammar
from genlib.present import charts, findings, svg, theme
from genlib.present.item import NOTHING, SMALL, Untold
from genlib.present.labels import lay_underneath

with spare_grammar():
    from altair import LayerChart


def list_rows(chart):
    """All rows that stand in the specification."""
    return [row for layer in chart.to_dict()["layer"] for row in layer["data"]["values"]]


def values(chart, column="value"):
    """What of a column stands in the specification."""
    return sorted({row[column] for row in list_rows(chart) if row.get(column) is not None})


@pytest.mark.parametrize("thing", [pl.DataFrame({"month": [1], "people": [2]}), 7, None])
@pytest.mark.parametrize("draw", [charts.columns, charts.bars, charts.line, charts.dots])
def test_charts_take_a_protected_table_only(draw, thing):
    with pytest.raises(
        NotProtected, match=r"pass the metric's Cells through genlib\.protect first"
    ):
        draw(thing, x="month", y="people")


def test_a_column_that_is_not_there_is_named(channels):
    with pytest.raises(UsageError, match="has no column profit; it has channel, people, reason"):
        charts.bars(channels, x="profit", y="channel")


def test_a_specification_holds_only_the_rows_that_are_drawn(channels):
    places = {row["place"] for row in list_rows(charts.bars(channels, x="people", y="channel"))}
    assert places == {"Sähköposti", "Tekstiviesti", "Kirje"}
    assert values(charts.bars(channels, x="people", y="channel")) == [100.0, 900.0]


def test_a_hidden_cell_is_hatched_and_has_no_figure(channels):
    html = charts.bars(channels, x="people", y="channel").html(theme.THIRD)
    assert 'fill="url(#hatch-' in html
    assert "Kirje: piilotettu pienten ryhmien suojaamiseksi" in html
    assert "Vinoviivoitus: tieto on piilotettu" in html


def test_bars_go_from_the_longest_to_the_hidden(channels):
    assert charts.bars(channels, x="people", y="channel").plot.places == [
        "Sähköposti",
        "Tekstiviesti",
        "Kirje",
    ]


def test_beyond_the_limit_others_are_one_bar(protected):
    table = protected([{"topic": f"t{n}", "people": n} for n in range(1, 10)], "topic")
    assert charts.bars(table, x="people", y="topic", limit=3).plot.frame.select(
        "place", "value"
    ).rows() == [
        ("T9", 9.0),
        ("T8", 8.0),
        ("Muut", 28.0),
    ]


def test_others_are_not_added_where_a_person_stands_in_two_cells(protected):
    twice = (Measure("people", "people", additive=False),)
    table = protected(
        [{"topic": f"t{n}", "people": n} for n in range(1, 10)], "topic", measures=twice
    )
    assert charts.bars(table, x="people", y="topic", limit=3).plot.places == ["T9", "T8", "T7"]


def test_months_stand_in_order_with_the_year_where_it_begins(months):
    html = charts.columns(months, x="month", y="people").html(theme.THIRD)
    assert re.findall(r">(joulu|tammi|helmi|2025|2026)<", html)[:5] == [
        "joulu",
        "2025",
        "tammi",
        "2026",
        "helmi",
    ]


def test_marks_have_native_tooltips_with_finnish_figures(months):
    assert "<title>tammi\u00a02026: 20</title>" in charts.columns(
        months, x="month", y="people"
    ).html(theme.THIRD)


def test_a_picture_has_a_name_a_table_behind_it_and_no_script(months):
    html = charts.columns(months, x="month", y="people", title="Customers").html()
    assert 'role="img" aria-label="Pylväskuvio: Asiakkaat"' in html
    assert "<details><summary>Luvut taulukkona</summary>" in html
    assert "<script" not in html


def list_pictures(html):
    """Of each picture where it is shown, and its width."""
    found = re.findall(r'<div class="chart ([a-z ]+)"><svg[^>]*viewBox="0 0 ([\d.]+)', html)
    return {where: round(float(width)) for where, width in found}


def test_a_third_of_a_row_is_drawn_again_for_paper_alone(months):
    html = charts.columns(months, x="month", y="people").html(theme.THIRD)
    paper = round(theme.PAPER * theme.THIRD)
    assert list_pictures(html) == {"wide narrow": theme.THIRD, "paper": paper}


def test_a_whole_row_is_drawn_for_paper_so_that_its_letters_are_large_there(months):
    html = charts.columns(months, x="month", y="people").html(theme.FULL)
    paper = round(theme.PAPER * theme.FULL)
    assert list_pictures(html) == {"wide": theme.FULL, "narrow": theme.PHONE, "paper": paper}


def test_names_of_many_rows_stand_beside_them_on_paper(protected):
    rows = [{"topic": f"palautteen aihe {n}", "people": n} for n in range(1, 10)]
    table = protected(rows, "topic")
    chart = charts.dots(table, x="people", y="topic")
    paper = round(theme.PAPER * theme.HALF)
    assert chart.to_dict(0.85 * paper, paper)["height"] == {"step": 32}
    assert chart.to_dict(0.85 * theme.PHONE, theme.PHONE)["height"] == {"step": 50}


def test_short_names_of_few_rows_stand_beside_them_also_where_it_is_narrow(protected):
    """A chart of ages is a third lower so, on paper and on a telephone."""
    steps = []
    for topic in ("Laite", "Laitteen toimitus"):
        table = protected([{"topic": f"{topic} {n}", "people": n} for n in (8, 9)], "topic")
        chart = charts.dots(table, x="people", y="topic")
        steps.append(chart.to_dict(0.85 * theme.PHONE, theme.PHONE)["height"]["step"])
    assert steps == [32, 50]


def test_each_line_of_a_name_is_a_text_in_the_middle_of_its_place(protected):
    rows = [{"topic": topic, "people": 9} for topic in ("yksi kaksi kolme", "b", "c")]
    html = charts.columns(protected(rows, "topic"), x="topic", y="people").html(theme.THIRD)
    texts = re.findall(r'<text text-anchor="middle"[^>]*>([^<]*)</text>', html)
    assert "Yksi kaksi kolme" in " ".join(texts)
    assert "Yksi kaksi kolme" not in texts
    assert "<tspan" not in html


LONG = "keväteduista kertova kanta-asiakaskirje pääkaupunkiseudun talouksille 2026, ja muistutus"
NAMES = [LONG, LONG.upper(), "x" * 96]


def draw_bars(protected, name):
    rows = [{"topic": topic, "people": 123456} for topic in (name, "b")]
    return charts.bars(protected(rows, "topic"), x="people", y="topic")


def draw_dots(protected, name):
    rows = [{"topic": topic, "people": people} for topic, people in ((name, 10), ("b", 120))]
    return charts.dots(protected(rows, "topic"), x="people", y="topic")


def draw_likert(protected, name):
    rows = [{"question": name, "answer": answer, "people": 20} for answer in range(1, 6)]
    return charts.likert(protected(rows, "question", "answer"), question="question")


def draw_line(protected, name):
    rows = [{"month": m, "topic": t, "people": 30} for m in ("a", "b") for t in (name, "b")]
    return charts.line(protected(rows, "month", "topic"), x="month", y="people", color="topic")


def draw_columns(protected, name):
    rows = [{"topic": topic, "people": 123456} for topic in (name, *"bcdefgh")]
    return charts.columns(protected(rows, "topic"), x="topic", y="people")


def draw_map(protected, name):
    rows = [{"region": "01", "people": 9}, {"region": "06", "people": None, "reason": "primary"}]
    return charts.map(protected(rows, "region"), title=name)


@pytest.fixture
def hidden(protected):
    """A table of two topics and two months, of which one cell is hidden."""
    cells = [(m, t, 9, None) for m in ("a", "b") for t in ("x", "y")]
    cells[-1] = ("b", "y", None, "primary")
    names = ("month", "topic", "people", "reason")
    rows = [dict(zip(names, cell, strict=True)) for cell in cells]
    totals = [{"topic": t, "people": n, "reason": None} for t, n in (("x", 18), ("y", None))]
    return protected([*rows, *totals], "month", "topic")


def list_charts_of_the_hidden(table):
    """Each way to draw a table of which something is hidden."""
    by_month = {"x": "month", "y": "people", "color": "topic"}
    by_topic = {"x": "people", "y": "topic"}
    return [
        charts.columns(table, **by_month),
        charts.columns(table, **by_month, side_by_side=True),
        charts.line(table, **by_month),
        charts.bars(table, **by_topic),
        charts.dots(table, **by_topic, reference=12),
    ]


@pytest.mark.parametrize("room", [theme.PHONE, theme.FULL])
def test_each_specification_keeps_to_the_schema_of_vega_lite(protected, hidden, room):
    draws = [draw_bars, draw_dots, draw_likert, draw_line, draw_columns, draw_map]
    drawn = [draw(protected, "a") for draw in draws]
    for chart in [*drawn, *list_charts_of_the_hidden(hidden)]:
        LayerChart.from_dict(chart.to_dict(0.85 * room, room))


def read_reach(drawn):
    """Pixels from the leftmost mark that can be pointed at to the right end of the last."""
    marks = re.findall(r'<path aria-label="[^>]*graphics-symbol"[^>]*>', drawn)
    circles = [re.search(r"translate\(([\d.]+)(),", mark) for mark in marks]
    bars = [re.search(r'd="M([\d.]+),[\d.]+h([\d.]+)', mark) for mark in marks]
    places = [[float(n or 0) for n in one.groups()] for one in [*circles, *bars] if one]
    return max(map(sum, places)) - min(start for start, _ in places)


@pytest.mark.parametrize("room", [theme.THIRD, theme.PHONE, 379, theme.HALF, theme.FULL])
@pytest.mark.parametrize("draw", [draw_bars, draw_dots, draw_likert, draw_line, draw_columns])
def test_no_label_is_cut_or_takes_the_room_of_the_marks_however_long(protected, draw, room):
    for name in NAMES:
        chart = draw(protected, name)
        drawn = svg.fitted(chart.to_dict(0.85 * room, room), room)
        assert float(re.search(r'width="([\d.]+)"', drawn)[1]) == pytest.approx(room, abs=2)
        assert "…" not in drawn
        text = re.sub("<[^>]+>", "", drawn).replace(" ", "")
        assert (name[:1].upper() + name[1:]).replace(" ", "") in text
        assert read_reach(drawn) >= 60


@pytest.mark.parametrize("url", ["https://company.example/a.json", "file:///etc/hostname"])
def test_drawing_reads_nothing_from_elsewhere(url):
    with pytest.raises(PermissionError, match=r"not allowed|access denied"):
        svg.fitted({"mark": "bar", "data": {"url": url}}, 100)


def test_drawing_says_nothing_that_a_notebook_would_show(protected, caplog):
    draw_line(protected, "a").html()
    assert caplog.records == []


def test_dots_are_grey_where_chance_may_be_all(campaigns):
    plot = charts.dots(campaigns, x="uplift", y="campaign", reference=0).plot
    tones = dict(plot.frame.filter(~pl.col("hidden")).select("code", "tone").rows())
    assert tones == {"a": theme.color("teal"), "b": theme.color("mute"), "c": theme.color("brick")}


def judge_channels(protected, *codes):
    """Rates of channels of which each lies above all others."""
    gaps = {"rate": 0.4, "rate_gap_low": 0.05, "rate_gap_high": 0.15}
    table = protected([{"channel": code, **gaps} for code in codes], "channel")
    chart = charts.dots(table, x="rate", y="channel")
    return chart.plot.frame["tone"].to_list(), findings.highest(table, "channel", "rate", "Rate")


def test_two_groups_together_are_coloured_if_the_title_names_them(protected):
    tones, title = judge_channels(protected, "others+call+post")
    assert "muita korkeampi puhelu ja kirje" in title
    assert tones == [theme.color("teal")]


@pytest.mark.parametrize("code", ["others", "others+call+post+sms"])
def test_a_rest_without_a_name_is_neither_coloured_nor_named(protected, code):
    tones, title = judge_channels(protected, code)
    assert "muita korkeampi" not in title
    assert tones == [theme.color("mute")]


@pytest.mark.parametrize("reference", [-0.8, 0, 2, 500_000])
def test_the_axis_of_dots_takes_in_the_reference(campaigns, reference):
    plot = charts.dots(campaigns, x="uplift", y="campaign", reference=reference).plot
    assert min(plot.ticks) <= reference <= max(plot.ticks)
    assert min(plot.ticks) <= min(plot.frame["low"].drop_nulls())


def test_a_line_at_a_figure_of_a_table_is_told_in_words(campaigns):
    told = charts.dots(campaigns, x="uplift", y="campaign", reference=campaigns.value("uplift"))
    assert "Pystyviiva: +2,0\u00a0%" in told.html()
    own = charts.dots(campaigns, x="uplift", y="campaign", reference=0.02)
    assert "Pystyviiva" not in own.html()


@pytest.mark.parametrize("reference", [10**30, -(10**400), float("nan"), float("inf")])
def test_a_reference_that_no_axis_reaches_is_refused(campaigns, reference):
    with pytest.raises(UsageError, match="reference of dots is a number that a chart can show"):
        charts.dots(campaigns, x="uplift", y="campaign", reference=reference)


def test_intervals_are_taken_by_name(campaigns):
    assert values(charts.dots(campaigns, x="uplift", y="campaign"), "low") == [-0.03, -0.01, 0.03]


def test_a_line_is_named_at_its_end(protected):
    rows = [
        {"month": m, "channel": c, "people": n}
        for m in ("2026-01", "2026-02")
        for c, n in (("email", 30), ("sms", 30))
    ]
    html = charts.line(
        protected(rows, "month", "channel"), x="month", y="people", color="channel"
    ).html(theme.THIRD)
    assert {"Sähköposti 30", "Tekstiviesti 30"} <= set(re.findall(r">([^<>]+)</text>", html))


def test_a_funnel_tells_the_part_of_the_stage_before(protected):
    table = protected(
        [
            {"stage": s, "reached": n}
            for s, n in [("opened", 50), ("sent", 100), ("clicked", 9), ("bought", 5)]
        ],
        "stage",
    )
    said = charts.funnel(table).plot.frame["text"].to_list()
    assert said == ["100", "50 · 50\u00a0%", "9 · 18\u00a0%", "5"]


def test_likert_shares_meet_in_the_middle(protected):
    rows = [
        {"question": "q", "answer": a, "people": n} for a, n in enumerate((10, 20, 40, 20, 10), 1)
    ]
    frame = charts.likert(protected(rows, "question", "answer"), question="question").plot.frame
    assert frame.select("low", "high").row(2) == pytest.approx((-0.2, 0.2))
    assert frame["text"].to_list() == [
        "10\u00a0%",
        "20\u00a0%",
        "40\u00a0%",
        "20\u00a0%",
        "10\u00a0%",
    ]


def test_likert_of_nothing_says_so(protected):
    empty = protected([{"question": "q", "answer": 1, "people": 1}], "question", "answer")
    chart = charts.likert(empty, question="question", codes=[])
    assert [one.reason for one in chart.untold] == [NOTHING]


def test_likert_begins_with_the_question_that_most_agree_with(protected):
    """Not with the one that has the most neutral answers to its right."""
    counts = {"neutral": (0, 0, 60, 20, 20), "agreed": (10, 10, 30, 30, 20)}
    rows = [
        {"question": question, "answer": answer, "people": n}
        for question, numbers in counts.items()
        for answer, n in enumerate(numbers, 1)
    ]
    plot = charts.likert(protected(rows, "question", "answer"), question="question").plot
    assert plot.places == ["Agreed", "Neutral"]


@pytest.mark.parametrize("count", [None, 1])
def test_likert_hides_a_question_with_a_hidden_answer_or_under_ten_people(protected, count):
    rows = [{"question": "q", "answer": a, "people": count} for a in range(1, 6)]
    assert (
        charts.likert(protected(rows, "question", "answer"), question="question")
        .plot.frame["hidden"]
        .all()
    )


def test_the_map_has_all_regions_hatched_where_hidden(protected):
    regions = ["01", "02", "04", "05", "06", "07", "21"]
    rows = [{"region": r, "share": n / 100, "reason": None} for n, r in enumerate(regions[:-1], 1)]
    html = charts.map(
        protected([*rows, {"region": "21", "share": None, "reason": "primary"}], "region"),
        value="share",
    ).html(theme.THIRD)
    assert len(re.findall(r"<title>[^<]+: ", html)) == 19
    assert "<title>Ahvenanmaa: piilotettu pienten ryhmien suojaamiseksi</title>" in html
    assert "<title>Uusimaa: 1,0\u00a0%</title>" in html


def test_a_map_of_which_only_the_rest_has_no_figure_says_nothing_of_hatching(protected):
    rows = [("01", 3, None), ("others", None, "ratio")]
    table = protected(
        [dict(zip(("region", "people", "reason"), row, strict=True)) for row in rows], "region"
    )
    html = charts.map(table, value="people").html(theme.THIRD)
    assert 'fill="url(#hatch-' not in html
    assert "Vinoviivoitus" not in html
    assert "Maakunnilla ilman väriä ei ole omaa lukua" in html


def test_a_series_that_has_no_colour_gets_none_of_another(protected):
    rows = [{"month": "2026-10", "group": g, "people": 9} for g in ("filter", "others")]
    tones = {"rental": "teal", "filter": "sand"}
    drawn = charts.columns(
        protected(rows, "month", "group"), x="month", y="people", color="group", colors=tones
    )
    assert list(drawn.plot.series.values()) == ["sand", "mute"]


def test_no_line_of_a_caption_ends_inside_a_range(channels):
    html = charts.bars(channels, x="people", y="channel", subtitle="Vastaukset 5–7").html()
    assert "Vastaukset 5\u2060–\u20607" in html


@pytest.mark.parametrize(
    ("places", "width", "tilt"),
    [
        (["1 ostopäivä", "2", "3", "4", "5 tai enemmän"], 263, 0),
        (["18–24", "25–34", "35–44", "45–54", "55–64", "65–74", "75–", "Tuntematon"], 263, -45),
        (["ostopäivä", "ostopäivä"], 60, -90),
    ],
)
def test_names_lie_where_they_and_their_neighbours_have_room(places, width, tilt):
    assert lay_underneath(places, width)[1] == tilt


def test_a_figure_over_the_first_of_many_thin_columns_stays_off_the_axis(protected):
    rows = [{"decile": n, "people": 20 - n} for n in range(10)]
    chart = charts.columns(protected(rows, "decile"), x="decile", y="people")
    scales = [chart.to_dict(width)["layer"][0]["encoding"]["x"]["scale"] for width in (263, 466)]
    assert [scale["paddingOuter"] for scale in scales] == [0.45, 0.15]


def test_the_same_chart_is_the_same_byte_for_byte(months):
    assert (
        charts.columns(months, x="month", y="people").html()
        == charts.columns(months, x="month", y="people").html()
    )


def test_a_chart_of_which_all_is_hidden_says_so(protected):
    table = protected([{"channel": "email", "people": None, "reason": "primary"}], "channel")
    chart = charts.bars(table, x="people", y="channel", title="Customers")
    assert chart.untold == (Untold("Asiakkaat"),)
    assert chart.html() == ""
    assert "Ei kerrota, koska ryhmät ovat liian pieniä" in chart.standing()


def test_bars_of_nothing_but_the_others_tell_nothing(protected):
    rows = [
        {"channel": "email", "people": None, "reason": "primary"},
        {"channel": "others+post+sms", "people": 9, "reason": None},
    ]
    chart = charts.bars(protected(rows, "channel"), x="people", y="channel")
    assert [one.reason for one in chart.untold] == [SMALL]


@pytest.mark.parametrize(
    ("draw", "reason", "why"),
    [(charts.bars, None, NOTHING), (charts.bars, "primary", SMALL), (charts.dots, None, "")],
)
def test_bars_of_one_figure_show_nothing_but_a_dot_has_its_axis(protected, draw, reason, why):
    rows = [
        {"topic": "a", "people": 20, "reason": None},
        {"topic": "b", "people": None, "reason": "primary"},
    ]
    table = protected(rows[: 1 + bool(reason)], "topic")
    chart = draw(table, x="people", y="topic", title="Customers")
    assert [one.reason for one in chart.untold] == [why] * bool(why)


def test_a_chart_without_a_title_has_its_subtitle_for_one(channels):
    html = charts.bars(channels, x="people", y="channel", subtitle="Customers").html()
    assert "<h3>Asiakkaat</h3>" in html
    assert 'class="sub"' not in html


def test_a_chart_by_colour_is_plain_where_its_colour_is_not_divided(protected):
    months = (date(2026, 1, 1), date(2026, 2, 1))
    rows = [{"month": one, "channel": None, "people": 20, "reason": None} for one in months]
    table = replace(protected(rows, "month", "channel"), coarser={"channel": "undivided"})
    chart = charts.columns(table, x="month", y="people", color="channel")
    assert not chart.untold
    assert chart.to_dict() == charts.columns(table, x="month", y="people").to_dict()


def test_a_chart_without_rows_says_so(protected):
    table = protected([{"month": "2026-01", "people": None}], "month")
    assert [one.reason for one in charts.line(table, x="month", y="people").untold] == [NOTHING]


def test_bars_say_what_they_leave_to_the_table(protected):
    rows = [{"topic": f"t{n}", "people": n, "reason": None} for n in range(1, 9)] + [
        {"topic": "u", "people": None, "reason": "primary"}
    ]
    html = charts.bars(protected(rows, "topic"), x="people", y="topic", limit=3).html(theme.THIRD)
    assert "Kuviossa ovat ensimmäiset 3, taulukossa kaikki 9." in html
    assert "taulukossa kaikki" not in charts.bars(
        protected(rows[:3], "topic"), x="people", y="topic", limit=3
    ).html(theme.THIRD)


@pytest.mark.parametrize("count", [1, 2, 13])
def test_a_column_is_never_wider_than_its_figure_needs(protected, count):
    drawn = charts.columns(
        protected([{"topic": f"t{n}", "people": 9} for n in range(count)], "topic"),
        x="topic",
        y="people",
    ).to_dict(800)
    wide = re.findall(
        r'role="graphics-symbol" aria-roledescription="bar" d="M[\d.]+,[\d.]+h([\d.]+)v',
        svg.fitted(drawn, 800),
    )
    assert len(wide) == count
    assert max(map(float, wide)) < 100


def test_few_columns_stand_over_the_whole_width(protected):
    rows = [{"topic": topic, "people": 9} for topic in "abc"]
    drawn = charts.columns(protected(rows, "topic"), x="topic", y="people").to_dict(800)
    bars = re.findall(r'aria-roledescription="bar" d="M([\d.]+)', svg.fitted(drawn, 800))
    first, *_, last = sorted(map(float, bars))
    assert last - first == pytest.approx(800 * 2 / 3, abs=20)


def test_a_name_of_two_lines_stands_in_the_middle_of_its_row(protected):
    table = protected(
        [
            {"topic": "takaisin arkeen ja vielä -suodatinpaketti", "people": 9},
            {"topic": "b", "people": 4},
        ],
        "topic",
    )
    drawn = svg.fitted(charts.bars(table, x="people", y="topic").to_dict(466, 466), 466)
    (high,) = (
        float(y) for y in re.findall(r'translate\([-\d.]+,([\d.]+)\)"[^>]*><tspan>Takaisin', drawn)
    )
    (low,) = (float(y) for y in re.findall(r'translate\([-\d.]+,([\d.]+)\)"[^>]*>B<', drawn))
    assert low - high > 30


def test_the_map_says_what_has_no_colour_and_has_no_two_classes_that_read_alike(protected):
    table = protected(
        [
            {"region": f"{n:02}", "per_100_000": 0.2 + n / 100}
            for n in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11)
        ],
        "region",
    )
    chart = charts.map(table, value="per_100_000")
    assert [name for name, _ in chart.legend] == ["alle 0,3", "vähintään 0,3"]
    assert "Maakunnilla ilman väriä ei ole omaa lukua." in chart.html(theme.THIRD)


def test_a_subtitle_that_only_repeats_the_title_is_left_out(channels):
    said = {"title": "Customers by channel", "subtitle": "Customers by channel"}
    card = charts.bars(channels, x="people", y="channel", **said).html(theme.THIRD)
    assert card.count("Asiakkaita kanavittain</") == 1
    assert 'class="sub"' not in card
