"""Designs for tests, written as Terraform values."""

from __future__ import annotations

from collections.abc import Mapping

from guardrails.model import Kind, Model, Ref, Resource, Resources, Symbolic, Value


def ref(address: str, attribute: str = "id") -> Symbolic:
    """An attribute that is known after apply."""
    return Symbolic(Ref(address, attribute))


def resource(address: str, values: Mapping[str, Value], conditional: str = "") -> Resource:
    """A resource by its address (`aws_vpc.main`, `data.aws_vpc.main`, `aws_vpc.main[0]`)."""
    steps = address.split("[", maxsplit=1)[0].split(".")
    data = steps[0] == "data"
    type_, name = steps[-2:]
    return Resource(
        type_, name, dict(values), address=address, mode="data" if data else "managed", conditional=conditional
    )


def model(resources: Mapping[str, Mapping[str, Value]], *more: Resource, kind: Kind = "configuration") -> Model:
    """A design from values by address."""
    return Model("test", kind, Resources([*(resource(a, v) for a, v in resources.items()), *more]))
