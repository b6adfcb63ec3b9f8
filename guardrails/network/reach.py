"""Who reaches whom: verdict, exact traffic, path, and what is in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from guardrails.network.addresses import ANYWHERE, PUBLIC, AddressSet, Family
from guardrails.network.filters import Filters
from guardrails.network.packet import Blocker, Hop, Packet, Region, Segment, ports_for, reply_ports
from guardrails.network.ports import ALL, ICMP, ICMPV6, PortSet
from guardrails.network.topology import Clients, Interface, Picture
from guardrails.network.traffic import NO_TRAFFIC, Traffic
from guardrails.network.walk import Arrival, Walker

Verdict = Literal["must", "may", "blocked", "unknown"]
_MOST_BLOCKERS = 10
_ROUTE_CODES = frozenset(
    {"CANNOT_ROUTE", "HIGHER_PRIORITY_ROUTE", "MORE_SPECIFIC_ROUTE", "NO_ROUTE_TO_DESTINATION"}
    | {"TGW_RTB_CANNOT_ROUTE", "TGW_RTB_HIGHER_PRIORITY_ROUTE", "TGW_RTB_MORE_SPECIFIC_ROUTE"}
    | {"IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS", "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"}
    | {"PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"}
)
"""What a change of a route takes out of the way."""


class Internet(Struct, frozen=True):
    """The internet, or the part of it that some addresses make up."""

    addresses: AddressSet = PUBLIC


class Network(Struct, frozen=True):
    """A network behind a VPN or Direct Connect."""

    addresses: AddressSet


class Service(Struct, frozen=True):
    """An AWS service by its own addresses: `s3`, `dynamodb`, or any other by the internet."""

    name: str


End = Interface | Internet | Network | Service
"""One end of a connection."""


class Reachability(Struct, frozen=True):
    """The answer to whether one end can connect to another."""

    verdict: Verdict
    """`must`: surely; `may`: that depends on `doubts`; `blocked`: surely not; `unknown`: it depends on `needs`."""
    traffic: Traffic = NO_TRAFFIC
    """What gets through, and gets its answers: the ports by source address. For `may` and `unknown` at most this."""
    destinations: Traffic = NO_TRAFFIC
    """The same by destination address."""
    path: tuple[Hop, ...] = ()
    """One way that it takes."""
    blockers: tuple[Blocker, ...] = ()
    """If blocked: a smallest set of changes that together would open it."""
    doubts: tuple[str, ...] = ()
    """What is not known yet and decides."""
    needs: tuple[str, ...] = ()
    """Which missing parts of the picture decide."""

    @property
    def ports(self) -> PortSet:
        """The ports that get through from anywhere."""
        return self.traffic.ports()


BLOCKED = Reachability("blocked")


class _Found(Struct, frozen=True):
    """Connections that get through on one path."""

    sources: AddressSet
    destinations: AddressSet
    ports: PortSet
    packet: Packet


class _Way(Struct, frozen=True):
    """How the answers of one segment travel."""

    walker: Walker
    segment: Segment
    index: int
    remote: Arrival | None
    """Where the connection ended, for its last segment."""
    sender: str
    network: bool
    """Whether a connection from outside comes from a network, not the internet."""


class Engine:
    """Answers questions about a picture."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.filters = Filters(picture)

    def connect(self, source: End, target: End, ports: PortSet = ALL, *, why: bool = True) -> Reachability:
        """Whether `source` can open connections to `target` on some of the ports, over both address families.

        `why`: whether to look for the blockers of what is blocked.
        """
        result = self.certain(source, target, ports)
        if result.traffic:
            return result
        result = self.possible(source, target, ports)
        if result.traffic:
            return result
        if not why:
            return BLOCKED
        blockers, path = self.why(source, target, ports)
        return Reachability("blocked", blockers=blockers, path=path)

    def forwarded(self, source: End, node: Interface, target: Interface, ports: PortSet) -> Reachability:
        """Whether a load balancer's node can hand on connections of a source that keep its address (F6).

        The target sees the client's address, and the groups of the node; answers go back by the node.
        """
        result: dict[bool, list[_Found]] = {}
        for sure in (True, False):
            walker = Walker(self.picture, self.filters, sure=sure)
            result[sure] = []
            families: tuple[Family, ...] = (4, 6)
            for family in families:
                here, there = _addresses(source, family), _addresses(target, family)
                carried = ports.of_family(family)
                if not here or not there or not carried:
                    continue
                region = Region(Traffic.box(here, carried), Traffic.box(there, ALL), _EVERY, _EVERY)
                packet = Packet(
                    region, family, here, there, sender=node.key, receiver=target.key, segments=(Segment("", "any"),)
                )
                for arrival in walker.hand_on(node, target, packet):
                    got = arrival.packet
                    result[sure].append(
                        _Found(got.region.a.addresses(), got.region.b.addresses(), got.region.a.ports(), got)
                    )
        for sure, verdict in ((True, "must"), (False, "may")):
            found = self._result(source, target, result[sure], every=sure)
            if found.traffic:
                return replace(found, verdict="must" if verdict == "must" else "may")
        change = f"Let the clients of the load balancer into {target.key}."
        return Reachability(
            "blocked",
            blockers=(Blocker("ELBV2_SOURCE_ADDRESS_PRESERVATION", target.key, change, "", target.resource),),
        )

    def certain(self, source: End, target: End, ports: PortSet = ALL) -> Reachability:
        """What surely gets through, whatever is not known: `must`, else `blocked` without blockers."""
        found = self._run(source, target, ports, sure=True)
        result = self._result(source, target, found, every=True)
        return replace(result, verdict="must") if result.traffic else BLOCKED

    def possible(self, source: End, target: End, ports: PortSet = ALL) -> Reachability:
        """What may get through: `may`, `unknown` if only over parts that are not in view, else `blocked`."""
        found = self._run(source, target, ports, sure=False)
        result = self._result(source, target, found, every=False)
        if not result.traffic:
            return BLOCKED
        needs = min((f.packet.needs for f in found), key=len)
        doubts = tuple(dict.fromkeys(d for f in found for d in f.packet.doubts))
        if not needs and not doubts:
            doubts = self._address_doubts(source, target)
        return replace(result, verdict="unknown" if needs else "may", needs=needs, doubts=doubts)

    def _address_doubts(self, source: End, target: End) -> tuple[str, ...]:
        found = [
            f"{end.key} gets its address at launch"
            for end in (source, target)
            if isinstance(end, Interface) and not end.placed
        ]
        return tuple(found) or ("clients use ports whose answers are not all let through",)

    def _result(self, source: End, target: End, found: list[_Found], *, every: bool) -> Reachability:
        """Traffic from what was found. With `every`, an end that gets one of several addresses needs all of them."""
        if not found:
            return BLOCKED
        vague_source = every and isinstance(source, Interface) and not source.placed
        vague_target = every and isinstance(target, Interface) and not target.placed
        by_source = NO_TRAFFIC
        by_target = NO_TRAFFIC
        families: tuple[Family, ...] = (4, 6)
        for family in families:
            own = [f for f in found if f.packet.family == family]
            if not own:
                continue
            left = _over([(f.destinations, f.sources, f.ports) for f in own], _range(target, family, vague_target))
            right = _over([(f.sources, f.destinations, f.ports) for f in own], _range(source, family, vague_source))
            if vague_source:
                good = ports_for(left, _addresses(source, family), every=True)
                left, right = left.on(good), right.on(good)
            if vague_target:
                good = ports_for(right, _addresses(target, family), every=True)
                left, right = left.on(good), right.on(good)
            by_source, by_target = by_source | left, by_target | right
        best = min(found, key=lambda f: (len(f.packet.needs), len(f.packet.doubts), len(f.packet.hops)))
        return Reachability("may", by_source, by_target, best.packet.hops)

    def why(self, source: End, target: End, ports: PortSet) -> tuple[tuple[Blocker, ...], tuple[Hop, ...]]:
        """A smallest set of changes that opens the way, by trying ever larger ones."""
        if isinstance(target, Interface) and target.listens is not None:
            if ports.isdisjoint(target.listens):
                return (_deaf(target, ports),), ()
            ports &= target.listens
        point = _one_port(ports)
        for budget in range(1, _MOST_BLOCKERS + 1):
            found = self._run(source, target, point, sure=False, repair=budget)
            if found:
                best = min(found, key=_effort)
                return best.packet.blockers, best.packet.hops
        return (self._apart(source, target),), ()

    def _apart(self, source: End, target: End) -> Blocker:
        """Why no change to what is there opens a way."""
        if isinstance(source, Interface) and source.kind == "endpoint":
            return Blocker("VPCE_INTRA_VPC_TRAFFIC", source.key, "Connect in the other direction.", "", source.resource)
        ends = [e for e in (source, target) if isinstance(e, Interface)]
        vpcs = [self.picture.vpcs[self.picture.subnets[e.subnet].vpc] for e in ends]
        if len(vpcs) == 2 and vpcs[0] != vpcs[1]:
            return Blocker("DISCONNECTED_VPCS", vpcs[0].key, f"Connect {vpcs[0].key} and {vpcs[1].key}.", vpcs[1].key)
        if isinstance(source, Network) and vpcs and any(v.vpn_gateway for v in self.picture.vpcs.values()):
            change = f"Attach a virtual private gateway to {vpcs[0].key}."
            return Blocker("VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", vpcs[0].key, change)
        if isinstance(target, Network) and vpcs and target.addresses <= vpcs[0].cidrs:
            change = f"Ask for an address that an interface of {vpcs[0].key} has."
            return Blocker("NO_POSSIBLE_DESTINATION", _label(target), change)
        return Blocker("NO_PATH", _label(target), "Connect the two networks.")

    # Running packets

    def _run(self, source: End, target: End, ports: PortSet, *, sure: bool, repair: int | None = None) -> list[_Found]:
        if isinstance(target, Interface) and target.listens is not None:
            ports &= target.listens
        walker = Walker(self.picture, self.filters, sure=sure, repair=repair)
        found: list[_Found] = []
        families: tuple[Family, ...] = (4, 6)
        for family in families:
            here, there = _addresses(source, family), _addresses(target, family)
            carried = ports.of_family(family)
            if not here or not there or not carried:
                continue
            for arrival in self._forward(walker, source, target, family, carried):
                found += self._answers(walker, arrival, source)
        return found

    def _forward(self, walker: Walker, source: End, target: End, family: Family, ports: PortSet) -> Iterator[Arrival]:
        here, there = _addresses(source, family), _addresses(target, family)
        if walker.repair:
            for end, every in ((source, here), (target, there)):
                if (one := _point(every, family)) != every:
                    walker.names[one] = "the internet" if isinstance(end, Internet) else _label(end)
            here, there = _point(here, family), _point(there, family)
        clients: Clients = source.clients if isinstance(source, Interface) else "any"
        origin = source.key if isinstance(source, Interface) else ""
        packet = Packet(
            Region(Traffic.box(here, ports), Traffic.box(there, ALL), _EVERY, _EVERY),
            family,
            here,
            there,
            sender=origin,
            receiver=target.key if isinstance(target, Interface) else "",
            service=target.name if isinstance(target, Service) else "",
            goal=_goal(target),
            segments=(Segment(origin, clients),),
        )
        packet = _family_doubts(packet, source, target, sure=walker.sure)
        if walker.sure and packet.doubts:
            return
        if isinstance(target, Interface) and not target.accepts:
            return
        match source:
            case Interface() if source.kind == "endpoint":
                return  # an endpoint opens no connections (VPCE_INTRA_VPC_TRAFFIC)
            case Interface():
                arrivals = walker.leave(source, packet)
            case Internet() if isinstance(target, Interface):
                arrivals = walker.enter_from_internet(target, packet)
            case Network() if isinstance(target, Interface):
                arrivals = self._from_network(walker, target, packet)
            case _:
                return
        wanted = _goal(target)
        for arrival in arrivals:
            right = arrival.kind == wanted or (wanted == "service" and arrival.kind == "internet")
            if right and (wanted != "interface" or arrival.key == packet.receiver):
                yield arrival

    def _from_network(self, walker: Walker, target: Interface, packet: Packet) -> Iterator[Arrival]:
        """From behind a virtual private gateway, or any attachment of a transit gateway that is no VPC."""
        vpc = self.picture.vpcs[self.picture.subnets[target.subnet].vpc]
        if vpc.vpn_gateway:
            yield from walker.enter_from_network(vpc, packet.via("vpn-gateway", vpc.vpn_gateway))
        for attachment in self.picture.attachments.values():
            if attachment.kind not in ("vpc", "peering"):
                start = packet.via("attachment", attachment.key, "", attachment.resource)
                yield from walker.enter_from_attachment(attachment, start)

    def _answers(self, walker: Walker, arrival: Arrival, source: End) -> Iterator[_Found]:
        """The connections of an arrival whose answers get back, through every translator on the way."""
        packet = arrival.packet
        pending: list[Packet] = [packet]
        last = len(packet.segments) - 1
        for index in range(last, -1, -1):
            segment = packet.segments[index]
            remote = arrival if index == last else None
            sender = packet.segments[index + 1].origin if index < last else arrival.key
            way = _Way(walker, segment, index, remote, sender, isinstance(source, Network))
            pending = [settled for each in pending for settled in self._segment(way, each)]
        for each in pending:
            sources = each.region.a.addresses()
            destinations = each.region.b.addresses()
            ports = each.region.a.ports() & each.region.b.ports()
            if sources and destinations and ports:
                yield _Found(sources, destinations, ports, each)

    def _segment(self, way: _Way, packet: Packet) -> Iterator[Packet]:
        """The connections whose answers get back to where one segment began, as plain boxes."""
        walker, segment, index = way.walker, way.segment, way.index
        region = packet.region
        ports = region.a.ports() & region.b.ports()
        clients = segment.clients
        back = reply_ports(ports, clients)
        if not back:  # nothing of this asks for an answer
            yield packet
            return
        origin = self.picture.interfaces.get(segment.origin)
        if origin is not None:
            real = index == 0
            there = origin.private.family(packet.family)
            if real and walker.repair:
                there = region.a.addresses()
            goal = "interface"
        else:
            real, there = True, region.a.addresses()
            goal = "network" if way.network else "internet"
        answer = replace(
            packet,
            region=replace(region, ra=Traffic.box(ANYWHERE, back), rb=_EVERY),
            reply=True,
            source=packet.destination,
            source_real=packet.destination_real,
            destination=there,
            destination_real=real,
            sender=way.sender,
            receiver=segment.origin,
            goal=goal,
            entry="vpc",
            service="",
            segments=packet.segments[: index + 1],
            seen=frozenset(),
            inspected=False,
        )
        keep = packet.hops
        for arrived in self._back(walker, answer, way.remote, way.sender):
            if arrived.kind != goal or (goal == "interface" and arrived.key != segment.origin):
                continue
            got = arrived.packet
            for here, other, good in got.region.settled(clients, sure=walker.sure):
                yield replace(
                    got,
                    region=Region(Traffic.box(here, good), Traffic.box(other, good), _EVERY, _EVERY),
                    reply=False,
                    destination=packet.destination,
                    destination_real=packet.destination_real,
                    hops=keep,
                    segments=packet.segments,
                    service=packet.service,
                    goal=packet.goal,
                )

    def _back(self, walker: Walker, answer: Packet, remote: Arrival | None, sender: str) -> Iterator[Arrival]:
        """From where answers start."""
        origin = self.picture.interfaces.get(answer.receiver)
        if remote is None or remote.kind == "interface":
            start = self.picture.interfaces.get(sender)
            if start is not None:
                yield from walker.leave(start, answer)
            else:  # a receiver out of view: the forward way has said what is needed
                yield Arrival(answer.goal, answer.receiver, answer)
        elif origin is None:
            return
        elif remote.kind == "internet":
            if remote.exit:
                yield from walker.answer_from_internet(origin, answer)
            else:
                yield Arrival("interface", origin.key, answer)
        elif remote.kind == "service":
            yield from walker.answer_from_service(origin, answer)
        else:
            attachment = self.picture.attachments.get(remote.key)
            vpc = self.picture.vpcs[self.picture.subnets[origin.subnet].vpc]
            if attachment is not None:
                yield from walker.enter_from_attachment(attachment, answer)
            elif remote.key == vpc.vpn_gateway:
                yield from walker.enter_from_network(vpc, answer)
            else:
                yield Arrival("interface", origin.key, answer)


