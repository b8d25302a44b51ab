"""Whoever has a refused row about their will is on no contact list until the row is mended."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from genlib.errors import BadInput, Refused, UsageError
from genlib.register import audit, holds
from genlib.register.audience import Audience, export
from genlib.register.database import Register, create_register
from genlib.register.eligible import Order
from genlib.register.intake import Summary, load
from genlib.register.recipients import Recipient
from genlib.register.schema import table
from genlib.register.vault import IdentityKey

KEY = IdentityKey(bytes(range(32)))
NOW = dt.datetime(2026, 11, 2, 8, tzinfo=dt.UTC)
ORDER = Order(
    code="SYKSY26",
    channel="email",
    kind="DM",
    recipient=Recipient("Viesti Oy", "FI", "contract", "HT-1"),
    purpose="direct_marketing",
    user="steward",
    at=NOW,
    seed=7,
    dates=(dt.date(2026, 11, 2), dt.date(2026, 11, 30)),
    holdout_share=0.0,
)
UNREADABLE = {"ended_at": "soon"}


def person(number: int, **own: str) -> dict[str, str]:
    always = {
        "id": str(number),
        "kind": "consumer",
        "given_names": "Aino",
        "family_name": f"Testi{number}",
        "personal_id": "",
        "street_address": f"Keinokuja {number}",
        "postal_code": "00100",
        "phone": f"+35849000{number:04}",
        "email": f"a{number}@firma.example",
        "birth_year": "1980",
        "language": "fi",
        "joined_on": "2020-01-01",
        "left_on": "",
        "deceased_on": "",
        "restricted_from": "",
        "non_disclosure": "false",
        "source": "DATA_SUBJECT",
        "updated_at": "2026-01-01T08:00:00Z",
    }
    return always | own


def consent(number: int, customer: int | str, **own: str) -> dict[str, str]:
    always = {
        "id": str(number),
        "customer_id": str(customer),
        "act": "consent",
        "scope": "email",
        "given_at": "2026-01-01T08:00:00Z",
        "ended_at": "",
        "received_via": "web",
        "evidence": "x",
        "source": "DATA_SUBJECT",
    }
    return always | own


class Desk:
    """A register that is loaded with rows as a source sends them."""

    def __init__(self, register: Register, folder: Path) -> None:
        self.register = register
        self.folder = folder

    def load(self, **tables: list[dict[str, str]]) -> Summary:
        source = self.folder / "in"
        source.mkdir(exist_ok=True)
        for old in source.iterdir():
            old.unlink()
        for name, rows in tables.items():
            pl.DataFrame(rows).write_csv(source / f"{name}.csv")
        return load(self.register, source, KEY, rejected_to=self.folder / "rejected")

    def held(self) -> list[int]:
        with self.register.engine.connect() as connection:
            return holds.held_people(connection)["customer_id"].to_list()

    def export(self, *people: int, code: str = "SYKSY26", kind: str = "DM") -> Audience:
        order = Order(**{**vars(ORDER), "code": code, "kind": kind})
        asked = pl.Series(people or (1, 2, 3), dtype=pl.Int64)
        path = self.folder / f"{code}.csv"
        path.unlink(missing_ok=True)
        return export(self.register, KEY, asked, order, path=path)


@pytest.fixture
def desk(register: Register, tmp_path: Path) -> Desk:
    """Three customers who consented to e-mail, on either database."""
    desk = Desk(register, tmp_path)
    desk.load(
        customer=[person(n) for n in (1, 2, 3)], permission=[consent(n, n) for n in (1, 2, 3)]
    )
    return desk


@pytest.fixture
def small(sqlite_url: str, tmp_path: Path) -> Desk:
    """The same on SQLite alone."""
    desk = Desk(create_register(sqlite_url), tmp_path)
    desk.load(
        customer=[person(n) for n in (1, 2, 3)], permission=[consent(n, n) for n in (1, 2, 3)]
    )
    return desk


@pytest.mark.parametrize(
    "own",
    [
        {"ended_at": "1.13.2026"},
        {"act": "maybe"},
        {"act": "prohibition", "scope": "fax"},
        {"given_at": ""},
        {"source": "GOSSIP"},
        {"evidence": "x\x00"},
    ],
)
def test_a_refused_row_of_permission_holds_its_customer_back(
    small: Desk, own: dict[str, str]
) -> None:
    small.load(permission=[consent(9, 2, **own)])
    assert small.held() == [2]
    made = small.export()
    assert (made.contacted, made.left_out) == (2, {"held_back": 1})


@pytest.mark.parametrize(
    "tables",
    [
        {"permission": [consent(9, 2, act="prohibition", given_at="2999-01-01T08:00:00Z")]},
        {"customer": [person(2, deceased_on="2999-01-01")]},
        {"customer": [person(2, restricted_from="2999-01-01T08:00:00Z")]},
    ],
)
def test_a_row_that_speaks_of_a_day_to_come_holds_its_customer_back(
    small: Desk, tables: dict[str, list[dict[str, str]]]
) -> None:
    small.load(**tables)
    assert small.held() == [2]


def test_not_even_a_needed_notice_goes_to_one_who_is_held_back(small: Desk) -> None:
    small.load(permission=[consent(9, 2, **UNREADABLE)])
    assert small.export(kind="SVC").left_out == {"held_back": 1}


def test_a_row_of_a_customer_who_comes_later_waits_for_them(desk: Desk) -> None:
    desk.load(permission=[consent(9, 7)])
    desk.load(customer=[person(7)], permission=[consent(10, 7)])
    assert desk.export(1, 7).left_out == {"held_back": 1}


def test_the_mended_row_ends_the_hold_and_no_other_row_does(desk: Desk) -> None:
    desk.load(permission=[consent(9, 2, **UNREADABLE)])
    desk.load(permission=[consent(10, 2), consent(2, 2)])
    assert desk.held() == [2]
    desk.load(permission=[consent(9, 2)])
    assert desk.held() == []
    assert desk.export().contacted == 3


def test_a_row_that_comes_refused_and_good_in_one_file_waits_for_the_steward(small: Desk) -> None:
    small.load(permission=[consent(9, 2, **UNREADABLE), consent(9, 2)])
    assert small.held() == [2]
    small.load(permission=[consent(9, 2)])
    assert small.held() == [2]


@pytest.mark.parametrize(
    "own",
    [
        {"restricted_from": "2026-10-01T08:00:00Z"},
        {"left_on": "2026-10-01"},
        {"deceased_on": "2026-10-01"},
    ],
)
def test_last_month_loaded_again_lets_nobody_go(small: Desk, own: dict[str, str]) -> None:
    small.load(customer=[person(2, **own)])
    assert small.held() == [2]
    small.load(customer=[person(2)])
    assert small.held() == [2]


@pytest.mark.parametrize(
    "name", ["permission (1).csv", "permission_2026-11.csv", ".permission.csv"]
)
def test_what_looks_like_a_file_of_permissions_stops_the_lists(small: Desk, name: str) -> None:
    (small.folder / "in" / name).write_text("id\n1\n")
    (small.folder / "in" / "permission.csv").unlink(missing_ok=True)
    with suppress(BadInput):
        load(small.register, small.folder / "in", KEY, rejected_to=small.folder / "rejected")
    with pytest.raises(Refused, match="permission not_loaded 1"):
        small.export()


def test_the_same_refused_row_every_night_is_one_hold(small: Desk) -> None:
    for _ in range(3):
        small.load(permission=[consent(9, 2, **UNREADABLE)])
    assert small.register.count("held_back") == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("restricted_from", "#N/A"),
        ("left_on", "1.13.2026"),
        ("deceased_on", "kuollut"),
        ("non_disclosure", "ehkä"),
        ("phone", "010594Y9032"),
        ("email", "aino"),
    ],
)
def test_a_refused_row_of_a_customer_holds_the_customer_back(
    small: Desk, column: str, value: str
) -> None:
    small.load(customer=[person(2, **{column: value})])
    assert small.held() == [2]


def test_the_mended_row_of_a_new_customer_ends_the_hold(desk: Desk) -> None:
    desk.load(customer=[person(4, restricted_from="#N/A")])
    assert desk.held() == [4]
    desk.load(customer=[person(4)])
    assert desk.held() == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("restricted_from", "2026-11-01T08:00:00Z"),
        ("left_on", "2026-11-01"),
        ("deceased_on", "2026-11-01"),
        ("non_disclosure", "true"),
        ("personal_id", "010594Y9032"),
        ("street_address", "Uusikuja 1"),
        ("postal_code", "00200"),
        ("phone", "+358490009999"),
        ("email", "uusi@firma.example"),
        ("email", ""),
        ("kind", "company_contact"),
    ],
)
def test_a_changed_row_of_a_customer_holds_them_back(small: Desk, column: str, value: str) -> None:
    [outcome] = small.load(
        customer=[person(n) for n in (1, 3)] + [person(2, **{column: value})]
    ).tables
    assert (outcome.unchanged, outcome.rejected, outcome.changes) == (2, 1, {column: 1})
    assert small.held() == [2]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("given_names", "Aino Kaarina"),
        ("family_name", "Uusi"),
        ("birth_year", "1981"),
        ("language", "sv"),
        ("joined_on", "2019-01-01"),
        ("updated_at", "2026-10-01T08:00:00Z"),
    ],
)
def test_what_says_nothing_about_contacting_changes_without_a_hold(
    small: Desk, column: str, value: str
) -> None:
    [outcome] = small.load(customer=[person(2, **{column: value})]).tables
    assert (outcome.rejected, outcome.changes, small.held()) == (1, {column: 1}, [])


def test_an_end_that_arrives_in_a_full_export_holds_back_whom_it_ends(desk: Desk) -> None:
    """A full export a month later: 3 withdrew, 1 is restricted, 2 moved."""
    summary = desk.load(
        customer=[
            person(1, restricted_from="2026-11-01T08:00:00Z"),
            person(2, postal_code="22100"),
            person(3),
        ],
        permission=[consent(1, 1), consent(2, 2), consent(3, 3, ended_at="2026-11-01T08:00:00Z")],
    )
    assert [str(one) for one in summary.tables] == [
        "customer: 3 read, 0 loaded, 1 unchanged, 2 rejected (changed 2); "
        "changed: postal_code 1, restricted_from 1",
        "permission: 3 read, 0 loaded, 2 unchanged, 1 rejected (changed 1); changed: ended_at 1",
    ]
    with pytest.raises(Refused, match="nobody is left to contact: 3 held_back"):
        desk.export()


def test_the_very_same_folder_twice_changes_nothing_and_refuses_nothing(desk: Desk) -> None:
    summary = desk.load(
        customer=[person(n) for n in (1, 2, 3)], permission=[consent(n, n) for n in (1, 2, 3)]
    )
    assert [(one.loaded, one.unchanged, one.rejected) for one in summary.tables] == [(0, 3, 0)] * 2
    assert (desk.held(), desk.export().contacted) == ([], 3)


def test_other_evidence_is_a_change_though_it_is_sealed(small: Desk) -> None:
    [outcome] = small.load(permission=[consent(2, 2, evidence="y")]).tables
    assert (outcome.changes, small.held()) == ({"evidence": 1}, [2])


def test_a_permission_that_changes_its_customer_holds_both_back(small: Desk) -> None:
    small.load(permission=[consent(2, 3)])
    assert small.held() == [2, 3]


@pytest.mark.parametrize("customer", ["", "x", "9" * 30])
def test_while_a_refused_row_names_nobody_no_list_is_exported(desk: Desk, customer: str) -> None:
    desk.load(permission=[consent(9, customer, act="prohibition")])
    with pytest.raises(Refused, match=r"may speak of anybody \(permission \w+ 1\).*release-hold"):
        desk.export()
    desk.load(permission=[consent(9, 1, act="prohibition")])
    assert desk.export().contacted == 2


def test_a_refused_customer_without_a_number_stops_the_lists_too(small: Desk) -> None:
    small.load(customer=[person(2) | {"id": "x"}])
    with pytest.raises(Refused, match="customer not_an_integer 1"):
        small.export()


def test_a_refused_cell_that_may_hide_other_rows_stops_the_lists(small: Desk) -> None:
    swallowed = "x,DATA_SUBJECT\n3,3,prohibition,email,2026-05-01T08:00:00Z,,web,x"
    with pytest.raises(BadInput, match="line 2 holds the next row in its column evidence"):
        small.load(permission=[consent(9, 2, evidence=swallowed, **UNREADABLE)])
    with pytest.raises(Refused, match="permission not_loaded 1"):
        small.export()


CAMPAIGN = {
    "id": "1",
    "code": "KEVAT",
    "name": "Kevät",
    "kind": "DM",
    "starts_on": "2026-05-01",
    "ends_on": "2026-05-31",
    "holdout_share": "0",
    "cost_cents": "0",
}


def contact(number: int, customer: int, **own: str) -> dict[str, str]:
    always = {
        "id": str(number),
        "campaign_id": "1",
        "customer_id": str(customer),
        "arm": "contacted",
        "channel": "email",
        "sent_at": "2026-05-02T08:00:00Z",
        "opted_out_at": "",
        "bounced": "false",
        "source": "COMMUNICATION",
    }
    return always | own


def test_a_refused_contact_that_tells_of_an_opting_out_holds_its_customer_back(desk: Desk) -> None:
    unsent = {"sent_at": "soon"}
    rows = [contact(1, 1, **unsent), contact(2, 2, opted_out_at="yesterday"), contact(3, 3)]
    desk.load(campaign=[CAMPAIGN], campaign_contact=rows)
    assert desk.held() == [2]
    mended = contact(2, 2, opted_out_at="2026-05-03T08:00:00Z")
    desk.load(campaign_contact=[mended])
    assert desk.held() == []
    assert dict(desk.export().left_out) == {"channel_prohibition": 1}


def test_an_opting_out_of_a_day_to_come_holds_its_customer_back(desk: Desk) -> None:
    desk.load(
        campaign=[CAMPAIGN], campaign_contact=[contact(1, 2, opted_out_at="2999-01-01T08:00:00Z")]
    )
    assert desk.held() == [2]


def test_a_loaded_opting_out_is_on_the_suppression_list(desk: Desk) -> None:
    contacts = [contact(1, 2, opted_out_at="2026-10-05T08:00:00Z"), contact(2, 3)]
    desk.load(campaign=[CAMPAIGN], campaign_contact=contacts)
    listed = pl.concat(desk.register.scan("suppression"))
    assert listed.select("identifier", "scope").rows() == [("email", "email")]


def test_a_file_that_is_refused_whole_stops_the_lists_until_it_is_loaded(desk: Desk) -> None:
    (desk.folder / "in" / "permission.csv").write_text("id,customer_id\n9,2\n")
    with pytest.raises(BadInput, match="lacks column"):
        load(desk.register, desk.folder / "in", KEY, rejected_to=desk.folder / "rejected")
    with pytest.raises(Refused, match="permission not_loaded 1"):
        desk.export()
    desk.load(customer=[person(1)], permission=[consent(9, 2)])
    assert desk.export().contacted == 3


def test_no_list_leaves_a_register_into_which_no_permission_was_ever_loaded(
    register: Register, tmp_path: Path
) -> None:
    desk = Desk(register, tmp_path)
    desk.load(customer=[person(1), person(2)])
    with pytest.raises(Refused, match="before permissions were loaded"):
        desk.export(kind="SVC")
    header = ",".join(consent(1, 1))
    (tmp_path / "in/permission.csv").write_text(f"{header}\n")
    load(register, tmp_path / "in", KEY, rejected_to=tmp_path / "rejected")
    assert desk.export(1, 2, kind="SVC").contacted == 2


def test_a_file_of_permissions_that_was_refused_is_none(tmp_path: Path) -> None:
    desk = Desk(create_register(f"sqlite:///{tmp_path}/other.sqlite"), tmp_path)
    desk.load(customer=[person(1)])
    (tmp_path / "in/permission.csv").write_text("id\n1\n")
    with pytest.raises(BadInput):
        load(desk.register, tmp_path / "in", KEY, rejected_to=tmp_path / "rejected")
    holds.release(desk.register, KEY, None, reason="the file was another's")
    with pytest.raises(Refused, match="before permissions were loaded"):
        desk.export(1, kind="SVC")


def test_a_load_that_stops_between_two_tables_leaves_nobody_open(
    register: Register, tmp_path: Path
) -> None:
    """The customers are in and their prohibitions are not."""

    def stop(name: str, rows: int) -> None:
        if name == "permission":
            raise KeyboardInterrupt

    desk = Desk(register, tmp_path)
    (tmp_path / "in").mkdir()
    pl.DataFrame([person(1), person(2)]).write_csv(tmp_path / "in/customer.csv")
    pl.DataFrame([consent(1, 1)]).write_csv(tmp_path / "in/permission.csv")
    with pytest.raises(KeyboardInterrupt):
        load(register, tmp_path / "in", KEY, rejected_to=tmp_path / "rejected", progress=stop)
    assert register.count("customer") == 2
    with pytest.raises(Refused, match="permission not_loaded 1"):
        desk.export()
    load(register, tmp_path / "in", KEY, rejected_to=tmp_path / "rejected")
    assert desk.export(1).contacted == 1


def test_a_load_that_fails_keeps_no_hold_and_no_row(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genlib.register.audit.digest_event", lambda *_: None)
    with pytest.raises(BadInput, match="NOT NULL"):
        desk.load(permission=[consent(9, 2, **UNREADABLE), consent(10, 3)])
    assert (desk.held(), desk.register.count("permission")) == ([], 3)


def test_a_hold_reaches_every_row_of_the_person(desk: Desk) -> None:
    code = {"personal_id": "010594Y9032"}
    desk.load(
        customer=[person(4, **code), person(5, **code)],
        permission=[consent(4, 4), consent(5, 5), consent(9, 4, **UNREADABLE)],
    )
    assert desk.export(1, 5).left_out == {"held_back": 1}


@pytest.mark.parametrize(
    "own", [{"email": "A2@firma.example"}, {"phone": "+358490000002"}, {"phone": "0490000002"}]
)
def test_a_hold_reaches_whoever_has_the_address_of_the_held(
    small: Desk, own: dict[str, str]
) -> None:
    small.load(customer=[person(4, **own)], permission=[consent(4, 4)])
    small.load(permission=[consent(9, 2, **UNREADABLE)])
    assert small.export(1, 4).left_out == {"shared_identifier": 1}


CODE = {"personal_id": "010594Y9032"}


@pytest.mark.parametrize(
    "own",
    [
        CODE,
        {"email": " A2@FIRMA.example"},
        {"phone": "049 000 0002"},
    ],
)
def test_a_refused_customer_holds_back_whoever_has_its_identifier_under_another_number(
    desk: Desk, own: dict[str, str]
) -> None:
    desk.load(customer=[person(4, **CODE)], permission=[consent(4, 4)])
    refused = person(9, restricted_from="1.13.2026", **own)
    desk.load(customer=[refused])
    known = 4 if own == CODE else 2
    assert desk.export(1, known).left_out == {"shared_identifier": 1}


def test_it_holds_back_whoever_comes_after_it_too(small: Desk) -> None:
    small.load(customer=[person(9, restricted_from="#N/A", **CODE)])
    small.load(customer=[person(4, **CODE)], permission=[consent(4, 4)])
    assert small.export(1, 4).left_out == {"shared_identifier": 1}


def test_letters_are_held_back_from_the_address_of_a_refused_customer(small: Desk) -> None:
    small.load(customer=[person(9, street_address="KEINOKUJA 2", restricted_from="#N/A")])
    letters = Order(**{**vars(ORDER), "channel": "post"})
    path = small.folder / "list.csv"
    made = export(small.register, KEY, pl.Series([1, 2]), letters, path=path)
    assert made.left_out == {"shared_identifier": 1}
    assert small.export(1, 2, code="SYKSY27").left_out == {}


def test_the_mended_row_lets_whoever_shares_its_identifiers_go(desk: Desk) -> None:
    desk.load(customer=[person(4, **CODE)], permission=[consent(4, 4)])
    desk.load(customer=[person(9, restricted_from="#N/A", **CODE)])
    desk.load(customer=[person(9, **CODE)])
    assert desk.register.count("held_identifier") == 0
    assert desk.export(1, 4).contacted == 2


def test_a_refused_row_that_comes_again_with_another_address_holds_back_both(small: Desk) -> None:
    for email in ("a2@firma.example", "a3@firma.example", "a3@firma.example"):
        small.load(customer=[person(9, restricted_from="#N/A", email=email)])
    assert small.export(1, 2, 3).left_out == {"shared_identifier": 2}
    assert small.register.count("held_back") == 1


def test_an_unreadable_code_stands_for_itself(small: Desk) -> None:
    small.load(customer=[person(9, personal_id="010594Y9033")])
    assert small.export(1, 2, 3).contacted == 3


def test_a_steward_releases_a_customer_with_a_reason_that_is_audited(desk: Desk) -> None:
    desk.load(permission=[consent(9, 2, **UNREADABLE), consent(9, 3, **UNREADABLE)])
    assert holds.release(desk.register, KEY, 2, reason="asked by telephone", user="anna") == 1
    assert desk.held() == [3]
    events = pl.concat(desk.register.scan("audit_event", ordered_by="id")).tail(1).to_dicts()
    assert (events[0]["user"], events[0]["action"], events[0]["subjects"]) == (
        "anna",
        "release hold",
        f'["{audit.name_subjects(KEY, [2])[0]}"]',
    )
    assert json.loads(events[0]["detail"]) == {
        "holds": "permission not_an_instant 1",
        "reason": "asked by telephone",
    }


def test_a_row_without_a_number_waits_for_the_steward(desk: Desk) -> None:
    desk.load(permission=[consent(9, "") | {"id": ""}])
    desk.load(permission=[consent(9, 2)])
    with pytest.raises(Refused, match="may speak of anybody"):
        desk.export()
    holds.release(desk.register, KEY, None, reason="it was the sum at the foot of the sheet")
    assert desk.export().contacted == 3


def test_a_release_wants_a_hold_and_a_reason(small: Desk) -> None:
    with pytest.raises(UsageError, match="nobody is held back so"):
        holds.release(small.register, KEY, 2, reason="none")
    with pytest.raises(UsageError, match="for a reason"):
        holds.release(small.register, KEY, 2, reason=" ")


def test_a_hold_keeps_nothing_of_the_row(small: Desk) -> None:
    small.load(
        customer=[person(2, phone="Kuuralehto")],
        permission=[consent(9, 2, evidence="Kuuralehto", ended_at="Kuuralehto")],
    )
    with small.register.engine.connect() as connection:
        rows = connection.execute(sa.select(table("held_back"))).all()
    assert [tuple(row)[1:6] for row in rows] == [
        (2, "customer", 2, "phone", "bad_format"),
        (2, "permission", 9, "ended_at", "not_an_instant"),
    ]
    stored = pl.concat(small.register.scan("held_identifier"))
    assert set(stored["identifier"]) == {"address", "email", "phone"}
    assert stored["digest"].bin.size().unique().to_list() == [32]


CELLS = {
    "id": st.sampled_from(["1", "2", "3", "x", ""]),
    "customer_id": st.sampled_from(["1", "2", "9", "x", ""]),
    "act": st.sampled_from(["consent", "prohibition", "?"]),
    "ended_at": st.sampled_from(["", "2026-05-01T08:00:00Z", "soon"]),
}
ROWS = st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=6)


@settings(deadline=None, max_examples=25)
@given(first=ROWS, second=ROWS)
def test_whatever_is_loaded_every_row_is_counted_and_nobody_of_a_refused_row_is_free(
    first: list[dict[str, str]],
    second: list[dict[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    desk = Desk(create_register(f"sqlite:///{folder}/register.sqlite"), folder)
    desk.load(customer=[person(1), person(2)])
    for rows in (first, second):
        sent = [consent(0, 0) | row for row in rows]
        [outcome] = desk.load(permission=sent).tables
        assert outcome.read == len(rows) == outcome.loaded + outcome.unchanged + outcome.rejected
        report = folder / "rejected/permission.csv"
        refused = set(pl.read_csv(report)["row"]) if report.exists() else set()
        named = {rows[number - 2]["customer_id"] for number in refused}
        assert {int(text) for text in named - {"x", ""}} <= set(desk.held())
        if named & {"x", ""}:
            with pytest.raises(Refused):
                desk.export()
