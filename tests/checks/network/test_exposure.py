"""What is really exposed weighs, what provably is not is told as latent; the spellings that hide it do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.network.design import said, terraform

NETWORK = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.1.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_subnet" "private" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.2.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}
"""


def _group(rule: str) -> str:
    return f'resource "aws_security_group" "g" {{\n  vpc_id = aws_vpc.main.id\n  {rule}\n}}\n'


def _ingress(ports: tuple[int, int], protocol: str = "tcp", cidrs: str = '["0.0.0.0/0"]') -> str:
    low, high = ports
    return f'ingress {{\n from_port = {low}\n to_port = {high}\n protocol = "{protocol}"\n cidr_blocks = {cidrs}\n}}'


def _host(subnet: str, public: str) -> str:
    return (
        f'resource "aws_instance" "i" {{\n  subnet_id = aws_subnet.{subnet}.id\n'
        f"  associate_public_ip_address = {public}\n  vpc_security_group_ids = [aws_security_group.g.id]\n}}\n"
    )


ADMIN = "the whole IPv4 internet may connect to TCP 22-23, 2375-2376, 3389, 5900, 5985-5986 and UDP 3389 (RDP)"
EVERYTHING = "the whole IPv4 internet may connect to every port and protocol"
ADDRESS = "`publicly_accessible` is true: the database has a public address"
NO_LISTENER = "no listener of the load balancer accepts this"
NO_ROUTE = "the route table has no route to the destination"
OPEN = "the whole IPv4 internet may connect to TCP 22 (SSH)"


@pytest.mark.parametrize(
    ("host", "severity", "message"),
    [
        ("", "high", OPEN),
        (_host("public", "true"), "high", OPEN),
        (_host("public", "var.public"), "high", OPEN),
        (
            _host("private", "false"),
            "low",
            f"{OPEN}; latent: the internet does not reach aws_instance.i: no public address",
        ),
        (
            _host("private", "true"),
            "low",
            f"{OPEN}; latent: the internet does not reach aws_instance.i: {NO_ROUTE}",
        ),
    ],
)
def test_an_open_port_by_who_has_the_group(host: str, severity: str, message: str, tmp_path: Path) -> None:
    """High without members in view, where one is reached, and where that is not known; low where none surely is."""
    text = NETWORK + 'variable "public" {\n  type = bool\n}\n' + _group(_ingress((22, 22))) + host
    found = terraform(tmp_path, text, "open-admin-port")

    assert said(found.findings) == [(severity, "aws_security_group.g", message)]


def test_everything_open_on_a_load_balancer_is_what_it_listens_on(tmp_path: Path) -> None:
    """The group opens all, the load balancer answers on one port: worth a repair, and no alarm."""
    balancer = """
resource "aws_lb" "web" {
  subnets         = [aws_subnet.public.id]
  security_groups = [aws_security_group.g.id]
}

resource "aws_lb_listener" "web" {
  load_balancer_arn = aws_lb.web.arn
  port              = 443
  protocol          = "HTTPS"
}
"""
    text = NETWORK + _group(_ingress((0, 0), "-1")) + balancer
    found = terraform(tmp_path, text, "open-to-everything", "open-admin-port")

    assert said(found.findings) == [
        ("low", "aws_security_group.g", f"{ADMIN}; latent: the internet does not reach aws_lb.web: {NO_LISTENER}"),
        ("medium", "aws_security_group.g", f"{EVERYTHING}; today the internet reaches TCP 443 (HTTPS) of it"),
    ]


@pytest.mark.parametrize(
    ("subnet", "severity", "message"),
    [
        ("public", "high", ADDRESS),
        (
            "private",
            "low",
            f"{ADDRESS}; latent: the internet does not reach it: {NO_ROUTE}",
        ),
    ],
)
def test_a_public_database_by_its_subnets(subnet: str, severity: str, message: str, tmp_path: Path) -> None:
    """The address alone reaches nobody where no route leads to the internet gateway."""
    text = NETWORK + _group(_ingress((5432, 5432)))
    text += f"""
resource "aws_db_subnet_group" "d" {{
  subnet_ids = [aws_subnet.{subnet}.id]
}}

resource "aws_db_instance" "d" {{
  engine                 = "postgres"
  publicly_accessible    = true
  db_subnet_group_name   = aws_db_subnet_group.d.name
  vpc_security_group_ids = [aws_security_group.g.id]
}}
"""
    found = terraform(tmp_path, text, "public-database")

    assert said(found.findings) == [(severity, "aws_db_instance.d", message)]


EGRESS = """
resource "aws_vpc_security_group_egress_rule" "out" {
  for_each          = toset(["0.0.0.0/1", "128.0.0.0/1"])
  security_group_id = aws_security_group.g.id
  ip_protocol       = "%s"
  cidr_ipv4         = each.value
  %s
}
"""


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (EGRESS % ("-1", ""), 2),
        (EGRESS % ("tcp", "from_port = 0\n  to_port = 65535"), 2),
        (EGRESS % ("tcp", "from_port = 443\n  to_port = 443"), 0),
        (EGRESS % ("udp", "from_port = 0\n  to_port = 65535"), 0),
    ],
)
def test_unrestricted_egress_however_it_is_written(rule: str, found: int, tmp_path: Path) -> None:
    """Two halves of the internet with every TCP port are everything."""
    text = NETWORK + _group("") + rule

    assert len(terraform(tmp_path, text, "unrestricted-egress").findings) == found


