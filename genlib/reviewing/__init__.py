"""`review`: past contacts one by one, for the analyst in JupyterLab and nobody else - what it shows
is no group, so no report takes it.

Example: `genlib.review(release, campaign=("SYKSY25", "SYKSY26"))` lists the contacts of both that
were not allowed, says beside each other how many of which reason each of them has, and who was
contacted in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import polars as pl

from genlib.arguments import check_call
from genlib.disclosure.table import LANGUAGES
from genlib.errors import UsageError
from genlib.metrics.contacts import campaign_name
from genlib.period import Period
from genlib.reviewing.contacts import Pair, compare_pair, count_repeats, read_contacts

if TYPE_CHECKING:
    from genlib.release import Release

MIME = "application/vnd.vegalite.v5+json"
"""What JupyterLab draws by itself, without a server and without the network."""
ORDER = [False, True, False]
"""Exceptions first, so that no limit leaves one out for an allowed contact; then the newest."""


@dataclass(frozen=True, repr=False)
class Review:
    """Cases and the histories of their people, drawn by JupyterLab.

    Strips: a click on a bar chooses a channel, kind, verdict or campaign, and another takes it
    back; a drag over the strip of time chooses a period, and a double click on it takes it back; a
    click on a case shows all contacts of its person. Lists below them are sorted by their heads and
    searched; a case that is chosen there, by a click or Enter, shows why it was or was not allowed.
    What is chosen in the strips is chosen in the list of cases, and the other way round.

    `cases`, `histories`, `repeats` (who was contacted more than once) and the `pair` of two
    campaigns are plain frames to go on with.
    """

    cases: pl.DataFrame
    histories: pl.DataFrame
    repeats: pl.DataFrame
    left_out: int
    language: str = "en"
    pair: Pair | None = None

    def to_dict(self, link: str = "") -> dict[str, Any]:
        """The Vega-Lite specification of the strips; `link`: see `write_link`."""
        from genlib.reviewing.strips import draw_strips

        return draw_strips(self, link)

    def to_html(self, link: str = "") -> str:
        """The lists, as JupyterLab shows them; `link`: see `write_link`."""
        from genlib.reviewing.lists import draw_lists

        return draw_lists(self, link)

    def _ipython_display_(self) -> None:
        from IPython.display import publish_display_data

        for bundle in self._bundles():
            publish_display_data(bundle)

    def _bundles(self) -> list[dict[str, Any]]:
        """The strips of cases, and the lists; of nothing at all only that there is no case. What
        links both stands before them, since strips look for it when they are drawn."""
        from genlib.reviewing.strips import write_link

        text = {"text/plain": repr(self)}
        if self.cases.is_empty() and self.repeats.is_empty() and self.pair is None:
            return [text]
        if self.cases.is_empty():
            return [text | {"text/html": self.to_html()}]
        link = f"genlib-review-{uuid4().hex}"  # one review may be shown twice on a page
        return [
            {"text/plain": "", "text/html": write_link(link, self.cases)},
            text | {MIME: self.to_dict(link)},
            text | {"text/html": self.to_html(link)},
        ]

    def __repr__(self) -> str:
        more = (
            f"; {self.left_out:,} left out, so narrow the period or name a campaign"
            if self.left_out
            else ""
        )
        return f"{self.cases.height:,} cases of {self.cases['pseudonym'].n_unique():,} people{more}"


@check_call
def review(  # noqa: PLR0913 - each narrows what is seen
    release: Release,
    *,
    period: str = "",
    campaign: str | tuple[str, str] = "all",
    verdict: str = "refused",
    pseudonym: str = "",
    most: int = 2000,
    language: str = "en",
) -> Review:
    """The contacts of a `campaign_history` release with this verdict (`refused`, `allowed` or
    `all`), exceptions before all others, the newest first and at most `most`, of a period, a
    campaign or one person; beside each case all contacts of its person, and who was contacted more
    than once, whatever the verdict. Of two campaigns both are compared.

    Row-level: it shows itself in JupyterLab, and a report that holds it is stopped at the gate.
    UsageError for another purpose, for a campaign that the release does not have, and for what
    else cannot be.
    """
    if getattr(release, "purpose", "") != "campaign_history":
        raise UsageError("past contacts are reviewed in a release of campaign_history")
    if verdict not in {"refused", "allowed", "all"}:
        raise UsageError("the verdict is refused, allowed or all")
    if language not in LANGUAGES:
        raise UsageError(f"language is one of {', '.join(LANGUAGES)}")
    if type(most) is not int or most < 0:
        raise UsageError("most is how many cases are shown at the most: a whole number from 0 on")
    campaigns = _read_campaigns(release, campaign)
    _check_pseudonym(release, pseudonym)
    every = read_contacts(release)
    sent = every.filter(_narrow(period, campaigns, pseudonym))
    wanted = pl.lit(value=True) if verdict == "all" else pl.col("verdict") == verdict
    matches = (
        sent.filter(wanted)
        .sort(pl.col("verdict") != "refused", pl.col("sent_at"), "pseudonym", descending=ORDER)
        .collect()
    )
    cases = matches.head(min(most, matches.height))
    people = cases["pseudonym"].unique().implode()
    histories = every.filter(pl.col("pseudonym").is_in(people)).sort("pseudonym", "at").collect()
    pair = compare_pair(sent, campaigns) if len(campaigns) == 2 else None
    left_out = matches.height - cases.height
    return Review(cases, histories, count_repeats(sent), left_out, language, pair)


def _read_campaigns(release: Release, campaign: str | tuple[str, str]) -> tuple[str, ...]:
    """The codes of one campaign or of two; none of all."""
    codes = campaign if isinstance(campaign, tuple | list) else (campaign,)
    is_text = all(isinstance(code, str) for code in codes)
    if not is_text or len(set(codes)) != len(codes) or len(codes) not in {1, 2}:
        raise UsageError("a review is of all campaigns, of one, or of two different ones")
    if len(codes) == 2 and "all" in codes:
        raise UsageError("all campaigns are not compared with one; name two")
    for code in codes:
        campaign_name(release, code)
    return () if tuple(codes) == ("all",) else tuple(codes)


def _check_pseudonym(release: Release, pseudonym: str) -> None:
    """UsageError for a pseudonym that nobody in the release has: no cases of nobody look like a
    person of whom there is nothing to say."""
    is_theirs = pl.col("pseudonym") == pseudonym
    if pseudonym and release["customer"].filter(is_theirs).head(1).collect().is_empty():
        raise UsageError(
            "nobody in this release has that pseudonym; copy it from the list of cases"
        )


def _narrow(period: str, campaigns: tuple[str, ...], pseudonym: str) -> pl.Expr:
    """Whether a contact was made, in the period, by the campaigns and to the person."""
    wanted = pl.col("arm") == "contacted"
    if campaigns:
        wanted &= pl.col("code").is_in(campaigns)
    if pseudonym:
        wanted &= pl.col("pseudonym") == pseudonym
    if period:
        span = Period.parse(period)
        wanted &= pl.col("sent_on").is_between(span.start, span.end, closed="left")
    return wanted
