"""The network interfaces that an account shows: what each does, and whose it is."""

from __future__ import annotations

import re

from msgspec.structs import replace

from guardrails.model import Model, Resource
from guardrails.network.reading import blocks, cidr, link, text, values, written
from guardrails.network.topology import Clients, Interface

# Descriptions that services give to their interfaces; AWS has no other link from an interface to its owner. Load
# balancers: Elastic Load Balancing guide, "Security groups for your load balancer"; endpoints, NAT gateways, functions
# and file systems: EC2 user guide, "Requester-managed network interfaces", and what DescribeNetworkInterfaces shows.
_DESCRIBED: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"ELB ((?:app|net|gwy)/[^/]+/[0-9a-f]+)"), ("aws_lb", "aws_alb")),
    (re.compile(r"ELB ([^/]+)"), ("aws_elb",)),
    (re.compile(r"Interface for NAT Gateway (nat-[0-9a-f]+)"), ("aws_nat_gateway",)),
    (re.compile(r"VPC Endpoint Interface (vpce-[0-9a-f]+)"), ("aws_vpc_endpoint",)),
    (re.compile(r"EFS mount target for \S+ \((fsmt-[0-9a-f]+)\)"), ("aws_efs_mount_target",)),
    (re.compile(r"Amazon EKS (\S+)"), ("aws_eks_cluster",)),
    (re.compile(r"ES (\S+)"), ("aws_opensearch_domain", "aws_elasticsearch_domain")),
    (
        re.compile(r"ElastiCache (\S+?)(?:-\d{4}-\d{3})?"),
        ("aws_elasticache_replication_group", "aws_elasticache_cluster"),
    ),
)
_NAMES = ("id", "arn", "name", "domain_name", "replication_group_id", "cluster_id")
_ACCEPT_NOTHING = frozenset({"nat_gateway", "natgateway", "lambda", "transit_gateway"})
_HIGH_PORTS = frozenset({"nat_gateway", "natgateway", "lambda", "load_balancer", "network_load_balancer"})
_NODE_TAGS = {"nodegroup": "node_group", "cluster": "cluster"}
_ENDPOINTS = frozenset({"vpc_endpoint", "gateway_load_balancer_endpoint"})


class LiveInterfaces:
    """Of an account, where every interface is in view; of a design, nothing."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.live = model.kind == "account"
        self.of: dict[str, list[str]] = {}
        """By address of the owner: the addresses of its interfaces."""
        self._owned: set[str] = set()
        self._index: dict[str, dict[str, str]] = {}
        if self.live:
            self._read()

    def _read(self) -> None:
        nats = {text(r, "network_interface_id"): r.address for r in self.model.all("aws_nat_gateway")}
        endpoints = {
            str(name): r.address
            for r in self.model.all("aws_vpc_endpoint")
            for name in values(r, "network_interface_ids")
        }
        for resource in self.model.all("aws_network_interface"):
            name = text(resource, "id")
            owner = nats.get(name) or endpoints.get(name) or self._described(resource) or self._database(resource)
            if owner:
                self.of.setdefault(owner, []).append(resource.address)
                self._owned.add(resource.address)

    def _described(self, resource: Resource) -> str:
        description = text(resource, "description")
        for pattern, types in _DESCRIBED:
            if found := pattern.fullmatch(description):
                for type_ in types:
                    if owner := self._named(type_).get(found[1]):
                        return owner
        return ""

    def _named(self, type_: str) -> dict[str, str]:
        if type_ not in self._index:
            index: dict[str, str] = {}
            for resource in self.model.all(type_):
                for name in _NAMES:
                    if own := text(resource, name):
                        index[own.partition(":loadbalancer/")[2] or own] = resource.address
            self._index[type_] = index
        return self._index[type_]

    def _database(self, resource: Resource) -> str:
        """The one RDS instance in this zone with these groups. Two that are alike cannot be told apart."""
        if text(resource, "description") != "RDSNetworkInterface":
            return ""
        groups = {str(g) for g in values(resource, "security_groups")}
        zone = text(resource, "availability_zone")
        found = [
            each.address
            for each in self.model.all("aws_db_instance")
            if {str(g) for g in values(each, "vpc_security_group_ids")} == groups
            and text(each, "availability_zone") == zone
        ]
        return found[0] if len(found) == 1 else ""

    def shown(self, resource: Resource, interface: Interface) -> Interface:
        """An interface with what only an account tells of it."""
        if not self.live:
            return interface
        kind = text(resource, "interface_type").lower()
        known = [cidr(written(block, "public_ip"))[0] for block in blocks(resource, "association")]
        public = any(known)
        clients: Clients = "high" if kind in _HIGH_PORTS else interface.clients
        unattached = text(resource, "status") == "available" and not any(blocks(resource, "attachment"))
        grouped = bool(values(resource, "security_groups"))
        for each in known:
            interface = replace(interface, public_addresses=interface.public_addresses | each)
        return replace(
            interface,
            public="yes" if public else "no",
            public_reason="it has one" if public else "it has none",
            groups=interface.groups if grouped else (),
            filtered=grouped,
            clients=clients,
            accepts=kind not in _ACCEPT_NOTHING,
            kind="endpoint" if kind in _ENDPOINTS else interface.kind,
            broken="it is attached to nothing" if unattached and resource.address not in self._owned else "",
        )

    def launched_by(self, resource: Resource) -> list[Resource]:
        """The instances of an Auto Scaling group or node group, by the tags that AWS gives them."""
        if resource.type == "aws_autoscaling_group":
            wanted = {"aws:autoscaling:groupName": text(resource, "name") or resource.name}
        else:
            wanted = {f"eks:{tag}-name": text(resource, f"{name}_name") for tag, name in _NODE_TAGS.items()}
        return [
            each
            for each in self.model.all("aws_instance")
            if all(text(each, "tags_all", key) == value != "" for key, value in wanted.items())
        ]


def primary_of(model: Model, instance: Resource) -> str:
    """The key of an instance's first interface, where that is in view by its id."""
    found = link(model, written(instance, "primary_network_interface_id"), "aws_network_interface")
    return found.key if found.resource is not None else ""
