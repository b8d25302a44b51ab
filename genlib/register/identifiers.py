"""Finnish identifiers: normalise, validate, and say which rule failed - never the value.

Built on python-stdnum, phonenumbers and email-validator. Where sources dispute, this module
decides:

- Personal identity code: exactly 11 characters, the check character in capitals and nothing around
  the code, as the authority writes it (lower case is `bad_format`). A Unicode dash counts as `-`.
  Individual numbers 000 and 001 are never issued and are `reserved_individual_number`. 900-999 is
  well-formed - hospitals give such codes to real people, and every artificial person has one - so
  it passes by default; a register of real customers asks for `artificial=False`, and the rule is
  then `artificial_range`.
- Telephone: every number that the numbering plan counts as valid, Finnish unless another country's
  code is in front. `049…` is outside the plan; artificial people live there, and it passes only
  with `artificial=True`.
- Business ID: the eighth digit is not guessed, so a six-digit serial wants its leading zero; the
  VAT form (FI20774740) is taken.
- Reference number: 4-20 digits with the 7-3-1 check, or RF, whose inside must be a national
  reference too. Leading zeros stay as written.
- Postal code: five digits; whether somebody lives there is a question for the table of postal
  areas.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial
from itertools import cycle

import phonenumbers
import polars as pl
from email_validator import EmailNotValidError, validate_email
from stdnum import iso11649
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.fi import hetu, ytunnus

from genlib.errors import InvalidIdentifier, UsageError

HETU = re.compile(r"(\d{2})(\d{2})(\d{2})([-+A-FU-Y])(\d{3})[0-9A-FHJ-NPR-Y]", re.ASCII)
DASHES = str.maketrans(dict.fromkeys("‐‑‒–−", "-"))
ARTIFICIAL_PHONE = re.compile(r"\+35849\d{6,8}", re.ASCII)


def personal_id(text: str, *, artificial: bool = True) -> str:
    """The henkilötunnus with a plain hyphen. Rules: bad_format, bad_date, bad_checksum,
    reserved_individual_number, artificial_range."""
    code = text.translate(DASHES)
    parts = HETU.fullmatch(code)
    if not parts:
        raise InvalidIdentifier("personal identity code", "bad_format")
    day, month, year, sign, individual = parts.groups()
    century = {"+": 1800, **dict.fromkeys("-YXWVU", 1900), **dict.fromkeys("ABCDEF", 2000)}[sign]
    try:
        dt.date(century + int(year), int(month), int(day))
    except ValueError:
        raise InvalidIdentifier("personal identity code", "bad_date") from None
    try:
        hetu.validate(code, allow_temporary=True)
    except InvalidChecksum:
        raise InvalidIdentifier("personal identity code", "bad_checksum") from None
    except ValidationError:
        raise InvalidIdentifier("personal identity code", "reserved_individual_number") from None
    if individual >= "900" and not artificial:
        raise InvalidIdentifier("personal identity code", "artificial_range")
    return code


def business_id(text: str) -> str:
    """The Y-tunnus as `1234567-1`. Rules: bad_format, bad_checksum."""
    code = text.strip().translate(DASHES).upper().removeprefix("FI")
    if not re.fullmatch(r"\d{7}-?\d", code, re.ASCII):
        raise InvalidIdentifier("business ID", "bad_format")
    try:
        return str(ytunnus.format(ytunnus.validate(code)))
    except ValidationError:
        raise InvalidIdentifier("business ID", "bad_checksum") from None


def phone(text: str, *, artificial: bool = False) -> str:
    """The number in E.164, +358401234567. Rules: bad_format, not_in_numbering_plan."""
    try:
        number = phonenumbers.parse(text, "FI")
    except phonenumbers.NumberParseException:
        raise InvalidIdentifier("telephone number", "bad_format") from None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(number) or (artificial and ARTIFICIAL_PHONE.fullmatch(e164)):
        return e164
    raise InvalidIdentifier("telephone number", "not_in_numbering_plan")


def email(text: str) -> str:
    """The address trimmed, in NFC and lower case, as it is compared with prohibitions. Rule:
    bad_format."""
    try:
        return validate_email(
            unicodedata.normalize("NFC", text.strip()), check_deliverability=False
        ).normalized.lower()
    except EmailNotValidError:
        raise InvalidIdentifier("e-mail address", "bad_format") from None


def postal_code(text: str) -> str:
    """Five digits, without the country in front (FI-00100, AX-22100). Rule: bad_format."""
    code = re.fullmatch(r"(?:(?:FI|AX)-?\s?)?(\d{5})", text.strip().upper(), re.ASCII)
    if not code or code[1] == "00000":
        raise InvalidIdentifier("postal code", "bad_format")
    return code[1]


def reference_number(text: str) -> str:
    """The viitenumero or RF reference without spaces. Rules: bad_format, bad_checksum."""
    code = re.sub(r"\s", "", text).upper()
    if code.startswith("RF") and not iso11649.is_valid(code):
        raise InvalidIdentifier(
            "reference number",
            "bad_checksum" if re.fullmatch(r"RF\d{6,22}", code, re.ASCII) else "bad_format",
        )
    national = code[4:] if code.startswith("RF") else code
    if not re.fullmatch(r"\d{4,20}", national, re.ASCII) or not national.strip("0"):
        raise InvalidIdentifier("reference number", "bad_format")
    if sum(int(digit) * weight for digit, weight in zip(reversed(national), cycle((1, 7, 3)))) % 10:
        raise InvalidIdentifier("reference number", "bad_checksum")
    return code


CHECKS: Mapping[str, Callable[..., str]] = {
    "personal_id": personal_id,
    "business_id": business_id,
    "phone": phone,
    "email": email,
    "postal_code": postal_code,
    "reference": reference_number,
}


def checked(series: pl.Series, kind: str, *, artificial: bool = True) -> pl.DataFrame:
    """A whole column: `value` (normalised; null where refused) and `rule` (null where good). Nulls
    pass; each text is looked at once."""
    try:
        check = CHECKS[kind]
    except KeyError:
        raise UsageError(f"no identifier {kind}; there are {', '.join(CHECKS)}") from None
    if kind in {"personal_id", "phone"}:
        check = partial(check, artificial=artificial)
    texts = series.drop_nulls().unique()
    values, rules = (
        zip(*(_tried(check, text) for text in texts), strict=True) if len(texts) else ((), ())
    )
    outcome = pl.DataFrame(
        {"text": texts, "value": values, "rule": rules},
        schema=dict.fromkeys(("text", "value", "rule"), pl.String),
    )
    return (
        series.alias("text")
        .to_frame()
        .join(outcome, on="text", how="left", maintain_order="left")
        .select("value", "rule")
    )


def _tried(check: Callable[[str], str], text: str) -> tuple[str | None, str | None]:
    try:
        return check(text), None
    except InvalidIdentifier as refused:
        return None, refused.rule
