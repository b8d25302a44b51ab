"""The environment over the file over the defaults; the password never from an argument."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import hypothesis
import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from workbench import Bench

from genlib import settings
from genlib.errors import UsageError
from genlib.private import GROUP, JOINED, OWNER
from genlib.settings import PLACES, REPOSITORY, SWITCHES, Settings, load, password


def test_defaults_lie_in_the_workbench(tmp_path: Path) -> None:
    found = load(tmp_path, {})
    assert found.home == REPOSITORY / "data" / "workbench"
    assert found.register == f"sqlite:///{found.home}/register.sqlite"
    assert (found.keys, found.releases, found.reports) == (
        found.home / "keys.json",
        found.home / "releases",
        found.home / "reports",
    )
    assert (found.data, found.notice) == (REPOSITORY / "data", REPOSITORY / "data" / "notice.toml")
    assert found.artificial is True
    assert found.time_zone == "Europe/Helsinki"
    assert found.user


def test_the_environment_wins_over_a_file_above_and_home_moves_the_rest(tmp_path: Path) -> None:
    (tmp_path / "genlib.toml").write_text('home = "bench"\nuser = "anna"\nartificial = false\n')
    (tmp_path / "below").mkdir()
    found = load(tmp_path / "below", {"GENLIB_USER": "bertta"})
    assert found.home == tmp_path / "bench"
    assert found.keys == tmp_path / "bench" / "keys.json"
    assert (found.user, found.artificial) == ("bertta", False)


@pytest.mark.parametrize("name", ["America/New_York", "Europe/Mariehamn", "UTC"])
def test_the_time_zone_of_the_company_is_a_setting(tmp_path: Path, name: str) -> None:
    assert load(tmp_path, {"GENLIB_TIME_ZONE": name}).time_zone == name


@pytest.mark.parametrize(("name", "day"), [("Europe/Helsinki", 1), ("America/New_York", 31)])
def test_an_instant_is_of_a_day_of_the_company(tmp_path: Path, name: str, day: int) -> None:
    instant = datetime(2026, 10, 31, 22, 0, tzinfo=UTC)
    assert load(tmp_path, {"GENLIB_TIME_ZONE": name}).day_of(instant).day == day


def test_every_time_zone_that_may_be_set_is_known_to_what_publishes(tmp_path: Path) -> None:
    """Polars has a list of its own."""
    instant = pl.Series([0]).cast(pl.Datetime("us", "UTC"))
    offered = [name for name in available_timezones() if "/" in name or name == "UTC"]
    assert len(offered) > 400
    for name in offered:
        there = instant.dt.convert_time_zone(name).dt.replace_time_zone(None).item()
        assert there == datetime.fromtimestamp(0, ZoneInfo(name)).replace(tzinfo=None)


def test_a_register_on_a_server_is_an_address_and_no_path(tmp_path: Path) -> None:
    assert (
        load(tmp_path, {"GENLIB_REGISTER": "postgresql://host/register"}).register
        == "postgresql://host/register"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("shoe = 1", "sets shoe, which does not exist"),
        ('publication = "2026-01-01 run"', "sets publication, which does not exist"),
        ("home = ", "is not TOML"),
        ('artificial = "maybe"', "artificial is true or false"),
        ('time_zone = "Suomi"', "time_zone is a place of the IANA list, such as Europe/Helsinki"),
        ('time_zone = "europe/helsinki"', "time_zone is a place of the IANA list"),
        ('time_zone = "../etc/localtime"', "time_zone is a place of the IANA list"),
        ('time_zone = "localtime"', "time_zone is a place of the IANA list"),
        ('time_zone = "+02:00"', "time_zone is a place of the IANA list"),
        ("time_zone = 2", "time_zone is a place of the IANA list"),
    ],
)
def test_a_wrong_file_is_said(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "genlib.toml").write_text(content)
    with pytest.raises(UsageError, match=message):
        load(tmp_path, {})


def test_the_password_comes_from_a_named_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse\n")
    assert (
        password(load(tmp_path, {"GENLIB_PASSWORD_FILE": str(tmp_path / "password")}), "password")
        == "correct horse"
    )
    assert (
        password(load(tmp_path, {}, password_file=tmp_path / "password"), "password")
        == "correct horse"
    )


def test_a_named_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        password(load(tmp_path, {}, password_file=tmp_path / "none"), "password")


def test_the_password_comes_from_the_service_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "genlib-password").write_text("from the manager")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert password(load(tmp_path, {}), "password") == "from the manager"


def test_without_a_terminal_a_missing_password_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    monkeypatch.setattr(settings, "_from_keyring", lambda user: None)
    with pytest.raises(UsageError, match="GENLIB_PASSWORD_FILE"):
        password(load(tmp_path, {}), "password")


def test_a_home_below_the_user_moves_the_rest_too(tmp_path: Path) -> None:
    (tmp_path / "genlib.toml").write_text('home = "~/bench"\n')
    for found in (load(tmp_path, {}), load(tmp_path / "none", {"GENLIB_HOME": "~/bench"})):
        assert found.home == Path.home() / "bench"
        assert found.keys == Path.home() / "bench" / "keys.json"
        assert found.register == f"sqlite:///{Path.home()}/bench/register.sqlite"


def test_releases_and_reports_open_to_a_group_only_if_asked(tmp_path: Path) -> None:
    assert load(tmp_path, {}).access == OWNER
    assert load(tmp_path, {"GENLIB_GROUP_READABLE": "true"}).access == GROUP


@pytest.mark.parametrize("name", sorted(PLACES))
def test_a_user_whom_the_machine_does_not_know_is_said(tmp_path: Path, name: str) -> None:
    variable = f"GENLIB_{name.upper()}"
    with pytest.raises(UsageError, match=f"{variable}: the setting {name} begins with ~"):
        load(tmp_path, {variable: "~nouser/x"})
    (tmp_path / "genlib.toml").write_text(f'{name} = "~nouser/x"\n')
    with pytest.raises(UsageError, match="write the whole path"):
        load(tmp_path, {})


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"a = " + b"[" * 50_000, b"a = " + b"9" * 5_000, b'"a\\u0000" = 1']
)
def test_any_bytes_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "genlib.toml").write_bytes(content)
    with pytest.raises(UsageError) as refusal:
        load(tmp_path, {})
    assert "\n" not in str(refusal.value)


VALUES = st.one_of(
    st.sampled_from(["7", "1.5", "true", "1979-05-27", "[]", "{}", '["a"]', "inf", '""', '" "']),
    st.sampled_from(['"a\\u0000b"', '"~nouser"', '"~"', "2026-01-01T00:00:00Z", '{ a = "b" }']),
    st.integers().map(str),
    st.text(
        st.characters(exclude_characters='"\\', min_codepoint=32, codec="utf-8"), max_size=9
    ).map('"{}"'.format),
)


@hypothesis.settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from([field.name for field in fields(Settings)]), value=VALUES)
def test_any_value_is_taken_in_its_own_type_or_refused_in_one_line(
    tmp_path: Path, name: str, value: str
) -> None:
    (tmp_path / "genlib.toml").write_text(f"{name} = {value}\n", encoding="utf-8")
    try:
        found = getattr(load(tmp_path, {}), name)
    except UsageError as refusal:
        assert "\n" not in str(refusal)  # noqa: PT017 - some values are good
    else:
        kind = Path if name in PLACES else bool if name in SWITCHES else str
        assert isinstance(found, kind)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x80"])
def test_a_password_file_that_is_no_text_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "password").write_bytes(content)
    with pytest.raises(UsageError, match="is not a text"):
        password(load(tmp_path, {}, password_file=tmp_path / "password"), "password")


# -- what a setting holds is nobody's to read ------------------------------------------------------

STRANGE = ("hunter2\x1b[31m", "hunter2\nroot", "hunter2\u202e", "hunter2\udcff", "hunter2" * 200)


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize("name", sorted({*PLACES, "user", "register"}))
def test_a_setting_that_a_terminal_would_obey_is_refused_unsaid(
    name: str, value: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=f"GENLIB_{name.upper()}: the setting {name} ") as error:
        load(tmp_path, {f"GENLIB_{name.upper()}": value})
    assert "hunter2" not in str(error.value)


def test_a_long_but_possible_setting_is_taken(tmp_path: Path) -> None:
    found = load(tmp_path, {"GENLIB_USER": "a" * 64, "GENLIB_HOME": "/" + "ä" * 400})
    assert (len(found.user), len(str(found.home))) == (64, 401)


def test_a_password_where_its_file_should_be_named_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    places = load(tmp_path, {"GENLIB_PASSWORD_FILE": "hunter2"})
    with pytest.raises(UsageError, match="the password file cannot be read") as error:
        password(places, "password")
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GENLIB_USER", "hunter2"),
        ("GENLIB_PASSWORD_FILE", "hunter2"),
        ("GENLIB_TIME_ZONE", "hunter2"),
        ("GENLIB_ARTIFICIAL", "hunter2"),
        ("GENLIB_REGISTER", "postgresql://anna:hunter2@127.0.0.1:1/x?password=hunter2"),
        ("GENLIB_REGISTER", "postgresql://anna:hunter2@@127.0.0.1:1/x"),
        ("GENLIB_REGISTER", "mysql://anna:hunter2@127.0.0.1/x"),
        ("GENLIB_REGISTER", "hunter2"),
    ],
)
def test_no_command_repeats_who_asks_a_password_or_a_database_login(
    variable: str, value: str, loaded: Bench
) -> None:
    for command in (("register", "info"), ("publish", "customer_analysis"), ("keys", "create")):
        done = loaded.try_out(*command, **{variable: value})
        assert "hunter2" not in done.stdout + done.stderr, command
        assert "unexpected" not in done.stderr, done.stderr


def test_a_group_is_named_for_a_purpose_and_for_reports(tmp_path: Path) -> None:
    text = "customer_analysis=analysts, reports = report-readers"
    found = load(tmp_path, {"GENLIB_GROUPS": text})
    assert found.access_of("customer_analysis") == replace(GROUP, group="analysts")
    assert found.access == replace(GROUP, group="report-readers")
    assert found.access_of("satisfaction") == OWNER


def test_what_waits_is_for_the_group_that_may_let_it_out(tmp_path: Path) -> None:
    groups = "reports=readers, waiting=publishers"
    found = load(tmp_path, {"GENLIB_GROUPS": groups, "GENLIB_GROUP_READABLE": "true"})
    assert found.waiting == replace(JOINED, group="publishers")
    assert load(tmp_path, {"GENLIB_GROUP_READABLE": "true"}).waiting == OWNER
    with pytest.raises(UsageError, match="names waiting and not reports"):
        load(tmp_path, {"GENLIB_GROUPS": "waiting=publishers"})


@pytest.mark.parametrize("text", ["analysts", "a=b=c", "customer_analysis=", "a=b;c=d", "a=b,"])
def test_groups_of_another_form_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="the setting groups has the form"):
        load(tmp_path, {"GENLIB_GROUPS": text})
