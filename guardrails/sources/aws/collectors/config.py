"""AWS Config: what is recorded, whether it runs, where it goes, and rules."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import block, pick


def _recorder(aws: Scope, item: Answer) -> Iterator[Record]:
    group = item.get("recordingGroup") or {}
    mode = item.get("recordingMode")
    yield aws.record(
        "aws_config_configuration_recorder",
        item["name"],
        {
            "name": item["name"],
            "role_arn": item.get("roleARN"),
            "recording_group": [
                {
                    "all_supported": group.get("allSupported", False),
                    "include_global_resource_types": group.get("includeGlobalResourceTypes", False),
                    "resource_types": sorted(group.get("resourceTypes", [])),
                    "exclusion_by_resource_types": [{"resource_types": sorted(excluded.get("resourceTypes", []))}]
                    if (excluded := group.get("exclusionByResourceTypes")) is not None
                    else [],
                    "recording_strategy": block(pick(group.get("recordingStrategy"), use_only="useOnly")),
                }
            ],
            "recording_mode": [pick(mode, recording_frequency="recordingFrequency")] if mode else [],
        },
    )


def _status(aws: Scope, item: Answer) -> Iterator[Record]:
    values = {
        "name": item["name"],
        "is_enabled": item["recording"],
        "last_status": item.get("lastStatus"),
        "last_error_code": item.get("lastErrorCode"),
    }
    yield aws.record("aws_config_configuration_recorder_status", item["name"], values)


def _channel(aws: Scope, item: Answer) -> Iterator[Record]:
    yield aws.record(
        "aws_config_delivery_channel",
        item["name"],
        {
            "name": item["name"],
            "s3_bucket_name": item.get("s3BucketName"),
            "s3_key_prefix": item.get("s3KeyPrefix", ""),
            "s3_kms_key_arn": item.get("s3KmsKeyArn", ""),
            "sns_topic_arn": item.get("snsTopicARN", ""),
            "snapshot_delivery_properties": block(
                pick(item.get("configSnapshotDeliveryProperties"), delivery_frequency="deliveryFrequency")
            ),
        },
    )


def _rule(aws: Scope, item: Answer) -> Iterator[Record]:
    yield aws.record(
        "aws_config_config_rule",
        item["ConfigRuleName"],
        {
            **pick(item, name="ConfigRuleName", arn="ConfigRuleArn", rule_id="ConfigRuleId", state="ConfigRuleState"),
            "description": item.get("Description", ""),
            "input_parameters": item.get("InputParameters", ""),
            "maximum_execution_frequency": item.get("MaximumExecutionFrequency", ""),
            "source": block(pick(item.get("Source"), owner="Owner", source_identifier="SourceIdentifier")),
        },
    )


SERVICE = Service(
    "config",
    (
        Part(
            ("aws_config_configuration_recorder",),
            Call("config", "DescribeConfigurationRecorders", "ConfigurationRecorders"),
            _recorder,
        ),
        Part(
            ("aws_config_configuration_recorder_status",),
            Call("config", "DescribeConfigurationRecorderStatus", "ConfigurationRecordersStatus"),
            _status,
        ),
        Part(
            ("aws_config_delivery_channel",),
            Call("config", "DescribeDeliveryChannels", "DeliveryChannels"),
            _channel,
        ),
        Part(("aws_config_config_rule",), Call("config", "DescribeConfigRules", "ConfigRules"), _rule),
    ),
)
