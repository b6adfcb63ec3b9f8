"""Answers made from AWS's own description of its API, for reading everything that a collector may meet."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*",'
    '"Principal":{"Service":"s3.amazonaws.com"}}]}'
)
ACCOUNT = "123456789012"
_PAGING = ("NextToken", "nextToken", "Marker", "NextMarker", "nextMarker", "IsTruncated", "ContinuationToken")
_DEPTH = 12


class Documented(dict[str, Any]):
    """An object of an answer, which remembers being asked for what AWS does not document."""

    def __init__(self, shape: Shape, values: dict[str, Any], wrong: set[str]) -> None:
        super().__init__(values)
        self._shape = shape
        self._wrong = wrong

    def _ask(self, key: object) -> None:
        if key not in _PAGING and key not in self._shape.members:  # type: ignore[attr-defined]  # it is a structure
            self._wrong.add(f"{self._shape.name}.{key}")

    def __getitem__(self, key: str) -> Any:
        self._ask(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """As of a dictionary."""
        self._ask(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._ask(key)
        return super().__contains__(key)


class DocumentedAws:
    """In place of a `Session`: every call is answered, with every member that AWS documents."""

    def __init__(self, variant: int) -> None:
        self.wrong: set[str] = set()
        """Members that were asked for and are not documented, and parameters that are not valid."""
        self._variant = variant
        self._asked: set[str] = set()
        self._loader = Loader()
        self._models: dict[str, ServiceModel] = {}

    def client(self, name: str, region: str, rate: float) -> Any:
        """See `Session.client`."""
        if name not in self._models:
            self._models[name] = ServiceModel(self._loader.load_service_model(name, "service-2"), name)
        model = self._models[name]
        client: Any = SimpleNamespace(meta=SimpleNamespace(service_model=model), can_paginate=lambda _: False)
        for operation in model.operation_names:
            setattr(client, xform_name(operation), self._method(model, operation))
        return client

    def reachable(self, region: str, answered: bool) -> None:
        """See `Session.reachable`."""

    def is_dead(self, region: str) -> bool:
        """See `Session.is_dead`."""
        return False

    def partition(self, region: str) -> str:
        """See `Session.partition`."""
        return "aws"

    def _method(self, model: ServiceModel, operation: str) -> Any:
        def call(**params: Any) -> Any:
            described = model.operation_model(operation)
            if described.input_shape is not None:
                report = ParamValidator().validate(params, described.input_shape)
                if report.has_errors():
                    self.wrong.add(f"{operation}: {report.generate_report()}")
            if operation == "ListOrganizationalUnitsForParent" and operation in self._asked:
                return {"OrganizationalUnits": []}  # an end to the tree
            self._asked.add(operation)
            return self._value("", described.output_shape, ()) if described.output_shape else {}

        return call

    def _value(self, name: str, shape: Shape, above: tuple[str, ...]) -> Any:
        match shape.type_name:
            case "structure":
                members = {
                    member: self._value(member, inner, (*above, shape.name))
                    for member, inner in shape.members.items()  # type: ignore[attr-defined]  # it is a structure
                    if member not in _PAGING
                    and above.count(inner.name) < 1
                    and len(above) < _DEPTH
                    and not (member == "DBClusterIdentifier" and shape.name == "DBInstance" and self._variant > 2)
                }
                return Documented(shape, members, self.wrong)
            case "list":
                inner = shape.member  # type: ignore[attr-defined]  # it is a list
                return [] if above.count(inner.name) else [self._value(name, inner, above)]
            case "map":
                return {"key": self._value(name, shape.value, above)}  # type: ignore[attr-defined]  # it is a map
            case "boolean":
                return name == "IsDefaultVersion" or self._variant % 2 == 0
            case "integer" | "long":
                return 1
            case "float" | "double" | "bigdecimal":
                return 1.5
            case "timestamp":
                return datetime(2026, 11, 24, 8, tzinfo=UTC)
            case "blob":
                return b"user,arn\nalice,arn:aws:iam::123456789012:user/alice\n"
            case _:
                return self._text(name, shape)

    def _text(self, name: str, shape: Shape) -> str:
        if name == "Engine":
            return ("postgres", "docdb", "neptune")[self._variant % 3]
        choices = getattr(shape, "enum", None)
        if choices and "COMPLETE" in choices:
            return "COMPLETE"  # of a report that is waited for
        if choices:
            return str(choices[self._variant % len(choices)])
        return next((text for part, text in _TEXTS if part in name), f"{name.lower()}-1")


_TEXTS = (
    ("PolicyName", "policy-1"),
    ("PolicyArn", "arn:aws:iam::123456789012:policy/thing"),
    ("PolicyId", "p-1"),
    ("LaunchTemplateId", "lt-1"),
    ("Policy", POLICY),
    ("policyDocument", POLICY),
    ("policyText", POLICY),
    ("PolicyText", POLICY),
    ("Document", POLICY),
    ("ARN", "arn:aws:rds:us-east-1:123456789012:thing/a/b"),
    ("Arn", "arn:aws:rds:us-east-1:123456789012:thing/a/b:1"),
    ("arn", "arn:aws:ecs:us-east-1:123456789012:thing/a/b"),
    ("Priority", "1"),
    ("OwnerId", ACCOUNT),
    ("MasterAccountId", ACCOUNT),
    ("AccessKeyId", "AKIAIOSFODNN7EXAMPLE"),
    ("HomeRegion", "us-east-1"),
    ("CidrBlock", "10.0.0.0/16"),
)
