"""Sets of targets: each is a number with a bit for every target that is in it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from guardrails.access import facts
from guardrails.access.documents import Side
from guardrails.access.names import is_whole, may_match


class Space:
    """Targets in the order of their ARNs; a set of them is a number with a bit for each."""

    def __init__(self, arns: Iterable[tuple[str, str]]) -> None:
        """`arns` are (ARN, account) pairs, sorted by ARN."""
        pairs = list(arns)
        self.arns = [arn for arn, _ in pairs]
        self.accounts: dict[str, int] = {}
        for index, (_, account) in enumerate(pairs):
            self.accounts[account] = self.accounts.get(account, 0) | 1 << index
        self.all = (1 << len(pairs)) - 1
        self._vague = [index for index, arn in enumerate(self.arns) if not is_whole(arn)]
        self._found: dict[tuple[str, Side], int] = {}

    def match(self, pattern: str, side: Side) -> int:
        """The targets whose ARNs a pattern covers, certainly or possibly."""
        key = (pattern, side)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._match(pattern, side)
        return found

    def _match(self, pattern: str, side: Side) -> int:
        star, mark = pattern.find("*"), pattern.find("?")
        first = min(at for at in (star, mark, len(pattern)) if at >= 0)
        lead = pattern[:first]
        low = bisect_left(self.arns, lead)
        high = bisect_left(self.arns, lead + chr(0x10FFFF))
        found = 0
        if first == len(pattern):
            while low < high and self.arns[low] == pattern:
                found |= 1 << low
                low += 1
        elif pattern[first:].strip("*") == "":
            found = (1 << high) - (1 << low)
        else:
            matches = facts.glob(pattern)
            for index in range(low, high):
                if matches(self.arns[index]):
                    found |= 1 << index
        if side == "most":
            for index in self._vague:
                if may_match(pattern, self.arns[index]):
                    found |= 1 << index
        return found


def bits(value: int) -> Iterator[int]:
    """The places of a number's bits, from the lowest."""
    while value:
        low = value & -value
        yield low.bit_length() - 1
        value ^= low
