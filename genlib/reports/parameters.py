"""The parameters of a notebook, read from its annotated parameters cell; nothing runs before the
values given pass the same cell."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from genlib.errors import UsageError
from genlib.reports.identifying import identifying
from genlib.settings import SWITCH

TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell: `name: type = default  # comment`."""

    name: str
    annotation: str
    default: Any
    comment: str = ""

    @property
    def kind(self) -> type:
        return TYPES[self.annotation]

    def read(self, text: str) -> Any:
        """The typed value of a text from a command line."""
        if self.kind is bool:
            return SWITCH.get(text.lower(), text)
        try:
            return self.kind(text)
        except ValueError:
            return text

    def check(self, value: Any) -> Any:
        """The value, if it has the type and looks like nobody's identifier; else UsageError."""
        if self.kind is float and type(value) is int:
            value = float(value)
        if type(value) is not self.kind:
            raise UsageError(
                f"parameter {self.name} is {self.annotation}, not {type(value).__name__}"
            )
        if self.kind is not float and (kind := identifying(str(value))):
            raise UsageError(
                f"parameter {self.name} looks like a {kind}; a report is about groups, never "
                "about a person"
            )
        return value


def parameters_of(notebook: Mapping[str, Any]) -> dict[str, Parameter]:
    """The parameters of a notebook by name, in its order; UsageError if the cell cannot be read as
    typed literals."""
    cells = [
        cell
        for cell in notebook["cells"]
        if "parameters" in cell.get("metadata", {}).get("tags", [])
    ]
    source = "".join(cells[0]["source"]) if cells else ""
    comments = _comments(source)
    parameters = (_parameter(line, comments) for line in ast.parse(source).body)
    return {parameter.name: parameter for parameter in parameters}


def purposes_of(notebook: Mapping[str, Any]) -> list[str]:
    """The purposes of the releases that a notebook opens by name: `open_release("satisfaction")`.
    Of cells that are no plain Python none are known."""
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    opening = [source for source in sources if "open_release" in source]
    calls = [node for source in opening for node in _nodes(source) if isinstance(node, ast.Call)]
    opened = [call.args[0] for call in calls if _called(call) == "open_release" and call.args]
    names = [first.value for first in opened if isinstance(first, ast.Constant)]
    return sorted({name for name in names if isinstance(name, str)})


def _nodes(source: str) -> Iterator[ast.AST]:
    with suppress(SyntaxError, ValueError):
        yield from ast.walk(ast.parse(source))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def settle(parameters: Mapping[str, Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter with its checked value: the one given, else the default. UsageError for an
    unknown name or a wrong value."""
    unknown = [
        name if name.isidentifier() and not identifying(name) else "…"
        for name in values
        if name not in parameters
    ]
    if unknown:
        raise UsageError(
            f"unknown parameter {', '.join(unknown)}; the report takes "
            f"{', '.join(parameters) or 'none'}"
        )
    return {
        name: parameter.check(values.get(name, parameter.default))
        for name, parameter in parameters.items()
    }


def read_pairs(parameters: Mapping[str, Parameter], pairs: list[str]) -> dict[str, Any]:
    """`key=value` texts as typed values; unknown names are kept for `settle` to refuse."""
    if any("=" not in pair for pair in pairs):
        raise UsageError("a parameter is given as -p name=value")
    texts = dict(pair.split("=", 1) for pair in pairs)
    return {
        name: parameters[name].read(text) if name in parameters else text
        for name, text in texts.items()
    }


def _parameter(line: ast.stmt, comments: Mapping[int, str]) -> Parameter:
    if (
        not isinstance(line, ast.AnnAssign)
        or not isinstance(line.target, ast.Name)
        or line.value is None
    ):
        raise UsageError(
            f"line {line.lineno} of the parameters cell is not `name: type = default  # comment`"
        )
    name = line.target.id
    annotation = ast.unparse(line.annotation)
    try:
        default = ast.literal_eval(line.value)
    except ValueError:
        raise UsageError(f"parameter {name} of the notebook needs a literal default") from None
    if annotation not in TYPES:
        raise UsageError(
            f"parameter {name} of the notebook is {annotation}; it may be {', '.join(TYPES)}"
        )
    return Parameter(name, annotation, default, comments.get(line.lineno, ""))


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }
