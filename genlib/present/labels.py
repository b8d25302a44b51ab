"""Names on lines of their own, so that no chart cuts one or gives it the room of its marks.

Example: in 100 pixels "Keväteduista kertova kirje" stands on two lines, "Keväteduista" and
"kertova kirje".
"""

from __future__ import annotations

import json
from itertools import pairwise
from math import ceil, radians, sin
from textwrap import wrap
from typing import Any

LETTER, CAPITAL, LINE, LEAST = 6.7, 9.0, 15, 14
"""Mean width of a letter and of a capital at 13 px, height of a line of names, fewest letters of a
line."""
MANY = 8
"""With more rows than this names stand beside them also where it is narrow, but for telephones: a
picture with names above would be most of a page high."""
STEEP = 0.45
"""Tilted names reach over this part of a picture at the most; longer ones stand upright."""

Lines = dict[str, list[str]]


def fold_name(name: str, room: float) -> list[str]:
    """The lines of a name in so many pixels; a word that is longer than a line is broken, at its
    hyphens first."""
    capitals = sum(letter.isupper() for letter in name) / max(1, len(name))
    width = LETTER + (CAPITAL - LETTER) * capitals
    letters = max(LEAST, int(room / width))
    is_long = any(len(word) > letters for word in name.split())
    return wrap(name, letters, break_on_hyphens=is_long) or [""]


def write_lines(lines: Lines) -> str:
    """A Vega expression that gives the names of an axis their lines."""
    return f"({json.dumps(lines, ensure_ascii=False)})[datum.value]"


def raise_lines(lines: Lines, tilt: int = -90) -> dict[str, Any]:
    """How far names of several lines begin before the middle of their place."""
    heights = {
        place: LINE / 2 * (len(words) - 1) / sin(radians(tilt)) for place, words in lines.items()
    }
    raised = json.dumps(heights, ensure_ascii=False)
    return {"expr": f"({raised})[datum.value]"}


def lay_underneath(places: list[str], width: float) -> tuple[Lines, int]:
    """Words under the columns and their tilt. Of months the name, and the year below where it
    begins; as many as there is room for."""
    room = width / max(1, len(places))
    parts = [place.split("\u00a0") for place in places]
    if not all(len(part) == 2 and part[1].isdigit() and len(part[1]) == 4 for part in parts):
        return _lay_names(places, room)
    every = ceil(max(len(part[0]) for part in parts) * LETTER / room)
    labelled = [i for i in range(len(places)) if (len(places) - 1 - i) % every == 0]
    opening = {
        i
        for before, i in zip([None, *labelled], labelled, strict=False)
        if before is None or parts[before][1] != parts[i][1]
    }
    return {
        place: parts[i][: 1 + (i in opening)] if i in labelled else []
        for i, place in enumerate(places)
    }, 0


def _lay_names(places: list[str], room: float) -> tuple[Lines, int]:
    """Names lie under their columns if the longest words of neighbours have room; else they are
    tilted, and stand upright if they would reach too far to the left."""
    letters = max(5, int(room / LETTER))
    lines = {
        place: wrap(place, letters, break_long_words=False, break_on_hyphens=False)
        for place in places
    }
    if LETTER * _count_beside(lines) < 1.1 * room:
        return lines, 0
    tilted = _fold_all(places, 0.7 * room)
    reach = 0.7 * LETTER * _count_letters(tilted)
    if reach <= STEEP * room * len(places):
        return tilted, -45
    return _fold_all(places, room), -90


def _fold_all(places: list[str], thickness: float) -> Lines:
    """The names on as many lines as are no thicker than this, each as short as can be."""
    most = max(1, int(thickness / LINE))
    lines: Lines = {}
    for place in places:
        letters = max(LEAST, ceil(len(place) / most))
        while len(wrap(place, letters, break_on_hyphens=False)) > most:
            letters += 1
        lines[place] = wrap(place, letters, break_on_hyphens=False)
    return lines


def _count_beside(lines: Lines) -> float:
    """Letters from the middle of one name to that of the next, at the most; of the longest of all
    three quarters, since it may be the first or the last.

    Example: of "1 / ostopäivä", "2" and "5 tai / enemmän" the longest lines have 9, 1 and 7
    letters: 6.75, more than 5 and 4.
    """
    letters = [_count_letters({place: words}) for place, words in lines.items()]
    beside = [(one + other) / 2 for one, other in pairwise(letters)]
    return max([0.75 * max(letters, default=0), *beside])


def _count_letters(lines: Lines) -> int:
    """Letters of the longest line."""
    return max((len(line) for words in lines.values() for line in words), default=0)
