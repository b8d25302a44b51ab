"""What a side is held to: a short text and whether, of the sides as measured in the same run, ours
and this one meet it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Side = Mapping[str, Any]
Goal = tuple[str, Callable[[Mapping[str, Side], Side], bool]]


def ours(found: Mapping[str, Side], name: str = "") -> Side:
    """The side of this name, else the first."""
    return found[name] if name else next(iter(found.values()))


def slower(times: float) -> Goal:
    """The other side takes at least so many times our time."""
    return f"ratio ≥ {times:g}", lambda found, one: one["seconds"] >= times * ours(found)["seconds"]


def level(times: float, name: str = "") -> Goal:
    """We (the side of this name) take at most so many times the other side's time."""
    return (
        f"ours ≤ {times:g} x this",
        lambda found, one: ours(found, name)["seconds"] <= times * one["seconds"],
    )


def within(seconds: float) -> Goal:
    """This side is done in so many seconds."""
    return f"≤ {seconds:g} s", lambda _, one: one["seconds"] <= seconds


def above(seconds: float) -> Goal:
    """We take at most so many seconds more than the other side."""
    return (
        f"ours ≤ this + {seconds:g} s",
        lambda found, one: ours(found)["seconds"] <= one["seconds"] + seconds,
    )


def flat(times: float, name: str = "") -> Goal:
    """The peak memory of ours (the side of this name) is at most so many times that of this side,
    which has fewer rows."""
    return (
        f"our peak ≤ {times:g} x",
        lambda found, one: ours(found, name)["peak_mb"] <= times * one["peak_mb"],
    )


def no_more(fact: str, *others: str) -> Goal:
    """This side has no more of something than any of the others."""
    return f"{fact} ≤ theirs", lambda found, one: all(
        one["facts"][fact] <= found[other]["facts"][fact] for other in others
    )


def none() -> Goal:
    """This side has none of the facts that it tells."""
    return "none", lambda _, one: not any(one["facts"].values())
