"""Runs of a catalogue, written out."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from genlib.private import OWNER, Access
from genlib.reports import catalogue, second_person
from genlib.reports.catalogue import Slot

PAGE = "<html><head></head><body><header><h1>Lokakuu</h1></header></body></html>"


def keep(reports: Path, run_id: str, status: str, **slot: str) -> catalogue.Run:
    place = Slot(**{"report": "campaign_history", "period": "2026-10", "language": "fi", **slot})
    files = {"report.ipynb": b"{}"} | ({"report.html": b"<p>"} if status == "good" else {})
    told = {
        "run_id": run_id,
        "status": status,
        "slot": asdict(place),
        "finished_at": "2026-11-01T04:00:01+00:00",
    }
    told |= {"chosen": {"region": "01"}} if slot.get("slug") else {}
    told |= {"failed_cell": 4} if status == "failed" else {}
    return catalogue.keep(reports, place, files, told)


def keep_waiting(
    reports: Path, run_id: str, access: Access = OWNER, waiting: Access = OWNER, **more: Any
) -> catalogue.Run:
    """A run of aino's that waits for a second person, with what else its manifest says."""
    place = Slot("campaign_history", "2026-10", "fi")
    told = {
        "run_id": run_id,
        "status": catalogue.WAITING,
        "slot": asdict(place),
        "finished_at": "2026-11-01T04:00:01+00:00",
        "user": "aino",
        "login": "aino.m",
        "pdf": False,
        **more,
    }
    files = {second_person.PAGE: PAGE.encode(), "report.ipynb": b"{}"}
    marked = second_person.mark_page(files, told, "fi")
    return catalogue.keep(reports, place, marked, told, access, waiting=waiting)
