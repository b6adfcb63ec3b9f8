from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, Unknown, related

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


class StorageNameWithoutGateway(Check[Resource]):
    """An S3 endpoint for on-premises only has no gateway endpoint beside it.

    ## Why is this bad?
    With `private_dns_only_for_inbound_resolver_endpoint`, names lead to the interface endpoint from outside, and from
    within the VPC to the gateway endpoint. AWS insists on that one: `InvalidParameter: To set
    PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC must have a Gateway endpoint for the service`, also where
    Terraform makes the two in the wrong order.
    """

    id = "storage-name-without-gateway"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Add an S3 gateway endpoint to the VPC and let the interface endpoint depend on it."
    types = ("aws_vpc_endpoint",)
    references = (
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html",
        "https://github.com/terraform-aws-modules/terraform-aws-vpc/issues/982",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.s3"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.app.id]
              private_dns_enabled = true

              dns_options {{
                private_dns_only_for_inbound_resolver_endpoint = true # finding
              }}
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.s3"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.app.id]
              private_dns_enabled = true

              dns_options {{
                private_dns_only_for_inbound_resolver_endpoint = true
              }}

              depends_on = [aws_vpc_endpoint.gateway]
            }}

            resource "aws_vpc_endpoint" "gateway" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id]

              policy = jsonencode({{
                Statement = [{{
                  Effect    = "Allow"
                  Principal = "*"
                  Action    = "s3:GetObject"
                  Resource  = ["arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*", "arn:aws:s3:::orders/*"]
                }}]
              }})
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        path = ("dns_options", "private_dns_only_for_inbound_resolver_endpoint")
        if subject.text("vpc_endpoint_type") != "Interface" or not subject.flag("private_dns_enabled"):
            return
        if not str(subject.text("service_name")).endswith(".s3") or not subject.flag(*path):
            return
        vpc = subject.model.resolve(subject.raw("vpc_id"), "aws_vpc", "aws_default_vpc")
        if vpc is None or vpc.mode == "data":
            raise Unknown(f"{subject.address}: the endpoints of its VPC are not in view")
        for other in subject.model.resources("aws_vpc_endpoint"):
            gateway = other.text("vpc_endpoint_type", default="Gateway") == "Gateway"
            same = subject.model.resolve(other.raw("vpc_id"), "aws_vpc", "aws_default_vpc") is vpc
            if gateway and same and str(other.text("service_name")).endswith(".s3"):
                return
        yield self.finding(
            subject,
            f"{vpc.address} has no gateway endpoint for S3: `To set PrivateDnsOnlyForInboundResolverEndpoint to true, "
            "the VPC must have a Gateway endpoint for the service`",
            path=path,
            related=related((vpc.place(), "the VPC")),
            fix=self.set_attribute(subject, path, "false"),
        )
