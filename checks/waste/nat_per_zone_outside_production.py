from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Value, Waste, environment, monthly_cost, related


class NatPerZoneOutsideProduction(Waste):
    """A non-production VPC has several NAT gateways.

    ## Why is this bad?
    One NAT gateway per availability zone keeps production alive when a zone fails. A development or test environment
    can live with one: each further gateway is billed by the hour. The environment is told by a tag (`Environment`,
    `Env`, `Stage`).
    """

    id = "nat-per-zone-outside-production"
    severity = Severity.LOW
    hint = "Route all private subnets of the environment through one NAT gateway."
    hazard = "When its zone fails, the environment has no way out."
    types = ("aws_nat_gateway",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html",)
    examples = (
        Example(
            bad="""
            resource "aws_subnet" "public" {
              for_each          = toset(["a", "b"])
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              cidr_block        = each.value == "a" ? "10.0.0.0/24" : "10.0.1.0/24"
              availability_zone = "eu-west-1${each.value}"
            }

            resource "aws_nat_gateway" "main" { # finding
              for_each      = aws_subnet.public
              subnet_id     = each.value.id
              allocation_id = "eipalloc-0a1b2c3d4e5f60718"

              tags = {
                Environment = "development"
              }
            }


            resource "aws_vpc_endpoint" "s3" {
              vpc_id          = "vpc-0a1b2c3d4e5f60718"
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = ["rtb-0a1b2c3d4e5f60718"]
            }

            resource "aws_route" "out" {
              for_each               = aws_nat_gateway.main
              route_table_id         = "rtb-0a1b2c3d4e5f60718"
              destination_cidr_block = "0.0.0.0/0"
              nat_gateway_id         = each.value.id
            }
            """,
            fixed="""
            resource "aws_subnet" "public" {
              for_each          = toset(["a"])
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              cidr_block        = each.value == "a" ? "10.0.0.0/24" : "10.0.1.0/24"
              availability_zone = "eu-west-1${each.value}"
            }

            resource "aws_nat_gateway" "main" {
              for_each      = aws_subnet.public
              subnet_id     = each.value.id
              allocation_id = "eipalloc-0a1b2c3d4e5f60718"

              tags = {
                Environment = "development"
              }
            }


            resource "aws_vpc_endpoint" "s3" {
              vpc_id          = "vpc-0a1b2c3d4e5f60718"
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = ["rtb-0a1b2c3d4e5f60718"]
            }

            resource "aws_route" "out" {
              for_each               = aws_nat_gateway.main
              route_table_id         = "rtb-0a1b2c3d4e5f60718"
              destination_cidr_block = "0.0.0.0/0"
              nat_gateway_id         = each.value.id
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        name = environment(subject)
        vpc = _vpc(subject)
        if not name.non_production or vpc is None or subject.text("connectivity_type", default="public") != "public":
            return
        others = [each for each in subject.model.all("aws_nat_gateway") if _vpc(each) == vpc and not each.conditional]
        if len(others) < 2 or others[0] is not subject:
            return
        yield self.waste(
            subject,
            f"the VPC of the environment `{name.name}` has {len(others)} NAT gateways where one would do",
            monthly_cost("nat-gateway", subject, len(others) - 1),
            related=related(*((each.place(), "another one") for each in others[1:])),
        )


def _vpc(nat: Resource) -> Value:
    if nat.is_set("vpc_id"):
        return nat.get("vpc_id")
    subnet = nat.model.resolve(nat.raw("subnet_id"), "aws_subnet", "aws_default_subnet")
    return subnet.get("vpc_id") if subnet else None
