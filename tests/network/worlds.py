"""Random networks for the oracle, and the same networks as a Terraform design."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from guardrails.model import Model, Ref, Resource, Resources, Symbolic, UnknownValue, Value
from tests.network.oracle import Attachment, Host, Nat, Net, Packet, Route, Rule, Subnet, address

V4 = {"a": "10.0.0.0/24", "b": "10.1.0.0/24"}
V6 = {"a": "2600:1f14:aa:aa00::/56", "b": "2600:1f14:bb:bb00::/56"}
CIDRS = (
    *("0.0.0.0/0", "0.0.0.0/0", "::/0", "::/0", "8.0.0.0/8", "128.0.0.0/1", "10.0.0.0/8", "10.0.0.0/25"),
    *(
        "10.0.0.64/26",
        "10.1.0.0/24",
        "10.1.0.0/26",
        "10.0.0.10/32",
        "10.0.0.74/32",
        "2600:1f14:aa:aa00::/64",
        "2600::/12",
    ),
)
TABLE_CIDRS = (
    "0.0.0.0/0",
    "::/0",
    "8.0.0.0/8",
    "10.0.0.0/16",
    "10.1.0.0/16",
    "10.1.0.0/24",
    "10.0.0.0/24",
    "2600::/12",
)
SPANS = ((0, 65535), (0, 65535), (443, 443), (22, 22), (1024, 65535), (32768, 65535), (49152, 65535), (0, 1023))
TYPES = ((0, 255), (8, 8), (0, 0), (128, 128), (129, 129))
OUTSIDE = ("8.8.8.8", "200.1.1.1", "2001:4860::8888", "10.9.9.9")
CLIENTS = (22, 100, 443, 1500, 40000, 60000)


def network(random: Random) -> Net:
    """One network."""
    net = Net()
    two = random.random() < 0.6
    overlap = random.random() < 0.05
    for vpc in "ab" if two else "a":
        six = V6[vpc] if random.random() < 0.6 else ""
        net.vpcs[vpc] = (V4["a"] if overlap else V4[vpc], six)
        if random.random() < 0.8:
            net.gateways.add(vpc)
    net.block = random.choice(["off"] * 10 + ["block-ingress", "block-bidirectional"])
    for name in ("g1", "g2", "g3"):
        net.groups[name] = {way: _rules(random, groups=True) for way in ("ingress", "egress")}
    for name in ("n1", "n2"):
        net.acls[name] = {way: _rules(random, groups=False) for way in ("ingress", "egress")}
    for vpc, (whole, wide) in net.vpcs.items():
        tables = [f"{vpc}{i}" for i in range(2)]
        for table in tables:
            net.tables[table] = []
        for i in range(random.randint(1, 3)):
            base = whole.removesuffix("0/24")
            net.subnets[f"{vpc}{i}"] = Subnet(
                f"{vpc}{i}",
                vpc,
                f"{base}{i * 64}/26",
                wide.replace("00::/56", f"0{i}::/64") if wide and random.random() < 0.8 else "",
                random.choice("xy"),
                random.choice(tables),
                random.choice(["", "", "n1", "n2"]),
                random.choice(["", "", "", "allow-bidirectional", "allow-egress"]),
            )
    if two:
        net.peered = random.choice(["", "active", "active", "pending-acceptance"])
    for name, subnet in net.subnets.items():
        if random.random() < 0.4:
            net.nats[name] = Nat(name, address(_at(subnet.v4, 30)), random.random() < 0.9)
    for i in range(random.randint(2, 4)):
        subnet = random.choice(list(net.subnets.values()))
        v6 = address(subnet.v6.removesuffix("/64") + f"{10 + i}") if subnet.v6 else None
        groups = tuple(sorted(random.sample(["g1", "g2", "g3"], random.randint(1, 2))))
        net.hosts[f"h{i}"] = Host(
            f"h{i}", subnet.name, address(_at(subnet.v4, 10 + i)), v6, random.random() < 0.5, groups
        )
    _transit(random, net)
    sensible = random.random() < 0.7
    for table, routes in net.tables.items():
        if sensible:
            routes.extend(_sensible(random, net, table))
        taken = {r.cidr for r in routes}
        for cidr in random.sample(TABLE_CIDRS, random.randint(0 if sensible else 1, 1 if sensible else 4)):
            target = _target(random, net, table[0], cidr)
            if target and cidr not in taken:
                routes.append(Route(cidr, target))
    return net


def _sensible(random: Random, net: Net, table: str) -> list[Route]:
    """Routes as people write them: the internet by a gateway or NAT, the other VPC by what connects them."""
    vpc, found = table[0], []
    nats = [n for n in net.nats if net.subnets[n].vpc == vpc]
    if table.endswith("0") and vpc in net.gateways:
        found += [Route("0.0.0.0/0", "igw"), Route("::/0", random.choice(["igw", "eigw"]))]
    elif nats:
        found.append(Route("0.0.0.0/0", f"nat:{random.choice(nats)}"))
    elif vpc in net.attachments and random.random() < 0.5:
        found.append(Route("0.0.0.0/0", "tgw"))
    for other, (v4, v6) in net.vpcs.items():
        ways = (["pcx"] if net.peered else []) + (["tgw"] if vpc in net.attachments else [])
        if other != vpc and ways:
            way = random.choice(ways)
            found += [Route(c, way) for c in (v4, v6) if c and c not in net.vpcs[vpc]]
    return found


def _at(cidr: str, offset: int) -> str:
    base, _, last = cidr.partition("/")[0].rpartition(".")
    return f"{base}.{int(last) + offset}"


def _rules(random: Random, *, groups: bool) -> list[Rule]:
    if random.random() < 0.5:
        return [Rule("-1", 0, 65535, c, number=1 + i) for i, c in enumerate(("0.0.0.0/0", "::/0"))]
    found = []
    for number in random.sample(range(1, 50), random.randint(0, 5)):
        protocol = random.choice(["tcp", "tcp", "udp", "-1", "icmp", "icmpv6"])
        low, high = random.choice(TYPES if protocol.startswith("icmp") else SPANS)
        group = random.choice(["g1", "g2", "g3"]) if groups and random.random() < 0.4 else ""
        cidr = "" if group else random.choice(CIDRS)
        allow = groups or random.random() < 0.7
        found.append(Rule(protocol, low, high, cidr, group, number, allow))
    return found


def _transit(random: Random, net: Net) -> None:
    if random.random() < 0.5:
        return
    net.transit_references = random.random() < 0.5
    tables = ["t0", "t1"]
    for table in tables:
        net.transit[table] = []
    for vpc in net.vpcs:
        own = [s for s in net.subnets.values() if s.vpc == vpc]
        zones: dict[str, str] = {}
        for subnet in random.sample(own, len(own)):
            zones.setdefault(subnet.zone, subnet.name)
        doors = list(zones.values())
        if len(doors) < 2 or random.random() < 0.3:
            doors = doors[:1]
        net.attachments[vpc] = Attachment(vpc, tuple(doors), random.choice([*tables * 3, ""]), random.random() < 0.7)
    for table in tables:
        if random.random() < 0.4 and "b" in net.vpcs:
            net.transit[table].append(("0.0.0.0/0", random.choice("ab"), False))
        for vpc in net.vpcs:
            if random.random() < 0.8:
                net.transit[table] += [(c, vpc, True) for c in net.vpcs[vpc] if c]
        for cidr in random.sample(TABLE_CIDRS[1:], random.randint(0, 1)):
            net.transit[table].append((cidr, random.choice([*net.vpcs, "blackhole"]), False))


def _target(random: Random, net: Net, vpc: str, cidr: str) -> str:
    choices = ["blackhole"]
    if vpc in net.gateways:
        choices += ["igw"] * 4 + (["eigw"] * 2 if ":" in cidr else [])
    if ":" not in cidr:
        choices += [f"nat:{n}" for n in net.nats if net.subnets[n].vpc == vpc] * 3
    if net.peered:
        choices += ["pcx"] * 3
    if vpc in net.attachments:
        choices += ["tgw"] * 3
    if cidr in net.vpcs[vpc]:
        return ""  # the local route stands there
    return random.choice(choices)


def packets(net: Net, random: Random) -> list[tuple[str, str, Packet]]:
    """Questions about a network: from and to hosts and the internet (`""`)."""
    found = []
    ends = [*net.hosts, ""]
    for source in ends:
        for target in ends:
            if source == target:
                continue
            for family in (4, 6):
                here = _address_of(net, source, family, random)
                there = _address_of(net, target, family, random)
                if here is None or there is None:
                    continue
                kinds = [("tcp", 443), ("tcp", 22), ("udp", 2000), ("icmp", 8) if family == 4 else ("icmpv6", 128)]
                for protocol, port in random.sample(kinds, 2):
                    found.append((source, target, Packet(here, there, protocol, port)))
    return found


def _address_of(net: Net, name: str, family: int, random: Random) -> tuple[int, int] | None:
    if not name:
        return address(random.choice([t for t in OUTSIDE if (":" in t) == (family == 6)]))
    host = net.hosts[name]
    return host.v4 if family == 4 else host.v6


# As Terraform


def design(net: Net, hide: Random | None = None) -> Model:
    """The network as a Terraform design; with `hide`, some of it is not known."""
    found: list[Resource] = []

    def add(address_: str, /, why: str | None = None, **values: Value) -> None:
        type_, name = address_.split(".")
        kept = {k: v for k, v in values.items() if v is not None and (isinstance(v, Symbolic) or v != "")}
        found.append(Resource(type_, name, kept, conditional=why or ""))

    def of(address_: str, attribute: str = "id") -> Symbolic:
        return Symbolic(Ref(address_, attribute))

    def veiled(value: Value, chance: float = 0.1) -> Value:
        return UnknownValue("hidden") if hide and hide.random() < chance else value

    for vpc, (v4, v6) in net.vpcs.items():
        add(f"aws_vpc.{vpc}", cidr_block=v4, ipv6_cidr_block=v6)
        if vpc in net.gateways:
            add(f"aws_internet_gateway.{vpc}", vpc_id=of(f"aws_vpc.{vpc}"))
            add(f"aws_egress_only_internet_gateway.{vpc}", vpc_id=of(f"aws_vpc.{vpc}"))
    if net.block != "off":
        add("aws_vpc_block_public_access_options.o", internet_gateway_block_mode=net.block)
    for subnet in net.subnets.values():
        own = of(f"aws_subnet.{subnet.name}")
        add(
            f"aws_subnet.{subnet.name}", vpc_id=of(f"aws_vpc.{subnet.vpc}"), cidr_block=subnet.v4,
            ipv6_cidr_block=subnet.v6, availability_zone=subnet.zone,
        )  # fmt: skip
        table = of(f"aws_route_table.{subnet.table}")
        add(f"aws_route_table_association.{subnet.name}", subnet_id=own, route_table_id=table)
        if subnet.exclusion:
            add(
                f"aws_vpc_block_public_access_exclusion.{subnet.name}", subnet_id=own,
                internet_gateway_exclusion_mode=subnet.exclusion,
            )  # fmt: skip
    for name, ways in net.acls.items():
        values: dict[str, Value] = {way: [_acl_rule(r, veiled) for r in rules] for way, rules in ways.items()}
        members: list[Value] = [of(f"aws_subnet.{s.name}") for s in net.subnets.values() if s.acl == name]
        add(f"aws_network_acl.{name}", None, subnet_ids=members, **values)
    for name, ways in net.groups.items():
        own_rules: dict[str, Value] = {}
        for way, rules in ways.items():
            inline: list[Value] = []
            for rule in rules:
                if hide and hide.random() < 0.1:
                    _loose(add, of, name, way, rule)
                else:
                    inline.append(_group_rule(rule, of, veiled))
            own_rules[way] = inline
        add(f"aws_security_group.{name}", None, **own_rules)
    for name, nat in net.nats.items():
        text = _text(nat.v4)
        add(
            f"aws_nat_gateway.{name}", subnet_id=of(f"aws_subnet.{name}"), private_ip=None if hide else text,
            connectivity_type="public" if nat.public else "private",
        )  # fmt: skip
    for host in net.hosts.values():
        secret = hide is not None and hide.random() < 0.3
        groups: list[Value] = [of(f"aws_security_group.{g}") for g in host.groups]
        sixes: list[Value] | None = [_text(host.v6)] if host.v6 and not secret else None
        add(
            f"aws_instance.{host.name}", subnet_id=of(f"aws_subnet.{host.subnet}"),
            private_ip=None if secret else _text(host.v4), vpc_security_group_ids=groups, ipv6_addresses=sixes,
            ipv6_address_count=1 if host.v6 and secret else None, associate_public_ip_address=veiled(host.public),
        )  # fmt: skip
    if net.peered:
        add(
            "aws_vpc_peering_connection.p", vpc_id=of("aws_vpc.a"), peer_vpc_id=of("aws_vpc.b"),
            accept_status=net.peered,
        )  # fmt: skip
    _routes(net, add, of)
    _hub(net, add, of)
    return Model("world", "configuration", Resources(found))


def _text(where: tuple[int, int]) -> str:
    import ipaddress  # noqa: PLC0415  # its only use

    return str(ipaddress.IPv4Address(where[1]) if where[0] == 4 else ipaddress.IPv6Address(where[1]))


def _acl_rule(rule: Rule, veiled) -> Value:  # type: ignore[no-untyped-def]  # a local helper
    icmp = rule.protocol.startswith("icmp")
    return {
        "rule_no": rule.number,
        "action": veiled("allow" if rule.allow else "deny"),
        "protocol": "58" if rule.protocol == "icmpv6" else rule.protocol,
        "from_port": 0 if icmp or rule.protocol == "-1" else rule.low,
        "to_port": 0 if icmp or rule.protocol == "-1" else rule.high,
        "icmp_type": (rule.low if rule.low == rule.high else -1) if icmp else None,
        "icmp_code": -1 if icmp else None,
        "ipv6_cidr_block" if ":" in rule.cidr else "cidr_block": veiled(rule.cidr),
    }


def _group_rule(rule: Rule, of, veiled) -> Value:  # type: ignore[no-untyped-def]  # a local helper
    icmp = rule.protocol.startswith("icmp")
    found: dict[str, Value] = {
        "protocol": rule.protocol,
        "from_port": (rule.low if rule.low == rule.high else -1) if icmp else 0 if rule.protocol == "-1" else rule.low,
        "to_port": -1 if icmp else 0 if rule.protocol == "-1" else rule.high,
    }
    if rule.group:
        found["security_groups"] = [of(f"aws_security_group.{rule.group}")]
    else:
        found["ipv6_cidr_blocks" if ":" in rule.cidr else "cidr_blocks"] = [veiled(rule.cidr)]
    return found


def _loose(add, of, name: str, way: str, rule: Rule) -> None:  # type: ignore[no-untyped-def]  # as above
    """A rule as a resource that may not exist."""
    values = _group_rule(replace(rule), of, lambda v: v)
    assert isinstance(values, dict)
    if "security_groups" in values:
        values["source_security_group_id"] = of(f"aws_security_group.{rule.group}")
        del values["security_groups"]
    add(
        f"aws_security_group_rule.{name}{way}{rule.number}", "count is not known", type=way,
        security_group_id=of(f"aws_security_group.{name}"), **values,
    )  # fmt: skip


def _routes(net: Net, add, of) -> None:  # type: ignore[no-untyped-def]  # as above
    for table, routes in net.tables.items():
        vpc = table[0]
        written: list[Value] = []
        for route in routes:
            kind, _, rest = route.target.partition(":")
            target: dict[str, Value] = {
                "igw": {"gateway_id": of(f"aws_internet_gateway.{vpc}")},
                "eigw": {"egress_only_gateway_id": of(f"aws_egress_only_internet_gateway.{vpc}")},
                "nat": {"nat_gateway_id": of(f"aws_nat_gateway.{rest}")},
                "pcx": {"vpc_peering_connection_id": of("aws_vpc_peering_connection.p")},
                "tgw": {"transit_gateway_id": of("aws_ec2_transit_gateway.t")},
                "blackhole": {"network_interface_id": "eni-gone", "state": "blackhole"},
            }[kind]
            written.append({"ipv6_cidr_block" if ":" in route.cidr else "cidr_block": route.cidr, **target})
        add(f"aws_route_table.{table}", vpc_id=of(f"aws_vpc.{vpc}"), route=written)


def _hub(net: Net, add, of) -> None:  # type: ignore[no-untyped-def]  # as above
    if not net.attachments:
        return
    add(
        "aws_ec2_transit_gateway.t", default_route_table_association="disable",
        default_route_table_propagation="disable",
        security_group_referencing_support="enable" if net.transit_references else "disable",
    )  # fmt: skip
    for vpc, attachment in net.attachments.items():
        doors: list[Value] = [of(f"aws_subnet.{s}") for s in attachment.subnets]
        own = of(f"aws_ec2_transit_gateway_vpc_attachment.{vpc}")
        add(
            f"aws_ec2_transit_gateway_vpc_attachment.{vpc}", transit_gateway_id=of("aws_ec2_transit_gateway.t"),
            vpc_id=of(f"aws_vpc.{vpc}"), subnet_ids=doors,
            security_group_referencing_support="enable" if attachment.references else "disable",
        )  # fmt: skip
        if attachment.table:
            add(
                f"aws_ec2_transit_gateway_route_table_association.{vpc}", transit_gateway_attachment_id=own,
                transit_gateway_route_table_id=of(f"aws_ec2_transit_gateway_route_table.{attachment.table}"),
            )  # fmt: skip
    for table, routes in net.transit.items():
        here = of(f"aws_ec2_transit_gateway_route_table.{table}")
        add(f"aws_ec2_transit_gateway_route_table.{table}", transit_gateway_id=of("aws_ec2_transit_gateway.t"))
        for index, (cidr, vpc, propagated) in enumerate(routes):
            hole = vpc == "blackhole"
            own = of(f"aws_ec2_transit_gateway_vpc_attachment.{vpc}")
            if propagated:
                add(
                    f"aws_ec2_transit_gateway_route_table_propagation.{table}{index}",
                    transit_gateway_attachment_id=own, transit_gateway_route_table_id=here,
                )  # fmt: skip
            else:
                add(
                    f"aws_ec2_transit_gateway_route.{table}{index}", transit_gateway_route_table_id=here,
                    destination_cidr_block=cidr, transit_gateway_attachment_id=None if hole else own,
                    blackhole=True if hole else None,
                )  # fmt: skip
