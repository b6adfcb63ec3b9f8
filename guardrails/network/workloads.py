"""Workloads in a VPC, and what their configuration says that they must reach."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
from guardrails.network.reading import blocks, flag, link, text, values, written
from guardrails.network.services import services

_CACHE = "network.workloads"
_ECR = re.compile(r"[^/]*\.dkr[.-]ecr[.-][^/]*/|\$\{[^}]*aws_ecr_repository\.[^}]*repository_url\}")
_PROXY = re.compile(r"https?_proxy|all_proxy", re.IGNORECASE)
_SESSION_POLICIES = ("AmazonSSMManagedInstanceCore", "AmazonEC2RoleforSSM")
_CLUSTER_NAME = re.compile(r"\bECS_CLUSTER\s*=")


@dataclass(frozen=True, slots=True)
class Need:
    """One service that a workload must reach."""

    service: str
    """As in the names of VPC endpoint services (`ecr.api`), or `internet`."""
    why: str
    """What of the configuration uses it."""
    place: Place | None = None
    """Where that is written."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Something that has network interfaces and must reach services to work.

    `kind` is a name of the data file: `fargate`, `container-instance`, `node`, `session`, `build`, `glue`, `airflow`,
    `notebook`, `studio`, `batch`, `function`.
    """

    kind: str
    resource: Resource
    """Whose interfaces they are, and where a finding points."""
    needs: tuple[Need, ...]
    doubts: tuple[str, ...] = ()
    """Why it may need more."""
    proxy: bool = False
    """Whether its environment names a proxy, which may know another way."""

    @classmethod
    def subjects(cls, model: Model, /) -> Iterable[Workload]:
        """Every workload of a model. One resource may be several: an instance that must be reached by sessions, too."""
        found = model.cache.get(_CACHE)
        if not isinstance(found, tuple):
            found = model.cache[_CACHE] = tuple(_workloads(model))
        return found

    @property
    def name(self) -> str:
        """What people call its kind."""
        return services().workloads[self.kind].name

    @property
    def source(self) -> str:
        """The page that says what it needs."""
        return services().workloads[self.kind].source


class _Needs:
    """The needs of one workload, each service once."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.found: dict[str, Need] = {}
        self.doubts: list[str] = []

    def feature(self, feature: str, why: str, place: Place | None) -> None:
        """What one feature needs by the data file."""
        for service in services().workloads[self.kind].needs[feature]:
            self.service(service, why, place)

    def service(self, service: str, why: str, place: Place | None) -> None:
        self.found.setdefault(service, Need(service, why, place))

    def doubt(self, reason: str) -> None:
        if reason not in self.doubts:
            self.doubts.append(reason)

    def of(self, resource: Resource, *, proxy: bool = False) -> Workload:
        return Workload(self.kind, resource, tuple(self.found.values()), tuple(self.doubts), proxy)


def _workloads(model: Model) -> Iterator[Workload]:
    for resource in model.all("aws_lambda_function"):
        if written(resource, "vpc_config", "subnet_ids") not in (None, []):
            yield _function(resource)
    for resource in model.all("aws_ecs_service"):
        if any(blocks(resource, "network_configuration")):
            yield from _fargate(resource)
    yield from _container_instances(model)
    for resource in model.all("aws_eks_node_group"):
        yield _node(resource)
    yield from _sessions(model)
    for resource in model.all("aws_codebuild_project"):
        if any(blocks(resource, "vpc_config")):
            yield _build(resource)
    yield from _managed_ones(model)


def _managed_ones(model: Model) -> Iterator[Workload]:
    """Workers that managed services put into subnets."""
    for resource in model.all("aws_glue_connection"):
        if any(blocks(resource, "physical_connection_requirements")):
            yield _managed(resource, "glue")
    for resource in model.all("aws_mwaa_environment"):
        yield _managed(resource, "airflow")
    for resource in model.all("aws_sagemaker_notebook_instance"):
        if written(resource, "subnet_id") is not None and text(resource, "direct_internet_access") == "Disabled":
            yield _managed(resource, "notebook")
    for resource in model.all("aws_sagemaker_domain"):
        if text(resource, "app_network_access_type") == "VpcOnly":
            yield _managed(resource, "studio")
    for resource in model.all("aws_batch_compute_environment"):
        if text(resource, "compute_resources", "type") in ("EC2", "SPOT"):
            needs = _Needs("batch")
            needs.feature("container-instance", "its instances register with ECS", resource.place("compute_resources"))
            yield needs.of(resource)


def _managed(resource: Resource, kind: str) -> Workload:
    needs = _Needs(kind)
    needs.feature("always", "it cannot work without", resource.place())
    if kind == "glue":
        properties = reveal(resource.raw("connection_properties"))
        if isinstance(properties, dict) and "SECRET_ID" in properties:
            needs.feature("secret", "its credentials are a secret", resource.place("connection_properties"))
    return needs.of(resource)


# Functions


