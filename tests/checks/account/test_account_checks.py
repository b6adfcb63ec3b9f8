"""What checks of an account say where their examples do not show it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from guardrails import engine, examples
from guardrails.catalog import load
from guardrails.model import Action, Model, Resource, Resources
from guardrails.sources import read
from guardrails.sources.overlay import overlay

CHECKS = load(installed=False).checks
REGIONS = """
{"type": "aws_region", "mode": "data", "name": "eu-west-1", "values": {"opt_in_status": "opt-in-not-required"}}
{"type": "aws_region", "mode": "data", "name": "eu-north-1", "values": {"opt_in_status": "opted-in"}}
{"type": "aws_region", "mode": "data", "name": "me-south-1", "values": {"opt_in_status": "not-opted-in"}}
{"type": "aws_availability_zone", "mode": "data", "name": "eu-west-1a", "values": {}}
"""
NORTH = """
{"type": "aws_availability_zone", "mode": "data", "name": "eu-north-1a", "region": "eu-north-1", "values": {}}
"""
ROOT = '{"type": "aws_iam_account_summary", "mode": "data", "name": "111122223333", "values": {"summary_map": {'
USER = '{"type": "aws_iam_credential_report", "mode": "data", "name": "u", "values": {'


def account(folder: Path, text: str) -> Model:
    """The live account of a text as in an example."""
    path = folder / "account.json"
    path.write_text(json.dumps(examples.snapshot(examples.plain(text))[0]), encoding="utf-8")
    (model,) = read([path])
    return model


def design(folder: Path, text: str) -> Model:
    """The design of a Terraform text."""
    (folder / "main.tf").write_text(text, encoding="utf-8")
    (model,) = read([folder])
    return model


def said(model: Model, check: str) -> list[str]:
    """What a check finds, and what it cannot decide after a question mark."""
    report = engine.run([model], [CHECKS[check]], engine.Settings(select=(check,)))
    return [each.message for each in report.findings] + [f"? {each.reason}" for each in report.undecided]


@pytest.mark.parametrize(
    ("check", "text", "expected"),
    [
        ("root-without-mfa", ROOT + '"AccountMFAEnabled": 0, "AccountPasswordPresent": 0}}}', []),
        (
            "root-without-mfa",
            ROOT + '"AccountMFAEnabled": 0}}}',
            ["the root user has a password and no second factor"],
        ),
        ("root-in-use", USER + '"user": "<root_account>"}}', []),
        (
            "root-in-use",
            USER + '"user": "<root_account>", "password_last_used": "2020-01-01T00:00:00+00:00",'
            ' "access_key_2_last_used_date": "2026-01-28T00:00:00+00:00"}}',
            ["its second access key was used 3 days ago"],
        ),
        ("root-in-use", USER + '"user": "ada", "password_last_used": "2026-01-30T00:00:00+00:00"}}', []),
        ("console-without-mfa", USER + '"user": "ci", "password_enabled": false, "mfa_active": false}}', []),
        ("console-without-mfa", USER + '"user": "<root_account>", "mfa_active": false}}', []),
        (
            "unused-credential",
            USER + '"user": "ada", "password_enabled": true, "password_last_changed": "2025-06-01T00:00:00+00:00"}}',
            ["ada's password was never used in 244 days"],
        ),
        (
            "unused-credential",
            (
                '{"type": "aws_iam_access_key", "name": "AKIA1", "values": {"user": "ci", "status": "Active",'
                ' "create_date": "2020-01-01T00:00:00Z", "last_used_date": {"$unknown": ["AccessDenied", [], false]}}}'
            ),
            ["? aws_iam_access_key.AKIA1: last_used_date: AccessDenied"],
        ),
        (
            "old-access-key",
            (
                '{"type": "aws_iam_access_key", "name": "AKIA1", "values": {"user": "ci", "status": "Inactive",'
                ' "create_date": "2020-01-01T00:00:00Z"}}'
            ),
            [],
        ),
        ("default-password-policy", '{"complete": ["aws_iam_account_password_policy"]}', ["? not part of the example"]),
        (
            "default-password-policy",
            '{"complete": ["aws_iam_account_password_policy", "aws_iam_user_login_profile"]}',
            [],
        ),
        (
            "regions-without-threat-detection",
            '{"complete": ["aws_guardduty_detector"]}' + REGIONS + NORTH,
            ["GuardDuty is off in eu-west-1, eu-north-1"],
        ),
        (
            "regions-without-threat-detection",
            REGIONS + '{"type": "aws_guardduty_detector", "name": "d", "values": {"enable": true}}',
            ["? 111122223333: eu-north-1 was not read"],
        ),
        (
            "regions-without-threat-detection",
            '{"complete": ["aws_guardduty_detector"]}' + REGIONS,
            ["GuardDuty is off in eu-west-1", "? 111122223333: eu-north-1 was not read"],
        ),
        (
            "regions-without-access-analyzer",
            '{"complete": ["aws_accessanalyzer_analyzer"]}'
            + REGIONS
            + '{"type": "aws_organizations_organization", "mode": "data", "name": "o-1", "values": {}}',
            ["? an analyzer of the organisation o-1 may look at the account"],
        ),
        (
            "account-without-trail",
            REGIONS
            + NORTH
            + '{"type": "aws_cloudtrail", "name": "one", "values": {"is_multi_region_trail": false,'
            + ' "enable_logging": true}}',
            ["1 trail, none of all regions"],
        ),
        (
            "account-without-trail",
            '{"complete": ["aws_cloudtrail"]}' + REGIONS,
            ["? 111122223333: eu-north-1 was not read"],
        ),
        (
            "account-without-security-contact",
            (
                '{"type": "aws_account_alternate_contact", "name": "BILLING", "values":'
                ' {"alternate_contact_type": "BILLING"}}'
            ),
            ["it has no security contact"],
        ),
        (
            "subnet-nearly-full",
            (
                '{"type": "aws_subnet", "name": "s", "values": {"cidr_block": "10.0.0.0/28",'
                ' "available_ip_address_count": 6}}'
            ),
            [],
        ),
        (
            "subnet-nearly-full",
            (
                '{"type": "aws_subnet", "name": "s", "values": {"cidr_block": "10.0.0.0/28",'
                ' "available_ip_address_count": 2}}'
            ),
            ["2 of 11 addresses are free"],
        ),
        (
            "expiring-certificate",
            (
                '{"type": "aws_acm_certificate", "name": "c", "values": {"domain_name": "a.example.com",'
                ' "renewal_eligibility": "ELIGIBLE", "not_after": "2026-02-01T00:00:00Z", "in_use_by": ["arn"]}}'
            ),
            [],
        ),
        (
            "expiring-certificate",
            (
                '{"type": "aws_acm_certificate", "name": "c", "values": {"domain_name": "a.example.com",'
                ' "renewal_eligibility": "ELIGIBLE", "not_after": "2026-01-21T00:00:00Z", "in_use_by": ["arn"]}}'
            ),
            ["the certificate of a.example.com ended 10 days ago"],
        ),
        (
            "quota-nearly-used",
            (
                '{"type": "aws_vpc", "name": "vpc-1", "values": {"cidr_block": "10.0.0.0/16"}}'
                '{"type": "aws_vpc", "name": "vpc-2", "values": {"cidr_block": "10.1.0.0/16"}}'
                '{"type": "aws_vpc", "name": "vpc-3", "values": {"cidr_block": "10.2.0.0/16"}}'
                '{"type": "aws_vpc", "name": "vpc-4", "values": {"cidr_block": "10.3.0.0/16"}}'
            ),
            ["? the quota of VPCs in eu-west-1 is not known"],
        ),
        (
            "quota-nearly-used",
            (
                '{"type": "aws_servicequotas_service_quota", "mode": "data", "name": "q", "values":'
                ' {"quota_code": "L-1216C47A", "value": 32.0}}'
                '{"type": "aws_instance", "name": "i-1", "values": {"instance_type": "m7g.4xlarge",'
                ' "instance_state": "running", "instance_lifecycle": null, "instance_market_options": []}}'
                '{"type": "aws_instance", "name": "i-2", "values": {"instance_type": "r5.4xlarge",'
                ' "instance_state": "running", "instance_lifecycle": null, "instance_market_options": []}}'
                '{"type": "aws_instance", "name": "i-3", "values": {"instance_type": "g5.4xlarge",'
                ' "instance_state": "running", "instance_lifecycle": null, "instance_market_options": []}}'
                '{"type": "aws_instance", "name": "i-4", "values": {"instance_type": "m5.4xlarge",'
                ' "instance_state": "stopped", "instance_lifecycle": null, "instance_market_options": []}}'
            ),
            ["32 of 32 vCPUs of running On-Demand Standard instances in eu-west-1 are used"],
        ),
    ],
)
def test_live(tmp_path: Path, check: str, text: str, expected: list[str]) -> None:
    """A live account gives exactly this."""
    assert said(account(tmp_path, text), check) == expected


def test_what_an_unrelated_design_lacks_is_no_finding(tmp_path: Path) -> None:
    """A repository that has nothing to do with an account's baseline is not told that it lacks one."""
    model = design(tmp_path, 'resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n}\n')
    report = engine.run([model], list(CHECKS.values()))
    assert [each.check for each in report.findings if not each.path] == []
    assert [each.check for each in report.undecided] == []


