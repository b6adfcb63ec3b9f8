from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, monthly_cost, related


class DuplicateEndpoint(Waste):
    """A VPC has two interface endpoints for one service.

    ## Why is this bad?
    Both are billed by the hour for each of their availability zones, and one carries what both do: an endpoint takes
    several subnets, security groups and a policy.
    """

    id = "duplicate-endpoint"
    severity = Severity.LOW
    hint = "Keep one endpoint, with the subnets and security groups of both."
    hazard = "Clients that use the second one's own names lose it."
    types = ("aws_vpc_endpoint",)
    references = ("https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html",)
    examples = (
        Example(
            bad="""
            resource "aws_vpc_endpoint" "queues" {
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              service_name      = "com.amazonaws.eu-west-1.sqs"
              vpc_endpoint_type = "Interface"
              subnet_ids        = ["subnet-0a1b2c3d4e5f60718"]
            }

            resource "aws_vpc_endpoint" "more" { # finding
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              service_name      = "com.amazonaws.eu-west-1.sqs"
              vpc_endpoint_type = "Interface"
              subnet_ids        = ["subnet-0a1b2c3d4e5f60718"]
            }
            """,
            fixed="""
            resource "aws_vpc_endpoint" "queues" {
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              service_name      = "com.amazonaws.eu-west-1.sqs"
              vpc_endpoint_type = "Interface"
              subnet_ids        = ["subnet-0a1b2c3d4e5f60718"]
            }

            resource "aws_vpc_endpoint" "more" {
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              service_name      = "com.amazonaws.eu-west-1.sns"
              vpc_endpoint_type = "Interface"
              subnet_ids        = ["subnet-0a1b2c3d4e5f60718"]
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.text("vpc_endpoint_type", default="Gateway") != "Interface":
            return
        for other in subject.model.all("aws_vpc_endpoint"):
            if other is subject:
                return  # the first one stays
            if other.text("vpc_endpoint_type", default="Gateway") != "Interface" or other.conditional:
                continue
            same = other.get("vpc_id") == subject.get("vpc_id")
            if same and other.text("service_name") == subject.text("service_name"):
                zones = len(list(subject.items("subnet_ids")))
                yield self.waste(
                    subject,
                    f"{other.address} serves {subject.text('service_name')} in the same VPC",
                    monthly_cost("interface-endpoint", subject, zones),
                    related=related((other.place(), "the other one")),
                )
                return
