"""What goes before the reports of a schedule: refresh a source, publish a release."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from genlib import notice
from genlib.publish import writer
from genlib.register import journal, key_use
from genlib.register.batches import Source as Rows
from genlib.register.batches import read_folder
from genlib.register.database import open_register
from genlib.register.feeds.source import read_feed
from genlib.register.refresh import Refresh
from genlib.register.schema import Base
from genlib.schedule.outcome import DONE, Outcome
from genlib.schedule.plan import Plan, Source
from genlib.settings import Settings, password, read_environment


def refresh_source(source: Source, folder: Path, settings: Settings, now: dt.datetime) -> Outcome:
    """Bring the register up to a source. `run` is the company's day of its oldest file."""
    rows = _read_source(source, folder, settings)
    register = open_register(settings.register)
    journal.check_finished(register, settings.common)
    word = password(settings, "password of the identity key")
    key = key_use.open_identity(settings, word, "schedule refresh")
    work = Refresh(
        register,
        key,
        settings.home / "rejected",
        artificial=settings.artificial,
        years_kept=notice.load(settings.notice).years_kept,
        at=now,
        time_zone=settings.time_zone,
    )
    outcomes = work.run(rows, [one.table for one in rows])
    refused = sum(one.to_mend for one in outcomes)
    day = settings.day_of(min(one.as_of for one in rows))
    reason = f"{refused} rows were refused; genlib register info tells more" if refused else ""
    return Outcome(DONE, reason, run=day.isoformat())


def _read_source(source: Source, folder: Path, settings: Settings) -> list[Rows]:
    place = folder / source.files
    if not source.feed:
        return list(read_folder(place))
    ready = settings.data / "feeds" / f"{source.feed}.toml"
    path = folder / source.feed if source.feed.endswith(".toml") else ready
    environment = read_environment()
    feed_tables = read_feed(path, place, time_zone=settings.time_zone, environment=environment)
    rows: list[Rows] = list(feed_tables)
    order = [table.name for table in Base.metadata.sorted_tables]
    return sorted(rows, key=lambda one: order.index(one.table))


def publish_release(purpose: str, settings: Settings, now: dt.datetime) -> Outcome:
    """Publish the release of a purpose, as the register is now. `run` is its id."""
    word = password(settings, "password of the pseudonym key")
    key = key_use.open_pseudonym(settings, word, "schedule publish")
    release = writer.publish(
        purpose,
        open_register(settings.register),
        key,
        notice=notice.load(settings.notice),
        releases=settings.releases,
        now=now,
        time_zone=settings.time_zone,
        common=settings.common,
        data=settings.data,
        access=settings.access_of(purpose),
    )
    return Outcome(DONE, run=release.release_id)


def find_task(key: str, plan: Plan, settings: Settings, now: dt.datetime) -> tuple[Any, ...]:
    """The function of a step, with its arguments: "refresh shop", "publish satisfaction"."""
    kind, _, name = key.partition(" ")
    if kind == "refresh":
        return refresh_source, plan.sources[name], plan.folder, settings, now
    return publish_release, name, settings, now
