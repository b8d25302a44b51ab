"""One mail about a report: what it says, to whom it may go, and sending it through STARTTLS.

A mail holds a title, the lead sentence of the page - what stands there has passed door 2 - and a
link. The page itself goes only to domains that `files_to` names, alone: without its links to what
lies beside it in the catalogue.
"""

from __future__ import annotations

import html
import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path

from genlib.clock import read_clock
from genlib.errors import Refused, UsageError
from genlib.present.page import drop_files
from genlib.present.words import Words
from genlib.reports.catalogue import Run
from genlib.reports.index import MESSAGES
from genlib.schedule.outcome import DONE, FAILED, Outcome
from genlib.schedule.plan import Delivery
from genlib.settings import from_secret_file

SECONDS = 30
REFUSALS = 500
"""From this code on a server says no for good; below it, not now (RFC 5321, 4.2.1)."""
LEAD = re.compile(r'<div class="lead"[^>]*><p>(.*?)</p>', re.DOTALL)
OTHERS = 0o077
TEXTS = {
    "made": "Open the report: {link}",
    "refused": "The report was refused: {reason}",
    "failed": "The report failed: {reason}",
    "late": "The report is late: {reason}",
    "came": "The report came late.",
}


@dataclass(frozen=True)
class News:
    """What a mail tells: `kind` is a key of TEXTS; of which report, period and language; `reason`
    why not."""

    kind: str
    report: str
    period: str
    language: str
    parameters: str = ""
    reason: str = ""


def compose(news: News, to: tuple[str, ...], delivery: Delivery, key: str) -> EmailMessage:
    """The mail without a report's page. Its id follows from `key`, of the task and the run, so that
    a second one, of a scheduler that was killed while sending, is known as the same."""
    words = Words(news.language)
    name = words.translate(MESSAGES.get(news.report, news.report))
    title = ", ".join(part for part in (name, words.period(news.period), news.parameters) if part)
    mail = EmailMessage()
    mail["Subject"] = title
    mail["From"] = delivery.sender
    mail["To"] = ", ".join(to)
    domain = delivery.sender.rpartition("@")[2]
    mail["Message-ID"] = f"<{sha256(key.encode()).hexdigest()[:32]}@{domain}>"
    mail["Date"] = format_datetime(read_clock())
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(words.translate(TEXTS[news.kind], reason=news.reason, link=""))
    return mail


def add_page(mail: EmailMessage, run: Run, link: str, language: str, *, with_file: bool) -> None:
    """Put the lead sentence and the link of a run into a mail, and the page if it may go."""
    page = run.html.read_text(encoding="utf-8") if run.html else ""
    words = Words(language)
    lines = [read_lead(page), words.translate(TEXTS["made"], link=link)]
    mail.set_content("\n\n".join(line for line in lines if line))
    if with_file:
        name = f"{run.slot.report}-{run.slot.period}-{language}.html"
        mail.add_attachment(
            drop_files(page).encode(), maintype="text", subtype="html", filename=name
        )


def read_lead(page: str) -> str:
    """The lead sentence of a page; nothing if it has none."""
    match = LEAD.search(page)
    return html.unescape(re.sub(r"<[^>]+>", "", match[1])).strip() if match else ""


def may_have_file(to: tuple[str, ...], delivery: Delivery) -> bool:
    """Whether all of them are of domains that may get the page itself."""
    return all(address.rpartition("@")[2] in delivery.files_to for address in to)


def classify(to: tuple[str, ...], delivery: Delivery) -> str:
    """INTERNAL if all are the company's own; PROCESSOR if some work for it. Refused for others."""
    domains = {address.rpartition("@")[2] for address in to}
    if domains - {*delivery.internal, *delivery.processors}:
        raise Refused("a recipient is of a domain that the schedule does not allow")
    return "PROCESSOR" if domains - set(delivery.internal) else "INTERNAL"


