"""Security groups: every way of writing a rule, what is open, and what is not known."""

from __future__ import annotations

import pytest

from guardrails.model import Model, Resource, Symbolic, Unknown, UnknownValue, Value
from guardrails.network.addresses import ANY_V4, AddressSet
from guardrails.network.ports import ALL, PortSet
from guardrails.network.security_group import SecurityGroup
from tests.network.design import model, ref, resource

SSH = PortSet.tcp(22)
A = ref("aws_security_group.a")
WORLD: list[Value] = ["0.0.0.0/0"]
HALVES: list[Value] = ["0.0.0.0/1", "128.0.0.0/1"]


def _group(design: Model, address: str = "aws_security_group.a") -> SecurityGroup:
    found = design.at(address)
    assert found is not None
    return SecurityGroup.of(found)


def _open(design: Model, ports: PortSet = SSH) -> list[str]:
    return [
        f"{rule.block.resource.address} {'.'.join(map(str, rule.block.path))}".strip()
        for group in SecurityGroup.subjects(design)
        for rule, _ in group.open_to_internet(ports)
    ]


def _inline(**rule: Value) -> dict[str, dict[str, Value]]:
    return {"aws_security_group.a": {"ingress": [rule]}}


def _rule(type_: str, **rule: Value) -> dict[str, dict[str, Value]]:
    return {"aws_security_group.a": {}, f"{type_}.r": {"security_group_id": A, **rule}}


CLASSIC, MODERN = "aws_security_group_rule", "aws_vpc_security_group_ingress_rule"

