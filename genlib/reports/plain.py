"""A report's code is plain: it calls what genlib offers and reaches nothing else, so it cannot make
by hand what door 2 must have made.

The gate looks at what comes out of a kernel; whoever wrote the code could make that look right. So
what is not known to be harmless is not run: other imports than genlib's own, names with a leading
underscore, classes, commands of IPython, writing to attributes, and Python's ways around a wall
(eval, getattr, type, object ...).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

import genlib
from genlib.errors import CellFailed
from genlib.reports.gate import numbered

ROOMS = {
    "genlib.present": {"charts", "tables", "page", "findings"},
    "genlib.metrics": {"campaigns", "contacts", "customers", "satisfaction"},
    "genlib.disclosure.cells": {"Dimension", "Measure", "PEOPLE"},
    "genlib.disclosure.counting": {"tabulate"},
    "polars": {"col", "lit", "when", "len"},
    "datetime": {"date", "timedelta"},
}
"""Beside genlib itself: what may be imported from where."""
BUILTINS = {
    *(
        "range",
        "len",
        "sum",
        "min",
        "max",
        "sorted",
        "reversed",
        "zip",
        "enumerate",
        "round",
        "abs",
        "any",
        "all",
    ),
    *("list", "dict", "set", "tuple", "str", "int", "float", "bool"),
}
OPENERS = ("_", "write_", "sink_", "scan_", "read_", "map_")
CLOSED = {"seal", "frame", "deserialize", "serialize", "spark", "settings"}


def check_plain(notebook: Mapping[str, Any]) -> None:
    """CellFailed for the first cell whose code could do something else than call what genlib
    offers."""
    cells = [
        (place, _parsed(cell, place))
        for place, cell in numbered(notebook)
        if cell["cell_type"] == "code"
    ]
    nodes = [(place, node) for place, tree in cells for node in ast.walk(tree)]
    modules = dict[str, ModuleType]()
    names = set(BUILTINS)
    for place, node in nodes:
        for name, module in _bound(node, place):
            if module:
                modules[name] = module
            names.add(name)
    bases = {id(node.value): node.attr for _, node in nodes if isinstance(node, ast.Attribute)}
    for place, node in nodes:
        if found := _strange(node, names) or _loose(node, modules, bases):
            raise _stopped(place, found)


def _parsed(cell: Mapping[str, Any], place: int) -> ast.Module:
    try:
        return ast.parse("".join(cell["source"]))
    except (SyntaxError, ValueError):
        raise _stopped(place, "something that is not plain Python") from None


def _bound(node: ast.AST, place: int) -> Iterator[tuple[str, ModuleType | None]]:
    """The names that a node gives a meaning to, and the module where it is one."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id, None
    elif isinstance(node, ast.arg):
        yield node.arg, None
    elif isinstance(node, ast.FunctionDef):
        yield node.name, None
    elif isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name != "genlib":
                raise _stopped(place, "an import from outside genlib")
            yield alias.asname or alias.name, genlib
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, _imported(node, alias.name, place)


def _imported(node: ast.ImportFrom, name: str, place: int) -> ModuleType | None:
    offered = (
        set(genlib.__all__) if node.module == "genlib" else ROOMS.get(node.module or "", set())
    )
    if name not in offered or node.level:
        raise _stopped(place, "an import from outside genlib")
    found = getattr(import_module(node.module or ""), name)
    return found if isinstance(found, ModuleType) else None


def _strange(node: ast.AST, names: set[str]) -> str:
    if isinstance(
        node,
        ast.ClassDef
        | ast.Global
        | ast.Nonlocal
        | ast.With
        | ast.AsyncFunctionDef
        | ast.Await
        | ast.Delete,
    ):
        return f"a {type(node).__name__}"
    if isinstance(node, ast.Name) and (
        node.id.startswith("_") or (isinstance(node.ctx, ast.Load) and node.id not in names)
    ):
        return "a name that is neither its own nor a plain one of Python"
    if isinstance(node, ast.Attribute):
        closed = node.attr.startswith(OPENERS) or node.attr in CLOSED
        return "an inner part of something" if closed or not isinstance(node.ctx, ast.Load) else ""
    return ""


def _loose(node: ast.AST, modules: Mapping[str, ModuleType], bases: Mapping[int, str]) -> str:
    """A module may only be asked for what it offers: its own functions, those it lists as its own,
    and plain constants."""
    if not isinstance(node, ast.Name) or node.id not in modules:
        return ""
    offered = (
        isinstance(node.ctx, ast.Load)
        and id(node) in bases
        and _offers(modules[node.id], bases[id(node)])
    )
    return "" if offered else "a module otherwise than by what it offers"


def _offers(module: ModuleType, name: str) -> bool:
    if module is genlib:
        return name in genlib.__all__ and not isinstance(getattr(module, name), ModuleType)
    found = getattr(module, name, None)
    listed = getattr(module, "__all__", ())
    own = isinstance(found, FunctionType) and (
        name in listed or found.__module__.startswith(module.__name__)
    )
    return own or isinstance(found, str | int | float | tuple)


def _stopped(place: int, found: str) -> CellFailed:
    return CellFailed(
        f"uses {found}; a report calls only what genlib offers", cell=place, error="code"
    )
