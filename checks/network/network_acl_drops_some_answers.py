from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Severity, Unanswered

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


class NetworkAclDropsSomeAnswers(Check[Unanswered]):
    """A network ACL lets answers through to some clients only.

    ## Why is this bad?
    Which port a client takes depends on what it is: Linux takes 32768-60999, Windows 49152-65535, but NAT gateways,
    load balancers and Lambda anything from 1024. A rule for the ports of one of them works in every test from there,
    and drops the answers to the others: some connections time out, most do not, and it looks like a flaky network.
    """

    id = "network-acl-drops-some-answers"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Allow the ports 1024-65535 in the other direction, to the same addresses."
    references = (
        "https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_network_acl" "app" {{
              vpc_id     = aws_vpc.main.id
              subnet_ids = [aws_subnet.app.id]

              ingress {{ # finding
                rule_no    = 100
                action     = "allow"
                protocol   = "tcp"
                from_port  = 443
                to_port    = 443
                cidr_block = "0.0.0.0/0"
              }}

              egress {{
                rule_no    = 100
                action     = "allow"
                protocol   = "tcp"
                from_port  = 49152
                to_port    = 65535
                cidr_block = "0.0.0.0/0"
              }}
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_network_acl" "app" {{
              vpc_id     = aws_vpc.main.id
              subnet_ids = [aws_subnet.app.id]

              ingress {{
                rule_no    = 100
                action     = "allow"
                protocol   = "tcp"
                from_port  = 443
                to_port    = 443
                cidr_block = "0.0.0.0/0"
              }}

              egress {{
                rule_no    = 100
                action     = "allow"
                protocol   = "tcp"
                from_port  = 1024
                to_port    = 65535
                cidr_block = "0.0.0.0/0"
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Unanswered, /) -> Iterator[Finding]:
        if subject.whole:
            return
        word = "out" if subject.direction == "ingress" else "in"
        yield self.finding(
            subject.blocks[0],
            f"answers to connections on {subject.ports.describe()} are not let {word} on {subject.missing.describe()}, "
            f"which {subject.clients} may use: some of them time out",
            related=subject.places(),
            fix=Fix("Let all answers through", terraform=subject.patch()),
        )
