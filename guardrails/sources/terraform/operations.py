"""What operators, indexes and templates do with values: unknown ones, symbolic ones and sensitive ones included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from guardrails.model import Ref, Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.lazy import Computed, Lazy, Partial, force, inside
from guardrails.sources.terraform.number import calculate
from guardrails.sources.terraform.types import (
    EvaluationError,
    ListValue,
    MapValue,
    SetValue,
    convert,
    equals,
    is_known,
    to_string,
    type_name,
    unify_values,
    unknown,
    unmark,
)

TEXT_LIMIT = 4_000_000
"""Characters of one string that are put together."""


def mark(value: Value) -> Value:
    """The value as a sensitive one."""
    return value if isinstance(value, UnknownValue | Sensitive) else Sensitive(value)


# Operators


def unary(operator: str, value: Value) -> Value:
    """`-` or `!`."""
    if isinstance(value, Sensitive):
        return mark(unary(operator, value.value))
    if operator == "!":
        flag = convert(value, "bool")
        if flag is None:
            raise EvaluationError("the operand of ! must not be null")
        return flag if isinstance(flag, UnknownValue) else not flag
    number = convert(value, "number")
    if number is None:
        raise EvaluationError("the operand of - must not be null")
    return -number if isinstance(number, int | float) else number


def binary(operator: str, left: Value, right: Value) -> Value:
    """Any operator with two operands."""
    if isinstance(left, str | int | None) and isinstance(right, str | int | None):
        return _binary(operator, left, right)
    plain_left, marked_left = unmark(left)
    plain_right, marked_right = unmark(right)
    result = _binary(operator, plain_left, plain_right)
    return mark(result) if marked_left or marked_right else result


def _binary(operator: str, left: Value, right: Value) -> Value:
    match operator:
        case "==":
            return equals(left, right)
        case "!=":
            same = equals(left, right)
            return not same if isinstance(same, bool) else same
        case "&&" | "||":
            return _logical(operator, left, right)
        case _:
            return _arithmetic(operator, left, right)


def _logical(operator: str, left: Value, right: Value) -> Value:
    # Terraform calls `false && unknown` unknown; that it will be false is as true, and says more.
    first, second = convert(left, "bool"), convert(right, "bool")
    if first is None or second is None:
        raise EvaluationError(f"the operands of {operator} must not be null")
    decisive = operator == "||"
    if first is decisive or second is decisive:
        return decisive
    return unknown(first, second) or (not decisive)


def _arithmetic(operator: str, left: Value, right: Value) -> Value:
    first, second = convert(left, "number"), convert(right, "number")
    if first is None or second is None:
        raise EvaluationError(f"the operands of {operator} must not be null")
    if not isinstance(first, int | float) or not isinstance(second, int | float):
        return unknown(first, second)
    match operator:
        case "<":
            return first < second
        case ">":
            return first > second
        case "<=":
            return first <= second
        case ">=":
            return first >= second
        case _:
            try:
                return calculate(operator, first, second)
            except ValueError as error:
                raise EvaluationError(str(error)) from None


def choose(condition: Value, yes: Value, no: Value | None, *, known_other: bool = True) -> Value:
    """`condition ? yes : no`; with `known_other` False the arm that is not taken failed and has no say in the type."""
    if isinstance(condition, Sensitive):
        return mark(choose(condition.value, yes, no, known_other=known_other))
    flag = convert(condition, "bool")
    if flag is None:
        raise EvaluationError("the condition of a conditional expression must not be null")
    if isinstance(flag, UnknownValue):
        if is_known(yes) and is_known(no) and equals(yes, no) is True:
            return yes
        return unknown(flag, yes, no)
    taken, other = (yes, no) if flag else (no, yes)
    if not known_other or taken is None or isinstance(taken, UnknownValue):
        return taken
    if other is None or isinstance(other, UnknownValue) or (type(taken) is type(other) and _is_primitive(taken)):
        return taken
    both = unify_values([taken, other])
    if both is None:
        if isinstance(taken, Symbolic) or isinstance(other, Symbolic):
            return taken
        raise EvaluationError(
            f"the results of a conditional must have consistent types: {type_name(yes)} and {type_name(no)}"
        )
    return both[0]


def _is_primitive(value: Value) -> bool:
    return isinstance(value, str | int | float)


# Templates


def concatenate(pieces: Iterable[Value]) -> Value:
    """The pieces of a template as one string."""
    parts: list[str | UnknownValue] = []
    marked, whole = False, True
    length = 0
    for piece in pieces:
        value = piece
        while isinstance(value, Sensitive):
            marked, value = True, value.value
        if type(value) is str:
            text = value
        elif isinstance(value, Symbolic | UnknownValue):
            whole = False
            parts.append(value)
            # Each hole costs far more than a character.
            length += 500 * (len(value.parts) if isinstance(value, Symbolic) else 1)
            if length > TEXT_LIMIT:
                break
            continue
        elif isinstance(value, str):
            text = value
        elif isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, int | float):
            text = to_string(value)
        elif value is None:
            raise EvaluationError("the expression result is null, and a string template cannot include null")
        else:
            raise EvaluationError(f"a string template cannot include {type_name(value)}")
        parts.append(text)
        length += len(text)
        if length > TEXT_LIMIT:
            break
    if length > TEXT_LIMIT:
        raise EvaluationError("a string of so many parts is not put together")
    result: Value = "".join(part for part in parts if isinstance(part, str)) if whole else Symbolic(*parts)
    return Sensitive(result) if marked else result


# Attributes, indexes, elements


def attribute(value: Partial, name: str) -> Partial:
    """What `.name` gives."""
    match value:
        case Lazy():
            return value.attribute(name)
        case dict():
            if name in value:
                return value[name]
            if isinstance(value, MapValue):
                raise EvaluationError(f'the map has no element with the key "{name}"')
            raise EvaluationError(f'the object has no attribute named "{name}"')
        case Sensitive():
            return mark(force(attribute(value.value, name)))
        case Computed() if value.refs:
            return inside(value, name)
        case UnknownValue():
            return value
        case Symbolic() if (ref := value.ref) is not None:
            return Symbolic(Ref(ref.address, f"{ref.attribute}.{name}"))
        case None:
            raise EvaluationError(f'"{name}" is asked of a null value, which has no attributes')
        case _:
            raise EvaluationError(f'"{name}" is asked of {type_name(force(value))}, which has no attributes')


def index(value: Partial, key: Value) -> Partial:
    """What `[key]` gives."""
    if isinstance(key, Sensitive):
        try:
            return mark(force(index(value, key.value)))
        except EvaluationError:
            raise EvaluationError("there is no element with this key, which is sensitive") from None
    if key is None and not isinstance(value, UnknownValue):
        raise EvaluationError("an index must not be null")
    match value:
        case Lazy():
            return value.element(key)
        case Sensitive():
            return mark(force(index(value.value, key)))
        case Computed() if value.refs and isinstance(key, str | int) and not isinstance(key, Symbolic):
            return inside(value, key)
        case UnknownValue():
            return value
        case SetValue():
            raise EvaluationError("elements of a set have no index")
        case list():
            return _list_index(value, key)
        case dict():
            name = convert(key, "string")
            if not isinstance(name, str) or isinstance(name, Symbolic):
                return unknown(name, value)
            if name not in value:
                raise EvaluationError(f'there is no element with the key "{name}"')
            return value[name]
        case Symbolic() if (ref := value.ref) is not None and isinstance(key, str | int):
            return Symbolic(Ref(ref.address, f"{ref.attribute}.{key}"))
        case None:
            raise EvaluationError("a null value has no elements")
        case _:
            raise EvaluationError(f"{type_name(force(value))} has no elements")


def _list_index(value: list[Value], key: Value) -> Value:
    number = convert(key, "number")
    if not isinstance(number, int | float):
        return unknown(number, value)
    if not isinstance(number, int) or number < 0:
        raise EvaluationError("an index must be a whole number that is not negative")
    for item in value[: number + 1]:
        if isinstance(item, UnknownValue) and item.many:
            return UnknownValue(item.reason, item.refs)
    if number >= len(value):
        raise EvaluationError(f"there is no element {number}: the list has {len(value)}")
    return value[number]


def elements(value: Partial) -> Iterator[tuple[Value, Partial]] | UnknownValue:
    """Key and value of each element of a collection, in the order in which Terraform goes through them.

    An element that stands for zero or more others has an unknown key, and is itself an `UnknownValue` with `many`.
    """
    match value:
        case Lazy():
            found = value.elements()
            return elements(value.force()) if found is None else iter(found)
        case Symbolic():
            return UnknownValue(value.reason, value.refs)
        case UnknownValue():
            return value
        case SetValue():
            return ((item, item) for item in value)
        case list():
            return _list_elements(value)
        case dict():
            return ((key, value[key]) for key in sorted(value))
        case None:
            raise EvaluationError("a null value has no elements to go through")
        case _:
            raise EvaluationError(f"{type_name(force(value))} has no elements to go through")


def _list_elements(value: Sequence[Value]) -> Iterator[tuple[Value, Partial]]:
    doubt: UnknownValue | None = None
    for number, item in enumerate(value):
        if isinstance(item, UnknownValue) and item.many:
            doubt = doubt or UnknownValue(item.reason, item.refs)
        yield (number if doubt is None else doubt), item


def splat_elements(value: Partial) -> list[Partial] | UnknownValue:
    """What a splat goes through: null is nothing, and what is no list is the one element."""
    match value:
        case None:
            return []
        case Lazy():
            found = value.items()
            return [value] if found is None else found
        case list():
            return list(value)
        case Computed() if value.refs and value.type != "dynamic":
            match value.type:
                case ["list" | "set", _]:
                    return [UnknownValue(value.reason, tuple(refs(inside(value, "*"))), many=True)]
                case _:
                    return [value]
        case UnknownValue():
            return value
        case Symbolic():
            return UnknownValue(value.reason, value.refs)
        case _:
            return [value]


def refs(value: Value) -> Sequence[Ref]:
    """What an unknown or symbolic value refers to."""
    return value.refs if isinstance(value, UnknownValue | Symbolic) else ()


def listed(items: list[Value], like: Partial) -> Value:
    """A splat's result: a list where it went through one, else a tuple."""
    return ListValue(items) if isinstance(like, ListValue | SetValue) else items
