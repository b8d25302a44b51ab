"""`review`: past contacts one by one, for the analyst in JupyterLab and nobody else - what it shows is no group, so no report takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
STEPS = ("delivered_at", "opened_at", "clicked_at", "responded_at", "opted_out_at")
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
    wanted += [_within(Period.parse(period))] if period else []
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


def _within(period: Period) -> pl.Expr:
    return pl.col("sent_at").dt.date().is_between(period.start, period.end, closed="left")


def _worded(frame: pl.DataFrame, words: Words) -> pl.DataFrame:
    """What a reader sees of each contact: words for codes, and the last thing that came of it."""
    last = [next((step for step in reversed(STEPS) if row[step]), "") for row in frame.select(STEPS).iter_rows(named=True)]
    columns = {
        "campaign": frame["name"].to_list(),
        "kind": [words.label("kind", code) for code in frame["kind"]],
        "channel": [words.label("channel", code) for code in frame["channel"]],
        "verdict": [words.label("verdict", code) for code in frame["verdict"]],
        "reason": [words.label("why", code) for code in frame["reason"]],
        "then": [words.label("stage", step.removesuffix("_at")) if step else "" for step in last],
    }
    instant = pl.col("at").dt.strftime
    return frame.select(
        "pseudonym", at=instant("%Y-%m-%dT%H:%M:%SZ"), sent=instant("%Y-%m-%d %H:%M UTC"), place=pl.int_range(pl.len()) * 7 % 10
    ).with_columns(pl.Series(name, values, dtype=pl.String) for name, values in columns.items())


def _drawn(told: Review) -> dict[str, Any]:
    import altair as alt

    words = Words(told.language)
    cases, histories = _worded(told.cases, words), _worded(told.histories, words)
    chosen = [_menu(alt, cases, name, words) for name in ("channel", "kind", "verdict")]
    one, person = alt.selection_point("campaign", fields=["campaign"]), alt.selection_point("person", fields=["pseudonym"], empty=False)
    tones = {words.label("verdict", code): color(tone) for code, tone in TONES.items()}
    tone = alt.Color("verdict:N", scale=alt.Scale(domain=list(tones), range=list(tones.values())), title=None)
    when = alt.X("at:T", scale=alt.Scale(type="utc"), axis=alt.Axis(format="%-d.%-m.%Y", tickCount=6, labelOverlap=True), title=None)
    tips = [alt.Tooltip(f"{name}:N", title=words.column(name)) for name in TIPS]
    table = alt.Chart(_rows(alt, cases)).properties(width=620)
    for menu in chosen:
        table = table.transform_filter(menu)
    bars = table.mark_bar().encode(alt.X("count()", title=None), alt.Y("campaign:N", sort="-x", title=None), tone, opacity=_lit(alt, one))
    dots = (
        table.transform_filter(one)
        .mark_circle(size=80)
        .encode(when, alt.Y("reason:N", title=None), alt.YOffset("place:Q"), tone, opacity=_lit(alt, person), tooltip=tips)
    )
    history = alt.Chart(_rows(alt, histories)).transform_filter(person).mark_point(size=110, filled=True)
    in_time = alt.EncodingSortField("at", op="min")
    history = history.encode(when, alt.Y("campaign:N", sort=in_time, title=None), tone, alt.Shape("channel:N", title=None), tooltip=tips)
    titles = [words.translate(title) for title in ("Choose a campaign", "Choose a case", "All contacts of that person")]
    parts = [bars.add_params(one, *chosen), dots.add_params(person), history.properties(width=620, height=240)]
    drawn = alt.vconcat(*(part.properties(title=title) for part, title in zip(parts, titles, strict=True))).configure(
        **vega()
        | {"background": color("paper"), "font": "system-ui, sans-serif", "legend": {"orient": "bottom"}, "axisY": {"labelLimit": 300}}
    )
    return drawn.to_dict()  # type: ignore[no-any-return]


def _rows(alt: Any, frame: pl.DataFrame) -> Any:
    """Inline, so that nothing is written to disk and no limit of Altair's stands in the way."""
    return alt.Data(values=frame.to_dicts())


def _menu(alt: Any, cases: pl.DataFrame, name: str, words: Words) -> Any:
    options = cases[name].unique().sort().to_list()
    labels = [words.translate("all"), *options]
    return alt.selection_point(
        name, fields=[name], bind=alt.binding_select(options=[None, *options], labels=labels, name=f"{words.column(name)} ")
    )


def _lit(alt: Any, selection: Any) -> Any:
    return alt.when(selection).then(alt.value(1)).otherwise(alt.value(0.35))
