"""ElastiCache: clusters, replication groups and subnet groups."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, ids, pick, when


def _cluster(aws: Scope, item: Answer) -> Iterator[Record]:
    name, arn = item["CacheClusterId"], item["ARN"]
    nodes = item.get("CacheNodes", [])
    address = item.get("ConfigurationEndpoint") or {}
    groups = ids(item.get("SecurityGroups"), "SecurityGroupId")
    if group := item.get("ReplicationGroupId"):
        # A replication group's own answer does not tell its security groups: its members do.
        aws.memory.setdefault("groups", {})[group] = (groups, item)
    yield aws.record(
        "aws_elasticache_cluster",
        name,
        {
            **pick(
                item,
                cluster_id="CacheClusterId",
                engine="Engine",
                engine_version_actual="EngineVersion",
                node_type="CacheNodeType",
                num_cache_nodes="NumCacheNodes",
                availability_zone="PreferredAvailabilityZone",
                maintenance_window="PreferredMaintenanceWindow",
                subnet_group_name="CacheSubnetGroupName",
                snapshot_retention_limit="SnapshotRetentionLimit",
                snapshot_window="SnapshotWindow",
                network_type="NetworkType",
                ip_discovery="IpDiscovery",
                status="CacheClusterStatus",
            ),
            "arn": arn,
            "engine_version": item.get("EngineVersion"),
            "auto_minor_version_upgrade": _text(item.get("AutoMinorVersionUpgrade")),
            "parameter_group_name": at(item, "CacheParameterGroup", "CacheParameterGroupName", default=""),
            "port": address.get("Port") or at(nodes, 0, "Endpoint", "Port", default=0),
            "cluster_address": address.get("Address", ""),
            "replication_group_id": item.get("ReplicationGroupId", ""),
            "security_group_ids": groups,
            "transit_encryption_enabled": item.get("TransitEncryptionEnabled", False),
            "at_rest_encryption_enabled": item.get("AtRestEncryptionEnabled", False),
            "cache_nodes": [
                {
                    "id": node.get("CacheNodeId"),
                    "address": at(node, "Endpoint", "Address", default=""),
                    "port": at(node, "Endpoint", "Port", default=0),
                    "availability_zone": node.get("CustomerAvailabilityZone", ""),
                }
                for node in nodes
            ],
            "create_time": when(item.get("CacheClusterCreateTime")),
            **aws.tags("elasticache:cluster", arn),
        },
    )


def _text(flag: bool | None) -> str | None:
    return None if flag is None else str(flag).lower()


def _replication_group(aws: Scope, item: Answer) -> Iterator[Record]:
    name, arn = item["ReplicationGroupId"], item["ARN"]
    shards = item.get("NodeGroups", [])
    groups, member = aws.memory.get("groups", {}).get(name, (None, {}))
    yield aws.record(
        "aws_elasticache_replication_group",
        name,
        {
            **pick(
                item,
                replication_group_id="ReplicationGroupId",
                description="Description",
                node_type="CacheNodeType",
                cluster_enabled="ClusterEnabled",
                cluster_mode="ClusterMode",
                snapshot_retention_limit="SnapshotRetentionLimit",
                snapshot_window="SnapshotWindow",
                network_type="NetworkType",
                ip_discovery="IpDiscovery",
                status="Status",
            ),
            "arn": arn,
            "engine": item.get("Engine") or member.get("Engine"),
            "engine_version_actual": member.get("EngineVersion"),
            "subnet_group_name": member.get("CacheSubnetGroupName"),
            **({} if groups is None else {"security_group_ids": groups}),
            "at_rest_encryption_enabled": _text(item.get("AtRestEncryptionEnabled")),
            "transit_encryption_enabled": item.get("TransitEncryptionEnabled", False),
            "transit_encryption_mode": item.get("TransitEncryptionMode", ""),
            "auth_token_enabled": item.get("AuthTokenEnabled", False),
            "kms_key_id": item.get("KmsKeyId", ""),
            "automatic_failover_enabled": item.get("AutomaticFailover") in ("enabled", "enabling"),
            "multi_az_enabled": item.get("MultiAZ") == "enabled",
            "member_clusters": sorted(item.get("MemberClusters", [])),
            "num_cache_clusters": len(item.get("MemberClusters", [])),
            "num_node_groups": len(shards),
            "user_group_ids": sorted(item.get("UserGroupIds", [])),
            "configuration_endpoint_address": at(item, "ConfigurationEndpoint", "Address", default=""),
            "primary_endpoint_address": at(shards, 0, "PrimaryEndpoint", "Address", default=""),
            "reader_endpoint_address": at(shards, 0, "ReaderEndpoint", "Address", default=""),
            "create_time": when(item.get("ReplicationGroupCreateTime")),
            **aws.tags("elasticache:replicationgroup", arn),
        },
    )


def _subnet_group(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["CacheSubnetGroupName"]
    yield aws.record(
        "aws_elasticache_subnet_group",
        name,
        {
            "name": name,
            "arn": item.get("ARN"),
            "description": item.get("CacheSubnetGroupDescription"),
            "vpc_id": item.get("VpcId"),
            "subnet_ids": ids(item.get("Subnets"), "SubnetIdentifier"),
        },
    )


SERVICE = Service(
    "elasticache",
    (
        Part(
            ("aws_elasticache_cluster",),
            Call("elasticache", "DescribeCacheClusters", "CacheClusters", params={"ShowCacheNodeInfo": True}),
            _cluster,
            (TAGS,),
        ),
        # Below the clusters, which tell what the groups leave out.
        Part(
            ("aws_elasticache_replication_group",),
            Call("elasticache", "DescribeReplicationGroups", "ReplicationGroups"),
            _replication_group,
            (TAGS,),
        ),
        Part(
            ("aws_elasticache_subnet_group",),
            Call("elasticache", "DescribeCacheSubnetGroups", "CacheSubnetGroups"),
            _subnet_group,
        ),
    ),
)