@pytest.mark.parametrize(
    ("check", "text", "expected"),
    [
        ("old-access-key", 'resource "aws_iam_access_key" "ci" {\n  user = "ci"\n}', []),
        ("unused-credential", 'resource "aws_iam_access_key" "ci" {\n  user = "ci"\n}', []),
        (
            "two-active-access-keys",
            (
                'resource "aws_iam_user" "ci" {\n  name = "ci"\n}\n'
                'resource "aws_iam_access_key" "ci" {\n  count = 2\n  user  = aws_iam_user.ci.name\n}'
            ),
            ["ci has 2 active access keys"],
        ),
        (
            "two-active-access-keys",
            'resource "aws_iam_access_key" "ci" {\n  for_each = toset(["a", "b"])\n  user     = each.key\n}',
            [],
        ),
        (
            "stopped-recorder",
            (
                'resource "aws_config_configuration_recorder" "a" {\n  role_arn = "r"\n}\n'
                'resource "aws_config_configuration_recorder_status" "a" {\n  name = "other"\n  is_enabled = true\n}'
            ),
            ["nothing starts the recorder `default`"],
        ),
        (
            "organisation-without-all-features",
            'data "aws_organizations_organization" "o" {}',
            [],
        ),
        (
            "policy-type-not-enabled",
            (
                'resource "aws_organizations_policy" "p" {\n  name = "p"\n  content = "{}"\n}\n'
                'resource "aws_organizations_policy_attachment" "p" {\n'
                '  policy_id = aws_organizations_policy.p.id\n  target_id = "r-1"\n}'
            ),
            [],
        ),
        (
            "quota-exceeded",
            (
                'provider "aws" {\n  region = "eu-west-1"\n}\n'
                'provider "aws" {\n  alias = "other"\n  region = "eu-west-1"\n}\n'
                'resource "aws_vpc" "a" {\n  count = 3\n  cidr_block = "10.0.0.0/16"\n}\n'
                'resource "aws_vpc" "b" {\n  count = 3\n  provider = aws.other\n  cidr_block = "10.0.0.0/16"\n}\n'
            ),
            [],
        ),
        (
            "quota-exceeded",
            (
                'resource "aws_internet_gateway" "a" {\n  count = 5\n}\n'
                'resource "aws_internet_gateway" "b" {\n  count = var.more ? 1 : 0\n}\nvariable "more" {}\n'
                'resource "aws_egress_only_internet_gateway" "c" {\n  vpc_id = "vpc-1"\n}\n'
            ),
            [],
        ),
        (
            "quota-exceeded",
            'resource "aws_internet_gateway" "a" {\n  count = 6\n}\n',
            ["it is one of 6 internet gateways, the default quota is 5"],
        ),
        (
            "session-too-short",
            (
                'provider "aws" {\n  region = "eu-west-1"\n'
                '  assume_role {\n    role_arn = "arn:aws:iam::111122223333:role/hub"\n    duration = "1h"\n  }\n'
                '  assume_role {\n    role_arn = "arn:aws:iam::444455556666:role/deploy"\n    duration = "1h30m"\n  }\n'
                "}\n"
                'resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n}\n'
            ),
            ["its provider asks for 5400 s of arn:aws:iam::444455556666:role/deploy, a chain gives 3600"],
        ),
        (
            "pinned-template-version",
            (
                'resource "aws_autoscaling_group" "a" {\n  min_size = 1\n  max_size = 2\n'
                '  launch_template {\n    id = "lt-0123456789abcdef0"\n    version = "3"\n  }\n}\n'
            ),
            [],
        ),
        (
            "group-without-room",
            (
                'resource "aws_appautoscaling_target" "s" {\n  min_capacity = 2\n  max_capacity = 2\n'
                '  resource_id = "service/a/b"\n  scalable_dimension = "ecs:service:DesiredCount"\n'
                '  service_namespace = "ecs"\n}\n'
                'resource "aws_appautoscaling_policy" "s" {\n  name = "s"\n'
                "  resource_id = aws_appautoscaling_target.s.resource_id\n"
                "  scalable_dimension = aws_appautoscaling_target.s.scalable_dimension\n"
                "  service_namespace = aws_appautoscaling_target.s.service_namespace\n}\n"
            ),
            ["aws_appautoscaling_target.s always has 2"],
        ),
    ],
)
def test_designs(tmp_path: Path, check: str, text: str, expected: list[str]) -> None:
    """A Terraform design gives exactly this."""
    assert said(design(tmp_path, text), check) == expected


