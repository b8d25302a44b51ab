"""Pseudonyms: the customer id under a keyed permutation, one key per purpose and epoch, so that
domains cannot be joined.

A 64-bit id and 64 zero bits are one AES block. A permutation has no collisions, and only the holder
of the key can turn a pseudonym back; the zero bits tell a forged or foreign one from a true one
(chance 2^-64).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from genlib.errors import UsageError
from genlib.register.vault import PseudonymKey

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32: no I, L, O, U to misread
WIDTH = 26  # 130 bits for 128: the first letter is 0-7
CODES = {"customer_analysis": "ca", "satisfaction": "sa", "campaign_history": "ch"}

_ENCODE = np.frombuffer(LETTERS.encode(), np.uint8)
_DECODE = np.zeros(256, np.uint8)
_DECODE[_ENCODE] = np.arange(32)

Words = np.ndarray[Any, np.dtype[Any]]


def pseudonyms(ids: pl.Series, key: PseudonymKey, *, purpose: str, epoch: int = 1) -> pl.Series:
    """One pseudonym per id, such as `ca1-…` and 26 letters: the same in the same purpose and epoch,
    unlinkable across them."""
    prefix = _prefix(purpose, epoch)
    return _written(_permuted(ids, _cipher(key, purpose, epoch)), prefix).alias("pseudonym")


def reidentify(
    pseudonyms: pl.Series, key: PseudonymKey, *, purpose: str, epoch: int = 1
) -> tuple[pl.Series, pl.Series]:
    """Customer ids (null where refused), and which were refused: forged, damaged, or of another
    purpose or epoch.

    Only for what the notice allows: a data subject's request, a correction, customer service; and
    the caller records it.
    """
    prefix = _prefix(purpose, epoch)
    plausible = pseudonyms.str.contains(f"^{prefix}[0-7][{LETTERS}]{{{WIDTH - 1}}}$").fill_null(
        value=False
    )
    blocks = _read(pseudonyms.set(~plausible, prefix + "0" * WIDTH), prefix)
    ids, zeros = _words(_cipher(key, purpose, epoch).decryptor().update(blocks)).T
    true = plausible & pl.Series(zeros == 0) & pl.Series(ids < 2**63)
    customers = pl.Series("customer_id", np.where(true.to_numpy(), ids, 0).astype(np.int64))
    return customers.set(~true, None), (~true).alias("refused")


def number_companies(
    companies: pl.Series, key: PseudonymKey, *, purpose: str, epoch: int = 1
) -> pl.Series:
    """A whole number from 2^62 on per company id, null for those who stand for none: the same in
    the same purpose and epoch, and unlinkable across them. Cut to 62 bits nobody can turn it back,
    and no number of a customer reaches so far, so none is mistaken for another."""
    ids = companies.drop_nulls().unique().sort()
    high, _ = _permuted(ids, _cipher(key, f"{purpose}/company", epoch)).T
    numbers = pl.Series((high >> np.uint64(2) | np.uint64(2**62)).astype(np.int64))
    return companies.replace_strict(ids, numbers, return_dtype=pl.Int64).alias("company")


def shuffled(
    ids: pl.Series, key: PseudonymKey, *, purpose: str, what: str, epoch: int = 1
) -> pl.Series:
    """A number 0, 1, 2, … per id, in an order that only the key knows: numbers of one release that
    say nothing outside it."""
    high, low = _permuted(ids, _cipher(key, f"{purpose}/{what}", epoch)).T
    numbers = np.empty(len(ids), np.uint32)
    numbers[np.lexsort((low, high))] = np.arange(len(ids), dtype=np.uint32)
    return pl.Series(what, numbers)


def _prefix(purpose: str, epoch: int) -> str:
    if purpose not in CODES or epoch < 1:
        raise UsageError(f"pseudonyms are for {', '.join(CODES)} and epochs from 1")
    return f"{CODES[purpose]}{epoch}-"


def _cipher(key: PseudonymKey, purpose: str, epoch: int) -> Cipher[modes.ECB]:
    label = purpose.encode()
    info = len(label).to_bytes(2, "big") + label + epoch.to_bytes(4, "big")
    derived = HKDF(algorithm=SHA256(), length=32, salt=b"genlib pseudonym", info=info).derive(
        key.secret
    )
    # A block cipher on single, distinct blocks is a permutation; the modes that ECB is warned
    # against are for messages.
    return Cipher(algorithms.AES(derived), modes.ECB())  # noqa: S305


def _permuted(ids: pl.Series, cipher: Cipher[modes.ECB]) -> Words:
    if ids.null_count() or (ids < 0).any():
        raise UsageError("pseudonyms need customer ids that are neither missing nor negative")
    blocks = np.zeros((len(ids), 2), ">u8")
    blocks[:, 0] = ids.cast(pl.Int64).to_numpy()
    return _words(cipher.encryptor().update(blocks.tobytes()))


def _words(blocks: bytes) -> Words:
    """High and low half of every block."""
    return np.frombuffer(blocks, ">u8").reshape(-1, 2).astype(np.uint64)


def _written(words: Words, prefix: str) -> pl.Series:
    """128-bit words as prefix and letters, straight into the buffer of an Arrow string column."""
    width = len(prefix) + WIDTH
    text = np.empty((len(words), width), np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix.encode(), np.uint8)
    for place in range(WIDTH):
        text[:, len(prefix) + place] = _ENCODE[_five_bits(words, 5 * (WIDTH - 1 - place))]
    offsets = np.arange(len(words) + 1, dtype=np.int64) * width
    column = pa.Array.from_buffers(
        pa.large_utf8(), len(words), [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    )
    return pl.Series(pl.from_arrow(column))


def _five_bits(words: Words, shift: int) -> Words:
    """Five bits of each 128-bit word (high, low), `shift` bits from the right."""
    high, low = words.T
    if shift >= 64:
        bits = high >> np.uint64(shift - 64)
    else:
        bits = low >> np.uint64(shift) | (high << np.uint64(64 - shift) if shift else np.uint64(0))
    five: Words = bits & np.uint64(31)
    return five


def _read(column: pl.Series, prefix: str) -> bytes:
    """The blocks behind pseudonyms of the right form: five bits a letter, without the first two."""
    letters = np.frombuffer("".join(column.str.slice(len(prefix))).encode(), np.uint8).reshape(
        -1, WIDTH, 1
    )
    bits = np.unpackbits(_DECODE[letters], axis=2)[:, :, 3:]
    return np.packbits(bits.reshape(-1, 5 * WIDTH)[:, 2:], axis=1).tobytes()
