"""What would have made a refused contact allowed: the same question asked again, had the person
said otherwise, or had another channel been used.

No rule stands here: `decide` answers each of these questions as it answers any other.

Example: an advertisement by e-mail to somebody who said nothing is refused (`consent_missing`). A
`consent` to e-mail would have allowed it; so would a letter (`open_channel`: post), which needs
none.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from polars import col

from genlib.permission.acts import consent_scopes
from genlib.permission.rule import CHANNELS, decide
from genlib.permission.switches import Switches

MARKETING = ("channel_prohibited", "marketing_prohibited", "all_prohibited")
REMEDIES = ("consent", "no prohibition", "both", "nothing")
"""Had the person consented to the channel, not prohibited it, or both; or whatever was said."""
OTHER_CHANNELS = ("post", "call", "email", "sms")
"""In the order in which they are proposed: those that need no consent first."""


def find_remedies(
    asked: pl.DataFrame, allowed: pl.Series, switches: Switches, *, block: int
) -> pl.DataFrame:
    """`remedy` (one of `REMEDIES`) and `open_channel` (the first channel by which the same message
    was allowed) for each question that was refused, else null.

    asked: what `decide` was asked, and `allowed` its answers; for each profile the channels follow
    one another (an unknown one last) in blocks of so many questions.
    """
    worlds = _say_otherwise(switches)
    helps = {name: _decide(asked.with_columns(**flags), switches) for name, flags in worlds.items()}
    channels = _use_another(allowed, block)
    return pl.select(
        remedy=pl.when(~allowed).then(_first(helps).fill_null(REMEDIES[-1])),
        open_channel=pl.when(~allowed).then(_first(channels)),
    )


def _say_otherwise(switches: Switches) -> dict[str, dict[str, pl.Expr]]:
    """By remedy, the flags as they would be. The latest consent lifts what was prohibited of its
    channel, unless prohibitions outlive it (Q12)."""
    no, opens = pl.lit(value=False), col("channel").is_in(list(consent_scopes(switches)))
    outlived = pl.lit(value=switches.q12 == "prohibition") & pl.any_horizontal(MARKETING)
    consent = {"consent": (opens & ~outlived) | col("consent"), "withdrawn": no}
    lifted_by_it = {name: col(name) & (outlived | ~opens) for name in MARKETING}
    lifted = dict.fromkeys((*MARKETING, "research_prohibited"), no)
    both = {"consent": opens | col("consent"), "withdrawn": no, **lifted}
    return dict(zip(REMEDIES, (consent | lifted_by_it, lifted, both), strict=False))


def _use_another(allowed: pl.Series, block: int) -> dict[str, pl.Series]:
    """By channel, whether the same message was allowed there."""
    shaped = allowed.to_numpy().reshape(-1, len(CHANNELS) + 1, block)
    places = {name: CHANNELS.index(name) for name in OTHER_CHANNELS}
    by_channel = {name: shaped[:, [place], :] for name, place in places.items()}
    return {
        name: pl.Series(np.broadcast_to(there, shaped.shape).ravel())
        for name, there in by_channel.items()
    }


def _decide(asked: pl.DataFrame, switches: Switches) -> pl.Series:
    return decide(asked, switches=switches)["allowed"]


def _first(helps: dict[str, pl.Series]) -> pl.Expr:
    """The name of the first that is true."""
    return pl.coalesce(pl.when(is_allowed).then(pl.lit(name)) for name, is_allowed in helps.items())
