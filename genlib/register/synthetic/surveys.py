"""Surveys and feedback: who was asked, who answered and what - older people answer more, a complaint costs points, some comments name people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from genlib.register.synthetic.chance import DAY, NEVER, Ints, Mask, Reals, instants, number, pick, rounded
from genlib.register.synthetic.comments import written
from genlib.register.synthetic.people import People
from genlib.register.synthetic.truth import AGE_BANDS
from genlib.register.synthetic.wills import Wills
from genlib.register.synthetic.world import World

LOADINGS = {"product": 0.45, "delivery": 0.15, "service": 0.75, "value": 0.3}
"""What drives the recommendation."""
HIGHEST = {"nps_0_10": 10, "likert_1_5": 5, "ces_1_7": 7}


@dataclass(frozen=True)
class Invited:
    """All invitations of a batch in the order of their ids: index of the person, of the survey, and what happened."""

    person: Ints
    survey: Ints
    email: Mask
    sent: Ints
    delivered: Mask
    responded: Ints
    aggrieved: Mask

    @property
    def answering(self) -> Ints:
        return np.flatnonzero(self.responded < NEVER)


def invite(rng: np.random.Generator, world: World, people: People, wills: Wills, complaints: tuple[Ints, Ints]) -> Invited:
    """Every survey asks a part of those who may be asked, by e-mail if possible; nobody is asked who forbade research."""
    waves = [
        _wave(rng, world, people, wills, complaints, index, survey) for index, survey in enumerate(world.surveys.iter_rows(named=True))
    ]
    return Invited(*(np.concatenate(parts) for parts in zip(*waves, strict=True)))


def invitations(world: World, people: People, invited: Invited, *, first_id: int) -> pl.DataFrame:
    """Rows of `survey_invitation`; an anonymous survey keeps no customer."""
    named = world.surveys["promise"].to_numpy() != "anonymous"
    customer = pl.Series(np.where(named[invited.survey], people.ids[invited.person], -1))
    return pl.DataFrame(
        {
            "id": first_id + np.arange(len(invited.person)),
            "survey_id": invited.survey + 1,
            "customer_id": customer.set(customer < 0, None),
            "channel": np.where(invited.email, "email", "sms"),
            "sent_at": instants(invited.sent),
            "delivered": invited.delivered,
            "responded_at": instants(invited.responded),
            "source": "COMMUNICATION",
        }
    )


def answers(rng: np.random.Generator, world: World, people: People, invited: Invited, *, first_id: int) -> tuple[pl.DataFrame, Ints]:
    """Rows of `survey_answer`, and the ids of the invitations whose comment names somebody."""
    rows = invited.answering
    quality = _quality(rng, world, people, invited, rows)
    frames, named = [], np.zeros(0, dtype=np.int64)
    for question in world.questions.iter_rows(named=True):
        asked = invited.survey[rows] == question["survey_id"] - 1
        answered = np.flatnonzero(asked & (rng.random(len(rows)) < (0.36 if question["scale"] == "text" else 0.96)))
        frame = pl.DataFrame({"invitation_id": first_id + rows[answered], "question_id": np.full(len(answered), question["id"])})
        if question["scale"] == "text":
            mood = np.searchsorted((6.5, 8.5), quality["recommend"][answered], side="right")
            comment, marked, _ = written(rng, world, people, invited.person[rows[answered]], mood)
            named = np.concatenate([named, first_id + rows[answered][marked]])
            frames.append(frame.with_columns(score=pl.lit(None, pl.Int64), comment=comment))
        else:
            score = _score(quality, question, answered)
            frames.append(frame.with_columns(score=pl.Series(score), comment=pl.lit(None, pl.String)))
    return pl.concat(frames).with_columns(source=pl.lit("DATA_SUBJECT")), named


def feedback(
    rng: np.random.Generator, world: World, people: People, happened: tuple[Ints, Ints, Mask], *, first_id: int
) -> tuple[pl.DataFrame, Ints]:
    """Rows of `feedback` from half of the complaints and a third of the enquiries; and the ids of those that name somebody."""
    person, second, complaint = happened
    kept = np.flatnonzero(rng.random(len(person)) < np.where(complaint, 0.5, 0.33))
    person, second, complaint = person[kept], second[kept], complaint[kept]
    comment, marked, topic = written(rng, world, people, person, np.where(complaint, 0, pick(rng, (25, 40, 35), len(person))))
    frame = pl.DataFrame(
        {
            "id": first_id + np.arange(len(person)),
            "customer_id": people.ids[person],
            "received_at": instants(np.minimum(second + rng.integers(60, 7_200, len(person)), world.end * DAY - 1)),
            "channel": np.array(("email", "call", "post"))[pick(rng, (70, 25, 5), len(person))],
            "topic": topic,
            "comment": comment,
            "source": "DATA_SUBJECT",
        }
    )
    return frame, first_id + marked


def _wave(
    rng: np.random.Generator, world: World, people: People, wills: Wills, complaints: tuple[Ints, Ints], index: int, survey: dict[str, Any]
) -> tuple[Any, ...]:
    opened, n = number(survey["opened_on"]), len(people)
    sent = opened * DAY + rng.integers(25_200, 34_000, n)
    asked = (people.joined < opened - 14) & (people.end > number(survey["closed_on"])) & (rng.random(n) < survey["share"])
    email = people.reachable["email"]
    kind = "SAT" if survey["kind"] == "satisfaction" else "MR"
    asked &= (email | people.reachable["sms"]) & np.where(email, wills.allow(kind, "email", sent), wills.allow(kind, "sms", sent))
    person = np.flatnonzero(asked)
    delivered = rng.random(len(person)) < 0.972
    answers = delivered & (rng.random(len(person)) < np.array([world.planted.response[band] for band in AGE_BANDS])[people.band[person]])
    wait = np.minimum(rng.exponential(3.5 * DAY, len(person)), 18 * DAY).astype(np.int64) + 90
    responded = np.where(answers, sent[person] + wait, NEVER)
    return (
        person,
        np.full(len(person), index),
        email[person],
        sent[person],
        delivered,
        responded,
        _aggrieved(world, complaints, sent, person),
    )


def _aggrieved(world: World, complaints: tuple[Ints, Ints], sent: Ints, person: Ints) -> Mask:
    """Who complained in the planted number of days before being asked."""
    complainer, second = complaints
    before = sent[complainer] - second
    recent = complainer[(before > 0) & (before <= world.planted.complaint_days * DAY)]
    return np.bincount(recent, minlength=len(sent))[person] > 0


def _quality(rng: np.random.Generator, world: World, people: People, invited: Invited, rows: Ints) -> dict[str, Any]:
    """How the parts are felt, in standard deviations, and the recommendation (0-10) that follows from them, less the complaint; older people are kinder."""
    common, age = rng.normal(0, 0.55, len(rows)), (people.band[invited.person[rows]] % 7 - 2.5) * 0.12
    parts: dict[str, Any] = {name: common + age + rng.normal(0, 0.83, len(rows)) for name in LOADINGS}
    parts["aggrieved"] = invited.aggrieved[rows]
    recommend = 8.1 + 1.25 * sum(weight * parts[name] for name, weight in LOADINGS.items()) + rng.normal(0, 0.8, len(rows))
    effect = np.where(parts["aggrieved"], world.planted.complaint_effect, 0)
    parts["recommend"] = np.clip(np.clip(rounded(recommend), 0, 10) + effect, 0, 10)
    return {**parts, "other": common + rng.normal(0, 0.9, len(rows))}


def _score(quality: dict[str, Any], question: dict[str, Any], rows: Ints) -> Ints:
    if question["code"] == "recommend":
        score: Ints = quality["recommend"][rows]
        return score
    felt: Reals = quality.get(question["code"], quality["other"])[rows] - 0.8 * quality["aggrieved"][rows]
    highest = HIGHEST[question["scale"]]
    return np.clip(rounded(highest * 0.78 + highest * 0.18 * felt), 1, highest)
