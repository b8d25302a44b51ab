"""From a source's rows to the register's: columns renamed, texts in the register's own form.

Of a customer list with `Asiakasnro` "C-10", `Sukunimi` "Kuuralehto" and `Liittynyt` "1.10.2026"
come `key` "C-10", `family_name` "Kuuralehto" and `joined_on` "2026-10-01". What is not written as
the feed says becomes a mark that the rules of the register refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from genlib.register.batches import CODES, Payments
from genlib.register.bulk import UTC_INSTANT
from genlib.register.feeds.declaration import Reference, TableFeed
from genlib.register.feeds.formats import (
    Format,
    read_cents,
    read_code,
    read_day,
    read_instant,
    read_truth,
)
from genlib.register.feeds.typed_cells import (
    read_typed_cents,
    read_typed_day,
    read_typed_instant,
    read_typed_truth,
)
from genlib.register.identifiers import checked
from genlib.register.spelling import UNREADABLE
from genlib.register.store import plain_schema

KEY, TARGET = "key", "target_"
FOLDED = "\x1f"
"""Stands before the name of a column of keys whose addresses are folded."""
COMPARED = r"^[a-z0-9._+-]+@[a-z0-9.]+$"
"""Addresses that are written so already, as most are: they need not be looked at one by one."""
BETWEEN = "\x1f"
"""Stands between the parts of a key of several columns: no text of a source holds it."""
Reader = Callable[[pl.Expr, Format], pl.Expr]
READERS: Mapping[Any, tuple[Reader, Reader]] = {
    pl.Date: (read_day, read_typed_day),
    UTC_INSTANT: (read_instant, read_typed_instant),
    pl.Boolean: (read_truth, read_typed_truth),
}
"""Type of a column → how its texts are read, and its typed cells."""
CENTS = (read_cents, read_typed_cents)


def translate(raw: pl.DataFrame, feed: TableFeed, *, is_typed: bool = False) -> pl.DataFrame:
    """`row`, `key` (null where a part of it is missing), the register's columns that the feed
    gives, and for each reference `target_<column>`: what the source names the other row by.
    `is_typed`: cells may be dates, numbers and truths in their file, and not texts."""
    cells = _read_cells(raw, feed)
    named = cells.with_columns(_fold_keys(cells, feed))
    keyed = named.with_columns(_key(feed).alias(KEY))
    if feed.answers:
        keyed = _lay_answers_long(keyed, feed)
    rows = keyed.select("row", *_columns(feed, is_typed=is_typed))
    if not feed.open_amount:
        return rows
    return _leave_part_payments(rows, _read_open(keyed, feed, is_typed=is_typed))


def count_payments(raw: pl.DataFrame, feed: TableFeed, *, is_typed: bool) -> Payments:
    """How many invoices of a list with open amounts are partly paid, or closed without a day."""
    if not feed.open_amount:
        return Payments()
    cells = _read_cells(raw, feed)
    day, amount = pl.col(feed.columns["paid_on"]), pl.col(feed.columns["amount_cents"])
    is_debt = ~_read_by(CENTS, amount, feed.form, is_typed=is_typed).str.contains("^(?:-|0$)")
    open_cents = _read_open(cells, feed, is_typed=is_typed)
    is_closed = open_cents == "0"
    partly = cells.filter(day.is_not_null(), ~is_closed & (open_cents != UNREADABLE))
    undated = cells.filter(day.is_null(), is_closed, is_debt)
    return Payments(partly.height, undated.height)


def _read_cells(raw: pl.DataFrame, feed: TableFeed) -> pl.DataFrame:
    """The rows that the feed means, with null for what it calls empty."""
    meant = raw.filter(_is_filled(feed.where)) if feed.where else raw
    return meant.with_columns(_blank(pl.exclude("row"), feed.form).name.keep())


def read_changed(text: pl.Expr, form: Format, *, is_typed: bool) -> pl.Expr:
    """The instants of a column that says when its row was changed."""
    return _read_by(READERS[UTC_INSTANT], text, form, is_typed=is_typed)


def find_unknown_codes(raw: pl.DataFrame, feed: TableFeed) -> pl.DataFrame:
    """row, column, code: what the source writes in columns of codes and the feed does not
    translate."""
    meant = raw.filter(_is_filled(feed.where)) if feed.where else raw
    coded = [name for name in feed.values if name in feed.columns]
    cells = [
        meant.select("row", column=pl.lit(name), code=_blank(pl.col(feed.columns[name]), feed.form))
        for name in coded
    ]
    unknown = [
        cell.filter(~pl.col("code").is_in(list(feed.values[name])))
        for name, cell in zip(coded, cells, strict=True)
    ]
    return pl.concat([pl.DataFrame(schema=CODES), *unknown])


def _columns(feed: TableFeed, *, is_typed: bool) -> list[pl.Expr]:
    schema = plain_schema(feed.table)
    values = [
        _read(pl.col(source), name, schema[name], feed, is_typed=is_typed).alias(name)
        for name, source in feed.columns.items()
    ]
    constants = [pl.lit(text).alias(name) for name, text in feed.constants.items()]
    targets = [
        pl.col(_name_target(reference)).alias(f"{TARGET}{name}")
        for name, reference in feed.references.items()
    ]
    answers = [pl.col("question"), pl.col("answer")] if feed.answers else []
    return [pl.col(KEY), *values, *constants, *targets, *answers]


def _read_open(cells: pl.DataFrame, feed: TableFeed, *, is_typed: bool) -> pl.Series:
    """What is open of each invoice, in cents."""
    text = pl.col(feed.open_amount)
    return cells.select(_read_by(CENTS, text, feed.form, is_typed=is_typed)).to_series()


def _leave_part_payments(rows: pl.DataFrame, open_cents: pl.Series) -> pl.DataFrame:
    """The invoices without the day of a part payment. A day beside an open amount that nobody can
    read is unreadable too."""
    is_unreadable = pl.lit(open_cents == UNREADABLE)
    is_open = pl.lit(open_cents != "0")
    day = pl.when(is_unreadable).then(pl.lit(UNREADABLE)).when(~is_open).then("paid_on")
    says_nothing = pl.lit(open_cents.is_null())
    return rows.with_columns(paid_on=pl.when(says_nothing).then("paid_on").otherwise(day))


def _read(text: pl.Expr, name: str, kind: Any, feed: TableFeed, *, is_typed: bool) -> pl.Expr:
    """A cell in the register's own form."""
    if name in feed.values:
        return read_code(text, feed.values[name])
    readers = CENTS if name.endswith("_cents") else READERS.get(kind)
    return text if readers is None else _read_by(readers, text, feed.form, is_typed=is_typed)


