"""Classes of characters in RE2's regular expressions."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from unicodedata import category

from msgspec import Struct

_LAST = 0x10FFFF
_FOLDED = ("kK\u212a", "sS\u017f", "\u00e5\u00c5\u212b", "\u03c9\u03a9\u2126", "\u00b5\u03bc\u039c", "\u00df\u1e9e",
           "\u03c3\u03c2\u03a3", "\u03b8\u0398\u03d1\u03f4", "\u03b2\u0392\u03d0", "\u03b5\u0395\u03f5",
           "\u03ba\u039a\u03f0", "\u03c0\u03a0\u03d6", "\u03c1\u03a1\u03f1", "\u03c6\u03a6\u03d5",
           "\u0345\u03b9\u0399\u1fbe", "\u01c4\u01c5\u01c6", "\u01c7\u01c8\u01c9", "\u01ca\u01cb\u01cc",
           "\u01f1\u01f2\u01f3", "\u1e60\u1e61\u1e9b")  # fmt: skip  # one orbit of simple case folding each


class Ranges(Struct, frozen=True):
    """A set of characters: sorted ranges of code points that do not touch, both ends inclusive."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, ranges: Iterable[tuple[int, int]]) -> Ranges:
        """Sort and melt ranges."""
        melted: list[tuple[int, int]] = []
        for low, high in sorted(ranges):
            if melted and low <= melted[-1][1] + 1:
                melted[-1] = (melted[-1][0], max(high, melted[-1][1]))
            else:
                melted.append((low, high))
        return cls(tuple(melted))

    def __contains__(self, char: str) -> bool:
        code = ord(char)
        if len(self.ranges) == 1:
            low, high = self.ranges[0]
            return low <= code <= high
        at = bisect_right(self.ranges, (code, _LAST + 1)) - 1
        return at >= 0 and code <= self.ranges[at][1]


def negated(chars: Ranges) -> Ranges:
    """Every other character."""
    found: list[tuple[int, int]] = []
    start = 0
    for low, high in chars.ranges:
        if start < low:
            found.append((start, low - 1))
        start = high + 1
    if start <= _LAST:
        found.append((start, _LAST))
    return Ranges(tuple(found))


def fold(chars: Ranges) -> Ranges:
    """The characters in either case."""
    found = list(chars.ranges)
    for low, high in chars.ranges:
        # Beyond these code points nothing has case but a few historic scripts, which whole ranges hold as they are.
        for code in range(low, min(high, 0x1E943) + 1):
            found += ((ord(other), ord(other)) for other in _cases(chr(code)))
    return Ranges.of(found)


@functools.cache
def _cases(char: str) -> tuple[str, ...]:
    for orbit in _FOLDED:
        if char in orbit:
            return tuple(orbit)
    return tuple(other for other in (char.lower(), char.upper()) if len(other) == 1 and other != char)


_CATEGORIES = frozenset((
    "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No",
    "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
))  # fmt: skip  # a table reads best as one


@functools.cache
def of_category(name: str) -> Ranges | None:
    """The characters of a general category such as `Lu` or `L`, None for what is not one (a script)."""
    if name == "Any":
        return Ranges(((0, _LAST),))
    if name not in _CATEGORIES:
        return None
    # Go's category C has no unassigned code points.
    wanted = {"Cc", "Cf", "Co", "Cs"} if name == "C" else {name} if len(name) == 2 else None
    found: list[tuple[int, int]] = []
    start = -1
    for code in range(_LAST + 2):
        kind = category(chr(code)) if code <= _LAST else ""
        inside = kind in wanted if wanted else kind[:1] == name
        if inside and start < 0:
            start = code
        elif not inside and start >= 0:
            found.append((start, code - 1))
            start = -1
    return Ranges(tuple(found))


def _set(text: str) -> Ranges:
    """Pairs of first and last characters."""
    return Ranges.of((ord(text[at]), ord(text[at + 1])) for at in range(0, len(text), 2))


PERL: Mapping[str, Ranges] = {"d": _set("09"), "s": _set("\t\n\f\r  "), "w": _set("09AZ__az")}
POSIX: Mapping[str, Ranges] = {
    "alnum": _set("09AZaz"),
    "alpha": _set("AZaz"),
    "ascii": _set("\x00\x7f"),
    "blank": _set("\t\t  "),
    "cntrl": _set("\x00\x1f\x7f\x7f"),
    "digit": _set("09"),
    "graph": _set("!~"),
    "lower": _set("az"),
    "print": _set(" ~"),
    "punct": _set("!/:@[`{~"),
    "space": _set("\t\r  "),
    "upper": _set("AZ"),
    "word": _set("09AZ__az"),
    "xdigit": _set("09AFaf"),
}
