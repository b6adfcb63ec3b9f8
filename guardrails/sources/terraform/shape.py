"""The shape in which a plan shows a resource: the nested blocks of a set stand in cty's order."""

from __future__ import annotations

from collections.abc import Mapping

from guardrails.model import Resource, Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.schema import CtyType, NestedBlock, TypeSchema, resource_schema
from guardrails.sources.terraform.values import ListValue, MapValue, set_order


def as_planned(resource: Resource) -> Mapping[str, Value]:
    """The values of a resource with the elements of its sets where a plan has them.

    What a block does not set counts as empty, as the provider leaves it.
    """
    schema = resource_schema(resource.type, resource.mode)
    return resource.values if schema is None else _object(resource.values, schema)


def _object(values: Mapping[str, Value], schema: TypeSchema) -> dict[str, Value]:
    made = dict(values)
    for name, block in schema.blocks.items():
        if name in made:
            made[name] = _blocks(made[name], block)
    for name, attribute in schema.attributes.items():
        match attribute.type:
            case ["set", ["object", Mapping() as fields]] if name in made:
                made[name] = _in_order(made[name], {each: _empty(type_) for each, type_ in fields.items()})
    return made


def _blocks(value: Value, block: NestedBlock) -> Value:
    match value:
        case dict():
            return _object(value, block.schema)
        case list():
            items = ListValue(_object(item, block.schema) if isinstance(item, dict) else item for item in value)
            if block.nesting != "set":
                return items
            schema = block.schema
            empty: dict[str, Value] = {name: _empty(each.type) for name, each in schema.attributes.items()}
            return _in_order(items, empty | {name: ListValue() for name in schema.blocks})
        case _:
            return value


def _in_order(value: Value, empty: Mapping[str, Value]) -> Value:
    if not isinstance(value, list) or any(isinstance(item, UnknownValue | Symbolic | Sensitive) for item in value):
        return value

    def order(item: Value) -> tuple[int, int, float | str]:
        if not isinstance(item, dict):
            return set_order(item)
        return set_order({**empty, **{name: each for name, each in item.items() if each is not None}})

    return ListValue(sorted(value, key=order))


def _empty(type_: CtyType) -> Value:
    match type_:
        case "string":
            return ""
        case "number":
            return 0
        case "bool":
            return False
        case ["list" | "set", _]:
            return ListValue()
        case _:
            return MapValue()
