"""From the rows of a feed to the register's own: keys become numbers, and what names another row
becomes the number of that row.

Example: an invoice `F-77` of customer `C-10` becomes invoice 1853 of customer 17. Whoever a row
means but does not name exactly is found in `found`; such a row is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import polars as pl
from polars import col

from genlib.register.batches import CANDIDATES, CODES, QUESTIONS, Batch, Place
from genlib.register.contradictions import FAULTS
from genlib.register.feeds.declaration import Feed, Reference, TableFeed, find_parents
from genlib.register.feeds.formats import read_code
from genlib.register.feeds.joining import find_joining
from genlib.register.feeds.translate import KEY, TARGET
from genlib.register.found import LISTED, find_people, suppress_unknown
from genlib.register.runs import RunKey
from genlib.register.schema import table
from genlib.register.source_keys import find_numbers, give_numbers, join_numbers
from genlib.register.spelling import UNREADABLE
from genlib.register.tombstones import find_contacts

WILLS = ("permission", "campaign_contact")
"""Tables whose rows may say that somebody is not to be contacted."""
FOUND = "found number"
WHOLE = r"^[0-9]+(?:\.0)?$"
SPREAD = 4096
"""More than a wide survey has questions: each answer of row 7 has a number from 7 × 4096 on."""


@dataclass
class Resolver:
    """The translated rows of one batch on their way; `codes`, `faults` and `candidates` as in
    `Batch`."""

    place: Place
    run: RunKey
    feed: Feed
    table: TableFeed
    rows: pl.DataFrame
    codes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CODES))

    def __post_init__(self) -> None:
        self.faults = pl.DataFrame(schema=FAULTS)
        self.candidates = pl.DataFrame(schema=CANDIDATES)
        self.joined = 0
        self.joined_numbers = pl.Series(dtype=pl.Int64)

    def resolve(self) -> Iterator[Batch]:
        """The rows in the register's own columns, as text; those of customers whom another source
        sent are a batch of their own."""
        if self.table.answers:
            self._number_answers()
        for column, reference in self.table.references.items():
            self._resolve_reference(column, reference)
        if self.table.answers:
            self._resolve_answers()
        elif "id" in self._columns:
            self._resolve_number()
        faults = self.faults.unique(["row", "column"], keep="first", maintain_order=True)
        columns = [column for column in self.rows.columns if column in self._columns]
        batch = Batch(
            self.rows.select("row", *columns),
            faults,
            self.candidates,
            joined=self.joined,
            codes=self.codes,
            questions=self._list_questions(),
        )
        yield from self._part_joined(batch) if self.table.table == "customer" else [batch]

    def _part_joined(self, batch: Batch) -> Iterator[Batch]:
        """The batch in two: of its joined customers the feed tells only what it is master of."""
        if self.joined_numbers.is_empty():
            yield batch
            return
        number = col("id").cast(pl.Int64, strict=False)
        is_joined = number.is_in(self.joined_numbers.implode()).fill_null(value=False)
        others = batch.rows.filter(is_joined)
        yield _take_part(batch, batch.rows.filter(~is_joined))
        part = _take_part(batch, others)
        no_codes = self.codes.clear()
        yield replace(part, given=("id", *self.table.master), joined=0, codes=no_codes)

    def _list_questions(self) -> pl.DataFrame:
        """row, question of wide answers."""
        if not self.table.answers:
            return pl.DataFrame(schema=QUESTIONS)
        return self.rows.select("row", "question")

    @cached_property
    def _columns(self) -> set[str]:
        """The names of the register's columns."""
        return set(table(self.table.table).columns.keys())

    def _refuse(self, rows: pl.DataFrame, column: str, rule: str) -> None:
        faults = rows.select("row", column=pl.lit(column), rule=pl.lit(rule))
        self.faults = pl.concat([self.faults, faults.cast(FAULTS)])

    def _put(self, column: str, numbers: pl.DataFrame, on: str) -> None:
        """Put numbers (`on`, id, perhaps more) into a column, as text."""
        named, number = numbers.columns[:2]
        texts = numbers.select(named, col(number).cast(pl.String).alias(FOUND))
        joined = self.rows.join(
            texts, left_on=on, right_on=named, how="left", maintain_order="left"
        )
        self.rows = self.rows.with_columns(joined[FOUND].alias(column))

    def _resolve_reference(self, column: str, reference: Reference) -> None:
        target = f"{TARGET}{column}"
        if reference.by == "key":
            self._put(column, self._find_by_key(column, reference), target)
        elif reference.by == "code":
            parent = _parent(self.table.table, column)
            codes = pl.concat(self.place.register.scan(parent, ["code", "id"]))
            self._put(column, codes, target)
        else:
            self._find_person(column, reference.by)
            return
        lost = self.rows.filter(col(target).is_not_null(), col(column).is_null())
        self._refuse(lost, column, f"unknown_{_parent(self.table.table, column)}")

    def _find_by_key(self, column: str, reference: Reference) -> pl.DataFrame:
        """Numbers of the rows that keys name. A customer gets one before he comes, so that who is
        not there yet can be held back."""
        source = reference.source or self.feed.source
        parent = _parent(self.table.table, column)
        keys = self.rows[f"{TARGET}{column}"]
        if parent == "customer":
            return give_numbers(self.place, self.run.run, source, parent, keys)
        return find_numbers(self.place, source, parent, keys)

    def _find_person(self, column: str, by: str) -> None:
        named = self.rows.select("row", text=f"{TARGET}{column}")
        pairs, faults = find_people(self.place, by, named)
        if by == "token":
            faults = self._name_erased(named, faults)
        several = faults.filter(rule="several_found")
        self.candidates = pairs.join(several, on="row", how="semi")
        single = pairs.join(faults, on="row", how="anti").rename({"customer_id": "id"})
        self._put(column, single, "row")
        unknown = faults.filter(rule="nobody_found")
        if by in LISTED and self.table.table in WILLS and unknown.height:
            rows = self._without_targets().join(unknown, on="row", how="semi")
            lost = suppress_unknown(self.place, self.run, by, rows, named)
            is_lost = col("row").is_in(lost["row"].implode())
            rule = pl.when(is_lost).then(pl.lit("unreadable_person")).otherwise("rule")
            faults = faults.with_columns(rule=rule)
        self.faults = pl.concat([self.faults, faults])

    def _name_erased(self, named: pl.DataFrame, faults: pl.DataFrame) -> pl.DataFrame:
        """The faults, but of contacts of erased people the one that they are erased."""
        unknown = named.join(faults, on="row", how="semi")
        erased = find_contacts(self.place.register, self.place.key, unknown)
        others = faults.join(erased, on="row", how="anti", maintain_order="left")
        return pl.concat([others, erased])

    def _without_targets(self) -> pl.DataFrame:
        rows = self.rows.select(pl.exclude(f"^{TARGET}.*$"))
        return rows if "id" in rows.columns else rows.with_columns(id=pl.lit("0"))

    def _resolve_number(self) -> None:
        """The row's own number: by its key, or of a row that is there the number itself."""
        name = self.table.table
        if "id" in self.table.columns:
            asked = self.rows.select(id=col("id").cast(pl.Int64, strict=False))
            there = self.place.register.known(name, asked.drop_nulls().unique())
            is_there = asked["id"].is_in(there["id"].implode()).fill_null(value=False)
            self._refuse(self.rows.filter(~is_there), "id", f"unknown_{name}")
            return
        self._refuse(self.rows.filter(col(KEY).is_null()), "id", "no_key")
        if self.table.match:
            self._join_people()
        numbers = give_numbers(self.place, self.run.run, self.feed.source, name, self.rows[KEY])
        self.joined_numbers = numbers.filter("joined")["id"]
        self._put("id", numbers, KEY)

    def _join_people(self) -> None:
        """Keys of customers who are there become theirs; whose row may mean several waits."""
        joining = find_joining(self.place, self.feed.source, self.rows, self.table.match)
        if joining.joined.height:
            join_numbers(self.place, self.run.run, self.feed.source, joining.joined)
        self.joined = joining.joined.height
        self.candidates = joining.candidates
        waiting = self.rows.join(joining.candidates, on="row", how="semi", maintain_order="left")
        self._refuse(waiting, "id", "several_found")

    def _number_answers(self) -> None:
        """A number of its own for each answer, from which the row of the file follows."""
        within = pl.int_range(pl.len()).over("row")
        self.rows = self.rows.with_columns(row=col("row") * SPREAD + within)

    def _resolve_answers(self) -> None:
        """Question and score, or comment, of each answer: the question of this code in the survey
        of the invitation."""
        asked = self.rows.join(
            self._read_questions(),
            on=["invitation_id", "question"],
            how="left",
            maintain_order="left",
        )
        answer = col("answer")
        labels = self.table.values.get("score", {})
        labelled = pl.when(answer.is_in(list(labels))).then(read_code(answer, labels))
        is_text = col("scale") == "text"
        is_label = ~is_text & ~answer.is_in(list(labels)) & ~answer.str.contains(WHOLE)
        score = labelled.when(is_label).then(pl.lit(UNREADABLE)).otherwise(answer)
        self.rows = asked.select(
            *self.rows.columns,
            "question_id",
            score=pl.when(~is_text).then(score),
            comment=pl.when(is_text).then(answer),
        )
        strange = asked.filter(is_label).select("row", column=pl.lit("score"), code=answer)
        self.codes = pl.concat([self.codes, strange])
        is_unknown = col("invitation_id").is_not_null() & col("question_id").is_null()
        self._refuse(self.rows.filter(is_unknown), "question_id", "unknown_survey_question")

    def _read_questions(self) -> pl.DataFrame:
        """invitation_id, question (its code), question_id, scale: what each invitation asked."""
        register = self.place.register
        number = col("invitation_id").cast(pl.Int64, strict=False)
        wanted = self.rows.select(id=number).drop_nulls().unique()
        invitations = register.matching("survey_invitation", wanted)
        columns = ["id", "survey_id", "code", "scale"]
        questions = pl.concat(register.scan("survey_question", columns))
        return invitations.join(questions, on="survey_id", suffix=" question").select(
            invitation_id=col("id").cast(pl.String),
            question="code",
            question_id=col("id question").cast(pl.String),
            scale="scale",
        )


def _take_part(batch: Batch, rows: pl.DataFrame) -> Batch:
    """Some of the rows of a batch, with what belongs to them."""
    faults = batch.faults.join(rows, on="row", how="semi", maintain_order="left")
    candidates = batch.candidates.join(rows, on="row", how="semi", maintain_order="left")
    return replace(batch, rows=rows, faults=faults, candidates=candidates)


def _parent(name: str, column: str) -> str:
    """The table whose row a column names."""
    return find_parents(name).get(column, "customer")
