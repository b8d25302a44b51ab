"""Where the notice wants four eyes, a page goes out when a second person has let it out, as it was
read; one that was refused never does."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from catalogued import PAGE, keep, keep_waiting
from planning import settings_in
from small import ZONE

import genlib
from genlib.access_log import read_login
from genlib.cli import run as command
from genlib.cli.report import _say_run
from genlib.disclosure import Cells, Dimension, Ledger, Population
from genlib.errors import Refused, UsageError
from genlib.present.banner import DRAFT, REFUSED, WAITING, put_banner, take_banner
from genlib.present.words import Words
from genlib.private import GROUP
from genlib.register import audit, vault
from genlib.register.database import create_register, open_register
from genlib.reports import addresses, catalogue, index
from genlib.reports.catalogue import MANIFEST, Slot, find_ordered, read_run
from genlib.reports.run import forget_run, withdraw_run
from genlib.reports.second_person import (
    DIGITS,
    allow_run,
    check_digest,
    check_second_person,
    digest_run,
    refuse_run,
)
from genlib.settings import Settings

ID = "2026-11-01T040000Z-5f2c91"
OTHER = "2026-11-01T040000Z-7a2c91"
PASSWORD = "a good password"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of bertta, the second person."""
    return replace(settings_in(tmp_path), user="bertta", group_readable=True)


def read_page(run: catalogue.Run) -> str:
    return (run.folder / "report.html").read_text(encoding="utf-8")


def read_modes(run: catalogue.Run) -> set[str]:
    return {oct(stat.S_IMODE(path.stat().st_mode)) for path in (run.folder, *run.folder.iterdir())}


def test_a_page_that_waits_says_so_with_its_digest_and_is_its_owners_alone(settings):
    slot = Slot("campaign_history", "2026-10", "fi")
    files = {"report.html": b"x"}
    told = {"run_id": "x", "status": "waiting", "slot": asdict(slot)}
    run = catalogue.keep(settings.reports, slot, files, told, GROUP)
    assert read_modes(run) == {"0o700", "0o600"}
    waiting = keep_waiting(settings.reports, ID)
    assert f"Tiiviste: {digest_run(waiting)[:DIGITS]}</aside>" in read_page(waiting)


def test_what_was_let_out_is_a_good_run_as_it_was_read_and_for_its_readers(settings):
    run = keep_waiting(settings.reports, ID)
    digest = digest_run(run)
    allowed = allow_run(run, digest[:DIGITS], settings)
    assert allowed.status == "good"
    assert allowed.manifest["allowed"].items() >= {"by": "bertta", "digest": digest}.items()
    assert read_page(allowed) == PAGE
    assert read_modes(allowed) == {"0o750", "0o640"}
    with pytest.raises(UsageError, match="does not wait"):
        allow_run(run, digest, settings)


def test_a_print_is_made_of_what_was_let_out(settings):
    run = keep_waiting(settings.reports, ID, pdf=True)
    assert not run.pdf
    assert allow_run(run, digest_run(run), settings).pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("user", ["aino", "aino.m"])
def test_whoever_made_it_by_name_or_by_login_is_no_second_person(settings, user):
    run = keep_waiting(settings.reports, ID)
    maker = replace(settings, user=user)
    for decide in (
        lambda: allow_run(run, digest_run(run), maker),
        lambda: refuse_run(run, "no", maker),
    ):
        with pytest.raises(Refused, match="ask a second person"):
            decide()
    assert read_run(run.folder / MANIFEST).status == "waiting"


@pytest.mark.parametrize("name", ["user", "login"])
def test_a_maker_who_takes_another_name_is_found_out_by_the_login(settings, name):
    run = keep_waiting(settings.reports, ID, **{name: read_login()})
    with pytest.raises(Refused, match="under a login of the machine that is theirs alone"):
        check_second_person(run, replace(settings, user="zzz"))


def change_page(run: catalogue.Run) -> None:
    (run.folder / "report.html").write_text(read_page(run).replace("Lokakuu", "Marraskuu"))


def change_manifest(run: catalogue.Run) -> None:
    told = json.loads((run.folder / MANIFEST).read_text())
    (run.folder / MANIFEST).write_text(json.dumps(told | {"user": "zelda"}))


