"""The contact list of a future campaign: whom it may contact, drawn, written down, disclosed and
audited as one act or not at all.

Nobody is in it who has left (but for needed notices), has died, is restricted or held back; all
that a person said in any row counts (`persons`); one message goes to an address (`mailing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.atomic import replacing
from genlib.errors import BadInput, Refused, UsageError
from genlib.private import make_common
from genlib.register import audit, fingerprints, holds, mailing
from genlib.register.database import Register
from genlib.register.digests import IDENTIFIERS
from genlib.register.eligible import NAME, NEEDED, Order, choose_reachable, open_people
from genlib.register.schema import table
from genlib.register.vault import IdentityKey

PURPOSES = {
    **dict.fromkeys(("DM", "SCA", "BEN"), "direct_marketing"),
    **dict.fromkeys(("CC", "SVC"), "communication"),
    "MR": "market_research",
    "SAT": "satisfaction",
}
PEOPLE = [
    "id",
    "kind",
    "left_on",
    "deceased_on",
    "restricted_from",
    "non_disclosure",
    "birth_year",
    "country",
    "language",
    "personal_id_index",
    "phone_index",
    "email_index",
    *NAME,
    *IDENTIFIERS,
]


@dataclass(frozen=True)
class Audience:
    """What became of the people who were asked for; `left_out` counts the others by reason."""

    path: Path
    contacted: int
    holdout: int
    left_out: Mapping[str, int] = field(default_factory=dict)


def export(
    register: Register, key: IdentityKey, ids: pl.Series, order: Order, *, path: Path
) -> Audience:
    """Write the list of those of `ids` (null: a refused pseudonym) whom `permission` allows at
    `order.at` to `path`, readable by its owner only, and the campaign, its planned contacts, the
    disclosure and the audit event to the register.

    Refused if nobody is left, while refused rows may speak of anybody and before permissions were
    loaded (`holds`); UsageError if the file is there already or the campaign is of another kind.
    Holdout people are in the register, not in the list.
    """
    if path.exists():
        raise UsageError(f"{path} is there already; name another file with --to")
    with (
        replacing(path, make_common(path.parent)) as file,
        audit.told(register, key) as (connection, tell),
    ):
        fingerprints.keep_key(connection, key)
        holds.check_everybody_is_named(connection)
        holds.check_permissions_are_loaded(connection)
        campaign, share = _campaign(connection, order)
        before = _planned_before(register, connection, campaign)
        candidates, missing = _candidates(register, ids, before)
        allowed, refused = choose_reachable(register, connection, key, candidates, order)
        planned_people = open_people(before, key)
        people, repeated = mailing.keep_one_each(allowed, planned_people, order.channel, key)
        counts = missing | refused | repeated
        left_out = {why: count for why, count in counts.items() if count}
        if people.is_empty():
            raise Refused(f"nobody is left to contact: {list_left_out(left_out)}")
        planned = _planned(connection, _draw_arms(people, share, order.seed), campaign, order)
        contacted = planned.filter(col("arm") == "contacted")
        if contacted.is_empty():
            raise Refused(
                f"of {people.height} people the holdout leaves nobody to contact; ask for more "
                "people or lower --holdout"
            )
        columns = _write(contacted, order, file)
        _disclosed(connection, contacted["id"], order, columns)
        audience = Audience(path, contacted.height, planned.height - contacted.height, left_out)
        tell(_event(audience, order, candidates["id"].to_list()))
    return audience


def purpose(kind: str) -> str:
    """What a kind of message is for, in the notice's closed list of uses."""
    if kind not in PURPOSES:
        raise UsageError(f"no such kind of message; there are {', '.join(PURPOSES)}")
    return PURPOSES[kind]


def read(path: Path) -> pl.Series:
    """The pseudonyms of a CSV file; BadInput if it has no such column."""
    try:
        return pl.read_csv(path, columns=["pseudonym"], infer_schema=False)["pseudonym"]
    except OSError as error:
        raise UsageError(
            f"{path.name} cannot be read ({error.strerror or type(error).__name__})"
        ) from None
    except pl.exceptions.PolarsError:
        raise BadInput(f"{path.name} is not a CSV file with a column pseudonym") from None


def list_left_out(left_out: Mapping[str, int]) -> str:
    """How many were left out, by reason, in a line."""
    return (
        ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
        or "nobody left out"
    )


def _campaign(connection: sa.Connection, order: Order) -> tuple[int, float]:
    """Number and holdout share of the campaign, which is made if it is new."""
    campaigns = table("campaign")
    existing = connection.execute(
        sa.select(campaigns).where(campaigns.c.code == order.code)
    ).first()
    if existing and existing.kind != order.kind:
        raise UsageError(
            f"campaign {order.code} is there already with messages of kind {existing.kind}"
        )
    if existing:
        return existing.id, existing.holdout_share
    dates = {"starts_on": order.dates[0], "ends_on": order.dates[1]}
    terms = {
        "code": order.code,
        "name": order.code,
        "kind": order.kind,
        "holdout_share": order.holdout_share,
        "cost_cents": 0,
    }
    return connection.scalars(
        campaigns.insert().values(**terms, **dates).returning(campaigns.c.id)
    ).one(), order.holdout_share


