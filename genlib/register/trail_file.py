"""The audit trail as a file of JSON lines, which is checked without the register.

Example: two events are three lines, in this order: event 1 with its digest, event 2 with its
digest, and `{"events": 2, "head": "b2…"}`. Whoever cuts the file off would have to write that last
line anew; the anchor, or the head as it was told when the file was made, finds this too.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from genlib.atomic import replacing
from genlib.errors import GenlibError, UsageError
from genlib.register.audit import read_entries
from genlib.register.chain import FIELDS, START, Anchor, Head, check_chain, follow
from genlib.register.database import Register

COLUMNS = {*FIELDS, "digest"}


def export_trail(register: Register, path: Path) -> Head:
    """Write the whole trail to a new file for its owner only; its head. GenlibError if an event was
    changed or removed, and UsageError if the file is there already."""
    check_new(path)
    head = START
    with replacing(path) as file:
        for entry in read_entries(register):
            head = follow(head, entry)
            file.write(write_entry(entry))
        file.write(write_end(head))
    return head


def check_new(path: Path) -> None:
    """UsageError if there is such a file: an export replaces nothing."""
    if path.exists():
        raise UsageError(f"{path} is there already; name another file")


def check_file(path: Path, anchor: Anchor | None = None) -> Head:
    """The head of an exported trail, if it is whole: `check_lines`."""
    try:
        with path.open("rb") as file:
            return check_lines(file, anchor)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})") from None


def check_lines(
    lines: Iterable[bytes], anchor: Anchor | None = None, *, unfinished: int = 0
) -> Head:
    """The head that the lines of an export end with, if each is as it was written and the chain
    holds; GenlibError names the first event that is not. The anchor
    is one of that time, which lacks no more than `unfinished` events and knows of no later one."""
    reader = _Lines()
    head = check_chain(reader.read(lines), anchor, unfinished=unfinished)
    if reader.end != write_end(head):
        raise GenlibError(f"the audit trail in this file is cut off after event {head.number}")
    return head


def write_entry(entry: Mapping[Any, Any]) -> bytes:
    """An event with its digest, as a line."""
    at = entry["at"].astimezone(dt.UTC).isoformat()
    fields = {name: entry[name] for name in FIELDS} | {"at": at, "digest": entry["digest"].hex()}
    return _write(fields)


def write_end(head: Head) -> bytes:
    """The last line."""
    return _write({"events": head.number, "head": head.digest.hex()})


class _Lines:
    """Lines as entries, one after another; `end` is the last line once all are read."""

    def __init__(self) -> None:
        self.end = b""

    def read(self, lines: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
        number = 0
        for line in lines:
            if self.end:
                number += 1
                yield _read(self.end, number)
            self.end = line


def _read(line: bytes, number: int) -> Mapping[str, Any]:
    """The entry of a line; GenlibError unless writing it anew gives the same bytes."""
    try:
        entry = json.loads(line)
        digest = bytes.fromhex(entry["digest"])
        is_plain = digest.hex() == entry["digest"]  # fromhex reads capitals and spaces, too
        if is_plain and _write(entry) == line and entry.keys() == COLUMNS:
            return {**entry, "digest": digest}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        pass
    raise GenlibError(f"the audit trail in this file is broken at event {number}")


def _write(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True).encode() + b"\n"
