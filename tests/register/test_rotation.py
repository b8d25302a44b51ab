"""A secret is replaced: what the old one opened is sealed anew, and nothing is lost on the way."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from asking import add_person, add_rows, read_rows
from small import IDENTITY, KEY, ZONE, Small
from small import NOW as SMALL_NOW

from genlib import notice as notices
from genlib.errors import BadInput, GenlibError, Refused, UsageError, WrongPassword
from genlib.publish.pseudonym import pseudonyms, reidentify
from genlib.publish.writer import publish
from genlib.register import audit, fingerprints, rotation, store, suppression, vault
from genlib.register.database import Register, create_register
from genlib.register.keyfile import Holder, KeyFile, make_slot, read_keys, write_keys
from genlib.register.schema import Base, table
from genlib.register.vault import IdentityKey, add_user, open_identity, open_pseudonym
from genlib.release import Release

ANNA = {"user": "anna", "password": "anna's own words"}
CARL = ("carl", "carl's own words")
BERTTA = ("bertta", "bertta's own words")
SECRETS = {"identity": IDENTITY.secret, "pseudonym": KEY.secret}
NOW = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)
SEALED = [one.name for one in Base.metadata.sorted_tables if rotation.find_secrets(one.name)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file with the secrets of the tests: anna holds both, bertta is a publisher."""
    path = tmp_path / "keys.json"
    slots = [
        make_slot(Holder(user, secret), word, SECRETS[secret], vault.COST)
        for user, secret, word in (
            (*("anna", "identity"), ANNA["password"]),
            (*("anna", "pseudonym"), ANNA["password"]),
            (*("bertta", "pseudonym"), BERTTA[1]),
        )
    ]
    write_keys(KeyFile(path, tuple(slots), vault.fingerprint_secrets(SECRETS)))
    return path


def fill(register: Register) -> None:
    """Three people with something in tables of one number and of two."""
    for number in (17, 18, 19):
        add_person(register, number, personal_id=None)
    survey = {"id": 1, "code": "s", "name": "s", "kind": "opinion", "promise": "confidential"}
    add_rows(register, "survey", survey | {"opened_on": dt.date(2026, 1, 1)})
    question = {"survey_id": 1, "scale": "text", "text_fi": "?"}
    add_rows(register, "survey_question", *({"id": n, "code": f"q{n}"} | question for n in (1, 2)))
    sent = {"survey_id": 1, "channel": "email", "sent_at": NOW, "delivered": True}
    for number in (1, 2):
        add_rows(register, "survey_invitation", {"id": number, "customer_id": 17} | sent)
        answers = [{"invitation_id": number, "question_id": q, "comment": "!"} for q in (1, 2)]
        add_rows(register, "survey_answer", *answers)
    act = {"act": "prohibition", "scope": "email", "evidence": "letter 1"}
    add_rows(register, "permission", {"id": 1, "customer_id": 17} | act)
    with register.writing() as connection:
        fingerprints.keep_key(connection, IDENTITY)
        fingerprints.keep_key(connection, KEY)
        suppression.hold(register, connection, IDENTITY, pl.Series([17]), at=NOW)


def read_plain(register: Register, key: IdentityKey) -> dict[str, list[tuple[object, ...]]]:
    """All that is sealed, opened."""
    plain = {}
    for name in SEALED:
        rows = pl.concat(register.scan(name))
        plain[name] = store.opened(rows, name, key).sort(pl.all()).rows()
    return plain


def read_digests(register: Register) -> dict[str, list[object]]:
    """All that is keyed but not sealed."""
    return {
        f"{one.name}.{column.name}": sorted(
            str(row[column.name]) for row in read_rows(register, one.name)
        )
        for one in Base.metadata.sorted_tables
        for column in one.columns
        if {"index_of", "digest_of"} & column.info.keys() or column.name == "digest"
        if one.name not in {"fingerprint", "audit_event"}
    }


def rotate(path: Path, register: Register | None, which: str = "identity") -> int:
    rotation.begin_rotation(path, **ANNA, secret=which)
    return rotation.finish_rotation(path, register, **ANNA)


def test_all_is_sealed_with_the_new_secret_and_digests_stay(register: Register, path: Path) -> None:
    fill(register)
    before, digests = read_plain(register, IDENTITY), read_digests(register)
    assert rotate(path, register) == 8
    key = open_identity(path, **ANNA)
    alone = IdentityKey(key.secret)
    assert key.secret != IDENTITY.secret
    assert read_plain(register, alone) == before
    assert read_digests(register) == digests
    with pytest.raises(BadInput, match="does not open"):
        read_plain(register, IDENTITY)
    assert audit.verify(register) > 0


