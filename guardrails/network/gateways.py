"""NAT gateways, VPC endpoints and network firewalls of a design."""

from __future__ import annotations

from msgspec.structs import replace

from guardrails.model import Block, Model, Resource, Symbolic
from guardrails.network.addresses import ANYWHERE, NOWHERE, AddressSet
from guardrails.network.endpoints import EndpointReader
from guardrails.network.ports import ALL, PortSet, union_of
from guardrails.network.prefix_list import endpoint_service
from guardrails.network.reading import blocks, cidr, flag, link, number, text, values, written
from guardrails.network.topology import Endpoint, Firewall, FirewallRule, Interface, Nat, Picture
from guardrails.network.vpc import SUBNETS, conditional, usable


class GatewayReader:
    """Puts NAT gateways, VPC endpoints and firewalls into a picture."""

    def __init__(self, model: Model, picture: Picture, endpoints: EndpointReader) -> None:
        self.model = model
        self.picture = picture
        self.endpoints = endpoints

    def read(self) -> None:
        """Read everything."""
        for resource in self.model.all("aws_nat_gateway"):
            self._nat(resource)
        for resource in self.model.all("aws_vpc_endpoint"):
            self._endpoint(resource)
        for resource in self.model.all("aws_networkfirewall_firewall"):
            self._firewall(resource)

    def _nat(self, resource: Resource) -> None:
        reader = self.endpoints
        found = link(self.model, written(resource, "subnet_id"), *SUBNETS)
        regional = text(resource, "availability_mode") == "regional"
        if regional and not found:
            vpc = reader.vpcs.vpc_key(written(resource, "vpc_id"))
            own = [k for k, s in self.picture.subnets.items() if s.vpc == vpc.key and s.table]
            public = [
                k
                for k in own
                if any(r.kind == "internet" for r in self.picture.tables[self.picture.subnets[k].table].routes)
            ]
            subnet = (public or own or [reader.vpcs.subnet(found)])[0]
        else:
            subnet = reader.vpcs.subnet(found)
        public_nat = text(resource, "connectivity_type") != "private"
        known, _ = cidr(written(resource, "private_ip"))
        address = link(self.model, written(resource, "allocation_id"), "aws_eip").resource
        elastic = cidr(written(resource, "public_ip"))[0]
        if address is not None:
            elastic |= cidr(written(address, "public_ip"))[0]
        has = "yes" if public_nat else "no"
        state = text(resource, "state")
        interface = Interface(
            f"interface of {resource.address}",
            subnet,
            (known or usable(self.picture.subnets[subnet])).family(4),
            placed=bool(known),
            public="yes" if has == "yes" else "no",
            public_addresses=elastic,
            public_reason="a public NAT gateway has an Elastic IP" if public_nat else "it is a private NAT gateway",
            filtered=False,
            clients="high",
            accepts=False,
            kind="nat",
            resource=resource,
            doubt=conditional(resource),
        )
        for key in reader.live.of.get(resource.address, ()):  # the picture has it already
            self.picture.by_resource[key] = (interface.key,)
            self.picture.interfaces.pop(key, None)
        self.picture.interfaces[interface.key] = interface
        zones = frozenset(
            z for b in blocks(resource, "availability_zone_address") if (z := text(b, "availability_zone"))
        )
        self.picture.nats[resource.address] = Nat(
            resource.address,
            interface.key,
            public_nat,
            f"the NAT gateway is {state}" if state in ("pending", "failed", "deleting", "deleted") else "",
            zones - {""},
            regional,
            resource,
        )

    def _leads_out(self, subnet: str) -> bool:
        table = self.picture.tables.get(self.picture.subnets[subnet].table)
        return table is not None and any(r.kind == "internet" for r in table.routes)

    def _endpoint(self, resource: Resource) -> None:
        reader = self.endpoints
        vpc = reader.vpcs.vpc_key(written(resource, "vpc_id"))
        kind = text(resource, "vpc_endpoint_type") or "Gateway"
        service = endpoint_service(self.model, written(resource, "service_name"))
        available = text(resource, "state").lower() in ("", "available")
        if kind == "Gateway":
            self.picture.endpoints[resource.address] = Endpoint(
                resource.address, "Gateway", vpc.key, service, available=available, resource=resource
            )
            return
        places, _ = reader.places(resource, ("subnet_ids",))
        for each in self.model.all("aws_vpc_endpoint_subnet_association"):
            if link(self.model, written(each, "vpc_endpoint_id"), "aws_vpc_endpoint").key == resource.address:
                places.append(reader.vpcs.subnet(link(self.model, written(each, "subnet_id"), *SUBNETS)))
        if kind == "GatewayLoadBalancer":
            self.picture.endpoints[resource.address] = Endpoint(
                resource.address, "GatewayLoadBalancer", vpc.key, service, subnets=tuple(dict.fromkeys(places)),
                available=available, resource=resource,
            )  # fmt: skip
            return
        if not places:
            return
        template = Interface(
            resource.address, places[0], NOWHERE, public_reason="endpoints have none", clients="high", kind="endpoint",
            broken="" if available else "the endpoint is not available",
        )  # fmt: skip
        made = list(reader.spread(resource, resource, places, ("security_group_ids",), template))
        for each in self.model.all("aws_vpc_endpoint_security_group_association"):
            if link(self.model, written(each, "vpc_endpoint_id"), "aws_vpc_endpoint").key == resource.address:
                group = link(self.model, written(each, "security_group_id"), "aws_security_group")
                for own in made:
                    have = self.picture.interfaces[own.key]
                    if group:
                        keys = (*have.groups, reader.groups.key(group))
                        self.picture.interfaces[own.key] = replace(have, groups=tuple(dict.fromkeys(keys)))
        self.picture.endpoints[resource.address] = Endpoint(
            resource.address,
            "Interface",
            vpc.key,
            service,
            private_dns=bool(vpc) and self.picture.vpcs[vpc.key].dns and _named_inside(resource),
            interfaces=tuple(i.key for i in made),
            available=available,
            resource=resource,
        )

    # Network Firewall

    def _firewall(self, resource: Resource) -> None:
        reader = self.endpoints
        places = [
            reader.vpcs.subnet(link(self.model, written(block, "subnet_id"), *SUBNETS))
            for block in blocks(resource, "subnet_mapping")
        ]
        vpc = reader.vpcs.vpc_key(written(resource, "vpc_id"))
        self.picture.endpoints[resource.address] = Endpoint(
            resource.address, "Firewall", vpc.key, "network-firewall", subnets=tuple(dict.fromkeys(places)),
            firewall=resource.address, resource=resource,
        )  # fmt: skip
        policy = link(
            self.model, written(resource, "firewall_policy_arn"), "aws_networkfirewall_firewall_policy"
        ).resource
        if policy is None:
            doubt = f"the policy of {resource.address}"
            self.picture.firewalls[resource.address] = Firewall(resource.address, doubt=doubt, resource=resource)
            return
        body = next(blocks(policy, "firewall_policy"), None)
        self.picture.firewalls[resource.address] = (
            _policy(self.model, resource, body)
            if body is not None
            else Firewall(resource.address, doubt=f"the rules of {policy.address}", resource=resource)
        )


