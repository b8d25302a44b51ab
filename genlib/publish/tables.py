"""The tables of a release, one after the other, in frames that fit in memory: only granted columns
are read, keys become numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial, reduce
from operator import or_

import polars as pl

from genlib.errors import Refused
from genlib.permission import Judge, reach
from genlib.publish.coarsen import Released, coarse
from genlib.publish.people import APART, Source
from genlib.publish.why import WHY, explain_verdicts, hide_rare_ways

ROWS = 131_072
REACHED = 65_536  # people a frame: each has a row for every channel and kind of message
VERDICT = {"allowed": "derived", "reason": "derived"}
TOLD = {
    "verdict": VERDICT,
    "act": dict.fromkeys(WHY, "derived"),
    "follow_up": {"followed_up": "derived"},
}
"""What the notice lets a contact's verdict be told with."""

Frames = Iterator[pl.DataFrame]


@dataclass(frozen=True)
class Table:
    """A table of a release: how each column was coarsened, and its rows, to be read once and before
    the next table."""

    name: str
    coarsening: dict[str, str]
    frames: Frames


def tables(source: Source) -> Iterator[Table]:
    """Every table that the notice grants the purpose; a derived one is there only if the notice
    says so."""
    columns = source.columns("customer")
    together = {"customer": "number"} | {
        c.name: c.coarsening for c in columns if c.coarsening not in APART
    }
    yield Table("customer", together, iter([source.people.released]))
    if separate := {c.name: c.coarsening for c in columns if c.coarsening in APART}:
        yield Table("membership", separate, iter([source.people.apart]))
    for name in source.notice.granted(source.purpose):
        if name != "customer":
            yield _granted(source, name)
    for name in source.terms.derived:
        if name in DERIVED:
            yield DERIVED[name](source)


def _granted(source: Source, name: str) -> Table:
    columns = source.columns(name)
    coarsening = {column.name: column.coarsening for column in columns}
    keys = [column for column in columns if column.coarsening == "number"]
    # What is looked up is read now, for the connection belongs to the reading thread once the
    # frames flow.
    numbers = {"customer": source.customers(name)} | (
        {"invitation": source.invitations} if "invitation" in coarsening else {}
    )
    judged = name == "campaign_contact" and "verdict" in source.terms.derived
    finish = (
        _judging(source) if judged else _promise(source) if name == "survey_invitation" else None
    )
    judgement_columns = [columns for name, columns in TOLD.items() if name in source.terms.derived]
    coarsening_of_table = reduce(or_, judgement_columns, coarsening) if judged else coarsening
    order = "id" if "id" in source.notice.columns[name] else keys[0].source
    read = [read for column in columns for read in column.reads]
    if judged:
        read.append("id")
    batches = source.register.scan(name, list(dict.fromkeys(read)), rows=ROWS, ordered_by=order)

    def frames() -> Frames:
        for batch in ahead(batches):
            numbered = _numbered(batch, keys, numbers)
            finished = finish(numbered) if finish else numbered
            frame = finished.with_columns(
                coarse(column, source.area) for column in columns if column not in keys
            ).select(*coarsening_of_table)
            yield frame.sort([key.name for key in keys], maintain_order=True)

    return Table(name, coarsening_of_table, frames())


def _numbered(
    batch: pl.DataFrame, keys: list[Released], numbers: dict[str, pl.DataFrame]
) -> pl.DataFrame:
    """Keys of the register replaced by numbers of this release; rows of people who are not in it
    go. A null key stays null."""
    for key in keys:
        if key.name not in numbers:
            batch = batch.with_columns(_narrow(batch[key.source]).alias(key.name))
            continue
        batch = batch.join(
            numbers[key.name], left_on=key.source, right_on="id", how="left", maintain_order="left"
        )
        batch = batch.filter(pl.col(key.source).is_null() | pl.col(key.name).is_not_null())
    return batch


def _narrow(numbers: pl.Series) -> pl.Series:
    """The numbers in the four bytes of a release; Refused, without a number, if one has more."""
    narrow = numbers.cast(pl.UInt32, strict=False)
    if narrow.null_count() > numbers.null_count():
        raise Refused(
            f"a number in {numbers.name} is below 0 or above {2**32 - 1}; none is released"
        )
    return narrow


