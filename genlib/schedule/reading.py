"""Reading `data/schedule.toml`: every fault with its line and what to do.

Example: `languages = ["fr"]` in the second [[report]] gives "schedule.toml line 14: languages are
fi, sv and en".
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from genlib.errors import BadInput, UsageError
from genlib.schedule.plan import Delivery, Entry, Plan, Source
from genlib.settings import Settings

SECTIONS = {"delivery", "sources", "report"}
WORDS = {
    "str": "a text",
    "int": "a whole number",
    "bool": "true or false",
    "dt.date": "a date without quotes: 2026-11-01",
    "tuple[str, ...]": "a list of texts",
    "Mapping[str, tuple[str, ...]]": 'a table of lists of texts: { fi = ["..."] }',
    "Mapping[str, Any]": "a table of names and values",
}


@dataclass(frozen=True)
class Fault:
    """What is wrong, on which line of the file (0: none), and what to do."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.line else self.text


def find_plan(settings: Settings) -> Path:
    """Where the schedule lies."""
    return settings.schedule or settings.data / "schedule.toml"


def load_plan(settings: Settings) -> Plan:
    """The schedule of the settings; UsageError if there is none, BadInput with the first fault."""
    from genlib.schedule.checking import find_faults

    path = find_plan(settings)
    plan, faults = read_plan(path)
    faults = faults or list(find_faults(plan, path, settings))
    if faults:
        more = f" (and {len(faults) - 1} more: genlib schedule check)" if faults[1:] else ""
        raise BadInput(f"{path.name} {faults[0]}{more}")
    return plan


def read_plan(path: Path) -> tuple[Plan, list[Fault]]:
    """What the file says, with what in it is of the wrong form; such an entry is left out."""
    text = _read_text(path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path.name} is not TOML: {error}") from None
    places = Places(text)
    faults = [
        Fault(places.find(name), f"there is no section {name}; there are delivery, sources, report")
        for name in sorted(raw.keys() - SECTIONS)
    ]
    reader = _Reader(places, faults)
    return reader.read(raw, path.parent), faults


class Places:
    """On which line an entry of a TOML file begins."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, int] = {}
        section = ""
        counts: dict[str, int] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if header := re.match(r"\s*\[\[\s*([\w.-]+)\s*\]\]", line):
                count = counts.get(header[1], 0)
                counts[header[1]] = count + 1
                section = f"{header[1]}.{count}"
                self._lines[section] = number
            elif header := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
                section = self._name_inner(header[1], counts)
                self._lines.setdefault(section, number)
            elif key := re.match(r"\s*([\w.-]+)\s*=", line):
                name = f"{section}.{key[1]}" if section else key[1]
                self._lines.setdefault(name, number)

    @staticmethod
    def _name_inner(header: str, counts: Mapping[str, int]) -> str:
        """[report.parameters] belongs to the last [[report]]."""
        first, _, rest = header.partition(".")
        return f"{first}.{counts[first] - 1}.{rest}" if first in counts and rest else header

    def find(self, name: str) -> int:
        """The line of an entry, or of what it stands in; 0 if neither is there."""
        while name:
            if name in self._lines:
                return self._lines[name]
            name = name.rpartition(".")[0]
        return 0


class _Reader:
    def __init__(self, places: Places, faults: list[Fault]) -> None:
        self.places = places
        self.faults = faults

    def read(self, raw: Mapping[str, Any], folder: Path) -> Plan:
        entries = raw.get("report", [])
        if not isinstance(entries, list):
            self._tell("report", "write each report as [[report]]")
            entries = []
        read = [self._build(Entry, f"report.{number}", one) for number, one in enumerate(entries)]
        sources = {
            name: self._build(Source, f"sources.{name}", one)
            for name, one in self._table("sources", raw.get("sources", {})).items()
        }
        delivery = self._build(Delivery, "delivery", raw["delivery"]) if "delivery" in raw else None
        return Plan(
            tuple(entry for entry in read if entry is not None),
            {name: source for name, source in sources.items() if source is not None},
            delivery,
            folder,
        )

    def _table(self, where: str, value: Any) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self._tell(where, f"{where} is a table of names and values")
        return {}

    def _build(self, kind: Any, where: str, raw: Any) -> Any:
        """A frozen value of a section; None if something in it is wrong."""
        before = len(self.faults)
        section = self._table(where, raw)
        fields_by_name = {one.name: one for one in fields(kind)}
        for name in sorted(section.keys() - fields_by_name.keys()):
            self._tell(
                f"{where}.{name}", f"there is no {name}; there are {', '.join(fields_by_name)}"
            )
        for name, one in fields_by_name.items():
            is_needed = one.default is MISSING and one.default_factory is MISSING
            if is_needed and name not in section:
                self._tell(where, f"{name} is missing")
        values = {
            name: self._read_value(str(fields_by_name[name].type), f"{where}.{name}", section[name])
            for name in section.keys() & fields_by_name.keys()
        }
        return None if len(self.faults) > before else kind(**values)

    def _read_value(self, kind: str, where: str, value: Any) -> Any:
        read = _convert(kind, value)
        if read is None:
            self._tell(where, f"{where.rpartition('.')[2]} is {WORDS[kind]}")
        return read

    def _tell(self, where: str, text: str) -> None:
        self.faults.append(Fault(self.places.find(where), text))


def _convert(kind: str, value: Any) -> Any:
    """The value in its type; None if it is of another."""
    plain: Mapping[str, type] = {"str": str, "int": int, "bool": bool, "dt.date": dt.date}
    if kind in plain:
        return value if type(value) is plain[kind] else None
    if kind == "tuple[str, ...]":
        return _read_texts(value)
    if not isinstance(value, dict):
        return None
    if kind == "Mapping[str, Any]":
        return value
    lists = {name: _read_texts(one) for name, one in value.items()}
    return None if None in lists.values() else lists


def _read_texts(value: Any) -> tuple[str, ...] | None:
    is_texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return tuple(value) if is_texts else None


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"no schedule can be read at {path} ({error.strerror}); name it with GENLIB_SCHEDULE"
        ) from None
    except UnicodeDecodeError:
        raise BadInput(f"{path.name} is not in UTF-8") from None


def list_places(path: Path, plan: Plan) -> Iterator[tuple[Entry, str]]:
    """Each entry of a plan without faults, with the name of its place in the file."""
    for number, entry in enumerate(plan.entries):
        yield entry, f"report.{number}"
