"""The register on both databases: types, transactions, what errors may say."""

from __future__ import annotations

import datetime as dt
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import polars as pl
import psycopg
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from genlib.errors import BadInput, GenlibError, UsageError
from genlib.register.bulk import explain, reason
from genlib.register.database import (
    Register,
    create_register,
    frame_schema,
    open_register,
    parse_address,
)
from genlib.register.schema import Base, table
from genlib.register.version import VERSION

NOON = dt.datetime(2026, 3, 1, 12, 0, 5, tzinfo=dt.UTC)
SENTINEL = "Kuuralehto"


def customers(*ids: int, **columns: object) -> pl.DataFrame:
    base = {
        "id": list(ids),
        "kind": "consumer",
        "family_name": b"\x01sealed",
        "postal_code": "00100",
        "birth_year": 1970,
        "joined_on": dt.date(2020, 2, 29),
        "restricted_from": NOON,
        "non_disclosure": False,
        "source": "DATA_SUBJECT",
        "updated_at": NOON,
    } | columns
    schema = frame_schema("customer")
    known = pl.DataFrame({"id": base.pop("id")}).with_columns(
        **{name: pl.lit(value) for name, value in base.items()}
    )
    return (
        known.with_columns(pl.lit(None).alias(c) for c in schema if c not in known.columns)
        .select(list(schema))
        .cast(schema)
    )


def whole(register: Register, name: str, **options: object) -> pl.DataFrame:
    return pl.concat(register.scan(name, **options))  # type: ignore[arg-type]


def test_rows_come_back_with_the_same_values_and_types(register: Register) -> None:
    rows = customers(1, 2)
    register.append("customer", rows)
    assert_frame_equal(whole(register, "customer", ordered_by="id"), rows)


def test_an_empty_table_gives_one_empty_frame_with_its_types(register: Register) -> None:
    [frame] = register.scan("survey_answer")
    assert frame.schema == frame_schema("survey_answer")
    assert frame.height == 0


def test_a_column_that_begins_with_many_nulls_keeps_its_type(register: Register) -> None:
    rows = pl.concat(
        [customers(*range(1, 3001), postal_code=None, family_name=None), customers(3001)]
    )
    register.append("customer", rows)
    assert_frame_equal(whole(register, "customer", rows=1000, ordered_by="id"), rows)


def test_text_that_is_empty_is_not_null(register: Register) -> None:
    register.append("customer", customers(1, postal_code=""))
    assert whole(register, "customer", columns=["postal_code"])["postal_code"].to_list() == [""]


def test_scan_gives_batches_of_at_most_rows_in_order(register: Register) -> None:
    register.append("customer", customers(*range(10, 0, -1)))
    batches = list(register.scan("customer", ["id"], rows=4, ordered_by="id"))
    assert max(b.height for b in batches) <= 4
    assert pl.concat(batches)["id"].to_list() == list(range(1, 11))


def test_a_scan_inside_a_transaction_gives_whole_batches_too(register: Register) -> None:
    register.append("customer", customers(*range(1, 6)))
    with register.writing():
        heights = [frame.height for frame in register.scan("customer", rows=2, ordered_by="id")]
    assert heights == [2, 2, 1]


def test_rows_are_fetched_by_their_keys_with_the_types_of_the_table(register: Register) -> None:
    rows = customers(1, 2, 3)
    register.append("customer", rows)
    found = register.matching("customer", pl.DataFrame({"id": [3, 1, 9]})).sort("id")
    assert_frame_equal(found, rows.filter(pl.col("id") != 2))
    none = register.matching("customer", pl.DataFrame(schema={"id": pl.Int64}))
    assert none.schema == frame_schema("customer")


def test_scan_refuses_a_column_that_is_not_there(register: Register) -> None:
    with pytest.raises(UsageError, match="table customer has no column shoe_size"):
        next(register.scan("customer", ["shoe_size"]))


def test_append_refuses_a_frame_of_another_shape(register: Register) -> None:
    with pytest.raises(BadInput, match="differ in postal_code"):
        register.append("customer", customers(1).drop("postal_code"))


def test_a_transaction_keeps_all_appends_or_none(register: Register) -> None:
    def twice() -> None:
        with register.writing():
            register.append("customer", customers(1))
            register.append("customer", customers(1))

    with pytest.raises(BadInput, match="UNIQUE"):
        twice()
    assert register.count("customer") == 0
    with register.writing():
        register.append("customer", customers(1))
        register.append("customer", customers(2))
    assert register.count("customer") == 2


ANOTHER = """
import sys
import polars as pl
from genlib.register.database import open_register
row = {"name": "Posti", "service": "post", "country": "FI", "contract": "1"}
frame = pl.DataFrame([{"id": int(sys.argv[2]), **row}])
open_register(sys.argv[1]).append("processor", frame)
"""


