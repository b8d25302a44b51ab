"""A CSV file as it stands on the disk, looked at before its rows are: what parts its cells, that
each record has all its cells, and each quotation mark its partner.

A stray quotation mark joins rows: `3;"Villa;00100` swallows every row up to the next mark. So the
records are counted here, byte by byte, and whoever reads the file holds his own count against it.
What stands between two marks is known only by its form, so a cell that holds the end of a row, a
line break and the beginning of another is refused as well (`seam`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genlib.errors import BadInput

CHUNK = 1 << 20
PIECE = 3 << 20
"""Bytes that are read as one frame, so that rows of many cells come fewer at a time."""
NEWLINE, RETURN, QUOTE, SPACE, TAB = b'\n\r" \t'
SEPARATORS = ",;\t"
WESTERN = frozenset("äöåÄÖÅéÉüÜšžŠŽ€–—‘’“”…°§´½\xa0".encode("cp1252"))
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int_]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Form:
    """What parts the cells of a file, how many cells its header has, how many records (blank lines
    too) follow the header, in which line the first of them begins, how many line breaks stand
    inside cells, and at which bytes its pieces end (`read_pieces`)."""

    separator: str
    width: int
    records: int
    first: int
    breaks: int
    pieces: tuple[int, ...]


def read_form(path: Path) -> Form:
    """The form of a CSV file. BadInput tells what is wrong with it and in which line."""
    state = path.stat()
    return _read_form(path, (state.st_ino, state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=64)
def _read_form(path: Path, _state: tuple[int, ...]) -> Form:
    """The form of a file in this state: a file is looked through once, and again if it changed."""
    separator = find_separator(path)
    records = _Records(path.name, separator)
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in chain(_chunks(path), [b""]):
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line = records.lines + chunk[: error.start].count(b"\n") + 1
            raise _wrong_encoding(path, chunk, line) from None
        records.add(np.frombuffer(chunk, np.uint8))
    return records.finish()


def read_pieces(path: Path, form: Form) -> Iterator[bytes]:
    """The file in pieces of whole records, the first with its header: a reader of the whole file
    reads ahead of whoever asks, and a large file takes more memory than a small one."""
    with path.open("rb") as file:
        if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            file.seek(0)
        begin = 0
        for end in form.pieces:
            yield file.read(end - begin)
            begin = end


def seam(fields: list[str], column: int, separator: str) -> str:
    """A regular expression for a cell of `column` that holds the end of a row, a line break and the
    beginning of the next row; `fields` are expressions for the cells of a row."""
    between = re.escape(separator)
    end_of_row = "".join(between + field for field in fields[column + 1 :])
    beginning = "".join(field + between for field in fields[:column])
    return rf"{end_of_row}\r?\n{beginning}"


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        first = file.read(CHUNK).removeprefix(codecs.BOM_UTF8)
        yield first
        while chunk := file.read(CHUNK):
            yield chunk


def find_separator(path: Path) -> str:
    """The comma, semicolon or tab that stands most often in the first line."""
    first = next(_chunks(path)).lstrip(b"\r\n")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in first[:100]:
        raise _refused(path.name, "in UTF-8: it looks like UTF-16; save it as CSV UTF-8")
    line = re.split(rb"[\r\n]", first, maxsplit=1)[0].decode("utf-8", "replace")
    if not line.strip():
        raise _refused(path.name, ": it is empty")
    if re.match(r'"?sep=', line):
        raise _refused(path.name, ": its first line is sep=; delete that line")
    return max(SEPARATORS, key=line.count)


def _refused(name: str, why: str) -> BadInput:
    return BadInput(f"{name} cannot be read as csv{'' if why[0] == ':' else ' '}{why}")


def _wrong_encoding(path: Path, chunk: bytes, line: int) -> BadInput:
    odd = frozenset(byte for byte in chunk if byte > 127)
    guess = "it looks like Windows-1252" if odd <= WESTERN else "its letters are in another code"
    return _refused(path.name, f"in UTF-8: {guess} (near line {line}); save it as CSV UTF-8")


@dataclass(frozen=True)
class _Ends:
    """Where records end in a piece of a file, and the line below each."""

    places: Places
    below: Places


class _Records:
    """The records of a file that comes in pieces."""

    def __init__(self, name: str, separator: str) -> None:
        self.name = name
        self.separator = separator
        self.before = NEWLINE  # the last byte so far
        self.inside = False  # whether a quotation is open
        self.cells = 1  # of the record that is open
        self.is_filled = False  # whether the record that is open holds anything
        self.is_begun = False  # whether it has any byte but a line end
        self.width = 0  # cells of the header
        self.records = 0  # whole ones, the header too
        self.lines = 0  # whole ones, with those that end inside a cell
        self.begun = 1  # the line in which the record that is open begins
        self.first = 1  # the line below the header
        self.breaks = 0  # line ends inside cells
        self.returns = 0  # carriage returns that are no part of a line end
        self.bytes = 0  # so far
        self.ends = [0]  # of pieces of whole records

    def add(self, data: Bytes) -> None:
        if not len(data):
            return
        is_inside = self._find_inside(data)
        breaks = np.flatnonzero(data == NEWLINE)
        is_end = ~is_inside[breaks]
        ends = breaks[is_end]
        self._check_quotes(data, is_inside, breaks)
        self._count_returns(data, is_inside)
        below = self.lines + 2 + np.flatnonzero(is_end)
        self._close_records(data, is_inside, _Ends(ends, below))
        if len(ends) and self.records:  # the first piece has the header
            self._end_piece(self.bytes + int(ends[-1]) + 1)
        self.bytes += len(data)
        self.lines += len(breaks)
        self.breaks += len(breaks) - len(ends)
        self.before = int(data[-1])
        self.inside = bool(is_inside[-1])

    def _end_piece(self, end: int) -> None:
        if end - self.ends[-1] >= PIECE:
            self.ends.append(end)

    def _find_inside(self, data: Bytes) -> Flags:
        """Whether a quotation is open after each byte. Most pieces have no mark."""
        quotes = data == QUOTE
        if not quotes.any():
            return np.full(len(data), self.inside)
        is_inside: Flags = np.logical_xor.accumulate(quotes) ^ self.inside
        return is_inside

    def _count_returns(self, data: Bytes, is_inside: Flags) -> None:
        """Count the carriage returns before this piece's bytes that are no part of a line end."""
        returns = np.flatnonzero((data[:-1] == RETURN) & ~is_inside[:-1])
        self.returns += int((data[returns + 1] != NEWLINE).sum())
        if self.before == RETURN and not self.inside and data[0] != NEWLINE:
            self.returns += 1

    def finish(self) -> Form:
        if self.inside:
            raise _refused(
                self.name, f": a quotation mark in or before line {self.begun} has no end"
            )
        if self.before == RETURN:
            self.returns += 1
        if self.returns and not self.records:
            hint = "its lines end in CR alone (old Mac); save it as CSV UTF-8 with CRLF or LF"
            raise _refused(self.name, f": {hint}")
        if self.is_begun:
            ends = _Ends(np.zeros(1, int), np.array([self.lines + 2]))
            self._close_records(np.array([NEWLINE], np.uint8), np.zeros(1, bool), ends)
        pieces = tuple(dict.fromkeys([*self.ends[1:], self.bytes]))
        return Form(self.separator, self.width, self.records - 1, self.first, self.breaks, pieces)

    def _check_quotes(self, data: Bytes, is_inside: Flags, breaks: Places) -> None:
        """A quotation fills its cell: it opens at the cell's beginning and closes at its end. A
        doubled mark inside closes and opens it again."""
        parting = ord(self.separator)
        quotes = np.flatnonzero(data == QUOTE)
        opens = quotes[is_inside[quotes]]
        previous = np.where(opens == 0, np.uint8(self.before), data[opens - 1])
        may_open = _is_one_of(previous, NEWLINE, QUOTE, parting)
        follows = quotes[~is_inside[quotes]] + 1
        if self.before == QUOTE and not self.inside:
            follows = np.append(follows, 0)
        follows = follows[follows < len(data)]
        may_follow = _is_one_of(data[follows], NEWLINE, RETURN, QUOTE, parting)
        wrong = np.sort(np.concatenate([opens[~may_open], follows[~may_follow]]))
        if len(wrong):
            line = self.lines + 1 + int(np.searchsorted(breaks, wrong[0]))
            raise _refused(
                self.name,
                f": a quotation mark in line {line} is not around a whole cell; double it inside "
                "one",
            )

    def _close_records(self, data: Bytes, is_inside: Flags, ends: _Ends) -> None:
        """Count the records that end here and look at their cells; the rest stays open."""
        is_parting = (data == ord(self.separator)) & ~is_inside
        cells = _count_by_record(is_parting, ends.places)
        cells[0] += self.cells - 1
        widths = cells[:-1] + 1
        is_regular = self.records > 0 and bool((widths == self.width).all())
        self.records += (
            len(widths) if is_regular else self._check_widths(data, is_parting, ends, widths)
        )
        has_end = bool(len(widths))
        self.begun = int(ends.below[-1]) if has_end else self.begun
        rest = slice(ends.places[-1] + 1 if has_end else 0, None)
        is_content = _find_content(data[rest], is_parting[rest]).any()
        is_byte = _find_bytes(data[rest]).any()
        self.cells = int(cells[-1]) + 1
        self.is_filled = bool(is_content or (self.is_filled and not has_end))
        self.is_begun = bool(is_byte or (self.is_begun and not has_end))

    def _check_widths(self, data: Bytes, is_parting: Flags, ends: _Ends, widths: Counts) -> int:
        """How many records end here; the first of a file, after lines of nothing, is its header,
        and only a record of nothing may have another width."""
        contents = _count_by_record(_find_content(data, is_parting), ends.places)[:-1]
        others = _count_by_record(_find_bytes(data), ends.places)[:-1]
        lines = np.append(self.begun, ends.below)
        contents[:1] += self.is_filled
        others[:1] += self.is_begun
        if len(widths) and not self.records:
            leading = int(np.argmax(others > 0)) if others.any() else len(widths)
            widths = widths[leading:]
            contents = contents[leading:]
            lines = lines[leading:]
            self.width = int(widths[0]) if len(widths) else 0
            self.first = int(lines[1]) if len(widths) else 1
        wrong = np.flatnonzero((widths != self.width) & (contents > 0))
        if len(wrong):
            line, count = int(lines[wrong[0]]), int(widths[wrong[0]])
            raise _refused(self.name, f": line {line} has {count} cells, the header {self.width}")
        return len(widths)


def _find_content(data: Bytes, is_parting: Flags) -> Flags:
    """Which bytes are of a cell that holds something."""
    is_blank: Flags = _is_one_of(data, NEWLINE, RETURN, QUOTE, SPACE, TAB) | is_parting
    return ~is_blank


def _find_bytes(data: Bytes) -> Flags:
    """Which bytes are no line end."""
    return ~_is_one_of(data, NEWLINE, RETURN)


def _is_one_of(data: Bytes, *characters: int) -> Flags:
    """By a table of all bytes, which is ten times as fast as `np.isin`."""
    table = np.zeros(256, bool)
    table[list(characters)] = True
    flags: Flags = table[data]
    return flags


def _count_by_record(flags: Flags, ends: Places) -> Counts:
    """How many flags stand before each end and after the one before; last, those after all ends."""
    places = np.flatnonzero(flags)
    at_ends = np.append(np.searchsorted(places, ends, side="right"), len(places))
    counts: Counts = np.diff(at_ends, prepend=0).astype(np.int64)
    return counts
