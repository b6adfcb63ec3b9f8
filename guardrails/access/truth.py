"""Answers that may be "not known, because": Kleene's logic with reasons."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Doubt(Struct, frozen=True):
    """Neither true nor false as far as is known."""

    reasons: tuple[str, ...]

    def __bool__(self) -> bool:
        raise TypeError("a doubt is neither true nor false: compare with `is True` or `is False`")


Truth = bool | Doubt


def all_of(parts: Iterable[Truth]) -> Truth:
    """True if all are, False as soon as one is not."""
    reasons: list[str] = []
    for part in parts:
        if part is False:
            return False
        if isinstance(part, Doubt):
            reasons.extend(part.reasons)
    return Doubt(tuple(dict.fromkeys(reasons))) if reasons else True


def any_of(parts: Iterable[Truth]) -> Truth:
    """True as soon as one is, False if none is."""
    reasons: list[str] = []
    for part in parts:
        if part is True:
            return True
        if isinstance(part, Doubt):
            reasons.extend(part.reasons)
    return Doubt(tuple(dict.fromkeys(reasons))) if reasons else False


def negate(part: Truth) -> Truth:
    """The opposite; a doubt stays one."""
    return part if isinstance(part, Doubt) else not part


def reasons_of(*parts: Truth) -> tuple[str, ...]:
    """The reasons of the doubts among these."""
    found: dict[str, None] = {}
    for part in parts:
        if isinstance(part, Doubt):
            found.update(dict.fromkeys(part.reasons))
    return tuple(found)
