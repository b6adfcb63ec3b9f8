"""Live accounts: what AWS shows of interfaces, gateways and routes decides, not what a design would make of it."""

from __future__ import annotations

import pytest

from guardrails.model import Gap, Value
from guardrails.network.lens import Network
from guardrails.network.ports import PortSet
from tests.network.design import model

Account = dict[str, dict[str, Value]]
HTTPS = PortSet.tcp(443)
EMPTY = (
    "ipv6_cidr_block", "destination_prefix_list_id", "carrier_gateway_id", "core_network_arn",
    "egress_only_gateway_id", "gateway_id", "local_gateway_id", "nat_gateway_id", "network_interface_id",
    "transit_gateway_id", "vpc_peering_connection_id", "vpc_endpoint_id",
)  # fmt: skip
"""What an account shows as empty where a route has another target or destination."""
LB = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188"


def _eni(name: str, subnet: str, address: str, *groups: str, public: str = "", **more: Value) -> Account:
    values: dict[str, Value] = {
        "id": f"eni-{name}", "subnet_id": subnet, "private_ip": address, "private_ips": [address], "status": "in-use",
        "security_groups": list(groups), "source_dest_check": True, "interface_type": "interface",
        "association": [{"public_ip": public}] if public else [], "attachment": [{"instance": "", "device_index": 1}],
        "ipv6_addresses": [], "availability_zone": "eu-west-1a", **more,
    }  # fmt: skip
    return {f"aws_network_interface.eni-{name}": values}


def _instance(name: str, subnet: str, address: str, *, public: str = "", state: str = "running") -> Account:
    values: dict[str, Value] = {
        "id": f"i-{name}", "subnet_id": subnet, "private_ip": address, "public_ip": public, "instance_state": state,
        "primary_network_interface_id": f"eni-{name}", "vpc_security_group_ids": ["sg-all"], "ipv6_addresses": [],
        "tags_all": {"aws:autoscaling:groupName": "workers"} if name.startswith("aaaa") else {},
    }  # fmt: skip
    attached: Value = [{"instance": f"i-{name}", "device_index": 0}]
    return {
        f"aws_instance.i-{name}": values,
        **_eni(name, subnet, address, "sg-all", public=public, attachment=attached),
    }


def _route(block: str = "0.0.0.0/0", state: str = "active", **target: Value) -> Value:
    return {**dict.fromkeys(EMPTY, ""), "cidr_block": block, "state": state, "origin": "CreateRoute", **target}


