"""Endpoints that are of no use or cannot be made: the spellings that examples do not show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.network.design import said, terraform

BASE = """
resource "aws_vpc" "main" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}

resource "aws_route_table" "a" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route_table_association" "a" {
  subnet_id      = aws_subnet.a.id
  route_table_id = aws_route_table.a.id
}

resource "aws_security_group" "app" {
  name   = "app"
  vpc_id = aws_vpc.main.id

  egress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  container_definitions    = jsonencode([{ name = "app", image = "1111.dkr.ecr.eu-west-1.amazonaws.com/app:1" }])
}

resource "aws_ecs_service" "app" {
  name            = "app"
  launch_type     = "FARGATE"
  task_definition = aws_ecs_task_definition.app.arn
  network_configuration {
    subnets         = [aws_subnet.a.id]
    security_groups = [aws_security_group.app.id]
  }
}
"""
LAYERS = "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"


def gateway(statements: str, *, service: str = "com.amazonaws.eu-west-1.s3") -> str:
    """A gateway endpoint for S3 with a policy."""
    return f"""
resource "aws_vpc_endpoint" "s3" {{
  vpc_id          = aws_vpc.main.id
  service_name    = "{service}"
  route_table_ids = [aws_route_table.a.id]
  policy          = jsonencode({{ Version = "2012-10-17", Statement = [{statements}] }})
}}
"""


def statement(effect: str = "Allow", action: str = "s3:*", resource: str = "*", more: str = "") -> str:
    """A statement for everybody."""
    return (
        f'{{ Effect = "{effect}", Principal = "*", Action = "{action}", Resource = "{resource}"{", " if more else ""}'
        f"{more} }}"
    )


OWN = 'Condition = { StringEquals = { "aws:PrincipalAccount" = "111122223333" } }'
OTHERS = 'Condition = { StringNotEquals = { "aws:ResourceAccount" = "111122223333" } }'
POLICIES = {
    "everything": (statement(), 0),
    "the bucket of the layers": (statement(action="s3:GetObject", resource=LAYERS), 0),
    "that of any region": (statement(resource="arn:aws:s3:::prod-*-starport-layer-bucket/*"), 0),
    "that of another region": (statement(resource=LAYERS.replace("eu-west-1", "us-east-1")), 1),
    "other buckets": (statement(resource="arn:aws:s3:::example-*"), 1),
    "writing alone": (statement(action="s3:PutObject"), 1),
    "one's own account": (statement(more=OWN), 1),
    "one's own account, and the layers": (f"{statement(more=OWN)}, {statement(resource=LAYERS)}", 0),
    "everything but other accounts' buckets": (f"{statement()}, {statement('Deny', more=OTHERS)}", 1),
    "everything but a bucket": (f"{statement()}, {statement('Deny', resource='arn:aws:s3:::example/*')}", 0),
    "everything but what is not a bucket of mine": (
        f'{statement()}, {{ Effect = "Deny", Principal = "*", Action = "*", NotResource = "arn:aws:s3:::example/*" }}',
        1,
    ),
}


@pytest.mark.parametrize(("statements", "count"), POLICIES.values(), ids=POLICIES.keys())
def test_policy_of_a_gateway(tmp_path: Path, statements: str, count: int) -> None:
    """Images are pulled only if the policy lets ECR's own links through."""
    found = terraform(tmp_path, BASE + gateway(statements), "image-layers-forbidden")
    assert (
        said(found.findings)
        == [
            (
                "high",
                "aws_vpc_endpoint.s3",
                (
                    "it forbids s3:GetObject on prod-eu-west-1-starport-layer-bucket, where the images of "
                    "aws_ecs_service.app are: `CannotPullContainerError`"
                ),
            )
        ]
        * count
    )
    assert found.undecided == []


def test_a_policy_that_is_not_known(tmp_path: Path) -> None:
    """Whether a policy that is not known lets layers through is left open."""
    text = 'variable "policy" {}\n' + gateway("").replace(
        'jsonencode({ Version = "2012-10-17", Statement = [] })', "var.policy"
    )
    found = terraform(tmp_path, BASE + text, "image-layers-forbidden")
    assert said(found.findings) == []
    assert [each.check for each in found.undecided] == ["image-layers-forbidden"]


