"""Auto Scaling: groups, their schedules and policies, and those of other services' targets."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import Value
from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, block, ids, pick, redacted, when

_NAMESPACES = (
    "ecs",
    "elasticmapreduce",
    "ec2",
    "appstream",
    "dynamodb",
    "rds",
    "sagemaker",
    "comprehend",
    "lambda",
    "cassandra",
    "kafka",
    "elasticache",
    "neptune",
)


def _group(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["AutoScalingGroupName"]
    zones, policies = item.get("VPCZoneIdentifier", ""), item.get("TerminationPolicies", [])
    yield aws.record(
        "aws_autoscaling_group",
        name,
        {
            **pick(
                item,
                name="AutoScalingGroupName",
                arn="AutoScalingGroupARN",
                min_size="MinSize",
                max_size="MaxSize",
                desired_capacity="DesiredCapacity",
                default_cooldown="DefaultCooldown",
                health_check_type="HealthCheckType",
                health_check_grace_period="HealthCheckGracePeriod",
                protect_from_scale_in="NewInstancesProtectedFromScaleIn",
                service_linked_role_arn="ServiceLinkedRoleARN",
            ),
            # The provider shows the default as nothing.
            "termination_policies": [] if policies == ["Default"] else policies,
            "capacity_rebalance": item.get("CapacityRebalance", False),
            "max_instance_lifetime": item.get("MaxInstanceLifetime", 0),
            "launch_configuration": item.get("LaunchConfigurationName", ""),
            "placement_group": item.get("PlacementGroup", ""),
            "availability_zones": sorted(item.get("AvailabilityZones", [])),
            "vpc_zone_identifier": sorted(zones.split(",")) if zones else [],
            "load_balancers": sorted(item.get("LoadBalancerNames", [])),
            "target_group_arns": sorted(item.get("TargetGroupARNs", [])),
            "suspended_processes": ids(item.get("SuspendedProcesses"), "ProcessName"),
            "enabled_metrics": ids(item.get("EnabledMetrics"), "Metric"),
            "launch_template": _template(item.get("LaunchTemplate")),
            "mixed_instances_policy": _mixed(item.get("MixedInstancesPolicy")),
            "warm_pool": [pick(pool, min_size="MinSize", pool_state="PoolState")]
            if (pool := item.get("WarmPoolConfiguration"))
            else [],
            "tag": [
                {"key": tag["Key"], "value": tag.get("Value", ""), "propagate_at_launch": tag.get("PropagateAtLaunch")}
                for tag in item.get("Tags", [])
                if not tag["Key"].startswith("aws:")
            ],
            # The provider's type has no `tags`: these keep AWS's own, which tell who manages the group.
            "tags_all": {tag["Key"]: tag.get("Value", "") for tag in item.get("Tags", [])},
            "instances": ids(item.get("Instances"), "InstanceId"),
            "created_time": when(item.get("CreatedTime")),
        },
    )


def _template(item: Answer | None) -> list[Value]:
    return block(pick(item, id="LaunchTemplateId", name="LaunchTemplateName", version="Version")) if item else []


def _mixed(item: Answer | None) -> list[Value]:
    if not item:
        return []
    template = item.get("LaunchTemplate") or {}
    return [
        {
            "launch_template": [
                {
                    "launch_template_specification": block(
                        pick(
                            template.get("LaunchTemplateSpecification"),
                            launch_template_id="LaunchTemplateId",
                            launch_template_name="LaunchTemplateName",
                            version="Version",
                        )
                    ),
                    "override": [
                        pick(one, instance_type="InstanceType", weighted_capacity="WeightedCapacity")
                        for one in template.get("Overrides", [])
                    ],
                }
            ],
            "instances_distribution": block(
                pick(
                    item.get("InstancesDistribution"),
                    on_demand_allocation_strategy="OnDemandAllocationStrategy",
                    on_demand_base_capacity="OnDemandBaseCapacity",
                    on_demand_percentage_above_base_capacity="OnDemandPercentageAboveBaseCapacity",
                    spot_allocation_strategy="SpotAllocationStrategy",
                    spot_max_price="SpotMaxPrice",
                )
            ),
        }
    ]


def _schedule(aws: Scope, item: Answer) -> Iterator[Record]:
    group, name = item["AutoScalingGroupName"], item["ScheduledActionName"]
    yield aws.record(
        "aws_autoscaling_schedule",
        f"{group}/{name}",
        {
            "id": name,
            "arn": item.get("ScheduledActionARN"),
            "autoscaling_group_name": group,
            "scheduled_action_name": name,
            # Terraform's word for a size that the schedule leaves alone.
            "min_size": item.get("MinSize", -1),
            "max_size": item.get("MaxSize", -1),
            "desired_capacity": item.get("DesiredCapacity", -1),
            "recurrence": item.get("Recurrence", ""),
            "start_time": when(item.get("StartTime")),
            "end_time": when(item.get("EndTime")),
            "time_zone": item.get("TimeZone", ""),
        },
    )


def _policy(aws: Scope, item: Answer) -> Iterator[Record]:
    group, name = item["AutoScalingGroupName"], item["PolicyName"]
    target = item.get("TargetTrackingConfiguration")
    yield aws.record(
        "aws_autoscaling_policy",
        f"{group}/{name}",
        {
            "id": name,
            **pick(
                item,
                arn="PolicyARN",
                name="PolicyName",
                autoscaling_group_name="AutoScalingGroupName",
                policy_type="PolicyType",
                adjustment_type="AdjustmentType",
                enabled="Enabled",
                cooldown="Cooldown",
                scaling_adjustment="ScalingAdjustment",
            ),
            "target_tracking_configuration": [
                {
                    "target_value": target.get("TargetValue"),
                    "disable_scale_in": target.get("DisableScaleIn"),
                    "predefined_metric_specification": block(
                        pick(
                            target.get("PredefinedMetricSpecification"),
                            predefined_metric_type="PredefinedMetricType",
                            resource_label="ResourceLabel",
                        )
                    ),
                }
            ]
            if target
            else [],
        },
    )


def _launch_configuration(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["LaunchConfigurationName"]
    profile = item.get("IamInstanceProfile", "")
    yield aws.record(
        "aws_launch_configuration",
        name,
        {
            **pick(
                item,
                arn="LaunchConfigurationARN",
                name="LaunchConfigurationName",
                image_id="ImageId",
                instance_type="InstanceType",
                ebs_optimized="EbsOptimized",
                enable_monitoring="InstanceMonitoring.Enabled",
                associate_public_ip_address="AssociatePublicIpAddress",
            ),
            "key_name": item.get("KeyName", ""),
            "spot_price": item.get("SpotPrice", ""),
            "iam_instance_profile": profile,
            "security_groups": sorted(item.get("SecurityGroups", [])),
            "metadata_options": block(
                pick(
                    item.get("MetadataOptions"),
                    http_endpoint="HttpEndpoint",
                    http_tokens="HttpTokens",
                    http_put_response_hop_limit="HttpPutResponseHopLimit",
                )
            ),
            "user_data": redacted() if item.get("UserData") else "",
            "user_data_base64": redacted() if item.get("UserData") else "",
            "ebs_block_device": [
                {
                    "device_name": one["DeviceName"],
                    **pick(
                        one["Ebs"],
                        delete_on_termination="DeleteOnTermination",
                        encrypted="Encrypted",
                        iops="Iops",
                        snapshot_id="SnapshotId",
                        throughput="Throughput",
                        volume_size="VolumeSize",
                        volume_type="VolumeType",
                    ),
                }
                for one in item.get("BlockDeviceMappings", [])
                if one.get("Ebs")
            ],
            "created_time": when(item.get("CreatedTime")),
        },
    )


def _target(aws: Scope, item: Answer) -> Iterator[Record]:
    key = f"{item['ServiceNamespace']}/{item['ResourceId']}/{item['ScalableDimension']}"
    yield aws.record(
        "aws_appautoscaling_target",
        key,
        {
            "id": item["ResourceId"],
            **pick(
                item,
                arn="ScalableTargetARN",
                resource_id="ResourceId",
                scalable_dimension="ScalableDimension",
                service_namespace="ServiceNamespace",
                min_capacity="MinCapacity",
                max_capacity="MaxCapacity",
                role_arn="RoleARN",
            ),
        },
    )


def _scheduled_action(aws: Scope, item: Answer) -> Iterator[Record]:
    action = item.get("ScalableTargetAction") or {}
    yield aws.record(
        "aws_appautoscaling_scheduled_action",
        f"{item['ServiceNamespace']}/{item['ResourceId']}/{item['ScheduledActionName']}",
        {
            **pick(
                item,
                arn="ScheduledActionARN",
                name="ScheduledActionName",
                resource_id="ResourceId",
                scalable_dimension="ScalableDimension",
                service_namespace="ServiceNamespace",
                schedule="Schedule",
            ),
            "timezone": item.get("Timezone", "UTC"),
            "start_time": when(item.get("StartTime")),
            "end_time": when(item.get("EndTime")),
            "scalable_target_action": [
                # Text, as the provider keeps them: empty where the action leaves a limit alone.
                {name: str(at(action, member, default="")) for name, member in _LIMITS.items()}
            ],
        },
    )


_LIMITS = {"min_capacity": "MinCapacity", "max_capacity": "MaxCapacity"}


SERVICE = Service(
    "autoscaling",
    (
        Part(
            ("aws_autoscaling_group",),
            Call("autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups"),
            _group,
        ),
        Part(
            ("aws_autoscaling_schedule",),
            Call("autoscaling", "DescribeScheduledActions", "ScheduledUpdateGroupActions"),
            _schedule,
        ),
        Part(("aws_autoscaling_policy",), Call("autoscaling", "DescribePolicies", "ScalingPolicies"), _policy),
        Part(
            ("aws_launch_configuration",),
            Call("autoscaling", "DescribeLaunchConfigurations", "LaunchConfigurations"),
            _launch_configuration,
        ),
        *(
            Part(
                ("aws_appautoscaling_target",),
                Call(
                    "application-autoscaling",
                    "DescribeScalableTargets",
                    "ScalableTargets",
                    params={"ServiceNamespace": namespace},
                ),
                _target,
            )
            for namespace in _NAMESPACES
        ),
        *(
            Part(
                ("aws_appautoscaling_scheduled_action",),
                Call(
                    "application-autoscaling",
                    "DescribeScheduledActions",
                    "ScheduledActions",
                    params={"ServiceNamespace": namespace},
                ),
                _scheduled_action,
            )
            for namespace in _NAMESPACES
        ),
    ),
)
