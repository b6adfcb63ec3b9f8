"""DynamoDB: tables with their protection, backups and policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue, Value
from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import CallFailedError, Scope
from guardrails.sources.aws.shape import at, ids, pick, when

TABLE = Call("dynamodb", "DescribeTable")
BACKUPS = Call("dynamodb", "DescribeContinuousBackups")
TTL = Call("dynamodb", "DescribeTimeToLive")
DEFAULT_KEY = Call("kms", "DescribeKey", params={"KeyId": "alias/aws/dynamodb"}, absent=("NotFoundException",))
POLICY = Call("dynamodb", "GetResourcePolicy", absent=("PolicyNotFoundException", "ResourceNotFoundException"))


def _table(aws: Scope, name: Any) -> Iterator[Record]:
    answer = next(iter(aws.every(TABLE, TableName=name)), None)
    if answer is None:
        raise CallFailedError(f"unexpected answer: {TABLE.name}: no {name}")
    item = answer["Table"]
    arn = item["TableArn"]
    backups = aws.read(BACKUPS, TableName=name)
    ttl = aws.read(TTL, TableName=name)
    keys = {key["KeyType"]: key["AttributeName"] for key in item.get("KeySchema", [])}
    sse = item.get("SSEDescription")
    recovery = at(
        backups, "ContinuousBackupsDescription", "PointInTimeRecoveryDescription", "PointInTimeRecoveryStatus"
    )
    on_demand = at(item, "BillingModeSummary", "BillingMode", default="PROVISIONED")
    yield aws.record(
        "aws_dynamodb_table",
        name,
        {
            "name": name,
            "arn": arn,
            "billing_mode": on_demand,
            "hash_key": keys.get("HASH"),
            "range_key": keys.get("RANGE", ""),
            "attribute": [pick(one, name="AttributeName", type="AttributeType") for one in _sorted(item)],
            "deletion_protection_enabled": item.get("DeletionProtectionEnabled", False),
            "read_capacity": at(item, "ProvisionedThroughput", "ReadCapacityUnits", default=0),
            "write_capacity": at(item, "ProvisionedThroughput", "WriteCapacityUnits", default=0),
            "table_class": at(item, "TableClassSummary", "TableClass", default="STANDARD"),
            "stream_enabled": at(item, "StreamSpecification", "StreamEnabled", default=False),
            "stream_view_type": at(item, "StreamSpecification", "StreamViewType", default=""),
            "stream_arn": item.get("LatestStreamArn", ""),
            "server_side_encryption": [{"enabled": sse.get("Status") == "ENABLED", "kms_key_arn": _own_key(aws, sse)}]
            if sse
            else [],
            "point_in_time_recovery": backups
            if isinstance(backups, UnknownValue)
            else [{"enabled": recovery == "ENABLED"}],
            "ttl": ttl
            if isinstance(ttl, UnknownValue)
            else [
                {
                    "enabled": at(ttl, "TimeToLiveDescription", "TimeToLiveStatus") in ("ENABLED", "ENABLING"),
                    "attribute_name": at(ttl, "TimeToLiveDescription", "AttributeName", default=""),
                }
            ],
            "replica": [{"region_name": region} for region in ids(item.get("Replicas"), "RegionName")],
            "item_count": item.get("ItemCount"),
            "table_size_bytes": item.get("TableSizeBytes"),
            "creation_date_time": when(item.get("CreationDateTime")),
            **aws.tags("dynamodb:table", arn),
        },
    )
    policy = aws.read(POLICY, gap=("aws_dynamodb_resource_policy",), ResourceArn=arn)
    if policy and not isinstance(policy, UnknownValue) and policy.get("Policy"):
        values = {"id": arn, "resource_arn": arn, "policy": policy["Policy"]}
        yield aws.record("aws_dynamodb_resource_policy", name, values, arn=arn)


def _own_key(aws: Scope, sse: Answer) -> Value:
    """The customer's key; empty, as with the provider, for AWS's own, which an answer names like any other."""
    arn: str = sse.get("KMSMasterKeyArn", "")
    if not arn:
        return ""
    default = at(aws.once(DEFAULT_KEY), "KeyMetadata", "Arn")
    return default if isinstance(default, UnknownValue) else "" if arn == default else arn


def _sorted(item: Answer) -> list[Answer]:
    return sorted(item.get("AttributeDefinitions", []), key=lambda one: str(one["AttributeName"]))


SERVICE = Service(
    "dynamodb",
    (
        Part(
            ("aws_dynamodb_table", "aws_dynamodb_resource_policy"),
            Call("dynamodb", "ListTables", "TableNames"),
            _table,
            (TABLE, BACKUPS, TTL, DEFAULT_KEY, POLICY, TAGS),
            parallel=True,
        ),
    ),
)
