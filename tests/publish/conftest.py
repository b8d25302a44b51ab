"""Fixtures of door 1: a register to fill by hand, and one drawn from a seed with its releases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small import IDENTITY, KEY, NOW, PURPOSES, ZONE, Small

from genlib import notice as notices
from genlib.publish.writer import publish
from genlib.register.database import Register, create_register
from genlib.release import Release
from genlib.synthetic import synthesise


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    """A synthetic register of 1,500 customers."""
    register = create_register(f"sqlite:///{tmp_path_factory.mktemp('drawn')}/register.sqlite")
    synthesise(register, IDENTITY, customers=1500, seed=7)
    yield register
    register.engine.dispose()


@pytest.fixture(scope="session")
def released(drawn: Register, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Release]:
    """The release of a purpose of the synthetic register."""
    home, terms = tmp_path_factory.mktemp("releases"), notices.load()
    places = {"releases": home, "common": home}
    made = {
        p: publish(p, drawn, KEY, notice=terms, now=NOW, time_zone=ZONE, **places) for p in PURPOSES
    }
    return lambda purpose: Release(home / purpose / made[purpose].release_id, made[purpose])
