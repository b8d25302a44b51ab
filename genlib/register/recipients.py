"""Who may receive data of customers: a registered processor, or anybody on contract, consent or
statute; never outside the EU and EEA."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from genlib.errors import Refused, UsageError
from genlib.register.database import Register
from genlib.register.schema import table

BASES = ("contract", "consent", "statute")


@dataclass(frozen=True)
class Recipient:
    """Where data goes and on which basis; `evidence` names the contract, the consent or the section
    of law."""

    name: str
    country: str = ""
    basis: str = ""
    evidence: str = ""


def members(data: Path) -> tuple[set[str], dt.date]:
    """The countries of the EU and EEA in data/eea.toml, and the day on which that was so."""
    groups = tomllib.loads((data / "eea.toml").read_text(encoding="utf-8"))
    return {*groups["union"], *groups["efta"]}, groups["as_of"]


def checked(register: Register, named: Recipient, *, data: Path) -> Recipient:
    """The registered processor of that name with its contract, or whoever else has a basis; Refused
    without one, and for a country outside the EU and EEA whatever the basis."""
    processor, (countries, as_of) = table("processor"), members(data)
    with register.engine.connect() as connection:
        row = connection.execute(sa.select(processor).where(processor.c.name == named.name)).first()
    recipient = (
        Recipient(named.name, row.country, "contract", row.contract) if row else _other(named)
    )
    if not {recipient.country.upper(), (named.country or recipient.country).upper()} <= countries:
        raise Refused(
            "customer data does not go outside the EU and EEA (notice, clause 7; members as of "
            f"{as_of})"
        )
    return recipient


def _other(named: Recipient) -> Recipient:
    if not named.basis:
        raise Refused(
            "the recipient is no registered processor (N4.24); register it, or name --basis, "
            "--evidence and --country"
        )
    if named.basis not in BASES:
        raise UsageError(f"a disclosure rests on one of {', '.join(BASES)}")
    if not named.evidence.strip() or not named.country:
        raise Refused(
            "a disclosure needs its evidence (the contract, consent or section of law) and the "
            "recipient's country"
        )
    return named
