from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Resource, Safety, Severity


class NatWithoutGatewayEndpoint(Check[Resource]):
    """A VPC sends its S3 traffic through a NAT gateway.

    ## Why is this bad?
    A NAT gateway bills every gigabyte. The gateway endpoint for S3 carries the same traffic for nothing, and container
    images from ECR come from S3, too. There are teams that paid six figures in a month before they saw it
    (pytorch/ci-infra#1032).
    """

    id = "nat-without-gateway-endpoint"
    kind = Kind.COST
    severity = Severity.MEDIUM
    hint = "Add an `aws_vpc_endpoint` of type Gateway for S3 to the private route tables."
    types = ("aws_nat_gateway",)
    references = ("https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html",)
    examples = (
        Example(
            bad="""
            resource "aws_subnet" "public" {
              vpc_id     = "vpc-0a1b2c3d4e5f60718"
              cidr_block = "10.0.0.0/24"
            }

            resource "aws_eip" "nat" {
              domain = "vpc"
            }

            resource "aws_nat_gateway" "main" { # finding
              subnet_id     = aws_subnet.public.id
              allocation_id = aws_eip.nat.id
            }

            output "nat_gateway_id" {
              value = aws_nat_gateway.main.id
            }
            """,
            fixed="""
            resource "aws_subnet" "public" {
              vpc_id     = "vpc-0a1b2c3d4e5f60718"
              cidr_block = "10.0.0.0/24"
            }

            resource "aws_eip" "nat" {
              domain = "vpc"
            }

            resource "aws_nat_gateway" "main" {
              subnet_id     = aws_subnet.public.id
              allocation_id = aws_eip.nat.id
            }

            resource "aws_vpc_endpoint" "s3" {
              vpc_id          = "vpc-0a1b2c3d4e5f60718"
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = ["rtb-0a1b2c3d4e5f60718"]
            }

            output "nat_gateway_id" {
              value = aws_nat_gateway.main.id
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        model = subject.model
        if subject.text("connectivity_type", default="public") != "public":
            return
        subnet = model.resolve(subject.raw("subnet_id"), "aws_subnet")
        vpc = subnet.raw("vpc_id") if subnet else None
        if vpc is None:
            return  # the VPC is not in view, and with it its endpoints
        first = next(
            (nat for nat in model.all("aws_nat_gateway") if _vpc_of(nat) == vpc and not nat.conditional), subject
        )
        if first is not subject:
            return  # one endpoint serves the whole VPC
        for endpoint in model.resources("aws_vpc_endpoint"):
            service = endpoint.text("service_name")
            gateway = endpoint.text("vpc_endpoint_type", default="Gateway") == "Gateway"
            if gateway and endpoint.raw("vpc_id") == vpc and service.endswith(".s3"):
                return
        yield self.finding(
            subject,
            "the VPC's traffic to S3 goes through it and is billed by the gigabyte",
            fix=Fix(
                title="Add a gateway endpoint for S3",
                safety=Safety.MANUAL,
                terraform=(
                    'resource "aws_vpc_endpoint" "s3" {\n'
                    "  vpc_id          = VPC_ID\n"
                    '  service_name    = "com.amazonaws.REGION.s3"\n'
                    "  route_table_ids = PRIVATE_ROUTE_TABLES\n"
                    "}"
                ),
            ),
        )


def _vpc_of(nat: Resource) -> object:
    subnet = nat.model.resolve(nat.raw("subnet_id"), "aws_subnet")
    return subnet.raw("vpc_id") if subnet else None
