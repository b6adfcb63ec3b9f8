"""RDS, Aurora, DocumentDB and Neptune: instances, clusters, snapshots and groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue, Value
from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, ids, pick, tags_of, when

INSTANCE_SNAPSHOT_ATTRIBUTES = Call("rds", "DescribeDBSnapshotAttributes")
CLUSTER_SNAPSHOT_ATTRIBUTES = Call("rds", "DescribeDBClusterSnapshotAttributes")

# One API serves three families; Terraform gives each its own types.
_FAMILIES = {"docdb": "docdb", "neptune": "neptune"}


def _instance(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["DBInstanceIdentifier"]
    family = _FAMILIES.get(item["Engine"])
    common: dict[str, Any] = {
        **pick(
            item,
            arn="DBInstanceArn",
            identifier="DBInstanceIdentifier",
            engine="Engine",
            engine_version="EngineVersion",
            instance_class="DBInstanceClass",
            auto_minor_version_upgrade="AutoMinorVersionUpgrade",
            availability_zone="AvailabilityZone",
            ca_cert_identifier="CACertificateIdentifier",
            copy_tags_to_snapshot="CopyTagsToSnapshot",
            publicly_accessible="PubliclyAccessible",
            storage_encrypted="StorageEncrypted",
            performance_insights_enabled="PerformanceInsightsEnabled",
            network_type="NetworkType",
        ),
        "kms_key_id": item.get("KmsKeyId", ""),
        "engine_version_actual": item.get("EngineVersion"),
        "endpoint": _endpoint(item),
        "port": at(item, "Endpoint", "Port", default=0),
        "monitoring_interval": item.get("MonitoringInterval", 0),
        "monitoring_role_arn": item.get("MonitoringRoleArn", ""),
        "performance_insights_kms_key_id": item.get("PerformanceInsightsKMSKeyId", ""),
        "db_subnet_group_name": at(item, "DBSubnetGroup", "DBSubnetGroupName", default=""),
        "vpc_security_group_ids": ids(item.get("VpcSecurityGroups"), "VpcSecurityGroupId"),
        "create_time": when(item.get("InstanceCreateTime")),
        "status": item.get("DBInstanceStatus"),
        **tags_of(item.get("TagList")),
    }
    if item.get("DBClusterIdentifier"):
        kind = f"{family or 'rds'}_cluster_instance"
        yield aws.record(
            f"aws_{kind}",
            name,
            {
                **common,
                # The provider shows the port beside it, but for Neptune, where it is a part of it.
                "endpoint": _endpoint(item) if family == "neptune" else at(item, "Endpoint", "Address", default=""),
                "cluster_identifier": item["DBClusterIdentifier"],
                "dbi_resource_id": item.get("DbiResourceId"),
                "promotion_tier": item.get("PromotionTier", 0),
                "preferred_backup_window": item.get("PreferredBackupWindow"),
                "preferred_maintenance_window": item.get("PreferredMaintenanceWindow"),
                "db_parameter_group_name": at(item, "DBParameterGroups", 0, "DBParameterGroupName", default=""),
            },
        )
        return
    yield aws.record(
        "aws_db_instance",
        name,
        {
            **common,
            "id": item.get("DbiResourceId", name),
            **pick(
                item,
                resource_id="DbiResourceId",
                allocated_storage="AllocatedStorage",
                backup_retention_period="BackupRetentionPeriod",
                backup_window="PreferredBackupWindow",
                maintenance_window="PreferredMaintenanceWindow",
                dedicated_log_volume="DedicatedLogVolume",
                deletion_protection="DeletionProtection",
                iam_database_authentication_enabled="IAMDatabaseAuthenticationEnabled",
                license_model="LicenseModel",
                multi_az="MultiAZ",
                username="MasterUsername",
                storage_type="StorageType",
                customer_owned_ip_enabled="CustomerOwnedIpEnabled",
            ),
            "db_name": item.get("DBName", ""),
            "address": at(item, "Endpoint", "Address", default=""),
            "hosted_zone_id": at(item, "Endpoint", "HostedZoneId", default=""),
            "iops": item.get("Iops", 0),
            "storage_throughput": item.get("StorageThroughput", 0),
            "max_allocated_storage": item.get("MaxAllocatedStorage", 0),
            "performance_insights_retention_period": item.get("PerformanceInsightsRetentionPeriod", 0),
            "enabled_cloudwatch_logs_exports": sorted(item.get("EnabledCloudwatchLogsExports", [])),
            "parameter_group_name": at(item, "DBParameterGroups", 0, "DBParameterGroupName", default=""),
            "option_group_name": at(item, "OptionGroupMemberships", 0, "OptionGroupName", default=""),
            "replicate_source_db": item.get("ReadReplicaSourceDBInstanceIdentifier", ""),
            "replicas": item.get("ReadReplicaDBInstanceIdentifiers", []),
            **_managed_password(item),
        },
    )


def _endpoint(item: Answer) -> str:
    endpoint = item.get("Endpoint")
    return f"{endpoint['Address']}:{endpoint['Port']}" if endpoint and "Address" in endpoint else ""


def _managed_password(item: Answer) -> dict[str, Value]:
    secret = item.get("MasterUserSecret")
    return {
        "manage_master_user_password": True if secret else None,
        "master_user_secret": [
            {
                "kms_key_id": at(secret, "KmsKeyId"),
                "secret_arn": at(secret, "SecretArn"),
                "secret_status": at(secret, "SecretStatus"),
            }
        ]
        if secret
        else [],
    }


def _cluster(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["DBClusterIdentifier"]
    family = _FAMILIES.get(item["Engine"])
    capacity = item.get("ServerlessV2ScalingConfiguration")
    yield aws.record(
        f"aws_{family or 'rds'}_cluster",
        name,
        {
            **pick(
                item,
                arn="DBClusterArn",
                cluster_identifier="DBClusterIdentifier",
                cluster_resource_id="DbClusterResourceId",
                engine="Engine",
                engine_mode="EngineMode",
                engine_version="EngineVersion",
                engine_version_actual="EngineVersion",
                backup_retention_period="BackupRetentionPeriod",
                copy_tags_to_snapshot="CopyTagsToSnapshot",
                deletion_protection="DeletionProtection",
                iam_database_authentication_enabled="IAMDatabaseAuthenticationEnabled",
                db_cluster_parameter_group_name="DBClusterParameterGroup",
                db_subnet_group_name="DBSubnetGroup",
                master_username="MasterUsername",
                network_type="NetworkType",
                port="Port",
                preferred_backup_window="PreferredBackupWindow",
                preferred_maintenance_window="PreferredMaintenanceWindow",
                storage_encrypted="StorageEncrypted",
                enable_http_endpoint="HttpEndpointEnabled",
                status="Status",
            ),
            "availability_zones": sorted(item.get("AvailabilityZones", [])),
            "allocated_storage": item.get("AllocatedStorage"),
            "backtrack_window": item.get("BacktrackWindow", 0),
            "database_name": item.get("DatabaseName", ""),
            "endpoint": item.get("Endpoint", ""),
            "reader_endpoint": item.get("ReaderEndpoint", ""),
            "hosted_zone_id": item.get("HostedZoneId", ""),
            "kms_key_id": item.get("KmsKeyId", ""),
            "storage_type": item.get("StorageType", ""),
            "iops": item.get("Iops", 0),
            "db_cluster_instance_class": item.get("DBClusterInstanceClass", ""),
            "enabled_cloudwatch_logs_exports": sorted(item.get("EnabledCloudwatchLogsExports", [])),
            "cluster_members": ids(item.get("DBClusterMembers"), "DBInstanceIdentifier"),
            "iam_roles": ids(item.get("AssociatedRoles"), "RoleArn"),
            "vpc_security_group_ids": ids(item.get("VpcSecurityGroups"), "VpcSecurityGroupId"),
            "replication_source_identifier": item.get("ReplicationSourceIdentifier", ""),
            "serverlessv2_scaling_configuration": [
                pick(capacity, min_capacity="MinCapacity", max_capacity="MaxCapacity")
            ]
            if capacity
            else [],
            "create_time": when(item.get("ClusterCreateTime")),
            **_managed_password(item),
            **tags_of(item.get("TagList")),
        },
    )


def _instance_snapshot(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["DBSnapshotIdentifier"]
    answer = aws.read(INSTANCE_SNAPSHOT_ATTRIBUTES, DBSnapshotIdentifier=name)
    yield aws.record(
        "aws_db_snapshot",
        name,
        {
            **pick(
                item,
                db_snapshot_arn="DBSnapshotArn",
                db_snapshot_identifier="DBSnapshotIdentifier",
                db_instance_identifier="DBInstanceIdentifier",
                allocated_storage="AllocatedStorage",
                availability_zone="AvailabilityZone",
                encrypted="Encrypted",
                engine="Engine",
                engine_version="EngineVersion",
                kms_key_id="KmsKeyId",
                license_model="LicenseModel",
                option_group_name="OptionGroupName",
                port="Port",
                snapshot_type="SnapshotType",
                status="Status",
                storage_type="StorageType",
                vpc_id="VpcId",
            ),
            "iops": item.get("Iops", 0),
            "shared_accounts": _shared(answer, "DBSnapshotAttributesResult", "DBSnapshotAttributes"),
            "snapshot_create_time": when(item.get("SnapshotCreateTime")),
            **tags_of(item.get("TagList")),
        },
        arn=item["DBSnapshotArn"],
    )


def _cluster_snapshot(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["DBClusterSnapshotIdentifier"]
    answer = aws.read(CLUSTER_SNAPSHOT_ATTRIBUTES, DBClusterSnapshotIdentifier=name)
    yield aws.record(
        "aws_db_cluster_snapshot",
        name,
        {
            **pick(
                item,
                db_cluster_snapshot_arn="DBClusterSnapshotArn",
                db_cluster_snapshot_identifier="DBClusterSnapshotIdentifier",
                db_cluster_identifier="DBClusterIdentifier",
                allocated_storage="AllocatedStorage",
                engine="Engine",
                engine_version="EngineVersion",
                kms_key_id="KmsKeyId",
                license_model="LicenseModel",
                port="Port",
                snapshot_type="SnapshotType",
                status="Status",
                storage_encrypted="StorageEncrypted",
                vpc_id="VpcId",
            ),
            "shared_accounts": _shared(answer, "DBClusterSnapshotAttributesResult", "DBClusterSnapshotAttributes"),
            "snapshot_create_time": when(item.get("SnapshotCreateTime")),
            **tags_of(item.get("TagList")),
        },
        arn=item["DBClusterSnapshotArn"],
    )


def _shared(answer: Answer | UnknownValue, result: str, attributes: str) -> Value:
    """The accounts that may restore it; `all` is everybody."""
    if isinstance(answer, UnknownValue):
        return answer
    for attribute in at(answer, result, attributes, default=[]):
        if attribute["AttributeName"] == "restore":
            return sorted(attribute.get("AttributeValues", []))
    return []


def _subnet_group(aws: Scope, item: Answer) -> Iterator[Record]:
    arn = item["DBSubnetGroupArn"]
    yield aws.record(
        "aws_db_subnet_group",
        item["DBSubnetGroupName"],
        {
            **pick(item, name="DBSubnetGroupName", description="DBSubnetGroupDescription", vpc_id="VpcId"),
            "arn": arn,
            "subnet_ids": ids(item.get("Subnets"), "SubnetIdentifier"),
            "supported_network_types": sorted(item.get("SupportedNetworkTypes", [])),
            **aws.tags("rds:subgrp", arn),
        },
    )


def _parameter_group(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["DBParameterGroupName"]
    if not name.startswith("default."):
        values = pick(
            item,
            name="DBParameterGroupName",
            arn="DBParameterGroupArn",
            family="DBParameterGroupFamily",
            description="Description",
        )
        yield aws.record("aws_db_parameter_group", name, {**values, **aws.tags("rds:pg", values["arn"])})


def _cluster_parameter_group(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["DBClusterParameterGroupName"]
    if not name.startswith("default."):
        values = pick(
            item,
            name="DBClusterParameterGroupName",
            arn="DBClusterParameterGroupArn",
            family="DBParameterGroupFamily",
            description="Description",
        )
        yield aws.record(
            "aws_rds_cluster_parameter_group", name, {**values, **aws.tags("rds:cluster-pg", values["arn"])}
        )


SERVICE = Service(
    "rds",
    (
        Part(
            (
                "aws_db_instance",
                "aws_rds_cluster_instance",
                "aws_docdb_cluster_instance",
                "aws_neptune_cluster_instance",
            ),
            Call("rds", "DescribeDBInstances", "DBInstances"),
            _instance,
        ),
        Part(
            ("aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster"),
            Call("rds", "DescribeDBClusters", "DBClusters"),
            _cluster,
        ),
        Part(
            ("aws_db_snapshot",),
            Call("rds", "DescribeDBSnapshots", "DBSnapshots", params={"SnapshotType": "manual"}),
            _instance_snapshot,
            (INSTANCE_SNAPSHOT_ATTRIBUTES,),
            parallel=True,
        ),
        Part(
            ("aws_db_cluster_snapshot",),
            Call("rds", "DescribeDBClusterSnapshots", "DBClusterSnapshots", params={"SnapshotType": "manual"}),
            _cluster_snapshot,
            (CLUSTER_SNAPSHOT_ATTRIBUTES,),
            parallel=True,
        ),
        Part(("aws_db_subnet_group",), Call("rds", "DescribeDBSubnetGroups", "DBSubnetGroups"), _subnet_group, (TAGS,)),
        Part(
            ("aws_db_parameter_group",),
            Call("rds", "DescribeDBParameterGroups", "DBParameterGroups"),
            _parameter_group,
            (TAGS,),
        ),
        Part(
            ("aws_rds_cluster_parameter_group",),
            Call("rds", "DescribeDBClusterParameterGroups", "DBClusterParameterGroups"),
            _cluster_parameter_group,
            (TAGS,),
        ),
    ),
)
