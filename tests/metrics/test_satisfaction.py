"""Satisfaction: published scores and tables, and answers of a few people counted by hand."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import svy
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from genlib import notice as notices
from genlib.disclosure import protect, slices
from genlib.disclosure.cells import Cells
from genlib.disclosure.slices import take_slice
from genlib.errors import BadInput, UsageError
from genlib.metrics import satisfaction
from genlib.metrics.rows import collect
from genlib.metrics.satisfaction import likert, net_promoter_score
from genlib.metrics.statistics import estimate_mean
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
    assert net_promoter_score([9] * 9 + [8], weights=[1.0] * 10).high == 1


def test_weights_count_answers_more_than_once() -> None:
    assert net_promoter_score([9, 0], weights=[3, 1]).value == pytest.approx(0.5)


def test_strata_that_agree_within_leave_no_error() -> None:
    found = net_promoter_score([9, 9, 0, 0], weights=[1, 1, 1, 1], strata=["a", "a", "b", "b"])
    assert (found.value, found.se) == (0, 0)


@pytest.mark.parametrize(
    "design", [{"strata": ["a", "a", "b", "c"]}, {"weights": [1.0, 1.0, None, 1.0]}]
)
def test_a_gap_in_the_design_is_an_error_without_values(design: dict[str, list[Any]]) -> None:
    with pytest.raises(BadInput, match="a weight is missing, or a stratum has one answer"):
        net_promoter_score([9, 9, 0, 8], **design)


@pytest.mark.parametrize(
    ("file", "column", "design", "mean", "se"),
    [
        ("apistrat", "api00", {"wgt": "pw", "stratum": "stype"}, 662.287, 9.4089),
        ("apiclus1", "api00", {"wgt": "pw", "psu": "dnum"}, 644.169, 23.542),
        ("strat8", "ue91", {"wgt": "wt", "stratum": "str"}, 475.33, 133.73),
    ],
)
def test_means_by_design_are_those_of_r_survey_and_of_lehtonen_and_pahkinen(
    file: str, column: str, design: dict[str, str], mean: float, se: float
) -> None:
    frame = pl.read_csv(DATA / f"{file}.csv", null_values="NA", infer_schema_length=None)
    found = estimate_mean(frame, column, svy.Design(**design, pop_size="fpc"))
    assert (found.value, found.se) == (pytest.approx(mean, abs=5e-3), pytest.approx(se, abs=5e-3))


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


@pytest.mark.parametrize(
    ("answers", "scale"),
    [(["5 - Agree", "1"], (1, 2, 3, 4, 5)), ([5, 1], AGREE), (["5", "1"], (1, 2, 3, 4, 5))],
)
def test_labels_on_a_scale_of_numbers_are_an_error(
    answers: list[Any], scale: tuple[Any, ...]
) -> None:
    with pytest.raises(UsageError, match="name the scale as it stands"):
        likert(pl.DataFrame({"speed": answers}), scale=scale)


def test_an_item_without_answers_has_no_figures() -> None:
    found = likert(pl.DataFrame({"speed": [None, None]})).row(0, named=True)
    assert found["n"] == 0


SURVEYS = pl.LazyFrame(
    {
        "survey": [1, 2],
        "kind": ["satisfaction", "opinion"],
        "opened_on": [date(2026, 9, 7), date(2026, 9, 7)],
        "closed_on": [date(2026, 10, 20), date(2026, 9, 27)],
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
    assert found == {"complete": 3, "unscored": 3}


def test_who_gave_no_score_is_a_category_of_everyone_invited() -> None:
    found = people(satisfaction.nps_by(ANSWERED, OCTOBER), "outcome")
    assert found == {"complete": 3, "unscored": 3}


def test_groups_follow_the_scores() -> None:
    cells = satisfaction.scores(ANSWERED, OCTOBER)
    found = cells.frame.filter(pl.col("score").is_null(), pl.col("group").is_not_null()).select(
        "group", "people"
    )
    assert dict(found.rows()) == {
        "promoter": 2,
        "passive": 1,
        "detractor": 0,
        "unscored": 3,
    }


def test_the_balance_is_of_those_who_gave_a_score() -> None:
    frame = satisfaction.standing(ANSWERED, OCTOBER).frame
    assert frame.select("outcome", "people", "balance").rows() == [
        ("complete", 3, 2),
        ("unscored", 3, 0),
        (None, 6, 2),
    ]


@pytest.mark.parametrize(("detractors", "is_told"), [(4, False), (5, True), (15, True)])
def test_a_score_of_few_detractors_is_told_if_many_may_be_in_doubt(
    detractors: int, is_told: bool
) -> None:
    """Of 20 who gave a score, and 20 who did not: the balance leaves 8, 10 or 30 in doubt."""
    day = date(2026, 10, 1)
    invited = [(n, 1, day, True, day if n < 20 else None) for n in range(40)]
    given = [(n, 1, 3 if n < detractors else 10) for n in range(20)]
    shown = protect(standing=satisfaction.standing(release(invited, given), OCTOBER)).standing
    balance = 20 - 2 * detractors
    assert shown.value("balance", outcome="complete").value == (balance if is_told else None)
    assert shown.value("nps").value == (balance / 20 if is_told else None)


def test_only_the_first_recommendation_of_a_survey_counts() -> None:
    cells = satisfaction.scores(ANSWERED, OCTOBER)
    found = cells.frame.filter(
        pl.col("outcome") == "complete", pl.col("score").is_not_null(), pl.col("people") > 0
    )
    assert found["score"].to_list() == [7, 9, 10]


def test_scores_by_age_are_the_same_people() -> None:
    by_age = satisfaction.nps_by(ANSWERED, OCTOBER)
    assert {f"age_band {n}": 1 for n in range(1, 6)} | {"unknown": 1} == people(by_age, "age_band")
    assert by_age.population == satisfaction.scores(ANSWERED, OCTOBER).population


def test_a_wave_tells_everything_that_became_of_its_invitations() -> None:
    frame = satisfaction.waves(ANSWERED, OCTOBER).frame.filter(
        pl.col("wave") == date(2026, 9, 1), pl.col("group").is_null()
    )
    found = dict(frame.select("outcome", "people").rows())
    assert found == {"complete": 3, "unscored": 2, "undelivered": 1, None: 6}


def test_answers_before_the_months_are_left_out() -> None:
    assert {
        k: v
        for k, v in people(satisfaction.scores(ANSWERED, OCTOBER, months=1), "outcome").items()
        if v
    } == {
        "complete": 2,
        "unscored": 1,
    }


def test_a_complaint_in_the_90_days_before_is_told() -> None:
    found = people(satisfaction.nps_by(ANSWERED, OCTOBER, by="complained"), "complained")
    assert found == {"complaint": 1, "no complaint": 4, "unknown": 1}


@pytest.mark.parametrize(("days", "complained"), [(0, 1), (89, 1), (90, 1), (91, 0)])
def test_the_days_after_a_complaint(days: int, complained: int) -> None:
    answered = date.fromordinal(date(2026, 8, 1).toordinal() + days)
    tables = release([(3, 1, answered, True, answered)], [(0, 1, 5)])
    assert complained == people(
        satisfaction.nps_by(tables, OCTOBER, by="complained"), "complained"
    ).get("complaint", 0)


def test_narrowed_to_one_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "LEAST_PEOPLE", 1)
    consumer = pl.col("kind").replace("kind 2", "consumer")
    tables = {**ANSWERED, "customer": ANSWERED["customer"].with_columns(consumer)}
    cells = take_slice(satisfaction.scores(tables, OCTOBER, kind="consumer"))
    assert {k: v for k, v in people(cells, "outcome").items() if v} == {"complete": 1}


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


def figure(cells: Cells, column: str, **where: Any) -> Any:
    """One figure of a table of which nothing is hidden."""
    level = [
        pl.col(name) == where[name] if name in where else pl.col(name).is_null()
        for name in cells.dimensions
    ]
    return with_figures(cells).filter(level)[column].item()


def with_figures(cells: Cells) -> pl.DataFrame:
    frame = cells.frame.with_columns(_base=pl.lit(1))
    for add in cells.figures:
        frame = add(frame)
    return frame


def surveyed(
    opened: list[date],
    invitations: list[tuple[Any, ...]],
    answers: list[tuple[int, int, int | None]],
    *,
    closed: list[date | None] | None = None,
) -> dict[str, pl.LazyFrame]:
    """A release of surveys numbered from 1, each with question 1 of its own number: recommend, and
    ten times it: speed."""
    numbers = range(1, len(opened) + 1)
    tables = release(invitations, answers)
    tables["survey"] = pl.LazyFrame(
        {
            "survey": numbers,
            "kind": "satisfaction",
            "opened_on": opened,
            "closed_on": closed or [day + timedelta(days=14) for day in opened],
        },
        schema={
            "survey": pl.UInt32,
            "kind": pl.String,
            "opened_on": pl.Date,
            "closed_on": pl.Date,
        },
    )
    tables["survey_question"] = pl.LazyFrame(
        {
            "question": [*numbers, *(10 * number for number in numbers)],
            "survey": [*numbers, *numbers],
            "code": ["recommend"] * len(opened) + ["speed"] * len(opened),
            "scale": ["nps_0_10"] * len(opened) + ["likert_1_5"] * len(opened),
            "text_fi": "a",
            "text_sv": "a",
            "text_en": "a",
        },
        schema={
            "question": pl.UInt32,
            "survey": pl.UInt32,
            **dict.fromkeys(["code", "scale", "text_fi", "text_sv", "text_en"], pl.String),
        },
    )
    return tables


JULY, AUGUST = date(2026, 7, 6), date(2026, 8, 10)
SEPTEMBER_1 = date(2026, 9, 1)
TEN = surveyed(
    [SEPTEMBER],
    [(None, 1, SEPTEMBER, True, SEPTEMBER)] * 4
    + [(None, 1, SEPTEMBER, True, None)] * 4
    + [(None, 1, SEPTEMBER, False, None)] * 2,
    [(0, 1, 9), (1, 1, 2), (2, 1, 8), (3, 10, 4)],
)
"""Of ten invited three gave a score, one another answer, four nothing, two were not reached."""


def test_a_rate_is_the_same_by_wave_and_in_the_groups() -> None:
    groups = satisfaction.group_tables(TEN, OCTOBER, by={"ages": "age_band"})
    assert (
        figure(satisfaction.waves(TEN, OCTOBER), "response_rate", wave=date(2026, 9, 1)),
        figure(satisfaction.waves(TEN, OCTOBER, by="round"), "response_rate", wave=SEPTEMBER_1),
        figure(satisfaction.nps_by(TEN, OCTOBER), "response_rate"),
        figure(groups["ages"], "response_rate"),
    ) == (0.3, 0.3, 0.3, 0.3)


def test_of_those_reached_is_told_by_wave() -> None:
    """Three of the eight whom the message reached."""
    waves = satisfaction.waves(TEN, OCTOBER)
    assert figure(waves, "of_reached", wave=SEPTEMBER_1) == 0.375


@pytest.mark.parametrize("each", [6, 2])
def test_of_those_reached_nothing_is_told_where_few_were_not_reached(each: int) -> None:
    """Four of 42 or of 30: told with those who gave no score, they would stand in the base. Of each
    group of scores there are enough, or too few to be divided."""
    scores = [9] * each + [7] * each + [2] * each
    tables = surveyed(
        [SEPTEMBER],
        [(None, 1, SEPTEMBER, place >= 4, None) for place in range(24 + len(scores))],
        [(place, 1, score) for place, score in enumerate(scores, start=4)],
    )
    shown = protect(waves=satisfaction.waves(tables, OCTOBER)).waves
    assert shown.value("of_reached", wave=SEPTEMBER_1).value is None
    rate = shown.value("response_rate", wave=SEPTEMBER_1).value
    assert rate == len(scores) / (24 + len(scores))


def test_who_answered_was_reached_whatever_the_message_says() -> None:
    tables = surveyed([SEPTEMBER], [(None, 1, SEPTEMBER, False, SEPTEMBER)] * 10, [(0, 1, 9)])
    assert figure(satisfaction.waves(tables, OCTOBER), "of_reached", wave=SEPTEMBER_1) == 0.1


def test_an_answer_without_a_score_is_none() -> None:
    tables = surveyed([SEPTEMBER], [(1, 1, SEPTEMBER, True, None)], [(0, 10, 4)])
    assert people(satisfaction.nps_by(tables, OCTOBER), "outcome") == {"unscored": 1}


def test_a_rate_does_not_depend_on_how_many_surveys_there_were() -> None:
    """One of two answered each survey, never the same."""
    both = [
        (person, number, day, True) for number, day in ((1, JULY), (2, AUGUST)) for person in (1, 2)
    ]
    responded = [JULY, None, None, AUGUST]
    invitations = [(*row, day) for row, day in zip(both, responded, strict=True)]
    tables = surveyed([JULY, AUGUST], invitations, [(0, 1, 9), (3, 2, 9)])
    assert figure(satisfaction.nps_by(tables, Period.parse("2026-Q3")), "response_rate") == 0.5


def test_the_answers_told_are_those_of_the_latest_survey() -> None:
    invitations = [(1, 1, JULY, True, JULY), (1, 2, AUGUST, True, AUGUST)]
    answers = [(0, 1, 2), (0, 10, 1), (1, 2, 9), (1, 20, 5)]
    tables = surveyed([JULY, AUGUST], invitations, answers)
    given_answers = satisfaction.likert_items(tables, Period.parse("2026-Q3")).frame.filter(
        pl.col("answer").is_not_null(), pl.col("people") > 0
    )
    by_age = satisfaction.nps_by(tables, Period.parse("2026-Q3"))
    assert (given_answers["answer"].to_list(), figure(by_age, "nps")) == ([5], 1)


THREE = surveyed(
    [date(2026, 4, 6), JULY, AUGUST],
    [(1, 1, date(2026, 4, 6), True, None), (2, 2, JULY, True, None), (3, 3, AUGUST, True, None)],
    [],
)


@pytest.mark.parametrize(
    ("period", "invited"), [("2026-Q2", 1), ("2026-Q3", 2), ("2026", 3), ("2026-Q4", 0)]
)
def test_a_quarter_and_a_year_tell_their_surveys_together(period: str, invited: int) -> None:
    now = Period.parse(period)
    this = satisfaction.survey_rounds(THREE, now).this
    together = people(satisfaction.waves(THREE, now, by="round"), "wave")
    groups = people(satisfaction.nps_by(THREE, now), "age_band")
    assert together.get(this, 0) == sum(groups.values()) == invited


def test_a_month_tells_its_latest_survey_and_groups_of_twelve_months() -> None:
    september = Period.parse("2026-09")
    this = satisfaction.survey_rounds(THREE, september).this
    by_round = people(satisfaction.waves(THREE, september, by="round"), "wave")
    assert (this, by_round[this]) == (date(2026, 8, 1), 1)
    assert satisfaction.scores(THREE, september).frame["people"].max() == 3


def test_rounds_of_one_survey_are_the_table_of_surveys() -> None:
    """The same people stand in it, so that what is hidden in one is hidden in the other."""
    now = Period.parse("2026-Q2")
    rounds = satisfaction.waves(THREE, now, by="round")
    assert rounds.population == satisfaction.waves(THREE, now).population
    assert_frame_equal(rounds.frame, satisfaction.waves(THREE, now).frame)


def test_rounds_of_several_surveys_have_a_name_of_their_own() -> None:
    now = Period.parse("2026-Q3")
    rounds = satisfaction.waves(THREE, now, by="round")
    assert rounds.population != satisfaction.waves(THREE, now).population


def test_rounds_are_the_same_in_whatever_order_their_rows_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One survey a quarter, which bears its own month."""
    may = date(2026, 5, 4)
    tables = surveyed([may, AUGUST], [(1, 1, may, True, None), (2, 2, AUGUST, True, None)], [])
    monkeypatch.setattr(
        "genlib.metrics.survey_rounds.collect", lambda frame: collect(frame).reverse()
    )
    rounds = satisfaction.survey_rounds(tables, Period.parse("2026-Q3"))
    assert (rounds.this, rounds.before) == (date(2026, 8, 1), date(2026, 5, 1))


