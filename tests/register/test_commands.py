"""genlib register, keys and audit as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from genlib.cli import run
from genlib.register import audit
from genlib.register.database import open_register
from genlib.register.vault import read_keys
from genlib.settings import REPOSITORY

SAMPLE = REPOSITORY / "data" / "sample"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "password").write_text("anna's own words")
    (tmp_path / "other").write_text("bertta's own words")
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GENLIB_USER", "anna")
    monkeypatch.setenv("GENLIB_PASSWORD_FILE", str(tmp_path / "password"))
    return tmp_path / "home"


@pytest.fixture
def ready() -> None:
    assert [run(["keys", "create"]), run(["register", "create"])] == [0, 0]


def test_a_register_that_no_feed_was_refreshed_in_says_so(
    ready: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["register", "history"]) == 0
    assert "no feed was refreshed yet" in capsys.readouterr().out


def test_with_a_publisher_the_keys_lie_in_two_hands(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(
            [
                "keys",
                "create",
                "--publisher",
                "bertta",
                "--publisher-password-file",
                str(tmp_path / "other"),
            ]
        )
        == 0
    )
    assert read_keys(home / "keys.json").users == {"anna": ["identity"], "bertta": ["pseudonym"]}
    assert run(["keys", "info"]) == 0
    assert capsys.readouterr().out.split() == [
        "keys",
        str(home / "keys.json"),
        "anna",
        "identity",
        "privacy_officer",
        "bertta",
        "pseudonym",
        "publisher",
    ]


def test_keys_in_one_hand_are_pointed_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["keys", "create"]) == 0
    assert "both keys are in the hand of anna" in capsys.readouterr().err


def test_keys_are_given_and_taken(ready: None, home: Path, tmp_path: Path) -> None:
    assert (
        run(
            [
                "keys",
                "add",
                "bertta",
                "--secret",
                "pseudonym",
                "--new-password-file",
                str(tmp_path / "other"),
            ]
        )
        == 0
    )
    assert run(["keys", "remove", "anna", "--secret", "pseudonym"]) == 0
    assert read_keys(home / "keys.json").users == {"anna": ["identity"], "bertta": ["pseudonym"]}
    assert run(["keys", "remove", "bertta", "--secret", "pseudonym"]) == 2


def test_a_level_is_given_a_password_changed_and_a_person_removed(
    ready: None, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").write_text("bertta's new words")
    theirs = ["--new-password-file", str(tmp_path / "other")]
    assert run(["keys", "add", "bertta", "--level", "steward", *theirs]) == 0
    old = ["--password-file", str(tmp_path / "other")]
    new = ["--new-password-file", str(tmp_path / "new")]
    monkeypatch.setenv("GENLIB_USER", "bertta")
    assert run(["keys", "password", *old, *new]) == 0
    assert run(["keys", "password", *old, *new]) == 3
    given = ["keys", "add", "carl", "--password-file", str(tmp_path / "new"), *theirs]
    assert run([*given, "--level", "privacy_officer"]) == 3
    assert run([*given, "--level", "publisher"]) == 3
    assert run(given) == 2
    assert run(["keys", "remove", "anna", "--password-file", str(tmp_path / "new")]) == 3
    monkeypatch.setenv("GENLIB_USER", "anna")
    assert run(["keys", "remove", "bertta"]) == 0
    assert "bertta" not in read_keys(home / "keys.json").users


def test_a_secret_is_replaced_and_who_lost_a_slot_is_said(
    ready: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["register", "load", str(SAMPLE)]) == 0
    theirs = ["--new-password-file", str(tmp_path / "other")]
    assert run(["keys", "add", "bertta", "--level", "steward", *theirs]) == 0
    capsys.readouterr()
    assert run(["keys", "rotate", "--secret", "identity", "--yes"]) == 0
    said = capsys.readouterr().out
    assert "identity: another secret" in said
    assert "genlib keys add bertta --level steward" in said
    assert run(["keys", "rotate", "--secret", "pseudonym"]) == 0
    assert run(["keys", "rotate", "--secret", "master"]) == 2
    assert run(["register", "load", str(SAMPLE)]) == 0
    assert [run(["publish", "satisfaction"]), run(["audit", "verify"])] == [0, 0]


def test_who_may_open_what_stands_in_the_trail_before_it_holds(
    ready: None,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [
        "keys",
        "add",
        "bertta",
        "--secret",
        "identity",
        "--new-password-file",
        str(tmp_path / "other"),
    ]
    assert [
        run(given),
        run(["keys", "remove", "bertta", "--secret", "identity"]),
        run(["audit", "show"]),
    ] == [0, 0, 0]
    assert [line.split()[4:6] for line in capsys.readouterr().out.splitlines()[-2:]] == [
        ["keys", "add"],
        ["keys", "remove"],
    ]
    monkeypatch.setattr("genlib.register.audit.digest_event", lambda *_: None)
    assert run(given) == 4
    assert "bertta" not in read_keys(home / "keys.json").users


def read_events(home: Path) -> list[tuple[str, str, dict[str, str]]]:
    """User, action and detail of all events."""
    rows = audit.list_events(open_register(f"sqlite:///{home}/register.sqlite"), last=100)
    return [(row.user, row.action, json.loads(row.detail or "{}")) for row in rows]


def test_the_use_of_a_key_and_a_wrong_password_stand_in_the_trail(
    ready: None, home: Path, tmp_path: Path
) -> None:
    assert run(["register", "synthesise", "--customers", "5"]) == 0
    (tmp_path / "password").write_text("not her words")
    assert run(["register", "load", str(SAMPLE)]) == 3
    given = ["keys", "add", "bertta", "--secret", "identity", "--new-password-file"]
    assert run([*given, str(tmp_path / "other")]) == 3
    events = read_events(home)
    assert events[0] == (
        "anna",
        "key use",
        {"secret": "identity", "command": "register synthesise"},
    )
    assert events[2:] == [
        ("anna", "password failed", {"secret": "identity", "command": "register load"}),
        ("anna", "password failed", {"secret": "identity", "command": "keys add"}),
    ]
    assert run(["audit", "verify"]) == 0


def test_without_a_register_there_is_no_trail_and_nothing_fails(home: Path, tmp_path: Path) -> None:
    assert run(["keys", "create"]) == 0
    (tmp_path / "password").write_text("not her words")
    assert run(["keys", "add", "carl", "--secret", "identity", "--new-password-file", "x"]) == 2
    assert not (home / "register.sqlite").exists()


def test_a_refusal_stands_in_the_trail_by_its_class(ready: None, home: Path) -> None:
    assert run(["register", "synthesise", "--customers", "5"]) == 0
    (home / "keys.json").unlink()
    assert run(["keys", "create", "--publisher", "131052-952X"]) == 3
    assert read_events(home)[-1] == (
        "anna",
        "refused",
        {"error": "Refused", "command": "keys create"},
    )


def test_a_key_whose_use_cannot_be_told_stays_closed(
    ready: None, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genlib.register.audit.digest_event", lambda *_: None)
    assert run(["register", "synthesise", "--customers", "5"]) == 4
    assert open_register(f"sqlite:///{home}/register.sqlite").count("customer") == 0


def test_the_trail_is_shown_exported_and_verified_without_the_register(
    ready: None, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "trail.jsonl"
    assert run(["register", "synthesise", "--customers", "5"]) == 0
    assert run(["audit", "export", str(file)]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    anchor = home / "register.sqlite.audit"
    anchor.rename(tmp_path / "anchor")
    (home / "register.sqlite").unlink()
    verify = ["audit", "verify", "--file", str(file)]
    assert [run(verify), run([*verify, "--anchor", str(tmp_path / "anchor")])] == [0, 0]
    assert capsys.readouterr().out.count("3 events, none changed") == 2
    file.write_text(file.read_text().replace("anna", "bertta"))
    assert run(verify) == 1
    assert run(["audit", "export", str(file)]) == 2


def test_events_are_shown_by_action_and_day(
    ready: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["register", "synthesise", "--customers", "5"]) == 0
    capsys.readouterr()
    assert run(["audit", "show", "--action", "key use", "--since", "2020-01-01"]) == 0
    assert capsys.readouterr().out.split()[2:6] == ["anna", "register", "key", "use"]
    assert run(["audit", "show", "--since", "2999-01-01"]) == 0
    assert capsys.readouterr().out == ""


def test_a_new_password_without_a_terminal_wants_a_file(
    ready: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["keys", "add", "bertta", "--secret", "pseudonym"]) == 2
    assert "--new-password-file" in capsys.readouterr().err


def test_a_folder_is_loaded_counted_and_audited(
    ready: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["register", "load", str(SAMPLE)]) == 0
    assert "customer: 300 read, 300 loaded, 0 rejected" in capsys.readouterr().out
    assert [run(["register", "info"]), run(["audit", "show"]), run(["audit", "verify"])] == [
        0,
        0,
        0,
    ]
    out = capsys.readouterr().out
    assert "artificial people are taken" in out
    tables = len(list(SAMPLE.glob("*.csv")))
    assert out.count(" load ") == tables
    assert "load                           300" in out
    assert f"{tables + 1} events, none changed" in out


def test_refused_rows_end_with_exit_code_4(
    ready: None, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    pl.read_csv(SAMPLE / "processor.csv", infer_schema=False).with_columns(
        id=pl.lit("Kuuralehto")
    ).write_csv(tmp_path / "in/processor.csv")
    assert run(["register", "load", str(tmp_path / "in")]) == 4
    said = capsys.readouterr()
    assert "5 rows were refused" in said.err
    assert "Kuuralehto" not in said.out + said.err + (home / "rejected/processor.csv").read_text()


@pytest.mark.parametrize("command", ["load", "refresh"])
def test_rows_past_their_retention_are_told_and_are_no_failure(
    ready: None, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    register = open_register(f"sqlite:///{home}/register.sqlite")
    audit.record(register, purpose="register", action="sweep", people=0)
    register.engine.dispose()
    old = {"issued_on": "2010-01-01", "due_on": "2010-01-01", "source": "SERVICE_USE"}
    people = pl.read_csv(SAMPLE / "customer.csv", infer_schema=False).head(1)
    bills = pl.DataFrame({"id": "1", "customer_id": people["id"], "amount_cents": "1", **old})
    (tmp_path / "in").mkdir()
    people.with_columns(company_id=None).write_csv(tmp_path / "in/customer.csv")
    bills.with_columns(product_line=pl.lit("device")).write_csv(tmp_path / "in/invoice.csv")
    assert run(["register", command, str(tmp_path / "in")]) == 0
    assert "invoice: past_retention 1: so many rows were not taken" in capsys.readouterr().out
    assert not (home / "rejected/invoice.csv").exists()


def test_info_tells_who_is_held_back_and_a_steward_releases_them(
    ready: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    people = pl.read_csv(SAMPLE / "customer.csv", infer_schema=False).head(2)
    people = people.with_columns(company_id=None, personal_id=pl.lit("010594Y9032"))
    people.write_csv(tmp_path / "in/customer.csv")
    acts = pl.read_csv(SAMPLE / "permission.csv", infer_schema=False).head(2)
    broken = acts.with_columns(customer_id=pl.Series(["1", "x"]), ended_at=pl.lit("Kuuralehto"))
    broken.write_csv(tmp_path / "in/permission.csv")
    assert run(["register", "load", str(tmp_path / "in")]) == 4
    said = capsys.readouterr().out
    assert "customer: duplicate_personal_id 2: so many customers have" in said
    assert "held back from every contact list until their refused rows are mended: 1" in said
    assert run(["register", "info"]) == 0
    said = capsys.readouterr().out
    assert "customers with the personal identity code of another: 2" in said
    assert "refused rows that are not mended: 2" in said
    assert "people held back from contact lists: 1" in said
    assert "no contact list is exported" in said
    why = ["--reason", "mended by hand"]
    assert run(["register", "release-hold", "--customer", "1", *why]) == 0
    assert run(["register", "release-hold", "--unknown", *why]) == 0
    assert run(["register", "info"]) == 0
    said = capsys.readouterr().out
    assert "people held back from contact lists: 0" in said
    assert "no contact list is exported" not in said


@pytest.mark.parametrize("whom", [[], ["--customer", "1", "--unknown"], ["--customer", "1"]])
def test_a_release_names_a_customer_who_is_held_or_the_unknown(
    ready: None, whom: list[str]
) -> None:
    assert run(["register", "release-hold", *whom, "--reason", "x"]) == 2


def test_only_a_steward_releases(ready: None, tmp_path: Path) -> None:
    words = ["--password-file", str(tmp_path / "other"), "--unknown", "--reason", "x"]
    assert run(["register", "release-hold", *words]) == 3


def test_what_a_killed_load_left_is_swept_by_the_next(ready: None, home: Path) -> None:
    (home / "rejected").mkdir()
    for name in (".customer.csv.x8f3_k2a", ".invoice.csv.x8f3_k2a.draft"):
        (home / "rejected" / name).write_text("row,column,rule")
    assert run(["register", "load", str(SAMPLE)]) == 0
    assert list((home / "rejected").iterdir()) == []


def test_a_folder_of_rejections_that_is_a_link_is_refused(
    ready: None, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (home / "rejected").symlink_to(tmp_path / "elsewhere")
    assert run(["register", "load", str(SAMPLE)]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("HOME", "~nouser/x", 2),
        ("KEYS", "~nouser/keys.json", 2),
        ("REGISTER", "postgresql://anna:hunter2@x@host/db", 2),
        ("REGISTER", "hunter2", 2),
        ("ARTIFICIAL", "perhaps", 2),
        ("NOTICE", "/dev/null", 4),
        ("KEYS", "/dev/null", 4),
        ("PASSWORD_FILE", "/", 2),
    ],
)
def test_a_setting_that_cannot_be_is_told_in_one_line(  # noqa: PLR0913, PLR0917
    ready: None,
    setting: str,
    value: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(f"GENLIB_{setting}", value)
    capsys.readouterr()
    assert run(["publish"]) == code
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "unexpected" not in said
    assert "hunter2" not in said


def test_a_register_of_real_customers_refuses_the_sample(
    ready: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLIB_ARTIFICIAL", "false")
    assert run(["register", "load", str(SAMPLE)]) == 4


def test_a_wrong_password_ends_with_exit_code_3_before_anything_is_read(
    ready: None, tmp_path: Path
) -> None:
    assert run(["register", "load", str(SAMPLE), "--password-file", str(tmp_path / "other")]) == 3


def test_a_register_is_drawn_once(ready: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["register", "synthesise", "--customers", "50", "--seed", "3"]) == 0
    assert "50 artificial customers" in capsys.readouterr().out
    assert run(["register", "synthesise"]) == 2


def test_a_broken_trail_ends_with_exit_code_1(
    ready: None, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["register", "load", str(SAMPLE)])
    (home / "register.sqlite.audit").unlink()
    assert run(["audit", "verify"]) == 1
    assert "anchor" in capsys.readouterr().err


@pytest.mark.parametrize("group", ["register", "keys", "audit"])
def test_every_command_has_help_with_an_example(
    group: str, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = {
        "register": ["create", "load", "synthesise", "info", "release-hold"],
        "keys": ["create", "add", "password", "remove", "rotate", "info"],
        "audit": ["show", "verify", "export"],
    }
    for command in commands[group]:
        assert run([group, command, "--help"]) == 0
        assert f"genlib {group} {command}" in " ".join(capsys.readouterr().out.split())
