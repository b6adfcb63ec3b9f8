"""The configuration, evaluated without Terraform, against what Terraform planned."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from guardrails.model import Model, Sensitive, Symbolic, Unknown, UnknownValue, Value, decode_json, reveal
from guardrails.sources import read
from guardrails.sources.terraform.schema import Attribute, NestedBlock, TypeSchema, resource_schema

PLANS = Path(__file__).parents[3] / "fixtures" / "plans"
CASES = sorted(path.parent.name for path in PLANS.glob("*/plan.json"))
NOT_OF_THE_CONFIGURATION = {"data-sources", "changes"}
"""Cases whose values come from data sources or from the state: the configuration alone does not determine them."""

Json = Any  # what a recorded plan holds is data of the test


@dataclass
class Outcome:
    """What a case gave: leaves that are equal, that the evaluator did not give, and that it gave otherwise."""

    reproduced: int = 0
    missing: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)

    def __iadd__(self, other: "Outcome") -> "Outcome":
        self.reproduced += other.reproduced
        self.missing += other.missing
        self.contradictions += other.contradictions
        return self


def resources(module: Json) -> Iterator[Json]:
    """Every resource of a module of `planned_values`."""
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from resources(child)


def blocks(module: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Every resource block of a module of `configuration`, with the names of the modules around it."""
    for block in module.get("resources", ()):
        yield path, block
    for name, call in module.get("module_calls", {}).items():
        yield from blocks(call["module"], (*path, name))


def leaves(value: Json) -> int:
    """How many values other than null there are."""
    if isinstance(value, dict | list):
        return sum(map(leaves, value.values() if isinstance(value, dict) else value))
    return value is not None


def same(type_: str, name: str, value: Value, expected: Json) -> bool:
    """Whether a known value is what Terraform planned, allowing for what the provider itself makes of it."""
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    if not isinstance(value, str) or not isinstance(expected, str):
        return isinstance(value, int | float) and float(value) == float(expected)
    value = str.__str__(value) if type(value) is str else "".join(value)  # a secret prints as its mask
    if value == expected:
        return True
    if value.lstrip()[:1] in {"{", "["}:  # the provider writes JSON its own way
        try:
            return bool(normal(json.loads(value)) == normal(json.loads(expected)))
        except ValueError:
            return False
    match type_, name:
        case "aws_instance", "user_data":  # kept as its hash
            return hashlib.sha1(value.encode()).hexdigest() == expected  # noqa: S324  # the provider's own
        case (("aws_security_group" | "aws_security_group_rule"), "protocol"):
            return {"6": "tcp", "17": "udp", "1": "icmp"}.get(value, value.lower()) == expected
        case _:
            return False


def normal(document: Json) -> Json:
    """JSON without what makes no difference to AWS: a list of one is that one, null or an empty list is nothing."""
    if isinstance(document, dict):
        return {key: normal(item) for key, item in document.items() if item not in (None, [])}
    if isinstance(document, list):
        items = [normal(item) for item in document]
        if all(isinstance(item, dict) and "name" in item for item in items):
            items.sort(key=lambda item: str(item["name"]))  # the containers of a task stand in the order of their names
        return items[0] if len(items) == 1 else items
    return document


