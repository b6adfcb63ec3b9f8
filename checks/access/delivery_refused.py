from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guardrails import Access, Block, Check, Example, Finding, Kind, Resource, Severity, Unknown, related

QUEUE = """
            resource "aws_sqs_queue" "jobs" {
              name = "jobs"
            }
"""
TRAIL = """
            resource "aws_s3_bucket" "logs" {
              bucket = "example-logs"
            }

            resource "aws_cloudtrail" "main" {
              name                       = "main"
              s3_bucket_name             = aws_s3_bucket.logs.id # finding
              is_multi_region_trail      = true
              enable_log_file_validation = true
              kms_key_id                 = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d"
              cloud_watch_logs_group_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*"
              cloud_watch_logs_role_arn  = "arn:aws:iam::111122223333:role/trail"
            }
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A service that brings something of a source to a target."""

    service: str
    target: Block
    path: str
    """The attribute that names the target."""
    source: Resource | None
    """What conditions on `aws:SourceArn` are about."""


ACTIONS = {
    "aws_sqs_queue": ("sqs:SendMessage",),
    "aws_sns_topic": ("sns:Publish",),
    "aws_lambda_function": ("lambda:InvokeFunction",),
    "aws_s3_bucket": ("s3:GetBucketAcl", "s3:PutObject"),
}
"""What a service calls on a target, by its type."""


