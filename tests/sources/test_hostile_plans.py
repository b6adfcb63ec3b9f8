"""Plans and states that no Terraform wrote."""

import contextlib
import json
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guardrails.model import Model, Unknown
from guardrails.sources import read
from guardrails.sources.plan import read_plan

PLANS = Path(__file__).parents[2] / "fixtures" / "plans"
INPUTS = (
    "unknown/plan.json",
    "modules/plan.json",
    "changes/plan.json",
    "changes/state.json",
    "changes/terraform.tfstate",
)
ROUNDS = 40_000 if os.environ.get("GUARDRAILS_LONG") else 40

Json = Any  # anything at all is the point

VALUES: list[Json] = [
    None,
    True,
    1,
    -1.5,
    "x",
    "module.a[",
    [],
    {},
    [None],
    [[True]],
    {"a": True},
    {"references": ["a", "", "."]},
    {"references": ["var.x.y", "module.z[0].q.r[1]", "each.value", 'aws_x.y["a\\"b"].id', "module.m", "data.a"]},
    {"constant_value": {"b": 1}},
    "\ud800\U0010ffff",
]


def nodes(value: Json, parent: Json = None, key: Json = None) -> Iterator[tuple[Json, Json]]:
    """Every place of a document below its root."""
    if parent is not None:
        yield parent, key
    if isinstance(value, dict):
        for name, item in value.items():
            yield from nodes(item, value, name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from nodes(item, value, index)


def damaged(document: Json, rng: random.Random) -> Json:
    """A document with some of its values replaced, removed or added."""
    for _ in range(rng.randint(1, 5)):
        parent, key = rng.choice(list(nodes(document)))
        if rng.random() < 0.7:
            parent[key] = rng.choice(VALUES)
        elif isinstance(parent, dict):
            del parent[key]
        else:
            parent.append(rng.choice(VALUES))
    return document


def look_at_everything(model: Model) -> None:
    """Read all that a check could read."""
    for resource in [*model.all(), *(model.before.all() if model.before else ())]:
        for name in resource.values:
            resource.raw(name)
            resource.place(name, 0, "cidr_blocks")
        dict(resource.provider.config)
        with contextlib.suppress(Unknown):
            _ = resource.region
    assert all(problem.message for problem in model.problems)


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("source", [False, True], ids=["alone", "with its configuration"])
def test_damaged_documents_end_in_a_model(tmp_path: Path, name: str, source: bool) -> None:
    """Whatever values stand where Terraform's did, reading gives what can be read, and problems for the rest."""
    rng = random.Random(f"{name}{source}")  # noqa: S311  # any numbers do
    if source:
        shutil.copytree((PLANS / name).parent, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "damaged.json"
    text = (PLANS / name).read_text()

    for _ in range(ROUNDS):
        path.write_text(json.dumps(damaged(json.loads(text), rng)))
        (model,) = read([path])
        look_at_everything(model)


def test_a_cut_off_plan_is_a_problem_wherever_it_ends(tmp_path: Path) -> None:
    """A file that was not written to its end is never taken for a whole one."""
    data = (PLANS / "overrides" / "plan.json").read_bytes()
    path = tmp_path / "plan.json"

    for end in range(1, len(data) - 1, max(1, len(data) // 100)):
        path.write_bytes(data[:end])
        (model,) = read([path])
        assert len(model.problems) == 1
        assert list(model.all()) == []


def test_long_chains_of_modules_end(tmp_path: Path) -> None:
    """An output that is handed through very many modules is given up, not followed for ever."""
    module: Json = {"outputs": {"o": {"expression": {"references": ["var.v"]}}}}
    for _ in range(200):
        module = {
            "module_calls": {"m": {"module": module, "expressions": {"v": {"references": ["var.v"]}}}},
            "outputs": {"o": {"expression": {"references": ["module.m.o", "module.m"]}}},
        }
    change = {"actions": ["create"], "after": {}, "after_unknown": {"name": True}}
    queue = {"address": "aws_sqs_queue.q", "type": "aws_sqs_queue", "name": "q"}
    module["resources"] = [queue | {"mode": "managed", "expressions": {"name": {"references": ["module.m.o"]}}}]
    (tmp_path / "plan.json").write_text(
        json.dumps(
            {
                "format_version": "1.2",
                "resource_changes": [queue | {"change": change}],
                "configuration": {"root_module": module},
            }
        )
    )
    model = read_plan(tmp_path / "plan.json")

    look_at_everything(model)


def test_references_in_a_circle_end(tmp_path: Path) -> None:
    """Policy documents that are made of each other, and outputs of themselves, are unknown."""
    documents = [f"data.aws_iam_policy_document.{name}" for name in ("a", "b")]
    changes = [
        {
            "address": address,
            "type": "aws_iam_policy_document",
            "name": address[-1],
            "mode": "data",
            "change": {
                "actions": ["read"],
                "after": {"statement": []},
                "after_unknown": {"json": True, "source_policy_documents": [True], "policy": True},
            },
        }
        for address in documents
    ]
    blocks = [
        {
            "type": "aws_iam_policy_document",
            "name": address[-1],
            "mode": "data",
            "expressions": {
                "source_policy_documents": {"references": [f"{other}.json", other]},
                "policy": {"references": [f"{other}.json", other]},
                "json": {"references": ["module.m.o", "module.m"]},
            },
        }
        for address, other in zip(documents, reversed(documents), strict=True)
    ]
    call = {"module": {"outputs": {"o": {"expression": {"references": ["module.m.o"]}}}}}
    call["module"]["module_calls"] = {"m": json.loads(json.dumps(call))}
    (tmp_path / "plan.json").write_text(
        json.dumps(
            {
                "format_version": "1.2",
                "resource_changes": changes,
                "configuration": {"root_module": {"resources": blocks, "module_calls": {"m": call}}},
            }
        )
    )
    model = read_plan(tmp_path / "plan.json")

    look_at_everything(model)
