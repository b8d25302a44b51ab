"""A kernel that is started before anybody knows which report it is for."""

from nbformat.v4 import new_code_cell, new_notebook
from planning import settings_in

from genlib.reports.execute import open_kernels
from genlib.settings import PUBLICATION

CELL = f"""
left = {{"os", "sys", "load", "genlib"}} & set(globals())
import os, sys
assert not left
assert "great_tables" in sys.modules
assert os.environ["{PUBLICATION}"] == "2026-11-02 run"
"""


def test_a_kernel_started_ahead_has_loaded_what_reports_load_and_holds_nothing_else(tmp_path):
    with open_kernels(settings_in(tmp_path)) as kernels, kernels.open("2026-11-02 run") as session:
        session.run(new_notebook(cells=[new_code_cell(CELL)]))
