"""The parts of a network and how they hang together: what the reachability engine walks over."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import Literal

from msgspec import Struct, field

from guardrails.model import Block, Resource
from guardrails.network.addresses import NOWHERE, AddressSet, Family
from guardrails.network.ports import PortSet
from guardrails.network.traffic import ALL_TRAFFIC, NO_TRAFFIC, Traffic

Ternary = Literal["yes", "no", "maybe"]
TargetKind = Literal[
    "local",
    "internet",  # internet gateway
    "egress-only",
    "nat",
    "peering",
    "transit",
    "vpn",  # virtual private gateway
    "gateway-endpoint",
    "appliance-endpoint",  # Gateway Load Balancer or firewall endpoint
    "interface",
    "unsupported",  # local, carrier and core network: what lies behind is not in the picture
]
State = Literal["active", "blackhole"]


class Permit(Struct, frozen=True):
    """One allowing rule of a security group, ready to be evaluated."""

    ports: PortSet
    addresses: AddressSet = NOWHERE
    groups: frozenset[str] = frozenset()
    """Keys of the groups whose members are meant, the group's own for `self`."""
    services: frozenset[str] = frozenset()
    """Services whose own prefix lists are meant."""
    strangers: bool = False
    """Whether a group that is not known may be meant."""
    certain: bool = True
    """False if it is not sure that the rule will exist."""
    block: Block | None = None


class Group(Struct, frozen=True):
    """A security group."""

    key: str
    ingress: tuple[Permit, ...] = ()
    egress: tuple[Permit, ...] = ()
    ingress_doubt: Traffic = NO_TRAFFIC
    """What may be allowed beyond that."""
    egress_doubt: Traffic = NO_TRAFFIC
    doubts: tuple[str, ...] = ()
    """Why."""
    resource: Resource | None = None
    vpc: str = ""


class Acl(Struct, frozen=True):
    """A network ACL: what it surely and what it possibly lets pass, after first-match evaluation."""

    key: str
    ingress: Traffic = ALL_TRAFFIC
    egress: Traffic = ALL_TRAFFIC
    ingress_most: Traffic = ALL_TRAFFIC
    egress_most: Traffic = ALL_TRAFFIC
    doubts: tuple[str, ...] = ()
    resource: Resource | None = None


class Route(Struct, frozen=True):
    """One route. Its destination is a list of CIDR blocks, or the networks of a service."""

    kind: TargetKind
    target: str = ""
    """Key of the gateway, interface, peering connection, transit gateway or endpoint."""
    cidrs: tuple[tuple[Family, int, int], ...] = ()
    """Family, first address and prefix length of each block."""
    service: str = ""
    """`s3` or `dynamodb` for the route of a gateway endpoint or of AWS's own prefix list."""
    state: State = "active"
    propagated: bool = False
    listed: bool = False
    """Whether the destination is a prefix list."""
    doubt: str = ""
    """Why destination, target or existence are not known; empty if they are."""
    block: Block | None = None

    @property
    def destinations(self) -> AddressSet:
        """The addresses that it is for, as far as they are known."""
        return AddressSet.union_of(
            AddressSet.range(family, first, first + (1 << ((32 if family == 4 else 128) - prefix)))
            for family, first, prefix in self.cidrs
        )

    @property
    def rank(self) -> int:
        """Priority among routes of equal length, lower first (VPC user guide, "How route priority works")."""
        if self.kind == "local":
            return 0
        return 3 if self.propagated else 2 if self.listed else 1


Fib = tuple[tuple[int, int, tuple[Route, ...]], ...]
"""Address ranges with the routes that may decide there, the most specific first, only the last one certain."""


