"""Mistakes in a cell are one line that says what may be given: the metrics, all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import polars as pl
import pytest
from every_metric import find_metrics
from polars.testing import assert_frame_equal

from genlib.errors import UsageError
from genlib.metrics import customers
from genlib.metrics.contacts import campaign_name
from genlib.metrics.names import NARROWED
from genlib.period import Period

METRICS = sorted({metric for _, metric in find_metrics()}, key=lambda one: one.__name__)
TABLES = {"campaign": pl.DataFrame({"code": ["2026-9", "2026-10"]})}
"""So few that whatever is counted stops with a KeyError."""
REQUIRED = {"what": "channel", "by": {"places": "region"}}
NAMED = ("by", "what", "region", "kind", "campaign")
TYPO = "typo"


def required(metric: Callable[..., Any], **other: Any) -> dict[str, Any]:
    """What a metric cannot do without, beside a release and a period."""
    takes = inspect.signature(metric).parameters
    missing = {
        name: value
        for name, value in REQUIRED.items()
        if name in takes and takes[name].default is inspect.Parameter.empty
    }
    if metric.__name__ in {"dose", "outcomes"}:
        missing["what"] = "responded"
    return missing | other


def names_of(metric: Callable[..., Any]) -> Iterator[str]:
    takes = inspect.signature(metric).parameters
    yield from (name for name in NAMED if name in takes)
    if "narrowed" in takes:
        yield from NARROWED


WALK = [(metric, name) for metric in METRICS for name in names_of(metric)]


def said(metric: Callable[..., Any], period: Any = "2026-10", **given: Any) -> str:
    """The one line of a UsageError."""
    with pytest.raises(UsageError) as caught:
        metric(TABLES, period, **required(metric, **given))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.__name__)
def test_the_period_is_taken_as_text(metric: Callable[..., Any]) -> None:
    with pytest.raises(KeyError):
        metric(TABLES, "2026-10", **required(metric))
    assert 'a month "2026-10", a quarter' in said(metric, "October")
    assert 'a month "2026-10", a quarter' in said(metric, 2026)
    assert 'write release.period("last-quarter")' in said(metric, "last-quarter")


@pytest.mark.parametrize(("metric", "name"), WALK, ids=lambda one: getattr(one, "__name__", one))
def test_a_wrong_name_is_told_what_may_be_given(metric: Callable[..., Any], name: str) -> None:
    typo = {"by": TYPO} if name == "by" and metric.__name__ == "group_tables" else TYPO
    message = said(metric, **{name: typo})
    assert message.startswith((f"{name} is one of ", f"{name} is all or the "))
    assert TYPO not in message


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.__name__)
def test_an_argument_that_there_is_not_is_told_those_that_there_are(
    metric: Callable[..., Any],
) -> None:
    message = said(metric, regoin="06")
    assert message.startswith(f"{metric.__name__} takes release, period")
    assert set(names_of(metric)) <= set(message.replace(",", "").split())


def test_text_and_period_give_the_same_cells() -> None:
    people = list(range(12))
    release = {
        "customer": pl.DataFrame({"customer": people, "region": ["06"] * 12}),
        "invoice": pl.DataFrame(
            {"customer": people, "issued_on": [date(2026, 9, 5)] * 12, "amount_cents": [100] * 12}
        ),
    }
    worded = customers.by_region(release, "2026-10")
    assert worded.frame["people"].max() == 12
    october = customers.by_region(release, Period.parse("2026-10"))
    assert_frame_equal(worded.frame, october.frame)


def test_a_column_that_the_purpose_may_not_use_is_one_line() -> None:
    people = list(range(60))
    days, cents = [date(2026, 9, 5)] * 60, [100] * 60
    nobody = pl.Series([None] * 60, dtype=pl.Int64)
    release = {
        "customer": pl.DataFrame({"customer": people, "region": ["06"] * 60, "company": nobody}),
        "invoice": pl.DataFrame({"customer": people, "issued_on": days, "amount_cents": cents}),
    }
    with pytest.raises(UsageError, match=r"^by_region counts by a column .* does not have"):
        customers.by_region(release, "2026-10", region="06")


def test_a_purpose_is_no_release() -> None:
    with pytest.raises(UsageError, match=r"open release first.*genlib\.open_release"):
        customers.by_region("customer_analysis", "2026-10")  # type: ignore[arg-type]


def test_the_campaigns_that_there_are_are_counted_and_not_named() -> None:
    with pytest.raises(UsageError, match="one of the 2 campaigns of the release") as caught:
        campaign_name(TABLES, "2026-8")
    assert "2026-8" not in str(caught.value)
