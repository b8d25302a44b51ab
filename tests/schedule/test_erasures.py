"""What is scheduled brings nobody back: it waits for erasures that are left to do."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from next_state import CUSTOMER, NOW, write
from planning import settings_in

from genlib.errors import Refused
from genlib.register import journal
from genlib.register.database import create_register
from genlib.schedule.plan import Source
from genlib.schedule.tasks import refresh_source


def test_a_source_waits_for_an_erasure_that_is_left_to_do(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    create_register(settings.register).engine.dispose()
    path = journal.locate(settings.common)
    path.parent.mkdir()
    at = dt.datetime(2026, 10, 1, tzinfo=dt.UTC).isoformat()
    line = {"request": 1, "erased_at": at, "ground": "child", "user": "x", "marks": []}
    path.write_text(json.dumps(line) + "\n")
    write(tmp_path / "in", customer=CUSTOMER)
    with pytest.raises(Refused, match="genlib subject finish"):
        refresh_source(Source("in"), tmp_path, settings, NOW)
