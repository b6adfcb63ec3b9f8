from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Network, Resource, Safety, Severity, Unknown, related

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

            resource "aws_subnet" "a" {
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_subnet" "b" {
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.2.0/24"
              availability_zone = "eu-west-1b"
            }
"""


class ClientAddressRefused(Check[Resource]):
    """Targets refuse the client addresses that a load balancer hands on.

    ## Why is this bad?
    With client IP preservation, the default for instance targets, a connection arrives at the target with the address
    of the client, not with that of the load balancer. A security group that lets in the VPC lets in the health checks
    alone: all targets are healthy, and every client times out.
    """

    id = "client-address-refused"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Let the clients into the targets' security group, or turn off client IP preservation."
    types = ("aws_lb_target_group", "aws_alb_target_group")
    references = (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_internet_gateway" "main" {{
              vpc_id = aws_vpc.main.id
            }}

            resource "aws_route_table" "public" {{
              vpc_id = aws_vpc.main.id

              route {{
                cidr_block = "0.0.0.0/0"
                gateway_id = aws_internet_gateway.main.id
              }}
            }}

            resource "aws_route_table_association" "public" {{
              for_each       = {{ a = aws_subnet.a.id, b = aws_subnet.b.id }}
              subnet_id      = each.value
              route_table_id = aws_route_table.public.id
            }}

            resource "aws_security_group" "app" {{
              name   = "app"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port   = 8443
                to_port     = 8443
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/16"]
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
              subnet_id              = aws_subnet.a.id
              vpc_security_group_ids = [aws_security_group.app.id]

              metadata_options {{
                http_tokens = "required"
              }}
            }}

            resource "aws_lb" "edge" {{
              name               = "edge"
              load_balancer_type = "network"
              subnets            = [aws_subnet.a.id, aws_subnet.b.id]
            }}

            resource "aws_lb_target_group" "app" {{ # finding
              name     = "app"
              port     = 8443
              protocol = "TCP"
              vpc_id   = aws_vpc.main.id
            }}

            resource "aws_lb_target_group_attachment" "app" {{
              target_group_arn = aws_lb_target_group.app.arn
              target_id        = aws_instance.app.id
            }}

            resource "aws_lb_listener" "edge" {{
              load_balancer_arn = aws_lb.edge.arn
              port              = 443
              protocol          = "TCP"

              default_action {{
                type             = "forward"
                target_group_arn = aws_lb_target_group.app.arn
              }}
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_internet_gateway" "main" {{
              vpc_id = aws_vpc.main.id
            }}

            resource "aws_route_table" "public" {{
              vpc_id = aws_vpc.main.id

              route {{
                cidr_block = "0.0.0.0/0"
                gateway_id = aws_internet_gateway.main.id
              }}
            }}

            resource "aws_route_table_association" "public" {{
              for_each       = {{ a = aws_subnet.a.id, b = aws_subnet.b.id }}
              subnet_id      = each.value
              route_table_id = aws_route_table.public.id
            }}

            resource "aws_security_group" "app" {{
              name   = "app"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port   = 8443
                to_port     = 8443
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/16"]
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
              subnet_id              = aws_subnet.a.id
              vpc_security_group_ids = [aws_security_group.app.id]

              metadata_options {{
                http_tokens = "required"
              }}
            }}

            resource "aws_lb" "edge" {{
              name               = "edge"
              load_balancer_type = "network"
              subnets            = [aws_subnet.a.id, aws_subnet.b.id]
            }}

            resource "aws_lb_target_group" "app" {{
              name     = "app"
              port     = 8443
              protocol = "TCP"
              vpc_id   = aws_vpc.main.id

              preserve_client_ip = false
            }}

            resource "aws_lb_target_group_attachment" "app" {{
              target_group_arn = aws_lb_target_group.app.arn
              target_id        = aws_instance.app.id
            }}

            resource "aws_lb_listener" "edge" {{
              load_balancer_arn = aws_lb.edge.arn
              port              = 443
              protocol          = "TCP"

              default_action {{
                type             = "forward"
                target_group_arn = aws_lb_target_group.app.arn
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        network = Network.of(subject.model)
        picture = network.picture
        group = picture.target_groups.get(subject.address)
        doubt = ""
        if group is None or not group.preserves_client or not subject.flag("preserve_client_ip", default=True):
            return
        for balancer in picture.balancers.values():
            if balancer.kind != "network" or not balancer.internet_facing:
                continue
            for listener in balancer.listeners:
                for member, ports in group.members if group.key in listener.targets else ():
                    target = picture.interfaces[member]
                    answer = network.through(balancer.key, "internet", target.key, listener.ports)
                    if answer.verdict in ("may", "unknown"):
                        doubt = doubt or "; ".join(answer.needs or answer.doubts)
                    if [blocker.code for blocker in answer.blockers] != ["ELBV2_SOURCE_ADDRESS_PRESERVATION"]:
                        continue
                    places = [picture.groups[key].resource for key in target.groups if key in picture.groups]
                    yield self.finding(
                        subject,
                        f"clients of {balancer.key} arrive with their own addresses, which {member} does not let in on "
                        f"{ports.describe()}: they time out, although the target is healthy",
                        path="preserve_client_ip",
                        related=related(
                            *((place.place(), "the target's security group") for place in places if place is not None)
                        ),
                        details=[f"internet → {balancer.key} → {member} (ELBV2_SOURCE_ADDRESS_PRESERVATION)"],
                        fix=self.set_attribute(subject, "preserve_client_ip", "false", safety=Safety.UNSAFE),
                    )
                    return
        if doubt:
            raise Unknown(f"{subject.address}: {doubt}")
