"""pseudonyms of a column of customer ids, against a keyed hash and deterministic encryption"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import goals
import polars as pl

REPEATS = 3
IDS = {"tiny": 10_000, "small": 2_000_000, "large": 20_000_000}
SECRET = bytes(range(32))


def prepare(folder: Path, size: str) -> None:
    pl.DataFrame({"id": pl.int_range(1, IDS[size] + 1, eager=True)}).write_parquet(
        folder / "ids.parquet"
    )


def genlib(folder: Path, size: str) -> Callable[[], dict]:
    from genlib.publish.pseudonym import pseudonyms
    from genlib.register.vault import PseudonymKey

    ids = pl.read_parquet(folder / "ids.parquet")["id"]
    return lambda: {
        "distinct": pseudonyms(ids, PseudonymKey(SECRET), purpose="customer_analysis").len()
    }


def polars_hash(folder: Path, size: str) -> Callable[[], dict]:
    import polars_hash as plh

    ids = pl.read_parquet(folder / "ids.parquet").cast(pl.String)
    return lambda: {
        "distinct": ids.select(plh.col("id").chash.hmac_sha256(key=SECRET.hex())).height
    }


def tink(folder: Path, size: str) -> Callable[[], dict]:
    import tink as library
    from tink import daead

    daead.register()
    primitive = library.new_keyset_handle(
        daead.deterministic_aead_key_templates.AES256_SIV
    ).primitive(daead.DeterministicAead)
    ids = pl.read_parquet(folder / "ids.parquet")["id"]
    return lambda: {
        "distinct": len(
            [
                primitive.encrypt_deterministically(str(one).encode(), b"ca1")
                for one in ids.to_list()
            ]
        )
    }


HASH, TINK = "polars-hash HMAC-SHA-256", "Tink AES-SIV"
SIDES = {"genlib": genlib, HASH: polars_hash, TINK: tink}
GOALS = {HASH: goals.slower(1), TINK: goals.slower(1)}
