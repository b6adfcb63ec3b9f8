from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Resource, Severity, related


class VpcWithoutDns(Check[Resource]):
    """A VPC's DNS settings break what depends on private names.

    ## Why is this bad?
    Private hosted zones and private DNS names of interface endpoints are answered only where both
    `enable_dns_support` and `enable_dns_hostnames` are on. The provider's default for hostnames is off. The apply fails
    with `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true`, or
    names resolve to public addresses and calls hang.
    """

    id = "vpc-without-dns"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Set `enable_dns_support = true` and `enable_dns_hostnames = true`."
    types = ("aws_vpc",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html",)
    examples = (
        Example(
            bad="""
            resource "aws_vpc" "main" { # finding
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_flow_log" "main" {
              vpc_id          = aws_vpc.main.id
              traffic_type    = "ALL"
              log_destination = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_route53_zone" "internal" {
              name = "internal.example.com"

              vpc {
                vpc_id = aws_vpc.main.id
              }
            }
            """,
            fixed="""
            resource "aws_vpc" "main" {
              cidr_block           = "10.0.0.0/16"
              enable_dns_hostnames = true
            }

            resource "aws_flow_log" "main" {
              vpc_id          = aws_vpc.main.id
              traffic_type    = "ALL"
              log_destination = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_route53_zone" "internal" {
              name = "internal.example.com"

              vpc {
                vpc_id = aws_vpc.main.id
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        support = subject.flag("enable_dns_support", default=True)
        hostnames = subject.flag("enable_dns_hostnames")
        if support and hostnames:
            return
        switch = "enable_dns_hostnames" if support else "enable_dns_support"
        for needy, what in _needs_dns(subject.model, subject):
            yield self.finding(
                subject,
                f"`{switch}` is off, but {needy.address} {what}",
                path=switch,
                related=related((needy.place(), "this needs the VPC's DNS")),
                fix=self.set_attribute(subject, switch, "true"),
            )
            return


def _needs_dns(model: Model, vpc: Resource) -> Iterator[tuple[Resource, str]]:
    for endpoint in model.all("aws_vpc_endpoint"):
        if model.resolve(endpoint.raw("vpc_id"), "aws_vpc") is vpc and endpoint.flag("private_dns_enabled"):
            yield endpoint, "has a private DNS name"
    for zone in model.all("aws_route53_zone"):
        for association in zone.blocks("vpc"):
            if model.resolve(association.raw("vpc_id"), "aws_vpc") is vpc:
                yield zone, "is a private zone of it"
    for association in model.all("aws_route53_zone_association"):
        if model.resolve(association.raw("vpc_id"), "aws_vpc") is vpc:
            yield association, "joins a private zone to it"
