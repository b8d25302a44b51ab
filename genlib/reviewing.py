"""`review`: past contacts one by one, for the analyst in JupyterLab and nobody else - what it shows is no group, so no report takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt
import polars as pl

from genlib.errors import UsageError
from genlib.period import Period
from genlib.present.theme import color, vega
from genlib.present.words import Words

if TYPE_CHECKING:
    from genlib.release import Release

MIME = "application/vnd.vegalite.v5+json"
"""What JupyterLab draws by itself, without a server and without the network."""
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.20.json"
STEPS = ("opted_out_at", "responded_at", "clicked_at", "opened_at", "delivered_at")
"""The last first."""
CODED = {"kind": "kind", "channel": "channel", "verdict": "verdict", "reason": "why", "then": "stage"}
"""Column, and the dimension whose words its codes have."""
TIPS = ("pseudonym", "campaign", "kind", "channel", "verdict", "reason", "sent", "then")
TONES = {"allowed": "teal", "refused": "brick", "held out": "mute"}


@dataclass(frozen=True, repr=False)
class Review:
    """Cases and the histories of their people, drawn by Altair: choose a campaign, channel or kind, then a case, and see all contacts of
    its person. `cases` and `histories` are plain frames to go on with."""

    cases: pl.DataFrame
    histories: pl.DataFrame
    left_out: int
    language: str = "en"

    def to_dict(self) -> dict[str, Any]:
        """The Vega-Lite specification."""
        return _drawn(self) | {"$schema": SCHEMA}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {MIME: self.to_dict(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        more = f"; {self.left_out:,} older ones are left out, so narrow the period or name a campaign" if self.left_out else ""
        return f"{self.cases.height:,} cases of {self.cases['pseudonym'].n_unique():,} people{more}"


def review(  # noqa: PLR0913 - each narrows what is seen
    release: Release,
    *,
    period: str = "",
    campaign: str = "all",
    verdict: str = "refused",
    pseudonym: str = "",
    most: int = 2000,
    language: str = "en",
) -> Review:
    """The contacts of a `campaign_history` release with this verdict (`refused`, `allowed` or `all`), the newest first and at most `most`,
    of a period, a campaign or one person; and beside each case all contacts of its person.

    Row-level: it shows itself in JupyterLab, and a report that holds it is stopped at the gate. UsageError for another purpose.
    """
    if release.purpose != "campaign_history":
        raise UsageError("past contacts are reviewed in a release of campaign_history")
    if verdict not in {"refused", "allowed", "all"}:
        raise UsageError("the verdict is refused, allowed or all")
    told = _contacts(release)
    wanted = [pl.col("code") == campaign] if campaign != "all" else []
    wanted += [pl.col("verdict") == verdict] if verdict != "all" else []
    wanted += [pl.col("pseudonym") == pseudonym] if pseudonym else []
    if period:
        span = Period.parse(period)
        wanted.append(pl.col("sent_at").dt.date().is_between(span.start, span.end, closed="left"))
    found = told.filter(pl.col("arm") == "contacted", *wanted).sort("sent_at", "pseudonym", descending=[True, False]).collect()
    cases = found.head(most)
    histories = told.filter(pl.col("pseudonym").is_in(cases["pseudonym"].unique().implode())).sort("pseudonym", "at").collect()
    return Review(cases, histories, found.height - cases.height, language)


def _contacts(release: Release) -> pl.LazyFrame:
    """Every contact with its campaign, its person's pseudonym and its verdict; `at` is when it was sent, or could have been."""
    campaigns = release["campaign"].select("campaign", "code", "name", "kind", start=pl.col("starts_on").cast(pl.Datetime("us", "UTC")))
    people = release["customer"].select("customer", "pseudonym")
    verdict = pl.when("allowed").then(pl.lit("allowed")).when(~pl.col("allowed")).then(pl.lit("refused")).otherwise(pl.lit("held out"))
    told: pl.LazyFrame = release["campaign_contact"].join(campaigns, on="campaign").join(people, on="customer").drop("campaign", "customer")
    return told.with_columns(verdict=verdict, at=pl.coalesce("sent_at", "start")).drop("start", "allowed")