@pytest.mark.parametrize(
    ("comparison", "before"), [("previous", date(2026, 4, 1)), ("year_ago", satisfaction.NEVER)]
)
def test_a_quarter_is_compared_with_the_one_before_it(comparison: str, before: date) -> None:
    rounds = satisfaction.survey_rounds(THREE, Period.parse("2026-Q3"), comparison=comparison)
    assert (rounds.this, rounds.before) == (date(2026, 7, 1), before)


@pytest.mark.parametrize(
    ("closed", "is_open"),
    [
        (None, True),
        (date(2026, 8, 30), False),
        (date(2026, 8, 31), False),
        (date(2026, 9, 1), True),
    ],
)
def test_a_survey_that_is_not_closed_is_not_compared(closed: date | None, is_open: bool) -> None:
    tables = surveyed(
        [JULY, date(2026, 8, 30)],
        [(1, 1, JULY, True, JULY), (2, 2, date(2026, 8, 30), True, None)],
        [(0, 1, 9)],
        closed=[date(2026, 7, 20), closed],
    )
    now = Period.parse("2026-08")
    rounds = satisfaction.survey_rounds(tables, now)
    days = figure(satisfaction.waves(tables, now), "open_days", wave=date(2026, 8, 1))
    assert rounds.is_open is is_open
    assert rounds.before == (satisfaction.NEVER if is_open else date(2026, 7, 1))
    assert days == (2 if is_open else None)


