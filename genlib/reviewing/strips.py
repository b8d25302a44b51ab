"""Strips of a review: bars to choose cases by, the cases in time, and all contacts of one person;
JupyterLab draws them by itself, without a server and without the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from html import escape
from typing import TYPE_CHECKING, Any

import polars as pl

from genlib.lean import spare_grammar
from genlib.present.theme import color, vega
from genlib.present.words import Words

with spare_grammar():
    import altair as alt

if TYPE_CHECKING:
    from genlib.reviewing import Review

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.6.1.json"
"""The Vega-Lite of JupyterLab 4. What has no size it draws again and again, without end: no legend
and no axis of time may lack data."""
WIDTH = 420
"""Labels stand beside it: all of it fits a cell on a screen of 1280 pixels."""
CASE = "number"
"""The place of a case in the list: by it a dot and a row are one."""
DRAWN = 5000
"""So many cases at the most: more dots no eye tells apart, and a browser is slow with them."""
BARS = {"channel": 80, "kind": 80, "verdict": WIDTH, "campaign": WIDTH}
"""Widths; the first two stand side by side."""
STEPS = ("opted_out_at", "responded_at", "clicked_at", "opened_at", "delivered_at")
"""The last first."""
TIME = "%Y-%m-%dT%H:%M:%SZ"
"""The company's clock, written as UTC: so the axis shows it wherever the reader's browser is."""
CODED = {
    "kind": "kind",
    "channel": "channel",
    "verdict": "verdict of one",
    "reason": "why",
    "then": "stage of one",
}
"""Column, and the dimension whose words its codes have."""
TIPS = ("pseudonym", "campaign", "kind", "channel", "verdict", "reason", "sent", "then")
COUNT = alt.Axis(tickCount=3, labelExpr="datum.value % 1 ? '' : format(datum.value, 'd')")
BRUSH = alt.BrushConfig(fill=color("mute"), fillOpacity=0.25, stroke=color("ink"))
TONES = {"allowed": "teal", "refused": "brick", "held out": "mute"}


def put_in_words(frame: pl.DataFrame, words: Words) -> pl.DataFrame:
    """What a reader sees of each contact: words for codes, and the last thing that came of it.
    Names of campaigns come back every year, so each has its code with it."""
    last = pl.coalesce(
        pl.when(pl.col(step).is_not_null()).then(pl.lit(step.removesuffix("_at"))) for step in STEPS
    )
    contacts = frame.with_columns(then=last)
    labels = {
        name: pl.col(name)
        .replace(
            {code: words.label(dimension, code) for code in contacts[name].drop_nulls().unique()}
        )
        .fill_null("")
        for name, dimension in CODED.items()
    }
    at, sent = (pl.col("at").dt.strftime(form) for form in (TIME, "%Y-%m-%d %H:%M"))
    place = pl.int_range(pl.len()) * 7 % 10
    campaign = pl.format("{} · {}", "name", "code")
    return contacts.select(
        "pseudonym", "code", at=at, sent=sent, place=place, campaign=campaign, **labels
    )


def write_link(link: str, cases: pl.DataFrame) -> str:
    """Two hidden fields, as HTML: which case and whose contacts are chosen. The strips and the
    lists both read and write them, and hear when the other has."""
    pseudonym = escape(_find_newest(cases.head(DRAWN))["pseudonym"])
    return (
        f'<input type="hidden" id="{link}-case">'
        f'<input type="hidden" id="{link}-person" value="{pseudonym}">'
    )


def draw_strips(review: Review, link: str = "") -> dict[str, Any]:
    """A strip of time and bars to choose cases by, the cases in time, and all contacts of one
    case's person, at first the newest's. The strip is above all that grows and shrinks, so that it
    stays under the hand that drags. The data is inline: nothing goes to disk. `link`: which hidden
    fields hold what is chosen."""
    words = Words(review.language)
    review = _limit_cases(review)
    spans = _spans(review.cases)
    cases = put_in_words(review.cases, words).with_columns(middle=spans["middle"].dt.strftime(TIME))
    cases = cases.with_row_index(CASE)
    table = alt.Chart(_inline(cases)).encode(_tone(words))
    in_time = _when(pl.concat([spans["start"], spans["end"]]))
    picks = {name: alt.selection_point(name, fields=[name], toggle="true") for name in BARS}
    picks["period"] = alt.selection_interval("period", encodings=["x"], zoom=False, mark=BRUSH)
    case = _pick_dot("case", CASE, link)
    first = [{"pseudonym": _find_newest(review.cases)["pseudonym"]}]
    person = _pick_dot("person", "pseudonym", link, value=first)
    bars = {
        name: _bars(table, name, picks).properties(title=words.column(name), width=width)
        for name, width in BARS.items()
    }
    parts = (
        _strip(table, spans, in_time, picks).properties(title=words.translate("Choose a period")),
        alt.hconcat(bars["channel"], bars["kind"]),
        bars["verdict"],
        bars["campaign"].properties(title=words.translate("Choose a campaign")),
        _cases(_narrowed(table, picks), in_time, case, person, words),
        _history(review.histories, person, words),
    )
    chart = alt.vconcat(*parts, title=tell_left_out(review, words)).configure(**_looks())
    specification: dict[str, Any] = chart.to_dict()
    return specification | {"$schema": SCHEMA}


def _find_newest(cases: pl.DataFrame) -> dict[str, Any]:
    return cases.sort("sent_at", "pseudonym", descending=[True, False]).row(0, named=True)


def _pick_dot(name: str, column: str, link: str, **more: Any) -> Any:
    """One value of the column, by a click on a case or from the hidden field of that name. Vega
    hears of clicks on all that it draws; only cases have a number."""
    bind: Any = {column: alt.BindDirect(f"#{link}-{name}")} if link else alt.Undefined
    is_case = f"event.item && event.item.datum && isValid(event.item.datum.{CASE})"
    return alt.selection_point(
        name,
        fields=[column],
        on=f"click[{is_case}]",
        bind=bind,
        empty=False,
        toggle=False,
        clear=False,
        **more,
    )


def _limit_cases(review: Review) -> Review:
    """The review of its first cases, and of the histories of their people."""
    cases = review.cases.head(DRAWN)
    more = review.cases.height - cases.height
    if not more:
        return review
    people = cases["pseudonym"].unique().implode()
    histories = review.histories.filter(pl.col("pseudonym").is_in(people))
    return replace(review, cases=cases, histories=histories, left_out=review.left_out + more)


def _spans(cases: pl.DataFrame) -> pl.DataFrame:
    """The day, week or month of each case, whichever makes a strip of a few dozen columns."""
    days = (cases["at"].max() - cases["at"].min()).days  # type: ignore[operator, union-attr]
    every = "1d" if days < 60 else "1w" if days < 400 else "1mo"
    start = pl.col("at").dt.truncate(every)
    end = start.dt.offset_by(every)
    return cases.select(start=start, middle=start + (end - start) / 2, end=end)


def _strip(table: Any, spans: pl.DataFrame, in_time: Any, picks: Mapping[str, Any]) -> Any:
    """How many cases there are in each span among those that the bars leave. Its columns stand at
    `at`, as the cases do, so that a drag chooses instants; with two ends each, Vega-Lite would not
    keep the axis."""
    columns = _narrowed(table, picks, but="period").transform_calculate(at="toDate(datum.middle)")
    size = spans.select(
        0.9
        * WIDTH
        * (pl.col("end") - pl.col("start")).min()
        / (pl.col("end").max() - pl.col("start").min())
    ).item()
    columns = columns.mark_bar(size=size).add_params(picks["period"])
    return columns.encode(in_time, alt.Y("count()", title=None, axis=COUNT)).properties(
        width=WIDTH, height=50
    )


def _bars(table: Any, name: str, picks: Mapping[str, Any]) -> Any:
    """How many cases there are of each kind among those that the other choices leave; a click
    chooses, another takes it back."""
    bars = _narrowed(table, picks, but=name).mark_bar().add_params(picks[name])
    many = alt.X("count()", title=None, axis=COUNT)
    what = alt.Y(f"{name}:N", sort="-x", title=None)
    return bars.encode(many, what, opacity=_lit(picks[name])).properties(height=alt.Step(18))


def _narrowed(table: Any, picks: Mapping[str, Any], *, but: str = "") -> Any:
    return reduce(
        lambda narrowed, name: narrowed.transform_filter(picks[name]),
        (name for name in picks if name != but),
        table,
    )


def _cases(table: Any, in_time: Any, case: Any, person: Any, words: Words) -> Any:
    """A dot a case; the chosen one is larger and has a ring."""
    dots = table.mark_circle(strokeWidth=2).add_params(case, person)
    dots = dots.encode(
        in_time,
        alt.Y("reason:N", title=None),
        alt.YOffset("place:Q"),
        opacity=_lit(person),
        size=alt.when(case).then(alt.value(220)).otherwise(alt.value(90)),
        stroke=alt.when(case).then(alt.value(color("ink"))).otherwise(alt.value(None)),
        tooltip=_tips(words),
    )
    return dots.properties(
        title=words.translate("Choose a case"),
        width=WIDTH,
        height=alt.Step(36, **{"for": "position"}),
    )


def _history(histories: pl.DataFrame, person: Any, words: Words) -> Any:
    """A line each, the oldest first: campaign, channel, and why it was allowed or not."""
    line = "datum.code + ' · ' + datum.channel + (datum.reason ? ' · ' + datum.reason : '')"
    table = (
        alt.Chart(_inline(put_in_words(histories, words)))
        .transform_filter(person)
        .transform_calculate(line=line)
    )
    lines = alt.Y("line:N", sort=alt.EncodingSortField("at", op="min"), title=None)
    dots = table.mark_circle(size=110, opacity=1).encode(
        _when(histories["at"]), lines, _tone(words), tooltip=_tips(words)
    )
    whose = alt.expr(f"['{words.translate('All contacts of that person')}', person.pseudonym]")
    return dots.properties(title=alt.Title(whose), width=WIDTH, height=alt.Step(18))


def tell_left_out(review: Review, words: Words) -> str:
    if not review.left_out:
        return ""
    count = words.number(review.cases.height)
    total = words.number(review.cases.height + review.left_out)
    message = (
        "The first {shown} of {found} cases, exceptions first and then the newest; narrow the "
        "period or name a campaign to see the others"
    )
    return words.translate(message, shown=count, found=total)


def _tone(words: Words) -> Any:
    tones = {words.label(CODED["verdict"], code): color(tone) for code, tone in TONES.items()}
    return alt.Color(
        "verdict:N", scale=alt.Scale(domain=list(tones), range=list(tones.values())), title=None
    )


def _tips(words: Words) -> list[Any]:
    return [alt.Tooltip(f"{name}:N", title=words.column(name)) for name in TIPS]


def _when(instants: pl.Series) -> Any:
    """From the first to the last of all, so that the axis stays when other cases are chosen."""
    ends: Any = instants.dt.to_string(TIME).sort()[[0, -1]].to_list()
    axis = alt.Axis(format="%-d.%-m.%Y", tickCount=4, labelOverlap=True, labelFlush=True)
    return alt.X("at:T", scale=alt.Scale(type="utc", domain=ends), axis=axis, title=None)


def _looks() -> dict[str, Any]:
    """As in the reports, on white paper whatever the theme of JupyterLab."""
    ink = {"color": color("ink"), "anchor": "start", "frame": "group"}
    return vega() | {
        "background": color("paper"),
        "font": "system-ui, sans-serif",
        "legend": {"orient": "top", "labelColor": color("ink")},
        "axisY": {"labelLimit": 420, "labelFontSize": 12},
        "title": ink,
    }


def _inline(frame: pl.DataFrame) -> Any:
    """As CSV: Altair checks every value of a table of records, which takes seconds. Times are read
    here, since charts that are narrowed by them do not all draw them."""
    return alt.InlineData(
        values=frame.write_csv(), format=alt.CsvDataFormat(type="csv", parse={"at": "date"})
    )


def _lit(selection: Any) -> Any:
    return alt.when(selection).then(alt.value(1)).otherwise(alt.value(0.35))
