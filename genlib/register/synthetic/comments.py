"""What customers write: sentences by language and mood, and now and then - planted - a sentence that says who wrote it."""

from __future__ import annotations

import polars as pl

from genlib.register.synthetic.chance import Ints, Mask
from genlib.register.synthetic.people import People

SHARE = 0.07
MOODS = ("bad", "fair", "good")


def written(people: People, person: Ints, mood: Ints) -> tuple[pl.DataFrame, Mask]:
    """`topic` and `comment`, one row a person in the person's language; and which have an identifier in them."""
    known = people.world.comments.with_columns(place=pl.int_range(pl.len()).over("language", "mood"))
    size = known.group_by("language", "mood").agg(size=pl.len())
    rows = people.frame[pl.Series(person)].with_columns(mood=pl.Series(MOODS).gather(pl.Series(mood)), draw=people.rng.random(len(person)))
    rows = rows.join(size, on=["language", "mood"], how="left", maintain_order="left")
    rows = rows.with_columns(place=(pl.col("draw") * pl.col("size")).cast(pl.Int64))
    rows = rows.join(known, on=["language", "mood", "place"], how="left", maintain_order="left")
    signed = pl.when(pl.Series(people.rng.random(len(person)) < SHARE)).then(_signature(people, len(person)))
    shown = rows.with_columns(_forms(people, len(person))).select("topic", "text", signed=signed)
    comment = pl.concat_str("text", "signed", separator=" ", ignore_nulls=True)
    return shown.select("topic", comment=comment), shown["signed"].is_not_null().to_numpy()


def _forms(people: People, size: int) -> list[pl.Expr | pl.Series]:
    """The person's data as people write them: a number in groups, a family name in the genitive."""
    family, phone = pl.col("family_name"), pl.col("phone")
    finnish = family.str.replace("nen$", "se").str.replace("([^aeiouyäöå])$", "${1}i") + "n"
    return [
        pl.when(pl.col("language") == "sv").then(family + "s").otherwise(finnish).alias("genitive"),
        pl.format("0{} {} {}", phone.str.slice(4, 2), phone.str.slice(6, 3), phone.str.slice(9)).alias("spoken"),
        pl.Series("reference", people.rng.integers(1_000_000, 9_999_999, size)).cast(pl.String),
    ]


def _signature(people: People, size: int) -> pl.Expr:
    """A sentence with the person's own data, null where the person has not given them."""
    templates = [
        (language, place, text) for language, texts in people.world.words["signatures"].items() for place, text in enumerate(texts)
    ]
    draw = pl.Series(people.rng.integers(0, 1 + max(place for _, place, _ in templates), size))
    return pl.coalesce(pl.when((pl.col("language") == code) & (draw == place)).then(_filled(text)) for code, place, text in templates)


def _filled(template: str) -> pl.Expr:
    names = [part.split("}")[0] for part in template.split("{")[1:]]
    return pl.format(template.format(**dict.fromkeys(names, "{}")), *names)
