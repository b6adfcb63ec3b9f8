"""CloudTrail: trails, whether they log, and what they leave out."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import UnknownValue, Value
from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import pick, when

STATUS = Call("cloudtrail", "GetTrailStatus")
SELECTORS = Call("cloudtrail", "GetEventSelectors")
INSIGHTS = Call("cloudtrail", "GetInsightSelectors", absent=("InsightNotEnabledException",))


def _trail(aws: Scope, item: Answer) -> Iterator[Record]:
    name, arn = item["Name"], item["TrailARN"]
    home, read = item.get("HomeRegion", aws.region), aws.memory.get("regions")
    if home != aws.region and (not read or home in read):
        return  # a copy, which a trail of all regions shows in each of them, of one that is read at its home
    status = aws.read(STATUS, Name=arn)
    selectors = aws.read(SELECTORS, TrailName=arn)
    insights = aws.read(INSIGHTS, TrailName=arn) if item.get("HasInsightSelectors") else {}
    yield aws.record(
        "aws_cloudtrail",
        name,
        {
            **pick(
                item,
                name="Name",
                home_region="HomeRegion",
                s3_bucket_name="S3BucketName",
                include_global_service_events="IncludeGlobalServiceEvents",
                is_multi_region_trail="IsMultiRegionTrail",
                is_organization_trail="IsOrganizationTrail",
                enable_log_file_validation="LogFileValidationEnabled",
            ),
            "id": arn,
            "arn": arn,
            "s3_key_prefix": item.get("S3KeyPrefix", ""),
            "sns_topic_name": item.get("SnsTopicName", ""),
            "sns_topic_arn": item.get("SnsTopicARN", ""),
            "kms_key_id": item.get("KmsKeyId", ""),
            "cloud_watch_logs_group_arn": item.get("CloudWatchLogsLogGroupArn", ""),
            "cloud_watch_logs_role_arn": item.get("CloudWatchLogsRoleArn", ""),
            "enable_logging": status if isinstance(status, UnknownValue) else status["IsLogging"],
            "latest_delivery_error": status
            if isinstance(status, UnknownValue)
            else status.get("LatestDeliveryError", ""),
            "latest_delivery_time": status
            if isinstance(status, UnknownValue)
            else when(status.get("LatestDeliveryTime")),
            "event_selector": _selectors(selectors),
            "advanced_event_selector": _advanced(selectors),
            "insight_selector": insights
            if isinstance(insights, UnknownValue)
            else [pick(i, insight_type="InsightType") for i in insights.get("InsightSelectors", [])],
            **aws.tags("cloudtrail:trail", arn, region=home),
        },
        region=home,
    )


def _selectors(answer: Answer | UnknownValue) -> Value:
    if isinstance(answer, UnknownValue):
        return answer
    return [
        {
            "read_write_type": one.get("ReadWriteType"),
            "include_management_events": one.get("IncludeManagementEvents"),
            "exclude_management_event_sources": sorted(one.get("ExcludeManagementEventSources", [])),
            "data_resource": [pick(r, type="Type", values="Values") for r in one.get("DataResources", [])],
        }
        for one in answer.get("EventSelectors", [])
    ]


_FIELD = {
    "equals": "Equals",
    "not_equals": "NotEquals",
    "starts_with": "StartsWith",
    "not_starts_with": "NotStartsWith",
    "ends_with": "EndsWith",
    "not_ends_with": "NotEndsWith",
}


def _advanced(answer: Answer | UnknownValue) -> Value:
    if isinstance(answer, UnknownValue):
        return answer
    return [
        {
            "name": one.get("Name", ""),
            "field_selector": [
                {"field": given["Field"], **{name: given.get(member, []) for name, member in _FIELD.items()}}
                for given in one.get("FieldSelectors", [])
            ],
        }
        for one in answer.get("AdvancedEventSelectors", [])
    ]


SERVICE = Service(
    "cloudtrail",
    (
        Part(
            ("aws_cloudtrail",),
            # Not the operation's list of short answers: this one describes trails of the organisation, too.
            Call("cloudtrail", "DescribeTrails", "trailList"),
            _trail,
            (STATUS, SELECTORS, INSIGHTS, TAGS),
            parallel=True,
        ),
    ),
)
