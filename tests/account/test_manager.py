"""Who manages a resource of an account."""

from __future__ import annotations

import pytest

from guardrails.account.manager import Manager, know_state, managed_by, manager
from guardrails.model import LiveLocation, Model, Origin, Resource, Resources, Unknown, UnknownValue, Value

ARN = "arn:aws:ec2:us-east-1:111122223333:volume/vol-1"


def volume(tags: Value = None, *, live: bool = True) -> Resource:
    """A disk, of an account or of a configuration."""
    place = LiveLocation(ARN) if live else None
    values: dict[str, Value] = {"id": "vol-1", "arn": ARN, "tags_all": tags}
    found = Resource("aws_ebs_volume", "vol-1", values, locate=lambda _: Origin(place))
    Model("111122223333", "account", Resources([found])).at(found.address)
    return found


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, None),
        ({"Name": "terraform"}, None),
        ({"aws:cloudformation:stack-name": "web"}, "the CloudFormation stack web"),
        ({"aws:autoscaling:groupName": "workers"}, "the Auto Scaling group workers"),
        ({"eks:cluster-name": "main"}, "the EKS cluster main"),
        ({"kubernetes.io/cluster/main": "owned"}, "the Kubernetes cluster main"),
        ({"kubernetes.io/cluster/main": "shared"}, None),
        ({"kubernetes.io/created-for/pvc/name": "data"}, "the Kubernetes volume claim data"),
        ({"ManagedBy": "Terraform"}, "Terraform, by its tag ManagedBy"),
        ({"managed-by": "hand"}, None),
    ],
)
def test_tags_tell(tags: dict[str, Value], expected: str | None) -> None:
    """AWS's own, those of Kubernetes, and what people write."""
    found = manager(volume(tags))
    assert (found and found.what) == expected


def test_a_state_tells() -> None:
    """What it manages has its address there, before what tags say."""
    [disk] = [volume({"aws:cloudformation:stack-name": "web"})]
    state = Model(
        "terraform.tfstate",
        "state",
        Resources([Resource("aws_ebs_volume", "data", {"id": "vol-1"}), Resource("aws_vpc", "main", {"id": "vpc-1"})]),
    )
    know_state(disk.model, managed_by(state))
    assert manager(disk) == Manager("Terraform, as aws_ebs_volume.data", "Remove it from the configuration and apply")


def test_unknown_tags_are_unknown() -> None:
    """Nobody is told to delete what somebody may manage."""
    with pytest.raises(Unknown, match=r"tags_all: AccessDenied: tag:GetResources"):
        manager(volume(UnknownValue("AccessDenied: tag:GetResources")))


def test_a_configuration_manages_its_own() -> None:
    """What stands in a file is changed there."""
    assert manager(volume({"aws:cloudformation:stack-name": "web"}, live=False)) is None


@pytest.mark.parametrize(
    ("type_", "name", "expected"),
    [
        ("aws_ami_copy", "ami-0a1b2c3d4e5f60718", True),
        ("aws_ebs_volume", "main", False),
        ("aws_default_vpc", "main", True),
    ],
)
def test_a_state_calls_things_by_other_names(type_: str, name: str, expected: bool) -> None:
    """AWS's own ids count whatever Terraform calls the type, names that people gave for their type alone."""
    live = Resource("aws_ami" if name.startswith("ami-") else "aws_vpc", name, {"id": name})
    account = Model("111122223333", "account", Resources([live]))
    account.at(live.address)
    know_state(account, managed_by(Model("s", "state", Resources([Resource(type_, "x", {"id": name})]))))

    assert (manager(live) is not None) is expected
