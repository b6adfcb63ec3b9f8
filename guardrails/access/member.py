"""A string that some patterns have and others do not, or the proof that there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from guardrails.access.language import (
    FOLD,
    MOST_STATES,
    SEG,
    SEG_ONE,
    STARS,
    WILD,
    TooHard,
    fits,
    is_literal,
    meets,
    shared_symbol,
    spellings,
    symbols_of,
    union,
    whole_arn,
)


def member(positive: tuple[str, ...], negative: tuple[str, ...], fills: Sequence[str]) -> str | None:
    """A string that one of `positive` has and none of `negative`, or None if there is none.

    `fills` are what wildcards are tried to be filled with, the nicest first. Raises `TooHard` beyond the budget.
    """
    taken = union(negative)
    hard: list[tuple[str, list[str]]] = []
    for each in positive:
        if taken.includes(each):
            continue
        near = [other for other in taken.near(each) if meets(other, each)]
        if is_literal(each):
            if not any(fits(other, each) for other in near):
                return each
            continue
        for candidate in _candidates(each, near, fills):
            if not any(fits(other, candidate) for other in near):
                return candidate
        if each[:1] != FOLD:  # every spelling was tried
            hard.append((each, near))
    for each, near in hard:
        found = _walk(each, near)
        if found is not None:
            return found
    return None


def _candidates(pattern: str, near: Sequence[str], fills: Sequence[str]) -> Iterator[str]:
    if pattern[:1] == FOLD:
        yield from spellings(pattern[1:])
        return
    whole = whole_arn(pattern)
    for fill in fills:
        yield _filled(pattern, whole, fill)
    text = "".join(near)
    fresh = next(char for char in _fresh() if char not in text and char not in pattern)
    yield _filled(pattern, None, fresh)
    longest = max((other.count("?") + other.count(SEG_ONE) for other in near), default=0)
    if longest:
        yield _filled(pattern, None, fresh * (longest + 1))
    if "*" in pattern:
        for colons in range(1, 7):
            yield _filled(pattern, None, (fresh + ":") * colons + fresh)
        yield _filled(pattern, None, "")


def _fresh() -> Iterator[str]:
    yield from "xyzqjkvwXYZQ"
    yield from map(chr, range(0x430, 0x7FF))


_SEGMENTS = ("arn", "aws", "s3", "us-east-1", "111122223333", "")
"""Nice fillings of the segments of an ARN."""


def _filled(pattern: str, whole: tuple[str, ...] | None, fill: str) -> str:
    one = "x" if not fill or (len(fill) > 1 and fill[0].isalpha() and fill[0].isascii()) else fill[0]
    if whole is not None and fill:
        parts = [
            _SEGMENTS[i] if i < 5 and part == "*" else part.replace("*", fill).replace("?", one)
            for i, part in enumerate(whole)
        ]
        return ":".join(parts)
    head = fill.replace(":", "")
    return pattern.replace("*", fill).replace(SEG, head).replace("?", one).replace(SEG_ONE, one)


def _walk(pattern: str, near: Sequence[str]) -> str | None:
    """A shortest string of a pattern that none of the others has, by walking their automata side by side."""
    folds = [each for each in near if each[:1] == FOLD]
    machines = _Machines([symbols_of(each) for each in (pattern, *near) if each[:1] != FOLD])
    level: list[tuple[int, str]] = [(machines.start, "")]
    seen = {machines.start}
    while level:
        deeper: list[tuple[int, str]] = []
        for state, text in level:
            if machines.first_alone(state) and not any(fits(fold, text) for fold in folds):
                return text
            for symbol, moved in machines.steps(state):
                if moved not in seen:
                    seen.add(moved)
                    deeper.append((moved, text + symbol))
                    if len(seen) > MOST_STATES:
                        raise TooHard("patterns overlap in too many ways")
        level = deeper
    if folds:
        raise TooHard("values are compared with and without regard to case")
    return None


class _Machines:
    """Patterns as non-deterministic automata, all in one number: bit `i` is "before symbol `i`"."""

    def __init__(self, machines: Sequence[Sequence[str]]) -> None:
        symbols: dict[str, None] = {}
        for machine in machines:
            symbols.update(dict.fromkeys(symbol for symbol in machine if symbol not in WILD))
        symbols[next(char for char in _fresh() if char not in symbols)] = None
        symbols[":"] = None
        self.symbols = tuple(symbols)
        self.advance = dict.fromkeys(symbols, 0)
        self.stay = dict.fromkeys(symbols, 0)
        self.stars = self.refuse = self.accept = start = offset = 0
        for number, machine in enumerate(machines):
            start |= 1 << offset
            self._add(machine, offset)
            end = 1 << (offset + len(machine))
            if number:
                self.refuse |= end
            else:
                self.accept, self.own = end, 2 * end - 1
            offset += len(machine) + 1
        self.start = self._closed(start)

    def _add(self, machine: Sequence[str], offset: int) -> None:
        for index, mark in enumerate(machine):
            bit = 1 << (offset + index)
            if mark in STARS:
                self.stars |= bit
            for symbol in self.symbols:
                if mark == symbol or (mark in ("?", SEG_ONE) and shared_symbol(mark, symbol) == symbol):
                    self.advance[symbol] |= bit
                elif mark == "*" or (mark == SEG and symbol != ":"):
                    self.stay[symbol] |= bit

    def _closed(self, state: int) -> int:
        while (more := state | ((state & self.stars) << 1)) != state:
            state = more
        return state

    def first_alone(self, state: int) -> bool:
        """Whether the first pattern accepts and no other does."""
        return bool(state & self.accept) and not state & self.refuse

    def steps(self, state: int) -> Iterator[tuple[str, int]]:
        """The states after one more symbol, without those that the first pattern has left."""
        for symbol in self.symbols:
            moved = self._closed(((state & self.advance[symbol]) << 1) | (state & self.stay[symbol]))
            if moved & self.own:
                yield symbol, moved
