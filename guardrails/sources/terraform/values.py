"""Terraform's collections, what is known of a value, and equality."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from guardrails.model import Ref, Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.number import exact_value, is_finite, to_string


class EvaluationError(Exception):
    """An expression that Terraform itself refuses; the message is worded as Terraform words it."""


class ListValue(list[Value]):
    """A list of one element type, as `tolist` and typed variables give it. It equals no tuple."""

    __slots__ = ()


class MapValue(dict[str, Value]):
    """A map of one element type, as `tomap` and typed variables give it. It equals no object."""

    __slots__ = ()


class SetValue(list[Value]):
    """A set: its elements are unique and stand in the order in which Terraform gives them back.

    Unknown elements stay apart, each may still turn out equal to another: how many there are is not known then.
    """

    __slots__ = ()

    def __init__(self, values: Iterable[Value] = ()) -> None:
        unique: dict[Hashable, Value] = {}
        for value in values:
            unique.setdefault(identity(value), value)
        super().__init__(sorted(unique.values(), key=set_order))


# What is known of a value


def is_known(value: Value) -> bool:
    """Whether no part of it is unknown or symbolic."""
    match value:
        case UnknownValue() | Symbolic():
            return False
        case list():
            return all(map(is_known, value))
        case dict():
            return all(map(is_known, value.values()))
        case Sensitive():
            return is_known(value.value)
        case _:
            return True


def _unknown_parts(value: Value) -> Iterable[UnknownValue]:
    match value:
        case UnknownValue():
            yield value
        case Symbolic():
            yield UnknownValue(value.reason, value.refs)
        case list():
            for item in value:
                yield from _unknown_parts(item)
        case dict():
            for item in value.values():
                yield from _unknown_parts(item)
        case Sensitive():
            yield from _unknown_parts(value.value)
        case _:
            return


def unknown(*values: Value, many: bool = False) -> UnknownValue | None:
    """What follows from values that are partly unknown: the first reason, and everything that they refer to."""
    reason: str | None = None
    refs: dict[Ref, None] = {}
    for value in values:
        for part in _unknown_parts(value):
            reason = part.reason if reason is None else reason
            refs.update(dict.fromkeys(part.refs))
    return None if reason is None else UnknownValue(reason, tuple(refs), many)


def unmark(value: Value) -> tuple[Value, bool]:
    """The value without sensitive marks at any depth, and whether there was one."""
    match value:
        case Sensitive():
            return unmark(value.value)[0], True
        case list():
            items = [unmark(item) for item in value]
            if not any(marked for _, marked in items):
                return value, False
            plain = [item for item, _ in items]
            return (SetValue(plain) if isinstance(value, SetValue) else _like(value, plain)), True
        case dict():
            pairs = {key: unmark(item) for key, item in value.items()}
            if not any(marked for _, marked in pairs.values()):
                return value, False
            bare: dict[str, Value] = {key: item for key, (item, _) in pairs.items()}
            return (MapValue(bare) if isinstance(value, MapValue) else bare), True
        case _:
            return value, False


def _like(value: list[Value], items: list[Value]) -> list[Value]:
    return ListValue(items) if isinstance(value, ListValue) else items


# Equality and the order of sets


def identity(value: Value) -> Hashable:
    """A key that two values share exactly if Terraform's sets take them for one element."""
    match value:
        case None:
            return None
        case bool():
            return ("bool", value)
        case int():
            return ("number", value)
        case float():
            return ("number", exact_value(value) if is_finite(value) else value)
        case Symbolic():
            return ("symbolic", value.parts) if _is_ref(value) else ("apart", id(value))
        case str():
            return ("string", str.__str__(value))
        case UnknownValue():
            return ("many", value.reason, value.refs) if value.many else ("apart", id(value))
        case Sensitive():
            return identity(value.value)
        case list():
            return ("list", tuple(identity(item) for item in value))
        case dict():
            return ("map", tuple((key, identity(value[key])) for key in sorted(value)))


def _is_ref(value: Symbolic) -> bool:
    return all(not isinstance(part, UnknownValue) for part in value.parts)


