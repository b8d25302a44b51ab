"""nbformat, imported lean: jsonschema beneath it would spend a second on a grammar of web addresses
that nothing here asks for."""

import sys

UNUSED = "rfc3987_syntax"
# None is Python's own sign for: do not import
sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type]

import nbformat  # noqa: E402 - after the line above

__all__ = ["UNUSED", "nbformat"]
