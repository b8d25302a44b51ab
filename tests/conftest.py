"""Fixtures of the whole suite."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from workbench import Bench


@pytest.fixture(scope="session")
def make_bench(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Bench]:
    """A new workbench with keys and an empty register, by name."""
    return lambda name: Bench(tmp_path_factory.mktemp(name)).start()
