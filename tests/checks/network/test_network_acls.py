"""Network ACLs that drop answers: the spellings that examples do not show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.network.design import said, terraform

BASE = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "app" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}

resource "aws_instance" "app" {
  ami       = "ami-0a1b2c3d4e5f60718"
  subnet_id = aws_subnet.app.id
}
"""
WHOLE, SOME = "network-acl-drops-answers", "network-acl-drops-some-answers"


def acl(*rules: str, subnets: str = "[aws_subnet.app.id]") -> str:
    """An ACL with rules in blocks: `in 443 0.0.0.0/0`, `out 1024-65535 10.0.0.0/8`, `!` before denies."""
    blocks = ""
    for number, rule in enumerate(rules):
        way, ports, cidr = rule.removeprefix("!").split()
        low, _, high = ports.partition("-")
        blocks += f"""
  {"ingress" if way == "in" else "egress"} {{
    rule_no    = {100 + number}
    action     = "{"deny" if rule.startswith("!") else "allow"}"
    protocol   = "tcp"
    from_port  = {low}
    to_port    = {high or low}
    {"ipv6_cidr_block" if ":" in cidr else "cidr_block"} = "{cidr}"
  }}
"""
    return f"""
resource "aws_network_acl" "app" {{
  vpc_id     = aws_vpc.main.id
  subnet_ids = {subnets}
{blocks}
}}
"""


SILENT = {
    "no egress": (
        ["in 443 0.0.0.0/0"],
        "connections on TCP 443 (HTTPS) pass, but no answer is let out for the whole IPv4 internet: they time out",
    ),
    "answers for other addresses": (
        ["in 443 10.0.0.0/16", "out 1024-65535 10.1.0.0/16"],
        "connections on TCP 443 (HTTPS) pass, but no answer is let out for 10.0.0.0/16: they time out",
    ),
    "answers for IPv4 alone": (
        ["in 443 ::/0", "out 1024-65535 0.0.0.0/0"],
        "connections on TCP 443 (HTTPS) pass, but no answer is let out for the whole IPv6 internet: they time out",
    ),
    "outward": (
        ["out 443 0.0.0.0/0", "in 443 10.0.0.0/16", "out 1024-65535 10.0.0.0/16"],
        "connections on TCP 443 (HTTPS) pass, but no answer is let in for the whole IPv4 internet: they time out",
    ),
    "answers that are denied first": (
        ["in 443 0.0.0.0/0", "!out 1-65535 0.0.0.0/0", "out 1024-65535 0.0.0.0/0"],
        "connections on TCP 443 (HTTPS) pass, but no answer is let out for the whole IPv4 internet: they time out",
    ),
    "two ports": (
        ["in 80 0.0.0.0/0", "in 443 0.0.0.0/0"],
        ("connections on TCP 80, 443 pass, but no answer is let out for the whole IPv4 internet: they time out"),
    ),
}


@pytest.mark.parametrize(("rules", "message"), SILENT.values(), ids=SILENT.keys())
def test_no_answers(tmp_path: Path, rules: list[str], message: str) -> None:
    """Connections that get through without an answer are one finding for each direction."""
    found = terraform(tmp_path, BASE + acl(*rules), WHOLE, SOME)
    assert said(found.findings) == [("high", "aws_network_acl.app", message)]


FINE = {
    "every client port": ["in 443 0.0.0.0/0", "out 1024-65535 0.0.0.0/0"],
    "everything": ["in 0-65535 0.0.0.0/0", "out 0-65535 0.0.0.0/0"],
    "client ports alone": ["in 1024-65535 0.0.0.0/0", "out 443 0.0.0.0/0"],
    "the ports of Linux for an instance": ["out 443 0.0.0.0/0", "in 32768-60999 0.0.0.0/0"],
    "a few denied ports": ["in 443 0.0.0.0/0", "!out 3389 0.0.0.0/0", "out 1024-65535 0.0.0.0/0"],
    "two halves of the ports": ["in 443 0.0.0.0/0", "out 1024-32767 0.0.0.0/0", "out 32768-65535 0.0.0.0/0"],
    "two halves of the internet": ["in 443 0.0.0.0/0", "out 1024-65535 0.0.0.0/1", "out 1024-65535 128.0.0.0/1"],
    "connections that are denied first": ["!in 443 0.0.0.0/0", "in 443 0.0.0.0/0"],
}


