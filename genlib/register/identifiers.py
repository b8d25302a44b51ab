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
  code is in front - written in digits, spaces, `+ - ( ) /` and typesetters' dashes, so that its
  digits are those that a reader sees. Letters are never turned into digits, and two numbers, a
  range, a date (also behind a country's code), a personal identity code or a business ID in the
  cell is `bad_format`. `(0)` is read only right after a country's code (+358 (0)40 …). Nine digits
  of a mobile number that lost its zero in a spreadsheet (401234567) get it back; no other number
  does. `049…` is outside the plan; artificial people live there, and it passes only with
  `artificial=True`.
- Business ID: the eighth digit is not guessed, so a six-digit serial wants its leading zero; the
  VAT form (FI20774740) is taken.
- Reference number: 4-20 digits with the 7-3-1 check, or RF, whose inside must be a national
  reference too. Leading zeros stay as written. Groups have five digits at the most: longer ones
  side by side are two references.
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
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
SPACES = str.maketrans(dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}", " "))
ARTIFICIAL_PHONE = re.compile(r"\+35849\d{6,8}", re.ASCII)
FINLAND = 358
PHONE = re.compile(r"(?:\(\+?\d+\)|(?:\+|00)\d+(?: ?\(\d+\))?|\d+)(?:[ /-]{0,3}\d+)*", re.ASCII)
"""Brackets stand around what the number begins with, or right behind a country's code."""
SEVERAL = re.compile(r".*[^\d(]\d|.*\d{5} ?[/-] ?\d{1,2}|(?:\D*\d){6,}\D*/.*|.*/.*/.*", re.ASCII)
"""A last digit alone, one or two after a dash, a slash after more than an area's code: 040
1234567-8 are two numbers."""
ABROAD = re.compile(r"\(?(?:\+|00)\d{1,3}\)?[ -]")
"""A country's code that is written apart: what follows it must not be something else either."""
DATE = re.compile(
    r"\d{1,2}[/ -]\d{1,2}[/ -](?:\d{2}|\d{4})|\d{4}[/ -]\d{1,2}[/ -]\d{1,2}", re.ASCII
)
ISO_DATE = re.compile(r".*(?:19|20)\d{2}([-/])(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])", re.ASCII)
BIRTH_DATE = re.compile(r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[- ]\d{3,4}", re.ASCII)
"""A personal identity code, whole or without its check character."""
MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
REFERENCE = re.compile(r"(?:RF)?\d+|(?:RF)?\d{1,5}(?: \d{1,5})+", re.ASCII)


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
    code = re.fullmatch(r"(?:FI)?(\d{7})-?(\d)", _typed(text), re.ASCII | re.IGNORECASE)
    if not code:
        raise InvalidIdentifier("business ID", "bad_format")
    try:
        return str(ytunnus.format(ytunnus.validate("".join(code.groups()))))
    except ValidationError:
        raise InvalidIdentifier("business ID", "bad_checksum") from None


def phone(text: str, *, artificial: bool = False) -> str:
    """The number in E.164, +358401234567. Rules: bad_format, not_in_numbering_plan."""
    written = _typed(text)
    digits, trunk = _phone_digits(written)
    try:
        number = phonenumbers.parse(digits, "FI")
    except phonenumbers.NumberParseException:
        raise InvalidIdentifier("telephone number", "bad_format") from None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    is_artificial = artificial and bool(ARTIFICIAL_PHONE.fullmatch(e164))
    if not (is_artificial or phonenumbers.is_valid_number(number)):
        raise InvalidIdentifier("telephone number", "not_in_numbering_plan")
    is_mobile = is_artificial or phonenumbers.number_type(number) in MOBILE
    if digits not in _phone_spellings(number, is_mobile=is_mobile and written.isdigit()):
        raise InvalidIdentifier("telephone number", "bad_format")
    if trunk and trunk not in {f"+{number.country_code}", f"00{number.country_code}"}:
        raise InvalidIdentifier("telephone number", "bad_format")
    return e164


def _phone_digits(written: str) -> tuple[str, str]:
    """The digits with a plus if there is one, without a trunk zero `(0)`; and what stands before
    that zero. InvalidIdentifier for what is not written as one number."""
    national = ABROAD.sub("", written, count=1) if ABROAD.match(written) else written
    is_date = any(
        form.fullmatch(text) for form in (DATE, BIRTH_DATE) for text in (written, national)
    )
    is_something_else = is_date or SEVERAL.fullmatch(written) or ISO_DATE.fullmatch(written)
    if not PHONE.fullmatch(written) or is_something_else:
        raise InvalidIdentifier("telephone number", "bad_format")
    bare = re.sub("[ /-]", "", written)
    before, zero, after = bare.partition("(0)")
    trunk = before if zero else ""
    digits = re.sub("[()]", "", before + after if trunk else bare)
    return digits, re.sub("[()]", "", trunk)


def _phone_spellings(number: phonenumbers.PhoneNumber, *, is_mobile: bool) -> set[str]:
    """How a number may be written in digits: a reader sees the same ones. A mobile number of nine
    digits may have lost its zero."""
    country = str(number.country_code)
    national = phonenumbers.national_significant_number(number)
    abroad = {f"{before}{country}{zero}{national}" for before in ("+", "00") for zero in ("", "0")}
    if number.country_code != FINLAND:
        return abroad
    lost_its_zero = {national} if is_mobile and len(national) == 9 else set()
    return abroad | lost_its_zero | {f"0{national}", f"{country}{national}"}


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
    code = re.fullmatch(r"(?:(?:FI|AX)[- ]?)?(\d{5})", _typed(text), re.ASCII | re.IGNORECASE)
    if not code or code[1] == "00000":
        raise InvalidIdentifier("postal code", "bad_format")
    return code[1]


def reference_number(text: str) -> str:
    """The viitenumero or RF reference without spaces. Rules: bad_format, bad_checksum."""
    written = _typed(text).upper()
    if not REFERENCE.fullmatch(written):
        raise InvalidIdentifier("reference number", "bad_format")
    code = written.replace(" ", "")
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


def _typed(text: str) -> str:
    """The text with a plain hyphen for a typesetter's dash, a plain space for one that does not
    break, and nothing around it."""
    return text.translate(DASHES).translate(SPACES).strip(" ")


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
