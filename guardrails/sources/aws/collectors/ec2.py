"""EC2's machines: instances, templates, volumes, snapshots, images, and the account's defaults for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue, Value
from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, block, ids, pick, redacted, tags_of, when

TEMPLATE_VERSIONS = Call("ec2", "DescribeLaunchTemplateVersions", "LaunchTemplateVersions")


def _volume(aws: Scope, item: Answer) -> Iterator[Record]:
    volume = item["VolumeId"]
    aws.memory.setdefault("volumes", {})[volume] = item
    yield aws.record(
        "aws_ebs_volume",
        volume,
        {
            **pick(
                item,
                availability_zone="AvailabilityZone",
                encrypted="Encrypted",
                iops="Iops",
                multi_attach_enabled="MultiAttachEnabled",
                outpost_arn="OutpostArn",
                size="Size",
                throughput="Throughput",
                type="VolumeType",
                state="State",
            ),
            "kms_key_id": item.get("KmsKeyId", ""),
            "snapshot_id": item.get("SnapshotId", ""),
            "create_time": when(item.get("CreateTime")),
            "attachments": [pick(a, instance_id="InstanceId", device="Device") for a in item.get("Attachments", [])],
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"volume/{volume}"),
        unique=True,
    )
    for attachment in item.get("Attachments", []):
        values = pick(attachment, volume_id="VolumeId", instance_id="InstanceId", device_name="Device")
        name = f"{volume}:{attachment.get('InstanceId', '')}"
        yield aws.record("aws_volume_attachment", name, values, unique=True)


def _instances(aws: Scope, item: Answer) -> Iterator[Record]:
    for instance in item["Instances"]:
        if at(instance, "State", "Name") not in ("terminated", "shutting-down"):
            yield _instance(aws, instance, item.get("OwnerId", aws.account))


def _instance(aws: Scope, item: Answer, owner: str) -> Record:
    instance = item["InstanceId"]
    interfaces = item.get("NetworkInterfaces", [])
    primary: Answer = next((i for i in interfaces if at(i, "Attachment", "DeviceIndex") == 0), {})
    addresses = [a["PrivateIpAddress"] for a in primary.get("PrivateIpAddresses", []) if not a.get("Primary")]
    devices = [_device(aws, mapping) for mapping in item.get("BlockDeviceMappings", [])]
    root = item.get("RootDeviceName")
    tags = {tag["Key"]: tag.get("Value") for tag in item.get("Tags", [])}
    return aws.record(
        "aws_instance",
        instance,
        {
            **pick(
                item,
                ami="ImageId",
                instance_type="InstanceType",
                availability_zone="Placement.AvailabilityZone",
                tenancy="Placement.Tenancy",
                host_id="Placement.HostId",
                placement_group="Placement.GroupName",
                instance_state="State.Name",
                instance_lifecycle="InstanceLifecycle",
                spot_instance_request_id="SpotInstanceRequestId",
                ebs_optimized="EbsOptimized",
                outpost_arn="OutpostArn",
                source_dest_check="SourceDestCheck",
                platform="Platform",
            ),
            "state_transition_reason": item.get("StateTransitionReason", ""),
            "subnet_id": item.get("SubnetId", ""),
            "vpc_id": item.get("VpcId", ""),
            "key_name": item.get("KeyName", ""),
            "private_ip": item.get("PrivateIpAddress", ""),
            "private_dns": item.get("PrivateDnsName", ""),
            "public_ip": item.get("PublicIpAddress", ""),
            "public_dns": item.get("PublicDnsName", ""),
            "associate_public_ip_address": primary.get("Association") is not None,
            "primary_network_interface_id": primary.get("NetworkInterfaceId"),
            "network_interface_ids": ids(interfaces, "NetworkInterfaceId"),
            "secondary_private_ips": sorted(addresses),
            "ipv6_addresses": (v6 := [a["Ipv6Address"] for i in interfaces for a in i.get("Ipv6Addresses", [])]),
            "ipv6_address_count": len(v6),
            "network_interface": [],  # how it was launched; `network_interface_ids` says what it has
            "launch_template": block(
                {"id": tags.get("aws:ec2launchtemplate:id"), "version": tags.get("aws:ec2launchtemplate:version")}
            ),
            "instance_market_options": [{"market_type": "spot"}] if item.get("InstanceLifecycle") == "spot" else [],
            "vpc_security_group_ids": ids(item.get("SecurityGroups"), "GroupId"),
            "iam_instance_profile": at(item, "IamInstanceProfile", "Arn", default="").rpartition("/")[2],
            "monitoring": at(item, "Monitoring", "State") in ("enabled", "pending"),
            "hibernation": at(item, "HibernationOptions", "Configured", default=False),
            "metadata_options": _metadata(item.get("MetadataOptions")),
            "enclave_options": block({"enabled": at(item, "EnclaveOptions", "Enabled")}),
            "root_block_device": [device for device in devices if device["device_name"] == root],
            "ebs_block_device": [device for device in devices if device["device_name"] != root],
            "user_data": redacted(),
            "user_data_base64": redacted(),
            "launch_time": when(item.get("LaunchTime")),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"instance/{instance}", account=owner),
        unique=True,
    )


def _device(aws: Scope, mapping: Answer) -> dict[str, Any]:
    """A block device of an instance, with what its volume's own answer tells."""
    name = at(mapping, "Ebs", "VolumeId")
    volume = aws.memory.get("volumes", {}).get(name) or UnknownValue(f"{name} was not among the volumes read")
    return {
        "device_name": mapping.get("DeviceName"),
        "volume_id": name,
        "delete_on_termination": at(mapping, "Ebs", "DeleteOnTermination"),
        **pick(
            volume,
            encrypted="Encrypted",
            iops="Iops",
            kms_key_id="KmsKeyId",
            snapshot_id="SnapshotId",
            throughput="Throughput",
            volume_size="Size",
            volume_type="VolumeType",
        ),
    }


