"""An officer at a register with a person in every table, who answers requests into files."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everything import OWN, fill
from small import IDENTITY

from genlib import notice as notices
from genlib.register.database import Register
from genlib.rights.handing import Office
from genlib.rights.inspection import DATA, PAGE, Manner, inspect
from genlib.rights.portability import FILE, export
from genlib.rights.requests import Officer, receive, record_identity

NOW = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Desk:
    """An officer at a full register."""

    officer: Officer
    office: Office

    def ask(
        self, kind: str = "inspection", *, customer: int | None = OWN, confirmed: bool = True
    ) -> int:
        number = receive(self.officer, kind, customer=customer, form="letter").id
        if confirmed:
            record_identity(self.officer, number, method="login", is_confirmed=True)
        return number

    def take(self, number: int) -> dict[str, Any]:
        """What is exported."""
        export(self.officer, IDENTITY, number, self.office)
        folder = self.office.find_folder(number)
        exported: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return exported

    def answer(self, number: int, **manner: Any) -> tuple[str, dict[str, Any]]:
        """The page, and what the JSON says."""
        inspect(self.officer, IDENTITY, number, self.office, Manner(**manner))
        return self.read(number)

    def read(self, number: int) -> tuple[str, dict[str, Any]]:
        folder = self.office.find_folder(number)
        data = json.loads((folder / DATA).read_text(encoding="utf-8"))
        return (folder / PAGE).read_text(encoding="utf-8"), data


def make_desk(register: Register, home: Path) -> Desk:
    """An officer at a register that is filled for it."""
    fill(register, IDENTITY, NOW)
    officer = Officer(register, "privacy officer", NOW, IDENTITY)
    return Desk(officer, Office(home, home / "reports", home / "releases", notices.load()))
