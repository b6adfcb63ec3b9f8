"""Security groups and load balancers that keep out whom they are for: the spellings that examples do not show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.network.design import said, terraform

BASE = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "a" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.1.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_subnet" "b" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.2.0/24"
  availability_zone = "eu-west-1b"
}

resource "aws_security_group" "client" {
  name   = "client"
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group" "server" {
  name   = "server"
  vpc_id = aws_vpc.main.id
}
"""


def rule(way: str, name: str, group: str, port: int, peer: str) -> str:
    """A rule that is a resource of its own."""
    return f"""
resource "aws_vpc_security_group_{way}_rule" "{name}" {{
  security_group_id = aws_security_group.{group}.id
  ip_protocol       = "tcp"
  from_port         = {port}
  to_port           = {port}
  {peer}
}}
"""


def host(name: str, *groups: str) -> str:
    """An instance in some groups."""
    names = ", ".join(f"aws_security_group.{group}.id" for group in groups)
    return f"""
resource "aws_instance" "{name}" {{
  ami                    = "ami-0a1b2c3d4e5f60718"
  subnet_id              = aws_subnet.a.id
  vpc_security_group_ids = [{names}]
}}
"""


LETS_IN = rule("ingress", "in", "server", 5432, "referenced_security_group_id = aws_security_group.client.id")
OUT = {
    "nothing for this port": (rule("egress", "out", "client", 443, 'cidr_ipv4 = "0.0.0.0/0"'), 1),
    "other addresses": (rule("egress", "out", "client", 5432, 'cidr_ipv4 = "10.9.0.0/16"'), 1),
    "the server's group": (
        rule("egress", "out", "client", 5432, "referenced_security_group_id = aws_security_group.server.id"),
        0,
    ),
    "the server's subnet": (rule("egress", "out", "client", 5432, "cidr_ipv4 = aws_subnet.a.cidr_block"), 0),
    "an address that is not known": (
        'variable "cidr" {}\n' + rule("egress", "out", "client", 5432, "cidr_ipv4 = var.cidr"),
        0,
    ),
    "a prefix list": (
        """
resource "aws_ec2_managed_prefix_list" "own" {
  name           = "own"
  address_family = "IPv4"
  max_entries    = 2
  entry { cidr = "10.0.0.0/16" }
}
"""
        + rule("egress", "out", "client", 5432, "prefix_list_id = aws_ec2_managed_prefix_list.own.id"),
        0,
    ),
    "nothing at all, which has a check of its own": ("", 0),
}


@pytest.mark.parametrize(("out", "count"), OUT.values(), ids=OUT.keys())
def test_what_the_client_may_send(tmp_path: Path, out: str, count: int) -> None:
    """A rule at the server is of use only if the client's group lets it out there."""
    text = BASE + LETS_IN + out + host("client", "client") + host("server", "server")
    found = terraform(tmp_path, text, "egress-misses-target")
    expected = (
        "high",
        "aws_vpc_security_group_ingress_rule.in",
        (
            "it lets in aws_security_group.client on TCP 5432 (PostgreSQL), but aws_security_group.client does not let "
            "aws_instance.client out there: its connections time out"
        ),
    )
    assert said(found.findings) == [expected] * count
    assert [each.check for each in found.undecided] == ["egress-misses-target"] * ("var.cidr" in out)


def test_another_group_of_the_client(tmp_path: Path) -> None:
    """What one of the client's groups lacks another one may have."""
    more = """
resource "aws_security_group" "common" {
  name   = "common"
  vpc_id = aws_vpc.main.id
}
"""
    wide = rule("egress", "wide", "common", 5432, 'cidr_ipv4 = "10.0.0.0/8"')
    narrow = rule("egress", "out", "client", 443, 'cidr_ipv4 = "0.0.0.0/0"')
    text = BASE + more + LETS_IN + wide + narrow + host("client", "client", "common") + host("server", "server")
    assert said(terraform(tmp_path, text, "egress-misses-target").findings) == []


# Names of groups in other networks

