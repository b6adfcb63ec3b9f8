"""Removing what was found, in random networks, and in those that change meanwhile."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore.session
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
from tests.cleanup.worlds import CANNED, REGION, SERVICES, Rules, build, ec2, everything
from tests.sources.aws.simulator import Proxy

LIMITS = Limits(attempts=2, pace=1000)
RUNS = 50 if os.environ.get("GUARDRAILS_LONG") == "1" else 3

# The simulator makes everything just now.
YOUNG = """
[options.nat-without-route]
days = 0
[options.unattached-volume]
days = 0
[options.long-stopped-instance]
days = 0
[options.unused-secret]
days = 0
[options.alarm-without-data]
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


def planned(checks: dict[str, AnyCheck], *services: str) -> Plan:
    """The plan for the simulated account, as far as these services tell it, or all that networks depend on."""
    with ThreadPoolExecutor(8) as executor:
        [model] = collect(Options(regions=(REGION,), services=services or SERVICES, limits=LIMITS), executor)
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


def test_a_disk_is_saved_first_and_can_come_back(account: Proxy, checks: dict[str, AnyCheck], tmp_path: Path) -> None:
    """The journal has each call before it is made, what was saved, and the command that brings it back."""
    volume = ec2().create_volume(Size=8, AvailabilityZone=f"{REGION}a", VolumeType="gp3")["VolumeId"]

    results, journal = carried_out(planned(checks, "ec2"), tmp_path / "journal.jsonl")

    [snapshot] = ec2().describe_snapshots(Filters=[{"Name": "volume-id", "Values": [volume]}])["Snapshots"]
    assert snapshot["Tags"] == [{"Key": "guardrails:cleanup", "Value": "saved before removal"}]
    assert volume not in everything()
    name = snapshot["SnapshotId"]
    undo = f"aws ec2 create-volume --snapshot-id {name} --volume-type gp3 --availability-zone {REGION}a"
    assert [(each.outcome, each.undo) for each in results] == [("removed", undo)]
    assert [(each["event"], each.get("call", "")) for each in journal] == [
        ("begin", ""),
        ("before", ""),
        ("calling", "ec2:CreateSnapshot"),
        ("kept", "ec2:CreateSnapshot"),
        ("calling", "ec2:DeleteVolume"),
        ("done", "ec2:DeleteVolume"),
        ("removed", ""),
        ("end", ""),
    ]
    assert journal[1]["values"]["size"] == 8
    assert (tmp_path / "journal.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_disk_that_is_attached_meanwhile_stays(account: Proxy, checks: dict[str, AnyCheck], tmp_path: Path) -> None:
    """It is left alone, not even saved, and that is said."""
    client = ec2()
    volume = client.create_volume(Size=8, AvailabilityZone=f"{REGION}a", VolumeType="gp3")["VolumeId"]
    plan = planned(checks, "ec2")
    [instance] = client.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"]
    client.attach_volume(VolumeId=volume, InstanceId=instance["InstanceId"], Device="/dev/sdf")

    results, journal = carried_out(plan, tmp_path / "journal.jsonl")

    assert [(each.outcome, each.reason) for each in results] == [("skipped", "it is attached again")]
    assert [each for each in journal if "call" in each] == []
    assert volume in everything()


def test_a_gateway_that_is_routed_to_meanwhile_stays(
    account: Proxy, checks: dict[str, AnyCheck], tmp_path: Path
) -> None:
    """A route that somebody adds after the plan saves it."""
    client = ec2()
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = client.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    address = client.allocate_address(Domain="vpc")["AllocationId"]
    nat = client.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    plan = planned(checks, "vpc")
    [table] = client.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    client.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)

    results, _ = carried_out(plan, tmp_path / "journal.jsonl")

    assert [(each.item.resource.name, each.outcome, each.reason) for each in results] == [
        (nat, "skipped", "a route leads to it again")
    ]
    assert nat in everything()


def test_a_vpc_that_changes_meanwhile_stays_whole(account: Proxy, checks: dict[str, AnyCheck], tmp_path: Path) -> None:
    """A subnet that nobody planned for keeps all of it."""
    client = ec2()
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    client.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")
    plan = planned(checks)
    client.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")
    before = everything()

    results, journal = carried_out(plan, tmp_path / "journal.jsonl")

    changed = "something was added to it since the plan was made, or taken away"
    assert [(each.outcome, each.reason) for each in results] == [("skipped", changed)]
    assert [each for each in journal if "call" in each] == []
    assert everything() == before


