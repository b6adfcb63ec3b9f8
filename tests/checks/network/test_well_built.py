"""VPCs built the way that public modules build them: nothing high to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardrails.finding import Severity
from tests.checks.network.design import terraform

MODULE = """
variable "name" { type = string }
variable "cidr" { type = string }
variable "secondary_cidrs" {
  type    = list(string)
  default = []
}
variable "azs" { type = list(string) }
variable "public_subnets" {
  type    = list(string)
  default = []
}
variable "private_subnets" {
  type    = list(string)
  default = []
}
variable "database_subnets" {
  type    = list(string)
  default = []
}
variable "single_nat_gateway" {
  type    = bool
  default = false
}
variable "enable_nat_gateway" {
  type    = bool
  default = true
}
variable "enable_ipv6" {
  type    = bool
  default = false
}
variable "public_acl_inbound" {
  type = list(map(string))
  default = [
    { rule_number = 100, rule_action = "allow", from_port = 0, to_port = 0, protocol = "-1", cidr_block = "0.0.0.0/0" }
  ]
}
variable "public_acl_outbound" {
  type = list(map(string))
  default = [
    { rule_number = 100, rule_action = "allow", from_port = 0, to_port = 0, protocol = "-1", cidr_block = "0.0.0.0/0" }
  ]
}
variable "public_dedicated_network_acl" {
  type    = bool
  default = false
}

locals {
  nat_count = var.enable_nat_gateway ? (var.single_nat_gateway ? 1 : length(var.azs)) : 0
  vpc_id    = try(aws_vpc_ipv4_cidr_block_association.this[0].vpc_id, aws_vpc.this[0].id, "")
}

resource "aws_vpc" "this" {
  count                            = 1
  cidr_block                       = var.cidr
  assign_generated_ipv6_cidr_block = var.enable_ipv6 ? true : null
  enable_dns_hostnames             = true
  enable_dns_support               = true
  tags                             = { Name = var.name }
}

resource "aws_vpc_ipv4_cidr_block_association" "this" {
  count      = length(var.secondary_cidrs)
  vpc_id     = aws_vpc.this[0].id
  cidr_block = element(var.secondary_cidrs, count.index)
}

resource "aws_flow_log" "this" {
  vpc_id               = local.vpc_id
  traffic_type         = "ALL"
  log_destination      = "arn:aws:s3:::example-flow-logs"
  log_destination_type = "s3"
}

resource "aws_subnet" "public" {
  count                           = length(var.public_subnets)
  vpc_id                          = local.vpc_id
  cidr_block                      = element(concat(var.public_subnets, [""]), count.index)
  availability_zone               = element(var.azs, count.index)
  map_public_ip_on_launch         = false
  ipv6_cidr_block                 = var.enable_ipv6 ? cidrsubnet(aws_vpc.this[0].ipv6_cidr_block, 8, count.index) : null
  assign_ipv6_address_on_creation = var.enable_ipv6
  tags                            = { Name = format("${var.name}-public-%s", element(var.azs, count.index)) }
}

resource "aws_route_table" "public" {
  count  = length(var.public_subnets) > 0 ? 1 : 0
  vpc_id = local.vpc_id
}

resource "aws_route_table_association" "public" {
  count          = length(var.public_subnets)
  subnet_id      = element(aws_subnet.public[*].id, count.index)
  route_table_id = aws_route_table.public[0].id
}

resource "aws_internet_gateway" "this" {
  count  = length(var.public_subnets) > 0 ? 1 : 0
  vpc_id = local.vpc_id
}

resource "aws_route" "public_internet_gateway" {
  count                  = length(var.public_subnets) > 0 ? 1 : 0
  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id

  timeouts {
    create = "5m"
  }
}

resource "aws_route" "public_internet_gateway_ipv6" {
  count                       = var.enable_ipv6 ? 1 : 0
  route_table_id              = aws_route_table.public[0].id
  destination_ipv6_cidr_block = "::/0"
  gateway_id                  = aws_internet_gateway.this[0].id
}

resource "aws_egress_only_internet_gateway" "this" {
  count  = var.enable_ipv6 ? 1 : 0
  vpc_id = local.vpc_id
}

resource "aws_network_acl" "public" {
  count      = var.public_dedicated_network_acl ? 1 : 0
  vpc_id     = local.vpc_id
  subnet_ids = aws_subnet.public[*].id
}

resource "aws_network_acl_rule" "public_inbound" {
  count          = var.public_dedicated_network_acl ? length(var.public_acl_inbound) : 0
  network_acl_id = aws_network_acl.public[0].id
  egress         = false
  rule_number    = var.public_acl_inbound[count.index]["rule_number"]
  rule_action    = var.public_acl_inbound[count.index]["rule_action"]
  from_port      = lookup(var.public_acl_inbound[count.index], "from_port", null)
  to_port        = lookup(var.public_acl_inbound[count.index], "to_port", null)
  protocol       = var.public_acl_inbound[count.index]["protocol"]
  cidr_block     = lookup(var.public_acl_inbound[count.index], "cidr_block", null)
}

