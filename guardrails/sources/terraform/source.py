"""The text of a file, and how offsets in it become lines and columns."""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from pathlib import Path

from guardrails.model import Location

Span = tuple[int, int]
"""Start and end offsets in characters, the end exclusive."""


@dataclasses.dataclass(slots=True, eq=False)
class Source:
    """A file that was read."""

    shown: str
    """Its path as people see it: relative to the folder that they stand in, with `/`."""
    text: str = dataclasses.field(repr=False)
    file: Path = dataclasses.field(default_factory=Path)
    _starts: list[int] | None = None

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        starts = self._starts
        if starts is None:
            starts, at, text = [0], 0, self.text
            while (at := text.find("\n", at) + 1) > 0:
                starts.append(at)
            self._starts = starts
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line_start(self, line: int) -> int:
        """The offset at which a line (from 1) starts."""
        self.position(0)
        starts = self._starts or [0]
        return starts[line - 1] if line <= len(starts) else len(self.text)

    def location(self, span: Span) -> Location:
        """The location of a span."""
        line, column = self.position(span[0])
        end_line, end_column = self.position(span[1])
        return Location(self.shown, line, column, end_line, end_column)
