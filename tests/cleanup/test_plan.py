"""From findings to a plan, its text and its script."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardrails import engine, examples
from guardrails.account.manager import know_state
from guardrails.account.prices import dated
from guardrails.catalog import load
from guardrails.cleanup.plan import Plan, make
from guardrails.cleanup.removals import can_remove
from guardrails.cleanup.text import plan_text, script
from guardrails.model import Model
from guardrails.sources import read
from guardrails.waste import Waste

CATALOG = load(installed=False)
WASTE = {name: check for name, check in CATALOG.checks.items() if isinstance(check, Waste)}
READ = datetime(2026, 1, 31, tzinfo=UTC)

DISK = """
{"type": "aws_ebs_volume", "name": "vol-1", "region": "us-east-1",
 "values": {"id": "vol-1", "state": "available", "size": 100, "type": "gp3", "availability_zone": "us-east-1a",
            "create_time": "2025-06-01T00:00:00Z", "tags_all": TAGS}}
"""
GROUP = '{"type": "aws_autoscaling_group", "name": "workers", "values": {"name": "workers", "max_size": 4}}'


def account(folder: Path, text: str) -> Model:
    """The live account of a text as in an example of a check."""
    (folder / "account.json").write_text(json.dumps(examples.snapshot(examples.plain(text))[0]), encoding="utf-8")
    [model] = read([folder / "account.json"])
    return model


def planned(model: Model) -> Plan:
    """The plan for an account."""
    return make(model, engine.run([model], list(WASTE.values())), WASTE)


def disk(folder: Path, tags: str = "{}") -> Plan:
    """The plan for an account with one disk that nobody uses."""
    return planned(account(folder, DISK.replace("TAGS", tags)))


def test_a_plan_as_text(tmp_path: Path) -> None:
    """What goes, why, what it saves, what is called, what may break, and how it comes back."""
    expected = f"""\
111122223333, read at 2026-01-31 00:00 UTC: 1 thing to remove, 8.00 USD a month.

1. aws_ebs_volume.vol-1 in us-east-1
   why:    its 100 GB of gp3 are attached to nothing; it costs 8.00 USD a month [unattached-volume]
   call:   aws ec2 create-snapshot --region us-east-1 --volume-id vol-1 --description 'vol-1 before its removal' \
--tag-specifications '[{{"ResourceType": "snapshot", "Tags": [{{"Key": "guardrails:cleanup", \
"Value": "saved before removal"}}]}}]' --query SnapshotId --output text
   call:   aws ec2 delete-volume --region us-east-1 --volume-id vol-1
   hazard: It may be the only copy of its data, or belong to a Kubernetes volume that is kept on purpose.
   undo:   aws ec2 create-volume --snapshot-id $snapshot --volume-type gp3 --availability-zone us-east-1a

Snapshots and images that are made first are billed themselves until you delete them.
Costs are list prices of {dated()}.
"""
    assert plan_text(disk(tmp_path), READ) == expected


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        (
            '{"aws:cloudformation:stack-name": "web"}',
            "the CloudFormation stack web manages it. Remove it from the stack's template.",
        ),
        (
            '{"kubernetes.io/created-for/pvc/name": "data"}',
            "the Kubernetes volume claim data manages it. Delete the claim and its volume.",
        ),
        (
            '{"$unknown": ["AccessDenied: tag:GetResources", [], false]}',
            "it is not known who manages it: aws_ebs_volume.vol-1: tags_all: AccessDenied: tag:GetResources",
        ),
    ],
)
def test_what_others_manage_is_theirs(tmp_path: Path, tags: str, why: str) -> None:
    """It is told where to change it, and nothing is removed."""
    plan = disk(tmp_path, tags)
    assert plan.items == ()
    assert [each.why for each in plan.by_hand] in ([why], [])
    assert plan.by_hand or plan.undecided


def test_what_a_state_manages_is_terraforms(tmp_path: Path) -> None:
    """The configuration has to change, else the next apply makes it again."""
    model = account(tmp_path, DISK.replace("TAGS", "{}"))
    know_state(model, {"aws_ebs_volume\0vol-1": "module.data.aws_ebs_volume.main"})

    plan = planned(model)

    assert plan.items == ()
    [left] = plan.by_hand
    assert left.why == (
        "Terraform, as module.data.aws_ebs_volume.main manages it. Remove it from the configuration and apply."
    )
    assert left.finding.message == (
        "its 100 GB of gp3 are attached to nothing; it costs 8.00 USD a month;"
        " Terraform, as module.data.aws_ebs_volume.main manages it"
    )


def test_users_go_before_what_they_use(tmp_path: Path) -> None:
    """An image before its snapshot, both in spite of their names; the snapshot waits for it."""
    plan = planned(
        account(
            tmp_path,
            """
            {"complete": ["aws_ebs_volume", "aws_instance", "aws_launch_template", "aws_launch_configuration",
                          "aws_ami_launch_permission", "aws_snapshot_create_volume_permission"]}
            {"type": "aws_ami", "name": "ami-9",
             "values": {"id": "ami-9", "state": "available", "public": false, "creation_date": "2025-01-01T00:00:00Z",
                        "last_launched_time": null, "ebs_block_device": [{"snapshot_id": "snap-2", "volume_size": 8}]}}
            {"type": "aws_ebs_snapshot", "name": "snap-1",
             "values": {"id": "snap-1", "volume_id": "vol-0", "volume_size": 8, "storage_tier": "standard",
                        "state": "completed", "start_time": "2025-01-01T00:00:00Z"}}
            """,
        )
    )
    assert [(item.resource.name, item.after) for item in plan.items] == [("ami-9", ()), ("snap-1", ())]


def test_groups_that_name_each_other_go_with_their_vpc(tmp_path: Path) -> None:
    """Their rules are revoked first: AWS deletes no group that a rule names."""
    uses = sorted({use for name in ("empty-vpc",) for use in _users(name)})
    plan = planned(
        account(
            tmp_path,
            f"""
            {{"complete": {
                json.dumps(
                    [
                        *uses,
                        "aws_default_subnet",
                        "aws_egress_only_internet_gateway",
                        "aws_route_table_association",
                        "aws_route_table",
                        "aws_network_acl",
                        "aws_internet_gateway",
                        "aws_subnet",
                    ]
                )
            }}}
            {{"type": "aws_vpc", "name": "vpc-1", "values": {{"id": "vpc-1", "cidr_block": "10.0.0.0/16"}}}}
            {{"type": "aws_security_group", "name": "sg-1",
              "values": {{"id": "sg-1", "vpc_id": "vpc-1", "egress": [], "ingress": [
                {{"protocol": "tcp", "from_port": 443, "to_port": 443, "security_groups": ["sg-2"]}}]}}}}
            {{"type": "aws_security_group", "name": "sg-2",
              "values": {{"id": "sg-2", "vpc_id": "vpc-1", "egress": [], "ingress": [
                {{"protocol": "-1", "from_port": 0, "to_port": 0, "security_groups": ["sg-1"]}}]}}}}
            """,
        )
    )
    [item] = plan.items
    calls = [step.operation for step in item.removal.steps if not step.operation.startswith("Describe")]
    assert calls == [
        "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
        "DeleteSecurityGroup",
        "DeleteSecurityGroup",
        "DeleteVpc",
    ]
    assert item.removal.takes == ("sg-1", "sg-2")


def _users(check: str) -> tuple[str, ...]:
    module = __import__("sys").modules[type(WASTE[check]).__module__]
    users: tuple[str, ...] = module.USERS
    return users


def test_every_removable_type_has_its_way() -> None:
    """A check that says that removal is the fix is about types that can be removed, Terraform's other names aside."""
    types = {(name, type_) for name, check in WASTE.items() if check.removable for type_ in check.types}
    assert sorted(type_ for _, type_ in types if not can_remove(type_)) == [
        "aws_alb",
        "aws_alb_target_group",
        "aws_kms_external_key",
    ]


