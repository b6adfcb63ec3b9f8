from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, is_used, related


class UselessPeering(Waste):
    """A VPC peering connects nothing.

    ## Why is this bad?
    It was rejected, failed or expired, or no route of its own side leads to it: neither side can talk to the other
    then, for answers need a route as well.
    """

    id = "useless-peering"
    severity = Severity.INFO
    hint = "Delete the peering connection, or route to it from both sides."
    hazard = "The other side may have routes and believe that the connection works."
    removable = True
    types = ("aws_vpc_peering_connection",)
    references = ("https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html",)
    examples = (
        Example(
            bad="""
            {"complete": ["aws_default_route_table", "aws_route"]}
            {"type": "aws_vpc_peering_connection", "name": "pcx-0a1b2c3d4e5f60718", # finding
             "values": {"id": "pcx-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718", "peer_vpc_id":
             "vpc-0b1b2c3d4e5f60718", "owner_id": "111122223333", "peer_owner_id": "111122223333", "peer_region":
             "eu-west-1", "accept_status": "active", "cidr_block_set": [{"cidr_block": "10.0.0.0/16"}],
             "peer_cidr_block_set": [{"cidr_block": "10.1.0.0/16"}]}}
            {"type": "aws_vpc", "name": "vpc-0a1b2c3d4e5f60718",
             "values": {"id": "vpc-0a1b2c3d4e5f60718", "cidr_block": "10.0.0.0/16", "enable_dns_support": true,
             "enable_dns_hostnames": true}}
            {"type": "aws_vpc", "name": "vpc-0b1b2c3d4e5f60718",
             "values": {"id": "vpc-0b1b2c3d4e5f60718", "cidr_block": "10.1.0.0/16", "enable_dns_support": true,
             "enable_dns_hostnames": true}}
            {"type": "aws_route_table", "name": "rtb-0a1b2c3d4e5f60718",
             "values": {"id": "rtb-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718", "route": []}}
            {"type": "aws_route_table", "name": "rtb-0b1b2c3d4e5f60718",
             "values": {"id": "rtb-0b1b2c3d4e5f60718", "vpc_id": "vpc-0b1b2c3d4e5f60718", "route": []}}
            {"type": "aws_route_table_association", "name": "a1",
             "values": {"route_table_id": "rtb-0a1b2c3d4e5f60718", "subnet_id": "subnet-0a1b2c3d4e5f60718"}}
            {"type": "aws_route_table_association", "name": "a2",
             "values": {"route_table_id": "rtb-0b1b2c3d4e5f60718", "subnet_id": "subnet-0a1b2c3d4e5f60718"}}
            """,
            fixed="""
            {"complete": ["aws_default_route_table", "aws_route"]}
            {"type": "aws_vpc_peering_connection", "name": "pcx-0a1b2c3d4e5f60718",
             "values": {"id": "pcx-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718", "peer_vpc_id":
             "vpc-0b1b2c3d4e5f60718", "owner_id": "111122223333", "peer_owner_id": "111122223333", "peer_region":
             "eu-west-1", "accept_status": "active", "cidr_block_set": [{"cidr_block": "10.0.0.0/16"}],
             "peer_cidr_block_set": [{"cidr_block": "10.1.0.0/16"}]}}
            {"type": "aws_vpc", "name": "vpc-0a1b2c3d4e5f60718",
             "values": {"id": "vpc-0a1b2c3d4e5f60718", "cidr_block": "10.0.0.0/16", "enable_dns_support": true,
             "enable_dns_hostnames": true}}
            {"type": "aws_vpc", "name": "vpc-0b1b2c3d4e5f60718",
             "values": {"id": "vpc-0b1b2c3d4e5f60718", "cidr_block": "10.1.0.0/16", "enable_dns_support": true,
             "enable_dns_hostnames": true}}
            {"type": "aws_route_table", "name": "rtb-0a1b2c3d4e5f60718",
             "values": {"id": "rtb-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718", "route": [{"cidr_block":
             "10.1.0.0/16", "vpc_peering_connection_id": "pcx-0a1b2c3d4e5f60718"}]}}
            {"type": "aws_route_table", "name": "rtb-0b1b2c3d4e5f60718",
             "values": {"id": "rtb-0b1b2c3d4e5f60718", "vpc_id": "vpc-0b1b2c3d4e5f60718", "route": [{"cidr_block":
             "10.0.0.0/16", "vpc_peering_connection_id": "pcx-0a1b2c3d4e5f60718"}]}}
            {"type": "aws_route_table_association", "name": "a1",
             "values": {"route_table_id": "rtb-0a1b2c3d4e5f60718", "subnet_id": "subnet-0a1b2c3d4e5f60718"}}
            {"type": "aws_route_table_association", "name": "a2",
             "values": {"route_table_id": "rtb-0b1b2c3d4e5f60718", "subnet_id": "subnet-0a1b2c3d4e5f60718"}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject):
            return
        status = subject.text("accept_status")
        if status in ("expired", "failed", "rejected"):
            yield self.waste(subject, f"the peering has the status `{status}`")
            return
        if status in ("pending-acceptance", "provisioning", "initiating-request"):
            return
        vpc = subject.model.resolve(subject.raw("vpc_id"), "aws_vpc", "aws_default_vpc")
        if vpc is None or is_used(subject, "aws_route", "aws_route_table", "aws_default_route_table"):
            return  # the routes of a VPC that is not in view are not in view either
        yield self.waste(subject, "no route leads to the peering", related=related((vpc.place(), "its own VPC")))
