"""Why a contact was allowed or not: short codes that never change, each with its clause of the
notice, its law and words for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """`allows` is None for what was never sent; `notice` and `law` cite; `text` is a sentence in
    English (a gettext msgid)."""

    allows: bool | None
    notice: str
    law: str
    text: str


_FREE = "GDPR 6(1)(f); 917/2014 s. 200 not engaged while free of promotion"
_OBJECTION = "GDPR 21(1); unconditional because promised, 5(1)(a)"

REASONS: dict[str, Reason] = {
    "needed_notice": Reason(
        True,
        "N11.15",
        "GDPR 6(1)(b), (c), (f)",
        "A notice needed for the service or the customer relationship",
    ),
    "safe_route": Reason(
        True,
        "N11.15",
        "GDPR 18(2); 661/2009 s. 36",
        "A needed notice to a protected person: by a safe route only",
    ),
    "customer_communication": Reason(
        True, "N11.12", "GDPR 6(1)(b), (f)", "Customer communication without promotion"
    ),
    "survey": Reason(True, "N4.20-23", _FREE, "A survey without promotion"),
    "survey_other_channel": Reason(
        True,
        "N4.20-23",
        _FREE,
        "A survey; marketing is prohibited in this channel, so prefer another one",
    ),
    "consent": Reason(
        True, "N11.4-5", "917/2014 s. 200(1); GDPR 6(1)(a), 7", "Consent for this channel"
    ),
    "existing_customer": Reason(
        True, "Q4", "917/2014 s. 200(3)", "Existing customer, own similar products"
    ),
    "opt_out_channel": Reason(
        True,
        "N11.6-7",
        "917/2014 s. 200(2); GDPR 6(1)(f)",
        "No prohibition for a channel that needs no consent",
    ),
    "work_duties": Reason(
        True,
        "Q5",
        "917/2014 s. 202; GDPR 6(1)(f)",
        "Linked to the duties of a company's contact person",
    ),
    "company": Reason(
        True, "N11.6-8", "917/2014 s. 202(1)", "A company's general contact without a prohibition"
    ),
    "incomplete": Reason(
        False,
        "N4.25",
        "GDPR 5(2)",
        "A code or a record is missing or unknown, so nothing may be assumed",
    ),
    "unknown_person": Reason(
        False, "N4.5", "GDPR 5(2)", "Not a person of the register, or no longer"
    ),
    "erased": Reason(False, "N10.4", "GDPR 17", "The person's data has been erased"),
    "deceased": Reason(False, "N4.5", "GDPR 5(1)(d)", "The person has died"),
    "held_back": Reason(
        False,
        "N4.25",
        "GDPR 5(1)(d), 5(2)",
        "A row about the person's will could not be taken and is not mended yet",
    ),
    "minor": Reason(
        False,
        "N4.1",
        "GDPR 6(1)(f), recital 38; 442/1999 s. 2",
        "Under 18, or may be: only needed notices",
    ),
    "restricted": Reason(False, "N4.5", "GDPR 18", "Processing is restricted"),
    "non_disclosure": Reason(False, "N7.1", "661/2009 s. 36", "Non-disclosure for personal safety"),
    "left": Reason(
        False,
        "N4.1, N11.15",
        "GDPR 6(1)(f), 5(1)(b)",
        "No longer a customer: only needed notices",
    ),
    "all_prohibitions": Reason(
        False, "N11.15", "GDPR 21(2)-(3)", "Every prohibition and no consent: only needed notices"
    ),
    "research_prohibition": Reason(
        False, "N11.9", _OBJECTION, "Market-research surveys are prohibited"
    ),
    "satisfaction_prohibition": Reason(
        False,
        "N11.9 (Q3)",
        _OBJECTION,
        "The research prohibition is read to cover satisfaction surveys",
    ),
    "research_objection": Reason(
        False, "Q3", _OBJECTION, "An objection to surveys, whatever the notice's prohibition covers"
    ),
    "marketing_prohibition": Reason(
        False, "N11.10", "GDPR 21(2)-(3)", "Use of the data for marketing is prohibited"
    ),
    "channel_prohibition": Reason(
        False,
        "N11.6-8",
        "GDPR 21(3); 917/2014 s. 200(2), 202",
        "Marketing is prohibited in this channel",
    ),
    "consent_missing": Reason(
        False, "N11.1", "917/2014 s. 200(1)", "This channel needs a consent and there is none"
    ),
    "consent_withdrawn": Reason(
        False,
        "N11.17",
        "GDPR 7(3); 917/2014 s. 200(1), 202",
        "The consent for this channel was withdrawn",
    ),
    "automated_call": Reason(
        False,
        "N11.4 (Q1)",
        "917/2014 s. 200(1)",
        "The mobile consent does not cover automated calls",
    ),
    "existing_customer_off": Reason(
        False, "Q4", "917/2014 s. 200(3)", "The existing-customer exception is not in use"
    ),
    "duties_rule_open": Reason(
        False, "Q5", "917/2014 s. 202", "The notice has no rule for messages linked to work duties"
    ),
    "not_contacted": Reason(None, "", "", "Held out, never contacted"),
}
