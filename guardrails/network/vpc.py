"""VPCs, subnets, gateways and route tables of a design."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from guardrails.model import Block, Model, Ref, Resource, Symbolic, UnknownValue, Value, reveal
from guardrails.network.addresses import NOWHERE, RFC1918, AddressSet, Family, parse_cidr
from guardrails.network.network_acl import NetworkAcl
from guardrails.network.prefix_list import endpoint_service, prefix_list
from guardrails.network.reading import Link, blocks, cidr, flag, link, links, text, unread, written, zone
from guardrails.network.topology import (
    Acl,
    BlockMode,
    Exclusion,
    Peering,
    Picture,
    Route,
    RouteTable,
    Subnet,
    TargetKind,
    Vpc,
)

VPCS = ("aws_vpc", "aws_default_vpc")
SUBNETS = ("aws_subnet", "aws_default_subnet")
TABLES = ("aws_route_table", "aws_default_route_table")
_TARGETS: tuple[tuple[str, TargetKind, tuple[str, ...]], ...] = (
    ("nat_gateway_id", "nat", ("aws_nat_gateway",)),
    ("egress_only_gateway_id", "egress-only", ("aws_egress_only_internet_gateway",)),
    ("vpc_peering_connection_id", "peering", ("aws_vpc_peering_connection", "aws_vpc_peering_connection_accepter")),
    ("transit_gateway_id", "transit", ("aws_ec2_transit_gateway",)),
    ("vpc_endpoint_id", "appliance-endpoint", ("aws_vpc_endpoint", "aws_networkfirewall_firewall")),
    ("network_interface_id", "interface", ("aws_network_interface", "aws_instance")),
    ("instance_id", "interface", ("aws_instance",)),
    ("local_gateway_id", "unsupported", ()),
    ("carrier_gateway_id", "unsupported", ()),
    ("core_network_arn", "unsupported", ()),
)
# Amazon gives a VPC's IPv6 block only at apply. These stand for it until then: equal references are equal blocks,
# and rules for all of IPv6, or of Amazon's own, hold for them as they will.
_GENERATED = 0x2600_1FFF << 96
_USABLE_FIRST, _USABLE_LAST = 4, 1
"""Addresses at the ends of a subnet that AWS keeps (VPC user guide, "Subnet CIDR blocks")."""


class VpcReader:
    """Puts VPCs, subnets, their tables and gateways into a picture."""

    def __init__(self, model: Model, picture: Picture) -> None:
        self.model = model
        self.picture = picture
        self.mapped_public: dict[str, str] = {}
        """By subnet: `yes`, `no` or `maybe` for a public address at launch."""
        self.generated: dict[str, AddressSet] = {}
        self._main: dict[str, str] = {}
        self._gateways_unread = bool(unread(model, "aws_internet_gateway"))
        self._mode, self._exclusions = self._block_public()

    def read(self) -> None:
        """Read everything."""
        for resource in self.model.all(*VPCS, *(f"data.{t}" for t in VPCS)):
            self._vpc(resource)
        for resource in self.model.all(*SUBNETS, *(f"data.{t}" for t in SUBNETS)):
            self._subnet(resource)
        self._gateways()
        self._tables()
        self._acls()
        self._peerings()

    def vpc_key(self, value: Value) -> Link:
        """The VPC that a reference means; one that is not in view gets a place in the picture."""
        found = link(self.model, value, *VPCS)
        if found and found.key not in self.picture.vpcs:
            self._unseen_vpc(found.key)
        return found

    def subnet(self, found: Link) -> str:
        """The key of a subnet; one that is not in view gets a place in the picture."""
        key = found.key or f"a subnet ({found.doubt or 'not named'})"
        if key not in self.picture.subnets:
            vpc = f"the VPC of {key}"
            self._unseen_vpc(vpc)
            self._change(vpc, unnamed=True)
            self.picture.subnets[key] = Subnet(
                key, vpc, RFC1918, table_doubt=f"the route table of {key}", acl_doubt=f"the network ACL of {key}"
            )
            self.mapped_public.setdefault(key, "maybe")
        return key

    def _unseen_vpc(self, key: str) -> None:
        self.picture.vpcs.setdefault(
            key, Vpc(key, RFC1918, doubt=f"the CIDR blocks of {key}", gateway_doubt=f"the internet gateway of {key}")
        )

    # VPCs and subnets

    def _vpc(self, resource: Resource) -> None:
        cidrs, doubt = cidr(written(resource, "cidr_block"))
        for each in self.model.all("aws_vpc_ipv4_cidr_block_association"):
            if link(self.model, written(each, "vpc_id"), *VPCS).key == resource.address:
                more, reason = cidr(written(each, "cidr_block"))
                cidrs, doubt = cidrs | more, doubt or reason
        for block in blocks(resource, "cidr_block_associations"):
            more, _ = cidr(written(block, "cidr_block"))
            cidrs |= more
        data = resource.mode == "data"
        if not cidrs.v4:
            cidrs, doubt = cidrs | RFC1918, doubt or f"{resource.address} gets its CIDR block at apply"
        cidrs |= self._ipv6_of(resource)
        dns = flag(resource, "enable_dns_support", default=True) != "no"
        hostnames = flag(resource, "enable_dns_hostnames", default=resource.type == "aws_default_vpc") != "no"
        self.picture.vpcs[resource.address] = Vpc(
            resource.address,
            cidrs,
            doubt,
            region=_region(resource),
            block_public=self._mode,
            dns=dns and (hostnames or data),
            internet_gateway=f"internet gateway of {resource.address}" if self._comes_with_gateway(resource) else "",
            gateway_doubt=f"the internet gateway of {resource.address}" if data or self._gateways_unread else "",
            resource=resource,
        )

    def _comes_with_gateway(self, vpc: Resource) -> bool:
        """A default VPC has an internet gateway; an account shows whether it still has (VPC user guide)."""
        return vpc.type == "aws_default_vpc" and self.model.kind != "account"

    def _ipv6_of(self, resource: Resource) -> AddressSet:
        known, doubt = cidr(written(resource, "ipv6_cidr_block"))
        for each in self.model.all("aws_vpc_ipv6_cidr_block_association"):
            if link(self.model, written(each, "vpc_id"), *VPCS).key == resource.address:
                known |= cidr(written(each, "ipv6_cidr_block"))[0]
        if known:
            return known
        generated = flag(resource, "assign_generated_ipv6_cidr_block")
        has = doubt or generated != "no" or written(resource, "ipv6_ipam_pool_id") is not None
        attached = any(
            link(self.model, written(each, "vpc_id"), *VPCS).key == resource.address
            for each in self.model.all("aws_vpc_ipv6_cidr_block_association")
        )
        if not attached and not has:
            return NOWHERE
        first = _GENERATED + (len(self.generated) << 72)
        self.generated[resource.address] = AddressSet.range(6, first, first + (1 << 72))
        return self.generated[resource.address]

    def _subnet(self, resource: Resource) -> None:
        vpc = self.vpc_key(written(resource, "vpc_id"))
        key = vpc.key or f"the VPC of {resource.address}"
        if resource.type == "aws_default_subnet" and not vpc:
            key = next((v for v in self.picture.vpcs if "aws_default_vpc." in v), key)
        if key not in self.picture.vpcs:
            self._unseen_vpc(key)
        cidrs, _ = cidr(written(resource, "cidr_block"))
        if not cidrs and flag(resource, "ipv6_native") != "yes":
            cidrs = self.picture.vpcs[key].cidrs.family(4)
        cidrs |= self._subnet_ipv6(resource, key)
        data = resource.mode == "data"
        default = resource.type == "aws_default_subnet"
        self.picture.subnets[resource.address] = Subnet(
            resource.address,
            key,
            cidrs,
            zone=zone(resource),
            table_doubt=f"the route table of {resource.address}" if data else "",
            acl_doubt=f"the network ACL of {resource.address}" if data else "",
            exclusion=self._exclusions.get(resource.address) or self._exclusions.get(key) or "",
            resource=resource,
        )
        self.mapped_public[resource.address] = flag(resource, "map_public_ip_on_launch", default=default)

    def _subnet_ipv6(self, resource: Resource, vpc: str) -> AddressSet:
        known, _ = cidr(written(resource, "ipv6_cidr_block"))
        if known:
            return known
        value = written(resource, "ipv6_cidr_block")
        if not isinstance(value, Symbolic | UnknownValue) or all(r.address == resource.address for r in value.refs):
            return NOWHERE
        block = self.generated.get(vpc)
        if block is None:
            return NOWHERE
        count = sum(1 for s in self.picture.subnets.values() if s.vpc == vpc)
        first = block.v6[0] + (count << 64)
        return AddressSet.range(6, first, first + (1 << 64))

    def _block_public(self) -> tuple[BlockMode, dict[str, Exclusion]]:
        mode: BlockMode = "off"
        for resource in self.model.all("aws_vpc_block_public_access_options"):
            match text(resource, "internet_gateway_block_mode"):
                case "block-bidirectional":
                    mode = "block-bidirectional"
                case "block-ingress":
                    mode = "block-ingress"
                case _:
                    pass
        exclusions: dict[str, Exclusion] = {}
        for resource in self.model.all("aws_vpc_block_public_access_exclusion"):
            way = text(resource, "internet_gateway_exclusion_mode")
            for name, types in (("vpc_id", VPCS), ("subnet_id", SUBNETS)):
                if found := link(self.model, written(resource, name), *types):
                    exclusions[found.key] = "allow-egress" if way == "allow-egress" else "allow-bidirectional"
        return mode, exclusions

    # Gateways

    def _gateways(self) -> None:
        for type_ in ("aws_internet_gateway", "data.aws_internet_gateway", "aws_internet_gateway_attachment"):
            for resource in self.model.all(type_):
                key = resource.address
                if type_.endswith("attachment"):
                    key = link(self.model, written(resource, "internet_gateway_id"), "aws_internet_gateway").key or key
                vpc = self.vpc_key(written(resource, "vpc_id"))
                if not vpc:
                    for each in blocks(resource, "attachments"):
                        vpc = vpc or self.vpc_key(written(each, "vpc_id"))
                if vpc:
                    self._change(vpc.key, internet_gateway=key, gateway_doubt="")
        for resource in self.model.all("aws_egress_only_internet_gateway"):
            if vpc := self.vpc_key(written(resource, "vpc_id")):
                have = self.picture.vpcs[vpc.key].egress_only_gateways
                self._change(vpc.key, egress_only_gateways=have | {resource.address})
        for type_ in ("aws_vpn_gateway", "aws_vpn_gateway_attachment"):
            for resource in self.model.all(type_):
                key = resource.address
                if type_.endswith("attachment"):
                    key = link(self.model, written(resource, "vpn_gateway_id"), "aws_vpn_gateway").key or key
                if vpc := self.vpc_key(written(resource, "vpc_id")):
                    self._change(vpc.key, vpn_gateway=key)
        for resource in self.model.all("aws_vpn_connection"):
            if gateway := link(self.model, written(resource, "vpn_gateway_id"), "aws_vpn_gateway"):
                self.picture.vpn_networks[gateway.key] = self.vpn_routes(resource)
                if not tunnel_up(resource):
                    self.picture.vpn_down |= {gateway.key}

    def vpn_routes(self, connection: Resource) -> AddressSet:
        """The networks behind a VPN connection, as far as static routes tell."""
        found = NOWHERE
        for route in self.model.all("aws_vpn_connection_route"):
            if link(self.model, written(route, "vpn_connection_id"), "aws_vpn_connection").key == connection.address:
                found |= cidr(written(route, "destination_cidr_block"))[0]
        for each in blocks(connection, "routes"):
            found |= cidr(written(each, "destination_cidr_block"))[0]
        return found

    def _change(self, vpc: str, **changes: object) -> None:

        self.picture.vpcs[vpc] = replace(self.picture.vpcs[vpc], **changes)

    # Route tables

    def _tables(self) -> None:
        routes: dict[str, list[Route]] = {}
        doubts: dict[str, str] = {}
        resources: dict[str, Resource] = {}
        vpc_of: dict[str, str] = {}
        for resource in self.model.all(*TABLES):
            key = resource.address
            resources[key] = resource
            vpc_of[key] = self._table_vpc(resource)
            routes[key] = []
            value = written(resource, "route")
            if isinstance(value, UnknownValue | Symbolic):
                doubts[key] = f"{key}: route: {value.reason}"
            elif isinstance(value, list) and (holes := [v for v in value if isinstance(v, UnknownValue)]):
                doubts[key] = f"{key}: route: {holes[0].reason}"
            for block in blocks(resource, "route"):
                routes[key] += self._route(block)
            for gateway in links(resource, ("propagating_vgws",), "aws_vpn_gateway")[0]:
                routes[key] += self._propagated(gateway.key)
        self._mains(resources, vpc_of)
        for vpc, table in self._main.items():
            routes.setdefault(table, [])
            vpc_of.setdefault(table, vpc)
        for resource in self.model.all("aws_route"):
            table = self._table(written(resource, "route_table_id"))
            if table in routes:
                routes[table] += self._route(resource)
            else:
                for key in _like(resource.refs("route_table_id"), routes):
                    doubts.setdefault(key, f"whether {resource.address} is in {key}")
        for resource in self.model.all("aws_vpn_gateway_route_propagation"):
            table = self._table(written(resource, "route_table_id"))
            gateway = link(self.model, written(resource, "vpn_gateway_id"), "aws_vpn_gateway")
            if table in routes and gateway:
                routes[table] += self._propagated(gateway.key)
        self._endpoint_routes(routes)
        for key, own in routes.items():
            owner = self.picture.vpcs.get(vpc_of.get(key, ""))
            cidrs = owner.cidrs if owner is not None else NOWHERE
            local = Route("local", cidrs=tuple(_cidr_entries(cidrs)))
            doubt = doubts.get(key, "")
            if self.model.kind == "account" and key not in resources:
                doubt = f"the routes of the {key}"  # an account has every table that it shows, unless it was not read
            self.picture.tables[key] = RouteTable(key, (local, *_once(own)), doubt, resources.get(key))
        self._associate()

    def _table_vpc(self, resource: Resource) -> str:
        if resource.type == "aws_default_route_table":
            for ref in resource.refs("default_route_table_id"):
                if (vpc := self.model.at(ref.address)) is not None and vpc.type in VPCS:
                    return vpc.address
            wanted = text(resource, "default_route_table_id")
            for vpc in self.model.all(*VPCS):
                if wanted and text(vpc, "default_route_table_id") == wanted:
                    return vpc.address
        return self.vpc_key(written(resource, "vpc_id")).key

    def _mains(self, tables: dict[str, Resource], vpc_of: dict[str, str]) -> None:
        """The main route table of each VPC (R1)."""
        for key, vpc in self.picture.vpcs.items():
            if vpc.resource is not None and vpc.resource.mode == "managed":
                self._main[key] = f"main route table of {key}"
                named = link(self.model, written(vpc.resource, "main_route_table_id"), *TABLES)
                if named.key in tables:
                    self._main[key] = named.key
        for key, resource in tables.items():
            main = any(flag(b, "main") == "yes" for b in blocks(resource, "associations"))
            if (resource.type == "aws_default_route_table" or main) and vpc_of[key]:
                self._main[vpc_of[key]] = key
        for resource in self.model.all("aws_main_route_table_association"):
            vpc_link = self.vpc_key(written(resource, "vpc_id"))
            table = link(self.model, written(resource, "route_table_id"), *TABLES)
            if vpc_link and table:
                self._main[vpc_link.key] = table.key

    def _table(self, value: Value) -> str:
        found = link(self.model, value, *TABLES)
        value = reveal(value)
        ref = value.ref if found.resource is None and isinstance(value, Symbolic) else None
        if ref and ref.attribute in ("main_route_table_id", "default_route_table_id"):
            return self._main.get(ref.address, found.key)
        return found.key

    def _route(self, block: Block) -> Iterator[Route]:
        doubt = (
            f"{block.resource.address} may exist: {block.resource.conditional}" if block.resource.conditional else ""
        )
        kind, target, reason = self._target(block)
        doubt = doubt or reason
        entries: list[tuple[Family, int, int]] = []
        service = ""
        listed = False
        names = ("cidr_block", "ipv6_cidr_block", "destination_cidr_block", "destination_ipv6_cidr_block")
        for name in names:
            value = written(block, name)
            if isinstance(value, Symbolic) and (ref := value.ref) and ref.address in self.generated:
                entries += _cidr_entries(self.generated[ref.address])
                continue
            known, unknown = cidr(value)
            doubt = doubt or (f"{block.resource.address}: {name}: {unknown}" if unknown else "")
            if known and isinstance(value, str):
                entries.append(parse_cidr(str.__str__(value)))
        if (listing := written(block, "destination_prefix_list_id")) is not None and _said(listing):
            found = prefix_list(self.model, listing)
            listed, service = True, found.service
            entries += _cidr_entries(found.addresses)
            doubt = doubt or found.unknown
        if not entries and not service and not doubt:
            return
        yield Route(
            kind, target, tuple(entries), service, "blackhole" if text(block, "state") == "blackhole" else "active",
            propagated=text(block, "origin") == "EnableVgwRoutePropagation", listed=listed, doubt=doubt, block=block,
        )  # fmt: skip

    def _target(self, block: Block) -> tuple[TargetKind, str, str]:
        for name, kind, types in _TARGETS:
            value = written(block, name)
            if value is None or not _said(value):
                continue
            found = link(self.model, value, *types)
            return kind, self._renamed(kind, found), found.doubt
        value = written(block, "gateway_id")
        types = ("aws_internet_gateway", "aws_vpn_gateway", "aws_vpc_endpoint")
        found = link(self.model, value, *types)
        name = str.__str__(value) if isinstance(value, str) else ""
        if name == "local":
            return "local", "", ""
        if (found.resource is not None and found.resource.type == "aws_vpn_gateway") or name.startswith("vgw-"):
            return "vpn", found.key, found.doubt
        if (found.resource is not None and found.resource.type == "aws_vpc_endpoint") or name.startswith("vpce-"):
            return "gateway-endpoint", found.key, found.doubt
        if value is None:
            return "unsupported", "", f"{block.resource.address}: the route has no target"
        return "internet", found.key, found.doubt

    def _renamed(self, kind: TargetKind, found: Link) -> str:
        resource = found.resource
        if resource is not None and resource.type == "aws_vpc_peering_connection_accepter":
            own = link(self.model, written(resource, "vpc_peering_connection_id"), "aws_vpc_peering_connection")
            return own.key or found.key
        return found.key

    def _propagated(self, gateway: str) -> Iterator[Route]:
        networks = self.picture.vpn_networks.get(gateway, NOWHERE)
        if networks:
            yield Route("vpn", gateway, tuple(_cidr_entries(networks)), propagated=True)
        else:
            yield Route("vpn", gateway, propagated=True, doubt=f"which networks {gateway} propagates is not known")

    def _endpoint_routes(self, routes: dict[str, list[Route]]) -> None:
        """Gateway endpoints add a route for their service to the tables that they name (R13)."""
        for endpoint in self.model.all("aws_vpc_endpoint"):
            if (text(endpoint, "vpc_endpoint_type") or "Gateway") != "Gateway":
                continue
            service = endpoint_service(self.model, written(endpoint, "service_name"))
            doubt = conditional(endpoint)
            route = Route("gateway-endpoint", endpoint.address, service=service, listed=True, doubt=doubt)
            tables = {self._table(v) for v in _list(written(endpoint, "route_table_ids"))}
            for each in self.model.all("aws_vpc_endpoint_route_table_association"):
                if link(self.model, written(each, "vpc_endpoint_id"), "aws_vpc_endpoint").key == endpoint.address:
                    tables.add(self._table(written(each, "route_table_id")))
            for table in tables:
                if table in routes:
                    routes[table].append(route)
            for key in _like(endpoint.refs("route_table_ids"), routes):
                if key not in tables:
                    routes[key].append(replace(route, doubt=f"whether {endpoint.address} is for {key}"))

    def _associate(self) -> None:

        explicit: dict[str, tuple[str, str]] = {}
        for resource in self.model.all("aws_route_table_association"):
            table = self._table(written(resource, "route_table_id"))
            doubt = conditional(resource)
            subnet = link(self.model, written(resource, "subnet_id"), *SUBNETS)
            if subnet.key in self.picture.subnets:
                explicit[subnet.key] = table, doubt
            else:
                for key in _like(resource.refs("subnet_id"), self.picture.subnets):
                    explicit.setdefault(key, ("", f"whether {resource.address} is for {key}"))
            gateway = link(self.model, written(resource, "gateway_id"), "aws_internet_gateway", "aws_vpn_gateway")
            for key, vpc in list(self.picture.vpcs.items()):
                if gateway and vpc.internet_gateway == gateway.key:
                    self._change(key, edge_table=table)
        for resource in self.model.all(*TABLES):
            for block in blocks(resource, "associations"):
                if found := link(self.model, written(block, "subnet_id"), *SUBNETS):
                    explicit.setdefault(found.key, (resource.address, ""))
        for key, place in list(self.picture.subnets.items()):
            table, doubt = explicit.get(key, ("", ""))
            if key not in explicit and not place.table_doubt:
                table = self._main.get(place.vpc, "")
                doubt = "" if table else f"the main route table of {place.vpc}"
            elif key in explicit:
                place = replace(place, table_doubt="")  # noqa: PLW2901  # it is in view after all
            self.picture.subnets[key] = replace(place, table=table, table_doubt=doubt or place.table_doubt)
        self._default_vpc_routes()

    def _default_vpc_routes(self) -> None:
        """A default VPC comes with a route to the internet in its main table (VPC user guide, "Default VPCs")."""
        for key, vpc in self.picture.vpcs.items():
            table = self.picture.tables.get(self._main.get(key, ""))
            if vpc.resource is None or not self._comes_with_gateway(vpc.resource) or table is None or table.resource:
                continue
            world = Route("internet", vpc.internet_gateway, ((4, 0, 0),))
            self.picture.tables[table.key] = RouteTable(table.key, (*table.routes, world))

    # Network ACLs and peering

    def _acls(self) -> None:

        default: dict[str, str] = {}
        explicit: dict[str, tuple[str, str]] = {}
        for view in NetworkAcl.subjects(self.model):
            resource = view.resource
            if not view.in_view:
                continue
            self.picture.acls[resource.address] = _acl(view)
            found, doubt = links(resource, ("subnet_ids",), *SUBNETS)
            for each in found:
                explicit[each.key] = resource.address, doubt
            if resource.type == "aws_default_network_acl":
                for ref in resource.refs("default_network_acl_id"):
                    default[ref.address] = resource.address
                wanted = text(resource, "default_network_acl_id") or text(resource, "id")
                for vpc in self.model.all(*VPCS):
                    if wanted and text(vpc, "default_network_acl_id") == wanted:
                        default[vpc.address] = resource.address
        for resource in self.model.all("aws_network_acl_association"):
            subnet = link(self.model, written(resource, "subnet_id"), *SUBNETS)
            acl = link(self.model, written(resource, "network_acl_id"), "aws_network_acl", "aws_default_network_acl")
            if subnet and acl:
                explicit[subnet.key] = acl.key, resource.conditional
        for key, place in list(self.picture.subnets.items()):
            acl_key, doubt = explicit.get(key, ("", ""))
            if key in explicit:
                unseen = "" if acl_key in self.picture.acls else f"the rules of {acl_key}"
                self.picture.subnets[key] = replace(place, acl=acl_key, acl_doubt=doubt or unseen)
            elif place.vpc in default:
                self.picture.subnets[key] = replace(place, acl=default[place.vpc])
            elif self.model.kind == "account":  # which shows one for each subnet, unless it was not read
                self.picture.subnets[key] = replace(place, acl_doubt=f"the network ACL of {key}")

    def _peerings(self) -> None:
        accepted = {
            link(self.model, written(r, "vpc_peering_connection_id"), "aws_vpc_peering_connection").key
            for r in self.model.all("aws_vpc_peering_connection_accepter")
        }
        for resource in self.model.all("aws_vpc_peering_connection"):
            one = self.vpc_key(written(resource, "vpc_id"))
            two = link(self.model, written(resource, "peer_vpc_id"), *VPCS)
            status = text(resource, "accept_status")
            agreed = flag(resource, "auto_accept") == "yes" or resource.address in accepted or status == "active"
            refused = status in ("failed", "rejected", "deleted", "expired", "pending-acceptance")
            regions = {text(resource, "peer_region"), self.picture.vpcs[one.key].region if one else ""} - {""}
            doubt = resource.conditional or ("" if agreed or refused else f"{resource.address} must be accepted")
            self.picture.peerings[resource.address] = Peering(
                resource.address,
                one.key,
                two.key if two.key in self.picture.vpcs else "",
                active=not refused,
                same_region=len(regions) < 2,
                doubt=doubt,
                resource=resource,
            )


def _acl(view: NetworkAcl) -> Acl:
    doubts = tuple(e.unknown for way in ("ingress", "egress") for e in view.known(way) if e.unknown)
    return Acl(
        view.resource.address,
        view.surely("ingress"),
        view.surely("egress"),
        view.possibly("ingress"),
        view.possibly("egress"),
        doubts,
        view.resource,
    )


def usable(subnet: Subnet) -> AddressSet:
    """The addresses that an interface of a subnet may get (A4)."""
    found: list[AddressSet] = []
    v4 = subnet.cidrs.v4
    for start, end in zip(v4[::2], v4[1::2], strict=True):
        if end - start > _USABLE_FIRST + _USABLE_LAST:
            found.append(AddressSet.range(4, start + _USABLE_FIRST, end - _USABLE_LAST))
        else:
            found.append(AddressSet.range(4, start, end))
    v6 = subnet.cidrs.v6
    for start, end in zip(v6[::2], v6[1::2], strict=True):
        found.append(AddressSet.range(6, start + _USABLE_FIRST, end - _USABLE_LAST))
    return AddressSet.union_of(found)


def conditional(resource: Resource) -> str:
    """Why a resource may not exist, as a doubt."""
    return f"{resource.address} may exist: {resource.conditional}" if resource.conditional else ""


def tunnel_up(connection: Resource) -> bool:
    """Whether a VPN connection works, as far as its telemetry tells: before it exists, it is taken to."""
    states = [text(b, "status").upper() for b in blocks(connection, "vgw_telemetry")]
    return not states or "UP" in states


def _cidr_entries(addresses: AddressSet) -> Iterator[tuple[Family, int, int]]:
    for each in addresses.cidrs():
        yield parse_cidr(each)


def _like(refs: Iterable[Ref], keys: Iterable[str]) -> list[str]:
    """The instances of resources that are referred to without it being known which of them is meant."""
    bare = {ref.address.removesuffix("[*]") for ref in refs}
    return [key for key in keys if key.endswith("]") and key.rpartition("[")[0] in bare]


def _once(routes: list[Route]) -> list[Route]:
    """Routes less those that a state repeats inline."""
    found: dict[tuple[object, ...], Route] = {}
    for route in routes:
        found.setdefault((route.kind, route.target, route.cidrs, route.service, route.doubt), route)
    return list(found.values())


def _said(value: Value) -> bool:
    """Whether a value is more than the empty string, which an account shows for what a route does not have."""
    return isinstance(value, Symbolic) or value != ""


def _list(value: Value) -> list[Value]:
    value = reveal(value)
    return value if isinstance(value, list) else [] if value is None else [value]


def _region(resource: Resource) -> str:
    value = written(resource, "region") if "region" in resource.values else None
    value = value if value is not None else reveal(resource.provider.config.get("region"))
    return str.__str__(value) if isinstance(value, str) and not isinstance(value, Symbolic) else ""
