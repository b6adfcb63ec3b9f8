from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Severity, Unanswered, Unknown

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


class NetworkAclDropsAnswers(Check[Unanswered]):
    """A network ACL lets connections through and drops their answers.

    ## Why is this bad?
    Network ACLs keep no state: the answer to a connection goes to the port that the client took, somewhere from 1024
    to 65535, and needs a rule of its own in the other direction. Without one the first packet arrives, the answer is
    dropped, and the client sees `Connection timed out` as if nothing were there.
    """

    id = "network-acl-drops-answers"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Allow the ports 1024-65535 in the other direction, to the same addresses."
    references = (
        "https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html",
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

              egress {{ # finding
                rule_no    = 100
                action     = "allow"
                protocol   = "tcp"
                from_port  = 443
                to_port    = 443
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
        if not subject.whole:
            return
        if subject.undecided:
            raise Unknown(subject.undecided)
        word = "out" if subject.direction == "ingress" else "in"
        yield self.finding(
            subject.blocks[0],
            f"connections on {subject.ports.describe()} pass, but no answer is let {word} for "
            f"{subject.addresses.describe()}: they time out",
            related=subject.places(),
            fix=Fix("Let the answers through", terraform=subject.patch()),
        )