def add_from_another_process(url: str, number: int) -> None:
    subprocess.run([sys.executable, "-c", ANOTHER, url, str(number)], check=True, timeout=60)


def test_a_snapshot_does_not_see_what_is_written_meanwhile(register: Register, url: str) -> None:
    add_from_another_process(url, 1)
    with register.snapshot():
        assert whole(register, "processor").height == 1
        add_from_another_process(url, 2)
        assert whole(register, "processor").height == 1
    assert whole(register, "processor").height == 2


def test_the_two_copies_of_sqlite_never_have_the_file_open_together(register: Register) -> None:
    register.append("customer", customers(1))
    if not register.embedded:
        pytest.skip("PostgreSQL has one server and no such copies")
    with register.snapshot(), pytest.raises(GenlibError, match="another process"):
        register.count("customer")
    with register.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        assert whole(register, "customer").height == 1
    assert register.count("customer") == 1


def test_a_scan_that_is_left_early_leaves_the_register_free(register: Register) -> None:
    register.append("customer", customers(*range(1, 100)))
    scan = register.scan("customer", rows=10)
    next(scan)
    scan.close()  # type: ignore[attr-defined]
    register.append("customer", customers(100))
    assert register.count("customer") == 100


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (customers(1, 1), "UNIQUE"),
        (customers(1, company_id=77), "FOREIGN KEY"),
        (customers(1, kind=SENTINEL), "CHECK"),
        (customers(1, source=None), "NOT NULL"),
    ],
)
def test_the_database_refuses_bad_rows_without_showing_them(
    register: Register, rows: pl.DataFrame, rule: str
) -> None:
    with pytest.raises(
        BadInput, match=f"customer: the database refused the rows \\({rule}\\); nothing was kept"
    ) as caught:
        register.append("customer", rows)
    assert SENTINEL not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert register.count("customer") == 0


def test_single_rows_refused_through_the_engine_do_not_show_values(register: Register) -> None:
    row = customers(1, postal_code=SENTINEL).row(0, named=True)
    with register.writing() as connection:
        connection.execute(table("customer").insert().values(row))
    with pytest.raises(sa.exc.IntegrityError) as caught, register.engine.begin() as connection:
        connection.execute(table("customer").insert().values(row))
    assert SENTINEL not in str(caught.value)
    assert SENTINEL not in str(caught.value.orig)


def test_a_transaction_reads_what_it_has_written(register: Register) -> None:
    rows = customers(1, 2, restricted_from=None)
    with register.writing():
        register.append("customer", rows)
        assert_frame_equal(whole(register, "customer", ordered_by="id"), rows)
        assert register.known("customer", pl.DataFrame({"id": [2, 3]}))["id"].to_list() == [2]


def test_texts_of_every_kind_come_back(register: Register) -> None:
    texts = ['a,"b', "", "\\.", "\\x00", "line\nbreak\r\n", " å ", "NULL", "'"]
    rows = pl.concat([customers(number, postal_code=text) for number, text in enumerate(texts)])
    register.append("customer", rows)
    assert (
        whole(register, "customer", columns=["postal_code"], ordered_by="id")[
            "postal_code"
        ].to_list()
        == texts
    )


def test_new_rows_are_numbered_after_bulk_rows(register: Register) -> None:
    register.append("customer", customers(41))
    row = customers(41).drop("id").row(0, named=True)
    with register.writing() as connection:
        [fresh] = (
            connection.execute(table("customer").insert().values(row)).inserted_primary_key or []
        )
    assert fresh == 42


def test_instants_and_days_read_the_same_through_the_engine(register: Register) -> None:
    register.append("customer", customers(1))
    customer = table("customer")
    with register.engine.connect() as connection:
        row = connection.execute(
            sa.select(customer.c.joined_on, customer.c.updated_at).where(
                customer.c.updated_at >= NOON
            )
        ).one()
    assert row == (dt.date(2020, 2, 29), NOON)


def test_an_instant_without_a_zone_is_refused(register: Register) -> None:
    customer = table("customer")
    with (
        pytest.raises((UsageError, sa.exc.StatementError), match="time zone"),
        register.engine.connect() as connection,
    ):
        connection.execute(
            sa.select(customer.c.id).where(customer.c.updated_at >= NOON.replace(tzinfo=None))
        )


def test_foreign_keys_hold_through_the_engine(register: Register) -> None:
    with pytest.raises(BadInput, match="FOREIGN KEY"), register.writing() as connection:
        connection.execute(
            table("survey_question")
            .insert()
            .values(id=1, survey_id=9, code="a", scale="text", text_fi="a")
        )


def test_all_tables_are_there_and_creating_twice_changes_nothing(
    register: Register, url: str
) -> None:
    register.append("customer", customers(1))
    again = create_register(url)
    assert again.count("customer") == 1
    names = set(sa.inspect(open_register(url).engine).get_table_names())
    assert names == {*Base.metadata.tables, VERSION.name}


