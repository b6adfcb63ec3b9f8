"""What a delivery needs, in the spellings that the examples do not show."""

from pathlib import Path

import pytest

from guardrails import engine
from guardrails.catalog import load
from guardrails.sources import read

CHECK = load(installed=False).checks["delivery-refused"]

TRAIL = """
data "aws_caller_identity" "me" {}
resource "aws_s3_bucket" "logs" {
  bucket = "example-logs"
}
resource "aws_cloudtrail" "main" {
  name           = "main"
  s3_bucket_name = aws_s3_bucket.logs.id
  s3_key_prefix  = "p"
}
resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "s3:GetBucketAcl",
      Resource = aws_s3_bucket.logs.arn },
    { Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "s3:PutObject",
      Resource = "RESOURCE", Condition = { StringEquals = { "s3:x-amz-acl" = "bucket-owner-full-control" CONDITION } } }
  ] })
}
"""
OPEN = "? whether aws_s3_bucket.logs lets cloudtrail.amazonaws.com in: "
REFUSED = "cloudtrail.amazonaws.com may not call s3:PutObject on aws_s3_bucket.logs"
TARGETS = """
resource "aws_sns_topic" "t" {
  name = "t"
}
resource "aws_sqs_queue" "q" {
  name = "q"
}
resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = "arn:aws:iam::123456789012:role/x"
}
resource "aws_cloudwatch_event_rule" "r" {
  name                = "r"
  schedule_expression = "rate(1 day)"
}
"""


def said(folder: Path, text: str) -> list[str]:
    """What the check finds in a design, and what it cannot decide after a question mark."""
    (folder / "main.tf").write_text(text)
    report = engine.run(read([folder]), [CHECK])
    return [each.message for each in report.findings] + [f"? {each.reason}" for each in report.undecided]


@pytest.mark.parametrize(
    ("resource", "condition", "expected"),
    [
        ("${aws_s3_bucket.logs.arn}/*", "", []),
        ("arn:aws:s3:::example-logs/p/AWSLogs/123456789012/*", "", []),
        ("${aws_s3_bucket.logs.arn}/p/AWSLogs/${data.aws_caller_identity.me.account_id}/*", "", []),
        ("${aws_s3_bucket.logs.arn}/*", ', "aws:SourceAccount" = data.aws_caller_identity.me.account_id', []),
        ("${aws_s3_bucket.logs.arn}/AWSLogs/*", "", [REFUSED]),
        ("arn:aws:s3:::other-logs/*", "", [REFUSED]),
        (
            "${aws_s3_bucket.logs.arn}/*",
            ', "aws:SourceArn" = "arn:aws:cloudtrail:us-east-1:123456789012:trail/main"',
            [OPEN],
        ),
    ],
)
def test_a_trail_writes_below_its_prefix(tmp_path: Path, resource: str, condition: str, expected: list[str]) -> None:
    """Whoever's account it is; a condition on an ARN of which parts are not known stays open."""
    found = said(tmp_path, TRAIL.replace("RESOURCE", resource).replace("CONDITION", condition))

    assert [each[: len(OPEN)] if each.startswith("?") else each for each in found] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                'resource "aws_sns_topic_subscription" "s" {\n  topic_arn = aws_sns_topic.t.arn\n  protocol = "sqs"\n'
                "  endpoint = aws_sqs_queue.q.arn\n}\n"
            ),
            ["sns.amazonaws.com may not call sqs:SendMessage on aws_sqs_queue.q"],
        ),
        (
            (
                'resource "aws_sns_topic_subscription" "s" {\n  topic_arn = aws_sns_topic.t.arn\n  protocol = "email"\n'
                '  endpoint = "a@example.com"\n}\n'
            ),
            [],
        ),
        (
            (
                'resource "aws_sns_topic_subscription" "s" {\n  topic_arn = aws_sns_topic.t.arn\n  protocol = "sqs"\n'
                '  endpoint = "arn:aws:sqs:eu-west-1:999988887777:far"\n}\n'
            ),
            [],
        ),
        (
            (
                'resource "aws_cloudwatch_event_target" "e" {\n  rule = aws_cloudwatch_event_rule.r.name\n'
                "  arn = aws_lambda_function.f.arn\n}\n"
            ),
            ["events.amazonaws.com may not call lambda:InvokeFunction on aws_lambda_function.f"],
        ),
        (
            (
                'resource "aws_cloudwatch_event_target" "e" {\n  rule = aws_cloudwatch_event_rule.r.name\n'
                "  arn = aws_lambda_function.f.arn\n}\n"
                'resource "aws_lambda_permission" "p" {\n  action = "lambda:InvokeFunction"\n'
                "  function_name = aws_lambda_function.f.function_name\n"
                '  principal = "events.amazonaws.com"\n  source_arn = aws_cloudwatch_event_rule.r.arn\n}\n'
            ),
            [],
        ),
        (
            (
                'resource "aws_cloudwatch_event_target" "e" {\n  rule = aws_cloudwatch_event_rule.r.name\n'
                '  arn = aws_sqs_queue.q.arn\n  role_arn = "arn:aws:iam::123456789012:role/x"\n}\n'
            ),
            [],
        ),
    ],
)
def test_what_delivers_to_a_target_in_view(tmp_path: Path, text: str, expected: list[str]) -> None:
    """A target elsewhere, an address and a role that delivers are no matter of the target's policy here."""
    assert said(tmp_path, TARGETS + text) == expected
