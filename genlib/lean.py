"""Altair and nbformat without what makes them slow to load: jsonschema beneath both would spend
more than a second on a grammar of web addresses that nothing here asks for.

Example: a kernel begins 1.1 s sooner with it than without.
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
