"""One spelling for texts that a reader takes for the same.

Invisible characters (Unicode's format characters such as the soft hyphen and the zero-width space,
fillers, variation selectors) are taken out of every text: nobody sees them, so whoever wrote the
cell meant it without. Spaces of every width and tabs become the plain space. What turns round the
letters that a reader sees (U+202E) and other control characters stay, and intake refuses them:
without them the cell would read otherwise than it did.

Example: "Keino­kuja 1 as. 2", "KEINOKUJA 1  AS 2" and "c/o Testinen, Keinokuja 1 as 02" are one
address, KEINOKUJA 1 2. "Keinokuja 1 A 2" is another: it has a staircase.
"""

from __future__ import annotations

import polars as pl

TURNED_ROUND = r"\x{202E}"
INVISIBLE = (
    rf"[\p{{Cf}}\x{{34F}}\x{{115F}}\x{{1160}}\x{{17B4}}\x{{17B5}}\x{{180B}}-\x{{180F}}\x{{2800}}"
    rf"\x{{3164}}\x{{FE00}}-\x{{FE0F}}\x{{FFA0}}--{TURNED_ROUND}]"
)
SPACE = r"[\p{Zs}\t]"
CONTROL = rf"[\p{{Cc}}{TURNED_ROUND}--\t\n\r\v\f\x{{85}}]"
"""What no text may hold; where a line may break is another question."""
UNREADABLE = "\ufffd"
"""Stands for a cell that is not written as its feed says, and for a text in a wrong encoding."""
CARE_OF = r"(?i)(?:^|[\s,;])c\s*[/.]\s*o\b[^,;\n\r]*(?:[,;\n\r]|$)"
APARTMENT = r"\b(?:AS|ASUNTO|BOST|BOSTAD|BST|LGH|LÄGENHET|RAPPU|PORRAS|TRAPPA)\b"


def clean_text(text: pl.Expr) -> pl.Expr:
    """The text in NFC without invisible characters, with plain spaces, and with nothing around
    it."""
    visible = text.str.replace_all(INVISIBLE, "").str.replace_all(SPACE, " ")
    return visible.str.normalize("NFC").str.strip_chars()


def read_number(name: str) -> pl.Expr:
    """The whole number of a column of texts, however it is written; else nothing."""
    text = clean_text(pl.col(name)).str.replace(r"\.0+$", "")
    return text.cast(pl.Int64, strict=False)


def fold_name(text: pl.Expr) -> pl.Expr:
    """The name in capitals, in compatible letters and with single spaces."""
    visible = clean_text(text).str.normalize("NFKC").str.to_uppercase()
    return visible.str.replace_all(r"\s+", " ").str.strip_chars()


def fold_address(text: pl.Expr) -> pl.Expr:
    """The street address in capitals as words and numbers alone: without punctuation, the words
    that only say "apartment" or "staircase", zeros in front and a line of whom it is care of."""
    clean = clean_text(text)
    without_care_of = clean.str.replace_all(CARE_OF, " ").str.strip_chars(" ,;\n\r")
    addressed = pl.when(without_care_of == "").then(clean).otherwise(without_care_of)
    plain = fold_name(addressed).str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ")
    spaced = plain.str.replace_all(r"(\p{L})(\p{N})", "$1 $2").str.replace_all(
        r"(\p{N})(\p{L})", "$1 $2"
    )
    short = spaced.str.replace_all(APARTMENT, " ").str.replace_all(r"\b0+([0-9])", "$1")
    return short.str.replace_all(r" +", " ").str.strip_chars()
