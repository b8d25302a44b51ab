"""genlib: pseudonymised releases in, protected reports out.

The analyst's names; each is loaded when first used, so that `import genlib` is fast and touches
nothing left of door 1.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from genlib.lazy import lazily

if TYPE_CHECKING:
    from genlib.disclosure.cells import Dimension, Measure
    from genlib.disclosure.counting import tabulate
    from genlib.disclosure.protect import protect
    from genlib.metrics import campaigns, customers, satisfaction
    from genlib.metrics.figures import Mean, Rate, Share
    from genlib.present import charts, page, tables
    from genlib.present.saving import save
    from genlib.release import open_release, releases
    from genlib.reports.browse import catalogue
    from genlib.reports.form import report_form
    from genlib.reports.run import run_report
    from genlib.reviewing import review

__all__ = [
    "Dimension",
    "Mean",
    "Measure",
    "Rate",
    "Share",
    "campaigns",
    "catalogue",
    "charts",
    "customers",
    "open_release",
    "page",
    "protect",
    "releases",
    "report_form",
    "review",
    "run_report",
    "satisfaction",
    "save",
    "tables",
    "tabulate",
]

__version__ = version("genlib")

# Period too: who writes one as text, as every metric takes it, needs no such name.
_HOMES = {
    "Dimension": "genlib.disclosure.cells",
    "Mean": "genlib.metrics.figures",
    "Measure": "genlib.disclosure.cells",
    "Period": "genlib.period",
    "Rate": "genlib.metrics.figures",
    "Share": "genlib.metrics.figures",
    "campaigns": "genlib.metrics",
    "catalogue": "genlib.reports.browse",
    "charts": "genlib.present",
    "customers": "genlib.metrics",
    "open_release": "genlib.release",
    "page": "genlib.present",
    "protect": "genlib.disclosure.protect",
    "releases": "genlib.release",
    "report_form": "genlib.reports.form",
    "review": "genlib.reviewing",
    "run_report": "genlib.reports.run",
    "satisfaction": "genlib.metrics",
    "save": "genlib.present.saving",
    "tables": "genlib.present",
    "tabulate": "genlib.disclosure.counting",
}


__getattr__ = lazily("genlib", _HOMES)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
