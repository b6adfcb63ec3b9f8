"""Lambda: functions, who may invoke them, their URLs, event sources and reserved capacity."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue, Value
from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, block, pick, redacted

POLICY = Call("lambda", "GetPolicy", absent=("ResourceNotFoundException",))
URLS = Call("lambda", "ListFunctionUrlConfigs", "FunctionUrlConfigs")
CONCURRENCY = Call("lambda", "GetFunctionConcurrency")
PROVISIONED = Call("lambda", "ListProvisionedConcurrencyConfigs", "ProvisionedConcurrencyConfigs")


def _function(aws: Scope, item: Answer) -> Iterator[Record]:
    name, arn = item["FunctionName"], item["FunctionArn"]
    vpc = item.get("VpcConfig") or {}
    concurrency = aws.read(CONCURRENCY, FunctionName=name)
    yield aws.record(
        "aws_lambda_function",
        name,
        {
            **pick(
                item,
                function_name="FunctionName",
                handler="Handler",
                runtime="Runtime",
                role="Role",
                description="Description",
                memory_size="MemorySize",
                timeout="Timeout",
                package_type="PackageType",
                code_sha256="CodeSha256",
                source_code_size="CodeSize",
                last_modified="LastModified",
                version="Version",
                architectures="Architectures",
            ),
            "arn": arn,
            "kms_key_arn": item.get("KMSKeyArn", ""),
            "layers": [layer["Arn"] for layer in item.get("Layers", [])],
            "reserved_concurrent_executions": concurrency
            if isinstance(concurrency, UnknownValue)
            else concurrency.get("ReservedConcurrentExecutions", -1),
            "environment": [{"variables": {key: redacted() for key in variables}}]
            if (variables := at(item, "Environment", "Variables", default={}))
            else [],
            "vpc_config": [
                {
                    "vpc_id": vpc.get("VpcId", ""),
                    "subnet_ids": sorted(vpc.get("SubnetIds", [])),
                    "security_group_ids": sorted(vpc.get("SecurityGroupIds", [])),
                    "ipv6_allowed_for_dual_stack": vpc.get("Ipv6AllowedForDualStack", False),
                }
            ]
            if vpc.get("VpcId")
            else [],
            "dead_letter_config": block(pick(item.get("DeadLetterConfig"), target_arn="TargetArn")),
            "tracing_config": block(pick(item.get("TracingConfig"), mode="Mode")),
            "ephemeral_storage": block(pick(item.get("EphemeralStorage"), size="Size")),
            "file_system_config": [
                pick(f, arn="Arn", local_mount_path="LocalMountPath") for f in item.get("FileSystemConfigs", [])
            ],
            "logging_config": block(
                pick(
                    item.get("LoggingConfig"),
                    log_format="LogFormat",
                    log_group="LogGroup",
                    application_log_level="ApplicationLogLevel",
                    system_log_level="SystemLogLevel",
                )
            ),
            **aws.tags("lambda:function", arn),
        },
    )
    yield from _permissions(aws, name, arn)
    for url in aws.items(URLS, gap=("aws_lambda_function_url",), FunctionName=name):
        if not isinstance(url, UnknownValue):
            yield _url(aws, name, url)
    for one in aws.items(PROVISIONED, gap=("aws_lambda_provisioned_concurrency_config",), FunctionName=name):
        if not isinstance(one, UnknownValue):
            qualifier = one["FunctionArn"].rpartition(":")[2]
            yield aws.record(
                "aws_lambda_provisioned_concurrency_config",
                f"{name},{qualifier}",
                {
                    "function_name": name,
                    "qualifier": qualifier,
                    "provisioned_concurrent_executions": one.get("RequestedProvisionedConcurrentExecutions"),
                },
                arn=one["FunctionArn"],
            )


def _permissions(aws: Scope, name: str, arn: str) -> Iterator[Record]:
    """Each statement of the function's policy is an `aws_lambda_permission`."""
    answer = aws.read(POLICY, gap=("aws_lambda_permission",), FunctionName=name)
    if isinstance(answer, UnknownValue) or not answer:
        return
    for number, statement in enumerate(json.loads(answer["Policy"])["Statement"]):
        sid = statement.get("Sid", str(number))
        conditions = {
            key.lower(): value
            for operator in statement.get("Condition", {}).values()
            for key, value in operator.items()
        }
        yield aws.record(
            "aws_lambda_permission",
            f"{name}:{sid}",
            {
                "id": sid,
                "statement_id": sid,
                "function_name": name,
                "action": statement.get("Action"),
                "principal": _principal(statement.get("Principal")),
                "source_arn": conditions.get("aws:sourcearn"),
                "source_account": conditions.get("aws:sourceaccount"),
                "principal_org_id": conditions.get("aws:principalorgid"),
                "function_url_auth_type": conditions.get("lambda:functionurlauthtype"),
                "event_source_token": redacted() if "lambda:eventsourcetoken" in conditions else None,
                "effect": statement.get("Effect", "Allow"),
            },
            arn=arn,
        )


