"""The usual fix of a security check, made carelessly, is what its counter-check finds."""

from __future__ import annotations

from pathlib import Path

from guardrails.finding import Kind
from tests.checks.network.design import CATALOG, said, terraform

HOST = """
resource "aws_security_group" "host" {
  name = "host"
  %s
}

resource "aws_instance" "host" {
  ami                    = "ami-0a1b2c3d4e5f60718"
  subnet_id              = "subnet-0a1b2c3d4e5f60718"
  vpc_security_group_ids = [aws_security_group.host.id]
  key_name               = "ops"
}
"""
SSH = """
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["%s"]
  }
"""
MESSAGE = "it has a login key, but no rule lets anything in on SSH or RDP, and Session Manager may not manage it"


def test_ssh_is_closed(tmp_path: Path) -> None:
    """Closing SSH without another way in leaves nobody in; narrowing it does not."""
    checks = ("open-admin-port", "no-way-in")
    opened = terraform(tmp_path, HOST % (SSH % "0.0.0.0/0"), *checks)
    assert [each.check for each in opened.findings] == ["open-admin-port"]
    closed = terraform(tmp_path, HOST % "", *checks)
    assert said(closed.findings) == [("medium", "aws_instance.host", MESSAGE)]
    narrowed = terraform(tmp_path, HOST % (SSH % "203.0.113.0/24"), *checks)
    assert said(narrowed.findings) == []


def test_a_role_that_is_elsewhere(tmp_path: Path) -> None:
    """Whether a role lets Session Manager in that is not in view is left open."""
    text = (HOST % "").replace("key_name ", 'iam_instance_profile = "ops"\n  key_name ')
    found = terraform(tmp_path, text, "no-way-in")
    assert said(found.findings) == []
    assert [each.reason for each in found.undecided] == ["aws_instance.host: what its role allows is not in view"]


def test_an_instance_without_a_key(tmp_path: Path) -> None:
    """An instance that nobody is meant to log in to needs no way in."""
    found = terraform(tmp_path, (HOST % "").replace('  key_name               = "ops"\n', ""), "no-way-in")
    assert said(found.findings) == []
    assert found.undecided == []


def test_egress_is_closed(tmp_path: Path) -> None:
    """Taking away all egress is not the repair of unrestricted egress."""
    checks = ("unrestricted-egress", "security-group-without-egress")
    everything = """
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
"""
    assert [each.check for each in terraform(tmp_path, HOST % everything, *checks).findings] == ["unrestricted-egress"]
    assert [each.check for each in terraform(tmp_path, HOST % "", *checks).findings] == [
        "security-group-without-egress"
    ]


TASK = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.main.id
  service_name    = "com.amazonaws.eu-west-1.s3"
  route_table_ids = [aws_vpc.main.main_route_table_id]
  %s
}

resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  container_definitions    = jsonencode([{ name = "app", image = "1111.dkr.ecr.eu-west-1.amazonaws.com/app:1" }])
}

resource "aws_ecs_service" "app" {
  launch_type     = "FARGATE"
  task_definition = aws_ecs_task_definition.app.arn
  network_configuration {
    subnets = [aws_subnet.a.id]
  }
}
"""
OWN = """{
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:*"
      Resource  = "*"
      Condition = { StringEquals = { "aws:ResourceOrgID" = "o-a1b2c3d4e5" } }
    }"""
LAYERS = """{
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"
    }"""


def test_an_endpoint_policy(tmp_path: Path) -> None:
    """A policy for one's own organization alone keeps container images from being pulled."""
    checks = ("endpoint-without-policy", "image-layers-forbidden")

    def found(*statements: str) -> list[str]:
        policy = f"policy = jsonencode({{ Statement = [{', '.join(statements)}] }})" if statements else ""
        return [each.check for each in terraform(tmp_path, TASK % policy, *checks).findings]

    assert found() == ["endpoint-without-policy"]
    assert found(OWN) == ["image-layers-forbidden"]
    assert found(OWN, LAYERS) == []


def test_both_sides(tmp_path: Path) -> None:
    """A counter-check stands on the other side than the check that names it."""
    del tmp_path
    sides = {
        (str(check.kind), str(CATALOG.checks[other].kind))
        for check in CATALOG.checks.values()
        if check.kind is Kind.SECURITY and Path(CATALOG.paths[check.id]).parent.name == "network"
        for other in check.counter_checks
    }
    assert sides == {("security", "productivity")}
