"""Exact sets of protocols with their ports or ICMP types."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

from guardrails.network import intervals
from guardrails.network.addresses import Family, listed
from guardrails.network.intervals import Bounds

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
_SPAN = 1 << 16
_SIZE = 256 * _SPAN
_NUMBERS = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "egp": 8,
    "igp": 9,
    "udp": 17,
    "ipv6": 41,
    "rsvp": 46,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "ipv6-icmp": 58,
    "eigrp": 88,
    "ospf": 89,
    "pim": 103,
    "vrrp": 112,
    "l2tp": 115,
    "sctp": 132,
    "udplite": 136,
}
_NAMES = {number: name.upper() for name, number in _NUMBERS.items() if name != "ipv6-icmp"} | {58: "ICMPv6"}
_WELL_KNOWN = {
    20: "FTP data", 21: "FTP", 22: "SSH", 23: "Telnet", 25: "SMTP", 53: "DNS", 80: "HTTP", 389: "LDAP", 443: "HTTPS",
    445: "SMB", 1433: "SQL Server", 1521: "Oracle", 2049: "NFS", 2379: "etcd", 3306: "MySQL", 3389: "RDP",
    5432: "PostgreSQL", 5439: "Redshift", 5900: "VNC", 5985: "WinRM", 5986: "WinRM", 6379: "Redis", 9092: "Kafka",
    9200: "Elasticsearch", 11211: "Memcached", 27017: "MongoDB",
}  # fmt: skip


def protocol_number(protocol: str | int) -> int | None:
    """The IANA number of a protocol as AWS and Terraform take it, None for all protocols (`-1`, `all`).

    Raises `ValueError` for a name that is not known.
    """
    name = str.__str__(protocol).strip().lower() if isinstance(protocol, str) else str(protocol)
    if name in ("-1", "all", ""):
        return None
    if name in _NUMBERS:
        return _NUMBERS[name]
    if name.isascii() and name.isdigit() and int(name) < 256:
        return int(name)
    raise ValueError(f"{protocol!r} is not a protocol")


def protocol_name(number: int) -> str:
    """How a protocol is called: `TCP`, `ICMPv6`, `protocol 253`."""
    return _NAMES.get(number, f"protocol {number}")


class PortSet(Struct, frozen=True):
    """A set of (protocol, port), for ICMP of (protocol, type, code); other protocols are in it as a whole or not.

    One axis holds all of it: `protocol * 65536 + port`, for ICMP `+ type * 256 + code`.
    """

    bounds: Bounds = ()

    @classmethod
    def of(cls, protocol: str | int, *ports: int | tuple[int, int]) -> PortSet:
        """Ports of one protocol, single or as inclusive ranges; none given: the whole protocol.

        `PortSet.of("tcp", 22, (8000, 8999))`. For ICMP, types: with all of their codes.
        """
        number = protocol_number(protocol)
        if number is None:
            return ALL
        if not ports or number not in (TCP, UDP, ICMP, ICMPV6):
            return cls((number * _SPAN, (number + 1) * _SPAN))
        ranges = [(p, p) if isinstance(p, int) else p for p in ports]
        unit, top = (256, 255) if number in (ICMP, ICMPV6) else (1, 65535)
        for low, high in ranges:
            if not 0 <= low <= high <= top:
                raise ValueError(f"{low}-{high} is not a range of ports from 0 to {top}")
        base = number * _SPAN
        return cls(intervals.of((base + low * unit, base + (high + 1) * unit) for low, high in ranges))

    @classmethod
    def tcp(cls, *ports: int | tuple[int, int]) -> PortSet:
        """TCP ports, single or as inclusive ranges."""
        return cls.of("tcp", *ports)

    @classmethod
    def udp(cls, *ports: int | tuple[int, int]) -> PortSet:
        """UDP ports, single or as inclusive ranges."""
        return cls.of("udp", *ports)

    @classmethod
    @lru_cache(maxsize=4096)  # rules repeat; the class lives as long as the program
    def rule(cls, protocol: str | int, low: int | None, high: int | None) -> PortSet:
        """What a rule of a security group or network ACL allows, from its protocol, `from_port` and `to_port`.

        For ICMP these are type and code, with -1 for all. Protocols other than TCP, UDP and ICMP have no ports:
        AWS ignores the range (AuthorizeSecurityGroupIngress, `IpProtocol`). A range that is left out or -1 is every
        port. Raises `ValueError` for what AWS would refuse.
        """
        number = protocol_number(protocol)
        if number is None:
            return ALL
        base = number * _SPAN
        if number in (ICMP, ICMPV6):
            if low is None or low == -1:
                return cls.of(number)
            if not 0 <= low <= 255 or not -1 <= (code := -1 if high is None else high) <= 255:
                raise ValueError(f"{low}/{high} is not an ICMP type and code")
            at = base + low * 256
            return cls((at, at + 256)) if code == -1 else cls((at + code, at + code + 1))
        if number not in (TCP, UDP):
            return cls.of(number)
        if low in (None, -1) and high in (None, -1):
            return cls.of(number)
        low = high if low is None else low
        high = low if high is None else high
        if low is None or high is None or not 0 <= low <= high <= 65535:
            raise ValueError(f"from port {low} to port {high} is not a range of ports")
        return cls((base + low, base + high + 1))

    def __or__(self, other: PortSet) -> PortSet:
        return PortSet(intervals.union(self.bounds, other.bounds))

    def __and__(self, other: PortSet) -> PortSet:
        if self is other or self.bounds == _EVERYTHING:
            return other
        if other.bounds == _EVERYTHING:
            return self
        return PortSet(intervals.intersection(self.bounds, other.bounds))

    def __sub__(self, other: PortSet) -> PortSet:
        return PortSet(intervals.difference(self.bounds, other.bounds))

    def __invert__(self) -> PortSet:
        return PortSet(intervals.complement(self.bounds, _SIZE))

    def __bool__(self) -> bool:
        return bool(self.bounds)

    def __le__(self, other: PortSet) -> bool:
        return intervals.covers(other.bounds, self.bounds)

    def __ge__(self, other: PortSet) -> bool:
        return other <= self

    def isdisjoint(self, other: PortSet) -> bool:
        """Whether nothing is in both."""
        return intervals.disjoint(self.bounds, other.bounds)

    def protocols(self) -> list[int]:
        """The numbers of the protocols of which something is in it, ascending."""
        found: list[int] = []
        for start, end in intervals.pieces(self.bounds):
            found += (n for n in range(start // _SPAN, (end - 1) // _SPAN + 1) if not found or n > found[-1])
        return found

    def protocol(self, protocol: str | int) -> PortSet:
        """What of one protocol is in it."""
        return self & PortSet.of(protocol)

    def ranges(self, protocol: str | int) -> list[tuple[int, int]]:
        """The ports of one protocol as inclusive ranges; for ICMP, `type * 256 + code`."""
        number = protocol_number(protocol)
        if number is None:
            raise ValueError("ranges belong to one protocol")
        base = number * _SPAN
        return [(a - base, b - base - 1) for a, b in intervals.pieces(self.protocol(number).bounds)]

    def has(self, protocol: str | int, port: int) -> bool:
        """Whether one port of a protocol is in it."""
        return PortSet.of(protocol, port) <= self

    def of_family(self, family: Family) -> PortSet:
        """Without the other address family's ICMP, which its packets never carry."""
        return self - (PortSet.of(ICMPV6) if family == 4 else PortSet.of(ICMP))

    def describe(self) -> str:
        """The set as people say it: `TCP 22 (SSH)`, `TCP 80, 443 and all ICMP`, `every port and protocol`."""
        if self.bounds == _EVERYTHING:
            return "every port and protocol"
        left = ~self
        if len(self.protocols()) > 8:
            return f"everything but {left.describe()}"
        names: list[str] = []
        for number in self.protocols():
            names += self._words(number)
        return listed(names) or "nothing"

    def _words(self, number: int) -> list[str]:
        name, ranges = protocol_name(number), self.ranges(number)
        if ranges == [(0, _SPAN - 1)]:
            return [f"all {name}" if number in (TCP, UDP, ICMP, ICMPV6) else name]
        if number in (ICMP, ICMPV6):
            kinds = [
                f"type {low // 256}"
                if low % 256 == 0 and high - low == 255
                else f"types {low // 256}-{high // 256}"
                if low % 256 == 0 and high % 256 == 255
                else f"type {low // 256} code {low % 256}"
                for low, high in ranges
            ]
            return [f"{name} {', '.join(kinds)}"]
        if len(ranges) == 1 and ranges[0][0] == ranges[0][1] and ranges[0][0] in _WELL_KNOWN:
            return [f"{name} {ranges[0][0]} ({_WELL_KNOWN[ranges[0][0]]})"]
        shown = [str(low) if low == high else f"{low}-{high}" for low, high in ranges]
        if len(shown) > 6:
            shown = [*shown[:5], f"{len(shown) - 5} more ranges"]
        return [f"{name} {', '.join(shown)}"]

    def __repr__(self) -> str:
        return f"PortSet({self.describe()})"


def union_of(sets: Iterable[PortSet]) -> PortSet:
    """The union of many sets at once."""
    return PortSet(intervals.of(piece for each in sets for piece in intervals.pieces(each.bounds)))


_EVERYTHING: Bounds = (0, _SIZE)
NOTHING = PortSet()
ALL = PortSet(_EVERYTHING)
"""Every protocol and port."""
