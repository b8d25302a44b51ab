"""Runs of a catalogue, written out."""

from dataclasses import asdict
from pathlib import Path

from genlib.reports import catalogue
from genlib.reports.catalogue import Slot


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
