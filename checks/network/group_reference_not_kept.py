from __future__ import annotations

from collections.abc import Iterator

from guardrails import (
    Block,
    Check,
    Example,
    Finding,
    Fix,
    Kind,
    Network,
    Resource,
    SecurityGroup,
    Severity,
    Unknown,
    related,
)

NETWORK = """
            resource "aws_vpc" "app" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_vpc" "data" {
              cidr_block = "10.1.0.0/16"
            }

            resource "aws_flow_log" "logs" {
              for_each             = { app = aws_vpc.app.id, data = aws_vpc.data.id }
              vpc_id               = each.value
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_subnet" "app" {
              vpc_id            = aws_vpc.app.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_subnet" "data" {
              vpc_id            = aws_vpc.data.id
              cidr_block        = "10.1.1.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_ec2_transit_gateway_vpc_attachment" "app" {
              transit_gateway_id = aws_ec2_transit_gateway.main.id
              vpc_id             = aws_vpc.app.id
              subnet_ids         = [aws_subnet.app.id]
            }

            resource "aws_ec2_transit_gateway_vpc_attachment" "data" {
              transit_gateway_id = aws_ec2_transit_gateway.main.id
              vpc_id             = aws_vpc.data.id
              subnet_ids         = [aws_subnet.data.id]
            }

            resource "aws_route_table" "routes" {
              for_each = { app = aws_vpc.app.id, data = aws_vpc.data.id }
              vpc_id   = each.value

              route {
                cidr_block         = "10.0.0.0/8"
                transit_gateway_id = aws_ec2_transit_gateway.main.id
              }
            }

            resource "aws_security_group" "app" {
              name   = "app"
              vpc_id = aws_vpc.app.id
            }

            resource "aws_security_group" "data" {
              name   = "data"
              vpc_id = aws_vpc.data.id
            }
"""


class GroupReferenceNotKept(Check[SecurityGroup]):
    """A rule names a security group of a network that it cannot see.

    ## Why is this bad?
    A security group can be named within its VPC, over a peering connection in the same region, and over a transit
    gateway that has `security_group_referencing_support` on both sides. Anywhere else the apply ends in
    `InvalidGroup.NotFound: You have specified two resources that belong to different networks`, or the rule is there
    and nothing ever matches it.
    """

    id = "group-reference-not-kept"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Turn on security group referencing, or name the other network's addresses."
    references = (
        "https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html",
        "https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_ec2_transit_gateway" "main" {{
              description = "main"
            }}

            resource "aws_vpc_security_group_ingress_rule" "data" {{
              security_group_id            = aws_security_group.data.id
              referenced_security_group_id = aws_security_group.app.id # finding
              ip_protocol                  = "tcp"
              from_port                    = 5432
              to_port                      = 5432
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_ec2_transit_gateway" "main" {{
              description = "main"

              security_group_referencing_support = "enable"
            }}

            resource "aws_vpc_security_group_ingress_rule" "data" {{
              security_group_id            = aws_security_group.data.id
              referenced_security_group_id = aws_security_group.app.id
              ip_protocol                  = "tcp"
              from_port                    = 5432
              to_port                      = 5432
            }}
            """,
        ),
    )

    def check(self, subject: SecurityGroup, /) -> Iterator[Finding]:
        here = _vpc(subject.resource)
        doubt = ""
        for rule in (*subject.known("ingress"), *subject.known("egress")):
            for other in rule.groups:
                if not isinstance(other, Resource) or other is subject.resource:
                    continue
                there = _vpc(other)
                if here is None or there is None or here is there:
                    continue
                state, reason = _kept(Network.of(subject.model), here.address, there.address)
                if state == "maybe":
                    doubt = doubt or f"{rule.block.resource.address}: {reason}"
                elif state == "no":
                    yield self.finding(
                        rule.block,
                        f"it names {other.address} of {there.address}, which {here.address} cannot see: {reason}",
                        path=_path(rule.block),
                        related=related((other.place(), "the group")),
                        fix=self._fix(subject, here, there, reason),
                    )
        if doubt:
            raise Unknown(doubt)

    def _fix(self, subject: SecurityGroup, here: Resource, there: Resource, reason: str) -> Fix:
        """Let the transit gateway keep groups if there is one, else name the other network's addresses."""
        gateway = subject.model.at(reason.partition(" ")[0]) if "SG_REFERENCING_SUPPORT" in reason else None
        if gateway is not None:
            return self.set_attribute(gateway, "security_group_referencing_support", '"enable"')
        return Fix(f"Name the addresses of {there.address}", terraform=f"cidr_ipv4 = {there.address}.cidr_block")


def _vpc(group: Resource) -> Resource | None:
    try:
        return group.model.resolve(group.raw("vpc_id"), "aws_vpc", "aws_default_vpc")
    except Unknown:
        return None


def _path(rule: Block) -> str:
    names = ("referenced_security_group_id", "source_security_group_id", "security_groups")
    return next((name for name in names if rule.raw(name)), names[0])


def _kept(network: Network, here: str, there: str) -> tuple[str, str]:
    """Whether groups of one VPC can be named in another (`yes`, `no`, `maybe`), and why."""
    picture = network.picture
    if any(network.model.all("aws_networkmanager_vpc_attachment")):
        return "maybe", "what the core network keeps"
    for peering in picture.peerings.values():
        if {peering.requester, peering.accepter} == {here, there} and peering.active:
            if peering.same_region:
                return "yes", ""
            return "no", f"{peering.key} leads to another region"
    mine = {a.gateway: a for a in picture.attachments.values() if a.vpc == here}
    theirs = {a.gateway: a for a in picture.attachments.values() if a.vpc == there}
    common = sorted(mine.keys() & theirs.keys())
    for gateway in common:
        transit = picture.transits.get(gateway)
        if transit is None or transit.doubt or transit.resource is None:
            return "maybe", f"whether {gateway} keeps groups"
        transit.resource.text("security_group_referencing_support", default="disable")  # raises if it is not known
        if transit.group_references and mine[gateway].group_references and theirs[gateway].group_references:
            return "yes", ""
    if common:
        return "no", f"{common[0]} does not keep security groups (SG_REFERENCING_SUPPORT)"
    if mine or theirs or any("" in (p.requester, p.accepter) for p in picture.peerings.values()):
        return "maybe", "what connects the two VPCs"
    for gap in network.model.gaps:
        return "maybe", gap.reason
    return "no", "nothing connects the two (`two resources that belong to different networks`)"