def _planned_before(register: Register, connection: sa.Connection, campaign: int) -> pl.DataFrame:
    """The sealed rows of those whom the campaign has already, one for each contact, with its
    channel."""
    contacts = table("campaign_contact")
    chosen = sa.select(contacts.c.customer_id, contacts.c.channel)
    rows = connection.execute(chosen.where(contacts.c.campaign_id == campaign)).all()
    schema = {"id": pl.Int64, "channel": pl.String}
    planned = pl.DataFrame([tuple(row) for row in rows], schema, orient="row")
    return _read_people(register, planned["id"]).join(planned, on="id")


def _read_people(register: Register, ids: pl.Series) -> pl.DataFrame:
    """The sealed rows of these people, by number."""
    wanted = ids.unique().to_frame("id")
    return register.matching("customer", wanted).select(PEOPLE).sort("id")


def _candidates(
    register: Register, ids: pl.Series, before: pl.DataFrame
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The sealed rows of the people asked for, without those whom the campaign has already, and how
    many the others are."""
    asked = ids.drop_nulls().unique()
    customers = _read_people(register, asked)
    fresh = customers.filter(~col("id").is_in(before["id"].implode()))
    counts = {
        "refused_pseudonym": ids.null_count(),
        "repeated": len(ids) - ids.null_count() - len(asked),
    }
    return fresh, counts | {
        "unknown_person": len(asked) - customers.height,
        "already_planned": customers.height - fresh.height,
    }


def _draw_arms(people: pl.DataFrame, share: float, seed: int) -> pl.DataFrame:
    """Each person's arm: the people stand in order of their numbers, so the same seed draws the
    same holdout."""
    in_holdout = np.zeros(people.height, dtype=bool)
    in_holdout[: round(share * people.height)] = True
    arm = (
        pl.when(pl.Series(np.random.default_rng(seed).permutation(in_holdout)))
        .then(pl.lit("holdout"))
        .otherwise(pl.lit("contacted"))
    )
    return people.sort("id").with_columns(arm=arm)


def _planned(
    connection: sa.Connection, arms: pl.DataFrame, campaign: int, order: Order
) -> pl.DataFrame:
    """The arms with `contact`, the number under which the result of a contact comes back."""
    contacts = table("campaign_contact")
    common = {
        "campaign_id": campaign,
        "channel": order.channel,
        "bounced": False,
        "source": "COMMUNICATION",
    }
    rows = arms.select(
        "arm", customer_id="id", **{name: pl.lit(value) for name, value in common.items()}
    ).to_dicts()
    numbers = connection.scalars(
        contacts.insert().returning(contacts.c.id, sort_by_parameter_order=True), rows
    ).all()
    return arms.with_columns(contact=pl.Series(numbers, dtype=pl.Int64))


def _write(contacted: pl.DataFrame, order: Order, file: BinaryIO) -> list[str]:
    """Write the list; what each row tells of its person."""
    columns = [*NEEDED[order.channel], "language"]
    if order.channel == "post":
        contacted = mailing.name_post_offices(contacted, order.post_offices)
        columns[-1:-1] = ["post_office", "country"]
    rows = contacted.select("contact", *columns)
    mailing.make_harmless(rows).write_csv(file)
    return columns


def _disclosed(
    connection: sa.Connection, ids: pl.Series, order: Order, columns: Sequence[str]
) -> None:
    """The log of N7.8: when, what, whose, to whom, on which basis."""
    disclosures = table("disclosure")
    to = order.recipient
    what = {
        "disclosed_at": order.at,
        "purpose": order.purpose,
        "data_categories": ", ".join(columns),
    }
    whom = {"recipient": to.name, "country": to.country, "basis": to.basis, "evidence": to.evidence}
    number = connection.scalars(
        disclosures.insert().values(**what, **whom).returning(disclosures.c.id)
    ).one()
    connection.execute(
        table("disclosure_customer").insert(),
        pl.select(customer_id=ids, disclosure_id=pl.lit(number)).to_dicts(),
    )


def _event(audience: Audience, order: Order, subjects: list[int]) -> audit.Event:
    detail = {
        "campaign": order.code,
        "channel": order.channel,
        "kind": order.kind,
        "seed": order.seed,
        "basis": order.recipient.basis,
    }
    counts = {
        "contacted": audience.contacted,
        "holdout": audience.holdout,
        "left_out": audience.left_out,
    }
    return audit.Event(
        order.purpose,
        "audience export",
        len(subjects),
        subjects,
        detail | counts,
        order.user,
        order.at,
    )
