"""An experiment that was never shown to anyone is taken back: out of the ledger, so that later reports need not heed it, and out of the
catalogue, so that nobody reads it after all."""

from __future__ import annotations

from genlib.disclosure.ledger import Ledger
from genlib.errors import UsageError
from genlib.reports import catalogue, index
from genlib.reports.catalogue import Run
from genlib.settings import Settings


def find_run(run_id: str, settings: Settings) -> Run | None:
    """The run of the catalogue with this id; None of one that was killed and is in the ledger only. UsageError if it is in neither."""
    found = next((run for run in catalogue.runs(settings.reports) if run.id == run_id), None)
    if found is None and not Ledger.of(settings).published(run_id):
        raise UsageError("no run of that id; genlib report list shows the runs with their ids")
    return found


def forget_run(run_id: str, settings: Settings) -> int:
    """Take a run back; the number of its publications. The ledger keeps who did it and when."""
    found = find_run(run_id, settings)
    if found is not None:
        catalogue.remove(found)
        index.write(settings.reports)
    return Ledger.of(settings).forget(run_id, by=settings.user)
