"""genlib: pseudonymised releases in, protected reports out.

The analyst's names; each is loaded when first used, so that `import genlib` is fast and touches nothing left of door 1.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genlib import notice, permission
    from genlib.disclosure.protect import protect
    from genlib.metrics import campaigns, customers, satisfaction
    from genlib.period import Period
    from genlib.present import charts, page, tables
    from genlib.release import open_release
    from genlib.reports.run import run_report

__all__ = [
    "Period",
    "campaigns",
    "charts",
    "customers",
    "notice",
    "open_release",
    "page",
    "permission",
    "protect",
    "run_report",
    "satisfaction",
    "tables",
]

__version__ = version("genlib")

_HOMES = {
    "Period": "genlib.period",
    "campaigns": "genlib.metrics",
    "charts": "genlib.present",
    "customers": "genlib.metrics",
    "open_release": "genlib.release",
    "page": "genlib.present",
    "protect": "genlib.disclosure.protect",
    "run_report": "genlib.reports.run",
    "satisfaction": "genlib.metrics",
    "tables": "genlib.present",
}


def __getattr__(name: str) -> Any:
    """A name of `__all__` from its home, or a room (`genlib.register`) whose modules load on use as well."""
    if home := _HOMES.get(name):
        return _member(home, name)
    if name.startswith("_") or find_spec(f"genlib.{name}") is None:
        raise AttributeError(f"genlib has no {name}")
    return import_module(f"genlib.{name}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def _member(home: str, name: str) -> Any:
    found = import_module(home)
    return vars(found)[name] if name in vars(found) else import_module(f"{home}.{name}")
