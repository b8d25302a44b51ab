"""The file of a feed, `data/feeds/NAME.toml`, read into what it declares, and all its faults told
at once, each with its line.

Example: a feed that says `surname = "Last name"` of customers and `decimal = ";"`:
`line 9: table customer has no column surname; it has id, kind, …` and `line 4: decimal is . or ,`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from genlib.errors import BadInput, UsageError
from genlib.register.feeds.declaration import Database, Feed, Layout, Reference, TableFeed
from genlib.register.feeds.formats import Format
from genlib.settings import TIME_ZONE

Made = TypeVar("Made", Format, Layout, Reference, Database)


def load_feed(path: Path, *, time_zone: str = TIME_ZONE) -> Feed:
    """The feed of a file; UsageError if there is none, BadInput with the first fault and its line.
    `time_zone`: the company's, for instants of a feed that names none."""
    feed, faults = _read_feed(path, time_zone)
    if faults:
        more = f" (and {len(faults) - 1} more: genlib feed check)" if faults[1:] else ""
        raise BadInput(f"{faults[0]}{more}")
    return feed


def find_faults(path: Path) -> list[str]:
    """Every fault of a feed's file, with its line; UsageError if there is no such file."""
    _, faults = _read_feed(path, TIME_ZONE)
    return faults


def _read_feed(path: Path, time_zone: str) -> tuple[Feed, list[str]]:
    """What a file declares as far as it can be read, and its faults."""
    text = _read_text(path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path.name} is not TOML: {error}") from None
    reader = _Reader()
    feed = reader.build_feed(path.stem, raw, time_zone)
    faults = dict.fromkeys([*reader.faults, *feed.faults()])
    return feed, [f"{path.name}{_find_place(text, fault)}: {fault}" for fault in faults]


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"no feed can be read at {path} ({error.strerror})") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path.name} is not in UTF-8") from None


@dataclass
class _Reader:
    """Reads the sections of a feed. What cannot be read is a fault, and goes on as something that
    can, so that it makes no other faults."""

    faults: list[str] = field(default_factory=list)

    def build_feed(self, name: str, raw: Mapping[str, Any], time_zone: str) -> Feed:
        self.check_names("the feed", raw, {"source", "database", "format", "layout", "table"})
        shared = {part: self.read_section(raw, part) for part in ("format", "layout")}
        shared["format"] = {"time_zone": time_zone} | shared["format"]
        tables = [self.build_table(one, shared) for one in self.read_tables(raw)]
        database = None
        if "database" in raw:
            database = self.make(Database, "database", raw["database"], Database("UNREADABLE"))
        return Feed(name, self.read_text(raw, "source"), tuple(tables), database)

    def read_tables(self, raw: Mapping[str, Any]) -> list[dict[str, Any]]:
        value = raw.get("table", [])
        tables = value if isinstance(value, list) else [value]
        dicts = [one for one in tables if isinstance(one, dict)]
        if not isinstance(value, list) or len(dicts) < len(tables):
            self.faults.append("write each table of the source as [[table]]")
        return dicts

    def build_table(
        self, raw: Mapping[str, Any], shared: Mapping[str, dict[str, Any]]
    ) -> TableFeed:
        name = self.read_text(raw, "table")
        names = {one.name for one in fields(TableFeed)} - {"form"} | {"format"}
        self.check_names(f"table {name}", raw, names)
        values = self.read_section(raw, "values")
        references = self.read_section(raw, "references")
        form = shared["format"] | self.read_section(raw, "format")
        layout = shared["layout"] | self.read_section(raw, "layout")
        return TableFeed(
            table=name,
            key=self.read_names(raw, "key", may_be_one=True),
            match=self.read_names(raw, "match"),
            master=self.read_names(raw, "master"),
            file=self.read_text(raw, "file"),
            query=self.read_text(raw, "query"),
            columns=self.read_texts(raw, "columns"),
            values={column: self.read_texts(values, column) for column in values},
            constants=self.read_texts(raw, "constants"),
            references={column: self.read_reference(one) for column, one in references.items()},
            answers=self.read_texts(raw, "answers"),
            where=self.read_text(raw, "where"),
            updated_at=self.read_text(raw, "updated_at"),
            open_amount=self.read_text(raw, "open_amount"),
            form=self.make(Format, "format", form, Format()),
            layout=self.make(Layout, "layout", layout, Layout()),
        )

    def read_reference(self, raw: Any) -> Reference:
        if isinstance(raw, str):
            return Reference(raw)
        return self.make(Reference, "references", raw, Reference(""))

    def make(self, kind: type[Made], section: str, raw: Any, otherwise: Made) -> Made:
        """A frozen value of a section, its texts, numbers and lists checked by the types it has."""
        if not isinstance(raw, dict):
            self.faults.append(f"{section} is a table of names and values")
            return otherwise
        types = {one.name: str(one.type) for one in fields(kind)}
        self.check_names(section, raw, set(types))
        values = {name: value for name, value in raw.items() if name in types}
        wrong = [name for name, value in values.items() if not _is_of(value, types[name])]
        for name in wrong:
            wanted = "list" if types[name].startswith("tuple") else types[name]
            self.faults.append(f"{section}.{name} is a {wanted}")
        if kind is Reference and "column" not in values:
            self.faults.append("a reference needs its column")
            return otherwise
        lists = {name: tuple(map(str, v)) for name, v in values.items() if isinstance(v, list)}
        try:
            return otherwise if wrong else kind(**(values | lists))
        except BadInput as error:
            self.faults.append(str(error))
            return otherwise

    def check_names(self, where: str, raw: Mapping[str, Any], allowed: set[str]) -> None:
        names = ", ".join(sorted(allowed))
        unknown = [name for name in raw if name not in allowed]
        self.faults.extend(f"{where} has no {name}; it has {names}" for name in unknown)

    def read_section(self, raw: Mapping[str, Any], name: str) -> dict[str, Any]:
        section = raw.get(name, {})
        if isinstance(section, dict):
            return section
        self.faults.append(f"{name} is a table of names and values")
        return {}

    def read_texts(self, raw: Mapping[str, Any], name: str) -> dict[str, str]:
        section = self.read_section(raw, name)
        if not all(isinstance(value, str) for value in section.values()):
            self.faults.append(f"{name} holds texts only")
        return {key: str(value) for key, value in section.items()}

    def read_names(
        self, raw: Mapping[str, Any], name: str, *, may_be_one: bool = False
    ) -> tuple[str, ...]:
        value = raw.get(name, [])
        if may_be_one and isinstance(value, str):
            return (value,)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        self.faults.append(f"{name} is a list of names")
        return ()

    def read_text(self, raw: Mapping[str, Any], name: str) -> str:
        value = raw.get(name, "")
        if not isinstance(value, str):
            self.faults.append(f"{name} is a text")
        return str(value)


def _is_of(value: Any, wanted: str) -> bool:
    """Whether a value of TOML is of a field's type."""
    return isinstance(value, list) if wanted.startswith("tuple") else type(value).__name__ == wanted


def _find_place(text: str, fault: str) -> str:
    """` line N`, of the last word of the fault that stands in the file."""
    lines = text.splitlines()
    for word in reversed(re.findall(r"[A-Za-z_]{3,}", fault.partition(";")[0])):
        for number, line in enumerate(lines, start=1):
            if re.search(rf"\b{word}\b", line.partition("#")[0]):
                return f" line {number}"
    return ""
