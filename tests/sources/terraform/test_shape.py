"""The shape in which a resource is shown, against the plans that Terraform recorded."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guardrails.model import Resource, plain
from guardrails.sources import read
from guardrails.sources.terraform.shape import as_planned

PLANS = Path(__file__).parents[3] / "fixtures" / "plans"
Json = Any  # what a recorded plan holds is data of the test


def resources(module: Json) -> Iterator[Json]:
    """Every resource of a module of `planned_values`."""
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from resources(child)


def leaves(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every value that is no collection, with its path."""
    match value:
        case dict():
            for name, item in value.items():
                yield from leaves(item, f"{path}.{name}")
        case list():
            for index, item in enumerate(value):
                yield from leaves(item, f"{path}[{index}]")
        case None:
            pass
        case _:
            yield path, value


def is_rewritten(path: str, value: Json) -> bool:
    """Whether the provider writes such a value its own way: JSON, protocols, user data."""
    return isinstance(value, str) and (value.lstrip()[:1] in {"{", "["} or path.endswith((".protocol", ".user_data")))


@pytest.mark.parametrize(
    "name",
    sorted(
        path.parent.name for path in PLANS.glob("*/plan.json") if path.parent.name not in {"changes", "data-sources"}
    ),
)
def test_values_stand_where_the_plan_has_them(name: str) -> None:
    """What both know is equal at the very same path, elements of sets among them."""
    (model,) = read([PLANS / name])
    plan = json.loads((PLANS / name / "plan.json").read_text())
    planned = {
        each["address"]: dict(leaves(each["values"])) for each in resources(plan["planned_values"]["root_module"])
    }

    wrong = [
        (address, path, value)
        for address, expected in planned.items()
        for path, value in _known(model.at(address))
        if not is_rewritten(path, value) and value != expected.get(path, value)
    ]

    assert wrong == []


def _known(resource: Resource | None) -> Iterator[tuple[str, Json]]:
    assert resource is not None
    return leaves(plain(as_planned(resource))[0])


def test_secrets_are_no_values() -> None:
    """A masked value would contradict the plan: it is listed with what is unknown."""
    (model,) = read([PLANS / "sensitive"])
    database = model.at("aws_db_instance.db")
    assert database is not None

    values, unknown = plain(as_planned(database))

    assert isinstance(values, dict)
    assert "password" not in values
    assert unknown["password"] == "(sensitive value)"
