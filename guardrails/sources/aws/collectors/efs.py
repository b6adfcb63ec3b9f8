"""EFS: file systems with their policies, mount targets and access points."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, pick, tags_of, when

POLICY = Call("efs", "DescribeFileSystemPolicy", absent=("PolicyNotFound", "FileSystemNotFound"))
LIFECYCLE = Call("efs", "DescribeLifecycleConfiguration")
MOUNT_TARGETS = Call("efs", "DescribeMountTargets", "MountTargets")
GROUPS = Call("efs", "DescribeMountTargetSecurityGroups")


def _file_system(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["FileSystemId"]
    arn = item.get("FileSystemArn") or aws.arn("elasticfilesystem", f"file-system/{name}")
    lifecycle = aws.read(LIFECYCLE, FileSystemId=name)
    size = item.get("SizeInBytes") or {}
    yield aws.record(
        "aws_efs_file_system",
        name,
        {
            **pick(
                item,
                encrypted="Encrypted",
                owner_id="OwnerId",
                performance_mode="PerformanceMode",
                throughput_mode="ThroughputMode",
                number_of_mount_targets="NumberOfMountTargets",
            ),
            "arn": arn,
            "creation_token": item.get("CreationToken"),
            "name": item.get("Name", ""),
            "kms_key_id": item.get("KmsKeyId", ""),
            "dns_name": f"{name}.efs.{aws.region}.amazonaws.com",
            "availability_zone_name": item.get("AvailabilityZoneName", ""),
            "availability_zone_id": item.get("AvailabilityZoneId", ""),
            "provisioned_throughput_in_mibps": item.get("ProvisionedThroughputInMibps", 0),
            "size_in_bytes": [
                {
                    "value": size.get("Value"),
                    "value_in_ia": size.get("ValueInIA"),
                    "value_in_standard": size.get("ValueInStandard"),
                }
            ],
            "lifecycle_policy": lifecycle
            if isinstance(lifecycle, UnknownValue)
            else [
                {
                    "transition_to_ia": one.get("TransitionToIA", ""),
                    "transition_to_archive": one.get("TransitionToArchive", ""),
                    "transition_to_primary_storage_class": one.get("TransitionToPrimaryStorageClass", ""),
                }
                for one in lifecycle.get("LifecyclePolicies", [])
            ],
            "create_time": when(item.get("CreationTime")),
            **tags_of(item.get("Tags")),
        },
        arn=arn,
        unique=True,
    )
    policy = aws.read(POLICY, gap=("aws_efs_file_system_policy",), FileSystemId=name)
    if policy and not isinstance(policy, UnknownValue):
        values = {"file_system_id": name, "policy": policy.get("Policy")}
        yield aws.record("aws_efs_file_system_policy", name, values, arn=arn, unique=True)
    for target in aws.items(MOUNT_TARGETS, gap=("aws_efs_mount_target",), FileSystemId=name):
        if not isinstance(target, UnknownValue):
            yield _mount_target(aws, target, arn)


def _mount_target(aws: Scope, item: Answer, file_system: str) -> Record:
    name = item["MountTargetId"]
    groups = aws.read(GROUPS, MountTargetId=name)
    return aws.record(
        "aws_efs_mount_target",
        name,
        {
            **pick(
                item,
                file_system_id="FileSystemId",
                subnet_id="SubnetId",
                vpc_id="VpcId",
                ip_address="IpAddress",
                network_interface_id="NetworkInterfaceId",
                availability_zone_id="AvailabilityZoneId",
                availability_zone_name="AvailabilityZoneName",
                owner_id="OwnerId",
            ),
            "file_system_arn": file_system,
            "security_groups": groups if isinstance(groups, UnknownValue) else sorted(groups["SecurityGroups"]),
        },
        arn=file_system,
        unique=True,
    )


def _access_point(aws: Scope, item: Answer) -> Iterator[Record]:
    user, root = item.get("PosixUser"), item.get("RootDirectory")
    creation = at(root, "CreationInfo")
    yield aws.record(
        "aws_efs_access_point",
        item["AccessPointId"],
        {
            "arn": item["AccessPointArn"],
            **pick(item, file_system_id="FileSystemId", owner_id="OwnerId"),
            "posix_user": [
                {"uid": user["Uid"], "gid": user["Gid"], "secondary_gids": sorted(user.get("SecondaryGids", []))}
            ]
            if user
            else [],
            "root_directory": [
                {
                    "path": root.get("Path", "/"),
                    "creation_info": [
                        {
                            "owner_uid": creation.get("OwnerUid"),
                            "owner_gid": creation.get("OwnerGid"),
                            "permissions": creation.get("Permissions"),
                        }
                    ]
                    if creation
                    else [],
                }
            ]
            if root
            else [],
            **tags_of(item.get("Tags")),
        },
        unique=True,
    )


SERVICE = Service(
    "efs",
    (
        Part(
            ("aws_efs_file_system", "aws_efs_file_system_policy", "aws_efs_mount_target"),
            Call("efs", "DescribeFileSystems", "FileSystems"),
            _file_system,
            (POLICY, LIFECYCLE, MOUNT_TARGETS, GROUPS),
            parallel=True,
        ),
        Part(("aws_efs_access_point",), Call("efs", "DescribeAccessPoints", "AccessPoints"), _access_point),
    ),
)
