"""What door 2 promises, in the words of the README and of every report's conditions.

Each promise has one module: 1 `search` (and `pattern`, which verifies it without a solver), 2
`slices`, 3 `pages`, 4 `near`; `tests/disclosure/test_promises.py` has an attacker for each.
"""

from __future__ import annotations

PROMISES = (
    "Nothing hidden in a report can be worked out from it.",
    "Reports of one release that are narrowed to a region or a kind of customer are slices of one "
    "whole: together they tell no more than sums of groups that are large enough.",
    "A month, quarter or year that is over is told once; a table in which too few have come or "
    "gone is told again as it was, with its day.",
    "No two figures told are of groups that too few people part; all contact persons of a company "
    "are one.",
)
NOT_PROMISED = (
    "Not promised: sums of three and more figures of reports of different releases, figures of "
    "people without a pseudonym (who came and went, who answered anonymously) beside others, "
    "figures of pseudonyms of another key beside those told before, and what outsiders know "
    "beforehand."
)