OPEN: dict[str, dict[str, dict[str, Value]]] = {
    "inline": _inline(protocol="tcp", from_port=22, to_port=22, cidr_blocks=WORLD),
    "inline as one object": {
        "aws_security_group.a": {"ingress": {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": WORLD}}
    },
    "port range": _inline(protocol="tcp", from_port=0, to_port=1024, cidr_blocks=WORLD),
    "protocol number": _inline(protocol="6", from_port=22, to_port=22, cidr_blocks=WORLD),
    "upper case": _inline(protocol="TCP", from_port=22, to_port=22, cidr_blocks=WORLD),
    "all protocols": _inline(protocol="-1", from_port=0, to_port=0, cidr_blocks=WORLD),
    "numbers as text": _inline(protocol="tcp", from_port="22", to_port="22", cidr_blocks=WORLD),
    "IPv6": _inline(protocol="tcp", from_port=22, to_port=22, ipv6_cidr_blocks=["::/0"]),
    "IPv6 spelt out": _inline(
        protocol="tcp", from_port=22, to_port=22, ipv6_cidr_blocks=["0000:0000:0000:0000:0000:0000:0000:0000/0"]
    ),
    "halves": _inline(protocol="tcp", from_port=22, to_port=22, cidr_blocks=HALVES),
    "host bits": _inline(protocol="tcp", from_port=22, to_port=22, cidr_blocks=["1.2.3.4/0"]),
    "among others": _inline(protocol="tcp", from_port=22, to_port=22, cidr_blocks=["10.0.0.0/8", "0.0.0.0/0"]),
    "classic": _rule(CLASSIC, type="ingress", protocol="tcp", from_port=22, to_port=22, cidr_blocks=WORLD),
    "classic IPv6": _rule(CLASSIC, type="ingress", protocol="all", from_port=0, to_port=0, ipv6_cidr_blocks=["::/0"]),
    "modern": _rule(MODERN, ip_protocol="tcp", from_port=22, to_port=22, cidr_ipv4="0.0.0.0/0"),
    "modern, all protocols": _rule(MODERN, ip_protocol="-1", cidr_ipv4="0.0.0.0/0"),
    "modern IPv6": _rule(MODERN, ip_protocol="-1", cidr_ipv6="::/0"),
    "default group": {
        "aws_default_security_group.a": {
            "ingress": [{"protocol": -1, "from_port": 0, "to_port": 0, "cidr_blocks": WORLD}]
        }
    },
    "group out of view": {f"{MODERN}.r": {"security_group_id": "sg-1", "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"}},
}


@pytest.mark.parametrize("name", OPEN)
def test_every_spelling_by_which_the_internet_gets_in_is_found(name: str) -> None:
    """However the rule is written, port 22 is open to the internet."""
    assert len(_open(model(OPEN[name]))) == 1


CLOSED: dict[str, dict[str, dict[str, Value]]] = {
    "private": _inline(
        protocol="-1", from_port=0, to_port=0, cidr_blocks=["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
    ),
    "one address": _inline(protocol="tcp", from_port=22, to_port=22, cidr_blocks=["8.8.8.8/32"]),
    "another port": _inline(protocol="tcp", from_port=443, to_port=443, cidr_blocks=WORLD),
    "another protocol": _inline(protocol="udp", from_port=0, to_port=65535, cidr_blocks=WORLD),
    "ports of ESP": _inline(protocol="50", from_port=22, to_port=22, cidr_blocks=WORLD),
    "egress": {
        "aws_security_group.a": {"egress": [{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": WORLD}]}
    },
    "classic egress": _rule(CLASSIC, type="egress", protocol="-1", from_port=0, to_port=0, cidr_blocks=WORLD),
    "from a group": _inline(protocol="tcp", from_port=22, to_port=22, security_groups=[ref("aws_security_group.b")]),
    "self": _inline(protocol="-1", from_port=0, to_port=0, self=True),
    "empty": _inline(
        protocol="tcp", from_port=22, to_port=22, cidr_blocks=[], ipv6_cidr_blocks=None, prefix_list_ids=[]
    ),
    "the address of a NAT gateway": _inline(
        protocol="tcp", from_port=22, to_port=22, cidr_blocks=[Symbolic(*ref("aws_eip.nat", "public_ip").parts, "/32")]
    ),
    "a subnet that AWS chooses": _inline(
        protocol="tcp", from_port=22, to_port=22, cidr_blocks=[ref("aws_subnet.a", "cidr_block")]
    ),
    "CloudFront": {
        **_inline(
            protocol="tcp", from_port=0, to_port=65535, prefix_list_ids=[ref("data.aws_ec2_managed_prefix_list.cf")]
        ),
        "data.aws_ec2_managed_prefix_list.cf": {"name": "com.amazonaws.global.cloudfront.origin-facing"},
    },
    "an unknown port of another protocol": _inline(
        protocol="udp", from_port=UnknownValue("var.p"), to_port=UnknownValue("var.p"), cidr_blocks=WORLD
    ),
    "an unknown network on another port": _inline(
        protocol="tcp", from_port=443, to_port=443, cidr_blocks=UnknownValue("var.c")
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_what_is_not_open_is_not_reported(name: str) -> None:
    """Each closed twin gives nothing, and needs no unknown value to say so."""
    assert _open(model(CLOSED[name])) == []


UNKNOWN: dict[str, dict[str, dict[str, Value]]] = {
    "networks": _inline(protocol="tcp", from_port=22, to_port=22, cidr_blocks=UnknownValue("var.c has no value")),
    "one network": _inline(protocol="tcp", from_port=22, to_port=22, cidr_blocks=[UnknownValue("var.c has no value")]),
    "a wide network": _inline(
        protocol="tcp", from_port=22, to_port=22, cidr_blocks=[Symbolic(UnknownValue("var.c has no value"), "/0")]
    ),
    "port": _inline(protocol="tcp", from_port=UnknownValue("var.c has no value"), to_port=443, cidr_blocks=WORLD),
    "protocol": _inline(protocol=UnknownValue("var.c has no value"), from_port=22, to_port=22, cidr_blocks=WORLD),
    "blocks": {"aws_security_group.a": {"ingress": [UnknownValue("var.c has no value", many=True)]}},
    "modern": _rule(MODERN, ip_protocol="tcp", from_port=22, to_port=22, cidr_ipv4=UnknownValue("var.c has no value")),
    "a prefix list": {
        **_inline(protocol="-1", from_port=0, to_port=0, prefix_list_ids=[ref("aws_ec2_managed_prefix_list.p")]),
        "aws_ec2_managed_prefix_list.p": {"entry": [{"cidr": UnknownValue("var.c has no value")}]},
    },
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_may_be_open_is_not_known(name: str) -> None:
    """An unknown part that could let in the internet raises, with its reason."""
    with pytest.raises(Unknown, match=r"var\.c has no value"):
        _open(model(UNKNOWN[name]))


def test_known_rules_come_before_the_unknown_ones() -> None:
    """A known open rule is found though another is not known."""
    design = model(
        {
            "aws_security_group.a": {
                "ingress": [
                    {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": UnknownValue("var.c")},
                    {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": WORLD},
                ]
            }
        }
    )
    found = _group(design).open_to_internet(SSH)

    assert next(found)[0].block.path == ("ingress", 1)
    with pytest.raises(Unknown, match=r"ingress\[0\]\.cidr_blocks: var\.c"):
        next(found)


def test_parts_that_only_together_are_the_internet_are_found() -> None:
    """Sixteen rules of a /12 each, none of them wide, open the port together; a private one beside them does not."""
    rules: dict[str, dict[str, Value]] = {
        f"{MODERN}.r{i}": {
            "security_group_id": A,
            "ip_protocol": "tcp",
            "from_port": 22 - i % 2,
            "to_port": 22 + i % 3,
            "cidr_ipv4": f"52.{i * 16}.0.0/12",
        }
        for i in range(16)
    }
    rules[f"{MODERN}.private"] = {
        "security_group_id": A, "ip_protocol": "-1", "cidr_ipv4": "10.0.0.0/8"
    }  # fmt: skip
    design = model({"aws_security_group.a": {}, **rules})

    assert _open(design) == [f"{MODERN}.r{i}" for i in range(16)]
    assert {t.addresses(SSH).describe() for _, t in _group(design).open_to_internet(SSH)} >= {"52.16.0.0/12"}


def test_entries_of_a_prefix_list_count() -> None:
    """Halves of the internet in a managed prefix list, one inline and one as an entry resource, open the port."""
    design = model(
        {
            **_inline(protocol="tcp", from_port=22, to_port=22, prefix_list_ids=[ref("aws_ec2_managed_prefix_list.p")]),
            "aws_ec2_managed_prefix_list.p": {"entry": [{"cidr": "0.0.0.0/1"}]},
            "aws_ec2_managed_prefix_list_entry.e": {
                "prefix_list_id": ref("aws_ec2_managed_prefix_list.p"), "cidr": "128.0.0.0/1"
            },
        }
    )  # fmt: skip

    [(rule, traffic)] = _group(design).open_to_internet(SSH)

    assert traffic.addresses() == ANY_V4
    assert rule.prefix_lists[0].known


def test_a_rule_points_at_the_network_that_matters() -> None:
    """The path of a finding is the element of the list that shares addresses with the culprit."""
    design = model(_inline(protocol="tcp", from_port=22, to_port=22, cidr_blocks=["10.0.0.0/8", "0.0.0.0/0"]))
    [rule] = _group(design).ingress

    assert rule.path(AddressSet.of("8.8.8.8")) == ("cidr_blocks", 1)
    assert rule.written == ((("cidr_blocks", 0), "10.0.0.0/8"), (("cidr_blocks", 1), "0.0.0.0/0"))


def test_references_are_resolved() -> None:
    """Groups by reference, by default-group attribute, out of view, and `self` are told apart."""
    design = model(
        {
            **_inline(
                protocol="-1", from_port=0, to_port=0, self=True,
                security_groups=[ref("aws_security_group.b"), "sg-12", ref("aws_vpc.v", "default_security_group_id")],
            ),
            "aws_security_group.b": {},
            "aws_vpc.v": {},
            "aws_default_security_group.d": {"vpc_id": ref("aws_vpc.v")},
        }
    )  # fmt: skip
    [rule] = _group(design).ingress

    assert [g.address if isinstance(g, Resource) else g for g in rule.groups] == [
        "aws_security_group.b",
        "sg-12",
        "aws_default_security_group.d",
    ]
    assert rule.itself
    assert rule.ports == ALL


def test_a_terraform_group_without_egress_has_none() -> None:
    """No egress declared is no egress, also where the plan says that the attribute will be known after apply."""
    design = model(
        {"aws_security_group.a": {}, "aws_security_group.b": {"egress": ref("aws_security_group.b", "egress")}}
    )

    assert list(_group(design).egress) == []
    assert list(_group(design, "aws_security_group.b").egress) == []


def test_a_rule_that_may_exist_is_given_with_its_reason() -> None:
    """A conditional rule resource is found, and says why it may not exist."""
    rule = resource(
        f"{MODERN}.r[0]",
        {"security_group_id": A, "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"},
        conditional="count depends on var.open",
    )
    design = model({"aws_security_group.a": {}}, rule)

    [(found, _)] = _group(design).open_to_internet(SSH)

    assert found.conditional == "count depends on var.open"


def test_a_state_that_repeats_rule_resources_inline_gives_each_once() -> None:
    """The inline copy that a refreshed state holds of a rule resource is not a second rule."""
    design = model(
        {
            "aws_security_group.a": {
                "id": "sg-1",
                "ingress": [
                    {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": WORLD},
                    {"protocol": "tcp", "from_port": 23, "to_port": 23, "cidr_blocks": WORLD},
                ],
            },
            f"{CLASSIC}.r": {
                "security_group_id": "sg-1", "type": "ingress", "protocol": "tcp", "from_port": 22, "to_port": 22,
                "cidr_blocks": WORLD,
            },
        },
        kind="state",
    )  # fmt: skip

    assert [(r.block.resource.address, r.ports) for r in _group(design).ingress] == [
        ("aws_security_group.a", PortSet.tcp(23)),
        (f"{CLASSIC}.r", SSH),
    ]


def test_rules_of_a_data_source_are_not_known() -> None:
    """A group that is only looked up has rules that are not in view, beside those added to it here."""
    design = model(
        {
            "data.aws_security_group.a": {"name": "shared"},
            f"{MODERN}.r": {
                "security_group_id": ref("data.aws_security_group.a"), "ip_protocol": "tcp", "from_port": 443,
                "to_port": 443, "cidr_ipv4": "10.0.0.0/8",
            },
        }
    )  # fmt: skip
    rules = _group(design, "data.aws_security_group.a").ingress

    assert next(rules).ports == PortSet.tcp(443)
    with pytest.raises(Unknown, match="are not in view"):
        next(rules)
