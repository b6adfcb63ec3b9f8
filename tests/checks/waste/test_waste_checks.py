"""What the waste checks say where their examples do not show it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from guardrails import engine, examples
from guardrails.catalog import load
from guardrails.model import Model
from guardrails.sources import read
from guardrails.sources.aws.audit import model_of
from guardrails.sources.aws.collectors import services
from guardrails.sources.aws.collectors.cloudwatch import METRICS
from guardrails.sources.aws.scope import Outcome
from tests.sources.aws.test_documented import _collected as collected

CATALOG = load(installed=False)
WASTE = [check for name, check in CATALOG.checks.items() if CATALOG.area(name) == "waste"]
LIVE_ONLY = sorted({check.id for check in WASTE} & {"idle-nat", "idle-database", "unattached-volume", "unused-secret"})

OLD = "2025-06-01T00:00:00Z"
NEW = "2026-01-30T00:00:00Z"
DATABASE = """
{"type": "aws_db_instance", "name": "orders",
 "values": {"identifier": "orders", "status": "available", "instance_class": "CLASS", "multi_az": ZONES,
            "allocated_storage": 100, "storage_type": "gp3", "create_time": "WHEN", "tags_all": {}}}
{"type": "aws_cloudwatch_metric", "mode": "data", "name": "connections",
 "values": {"namespace": "AWS/RDS", "metric_name": "DatabaseConnections", "window_days": 90,
            "dimensions": {"DBInstanceIdentifier": "orders"}, "daily": DAILY}}
"""
NAT = """
resource "aws_eip" "nat" {
  domain = "vpc"
}

resource "aws_nat_gateway" "main" {
  count         = COUNT
  subnet_id     = "subnet-0a1b2c3d4e5f60718"
  allocation_id = aws_eip.nat.id
}
"""


def account(folder: Path, text: str) -> Model:
    """The live account of a text as in an example."""
    (folder / "account.json").write_text(json.dumps(examples.snapshot(examples.plain(text))[0]), encoding="utf-8")
    [model] = read([folder / "account.json"])
    return model


def design(folder: Path, text: str) -> Model:
    """The design of a Terraform text."""
    (folder / "main.tf").write_text(text, encoding="utf-8")
    [model] = read([folder])
    return model


def said(model: Model, check: str) -> list[str]:
    """What a check finds, and what it cannot decide after a question mark."""
    report = engine.run([model], [CATALOG.checks[check]], engine.Settings(select=(check,)))
    return [each.message for each in report.findings] + [f"? {each.reason}" for each in report.undecided]


def database(kind: str = "db.t4g.medium", zones: str = "false", when: str = OLD, daily: str = "null") -> str:
    """An account with a database and what was counted of it."""
    text = DATABASE.replace("CLASS", kind).replace("ZONES", zones).replace("WHEN", when)
    return text.replace("DAILY", daily)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            database(daily=str([0] * 14)),
            ["nobody has connected for 14 days; it costs 58.59 USD a month (list price of us-east-1)"],
        ),
        (
            database(zones="true", daily=str([0] * 14)),
            ["nobody has connected for 14 days; it costs 117.17 USD a month (list price of us-east-1)"],
        ),
        (database(daily=str([0] * 13 + [1])), []),
        (
            database(daily=str([0] * 13)),
            ["? aws_db_instance.orders: CloudWatch has data of only 13 of 14 days of AWS/RDS DatabaseConnections"],
        ),
        (
            database(daily="[]"),
            ["? aws_db_instance.orders: CloudWatch has no data of AWS/RDS DatabaseConnections"],
        ),
        (database(when=NEW, daily=str([0] * 2)), []),
    ],
)
def test_a_database(tmp_path: Path, text: str, expected: list[str]) -> None:
    """Idle is what was measured for the whole window; what is younger than that is not."""
    assert said(account(tmp_path, text), "idle-database") == expected


def test_a_price_that_is_not_there_is_said(tmp_path: Path) -> None:
    """The finding stays, its cost is unknown and not zero."""
    model = account(tmp_path, database(kind="db.x99.large", daily=str([0] * 14)))
    report = engine.run([model], [CATALOG.checks["idle-database"]], engine.Settings(select=("idle-database",)))

    [finding] = report.findings
    assert finding.message.startswith("nobody has connected for 14 days; it costs an unknown amount: the price file of")
    assert finding.monthly is None


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", ["no route leads to it; it costs 32.85 USD a month (list price of us-east-1)"]),
        ('output "nat" {\n  value = aws_nat_gateway.main[*].id\n}', []),
        ('output "all" {\n  value = { nats = [for n in aws_nat_gateway.main : n.id] }\n}', []),
        (
            (
                'resource "aws_route_table" "t" {\n  vpc_id = "vpc-1"\n  route {\n    cidr_block = "0.0.0.0/0"\n'
                "    nat_gateway_id = one(aws_nat_gateway.main[*].id)\n  }\n}"
            ),
            [],
        ),
        (
            (
                'variable "nats" {}\nresource "aws_route" "out" {\n  route_table_id = "rtb-1"\n'
                '  destination_cidr_block = "0.0.0.0/0"\n  nat_gateway_id = var.nats\n}'
            ),
            ["no route leads to it; it costs 32.85 USD a month (list price of us-east-1)"],
        ),
        ('module "more" {\n  source = "git::https://example.com/more"\n}', ['? module "more" is not installed']),
    ],
)
def test_a_gateway_of_a_configuration(tmp_path: Path, more: str, expected: list[str]) -> None:
    """What an output gives to others, or a module that is not in view may use, is not called unused."""
    found = said(design(tmp_path, NAT.replace("COUNT", "1") + more), "nat-without-route")
    assert [each.split(":")[0] if each.startswith("?") else each for each in found] == expected


def test_gateways_whose_number_is_not_known(tmp_path: Path) -> None:
    """One route for all of them is one for each that there may be."""
    text = 'variable "n" {}\n' + NAT.replace("COUNT", "var.n")
    route = """
