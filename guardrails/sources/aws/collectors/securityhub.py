"""Security Hub: whether it is on, and its standards."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import pick

# A region where it is off answers that the account is not subscribed.
_OFF = ("InvalidAccessException", "ResourceNotFoundException")


def _hub(aws: Scope, answer: Answer) -> Iterator[Record]:
    yield aws.record(
        "aws_securityhub_account",
        aws.account,
        {
            **pick(answer, arn="HubArn", auto_enable_controls="AutoEnableControls"),
            "control_finding_generator": answer.get("ControlFindingGenerator", ""),
            "subscribed_at": answer.get("SubscribedAt"),
        },
    )


def _standard(aws: Scope, item: Answer) -> Iterator[Record]:
    arn = item["StandardsSubscriptionArn"]
    values = {"id": arn, **pick(item, standards_arn="StandardsArn", standards_status="StandardsStatus")}
    yield aws.record("aws_securityhub_standards_subscription", arn.partition("subscription/")[2], values, arn=arn)


SERVICE = Service(
    "securityhub",
    (
        Part(("aws_securityhub_account",), Call("securityhub", "DescribeHub", absent=_OFF), _hub),
        Part(
            ("aws_securityhub_standards_subscription",),
            Call("securityhub", "GetEnabledStandards", "StandardsSubscriptions", absent=_OFF),
            _standard,
        ),
    ),
)