_EVERY = Traffic.box(ANYWHERE, ALL)


def _deaf(target: Interface, ports: PortSet) -> Blocker:
    """Nothing answers on the ports that are asked for."""
    name = target.resource.address if target.resource is not None else target.key
    if target.kind == "classic" or target.kind.endswith("load balancer"):
        code = "ELB_LISTENERS_MISMATCH" if target.kind == "classic" else "ELBV2_LISTENERS_MISMATCH"
        wanted = "" if ports >= ALL else f" for {ports.describe()}"
        return Blocker(code, name, f"Add a listener{wanted} to {name}.", "", target.resource)
    answers = target.listens.describe() if target.listens else "nothing"
    change = f"Ask for a port that {name} answers on: {answers}."
    return Blocker("NO_POSSIBLE_DESTINATION", name, change, "", target.resource)


def _addresses(end: End, family: Family) -> AddressSet:
    """The addresses of an end in one family. Services are reached by public IPv4 addresses that are not known."""
    match end:
        case Interface():
            if family == 6 and end.ipv6 == "no":
                return AddressSet()
            return end.private.family(family)
        case Internet() | Network():
            return end.addresses.family(family)
        case Service():
            return PUBLIC.family(4) if family == 4 else AddressSet()


def _range(end: End, family: Family, vague: bool) -> AddressSet | None:
    return _addresses(end, family) if vague else None


