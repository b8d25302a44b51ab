"""Messages of one person come to much the same end, so ten of them tell less than ten people.

The design effect says how many messages tell as much as one that stands alone; a rate's interval
is Wilson's for the messages divided by it (Kish 1965, Survey Sampling, 5.4).

Example: 40 people got two messages each, and whoever answers one answers both. 20 of the 80 were
answered; the effect is 2, and the interval is that of 10 of 40.
"""

from __future__ import annotations

import narwhals as nw
import polars as pl

from genlib.metrics.rows import Rows, collect

PRIOR = 2
"""So many answers more, of people who answer all or nothing: a few answers cannot show how alike
the messages of a person are. Coverage was measured with it."""
STEP = 10
"""Effects are told in tenths, rounded up, so that none tells of a single person."""


def design_effects(contacts: Rows, by: str, part: nw.Expr) -> pl.DataFrame:
    """One row a value of `by`, and one (null) of all contacts: `persons`, and the `effect`, at
    least 1, of the rate of contacts for which `part` is so.

    The example above:

    >>> from genlib.metrics.rows import lazy
    >>> contacts = pl.DataFrame({"customer": [*range(40), *range(40)], "channel": "email"})
    >>> has_answered = nw.col("customer") < 10
    >>> design_effects(lazy(contacts), "channel", has_answered).rows()
    [('email', 40, 2.0), (None, 40, 2.0)]
    """
    return _list_effects(_count_by_person(contacts, by, part), by)


def effects_among(contacts: Rows, by: str, part: nw.Expr) -> pl.DataFrame:
    """`design_effects`, and beside them `other_persons` and `other_effect`: those of the contacts
    of all other values together, of contacts that are read once.

    Who has contacts of the value counts with those that are left without them; everybody else with
    all of them. Example: of e-mail 3, sms 1 to one person, and e-mail 2 to another, the others of
    e-mail are one person with 1, the others of sms two with 3 and 2.

    >>> from genlib.metrics.rows import lazy
    >>> contacts = pl.DataFrame(
    ...     {
    ...         "customer": [1, 1, 1, 1, 2, 2],
    ...         "channel": ["email", "email", "email", "sms", "email", "email"],
    ...     }
    ... )
    >>> effects = effects_among(lazy(contacts), "channel", nw.col("customer") == 1)
    >>> effects.select("channel", "persons", "other_persons").rows()
    [('email', 2, 1), ('sms', 1, 2), (None, 2, None)]
    """
    people = _count_by_person(contacts, by, part)
    others = _list_effects_of_others(people, by)
    effects = _list_effects(people, by)
    return effects.join(others, on=by, how="left", nulls_equal=True, maintain_order="left")


def _count_by_person(contacts: Rows, by: str, part: nw.Expr) -> pl.DataFrame:
    """How many messages each person had of each value, and how many parts of them."""
    marked = contacts.select("customer", by, parts=part.cast(nw.Int64))
    messages = nw.len().cast(nw.Int64).alias("messages")
    return collect(marked.group_by("customer", by).agg(messages, nw.col("parts").sum()))


def _sum_values(people: pl.DataFrame) -> pl.DataFrame:
    """How many messages each person had of all values, and how many parts of them."""
    by_person = people.lazy().group_by("customer")
    return by_person.agg(pl.col("messages", "parts").sum()).collect(engine="streaming")


def _count_alike(people: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """How many people (`persons`) had so many messages, and so many parts of them.

    >>> people = pl.DataFrame({"messages": [2, 2, 2], "parts": [0, 0, 0]})
    >>> _count_alike(people).rows()
    [(2, 0, 3)]
    """
    persons = pl.len().cast(pl.Int64).alias("persons")
    return people.group_by(*keys, "messages", "parts").agg(persons)


def _list_effects(people: pl.DataFrame, by: str) -> pl.DataFrame:
    """The effect of each value, and that of all."""
    groups = _count_alike(people, by)
    everybody = _count_alike(_sum_values(people))
    return _work_out_effects(pl.concat([groups, everybody], how="diagonal"), by)


def _list_effects_of_others(people: pl.DataFrame, by: str) -> pl.DataFrame:
    """The effect of all other values together, of each value: everybody with all of his messages,
    less those who have some of the value, and these again with what is left to them."""
    whole = _sum_values(people)
    names = {"messages": "all_messages", "parts": "all_parts"}
    pairs = people.join(whole.rename(names), on="customer")
    with_all = pairs.select(by, messages="all_messages", parts="all_parts")
    without = pairs.select(
        by,
        messages=pl.col("all_messages") - pl.col("messages"),
        parts=pl.col("all_parts") - pl.col("parts"),
    )
    having = _count_alike(with_all, by)
    everybody = having.select(by).unique().join(_count_alike(whole), how="cross")
    fewer = having.with_columns(-pl.col("persons"))
    left = _count_alike(without.filter(pl.col("messages") > 0), by)
    kinds = pl.concat([everybody, fewer, left], how="diagonal")
    effects = _work_out_effects(kinds, by).filter(pl.col("persons") > 0)
    return effects.rename({"persons": "other_persons", "effect": "other_effect"})


def _work_out_effects(kinds: pl.DataFrame, by: str) -> pl.DataFrame:
    """The effect of each value, from how many people are of which kind: how much more people differ
    in their parts than they would by chance."""
    rate = pl.col("parts").dot("persons") / pl.col("messages").dot("persons")
    gaps = kinds.with_columns(gap=pl.col("parts") - rate.over(by) * pl.col("messages"))
    sums = gaps.group_by(by).agg(
        pl.col("persons").sum(),
        messages=pl.col("messages").dot("persons").cast(pl.Float64),
        parts=pl.col("parts").dot("persons").cast(pl.Float64),
        spread=(pl.col("gap") ** 2).dot("persons"),
        squares=(pl.col("messages") ** 2).dot("persons"),
    )
    others = pl.col("messages") - pl.col("parts")
    chance = pl.col("parts") * others / pl.col("messages")
    spread_of_parts = pl.when(chance > 0).then(pl.col("spread") / chance).otherwise(0)
    seen = pl.min_horizontal("parts", others)
    alike = pl.col("squares") / pl.col("messages")
    effect = (spread_of_parts * seen + alike * PRIOR) / (seen + PRIOR)
    rounded = (effect * STEP - 1e-6).ceil() / STEP
    return sums.select(by, "persons", effect=rounded.clip(1)).sort(by, nulls_last=True)
