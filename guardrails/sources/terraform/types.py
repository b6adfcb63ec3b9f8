"""Terraform's types: what a value's type is, and how it converts to another.

A type is cty's JSON form as Python data, lists and tuples alike:

    "string" | "number" | "bool" | "dynamic"
    ("list", T) | ("set", T) | ("map", T) | ("tuple", [T, ...])
    ("object", {name: T}) | ("object", {name: T}, {optional_name: default or None})

A plain Python list is a Terraform tuple and a plain dict an object, as literals are. `convert` gives `ListValue`,
`SetValue` and `MapValue` where the type says so, which is what makes `var.list == []` false as it is in Terraform.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from guardrails.model import Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.number import OutOfRangeError, parse, to_string
from guardrails.sources.terraform.values import (
    EvaluationError,
    ListValue,
    MapValue,
    SetValue,
    equals,
    identity,
    is_known,
    unknown,
    unmark,
)

__all__ = [
    "EvaluationError",
    "ListValue",
    "MapValue",
    "SetValue",
    "Type",
    "convert",
    "equals",
    "friendly",
    "identity",
    "is_known",
    "to_string",
    "type_name",
    "type_of",
    "unify",
    "unify_values",
    "unknown",
    "unmark",
]

Type = str | Sequence["Type"] | Mapping[str, "Type | Value"] | Value

# Types of values, and the one type that several have in common


def type_of(value: Value) -> Type:
    """The type of a value as far as the value shows it; "dynamic" for null and unknown ones."""
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case Symbolic():
            return "dynamic" if value.ref else "string"
        case str():
            return "string"
        case Sensitive():
            return type_of(value.value)
        case SetValue():
            return ("set", _element_type(value))
        case ListValue():
            return ("list", _element_type(value))
        case MapValue():
            return ("map", _element_type(value.values()))
        case list():
            if any(isinstance(item, UnknownValue) and item.many for item in value):
                return ("list", _element_type(value))
            return ("tuple", [type_of(item) for item in value])
        case dict():
            return ("object", {key: type_of(item) for key, item in value.items()})
        case _:
            return "dynamic"


def _element_type(values: Iterable[Value]) -> Type:
    return _common(values) or "dynamic"


def _common(values: Iterable[Value]) -> Type | None:
    """The element type of a collection of these values, or None if there is none."""
    kinds = {type(value) for value in values}
    match kinds:
        case _ if kinds == {str}:
            return "string"
        case _ if kinds == {int}:
            return "number"
        case _ if kinds == {bool}:
            return "bool"
        case _:
            return unify([type_of(value) for value in values])


def unify(types: Sequence[Type]) -> Type | None:
    """The one type that all of these convert to, as for the elements of a list; None if there is none."""
    known = [each for each in types if each != "dynamic"]
    if not known:
        return "dynamic"
    first = known[0]
    if all(each == first for each in known[1:]):
        return first
    kinds = {each if isinstance(each, str) else _kind(each) for each in known}
    match kinds:
        case _ if kinds <= {"string", "number", "bool"}:
            return "string" if "string" in kinds else None
        case _ if kinds == {"object"}:
            return _unify_objects(known)
        case _ if kinds <= {"object", "map"}:
            return _as("map", [inner for each in known for inner in _elements(each)])
        case _ if kinds == {"tuple"}:
            return _unify_tuples(known)
        case _ if "set" in kinds and kinds <= {"set", "tuple"}:
            return _as("set", [inner for each in known for inner in _elements(each)])
        case _ if kinds <= {"tuple", "list", "set"}:
            return _as("list", [inner for each in known for inner in _elements(each)])
        case _:
            return None


def _as(kind: str, elements: Sequence[Type]) -> Type | None:
    element = unify(elements)
    return None if element is None else (kind, element)


def _kind(type_: Type) -> str:
    return str(type_[0]) if isinstance(type_, Sequence) else "dynamic"


def _elements(type_: Type) -> Sequence[Type]:
    match type_:
        case ["tuple", [*elements]]:
            return elements
        case ["object", Mapping() as attributes, *_]:
            return list(attributes.values())
        case [_, element]:
            return [element]
        case _:
            return []


def _unify_objects(types: Sequence[Type]) -> Type | None:
    shapes = [each[1] for each in types if isinstance(each, Sequence) and isinstance(each[1], Mapping)]
    names = shapes[0].keys()
    if all(shape.keys() == names for shape in shapes):
        unified = {name: unify([shape[name] for shape in shapes]) for name in names}
        if all(each is not None for each in unified.values()):
            return ("object", unified)
    return _as("map", [inner for shape in shapes for inner in shape.values()])


def _unify_tuples(types: Sequence[Type]) -> Type | None:
    shapes = [_elements(each) for each in types]
    if len({len(shape) for shape in shapes}) == 1:
        unified = [unify(column) for column in zip(*shapes, strict=True)]
        if all(each is not None for each in unified):
            return ("tuple", unified)
    return _as("list", [inner for shape in shapes for inner in shape])


def unify_values(values: Sequence[Value]) -> list[Value] | None:
    """The values, each in the type that they have in common (a conditional's two results), or None without one."""
    common = _common(values)
    return None if common is None else [convert(value, common) for value in values]


# Names


def friendly(type_: Type) -> str:
    """A type as Terraform's messages call it."""
    if isinstance(type_, str):
        return "any type" if type_ == "dynamic" else str(type_)
    match type_:
        case ["list" | "set" | "map" as kind, element]:
            return f"{kind} of {'any single type' if element == 'dynamic' else friendly(element)}"
        case ["tuple" | "object" as kind, *_]:
            return str(kind)
        case _:
            return "any type"


def type_name(value: Value) -> str:
    """The type of a value as Terraform's messages call it, such as `list of string`."""
    return friendly(type_of(value))


# Conversion


def convert(value: Value, type_: Type) -> Value:
    """The value in this type.

    Unknown parts stay unknown and sensitive ones sensitive; missing optional attributes get their defaults; null
    stays null. Raises `EvaluationError` where Terraform finds the value unsuitable.
    """
    if value is None or isinstance(value, UnknownValue) or type_ in ("dynamic", "any"):
        return value
    if isinstance(value, Sensitive):
        return Sensitive(convert(value.value, type_))
    if isinstance(value, Symbolic) and type_ != "string":
        if not isinstance(type_, str) and not value.ref:
            raise _mismatch(type_)
        return UnknownValue(value.reason, value.refs)
    match type_:
        case "string":
            return _to_text(value)
        case "number":
            return _to_number(value)
        case "bool":
            return _to_bool(value)
        case ["list", element]:
            if not isinstance(value, list):
                raise _mismatch(type_)
            return ListValue(_convert_all(value, element, "list"))
        case ["set", element]:
            if not isinstance(value, list):
                raise _mismatch(type_)
            items, marked = unmark(_convert_all(value, element, "set"))
            made = SetValue(items if isinstance(items, list) else [])
            return Sensitive(made) if marked else made
        case ["map", element]:
            return _to_map(value, element)
        case ["tuple", [*elements]]:
            return _to_tuple(value, elements)
        case ["object", Mapping() as attributes, *rest]:
            optional = rest[0] if rest else ()
            return _to_object(value, attributes, optional)
        case _:
            raise ValueError(f"not a type: {type_!r}")


def _mismatch(type_: Type) -> EvaluationError:
    return EvaluationError(f"{friendly(type_)} required")


def _to_text(value: Value) -> Value:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return to_string(value)
        case _:
            raise _mismatch("string")


def _to_number(value: Value) -> Value:
    match value:
        case bool():
            raise _mismatch("number")
        case int() | float():
            return value
        case str():
            try:
                return parse(str.__str__(value))
            except OutOfRangeError as error:
                return UnknownValue(str(error))
            except ValueError:
                raise EvaluationError("a number is required") from None
        case _:
            raise _mismatch("number")


def _to_bool(value: Value) -> Value:
    match value:
        case bool():
            return value
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case "True" | "TRUE":
            raise EvaluationError('a bool is required; to convert from string, use lowercase "true"')
        case "False" | "FALSE":
            raise EvaluationError('a bool is required; to convert from string, use lowercase "false"')
        case str():
            raise EvaluationError("a bool is required")
        case _:
            raise _mismatch("bool")


def _convert_all(values: list[Value], element: Type, kind: str) -> list[Value]:
    if element in ("dynamic", "any"):
        common = _common(values)
        if common is None:
            raise EvaluationError(f"all {kind} elements must have the same type")
        element = common
    converted: list[Value] = []
    for index, value in enumerate(values):
        try:
            converted.append(convert(value, element))
        except EvaluationError as error:
            raise EvaluationError(f"element {index}: {error}") from None
    return converted


def _to_map(value: Value, element: Type) -> Value:
    if not isinstance(value, dict):
        raise _mismatch(("map", element))
    if element in ("dynamic", "any"):
        common = _common(value.values())
        if common is None:
            raise EvaluationError("all map elements must have the same type")
        element = common
    made = MapValue()
    for key in sorted(value):
        try:
            made[key] = convert(value[key], element)
        except EvaluationError as error:
            raise EvaluationError(f'element "{key}": {error}') from None
    return made


def _to_tuple(value: Value, elements: Sequence[Type]) -> Value:
    if not isinstance(value, list):
        raise _mismatch(("tuple", elements))
    if any(isinstance(item, UnknownValue) and item.many for item in value):
        return unknown(value)
    if len(value) != len(elements):
        raise EvaluationError(f"tuple of {len(elements)} elements required, but there are {len(value)}")
    converted: list[Value] = []
    for index, (item, element) in enumerate(zip(value, elements, strict=True)):
        try:
            converted.append(convert(item, element))
        except EvaluationError as error:
            raise EvaluationError(f"element {index}: {error}") from None
    return converted


def _to_object(value: Value, attributes: Mapping[str, Type], optional: Type) -> Value:
    if not isinstance(value, dict):
        raise _mismatch(("object", attributes))
    defaults: Mapping[str, Value] = (
        optional  # type: ignore[assignment]  # a mapping here holds values, a sequence names
        if isinstance(optional, Mapping)
        else dict.fromkeys(str(name) for name in optional)
        if isinstance(optional, Sequence)
        else {}
    )
    missing = [name for name in sorted(attributes) if name not in value and name not in defaults]
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing[:-1])
        raise EvaluationError(
            f'attributes {listed} and "{missing[-1]}" are required'
            if listed
            else f'attribute "{missing[0]}" is required'
        )
    made: dict[str, Value] = {}
    for name, type_ in attributes.items():
        item = value.get(name)
        if item is None:
            item = defaults.get(name)
        try:
            made[name] = convert(item, type_)
        except EvaluationError as error:
            raise EvaluationError(f'attribute "{name}": {error}') from None
    return made
