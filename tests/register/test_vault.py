"""Who can open what, and what a thief of the key file or the database can not."""

from __future__ import annotations

import hmac
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_series_equal
from workbench import ROOT

from genlib.errors import BadInput, GenlibError, Refused, UsageError, WrongPassword
from genlib.register.sealing import derive_key, hash_texts
from genlib.register.vault import (
    IdentityKey,
    add_user,
    change_password,
    check_remover,
    create_keys,
    open_identity,
    open_pseudonym,
    read_keys,
    remove_user,
)

ANNA = {"user": "anna", "password": "anna's own words"}
BERTTA = ("bertta", "bertta's own words")
KEY = IdentityKey(bytes(range(32)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "keys.json"


def test_keys_of_a_command_are_wrapped_at_the_cost_of_rfc_9106(tmp_path: Path) -> None:
    """In a process of its own: those of the tests are wrapped at little cost (`empty`)."""
    (tmp_path / "password").write_text(ANNA["password"])
    given = {
        "GENLIB_HOME": str(tmp_path),
        "GENLIB_USER": "anna",
        "GENLIB_PASSWORD_FILE": str(tmp_path / "password"),
    }
    command = [sys.executable, "-m", "genlib.cli", "keys", "create"]
    subprocess.run(command, env={**os.environ, **given}, cwd=ROOT, check=True)
    slots = json.loads((tmp_path / "keys.json").read_text())["slots"]
    second_choice = {"time": 3, "memory_kib": 64 * 1024, "lanes": 4}
    assert [slot["cost"] for slot in slots] == [second_choice] * len(slots)
    assert len(open_pseudonym(tmp_path / "keys.json", **ANNA).secret) == 32


def test_secrets_open_with_the_password_and_differ(path: Path) -> None:
    create_keys(path, **ANNA)
    assert open_identity(path, **ANNA).secret == open_identity(path, **ANNA).secret
    assert open_identity(path, **ANNA).secret != open_pseudonym(path, **ANNA).secret
    assert len(open_pseudonym(path, **ANNA).secret) == 32


@pytest.mark.notice("N8.3", "N8.5")
def test_a_wrong_password_opens_nothing(path: Path) -> None:
    create_keys(path, **ANNA)
    with pytest.raises(WrongPassword, match="wrong password for this user"):
        open_identity(path, user="anna", password="bertta's own words")


def test_with_a_publisher_the_two_secrets_lie_in_two_hands(path: Path) -> None:
    create_keys(path, **ANNA, publisher=BERTTA)
    assert read_keys(path).users == {"anna": ["identity"], "bertta": ["pseudonym"]}
    with pytest.raises(WrongPassword, match="this user has no slot for the pseudonym key"):
        open_pseudonym(path, **ANNA)


def test_an_added_person_opens_the_same_secret_and_no_other(path: Path) -> None:
    create_keys(path, **ANNA)
    add_user(path, **ANNA, new=BERTTA, secrets=["identity"])
    assert (
        open_identity(path, user=BERTTA[0], password=BERTTA[1]).secret
        == open_identity(path, **ANNA).secret
    )
    with pytest.raises(WrongPassword):
        open_pseudonym(path, user=BERTTA[0], password=BERTTA[1])


def test_nobody_can_give_what_they_do_not_hold(path: Path) -> None:
    create_keys(path, **ANNA, publisher=BERTTA)
    with pytest.raises(WrongPassword, match="no slot"):
        add_user(path, **ANNA, new=("carl", "carl's own words"), secrets=["pseudonym"])


def test_adding_again_changes_the_password(path: Path) -> None:
    create_keys(path, **ANNA)
    add_user(path, **ANNA, new=("anna", "a fresh password"))
    open_identity(path, user="anna", password="a fresh password")
    with pytest.raises(WrongPassword):
        open_identity(path, **ANNA)


@pytest.mark.notice("N8.3")
def test_a_removed_person_opens_nothing(path: Path) -> None:
    create_keys(path, **ANNA)
    add_user(path, **ANNA, new=BERTTA)
    remove_user(path, user="bertta")
    with pytest.raises(WrongPassword, match="no slot"):
        open_identity(path, user=BERTTA[0], password=BERTTA[1])


def test_the_last_holder_of_a_secret_stays(path: Path) -> None:
    create_keys(path, **ANNA, publisher=BERTTA)
    with pytest.raises(UsageError, match="last who can open the pseudonym key"):
        remove_user(path, user="bertta")
    open_pseudonym(path, user=BERTTA[0], password=BERTTA[1])


def test_removing_who_is_not_there_is_said(path: Path) -> None:
    create_keys(path, **ANNA)
    with pytest.raises(UsageError, match="that user has no such slot"):
        remove_user(path, user="carl")


def test_the_publisher_is_another_person(path: Path) -> None:
    with pytest.raises(UsageError, match="the publisher is another person"):
        create_keys(path, **ANNA, publisher=(ANNA["user"], "another good password"))
    assert not path.exists()


def test_a_key_file_is_never_made_over_another(path: Path) -> None:
    create_keys(path, **ANNA)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="unreadable"):
        create_keys(path, **ANNA)
    assert path.read_bytes() == before


@pytest.mark.notice("N8.5")
def test_the_key_file_is_for_its_owner_only_and_holds_no_secret(path: Path) -> None:
    create_keys(path, **ANNA)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ANNA["password"] not in path.read_text()
    assert list(path.parent.iterdir()) == [path]


def test_a_key_file_that_was_opened_to_a_group_stays_open_when_a_slot_is_added(path: Path) -> None:
    create_keys(path, **ANNA)
    path.chmod(0o660)
    add_user(path, **ANNA, new=BERTTA, secrets=["pseudonym"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


@pytest.mark.notice("N8.5")
def test_a_short_password_is_refused(path: Path) -> None:
    with pytest.raises(UsageError, match="at least 8"):
        create_keys(path, user="anna", password="short")
    assert not path.exists()


def test_a_missing_key_file_says_what_to_do(path: Path) -> None:
    with pytest.raises(UsageError, match="genlib keys create"):
        open_identity(path, **ANNA)


@pytest.mark.parametrize("content", ["", "{}", '{"format": "other", "slots": []}', "[]"])
def test_what_is_no_key_file_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(BadInput, match="not a key file"):
        read_keys(tmp_path / "keys.json")


def test_a_slot_moved_to_another_name_or_secret_does_not_open(path: Path) -> None:
    create_keys(path, **ANNA)
    content = json.loads(path.read_text())
    first, second = content["slots"]
    first |= {"secret": "pseudonym", "level": "publisher"}
    second |= {"secret": "identity", "level": "steward"}
    path.write_text(json.dumps(content))
    with pytest.raises(WrongPassword, match="changed"):
        open_identity(path, **ANNA)


def test_an_unknown_secret_is_named(path: Path) -> None:
    create_keys(path, **ANNA)
    with pytest.raises(UsageError, match="no secret master"):
        add_user(path, **ANNA, new=BERTTA, secrets=["master"])


def test_keys_do_not_show_their_bytes(path: Path) -> None:
    create_keys(path, **ANNA)
    for key in (open_identity(path, **ANNA), open_pseudonym(path, **ANNA)):
        assert repr(key.secret)[2:6] not in repr(key)
        assert repr(key).endswith("Key()")


@given(st.lists(st.none() | st.text(max_size=30), max_size=8))
def test_sealed_text_opens_again_and_null_stays_null(texts: list[str | None]) -> None:
    series = pl.Series("phone", texts, dtype=pl.String)
    sealed = KEY.seal(series, column="customer.phone")
    assert sealed.is_null().to_list() == series.is_null().to_list()
    assert_series_equal(KEY.unseal(sealed, column="customer.phone"), series)


@given(st.lists(st.none() | st.text()), st.binary(min_size=16, max_size=64))
def test_a_keyed_hash_is_that_of_the_standard(texts: list[str | None], secret: bytes) -> None:
    key = derive_key(secret, "index", "customer.email")
    expected = [
        text if text is None else hmac.digest(key, text.encode(), "sha256") for text in texts
    ]
    series = pl.Series("email", texts, dtype=pl.String)
    assert hash_texts(series, secret, "customer.email").to_list() == expected


def test_equal_texts_seal_differently_but_have_one_blind_index() -> None:
    series = pl.Series(["Kuuralehto", "Kuuralehto"])
    assert KEY.seal(series, column="customer.family_name").n_unique() == 2
    assert KEY.index(series, column="customer.family_name").n_unique() == 1


def test_the_blind_index_of_another_column_or_key_is_another() -> None:
    series = pl.Series(["+358491234567"])
    indexes = {
        KEY.index(series, column="customer.phone").item(),
        KEY.index(series, column="customer.email").item(),
        IdentityKey(bytes(32)).index(series, column="customer.phone").item(),
    }
    assert len(indexes) == 3


@pytest.mark.parametrize(
    ("key", "column", "change"),
    [
        (KEY, "customer.email", b""),
        (IdentityKey(bytes(32)), "customer.phone", b""),
        (KEY, "customer.phone", b"x"),
    ],
)
def test_a_sealed_value_opens_only_unchanged_in_its_column_with_its_key(
    key: IdentityKey, column: str, change: bytes
) -> None:
    sealed = KEY.seal(pl.Series(["Kuuralehto"]), column="customer.phone")
    with pytest.raises(BadInput, match="does not open") as caught:
        key.unseal(sealed + pl.Series([change]) if change else sealed, column=column)
    assert "Kuuralehto" not in str(caught.value)


def test_a_column_of_a_register_is_sealed_at_once() -> None:
    series = pl.Series(["x" * 20]).new_from_index(0, 20_000)
    assert KEY.unseal(KEY.seal(series, column="c"), column="c").len() == 20_000


# -- levels ----------------------------------------------------------------------------------------

CARL = ("carl", "carl's own words")


def level_of(path: Path, user: str, password: str) -> str:
    return open_identity(path, user=user, password=password).level.name


def test_who_makes_the_keys_is_a_privacy_officer_and_gives_narrower_levels(path: Path) -> None:
    create_keys(path, **ANNA, publisher=BERTTA)
    add_user(path, **ANNA, new=CARL, levels=["steward"])
    assert level_of(path, *ANNA.values()) == "privacy_officer"
    assert level_of(path, *CARL) == "steward"
    assert open_pseudonym(path, user=BERTTA[0], password=BERTTA[1]).level.name == "publisher"


def test_nobody_gives_a_level_that_they_have_not(path: Path) -> None:
    create_keys(path, **ANNA)
    add_user(path, **ANNA, new=CARL, levels=["steward"])
    before = path.read_bytes()
    with pytest.raises(Refused, match="carl needs the level privacy_officer for this; ask anna"):
        add_user(path, user=CARL[0], password=CARL[1], new=BERTTA, levels=["privacy_officer"])
    assert path.read_bytes() == before


def test_a_secret_is_given_at_the_level_of_the_giver(path: Path) -> None:
    create_keys(path, **ANNA)
    add_user(path, **ANNA, new=CARL, levels=["steward"])
    add_user(path, user=CARL[0], password=CARL[1], new=BERTTA, secrets=["identity"])
    assert level_of(path, *BERTTA) == "steward"


@pytest.mark.notice("N8.8")
@pytest.mark.parametrize("change", [{"level": "privacy_officer"}, {"level": ""}, {}])
def test_an_editor_of_the_file_promotes_nobody(path: Path, change: dict[str, str]) -> None:
    create_keys(path, **ANNA)
    add_user(path, **ANNA, new=CARL, levels=["steward"])
    content = json.loads(path.read_text())
    [slot] = [slot for slot in content["slots"] if slot["user"] == "carl"]
    del slot["level"]
    slot |= change
    path.write_text(json.dumps(content))
    with pytest.raises(WrongPassword, match="changed"):
        open_identity(path, user=CARL[0], password=CARL[1])


@pytest.mark.parametrize("level", ["publisher", "reader", "king", 7, None, ["steward"]])
def test_a_level_that_no_slot_of_the_secret_has_is_damage(path: Path, level: object) -> None:
    create_keys(path, **ANNA)
    content = json.loads(path.read_text())
    content["slots"][0]["level"] = level
    path.write_text(json.dumps(content))
    with pytest.raises(BadInput, match="was damaged"):
        read_keys(path)


def test_a_slot_of_an_earlier_version_shows_all_that_its_secret_allowed(path: Path) -> None:
    path.parent.mkdir()
    path.write_text((Path(__file__).parent / "keys-of-version-1.json").read_text())
    assert level_of(path, "anna", "anna's own words") == "privacy_officer"
    assert open_pseudonym(path, user="bertta", password="bertta's own words").level.secret
    add_user(path, **ANNA, new=CARL, levels=["steward"])
    assert level_of(path, *CARL) == "steward"


def test_the_last_privacy_officer_stays(path: Path) -> None:
    create_keys(path, **ANNA)
    add_user(path, **ANNA, new=CARL, levels=["steward"])
    with pytest.raises(UsageError, match="the last privacy_officer"):
        remove_user(path, user="anna", secrets=["identity"])
    with pytest.raises(UsageError, match="the last privacy_officer"):
        add_user(path, **ANNA, new=("anna", "another of anna's"), levels=["steward"])
    open_identity(path, **ANNA)


def test_who_may_take_a_slot_away(path: Path) -> None:
    create_keys(path, **ANNA, publisher=BERTTA)
    add_user(path, **ANNA, new=CARL, levels=["steward"])
    check_remover(path, **ANNA, whose="bertta")
    check_remover(path, user=CARL[0], password=CARL[1], whose="carl")
    with pytest.raises(Refused, match="carl needs the level privacy_officer"):
        check_remover(path, user=CARL[0], password=CARL[1], whose="anna")
    with pytest.raises(Refused, match="bertta needs the level steward for this; ask anna, carl"):
        check_remover(path, user=BERTTA[0], password=BERTTA[1], whose="carl")
    with pytest.raises(WrongPassword):
        check_remover(path, user="anna", password="not anna's words", whose="carl")


def test_nobody_takes_the_slot_of_a_level_that_is_not_theirs(path: Path) -> None:
    create_keys(path, **ANNA)
    add_user(path, **ANNA, new=BERTTA, levels=["privacy_officer"])
    add_user(path, **ANNA, new=CARL, levels=["steward"])
    carl = {"user": CARL[0], "password": CARL[1]}
    with pytest.raises(Refused, match="carl needs the level privacy_officer"):
        add_user(path, **carl, new=(BERTTA[0], "a word of carl's"), levels=["steward"])
    assert level_of(path, *BERTTA) == "privacy_officer"


def test_an_own_password_is_changed_and_levels_stay(path: Path) -> None:
    create_keys(path, **ANNA)
    add_user(path, **ANNA, new=CARL, levels=["steward", "publisher"])
    secret = open_identity(path, **ANNA).secret
    changed = change_password(path, user=CARL[0], password=CARL[1], new="carl's new words")
    assert sorted(changed) == ["identity", "pseudonym"]
    key = open_identity(path, user="carl", password="carl's new words")
    assert (key.secret, key.level.name) == (secret, "steward")
    with pytest.raises(WrongPassword):
        open_identity(path, user=CARL[0], password=CARL[1])
    open_identity(path, **ANNA)


@pytest.mark.parametrize(
    ("old", "new", "error", "why"),
    [
        ("not anna's words", "anna's new words", WrongPassword, "wrong password"),
        (ANNA["password"], "short", UsageError, "at least 8"),
        (ANNA["password"], ANNA["password"], UsageError, "is the old one"),
    ],
)
def test_a_password_that_cannot_be_changed_stays(
    path: Path, old: str, new: str, error: type[Exception], why: str
) -> None:
    create_keys(path, **ANNA)
    before = path.read_bytes()
    with pytest.raises(error, match=why):
        change_password(path, user="anna", password=old, new=new)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["", " ", "two\nlines"])
def test_a_name_that_cannot_be_written_is_refused(path: Path, name: str) -> None:
    create_keys(path, **ANNA)
    with pytest.raises(UsageError, match="one line of plain text"):
        add_user(path, **ANNA, new=(name, "a good password"))
    open_identity(path, **ANNA)


@pytest.mark.parametrize("level", ["reader", "king"])
def test_a_level_that_no_slot_shows_is_no_level_of_the_file(path: Path, level: str) -> None:
    create_keys(path, **ANNA)
    with pytest.raises(UsageError, match="there are publisher, steward, privacy_officer"):
        add_user(path, **ANNA, new=CARL, levels=[level])


# -- any file may lie where the key file should ----------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of a key file."""
    path = tmp_path_factory.mktemp("genuine") / "keys.json"
    create_keys(path, **ANNA)
    return path.read_text()


def opens_or_says_why(path: Path) -> None:
    """Every use of a key file ends well, or in one line of ours."""
    for use in (
        lambda: read_keys(path).users,
        lambda: open_identity(path, **ANNA),
        lambda: open_pseudonym(path, **ANNA),
        lambda: remove_user(path, user="carl"),
        lambda: add_user(path, **ANNA, new=BERTTA),
    ):
        try:
            use()
        except GenlibError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most files are refused, some are good


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=JSON)
def test_any_json_is_refused_in_one_line(tmp_path: Path, content: object) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(content))
    with pytest.raises(BadInput, match="is not a key file"):
        read_keys(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_key_file_with_anything_in_any_place_opens_or_says_why(
    tmp_path: Path, genuine: str, data: st.DataObject
) -> None:
    content = json.loads(genuine)
    slot = content["slots"][data.draw(st.sampled_from([0, 1]))]
    places = [(content, "format"), (content, "slots"), (content["slots"], 0)]
    places += [(slot, name) for name in slot] + [(slot["cost"], name) for name in slot["cost"]]
    place, name = data.draw(st.sampled_from(places))
    if data.draw(st.booleans()):
        place[name] = data.draw(JSON)
    else:
        del place[name]
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(content))
    opens_or_says_why(path)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"[" * 100_000, b"9" * 5_000, b'{"format": "genlib-keys-1"}']
)
def test_what_is_no_json_at_all_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys.json").write_bytes(content)
    with pytest.raises(BadInput, match="GENLIB_KEYS"):
        read_keys(tmp_path / "keys.json")


