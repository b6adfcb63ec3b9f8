from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live


class UnassociatedNetworkAcl(Waste):
    """A network ACL belongs to no subnet.

    ## Why is this bad?
    Its rules filter nothing, and whoever reads them believes that they do: mostly a subnet was meant to have it.
    """

    id = "unassociated-network-acl"
    severity = Severity.INFO
    hint = "Associate the network ACL with the subnets that it is for, or delete it."
    same_as = ("CKV2_AWS_1",)
    hazard = "None for traffic: no subnet uses it."
    removable = True
    types = ("aws_network_acl",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html",)
    examples = (
        Example(
            bad="""
            {"type": "aws_network_acl", "name": "acl-0a1b2c3d4e5f60718", # finding
             "values": {"id": "acl-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718", "subnet_ids": [], "ingress":
             [], "egress": []}}
            """,
            fixed="""
            {"type": "aws_network_acl", "name": "acl-0a1b2c3d4e5f60718",
             "values": {"id": "acl-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718", "subnet_ids":
             ["subnet-0a1b2c3d4e5f60718"], "ingress": [], "egress": []}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if any(subject.items("subnet_ids")):
            return
        if is_live(subject):
            yield self.waste(subject, "it filters the traffic of no subnet")
