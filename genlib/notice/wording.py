"""What a notice cannot say to customers yet: a column of no category, a use without its ground, an
English word without Finnish and Swedish ones.

Such a notice still rules what may be published; a text for customers is not made from it. Example:
a new column `customer.shoe_size` gives `categories: customer.shoe_size is in none; name it or its
table in one, so that customers are told of it (N5)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from genlib.errors import NoticeError
from genlib.notice.codes import LANGUAGES
from genlib.notice.lines import in_one_line

if TYPE_CHECKING:
    from genlib.notice.terms import Notice
    from genlib.notice.values import Retention

UNTOLD = {"key", "derived"}
"""Classes of columns that tell nothing of a person by themselves."""
SECTIONS = (
    "subjects",
    "grounds",
    "purposes",
    "sources",
    "categories",
    "recipients",
    "consents",
    "prohibitions",
    "protection",
    "rights",
    "gaps",
)
"""Those whose entries have words in three languages."""


def find_wording_faults(notice: Notice) -> Iterator[str]:
    """What keeps the notice from being told to customers, a line each."""
    yield from _find_category_faults(notice)
    for code, use in notice.purposes.items():
        if not use.grounds:
            yield f"purposes.{code}: no ground; a use without one may not be told (N4.5)"
    for section in SECTIONS:
        for code, entry in getattr(notice, section).items():
            for language in LANGUAGES:
                if not getattr(entry, language).strip():
                    yield f"{section}.{code}.{language} is empty"
    for where, text in list_english(notice):
        if text not in notice.translations:
            yield f"{where}: no Finnish and Swedish words; add a line to translations"


def check_wording(notice: Notice) -> None:
    """NoticeError, with the first of them, if something cannot be told."""
    for fault in find_wording_faults(notice):
        raise NoticeError(in_one_line(f"notice: {notice.located(fault)}"))


def translate(notice: Notice, text: str, language: str) -> str:
    """An English text of the notice in `language`, by its own translations."""
    if language == "en":
        return text
    words: str = getattr(notice.translations[text], language)
    return words


def list_english(notice: Notice) -> Iterator[tuple[str, str]]:
    """Every text of the notice that is written in English only: where it stands, and the text."""
    yield "register_name", notice.register_name
    yield "contact.role", notice.contact.role
    for code, rule in notice.retention.items():
        yield from _list_retention(f"retention.{code}", rule)
    for level, task in notice.levels.items():
        yield f"levels.{level}", level
        yield f"levels.{level}", task
    for paper in notice.paper:
        for entrant in paper.entrants:
            yield "paper", entrant.who
            yield "paper", entrant.granted_by


def _list_retention(where: str, rule: Retention) -> Iterator[tuple[str, str]]:
    yield f"{where}.after", rule.after
    yield f"{where}.ground", rule.ground
    yield f"{where}.owner", rule.owner


def _find_category_faults(notice: Notice) -> Iterator[str]:
    """Each column is in one category; a category names what there is."""
    named: set[str] = set()
    for code, category in notice.categories.items():
        for name in category.columns:
            if name in named:
                yield f"categories.{code}: {name} is in another category too"
            if not _is_in_catalogue(notice, name):
                yield f"categories.{code}: the catalogue has no {name}"
            named.add(name)
    for table, columns in notice.columns.items():
        for name, column in columns.items():
            full = f"{table}.{name}"
            if column.sensitivity not in UNTOLD and not {table, full} & named:
                yield (
                    f"categories: {full} is in none; name it or its table in one, so that "
                    "customers are told of it (N5)"
                )


def _is_in_catalogue(notice: Notice, name: str) -> bool:
    table, _, column = name.partition(".")
    columns = notice.columns.get(table, {})
    return column in columns if column else table in notice.columns