resource "aws_route" "out" {
  route_table_id         = "rtb-1"
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.main[0].id
}
"""
    assert said(design(tmp_path, text + route), "nat-without-route") == []


@pytest.mark.parametrize("check", LIVE_ONLY)
def test_a_configuration_has_no_metrics_and_no_age(tmp_path: Path, check: str) -> None:
    """A check of live facts says nothing of Terraform, not even that it does not know."""
    text = """
resource "aws_nat_gateway" "main" {
  subnet_id = "subnet-1"
}
resource "aws_db_instance" "orders" {
  instance_class = "db.t4g.medium"
}
resource "aws_ebs_volume" "data" {
  availability_zone = "eu-west-1a"
  size              = 8
}
resource "aws_secretsmanager_secret" "key" {
}
"""
    assert said(design(tmp_path, text), check) == []


def test_a_resource_of_a_stack_is_changed_there(tmp_path: Path) -> None:
    """The message says who manages it, and the hint what to change."""
    text = """
{"type": "aws_eip", "name": "eipalloc-1",
 "values": {"allocation_id": "eipalloc-1", "public_ip": "52.0.2.1", "association_id": "",
            "service_managed": null, "public_ipv4_pool": "",
            "public_ipv4_pool": "amazon",
            "tags_all": {"aws:cloudformation:stack-name": "web"}}}
"""
    report = engine.run([account(tmp_path, text)], [CATALOG.checks["unattached-address"]], engine.Settings())

    [finding] = [each for each in report.findings if each.check == "unattached-address"]
    assert finding.message == (
        "the address 52.0.2.1 is attached to nothing; it costs 3.65 USD a month;"
        " the CloudFormation stack web manages it"
    )
    assert finding.hint.startswith("Remove it from the stack's template: deleted by hand,")
    assert finding.fix is None


@pytest.mark.parametrize(
    ("stopped", "expected"),
    [
        ("User initiated (2025-12-01 10:00:00 GMT)", ["it has been stopped for 60 days and keeps 0 GB of disks"]),
        ("User initiated (2026-01-20 10:00:00 GMT)", []),
        ("", ["? aws_instance.i-1: AWS does not say since when it is stopped"]),
    ],
)
def test_an_instance_that_does_not_say_since_when(tmp_path: Path, stopped: str, expected: list[str]) -> None:
    """Without a time nothing is old."""
    text = f"""
{{"complete": ["aws_ebs_volume"]}}
{{"type": "aws_instance", "name": "i-1",
  "values": {{"instance_state": "stopped", "state_transition_reason": "{stopped}", "tags_all": {{}}}}}}
