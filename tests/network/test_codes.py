"""AWS's explanation codes: for each, a design that is blocked for this reason, and its repair."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field

import pytest

from guardrails.model import Value
from guardrails.network.addresses import AddressSet
from guardrails.network.codes import MEANING
from guardrails.network.lens import EndLike, Network
from guardrails.network.ports import ALL, PortSet
from guardrails.network.reach import Internet
from tests.network.base import (
    ATTACH_A,
    ATTACH_C,
    EVERY4,
    HUB,
    IGW,
    NAT,
    PCX,
    PRIVATE_ROUTES,
    PUBLIC_ROUTES,
    TGW,
    VGW,
    Design,
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


Patch = Mapping[str, Mapping[str, Value] | None]


@dataclass(frozen=True)
class Case:
    """A question, what is added to the base design for it, and what blocks it."""

    code: str
    source: EndLike
    target: EndLike
    blocked: Patch = field(default_factory=dict)
    more: Patch = field(default_factory=dict)
    ports: PortSet = HTTPS
    verdict: str = "must"
    repaired: tuple[EndLike, EndLike, PortSet] | None = None
    """The question that the repair is, where it is another question and not another design."""


WEB, APP, APP2, PEER, HUB_HOST = (f"aws_instance.{n}" for n in ("web", "app", "app2", "peer", "hub"))
ONPREM = AddressSet.of("192.168.1.10")


def _with_table(table: str, *routes: Value) -> Patch:
    vpc = {"pub": "a", "prv": "a"}.get(table, table)
    return {f"aws_route_table.{table}": {"vpc_id": ref(f"aws_vpc.{vpc}"), "route": list(routes)}}


def _balancer(kind: str, *subnets: str, target: str = "app", port: int = 80, **group: Value) -> Design:
    found: Design = {
        "aws_lb.l": {
            "load_balancer_type": kind, "subnets": [ref(f"aws_subnet.{s}") for s in subnets], "internal": False,
            "security_groups": [ref("aws_security_group.web")] if kind == "application" else [],
        },
        "aws_lb_listener.l": {
            "load_balancer_arn": ref("aws_lb.l", "arn"), "port": 443,
            "protocol": {"application": "HTTPS", "network": "TCP"}.get(kind, "GENEVE"),
            "default_action": [{"type": "forward", "target_group_arn": ref("aws_lb_target_group.l", "arn")}],
        },
        "aws_lb_target_group.l": {
            "port": port, "protocol": {"application": "HTTP", "network": "TCP"}.get(kind, "GENEVE"),
            "target_type": "instance", **group,
        },
        "aws_lb_target_group_attachment.l": {
            "target_group_arn": ref("aws_lb_target_group.l", "arn"), "target_id": ref(f"aws_instance.{target}")
        },
    }  # fmt: skip
    return found


def _classic(*subnets: str, target: str = "app", cross: bool = True) -> Design:
    return {
        "aws_elb.l": {
            "subnets": [ref(f"aws_subnet.{s}") for s in subnets], "internal": False,
            "security_groups": [ref("aws_security_group.web")], "instances": [ref(f"aws_instance.{target}")],
            "cross_zone_load_balancing": cross,
            "listener": [{"lb_port": 443, "lb_protocol": "tcp", "instance_port": 80, "instance_protocol": "tcp"}],
        }
    }  # fmt: skip


def _edge(public: bool) -> Design:
    box = ref("aws_network_interface.box")
    return {
        "aws_subnet.box": subnet("a", "10.0.9.0/24", "x"),
        **associate("box", "pub"),
        "aws_network_interface.box": {
            "subnet_id": ref("aws_subnet.box"), "private_ips": ["10.0.9.10"], "source_dest_check": False,
            "security_groups": [ref("aws_security_group.web")],
        },
        **({"aws_eip.box": {"network_interface": box}} if public else {}),
        "aws_route_table.edge": {
            "vpc_id": ref("aws_vpc.a"), "route": [route("10.0.1.0/24", network_interface_id=box)]
        },
        "aws_route_table_association.edge": {"gateway_id": IGW, "route_table_id": ref("aws_route_table.edge")},
    }  # fmt: skip


def _firewall(action: str) -> Design:
    header = {
        "protocol": "TCP", "source": "ANY", "source_port": "ANY", "destination": "ANY", "destination_port": "443",
        "direction": "FORWARD",
    }  # fmt: skip
    rule: Value = {"action": action, "header": [dict(header)], "rule_option": [{"keyword": "sid", "settings": ["1"]}]}
    return {
        "aws_subnet.fw": subnet("a", "10.0.8.0/24", "x"),
        **associate("fw", "fw"),
        "aws_route_table.fw": {"vpc_id": ref("aws_vpc.a"), "route": [route(EVERY4, nat_gateway_id=NAT)]},
        **{k: dict(v or {}) for k, v in _with_table("pub", *PUBLIC_ROUTES).items()},
        "aws_networkfirewall_firewall.f": {
            "vpc_id": ref("aws_vpc.a"), "subnet_mapping": [{"subnet_id": ref("aws_subnet.fw")}],
            "firewall_policy_arn": ref("aws_networkfirewall_firewall_policy.p", "arn"),
        },
        "aws_networkfirewall_firewall_policy.p": {
            "firewall_policy": [{
                "stateless_default_actions": ["aws:forward_to_sfe"],
                "stateful_rule_group_reference": [
                    {"resource_arn": ref("aws_networkfirewall_rule_group.g", "arn"), "priority": 1}
                ],
            }],
        },
        "aws_networkfirewall_rule_group.g": {
            "rule_group": [{"rules_source": [{"stateful_rule": [rule]}]}],
        },
    }  # fmt: skip


HIDDEN = {"aws_instance.web": host("pub", "web", "10.0.1.10")}
PRIMARY = ref("aws_instance.web", "primary_network_interface_id")
YY: Design = {"aws_subnet.yy": subnet("a", "10.0.7.0/24", "y"), **associate("yy", "pub")}
OUT = _with_table("prv", route(EVERY4, gateway_id=IGW))
FW_ROUTE = _with_table("prv", route(EVERY4, vpc_endpoint_id=ref("aws_networkfirewall_firewall.f", "endpoint_id")))

CASES = [
    Case("ENI_SG_RULES_MISMATCH", "internet", WEB, {
        "aws_security_group.web": {"ingress": ingress(cidr_blocks=["10.0.0.0/8"]), "egress": []}
    }),
    Case("SG_HAS_NO_RULES", APP, "internet", {"aws_security_group.app": {"ingress": [], "egress": []}}),
    Case("SUBNET_ACL_RESTRICTION", "internet", WEB, {"aws_network_acl.pub": {**acl("pub"), "ingress": only(22, 22)}}),
    Case("SUBNET_ACL_RESTRICTION", "internet", WEB, {"aws_network_acl.pub": {**acl("pub"), "egress": []}}),
    Case("REMAP_EPHEMERAL_PORT", APP, "internet", {"aws_network_acl.pub": {**acl("pub"), "ingress": only(443, 443)}}),
    Case("NO_ROUTE_TO_DESTINATION", "internet", WEB, _with_table("pub")),
    Case("BAD_STATE_ROUTE", APP, "internet", _with_table("prv", {**dict(PRIVATE_ROUTES[0]), "state": "blackhole"})),  # type: ignore[arg-type]  # a mapping
    Case("BAD_STATE", APP, "internet", {
        "aws_nat_gateway.n": {"subnet_id": ref("aws_subnet.pub"), "private_ip": "10.0.1.50", "state": "failed"}
    }),
    Case("BAD_STATE", APP, PEER, {
        "aws_vpc_peering_connection.ab": {
            "vpc_id": ref("aws_vpc.a"), "peer_vpc_id": ref("aws_vpc.b"), "accept_status": "pending-acceptance"
        }
    }),
    Case("BAD_STATE_ATTACHMENT", "internet", WEB, {"aws_internet_gateway.a": {}}),
    Case("BAD_STATE_ATTACHMENT", APP, HUB_HOST, {
        "aws_ec2_transit_gateway_vpc_attachment.c": {
            "transit_gateway_id": TGW, "vpc_id": ref("aws_vpc.c"), "subnet_ids": [ref("aws_subnet.c")],
            "state": "pendingAcceptance",
        }
    }),
    Case("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", "internet", WEB, HIDDEN),
    Case("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", WEB, "internet", HIDDEN),
    Case("IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS", APP, ONPREM, OUT),
    Case("IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS", APP, AddressSet.of("100.64.1.1"),
        OUT, more=_with_table("prv", route("100.64.0.0/10", gateway_id=VGW))),
    Case("IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS", Internet(AddressSet.of("10.9.9.9")), WEB,
        repaired=("internet", WEB, HTTPS)),
    Case("IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS", Internet(AddressSet.of("100.64.1.1")), WEB,
        repaired=("internet", WEB, HTTPS)),
    Case("VPC_BLOCK_PUBLIC_ACCESS_ENABLED", "internet", WEB, {
        "aws_vpc_block_public_access_options.o": {"internet_gateway_block_mode": "block-ingress"}
    }),
    Case("VPC_BLOCK_PUBLIC_ACCESS_ENABLED", APP, "internet", {
        "aws_vpc_block_public_access_options.o": {"internet_gateway_block_mode": "block-bidirectional"}
    }, more={"aws_vpc_block_public_access_options.o": {"internet_gateway_block_mode": "block-ingress"}}),
    Case("INGRESS_RTB_TRAFFIC_REDIRECTION", WEB, "internet", _edge(public=True)),
    Case("INGRESS_RTB_NO_PUBLIC_IP", "internet", WEB, {"aws_eip.box": None}, verdict="may", more={
        **_edge(public=True),
        **_with_table("pub", route(EVERY4, network_interface_id=ref("aws_network_interface.box"))),
        "aws_route_table_association.box": {
            "subnet_id": ref("aws_subnet.box"), "route_table_id": ref("aws_route_table.box")
        },
        "aws_route_table.box": {"vpc_id": ref("aws_vpc.a"), "route": PUBLIC_ROUTES},
    }),
    Case("ENI_SOURCE_DEST_CHECK_RESTRICTION", APP, "internet", {
        "aws_instance.web": {**host("pub", "web", "10.0.1.10", public=True), "source_dest_check": True}
    }, verdict="may", more={
        **_with_table("prv", route(EVERY4, network_interface_id=PRIMARY)),
        "aws_instance.web": {**host("pub", "web", "10.0.1.10", public=True), "source_dest_check": False},
        "aws_nat_gateway.n": None,
    }),
    Case("NGW_REQUIRES_SOURCE_IN_VPC", APP, "internet", {
        "aws_nat_gateway.n": {"subnet_id": ref("aws_subnet.b"), "private_ip": "10.1.1.50"},
        "aws_internet_gateway.b": {"vpc_id": ref("aws_vpc.b")},
        **_with_table(
            "b",
            route(EVERY4, gateway_id=ref("aws_internet_gateway.b")),
            route("10.0.0.0/16", vpc_peering_connection_id=PCX),
        ),
    }),
    Case("PROTOCOL_RESTRICTION", APP, "internet", ports=PortSet.of("gre"), repaired=(APP, "internet", PortSet.udp(53))),
    Case("REGIONAL_NGW_ROUTE_AZ_RESTRICTION", APP, "internet", {
        "aws_nat_gateway.n": {
            "vpc_id": ref("aws_vpc.a"), "availability_mode": "regional",
            "availability_zone_address": [{"availability_zone": "y"}],
        }
    }, more={
        "aws_nat_gateway.n": {
            "vpc_id": ref("aws_vpc.a"), "availability_mode": "regional",
            "availability_zone_address": [{"availability_zone": "x"}],
        }
    }),
    Case("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR", APP, "internet",
        _with_table("prv", route(EVERY4, vpc_peering_connection_id=PCX))),
    Case("TGW_ROUTE_AZ_RESTRICTION", APP2, HUB_HOST, {
        "aws_ec2_transit_gateway_vpc_attachment.a": {
            "transit_gateway_id": TGW, "vpc_id": ref("aws_vpc.a"), "subnet_ids": [ref("aws_subnet.prv")]
        }
    }),
    Case("TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION", APP, HUB_HOST, {
        "aws_ec2_transit_gateway_route_table_association.a": None
    }),
    Case("TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT", APP, HUB_HOST, {
        "aws_ec2_transit_gateway_route_table_propagation.c": None
    }),
    Case("TGW_RTB_BAD_STATE_ROUTE", APP, HUB_HOST, {
        "aws_ec2_transit_gateway_route.h": {
            "transit_gateway_route_table_id": HUB, "destination_cidr_block": "10.2.1.0/24", "blackhole": True
        }
    }),
    Case("TGW_RTB_MORE_SPECIFIC_ROUTE", APP, HUB_HOST, {
        "aws_ec2_transit_gateway_route.h": {
            "transit_gateway_route_table_id": HUB, "destination_cidr_block": "10.2.1.0/24",
            "transit_gateway_attachment_id": ATTACH_A,
        }
    }),
    Case("TGW_RTB_HIGHER_PRIORITY_ROUTE", APP, HUB_HOST, {
        "aws_ec2_transit_gateway_route.h": {
            "transit_gateway_route_table_id": HUB, "destination_cidr_block": "10.2.0.0/16",
            "transit_gateway_attachment_id": ATTACH_A,
        }
    }),
    Case("TGW_RTB_CANNOT_ROUTE", APP, HUB_HOST, {
        "aws_ec2_transit_gateway_route_table_propagation.c": None,
        "aws_ec2_transit_gateway_route.h": {
            "transit_gateway_route_table_id": HUB, "destination_cidr_block": "10.7.0.0/16",
            "transit_gateway_attachment_id": ATTACH_C,
        },
    }),
    Case("SG_REFERENCING_SUPPORT", APP, HUB_HOST, {
        "aws_ec2_transit_gateway_vpc_attachment.a": {
            "transit_gateway_id": TGW, "vpc_id": ref("aws_vpc.a"), "security_group_referencing_support": "disable",
            "subnet_ids": [ref("aws_subnet.prv"), ref("aws_subnet.far")],
        }
    }, more={
        "aws_security_group.db": {"ingress": ingress(security_groups=[ref("aws_security_group.app")]), "egress": []}
    }),
    Case("SG_REFERENCES_NOT_PRESERVED", APP, PEER, {
        "aws_vpc_peering_connection.ab": {
            "vpc_id": ref("aws_vpc.a"), "peer_vpc_id": ref("aws_vpc.b"), "accept_status": "active",
            "peer_region": "us-west-2",
        }
    }, more={
        "aws_vpc.a": {"cidr_block": "10.0.0.0/16", "region": "us-east-1"},
        "aws_security_group.db": {"ingress": ingress(security_groups=[ref("aws_security_group.app")]), "egress": []},
    }),
    Case("NGW_SOURCE_ADDRESS_REASSIGN", APP, HUB_HOST, {
        "aws_security_group.db": {"ingress": ingress(cidr_blocks=["10.0.2.0/24"]), "egress": []}
    }, more={
        "aws_nat_gateway.n": {
            "subnet_id": ref("aws_subnet.pub"), "private_ip": "10.0.1.50", "connectivity_type": "private"
        },
        **_with_table("prv", route("10.2.0.0/16", nat_gateway_id=NAT)),
        **_with_table("pub", route("10.2.0.0/16", transit_gateway_id=TGW)),
        "aws_security_group.db": {"ingress": ingress(cidr_blocks=["10.0.0.0/16"]), "egress": []},
    }),
    Case("MORE_SPECIFIC_ROUTE", APP, PEER,
        _with_table("prv", *PRIVATE_ROUTES, route("10.1.1.0/24", transit_gateway_id=TGW))),
    Case("HIGHER_PRIORITY_ROUTE", APP, ONPREM,
        _with_table("prv", route("192.168.0.0/16", nat_gateway_id=NAT)),
        more={
            **_with_table("prv"),
            "aws_vpn_gateway_route_propagation.p": {
                "vpn_gateway_id": VGW, "route_table_id": ref("aws_route_table.prv")
            },
            "aws_vpn_connection_route.r": {
                "vpn_connection_id": ref("aws_vpn_connection.v"), "destination_cidr_block": "192.168.0.0/16"
            },
        }),
    Case("CANNOT_ROUTE", APP, PEER, _with_table("prv", route("10.9.0.0/16", vpc_peering_connection_id=PCX))),
    Case("DISCONNECTED_VPCS", PEER, HUB_HOST, repaired=(APP, HUB_HOST, HTTPS)),
    Case("GATEWAY_REJECTS_SPOOFED_TRAFFIC", HUB_HOST, "internet", {
        **_with_table("prv", route(EVERY4, gateway_id=IGW), route("10.2.0.0/16", transit_gateway_id=TGW)),
        "aws_nat_gateway.n": None,
    }, more={
        **_with_table("pub", *PUBLIC_ROUTES, route("10.2.0.0/16", transit_gateway_id=TGW)),
        "aws_ec2_transit_gateway_route.d": {
            "transit_gateway_route_table_id": HUB, "destination_cidr_block": EVERY4,
            "transit_gateway_attachment_id": ATTACH_A,
        },
    }),
    Case("VPCE_GATEWAY_PROTOCOL_RESTRICTION", APP, "s3", more={
        "aws_vpc_endpoint.s3": {
            "vpc_id": ref("aws_vpc.a"), "service_name": "com.amazonaws.eu-west-1.s3",
            "route_table_ids": [ref("aws_route_table.prv")],
        },
        "aws_nat_gateway.n": None, **_with_table("prv"),
    }, ports=PortSet.udp(443), repaired=(APP, "s3", HTTPS)),
    Case("VPCE_INTRA_VPC_TRAFFIC", "aws_vpc_endpoint.logs", APP, more={
        "aws_vpc_endpoint.logs": {
            "vpc_id": ref("aws_vpc.a"), "service_name": "com.amazonaws.eu-west-1.logs", "private_dns_enabled": True,
            "vpc_endpoint_type": "Interface", "subnet_ids": [ref("aws_subnet.prv")],
            "security_group_ids": [ref("aws_security_group.app")],
        },
    }, repaired=(APP, "logs", HTTPS)),
    Case("VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS", HUB_HOST, ONPREM, more={
        "aws_ec2_transit_gateway_route.d": {
            "transit_gateway_route_table_id": HUB, "destination_cidr_block": EVERY4,
            "transit_gateway_attachment_id": ATTACH_A,
        },
    }, repaired=(APP, ONPREM, HTTPS)),
    Case("VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", ONPREM, PEER, repaired=(ONPREM, APP, HTTPS)),
    Case("BAD_STATE_VPN", APP, ONPREM, {
        "aws_vpn_connection.v": {"vpn_gateway_id": VGW, "vgw_telemetry": [{"status": "DOWN"}, {"status": "DOWN"}]}
    }),
    Case("TGW_BAD_STATE_VPN", HUB_HOST, ONPREM, {
        "aws_vpn_connection.t": {"transit_gateway_id": TGW, "vgw_telemetry": [{"status": "DOWN"}]}
    }, more={
        "aws_vpn_connection.t": {"transit_gateway_id": TGW, "vgw_telemetry": [{"status": "UP"}]},
        "aws_ec2_transit_gateway_route.v": {
            "transit_gateway_route_table_id": HUB, "destination_cidr_block": "192.168.0.0/16",
            "transit_gateway_attachment_id": ref("aws_vpn_connection.t", "transit_gateway_attachment_id"),
        },
        "aws_ec2_transit_gateway_route_table_association.v": {
            "transit_gateway_attachment_id": ref("aws_vpn_connection.t", "transit_gateway_attachment_id"),
            "transit_gateway_route_table_id": HUB,
        },
    }),
    Case("NO_POSSIBLE_DESTINATION", APP, AddressSet.of("10.0.7.7"), repaired=(APP, AddressSet.of("10.0.1.10"), ALL)),
    Case("FIREWALL_RULES_RESTRICTION", APP, "internet", _firewall("DROP"), more={**_firewall("PASS"), **FW_ROUTE}),
    Case("ELB_ACL_RESTRICTION", "aws_elb.l", APP, {
        "aws_network_acl.pub": {**acl("pub"), "egress": only(1024, 65535)}
    }, more={
        **_classic("pub"), "aws_instance.app": host("pub", "app", "10.0.1.20"),
    }, ports=PortSet.tcp(80)),
    Case("ELB_INSTALLED_AZ_RESTRICTION", "internet", APP2, _classic("pub", target="app2"), more={
        **_classic("pub", "yy", target="app2"), **YY,
    }),
    Case("ELB_LISTENERS_MISMATCH", "internet", "aws_elb.l", more=_classic("pub"), ports=PortSet.tcp(22),
        repaired=("internet", "aws_elb.l", HTTPS)),
    Case("ELB_NOT_CROSSZONE", "internet", APP2, {
        **_classic("pub", "yy", target="app2", cross=False), "aws_network_acl.yy": {**acl("yy"), "ingress": []},
    }, more={
        **_classic("pub", "yy", target="app2"), **YY,
    }),
    Case("ELBV2_LISTENERS_MISMATCH", "internet", "aws_lb.l", more=_balancer("application", "pub"),
        ports=PortSet.tcp(22), repaired=("internet", "aws_lb.l", HTTPS)),
    Case("ELBV2_NO_TARGETS_IN_AZ", "internet", APP2, {
        "aws_lb.l": {
            "load_balancer_type": "network", "subnets": [ref("aws_subnet.pub"), ref("aws_subnet.yy")],
            "enable_cross_zone_load_balancing": False,
        },
        "aws_network_acl.yy": {**acl("yy"), "ingress": []},
    }, more={
        **_balancer("network", "pub", "yy", target="app2", preserve_client_ip="false"),
        "aws_lb.l": {
            "load_balancer_type": "network", "subnets": [ref("aws_subnet.pub"), ref("aws_subnet.yy")],
            "enable_cross_zone_load_balancing": True,
        },
        **YY,
    }),
    Case("ELBV2_SOURCE_ADDRESS_PRESERVATION", "internet", APP, {
        "aws_lb_target_group.l": {
            "port": 80, "protocol": "TCP", "target_type": "instance", "preserve_client_ip": "true"
        }
    }, more={
        **_balancer("network", "pub", preserve_client_ip="false"),
        "aws_security_group.app": {"ingress": ingress(cidr_blocks=["10.0.0.0/8"]), "egress": []},
    }),
    Case("TARGET_PORT_RESTRICTION", "internet", APP, {
        "aws_lb_target_group.l": {"port": 8080, "protocol": "HTTP", "target_type": "instance"}
    }, more={
        **_balancer("application", "pub"),
        "aws_security_group.app": {
            "ingress": [{"protocol": "tcp", "from_port": 80, "to_port": 80, "cidr_blocks": ["10.0.0.0/8"]}],
            "egress": [],
        },
    }),
]  # fmt: skip


def _answer(case: Case, *, blocked: bool) -> tuple[str, list[str]]:
    design = base()
    patches = [case.more, case.blocked] if blocked else [case.more]
    for patch in patches:
        for address, values in patch.items():
            if values is None:
                design.pop(address, None)
            else:
                design[address] = deepcopy(dict(values))
    source, target, ports = case.source, case.target, case.ports
    if not blocked and case.repaired:
        source, target, ports = case.repaired
    answer = Network.of(model(design)).reach(source, target, ports)
    return answer.verdict, [b.code for b in answer.blockers]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.code)
def test_each_code_says_why_and_its_repair_opens_the_way(case: Case) -> None:
    """The blocked design is proved blocked with this code among the changes it takes, the repaired one is open."""
    verdict, codes = _answer(case, blocked=True)

    assert verdict == "blocked"
    assert case.code in codes
    assert _answer(case, blocked=False) == (case.verdict, [])


THROUGH = [
    ("ELBV2_LISTENER_HAS_NO_TG", {**_balancer("application", "pub"), "aws_lb_target_group_attachment.l": {}}, HTTPS),
    ("TARGET_ADDRESS_RESTRICTION", _balancer("application", "pub", target="web"), HTTPS),
    ("GWLB_PROTOCOL_RESTRICTION", _balancer("gateway", "pub"), PortSet.tcp(6081)),
    ("GWLB_DESTINATION_PORT_RESTRICTION", _balancer("gateway", "pub"), PortSet.udp(6082)),
]


@pytest.mark.parametrize(("code", "more", "ports"), THROUGH, ids=[t[0] for t in THROUGH])
def test_a_load_balancer_says_why_it_does_not_lead_to_a_target(code: str, more: Design, ports: PortSet) -> None:
    """Asked for one load balancer, the answer names what is wrong with it; the well-made one leads there."""
    kind = "gateway" if code.startswith("GWLB") else "application"
    good: Design = {**base(), **_balancer(kind, "pub")}
    source: EndLike = "internet" if kind == "application" else WEB

    blocked = Network.of(model({**base(), **more}, kind="account")).through("aws_lb.l", source, APP, ports)
    opened = Network.of(model(good, kind="account")).through(
        "aws_lb.l", source, APP, HTTPS if kind == "application" else PortSet.udp(6081)
    )

    assert (blocked.verdict, [b.code for b in blocked.blockers]) == ("blocked", [code])
    assert opened.verdict == "must"


def test_the_matrix_covers_most_codes() -> None:
    """At least 45 of AWS's codes have a design of their own, and every code that is used has a meaning."""
    covered = {case.code for case in CASES} | {code for code, _, _ in THROUGH}

    assert len(covered) >= 45
    assert covered <= MEANING.keys()
