"""Mail through a real server with STARTTLS."""

import datetime as dt
import re
import socket
from dataclasses import replace
from email import message_from_string, policy
from email.utils import parsedate_to_datetime
from threading import Thread

import pytest
from catalogued import keep

from genlib.clock import read_clock
from genlib.errors import Refused, UsageError
from genlib.present import page
from genlib.present.words import Words
from genlib.reports.making import TABLES
from genlib.schedule import mail
from genlib.schedule.plan import Delivery

NEWS = mail.News("failed", "campaign_history", "2026-10", "fi", reason="cell 4 stopped")
TO = ("johto@company.example",)


@pytest.fixture
def delivery(postbox, tmp_path):
    secret = tmp_path / "smtp-password"
    secret.write_text("kuuralehto\n")
    secret.chmod(0o600)
    return Delivery(
        server="localhost",
        port=postbox.port,
        sender="reports@company.example",
        link="https://reports.company.example/",
        internal=("company.example",),
        processors=("partner.example",),
        files_to=("company.example",),
        user="reports",
        password_file=str(secret),
        authority=postbox.authority,
    )


def test_a_letter_arrives_encrypted_with_title_and_reason(postbox, delivery, tmp_path):
    letter = mail.compose(NEWS, TO, delivery, "key")
    assert mail.send(letter, delivery, tmp_path).status == "done"
    ((to, text, is_encrypted),) = postbox.letters
    read = message_from_string(text, policy=policy.default)
    assert is_encrypted
    assert to == list(TO)
    assert read["Subject"] == "Kampanjahistoria, lokakuu\u00a02026"
    assert "cell 4 stopped" in read.get_content()


def test_a_letter_sent_twice_is_known_as_the_same(delivery):
    ids = [mail.compose(NEWS, TO, delivery, key)["Message-ID"] for key in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]


def test_a_server_that_is_not_trusted_gets_nothing(postbox, delivery, tmp_path):
    stranger = replace(delivery, authority="")
    outcome = mail.send(mail.compose(NEWS, TO, delivery, "key"), stranger, tmp_path)
    assert (outcome.status, outcome.may_pass) == ("failed", False)
    assert postbox.letters == []


def test_a_wrong_password_is_not_tried_again_nor_told(postbox, delivery, tmp_path):
    (tmp_path / "smtp-password").write_text("wrong-one")
    outcome = mail.send(mail.compose(NEWS, TO, delivery, "key"), delivery, tmp_path)
    assert (outcome.error, outcome.may_pass) == ("SMTPAuthenticationError", False)
    assert "wrong-one" not in outcome.reason


def test_a_busy_server_is_tried_again(postbox, delivery, tmp_path):
    postbox.says = "451 later"
    outcome = mail.send(mail.compose(NEWS, TO, delivery, "key"), delivery, tmp_path)
    assert (outcome.status, outcome.may_pass) == ("failed", True)


@pytest.mark.parametrize(
    ("says", "may_pass"), [("554 never", False), ("552 too large", False), ("421 soon", True)]
)
def test_a_no_is_final_or_not_by_its_code(postbox, delivery, tmp_path, says, may_pass):
    postbox.says = says
    outcome = mail.send(mail.compose(NEWS, TO, delivery, "key"), delivery, tmp_path)
    assert (outcome.status, outcome.may_pass) == ("failed", may_pass)


@pytest.mark.parametrize(("says", "may_pass"), [("450 not yet", True), ("550 nobody", False)])
def test_whoever_is_not_known_yet_is_tried_again(postbox, delivery, tmp_path, says, may_pass):
    postbox.refuses = {TO[0]: says}
    outcome = mail.send(mail.compose(NEWS, TO, delivery, "key"), delivery, tmp_path)
    assert (outcome.error, outcome.may_pass) == ("SMTPRecipientsRefused", may_pass)


def test_whoever_alone_is_refused_is_counted_and_not_named(postbox, delivery, tmp_path):
    postbox.refuses = {"gone@company.example": "550 nobody"}
    letter = mail.compose(NEWS, (*TO, "gone@company.example"), delivery, "key")
    outcome = mail.send(letter, delivery, tmp_path)
    assert outcome.status == "done"
    assert outcome.reason == "the mail server took it for all but 1 of the recipients"
    assert [to for to, _, _ in postbox.letters] == [list(TO)]


def test_whoever_is_put_off_is_tried_again_alone(postbox, delivery, tmp_path):
    """A server that does not know a recipient yet (450), beside one whom it knows and one whom it
    never will."""
    to = (*TO, "later@company.example", "gone@company.example")
    letter = mail.compose(NEWS, to, delivery, "key")
    postbox.refuses = {"later@company.example": "450 not yet", "gone@company.example": "550 nobody"}
    first = mail.send(letter, delivery, tmp_path)
    assert (first.status, first.may_pass, len(first.reached)) == ("failed", True, 1)
    again = mail.send(letter, delivery, tmp_path, first.reached)
    assert (again.may_pass, again.reached) == (True, first.reached)
    del postbox.refuses["later@company.example"]
    last = mail.send(letter, delivery, tmp_path, again.reached)
    assert (last.status, len(last.reached)) == ("done", 2)
    assert [to for to, _, _ in postbox.letters] == [list(TO), ["later@company.example"]]
    assert "company.example" not in f"{first} {last}"


