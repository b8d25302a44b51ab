"""A contact list holds whom permission allows, and the register knows all about it or nothing."""

from __future__ import annotations

import datetime as dt
import json
import re
import stat
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from genlib.cli import run
from genlib.errors import BadInput, Refused, UsageError
from genlib.publish.pseudonym import pseudonyms
from genlib.register import audience, audit, mailing
from genlib.register.audience import export
from genlib.register.bulk import UTC_INSTANT
from genlib.register.database import Register
from genlib.register.eligible import Order
from genlib.register.intake import load
from genlib.register.recipients import Recipient, checked, members
from genlib.register.schema import table
from genlib.register.store import plain_schema, sealed
from genlib.register.suppression import hold
from genlib.register.vault import IdentityKey, create_keys, open_identity, open_pseudonym

NOW = dt.datetime(2026, 11, 2, 8, tzinfo=dt.UTC)
POST = Recipient("Esimerkki Viestit Oy", "FI", "contract", "HT-2022-02")
DATA = Path(__file__).parents[2] / "data"
ORDER = Order(
    code="SYKSY26",
    channel="email",
    kind="DM",
    recipient=POST,
    purpose="direct_marketing",
    user="steward",
    at=NOW,
    seed=7,
    dates=(dt.date(2026, 11, 2), dt.date(2026, 11, 30)),
    holdout_share=0.0,
)
BOTH = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
NOBODY = dict.fromkeys(plain_schema("customer"))


def customer(number: int, **own: object) -> dict[str, object]:
    always = {
        "kind": "consumer",
        "joined_on": dt.date(2020, 1, 1),
        "non_disclosure": False,
        "source": "DATA_SUBJECT",
        "updated_at": NOW,
    }
    told = {
        "family_name": "Artificial",
        "language": "fi",
        "email": f"person{number}@post.example",
        "phone": f"+35849000{number:04}",
    }
    return {
        **NOBODY,
        **always,
        **told,
        "street_address": f"Keinokuja {number}",
        "postal_code": "90820",
        "id": number,
        **own,
    }


def act(
    customer_id: int,
    act: str,
    scope: str,
    given_at: dt.datetime = dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    **own: object,
) -> dict[str, object]:
    told = {
        "customer_id": customer_id,
        "act": act,
        "scope": scope,
        "given_at": given_at,
        "source": "DATA_SUBJECT",
    }
    return {**dict.fromkeys(plain_schema("permission")), **told, **own}


def fill(
    register: Register,
    key: IdentityKey,
    people: list[dict[str, object]],
    acts: list[dict[str, object]],
) -> None:
    numbered = [
        {**row, "id": number}
        for number, row in enumerate(
            acts, 1 + max((row.id for row in rows(register, "permission")), default=0)
        )
    ]
    for name, told in (("customer", people), ("permission", numbered)):
        register.append(name, sealed(pl.DataFrame(told, plain_schema(name)), name, key))


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """SQLite, but for the tests that ask for both."""
    return request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")


PROCESSOR = {
    "id": 1,
    "name": POST.name,
    "service": "Sähköpostit",
    "country": "FI",
    "contract": "HT-2022-02",
}


SURVEY = {
    "id": 1,
    "code": "KYSELY",
    "name": "KYSELY",
    "kind": "MR",
    "starts_on": dt.date(2026, 5, 1),
    "ends_on": dt.date(2026, 5, 31),
    "holdout_share": 0.0,
    "cost_cents": 0,
}
OPTING_OUT = {
    "id": 1,
    "campaign_id": 1,
    "arm": "contacted",
    "channel": "email",
    "sent_at": dt.datetime(2026, 5, 4, tzinfo=dt.UTC),
    **dict.fromkeys(("delivered_at", "opened_at", "clicked_at", "responded_at")),
    "opted_out_at": dt.datetime(2026, 5, 5, tzinfo=dt.UTC),
    "bounced": False,
    "source": "COMMUNICATION",
}


@pytest.fixture
def filled(register: Register, key: IdentityKey) -> Register:
    """Ten people of whom nine have consented to e-mail; the processor is registered."""
    fill(
        register,
        key,
        [customer(number) for number in range(1, 11)],
        [act(number, "consent", "email") for number in range(1, 10)],
    )
    register.append("processor", pl.DataFrame([PROCESSOR]))
    return register


def ids(*numbers: int | None) -> pl.Series:
    return pl.Series("customer_id", numbers or range(1, 11), dtype=pl.Int64)


def rows(register: Register, name: str) -> list[sa.Row]:
    with register.engine.connect() as connection:
        return list(connection.execute(sa.select(table(name))).all())


