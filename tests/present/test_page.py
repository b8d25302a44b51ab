"""The page: items, one file that loads nothing, and how it stands in a real browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
import weasyprint

from genlib.errors import NotProtected, UsageError
from genlib.present import charts, findings, page, tables
from genlib.present.item import MIME, NOTHING, Block, Untold
from genlib.present.words import Words

MANIFEST = SimpleNamespace(
    release_id="2026-11-01T0400Z-5f2c91",
    purpose="campaign_history",
    published_at="2026-11-01T04:00:00Z",
    published_on=date(2026, 11, 1),
    time_zone="Europe/Helsinki",
    notice_version="2026-1",
    notice_digest="a1b2c3d4e5f6" + 52 * "0",
    genlib_version="0.1.0",
    people=9204,
    left_out={"restricted": 14},
    k={"required": 5, "reached": 6},
    data_until=date(2026, 9, 30),
)
RELEASE = SimpleNamespace(manifest=MANIFEST)


@pytest.fixture
def items(channels, months, both):
    places = tuple({"month": date(2026, m, 1)} for m in (2, 1))
    now = months.value("people", **places[0])
    found = findings.change(months, "people", "The number of customers", places=places)
    return [
        page.lead(found, period="2026-02"),
        page.tiles(
            page.tile(
                now,
                label="customers",
                note=found,
                good="up",
                trend=(months, "month", "people"),
            )
        ),
        page.row(
            charts.columns(months, x="month", y="people", title=found),
            tables.table(channels, by="channel"),
            spans=(7, 5),
        ),
        page.row(charts.bars(channels, x="people", y="channel", subtitle="Customers")),
        page.conditions(both, RELEASE, parameters={"period": "2026-02", "region": "all"}),
    ]


@pytest.fixture
def html(items):
    return page.render(
        ["<h1>Kampanjahistoria</h1>", *(item._repr_mimebundle_()["text/html"] for item in items)],
        title="Kampanjahistoria",
        language="fi",
    )


def test_each_item_says_of_which_tables_it_was_made_and_what_its_author_wrote(items):
    facts = [json.loads(json.dumps(item._repr_mimebundle_()[MIME])) for item in items]
    assert facts[0] == {"kind": "lead", "tables": ["months"], "words": ["2026-02"]}
    assert facts[2] == {"kind": "row", "tables": ["months", "channels"], "words": ["7", "5"]}


def test_the_conditions_bring_the_figures_of_all_tables_and_nothing_else_does(items):
    facts = [item._repr_mimebundle_()[MIME] for item in items]
    assert ["evidence" in one for one in facts] == [False] * 4 + [True]
    evidence = facts[-1]["evidence"]
    assert evidence["figures"] == {"number": [10, 20, 30, 100, 900, 1003]}
    assert evidence["release"] == ["campaign_history", MANIFEST.release_id]
    assert {"email", "2026-02-01"} <= set(evidence["texts"])


def test_a_tile_tells_figure_label_and_change_without_an_arrow_where_the_swing_is_unknown(items):
    assert (
        '<div class="n">30</div><div class="l">asiakasta</div><div class="c"><b>'
        "+50,0\u00a0%</b> edellisestä kuukaudesta</div>" in items[1].html()
    )


def test_a_hidden_tile_says_so(channels):
    tile = page.tile(channels.value("people", channel="post"), label="customers")
    assert tile.html() == ""
    assert "Ei kerrota, koska ryhmät ovat liian pieniä" in tile.standing()


def test_a_number_is_no_tile_and_a_text_no_lead():
    with pytest.raises(NotProtected, match=r"table\.value"):
        page.tile(7, label="customers")
    with pytest.raises(NotProtected, match="findings"):
        page.lead("We grew")


def test_a_row_takes_items_only(months):
    with pytest.raises(NotProtected, match=r"genlib\.present"):
        page.row("text")
    with pytest.raises(UsageError, match="twelve together"):
        page.row(charts.columns(months, x="month", y="people"), spans=(9,))


def nothing(channels, **options):
    """A chart and a table without a row."""
    return (
        charts.bars(channels, x="people", y="channel", codes=[], **options),
        tables.table(channels, by="channel", codes=[], total=False, **options),
    )


def test_a_row_leaves_out_what_is_optional_and_has_nothing_to_show(channels, months):
    sent = charts.columns(months, x="month", y="people")
    for blank in nothing(channels, optional=True):
        assert page.row(blank, sent, spans=(7, 5)).html() == page.row(sent).html()
        assert page.row(blank).html() == ""


def test_a_row_shows_what_is_not_optional_and_says_that_there_is_nothing(channels, months):
    sent = charts.columns(months, x="month", y="people")
    for blank in nothing(channels):
        row = page.row(blank, sent, spans=(7, 5))
        assert row.html() == page.row(sent).html()
        assert row.facts["untold"]


SHOWN = '<div class="gl-item"><i>chart</i></div>'
AGE = (Untold("indeksi iän mukaan"),)
REGION = (Untold("indeksi maakunnittain", "asteikolla 1–5"),)
NONE_CAME = (Untold("palautteet", reason=NOTHING),)


def read_parts(*blocks):
    """Heading and HTML of each part of a page."""
    made = page.render([*blocks], title="T", language="fi")
    _, *parts = re.split(r'<h2 id="part-\d">', made)
    return dict(part.split("</h2>", 1) for part in parts)


def test_what_cannot_be_told_stands_once_before_the_conditions():
    """Not part by part: the page leads with what it can tell."""
    parts = read_parts(
        Block("<h2>Kuka vastaa</h2>"),
        Block(SHOWN, AGE),
        Block("", AGE + REGION),
        Block("<h2>Palaute</h2>"),
        Block(SHOWN, NONE_CAME),
        Block('<h2>Näin luet</h2><section class="card conditions"></section>'),
    )
    assert list(parts) == ["Kuka vastaa", "Palaute", "Mitä ei voida kertoa", "Näin luet"]
    small, nothing = parts["Mitä ei voida kertoa"].split('<div class="untold">')[1:]
    assert "<p>Ei kerrota, koska ryhmät ovat liian pieniä</p>" in small
    lines = "<span>Indeksi iän mukaan</span> <span>Indeksi maakunnittain</span>"
    assert f"<li>Kuka vastaa {lines}</li></ul>" in small
    assert "<li>Palaute <span>Palautteet</span></li></ul>" in nothing
    assert "ei kerrota" not in "".join(list(parts.values())[:2]).lower()


def test_a_part_that_can_tell_nothing_is_left_to_that_list():
    words = "<h2>Yritykset</h2><p>Yritys lasketaan kerran.</p>"
    parts = read_parts(Block(words), Block('<div class="gl-item"></div>', AGE), "<h2>Muuta</h2>")
    assert list(parts) == ["Muuta", "Mitä ei voida kertoa"]
    assert "<li>Yritykset <span>Indeksi iän mukaan</span></li>" in parts["Mitä ei voida kertoa"]


def test_a_figure_that_a_page_cannot_begin_with_is_one_of_its_key_figures():
    parts = read_parts(Block(SHOWN, AGE))
    line = "<li>Tunnusluvut <span>Indeksi iän mukaan</span></li>"
    assert line in parts["Mitä ei voida kertoa"]


@pytest.mark.parametrize(
    ("language", "name"), [("fi", "Sisältö"), ("sv", "Innehåll"), ("en", "Contents")]
)
def test_a_long_page_has_contents_behind_its_lead(language, name):
    lead = '<div class="lead"><p>L</p></div>'
    parts = [f"<h2>Part {number}</h2>" for number in (1, 2, 3)]
    made = page.render([lead, "<p>tiles</p>", *parts], title="T", language=language)
    assert made.index(lead) < made.index(f'aria-label="{name}"') < made.index("<p>tiles</p>")
    links = re.findall(r'<a href="#(part-\d)">Part \d</a>', made)
    assert links == re.findall(r'<h2 id="(part-\d)">', made) == ["part-1", "part-2", "part-3"]
    assert "<nav" not in page.render([lead, *parts[:2]], title="T", language=language)


def test_a_figure_of_zero_is_nothing_to_draw_but_a_hidden_one_is(protected):
    rows = [{"channel": "email", "people": 0, "reason": None}]
    hidden = [{"channel": "email", "people": None, "reason": "primary"}]
    blanks = [
        charts.bars(protected(given, "channel"), x="people", y="channel", optional=True).is_blank
        for given in (rows, hidden)
    ]
    assert blanks == [True, False]


def test_a_map_of_no_region_is_optional(protected):
    together = protected([{"region": "all", "people": 20}], "region")
    assert charts.map(together, value="people", optional=True).is_blank


def test_there_is_no_map_of_municipalities_so_they_are_bars(protected):
    rows = protected([{"municipality": "837", "people": 20}], "municipality")
    assert charts.map(rows, region="municipality", value="people").mark == "bars"


def test_tiles_leave_out_what_is_optional_and_has_no_figure(channels):
    shown = page.tile(channels.value("people", channel="email"), label="customers")
    absent = page.tile(channels.value("people", channel="call"), label="customers", optional=True)
    hidden = page.tile(channels.value("people", channel="post"), label="customers", optional=True)
    assert page.tiles(shown, absent).html() == page.tiles(shown).html()
    assert page.tiles(shown, hidden).html().count('class="tile"') == 1
    assert page.tiles(shown, hidden).untold == hidden.untold


def test_conditions_say_what_the_report_stands_on(items):
    said = re.sub("<[^>]+>", "|", items[-1].html())
    for part in (
        "kampanjahistorian hallinta",
        "1.11.2026",
        "noin 15: käsittely rajoitettu",
        "1 / 7",
        "jakso helmikuu\u00a02026",
        "yhtiön johto",
        "tarkastettu",
    ):
        assert part in said


@pytest.mark.parametrize(("status", "said"), [("optimal", False), ("feasible", True)])
def test_a_search_that_was_cut_short_says_so(both, status, said):
    tables = replace(both, conditions={**both.conditions, "status": status})
    assert ("haku jäi kesken" in page.conditions(tables, RELEASE, parameters={}).html()) is said


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (0, "ei ketään"),
        (1, "alle 5: "),
        (4, "alle 5: "),
        (5, "noin 5: "),
        (7, "noin 5: "),
        (8, "noin 10: "),
    ],
)
def test_so_few_left_out_are_not_counted_and_others_in_fives(items, both, left, said):
    """The difference of two releases would tell of the one who was added."""
    manifest = SimpleNamespace(**vars(MANIFEST) | {"left_out": {"restricted": left}})
    told = page.conditions(both, SimpleNamespace(manifest=manifest), parameters={}).html()
    assert re.search(f">{said}", told)


def tell_left_out(tables, reason):
    message = "{n} of {all}"
    return page.left_out(tables, RELEASE, reason, title="Prohibition of research", message=message)


def test_who_was_left_out_is_told_by_a_reason_of_the_release(both):
    told = tell_left_out(both, "restricted")
    assert "<p>Noin 15 / noin 9\u00a0205</p>" in told.html()
    assert told.untold == ()


def test_by_a_reason_that_the_release_does_not_count_nobody_is_told(both):
    told = tell_left_out(both, "satisfaction_prohibition")
    assert (told.html(), told.untold) == ("", (Untold("Tutkimuskielto", reason=NOTHING),))


def test_a_misspelt_reason_is_no_zero(both):
    with pytest.raises(UsageError, match=r"no such reason to leave people out; see .*restricted"):
        tell_left_out(both, "restrcted")


@pytest.mark.parametrize(
    ("channel", "said"), [("post", "..\u00a0asiakasta"), ("call", "–\u00a0asiakasta")]
)
def test_a_tile_without_its_figure_is_listed_with_the_sign_for_one(channels, channel, said):
    tile = page.tile(channels.value("people", channel=channel), label="customers")
    assert [one.title for one in tile.untold] == [said]
    assert f"<li>{said}</li>" in tile.standing()


def test_the_conditions_say_until_when_the_data_reach_if_the_feeds_tell(both):
    told = page.conditions(both, RELEASE, parameters={}).html()
    assert "<dt>Tiedot</dt><dd>30.9.2026 saakka</dd>" in told.replace("\u00a0", " ")
    manifest = SimpleNamespace(**vars(MANIFEST) | {"data_until": None})
    silent = page.conditions(both, SimpleNamespace(manifest=manifest), parameters={}).html()
    assert "saakka" not in silent


def test_the_page_is_one_file_with_its_type_and_one_style_sheet(html):
    assert html.count("@font-face") == 1
    assert html.count("<style") == 1
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:" in html
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)|@import|url\((?!data:|#)""", html)


