"""Network ACLs: first match, both ways of writing, and what is not known."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.model import Unknown, UnknownValue, Value
from guardrails.network.addresses import ANY_V4, AddressSet
from guardrails.network.network_acl import NetworkAcl
from guardrails.network.ports import ALL, PortSet
from guardrails.network.traffic import NO_TRAFFIC, Traffic
from tests.network.design import model, ref, resource

EXAMPLES = 10_000 if os.environ.get("GUARDRAILS_LONG") else 300
ACL = "aws_network_acl.a"


def _acl(values: dict[str, dict[str, Value]]) -> NetworkAcl:
    found = model(values).at(ACL)
    assert found is not None
    return NetworkAcl.of(found)


entry = st.fixed_dictionaries(
    {
        "rule_no": st.integers(1, 40),
        "action": st.sampled_from(["allow", "deny", "ALLOW"]),
        "protocol": st.sampled_from(["tcp", "6", "-1", "udp", "all"]),
        "from_port": st.integers(0, 5),
        "width": st.integers(0, 4),
        "cidr_block": st.sampled_from(["0.0.0.0/0", "0.0.0.0/29", "0.0.0.4/30", "0.0.0.5/32", "0.0.0.0/31"]),
    }
)
entries = st.lists(entry, max_size=6, unique_by=lambda e: e["rule_no"])


def _written(found: dict[str, Any]) -> dict[str, Value]:
    low, width = found["from_port"], found["width"]
    return {k: v for k, v in found.items() if k != "width"} | {"to_port": low + width}


def _passes(rules: list[dict[str, Any]], protocol: str, port: int, address: int) -> bool:
    """The first rule in the order of numbers that matches one packet decides."""
    for rule in sorted(rules, key=lambda r: r["rule_no"]):
        everything = rule["protocol"] in ("-1", "all")
        same = everything or {"6": "tcp"}.get(rule["protocol"], rule["protocol"]) == protocol
        first, _, prefix = rule["cidr_block"].partition("/")
        base = int(first.rpartition(".")[2])
        inside = base <= address < base + 2 ** (32 - int(prefix))
        if same and inside and (everything or rule["from_port"] <= port <= rule["from_port"] + rule["width"]):
            return bool(rule["action"].lower() == "allow")
    return False


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(entries, st.booleans())
def test_the_first_rule_that_matches_decides(rules: list[dict[str, Any]], standalone: bool) -> None:
    """What is allowed equals packet-by-packet evaluation, for inline rules and for rule resources."""
    if standalone:
        design: dict[str, dict[str, Value]] = {ACL: {}}
        for i, rule in enumerate(rules):
            w = _written(rule)
            design[f"aws_network_acl_rule.r{i}"] = {
                **{k: w[k] for k in ("protocol", "from_port", "to_port", "cidr_block")},
                "network_acl_id": ref(ACL),
                "rule_number": w["rule_no"],
                "rule_action": w["action"],
            }
    else:
        design = {ACL: {"ingress": [_written(r) for r in rules]}}

    allowed = _acl(design).allowed("ingress")

    for address in range(9):
        for protocol in ("tcp", "udp"):
            for port in range(11):
                expected = _passes(rules, protocol, port, address)
                assert allowed.at(4, address).has(protocol, port) is expected


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(entries, st.data())
def test_bounds_hold_however_the_unknown_turns_out(rules: list[dict[str, Any]], data: st.DataObject) -> None:
    """With parts hidden, the exact answer lies between `surely` and `possibly`."""
    hidden: list[Value] = []
    for rule in rules:
        shown = _written(rule)
        for key in data.draw(st.sets(st.sampled_from(sorted(shown)), max_size=2)):
            shown[key] = UnknownValue("not known")
        hidden.append(shown)
    exact = _acl({ACL: {"ingress": [_written(r) for r in rules]}}).allowed("ingress")
    blurred = _acl({ACL: {"ingress": hidden}})

    assert blurred.surely("ingress") <= exact
    assert exact <= blurred.possibly("ingress")


def test_what_decides_nothing_may_stay_unknown() -> None:
    """An unknown rule behind one that decides everything does not make the answer unknown."""
    rules: list[Value] = [
        {"rule_no": 100, "action": "allow", "protocol": "-1", "from_port": 0, "to_port": 0, "cidr_block": "0.0.0.0/0"},
        {
            "rule_no": 200, "action": UnknownValue("var.a"), "protocol": "tcp", "from_port": 1, "to_port": 1,
            "cidr_block": "10.0.0.0/8",
        },
    ]  # fmt: skip

    assert _acl({ACL: {"ingress": rules}}).allowed("ingress") == Traffic.box(ANY_V4, ALL)
    with pytest.raises(Unknown, match=r"var\.a"):
        _acl({ACL: {"ingress": rules[1:]}}).allowed("ingress")


def test_an_acl_without_rules_lets_nothing_pass() -> None:
    """Terraform's network ACLs, the adopted default one too, have only the rules that are declared."""
    assert _acl({ACL: {}}).allowed("egress") == NO_TRAFFIC


def test_a_rule_that_may_exist_counts_against_the_answer() -> None:
    """A conditional deny is part of what surely passes, a conditional allow of what possibly does."""
    base: dict[str, Value] = {"network_acl_id": ref(ACL), "protocol": "-1"}
    allow: dict[str, Value] = {**base, "rule_number": 100, "rule_action": "allow", "cidr_block": "0.0.0.0/0"}
    deny: dict[str, Value] = {**base, "rule_number": 90, "rule_action": "deny", "cidr_block": "10.0.0.0/8"}
    design = model(
        {ACL: {}, "aws_network_acl_rule.a": allow},
        resource("aws_network_acl_rule.d", deny, conditional="count"),
    )
    found = design.at(ACL)
    assert found is not None
    acl = NetworkAcl.of(found)

    assert acl.surely("ingress").addresses() == ANY_V4 - AddressSet.of("10.0.0.0/8")
    assert acl.possibly("ingress").addresses() == ANY_V4


def test_icmp_has_types_instead_of_ports() -> None:
    """-1 is every type; the provider sends type 0 where none is written."""
    every: dict[str, Value] = {
        "rule_no": 1, "action": "allow", "protocol": "icmp", "from_port": 0, "to_port": 0, "icmp_type": -1,
        "icmp_code": -1, "cidr_block": "0.0.0.0/0",
    }  # fmt: skip
    none = {k: v for k, v in every.items() if not k.startswith("icmp")}

    assert _acl({ACL: {"ingress": [every]}}).allowed("ingress").ports() == PortSet.of("icmp")
    assert _acl({ACL: {"ingress": [none]}}).allowed("ingress").ports() == PortSet.rule("icmp", 0, 0)


def test_open_entries_are_given_after_the_rules_before_them() -> None:
    """An allow rule behind a deny of the same port is not open."""
    allow: dict[str, Value] = {
        "rule_no": 100, "action": "allow", "protocol": "-1", "from_port": 0, "to_port": 0, "cidr_block": "0.0.0.0/0"
    }  # fmt: skip
    deny: dict[str, Value] = {
        "rule_no": 90, "action": "deny", "protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_block": "0.0.0.0/0"
    }  # fmt: skip
    acl = _acl({ACL: {"ingress": [allow, deny]}})

    assert list(acl.open_to_internet(PortSet.tcp(22))) == []
    [(found, traffic)] = acl.open_to_internet(PortSet.tcp((22, 23)))
    assert found.number == 100
    assert traffic == Traffic.box(ANY_V4, PortSet.tcp(23))
