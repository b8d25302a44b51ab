"""Whatever a folder holds, `genlib register load` takes it or refuses it: no traceback, no value in
what it says, every row accounted for, and the exit code of what happened."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from workbooks import Xml, error, write_workbook

from genlib import cli
from genlib import settings as places
from genlib.cli import register
from genlib.register.schema import plain_columns
from genlib.settings import REPOSITORY

SENTINEL = "kuuralehto"
SAMPLE = REPOSITORY / "data/sample"
TABLES = ["customer", "campaign_contact", "permission", "invoice", "survey_answer", "feedback"]
SAMPLES = {name: pl.read_csv(SAMPLE / f"{name}.csv", infer_schema=False) for name in TABLES}
ODD = [
    *("", " ", "0", "-7", "7.0", "25.00", "1e9", "9" * 25, "NaN", "true", "FALSE", "2", "#N/A"),
    *("2026-10-01", "1.10.2026", "0000-00-00", "10000-01-01", "2026-10-01T14:05:00"),
    *("2026-10-01T14:05:00.123Z", "2026-10-01 14:05:00+03", "2026-10-01T14:05:00+99:99"),
    *("0401234567", "401234567.0", "010594Y9032", "FI-00100", "aino@firma.example", "1234561"),
    *("consumer", "contacted", "holdout", "email", "consent", "phone", "DATA_SUBJECT", "device"),
    *(f"{SENTINEL}\n", f'"{SENTINEL}', f"{SENTINEL};{SENTINEL}", f"{SENTINEL}\x00", "\u2028"),
]  # fmt: skip
VALUES = st.sampled_from(ODD) | st.text(max_size=8) | st.just(SENTINEL)
OTHERS = st.integers(-(2**70), 2**70) | st.floats() | st.booleans() | st.dates() | st.none()
BYTES = st.binary(max_size=80) | st.text(
    st.sampled_from(f'{SENTINEL[0]};,\t\n\r"1ä\0'), max_size=80
).map(str.encode)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workbench with the sample register, for the command line in this process."""
    home = tmp_path_factory.mktemp("fuzzed")
    (home / "password").write_text("correct horse battery")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENLIB_HOME", str(home))
        patch.setenv("GENLIB_USER", "steward")
        patch.setenv("GENLIB_PASSWORD_FILE", str(home / "password"))
        assert cli.run(["keys", "create"]) == 0
        assert cli.run(["register", "create"]) == 0
        key = register.open_identity(places.load(), "register load")
        # the password is stretched once here, not at every load
        patch.setattr(register, "open_identity", lambda *_: key)
        assert cli.run(["register", "load", str(SAMPLE)]) == 0
        yield home


@pytest.fixture(autouse=True)
def home() -> None:
    """The workbench of this module instead of the folder's."""


def load(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Load the folder `in`, and hold what was said against what must always be true."""
    capsys.readouterr()
    code = cli.run(["register", "load", str(bench / "in")])
    said = capsys.readouterr()
    words = said.out + said.err
    assert code in {0, 4}, words
    assert "Traceback" not in words
    assert "unexpected" not in words
    assert SENTINEL not in words.lower()
    counts = [[int(count or 0) for count in found] for found in COUNTS.findall(said.out)]
    assert all(read == sum(others) for read, *others in counts)
    was_refused = not counts or any(rejected for *_, rejected in counts)
    assert code == (4 if was_refused else 0)
    told = [path.read_text().lower() for path in bench.glob("rejected/*.csv")]
    assert [text for text in told if SENTINEL in text] == []


COUNTS = re.compile(r"(\d+) read, (\d+) loaded(?:, (\d+) unchanged)?, (\d+) rejected")


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[str], list[list[object]]]:
    """A table, a header that is mostly its own, and rows of the same width. One strange name among
    known ones is told if it looks like a column's, so it is none here."""
    name = draw(st.sampled_from(TABLES))
    header = [column.name for column in plain_columns(name)]
    if draw(st.integers(0, 5)) == 0:
        header[draw(st.integers(0, len(header) - 1))] = draw(VALUES).title()
    good = SAMPLES[name].row(0)
    number = st.integers(10**6, 10**9).map(str)
    cells = [
        st.sampled_from([number, *[st.just(text or "")] * 9, VALUES]).flatmap(lambda one: one)
        for text in good
    ]
    return name, header, draw(st.lists(st.tuples(*cells).map(list), max_size=4))


def fresh(bench: Path) -> Path:
    shutil.rmtree(bench / "in", ignore_errors=True)
    (bench / "in").mkdir()
    return bench / "in"


MANY = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=40,
)


@MANY
@given(table=tables(), separator=st.sampled_from(",;\t"), quotes=st.booleans())
def test_csv(
    table: tuple[str, list[str], list[list[str]]],
    separator: str,
    quotes: bool,
    bench: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With quotation marks as the rules of CSV want them, and as a careless export writes it."""
    name, header, rows = table

    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if quotes else text

    lines = [separator.join(map(cell, row)) for row in [header, *rows]]
    (fresh(bench) / f"{name}.csv").write_text("\n".join(lines), newline="")
    load(bench, capsys)


@MANY
@given(content=BYTES, name=st.sampled_from(TABLES), has_header=st.booleans())
def test_bytes(
    content: bytes,
    name: str,
    has_header: bool,
    bench: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    header = ",".join(column.name for column in plain_columns(name)).encode() + b"\n"
    (fresh(bench) / f"{name}.csv").write_bytes(header * has_header + content)
    load(bench, capsys)


@MANY
@given(table=tables(), column=st.integers(0, 99), values=st.lists(OTHERS, min_size=4, max_size=4))
def test_parquet_with_a_typed_column(
    table: tuple[str, list[str], list[list[str]]],
    column: int,
    values: list[object],
    bench: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name, header, rows = table
    assume(len(set(header)) == len(header))
    frame = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")
    kind = type(values[0])
    same = [value if type(value) is kind else None for value in values][: frame.height]
    if kind is not int or all(value is None or abs(value) < 2**63 for value in same):
        typed = pl.Series(frame.columns[column % frame.width], same, strict=False)
        frame = frame.with_columns(typed)
    frame.write_parquet(fresh(bench) / f"{name}.parquet")
    load(bench, capsys)


CELLS = st.sampled_from(
    [error("#N/A"), error("#REF!"), Xml("<c><f>A1</f></c>"), Xml('<c t="str"><v>7</v></c>')]
)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold."""


@MANY
@given(table=tables(), column=st.integers(0, 99), others=st.lists(OTHERS | CELLS, max_size=4))
def test_excel(
    table: tuple[str, list[str], list[list[object]]],
    column: int,
    others: list[object],
    bench: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name, header, rows = table
    legible = [[SENTINEL if CONTROL.search(str(cell)) else cell for cell in row] for row in rows]
    for row, other in zip(legible, others, strict=False):
        row[column % len(row)] = other
    sheet = [[CONTROL.sub("", text) for text in header], *legible]
    write_workbook(fresh(bench) / f"{name}.xlsx", sheet)
    load(bench, capsys)


@MANY
@given(name=st.text(max_size=12) | st.sampled_from(["permission.xls", f"{SENTINEL}.csv"]))
def test_a_file_of_any_name(name: str, bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = fresh(bench)
    (folder / "processor.csv").write_text("id,name,service,country,contract\n")
    try:
        (folder / name).touch()
    except (OSError, ValueError):
        return  # no file can be called so
    load(bench, capsys)
