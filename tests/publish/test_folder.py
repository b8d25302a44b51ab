"""A reader sees a whole release or the one before it, whatever happens to the publisher."""

from __future__ import annotations

import grp
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small import KEY, NOW, ZONE, Small

from genlib import notice as notices
from genlib.errors import Refused
from genlib.private import Access
from genlib.publish import folder
from genlib.publish.writer import compute_digest, publish
from genlib.release import RELEASE_ID, Manifest

OLD, NEW = "2026-10-01T0400Z-aaaaaa", "2026-11-01T0400Z-bbbbbb"
PUBLISH_FOR_EVER = """
import datetime as dt, os, sys
from pathlib import Path
from genlib import notice
from genlib.publish.writer import publish
from genlib.register.database import open_register
from genlib.register.vault import PseudonymKey
for line in sys.stdin:
    minute, publisher = int(line), os.fork()
    if not publisher:
        break
    print(publisher, flush=True)
    os.waitpid(publisher, 0)
    print("dead", flush=True)
else:
    sys.exit()
home = Path(sys.argv[1])
register, terms = open_register(f"sqlite:///{home}/register.sqlite"), notice.load()
while True:
    minute += 1
    now = dt.datetime(2026, 11, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)
    key, places = PseudonymKey(bytes(range(1, 33))), {"releases": home / "releases", "common": home}
    publish("customer_analysis", register, key, notice=terms, now=now, time_zone="UTC", **places)
    print("published", flush=True)
"""
"""A process that has imported all it needs, and forks a publisher for each minute it is told."""


def release(home: Path, name: str, text: str = "x") -> Path:
    with folder.staged(home) as stage:
        (stage / "customer").mkdir()
        (stage / "customer" / "part-000.parquet").write_text(text)
        return folder.commit(stage, name)


def test_the_committed_release_is_current(tmp_path: Path) -> None:
    for name in (OLD, NEW):
        assert (release(tmp_path, name) / "customer" / "part-000.parquet").exists()
        assert (tmp_path / "current").read_text() == f"{name}\n"


def test_a_publisher_that_fails_leaves_nothing(tmp_path: Path) -> None:
    release(tmp_path, OLD)
    with pytest.raises(IsADirectoryError), folder.staged(tmp_path) as stage:
        stage.write_text("a folder is no file")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", OLD, "current"]


def test_leftovers_of_a_killed_run_are_cleaned(tmp_path: Path) -> None:
    (tmp_path / ".tmp-dead" / "customer").mkdir(parents=True)
    (tmp_path / ".tmp-pointer").write_text("x")
    release(tmp_path, OLD)
    assert not list(tmp_path.glob(".tmp-*"))


def test_leftovers_that_are_links_go_and_what_they_lead_to_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").write_text("x")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".tmp-dead").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "home" / ".tmp-gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "home" / OLD).symlink_to(tmp_path / "elsewhere")
    release(tmp_path / "home", NEW)
    assert folder.prune(tmp_path / "home", before="2026-10-02") == [OLD]
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == [".lock", NEW, "current"]
    assert (tmp_path / "elsewhere" / "mine").read_text() == "x"


def test_a_release_is_not_put_through_a_link_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / NEW).symlink_to(tmp_path / "elsewhere")
    assert not release(tmp_path / "home", NEW).is_symlink()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_one_publisher_at_a_time(tmp_path: Path) -> None:
    with (
        folder.staged(tmp_path),
        pytest.raises(Refused, match="is being published by another run"),
        folder.staged(tmp_path),
    ):
        pass


def test_the_same_release_twice_is_one(tmp_path: Path) -> None:
    release(tmp_path, OLD, "first")
    release(tmp_path, OLD, "second")
    assert (tmp_path / OLD / "customer" / "part-000.parquet").read_text() == "first"


@pytest.mark.parametrize(
    ("before", "gone"), [("2026-10-01T0400Z", []), ("2026-10-01T0401Z", [OLD]), ("2027", [OLD])]
)
def test_pruning_spares_the_young_and_the_current(
    tmp_path: Path, before: str, gone: list[str]
) -> None:
    release(tmp_path, OLD)
    release(tmp_path, NEW)
    assert folder.prune(tmp_path, before=before) == gone
    assert (tmp_path / OLD).exists() == (not gone)
    assert (tmp_path / NEW).exists()


def test_killed_at_any_instant_no_reader_sees_a_half_release(small: Small) -> None:
    """Publishing for ever in another process, killed without warning again and again, while we read
    what is current."""
    small.people(400)
    small.publish()
    home = small.home / "releases" / "customer_analysis"
    chance = random.Random(1)  # noqa: S311 - instants, not secrets
    seen = set()
    command = [sys.executable, "-c", PUBLISH_FOR_EVER, str(small.home)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, **pipes) as server:
        assert server.stdin
        assert server.stdout
        for attempt in range(12):
            print(attempt * 1000, file=server.stdin, flush=True)
            publisher = int(server.stdout.readline())
            assert server.stdout.readline() == "published\n"
            end = time.monotonic() + chance.uniform(0, 0.3)
            while time.monotonic() < end:
                seen.add(whole(home))
            os.kill(publisher, signal.SIGKILL)
            while server.stdout.readline() != "dead\n":
                pass
            seen.add(whole(home))
            assert all(
                (path / "manifest.json").exists()
                for path in home.iterdir()
                if RELEASE_ID.fullmatch(path.name)
            )
        server.stdin.close()
    assert len(seen) > 2  # it did publish between the kills
    small.publish(now=NOW)
    assert not list(home.glob(".tmp-*"))


def whole(home: Path) -> str:
    """The id of the current release, once its digest has been found true."""
    path = home / (home / "current").read_text().strip()
    manifest = Manifest.from_json((path / "manifest.json").read_text())
    assert compute_digest(path) == manifest.digest
    return manifest.release_id


def test_a_release_belongs_to_the_group_of_its_purpose(small: Small) -> None:
    name = grp.getgrgid(os.getegid()).gr_name
    access = Access(0o750, 0o640, name)
    before = os.umask(0o077)
    try:
        made = publish(
            "satisfaction",
            small.people(6).register,
            KEY,
            notice=notices.load(),
            releases=small.home / "releases",
            common=small.home,
            now=NOW,
            time_zone=ZONE,
            access=access,
        )
    finally:
        os.umask(before)
    home = small.home / "releases" / "satisfaction"
    modes = {
        path: stat.S_IMODE(path.stat().st_mode) for path in (home / made.release_id).rglob("*")
    }
    assert {modes[path] for path in modes if path.is_dir()} == {0o750}
    assert {modes[path] for path in modes if path.is_file()} == {0o640}
    assert {path.group() for path in modes} == {name}
    assert stat.S_IMODE(home.stat().st_mode) == 0o750
    assert stat.S_IMODE(home.parent.stat().st_mode) == 0o711
