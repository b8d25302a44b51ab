"""What is loaded, what is refused and how that is told, and what a kill leaves behind."""

from __future__ import annotations

import datetime as dt
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workbooks import write_workbook

from genlib.errors import BadInput
from genlib.register.database import Register, create_register, open_register
from genlib.register.holds import count_held
from genlib.register.intake import Summary, load
from genlib.register.rules import examined
from genlib.register.schema import Base
from genlib.register.store import opened, plain_schema, sealed
from genlib.register.vault import IdentityKey
from genlib.settings import REPOSITORY

CLOCK = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)

SAMPLE = REPOSITORY / "data" / "sample"
SENTINEL = "Kuuralehto"
CUSTOMER = {
    "id": "1",
    "kind": "consumer",
    "family_name": SENTINEL,
    "personal_id": "010594Y9032",
    "postal_code": "00100",
    "phone": "049 123 4567",
    "email": "Aino@Firma.example",
    "birth_year": "1994",
    "language": "fi",
    "joined_on": "2020-02-29",
    "non_disclosure": "false",
    "source": "DATA_SUBJECT",
    "updated_at": "2026-01-01T08:00:00Z",
}
PERMISSION = {
    "id": "1",
    "customer_id": "1",
    "act": "consent",
    "scope": "email",
    "given_at": "2026-01-01T08:00:00Z",
    "source": "DATA_SUBJECT",
}
CAMPAIGN = {
    "id": "1",
    "code": "A",
    "name": "A",
    "kind": "DM",
    "starts_on": "2026-01-01",
    "ends_on": "2026-01-02",
    "holdout_share": "0.1",
    "cost_cents": "5",
}


def faults(
    row: dict[str, str], name: str = "customer", *, artificial: bool = True
) -> list[tuple[str, str]]:
    _, found = examined(pl.DataFrame([{"row": 1, **row}]), name, artificial=artificial, now=CLOCK)
    return list(found.select("column", "rule").rows())


TOMORROW = "2026-11-29"
LATER = "2026-11-28T12:00:01Z"


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("customer", "deceased_on", TOMORROW),
        ("customer", "joined_on", TOMORROW),
        ("customer", "restricted_from", LATER),
        ("customer", "updated_at", LATER),
        ("permission", "given_at", LATER),
    ],
)
def test_what_has_not_happened_yet_is_refused(name: str, column: str, value: str) -> None:
    row = {"customer": CUSTOMER, "permission": PERMISSION}[name]
    assert faults(row | {column: value}, name) == [(column, "in_the_future")]


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("customer", "deceased_on", "2026-11-28"),
        ("customer", "restricted_from", "2026-11-28T14:00:00+02:00"),
        ("customer", "left_on", TOMORROW),
        ("permission", "ended_at", "9999-12-31T00:00:00Z"),
        ("campaign", "ends_on", TOMORROW),
    ],
)
def test_what_is_now_or_may_be_known_before_is_taken(name: str, column: str, value: str) -> None:
    row = {"customer": CUSTOMER, "permission": PERMISSION, "campaign": CAMPAIGN}[name]
    assert faults(row | {column: value}, name) == []


def test_the_day_is_the_companys() -> None:
    night = dt.datetime(2026, 11, 28, 22, 30, tzinfo=dt.UTC)
    row = pl.DataFrame([{"row": 1, **CUSTOMER, "deceased_on": TOMORROW}])
    for zone, count in (("Europe/Helsinki", 0), ("UTC", 1)):
        now = night.astimezone(ZoneInfo(zone))
        assert examined(row, "customer", artificial=True, now=now)[1].height == count


def test_dates_that_may_be_future_are_few_and_none_protects_anybody() -> None:
    early = {
        str(column)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.info.get("may_be_future")
    }
    assert early == {
        "campaign.ends_on",
        "campaign.starts_on",
        "customer.left_on",
        "invoice.due_on",
        "permission.ended_at",
        "subject_request.due_on",
        "subject_request.target_on",
        "survey.closed_on",
        "survey.opened_on",
    }


