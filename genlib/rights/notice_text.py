"""The notice in words: for customers in their language, and for the authority as the record of
processing activities (GDPR 30), both from the values of the notice alone.

A changed notice is a changed text. Example: with `years = 4` in `retention.opinion` the Finnish
notice says `palaute ja vastaukset kyselyihin: 4 vuotta vastauksesta`.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from genlib.errors import UsageError
from genlib.notice import LANGUAGES, Notice
from genlib.notice.values import Category, Controller, Paper, Retention, Term
from genlib.notice.wording import check_wording, translate
from genlib.present.theme import font_face, style
from genlib.present.words import Words

YEARS = {
    "en": ("{years} year from {after}", "{years} years from {after}"),
    "fi": ("{years} vuosi {after}", "{years} vuotta {after}"),
    "sv": ("{years} år från {after}", "{years} år från {after}"),
}
"""How long something is kept: one year, and any other number of them."""
LAWS = {"en": "GDPR", "fi": "tietosuoja-asetus", "sv": "dataskyddsförordningen"}


def write_notice(notice: Notice, language: str) -> str:
    """The notice as a customer reads it, in Markdown; NoticeError if something in it has no words
    in every language."""
    return _write("notice", notice, language)


def write_record(notice: Notice, language: str) -> str:
    """The record of processing activities with all that GDPR 30(1)(a)-(g) asks, in Markdown; errors
    as of `write_notice`."""
    return _write("record", notice, language)


def write_gaps(notice: Notice) -> str:
    """What the notice that customers were given lacks: by which law, what may follow, and what to
    write in three languages, as lines of text."""
    parts = []
    for code, gap in notice.gaps.items():
        lines = [f"{code}: {gap.lack}", f"  law          {gap.law}"]
        lines.append(f"  consequence  {gap.consequence}")
        for language in LANGUAGES:
            lines.append(f"  write ({language})   {getattr(gap, language)}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def write_page(text: str, language: str) -> str:
    """A text in Markdown as a page of HTML that says its language and title; HTML within it is
    shown as text."""
    import mistune

    render = mistune.create_markdown(escape=True, plugins=["table"])
    title = html.escape(text.partition("\n")[0].removeprefix("# "))
    body = str(render(text)).replace("<th>", '<th scope="col">')
    body = body.replace("<table>", '<div class="card"><div class="scroll" tabindex="0">\n<table>')
    body = body.replace("</table>", "</table>\n</div></div>")
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n"
        f"<style>{font_face()}{style()}{_read_text('page.css')}</style>\n</head>\n"
        f'<body class="genlib">\n<main>\n{body}</main>\n</body>\n</html>\n'
    )


def _write(kind: str, notice: Notice, language: str) -> str:
    if language not in LANGUAGES:
        raise UsageError(f"language is one of {', '.join(LANGUAGES)}")
    check_wording(notice)
    template = _read_template(f"{kind}.{language}.md.j2")
    text: str = template.render(_Wording(notice, language).collect())
    return text


@cache
def _read_template(name: str) -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown; `write_page` escapes it
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_read_text(name))


def _read_text(name: str) -> str:
    return files("genlib.rights").joinpath(f"texts/{name}").read_text(encoding="utf-8")


class _Wording:
    """The notice's values in the words of one language."""

    def __init__(self, notice: Notice, language: str) -> None:
        self.notice = notice
        self.language = language

    def collect(self) -> dict[str, Any]:
        """All that a template may name."""
        notice = self.notice
        return {
            "notice": notice,
            "permission": notice.permission,
            "reference": notice.reference,
            "name": self.translate(notice.register_name),
            "address": list_address(notice.controller),
            "role": self.translate(notice.contact.role),
            "authority": self.choose(notice.authority),
            "readers": self.choose(notice.reports.recipients),
            "day": self.write_day,
            "uses": [self.describe_use(use) for use in notice.purposes.values()],
            "categories": [self.describe_category(one) for one in notice.categories.values()],
            "papers": [self.describe_paper(one) for one in notice.paper],
            "rules": [self.describe_rule(rule) for rule in notice.retention.values()],
            "levels": [self.describe_level(*level) for level in notice.levels.items()],
            "rights": [self.choose_with_law(right) for right in notice.rights.values()],
            "subjects": self.choose_each(notice.subjects.values()),
            "sources": self.choose_each(notice.sources.values()),
            "recipients": self.choose_each(notice.recipients.values()),
            "protection": self.choose_each(notice.protection.values()),
            "consents": self.choose_each(notice.consents.values()),
            "prohibitions": self.choose_each(notice.prohibitions.values()),
        }

    def choose(self, entry: Any) -> str:
        """The words of an entry in this language."""
        words: str = getattr(entry, self.language)
        return words

    def choose_each(self, entries: Iterable[Any]) -> list[str]:
        return [self.choose(entry) for entry in entries]

    def choose_with_law(self, term: Term) -> str:
        """The words of a term, with its article if it names one."""
        law = term.law.replace("GDPR", LAWS[self.language])
        return f"{self.choose(term)} ({law})" if law else self.choose(term)

    def translate(self, text: str) -> str:
        return translate(self.notice, text, self.language)

    def write_day(self, day: date) -> str:
        return Words(self.language).date(day)

    def describe_use(self, use: Term) -> dict[str, Any]:
        grounds = [self.choose_with_law(self.notice.grounds[code]) for code in use.grounds]
        return {"name": self.choose(use), "grounds": grounds}

    def describe_category(self, category: Category) -> dict[str, Any]:
        """What the data are called, in short before the colon, and how long the columns are kept,
        each rule once."""
        codes: dict[str, None] = {}
        for name in category.columns:
            table, _, column = name.partition(".")
            columns = self.notice.columns[table]
            chosen = [columns[column]] if column else list(columns.values())
            codes.update(dict.fromkeys(one.retention for one in chosen))
        periods = [self.write_period(self.notice.retention[code]) for code in codes]
        name = self.choose(category)
        return {"name": name, "short": name.partition(":")[0], "kept": periods}

    def describe_paper(self, paper: Paper) -> dict[str, Any]:
        entrants = []
        for one in paper.entrants:
            who, granter = self.translate(one.who), self.translate(one.granted_by)
            entrants.append({"who": who, "since": one.since, "granted_by": granter})
        words = {name: self.choose(getattr(paper, name)) for name in ("content", "place", "lock")}
        period = self.write_period(self.notice.retention[paper.retention])
        return {**words, "entrants": entrants, "kept": period}

    def describe_rule(self, rule: Retention) -> dict[str, Any]:
        return {
            "kept": self.write_period(rule),
            "ground": self.translate(rule.ground),
            "owner": self.translate(rule.owner),
            "review": rule.review,
        }

    def describe_level(self, name: str, task: str) -> dict[str, str]:
        return {"name": self.translate(name), "task": self.translate(task)}

    def write_period(self, rule: Retention) -> str:
        """`3 vuotta tapahtumasta`."""
        one, several = YEARS[self.language]
        form = one if rule.years == 1 else several
        return form.format(years=rule.years, after=self.translate(rule.after))


def list_address(controller: Controller) -> list[str]:
    """The controller's name and address, as Finnish post writes it: the post office in capitals,
    and the country if it is another."""
    office = f"{controller.postal_code} {controller.post_office.upper()}"
    lines = [controller.name, controller.street, office]
    return lines if controller.country == "FI" else [*lines, controller.country]