def _principal(principal: Any) -> Value:
    """As the argument was given: `*`, a service, an account or an ARN."""
    match principal:
        case {"Service": str(one)} | {"AWS": str(one)} | str(one):
            return one
        case None:
            return None
        case _:
            return json.dumps(principal, separators=(",", ":"))


def _url(aws: Scope, name: str, item: Answer) -> Record:
    arn = item["FunctionArn"]
    qualifier = arn.split(":")[7] if arn.count(":") > 6 else ""
    cors = item.get("Cors")
    return aws.record(
        "aws_lambda_function_url",
        f"{name}/{qualifier}" if qualifier else name,
        {
            "function_name": name,
            "function_arn": arn,
            "qualifier": qualifier,
            "authorization_type": item["AuthType"],
            "function_url": item["FunctionUrl"],
            "invoke_mode": item.get("InvokeMode", "BUFFERED"),
            "cors": [
                {
                    "allow_credentials": cors.get("AllowCredentials", False),
                    "allow_headers": sorted(cors.get("AllowHeaders", [])),
                    "allow_methods": sorted(cors.get("AllowMethods", [])),
                    "allow_origins": sorted(cors.get("AllowOrigins", [])),
                    "expose_headers": sorted(cors.get("ExposeHeaders", [])),
                    "max_age": cors.get("MaxAge", 0),
                }
            ]
            if cors
            else [],
        },
        arn=arn,
    )


def _event_source(aws: Scope, item: Answer) -> Iterator[Record]:
    uuid = item["UUID"]
    yield aws.record(
        "aws_lambda_event_source_mapping",
        uuid,
        {
            **pick(
                item,
                uuid="UUID",
                arn="EventSourceMappingArn",
                batch_size="BatchSize",
                event_source_arn="EventSourceArn",
                function_arn="FunctionArn",
                function_name="FunctionArn",
                state="State",
                starting_position="StartingPosition",
                maximum_batching_window_in_seconds="MaximumBatchingWindowInSeconds",
            ),
            "enabled": item.get("State") in ("Enabled", "Enabling", "Creating", "Updating"),
            "destination_config": [{"on_failure": [{"destination_arn": failure}]}]
            if (failure := at(item, "DestinationConfig", "OnFailure", "Destination"))
            else [],
        },
    )


SERVICE = Service(
    "lambda",
    (
        Part(
            (
                "aws_lambda_function",
                "aws_lambda_permission",
                "aws_lambda_function_url",
                "aws_lambda_provisioned_concurrency_config",
            ),
            Call("lambda", "ListFunctions", "Functions"),
            _function,
            (POLICY, URLS, CONCURRENCY, PROVISIONED, TAGS),
            parallel=True,
        ),
        Part(
            ("aws_lambda_event_source_mapping",),
            Call("lambda", "ListEventSourceMappings", "EventSourceMappings"),
            _event_source,
        ),
    ),
)