SUBNET = 'resource "aws_subnet" "a" {\n  vpc_id     = "vpc-1"\n  cidr_block = "10.0.0.0/28"\n}\n'
BALANCERS = 'resource "aws_lb" "a" {\n  count   = %d\n  subnets = [%s]\n}\n'
SERVICE = (
    'resource "aws_ecs_service" "a" {\n  name          = "a"\n  desired_count = %s\n'
    "  network_configuration {\n    subnets = [aws_subnet.a.id]\n  }\n}\n"
)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (BALANCERS % (1, "aws_subnet.a.id"), []),
        (BALANCERS % (2, "aws_subnet.a.id"), ["aws_subnet.a has 11 addresses, 16 are needed"]),
        (BALANCERS % (2, 'aws_subnet.a.id, "subnet-0a1b2c3d4e5f60718"'), []),
        (
            BALANCERS % (1, "aws_subnet.a.id") + SERVICE % 4,
            ["it may take 4 addresses, its subnet has 3 left"],
        ),
        (SERVICE % "var.tasks" + 'variable "tasks" {}\n', []),
        (SERVICE % 11, []),
    ],
)
def test_addresses_that_are_needed_are_counted(tmp_path: Path, more: str, expected: list[str]) -> None:
    """What certainly takes an address counts; a subnet or a number that is not known does not."""
    assert said(design(tmp_path, SUBNET + more), "subnet-runs-out") == expected


