"""Every removal speaks AWS's language: operations, parameters, waiters and expressions exist."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
import jmespath
import pytest
from botocore.validate import ParamValidator

from guardrails.cleanup.removals import _BUILDERS, removal
from guardrails.cleanup.steps import Ask, Do, Kept, Step, command, filled
from guardrails.model import LiveLocation, Model, Origin, Provider, Resource, Resources, Value

ARN = "arn:aws:x:us-east-1:111122223333:x/x"
EAST = Provider(config={"region": "us-east-1"})
VALUES: dict[str, Value] = {
    "id": ARN,
    "arn": ARN,
    "name": "x",
    "allocation_id": "eipalloc-1",
    "public_ip": "52.0.2.1",
    "volume_id": "vol-1",
    "vpc_id": "vpc-1",
    "subnet_id": "subnet-1",
    "availability_zone": "us-east-1a",
    "type": "gp3",
    "instance_type": "m5.large",
    "security_groups": ["sg-1"],
    "last_accessed_date": "2025-07-01T00:00:00Z",
    "load_balancer_arn": ARN,
    "load_balancer_arns": [ARN],
    "ingress": [{"protocol": "tcp", "from_port": 1, "to_port": 2, "security_groups": ["sg-2"]}],
    "egress": [{"protocol": "-1", "from_port": 0, "to_port": 0, "security_groups": ["sg-2"]}],
    "route_table_id": "x",
}
BESIDE = (
    "aws_lb_listener", "aws_lb_target_group", "aws_subnet", "aws_route_table", "aws_network_acl", "aws_security_group",
    "aws_internet_gateway", "aws_egress_only_internet_gateway", "aws_route_table_association",
)  # fmt: skip


def made(type_: str) -> tuple[Step, ...]:
    """The steps for something of a type that has all attributes."""
    place = Origin(LiveLocation(ARN))

    def thing(kind: str, name: str) -> Resource:
        return Resource(kind, name, VALUES, provider=EAST, locate=lambda _: place)

    beside = [thing(each, "x") for each in BESIDE if each != type_]
    model = Model("111122223333", "account", Resources([thing(type_, "vpc-1" if type_ == "aws_vpc" else "x"), *beside]))
    return removal(next(model.all(type_)), {"vpc-1"}).steps


@cache
def client(name: str) -> Any:
    """A client that is never asked."""
    session = botocore.session.Session()
    return session.create_client(name, "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.mark.parametrize("type_", ["aws_vpc", *_BUILDERS])
def test_a_removal(type_: str) -> None:
    """What is called exists and takes these parameters, what is asked compiles, and something is deleted at the end."""
    steps = made(type_)
    for step in steps:
        model = client(step.client).meta.service_model.operation_model(step.operation)
        params = filled(step.params, {"snapshot": "snap-1", "image": "ami-1"})
        assert not ParamValidator().validate(params, model.input_shape).has_errors()
        if isinstance(step, Do):
            kept = Kept(step.keep) if step.keep else None
            assert kept is None or step.query in model.output_shape.members
            if step.wait:
                waits = client(step.client).get_waiter(step.wait)
                shape = client(step.client).meta.service_model.operation_model(waits.config.operation).input_shape
                given = filled(step.wait_for, {"snapshot": "snap-1", "image": "ami-1"})
                assert not ParamValidator().validate(given, shape).has_errors()
        else:
            jmespath.compile(step.query)
            assert model.name.startswith("Describe")
        assert command(step, "us-east-1").startswith(f"aws {step.client} ")
    assert isinstance(steps[0], Ask)
    assert isinstance(steps[-1], Do)
    assert steps[-1].operation.startswith(("Delete", "Release", "Terminate", "Deregister", "ScheduleKeyDeletion"))


@pytest.mark.parametrize(
    ("type_", "operation"), [("aws_ebs_volume", "CreateSnapshot"), ("aws_instance", "CreateImage")]
)
def test_what_can_be_saved_is_saved_and_asked_about_again(type_: str, operation: str) -> None:
    """Between the save, which can take hours, and the removal, the precondition is read once more."""
    asked, saved, again, _ = made(type_)
    assert isinstance(saved, Do)
    assert saved.operation == operation
    assert saved.wait
    assert again == asked