resource "aws_network_acl_rule" "public_outbound" {
  count          = var.public_dedicated_network_acl ? length(var.public_acl_outbound) : 0
  network_acl_id = aws_network_acl.public[0].id
  egress         = true
  rule_number    = var.public_acl_outbound[count.index]["rule_number"]
  rule_action    = var.public_acl_outbound[count.index]["rule_action"]
  from_port      = lookup(var.public_acl_outbound[count.index], "from_port", null)
  to_port        = lookup(var.public_acl_outbound[count.index], "to_port", null)
  protocol       = var.public_acl_outbound[count.index]["protocol"]
  cidr_block     = lookup(var.public_acl_outbound[count.index], "cidr_block", null)
}

resource "aws_eip" "nat" {
  count  = local.nat_count
  domain = "vpc"
}

resource "aws_nat_gateway" "this" {
  count         = local.nat_count
  allocation_id = element(aws_eip.nat[*].id, var.single_nat_gateway ? 0 : count.index)
  subnet_id     = element(aws_subnet.public[*].id, var.single_nat_gateway ? 0 : count.index)
  depends_on    = [aws_internet_gateway.this]
}

resource "aws_subnet" "private" {
  count             = length(var.private_subnets)
  vpc_id            = local.vpc_id
  cidr_block        = element(concat(var.private_subnets, [""]), count.index)
  availability_zone = element(var.azs, count.index)
  ipv6_cidr_block   = var.enable_ipv6 ? cidrsubnet(aws_vpc.this[0].ipv6_cidr_block, 8, 10 + count.index) : null
  tags              = { Name = format("${var.name}-private-%s", element(var.azs, count.index)) }
}

resource "aws_route_table" "private" {
  count  = length(var.private_subnets) > 0 ? max(local.nat_count, 1) : 0
  vpc_id = local.vpc_id
}

resource "aws_route_table_association" "private" {
  count          = length(var.private_subnets)
  subnet_id      = element(aws_subnet.private[*].id, count.index)
  route_table_id = element(aws_route_table.private[*].id, var.single_nat_gateway ? 0 : count.index)
}

resource "aws_route" "private_nat_gateway" {
  count                  = local.nat_count
  route_table_id         = element(aws_route_table.private[*].id, count.index)
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = element(aws_nat_gateway.this[*].id, count.index)
}

resource "aws_route" "private_ipv6_egress" {
  count                       = var.enable_ipv6 ? length(aws_route_table.private) : 0
  route_table_id              = element(aws_route_table.private[*].id, count.index)
  destination_ipv6_cidr_block = "::/0"
  egress_only_gateway_id      = element(aws_egress_only_internet_gateway.this[*].id, 0)
}

resource "aws_subnet" "database" {
  count             = length(var.database_subnets)
  vpc_id            = local.vpc_id
  cidr_block        = element(concat(var.database_subnets, [""]), count.index)
  availability_zone = element(var.azs, count.index)
  tags              = { Name = format("${var.name}-db-%s", element(var.azs, count.index)) }
}

resource "aws_route_table_association" "database" {
  count          = length(var.database_subnets)
  subnet_id      = element(aws_subnet.database[*].id, count.index)
  route_table_id = element(aws_route_table.private[*].id, var.single_nat_gateway ? 0 : count.index)
}

resource "aws_db_subnet_group" "database" {
  count      = length(var.database_subnets) > 0 ? 1 : 0
  name       = lower(var.name)
  subnet_ids = aws_subnet.database[*].id
}

resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this[0].id
}

resource "aws_default_network_acl" "this" {
  default_network_acl_id = aws_vpc.this[0].default_network_acl_id
  subnet_ids             = null

  dynamic "ingress" {
    for_each = [
      { rule_no = 100, action = "allow", from_port = 0, to_port = 0, protocol = "-1", cidr_block = "0.0.0.0/0" },
      { rule_no = 101, action = "allow", from_port = 0, to_port = 0, protocol = "-1", ipv6_cidr_block = "::/0" },
    ]
    content {
      action          = ingress.value.action
      cidr_block      = lookup(ingress.value, "cidr_block", null)
      from_port       = ingress.value.from_port
      ipv6_cidr_block = lookup(ingress.value, "ipv6_cidr_block", null)
      protocol        = ingress.value.protocol
      rule_no         = ingress.value.rule_no
      to_port         = ingress.value.to_port
    }
  }

  dynamic "egress" {
    for_each = [
      { rule_no = 100, action = "allow", from_port = 0, to_port = 0, protocol = "-1", cidr_block = "0.0.0.0/0" },
      { rule_no = 101, action = "allow", from_port = 0, to_port = 0, protocol = "-1", ipv6_cidr_block = "::/0" },
    ]
    content {
      action          = egress.value.action
      cidr_block      = lookup(egress.value, "cidr_block", null)
      from_port       = egress.value.from_port
      ipv6_cidr_block = lookup(egress.value, "ipv6_cidr_block", null)
      protocol        = egress.value.protocol
      rule_no         = egress.value.rule_no
      to_port         = egress.value.to_port
    }
  }

  lifecycle {
    ignore_changes = [subnet_ids]
  }
}

