from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Network, PortSet, Resource, Safety, Severity, Unknown, related


class BalancerWithoutIpv6Rule(Check[Resource]):
    """A load balancer has IPv6 addresses, and its security group lets in IPv4 only.

    ## Why is this bad?
    With `dualstack` its name leads to IPv6 addresses, too, and clients that have IPv6 try those first. The security
    group has no rule for them, so the first attempt of each connection hangs: pages open after seconds or not at all,
    for some people and not for others.
    """

    id = "balancer-without-ipv6-rule"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Add the same ingress rule for `::/0`, or set `ip_address_type` to `ipv4`."
    types = ("aws_lb", "aws_alb")
    references = (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html",
        "https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/887",
    )
    examples = (
        Example(
            bad="""
            resource "aws_vpc" "main" {
              cidr_block                       = "10.0.0.0/16"
              assign_generated_ipv6_cidr_block = true
            }

            resource "aws_flow_log" "main" {
              vpc_id               = aws_vpc.main.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_subnet" "public" {
              count             = 2
              vpc_id            = aws_vpc.main.id
              cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
              ipv6_cidr_block   = cidrsubnet(aws_vpc.main.ipv6_cidr_block, 8, count.index)
              availability_zone = ["eu-west-1a", "eu-west-1b"][count.index]
            }

            resource "aws_security_group" "web" {
              name   = "web"
              vpc_id = aws_vpc.main.id

              ingress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }

              egress {
                from_port   = 8080
                to_port     = 8080
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/16"]
              }
            }

            resource "aws_lb" "web" {
              name                       = "web"
              internal                   = true
              ip_address_type            = "dualstack" # finding
              subnets                    = aws_subnet.public[*].id
              security_groups            = [aws_security_group.web.id]
              drop_invalid_header_fields = true
            }

            resource "aws_lb_listener" "web" {
              load_balancer_arn = aws_lb.web.arn
              port              = 443
              protocol          = "HTTPS"
              ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
              certificate_arn   = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

              default_action {
                type             = "forward"
                target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b2c3d"
              }
            }
            """,
            fixed="""
            resource "aws_vpc" "main" {
              cidr_block                       = "10.0.0.0/16"
              assign_generated_ipv6_cidr_block = true
            }

            resource "aws_flow_log" "main" {
              vpc_id               = aws_vpc.main.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_subnet" "public" {
              count             = 2
              vpc_id            = aws_vpc.main.id
              cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
              ipv6_cidr_block   = cidrsubnet(aws_vpc.main.ipv6_cidr_block, 8, count.index)
              availability_zone = ["eu-west-1a", "eu-west-1b"][count.index]
            }

            resource "aws_security_group" "web" {
              name   = "web"
              vpc_id = aws_vpc.main.id

              ingress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
                ipv6_cidr_blocks = ["::/0"]
              }

              egress {
                from_port   = 8080
                to_port     = 8080
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/16"]
              }
            }

            resource "aws_lb" "web" {
              name                       = "web"
              internal                   = true
              ip_address_type            = "dualstack"
              subnets                    = aws_subnet.public[*].id
              security_groups            = [aws_security_group.web.id]
              drop_invalid_header_fields = true
            }

            resource "aws_lb_listener" "web" {
              load_balancer_arn = aws_lb.web.arn
              port              = 443
              protocol          = "HTTPS"
              ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
              certificate_arn   = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

              default_action {
                type             = "forward"
                target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b2c3d"
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        picture = Network.of(subject.model).picture
        balancer = picture.balancers.get(subject.address)
        if balancer is None or balancer.kind not in ("application", "network") or not balancer.interfaces:
            return
        if not subject.text("ip_address_type", default="ipv4").startswith("dualstack"):
            return
        node = picture.interfaces[balancer.interfaces[0]]
        if not node.filtered:
            return
        groups = [picture.groups[key] for key in node.groups if key in picture.groups]
        ports = PortSet()
        for listener in balancer.listeners:
            ports |= listener.ports
        rules = [permit for group in groups for permit in group.ingress if not permit.ports.isdisjoint(ports)]
        four = [permit for permit in rules if permit.addresses.family(4).wide]
        if not four or any(permit.addresses.family(6) for permit in rules):
            return
        if node.groups_doubt or any(group.ingress_doubt for group in groups):
            raise Unknown(f"{balancer.key}: the rules of its security groups are not all known")
        yield self.finding(
            subject,
            f"it has IPv6 addresses, and {' and '.join(node.groups)} lets in IPv4 only: clients that try IPv6 "
            "first hang",
            path="ip_address_type",
            related=related((four[0].block.place() if four[0].block else None, "the rule for IPv4")),
            fix=self.set_attribute(subject, "ip_address_type", '"ipv4"', safety=Safety.UNSAFE),
        )
