"""nbformat, imported lean: jsonschema beneath it would spend a second on a grammar of web addresses
that nothing here asks for."""

import sys

UNUSED = "rfc3987_syntax"
sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type] # Python's own sign for: do not import

import nbformat  # noqa: E402 - after the line above

__all__ = ["UNUSED", "nbformat"]
