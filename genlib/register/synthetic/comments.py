"""What customers write: sentences by language and mood, and now and then - planted - a sentence that says who wrote it."""

from __future__ import annotations

import numpy as np
import polars as pl

from genlib.register.synthetic.chance import Ints, taken
from genlib.register.synthetic.people import People
from genlib.register.synthetic.world import World

SHARE = 0.07
MOODS = ("bad", "fair", "good")
LANGUAGES = ("fi", "sv", "en")
SIGNED = {
    "fi": (
        "Soittakaa numeroon {phone}.",
        "Vastaus osoitteeseen {email}, kiitos.",
        "Terveisin {given_names} {family_name}",
        "Laskun viite on {reference}.",
        "Asun osoitteessa {street_address}, {postal_code}.",
        "Tunnukseni on {personal_id}.",
        "Asentaja sanoi tuntevansa {genitive} perheen.",
    ),
    "sv": (
        "Ring mig på {phone}.",
        "Svara till {email}, tack.",
        "Hälsningar {given_names} {family_name}",
        "Fakturans referens är {reference}.",
        "Jag bor på {street_address}, {postal_code}.",
        "Min beteckning är {personal_id}.",
        "Montören frågade efter {genitive} familj.",
    ),
    "en": (
        "Please call me on {phone}.",
        "Please answer to {email}.",
        "Regards, {given_names} {family_name}",
        "The invoice reference is {reference}.",
        "I live at {street_address}, {postal_code}.",
        "My identity code is {personal_id}.",
        "The fitter asked for the {family_name} family.",
    ),
}


def written(rng: np.random.Generator, world: World, people: People, person: Ints, mood: Ints) -> tuple[pl.Series, Ints, pl.Series]:
    """One comment a person in the person's language; the positions of those with an identifier; the topics."""
    language = taken(people.frame["language"], person)
    sentence = _sentences(rng, world, language, mood)
    signature = _signature(rng, people.frame[pl.Series(person)], language)
    marked = pl.Series(rng.random(len(person)) < SHARE) & signature.is_not_null()
    text = pl.select(pl.concat_str(sentence["text"], pl.when(marked).then(signature), separator=" ", ignore_nulls=True)).to_series()
    return text, np.flatnonzero(marked.to_numpy()), sentence["topic"]


def _sentences(rng: np.random.Generator, world: World, language: pl.Series, mood: Ints) -> pl.DataFrame:
    known = world.comments.with_columns(place=pl.int_range(pl.len()).over("language", "mood"))
    sizes = known.group_by("language", "mood").agg(size=pl.len())
    wanted = pl.DataFrame({"language": language, "mood": np.array(MOODS)[mood], "draw": rng.random(len(mood))})
    placed = wanted.join(sizes, on=["language", "mood"], how="left", maintain_order="left")
    placed = placed.with_columns(place=(pl.col("draw") * pl.col("size")).floor().cast(pl.Int64))
    return placed.join(known, on=["language", "mood", "place"], how="left", maintain_order="left").select("topic", "text")


def _signature(rng: np.random.Generator, rows: pl.DataFrame, language: pl.Series) -> pl.Series:
    """A sentence with the person's own data, null where the person has not given them."""
    draw = pl.Series(rng.integers(0, len(SIGNED["fi"]), len(rows)))
    family = pl.col("family_name")
    values = rows.with_columns(
        genitive=pl.when(language == "sv")
        .then(family + "s")
        .otherwise(family.str.replace("nen$", "se").str.replace("([^aeiouyäöå])$", "${1}i") + "n"),
        reference=pl.Series(rng.integers(1_000_000, 9_999_999, len(rows))).cast(pl.String),
    )
    sentences = [
        pl.when((language == code) & (draw == place)).then(_filled(text)) for code in LANGUAGES for place, text in enumerate(SIGNED[code])
    ]
    return values.select(pl.coalesce(sentences)).to_series()


def _filled(text: str) -> pl.Expr:
    names = [part.split("}")[0] for part in text.split("{")[1:]]
    template = text
    for name in names:
        template = template.replace("{" + name + "}", "{}")
    return pl.format(template, *names)
