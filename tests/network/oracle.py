"""A network as plain values, and what happens to one packet in it: written from AWS's rules, step by step.

Nothing of the engine is used here. Addresses are `(family, integer)`, everything is concrete.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from typing import Literal

Address = tuple[int, int]


def address(text: str) -> Address:
    """An address from its text."""
    ip = ipaddress.ip_address(text)
    return ip.version, int(ip)


def within(one: Address, cidr: str) -> bool:
    """Whether an address is in a CIDR block."""
    network = ipaddress.ip_network(cidr, strict=False)
    return one[0] == network.version and int(network.network_address) <= one[1] <= int(network.broadcast_address)


@dataclass(frozen=True)
class Rule:
    """A rule of a security group or a network ACL."""

    protocol: str
    low: int
    high: int
    cidr: str = ""
    group: str = ""
    number: int = 0
    allow: bool = True

    def carries(self, packet: Packet) -> bool:
        """Whether protocol and port match: the destination port of the packet, whichever way it goes."""
        if self.protocol == "-1":
            return True
        return self.protocol == packet.protocol and self.low <= packet.port <= self.high


@dataclass(frozen=True)
class Packet:
    """One packet. `port` is its destination port, for ICMP its type."""

    source: Address
    destination: Address
    protocol: str
    port: int
    sender: str = ""
    groups_kept: bool = True
    reply: bool = False


@dataclass(frozen=True)
class Route:
    """A route: `target` is `igw`, `eigw`, `nat:<subnet>`, `pcx`, `tgw`, `vgw` or `blackhole`."""

    cidr: str
    target: str


@dataclass(frozen=True)
class Subnet:
    """A subnet."""

    name: str
    vpc: str
    v4: str
    v6: str
    zone: str
    table: str
    acl: str
    exclusion: str = ""


@dataclass(frozen=True)
class Host:
    """An instance with one interface."""

    name: str
    subnet: str
    v4: Address
    v6: Address | None
    public: bool
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Nat:
    """A NAT gateway, named by its subnet."""

    subnet: str
    v4: Address
    public: bool


@dataclass(frozen=True)
class Attachment:
    """A VPC's attachment to the one transit gateway."""

    vpc: str
    subnets: tuple[str, ...]
    table: str
    references: bool


@dataclass
class Net:
    """A network of at most two VPCs, `a` and `b`, and one transit gateway."""

    vpcs: dict[str, tuple[str, str]] = field(default_factory=dict)
    gateways: set[str] = field(default_factory=set)
    subnets: dict[str, Subnet] = field(default_factory=dict)
    tables: dict[str, list[Route]] = field(default_factory=dict)
    acls: dict[str, dict[str, list[Rule]]] = field(default_factory=dict)
    groups: dict[str, dict[str, list[Rule]]] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    nats: dict[str, Nat] = field(default_factory=dict)
    peered: Literal["", "active", "pending-acceptance"] = ""
    attachments: dict[str, Attachment] = field(default_factory=dict)
    transit: dict[str, list[tuple[str, str, bool]]] = field(default_factory=dict)
    """Transit gateway tables: (cidr, VPC or `blackhole`, propagated)."""
    transit_references: bool = False
    block: str = "off"


@dataclass(frozen=True)
class End:
    """Where a packet got to: `host`, `internet`, and through which NAT gateway."""

    kind: str
    name: str
    packet: Packet
    nats: tuple[str, ...] = ()
    holder: str = ""


PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