PEER = """
resource "aws_vpc" "peer" {{
  cidr_block = "10.1.0.0/16"
}}

resource "aws_vpc_ipv4_cidr_block_association" "peer" {{
  vpc_id     = aws_vpc.peer.id
  cidr_block = "10.2.0.0/16"
}}

resource "aws_vpc_peering_connection" "p" {{
  vpc_id      = aws_vpc.main.id
  peer_vpc_id = aws_vpc.peer.id
  auto_accept = true
}}

resource "aws_route" "p" {{
  route_table_id            = aws_route_table.public.id
  destination_cidr_block    = "{block}"
  vpc_peering_connection_id = aws_vpc_peering_connection.p.id
}}
"""


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("10.1.0.0/16", []),
        ("10.2.3.0/24", []),
        ("10.0.0.0/14", ["10.0.0.0/14 is sent to the other VPC: 10.3.0.0/16 of it is in neither of the two VPCs"]),
    ],
)
def test_a_peering_route_by_the_blocks_of_both(block: str, expected: list[str], tmp_path: Path) -> None:
    """A secondary block counts, and the own VPC's is no surplus."""
    found = terraform(tmp_path, NETWORK + PEER.format(block=block), "peering-route-too-wide")

    assert [each.message for each in found.findings] == expected


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ('tags = { Name = "shop-private-a" }', 1),
        ('tags = { Name = "shop-public-db" }', 0),
        ('tags = { Name = "shop-a" }', 0),
        ('tags = { Name = "Isolated A" }', 1),
    ],
)
def test_a_private_subnet_by_its_name(name: str, found: int, tmp_path: Path) -> None:
    """The resource's name, its key or its Name tag says so, as whole words."""
    text = NETWORK.replace('resource "aws_subnet" "public" {', f'resource "aws_subnet" "one" {{\n  {name}')
    text = text.replace("aws_subnet.public", "aws_subnet.one")

    assert len(terraform(tmp_path, text, "private-subnet-open-to-internet").findings) == found


def test_two_halves_of_the_internet_open_a_private_subnet(tmp_path: Path) -> None:
    """Both routes together are the default route."""
    halves = """
resource "aws_route" "half" {
  for_each               = toset(["0.0.0.0/1", "128.0.0.0/1"])
  route_table_id         = aws_vpc.main.main_route_table_id
  destination_cidr_block = each.value
  gateway_id             = aws_internet_gateway.main.id
}
"""
    found = terraform(tmp_path, NETWORK + halves, "private-subnet-open-to-internet")

    assert [each.resource for each in found.findings] == [
        'aws_route.half["0.0.0.0/1"]',
        'aws_route.half["128.0.0.0/1"]',
    ]


ENDPOINT = """
resource "aws_vpc" "closed" {
  cidr_block = "10.9.0.0/16"
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.closed.id
  service_name = "com.amazonaws.eu-west-1.s3"
  %s
}
"""


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("", 1),
        ('Principal = "*", Action = "*", Resource = "*"', 1),
        ('Principal = { AWS = "*" }, Action = ["s3:*"], Resource = ["*"]', 1),
        ('Principal = "*", Action = "*", Resource = "arn:aws:s3:::data/*"', 0),
        ('Principal = "*", Action = "*", Resource = "*", Condition = { Bool = { "aws:ViaAWSService" = "true" } }', 0),
    ],
)
def test_an_endpoint_by_its_policy(statement: str, found: int, tmp_path: Path) -> None:
    """None, AWS's default one and its other spellings are as wide."""
    policy = f'policy = jsonencode({{ Statement = [{{ Effect = "Allow", {statement} }}] }})' if statement else ""
    assert len(terraform(tmp_path, ENDPOINT % policy, "endpoint-without-policy").findings) == found


def test_an_endpoint_beside_another_way_out(tmp_path: Path) -> None:
    """Where a NAT gateway leads out, the endpoint's policy would close nothing."""
    text = NETWORK + 'resource "aws_vpc_endpoint" "s3" {\n  vpc_id = aws_vpc.main.id\n'
    text += '  service_name = "com.amazonaws.eu-west-1.s3"\n}\n'

    assert terraform(tmp_path, text, "endpoint-without-policy").findings == []


def test_a_default_network_acl_that_somebody_changed(tmp_path: Path) -> None:
    """As AWS makes it, it is not meant to filter; with rules of its own, it is."""
    rules = """
resource "aws_default_network_acl" "main" {
  default_network_acl_id = aws_vpc.main.default_network_acl_id

  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "%s"
    from_port  = %s
    to_port    = %s
    cidr_block = "0.0.0.0/0"
  }

  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "-1"
    from_port  = 0
    to_port    = 0
    cidr_block = "0.0.0.0/0"
  }
}
"""
    plain = terraform(tmp_path, NETWORK + rules % ("-1", 0, 0), "open-network-acl")
    changed = terraform(tmp_path, NETWORK + rules % ("tcp", 22, 443), "open-network-acl")

    assert said(plain.findings) == []
    assert said(changed.findings) == [
        ("medium", "aws_default_network_acl.main", "the whole IPv4 internet gets through to TCP 22 (SSH)")
    ]


def test_hops_that_are_not_known_are_not_decided(tmp_path: Path) -> None:
    """A variable without a value may be anything."""
    text = 'variable "hops" {\n  type = number\n}\nresource "aws_launch_template" "t" {\n  metadata_options {\n'
    text += '    http_tokens = "required"\n    http_put_response_hop_limit = var.hops\n  }\n}\n'
    found = terraform(tmp_path, text, "metadata-reachable-by-containers")

    assert (found.findings, [each.resource for each in found.undecided]) == ([], ["aws_launch_template.t"])
