"""Cases of AWS networking that are easy to get wrong, by name."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

import pytest

from guardrails.model import UnknownValue, Value
from guardrails.network.addresses import AddressSet
from guardrails.network.lens import EndLike, Network
from guardrails.network.ports import ALL, PortSet
from tests.network.base import (
    EVERY4,
    IGW,
    NAT,
    PCX,
    PRIVATE_ROUTES,
    PUBLIC_ROUTES,
    TGW,
    acl,
    associate,
    base,
    host,
    ingress,
    only,
    route,
    subnet,
)
from tests.network.design import model, ref

HTTPS = PortSet.tcp(443)
NET, WEB, APP, APP2, PEER, HUB = "internet", *(f"aws_instance.{n}" for n in ("web", "app", "app2", "peer", "hub"))
Patch = Mapping[str, Mapping[str, Value] | None]
Question = tuple[EndLike, EndLike, PortSet]


def _table(name: str, *routes: Value, vpc: str = "a") -> Patch:
    return {f"aws_route_table.{name}": {"vpc_id": ref(f"aws_vpc.{vpc}"), "route": list(routes)}}


def _group(name: str, rules: list[Value], egress: list[Value] | None = None) -> Patch:
    return {f"aws_security_group.{name}": {"ingress": rules, "egress": egress if egress is not None else _every()}}


def _every() -> list[Value]:
    return ingress(cidr_blocks=[EVERY4])


def _entry(number: int, action: str, low: int, high: int) -> Value:
    return {
        "rule_no": number, "action": action, "protocol": "tcp", "from_port": low, "to_port": high, "cidr_block": EVERY4
    }  # fmt: skip


def _entries(*rules: Value) -> Patch:
    return {"aws_network_acl.pub": {**acl("pub"), "ingress": list(rules)}}


HALVES = [route("0.0.0.0/1", gateway_id=IGW), route("128.0.0.0/1", gateway_id=IGW)]
V6: Patch = {
    "aws_vpc.a": {"cidr_block": "10.0.0.0/16", "ipv6_cidr_block": "2600:1f14:1::/56"},
    "aws_subnet.pub": {**subnet("a", "10.0.1.0/24", "x"), "ipv6_cidr_block": "2600:1f14:1:1::/64"},
    "aws_instance.web": {**host("pub", "web", "10.0.1.10"), "ipv6_addresses": ["2600:1f14:1:1::10"]},
    "aws_egress_only_internet_gateway.e": {"vpc_id": ref("aws_vpc.a")},
    "aws_network_acl.pub": None,
}
V6_IGW: Value = {"ipv6_cidr_block": "::/0", "gateway_id": IGW}
V6_EIGW: Value = {"ipv6_cidr_block": "::/0", "egress_only_gateway_id": ref("aws_egress_only_internet_gateway.e")}
S3: Patch = {
    "aws_vpc_endpoint.s3": {
        "vpc_id": ref("aws_vpc.a"), "service_name": "com.amazonaws.eu-west-1.s3",
        "route_table_ids": [ref("aws_route_table.prv")],
    },
    **_table("prv"),
}  # fmt: skip
LOGS: dict[str, Value] = {
    "vpc_id": ref("aws_vpc.a"), "service_name": "com.amazonaws.eu-west-1.logs", "vpc_endpoint_type": "Interface",
    "subnet_ids": [ref("aws_subnet.prv")], "security_group_ids": [ref("aws_security_group.app")],
    "private_dns_enabled": True,
}  # fmt: skip
DATABASE: dict[str, Value] = {
    "engine": "postgres", "port": 5432, "db_subnet_group_name": "d", "publicly_accessible": True,
    "vpc_security_group_ids": [ref("aws_security_group.web")],
}  # fmt: skip
FUNCTION: dict[str, Value] = {
    "vpc_config": [
        {"subnet_ids": [ref("aws_subnet.pub")], "security_group_ids": [ref("aws_security_group.app")]}
    ]
}  # fmt: skip
UNSEEN = UnknownValue("var.cidr has no value")

CASES: dict[str, tuple[Patch, Question, str]] = {
    "two halves of the internet are the default route": (_table("pub", *HALVES), (NET, WEB, HTTPS), "must"),
    "a route for a part of the internet answers that part alone": (
        _table("pub", route("8.8.8.0/24", gateway_id=IGW)), (AddressSet.of("9.9.9.9"), WEB, HTTPS), "blocked",
    ),
    "a route for a part of the internet answers that part": (
        _table("pub", route("8.8.8.0/24", gateway_id=IGW)), (AddressSet.of("8.8.8.8"), WEB, HTTPS), "must",
    ),
    "a subnet without an association follows the main table": (
        {"aws_route_table_association.pub": None}, (NET, WEB, HTTPS), "blocked",
    ),
    "the main table may be another one": (
        {
            "aws_route_table_association.pub": None,
            "aws_main_route_table_association.m": {
                "vpc_id": ref("aws_vpc.a"), "route_table_id": ref("aws_route_table.pub")
            },
        }, (NET, WEB, HTTPS), "must",
    ),
    "the main table of another VPC does not count": (
        {
            "aws_route_table_association.pub": None,
            "aws_main_route_table_association.m": {
                "vpc_id": ref("aws_vpc.b"), "route_table_id": ref("aws_route_table.pub")
            },
        }, (NET, WEB, HTTPS), "blocked",
    ),
    "a deny with a lower number wins": (
        _entries(_entry(100, "allow", 443, 443), _entry(90, "deny", 0, 65535)),
        (NET, WEB, HTTPS), "blocked",
    ),
    "an allow with a lower number wins": (
        _entries(_entry(90, "allow", 443, 443), _entry(100, "deny", 0, 65535)),
        (NET, WEB, HTTPS), "must",
    ),
    "a network ACL without ephemeral ports lets no answer pass": (
        {"aws_network_acl.prv": {**acl("prv"), "ingress": only(443, 443)}}, (APP, PEER, HTTPS), "blocked",
    ),
    "ephemeral ports of Windows are not those of Linux": (
        {"aws_network_acl.prv": {**acl("prv"), "ingress": only(49152, 65535)}, "aws_nat_gateway.n": None, **_table(
            "prv", *PRIVATE_ROUTES[1:])}, (APP, PEER, HTTPS), "may",
    ),
    "answers to a NAT gateway need the ports from 1024": (
        {"aws_network_acl.pub": {**acl("pub"), "ingress": only(32768, 65535)}}, (APP, NET, HTTPS), "blocked",
    ),
    "the network ACL of the NAT gateway's subnet lets the clients in": (
        {"aws_network_acl.pub": {**acl("pub"), "ingress": only(1024, 65535)}}, (APP, NET, HTTPS), "blocked",
    ),
    "a network ACL does not filter within its subnet": (
        {"aws_network_acl.pub": {**acl("pub"), "ingress": [], "egress": []},
         "aws_instance.twin": host("pub", "web", "10.0.1.11")}, (WEB, "aws_instance.twin", HTTPS), "must",
    ),
    "a reference to a group means its members": (
        _group("app", ingress(security_groups=[ref("aws_security_group.web")])), (WEB, APP, HTTPS), "must",
    ),
    "a reference to a group without members means nobody": (
        {"aws_security_group.empty": {}, **_group("app", ingress(security_groups=[ref("aws_security_group.empty")]))},
        (WEB, APP, HTTPS), "blocked",
    ),
    "a reference to a group does not mean public addresses": (
        _group("web", ingress(security_groups=[ref("aws_security_group.app")])), (NET, WEB, HTTPS), "blocked",
    ),
    "a reference to a group is lost in a NAT gateway": (
        {**_group("web", ingress(security_groups=[ref("aws_security_group.app")])),
         "aws_nat_gateway.n": {"subnet_id": ref("aws_subnet.pub"), "private_ip": "10.0.1.50",
                               "connectivity_type": "private"}}, (NET, WEB, HTTPS), "blocked",
    ),
    "a self reference means members of the same group": (
        _group("app", ingress(self=True)), (APP, APP2, HTTPS), "must",
    ),
    "a self reference means no others": (_group("app", ingress(self=True)), (WEB, APP, HTTPS), "blocked"),
    "groups of one interface add up": (
        {"aws_security_group.shut": {"ingress": [], "egress": []}, "aws_instance.web": {
            **host("pub", "web", "10.0.1.10", public=True),
            "vpc_security_group_ids": [ref("aws_security_group.shut"), ref("aws_security_group.web")]}},
        (NET, WEB, HTTPS), "must",
    ),
    "a prefix list of both halves of the internet is the internet": (
        {"aws_ec2_managed_prefix_list.l": {"entry": [{"cidr": "0.0.0.0/1"}, {"cidr": "128.0.0.0/1"}]},
         **_group("web", ingress(prefix_list_ids=[ref("aws_ec2_managed_prefix_list.l")]))}, (NET, WEB, HTTPS), "must",
    ),
    "answers pass a security group whatever it lets out": (_group("web", _every(), []), (NET, WEB, HTTPS), "must"),
    "a group without egress opens nothing": (_group("app", _every(), []), (APP, NET, HTTPS), "blocked"),
    "IPv6 is public by itself": ({**V6, **_table("pub", *PUBLIC_ROUTES, V6_IGW)}, (NET, WEB, HTTPS), "must"),
    "an egress-only gateway lets nobody in": (
        {**V6, **_table("pub", *PUBLIC_ROUTES, V6_EIGW)}, (NET, WEB, HTTPS), "blocked",
    ),
    "an egress-only gateway lets out": (
        {**V6, **_table("pub", V6_EIGW)}, (WEB, AddressSet.of("2001:4860::8888"), HTTPS), "must",
    ),
    "a rule for IPv4 is none for IPv6": (
        {**V6, **_table("pub", V6_IGW), **_group("web", _every())}, (NET, WEB, HTTPS), "blocked",
    ),
    "who comes in by the internet gateway is answered by it": (
        _table("pub", route(EVERY4, nat_gateway_id=NAT)), (NET, WEB, HTTPS), "blocked",
    ),
    "a NAT gateway in a private subnet leads nowhere": (
        {"aws_nat_gateway.n": {"subnet_id": ref("aws_subnet.prv"), "private_ip": "10.0.2.50"}},
        (APP, NET, HTTPS), "blocked",
    ),
    "a NAT gateway of another zone carries": (_table("prv", *PRIVATE_ROUTES), (APP2, NET, HTTPS), "must"),
    "an Elastic IP that is associated with nothing helps nobody": (
        {"aws_eip.spare": {"domain": "vpc"}, "aws_instance.web": host("pub", "web", "10.0.1.10")},
        (NET, WEB, HTTPS), "blocked",
    ),
    "an Elastic IP makes an instance public": (
        {"aws_eip.web": {"instance": ref("aws_instance.web")}, "aws_instance.web": host("pub", "web", "10.0.1.10")},
        (NET, WEB, HTTPS), "must",
    ),
    "a blackhole is more specific than the default route": (
        _table("prv", *PRIVATE_ROUTES, {**dict(route("8.8.8.0/24", nat_gateway_id=NAT)), "state": "blackhole"}),  # type: ignore[arg-type]  # a mapping
        (APP, AddressSet.of("8.8.8.8"), HTTPS), "blocked",
    ),
    "peering wants routes on both sides": (_table("b", vpc="b"), (APP, PEER, HTTPS), "blocked"),
    "peering does not lead on to a third VPC": (
        {**_table("b", route("10.0.0.0/8", vpc_peering_connection_id=PCX), vpc="b")}, (PEER, HUB, HTTPS), "blocked",
    ),
    "peering does not lead to the peer's internet gateway": (
        {**_table("b", route(EVERY4, vpc_peering_connection_id=PCX), vpc="b")}, (PEER, NET, HTTPS), "blocked",
    ),
    "a VPC behind a transit gateway goes out by the NAT gateway of another": (
        {
            **_table("pub", *PUBLIC_ROUTES, route("10.2.0.0/16", transit_gateway_id=TGW)),
            "aws_ec2_transit_gateway_route.d": {
                "transit_gateway_route_table_id": ref("aws_ec2_transit_gateway_route_table.t"),
                "destination_cidr_block": EVERY4,
                "transit_gateway_attachment_id": ref("aws_ec2_transit_gateway_vpc_attachment.a"),
            },
        }, (HUB, NET, HTTPS), "must",
    ),
    "a gateway endpoint wants its prefix list or all in the group": (
        {**S3, **_group("app", [], ingress(cidr_blocks=["10.0.0.0/8"]))}, (APP, "s3", HTTPS), "blocked",
    ),
    "a gateway endpoint's prefix list in the group is enough": (
        {**S3, **_group("app", [], ingress(prefix_list_ids=[ref("aws_vpc_endpoint.s3", "prefix_list_id")]))},
        (APP, "s3", HTTPS), "must",
    ),
    "a gateway endpoint serves only tables that it is in": (
        {**S3, "aws_vpc_endpoint.s3": {"vpc_id": ref("aws_vpc.a"), "service_name": "com.amazonaws.eu-west-1.s3",
                                       "route_table_ids": []}}, (APP, "s3", HTTPS), "blocked",
    ),
    "an interface endpoint in another zone is reached": (
        {"aws_vpc_endpoint.logs": LOGS, **_table("prv")}, (APP2, "logs", HTTPS), "must",
    ),
    "an interface endpoint without private DNS is not found": (
        {"aws_vpc_endpoint.logs": {**LOGS, "private_dns_enabled": False}, **_table("prv")},
        (APP, "logs", HTTPS), "blocked",
    ),
    "a private name needs DNS hostnames in the VPC": (
        {"aws_vpc_endpoint.logs": LOGS, **_table("prv"), "aws_vpc.a": {"cidr_block": "10.0.0.0/16"}},
        (APP, "logs", HTTPS), "blocked",
    ),
    "a public database in a private subnet is not reached": (
        {"aws_db_subnet_group.d": {"name": "d", "subnet_ids": [ref("aws_subnet.prv")]}, "aws_db_instance.d": DATABASE},
        (NET, "aws_db_instance.d", ALL), "blocked",
    ),
    "a public database in a public subnet is reached": (
        {"aws_db_subnet_group.d": {"name": "d", "subnet_ids": [ref("aws_subnet.pub")]}, "aws_db_instance.d": DATABASE},
        (NET, "aws_db_instance.d", ALL), "must",
    ),
    "a database that may land in a private subnet may be reached": (
        {"aws_db_subnet_group.d": {"name": "d", "subnet_ids": [ref("aws_subnet.pub"), ref("aws_subnet.prv")]},
         "aws_db_instance.d": DATABASE}, (NET, "aws_db_instance.d", ALL), "may",
    ),
    "a function in a public subnet has no public address": (
        {"aws_lambda_function.f": FUNCTION}, ("aws_lambda_function.f", NET, HTTPS), "blocked",
    ),
    "nobody connects to a function's interface": (
        {"aws_lambda_function.f": FUNCTION}, (WEB, "aws_lambda_function.f", HTTPS), "blocked",
    ),
    "block public access lets the NAT gateway out": (
        {"aws_vpc_block_public_access_options.o": {"internet_gateway_block_mode": "block-ingress"}},
        (APP, NET, HTTPS), "must",
    ),
    "block public access has exclusions": (
        {"aws_vpc_block_public_access_options.o": {"internet_gateway_block_mode": "block-bidirectional"},
         "aws_vpc_block_public_access_exclusion.e": {
             "subnet_id": ref("aws_subnet.pub"), "internet_gateway_exclusion_mode": "allow-bidirectional"}},
        (NET, WEB, HTTPS), "must",
    ),
    "a secondary block is local, too": (
        {"aws_vpc_ipv4_cidr_block_association.s": {"vpc_id": ref("aws_vpc.a"), "cidr_block": "10.8.0.0/16"},
         "aws_subnet.second": subnet("a", "10.8.1.0/24", "x"), **associate("second", "prv"),
         "aws_instance.second": host("second", "app", "10.8.1.10")}, (WEB, "aws_instance.second", HTTPS), "must",
    ),
    "a block that is not known leaves the rule open": (
        _group("web", ingress(cidr_blocks=[UNSEEN])), (NET, WEB, HTTPS), "may",
    ),
    "an instance that may not exist may be reached": (
        {"aws_instance.web": {**host("pub", "web", "10.0.1.10"), "associate_public_ip_address": UNSEEN}},
        (NET, WEB, HTTPS), "may",
    ),
    "a peering connection to a VPC out of view leaves it open": (
        {"aws_vpc_peering_connection.ab": {"vpc_id": ref("aws_vpc.a"), "peer_vpc_id": "vpc-0a1b2c3d4e5f60718",
                                           "auto_accept": True}, **_table(
            "prv", route("172.16.0.0/12", vpc_peering_connection_id=PCX))},
        (APP, AddressSet.of("172.16.1.1"), HTTPS), "unknown",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_tricky(name: str) -> None:
    """The verdict is what AWS does."""
    patch, (source, target, ports), verdict = CASES[name]
    design = base()
    for address, values in patch.items():
        if values is None:
            design.pop(address, None)
        else:
            design[address] = deepcopy(dict(values))
    answer = Network.of(model(design)).reach(source, target, ports)

    assert answer.verdict == verdict, (answer.blockers, answer.doubts, answer.needs)
