"""Comments without identifiers: only words of a known ordinary vocabulary stay.

A list of forbidden words misses the rare name, the inflected one and the one in lower case; so this is a list of allowed words
(`data/comment_words.txt`), and everything else - names, numbers, codes, addresses, anything with a digit or an @ - becomes `…`.
It loses words rather than leak one.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import polars as pl

from genlib import settings

LOST = "…"
BEGINS = "\x02"
"""Set before a sentence's first word, the only place where a capital is not the mark of a name."""
ENDING = "[aeiouyäöåhjklmnrstvd]{0,8}"
SURNAME = "(?:mäk|mäe|niem|laht|lahd|saar|rant|rann|salo|järv|joki|joke|joe|kosk|kose|vuor|virt|virr|harju|lamp|lamm|luom|kang|sten|ström)"


def redact(text: pl.Expr) -> pl.Expr:
    """The text with every unknown word replaced by `…`; null stays null."""
    spaced = (
        text.str.normalize("NFC").str.replace_all(r"[/\x00-\x1f]", " ").str.replace_all(r"(^\s*|[.!?]\s+)(\p{Lu}\p{Ll})", f"$1{BEGINS}$2")
    )
    kept = spaced.str.split(" ").list.eval(_kept(pl.element())).list.join(" ")
    return kept.str.replace_all(rf"{LOST}(?: {LOST})+", LOST).str.strip_chars()


def _kept(chunk: pl.Expr) -> pl.Expr:
    """A chunk between spaces: the word with its punctuation, or `…`."""
    exact, stems = vocabulary(settings.load().data / "comment_words.txt")
    word = chunk.str.extract(rf"^[(\"'”]*({BEGINS}?\p{{L}}+)[)\"'”]*[.,;:!?]*$")
    small = word.str.replace(BEGINS, "", literal=True).str.to_lowercase()
    ordinary = small.is_in(exact) | (small.str.contains(stems) & ~small.str.contains(SURNAME))
    lower = word.str.starts_with(BEGINS) | ~word.str.contains(r"\p{Lu}")
    return pl.when(ordinary & lower).then(chunk.str.replace(BEGINS, "", literal=True)).when(chunk != "").then(pl.lit(LOST))


@cache
def vocabulary(path: Path) -> tuple[pl.Series, str]:
    """The words that stay as they are written, and one pattern for the stems (written `stem~`) that stay with any ending."""
    words = [word for line in path.read_text().splitlines() if not line.startswith("#") for word in line.split()]
    stems = "|".join(re.escape(word[:-1]) for word in words if word.endswith("~"))
    return pl.Series([word for word in words if not word.endswith("~")]), f"^(?:{stems}){ENDING}$"
