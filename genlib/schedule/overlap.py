"""What of a schedule would be made twice. Two entries may well order one report, for other people
or on another day: it is made once, and each tells its own readers. But it is known by what is
written, so both have to write it alike.

Example: customers is of customer_analysis, and board too, with `parameters = { region = "all" }`,
which the report has anyway: board is told to leave that out. In an entry of two regions
`each = { region = ["all", "06"] }` names the whole, which comes anyway.

What is made once is made in one way: of data that are refreshed and published as one entry says,
with its PDF or without. So both have to ask for the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from genlib.schedule.plan import EVERY, Entry

Choice = Mapping[str, Any]
"""Values of parameters."""
MAKING = ("refresh", "publish", "pdf", "keep_months")
"""What an entry says of how its report is made."""


def check_once(entry: Entry, defaults: Choice) -> Iterator[tuple[str, str]]:
    """What an entry says twice."""
    if len(set(entry.languages)) < len(entry.languages):
        yield "languages", "languages names a language twice"
    choices = [_leave_out(defaults, choice) for choice in list_choices(entry)]
    if any(one in choices[:place] for place, one in enumerate(choices)):
        yield (
            "each",
            "each names a value twice, or the value that the report has without it; the whole "
            "comes anyway",
        )


def check_alike(
    entry: Entry, path: Path, defaults: Choice, others: Sequence[tuple[Entry, Path]]
) -> Iterator[tuple[str, str]]:
    """Which of these other entries writes a report of this one in another way."""
    for other, place in others:
        is_apart = not set(entry.languages) & set(other.languages)
        if place != path or other.period_unit != entry.period_unit or is_apart:
            continue
        pairs = [(one, two) for one in list_choices(entry) for two in list_choices(other)]
        yield from _check_making(entry, other, pairs)
        same = [
            pair for pair in pairs if _leave_out(defaults, pair[0]) == _leave_out(defaults, pair[1])
        ]
        if same and (entry.report != other.report or any(one != two for one, two in same)):
            yield (
                "report",
                f"{other.name} makes this report too and writes it in another way, so it would be "
                "made twice: name the report alike, and leave out parameters that it has anyway",
            )


def _check_making(
    entry: Entry, other: Entry, pairs: Sequence[tuple[Choice, Choice]]
) -> Iterator[tuple[str, str]]:
    """What two entries of one report say otherwise of how it is made."""
    if not any(_may_be_same(one, two) for one, two in pairs):
        return
    for name in MAKING:
        ours, theirs = getattr(entry, name), getattr(other, name)
        is_alike = set(ours) == set(theirs) if isinstance(ours, tuple) else ours == theirs
        if not is_alike:
            yield (
                name,
                f"{other.name} makes this report too and says another {name}, but it is made once: "
                f"say the same {name} in both",
            )


def _may_be_same(one: Choice, two: Choice) -> bool:
    """Whether two choices are one, where EVERY stands for any value."""
    return one.keys() == two.keys() and all(
        value == two[name] or EVERY in {value, two[name]} for name, value in one.items()
    )


def list_choices(entry: Entry) -> list[Choice]:
    """The parameters of the whole, and of each part."""
    whole = dict(entry.parameters)
    parts = [whole | {name: value} for name, values in entry.each.items() for value in values]
    return [whole, *parts]


def _leave_out(defaults: Choice, choice: Choice) -> Choice:
    return {name: value for name, value in choice.items() if value != defaults.get(name)}