def _account() -> Account:
    """A VPC with a public, a private and an IPv6 subnet, a NAT gateway, and instances."""
    everything: Value = [
        {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": ["::/0"]}
    ]
    found: Account = {
        "aws_vpc.vpc-1": {
            "id": "vpc-1", "cidr_block": "10.0.0.0/16", "ipv6_cidr_block": "2a05:d018:1::/56",
            "default_network_acl_id": "acl-1", "main_route_table_id": "rtb-main", "enable_dns_support": True,
            "enable_dns_hostnames": True,
        },
        "aws_default_network_acl.acl-1": {
            "id": "acl-1", "default_network_acl_id": "acl-1", "vpc_id": "vpc-1",
            "subnet_ids": ["subnet-pub", "subnet-prv", "subnet-far"],
            "ingress": [_entry(100, cidr_block="0.0.0.0/0"), _entry(101, ipv6_cidr_block="::/0")],
            "egress": [_entry(100, cidr_block="0.0.0.0/0"), _entry(101, ipv6_cidr_block="::/0")],
        },
        "aws_vpc_ipv4_cidr_block_association.a": {"vpc_id": "vpc-1", "cidr_block": "100.64.0.0/16"},
        "aws_subnet.subnet-pub": _subnet("pub", "10.0.1.0/24", "2a05:d018:1:1::/64"),
        "aws_subnet.subnet-prv": _subnet("prv", "10.0.2.0/24"),
        "aws_subnet.subnet-far": _subnet("far", "100.64.1.0/24"),
        "aws_internet_gateway.igw-1": {"id": "igw-1", "vpc_id": "vpc-1"},
        "aws_default_route_table.rtb-main": {
            "id": "rtb-main", "default_route_table_id": "rtb-main", "vpc_id": "vpc-1",
            "route": [_route(nat_gateway_id="nat-1")],
        },
        "aws_route_table.rtb-pub": {
            "id": "rtb-pub", "vpc_id": "vpc-1",
            "route": [
                _route(gateway_id="igw-1"),
                _route("", ipv6_cidr_block="::/0", gateway_id="igw-1"),
            ],
        },
        "aws_route_table_association.a": {"subnet_id": "subnet-pub", "route_table_id": "rtb-pub"},
        "aws_nat_gateway.nat-1": {
            "id": "nat-1", "subnet_id": "subnet-pub", "vpc_id": "vpc-1", "state": "available", "private_ip": "10.0.1.9",
            "public_ip": "54.1.1.9", "network_interface_id": "eni-nat", "connectivity_type": "public",
        },
        "aws_security_group.sg-all": {"id": "sg-all", "vpc_id": "vpc-1", "ingress": everything, "egress": everything},
        "aws_default_security_group.sg-default": {"id": "sg-default", "vpc_id": "vpc-1", "ingress": [], "egress": []},
        **_eni("nat", "subnet-pub", "10.0.1.9", public="54.1.1.9", interface_type="nat_gateway"),
        **_instance("aaaaaaa1", "subnet-pub", "10.0.1.10", public="54.1.1.10"),
        **_instance("aaaaaaa2", "subnet-prv", "10.0.2.10"),
        **_instance("bbbbbbb3", "subnet-far", "100.64.1.10"),
    }  # fmt: skip
    return found


def _entry(number: int, **block: Value) -> Value:
    return {"rule_no": number, "action": "allow", "protocol": "-1", **block}


def _subnet(name: str, block: str, block6: str = "") -> dict[str, Value]:
    return {
        "id": f"subnet-{name}", "vpc_id": "vpc-1", "cidr_block": block, "ipv6_cidr_block": block6,
        "availability_zone": "eu-west-1a", "map_public_ip_on_launch": False,
    }  # fmt: skip


PUBLIC, PRIVATE, FAR = "i-aaaaaaa1", "i-aaaaaaa2", "i-bbbbbbb3"


def _verdict(account: Account, source: str, target: str, ports: PortSet = HTTPS) -> tuple[str, list[str]]:
    answer = Network.of(model(account, kind="account")).reach(source, target, ports)
    return answer.verdict, [b.code for b in answer.blockers]


@pytest.mark.parametrize(
    ("source", "target", "verdict", "codes"),
    [
        ("internet", PUBLIC, "must", []),
        ("internet", PRIVATE, "blocked", ["IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", "NO_ROUTE_TO_DESTINATION"]),
        (PUBLIC, "internet", "must", []),
        (PRIVATE, "internet", "must", []),
        (FAR, "internet", "must", []),
        (PUBLIC, PRIVATE, "must", []),
        (PRIVATE, FAR, "must", []),
        (FAR, PUBLIC, "must", []),
        ("eni-aaaaaaa2", "10.0.1.10", "must", []),
    ],
)
def test_instances_are_their_interfaces(source: str, target: str, verdict: str, codes: list[str]) -> None:
    """Instances, interfaces and addresses name the same ends; a secondary block is local like the first."""
    assert _verdict(_account(), source, target) == (verdict, sorted(codes))


def test_a_public_address_of_another_instance_is_that_instance() -> None:
    """What leaves by the internet gateway for it comes back, and its group decides."""
    account = _account()
    office: Value = [{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["8.8.8.0/24"]}]
    every: Value = account["aws_security_group.sg-all"]["egress"]
    for name, rules in (("sg-shut", []), ("sg-office", office)):
        account[f"aws_security_group.{name}"] = {"id": name, "vpc_id": "vpc-1", "ingress": rules, "egress": every}
    verdicts: dict[str, str] = {}
    for group in ("sg-all", "sg-office", "sg-shut"):
        account["aws_network_interface.eni-aaaaaaa1"]["security_groups"] = [group]
        verdicts[group] = _verdict(account, PRIVATE, "54.1.1.10")[0]

    account["aws_network_interface.eni-aaaaaaa1"]["security_groups"] = ["sg-office"]
    open_ = Network.of(model(account, kind="account")).reach(PRIVATE, "54.1.1.10").ports

    assert verdicts == {"sg-all": "must", "sg-office": "may", "sg-shut": "blocked"}
    assert open_ == HTTPS


def test_an_instance_has_each_interface_once() -> None:
    """The primary interface is the instance's own, and a NAT gateway's belongs to the gateway."""
    network = Network.of(model(_account(), kind="account"))

    assert [i.key for i in network.interfaces("aws_instance.i-aaaaaaa1")] == ["aws_network_interface.eni-aaaaaaa1"]
    assert [e.resource.address for e in network.exposed()] == ["aws_instance.i-aaaaaaa1"]


def test_a_stopped_instance_takes_nothing() -> None:
    """Neither its first interface nor another one answers."""
    account = {**_account(), **_instance("aaaaaaa1", "subnet-pub", "10.0.1.10", public="54.1.1.10", state="stopped")}

    assert _verdict(account, "internet", PUBLIC) == ("blocked", ["BAD_STATE"])


def test_an_interface_that_is_attached_to_nothing_takes_nothing() -> None:
    """It has an address, and nobody behind it."""
    spare = _eni(
        "spare0000", "subnet-pub", "10.0.1.77", "sg-all", public="54.1.1.77", status="available", attachment=[]
    )

    assert _verdict({**_account(), **spare}, "internet", "aws_network_interface.eni-spare0000")[1] == ["BAD_STATE"]


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_a_nat_gateway_that_is_not_available_carries_nothing(state: str) -> None:
    """Only an available one works."""
    account = _account()
    account["aws_nat_gateway.nat-1"]["state"] = state

    assert _verdict(account, PRIVATE, "internet") == ("blocked", ["BAD_STATE"])


def test_a_blackhole_route_drops() -> None:
    """The route outlived its NAT gateway."""
    account = _account()
    for gone in ("aws_nat_gateway.nat-1", "aws_network_interface.eni-nat"):
        del account[gone]
    account["aws_default_route_table.rtb-main"]["route"] = [_route(state="blackhole", nat_gateway_id="nat-1")]

    assert _verdict(account, PRIVATE, "internet")[0] == "blocked"


def test_ipv6_by_the_address_that_an_interface_has() -> None:
    """An interface with an IPv6 address is public by it; a subnet with a block gives none by itself."""
    account = _account()
    account["aws_network_interface.eni-aaaaaaa1"] |= {"association": [], "ipv6_addresses": ["2a05:d018:1:1::10"]}
    answer = Network.of(model(account, kind="account")).reach("internet", PUBLIC, HTTPS)

    assert (answer.verdict, answer.traffic.addresses().families()) == ("must", (6,))


def test_a_default_vpc_without_its_gateway_is_closed() -> None:
    """An account shows that somebody took the internet gateway away."""
    account = _account()
    account["aws_default_vpc.vpc-1"] = account.pop("aws_vpc.vpc-1")
    del account["aws_internet_gateway.igw-1"]

    verdict, codes = _verdict(account, "internet", PUBLIC)

    assert (verdict, set(codes)) == ("blocked", {"BAD_STATE_ATTACHMENT"})


def test_interfaces_of_services_belong_to_the_service() -> None:
    """A load balancer's nodes are the interfaces that AWS shows for it, each with its own address."""
    account: Account = {
        **_account(),
        "aws_lb.web": {
            "id": LB, "arn": LB, "name": "web", "load_balancer_type": "application", "internal": False,
            "subnets": ["subnet-pub"], "security_groups": ["sg-all"],
        },
        "aws_lb_listener.web": {
            "load_balancer_arn": LB, "port": 443, "protocol": "HTTPS",
            "default_action": [{"type": "forward", "target_group_arn": "arn:tg"}],
        },
        "aws_lb_target_group.tg": {"arn": "arn:tg", "id": "arn:tg", "port": 80, "protocol": "HTTP"},
        "aws_lb_target_group_attachment.a": {"target_group_arn": "arn:tg", "target_id": "i-aaaaaaa2", "port": 80},
        **_eni(
            "lb", "subnet-pub", "10.0.1.30", "sg-all", public="54.1.1.30", interface_type="interface",
            description="ELB app/web/50dc6c495c0c9188",
        ),
    }  # fmt: skip
    exposed = Network.of(model(account, kind="account")).exposed()

    assert [(e.resource.address, e.through, e.certainty, e.interfaces) for e in exposed] == [
        ("aws_instance.i-aaaaaaa1", "", "must", ("aws_network_interface.eni-aaaaaaa1",)),
        ("aws_lb.web", "", "must", ("aws_network_interface.eni-lb",)),
        ("aws_instance.i-aaaaaaa2", "aws_lb.web", "must", ("aws_network_interface.eni-aaaaaaa2",)),
    ]


def test_interfaces_without_groups_are_not_filtered() -> None:
    """AWS shows a Network Load Balancer's interface without groups: that is none, not the default one."""
    plain = _eni("nlb", "subnet-pub", "10.0.1.40", interface_type="network_load_balancer")

    assert _verdict({**_account(), **plain}, PRIVATE, "aws_network_interface.eni-nlb") == ("must", [])


def test_interfaces_of_functions_take_no_connections() -> None:
    """What Lambda shows in the VPC only opens connections."""
    function = _eni("fn", "subnet-prv", "10.0.2.40", "sg-all", interface_type="lambda")

    assert _verdict({**_account(), **function}, PUBLIC, "aws_network_interface.eni-fn")[0] == "blocked"
    assert _verdict({**_account(), **function}, "aws_network_interface.eni-fn", "internet") == ("must", [])


def test_an_auto_scaling_group_is_its_instances() -> None:
    """The instances bear its name in a tag; nothing stands for those that it may launch."""
    account = _account()
    account["aws_autoscaling_group.workers"] = {"name": "workers", "vpc_zone_identifier": ["subnet-pub"]}
    network = Network.of(model(account, kind="account"))

    assert [i.key for i in network.interfaces("aws_autoscaling_group.workers")] == [
        "aws_network_interface.eni-aaaaaaa1",
        "aws_network_interface.eni-aaaaaaa2",
    ]


def test_a_prefix_list_counts_with_its_entries() -> None:
    """A rule for a list of AWS's own lets in what the account shows in the list."""
    account = _account()
    account["data.aws_ec2_managed_prefix_list.pl-1"] = {
        "id": "pl-1", "name": "com.amazonaws.global.cloudfront.origin-facing",
        "entries": [{"cidr": "120.52.22.96/27", "description": ""}],
    }  # fmt: skip
    rule: Value = [{"protocol": "tcp", "from_port": 443, "to_port": 443, "prefix_list_ids": ["pl-1"]}]
    account["aws_security_group.sg-all"]["ingress"] = rule
    answer = Network.of(model(account, kind="account")).reach("internet", PUBLIC, HTTPS)

    assert (answer.verdict, answer.traffic.addresses().cidrs()) == ("must", ["120.52.22.96/27"])


def test_two_databases_that_are_alike_keep_their_interfaces_apart() -> None:
    """AWS does not say which database an interface serves: one alone can be told by its zone and groups."""
    interface = _eni("db", "subnet-prv", "10.0.2.50", "sg-all", description="RDSNetworkInterface")
    database: dict[str, Value] = {
        "engine": "postgres", "port": 5432, "db_subnet_group_name": "d", "vpc_security_group_ids": ["sg-all"],
        "availability_zone": "eu-west-1a", "publicly_accessible": False,
    }  # fmt: skip
    group: Account = {"aws_db_subnet_group.d": {"id": "d", "name": "d", "subnet_ids": ["subnet-prv"]}}
    one = {**_account(), **interface, **group, "aws_db_instance.a": {**database, "id": "a"}}
    two = {**one, "aws_db_instance.b": {**database, "id": "b"}}

    assert [i.key for i in Network.of(model(one, kind="account")).interfaces("aws_db_instance.a")] == [
        "aws_network_interface.eni-db"
    ]
    assert [i.key for i in Network.of(model(two, kind="account")).interfaces("aws_db_instance.a")] == [
        "aws_db_instance.a"
    ]


@pytest.mark.parametrize(
    ("hidden", "type_", "needs"),
    [
        ("aws_default_route_table.rtb-main", "aws_route_table", "the routes of the main route table of aws_vpc.vpc-1"),
        ("aws_default_network_acl.acl-1", "aws_network_acl", "the network ACL of aws_subnet.subnet-prv"),
        ("aws_nat_gateway.nat-1", "aws_nat_gateway", "the NAT gateway nat-1"),
    ],
)
def test_what_was_not_read_is_needed(hidden: str, type_: str, needs: str) -> None:
    """A call that was denied leaves the answer open, and says which part is missing."""
    account = _account()
    del account[hidden]
    found = model(account, kind="account")
    found.gaps.append(Gap("AccessDenied", frozenset({type_})))
    answer = Network.of(found).reach(PRIVATE, "internet", HTTPS)

    assert (answer.verdict, needs in answer.needs) == ("unknown", True)


def test_an_internet_gateway_that_was_not_read_is_needed() -> None:
    """Whether the VPC has one is not known."""
    account = _account()
    del account["aws_internet_gateway.igw-1"]
    found = model(account, kind="account")
    found.gaps.append(Gap("AccessDenied", frozenset({"aws_internet_gateway"})))

    assert Network.of(found).reach("internet", PUBLIC, HTTPS).verdict == "unknown"


def test_a_transit_gateway_of_another_account_may_lead_anywhere() -> None:
    """Its other attachments and its routes are its owner's to see."""
    account = _account()
    account["aws_ec2_transit_gateway.tgw-1"] = {"id": "tgw-1", "owner_id": "999999999999"}
    account["aws_ec2_transit_gateway_vpc_attachment.att"] = {
        "id": "att", "transit_gateway_id": "tgw-1", "vpc_id": "vpc-1", "subnet_ids": ["subnet-prv"],
    }  # fmt: skip
    account["aws_default_route_table.rtb-main"]["route"] = [_route(transit_gateway_id="tgw-1")]

    assert _verdict(account, PRIVATE, "internet")[0] == "unknown"
