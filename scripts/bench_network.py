"""Measure the network engine: what the internet reaches, and whether everything reaches the services it needs.

Usage: python scripts/bench_network.py [INTERFACES ...]   (default: 2000 20000)

Each size runs in a process of its own, over one account with peered VPCs, NAT gateways, endpoints, network ACLs and
security groups that refer to each other. Prints seconds and the peak memory of the process.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from random import Random
from typing import Protocol

from guardrails.model import Model, Resource, Resources, Value
from guardrails.network.lens import Network


class Add(Protocol):
    """Puts a resource into the account and gives its id."""

    def __call__(self, type_: str, name: str, **values: Value) -> str:
        """Its values without the id."""
        ...


SERVICES = ("s3", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "sts")
ZONES = ("eu-west-1a", "eu-west-1b", "eu-west-1c")
PORTS = (22, 80, 443, 3306, 5432, 6379, 8080, 9200)


def account(interfaces: int, seed: int = 1) -> Model:
    """An account with this many instances, each with one interface."""
    random = Random(seed)
    made: list[Resource] = []

    def add(type_: str, name: str, **values: Value) -> str:
        made.append(Resource(type_, name, {"id": name, **values}, address=f"{type_}.{name}"))
        return name

    vpcs = max(2, interfaces // 400)
    for v in range(vpcs):
        _vpc(random, add, v, interfaces // vpcs)
    return Model("bench", "account", Resources(made))


def _vpc(random: Random, add: Add, v: int, hosts: int) -> None:
    vpc = add("aws_vpc", f"vpc-{v}", cidr_block=f"10.{v}.0.0/16", enable_dns_hostnames=True)
    gateway = add("aws_internet_gateway", f"igw-{v}", vpc_id=vpc)
    everyone: list[Value] = [{"cidr_block": "0.0.0.0/0", "gateway_id": gateway, "state": "active"}]
    public = add("aws_route_table", f"rtb-{v}-public", vpc_id=vpc, route=everyone)
    groups = [f"sg-{v}-{g}" for g in range(30)]
    for g, name in enumerate(groups):
        ingress: list[Value] = []
        for _ in range(random.randint(1, 8)):
            port = random.choice(PORTS)
            peers: list[dict[str, Value]] = [
                {"cidr_blocks": ["0.0.0.0/0"]},
                {"cidr_blocks": [f"10.{random.randint(0, 9)}.{random.randint(0, 255)}.0/24"]},
                {"cidr_blocks": [f"203.0.{random.randint(0, 255)}.0/24"]},
                {"security_groups": [random.choice(groups)]},
            ]
            peer = random.choice(peers)
            ingress.append({"protocol": "tcp", "from_port": port, "to_port": port, **peer})
        egress: list[Value] = [{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}]
        add("aws_security_group", name, vpc_id=vpc, ingress=ingress, egress=egress if g % 10 else [])
    subnets: list[str] = []
    for z, zone in enumerate(ZONES):
        nat_subnet = ""
        for kind in range(4):
            subnet = add(
                "aws_subnet", f"subnet-{v}-{z}-{kind}", vpc_id=vpc, availability_zone=zone,
                cidr_block=f"10.{v}.{(z * 4 + kind) * 16}.0/20", map_public_ip_on_launch=kind == 0,
            )  # fmt: skip
            subnets.append(subnet)
            table = public
            if kind == 0:
                nat_subnet = subnet
                add(
                    "aws_nat_gateway",
                    f"nat-{v}-{z}",
                    subnet_id=subnet,
                    private_ip=f"10.{v}.{z * 64}.9",
                    state="available",
                )
            elif kind < 3:
                routes: list[Value] = [{"cidr_block": "0.0.0.0/0", "nat_gateway_id": f"nat-{v}-{z}", "state": "active"}]
                table = add("aws_route_table", f"rtb-{v}-{z}-{kind}", vpc_id=vpc, route=routes)
            else:
                table = add("aws_route_table", f"rtb-{v}-{z}-{kind}", vpc_id=vpc, route=[])
            add("aws_route_table_association", f"assoc-{v}-{z}-{kind}", subnet_id=subnet, route_table_id=table)
        assert nat_subnet
    for kind in range(4):
        rules: list[Value] = [
            {"rule_no": n, "action": "deny", "protocol": "tcp", "from_port": random.choice(PORTS), "to_port": 9300,
             "cidr_block": f"198.51.{n}.0/24"}
            for n in range(1, 8)
        ]  # fmt: skip
        rules.append({"rule_no": 100, "action": "allow", "protocol": "-1", "cidr_block": "0.0.0.0/0"})
        add(
            "aws_network_acl", f"acl-{v}-{kind}", vpc_id=vpc, ingress=rules, egress=rules[-1:],
            subnet_ids=[f"subnet-{v}-{z}-{kind}" for z in range(len(ZONES))],
        )  # fmt: skip
    tables: list[Value] = [f"rtb-{v}-{z}-3" for z in range(len(ZONES))]
    add(
        "aws_vpc_endpoint",
        f"vpce-{v}-s3",
        vpc_id=vpc,
        service_name="com.amazonaws.eu-west-1.s3",
        route_table_ids=tables,
    )
    for service in ("ecr.api", "ecr.dkr", "logs"):
        add(
            "aws_vpc_endpoint", f"vpce-{v}-{service}", vpc_id=vpc, service_name=f"com.amazonaws.eu-west-1.{service}",
            vpc_endpoint_type="Interface", private_dns_enabled=True, state="available",
            subnet_ids=[f"subnet-{v}-{z}-3" for z in range(len(ZONES))], security_group_ids=[groups[1]],
        )  # fmt: skip
    sets = [random.sample(groups, random.randint(1, 3)) for _ in range(120)]
    for n in range(hosts):
        at = random.randrange(len(subnets))
        kind, host = at % 4, 20 + n
        address = f"10.{v}.{at * 16 + host // 250}.{host % 250 + 1}"
        add(
            "aws_instance", f"i-{v}-{n}", subnet_id=subnets[at], private_ip=address,
            public_ip=f"54.{v}.{host // 250}.{host % 250}" if kind == 0 else "",
            vpc_security_group_ids=list(random.choice(sets)),
        )  # fmt: skip


def measure(interfaces: int) -> None:
    """Measure one size and print its line."""
    model = account(interfaces)
    start = time.perf_counter()
    lens = Network.of(model)
    built = time.perf_counter()
    exposed = lens.exposed()
    seen = time.perf_counter()
    verdicts: dict[str, int] = {}
    for instance in model.all("aws_instance"):
        for service in SERVICES:
            verdict = lens.can_reach_service(instance, service, why=False).verdict
            verdicts[verdict] = verdicts.get(verdict, 0) + 1
    asked = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{interfaces} interfaces: picture {built - start:.2f} s, exposure {seen - built:.2f} s "
        f"({len(exposed)} exposed), service needs {asked - seen:.2f} s {verdicts}, "
        f"in all {asked - start:.2f} s, {memory:.0f} MB"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(int(sys.argv[2]))
    else:
        for size in sys.argv[1:] or ["2000", "20000"]:
            subprocess.run([sys.executable, __file__, "--one", size], check=True)
