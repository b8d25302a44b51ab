"""Names that load when they are first used, so that a room can be entered without carrying all of
its furniture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any


def lazily(package: str, homes: Mapping[str, str] = MappingProxyType({})) -> Callable[[str], Any]:
    """The `__getattr__` of a package: names from the modules that `homes` gives them, else its own
    modules by name."""

    def member(name: str) -> Any:
        home = homes.get(name, package)
        if home != package and name in vars(module := import_module(home)):
            return vars(module)[name]
        if name.startswith("_"):  # asked by Python and Jupyter
            raise AttributeError(name)
        if find_spec(f"{home}.{name}") is None:
            from genlib.errors import NoSuchName

            names = vars(import_module(package)).get("__all__", [])
            known = f"; it has {', '.join(names)}" if names else ""
            raise NoSuchName(f"{package} has no such name{known}")
        return import_module(f"{home}.{name}")

    return member
