"""SNS: topics, their policies and subscriptions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from guardrails.model import Symbolic, UnknownValue, Value
from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import redacted

ATTRIBUTES = Call("sns", "GetTopicAttributes", absent=("NotFound", "NotFoundException"))

_TEXTS = {
    "display_name": "DisplayName",
    "kms_master_key_id": "KmsMasterKeyId",
    "delivery_policy": "DeliveryPolicy",
    "policy": "Policy",
    "tracing_config": "TracingConfig",
}


def _topic(aws: Scope, item: Answer) -> Iterator[Record]:
    arn = item["TopicArn"]
    name = arn.rpartition(":")[2]
    answer = aws.read(ATTRIBUTES, gap=("aws_sns_topic_policy",), TopicArn=arn)
    values: dict[str, Any] = {"id": arn, "arn": arn, "name": name, **aws.tags("sns:topic", arn)}
    if isinstance(answer, UnknownValue):
        yield aws.record("aws_sns_topic", name, {**values, **dict.fromkeys(_TEXTS, answer), "owner": answer})
        return
    if not answer:
        return  # deleted since it was listed
    found = answer["Attributes"]
    yield aws.record(
        "aws_sns_topic",
        name,
        {
            **values,
            **{attribute: found.get(key, "") for attribute, key in _TEXTS.items()},
            "owner": found.get("Owner"),
            "fifo_topic": found.get("FifoTopic") == "true",
            "content_based_deduplication": found.get("ContentBasedDeduplication") == "true",
            "subscriptions_confirmed": int(found.get("SubscriptionsConfirmed", 0)),
        },
    )
    if found.get("Policy"):
        policy = {"id": arn, "arn": arn, "owner": found.get("Owner"), "policy": found["Policy"]}
        yield aws.record("aws_sns_topic_policy", name, policy)


def _endpoint(text: str) -> Value:
    """Of a web hook its host alone: its path, query and user are what lets one in."""
    scheme, sign, rest = text.partition("://")
    if not sign:
        return text
    host = rest.partition("/")[0].rpartition("@")[2]
    return Symbolic(f"{scheme}://{host}/", redacted())


def _subscription(aws: Scope, item: Answer) -> Iterator[Record]:
    arn = item["SubscriptionArn"]
    pending = not arn.startswith("arn:")  # `PendingConfirmation` or `Deleted` stands for it
    if arn == "Deleted":
        return
    if pending:  # it has no name yet
        digest = hashlib.sha256(item["Endpoint"].encode()).hexdigest()[:16]
        name = f"{item['TopicArn'].rpartition(':')[2]}:{item['Protocol']}:{digest}"
    else:
        name = arn.partition(":sns:")[2].partition(":")[2]
    yield aws.record(
        "aws_sns_topic_subscription",
        name,
        {
            "id": arn,
            "arn": None if pending else arn,
            "topic_arn": item["TopicArn"],
            "protocol": item["Protocol"],
            "endpoint": _endpoint(item["Endpoint"]),
            "owner_id": item.get("Owner"),
            "pending_confirmation": pending,
        },
    )


SERVICE = Service(
    "sns",
    (
        Part(
            ("aws_sns_topic", "aws_sns_topic_policy"),
            Call("sns", "ListTopics", "Topics"),
            _topic,
            (ATTRIBUTES, TAGS),
            parallel=True,
        ),
        Part(("aws_sns_topic_subscription",), Call("sns", "ListSubscriptions", "Subscriptions"), _subscription),
    ),
)