def compare(  # noqa: PLR0917  # two values side by side, each with what describes it
    value: Value, expected: Json, unknown: Json, kind: object, written: Json, where: tuple[str, ...]
) -> Outcome:
    """Compare a value with the planned one. `kind` is its schema, `written` its expression in the configuration."""
    value = reveal(value)
    out = Outcome()
    path = "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in where[1:])
    if unknown is True or expected is None:
        known = value is not None and not isinstance(value, Symbolic | UnknownValue)
        if unknown is not True and known and leaves(value):  # a provider takes an empty collection for null
            out.contradictions.append(f"{path}: {value!r} where Terraform has null")
        return out
    if value is None and not expected and isinstance(kind, str):
        return out  # inside of an attribute's object that was written as a block, where null is "", false or 0
    if isinstance(value, UnknownValue) or value is None:
        if written is not None and not own(value, where):
            out.missing += [f"{path}: {getattr(value, 'reason', 'absent')}"] * leaves(expected)
        return out
    match expected:
        case dict():
            if not isinstance(value, Mapping):
                out.contradictions.append(f"{path}: not an object")
                return out
            for name, item in expected.items():
                below = unknown.get(name) if isinstance(unknown, dict) else None
                out += compare(value.get(name), item, below, part(kind, name), under(written, name), (*where, name))
        case list():
            if not isinstance(value, list):
                out.contradictions.append(f"{path}: not a list")
                return out
            if any(isinstance(item, UnknownValue) and item.many for item in value):
                out.missing += [f"{path}: of unknown length"] * leaves(expected)
                return out
            if len(value) != len(expected):
                out.contradictions.append(f"{path}: {len(value)} elements where Terraform has {len(expected)}")
                return out
            masks = unknown if isinstance(unknown, list) else [None] * len(expected)
            free = list(range(len(value)))
            for index, item in enumerate(expected):
                options = free if unordered(kind) else [index]
                tried = [
                    (compare(value[j], item, masks[index], part(kind, None), written, (*where, str(index))), j)
                    for j in options
                ]
                best, taken = min(tried, key=lambda t: (len(t[0].contradictions), -t[0].reproduced))
                free.remove(taken)
                out += best
        case _:
            if isinstance(value, Symbolic):
                if own(value, where):
                    return out
                if value.may_equal(str(expected)) or expected[:1] in {"{", "["}:
                    out.missing.append(f"{path}: {value.reason}")
                else:
                    out.contradictions.append(f"{path}: {value!r} where Terraform has {expected!r}")
            elif same(where[0], where[-1], value, expected):
                out.reproduced += 1
            else:
                out.contradictions.append(f"{path}: {value!r} where Terraform has {expected!r}")
    return out


def own(value: Value, where: tuple[str, ...]) -> bool:
    """Whether a value is said to be the provider's: the resource's own attribute, which the configuration leaves."""
    refs = value.refs if isinstance(value, Symbolic | UnknownValue) else ()
    return bool(refs) and all(ref.attribute.endswith(".".join(where[1:])) for ref in refs)


def part(kind: object, name: str | None) -> object:
    """The schema of an attribute of an object or block, or of an element of a collection."""
    match kind:
        case TypeSchema() if name is not None:
            return kind.attributes.get(name) or kind.blocks.get(name)
        case NestedBlock():
            return part(kind.schema, name) if name is not None else kind.schema
        case Attribute():
            return part(kind.type, name)
        case ("object", Mapping() as fields):
            return fields.get(name)
        case ("list" | "set" | "map", inner):
            return inner
        case _:
            return None


def unordered(kind: object) -> bool:
    """Whether it is a set."""
    match kind:
        case NestedBlock():
            return kind.nesting == "set"
        case Attribute():
            return unordered(kind.type)
        case ("set", _):
            return True
        case _:
            return False


def under(written: Json, name: str) -> Json:
    """The expression of a part of a block, or what stands for it."""
    if isinstance(written, list):
        found = [under(item, name) for item in written]
        return next((item for item in found if item is not None), None)
    if isinstance(written, dict):
        return written if "references" in written or "constant_value" in written else written.get(name)
    return None


@cache
def evaluated(case: str) -> Model:
    """The model of a case's configuration."""
    (model,) = [m for m in read([PLANS / case]) if Path(m.name).name == case]
    return model