def test_who_has_a_letter_keeps_it_while_the_server_is_away(delivery, postbox, tmp_path):
    to = (*TO, "later@company.example")
    letter = mail.compose(NEWS, to, delivery, "key")
    postbox.refuses = {"later@company.example": "450 not yet"}
    first = mail.send(letter, delivery, tmp_path)
    postbox.says = "451 later"
    postbox.refuses = {}
    away = mail.send(letter, delivery, tmp_path, first.reached)
    assert (away.status, away.reached) == ("failed", first.reached)


def test_a_letter_that_was_taken_is_sent_however_the_server_parts(postbox, delivery, tmp_path):
    postbox.parts = "250 bye"
    assert mail.send(mail.compose(NEWS, TO, delivery, "key"), delivery, tmp_path).status == "done"
    assert len(postbox.letters) == 1


def test_a_handshake_that_is_cut_off_is_tried_again(delivery, tmp_path):
    with socket.create_server(("localhost", 0)) as listener:
        cut = Thread(target=cut_off_handshake, args=(listener,))
        cut.start()
        there = replace(delivery, port=listener.getsockname()[1])
        outcome = mail.send(mail.compose(NEWS, TO, there, "key"), there, tmp_path)
        cut.join()
    assert (outcome.status, outcome.may_pass) == ("failed", True)


def cut_off_handshake(listener):
    """A server that promises STARTTLS, and answers the handshake with what is none."""
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"220 here\r\n")
        connection.recv(1024)
        connection.sendall(b"250-here\r\n250 STARTTLS\r\n")
        connection.recv(1024)
        connection.sendall(b"220 go on\r\n")
        connection.recv(1024)
        connection.sendall(b"421 too busy\r\n")


def test_a_letter_has_its_date(delivery):
    letter = mail.compose(NEWS, TO, delivery, "key")
    assert abs(parsedate_to_datetime(letter["Date"]) - read_clock()) < dt.timedelta(minutes=5)


def test_an_authority_that_is_not_there_is_told_with_the_setting(delivery, tmp_path):
    (tmp_path / "text.pem").write_text("no certificate")
    letter = mail.compose(NEWS, TO, delivery, "key")
    for name in ("nowhere.pem", "text.pem"):
        with pytest.raises(UsageError, match=r"name a file in PEM in delivery\.authority"):
            mail.send(letter, replace(delivery, authority=name), tmp_path)


def test_a_server_that_is_away_is_tried_again(delivery, tmp_path):
    outcome = mail.send(
        mail.compose(NEWS, TO, delivery, "key"), replace(delivery, port=1), tmp_path
    )
    assert outcome.may_pass


def test_a_password_file_that_others_read_is_refused(delivery, tmp_path):
    (tmp_path / "smtp-password").chmod(0o640)
    with pytest.raises(Refused, match="chmod 600"):
        mail.send(mail.compose(NEWS, TO, delivery, "key"), delivery, tmp_path)
    (tmp_path / "smtp-password").unlink()
    with pytest.raises(UsageError, match=r"delivery\.password_file"):
        mail.send(mail.compose(NEWS, TO, delivery, "key"), delivery, tmp_path)


def test_who_gets_what_is_said_by_domain(delivery):
    outside = ("aino@partner.example",)
    assert mail.classify(TO, delivery) == "INTERNAL"
    assert mail.classify(TO + outside, delivery) == "PROCESSOR"
    assert mail.may_have_file(TO, delivery)
    assert not mail.may_have_file(TO + outside, delivery)
    with pytest.raises(Refused, match="of a domain that the schedule does not allow"):
        mail.classify(("x@elsewhere.example",), delivery)


def test_the_lead_is_read_as_text():
    page = '<div class="lead" data-period="x"><p>Asiakkaita on <b>1&nbsp;043</b> &amp; muita.</p>'
    assert mail.read_lead(page) == "Asiakkaita on 1\u00a0043 & muita."
    assert mail.read_lead("<p>no lead</p>") == ""


def test_a_page_that_travels_alone_links_to_nothing_that_stays_behind(delivery, tmp_path):
    run = keep(tmp_path, "2026-1", "good")
    making = page.describe_making(Words("fi"), {}, {}, TABLES)
    run.html.write_text(f'<a href="#part-1">Osa</a>{making}', encoding="utf-8")
    letter = mail.compose(NEWS, TO, delivery, "key")
    mail.add_page(letter, run, "https://reports.company.example/x", "fi", with_file=True)
    (attached,) = letter.iter_attachments()
    assert re.findall('href="([^"]*)"', attached.get_content()) == ["#part-1"]
    assert f'href="{TABLES}"' in run.html.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_every_sentence_of_a_letter_can_be_said(language):
    assert Words(language).missing(list(mail.TEXTS.values())) == []
