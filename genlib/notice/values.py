"""What a section of the notice is, as frozen values: the controller, a term in three languages, how
long data are kept, what a release rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Controller:
    """Who answers for the register (N1)."""

    name: str
    street: str
    postal_code: str
    post_office: str
    country: str


@dataclass(frozen=True)
class Contact:
    """The data protection officer: a role; the person is the controller's own business (N2)."""

    role: str
    name: str
    email: str


@dataclass(frozen=True)
class Term:
    """A code of the notice in words: `requirements` are the clauses it comes from, `law` the
    article in force, `grounds` on which of the notice's grounds a use rests."""

    en: str
    fi: str
    sv: str
    requirements: tuple[str, ...] = ()
    law: str = ""
    grounds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Translation:
    """An English text of the notice in the customers' languages."""

    fi: str
    sv: str


@dataclass(frozen=True)
class Authority:
    """To whom a customer may complain."""

    en: str
    fi: str
    sv: str
    web: str


@dataclass(frozen=True)
class Category:
    """Data of a kind in the customers' words. `columns`: tables of the catalogue, or columns as
    `customer.phone`."""

    en: str
    fi: str
    sv: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Entrant:
    """Who may enter a place with paper, since when, and who gave the right (N8.2)."""

    who: str
    since: date
    granted_by: str


@dataclass(frozen=True)
class Paper:
    """Paper of the register: what is kept where, how it is locked, who may enter, and how long it
    is kept (N8.1, N8.2)."""

    place: Term
    content: Term
    lock: Term
    is_locked: bool
    retention: str
    entrants: tuple[Entrant, ...]


@dataclass(frozen=True)
class Gap:
    """What the notice that customers were given lacks: by which law, what may follow, and what to
    write instead."""

    lack: str
    law: str
    consequence: str
    en: str
    fi: str
    sv: str


@dataclass(frozen=True)
class Retention:
    """How long, counted from what, and who decided so."""

    years: int
    after: str
    ground: str
    owner: str
    review: date


@dataclass(frozen=True)
class ReleaseTerms:
    """What a release purpose rests on. `code` prefixes its pseudonyms; tables in `marketing` leave
    those out who objected to it."""

    code: str
    purposes: tuple[str, ...]
    ground: str
    derived: tuple[str, ...]
    marketing: tuple[str, ...]
    days: int


@dataclass(frozen=True)
class Anonymity:
    """k, and the release columns to coarsen to `unknown`, in order, until every class has k people.
    `epoch` numbers the pseudonym keys."""

    k: int
    ladder: tuple[str, ...]
    epoch: int


@dataclass(frozen=True)
class DisclosurePolicy:
    """Thresholds of what a report may show; `profiles` are other values of `min_count`."""

    min_count: int
    p: int
    min_base: int
    flag_base: int
    profiles: Mapping[str, int]


@dataclass(frozen=True)
class ReportTerms:
    """For whom a report is - a role, not a person - and how many months it is kept after it was
    made. `four_eyes`: it goes out only after a second person has let it out."""

    recipients: Term
    keep_months: int
    four_eyes: bool = False

    def kept_until(self, day: date, months: int = 0) -> date:
        """The first of the month after so many months; after fewer, if `months` are."""
        length = min(months or self.keep_months, self.keep_months)
        month = day.year * 12 + day.month + length
        return date(month // 12, month % 12 + 1, 1)


@dataclass(frozen=True)
class Column:
    """A column of the register in the catalogue; `grants` gives the coarsenings by release purpose,
    and no entry means no access."""

    table: str
    name: str
    sensitivity: str
    purposes: tuple[str, ...]
    retention: str
    self_service: bool = False
    grants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
