from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class SubnetWithAutomaticPublicIp(Check[Resource]):
    """Everything that is launched in a subnet gets a public address.

    ## Why is this bad?
    A machine becomes reachable from the internet, and costs an address, without anybody having asked for it.
    Load balancers and NAT gateways do not need this setting; machines that must be public can ask for an address.
    """

    id = "subnet-with-automatic-public-ip"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Set `map_public_ip_on_launch = false`, and `associate_public_ip_address` where it is wanted."
    types = ("aws_subnet", "aws_default_subnet")
    same_as = ("CKV_AWS_130", "AWS-0164")
    counter_checks = ("node-group-without-public-ip",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/subnet-public-ip.html",)
    compliance = ("AWS-FSBP:EC2.15",)
    examples = (
        Example(
            bad="""
            resource "aws_subnet" "public" {
              vpc_id                  = "vpc-0a1b2c3d4e5f60718"
              cidr_block              = "10.0.0.0/24"
              map_public_ip_on_launch = true # finding
            }
            """,
            fixed="""
            resource "aws_subnet" "public" {
              vpc_id                  = "vpc-0a1b2c3d4e5f60718"
              cidr_block              = "10.0.0.0/24"
              map_public_ip_on_launch = false
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.flag("map_public_ip_on_launch"):
            yield self.finding(
                subject,
                "what is launched here gets a public address",
                path="map_public_ip_on_launch",
                fix=self.set_attribute(subject, "map_public_ip_on_launch", "false"),
            )
