"""Where an address is: its country, and a postal code in the form of that country.

No country is Finland, and so is Åland. Codes abroad are text of their own form, in capitals.

Example: `111 22` of a customer in SE is kept as it is; `10115` of one in EE is no Finnish code.
"""

from __future__ import annotations

import phonenumbers
import polars as pl
from polars import col

from genlib.register.identifiers import checked

FINNISH = ("FI", "AX")
COUNTRIES = sorted(phonenumbers.SUPPORTED_REGIONS)
"""Codes of ISO 3166-1."""
FOREIGN_CODE = r"^[A-Z0-9][A-Z0-9 -]{1,11}$"


def read_addresses(text: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Of `country` and `postal_code`: `value` (null where refused) and `rule` (null where good).
    text: both columns."""
    country = text.select(value=col("country").str.to_uppercase())
    is_known = col("value").is_null() | col("value").is_in(COUNTRIES)
    countries = country.select(
        value=pl.when(is_known).then("value"),
        rule=pl.when(~is_known).then(pl.lit("unknown_country")),
    )
    code = text.select(code=col("postal_code").str.to_uppercase())
    domestic = checked(text["postal_code"], "postal_code")
    both = pl.concat([domestic, code, country.rename({"value": "country"})], how="horizontal")
    is_abroad = col("country").is_not_null() & ~col("country").is_in(FINNISH)
    is_code = col("code").str.contains(FOREIGN_CODE)
    abroad = pl.when(is_code).then("code")
    fault = pl.when(~is_code).then(pl.lit("bad_format"))
    codes = both.select(
        value=pl.when(is_abroad).then(abroad).otherwise("value"),
        rule=pl.when(is_abroad).then(fault).otherwise("rule"),
    )
    return {"country": countries, "postal_code": codes}
