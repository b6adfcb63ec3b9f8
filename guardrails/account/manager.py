"""Who made a resource of a live account and would make it again: the place where it has to be changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from guardrails.model import LiveLocation, Model, Resource, Symbolic, Unknown, UnknownValue, reveal

_STATE = "account.managed"


class Manager(Struct, frozen=True):
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
# Terraform's further names of a type, of which an account has one.
_SAME = {"aws_alb": "aws_lb", "aws_alb_target_group": "aws_lb_target_group", "aws_alb_listener": "aws_lb_listener"}
_GIVEN = re.compile(r"-[0-9a-f]{8}(?:[0-9a-f]{9})?$")
_OWNED = "kubernetes.io/cluster/"
_TERRAFORM = frozenset({"managedby", "managed-by", "managed_by", "provisioner", "createdby", "tool"})


def manager(resource: Resource) -> Manager | None:
    """Who manages a resource of a live account: a known Terraform state, or what its tags say.

    Raises `Unknown` if its tags are not known.
    """
    if known := _managed(resource):
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
    """Tell an account's model what Terraform manages, as `managed_by` gives it."""
    account.cache[_STATE] = dict(states)


def managed_by(state: Model) -> dict[str, str]:
    """The addresses of what a state, or the state before a plan, manages, by what AWS calls it."""
    found: dict[str, str] = {}
    for resource in (state.before or state).all():
        if resource.mode == "managed":
            for key in _keys(resource):
                found.setdefault(key, resource.address)
    return found


def _managed(resource: Resource) -> str:
    known = resource.model.cache.get(_STATE)
    if not isinstance(known, dict):
        return ""
    return next((known[key] for key in _keys(resource) if key in known), "")


def _keys(resource: Resource) -> Iterator[str]:
    """Its ARN and the id that AWS gave, whatever its type is called; a name that people gave counts for its type."""
    type_ = _SAME.get(resource.type, resource.type).replace("aws_default_", "aws_")
    for attribute in ("arn", "id"):
        value = reveal(resource.raw(attribute))
        if isinstance(value, str) and not isinstance(value, Symbolic) and value:
            text = str.__str__(value)
            yield text if text.startswith("arn:") or _GIVEN.search(text) else f"{type_}\0{text}"


def _tags(resource: Resource) -> dict[str, str]:
    if not isinstance(resource.place(), LiveLocation):
        return {}
    value = reveal(resource.raw("tags_all"))
    if "tags_all" not in resource.values:
        return {}  # a type that has no tags
    if isinstance(value, UnknownValue):
        raise Unknown(f"{resource.address}: tags_all: {value.reason}", resource.place())
    return {key: str(reveal(item)) for key, item in value.items()} if isinstance(value, dict) else {}
