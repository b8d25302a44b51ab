"""Reports of every campaign and every region, without a list by hand."""

import datetime as dt
import shutil
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from planning import entry, settings_in
from small import NOW, Small

from genlib.access_log import find_log
from genlib.schedule.chain import Chain
from genlib.schedule.plan import Plan, name_slot
from genlib.schedule.serving import find_slots, open_store, read_status
from genlib.schedule.spreading import Campaign, read_campaigns
from genlib.schedule.times import find_due_slots, find_slots_of

HELSINKI = ZoneInfo("Europe/Helsinki")
DUE = dt.datetime(2026, 11, 2, 4, tzinfo=dt.UTC)
EVERY_CAMPAIGN = entry(report="campaign_history", each={"campaign": ("*",)})


def campaign(number, first, last):
    row = {"id": number, "code": f"C{number}", "name": "x", "kind": "DM"}
    days = {"starts_on": dt.date.fromisoformat(first), "ends_on": dt.date.fromisoformat(last)}
    return row | days | {"holdout_share": 0.1, "cost_cents": 0}


CAMPAIGNS = [
    campaign(1, "2026-09-01", "2026-09-30"),
    campaign(2, "2026-09-20", "2026-10-01"),
    campaign(3, "2026-10-31", "2026-12-24"),
    campaign(4, "2026-11-01", "2026-11-30"),
]


def test_of_every_campaign_those_of_the_period_come_after_the_whole():
    names = ("code", "starts_on", "ends_on")
    campaigns = [Campaign(*(row[name] for name in names)) for row in CAMPAIGNS]
    slots = find_slots_of(EVERY_CAMPAIGN, DUE, HELSINKI, campaigns)
    assert [dict(slot.parameters) for slot in slots] == [{}, {"campaign": "C2"}, {"campaign": "C3"}]
    assert [slot.after for slot in slots] == ["", slots[0].key, slots[0].key]
    assert len(find_slots_of(EVERY_CAMPAIGN, DUE, HELSINKI)) == 1


def test_every_region_is_each_that_there_is():
    slots = find_slots_of(entry(each={"region": ("*",)}), DUE, HELSINKI)
    regions = [slot.parameters["region"] for slot in slots[1:]]
    assert (len(regions), regions[0], regions[-1]) == (19, "01", "21")


@pytest.fixture
def plan(tmp_path):
    return Plan((EVERY_CAMPAIGN,), {}, None, tmp_path)


@pytest.fixture
def small(tmp_path):
    small = Small(tmp_path).people(1).add("campaign", *CAMPAIGNS[:2])
    small.publish("campaign_history")
    return small


def test_a_campaign_of_a_newer_release_comes_by_itself(plan, small, tmp_path):
    settings = settings_in(tmp_path)
    assert [one.code for one in read_campaigns(plan, settings, {})] == ["C1", "C2"]
    small.add("campaign", *CAMPAIGNS[2:])
    small.publish("campaign_history", now=NOW + dt.timedelta(hours=1))
    campaigns = read_campaigns(plan, settings, {})
    assert [one.code for one in campaigns] == ["C1", "C2", "C3", "C4"]
    assert len(find_due_slots(plan, DUE, settings.time_zone, campaigns)) == 3


def test_a_round_puts_down_the_campaigns_of_the_period(plan, small, tmp_path):
    settings = settings_in(tmp_path)
    store = open_store(settings)
    none_is_made = replace(EVERY_CAMPAIGN, catch_up=0)
    plan = replace(plan, entries=(none_is_made,))
    chain = Chain(plan, settings, store, clock=lambda: DUE)
    chain.do()
    assert len(store.read()) == 2
    small.add("campaign", *CAMPAIGNS[2:])
    small.publish("campaign_history", now=NOW + dt.timedelta(hours=1))
    chain.do()
    assert [key.partition("{")[2] for key in store.read()] == [
        "}",
        '"campaign": "C2"}',
        '"campaign": "C3"}',
    ]


def test_a_campaign_that_is_put_down_stays_while_the_release_cannot_be_opened(
    plan, small, tmp_path
):
    """Else the mail that waits about it would be struck, and its failure told by nobody."""
    settings = settings_in(tmp_path)
    store = open_store(settings)
    before = find_slots(plan, settings, {})
    assert len(before) > 1
    Chain(plan, settings, store, clock=lambda: DUE).put_down(before)
    rows = store.read()
    shutil.rmtree(settings.releases)
    assert [slot.key for slot in find_slots(plan, settings, rows)] == [slot.key for slot in before]
    by_quarter = replace(EVERY_CAMPAIGN, every="quarter")
    codes = [one.parameters.get("campaign") for one in find_slots_by(by_quarter, settings, rows)]
    assert codes == [None, "C2"]


@pytest.mark.usefixtures("small")
def test_a_report_of_a_quarter_makes_no_campaign_of_its_months_while_a_release_is_away(
    plan, tmp_path
):
    """C2 is one of September and October; of the months before nobody waits for anything."""
    settings = settings_in(tmp_path)
    monthly = replace(EVERY_CAMPAIGN, starts=dt.date(2026, 8, 1))
    quarterly = replace(monthly, name="quarterly", every="quarter")
    plan = replace(plan, entries=(monthly, quarterly))
    before = find_slots(plan, settings, {})
    store = open_store(settings)
    Chain(plan, settings, store, clock=lambda: DUE).put_down(before)
    shutil.rmtree(settings.releases)
    away = find_slots(plan, settings, store.read())
    assert [slot.key for slot in away] == [slot.key for slot in before]


def test_the_campaign_of_a_task_is_found_whatever_its_notebook_is_called(plan, tmp_path):
    settings = settings_in(tmp_path)
    key = name_slot("our {own} letters.ipynb", "2026-10", "fi", {"campaign": "C2"})
    row = {"key": key, "kind": "report", "period": "2026-10", "language": "fi"}
    assert [one.code for one in read_campaigns(plan, settings, {key: row})] == ["C2"]


def find_slots_by(one, settings, rows):
    """Those of an entry of another unit, due by the end of the year."""
    plan = Plan((one,), {}, None, settings.home)
    campaigns = read_campaigns(plan, settings, rows)
    late = dt.datetime(2027, 1, 5, tzinfo=dt.UTC)
    return find_due_slots(plan, late, settings.time_zone, campaigns)


@pytest.mark.usefixtures("small")
def test_a_release_is_opened_once_and_only_if_an_entry_asks_for_it(plan, tmp_path):
    settings = settings_in(tmp_path)
    read_campaigns(replace(plan, entries=(entry(each={"campaign": ("C1",)}),)), settings, {})
    assert not find_log(settings).exists()
    for _ in range(3):
        read_campaigns(plan, settings, {})
    assert len(find_log(settings).read_text(encoding="utf-8").splitlines()) == 1


def test_without_a_release_there_is_the_whole_alone(plan, tmp_path):
    settings = settings_in(tmp_path)
    assert read_campaigns(plan, settings, {}) == ()
    assert read_status(plan, settings, open_store(settings)) == []
