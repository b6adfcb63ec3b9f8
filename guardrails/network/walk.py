"""How AWS forwards packets: from an interface or gateway to the next, with everything that may stop them.

The rules are numbered in the project's network contract; each names where AWS documents it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from guardrails.network.addresses import ANYWHERE, NOWHERE, RFC1918, SHARED, AddressSet
from guardrails.network.filters import Filters
from guardrails.network.firewall import inspected
from guardrails.network.packet import Blocker, Packet, Segment
from guardrails.network.ports import ALL, ICMP, ICMPV6, PortSet
from guardrails.network.topology import (
    Attachment,
    Endpoint,
    Interface,
    Nat,
    Peering,
    Picture,
    Route,
    RouteTable,
    Subnet,
    Vpc,
)
from guardrails.network.traffic import ALL_TRAFFIC, Traffic

_NAT_PROTOCOLS = PortSet.tcp() | PortSet.udp() | PortSet.of(ICMP) | PortSet.of(ICMPV6)
_GATEWAY_ENDPOINT_PROTOCOLS = PortSet.tcp() | PortSet.of(ICMP, 0, 8) | PortSet.of(ICMPV6, 128, 129)
_GLOBAL_V6 = AddressSet.of("2000::/3")
_LIMIT = 24
"""Hops after which a packet is taken to circle."""


class Arrival(Struct, frozen=True):
    """Where packets got to: an interface, the internet, a network at the edge, or a service."""

    kind: str
    """`interface`, `internet`, `network`, `service`."""
    key: str
    packet: Packet
    exit: str = ""
    """For the internet: the interface whose public address the packets carry."""


class Walker:
    """Walks packets over a picture.

    `sure`: whatever is not known turns out against the packets, so that what arrives surely does; otherwise in their
    favour. `repair`: what blocks is noted and passed, so that what it takes to arrive is known.
    """

    def __init__(self, picture: Picture, filters: Filters, *, sure: bool, repair: int | None = None) -> None:
        self.picture = picture
        self.filters = filters
        self.sure = sure
        self.budget = repair or 0
        """How many blockers may be passed at most."""
        self.repair = repair is not None
        self.names: dict[AddressSet, str] = {}
        """What the one address stands for that blockers are looked for with."""

    # Filters and conditions

    def _but(self, packet: Packet, blocker: Blocker) -> Packet | None:
        """It, as if the blocker were out of the way, as long as that is asked for."""
        if not self.repair:
            return None
        passed = packet.but(blocker)
        return passed if len(passed.blockers) <= self.budget else None

    def _filter(self, packet: Packet, side: str, least: Traffic, most: Traffic, blocker: Blocker) -> Packet | None:
        """What a filter lets pass; None if it is nothing."""
        passed = packet.narrowed(side, least if self.sure else most, sure=self.sure)
        if passed.region.empty():
            return self._but(packet, blocker)
        if not self.sure and least is not most and least != most:
            passed = passed.doubting(
                blocker.detail and f"{blocker.component}: {blocker.detail} rules are not all known"
            )
        return passed

    def _need(self, holds: bool | None, packet: Packet, blocker: Blocker, doubt: str = "") -> Packet | None:
        """It, if a condition holds. None for the condition: not known."""
        if holds:
            return packet
        if holds is None:
            return None if self.sure else packet.doubting(doubt)
        return self._but(packet, blocker)

    def _acl(self, subnet: Subnet, packet: Packet, direction: str) -> Packet | None:
        """The network ACL of a subnet whose boundary the packet crosses (VPC user guide, "Network ACLs")."""
        side = "source" if direction == "ingress" else "destination"
        way = "ingress" if direction == "ingress" else "egress"
        least = self.filters.acl(subnet.acl, way, sure=True, doubt=subnet.acl_doubt)  # type: ignore[arg-type]  # the two words
        most = self.filters.acl(subnet.acl, way, sure=False, doubt=subnet.acl_doubt)  # type: ignore[arg-type]  # as above
        if least is ALL_TRAFFIC and most is ALL_TRAFFIC:
            return packet
        acl = self.picture.acls.get(subnet.acl)
        kind = "answers" if packet.reply else "packets"
        to_nat = packet.reply and packet.segments and packet.segments[-1].clients == "high"
        code = "REMAP_EPHEMERAL_PORT" if to_nat else "SUBNET_ACL_RESTRICTION"
        blocker = Blocker(
            code,
            subnet.acl or subnet.key,
            f"Let {self._shown(packet)} {'into' if way == 'ingress' else 'out of'} {subnet.key} in {subnet.acl}.",
            f"{way} {kind} {subnet.key}",
            acl.resource if acl else None,
        )
        if subnet.acl_doubt and subnet.acl not in self.picture.acls:
            return None if self.sure else packet.needing(subnet.acl_doubt)
        return self._filter(packet, side, least, most, blocker)

    def _groups_out(self, interface: Interface, packet: Packet) -> Packet | None:
        """Security groups of the sender. Answers pass: groups are stateful."""
        least = self.filters.groups(interface, "egress", packet, sure=True)
        most = least if self.sure else self.filters.groups(interface, "egress", packet, sure=False)
        has = self.filters.has_rules(interface, "egress")
        change = f"Let {', '.join(interface.groups) or interface.key} send {self._shown(packet)}."
        code = "ENI_SG_RULES_MISMATCH" if has else "SG_HAS_NO_RULES"
        return self._filter(packet, "destination", least, most, self._group(interface, code, change, "egress"))

    def _groups_in(self, interface: Interface, packet: Packet) -> Packet | None:
        """Security groups of the receiver."""
        least = self.filters.groups(interface, "ingress", packet, sure=True)
        most = least if self.sure else self.filters.groups(interface, "ingress", packet, sure=False)
        code = "ENI_SG_RULES_MISMATCH" if self.filters.has_rules(interface, "ingress") else "SG_HAS_NO_RULES"
        if not packet.groups_kept and self.filters.matches_if_kept(interface, packet):
            # The path itself decides which of the two: a transit gateway can be told to keep groups.
            code = "SG_REFERENCING_SUPPORT" if packet.entry == "transit" else "SG_REFERENCES_NOT_PRESERVED"
        elif (
            not packet.source_real
            and not replace(packet, source_real=True).narrowed("source", most, sure=self.sure).region.empty()
        ):
            code = "NGW_SOURCE_ADDRESS_REASSIGN"
        change = f"Let {self._shown(packet)} into {', '.join(interface.groups) or interface.key}."
        return self._filter(packet, "source", least, most, self._group(interface, code, change, "ingress"))

    def _group(self, interface: Interface, code: str, change: str, detail: str) -> Blocker:
        """At an interface, for its first group that is in view."""
        found = [g.resource for key in interface.groups if (g := self.picture.groups.get(key)) and g.resource]
        return Blocker(code, interface.key, change, detail, found[0] if found else interface.resource)

    def _shown(self, packet: Packet) -> str:
        if not self.repair:
            return ""  # nobody will read it
        region = packet.region
        ports = (region.ra.ports() & region.rb.ports()) if packet.reply else (region.a.ports() & region.b.ports())
        source, destination = (self.names.get(each) or each.describe() for each in (packet.source, packet.destination))
        return f"{ports.describe()} from {source} to {destination}"

    def _name(self, addresses: AddressSet) -> str:
        return self.names.get(addresses) or addresses.describe()

    def _at(self, interface: Interface, code: str, change: str, detail: str = "") -> Blocker:
        return Blocker(code, interface.key, change, detail, interface.resource)

    # Interfaces and subnets

    def leave(self, interface: Interface, packet: Packet) -> Iterator[Arrival]:
        """Out of an interface: its groups, then its subnet."""
        subnet = self.picture.subnets[interface.subnet]
        packet = packet.via("interface", interface.key, "", interface.resource)
        ready = self._need(
            not interface.broken, packet, self._at(interface, "BAD_STATE", f"Repair it: {interface.broken}.")
        )
        if ready is None:
            return
        if interface.doubt:
            ready = self._need(None, ready, self._at(interface, "BAD_STATE", ""), interface.doubt)
            if ready is None:
                return
        if not ready.reply:
            ready = self._groups_out(interface, ready)
            if ready is None:
                return
        yield from self.from_subnet(subnet, ready, classic=interface.kind == "classic")

    def from_subnet(self, subnet: Subnet, packet: Packet, *, classic: bool = False) -> Iterator[Arrival]:
        """On from something in a subnet. Within the subnet neither network ACL nor route table apply (F1), except
        for a Classic Load Balancer (`ELB_ACL_RESTRICTION`).
        """
        inside = packet.destination & subnet.cidrs
        receiver = self.picture.interfaces.get(packet.receiver)
        if inside and receiver is not None and receiver.subnet == subnet.key:
            near = self._towards(packet, inside)
            if near is not None and classic:
                near = self._acl(subnet, near, "egress")
                if near is not None and near.blockers != packet.blockers:
                    near = self._renamed(near, "ELB_ACL_RESTRICTION")
            if near is not None:
                yield from self._deliver(self.picture.vpcs[subnet.vpc], near, subnet.key)
            outside = packet.destination - subnet.cidrs
            if not outside:
                return
            rest = self._towards(packet, outside)
            if rest is None:
                return
            packet = rest
        passed = self._acl(subnet, packet, "egress")
        if passed is None:
            return
        yield from self._route_from(subnet, passed)

    def _renamed(self, packet: Packet, code: str) -> Packet:
        last = replace(packet.blockers[-1], code=code)
        return replace(packet, blockers=(*packet.blockers[:-1], last))

    def _towards(self, packet: Packet, addresses: AddressSet) -> Packet | None:
        """The packets to some of the destination addresses."""
        if addresses == packet.destination:
            return packet
        if not packet.destination_real:
            # Where exactly a translator's address lies is not known: then not all of it goes this way.
            return None if self.sure else replace(packet, destination=addresses)
        part = packet.narrowed("destination", Traffic.box(addresses, ALL), sure=self.sure)
        return None if part.region.empty() else replace(part, destination=addresses)

    def _deliver(self, vpc: Vpc, packet: Packet, subnet: str) -> Iterator[Arrival]:
        """By the local route to an interface; `subnet` is where the packets come from, if from a subnet."""
        receiver = self.picture.interfaces.get(packet.receiver)
        place = self.picture.subnets.get(receiver.subnet) if receiver else None
        if receiver is None or place is None:
            return
        if place.vpc != vpc.key:
            unnamed = [v.key for v in (vpc, self.picture.vpcs[place.vpc]) if v.unnamed]
            if self.sure or not unnamed:
                return
            packet = packet.needing(unnamed[0])  # it may be the same
        near = self._towards(packet, packet.destination & receiver.private)
        if near is None or not near.destination:
            return
        ready: Packet | None = near
        if place.key != subnet:
            ready = self._acl(place, near, "ingress")
        if ready is None:
            return
        ready = ready.via("interface", receiver.key, "", receiver.resource)
        if not ready.reply:
            ready = self._groups_in(receiver, ready)
            if ready is None:
                return
            change = f"Repair it: {receiver.broken}."
            ready = self._need(not receiver.broken, ready, self._at(receiver, "BAD_STATE", change))
            if ready is None:
                return
            if receiver.doubt:
                ready = self._need(None, ready, self._at(receiver, "BAD_STATE", ""), receiver.doubt)
                if ready is None:
                    return
        yield Arrival("interface", receiver.key, ready)

    # Routing

    def _route_from(self, subnet: Subnet, packet: Packet) -> Iterator[Arrival]:
        """By the route table of a subnet."""
        if len(packet.hops) > _LIMIT:
            return
        if not subnet.table or subnet.table_doubt:
            if self.sure:
                return
            packet = packet.needing(subnet.table_doubt or f"the route table of {subnet.key}")
        table = self.picture.tables.get(subnet.table)
        vpc = self.picture.vpcs[subnet.vpc]
        if table is None or subnet.table_doubt:
            unseen = packet.via("route-table", f"route table of {subnet.key}")
            if table is None and subnet.table and not subnet.table_doubt:
                unseen = unseen.needing(f"the routes of {subnet.table or subnet.key}")
            if not self.sure:
                yield from self._elsewhere(vpc, subnet, unseen)
        if table is not None:
            packet = packet.via("route-table", table.key or subnet.key, "", table.resource)
            yield from self._route(vpc, subnet, table, packet)

    def _route(self, vpc: Vpc, subnet: Subnet, table: RouteTable, packet: Packet) -> Iterator[Arrival]:
        if table.doubt:
            if self.sure:
                return
            packet = packet.needing(table.doubt)
            yield from self._elsewhere(vpc, subnet, packet)
        for addresses, routes in self._choices(table, packet):
            part = self._towards(packet, addresses)
            if part is None:
                continue
            yield from self._alternatives(vpc, subnet, table, part, routes)

    def _elsewhere(self, vpc: Vpc, subnet: Subnet, packet: Packet) -> Iterator[Arrival]:
        """By a route that is not in view: wherever one could lead, and over what is not in view itself."""
        for route in self._candidates(vpc, packet):
            yield from self._follow(vpc, subnet, route, packet)
        if packet.goal == "interface":
            other = self._vpc_of(packet.receiver)
            if other and other != vpc.key:
                yield from self._deliver(self.picture.vpcs[other], packet, "")
        elif not packet.reply:
            yield Arrival(packet.goal, vpc.key, packet)

    def _choices(self, table: RouteTable, packet: Packet) -> list[tuple[AddressSet, tuple[Route, ...]]]:
        if packet.service and not packet.reply and (route := table.for_service(packet.service)):
            return [(packet.destination, (route,))]
        return table.lookup(packet.family, packet.destination)

    def _alternatives(
        self, vpc: Vpc, subnet: Subnet, table: RouteTable, packet: Packet, routes: tuple[Route, ...]
    ) -> Iterator[Arrival]:
        if self.sure and (len(routes) > 1 or any(r.doubt for r in routes)):
            if len({(r.kind, r.target, r.state) for r in routes}) > 1 or routes[-1].doubt:
                return  # it depends on what is not known which of them applies
            routes = routes[-1:]
        for route in routes:
            ready = packet.doubting(route.doubt) if route.doubt else packet
            if route.state == "blackhole":
                if self.repair and route.target:
                    fix = f"Make the route to {self._name(packet.destination)} lead to {route.target} again."
                    blocked = Blocker("BAD_STATE_ROUTE", table.key, fix, route.target, table.resource, route.block)
                    through = self._but(ready, blocked)
                    if through is not None:
                        yield from self._follow(vpc, subnet, replace(route, state="active"), through)
                continue
            yield from self._follow(vpc, subnet, route, ready)
        if self.repair:
            taken = {(r.kind, r.target) for r in routes}
            for candidate in self._candidates(vpc, packet):
                if (candidate.kind, candidate.target) not in taken:
                    code = self._why_not(table, candidate, packet, routes)
                    fix = f"Route {self._name(packet.destination)} to {candidate.target} in {table.key}."
                    blocked = Blocker(code, table.key, fix, f"{candidate.kind} {candidate.target}", table.resource)
                    through = self._but(packet, blocked)
                    if through is not None:
                        yield from self._follow(vpc, subnet, candidate, through)

    def _why_not(self, table: RouteTable, wanted: Route, packet: Packet, taken: tuple[Route, ...]) -> str:
        """The code for a route that is not taken: there is none, it does not match, another comes first, or the one
        that is taken leads to a gateway that refuses this.
        """
        if refused := self._refused(packet, taken):
            return refused
        same = [r for r in table.routes if (r.kind, r.target) == (wanted.kind, wanted.target)]
        if not same:
            return "NO_ROUTE_TO_DESTINATION"
        bits = 32 if packet.family == 4 else 128
        for route in same:
            for family, first, prefix in route.cidrs:
                block = (
                    AddressSet.range(family, first, first + (1 << (bits - prefix)))
                    if family == packet.family
                    else NOWHERE
                )
                if not block.isdisjoint(packet.destination):
                    equal = any((family, first, prefix) in other.cidrs for other in taken)
                    return "HIGHER_PRIORITY_ROUTE" if equal else "MORE_SPECIFIC_ROUTE"
        return "CANNOT_ROUTE"

    def _refused(self, packet: Packet, taken: tuple[Route, ...]) -> str:
        """Why the gateway of the route that is taken cannot carry the packets wherever they come from."""
        route = taken[-1] if taken else None
        if route is not None and route.kind == "internet" and packet.goal != "internet":
            if packet.destination <= RFC1918:
                return "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"
            if packet.destination <= SHARED:
                return "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"
        peering = self.picture.peerings.get(route.target) if route is not None and route.kind == "peering" else None
        if peering is not None:
            ends = [self.picture.vpcs[v].cidrs for v in (peering.requester, peering.accepter) if v in self.picture.vpcs]
            if packet.destination.isdisjoint(AddressSet.union_of(ends)):
                return "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"
        return ""

    def _candidates(self, vpc: Vpc, packet: Packet) -> Iterator[Route]:
        """Targets that a route to the packet's destination could sensibly have."""
        if packet.goal == "service":
            for endpoint in self.picture.endpoints.values():
                if endpoint.kind == "Gateway" and endpoint.vpc == vpc.key and endpoint.service == packet.service:
                    yield Route("gateway-endpoint", endpoint.key)
        if packet.goal in ("internet", "service"):
            yield Route("internet", vpc.internet_gateway or f"an internet gateway of {vpc.key}")
            if not packet.reply and packet.family == 4:
                for nat in self.picture.nats.values():
                    subnet = self.picture.subnets[self.picture.interfaces[nat.interface].subnet]
                    if nat.public and subnet.vpc == vpc.key and nat.key not in packet.seen:
                        yield Route("nat", nat.key)
            if not packet.reply and packet.family == 6:
                for gateway in sorted(vpc.egress_only_gateways):
                    yield Route("egress-only", gateway)
        if packet.goal == "network" and packet.destination <= vpc.cidrs:
            return  # it would have to be here
        if packet.goal == "network" and vpc.vpn_gateway:
            yield Route("vpn", vpc.vpn_gateway)
        if packet.goal in ("interface", "network"):
            other = self._vpc_of(packet.receiver)
            if other == vpc.key:
                yield Route("local")
                return
            for peering in self.picture.peerings.values():
                if {peering.requester, peering.accepter} == {vpc.key, other}:
                    yield Route("peering", peering.key)
            for gateway in sorted({a.gateway for a in self.picture.attachments.values() if a.vpc == vpc.key}):
                yield Route("transit", gateway)

    def _vpc_of(self, interface: str) -> str:
        found = self.picture.interfaces.get(interface)
        return self.picture.subnets[found.subnet].vpc if found else ""

    def _follow(self, vpc: Vpc, subnet: Subnet, route: Route, packet: Packet) -> Iterator[Arrival]:
        if len(packet.hops) > _LIMIT:
            return
        match route.kind:
            case "local":
                yield from self._deliver(vpc, packet, subnet.key)
            case "internet":
                yield from self._internet_gateway(vpc, subnet, route, packet)
            case "egress-only":
                yield from self._egress_only(vpc, subnet, route, packet)
            case "nat":
                yield from self._nat(vpc, subnet, route, packet)
            case "peering":
                yield from self._peering(vpc, route, packet)
            case "transit":
                yield from self._transit(vpc, subnet, route, packet)
            case "vpn":
                yield from self._vpn(vpc, subnet, route, packet)
            case "gateway-endpoint":
                yield from self._gateway_endpoint(vpc, route, packet)
            case "appliance-endpoint":
                yield from self._appliance_endpoint(subnet, route, packet)
            case "interface":
                yield from self._appliance(subnet, route, packet)
            case "unsupported":
                if not self.sure:
                    need = f"what lies behind {route.target or 'the route'}"
                    kind = "internet" if packet.goal == "service" else packet.goal
                    yield Arrival(kind, packet.receiver or route.target, packet.needing(need), "")

    # Ways out of a VPC

    def _holder(self, vpc: Vpc, packet: Packet) -> Interface | None:
        """The interface of this VPC that the wire's source belongs to."""
        holder = self.picture.interfaces.get(packet.sender)
        if holder is None or self._vpc_of(packet.sender) != vpc.key or packet.entry not in ("vpc", "appliance"):
            return None
        return holder

    def _internet_gateway(self, vpc: Vpc, subnet: Subnet, route: Route, packet: Packet) -> Iterator[Arrival]:
        """Out to the internet (R7): a public address, no private destination, and block public access allows."""
        if packet.goal not in ("internet", "service"):
            return
        ready = self._attached(vpc, route.target, packet)
        if ready is None:
            return
        holder = self._holder(vpc, ready)
        if holder is None:
            blocker = Blocker(
                "GATEWAY_REJECTS_SPOOFED_TRAFFIC", vpc.key, "Translate the source by a NAT gateway first."
            )
            through = self._but(ready, blocker)
            if through is not None:
                yield Arrival("internet", vpc.key, through)
            return
        for code, private in (
            ("IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS", RFC1918),
            ("IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS", SHARED),
        ):
            change = f"Route {private.describe()} elsewhere than to the internet gateway."
            open_ = Traffic.box(ANYWHERE - private, ALL)
            if not ready.reply:
                ready = self._filter(ready, "destination", open_, open_, Blocker(code, vpc.key, change))
                if ready is None:
                    return
        ready = self._public(holder, ready, "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS")
        if ready is not None and not packet.reply:
            ready = self._block_public(vpc, holder, ready, outward=True)
        if ready is not None and not packet.inspected:
            ready = self._redirected(vpc, holder, ready)
        if ready is None:
            return
        yield Arrival("internet", vpc.key, ready.via("internet-gateway", route.target), holder.key)

    def _attached(self, vpc: Vpc, gateway: str, packet: Packet) -> Packet | None:
        attached: bool | None = vpc.internet_gateway == gateway and bool(gateway)
        if not attached and vpc.gateway_doubt:
            return None if self.sure else packet.needing(vpc.gateway_doubt)
        change = (
            f"Attach {gateway} to {vpc.key}." if vpc.key not in gateway else f"Attach an internet gateway to {vpc.key}."
        )
        return self._need(attached, packet, Blocker("BAD_STATE_ATTACHMENT", gateway, change, vpc.key))

    def _public(self, holder: Interface, packet: Packet, code: str) -> Packet | None:
        """The interface has a public address: an associated one, or for IPv6 its own."""
        change = f"Give {holder.key} a public address."
        if any(b.component == holder.key and b.detail == "public" for b in packet.blockers):
            return packet  # one address serves both ways
        if packet.family == 4:
            state = {"yes": True, "no": False, "maybe": None}[holder.public]
            return self._need(state, packet, self._at(holder, code, change, "public"), holder.public_reason)
        side = "destination" if packet.receiver == holder.key else "source"
        wide = Traffic.box(_GLOBAL_V6, ALL)
        return self._filter(packet, side, wide, wide, self._at(holder, code, change, "public"))

    def _block_public(self, vpc: Vpc, holder: Interface, packet: Packet, *, outward: bool) -> Packet | None:
        """VPC block public access (R15; VPC user guide, "Block public access to VPCs and subnets")."""
        if vpc.block_public == "off":
            return packet
        exclusion = self.picture.subnets[holder.subnet].exclusion
        if outward:
            free = exclusion != "" or (vpc.block_public == "block-ingress" and holder.kind == "nat")
        else:
            free = exclusion == "allow-bidirectional"
        change = f"Exclude {holder.subnet} from VPC block public access."
        return self._need(free, packet, Blocker("VPC_BLOCK_PUBLIC_ACCESS_ENABLED", vpc.key, change, holder.subnet))

    def _redirected(self, vpc: Vpc, holder: Interface, packet: Packet) -> Packet | None:
        """A subnet whose incoming traffic is led through an appliance must send its own through it, too (R7)."""
        table = self.picture.tables.get(vpc.edge_table)
        if table is None:
            return packet
        kinds = {
            r.kind for _, routes in table.lookup(packet.family, holder.private.family(packet.family)) for r in routes
        }
        change = f"Route the internet from {holder.subnet} through the appliance that {table.key} names."
        blocker = Blocker("INGRESS_RTB_TRAFFIC_REDIRECTION", table.key, change, holder.subnet, table.resource)
        return self._need(kinds <= {"local"}, packet, blocker)

    def _egress_only(self, vpc: Vpc, subnet: Subnet, route: Route, packet: Packet) -> Iterator[Arrival]:
        """IPv6 out and its answers back (R8). Answers to the internet are none of its connections."""
        if packet.goal not in ("internet", "service") or packet.family != 6 or packet.reply:
            return
        holder = self._holder(vpc, packet)
        if holder is None or route.target not in vpc.egress_only_gateways:
            return
        ready = self._public(holder, packet, "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS")
        if ready is not None and vpc.block_public == "block-bidirectional":
            ready = self._block_public(vpc, holder, ready, outward=True)
        if ready is not None:
            yield Arrival("internet", vpc.key, ready.via("egress-only-internet-gateway", route.target), holder.key)

    def _nat(self, vpc: Vpc, subnet: Subnet, route: Route, packet: Packet) -> Iterator[Arrival]:
        """Through a NAT gateway (R9): into its subnet, out again with its address."""
        nat = self.picture.nats.get(route.target)
        if packet.reply or route.target in packet.seen:
            return  # it knows nothing of a connection that it did not open
        if nat is None:
            if not self.sure:
                need = f"the NAT gateway {route.target or route.doubt}"
                yield Arrival(packet.goal, packet.receiver, packet.needing(need))
            return
        interface = self.picture.interfaces[nat.interface]
        place = self.picture.subnets[interface.subnet]
        ready = self._nat_takes(nat, interface, place, subnet, packet)
        if ready is None:
            return
        if place.key != subnet.key:
            ready = self._acl(place, ready, "ingress")
            if ready is None:
                return
        ready = ready.via("nat-gateway", nat.key, "", nat.resource)
        translated = replace(
            ready,
            source=interface.private.family(ready.family),
            source_real=False,
            sender=interface.key,
            groups_kept=False,
            entry="vpc",
            segments=(*ready.segments, Segment(interface.key, "high")),
            seen=ready.seen | {nat.key},
        )
        yield from self.from_subnet(place, translated)

    def _nat_takes(
        self, nat: Nat, interface: Interface, place: Subnet, subnet: Subnet, packet: Packet
    ) -> Packet | None:
        ready = self._need(
            not nat.broken, packet, Blocker("BAD_STATE", nat.key, f"Repair it: {nat.broken}.", "", nat.resource)
        )
        inside = place.vpc == subnet.vpc and packet.entry in ("vpc", "transit")
        if ready is not None:
            if not inside and place.resource is None:  # its subnet is not in view
                return None if self.sure else ready.needing(f"the subnet of {nat.key}")
            change = "Use a NAT gateway of the source's own VPC."
            ready = self._need(inside, ready, Blocker("NGW_REQUIRES_SOURCE_IN_VPC", nat.key, change))
        if ready is not None and nat.regional and nat.zones:
            change = f"Register the NAT gateway in {subnet.zone}."
            here = None if not subnet.zone else subnet.zone in nat.zones
            blocker = Blocker("REGIONAL_NGW_ROUTE_AZ_RESTRICTION", nat.key, change)
            ready = self._need(here, ready, blocker, f"the zone of {subnet.key}")
        if ready is not None:
            carried = Traffic.box(ANYWHERE, _NAT_PROTOCOLS)
            blocker = Blocker("PROTOCOL_RESTRICTION", nat.key, "Use TCP, UDP or ICMP, or another way out.")
            ready = self._filter(ready, "destination", carried, carried, blocker)
        return ready

    def _peering(self, vpc: Vpc, route: Route, packet: Packet) -> Iterator[Arrival]:
        """Over a peering connection (R10): between interfaces of its two VPCs, no further."""
        peering = self.picture.peerings.get(route.target)
        if peering is None or vpc.key not in (peering.requester, peering.accepter):
            if not self.sure:
                need = f"the peering connection {route.target or route.doubt}"
                yield Arrival(packet.goal, packet.receiver, packet.needing(need))
            return
        other_key = peering.accepter if peering.requester == vpc.key else peering.requester
        other = self.picture.vpcs.get(other_key)
        ready = self._need(
            peering.active,
            packet,
            Blocker("BAD_STATE", peering.key, "Accept the peering connection.", "", peering.resource),
        )
        if ready is not None and peering.doubt:
            ready = self._need(None, ready, Blocker("BAD_STATE", peering.key, ""), peering.doubt)
        if ready is None:
            return
        if other is None:
            if not self.sure:
                # Rules that refer to groups of an unknown peer match nothing (UNKNOWN_PEERED_SGS).
                lost = replace(ready, groups_kept=False).needing(f"the VPC at the other end of {peering.key}")
                yield Arrival(lost.goal, lost.receiver, lost)
            return
        ready = self._peered(vpc, other, peering, ready)
        if ready is None:
            return
        kept = replace(
            ready.via("peering", peering.key, "", peering.resource),
            entry="peering",
            groups_kept=ready.groups_kept and peering.same_region,
        )
        yield from self._deliver(other, kept, "")

    def _peered(self, vpc: Vpc, other: Vpc, peering: Peering, packet: Packet) -> Packet | None:
        code = "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"
        change = "Connect the networks directly: a peering connection does not lead on."
        theirs = Traffic.box(other.cidrs, ALL)
        blocker = Blocker(code, peering.key, change, "destination")
        ready = self._filter(packet, "destination", theirs, theirs, blocker)
        moved = any(b.code == "NGW_REQUIRES_SOURCE_IN_VPC" for b in packet.blockers)  # then nothing comes this way
        if ready is not None and not moved:
            mine = Traffic.box(vpc.cidrs, ALL)  # a NAT gateway's answers bear an address of the internet
            ready = self._filter(ready, "source", mine, mine, Blocker(code, peering.key, change, "source"))
        if ready is not None:
            ready = self._need(
                self._holder(vpc, ready) is not None, ready, Blocker(code, peering.key, change, "source")
            )
        return ready

    def _vpn(self, vpc: Vpc, subnet: Subnet, route: Route, packet: Packet) -> Iterator[Arrival]:
        """Out by a virtual private gateway (R12)."""
        if packet.goal not in ("network", "internet") or (packet.goal == "internet" and self.sure):
            return
        blocker = Blocker("BAD_STATE_ATTACHMENT", route.target, f"Attach {route.target} to {vpc.key}.")
        ready = self._need(vpc.vpn_gateway == route.target, packet, blocker)
        if ready is not None:
            change = "Send from an interface of the VPC."
            blocker = Blocker("VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS", route.target, change)
            ready = self._need(self._holder(vpc, ready) is not None, ready, blocker)
        if ready is None:
            return
        down = Blocker("BAD_STATE_VPN", route.target, f"Bring up the VPN connections of {route.target}.")
        up = self._need(route.target not in self.picture.vpn_down, ready, down)
        if up is None:
            return
        ready = up
        if packet.goal == "internet":
            ready = ready.needing(f"whether the network behind {route.target} leads to the internet")
        yield Arrival(packet.goal, route.target, ready.via("vpn-gateway", route.target), "")

    def _gateway_endpoint(self, vpc: Vpc, route: Route, packet: Packet) -> Iterator[Arrival]:
        """Into a gateway endpoint (R13): TCP and ICMP echo, from its own VPC."""
        endpoint = self.picture.endpoints.get(route.target)
        service = endpoint.service if endpoint else route.service
        if packet.goal != "service" or packet.service != service or packet.reply:
            return
        carried = Traffic.box(ANYWHERE, _GATEWAY_ENDPOINT_PROTOCOLS)
        blocker = Blocker("VPCE_GATEWAY_PROTOCOL_RESTRICTION", route.target, "Use TCP.")
        ready = self._filter(packet, "destination", carried, carried, blocker)
        if ready is not None:
            blocker = Blocker(
                "NO_POSSIBLE_DESTINATION", route.target, "Use a gateway endpoint of the source's own VPC."
            )
            ready = self._need(self._holder(vpc, ready) is not None, ready, blocker)
        if ready is not None:
            broken = Blocker("BAD_STATE", route.target, "Wait until the endpoint is available.")
            ready = self._need(endpoint is None or endpoint.available, ready, broken)
        if ready is not None:
            yield Arrival("service", route.target, ready.via("gateway-endpoint", route.target))

    # Through appliances

    def _appliance_endpoint(self, subnet: Subnet, route: Route, packet: Packet) -> Iterator[Arrival]:
        """Into a Gateway Load Balancer or firewall endpoint and out of it again, in its subnet."""
        endpoint = self.picture.endpoints.get(route.target)
        places = [self.picture.subnets[s] for s in endpoint.subnets if s in self.picture.subnets] if endpoint else []
        near = [p for p in places if p.zone and p.zone == subnet.zone] or places
        if endpoint is None or not near or (self.sure and len(near) > 1):
            if not self.sure:
                yield Arrival(packet.goal, packet.receiver, packet.needing(f"the endpoint {route.target}"))
            return
        if endpoint.key in packet.seen:
            return
        place = near[0]
        ready: Packet | None = packet
        if place.key != subnet.key:
            ready = self._acl(place, packet, "ingress")
        if ready is None:
            return
        ready = replace(ready, seen=ready.seen | {endpoint.key}, inspected=True)
        ready = ready.via("appliance", endpoint.key, "", endpoint.resource)
        for passed in self._inspected(endpoint, ready):
            yield from self.from_subnet(place, passed)

    def _inspected(self, endpoint: Endpoint, packet: Packet) -> Iterator[Packet]:
        firewall = self.picture.firewalls.get(endpoint.firewall)
        if firewall is None:
            if not self.sure:
                yield packet.doubting(f"the appliance behind {endpoint.key} decides")
            return
        found = False
        for passed in inspected(firewall, packet, sure=self.sure):
            found = True
            yield passed
        if not found and self.repair:
            change = f"Let {self._shown(packet)} pass in {firewall.key}."
            detail = "answers" if packet.reply else "packets"
            blocker = Blocker("FIREWALL_RULES_RESTRICTION", firewall.key, change, detail, firewall.resource)
            through = self._but(packet, blocker)
            if through is not None:
                yield through

    def _appliance(self, subnet: Subnet, route: Route, packet: Packet) -> Iterator[Arrival]:
        """Into an interface that forwards: a NAT instance or a virtual appliance. What it does is up to it."""
        box = self.picture.interfaces.get(route.target)
        if box is None:
            if not self.sure:
                yield Arrival(packet.goal, packet.receiver, packet.needing(f"the interface {route.target}"))
            return
        if box.key in packet.seen or self.sure:
            return
        place = self.picture.subnets[box.subnet]
        change = f"Turn off source_dest_check of {box.key}."
        blocker = self._at(box, "ENI_SOURCE_DEST_CHECK_RESTRICTION", change)
        ready = self._need(not box.source_dest_check, packet, blocker)
        if ready is not None and place.key != subnet.key:
            ready = self._acl(place, ready, "ingress")
        if ready is not None and not ready.reply:
            ready = self._groups_in(box, ready)
        if ready is None:
            return
        ready = replace(ready, seen=ready.seen | {box.key}, inspected=True, groups_kept=False)
        ready = ready.via("appliance", box.key, "", box.resource).doubting(f"{box.key} decides what it forwards")
        if not ready.reply:
            out = self._groups_out(box, ready)
            if out is None:
                return
            ready = out
            translated = replace(
                ready,
                source=box.private.family(ready.family),
                source_real=False,
                sender=box.key,
                entry="vpc",
                segments=(*ready.segments, Segment(box.key, "high")),
            )
            yield from self.from_subnet(place, translated)
        yield from self.from_subnet(place, ready)

    # Transit gateways

    def _transit(self, vpc: Vpc, subnet: Subnet, route: Route, packet: Packet) -> Iterator[Arrival]:
        """Into a transit gateway (R11) through the attachment's interface in the sender's zone."""
        if packet.entry == "transit" and route.target in packet.seen and packet.goal != "interface":
            return
        found = [a for a in self.picture.attachments.values() if a.gateway == route.target and a.vpc == vpc.key]
        transit = self.picture.transits.get(route.target)
        if not found:
            if transit is None or transit.doubt:
                if not self.sure:
                    yield Arrival(packet.goal, packet.receiver, packet.needing(f"the attachments of {route.target}"))
            elif self.repair:
                return
            return
        attachment = found[0]
        ready = self._need(
            attachment.available, packet, Blocker("BAD_STATE_ATTACHMENT", attachment.key, "Accept the attachment.")
        )
        if ready is None:
            return
        doors = [self.picture.subnets[s] for s in attachment.subnets if s in self.picture.subnets]
        door = next((d for d in doors if d.zone and d.zone == subnet.zone), None)
        if door is None:
            unknown = not subnet.zone or any(not d.zone for d in doors) or len(doors) < len(attachment.subnets)
            change = f"Add a subnet in {subnet.zone or 'the same zone'} to {attachment.key}."
            blocker = Blocker("TGW_ROUTE_AZ_RESTRICTION", attachment.key, change, subnet.zone, attachment.resource)
            ready = self._need(
                None if unknown else False, ready, blocker, f"the zone of {subnet.key} or of {attachment.key}"
            )
            door = next((d for d in doors if not d.zone or not subnet.zone), None)
        if ready is not None and door is not None:
            ready = self._acl(door, ready, "ingress")
        if ready is None:
            return
        ready = ready.via("transit-gateway", route.target, "", transit.resource if transit else None)
        yield from self._transit_table(attachment, ready, subnet.zone)

    def _transit_table(self, attachment: Attachment, packet: Packet, zone: str) -> Iterator[Arrival]:
        """By the route table that the attachment which the packets came in by is associated with."""
        if len(packet.hops) > _LIMIT:
            return
        if attachment.table_doubt:
            if self.sure:
                return
            packet = packet.needing(attachment.table_doubt)
            yield from self._transit_elsewhere(attachment, packet, zone)
        if not attachment.table:
            code = "TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION"
            if self.repair and not attachment.table_doubt:
                blocker = Blocker(code, attachment.key, "Associate the attachment with a route table.")
                through = self._but(packet, blocker)
                for other in self._transit_goals(attachment, packet) if through is not None else ():
                    yield from self._leave_transit(attachment, other, through or packet, zone)
            return
        table = self.picture.transit_tables.get(attachment.table)
        if table is None or table.doubt:
            if self.sure:
                return
            packet = packet.needing((table.doubt if table else "") or f"the routes of {attachment.table}")
            yield from self._transit_elsewhere(attachment, packet, zone)
        if table is None:
            return
        yield from self._transit_routes(attachment, table, packet, zone)

    def _transit_elsewhere(self, attachment: Attachment, packet: Packet, zone: str) -> Iterator[Arrival]:
        """By a route of a transit gateway that is not in view: out of any other attachment."""
        for other in self.picture.attachments.values():
            if other.gateway == attachment.gateway and other.key != attachment.key:
                yield from self._leave_transit(attachment, other, packet, zone)
        transit = self.picture.transits.get(attachment.gateway)
        if transit is None or transit.doubt:
            unseen = packet.needing(transit.doubt if transit else f"the attachments of {attachment.gateway}")
            if packet.goal != "interface" and not packet.reply:
                yield Arrival(packet.goal, attachment.gateway, unseen)
            elif packet.goal == "interface" and self.picture.vpcs[self._vpc_of(packet.receiver)].resource is None:
                yield from self._deliver(self.picture.vpcs[self._vpc_of(packet.receiver)], unseen, "")

    def _transit_routes(
        self, attachment: Attachment, table: RouteTable, packet: Packet, zone: str
    ) -> Iterator[Arrival]:
        for addresses, routes in table.lookup(packet.family, packet.destination):
            part = self._towards(packet, addresses)
            if part is None:
                continue
            if self.sure and (len(routes) > 1 or any(r.doubt for r in routes)):
                continue
            for route in routes:
                goal = self.picture.attachments.get(route.target)
                ready = part.doubting(route.doubt) if route.doubt else part
                if route.state == "blackhole":
                    if self.repair and goal is not None:
                        change = f"Make the route in {table.key} lead to {route.target} again."
                        blocker = Blocker("TGW_RTB_BAD_STATE_ROUTE", table.key, change, route.target)
                        through = self._but(ready, blocker)
                        if through is not None:
                            yield from self._leave_transit(attachment, goal, through, zone)
                elif goal is not None:
                    yield from self._leave_transit(attachment, goal, ready, zone)
                elif not self.sure:
                    need = f"the attachment {route.target}"
                    yield Arrival(ready.goal, ready.receiver, ready.needing(need))
            if self.repair:
                yield from self._transit_repairs(attachment, table, part, routes, zone)

    def _transit_repairs(
        self, attachment: Attachment, table: RouteTable, packet: Packet, routes: tuple[Route, ...], zone: str
    ) -> Iterator[Arrival]:
        for target in self._transit_goals(attachment, packet):
            if target.key in {r.target for r in routes}:
                continue
            elsewhere = any(r.target == target.key for r in table.routes)
            code = "TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT"
            if routes and routes[-1].state == "blackhole":
                code = "TGW_RTB_BAD_STATE_ROUTE"
            elif elsewhere and routes:
                mine = {c for r in table.routes if r.target == target.key for c in r.cidrs}
                equal = any(c in mine for r in routes for c in r.cidrs)
                code = "TGW_RTB_HIGHER_PRIORITY_ROUTE" if equal else "TGW_RTB_MORE_SPECIFIC_ROUTE"
            elif elsewhere:
                code = "TGW_RTB_CANNOT_ROUTE"
            change = f"Route {self._name(packet.destination)} to {target.key} in {table.key}."
            blocker = Blocker(code, table.key, change, target.key, table.resource)
            through = self._but(packet, blocker)
            if through is not None:
                yield from self._leave_transit(attachment, target, through, zone)

    def _transit_goals(self, attachment: Attachment, packet: Packet) -> Iterator[Attachment]:
        wanted = self._vpc_of(packet.receiver)
        for other in self.picture.attachments.values():
            if other.gateway != attachment.gateway or other.key == attachment.key:
                continue
            if (wanted and other.vpc == wanted) or (packet.goal == "network" and other.kind != "vpc"):
                yield other

    def _leave_transit(self, came: Attachment, target: Attachment, packet: Packet, zone: str) -> Iterator[Arrival]:
        """Out of a transit gateway: into a VPC by the attachment's subnet, to a network, or to another gateway."""
        broken = Blocker("BAD_STATE_ATTACHMENT", target.key, "Accept the attachment.")
        if target.kind == "vpn":
            broken = Blocker("TGW_BAD_STATE_VPN", target.key, f"Bring up the tunnels of {target.key}.")
        ready = self._need(target.available, packet, broken)
        if ready is None or len(ready.hops) > _LIMIT:
            return
        transit = self.picture.transits.get(target.gateway)
        kept = bool(transit and transit.group_references and came.group_references and target.group_references)
        ready = replace(
            ready, entry="transit", groups_kept=ready.groups_kept and kept, seen=ready.seen | {target.gateway}
        )
        match target.kind:
            case "vpc":
                yield from self._into_vpc(target, ready, zone)
            case "peering":
                other = self.picture.attachments.get(target.peer)
                if other is not None:
                    yield from self._transit_table(other, replace(ready, groups_kept=False), "")
                elif not self.sure:
                    yield Arrival(ready.goal, ready.receiver, ready.needing(f"the gateway behind {target.key}"))
            case _:
                if ready.goal == "network":
                    yield Arrival("network", target.key, ready.via("attachment", target.key))
                elif ready.goal == "internet" and not self.sure:
                    need = f"whether the network behind {target.key} leads to the internet"
                    yield Arrival("internet", target.key, ready.needing(need))

    def _into_vpc(self, attachment: Attachment, packet: Packet, zone: str) -> Iterator[Arrival]:
        """By the attachment's subnet in the same zone, any of them if there is none (availability zone affinity)."""
        doors = [self.picture.subnets[s] for s in attachment.subnets if s in self.picture.subnets]
        same = [d for d in doors if d.zone and d.zone == zone]
        if not doors:
            if not self.sure:
                yield Arrival(packet.goal, packet.receiver, packet.needing(f"the subnets of {attachment.key}"))
            return
        if same:
            doors = same[:1]
        found = [list(self._from_door(door, packet)) for door in doors]
        if self.sure and len(found) > 1 and not all(found):
            return  # whichever of them is used must lead there
        for arrivals in found[:1] if self.sure else found:
            yield from arrivals

    def _from_door(self, door: Subnet, packet: Packet) -> Iterator[Arrival]:
        """Network ACLs of the attachment's subnet: out of it by destination, unless the receiver stands in it
        (Transit Gateway guide, "How network ACLs work with transit gateways").
        """
        yield from self.from_subnet(door, packet.via("subnet", door.key, "", door.resource))

    # Ways into a VPC

    def enter_from_internet(self, interface: Interface, packet: Packet) -> Iterator[Arrival]:
        """From the internet to the public address of an interface, by the internet gateway of its VPC (R7)."""
        subnet = self.picture.subnets[interface.subnet]
        vpc = self.picture.vpcs[subnet.vpc]
        gateway = vpc.internet_gateway or self._wanted_gateway(subnet) or f"an internet gateway of {vpc.key}"
        ready = self._attached(vpc, gateway, packet)
        if ready is None:
            return
        accelerated = interface.resource is not None and interface.resource.address in self.picture.accelerated
        if not accelerated:
            ready = self._public(interface, ready, "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS")
        for code, private in (
            ("IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS", RFC1918),
            ("IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS", SHARED),
        ):
            if ready is not None:
                open_ = Traffic.box(ANYWHERE - private, ALL)
                ready = self._filter(ready, "source", open_, open_, Blocker(code, vpc.key, "Use a public address."))
        if ready is not None:
            ready = self._block_public(vpc, interface, ready, outward=False)
        if ready is None:
            return
        ready = replace(ready, entry="internet", groups_kept=False).via("internet-gateway", gateway)
        yield from self._from_edge(vpc, ready)

    def _wanted_gateway(self, subnet: Subnet) -> str:
        """The internet gateway that the routes of a subnet name, be it attached or not."""
        table = self.picture.tables.get(subnet.table)
        return next((r.target for r in table.routes if r.kind == "internet"), "") if table is not None else ""

    def answer_from_internet(self, interface: Interface, packet: Packet) -> Iterator[Arrival]:
        """Answers from the internet to a connection that an interface opened."""
        vpc = self.picture.vpcs[self.picture.subnets[interface.subnet].vpc]
        yield from self._from_edge(vpc, replace(packet, entry="internet"))

    def hand_on(self, node: Interface, target: Interface, packet: Packet) -> Iterator[Arrival]:
        """From a load balancer's node to a target, with the client's address."""
        place = self.picture.subnets[node.subnet]
        other = self.picture.subnets[target.subnet]
        ready: Packet | None = packet
        if place.key != other.key:
            ready = self._acl(place, packet, "egress")
        if ready is None:
            return
        for arrival in self._deliver(self.picture.vpcs[place.vpc], ready, place.key):
            if place.key == other.key:
                yield arrival
                continue
            # Answers carry the client's address and leave the target's subnet, whatever its route table says.
            got = arrival.packet
            back = replace(got, reply=True, source=got.destination, destination=got.source)
            allowed = self._acl(other, back, "egress")
            if allowed is not None:
                yield Arrival(arrival.kind, arrival.key, replace(got, region=allowed.region))

    def answer_from_service(self, interface: Interface, packet: Packet) -> Iterator[Arrival]:
        """Answers from a gateway endpoint."""
        vpc = self.picture.vpcs[self.picture.subnets[interface.subnet].vpc]
        yield from self._deliver(vpc, packet, "")

    def enter_from_network(self, vpc: Vpc, packet: Packet) -> Iterator[Arrival]:
        """From a network behind a virtual private gateway to an interface of the VPC."""
        yield from self._deliver(vpc, replace(packet, entry="vpn", groups_kept=False), "")

    def enter_from_attachment(self, attachment: Attachment, packet: Packet) -> Iterator[Arrival]:
        """From a network behind a transit gateway attachment."""
        yield from self._transit_table(attachment, replace(packet, groups_kept=False), "")

    def _from_edge(self, vpc: Vpc, packet: Packet) -> Iterator[Arrival]:
        """From the internet gateway into the VPC: by its own route table if it has one, else by the local route."""
        table = self.picture.tables.get(vpc.edge_table)
        if table is None:
            yield from self._deliver(vpc, packet, "")
            return
        nowhere = Subnet("", vpc.key, NOWHERE)
        for addresses, routes in table.lookup(packet.family, packet.destination):
            part = self._towards(packet, addresses)
            for route in routes:
                if part is None:
                    continue
                if route.kind == "interface" and not part.reply:
                    box = self.picture.interfaces.get(route.target)
                    if box is not None and box.public == "no":
                        change = f"Give {box.key} a public address."
                        part = self._need(False, part, self._at(box, "INGRESS_RTB_NO_PUBLIC_IP", change))
                        if part is None:
                            continue
                yield from self._follow(vpc, nowhere, route, part)
