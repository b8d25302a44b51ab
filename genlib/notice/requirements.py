"""What the notice asks, requirement by requirement, and what satisfies each: a test that proves it,
an entry of the notice in use, or a duty of somebody of the company.

The list lies beside this module; a test of the project keeps its tests and the markers of the tests
together. Example: N1.1 wants `controller.street`; in a notice whose street is blank it is open.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from genlib.notice.terms import Notice

CLAUSES = {
    "N0": "the notice",
    "N1": "controller",
    "N2": "contact person",
    "N3": "name of the register",
    "N4": "grounds and purposes",
    "N5": "data content",
    "N6": "sources",
    "N7": "disclosure and transfer",
    "N8": "protection",
    "N9": "inspection",
    "N10": "correction",
    "N11": "consents and prohibitions",
}


@dataclass(frozen=True)
class Duty:
    """What no program can do: whose it is, and what."""

    whose: str
    what: str


@dataclass(frozen=True)
class Requirement:
    """A requirement of the notice: its sentence, and what satisfies it."""

    id: str
    text: str
    tests: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    duty: Duty | None = None

    @property
    def clause(self) -> str:
        return self.id.partition(".")[0]

    def find_missing(self, notice: Notice) -> list[str]:
        """The entries that the notice in use does not have."""
        return [path for path in self.values if _is_missing(look_up(notice, path))]

    def is_open(self, notice: Notice) -> bool:
        """Nothing satisfies it, or an entry is missing."""
        is_named = bool(self.tests or self.values or self.duty)
        return not is_named or bool(self.find_missing(notice))

    def tell_means(self, notice: Notice) -> Iterator[str]:
        """What satisfies it or is missing, a line each."""
        missing = self.find_missing(notice)
        for path in self.values:
            state = "missing in the notice" if path in missing else "value"
            yield f"{state}: {path}"
        for test in self.tests:
            yield f"test: {test}"
        if self.duty:
            yield f"duty of {self.duty.whose}: {self.duty.what}"
        if not (self.tests or self.values or self.duty):
            yield "open: nothing satisfies it yet"


@cache
def read_requirements() -> tuple[Requirement, ...]:
    """All requirements, in the order of the notice."""
    text = files("genlib.notice").joinpath("requirements.toml").read_text(encoding="utf-8")
    return build_requirements(tomllib.loads(text))


def build_requirements(raw: Mapping[str, Mapping[str, Any]]) -> tuple[Requirement, ...]:
    """The requirements of a parsed list."""
    requirements = []
    for name, entry in raw.items():
        duty = entry.get("duty")
        one = Requirement(
            name,
            entry["text"],
            tuple(entry.get("tests", ())),
            tuple(entry.get("values", ())),
            Duty(**duty) if duty else None,
        )
        requirements.append(one)
    return tuple(requirements)


def find_open(notice: Notice, requirements: Iterable[Requirement]) -> list[str]:
    """The ids that are open under this notice."""
    return [one.id for one in requirements if one.is_open(notice)]


def look_up(notice: Notice, path: str) -> Any:
    """The entry of the notice that a path of the file names, `purposes.billing` or
    `tables.customer.columns.phone`; None if there is none."""
    entry: Any = notice
    for step in re.sub(r"^tables\.(\w+)(\.columns)?", r"columns.\1", path).split("."):
        entry = entry.get(step) if isinstance(entry, Mapping) else getattr(entry, step, None)
    return entry


def _is_missing(value: Any) -> bool:
    """Not there, blank, or without entries; an empty list says that there are none."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, Mapping) and not value)
