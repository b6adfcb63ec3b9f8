"""Texts of files with replacements put in, and what that changes as people read it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from guardrails.sources.terraform.edit import Replacement


class Change(Struct, frozen=True):
    """One file before and after."""

    path: str
    """Its real path."""
    shown: str
    """As people see it."""
    before: str
    after: str


def put_in(text: str, replacements: Iterable[Replacement]) -> str:
    """A text with replacements that do not overlap; those of one place stand in the order given."""
    ordered = sorted(replacements, key=lambda each: (each.start, each.end))
    for each in reversed(ordered):
        text = text[: each.start] + each.text + text[each.end :]
    return text


def overlap(one: Replacement, other: Replacement) -> bool:
    """Whether two replacements cannot both be put in. Two new attributes below the same line can."""
    if one.path != other.path:
        return False
    if one.start == one.end == other.start == other.end:
        return one.below == other.below or len(one.below) > 1 or len(other.below) > 1
    return one.start < other.end and other.start < one.end


def by_file(replacements: Iterable[Replacement]) -> Mapping[str, Sequence[Replacement]]:
    """The distinct replacements of each file, in the order given."""
    found: dict[str, list[Replacement]] = {}
    for each in dict.fromkeys(replacements):
        found.setdefault(each.path, []).append(each)
    return found


def diff(changes: Iterable[Change]) -> str:
    """A unified diff of files, as `patch -p1` and `git apply` take it."""
    lines: list[str] = []
    for change in changes:
        before, after = change.before.splitlines(keepends=True), change.after.splitlines(keepends=True)
        for line in difflib.unified_diff(before, after, f"a/{change.shown}", f"b/{change.shown}"):
            lines.append(line)
            if not line.endswith("\n"):
                lines.append("\n\\ No newline at end of file\n")
    return "".join(lines)
