"""A file is there whole or not at all, and what killed writers left beside it goes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from genlib.atomic import replacing

WRITE_AND_WAIT = """
import sys, time
from pathlib import Path
from genlib.atomic import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    time.sleep(600)
"""


def drafts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def writer(path: Path) -> subprocess.Popen[str]:
    """Another process in the middle of writing `path`."""
    command = [sys.executable, "-c", WRITE_AND_WAIT, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "writing\n"
    return process


def test_a_draft_of_a_killed_writer_is_swept_by_the_next_of_its_folder(tmp_path: Path) -> None:
    with writer(tmp_path / "customer.csv") as killed:
        killed.kill()
    assert len(drafts(tmp_path)) == 1
    with replacing(tmp_path / "invoice.csv") as file:
        file.write(b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["invoice.csv"]


def test_a_draft_that_somebody_writes_to_stays(tmp_path: Path) -> None:
    with writer(tmp_path / "customer.csv") as living:
        with replacing(tmp_path / "customer.csv") as file:
            file.write(b"whole")
        assert len(drafts(tmp_path)) == 1
        living.kill()
    assert (tmp_path / "customer.csv").read_bytes() == b"whole"


@pytest.mark.parametrize("left", [".keys.json.x8_3k2ab", ".keys.json.0a1b2c"])
def test_a_draft_of_an_earlier_version_is_swept(left: str, tmp_path: Path) -> None:
    (tmp_path / left).write_text("half")
    with replacing(tmp_path / "keys.json") as file:
        file.write(b"whole")
    assert drafts(tmp_path) == []


@pytest.mark.parametrize("name", [".bashrc", ".keys.json", ".keys.json.old", ".other.x8_3k2ab"])
def test_files_that_are_no_drafts_of_it_stay(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    with replacing(tmp_path / "keys.json") as file:
        file.write(b"whole")
    assert drafts(tmp_path) == [name]


def test_a_link_that_looks_like_a_draft_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / ".keys.json.x8_3k2ab").symlink_to(tmp_path / "target")
    with replacing(tmp_path / "keys.json") as file:
        file.write(b"whole")
    assert (tmp_path / "target").read_text() == "mine"


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "list.csv").symlink_to(tmp_path / "target")
    with replacing(tmp_path / "list.csv") as file:
        file.write(b"whole")
    assert (tmp_path / "target").read_text() == "mine"
    assert (tmp_path / "list.csv").read_bytes() == b"whole"


def test_a_block_that_fails_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("old")
    with pytest.raises(UnicodeEncodeError), replacing(tmp_path / "keys.json") as file:
        file.write("half\ud800".encode())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("keys.json", "old")]
