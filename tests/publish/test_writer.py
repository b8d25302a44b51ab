"""Door 1: what goes through, what does not, and who is left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from small import KEY, LONG_AGO, NOW, PURPOSES, ZONE, Small

from genlib import notice as notices
from genlib.errors import NoticeError, Refused, UsageError
from genlib.publish.pseudonym import CODES, reidentify
from genlib.publish.writer import publish
from genlib.register.database import Register
from genlib.register.own_tables import HeldBack
from genlib.register.schema import Base
from genlib.release import Release

TEXT, NUMBER, DAY, INSTANT, YES = (
    pl.String(),
    pl.UInt32(),
    pl.Date(),
    pl.Datetime("us", "UTC"),
    pl.Boolean(),
)
IDENTIFIER = r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]|@|049\d|049 \d|\+358|FI\d{2}"
PERSON = {
    **{"customer": NUMBER, "pseudonym": TEXT, "company": pl.Int64()},
    **{"kind": TEXT, "age_band": TEXT, "region": TEXT},
}
STEPS = ("sent", "delivered", "opened", "clicked", "responded", "opted_out")
COLUMNS: dict[str, dict[str, dict[str, Any]]] = {
    "customer_analysis": {
        "customer": {**PERSON, "municipality": TEXT, "language": TEXT},
        "membership": {"kind": TEXT, "joined_month": DAY, "left_month": DAY},
        "invoice": {
            "customer": NUMBER,
            "issued_on": DAY,
            "paid_on": DAY,
            "amount_cents": pl.Int64(),
            "product_line": TEXT,
        },
        "interaction": {"customer": NUMBER, "occurred_on": DAY, "channel": TEXT, "kind": TEXT},
        "profile": {"customer": NUMBER},
    },
    "satisfaction": {
        "customer": {**PERSON, "language": TEXT},
        "survey": {
            "survey": NUMBER,
            "code": TEXT,
            "name": TEXT,
            "kind": TEXT,
            "promise": TEXT,
            "opened_on": DAY,
            "closed_on": DAY,
        },
        "survey_question": {
            "question": NUMBER,
            "survey": NUMBER,
            **dict.fromkeys(("code", "scale", "text_fi", "text_sv", "text_en"), TEXT),
        },
        "survey_invitation": {
            **{"invitation": NUMBER, "survey": NUMBER, "customer": NUMBER, "channel": TEXT},
            **{"sent_on": DAY, "delivered": YES, "responded_on": DAY},
        },
        "survey_answer": {
            "invitation": NUMBER,
            "question": NUMBER,
            "score": pl.Int16(),
            "comment": TEXT,
        },
        "feedback": {
            "customer": NUMBER,
            "received_on": DAY,
            "channel": TEXT,
            "topic": TEXT,
            "comment": TEXT,
        },
        "interaction": {"customer": NUMBER, "occurred_on": DAY, "channel": TEXT, "kind": TEXT},
    },
    "campaign_history": {
        "customer": {**PERSON, "language": TEXT},
        "campaign": {
            **{
                "campaign": NUMBER,
                "code": TEXT,
                "name": TEXT,
                "kind": TEXT,
                "starts_on": DAY,
                "ends_on": DAY,
            },
            **{"holdout_share": pl.Float64(), "cost_cents": pl.Int64()},
        },
        "campaign_contact": {
            **{"campaign": NUMBER, "customer": NUMBER, "arm": TEXT, "channel": TEXT},
            **{f"{step}_at": INSTANT for step in STEPS},
            **{f"{step}_on": DAY for step in STEPS},
            **{"bounced": YES, "allowed": YES, "reason": TEXT},
            **{"act": TEXT, "act_scope": TEXT, "act_given_on": DAY, "act_ended_on": DAY},
            **{"act_via": TEXT, "remedy": TEXT, "open_channel": TEXT, "followed_up": YES},
        },
        "invoice": {
            "customer": NUMBER,
            "issued_on": DAY,
            "amount_cents": pl.Int64(),
            "product_line": TEXT,
        },
        "reach": {
            "customer": NUMBER,
            "channel": TEXT,
            "kind": TEXT,
            "allowed": YES,
            "reason": TEXT,
        },
    },
}

Released = Callable[[str], Release]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_release_holds_exactly_these_columns(released: Released, purpose: str) -> None:
    release = released(purpose)
    assert {table: dict(release[table].collect_schema()) for table in release.tables} == COLUMNS[
        purpose
    ]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_secret_column_is_even_read(
    drawn: Register, tmp_path: Path, purpose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: set[tuple[str, str]] = set()
    scan = Register.scan

    def watched(
        self: Register, name: str, columns: list[str], **how: Any
    ) -> Iterator[pl.DataFrame]:
        read.update((name, column) for column in columns)
        return scan(self, name, columns, **how)

    monkeypatch.setattr(Register, "scan", watched)
    places = {"releases": tmp_path, "common": tmp_path}
    publish(purpose, drawn, KEY, notice=notices.load(), now=NOW, time_zone=ZONE, **places)
    secret = {
        (t.name, c.name)
        for t in Base.metadata.tables.values()
        for c in t.columns
        if {"secret", "index_of"} & c.info.keys()
    }
    assert read
    assert not read & secret


@pytest.mark.parametrize("purpose", PURPOSES)
def test_k_is_reached_and_told(released: Released, purpose: str) -> None:
    release = released(purpose)
    people = release["customer"].collect()
    classes = people.group_by(set(people.columns) - {"customer", "pseudonym", "company"}).len()
    assert (
        classes["len"].min() == release.manifest.k["reached"] >= release.manifest.k["required"] == 5
    )
    assert people.height == release.manifest.people


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_manifest_tells_the_rows(released: Released, purpose: str) -> None:
    release = released(purpose)
    assert release.manifest.rows == {
        table: release[table].select(pl.len()).collect().item() for table in release.tables
    }


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_number_of_a_customer_is_in_table_customer(released: Released, purpose: str) -> None:
    release = released(purpose)
    known = release["customer"].select("customer").collect()["customer"]
    assert known.to_list() == list(range(len(known)))
    for table in release.tables:
        if "customer" in release.manifest.schema[table]:
            assert (
                release[table]
                .select(pl.col("customer").drop_nulls().is_in(known.implode()).all())
                .collect()
                .item()
            )


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_text_of_a_release_looks_like_an_identifier(released: Released, purpose: str) -> None:
    """The synthetic comments are full of personal identity codes, phones, e-mails and names; none
    may arrive."""
    release = released(purpose)
    for table in release.tables:
        text = release[table].select(pl.selectors.string().exclude("pseudonym")).collect()
        found = [name for name in text.columns if text[name].str.contains(IDENTIFIER).any()]
        assert (table, found) == (table, [])


def test_pseudonyms_are_those_of_the_key_and_differ_by_purpose(released: Released) -> None:
    seen = {p: released(p)["customer"].select("pseudonym").collect().to_series() for p in PURPOSES}
    for purpose, column in seen.items():
        assert column.str.starts_with(f"{CODES[purpose]}1-").all()
        assert not reidentify(column, KEY, purpose=purpose)[1].any()
    letters = pl.concat(column.str.slice(-26) for column in seen.values())
    assert letters.is_unique().all()


def test_the_codes_of_the_notice_are_the_prefixes() -> None:
    assert {purpose: terms.code for purpose, terms in notices.load().releases.items()} == CODES


def test_months_of_membership_hang_on_nobody(released: Released) -> None:
    release = released("customer_analysis")
    membership = release["membership"].collect()
    assert membership.height == release.manifest.people
    assert membership.equals(membership.sort(pl.all()))


def test_restricted_people_are_in_no_table(small: Small) -> None:
    small.people(7).add(
        "customer",
        {"id": 8, "restricted_from": NOW},
        {"id": 9, "restricted_from": NOW + dt.timedelta(days=1)},
    )
    invoice = {
        "issued_on": NOW.date(),
        "due_on": NOW.date(),
        "amount_cents": 100,
        "product_line": "filter",
    }
    small.add(
        "invoice", *({"id": person, "customer_id": person, **invoice} for person in (1, 8, 9))
    )
    release = small.publish()
    assert release.manifest.left_out["restricted"] == 1
    assert (
        release.manifest.rows["customer"],
        release.manifest.rows["invoice"],
        release.manifest.rows["membership"],
    ) == (8, 2, 8)


@pytest.mark.notice("N4.16", "N11.10")
def test_marketing_objectors_are_not_profiled(small: Small) -> None:
    stop = {"act": "prohibition", "scope": "marketing_use"}
    ended, later = {"ended_at": NOW}, {"given_at": NOW + dt.timedelta(days=1)}
    acts = [
        {"customer_id": 1, **stop},
        {"customer_id": 2, **stop, **ended},
        {"customer_id": 3, **stop, **later},
    ]
    acts += [{"customer_id": 4, "act": "prohibition", "scope": "phone"}]
    small.people(6).add(
        "permission", *({"id": number, **act} for number, act in enumerate(acts, 1))
    )
    manifest = small.publish().manifest
    assert (
        manifest.rows["profile"],
        manifest.rows["customer"],
        manifest.left_out["marketing_prohibition"],
    ) == (5, 6, 1)


def test_the_dead_are_not_profiled_nor_reached_and_a_contact_after_death_is_not_allowed(
    small: Small,
) -> None:
    died = dt.date(2026, 6, 1)
    small.people(6).add(
        "customer", {"id": 7, "deceased_on": died}, {"id": 8, "deceased_on": dt.date(2026, 12, 1)}
    )
    small.add("permission", {"id": 1, "customer_id": 7, "act": "consent", "scope": "email"})
    campaign = {"id": 1, "code": "A", "name": "A", "kind": "DM", "holdout_share": 0.0}
    days = {"starts_on": dt.date(2026, 5, 1), "ends_on": dt.date(2026, 7, 31)}
    small.add("campaign", campaign | days | {"cost_cents": 0})
    sent = [
        {"id": number, "customer_id": 7, "sent_at": dt.datetime(2026, month, 1, 9, tzinfo=dt.UTC)}
        for number, month in enumerate((5, 6, 7), 1)
    ]
    same = {"campaign_id": 1, "arm": "contacted", "channel": "email", "bounced": False}
    small.add("campaign_contact", *(same | one for one in sent))
    manifest = small.publish().manifest
    assert (manifest.rows["profile"], manifest.left_out["deceased"]) == (7, 1)
    history = small.publish("campaign_history")
    told = history["campaign_contact"].sort("sent_at").select("allowed", "reason").collect().rows()
    assert told == [(True, "consent"), (False, "deceased"), (False, "deceased")]
    dead = history["reach"].filter(reason="deceased").collect()
    assert (dead["customer"].n_unique(), dead["allowed"].any()) == (1, False)
    assert dead.height == history["reach"].filter(customer=dead["customer"][0]).collect().height


def test_nobody_is_reached_whom_a_refused_row_holds_back(small: Small) -> None:
    hold = {"table": "permission", "column": "scope", "rule": "unknown_code", "since": NOW}
    small.people(6)
    with small.register.writing() as connection:
        holds = [hold | {"customer_id": customer} for customer in (3, None)]
        connection.execute(sa.insert(HeldBack), holds)
    reach = small.publish("campaign_history")["reach"].collect()
    held = reach.filter(reason="held_back")
    assert (held["customer"].n_unique(), held["allowed"].any(), held.height) == (1, False, 16)


def test_a_minor_is_reached_by_needed_notices_only_and_no_past_contact_is_blamed(
    small: Small,
) -> None:
    mail = {"campaign_id": 1, "arm": "contacted", "channel": "post", "bounced": False}
    days = {"starts_on": dt.date(2026, 3, 1), "ends_on": dt.date(2026, 3, 31)}
    campaign = {"id": 1, "code": "C", "name": "C", "kind": "DM", "holdout_share": 0, **days}
    minors = [{"id": person, "birth_year": 2008} for person in range(6, 11)]
    small.people(5).add("customer", *minors)
    small.add("campaign", campaign | {"cost_cents": 0})
    small.add("campaign_contact", mail | {"id": 1, "customer_id": 6, "sent_at": LONG_AGO})
    history = small.publish("campaign_history")
    minor = history["reach"].filter(reason="minor").collect()
    assert (minor["customer"].n_unique(), minor["allowed"].any(), minor.height) == (5, False, 80)
    assert history["campaign_contact"].select("allowed").collect().to_series().to_list() == [True]


def test_people_who_stay_rare_are_left_out(small: Small) -> None:
    small.people(6).add(
        "customer", *({"id": person, "kind": "company_contact"} for person in (7, 8))
    )
    manifest = small.publish().manifest
    assert (manifest.people, manifest.left_out["too_rare"], manifest.k["reached"]) == (6, 2, 6)


def test_nobody_with_a_non_disclosure_order_has_an_area(small: Small) -> None:
    small.people(5).add(
        "customer", *({"id": person, "non_disclosure": True} for person in range(6, 11))
    )
    areas = small.publish()["customer"].select("region", "municipality").collect().unique().rows()
    assert sorted(areas) == [("01", "091"), ("unknown", "unknown")]


def test_an_anonymous_survey_is_linked_to_nobody(small: Small) -> None:
    day = NOW.date()
    for survey, promise in ((1, "anonymous"), (2, "confidential")):
        small.add(
            "survey",
            {
                "id": survey,
                "code": promise,
                "name": promise,
                "kind": "satisfaction",
                "promise": promise,
                "opened_on": day,
            },
        )
    small.people(6).add(
        "survey_question",
        {"id": 1, "survey_id": 1, "code": "nps", "scale": "nps_0_10", "text_fi": "?"},
    )
    asked = {"channel": "email", "sent_at": NOW, "delivered": True}
    links = [(1, None), (1, 1), (2, 2), (2, 3)]
    small.add(
        "survey_invitation",
        *(
            {"id": i, "survey_id": s, "customer_id": c, **asked}
            for i, (s, c) in enumerate(links, 1)
        ),
    )
    small.add(
        "survey_answer", *({"invitation_id": i, "question_id": 1, "score": i} for i in range(1, 5))
    )
    release = small.publish("satisfaction")
    linked = (
        release["survey_invitation"]
        .group_by("survey")
        .agg(pl.len(), pl.col("customer").is_not_null().sum().alias("linked"))
    )
    assert sorted(linked.collect().rows()) == [(1, 2, 0), (2, 2, 2)]
    answers = release["survey_answer"].join(release["survey_invitation"], on="invitation").collect()
    assert sorted(answers.select("survey", "score").rows()) == [(1, 1), (1, 2), (2, 3), (2, 4)]


def test_every_contact_carries_its_verdict_as_of_its_instant(small: Small) -> None:
    sent = NOW - dt.timedelta(days=30)
    small.people(6).add(
        "permission",
        {"id": 1, "customer_id": 1, "act": "prohibition", "scope": "post", "given_at": sent},
    )
    campaign = {
        "id": 1,
        "code": "A",
        "name": "A",
        "kind": "DM",
        "starts_on": sent.date(),
        "ends_on": sent.date(),
    }
    small.add("campaign", campaign | {"holdout_share": 0.1, "cost_cents": 1})
    contacts = [
        (1, "contacted", sent),
        (1, "contacted", sent - dt.timedelta(days=1)),
        (2, "holdout", None),
    ]
    rows = [
        {"id": i, "campaign_id": 1, "customer_id": c, "arm": a, "sent_at": s}
        for i, (c, a, s) in enumerate(contacts, 1)
    ]
    small.add("campaign_contact", *(row | {"channel": "post", "bounced": False} for row in rows))
    verdicts = (
        small.publish("campaign_history")["campaign_contact"]
        .select("allowed", "reason")
        .collect()
        .rows()
    )
    assert sorted(verdicts, key=str) == [
        (False, "channel_prohibition"),
        (None, "not_contacted"),
        (True, "opt_out_channel"),
    ]


def test_reach_answers_for_everyone_each_channel_and_kind(small: Small) -> None:
    small.people(6).add(
        "permission", {"id": 1, "customer_id": 1, "act": "consent", "scope": "email"}
    )
    reach = small.publish("campaign_history")["reach"].collect()
    assert reach.height == 6 * 4 * 4
    assert reach.filter(pl.col("kind") == "DM", pl.col("channel") == "email")["allowed"].sum() == 1


def test_the_same_register_and_instant_give_the_same_release(
    small: Small, drawn: Register, tmp_path: Path
) -> None:
    made = [
        publish(
            "satisfaction",
            drawn,
            KEY,
            notice=notices.load(),
            releases=tmp_path / name,
            common=tmp_path,
            now=NOW,
            time_zone=ZONE,
        )
        for name in "ab"
    ]
    assert made[0] == made[1]
    small.register = drawn
    assert (
        small.publish("satisfaction").id == small.publish("satisfaction").id == made[0].release_id
    )


def test_an_empty_register_is_not_published(small: Small) -> None:
    with pytest.raises(
        UsageError,
        match=r"nobody is in the register at .*, so nothing was published; load it first",
    ):
        small.publish("campaign_history")


def test_a_register_of_restricted_people_gives_an_empty_release(small: Small) -> None:
    release = small.people(6, restricted_from=LONG_AGO).publish("campaign_history")
    assert (release.manifest.people, release["reach"].collect().height) == (0, 0)
    assert set(release.manifest.rows.values()) == {0}


def test_an_unknown_purpose_is_refused(small: Small) -> None:
    with pytest.raises(UsageError, match="no such release purpose"):
        small.publish("marketing")


def test_a_column_that_the_notice_does_not_know_stops_the_door(small: Small) -> None:
    terms = notices.load()
    columns = {
        name: column for name, column in terms.columns["customer"].items() if name != "birth_year"
    }
    with pytest.raises(
        NoticeError, match=r"customer\.birth_year is in the register but not in the catalogue"
    ):
        small.publish(notice=replace(terms, columns={**terms.columns, "customer": columns}))


def test_what_is_not_granted_is_not_there(small: Small) -> None:
    terms = notices.load()
    birth_year = replace(terms.columns["customer"]["birth_year"], grants={})
    columns = {**terms.columns, "customer": {**terms.columns["customer"], "birth_year": birth_year}}
    release = small.people(5).publish(notice=replace(terms, columns=columns))
    assert "age_band" not in release["customer"].collect_schema()


def test_old_releases_go_after_their_retention(small: Small) -> None:
    days = dt.timedelta(notices.load().releases["customer_analysis"].days)
    first, second = small.people(5).publish(), small.publish(now=NOW + days)
    assert first.path.exists()
    third = small.publish(now=NOW + days + dt.timedelta(minutes=1))
    assert [release.path.exists() for release in (first, second, third)] == [False, True, True]


def test_nothing_is_published_under_a_notice_to_come(small: Small) -> None:
    """Half past midnight in Helsinki is the day before in UTC: the company's day counts."""
    terms = replace(notices.load(), valid_from=dt.date(2026, 11, 1))
    small.people(6)
    at = dt.datetime(2026, 10, 31, 22, 30, tzinfo=dt.UTC)
    with pytest.raises(Refused, match="in force from 2026-11-01 only"):
        small.publish(notice=terms, now=at, time_zone="UTC")
    assert not (small.home / "releases").exists()
    assert small.publish(notice=terms, now=at).manifest.notice_version == terms.version


def test_a_release_says_until_when_the_feeds_of_its_tables_told_of_something(small: Small) -> None:
    late = dt.datetime(2026, 9, 30, 22, 30, tzinfo=dt.UTC)
    counts = dict.fromkeys(("read", "fresh", "changed", "unchanged", "refused", "held_back"), 0)
    run = {"run": 1, "feed": "crm", "table": "customer", "at": NOW, "as_of": NOW, **counts}
    small.people(6).add(
        "refresh_run",
        {**run, "newest": late},
        {**run, "feed": "billing", "table": "invoice", "newest": NOW},
        {**run, "feed": "desk", "table": "subject_request", "newest": LONG_AGO},
        {**run, "run": 2, "newest": NOW, "undone_at": NOW},
    )
    manifest = small.publish().manifest
    assert manifest.data_until == dt.date(2026, 10, 1)
    assert manifest.feeds.keys() == {"billing", "crm"}
    assert manifest.feeds["crm"]["run"] == "1"


def test_a_register_that_was_only_loaded_says_nothing_of_feeds(small: Small) -> None:
    manifest = small.people(6).publish().manifest
    assert (manifest.feeds, manifest.data_until) == ({}, None)
