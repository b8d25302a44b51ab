"""A kernel that is started before anybody knows which report it is for, and kernels that are forks
of a server."""

import asyncio
import os
import resource
import subprocess
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from planning import settings_in

from genlib.errors import KernelStopped
from genlib.reports.execute import Kernels
from genlib.reports.forks import KernelFork
from genlib.reports.kernels import ForkServer, environment
from genlib.settings import PUBLICATION

CELL = f"""
left = {{"os", "sys", "load", "genlib"}} & set(globals())
import os, sys
assert not left
assert "great_tables" in sys.modules
assert os.environ["{PUBLICATION}"] == "2026-11-02 run"
"""
SLOW = """
import time
kernel = get_ipython().kernel
publish = kernel._publish_status
kernel._publish_status = lambda *told: (time.sleep(6), publish(*told))
print("shown")
"""
"""All that the cell shows is brought six seconds after the word that it has run."""
LEFT_BEHIND = """
import os, time
if os.fork():
    os._exit(1)
os.setsid()
time.sleep(20)
os._exit(0)
"""


@pytest.fixture
def kernels(tmp_path):
    """Kernels, one of which waits."""
    with closing(Kernels(settings_in(tmp_path))) as made:
        made.start_ahead()
        yield made


def test_a_kernel_started_ahead_has_loaded_what_reports_load_and_holds_nothing_else(kernels):
    with kernels.open("2026-11-02 run") as session:
        session.run(new_notebook(cells=[new_code_cell(CELL)]))


def test_a_kernel_that_died_while_it_waited_is_replaced_by_a_new_one(kernels):
    process = kernels._waiting.km.provisioner.process
    process.kill()
    process.wait()
    with kernels.open() as session:
        session.run(new_notebook(cells=[new_code_cell("1 + 1")]))


def test_a_kernel_of_a_busy_machine_has_time_to_bring_what_a_cell_showed(kernels):
    with kernels.open() as session:
        notebook = session.run(new_notebook(cells=[new_code_cell(SLOW)]))
    assert notebook.cells[0].outputs[0]["text"] == "shown\n"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server of which kernels are forks."""
    monkeypatch.setenv("SERVICE_TOKEN", "a secret")
    with closing(ForkServer(settings_in(tmp_path))) as started:
        yield started


@pytest.fixture
def forks(tmp_path, server):
    """Kernels of the server, one of which waits."""
    with closing(Kernels(settings_in(tmp_path), server.address)) as made:
        made.start_ahead()
        yield made


def run_cell(session, source):
    session.run(new_notebook(cells=[new_code_cell(source)]))


def find_process(kernels):
    return psutil.Process(kernels._waiting.km.provisioner.process.pid)


def test_a_fork_has_loaded_what_reports_load_and_holds_nothing_else(forks, server):
    assert find_process(forks).ppid() == server._process.pid
    with forks.open("2026-11-02 run") as session:
        run_cell(session, CELL)
        run_cell(session, "assert 'genlib.metrics.campaigns' in sys.modules")
        run_cell(session, "assert not [one for one in sys.modules if 'genlib.register' in one]")
        run_cell(session, "assert sys.stdin.read() == ''")


def test_a_fork_has_the_environment_of_a_kernel_from_its_first_moment(forks, server, tmp_path):
    wanted = environment(settings_in(tmp_path)) | {"POLARS_OOC_SPILL_DIR": server._folder.name}
    assert find_process(forks).environ() == wanted
    with forks.open("2026-11-02 run") as session:
        run_cell(session, "import os\nassert os.environ['IPYTHONDIR']")
        run_cell(session, "assert not {'SERVICE_TOKEN', 'POLARS_OOC_SPILL_DIR'} & set(os.environ)")
        run_cell(session, "import sys\nassert sys.flags.hash_randomization == 0")


def test_two_forks_draw_other_numbers_and_have_a_group_and_limits_of_their_own(forks):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    cell = (
        "import os, random, resource\n"
        "import numpy as np\n"
        "assert os.getpgid(0) == os.getpid() == os.getsid(0)\n"
        f"assert resource.getrlimit(resource.RLIMIT_NOFILE) == {limits}\n"
        "print((random.random(), float(np.random.random())))"
    )
    drawn = []
    for _ in range(2):
        with forks.open() as session:
            notebook = new_notebook(cells=[new_code_cell(cell)])
            drawn.append(session.run(notebook).cells[0].outputs[0]["text"])
    first, second = (text.strip("()\n").split(", ") for text in drawn)
    assert not set(first) & set(second)


def test_a_fork_has_as_many_threads_as_its_server_was_told(tmp_path):
    settings = settings_in(tmp_path)
    with (
        closing(ForkServer(settings, threads=3)) as server,
        closing(Kernels(settings, server.address)) as made,
        made.open() as session,
    ):
        run_cell(session, "import polars as pl\nassert pl.thread_pool_size() == 3")


def test_a_fork_that_died_while_it_waited_is_replaced_by_a_new_one(forks):
    died = find_process(forks)
    died.kill()
    died.wait(20)
    with forks.open() as session:
        run_cell(session, f"import os\nassert os.getpid() != {died.pid}")


def test_a_fork_that_died_is_not_killed_under_a_number_that_is_anothers_by_now(forks):
    died = find_process(forks)
    died.kill()
    died.wait(20)
    provisioner = forks._waiting.km.provisioner
    with subprocess.Popen(["sleep", "20"], start_new_session=True) as other:
        provisioner.process.pid = provisioner.pid = provisioner.pgid = other.pid
        asyncio.run(provisioner.kill())
        assert other.poll() is None
        other.kill()


def test_what_a_fork_started_is_killed_with_it(forks):
    process = find_process(forks)
    with forks.open() as session:
        run_cell(session, "import subprocess\nchild = subprocess.Popen(['sleep', '60'])")
        children = process.children()
    assert len(children) == 1
    assert psutil.wait_procs(children, timeout=20)[1] == []


def test_a_fork_that_dies_stops_its_report(forks):
    with forks.open() as session, pytest.raises(KernelStopped):
        run_cell(session, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")


def test_a_child_of_a_fork_does_not_keep_its_end_from_being_seen(forks):
    with forks.open() as session, pytest.raises(KernelStopped):
        run_cell(session, LEFT_BEHIND)


def test_a_fork_ends_when_nobody_is_there_for_whom_it_works(server, tmp_path):
    """Its run was killed: the connection is closed."""
    arguments = ["-f", str(tmp_path / "kernel.json")]
    fork = KernelFork(server.address, arguments, os.environ | {"A": "b"})
    process = psutil.Process(fork.pid)
    del fork
    process.wait(20)


def test_without_its_server_a_kernel_is_a_new_process(forks, server):
    server._process.kill()
    with forks.open() as session:
        run_cell(session, "1 + 1")
    with forks.open() as session:
        run_cell(session, f"import os\nassert os.getppid() == {os.getpid()}")


def test_a_server_ends_with_its_scheduler_and_leaves_nothing_of_a_release(server):
    put_aside = Path(server._folder.name) / "spilled.ipc"
    put_aside.write_bytes(b"rows")
    server._process.stdin.close()
    assert server._process.wait(20) == 0
    assert not put_aside.parent.exists()
