"""Where the synthetic register is drawn into."""

from __future__ import annotations

from pathlib import Path

import pytest

from genlib.register.vault import IdentityKey


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anchors of audit trails stay out of the workbench."""
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "home"))


@pytest.fixture
def key() -> IdentityKey:
    return IdentityKey(bytes(range(32)))