def test_a_survey_closed_before_the_release_is_compared_though_it_outlived_its_month() -> None:
    tables = surveyed(
        [JULY, AUGUST],
        [(1, 1, JULY, True, JULY), (2, 2, AUGUST, True, None)],
        [(0, 1, 9)],
        closed=[date(2026, 7, 20), date(2026, 9, 7)],
    )
    published = Published(tables, SimpleNamespace(published_on=date(2026, 9, 8)))
    rounds = satisfaction.survey_rounds(published, Period.parse("2026-08"))
    assert (rounds.before, rounds.is_open) == (date(2026, 7, 1), False)


def test_a_year_that_is_not_over_is_not_compared() -> None:
    tables = surveyed(
        [date(2025, 8, 10), AUGUST],
        [(1, 1, date(2025, 8, 10), True, None), (2, 2, AUGUST, True, None)],
        [],
    )
    published = Published(tables, SimpleNamespace(published_on=date(2026, 11, 1)))
    rounds = satisfaction.survey_rounds(published, Period.parse("2026"))
    assert (rounds.before, rounds.is_open) == (satisfaction.NEVER, False)


@dataclass(frozen=True)
class Published:
    """Frames with the manifest of a release."""

    tables: dict[str, pl.LazyFrame]
    manifest: Any

    def __getitem__(self, name: str) -> pl.LazyFrame:
        return self.tables[name]


