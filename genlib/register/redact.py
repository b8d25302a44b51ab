"""Comments without identifiers: only words of a known ordinary vocabulary stay.

A list of forbidden words misses the rare name, the inflected one and the one in lower case; so this
is a list of allowed words (`data/comment_words.txt`), and everything else - names, numbers, codes,
addresses, anything with a digit or an @ - becomes `…`. It loses words rather than leak one. What no
list can tell apart stays: an ordinary word in lower case that is also a name (`aina`).

Numbers in words are ordinary ("kaksi viikkoa") until they spell a telephone number: three in a row,
or four in one comment, and all number words of the comment go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from genlib import settings

LOST = "…"
BEGINS = "\x02"
"""Set before a sentence's first word, the only place where a capital is not the mark of a name."""
ENDING = "[aeiouyäöåhjklmnprstvd]{0,8}"
SURNAME = (
    "mäki|mäe|niem|laht|lahd|saar|ranta|ranna|salo|järv|joki|joke|joe|koski|koske"
    "|vuor|virta|virra|lamp|lamm|luoma|talo|kallio|salm|kylä|pelto|lehto"
)
NUMBERS = {
    "fi": "nolla yksi yks kaksi kaks kolme kol neljä nelj viisi viis kuusi kuus seitsemän seittemän"
    " kahdeksan kaheksan yhdeksän yheksän kymmenen sata tuhat yhden kahden kolmen neljän viiden"
    " kuuden kahdella kahdessa kahta kolmea neljää viittä",
    "sv": "noll två tre fyra fem sex sju åtta nio tio elva tolv tretton fjorton femton sexton"
    " sjutton arton nitton tjugo trettio fyrtio femtio sextio sjuttio åttio nittio hundra",
    "en": "zero oh two three four five six seven eight nine ten eleven twelve double",
}
"""Digits and tens, as people read a telephone number out."""
ARTICLES = "en ett one"
"""Number words that are mostly none: they count in a row, not alone."""
ROW = 3
TOGETHER = 4


def redact(text: pl.Expr) -> pl.Expr:
    """The text with every unknown word replaced by `…`; null stays null."""
    spaced = text.str.normalize("NFC").str.replace_all(r"[/\s\x00-\x1f]+", " ")
    marked = spaced.str.replace_all(r"(^ ?|[.!?] )(\p{Lu}(?:\p{Ll}| ))", f"${{1}}{BEGINS}${{2}}")
    words = marked.str.split(" ").list.eval(_keep_ordinary(pl.element())).list.join(" ")
    return words.str.replace_all(rf"{LOST}(?: {LOST})+", LOST).str.strip_chars()


def _keep_ordinary(chunk: pl.Expr) -> pl.Expr:
    """A chunk between spaces: the word with its punctuation, or `…`."""
    words = vocabulary(settings.load().data / "comment_words.txt")
    word = chunk.str.extract(rf"^[(\"'”]*({BEGINS}?\p{{L}}+)[)\"'”]*[.,;:!?]*$")
    small = word.str.replace(BEGINS, "", literal=True).str.to_lowercase()
    ending = small.str.extract(words.stems)
    ordinary = small.is_in(words.exact) | (ending.is_not_null() & ~ending.str.contains(SURNAME))
    placed = word.str.starts_with(BEGINS) | (word == small)
    is_ordinary = ((placed & ordinary) | word.is_in(words.lower)) & ~_spells_number(small)
    return (
        pl.when(is_ordinary)
        .then(chunk.str.replace(BEGINS, "", literal=True))
        .when(chunk != "")
        .then(pl.lit(LOST))
    )


def _spells_number(words: pl.Expr) -> pl.Expr:
    """Whether a word of a comment is one of those that spell a telephone number together."""
    counted = [word for spelled in NUMBERS.values() for word in spelled.split()]
    is_counted = words.is_in(counted).fill_null(value=False)
    is_number = words.is_in([*counted, *ARTICLES.split()]).fill_null(value=False)
    in_a_row = is_number.cast(pl.Int32).rolling_sum(ROW, min_samples=1)
    has_row = (in_a_row.max() == ROW) & (is_counted.sum() > 0)
    return is_number & (has_row | (is_counted.sum() >= TOGETHER))


@dataclass(frozen=True)
class Vocabulary:
    """`exact` words, `lower` ones that are names when they begin with a capital, and a pattern that
    finds the ending after a stem."""

    exact: list[str]
    lower: list[str]
    stems: str


@cache
def vocabulary(path: Path) -> Vocabulary:
    """The words that may stay, as `data/comment_words.txt` lists them."""
    words = [
        word
        for line in path.read_text().splitlines()
        if not line.startswith("#")
        for word in line.split()
    ]
    stems = sorted(
        (re.escape(word[:-1]) for word in words if word.endswith("~")), key=len, reverse=True
    )
    exact = [word for word in words if word[-1] != "~" and word[0] != "="]
    return Vocabulary(
        exact,
        [word[1:] for word in words if word[0] == "="] + ["I"],
        f"^(?:{'|'.join(stems)})({ENDING})$",
    )
