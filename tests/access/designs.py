"""Small designs for tests, written as resources."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from guardrails.access.lens import Access
from guardrails.model import Location, Mode, Model, Origin, Path, Ref, Resource, Resources, Symbolic, Value

ACCOUNT = "111122223333"


def res(type: str, name: str, /, **values: Value) -> Resource:  # noqa: A002  # the field's own name
    """A resource whose values stand at `main.tf` on made-up lines."""

    def locate(path: Path) -> Origin:
        return Origin(Location(f"{type}.{name}", 1 + len(path)))

    mode: Mode = "data" if type.startswith("data.") else "managed"
    return Resource(type.removeprefix("data."), name, values, mode=mode, locate=locate)


def ref(address: str, attribute: str = "arn") -> Symbolic:
    """An attribute that is known after apply."""
    return Symbolic(Ref(address, attribute))


def doc(*statements: Mapping[str, object], version: str = "2012-10-17") -> str:
    """A policy document as JSON text."""
    return json.dumps({"Version": version, "Statement": list(statements)})


def allow(action: object, resource: object = "*", **more: object) -> dict[str, object]:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object, resource: object = "*", **more: object) -> dict[str, object]:
    """A Deny statement."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trust(principal: object, action: object = "sts:AssumeRole", **more: object) -> str:
    """A trust policy of one statement."""
    return doc({"Effect": "Allow", "Principal": principal, "Action": action, **more})


def service(name: str) -> str:
    """A trust policy for a service."""
    return trust({"Service": f"{name}.amazonaws.com"})


def role(name: str, trusted: str, *statements: Mapping[str, object], **values: Value) -> list[Resource]:
    """A role with one inline policy, if it has statements."""
    made = [res("aws_iam_role", name, name=name, assume_role_policy=trusted, **values)]
    if statements:
        made.append(res("aws_iam_role_policy", name, name=name, role=name, policy=doc(*statements)))
    return made


def user(name: str, *statements: Mapping[str, object], **values: Value) -> list[Resource]:
    """A user with one inline policy, if it has statements."""
    made = [res("aws_iam_user", name, name=name, **values)]
    if statements:
        made.append(res("aws_iam_user_policy", name, name=name, user=name, policy=doc(*statements)))
    return made


def model(*parts: Resource | Sequence[Resource], account: str = ACCOUNT) -> Model:
    """A configuration of these resources in a known account; an empty account: not known."""
    resources: list[Resource] = []
    for part in parts:
        resources.extend([part] if isinstance(part, Resource) else part)
    if account:
        resources.append(res("data.aws_caller_identity", "current", account_id=account))
    return Model("design", "configuration", Resources(resources))


def access(*parts: Resource | Sequence[Resource], account: str = ACCOUNT) -> Access:
    """The lens over such a model."""
    return Access.of(model(*parts, account=account))


def arn(kind: str, name: str, account: str = ACCOUNT) -> str:
    """An IAM ARN."""
    return f"arn:aws:iam::{account}:{kind}/{name}"