METRICS = {
    "waves": satisfaction.waves,
    "rounds": partial(satisfaction.waves, by="round"),
    "nps_by": satisfaction.nps_by,
    "complaints": partial(satisfaction.nps_by, by="complained"),
    "scores": satisfaction.scores,
    "likert_items": satisfaction.likert_items,
    "agreement": satisfaction.agreement,
    "agreed": partial(satisfaction.agreement, by="round"),
    "drivers": satisfaction.drivers,
    "topics": satisfaction.topics,
}
CONSTANT = [(person, 1, SEPTEMBER, True, SEPTEMBER) for person in [None] * 120]
EDGES = {
    "nobody invited": surveyed([SEPTEMBER], [], []),
    "no survey at all": surveyed([], [], []),
    "one person, silent": surveyed([SEPTEMBER], [(1, 1, SEPTEMBER, True, None)], []),
    "one person": surveyed([SEPTEMBER], [(1, 1, SEPTEMBER, True, SEPTEMBER)], [(0, 1, 9)]),
    "six, no statement answered": surveyed(
        [SEPTEMBER],
        [(n % 5 + 1, 1, SEPTEMBER, True, SEPTEMBER) for n in range(6)],
        [(n, 1, n) for n in range(6)],
    ),
    "all answers equal": surveyed(
        [SEPTEMBER], CONSTANT, [(n, q, 4) for n in range(120) for q in (1, 10)]
    ),
    "one statement equal": surveyed(
        [SEPTEMBER], CONSTANT, [(n, q, (n % 9, 4)[q == 10]) for n in range(120) for q in (1, 10)]
    ),
    "only scores": surveyed([SEPTEMBER], CONSTANT, [(n, 1, n % 11) for n in range(120)]),
    "only statements": surveyed([SEPTEMBER], CONSTANT, [(n, 10, n % 5 + 1) for n in range(120)]),
    "answers without a score": surveyed([SEPTEMBER], CONSTANT, [(n, 1, None) for n in range(120)]),
}
SEVERAL = {name: tables for name, tables in EDGES.items() if not name.startswith("one person")}


