"""The worked examples in the docstrings are true: each is run as it stands there."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("disclosure", "metrics")


def list_modules() -> list[str]:
    """The modules with an example that can be run."""
    files = [file for room in ROOMS for file in sorted((ROOT / "genlib" / room).glob("*.py"))]
    with_examples = [file for file in files if ">>> " in file.read_text(encoding="utf-8")]
    return [f"genlib.{file.parent.name}.{file.stem}" for file in with_examples]


@pytest.mark.parametrize("name", list_modules())
def test_examples_are_true(name: str) -> None:
    module = importlib.import_module(name)
    results = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.attempted > 0
    assert results.failed == 0