def test_invisible_characters_are_taken_out_and_spaces_are_plain() -> None:
    odd = {
        "family_name": "Kuura\N{SOFT HYPHEN}lehto\N{ZERO WIDTH SPACE}",
        "street_address": "Keinokuja\N{NO-BREAK SPACE}1",
        "email": "aino\N{ZERO WIDTH SPACE}@firma.example",
        "phone": "\N{LEFT-TO-RIGHT OVERRIDE}049 1234567\N{POP DIRECTIONAL FORMATTING}",
        "updated_at": "2026-01-01T08:00:00Z\N{NO-BREAK SPACE}",
    }
    raw = pl.DataFrame([{"row": 1, **CUSTOMER, **odd}])
    good, found = examined(raw, "customer", artificial=True, now=CLOCK)
    assert found.rows() == []
    assert good.select("family_name", "street_address", "email", "phone").row(0) == (
        SENTINEL,
        "Keinokuja 1",
        "aino@firma.example",
        "+358491234567",
    )


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_a_character_that_changes_the_reading_is_refused(character: str) -> None:
    row = CUSTOMER | {"family_name": f"Kuura{character}lehto"}
    assert faults(row) == [("family_name", "control_character")]


def write(folder: Path, name: str, *rows: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    pl.DataFrame(rows).write_csv(folder / f"{name}.csv")
    return folder


def into(
    register: Register, folder: Path, key: IdentityKey, tmp_path: Path, **options: bool
) -> Summary:
    return load(register, folder, key, rejected_to=tmp_path / "rejected", **options)


def test_a_good_row_has_no_fault_and_comes_back_normalised() -> None:
    good, found = examined(
        pl.DataFrame([{"row": 1, **CUSTOMER}]), "customer", artificial=True, now=CLOCK
    )
    assert found.height == 0
    row = good.row(0, named=True)
    assert (row["phone"], row["email"]) == ("+358491234567", "aino@firma.example")
    assert (row["joined_on"], row["birth_year"]) == (dt.date(2020, 2, 29), 1994)
    assert row["updated_at"] == dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
    assert good.drop("row").schema == plain_schema("customer")


@pytest.mark.notice("N6.11")
@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("id", "one", "not_an_integer"),
        ("id", "", "missing"),
        ("id", "1e5", "not_an_integer"),
        ("id", "9" * 30, "not_an_integer"),
        ("kind", "alien", "unknown_code"),
        ("kind", "", "missing"),
        ("personal_id", "010594Y9033", "bad_checksum"),
        ("postal_code", "0010", "bad_format"),
        ("phone", "112", "not_in_numbering_plan"),
        ("email", "aino", "bad_format"),
        ("birth_year", "1700", "out_of_range"),
        ("birth_year", "1994.5", "not_an_integer"),
        ("language", "de", "unknown_code"),
        ("joined_on", "29.2.2020", "not_a_date"),
        ("joined_on", "2021-02-29", "not_a_date"),
        ("left_on", "2019-01-01", "before_joined_on"),
        ("non_disclosure", "maybe", "not_a_boolean"),
        ("source", "GOSSIP", "unknown_code"),
        ("updated_at", "2026-01-01T08:00:00", "not_an_instant"),
        ("updated_at", "2026-01-01", "not_an_instant"),
        ("family_name", "Kuura\x00lehto", "control_character"),
        ("family_name", "Kes\ufffdpuro", "unreadable"),
    ],
)
def test_a_fault_is_told_by_column_and_rule(column: str, value: str, rule: str) -> None:
    assert faults({**CUSTOMER, column: value}) == [(column, rule)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", " 7 "),
        ("id", "7.0"),
        ("personal_id", " 010594Y9032 "),
        ("left_on", "2020-02-29"),
        ("joined_on", "2020-02-29 00:00:00"),
        ("non_disclosure", "TRUE"),
        ("updated_at", "2026-01-01T10:00:00+02:00"),
        ("phone", ""),
        ("restricted_from", "2026-01-01T08:00:00Z"),
    ],
)
def test_other_spellings_of_good_values_are_taken(column: str, value: str) -> None:
    assert faults({**CUSTOMER, column: value}) == []