def test_whom_an_objection_protects_is_met_again_after_a_rotation(
    register: Register, path: Path
) -> None:
    fill(register)
    rotate(path, register)
    key = open_identity(path, **ANNA)
    comes_back = pl.DataFrame(
        {"customer_id": 99, "email": "person17@post.example"},
    ).with_columns(phone=None, street_address=None, postal_code=None)
    blank = [pl.col(name).cast(pl.String) for name in ("phone", "street_address", "postal_code")]
    with register.engine.connect() as connection:
        met = suppression.prohibitions(connection, key, comes_back.with_columns(blank))
    assert met["scope"].to_list() == ["email"]
    assert store.find(register, key, purpose="x", email="person18@post.example") == [18]


@pytest.mark.parametrize("which", ["identity", "pseudonym"])
def test_a_copy_of_before_a_rotation_is_brought_up_by_another(
    register: Register, path: Path, which: str
) -> None:
    with register.writing() as connection:
        fingerprints.keep_key(connection, open_identity(path, **ANNA))
    rotate(path, None, which)
    with pytest.raises(Refused, match=rf"replaced after .* genlib keys rotate --secret {which}"):
        fingerprints.check_key(register, open_identity(path, **ANNA))
    rotate(path, register, which)
    fingerprints.check_key(register, open_identity(path, **ANNA))


@pytest.mark.parametrize("which", ["identity", "pseudonym"])
def test_a_copy_of_before_both_were_rotated_is_brought_up_by_either(
    register: Register, path: Path, which: str
) -> None:
    with register.writing() as connection:
        fingerprints.keep_key(connection, open_identity(path, **ANNA))
    rotate(path, None, "identity")
    rotate(path, None, "pseudonym")
    rotate(path, register, which)
    fingerprints.check_key(register, open_identity(path, **ANNA))


def test_a_former_key_brings_nothing_in(register: Register, path: Path) -> None:
    fill(register)
    rotate(path, register)
    with pytest.raises(Refused, match="not the one of this register"):
        store.find(register, IDENTITY, purpose="x", email="person18@post.example")
    assert rotate(path, register) == 8, "a second time"
    key = open_identity(path, **ANNA)
    assert len(key.earlier) == 2
    late = IDENTITY.seal(pl.Series(["letter 2"]), column="permission.evidence").item()
    assert key.opens(late, column="permission.evidence"), "what came meanwhile"


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize(
    ("where", "steps"),
    [("sqlite", 0), ("sqlite", 1), ("sqlite", 4), ("sqlite", 8), ("postgresql", 5)],
)
def test_a_rotation_that_was_stopped_goes_on_and_every_row_opens_meanwhile(
    request: pytest.FixtureRequest,
    path: Path,
    where: str,
    steps: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rotation, "ROWS", 1)
    register = create_register(request.getfixturevalue(f"{where}_url"))
    fill(register)
    before = read_plain(register, IDENTITY)
    rotation.begin_rotation(path, **ANNA, secret="identity")
    count = 0

    def stop(name: str, rows: int) -> None:
        nonlocal count
        count += 1
        if count >= steps:
            raise KilledError

    if steps:
        with pytest.raises(KilledError):
            rotation.finish_rotation(path, register, **ANNA, progress=stop)
    for opens in (open_identity, open_pseudonym):
        with pytest.raises(Refused, match="goes on with: genlib keys rotate --secret identity"):
            opens(path, **ANNA)
    keys = read_keys(path)
    half = vault.open_slot(IdentityKey, keys, keys.find_slot("anna", "identity"), ANNA["password"])
    assert read_plain(register, half) == before
    with pytest.raises(Refused, match="finish it first"):
        rotation.begin_rotation(path, **ANNA, secret="pseudonym")
    assert rotation.begin_rotation(path, **ANNA, secret="identity") == []
    assert rotation.finish_rotation(path, register, **ANNA) == 8 - steps
    assert read_plain(register, IdentityKey(open_identity(path, **ANNA).secret)) == before


def test_a_rotation_that_was_killed_goes_on(sqlite_url: str, path: Path) -> None:
    register = create_register(sqlite_url)
    fill(register)
    before = read_plain(register, IDENTITY)
    rotation.begin_rotation(path, **ANNA, secret="identity")
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from genlib.register import rotation\n"
        "from genlib.register.database import open_register\n"
        "rotation.ROWS = 2\n"
        "rotation.finish_rotation(Path(sys.argv[1]), open_register(sys.argv[2]), user='anna',\n"
        "    password=sys.argv[3], progress=lambda name, rows: os.kill(os.getpid(), 9))\n"
    )
    words = [sys.executable, "-c", program, str(path), sqlite_url, ANNA["password"]]
    done = subprocess.run(words, check=False, env=os.environ, timeout=120)
    assert done.returncode == -9
    assert 0 < rotation.finish_rotation(path, register, **ANNA) < 8
    assert read_plain(register, IdentityKey(open_identity(path, **ANNA).secret)) == before


def test_what_a_refresh_kept_to_be_taken_back_is_forgotten(sqlite_url: str, path: Path) -> None:
    register = create_register(sqlite_url)
    row = {"id": 1, "run": 1, "table": "customer", "row_id": 17, "before": "{}", "after": "{}"}
    with register.writing() as connection:
        connection.execute(table("refresh_row").insert().values(row))
    rotate(path, register, "pseudonym")
    assert len(read_rows(register, "refresh_row")) == 1
    rotate(path, register)
    assert read_rows(register, "refresh_row") == []