def print_texts(html):
    """The texts of each page of paper, with their right ends, and that of the page's content."""
    from weasyprint.formatting_structure.boxes import TextBox

    for one in weasyprint.HTML(string=html).render().pages:
        paper = one._page_box
        boxes = [box for box in paper.children[0].descendants() if isinstance(box, TextBox)]
        reach = paper.content_box_x() + paper.width
        yield [(box.text.strip(), box.position_x + box.width) for box in boxes], reach


@pytest.mark.parametrize("between", ["", "<p>Ei ennustetta.</p>"])
def test_a_heading_is_not_torn_from_its_chart_on_paper(channels, between):
    """Whatever stands between: an item that shows nothing, or a sentence."""
    row = page.row(tables.table(channels, by="channel", title="Kanavat"))
    item = '<div class="gl-item" lang="fi">{}</div>'
    room = '<div style="height:{}px"></div>'
    for height in range(660, 900, 40):
        blocks = [
            room.format(height),
            "<h2>Kuka vastaa?</h2><p>NPS kertoo niistä, jotka vastaavat.</p>",
            item.format(between),
            item.format(row.html()),
        ]
        html = page.render(blocks, title="Kysely", language="fi")
        texts = [[text for text, _ in one] for one, _ in print_texts(html)]
        (heading,) = [place for place, one in enumerate(texts) if "Kuka vastaa?" in one]
        (chart,) = [place for place, one in enumerate(texts) if "Kanavat" in one]
        assert heading == chart


