"""The notice of a file: `load` refuses one that contradicts itself, `read` takes it for a check."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from genlib import settings
from genlib.errors import NoticeError, UsageError
from genlib.notice.building import build
from genlib.notice.lines import find_lines, in_one_line, locate_fault
from genlib.notice.terms import Notice, raise_first

DEFAULT = Path(__file__).resolve().parents[2] / "data" / "notice.toml"
__all__ = ["DEFAULT", "build", "load", "read"]


def load(path: Path | str | None = None) -> Notice:
    """The notice that the settings name, or that of `path`; UsageError if it is not there,
    NoticeError if it contradicts itself."""
    notice = read(path)
    raise_first(notice, notice.faults())
    return notice


def read(path: Path | str | None = None) -> Notice:
    """As `load`, but unchecked but for its form: for `genlib notice check`, which lists every
    fault."""
    place = Path(path or settings.load().notice)
    try:
        return _build_notice(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"no notice can be read at {place} ({error.strerror}); name it with GENLIB_NOTICE"
        ) from None
    except UnicodeDecodeError:
        raise NoticeError(f"the notice at {place} is not a text in UTF-8") from None


@lru_cache(maxsize=4)  # a report asks for it many times
def _build_notice(text: str) -> Notice:
    raw = _parse_text(text)
    lines = find_lines(text)
    try:
        return build(raw, lines)
    except NoticeError as error:
        raise NoticeError(locate_fault(str(error), lines)) from None


def _parse_text(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NoticeError(f"the notice is not TOML: {in_one_line(str(error))}") from None
    except (ValueError, RecursionError):  # a number of many digits, tables in tables in tables
        raise NoticeError("the notice is not TOML that can be read") from None
