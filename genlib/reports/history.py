"""How a page is made again, and what is another than when the report of the period before was made.

Example: the report of October, where September's cited the release of 1 October and all else is the
same, says "Nothing but the period and the release" and names both releases. The first report of its
kind says nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from genlib import notice
from genlib.errors import UsageError
from genlib.period import Period
from genlib.present.words import Words
from genlib.reports.approval import write_place
from genlib.reports.catalogue import UNDATED, Run, Slot, read_run

GIVEN = ("period", "language")
"""Parameters that two reports to compare need not share."""
VERIFY = "genlib report verify RUN"
"""The id of the run itself is none of the page: made again it is to be the same page."""
SENTENCES = {
    "release": "The release is {now}; it was {before}.",
    "notice": "The privacy notice is version {now}; it was {before}.",
    "program": "The program is version {now}; it was {before}.",
    "notebook": "The notebook has been changed.",
}


def write_command(report: str, values: Mapping[str, Any], choice: Mapping[str, Any]) -> str:
    """The command line that makes a page with these values; `choice` are those that are not at
    their default."""
    pairs = {"period": values["period"], **choice} if "period" in values else dict(choice)
    words: list[str] = []
    for name, value in pairs.items():
        words += ["-p", f"{name}={value}"]
    if "language" in values:
        words += ["--language", values["language"]]
    return f"genlib report run {write_place(report)} {shlex.join(words)}".strip()


def find_last(reports: Path, slot: Slot) -> Run | None:
    """The newest good run of the latest earlier period (month, quarter or year, as this one is) of
    the same report, language and choice of parameters; None if there is none."""
    if slot.period == UNDATED:
        return None
    period = Period.parse(slot.period)
    earlier: dict[tuple[Any, str], Run] = {}
    pattern = Path("*", slot.language, slot.slug, "[!.]*", "manifest.json")
    for path in (reports / slot.report).glob(str(pattern)):
        with suppress(OSError, ValueError, KeyError, TypeError, UsageError):
            run = read_run(path)
            other = Period.parse(run.slot.period)
            if run.status == "good" and _is_before(other, period):
                earlier[other.start, run.id] = run
    return earlier[max(earlier)] if earlier else None


def _is_before(other: Period, period: Period) -> bool:
    return other.unit == period.unit and other.start < period.start


def compare_runs(last: Run | None, now: Mapping[str, Any]) -> dict[str, Any]:
    """What is another than in the last run, for the manifest: its period, its id, and `changes` by
    what they are of, each as it was and is. Nothing if there is no last run."""
    if last is None:
        return {}
    before = last.manifest
    facts = {"release": _name_release, "notice": _name_notice, "program": _name_program}
    changes = {name: [tell(before), tell(now)] for name, tell in facts.items()}
    changes["notebook"] = [before.get("notebook_digest", ""), now.get("notebook_digest", "")]
    changes |= _pair_parameters(before.get("parameters", {}), now["parameters"])
    differing = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    return {"run": last.id, "period": last.slot.period, "changes": differing}


def _name_release(manifest: Mapping[str, Any]) -> list[str]:
    """Its id and its day."""
    cited = manifest.get("release", {})
    return [cited.get("id", ""), cited.get("published_on", "")]


def _name_notice(manifest: Mapping[str, Any]) -> str:
    cited = manifest.get("notice", {})
    return notice.reference(cited["version"], cited["digest"]) if cited else ""


def _name_program(manifest: Mapping[str, Any]) -> str:
    version: str = manifest.get("genlib_version", "")
    return version


def _pair_parameters(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Each parameter as it was and is; null where the notebook did not have it."""
    names = sorted({*before, *now} - {*GIVEN})
    return {f"parameter {name}": [before.get(name), now.get(name)] for name in names}


def list_commands(
    words: Words, about: Mapping[str, Any], *, is_draft: bool = False
) -> dict[str, str]:
    """The commands that make the page again, by what they do."""
    commands = {words.translate("Anew, from the newest release"): about["command"]}
    if not is_draft:
        name = words.translate(
            "Compared, from the release named above; RUN is the name of this page's folder"
        )
        commands[name] = VERIFY
    return commands


def describe_history(
    words: Words, about: Mapping[str, Any], history: Mapping[str, Any]
) -> dict[str, str]:
    """Until when the page is kept and what changed since the last, as entries of its conditions."""
    entries = {words.translate("Kept until"): words.date(about["kept_until"])}
    if history:
        when = words.period(history["period"])
        name = words.translate("Changed since the report of {period}", period=when)
        entries[name] = " ".join(_describe_changes(words, history["changes"]))
    return entries


def _describe_changes(words: Words, changes: Mapping[str, Any]) -> Iterator[str]:
    if not changes:
        yield words.translate("Nothing but the period.")
    if list(changes) == ["release"]:
        yield words.translate("Nothing but the period and the release.")
    for name, (before, now) in changes.items():
        if name in SENTENCES:
            pair = {"before": _say(words, before), "now": _say(words, now)}
            yield words.translate(SENTENCES[name], **pair)
        else:
            yield _describe_parameter(words, name.partition(" ")[2], before, now)


def _describe_parameter(words: Words, name: str, before: Any, now: Any) -> str:
    none = words.translate("not there")
    values = {
        "name": words.label("parameter", name),
        "before": none if before is None else words.label(name, before),
        "now": none if now is None else words.label(name, now),
    }
    return words.translate("The parameter “{name}” is {now}; it was {before}.", **values)


def _say(words: Words, fact: str | list[str]) -> str:
    """A version, or the id of a release with its day."""
    if isinstance(fact, str):
        return fact or words.translate("not there")
    name, day = fact
    return f"{name} ({words.date(day)})" if day else name or words.translate("not there")
