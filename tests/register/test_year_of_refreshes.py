"""Twelve monthly exports in a foreign layout become the same register as one load of the truth,
row for row, whatever is repeated and killed on the way."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from next_state import read_table
from polars import col
from polars.testing import assert_frame_equal

from genlib.clock import read_clock
from genlib.register.database import Register, create_register
from genlib.register.feeds.source import read_feed
from genlib.register.intake import load
from genlib.register.refresh import Refresh
from genlib.register.undo import undo_run
from genlib.register.vault import IdentityKey
from genlib.synthetic import collect

KEY = IdentityKey(bytes(range(32)))
MONTHS = [dt.datetime(2025, 11, 1, tzinfo=dt.UTC)] + [
    dt.datetime(2026 if month < 11 else 2025, month, 1, tzinfo=dt.UTC)
    for month in (12, *range(1, 11))
]
TABLES = (
    "campaign",
    "customer",
    "campaign_contact",
    "interaction",
    "invoice",
    "permission",
    "feedback",
    "survey",
    "survey_question",
    "survey_invitation",
    "survey_answer",
)
PARENTS = {
    "customer_id": "customer",
    "campaign_id": "campaign",
    "survey_id": "survey",
    "invitation_id": "survey_invitation",
    "question_id": "survey_question",
}
SEEN = {
    "customer": "joined_on",
    "invoice": "issued_on",
    "permission": "given_at",
    "interaction": "occurred_at",
    "feedback": "received_at",
    "survey": "opened_on",
    "survey_invitation": "sent_at",
    "campaign": "starts_on",
}
"""By which column a source knows a row."""
FEED = """\
source = "tool"
[format]
date = "d.m.yyyy"
instant = "d.m.yyyy HH:MM:SS"
decimal = ","
money = "euros"
true = ["kyllä"]
false = ["ei"]
time_zone = "UTC"
[layout]
encoding = "cp1252"
separator = ";"
"""
MOVED_BY = 7
"""Customers whose number this divides lived elsewhere until July; those of 11 live abroad."""


def truth() -> dict[str, pl.DataFrame]:
    """A synthetic register of consumers, some of them abroad."""
    tables, _ = collect(300, 5)
    is_abroad = col("id") % 11 == 0
    people = tables["customer"].with_columns(
        country=pl.when(is_abroad).then(pl.lit("SE")),
        postal_code=pl.when(is_abroad).then(pl.lit("111 22")).otherwise("postal_code"),
        company_id=pl.lit(None, pl.Int64),
    )
    return {name: tables[name] for name in TABLES} | {"customer": people}


def state_of(tables: dict[str, pl.DataFrame], now: dt.datetime) -> dict[str, pl.DataFrame]:
    """What the source knew on a day: nothing of what came later."""
    day = now.date()
    found = {
        name: frame.filter(pl.col(SEEN[name]).cast(pl.Date) <= day) if name in SEEN else frame
        for name, frame in tables.items()
    }
    invitations = found["survey_invitation"]
    answered = invitations.filter(col("responded_at").cast(pl.Date) <= day)["id"]
    answers = found["survey_answer"]
    found["survey_answer"] = answers.filter(col("invitation_id").is_in(answered.implode()))
    for column, parent in list(PARENTS.items())[:3]:
        for name in [name for name in TABLES if column in tables[name].columns]:
            is_known = col(column).is_in(found[parent]["id"].implode()) | col(column).is_null()
            found[name] = found[name].filter(is_known)
    hidden = {name: _hide_later(frame, name, day) for name, frame in found.items()}
    if now < dt.datetime(2026, 7, 1, tzinfo=dt.UTC):
        moved = pl.when(col("id") % MOVED_BY == 0).then(pl.lit("Muuttokatu 1"))
        before = pl.lit(dt.datetime(2010, 1, 1, tzinfo=dt.UTC))
        hidden["customer"] = hidden["customer"].with_columns(
            street_address=moved.otherwise("street_address"), updated_at=before
        )
    return hidden


def _hide_later(frame: pl.DataFrame, name: str, day: dt.date) -> pl.DataFrame:
    later = {
        "customer": ["left_on", "deceased_on", "restricted_from"],
        "invoice": ["paid_on"],
        "permission": ["ended_at"],
        "survey_invitation": ["responded_at"],
        "campaign_contact": [
            "sent_at",
            "delivered_at",
            "opened_at",
            "clicked_at",
            "responded_at",
            "opted_out_at",
        ],
    }
    return frame.with_columns(
        pl.when(col(column).cast(pl.Date) <= day).then(column) for column in later.get(name, [])
    ).with_columns(
        [col("bounced") & col("sent_at").is_not_null()] if name == "campaign_contact" else []
    )


def write_export(folder: Path, tables: dict[str, pl.DataFrame]) -> Path:
    """The tables as the tool writes them: Finnish dates, euros, its own keys, Windows-1252; and the
    feed that says so. Each file ends with a row that nobody can read."""
    folder.mkdir(exist_ok=True)
    feed = FEED
    for name, frame in tables.items():
        if name == "survey_answer":
            feed += write_answers(folder, frame, tables["survey_question"])
            continue
        frame.select(_written(frame, column) for column in frame.columns).pipe(
            _write_file, folder / f"{name}.csv"
        )
        references = [column for column in PARENTS if column in frame.columns]
        own = [c for c in frame.columns if c not in {"id", "company_id", *references}]
        feed += f'[[table]]\ntable = "{name}"\nfile = "{name}.csv"\nkey = "tool id"\n'
        feed += "[table.columns]\n" + "".join(f'{c} = "tool {c}"\n' for c in own)
        if references:
            feed += "[table.references]\n"
            feed += "".join(f'{c} = "tool {c}"\n' for c in references)
    (folder / "tool.toml").write_text(feed, encoding="utf-8")
    return folder


def write_answers(folder: Path, answers: pl.DataFrame, questions: pl.DataFrame) -> str:
    """The answers as survey tools write them, one row a respondent; the table of the feed."""
    codes = questions["code"].unique(maintain_order=True).to_list()
    coded = answers.join(questions.select(question_id="id", code="code"), on="question_id")
    texts = coded.with_columns(text=pl.coalesce(col("score").cast(pl.String), "comment"))
    wide = texts.pivot("code", index="invitation_id", values="text")
    key = ("K-" + col("invitation_id").cast(pl.String)).alias("tool id")
    cells = [
        (col(code) if code in wide.columns else pl.lit(None, pl.String)).alias(f"tool {code}")
        for code in codes
    ]
    _write_file(wide.select(key, *cells), folder / "survey_answer.csv")
    named = "".join(f'{code} = "tool {code}"\n' for code in codes)
    return (
        '[[table]]\ntable = "survey_answer"\nfile = "survey_answer.csv"\nkey = "tool id"\n'
        '[table.constants]\nsource = "DATA_SUBJECT"\n'
        f'[table.references]\ninvitation_id = "tool id"\n[table.answers]\n{named}'
    )


def _written(frame: pl.DataFrame, column: str) -> pl.Expr:
    kind = frame.schema[column]
    value = col(column)
    if column == "id" or column in PARENTS:
        value = "K-" + value.cast(pl.String)
    elif kind == pl.Date:
        value = value.dt.to_string("%-d.%-m.%Y")
    elif kind == pl.Boolean:
        value = pl.when(column).then(pl.lit("kyllä")).otherwise(pl.lit("ei"))
    elif kind.is_temporal():
        value = value.dt.to_string("%-d.%-m.%Y %H:%M:%S")
    elif column.endswith("_cents"):
        sign = pl.when(col(column) < 0).then(pl.lit("-")).otherwise(pl.lit(""))
        cents = (col(column).abs() % 100).cast(pl.String).str.zfill(2)
        value = sign + (col(column).abs() // 100).cast(pl.String) + "," + cents
    return value.cast(pl.String).alias(f"tool {column}")


def _write_file(frame: pl.DataFrame, path: Path) -> None:
    broken = pl.DataFrame({column: ["??"] for column in frame.columns})
    text = pl.concat([frame, broken.with_columns(pl.lit("K-broken").alias("tool id"))])
    path.write_text(text.write_csv(separator=";"), encoding="cp1252", errors="replace", newline="")


def bring(register: Register, folder: Path, as_of: dt.datetime) -> int:
    """Refresh an export; how many rows were added or changed."""
    sources = read_feed(folder / "tool.toml", folder, as_of)
    order = {name: at for at, name in enumerate(TABLES)}
    sources.sort(key=lambda source: order[source.table])
    outcomes = Refresh(register, KEY, folder / "rejected").run(sources, list(TABLES))
    *others, answers = outcomes
    assert {outcome.refused for outcome in others} == {1}
    assert answers.rules == {"unknown_survey_question": answers.refused}
    refused = pl.read_csv(folder / "rejected" / "tool-survey_answer.csv")
    assert refused["row"].n_unique() == 1
    return sum(outcome.fresh + outcome.changed for outcome in outcomes)


def kill_on_the_way(url: str, folder: Path, as_of: dt.datetime, pause: float) -> None:
    """Begin the same refresh in another process and kill it."""
    program = (
        "import sys, pathlib, datetime as dt\n"
        "from test_year_of_refreshes import bring\n"
        "from genlib.register.database import open_register\n"
        "print('begun', flush=True)\n"
        "bring(open_register(sys.argv[1]), pathlib.Path(sys.argv[2]),"
        " dt.datetime.fromisoformat(sys.argv[3]))\n"
    )
    here = str(Path(__file__).parent)
    process = subprocess.Popen(
        [sys.executable, "-c", program, url, str(folder), as_of.isoformat()],
        env={"PYTHONPATH": ":".join([here, *sys.path]), "GENLIB_HOME": str(folder / "home")},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    time.sleep(pause)
    process.kill()
    process.communicate()


def renumber(register: Register, of: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables with the truth's numbers, which the source's keys hold."""
    numbered = {name: frame for name, frame in of.items() if "id" in frame.columns}
    maps = {name: _numbers(register, name, frame["id"]) for name, frame in numbered.items()}
    found = {}
    for name in of:
        frame = read_table(register, KEY, name)
        for column, parent in {"id": name, **PARENTS}.items():
            if column in frame.columns:
                mapped = col(column).replace_strict(
                    maps[parent], default=None, return_dtype=pl.Int64
                )
                frame = frame.with_columns(mapped.alias(column))
        found[name] = frame.sort(frame.columns[:2])
    return found


