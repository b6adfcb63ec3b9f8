"""Secrets Manager: secrets with their policies and rotation, never their values."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, block, tags_of, when

POLICY = Call("secretsmanager", "GetResourcePolicy", absent=("ResourceNotFoundException",))


def _secret(aws: Scope, item: Answer) -> Iterator[Record]:
    arn, name = item["ARN"], item["Name"]
    policy = aws.read(POLICY, gap=("aws_secretsmanager_secret_policy",), SecretId=arn)
    text = policy if isinstance(policy, UnknownValue) else policy.get("ResourcePolicy", "")
    yield aws.record(
        "aws_secretsmanager_secret",
        name,
        {
            "id": arn,
            "arn": arn,
            "name": name,
            "description": item.get("Description", ""),
            "kms_key_id": item.get("KmsKeyId", ""),
            "policy": text,
            "owning_service": item.get("OwningService", ""),
            "created_date": when(item.get("CreatedDate")),
            "last_accessed_date": when(item.get("LastAccessedDate")) or "",
            "last_changed_date": when(item.get("LastChangedDate")),
            "deleted_date": when(item.get("DeletedDate")),
            **tags_of(item.get("Tags")),
        },
    )
    if text and not isinstance(text, UnknownValue):
        values = {"id": arn, "secret_arn": arn, "policy": text}
        yield aws.record("aws_secretsmanager_secret_policy", name, values, arn=arn)
    if item.get("RotationEnabled"):
        rules = item.get("RotationRules") or {}
        yield aws.record(
            "aws_secretsmanager_secret_rotation",
            name,
            {
                "id": arn,
                "secret_id": arn,
                "rotation_enabled": True,
                "rotation_lambda_arn": item.get("RotationLambdaARN", ""),
                "rotation_rules": block(
                    {
                        "automatically_after_days": at(rules, "AutomaticallyAfterDays"),
                        "duration": at(rules, "Duration"),
                        "schedule_expression": at(rules, "ScheduleExpression"),
                    }
                ),
                "last_rotated_date": when(item.get("LastRotatedDate")),
            },
            arn=arn,
        )


SERVICE = Service(
    "secretsmanager",
    (
        Part(
            (
                "aws_secretsmanager_secret",
                "aws_secretsmanager_secret_policy",
                "aws_secretsmanager_secret_rotation",
            ),
            # Deleted ones in their recovery window, too: they block the name.
            Call("secretsmanager", "ListSecrets", "SecretList", params={"IncludePlannedDeletion": True}),
            _secret,
            (POLICY,),
            parallel=True,
        ),
    ),
)
