"""Redshift: clusters, whether they are logged, and subnet groups."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, ids, pick, tags_of, when

LOGGING = Call("redshift", "DescribeLoggingStatus")


def _cluster(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["ClusterIdentifier"]
    logging = aws.read(LOGGING, ClusterIdentifier=name)
    nodes = item.get("NumberOfNodes", 1)
    endpoint = item.get("Endpoint") or {}
    yield aws.record(
        "aws_redshift_cluster",
        name,
        {
            **pick(
                item,
                cluster_identifier="ClusterIdentifier",
                node_type="NodeType",
                database_name="DBName",
                master_username="MasterUsername",
                cluster_version="ClusterVersion",
                cluster_subnet_group_name="ClusterSubnetGroupName",
                vpc_id="VpcId",
                availability_zone="AvailabilityZone",
                encrypted="Encrypted",
                publicly_accessible="PubliclyAccessible",
                allow_version_upgrade="AllowVersionUpgrade",
                automated_snapshot_retention_period="AutomatedSnapshotRetentionPeriod",
                preferred_maintenance_window="PreferredMaintenanceWindow",
                cluster_status="ClusterStatus",
            ),
            "arn": aws.arn("redshift", f"cluster:{name}"),
            "cluster_namespace_arn": item.get("ClusterNamespaceArn", ""),
            "kms_key_id": item.get("KmsKeyId", ""),
            "enhanced_vpc_routing": item.get("EnhancedVpcRouting", False),
            "number_of_nodes": nodes,
            "cluster_type": "multi-node" if nodes > 1 else "single-node",
            "dns_name": endpoint.get("Address", ""),
            "port": endpoint.get("Port", 0),
            "endpoint": f"{endpoint['Address']}:{endpoint['Port']}" if endpoint.get("Address") else "",
            "cluster_parameter_group_name": at(item, "ClusterParameterGroups", 0, "ParameterGroupName", default=""),
            "iam_roles": ids(item.get("IamRoles"), "IamRoleArn"),
            "vpc_security_group_ids": ids(item.get("VpcSecurityGroups"), "VpcSecurityGroupId"),
            "multi_az": str(item.get("MultiAZ", "")).lower() in ("enabled", "true"),
            "logging": logging
            if isinstance(logging, UnknownValue)
            else [
                {
                    "enable": True,
                    "bucket_name": logging.get("BucketName", ""),
                    "s3_key_prefix": logging.get("S3KeyPrefix", ""),
                    "log_destination_type": logging.get("LogDestinationType", ""),
                    "log_exports": sorted(logging.get("LogExports", [])),
                }
            ]
            if logging.get("LoggingEnabled")
            else [],
            "create_time": when(item.get("ClusterCreateTime")),
            **tags_of(item.get("Tags")),
        },
    )


def _subnet_group(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["ClusterSubnetGroupName"]
    yield aws.record(
        "aws_redshift_subnet_group",
        name,
        {
            "name": name,
            "description": item.get("Description"),
            "vpc_id": item.get("VpcId"),
            "subnet_ids": ids(item.get("Subnets"), "SubnetIdentifier"),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("redshift", f"subnetgroup:{name}"),
    )


SERVICE = Service(
    "redshift",
    (
        Part(
            ("aws_redshift_cluster",),
            Call("redshift", "DescribeClusters", "Clusters"),
            _cluster,
            (LOGGING,),
            parallel=True,
        ),
        Part(
            ("aws_redshift_subnet_group",),
            Call("redshift", "DescribeClusterSubnetGroups", "ClusterSubnetGroups"),
            _subnet_group,
        ),
    ),
)
