"""Altair and nbformat without what makes them slow to load: jsonschema beneath both would spend
more than a second on a grammar of web addresses that nothing here asks for.

Example: the first chart of a kernel takes 0.6 s with it and 1.7 s without.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

UNUSED = "rfc3987_syntax"
"""The module of the grammar."""


@contextmanager
def spare_grammar() -> Iterator[None]:
    """What is imported inside does without the grammar; whoever wants it later has it."""
    if UNUSED in sys.modules:
        yield
        return
    sys.modules[UNUSED] = None  # type: ignore[assignment] # Python's own sign for: do not import
    try:
        yield
    finally:
        del sys.modules[UNUSED]
