"""The sentences of a report's conditions: of its release, its people and its tables.

Example: of 1,003 people it says "about 1,005", and of 3 "fewer than 5".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genlib import notice
from genlib.disclosure.promises import NOT_PROMISED, PROMISES
from genlib.present.words import Words

FIVE = 5


def describe_release(words: Words, manifest: Any) -> dict[str, str]:
    """Which release it is, of when, under which notice, and who was left out."""
    left = [
        f"{describe_count(words, n)}: {words.label('left_out', reason)}"
        for reason, n in manifest.left_out.items()
        if n
    ]
    return {
        "Purpose": words.label("purpose", manifest.purpose),
        "Release": manifest.release_id,
        "Published": words.date(manifest.published_on),
        "Data": words.translate("until {date}", date=words.date(manifest.data_until))
        if manifest.data_until
        else "",
        "Privacy notice": notice.reference(manifest.notice_version, manifest.notice_digest),
        "People in the release": describe_count(words, manifest.people),
        "Left out": ", ".join(left) or words.translate("nobody"),
        "Smallest group in the release": words.number(manifest.k["reached"])
        if manifest.k.get("reached")
        else "",
        "Time zone": manifest.time_zone,
        "Version of the program": manifest.genlib_version,
    }


def describe_count(words: Words, people: int) -> str:
    """A number of people in fives. Door 2 does not know these counts: two releases must not tell of
    the one who was added."""
    if people == 0:
        return words.number(0)
    return (
        describe_few(words, str(FIVE))
        if people < FIVE
        else words.translate("about {n}", n=words.number(round_to_fives(people)))
    )


def round_to_fives(people: int) -> int:
    """To the next five, and never to nobody where there is somebody."""
    return max(FIVE * round(people / FIVE), FIVE * (people > 0))


def describe_few(words: Words, number: str) -> str:
    """What is said of fewer than five."""
    return words.translate("fewer than {n}", n=number)


def describe_promises(words: Words) -> str:
    """What door 2 promises, and what it does not."""
    return " ".join(map(words.translate, (*PROMISES, NOT_PROMISED)))


def describe_tables(words: Words, protected: Mapping[str, Any]) -> dict[str, str]:
    """The thresholds, what is hidden or told as before, and the proof."""
    policy = protected.get("policy", {})
    hidden = protected.get("hidden", {})
    counted = words.translate(
        "{n} of {all}",
        n=words.number(sum(hidden.values())),
        all=words.number(protected.get("cells", 0)),
    )
    again = (
        words.translate("parts as told before: {n}", n=words.number(protected["repeated"]))
        if protected.get("repeated")
        else ""
    )
    anew = protected.get("corrected", 0)
    message = "parts told anew, since they were withdrawn: {n}"
    corrected = words.translate(message, n=words.number(anew)) if anew else ""
    short = (
        words.translate("perhaps more than must be: the search for the fewest was cut short")
        if protected.get("status") == "feasible"
        else ""
    )
    limits = (
        "at least {min_count} customers in a cell and {base} under a percentage, marked * "
        "under {flag}; p % = {p}"
    )
    return {
        "Thresholds": words.translate(limits, **policy) if policy else "",
        "Hidden cells": "; ".join(filter(None, (counted, again, corrected, short))),
        "Proof that nothing hidden can be worked out": words.label(
            "proof", protected.get("proof", "")
        )
        if protected.get("proof")
        else "",
    }
