"""Processes that make reports one after another."""

import datetime as dt
import os
import resource
import signal
import time
from contextlib import closing, contextmanager
from zoneinfo import ZoneInfo

import psutil
import pytest
from planning import entry, settings_in

from genlib.schedule.crew import Crew
from genlib.schedule.reporting import Making
from genlib.schedule.times import find_slots_of

NOW = dt.datetime(2026, 11, 2, 5, tzinfo=dt.UTC)


@pytest.fixture
def task(tmp_path):
    """A report without a notebook, which is refused."""
    (slot,) = find_slots_of(entry(report="none.ipynb"), NOW, ZoneInfo("Europe/Helsinki"))
    return Making(slot, (), tmp_path)


@contextmanager
def forbid_files():
    """What is started meanwhile can write nothing, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_process_that_can_start_no_kernel_ahead_goes_on_without(task, tmp_path):
    with closing(Crew(settings_in(tmp_path))) as crew:
        with forbid_files():
            crew.call(1)
        worker = crew.start(task, NOW)
        assert worker.wait(60).error == "UsageError"
        worker.stop()


def test_a_process_makes_one_report_after_another_and_no_more_when_it_was_killed(task, tmp_path):
    with closing(Crew(settings_in(tmp_path))) as crew:
        worker = crew.start(task, NOW)
        assert worker.wait(60).status == "refused"  # there is no such notebook
        worker.stop()
        os.kill(worker.pid, signal.SIGSTOP)  # it has not begun when it is killed
        assert crew.start(task, NOW) is worker
        os.kill(worker.pid, signal.SIGKILL)
        assert worker.wait(60).error == "Killed"
        worker.stop()
        assert crew.free == 0


def test_a_process_that_was_killed_while_it_was_free_costs_no_report(task, tmp_path):
    with closing(Crew(settings_in(tmp_path))) as crew:
        worker = crew.start(task, NOW)
        assert worker.wait(60).status == "refused"
        worker.stop()
        os.kill(worker.pid, signal.SIGKILL)
        os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
        again = crew.start(task, NOW)
        assert again is not worker
        assert again.wait(60).status == "refused"
        again.stop()
        assert crew.free == 1


def test_kernels_of_a_crew_are_forks_of_its_server_which_ends_with_it(tmp_path):
    with closing(Crew(settings_in(tmp_path))) as crew:
        crew.call(1)
        server = psutil.Process(crew._server._process.pid)
        while not (kernels := server.children()):
            time.sleep(0.1)
    assert psutil.wait_procs([server, *kernels], timeout=20)[1] == []


def test_a_crew_that_nobody_needs_starts_no_server(tmp_path):
    before = psutil.Process().children()
    with closing(Crew(settings_in(tmp_path))) as crew:
        crew.call(0)
        assert psutil.Process().children() == before