@pytest.mark.parametrize(("columns", "digits"), [(5, 12), (8, 9), (9, 9), (14, 5)])
def test_no_figure_of_a_table_lies_beside_its_card_on_paper(protected, columns, digits):
    counts = {f"n{place}": 10**digits - 1 for place in range(columns)}
    rows = [{"topic": "Suodatinmalliston vaihtuminen"} | counts, {"topic": None} | counts]
    table = tables.table(protected(rows, "topic"), by="topic", columns=list(counts))
    html = page.render([page.row(table).html()], title="Taulukko", language="fi")
    ((texts, reach),) = print_texts(html)
    written = [end for text, end in texts if text.startswith("9")]
    assert len(written) == 2 * columns
    assert max(written) <= reach - 13  # the padding of the card


def test_headings_stand_in_order_and_the_title_once(html):
    assert [int(level) for level in re.findall(r"<h([1-6])", html)] == [1, 3, 3, 3]
    assert re.search(
        r'<h1><span class="kicker">Kampanjahistoria</span>Helmikuu\u00a02026</h1>', html
    )


def test_the_language_is_told_and_the_content_can_be_skipped_to(html):
    assert '<html lang="fi">' in html
    assert '<a class="skip" href="#content">Siirry sisältöön</a>' in html


def test_a_title_cannot_leave_the_style_sheet():
    made = page.render([], title='a"}</style><script>', language="fi")
    assert "<script>" not in made


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1160])
def test_the_page_fits_and_asks_for_nothing(html, width, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    (tmp_path / "report.html").write_text(html, encoding="utf-8")
    asked: list[str] = []
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        sheet = browser.new_page(viewport={"width": width, "height": 900})
        sheet.on("console", lambda message: asked.append(message.text))
        sheet.on("request", lambda request: asked.append(request.url))
        sheet.goto(f"file://{tmp_path}/report.html")
        assert sheet.evaluate("document.documentElement.scrollWidth") == width
        assert sheet.evaluate("document.fonts.check('16px \"Genlib Sans\"')")
        assert (
            sheet.locator("svg text:visible")
            .first.evaluate("e => getComputedStyle(e).fontFamily")
            .startswith('"Genlib Sans"')
        )
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_a_command_has_its_words_apart_so_that_no_line_ends_behind_a_hyphen():
    command = "genlib report run campaign_history -p period=2026-10 --language en"
    html = page.describe_making(Words("en"), {"Anew": command}, {})
    assert re.findall("<span>([^<]*)</span>", html) == command.split(" ")
    assert command in re.sub("<[^>]+>", "", html)


def test_no_line_of_a_page_ends_behind_the_letter_that_begins_a_word():
    blocks = ['<p class="e-x">Skicka per e-post, Erik-Axel.</p><code>x-y</code>']
    html = page.render(blocks, title="Kunder", language="sv")
    assert '<p class="e-x">Skicka per e-\u2060post, Erik-Axel.</p><code>x-y</code>' in html


def test_no_line_of_a_tile_ends_inside_a_range(channels):
    shown = channels.value("people", channel="email")
    tile = page.tile(shown, label="customers", note="95 % 17,1–40,9 %")
    assert "17,1\u2060–\u206040,9" in tile.html()
