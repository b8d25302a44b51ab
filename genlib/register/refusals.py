"""The refused rows of one table of a refresh: told by row, column and rule, and whom they hold
back from contact lists."""

from __future__ import annotations

from typing import BinaryIO

import polars as pl
from polars import col

from genlib.register import expiry, holds, runs
from genlib.register.batches import FOUND_OTHERWISE, Batch, Place, Source
from genlib.register.outcome import Outcome
from genlib.register.spelling import UNREADABLE
from genlib.register.tombstones import RULE, read_ids

CODE_RULES = ("unknown_code", "unknown_country")


class Refusals:
    """Where the faults of a table go: to the `file` of the refused, to its `outcome`, and to who is
    held back. `ids`: numbers of the rows that came and were refused."""

    def __init__(
        self, place: Place, source: Source, run: runs.RunKey, file: BinaryIO, outcome: Outcome
    ) -> None:
        self.place = place
        self.spread = source.spread
        self.name = source.table
        self.run = run
        self.file = file
        self.outcome = outcome
        self.watch = holds.Watch.of(place.connection, self.name, run.at)
        self.ids = pl.Series(dtype=pl.Int64)

    def tell(self, batch: Batch, faults: pl.DataFrame) -> None:
        """Write faults by the rows of the file; of wide answers also of which question."""
        listed = faults.filter(col("rule") != expiry.RULE)
        asked = listed.join(batch.questions, on="row", how="left", maintain_order="left")
        of_question = pl.format("{} of {}", "column", "question")
        rows = asked.select(col("row") // self.spread, pl.coalesce(of_question, "column"), "rule")
        rows.sort("row", maintain_order=True).write_csv(self.file, include_header=False)
        self.outcome.rules.update(faults["rule"].to_list())

    def tell_codes(self, batch: Batch, faults: pl.DataFrame) -> None:
        """Count the codes that nobody translates: of the feed, and of the register's own."""
        cells = faults.filter(col("rule").is_in(CODE_RULES)).select("row", "column")
        texts = [
            batch.rows.join(cells.filter(column=column), on="row").select(
                "row", "column", code=column
            )
            for column in cells["column"].unique(maintain_order=True)
        ]
        unknown = pl.concat([batch.codes, *texts]).filter(col("code") != UNREADABLE)
        self.outcome.codes.add(unknown.with_columns(col("row") // self.spread))

    def note_ids(self, batch: Batch, faults: pl.DataFrame) -> None:
        """Keep the numbers of the rows that these faults refuse: they are not missing."""
        refused = batch.rows.join(faults, on="row", how="semi")
        self.ids = self.ids.append(read_ids(refused)["id"])

    def hold_back(self, batch: Batch, clear: list[pl.DataFrame], faults: pl.DataFrame) -> None:
        """Whom the refused rows hold back: whom they name, the owner before, and whom they may
        mean. clear: rows that were taken, or refused for their age alone."""
        if not self.watch:
            return
        # an older row holds back as a changed one does: only if it speaks of more than harmless
        speaking = faults.filter(~col("rule").is_in([expiry.RULE, RULE]))
        causes = speaking.with_columns(col("rule").replace("older", "changed"))
        is_found_otherwise = col("rule").is_in(FOUND_OTHERWISE)
        others = causes.filter(is_found_otherwise)
        unnamed = causes.join(others, on="row", how="anti", maintain_order="left")
        refused = holds.find_refused(batch.rows, unnamed, self.name)
        numbers = batch.rows.select("row", refused_id=col("id").cast(pl.Int64, strict=False))
        meant = causes.unique("row", keep="first", maintain_order=True)
        candidates = meant.join(batch.candidates, on="row").join(numbers, on="row")
        every = pl.concat([refused, candidates.select(refused.columns), self._find_owners(refused)])
        holds_of_batch = every.unique(maintain_order=True)
        identified = None
        if self.name == "customer":
            identified = holds.digest_refused(batch.rows, holds_of_batch, self.place.key)
        numbers_of_clear = pl.concat([rows["id"] for rows in clear])
        self.watch.note(numbers_of_clear, holds_of_batch, identified)

    def close(self) -> None:
        """The whole file is in: holds that it mended end."""
        if not self.watch:
            return
        if self.watch.close():
            runs.keep_end_of_holds(self.place.register, self.place.connection, self.run)
        self.outcome.held_back = len(self.watch.people)

    def _find_owners(self, refused: pl.DataFrame) -> pl.DataFrame:
        """The holds again, of the customers that the refused rows have in the register: a row that
        changed its customer holds back both."""
        if self.name == "customer" or refused.is_empty():
            return refused.clear()
        numbers = refused.select(id="refused_id").drop_nulls().unique()
        owners = self.place.register.matching(self.name, numbers).select("id", owner="customer_id")
        pairs = refused.join(owners, left_on="refused_id", right_on="id")
        moved = pairs.filter(col("owner").ne_missing(col("customer_id")))
        return moved.with_columns(customer_id="owner").select(refused.columns)
