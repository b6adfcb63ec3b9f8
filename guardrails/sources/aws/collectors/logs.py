"""CloudWatch Logs: groups, metric filters and resource policies."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import pick, when


def _group(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["logGroupName"]
    arn = item["arn"].removesuffix(":*")
    yield aws.record(
        "aws_cloudwatch_log_group",
        name,
        {
            "name": name,
            "arn": arn,
            # Terraform's number for "for ever".
            "retention_in_days": item.get("retentionInDays", 0),
            "kms_key_id": item.get("kmsKeyId", ""),
            "log_group_class": item.get("logGroupClass"),
            "stored_bytes": item.get("storedBytes"),
            "creation_time": when(item.get("creationTime")),
            **aws.tags("logs:log-group", arn),
        },
    )


def _filter(aws: Scope, item: Answer) -> Iterator[Record]:
    group, name = item["logGroupName"], item["filterName"]
    yield aws.record(
        "aws_cloudwatch_log_metric_filter",
        f"{group}:{name}",
        {
            "id": name,
            "name": name,
            "log_group_name": group,
            "pattern": item.get("filterPattern", ""),
            "metric_transformation": [
                {
                    **pick(one, name="metricName", namespace="metricNamespace", value="metricValue"),
                    "unit": one.get("unit", "None"),
                    "default_value": "" if one.get("defaultValue") is None else str(one["defaultValue"]),
                }
                for one in item.get("metricTransformations", [])
            ],
        },
        arn=aws.arn("logs", f"log-group:{group}"),
    )


def _policy(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["policyName"]
    values = {"policy_name": name, "policy_document": item.get("policyDocument")}
    yield aws.record("aws_cloudwatch_log_resource_policy", name, values)


SERVICE = Service(
    "logs",
    (
        Part(("aws_cloudwatch_log_group",), Call("logs", "DescribeLogGroups", "logGroups"), _group, (TAGS,)),
        Part(("aws_cloudwatch_log_metric_filter",), Call("logs", "DescribeMetricFilters", "metricFilters"), _filter),
        Part(
            ("aws_cloudwatch_log_resource_policy",),
            Call("logs", "DescribeResourcePolicies", "resourcePolicies"),
            _policy,
        ),
    ),
)