def test_a_register_of_another_key_is_refused(sqlite_url: str, path: Path) -> None:
    register = create_register(sqlite_url)
    with register.writing() as connection:
        fingerprints.keep_key(connection, IdentityKey(bytes(32)))
    with pytest.raises(Refused, match="not the one of this register"):
        rotate(path, register)


def test_a_register_from_before_a_rotation_is_brought_up_by_the_next(
    sqlite_url: str, path: Path
) -> None:
    register = create_register(sqlite_url)
    fill(register)
    rotate(path, None)
    with pytest.raises(Refused, match=r"not the one of this register|replaced after"):
        fingerprints.check_key(register, open_identity(path, **ANNA))
    assert rotate(path, register) == 8
    fingerprints.check_key(register, open_identity(path, **ANNA))


# -- the key file ----------------------------------------------------------------------------------


def test_the_others_lose_their_slots_and_are_given_new_ones(path: Path) -> None:
    add_user(path, **ANNA, new=CARL, levels=["steward"])
    lost = rotation.begin_rotation(path, **ANNA, secret="identity")
    assert lost == [Holder("carl", "identity", "steward")]
    rotation.finish_rotation(path, None, **ANNA)
    with pytest.raises(WrongPassword, match="no slot"):
        open_identity(path, user=CARL[0], password=CARL[1])
    add_user(path, **ANNA, new=CARL, levels=["steward"])
    key = open_identity(path, user=CARL[0], password=CARL[1])
    assert (key.secret, key.earlier) == (open_identity(path, **ANNA).secret, (IDENTITY.secret,))
    assert key.level.name == "steward"


def test_only_the_greatest_level_replaces_a_secret(path: Path) -> None:
    add_user(path, **ANNA, new=CARL, levels=["steward"])
    carl = {"user": CARL[0], "password": CARL[1]}
    with pytest.raises(Refused, match="needs the level privacy_officer for this; ask anna"):
        rotation.begin_rotation(path, **carl, secret="identity")
    with pytest.raises(Refused, match="needs the level publisher for this; ask anna, bertta"):
        rotation.begin_rotation(path, **carl, secret="pseudonym")
    with pytest.raises(WrongPassword):
        rotation.begin_rotation(path, user="anna", password=CARL[1], secret="identity")
    with pytest.raises(UsageError, match="no such secret"):
        rotation.begin_rotation(path, **ANNA, secret="master")
    with pytest.raises(UsageError, match="nothing is being replaced"):
        rotation.finish_rotation(path, None, **ANNA)


@pytest.mark.parametrize("part", ["earlier", "rotation", "secret of another"])
def test_a_key_file_that_lost_an_earlier_secret_is_damaged(path: Path, part: str) -> None:
    rotate(path, None)
    content = json.loads(path.read_text())
    if part == "earlier":
        del content["earlier"]
    elif part == "rotation":
        for slot in content["slots"]:
            slot.pop("rotation", None)
    else:
        content["earlier"] = content["earlier"][:-8] + "AAAAAAA="
    path.write_text(json.dumps(content))
    with pytest.raises(GenlibError, match="changed"):
        open_identity(path, **ANNA)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("earlier", 7),
        ("earlier", "?"),
        ("rotating", "master"),
        ("rotating", 7),
        ("former", {"master": []}),
        ("former", {"identity": ["AA=="]}),
        ("former", [1]),
    ],
)
def test_what_no_rotation_wrote_is_no_key_file(path: Path, name: str, value: object) -> None:
    content = json.loads(path.read_text()) | {name: value}
    path.write_text(json.dumps(content))
    with pytest.raises(BadInput, match="is not a key file"):
        open_identity(path, **ANNA)


# -- pseudonyms ------------------------------------------------------------------------------------


def test_another_pseudonym_key_begins_a_new_epoch(path: Path, tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.people(6)
    before = small.publish()
    assert rotate(path, small.register, "pseudonym") == 0
    key = open_pseudonym(path, **ANNA)
    names = pseudonyms(pl.Series([7]), key, purpose="satisfaction", epoch=key.find_epoch(1))
    assert names.item().startswith("sa2-")
    old = before["customer"].collect()["pseudonym"]
    assert reidentify(old, key, purpose="customer_analysis", epoch=key.find_epoch(1))[1].all()
    with pytest.raises(Refused, match="not the one of this register"):
        small.publish()
    made = publish(
        "customer_analysis",
        small.register,
        key,
        notice=notices.load(),
        releases=tmp_path / "releases",
        common=tmp_path,
        now=SMALL_NOW,
        time_zone=ZONE,
    )
    assert (before.manifest.key_epoch, made.key_epoch) == (1, 2)
    first = Release(tmp_path / "releases/customer_analysis" / made.release_id, made)["customer"]
    assert first.collect()["pseudonym"].str.starts_with("ca2-").all()