def _function(function: Resource) -> Workload:
    needs = _Needs("function")
    for rotation in function.model.all("aws_secretsmanager_secret_rotation"):
        if (
            link(function.model, written(rotation, "rotation_lambda_arn"), "aws_lambda_function").key
            == function.address
        ):
            needs.feature("rotation", f"{rotation.address} rotates a secret with it", rotation.place())
    _environment(function, needs)
    _role(function, needs)
    if needs.found:
        needs.doubts.clear()  # what else its code calls is never known
    return needs.of(function, proxy=_has_proxy(reveal(function.raw("environment", "variables"))))


def _environment(function: Resource, needs: _Needs) -> None:
    """The resources that variables name: by a reference, or as `TABLE = "orders"` where a table has this name."""
    path = ("environment", "variables")
    variables = reveal(function.raw(*path))
    if not isinstance(variables, dict):
        return
    for name, value in variables.items():
        found = [function.model.at(ref.address) for ref in refs_of(value)] or [_namesake(function.model, name, value)]
        for target in found:
            service = services().resources.get(target.type) if target is not None else None
            if target is not None and service:
                needs.service(service, f"its environment names {target.address}", function.place(*path, name))


def _namesake(model: Model, variable: str, value: Value) -> Resource | None:
    value = reveal(value)
    if not isinstance(value, str) or isinstance(value, Symbolic):
        return None
    for type_ in services().resources:
        if type_.rpartition("_")[2] in variable.lower():
            found = model.resolve(value, type_)
            if found is not None:
                return found
    return None


def _role(function: Resource, needs: _Needs) -> None:
    """What the role of a function allows it to call."""
    model = function.model
    role = link(model, written(function, "role"), "aws_iam_role")
    if role.resource is None or role.resource.mode == "data":
        needs.doubt(f"what {function.address} may call: its role is not in view")
        return
    documents: list[tuple[Value, Place | None]] = [
        (block.raw("policy"), block.place("policy")) for block in blocks(role.resource, "inline_policy")
    ]
    arns: list[tuple[Value, Place | None]] = [
        (value, role.resource.place("managed_policy_arns")) for value in values(role.resource, "managed_policy_arns")
    ]
    documents += [
        (each.raw("policy"), each.place("policy"))
        for each in model.all("aws_iam_role_policy")
        if link(model, written(each, "role"), "aws_iam_role").key == role.key
    ]
    for each in model.all("aws_iam_role_policy_attachment", "aws_iam_policy_attachment"):
        owners = values(each, "role") or values(each, "roles")
        if any(link(model, value, "aws_iam_role").key == role.key for value in owners):
            arns.append((written(each, "policy_arn"), each.place("policy_arn")))
    for value, place in arns:
        policy = link(model, value, "aws_iam_policy").resource
        if policy is not None and policy.mode == "managed":
            documents.append((policy.raw("policy"), policy.place("policy")))
        elif isinstance(value, str) and not isinstance(value, Symbolic) and ":aws:policy/" in value:
            service = services().policies.get(str.__str__(value).rpartition("/")[2])
            if service:
                needs.service(service, f"its role {role.key} may call it", place)
        else:
            needs.doubt(f"what {role.key} may call: a policy of it is not in view")
    for value, place in documents:
        for action in _allowed(value, needs, role.key):
            for service in services().called_by(action):
                needs.service(service, f"its role {role.key} may call {action}", place)


def _allowed(value: Value, needs: _Needs, role: str) -> Iterator[str]:
    """The actions that a policy document allows, as they are written."""
    try:
        document = decode_json(value) if isinstance(value, str) else value
    except (Unknown, ValueError):
        document = None
    statements = reveal(document.get("Statement")) if isinstance(document, dict) else None
    if statements is None:
        needs.doubt(f"what {role} may call: a policy of it is not known")
        return
    for statement in map(reveal, statements if isinstance(statements, list) else [statements]):
        if not isinstance(statement, dict) or reveal(statement.get("Effect")) != "Allow":
            continue
        actions = reveal(statement.get("Action"))
        for action in actions if isinstance(actions, list) else [actions]:
            if isinstance(action, str) and not isinstance(action, Symbolic):
                yield str.__str__(action)


def _has_proxy(variables: Value) -> bool:
    return isinstance(variables, dict) and any(_PROXY.fullmatch(name) for name in variables)


# ECS


def _fargate(service: Resource) -> Iterator[Workload]:
    model = service.model
    task = link(model, written(service, "task_definition"), "aws_ecs_task_definition").resource
    if not _on_fargate(service, task):
        return
    needs = _Needs("fargate")
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
            proxy = proxy or (isinstance(name, str) and bool(_PROXY.fullmatch(str.__str__(name))))
    yield needs.of(service, proxy=proxy)


def _on_fargate(service: Resource, task: Resource | None) -> bool:
    launch = text(service, "launch_type")
    providers = [text(block, "capacity_provider") for block in blocks(service, "capacity_provider_strategy")]
    if launch or providers:
        return launch == "FARGATE" or any(name.startswith("FARGATE") for name in providers)
    return task is not None and [str(v) for v in values(task, "requires_compatibilities")] == ["FARGATE"]


def _containers(task: Resource, needs: _Needs) -> Iterator[dict[str, Value]]:
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


def _container(task: Resource, container: dict[str, Value], needs: _Needs) -> None:
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


