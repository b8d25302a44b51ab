"""`Grid`: a table in words as HTML, as wide as a screen, a telephone and a page of paper take it.

Example: on a telephone of 320 pixels there is no room for ten columns of figures: each row is a
list there, with the heads in front. On paper they are printed smaller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from genlib.present.item import text as escape

TOTAL = "border-top:1px solid var(--ink);font-weight:600"
TELEPHONE = 236
LETTER_ON_TELEPHONE = 7.6
GAP_ON_TELEPHONE = 9
"""In a window of 320 pixels the room for a table, the width of a letter and the space between two
columns."""
PAPER = 630
LETTER_ON_PAPER = 5.8
GAP_ON_PAPER = 8
HEAD_ON_PAPER = 0.88
"""The same of a table over the whole width of a printed page, and the size of its heads."""


@dataclass(frozen=True)
class Grid:
    """A table in words: the first column names the rows; those in `left` are words too; `total`:
    the last row is one."""

    cells: pl.DataFrame
    heads: dict[str, str]
    group: str | None = None
    left: tuple[str, ...] = ()
    total: bool = False

    def html(self, rows: int | None = None) -> str:
        """By great_tables, without its style sheet and its ids."""
        from great_tables import GT, loc, style

        cells = self.cells.head(rows) if rows else self.cells
        stub, *values = [c for c in cells.columns if c != self.group]
        heads: dict[str, Any] = {column: self.heads[column] for column in values}
        numbers = [column for column in values if column not in self.left]
        grid = GT(cells, rowname_col=stub, groupname_col=self.group)
        grid = grid.tab_stubhead(self.heads[stub]).cols_label(heads)
        grid = grid.cols_align("left", list(self.left)).cols_align("right", numbers)
        if self.total and not rows:
            last = [cells.height - 1]
            grid = grid.tab_style(style.css(TOTAL), [loc.body(rows=last), loc.stub(rows=last)])
        bare = re.sub(
            r'(?s)<style>.*?</style>| (?:id|headers|data-quarto[\w-]*)="[^"]*"| '
            r'(?:row|col)span="1"',
            "",
            grid.as_raw_html(),
        )
        many = " many" * self._is_wide_on_paper()
        if self._is_wide():
            many += " stack"
            bare = self._with_heads(bare, values)
        return re.sub(r"<div[^>]*>", f'<div class="scroll{many}" tabindex="0">', bare, count=1)

    def _is_wide(self) -> bool:
        """Whether a telephone has no room for its columns, figures unbroken: each row is a list
        there, with the heads in front of the figures."""
        stub, *values = [column for column in self.cells.columns if column != self.group]
        widths = [_longest_word([self.heads[stub], *self.cells[stub]])]
        for column in values:
            figures = [len(text) for text in self.cells[column].drop_nulls()]
            widths.append(max([_longest_word([self.heads[column]]), *figures]))
        room = sum(widths) * LETTER_ON_TELEPHONE + len(values) * GAP_ON_TELEPHONE
        return room > TELEPHONE

    def _is_wide_on_paper(self) -> bool:
        """Whether a page has no room for its columns, figures unbroken: it is printed smaller."""
        stub, *values = [column for column in self.cells.columns if column != self.group]
        heads = [_longest_word(_part(self.heads[column])) for column in (stub, *values)]
        names = _longest_word(self.cells[stub])
        figures = [max(map(len, self.cells[column].drop_nulls()), default=0) for column in values]
        pairs = zip(heads, [names, *figures], strict=True)
        letters = sum(max(HEAD_ON_PAPER * head, body) for head, body in pairs)
        return letters * LETTER_ON_PAPER + len(values) * GAP_ON_PAPER > PAPER

    def _with_heads(self, html: str, columns: Sequence[str]) -> str:
        """Each figure with the head of its column."""
        heads = [escape(self.heads[column]) for column in columns]

        def name_figures(row: re.Match[str]) -> str:
            names = iter(heads)
            return re.sub(r"<td ", lambda _: f'<td data-head="{next(names, "")}" ', row[0])

        return re.sub(r"(?s)<tr>.*?</tr>", name_figures, html)


def _longest_word(texts: Iterable[str | None]) -> int:
    """Letters of the longest word: words are kept whole, lines are not."""
    words = [word for text in texts if text for word in text.split(" ")]
    return max((len(word) for word in words), default=0)


def _part(head: str) -> list[str]:
    """A head at the places where a line of it may end within a word."""
    return head.replace("\u00ad", "- ").split(" ")
