"""On which line of the file an entry stands, so that a fault can say where to mend it.

Example: `anonymity.k must be at least 2` becomes `anonymity.k must be at least 2 (line 97)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

HEADER = re.compile(r"\s*\[+\s*([^\[\]]+?)\s*\]")
ENTRY = re.compile(r"\s*([\w.-]+)\s*=")


def find_lines(text: str) -> dict[str, int]:
    """Entry → the number of the line that it begins on: `anonymity.k`, `tables.company.columns.id`;
    a section's is its header's."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = HEADER.match(line)
        entry = ENTRY.match(line)
        if header:
            name = header[1]
            section = f"{name}."
            lines.setdefault(name, number)
        elif entry:
            name = section + entry[1]
            lines.setdefault(name, number)
    return lines


def locate_fault(fault: str, lines: Mapping[str, int]) -> str:
    """The fault with its line. It begins with the name of its entry: `anonymity.k must be …`,
    `customer.phone: …` of a column; where that has no line, the entry around it has."""
    named = re.match(r"[\w.-]*\w", fault.removeprefix("notice: "))
    name = named[0] if named else ""
    while name:
        table, _, column = name.partition(".")
        for entry in (name, f"tables.{table}.columns.{column}", f"tables.{name}"):
            if entry in lines:
                return f"{fault} (line {lines[entry]})"
        name = name.rpartition(".")[0]
    return fault


def in_one_line(text: str) -> str:
    """In the notice's own words, which may hold the end of a line where a name should be."""
    return " ".join(text.split())