def _read_by(
    readers: tuple[Reader, Reader], text: pl.Expr, form: Format, *, is_typed: bool
) -> pl.Expr:
    read_text, read_typed = readers
    if not is_typed:
        return read_text(text, form)
    return pl.coalesce(read_typed(text, form), read_text(text, form))


def _fold_keys(cells: pl.DataFrame, feed: TableFeed) -> list[pl.Series]:
    """The columns of keys, of this table's rows and of others', with their addresses folded."""
    pointing = [one.column for one in feed.references.values() if one.by == "key"]
    columns = dict.fromkeys([*feed.key, *pointing])
    return [fold_address(cells[column]).alias(f"{FOLDED}{column}") for column in columns]


def fold_address(keys: pl.Series) -> pl.Series:
    """Keys of which e-mail addresses are written as the register compares them: who is `AINO@` in
    one file and `aino@` in the next is one. Other keys are left as they are."""
    may_differ = keys.str.contains("@", literal=True) & ~keys.str.contains(COMPARED)
    addresses = keys.zip_with(may_differ.fill_null(value=False), keys.clear(len(keys)))
    return checked(addresses, "email")["value"].fill_null(keys)


def _name_target(reference: Reference) -> str:
    """The column of what names another row."""
    return f"{FOLDED}{reference.column}" if reference.by == "key" else reference.column


def _key(feed: TableFeed) -> pl.Expr:
    parts = [pl.col(f"{FOLDED}{column}") for column in feed.key]
    whole = pl.concat_str(parts, separator=BETWEEN)
    return pl.when(pl.all_horizontal(part.is_not_null() for part in parts)).then(whole)


def _blank(text: pl.Expr, form: Format) -> pl.Expr:
    """Without what typing leaves around it; nothing, and what the source writes for it, is null."""
    bare = text.str.normalize("NFC").str.strip_chars()
    is_filled = (bare != "") & ~bare.is_in(list(form.blank))  # one condition a column, not of all
    return pl.when(is_filled).then(bare)


def _is_filled(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().fill_null("") != ""


def _lay_answers_long(cells: pl.DataFrame, feed: TableFeed) -> pl.DataFrame:
    """One row an answer: `question` (its code) and `answer`; what was not answered is no row."""
    codes = {column: question for question, column in feed.answers.items()}
    beside = [column for column in cells.columns if column not in codes]
    long = cells.unpivot(list(codes), index=beside, variable_name="question", value_name="answer")
    answered = long.filter(pl.col("answer").is_not_null())
    question = pl.col("question").replace_strict(codes)
    key = pl.concat_str(KEY, question, separator=BETWEEN)
    return answered.with_columns(question, key.alias(KEY)).sort("row", "question")
