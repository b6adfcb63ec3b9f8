from __future__ import annotations

import re
from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Network, Resource, Safety, Severity, Unknown, related

REFUSAL = "`private-dns-enabled cannot be set because there is already a conflicting DNS domain`"
# Where the name is not the service's own.
DOMAINS = {
    "ecr.api": "api.ecr",
    "ecr.dkr": "dkr.ecr",
    "kinesis-firehose": "firehose",
    "kinesis-streams": "kinesis",
    "sagemaker.api": "api.sagemaker",
    "sagemaker.runtime": "runtime.sagemaker",
}
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

              ingress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = [aws_vpc.main.cidr_block]
              }
            }
"""


class PrivateNameConflict(Check[Resource]):
    """Two things in a VPC want to answer for the same private name.

    ## Why is this bad?
    A VPC takes one private zone per name. A second endpoint for the same service with private DNS, or a private hosted
    zone with the service's name, is refused in the middle of the apply: `private-dns-enabled cannot be set because
    there is already a conflicting DNS domain for logs.eu-west-1.amazonaws.com in the VPC`.
    """

    id = "private-name-conflict"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Keep one endpoint with private DNS per service and VPC, and no private zone of the same name."
    types = ("aws_vpc_endpoint",)
    references = (
        "https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html",
        "https://github.com/hashicorp/terraform-provider-aws/issues/17269",
        "https://github.com/hashicorp/terraform-provider-aws/issues/37783",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_vpc_endpoint" "logs" {{
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.logs"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.app.id]
              private_dns_enabled = true
            }}

            resource "aws_vpc_endpoint" "more_logs" {{
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.logs"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.app.id]
              private_dns_enabled = true # finding
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_vpc_endpoint" "logs" {{
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.logs"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.app.id]
              private_dns_enabled = true
            }}

            resource "aws_vpc_endpoint" "more_logs" {{
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.monitoring"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.app.id]
              private_dns_enabled = true
            }}
            """,
        ),
        Example(
            title="A private zone with the service's name",
            bad=f"""
{NETWORK}

            resource "aws_vpc_endpoint" "logs" {{
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.logs"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.app.id]
              private_dns_enabled = true # finding
            }}

            resource "aws_route53_zone" "logs" {{
              name = "logs.eu-west-1.amazonaws.com"

              vpc {{
                vpc_id = aws_vpc.main.id
              }}
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_vpc_endpoint" "logs" {{
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.logs"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.app.id]
              private_dns_enabled = true
            }}

            resource "aws_route53_zone" "logs" {{
              name = "internal.example.com"

              vpc {{
                vpc_id = aws_vpc.main.id
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        model = subject.model
        picture = Network.of(model).picture
        endpoint = picture.endpoints.get(subject.address)
        if endpoint is None or endpoint.kind != "Interface" or not subject.flag("private_dns_enabled"):
            return
        if not endpoint.vpc or not endpoint.service:
            raise Unknown(f"{subject.address}: {'its service' if endpoint.vpc else 'its VPC'} is not known")
        for zone in model.all("aws_route53_zone"):
            name = _name(endpoint.service)
            inside = any(
                model.resolve(block.raw("vpc_id"), "aws_vpc") is picture.vpcs[endpoint.vpc].resource
                for block in zone.blocks("vpc")
            )
            if inside and name.fullmatch(str(zone.text("name")).rstrip(".")):
                yield self.finding(
                    subject,
                    f"{zone.address} answers for the same name in {endpoint.vpc}: {REFUSAL}",
                    path="private_dns_enabled",
                    related=related((zone.place(), "the private zone")),
                    fix=self.set_attribute(subject, "private_dns_enabled", "false", safety=Safety.UNSAFE),
                )
        for first in picture.endpoints.values():
            if first.key == endpoint.key:
                return  # the later one of a pair is reported
            other = first.resource
            same = first.kind == "Interface" and (first.vpc, first.service) == (endpoint.vpc, endpoint.service)
            if not same or other is None or not other.flag("private_dns_enabled"):
                continue
            if other.conditional or subject.conditional:
                raise Unknown(f"whether {other.address} and {subject.address} are both there")
            yield self.finding(
                subject,
                f"{other.address} answers for {endpoint.service} in {endpoint.vpc} already: {REFUSAL}",
                path="private_dns_enabled",
                related=related((other.place(), "the other endpoint")),
                fix=self.set_attribute(subject, "private_dns_enabled", "false", safety=Safety.UNSAFE),
            )
            return


def _name(service: str) -> re.Pattern[str]:
    return re.compile(re.escape(DOMAINS.get(service, service)) + r"\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
