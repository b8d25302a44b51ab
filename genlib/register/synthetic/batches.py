"""The order of a drawing: first what all share, then batch after batch of customers with everything that hangs on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import polars as pl

from genlib.register.store import plain_schema
from genlib.register.synthetic import commerce, surveys, wills
from genlib.register.synthetic.campaigns import campaign_rows
from genlib.register.synthetic.chance import Ints, Rng, number
from genlib.register.synthetic.contacts import contacts
from genlib.register.synthetic.people import People, Slots, companies, people
from genlib.register.synthetic.truth import Truth
from genlib.register.synthetic.world import World, world

BATCH = 20_000
FIRST_SERIAL = 9_000_000
Tables: TypeAlias = dict[str, pl.DataFrame]
Use: TypeAlias = Callable[[str, pl.DataFrame], object]


def draw(customers: int, seed: int, use: Use) -> Truth:
    """Hand every table's plaintext rows to `use`, in an order that foreign keys like, and return what was planted. The same arguments give
    the same rows."""
    drawing = Drawing(world(), use)
    campaigns = campaign_rows(drawing.world, customers)
    drawing.hand_out({"campaign": campaigns, **drawing.world.shared})
    planted: dict[str, list[int]] = {}
    for start, source in enumerate(np.random.SeedSequence(seed).spawn(-(-customers // BATCH))):
        ids = np.arange(start * BATCH + 1, min(customers, (start + 1) * BATCH) + 1)
        tables, found = drawing.batch(np.random.default_rng(source), ids)
        for name, rows in found.items():
            planted.setdefault(name, []).extend(rows.tolist())
        drawing.hand_out(tables)
    uplift = dict(zip(campaigns["code"], drawing.world.campaigns["uplift"], strict=True))
    return Truth(drawing.world.planted, uplift, rows=dict(drawing.rows), **{name: tuple(rows) for name, rows in planted.items()})


class Drawing:
    """What one batch must know of those before it: ids given out, personal identity codes and business ids used up."""

    def __init__(self, scene: World, use: Use) -> None:
        self.world = scene
        self.use = use
        self.rows: Counter[str] = Counter()
        self.serial = FIRST_SERIAL
        self.slots = Slots(scene)

    def batch(self, rng: Rng, ids: Ints) -> tuple[Tables, dict[str, Ints]]:
        """All rows of the customers `ids`, a frame a table, and the ids of what was planted among them."""
        size = max(1, int(len(ids) * self.world.company_share * 0.7))
        employers, self.serial = companies(rng, self.world, first_id=self._next("company"), first_serial=self.serial, size=size)
        crowd = people(rng, self.world, ids, companies=employers, slots=self.slots)
        will, bought = wills.wills(crowd), commerce.purchases(crowd)
        outcome, contact = contacts(crowd, will, bought), self._next("campaign_contact")
        bought = bought + outcome.bought
        happened = commerce.dealings(crowd, bought)
        opinions, named = self._opinions(crowd, will, happened)
        tables = {
            "company": employers,
            "customer": crowd.frame,
            "permission": self._numbered("permission", wills.rows(crowd, will)),
            "campaign_contact": self._numbered("campaign_contact", outcome.frame),
            "invoice": commerce.invoices(crowd, bought, first_id=self._next("invoice")),
            "interaction": self._numbered("interaction", commerce.interactions(crowd, happened)),
            **opinions,
            "disclosure_customer": _disclosed(crowd),
        }
        return tables, {**named, "unlawful_contacts": contact + outcome.unlawful, "machine_clicks": contact + outcome.machine}

    def hand_out(self, tables: Tables) -> None:
        """The frames in their plaintext form."""
        for table, frame in tables.items():
            self.rows[table] += len(frame)
            self.use(table, frame.select(pl.col(name).cast(kind) for name, kind in plain_schema(table).items()))

    def _opinions(self, crowd: People, will: wills.Wills, happened: tuple[Ints, Ints, Ints]) -> tuple[Tables, dict[str, Ints]]:
        person, second, kind = happened
        complaint, voiced = kind == commerce.COMPLAINT, np.isin(kind, (commerce.COMPLAINT, commerce.ENQUIRY))
        invited, first = surveys.invite(crowd, will, (person[complaint], second[complaint])), self._next("survey_invitation")
        answers, in_answers = surveys.answers(crowd, invited, first_id=first)
        spoken = (person[voiced], second[voiced], complaint[voiced])
        feedback, in_feedback = surveys.feedback(crowd, spoken, first_id=self._next("feedback"))
        invitations = surveys.invitations(crowd, invited, first_id=first)
        tables = {"survey_invitation": invitations, "survey_answer": answers, "feedback": feedback}
        return tables, {"answers_with_identifiers": in_answers, "feedback_with_identifiers": in_feedback}

    def _next(self, table: str) -> int:
        return self.rows[table] + 1

    def _numbered(self, table: str, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_row_index("id", self._next(table))


def _disclosed(crowd: People) -> pl.DataFrame:
    """Whose data went out in each disclosure: customers of that day."""
    frames = []
    for disclosure in crowd.world.disclosures.to_dicts():
        day = number(disclosure["disclosed_on"])
        there = (crowd.joined < day) & (crowd.end > day) & (crowd.rng.random(len(crowd)) < disclosure["share"])
        frames.append(pl.DataFrame({"customer_id": crowd.ids[there]}).with_columns(disclosure_id=pl.lit(disclosure["id"])))
    return pl.concat(frames, how="vertical_relaxed")
