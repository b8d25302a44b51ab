"""The rule answers as the truth table says, whatever way it is asked."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from genlib import notice
from genlib.errors import UsageError
from genlib.permission import REASONS, Switches, decide
from genlib.permission.rule import FLAGS, PROTECTED

TABLE = Path(__file__).parents[1] / "data" / "reference" / "contact_truth_table.csv"
STATES = dict(
    zip(
        FLAGS,
        ("consent", "withdrawn", "chan_proh", "mr_proh", "mk_proh", "all_proh", "soft"),
        strict=True,
    )
)
OPEN = {"q3": ("Q3", False), "q4": ("Q4", True), "q5": ("Q5", True), "q1": ("expressly", "calls")}


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return pl.read_csv(TABLE).with_columns(
        **{flag: pl.col("state") == state for flag, state in STATES.items()}
    )


def question(**given: object) -> pl.DataFrame:
    asked = {
        "recipient": "P",
        "channel": "email",
        "kind": "DM",
        **dict.fromkeys((*FLAGS, *PROTECTED), False),
        **given,
    }
    return pl.DataFrame(
        {name: [value] for name, value in asked.items()},
        schema_overrides=dict.fromkeys(FLAGS, pl.Boolean),
    )


def answer(switches: Switches | None = None, **given: object) -> tuple[bool, str]:
    return decide(question(**given), switches=switches).select("allowed", "reason").row(0)


@pytest.mark.notice("N11.12", "N11.13", "N11.14")
def test_all_1120_default_answers(table: pl.DataFrame) -> None:
    answers = decide(table)
    assert answers.filter(pl.col("allowed") == (pl.col("default") == "YES")).height == 1120


@pytest.mark.parametrize("switch", OPEN)
def test_an_open_question_switched_on_leaves_the_answer_to_the_law(
    table: pl.DataFrame, switch: str
) -> None:
    words, value = OPEN[switch]
    granted = (pl.col("notice") == "YES") | (
        (pl.col("notice") == "COND") & pl.col("notice_why").str.contains(words)
    )
    answers = decide(table, switches=Switches(**{switch: value}))
    assert (
        answers.filter(pl.col("allowed") == (granted & (pl.col("current_law") == "YES"))).height
        == 1120
    )


def test_a_refusal_cites_what_the_table_cites(table: pl.DataFrame) -> None:
    refused = (
        decide(table)
        .filter(~pl.col("allowed"), pl.col("notice") == "NO")
        .with_columns(clause=pl.col("notice_why").str.extract(r"^(N11\.\d+)"))
    )
    cited = {reason: words.notice for reason, words in REASONS.items()}
    strange = refused.filter(
        pl.col("reason") != "consent_withdrawn",
        pl.col("reason").replace_strict(cited).str.extract(r"^(N11\.\d+)") != pl.col("clause"),
    )
    assert strange.height == 0


def test_every_reason_agrees_with_its_answer(table: pl.DataFrame) -> None:
    answers = decide(table)
    assert answers["allowed"].to_list() == [REASONS[code].allows for code in answers["reason"]]


def test_each_row_alone_answers_as_in_the_batch(table: pl.DataFrame) -> None:
    some = table.gather_every(37)
    one_by_one = pl.concat([decide(row) for row in some.iter_slices(1)])
    assert one_by_one.equals(decide(some))


def test_lazy_in_lazy_out(table: pl.DataFrame) -> None:
    answers = decide(table.lazy())
    assert isinstance(answers, pl.LazyFrame)
    assert answers.collect().equals(decide(table))


@pytest.mark.parametrize("who", PROTECTED)
def test_protected_people_come_before_any_consent(who: str) -> None:
    assert (False, who) == answer(consent=True, **{who: True})


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("erased", (False, "erased")),
        ("deceased", (False, "deceased")),
        ("held_back", (False, "held_back")),
        ("left", (True, "needed_notice")),
        ("minor", (True, "needed_notice")),
        ("restricted", (True, "safe_route")),
        ("non_disclosure", (True, "safe_route")),
    ],
)
def test_a_needed_notice_reaches_protected_people_by_a_safe_route(
    who: str, expected: tuple[bool, str]
) -> None:
    assert expected == answer(kind="SVC", **{who: True})


@pytest.mark.parametrize(
    "given",
    [{"channel": "fax"}, {"kind": "ADVICE"}, {"recipient": "X"}, {"kind": None}, {"consent": None}],
)
def test_what_is_not_known_is_refused(given: dict[str, object]) -> None:
    assert answer(**given) == (False, "incomplete")


def test_survey_in_a_channel_without_marketing_is_told_to_take_another() -> None:
    assert answer(kind="SAT", channel_prohibited=True) == (True, "survey_other_channel")


def test_q6_off_stops_surveys_in_a_prohibited_channel() -> None:
    assert answer(Switches(q6=False), kind="MR", channel_prohibited=True) == (
        False,
        "channel_prohibition",
    )


@pytest.mark.notice("N11.15")
def test_q8_off_lets_customer_communication_pass_but_no_marketing() -> None:
    passing = {
        kind: answer(Switches(q8=False), kind=kind, channel="post", all_prohibited=True)[0]
        for kind in ("CC", "SAT", "DM", "BEN", "SCA")
    }
    assert passing == {"CC": True, "SAT": False, "DM": False, "BEN": False, "SCA": False}


def test_a_withdrawn_consent_is_not_revived_by_being_a_customer() -> None:
    assert answer(Switches(q4=True), existing_customer=True, withdrawn=True) == (
        False,
        "consent_withdrawn",
    )


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UsageError, match="needs the columns withdrawn"):
        decide(question().drop("withdrawn"))


def test_the_notice_answers_its_open_questions_as_recommended() -> None:
    assert Switches(**notice.load().permission) == Switches()


@pytest.mark.parametrize("given", [{"q1": "all"}, {"q1": True}, {"q4": "yes"}, {"q12": False}])
def test_a_switch_takes_only_its_own_answers(given: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=f"switch {next(iter(given))}: choose one of"):
        Switches(**given)
