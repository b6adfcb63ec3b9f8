from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Severity, Shortfall, Unknown

NETWORK = """
            resource "aws_vpc" "main" {
              cidr_block           = "10.0.0.0/16"
              enable_dns_hostnames = true
            }

            resource "aws_flow_log" "main" {
              vpc_id               = aws_vpc.main.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_subnet" "private" {
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_route_table" "private" {
              vpc_id = aws_vpc.main.id
            }

            resource "aws_route_table_association" "private" {
              subnet_id      = aws_subnet.private.id
              route_table_id = aws_route_table.private.id
            }

            resource "aws_security_group" "app" {
              name   = "app"
              vpc_id = aws_vpc.main.id

              egress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }
            }
"""


class SessionManagerUnreachable(Check[Shortfall]):
    """An instance is to be managed by Session Manager, but does not reach it.

    ## Why is this bad?
    The agent on the instance connects to Systems Manager, nobody connects to it. If it cannot, the instance never
    appears as managed: `aws ssm start-session` ends in `TargetNotConnected`, patches and commands pass it by, and the
    agent's log is on the machine that nobody gets into.
    """

    id = "session-manager-unreachable"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Give its subnet the endpoints `ssm` and `ssmmessages` or a route to a NAT gateway."
    references = (
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html",
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-troubleshooting.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}
            resource "aws_iam_role" "app" {{
              name = "app"

              assume_role_policy = jsonencode({{
                Version   = "2012-10-17"
                Statement = [{{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = {{ Service = "ec2.amazonaws.com" }}
                }}]
              }})
            }}

            resource "aws_iam_role_policy_attachment" "session" {{
              role       = aws_iam_role.app.name
              policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
            }}

            resource "aws_iam_instance_profile" "app" {{
              name = "app"
              role = aws_iam_role.app.name
            }}

            resource "aws_instance" "app" {{ # finding
              ami                    = "ami-0a1b2c3d4e5f60718"
              instance_type          = "t3.small"
              subnet_id              = aws_subnet.private.id
              vpc_security_group_ids = [aws_security_group.app.id]
              iam_instance_profile   = aws_iam_instance_profile.app.name

              metadata_options {{
                http_tokens = "required"
              }}
            }}
            """,
            fixed=f"""
{NETWORK}
            resource "aws_security_group" "endpoints" {{
              name   = "endpoints"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = [aws_vpc.main.cidr_block]
              }}
            }}

            resource "aws_vpc_endpoint" "services" {{
              for_each            = toset(["ssm", "ssmmessages"])
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.${{each.key}}"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.endpoints.id]
              private_dns_enabled = true
            }}

            resource "aws_iam_role" "app" {{
              name = "app"

              assume_role_policy = jsonencode({{
                Version   = "2012-10-17"
                Statement = [{{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = {{ Service = "ec2.amazonaws.com" }}
                }}]
              }})
            }}

            resource "aws_iam_role_policy_attachment" "session" {{
              role       = aws_iam_role.app.name
              policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
            }}

            resource "aws_iam_instance_profile" "app" {{
              name = "app"
              role = aws_iam_role.app.name
            }}

            resource "aws_instance" "app" {{
              ami                    = "ami-0a1b2c3d4e5f60718"
              instance_type          = "t3.small"
              subnet_id              = aws_subnet.private.id
              vpc_security_group_ids = [aws_security_group.app.id]
              iam_instance_profile   = aws_iam_instance_profile.app.name

              metadata_options {{
                http_tokens = "required"
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Shortfall, /) -> Iterator[Finding]:
        if subject.workload.kind != "session":
            return
        missing = subject.own
        if missing:
            yield self.finding(
                subject.resource,
                f"its agent does not reach {subject.services(missing)}: sessions end in `TargetNotConnected`",
                related=subject.places(missing),
                details=subject.details(missing),
                fix=Fix("Open the way to Systems Manager", terraform=subject.patch(missing)),
            )
        if subject.undecided and not subject.missing:
            raise Unknown(subject.undecided)
