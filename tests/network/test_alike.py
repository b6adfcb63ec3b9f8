"""What is asked once for all that are alike is what each of them would be answered."""

from __future__ import annotations

from random import Random

import pytest

from guardrails.model import Model, Resource, Resources, Value
from guardrails.network.lens import Network
from guardrails.network.ports import PortSet
from guardrails.network.reach import Internet
from tests.network.design import ref, resource
from tests.network.oracle import Host, address
from tests.network.worlds import design, network

PORTS = PortSet.tcp(443) | PortSet.udp(53)


def _crowded(seed: int) -> Model:
    """A random network with a dozen hosts, many of them in the same subnet and groups, and an endpoint."""
    random = Random(seed)  # noqa: S311  # test data
    net = network(random)
    subnets = list(net.subnets.values())[:2]
    for i in range(12):
        subnet = random.choice(subnets)
        base = subnet.v4.rpartition(".")[0]
        first = int(subnet.v4.partition("/")[0].rpartition(".")[2])
        v6 = address(subnet.v6.removesuffix("/64") + f"{40 + i}") if subnet.v6 else None
        groups = random.choice([("g1",), ("g2",), ("g1", "g3"), ("g2", "g3")])
        net.hosts[f"c{i}"] = Host(
            f"c{i}", subnet.name, address(f"{base}.{first + 40 + i}"), v6, random.random() < 0.5, groups
        )
    made = design(net, None)
    rules: list[Value] = [
        {"protocol": "tcp", "from_port": 443, "to_port": 443, "security_groups": [ref("aws_security_group.g1")]},
        {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.40/29"]},
    ]
    place = subnets[0].name
    more: list[Resource] = [
        resource("aws_security_group.endpoint", {"ingress": rules, "egress": []}),
        resource(
            "aws_vpc_endpoint.logs",
            {
                "vpc_id": ref(f"aws_vpc.{subnets[0].vpc}"), "service_name": "com.amazonaws.eu-west-1.logs",
                "vpc_endpoint_type": "Interface", "private_dns_enabled": True,
                "subnet_ids": [ref(f"aws_subnet.{place}")],
                "security_group_ids": [ref("aws_security_group.endpoint")],
            },
        ),
    ]  # fmt: skip
    return Model("test", "configuration", Resources([*made.all(), *more]))


@pytest.mark.parametrize("seed", range(25))
def test_services_of_alike_interfaces(seed: int) -> None:
    """Verdict, ports and sources are those of a question that nobody asked before."""
    model = _crowded(seed)
    shared = Network(model)
    hosts = list(model.all("aws_instance"))
    for service in ("logs", "s3"):
        for host in hosts:
            together = shared.reach(host, service, PORTS, why=False)
            alone = Network(model).reach(host, service, PORTS, why=False)

            assert (together.verdict, together.traffic, together.path) == (alone.verdict, alone.traffic, alone.path)


@pytest.mark.parametrize("seed", range(25))
def test_exposure_of_alike_interfaces(seed: int) -> None:
    """What the internet reaches of each is what the engine says of it alone."""
    model = _crowded(seed)
    network = Network(model)
    exposed = {e.resource.address: e.traffic for e in network.exposed() if not e.through}
    for host in model.all("aws_instance"):
        (interface,) = network.interfaces(host)
        answer = Network(model).reach(Internet(), interface, why=False)

        assert exposed.get(host.address) == (answer.traffic if answer.verdict != "blocked" else None)
