"""Texts of a column, sealed so that only who holds a secret reads them, or hashed so that only who
holds it can tell which two are the same.

AES-256-GCM under a key of the column's own (HKDF-SHA-256), a random nonce per value, the column's
name as associated data: nonce ‖ ciphertext ‖ tag. Null stays null.

Hashes are HMAC-SHA-256 (RFC 2104) under another key of the column's own.

Example: "Testinen" of customer.family_name becomes 12 + 8 + 16 bytes, and others the next time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12


def derive_key(secret: bytes, use: str, column: str) -> bytes:
    """The key of a column for one use of it."""
    return HKDF(SHA256(), 32, salt=None, info=f"genlib {use} {column}".encode()).derive(secret)


def seal_texts(series: pl.Series, secret: bytes, column: str) -> pl.Series:
    """The texts, sealed; the same text seals differently each time."""
    cipher = _make_cipher(secret, column)
    name = column.encode()
    nonces = os.urandom(NONCE * len(series))
    sealed = [
        None
        if text is None
        else nonces[at : at + NONCE] + cipher.encrypt(nonces[at : at + NONCE], text.encode(), name)
        for at, text in zip(range(0, len(nonces), NONCE), series.to_list(), strict=True)
    ]
    return pl.Series(series.name, sealed, dtype=pl.Binary)


def open_texts(series: pl.Series, secrets: Sequence[bytes], column: str) -> pl.Series:
    """The texts again, each by the first secret that opens it; InvalidTag or ValueError if none
    does."""
    ciphers = [_make_cipher(secret, column) for secret in secrets]
    name = column.encode()
    opened = [
        None if value is None else _decrypt(ciphers, value, name) for value in series.to_list()
    ]
    return pl.Series(series.name, opened, dtype=pl.String)


def can_open(series: pl.Series, secret: bytes, column: str) -> pl.Series:
    """Which values a secret opens; null is one."""
    cipher = _make_cipher(secret, column)
    name = column.encode()
    able = [value is None or _can_decrypt(cipher, value, name) for value in series.to_list()]
    return pl.Series(series.name, able, dtype=pl.Boolean)


def hash_texts(series: pl.Series, secret: bytes, column: str) -> pl.Series:
    """The keyed hashes, 32 bytes each. The key is taken in once for the column, which is most of
    the work of a short text."""
    keyed = HMAC(derive_key(secret, "index", column), SHA256())

    def close(text: str) -> bytes:
        message = keyed.copy()
        message.update(text.encode())
        return message.finalize()

    hashes = [None if text is None else close(text) for text in series.to_list()]
    return pl.Series(series.name, hashes, dtype=pl.Binary)


def _make_cipher(secret: bytes, column: str) -> AESGCM:
    return AESGCM(derive_key(secret, "seal", column))


def _decrypt(ciphers: Sequence[AESGCM], value: bytes, name: bytes) -> str:
    for cipher in ciphers[:-1]:
        with suppress(InvalidTag):
            return cipher.decrypt(value[:NONCE], value[NONCE:], name).decode()
    return ciphers[-1].decrypt(value[:NONCE], value[NONCE:], name).decode()


def _can_decrypt(cipher: AESGCM, value: bytes, name: bytes) -> bool:
    try:
        _decrypt([cipher], value, name)
    except (InvalidTag, ValueError):
        return False
    return True
