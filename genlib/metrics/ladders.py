"""The ladders of the dimensions that reports tell by: public orders, the same in every table.

Which groups are put together first is known beforehand and hangs on no customer: the regions with
the fewest inhabitants, the channels that are used least, the shortest bands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import polars as pl

from genlib.disclosure.cells import Dimension, Step
from genlib.disclosure.ladder import join, join_smallest
from genlib.period import UNITS, Period

POSTAL_AREAS = Path(__file__).resolve().parents[2] / "data" / "finland" / "postal_areas.csv"
TOWNS = (2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
"""Municipalities with fewer inhabitants than this are put together, one step after another."""
AGES: tuple[Mapping[str, Sequence[str]], ...] = (
    {"18-34": ("18-24", "25-34"), "35-54": ("35-44", "45-54"), "55-": ("55-64", "65-74", "75-")},
    {"18-54": ("18-24", "25-34", "35-44", "45-54"), "55-": ("55-64", "65-74", "75-")},
)
CHANNELS = ("call", "post", "sms", "email")
SEGMENTS = ("occasional", "new", "at risk", "lapsed", "loyal", "champions")
LINES = ("service", "device", "rental", "filter")


def by_time(period: Period, months: int) -> Dimension:
    """The steps (months, quarters or years, as the period is) of the last `months` months; then
    whole quarters, and whole years."""
    steps = period.whole.steps(months)
    larger = [unit for unit in UNITS if UNITS[unit] > period.length and period.is_over]
    ladder = {unit: _wholes(steps, unit) for unit in larger}
    wholes = {unit: step for unit, step in ladder.items() if any(step.values())}
    steps_down = tuple(wholes.values())
    return Dimension(period.unit, total=False, ladder=steps_down, units=tuple(wholes), is_page=True)


def _wholes(steps: Sequence[Period], unit: str) -> Step:
    """The first day of the larger step in which each lies; None where not all of it is there.

    From August to December the fourth quarter is there as a whole:

    >>> wholes = _wholes(Period.parse("2026-12").months(5), "quarter")
    >>> [start and start.isoformat() for start in wholes.values()]
    [None, None, '2026-10-01', '2026-10-01', '2026-10-01']
    """
    first = steps[0].start
    end = steps[-1].end
    wholes = {}
    for step in steps:
        whole = Period.around(step.start, unit)
        is_there = first <= whole.start and whole.end <= end
        wholes[step.start] = whole.start if is_there else None
    return wholes


@cache
def by_place(place: str) -> Dimension:
    """Regions, those with the fewest inhabitants together first; or municipalities, those with few
    inhabitants together in each region."""
    if place == "region":
        codes = ["unknown", "abroad", *read_inhabitants("region")["region"]]
        return Dimension(place, ladder=join_smallest(codes), codes=tuple(sorted(codes)))
    sizes = read_inhabitants("municipality", "region")
    return Dimension(place, ladder=tuple(_join_small(sizes, least) for least in TOWNS))


def _join_small(sizes: pl.DataFrame, least: int) -> Step:
    """The municipalities of each region with fewer inhabitants than these together.

    >>> sizes = pl.DataFrame(
    ...     {
    ...         "municipality": ["016", "081", "091"],
    ...         "region": ["07", "07", "01"],
    ...         "inhabitants": [8_000, 2_600, 650_000],
    ...     }
    ... )
    >>> _join_small(sizes, 10_000)
    {'016': 'others+016+081', '081': 'others+016+081'}
    """
    small = sizes.filter(pl.col("inhabitants") < least)
    by_region = small.group_by("region").agg("municipality")
    step: dict[str, str] = {}
    for codes in by_region["municipality"]:
        step |= join(codes)
    return step


def read_inhabitants(*places: str) -> pl.DataFrame:
    """Places with their `inhabitants`, the fewest first."""
    codes = {"region": pl.String, "municipality": pl.String}
    columns = [*codes, "population_2022"]
    areas = pl.read_csv(POSTAL_AREAS, columns=columns, schema_overrides=codes)
    sizes = areas.group_by(places).agg(inhabitants=pl.col("population_2022").sum())
    return sizes.sort("inhabitants", *places)


def by_age_band() -> Dimension:
    """Bands of ten years, then of twenty, then younger and older than 55."""
    return Dimension("age_band", ladder=tuple(_bands(step) for step in AGES))


def by_channel(*, total: bool = True) -> Dimension:
    """Channels; then calls and letters together, then text messages with them."""
    ladder = join_smallest(CHANNELS)
    return Dimension("channel", total=total, ladder=ladder, codes=CHANNELS)


def by_language() -> Dimension:
    """Languages; then Swedish and English together."""
    return Dimension("language", ladder=(join(["en", "sv"]),))


def by_attribute(name: str) -> Dimension:
    """An attribute of customers, by its own ladder if it has one."""
    ladders = {
        "region": by_place("region"),
        "age_band": by_age_band(),
        "channel": by_channel(),
        "language": by_language(),
    }
    return ladders.get(name, Dimension(name))


def by_product_line() -> Dimension:
    """Product lines; then the smaller together."""
    return Dimension("product_line", ladder=join_smallest(LINES), codes=LINES)


def by_segment() -> Dimension:
    """Segments of buyers; then those between the best and the lost together."""
    return Dimension("segment", ladder=join_smallest(SEGMENTS), codes=SEGMENTS)


def by_number(column: str, *, most: int, least: int = 1) -> Dimension:
    """Counts "1", "2", ... and `most` or more; then the highest together.

    >>> by_number("contacts", most=4).ladder
    ({'3': '3+', '4+': '3+'}, {'2': '2+', '3': '2+', '4+': '2+'})
    """
    steps = []
    for lowest in range(most - 1, least, -1):
        parts = [*map(str, range(lowest, most)), f"{most}+"]
        steps.append(dict.fromkeys(parts, f"{lowest}+"))
    return Dimension(column, ladder=tuple(steps))


def list_bands(most: int, least: int = 1) -> dict[str, int]:
    """The codes of `by_number`, the highest first, each with the least that it counts.

    >>> list_bands(5, 3)
    {'5+': 5, '4': 4, '3': 3}
    """
    numbers = range(most - 1, least - 1, -1)
    return {f"{most}+": most} | {str(number): number for number in numbers}


def at_least(frame: pl.DataFrame, column: str, least: int) -> tuple[str, ...]:
    """The codes of a table that count so many or more, whatever its steps.

    >>> at_least(pl.DataFrame({"contacts": ["1", "2", "3+", None]}), "contacts", 2)
    ('2', '3+')
    """
    codes = frame[column].drop_nulls().unique().sort()
    counting = tuple(code for code in codes if int(code.rstrip("+")) >= least)
    return counting or (f"{least}+",)


def _bands(step: Mapping[str, Iterable[str]]) -> Step:
    """The coarser band of each fine one.

    >>> _bands({"18-34": ("18-24", "25-34")})
    {'18-24': '18-34', '25-34': '18-34'}
    """
    return {fine: coarse for coarse, parts in step.items() for fine in parts}
