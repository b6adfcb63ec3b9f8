"""Three VPCs that tests of the engine change: one with a gateway, NAT and VPN, a peered one, one behind a hub."""

from __future__ import annotations

from guardrails.model import Value
from tests.network.design import ref

Design = dict[str, dict[str, Value]]
EVERY4 = "0.0.0.0/0"


def all_rules() -> dict[str, Value]:
    """Rules of a security group that let everything in and out."""
    rule: Value = {
        "protocol": "-1",
        "from_port": 0,
        "to_port": 0,
        "cidr_blocks": [EVERY4],
        "ipv6_cidr_blocks": ["::/0"],
    }
    return {"ingress": [rule], "egress": [rule]}


def acl(subnet: str) -> dict[str, Value]:
    """A network ACL of a subnet that lets everything pass."""
    rule: Value = {
        "rule_no": 1,
        "action": "allow",
        "protocol": "-1",
        "from_port": 0,
        "to_port": 0,
        "cidr_block": EVERY4,
    }
    return {"subnet_ids": [ref(f"aws_subnet.{subnet}")], "ingress": [rule], "egress": [rule]}


def only(low: int, high: int, cidr: str = EVERY4) -> list[Value]:
    """One rule of a network ACL: these TCP ports."""
    return [{"rule_no": 1, "action": "allow", "protocol": "tcp", "from_port": low, "to_port": high, "cidr_block": cidr}]


def ingress(**peer: Value) -> list[Value]:
    """One rule of a security group: everything from a peer."""
    return [{"protocol": "-1", "from_port": 0, "to_port": 0, **peer}]


def subnet(vpc: str, cidr: str, zone: str) -> dict[str, Value]:
    """A subnet."""
    return {"vpc_id": ref(f"aws_vpc.{vpc}"), "cidr_block": cidr, "availability_zone": zone}


def host(subnet: str, group: str, address: str, *, public: bool = False) -> dict[str, Value]:
    """An instance with a known address."""
    return {
        "subnet_id": ref(f"aws_subnet.{subnet}"), "private_ip": address, "associate_public_ip_address": public,
        "vpc_security_group_ids": [ref(f"aws_security_group.{group}")],
    }  # fmt: skip


def route(cidr: str, **target: Value) -> Value:
    """A route to a block."""
    return {"cidr_block": cidr, **target}


IGW, NAT = ref("aws_internet_gateway.a"), ref("aws_nat_gateway.n")
PCX, TGW, VGW = ref("aws_vpc_peering_connection.ab"), ref("aws_ec2_transit_gateway.t"), ref("aws_vpn_gateway.v")
PUBLIC_ROUTES: list[Value] = [route(EVERY4, gateway_id=IGW)]
PRIVATE_ROUTES: list[Value] = [
    route(EVERY4, nat_gateway_id=NAT),
    route("10.1.0.0/16", vpc_peering_connection_id=PCX),
    route("10.2.0.0/16", transit_gateway_id=TGW),
    route("192.168.0.0/16", gateway_id=VGW),
]
ATTACH_A, ATTACH_C = (ref(f"aws_ec2_transit_gateway_vpc_attachment.{v}") for v in "ac")
HUB = ref("aws_ec2_transit_gateway_route_table.t")


def associate(subnet: str, table: str) -> dict[str, dict[str, Value]]:
    """The association of a subnet with a route table."""
    return {
        f"aws_route_table_association.{subnet}": {
            "subnet_id": ref(f"aws_subnet.{subnet}"), "route_table_id": ref(f"aws_route_table.{table}")
        }
    }  # fmt: skip


