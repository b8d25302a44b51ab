"""Satisfaction: published scores and tables, and answers of a few people counted by hand."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from genlib.disclosure.cells import Cells
from genlib.errors import BadInput, UsageError
from genlib.metrics import satisfaction
from genlib.metrics.satisfaction import likert, net_promoter_score
from genlib.period import Period

DATA = Path(__file__).parents[2] / "data" / "reference" / "survey"
AGREE = ("Strongly Disagree", "Disagree", "Neutral", "Agree", "Strongly Agree")
OCTOBER = Period.parse("2026-10")


@pytest.mark.parametrize(
    ("scores", "value", "se"),
    [([0, 7, 7, 9, 9, 9], 1 / 3, 0.304), ([0, 7, 9], 0, 0.471), ([7, 9], 0.5, 0.354)],
)
def test_published_scores(scores: list[int], value: float, se: float) -> None:
    found = net_promoter_score(scores)
    assert (found.value, found.se, found.n) == (
        pytest.approx(value),
        pytest.approx(se, abs=5e-4),
        len(scores),
    )


def test_a_thousand_answers_and_their_adjusted_interval() -> None:
    found = net_promoter_score([10] * 250 + [0] * 75 + [8] * 675)
    assert (100 * found.value, 100 * found.low, 100 * found.high) == pytest.approx(
        (17.5, 14.09, 20.81), abs=5e-3
    )


def test_the_interval_is_that_of_the_reports() -> None:
    found = net_promoter_score([9] * 19 + [7] * 12 + [3] * 5)
    assert (found.value, found.low, found.high) == pytest.approx((0.3889, 0.1316, 0.5864), abs=5e-5)


def test_ten_promoters_have_a_score_of_a_hundred_at_most() -> None:
    assert net_promoter_score([10] * 10).high == 1


@pytest.mark.parametrize("label", ["10 - Extremely likely", "kymmenen", "N/A"])
def test_a_label_is_an_error_that_does_not_repeat_it(label: str) -> None:
    with pytest.raises(BadInput, match="1 of 4 scores are no numbers") as refused:
        net_promoter_score(["9", label, "3", ""])
    assert label not in str(refused.value)


def test_a_label_among_numbers_is_an_error() -> None:
    with pytest.raises(BadInput, match="turn labels into their number first"):
        net_promoter_score([9, "10 - Extremely likely", 3])


def test_numbers_written_as_text_are_scores_and_blanks_are_missing() -> None:
    assert net_promoter_score(["9", " 3 ", "", None]) == net_promoter_score([9, 3])


def test_blanks_and_elevens_are_missing() -> None:
    assert net_promoter_score([0, 7, 9]) == net_promoter_score([0, None, 7, 11, 9, -1])


def test_nothing_to_score_is_an_error() -> None:
    with pytest.raises(UsageError, match="at least one answer"):
        net_promoter_score([None, 11])


def test_a_weighted_interval_ends_where_the_scale_ends() -> None:
    pytest.importorskip("svy")
    assert net_promoter_score([9] * 9 + [8], weights=[1.0] * 10).high == 1


def test_weights_count_answers_more_than_once() -> None:
    pytest.importorskip("svy")
    assert net_promoter_score([9, 0], weights=[3, 1]).value == pytest.approx(0.5)


def test_strata_that_agree_within_leave_no_error() -> None:
    pytest.importorskip("svy")
    found = net_promoter_score([9, 9, 0, 0], weights=[1, 1, 1, 1], strata=["a", "a", "b", "b"])
    assert (found.value, found.se) == (0, 0)


@pytest.mark.parametrize(
    "given", [{"strata": ["a", "a", "b", "c"]}, {"weights": [1.0, 1.0, None, 1.0]}]
)
def test_a_gap_in_the_design_is_an_error_without_values(given: dict[str, list[Any]]) -> None:
    pytest.importorskip("svy")
    with pytest.raises(BadInput, match="a weight is missing, or a stratum has one answer"):
        net_promoter_score([9, 9, 0, 8], **given)


def test_the_published_table_of_math_anxiety() -> None:
    answers = pl.read_csv(DATA / "mass.csv").drop("Gender")
    shares = likert(answers, scale=AGREE).select(
        pl.col("item").alias("Item"), (pl.col(*AGREE) * 100).round().cast(pl.Int64)
    )
    assert_frame_equal(pl.read_csv(DATA / "MathAnxiety.csv"), shares)


def test_likert_boxes_mean_and_spread() -> None:
    found = likert(pl.DataFrame({"speed": [1, 2, 5, 5, 4, None, 9]})).row(0, named=True)
    assert (found["n"], found["mean"], found["top_two"], found["bottom_two"]) == (
        5,
        pytest.approx(3.4),
        0.6,
        0.4,
    )
    assert found["sd"] == pytest.approx(1.8166, abs=5e-5)


SURVEYS = pl.LazyFrame(
    {
        "survey": [1, 2],
        "kind": ["satisfaction", "opinion"],
        "opened_on": [date(2026, 9, 7), date(2026, 9, 7)],
    },
    schema_overrides={"survey": pl.UInt32},
)
QUESTIONS = pl.LazyFrame(
    {
        "question": [1, 2, 3, 4],
        "survey": [1, 1, 1, 2],
        "code": ["recommend", "speed", "again", "recommend"],
        "scale": ["nps_0_10", "likert_1_5", "nps_0_10", "nps_0_10"],
        **{f"text_{language}": ["a", "b", "c", "d"] for language in ("fi", "sv", "en")},
    },
    schema_overrides={"question": pl.UInt32, "survey": pl.UInt32},
)


def release(
    invitations: list[tuple[Any, ...]], answers: list[tuple[int, int, int | None]]
) -> dict[str, pl.LazyFrame]:
    """Invitations: customer, survey, sent, delivered, responded; their number is their place.
    Customer 3 complained on 2026-08-01."""
    sent = pl.LazyFrame(
        [(number, *row[:2], "email", *row[2:]) for number, row in enumerate(invitations)],
        schema={
            "invitation": pl.UInt32,
            "customer": pl.UInt32,
            "survey": pl.UInt32,
            "channel": pl.String,
            "sent_on": pl.Date,
            "delivered": pl.Boolean,
            "responded_on": pl.Date,
        },
        orient="row",
    )
    people = {
        name: [f"{name} {n}" for n in range(1, 6)]
        for name in ("kind", "age_band", "region", "language")
    }
    return {
        "customer": pl.LazyFrame(
            {"customer": range(1, 6), **people}, schema_overrides={"customer": pl.UInt32}
        ),
        "survey": SURVEYS,
        "survey_question": QUESTIONS,
        "survey_invitation": sent,
        "survey_answer": pl.LazyFrame(
            answers,
            schema={"invitation": pl.UInt32, "question": pl.UInt32, "score": pl.Int16},
            orient="row",
        ),
        "interaction": pl.LazyFrame(
            {
                "customer": [3, 1],
                "occurred_on": [date(2026, 8, 1), date(2026, 1, 1)],
                "kind": ["complaint", "complaint"],
            },
            schema_overrides={"customer": pl.UInt32},
        ),
        "feedback": pl.LazyFrame(
            {
                "customer": [1, 1, 2],
                "received_on": [date(2026, 10, 1)] * 3,
                "topic": ["price", "price", None],
            },
            schema_overrides={"customer": pl.UInt32},
        ),
    }


SEPTEMBER, LATER = date(2026, 9, 8), date(2026, 10, 8)
ANSWERED = release(
    [
        (1, 1, SEPTEMBER, True, SEPTEMBER),
        (2, 1, SEPTEMBER, True, SEPTEMBER),
        (3, 1, SEPTEMBER, True, SEPTEMBER),
        (4, 1, SEPTEMBER, True, None),
        (5, 1, SEPTEMBER, False, None),
        (1, 1, LATER, True, None),
        (2, 1, LATER, True, LATER),
        (None, 1, LATER, True, LATER),
        (5, 2, LATER, True, LATER),
    ],
    [
        (0, 1, 9),
        (0, 3, 0),
        (0, 2, 4),
        (1, 1, 3),
        (2, 1, 11),
        (2, 2, 2),
        (6, 1, 7),
        (7, 1, 10),
        (8, 4, 0),
    ],
)


def people(cells: Cells, *dimensions: str, **where: Any) -> dict[Any, int]:
    """People by one dimension, at the total of all others."""
    fixed = {*dimensions, *where}
    level = [
        pl.col(c).is_not_null() if c in fixed else pl.col(c).is_null() for c in cells.dimensions
    ]
    rows = cells.frame.filter(*level, *(pl.col(c) == value for c, value in where.items()))
    return dict(rows.select(*dimensions, "people").rows())


def test_everyone_asked_stands_in_one_cell_with_the_latest_score() -> None:
    """1 answered earlier and then fell silent; 2 first 3 then 7; 3 gave no valid score, 4 none; 5
    was not reached; one is anonymous."""
    found = people(satisfaction.scores(ANSWERED, OCTOBER), "outcome")
    assert found == {"complete": 3, "silent": 2}


def test_groups_follow_the_scores() -> None:
    cells = satisfaction.scores(ANSWERED, OCTOBER)
    found = cells.frame.filter(pl.col("score").is_null(), pl.col("group").is_not_null()).select(
        "group", "people"
    )
    assert dict(found.rows()) == {"promoter": 2, "passive": 1, "detractor": 0, "silent": 2}


def test_only_the_first_recommendation_of_a_survey_counts() -> None:
    cells = satisfaction.scores(ANSWERED, OCTOBER)
    found = cells.frame.filter(
        pl.col("outcome") == "complete", pl.col("score").is_not_null(), pl.col("people") > 0
    )
    assert found["score"].to_list() == [7, 9, 10]


def test_scores_by_age_are_the_same_people() -> None:
    by_age = satisfaction.nps_by(ANSWERED, OCTOBER)
    assert {f"age_band {n}": 1 for n in range(1, 5)} | {"unknown": 1} == people(by_age, "age_band")
    assert by_age.population == satisfaction.scores(ANSWERED, OCTOBER).population


def test_a_wave_tells_everything_that_became_of_its_invitations() -> None:
    frame = satisfaction.waves(ANSWERED, OCTOBER).frame.filter(
        pl.col("wave") == date(2026, 9, 1), pl.col("group").is_null()
    )
    found = dict(frame.select("outcome", "people").rows())
    assert found == {"complete": 3, "partial": 1, "silent": 1, "undelivered": 1, None: 6}


def test_answers_before_the_months_are_left_out() -> None:
    assert {
        k: v
        for k, v in people(satisfaction.scores(ANSWERED, OCTOBER, months=1), "outcome").items()
        if v
    } == {
        "complete": 2,
        "silent": 1,
    }


def test_a_complaint_in_the_90_days_before_is_told() -> None:
    found = people(satisfaction.nps_by(ANSWERED, OCTOBER, by="complained"), "complained")
    assert found == {"complaint": 1, "no complaint": 3, "unknown": 1}


@pytest.mark.parametrize(("days", "complained"), [(0, 1), (89, 1), (90, 1), (91, 0)])
def test_the_days_after_a_complaint(days: int, complained: int) -> None:
    answered = date.fromordinal(date(2026, 8, 1).toordinal() + days)
    tables = release([(3, 1, answered, True, answered)], [(0, 1, 5)])
    assert complained == people(
        satisfaction.nps_by(tables, OCTOBER, by="complained"), "complained"
    ).get("complaint", 0)


def test_narrowed_to_one_kind() -> None:
    assert {
        k: v
        for k, v in people(satisfaction.scores(ANSWERED, OCTOBER, kind="kind 2"), "outcome").items()
        if v
    } == {"complete": 1}


def test_items_have_every_answer_and_their_words() -> None:
    cells = satisfaction.likert_items(ANSWERED, OCTOBER)
    assert {
        (question, answer): n
        for question, answer, n in cells.frame.filter(pl.col("answer").is_not_null())
        .select("question", "answer", "people")
        .rows()
    } == {("speed", 1): 0, ("speed", 2): 1, ("speed", 3): 0, ("speed", 4): 1, ("speed", 5): 0}
    assert {"b"} == set(cells.figures[-1](cells.frame)["question_fi"])


def test_topics_count_people_not_messages() -> None:
    assert people(satisfaction.topics(ANSWERED, OCTOBER), "topic") == {"price": 1, "unknown": 1}


def test_drivers_of_a_hundred_answers() -> None:
    n = 120
    tables = release(
        [(None, 1, SEPTEMBER, True, SEPTEMBER)] * n,
        [(i, 1, i % 11) for i in range(n)] + [(i, 2, i % 11 // 3 + 1) for i in range(n)],
    )
    cells = satisfaction.drivers(tables, OCTOBER)
    (driver,) = cells.figures[0](cells.frame)["driver"].to_list()
    assert 0.9 < driver < 1


def test_no_drivers_of_few_answers() -> None:
    cells = satisfaction.drivers(ANSWERED, OCTOBER)
    assert cells.figures[0](cells.frame)["driver"].null_count() == cells.frame.height
