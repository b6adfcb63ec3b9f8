"""ECS: clusters, services and the task definitions that they run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from guardrails.model import Part as TextPart
from guardrails.model import Symbolic, UnknownValue, Value
from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, block, pick, redacted, tags_of, when

CLUSTERS = Call("ecs", "DescribeClusters", "clusters", params={"include": ["TAGS", "SETTINGS", "CONFIGURATIONS"]})
LIST_SERVICES = Call("ecs", "ListServices", "serviceArns")
SERVICES = Call("ecs", "DescribeServices", "services", params={"include": ["TAGS"]})
TASK_DEFINITION = Call("ecs", "DescribeTaskDefinition", params={"include": ["TAGS"]})


_BATCH = 100  # clusters that AWS describes at once


def _clusters(aws: Scope, page: Answer) -> Iterator[Record]:
    arns = page["clusterArns"]
    for start in range(0, len(arns), _BATCH):
        for item in aws.every(CLUSTERS, clusters=arns[start : start + _BATCH]):
            yield from aws.careful(_cluster, item, PART)


def _cluster(aws: Scope, item: Answer) -> Iterator[Record]:
    if item.get("status") == "INACTIVE":
        return
    arn, name = item["clusterArn"], item["clusterName"]
    command = at(item, "configuration", "executeCommandConfiguration")
    yield aws.record(
        "aws_ecs_cluster",
        name,
        {
            "id": arn,
            "arn": arn,
            "name": name,
            "setting": [pick(s, name="name", value="value") for s in item.get("settings", [])],
            "configuration": [
                {"execute_command_configuration": [pick(command, kms_key_id="kmsKeyId", logging="logging")]}
            ]
            if command
            else [],
            **pick(
                item,
                registered_container_instances_count="registeredContainerInstancesCount",
                running_tasks_count="runningTasksCount",
                active_services_count="activeServicesCount",
            ),
            **tags_of(item.get("tags"), "key", "value"),
        },
    )
    arns = list(aws.every(LIST_SERVICES, cluster=arn))
    for start in range(0, len(arns), 10):
        for service in aws.every(SERVICES, cluster=arn, services=arns[start : start + 10]):
            yield from _service(aws, service)


def _service(aws: Scope, item: Answer) -> Iterator[Record]:
    if item.get("status") == "INACTIVE":
        return
    arn, name = item["serviceArn"], item["serviceName"]
    network = at(item, "networkConfiguration", "awsvpcConfiguration")
    configuration = item.get("deploymentConfiguration") or {}
    yield aws.record(
        "aws_ecs_service",
        f"{item['clusterArn'].rpartition('/')[2]}/{name}",
        {
            "id": arn,
            **pick(
                item,
                name="serviceName",
                cluster="clusterArn",
                task_definition="taskDefinition",
                desired_count="desiredCount",
                running_count="runningCount",
                scheduling_strategy="schedulingStrategy",
                propagate_tags="propagateTags",
                enable_ecs_managed_tags="enableECSManagedTags",
                enable_execute_command="enableExecuteCommand",
            ),
            "launch_type": item.get("launchType", ""),
            "platform_version": item.get("platformVersion", ""),
            "iam_role": item.get("roleArn", ""),
            "health_check_grace_period_seconds": item.get("healthCheckGracePeriodSeconds", 0),
            "deployment_maximum_percent": configuration.get("maximumPercent"),
            "deployment_minimum_healthy_percent": configuration.get("minimumHealthyPercent"),
            "network_configuration": [
                {
                    "subnets": sorted(network.get("subnets", [])),
                    "security_groups": sorted(network.get("securityGroups", [])),
                    "assign_public_ip": network.get("assignPublicIp") == "ENABLED",
                }
            ]
            if network
            else [],
            "load_balancer": [
                {
                    "target_group_arn": one.get("targetGroupArn", ""),
                    "elb_name": one.get("loadBalancerName", ""),
                    "container_name": one.get("containerName"),
                    "container_port": one.get("containerPort"),
                }
                for one in item.get("loadBalancers", [])
            ],
            "capacity_provider_strategy": [
                pick(one, capacity_provider="capacityProvider", base="base", weight="weight")
                for one in item.get("capacityProviderStrategy", [])
            ],
            "created_at": when(item.get("createdAt")),
            **tags_of(item.get("tags"), "key", "value"),
        },
        arn=arn,
    )
    definition = item["taskDefinition"]
    # Only what a service runs: AWS keeps every revision that there ever was.
    if aws.first(definition):
        answer = aws.read(TASK_DEFINITION, gap=("aws_ecs_task_definition",), taskDefinition=definition)
        if not isinstance(answer, UnknownValue):
            yield _task_definition(aws, answer)


def _task_definition(aws: Scope, answer: Answer) -> Record:
    item = answer["taskDefinition"]
    arn = item["taskDefinitionArn"]
    return aws.record(
        "aws_ecs_task_definition",
        f"{item['family']}:{item['revision']}",
        {
            "id": item["family"],
            "arn": arn,
            "arn_without_revision": arn.rpartition(":")[0],
            **pick(item, family="family", revision="revision"),
            "cpu": item.get("cpu", ""),
            "memory": item.get("memory", ""),
            "network_mode": item.get("networkMode", ""),
            "ipc_mode": item.get("ipcMode", ""),
            "pid_mode": item.get("pidMode", ""),
            "execution_role_arn": item.get("executionRoleArn", ""),
            "task_role_arn": item.get("taskRoleArn", ""),
            "requires_compatibilities": sorted(item.get("requiresCompatibilities", [])),
            "container_definitions": without_secrets(item.get("containerDefinitions", [])),
            "volume": [
                {
                    "name": one["name"],
                    "host_path": at(one, "host", "sourcePath", default=""),
                    "efs_volume_configuration": block(
                        pick(
                            one.get("efsVolumeConfiguration"),
                            file_system_id="fileSystemId",
                            root_directory="rootDirectory",
                            transit_encryption="transitEncryption",
                        )
                    ),
                }
                for one in item.get("volumes", [])
            ],
            "runtime_platform": block(
                pick(
                    item.get("runtimePlatform"),
                    cpu_architecture="cpuArchitecture",
                    operating_system_family="operatingSystemFamily",
                )
            ),
            "ephemeral_storage": block(pick(item.get("ephemeralStorage"), size_in_gib="sizeInGiB")),
            **tags_of(answer.get("tags"), "key", "value"),
        },
    )


_HOLE = "\ue000"


def _masked(value: Any) -> Any:
    """The same shape, with holes for its texts."""
    match value:
        case Mapping():
            return {key: _masked(item) for key, item in value.items()}
        case list():
            return [_masked(item) for item in value]
        case str():
            return _HOLE
        case _:
            return value


def _masked_options(value: Any) -> Any:
    """A log driver's or router's options, of which those of CloudWatch Logs hold no secret."""
    return {
        **value,
        "options": {
            key: text if key.startswith("awslogs-") else _HOLE for key, text in (value.get("options") or {}).items()
        },
    }


_MASKS: Mapping[str, Callable[[Any], Any]] = {
    "environment": lambda value: [{**one, "value": _HOLE} for one in value],
    "command": _masked,
    "entryPoint": _masked,
    "healthCheck": _masked,
    "dockerLabels": _masked,
    "logConfiguration": _masked_options,
    "firelensConfiguration": _masked_options,
}


def without_secrets(containers: Sequence[Answer]) -> Value:
    """The definitions as JSON text in which every value that may be a secret is a hole.

    Those are the values of environment variables, labels and options of log drivers (a token for Splunk), and what
    commands are made of.
    """
    kept = [{key: _MASKS.get(key, lambda value: value)(value) for key, value in one.items()} for one in containers]
    pieces = json.dumps(kept, separators=(",", ":"), ensure_ascii=False).split(_HOLE)
    if len(pieces) == 1:
        return pieces[0]
    parts: list[TextPart] = [pieces[0]]
    for piece in pieces[1:]:
        parts += [redacted(), piece]
    return Symbolic(*parts)


PART = Part(
    ("aws_ecs_cluster", "aws_ecs_service", "aws_ecs_task_definition"),
    Call("ecs", "ListClusters"),
    _clusters,
    (CLUSTERS, LIST_SERVICES, SERVICES, TASK_DEFINITION),
)

SERVICE = Service("ecs", (PART,))
