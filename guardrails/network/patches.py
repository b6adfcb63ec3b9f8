"""Terraform that opens a way to a service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from guardrails.model import Unknown
from guardrails.network.rule import Direction
from guardrails.network.services import INTERNET
from guardrails.network.topology import Interface, Picture

if TYPE_CHECKING:
    from guardrails.network.lens import Network
    from guardrails.network.shortfall import Missing

_ZONE = re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d)[a-z]")
GATEWAY_SERVICES = ("s3", "dynamodb")
"""Services with gateway endpoints, which cost nothing."""


def patch(network: Network, missing: Sequence[Missing]) -> str:
    """What to add so that everything that is missing is reached; a person reads it before it is applied."""
    return "\n\n".join(dict.fromkeys(_parts(network, missing)))


def _parts(network: Network, missing: Sequence[Missing]) -> Iterator[str]:
    picture = network.picture
    outward = [each for each in missing if each.cause == "egress"]
    for each in outward:
        yield _egress(picture, each)
    for each in missing:
        if each.cause == "closed" and each.endpoint is not None:
            yield _ingress(picture, each)
    ways = [each for each in missing if each.cause in ("route", "public")]
    if not ways:
        return
    names = list(dict.fromkeys(each.need.service for each in ways))
    interface = ways[0].interface
    if INTERNET in names:
        yield _default_route(picture, interface)
        return  # it leads to every service
    private = [name for name in names if name not in GATEWAY_SERVICES]
    for name in (name for name in names if name in GATEWAY_SERVICES):
        yield _gateway(picture, interface, name)
    if private:
        yield _interface(picture, interface, private)


def _region(picture: Picture, interface: Interface) -> str:
    """The region of an interface as it stands in names, a reference if it is not known."""
    try:
        if interface.resource is not None:
            return interface.resource.region
    except Unknown:
        pass
    zone = _ZONE.fullmatch(picture.subnets[interface.subnet].zone)
    return zone[1] if zone else "${var.region}"


def reference(key: str, attribute: str = "id") -> str:
    """A component as Terraform refers to it; an id as it is written."""
    return f"{key}.{attribute}" if "aws_" in key and " " not in key else f'"{key}"'


def _egress(picture: Picture, missing: Missing) -> str:
    group = missing.interface.groups[0] if missing.interface.groups else "aws_security_group.main"
    place = picture.subnets[missing.interface.subnet]
    table = picture.tables.get(place.table)
    route = table.for_service(missing.need.service) if table is not None else None
    inside = [
        picture.interfaces[e.interfaces[0]]
        for e in picture.endpoints.values()
        if e.private_dns and e.interfaces and e.vpc == place.vpc and e.service == missing.need.service
    ]
    inline = _inline(picture, group, "egress")
    if inside and inline:
        target = f"cidr_blocks = [{reference(inside[0].subnet, 'cidr_block')}]"
    elif inside:
        target = f"referenced_security_group_id = {reference(inside[0].groups[0])}"
    elif route is not None and route.kind == "gateway-endpoint":
        value = reference(route.target, "prefix_list_id")
        target = f"prefix_list_ids = [{value}]" if inline else f"prefix_list_id = {value}"
    else:
        target = 'cidr_blocks = ["0.0.0.0/0"]' if inline else 'cidr_ipv4 = "0.0.0.0/0"'
    return _block("egress", group, target) if inline else _rule("egress", "out", group, target)


def _ingress(picture: Picture, missing: Missing) -> str:
    """A rule that lets a workload into an endpoint."""
    interfaces = missing.endpoint.interfaces if missing.endpoint is not None else ()
    group = picture.interfaces[interfaces[0]].groups[0]
    if _inline(picture, group, "ingress"):
        return _block("ingress", group, f"cidr_blocks = [{reference(missing.interface.subnet, 'cidr_block')}]")
    target = f"referenced_security_group_id = {reference(missing.interface.groups[0])}"
    return _rule("ingress", "clients", group, target)


def _inline(picture: Picture, group: str, direction: Direction) -> bool:
    """Whether rules of a group stand inside of it: then one of its own would be removed by the next apply. Inside,
    they name addresses, because two groups that name each other inside are a cycle.
    """
    own = picture.groups.get(group)
    if own is None:
        return False
    permits = own.egress if direction == "egress" else own.ingress
    return any(permit.block is not None and permit.block.resource is own.resource for permit in permits)


def _block(direction: Direction, group: str, target: str) -> str:
    body = f'{direction} {{\n  from_port = 443\n  to_port = 443\n  protocol = "tcp"\n  {target}\n}}'
    return f"# in {group}\n{body}"


def _rule(direction: Direction, name: str, group: str, target: str) -> str:
    return (
        f'resource "aws_vpc_security_group_{direction}_rule" "{name}" {{\n'
        f"  security_group_id = {reference(group)}\n"
        '  ip_protocol = "tcp"\n'
        "  from_port = 443\n"
        "  to_port = 443\n"
        f"  {target}\n"
        "}"
    )


def _gateway(picture: Picture, interface: Interface, service: str) -> str:
    place = picture.subnets[interface.subnet]
    table = reference(place.table) if place.table else "aws_route_table.private.id"
    for endpoint in picture.endpoints.values():
        if endpoint.kind == "Gateway" and endpoint.vpc == place.vpc and endpoint.service == service:
            return (
                f'resource "aws_vpc_endpoint_route_table_association" "{service}" {{\n'
                f"  vpc_endpoint_id = {reference(endpoint.key)}\n"
                f"  route_table_id = {table}\n"
                "}"
            )
    return (
        f'resource "aws_vpc_endpoint" "{service}" {{\n'
        f"  vpc_id = {reference(place.vpc)}\n"
        f'  service_name = "com.amazonaws.{_region(picture, interface)}.{service}"\n'
        f"  route_table_ids = [{table}]\n"
        "}"
    )


def _interface(picture: Picture, interface: Interface, services: Sequence[str]) -> str:
    place = picture.subnets[interface.subnet]
    names = ", ".join(f'"{name}"' for name in services)
    client = reference(interface.groups[0]) if interface.groups else '"..." # the security group of the clients'
    return (
        'resource "aws_security_group" "endpoints" {\n'
        f"  vpc_id = {reference(place.vpc)}\n"
        "}\n\n"
        f"{_rule('ingress', 'endpoints', 'aws_security_group.endpoints', f'referenced_security_group_id = {client}')}"
        '\n\nresource "aws_vpc_endpoint" "services" {\n'
        f"  for_each = toset([{names}])\n"
        f"  vpc_id = {reference(place.vpc)}\n"
        '  vpc_endpoint_type = "Interface"\n'
        f'  service_name = "com.amazonaws.{_region(picture, interface)}.${{each.key}}"\n'
        f"  subnet_ids = [{reference(place.key)}]\n"
        "  security_group_ids = [aws_security_group.endpoints.id]\n"
        "  private_dns_enabled = true\n"
        "}"
    )


def _default_route(picture: Picture, interface: Interface) -> str:
    place = picture.subnets[interface.subnet]
    nats = [
        nat.key
        for nat in picture.nats.values()
        if nat.public and picture.subnets[picture.interfaces[nat.interface].subnet].vpc == place.vpc
    ]
    table = reference(place.table) if place.table else "aws_route_table.private.id"
    return (
        'resource "aws_route" "internet" {\n'
        f"  route_table_id = {table}\n"
        '  destination_cidr_block = "0.0.0.0/0"\n'
        f"  nat_gateway_id = {reference(nats[0] if nats else 'aws_nat_gateway.main')}\n"
        "}"
    )
