from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class VpcWithoutFlowLogs(Check[Resource]):
    """Nobody records which connections a VPC had.

    ## Why is this bad?
    After an incident there is nothing to look at, and while a connection fails nobody can see where it was rejected.
    """

    id = "vpc-without-flow-logs"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Add an `aws_flow_log` for the VPC; S3 is the cheapest place for it."
    types = ("aws_vpc",)
    same_as = ("CKV2_AWS_11", "AWS-0178")
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",)
    compliance = ("CIS-AWS-3.0:3.7", "AWS-FSBP:EC2.6")
    examples = (
        Example(
            bad="""
            resource "aws_vpc" "main" { # finding
              cidr_block = "10.0.0.0/16"
            }
            """,
            fixed="""
            resource "aws_vpc" "main" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_flow_log" "main" {
              vpc_id               = aws_vpc.main.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        model = subject.model
        subnets = 0
        for log in model.resources("aws_flow_log"):
            if log.is_set("vpc_id") and model.resolve(log.raw("vpc_id"), "aws_vpc") is subject:
                return
            if log.is_set("subnet_id"):
                subnet = model.resolve(log.raw("subnet_id"), "aws_subnet")
                if subnet and model.resolve(subnet.raw("vpc_id"), "aws_vpc") is subject:
                    subnets += 1
        if subnets == 0:
            yield self.finding(subject, "there is no flow log of it or of its subnets")
