"""Statements: how many agree with what a survey says.

Of 100 who gave a score 60 answered 4 or 5 of 5 to "I got help": 60 % agree."""

from __future__ import annotations

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Tables
from genlib.metrics import rates
from genlib.metrics.invitations import (
    EFFORT,
    LIKERT,
    attach_texts,
    read_items,
    read_valid,
)
from genlib.metrics.names import metric
from genlib.metrics.population import Form, complete, count_lately, tabulated
from genlib.metrics.rates import Rate, Share
from genlib.metrics.recommendation import months_of, waves
from genlib.metrics.rows import Rows, rows
from genlib.metrics.survey_rounds import (
    BY_WAVE,
    LOOK_BACK,
    SPANS,
    choose_span,
    read_rounds,
    read_spans,
)
from genlib.period import Period

AGREEING = {LIKERT: 4, EFFORT: 5}
"""The lowest answer that agrees."""


@metric()
def likert_items(
    release: Tables, period: Period, *, months: int | None = None, kind: str = "all"
) -> Cells:
    """Question by answer (1-5) of each person invited: `share` of those who answered the question,
    `mean`, `sd`, `top_two` and `bottom_two`, and the words of the questions."""
    months = months or months_of(period)
    answered = read_items(release, period, months)
    population = count_lately("items", period, months, kind=kind)
    answers = answered.with_columns(answer=nw.col("score"))
    by = (Dimension("question", total=False), Dimension("answer", sensitive=True))
    cells = tabulated(
        release,
        answers,
        by,
        population,
        Share(("answer",)),
        rates.likert,
        attach_texts(release),
        person="person",
        form=Form(has_steps=False, apart="question"),
    )
    return complete(cells, pl.DataFrame({"answer": range(1, 6)}))


@metric(by=SPANS)
def agreement(
    release: Tables,
    period: Period,
    *,
    by: str = "wave",
    months: int = LOOK_BACK,
    kind: str = "all",
) -> Cells:
    """Who agrees with each question in each wave (or round, as in `waves`), of those who gave a
    score, whether or not they answered it: 4 or 5 of 5, of the effort 5 to 7 of 7. `agree_rate`
    with Wilson's interval."""
    invited, word, _ = read_rounds(release, period, by, months)
    scored = invited.filter(nw.col("outcome") == "complete")
    asked = scored.select("invitation", "person", "wave", "survey").join(
        _statements(release), on="survey"
    )
    agreed = nw.concat(
        [
            read_valid(release, scale).filter(nw.col("score") >= lowest)
            for scale, lowest in AGREEING.items()
        ]
    )
    boxes = agreed.select("invitation", "question", box=nw.lit("agree"))
    counted = asked.join(boxes, on=["invitation", "question"], how="left")
    counted = counted.with_columns(nw.col("box").fill_null("other"))
    levels = (
        BY_WAVE,
        Dimension("question", total=False),
        Dimension("box", is_subject=True, sensitive=True),
    )
    agree = Rate("agree_rate", "box", ("agree",))
    what = "agreement" if word == "wave" else f"agreement by {word}"
    return tabulated(
        release,
        counted,
        levels,
        count_lately(what, period, months, kind=kind),
        agree,
        attach_texts(release),
        person="person",
        form=Form(has_steps=False, apart="wave"),
    )


def _statements(release: Tables) -> Rows:
    """Survey and code of each question that one can agree with."""
    questions = rows(release, "survey_question").filter(nw.col("scale").is_in([*AGREEING]))
    return questions.select("survey", question="code").unique()


@metric()
def round_tables(release: Tables, period: Period, *, kind: str = "all") -> dict[str, Cells]:
    """`rounds` (`waves` by round) and `agreed` (`agreement` by round); none where each round is one
    survey, since `waves` and `agreement` are the same tables then."""
    if choose_span(read_spans(release, period), "round") == "wave":
        return {}
    return {
        "rounds": waves(release, period, by="round", kind=kind),
        "agreed": agreement(release, period, by="round", kind=kind),
    }
