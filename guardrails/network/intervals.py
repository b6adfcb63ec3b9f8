"""Sets of integers as sorted, disjoint, half-open intervals: what address and port sets are made of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

Bounds = tuple[int, ...]
"""Ascending cuts: starts at even positions, exclusive ends at odd ones. `()` is the empty set."""


def of(pieces: Iterable[tuple[int, int]]) -> Bounds:
    """The union of pieces `(start, end)` with exclusive ends, in any order."""
    out: list[int] = []
    for start, end in sorted(pieces):
        if start >= end:
            continue
        if out and start <= out[-1]:
            out[-1] = max(out[-1], end)
        else:
            out += (start, end)
    return tuple(out)


def pieces(a: Bounds) -> Iterator[tuple[int, int]]:
    """The intervals as `(start, end)` with exclusive ends."""
    return zip(a[::2], a[1::2], strict=True)


def union(a: Bounds, b: Bounds) -> Bounds:
    """What is in one or the other."""
    if not a or a == b:
        return b
    if not b:
        return a
    return _sweep(a, b, 0b1110)


def intersection(a: Bounds, b: Bounds) -> Bounds:
    """What is in both."""
    if not a or not b:
        return ()
    if a == b:
        return a
    return _sweep(a, b, 0b1000)


def disjoint(a: Bounds, b: Bounds) -> bool:
    """Whether nothing is in both."""
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i + 1] <= b[j]:
            i += 2
        elif b[j + 1] <= a[i]:
            j += 2
        else:
            return False
    return True


def difference(a: Bounds, b: Bounds) -> Bounds:
    """What is in `a` and not in `b`."""
    if not a or not b:
        return a
    return _sweep(a, b, 0b0010)


def complement(a: Bounds, size: int) -> Bounds:
    """What of `[0, size)` is not in `a`."""
    start = a[1:] if a and a[0] == 0 else (0, *a)
    return start[:-1] if start and start[-1] == size else (*start, size)


def contains(a: Bounds, value: int) -> bool:
    """Whether one integer is in the set."""
    return bisect_right(a, value) % 2 == 1


def covers(a: Bounds, b: Bounds) -> bool:
    """Whether `b` is a subset of `a`."""
    return not difference(b, a)


def size(a: Bounds) -> int:
    """How many integers are in the set."""
    return sum(a[1::2]) - sum(a[::2])


def _sweep(a: Bounds, b: Bounds, keep: int) -> Bounds:
    """Merge two sets. Bit `in_a + 2 * in_b` of `keep` says whether such a point is in the result (never bit 0)."""
    out: list[int] = []
    i = j = inside = 0
    a_size, b_size = len(a), len(b)
    while i < a_size or j < b_size:
        at = a[i] if j >= b_size or (i < a_size and a[i] <= b[j]) else b[j]
        if i < a_size and a[i] == at:
            i += 1
        if j < b_size and b[j] == at:
            j += 1
        now = keep >> ((i & 1) + 2 * (j & 1)) & 1
        if now != inside:
            out.append(at)
            inside = now
    return tuple(out)
