"""KMS: the customer's keys with their policies, and aliases."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import CallFailedError, Scope
from guardrails.sources.aws.shape import at, pick, when

DESCRIBE = Call("kms", "DescribeKey")
POLICY = Call("kms", "GetKeyPolicy")
ROTATION = Call("kms", "GetKeyRotationStatus")
GRANTS = Call("kms", "ListGrants", "Grants")


def _key(aws: Scope, item: Answer) -> Iterator[Record]:
    answer = next(iter(aws.every(DESCRIBE, KeyId=item["KeyId"])), None)
    if answer is None:
        raise CallFailedError(f"unexpected answer: {DESCRIBE.name}")
    key = answer["KeyMetadata"]
    if key.get("KeyManager") == "AWS":
        return
    name, arn = key["KeyId"], key["Arn"]
    pending = key.get("KeyState", "").startswith("Pending")
    # Asymmetric keys, imported material and keys to be deleted do not rotate: AWS refuses the question.
    rotates = (
        key.get("KeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
        and key.get("Origin") == "AWS_KMS"
        and not pending
    )
    rotation = aws.read(ROTATION, KeyId=name) if rotates else {}
    policy = aws.read(POLICY, KeyId=name, PolicyName="default")
    yield aws.record(
        "aws_kms_external_key" if key.get("Origin") == "EXTERNAL" else "aws_kms_key",
        name,
        {
            **pick(
                key,
                key_id="KeyId",
                description="Description",
                is_enabled="Enabled",
                key_usage="KeyUsage",
                customer_master_key_spec="KeySpec",
                multi_region="MultiRegion",
                custom_key_store_id="CustomKeyStoreId",
                key_state="KeyState",
            ),
            **({"enabled": key.get("Enabled")} if key.get("Origin") == "EXTERNAL" else {}),
            "xks_key_id": at(key, "XksKeyConfiguration", "Id", default=""),
            "bypass_policy_lockout_safety_check": False,  # of a call, not of the key
            "arn": arn,
            "policy": at(policy, "Policy"),
            "enable_key_rotation": rotation
            if isinstance(rotation, UnknownValue)
            else rotation.get("KeyRotationEnabled", False),
            "rotation_period_in_days": at(rotation, "RotationPeriodInDays"),
            "deletion_date": when(key.get("DeletionDate")),
            "creation_date": when(key.get("CreationDate")),
            **aws.tags("kms:key", arn),
        },
    )
    for grant in aws.items(GRANTS, gap=("aws_kms_grant",), KeyId=name) if not pending else ():
        if not isinstance(grant, UnknownValue):
            yield aws.record(
                "aws_kms_grant",
                f"{name}:{grant['GrantId']}",
                {
                    "key_id": arn,
                    "grant_id": grant["GrantId"],
                    "name": grant.get("Name", ""),
                    "grantee_principal": grant.get("GranteePrincipal"),
                    "retiring_principal": grant.get("RetiringPrincipal", ""),
                    "operations": sorted(grant.get("Operations", [])),
                    "constraints": [
                        {
                            "encryption_context_equals": constraints.get("EncryptionContextEquals", {}),
                            "encryption_context_subset": constraints.get("EncryptionContextSubset", {}),
                        }
                    ]
                    if (constraints := grant.get("Constraints"))
                    else [],
                },
                arn=arn,
            )


def _alias(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["AliasName"]
    if name.startswith("alias/aws/"):
        return
    key = item.get("TargetKeyId", "")
    values = {
        "name": name,
        "target_key_id": key,
        "target_key_arn": aws.arn("kms", f"key/{key}") if key else None,
    }
    yield aws.record("aws_kms_alias", name, values, arn=item["AliasArn"])


SERVICE = Service(
    "kms",
    (
        Part(
            ("aws_kms_key", "aws_kms_external_key", "aws_kms_grant"),
            Call("kms", "ListKeys", "Keys"),
            _key,
            (DESCRIBE, POLICY, ROTATION, GRANTS, TAGS),
            parallel=True,
        ),
        Part(("aws_kms_alias",), Call("kms", "ListAliases", "Aliases"), _alias),
    ),
)