@cache
def outcome(case: str) -> Outcome:
    """The comparison of a whole case."""
    plan = json.loads((PLANS / case / "plan.json").read_text())
    model = evaluated(case)
    out = Outcome()
    unknown = {c["address"]: c["change"]["after_unknown"] for c in plan["resource_changes"] if not c.get("deposed")}
    written = {
        (path, block["mode"], block["type"], block["name"]): block.get("expressions", {})
        for path, block in blocks(plan["configuration"]["root_module"])
    }
    for expected in resources(plan["planned_values"]["root_module"]):
        address, type_ = expected["address"], expected["type"]
        if "values" not in expected:
            continue  # one that Terraform is to forget
        found = model.at(address)
        if found is None or found.address != address:
            out.contradictions.append(f"{address}: is not in the model")
            continue
        schema = resource_schema(type_, expected["mode"])
        expressions = written[module_names(address), expected["mode"], type_, expected["name"]]
        for name, value in expected["values"].items():
            kind = part(schema, name)
            in_dynamic_block = isinstance(kind, NestedBlock) or unordered(kind)  # the plan shows no dynamic blocks
            if name not in expressions and not (in_dynamic_block and leaves(value)):
                continue
            mask = unknown.get(address, {}).get(name)
            result = compare(found.raw(name), value, mask, kind, expressions.get(name), (type_, name))
            out.reproduced += result.reproduced
            out.missing += [f"{address}{item}" for item in result.missing]
            out.contradictions += [f"{address}{item}" for item in result.contradictions]
    planned = {r["address"] for r in resources(plan["planned_values"]["root_module"])}
    for resource in model.all():
        if resource.mode == "managed" and not resource.conditional and resource.address not in planned:
            out.contradictions.append(f"{resource.address}: is not in the plan")
    return out


def module_names(address: str) -> tuple[str, ...]:
    """The names of the modules that an address stands in, without their keys."""
    names, rest = [], address
    while rest.startswith("module."):
        name = rest[7:]
        at = min((name.find(c) for c in ".[" if c in name), default=len(name))
        names.append(name[:at])
        rest = name[at:]
        if rest.startswith('["'):
            rest = rest[rest.index('"]') + 2 :]
        elif rest.startswith("["):
            rest = rest[rest.index("]") + 1 :]
        rest = rest.removeprefix(".")
    return tuple(names)


@pytest.mark.parametrize("case", CASES)
def test_no_value_contradicts_the_plan(case: str) -> None:
    """The evaluated configuration says nothing that Terraform does not."""
    assert outcome(case).contradictions == []


@pytest.mark.parametrize("case", CASES)
def test_nothing_went_wrong(case: str) -> None:
    """What Terraform accepts is read without a complaint."""
    outcome(case)

    assert [problem.message for problem in evaluated(case).problems] == []


def test_the_configuration_alone_gives_nearly_all_values(record_property: Any) -> None:  # pytest has no type for it
    """At least 98 % of the values that the configuration determines are what Terraform planned."""
    cases = {case: outcome(case) for case in CASES if case not in NOT_OF_THE_CONFIGURATION}
    reproduced = sum(found.reproduced for found in cases.values())
    missing = Counter(item for found in cases.values() for item in found.missing)
    share = reproduced / (reproduced + missing.total())

    figure = f"{reproduced} of {reproduced + missing.total()} values reproduced: {share:.2%}"
    print(figure)
    record_property("reproduced", figure)
    assert share >= 0.98, "\n".join([figure, *missing])


@pytest.mark.parametrize("case", CASES)
def test_what_terraform_hides_is_hidden(case: str) -> None:
    """A value that the plan marks as sensitive carries the mark, or is not known."""
    plan = json.loads((PLANS / case / "plan.json").read_text())

    for resource in resources(plan["planned_values"]["root_module"]):
        found = evaluated(case).at(resource["address"])
        for path in masked(resource.get("sensitive_values")):
            value = found.raw(*path) if found else None
            assert value is None or hides(value), (resource["address"], path)


def hides(value: Value) -> bool:
    """Whether a value, or a part of it, is marked; Terraform marks a whole set for a part of it."""
    match value:
        case Sensitive() | UnknownValue():
            return True
        case list():
            return any(map(hides, value))
        case dict():
            return any(map(hides, value.values()))
        case _:
            return False


def masked(mask: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths at which a mask holds."""
    match mask:
        case True:
            yield path
        case dict():
            for name, item in mask.items():
                yield from masked(item, (*path, name))
        case list():
            for index, item in enumerate(mask):
                yield from masked(item, (*path, index))


def test_policy_documents_read_alike() -> None:
    """A policy that the configuration builds can be decoded, holes and all."""
    policy = evaluated("unknown").at("aws_iam_policy.built")
    assert policy is not None

    try:
        document = decode_json(policy.text("policy"))
    except Unknown as unknown:
        pytest.fail(f"nothing is known of the policy: {unknown.reason}")

    assert isinstance(document, dict)
    assert document["Version"] == "2012-10-17"
