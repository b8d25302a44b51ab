"""What the notice leaves open: twelve questions, each with the answer that the company has
chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

from genlib.errors import UsageError


@dataclass(frozen=True)
class Switches:
    """The open questions Q1-Q12 of the notice with the recommended answers;
    `Switches.of(notice.permission)` takes the company's own.

    q7, q9, q10 and q11 decide no contact: they travel along so that one value says how the notice
    is read.
    """

    q1: Literal["sms", "calls"] = (
        "sms"  # what a consent for mobile covers; "calls" adds live and automated calls
    )
    q2: bool = True  # a telephone prohibition stops text messages too
    # a market-research prohibition stops satisfaction surveys by the notice (the law may stop them
    # all the same)
    q3: bool = True
    q4: bool = False  # the existing-customer exception is used
    q5: bool = (
        False  # a message linked to a contact person's duties is judged by the rule for companies
    )
    # a channel prohibition speaks of marketing only; False: it stops surveys in that channel too
    q6: bool = True
    q7: Literal["both", "staff", "service_user"] = (
        "both"  # who the "user" is that may open a correction
    )
    q8: bool = True  # all prohibitions and no consent silence everything but needed notices
    q9: bool = True  # e-mail belongs to the data content
    q10: bool = True  # what the notice does not say is held as configuration
    q11: Literal["data_subject", "any"] = (
        "data_subject"  # whose "other consent" allows a disclosure
    )
    q12: Literal["latest", "prohibition"] = (
        "latest"  # "prohibition": no later consent lifts a prohibition that has not been ended
    )

    @classmethod
    def of(cls, answers: Mapping[str, Any]) -> Switches:
        """The answers of a notice; UsageError for one that there is not."""
        return cls(**answers)

    def __post_init__(self) -> None:
        for field, wanted in zip(fields(self), get_type_hints(type(self)).values(), strict=True):
            choices = get_args(wanted) or (True, False)
            answer = getattr(self, field.name)
            if answer not in choices or isinstance(answer, bool) != isinstance(choices[0], bool):
                raise UsageError(
                    f"permission switch {field.name}: choose one of "
                    f"{', '.join(map(str, choices)).lower()}"
                )