OTHER = """
resource "aws_vpc" "other" {
  cidr_block = "10.1.0.0/16"
}

resource "aws_security_group" "other" {
  name   = "other"
  vpc_id = aws_vpc.other.id
}
""" + rule("ingress", "far", "server", 443, "referenced_security_group_id = aws_security_group.other.id")
PEERING = """
resource "aws_vpc_peering_connection" "main" {
  vpc_id      = aws_vpc.main.id
  peer_vpc_id = aws_vpc.other.id
  %s
}
"""
REFERENCES = {
    "nothing between": ("", ["nothing connects the two (`two resources that belong to different networks`)"]),
    "a peering connection": (PEERING % "auto_accept = true", []),
    "a peering connection to another region": (
        'provider "aws" { region = "eu-west-1" }' + PEERING % 'peer_region = "us-east-1"',
        ["aws_vpc_peering_connection.main leads to another region"],
    ),
}


@pytest.mark.parametrize(("between", "reasons"), REFERENCES.values(), ids=REFERENCES.keys())
def test_a_group_of_another_network(tmp_path: Path, between: str, reasons: list[str]) -> None:
    """A group of another VPC can be named over a peering connection of the same region only."""
    found = terraform(tmp_path, BASE + OTHER + between, "group-reference-not-kept")
    assert [each.message for each in found.findings] == [
        f"it names aws_security_group.other of aws_vpc.other, which aws_vpc.main cannot see: {reason}"
        for reason in reasons
    ]


# Self rules

GLUE = """
resource "aws_glue_connection" "main" {
  name = "main"
  physical_connection_requirements {
    subnet_id              = aws_subnet.a.id
    security_group_id_list = [aws_security_group.server.id]
  }
}
"""
SELF = {
    "none": ("", 1),
    "one port": (
        rule("ingress", "self", "server", 443, "referenced_security_group_id = aws_security_group.server.id"),
        1,
    ),
    "an old rule": (
        """
resource "aws_security_group_rule" "self" {
  security_group_id = aws_security_group.server.id
  type              = "ingress"
  protocol          = "-1"
  from_port         = 0
  to_port           = 0
  self              = true
}
""",
        0,
    ),
    "the VPC's addresses": (
        """
resource "aws_security_group_rule" "vpc" {
  security_group_id = aws_security_group.server.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 0
  to_port           = 65535
  cidr_blocks       = [aws_vpc.main.cidr_block]
}
""",
        0,
    ),
}


@pytest.mark.parametrize(("more", "count"), SELF.values(), ids=SELF.keys())
def test_workers_of_a_job(tmp_path: Path, more: str, count: int) -> None:
    """The workers of a job reach each other however the rule for that is written."""
    found = terraform(tmp_path, BASE + GLUE + more, "job-group-without-self-rule")
    assert len(found.findings) == count
    assert found.undecided == []


def test_a_group_that_is_elsewhere(tmp_path: Path) -> None:
    """What a group lets in that is not in view is not known."""
    text = BASE + GLUE.replace("aws_security_group.server.id", '"sg-0a1b2c3d4e5f60718"')
    found = terraform(tmp_path, text, "job-group-without-self-rule")
    assert said(found.findings) == []
    assert [each.check for each in found.undecided] == ["job-group-without-self-rule"]


# Load balancers


def balancer(target: str, *, health: str = "", kind: str = "application") -> str:
    """A load balancer with a target group on port 8080."""
    groups = "[aws_security_group.client.id]" if kind == "application" else "null"
    protocol = "HTTP" if kind == "application" else "TCP"
    return f"""
resource "aws_lb" "web" {{
  name               = "web"
  internal           = true
  load_balancer_type = "{kind}"
  subnets            = [aws_subnet.a.id, aws_subnet.b.id]
  security_groups    = {groups}
}}

resource "aws_lb_target_group" "app" {{
  port        = 8080
  protocol    = "{protocol}"
  vpc_id      = aws_vpc.main.id
  target_type = "{"ip" if "ecs" in target else "instance"}"
  {health}
}}

resource "aws_lb_listener" "web" {{
  load_balancer_arn = aws_lb.web.arn
  port              = 80
  protocol          = "{protocol}"
  default_action {{
    type             = "forward"
    target_group_arn = aws_lb_target_group.app.arn
  }}
}}
{target}
"""


ATTACHED = (
    host("app", "server")
    + """
resource "aws_lb_target_group_attachment" "app" {
  target_group_arn = aws_lb_target_group.app.arn
  target_id        = aws_instance.app.id
}
"""
)
SERVICE = """
resource "aws_ecs_service" "app" {
  name = "app"
  network_configuration {
    subnets         = [aws_subnet.a.id]
    security_groups = [aws_security_group.server.id]
  }
  load_balancer {
    target_group_arn = aws_lb_target_group.app.arn
    container_name   = "app"
    container_port   = 3000
  }
}
"""
TO_TARGET = rule("egress", "out", "client", 8080, 'cidr_ipv4 = "10.0.0.0/16"')
FROM_BALANCER = rule("ingress", "in", "server", 8080, "referenced_security_group_id = aws_security_group.client.id")
MESSAGE = (
    "aws_lb.web does not reach {} on TCP {}, where its {} goes: the target stays unhealthy, and clients get 503 or 504"
)