def equals(left: Value, right: Value) -> bool | UnknownValue:
    """Terraform's `==`, which converts nothing; sensitive marks are not looked at."""
    match left, right:
        case (Sensitive(), _):
            return equals(left.value, right)
        case (_, Sensitive()):
            return equals(left, right.value)
        case (UnknownValue(), _) | (_, UnknownValue()):
            return _doubt(left, right)
        case (Symbolic(), _):
            return _symbolic_equals(left, right)
        case (_, Symbolic()):
            return _symbolic_equals(right, left)
        case (None, _) | (_, None):
            return left is right
        case (bool(), _) | (_, bool()):
            return left is right
        case (str(), str()):
            return str.__eq__(left, right)
        case (int() | float(), int() | float()):
            return identity(left) == identity(right)
        case (list(), list()) if type(left) is type(right):
            return _lists_equal(left, right)
        case (dict(), dict()) if isinstance(left, MapValue) == isinstance(right, MapValue):
            if left.keys() != right.keys():
                return False
            return _all_equal((left[key], right[key]) for key in left)
        case _:
            return False


def _doubt(*values: Value) -> UnknownValue:
    return unknown(*values) or UnknownValue("not known")


def _symbolic_equals(left: Symbolic, right: Value) -> bool | UnknownValue:
    if isinstance(right, Symbolic):
        if left.parts == right.parts and _is_ref(left):
            return True
        return _doubt(left, right)
    if isinstance(right, str):
        return _doubt(left) if left.may_equal(right) else False
    # A lone attribute may be of any type; with text around it, it is a string.
    return _doubt(left) if left.ref else False


def _all_equal(pairs: Iterable[tuple[Value, Value]]) -> bool | UnknownValue:
    doubt: UnknownValue | None = None
    for left, right in pairs:
        match equals(left, right):
            case False:
                return False
            case UnknownValue() as found:
                doubt = doubt or found
            case True:
                pass
    return True if doubt is None else doubt


def _lists_equal(left: list[Value], right: list[Value]) -> bool | UnknownValue:
    if isinstance(left, SetValue) and not (is_known(left) and is_known(right)):
        same = [identity(item) for item in left] == [identity(item) for item in right]
        return True if same and all(_is_ref(i) for i in left if isinstance(i, Symbolic)) else _doubt(left, right)
    if any(isinstance(item, UnknownValue) and item.many for item in (*left, *right)):
        return _doubt(left, right)
    if len(left) != len(right):
        return False
    return _all_equal(zip(left, right, strict=True))


def set_order(value: Value) -> tuple[int, int, float | str]:
    """Numbers, booleans and strings by value, others by cty's hash text; unknown and null ones last."""
    match value:
        case None:
            return (2, 0, "")
        case UnknownValue() | Symbolic():
            return (1, 0, "")
        case bool() | int() | float():
            return (0, 0, float(value)) if not isinstance(value, int) or abs(value) < 1 << 1000 else (0, 0, 1e308)
        case str():
            return (0, 1, str.__str__(value))
        case Sensitive():
            return set_order(value.value)
        case _:
            return (0, 2, _hash_text(value))


def _hash_text(value: Value) -> str:
    """See `appendSetHashBytes` in zclconf/go-cty, cty/set_internals.go."""
    match value:
        case None:
            return "~"
        case UnknownValue() | Symbolic():
            return "?"
        case bool():
            return "T" if value else "F"
        case int() | float():
            return format(float(value), ".10g") if abs(value) < 1 << 1000 else to_string(value)
        case str():
            escaped = str.__str__(value).replace("\\", "\\\\").replace('"', '\\"')
            return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'
        case Sensitive():
            return _hash_text(value.value)
        case MapValue():
            inner = "".join(f"{_hash_text(key)}:{_hash_text(value[key])};" for key in sorted(value))
            return f"{{{inner}}}"
        case ListValue() | SetValue():
            return "[" + "".join(f"{_hash_text(item)};" for item in value) + "]"
        case list():
            return "<" + "".join(f"{_hash_text(item)};" for item in value) + ">"
        case dict():
            return "<" + "".join(f"{_hash_text(value[key])};" for key in sorted(value)) + ">"
