"""Whatever is changed in the trail, in an export of it or in its anchor is found."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genlib.errors import GenlibError, UsageError
from genlib.register import audit
from genlib.register.chain import START, Anchor, Head, append_heads, digest_event
from genlib.register.database import Register, create_register
from genlib.register.trail_file import check_file, check_lines, export_trail
from genlib.register.vault import IdentityKey

KEY = IdentityKey(bytes(range(32)))
EVENTS = 8
Trail = tuple[list[bytes], bytes]
"""The lines of an export, and the content of the anchor."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Register:
    """Events that differ in everything."""
    folder = tmp_path_factory.mktemp("trail")
    register = create_register(f"sqlite:///{folder}/register.sqlite")
    for number in range(EVENTS):
        audit.record(
            register,
            KEY,
            user=f"user{number % 3}",
            purpose="customer_relationship",
            action=f"act {number % 4}",
            people=number,
            subjects=[number, number + 1] if number % 2 else None,
            detail={"request": number, "word": "ä"} if number % 3 else None,
        )
    return register


@pytest.fixture(scope="module")
def trail(kept: Register, tmp_path_factory: pytest.TempPathFactory) -> Trail:
    file = tmp_path_factory.mktemp("export") / "trail.jsonl"
    export_trail(kept, file)
    return file.read_bytes().splitlines(keepends=True), audit.anchor_path(kept).read_bytes()


def check(trail: Trail) -> Head:
    return check_lines(trail[0], Anchor(trail[1]))


def is_found(trail: Trail) -> bool:
    try:
        check(trail)
    except GenlibError:
        return True
    return False


def rewrite(entries: list[dict[str, Any]]) -> list[bytes]:
    """The lines that somebody writes who knows how the chain is made: all numbers and digests are
    made anew."""
    digest = START.digest
    lines = []
    for number, entry in enumerate(entries, 1):
        fresh = entry | {"id": number}
        digest = digest_event(digest, fresh)
        lines.append(json.dumps(fresh | {"digest": digest.hex()}, sort_keys=True).encode() + b"\n")
    end = {"events": len(entries), "head": digest.hex()}
    return [*lines, json.dumps(end, sort_keys=True).encode() + b"\n"]


def flip(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content)
    changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def flip_in_trail(trail: Trail, draw: random.Random) -> Trail:
    lines = list(trail[0])
    at = draw.randrange(len(lines))
    lines[at] = flip(lines[at], draw)
    return lines, trail[1]


def flip_in_anchor(trail: Trail, draw: random.Random) -> Trail:
    return trail[0], flip(trail[1], draw)


def shuffle(rows: list[Any], draw: random.Random) -> list[Any]:
    """The rows after one was removed, moved, repeated or all from one on were cut off or repeated:
    whatever can be done without changing one."""
    at, other = draw.randrange(len(rows)), draw.randrange(len(rows))
    kind = draw.randrange(5)
    if kind == 0:
        return rows[:at] + rows[at + 1 :]
    if kind == 1:
        rest = rows[:at] + rows[at + 1 :]
        return [*rest[:other], rows[at], *rest[other:]]
    if kind == 2:
        return [*rows[:other], rows[at], *rows[other:]]
    if kind == 3:
        return rows[:at]
    return rows + rows[at:]


def shuffle_lines(trail: Trail, draw: random.Random) -> Trail:
    return shuffle(trail[0], draw), trail[1]


def shuffle_events(trail: Trail, draw: random.Random) -> Trail:
    return rewrite(shuffle([json.loads(line) for line in trail[0][:-1]], draw)), trail[1]


def shuffle_anchor(trail: Trail, draw: random.Random) -> Trail:
    return trail[0], b"".join(shuffle(trail[1].splitlines(keepends=True), draw))


def move_value(trail: Trail, draw: random.Random) -> Trail:
    """A field of one event as another has it (swapped subjects, too), or nothing; with digests made
    anew or not."""
    entries = [json.loads(line) for line in trail[0][:-1]]
    name = draw.choice(("at", "user", "purpose", "action", "people", "subjects", "detail"))
    one, other = draw.sample(entries, 2)
    one[name], other[name] = draw.choice(((other[name], one[name]), ("", other[name])))
    if draw.random() < 0.5:
        return rewrite(entries), trail[1]
    lines = [json.dumps(entry, sort_keys=True).encode() + b"\n" for entry in entries]
    return [*lines, trail[0][-1]], trail[1]


