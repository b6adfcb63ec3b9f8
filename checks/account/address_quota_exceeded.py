from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Resource, Severity, Symbolic

DEFAULT_QUOTA = 5


class AddressQuotaExceeded(Check[Model]):
    """A design has more Elastic IP addresses than a region gives.

    ## Why is this bad?
    A region gives 5 addresses to an account unless the quota (L-0263D0A3) was raised. The sixth fails in the middle of
    the apply: `AddressLimitExceeded: The maximum number of addresses has been reached`.

    An account that is read live shows its addresses, not its quota, and is not judged here.
    """

    id = "address-quota-exceeded"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Ask for a higher quota before the deploy, or share one NAT gateway between zones that can do with one."
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",)
    examples = (
        Example(
            bad="""
            provider "aws" {
              region = "eu-west-1"
            }

            resource "aws_eip" "outgoing" { # finding
              count  = 6
              domain = "vpc"
            }
            """,
            fixed="""
            provider "aws" {
              region = "eu-west-1"
            }

            resource "aws_eip" "outgoing" {
              count  = 5
              domain = "vpc"
            }
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind in {"account", "state"}:
            return
        by_region: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for address in subject.all("aws_eip"):
            own_pool = address.is_set("public_ipv4_pool") and address.text("public_ipv4_pool") != "amazon"
            if address.conditional or own_pool:
                continue
            region = address.provider.config.get("region")
            known = region if isinstance(region, str) and not isinstance(region, Symbolic) else ""
            by_region[address.provider.alias, known].append(address)
        for (_, region), addresses in sorted(by_region.items()):
            if len(addresses) > DEFAULT_QUOTA:
                where = f" in {region}" if region else ""
                yield self.finding(
                    addresses[DEFAULT_QUOTA],
                    f"it is one of {len(addresses)} addresses{where}, the default quota is {DEFAULT_QUOTA}",
                )
