"""The data file of what workloads must reach."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit

import pytest

from guardrails.network.services import INTERNET, services


def test_every_kind_has_a_source() -> None:
    """What is demanded of a kind of workload is dated, and proved by a page of AWS."""
    assert services().date >= date(2026, 11, 27)
    assert {urlsplit(each.source).hostname for each in services().workloads.values()} == {"docs.aws.amazon.com"}


def test_services_are_named_as_their_endpoints() -> None:
    """Services have the names of VPC endpoint services, so that endpoints are found for them."""
    data = services()
    named = {name for each in data.workloads.values() for names in each.needs.values() for name in names}
    named |= {*data.resources.values(), *data.actions.values(), *data.policies.values()}
    assert named - {INTERNET} == {
        "athena", "bedrock-runtime", "dynamodb", "ec2", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry",
        "events", "git-codecommit", "kinesis-firehose", "kinesis-streams", "kms", "logs", "monitoring", "s3",
        "sagemaker.api", "sagemaker.runtime", "secretsmanager", "sns", "sqs", "ssm", "ssmmessages", "states", "sts",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("action", "called"),
    [
        ("s3:GetObject", {"s3"}),
        ("S3:getobject", {"s3"}),
        ("s3:*", {"s3"}),
        ("dynamodb:Batch*", {"dynamodb"}),
        ("dynamodb:GetRecords", set()),
        ("s3:GetObjectTagging", set()),
        ("*", set()),
        ("logs:PutLogEvents", set()),
        ("s?:GetObject", set()),
    ],
)
def test_what_an_action_calls(action: str, called: set[str]) -> None:
    """An action that a role allows names a service only if code calls it, not Lambda for it."""
    assert set(services().called_by(action)) == called
