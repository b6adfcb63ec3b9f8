"""S3: the account's block, and every bucket with its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from guardrails.model import UnknownValue, Value
from guardrails.sources.aws.collector import ACCOUNT, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, block, tags_of, when

LOCATION = Call("s3", "GetBucketLocation")
TAGGING = Call("s3", "GetBucketTagging", absent=("NoSuchTagSet",))
POLICY = Call("s3", "GetBucketPolicy", absent=("NoSuchBucketPolicy",))
PUBLIC_ACCESS = Call(
    "s3",
    "GetPublicAccessBlock",
    action="s3:GetBucketPublicAccessBlock",
    absent=("NoSuchPublicAccessBlockConfiguration",),
)
OWNERSHIP = Call("s3", "GetBucketOwnershipControls", absent=("OwnershipControlsNotFoundError",))
ACL = Call("s3", "GetBucketAcl")
VERSIONING = Call("s3", "GetBucketVersioning")
ENCRYPTION = Call(
    "s3",
    "GetBucketEncryption",
    action="s3:GetEncryptionConfiguration",
    absent=("ServerSideEncryptionConfigurationNotFoundError",),
)
LOGGING = Call("s3", "GetBucketLogging")
LIFECYCLE = Call(
    "s3",
    "GetBucketLifecycleConfiguration",
    action="s3:GetLifecycleConfiguration",
    absent=("NoSuchLifecycleConfiguration",),
)
WEBSITE = Call("s3", "GetBucketWebsite", absent=("NoSuchWebsiteConfiguration",))
CORS = Call("s3", "GetBucketCors", action="s3:GetBucketCORS", absent=("NoSuchCORSConfiguration",))
NOTIFICATION = Call("s3", "GetBucketNotificationConfiguration", action="s3:GetBucketNotification")
REPLICATION = Call(
    "s3",
    "GetBucketReplication",
    action="s3:GetReplicationConfiguration",
    absent=("ReplicationConfigurationNotFoundError",),
)
OBJECT_LOCK = Call(
    "s3",
    "GetObjectLockConfiguration",
    action="s3:GetBucketObjectLockConfiguration",
    absent=("ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"),
)
DETAILS = (
    LOCATION,
    TAGGING,
    POLICY,
    PUBLIC_ACCESS,
    OWNERSHIP,
    ACL,
    VERSIONING,
    ENCRYPTION,
    LOGGING,
    LIFECYCLE,
    WEBSITE,
    CORS,
    NOTIFICATION,
    REPLICATION,
    OBJECT_LOCK,
)

_SATELLITES = {
    "aws_s3_bucket_policy": POLICY,
    "aws_s3_bucket_public_access_block": PUBLIC_ACCESS,
    "aws_s3_bucket_ownership_controls": OWNERSHIP,
    "aws_s3_bucket_acl": ACL,
    "aws_s3_bucket_versioning": VERSIONING,
    "aws_s3_bucket_server_side_encryption_configuration": ENCRYPTION,
    "aws_s3_bucket_logging": LOGGING,
    "aws_s3_bucket_lifecycle_configuration": LIFECYCLE,
    "aws_s3_bucket_website_configuration": WEBSITE,
    "aws_s3_bucket_cors_configuration": CORS,
    "aws_s3_bucket_notification": NOTIFICATION,
    "aws_s3_bucket_replication_configuration": REPLICATION,
    "aws_s3_bucket_object_lock_configuration": OBJECT_LOCK,
}


def _bucket(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["Name"]
    region = item.get("BucketRegion") or _location(aws, name)
    wanted = aws.memory.get("regions")
    if isinstance(region, UnknownValue):
        region = aws.region  # S3 sends the right one when it is asked in a wrong one
    elif wanted and region not in wanted:
        return
    arn = f"arn:{aws.partition}:s3:::{name}"

    def read(type_: str) -> Any:
        return aws.read(_SATELLITES[type_], gap=(type_,), region=region, Bucket=name)

    answers = {type_: read(type_) for type_ in _SATELLITES}
    tagging = aws.read(TAGGING, region=region, Bucket=name)
    suffix = "amazonaws.com.cn" if aws.partition == "aws-cn" else "amazonaws.com"
    yield aws.record(
        "aws_s3_bucket",
        name,
        {
            "bucket": name,
            "region": region,
            "bucket_domain_name": f"{name}.s3.{suffix}",
            "bucket_regional_domain_name": f"{name}.s3.{region}.{suffix}",
            "creation_date": when(item.get("CreationDate")),
            **_computed(answers),
            "object_lock_enabled": _object_lock_enabled(answers["aws_s3_bucket_object_lock_configuration"]),
            **({"tags": tagging, "tags_all": tagging} if isinstance(tagging, UnknownValue) else {}),
            **({} if isinstance(tagging, UnknownValue) else tags_of(tagging.get("TagSet"))),
        },
        arn=arn,
        region=region,
    )
    for type_, answer in answers.items():
        if isinstance(answer, UnknownValue):
            continue  # kept as a gap when it was read
        values = _VALUES[type_](answer)
        if values:
            yield aws.record(type_, name, {"bucket": name, **values}, arn=arn, region=region)


def _computed(answers: Mapping[str, Any]) -> dict[str, Value]:
    """What the provider repeats of the bucket's settings among its own attributes."""
    policy = answers["aws_s3_bucket_policy"]
    acl = answers["aws_s3_bucket_acl"]
    grants: dict[tuple[str, str, str], list[Value]] = {}
    for grant in () if isinstance(acl, UnknownValue) else acl.get("Grants", []):
        to = grant["Grantee"]
        key = (to.get("ID", ""), to["Type"], to.get("URI", ""))
        grants.setdefault(key, []).append(grant["Permission"])
    return {
        "acl": None,  # the name under which grants were made, which AWS forgets
        "policy": policy if isinstance(policy, UnknownValue) else policy.get("Policy", ""),
        "grant": acl
        if isinstance(acl, UnknownValue)
        else [
            {"id": owner, "type": kind, "uri": uri, "permissions": given}
            for (owner, kind, uri), given in sorted(grants.items())
        ],
    }


