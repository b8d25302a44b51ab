"""`Policy`: the thresholds of door 2 as one frozen value that travels with everything it shaped."""

from __future__ import annotations

from dataclasses import dataclass

from genlib.errors import Refused

FLOOR = 3


@dataclass(frozen=True)
class Policy:
    """`min_count` people in a cell, `p` per cent for money, no ratio on fewer than `base` people, a
    warning under `flag`."""

    min_count: int = 5
    p: int = 10
    base: int = 10
    flag: int = 30
    profile: str = "standard"

    def __post_init__(self) -> None:
        if self.min_count < FLOOR or self.p < 0 or self.base < self.min_count:
            raise Refused(
                f"a disclosure policy needs min_count >= {FLOOR}, p >= 0 and base >= min_count"
            )

    def stricter(self, other: Policy) -> Policy:
        """The stricter of the two in every figure: a parameter may tighten the notice's policy,
        never loosen it."""
        name = self.profile if self.min_count >= other.min_count else other.profile
        return Policy(
            max(self.min_count, other.min_count),
            max(self.p, other.p),
            max(self.base, other.base),
            max(self.flag, other.flag),
            name,
        )