def test_the_list_holds_the_channel_the_language_and_the_number_of_the_contact(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    made = export(filled, key, ids(3), ORDER, path=tmp_path / "list.csv")
    [contact] = rows(filled, "campaign_contact")
    assert (
        made.path.read_text() == f"contact,email,language\n{contact.id},person3@post.example,fi\n"
    )


def test_only_its_owner_may_read_the_list(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    made = export(filled, key, ids(), ORDER, path=tmp_path / "deep" / "list.csv")
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600


def test_those_whom_permission_refuses_are_left_out_by_reason(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    late = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    people = [
        customer(11, restricted_from=late),
        customer(12, non_disclosure=True),
        customer(13, email=None),
    ]
    fill(
        filled,
        key,
        people,
        [
            *(act(n, "consent", "email") for n in (11, 12, 13)),
            act(1, "prohibition", "email", late),
            act(2, "prohibition", "marketing_use", late),
        ],
    )
    made = export(
        filled, key, ids(*range(1, 14), 99, None, None, 5), ORDER, path=tmp_path / "list.csv"
    )
    expected = {
        "channel_prohibition": 1,
        "consent_missing": 1,
        "marketing_prohibition": 1,
        "no_contact": 1,
        "non_disclosure": 1,
        "refused_pseudonym": 2,
        "repeated": 1,
        "restricted": 1,
        "unknown_person": 1,
    }
    assert (made.contacted, dict(made.left_out)) == (7, expected)


def test_a_needed_notice_to_protected_people_goes_by_no_list(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    fill(filled, key, [customer(11, non_disclosure=True)], [])
    made = export(filled, key, ids(1, 11), replace(ORDER, kind="SVC"), path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (1, {"safe_route": 1})


@pytest.mark.notice("N11.4")
def test_a_text_message_goes_to_a_mobile_telephone_only(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    fill(
        filled,
        key,
        [customer(11, phone="+3588123456"), customer(12, phone=None)],
        [act(n, "consent", "mobile") for n in (1, 11, 12)],
    )
    made = export(
        filled, key, ids(1, 11, 12), replace(ORDER, channel="sms"), path=tmp_path / "list.csv"
    )
    assert (made.contacted, made.left_out) == (1, {"no_contact": 2})


def test_the_same_seed_draws_the_same_holdout_and_it_is_not_in_the_list(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    order = replace(ORDER, holdout_share=1 / 3)
    drawn = []
    for code in ("A", "B"):
        made = export(
            filled,
            key,
            ids().reverse() if code == "B" else ids(),
            replace(order, code=code),
            path=tmp_path / f"{code}.csv",
        )
        planned = pl.concat(filled.scan("campaign_contact")).filter(
            pl.col("campaign_id") == pl.col("campaign_id").max()
        )
        drawn.append(set(planned.filter(pl.col("arm") == "holdout")["customer_id"]))
        listed = pl.read_csv(made.path)["contact"]
        assert not set(listed) & set(planned.filter(pl.col("arm") == "holdout")["id"])
    assert (made.contacted, made.holdout, drawn[0]) == (6, 3, drawn[1])


@pytest.mark.notice("N7.8")
@BOTH
def test_campaign_disclosure_and_audit_are_written_together(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    export(
        filled, key, ids(1, 2, 10), replace(ORDER, holdout_share=0.5), path=tmp_path / "list.csv"
    )
    [campaign], [disclosure], [event] = (
        rows(filled, name) for name in ("campaign", "disclosure", "audit_event")
    )
    contacted = [
        row.customer_id for row in rows(filled, "campaign_contact") if row.arm == "contacted"
    ]
    assert (campaign.code, campaign.kind, campaign.starts_on) == (
        "SYKSY26",
        "DM",
        dt.date(2026, 11, 2),
    )
    assert (disclosure.recipient, disclosure.basis, disclosure.data_categories) == (
        POST.name,
        "contract",
        "email, language",
    )
    assert [row.customer_id for row in rows(filled, "disclosure_customer")] == contacted
    assert (event.user, event.purpose, json.loads(event.subjects)) == (
        "steward",
        "direct_marketing",
        audit.name_subjects(key, [1, 2, 10]),
    )
    told = json.loads(event.detail)
    assert (told["seed"], told["contacted"], told["holdout"], told["left_out"]) == (
        7,
        1,
        1,
        {"consent_missing": 1},
    )
    assert audit.verify(filled) == 1


def test_a_second_list_of_a_campaign_repeats_nobody(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    export(filled, key, ids(1, 2), ORDER, path=tmp_path / "first.csv")
    made = export(filled, key, ids(1, 2, 3), ORDER, path=tmp_path / "second.csv")
    assert (made.contacted, made.left_out) == (1, {"already_planned": 2})
    assert len(rows(filled, "campaign")) == 1


@BOTH
@pytest.mark.parametrize("failing", ["_disclosed", "_event"])
def test_a_failure_leaves_no_list_and_no_trace(
    filled: Register,
    key: IdentityKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(audience, failing, fail)
    with pytest.raises(OSError, match="No space left"):
        export(filled, key, ids(), ORDER, path=tmp_path / "lists" / "list.csv")
    assert [
        rows(filled, name) for name in ("campaign", "campaign_contact", "disclosure", "audit_event")
    ] == [[], [], [], []]
    assert list((tmp_path / "lists").iterdir()) == []


def test_nobody_left_is_refused_with_the_reasons(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    with pytest.raises(
        Refused, match="nobody is left to contact: 1 consent_missing, 1 refused_pseudonym"
    ):
        export(filled, key, ids(10, None), ORDER, path=tmp_path / "list.csv")


def test_a_list_is_never_overwritten(filled: Register, key: IdentityKey, tmp_path: Path) -> None:
    (tmp_path / "list.csv").touch()
    with pytest.raises(UsageError, match="is there already"):
        export(filled, key, ids(), ORDER, path=tmp_path / "list.csv")


def test_a_campaign_keeps_its_kind(filled: Register, key: IdentityKey, tmp_path: Path) -> None:
    export(filled, key, ids(1), ORDER, path=tmp_path / "list.csv")
    with pytest.raises(UsageError, match="is there already with messages of kind DM"):
        export(filled, key, ids(2), replace(ORDER, kind="CC"), path=tmp_path / "other.csv")


@pytest.mark.parametrize("own", [{"code": "../up"}, {"code": ""}, {"channel": "fax"}])
def test_an_order_takes_known_codes_only(own: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        replace(ORDER, **own)


@pytest.mark.notice("N4.8")
def test_every_kind_of_message_serves_a_purpose_of_the_notice() -> None:
    from genlib import notice

    assert set(audience.PURPOSES.values()) <= set(notice.load().purposes)
    with pytest.raises(UsageError, match="no such kind"):
        audience.purpose("ADVICE")


@pytest.mark.parametrize("text", ["customer\nca1-X\n", "", "a,b\n1\n2,3,4\n"])
def test_a_file_without_pseudonyms_is_bad_input(tmp_path: Path, text: str) -> None:
    (tmp_path / "names.csv").write_text(text)
    with pytest.raises(BadInput, match=r"names\.csv is not a CSV file with a column pseudonym"):
        audience.read(tmp_path / "names.csv")


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv cannot be read"):
        audience.read(tmp_path / "none.csv")


@pytest.mark.notice("N4.24", "N7.2")
def test_a_registered_processor_brings_its_contract(filled: Register) -> None:
    assert checked(filled, Recipient(POST.name), data=DATA) == POST


@pytest.mark.notice("N4.24", "N7.1", "N7.3", "N7.4", "N7.5", "N7.6")
@pytest.mark.parametrize(
    ("named", "message"),
    [
        (Recipient("Tuntematon Oy"), "no registered processor"),
        (Recipient("Tuntematon Oy", "FI", "friendship", "x"), "contract, consent, statute"),
        (Recipient("Tuntematon Oy", "FI", "contract", " "), "needs its evidence"),
        (Recipient("Unknown Ltd", "GB", "statute", "an act"), "outside the EU and EEA"),
        (Recipient("Unknown Inc", "US", "consent", "a form"), "outside the EU and EEA"),
        (Recipient(POST.name, "US"), "outside the EU and EEA"),
    ],
)
def test_other_recipients_need_a_basis_and_a_country_of_the_eea(
    filled: Register, named: Recipient, message: str
) -> None:
    with pytest.raises((Refused, UsageError), match=message):
        checked(filled, named, data=DATA)


@pytest.mark.notice("N7.1", "N7.3", "N7.4", "N7.5")
@pytest.mark.parametrize(
    ("country", "basis"), [("NO", "contract"), ("IS", "consent"), ("SE", "statute")]
)
def test_another_recipient_of_the_eea_passes_on_its_basis(
    filled: Register, country: str, basis: str
) -> None:
    named = Recipient("Toinen Oy", country, basis, "evidence")
    assert checked(filled, named, data=DATA) == named


@pytest.mark.notice("N7.6")
def test_a_processor_that_moved_out_is_refused(filled: Register, tmp_path: Path) -> None:
    (tmp_path / "eea.toml").write_text('as_of = 2031-01-01\nunion = ["SE"]\nefta = ["NO"]\n')
    with pytest.raises(Refused, match="members as of 2031-01-01"):
        checked(filled, Recipient(POST.name), data=tmp_path)


@pytest.mark.notice("N7.6")
def test_the_eea_has_thirty_members() -> None:
    assert len(members(DATA)[0]) == 30


# -- the suppression list --------------------------------------------------------------------------

OBJECTED = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)


def object_and_erase(register: Register, key: IdentityKey, *scopes: str) -> int:
    """Customer 1 prohibits, is put on the list and erased."""
    if not register.known("customer", pl.DataFrame({"id": [1]})).height:
        fill(register, key, [customer(1)], [])
    fill(register, key, [], [act(1, "prohibition", scope, OBJECTED) for scope in scopes])
    with register.writing() as connection:
        entries = hold(register, connection, key, ids(1), at=NOW)
        for name, column in (("permission", "customer_id"), ("customer", "id")):
            connection.execute(table(name).delete().where(table(name).c[column] == 1))
    return entries


def bought(register: Register, key: IdentityKey, given_at: dt.datetime, **own: object) -> None:
    """Customer 1 comes back as number 77, on a bought list that claims consents."""
    nothing = {"email": None, "phone": None, "street_address": None, "postal_code": None}
    fill(
        register,
        key,
        [customer(77, **{**nothing, **own})],
        [act(77, "consent", scope, given_at) for scope in ("email", "mobile")],
    )


@pytest.mark.parametrize("spelling", ["person1@post.example", " Person1@POST.example "])
def test_an_objector_stays_blocked_after_erasure_and_reimport(
    filled: Register, key: IdentityKey, tmp_path: Path, spelling: str
) -> None:
    object_and_erase(filled, key, "email")
    bought(filled, key, OBJECTED - dt.timedelta(days=9), email=spelling)
    made = export(filled, key, ids(2, 77), ORDER, path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (1, {"suppression_list": 1})


@pytest.mark.parametrize(
    ("channel", "known"),
    [
        ("sms", {"phone": "+358490000001"}),
        ("call", {"phone": "+358490000001"}),
        ("post", {"street_address": " keinokuja  1 ", "postal_code": "90820"}),
    ],
)
def test_every_identifier_meets_the_list(
    filled: Register, key: IdentityKey, tmp_path: Path, channel: str, known: dict[str, str]
) -> None:
    object_and_erase(filled, key, "marketing_use")
    bought(filled, key, OBJECTED - dt.timedelta(days=9), **known)
    with pytest.raises(Refused, match="1 suppression_list"):
        export(filled, key, ids(77), replace(ORDER, channel=channel), path=tmp_path / "list.csv")


def test_a_neighbour_at_the_same_address_still_gets_the_email_she_asked_for(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    object_and_erase(filled, key, "marketing_use", "post", "email")
    bought(
        filled,
        key,
        NOW - dt.timedelta(days=9),
        email="other@post.example",
        street_address="Keinokuja 1",
        postal_code="90820",
    )
    assert export(filled, key, ids(77), ORDER, path=tmp_path / "list.csv").contacted == 1


@BOTH
def test_a_consent_given_after_the_objection_lifts_it(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    object_and_erase(filled, key, "email", "marketing_use")
    bought(filled, key, OBJECTED + dt.timedelta(days=9), email="person1@post.example")
    assert export(filled, key, ids(77), ORDER, path=tmp_path / "list.csv").contacted == 1


@BOTH
def test_the_list_remembers_once_and_shows_nothing(filled: Register, key: IdentityKey) -> None:
    assert [object_and_erase(filled, key, "marketing_use", "post") for _ in range(2)] == [3, 0]
    kept = str(rows(filled, "suppression"))
    assert not [trace for trace in ("person1", "0000001", "keinokuja") if trace in kept.lower()]


def test_another_key_makes_other_hashes(filled: Register, key: IdentityKey) -> None:
    object_and_erase(filled, key, "email")
    assert object_and_erase(filled, IdentityKey(bytes(32)), "email") == 1


def test_a_loaded_prohibition_outlives_its_customer(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    """Loaded as files, gone by whatever way, and loaded again under another number without the
    prohibition."""
    for name, told in (
        ("customer", customer(1)),
        ("permission", {**act(1, "prohibition", "post", OBJECTED), "id": 1}),
    ):
        pl.DataFrame([told], plain_schema(name)).write_csv(
            tmp_path / f"{name}.csv", datetime_format="%Y-%m-%dT%H:%M:%SZ"
        )
    load(register, tmp_path, key, rejected_to=tmp_path / "rejected")
    with register.writing() as connection:
        for name in ("permission", "customer"):
            connection.execute(table(name).delete())
    fill(register, key, [customer(77, street_address="KEINOKUJA 1", email=None, phone=None)], [])
    with pytest.raises(Refused, match="1 suppression_list"):
        export(register, key, ids(77), replace(ORDER, channel="post"), path=tmp_path / "list.csv")


def test_a_contact_list_that_meets_a_prohibition_puts_it_on_the_list(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    fill(filled, key, [], [act(1, "prohibition", "email", OBJECTED)])
    export(filled, key, ids(1, 2), ORDER, path=tmp_path / "list.csv")
    assert [(row.identifier, row.scope, row.since) for row in rows(filled, "suppression")] == [
        ("email", "email", OBJECTED)
    ]


@BOTH
def test_a_prohibition_that_was_ended_leaves_the_list(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    fill(
        filled,
        key,
        [],
        [act(2, "prohibition", "post", OBJECTED), act(2, "prohibition", "marketing_use", OBJECTED)],
    )
    permission = table("permission")
    for scope, left in (
        (None, {"address": 1, "email": 1, "phone": 1}),
        ("marketing_use", {"address": 1}),
        ("post", {}),
    ):
        with filled.writing() as connection:
            connection.execute(
                permission.update().where(permission.c.scope == scope).values(ended_at=NOW)
            )
            hold(filled, connection, key, ids(), at=NOW)
        kept = [row.identifier for row in rows(filled, "suppression")]
        assert {identifier: kept.count(identifier) for identifier in kept} == left
    assert (
        export(
            filled, key, ids(2), replace(ORDER, channel="post"), path=tmp_path / "list.csv"
        ).contacted
        == 1
    )


def test_a_later_objection_outlives_a_consent_that_answered_an_earlier_one(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    fill(
        filled,
        key,
        [],
        [
            act(1, "prohibition", "email", OBJECTED, ended_at=NOW),
            act(1, "prohibition", "email", NOW),
        ],
    )
    object_and_erase(filled, key)
    bought(filled, key, OBJECTED + dt.timedelta(days=9), email="person1@post.example")
    with pytest.raises(Refused, match="1 suppression_list"):
        export(filled, key, ids(77), ORDER, path=tmp_path / "list.csv")


# -- who has left, died, or is one person with another row -----------------------------------------

ONE = {"personal_id": "010594Y9032"}


@pytest.mark.parametrize("kind", ["DM", "MR", "SAT", "CC", "SCA", "BEN"])
def test_who_has_left_gets_needed_notices_only(
    filled: Register, key: IdentityKey, tmp_path: Path, kind: str
) -> None:
    fill(filled, key, [customer(11, left_on=NOW.date())], [act(11, "consent", "email")])
    order = replace(ORDER, kind=kind)
    assert export(filled, key, ids(1, 11), order, path=tmp_path / "list.csv").left_out == {
        "left": 1
    }
    needed = replace(ORDER, kind="SVC", code="TIEDOTE")
    assert export(filled, key, ids(11), needed, path=tmp_path / "needed.csv").contacted == 1


def test_who_leaves_tomorrow_is_a_customer_today(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    tomorrow = NOW.date() + dt.timedelta(days=1)
    fill(filled, key, [customer(11, left_on=tomorrow)], [act(11, "consent", "email")])
    assert export(filled, key, ids(11), ORDER, path=tmp_path / "list.csv").contacted == 1


@pytest.mark.parametrize("kind", ["DM", "CC", "SVC"])
def test_the_dead_get_nothing(
    filled: Register, key: IdentityKey, tmp_path: Path, kind: str
) -> None:
    fill(filled, key, [customer(11, deceased_on=NOW.date())], [act(11, "consent", "email")])
    made = export(filled, key, ids(1, 11), replace(ORDER, kind=kind), path=tmp_path / "list.csv")
    assert made.left_out == {"deceased": 1}


@BOTH
@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ({"restricted_from": OBJECTED}, "restricted"),
        ({"non_disclosure": True}, "non_disclosure"),
        ({"deceased_on": OBJECTED.date()}, "deceased"),
    ],
)
def test_what_protects_a_person_protects_every_row_of_theirs(
    filled: Register, key: IdentityKey, tmp_path: Path, own: dict[str, object], reason: str
) -> None:
    people = [customer(11, **ONE, **own), customer(12, **ONE)]
    fill(filled, key, people, [act(12, "consent", "email")])
    made = export(filled, key, ids(1, 12), ORDER, path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (1, {reason: 1})


@BOTH
def test_a_prohibition_follows_the_personal_identity_code(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    acts = [act(11, "prohibition", "marketing_use", OBJECTED), act(12, "consent", "email")]
    fill(filled, key, [customer(11, **ONE), customer(12, **ONE)], acts)
    made = export(filled, key, ids(1, 12), ORDER, path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (1, {"marketing_prohibition": 1})


def test_a_later_consent_lifts_a_prohibition_of_another_row_and_an_ended_one_is_none(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    acts = [
        act(11, "prohibition", "email", OBJECTED),
        act(11, "prohibition", "marketing_use", OBJECTED, ended_at=NOW),
        act(12, "consent", "email", NOW),
    ]
    fill(filled, key, [customer(11, **ONE), customer(12, **ONE)], acts)
    assert export(filled, key, ids(12), ORDER, path=tmp_path / "list.csv").contacted == 1


def test_a_consent_holds_for_its_own_row_and_its_withdrawal_for_all(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [customer(number, **ONE) for number in (11, 12, 13)]
    later = OBJECTED + dt.timedelta(days=1)
    acts = [
        act(11, "consent", "email", ended_at=OBJECTED),
        act(12, "consent", "email"),
        act(13, "consent", "email", later),
    ]
    fill(filled, key, [*people, customer(14, **ONE)], acts)
    made = export(filled, key, ids(12, 13, 14), ORDER, path=tmp_path / "list.csv")
    assert pl.read_csv(made.path)["email"].to_list() == ["person13@post.example"]
    assert made.left_out == {"consent_missing": 1, "consent_withdrawn": 1}


def test_a_departure_ends_its_own_row_only(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    left = customer(11, **ONE, left_on=OBJECTED.date())
    works = customer(12, **ONE, kind="company_contact")
    fill(filled, key, [left, works], [act(n, "consent", "email") for n in (11, 12)])
    made = export(filled, key, ids(11, 12), ORDER, path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (1, {"left": 1})


@pytest.mark.parametrize(
    ("channel", "own"),
    [
        ("email", {"email": "person11@post.example"}),
        ("call", {"phone": "+35849000" + "0011"}),
        ("post", {"street_address": "keinokuja  11", "postal_code": "90820"}),
    ],
)
def test_a_prohibition_of_somebody_who_is_not_asked_for_follows_the_address(
    filled: Register, key: IdentityKey, tmp_path: Path, channel: str, own: dict[str, object]
) -> None:
    acts = [act(11, "prohibition", "marketing_use", OBJECTED), act(12, "consent", "email")]
    fill(filled, key, [customer(11), customer(12, **own)], acts)
    order = replace(ORDER, channel=channel)
    made = export(filled, key, ids(1, 12), order, path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (1, {"suppression_list": 1})


SHARED = [
    ("email", {"email": "PERSON11@post.example"}),
    ("email", {"phone": "+358490000011"}),
    ("call", {"phone": "+358490000011"}),
    ("call", {"email": "person11@post.example"}),
    ("post", {"street_address": "c/o Testinen, keinokuja  11", "postal_code": "90820"}),
    ("post", {"email": "person11@post.example"}),
]


@pytest.mark.parametrize("shared", SHARED)
@pytest.mark.parametrize(
    "state",
    [
        {"restricted_from": OBJECTED},
        {"non_disclosure": True},
        {"deceased_on": OBJECTED.date()},
    ],
)
def test_what_protects_a_row_protects_whoever_has_an_identifier_of_it(
    filled: Register,
    key: IdentityKey,
    tmp_path: Path,
    shared: tuple[str, dict[str, object]],
    state: dict[str, object],
) -> None:
    channel, own = shared
    people = [customer(11, **state), customer(12, **own)]
    fill(filled, key, people, [act(12, "consent", "email")])
    order = replace(ORDER, channel=channel)
    made = export(filled, key, ids(1, 12), order, path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (1, {"shared_identifier": 1})


@BOTH
def test_a_household_shares_its_letters_and_not_its_telephone(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    restricted = customer(11, restricted_from=OBJECTED)
    neighbour = customer(12, street_address="Keinokuja 11")
    fill(filled, key, [restricted, neighbour], [act(12, "consent", "email")])
    made = export(filled, key, ids(12), ORDER, path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (1, {})


def test_who_left_under_another_number_is_still_a_customer(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [customer(11, left_on=OBJECTED.date()), customer(12, email="person11@post.example")]
    fill(filled, key, people, [act(12, "consent", "email")])
    made = export(filled, key, ids(12), ORDER, path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (1, {})


@BOTH
@pytest.mark.parametrize("kind", ["MR", "SAT"])
def test_who_opted_out_of_a_survey_gets_none_by_that_channel(
    filled: Register, key: IdentityKey, tmp_path: Path, kind: str
) -> None:
    opted_out = pl.DataFrame([OPTING_OUT | {"customer_id": 2}]).cast({"opted_out_at": UTC_INSTANT})
    filled.append("campaign", pl.DataFrame([SURVEY | {"kind": kind}]))
    filled.append("campaign_contact", opted_out)
    fill(filled, key, [customer(11, email="person2@post.example")], [])
    order = replace(ORDER, kind="MR")
    made = export(filled, key, ids(1, 2, 11), order, path=tmp_path / "list.csv")
    refused = {"research_prohibition": 1, "suppression_list": 1}
    assert (made.contacted, made.left_out) == (1, refused)
    calls = replace(order, channel="call", code="SOITOT")
    assert export(filled, key, ids(1, 2, 11), calls, path=tmp_path / "calls.csv").contacted == 3


def test_who_opted_out_of_customer_communication_gets_none_by_that_channel(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    opted_out = pl.DataFrame([OPTING_OUT | {"customer_id": 2}]).cast({"opted_out_at": UTC_INSTANT})
    filled.append("campaign", pl.DataFrame([SURVEY | {"kind": "CC"}]))
    filled.append("campaign_contact", opted_out)
    fill(filled, key, [customer(11, email="person2@post.example")], [])
    letters = replace(ORDER, kind="CC")
    made = export(filled, key, ids(1, 2, 11), letters, path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (1, {"opted_out": 2})
    needed = replace(ORDER, kind="SVC", code="HUOLTO")
    made = export(filled, key, ids(1, 2), needed, path=tmp_path / "needed.csv")
    assert (made.contacted, made.left_out) == (2, {})


# -- one message an address, and what is written ---------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("channel", "own"),
    [
        ("email", {"email": "PERSON1@post.example"}),
        ("call", {"phone": "+35849000" + "0001"}),
        ("post", {"street_address": " KEINOKUJA 1", "family_name": "artificial "}),
    ],
)
def test_an_address_gets_one_message(
    filled: Register, key: IdentityKey, tmp_path: Path, channel: str, own: dict[str, object]
) -> None:
    fill(filled, key, [customer(11, **own)], [act(11, "consent", "email")])
    order = replace(ORDER, channel=channel)
    made = export(filled, key, ids(11, 2, 1), order, path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (2, {"same_address": 1})
    planned = [row.customer_id for row in rows(filled, "campaign_contact")]
    assert sorted(planned) == [1, 2]


def test_neighbours_of_another_name_get_a_letter_of_their_own(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [
        customer(11, street_address="Keinokuja 1", family_name="Toinen"),
        customer(12, street_address="Keinokuja 1", postal_code="90830"),
    ]
    fill(filled, key, people, [])
    order = replace(ORDER, channel="post")
    assert export(filled, key, ids(1, 11, 12), order, path=tmp_path / "list.csv").contacted == 3


def test_a_person_of_two_rows_gets_one_message(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [customer(11, **ONE), customer(12, **ONE)]
    fill(filled, key, people, [act(n, "consent", "email") for n in (11, 12)])
    made = export(filled, key, ids(11, 12), ORDER, path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (1, {"same_person": 1})


@pytest.mark.parametrize("holdout", [0.0, 0.5])
def test_a_second_list_of_a_campaign_goes_to_no_address_of_the_first(
    filled: Register, key: IdentityKey, tmp_path: Path, holdout: float
) -> None:
    """Nor does it reach an address whose person was drawn not to be contacted."""
    people = [customer(11, email="person1@post.example"), customer(12, **ONE), customer(13, **ONE)]
    fill(filled, key, people, [act(n, "consent", "email") for n in (11, 12, 13)])
    order = replace(ORDER, holdout_share=holdout)
    export(filled, key, ids(1, 3, 12), order, path=tmp_path / "first.csv")
    made = export(filled, key, ids(2, 4, 11, 13), order, path=tmp_path / "second.csv")
    assert made.left_out == {"same_address": 1, "same_person": 1}


def test_a_holdout_of_all_is_no_campaign(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    order = replace(ORDER, holdout_share=0.9)
    with pytest.raises(Refused, match="of 1 people the holdout leaves nobody to contact"):
        export(filled, key, ids(1), order, path=tmp_path / "list.csv")


def test_one_without_an_address_stands_in_nobodys_way(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    nowhere = [customer(n, email=None) for n in (11, 12)]
    fill(filled, key, nowhere, [act(n, "consent", "email") for n in (11, 12)])
    made = export(filled, key, ids(1, 11, 12), ORDER, path=tmp_path / "list.csv")
    assert (made.contacted, made.left_out) == (1, {"no_contact": 2})


def test_a_letter_has_its_post_office_and_no_formula(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [
        customer(11, given_names="@cmd", family_name='=HYPERLINK("x")', postal_code="00100"),
        customer(12, family_name="Mäki;=1+1", street_address="-1+2", postal_code="99998"),
    ]
    fill(filled, key, people, [])
    offices = mailing.read_post_offices(DATA)
    order = replace(ORDER, channel="post", post_offices=offices)
    made = export(filled, key, ids(11, 12), order, path=tmp_path / "list.csv")
    written = pl.read_csv(made.path, infer_schema=False).drop("contact").rows()
    assert written == [
        ("'@cmd", '\'=HYPERLINK("x")', "Keinokuja 11", "00100", "HELSINKI", None, "fi"),
        (None, "Mäki;'=1+1", "'-1+2", "99998", None, None, "fi"),
    ]
    assert rows(filled, "disclosure")[0].data_categories.endswith(
        "postal_code, post_office, country, language"
    )


def test_a_letter_abroad_has_its_country_and_no_finnish_post_office(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    codes = {11: ("EE", "00100"), 12: ("AX", "22100"), 13: ("SE", "111 22")}
    people = [
        customer(number, country=country, postal_code=code)
        for number, (country, code) in codes.items()
    ]
    fill(filled, key, people, [])
    offices = mailing.read_post_offices(DATA)
    order = replace(ORDER, channel="post", post_offices=offices)
    made = export(filled, key, ids(11, 12, 13), order, path=tmp_path / "list.csv")
    written = pl.read_csv(made.path, infer_schema=False)
    assert written.select("postal_code", "post_office", "country").rows() == [
        ("00100", None, "EE"),
        ("22100", "MAARIANHAMINA", "AX"),
        ("111 22", None, "SE"),
    ]


@pytest.mark.parametrize(
    ("code", "office"), [("00100", "HELSINKI"), ("02120", "ESPOO"), ("90820", "OULU")]
)
def test_a_post_office_is_the_municipality_in_finnish_capitals(code: str, office: str) -> None:
    assert mailing.read_post_offices(DATA)[code] == office


def test_without_postal_areas_it_is_said_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="set GENLIB_DATA"):
        mailing.read_post_offices(tmp_path)


def test_a_telephone_is_written_as_it_is_dialled(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    people = [customer(11, phone="+358490000011+1"), customer(12, phone="=1+1")]
    fill(filled, key, people, [])
    order = replace(ORDER, channel="call")
    made = export(filled, key, ids(1, 11, 12), order, path=tmp_path / "list.csv")
    assert pl.read_csv(made.path, infer_schema=False)["phone"].to_list() == ["+358490000001"]
    assert made.left_out == {"no_contact": 2}


def test_an_address_that_a_spreadsheet_would_run_reaches_nobody(
    filled: Register, key: IdentityKey, tmp_path: Path
) -> None:
    """With an apostrophe before it the message would go to somebody else."""
    fill(filled, key, [customer(11, email="=a@post.example")], [act(11, "consent", "email")])
    made = export(filled, key, ids(1, 11), ORDER, path=tmp_path / "list.csv")
    assert made.left_out == {"no_contact": 1}


@given(st.text(st.sampled_from("=+-@\t\r\n;, 'a1"), max_size=8))
def test_no_cell_begins_as_a_formula_and_no_letter_is_lost(text: str) -> None:
    [cell] = mailing.make_harmless(pl.DataFrame({"name": [text]}))["name"]
    for part in re.split("[;,\t\r\n]", cell):
        assert not part.strip(" ").startswith(tuple("=+-@"))
    assert cell.replace("'", "") == text.replace("'", "")
    assert not cell.startswith(("\t", "\r", "\n"))


# -- the command -----------------------------------------------------------------------------------


def test_the_command_counts_forged_and_foreign_pseudonyms(
    register: Register,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    word = tmp_path / "password"
    word.write_text("correct horse battery")
    create_keys(tmp_path / "keys.json", user="steward", password=word.read_text())
    own = open_identity(tmp_path / "keys.json", user="steward", password=word.read_text())
    fill(
        register,
        own,
        [customer(number) for number in (21, 22, 23)],
        [act(number, "consent", "email") for number in (21, 22)],
    )
    register.append("processor", pl.DataFrame([PROCESSOR]))
    names = open_pseudonym(tmp_path / "keys.json", user="steward", password=word.read_text())
    true = pseudonyms(ids(21, 22, 23), names, purpose="customer_analysis")
    foreign = pseudonyms(ids(21), names, purpose="satisfaction")
    pl.DataFrame({"pseudonym": [*true, *foreign, "ca1-" + "0" * 26]}).write_csv(
        tmp_path / "names.csv"
    )
    places = {
        "home": tmp_path,
        "keys": tmp_path / "keys.json",
        "register": register.url,
        "user": "steward",
        "password_file": word,
    }
    for name, value in places.items():
        monkeypatch.setenv(f"GENLIB_{name.upper()}", str(value))
    words = [
        "--campaign",
        "SYKSY26",
        "--channel",
        "email",
        "--kind",
        "DM",
        "--recipient",
        POST.name,
        "--holdout",
        "0",
    ]
    assert run(["audience", "export", *words, str(tmp_path / "names.csv")]) == 0
    said = "2 to contact, 0 held out; left out: 1 consent_missing, 2 refused_pseudonym"
    assert capsys.readouterr().out == f"{tmp_path}/audiences/SYKSY26-email.csv: {said}\n"
    used, _, turned, listed = audit.list_events(register)
    assert (used.action, listed.action) == ("key use", "audience export")
    assert (turned.action, turned.people) == ("re-identify", 3)
    assert json.loads(turned.subjects) == audit.name_subjects(own, [21, 22, 23])
    assert (
        run(
            [
                "audience",
                "export",
                *words[:-4],
                "--recipient",
                "Tuntematon Oy",
                str(tmp_path / "names.csv"),
            ]
        )
        == 3
    )
