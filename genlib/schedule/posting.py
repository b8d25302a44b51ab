"""Who is told what: mails as tasks, each handed to the server once, each in the audit trail before.

A report is late when a round begins after its time and finds it not over, whoever makes it just
then: so it does not matter which of two schedulers looks, or who is killed. The round puts that
down as a mail to send before it does anything else, and it is sent once, even if the report came
meanwhile. A scheduler that is killed between the server's yes and its own note sends a mail again,
under the same Message-ID.

How a report ended is told within 14 days, so that whoever is named later does not get all the
past. When one is late: see lateness.py.

Example: due on 2 November at 06:00, late after 12 hours. At 18:10 two schedulers find it running:
one mail says so. It is made at 18:11: another mail brings it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from genlib.errors import GenlibError
from genlib.present.words import Words
from genlib.register import audit
from genlib.register.database import open_register
from genlib.reports import prose
from genlib.reports.approval import digest_notebook, is_approved
from genlib.reports.catalogue import GOOD, Run
from genlib.reports.identifying import mask_pseudonyms
from genlib.reports.index import MESSAGES
from genlib.reports.run import find_run, open_notebook
from genlib.schedule import mail
from genlib.schedule.child import Here
from genlib.schedule.lateness import is_late
from genlib.schedule.outcome import DONE, FAILED, LOOK_AGAIN, Outcome, put_off
from genlib.schedule.plan import Plan, Slot, find_report
from genlib.schedule.store import Store, Task, is_over
from genlib.schedule.work import Work
from genlib.settings import Settings

MADE, LATE = "made", "late"
NEWS = dt.timedelta(days=14)
"""For how long after its end it is told how a report ended."""
PATIENCE = dt.timedelta(days=5)
"""For how long a server that is away is tried, as other mail is (RFC 5321, 4.5.4.1)."""
Row = Mapping[str, Any]
Posting = tuple[Slot, Row, str, tuple[str, ...]]
"""A slot, its row, the kind of news, and to whom."""


def put_down_late(plan: Plan, store: Store, slots: Sequence[Slot], now: dt.datetime) -> None:
    """Keep which of these slots are late by now, as mails to send."""
    if plan.delivery is None:
        return
    rows = store.read()
    late = [slot for slot in slots if is_late(slot, rows[slot.key], now)]
    slots_to_tell = [slot for slot in late if slot.entry.on_failure]
    keys = _name_for_each(slots_to_tell, [_name_late(slot) for slot in slots_to_tell], rows)
    pairs = zip(keys, slots_to_tell, strict=True)
    store.add([Task(key, "mail", slot.entry.name, now) for key, slot in pairs])


def post(  # noqa: PLR0913 - all that a round knows
    plan: Plan,
    settings: Settings,
    store: Store,
    slots: Sequence[Slot],
    clock: Callable[[], dt.datetime],
    *,
    since: dt.datetime,
) -> int:
    """Send the mails that are due about these slots, which were due at the instant `since`; how
    many were sent or failed here."""
    if plan.delivery is None:
        return 0
    now = clock()
    postings = find_late(store, slots) | find_news(store, slots, now)
    _drop_stale(store, postings, since)
    store.add([Task(key, "mail", one[0].entry.name, now) for key, one in postings.items()])
    _take_up(store, postings, now)

    def start(key: str) -> Here:
        reached = tuple(store.read([key])[key]["reached"].split())
        return Here(send_news, key, postings[key], plan, settings, reached)

    return Work(store, start, clock=clock, put_off=put_off_mail).do(list(postings))


def put_off_mail(outcome: Outcome, attempts: int, now: dt.datetime) -> Outcome:
    """As of any task; when all tries are over it has failed, so that a monitor hears of it, and is
    tried again each hour (`not_before`) all the same."""
    final = put_off(outcome, attempts, now)
    is_passing = final.status == FAILED and outcome.may_pass
    return replace(final, not_before=now + LOOK_AGAIN) if is_passing else final


def _take_up(store: Store, keys: Iterable[str], now: dt.datetime) -> None:
    """Let mails that failed, and may go well by now, be tried once more."""
    for row in store.read(list(keys)).values():
        is_fresh = now - row["due_at"] <= PATIENCE
        if row["status"] == FAILED and row["not_before"] and row["not_before"] <= now and is_fresh:
            store.retry(row)


def _drop_stale(store: Store, postings: Mapping[str, Posting], since: dt.datetime) -> None:
    """Strike the mails that wait and that nobody is to be told any more: the report was made anew
    since, or its entry or its readers are not in the schedule. What was put down after `since` may
    be about a slot that was not due then, and is another scheduler's."""
    mails = [row for row in store.read().values() if row["kind"] == "mail"]
    old_mails = [row for row in mails if row["due_at"] <= since]
    store.drop([row["key"] for row in old_mails if row["key"] not in postings])