@dataclasses.dataclass(frozen=True, slots=True)
class RouteTable:
    """A route table of a subnet, of a gateway, or of a transit gateway."""

    key: str
    routes: tuple[Route, ...] = ()
    doubt: str = ""
    """Why there may be other routes."""
    resource: Resource | None = None
    _fibs: dict[Family, Fib] = dataclasses.field(default_factory=dict, compare=False, repr=False)

    def lookup(self, family: Family, addresses: AddressSet) -> list[tuple[AddressSet, tuple[Route, ...]]]:
        """Longest-prefix match: the addresses in pieces, each with the routes that may decide; none without a route.

        If existence or destination of a route are not known, it comes before the certain one that it may hide.
        """
        if family not in self._fibs:
            self._fibs[family] = _fib(self.routes, family)
        by_routes: dict[tuple[Route, ...], list[AddressSet]] = {}
        left = addresses.family(family)
        for start, end, routes in self._fibs[family]:
            if not left:
                break
            piece = left & AddressSet.range(family, start, end)
            if piece:
                by_routes.setdefault(routes, []).append(piece)
                left = left - piece
        found = [(AddressSet.union_of(pieces), routes) for routes, pieces in by_routes.items()]
        return [*found, (left, ())] if left else found

    def for_service(self, service: str) -> Route | None:
        """The route to the networks of a service, which is more specific than any other that covers them."""
        return next((r for r in self.routes if r.service == service), None)


def _fib(routes: tuple[Route, ...], family: Family) -> Fib:
    bits = 32 if family == 4 else 128
    entries = [
        (prefix, first, first + (1 << (bits - prefix)), route)
        for route in routes
        for each, first, prefix in route.cidrs
        if each == family
    ]
    local = [(first, end) for _, first, end, route in entries if route.kind == "local"]
    # "If propagated routes overlap with the local route for your VPC, the local route is most preferred even if the
    # propagated routes are more specific" (Site-to-Site VPN user guide, "Route tables and route priority").
    entries = [
        e for e in entries if not (e[3].propagated and any(first <= e[1] and e[2] <= end for first, end in local))
    ]
    entries.sort(key=lambda e: (-e[0], bool(not e[3].doubt), e[3].rank))
    anywhere = tuple(r for r in routes if r.doubt and not r.cidrs and not r.service)
    cuts = sorted({0, 1 << bits, *(e[1] for e in entries), *(e[2] for e in entries)})
    rows: list[tuple[int, int, tuple[Route, ...]]] = []
    for start, end in pairwise(cuts):
        chosen: list[Route] = list(anywhere)
        for _, first, last, route in entries:
            if first <= start and end <= last:
                chosen.append(route)
                if not route.doubt:
                    break
        if not chosen:
            continue
        if rows and rows[-1][1] == start and rows[-1][2] == tuple(chosen):
            rows[-1] = (rows[-1][0], end, tuple(chosen))
        else:
            rows.append((start, end, tuple(chosen)))
    return tuple(rows)


BlockMode = Literal["off", "block-bidirectional", "block-ingress"]
Exclusion = Literal["", "allow-bidirectional", "allow-egress"]


class Vpc(Struct, frozen=True):
    """A VPC with its gateways."""

    key: str
    cidrs: AddressSet
    doubt: str = ""
    """Why it may have further CIDR blocks."""
    region: str = ""
    internet_gateway: str = ""
    """Key of the attached internet gateway."""
    egress_only_gateways: frozenset[str] = frozenset()
    vpn_gateway: str = ""
    edge_table: str = ""
    """Key of the route table of the internet gateway (ingress routing)."""
    block_public: BlockMode = "off"
    dns: bool = True
    """Whether private DNS names of endpoints work: support and hostnames are on."""
    gateway_doubt: str = ""
    """Why it may have an internet gateway that is not in view."""
    resource: Resource | None = None
    unnamed: bool = False
    """Whether it is only known as that of a subnet out of view, so that it may be any other one."""


