"""What a metric may be asked for by name: a period in words, and codes that there are.

Example: `by_region(release, "2026-10", region="06")` counts Pirkanmaa in October, and `region="6"`
is one line: "region is all or the two digits of a region, from 01 (Uusimaa) to 21 (Åland)".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import Signature, signature
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from narwhals.exceptions import ColumnNotFoundError

from genlib.arguments import check_kinds
from genlib.disclosure.cells import Tables
from genlib.errors import UsageError
from genlib.metrics.population import CUTS, check_covered
from genlib.metrics.rows import check_release, collect, rows
from genlib.period import Period, read_period

KINDS = ("all", "consumer", "company_contact")
"""Of customers."""
COMPARISONS = ("previous", "year_ago")
REGIONS = ("all", "unknown", *(f"{number:02}" for number in (1, 2, *range(4, 20), 21)))
"""The codes of Statistics Finland: there is no 03 and no 20."""
USUAL: Mapping[str, Sequence[str]] = {
    "kind": KINDS,
    "region": REGIONS,
    "comparison": COMPARISONS,
}
"""What these may be in every metric that says nothing else of them."""
NARROWED = CUTS
"""What `**narrowed` may hold."""

SPANS = {"months": (1, 1200), "days": (0, 3660)}
"""The least and the most of what a metric may look back or ahead: a century, and ten years."""

P = ParamSpec("P")
Found = TypeVar("Found")
Asked = Callable[Concatenate[Tables, Period, P], Found]
Named = Callable[Concatenate[Tables, Period | str, P], Found]


def metric(**choices: Sequence[str]) -> Callable[[Asked[P, Found]], Named[P, Found]]:
    """A metric that takes its period as text too, and says in one line what may be given where a
    name is not one of the `choices` (nor of the usual ones), a campaign is none of the release's,
    or an argument is none of the metric's: UsageError, before anything is counted; so is
    PeriodNotCovered, if the release does not reach to the end of the period."""

    def decorate(function: Asked[P, Found]) -> Named[P, Found]:
        name_of_metric, described = function.__name__, signature(function)

        @wraps(function)
        def ask(*args: Any, **kwargs: Any) -> Found:
            asked = _bind(name_of_metric, described, args, kwargs)
            release, period = asked.pop("release"), asked.pop("period")
            check_release(release)
            span = read_period(period)
            check_kinds(name_of_metric, described, asked)
            _check_spans(asked)
            narrowed = asked.pop("narrowed", {})
            named = asked | narrowed
            allowed = {**USUAL, **choices}
            for name, value in named.items():
                values = value.values() if isinstance(value, Mapping) else [value]
                for one in values:
                    check_name(name, one, allowed)
            check_campaign(release, named.get("campaign", "all"))
            check_covered(release, span)
            count = cast("Callable[..., Found]", function)
            try:
                return count(release, span, **named)
            except ColumnNotFoundError:
                raise UsageError(
                    f"{name_of_metric} counts by a column that this release does not have: open "
                    "the release of the purpose that may use it"
                ) from None

        return cast("Named[P, Found]", ask)

    return decorate


def check_name(name: str, value: Any, choices: Mapping[str, Sequence[str]] = USUAL) -> None:
    """UsageError for a value that is none of the choices; what was given is not repeated.

    >>> try:
    ...     check_name("kind", "consumr")
    ... except UsageError as error:
    ...     print(error)
    kind is one of all, consumer, company_contact
    """
    if name not in choices or (isinstance(value, str) and value in choices[name]):
        return
    if choices[name] is REGIONS:
        raise UsageError(
            f"{name} is all or the two digits of a region, from 01 (Uusimaa) to 21 (Åland)"
        )
    raise UsageError(f"{name} is one of {', '.join(choices[name])}")


def check_campaign(release: Tables, campaign: str) -> None:
    """UsageError if there is no campaign of that code in the release; "all" is no code."""
    if isinstance(campaign, str) and campaign == "all":
        return
    codes = collect(rows(release, "campaign").select("code"))["code"].to_list()
    if not isinstance(campaign, str) or campaign not in codes:
        raise UsageError(
            f"campaign is all or the code of one of the {len(codes)} campaigns of the release; "
            'see them in release["campaign"]'
        )


def _check_spans(asked: Mapping[str, Any]) -> None:
    """UsageError for so many months or days that there are none of them, or none in any
    calendar."""
    for name, (least, most) in SPANS.items():
        count = asked.get(name)
        if count is not None and not least <= count <= most:
            raise UsageError(f"{name} is a whole number from {least} to {most}")


def _bind(
    name: str, described: Signature, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments by name; UsageError naming all that there are, if one is none of them."""
    names = [one for one in described.parameters if one != "narrowed"]
    if "narrowed" in described.parameters:
        names += NARROWED
    takes = f"{name} takes {', '.join(names)}"
    if not set(kwargs) <= set(names):
        raise UsageError(takes)
    try:
        return described.bind(*args, **kwargs).arguments
    except TypeError:
        raise UsageError(takes) from None