def find_late(store: Store, slots: Sequence[Slot]) -> dict[str, Posting]:
    """What was put down as late, by the key of its mail."""
    rows = store.read()
    slots_to_tell = [slot for slot in slots if slot.entry.on_failure]
    names = [_name_late(slot) for slot in slots_to_tell]
    keys = _name_for_each(slots_to_tell, names, rows)
    news = [(slot, rows[slot.key], LATE, slot.entry.on_failure) for slot in slots_to_tell]
    triples = zip(names, keys, news, strict=True)
    return _tell_each_once([one for one in triples if one[1] in rows])


def find_news(store: Store, slots: Sequence[Slot], now: dt.datetime) -> dict[str, Posting]:
    """What there is to say of the slots that are over, by the key of its mail: what was put down
    before, and what is not too old."""
    rows = store.read()
    news: list[Posting] = []
    for slot in slots:
        row = rows[slot.key]
        kind = MADE if row["status"] == DONE else row["status"]
        made_for = slot.entry.recipients.get(slot.language, ())
        to = made_for if kind == MADE else slot.entry.on_failure
        if is_over(row) and to:
            news.append((slot, row, kind, to))
    mails = _list_mails(rows)
    names = [_name_mail(kind, row, rows, mails) for _, row, kind, _ in news]
    keys = _name_for_each([posting[0] for posting in news], names, rows)
    triples = zip(names, keys, news, strict=True)
    return _tell_each_once(
        [one for one in triples if one[1] in rows or now - _find_start_of_news(one[2]) <= NEWS]
    )


def _tell_each_once(triples: Sequence[tuple[str, str, Posting]]) -> dict[str, Posting]:
    """The news, each behind its name and the key of its mail, by that key; of several entries of
    one report the one with the plain key goes first, and whoever it tells no other tells."""
    addressed: dict[str, set[str]] = {}
    postings: dict[str, Posting] = {}
    for name, key, (slot, row, kind, to) in sorted(triples, key=lambda one: one[0] != one[1]):
        reached = addressed.setdefault(name, set())
        others = tuple(address for address in to if address not in reached)
        reached.update(to)
        if others:
            postings[key] = (slot, row, kind, others)
    return postings


def _find_start_of_news(posting: Posting) -> dt.datetime:
    """Since when it is told: since it is over, and due for these readers."""
    slot, row, _, _ = posting
    over: dt.datetime = row["finished_at"]
    return max(over, slot.due_at)


def _name_for_each(
    slots: Sequence[Slot], names: Sequence[str], rows: Mapping[str, Row]
) -> list[str]:
    """The keys of mails about these slots, of which several entries may have ordered one report:
    one that was put down stays with its entry while that has it, and goes on to an entry that has
    none when its own is gone, for that was renamed; the others have their own.

    Example: customers, due on the 1st, and board, due on the 3rd, order October in fi. The mail of
    customers is "mail made report ...", and the board's "mail made for board: report ...".
    """
    mails = _list_mails(rows)
    by_name: dict[str, dict[str, Slot]] = {}
    for slot, name in zip(slots, names, strict=True):
        by_name.setdefault(name, {})[slot.entry.name] = slot
    keys = {
        name: _share_mails(name, ordered, mails.get(name, []), rows)
        for name, ordered in by_name.items()
    }
    return [keys[name][slot.entry.name] for slot, name in zip(slots, names, strict=True)]


def _share_mails(
    name: str, slots: Mapping[str, Slot], mails: Sequence[str], rows: Mapping[str, Row]
) -> dict[str, str]:
    """Which entry has which key, of those that order one report. A mail that was put down before a
    slot was due cannot have been its entry's, whatever that was named then."""
    keys = {str(rows[key]["entry"]): key for key in mails if rows[key]["entry"] in slots}
    left = [key for key in mails if rows[key]["entry"] not in slots]
    for entry, slot in slots.items():
        if entry in keys:
            continue
        inherited = [key for key in left if rows[key]["due_at"] >= slot.due_at]
        if inherited:
            left.remove(inherited[0])
        is_first = name not in rows and name not in keys.values()
        new = name if is_first else _name_for(entry, name)
        keys[entry] = inherited[0] if inherited else new
    return keys


