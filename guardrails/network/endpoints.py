"""The network interfaces of every resource that has some, with the addresses and groups that they really get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from guardrails.model import Block, Model, Ref, Resource, UnknownValue, Value, reveal
from guardrails.network.addresses import NOWHERE
from guardrails.network.groups import Groups
from guardrails.network.live import LiveInterfaces
from guardrails.network.ports import PortSet
from guardrails.network.reading import Link, blocks, cidr, flag, link, links, number, text, written
from guardrails.network.topology import Clients, Interface, Picture, Ternary
from guardrails.network.vpc import SUBNETS, VpcReader, conditional, usable

Path = tuple[str, ...]
GROUPS = ("aws_security_group", "aws_default_security_group")


class Kind(Struct, frozen=True):
    """How a resource type stands in its subnets (A5-A7)."""

    name: str
    subnets: Path
    groups: Path = ()
    subnet_group: tuple[str, tuple[str, ...]] | None = None
    """The attribute that names a subnet group, and the types of such groups."""
    public: Path = ()
    """The attribute that asks for public addresses; empty: never."""
    public_default: bool = False
    ports: tuple[int, ...] = ()
    port: str = ""
    """The attribute with the port, over the default."""
    alternative: bool = False
    """Whether it takes one of its subnets, rather than all."""
    clients: Clients = "instance"
    accepts: bool = True


_DB_GROUPS = ("aws_db_subnet_group",)
KINDS: dict[str, Kind] = {
    "aws_db_instance": Kind(
        "database", (), ("vpc_security_group_ids",), ("db_subnet_group_name", _DB_GROUPS), ("publicly_accessible",),
        ports=(3306, 5432, 1433, 1521, 50000), port="port", alternative=True,
    ),
    "aws_redshift_cluster": Kind(
        "warehouse", (), ("vpc_security_group_ids",),
        ("cluster_subnet_group_name", ("aws_redshift_subnet_group",)), ("publicly_accessible",), public_default=True,
        ports=(5439,), port="port", alternative=True,
    ),
    "aws_redshiftserverless_workgroup": Kind(
        "warehouse", ("subnet_ids",), ("security_group_ids",), None, ("publicly_accessible",), ports=(5439,),
        port="port",
    ),
    "aws_elasticache_cluster": Kind(
        "cache", (), ("security_group_ids",), ("subnet_group_name", ("aws_elasticache_subnet_group",)),
        ports=(6379, 11211), port="port", alternative=True,
    ),
    "aws_elasticache_replication_group": Kind(
        "cache", (), ("security_group_ids",), ("subnet_group_name", ("aws_elasticache_subnet_group",)),
        ports=(6379,), port="port", alternative=True,
    ),
    "aws_elasticache_serverless_cache": Kind(
        "cache", ("subnet_ids",), ("security_group_ids",), ports=(6379, 6380, 11211)
    ),
    "aws_memorydb_cluster": Kind(
        "cache", (), ("security_group_ids",), ("subnet_group_name", ("aws_memorydb_subnet_group",)), ports=(6379,),
        port="port", alternative=True,
    ),
    "aws_dax_cluster": Kind(
        "cache", (), ("security_group_ids",), ("subnet_group_name", ("aws_dax_subnet_group",)), ports=(8111, 9111),
        alternative=True,
    ),
    "aws_opensearch_domain": Kind(
        "search", ("vpc_options", "subnet_ids"), ("vpc_options", "security_group_ids"), ports=(443, 80)
    ),
    "aws_elasticsearch_domain": Kind(
        "search", ("vpc_options", "subnet_ids"), ("vpc_options", "security_group_ids"), ports=(443, 80)
    ),
    "aws_msk_cluster": Kind(
        "kafka", ("broker_node_group_info", "client_subnets"), ("broker_node_group_info", "security_groups"),
        public=("broker_node_group_info", "connectivity_info", "public_access", "type"),
        ports=(9092, 9094, 9096, 9098, 2181, 2182, 9194, 9196, 9198),
    ),
    "aws_mq_broker": Kind(
        "broker", ("subnet_ids",), ("security_groups",), public=("publicly_accessible",),
        ports=(5671, 8883, 61614, 61617, 61619, 8162, 443),
    ),
    "aws_efs_mount_target": Kind("file-system", ("subnet_id",), ("security_groups",), ports=(2049,)),
    "aws_fsx_lustre_file_system": Kind("file-system", ("subnet_ids",), ("security_group_ids",), ports=(988,)),
    "aws_fsx_windows_file_system": Kind("file-system", ("subnet_ids",), ("security_group_ids",), ports=(445,)),
    "aws_fsx_ontap_file_system": Kind("file-system", ("subnet_ids",), ("security_group_ids",)),
    "aws_fsx_openzfs_file_system": Kind("file-system", ("subnet_ids",), ("security_group_ids",), ports=(2049,)),
    "aws_lambda_function": Kind(
        "function", ("vpc_config", "subnet_ids"), ("vpc_config", "security_group_ids"), clients="high", accepts=False
    ),
    "aws_ecs_service": Kind(
        "service", ("network_configuration", "subnets"), ("network_configuration", "security_groups"),
        public=("network_configuration", "assign_public_ip"),
    ),
    "aws_eks_cluster": Kind(
        "kubernetes", ("vpc_config", "subnet_ids"), ("vpc_config", "security_group_ids"), ports=(443,)
    ),
    "aws_glue_connection": Kind(
        "job", ("physical_connection_requirements", "subnet_id"),
        ("physical_connection_requirements", "security_group_id_list"),
    ),
    "aws_codebuild_project": Kind(
        "build", ("vpc_config", "subnets"), ("vpc_config", "security_group_ids"), accepts=False
    ),
    "aws_sagemaker_notebook_instance": Kind("notebook", ("subnet_id",), ("security_groups",)),
    "aws_sagemaker_domain": Kind("notebook", ("subnet_ids",), ("default_user_settings", "security_groups")),
    "aws_mwaa_environment": Kind(
        "workflow", ("network_configuration", "subnet_ids"), ("network_configuration", "security_group_ids")
    ),
    "aws_dms_replication_instance": Kind(
        "replication", (), ("vpc_security_group_ids",),
        ("replication_subnet_group_id", ("aws_dms_replication_subnet_group",)), ("publicly_accessible",),
        alternative=True,
    ),
    "aws_apprunner_vpc_connector": Kind("service", ("subnets",), ("security_groups",), clients="high", accepts=False),
    "aws_apigatewayv2_vpc_link": Kind(
        "gateway-link", ("subnet_ids",), ("security_group_ids",), clients="high", accepts=False
    ),
    "aws_batch_compute_environment": Kind(
        "batch", ("compute_resources", "subnets"), ("compute_resources", "security_group_ids")
    ),
    "aws_transfer_server": Kind(
        "transfer", ("endpoint_details", "subnet_ids"), ("endpoint_details", "security_group_ids"),
        public=("endpoint_details", "address_allocation_ids"), ports=(22, 21, 990, 443),
    ),
    "aws_directory_service_directory": Kind("directory", ("vpc_settings", "subnet_ids")),
    "aws_emr_cluster": Kind(
        "cluster", ("ec2_attributes", "subnet_ids"), ("ec2_attributes", "emr_managed_master_security_group"),
        alternative=True,
    ),
}  # fmt: skip
_CLUSTERS = {
    "aws_rds_cluster_instance": "aws_rds_cluster",
    "aws_docdb_cluster_instance": "aws_docdb_cluster",
    "aws_neptune_cluster_instance": "aws_neptune_cluster",
}
_CLUSTER_GROUPS = (*_DB_GROUPS, "aws_docdb_subnet_group", "aws_neptune_subnet_group")
_CLUSTER_PORTS = {"aws_rds_cluster": (3306, 5432), "aws_docdb_cluster": (27017,), "aws_neptune_cluster": (8182,)}


class EndpointReader:
    """Puts the interfaces of all resources into a picture."""

    def __init__(self, model: Model, picture: Picture, vpcs: VpcReader, groups: Groups) -> None:
        self.model = model
        self.picture = picture
        self.vpcs = vpcs
        self.groups = groups
        self.live = LiveInterfaces(model)

    def read(self) -> None:
        """Read everything but load balancers, VPC endpoints and gateways."""
        from guardrails.network.instances import InstanceReader  # noqa: PLC0415  # the two build on each other

        InstanceReader(self).read()
        for type_, kind in KINDS.items():
            for resource in self.model.all(type_):
                self._standard(resource, kind)
        for type_, parent in _CLUSTERS.items():
            for resource in self.model.all(type_):
                self._cluster_instance(resource, parent)

    # Building blocks that the other readers use, too

    def places(self, block: Block, path: Path) -> tuple[list[str], str]:
        """The subnets of a list, by key, and why there may be others."""
        found, doubt = links(block, path, *SUBNETS)
        if not found and doubt:
            return [self.vpcs.subnet(Link(doubt=doubt))], ""
        return [self.vpcs.subnet(each) for each in found], doubt

    def in_groups(self, block: Block, path: Path, subnet: str) -> tuple[tuple[str, ...], str]:
        """The groups of a list by key, the VPC's default group if there are none, and why there may be others."""
        found, doubt = links(block, path, *GROUPS) if path else ([], "")
        keys = [self.groups.key(each) for each in found]
        if not keys and not doubt:
            keys = [self.groups.default(self.picture.subnets[subnet].vpc)]
        return tuple(dict.fromkeys(keys)), doubt

    def add(self, resource: Resource, interface: Interface) -> Interface:
        """Put an interface of a resource into the picture."""
        doubt = interface.doubt or conditional(resource)
        interface = replace(interface, doubt=doubt) if doubt != interface.doubt else interface
        self.picture.interfaces[interface.key] = interface
        have = self.picture.by_resource.get(resource.address, ())
        self.picture.by_resource[resource.address] = (*have, interface.key)
        return interface

    def spread(
        self, resource: Resource, block: Block, places: Iterable[str], groups: Path, template: Interface
    ) -> Iterator[Interface]:
        """One interface of a resource in each of some subnets, after the pattern of a template."""
        if own := self.live.of.get(resource.address):
            yield from self._shown(resource, own, template)
            return
        subnets = list(dict.fromkeys(places))
        for subnet in subnets:
            key = resource.address if len(subnets) == 1 else f"{resource.address} in {subnet}"
            keys, doubt = self.in_groups(block, groups, subnet)
            place = self.picture.subnets[subnet]
            public = template.public
            yield self.add(
                resource,
                replace(
                    template,
                    key=key,
                    subnet=subnet,
                    private=usable(place),
                    placed=False,
                    groups=keys if template.filtered else (),
                    groups_doubt=doubt,
                    public=public,
                    alternative=template.alternative and len(subnets) > 1,
                    resource=resource,
                ),
            )

    def _shown(self, resource: Resource, keys: Iterable[str], template: Interface) -> Iterator[Interface]:
        """The interfaces that an account shows for a resource, after the pattern of a template."""
        for key in keys:
            seen = self.picture.interfaces[key]
            yield self.add(
                resource,
                replace(
                    seen,
                    clients=template.clients,
                    accepts=template.accepts,
                    listens=template.listens,
                    kind=template.kind,
                    broken=template.broken,
                    resource=resource,
                ),
            )

    def launch_public(self, subnet: str, wish: Value) -> tuple[Ternary, str]:
        """Whether an interface gets a public address at launch: what it asks for, else what its subnet gives (A1)."""
        wish = reveal(wish)
        if isinstance(wish, UnknownValue):
            return "maybe", wish.reason
        if wish is not None and wish != "":
            return (
                ("yes", "it asks for one")
                if wish is True or str(wish).lower() == "true"
                else ("no", "it asks for none")
            )
        given = self.vpcs.mapped_public.get(subnet, "maybe")
        if given == "yes":
            return "yes", f"{subnet} gives one at launch"
        return ("no", f"{subnet} gives none") if given == "no" else ("maybe", f"what {subnet} gives at launch")

    def ipv6(self, subnet: str, *, wanted: bool | None) -> Ternary:
        """Whether an interface gets an IPv6 address: it asks for one, or its subnet gives one."""
        place = self.picture.subnets[subnet]
        if not place.cidrs.v6 or wanted is False:
            return "no"
        if wanted:
            return "yes"
        if place.resource is None:
            return "maybe"
        given = flag(place.resource, "assign_ipv6_address_on_creation")
        return "yes" if given == "yes" or flag(place.resource, "ipv6_native") == "yes" else given

    # Services

    def _standard(self, resource: Resource, kind: Kind) -> None:
        places, _ = self.places(resource, kind.subnets) if kind.subnets else ([], "")
        if kind.subnet_group is not None:
            places = self._group_places(resource, *kind.subnet_group)
        if not places:
            return
        public, reason = self._public(resource, kind)
        template = Interface(
            resource.address,
            places[0],
            NOWHERE,
            public=public,
            public_reason=reason,
            clients=kind.clients,
            accepts=kind.accepts,
            listens=_ports(resource, kind),
            kind=kind.name,
            alternative=kind.alternative,
        )
        for interface in list(self.spread(resource, resource, places, kind.groups, template)):
            self._adjust(resource, interface)

    def _adjust(self, resource: Resource, interface: Interface) -> None:
        """What only one type has: a fixed address, IPv6 for functions, the cluster's own group for EKS."""
        change = interface
        match resource.type:
            case "aws_efs_mount_target":
                known, _ = cidr(written(resource, "ip_address"))
                change = replace(interface, private=known, placed=True) if known else interface
            case "aws_lambda_function":
                asked = flag(resource, "vpc_config", "ipv6_allowed_for_dual_stack") != "no"
                change = replace(interface, ipv6="yes" if asked and interface.private.v6 else "no")
            case "aws_eks_cluster":
                change = replace(interface, groups=(*interface.groups, self.groups.eks(resource)))
            case "aws_msk_cluster":
                own = text(resource, "broker_node_group_info", "connectivity_info", "public_access", "type")
                change = replace(interface, public="yes" if own == "SERVICE_PROVIDED_EIPS" else "no")
            case _:
                pass
        if change is not interface:
            self.picture.interfaces[interface.key] = change

    def _public(self, resource: Resource, kind: Kind) -> tuple[Ternary, str]:
        if not kind.public:
            return "no", f"{kind.name} interfaces never have one"
        if resource.type == "aws_transfer_server":
            return ("yes", "Elastic IPs") if written(resource, *kind.public) else ("no", "no Elastic IPs")
        value = flag(resource, *kind.public, default=kind.public_default)
        if resource.type == "aws_msk_cluster":
            value = "no"
        return value, f"{'.'.join(kind.public)} is {'not known' if value == 'maybe' else value}"

    def _group_places(self, resource: Block, attribute: str, types: tuple[str, ...]) -> list[str]:
        found = link(self.model, written(resource, attribute), *types)
        if found.resource is not None:
            return self.places(found.resource, ("subnet_ids",))[0]
        if found or found.doubt:
            return [self.vpcs.subnet(Link(doubt=f"the subnets of {found.key or attribute}"))]
        default = [k for k, s in self.picture.subnets.items() if s.resource and s.resource.type == "aws_default_subnet"]
        return default or [self.vpcs.subnet(Link(doubt="the default VPC"))]

    def _cluster_instance(self, resource: Resource, parent: str) -> None:
        cluster = link(self.model, written(resource, "cluster_identifier"), parent).resource
        owner = cluster or resource
        places = self._group_places(owner, "db_subnet_group_name", _CLUSTER_GROUPS)
        if written(owner, "neptune_subnet_group_name") is not None:
            places = self._group_places(owner, "neptune_subnet_group_name", _CLUSTER_GROUPS)
        # DocumentDB and Neptune are never public; for Aurora the instance says it (A7).
        public = flag(resource, "publicly_accessible") if parent != "aws_docdb_cluster" else "no"
        template = Interface(
            resource.address,
            places[0],
            NOWHERE,
            public=public,
            public_reason=f"publicly_accessible is {public}",
            listens=_listens(number(owner, "port"), _CLUSTER_PORTS[parent]),
            kind="database",
            alternative=True,
        )
        for interface in list(self.spread(resource, owner, places, ("vpc_security_group_ids",), template)):
            if cluster is None:
                self.picture.interfaces[interface.key] = replace(
                    interface, groups=(), groups_doubt=f"the groups of {text(resource, 'cluster_identifier') or parent}"
                )
            else:
                have = self.picture.by_resource.get(cluster.address, ())
                self.picture.by_resource[cluster.address] = (*have, interface.key)


def _ports(resource: Resource, kind: Kind) -> PortSet | None:
    if not kind.ports:
        return None
    if kind.port and isinstance(written(resource, kind.port), UnknownValue):
        return None if resource.refs(kind.port) != (Ref(resource.address, kind.port),) else PortSet.tcp(*kind.ports)
    return _listens(number(resource, kind.port) if kind.port else None, kind.ports)


def _listens(port: int | None, default: tuple[int, ...]) -> PortSet:
    return PortSet.tcp(*((port,) if port and 0 < port < 65536 else default))


def nested(block: Block, *path: str) -> Block | None:
    """The first known nested block of a name."""
    return next(blocks(block, *path), None)