@pytest.mark.parametrize(
    ("table", "row", "expected"),
    [
        ("permission", {**PERMISSION, "scope": "phone"}, ("scope", "not_of_this_act")),
        (
            "permission",
            {**PERMISSION, "act": "prohibition", "scope": "mobile"},
            ("scope", "not_of_this_act"),
        ),
        (
            "permission",
            {**PERMISSION, "ended_at": "2025-01-01T08:00:00Z"},
            ("ended_at", "before_given_at"),
        ),
        ("campaign", {**CAMPAIGN, "holdout_share": "1.5"}, ("holdout_share", "out_of_range")),
        ("campaign", {**CAMPAIGN, "holdout_share": "nan"}, ("holdout_share", "not_a_number")),
        ("campaign", {**CAMPAIGN, "ends_on": "2025-12-31"}, ("ends_on", "before_starts_on")),
    ],
)
def test_rules_of_other_tables(table: str, row: dict[str, str], expected: tuple[str, str]) -> None:
    assert faults(row, table) == [expected]


def test_every_fault_of_a_row_is_told_and_one_a_cell() -> None:
    assert faults({**CUSTOMER, "id": "x", "kind": "", "email": "x"}) == [
        ("id", "not_an_integer"),
        ("email", "bad_format"),
        ("kind", "missing"),
    ]


def test_a_register_of_real_customers_refuses_artificial_people() -> None:
    assert faults(CUSTOMER, artificial=False) == [
        ("personal_id", "artificial_range"),
        ("phone", "not_in_numbering_plan"),
    ]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(
    st.fixed_dictionaries(
        {column: st.text(max_size=12) | st.just(value) for column, value in CUSTOMER.items()}
    )
)
def test_whatever_a_cell_holds_a_row_is_good_or_told_and_never_shown(row: dict[str, str]) -> None:
    good, found = examined(
        pl.DataFrame([{"row": 1, **row}]), "customer", artificial=True, now=CLOCK
    )
    assert good.height == (found.height == 0)