def _location(aws: Scope, name: str) -> Any:
    answer = aws.read(LOCATION, Bucket=name)
    if isinstance(answer, UnknownValue):
        return answer
    # Empty for us-east-1, `EU` for the oldest buckets of Ireland.
    return {"": "us-east-1", "EU": "eu-west-1"}.get(where := answer.get("LocationConstraint") or "", where)


def _object_lock_enabled(answer: Any) -> Value:
    found: Value = at(answer, "ObjectLockConfiguration", "ObjectLockEnabled", default="")
    return found if isinstance(found, UnknownValue) else found == "Enabled"


def _policy(answer: Answer) -> dict[str, Value]:
    text = answer.get("Policy")
    if text and not text.lstrip().startswith("{"):
        raise ValueError("a bucket policy that is not JSON")
    return {"policy": text} if text else {}


def _public_access(answer: Answer) -> dict[str, Value]:
    found = answer.get("PublicAccessBlockConfiguration")
    return _four(found) if found else {}


def _four(found: Answer) -> dict[str, Value]:
    return {
        "block_public_acls": found.get("BlockPublicAcls", False),
        "block_public_policy": found.get("BlockPublicPolicy", False),
        "ignore_public_acls": found.get("IgnorePublicAcls", False),
        "restrict_public_buckets": found.get("RestrictPublicBuckets", False),
    }


def _ownership(answer: Answer) -> dict[str, Value]:
    ownership = at(answer, "OwnershipControls", "Rules", 0, "ObjectOwnership")
    return {"rule": [{"object_ownership": ownership}]} if ownership else {}


def _acl(answer: Answer) -> dict[str, Value]:
    owner = answer.get("Owner") or {}
    return {
        "acl": None,  # as above
        "access_control_policy": [
            {
                "owner": [{"id": owner.get("ID"), "display_name": owner.get("DisplayName", "")}],
                "grant": [
                    {
                        "permission": grant["Permission"],
                        "grantee": [
                            {
                                "type": grant["Grantee"]["Type"],
                                "id": grant["Grantee"].get("ID", ""),
                                "uri": grant["Grantee"].get("URI", ""),
                                "email_address": grant["Grantee"].get("EmailAddress", ""),
                                "display_name": grant["Grantee"].get("DisplayName", ""),
                            }
                        ],
                    }
                    for grant in answer.get("Grants", [])
                ],
            }
        ],
    }


def _versioning(answer: Answer) -> dict[str, Value]:
    if not answer.get("Status"):
        return {}
    return {"versioning_configuration": [{"status": answer["Status"], "mfa_delete": answer.get("MFADelete", "")}]}


