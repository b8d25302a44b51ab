"""The closed lists of the rights: how one may ask, how identity is checked, on which grounds a
request is refused or a correction made. Codes never change; their words are in the catalogues."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from genlib.errors import Refused, UsageError
from genlib.register.columns import REQUEST_KINDS

FORMS = ("letter", "email", "form", "web", "telephone", "in_person")
"""How one may ask: in writing, as the notice says, and in every other way (GDPR 12)."""
IDENTITY_METHODS = (
    "strong_electronic",
    "login",
    "call_back",
    "known_address",
    "photo_document",
)
"""The least intrusive first. A photo document may be shown; nobody must."""
NOT_ENOUGH = ("personal_id", "personal_id_and_name", "name")
"""What may not be the only means (Data Protection Act 1050/2018 s. 29(5))."""
EXTENSIONS = ("complexity", "number_of_requests")
CORRECTION_GROUNDS = (
    "erroneous",
    "unnecessary",
    "incomplete",
    "outdated",
    "contrary_to_purpose",
)
OPERATIONS = ("rectify", "erase", "supplement")
RESTRICTION_GROUNDS = {
    "accuracy": "GDPR 18(1)(a)",
    "unlawful": "GDPR 18(1)(b)",
    "claims": "GDPR 18(1)(c)",
    "objection": "GDPR 18(1)(d)",
}
ERASURE_GROUNDS = {
    "not_needed": "GDPR 17(1)(a)",
    "consent_withdrawn": "GDPR 17(1)(b)",
    "objection": "GDPR 17(1)(c)",
    "unlawful": "GDPR 17(1)(d)",
    "legal_duty": "GDPR 17(1)(e)",
    "child": "GDPR 17(1)(f)",
}
BOOKKEEPING = "GDPR 17(3)(b), Accounting Act 2:10"
"""Why invoices of an erased person stay until their time is over."""
OBJECTIONS = {"marketing": "GDPR 21(2)", "processing": "GDPR 21(1)"}


@dataclass(frozen=True)
class RefusalGround:
    """The law that lets a request be refused, and of which kinds."""

    law: str
    kinds: tuple[str, ...]


REFUSAL_GROUNDS = {
    "unfounded": RefusalGround("GDPR 12(5)", REQUEST_KINDS),
    "unidentified": RefusalGround("GDPR 12(2), 12(6)", REQUEST_KINDS),
    "rights_of_others": RefusalGround("GDPR 15(4), 20(4)", ("inspection", "portability")),
    "security_or_health": RefusalGround("1050/2018 s. 34", ("inspection",)),
    "correct_already": RefusalGround("GDPR 16", ("correction",)),
    "no_ground": RefusalGround("GDPR 17(1), 18(1)", ("erasure", "restriction")),
    "legal_obligation": RefusalGround("GDPR 17(3)(b)", ("erasure",)),
    "claims": RefusalGround("GDPR 17(3)(e)", ("erasure",)),
    "compelling_grounds": RefusalGround("GDPR 21(1)", ("objection",)),
    "not_provided": RefusalGround("GDPR 20(1)", ("portability",)),
}


def check_code(code: str, codes: Iterable[str], what: str) -> str:
    """The code, if it is in the list; UsageError names the list."""
    names = tuple(codes)
    if code not in names:
        raise UsageError(f"no such {what}; there are {', '.join(names)}")
    return code


def check_method(method: str) -> str:
    """A means of checking identity; Refused for those that the law forbids as the only ones."""
    if method in NOT_ENOUGH:
        raise Refused(
            "a personal identity code, a name, or both do not show who somebody is (1050/2018 "
            f"s. 29(5)); there are {', '.join(IDENTITY_METHODS)}"
        )
    return check_code(method, IDENTITY_METHODS, "means of checking identity")


def check_refusal(ground: str, kind: str) -> RefusalGround:
    """The ground, if a request of this kind may be refused on it; UsageError names those that
    may."""
    fitting = [code for code, one in REFUSAL_GROUNDS.items() if kind in one.kinds]
    return REFUSAL_GROUNDS[check_code(ground, fitting, f"ground to refuse a request of {kind}")]