def test_the_sample_loads_whole_on_both_databases(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    summary = into(register, SAMPLE, key, tmp_path)
    assert summary.rejected == 0
    for one in summary.tables:
        assert (
            register.count(one.table)
            == one.loaded
            == pl.scan_csv(SAMPLE / f"{one.table}.csv").select(pl.len()).collect().item()
        )
    assert list((tmp_path / "rejected").iterdir()) == []


def test_what_was_loaded_opens_again_as_it_was(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    into(register, SAMPLE, key, tmp_path)
    stored = opened(pl.concat(register.scan("customer", ordered_by="id")), "customer", key)
    given = (
        pl.read_csv(SAMPLE / "customer.csv", infer_schema=False)
        .with_columns(pl.col("id").cast(pl.Int64))
        .sort("id")
    )
    names = [
        "given_names",
        "family_name",
        "personal_id",
        "street_address",
        "postal_code",
        "phone",
        "email",
    ]
    assert stored.select(names).equals(given.select(names))


def test_refused_rows_are_told_by_number_column_and_rule_and_never_by_value(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(
        tmp_path / "in",
        "customer",
        CUSTOMER,
        {**CUSTOMER, "id": "2", "phone": SENTINEL},
        {**CUSTOMER, "id": "3"},
    )
    [outcome] = into(register, folder, key, tmp_path).tables
    assert (outcome.read, outcome.loaded, outcome.rejected, dict(outcome.rules)) == (
        3,
        2,
        1,
        {"bad_format": 1},
    )
    assert str(outcome) == "customer: 3 read, 2 loaded, 1 rejected (bad_format 1)"
    assert (
        tmp_path / "rejected/customer.csv"
    ).read_text() == "row,column,rule\n3,phone,bad_format\n"


def test_a_second_load_tells_what_is_there_already_and_what_has_changed(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", "customer", CUSTOMER)
    into(register, folder, key, tmp_path)
    changed = {**CUSTOMER, "phone": "0491234568", "language": "sv"}
    write(folder, "customer", CUSTOMER, {**CUSTOMER, "id": "2"}, {**CUSTOMER, "id": "2"}, changed)
    [outcome] = into(register, folder, key, tmp_path).tables
    assert (
        str(outcome) == "customer: 4 read, 1 loaded, 2 unchanged, 1 rejected (changed 2); "
        "changed: phone 1, language 1"
    )
    assert (
        tmp_path / "rejected/customer.csv"
    ).read_text() == "row,column,rule\n5,phone,changed\n5,language,changed\n"


def test_a_refused_row_does_not_take_the_place_of_a_good_one(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", "customer", {**CUSTOMER, "kind": "alien"}, CUSTOMER)
    assert into(register, folder, key, tmp_path).loaded == 1


def test_a_row_of_nobody_is_refused_and_so_is_a_second_campaign_of_one_code(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", "customer", {**CUSTOMER, "kind": "alien"})
    write(folder, "permission", PERMISSION)
    write(folder, "campaign", CAMPAIGN, {**CAMPAIGN, "id": "2"})
    assert into(register, folder, key, tmp_path).loaded == 1
    assert (
        tmp_path / "rejected/permission.csv"
    ).read_text() == "row,column,rule\n2,customer_id,unknown_customer\n"
    assert (tmp_path / "rejected/campaign.csv").read_text() == "row,column,rule\n3,code,duplicate\n"


def test_keys_of_two_columns_are_looked_up_together(register: Register) -> None:
    keys = pl.DataFrame({"invitation_id": [1, 2], "question_id": [1, 1]})
    assert register.known("survey_answer", keys).height == 0
    assert register.known("campaign", pl.DataFrame({"code": ["A'; --"]})).height == 0


def test_a_batch_border_changes_nothing(
    register: Register, key: IdentityKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genlib.register.intake.ROWS", 2)
    rows = [{**CUSTOMER, "id": number} for number in ("1", "2", "3", "2", "x", "4", "1")]
    rows[3]["phone"] = "0491234568"
    folder = write(tmp_path / "in", "customer", *rows)
    seen: list[int] = []
    [outcome] = load(
        register,
        folder,
        key,
        rejected_to=tmp_path / "rejected",
        progress=lambda _, rows: seen.append(rows),
    ).tables
    assert seen == [2, 4, 6, 7]
    assert (
        tmp_path / "rejected/customer.csv"
    ).read_text() == "row,column,rule\n5,phone,changed\n6,id,not_an_integer\n"
    assert (outcome.loaded, outcome.unchanged, outcome.rejected) == (4, 1, 2)


def test_blank_lines_are_no_rows_and_do_not_shift_the_numbers(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", "customer", CUSTOMER)
    head, row = (folder / "customer.csv").read_text().splitlines()
    separators = "," * head.count(",")
    (folder / "customer.csv").write_text(
        "\n".join([head, row, "", "  \t", row, separators, f" {separators} ", '""', ""])
    )
    [outcome] = into(register, folder, key, tmp_path).tables
    assert (outcome.read, outcome.loaded, outcome.unchanged) == (2, 1, 1)
    changed = row.replace("049 123 4567", "049 123 4568")
    (folder / "customer.csv").write_text("\n".join([head, row, "", "  \t", changed]))
    into(register, folder, key, tmp_path)
    report = (tmp_path / "rejected/customer.csv").read_text()
    assert report == "row,column,rule\n5,phone,changed\n"


def test_blank_lines_before_the_header_do_not_hide_the_separator(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", "customer", CUSTOMER)
    text = (folder / "customer.csv").read_text()
    (folder / "customer.csv").write_text("\n\n" + text.replace(",", ";"))
    [outcome] = into(register, folder, key, tmp_path).tables
    assert (outcome.read, outcome.loaded) == (1, 1)


@pytest.mark.parametrize("share", ["0.25", "0,25"])
def test_a_number_may_have_the_decimal_comma_of_a_finnish_spreadsheet(share: str) -> None:
    raw = pl.DataFrame(
        {
            "row": [1],
            **{column: [value] for column, value in {**CAMPAIGN, "holdout_share": share}.items()},
        }
    )
    good, _ = examined(raw, "campaign", artificial=True, now=CLOCK)
    assert good["holdout_share"].to_list() == [0.25]


@pytest.mark.parametrize("kind", ["parquet", "xlsx", "csv;"])
def test_other_files_are_read_by_the_same_rules(
    kind: str, sqlite_url: str, key: IdentityKey, tmp_path: Path
) -> None:
    text = pl.DataFrame([CUSTOMER, {**CUSTOMER, "id": "2", "joined_on": "1999-12-31"}])
    typed = text.with_columns(
        pl.col("id", "birth_year").cast(pl.Int64),
        pl.col("joined_on").str.to_date(),
        pl.col("non_disclosure") == "true",
        pl.col("updated_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"),
    )
    (tmp_path / "in").mkdir()
    if kind == "parquet":
        typed.write_parquet(tmp_path / "in/customer.parquet")
    elif kind == "xlsx":
        frame = typed.with_columns(text["updated_at"])
        write_workbook(tmp_path / "in/customer.xlsx", [frame.columns, *frame.rows()])
    else:
        text.write_csv(tmp_path / "in/customer.csv", separator=";")
    register = create_register(sqlite_url)
    assert into(register, tmp_path / "in", key, tmp_path).loaded == 2
    assert pl.concat(register.scan("customer", ["joined_on"], ordered_by="id"))[
        "joined_on"
    ].to_list() == [
        dt.date(2020, 2, 29),
        dt.date(1999, 12, 31),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "customer.csv",
            "id,shoe_size\n1,44\n",
            "lacks column kind, joined_on, .* and has unknown column shoe_size",
        ),
        ("customer.csv", f"id,kind,{SENTINEL}\n1,consumer,x\n", "unknown column number 3"),
        ("customer.csv", f"1,consumer,{SENTINEL}\n", "the first row is not a header"),
        ("customer.csv", "", "cannot be read"),
        ("customer.parquet", f"{SENTINEL} is no parquet", "cannot be read"),
        ("customer.xlsx", f"{SENTINEL} is no workbook", "cannot be read"),
        (
            "processor.csv",
            f"id,name,service,country,contract\n1,A,B,FI,C\n2,A,B,FI,C,{SENTINEL}\n",
            "cannot be read as csv",
        ),
        (
            "processor.csv",
            b"id,name,service,country,contract\n1,\xe4,B,FI,C\n",
            "cannot be read as csv in UTF-8",
        ),
        (
            f"{SENTINEL}.csv",
            "id\n1\n",
            r"1 file\(s\) are no table's; name each file after its table: .*customer",
        ),
        ("audit_event.csv", "id\n1\n", "no table's"),
        ("notes.txt", "nothing", "no table's file is there"),
    ],
)
def test_files_that_cannot_be_taken_are_said_without_what_they_hold(  # noqa: PLR0913, PLR0917
    name: str, content: str | bytes, message: str, sqlite_url: str, key: IdentityKey, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    register = create_register(sqlite_url)
    with pytest.raises(BadInput, match=message) as caught:
        into(register, tmp_path / "in", key, tmp_path)
    assert SENTINEL not in str(caught.value)
    assert caught.value.__cause__ is None
    assert register.count("processor") == 0


def test_two_files_of_one_table_are_refused(
    sqlite_url: str, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", "customer", CUSTOMER)
    (folder / "customer.parquet").touch()
    with pytest.raises(BadInput, match="more than one file for customer"):
        into(create_register(sqlite_url), folder, key, tmp_path)


def test_the_database_holds_no_plaintext_of_a_secret(
    sqlite_url: str, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(tmp_path / "in", "customer", CUSTOMER)
    into(create_register(sqlite_url), folder, key, tmp_path)
    held = b"".join(path.read_bytes() for path in tmp_path.glob("register.sqlite*"))
    assert not [
        secret
        for secret in (SENTINEL, "010594Y9032", "491234567", "firma.example")
        if secret.encode() in held
    ]


KILLED = """
import sys
from pathlib import Path
from genlib.register.database import open_register
from genlib.register.intake import load
from genlib.register.vault import IdentityKey
print("ready", flush=True)
register, key = open_register(sys.argv[1]), IdentityKey(bytes(range(32)))
load(register, Path(sys.argv[2]), key, rejected_to=Path(sys.argv[3]))
"""


def audited(register: Register) -> set[str]:
    """The tables of whose loading the trail tells."""
    return {
        json.loads(detail)["table"]
        for detail in pl.concat(register.scan("audit_event", ["detail"]))["detail"]
    }


def test_a_load_that_cannot_be_audited_is_no_load(
    register: Register, key: IdentityKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genlib.register.audit.digest_event", lambda *_: None)
    with pytest.raises(BadInput, match="NOT NULL"):
        into(register, write(tmp_path / "in", "customer", CUSTOMER), key, tmp_path)
    assert register.count("customer") == 0


def test_the_trail_tells_the_rows_and_the_people_of_a_load(
    register: Register, key: IdentityKey, tmp_path: Path
) -> None:
    folder = write(
        tmp_path / "in", "customer", CUSTOMER, {**CUSTOMER, "id": "2"}, {**CUSTOMER, "id": "x"}
    )
    write(folder, "permission", PERMISSION, {**PERMISSION, "id": "2"})
    into(register, folder, key, tmp_path)
    events = pl.concat(
        register.scan("audit_event", ["action", "people", "detail"], ordered_by="id")
    ).rows()
    assert events == [
        ("load", 2, '{"loaded": 2, "read": 3, "table": "customer"}'),
        ("load", 1, '{"loaded": 2, "read": 2, "table": "permission"}'),
    ]


def test_a_kill_at_any_instant_leaves_whole_tables_and_running_again_completes(
    url: str, key: IdentityKey, tmp_path: Path
) -> None:
    create_register(url)
    whole = {
        path.stem: pl.scan_csv(path).select(pl.len()).collect().item()
        for path in SAMPLE.glob("*.csv")
    }
    instants = random.Random(7)  # noqa: S311
    for _ in range(4):
        command = [sys.executable, "-c", KILLED, url, str(SAMPLE), str(tmp_path / "rejected")]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout
            child.stdout.readline()
            time.sleep(instants.uniform(0, 0.7))
            child.kill()
        register = open_register(url)
        assert {
            name for name, rows in whole.items() if register.count(name) not in (0, rows)
        } == set()
        assert audited(register) == {name for name in whole if register.count(name)}
    summary = into(open_register(url), SAMPLE, key, tmp_path)
    assert {one.table: register.count(one.table) for one in summary.tables} == whole
    assert summary.rejected == 0
    with open_register(url).engine.connect() as connection:
        assert count_held(connection).unknown == 0


def test_sealing_wants_the_plaintext_form(key: IdentityKey) -> None:
    with pytest.raises(
        BadInput, match="table processor: the frame and the plaintext form differ in contract"
    ):
        sealed(pl.DataFrame(schema=plain_schema("processor")).drop("contract"), "processor", key)


def test_where_refused_rows_cannot_be_told_nothing_is_loaded(
    sqlite_url: str, key: IdentityKey, tmp_path: Path
) -> None:
    register = create_register(sqlite_url)
    (tmp_path / "in").mkdir()
    pl.DataFrame([CUSTOMER]).write_csv(tmp_path / "in/customer.csv")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        load(register, tmp_path / "in", key, rejected_to=tmp_path / "file/rejected")
    assert register.count("customer") == 0
