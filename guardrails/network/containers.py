"""What ECS tasks and the instances of ECS clusters must reach."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardrails.model import (
    Block,
    Model,
    Place,
    Resource,
    Symbolic,
    Unknown,
    UnknownValue,
    Value,
    decode_json,
    refs_of,
    reveal,
)
from guardrails.network.needs import PROXY, Needs, Workload, template_of
from guardrails.network.reading import blocks, link, text, values, written

_ECR = re.compile(r"[^/]*\.dkr[.-]ecr[.-][^/]*/|\$\{[^}]*aws_ecr_repository\.[^}]*repository_url\}")
_CLUSTER_NAME = re.compile(r"\bECS_CLUSTER\s*=")


def fargate_needs(service: Resource) -> Iterator[Workload]:
    """What the tasks of a service need to start, if they run on Fargate."""
    model = service.model
    task = link(model, written(service, "task_definition"), "aws_ecs_task_definition").resource
    if not _on_fargate(service, task):
        return
    needs = Needs("fargate")
    if task is None or task.mode == "data":
        needs.doubt(f"what {service.address} runs: its task definition is not in view")
        yield needs.of(service)
        return
    proxy = False
    for container in _containers(task, needs):
        _container(task, container, needs)
        pairs = reveal(container.get("environment"))
        for pair in map(reveal, pairs if isinstance(pairs, list) else []):
            name = reveal(pair.get("name")) if isinstance(pair, dict) else None
            proxy = proxy or (isinstance(name, str) and bool(PROXY.fullmatch(str.__str__(name))))
    yield needs.of(service, proxy=proxy)


def _on_fargate(service: Resource, task: Resource | None) -> bool:
    launch = text(service, "launch_type")
    providers = [text(block, "capacity_provider") for block in blocks(service, "capacity_provider_strategy")]
    if launch or providers:
        return launch == "FARGATE" or any(name.startswith("FARGATE") for name in providers)
    return task is not None and [str(v) for v in values(task, "requires_compatibilities")] == ["FARGATE"]


def _containers(task: Resource, needs: Needs) -> Iterator[dict[str, Value]]:
    value = task.raw("container_definitions")
    try:
        found = decode_json(value) if isinstance(value, str) else reveal(value)
    except (Unknown, ValueError):
        found = None
    if not isinstance(found, list):
        needs.doubt(f"the containers of {task.address} are not known")
        return
    for each in map(reveal, found):
        if isinstance(each, dict):
            yield each
        else:
            needs.doubt(f"the containers of {task.address} are not all known")


def _container(task: Resource, container: dict[str, Value], needs: Needs) -> None:
    place = task.place("container_definitions")
    image = reveal(container.get("image"))
    if not isinstance(image, str):
        needs.doubt(f"the image of {task.address} is not known")
    elif _ECR.match(str.__str__(image)):
        needs.feature("ecr-image", "its image is in ECR", place)
    elif isinstance(image, Symbolic) and not isinstance(image.parts[0], str):
        needs.doubt(f"where the image of {task.address} is: {image.reason}")
    else:
        needs.feature("public-image", f"its image is {str.__str__(image)}", place)
    logging = reveal(container.get("logConfiguration"))
    if isinstance(logging, dict):
        if reveal(logging.get("logDriver")) == "awslogs":
            needs.feature("awslogs", "it logs by the awslogs driver", place)
        _secrets(logging.get("secretOptions"), needs, place)
    _secrets(container.get("secrets"), needs, place)
    credentials = reveal(container.get("repositoryCredentials"))
    if isinstance(credentials, dict):
        needs.feature("secret", "its registry's credentials are a secret", place)
    if reveal(container.get("environmentFiles")):
        needs.feature("environment-file", "its environment is a file in S3", place)


def _secrets(value: Value, needs: Needs, place: Place | None) -> None:
    value = reveal(value)
    for each in map(reveal, value if isinstance(value, list) else []):
        source = reveal(each.get("valueFrom")) if isinstance(each, dict) else None
        shown = str.__str__(source) if isinstance(source, str) else ""
        shown = " ".join([shown, *(ref.address for ref in refs_of(source))])
        if any(word in shown for word in (":secretsmanager:", "aws_secretsmanager_secret", "aws_rds_cluster")):
            needs.feature("secret", "its environment takes a secret", place)
        elif isinstance(source, UnknownValue | Symbolic) and "ssm" not in shown:
            needs.doubt(f"which secrets its environment takes: {source.reason}")
        else:  # a parameter, by name or ARN
            needs.feature("parameter", "its environment takes a parameter", place)


def container_instances(model: Model) -> Iterator[Workload]:
    """Auto Scaling groups that are capacity of an ECS cluster, by their provider or their user data."""
    providers = {
        link(model, written(block, "auto_scaling_group_arn"), "aws_autoscaling_group").key
        for each in model.all("aws_ecs_capacity_provider")
        for block in blocks(each, "auto_scaling_group_provider")
    }
    for resource in model.all("aws_autoscaling_group"):
        template = template_of(resource)
        if resource.address in providers or (template is not None and _CLUSTER_NAME.search(_user_data(template))):
            needs = Needs("container-instance")
            needs.feature("always", "the ECS agent registers it with the cluster", resource.place())
            yield needs.of(resource)
    for resource in model.all("aws_instance"):
        if _CLUSTER_NAME.search(_user_data(resource)):
            needs = Needs("container-instance")
            needs.feature("always", "the ECS agent registers it with the cluster", resource.place("user_data"))
            yield needs.of(resource)


def _user_data(resource: Block) -> str:
    """The script of an instance as far as it is known, decoded where Terraform encodes a text that is at hand."""
    import base64  # noqa: PLC0415  # few designs have any

    for name in ("user_data", "user_data_base64"):
        value = reveal(resource.raw(name))
        if not isinstance(value, str):
            continue
        shown = str.__str__(value)
        if isinstance(value, Symbolic):
            return shown
        try:
            return base64.b64decode(shown, validate=True).decode("utf-8", "replace")
        except ValueError:
            return shown
    return ""