@pytest.mark.parametrize("period", ["2026-09", "2026-Q3", "2026", "2024", "2024-02"])
@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
@pytest.mark.parametrize("tables", EDGES.values(), ids=EDGES)
def test_small_and_constant_answers_make_a_table(
    tables: dict[str, pl.LazyFrame], metric: Any, period: str
) -> None:
    frame = with_figures(metric(tables, Period.parse(period)))
    assert not any(column.is_nan().any() for column in frame.select(pl.col(pl.Float64)))


@pytest.mark.parametrize("tables", SEVERAL.values(), ids=SEVERAL)
def test_small_and_constant_answers_are_protected(
    tables: dict[str, pl.LazyFrame],
) -> None:
    columns = {name: name for name in ("age_band", "kind", "region", "channel", "complained")}
    found = satisfaction.group_tables(tables, OCTOBER, by=columns)
    found |= {name: metric(tables, OCTOBER) for name, metric in METRICS.items()}
    assert set(protect(**found)) == set(found)


TOLD_FROM = {"score": {"score", "group", "outcome", "answer", "box"}, "topic": {"topic"}}
"""What tables tell of the columns that the privacy notice calls sensitive."""


def test_what_the_notice_calls_sensitive_is_so_in_every_table() -> None:
    columns = [one for table in notices.load().columns.values() for one in table.values()]
    of_notice = {one.name for one in columns if one.sensitivity == "sensitive"}
    found = [metric(ANSWERED, OCTOBER) for metric in METRICS.values()]
    told = {column for columns in TOLD_FROM.values() for column in columns}
    dimensions = [one for cells in found for one in cells.by if told & {*one.columns}]
    assert of_notice == TOLD_FROM.keys()
    assert {one.name for one in dimensions} >= {"group", "score", "answer", "box", "topic"}
    assert all(one.sensitive for one in dimensions)