class Subnet(Struct, frozen=True):
    """A subnet."""

    key: str
    vpc: str
    cidrs: AddressSet
    """IPv4 and IPv6 blocks."""
    zone: str = ""
    """Availability zone, empty if it is not known."""
    table: str = ""
    """Key of its route table; empty if it is not in view."""
    table_doubt: str = ""
    """Why the route table may be another one."""
    acl: str = ""
    """Key of its network ACL; empty for a default one that lets everything pass."""
    acl_doubt: str = ""
    exclusion: Exclusion = ""
    """From VPC block public access."""
    resource: Resource | None = None
    vpc_doubt: str = ""


Clients = Literal["instance", "any", "high"]
"""Source ports: of an instance (Linux 32768-60999, Windows 49152-65535: 32768-65535), of NAT gateways, load
balancers and Lambda (1024-65535, `high`), or whichever a stranger chooses (`any`).
"""


class Interface(Struct, frozen=True):
    """A network interface, given or implied by a resource: an endpoint of traffic."""

    key: str
    subnet: str
    private: AddressSet
    """The addresses that it has, or one of which it gets (`placed` False)."""
    placed: bool = True
    """Whether `private` are its addresses, rather than those of its subnet."""
    ipv6: Ternary = "no"
    """Whether it has an IPv6 address."""
    public: Ternary = "no"
    """Whether it has a public IPv4 address."""
    public_addresses: AddressSet = NOWHERE
    """Those of them that are known."""
    public_reason: str = ""
    """Why it has, has not, or may have a public address."""
    groups: tuple[str, ...] = ()
    groups_doubt: str = ""
    """Why it may be in other groups."""
    filtered: bool = True
    """False where no security group applies: NAT gateways, Network Load Balancers without one."""
    source_dest_check: bool = True
    clients: Clients = "instance"
    accepts: bool = True
    """Whether it takes connections: the interfaces of Lambda functions do not."""
    listens: PortSet | None = None
    """The ports that it accepts at all, None if that is not known."""
    kind: str = "interface"
    resource: Resource | None = None
    broken: str = ""
    """Why it does not work: stopped, failed."""
    doubt: str = ""
    """Why it may not exist."""
    alternative: bool = False
    """Whether it is one of several places of which its resource takes one."""


class Nat(Struct, frozen=True):
    """A NAT gateway."""

    key: str
    interface: str
    """Key of its interface, which is in its subnet."""
    public: bool = True
    broken: str = ""
    zones: frozenset[str] = frozenset()
    """For a regional one: where it is registered; empty: everywhere."""
    regional: bool = False
    resource: Resource | None = None


class Peering(Struct, frozen=True):
    """A VPC peering connection."""

    key: str
    requester: str
    accepter: str
    """Keys of VPCs; empty if not in view."""
    active: bool = True
    same_region: bool = True
    doubt: str = ""
    resource: Resource | None = None


AttachmentKind = Literal["vpc", "vpn", "direct-connect", "peering", "connect", "unknown"]


class Attachment(Struct, frozen=True):
    """An attachment of a transit gateway."""

    key: str
    gateway: str
    kind: AttachmentKind = "vpc"
    vpc: str = ""
    subnets: tuple[str, ...] = ()
    appliance_mode: bool = False
    group_references: bool = False
    table: str = ""
    """Key of the associated transit gateway route table; empty if there is none."""
    table_doubt: str = ""
    available: bool = True
    peer: str = ""
    """For a peering attachment: the key of the attachment on the other side, if it is in view."""
    networks: AddressSet = NOWHERE
    """For a VPN: the static routes of the other side."""
    resource: Resource | None = None


class Transit(Struct, frozen=True):
    """A transit gateway."""

    key: str
    group_references: bool = False
    doubt: str = ""
    resource: Resource | None = None


EndpointKind = Literal["Gateway", "Interface", "GatewayLoadBalancer", "Firewall"]


