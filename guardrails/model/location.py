"""Where a value was written: a span of a file, or a resource of a live account."""

from __future__ import annotations

from msgspec import Struct


class Location(Struct, frozen=True, order=True):
    """A span of a text file. Lines and columns count from 1; the end column is exclusive."""

    path: str
    """Relative to the folder that the user stands in, with `/` on every system."""
    line: int
    column: int = 1
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"

    def covers(self, other: Location) -> bool:
        """Whether `other` starts on one of this span's lines."""
        return self.path == other.path and self.line <= other.line <= max(self.line, self.end_line)


class LiveLocation(Struct, frozen=True, order=True):
    """A resource of a live account."""

    arn: str
    account: str = ""
    region: str = ""

    def __str__(self) -> str:
        return self.arn


Place = Location | LiveLocation


class Label(Struct, frozen=True):
    """A place that has to do with a finding, and what it has to do with it."""

    location: Place
    text: str


class Origin(Struct, frozen=True):
    """Where a value stands, and the places that it came through, nearest first."""

    location: Place | None
    """None where the source does not say: a plan without its configuration."""
    related: tuple[Label, ...] = ()
    """Variable defaults, tfvars lines, locals and module arguments that supplied the value."""
    calls: tuple[Label, ...] = ()
    """The module calls around the resource, innermost first, each with the span of its whole block."""
