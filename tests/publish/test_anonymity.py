"""Nobody in a release is alone: k is enforced, measured, and costs no more than it must."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from genlib.publish.anonymity import anonymise, reached

QUASI = ["region", "age_band", "language"]
LADDER = ["language", "age_band", "region"]


def people(*classes: tuple[str | None, str | None, str | None, int]) -> pl.DataFrame:
    rows = [(r, a, s) for r, a, s, size in classes for _ in range(size)]
    return pl.DataFrame(rows, schema=dict.fromkeys(QUASI, pl.String), orient="row").with_row_index(
        "id"
    )


@pytest.mark.parametrize(("size", "languages"), [(4, ["unknown"]), (5, ["fi"]), (6, ["fi"])])
def test_a_class_of_k_is_left_as_it_is_and_one_below_is_coarsened(
    size: int, languages: list[str]
) -> None:
    result = anonymise(
        people(("01", "25-34", "fi", size), ("01", "25-34", "unknown", 1)),
        QUASI,
        ladder=LADDER,
        k=5,
    )
    assert result.people.filter(pl.col("id") < size)["language"].unique().to_list() == languages


@pytest.mark.parametrize(("size", "left_out"), [(4, 4), (5, 0), (6, 0)])
def test_people_who_stay_rare_are_left_out_and_counted(size: int, left_out: int) -> None:
    result = anonymise(people(("01", "25-34", "fi", size)), QUASI, ladder=[], k=5)
    assert (result.left_out, result.people.height, result.reached) == (
        left_out,
        size - left_out,
        0 if left_out else size,
    )


def test_only_the_rare_are_coarsened_and_only_as_far_as_needed() -> None:
    result = anonymise(
        people(("01", "25-34", "fi", 5), ("01", "25-34", "sv", 2), ("01", "25-34", "en", 3)),
        QUASI,
        ladder=LADDER,
        k=5,
    )
    assert_frame_equal(
        result.people.drop("id"),
        people(("01", "25-34", "fi", 5), ("01", "25-34", "unknown", 5)).drop("id"),
    )
    assert (result.coarsened, result.reached) == (5, 5)


def test_missing_is_unknown() -> None:
    result = anonymise(
        people((None, "25-34", None, 3), ("unknown", "25-34", "unknown", 2)),
        QUASI,
        ladder=LADDER,
        k=5,
    )
    assert (result.reached, result.coarsened) == (5, 0)


def test_k_of_nobody_is_zero() -> None:
    assert reached(people(), QUASI) == 0


CLASSES = st.lists(
    st.tuples(
        st.sampled_from(["01", "02"]),
        st.sampled_from(["18-24", "25-34", None]),
        st.sampled_from(["fi", "sv"]),
        st.integers(1, 7),
    ),
    max_size=12,
)


@given(CLASSES, st.integers(2, 8), st.permutations(LADDER))
def test_whatever_comes_k_is_reached_and_nobody_is_lost_or_changed_needlessly(
    classes: list[tuple[str, str | None, str, int]], k: int, ladder: list[str]
) -> None:
    before = people(*classes)
    result = anonymise(before, QUASI, ladder=ladder, k=k)
    assert result.people.height + result.left_out == before.height
    assert result.reached >= k or result.people.is_empty()
    assert result.left_out < k  # at the foot of the ladder all are in one class
    known = before.with_columns(pl.col(QUASI).fill_null("unknown"))
    big = known.filter(pl.len().over(QUASI) >= k)
    assert_frame_equal(result.people.join(big, on="id", how="semi"), big)
    changed = result.people.join(known, on="id").filter(
        pl.any_horizontal(pl.col(q) != pl.col(f"{q}_right") for q in QUASI)
    )
    assert result.coarsened == changed.height
    assert (
        changed.select(pl.any_horizontal(pl.col(q) == "unknown" for q in QUASI)).to_series().all()
    )
