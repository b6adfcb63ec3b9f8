from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity

RESERVED = 5
SHARE = 0.1
FEW = 8


class SubnetNearlyFull(Check[Resource]):
    """A subnet has hardly an address left.

    ## Why is this bad?
    New instances, tasks, pods and functions do not start: `InsufficientFreeAddressesInSubnet`. A load balancer needs
    eight free addresses to scale, a rolling deploy as many as it replaces at a time.

    Reported are subnets with fewer than 8 free addresses, and larger ones with fewer than a tenth.
    """

    id = "subnet-nearly-full"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Add a subnet, best from a second CIDR block of the VPC, or remove what still holds addresses."
    types = ("aws_subnet", "aws_default_subnet")
    references = (
        "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html",
    )
    examples = (
        Example(
            bad="""
            {"type": "aws_subnet", "name": "subnet-1", "values": { # finding
              "cidr_block": "10.0.0.0/24", "available_ip_address_count": 11, "map_public_ip_on_launch": false
            }}
            """,
            fixed="""
            {"type": "aws_subnet", "name": "subnet-1", "values": {
              "cidr_block": "10.0.0.0/24", "available_ip_address_count": 111, "map_public_ip_on_launch": false
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        # What only an account tells; Terraform's own pictures do not have it.
        if "available_ip_address_count" not in subject.values or subject.raw("available_ip_address_count") is None:
            return
        block = subject.text("cidr_block", default="")
        if not block:
            return  # a subnet of IPv6 alone
        free = subject.number("available_ip_address_count")
        size = ipaddress.ip_network(block, strict=False).num_addresses - RESERVED
        # A /28 that is half full has five addresses left and may be meant so: what counts there is that hardly one is.
        limit = min(max(FEW, size * SHARE), size / 2)
        if free < limit:
            yield self.finding(subject, f"{free} of {size} addresses are free")