class Endpoint(Struct, frozen=True):
    """A VPC endpoint, or the endpoint of a network firewall in one subnet."""

    key: str
    kind: EndpointKind
    vpc: str
    service: str = ""
    """`s3`, `ecr.api`, ..., or the whole name of another service."""
    private_dns: bool = False
    interfaces: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    """For an appliance: where the traffic comes out again, in the zone of the subnet that it came from."""
    firewall: str = ""
    """Key of the firewall whose rules apply."""
    available: bool = True
    resource: Resource | None = None


class Listener(Struct, frozen=True):
    """A port that a load balancer listens on, and where it sends what comes in."""

    ports: PortSet
    targets: tuple[str, ...]
    """Keys of `TargetGroup`s."""
    resource: Resource | None = None


class TargetGroup(Struct, frozen=True):
    """Targets of a load balancer: interfaces, and the ports that they get traffic on."""

    key: str
    members: tuple[tuple[str, PortSet], ...] = ()
    """Interface keys with the port that traffic arrives on."""
    addresses: tuple[tuple[AddressSet, PortSet], ...] = ()
    """Targets by address that no interface in view has."""
    health: PortSet | None = None
    """Health-check port where it differs from the traffic port."""
    preserves_client: bool = False
    cross_zone: Ternary = "yes"
    protocol: str = ""
    doubt: str = ""
    """Why it may have other targets: an Auto Scaling group, an ECS service, a controller."""
    resource: Resource | None = None


BalancerKind = Literal["application", "network", "gateway", "classic"]


class Balancer(Struct, frozen=True):
    """A load balancer with its nodes."""

    key: str
    kind: BalancerKind
    internet_facing: bool
    interfaces: tuple[str, ...]
    listeners: tuple[Listener, ...] = ()
    cross_zone: Ternary = "yes"
    resource: Resource | None = None
    doubt: str = ""


class FirewallRule(Struct, frozen=True):
    """One rule that decides over packets by their five-tuple."""

    sources: AddressSet
    destinations: AddressSet
    ports: PortSet
    """Destination ports."""
    source_ports: PortSet
    verdict: Literal["pass", "drop", "forward"]
    both_ways: bool = False
    exact: bool = True
    """False where it looks at more than the five-tuple: it may match."""


class Firewall(Struct, frozen=True):
    """A network firewall: stateless rules, then stateful ones."""

    key: str
    stateless: tuple[FirewallRule, ...] = ()
    stateless_default: Literal["pass", "drop", "forward"] = "forward"
    stateful: tuple[FirewallRule, ...] = ()
    stateful_default: Literal["pass", "drop"] = "pass"
    doubt: str = ""
    resource: Resource | None = None


class Picture(Struct):
    """A network as a whole. Built once, then only read."""

    vpcs: dict[str, Vpc] = field(default_factory=dict)
    subnets: dict[str, Subnet] = field(default_factory=dict)
    interfaces: dict[str, Interface] = field(default_factory=dict)
    tables: dict[str, RouteTable] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    acls: dict[str, Acl] = field(default_factory=dict)
    nats: dict[str, Nat] = field(default_factory=dict)
    peerings: dict[str, Peering] = field(default_factory=dict)
    transits: dict[str, Transit] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    transit_tables: dict[str, RouteTable] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    balancers: dict[str, Balancer] = field(default_factory=dict)
    target_groups: dict[str, TargetGroup] = field(default_factory=dict)
    firewalls: dict[str, Firewall] = field(default_factory=dict)
    vpn_networks: dict[str, AddressSet] = field(default_factory=dict)
    """By virtual private gateway: the networks behind its VPN connections, as far as static routes tell."""
    vpn_down: frozenset[str] = frozenset()
    """Virtual private gateways of whose VPN connections no tunnel is up."""
    accelerated: frozenset[str] = frozenset()
    """Resources that a Global Accelerator leads to."""
    by_resource: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Interfaces of each resource, by the resource's address."""
    gaps: tuple[str, ...] = ()
    """What is missing of the picture."""
