from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Fix, Resource, Severity, Waste, is_live, is_used, monthly_cost


class UnattachedAddress(Waste):
    """An Elastic IP address belongs to nothing.

    ## Why is this bad?
    Every public IPv4 address is billed by the hour, whether it is in use or not, and an account has few of them.
    """

    id = "unattached-address"
    severity = Severity.LOW
    hint = "Release the address, or attach it to what should have it."
    same_as = ("CKV2_AWS_19",)
    hazard = "Partners may have it on an allow list, and a released address does not come back."
    removable = True
    types = ("aws_eip",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/WorkWithEIPs.html",)
    examples = (
        Example(
            bad="""
            {"type": "aws_eip", "name": "eipalloc-0a1b2c3d4e5f60718", # finding
             "values": {"allocation_id": "eipalloc-0a1b2c3d4e5f60718", "public_ip": "52.0.2.1", "association_id": "",
                        "instance": "", "network_interface": "", "service_managed": null,
                        "public_ipv4_pool": "amazon"}}
            """,
            fixed="""
            {"type": "aws_eip", "name": "eipalloc-0a1b2c3d4e5f60718",
             "values": {"allocation_id": "eipalloc-0a1b2c3d4e5f60718", "public_ip": "52.0.2.1",
                        "association_id": "eipassoc-0a1b2c3d4e5f60718", "instance": "i-0a1b2c3d4e5f60718",
                        "network_interface": "eni-0a1b2c3d4e5f60718", "service_managed": null,
                        "public_ipv4_pool": "amazon"}}
            """,
            title="Of an account",
        ),
        Example(
            bad="""
            resource "aws_eip" "office" { # finding
              domain = "vpc"
            }
            """,
            fixed="""
            resource "aws_eip" "office" {
              domain            = "vpc"
              network_interface = "eni-0a1b2c3d4e5f60718"
            }
            """,
            title="Of a configuration",
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if is_live(subject):
            if subject.text("association_id") or subject.text("service_managed"):
                return
        elif subject.is_set("instance") or subject.is_set("network_interface") or is_used(subject):
            return
        own = is_live(subject) and subject.text("public_ipv4_pool") not in ("", "amazon")
        cost = None if own else monthly_cost("public-ipv4", subject)  # one's own addresses are free
        address = f"{subject.text('public_ip')} " if is_live(subject) else ""
        yield self.waste(
            subject,
            f"the address {address}is attached to nothing",
            cost,
            fix=Fix("Release it", cli=f"aws ec2 release-address --allocation-id {subject.text('allocation_id')}")
            if is_live(subject)
            else None,
        )