def _encryption(answer: Answer) -> dict[str, Value]:
    rules = at(answer, "ServerSideEncryptionConfiguration", "Rules", default=[])
    return (
        {
            "rule": [
                {
                    "bucket_key_enabled": rule.get("BucketKeyEnabled", False),
                    "apply_server_side_encryption_by_default": [
                        {
                            "sse_algorithm": default.get("SSEAlgorithm"),
                            "kms_master_key_id": default.get("KMSMasterKeyID", ""),
                        }
                    ]
                    if (default := rule.get("ApplyServerSideEncryptionByDefault"))
                    else [],
                }
                for rule in rules
            ]
        }
        if rules
        else {}
    )


def _logging(answer: Answer) -> dict[str, Value]:
    found = answer.get("LoggingEnabled")
    if not found:
        return {}
    return {"target_bucket": found["TargetBucket"], "target_prefix": found.get("TargetPrefix", "")}


def _lifecycle(answer: Answer) -> dict[str, Value]:
    rules = answer.get("Rules")
    return {"rule": [_lifecycle_rule(rule) for rule in rules]} if rules else {}


def _lifecycle_rule(rule: Answer) -> dict[str, Value]:
    expiration = rule.get("Expiration") or {}
    noncurrent = rule.get("NoncurrentVersionExpiration") or {}
    given = rule.get("Filter")
    both = at(given, "And")
    return {
        "id": rule.get("ID", ""),
        "status": rule["Status"],
        "prefix": rule.get("Prefix", ""),
        "filter": []
        if given is None
        else [
            {
                "prefix": given.get("Prefix", ""),
                "object_size_greater_than": given.get("ObjectSizeGreaterThan"),
                "object_size_less_than": given.get("ObjectSizeLessThan"),
                "tag": [{"key": given["Tag"]["Key"], "value": given["Tag"]["Value"]}] if given.get("Tag") else [],
                "and": [
                    {
                        "prefix": both.get("Prefix", ""),
                        "object_size_greater_than": both.get("ObjectSizeGreaterThan", 0),
                        "object_size_less_than": both.get("ObjectSizeLessThan", 0),
                        "tags": tags_of(both.get("Tags"))["tags"],
                    }
                ]
                if both
                else [],
            }
        ],
        "abort_incomplete_multipart_upload": block(
            {"days_after_initiation": at(rule, "AbortIncompleteMultipartUpload", "DaysAfterInitiation")}
        ),
        "expiration": [
            {
                "date": when(expiration.get("Date")),
                "days": expiration.get("Days", 0),
                "expired_object_delete_marker": expiration.get("ExpiredObjectDeleteMarker", False),
            }
        ]
        if expiration
        else [],
        "noncurrent_version_expiration": [
            {
                "noncurrent_days": noncurrent.get("NoncurrentDays"),
                "newer_noncurrent_versions": noncurrent.get("NewerNoncurrentVersions"),
            }
        ]
        if noncurrent
        else [],
        "transition": [
            {"date": when(t.get("Date")), "days": t.get("Days", 0), "storage_class": t.get("StorageClass")}
            for t in rule.get("Transitions", [])
        ],
        "noncurrent_version_transition": [
            {
                "noncurrent_days": t.get("NoncurrentDays"),
                "newer_noncurrent_versions": t.get("NewerNoncurrentVersions"),
                "storage_class": t.get("StorageClass"),
            }
            for t in rule.get("NoncurrentVersionTransitions", [])
        ],
    }


def _website(answer: Answer) -> dict[str, Value]:
    redirect = answer.get("RedirectAllRequestsTo") or {}
    values: dict[str, Value] = {
        "index_document": block({"suffix": at(answer, "IndexDocument", "Suffix")}),
        "error_document": block({"key": at(answer, "ErrorDocument", "Key")}),
        "redirect_all_requests_to": [{"host_name": redirect["HostName"], "protocol": redirect.get("Protocol", "")}]
        if redirect
        else [],
    }
    return values if any(values.values()) else {}


def _cors(answer: Answer) -> dict[str, Value]:
    rules = answer.get("CORSRules")
    return (
        {
            "cors_rule": [
                {
                    "id": rule.get("ID", ""),
                    "allowed_headers": rule.get("AllowedHeaders", []),
                    "allowed_methods": rule.get("AllowedMethods", []),
                    "allowed_origins": rule.get("AllowedOrigins", []),
                    "expose_headers": rule.get("ExposeHeaders", []),
                    "max_age_seconds": rule.get("MaxAgeSeconds", 0),
                }
                for rule in rules
            ]
        }
        if rules
        else {}
    )


