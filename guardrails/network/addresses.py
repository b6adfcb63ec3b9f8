"""Exact sets of IPv4 and IPv6 addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from guardrails.network import intervals
from guardrails.network.intervals import Bounds

Family = Literal[4, 6]
BITS: dict[Family, int] = {4: 32, 6: 128}
_SIZE: dict[Family, int] = {4: 1 << 32, 6: 1 << 128}
_CIDR4 = re.compile(r"(0|[1-9]\d?\d?)\.(0|[1-9]\d?\d?)\.(0|[1-9]\d?\d?)\.(0|[1-9]\d?\d?)/(0|[1-9]\d?)", re.ASCII)
_PREFIX = re.compile(r"0|[1-9]\d{0,2}", re.ASCII)
_SHOWN = 4

INTERNET_SCALE: dict[Family, int] = {4: 1 << 24, 6: 1 << 112}
"""From how many public addresses on a set counts as "the internet": an IPv4 /8, an IPv6 /16. The largest networks
that one organisation or service publishes as its own are well below, any way of writing "everyone" is far above.
"""


@lru_cache(maxsize=16384)
def parse_cidr(text: str) -> tuple[Family, int, int]:
    """The family, first address and prefix length of a CIDR block. Host bits may be set, as EC2 accepts and clears
    them. Raises `ValueError` for anything else: no prefix, a netmask, zero-padded numbers, a zone.
    """
    if match := _CIDR4.fullmatch(text):
        a, b, c, d, prefix = map(int, match.groups())
        if max(a, b, c, d) > 255 or prefix > 32:
            raise ValueError(f"{text!r} is not a CIDR block")
        value = a << 24 | b << 16 | c << 8 | d
        return 4, value >> (32 - prefix) << (32 - prefix), prefix
    address, slash, length = text.partition("/")
    if not slash or ":" not in address or "%" in address or not _PREFIX.fullmatch(length) or int(length) > 128:
        raise ValueError(f"{text!r} is not a CIDR block")
    try:
        value = int(ipaddress.IPv6Address(address))
    except ValueError:
        raise ValueError(f"{text!r} is not a CIDR block") from None
    shift = 128 - int(length)
    return 6, value >> shift << shift, int(length)


class AddressSet(Struct, frozen=True):
    """A set of addresses, equal to another exactly if both hold the same addresses, however they were written."""

    v4: Bounds = ()
    v6: Bounds = ()

    @classmethod
    def of(cls, *cidrs: str) -> AddressSet:
        """The union of CIDR blocks and single addresses. Raises `ValueError` for a text that is neither."""
        pieces: dict[Family, list[tuple[int, int]]] = {4: [], 6: []}
        for text in cidrs:
            whole = text if "/" in text else f"{text}/{128 if ':' in text else 32}"
            family, first, prefix = parse_cidr(str.__str__(whole))
            pieces[family].append((first, first + (1 << (BITS[family] - prefix))))
        return cls(intervals.of(pieces[4]), intervals.of(pieces[6]))

    @classmethod
    def single(cls, family: Family, address: int) -> AddressSet:
        """One address, given as an integer."""
        return cls.range(family, address, address + 1)

    @classmethod
    def range(cls, family: Family, start: int, end: int) -> AddressSet:
        """The addresses from `start` up to, not including, `end`."""
        return cls((start, end)) if family == 4 else cls((), (start, end))

    @classmethod
    def union_of(cls, sets: Iterable[AddressSet]) -> AddressSet:
        """The union of many sets at once."""
        v4: list[tuple[int, int]] = []
        v6: list[tuple[int, int]] = []
        for each in sets:
            v4 += intervals.pieces(each.v4)
            v6 += intervals.pieces(each.v6)
        return cls(intervals.of(v4), intervals.of(v6))

    def bounds(self, family: Family) -> Bounds:
        """The cuts of one family; see `intervals.Bounds`."""
        return self.v4 if family == 4 else self.v6

    def family(self, family: Family) -> AddressSet:
        """The addresses of one family alone."""
        return AddressSet(self.v4) if family == 4 else AddressSet((), self.v6)

    def families(self) -> tuple[Family, ...]:
        """The families of which there are addresses."""
        return tuple(f for f in (4, 6) if self.bounds(f))

    def __or__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intervals.union(self.v4, other.v4), intervals.union(self.v6, other.v6))

    def __and__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intervals.intersection(self.v4, other.v4), intervals.intersection(self.v6, other.v6))

    def __sub__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intervals.difference(self.v4, other.v4), intervals.difference(self.v6, other.v6))

    def __invert__(self) -> AddressSet:
        return AddressSet(
            intervals.complement(self.v4, _SIZE[4]),
            intervals.complement(self.v6, _SIZE[6]),
        )

    def __bool__(self) -> bool:
        return bool(self.v4 or self.v6)

    def __le__(self, other: AddressSet) -> bool:
        return intervals.covers(other.v4, self.v4) and intervals.covers(other.v6, self.v6)

    def __ge__(self, other: AddressSet) -> bool:
        return other <= self

    def __contains__(self, address: str) -> bool:
        return AddressSet.of(address) <= self

    def isdisjoint(self, other: AddressSet) -> bool:
        """Whether no address is in both."""
        return not self & other

    def size(self, family: Family) -> int:
        """How many addresses of one family it holds."""
        return intervals.size(self.bounds(family))

    def public(self) -> AddressSet:
        """What of it are addresses of the public internet: without private, shared, link-local, unique local,
        documentation, multicast and reserved ones.
        """
        return self & PUBLIC

    @property
    def wide(self) -> bool:
        """Whether it lets in the internet: so many public addresses that they cannot be anybody's own networks
        (`INTERNET_SCALE`). Two halves of the internet are wide, an office's or a service's networks are not.
        """
        public = self.public()
        return any(public.size(f) >= INTERNET_SCALE[f] for f in public.families())

    def covers_internet(self, family: Family) -> bool:
        """Whether every public address of one family is in it."""
        return intervals.covers(self.bounds(family), PUBLIC.bounds(family))

    def cidrs(self) -> list[str]:
        """The fewest CIDR blocks that make up the set, IPv4 first, ascending."""
        return [
            f"{_text(family, first)}/{prefix}"
            for family in self.families()
            for start, end in intervals.pieces(self.bounds(family))
            for first, prefix in _blocks(family, start, end)
        ]

    def describe(self) -> str:
        """The set as people say it: `the whole IPv4 internet`, `10.0.0.0/8 and 192.168.0.0/16`, `no address`."""
        whole: list[Family] = [f for f in (4, 6) if self.covers_internet(f)]
        if whole == [4, 6]:
            return "the whole internet"
        names = [f"the whole IPv{family} internet" for family in whole]
        rest = [
            AddressSet(self.v4) if 4 not in whole else NOWHERE,
            AddressSet((), self.v6) if 6 not in whole else NOWHERE,
        ]
        blocks = [cidr for each in rest for cidr in each.cidrs()]
        if len(blocks) > _SHOWN + 1:
            blocks = [*blocks[:_SHOWN], f"{len(blocks) - _SHOWN} more networks"]
        names += [block.removesuffix("/32" if "." in block else "/128") for block in blocks]
        return listed(names) or "no address"

    def __repr__(self) -> str:
        return f"AddressSet({', '.join(self.cidrs()[:8])})"


def listed(names: list[str]) -> str:
    """Names as a sentence joins them: `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _text(family: Family, address: int) -> str:
    if family == 4:
        return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"
    return str(ipaddress.IPv6Address(address))


def _blocks(family: Family, start: int, end: int) -> Iterator[tuple[int, int]]:
    bits = BITS[family]
    while start < end:
        free = (start & -start).bit_length() - 1 if start else bits
        free = min(free, (end - start).bit_length() - 1)
        yield start, bits - free
        start += 1 << free


NOWHERE = AddressSet()
"""No address."""
ANYWHERE = AddressSet((0, _SIZE[4]), (0, _SIZE[6]))
"""Every address of both families."""
ANY_V4 = AddressSet((0, _SIZE[4]))
ANY_V6 = AddressSet((), (0, _SIZE[6]))
RFC1918 = AddressSet.of("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
SHARED = AddressSet.of("100.64.0.0/10")
"""RFC 6598, carrier-grade NAT."""
UNIQUE_LOCAL = AddressSet.of("fc00::/7")
PUBLIC = (
    AddressSet.of("0.0.0.0/0", "2000::/3")
    - RFC1918
    - SHARED
    - AddressSet.of(
        *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
        *("2001::/23", "2001:db8::/32", "3fff::/20"),
    )
)
"""What IANA's special-purpose registries leave to the public internet (RFC 6890 and its updates); of IPv6, the global
unicast block that is given out.
"""
