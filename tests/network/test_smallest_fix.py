"""The changes that an answer names are as few as any that would do, by trying them all."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from itertools import combinations
from random import Random

import pytest

from guardrails.model import Value
from guardrails.network.lens import EndLike, Network
from guardrails.network.ports import PortSet
from tests.network.design import model, ref

Design = dict[str, dict[str, Value]]
HTTPS = PortSet.tcp(443)
EVERY = "0.0.0.0/0"
LONG = bool(os.environ.get("GUARDRAILS_LONG"))
CASES, MOST_CLOSED = (150, 12) if LONG else (8, 6)


def _entries(open_: Collection[str], wanted: tuple[tuple[str, tuple[int, int], str], ...]) -> list[Value]:
    """The rules of a network ACL in one direction: one for each of its names that is open."""
    return [
        {"rule_no": i, "action": "allow", "protocol": "tcp", "from_port": low, "to_port": high, "cidr_block": cidr}
        for i, (name, (low, high), cidr) in enumerate(wanted, 1)
        if name in open_
    ]


WEB, HIGH = (443, 443), (1024, 65535)


def _rule(open_: Collection[str], name: str) -> list[Value]:
    return [{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": [EVERY]}] if name in open_ else []


def _public(open_: Collection[str]) -> tuple[Design, EndLike, EndLike]:
    """The internet to a host in a public subnet."""
    gateway: dict[str, Value] = {"vpc_id": ref("aws_vpc.a")} if "gateway attached" in open_ else {}
    route: Value = {"cidr_block": EVERY, "gateway_id": ref("aws_internet_gateway.a")}
    design: Design = {
        "aws_vpc.a": {"cidr_block": "10.0.0.0/16"},
        "aws_internet_gateway.a": gateway,
        "aws_subnet.a": {"vpc_id": ref("aws_vpc.a"), "cidr_block": "10.0.1.0/24", "availability_zone": "x"},
        "aws_route_table.a": {"vpc_id": ref("aws_vpc.a"), "route": [route] if "route" in open_ else []},
        "aws_route_table_association.a": {
            "subnet_id": ref("aws_subnet.a"), "route_table_id": ref("aws_route_table.a")
        },
        "aws_network_acl.a": {
            "subnet_ids": [ref("aws_subnet.a")],
            "ingress": _entries(open_, (("acl in", WEB, EVERY),)),
            "egress": _entries(open_, (("acl answers", (0, 65535), EVERY),)),
        },
        "aws_security_group.a": {"ingress": _rule(open_, "group"), "egress": []},
        "aws_instance.a": {
            "subnet_id": ref("aws_subnet.a"), "private_ip": "10.0.1.10",
            "associate_public_ip_address": "public address" in open_,
            "vpc_security_group_ids": [ref("aws_security_group.a")],
        },
        "aws_vpc_block_public_access_options.a": {
            "internet_gateway_block_mode": "off" if "public access" in open_ else "block-ingress"
        },
    }  # fmt: skip
    return design, "internet", "aws_instance.a"


PUBLIC = ("gateway attached", "route", "acl in", "acl answers", "group", "public address", "public access")


def _outward(open_: Collection[str]) -> tuple[Design, EndLike, EndLike]:
    """A private host to the internet: by a NAT gateway, or directly with an address and a route of its own."""
    nat: Value = {"cidr_block": EVERY, "nat_gateway_id": ref("aws_nat_gateway.n")}
    direct: Value = {"cidr_block": EVERY, "gateway_id": ref("aws_internet_gateway.a")}
    private = [direct] if "route to gateway" in open_ else [nat] if "route to nat" in open_ else []
    design: Design = {
        "aws_vpc.a": {"cidr_block": "10.0.0.0/16"},
        "aws_internet_gateway.a": {"vpc_id": ref("aws_vpc.a")},
        "aws_subnet.pub": {"vpc_id": ref("aws_vpc.a"), "cidr_block": "10.0.1.0/24", "availability_zone": "x"},
        "aws_subnet.prv": {"vpc_id": ref("aws_vpc.a"), "cidr_block": "10.0.2.0/24", "availability_zone": "x"},
        "aws_nat_gateway.n": {
            "subnet_id": ref("aws_subnet.pub"), "private_ip": "10.0.1.9",
            "state": "available" if "nat works" in open_ else "failed",
        },
        "aws_route_table.pub": {"vpc_id": ref("aws_vpc.a"), "route": [direct] if "public route" in open_ else []},
        "aws_route_table.prv": {"vpc_id": ref("aws_vpc.a"), "route": private},
        **{
            f"aws_route_table_association.{name}": {
                "subnet_id": ref(f"aws_subnet.{name}"), "route_table_id": ref(f"aws_route_table.{name}")
            }
            for name in ("pub", "prv")
        },
        "aws_network_acl.prv": {
            "subnet_ids": [ref("aws_subnet.prv")],
            "egress": _entries(open_, (("private acl out", WEB, EVERY),)),
            "ingress": _entries(open_, (("private acl answers", HIGH, EVERY),)),
        },
        "aws_network_acl.pub": {
            "subnet_ids": [ref("aws_subnet.pub")],
            "ingress": _entries(open_, (("nat acl in", WEB, "10.0.2.0/24"), ("nat acl answers in", HIGH, "8.0.0.0/5"))),
            "egress": _entries(open_, (("nat acl out", WEB, EVERY), ("nat acl answers out", HIGH, "10.0.2.0/24"))),
        },
        "aws_security_group.a": {"egress": _rule(open_, "group"), "ingress": []},
        "aws_instance.a": {
            "subnet_id": ref("aws_subnet.prv"), "private_ip": "10.0.2.10",
            "associate_public_ip_address": "public address" in open_,
            "vpc_security_group_ids": [ref("aws_security_group.a")],
        },
    }  # fmt: skip
    return design, "aws_instance.a", "8.8.8.8"


OUTWARD = (
    "route to nat", "route to gateway", "nat works", "public route", "private acl out", "private acl answers",
    "nat acl in", "nat acl answers in", "nat acl out", "nat acl answers out", "group", "public address",
)  # fmt: skip


def _peered(open_: Collection[str]) -> tuple[Design, EndLike, EndLike]:
    """A host to one of the peered VPC."""
    design: Design = {
        "aws_vpc_peering_connection.p": {
            "vpc_id": ref("aws_vpc.a"), "peer_vpc_id": ref("aws_vpc.b"),
            "accept_status": "active" if "accepted" in open_ else "pending-acceptance",
        },
    }  # fmt: skip
    for name, other, block, far in (("a", "b", "10.0", "10.1"), ("b", "a", "10.1", "10.0")):
        route: Value = {"cidr_block": f"{far}.0.0/16", "vpc_peering_connection_id": ref("aws_vpc_peering_connection.p")}
        there, here = (WEB, HIGH) if name == "a" else (HIGH, WEB)
        design |= {
            f"aws_vpc.{name}": {"cidr_block": f"{block}.0.0/16"},
            f"aws_subnet.{name}": {
                "vpc_id": ref(f"aws_vpc.{name}"), "cidr_block": f"{block}.1.0/24", "availability_zone": "x"
            },
            f"aws_route_table.{name}": {
                "vpc_id": ref(f"aws_vpc.{name}"), "route": [route] if f"route to {other}" in open_ else []
            },
            f"aws_route_table_association.{name}": {
                "subnet_id": ref(f"aws_subnet.{name}"), "route_table_id": ref(f"aws_route_table.{name}")
            },
            f"aws_network_acl.{name}": {
                "subnet_ids": [ref(f"aws_subnet.{name}")],
                "egress": _entries(open_, ((f"acl out of {name}", there, EVERY),)),
                "ingress": _entries(open_, ((f"acl into {name}", here, EVERY),)),
            },
            f"aws_security_group.{name}": {
                "ingress": _rule(open_, f"group of {name}") if name == "b" else [],
                "egress": _rule(open_, f"group of {name}") if name == "a" else [],
            },
            f"aws_instance.{name}": {
                "subnet_id": ref(f"aws_subnet.{name}"), "private_ip": f"{block}.1.10",
                "vpc_security_group_ids": [ref(f"aws_security_group.{name}")],
            },
        }  # fmt: skip
    return design, "aws_instance.a", "aws_instance.b"


PEERED = (
    "accepted", "route to a", "route to b", "acl out of a", "acl into a", "acl out of b", "acl into b", "group of a",
    "group of b",
)  # fmt: skip
Make = Callable[[Collection[str]], tuple[Design, EndLike, EndLike]]
SCENES: dict[str, tuple[Make, tuple[str, ...]]] = {
    "public": (_public, PUBLIC),
    "outward": (_outward, OUTWARD),
    "peered": (_peered, PEERED),
}


def _reached(make: Make, open_: Collection[str]) -> bool:
    design, source, target = make(open_)
    return Network.of(model(design)).reach(source, target, HTTPS, why=False).verdict != "blocked"


def _fewest(make: Make, open_: set[str], closed: list[str]) -> int:
    """The size of the smallest set of filters that opens the way, of all there are."""
    for size in range(len(closed) + 1):
        for chosen in combinations(closed, size):
            if _reached(make, open_ | set(chosen)):
                return size
    raise AssertionError("not even with everything open")


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("seed", range(CASES))
def test_the_smallest_set_of_changes(scene: str, seed: int) -> None:
    """No smaller set of filters opens the way than the answer's; nothing is named where it is open."""
    make, names = SCENES[scene]
    random = Random(f"{scene}{seed}")  # noqa: S311  # test data
    closed = random.sample(names, random.randint(1, min(MOST_CLOSED, len(names))))
    open_ = set(names) - set(closed)
    if "route to gateway" in open_ and random.random() < 0.7:
        closed.append("route to gateway")
        open_.remove("route to gateway")
    design, source, target = make(open_)
    answer = Network.of(model(design)).reach(source, target, HTTPS)

    assert len(answer.blockers) == _fewest(make, open_, closed), (sorted(closed), answer.blockers)


@pytest.mark.parametrize("scene", SCENES)
def test_everything_closed(scene: str) -> None:
    """With every filter closed, exactly those of the cheapest way are named."""
    make, _ = SCENES[scene]
    design, source, target = make(())
    answer = Network.of(model(design)).reach(source, target, HTTPS)
    cheapest = {"public": len(PUBLIC), "outward": 5, "peered": len(PEERED)}

    assert len(set(answer.blockers)) == cheapest[scene]
    assert answer.verdict == "blocked"