def _metadata(options: Answer | None) -> list[Value]:
    return block(
        pick(
            options,
            http_endpoint="HttpEndpoint",
            http_tokens="HttpTokens",
            http_put_response_hop_limit="HttpPutResponseHopLimit",
            http_protocol_ipv6="HttpProtocolIpv6",
            instance_metadata_tags="InstanceMetadataTags",
        )
    )


def _launch_template(aws: Scope, item: Answer) -> Iterator[Record]:
    """With the data of its latest version, as the provider shows it."""
    template = item["LaunchTemplateId"]
    versions = aws.items(TEMPLATE_VERSIONS, LaunchTemplateId=template, Versions=["$Latest"])
    data: Any = versions[0] if versions else {}
    if not isinstance(data, UnknownValue):
        data = data.get("LaunchTemplateData", {})
    known = {} if isinstance(data, UnknownValue) else data
    yield aws.record(
        "aws_launch_template",
        template,
        {
            **pick(
                item,
                name="LaunchTemplateName",
                default_version="DefaultVersionNumber",
                latest_version="LatestVersionNumber",
            ),
            **pick(
                data,
                image_id="ImageId",
                instance_type="InstanceType",
                key_name="KeyName",
                ebs_optimized="EbsOptimized",
                disable_api_termination="DisableApiTermination",
                disable_api_stop="DisableApiStop",
                vpc_security_group_ids="SecurityGroupIds",
                security_group_names="SecurityGroups",
            ),
            "user_data": redacted() if isinstance(data, UnknownValue) or data.get("UserData") else "",
            **(
                dict.fromkeys(("metadata_options", "network_interfaces", "iam_instance_profile"), data)
                if isinstance(data, UnknownValue)
                else {}
            ),
            **({} if isinstance(data, UnknownValue) else _template_blocks(known)),
            "create_time": when(item.get("CreateTime")),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"launch-template/{template}"),
        unique=True,
    )