resource "aws_default_route_table" "default" {
  default_route_table_id = aws_vpc.this[0].default_route_table_id
  route                  = []
}

output "vpc_id" { value = aws_vpc.this[0].id }
output "vpc_cidr_block" { value = aws_vpc.this[0].cidr_block }
output "private_subnets" { value = aws_subnet.private[*].id }
output "public_subnets" { value = aws_subnet.public[*].id }
output "private_route_table_ids" { value = aws_route_table.private[*].id }
output "database_subnet_group" { value = aws_db_subnet_group.database[0].name }
"""
CALL = """
provider "aws" {
  region = "eu-west-1"
}

locals {
  cidr = "10.0.0.0/16"
  azs  = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
}

module "vpc" {
  source           = "./vpc"
  name             = "example"
  cidr             = local.cidr
  azs              = local.azs
  private_subnets  = [for k, v in local.azs : cidrsubnet(local.cidr, 8, k)]
  public_subnets   = [for k, v in local.azs : cidrsubnet(local.cidr, 8, k + 4)]
  database_subnets = [for k, v in local.azs : cidrsubnet(local.cidr, 8, k + 8)]
%s
}

resource "aws_security_group" "endpoints" {
  name_prefix = "example-endpoints"
  description = "Endpoints"
  vpc_id      = module.vpc.vpc_id

  ingress {
    description = "HTTPS from the VPC"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [module.vpc.vpc_cidr_block]
  }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = module.vpc.vpc_id
  service_name      = "com.amazonaws.eu-west-1.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = module.vpc.private_route_table_ids
}

resource "aws_vpc_endpoint" "interface" {
  for_each            = toset(["ecs", "ecr.api", "ecr.dkr", "logs"])
  vpc_id              = module.vpc.vpc_id
  service_name        = "com.amazonaws.eu-west-1.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = module.vpc.private_subnets
  security_group_ids  = [aws_security_group.endpoints.id]
}

resource "aws_security_group" "rds" {
  name_prefix = "example-rds"
  description = "PostgreSQL from the VPC"
  vpc_id      = module.vpc.vpc_id

  ingress {
    from_port   = 5432
    to_port     = 5432
    protocol    = "tcp"
    cidr_blocks = [module.vpc.vpc_cidr_block]
  }
}

resource "aws_lb" "web" {
  name               = "web"
  load_balancer_type = "application"
  subnets            = module.vpc.public_subnets
  security_groups    = [aws_security_group.web.id]
}

resource "aws_security_group" "web" {
  name_prefix = "example-web"
  description = "HTTPS from everywhere"
  vpc_id      = module.vpc.vpc_id

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    from_port   = 8080
    to_port     = 8080
    protocol    = "tcp"
    cidr_blocks = [module.vpc.vpc_cidr_block]
  }
}

resource "aws_db_instance" "orders" {
  identifier                  = "orders"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  final_snapshot_identifier   = "orders-final"
  storage_encrypted           = true
  db_subnet_group_name        = module.vpc.database_subnet_group
  vpc_security_group_ids      = [aws_security_group.rds.id]
}
"""
VARIANTS = {
    "simple": "",
    "one NAT gateway": "  single_nat_gateway = true",
    "no NAT gateway": "  enable_nat_gateway = false",
    "dual stack": "  enable_ipv6 = true",
    "secondary blocks": '  secondary_cidrs = ["10.1.0.0/16", "10.2.0.0/16"]',
    "own network ACLs": "  public_dedicated_network_acl = true",
    "network ACLs with rules": """
  public_dedicated_network_acl = true
  public_acl_inbound = [for rule in [[100, 443, 443], [110, 1024, 65535], [120, 22, 22]] : {
    rule_number = rule[0], rule_action = "allow", from_port = rule[1], to_port = rule[2], protocol = "tcp"
    cidr_block  = "0.0.0.0/0"
  }]""",
    "network ACLs both ways": """
  public_dedicated_network_acl = true
  public_acl_inbound = [for rule in [[100, 80, 80], [110, 443, 443], [120, 22, 22], [900, 1024, 65535]] : {
    rule_number = rule[0], rule_action = "allow", from_port = rule[1], to_port = rule[2], protocol = "tcp"
    cidr_block  = "0.0.0.0/0"
  }]
  public_acl_outbound = [for rule in [[100, 80, 80], [110, 443, 443], [900, 32768, 65535]] : {
    rule_number = rule[0], rule_action = "allow", from_port = rule[1], to_port = rule[2], protocol = "tcp"
    cidr_block  = "0.0.0.0/0"
  }]""",
}  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_usual_vpc_module_has_nothing_high(variant: str, tmp_path: Path) -> None:
    """Public, private and database subnets with NAT, endpoints and managed defaults give no finding of weight."""
    found = terraform(tmp_path, CALL % VARIANTS[variant], files={"vpc/main.tf": MODULE})

    assert found.problems == []
    assert [each for each in found.findings if each.severity in (Severity.HIGH, Severity.CRITICAL)] == []
    assert [each for each in found.undecided if each.check.startswith(("open-", "public-"))] == []
