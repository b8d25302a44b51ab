"""A register on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from genlib.register.database import Register, create_register
from genlib.register.vault import IdentityKey


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anchors of audit trails stay out of the workbench."""
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "home"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of a register, if the test asks for it, or of a place without one."""
    kind = "register" if "register" in request.fixturenames else "url"
    address: str = request.getfixturevalue(f"{request.param}_{kind}")
    return address


@pytest.fixture
def register(url: str) -> Iterator[Register]:
    """An empty register."""
    register = create_register(url)
    yield register
    register.engine.dispose()


@pytest.fixture
def key() -> IdentityKey:
    return IdentityKey(bytes(range(32)))
