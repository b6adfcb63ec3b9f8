from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Severity, Shortfall, Unknown

NETWORK = """
            resource "aws_vpc" "main" {
              cidr_block           = "10.0.0.0/16"
              enable_dns_hostnames = true
            }

            resource "aws_flow_log" "main" {
              vpc_id               = aws_vpc.main.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_subnet" "private" {
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_route_table" "private" {
              vpc_id = aws_vpc.main.id
            }

            resource "aws_route_table_association" "private" {
              subnet_id      = aws_subnet.private.id
              route_table_id = aws_route_table.private.id
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
"""


class BuildCutOff(Check[Shortfall]):
    """A build in a VPC does not reach its source, its logs or its artifacts.

    ## Why is this bad?
    CodeBuild runs a project that has a `vpc_config` in the VPC alone, without a public address. Where nothing leads to
    the source, the phase `DOWNLOAD_SOURCE` hangs until it fails with `dial tcp ...: i/o timeout`; without logs nobody
    sees why. An internet gateway does not help: builds need a NAT gateway or endpoints.
    """

    id = "build-cut-off"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Give the build's subnets a route to a NAT gateway, or endpoints for what it uses."
    references = (
        "https://docs.aws.amazon.com/codebuild/latest/userguide/vpc-support.html",
        "https://docs.aws.amazon.com/codebuild/latest/userguide/troubleshooting.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}
            resource "aws_codebuild_project" "app" {{ # finding
              name         = "app"
              service_role = "arn:aws:iam::111122223333:role/build"

              artifacts {{
                type = "NO_ARTIFACTS"
              }}

              environment {{
                compute_type = "BUILD_GENERAL1_SMALL"
                image        = "aws/codebuild/standard:7.0"
                type         = "LINUX_CONTAINER"
              }}

              source {{
                type     = "GITHUB"
                location = "https://github.com/example/app.git"
              }}

              vpc_config {{
                vpc_id             = aws_vpc.main.id
                subnets            = [aws_subnet.private.id]
                security_group_ids = [aws_security_group.app.id]
              }}
            }}
            """,
            fixed=f"""
{NETWORK}
            resource "aws_internet_gateway" "main" {{
              vpc_id = aws_vpc.main.id
            }}

            resource "aws_subnet" "public" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.0.0/24"
              availability_zone = "eu-west-1a"
            }}

            resource "aws_route_table" "public" {{
              vpc_id = aws_vpc.main.id

              route {{
                cidr_block = "0.0.0.0/0"
                gateway_id = aws_internet_gateway.main.id
              }}
            }}

            resource "aws_route_table_association" "public" {{
              subnet_id      = aws_subnet.public.id
              route_table_id = aws_route_table.public.id
            }}

            resource "aws_eip" "nat" {{
              domain = "vpc"
            }}

            resource "aws_nat_gateway" "main" {{
              allocation_id = aws_eip.nat.id
              subnet_id     = aws_subnet.public.id
            }}

            resource "aws_route" "internet" {{
              route_table_id         = aws_route_table.private.id
              destination_cidr_block = "0.0.0.0/0"
              nat_gateway_id         = aws_nat_gateway.main.id
            }}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id]
            }}

            resource "aws_codebuild_project" "app" {{
              name         = "app"
              service_role = "arn:aws:iam::111122223333:role/build"

              artifacts {{
                type = "NO_ARTIFACTS"
              }}

              environment {{
                compute_type = "BUILD_GENERAL1_SMALL"
                image        = "aws/codebuild/standard:7.0"
                type         = "LINUX_CONTAINER"
              }}

              source {{
                type     = "GITHUB"
                location = "https://github.com/example/app.git"
              }}

              vpc_config {{
                vpc_id             = aws_vpc.main.id
                subnets            = [aws_subnet.private.id]
                security_group_ids = [aws_security_group.app.id]
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Shortfall, /) -> Iterator[Finding]:
        if subject.workload.kind != "build":
            return
        missing = subject.own
        if missing:
            alone = {each.need.service for each in missing} == {"logs"}
            what = "its log stays empty" if alone else "`DOWNLOAD_SOURCE` hangs until `i/o timeout`"
            yield self.finding(
                subject.resource,
                f"its builds do not reach {subject.services(missing)}{subject.where(missing)}: {what}",
                related=subject.places(missing),
                details=subject.details(missing),
                fix=Fix("Open the way to what its builds use", terraform=subject.patch(missing)),
            )
        if subject.undecided and not subject.missing:
            raise Unknown(subject.undecided)
