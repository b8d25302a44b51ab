"""Surveys and feedback: who was asked, who answered and what; older people answer more, a complaint
costs points.

Comments are sentences by language and mood, and now and then - planted - a sentence that says who
wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

import numpy as np
import polars as pl

from genlib.synthetic.chance import (
    DAY,
    NEVER,
    Ints,
    Mask,
    Reals,
    number,
    pick,
    those,
    whole,
)
from genlib.synthetic.commerce import COMPLAINT, ENQUIRY, Dealings
from genlib.synthetic.people import People
from genlib.synthetic.wills import Wills
from genlib.synthetic.world import AGE_BANDS, END, PLANTED, questions, story, words

DRIVERS = {"product": 0.45, "delivery": 0.15, "service": 0.75, "value": 0.3}
"""What the recommendation follows from, and how much."""
HIGHEST = {"likert_1_5": 5, "ces_1_7": 7}
MOODS = ("bad", "fair", "good")
SIGNED = 0.07
"""The share of comments that say who wrote them."""


def invitations(people: People, wills: Wills, happened: Dealings) -> pl.DataFrame:
    """Rows of `survey_invitation`, with `person`, their index in the batch, and whether they are
    `aggrieved`.

    Every survey asks a part of those who may be asked, by e-mail if possible; nobody is asked who
    forbade research."""
    complaints = those(happened, happened.kind == COMPLAINT)
    waves = [_wave(people, wills, complaints, survey) for survey in story("surveys").to_dicts()]
    invited = pl.concat(waves, how="vertical_relaxed")
    return invited.with_columns(id=pl.Series(people.issued.ids("survey_invitation", len(invited))))


def answers(people: People, invited: pl.DataFrame) -> pl.DataFrame:
    """Rows of `survey_answer`, and `answers_with_identifiers`."""
    replied = invited.filter(pl.col("responded_at") < NEVER)
    felt = _felt(people, replied)
    frames = []
    for question in questions().to_dicts():
        chance = 0.36 if question["scale"] == "text" else 0.96
        asked = (replied["survey_id"] == question["survey_id"]).to_numpy() & (
            people.rng.random(len(replied)) < chance
        )
        frame = replied.filter(asked).select(invitation_id="id", question_id=pl.lit(question["id"]))
        if question["scale"] == "text":
            mood = np.searchsorted((6.5, 8.5), felt["recommend"][asked], side="right")
            text = _written(people, replied["person"].to_numpy()[asked], mood)
            frames.append(
                frame.with_columns(text["comment"], answers_with_identifiers=text["signed"])
            )
        else:
            frames.append(frame.with_columns(score=pl.Series(_score(felt, question)[asked])))
    return pl.concat(frames, how="diagonal_relaxed").with_columns(source=pl.lit("DATA_SUBJECT"))


def feedback(people: People, happened: Dealings) -> pl.DataFrame:
    """Rows of `feedback` from half of the complaints and a third of the enquiries, and
    `feedback_with_identifiers`."""
    rng = people.rng
    voiced = those(happened, np.isin(happened.kind, (COMPLAINT, ENQUIRY)))
    spoken = those(
        voiced, rng.random(len(voiced.kind)) < np.where(voiced.kind == COMPLAINT, 0.5, 0.33)
    )
    n = len(spoken.person)
    text = _written(
        people, spoken.person, np.where(spoken.kind == COMPLAINT, 0, pick(rng, (25, 40, 35), n))
    )
    received = np.minimum(spoken.second + rng.integers(60, 7_200, n), END * DAY - 1)
    via = pl.Series(("email", "call", "post"))[pick(rng, (70, 25, 5), n)]
    frame = pl.DataFrame(
        {
            "customer_id": people.ids[spoken.person],
            "received_at": received,
            "channel": via,
            "source": "DATA_SUBJECT",
        }
    )
    return frame.with_columns(
        text["topic"], text["comment"], feedback_with_identifiers=text["signed"]
    )


def _wave(
    people: People, wills: Wills, complaints: Dealings, survey: Mapping[str, Any]
) -> pl.DataFrame:
    rng = people.rng
    n = len(people)
    opened = number(survey["opened_on"])
    sent = opened * DAY + rng.integers(25_200, 34_000, n)
    email = people.reachable["email"]
    kind = "SAT" if survey["kind"] == "satisfaction" else "MR"
    asked = (
        (people.joined < opened - 14)
        & (people.end > number(survey["closed_on"]))
        & (rng.random(n) < survey["share"])
    )
    asked &= (email | people.reachable["sms"]) & wills.allow(kind, "email", sent)
    person = np.flatnonzero(asked)
    delivered = rng.random(len(person)) < 0.972
    rate = np.array([PLANTED.response[band] for band in AGE_BANDS])[people.band[person]]
    wait = np.minimum(rng.exponential(3.5 * DAY, len(person)), 18 * DAY).astype(np.int64) + 90
    frame = pl.DataFrame(
        {
            "person": person,
            "customer_id": people.ids[person],
            "channel": np.where(email[person], "email", "sms"),
            "sent_at": sent[person],
            "delivered": delivered,
            "responded_at": np.where(
                delivered & (rng.random(len(person)) < rate), sent[person] + wait, NEVER
            ),
            "aggrieved": _aggrieved(people, complaints, sent)[person],
        }
    )
    named = pl.when(survey["promise"] != "anonymous").then("customer_id")
    return frame.with_columns(named, survey_id=pl.lit(survey["id"]), source=pl.lit("COMMUNICATION"))


def _aggrieved(people: People, complaints: Dealings, sent: Ints) -> Mask:
    """Who complained in the planted number of days before being asked."""
    before = sent[complaints.person] - complaints.second
    recent = complaints.person[(before > 0) & (before <= PLANTED.complaint_days * DAY)]
    return np.bincount(recent, minlength=len(people)) > 0


def _felt(people: People, replied: pl.DataFrame) -> dict[str, Any]:
    """How the parts are felt, in standard deviations, and the recommendation that follows, less the
    complaint; older people are kinder."""
    rng = people.rng
    n = len(replied)
    aggrieved = replied["aggrieved"].to_numpy()
    common = rng.normal(0, 0.55, n)
    age = (people.band[replied["person"].to_numpy()] % 7 - 2.5) * 0.12
    parts: dict[str, Reals] = {name: common + age + rng.normal(0, 0.83, n) for name in DRIVERS}
    latent = (
        8.1
        + 1.25 * sum(weight * parts[name] for name, weight in DRIVERS.items())
        + rng.normal(0, 0.8, n)
    )
    effect = np.where(aggrieved, PLANTED.complaint_effect, 0)
    recommend = np.clip(np.clip(whole(latent), 0, 10) + effect, 0, 10)
    lowered = {name: part - 0.8 * aggrieved for name, part in parts.items()}
    return {
        **lowered,
        "recommend": recommend,
        "other": common + rng.normal(0, 0.9, n) - 0.8 * aggrieved,
    }


def _score(felt: Mapping[str, Any], question: Mapping[str, Any]) -> Ints:
    if question["code"] == "recommend":
        recommend: Ints = felt["recommend"]
        return recommend
    highest = HIGHEST[question["scale"]]
    return np.clip(
        whole(highest * (0.78 + 0.18 * felt.get(question["code"], felt["other"]))), 1, highest
    )


def _written(people: People, person: Ints, mood: Ints) -> pl.DataFrame:
    """`topic`, `comment` in the person's language, and `signed`: whether there is an identifier in
    it."""
    rng = people.rng
    n = len(person)
    stories = story("comments").group_by("language", "mood").agg("topic", "text")
    rows = people.frame[person].with_columns(mood=pl.Series(MOODS)[mood], draw=rng.random(n))
    rows = rows.join(stories, on=["language", "mood"], how="left", maintain_order="left")
    place = (pl.col("draw") * pl.col("text").list.len()).cast(pl.Int64)
    signed = pl.when(pl.Series(rng.random(n) < SIGNED)).then(_signature(people, n))
    signed_rows = rows.with_columns(
        pl.col("topic", "text").list.get(place), *_forms(people, n)
    ).with_columns(signed=signed)
    comment = pl.concat_str("text", "signed", separator=" ", ignore_nulls=True)
    return signed_rows.select("topic", comment=comment, signed=pl.col("signed").is_not_null())


def _signature(people: People, size: int) -> pl.Expr:
    """A sentence with the person's own data, null where the person has not given them."""
    signatures = words()["signatures"]
    draw = pl.Series(people.rng.integers(0, max(map(len, signatures.values())), size))
    sentences = {
        (code, place): text
        for code, texts in signatures.items()
        for place, text in enumerate(texts)
    }
    return pl.coalesce(
        pl.when((pl.col("language") == code) & (draw == place)).then(_filled(text))
        for (code, place), text in sentences.items()
    )


def _filled(template: str) -> pl.Expr:
    names = [name for _, name, _, _ in Formatter().parse(template) if name]
    return pl.format(template.format(**dict.fromkeys(names, "{}")), *names)


def _forms(people: People, size: int) -> list[pl.Expr | pl.Series]:
    """The person's data as people write them: a number in groups, a family name in the genitive."""
    family = pl.col("family_name")
    phone = pl.col("phone")
    finnish = family.str.replace("nen$", "se").str.replace("([^aeiouyäöå])$", "${1}i") + "n"
    return [
        pl.when(pl.col("language") == "sv").then(family + "s").otherwise(finnish).alias("genitive"),
        pl.format(
            "0{} {} {}", phone.str.slice(4, 2), phone.str.slice(6, 3), phone.str.slice(9)
        ).alias("spoken"),
        pl.Series("reference", people.rng.integers(1_000_000, 9_999_999, size)).cast(pl.String),
    ]
