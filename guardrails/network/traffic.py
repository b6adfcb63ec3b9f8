"""Exact sets of traffic: which ports for which addresses."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from guardrails.network import intervals
from guardrails.network.addresses import ANYWHERE, NOWHERE, AddressSet, Family
from guardrails.network.ports import ALL, NOTHING, PortSet

Row = tuple[int, int, PortSet]
"""From the first address up to, not including, the second: these ports."""
Rows = tuple[Row, ...]
_Merge = Callable[[PortSet, PortSet], PortSet]


class Traffic(Struct, frozen=True):
    """A set of (address, protocol, port), kept as sorted address ranges with the ports of each.

    Equal sets have equal rows. The addresses are those of the other side: sources of what comes in, destinations
    of what goes out.
    """

    v4: Rows = ()
    v6: Rows = ()

    @classmethod
    def box(cls, addresses: AddressSet, ports: PortSet) -> Traffic:
        """Each of the ports for each of the addresses."""
        if not ports:
            return cls()
        return cls(
            tuple((a, b, ports) for a, b in intervals.pieces(addresses.v4)),
            tuple((a, b, ports) for a, b in intervals.pieces(addresses.v6)),
        )

    @classmethod
    def union_of(cls, sets: Iterable[Traffic]) -> Traffic:
        """The union of many sets."""
        layer = list(sets)
        while len(layer) > 1:  # pairwise, so that n sets cost n log n
            layer = [layer[i] | layer[i + 1] if i + 1 < len(layer) else layer[i] for i in range(0, len(layer), 2)]
        return layer[0] if layer else cls()

    def rows(self, family: Family) -> Rows:
        """The address ranges of one family with their ports."""
        return self.v4 if family == 4 else self.v6

    def __or__(self, other: Traffic) -> Traffic:
        if not other:
            return self
        if not self:
            return other
        return self._merged(other, PortSet.__or__)

    def __and__(self, other: Traffic) -> Traffic:
        if self.v4 is other.v4 and self.v6 is other.v6:
            return self
        return Traffic(_common(self.v4, other.v4), _common(self.v6, other.v6))

    def __sub__(self, other: Traffic) -> Traffic:
        return self._merged(other, PortSet.__sub__)

    def __bool__(self) -> bool:
        return bool(self.v4 or self.v6)

    def __le__(self, other: Traffic) -> bool:
        return not self - other

    def _merged(self, other: Traffic, merge: _Merge) -> Traffic:
        return Traffic(_merged(self.v4, other.v4, merge), _merged(self.v6, other.v6, merge))

    def at(self, family: Family, address: int) -> PortSet:
        """The ports for one address."""
        rows = self.rows(family)
        index = bisect_right(rows, address, key=_start) - 1
        return rows[index][2] if index >= 0 and address < rows[index][1] else NOTHING

    def within(self, addresses: AddressSet) -> Traffic:
        """What of it has to do with some addresses."""
        return self & Traffic.box(addresses, ALL)

    def on(self, ports: PortSet) -> Traffic:
        """What of it has to do with some ports."""
        return self & Traffic.box(ANYWHERE, ports)

    def addresses(self, ports: PortSet = ALL) -> AddressSet:
        """The addresses for which at least one of the ports is in it."""
        found = [[(a, b) for a, b, p in rows if not p.isdisjoint(ports)] for rows in (self.v4, self.v6)]
        return AddressSet(intervals.of(found[0]), intervals.of(found[1]))

    def ports(self, addresses: AddressSet = ANYWHERE) -> PortSet:
        """The ports that are in it for at least one of the addresses."""
        part = self if addresses == ANYWHERE else self.within(addresses)
        rows = (*part.v4, *part.v6)
        found = rows[0][2] if rows else NOTHING
        for _, _, ports in rows[1:]:
            found |= ports
        return found

    def boxes(self) -> list[tuple[AddressSet, PortSet]]:
        """It as boxes: the addresses that share their ports, disjoint, in the order of their first address."""
        by_ports: dict[PortSet, list[AddressSet]] = {}
        for family in (4, 6):
            for start, end, ports in self.rows(family):
                by_ports.setdefault(ports, []).append(AddressSet.range(family, start, end))
        return [(AddressSet.union_of(sets), ports) for ports, sets in by_ports.items()]

    def pieces(self) -> Iterator[tuple[AddressSet, PortSet]]:
        """As `boxes`, but cut by port instead: the ports that share their addresses."""
        cuts: set[int] = set()
        for _, _, ports in (*self.v4, *self.v6):
            cuts.update(ports.bounds)
        order = sorted(cuts)
        by_addresses: dict[AddressSet, list[tuple[int, int]]] = {}
        for start, end in itertools.pairwise(order):
            addresses = self.addresses(PortSet((start, end)))
            if addresses:
                by_addresses.setdefault(addresses, []).append((start, end))
        for addresses, spans in by_addresses.items():
            yield addresses, PortSet(intervals.of(spans))

    def __repr__(self) -> str:
        return f"Traffic({'; '.join(f'{p.describe()} for {a.describe()}' for a, p in self.boxes()[:4])})"


def _start(row: Row) -> int:
    return row[0]


def _common(a: Rows, b: Rows) -> Rows:
    """The intersection, by one walk along both: this is what filters do to packets all day."""
    out: list[Row] = []
    i = j = 0
    while i < len(a) and j < len(b):
        (first, last, mine), (start, end, theirs) = a[i], b[j]
        low, high = max(first, start), min(last, end)
        if low < high and (ports := mine & theirs):
            if out and out[-1][1] == low and out[-1][2] == ports:
                out[-1] = (out[-1][0], high, ports)
            else:
                out.append((low, high, ports))
        if last < end:
            i += 1
        else:
            j += 1
    return tuple(out)


def _merged(a: Rows, b: Rows, merge: _Merge) -> Rows:
    if not a and not b:
        return ()
    cuts: list[int] = sorted({cut for rows in (a, b) for start, end, _ in rows for cut in (start, end)})
    out: list[Row] = []
    i = j = 0
    for start, end in itertools.pairwise(cuts):
        while i < len(a) and a[i][1] <= start:
            i += 1
        while j < len(b) and b[j][1] <= start:
            j += 1
        left = a[i][2] if i < len(a) and a[i][0] <= start else NOTHING
        right = b[j][2] if j < len(b) and b[j][0] <= start else NOTHING
        ports = merge(left, right)
        if not ports:
            continue
        if out and out[-1][1] == start and out[-1][2] == ports:
            out[-1] = (out[-1][0], end, ports)
        else:
            out.append((start, end, ports))
    return tuple(out)


NO_TRAFFIC = Traffic.box(NOWHERE, NOTHING)
ALL_TRAFFIC = Traffic.box(ANYWHERE, ALL)
