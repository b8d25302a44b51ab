"""The synthetic register is whole, artificial, lawful but for what was planted - and the same every
time."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars import col
from polars.testing import assert_frame_equal

from genlib import synthetic
from genlib.permission.verdicts import verdicts
from genlib.register import identifiers
from genlib.register.database import Register, create_register
from genlib.register.store import opened, plain_schema
from genlib.register.vault import IdentityKey
from genlib.synthetic import AS_OF, Truth, collect, synthesise, write_csv
from genlib.synthetic.chance import business_ids, references
from genlib.synthetic.people import _emails

Frames = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def drawn() -> tuple[Frames, Truth]:
    return collect(6_000, 11)


@pytest.fixture(scope="module")
def tables(drawn: tuple[Frames, Truth]) -> Frames:
    return drawn[0]


def test_the_same_arguments_give_the_same_register() -> None:
    first, second = collect(60, 3), collect(60, 3)
    for table, frame in first[0].items():
        assert_frame_equal(frame, second[0][table])
    assert first[1] == second[1]


def test_another_seed_gives_other_people() -> None:
    assert not collect(60, 3)[0]["customer"].equals(collect(60, 4)[0]["customer"])


@pytest.mark.parametrize("customers", [1, 2, 7])
def test_a_handful_of_customers_is_a_register_too(customers: int) -> None:
    assert len(collect(customers, 1)[0]["customer"]) == customers


def test_twenty_rows_a_customer(drawn: tuple[Frames, Truth]) -> None:
    assert 18 * 6_000 < sum(drawn[1].rows.values()) < 24 * 6_000


def test_every_frame_is_the_plaintext_form_of_its_table(tables: Frames) -> None:
    assert {name: frame.schema for name, frame in tables.items()} == {
        name: plain_schema(name) for name in tables
    }


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("customer", "personal_id", "personal_id"),
        ("customer", "phone", "phone"),
        ("customer", "email", "email"),
        ("customer", "postal_code", "postal_code"),
        ("company", "business_id", "business_id"),
        ("invoice", "reference", "reference"),
    ],
)
def test_identifiers_follow_their_rules_and_are_normal_already(
    tables: Frames, table: str, column: str, kind: str
) -> None:
    values = tables[table][column].drop_nulls().head(400)
    assert identifiers.checked(values, kind)["value"].equals(values, check_names=False)


@pytest.mark.parametrize(
    ("column", "artificial"),
    [
        ("personal_id", r"^\d{6}[-YXWVUABCDEF]9\d\d.$"),
        ("phone", r"^\+35849\d{7}$"),
        ("email", r"\.example$"),
    ],
)
def test_identifiers_belong_to_nobody(tables: Frames, column: str, artificial: str) -> None:
    values = tables["customer"][column].drop_nulls()
    assert values.str.contains(artificial).all()
    assert values.is_unique().all()


@pytest.mark.parametrize(
    ("given_names", "address"),
    [("Md. Robert", "md.testinen7@posti.example"), ("Ж", "testinen7@posti.example")],
)
def test_an_address_has_single_points_between_words(given_names: str, address: str) -> None:
    person = pl.DataFrame({"id": [7], "given_names": [given_names], "family_name": ["Testinen"]})
    assert _emails(person, ["posti"]).to_list() == [address]


def test_business_ids_are_far_above_those_in_use(tables: Frames) -> None:
    assert tables["company"]["business_id"].min() >= "9000000"


def test_every_sign_of_the_personal_identity_code_occurs(tables: Frames) -> None:
    assert set(tables["customer"]["personal_id"].drop_nulls().str.slice(6, 1)) == set(
        "-YXWVUABCDEF"
    )


def test_the_birth_year_is_that_of_the_personal_identity_code(tables: Frames) -> None:
    known = tables["customer"].drop_nulls("personal_id")
    assert (known["personal_id"].str.slice(4, 2).cast(pl.Int64) == known["birth_year"] % 100).all()


def test_customers_are_grown_up(tables: Frames) -> None:
    assert tables["customer"]["birth_year"].max() <= AS_OF.year - 18


@pytest.mark.parametrize(("prefix", "share"), [("00", 0.001), ("22", 0.5), ("40", 0.0)])
def test_swedish_is_spoken_where_it_is_spoken(tables: Frames, prefix: str, share: float) -> None:
    there = tables["customer"].filter(col("postal_code").str.starts_with(prefix))
    assert share <= (there["language"] == "sv").mean() <= share + 0.5


@given(st.integers(100, 10**12))
def test_any_serial_gives_a_valid_reference_number(serial: int) -> None:
    identifiers.reference_number(references(np.array([serial])).item())


@given(st.integers(1, 9_999_000), st.integers(1, 20))
def test_any_run_of_business_ids_is_valid_and_has_no_gaps_to_the_next(
    start: int, size: int
) -> None:
    ids, following = business_ids(start, size)
    assert len(ids) == size
    assert following > int(ids[-1].split("-")[0])
    assert [identifiers.business_id(text.zfill(9)) for text in ids] == [
        text.zfill(9) for text in ids
    ]


PARENTS = [
    ("customer", "company_id", "company"),
    ("permission", "customer_id", "customer"),
    ("campaign_contact", "campaign_id", "campaign"),
    ("campaign_contact", "customer_id", "customer"),
    ("survey_answer", "invitation_id", "survey_invitation"),
    ("survey_answer", "question_id", "survey_question"),
    ("disclosure_customer", "disclosure_id", "disclosure"),
]


@pytest.mark.parametrize(("table", "column", "parent"), PARENTS)
def test_rows_hang_on_rows_that_exist(tables: Frames, table: str, column: str, parent: str) -> None:
    assert (
        tables[table]
        .drop_nulls(column)
        .join(tables[parent], left_on=column, right_on="id", how="anti")
        .is_empty()
    )


def test_nothing_happens_on_the_day_of_the_report_or_after(tables: Frames) -> None:
    happened = [
        frame[name].max()
        for frame in tables.values()
        for name, kind in frame.schema.items()
        if kind == pl.Datetime("us", "UTC")
    ]
    assert max(happened) < datetime(2026, 11, 1, tzinfo=UTC)
    assert tables["invoice"]["issued_on"].max() < AS_OF


def test_purchases_lie_between_joining_and_leaving(tables: Frames) -> None:
    bought = (
        tables["invoice"]
        .filter(col("amount_cents") > 0)
        .join(tables["customer"], left_on="customer_id", right_on="id")
    )
    assert bought.select(
        col("issued_on").is_between("joined_on", col("left_on").fill_null(AS_OF)).all()
    ).item()


def test_credit_notes_are_negative_and_rare(tables: Frames) -> None:
    assert 0.01 < (tables["invoice"]["amount_cents"] < 0).mean() < 0.03


def test_batches_share_no_ids_and_no_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "BATCH", 150)
    tables, truth = collect(500, 2)
    for name, frame in tables.items():
        assert len(frame) == truth.rows[name]
        if "id" in frame.columns:
            assert frame["id"].to_list() == list(range(1, len(frame) + 1))
    assert tables["customer"]["personal_id"].drop_nulls().is_unique().all()
    assert tables["company"]["business_id"].is_unique().all()


def test_csv_files_read_back_as_they_were(tmp_path: Path) -> None:
    truth = write_csv(tmp_path, customers=40, seed=5)
    tables, _ = collect(40, 5)
    assert {file.stem for file in tmp_path.iterdir()} == set(truth.rows)
    for name, frame in tables.items():
        assert_frame_equal(pl.read_csv(tmp_path / f"{name}.csv", schema=plain_schema(name)), frame)
    assert (
        (tmp_path / "campaign_contact.csv").read_text().splitlines()[1].split(",")[5].endswith("Z")
    )


def test_the_sample_is_what_its_seed_gives() -> None:
    sample = pl.read_csv(
        Path(__file__).parents[2] / "data" / "sample" / "customer.csv",
        schema=plain_schema("customer"),
    )
    assert_frame_equal(sample, collect(300, 1)[0]["customer"])


def test_a_database_is_filled_with_sealed_rows(tmp_path: Path, key: IdentityKey) -> None:
    register = create_register(f"sqlite:///{tmp_path}/register.sqlite")
    truth = synthesise(register, key, customers=80, seed=5)
    assert {name: register.count(name) for name in truth.rows} == dict(truth.rows)
    stored = _all(register, "customer")
    assert stored["family_name"].dtype == pl.Binary
    assert_frame_equal(opened(stored, "customer", key), collect(80, 5)[0]["customer"])


def test_marketing_is_lawful_except_for_the_planted_contacts(drawn: tuple[Frames, Truth]) -> None:
    tables, truth = drawn
    judged = _judged(
        tables,
        tables["campaign_contact"].join(tables["campaign"], left_on="campaign_id", right_on="id"),
    )
    assert judged.filter(~col("allowed"))["id"].to_list() == list(truth.unlawful_contacts)


def test_some_of_those_who_left_had_died_and_nobody_wrote_to_them_later(tables: Frames) -> None:
    dead = tables["customer"].drop_nulls("deceased_on")
    assert 0.01 < len(dead) / tables["customer"]["left_on"].count() < 0.05
    assert dead["deceased_on"].equals(dead["left_on"], check_names=False)
    sent = tables["campaign_contact"].join(dead, left_on="customer_id", right_on="id")
    assert sent.filter(col("sent_at").dt.date() >= col("deceased_on")).is_empty()


def test_surveys_ask_only_those_who_may_be_asked(tables: Frames) -> None:
    kind = (
        pl.when(col("kind") == "satisfaction")
        .then(pl.lit("SAT"))
        .otherwise(pl.lit("MR"))
        .alias("kind")
    )
    named = (
        tables["survey_invitation"]
        .drop_nulls("customer_id")
        .join(tables["survey"], left_on="survey_id", right_on="id")
    )
    assert _judged(tables, named.with_columns(kind))["allowed"].all()


def test_an_anonymous_survey_keeps_nobody(tables: Frames) -> None:
    invited = tables["survey_invitation"].join(tables["survey"], left_on="survey_id", right_on="id")
    assert (invited["customer_id"].is_null() == (invited["promise"] == "anonymous")).all()


def test_a_campaign_contacts_nobody_twice(tables: Frames) -> None:
    assert tables["campaign_contact"].select("campaign_id", "customer_id").is_unique().all()


def test_the_steps_of_a_contact_follow_each_other(tables: Frames) -> None:
    steps = ("sent_at", "delivered_at", "opened_at", "clicked_at")
    for earlier, later in pairwise(steps):
        assert (tables["campaign_contact"][earlier] <= tables["campaign_contact"][later]).all()


def test_the_holdout_is_left_in_peace(tables: Frames) -> None:
    holdout = tables["campaign_contact"].filter(col("arm") == "holdout")
    assert holdout.select(pl.col(pl.Datetime).is_null().all()).row(0) == (True,) * 6


def _judged(tables: Frames, contacts: pl.DataFrame) -> pl.DataFrame:
    people = tables["customer"].select(
        "kind", "restricted_from", "non_disclosure", customer_id="id"
    )
    return verdicts(contacts.filter(col("sent_at").is_not_null()), tables["permission"], people)


def _all(register: Register, name: str) -> pl.DataFrame:
    return pl.concat(register.scan(name))