class Oracle:
    """Sends single packets through a network."""

    def __init__(self, net: Net) -> None:
        self.net = net

    # Filters

    def acl(self, subnet: Subnet, way: str, packet: Packet) -> bool:
        """The first rule that matches decides, else it is denied."""
        if not subnet.acl:
            return True
        other = packet.source if way == "ingress" else packet.destination
        for rule in sorted(self.net.acls[subnet.acl][way], key=lambda r: r.number):
            if within(other, rule.cidr) and rule.carries(packet):
                return rule.allow
        return False

    def group(self, host: Host, way: str, packet: Packet, other: str) -> bool:
        """Any rule of any group that matches lets it pass."""
        them = self.net.hosts.get(other)
        for name in host.groups:
            for rule in self.net.groups[name][way]:
                if not rule.carries(packet):
                    continue
                there = packet.source if way == "ingress" else packet.destination
                if rule.cidr and within(there, rule.cidr):
                    return True
                if rule.group and them is not None and packet.groups_kept and rule.group in them.groups:
                    return True
        return False

    # Ways

    def owner(self, vpc: str, where: Address) -> str:
        """The host or NAT gateway of a VPC that has a private address."""
        for host in self.net.hosts.values():
            if self.net.subnets[host.subnet].vpc == vpc and where in (host.v4, host.v6):
                return host.name
        for nat in self.net.nats.values():
            if self.net.subnets[nat.subnet].vpc == vpc and where == nat.v4:
                return f"nat:{nat.subnet}"
        return ""

    def place(self, name: str) -> Subnet:
        """The subnet of a host or NAT gateway."""
        nat = name.partition("nat:")[2]
        return self.net.subnets[nat or self.net.hosts[name].subnet]

    def on(self, subnet: Subnet, packet: Packet, entry: str, seen: tuple[str, ...], wanted: str) -> End | None:
        """From something in a subnet."""
        inside = self.owner(subnet.vpc, packet.destination)
        if inside and self.place(inside).name == subnet.name:
            return self.arrive(subnet.vpc, packet, subnet.name, wanted)
        if not self.acl(subnet, "egress", packet):
            return None
        return self.route(subnet, packet, entry, seen, wanted)

    def route(self, subnet: Subnet, packet: Packet, entry: str, seen: tuple[str, ...], wanted: str) -> End | None:
        """The longest prefix wins."""
        local = [Route(c, "local") for c in self.net.vpcs[subnet.vpc] if c]
        best: Route | None = None
        for route in (*local, *self.net.tables[subnet.table]):
            if within(packet.destination, route.cidr):
                length = ipaddress.ip_network(route.cidr).prefixlen
                if best is None or length > ipaddress.ip_network(best.cidr).prefixlen:
                    best = route
        if best is None or best.target == "blackhole":
            return None
        kind, _, rest = best.target.partition(":")
        match kind:
            case "local":
                return self.arrive(subnet.vpc, packet, subnet.name, wanted)
            case "igw" | "eigw":
                return self.leave(subnet, packet, entry, kind)
            case "nat":
                return self.translate(subnet, packet, seen, wanted, rest)
            case "pcx":
                return self.cross(subnet, packet, entry, wanted)
            case "tgw":
                return self.hub(subnet, packet, seen, wanted)
            case _:
                return None

    def arrive(self, vpc: str, packet: Packet, subnet: str, wanted: str) -> End | None:
        """At an interface of the VPC, if it is the wanted one."""
        name = self.owner(vpc, packet.destination)
        if not name or name != wanted:
            return None
        place = self.place(name)
        if place.name != subnet and not self.acl(place, "ingress", packet):
            return None
        host = self.net.hosts.get(name)
        if host is not None and not packet.reply and not self.group(host, "ingress", packet, packet.sender):
            return None
        return End("host", name, packet)

    def leave(self, subnet: Subnet, packet: Packet, entry: str, kind: str) -> End | None:
        """To the internet by a gateway of the VPC."""
        net = self.net
        name = self.owner(subnet.vpc, packet.source)
        if not name or entry == "transit" or subnet.vpc not in net.gateways:
            return None
        exclusion = self.place(name).exclusion
        if packet.destination[0] == 4:
            if kind != "igw" or (not packet.reply and any(within(packet.destination, c) for c in PRIVATE)):
                return None
            nat = name.partition("nat:")[2]
            if not (net.nats[nat].public if nat else net.hosts[name].public):
                return None
            free = exclusion or net.block == "off" or (nat and net.block == "block-ingress")
        else:
            if kind == "eigw" and packet.reply:
                return None
            if not within(packet.source, "2000::/3"):
                return None
            free = exclusion or net.block == "off" or (kind == "eigw" and net.block == "block-ingress")
        if not packet.reply and not free:
            return None
        return End("internet", "", packet, holder=name)

    def translate(self, subnet: Subnet, packet: Packet, seen: tuple[str, ...], wanted: str, nat: str) -> End | None:
        """By a NAT gateway, with its own address from there on."""
        gateway = self.net.nats.get(nat)
        if gateway is None or packet.reply or nat in seen or packet.protocol not in ("tcp", "udp", "icmp"):
            return None
        place = self.net.subnets[nat]
        if place.vpc != subnet.vpc:
            return None
        if place.name != subnet.name and not self.acl(place, "ingress", packet):
            return None
        inner = replace(packet, source=gateway.v4, sender="", groups_kept=False)
        end = self.on(place, inner, "vpc", (*seen, nat), wanted)
        return replace(end, nats=(nat, *end.nats)) if end else None

    def cross(self, subnet: Subnet, packet: Packet, entry: str, wanted: str) -> End | None:
        """Over the peering connection: between the two VPCs only."""
        if self.net.peered != "active" or entry == "transit":
            return None
        other = "b" if subnet.vpc == "a" else "a"
        if other not in self.net.vpcs or not any(c and within(packet.destination, c) for c in self.net.vpcs[other]):
            return None
        if not self.owner(subnet.vpc, packet.source):
            return None
        return self.arrive(other, packet, "", wanted)

    def hub(self, subnet: Subnet, packet: Packet, seen: tuple[str, ...], wanted: str) -> End | None:
        """Through the transit gateway."""
        if seen.count("tgw") > 1:
            return None
        net = self.net
        came = net.attachments.get(subnet.vpc)
        if came is None:
            return None
        door = next((net.subnets[s] for s in came.subnets if net.subnets[s].zone == subnet.zone), None)
        if door is None or not self.acl(door, "ingress", packet):
            return None
        best: tuple[int, bool, str] | None = None
        for cidr, target, propagated in net.transit.get(came.table, []):
            if within(packet.destination, cidr):
                key = (ipaddress.ip_network(cidr).prefixlen, not propagated, target)
                if best is None or key[:2] > best[:2]:
                    best = key
        if best is None or best[2] not in net.attachments:
            return None
        goes = net.attachments[best[2]]
        same = [s for s in goes.subnets if net.subnets[s].zone == subnet.zone]
        kept = net.transit_references and came.references and goes.references
        inner = replace(packet, groups_kept=packet.groups_kept and kept)
        ends = [self.on(net.subnets[s], inner, "transit", (*seen, "tgw"), wanted) for s in (same[:1] or goes.subnets)]
        return ends[0] if ends and all(ends) else None

    # Connections

    def connects(self, source: str, target: str, packet: Packet, client: int, nat_port: int) -> bool:
        """Whether a connection from a host or from the internet (`""`) is opened and answered.

        `client` is the port that the client uses, `nat_port` the one that each NAT gateway uses.
        """
        net = self.net
        host = net.hosts.get(source)
        if host is not None:
            first = replace(packet, sender=source)
            if not self.group(host, "egress", first, target):
                return False
            end = self.on(self.place(source), first, "vpc", (), target)
        else:
            end = self.enter(target, packet)
        if end is None or (end.kind == "host") != bool(target):
            return False
        return self.answered(source, packet, end, client, nat_port)

    def enter(self, target: str, packet: Packet) -> End | None:
        """From the internet to a host's public address."""
        net = self.net
        host = net.hosts[target]
        place = self.place(target)
        if place.vpc not in net.gateways or any(within(packet.source, c) for c in PRIVATE):
            return None
        if packet.destination[0] == 4 and not host.public:
            return None
        if packet.destination[0] == 6 and not within(packet.destination, "2000::/3"):
            return None
        if net.block != "off" and place.exclusion != "allow-bidirectional":
            return None
        return self.arrive(place.vpc, replace(packet, groups_kept=False), "", target)

    def answered(self, source: str, packet: Packet, end: End, client: int, nat_port: int) -> bool:
        """Whether the answer finds its way back through every translator."""
        net = self.net
        protocol, port = packet.protocol, packet.port
        if protocol == "icmp":
            if port != 8:
                return True
            back = 0
        elif protocol == "icmpv6":
            if port != 128:
                return True
            back = 129
        else:
            back = -1
        stops = [source, *(f"nat:{n}" for n in end.nats)]
        sender: str | None = end.name if end.kind == "host" else None
        for index in range(len(stops) - 1, -1, -1):
            stop = stops[index]
            where = self.address_of(stop, packet) if stop else packet.source
            own = back if back >= 0 else (client if index == 0 else nat_port)
            answer = Packet(packet.destination, where, protocol, own, reply=True)
            if sender is None:  # from the internet, into the VPC of this stop
                place = self.place(stop)
                got = self.arrive(place.vpc, answer, "", stop)
            else:
                got = self.on(self.place(sender), answer, "vpc", (), stop)
                if stop.startswith("nat:") or stop in net.hosts:
                    got = got if got and got.kind == "host" else None
                elif got is None or got.kind != "internet":
                    got = None
            if got is None:
                return False
            sender = stop
        return True

    def address_of(self, name: str, packet: Packet) -> Address:
        """The address that a host or NAT gateway uses for a packet's family."""
        nat = name.partition("nat:")[2]
        if nat:
            return self.net.nats[nat].v4
        host = self.net.hosts[name]
        if packet.destination[0] == 4:
            return host.v4
        assert host.v6 is not None
        return host.v6
