"""CloudWatch: alarms, and the metrics that tell whether something is used."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import pick, when

DATA = Call("cloudwatch", "GetMetricData", "MetricDataResults")

WINDOW = 90
"""Days that are looked back. AWS keeps values of an hour for 455 days."""
_BATCH = 500  # AWS's limit for one question


class Metric(Struct, frozen=True):
    """A metric that tells of use, and how to add it up."""

    namespace: str
    name: str
    statistic: str
    dimensions: tuple[str, ...]
    """Only metrics with exactly these dimensions: others count parts or groups of the same."""


METRICS = (
    Metric("AWS/NATGateway", "BytesOutToDestination", "Sum", ("NatGatewayId",)),
    Metric(
        "AWS/PrivateLinkEndpoints",
        "BytesProcessed",
        "Sum",
        (
            "Endpoint Type",
            "Service Name",
            "VPC Endpoint Id",
            "VPC Id",
        ),
    ),
    Metric("AWS/ApplicationELB", "RequestCount", "Sum", ("LoadBalancer",)),
    Metric("AWS/ApplicationELB", "HealthyHostCount", "Maximum", ("LoadBalancer", "TargetGroup")),
    Metric("AWS/NetworkELB", "HealthyHostCount", "Maximum", ("LoadBalancer", "TargetGroup")),
    Metric("AWS/NetworkELB", "ProcessedBytes", "Sum", ("LoadBalancer",)),
    Metric("AWS/GatewayELB", "ProcessedBytes", "Sum", ("LoadBalancer",)),
    Metric("AWS/ELB", "RequestCount", "Sum", ("LoadBalancerName",)),
    Metric("AWS/EBS", "VolumeReadOps", "Sum", ("VolumeId",)),
    Metric("AWS/EBS", "VolumeWriteOps", "Sum", ("VolumeId",)),
    Metric("AWS/EC2", "CPUUtilization", "Maximum", ("InstanceId",)),
    Metric("AWS/EC2", "NetworkIn", "Sum", ("InstanceId",)),
    Metric("AWS/EC2", "NetworkOut", "Sum", ("InstanceId",)),
    Metric("AWS/RDS", "DatabaseConnections", "Maximum", ("DBInstanceIdentifier",)),
    Metric("AWS/ElastiCache", "CurrConnections", "Maximum", ("CacheClusterId",)),
    Metric("AWS/ElastiCache", "CacheHits", "Sum", ("CacheClusterId",)),
    Metric("AWS/Redshift", "DatabaseConnections", "Maximum", ("ClusterIdentifier",)),
    Metric("AWS/ES", "SearchRate", "Maximum", ("ClientId", "DomainName")),
    Metric("AWS/ES", "IndexingRate", "Maximum", ("ClientId", "DomainName")),
    Metric("AWS/EFS", "TotalIOBytes", "Sum", ("FileSystemId",)),
    Metric("AWS/DynamoDB", "ConsumedReadCapacityUnits", "Sum", ("TableName",)),
    Metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "Sum", ("TableName",)),
    Metric("AWS/Lambda", "Invocations", "Sum", ("FunctionName",)),
    Metric("AWS/Lambda", "ProvisionedConcurrencyUtilization", "Maximum", ("FunctionName", "Resource")),
    Metric("AWS/Logs", "IncomingBytes", "Sum", ("LogGroupName",)),
    Metric("AWS/TransitGateway", "BytesOut", "Sum", ("TransitGateway", "TransitGatewayAttachment")),
    Metric("AWS/ClientVPN", "ActiveConnectionsCount", "Maximum", ("Endpoint",)),
    Metric("AWS/VPN", "TunnelState", "Maximum", ("VpnId",)),
    Metric("AWS/ECS", "CPUUtilization", "Maximum", ("ClusterName", "ServiceName")),
)


def _metrics(metric: Metric) -> Part:
    """The part that reads one metric of everything that has it: one list, and one question for 500 of them."""

    def mapped(aws: Scope, page: Answer) -> Iterator[Record]:
        wanted = [
            found for found in page["Metrics"] if sorted(d["Name"] for d in found["Dimensions"]) == [*metric.dimensions]
        ]
        for start in range(0, len(wanted), _BATCH):
            yield from _data(aws, metric, wanted[start : start + _BATCH])

    return Part(
        ("data.aws_cloudwatch_metric",),
        Call("cloudwatch", "ListMetrics", params={"Namespace": metric.namespace, "MetricName": metric.name}),
        mapped,
        (DATA,),
    )


def _data(aws: Scope, metric: Metric, found: Sequence[Answer]) -> Iterator[Record]:
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    queries = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": [dict(d) for d in one["Dimensions"]],
                },
                "Period": 86400,
                "Stat": metric.statistic,
            },
        }
        for number, one in enumerate(found)
    ]
    # A day without data is None: nothing is known of it, not that nothing happened.
    values: dict[str, list[float | None]] = {f"m{number}": [None] * WINDOW for number in range(len(found))}
    for result in aws.every(DATA, MetricDataQueries=queries, StartTime=end - timedelta(days=WINDOW), EndTime=end):
        daily = values[result["Id"]]
        for moment, value in zip(result.get("Timestamps", []), result.get("Values", []), strict=True):
            # AWS may begin its days at midnight: the first and the last are then parts of days.
            day = min(max(math.ceil((end - moment) / timedelta(days=1)) - 1, 0), WINDOW - 1)
            before = daily[day]
            daily[day] = (
                value if before is None else max(before, value) if metric.statistic == "Maximum" else before + value
            )
    for number, one in enumerate(found):
        dimensions: dict[str, Any] = {d["Name"]: d["Value"] for d in one["Dimensions"]}
        daily = values[f"m{number}"]
        subject = "/".join(str(dimensions[name]) for name in metric.dimensions)
        yield aws.record(
            "aws_cloudwatch_metric",
            f"{metric.namespace}/{metric.name}/{subject}",
            {
                "namespace": metric.namespace,
                "metric_name": metric.name,
                "statistic": metric.statistic,
                "dimensions": dimensions,
                "window_days": WINDOW,
                "daily": daily,
            },
            mode="data",
        )


def _alarm(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["AlarmName"]
    yield aws.record(
        "aws_cloudwatch_metric_alarm",
        name,
        {
            **pick(
                item,
                alarm_name="AlarmName",
                arn="AlarmArn",
                comparison_operator="ComparisonOperator",
                evaluation_periods="EvaluationPeriods",
                threshold="Threshold",
                actions_enabled="ActionsEnabled",
                state_value="StateValue",
            ),
            "alarm_description": item.get("AlarmDescription", ""),
            "metric_name": item.get("MetricName", ""),
            "namespace": item.get("Namespace", ""),
            "period": item.get("Period", 0),
            "statistic": item.get("Statistic", ""),
            "extended_statistic": item.get("ExtendedStatistic", ""),
            "unit": item.get("Unit", ""),
            "datapoints_to_alarm": item.get("DatapointsToAlarm", 0),
            "treat_missing_data": item.get("TreatMissingData", "missing"),
            "dimensions": {d["Name"]: d["Value"] for d in item.get("Dimensions", [])},
            "alarm_actions": sorted(item.get("AlarmActions", [])),
            "ok_actions": sorted(item.get("OKActions", [])),
            "insufficient_data_actions": sorted(item.get("InsufficientDataActions", [])),
            "metric_query": [
                {
                    **pick(one, id="Id", label="Label", return_data="ReturnData"),
                    "expression": one.get("Expression", ""),
                    "metric": [
                        {
                            **pick(
                                stat,
                                metric_name="Metric.MetricName",
                                namespace="Metric.Namespace",
                                period="Period",
                                stat="Stat",
                            ),
                            "dimensions": {d["Name"]: d["Value"] for d in stat["Metric"].get("Dimensions", [])},
                        }
                    ]
                    if (stat := one.get("MetricStat"))
                    else [],
                }
                for one in item.get("Metrics", [])
            ],
            "state_updated": when(item.get("StateUpdatedTimestamp")),
            **aws.tags("cloudwatch:alarm", item["AlarmArn"]),
        },
    )


SERVICE = Service(
    "cloudwatch",
    (
        Part(
            ("aws_cloudwatch_metric_alarm",),
            Call("cloudwatch", "DescribeAlarms", "MetricAlarms", params={"AlarmTypes": ["MetricAlarm"]}),
            _alarm,
            (TAGS,),
        ),
        *(_metrics(metric) for metric in METRICS),
    ),
)
