"""What a public function takes: a call with other arguments is one line that says so.

Example: `charts.bars(shown.places, "people", "region")` names `x` and `y` nowhere, and is told
"bars takes table, x=, y=, ...": what ends in = is given by name. `tone=["ink"]` is told "tone of
bars is a text, not list". What was given is never repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import wraps
from inspect import Parameter, Signature, signature
from numbers import Integral, Real
from pathlib import Path
from sys import modules
from typing import Any, ParamSpec, TypeVar

from genlib.errors import NoSuchName, UsageError

P = ParamSpec("P")
Made = TypeVar("Made")
Kind = tuple[tuple[type, ...], str]

TEXT: Kind = ((str,), "a text")
MAPPING: Kind = ((Mapping,), "a dictionary")
LIST: Kind = ((Sequence,), "a list")
KINDS: Mapping[str, Kind] = {
    "str": TEXT,
    "int": ((Integral,), "a whole number"),
    "float": ((Real,), "a number"),
    "bool": ((bool,), "True or False"),
    "date": ((date,), "a day"),
    "str | Path": ((str, Path), "a text or a path"),
    "dict[str, Any]": MAPPING,
    "Mapping[str, str]": MAPPING,
    "Mapping[str, Any]": MAPPING,
    "Mapping[Any, str]": MAPPING,
    "Sequence[Any]": LIST,
    "tuple[Any, ...]": LIST,
}
"""By annotation as it is written: what may be given, and what that is called. Others are judged by
the function itself."""
NOTHING = " | None"
PARTS: Mapping[str, tuple[str, int]] = {
    "Sequence[str]": ("str", 0),
    "Sequence[int]": ("int", 0),
    "list[str]": ("str", 0),
    "tuple[str, ...]": ("str", 0),
    "tuple[str, str]": ("str", 2),
    "tuple[str, str, str]": ("str", 3),
    "tuple[dict[str, Any], dict[str, Any]]": ("dict[str, Any]", 2),
}
"""What each part of a list is, and how many there are; 0: any number."""


def check_call(function: Callable[P, Made]) -> Callable[P, Made]:
    """The function, which raises UsageError where its arguments are not what its signature says:
    one is missing or unknown, or no text, number or list where there must be one."""
    described = signature(function)
    name = function.__name__

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Made:
        check_kinds(name, described, bind(name, described, args, kwargs))
        return function(*args, **kwargs)

    return call


def check_class(made: type[Made]) -> type[Made]:
    """The class, whose making raises UsageError as `check_call` has it."""
    described = signature(made)
    initialize: Callable[..., None] = made.__init__

    @wraps(initialize)
    def check_and_initialize(self: Any, *args: Any, **kwargs: Any) -> None:
        check_kinds(made.__name__, described, bind(made.__name__, described, args, kwargs))
        initialize(self, *args, **kwargs)

    setattr(made, "__init__", check_and_initialize)  # noqa: B010 - mypy takes no other way
    return made


def bind(
    name: str, described: Signature, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments by name; UsageError naming all that there are, if one is missing, unknown or
    not given by name where it must be."""
    try:
        return dict(described.bind(*args, **kwargs).arguments)
    except TypeError:
        raise UsageError(f"{name} takes {', '.join(list_arguments(described))}") from None


def list_arguments(described: Signature) -> Iterable[str]:
    """The arguments as a caller gives them; = stands behind those that are given by name.

    >>> def draw(table, *notes, x, **options): ...
    >>> list(list_arguments(signature(draw)))
    ['table', 'notes', 'x=', 'options by name']
    """
    for one in described.parameters.values():
        if one.kind is Parameter.VAR_KEYWORD:
            yield f"{one.name} by name"
        elif one.kind is Parameter.KEYWORD_ONLY:
            yield f"{one.name}="
        elif one.name != "self":
            yield one.name


def check_kinds(name: str, described: Signature, arguments: Mapping[str, Any]) -> None:
    """UsageError for an argument that is no text, number, list or dictionary where its annotation
    says that it is one."""
    for argument, value in arguments.items():
        parameter = described.parameters[argument]
        values = value if parameter.kind is Parameter.VAR_POSITIONAL else [value]
        if parameter.kind is not Parameter.VAR_KEYWORD:
            for one in values:
                check_kind(f"{argument} of {name}", one, str(parameter.annotation))


def check_kind(called: str, value: Any, annotation: str) -> None:
    """UsageError for a value that is not of its annotation; True is no number.

    >>> try:
    ...     check_kind("tone of bars", ["ink"], "str")
    ... except UsageError as error:
    ...     print(error)
    tone of bars is a text, not list
    """
    if value is None and annotation.endswith(NOTHING):
        return
    written = annotation.removesuffix(NOTHING)
    kind = KINDS.get(written, LIST if written in PARTS else None)
    if kind is None:
        return
    types, words = kind
    is_mistaken = isinstance(value, bool) and bool not in types
    is_text_for_list = kind is LIST and isinstance(value, str)
    if not isinstance(value, types) or is_mistaken or is_text_for_list:
        raise UsageError(f"{called} is {words}, not {type(value).__name__}")
    if isinstance(value, Sequence) and kind is LIST:
        _check_parts(called, value, written)


def _check_parts(called: str, values: Sequence[Any], annotation: str) -> None:
    """UsageError for a list of other things than its annotation says, or of more or fewer.

    >>> try:
    ...     _check_parts("messages of usual", ("rose",), "tuple[str, str]")
    ... except UsageError as error:
    ...     print(error)
    messages of usual is a list of 2
    """
    part, count = PARTS.get(annotation, ("Any", 0))
    if count and len(values) != count:
        raise UsageError(f"{called} is a list of {count}")
    for value in values:
        check_kind(f"each of {called}", value, part)


def refuse_others(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module that a cell asks by name: NoSuchName for a name that is not
    there, with those that are.

    Example: of `charts.pie` it is told "charts has no such name; it has bars, columns, ...".
    """

    def refuse(name: str) -> Any:
        if name.startswith("_"):  # asked by Python and Jupyter
            raise AttributeError(name)
        short = module.rpartition(".")[2]
        raise NoSuchName(f"{short} has no such name; it has {', '.join(list_names(module))}")

    return refuse


def list_names(module: str) -> list[str]:
    """The public names of a module: those that it lists, else the functions that it defines."""
    names = vars(modules[module])
    written = [
        name
        for name, value in names.items()
        if not name.startswith("_")
        and callable(value)
        and getattr(value, "__module__", "") == module
    ]
    return sorted(names.get("__all__", written))