def _goal(end: End) -> str:
    match end:
        case Interface():
            return "interface"
        case Internet():
            return "internet"
        case Network():
            return "network"
        case Service():
            return "service"


def _label(end: End) -> str:
    match end:
        case Interface():
            return end.key
        case Internet():
            return "internet"
        case Network():
            return end.addresses.describe()
        case Service():
            return end.name


def _family_doubts(packet: Packet, source: End, target: End, *, sure: bool) -> Packet:
    del sure
    if packet.family == 6:
        for end in (source, target):
            if isinstance(end, Interface) and end.ipv6 == "maybe":
                packet = packet.doubting(f"{end.key} may have no IPv6 address")
    return packet


def _effort(found: _Found) -> tuple[int, int, int, int]:
    """Fewest changes first; of equals those that leave the routes as they are, which may lead by a firewall."""
    packet = found.packet
    reroutes = sum(1 for b in packet.blockers if b.code in _ROUTE_CODES)
    return len(packet.blockers), reroutes, len(packet.needs), len(packet.hops)


def _one_port(ports: PortSet) -> PortSet:
    """One port or ICMP type that stands for a question, for looking what is in the way of it."""
    for protocol in (6, 17, ICMP, ICMPV6):
        if ranges := ports.ranges(protocol):
            low = ranges[0][0]
            if protocol in (6, 17):
                low = next((p for p in (443, 22, 80) if any(a <= p <= b for a, b in ranges)), low)
                return PortSet.of(protocol, low)
            base = protocol << 16
            request = base + (8 if protocol == ICMP else 128) * 256
            at = request if PortSet((request, request + 1)) <= ports else base + low
            return PortSet((at, at + 1))
    return ports


def _point(addresses: AddressSet, family: Family) -> AddressSet:
    """One address that stands for a set: in its largest range, away from the ends."""
    bounds = addresses.bounds(family)
    pairs = [(b - a, a) for a, b in zip(bounds[::2], bounds[1::2], strict=True)]
    if not pairs:
        return addresses
    size, start = max(pairs, key=lambda p: p[0])
    return AddressSet.single(family, start + size // 2)


def _over(boxes: Iterable[tuple[AddressSet, AddressSet, PortSet]], every: AddressSet | None) -> Traffic:
    """The second sides of boxes with their ports; with `every`, only where each address of it has a box."""
    found = list(boxes)
    if every is None or all(every <= first for first, _, _ in found):
        return Traffic.union_of(Traffic.box(second, ports) for _, second, ports in found)
    cells: list[AddressSet] = [every]
    for first, _, _ in found:
        cells = [part for cell in cells for part in (cell & first, cell - first) if part]
    result: Traffic | None = None
    for cell in cells:
        here = Traffic.union_of(Traffic.box(second, ports) for first, second, ports in found if cell <= first)
        result = here if result is None else result & here
    return result or NO_TRAFFIC