def _template_blocks(data: Answer) -> dict[str, Value]:
    return {
        "metadata_options": _metadata(data.get("MetadataOptions")),
        "monitoring": block(pick(data.get("Monitoring"), enabled="Enabled")),
        "iam_instance_profile": block(pick(data.get("IamInstanceProfile"), arn="Arn", name="Name")),
        "enclave_options": block(pick(data.get("EnclaveOptions"), enabled="Enabled")),
        "placement": block(
            pick(
                data.get("Placement"),
                availability_zone="AvailabilityZone",
                group_name="GroupName",
                host_id="HostId",
                tenancy="Tenancy",
            )
        ),
        "instance_market_options": block(pick(data.get("InstanceMarketOptions"), market_type="MarketType")),
        "network_interfaces": [
            {
                **pick(
                    one,
                    device_index="DeviceIndex",
                    subnet_id="SubnetId",
                    network_interface_id="NetworkInterfaceId",
                    private_ip_address="PrivateIpAddress",
                    description="Description",
                    interface_type="InterfaceType",
                ),
                # The provider keeps these as text, empty where the template does not say.
                "associate_public_ip_address": _text(one.get("AssociatePublicIpAddress")),
                "delete_on_termination": _text(one.get("DeleteOnTermination")),
                "security_groups": sorted(one.get("Groups", [])),
                "ipv6_address_count": one.get("Ipv6AddressCount", 0),
                "ipv6_addresses": ids(one.get("Ipv6Addresses"), "Ipv6Address"),
            }
            for one in data.get("NetworkInterfaces", [])
        ],
        "block_device_mappings": [
            {
                "device_name": one.get("DeviceName", ""),
                "no_device": one.get("NoDevice", ""),
                "virtual_name": one.get("VirtualName", ""),
                "ebs": [
                    {
                        "delete_on_termination": _text(ebs.get("DeleteOnTermination")),
                        "encrypted": _text(ebs.get("Encrypted")),
                        "iops": ebs.get("Iops", 0),
                        "kms_key_id": ebs.get("KmsKeyId", ""),
                        "snapshot_id": ebs.get("SnapshotId", ""),
                        "throughput": ebs.get("Throughput", 0),
                        "volume_size": ebs.get("VolumeSize", 0),
                        "volume_type": ebs.get("VolumeType", ""),
                    }
                ]
                if (ebs := one.get("Ebs"))
                else [],
            }
            for one in data.get("BlockDeviceMappings", [])
        ],
        "tag_specifications": [
            {"resource_type": one.get("ResourceType"), "tags": tags_of(one.get("Tags"))["tags"]}
            for one in data.get("TagSpecifications", [])
        ],
    }


def _text(flag: bool | None) -> str:
    return "" if flag is None else str(flag).lower()


def _snapshot(aws: Scope, item: Answer) -> Iterator[Record]:
    snapshot = item["SnapshotId"]
    if item["OwnerId"] != aws.account:
        return
    yield aws.record(
        "aws_ebs_snapshot",
        snapshot,
        {
            **pick(
                item,
                volume_id="VolumeId",
                volume_size="VolumeSize",
                encrypted="Encrypted",
                kms_key_id="KmsKeyId",
                owner_id="OwnerId",
                owner_alias="OwnerAlias",
                storage_tier="StorageTier",
                description="Description",
                outpost_arn="OutpostArn",
                data_encryption_key_id="DataEncryptionKeyId",
                state="State",
            ),
            "start_time": when(item.get("StartTime")),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"snapshot/{snapshot}", account=""),
        unique=True,
    )


def _shared_snapshot(aws: Scope, item: Answer) -> Iterator[Record]:
    """Snapshots that everybody may restore: one list for all, where sharing with accounts takes a call for each."""
    snapshot = item["SnapshotId"]
    if item["OwnerId"] != aws.account:
        return
    values = {"snapshot_id": snapshot, "account_id": "all", "group": "all"}
    yield aws.record(
        "aws_snapshot_create_volume_permission",
        f"{snapshot}-all",
        values,
        arn=aws.arn("ec2", f"snapshot/{snapshot}", account=""),
        unique=True,
    )


