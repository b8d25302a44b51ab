"""Who may do what: five levels, each the narrowest that does its job.

A slot of the key file shows that somebody is a publisher, a steward or a privacy officer: it opens
with that person's own password, and its level is bound to what it wraps. The name of a user in the
settings shows nothing. Readers and analysts hold no secret: whom the operating system or the
database lets in is one.

Example: aino, a steward, makes a contact list. To answer a request she would have to be a privacy
officer: the command is refused, names the level, and tells her to ask bertta, who is one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from genlib.errors import Refused, UsageError


@dataclass(frozen=True)
class Level:
    """What somebody may do. `secret`: the key of the slot that shows it, blank where the operating
    system or the database decides; `covers`: the levels whose tasks it has too."""

    name: str
    task: str
    secret: str = ""
    covers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    def includes(self, needed: Level) -> bool:
        """Whether it may do what `needed` may."""
        return needed.name in {self.name, *self.covers}


READER = Level("reader", "reads reports")
ANALYST = Level("analyst", "opens releases of named purposes and makes reports")
PUBLISHER = Level("publisher", "makes releases, lets reports out", "pseudonym")
STEWARD = Level("steward", "corrects data, makes contact lists", "identity")
PRIVACY_OFFICER = Level(
    "privacy_officer",
    "answers requests of data subjects and reads the audit trail",
    "identity",
    ("steward",),
)
"""Holds the identity key as a steward does, and finds and corrects people for their requests."""
LEVELS = {one.name: one for one in (READER, ANALYST, PUBLISHER, STEWARD, PRIVACY_OFFICER)}
LEAST = {"identity": STEWARD, "pseudonym": PUBLISHER}
MOST = {"identity": PRIVACY_OFFICER, "pseudonym": PUBLISHER}
"""What a slot shows of which nothing says the level: one of an earlier version."""


def find_level(name: str) -> Level:
    """A level that a slot shows, by its name; UsageError names those."""
    level = LEVELS.get(name)
    if level is None or not level.secret:
        there = ", ".join(one.name for one in LEVELS.values() if one.secret)
        raise UsageError(f"no such level of the key file; there are {there}")
    return level


def check_level(holders: Mapping[str, Collection[Level]], user: str, needed: Level) -> None:
    """Refused if `user` is not among the holders (person → levels) of the level, or of one that
    includes it."""
    if not _holds(holders.get(user, ()), needed):
        raise Refused(f"{user} {tell_need(holders, needed)}")


def tell_need(holders: Mapping[str, Collection[Level]], needed: Level) -> str:
    """The end of a refusal: the level that is needed, and whom to ask."""
    able = sorted(user for user, levels in holders.items() if _holds(levels, needed))
    whom = f"ask {', '.join(able)}" if able else "nobody has it"
    return (
        f"needs the level {needed} for this; {whom} (genlib keys add NAME --level {needed}), or "
        "say with GENLIB_USER who you are"
    )


def _holds(levels: Collection[Level], needed: Level) -> bool:
    return any(level.includes(needed) for level in levels)
