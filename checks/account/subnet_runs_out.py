from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Resource, Severity, Unknown, is_live, related

RESERVED = 5
BALANCER = 8
PLENTY = 1 << 32
SUBNETS = ("aws_subnet", "aws_default_subnet")
# What takes an address of each of its subnets, and the attribute that names them.
EACH = {
    "aws_instance": "subnet_id",
    "aws_network_interface": "subnet_id",
    "aws_nat_gateway": "subnet_id",
    "aws_vpc_endpoint": "subnet_ids",
    "aws_lb": "subnets",
    "aws_alb": "subnets",
}


def _design(prefix: int, mark: str = "") -> str:
    return f"""
            resource "aws_subnet" "jobs" {{
              vpc_id     = "vpc-0a1b2c3d4e5f60718"
              cidr_block = "10.0.0.0/{prefix}"
            }}

            resource "aws_launch_template" "jobs" {{
              name          = "jobs"
              image_id      = "ami-0a1b2c3d4e5f60718"
              instance_type = "m7g.large"

              metadata_options {{
                http_tokens = "required"
              }}
            }}

            resource "aws_autoscaling_group" "jobs" {{{mark}
              name                = "jobs"
              min_size            = 0
              max_size            = 40
              vpc_zone_identifier = [aws_subnet.jobs.id]

              launch_template {{
                id      = aws_launch_template.jobs.id
                version = aws_launch_template.jobs.latest_version
              }}
            }}
"""


class SubnetRunsOut(Check[Model]):
    """A design needs more addresses than its subnets have.

    ## Why is this bad?
    The group scales out under load and stops half-way: `InsufficientFreeAddressesInSubnet`. A load balancer cannot be
    made or cannot grow. A subnet cannot be made larger, only replaced.

    Counted are instances, network interfaces, NAT gateways, interface endpoints (one address each), Application Load
    Balancers (eight free addresses in each subnet), Auto Scaling groups at their largest and ECS services with tasks
    that have addresses of their own. Over a live account what is free there is what counts, against what a plan makes.
    """

    id = "subnet-runs-out"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Use a larger subnet, or several, or limit the size of the group."
    counter_checks = ("load-balancer-in-one-zone",)
    references = (
        "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html",
    )
    examples = (
        Example(
            bad=_design(27, " # finding"),
            fixed=_design(26),
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind in ("account", "state"):
            return
        free: dict[str, int] = {}
        fixed: dict[str, int] = defaultdict(int)
        last: dict[str, Resource] = {}
        for type_, attribute in EACH.items():
            for resource in subject.all(type_):
                need = _need(resource)
                for subnet in _subnets(resource, attribute) if need else ():
                    if _counts(resource, subnet):
                        fixed[subnet.address] += need
                        last[subnet.address] = resource
        for address, need in sorted(fixed.items()):
            place = subject.at(address)
            if place is not None and (have := free.setdefault(address, _free(place))) < need:
                yield self.finding(
                    last[address],
                    f"{address} has {have} addresses, {need} are needed",
                    related=related((place.place("cidr_block"), "the subnet")),
                )
        for group, count, subnets in _groups(subject):
            have = sum(max(0, free.setdefault(s.address, _free(s)) - fixed[s.address]) for s in subnets)
            if have < count:
                names = "its subnet has" if len(subnets) == 1 else f"its {len(subnets)} subnets have"
                yield self.finding(
                    group,
                    f"it may take {count} addresses, {names} {have} left",
                    related=related(*((each.place("cidr_block"), "the subnet") for each in subnets)),
                )


def _groups(model: Model) -> Iterator[tuple[Resource, int, list[Resource]]]:
    """What takes addresses of any of its subnets: how many, and which; what is not known is left out."""
    for group in model.all("aws_autoscaling_group", "aws_ecs_service"):
        try:
            if group.type == "aws_autoscaling_group":
                count, subnets = group.number("max_size"), _subnets(group, "vpc_zone_identifier")
            else:
                network = group.block("network_configuration")
                count = group.number("desired_count", default=1) if network else 0
                subnets = _subnets(group, "network_configuration", "subnets")
        except Unknown:
            continue
        if count and subnets and all(_counts(group, subnet) for subnet in subnets):
            yield group, count, subnets


def _subnets(resource: Resource, *path: str) -> list[Resource]:
    """The subnets that an attribute names, none where one of them is not known."""
    found = []
    try:
        values = resource.items(*path)
        for value in values:
            subnet = resource.model.resolve(value, *SUBNETS)
            if subnet is None:
                return []
            found.append(subnet)
    except Unknown:
        return []
    return found


def _need(resource: Resource) -> int:
    try:
        match resource.type:
            case "aws_lb" | "aws_alb":
                return BALANCER if resource.text("load_balancer_type", default="application") == "application" else 1
            case "aws_vpc_endpoint":
                return int(resource.text("vpc_endpoint_type", default="Gateway") == "Interface")
            case "aws_network_interface":
                return max(1, len(list(resource.items("private_ips"))), 1 + resource.number("private_ips_count"))
            case _:
                return 1
    except Unknown:
        return 0


def _counts(resource: Resource, subnet: Resource) -> bool:
    """Whether it takes addresses that what is free in a subnet does not allow for yet."""
    if resource.conditional or is_live(resource):
        return False
    return _live(subnet) is None or resource.action in ("create", "replace")


def _live(subnet: Resource) -> int | None:
    """The addresses that are free in a live subnet."""
    found = subnet.raw("available_ip_address_count") if "available_ip_address_count" in subnet.values else None
    return found if isinstance(found, int) else None


def _free(subnet: Resource) -> int:
    """The addresses that are free in a live subnet, those that a new one has. A huge number where none is known."""
    if (live := _live(subnet)) is not None:
        return live
    try:
        block = subnet.text("cidr_block", default="")
        return ipaddress.ip_network(block, strict=False).num_addresses - RESERVED if block else PLENTY
    except (Unknown, ValueError):
        return PLENTY
