"""Type constraints of variables: `list(object({ name = string, port = optional(number, 80) }))` to a type."""

from __future__ import annotations

from guardrails.model import Value
from guardrails.sources.terraform.expression import Call, Literal, LocatedError, Node, Object, Reference, Tuple
from guardrails.sources.terraform.scope import Names, Scope
from guardrails.sources.terraform.types import EvaluationError, Type, convert

_PRIMITIVES = ("string", "number", "bool")


def constraint(node: Node) -> Type:
    """The type that a constraint names. Raises `EvaluationError`."""
    match node:
        case Reference(root=name, steps=[]) if name in _PRIMITIVES:
            return name
        case Reference(root="any", steps=[]):
            return "dynamic"
        case Reference(root="list" | "set" | "map" as kind, steps=[]) | Literal(value="list" | "map" as kind):
            return (str(kind), "dynamic")
        case Literal(value="string"):
            return "string"
        case Call(name="list" | "set" | "map" as kind, arguments=[element]):
            return (kind, constraint(element))
        case Call(name="tuple", arguments=[Tuple(items=items)]):
            return ("tuple", [constraint(item) for item in items])
        case Call(name="object", arguments=[Object(items=items)]):
            return _object(items)
        case _:
            raise LocatedError("not a type", node)


def _object(items: object) -> Type:
    attributes: dict[str, Type] = {}
    defaults: dict[str, Value] = {}
    if not isinstance(items, list):
        raise TypeError(items)
    for key, node in items:
        if not isinstance(key, Literal) or not isinstance(key.value, str):
            raise LocatedError("the name of an attribute must be a plain name", key)
        name = key.value
        match node:
            case Call(name="optional", arguments=[inner]):
                attributes[name] = constraint(inner)
                defaults[name] = None
            case Call(name="optional", arguments=[inner, default]):
                type_ = attributes[name] = constraint(inner)
                value = default.evaluate(Scope(Names()))
                try:
                    defaults[name] = convert(value, type_)
                except EvaluationError as error:
                    raise LocatedError(f"the default does not fit its type: {error}", default) from None
            case _:
                attributes[name] = constraint(node)
    return ("object", attributes, defaults) if defaults else ("object", attributes)
