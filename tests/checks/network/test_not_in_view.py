"""What the checks of clusters, load balancers and peering leave open, rather than pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.network.design import terraform

CLUSTER = """
resource "aws_eks_cluster" "main" {
  name     = "main"
  role_arn = "arn:aws:iam::111122223333:role/cluster"
  vpc_config {
    subnet_ids          = ["subnet-0a1b2c3d4e5f60718"]
    public_access_cidrs = %s
  }
}
"""
EIP = 'resource "aws_eip" "nat" { domain = "vpc" }\n'
CASES = {
    "the addresses of NAT gateways": (
        "cluster-nodes-shut-out",
        EIP + CLUSTER % '["203.0.113.0/24", "${aws_eip.nat.public_ip}/32"]',
        [],
        [],
    ),
    "addresses that are not known": (
        "cluster-nodes-shut-out",
        'variable "cidrs" { type = list(string) }\n' + CLUSTER % "var.cidrs",
        [],
        ["aws_eks_cluster.main: vpc_config[0].public_access_cidrs: var.cidrs has no value"],
    ),
    "an office": ("cluster-nodes-shut-out", CLUSTER % '["203.0.113.0/24"]', ["aws_eks_cluster.main"], []),
    "a subnet that is elsewhere": (
        "cluster-subnet-too-small",
        CLUSTER % '["0.0.0.0/0"]',
        [],
        ["aws_eks_cluster.main: how many addresses subnet-0a1b2c3d4e5f60718 has is not in view"],
    ),
    "a load balancer in subnets that are elsewhere": (
        "load-balancer-in-one-zone",
        'resource "aws_lb" "web" { subnets = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"] }',
        [],
        ["aws_lb.web: the zone of subnet-0a1b2c3d4e5f60718 is not in view"],
    ),
    "a network load balancer": (
        "load-balancer-in-one-zone",
        'resource "aws_lb" "web" {\n  load_balancer_type = "network"\n  subnets = ["subnet-0a1b2c3d4e5f60718"]\n}',
        [],
        [],
    ),
    "a peer of another account": (
        "overlapping-peering",
        """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_vpc_peering_connection" "main" {
  vpc_id        = aws_vpc.main.id
  peer_vpc_id   = "vpc-0a1b2c3d4e5f60718"
  peer_owner_id = "111122223333"
}
""",
        [],
        ["aws_vpc_peering_connection.main: the addresses of its peer_vpc_id are not in view"],
    ),
    "a declared absence of rules beside a rule": (
        "mixed-rule-styles",
        """
resource "aws_security_group" "web" {
  ingress = []
}

resource "aws_vpc_security_group_ingress_rule" "web" {
  security_group_id = aws_security_group.web.id
  ip_protocol       = "-1"
  cidr_ipv4         = "10.0.0.0/8"
}
""",
        ["aws_security_group.web"],
        [],
    ),
    "rules of their own alone": (
        "mixed-rule-styles",
        """
resource "aws_security_group" "web" {}

resource "aws_vpc_security_group_ingress_rule" "web" {
  security_group_id = aws_security_group.web.id
  ip_protocol       = "-1"
  cidr_ipv4         = "10.0.0.0/8"
}
""",
        [],
        [],
    ),
}


@pytest.mark.parametrize(("check", "text", "resources", "reasons"), CASES.values(), ids=CASES.keys())
def test_what_is_not_in_view(tmp_path: Path, check: str, text: str, resources: list[str], reasons: list[str]) -> None:
    """What is not in view is left open with its name, and what is in view decides."""
    found = terraform(tmp_path, text, check)
    assert [each.resource for each in found.findings] == resources
    assert [each.reason for each in found.undecided] == reasons
