from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class GatewayAcceptsStrangers(Check[Resource]):
    """A transit gateway or endpoint service takes connections without asking.

    ## Why is this bad?
    Every account that it is shared with can attach a network, and with the default route table's propagation on, is
    reachable from all others at once. Every principal that may see the endpoint service gets a way in.
    """

    id = "gateway-accepts-strangers"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Let the owner accept each attachment."
    types = ("aws_ec2_transit_gateway", "aws_vpc_endpoint_service")
    same_as = ("CKV_AWS_331", "CKV_AWS_123")
    references = ("https://docs.aws.amazon.com/vpc/latest/tgw/tgw-transit-gateways.html",)
    compliance = ("AWS-FSBP:EC2.23",)
    examples = (
        Example(
            bad="""
            resource "aws_ec2_transit_gateway" "hub" {
              auto_accept_shared_attachments = "enable" # finding
            }
            """,
            fixed="""
            resource "aws_ec2_transit_gateway" "hub" {
              auto_accept_shared_attachments = "disable"
            }
            """,
        ),
        Example(
            title="An endpoint service",
            bad="""
            resource "aws_vpc_endpoint_service" "api" {
              acceptance_required        = false # finding
              network_load_balancer_arns = ["arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/a/1"]
            }
            """,
            fixed="""
            resource "aws_vpc_endpoint_service" "api" {
              acceptance_required        = true
              network_load_balancer_arns = ["arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/a/1"]
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.type == "aws_ec2_transit_gateway":
            if subject.text("auto_accept_shared_attachments", default="disable") == "enable":
                yield self.finding(
                    subject,
                    "attachments of other accounts are accepted without asking",
                    path="auto_accept_shared_attachments",
                    fix=self.set_attribute(subject, "auto_accept_shared_attachments", '"disable"'),
                )
        elif not subject.flag("acceptance_required", default=True):
            yield self.finding(
                subject,
                "connections are accepted without asking",
                path="acceptance_required",
                fix=self.set_attribute(subject, "acceptance_required", "true"),
            )
