from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, is_used

ASSOCIATIONS = ("aws_route_table_association", "aws_main_route_table_association")


class UnassociatedRouteTable(Waste):
    """A route table belongs to no subnet.

    ## Why is this bad?
    Its routes decide nothing, and whoever reads them believes that they do: mostly a subnet was meant to have it.
    """

    id = "unassociated-route-table"
    severity = Severity.INFO
    hint = "Associate the route table with the subnets that it is for, or delete it."
    hazard = "None for traffic: no subnet uses it."
    removable = True
    types = ("aws_route_table",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html",)
    examples = (
        Example(
            bad="""
            {"complete": ["aws_route_table_association"]}
            {"type": "aws_route_table", "name": "rtb-0a1b2c3d4e5f60718", # finding
             "values": {"id": "rtb-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718", "route": []}}
            """,
            fixed="""
            {"complete": ["aws_route_table_association"]}
            {"type": "aws_route_table", "name": "rtb-0a1b2c3d4e5f60718",
             "values": {"id": "rtb-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718", "route": []}}
            {"type": "aws_route_table_association", "name": "rtbassoc-0a1b2c3d4e5f60718",
             "values": {"route_table_id": "rtb-0a1b2c3d4e5f60718", "subnet_id": "subnet-0a1b2c3d4e5f60718"}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_used(subject, *ASSOCIATIONS) and is_live(subject):
            yield self.waste(subject, f"no subnet and no gateway of {subject.text('vpc_id')} uses it")
