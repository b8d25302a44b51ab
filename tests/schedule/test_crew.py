"""Processes that make reports one after another."""

import datetime as dt
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import nbformat
import psutil
import pytest
from approving import approve
from planning import entry, settings_in

from genlib.reports.kernels import ROOT
from genlib.schedule.crew import Crew
from genlib.schedule.reporting import Making
from genlib.schedule.times import find_slots_of

SCHEDULER = """
import sys, time
from pathlib import Path
from genlib.schedule.crew import Crew
from planning import settings_in
crew = Crew(settings_in(Path(sys.argv[1])))
crew.call(1)
print(crew._server._process.pid, flush=True)
time.sleep(600)
"""
"""A scheduler that says which process is its server."""
NOW = dt.datetime(2026, 11, 2, 5, tzinfo=dt.UTC)


@pytest.fixture
def task(tmp_path):
    """A report without a notebook, which is refused."""
    (slot,) = find_slots_of(entry(report="none.ipynb"), NOW, ZoneInfo("Europe/Helsinki"))
    return Making(slot, (), tmp_path)


def wait(worker):
    """How its report ended."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if outcome := worker.wait(1):
            return outcome
    raise TimeoutError


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
        assert wait(worker).error == "UsageError"
        assert psutil.Process(worker.pid).rlimit(psutil.RLIMIT_FSIZE)[0] == 0
        worker.stop()


def test_a_process_makes_one_report_after_another_and_no_more_when_it_was_killed(task, tmp_path):
    with closing(Crew(settings_in(tmp_path))) as crew:
        worker = crew.start(task, NOW)
        assert wait(worker).status == "refused"  # there is no such notebook
        worker.stop()
        os.kill(worker.pid, signal.SIGSTOP)  # it has not begun when it is killed
        assert crew.start(task, NOW) is worker
        os.kill(worker.pid, signal.SIGKILL)
        assert wait(worker).error == "Killed"
        worker.stop()
        assert crew.free == 0


def test_a_process_that_was_killed_while_it_was_free_costs_no_report(task, tmp_path):
    with closing(Crew(settings_in(tmp_path))) as crew:
        worker = crew.start(task, NOW)
        assert wait(worker).status == "refused"
        worker.stop()
        os.kill(worker.pid, signal.SIGKILL)
        while psutil.pid_exists(worker.pid):
            time.sleep(0.05)
        again = crew.start(task, NOW)
        assert again is not worker
        assert wait(again).status == "refused"
        again.stop()
        assert crew.free == 1


def find_server(crew):
    return psutil.Process(crew._server._process.pid)


def wait_for_forks(crew, count):
    """Its processes and their kernels, once there are so many."""
    server = find_server(crew)
    end = time.monotonic() + 60
    while len(forks := server.children()) < count and time.monotonic() < end:
        time.sleep(0.1)
    assert len(forks) == count
    return forks


def test_processes_of_a_crew_and_their_kernels_are_forks_of_its_server_which_ends_with_it(tmp_path):
    with closing(Crew(settings_in(tmp_path))) as crew:
        crew.call(2)
        server = find_server(crew)
        forks = wait_for_forks(crew, 4)
    assert psutil.wait_procs([server, *forks], timeout=20)[1] == []


def test_a_secret_of_the_scheduler_is_in_no_environment_that_others_read(
    task, tmp_path, monkeypatch
):
    monkeypatch.setenv("SERVICE_TOKEN", "a secret")
    with closing(Crew(settings_in(tmp_path))) as crew:
        worker = crew.start(task, NOW)
        assert wait(worker).status == "refused"
        worker.stop()
        for fork in wait_for_forks(crew, 2):
            assert "SERVICE_TOKEN" not in fork.environ()


@pytest.fixture
def endless(tmp_path):
    """A report whose first cell starts a process and goes on for ten minutes."""
    source = "import subprocess, time\nsubprocess.Popen(['sleep', '612'])\ntime.sleep(600)"
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "endless.ipynb")
    (slot,) = find_slots_of(entry(report="endless.ipynb"), NOW, ZoneInfo("Europe/Helsinki"))
    return Making(slot, (), tmp_path)


def find_sleep(forks):
    """What the cell started, once it is there."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for fork in forks:
            for child in fork.children():
                if child.cmdline() == ["sleep", "612"]:
                    return child
        time.sleep(0.1)
    raise TimeoutError


def test_a_report_whose_server_was_killed_goes_on_and_is_ended_by_its_scheduler(endless, tmp_path):
    settings = settings_in(tmp_path)
    approve(tmp_path / "endless.ipynb", settings)
    with closing(Crew(settings)) as crew:
        worker = crew.start(endless, NOW)
        forks = wait_for_forks(crew, 2)
        sleep = find_sleep(forks)
        find_server(crew).kill()
        assert worker.wait(1) is None
        assert worker.is_alive
        worker.stop()  # as at its time limit, or when its claim is another's
        assert psutil.wait_procs([*forks, sleep], timeout=20)[1] == []


def test_a_crew_whose_server_was_killed_has_another(task, tmp_path):
    with closing(Crew(settings_in(tmp_path))) as crew:
        crew.call(1)
        wait_for_forks(crew, 2)
        server = find_server(crew)
        server.kill()
        server.wait(20)
        first, second = crew.start(task, NOW), crew.start(task, NOW)
        assert wait(first).status == wait(second).status == "refused"
        first.stop()
        second.stop()


def test_a_crew_whose_server_takes_nobody_any_more_has_another(task, tmp_path):
    """It runs still, since it is about to end; the new one's have as many threads."""
    with closing(Crew(settings_in(tmp_path))) as crew:
        crew.call(2)
        threads = find_server(crew).environ()["POLARS_MAX_THREADS"]
        wait_for_forks(crew, 4)
        Path(crew._server.address).unlink()
        workers = [crew.start(task, NOW) for _ in range(3)]
        assert [wait(worker).status for worker in workers] == ["refused"] * 3
        assert find_server(crew).environ()["POLARS_MAX_THREADS"] == threads
        for worker in workers:
            worker.stop()


@contextmanager
def start_scheduler(path):
    """A process with a crew, and the crew's server."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    with subprocess.Popen(
        [sys.executable, "-c", SCHEDULER, path],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    ) as scheduler:
        try:
            yield scheduler, psutil.Process(int(scheduler.stdout.readline()))
        finally:
            scheduler.kill()


def test_a_process_ends_with_its_scheduler_though_its_server_was_killed_before(tmp_path):
    with start_scheduler(tmp_path) as (scheduler, server):
        end = time.monotonic() + 60
        while len(forks := server.children()) < 2 and time.monotonic() < end:
            time.sleep(0.1)
        server.kill()
        assert psutil.wait_procs(forks, timeout=1)[0] == []
        scheduler.kill()
        assert psutil.wait_procs(forks, timeout=20)[1] == []


def test_a_crew_that_nobody_needs_starts_no_server(tmp_path):
    before = psutil.Process().children()
    with closing(Crew(settings_in(tmp_path))) as crew:
        crew.call(0)
        assert psutil.Process().children() == before
