"""Recipes: all that a report shows is kept as the call that made it, on names of protected tables
and places in them.

A run that publishes draws nothing in its kernel: the exporter makes each thing anew from the
protected tables, so what leaves cannot be anything else than what `present` makes of them. In
JupyterLab a thing is drawn where it is made, and on export must come out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import wraps
from importlib import import_module
from types import SimpleNamespace
from typing import Any, ParamSpec

from genlib.disclosure.table import Protected, ProtectedTable, Shown
from genlib.errors import NotProtected
from genlib.period import Period
from genlib.present.item import Finding, Item, Recipe
from genlib.settings import publication

P = ParamSpec("P")
ROOMS = ("charts", "findings", "page", "tables")
MAKERS: dict[str, Callable[..., Any]] = {}
"""What a recipe may call: the functions of these modules that stand under `said` or `drawn`, as
"charts.bars"."""


@dataclass(frozen=True)
class Sources:
    """What recipes are made from: the protected tables, the manifest of a release by purpose and
    id, and which plain words and numbers may stand in a recipe beside them."""

    tables: Protected
    manifest: Callable[[str, str], Any]
    explains: Callable[[Any], bool]


def said(function: Callable[P, Finding]) -> Callable[P, Finding]:
    """The function, leaving its recipe in every sentence that it makes."""
    name = _name(function)

    @wraps(function)
    def made(*args: P.args, **kwargs: P.kwargs) -> Finding:
        finding = function(*args, **kwargs)
        finding.recipe = _call(name, args, kwargs)
        return finding

    MAKERS[name] = made
    return made


def drawn(function: Callable[P, Item]) -> Callable[P, Item]:
    """The function, leaving its recipe in everything that it makes; in the kernel of a run that
    publishes it makes the recipe only."""
    name = _name(function)

    @wraps(function)
    def made(*args: P.args, **kwargs: P.kwargs) -> Item:
        recipe = _call(name, args, kwargs)
        return (
            Item("", (), "", recipe=recipe)
            if publication()
            else replace(function(*args, **kwargs), recipe=recipe)
        )

    MAKERS[name] = made
    return made


def prepared(recipe: Any, sources: Sources) -> Item:
    """The item of a recipe. NotProtected for a call, a table, a word or a number that nothing
    explains."""
    for room in ROOMS:
        import_module(f"genlib.present.{room}")
    item = _known(recipe, sources)
    if not isinstance(item, Item):
        raise NotProtected("something that is not an item of genlib.present")
    return item


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__.lstrip('_')}"


def _call(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Recipe:
    return {
        "call": name,
        "args": [_noted(arg) for arg in args],
        "named": [[key, _noted(value)] for key, value in kwargs.items()],
    }


def _noted(value: Any) -> Any:  # noqa: PLR0911 - one line for each kind of value
    """A value as JSON: findings and items by their recipe, tables by name and digest, figures by
    their place."""
    match value:
        case Finding() | Item():
            if not getattr(value, "recipe", None):
                raise NotProtected("something here was not made by a function of genlib.present")
            return value.recipe
        case ProtectedTable():
            return {"table": value.name, "digest": value.digest}
        case Shown():
            return {
                "figure": value.column,
                "table": value.table,
                "where": _noted(dict(value.where)),
            }
        case Protected():
            return {"tables": {name: table.digest for name, table in value.items()}}
        case Period():
            return {"period": str(value)}
        case date():
            return {"date": value.isoformat()}
        case Mapping():
            return {"map": [[_noted(key), _noted(inner)] for key, inner in value.items()]}
        case list() | tuple() | range():
            return [_noted(inner) for inner in value]
        case None | bool() | int() | float() | str():
            return value
    if hasattr(value, "manifest"):
        return {"release": [value.manifest.purpose, value.manifest.release_id]}
    raise NotProtected(
        "charts, tables and texts take a ProtectedTable and plain values; pass the metric's Cells "
        "through genlib.protect first"
    )


def _known(noted: Any, sources: Sources) -> Any:  # noqa: PLR0911 - one line for each kind of note
    """The value that was noted."""
    tables = sources.tables
    match noted:
        case {"call": str(name), "args": [*args], "named": [*named]} if name in MAKERS and all(
            sources.explains(key) for key, _ in named
        ):
            return _made(name, args, named, sources)
        case {"table": str(name), "digest": digest} if (
            name in tables and tables[name].digest == digest
        ):
            return tables[name]
        case {"figure": str(column), "table": str(name), "where": where} if (
            name in tables and column in tables[name].frame.columns
        ):
            return tables[name].value(column, **_known(where, sources))
        case {"tables": dict(digests)} if digests == {
            name: table.digest for name, table in tables.items()
        }:
            return tables
        case {"release": [str(purpose), str(release)]}:
            return SimpleNamespace(manifest=sources.manifest(purpose, release))
        case {"period": str(text)} if sources.explains(text):
            return Period.parse(text)
        case {"date": str(text)} if sources.explains(day := date.fromisoformat(text)):
            return day
        case {"map": [*pairs]}:
            return {_known(key, sources): _known(value, sources) for key, value in pairs}
        case list():
            return [_known(inner, sources) for inner in noted]
        case None | bool():
            return noted
        case int() | float() | str() if sources.explains(noted):
            return noted
    raise NotProtected("a word or a figure that no protected table explains")


def _made(name: str, args: list[Any], named: list[Any], sources: Sources) -> Any:
    return MAKERS[name](
        *(_known(arg, sources) for arg in args),
        **{key: _known(value, sources) for key, value in named},
    )
