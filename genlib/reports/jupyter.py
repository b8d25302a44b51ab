"""nbformat, imported lean: see `genlib.lean`. Here nothing ever asks for the grammar."""

import sys

from genlib.lean import UNUSED

# None is Python's own sign for: do not import
sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type]

import nbformat  # noqa: E402 - after the line above

__all__ = ["nbformat"]
