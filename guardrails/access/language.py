"""Sets of strings given by patterns: intersection, difference, and a member if there is one.

A pattern of this module is an encoded one (see `glob`) that may also have `SEG` and `SEG_ONE`: wildcards that match no
colon. ARN patterns have them in their first five segments.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Sequence

from guardrails.access.glob import CLOSE, ONE, OPEN, TOKEN, covers, matcher, overlaps

SEG, SEG_ONE = "\ue007", "\ue008"
FOLD = "\ue006"
"""At the start of a literal: it is compared without regard to case."""
ANY_ARN = f"arn:{SEG}:{SEG}:{SEG}:{SEG}:*"
WILD = frozenset(("*", "?", SEG, SEG_ONE))
STARS = frozenset(("*", SEG))
_SHIFT = 0xF0000
_MOST_PARTS = 64
MOST_STATES = 4_000


class TooHard(Exception):  # noqa: N818  # an answer: undecided
    """The question is beyond the budget."""


# -- making patterns


@functools.lru_cache(maxsize=16384)
def arn_language(pattern: str) -> str:
    """The language of an encoded pattern that is matched segment by segment (`glob.arn_matches`)."""
    if pattern == "*":
        return "*"
    *heads, last = pattern.split(":", 5)
    return ":".join((*(head.replace("*", SEG).replace("?", SEG_ONE) for head in heads), last))


@functools.lru_cache(maxsize=16384)
def resource_language(pattern: str) -> tuple[str, ...]:
    """The languages whose union is that of an encoded resource pattern, over whole ARNs.

    A `*` at the end of a segment matches across colons (User Guide, "Resource": "it can expand to match beyond the
    colon boundaries"), so that one pattern has a form for each number of colons that such a `*` spans.
    """
    if pattern == "*" or pattern.startswith(OPEN):
        return (pattern,)
    made: dict[str, None] = {}
    _forms(pattern, 0, 0, "", made)
    kept: list[str] = []
    for each in made:
        if not any(includes(other, each) for other in kept):
            kept.append(each)
    return tuple(kept)


def _forms(pattern: str, at: int, colons: int, done: str, made: dict[str, None]) -> None:
    """Read a pattern from `at` on, `colons` colons being behind: each form is a path through its early `*`."""
    while at < len(pattern) and colons < 5:
        char = pattern[at]
        if char == "*" and pattern[at + 1 : at + 2] in (":", ""):
            for spanned in range(1, 5 - colons):
                _forms(pattern, at + 1, colons + spanned, done + f"{SEG}:" * spanned + SEG, made)
            last = done + f"{SEG}:" * (5 - colons) + pattern[at:]
            _forms(pattern, at + 1, colons, done + SEG, made)
            made[last] = None
            return
        if char == ":":
            colons += 1
        done += SEG if char == "*" else SEG_ONE if char == "?" else char
        at += 1
    if colons == 5:
        made[done + pattern[at:]] = None


@functools.lru_cache(maxsize=16384)
def resource_matcher(pattern: str) -> Callable[[str], bool]:
    """The test of an encoded resource pattern on an encoded resource, whole ARN or not."""
    heads = pattern.split(":", 5)[:5]
    if not any(("*" in head and head.find("*") < len(head) - 1) or "?" in head for head in heads):
        return matcher(pattern)  # each `*` may span colons: the pattern is matched as plain text
    forms = union(resource_language(pattern))
    return forms.has


@functools.lru_cache(maxsize=4096)
def arn_condition(pattern: str) -> str | None:
    """The language of an encoded `ArnLike` value: whole ARNs alone; None for the empty one."""
    if pattern == "*":
        return ANY_ARN
    head, *rest = pattern.split(":", 5)
    if len(rest) != 5 or not matcher(head)("arn"):
        return None
    return arn_language(":".join(("arn", *rest)))


def is_literal(pattern: str) -> bool:
    """Whether a pattern is one string."""
    return WILD.isdisjoint(pattern) and pattern[:1] != FOLD


@functools.lru_cache(maxsize=16384)
def whole_arn(pattern: str) -> tuple[str, ...] | None:
    """The six segments of a pattern whose first five match no colon, with ordinary wildcards; else None."""
    parts = tuple(pattern.split(":", 5))
    if len(parts) != 6 or any("*" in part or "?" in part for part in parts[:5]):
        return None
    if SEG in pattern or SEG_ONE in pattern:
        return tuple(part.replace(SEG, "*").replace(SEG_ONE, "?") for part in parts)
    return parts


# -- membership


@functools.lru_cache(maxsize=16384)
def _fitter(pattern: str) -> Callable[[str], bool]:
    if pattern[:1] == FOLD:
        folded = pattern[1:]
        return lambda text: text.lower() == folded
    if SEG not in pattern and SEG_ONE not in pattern:
        return matcher(pattern)
    whole = whole_arn(pattern)
    if whole is None:
        expression = "".join(_REGEX.get(char) or re.escape(char) for char in pattern)
        compiled = re.compile(expression, re.DOTALL)
        return lambda text: compiled.fullmatch(text) is not None
    tests = tuple((index, matcher(part)) for index, part in enumerate(whole) if part != "*")

    def segmented(text: str) -> bool:
        parts = text.split(":", 5)
        return len(parts) == 6 and all(test(parts[index]) for index, test in tests)

    return segmented


_REGEX = {"*": ".*?", "?": ONE, SEG: "[^:]*?", SEG_ONE: ONE.replace("[^", "[^:")}


def fits(pattern: str, text: str) -> bool:
    """Whether an encoded text is in the language of a pattern."""
    return pattern == "*" or _fitter(pattern)(text)


# -- relations


@functools.lru_cache(maxsize=65536)
def includes(general: str, special: str) -> bool:
    """Whether `special`'s language is in `general`'s. True is proven; False may be wrong with `?` or case folding."""
    if general in ("*", special):
        return True
    if general[:1] == FOLD or special[:1] == FOLD:
        if special[:1] == FOLD:
            if general[:1] == FOLD:
                return False
            # A letter that may be of either case is taken by wildcards alone.
            open_letters = "".join(SEG_ONE if char.lower() != char.upper() else char for char in special[1:])
            return includes(general, open_letters)
        return is_literal(special) and fits(general, special)
    if is_literal(special):
        return fits(general, special)
    ours, theirs = whole_arn(general), whole_arn(special)
    if ours and theirs:
        return all(one == other or covers(one, other) for one, other in zip(ours, theirs, strict=True))
    if SEG not in general and SEG_ONE not in general:
        return covers(general, special.replace(SEG, "*").replace(SEG_ONE, "?"))
    return _includes_slowly(general, special)


def spellings(text: str) -> Iterator[str]:
    """Every way to write a text in upper and lower case, the usual ones first. Raises `TooHard` after many."""
    yield from (text, text.lower(), text.upper())
    letters = [sorted({char.lower(), char.upper()}) for char in text]
    for number, each in enumerate(itertools.product(*letters)):
        if number == MOST_STATES:
            raise TooHard("a value has too many spellings")
        yield "".join(each)


def _includes_slowly(general: str, special: str) -> bool:
    row = [False] * len(special) + [True]
    for mine in reversed(general):
        new = [False] * (len(special) + 1)
        new[-1] = row[-1] if mine in STARS else False
        for j in range(len(special) - 1, -1, -1):
            other = special[j]
            if mine == "*":
                new[j] = row[j] or new[j + 1]
            elif mine == SEG:
                new[j] = row[j] or (new[j + 1] and _no_colon(other))
            else:
                new[j] = row[j + 1] and (mine == other or _takes(mine, other))
        row = new
    return row[0]


def _no_colon(char: str) -> bool:
    return char not in (":", "*", "?") and not _of_token(char)


def _takes(mine: str, other: str) -> bool:
    """Whether a single-character wildcard takes every string of a token of another pattern."""
    if mine not in ("?", SEG_ONE) or other in STARS or _of_token(other):
        return False
    return mine == "?" or (other not in (":", "?"))


def _of_token(char: str) -> bool:
    return char in (OPEN, CLOSE) or ord(char) >= _SHIFT


@functools.lru_cache(maxsize=65536)
def meets(one: str, other: str) -> bool:
    """Whether two languages have a member in common; True may be wrong, False is proven."""
    if one == "*" or other == "*":
        return True
    if one[:1] == FOLD or other[:1] == FOLD:
        if one[:1] == FOLD and other[:1] == FOLD:
            return one == other
        fold, glob = (one, other) if one[:1] == FOLD else (other, one)
        return fits(glob.lower(), fold[1:])
    if is_literal(one):
        return fits(other, one)
    if is_literal(other):
        return fits(one, other)
    ours, theirs = whole_arn(one), whole_arn(other)
    if ours and theirs:
        return all(a == b or overlaps(a, b) for a, b in zip(ours, theirs, strict=True))
    return overlaps(_loose(one), _loose(other))


def _loose(pattern: str) -> str:
    return pattern.replace(SEG, "*").replace(SEG_ONE, "?")


# -- intersection


@functools.lru_cache(maxsize=16384)
def common(one: str, other: str) -> tuple[str, ...]:
    """The patterns whose union is the intersection of two. Raises `TooHard` if they are too many."""
    if includes(one, other):
        return (other,)
    if includes(other, one):
        return (one,)
    if not meets(one, other):
        return ()
    if one[:1] == FOLD or other[:1] == FOLD:
        fold, glob = (one, other) if one[:1] == FOLD else (other, one)
        return tuple(dict.fromkeys(each for each in spellings(fold[1:]) if fits(glob, each)))
    ours, theirs = whole_arn(one), whole_arn(other)
    if ours and theirs:
        made: list[str] = [""]
        for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            parts = common(a, b)
            if index < 5:
                parts = tuple(part.replace("*", SEG).replace("?", SEG_ONE) for part in parts)
            made = [f"{head}:{part}" if index else part for head in made for part in parts]
            if len(made) > _MOST_PARTS:
                raise TooHard("two ARN patterns overlap in too many ways")
        return tuple(made)
    found = _Common(symbols_of(one), symbols_of(other)).at(0, 0)
    return _thinned(["".join(each) for each in found])


def symbols_of(pattern: str) -> tuple[str, ...]:
    """Characters, each opaque token as one."""
    if OPEN not in pattern:
        return tuple(pattern)
    found: list[str] = []
    at = 0
    for token in TOKEN.finditer(pattern):
        found.extend(pattern[at : token.start()])
        found.append(token[0])
        at = token.end()
    found.extend(pattern[at:])
    return tuple(found)


class _Common:
    """Interleavings of two patterns."""

    def __init__(self, one: Sequence[str], other: Sequence[str]) -> None:
        self.one, self.other = one, other
        self.memo: dict[tuple[int, int], list[tuple[str, ...]]] = {}

    def at(self, i: int, j: int) -> list[tuple[str, ...]]:
        if (i, j) in self.memo:
            return self.memo[i, j]
        if len(self.memo) > MOST_STATES or i + j > 900:
            raise TooHard("two patterns overlap in too many ways")
        found = self.memo[i, j] = self.step(i, j)
        if len(found) > _MOST_PARTS:
            raise TooHard("two patterns overlap in too many ways")
        return found

    def step(self, i: int, j: int) -> list[tuple[str, ...]]:
        one, other = self.one, self.other
        if i == len(one) and j == len(other):
            return [()]
        a = one[i] if i < len(one) else ""
        b = other[j] if j < len(other) else ""
        if a in STARS and b in STARS:
            star = SEG if SEG in (a, b) else "*"
            tails = self.at(i + 1, j) + self.at(i, j + 1)
            return _distinct((star, *tail) if tail[:1] != (star,) else tail for tail in tails)
        if a in STARS:
            return self.spanned(a, b, self.at(i + 1, j), lambda: self.at(i, j + 1))
        if b in STARS:
            return self.spanned(b, a, self.at(i, j + 1), lambda: self.at(i + 1, j))
        if not a or not b or (single := shared_symbol(a, b)) is None:
            return []
        return [(single, *tail) for tail in self.at(i + 1, j + 1)]

    @staticmethod
    def spanned(
        star: str, char: str, ended: list[tuple[str, ...]], more: Callable[[], list[tuple[str, ...]]]
    ) -> list[tuple[str, ...]]:
        """`star` against one symbol: it spans nothing (`ended`), or the symbol and `more`."""
        if not char:
            return ended
        if star == SEG:
            if char == ":":
                return ended
            char = SEG_ONE if char == "?" else char
        return _distinct([*ended, *((char, *tail) for tail in more())])


def shared_symbol(a: str, b: str) -> str | None:
    """What two single-character symbols have in common."""
    if a == b:
        return a
    for wild, other in ((a, b), (b, a)):
        if wild == "?" and len(other) == 1:
            return other
        if wild == SEG_ONE and len(other) == 1 and other != ":":
            return SEG_ONE if other == "?" else other
    return None


def _distinct(items: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(items))


def _thinned(patterns: list[str]) -> tuple[str, ...]:
    """Without those that another includes."""
    kept: list[str] = []
    for each in dict.fromkeys(patterns):
        if not any(includes(other, each) for other in kept):
            kept = [other for other in kept if not includes(each, other)]
            kept.append(each)
    return tuple(kept)


# -- unions


def bucket(pattern: str) -> str:
    """What a pattern must share with others to meet them: the service of an action or ARN; empty if it is open."""
    head, colon, rest = pattern.partition(":")
    if not colon:
        return ""
    if head == "arn":
        parts = rest.split(":", 2)
        if len(parts) < 3:
            return ""
        head = parts[1]
    return head if WILD.isdisjoint(head) and head[:1] != FOLD else ""


class Union:
    """Several patterns, found by what they can meet."""

    __slots__ = ("_exact", "_groups", "_open", "patterns")

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = tuple(patterns)
        self._exact = frozenset(self.patterns)
        self._groups: dict[str, list[str]] | None = None
        self._open: list[str] = []

    def near(self, pattern: str) -> Sequence[str]:
        """Those that may meet a pattern."""
        if len(self.patterns) < 8:
            return self.patterns
        if self._groups is None:
            self._groups = {}
            for each in self.patterns:
                if key := bucket(each):
                    self._groups.setdefault(key, []).append(each)
                else:
                    self._open.append(each)
        key = bucket(pattern)
        if not key:
            return self.patterns
        own = self._groups.get(key)
        return self._open if own is None else own + self._open

    def includes(self, pattern: str) -> bool:
        """Whether one of them includes a pattern."""
        return pattern in self._exact or any(includes(each, pattern) for each in self.near(pattern))

    def has(self, text: str) -> bool:
        """Whether an encoded text is in one of them."""
        return text in self._exact or any(fits(each, text) for each in self.near(text))


@functools.lru_cache(maxsize=8192)
def union(patterns: tuple[str, ...]) -> Union:
    """The union of patterns, made once."""
    return Union(patterns)


@functools.lru_cache(maxsize=4096)
def both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """The intersection of two unions. Raises `TooHard`."""
    if "*" in one:
        return other
    if "*" in other or one == other:
        return one
    theirs = union(other)
    found: dict[str, None] = {}
    for each in one:
        if theirs.includes(each):
            found[each] = None
            continue
        for near in theirs.near(each):
            found.update(dict.fromkeys(common(each, near)))
        if len(found) > 4 * (len(one) + len(other)) + 256:
            raise TooHard("two lists of patterns overlap in too many ways")
    return tuple(found)
