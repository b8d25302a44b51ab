"""A feed's files come into the register: keys become numbers, people are found or wait."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from next_state import (
    CAMPAIGN,
    CONTACT,
    CUSTOMER,
    NOW,
    QUESTION,
    SURVEY,
    read_table,
    refresh,
    write,
)
from polars import col

from genlib.errors import BadInput, Refused
from genlib.register.batches import Payments
from genlib.register.database import Register
from genlib.register.feeds.declaration import Layout
from genlib.register.feeds.files import read_rows
from genlib.register.feeds.source import read_feed
from genlib.register.holds import check_everybody_is_named, held_people
from genlib.register.outcome import Outcome
from genlib.register.refresh import Refresh
from genlib.register.undo import undo_run
from genlib.register.vault import IdentityKey
from genlib.settings import REPOSITORY

FEEDS = REPOSITORY / "data" / "feeds"
AINO = {
    "Asiakasnro": "C-10",
    "Etunimet": "Aino",
    "Sukunimi": "Kuuralehto",
    "Katuosoite": "Leppäkaari 1",
    "Postinumero": "00100",
    "Maa": "",
    "Puhelin": "049 123 4567",
    "Sähköposti": "aino@posti.example",
    "Kieli": "suomi",
    "Asiakas alkaen": "1.2.2020",
    "Asiakas asti": "",
    "Rajoitettu": "",
    "Turvakielto": "ei",
    "Muokattu": "1.10.2026 08:00",
}
KARL = {**AINO, "Asiakasnro": "C-11", "Sähköposti": "karl@posti.example", "Etunimet": "Karl"}
ABROAD = {**KARL, "Maa": "SE", "Postinumero": "111 22"}
BILL = {
    "Laskunro": "F-1",
    "Asiakasnro": "C-11",
    "Laskupäivä": "1.9.2026",
    "Eräpäivä": "15.9.2026",
    "Maksupäivä": "",
    "Summa": "1 234,50 €",
    "Avoinna": "1 234,50 €",
    "Tuoteryhmä": "laite",
    "Viite": "",
}
MAIL = {
    "Campaign": "A",
    "Email Address": "aino@posti.example",
    "Sent": "2026-10-05 09:00:00",
    "Delivered": "2026-10-05 09:00:05",
    "Opened": "",
    "Clicked": "",
    "Unsubscribed": "",
    "Bounced": "No",
}
UNSUBSCRIBED = {**MAIL, "Unsubscribed": "2026-10-05 10:00:00"}


@pytest.fixture
def work(register: Register, key: IdentityKey, tmp_path: Path) -> Refresh:
    return Refresh(register, key, tmp_path / "rejected", at=NOW)


def take(work: Refresh, feed: str, folder: Path) -> dict[str, Outcome]:
    sources = read_feed(FEEDS / f"{feed}.toml", folder, NOW)
    outcomes = work.run(sources, [source.table for source in sources])
    return {outcome.table: outcome for outcome in outcomes}


def write_list(folder: Path, name: str, *rows: dict[str, str], encoding: str = "utf-8") -> Path:
    folder.mkdir(exist_ok=True)
    text = pl.DataFrame(rows).write_csv(separator=";")
    (folder / f"{name}.csv").write_text(text, encoding=encoding, newline="")
    return folder


def rejected(work: Refresh, name: str) -> list[tuple[object, ...]]:
    [report] = work.rejected_to.glob(f"*-{name}.csv")
    return pl.read_csv(report).rows()


@pytest.fixture
def people(work: Refresh, tmp_path: Path) -> Path:
    """Two customers and a campaign."""
    folder = write_list(tmp_path / "in", "asiakkaat", AINO, KARL)
    take(work, "customer_list", folder)
    refresh(work.register, work.key, write(tmp_path / "own", campaign=CAMPAIGN))
    return folder


def test_a_source_s_key_becomes_the_register_s_number_and_stays_it(
    work: Refresh, people: Path
) -> None:
    again = take(work, "customer_list", people)["customer"]
    assert (again.fresh, again.changed, again.unchanged) == (0, 0, 2)
    moved = {**AINO, "Katuosoite": "Rantarinne 2"}
    write_list(people, "asiakkaat", KARL, moved)
    outcome = take(work, "customer_list", people)["customer"]
    assert (outcome.fresh, outcome.columns) == (0, {"street_address": 1})
    rows = read_table(work.register, work.key, "customer")
    assert rows.select("id", "given_names", "street_address").rows() == [
        (1, "Aino", "Rantarinne 2"),
        (2, "Karl", "Leppäkaari 1"),
    ]


def test_a_number_at_the_end_of_the_range_leaves_numbers_for_a_feed(
    work: Refresh, people: Path, tmp_path: Path
) -> None:
    """What is too great for the counter is refused; after the greatest that may come a feed's next
    customer is taken."""
    last = [{**CUSTOMER, "id": str(number)} for number in (2**63 - 1, 2**53)]
    outcome = refresh(work.register, work.key, write(tmp_path / "own", customer=last))["customer"]
    assert (outcome.fresh, outcome.rules) == (1, {"out_of_range": 1})
    undo_run(work.register, work.key, outcome.run, NOW)
    write_list(people, "asiakkaat", {**AINO, "Asiakasnro": "C-12"})
    assert take(work, "customer_list", people)["customer"].fresh == 1
    numbers = read_table(work.register, work.key, "customer")["id"]
    assert list(numbers) == [1, 2, 2**53 + 1]


def test_no_key_of_a_source_is_kept_in_the_open(work: Refresh, people: Path) -> None:
    take(work, "mailing_results", write_list(people, "mailing", MAIL))
    keys = pl.concat(work.register.scan("source_key"))
    assert keys.height == 3
    assert keys["key"].str.contains("^[0-9a-f]{32}$").all()


def test_an_address_abroad_is_kept_in_its_own_form(work: Refresh, people: Path) -> None:
    take(work, "customer_list", write_list(people, "asiakkaat", AINO, ABROAD))
    rows = read_table(work.register, work.key, "customer")
    assert rows["postal_code"].to_list() == ["00100", "111 22"]
    assert rows["country"].to_list() == [None, "SE"]


def test_an_invoice_comes_to_the_customer_of_another_source_in_cents(
    work: Refresh, people: Path
) -> None:
    folder = write_list(people, "laskut", BILL)
    take(work, "invoice_list", folder)
    row = read_table(work.register, work.key, "invoice").row(0, named=True)
    assert (row["customer_id"], row["amount_cents"], row["paid_on"]) == (2, 123450, None)
    paid = take(
        work,
        "invoice_list",
        write_list(folder, "laskut", {**BILL, "Maksupäivä": "2.10.2026", "Avoinna": "0,00"}),
    )
    assert paid["invoice"].columns == {"paid_on": 1}


def test_an_unsubscription_is_a_stage_and_an_act_of_will(work: Refresh, people: Path) -> None:
    folder = write_list(people, "mailing", UNSUBSCRIBED)
    outcomes = take(work, "mailing_results", folder)
    assert (outcomes["campaign_contact"].fresh, outcomes["permission"].fresh) == (1, 1)
    act = read_table(work.register, work.key, "permission").row(0, named=True)
    instant = dt.datetime(2026, 10, 5, 7, tzinfo=dt.UTC)
    assert (act["customer_id"], act["act"], act["scope"]) == (1, "prohibition", "email")
    assert act["given_at"] == instant
    assert take(work, "mailing_results", folder)["permission"].unchanged == 1


def test_an_address_in_a_key_is_one_however_it_is_written(work: Refresh, people: Path) -> None:
    take(work, "mailing_results", write_list(people, "mailing", UNSUBSCRIBED))
    shouted = {**UNSUBSCRIBED, "Email Address": "AINO@Posti.Example"}
    outcomes = take(work, "mailing_results", write_list(people, "mailing", shouted))
    assert [(one.fresh, one.unchanged) for one in outcomes.values()] == [(0, 1), (0, 1)]
    assert read_table(work.register, work.key, "campaign_contact").height == 1


def test_an_unsubscription_of_two_people_holds_both_back(work: Refresh, people: Path) -> None:
    twins = {**KARL, "Sähköposti": AINO["Sähköposti"]}
    take(work, "customer_list", write_list(people, "asiakkaat", AINO, twins))
    take(work, "mailing_results", write_list(people, "mailing", UNSUBSCRIBED))
    assert rejected(work, "permission") == [(2, "customer_id", "several_found")]
    with work.register.engine.connect() as connection:
        check_everybody_is_named(connection)
        assert held_people(connection)["customer_id"].to_list() == [1, 2]


def test_an_unsubscription_of_nobody_waits_and_meets_who_comes_with_the_address(
    work: Refresh, people: Path
) -> None:
    nobody = {**UNSUBSCRIBED, "Email Address": "Eero@Posti.example"}
    folder = write_list(people, "mailing", nobody)
    take(work, "mailing_results", folder)
    assert rejected(work, "permission") == [(2, "customer_id", "nobody_found")]
    assert work.register.count("suppression") == 1
    with work.register.engine.connect() as connection:
        check_everybody_is_named(connection)
        assert held_people(connection).height == 0
    eero = {**AINO, "Asiakasnro": "C-12", "Sähköposti": "eero@posti.example"}
    take(work, "customer_list", write_list(people, "asiakkaat", AINO, KARL, eero))
    assert take(work, "mailing_results", folder)["permission"].fresh == 1


def test_an_unsubscription_that_names_nobody_readably_stops_all_lists(
    work: Refresh, people: Path
) -> None:
    broken = {**UNSUBSCRIBED, "Email Address": "aino at posti"}
    take(work, "mailing_results", write_list(people, "mailing", broken))
    with work.register.engine.connect() as connection, pytest.raises(Refused):
        check_everybody_is_named(connection)


def test_a_survey_s_wide_answers_become_scores_and_comments(work: Refresh, people: Path) -> None:
    questions = [
        {**QUESTION, "code": "recommend"},
        {**QUESTION, "id": "2", "code": "product", "scale": "likert_1_5"},
        {**QUESTION, "id": "3", "code": "comment", "scale": "text"},
    ]
    own = write(people.parent / "own", survey=SURVEY, survey_question=questions)
    refresh(work.register, work.key, own)
    answers = {
        "Respondent": "r-1",
        "Survey": "S",
        "Customer": "C-11",
        "Invited": "1.10.2026 09:00",
        "Answered": "2.10.2026 09:00",
        "Delivered": "Yes",
        "How likely are you to recommend us?": "10 - Extremely likely",
        "I am satisfied with the product": "Agree",
        "Anything else?": "Kiitos",
    }
    folder = write_list(people, "survey", answers)
    take(work, "survey_answers", folder)
    rows = read_table(work.register, work.key, "survey_answer")
    assert rows.select("question_id", "score", "comment").rows() == [
        (1, 10, None),
        (2, 4, None),
        (3, None, "Kiitos"),
    ]
    assert take(work, "survey_answers", folder)["survey_answer"].unchanged == 3
    broken = {**answers, "I am satisfied with the product": "Maybe"}
    take(work, "survey_answers", write_list(people, "survey", broken))
    assert rejected(work, "survey_answer") == [(2, "score of product", "unreadable")]
    again = take(work, "survey_answers", people)["survey_answer"]
    assert again.decisions == [
        "survey_answer: column score: 1 code that the feed does not translate, 1 rows; the first "
        "row of each, and in how many it is: 2 (1)"
    ]


def test_who_is_expected_is_held_back_before_he_comes(work: Refresh, people: Path) -> None:
    feed = people / "wills.toml"
    feed.write_text(
        'source = "crm"\n[[table]]\ntable = "permission"\nfile = "wills.csv"\nkey = "no"\n'
        '[table.columns]\ngiven_at = "at"\n[table.constants]\nact = "prohibition"\n'
        'scope = "email"\nsource = "DATA_SUBJECT"\n[table.references]\ncustomer_id = "who"\n'
    )
    write_list(people, "wills", {"no": "1", "at": "2026-10-05T08:00:00Z", "who": "C-77"})
    sources = read_feed(feed, people, NOW)
    work.run(sources, ["permission"])
    assert rejected(work, "permission") == [(2, "customer_id", "unknown_customer")]
    coming = {**AINO, "Asiakasnro": "C-77", "Sähköposti": "uusi@posti.example"}
    take(work, "customer_list", write_list(people, "asiakkaat", AINO, KARL, coming))
    with work.register.engine.connect() as connection:
        held = held_people(connection)["customer_id"].to_list()
    assert held == read_table(work.register, work.key, "customer")["id"].to_list()[2:]


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_a_file_in_another_encoding_is_read_as_its_feed_says(
    work: Refresh, tmp_path: Path, encoding: str
) -> None:
    folder = write_list(tmp_path / "in", "asiakkaat", AINO, encoding=encoding)
    text = (FEEDS / "customer_list.toml").read_text()
    (folder / "crm.toml").write_text(text + f'[table.layout]\nencoding = "{encoding}"\n')
    sources = read_feed(folder / "crm.toml", folder, NOW)
    work.run(sources, ["customer"])
    rows = read_table(work.register, work.key, "customer")
    assert rows["street_address"].to_list() == ["Leppäkaari 1"]


def test_two_files_of_one_name_and_a_missing_column_are_told(tmp_path: Path) -> None:
    folder = write_list(tmp_path / "in", "asiakkaat", {"Asiakasnro": "C-1"})
    with pytest.raises(BadInput, match="the file lacks column Etunimet, Sukunimi"):
        read_feed(FEEDS / "customer_list.toml", folder)
    write_list(folder, "asiakkaat2", {"Asiakasnro": "C-1"})
    with pytest.raises(BadInput, match=r"2 files are named asiakkaat\*\.csv; leave the one"):
        read_feed(FEEDS / "customer_list.toml", folder)


def test_a_file_of_which_no_column_is_known_or_that_is_not_there_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(
        BadInput, match=r"no file of .* is named asiakkaat\*\.csv; say with --files"
    ):
        read_feed(FEEDS / "customer_list.toml", folder)
    write_list(folder, "asiakkaat", {"Asiakasluettelo": "C-1"})
    with pytest.raises(BadInput, match="row 1 of the file names none of the columns"):
        read_feed(FEEDS / "customer_list.toml", folder)


@pytest.mark.parametrize(
    ("says", "comes"),
    [("cp1252", "utf-8"), ("cp1252", "utf-16"), ("utf-8", "cp1252"), ("utf-16", "utf-8")],
)
def test_a_file_in_another_encoding_than_its_feed_says_is_refused(
    tmp_path: Path, says: str, comes: str
) -> None:
    folder = write_list(tmp_path / "in", "asiakkaat", AINO, encoding=comes)
    text = (FEEDS / "customer_list.toml").read_text()
    (folder / "crm.toml").write_text(text + f'[table.layout]\nencoding = "{says}"\n')
    with pytest.raises(
        BadInput, match=f"asiakkaat.csv looks like {comes} and the feed says {says}"
    ):
        read_feed(folder / "crm.toml", folder, NOW)


def test_plain_letters_are_read_alike_in_either_encoding(tmp_path: Path) -> None:
    folder = write_list(tmp_path / "in", "people", {"no": "C-1", "name": "Suvanto"})
    (folder / "crm.toml").write_text(
        'source = "crm"\n[layout]\nencoding = "cp1252"\n[[table]]\ntable = "customer"\n'
        'file = "people.csv"\nkey = "no"\n[table.columns]\nfamily_name = "name"\n'
        '[table.constants]\nkind = "consumer"\nsource = "DATA_SUBJECT"\nnon_disclosure = "no"\n'
        'joined_on = "2020-01-01"\nupdated_at = "2026-10-01T08:00:00Z"\n'
    )
    [source] = read_feed(folder / "crm.toml", folder, NOW)
    assert source.table == "customer"


def test_two_feeds_of_one_table_tell_their_refused_rows_beside_each_other(
    work: Refresh, tmp_path: Path
) -> None:
    folder = write_list(tmp_path / "in", "asiakkaat", {**AINO, "Asiakas alkaen": "32.1.2020"})
    text = (FEEDS / "customer_list.toml").read_text()
    (folder / "shop.toml").write_text(text.replace('source = "crm"', 'source = "shop"'))
    first = read_feed(FEEDS / "customer_list.toml", folder, NOW)
    second = read_feed(folder / "shop.toml", folder, NOW)
    work.run([*first, *second, *second], ["customer"])
    names = sorted(path.name for path in work.rejected_to.iterdir())
    assert names == ["customer_list-customer.csv", "shop-customer-2.csv", "shop-customer.csv"]


def test_a_payment_day_beside_an_open_amount_is_told_and_is_no_payment(
    work: Refresh, people: Path
) -> None:
    partly = {**BILL, "Maksupäivä": "20.9.2026", "Avoinna": "10,00"}
    paid = {**partly, "Laskunro": "F-2", "Avoinna": "0,00"}
    credited = {**BILL, "Laskunro": "F-3", "Avoinna": "0"}
    unreadable = {**paid, "Laskunro": "F-4", "Avoinna": "?"}
    blank = {**paid, "Laskunro": "F-5", "Avoinna": ""}
    write_list(people, "laskut", partly, paid, credited, unreadable, blank)
    outcome = take(work, "invoice_list", people)["invoice"]
    day = dt.date(2026, 9, 20)
    assert read_table(work.register, work.key, "invoice")["paid_on"].to_list() == [
        None,
        day,
        None,
        day,
    ]
    assert (outcome.payments, outcome.rules) == (Payments(1, 1), {"not_a_date": 1})
    assert [line[:24] for line in outcome.notices] == [
        "invoice: partly paid: 1:",
        "invoice: closed without ",
    ]
    settled = {**partly, "Avoinna": "0,00"}
    outcome = take(work, "invoice_list", write_list(people, "laskut", settled))["invoice"]
    assert outcome.columns == {"paid_on": 1}


def test_the_own_layout_does_not_overwrite_another_source_s_row(
    work: Refresh, people: Path, tmp_path: Path
) -> None:
    own = write(tmp_path / "own", customer={**CUSTOMER, "id": "1"})
    (own / "campaign.csv").unlink()
    outcome = refresh(work.register, work.key, own)["customer"]
    assert outcome.rules == {"of_another_source": 1}


OPENINGS = """\
source = "mailing"
[format]
instant = "yyyy-mm-dd HH:MM:SS"
[[table]]
table = "campaign_contact"
file = "opened*.csv"
key = ["Campaign", "Email Address"]
[table.columns]
opened_at = "Opened"
opted_out_at = "Unsubscribed"
[table.constants]
arm = "contacted"
channel = "email"
bounced = "false"
source = "COMMUNICATION"
[table.references]
campaign_id = { column = "Campaign", by = "code" }
customer_id = { column = "Email Address", by = "email" }
"""
OPENED = {
    "Campaign": "A",
    "Email Address": "aino@posti.example",
    "Opened": "2026-10-05 10:00:00",
    "Unsubscribed": "",
}


def take_openings(work: Refresh, folder: Path, *rows: dict[str, str]) -> Outcome:
    write_list(folder, "opened", *rows)
    (folder / "openings.toml").write_text(OPENINGS)
    [outcome] = work.run(read_feed(folder / "openings.toml", folder, NOW), ["campaign_contact"])
    return outcome


def read_stages(work: Refresh) -> list[tuple[object, ...]]:
    rows = read_table(work.register, work.key, "campaign_contact")
    hours = [col(stage).dt.hour() for stage in ("sent_at", "opened_at", "opted_out_at")]
    return rows.select("customer_id", *hours).rows()


def test_a_file_of_a_later_stage_only_moves_the_contacts_that_are_known(
    work: Refresh, people: Path
) -> None:
    take(work, "mailing_results", write_list(people, "mailing", MAIL))
    left = {**OPENED, "Email Address": "karl@posti.example", "Opened": ""}
    unknown = {**left, "Unsubscribed": "2026-10-05 11:00:00"}
    outcome = take_openings(work, people, OPENED, unknown)
    assert outcome.columns == {"opened_at": 1}
    assert outcome.rules == {"without_sent_at": 1}
    assert read_stages(work) == [(1, 6, 7, None)]
    with work.register.engine.connect() as connection:
        assert held_people(connection)["customer_id"].to_list() == [2]
    assert take_openings(work, people, OPENED, unknown).unchanged == 1
    opted = {**OPENED, "Unsubscribed": "2026-10-05 11:00:00"}
    assert take_openings(work, people, opted).columns == {"opted_out_at": 1}
    assert work.register.count("suppression") == 1
    assert take(work, "mailing_results", people)["campaign_contact"].unchanged == 1


PLANNED = OPENINGS.replace("[table.columns]", '[table.columns]\nid = "Contact"\nsent_at = "Sent"')
RESULT = {**OPENED, "Sent": "2026-10-05 09:00:00"}


def test_results_by_the_number_of_a_contact_list_reach_the_contact_that_it_planned(
    work: Refresh, people: Path
) -> None:
    planned = {**CONTACT, "id": "7", "sent_at": ""}
    refresh(work.register, work.key, write(people / "plan", campaign_contact=planned))
    write_list(people, "opened", {**RESULT, "Contact": "7"}, {**RESULT, "Contact": "8"})
    (people / "planned.toml").write_text(PLANNED)
    [outcome] = work.run(read_feed(people / "planned.toml", people, NOW), ["campaign_contact"])
    assert (outcome.columns, outcome.fresh) == ({"sent_at": 1, "opened_at": 1}, 0)
    assert outcome.rules == {"unknown_campaign_contact": 1}
    assert read_stages(work) == [(1, 6, 7, None)]


def test_a_later_stage_before_the_sending_is_refused(work: Refresh, people: Path) -> None:
    take(work, "mailing_results", write_list(people, "mailing", MAIL))
    early = {**OPENED, "Opened": "2026-10-05 08:00:00"}
    assert take_openings(work, people, early).rules == {"before_sent_at": 1}
    assert read_stages(work) == [(1, 6, None, None)]


def test_a_later_stage_taken_back_and_told_again(work: Refresh, people: Path) -> None:
    take(work, "mailing_results", write_list(people, "mailing", MAIL))
    outcome = take_openings(work, people, {**OPENED, "Unsubscribed": "2026-10-05 11:00:00"})
    undo_run(work.register, work.key, outcome.run, NOW)
    assert read_stages(work) == [(1, 6, None, None)]
    assert work.register.count("suppression") == 0
    assert take_openings(work, people, OPENED).columns == {"opened_at": 1}
    assert read_stages(work) == [(1, 6, 7, None)]


def test_an_unsubscription_alone_of_somebody_unknown_goes_on_the_suppression_list(
    work: Refresh, people: Path
) -> None:
    nobody = {**OPENED, "Email Address": "eero@posti.example", "Opened": ""}
    take_openings(work, people, {**nobody, "Unsubscribed": "2026-10-05 11:00:00"})
    assert work.register.count("suppression") == 1
    with work.register.engine.connect() as connection:
        check_everybody_is_named(connection)


def test_what_somebody_unknown_prohibits_stays_when_its_refresh_is_taken_back(
    work: Refresh, people: Path
) -> None:
    nobody = {**OPENED, "Email Address": "eero@posti.example", "Opened": ""}
    outcome = take_openings(work, people, {**nobody, "Unsubscribed": "2026-10-05 11:00:00"})
    taken_back = undo_run(work.register, work.key, outcome.run, NOW)
    assert work.register.count("suppression") == taken_back.entries == 1
    assert "1 entries stay on the suppression list" in taken_back.notices[0]


def read_held(work: Refresh) -> list[int]:
    with work.register.engine.connect() as connection:
        return held_people(connection)["customer_id"].to_list()


def test_a_hold_that_stays_ends_when_its_row_is_taken(
    work: Refresh, people: Path, tmp_path: Path
) -> None:
    """The key of a refused row is kept as long as a hold of a later refresh needs its number."""
    days = [NOW + dt.timedelta(days=number) for number in range(1, 4)]
    unsubscribed = {**UNSUBSCRIBED, "Campaign": "B"}
    folder = write_list(people, "mailing", unsubscribed)
    runs = [
        take(replace(work, at=day), "mailing_results", folder)["campaign_contact"].run
        for day in days[:2]
    ]
    assert read_held(work) == [1]
    assert undo_run(work.register, work.key, runs[0], NOW).holds.remaining == 1
    assert read_held(work) == [1]
    second = {**CAMPAIGN, "id": "2", "code": "B"}
    refresh(work.register, work.key, write(tmp_path / "own", campaign=second), at=days[2])
    assert take(replace(work, at=days[2]), "mailing_results", folder)["campaign_contact"].fresh == 1
    assert read_held(work) == []


def test_nobody_is_held_back_by_a_row_of_a_campaign_that_is_taken_back(
    work: Refresh, people: Path
) -> None:
    day = NOW + dt.timedelta(days=1)
    folder = write_list(people, "mailing", {**UNSUBSCRIBED, "Campaign": "B"})
    outcome = take(replace(work, at=day), "mailing_results", folder)["campaign_contact"]
    assert read_held(work) == [1]
    assert undo_run(work.register, work.key, outcome.run, NOW).holds.remaining == 0
    assert read_held(work) == []
    assert pl.concat(work.register.scan("source_key")).filter(table="campaign_contact").is_empty()


def test_codes_that_the_feed_does_not_translate_are_counted_and_not_told(
    work: Refresh, tmp_path: Path
) -> None:
    languages = ["suomi", "saame", "kuuralehto", "kuuralehto", ""]
    rows = [
        {**AINO, "Asiakasnro": f"C-{at}", "Kieli": language}
        for at, language in enumerate(languages)
    ]
    outcome = take(work, "customer_list", write_list(tmp_path / "in", "asiakkaat", *rows))
    line = (
        "customer: column language: 2 codes that the feed does not translate, 3 rows; the first "
        "row of each, and in how many it is: 4 (2), 3 (1)"
    )
    assert line in outcome["customer"].notices
    assert "saame" not in str(outcome["customer"].notices)


def test_codes_that_the_register_does_not_know_are_counted_too(
    work: Refresh, tmp_path: Path
) -> None:
    rows = [{**CUSTOMER, "id": str(at), "kind": "kuuralehto"} for at in (1, 2)]
    outcome = refresh(work.register, work.key, write(tmp_path / "own", customer=rows))["customer"]
    assert outcome.notices[-1] == (
        "customer: column kind: 1 code that the register does not have, 2 rows; the first row of "
        "each, and in how many it is: 2 (2); it is one of consumer, company_contact"
    )


def test_a_country_that_nobody_knows_is_counted_as_a_code(work: Refresh, tmp_path: Path) -> None:
    row = {**CUSTOMER, "country": "Kuuralehto"}
    outcome = refresh(work.register, work.key, write(tmp_path / "own", customer=row))["customer"]
    assert outcome.rules["unknown_country"] == 1
    assert outcome.notices[-1] == (
        "customer: column country: 1 code that the register does not have, 1 rows; the first row "
        "of each, and in how many it is: 2 (1); it is a country of ISO 3166-1"
    )


def test_an_amount_that_the_feed_cannot_read_is_unreadable(work: Refresh, people: Path) -> None:
    take(work, "invoice_list", write_list(people, "laskut", {**BILL, "Summa": "12 e 50 snt"}))
    assert (2, "amount_cents", "unreadable") in rejected(work, "invoice")


STOPPED = """
[[table]]
table = "permission"
file = "survey*.csv"
key = "Respondent"
where = "Stop"
[table.columns]
given_at = "Stop"
[table.constants]
act = "prohibition"
scope = "market_research"
source = "DATA_SUBJECT"
[table.references]
customer_id = { column = "Customer", source = "crm" }
"""


def test_what_a_late_respondent_prohibits_is_kept(work: Refresh, people: Path) -> None:
    """His answers are refused, each by its question; his prohibition stands in the same row."""
    questions = [
        {**QUESTION, "code": "recommend"},
        {**QUESTION, "id": "2", "code": "comment", "scale": "text"},
    ]
    own = write(people.parent / "own", survey=SURVEY, survey_question=questions)
    refresh(work.register, work.key, own)
    answers = {
        "Respondent": "r-1",
        "Survey": "S",
        "Customer": "C-11",
        "Invited": "1.10.2026 09:00",
        "Answered": "21.10.2026 00:00",
        "Delivered": "Yes",
        "How likely are you to recommend us?": "9",
        "I am satisfied with the product": "",
        "Anything else?": "Kiitos",
        "Stop": "21.10.2026 00:00",
    }
    folder = write_list(people, "survey", answers)
    text = (FEEDS / "survey_answers.toml").read_text(encoding="utf-8")
    (folder / "survey.toml").write_text(text + STOPPED, encoding="utf-8")
    sources = read_feed(folder / "survey.toml", folder, NOW)
    work.run(sources, [source.table for source in sources])
    assert rejected(work, "survey_answer") == [
        (2, "invitation_id of comment", "survey_closed"),
        (2, "invitation_id of recommend", "survey_closed"),
    ]
    [act] = read_table(work.register, work.key, "permission").to_dicts()
    assert (act["customer_id"], act["act"], act["scope"]) == (2, "prohibition", "market_research")


def test_a_line_above_the_header_counts(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("Otsikko\nToinen\nnimi;maa\nA;FI\n\nÄ;SE\n".encode("cp1252"))
    layout = Layout("cp1252", header=3)
    [rows] = read_rows(path, layout)
    assert rows.rows() == [(4, "A", "FI"), (6, "Ä", "SE")]
    path.write_bytes("Otsikko\nToinen\nnimi;maa\nA;FI;x\n".encode("cp1252"))
    with pytest.raises(BadInput, match="line 4 has 3 cells, the header 2"):
        list(read_rows(path, layout))