@pytest.mark.parametrize("cost", [{"memory_kib": 2**40}, {"time": 10**9}, {"lanes": 0}])
def test_a_slot_that_asks_for_more_than_a_machine_has_is_refused(
    tmp_path: Path, genuine: str, cost: dict[str, int]
) -> None:
    content = json.loads(genuine)
    content["slots"][0]["cost"] |= cost
    (tmp_path / "keys.json").write_text(json.dumps(content))
    with pytest.raises(BadInput, match="not a key file"):
        open_identity(tmp_path / "keys.json", **ANNA)


def test_a_folder_is_no_key_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_keys(tmp_path)


def test_each_key_names_the_other_of_its_file_whoever_comes_and_goes(path: Path) -> None:
    create_keys(path, **ANNA, publisher=BERTTA)
    names = open_pseudonym(path, user=BERTTA[0], password=BERTTA[1])
    add_user(path, **ANNA, new=("carl", "carl's own words"), secrets=["identity"])
    remove_user(path, user="anna")
    key = open_identity(path, user="carl", password="carl's own words")
    assert key.companions == {"pseudonym": names.fingerprint}
    assert names.companions == {"identity": key.fingerprint}


def test_a_key_file_of_an_earlier_version_opens_and_names_no_other(path: Path) -> None:
    create_keys(path, **ANNA)
    content = json.loads(path.read_text())
    del content["fingerprints"]
    path.write_text(json.dumps(content))
    assert open_identity(path, **ANNA).companions == {}


def test_a_fingerprint_that_is_not_the_keys_is_damage(path: Path) -> None:
    create_keys(path, **ANNA)
    content = json.loads(path.read_text())
    pair = content["fingerprints"]
    content["fingerprints"] = {"identity": pair["pseudonym"], "pseudonym": pair["identity"]}
    path.write_text(json.dumps(content))
    with pytest.raises(BadInput, match="changed or damaged"):
        open_identity(path, **ANNA)
