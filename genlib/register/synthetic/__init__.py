"""A register of people who do not exist, of any size, from one seed - with things planted in it to find.

`draw` is the pure core: plaintext frames, batch by batch. `synthesise` seals them into a register, `write_csv` writes them as files.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from genlib.register import audit
from genlib.register.database import Register
from genlib.register.store import sealed
from genlib.register.synthetic.batches import draw
from genlib.register.synthetic.truth import Planted, Truth
from genlib.register.synthetic.world import AS_OF
from genlib.register.vault import IdentityKey

__all__ = ["AS_OF", "Planted", "Truth", "collect", "draw", "synthesise", "write_csv"]


def synthesise(register: Register, key: IdentityKey, *, customers: int, seed: int) -> Truth:
    """Fill an empty register in one audited transaction; returns what was planted. Memory does not grow with `customers`."""
    with audit.told(register) as (_, tell):
        truth = draw(customers, seed, lambda table, frame: register.append(table, sealed(frame, table, key)))
        tell(audit.Event("register", "synthesise", customers, detail={"seed": seed}))
    return truth


def write_csv(folder: Path, *, customers: int, seed: int) -> Truth:
    """One CSV a table, as intake reads it: dates 2026-10-01, instants 2026-10-01T08:00:00Z."""
    folder.mkdir(parents=True, exist_ok=True)
    frames, truth = collect(customers, seed)
    for table, frame in frames.items():
        frame.write_csv(folder / f"{table}.csv", datetime_format="%Y-%m-%dT%H:%M:%SZ")
    return truth


def collect(customers: int, seed: int) -> tuple[dict[str, pl.DataFrame], Truth]:
    """The whole plaintext register in memory, a frame a table: for tests and small files."""
    parts: dict[str, list[pl.DataFrame]] = {}
    truth = draw(customers, seed, lambda table, frame: parts.setdefault(table, []).append(frame))
    return {table: pl.concat(frames) for table, frames in parts.items()}, truth