def _image(aws: Scope, item: Answer) -> Iterator[Record]:
    image = item["ImageId"]
    mappings = item.get("BlockDeviceMappings", [])
    root = item.get("RootDeviceName")
    yield aws.record(
        "aws_ami",
        image,
        {
            **pick(
                item,
                name="Name",
                description="Description",
                architecture="Architecture",
                boot_mode="BootMode",
                ena_support="EnaSupport",
                hypervisor="Hypervisor",
                image_location="ImageLocation",
                image_owner_alias="ImageOwnerAlias",
                image_type="ImageType",
                imds_support="ImdsSupport",
                owner_id="OwnerId",
                platform="Platform",
                platform_details="PlatformDetails",
                public="Public",
                root_device_name="RootDeviceName",
                tpm_support="TpmSupport",
                usage_operation="UsageOperation",
                virtualization_type="VirtualizationType",
                state="State",
            ),
            "deprecation_time": when(item.get("DeprecationTime")),
            "last_launched_time": when(item.get("LastLaunchedTime")),
            "creation_date": when(item.get("CreationDate")),
            "root_snapshot_id": next((at(m, "Ebs", "SnapshotId") for m in mappings if m.get("DeviceName") == root), ""),
            "ebs_block_device": [
                {
                    "device_name": mapping.get("DeviceName"),
                    **pick(
                        mapping["Ebs"],
                        delete_on_termination="DeleteOnTermination",
                        encrypted="Encrypted",
                        iops="Iops",
                        snapshot_id="SnapshotId",
                        throughput="Throughput",
                        volume_size="VolumeSize",
                        volume_type="VolumeType",
                    ),
                }
                for mapping in mappings
                if mapping.get("Ebs")
            ],
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"image/{image}", account=""),
        unique=True,
    )
    if item.get("Public"):
        values = {"image_id": image, "group": "all", "account_id": ""}
        yield aws.record("aws_ami_launch_permission", f"{image}-all", values, unique=True)


def _key_pair(aws: Scope, item: Answer) -> Iterator[Record]:
    yield aws.record(
        "aws_key_pair",
        item["KeyName"],
        {
            **pick(item, key_name="KeyName", key_pair_id="KeyPairId", key_type="KeyType", fingerprint="KeyFingerprint"),
            "create_time": when(item.get("CreateTime")),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"key-pair/{item['KeyName']}"),
    )


def _host(aws: Scope, item: Answer) -> Iterator[Record]:
    host = item["HostId"]
    yield aws.record(
        "aws_ec2_host",
        host,
        {
            **pick(
                item,
                availability_zone="AvailabilityZone",
                auto_placement="AutoPlacement",
                host_recovery="HostRecovery",
                instance_family="HostProperties.InstanceFamily",
                instance_type="HostProperties.InstanceType",
                owner_id="OwnerId",
                state="State",
            ),
            "instances": ids(item.get("Instances"), "InstanceId"),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"dedicated-host/{host}"),
        unique=True,
    )


def _reservation(aws: Scope, item: Answer) -> Iterator[Record]:
    if item.get("State") in ("cancelled", "expired"):
        return
    yield aws.record(
        "aws_ec2_capacity_reservation",
        item["CapacityReservationId"],
        {
            **pick(
                item,
                arn="CapacityReservationArn",
                availability_zone="AvailabilityZone",
                instance_count="TotalInstanceCount",
                available_instance_count="AvailableInstanceCount",
                instance_platform="InstancePlatform",
                instance_type="InstanceType",
                owner_id="OwnerId",
                tenancy="Tenancy",
                ebs_optimized="EbsOptimized",
                end_date_type="EndDateType",
                instance_match_criteria="InstanceMatchCriteria",
            ),
            "end_date": when(item.get("EndDate")) or "",
            **tags_of(item.get("Tags")),
        },
        unique=True,
    )


def _zone(aws: Scope, item: Answer) -> Iterator[Record]:
    yield aws.record(
        "aws_availability_zone",
        item["ZoneName"],
        pick(item, name="ZoneName", zone_id="ZoneId", state="State", region="RegionName", zone_type="ZoneType"),
        mode="data",
        unique=True,
    )