def test_a_new_embedded_register_is_for_its_owner_only(tmp_path: Path) -> None:
    create_register(f"sqlite:///{tmp_path}/home/register.sqlite")
    assert stat.S_IMODE((tmp_path / "home/register.sqlite").stat().st_mode) == 0o600


def test_a_register_that_was_opened_to_a_group_stays_open_to_it(tmp_path: Path) -> None:
    file = tmp_path / "register.sqlite"
    for _ in range(2):
        create_register(f"sqlite:///{file}").engine.dispose()
        file.chmod(0o660)
    create_register(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o660


def test_a_register_is_not_made_where_a_folder_stands(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no register can be made"):
        create_register(f"sqlite:///{tmp_path}")


def test_a_register_that_another_process_keeps_locked_is_said_to_be_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genlib.register.database.BUSY_SECONDS", 0.1)
    mine, other = (
        create_register(f"sqlite:///{tmp_path}/r.sqlite"),
        create_register(f"sqlite:///{tmp_path}/r.sqlite"),
    )
    busy = pytest.raises(
        GenlibError, match=r"register: the database failed \(OperationalError SQLITE_BUSY\)"
    )
    with other.writing(), busy, mine.writing():
        pass


def test_opening_what_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="genlib register create"):
        open_register(f"sqlite:///{tmp_path}/none.sqlite")


@pytest.mark.parametrize("address", ["nonsense", "mysql://localhost/x"])
def test_an_address_that_is_no_register_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"sqlite"):
        open_register(address)


def test_a_server_that_does_not_answer_is_said_without_the_password() -> None:
    with pytest.raises(UsageError, match="cannot be opened") as caught:
        open_register("postgresql://anna:s3cretword@127.0.0.1:1/register")
    assert "s3cretword" not in str(caught.value)


def test_the_representation_of_a_register_has_no_password() -> None:
    register = Register(
        sa.create_engine("postgresql+psycopg://anna:s3cretword@127.0.0.1:1/register")
    )
    assert "s3cretword" not in repr(register)


PASSWORD = "Kuuralehto1952"


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://anna:x@{PASSWORD}@127.0.0.1:1/register",
        f"postgresql://anna:{PASSWORD}@x@127.0.0.1:1/register",
        f"postgresql://anna:{PASSWORD}",
        f"postgresql://anna:{PASSWORD}/x@127.0.0.1:1/register",
        f"postgresql://anna:x/{PASSWORD}@127.0.0.1:1/register",
        f"postgresql://anna:x?{PASSWORD}#@127.0.0.1:1/register",
        f"postgresql://anna:%{PASSWORD}%@127.0.0.1:1/register",
        f"postgresql://anna:[{PASSWORD}]@127.0.0.1:1/register",
        f"postgresql://127.0.0.1:1/register?user=anna&password={PASSWORD}",
        f"postgresql+{PASSWORD}://anna:{PASSWORD}@127.0.0.1:1/register",
        f"mysql://anna:{PASSWORD}@127.0.0.1:1/register",
        f"{PASSWORD}://127.0.0.1:1/register",
        f"{PASSWORD}@127.0.0.1:1/register",
        PASSWORD,
    ],
)
@pytest.mark.parametrize("use", [open_register, create_register])
def test_no_address_echoes_its_password(use: Callable[[str], Register], address: str) -> None:
    with pytest.raises(UsageError) as refusal:
        use(address)
    assert PASSWORD not in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("part", ["@", ":", "/", "%", "?", "#", "[", "\u00e4", " "])
def test_a_password_with_awkward_characters_written_in_percent_is_taken(part: str) -> None:
    location = parse_address(
        f"postgresql://anna:{quote('x' + part + 'y', safe='')}@host:5432/register"
    )
    assert (location.password, location.host) == (f"x{part}y", "host")


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", "sqlite:///~/r.sqlite"])
def test_an_embedded_register_has_a_file(address: str) -> None:
    with pytest.raises(UsageError, match="names its file"):
        create_register(address)


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ("SQLITE_FULL", "no space left on the device"),
        ("SQLITE_IOERR_WRITE", "is there space left on the device"),
        ("SQLITE_BUSY", "OperationalError SQLITE_BUSY"),
    ],
)
def test_a_database_says_why_it_failed(cause: str, told: str) -> None:
    error = sqlite3.OperationalError("Kuuralehto")
    error.sqlite_errorname = cause
    assert told in reason(error)
    assert "Kuuralehto" not in reason(error)


def test_an_unknown_table_is_named(register: Register) -> None:
    with pytest.raises(GenlibError, match="no table shoe; it has audit_event"):
        register.count("shoe")


def test_a_server_that_has_no_room_to_begin_a_session_is_told_as_full() -> None:
    failure = psycopg.OperationalError("connection failed: FATAL:  could not write init file")
    assert explain(failure) is None
    assert reason(failure) == "no space left on the device"
