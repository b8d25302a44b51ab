"""A person is planted whose every identifier is unmistakable, the whole way is walked and provoked,
and every file and message is searched.

What is searched: everything under the workbench (the database with its journal, keys, rejections,
releases, reports) and all that any command printed. The only place where the sentinel may stand is
the folder it was loaded from.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from workbench import ROOT, Bench

SENTINEL = {
    "given_names": "Zyxpekka",
    "family_name": "Qvistelberg",
    "personal_id": "311299U999E",
    "street_address": "Vartiosalmenkuja 77 Q 13",
    "phone": "+358495551234",
    "email": "zyxpekka.qvistelberg@vartio.example",
}
REFERENCE = "98765432103"
COMMENT = (
    "Terveisin Zyxpekka Qvistelberg, 311299U999E, soittakaa 049 555 1234 tai "
    "zyxpekka.qvistelberg@vartio.example, "
    "Vartiosalmenkuja 77 Q 13, viite 98765 43210 3. qvistelbergin laite hurisee."
)
TRACES = (
    "zyxpekka",
    "qvistelberg",
    "311299u999e",
    "vartiosalmenkuja",
    "0495551234",
    "049 555 1234",
    "495551234",
    "vartio.example",
    REFERENCE,
    "98765 43210 3",
)


def plant(folder: Path) -> None:
    """The sample register with one of its customers made the sentinel, in every table that can hold
    an identifier."""
    customer = pl.read_csv(folder / "customer.csv", infer_schema=False)
    chosen = customer.filter(pl.col("kind") == "consumer", pl.col("restricted_from").is_null())[
        "id"
    ][0]
    is_chosen = pl.col("id") == chosen
    planted = {
        name: pl.when(is_chosen).then(pl.lit(value)).otherwise(pl.col(name))
        for name, value in SENTINEL.items()
    }
    customer.with_columns(**planted).write_csv(folder / "customer.csv")
    for table, column, value in (
        ("invoice", "reference", REFERENCE),
        ("feedback", "comment", COMMENT),
        ("survey_answer", "comment", COMMENT),
        ("permission", "evidence", COMMENT),
    ):
        frame = pl.read_csv(folder / f"{table}.csv", infer_schema=False).with_row_index("row")
        told = pl.col(column).is_not_null() if column == "comment" else pl.lit(value=True)
        rows = frame.filter(told)["row"].head(3).implode()
        text = (
            pl.when(pl.col("row").is_in(rows))
            .then(pl.lit(value))
            .otherwise(pl.col(column))
            .alias(column)
        )
        frame.with_columns(text).drop("row").write_csv(folder / f"{table}.csv")


def spoil(folder: Path) -> None:
    """The same register again, with the sentinel's values where they break every rule: wrong types,
    codes, keys and columns."""
    customer = pl.read_csv(folder / "customer.csv", infer_schema=False).with_columns(
        personal_id=pl.lit(SENTINEL["email"]),
        phone=pl.lit(SENTINEL["street_address"]),
        email=pl.lit(SENTINEL["family_name"]),
        postal_code=pl.lit(SENTINEL["phone"]),
        birth_year=pl.lit(SENTINEL["personal_id"]),
        kind=pl.lit(SENTINEL["given_names"]),
    )
    customer.write_csv(folder / "customer.csv")
    invoice = pl.read_csv(folder / "invoice.csv", infer_schema=False)
    invoice.with_columns(
        customer_id=pl.lit(SENTINEL["family_name"]), issued_on=pl.lit(SENTINEL["email"])
    ).write_csv(folder / "invoice.csv")
    pl.DataFrame({"id": [1], SENTINEL["family_name"]: [1]}).write_csv(folder / "feedback.csv")


@pytest.fixture(scope="module")
def walked(
    make_bench: Callable[[str], Bench], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Bench, str]:
    """A workbench after the whole way and after every provocation, and all that was printed."""
    bench, source = make_bench("sentinel"), tmp_path_factory.mktemp("outside")
    shutil.copytree(ROOT / "data/sample", source / "good")
    plant(source / "good")
    shutil.copytree(source / "good", source / "bad")
    spoil(source / "bad")
    printed = "".join(said(bench, source))
    return bench, printed


def said(bench: Bench, source: Path) -> Iterator[str]:
    wrong = source / "wrong-password"
    wrong.write_text(SENTINEL["family_name"])
    way: list[tuple[int, tuple[str | Path, ...], dict[str, str]]] = [
        (0, ("register", "load", source / "good"), {}),
        (4, ("register", "load", source / "bad"), {}),
        (3, ("register", "load", source / "good"), {"GENLIB_PASSWORD_FILE": str(wrong)}),
        (3, ("publish",), {"GENLIB_PASSWORD_FILE": str(wrong)}),
        (0, ("publish",), {}),
        (0, ("register", "info"), {}),
        *((0, ("report", "run", name, "-p", "period=2026-10"), {}) for name in REPORTS),
        (2, ("report", "run", REPORTS[0], "-p", f"region={SENTINEL['email']}"), {}),
        (2, ("report", "run", REPORTS[0], "-p", f"period={SENTINEL['personal_id']}"), {}),
        (2, ("publish", SENTINEL["family_name"]), {}),
    ]
    for code, words, environment in way:
        done = bench.run(*words, code=code, **environment)
        yield done.stdout + done.stderr if SENTINEL["family_name"] not in words else ""


REPORTS = ("customer_analysis", "satisfaction_survey", "campaign_history")


@pytest.mark.notice("N5.2")
def test_no_file_of_the_workbench_holds_a_trace(walked: tuple[Bench, str]) -> None:
    bench, _ = walked
    files = [path for path in bench.home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".parquet" for path in files)
    assert any(path.name == "report.html" for path in files)
    assert [
        (path.name, trace)
        for path in files
        for trace in TRACES
        if trace.encode() in path.read_bytes().lower()
    ] == []


@pytest.mark.notice("N5.2")
def test_no_parquet_value_holds_a_trace(walked: tuple[Bench, str]) -> None:
    """Parquet is compressed, so the values are read and searched too."""
    bench, _ = walked
    found = []
    for path in bench.home.rglob("*.parquet"):
        text = pl.read_parquet(path).select(pl.col(pl.String).str.to_lowercase())
        found += [
            (path.name, c, t)
            for c in text.columns
            for t in TRACES
            if text[c].str.contains(t, literal=True).any()
        ]
    assert found == []


def test_no_file_name_holds_a_trace(walked: tuple[Bench, str]) -> None:
    names = [str(path.relative_to(walked[0].home)).lower() for path in walked[0].home.rglob("*")]
    assert [(name, trace) for name in names for trace in TRACES if trace in name] == []


@pytest.mark.notice("N5.2")
def test_nothing_that_was_printed_holds_a_trace(walked: tuple[Bench, str]) -> None:
    assert [trace for trace in TRACES if trace in walked[1].lower()] == []
    assert "Traceback" not in walked[1]