def add_file(run: catalogue.Run) -> None:
    (run.folder / "tables.xlsx").write_bytes(b"more")


def remove_page(run: catalogue.Run) -> None:
    (run.folder / "report.html").unlink()


@pytest.mark.parametrize("change", [change_page, change_manifest, add_file, remove_page])
def test_what_was_changed_since_it_was_read_stays_where_it_is(settings, change):
    run = keep_waiting(settings.reports, ID)
    digest = digest_run(run)
    change(run)
    with pytest.raises(Refused, match="its files were changed since"):
        allow_run(run, digest, settings)
    assert read_run(run.folder / MANIFEST).status == "waiting"


def test_a_part_of_a_digest_lets_nothing_out(settings):
    run = keep_waiting(settings.reports, ID)
    with pytest.raises(UsageError, match="the 12 digits"):
        check_digest(run, digest_run(run)[: DIGITS - 1])


def test_whoever_is_stopped_while_letting_it_out_does_it_again(settings):
    run = keep_waiting(settings.reports, ID)
    digest = digest_run(run)
    (run.folder / "report.html").write_text(take_banner(read_page(run)))
    assert allow_run(run, digest, settings).status == "good"


def test_a_run_on_hold_can_be_let_out(settings):
    run = keep_waiting(settings.reports, ID)
    digest = digest_run(run)
    catalogue.hold(run, {"reason": "asked", "by": "aino", "at": "2026-11-02"})
    assert allow_run(run, digest, settings).status == "good"


def test_what_was_refused_stays_for_the_record_marked_and_its_owners_alone(settings):
    run = keep_waiting(settings.reports, ID)
    refuse_run(run, "the title says too much, ask 050 1234567", settings)
    refused = read_run(run.folder / MANIFEST)
    assert refused.status == "refused"
    told = refused.manifest["refused"]
    assert (told["by"], told["reason"]) == ("bertta", "the title says too much, ask …")
    assert "toinen henkilö hylkäsi" in read_page(refused)
    assert read_modes(refused) == {"0o700", "0o600"}
    with pytest.raises(UsageError, match="does not wait"):
        allow_run(refused, digest_run(refused), settings)


def test_what_somebody_began_to_let_out_is_closed_when_it_is_refused(settings):
    run = keep_waiting(settings.reports, ID)
    (run.folder / "report.pdf").write_bytes(b"%PDF")
    for path in run.folder.iterdir():
        path.chmod(0o640)
    run.folder.chmod(0o2750)
    refuse_run(run, "unclear", settings)
    assert read_modes(run) == {"0o700", "0o600"}
    assert read_run(run.folder / MANIFEST).pdf is None


def test_a_page_that_waits_and_is_withdrawn_is_known_to_be_taken_back(settings):
    run = keep_waiting(settings.reports, ID)
    withdraw_run(run.id, settings, "a file came twice")
    assert run.id in Ledger.of(settings).list_forgotten()


def test_what_was_refused_is_not_forgotten(settings):
    run = keep_waiting(settings.reports, ID)
    refuse_run(run, "unclear", settings)
    with pytest.raises(Refused, match="stays for the record"):
        forget_run(ID, settings)
    assert run.folder.exists()


def test_withdrawing_figures_leaves_the_refused_page_of_them(settings):
    refused, other = (keep_waiting(settings.reports, run, figures=ID) for run in (ID, OTHER))
    refuse_run(refused, "unclear", settings)
    withdraw_run(OTHER, settings, "a file came twice")
    assert (refused.folder.exists(), other.folder.exists()) == (True, False)


def publish(settings: Settings, run: str) -> None:
    frame = pl.DataFrame({"region": ["01", "06", None], "people": [1043, 587, 1630]})
    genlib.protect(
        ledger=Ledger(settings.home / "ledger", date(2026, 11, 1), run),
        table=Cells(frame, (Dimension("region"),), population=Population("all")),
    )


def keep_two_pages(settings: Settings) -> list[catalogue.Run]:
    """Two pages that wait and show the same figures, which the ledger has."""
    publish(settings, ID)
    Ledger.of(settings).enter(ID)
    return [
        keep_waiting(settings.reports, run, figures=ID, together=[ID, OTHER]) for run in (ID, OTHER)
    ]


