"""What is really open to the internet, and what provably is not."""

from __future__ import annotations

from guardrails.model import Gap, Kind, Model, Resources, Value
from guardrails.network.ports import PortSet
from guardrails.network.security_group import SecurityGroup
from guardrails.network.standing import Standing, standing
from tests.network.design import model, ref, resource

Design = dict[str, dict[str, Value]]
SSH = PortSet.tcp(22)
NO_ADDRESS = "the internet does not reach {}: no public address"


def _base(low: int = 22, high: int = 22) -> Design:
    """A public and a private subnet, and a group that is open to the internet on some ports."""
    rule: Value = {"protocol": "tcp", "from_port": low, "to_port": high, "cidr_blocks": ["0.0.0.0/0"]}
    world: Value = {"cidr_block": "0.0.0.0/0", "gateway_id": ref("aws_internet_gateway.a")}
    return {
        "aws_vpc.a": {"cidr_block": "10.0.0.0/16"},
        "aws_internet_gateway.a": {"vpc_id": ref("aws_vpc.a")},
        "aws_subnet.pub": {"vpc_id": ref("aws_vpc.a"), "cidr_block": "10.0.1.0/24", "availability_zone": "x"},
        "aws_subnet.prv": {"vpc_id": ref("aws_vpc.a"), "cidr_block": "10.0.2.0/24", "availability_zone": "x"},
        "aws_route_table.pub": {"vpc_id": ref("aws_vpc.a"), "route": [world]},
        "aws_route_table_association.pub": {
            "subnet_id": ref("aws_subnet.pub"), "route_table_id": ref("aws_route_table.pub")
        },
        "aws_security_group.g": {"vpc_id": ref("aws_vpc.a"), "ingress": [rule]},
    }  # fmt: skip


def _host(subnet: str, *, public: bool = True) -> dict[str, Value]:
    return {
        "subnet_id": ref(f"aws_subnet.{subnet}"), "associate_public_ip_address": public,
        "vpc_security_group_ids": [ref("aws_security_group.g")],
    }  # fmt: skip


def _of(design: Design, kind: Kind = "configuration", *gaps: Gap) -> Standing:
    found = model(design, kind=kind)
    found.gaps += gaps
    group = next(g for g in SecurityGroup.subjects(found) if g.resource.address == "aws_security_group.g")
    ((_, traffic),) = group.open_to_internet()
    return standing(group, traffic)


def test_a_member_that_the_internet_reaches_is_open() -> None:
    """A public instance in a public subnet."""
    assert _of({**_base(), "aws_instance.i": _host("pub")}) == Standing(SSH)


def test_members_without_a_public_address_are_latent() -> None:
    """Every member is in view, and none has an address that the internet could use."""
    design = {**_base(), "aws_instance.i": _host("pub", public=False), "aws_instance.j": _host("prv", public=False)}

    assert _of(design) == Standing(PortSet(), NO_ADDRESS.format("aws_instance.i, aws_instance.j"))


def test_a_public_address_without_a_route_is_latent() -> None:
    """No route of the private subnet leads to the internet gateway."""
    reason = "the internet does not reach aws_instance.i: the route table has no route to the destination"

    assert _of({**_base(), "aws_instance.i": _host("prv")}) == Standing(PortSet(), reason)


def test_one_open_member_is_enough() -> None:
    """A private member does not hide a public one."""
    design = {**_base(), "aws_instance.i": _host("prv", public=False), "aws_instance.j": _host("pub")}

    assert _of(design) == Standing(SSH)


def test_a_group_without_members_in_view_stays_open() -> None:
    """Another design may put it on anything."""
    assert _of(_base()) == Standing(SSH)


def test_a_group_that_is_handed_on_stays_open() -> None:
    """A parameter carries its id to places that are not in view, whatever its member here is."""
    design = {**_base(), "aws_instance.i": _host("prv", public=False)}
    design["aws_ssm_parameter.p"] = {"value": ref("aws_security_group.g")}

    assert _of(design) == Standing(SSH)


def test_a_user_that_the_picture_does_not_show_stays_open() -> None:
    """A task that a rule of EventBridge starts has an interface that no engine can place."""
    design = {**_base(), "aws_instance.i": _host("prv", public=False)}
    target: Value = {"network_configuration": [{"security_groups": [ref("aws_security_group.g")]}]}
    design["aws_cloudwatch_event_target.t"] = {"ecs_target": [target]}

    assert _of(design) == Standing(SSH)


def test_a_group_that_karpenter_finds_stays_open() -> None:
    """It launches nodes with the groups that bear its tag."""
    design = {**_base(), "aws_instance.i": _host("prv", public=False)}
    design["aws_security_group.g"]["tags"] = {"karpenter.sh/discovery": "main"}

    assert _of(design) == Standing(SSH)


def test_a_module_that_is_not_installed_may_have_the_group() -> None:
    """What it is given is not in view."""
    design = {**_base(), "aws_instance.i": _host("prv", public=False)}

    assert _of(design, "configuration", Gap('module "app" is not installed')) == Standing(SSH)


def test_a_launch_template_counts_by_who_launches_from_it() -> None:
    """An Auto Scaling group in private subnets proves it; a template that nobody in view uses proves nothing."""
    template: Design = {"aws_launch_template.t": {"vpc_security_group_ids": [ref("aws_security_group.g")]}}
    group: Design = {
        "aws_autoscaling_group.w": {
            "vpc_zone_identifier": [ref("aws_subnet.prv")],
            "launch_template": [{"id": ref("aws_launch_template.t")}],
        }
    }
    reason = "the internet does not reach aws_autoscaling_group.w: no public address"

    assert _of({**_base(), **template}) == Standing(SSH)
    assert _of({**_base(), **template, **group}).reason in (reason, "")
    assert _of({**_base(), **template, **group, "aws_subnet.prv": _closed()}) == Standing(PortSet(), reason)