def _notification(answer: Answer) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for member, arn, name in (
        ("LambdaFunctionConfigurations", "LambdaFunctionArn", "lambda_function"),
        ("QueueConfigurations", "QueueArn", "queue"),
        ("TopicConfigurations", "TopicArn", "topic"),
    ):
        values[name] = [
            {
                "id": one.get("Id", ""),
                f"{name}_arn": one[arn],
                "events": sorted(one.get("Events", [])),
                "filter_prefix": _rule(one, "prefix"),
                "filter_suffix": _rule(one, "suffix"),
            }
            for one in answer.get(member, [])
        ]
    values["eventbridge"] = "EventBridgeConfiguration" in answer
    return values if any(values.values()) else {}


def _rule(one: Answer, name: str) -> str:
    rules = at(one, "Filter", "Key", "FilterRules", default=[])
    return next((rule["Value"] for rule in rules if rule["Name"].lower() == name), "")


def _replication(answer: Answer) -> dict[str, Value]:
    found = answer.get("ReplicationConfiguration")
    if not found:
        return {}
    return {
        "role": found["Role"],
        "rule": [
            {
                "id": rule.get("ID", ""),
                "priority": rule.get("Priority"),
                "status": rule["Status"],
                "prefix": rule.get("Prefix"),
                "destination": [
                    {
                        "bucket": rule["Destination"]["Bucket"],
                        "account": rule["Destination"].get("Account", ""),
                        "storage_class": rule["Destination"].get("StorageClass", ""),
                        "encryption_configuration": block(
                            {
                                "replica_kms_key_id": at(
                                    rule, "Destination", "EncryptionConfiguration", "ReplicaKmsKeyID"
                                )
                            }
                        ),
                    }
                ],
            }
            for rule in found.get("Rules", [])
        ],
    }


def _object_lock(answer: Answer) -> dict[str, Value]:
    found = answer.get("ObjectLockConfiguration")
    if not found:
        return {}
    retention = at(found, "Rule", "DefaultRetention")
    return {
        "object_lock_enabled": found.get("ObjectLockEnabled"),
        "rule": [
            {
                "default_retention": [
                    {
                        "mode": retention.get("Mode"),
                        "days": retention.get("Days", 0),
                        "years": retention.get("Years", 0),
                    }
                ]
            }
        ]
        if retention
        else [],
    }


_VALUES: Mapping[str, Any] = {
    "aws_s3_bucket_policy": _policy,
    "aws_s3_bucket_public_access_block": _public_access,
    "aws_s3_bucket_ownership_controls": _ownership,
    "aws_s3_bucket_acl": _acl,
    "aws_s3_bucket_versioning": _versioning,
    "aws_s3_bucket_server_side_encryption_configuration": _encryption,
    "aws_s3_bucket_logging": _logging,
    "aws_s3_bucket_lifecycle_configuration": _lifecycle,
    "aws_s3_bucket_website_configuration": _website,
    "aws_s3_bucket_cors_configuration": _cors,
    "aws_s3_bucket_notification": _notification,
    "aws_s3_bucket_replication_configuration": _replication,
    "aws_s3_bucket_object_lock_configuration": _object_lock,
}


def _account_public_access(aws: Scope, answer: Answer) -> Iterator[Record]:
    values = {"account_id": aws.account, **_four(answer["PublicAccessBlockConfiguration"])}
    yield aws.record("aws_s3_account_public_access_block", aws.account, values)


SERVICE = Service(
    "s3",
    (
        Part(
            ("aws_s3_bucket", *_SATELLITES),
            Call("s3", "ListBuckets", "Buckets", action="s3:ListAllMyBuckets"),
            _bucket,
            DETAILS,
            parallel=True,
        ),
        Part(
            ("aws_s3_account_public_access_block",),
            Call(
                "s3control",
                "GetPublicAccessBlock",
                action="s3:GetAccountPublicAccessBlock",
                params={"AccountId": ACCOUNT},
                absent=("NoSuchPublicAccessBlockConfiguration",),
            ),
            _account_public_access,
        ),
    ),
    where="global",
    rate=100.0,
)
