from __future__ import annotations

from collections.abc import Iterator

from guardrails import (
    Check,
    Example,
    Finding,
    Fix,
    Kind,
    Network,
    PortSet,
    Reachability,
    SecurityGroup,
    Severity,
    Unknown,
    related,
)

NETWORK = """
            resource "aws_vpc" "main" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_flow_log" "main" {
              vpc_id               = aws_vpc.main.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_subnet" "app" {
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }
"""


class EgressMissesTarget(Check[SecurityGroup]):
    """A security group lets a client in whose own group does not let it out there.

    ## Why is this bad?
    A connection needs both: the client's group must let it out, and the target's group must let it in. The rule at the
    target shows that the connection is meant; without its counterpart it `silently times out`, and the rule that
    everybody looks at is right.
    """

    id = "egress-misses-target"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Add an egress rule for these ports to the client's security group."
    references = (
        "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
        "https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_security_group" "app" {{
              name   = "app"
              vpc_id = aws_vpc.main.id

              egress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }}
            }}

            resource "aws_security_group" "cache" {{
              name   = "cache"
              vpc_id = aws_vpc.main.id

              ingress {{ # finding
                from_port       = 6379
                to_port         = 6379
                protocol        = "tcp"
                security_groups = [aws_security_group.app.id]
              }}

              egress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/16"]
              }}
            }}

            resource "aws_instance" "app" {{
              ami                    = "ami-0a1b2c3d4e5f60718"
              instance_type          = "t3.small"
              subnet_id              = aws_subnet.app.id
              vpc_security_group_ids = [aws_security_group.app.id]

              metadata_options {{
                http_tokens = "required"
              }}
            }}

            resource "aws_instance" "cache" {{
              ami                    = "ami-0a1b2c3d4e5f60718"
              instance_type          = "t3.small"
              subnet_id              = aws_subnet.app.id
              vpc_security_group_ids = [aws_security_group.cache.id]

              metadata_options {{
                http_tokens = "required"
              }}
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_security_group" "app" {{
              name   = "app"
              vpc_id = aws_vpc.main.id

              egress {{
                from_port   = 6379
                to_port     = 6379
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }}
            }}

            resource "aws_security_group" "cache" {{
              name   = "cache"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port       = 6379
                to_port         = 6379
                protocol        = "tcp"
                security_groups = [aws_security_group.app.id]
              }}

              egress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/16"]
              }}
            }}

            resource "aws_instance" "app" {{
              ami                    = "ami-0a1b2c3d4e5f60718"
              instance_type          = "t3.small"
              subnet_id              = aws_subnet.app.id
              vpc_security_group_ids = [aws_security_group.app.id]

              metadata_options {{
                http_tokens = "required"
              }}
            }}

            resource "aws_instance" "cache" {{
              ami                    = "ami-0a1b2c3d4e5f60718"
              instance_type          = "t3.small"
              subnet_id              = aws_subnet.app.id
              vpc_security_group_ids = [aws_security_group.cache.id]

              metadata_options {{
                http_tokens = "required"
              }}
            }}
            """,
        ),
    )

    def check(self, subject: SecurityGroup, /) -> Iterator[Finding]:
        network = Network.of(subject.model)
        groups = network.picture.groups
        target = groups.get(subject.resource.address)
        doubt = ""
        for permit in target.ingress if target is not None else ():
            if target is None or permit.block is None or not permit.certain:
                continue
            for client in sorted(permit.groups - {target.key}):
                for source, names, answer in _kept_in(network, client, target.key, permit.ports):
                    if answer.verdict != "blocked":
                        doubt = doubt or f"whether {client} is let out to {target.key}: {answer.doubts[0]}"
                        continue
                    code = answer.blockers[0].code
                    places = [g.resource.place() for name in names if (g := groups.get(name)) and g.resource]
                    yield self.finding(
                        permit.block,
                        f"it lets in {client} on {permit.ports.describe()}, but {' and '.join(names)} does not let "
                        f"{source} out there: its connections time out",
                        related=related(*((place, "the client's group") for place in places)),
                        details=[f"{source} → {' and '.join(names)}: no egress rule applies ({code})"],
                        fix=Fix("Let the client out", terraform=_patch(network, client, target.key, permit.ports)),
                    )
                    break
        if doubt:
            raise Unknown(doubt)


def _kept_in(
    network: Network, client: str, target: str, ports: PortSet
) -> Iterator[tuple[str, tuple[str, ...], Reachability]]:
    """The members of one group that their own groups keep, or may keep, from every member of the other: name, groups,
    and the answer that says so.
    """
    for source in {i.groups: i for i in network.members(client)}.values():
        balancer = source.resource is not None and source.resource.address in network.picture.balancers
        if source.groups_doubt or balancer or _without_egress(network, source.groups):
            continue  # a load balancer's targets, like the endpoints of services, have checks of their own
        members = [i for i in network.members(target) if i.accepts and i.kind != "endpoint" and i.key != source.key]
        to = {i.groups: i for i in members}
        answers = [network.direct(source, each, ports) for each in to.values()]
        if answers and all(_for_egress(answer, source.key) for answer in answers):
            yield source.key, source.groups, answers[0]


def _for_egress(answer: Reachability, source: str) -> bool:
    """Whether the egress rules of the source alone decide."""
    if answer.verdict == "blocked":
        return [(b.component, b.detail) for b in answer.blockers] == [(source, "egress")]
    return answer.verdict == "may" and any(doubt.startswith(f"{source}: egress") for doubt in answer.doubts)


def _without_egress(network: Network, groups: tuple[str, ...]) -> bool:
    """Whether they let out nothing at all, which has a check of its own."""
    found = [network.picture.groups[name] for name in groups if name in network.picture.groups]
    return not any(group.egress or group.egress_doubt for group in found)


def _patch(network: Network, client: str, target: str, ports: PortSet) -> str:
    ranges = ports.ranges("tcp") or ports.ranges("udp")
    low, high = ranges[0] if ranges else (0, 65535)
    protocol = "tcp" if ports.ranges("tcp") else "udp"
    group = network.picture.groups[client]
    inline = any(p.block is not None and p.block.resource is group.resource for p in group.egress)
    if inline:  # a rule of its own beside inline ones is removed by the next apply; naming groups both ways is a cycle
        places = dict.fromkeys(interface.subnet for interface in network.members(target))
        cidrs = ", ".join(f"{key}.cidr_block" for key in places)
        return (
            f"# in {client}\negress {{\n  from_port = {low}\n  to_port = {high}\n"
            f'  protocol = "{protocol}"\n  cidr_blocks = [{cidrs}]\n}}'
        )
    return (
        'resource "aws_vpc_security_group_egress_rule" "target" {\n'
        f"  security_group_id = {client}.id\n  referenced_security_group_id = {target}.id\n"
        f'  ip_protocol = "{protocol}"\n  from_port = {low}\n  to_port = {high}\n}}'
    )
