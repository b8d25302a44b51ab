"""Why a contact was or was not allowed, in full: the act of will that decided it, the clause of the
notice and the law, and what would have made it allowed.

Example: a letter that a prohibition stopped has `decided` "prohibition: post, given 2026-03-04,
through web", `notice` "N11.6-8", `law` "GDPR 21(3); 917/2014 s. 200(2), 202" and `cure` "no
prohibition".
"""

from __future__ import annotations

import polars as pl
from polars import col

from genlib.permission import REASONS
from genlib.present.words import Words

CODED = {
    "act": "act",
    "act_scope": "scope",
    "act_via": "way",
    "remedy": "remedy",
    "open_channel": "channel",
}
"""Column, and the dimension whose words its codes have."""
DAY = "%Y-%m-%d"


def explain_cases(cases: pl.DataFrame, words: Words) -> pl.DataFrame:
    """`decided`, `notice`, `law`, `cure` and `handled` of each case, in words; empty where there is
    nothing to say. Days are the company's, as the release has them."""
    coded = cases.with_columns(_put_in_words(cases, name, words) for name in CODED)
    reason = col("reason").cast(pl.String)
    clauses = {code: entry.notice for code, entry in REASONS.items()}
    laws = {code: words.label("law", entry.law) for code, entry in REASONS.items()}
    handled = {True: words.label("code", "true"), False: words.label("code", "false")}
    return coded.select(
        decided=_tell_act(words),
        notice=reason.replace(clauses),
        law=reason.replace(laws),
        cure=_tell_cure(words),
        handled=col("followed_up").replace_strict(handled, default="", return_dtype=pl.String),
    ).with_columns(pl.all().fill_null(""))


def _put_in_words(cases: pl.DataFrame, name: str, words: Words) -> pl.Series:
    codes = cases[name].cast(pl.String)
    labels = {code: words.label(CODED[name], code) for code in codes.drop_nulls().unique()}
    return codes.replace(labels)


def _tell_act(words: Words) -> pl.Expr:
    """The act with its scope, days and the way it came; that there was none."""
    start = words.translate("given {day}", day="{}")
    end = words.translate("ended {day}", day="{}")
    via = words.translate("through: {way}", way="{}")
    act = pl.concat_str(
        pl.format("{}: {}", "act", "act_scope"),
        pl.format(start, col("act_given_on").dt.strftime(DAY)),
        pl.format(end, col("act_ended_on").dt.strftime(DAY)),
        pl.format(via, "act_via"),
        separator=", ",
        ignore_nulls=True,
    )
    nobody = pl.lit(words.translate("no act of will decided it"))
    return pl.when(col("act").is_null()).then(nobody).otherwise(act)


def _tell_cure(words: Words) -> pl.Expr:
    """What would have made a refused one allowed: what the person could have said, or the first
    other channel."""
    channel = words.translate("or the same message through: {channel}", channel="{}")
    cures = ["remedy", pl.format(channel, "open_channel")]
    return pl.concat_str(cures, separator=", ", ignore_nulls=True)