class DeliveryRefused(Check[Resource]):
    """A service delivers to a target whose policy does not let it.

    ## Why is this bad?
    AWS services need the target's own permission: a queue, topic or bucket policy, or an `aws_lambda_permission`.
    A bucket notification or a trail without it fails in the apply (`Unable to validate the following destination
    configurations`, `InsufficientS3BucketPolicyException`). A subscription or an event rule is made without a word,
    and everything that it should deliver is lost.
    """

    id = "delivery-refused"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Allow the service in the target's policy, limited to the source with `aws:SourceArn`."
    types = (
        "aws_s3_bucket_notification",
        "aws_sns_topic_subscription",
        "aws_cloudwatch_event_target",
        "aws_cloudtrail",
        "aws_cloudwatch_log_subscription_filter",
    )
    references = (
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html",
        "https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
    )
    examples = (
        Example(
            title="A bucket tells a queue that does not listen",
            bad=f"""
            resource "aws_s3_bucket" "uploads" {{
              bucket = "example-uploads"
            }}
{QUEUE}
            resource "aws_s3_bucket_notification" "uploads" {{
              bucket = aws_s3_bucket.uploads.id

              queue {{
                queue_arn = aws_sqs_queue.jobs.arn # finding
                events    = ["s3:ObjectCreated:*"]
              }}
            }}
            """,
            fixed=f"""
            resource "aws_s3_bucket" "uploads" {{
              bucket = "example-uploads"
            }}
{QUEUE}
            resource "aws_sqs_queue_policy" "jobs" {{
              queue_url = aws_sqs_queue.jobs.url
              policy = jsonencode({{
                Version = "2012-10-17"
                Statement = [{{
                  Effect    = "Allow"
                  Principal = {{ Service = "s3.amazonaws.com" }}
                  Action    = "sqs:SendMessage"
                  Resource  = aws_sqs_queue.jobs.arn
                  Condition = {{ ArnEquals = {{ "aws:SourceArn" = aws_s3_bucket.uploads.arn }} }}
                }}]
              }})
            }}

            resource "aws_s3_bucket_notification" "uploads" {{
              bucket = aws_s3_bucket.uploads.id

              queue {{
                queue_arn = aws_sqs_queue.jobs.arn
                events    = ["s3:ObjectCreated:*"]
              }}
            }}
            """,
        ),
        Example(
            title="A trail whose bucket has no policy",
            bad=TRAIL,
            fixed=TRAIL.replace(" # finding", "")
            + """
            resource "aws_s3_bucket_policy" "logs" {
              bucket = aws_s3_bucket.logs.id
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [
                  {
                    Effect    = "Deny"
                    Principal = "*"
                    Action    = "s3:*"
                    Resource  = [aws_s3_bucket.logs.arn, "${aws_s3_bucket.logs.arn}/*"]
                    Condition = { Bool = { "aws:SecureTransport" = "false" } }
                  },
                  {
                    Effect    = "Allow"
                    Principal = { Service = "cloudtrail.amazonaws.com" }
                    Action    = "s3:GetBucketAcl"
                    Resource  = aws_s3_bucket.logs.arn
                    Condition = { StringEquals = { "aws:SourceArn" = aws_cloudtrail.main.arn } }
                  },
                  {
                    Effect    = "Allow"
                    Principal = { Service = "cloudtrail.amazonaws.com" }
                    Action    = "s3:PutObject"
                    Resource  = "${aws_s3_bucket.logs.arn}/AWSLogs/*"
                    Condition = {
                      StringEquals = {
                        "aws:SourceArn" = aws_cloudtrail.main.arn
                        "s3:x-amz-acl"  = "bucket-owner-full-control"
                      }
                    }
                  },
                ]
              })
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        access = Access.of(subject.model)
        doubt: Unknown | None = None
        for delivery in deliveries(subject):
            try:
                target = subject.model.resolve(delivery.target.raw(delivery.path), *ACTIONS)
                refused = target and [each for each in ACTIONS[target.type] if refuses(access, delivery, target, each)]
            except Unknown as unknown:
                doubt = doubt or unknown
                continue
            if target and refused:
                yield self.finding(
                    delivery.target,
                    f"{delivery.service} may not call {' and '.join(refused)} on {target.address}",
                    path=delivery.path,
                    related=related((target.place(), "the target")),
                )
        if doubt:
            raise doubt


def deliveries(subject: Resource) -> Iterator[Delivery]:
    """What a resource has delivered, and by which service."""
    model = subject.model
    match subject.type:
        case "aws_s3_bucket_notification":
            bucket = model.resolve(subject.raw("bucket"), "aws_s3_bucket")
            for name, path in (
                ("queue", "queue_arn"),
                ("topic", "topic_arn"),
                ("lambda_function", "lambda_function_arn"),
            ):
                for block in subject.blocks(name):
                    yield Delivery("s3.amazonaws.com", block, path, bucket)
        case "aws_sns_topic_subscription" if subject.text("protocol") in {"sqs", "lambda"}:
            topic = model.resolve(subject.raw("topic_arn"), "aws_sns_topic")
            yield Delivery("sns.amazonaws.com", subject, "endpoint", topic)
        case "aws_cloudwatch_event_target" if not subject.is_set("role_arn"):
            rule = model.resolve(subject.raw("rule"), "aws_cloudwatch_event_rule")
            yield Delivery("events.amazonaws.com", subject, "arn", rule)
        case "aws_cloudwatch_log_subscription_filter":
            yield Delivery("logs.amazonaws.com", subject, "destination_arn", None)
        case "aws_cloudtrail":
            yield Delivery("cloudtrail.amazonaws.com", subject, "s3_bucket_name", subject)


def refuses(access: Access, delivery: Delivery, target: Resource, action: str) -> bool:
    """Whether the target surely does not let the service in. Raises `Unknown` where that is open."""
    context = {"s3:x-amz-acl": "bucket-owner-full-control"}
    arn = access.arn(delivery.source) if delivery.source else ""
    outcomes = []
    for resource in _resources(access, delivery, target, action):
        known = {"aws:SourceArn": arn, "aws:SourceAccount": min(access.accounts())}
        answer = access.can(delivery.service, action, resource, {**context, **known} if arn else context)
        if answer.outcome == "denied" and arn:
            # The account and region in the ARN may be known to the policy alone: any source is asked for, too.
            answer = access.can(delivery.service, action, resource, context)
        outcomes.append(answer)
    if all(answer.outcome == "denied" for answer in outcomes):
        return True
    if all(answer.outcome != "allowed" for answer in outcomes):
        reasons = [reason for answer in outcomes if answer.outcome == "undecided" for reason in answer.missing]
        why = ", ".join(dict.fromkeys(reasons))
        raise Unknown(f"whether {target.address} lets {delivery.service} in: {why}", target.place())
    return False


def _resources(access: Access, delivery: Delivery, target: Resource, action: str) -> Iterator[Resource | str]:
    """What the service asks for: the target, or the file that a trail writes, in any account that may be its own."""
    if action != "s3:PutObject":
        yield target
        return
    trail = delivery.target.resource
    folder = access.text(trail, "s3_key_prefix")
    accounts = set(access.accounts())
    for view in access.resource_policies():  # an account that is not known may be one that a policy names
        accounts.update(re.findall(r"\b\d{12}\b", str(view.block.raw(*view.path))))
    for account in sorted(accounts):
        yield f"{target.address}/{f'{folder}/' if folder else ''}AWSLogs/{account}/CloudTrail/x"
