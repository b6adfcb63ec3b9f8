"""Who made a resource of a live account and would make it again: the place where it has to be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from guardrails.model import LiveLocation, Model, Resource, Symbolic, Unknown, UnknownValue, reveal

_STATE = "account.managed"


@dataclass(frozen=True, slots=True)
class Manager:
    """What manages a resource."""

    what: str
    """Such as `the CloudFormation stack web`."""
    change: str
    """What to do there, as an imperative without a full stop."""


# By tag: who it is, and what to change. `{}` is the tag's value.
_TAGS = (
    ("aws:cloudformation:stack-name", "the CloudFormation stack {}", "Remove it from the stack's template"),
    ("aws:autoscaling:groupName", "the Auto Scaling group {}", "Change the group's size or launch template"),
    ("aws:eks:cluster-name", "the EKS cluster {}", "Change the cluster's node group"),
    ("eks:cluster-name", "the EKS cluster {}", "Change the cluster's node group"),
    ("elbv2.k8s.aws/cluster", "the EKS cluster {}", "Delete the Ingress or Service that it is for"),
    ("kubernetes.io/service-name", "the Kubernetes service {}", "Delete the service"),
    ("kubernetes.io/created-for/pvc/name", "the Kubernetes volume claim {}", "Delete the claim and its volume"),
    ("ebs.csi.aws.com/cluster", "a Kubernetes volume", "Delete its PersistentVolume"),
    ("aws:elasticmapreduce:job-flow-id", "the EMR cluster {}", "Terminate the cluster"),
    ("elasticbeanstalk:environment-name", "the Elastic Beanstalk environment {}", "Change the environment"),
    ("aws:ecs:clusterName", "the ECS cluster {}", "Change the service"),
    ("aws:backup:source-resource", "AWS Backup", "Change the lifecycle of the backup plan"),
    ("aws:dlm:lifecycle-policy-id", "the Data Lifecycle Manager policy {}", "Change the policy's retention"),
    ("aws:imagebuilder:ImageArn", "EC2 Image Builder", "Change the pipeline's lifecycle policy"),
)
_OWNED = "kubernetes.io/cluster/"
_TERRAFORM = frozenset({"managedby", "managed-by", "managed_by", "provisioner", "createdby", "tool"})


def manager(resource: Resource) -> Manager | None:
    """Who manages a resource of a live account: a known Terraform state, or what its tags say.

    Raises `Unknown` if its tags are not known.
    """
    if known := _managed(resource.model).get(_identity(resource)):
        return Manager(f"Terraform, as {known}", "Remove it from the configuration and apply")
    tags = _tags(resource)
    for key, what, change in _TAGS:
        if key in tags:
            return Manager(what.format(tags[key]), change)
    for key, value in tags.items():
        if key.startswith(_OWNED) and value == "owned":
            return Manager(f"the Kubernetes cluster {key.removeprefix(_OWNED)}", "Change it in the cluster")
        if key.lower() in _TERRAFORM and value.lower() in ("terraform", "opentofu"):
            return Manager(f"Terraform, by its tag {key}", "Remove it from the configuration and apply")
    return None


def know_state(account: Model, states: Mapping[str, str]) -> None:
    """Tell an account's model what Terraform manages: addresses by ARN or id."""
    account.cache[_STATE] = dict(states)


def managed_by(state: Model) -> dict[str, str]:
    """The addresses of what a state or plan manages, by ARN and by the ids that AWS gives."""
    found: dict[str, str] = {}
    for resource in (state.before or state).all():
        if resource.mode == "managed":
            for name in ("arn", "id"):
                value = reveal(resource.raw(name))
                if isinstance(value, str) and not isinstance(value, Symbolic | UnknownValue) and value:
                    found.setdefault(f"{resource.type}\0{str.__str__(value)}", resource.address)
    return found


def _managed(account: Model) -> Mapping[str, str]:
    known = account.cache.get(_STATE)
    return known if isinstance(known, dict) else {}


def _identity(resource: Resource) -> str:
    value = reveal(resource.raw("id"))
    return f"{resource.type}\0{value}" if isinstance(value, str) else ""


def _tags(resource: Resource) -> dict[str, str]:
    if not isinstance(resource.place(), LiveLocation):
        return {}
    value = reveal(resource.raw("tags_all"))
    if "tags_all" not in resource.values:
        return {}  # a type that has no tags
    if isinstance(value, UnknownValue):
        raise Unknown(f"{resource.address}: tags_all: {value.reason}", resource.place())
    return {key: str(reveal(item)) for key, item in value.items()} if isinstance(value, dict) else {}