def _promise(source: Source) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """The invitations of an anonymous survey lose their customer, whatever the register says."""
    surveys = pl.concat(source.register.scan("survey", ["id", "promise"]))
    anonymous = surveys.filter(pl.col("promise") == "anonymous")["id"].implode()
    return lambda batch: batch.with_columns(
        pl.when(~pl.col("survey_id").is_in(anonymous)).then("customer").alias("customer")
    )


def _judging(source: Source) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Every contact gets its verdict as of the instant it was sent."""
    kinds = pl.concat(source.register.scan("campaign", ["id", "kind"]))
    # who left was a customer when it was sent, or not; whose age is known by the year is not said
    # to have been contacted against the law
    people = source.people.judged.drop("left_on", "birth_year")
    judge = Judge.of(source.acts, people, switches=source.switches, time_zone=source.area.time_zone)
    message = pl.col("campaign_id").replace_strict(kinds["id"], kinds["kind"]).alias("kind")

    explain = _explaining(source, judge) if "act" in source.terms.derived else None
    follow = _following(source) if "follow_up" in source.terms.derived else None

    def judged(batch: pl.DataFrame) -> pl.DataFrame:
        asked = batch.select("customer_id", "channel", message, "sent_at")
        contacts = batch.with_columns(judge.verdicts(asked).select(*VERDICT))
        if explain:
            contacts = contacts.with_columns(explain(asked.with_columns(contacts["reason"])))
        return follow(contacts) if follow else contacts

    return judged


def _explaining(source: Source, judge: Judge) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Judged contacts to what stands behind their verdicts (`publish.why`)."""
    acts = hide_rare_ways(source.acts, k=source.notice.anonymity.k)
    return partial(explain_verdicts, acts=acts, judge=judge)


def _following(source: Source) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Judged contacts to the same with `followed_up`: whether the steward has handled one that was
    refused."""
    listed = pl.concat(source.register.scan("follow_up", ["contact_id", "handled_at"]))
    handled = listed.drop_nulls("handled_at")["contact_id"].implode()
    is_handled = pl.when(~pl.col("allowed")).then(pl.col("id").is_in(handled))
    return lambda contacts: contacts.with_columns(followed_up=is_handled)


def _profile(source: Source) -> Table:
    """Those who may be profiled and segmented."""
    return Table(
        "profile",
        {"customer": "number"},
        iter([source.customers("profile").select("customer").sort("customer")]),
    )


def _reach(source: Source) -> Table:
    """Who can be reached now, by channel and kind of message; nobody whom a contact list would
    hold back."""
    is_held = pl.col("customer_id").is_in(source.held_back.implode())
    people = (
        source.people.judged.join(source.people.numbers, left_on="customer_id", right_on="id")
        .with_columns(held_since=pl.when(is_held).then(pl.lit(source.now)))
        .sort("customer")
    )

    def frames() -> Frames:
        for some in people.iter_slices(REACHED) if people.height else [people]:
            acts = source.acts.join(some.select("customer_id"), on="customer_id", how="semi")
            answers = reach(
                some.drop("customer"),
                acts,
                source.now,
                switches=source.switches,
                time_zone=source.area.time_zone,
            )
            numbered = answers.join(
                some.select("customer_id", "customer"), on="customer_id", maintain_order="left"
            )
            yield numbered.select("customer", "channel", "kind", *VERDICT)

    return Table(
        "reach",
        {"customer": "number", "channel": "derived", "kind": "derived", **VERDICT},
        frames(),
    )


DERIVED: dict[str, Callable[[Source], Table]] = {"profile": _profile, "reach": _reach}


def ahead(frames: Frames) -> Frames:
    """The same frames, the next one being read while this one is worked on."""
    with ThreadPoolExecutor(1, thread_name_prefix="genlib-read") as reader:
        coming = reader.submit(next, frames, None)
        while (frame := coming.result()) is not None:
            coming = reader.submit(next, frames, None)
            yield frame