def _list_mails(rows: Mapping[str, Row]) -> dict[str, list[str]]:
    """The keys of the mails that were put down, by the plain one of each; that one first."""
    mails: dict[str, list[str]] = {}
    for key, row in rows.items():
        if row["kind"] == "mail":
            plain = key.replace(f" for {row['entry']}: report ", " report ", 1)
            mails.setdefault(plain, []).append(key)
    return {plain: sorted(keys, key=lambda key: key != plain) for plain, keys in mails.items()}


def _name_for(entry: str, key: str) -> str:
    """The key of an entry's own mail. An entry may be named report; "report:" it is not."""
    return key.replace(" report ", f" for {entry}: report ", 1)


def _name_late(slot: Slot) -> str:
    """One mail about a report that is late."""
    return f"mail {LATE} {slot.key}"


def _name_mail(
    kind: str, row: Row, rows: Mapping[str, Row], mails: Mapping[str, Sequence[str]]
) -> str:
    """One mail about a report that was made, and one about each time that it was taken back and
    made again after that mail, whoever got it; one about each time that it failed."""
    plain = f"mail {kind} {row['key']}"
    first = [rows[key] for key in mails.get(plain, [])]
    is_anew = any(is_over(one) and one["finished_at"] < row["started_at"] for one in first)
    is_dated = is_anew or kind in {"refused", "failed"}
    again = f" {row['finished_at']:%Y-%m-%dT%H:%M:%SZ}" if is_dated else ""
    return f"mail {kind}{again} {row['key']}"


def send_news(
    key: str, posting: Posting, plan: Plan, settings: Settings, reached: Sequence[str] = ()
) -> Outcome:
    """Note the disclosure, then send; `reached` as in `mail.send`."""
    slot, row, kind, to = posting
    assert plan.delivery is not None  # noqa: S101 - post began with it
    delivery = plan.delivery
    words = Words(slot.language)
    named = ", ".join(
        f"{words.label('parameter', name)}: {words.label(name, value)}"
        for name, value in slot.parameters.items()
    )
    report = PurePath(slot.entry.report).name.removesuffix(".ipynb")
    reason = row["reason"] or row["status"]
    run = find_run(row["run"], settings) if kind == MADE else None
    if kind == MADE and not _is_out(run):
        return Outcome(FAILED, "the report is not in the catalogue any more")
    title = run.manifest.get("title", "") if run else _find_title(slot, plan, settings)
    name = report if report in MESSAGES else title or report
    text = "came" if kind == LATE and row["status"] == DONE else kind
    news = mail.News(text, name, slot.period.label, slot.language, named, reason)
    # a report that was made anew before all had it is news to all
    letter = mail.compose(news, to, delivery, f"{key} {run.id}" if run else key)
    with_file = False
    if run is not None and run.html is not None:
        with_file = slot.entry.send_file and mail.may_have_file(to, delivery)
        link = delivery.link + run.html.relative_to(settings.reports).as_posix()
        mail.add_page(letter, run, link, slot.language, with_file=with_file)
    _note(
        settings,
        {
            "report": slot.entry.report,
            "period": slot.period.label,
            "language": slot.language,
            "news": kind,
            "recipients": len(mail.list_left(letter, reached)),
            "class": mail.classify(to, delivery),
            "file": with_file,
        },
    )
    return mail.send(letter, delivery, plan.folder, reached)


def _find_title(slot: Slot, plan: Plan, settings: Settings) -> str:
    """The heading of the notebook of a slot; nothing of one that cannot be read, or that nobody has
    approved: its heading stays with its author."""
    with suppress(GenlibError):
        notebook = open_notebook(find_report(slot.entry.report, plan.folder))
        if is_approved(digest_notebook(notebook), settings):
            return mask_pseudonyms(prose.title(notebook, slot.language))
    return ""


def _is_out(run: Run | None) -> bool:
    """Whether readers find a run in the catalogue."""
    return run is not None and run.html is not None and run.status == GOOD


def _note(settings: Settings, detail: Mapping[str, Any]) -> None:
    """The disclosure in the audit trail: which report, to how many, of which class."""
    audit.record(
        open_register(settings.register),
        purpose="reports",
        action="report deliver",
        people=0,
        detail=detail,
        user=settings.user,
    )