@pytest.mark.parametrize("rules", FINE.values(), ids=FINE.keys())
def test_answers(tmp_path: Path, rules: list[str]) -> None:
    """An ACL that lets answers through has nothing to report."""
    found = terraform(tmp_path, BASE + acl(*rules), WHOLE, SOME)
    assert said(found.findings) == []
    assert found.undecided == []


def test_a_subnet_with_a_nat_gateway(tmp_path: Path) -> None:
    """A NAT gateway takes other ports than the instances beside it."""
    nat = """
resource "aws_nat_gateway" "main" {
  allocation_id = "eipalloc-0a1b2c3d4e5f60718"
  subnet_id     = aws_subnet.app.id
}
"""
    found = terraform(tmp_path, BASE + nat + acl("out 443 0.0.0.0/0", "in 32768-60999 0.0.0.0/0"), WHOLE, SOME)
    assert said(found.findings) == [
        (
            "medium",
            "aws_network_acl.app",
            (
                "answers to connections on TCP 443 (HTTPS) are not let in on TCP 1024-32767, 61000-65535, which "
                "interface of aws_nat_gateway.main may use: some of them time out"
            ),
        )
    ]


def test_rules_of_their_own(tmp_path: Path) -> None:
    """Rules may be resources of their own, and the fix is one more of them with the next number."""
    text = """
resource "aws_network_acl" "app" {
  vpc_id = aws_vpc.main.id
}

resource "aws_network_acl_association" "app" {
  network_acl_id = aws_network_acl.app.id
  subnet_id      = aws_subnet.app.id
}

resource "aws_network_acl_rule" "https" {
  network_acl_id = aws_network_acl.app.id
  rule_number    = 100
  rule_action    = "allow"
  protocol       = "6"
  from_port      = 443
  to_port        = 443
  cidr_block     = "0.0.0.0/0"
}

resource "aws_network_acl_rule" "https_out" {
  network_acl_id = aws_network_acl.app.id
  egress         = true
  rule_number    = 110
  rule_action    = "allow"
  protocol       = "udp"
  from_port      = 53
  to_port        = 53
  cidr_block     = "0.0.0.0/0"
}
"""
    found = terraform(tmp_path, BASE + text, WHOLE, SOME)
    assert [(each.resource, each.origin.location and each.origin.location.line) for each in found.findings] == [  # type: ignore[union-attr]  # a file's
        ("aws_network_acl_rule.https", 25)
    ]
    fix = found.findings[0].fix
    assert fix is not None
    assert "  rule_number = 120" in fix.terraform.splitlines()


def test_rules_that_are_not_known(tmp_path: Path) -> None:
    """Rules that are not known leave it open whether answers get through."""
    text = """
variable "rules" { type = any }

resource "aws_network_acl" "app" {
  vpc_id     = aws_vpc.main.id
  subnet_ids = [aws_subnet.app.id]

  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    from_port  = 443
    to_port    = 443
    cidr_block = "0.0.0.0/0"
  }

  dynamic "egress" {
    for_each = var.rules
    content {
      rule_no    = egress.value.number
      action     = "allow"
      protocol   = "tcp"
      from_port  = 1024
      to_port    = 65535
      cidr_block = egress.value.cidr
    }
  }
}
"""
    found = terraform(tmp_path, BASE + text, WHOLE, SOME)
    assert said(found.findings) == []
    assert [each.check for each in found.undecided] == [WHOLE]


@pytest.mark.parametrize("subnets", ["[]", "null"])
def test_an_acl_that_no_subnet_has(tmp_path: Path, subnets: str) -> None:
    """An ACL without subnets drops nothing."""
    found = terraform(tmp_path, BASE + acl("in 443 0.0.0.0/0", subnets=subnets), WHOLE, SOME)
    assert said(found.findings) == []


ELSEWHERE = """
resource "aws_network_acl_association" "app" {
  network_acl_id = aws_network_acl.app.id
  subnet_id      = "subnet-0a1b2c3d4e5f60718"
}
"""


def test_an_acl_of_a_subnet_that_is_elsewhere(tmp_path: Path) -> None:
    """An ACL drops the answers of a subnet that is not in view, too."""
    found = terraform(tmp_path, BASE + acl("in 443 0.0.0.0/0", subnets="null") + ELSEWHERE, WHOLE, SOME)
    assert [each.check for each in found.findings] == [WHOLE]
