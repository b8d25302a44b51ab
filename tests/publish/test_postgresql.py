"""The server gives the same release as the embedded register, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small import IDENTITY, KEY, NOW, PURPOSES, ZONE

from genlib import notice
from genlib.publish.writer import publish
from genlib.register.database import Register, create_register
from genlib.synthetic import synthesise


@pytest.fixture
def server(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Register]:
    """A register of 1,500 in PostgreSQL, drawn as `drawn` is."""
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "home"))
    register = create_register(postgresql_url)
    synthesise(register, IDENTITY, customers=1500, seed=7)
    yield register
    register.engine.dispose()


def test_both_databases_give_the_same_releases(
    server: Register, drawn: Register, tmp_path: Path
) -> None:
    terms = notice.load()
    for purpose in PURPOSES:
        made = [
            publish(
                purpose,
                each,
                KEY,
                notice=terms,
                releases=tmp_path / str(n),
                common=tmp_path,
                now=NOW,
                time_zone=ZONE,
            )
            for n, each in enumerate((server, drawn))
        ]
        assert made[0] == made[1]
