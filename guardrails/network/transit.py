"""Transit gateways of a design: attachments, route tables, associations, propagations."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from guardrails.model import Model, Resource
from guardrails.network.addresses import NOWHERE, AddressSet, Family, parse_cidr
from guardrails.network.prefix_list import prefix_list
from guardrails.network.reading import cidr, flag, link, links, text, unread, written
from guardrails.network.topology import Attachment, AttachmentKind, Picture, Route, RouteTable, Transit
from guardrails.network.vpc import SUBNETS, VpcReader, conditional, tunnel_up

_GATEWAY = ("aws_ec2_transit_gateway",)
_TABLE = ("aws_ec2_transit_gateway_route_table",)
_VPC_ATTACHMENT = "aws_ec2_transit_gateway_vpc_attachment"
_ATTACHMENTS: dict[str, AttachmentKind] = {
    _VPC_ATTACHMENT: "vpc",
    "aws_ec2_transit_gateway_peering_attachment": "peering",
    "aws_ec2_transit_gateway_connect": "connect",
    "aws_vpn_connection": "vpn",
    "aws_dx_gateway_association": "direct-connect",
}


class TransitReader:
    """Puts transit gateways into a picture."""

    def __init__(self, model: Model, picture: Picture, vpcs: VpcReader) -> None:
        self.model = model
        self.picture = picture
        self.vpcs = vpcs

    def read(self) -> None:
        """Read everything."""
        for resource in self.model.all(*_GATEWAY, *(f"data.{t}" for t in _GATEWAY)):
            self.picture.transits[resource.address] = Transit(
                resource.address,
                group_references=text(resource, "security_group_referencing_support") == "enable",
                doubt=f"the other attachments of {resource.address}" if self._shared(resource) else "",
                resource=resource,
            )
        for type_, kind in _ATTACHMENTS.items():
            for resource in self.model.all(type_):
                self._attachment(resource, kind)
        self._peers()
        self._associations()
        self._tables()

    def _shared(self, gateway: Resource) -> bool:
        """Whether a gateway may have attachments that are not in view: it is read only, or of another account."""
        owner = text(gateway, "owner_id")
        foreign = self.model.kind == "account" and owner not in ("", self.model.name)
        return gateway.mode == "data" or foreign or bool(unread(self.model, "aws_ec2_transit_gateway_vpc_attachment"))

    def _attachment(self, resource: Resource, kind: AttachmentKind) -> None:
        name = "associated_gateway_id" if kind == "direct-connect" else "transit_gateway_id"
        gateway = link(self.model, written(resource, name), *_GATEWAY)
        if not gateway or (kind == "direct-connect" and gateway.resource is None):
            return
        self.picture.transits.setdefault(
            gateway.key, Transit(gateway.key, doubt=f"the other attachments of {gateway.key}")
        )
        places, doubt = links_of(self, resource) if kind == "vpc" else ((), "")
        state = text(resource, "state")
        self.picture.attachments[resource.address] = Attachment(
            resource.address,
            gateway.key,
            kind,
            vpc=self.vpcs.vpc_key(written(resource, "vpc_id")).key if kind == "vpc" else "",
            subnets=places,
            appliance_mode=text(resource, "appliance_mode_support") == "enable",
            group_references=self._references(resource, gateway.key),
            available=state in ("", "available") and (kind != "vpn" or tunnel_up(resource)),
            table_doubt=conditional(resource) or (f"the subnets of {resource.address}: {doubt}" if doubt else ""),
            networks=self.vpcs.vpn_routes(resource) if kind == "vpn" else NOWHERE,
            resource=resource,
        )

    def _references(self, resource: Resource, gateway: str) -> bool:
        """An attachment keeps groups if it says so; by default as its gateway does."""
        own = text(resource, "security_group_referencing_support")
        return own == "enable" or (own == "" and self.picture.transits[gateway].group_references)

    def _peers(self) -> None:
        for resource in self.model.all("aws_ec2_transit_gateway_peering_attachment_accepter"):
            found = link(
                self.model,
                written(resource, "transit_gateway_attachment_id"),
                "aws_ec2_transit_gateway_peering_attachment",
            )
            asked = self.picture.attachments.get(found.key)
            if asked is None or asked.resource is None:
                continue
            other = link(self.model, written(asked.resource, "peer_transit_gateway_id"), *_GATEWAY)
            self.picture.attachments[resource.address] = Attachment(
                resource.address, other.key, "peering", peer=asked.key, resource=resource
            )
            self.picture.attachments[asked.key] = replace(asked, peer=resource.address)

    def _default(self, gateway: str, purpose: str) -> str:
        """The key of a gateway's default route table for association or propagation."""
        for resource in self.model.all(f"aws_ec2_transit_gateway_default_route_table_{purpose}"):
            if link(self.model, written(resource, "transit_gateway_id"), *_GATEWAY).key == gateway:
                return self._table(written(resource, "transit_gateway_route_table_id"))
        transit = self.picture.transits[gateway].resource
        if transit is None or transit.mode == "data":
            return ""
        if text(transit, f"default_route_table_{purpose}") == "disable":
            return ""
        named = link(self.model, written(transit, f"{purpose}_default_route_table_id"), *_TABLE)
        return named.key if named.resource is not None else f"default route table of {gateway}"

    def _table(self, value: object) -> str:
        found = link(self.model, value, *_TABLE)  # type: ignore[arg-type]  # a value of the model
        if found.resource is None:
            for end in (".association_default_route_table_id", ".propagation_default_route_table_id"):
                if found.key.endswith(end):
                    return f"default route table of {found.key.removesuffix(end)}"
        return found.key

    def _attachment_key(self, value: object) -> str:
        """The attachment that an attachment id means; for a VPN it is an attribute of the connection."""
        found = link(self.model, value, *_ATTACHMENTS, "aws_ec2_transit_gateway_peering_attachment_accepter")  # type: ignore[arg-type]  # as above
        if found.resource is None and found.key:
            for key, attachment in self.picture.attachments.items():
                own = attachment.resource
                if own is not None and found.key in (text(own, "transit_gateway_attachment_id"), text(own, "id")):
                    return key
        return found.key

    def _associations(self) -> None:
        explicit: dict[str, str] = {}
        for resource in self.model.all("aws_ec2_transit_gateway_route_table_association"):
            key = self._attachment_key(written(resource, "transit_gateway_attachment_id"))
            explicit[key] = self._table(written(resource, "transit_gateway_route_table_id"))
        for key, attachment in list(self.picture.attachments.items()):
            table = explicit.get(key)
            doubt = attachment.table_doubt
            if table is None:
                own = attachment.resource
                named = text(own, "association_transit_gateway_route_table_id") if own is not None else ""
                wants = (
                    own is None or flag(own, "transit_gateway_default_route_table_association", default=True) != "no"
                )
                table = named or (self._default(attachment.gateway, "association") if wants else "")
                transit = self.picture.transits[attachment.gateway]
                if not table and (transit.doubt or transit.resource is None):
                    doubt = doubt or f"the route table of {key}"
            self.picture.attachments[key] = replace(attachment, table=table, table_doubt=doubt)

    def _tables(self) -> None:
        routes: dict[str, list[Route]] = {}
        resources: dict[str, Resource] = {}
        for resource in self.model.all(*_TABLE):
            routes[resource.address], resources[resource.address] = [], resource
        for key, transit in self.picture.transits.items():
            if transit.resource is not None and transit.resource.mode == "managed":
                for purpose in ("association", "propagation"):
                    if table := self._default(key, purpose):
                        routes.setdefault(table, [])
        for resource in self.model.all("aws_ec2_transit_gateway_route"):
            table = self._table(written(resource, "transit_gateway_route_table_id"))
            routes.setdefault(table, []).append(self._route(resource))
        for resource in self.model.all("aws_ec2_transit_gateway_prefix_list_reference"):
            table = self._table(written(resource, "transit_gateway_route_table_id"))
            found = prefix_list(self.model, written(resource, "prefix_list_id"))
            target = self._attachment_key(written(resource, "transit_gateway_attachment_id"))
            routes.setdefault(table, []).append(
                Route(
                    "transit",
                    target,
                    tuple(_entries(found.addresses)),
                    state="blackhole" if flag(resource, "blackhole") == "yes" else "active",
                    listed=True,
                    doubt=found.unknown or conditional(resource),
                    block=resource,
                )
            )
        self._propagations(routes)
        for key, own in routes.items():
            made = key.startswith("default route table") and self.model.kind != "account"
            doubt = "" if key in resources or made else f"the other routes of {key}"
            self.picture.transit_tables[key] = RouteTable(key, tuple(own), doubt, resources.get(key))

    def _route(self, resource: Resource) -> Route:
        known, doubt = cidr(written(resource, "destination_cidr_block"))
        hole = flag(resource, "blackhole") == "yes" or text(resource, "state") == "blackhole"
        return Route(
            "transit",
            self._attachment_key(written(resource, "transit_gateway_attachment_id")),
            tuple(_entries(known)),
            state="blackhole" if hole else "active",
            propagated=text(resource, "type") == "propagated",
            doubt=doubt or conditional(resource),
            block=resource,
        )

    def _propagations(self, routes: dict[str, list[Route]]) -> None:
        pairs: list[tuple[str, str, str]] = []
        for resource in self.model.all("aws_ec2_transit_gateway_route_table_propagation"):
            key = self._attachment_key(written(resource, "transit_gateway_attachment_id"))
            table = self._table(written(resource, "transit_gateway_route_table_id"))
            pairs.append((key, table, conditional(resource)))
        for key, attachment in self.picture.attachments.items():
            wants = _wants(attachment.resource, "propagation") and attachment.kind != "peering"  # static routes only
            table = self._default(attachment.gateway, "propagation") if wants else ""
            if table:
                pairs.append((key, table, ""))
        for key, table, doubt in dict.fromkeys(pairs):
            found = self.picture.attachments.get(key)
            if found is None or table not in routes:
                continue
            vpc = self.picture.vpcs.get(found.vpc)
            cidrs = vpc.cidrs if vpc is not None else found.networks
            unknown = doubt or (vpc.doubt if vpc is not None else "")
            if not cidrs:
                unknown = unknown or f"which networks {key} propagates is not known"
            routes[table].append(Route("transit", key, tuple(_entries(cidrs)), propagated=True, doubt=unknown))


def _wants(attachment: Resource | None, purpose: str) -> bool:
    name = f"transit_gateway_default_route_table_{purpose}"
    return attachment is None or flag(attachment, name, default=True) != "no"


def links_of(reader: TransitReader, resource: Resource) -> tuple[tuple[str, ...], str]:
    """The subnets of a VPC attachment, and why there may be others."""
    found, doubt = links(resource, ("subnet_ids",), *SUBNETS)
    return tuple(reader.vpcs.subnet(each) for each in found), doubt


def _entries(addresses: AddressSet) -> Iterator[tuple[Family, int, int]]:
    for each in addresses.cidrs():
        yield parse_cidr(each)