def test_what_something_left_still_uses_stays(account: Proxy, checks: dict[str, AnyCheck], tmp_path: Path) -> None:
    """A route table that is used meanwhile stays, and so does the VPC that was to go after it."""
    client = ec2()
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = client.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    table = client.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    plan = planned(checks)
    client.associate_route_table(RouteTableId=table, SubnetId=subnet)

    results, _ = carried_out(plan, tmp_path / "journal.jsonl")

    assert [(each.item.resource.name, each.outcome, each.reason) for each in results] == [
        (table, "skipped", "a subnet, a gateway or an endpoint uses it"),
        (vpc, "skipped", f"aws_route_table.{table} uses it and is still there"),
    ]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("DescribeAddresses", ("skipped", "ec2:DescribeAddresses: UnauthorizedOperation")),
        ("ReleaseAddress", ("failed", "ec2:ReleaseAddress: UnauthorizedOperation: no")),
    ],
)
def test_a_denied_call_changes_nothing(
    operation: str, expected: tuple[str, str], account: Proxy, checks: dict[str, AnyCheck], tmp_path: Path
) -> None:
    """What cannot be asked is not done, and what is refused is said."""
    ec2().allocate_address(Domain="vpc")
    plan = planned(checks, "vpc")
    before = everything()
    account.fault = lambda asked: "denied" if asked.operation == operation else ""

    results, journal = carried_out(plan, tmp_path / "journal.jsonl")

    account.fault = lambda _: ""
    assert [(each.outcome, each.reason) for each in results] == [expected]
    assert (journal[-2]["event"], journal[-2]["reason"]) == expected
    assert everything() == before


def test_what_is_gone_already_is_said(account: Proxy, checks: dict[str, AnyCheck], tmp_path: Path) -> None:
    """Somebody was faster."""
    address = ec2().allocate_address(Domain="vpc")["AllocationId"]
    plan = planned(checks, "vpc")
    ec2().release_address(AllocationId=address)

    results, _ = carried_out(plan, tmp_path / "journal.jsonl")

    assert [(each.outcome, each.reason) for each in results] == [("skipped", "it is gone already")]


def test_things_of_many_kinds(account: Proxy, checks: dict[str, AnyCheck], tmp_path: Path) -> None:
    """Each goes by its own way: saved, scheduled with a window, or at once."""

    def client(name: str) -> Any:
        return botocore.session.Session().create_client(name, region_name=REGION)

    [instance] = ec2().run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"]
    ec2().stop_instances(InstanceIds=[instance["InstanceId"]])
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    client("kms").disable_key(KeyId=key)
    client("secretsmanager").create_secret(Name="old", SecretString="-")
    client("ecs").create_cluster(clusterName="old")
    client("rds").create_db_parameter_group(
        DBParameterGroupName="old", DBParameterGroupFamily="postgres14", Description="x"
    )
    client("elbv2").create_target_group(Name="old", Protocol="HTTP", Port=80, VpcId=instance["VpcId"])

    services = ("ec2", "vpc", "kms", "secretsmanager", "ecs", "rds", "elb", "autoscaling")
    results, _ = carried_out(planned(checks, *services), tmp_path / "journal.jsonl")

    [image] = ec2().describe_images(Owners=["self"], Filters=[{"Name": "tag-key", "Values": ["guardrails:cleanup"]}])[
        "Images"
    ]
    ended = {each.item.resource.type: (each.outcome, each.undo.partition(" --")[0]) for each in results}
    assert ended == {
        "aws_db_parameter_group": ("removed", "it is made anew from what the journal keeps"),
        "aws_ecs_cluster": ("removed", "aws ecs create-cluster"),
        "aws_instance": ("removed", "aws ec2 run-instances"),
        "aws_kms_key": ("removed", "aws kms cancel-key-deletion"),
        "aws_lb_target_group": ("removed", "aws elbv2 create-target-group, with what the journal keeps"),
        "aws_secretsmanager_secret": ("removed", "aws secretsmanager restore-secret"),
    }
    [state] = ec2().describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"][0]["Instances"]
    assert state["State"]["Name"] == "terminated"
    assert image["Name"] == f"{instance['InstanceId']} before its removal"
    assert client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert client("secretsmanager").list_secrets()["SecretList"] == []
    assert client("elbv2").describe_target_groups()["TargetGroups"] == []
