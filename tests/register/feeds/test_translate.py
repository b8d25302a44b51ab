"""Rows of a source become rows of the register's own form."""

from __future__ import annotations

import polars as pl
from polars.testing import assert_frame_equal

from genlib.register.feeds.declaration import Reference, TableFeed
from genlib.register.feeds.formats import UNREADABLE, Format
from genlib.register.feeds.translate import fold_address, translate

FINNISH = Format(date="d.m.yyyy", decimal=",", money="euros", blank=("-",))


def test_a_customer_list() -> None:
    feed = TableFeed(
        table="customer",
        file="asiakkaat*.csv",
        key=("Asiakasnro",),
        columns={"family_name": "Sukunimi", "joined_on": "Liittynyt", "language": "Kieli"},
        values={"language": {"suomi": "fi", "ruotsi": "sv"}},
        constants={"kind": "consumer"},
        form=FINNISH,
    )
    raw = pl.DataFrame(
        {
            "row": [1, 2, 3],
            "Asiakasnro": ["C-10", " ", "C-12"],
            "Sukunimi": ["Kuuralehto", "Esimerkki ", "-"],
            "Liittynyt": ["1.10.2026", "2026-10-01", None],
            "Kieli": ["suomi", "ruotsi", "saame"],
        }
    )
    expected = pl.DataFrame(
        {
            "row": [1, 2, 3],
            "key": ["C-10", None, "C-12"],
            "family_name": ["Kuuralehto", "Esimerkki", None],
            "joined_on": ["2026-10-01", UNREADABLE, None],
            "language": ["fi", "sv", UNREADABLE],
            "kind": ["consumer", "consumer", "consumer"],
        }
    )
    assert_frame_equal(expected, translate(raw, feed))


def test_an_unsubscription_is_a_row_only_where_there_is_one() -> None:
    feed = TableFeed(
        table="permission",
        file="mailing*.csv",
        key=("Campaign", "Email"),
        columns={"given_at": "Unsubscribed"},
        constants={"act": "prohibition", "scope": "email", "source": "COMMUNICATION"},
        references={"customer_id": Reference("Email", by="email")},
        where="Unsubscribed",
        form=Format(instant="d.m.yyyy HH:MM"),
    )
    raw = pl.DataFrame(
        {
            "row": [1, 2],
            "Campaign": ["A", "A"],
            "Email": ["aino@posti.example", "eino@posti.example"],
            "Unsubscribed": [None, "1.10.2026 00:05"],
        }
    )
    expected = pl.DataFrame(
        {
            "row": [2],
            "key": ["A\x1feino@posti.example"],
            "given_at": ["2026-09-30T21:05:00Z"],
            "act": ["prohibition"],
            "scope": ["email"],
            "source": ["COMMUNICATION"],
            "target_customer_id": ["eino@posti.example"],
        }
    )
    assert_frame_equal(expected, translate(raw, feed))


def test_wide_answers_become_a_row_each() -> None:
    feed = TableFeed(
        table="survey_answer",
        file="survey*.csv",
        key=("Respondent",),
        constants={"source": "DATA_SUBJECT"},
        references={"invitation_id": Reference("Respondent")},
        answers={"recommend": "Q1", "product": "Q2"},
    )
    raw = pl.DataFrame(
        {"row": [1, 2], "Respondent": ["r1", "r2"], "Q1": ["9", None], "Q2": ["4", "5"]}
    )
    expected = pl.DataFrame(
        {
            "row": [1, 1, 2],
            "key": ["r1\x1fproduct", "r1\x1frecommend", "r2\x1fproduct"],
            "source": ["DATA_SUBJECT"] * 3,
            "target_invitation_id": ["r1", "r1", "r2"],
            "question": ["product", "recommend", "product"],
            "answer": ["4", "9", "5"],
        }
    )
    assert_frame_equal(expected, translate(raw, feed))


def test_only_addresses_in_keys_are_folded() -> None:
    keys = ["AINO@Posti.Example", "aino@posti.example", "C-10@", "C-10", None, "Aino@PÖSTI.example"]
    addresses = fold_address(pl.Series(keys)).to_list()
    aino = "aino@posti.example"
    assert addresses == [aino, aino, "C-10@", "C-10", None, "aino@pösti.example"]


def test_what_names_a_row_by_its_key_is_folded_as_the_key_is() -> None:
    feed = TableFeed(
        table="survey_answer",
        file="survey*.csv",
        key=("who", "survey"),
        references={"invitation_id": Reference("who"), "customer_id": Reference("who", "email")},
    )
    raw = pl.DataFrame({"row": [1], "who": ["AINO@posti.example"], "survey": ["S@A"]})
    [row] = translate(raw, feed).to_dicts()
    assert row["key"] == "aino@posti.example\x1fS@A"
    assert row["target_invitation_id"] == "aino@posti.example"
    assert row["target_customer_id"] == "AINO@posti.example"
