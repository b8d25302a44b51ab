"""How a contact list is written: one message an address, and cells that no spreadsheet runs.

One row stands for each e-mail address, telephone, or family name at a postal address (people of
one name at one address get one letter), and for each person; of several the lowest number stays.

A cell that begins as a formula does (= + - @, a tab, a line break; also behind a separator, where a
Finnish Excel would cut) gets an apostrophe in front. Telephones are written as +358…, strictly as
E.164, in which a spreadsheet sees a number and nothing to run; a telephone or an e-mail address
that would need an apostrophe reaches nobody, so its person has no contact.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
from polars import col

from genlib.errors import UsageError
from genlib.register.addresses import FINNISH
from genlib.register.digests import IDENTIFIERS as WRITTEN
from genlib.register.digests import digest_identifiers
from genlib.register.spelling import fold_name
from genlib.register.vault import IdentityKey

IDENTIFIERS = {
    "email": "email",
    "sms": "phone",
    "call": "phone",
    "auto": "phone",
    "post": "address",
}
"""Channel → what it addresses, as the suppression list names it."""
E164 = r"^\+[1-9]\d{6,14}$"
FORMULA = r"^(\s*[=+\-@＝＋－＠]|[\t\r\n])"
"""What a spreadsheet runs (OWASP, CSV injection)."""
FORMULA_BEHIND = r"([;,\t\r\n])([^\S\t\r\n]*[=+\-@＝＋－＠])"
"""The same where another list separator than ours would cut the cell."""


def keep_one_each(
    people: pl.DataFrame, planned: pl.DataFrame, channel: str, key: IdentityKey
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The opened people without those whose person or address has a message already: an earlier
    one of them, or one `planned` before in the campaign (people too, with the `channel` of their
    contact); and how many others there are."""
    taken_persons = planned["personal_id_index"].drop_nulls()
    is_first = col("personal_id_index").is_first_distinct() | col("personal_id_index").is_null()
    is_new = ~col("personal_id_index").is_in(taken_persons.implode()).fill_null(value=False)
    persons = people.sort("id").filter(is_first & is_new)
    taken = _addresses(planned.filter(channel=channel), channel, key)
    addressed = persons.with_columns(_addresses(persons, channel, key))
    by_address = addressed.filter(
        col("address").is_first_distinct() | col("address").is_null(),
        ~col("address").is_in(taken.implode()).fill_null(value=False),
    )
    counts = {
        "same_person": people.height - persons.height,
        "same_address": persons.height - by_address.height,
    }
    return by_address.drop("address"), counts


def is_clean(channel: str) -> pl.Expr:
    """Whether the telephone or e-mail address can stand in a list as it is."""
    match IDENTIFIERS[channel]:
        case "phone":
            return col("phone").str.contains(E164)
        case "email":
            return ~col("email").str.contains(f"{FORMULA}|{FORMULA_BEHIND}")
    return pl.lit(value=True)


def make_harmless(rows: pl.DataFrame) -> pl.DataFrame:
    """The list with an apostrophe before whatever a spreadsheet would run; telephones are checked
    by `is_clean`."""
    texts = pl.selectors.string().exclude("phone")
    within = texts.str.replace_all(FORMULA_BEHIND, "${1}'${2}")
    return rows.with_columns(within.str.replace(FORMULA, "'${1}"))


def read_post_offices(data: Path) -> dict[str, str]:
    """Postal code → the Finnish name of its municipality, in capitals as on mail; UsageError if
    the files are not there.

    The post decides by the code; the name that Posti itself gives the code, mostly the same, is in
    no open file.
    """
    finland = data / "finland"
    try:
        areas = pl.read_csv(
            finland / "postal_areas.csv",
            columns=["postal_code", "municipality"],
            infer_schema=False,
        )
        names = pl.read_csv(
            finland / "municipalities_2026.csv",
            columns=["municipality", "municipality_fi"],
            infer_schema=False,
        )
    except OSError:
        raise UsageError(
            f"no postal areas in {finland}; set GENLIB_DATA to the folder that holds finland/"
        ) from None
    named = areas.join(names, on="municipality")
    return dict(named.select("postal_code", col("municipality_fi").str.to_uppercase()).rows())


def name_post_offices(rows: pl.DataFrame, post_offices: Mapping[str, str]) -> pl.DataFrame:
    """The rows with `post_office`, blank where the code is unknown and of an address abroad, whose
    code may look Finnish."""
    office = col("postal_code").replace_strict(post_offices, default=None, return_dtype=pl.String)
    is_finnish = col("country").is_null() | col("country").is_in(FINNISH)
    return rows.with_columns(post_office=pl.when(is_finnish).then(office))


def _addresses(people: pl.DataFrame, channel: str, key: IdentityKey) -> pl.Series:
    """What each of the opened people is reached by, as one digest; a letter's has the family
    name."""
    owners = people.select("id", *WRITTEN)
    identifiers = digest_identifiers(key, owners, "id").filter(identifier=IDENTIFIERS[channel])
    of_people = people.select("id").join(identifiers, on="id", how="left", maintain_order="left")
    digests = of_people["digest"]
    if channel != "post":
        return digests.alias("address")
    names = people.select(fold_name(col("family_name").fill_null(""))).to_series()
    text = digests.bin.encode("hex") + " " + names
    return text.alias("address")
