"""What reaches a person, as keyed hashes by which two rows can be held against each other without
being opened: the e-mail address, the telephone, the postal address and the personal identity code.

The hash is HMAC-SHA-256 under the identity key, of the normal spelling (`identifiers`, `spelling`).
"""

from __future__ import annotations

import polars as pl
from polars import col

from genlib.register.identifiers import checked
from genlib.register.spelling import clean_text, fold_address
from genlib.register.vault import IdentityKey

IDENTIFIERS = ("email", "phone", "street_address", "postal_code")


def digest_identifiers(key: IdentityKey, people: pl.DataFrame, owner: str) -> pl.DataFrame:
    """The column `owner`, identifier (email, phone or address) and digest: every identifier that a
    row of opened `people` has."""
    plain = people.select(
        address=pl.concat_str(
            fold_address(col("street_address")), clean_text(col("postal_code")), separator=" "
        ),
        email=_normalise(people["email"]),
        phone=_normalise(people["phone"]),
    )
    digests = {
        column.name: key.index(column, column=f"suppression.{column.name}") for column in plain
    }
    wide = people.select(owner, **digests)
    long = wide.unpivot(index=owner, variable_name="identifier", value_name="digest")
    return long.drop_nulls("digest")


def digest_codes(key: IdentityKey, people: pl.DataFrame, owner: str) -> pl.DataFrame:
    """The same of the personal identity codes of opened `people`; the digest is the blind index
    that the register has of them."""
    index = key.index(_normalise(people["personal_id"]), column="customer.personal_id")
    codes = people.select(owner, identifier=pl.lit("personal_id"), digest=index)
    return codes.drop_nulls("digest")


def _normalise(texts: pl.Series) -> pl.Series:
    """The identifiers as they are compared; one that cannot be read as it is, in one case."""
    clean = texts.to_frame().select(clean_text(col(texts.name))).to_series()
    read = checked(clean, texts.name)["value"]
    is_code = texts.name == "personal_id"
    folded = clean.str.to_uppercase() if is_code else clean.str.to_lowercase()
    return read.fill_null(folded).replace("", None).alias(texts.name)
