"""The order of a drawing: first what all share, then batch after batch of customers with everything that hangs on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from datetime import date
from typing import TypeAlias

import numpy as np
import polars as pl

from genlib.register.store import plain_schema
from genlib.register.synthetic import commerce, contacts, surveys, wills
from genlib.register.synthetic.chance import Ints, number
from genlib.register.synthetic.people import People, Slots, companies, people
from genlib.register.synthetic.truth import Planted, Truth
from genlib.register.synthetic.world import World, world

AS_OF = date(2026, 11, 1)
BATCH = 20_000
FIRST_COMPANY_SERIAL = 9_000_000

Rows: TypeAlias = Iterator[tuple[str, pl.DataFrame]]
Frames: TypeAlias = Generator[tuple[str, pl.DataFrame], None, Truth]


def draw(customers: int, seed: int, as_of: date = AS_OF, *, planted: Planted | None = None) -> Frames:
    """(table, plaintext rows) in an order that foreign keys like; the generator returns the `Truth`. The same arguments give the same rows."""
    scene = world(as_of, planted)
    campaigns = contacts.campaign_rows(scene, customers)
    drawing = Drawing(scene)
    for table, frame in _shared(scene, campaigns):
        drawing.rows[table] += len(frame)
        yield table, _plain(table, frame)
    truth = Truth(scene.planted, dict(zip(campaigns["code"], scene.campaigns["uplift"], strict=True)))
    for start, source in enumerate(np.random.SeedSequence(seed).spawn(-(-customers // BATCH))):
        ids = np.arange(start * BATCH + 1, min(customers, (start + 1) * BATCH) + 1)
        batch, planted_ids = drawing.batch(np.random.default_rng(source), ids)
        truth = truth.with_ids(**planted_ids)
        yield from ((table, _plain(table, frame)) for table, frame in batch.items())
    return truth.counted(drawing.rows)


class Drawing:
    """What one batch must know of those before it: ids given out, personal identity codes and business ids used up."""

    def __init__(self, scene: World) -> None:
        self.world = scene
        self.rows: Counter[str] = Counter()
        self.serial = FIRST_COMPANY_SERIAL
        self.slots = Slots(scene.end - 95 * 366, scene.end)

    def batch(self, rng: np.random.Generator, ids: Ints) -> tuple[dict[str, pl.DataFrame], dict[str, Ints]]:
        """All rows of the customers `ids`, a frame a table, and the ids of what was planted among them."""
        employers, self.serial = companies(
            rng, first_id=self._next("company"), first_serial=self.serial, size=max(1, int(len(ids) * self.world.company_share * 0.7))
        )
        crowd = people(rng, self.world, ids, companies=employers, slots=self.slots)
        will, bought = wills.wills(rng, crowd), commerce.purchases(rng, self.world, crowd)
        outcome = contacts.contacts(rng, self.world, crowd, will, bought)
        happened = commerce.dealings(rng, self.world, crowd, bought + outcome.bought)
        frames, planted = self._opinions(rng, crowd, will, happened)
        first_contact = self._next("campaign_contact")
        frames = {
            "company": employers,
            "customer": crowd.frame,
            "permission": self._numbered("permission", wills.rows(rng, self.world, crowd, will)),
            "campaign_contact": self._numbered("campaign_contact", outcome.frame),
            "invoice": commerce.invoices(rng, self.world, crowd, bought + outcome.bought, first_id=self._next("invoice")),
            "interaction": self._numbered("interaction", commerce.interactions(rng, crowd, happened)),
            **frames,
            "disclosure_customer": _disclosed(rng, self.world, crowd),
        }
        self.rows.update({table: len(frame) for table, frame in frames.items()})
        return frames, {**planted, "unlawful_contacts": first_contact + outcome.unlawful, "machine_clicks": first_contact + outcome.machine}

    def _opinions(
        self, rng: np.random.Generator, crowd: People, will: wills.Wills, happened: tuple[Ints, Ints, Ints]
    ) -> tuple[dict[str, pl.DataFrame], dict[str, Ints]]:
        person, second, kind = happened
        complaint, enquiry = kind == commerce.KINDS.index("complaint"), kind == commerce.KINDS.index("enquiry")
        invited = surveys.invite(rng, self.world, crowd, will, (person[complaint], second[complaint]))
        first, voiced = self._next("survey_invitation"), complaint | enquiry
        answers, named_answers = surveys.answers(rng, self.world, crowd, invited, first_id=first)
        moods = (person[voiced], second[voiced], complaint[voiced])
        feedback, named_feedback = surveys.feedback(rng, self.world, crowd, moods, first_id=self._next("feedback"))
        invitations = surveys.invitations(self.world, crowd, invited, first_id=first)
        frames = {"survey_invitation": invitations, "survey_answer": answers, "feedback": feedback}
        return frames, {"answers_with_identifiers": named_answers, "feedback_with_identifiers": named_feedback}

    def _next(self, table: str) -> int:
        return self.rows[table] + 1

    def _numbered(self, table: str, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(pl.int_range(self._next(table), self._next(table) + pl.len()).alias("id"), pl.all())


def _plain(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(kind) for name, kind in plain_schema(table).items())


def _shared(scene: World, campaigns: pl.DataFrame) -> Rows:
    """The tables that hold no customer."""
    yield "campaign", campaigns
    yield "survey", scene.surveys.drop("share")
    yield "survey_question", scene.questions
    yield "processor", scene.processors
    at = pl.col("disclosed_on").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + pl.duration(hours=9)
    yield "disclosure", scene.disclosures.select("id", at.alias("disclosed_at"), pl.exclude("id", "disclosed_on", "share"))


def _disclosed(rng: np.random.Generator, scene: World, crowd: People) -> pl.DataFrame:
    """Whose data went out in each disclosure: customers of that day."""
    frames = []
    for disclosure in scene.disclosures.iter_rows(named=True):
        day = number(disclosure["disclosed_on"])
        there = (crowd.joined < day) & (crowd.end > day) & (rng.random(len(crowd)) < disclosure["share"])
        frames.append(pl.DataFrame({"disclosure_id": np.full(int(there.sum()), disclosure["id"]), "customer_id": crowd.ids[there]}))
    return pl.concat(frames)