def _closed() -> dict[str, Value]:
    return {**_base()["aws_subnet.prv"], "map_public_ip_on_launch": False}


def test_a_load_balancer_opens_a_private_member() -> None:
    """The internet reaches port 22 of a private instance through port 2222 of a Network Load Balancer."""
    design: Design = {
        **_base(),
        "aws_instance.i": _host("prv", public=False),
        "aws_lb.l": {"load_balancer_type": "network", "subnets": [ref("aws_subnet.pub")], "internal": False},
        "aws_lb_listener.l": {
            "load_balancer_arn": ref("aws_lb.l", "arn"), "port": 2222, "protocol": "TCP",
            "default_action": [{"type": "forward", "target_group_arn": ref("aws_lb_target_group.t", "arn")}],
        },
        "aws_lb_target_group.t": {"port": 22, "protocol": "TCP", "target_type": "instance"},
        "aws_lb_target_group_attachment.t": {
            "target_group_arn": ref("aws_lb_target_group.t", "arn"), "target_id": ref("aws_instance.i")
        },
    }  # fmt: skip

    assert _of(design) == Standing(SSH)


def test_a_network_acl_that_lets_in_an_office_alone_makes_it_latent() -> None:
    """The rule is open to the world, the network ACL before it is not."""
    entry: Value = {"rule_no": 1, "action": "allow", "protocol": "-1", "cidr_block": "203.0.113.0/24"}
    every: Value = {"rule_no": 1, "action": "allow", "protocol": "-1", "cidr_block": "0.0.0.0/0"}
    design = {**_base(), "aws_instance.i": _host("pub")}
    design["aws_network_acl.pub"] = {"subnet_ids": [ref("aws_subnet.pub")], "ingress": [entry], "egress": [every]}

    assert _of(design).ports == PortSet()


def test_a_service_is_reached_on_its_own_port_alone() -> None:
    """A public database answers on its port: the rest of the open range leads to nothing."""
    design: Design = {
        **_base(1, 65535),
        "aws_db_subnet_group.d": {"name": "d", "subnet_ids": [ref("aws_subnet.pub")]},
        "aws_db_instance.d": {
            "db_subnet_group_name": "d", "publicly_accessible": True, "engine": "postgres", "port": 5432,
            "vpc_security_group_ids": [ref("aws_security_group.g")],
        },
    }  # fmt: skip

    assert _of(design) == Standing(PortSet.tcp(5432))


def test_a_subnet_that_is_not_in_view_stays_open() -> None:
    """Nothing is known of the network that the member stands in."""
    design = {**_base(), "aws_instance.i": {**_host("pub"), "subnet_id": "subnet-0a1b2c3d4e5f60718"}}

    assert _of(design) == Standing(SSH)


def test_a_complete_account_without_members_is_latent() -> None:
    """Every network interface was read, and none is in the group."""
    assert _of(_base(), "account") == Standing(PortSet(), "no network interface of the account is in the group")


def test_an_account_whose_interfaces_were_not_all_read_stays_open() -> None:
    """A region that could not be read may hold a member."""
    gap = Gap("AccessDenied: ec2:DescribeNetworkInterfaces", frozenset({"aws_network_interface"}))

    assert _of(_base(), "account", gap) == Standing(SSH)


def test_a_default_group_stays_open() -> None:
    """Whatever is launched without a group gets it, so its members in view are not all."""
    design = {**_base(), "aws_instance.i": {**_host("prv", public=False), "vpc_security_group_ids": []}}
    rules = design.pop("aws_security_group.g")
    found = model({**design, "aws_default_security_group.g": rules})
    (group,) = SecurityGroup.subjects(found)
    ((_, traffic),) = group.open_to_internet()

    assert standing(group, traffic) == Standing(SSH)


def test_a_plan_names_groups_by_id() -> None:
    """An existing group that something out of the picture refers to by its id stays open."""
    design = {**_base(), "aws_instance.i": _host("prv", public=False)}
    design["aws_security_group.g"]["id"] = "sg-0a1b2c3d4e5f60718"
    parameter: Design = {"aws_ssm_parameter.p": {"value": "sg-0a1b2c3d4e5f60718"}}

    assert _of(design, "plan").reason == NO_ADDRESS.format("aws_instance.i")
    assert _of({**design, **parameter}, "plan") == Standing(SSH)


def test_a_resource_by_its_own_network() -> None:
    """A public database in a subnet without a route is latent, one whose subnets are not in view stays open."""
    database: dict[str, Value] = {"publicly_accessible": True, "engine": "postgres", "db_subnet_group_name": "d"}
    group = resource("aws_db_subnet_group.d", {"name": "d", "subnet_ids": [ref("aws_subnet.prv")]})
    placed = resource("aws_db_instance.d", database)
    stray = resource("aws_db_instance.d", database)
    inside = [resource(a, v) for a, v in _base().items()]
    Model("test", "configuration", Resources([*inside, group, placed])).at("aws_db_instance.d")
    Model("test", "configuration", Resources([stray])).at("aws_db_instance.d")

    assert standing(placed).latent
    assert not standing(stray).latent
