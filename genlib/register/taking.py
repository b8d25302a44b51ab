"""One table of a refresh: its batches, one after another, in the open transaction.

A row that came is read by the rules of intake, then compared with the register's: new rows are
added, changed ones changed where `change_rules` lets them, unchanged ones left. Of a row that comes
twice in one file only the first counts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

import polars as pl
from polars import col

from genlib.register import expiry, runs, suppression
from genlib.register.batches import Batch, Place, Source
from genlib.register.change_rules import (
    BEFORE,
    count_closed_months,
    find_rule,
    judge_changes,
    keep_stages,
)
from genlib.register.contradictions import FAULTS, find_contradictions
from genlib.register.intake import SPEAKING, count_shared, refuse_doubles, refuse_late, refuse_lost
from genlib.register.missing import check_not_empty, check_not_shrunk, count_undecided
from genlib.register.outcome import Outcome
from genlib.register.quick import read_plainly
from genlib.register.refusals import Refusals
from genlib.register.rules import examined
from genlib.register.schema import plain_columns
from genlib.register.source_keys import find_named_elsewhere, is_of_source
from genlib.register.staging import Seen, Stage, list_changes
from genlib.register.store import digest_columns, seal_columns, sealed, stored_columns
from genlib.register.tombstones import RULE, list_certain, part_erased, read_ids
from genlib.register.waiting import MANY, Waiting

FEW = 0.1
"""Below this share of unchanged rows it costs more to look for them than to examine every row."""


class Taking:
    """The table of a source on its way into the register. `refused`: the file of the
    refused rows; `speaking`: customers of the taken rows that tell of a consent, a prohibition or
    an opting out; `is_mostly_unchanged`: rows are worth a look whether they are in the register
    already; `now`: the instant of the refresh, and `spoken` of when the source speaks, with the
    company's day."""

    def __init__(self, place: Place, source: Source, run: runs.RunKey, refused: BinaryIO) -> None:
        self.place = place
        self.source = source
        self.name = source.table
        self.run = run
        self.outcome = Outcome(source.feed, source.table, run.run)
        self.refusals = Refusals(place, source, run, refused, self.outcome)
        self.speaking = pl.Series(dtype=pl.Int64)
        self.is_mostly_unchanged = True
        self.now = place.tell_now(run.at)
        self.spoken = place.tell_now(run.as_of)
        self.terms = expiry.read_terms(place.connection, place.years_kept, run.at, place.time_zone)
        self.seen = Seen(place.register, place.connection, self.name)
        self.stages: dict[tuple[str, ...], Stage] = {}
        self.stage = self._choose_stage(source.given)
        self.waiting = Waiting(self.stage.keys)

    def take_batch(self, whole_batch: Batch) -> None:
        """Take the good rows of a batch, and tell the others; rows that differ may wait."""
        if not whole_batch.is_plain or self.waiting.is_met_by(whole_batch.rows):
            self._take_waiting()
        batch = self._part_erased(whole_batch)
        self.stage = self._choose_stage(self.source.given if batch.given is None else batch.given)
        self.outcome.read += batch.rows.height
        self.outcome.joined += batch.joined
        self.outcome.add_payments(batch.payments)
        unfaulted = batch.rows.join(batch.faults, on="row", how="anti", maintain_order="left")
        whole = unfaulted if batch.given else self._pass_unchanged(unfaulted)
        if whole.is_empty() and batch.faults.is_empty() and batch.codes.is_empty():
            self.outcome.unchanged += batch.rows.height
        elif batch.is_plain:
            self.outcome.unchanged += batch.rows.height - whole.height
            if self.waiting.add(whole) >= MANY or self.source.meets_people:
                self._take_waiting()
        else:
            self._take_whole(batch, whole)

    def _take_waiting(self) -> None:
        """Take the good rows of those that wait."""
        rows = self.waiting.take()
        if rows is not None:
            self._take_whole(Batch(rows), rows)

    def _take_whole(self, batch: Batch, whole: pl.DataFrame) -> None:
        """Take the good rows of `whole`, which are those of a batch that are worth a look."""
        typed, faults = examined(
            whole,
            self.name,
            artificial=self.place.artificial,
            now=self.now,
            is_complete=not find_rule(self.name).has_stages,
            has_own_numbers=not self.source.source,
        )
        past = self.place.past
        good, faults = refuse_lost(self.place.register, self.name, typed, faults, past)
        firsts, repeats = self._part_repeats(good)
        taken, taking_faults = self._take_rows(firsts)
        repeat_faults = self._judge_repeats(repeats)
        every = pl.concat([batch.faults, faults, taking_faults, repeat_faults])
        over = expiry.note_past(past, self.name, typed, every)
        erased = expiry.note_past(past, self.name, typed, every, RULE)
        self.refusals.tell(batch, every)
        self.refusals.tell_codes(batch, faults)
        self.refusals.hold_back(batch, [taken, over, erased], every)
        if self.seen.keys == ["id"]:
            self.refusals.note_ids(batch, every)
        refused = every["row"].n_unique()
        self.outcome.refused += refused
        self.outcome.past += over.height
        self.outcome.erased += erased.height
        self.outcome.unchanged += batch.rows.height - refused - taken.height
        self.outcome.add_newest(runs.find_newest(good, self.run.as_of))

    def _part_erased(self, batch: Batch) -> Batch:
        """The batch without the rows of erased people: they are refused and hold nobody back, and
        what the register has of them still is not missing."""
        place = self.place
        others, tombstone_faults = part_erased(
            place.register, place.key, self.name, batch.rows, time_zone=place.time_zone
        )
        named = batch.faults.filter(rule=RULE)
        faults = pl.concat([tombstone_faults, named.join(tombstone_faults, on="row", how="anti")])
        if faults.is_empty():
            return batch
        self._take_waiting()  # so that faults are told in their order
        rows = others.join(named, on="row", how="anti", maintain_order="left")
        erased = batch.rows.join(faults, on="row", how="semi")
        numbers = read_ids(erased)
        expiry.note_past(place.past, self.name, numbers, list_certain(faults), RULE)
        if self.seen.keys == ["id"]:
            self.seen.find_seen(numbers.unique("id"))
        self.refusals.tell(batch, faults)
        self.outcome.read += faults.height
        self.outcome.refused += faults.height
        self.outcome.erased += faults.height
        return replace(
            batch,
            rows=rows,
            faults=batch.faults.join(faults, on="row", how="anti", maintain_order="left"),
            candidates=batch.candidates.join(faults, on="row", how="anti", maintain_order="left"),
        )

    def _pass_unchanged(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows but those that are in the register just as they are written (`quick`)."""
        if not self.is_mostly_unchanged:
            return rows
        plain = read_plainly(rows, self.name, self.stage.given, self.stage.keys)
        if plain.is_empty():
            return rows
        there = self.stage.find_unchanged(plain, self.place.key)
        repeats = self.seen.find_seen(there)
        unchanged = there.join(repeats, on="row", how="anti")
        self.is_mostly_unchanged = unchanged.height >= FEW * rows.height
        passed = plain.join(unchanged, on="row", how="semi")
        self.outcome.add_newest(runs.find_newest(passed, self.run.as_of))
        return rows.join(unchanged, on="row", how="anti", maintain_order="left")

    def finish(self, *, is_whole: bool, may_be_fewer: bool) -> None:
        """The whole file is in: what follows from it for people, and what did not come."""
        self._take_waiting()
        self.refusals.close()
        if self.name in SPEAKING:
            self._bring_list_up()
        if self.name == "customer" and (shared := count_shared(self.place.connection)):
            self.outcome.decisions.append(
                f"customer: duplicate_personal_id {shared}: so many customers have the personal "
                "identity code of another; they are one person to contact lists"
            )
        self.outcome.decisions.extend(self.outcome.codes.describe(self.name, self.source.source))
        if is_whole and self.seen.keys == ["id"]:
            self._mark_missing(may_be_fewer=may_be_fewer)

    def _mark_missing(self, *, may_be_fewer: bool) -> None:
        """Mark what the source does not have any more; a row that was refused came too."""
        register, connection = self.place.register, self.place.connection
        of_source = is_of_source(self.source.source, self.name)
        check_not_empty(connection, self.run, of_source, self.outcome.read)
        refused = self.refusals.ids.unique().to_frame("id")
        self.seen.find_seen(refused.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64)))
        missing = self.seen.find_missing(of_source)
        if not may_be_fewer:
            check_not_shrunk(connection, self.run, of_source, missing["id"])
        self.outcome.missing = missing.height
        self.outcome.newly_missing = runs.mark_missing(register, connection, self.run, missing)
        self.outcome.undecided = count_undecided(connection, self.run.feed, self.name)

    def _choose_stage(self, columns: tuple[str, ...]) -> Stage:
        """The stage on which rows are compared that tell these columns."""
        if columns not in self.stages:
            register, connection = self.place.register, self.place.connection
            rule = find_rule(self.name)
            label = f"came{len(self.stages) or ''}"
            self.stages[columns] = Stage(register, connection, self.name, columns, rule.kept, label)
        return self.stages[columns]

    def _bring_list_up(self) -> None:
        """Put on the suppression list what the taken rows prohibit, and note what was added."""
        if self.speaking.is_empty():
            return
        register, connection = self.place.register, self.place.connection
        last = suppression.find_last(connection)
        suppression.hold(register, connection, self.place.key, self.speaking, at=self.run.at)
        runs.keep_entries(register, connection, self.run, suppression.read_newer(connection, last))

    def _part_repeats(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows whose number comes for the first time in this file, and the others."""
        is_first = pl.struct(self.stage.keys).is_first_distinct()
        seen = self.seen.find_seen(rows.filter(is_first))
        firsts = rows.filter(is_first).join(seen, on="row", how="anti", maintain_order="left")
        return firsts, rows.join(firsts, on="row", how="anti", maintain_order="left")

    def _compare(self, rows: pl.DataFrame) -> pl.DataFrame:
        return self.stage.compare(digest_columns(rows, self.name, self.place.key))

    def _judge_repeats(self, repeats: pl.DataFrame) -> pl.DataFrame:
        """The faults of rows whose number came before with other values."""
        if repeats.is_empty():
            return pl.DataFrame(schema=FAULTS)
        differing = self._compare(repeats)
        is_new = differing.filter("is_new")
        past = expiry.find_past(self.terms, self.name, repeats.join(is_new, on="row", how="semi"))
        others = differing.join(past, on="row", how="anti", maintain_order="left")
        first_key = pl.lit(self.stage.keys[0])
        doubles = others.select("row", column=first_key, rule=pl.lit("duplicate"))
        return pl.concat([past, doubles.cast(FAULTS)])

    def _take_rows(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Add new rows and change changed ones: the rows that did, and the faults of others."""
        differing = self._compare(rows)
        is_new = differing.filter("is_new")
        fresh_rows = rows.join(is_new, on="row", how="semi", maintain_order="left")
        past = expiry.find_past(self.terms, self.name, fresh_rows)
        came = fresh_rows.join(past, on="row", how="anti", maintain_order="left")
        contradictions = find_contradictions(came, self.name)
        whole = came.join(contradictions, on="row", how="anti", maintain_order="left")
        register, zone = self.place.register, self.place.time_zone
        single, double_faults = refuse_doubles(register, self.name, whole, contradictions)
        fresh, new_faults = refuse_late(register, self.name, single, double_faults, zone)
        self._add(fresh)
        changed, faults = self._change(rows, differing.filter(~col("is_new")))
        taken = pl.concat([fresh.select(changed.columns), changed])
        self._note_customers(taken)
        return taken, pl.concat([past, new_faults, faults])

    def _add(self, rows: pl.DataFrame) -> None:
        if rows.is_empty():
            return
        self._note_speaking(rows)
        self.outcome.fresh += rows.height
        stored = sealed(rows.drop("row"), self.name, self.place.key)
        self.place.register.append(self.name, stored)
        keys = rows.select(self.stage.keys)
        runs.keep_rows(self.place.register, self.place.connection, self.run, keys)

    def _change(
        self, rows: pl.DataFrame, differing: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Change the rows that differ, where they may: those that did, and the faults of others."""
        came = rows.join(differing, on="row", how="semi", maintain_order="left")
        stored = self.stage.read_stored(came)
        pairs = self._pair(came, stored)
        changes = list_changes(differing)
        faults = judge_changes(self.place.register, self.name, pairs, changes, self.spoken)
        good = pairs.join(faults, on="row", how="anti", maintain_order="left")
        changes = changes.join(good, on="row", how="semi")
        if good.height:
            self._note_speaking(good)
            self._write_changes(good, stored)
        self.outcome.changed += good.height
        self.outcome.columns.update(changes["column"].to_list())
        if self.name == "customer":
            self._note_contested(good, changes)
        if self.name == "invoice":
            count = count_closed_months(good, changes, self.spoken)
            self.outcome.closed_months += count
        return good.select("row", *self.stage.keys, *self._owner_columns()), faults

    def _note_contested(self, good: pl.DataFrame, changes: pl.DataFrame) -> None:
        """Count what changed of customers whom another source names too."""
        named = find_named_elsewhere(self.place, self.source.source, good["id"])
        rows = good.filter(col("id").is_in(named.implode()))
        contested = changes.join(rows, on="row", how="semi").filter(col("column") != "updated_at")
        self.outcome.contested.update(contested["column"].to_list())

    def _pair(self, came: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
        """The rows as they shall be, beside those of the register (` before`). What the source
        does not tell is as it was; secrets that it does not tell are not there."""
        plain = [column for column in plain_columns(self.name) if not column.primary_key]
        open_columns = [column.name for column in plain if not column.info.get("secret")]
        before = stored.select(*self.stage.keys, col(open_columns).name.suffix(BEFORE))
        pairs = came.join(before, on=self.stage.keys, maintain_order="left")
        not_given = [column for column in open_columns if column not in self.stage.given]
        filled = pairs.with_columns(col(f"{column}{BEFORE}").alias(column) for column in not_given)
        return keep_stages(filled, self.name)

    def _write_changes(self, pairs: pl.DataFrame, stored: pl.DataFrame) -> None:
        keys = self.stage.keys
        source_columns = [column for column in self.stage.given if column not in keys]
        columns = [c for c in stored_columns(self.name, source_columns) if c not in keys]
        plain = pairs.select(*keys, *source_columns)
        rows = seal_columns(plain, self.name, self.place.key).select(*keys, *columns)
        before = rows.select(keys).join(stored, on=keys, maintain_order="left").select(columns)
        images = pl.DataFrame(
            {"before": runs.write_image(before), "after": runs.write_image(rows.select(columns))}
        )
        self.stage.update(rows)
        register, connection = self.place.register, self.place.connection
        runs.keep_rows(register, connection, self.run, rows.select(keys), images)

    def _owner_columns(self) -> list[str]:
        owner = "id" if self.name == "customer" else "customer_id"
        columns = {column.name for column in plain_columns(self.name)}
        return [owner] if owner in columns and owner not in self.stage.keys else []

    def _note_customers(self, taken: pl.DataFrame) -> None:
        owner = "id" if self.name == "customer" else "customer_id"
        if owner in taken.columns:
            self.outcome.add_customers(taken[owner])

    def _note_speaking(self, rows: pl.DataFrame) -> None:
        if self.name in SPEAKING:
            acts = rows.drop_nulls(SPEAKING[self.name])
            self.speaking = self.speaking.append(acts["customer_id"]).unique()
