"""Processes that make reports one after another."""

import datetime as dt
import os
import signal
from contextlib import closing
from zoneinfo import ZoneInfo

from planning import entry, settings_in

from genlib.schedule.crew import Crew
from genlib.schedule.reporting import Making
from genlib.schedule.times import find_slots_of

NOW = dt.datetime(2026, 11, 2, 5, tzinfo=dt.UTC)


def test_a_process_makes_one_report_after_another_and_no_more_when_it_was_killed(tmp_path):
    (slot,) = find_slots_of(entry(report="none.ipynb"), NOW, ZoneInfo("Europe/Helsinki"))
    task = Making(slot, (), tmp_path)
    with closing(Crew(settings_in(tmp_path))) as crew:
        worker = crew.start(task, NOW)
        assert worker.wait(60).status == "refused"  # there is no such notebook
        worker.stop()
        assert crew.start(task, NOW) is worker
        assert worker.wait(60).status == "refused"
        os.kill(worker.pid, signal.SIGKILL)
        worker.stop()
        again = crew.start(task, NOW)
        assert again.wait(60).error == "Killed"
        again.stop()
        assert crew.free == 0