def test_a_policy_of_its_own(tmp_path: Path) -> None:
    """The policy may be a resource of its own."""
    text = """
resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.main.id
  service_name    = "com.amazonaws.eu-west-1.s3"
  route_table_ids = [aws_route_table.a.id]
}

resource "aws_vpc_endpoint_policy" "s3" {
  vpc_endpoint_id = aws_vpc_endpoint.s3.id
  policy = jsonencode({
    Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::example/*" }]
  })
}
"""
    found = terraform(tmp_path, BASE + text, "image-layers-forbidden")
    assert [each.resource for each in found.findings] == ["aws_vpc_endpoint_policy.s3"]


def test_a_policy_that_no_image_passes(tmp_path: Path) -> None:
    """A policy that forbids layers stops nobody if images come from elsewhere."""
    text = BASE.replace("1111.dkr.ecr.eu-west-1.amazonaws.com/app:1", "nginx:1")
    found = terraform(tmp_path, text + gateway(statement(more=OWN)), "image-layers-forbidden")
    assert said(found.findings) == []


# Private names


def named(name: str, service: str, more: str = "", vpc: str = "aws_vpc.main.id") -> str:
    """An interface endpoint with private DNS."""
    return f"""
resource "aws_vpc_endpoint" "{name}" {{
  vpc_id              = {vpc}
  vpc_endpoint_type   = "Interface"
  service_name        = "com.amazonaws.eu-west-1.{service}"
  subnet_ids          = [aws_subnet.a.id]
  private_dns_enabled = true
  {more}
}}
"""


def test_two_of_which_one_is_made(tmp_path: Path) -> None:
    """Of two endpoints that may not both be there, nothing can be said."""
    choice = 'variable "on" { type = bool }'
    text = choice + named("a", "logs", "count = var.on ? 1 : 0") + named("b", "logs", "count = var.on ? 0 : 1")
    found = terraform(tmp_path, BASE + text, "private-name-conflict")
    assert said(found.findings) == []
    assert [each.check for each in found.undecided] == ["private-name-conflict"]


def test_the_same_service_in_two_networks(tmp_path: Path) -> None:
    """Each VPC has its own names."""
    other = 'resource "aws_vpc" "other" { cidr_block = "10.1.0.0/16" }'
    text = other + named("a", "logs") + named("b", "logs", vpc="aws_vpc.other.id")
    assert said(terraform(tmp_path, BASE + text, "private-name-conflict").findings) == []


ZONES = {
    "api.ecr.eu-west-1.amazonaws.com": 1,
    "ecr.eu-west-1.amazonaws.com": 0,
    "amazonaws.com": 0,
}


@pytest.mark.parametrize(("zone", "count"), ZONES.items(), ids=ZONES.keys())
def test_a_zone_beside_an_endpoint(tmp_path: Path, zone: str, count: int) -> None:
    """A private zone is in conflict only if it has the service's own name, which is not always the service's."""
    text = f"""
resource "aws_route53_zone" "private" {{
  name = "{zone}"
  vpc {{ vpc_id = aws_vpc.main.id }}
}}
"""
    found = terraform(tmp_path, BASE + named("a", "ecr.api") + text, "private-name-conflict")
    assert len(found.findings) == count


# An endpoint that lets nobody in

SHUT = {
    "no rule": ("", 1),
    "another port": (
        'ingress {\n from_port = 80\n to_port = 80\n protocol = "tcp"\n cidr_blocks = ["10.0.0.0/8"]\n }',
        1,
    ),
    "a rule that is not known": (
        (
            'dynamic "ingress" {\n for_each = var.rules\n content {\n from_port = 443\n to_port = 443\n'
            ' protocol = "tcp"\n'
            " cidr_blocks = [ingress.value]\n }\n }"
        ),
        0,
    ),
    "itself": ('ingress {\n from_port = 0\n to_port = 0\n protocol = "-1"\n self = true\n }', 0),
}


@pytest.mark.parametrize(("rules", "count"), SHUT.values(), ids=SHUT.keys())
def test_an_endpoint_without_clients_in_view(tmp_path: Path, rules: str, count: int) -> None:
    """An endpoint that surely lets nobody in is reported without a client in view."""
    text = f"""
variable "rules" {{ type = list(string) }}

resource "aws_security_group" "endpoint" {{
  vpc_id = aws_vpc.main.id
  {rules}
}}
""" + named("a", "kms", "security_group_ids = [aws_security_group.endpoint.id]")
    found = terraform(tmp_path, BASE + text, "endpoint-closed-to-clients")
    assert (
        said(found.findings)
        == [
            (
                "high",
                "aws_vpc_endpoint.a",
                "its security groups let nobody in on port 443: calls to kms time out",
            )
        ]
        * count
    )