def send(
    mail: EmailMessage, delivery: Delivery, folder: Path, reached: Sequence[str] = ()
) -> Outcome:
    """Hand a mail to the server, encrypted or not at all, for whom it is not one of `reached`:
    digests of the addresses for which the server took it before. Whom it puts off is tried again
    alone. UsageError or Refused if a file that `delivery` names cannot be used."""
    to = list_left(mail, reached)
    trusted = _trust(delivery, folder)
    secret = _read_password(delivery, folder)
    refused: Mapping[str, tuple[int, bytes]] | None = None
    try:
        with smtplib.SMTP(delivery.server, delivery.port, timeout=SECONDS) as server:
            server.starttls(context=trusted)
            if delivery.user:
                server.login(delivery.user, secret)
            refused = server.send_message(mail, to_addrs=to)
    except smtplib.SMTPRecipientsRefused as error:
        if not reached:
            return _judge_failure(error)
        refused = error.recipients
    except (smtplib.SMTPException, OSError) as error:
        if refused is None:  # else it was taken, and only the parting went wrong
            return replace(_judge_failure(error), reached=tuple(reached))
    taken = [_digest(mail, address) for address in to if address not in refused]
    return _judge_answers(taken, refused, reached)


def list_left(mail: EmailMessage, reached: Sequence[str]) -> list[str]:
    """The addresses for which a mail was not taken yet; reached: digests of the others."""
    to = [address.strip() for address in mail["To"].split(",")]
    return [address for address in to if _digest(mail, address) not in reached]


def _digest(mail: EmailMessage, address: str) -> str:
    """Of an address in this mail: in one of another id it is another."""
    return sha256(f"{mail['Message-ID']} {address}".encode()).hexdigest()[:16]


def _judge_answers(
    taken: Sequence[str], refused: Mapping[str, tuple[int, bytes]], reached: Sequence[str]
) -> Outcome:
    """What it means that a server took a mail for some, here or before."""
    some = f"the mail server took it for all but {len(refused)} of the recipients"
    everybody_reached = (*reached, *taken)
    if any(code < REFUSALS for code, _ in refused.values()):
        kind = smtplib.SMTPRecipientsRefused.__name__
        return Outcome(FAILED, some, error=kind, may_pass=True, reached=everybody_reached)
    return Outcome(DONE, some if refused else "", reached=everybody_reached)


def _judge_failure(error: Exception) -> Outcome:
    """A server's no, or what may go well at another time."""
    kind = type(error).__name__
    if _is_final(error):
        return Outcome(FAILED, f"the mail server said no ({kind})", error=kind)
    reason = f"the mail server cannot be reached or is busy ({kind})"
    return Outcome(FAILED, reason, error=kind, may_pass=True)


def _is_final(error: Exception) -> bool:
    """Whether the same letter would fail again. A server that knows nobody yet says 450 at first,
    and takes the letter some minutes later."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= REFUSALS for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code >= REFUSALS
    # a handshake that is cut off may go well the next time, a certificate is another's
    return isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLCertVerificationError)


def _read_password(delivery: Delivery, folder: Path) -> str:
    """From a file that nobody else reads; Refused if others may."""
    if not delivery.user:
        return ""
    path = folder / Path(delivery.password_file).expanduser()
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UsageError(
            f"the password file of the mail server cannot be read ({error.strerror}); name it in "
            "delivery.password_file"
        ) from None
    if mode & OTHERS:
        raise Refused(
            "the password file of the mail server is open to others; close it: chmod 600 FILE"
        )
    return from_secret_file(path)


def _trust(delivery: Delivery, folder: Path) -> ssl.SSLContext:
    """Whom to believe that they are the server: this machine's authorities, or the one named."""
    if not delivery.authority:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=folder / Path(delivery.authority).expanduser())
    except OSError as error:
        raise UsageError(
            f"the certificate of the mail server's authority cannot be read ({error.strerror}); "
            "name a file in PEM in delivery.authority"
        ) from None