@pytest.mark.parametrize(("action", "found"), [("create", True), ("no-op", False)])
def test_over_an_account_what_a_plan_makes_needs_what_is_free(action: Action, found: bool) -> None:
    """Machines that run already have their address; those that come need one."""
    subnet = Resource(
        "aws_subnet", "s", {"id": "subnet-1", "cidr_block": "10.0.0.0/24", "available_ip_address_count": 1}
    )
    machines = [
        Resource("aws_instance", f"m{n}", {"subnet_id": "subnet-1"}, address=f"aws_instance.m{n}", action=action)
        for n in range(2)
    ]
    model = Model("plan.json", "plan", Resources([subnet, *machines]))
    expected = ["aws_subnet.s has 1 addresses, 2 are needed"] if found else []
    assert said(model, "subnet-runs-out") == expected


PARTS = {
    "aws_guardduty_detector": "",
    "aws_accessanalyzer_analyzer": '  analyzer_name = "main"\n',
    "aws_securityhub_account": "",
    "aws_ebs_encryption_by_default": "",
}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "",
            [
                (
                    "the design has 4 parts of an account's baseline, but not a trail, AWS Config, the account's block "
                    "of public S3 access and a security contact"
                )
            ],
        ),
        (
            'module "trail" {\n  source = "example/trail"\n}\n',
            ['? module "trail" is not installed'],
        ),
        (
            (
                'variable "on" {}\nresource "aws_cloudtrail" "a" {\n  count = var.on ? 1 : 0\n  name = "a"\n'
                '  s3_bucket_name = "a"\n}\n'
            ),
            [
                (
                    "the design has 5 parts of an account's baseline, but not AWS Config, the account's block of "
                    "public S3 access and a security contact"
                )
            ],
        ),
    ],
)
def test_a_baseline_is_told_what_it_leaves_out(tmp_path: Path, more: str, expected: list[str]) -> None:
    """Four of its parts make a design a baseline; what a module that is not there may hold is open."""
    text = "".join(f'resource "{type_}" "main" {{\n{body}}}\n' for type_, body in PARTS.items())
    assert said(design(tmp_path, text + more), "incomplete-baseline") == expected