def base() -> Design:
    """Three VPCs: `a` with an internet gateway, NAT and VPN, peered with `b`, and with `c` by a transit gateway."""
    design: Design = {
        "aws_vpc.a": {"cidr_block": "10.0.0.0/16", "enable_dns_hostnames": True},
        "aws_vpc.b": {"cidr_block": "10.1.0.0/16"},
        "aws_vpc.c": {"cidr_block": "10.2.0.0/16"},
        "aws_internet_gateway.a": {"vpc_id": ref("aws_vpc.a")},
        "aws_vpn_gateway.v": {"vpc_id": ref("aws_vpc.a")},
        "aws_vpn_connection.v": {"vpn_gateway_id": VGW, "static_routes_only": True},
        "aws_subnet.pub": subnet("a", "10.0.1.0/24", "x"),
        "aws_subnet.prv": subnet("a", "10.0.2.0/24", "x"),
        "aws_subnet.far": subnet("a", "10.0.3.0/24", "y"),
        "aws_subnet.b": subnet("b", "10.1.1.0/24", "x"),
        "aws_subnet.c": subnet("c", "10.2.1.0/24", "x"),
        "aws_route_table.pub": {"vpc_id": ref("aws_vpc.a"), "route": PUBLIC_ROUTES},
        "aws_route_table.prv": {"vpc_id": ref("aws_vpc.a"), "route": PRIVATE_ROUTES},
        "aws_route_table.b": {
            "vpc_id": ref("aws_vpc.b"), "route": [route("10.0.0.0/16", vpc_peering_connection_id=PCX)]
        },
        "aws_route_table.c": {"vpc_id": ref("aws_vpc.c"), "route": [route(EVERY4, transit_gateway_id=TGW)]},
        "aws_nat_gateway.n": {"subnet_id": ref("aws_subnet.pub"), "private_ip": "10.0.1.50"},
        "aws_vpc_peering_connection.ab": {
            "vpc_id": ref("aws_vpc.a"), "peer_vpc_id": ref("aws_vpc.b"), "auto_accept": True
        },
        "aws_ec2_transit_gateway.t": {
            "default_route_table_association": "disable", "default_route_table_propagation": "disable",
            "security_group_referencing_support": "enable",
        },
        "aws_ec2_transit_gateway_route_table.t": {"transit_gateway_id": TGW},
        "aws_ec2_transit_gateway_vpc_attachment.a": {
            "transit_gateway_id": TGW, "vpc_id": ref("aws_vpc.a"),
            "subnet_ids": [ref("aws_subnet.prv"), ref("aws_subnet.far")],
        },
        "aws_ec2_transit_gateway_vpc_attachment.c": {
            "transit_gateway_id": TGW, "vpc_id": ref("aws_vpc.c"), "subnet_ids": [ref("aws_subnet.c")]
        },
        **{
            f"aws_ec2_transit_gateway_route_table_association.{v}": {
                "transit_gateway_attachment_id": a, "transit_gateway_route_table_id": HUB
            }
            for v, a in (("a", ATTACH_A), ("c", ATTACH_C))
        },
        **{
            f"aws_ec2_transit_gateway_route_table_propagation.{v}": {
                "transit_gateway_attachment_id": a, "transit_gateway_route_table_id": HUB
            }
            for v, a in (("a", ATTACH_A), ("c", ATTACH_C))
        },
        "aws_network_acl.pub": acl("pub"),
        "aws_network_acl.prv": acl("prv"),
        "aws_security_group.web": all_rules(),
        "aws_security_group.app": all_rules(),
        "aws_security_group.db": all_rules(),
        "aws_instance.web": host("pub", "web", "10.0.1.10", public=True),
        "aws_instance.app": host("prv", "app", "10.0.2.10"),
        "aws_instance.app2": host("far", "app", "10.0.3.10"),
        "aws_instance.peer": host("b", "db", "10.1.1.10"),
        "aws_instance.hub": host("c", "db", "10.2.1.10"),
    }  # fmt: skip
    for place, table in (("pub", "pub"), ("prv", "prv"), ("far", "prv"), ("b", "b"), ("c", "c")):
        design |= associate(place, table)
    return design