"""
    assert said(account(tmp_path, text), "long-stopped-instance") == expected


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("dev", ["the 2 instances of the environment `dev` never stop"]),
        ("non-prod", ["the 2 instances of the environment `non-prod` never stop"]),
        ("prod", []),
        ("blue", []),
    ],
)
def test_only_what_says_that_it_is_not_production_can_sleep(tmp_path: Path, tag: str, expected: list[str]) -> None:
    """A name that says nothing of production is left alone."""
    text = f"""
resource "aws_autoscaling_group" "build" {{
  min_size = 2
  max_size = 4

  tag {{
    key                 = "Env"
    value               = "{tag}"
    propagate_at_launch = true
  }}
}}
"""
    assert said(design(tmp_path, text), "group-without-schedule") == expected


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ("min_size = -1\nmax_size = -1\ndesired_capacity = 4", []),
        ("desired_capacity = 3", ["it asks for 3 instances where the maximum is 0"]),
        ("min_size = 5\nmax_size = -1\ndesired_capacity = -1", ["its minimum 5 is above the maximum 4"]),
        (
            "min_size = -1\nmax_size = -1\ndesired_capacity = 1",
            ["it asks for 1 instances where the minimum is 2"],
        ),
        ("min_size = 0\nmax_size = 0\ndesired_capacity = 0", []),
    ],
)
def test_sizes_of_a_schedule(tmp_path: Path, sizes: str, expected: list[str]) -> None:
    """-1 leaves a limit to the group, and what is not written is zero."""
    text = f"""
resource "aws_autoscaling_group" "web" {{
  name     = "web"
  min_size = 2
  max_size = 4
}}
resource "aws_autoscaling_schedule" "s" {{
  scheduled_action_name  = "s"
  autoscaling_group_name = aws_autoscaling_group.web.name
  recurrence             = "0 7 * * *"
  {sizes}
}}
"""
    assert said(design(tmp_path, text), "schedule-outside-limits") == expected


def account_examples() -> list[tuple[str, str]]:
    """The examples of waste checks that are parts of accounts, each with its check."""
    texts = [(check.id, text) for check in WASTE for each in check.examples for text in (each.bad, each.fixed)]
    return [(check, text) for check, text in texts if examples.is_account(text)]


def test_examples_are_as_accounts_are_read() -> None:
    """Every attribute that an example has is one that a collector writes, and every metric one that is read."""
    written: dict[str, set[str]] = {}
    for name in services():
        for record in collected(name)[0]:
            written.setdefault(record.type, set()).update(record.values)
    read_metrics = {(each.namespace, each.name, each.dimensions) for each in METRICS}
    unknown: set[tuple[str, object]] = set()
    for check, text in account_examples():
        for given in examples.snapshot(text)[0]["accounts"][0]["resources"]:
            values = given["values"]
            if given["type"] == "aws_cloudwatch_metric":
                metric = (values["namespace"], values["metric_name"], tuple(sorted(values["dimensions"])))
                unknown |= {(check, metric)} - {(check, each) for each in read_metrics}
            else:
                unknown |= {(check, f"{given['type']}.{name}") for name in values.keys() - written[given["type"]]}
    assert unknown == set()


def test_no_check_breaks_over_what_aws_documents() -> None:
    """An account with everything that AWS's API can say gives findings and doubts, and no crash."""
    outcome = Outcome(records=[record for name in services() for record in collected(name)[0]])
    report = engine.run([model_of("123456789012", outcome)], WASTE)
    assert report.problems == []
    assert [each.reason for each in report.undecided if "not collected" in each.reason] == []


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ({}, ["no route leads to it; it costs 32.85 USD a month (list price of us-east-1)"]),
        ({"nat": {"actions": ["create"]}}, ["? plan.json does not tell what its outputs give to others"]),
    ],
)
def test_a_gateway_of_a_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outputs: dict[str, object], expected: list[str]
) -> None:
    """A plan without its configuration says that it has outputs, and not what is in them."""
    monkeypatch.chdir(tmp_path)
    change = {"actions": ["create"], "before": None, "after": {"subnet_id": "subnet-1"}, "after_unknown": {"id": True}}
    gateway = {
        "address": "aws_nat_gateway.main",
        "mode": "managed",
        "type": "aws_nat_gateway",
        "name": "main",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": change,
    }
    plan = {"format_version": "1.2", "resource_changes": [gateway], "output_changes": outputs}
    Path("plan.json").write_text(json.dumps(plan), encoding="utf-8")
    [model] = read([Path("plan.json")])

    assert said(model, "nat-without-route") == expected
