"""Surveys and feedback: who was asked, who answered and what; older people answer more, a complaint costs points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from genlib.register.synthetic.chance import DAY, NEVER, Ints, Mask, Reals, instants, number, pick, taken, whole
from genlib.register.synthetic.comments import written
from genlib.register.synthetic.people import People
from genlib.register.synthetic.truth import AGE_BANDS
from genlib.register.synthetic.wills import Wills

DRIVERS = {"product": 0.45, "delivery": 0.15, "service": 0.75, "value": 0.3}
"""What the recommendation follows from, and how much."""
HIGHEST = {"likert_1_5": 5, "ces_1_7": 7}


@dataclass(frozen=True)
class Invited:
    """All invitations of a batch in the order of their ids: index of the person, index of the survey, and what happened."""

    person: Ints
    survey: Ints
    email: Mask
    sent: Ints
    delivered: Mask
    responded: Ints
    aggrieved: Mask


def invite(people: People, wills: Wills, complaints: tuple[Ints, Ints]) -> Invited:
    """Every survey asks a part of those who may be asked, by e-mail if possible; nobody is asked who forbade research."""
    surveys = enumerate(people.world.surveys.to_dicts())
    waves = [_wave(people, wills, complaints, {**survey, "index": index}) for index, survey in surveys]
    return Invited(*(np.concatenate(parts) for parts in zip(*waves, strict=True)))


def invitations(people: People, invited: Invited, *, first_id: int) -> pl.DataFrame:
    """Rows of `survey_invitation`; an anonymous survey keeps no customer."""
    anonymous = taken(people.world.surveys["promise"], invited.survey) == "anonymous"
    frame = pl.DataFrame(
        {
            "id": first_id + np.arange(len(invited.person)),
            "survey_id": invited.survey + 1,
            "customer_id": people.ids[invited.person],
            "channel": np.where(invited.email, "email", "sms"),
            "sent_at": instants(invited.sent),
            "delivered": invited.delivered,
            "responded_at": instants(invited.responded),
            "source": "COMMUNICATION",
        }
    )
    return frame.with_columns(pl.when(~anonymous).then("customer_id"))


def answers(people: People, invited: Invited, *, first_id: int) -> tuple[pl.DataFrame, Ints]:
    """Rows of `survey_answer`, and the ids of the invitations whose comment names somebody."""
    rows = np.flatnonzero(invited.responded < NEVER)
    felt, frames, named = _felt(people, invited, rows), [], []
    for question in people.world.questions.to_dicts():
        chance = 0.36 if question["scale"] == "text" else 0.96
        asked = np.flatnonzero((invited.survey[rows] == question["survey_id"] - 1) & (people.rng.random(len(rows)) < chance))
        frame = pl.DataFrame({"invitation_id": first_id + rows[asked], "question_id": np.full(len(asked), question["id"])})
        if question["scale"] == "text":
            mood = np.searchsorted((6.5, 8.5), felt["recommend"][asked], side="right")
            text, signed = written(people, invited.person[rows[asked]], mood)
            named.append(first_id + rows[asked][signed])
            frames.append(frame.with_columns(text["comment"]))
        else:
            frames.append(frame.with_columns(score=pl.Series(_score(felt, question)[asked])))
    return pl.concat(frames, how="diagonal_relaxed").with_columns(source=pl.lit("DATA_SUBJECT")), np.concatenate(named)


def feedback(people: People, happened: tuple[Ints, Ints, Mask], *, first_id: int) -> tuple[pl.DataFrame, Ints]:
    """Rows of `feedback` from half of the complaints and a third of the enquiries; and the ids of those that name somebody."""
    rng, complains = people.rng, happened[2]
    kept = rng.random(len(complains)) < np.where(complains, 0.5, 0.33)
    person, second, complaint = (column[kept] for column in happened)
    text, signed = written(people, person.astype(np.int64), np.where(complaint, 0, pick(rng, (25, 40, 35), len(person))))
    ids = first_id + np.arange(len(person))
    received = np.minimum(second + rng.integers(60, 7_200, len(person)), people.world.end * DAY - 1)
    columns = {"id": ids, "customer_id": people.ids[person], "received_at": instants(received)}
    via = taken(("email", "call", "post"), pick(rng, (70, 25, 5), len(person)))
    return pl.DataFrame({**columns, "channel": via, **text.to_dict(), "source": "DATA_SUBJECT"}), ids[signed]


def _wave(people: People, wills: Wills, complaints: tuple[Ints, Ints], survey: Mapping[str, Any]) -> tuple[Any, ...]:
    rng, n, opened = people.rng, len(people), number(survey["opened_on"])
    sent, email = opened * DAY + rng.integers(25_200, 34_000, n), people.reachable["email"]
    kind = "SAT" if survey["kind"] == "satisfaction" else "MR"
    asked = (people.joined < opened - 14) & (people.end > number(survey["closed_on"])) & (rng.random(n) < survey["share"])
    asked &= (email | people.reachable["sms"]) & wills.allow(kind, "email", sent)
    person = np.flatnonzero(asked)
    delivered = rng.random(len(person)) < 0.972
    rate = np.array([people.world.planted.response[band] for band in AGE_BANDS])[people.band[person]]
    wait = np.minimum(rng.exponential(3.5 * DAY, len(person)), 18 * DAY).astype(np.int64) + 90
    responded = np.where(delivered & (rng.random(len(person)) < rate), sent[person] + wait, NEVER)
    aggrieved = _aggrieved(people, complaints, sent)[person]
    return person, np.full(len(person), survey["index"]), email[person], sent[person], delivered, responded, aggrieved


def _aggrieved(people: People, complaints: tuple[Ints, Ints], sent: Ints) -> Mask:
    """Who complained in the planted number of days before being asked."""
    complainer, second = complaints
    before = sent[complainer] - second
    recent = complainer[(before > 0) & (before <= people.world.planted.complaint_days * DAY)]
    return np.bincount(recent, minlength=len(people)) > 0


def _felt(people: People, invited: Invited, rows: Ints) -> dict[str, Any]:
    """How the parts are felt, in standard deviations, and the recommendation that follows, less the complaint; older people are kinder."""
    rng, n, aggrieved = people.rng, len(rows), invited.aggrieved[rows]
    common, age = rng.normal(0, 0.55, n), (people.band[invited.person[rows]] % 7 - 2.5) * 0.12
    parts: dict[str, Reals] = {name: common + age + rng.normal(0, 0.83, n) for name in DRIVERS}
    latent = 8.1 + 1.25 * sum(weight * parts[name] for name, weight in DRIVERS.items()) + rng.normal(0, 0.8, n)
    effect = np.where(aggrieved, people.world.planted.complaint_effect, 0)
    recommend = np.clip(np.clip(whole(latent), 0, 10) + effect, 0, 10)
    lowered = {name: part - 0.8 * aggrieved for name, part in parts.items()}
    return {**lowered, "recommend": recommend, "other": common + rng.normal(0, 0.9, n) - 0.8 * aggrieved}


def _score(felt: Mapping[str, Any], question: Mapping[str, Any]) -> Ints:
    if question["code"] == "recommend":
        recommend: Ints = felt["recommend"]
        return recommend
    highest = HIGHEST[question["scale"]]
    return np.clip(whole(highest * (0.78 + 0.18 * felt.get(question["code"], felt["other"]))), 1, highest)
