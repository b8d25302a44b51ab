"""What the next month's files change, what they may not, and what a second run does."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from next_state import (
    ANSWER,
    CAMPAIGN,
    CONTACT,
    CUSTOMER,
    INVITATION,
    INVOICE,
    NOW,
    PERMISSION,
    QUESTION,
    SURVEY,
    read_rejected,
    read_table,
    refresh,
    write,
)

from genlib.errors import Refused, UsageError
from genlib.register.database import Register, open_register
from genlib.register.holds import count_held, held_people
from genlib.register.intake import load
from genlib.register.migrations import upgrade_register
from genlib.register.schema import table
from genlib.register.vault import IdentityKey
from genlib.register.version import SCHEMA, VERSION

LATER = NOW + dt.timedelta(days=30)
EVERY = {
    "customer": CUSTOMER,
    "permission": PERMISSION,
    "campaign": CAMPAIGN,
    "campaign_contact": CONTACT,
    "invoice": INVOICE,
    "survey": SURVEY,
    "survey_question": QUESTION,
    "survey_invitation": INVITATION,
    "survey_answer": ANSWER,
}


def in_order(*changed: str) -> dict[str, dict[str, str]]:
    """The tables of a small register without those that a test writes itself."""
    return {name: row for name, row in EVERY.items() if name not in changed}


def test_a_first_refresh_adds_and_a_second_one_changes_nothing(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", **EVERY)
    first = refresh(register, key, folder)
    second = refresh(register, key, folder)
    assert {name: one.fresh for name, one in first.items()} == dict.fromkeys(EVERY, 1)
    assert {(one.fresh, one.changed, one.unchanged) for one in second.values()} == {(0, 0, 1)}
    assert str(second["customer"]) == "customer: 1 read, 0 new, 0 changed, 1 unchanged, 0 refused"


def test_a_loaded_register_is_refreshed_by_the_same_files_without_change(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", **EVERY)
    load(register, folder, key, rejected_to=tmp_path / "rejected")
    assert {one.unchanged for one in refresh(register, key, folder).values()} == {1}


@pytest.mark.notice("N10.3")
def test_what_changed_of_a_customer_arrives_and_is_named_by_column(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER))
    moved = {
        **CUSTOMER,
        "street_address": "Rantarinne 2",
        "postal_code": "90310",
        "phone": "049 765 4321",
        "restricted_from": "2026-02-01T08:00:00Z",
        "updated_at": "2026-02-01T08:00:00Z",
    }
    outcome = refresh(register, key, write(tmp_path / "in", customer=moved))["customer"]
    row = read_table(register, key, "customer").row(0, named=True)
    assert (row["street_address"], row["postal_code"]) == ("Rantarinne 2", "90310")
    assert (row["phone"], row["family_name"]) == ("+358497654321", "Kuuralehto")
    assert row["restricted_from"] == dt.datetime(2026, 2, 1, 8, tzinfo=dt.UTC)
    changed = {"street_address", "postal_code", "phone", "restricted_from", "updated_at"}
    assert (outcome.changed, set(outcome.columns)) == (1, changed)
    assert refresh(register, key, tmp_path / "in")["customer"].unchanged == 1


def test_unchanged_secrets_are_compared_without_being_opened(
    register: Register, key: IdentityKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "in", **EVERY)
    refresh(register, key, folder)

    def open_none(_: IdentityKey, values: pl.Series, **__: str) -> pl.Series:
        assert values.is_empty()
        return values.cast(pl.String)

    monkeypatch.setattr(IdentityKey, "unseal", open_none)
    assert refresh(register, key, folder)["customer"].unchanged == 1
    write(tmp_path / "in", customer={**CUSTOMER, "family_name": "Esimerkki"})
    assert refresh(register, key, folder)["customer"].columns == {"family_name": 1}


def test_equal_secrets_of_two_rows_have_different_digests(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    twins = [CUSTOMER, {**CUSTOMER, "id": "2"}]
    refresh(register, key, write(tmp_path / "in", customer=twins))
    digests = pl.concat(register.scan("customer", ["family_name_digest"]))
    assert digests["family_name_digest"].n_unique() == 2


def test_a_restriction_is_not_lifted_by_a_file(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    restricted = {**CUSTOMER, "restricted_from": "2026-02-01T08:00:00Z"}
    refresh(register, key, write(tmp_path / "in", customer=restricted))
    changed = {**CUSTOMER, "family_name": "Esimerkki"}
    outcome = refresh(register, key, write(tmp_path / "in", customer=changed))["customer"]
    row = read_table(register, key, "customer").row(0, named=True)
    assert outcome.columns == {"family_name": 1}
    assert row["restricted_from"] is not None
    assert row["family_name"] == "Esimerkki"


def test_columns_that_a_file_does_not_have_stay_as_they_are(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER))
    less = {name: cell for name, cell in CUSTOMER.items() if name not in {"phone", "postal_code"}}
    changed = {**less, "family_name": "Esimerkki"}
    refresh(register, key, write(tmp_path / "in", customer=changed))
    row = read_table(register, key, "customer").row(0, named=True)
    assert (row["phone"], row["postal_code"]) == ("+358491234567", "00100")
    assert row["family_name"] == "Esimerkki"


def test_a_row_older_than_the_register_s_is_refused_and_holds_its_person_back(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER))
    older = {**CUSTOMER, "phone": "", "updated_at": "2025-01-01T08:00:00Z"}
    outcome = refresh(register, key, write(tmp_path / "in", customer=older))["customer"]
    assert (outcome.changed, outcome.refused, outcome.held_back) == (0, 1, 1)
    assert read_rejected(tmp_path / "in", "customer") == [
        (2, "phone", "older"),
        (2, "updated_at", "older"),
    ]


def test_a_withdrawal_arrives_as_the_end_of_its_act(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", **EVERY))
    ended = {**PERMISSION, "ended_at": "2026-10-05T08:00:00Z"}
    outcome = refresh(register, key, write(tmp_path / "in", permission=ended))["permission"]
    assert (outcome.changed, outcome.columns) == (1, {"ended_at": 1})
    row = read_table(register, key, "permission").row(0, named=True)
    assert row["ended_at"] == dt.datetime(2026, 10, 5, 8, tzinfo=dt.UTC)


@pytest.mark.notice("N11.19")
@pytest.mark.parametrize(
    ("edit", "rule"),
    [
        ({"scope": "mobile"}, "changed"),
        ({"given_at": "2026-01-02T08:00:00Z"}, "changed"),
        ({"ended_at": ""}, "taken_back"),
        ({"ended_at": "2026-10-06T08:00:00Z"}, "taken_back"),
    ],
)
def test_an_act_of_will_is_never_edited(
    register: Register, key: IdentityKey, tmp_path: Path, edit: dict[str, str], rule: str
) -> None:
    ended = {**PERMISSION, "ended_at": "2026-10-05T08:00:00Z"}
    refresh(register, key, write(tmp_path / "in", **in_order("permission"), permission=ended))
    before = read_table(register, key, "permission")
    edited = write(tmp_path / "in", permission=ended | edit)
    outcome = refresh(register, key, edited)["permission"]
    assert (outcome.refused, outcome.held_back) == (1, 1)
    assert read_rejected(tmp_path / "in", "permission") == [(2, *edit, rule)]
    assert read_table(register, key, "permission").equals(before)


def test_an_act_that_came_to_another_customer_holds_both_back(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [CUSTOMER, {**CUSTOMER, "id": "2"}]
    refresh(register, key, write(tmp_path / "in", customer=people, permission=PERMISSION))
    refresh(register, key, write(tmp_path / "in", permission={**PERMISSION, "customer_id": "2"}))
    with register.engine.connect() as connection:
        assert held_people(connection)["customer_id"].to_list() == [1, 2]


def test_a_payment_and_a_changed_amount_of_an_earlier_month_arrive(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", **EVERY))
    paid = {**INVOICE, "paid_on": "2026-10-01", "amount_cents": "2400"}
    outcome = refresh(register, key, write(tmp_path / "in", invoice=paid))["invoice"]
    assert (set(outcome.columns), outcome.closed_months) == ({"paid_on", "amount_cents"}, 1)
    assert outcome.notices == ["invoice: changed amounts of earlier months: 1"]
    row = read_table(register, key, "invoice").row(0, named=True)
    assert (row["paid_on"], row["amount_cents"]) == (dt.date(2026, 10, 1), 2400)


@pytest.mark.parametrize(("hour", "count"), [("20:59", 0), ("21:00", 1)])
def test_a_month_is_over_when_it_is_in_the_company(
    register: Register, key: IdentityKey, tmp_path: Path, hour: str, count: int
) -> None:
    as_of = dt.datetime.fromisoformat(f"2026-09-30T{hour}Z")
    refresh(register, key, write(tmp_path / "in", **EVERY), as_of=as_of)
    changed = write(tmp_path / "in", invoice={**INVOICE, "amount_cents": "2400"})
    outcome = refresh(register, key, changed, as_of=as_of)["invoice"]
    assert outcome.closed_months == count


def test_an_invoice_does_not_come_to_another_customer(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [CUSTOMER, {**CUSTOMER, "id": "2"}]
    refresh(register, key, write(tmp_path / "in", customer=people, invoice=INVOICE))
    refresh(register, key, write(tmp_path / "in", invoice={**INVOICE, "customer_id": "2"}))
    assert read_rejected(tmp_path / "in", "invoice") == [(2, "customer_id", "changed")]


def test_a_contact_moves_to_its_next_stage_and_never_back(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", **EVERY))
    opened_once = {**CONTACT, "opened_at": "2026-01-01T09:00:00Z"}
    moved = refresh(register, key, write(tmp_path / "in", campaign_contact=opened_once))
    assert moved["campaign_contact"].columns == {"opened_at": 1}
    back = refresh(register, key, write(tmp_path / "in", campaign_contact=CONTACT))
    assert back["campaign_contact"].unchanged == 1
    again = {**CONTACT, "opened_at": "2026-01-02T09:00:00Z"}
    refresh(register, key, write(tmp_path / "in", campaign_contact=again))
    assert read_rejected(tmp_path / "in", "campaign_contact") == [(2, "opened_at", "taken_back")]
    row = read_table(register, key, "campaign_contact").row(0, named=True)
    assert row["opened_at"] == dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("name", "column"), [("campaign_contact", "bounced"), ("survey_invitation", "delivered")]
)
def test_what_a_tool_leaves_empty_until_it_happens_is_a_no_and_takes_nothing_back(
    register: Register, key: IdentityKey, tmp_path: Path, name: str, column: str
) -> None:
    """So says a first file as well, and the same again changes nothing."""
    stages = ("delivered_at", "opened_at", "responded_at", column)
    empty = {one: "" if one in stages else cell for one, cell in EVERY[name].items()}
    said = {**empty, column: "true"}

    def bring(cells: dict[str, str]) -> tuple[int, int, int, bool]:
        tables = {**in_order("survey_answer"), name: cells}
        one = refresh(register, key, write(tmp_path / "in", **tables))[name]
        return one.fresh, one.changed, one.refused, read_table(register, key, name)[column].item()

    assert bring(empty) == (1, 0, 0, False)
    assert bring(empty) == (0, 0, 0, False)
    assert bring(said) == (0, 1, 0, True)
    assert bring(empty) == (0, 0, 0, True)


def test_a_load_reads_what_a_tool_leaves_empty_as_a_no(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", **{**EVERY, "campaign_contact": {**CONTACT, "bounced": ""}})
    load(register, folder, key, rejected_to=tmp_path / "rejected")
    assert read_table(register, key, "campaign_contact")["bounced"].to_list() == [False]
    assert refresh(register, key, folder)["campaign_contact"].unchanged == 1


def test_a_change_that_contradicts_what_is_there_is_refused(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    opened_once = {**CONTACT, "opened_at": "2026-01-01T09:00:00Z"}
    rest = in_order("campaign_contact")
    refresh(register, key, write(tmp_path / "in", **rest, campaign_contact=opened_once))
    bounced = {**CONTACT, "bounced": "true"}
    refresh(register, key, write(tmp_path / "in", campaign_contact=bounced))
    rejected = read_rejected(tmp_path / "in", "campaign_contact")
    assert rejected == [(2, "opened_at", "of_a_bounced_message")]


@pytest.mark.parametrize(("hour", "score"), [("20T20:59", 9), ("20T21:00", 5), ("21T12:00", 5)])
def test_an_answer_changes_until_its_survey_is_closed(
    register: Register, key: IdentityKey, tmp_path: Path, hour: str, score: int
) -> None:
    """The last day is one of Helsinki."""
    as_of = dt.datetime.fromisoformat(f"2026-10-{hour}Z")
    refresh(register, key, write(tmp_path / "in", **EVERY), as_of=as_of)
    changed = write(tmp_path / "in", survey_answer={**ANSWER, "score": "9"})
    refresh(register, key, changed, as_of=as_of)
    assert read_table(register, key, "survey_answer")["score"].to_list() == [score]


@pytest.mark.parametrize(
    ("answered", "rows"),
    [("2026-10-20T20:59:59Z", 1), ("2026-10-20T21:00:00Z", 0), ("", 1)],
)
def test_an_answer_given_after_its_survey_was_closed_is_refused_by_its_own_day(
    register: Register, key: IdentityKey, tmp_path: Path, answered: str, rows: int
) -> None:
    """The last day is one of Helsinki; whether the file comes months later does not matter."""
    tables = {**EVERY, "survey_invitation": {**INVITATION, "responded_at": answered}}
    outcome = refresh(register, key, write(tmp_path / "in", **tables), as_of=LATER)
    assert outcome["survey_answer"].fresh == rows
    assert outcome["permission"].fresh == 1
    refused = [] if rows else [(2, "invitation_id", "survey_closed")]
    assert outcome["survey_answer"].rules == {rule: 1 for _, _, rule in refused}
    if refused:
        assert read_rejected(tmp_path / "in", "survey_answer") == refused


def test_a_load_refuses_late_answers_too(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    late = {**INVITATION, "responded_at": "2026-10-25T08:00:00Z"}
    folder = write(tmp_path / "in", **{**EVERY, "survey_invitation": late})
    done = load(register, folder, key, rejected_to=tmp_path / "rejected")
    assert {one.table: one.rejected for one in done.tables}["survey_answer"] == 1
    assert done.rejected == 1


def test_of_a_row_that_comes_twice_the_first_counts(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    twice = [CUSTOMER, CUSTOMER, {**CUSTOMER, "family_name": "Esimerkki"}]
    folder = write(tmp_path / "in", customer=twice)
    for _ in range(2):
        outcome = refresh(register, key, folder)["customer"]
        assert (outcome.read, outcome.refused) == (3, 1)
        assert read_rejected(folder, "customer") == [(4, "id", "duplicate")]
    assert read_table(register, key, "customer")["family_name"].to_list() == ["Kuuralehto"]


def test_a_mended_row_ends_its_hold(register: Register, key: IdentityKey, tmp_path: Path) -> None:
    refresh(register, key, write(tmp_path / "in", **EVERY))
    broken = write(tmp_path / "in", permission={**PERMISSION, "ended_at": "1.13.2026"})
    assert refresh(register, key, broken)["permission"].held_back == 1
    mended = write(tmp_path / "in", permission={**PERMISSION, "ended_at": "2026-10-05T08:00:00Z"})
    refresh(register, key, mended)
    with register.engine.connect() as connection:
        assert count_held(connection).people == 0


def test_an_older_file_than_the_last_is_refused_before_anything_is_kept(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", **EVERY))
    folder = write(tmp_path / "in", customer={**CUSTOMER, "family_name": "Esimerkki"})
    with pytest.raises(Refused, match=r"older than the one refreshed last .*--as-of"):
        refresh(register, key, folder, as_of=NOW - dt.timedelta(seconds=1))
    assert read_table(register, key, "customer")["family_name"].to_list() == ["Kuuralehto"]
    with register.engine.connect() as connection:
        assert count_held(connection).unknown == 0


def test_who_is_not_sent_any_more_by_a_whole_file_is_marked_and_stays(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [CUSTOMER, {**CUSTOMER, "id": "2"}]
    refresh(register, key, write(tmp_path / "in", customer=people), is_whole=True)
    folder = write(tmp_path / "in", customer=CUSTOMER)
    outcome = refresh(register, key, folder, as_of=LATER, is_whole=True)["customer"]
    assert outcome.missing == 1
    assert register.count("customer") == 2
    with register.engine.connect() as connection:
        marks = table("missing_row")
        assert connection.scalars(sa.select(marks.c.row_id)).all() == [2]
    refresh(register, key, write(tmp_path / "in", customer=people), as_of=LATER, is_whole=True)
    assert register.count("missing_row") == 0


def test_the_audit_trail_names_columns_and_counts_and_no_value(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refresh(register, key, write(tmp_path / "in", customer=CUSTOMER))
    refresh(register, key, write(tmp_path / "in", customer={**CUSTOMER, "postal_code": "90310"}))
    with register.engine.connect() as connection:
        events = table("audit_event")
        query = sa.select(events.c.detail).where(events.c.action == "refresh")
        details = [json.loads(text) for text in connection.scalars(query.order_by(events.c.id))]
    assert details[1] == {
        "feed": "own",
        "table": "customer",
        "run": 2,
        "read": 1,
        "fresh": 0,
        "changed": 1,
        "unchanged": 0,
        "refused": 0,
        "held_back": 0,
        "columns": "postal_code 1",
    }


def test_a_register_of_an_earlier_version_is_refreshed_without_change(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", **EVERY)
    load(register, folder, key, rejected_to=tmp_path / "rejected")
    with register.writing() as connection:
        for name in ("given_names_digest", "family_name_digest", "street_address_digest"):
            connection.exec_driver_sql(f"ALTER TABLE customer DROP COLUMN {name}")
        connection.exec_driver_sql("ALTER TABLE customer DROP COLUMN country")
        for name in ("decision", "decided_at"):
            connection.exec_driver_sql(f"ALTER TABLE missing_row DROP COLUMN {name}")
        VERSION.drop(connection)
    with pytest.raises(UsageError, match=r"earlier version; bring it up.*register upgrade"):
        open_register(address(register))
    assert upgrade_register(address(register)) == ("", SCHEMA)
    assert refresh(register, key, folder)["customer"].unchanged == 1
    digests = pl.concat(register.scan("customer", ["family_name_digest"]))
    assert digests["family_name_digest"].null_count() == 0


def address(register: Register) -> str:
    url = register.engine.url
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)


def test_an_opting_out_that_a_refresh_brings_goes_on_the_suppression_list(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    survey = {**CAMPAIGN, "kind": "MR"}
    state = in_order("campaign", "campaign_contact", "permission")
    refresh(register, key, write(tmp_path / "in", **state, campaign=survey))
    opted = {**CONTACT, "opted_out_at": CONTACT["sent_at"]}
    refresh(register, key, write(tmp_path / "in", campaign_contact=CONTACT))
    assert register.count("suppression") == 0
    refresh(register, key, write(tmp_path / "in", campaign_contact=opted))
    scopes = set(pl.concat(register.scan("suppression", ["scope"]))["scope"])
    assert scopes == {"email", "research_email"}


def test_what_has_not_happened_at_the_refresh_is_refused(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    tomorrow = {**INVOICE, "paid_on": str(NOW.date() + dt.timedelta(days=1))}
    folder = write(tmp_path / "in", **in_order("invoice"), invoice=tomorrow)
    assert refresh(register, key, folder)["invoice"].rules == {"in_the_future": 1}
    assert refresh(register, key, folder, at=LATER)["invoice"].fresh == 1


def test_a_refused_customer_holds_back_whoever_has_its_address(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    refused = {**CUSTOMER, "restricted_from": "unreadable"}
    refresh(register, key, write(tmp_path / "in", customer=refused))
    held = pl.concat(register.scan("held_identifier", ["identifier"]))["identifier"]
    assert {"email", "phone", "address"} <= set(held)
