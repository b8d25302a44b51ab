"""Releases of one synthetic register, and what was planted in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from small import IDENTITY, KEY, NOW, PURPOSES, ZONE

from genlib import notice as notices
from genlib.publish.writer import publish
from genlib.register.database import create_register
from genlib.release import Release
from genlib.synthetic import Truth, synthesise


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Callable[[str], Release], Truth]:
    """The release of a purpose, and the truth, of a synthetic register of 8,000 customers."""
    home = tmp_path_factory.mktemp("planted")
    register = create_register(f"sqlite:///{home}/register.sqlite")
    truth = synthesise(register, IDENTITY, customers=8000, seed=11)
    places = {"releases": home, "common": home}
    made = {
        p: publish(p, register, KEY, notice=notices.load(), now=NOW, time_zone=ZONE, **places)
        for p in PURPOSES
    }
    register.engine.dispose()
    return lambda purpose: Release(home / purpose / made[purpose].release_id, made[purpose]), truth