def test_three_parts_are_no_baseline(tmp_path: Path) -> None:
    """A stack that happens to set a few account-wide things is not told of the others."""
    text = "".join(f'resource "{type_}" "main" {{\n{body}}}\n' for type_, body in list(PARTS.items())[:3])
    assert said(design(tmp_path, text), "incomplete-baseline") == []


SCP = """
resource "aws_organizations_policy" "{name}" {{
  name    = "{name}"
  content = jsonencode({{
    Statement = [{{
      Effect    = "Deny"
      NotAction = "iam:*"
      Resource  = "*"
      Condition = {{ {operator} = {{ "aws:RequestedRegion" = {regions} }} }}
    }}]
  }})
}}
resource "aws_organizations_policy_attachment" "{name}" {{
  policy_id = aws_organizations_policy.{name}.id
  target_id = "{target}"
}}
"""


@pytest.mark.parametrize(
    ("operator", "regions", "target", "found"),
    [
        ("StringNotEquals", '["us-east-1"]', "ou-1", True),
        ("StringNotEquals", '["us-east-1", "eu-west-1"]', "ou-1", False),
        ("StringNotLike", '["eu-*"]', "ou-1", False),
        ("StringNotLike", '["us-*"]', "ou-1", True),
        ("StringEquals", '["us-east-1"]', "ou-1", False),
        ("StringNotEquals", '["us-east-1"]', "ou-2", False),
    ],
)
def test_guardrails_contradict_only_where_both_hold(
    tmp_path: Path, operator: str, regions: str, target: str, found: bool
) -> None:
    """Lists without a common region leave nothing on one target; other targets and denied regions do not matter."""
    first = SCP.format(name="a", operator="StringNotEquals", regions='["eu-west-1"]', target="ou-1")
    second = SCP.format(name="b", operator=operator, regions=regions, target=target)
    assert bool(said(design(tmp_path, first + second), "contradicting-guardrails")) is found


def test_a_plan_over_an_account_is_held_to_the_quota_in_force(tmp_path: Path) -> None:
    """What is live counts, the plan's own once, and the quota is the account's."""
    (tmp_path / "plan").mkdir()
    eip = '{"type": "aws_eip", "name": "eipalloc-%d", "values": {"public_ipv4_pool": "amazon"}}'
    quota = (
        '{"type": "aws_servicequotas_service_quota", "mode": "data", "name": "q",'
        ' "values": {"quota_code": "L-0263D0A3", "value": 4.0}}'
    )
    text = 'provider "aws" {\n  region = "eu-west-1"\n}\nresource "aws_eip" "a" {\n  count  = 2\n  domain = "vpc"\n}\n'
    planned = design(tmp_path / "plan", text)

    def over(live: int, *more: str) -> list[str]:
        below = account(tmp_path, "\n".join([*(eip % n for n in range(live)), *more]))
        return said(overlay(planned, below), "quota-exceeded")

    assert over(2, quota) == []
    assert over(3, quota) == ["it is one of 5 Elastic IP addresses in eu-west-1, 3 of them live, the quota is 4"]
    assert over(4) == ["? the quota of Elastic IP addresses in eu-west-1 is not known"]


def test_a_key_for_root_is_told_by_its_user(tmp_path: Path) -> None:
    """Terraform names whose key it is; keys of others are not meant."""
    text = 'resource "aws_iam_access_key" "%s" {\n  user = "%s"\n}\n'

    found = said(design(tmp_path, text % ("a", "root") + text % ("b", "ci")), "root-access-key")

    assert found == ["an access key is made for a user called root"]
