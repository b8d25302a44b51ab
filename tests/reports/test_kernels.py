"""A kernel that is started before anybody knows which report it is for."""

from contextlib import closing

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from planning import settings_in

from genlib.reports.execute import Kernels
from genlib.settings import PUBLICATION

CELL = f"""
left = {{"os", "sys", "load", "genlib"}} & set(globals())
import os, sys
assert not left
assert "great_tables" in sys.modules
assert os.environ["{PUBLICATION}"] == "2026-11-02 run"
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
