"""Addresses that stay."""

import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from catalogued import keep as keep_run
from small import ZONE

from genlib.reports import addresses, catalogue, index


def keep(reports, run_id, status, day, **slot):
    run = keep_run(reports, run_id, status, **slot)
    manifest = run.folder / "manifest.json"
    text = manifest.read_text().replace("2026-11-01T04:00:01", f"{day}T04:00:01")
    manifest.write_text(text)


def lead(reports: Path, address: str) -> str:
    """Where an address leads to, from the catalogue."""
    page = reports / "campaign_history" / address
    target = re.search(r'content="0;url=([^"]+)"', page.read_text(encoding="utf-8"))[1]
    found = (page.parent / target).resolve()
    assert found.is_file()
    return found.relative_to(reports.resolve()).as_posix()


def make(reports):
    keep(reports, "2026-1", "good", "2026-11-02")
    keep(reports, "2026-2", "good", "2026-11-05")
    keep(reports, "2026-3", "good", "2026-11-05", period="2026-09")
    keep(reports, "2026-4", "failed", "2026-11-06")
    keep(reports, "2026-5", "good", "2026-11-07", slug="region-01")
    index.write(reports, ZONE)


def test_each_address_leads_to_its_run(tmp_path):
    make(tmp_path)
    assert lead(tmp_path, "latest/index.html") == "campaign_history/2026-10/fi/2026-4/report.ipynb"
    good = "campaign_history/2026-10/fi/2026-2/report.html"
    assert lead(tmp_path, "latest-good/index.html") == good
    assert lead(tmp_path, "latest-good/fi.html") == good
    then = "campaign_history/2026-10/fi/2026-1/report.html"
    assert lead(tmp_path, "as-of/2026-11-02/index.html") == then
    assert lead(tmp_path, "as-of/2026-11-05/index.html") == good


def test_any_day_is_answered(tmp_path):
    make(tmp_path)
    runs = catalogue.runs(tmp_path)
    zone = ZoneInfo(ZONE)
    asked = [None, date(2026, 11, 4), date(2026, 11, 1)]
    found = [addresses.find_run(runs, "campaign_history", "fi", zone, day) for day in asked]
    assert [run and run.id for run in found] == ["2026-2", "2026-1", None]


def test_an_address_moves_with_the_newest_and_goes_with_the_last(tmp_path):
    make(tmp_path)
    for run in catalogue.runs(tmp_path):
        if run.id != "2026-1":
            catalogue.remove(run)
    index.write(tmp_path, ZONE)
    assert lead(tmp_path, "latest/index.html") == "campaign_history/2026-10/fi/2026-1/report.html"
    assert not (tmp_path / "campaign_history/as-of/2026-11-05/index.html").exists()
