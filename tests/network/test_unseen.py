"""Parts that are not in view never make an answer wrong: it says what it needs."""

from __future__ import annotations

from guardrails.model import UnknownValue, Value
from guardrails.network.lens import Network
from tests.network.design import model, ref

Design = dict[str, dict[str, Value]]
NEEDED = (("internet gateway", "the VPC of subnet-1"), ("network ACL", "subnet-1"), ("route table", "subnet-1"))
EVERYTHING: list[Value] = [{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}]
GROUP: Design = {"aws_security_group.g": {"ingress": EVERYTHING, "egress": EVERYTHING}}


def _host(subnet: Value) -> dict[str, Value]:
    return {
        "subnet_id": subnet,
        "associate_public_ip_address": True,
        "vpc_security_group_ids": [ref("aws_security_group.g")],
    }


def _asked(design: Design, source: str, target: str) -> tuple[str, tuple[str, ...]]:
    answer = Network.of(model(design)).reach(source, target)
    return answer.verdict, answer.needs


def test_a_subnet_out_of_view_decides_nothing() -> None:
    """Neither its route table nor its gateway are known, in both directions."""
    design = {**GROUP, "aws_instance.i": _host("subnet-1")}
    gateway, acl, table = (f"the {each} of {whose}" for each, whose in NEEDED)

    assert _asked(design, "internet", "aws_instance.i") == ("unknown", (gateway, acl, table))
    assert _asked(design, "aws_instance.i", "internet") == ("unknown", (acl, table))


def test_a_subnet_out_of_view_may_be_in_any_vpc() -> None:
    """It may stand in the VPC that is in view: then the group that it is in lets its members reach each other."""
    itself: list[Value] = [{"protocol": "-1", "from_port": 0, "to_port": 0, "self": True}]
    design: Design = {
        "aws_security_group.g": {"ingress": itself, "egress": EVERYTHING},
        "aws_vpc.a": {"cidr_block": "10.0.0.0/16"},
        "aws_subnet.a": {"vpc_id": ref("aws_vpc.a"), "cidr_block": "10.0.1.0/24"},
        "aws_instance.a": _host(ref("aws_subnet.a")),
        "aws_instance.i": _host("subnet-1"),
    }

    assert _asked(design, "aws_instance.i", "aws_instance.a")[0] == "unknown"
    assert _asked(design, "aws_instance.a", "aws_instance.i")[0] == "unknown"


def test_routes_out_of_view_may_lead_anywhere() -> None:
    """A route table whose routes are not known may lead to the internet gateway, and to a NAT gateway out of view."""
    routes = UnknownValue("var.routes has no value")
    design: Design = {
        **GROUP,
        "aws_vpc.a": {"cidr_block": "10.0.0.0/16"},
        "aws_internet_gateway.a": {"vpc_id": ref("aws_vpc.a")},
        "aws_subnet.s": {"vpc_id": ref("aws_vpc.a"), "cidr_block": "10.0.1.0/24"},
        "aws_route_table.t": {"vpc_id": ref("aws_vpc.a"), "route": routes},
        "aws_route_table_association.s": {
            "subnet_id": ref("aws_subnet.s"), "route_table_id": ref("aws_route_table.t")
        },
        "aws_instance.i": _host(ref("aws_subnet.s")),
    }  # fmt: skip
    needs = ("aws_route_table.t: route: var.routes has no value",)

    assert _asked(design, "internet", "aws_instance.i") == ("unknown", needs)
    assert _asked(design, "aws_instance.i", "s3") == ("unknown", needs)


def test_what_is_surely_closed_stays_closed() -> None:
    """The group of the receiver lets nothing in, wherever the routes lead that are not in view."""
    closed: Design = {"aws_security_group.g": {"ingress": [], "egress": []}}
    answer = Network.of(model({**closed, "aws_instance.i": _host("subnet-1")})).reach("internet", "aws_instance.i")

    assert (answer.verdict, [b.code for b in answer.blockers]) == ("blocked", ["SG_HAS_NO_RULES"])


def test_the_table_of_a_transit_gateway_out_of_view_may_lead_into_any_attachment() -> None:
    """A gateway of another account: both VPCs are attached, its routes are not in view."""
    design: Design = {**GROUP}
    for name, block in (("a", "10.0"), ("b", "10.1")):
        route: Value = {"cidr_block": "10.0.0.0/8", "transit_gateway_id": "tgw-1"}
        design |= {
            f"aws_vpc.{name}": {"cidr_block": f"{block}.0.0/16"},
            f"aws_subnet.{name}": {
                "vpc_id": ref(f"aws_vpc.{name}"), "cidr_block": f"{block}.1.0/24", "availability_zone": "x"
            },
            f"aws_route_table.{name}": {"vpc_id": ref(f"aws_vpc.{name}"), "route": [route]},
            f"aws_route_table_association.{name}": {
                "subnet_id": ref(f"aws_subnet.{name}"), "route_table_id": ref(f"aws_route_table.{name}")
            },
            f"aws_ec2_transit_gateway_vpc_attachment.{name}": {
                "transit_gateway_id": "tgw-1", "vpc_id": ref(f"aws_vpc.{name}"),
                "subnet_ids": [ref(f"aws_subnet.{name}")],
            },
            f"aws_instance.{name}": _host(ref(f"aws_subnet.{name}")),
        }  # fmt: skip
    verdict, needs = _asked(design, "aws_instance.a", "aws_instance.b")

    assert verdict == "unknown"
    assert needs[0] == "the route table of aws_ec2_transit_gateway_vpc_attachment.a"


def test_the_default_group_of_a_vpc_out_of_view_may_let_anything_in() -> None:
    """Somebody may have opened it."""
    design: Design = {"aws_instance.i": {"subnet_id": "subnet-1", "associate_public_ip_address": True}}

    assert _asked(design, "internet", "aws_instance.i")[0] == "unknown"
