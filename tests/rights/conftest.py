"""A small register with one person in every table, and an officer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import Desk, make_desk
from small import IDENTITY

from genlib.register.database import Register, create_register
from genlib.register.vault import IdentityKey
from genlib.rights.requests import Officer

NOW = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anchors of audit trails stay out of the workbench."""
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "home"))


@pytest.fixture(params=["sqlite", "postgresql"])
def register(request: pytest.FixtureRequest) -> Iterator[Register]:
    """An empty register on both databases."""
    made = create_register(request.getfixturevalue(f"{request.param}_register"))
    yield made
    made.engine.dispose()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A full register, in which no test changes a row of a person."""
    home = tmp_path_factory.mktemp("filled")
    register = create_register(f"sqlite:///{home}/register.sqlite")
    yield make_desk(register, home)
    register.engine.dispose()


@pytest.fixture
def key() -> IdentityKey:
    return IDENTITY


@pytest.fixture
def officer(register: Register) -> Officer:
    return Officer(register, "privacy officer", NOW, IDENTITY)