@pytest.mark.parametrize(("others", "is_told"), [(0, False), (5, True)])
def test_the_score_of_all_who_answered_is_not_told(others: int, is_told: bool) -> None:
    """Where the 30 who answered in the second wave are all detractors, everybody knows it of each
    of them; not so where 5 more are promoters."""
    first = [0] * 20 + [10] * 20
    second = [0] * 30 + [10] * others
    days = [JULY] * len(first) + [AUGUST] * len(second)
    invitations = [(n + 1, 1 + (day == AUGUST), day, True, day) for n, day in enumerate(days)]
    answers = [(n, invitations[n][1], score) for n, score in enumerate(first + second)]
    waves = satisfaction.waves(surveyed([JULY, AUGUST], invitations, answers), OCTOBER)
    frame = protect(waves=waves).waves.frame
    detractors = frame.filter(
        pl.col("group") == "detractor", pl.col("wave") == AUGUST.replace(day=1)
    )
    assert detractors["people"].to_list() == [30 if is_told else None]


INVITATION = st.tuples(
    st.sampled_from([1, 2, 3, 4, 5, None]),
    st.sampled_from([1, 2]),
    st.sampled_from([JULY, AUGUST]),
    st.booleans(),
    st.sampled_from([None, AUGUST]),
)


@settings(max_examples=40, deadline=None)
@given(
    invitations=st.lists(INVITATION, max_size=8),
    scores=st.lists(st.integers(-1, 11), min_size=8, max_size=8),
    period=st.sampled_from(["2026-07", "2026-08", "2026-Q3", "2026", "2025-Q1"]),
)
def test_everyone_invited_stands_in_each_table_once(
    invitations: list[tuple[Any, ...]], scores: list[int], period: str
) -> None:
    answers = [
        (place, row[1], score)
        for place, (row, score) in enumerate(zip(invitations, scores, strict=False))
        if score >= 0 and row[4]
    ]
    tables = surveyed([JULY, AUGUST], invitations, answers)
    now = Period.parse(period)
    months = now.months(satisfaction.months_of(now))
    persons = {
        row[0] or -place - 1
        for place, row in enumerate(invitations)
        if months[0].start <= row[2] < now.end
    }
    groups = satisfaction.group_tables(tables, now, by={"kinds": "kind"})
    for cells in (
        satisfaction.nps_by(tables, now),
        satisfaction.scores(tables, now),
        *groups.values(),
    ):
        whole = cells.frame.filter(pl.col(name).is_null() for name in cells.dimensions)
        parts = cells.frame.filter(
            pl.col("outcome").is_not_null(),
            *(pl.col(name).is_null() for name in cells.dimensions if name != "outcome"),
        )
        assert whole["people"].sum() == parts["people"].sum() == len(persons)
