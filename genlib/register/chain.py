"""The hash chain of the audit trail and its anchor: a digest for each event, made of the digest
before it and the event, and a file that keeps the digests outside the database.

Example: three events with the digests a1…, b2… and c3… have the anchor

    1 a1…
    2 b2…
    3 c3…

Whoever changes event 2 changes its digest and c3… with it; whoever takes event 3 away leaves a line
too many. The anchor is only ever appended to: a line that a crash tore stays, and the whole line
follows it. Empty lines tell nothing (earlier versions wrote them).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from genlib.errors import GenlibError
from genlib.private import OWNER, make_home

FIELDS = ("id", "at", "user", "purpose", "action", "people", "subjects", "detail")
UNFINISHED = 4
"""Events that one transaction may tell, so by how many a crash may leave the anchor behind."""
LINE = re.compile(rb"^(\d{1,18}) ([0-9a-f]{64})$", re.MULTILINE)
TAIL = 4_096
"""Bytes at the end of an anchor that hold its last whole line, whatever a crash left behind it."""


@dataclass(frozen=True)
class Head:
    """The last event of a chain, by its number and digest."""

    number: int
    digest: bytes

    @property
    def line(self) -> bytes:
        """How the anchor has it, without the line's end."""
        return f"{self.number} {self.digest.hex()}".encode()


START = Head(0, bytes(32))
"""Before the first event."""


def digest_event(before: bytes, event: Mapping[Any, Any]) -> bytes:
    """SHA-256 over the digest before and the event's fields as a JSON list; `at` is an instant, or
    its text in UTC."""
    at = event["at"]
    text = at if isinstance(at, str) else at.astimezone(dt.UTC).isoformat()
    fields = [text if name == "at" else event[name] for name in FIELDS]
    return hashlib.sha256(before + json.dumps(fields).encode()).digest()


def follow(before: Head, entry: Mapping[Any, Any]) -> Head:
    """The head after this entry (an event with its digest); GenlibError if it is not the one that
    was written after `before`."""
    number = before.number + 1
    try:
        digest = digest_event(before.digest, entry)
        is_next = (entry["id"], entry["digest"]) == (number, digest)
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError):
        is_next = False  # a field of another type than was ever written
    if not is_next:
        raise GenlibError(
            f"the audit trail is broken at event {number}: it was changed, or one before it was "
            "removed"
        )
    return Head(number, digest)


@dataclass
class Anchor:
    """The lines of an anchor, met one after another along the chain. `content` is None where the
    file is missing."""

    content: bytes | None
    lines: list[bytes] = field(init=False)
    position: int = 0
    missing: int = 0
    """Events that have no line, all at the end."""

    def __post_init__(self) -> None:
        self.lines = [line for line in (self.content or b"").split(b"\n") if line]

    def meet(self, head: Head) -> None:
        """Go past the line of this event, and what a crash left of it before; GenlibError if
        another line stands there."""
        line = head.line
        while self._next and self._next != line and line.startswith(self._next):
            self.position += 1
        if not self._next:
            self.missing += 1
        elif self._next == line and not self.missing:
            self.position += 1
        else:
            raise GenlibError(
                f"the audit trail is broken at event {head.number}: it, one before it, or the line "
                "of the anchor was changed"
            )

    def finish(self, head: Head, unfinished: int | None) -> None:
        """GenlibError if the anchor knows more than the chain has, or lacks more events than
        `unfinished` (None: any number)."""
        if rest := self.lines[self.position :]:
            numbers = [int(one[1]) for one in map(LINE.fullmatch, rest) if one]
            if max(numbers, default=0) <= head.number:
                raise GenlibError(
                    f"the anchor of the audit trail was changed after event {head.number}; put the "
                    "file back"
                )
            raise GenlibError(
                f"the audit trail is cut off after event {head.number}: the anchor knows "
                f"{max(numbers)} events"
            )
        if head.number and self.content is None:
            raise GenlibError(
                "the anchor of the audit trail is missing, so a cut-off trail could not be told; "
                "put the file back"
            )
        if unfinished is not None and self.missing > unfinished:
            raise GenlibError(
                f"the anchor of the audit trail lacks the last {self.missing} events; put the file "
                "back"
            )

    @property
    def _next(self) -> bytes:
        """The line that is met next; empty at the end."""
        return self.lines[self.position] if self.position < len(self.lines) else b""


def check_chain(
    entries: Iterable[Mapping[Any, Any]],
    anchor: Anchor | None = None,
    *,
    unfinished: int | None = UNFINISHED,
) -> Head:
    """The head of the chain, if no entry was changed, removed, moved or added and the anchor, if
    one is given, tells the same; GenlibError names the first event that is not as it was."""
    head = START
    for entry in entries:
        head = follow(head, entry)
        if anchor:
            anchor.meet(head)
    if anchor:
        anchor.finish(head, unfinished)
    return head


def read_anchor(path: Path) -> Anchor:
    """The anchor at `path`, which may be missing."""
    try:
        return Anchor(path.read_bytes())
    except FileNotFoundError:
        return Anchor(None)


def read_last(path: Path) -> Head | None:
    """The last whole line of the anchor; START if it has none, None if there is no file."""
    try:
        with path.open("rb") as file:
            return _read_last(file)
    except FileNotFoundError:
        return None


def append_heads(path: Path, heads: Sequence[Head]) -> None:
    """Append the lines of these heads that the anchor does not have yet, durably, and make the
    file if there is none. One writer at a time; the first closes a line that a crash tore."""
    make_home(path.parent)
    with open(path, "a+b", buffering=0, opener=partial(os.open, mode=OWNER.file)) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if _is_torn(file):
            file.write(b"\n")
        last = _read_last(file)
        lines = [head.line + b"\n" for head in heads if head.number > last.number]
        file.write(b"".join(lines))
        os.fsync(file.fileno())


def _is_torn(file: BinaryIO) -> bool:
    """Whether the last line has no end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 1))
    return file.read(1) not in (b"", b"\n")


def _read_last(file: BinaryIO) -> Head:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - TAIL))
    tail = file.read()
    whole = tail[: tail.rfind(b"\n") + 1]
    if size > TAIL:
        whole = whole[whole.find(b"\n") + 1 :]
    lines = LINE.findall(whole)
    return Head(int(lines[-1][0]), bytes.fromhex(lines[-1][1].decode())) if lines else START
