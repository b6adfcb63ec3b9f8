"""Load balancers of a design: nodes, listeners, target groups."""

from __future__ import annotations

from msgspec.structs import replace

from guardrails.model import Block, Model, Resource, Value
from guardrails.network.addresses import NOWHERE, AddressSet
from guardrails.network.endpoints import EndpointReader
from guardrails.network.ports import PortSet
from guardrails.network.reading import Link, blocks, cidr, flag, link, number, text, values, written
from guardrails.network.topology import Balancer, BalancerKind, Interface, Listener, Picture, TargetGroup, Ternary
from guardrails.network.vpc import SUBNETS, conditional

_BALANCERS = ("aws_lb", "aws_alb")
_GROUPS = ("aws_lb_target_group", "aws_alb_target_group")
_LISTENERS = ("aws_lb_listener", "aws_alb_listener")
_KINDS: dict[str, BalancerKind] = {"application": "application", "network": "network", "gateway": "gateway"}


class BalancerReader:
    """Puts load balancers into a picture."""

    def __init__(self, model: Model, picture: Picture, endpoints: EndpointReader) -> None:
        self.model = model
        self.picture = picture
        self.endpoints = endpoints

    def read(self) -> None:
        """Read everything."""
        for type_ in _GROUPS:
            for resource in self.model.all(type_):
                self.picture.target_groups[resource.address] = self._target_group(resource)
        for type_ in _BALANCERS:
            for resource in self.model.all(type_):
                self._balancer(resource)
        for resource in self.model.all("aws_elb"):
            self._classic(resource)

    def _balancer(self, resource: Resource) -> None:
        reader = self.endpoints
        kind = _KINDS.get(text(resource, "load_balancer_type") or "application", "application")
        places, _ = reader.places(resource, ("subnets",))
        fixed: dict[str, AddressSet] = {}
        for block in blocks(resource, "subnet_mapping"):
            subnet = reader.vpcs.subnet(link(self.model, written(block, "subnet_id"), *SUBNETS))
            places.append(subnet)
            fixed[subnet] = cidr(written(block, "private_ipv4_address"))[0]
        if not places:
            places = [reader.vpcs.subnet(Link(doubt=f"the subnets of {resource.address}"))]
        internal = flag(resource, "internal")
        facing: Ternary = {"yes": "no", "no": "yes", "maybe": "maybe"}[internal]  # type: ignore[assignment]  # one of the words
        stacks = text(resource, "ip_address_type") or "ipv4"
        filtered = kind == "application" or written(resource, "security_groups") not in (None, [])
        listeners = tuple(self._listeners(resource))
        ports = [each.ports for each in listeners]
        listens = None
        if ports or not self._may_listen_elsewhere():
            listens = PortSet()
            for each in ports:
                listens |= each
        template = Interface(
            resource.address,
            places[0],
            NOWHERE,
            public=facing,
            public_reason=f"internal is {internal}",
            filtered=filtered,
            clients="high",
            listens=listens,
            kind=f"{kind} load balancer",
        )
        made = list(reader.spread(resource, resource, places, ("security_groups",) if filtered else (), template))
        for own in made:
            change = own
            if fixed.get(own.subnet):
                change = replace(change, private=fixed[own.subnet], placed=True)
            if stacks.startswith("dualstack") and own.private.v6:
                change = replace(change, ipv6="yes")
            self.picture.interfaces[own.key] = change
        cross: Ternary = "yes" if kind == "application" else flag(resource, "enable_cross_zone_load_balancing")
        self.picture.balancers[resource.address] = Balancer(
            resource.address,
            kind,
            facing != "no",
            tuple(i.key for i in made),
            listeners,
            cross,
            resource,
            conditional(resource),
        )

    def _may_listen_elsewhere(self) -> bool:
        """Whether some listener belongs to a load balancer that is not known."""
        return any(
            link(self.model, written(each, "load_balancer_arn"), *_BALANCERS).doubt
            for type_ in _LISTENERS
            for each in self.model.all(type_)
        )

    def _listeners(self, balancer: Resource) -> list[Listener]:
        found: list[Listener] = []
        for type_ in _LISTENERS:
            for resource in self.model.all(type_):
                if link(self.model, written(resource, "load_balancer_arn"), *_BALANCERS).key != balancer.address:
                    continue
                targets = self._forwards(resource, "default_action")
                for rule_type in ("aws_lb_listener_rule", "aws_alb_listener_rule"):
                    for rule in self.model.all(rule_type):
                        if link(self.model, written(rule, "listener_arn"), *_LISTENERS).key == resource.address:
                            targets += self._forwards(rule, "action")
                protocol = (text(resource, "protocol") or "HTTP").upper()
                found.append(
                    Listener(_ports(protocol, number(resource, "port")), tuple(dict.fromkeys(targets)), resource)
                )
        return found

    def _forwards(self, block: Block, name: str) -> list[str]:
        found: list[str] = []
        for action in blocks(block, name):
            targets: list[Value] = [written(action, "target_group_arn")]
            for forward in blocks(action, "forward"):
                targets += [written(b, "arn") for b in blocks(forward, "target_group")]
            found += [group.key for value in targets if (group := link(self.model, value, *_GROUPS))]
        return found

    def _target_group(self, resource: Resource) -> TargetGroup:
        port = number(resource, "port")
        protocol = (text(resource, "protocol") or "HTTP").upper()
        kind = text(resource, "target_type") or "instance"
        default = _ports(protocol, port)
        members: list[tuple[str, PortSet]] = []
        addresses: list[tuple[AddressSet, PortSet]] = []
        doubt = ""
        for type_ in ("aws_lb_target_group_attachment", "aws_alb_target_group_attachment"):
            for each in self.model.all(type_):
                if link(self.model, written(each, "target_group_arn"), *_GROUPS).key != resource.address:
                    continue
                own = _ports(protocol, number(each, "port") or port)
                types = ("aws_instance", "aws_lambda_function", *_BALANCERS)
                target = link(self.model, written(each, "target_id"), *types)
                known, _ = cidr(written(each, "target_id"))
                keys = self.picture.by_resource.get(target.key, ())
                if known:
                    addresses.append((known, own))
                elif keys and target.resource is not None and target.resource.type != "aws_lambda_function":
                    members += [(key, own) for key in (keys[:1] if kind == "instance" else keys)]
                else:
                    doubt = doubt or target.doubt or f"the target {target.key}"
        members += self._services(resource, protocol, default)
        if not members and not addresses:
            doubt = doubt or self._elsewhere()
        health = (
            text(next(blocks(resource, "health_check"), resource), "port")
            if any(blocks(resource, "health_check"))
            else ""
        )
        preserve = text(resource, "preserve_client_ip").lower()
        by_default = kind == "instance" or protocol in ("UDP", "TCP_UDP")
        cross = text(resource, "load_balancing_cross_zone_enabled").lower()
        return TargetGroup(
            resource.address,
            tuple(dict.fromkeys(members)),
            tuple(addresses),
            PortSet.tcp(int(health)) if health.isdigit() else None,
            preserves_client=preserve == "true" or (preserve == "" and by_default and protocol in _NETWORK_PROTOCOLS),
            cross_zone="yes" if cross == "true" else "no" if cross == "false" else "maybe",
            protocol=protocol,
            doubt=doubt,
            resource=resource,
        )

    def _services(self, group: Resource, protocol: str, default: PortSet) -> list[tuple[str, PortSet]]:
        """The members that Auto Scaling groups and ECS services register with a target group: the former on its port,
        the latter each on the port of its container.
        """
        found: list[str] = []
        for each in self.model.all("aws_autoscaling_group"):
            for value in values(each, "target_group_arns"):
                if link(self.model, value, *_GROUPS).key == group.address:
                    found += self.picture.by_resource.get(each.address, ())
        for each in self.model.all("aws_autoscaling_attachment", "aws_autoscaling_traffic_source_attachment"):
            names = [written(each, "lb_target_group_arn"), written(each, "alb_target_group_arn")]
            names += [written(b, "identifier") for b in blocks(each, "traffic_source")]
            if any(link(self.model, v, *_GROUPS).key == group.address for v in names):
                owner = link(self.model, written(each, "autoscaling_group_name"), "aws_autoscaling_group")
                found += self.picture.by_resource.get(owner.key, ())
        members = [(key, default) for key in found]
        for each in self.model.all("aws_ecs_service"):
            for block in blocks(each, "load_balancer"):
                if link(self.model, written(block, "target_group_arn"), *_GROUPS).key == group.address:
                    own = _ports(protocol, number(block, "container_port"))
                    members += [(key, own) for key in self.picture.by_resource.get(each.address, ())]
        return members

    def _elsewhere(self) -> str:
        """Targets may come from a controller or a pipeline that is no part of the design; an account shows all."""
        return "" if self.model.kind == "account" else "targets may be registered outside of this design"

    def _classic(self, resource: Resource) -> None:
        reader = self.endpoints
        places, _ = reader.places(resource, ("subnets",))
        if not places:
            places = [reader.vpcs.subnet(Link(doubt=f"the subnets of {resource.address}"))]
        members: list[str] = []
        for value in values(resource, "instances"):
            members += self.picture.by_resource.get(link(self.model, value, "aws_instance").key, ())[:1]
        for each in self.model.all("aws_elb_attachment"):
            if link(self.model, written(each, "elb"), "aws_elb").key == resource.address:
                members += self.picture.by_resource.get(
                    link(self.model, written(each, "instance"), "aws_instance").key, ()
                )[:1]
        for each in self.model.all("aws_autoscaling_group"):
            if any(link(self.model, v, "aws_elb").key == resource.address for v in values(each, "load_balancers")):
                members += self.picture.by_resource.get(each.address, ())
        listeners: list[Listener] = []
        listens = PortSet()
        for index, block in enumerate(blocks(resource, "listener")):
            ports = _ports("TCP", number(block, "lb_port"))
            listens |= ports
            key = f"{resource.address}.listener[{index}]"
            inner = _ports("TCP", number(block, "instance_port"))
            self.picture.target_groups[key] = TargetGroup(
                key,
                tuple((m, inner) for m in dict.fromkeys(members)),
                cross_zone="maybe",
                doubt="" if members else self._elsewhere(),
                resource=resource,
            )
            listeners.append(Listener(ports, (key,), resource))
        internal = flag(resource, "internal")
        facing: Ternary = {"yes": "no", "no": "yes", "maybe": "maybe"}[internal]  # type: ignore[assignment]  # one of the words
        template = Interface(
            resource.address, places[0], NOWHERE, public=facing, public_reason=f"internal is {internal}",
            clients="high", listens=listens, kind="classic",
        )  # fmt: skip
        made = list(reader.spread(resource, resource, places, ("security_groups",), template))
        self.picture.balancers[resource.address] = Balancer(
            resource.address,
            "classic",
            facing != "no",
            tuple(i.key for i in made),
            tuple(listeners),
            flag(resource, "cross_zone_load_balancing", default=True),
            resource,
            conditional(resource),
        )


_NETWORK_PROTOCOLS = ("TCP", "UDP", "TCP_UDP", "TLS")


def _ports(protocol: str, port: int | None) -> PortSet:
    ports = (port,) if port and 0 < port < 65536 else ()
    match protocol:
        case "UDP":
            return PortSet.udp(*ports)
        case "TCP_UDP":
            return PortSet.tcp(*ports) | PortSet.udp(*ports)
        case "GENEVE":
            return PortSet.udp(6081)
        case _:
            return PortSet.tcp(*ports)
