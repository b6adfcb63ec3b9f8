"""Sets of connections on their way through a network."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from guardrails.model import Block, Resource
from guardrails.network.addresses import ANYWHERE, AddressSet, Family
from guardrails.network.ports import ALL, ICMP, ICMPV6, NOTHING, TCP, UDP, PortSet
from guardrails.network.topology import Clients
from guardrails.network.traffic import Rows, Traffic

_ECHO = {ICMP: (8, 0), ICMPV6: (128, 129)}
_PLAIN = ALL - PortSet.of(TCP) - PortSet.of(UDP) - PortSet.of(ICMP) - PortSet.of(ICMPV6)
_CLIENT_PORTS: dict[Clients, tuple[tuple[int, int], tuple[int, int]]] = {
    # Which must be open for every connection to get its answer, and which may be used at all. AWS's own list of
    # ephemeral ports is in the VPC user guide, "Ephemeral ports".
    "instance": ((32768, 65535), (1024, 65535)),
    "high": ((1024, 65535), (1024, 65535)),
    "any": ((0, 65535), (0, 65535)),
}


@lru_cache(maxsize=4096)
def reply_ports(ports: PortSet, clients: Clients) -> PortSet:
    """What answers to connections on some ports may carry: the client's own ports, echo replies, the same protocol."""
    found = ports & _PLAIN
    low, high = _CLIENT_PORTS[clients][1]
    for protocol in (TCP, UDP):
        if ports.protocol(protocol):
            found |= PortSet.of(protocol, (low, high))
    for protocol, (request, reply) in _ECHO.items():
        if ports & PortSet.of(protocol, request):
            found |= PortSet.rule(protocol, reply, 0)
    return found


@lru_cache(maxsize=16384)
def answered(ports: PortSet, replies: PortSet, clients: Clients, *, sure: bool) -> PortSet:
    """The ports whose connections get their answers, if packets `replies` come back.

    Of TCP and UDP, `sure` asks for the whole range that such a client takes its ports from, otherwise one port of it
    is enough; a stranger takes whichever is open. ICMP other than echo requests has no answer.
    """
    found = ports & _PLAIN & replies
    certain, possible = _CLIENT_PORTS[clients]
    for protocol in (TCP, UDP):
        if part := ports.protocol(protocol):
            if sure and clients != "any":
                good = PortSet.of(protocol, certain) <= replies
            else:
                good = not replies.isdisjoint(PortSet.of(protocol, possible))
            found |= part if good else NOTHING
    for protocol, (request, reply) in _ECHO.items():
        if part := ports.protocol(protocol):
            if PortSet.rule(protocol, reply, 0).isdisjoint(replies):
                part -= PortSet.of(protocol, request)
            found |= part
    return found


class Region(Struct, frozen=True):
    """A set of connections. One is in it if its port is open for its initiator's address (`a`) and for its
    responder's (`b`), and so are those of its answer (`ra`, `rb`).

    Every filter looks at one of the two addresses alone, so this product stays exact.
    """

    a: Traffic
    b: Traffic
    ra: Traffic
    rb: Traffic

    def empty(self) -> bool:
        """Whether no connection is left."""
        if not self.a or not self.b or not self.ra or not self.rb:
            return True
        return self.a.ports().isdisjoint(self.b.ports()) or self.ra.ports().isdisjoint(self.rb.ports())

    def settled(self, clients: Clients, *, sure: bool) -> Iterator[tuple[AddressSet, AddressSet, PortSet]]:
        """The connections that get their answers: initiators, responders and ports, as boxes."""
        left = _joined(self.a, self.ra)
        right = _joined(self.b, self.rb)
        for here, ports, replies in left:
            for there, more_ports, more_replies in right:
                good = answered(ports & more_ports, replies & more_replies, clients, sure=sure)
                if good:
                    yield here, there, good


def _joined(traffic: Traffic, replies: Traffic) -> list[tuple[AddressSet, PortSet, PortSet]]:
    """The addresses of two maps, with the ports of both."""
    found: dict[tuple[PortSet, PortSet], list[AddressSet]] = {}
    families: tuple[Family, ...] = (4, 6)
    for family in families:
        one, two = traffic.rows(family), replies.rows(family)
        if len(one) == 1 and len(two) == 1 and two[0][0] <= one[0][0] and one[0][1] <= two[0][1]:
            found.setdefault((one[0][2], two[0][2]), []).append(AddressSet.range(family, one[0][0], one[0][1]))
            continue
        for start, end, ports, more in _overlaps(one, two):
            found.setdefault((ports, more), []).append(AddressSet.range(family, start, end))
    return [(AddressSet.union_of(sets), ports, more) for (ports, more), sets in found.items()]