def test_a_target_that_is_open(tmp_path: Path) -> None:
    """Where both groups let the traffic through, the target is reached."""
    found = terraform(tmp_path, BASE + TO_TARGET + FROM_BALANCER + balancer(ATTACHED), "targets-unreachable")
    assert said(found.findings) == []


def test_a_health_check_on_another_port(tmp_path: Path) -> None:
    """A health check on a port of its own needs rules of its own."""
    text = BASE + TO_TARGET + FROM_BALANCER + balancer(ATTACHED, health='health_check { port = "9000" }')
    found = terraform(tmp_path, text, "targets-unreachable")
    message = MESSAGE.format("aws_instance.app", 9000, "health checks")
    assert said(found.findings) == [("high", "aws_lb_target_group.app", message)]


def test_the_port_of_a_container(tmp_path: Path) -> None:
    """A task is reached on the port of its container, whatever the target group's port is."""
    rules = (TO_TARGET + FROM_BALANCER).replace("8080", "3000")
    assert said(terraform(tmp_path, BASE + rules + balancer(SERVICE), "targets-unreachable").findings) == []
    found = terraform(tmp_path, BASE + TO_TARGET + FROM_BALANCER + balancer(SERVICE), "targets-unreachable")
    message = MESSAGE.format("aws_ecs_service.app", 3000, "traffic")
    assert said(found.findings) == [("high", "aws_lb_target_group.app", message)]


def test_the_subnets_of_a_network_load_balancer(tmp_path: Path) -> None:
    """A Network Load Balancer without groups is let in by the addresses of its subnets."""
    inward = rule("ingress", "in", "server", 8080, "cidr_ipv4 = aws_vpc.main.cidr_block")
    text = BASE + inward + balancer(ATTACHED, kind="network")
    assert said(terraform(tmp_path, text, "targets-unreachable").findings) == []
    shut = BASE + FROM_BALANCER + balancer(ATTACHED, kind="network")
    found = terraform(tmp_path, shut, "targets-unreachable")
    message = MESSAGE.format("aws_instance.app", "8080 (HTTP)", "traffic").replace("8080 (HTTP)", "8080")
    assert [each.message for each in found.findings] == [message]


def test_a_target_whose_group_is_elsewhere(tmp_path: Path) -> None:
    """Whether a target whose group is not in view is reached is left open."""
    attached = ATTACHED.replace("aws_security_group.server.id", '"sg-0a1b2c3d4e5f60718"')
    found = terraform(tmp_path, BASE + TO_TARGET + balancer(attached), "targets-unreachable")
    assert said(found.findings) == []
    assert [each.check for each in found.undecided] == ["targets-unreachable"]


def test_targets_that_are_elsewhere(tmp_path: Path) -> None:
    """Nothing is said of targets that are registered outside of the design."""
    found = terraform(tmp_path, BASE + TO_TARGET + balancer(""), "targets-unreachable")
    assert said(found.findings) == []


def test_another_load_balancer_of_the_same_target(tmp_path: Path) -> None:
    """That one load balancer reaches a target does not help another one."""
    second = balancer(
        """
resource "aws_lb_target_group_attachment" "second" {
  target_group_arn = aws_lb_target_group.app.arn
  target_id        = aws_instance.app.id
}
""",
        kind="network",
    )
    second = second.replace("_lb.web", "_lb.second").replace('"web"', '"second"')
    second = second.replace("_group.app.arn", "_group.second.arn").replace('_group" "app"', '_group" "second"')
    inward = rule("ingress", "in", "server", 8080, "cidr_ipv4 = aws_subnet.b.cidr_block")
    narrow = balancer(ATTACHED).replace("aws_subnet.a.id, aws_subnet.b.id", "aws_subnet.a.id")
    outward = rule("egress", "out", "client", 8080, 'cidr_ipv4 = "10.0.0.0/16"')
    found = terraform(tmp_path, BASE + inward + outward + narrow + second, "targets-unreachable")
    assert [each.resource for each in found.findings] == ["aws_lb_target_group.app"]
