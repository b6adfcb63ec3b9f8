"""Everything in a design that runs in a VPC and must reach services from there."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import Model, Place, Resource, Value, reveal
from guardrails.network.containers import container_instances, fargate_needs
from guardrails.network.functions import function_needs
from guardrails.network.needs import Needs, Workload, template_of
from guardrails.network.reading import blocks, flag, link, text, values, written

_SESSION_POLICIES = ("AmazonSSMManagedInstanceCore", "AmazonEC2RoleforSSM")


def workloads(model: Model) -> Iterator[Workload]:
    """Every workload of a design, by kind."""
    for resource in model.all("aws_lambda_function"):
        if written(resource, "vpc_config", "subnet_ids") not in (None, []):
            yield function_needs(resource)
    for resource in model.all("aws_ecs_service"):
        if any(blocks(resource, "network_configuration")):
            yield from fargate_needs(resource)
    yield from container_instances(model)
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
            needs = Needs("batch")
            needs.feature("container-instance", "its instances register with ECS", resource.place("compute_resources"))
            yield needs.of(resource)


def _managed(resource: Resource, kind: str) -> Workload:
    needs = Needs(kind)
    needs.feature("always", "it cannot work without", resource.place())
    if kind == "glue":
        properties = reveal(resource.raw("connection_properties"))
        if isinstance(properties, dict) and "SECRET_ID" in properties:
            needs.feature("secret", "its credentials are a secret", resource.place("connection_properties"))
    return needs.of(resource)


# EKS, sessions, builds


def _node(group: Resource) -> Workload:
    model = group.model
    needs = Needs("node")
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
        template = template_of(resource)
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
            needs = Needs("session")
            needs.feature("always", f"{role.key} lets Session Manager manage it", place)
            yield needs.of(instance)
            return


def _build(project: Resource) -> Workload:
    needs = Needs("build")
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