def _overlaps(a: Rows, b: Rows) -> Iterator[tuple[int, int, PortSet, PortSet]]:
    i = j = 0
    while i < len(a) and j < len(b):
        start, end = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if start < end:
            yield start, end, a[i][2], b[j][2]
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1


class Blocker(Struct, frozen=True):
    """One thing that is in the way, and the change that takes it out of the way."""

    code: str
    """AWS's explanation code (VPC Reachability Analyzer)."""
    component: str
    """Address or key of what blocks."""
    change: str
    """What to change, as one imperative sentence."""
    detail: str = ""
    """Tells two blockers at the same component apart: direction, or which of the packets."""
    resource: Resource | None = None
    block: Block | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Blocker) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes two blockers the same."""
        return self.code, self.component, self.detail


class Hop(Struct, frozen=True):
    """One step of a path."""

    kind: str
    """`interface`, `subnet`, `route-table`, `internet-gateway`, `nat-gateway`, ..."""
    component: str
    text: str = ""
    resource: Resource | None = None


class Segment(Struct, frozen=True):
    """A part of a connection between two address translations: who opened it, and how its answers get back."""

    origin: str
    """Key of the interface that opened it; empty for what comes from outside."""
    clients: Clients


class Packet(Struct, frozen=True):
    """A set of packets that are treated alike: on the forward way, or as answers."""

    region: Region
    family: Family
    source: AddressSet
    destination: AddressSet
    """As they are on the wire now."""
    source_real: bool = True
    """Whether the wire's source is still the region's own, not that of a translator."""
    destination_real: bool = True
    reply: bool = False
    sender: str = ""
    """The interface whose addresses and groups the source stands for."""
    receiver: str = ""
    """The interface that it is for; empty for the internet, a network or a service."""
    service: str = ""
    """The service that it is for."""
    goal: str = "interface"
    """`interface`, `internet`, `network` or `service`."""
    entry: str = "vpc"
    """How it came into the VPC that it is in: `vpc`, `transit`, `peering`, `vpn`, `internet`."""
    groups_kept: bool = True
    inspected: bool = False
    segments: tuple[Segment, ...] = ()
    seen: frozenset[str] = frozenset()
    hops: tuple[Hop, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    doubts: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def via(self, kind: str, component: str, text: str = "", resource: Resource | None = None) -> Packet:
        """It, one step further."""
        return replace(self, hops=(*self.hops, Hop(kind, component, text, resource)))

    def doubting(self, *reasons: str) -> Packet:
        """It, with reasons why it is not sure."""
        new = tuple(r for r in reasons if r and r not in self.doubts)
        return replace(self, doubts=(*self.doubts, *new)) if new else self

    def needing(self, reason: str) -> Packet:
        """It, with a part of the picture that would be needed."""
        return self if reason in self.needs else replace(self, needs=(*self.needs, reason))

    def but(self, blocker: Blocker) -> Packet:
        """It, as if a blocker were out of the way."""
        return self if blocker in self.blockers else replace(self, blockers=(*self.blockers, blocker))

    def narrowed(self, side: str, traffic: Traffic, *, sure: bool) -> Packet:
        """What of it a filter lets pass that looks at `source` or `destination`; may be empty."""
        real = self.source_real if side == "source" else self.destination_real
        if not real:
            wire = self.source if side == "source" else self.destination
            traffic = Traffic.box(ANYWHERE, ports_for(traffic, wire, every=sure))
        region = self.region
        initiator = (side == "source") != self.reply
        if self.reply:
            new = replace(region, ra=region.ra & traffic) if initiator else replace(region, rb=region.rb & traffic)
        else:
            new = replace(region, a=region.a & traffic) if initiator else replace(region, b=region.b & traffic)
        return replace(self, region=new)


def ports_for(traffic: Traffic, addresses: AddressSet, *, every: bool) -> PortSet:
    """The ports that a map has for each of some addresses (`every`), or for at least one of them."""
    if not every:
        return traffic.ports(addresses)
    found = ALL
    families: tuple[Family, ...] = (4, 6)
    for family in families:
        bounds = addresses.bounds(family)
        for start, end in zip(bounds[::2], bounds[1::2], strict=True):
            at = start
            for first, last, ports in traffic.rows(family):
                if last <= at or first >= end:
                    continue
                if first > at:
                    return NOTHING
                found &= ports
                at = min(last, end)
            if at < end:
                return NOTHING
    return found
