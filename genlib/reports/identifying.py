"""What looks like an identifier of a person, and so may be neither a parameter nor in a message."""

from __future__ import annotations

import re

SHAPES = {
    "e-mail address": re.compile(r"[^\s@]+@[^\s@]+"),
    "personal identity code": re.compile(
        r"(?<!\d)\d{6}[-+A-FU-Y]\d{2,3}[0-9A-Z](?![0-9A-Z])", re.IGNORECASE
    ),
    "pseudonym": re.compile(r"(?<![a-z0-9])[a-z]{2}\d-[0-9a-z]{26}(?![a-z0-9])", re.IGNORECASE),
    "company": re.compile(r"(?<!\d)[4-9]\d{18}(?!\d)"),
    "long number": re.compile(r"\+?\d(?:[\s\u00a0()./-]?\d){6,}"),
}
"""Tried in this order. A long number is a phone, business, account, reference or customer number:
seven digits or more."""
OF_RELEASES = ("pseudonym", "company")
"""What a release calls people and companies by; a company's number is one of 2^62 or more."""

_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d(?!\d)")


def identifying(text: str) -> str | None:
    """The kind of identifier that a text holds or may hold; None if it holds none. ISO dates are no
    identifiers."""
    plain = _DATE.sub(" ~ ", text)
    return next((kind for kind, shape in SHAPES.items() if shape.search(plain)), None)


def holds_pseudonym(text: str) -> bool:
    """Whether the shape of a pseudonym, or of a company's number under the pseudonym key, stands
    anywhere in a text."""
    return any(SHAPES[name].search(text) for name in OF_RELEASES)


def mask_pseudonyms(text: str) -> str:
    """The text with an ellipsis for each of them."""
    for name in OF_RELEASES:
        text = SHAPES[name].sub("…", text)
    return text


def masked(text: str) -> str:
    """The text with everything that looks like an identifier replaced by an ellipsis."""
    for shape in SHAPES.values():
        text = shape.sub("…", text)
    return text