def _named_inside(endpoint: Resource) -> bool:
    """Whether the service's name leads to an interface endpoint from within its VPC."""
    outside = flag(endpoint, "dns_options", "private_dns_only_for_inbound_resolver_endpoint")
    return flag(endpoint, "private_dns_enabled") == "yes" and outside != "yes"


def _policy(model: Model, firewall: Resource, body: Block) -> Firewall:
    doubt = ""
    stateless: list[tuple[int, list[FirewallRule]]] = []
    for reference in blocks(body, "stateless_rule_group_reference"):
        group = link(model, written(reference, "resource_arn"), "aws_networkfirewall_rule_group").resource
        if group is None:
            doubt = doubt or "a stateless rule group that is not in view"
            continue
        stateless.append((number(reference, "priority") or 0, _stateless(group)))
    stateful: list[tuple[int, list[FirewallRule]]] = []
    strict = any(text(b, "rule_order") == "STRICT_ORDER" for b in blocks(body, "stateful_engine_options"))
    for reference in blocks(body, "stateful_rule_group_reference"):
        group = link(model, written(reference, "resource_arn"), "aws_networkfirewall_rule_group").resource
        if group is None:
            doubt = doubt or "a stateful rule group that is not in view"
            continue
        stateful.append((number(reference, "priority") or 0, _stateful(group)))
    rules = [r for _, group_rules in sorted(stateful, key=lambda g: g[0]) for r in group_rules]
    if not strict:
        # In action order all pass rules come before all drop rules (Network Firewall guide, "Rule evaluation order").
        rules = [r for verdict in ("pass", "drop") for r in rules if r.verdict == verdict]
    defaults = [str(v) for v in values(body, "stateful_default_actions")]
    actions = [str(v) for v in values(body, "stateless_default_actions")]
    return Firewall(
        firewall.address,
        tuple(r for _, group_rules in sorted(stateless, key=lambda g: g[0]) for r in group_rules),
        "pass" if "aws:pass" in actions else "drop" if "aws:drop" in actions else "forward",
        tuple(rules),
        "drop" if any(d.startswith("aws:drop") for d in defaults) else "pass",
        doubt,
        firewall,
    )