def _worded(frame: pl.DataFrame, words: Words) -> pl.DataFrame:
    """What a reader sees of each contact: words for codes, and the last thing that came of it."""
    last = pl.coalesce(pl.when(pl.col(step).is_not_null()).then(pl.lit(step.removesuffix("_at"))) for step in STEPS)
    told = frame.with_columns(then=last)
    said = {
        name: pl.col(name).replace({code: words.label(dimension, code) for code in told[name].drop_nulls().unique()}).fill_null("")
        for name, dimension in CODED.items()
    }
    at, sent = (pl.col("at").dt.strftime(form) for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M UTC"))
    return told.select("pseudonym", at=at, sent=sent, place=pl.int_range(pl.len()) * 7 % 10, campaign="name", **said)


def _drawn(told: Review) -> dict[str, Any]:
    """Bars of the campaigns, dots of their cases, the history of a case's person; the data inline, so that nothing is written to disk."""
    words = Words(told.language)
    cases, histories = _worded(told.cases, words), _worded(told.histories, words)
    chosen = [_menu(cases, name, words) for name in ("channel", "kind", "verdict")]
    one, person = alt.selection_point("campaign", fields=["campaign"]), alt.selection_point("person", fields=["pseudonym"], empty=False)
    tones = {words.label("verdict", code): color(tone) for code, tone in TONES.items()}
    tone = alt.Color("verdict:N", scale=alt.Scale(domain=list(tones), range=list(tones.values())), title=None)
    when = alt.X("at:T", scale=alt.Scale(type="utc"), axis=alt.Axis(format="%-d.%-m.%Y", tickCount=6, labelOverlap=True), title=None)
    tips = [alt.Tooltip(f"{name}:N", title=words.column(name)) for name in TIPS]
    table = alt.Chart(_inline(cases)).properties(width=620)
    for menu in chosen:
        table = table.transform_filter(menu)
    bars = table.mark_bar().encode(alt.X("count()", title=None), alt.Y("campaign:N", sort="-x", title=None), tone, opacity=_lit(one))
    dots = (
        table.transform_filter(one)
        .mark_circle(size=80)
        .encode(when, alt.Y("reason:N", title=None), alt.YOffset("place:Q"), tone, opacity=_lit(person), tooltip=tips)
    )
    history = alt.Chart(_inline(histories)).transform_filter(person).mark_point(size=110, filled=True)
    in_time = alt.EncodingSortField("at", op="min")
    history = history.encode(when, alt.Y("campaign:N", sort=in_time, title=None), tone, alt.Shape("channel:N", title=None), tooltip=tips)
    titles = [words.translate(title) for title in ("Choose a campaign", "Choose a case", "All contacts of that person")]
    parts = [bars.add_params(one, *chosen), dots.add_params(person), history.properties(width=620, height=240)]
    drawn = alt.vconcat(*(part.properties(title=title) for part, title in zip(parts, titles, strict=True))).configure(
        **vega()
        | {"background": color("paper"), "font": "system-ui, sans-serif", "legend": {"orient": "bottom"}, "axisY": {"labelLimit": 300}}
    )
    return drawn.to_dict()  # type: ignore[no-any-return]


def _inline(frame: pl.DataFrame) -> Any:
    return alt.Data(values=frame.to_dicts())  # type: ignore[no-untyped-call]


def _menu(cases: pl.DataFrame, name: str, words: Words) -> Any:
    options = cases[name].unique().sort().to_list()
    labels = [words.translate("all"), *options]
    return alt.selection_point(
        name, fields=[name], bind=alt.binding_select(options=[None, *options], labels=labels, name=f"{words.column(name)} ")
    )


def _lit(selection: Any) -> Any:
    return alt.when(selection).then(alt.value(1)).otherwise(alt.value(0.35))