def read_withdrawn(settings: Settings) -> list[str]:
    place = settings.home / "ledger/withdrawn.json"
    return list(json.loads(place.read_text())) if place.exists() else []


def test_figures_are_withdrawn_with_the_last_page_that_shows_them(settings):
    pages = keep_two_pages(settings)
    refuse_run(pages[0], "unclear", settings)
    assert read_withdrawn(settings) == []
    refuse_run(pages[1], "unclear", settings)
    assert read_withdrawn(settings) == [ID]


def stop_before_withdrawing(settings: Settings) -> catalogue.Run:
    """A run that was refused by somebody who was stopped before its figures were withdrawn."""
    publish(settings, ID)
    Ledger.of(settings).enter(ID)
    run = keep_waiting(settings.reports, ID)
    refused = {"by": "bertta", "at": "2026-11-02T04:00:00+00:00", "reason": "unclear"}
    manifest = {**run.manifest, "status": "refused", "refused": refused}
    (run.folder / MANIFEST).write_text(json.dumps(manifest))
    return read_run(run.folder / MANIFEST)


def test_a_refusal_that_was_stopped_goes_on_and_is_then_over(settings):
    run = stop_before_withdrawing(settings)
    refuse_run(run, "something else", settings)
    assert read_withdrawn(settings) == [ID]
    assert read_run(run.folder / MANIFEST).manifest["refused"]["reason"] == "unclear"
    with pytest.raises(UsageError, match="does not wait"):
        refuse_run(run, "again", settings)


def test_the_figures_of_a_refused_page_can_be_withdrawn_and_the_page_stays(settings):
    run = stop_before_withdrawing(settings)
    assert withdraw_run(ID, settings, "unclear") > 0
    assert read_withdrawn(settings) == [ID]
    assert run.folder.exists()


def test_forgetting_the_last_page_but_refused_ones_withdraws_the_figures(settings):
    pages = keep_two_pages(settings)
    refuse_run(pages[0], "unclear", settings)
    assert forget_run(OTHER, settings) == 0
    assert read_withdrawn(settings) == [ID]


def test_figures_that_another_language_shows_stand(settings):
    publish(settings, ID)
    pages = [
        keep_waiting(settings.reports, run, figures=ID, together=[ID, OTHER]) for run in (ID, OTHER)
    ]
    allow_run(pages[0], digest_run(pages[0]), settings)
    refuse_run(pages[1], "unclear", settings)
    assert read_withdrawn(settings) == []


def test_nothing_leads_to_what_is_not_out_but_the_front_page_tells_of_it(settings):
    keep(settings.reports, "2026-10-01", "good")
    first = keep_waiting(settings.reports, ID)
    second = keep_waiting(settings.reports, OTHER)
    refuse_run(second, "unclear", settings)
    page = index.write(settings.reports, ZONE).read_text(encoding="utf-8")
    assert re.findall(r'class="state">([^<]+)', page) == ["hylätty", "odottaa hyväksyntää"]
    assert f"genlib report open {ID}" in re.sub("<[^>]+>", "", page)
    assert f"{first.id}/" not in page
    for name in ("latest", "latest-good"):
        lead = settings.reports / "campaign_history" / name / "index.html"
        assert "2026-10-01/" in lead.read_text(encoding="utf-8")


def test_a_report_that_was_never_let_out_has_no_address(settings):
    run = keep_waiting(settings.reports, ID)
    addresses.write(settings.reports, [run], ZONE)
    assert not list(settings.reports.glob("*/latest*"))


def test_a_report_is_found_from_the_day_on_which_it_was_let_out(settings):
    run = keep_waiting(settings.reports, ID)
    allowed = allow_run(run, digest_run(run), settings)
    zone = ZoneInfo(ZONE)
    out_on = settings.day_of(datetime.fromisoformat(allowed.manifest["allowed"]["at"]))
    asked = [date(2026, 11, 1), out_on]
    found = [addresses.find_run([allowed], "campaign_history", "fi", zone, day) for day in asked]
    assert found == [None, allowed]
    index.write(settings.reports, ZONE)
    (folder,) = settings.reports.glob("campaign_history/as-of/*")
    assert folder.name == out_on.isoformat()