def _default(type_: str, **members: str) -> Any:
    """An account-wide setting of a region: one answer, one record."""

    def mapped(aws: Scope, answer: Answer) -> Iterator[Record]:
        for member in members.values():
            if at(answer, *member.split(".")) is None:
                raise KeyError(member)
        yield aws.record(type_, aws.region, pick(answer, **members), unique=True)

    return mapped


def _metadata_defaults(aws: Scope, answer: Answer) -> Iterator[Record]:
    level = answer.get("AccountLevel") or {}
    yield aws.record(
        "aws_ec2_instance_metadata_defaults",
        aws.region,
        {
            # Terraform's words for a default that is not set.
            "http_tokens": level.get("HttpTokens", "no-preference"),
            "http_endpoint": level.get("HttpEndpoint", "no-preference"),
            "http_put_response_hop_limit": level.get("HttpPutResponseHopLimit", -1),
            "instance_metadata_tags": level.get("InstanceMetadataTags", "no-preference"),
        },
        unique=True,
    )


SERVICE = Service(
    "ec2",
    (
        Part(("aws_ebs_volume", "aws_volume_attachment"), Call("ec2", "DescribeVolumes", "Volumes"), _volume),
        # Below the volumes: an instance tells of its own.
        Part(("aws_instance",), Call("ec2", "DescribeInstances", "Reservations"), _instances),
        Part(
            ("aws_launch_template",),
            Call("ec2", "DescribeLaunchTemplates", "LaunchTemplates"),
            _launch_template,
            (TEMPLATE_VERSIONS,),
            parallel=True,
        ),
        Part(
            ("aws_ebs_snapshot",),
            Call("ec2", "DescribeSnapshots", "Snapshots", params={"OwnerIds": ["self"]}),
            _snapshot,
        ),
        Part(
            ("aws_snapshot_create_volume_permission",),
            Call(
                "ec2",
                "DescribeSnapshots",
                "Snapshots",
                params={"OwnerIds": ["self"], "RestorableByUserIds": ["all"]},
            ),
            _shared_snapshot,
        ),
        Part(
            ("aws_ami", "aws_ami_launch_permission"),
            Call("ec2", "DescribeImages", "Images", params={"Owners": ["self"]}),
            _image,
        ),
        Part(("aws_key_pair",), Call("ec2", "DescribeKeyPairs", "KeyPairs"), _key_pair),
        Part(("aws_ec2_host",), Call("ec2", "DescribeHosts", "Hosts"), _host),
        Part(
            ("aws_ec2_capacity_reservation",),
            Call("ec2", "DescribeCapacityReservations", "CapacityReservations"),
            _reservation,
        ),
        Part(
            ("data.aws_availability_zone",),
            Call("ec2", "DescribeAvailabilityZones", "AvailabilityZones"),
            _zone,
        ),
        Part(
            ("aws_ebs_encryption_by_default",),
            Call("ec2", "GetEbsEncryptionByDefault"),
            _default("aws_ebs_encryption_by_default", enabled="EbsEncryptionByDefault"),
        ),
        Part(
            ("aws_ebs_default_kms_key",),
            Call("ec2", "GetEbsDefaultKmsKeyId"),
            _default("aws_ebs_default_kms_key", key_arn="KmsKeyId"),
        ),
        Part(
            ("aws_ebs_snapshot_block_public_access",),
            Call("ec2", "GetSnapshotBlockPublicAccessState"),
            _default("aws_ebs_snapshot_block_public_access", state="State"),
        ),
        Part(
            ("aws_ec2_image_block_public_access",),
            Call("ec2", "GetImageBlockPublicAccessState"),
            _default("aws_ec2_image_block_public_access", state="ImageBlockPublicAccessState"),
        ),
        Part(
            ("aws_ec2_serial_console_access",),
            Call("ec2", "GetSerialConsoleAccessStatus"),
            _default("aws_ec2_serial_console_access", enabled="SerialConsoleAccessEnabled"),
        ),
        Part(
            ("aws_ec2_instance_metadata_defaults",),
            Call("ec2", "GetInstanceMetadataDefaults"),
            _metadata_defaults,
        ),
    ),
)
