"""Removing what was found, in random networks, and in those that change meanwhile."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from guardrails import engine
from guardrails.catalog import AnyCheck, load
from guardrails.cleanup.apply import Result, apply, clients_of
from guardrails.cleanup.journal import Journal
from guardrails.cleanup.plan import Plan, make
from guardrails.config import configured
from guardrails.config import load as load_config
from guardrails.sources.aws.audit import Options, collect
from guardrails.sources.aws.session import Access, Limits
from tests.cleanup.worlds import CANNED, REGION, SERVICES, Rules, build, everything
from tests.sources.aws.simulator import Proxy

LIMITS = Limits(attempts=2, pace=1000)
RUNS = 50 if os.environ.get("GUARDRAILS_LONG") == "1" else 6

# The simulator makes everything just now.
YOUNG = """
[options.nat-without-route]
days = 0
[options.unattached-volume]
days = 0
"""


@pytest.fixture
def checks(tmp_path: Path) -> dict[str, AnyCheck]:
    """The waste checks, for things of any age."""
    (tmp_path / "guardrails.toml").write_text(YOUNG)
    catalog = load(installed=False)
    waste = {name: check for name, check in catalog.checks.items() if catalog.area(name) == "waste"}
    return configured(load_config(str(tmp_path / "guardrails.toml")), waste)


@pytest.fixture
def account(aws: Proxy) -> Proxy:
    """An account without the VPC that AWS makes by default."""
    aws.canned = CANNED
    return aws


def planned(checks: dict[str, AnyCheck]) -> Plan:
    """The plan for the simulated account."""
    with ThreadPoolExecutor(8) as executor:
        [model] = collect(Options(regions=(REGION,), services=SERVICES, limits=LIMITS), executor)
    return make(model, engine.run([model], list(checks.values())), checks)


def carried_out(plan: Plan, path: Path) -> tuple[list[Result], list[dict[str, Any]]]:
    """How each item of a plan ended, and the journal."""
    clients, account = clients_of(Access(), LIMITS)
    assert account == plan.account
    with Journal(path) as journal:
        results = list(apply(plan, clients, journal))
    return results, [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("seed", range(RUNS))
def test_a_random_network(seed: int, account: Proxy, checks: dict[str, AnyCheck], tmp_path: Path) -> None:
    """What the plan names goes, in an order that AWS allows, and nothing else is touched."""
    build(seed)
    before = everything()

    plan = planned(checks)
    results, journal = carried_out(plan, tmp_path / "journal.jsonl")

    assert [(r.item.resource.address, r.outcome, r.reason) for r in results if r.outcome != "removed"] == []
    rules = Rules(json.loads(json.dumps(before)))
    for entry in journal:
        if entry["event"] in ("done", "kept"):
            rules.carry_out(entry["call"], entry["params"])
    named = {name for item in plan.items for name in (item.resource.name, *item.removal.takes)}
    after = everything()
    assert named <= before.keys()
    assert after.keys() == rules.world.keys()
    assert before.keys() - after.keys() - named <= _gone_with(before, named)
    untouched = before.keys() & after.keys() - _near(before, named)
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}


def _gone_with(before: dict[str, Any], named: set[str]) -> set[str]:
    """What AWS itself takes away with a NAT gateway or a VPC: interfaces, and the parts that it made by default."""
    gone = set()
    for name, item in before.items():
        if item.get("VpcId") in named:
            gone.add(name)
        gone |= {each["NetworkInterfaceId"] for each in item.get("NatGatewayAddresses", ()) if name in named}
    return gone


def _near(before: dict[str, Any], named: set[str]) -> set[str]:
    """What changes because its neighbour goes: the address of a NAT gateway, and lists of who belongs to what."""
    near = set()
    for name, item in before.items():
        addresses = [each.get("AllocationId") for each in item.get("NatGatewayAddresses", ())]
        if name in named:
            near |= {each for each in addresses if each}
        if "SubnetId" in item and item["SubnetId"] not in named:
            near.add(item["SubnetId"])  # it counts its free addresses
    return near
