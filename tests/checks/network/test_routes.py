"""Routes that lead nowhere: the spellings that examples do not show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.network.design import said, terraform

BASE = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.0.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_subnet" "private" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.1.0/24"
  availability_zone = "eu-west-1b"
}
"""
DEFAULT_TABLE = """
resource "aws_default_route_table" "main" {
  default_route_table_id = aws_vpc.main.default_route_table_id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}
"""
MAIN_ROUTE = """
resource "aws_route" "main" {
  route_table_id         = aws_vpc.main.main_route_table_id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}
"""
HALVES = """
resource "aws_route" "half" {
  for_each               = toset(["0.0.0.0/1", "128.0.0.0/1"])
  route_table_id         = aws_vpc.main.main_route_table_id
  destination_cidr_block = each.value
  gateway_id             = aws_internet_gateway.main.id
}
"""
NAT = """
resource "aws_nat_gateway" "main" {
  %s
}
"""


@pytest.mark.parametrize("way", [DEFAULT_TABLE, MAIN_ROUTE, HALVES], ids=["default table", "route", "two halves"])
def test_a_nat_gateway_by_the_main_table(tmp_path: Path, way: str) -> None:
    """A subnet without an association has the main route table, however its routes are written."""
    found = terraform(tmp_path, BASE + way + NAT % "subnet_id = aws_subnet.public.id", "nat-without-way-out")
    assert said(found.findings) == []
    assert found.undecided == []


NATS = {
    "no route": ("subnet_id = aws_subnet.public.id", 1, []),
    "a private one": ('subnet_id = aws_subnet.public.id\n  connectivity_type = "private"', 0, []),
    "a regional one": ('vpc_id = aws_vpc.main.id\n  availability_mode = "regional"', 0, []),
    "a subnet that is not in view": ('subnet_id = "subnet-0a1b2c3d4e5f60718"', 0, ["nat-without-way-out"]),
}


@pytest.mark.parametrize(("where", "count", "open_"), NATS.values(), ids=NATS.keys())
def test_where_a_nat_gateway_is(tmp_path: Path, where: str, count: int, open_: list[str]) -> None:
    """Only a public NAT gateway of one zone needs a way to the internet from its subnet."""
    found = terraform(tmp_path, BASE + NAT % where, "nat-without-way-out")
    assert (
        said(found.findings)
        == [
            (
                "high",
                "aws_nat_gateway.main",
                "nothing leads from aws_subnet.public to the internet: connections of everything behind it hang",
            )
        ]
        * count
    )
    assert [each.check for each in found.undecided] == open_


ZONES = """
resource "aws_route_table" "private" {
  vpc_id = aws_vpc.main.id
  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.main.id
  }
}

resource "aws_route_table_association" "private" {
  subnet_id      = aws_subnet.private.id
  route_table_id = aws_route_table.private.id
}
"""
SHARED = {
    "another zone": (BASE, "", 1),
    "a temporary environment": (BASE, 'tags = { Environment = "preview-7" }', 0),
    "zones that are not known": (
        'data "aws_availability_zones" "here" {}\n'
        + BASE.replace('"eu-west-1a"', "data.aws_availability_zones.here.names[0]").replace(
            '"eu-west-1b"', "data.aws_availability_zones.here.names[1]"
        ),
        "",
        1,
    ),
    "one zone": (BASE.replace("eu-west-1b", "eu-west-1a"), "", 0),
}


@pytest.mark.parametrize(("base", "more", "count"), SHARED.values(), ids=SHARED.keys())
def test_a_nat_gateway_for_two_zones(tmp_path: Path, base: str, more: str, count: int) -> None:
    """One NAT gateway for several zones is reported, but not where everything is there for a while only."""
    nat = NAT % f"subnet_id = aws_subnet.public.id\n  {more}"
    found = terraform(tmp_path, base + MAIN_ROUTE + nat + ZONES, "one-nat-for-many-zones")
    assert [(str(each.severity), each.resource) for each in found.findings] == [("low", "aws_nat_gateway.main")] * count


# Public addresses

LOAD_BALANCER = """
resource "aws_lb" "web" {
  internal = %s
  subnets  = [aws_subnet.public.id, aws_subnet.private.id]
}
"""


def test_a_load_balancer_in_a_private_subnet(tmp_path: Path) -> None:
    """A load balancer for the internet is reported once, at its subnets, with the way that answers take."""
    found = terraform(
        tmp_path,
        BASE + MAIN_ROUTE + NAT % "subnet_id = aws_subnet.public.id" + ZONES + LOAD_BALANCER % "false",
        "public-address-without-route",
    )
    assert said(found.findings) == [
        (
            "high",
            "aws_lb.web",
            (
                "it has a public address in aws_subnet.private, whose default route leads to aws_nat_gateway.main: "
                "connections from the internet time out"
            ),
        )
    ]
    assert found.findings[0].path == "subnets"


def test_an_internal_load_balancer(tmp_path: Path) -> None:
    """An internal load balancer has no public address."""
    text = BASE + MAIN_ROUTE + NAT % "subnet_id = aws_subnet.public.id" + ZONES + LOAD_BALANCER % "true"
    assert said(terraform(tmp_path, text, "public-address-without-route").findings) == []


