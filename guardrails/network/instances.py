"""Interfaces of EC2: instances, their own and attached interfaces, Auto Scaling groups and node groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from guardrails.model import Block, Resource, Value, reveal
from guardrails.network.addresses import NOWHERE, AddressSet
from guardrails.network.live import primary_of
from guardrails.network.reading import Link, blocks, cidr, flag, link, number, text, written
from guardrails.network.topology import Interface, Ternary
from guardrails.network.vpc import SUBNETS, usable

if TYPE_CHECKING:
    from guardrails.network.endpoints import EndpointReader

_TEMPLATES = ("aws_launch_template", "aws_launch_configuration")


class InstanceReader:
    """Puts the interfaces of EC2 into a picture."""

    def __init__(self, endpoints: EndpointReader) -> None:
        self.endpoints = endpoints
        self.model = endpoints.model
        self.picture = endpoints.picture

    def read(self) -> None:
        """Read everything."""
        for resource in self.model.all("aws_network_interface"):
            self._interface(resource)
        for type_ in ("aws_instance", "aws_spot_instance_request"):
            for resource in self.model.all(type_):
                self._instance(resource)
        self._attachments()
        for resource in self.model.all("aws_autoscaling_group"):
            self._scaling_group(resource)
        for resource in self.model.all("aws_eks_node_group"):
            self._node_group(resource)
        self._more_groups()
        self._elastic()

    def _interface(self, resource: Resource) -> None:
        reader = self.endpoints
        subnet = reader.vpcs.subnet(link(self.model, written(resource, "subnet_id"), *SUBNETS))
        private, placed = self._addresses(resource, subnet, ("private_ips", "private_ip"))
        groups, doubt = reader.in_groups(resource, ("security_groups",), subnet)
        interface = Interface(
            resource.address,
            subnet,
            private,
            placed,
            ipv6=self._ipv6(resource, subnet),
            public="no",
            public_reason="no Elastic IP is associated",
            groups=groups,
            groups_doubt=doubt,
            source_dest_check=flag(resource, "source_dest_check", default=True) != "no",
            resource=resource,
        )
        reader.add(resource, reader.live.shown(resource, interface))

    def _instance(self, resource: Resource) -> None:
        reader = self.endpoints
        template = self._template(resource)
        primary = self._primary(resource)
        if primary is not None:
            self.picture.by_resource[resource.address] = (primary,)
            own = self.picture.interfaces.get(primary)
            if own is not None:
                broken = _stopped(resource) or own.broken
                self.picture.interfaces[primary] = replace(own, kind="instance", resource=resource, broken=broken)
            return
        inner = next(blocks(template, "network_interfaces"), None) if template else None
        subnet = reader.vpcs.subnet(self._subnet(resource, inner))
        private, placed = self._addresses(resource, subnet, ("private_ip", "secondary_private_ips"))
        wish = written(resource, "associate_public_ip_address")
        if wish is None and inner is not None:
            wish = written(inner, "associate_public_ip_address")
        public, reason = reader.launch_public(subnet, wish)
        known, _ = cidr(written(resource, "public_ip"))
        if known:
            public, reason = "yes", "it has one"
        elif self.model.kind in ("state", "account") and written(resource, "public_ip") in (None, ""):
            public, reason = "no", "it has none"
        groups, doubt = self._groups(resource, template, inner, subnet)
        reader.add(
            resource,
            Interface(
                resource.address,
                subnet,
                private,
                placed,
                ipv6=self._ipv6(resource, subnet),
                public=public,
                public_addresses=known,
                public_reason=reason,
                groups=groups,
                groups_doubt=doubt,
                source_dest_check=flag(resource, "source_dest_check", default=True) != "no",
                kind="instance",
                resource=resource,
                broken=_stopped(resource),
            ),
        )

    def _subnet(self, resource: Resource, inner: Block | None) -> Link:
        found = link(self.model, written(resource, "subnet_id"), *SUBNETS)
        if not found and not found.doubt and inner is not None:
            found = link(self.model, written(inner, "subnet_id"), *SUBNETS)
        if found or found.doubt:
            return found
        zone = text(resource, "availability_zone")
        for key, place in self.picture.subnets.items():
            default = place.resource is not None and place.resource.type == "aws_default_subnet"
            if default and (not zone or place.zone == zone):
                return Link(key)
        return Link(doubt="the default VPC")

    def _primary(self, resource: Resource) -> str | None:
        for name in ("network_interface", "primary_network_interface"):
            for block in blocks(resource, name):
                if (number(block, "device_index") or 0) == 0:
                    found = link(self.model, written(block, "network_interface_id"), "aws_network_interface")
                    if found.resource is not None:
                        return found.key
        return primary_of(self.model, resource) or None

    def _groups(
        self, resource: Block, template: Resource | None, inner: Block | None, subnet: str
    ) -> tuple[tuple[str, ...], str]:
        tried: list[tuple[Block, str]] = [(resource, "vpc_security_group_ids"), (resource, "security_groups")]
        if inner is not None:
            tried.append((inner, "security_groups"))
        if template is not None:
            tried += [(template, "vpc_security_group_ids"), (template, "security_groups")]
        for block, name in tried:
            value = written(block, name)
            if value not in (None, []):
                return self.endpoints.in_groups(block, (name,), subnet)
        return self.endpoints.in_groups(resource, (), subnet)

    def _template(self, resource: Block) -> Resource | None:
        for block in (resource, *blocks(resource, "mixed_instances_policy", "launch_template")):
            for path in ("launch_template", "launch_template_specification"):
                for inner in blocks(block, path):
                    for name in ("id", "launch_template_id", "name", "launch_template_name"):
                        found = link(self.model, written(inner, name), "aws_launch_template")
                        if found.resource is not None:
                            return found.resource
        return link(self.model, written(resource, "launch_configuration"), "aws_launch_configuration").resource

    def _addresses(self, resource: Block, subnet: str, names: tuple[str, ...]) -> tuple[AddressSet, bool]:
        known = AddressSet.union_of(cidr(v)[0] for name in names for v in _list(written(resource, name)))
        six = AddressSet.union_of(cidr(v)[0] for v in _list(written(resource, "ipv6_addresses")))
        place = usable(self.picture.subnets[subnet])
        if known.v4 and (six.v6 or not place.v6 or self._ipv6(resource, subnet) == "no"):
            return known | six, True
        return AddressSet(known.v4 or place.v4, six.v6 or place.v6), False

    def _ipv6(self, resource: Block, subnet: str) -> Ternary:
        asked = bool(_list(written(resource, "ipv6_addresses"))) or bool(number(resource, "ipv6_address_count"))
        if self.model.kind in ("state", "account"):
            return "yes" if asked else "no"
        return self.endpoints.ipv6(subnet, wanted=True if asked else None)

    def _attachments(self) -> None:
        pairs: list[tuple[str, Resource]] = []
        for resource in self.model.all("aws_network_interface"):
            for block in blocks(resource, "attachment"):
                instance = link(self.model, written(block, "instance"), "aws_instance")
                if instance.resource is not None:
                    pairs.append((resource.address, instance.resource))
        for resource in self.model.all("aws_network_interface_attachment"):
            instance = link(self.model, written(resource, "instance_id"), "aws_instance")
            interface = link(self.model, written(resource, "network_interface_id"), "aws_network_interface")
            if instance.resource is not None and interface.resource is not None:
                pairs.append((interface.key, instance.resource))
        for key, owner in pairs:
            have = self.picture.by_resource.get(owner.address, ())
            self.picture.by_resource[owner.address] = tuple(dict.fromkeys((*have, key)))
            if key in self.picture.interfaces and (stopped := _stopped(owner)):
                self.picture.interfaces[key] = replace(self.picture.interfaces[key], broken=stopped)

    def _launched(self, resource: Resource) -> bool:
        """Whether an account shows the instances themselves of what launches some."""
        if not self.endpoints.live.live:
            return False
        found = [k for i in self.endpoints.live.launched_by(resource) for k in self.picture.by_resource[i.address][:1]]
        self.picture.by_resource[resource.address] = tuple(found)
        return True

    def _scaling_group(self, resource: Resource) -> None:
        reader = self.endpoints
        if self._launched(resource):
            return
        template = self._template(resource)
        inner = next(blocks(template, "network_interfaces"), None) if template else None
        places, _ = reader.places(resource, ("vpc_zone_identifier",))
        if not places:
            places = [reader.vpcs.subnet(Link(doubt="the default VPC"))]
        for subnet in dict.fromkeys(places):
            if template is None:
                public: Ternary = "maybe"
                reason = f"the launch template of {resource.address}"
                groups: tuple[str, ...] = ()
                doubt = reason
            else:
                source: Block = inner if inner is not None else template
                public, reason = reader.launch_public(subnet, written(source, "associate_public_ip_address"))
                groups, doubt = self._groups(template, None, inner, subnet)
            asked = bool(number(inner, "ipv6_address_count")) if inner is not None else None
            key = resource.address if len(set(places)) == 1 else f"{resource.address} in {subnet}"
            reader.add(
                resource,
                Interface(
                    key,
                    subnet,
                    usable(self.picture.subnets[subnet]),
                    placed=False,
                    ipv6=reader.ipv6(subnet, wanted=asked or None),
                    public=public,
                    public_reason=reason,
                    groups=groups,
                    groups_doubt=doubt,
                    kind="instance",
                    resource=resource,
                ),
            )

    def _node_group(self, resource: Resource) -> None:
        reader = self.endpoints
        if self._launched(resource):
            return
        template = self._template(resource)
        places, _ = reader.places(resource, ("subnet_ids",))
        cluster = link(self.model, written(resource, "cluster_name"), "aws_eks_cluster").resource
        for subnet in dict.fromkeys(places):
            inner = next(blocks(template, "network_interfaces"), None) if template else None
            wish = written(inner, "associate_public_ip_address") if inner is not None else None
            public, reason = reader.launch_public(subnet, wish)
            own = reader.groups.eks(cluster) if cluster is not None else ""
            groups: tuple[str, ...] = (own,) if own else ()
            doubt = "" if own else "the cluster's security group"
            if template is not None and written(template, "vpc_security_group_ids") is not None:
                groups, doubt = reader.in_groups(template, ("vpc_security_group_ids",), subnet)
            key = resource.address if len(set(places)) == 1 else f"{resource.address} in {subnet}"
            reader.add(
                resource,
                Interface(
                    key,
                    subnet,
                    usable(self.picture.subnets[subnet]),
                    placed=False,
                    ipv6=reader.ipv6(subnet, wanted=None),
                    public=public,
                    public_reason=reason,
                    groups=groups,
                    groups_doubt=doubt,
                    kind="instance",
                    resource=resource,
                ),
            )

    def _more_groups(self) -> None:
        for resource in self.model.all("aws_network_interface_sg_attachment"):
            target = link(
                self.model, written(resource, "network_interface_id"), "aws_network_interface", "aws_instance"
            )
            group = link(self.model, written(resource, "security_group_id"), "aws_security_group")
            keys = self.picture.by_resource.get(target.key, ())
            for key in keys[:1]:
                own = self.picture.interfaces[key]
                if group:
                    self.picture.interfaces[key] = replace(
                        own, groups=tuple(dict.fromkeys((*own.groups, self.endpoints.groups.key(group))))
                    )

    def _elastic(self) -> None:
        """Elastic IPs: associated with an instance or interface, they are its public address (A1)."""
        types = ("aws_instance", "aws_network_interface")
        pairs: list[tuple[Resource, Value, Resource | None]] = []
        for resource in self.model.all("aws_eip"):
            pairs += [(resource, written(resource, n), resource) for n in ("instance", "network_interface")]
        for resource in self.model.all("aws_eip_association"):
            address = link(self.model, written(resource, "allocation_id"), "aws_eip").resource
            pairs += [(resource, written(resource, n), address) for n in ("instance_id", "network_interface_id")]
        for resource, value, address in pairs:
            found = link(self.model, value, *types)
            for key in self.picture.by_resource.get(found.key, ())[:1]:
                own = self.picture.interfaces[key]
                known = cidr(written(address, "public_ip"))[0] if address is not None else NOWHERE
                sure: Ternary = "maybe" if resource.conditional and own.public != "yes" else "yes"
                self.picture.interfaces[key] = replace(
                    own, public=sure, public_addresses=own.public_addresses | known, public_reason=resource.address
                )


def _stopped(instance: Resource) -> str:
    state = text(instance, "instance_state")
    return f"the instance is {state}" if state in ("stopped", "stopping", "shutting-down", "terminated") else ""


def _list(value: Value) -> list[Value]:
    value = reveal(value)
    return value if isinstance(value, list) else [] if value is None else [value]
