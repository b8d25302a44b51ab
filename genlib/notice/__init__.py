"""The privacy notice as frozen values: what data may be used for what, how coarse, how long, and
what the register may contain at all.

`load` reads data/notice.toml and refuses one that contradicts itself. Example: the purpose
`customer_analysis` is granted `birth_year` as `age_band`, so its releases hold no year of birth.
"""

from genlib.notice.codes import CLASSES, COARSENINGS, LANGUAGES, SPECIAL
from genlib.notice.reading import DEFAULT, build, load, read
from genlib.notice.terms import Notice, reference
from genlib.notice.values import (
    Anonymity,
    Category,
    Column,
    Contact,
    Controller,
    DisclosurePolicy,
    Gap,
    Paper,
    ReleaseTerms,
    ReportTerms,
    Retention,
    Term,
)

__all__ = [
    "CLASSES",
    "COARSENINGS",
    "DEFAULT",
    "LANGUAGES",
    "SPECIAL",
    "Anonymity",
    "Category",
    "Column",
    "Contact",
    "Controller",
    "DisclosurePolicy",
    "Gap",
    "Notice",
    "Paper",
    "ReleaseTerms",
    "ReportTerms",
    "Retention",
    "Term",
    "build",
    "load",
    "read",
    "reference",
]