def end_lines_otherwise(trail: Trail, draw: random.Random) -> Trail:
    lines = trail[1].splitlines(keepends=True)
    at = draw.randrange(len(lines))
    lines[at] = draw.choice((b" ", b"+", b"0", b"")) + lines[at][:-1] + b"\r\n"
    return trail[0], b"".join(lines)


MUTATIONS: list[Callable[[Trail, random.Random], Trail]] = [
    flip_in_trail,
    flip_in_anchor,
    shuffle_lines,
    shuffle_events,
    shuffle_anchor,
    move_value,
    end_lines_otherwise,
]


def test_ten_thousand_changes_are_found(trail: Trail) -> None:
    assert check(trail).number == EVENTS
    draw = random.Random(20261129)  # noqa: S311 - draws changes, no secrets
    tried = 0
    while tried < 10_000:
        change = draw.choice(MUTATIONS)
        changed = change(trail, draw)
        if changed != trail:
            tried += 1
            assert is_found(changed), (change.__name__, tried)


def test_changes_of_the_table_itself_are_found(kept: Register) -> None:
    draw = random.Random(7)  # noqa: S311 - draws changes, no secrets
    database = sqlite3.connect(str(kept.engine.url.database), isolation_level=None)
    columns = ("id", "at", "user", "purpose", "action", "people", "subjects", "detail", "digest")
    for _ in range(60):
        row, name = draw.randint(1, EVENTS), draw.choice(columns)
        chosen = f'SELECT "{name}" FROM audit_event WHERE id = ?'  # noqa: S608 - our columns
        (before,) = database.execute(chosen, [row]).fetchone()
        after = change_value(before, draw)
        number = after if name == "id" else row
        change = f'UPDATE audit_event SET "{name}" = ? WHERE id = ?'  # noqa: S608 - our columns
        database.execute(change, [after, row])
        with pytest.raises(GenlibError, match="audit trail"):
            audit.verify(kept)
        database.execute(change, [before, number])
    database.close()
    assert audit.verify(kept) == EVENTS


def change_value(before: Any, draw: random.Random) -> Any:
    if before is None:
        return "x"
    if isinstance(before, int):
        return before ^ (1 << draw.randrange(5, 40))
    if isinstance(before, bytes):
        return flip(before, draw)
    return flip(before.encode(), draw).decode("latin-1")


def test_a_line_torn_by_a_crash_is_no_fault_and_is_finished(tmp_path: Path, trail: Trail) -> None:
    path = tmp_path / "anchor"
    whole = trail[1].splitlines(keepends=True)
    heads = [Head(n, bytes.fromhex(line.split()[1].decode())) for n, line in enumerate(whole, 1)]
    for size in range(len(whole[-1])):
        path.write_bytes(b"".join(whole[:-1]) + whole[-1][:size])
        torn = Anchor(path.read_bytes())
        assert check_lines(trail[0], torn, unfinished=1).number == EVENTS
        append_heads(path, heads)
        assert check((trail[0], path.read_bytes())).number == EVENTS
        assert path.read_bytes().endswith(b"\n" + whole[-1])


def test_empty_lines_of_an_earlier_version_tell_nothing(trail: Trail) -> None:
    assert check((trail[0], b"\n" + trail[1].replace(b"\n", b"\n\n"))).number == EVENTS


def test_an_export_without_an_anchor_holds_by_itself(trail: Trail, tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"
    file.write_bytes(b"".join(trail[0]))
    assert check_file(file).number == EVENTS
    file.write_bytes(b"".join(trail[0][:-1]))
    with pytest.raises(GenlibError, match="cut off after event 7"):
        check_file(file)
    with pytest.raises(UsageError, match="cannot be read"):
        check_file(tmp_path / "none")


def test_an_export_replaces_nothing(kept: Register, tmp_path: Path) -> None:
    (tmp_path / "trail.jsonl").write_text("kept")
    with pytest.raises(UsageError, match="name another file"):
        export_trail(kept, tmp_path / "trail.jsonl")
    assert (tmp_path / "trail.jsonl").read_text() == "kept"
