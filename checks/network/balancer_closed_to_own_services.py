from __future__ import annotations

from collections.abc import Iterator

from guardrails import (
    AddressSet,
    Check,
    Example,
    Finding,
    Fix,
    Kind,
    Network,
    PortSet,
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


class BalancerClosedToOwnServices(Check[Resource]):
    """A public load balancer does not let in the services that call it.

    ## Why is this bad?
    The name of an internet-facing load balancer leads to its public addresses, also from within its VPC. The caller
    goes out by the NAT gateway and arrives with that one's Elastic IP: a security group that lets in the office, the
    VPC or the caller's group refuses it. Calls from people work, calls between services time out.
    """

    id = "balancer-closed-to-own-services"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Let in the NAT gateways' addresses, or give the services an internal load balancer."
    types = ("aws_lb", "aws_alb")
    references = (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-update-security-groups.html",
        "https://github.com/aws-samples/ecs-refarch-cloudformation/issues/45",
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

            resource "aws_subnet" "private" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.9.0/24"
              availability_zone = "eu-west-1a"
            }}

            resource "aws_eip" "nat" {{
              domain = "vpc"
            }}

            resource "aws_nat_gateway" "main" {{
              allocation_id = aws_eip.nat.id
              subnet_id     = aws_subnet.a.id
            }}

            resource "aws_route_table" "private" {{
              vpc_id = aws_vpc.main.id

              route {{
                cidr_block     = "0.0.0.0/0"
                nat_gateway_id = aws_nat_gateway.main.id
              }}
            }}

            resource "aws_route_table_association" "private" {{
              subnet_id      = aws_subnet.private.id
              route_table_id = aws_route_table.private.id
            }}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id]
            }}

            resource "aws_security_group" "worker" {{
              name   = "worker"
              vpc_id = aws_vpc.main.id

              egress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }}
            }}

            resource "aws_security_group" "api" {{
              name   = "api"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["203.0.113.0/24", "10.0.0.0/16"]
              }}

              egress {{
                from_port   = 8080
                to_port     = 8080
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/16"]
              }}
            }}

            resource "aws_lb" "api" {{
              name                       = "api"
              internal                   = false
              subnets                    = [aws_subnet.a.id, aws_subnet.b.id]
              security_groups            = [aws_security_group.api.id] # finding
              drop_invalid_header_fields = true
            }}

            resource "aws_lb_listener" "api" {{
              load_balancer_arn = aws_lb.api.arn
              port              = 443
              protocol          = "HTTPS"
              ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
              certificate_arn   = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

              default_action {{
                type             = "forward"
                target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0a1b2c3d"
              }}
            }}

            resource "aws_lambda_function" "worker" {{
              function_name = "worker"
              role          = "arn:aws:iam::111122223333:role/worker"
              filename      = "worker.zip"
              handler       = "main.handler"
              runtime       = "python3.13"

              environment {{
                variables = {{ API = "https://${{aws_lb.api.dns_name}}" }}
              }}

              vpc_config {{
                subnet_ids         = [aws_subnet.private.id]
                security_group_ids = [aws_security_group.worker.id]
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

            resource "aws_subnet" "private" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.9.0/24"
              availability_zone = "eu-west-1a"
            }}

            resource "aws_eip" "nat" {{
              domain = "vpc"
            }}

            resource "aws_nat_gateway" "main" {{
              allocation_id = aws_eip.nat.id
              subnet_id     = aws_subnet.a.id
            }}

            resource "aws_route_table" "private" {{
              vpc_id = aws_vpc.main.id

              route {{
                cidr_block     = "0.0.0.0/0"
                nat_gateway_id = aws_nat_gateway.main.id
              }}
            }}

            resource "aws_route_table_association" "private" {{
              subnet_id      = aws_subnet.private.id
              route_table_id = aws_route_table.private.id
            }}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id]
            }}

            resource "aws_security_group" "worker" {{
              name   = "worker"
              vpc_id = aws_vpc.main.id

              egress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }}
            }}

            resource "aws_security_group" "api" {{
              name   = "api"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["203.0.113.0/24", "${{aws_eip.nat.public_ip}}/32"]
              }}

              egress {{
                from_port   = 8080
                to_port     = 8080
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/16"]
              }}
            }}

            resource "aws_lb" "api" {{
              name                       = "api"
              internal                   = false
              subnets                    = [aws_subnet.a.id, aws_subnet.b.id]
              security_groups            = [aws_security_group.api.id]
              drop_invalid_header_fields = true
            }}

            resource "aws_lb_listener" "api" {{
              load_balancer_arn = aws_lb.api.arn
              port              = 443
              protocol          = "HTTPS"
              ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
              certificate_arn   = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

              default_action {{
                type             = "forward"
                target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0a1b2c3d"
              }}
            }}

            resource "aws_lambda_function" "worker" {{
              function_name = "worker"
              role          = "arn:aws:iam::111122223333:role/worker"
              filename      = "worker.zip"
              handler       = "main.handler"
              runtime       = "python3.13"

              environment {{
                variables = {{ API = "https://${{aws_lb.api.dns_name}}" }}
              }}

              vpc_config {{
                subnet_ids         = [aws_subnet.private.id]
                security_group_ids = [aws_security_group.worker.id]
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        network = Network.of(subject.model)
        picture = network.picture
        balancer = picture.balancers.get(subject.address)
        if balancer is None or not balancer.internet_facing or not balancer.interfaces:
            return
        node = picture.interfaces[balancer.interfaces[0]]
        groups = [picture.groups[key] for key in node.groups if key in picture.groups]
        if not node.filtered:
            return
        ports = node.listens if node.listens is not None else PortSet.tcp()
        rules = [p for g in groups for p in g.ingress if not p.ports.isdisjoint(ports)]
        # A rule for an Elastic IP or NAT gateway that is made in the same apply is meant for them.
        doubts = [doubt for group in groups for doubt in group.doubts]
        meant = any("aws_eip." in doubt or "aws_nat_gateway." in doubt for doubt in doubts)
        for caller in _callers(network, subject):
            home = _translated(network, caller)
            if home is None or meant:
                continue
            if any(p.strangers or (not p.addresses.isdisjoint(home) if home else p.addresses.wide) for p in rules):
                continue
            if node.public != "yes" or node.groups_doubt or doubts:
                reason = node.groups_doubt or (doubts[0] if doubts else node.public_reason)
                raise Unknown(f"whether it lets in {caller.address}: {reason}")
            yield self.finding(
                subject,
                f"{caller.address} calls it by its public name and arrives with the address of a NAT gateway, which "
                f"{' and '.join(node.groups)} does not let in: its calls time out",
                path="security_groups",
                related=related(
                    (caller.place(), "the caller"),
                    *((g.resource.place(), "the load balancer's security group") for g in groups if g.resource),
                ),
                fix=Fix("Let the NAT gateways in", terraform=_patch(network, node.groups, caller)),
            )
            return


def _callers(network: Network, balancer: Resource) -> Iterator[Resource]:
    """Functions and services whose environment names the load balancer."""
    for function in network.model.all("aws_lambda_function"):
        if any(ref.address == balancer.address for ref in function.refs("environment")):
            yield function
    for service in network.model.all("aws_ecs_service"):
        task = network.model.resolve(service.raw("task_definition"), "aws_ecs_task_definition")
        if task is not None and any(ref.address == balancer.address for ref in task.refs("container_definitions")):
            yield service


def _patch(network: Network, groups: tuple[str, ...], caller: Resource) -> str:
    """A rule for the Elastic IP of the caller's NAT gateway, inside the group where its others are."""
    picture = network.picture
    address = "aws_eip.nat"
    for interface in network.interfaces(caller):
        table = picture.tables.get(picture.subnets[interface.subnet].table)
        for route in table.routes if table is not None else ():
            nat = picture.nats.get(route.target) if route.kind == "nat" else None
            for ref in nat.resource.refs("allocation_id") if nat is not None and nat.resource is not None else ():
                address = ref.address
    own = picture.groups.get(groups[0]) if groups else None
    cidr = f'"${{{address}.public_ip}}/32"'
    if own is not None and any(p.block is not None and p.block.resource is own.resource for p in own.ingress):
        body = f'  from_port = 443\n  to_port = 443\n  protocol = "tcp"\n  cidr_blocks = [{cidr}]\n}}'
        return f"# in {own.key}\ningress {{\n{body}"
    return (
        f'resource "aws_vpc_security_group_ingress_rule" "nat" {{\n  security_group_id = {groups[0]}.id\n'
        f'  ip_protocol = "tcp"\n  from_port = 443\n  to_port = 443\n  cidr_ipv4 = {cidr}\n}}'
    )


def _translated(network: Network, caller: Resource) -> AddressSet | None:
    """The public addresses that a caller's NAT gateways give it, none where they are not known yet; None if it
    does not go out by one.
    """
    picture = network.picture
    found: list[AddressSet] = []
    for interface in network.interfaces(caller):
        table = picture.tables.get(picture.subnets[interface.subnet].table)
        for route in table.routes if table is not None else ():
            nat = picture.nats.get(route.target) if route.kind == "nat" else None
            if nat is not None:
                found.append(picture.interfaces[nat.interface].public_addresses)
    return AddressSet.union_of(found) if found else None
