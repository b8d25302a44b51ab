"""How it stands with a report that waits for a second person."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from catalogued import keep_waiting
from planning import entry, settings_in

from genlib.disclosure.ledger import Ledger
from genlib.schedule.reporting import find_decision
from genlib.schedule.times import find_slots_of

MADE = dt.datetime(2026, 11, 2, 4, tzinfo=dt.UTC)
RUN = "2026-11-02T040000Z-5f2c91"
ROW = {"run": RUN, "finished_at": MADE}


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path)


def decide(settings, now=MADE):
    """Status and reason; the page is kept for two months."""
    (slot,) = find_slots_of(entry(keep_months=2), MADE, ZoneInfo("Europe/Helsinki"))
    outcome = find_decision(slot, ROW, settings, now)
    return outcome.status, outcome.reason


def test_a_run_whose_disk_is_not_there_waits_and_is_found_when_it_is(settings):
    run = keep_waiting(settings.reports, RUN)
    settings.reports.rename(settings.home / "elsewhere")
    assert decide(settings) == ("approval", "its run cannot be read here now")
    (settings.home / "elsewhere").rename(settings.reports)
    status, reason = decide(settings)
    assert (status, run.id in reason) == ("approval", True)


def test_a_run_that_is_gone_is_refused_when_it_was_taken_back(settings):
    Ledger.of(settings).note_forgotten(RUN, by="aino")
    assert decide(settings)[0] == "refused"


def test_a_run_that_is_gone_is_refused_from_the_day_that_it_was_kept_until(settings):
    first = dt.datetime(2027, 1, 31, 22, tzinfo=dt.UTC)  # midnight at the company
    assert decide(settings, first - dt.timedelta(seconds=1))[0] == "approval"
    reason = "no second person let it out while it was kept, until 2027-02-01"
    assert decide(settings, first) == ("refused", reason)
