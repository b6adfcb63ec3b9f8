"""SQS: queues and their policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import TAGS, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope

ATTRIBUTES = Call(
    "sqs",
    "GetQueueAttributes",
    params={"AttributeNames": ["All"]},
    absent=("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
)

_NUMBERS = {
    "delay_seconds": "DelaySeconds",
    "max_message_size": "MaximumMessageSize",
    "message_retention_seconds": "MessageRetentionPeriod",
    "receive_wait_time_seconds": "ReceiveMessageWaitTimeSeconds",
    "visibility_timeout_seconds": "VisibilityTimeout",
}
_FLAGS = {
    "content_based_deduplication": "ContentBasedDeduplication",
    "fifo_queue": "FifoQueue",
    "sqs_managed_sse_enabled": "SqsManagedSseEnabled",
}
_TEXTS = {
    "deduplication_scope": "DeduplicationScope",
    "fifo_throughput_limit": "FifoThroughputLimit",
    "kms_master_key_id": "KmsMasterKeyId",
    "policy": "Policy",
    "redrive_allow_policy": "RedriveAllowPolicy",
    "redrive_policy": "RedrivePolicy",
}


def _queue(aws: Scope, url: Any) -> Iterator[Record]:
    name = url.rpartition("/")[2]
    answer = aws.read(ATTRIBUTES, gap=("aws_sqs_queue_policy",), QueueUrl=url)
    arn = aws.arn("sqs", name)
    values: dict[str, Any] = {"id": url, "url": url, "name": name, "arn": arn}
    if isinstance(answer, UnknownValue):
        unknown = dict.fromkeys((*_NUMBERS, *_FLAGS, *_TEXTS, "kms_data_key_reuse_period_seconds"), answer)
        yield aws.record("aws_sqs_queue", name, {**values, **unknown, **aws.tags("sqs", arn)})
        return
    if not answer:
        return  # deleted since it was listed
    found = answer["Attributes"]
    values["arn"] = arn = found.get("QueueArn", arn)
    values |= {name: int(found[key]) if key in found else None for name, key in _NUMBERS.items()}
    values["kms_data_key_reuse_period_seconds"] = int(found.get("KmsDataKeyReusePeriodSeconds", 300))
    values |= {name: found.get(key) == "true" for name, key in _FLAGS.items()}
    values |= {name: found.get(key, "") for name, key in _TEXTS.items()}
    yield aws.record("aws_sqs_queue", name, {**values, **aws.tags("sqs", arn)})
    if found.get("Policy"):
        policy = {"id": url, "queue_url": url, "policy": found["Policy"]}
        yield aws.record("aws_sqs_queue_policy", name, policy, arn=arn)


SERVICE = Service(
    "sqs",
    (
        Part(
            ("aws_sqs_queue", "aws_sqs_queue_policy"),
            # AWS leaves the list out where there is no queue.
            Call("sqs", "ListQueues", "QueueUrls"),
            _queue,
            (ATTRIBUTES, TAGS),
            parallel=True,
        ),
    ),
)