def test_a_hostile_name_stays_a_name(tmp_path: Path) -> None:
    """A saved account is a file: nothing in it becomes a line of the script, an option or an expression."""
    name = "vol-1$(touch pwned)`touch pwned`'\""
    hostile = DISK.replace("TAGS", "{}").replace('"vol-1"', json.dumps(name), 2)
    text = script(planned(account(tmp_path, hostile.replace('"gp3"', json.dumps("gp3\ntouch pwned")))), READ)
    (tmp_path / "cleanup.sh").write_text(text)

    assert "touch pwned" not in [line.strip() for line in text.splitlines()]
    assert _run(tmp_path, "true")[0] == 0
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("name", ["--endpoint-url", "", "vol-1\ntouch pwned"])
def test_what_is_no_name_removes_nothing(tmp_path: Path, name: str) -> None:
    """Nothing that could mean another option, or everything, comes near a call."""
    plan = planned(account(tmp_path, DISK.replace("TAGS", "{}").replace('"vol-1"', json.dumps(name), 2)))
    assert plan.items == ()
    assert [each.why.endswith(f"{name!r} is no name that AWS gives") for each in plan.by_hand] == [True]


AWS = """\
#!/bin/sh
echo "$@" >> calls
case "$*" in
  *get-caller-identity*) echo ACCOUNT ;;
  *describe-volumes*) echo HOLDS ;;
  *create-snapshot*) echo snap-1 ;;
esac
"""


def _run(folder: Path, holds: str, account: str = "111122223333") -> tuple[int, str]:
    """Run the script with a command in AWS's place that says what it was asked: exit code and stderr."""
    (folder / "aws").write_text(AWS.replace("HOLDS", holds).replace("ACCOUNT", account))
    (folder / "aws").chmod(0o700)
    environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "cleanup.sh"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


ASKED = ["get-caller-identity", "describe-volumes"]


@pytest.mark.parametrize(
    ("aws", "expected", "called"),
    [
        (("true", "111122223333"), (0, ""), [*ASKED, "create-snapshot", "wait", "describe-volumes", "delete-volume"]),
        (("false", "111122223333"), (1, "1. left alone: it is attached again\n"), ASKED),
        (
            ("true", "999999999999"),
            (1, "these are credentials of 999999999999, not of 111122223333\n"),
            ["get-caller-identity"],
        ),
    ],
)
def test_the_script_does_what_the_plan_says(
    tmp_path: Path, aws: tuple[str, str], expected: tuple[int, str], called: list[str]
) -> None:
    """It asks again before it saves and before it deletes, and works on no other account."""
    (tmp_path / "cleanup.sh").write_text(script(disk(tmp_path), READ))

    assert _run(tmp_path, *aws) == expected
    assert [line.split()[1] for line in (tmp_path / "calls").read_text().splitlines()] == called
