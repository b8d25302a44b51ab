"""Tables as they read."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from genlib.errors import NotProtected
from genlib.present import tables
from genlib.present.item import NOTHING, SMALL, ZERO


def cells(item):
    body = re.sub(r"(?s)<details>.*</details>", "", item.html())
    return [
        re.sub("<[^>]+>", "", cell)
        for cell in re.findall(r"<t[hd](?: [^>]*)?>.*?</t[hd]>", body, re.S)
    ]


def test_hidden_is_two_dots_with_one_note_and_the_total_is_last(channels):
    item = tables.table(channels, by="channel")
    assert cells(item) == [
        "Kanava",
        "Asiakkaita",
        "Sähköposti",
        "900",
        "Tekstiviesti",
        "100",
        "Kirje",
        "..",
        "Yhteensä",
        "1\u00a0003",
    ]
    assert item.html().count("tieto on piilotettu") == 1


def test_a_table_that_is_told_again_says_of_which_day_it_is(protected):
    table = protected([{"channel": c, "people": 98} for c in ("email", "sms")], "channel")
    whole = replace(table, told_on={"": date(2026, 10, 3)})
    assert (
        "Luvut ovat sellaisina kuin ne kerrottiin 3.10.2026"
        in tables.table(whole, by="channel", total=False).html()
    )
    part = replace(table, told_on={"sms": date(2026, 10, 3)})
    assert (
        "Osa luvuista on sellaisina kuin ne kerrottiin 3.10.2026"
        in tables.table(part, by="channel", total=False).html()
    )


def test_no_line_ends_after_the_hyphen_that_begins_a_word(protected):
    item = tables.table(
        protected([{"topic": "arkeen -paketti", "people": 9}], "topic"), by="topic", total=False
    )
    assert "Arkeen \u2011paketti" in cells(item)


def test_what_stands_on_few_has_a_star(protected):
    rows = [
        {"channel": c, "people": n, "share": n / 1000, "thin": n < 30}
        for c, n in [("email", 900), ("sms", 20)]
    ]
    item = tables.table(
        protected(rows, "channel"), by="channel", columns=["people", "share"], total=False
    )
    assert cells(item)[3:] == ["Sähköposti", "900", "90,0", "Tekstiviesti", "20", "2,0\u00a0*"]
    assert item.html().count("sattuma painaa paljon") == 1


@pytest.mark.parametrize(
    ("contacts", "share", "reason", "untold"),
    [
        ([0, 0], [None, None], None, [ZERO]),
        ([0, 0], [None, None], "primary", [SMALL]),
        ([0, None], [None, None], "primary", [SMALL]),
        ([0, None], [None, None], None, [NOTHING]),
        ([0, 9], [None, None], None, []),
        ([0, 0], [0.0, None], None, []),
    ],
)
def test_a_table_of_nothing_but_zeros_and_dashes_is_not_told(
    protected, contacts, share, reason, untold
):
    rows = [
        {"channel": name, "contacts": count, "share": part, "reason": why}
        for name, count, part, why in zip(
            ("email", "sms"), contacts, share, (None, reason), strict=True
        )
    ]
    types = {"channel": pl.String, "contacts": pl.Int64, "share": pl.Float64, "reason": pl.String}
    table = protected(pl.DataFrame(rows, schema=types), "channel")
    columns = ["contacts", "share"]
    item = tables.table(table, by="channel", columns=columns, title="Contacts", total=False)
    assert [one.reason for one in item.untold] == untold
    assert bool(item.html()) is not bool(untold)


@pytest.mark.parametrize("hidden", [0, 1])
def test_true_zeros_are_not_called_small_whatever_else_is_hidden(protected, hidden):
    rows = [
        {"channel": name, "contacts": count, "refused": 0}
        for name, count in (("email", 900), ("sms", 80))
    ]
    table = replace(protected(rows, "channel"), hidden=hidden)
    item = tables.table(table, by="channel", columns=["refused"], total=False)
    assert "Kaikki luvut ovat nollia" in item.standing()


def test_a_table_that_is_not_divided_so_far_is_too_small(protected):
    rows = [{"channel": None, "contacts": 0, "reason": None}]
    table = replace(protected(rows, "channel"), coarser={"channel": "undivided"})
    item = tables.table(table, by="channel", columns=["contacts"], total=False)
    assert [one.reason for one in item.untold] == [SMALL]


def test_units_stand_in_the_head_and_intervals_beside(campaigns):
    item = tables.table(campaigns, by="campaign", columns=["uplift"], codes=["a"], total=False)
    assert cells(item) == [
        "Kampanja",
        "Lisävaikutus, %‑yks.",
        "95\u00a0%:n luottamus\u00adväli",
        "A",
        "+4,0",
        "3,0–5,0",
    ]


def test_across_makes_columns_of_codes(protected):
    rows = [
        {"channel": c, "kind": k, "people": n}
        for c, k, n in [("email", "DM", 1), ("email", "MR", 2), ("sms", "DM", 3)]
    ]
    item = tables.table(
        protected(rows, "channel", "kind"), by="channel", across="kind", total=False
    )
    assert cells(item) == [
        "Kanava",
        "Suoramarkkinointi",
        "Markkinatutkimus",
        "Sähköposti",
        "1",
        "2",
        "Tekstiviesti",
        "3",
        "0",
    ]


def test_a_column_of_wholes_is_left_out_of_a_crossed_table(protected):
    """And who has nothing else: the newest cohort has no quarter after its first."""
    rows = [
        {"channel": c, "kind": k, "people": n, "share": share}
        for c, k, n, share in [
            ("email", "DM", 20, 1.0),
            ("email", "MR", 5, 0.25),
            ("sms", "DM", 30, 1.0),
        ]
    ]
    crossed = {"by": "channel", "across": "kind", "columns": ["share"], "total": False}
    item = tables.table(protected(rows, "channel", "kind"), **crossed)
    assert cells(item) == ["Kanava", "Markkinatutkimus", "Sähköposti", "25,0"]
    alone = tables.table(protected(rows[::2], "channel", "kind"), **crossed)
    assert cells(alone)[1] == "Suoramarkkinointi"


def test_a_column_without_any_figure_is_left_out(protected):
    rows = [{"topic": topic, "people": 9, "share": None} for topic in "ab"]
    columns = ["people", "share"]
    item = tables.table(protected(rows, "topic"), by="topic", columns=columns, total=False)
    assert cells(item) == ["Aihe", "Asiakkaita", "A", "9", "B", "9"]
    assert "–" not in item.html()


@pytest.mark.parametrize("reason", [None, "primary"])
def test_a_group_of_zeros_is_named_and_one_that_is_hidden_stays(protected, reason):
    rows = [
        {"days": days, "channel": channel, "people": days - 7, "reason": None}
        for days in (7, 30)
        for channel in "ab"
    ]
    rows[0] |= {"people": None if reason else 0, "reason": reason}
    item = tables.table(protected(rows, "days", "channel"), by="channel", group="days")
    groups = [cell for cell in cells(item) if cell.endswith("päivässä")]
    assert groups == ["7\u00a0päivässä"] * bool(reason) + ["30\u00a0päivässä"]
    assert ("Kaikki luvut ovat nollia: 7\u00a0päivässä." in item.html()) == (reason is None)


def test_groups_stand_in_finnish_order(protected):
    rows = [{"topic": t, "channel": "email", "people": 1} for t in ("zeta", "äiti", "alku")]
    item = tables.table(protected(rows, "topic", "channel"), by="channel", group="topic")
    assert re.findall(r'gt_group_heading"[^>]*>([^<]+)', item.html()) == ["Alku", "Zeta", "Äiti"]


def test_the_rest_beyond_twenty_rows_can_be_opened(protected):
    item = tables.table(
        protected([{"topic": f"t{n}", "people": n} for n in range(30)], "topic"),
        by="topic",
        total=False,
    )
    assert len(cells(item)) == 2 + 2 * 20
    assert "Ensimmäiset 20 riviä, kaikkiaan 30." in item.html()


def test_words_are_escaped(protected):
    assert "<b>" not in tables.table(
        protected([{"topic": "<b>x", "people": 1}], "topic"), by="topic"
    ).html().replace('<section class="card">', "")


def test_a_frame_is_not_a_table():
    with pytest.raises(NotProtected, match=r"genlib\.protect"):
        tables.table(pl.DataFrame({"channel": ["a"]}), by="channel")


@pytest.mark.parametrize(
    ("count", "figure", "many"), [(9, 1_000, False), (9, 10**9, True), (25, 10, True)]
)
def test_a_table_that_a_page_has_no_room_for_is_printed_smaller(protected, count, figure, many):
    columns = [f"count_{n}" for n in range(count)]
    table = protected([{"topic": "a"} | dict.fromkeys(columns, figure)], "topic")
    html = tables.table(table, by="topic", columns=columns, total=False).html()
    assert ("scroll many" in html) == many


@pytest.mark.parametrize(("count", "is_list"), [(1, False), (6, True)])
def test_a_table_that_a_telephone_has_no_room_for_is_a_list_there(protected, count, is_list):
    names = [f"n{place}" for place in range(count)]
    rows = [{"topic": t, "people": 9} | dict.fromkeys(names, 123456) for t in ("a", "b")]
    html = tables.table(protected(rows, "topic"), by="topic", columns=names, total=False).html()
    assert ('class="scroll stack"' in html) == is_list
    assert html.count("data-head=") == 2 * count * is_list


def test_each_figure_of_a_list_has_the_head_of_its_column(protected):
    heads = {"people": "Customers", "n": "Companies & consumers/prohibitions"}
    table = protected([{"topic": "a", "people": 7, "n": 9}], "topic", language="en")
    html = tables.table(table, by="topic", columns=heads, total=False).html()
    assert re.findall(r'data-head="([^"]+)"[^>]*>([^<]+)<', html) == [
        ("Customers", "7"),
        ("Companies &amp; consumers/prohibitions", "9"),
    ]


def test_no_head_of_a_column_breaks_behind_its_first_letter(protected):
    table = protected([{"channel": "email", "people": 7}], "channel")
    html = tables.table(table, by="channel", columns={"people": "e-mail"}).standing()
    assert ">e-\u2060mail</th>" in html
