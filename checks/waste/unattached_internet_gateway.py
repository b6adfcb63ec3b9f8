from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, is_used


class UnattachedInternetGateway(Waste):
    """An internet gateway is attached to no VPC.

    ## Why is this bad?
    It costs nothing and does nothing, and takes one of the gateways that a region has by default.
    """

    id = "unattached-internet-gateway"
    severity = Severity.INFO
    hint = "Delete the internet gateway."
    hazard = "None: it can be made again at once."
    removable = True
    types = ("aws_internet_gateway",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html",)
    examples = (
        Example(
            bad="""
            {"type": "aws_internet_gateway", "name": "igw-0a1b2c3d4e5f60718", # finding
             "values": {"vpc_id": ""}}
            """,
            fixed="""
            {"type": "aws_internet_gateway", "name": "igw-0a1b2c3d4e5f60718",
             "values": {"vpc_id": "vpc-0a1b2c3d4e5f60718"}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if is_live(subject):
            attached = bool(subject.text("vpc_id"))
        else:
            attached = subject.is_set("vpc_id") or is_used(subject, "aws_internet_gateway_attachment")
        if not attached:
            yield self.waste(subject, "it is attached to no VPC")
