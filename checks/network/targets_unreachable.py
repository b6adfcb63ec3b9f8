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
    Resource,
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


class TargetsUnreachable(Check[Resource]):
    """A load balancer does not reach its targets.

    ## Why is this bad?
    A load balancer opens connections of its own: its security group must let them out and the targets' group must let
    them in, on the port of the traffic and on that of the health check. Otherwise the targets never become healthy,
    clients get `503 Service Unavailable` or `504 Gateway Time-out`, and ECS replaces its tasks again and again:
    `(service app) is unhealthy in (target-group app) due to (reason Request timed out)`.
    """

    id = "targets-unreachable"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Let the load balancer's group out to, and into the targets' group on, the traffic and health-check ports."
    types = ("aws_lb_target_group", "aws_alb_target_group", "aws_elb")
    references = (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-update-security-groups.html",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_security_group" "web" {{
              name   = "web"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/16"]
              }}

              egress {{
                from_port   = 8080
                to_port     = 8080
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/16"]
              }}
            }}

            resource "aws_security_group" "app" {{
              name   = "app"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port       = 80
                to_port         = 80
                protocol        = "tcp"
                security_groups = [aws_security_group.web.id]
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

            resource "aws_lb" "web" {{
              name                       = "web"
              internal                   = true
              subnets                    = [aws_subnet.a.id, aws_subnet.b.id]
              security_groups            = [aws_security_group.web.id]
              drop_invalid_header_fields = true
            }}

            resource "aws_lb_target_group" "app" {{
              name     = "app"
              port     = 8080 # finding
              protocol = "HTTP"
              vpc_id   = aws_vpc.main.id
            }}

            resource "aws_lb_target_group_attachment" "app" {{
              target_group_arn = aws_lb_target_group.app.arn
              target_id        = aws_instance.app.id
            }}

            resource "aws_lb_listener" "web" {{
              load_balancer_arn = aws_lb.web.arn
              port              = 443
              protocol          = "HTTPS"
              ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
              certificate_arn   = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

              default_action {{
                type             = "forward"
                target_group_arn = aws_lb_target_group.app.arn
              }}
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_security_group" "web" {{
              name   = "web"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/16"]
              }}

              egress {{
                from_port   = 8080
                to_port     = 8080
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/16"]
              }}
            }}

            resource "aws_security_group" "app" {{
              name   = "app"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port       = 8080
                to_port         = 8080
                protocol        = "tcp"
                security_groups = [aws_security_group.web.id]
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

            resource "aws_lb" "web" {{
              name                       = "web"
              internal                   = true
              subnets                    = [aws_subnet.a.id, aws_subnet.b.id]
              security_groups            = [aws_security_group.web.id]
              drop_invalid_header_fields = true
            }}

            resource "aws_lb_target_group" "app" {{
              name     = "app"
              port     = 8080
              protocol = "HTTP"
              vpc_id   = aws_vpc.main.id
            }}

            resource "aws_lb_target_group_attachment" "app" {{
              target_group_arn = aws_lb_target_group.app.arn
              target_id        = aws_instance.app.id
            }}

            resource "aws_lb_listener" "web" {{
              load_balancer_arn = aws_lb.web.arn
              port              = 443
              protocol          = "HTTPS"
              ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
              certificate_arn   = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

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
        doubt = ""
        for balancer in picture.balancers.values():
            names = dict.fromkeys(key for listener in balancer.listeners for key in listener.targets)
            for group in (picture.target_groups[name] for name in names if name in picture.target_groups):
                if group.resource is not subject or balancer.kind == "gateway":
                    continue
                for member, ports in group.members:
                    found, open_ = _blocked(network, balancer.interfaces, member, ports)
                    what = ports
                    if found is None and group.health is not None:
                        found, more = _blocked(network, balancer.interfaces, member, group.health)
                        what, open_ = group.health, open_ or more
                    doubt = doubt or open_
                    if found is None:
                        continue
                    target = picture.interfaces[member]
                    places = [picture.groups[key].resource for key in target.groups if key in picture.groups]
                    health = what is group.health
                    way = "health checks" if health else "traffic"
                    patch = _patch(network, balancer.interfaces[0], member, what)
                    yield self.finding(
                        subject,
                        f"{balancer.key} does not reach {member} on {what.describe()}, where its {way} goes: the "
                        "target stays unhealthy, and clients get 503 or 504",
                        path="health_check" if health else "port",
                        related=related(
                            (balancer.resource.place() if balancer.resource else None, "the load balancer"),
                            (target.resource.place() if target.resource else None, "the target"),
                            *((place.place(), "the target's security group") for place in places if place is not None),
                        ),
                        details=[f"{balancer.key} → {member}: {b.code} at {b.component}" for b in found.blockers],
                        fix=Fix("Let the load balancer in", terraform=patch),
                    )
                    return
        if doubt:
            raise Unknown(f"{subject.address}: {doubt}")


def _blocked(network: Network, nodes: tuple[str, ...], member: str, ports: PortSet) -> tuple[Reachability | None, str]:
    """The answer of one node if no node reaches the target, unless it has no egress at all, which is reported there;
    and why it may be so, if that is not known.
    """
    picture = network.picture
    answers = [network.direct(picture.interfaces[node], picture.interfaces[member], ports) for node in nodes]
    if not answers or any(answer.verdict == "must" for answer in answers):
        return None, ""
    for answer in answers:
        if answer.verdict != "blocked":
            return None, "; ".join(answer.needs or answer.doubts)
    silent = any(b.code == "SG_HAS_NO_RULES" and b.detail == "egress" for b in answers[0].blockers)
    return (None if silent or not answers[0].blockers else answers[0]), ""


def _patch(network: Network, node: str, member: str, ports: PortSet) -> str:
    picture = network.picture
    source, target = picture.interfaces[node], picture.interfaces[member]
    low, high = ports.ranges("tcp")[0] if ports.ranges("tcp") else (0, 65535)
    group = target.groups[0] if target.groups else "aws_security_group.targets"
    own = picture.groups.get(group)
    span = f"  from_port = {low}\n  to_port = {high}\n"
    if own is not None and any(p.block is not None and p.block.resource is own.resource for p in own.ingress):
        # A rule of its own beside inline ones is removed by the next apply.
        body = f'ingress {{\n{span}  protocol = "tcp"\n  cidr_blocks = [{source.subnet}.cidr_block]\n}}'
        return f"# in {group}\n{body}"
    peer = f"referenced_security_group_id = {source.groups[0]}.id" if source.groups else "cidr_ipv4 = " + source.subnet
    return (
        'resource "aws_vpc_security_group_ingress_rule" "balancer" {\n'
        f"  security_group_id = {group}.id\n  {peer}{'' if source.groups else '.cidr_block'}\n"
        f'  ip_protocol = "tcp"\n{span}}}'
    )
