"""What holds rows or figures is its owner's only, whatever the umask, and never goes through a
symbolic link."""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from genlib.atomic import replacing
from genlib.errors import Refused, UsageError
from genlib.private import (
    GROUP,
    OWNER,
    OWNERS,
    SHARED,
    Access,
    keep_access,
    make_common,
    make_folder,
    open_lock,
    remove,
    write_file,
)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("access", [OWNER, GROUP])
def test_modes_do_not_depend_on_the_umask(umask: None, access: Access, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a" / "b", access)
    write_file(folder / "file", b"x", access)
    with replacing(folder / "replaced", access) as file:
        file.write(b"x")
    assert [mode(tmp_path / "a"), mode(folder)] == [access.folder, access.folder]
    assert [mode(folder / "file"), mode(folder / "replaced")] == [access.file, access.file]


def test_a_lock_is_its_owners_only(umask: None, tmp_path: Path) -> None:
    open_lock(tmp_path / ".lock").close()
    assert mode(tmp_path / ".lock") == OWNER.file


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o750)
    make_folder(tmp_path / "shared")
    assert mode(tmp_path / "shared") == 0o750


@pytest.mark.parametrize("target", ["there", "nowhere"])
def test_a_folder_that_is_a_link_is_refused_in_one_line(target: str, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / target)
    with pytest.raises(Refused, match="is a symbolic link") as refusal:
        make_folder(tmp_path / "link")
    assert "\n" not in str(refusal.value)


def test_a_lock_that_is_a_link_is_refused_and_its_target_stays(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / ".lock").symlink_to(tmp_path / "target")
    with pytest.raises(Refused, match="is a symbolic link"):
        open_lock(tmp_path / ".lock")
    assert (tmp_path / "target").read_text() == "mine"


def test_a_new_file_takes_no_others_place(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for name in ("target", "link"):
        with pytest.raises(FileExistsError):
            write_file(tmp_path / name, b"x")
    assert (tmp_path / "target").read_text() == "mine"


def test_a_file_where_a_folder_should_be_is_the_systems_to_tell(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError):
        make_folder(tmp_path / "file")


def test_removing_a_link_leaves_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    remove(tmp_path / "link")
    assert [path.name for path in tmp_path.rglob("*")] == ["there", "file"]
    remove(tmp_path / "there")
    assert list(tmp_path.iterdir()) == []


def find_other_group() -> str:
    """A group that this process may give a file to: not its first, if it may."""
    numbers = [one.gr_gid for one in grp.getgrall()] if os.geteuid() == 0 else os.getgroups()
    others = [number for number in numbers if number != os.getegid()]
    return grp.getgrgid((others or numbers)[0]).gr_name


def test_what_a_group_reads_belongs_to_it_whatever_the_umask(umask: None, tmp_path: Path) -> None:
    name = find_other_group()
    access = Access(0o750, 0o640, name)
    (tmp_path / "there").mkdir(mode=0o777)
    folder = make_folder(tmp_path / "there", access)
    write_file(folder / "file", b"x", access)
    with replacing(folder / "replaced", access) as file:
        file.write(b"x")
    inner = make_folder(folder / "inner", access)
    made = [folder, inner, folder / "file", folder / "replaced"]
    assert [mode(one) for one in made] == [0o750, 0o750, 0o640, 0o640]
    assert {one.group() for one in made} == {name}
    assert mode(make_folder(tmp_path / "above", access.passage)) == 0o711


def test_a_group_that_is_not_there_is_named(tmp_path: Path) -> None:
    access = Access(0o750, 0o640, "no-such-group")
    with pytest.raises(UsageError, match="names no-such-group, which is no group of this machine"):
        make_folder(tmp_path / "a", access)
    with pytest.raises(UsageError, match="names no-such-group"):
        write_file(tmp_path / "file", b"x", access)
    assert mode(tmp_path / "a") == 0o700
    assert (tmp_path / "file").read_bytes() == b""


def test_what_is_made_in_a_folder_that_a_group_shares_is_the_groups(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    assert make_common(shared / "alone") == OWNER
    shared.chmod(0o2770)
    assert make_common(shared / "rights" / "3") == SHARED
    for folder in ("rights", "rights/3"):
        assert stat.S_IMODE((shared / folder).stat().st_mode) == 0o2770
    assert make_common(shared / "alone") == OWNER


@pytest.mark.parametrize("inner", ["rights", "rights/3"])
def test_a_shared_folder_that_was_half_made_is_opened_to_its_group(
    inner: str, tmp_path: Path
) -> None:
    """Killed between making the folder, which has its group from the one above, and its mode."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o2770)
    (shared / "rights").mkdir(mode=SHARED.folder & OWNERS)
    assert mode(shared / "rights") == 0o2700
    assert make_common(shared / inner) == SHARED
    assert mode(shared / "rights") == mode(shared / inner) == 0o2770


@pytest.mark.parametrize(
    ("before", "after"), [(0o600, 0o600), (0o660, 0o660), (0o640, 0o640), (0o664, 0o600)]
)
def test_a_file_that_was_opened_to_a_group_alone_stays_open_to_it(
    tmp_path: Path, before: int, after: int
) -> None:
    path = tmp_path / "keys.json"
    write_file(path, b"")
    path.chmod(before)
    access = keep_access(path)
    assert access.file == after
    assert access.group == (path.group() if after != OWNER.file else "")


def test_a_file_of_a_group_that_is_not_its_owner_s_is_made_anew_for_the_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who owns the key file could add no slot to it any more."""
    path = tmp_path / "keys.json"
    write_file(path, b"")
    path.chmod(0o640)
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    monkeypatch.setattr(os, "getegid", lambda: path.stat().st_gid + 1)
    monkeypatch.setattr(os, "getgroups", list)
    assert keep_access(path) == OWNER


def test_a_new_file_is_its_owner_s(tmp_path: Path) -> None:
    assert keep_access(tmp_path / "none") == OWNER