def _stateless(group: Resource) -> list[FirewallRule]:
    found: list[tuple[int, FirewallRule]] = []
    path = ("rule_group", "rules_source", "stateless_rules_and_custom_actions", "stateless_rule")
    for rule in blocks(group, *path):
        actions = [str(a) for a in values(rule, "rule_definition", "actions")]
        verdict = "pass" if "aws:pass" in actions else "drop" if "aws:drop" in actions else "forward"
        match = next(blocks(rule, "rule_definition", "match_attributes"), None)
        if match is None:
            continue
        protocols = [p for p in values(match, "protocols") if isinstance(p, int)]
        destination = _spans(match, "destination_port")
        source = _spans(match, "source_port")
        rule_ports = (
            union_of(PortSet.of(p, *(destination if p in (6, 17) else ())) for p in protocols) if protocols else ALL
        )
        source_ports = (
            union_of(PortSet.of(p, *(source if p in (6, 17) else ())) for p in protocols) if protocols else ALL
        )
        found.append(
            (
                number(rule, "priority") or 0,
                FirewallRule(
                    _definitions(match, "source"),
                    _definitions(match, "destination"),
                    rule_ports,
                    source_ports,
                    verdict,  # type: ignore[arg-type]  # one of the three words
                    exact=not source and not any(blocks(match, "tcp_flag")),
                ),
            )
        )
    return [rule for _, rule in sorted(found, key=lambda f: f[0])]


def _spans(block: Block, name: str) -> tuple[tuple[int, int], ...]:
    return tuple(
        (number(b, "from_port") or 0, number(b, "to_port") or number(b, "from_port") or 0) for b in blocks(block, name)
    )


def _definitions(block: Block, name: str) -> AddressSet:
    found = [cidr(written(b, "address_definition"))[0] for b in blocks(block, name)]
    return AddressSet.union_of(found) if found else ANYWHERE


def _stateful(group: Resource) -> list[FirewallRule]:
    found: list[FirewallRule] = []
    for rule in blocks(group, "rule_group", "rules_source", "stateful_rule"):
        header = next(blocks(rule, "header"), None)
        if header is None:
            continue
        action = text(rule, "action").upper()
        if action == "ALERT":
            continue
        options = [text(o, "keyword") for o in blocks(rule, "rule_option")]
        exact = all(o in ("sid", "msg", "rev", "") for o in options)
        source, sure = _suricata(text(header, "source"))
        destination, sure_too = _suricata(text(header, "destination"))
        ports, simple = _suricata_ports(text(header, "protocol"), text(header, "destination_port"))
        plain = text(header, "source_port").upper() in ("ANY", "")
        one = FirewallRule(
            source,
            destination,
            ports,
            ALL,
            "pass" if action == "PASS" else "drop",
            exact=exact and sure and sure_too and simple and plain,
        )
        found.append(one)
        if text(header, "direction").upper() == "ANY":
            found.append(replace(one, sources=destination, destinations=source))
    if any(blocks(group, "rule_group", "rules_source", "rules_source_list")) or isinstance(
        written(group, "rule_group", "rules_source", "rules_string"), str | Symbolic
    ):
        # Domains and Suricata signatures look into the packet: they may pass it or drop it.
        found.append(FirewallRule(ANYWHERE, ANYWHERE, ALL, ALL, "pass", exact=False))
        found.append(FirewallRule(ANYWHERE, ANYWHERE, ALL, ALL, "drop", exact=False))
    return found


def _suricata(written: str) -> tuple[AddressSet, bool]:
    if written.upper() in ("ANY", ""):
        return ANYWHERE, True
    known, doubt = cidr(written)
    return (known, True) if known and not doubt else (ANYWHERE, False)


def _suricata_ports(protocol: str, written: str) -> tuple[PortSet, bool]:
    match protocol.upper():
        case "TCP" | "UDP" as name:
            if written.upper() in ("ANY", ""):
                return PortSet.of(name), True
            if written.isdigit():
                return PortSet.of(name, int(written)), True
            low, _, high = written.partition(":")
            if low.isdigit() and high.isdigit():
                return PortSet.of(name, (int(low), int(high))), True
            return PortSet.of(name), False
        case "ICMP":
            return PortSet.of("icmp") | PortSet.of("icmpv6"), True
        case "IP":
            return ALL, True
        case _:
            return PortSet.tcp(), False