def _secrets(value: Value, needs: _Needs, place: Place | None) -> None:
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


def _container_instances(model: Model) -> Iterator[Workload]:
    """Auto Scaling groups that are capacity of an ECS cluster, by their provider or their user data."""
    providers = {
        link(model, written(block, "auto_scaling_group_arn"), "aws_autoscaling_group").key
        for each in model.all("aws_ecs_capacity_provider")
        for block in blocks(each, "auto_scaling_group_provider")
    }
    for resource in model.all("aws_autoscaling_group"):
        template = _template(resource)
        if resource.address in providers or (template is not None and _CLUSTER_NAME.search(_user_data(template))):
            needs = _Needs("container-instance")
            needs.feature("always", "the ECS agent registers it with the cluster", resource.place())
            yield needs.of(resource)
    for resource in model.all("aws_instance"):
        if _CLUSTER_NAME.search(_user_data(resource)):
            needs = _Needs("container-instance")
            needs.feature("always", "the ECS agent registers it with the cluster", resource.place("user_data"))
            yield needs.of(resource)


def _template(group: Resource) -> Resource | None:
    for block in (group, *blocks(group, "mixed_instances_policy", "launch_template")):
        for path in ("launch_template", "launch_template_specification"):
            for inner in blocks(block, path):
                for name in ("id", "launch_template_id", "name", "launch_template_name"):
                    found = link(group.model, written(inner, name), "aws_launch_template").resource
                    if found is not None:
                        return found
    return link(group.model, written(group, "launch_configuration"), "aws_launch_configuration").resource


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


# EKS, sessions, builds


def _node(group: Resource) -> Workload:
    model = group.model
    needs = _Needs("node")
    needs.feature("always", "a node cannot join without", group.place())
    cluster = link(model, written(group, "cluster_name"), "aws_eks_cluster").resource
    if cluster is None:
        needs.doubt(f"the cluster of {group.address} is not in view")
        return needs.of(group)
    if flag(cluster, "vpc_config", "endpoint_private_access") == "no":
        place = cluster.place("vpc_config", "endpoint_private_access")
        needs.feature("public-api", f"{cluster.address} has only its public API endpoint", place)
    for provider in model.all("aws_iam_openid_connect_provider"):
        if any(ref.address == cluster.address for ref in provider.refs("url")):
            needs.feature("service-account-role", f"{provider.address} gives roles to its pods", provider.place())
    return needs.of(group)


def _sessions(model: Model) -> Iterator[Workload]:
    for resource in model.all("aws_instance"):
        yield from _session(resource, written(resource, "iam_instance_profile"))
    for resource in model.all("aws_autoscaling_group"):
        template = _template(resource)
        for path in (("iam_instance_profile", "name"), ("iam_instance_profile", "arn"), ("iam_instance_profile",)):
            if template is not None and isinstance(value := written(template, *path), str):
                yield from _session(resource, value)
                break


def _session(instance: Resource, named: Value) -> Iterator[Workload]:
    """Instances that are meant to be reached by Session Manager: the role of their profile carries its policy."""
    model = instance.model
    profile = link(model, named, "aws_iam_instance_profile").resource
    if profile is None:
        return
    role = link(model, written(profile, "role"), "aws_iam_role")
    names: list[tuple[Value, Place | None]] = []
    if role.resource is not None:
        place = role.resource.place("managed_policy_arns")
        names += [(value, place) for value in values(role.resource, "managed_policy_arns")]
    for each in model.all("aws_iam_role_policy_attachment"):
        if role and link(model, written(each, "role"), "aws_iam_role").key == role.key:
            names.append((written(each, "policy_arn"), each.place("policy_arn")))
    for value, place in names:
        if isinstance(value, str) and str.__str__(value).rpartition("/")[2] in _SESSION_POLICIES:
            needs = _Needs("session")
            needs.feature("always", f"{role.key} lets Session Manager manage it", place)
            yield needs.of(instance)
            return


def _build(project: Resource) -> Workload:
    needs = _Needs("build")
    if text(project, "logs_config", "cloudwatch_logs", "status") != "DISABLED":
        needs.feature("logs", "it logs to CloudWatch", project.place("logs_config"))
    for source in (*blocks(project, "source"), *blocks(project, "secondary_sources")):
        kind = text(source, "type")
        place = source.place("type")
        if kind == "CODECOMMIT":
            needs.feature("codecommit-source", "its source is in CodeCommit", place)
        elif kind in ("S3", "CODEPIPELINE"):
            needs.feature("s3-source", "its source comes from S3", place)
        elif kind.startswith(("GITHUB", "GITLAB", "BITBUCKET")):
            if kind in ("GITHUB", "GITLAB", "BITBUCKET"):
                needs.feature("external-source", f"its source is at {kind.capitalize()}", place)
            else:
                needs.doubt(f"where the {kind} of {project.address} is")
    for artifacts in blocks(project, "artifacts"):
        if text(artifacts, "type") in ("S3", "CODEPIPELINE"):
            needs.feature("artifacts", "its artifacts go to S3", artifacts.place("type"))
    return needs.of(project)