def _numbers(register: Register, name: str, ids: pl.Series) -> dict[int, int]:
    """Number in the register → number in the truth."""
    keys = ("K-" + ids.cast(pl.String)).alias("key")
    digests = KEY.index(keys, column=f"source_key tool {name}").bin.head(16).bin.encode("hex")
    asked = pl.DataFrame({"truth": ids, "key": digests})
    known = pl.concat(register.scan("source_key", ["table", "key", "id"])).filter(table=name)
    return dict(known.join(asked, on="key").select("id", "truth").rows())


KILLED = {1, 8}
"""Exports whose first refresh is killed on the way; the last one's too."""
REPEATED = {0, 4, *KILLED}
"""Exports that are brought again: the first, one into a register with rows, those that were killed;
the last too. That a repeated export changes nothing does not hang on the month."""
TAKEN_BACK = 6
"""The export that is taken back, as if the wrong files had been sent, and brought again."""


def take_back(register: Register) -> None:
    """Take the last refresh back."""
    runs = pl.concat(register.scan("refresh_run", ["run"]))
    undo_run(register, KEY, int(runs["run"].sort()[-1]), read_clock())


@pytest.mark.parametrize(
    ("database", "months"),
    [
        ("sqlite", MONTHS[::4]),
        ("postgresql", MONTHS[::4]),
        pytest.param("sqlite", MONTHS, marks=pytest.mark.slow),
    ],
    ids=["sqlite", "postgresql", "sqlite, every month"],
)
def test_a_year_of_exports_is_the_same_register_as_one_load_of_the_truth(
    database: str, months: list[dt.datetime], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    tables = truth()
    url = request.getfixturevalue(f"{database}_url")
    register = create_register(url)
    for at, now in enumerate([*months, dt.datetime(2027, 1, 1, tzinfo=dt.UTC)]):
        folder = write_export(tmp_path / f"month{at}", state_of(tables, now))
        if at in KILLED or now.year == 2027:
            register.engine.dispose()
            kill_on_the_way(url, folder, now, 0.3 + at / 10)
        assert bring(register, folder, now) > 0 or at in KILLED or now.year == 2027
        if at == TAKEN_BACK:
            take_back(register)
            assert bring(register, folder, now) > 0
        if at in REPEATED or now.year == 2027:
            assert bring(register, folder, now) == 0
    (tmp_path / "truth").mkdir()
    for name, frame in tables.items():
        path = tmp_path / "truth" / f"{name}.csv"
        frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    other = create_register(f"sqlite:///{tmp_path}/truth.sqlite")
    load(other, tmp_path / "truth", KEY, rejected_to=tmp_path / "refused")
    brought = renumber(register, tables)
    for name in TABLES:
        assert_frame_equal(read_table(other, KEY, name), brought[name])
        assert brought[name].height > 0
    assert brought["permission"]["ended_at"].count() > 0
    assert brought["customer"]["country"].count() > 0
    assert brought["survey_answer"]["comment"].count() > 0
