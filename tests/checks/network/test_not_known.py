"""A value that is not known never makes a finding where a known one would not: designs that work, with a hole."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardrails.finding import Kind
from tests.checks.network.design import CATALOG, said, terraform
from tests.checks.network.test_working_network import NETWORK, WORKLOADS

PRODUCTIVITY = [
    check.id
    for check in CATALOG.checks.values()
    if check.kind is Kind.PRODUCTIVITY and Path(CATALOG.paths[check.id]).parent.name == "network"
]
HOLE = 'variable "hole" {}\n'
HOLES = {
    "how many NAT gateways": ('resource "aws_nat_gateway" "main" {', "count = var.hole"),
    "how many routes to them": ('resource "aws_route" "nat" {', "count = var.hole"),
    "how many associations of private subnets": (
        'resource "aws_route_table_association" "private" {',
        "count = var.hole",
    ),
    "how many associations of public subnets": (
        'resource "aws_route_table_association" "public" {',
        "count = var.hole",
    ),
    "how many route tables": ('resource "aws_route_table" "private" {', "count = var.hole"),
    "how many IPv6 routes": ('resource "aws_route" "ipv6" {', "count = var.hole"),
    "the zones of private subnets": ('resource "aws_subnet" "private" {', "availability_zone = var.hole"),
    "the zones of public subnets": ('resource "aws_subnet" "public" {', "availability_zone = var.hole"),
    "the addresses of private subnets": ('resource "aws_subnet" "private" {', "cidr_block = var.hole"),
    "where IPv4 routes lead": ('resource "aws_route" "nat" {', "destination_cidr_block = var.hole"),
    "whether the load balancer is internal": ('resource "aws_lb" "web" {', "internal = var.hole"),
    "the port of a rule": ('resource "aws_vpc_security_group_ingress_rule" "app" {', "from_port = var.hole"),
    "the protocol of a rule": ('resource "aws_vpc_security_group_egress_rule" "app" {', "ip_protocol = var.hole"),
    "the port of the target group": ('resource "aws_lb_target_group" "app" {', "port = var.hole"),
    "whether the cluster's endpoint is private": ('resource "aws_eks_cluster" "main" {', ""),
}


@pytest.mark.parametrize(("head", "line"), HOLES.values(), ids=HOLES.keys())
def test_a_hole_in_a_working_network(tmp_path: Path, head: str, line: str) -> None:
    """What is not known of a network that works is left open at most."""
    text = NETWORK + WORKLOADS
    assert head in text
    before, _, after = text.partition(head)
    name = line.partition(" ")[0]
    body, end, rest = after.partition("\n}\n")
    lines = [each for each in body.splitlines() if not name or each.split()[:1] != [name]]
    if not name:
        lines = [each.replace("endpoint_private_access = true", "endpoint_private_access = var.hole") for each in lines]
    found = terraform(tmp_path, HOLE + before + head + "\n".join(["", f"  {line}", *lines]) + end + rest, *PRODUCTIVITY)
    assert said(found.findings) == []
    assert found.problems == []


def test_the_type_of_an_endpoint(tmp_path: Path) -> None:
    """An endpoint whose type is not known may be the one that is needed."""
    text = """
resource "aws_vpc" "main" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}

resource "aws_sqs_queue" "jobs" {}

resource "aws_lambda_function" "app" {
  environment {
    variables = { QUEUE = aws_sqs_queue.jobs.url }
  }
  vpc_config {
    subnet_ids         = [aws_subnet.a.id]
    security_group_ids = [aws_vpc.main.default_security_group_id]
  }
}

resource "aws_vpc_endpoint" "sqs" {
  vpc_id              = aws_vpc.main.id
  vpc_endpoint_type   = var.hole
  service_name        = "com.amazonaws.eu-west-1.sqs"
  subnet_ids          = [aws_subnet.a.id]
  private_dns_enabled = true
}
"""
    found = terraform(tmp_path, HOLE + text, "function-without-way-out")
    assert said(found.findings) == []
    assert [each.reason for each in found.undecided] == ["whether it reaches sqs: the type of aws_vpc_endpoint.sqs"]
    several = text.replace('"com.amazonaws.eu-west-1.sqs"', '"com.amazonaws.eu-west-1.${each.key}"').replace(
        "= var.hole", '= "Interface"\n  for_each = toset(var.hole)'
    )
    found = terraform(tmp_path, HOLE + several, "function-without-way-out")
    assert said(found.findings) == []
    assert [each.check for each in found.undecided] == ["function-without-way-out"]