def test_an_order_finds_its_run_that_waits_and_not_one_that_was_refused(settings):
    run = keep_waiting(settings.reports, ID, order="slot")
    assert find_ordered(settings.reports, run.slot, "slot").id == ID
    refuse_run(run, "unclear", settings)
    assert find_ordered(settings.reports, run.slot, "slot") is None


def test_who_comes_second_decides_nothing(settings):
    run = keep_waiting(settings.reports, ID)
    refuse_run(run, "unclear", settings)
    for decide in (check_second_person, lambda one, places: refuse_run(one, "again", places)):
        with pytest.raises(UsageError, match="does not wait"):
            decide(read_run(run.folder / MANIFEST), settings)


def test_a_banner_comes_off_to_the_byte_and_cannot_break_the_page():
    assert take_banner(put_banner(PAGE, '</style><script>"')) == PAGE
    assert "<script>" not in put_banner(PAGE, '</style><script>"')


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_every_sentence_about_what_is_not_out_can_be_said(language):
    said = [DRAFT, WAITING, REFUSED, *index.HELD.values(), *index.WHY_HELD.values()]
    assert Words(language).missing(said) == []


@pytest.fixture
def home(settings, monkeypatch):
    """A workbench with a register and keys: bertta is the publisher, erja the privacy officer."""
    monkeypatch.setattr(vault, "COST", {"time": 1, "memory_kib": 64, "lanes": 1})
    monkeypatch.setenv("GENLIB_HOME", str(settings.home))
    monkeypatch.setenv("GENLIB_PASSWORD_FILE", str(settings.home / "password"))
    (settings.home / "password").write_text(PASSWORD)
    vault.create_keys(settings.keys, user="erja", password=PASSWORD, publisher=("bertta", PASSWORD))
    create_register(settings.register)
    return settings.home


def ask(monkeypatch, user, *words):
    monkeypatch.setenv("GENLIB_USER", user)
    return command(["report", *words])


def test_a_publisher_lets_it_out_in_the_audit_trail_and_nobody_else(
    home, settings, monkeypatch, capsys
):
    run = keep_waiting(settings.reports, ID)
    digest = digest_run(run)
    line = ("allow", ID, "--digest", digest[:DIGITS])
    assert ask(monkeypatch, "erja", *line) == 3
    assert "needs the level publisher for this; ask bertta" in capsys.readouterr().err
    (home / "password").write_text("not hers at all")
    assert ask(monkeypatch, "bertta", *line) == 3
    (home / "password").write_text(PASSWORD)
    assert ask(monkeypatch, "bertta", "allow", ID, "--digest", "0" * DIGITS) == 3
    assert read_run(run.folder / MANIFEST).status == "waiting"
    assert ask(monkeypatch, "bertta", *line) == 0
    assert read_run(run.folder / MANIFEST).status == "good"
    (event,) = audit.list_events(open_register(settings.register), action="report allow")
    told = {"run": ID, "report": "campaign_history", "digest": digest}
    assert (event.user, json.loads(event.detail)) == ("bertta", told)


def test_whoever_made_it_is_told_the_whole_command_that_lets_it_out(settings, capsys):
    _say_run(keep_waiting(settings.reports, ID), "campaign_history")
    assert f"genlib report allow {ID} --digest DIGITS" in capsys.readouterr().err


def test_a_refusal_stands_in_the_audit_trail_and_in_the_list(home, settings, monkeypatch, capsys):
    keep_waiting(settings.reports, OTHER)
    keep_waiting(settings.reports, ID)
    assert ask(monkeypatch, "bertta", "refuse", ID, "--reason", "unclear") == 0
    (event,) = audit.list_events(open_register(settings.register), action="report refuse")
    assert (event.user, json.loads(event.detail)["run"]) == ("bertta", ID)
    capsys.readouterr()
    assert ask(monkeypatch, "aino", "list") == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in listed] == [["waiting", OTHER], ["refused", ID]]
    assert ask(monkeypatch, "aino", "list", "--json") == 0
    assert {one["status"] for one in json.loads(capsys.readouterr().out)} == {"waiting", "refused"}