def test_a_route_that_is_not_known(tmp_path: Path) -> None:
    """A route whose target is not known may lead to the internet."""
    route = """
variable "gateway" {}

resource "aws_route" "main" {
  route_table_id         = aws_vpc.main.main_route_table_id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = var.gateway
}
"""
    found = terraform(tmp_path, BASE + route + LOAD_BALANCER % "false", "public-address-without-route")
    assert said(found.findings) == []


# Two networks

TWO = """
resource "aws_vpc" "a" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_vpc" "b" {
  cidr_block = "%s"
}

resource "aws_subnet" "a" {
  vpc_id            = aws_vpc.a.id
  cidr_block        = "10.0.0.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_subnet" "b" {
  vpc_id            = aws_vpc.b.id
  cidr_block        = "%s"
  availability_zone = "eu-west-1a"
}
"""
APART = TWO % ("10.1.0.0/16", "10.1.0.0/24")
PEERING = """
resource "aws_vpc_peering_connection" "ab" {
  vpc_id      = aws_vpc.a.id
  peer_vpc_id = aws_vpc.b.id
}

resource "aws_vpc_peering_connection_accepter" "ab" {
  vpc_peering_connection_id = aws_vpc_peering_connection.ab.id
  auto_accept               = true
}
"""


def over(vpc: str, cidr: str, peering: str = "aws_vpc_peering_connection.ab.id") -> str:
    """A route over the peering connection in a VPC's main table."""
    return f"""
resource "aws_route" "{vpc}" {{
  route_table_id            = aws_vpc.{vpc}.main_route_table_id
  destination_cidr_block    = "{cidr}"
  vpc_peering_connection_id = {peering}
}}
"""


ROUTES = {
    "one side": (over("a", "10.1.0.0/16"), 1, []),
    "the other side": (over("b", "10.0.0.0/16"), 1, []),
    "both": (over("a", "10.1.0.0/16") + over("b", "10.0.0.0/16"), 0, []),
    "one by the accepter": (
        over("a", "10.1.0.0/16") + over("b", "10.0.0.0/16", "aws_vpc_peering_connection_accepter.ab.id"),
        0,
        [],
    ),
    "a part of the other side": (over("a", "10.1.0.0/24") + over("b", "10.0.0.0/24"), 0, []),
    "neither": ("", 0, []),
    "a route that may exist": (
        'variable "on" { type = bool }'
        + over("a", "10.1.0.0/16")
        + over("b", "10.0.0.0/16").replace("{\n", "{\n  count = var.on ? 1 : 0\n", 1),
        0,
        [],
    ),
    "a module that is not there": (
        over("a", "10.1.0.0/16") + 'module "routes" { source = "example.com/routes/aws" }',
        0,
        ["peering-routed-one-way"],
    ),
}


@pytest.mark.parametrize(("routes", "count", "open_"), ROUTES.values(), ids=ROUTES.keys())
def test_routes_over_a_peering_connection(tmp_path: Path, routes: str, count: int, open_: list[str]) -> None:
    """A peering connection needs routes on both sides, by itself or by its accepter."""
    found = terraform(tmp_path, APART + PEERING + routes, "peering-routed-one-way")
    assert [each.resource for each in found.findings] == ["aws_vpc_peering_connection.ab"] * count
    assert [each.check for each in found.undecided] == open_


TRANSIT = """
resource "aws_ec2_transit_gateway" "main" {
  default_route_table_propagation = "%s"
}

resource "aws_ec2_transit_gateway_vpc_attachment" "a" {
  transit_gateway_id = aws_ec2_transit_gateway.main.id
  vpc_id             = aws_vpc.a.id
  subnet_ids         = [aws_subnet.a.id]
}

resource "aws_ec2_transit_gateway_vpc_attachment" "b" {
  transit_gateway_id = aws_ec2_transit_gateway.main.id
  vpc_id             = aws_vpc.b.id
  subnet_ids         = [aws_subnet.b.id]
}

resource "aws_ec2_transit_gateway_route_table" "both" {
  transit_gateway_id = aws_ec2_transit_gateway.main.id
}
"""
PROPAGATION = """
resource "aws_ec2_transit_gateway_route_table_propagation" "%s" {
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.%s.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.both.id
}
"""
OVERLAPS = {
    "the default table": (TRANSIT % "enable", 1),
    "no propagation": (TRANSIT % "disable", 0),
    "a table of one": (TRANSIT % "disable" + PROPAGATION % ("a", "a"), 0),
    "a table of both": (TRANSIT % "disable" + PROPAGATION % ("a", "a") + PROPAGATION % ("b", "b"), 1),
}


@pytest.mark.parametrize(("transit", "count"), OVERLAPS.values(), ids=OVERLAPS.keys())
def test_overlapping_networks(tmp_path: Path, transit: str, count: int) -> None:
    """Overlapping networks are in each other's way only if they propagate to the same table."""
    text = TWO % ("10.0.128.0/17", "10.0.128.0/24") + transit
    found = terraform(tmp_path, text, "overlapping-transit-networks")
    assert [each.resource for each in found.findings] == ["aws_ec2_transit_gateway_vpc_attachment.b"] * count
