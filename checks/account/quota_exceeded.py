from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Severity, Unknown, usages


class QuotaExceeded(Check[Model]):
    """A design needs more of something than the account may have.

    ## Why is this bad?
    The apply stops half-way: `AddressLimitExceeded`, `VpcLimitExceeded`, `VcpuLimitExceeded`, or a timeout of an
    Auto Scaling group that never says why. Raising a quota takes from minutes to days.

    Counted are Elastic IP addresses, VPCs, internet gateways, NAT gateways of a zone, security groups, load balancers,
    databases, Auto Scaling groups and vCPUs. Without a picture of the account
    AWS's default is what it may have, and what is there already is not counted: lay the plan over the account
    (`guardrails check plan.json --live account.json.gz`) to judge the whole against the quotas in force.
    """

    id = "quota-exceeded"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Ask for a higher quota before the deploy, or make do with fewer."
    aliases = ("address-quota-exceeded",)
    references = (
        "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",
        "https://docs.aws.amazon.com/servicequotas/latest/userguide/request-quota-increase.html",
    )
    examples = (
        Example(
            bad="""
            provider "aws" {
              region = "eu-west-1"
            }

            resource "aws_eip" "outgoing" { # finding
              count             = 6
              domain            = "vpc"
              network_interface = "eni-0a1b2c3d4e5f0000${count.index}"
            }
            """,
            fixed="""
            provider "aws" {
              region = "eu-west-1"
            }

            resource "aws_eip" "outgoing" {
              count             = 5
              domain            = "vpc"
              network_interface = "eni-0a1b2c3d4e5f0000${count.index}"
            }
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind in {"account", "state"}:
            return
        doubt = ""
        for usage in usages(subject):
            if usage.limit is None or usage.used <= usage.limit or not usage.planned:
                continue
            if usage.used > usage.planned and not usage.in_force:
                doubt = doubt or f"the quota of {usage.quota.name} in {usage.region} is not known"
                continue
            first = usage.resources[min(usage.limit, len(usage.resources) - 1)]
            where = f" in {usage.region}" if usage.region else ""
            live = usage.used - usage.planned
            there = f", {live} of them live" if live else ""
            yield self.finding(
                first,
                f"it is one of {usage.used} {usage.quota.name}{where}{there}, "
                f"the {'quota' if usage.in_force else 'default quota'} is {usage.limit}",
            )
        if doubt:
            raise Unknown(doubt)
