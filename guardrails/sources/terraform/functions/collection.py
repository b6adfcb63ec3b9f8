"""Collection functions. Unknown elements stay in their place; an unknown list among others stands for any number."""

from __future__ import annotations

from guardrails.model import Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.functions.graphemes import graphemes
from guardrails.sources.terraform.functions.signature import (
    ArgumentError,
    FunctionContext,
    Parameter,
    anything,
    bounded,
    function,
    kind,
    table,
    text,
    whole,
)
from guardrails.sources.terraform.types import (
    EvaluationError,
    ListValue,
    MapValue,
    SetValue,
    convert,
    equals,
    identity,
    is_known,
    type_of,
    unify_values,
    unknown,
)


def is_vague(value: Value) -> bool:
    """Whether it may be a collection of which nothing is known: unknown, or a lone attribute of a resource."""
    return isinstance(value, UnknownValue) or (isinstance(value, Symbolic) and value.ref is not None)


def first_many(values: list[Value]) -> int:
    """The index of the first element that stands for any number of them; the length if there is none."""
    for index, value in enumerate(values):
        if isinstance(value, UnknownValue) and value.many:
            return index
    return len(values)


def has_many(values: list[Value]) -> bool:
    """Whether it is not known how many elements there are."""
    return first_many(values) < len(values)


def many(*values: Value) -> list[Value]:
    """Zero or more elements that follow from values of which nothing is known."""
    made = unknown(*values, many=True)
    return [] if made is None else [made]


@function("length", anything("value"), holes="all", marks="top")
def _length(value: Value) -> Value:
    match value:
        case UnknownValue() | Symbolic():
            return unknown(value)
        case str():
            return len(graphemes(value))
        case SetValue() if len(value) > 1 and not is_known(value):
            return unknown(value)
        case list():
            return unknown(value) if has_many(value) else len(value)
        case dict():
            return len(value)
        case _:
            raise EvaluationError("argument must be a string, a collection type, or a structural type")


@function("concat", variadic=anything("seqs"), holes="all", marks="top", context=True)
def _concat(context: FunctionContext, *values: Value) -> Value:
    if not values:
        raise EvaluationError("at least one argument is required")
    joined: list[Value] = []
    for value in values:
        if isinstance(value, list) and not isinstance(value, SetValue):
            joined += value
        elif is_vague(value):
            joined += many(value)
        else:
            raise ArgumentError("seqs", f"all arguments must be lists or tuples; got {kind(value)}")
        bounded(len(joined), context)
    if all(isinstance(value, ListValue) for value in values):
        unified = unify_values(joined)
        return ListValue(joined if unified is None else unified)
    return joined


@function("flatten", anything("list"), holes="all", marks="top", context=True)
def _flatten(context: FunctionContext, value: Value) -> Value:
    if is_vague(value):
        return unknown(value)
    if not isinstance(value, list):
        raise EvaluationError("can only flatten lists, sets and tuples")
    flat: list[Value] = []
    stack: list[tuple[Value, bool]] = [(item, False) for item in reversed(value)]
    while stack:
        item, secret = stack.pop()
        if isinstance(item, Sensitive):
            stack.append((item.value, True))
        elif isinstance(item, list):
            stack += [(each, secret) for each in reversed(item)]
        elif isinstance(item, UnknownValue):
            flat += many(item)
        else:
            flat.append(Sensitive(item) if secret else item)
        bounded(len(flat) + len(stack), context)
    return flat


@function("merge", variadic=anything("maps", nullable=True), holes="all", marks="top", context=True)
def _merge(context: FunctionContext, *values: Value) -> Value:
    merged: dict[str, Value] = {}
    given = [value for value in values if value is not None]
    for value in given:
        if isinstance(value, dict):
            merged.update(value)
        elif not is_vague(value):
            raise EvaluationError(f'arguments must be maps or objects, got "{kind(value)}"')
        bounded(len(merged), context)
    if any(not isinstance(value, dict) for value in given):
        return unknown(*given)
    if given and all(isinstance(value, MapValue) for value in given) and len({repr(type_of(v)) for v in given}) == 1:
        return MapValue(merged)
    return merged


@function("keys", anything("inputMap"), holes="all", marks="top")
def _keys(value: Value) -> Value:
    if is_vague(value):
        return unknown(value)
    if not isinstance(value, dict):
        raise ArgumentError("inputMap", "must have map or object type")
    keys: list[Value] = [*sorted(value)]
    return ListValue(keys) if isinstance(value, MapValue) else keys


@function("values", anything("mapping"), holes="all", marks="top")
def _values(value: Value) -> Value:
    if is_vague(value):
        return unknown(value)
    if not isinstance(value, dict):
        raise EvaluationError("values() requires a map as the first argument")
    values = [value[key] for key in sorted(value)]
    return ListValue(values) if isinstance(value, MapValue) else values


@function(
    "lookup", anything("inputMap"), text("key"), variadic=anything("default", nullable=True), holes="all", marks="top"
)
def _lookup(value: Value, key: Value, *defaults: Value) -> Value:
    if len(defaults) > 1:
        raise EvaluationError(f"lookup() takes two or three arguments, got {2 + len(defaults)}")
    if is_vague(value):
        return unknown(value, key)
    if not isinstance(value, dict):
        raise ArgumentError("inputMap", "lookup() requires a map as the first argument")
    if isinstance(key, UnknownValue | Symbolic) or not isinstance(key, str):
        return unknown(key, value, *defaults)
    default = _default(value, defaults[0]) if defaults else None
    if key in value:
        return value[key]
    if defaults:
        return default
    if isinstance(value, MapValue):
        raise EvaluationError(f'lookup failed to find key "{key}"')
    raise ArgumentError("inputMap", f'the given object has no attribute "{key}"')


def _default(value: dict[str, Value], default: Value) -> Value:
    match type_of(value):
        case ("map", element) if element != "dynamic":
            try:
                return convert(default, element)
            except EvaluationError:
                raise ArgumentError(
                    "default", "the default value must have the same type as the map elements"
                ) from None
        case _:
            return default


@function("element", anything("list"), Parameter("index", "number"), holes="all", marks="top")
def _element(value: Value, index: Value) -> Value:
    if is_vague(value):
        return unknown(value, index)
    if not isinstance(value, list) or isinstance(value, SetValue):
        raise EvaluationError(f"cannot read elements from {kind(value)}")
    if not isinstance(index, int | float):
        return unknown(index, value)
    try:
        at = whole(index)
    except EvaluationError as error:
        raise EvaluationError(f"invalid index: {error}") from None
    if not value:
        raise EvaluationError("cannot use element function with an empty list")
    if at < 0 and not isinstance(value, ListValue):
        raise EvaluationError("cannot use element function with a negative index")
    if has_many(value):
        return value[at] if 0 <= at < first_many(value) else unknown(value)
    return value[at % len(value)]


def _bound(name: str, value: Value) -> int | None:
    if not isinstance(value, int | float):
        return None
    try:
        return whole(value)
    except EvaluationError as error:
        raise ArgumentError(f"{name}_index", f"invalid {name} index: {error}") from None


@function(
    "slice",
    anything("list"),
    Parameter("start_index", "number"),
    Parameter("end_index", "number"),
    holes="all",
    marks="top",
)
def _slice(value: Value, start: Value, end: Value) -> Value:
    if is_vague(value):
        return unknown(value, start, end)
    if isinstance(value, SetValue):
        raise ArgumentError(
            "list",
            "cannot slice a set, because its elements do not have indices; "
            "explicitly convert to a list if the ordering of the result is not important",
        )
    if not isinstance(value, list):
        raise ArgumentError("list", "must be a list or tuple value")
    low, high = _bound("start", start), _bound("end", end)
    if low is None or high is None:
        return unknown(start, end, value)
    if low < 0:
        raise ArgumentError("start_index", "start index must not be less than zero")
    if high > first_many(value) and has_many(value):
        return unknown(value)
    if high > len(value):
        raise ArgumentError("end_index", "end index must not be greater than the length of the list")
    if low > high:
        raise ArgumentError("start_index", "start index must not be greater than end index")
    return ListValue(value[low:high]) if isinstance(value, ListValue) else value[low:high]


@function("reverse", anything("list"), holes="all", marks="top")
def _reverse(value: Value) -> Value:
    if is_vague(value):
        return unknown(value)
    if not isinstance(value, list):
        raise ArgumentError("list", f"can only reverse list or tuple values, not {kind(value)}")
    turned = list(reversed(value))
    return ListValue(turned) if isinstance(value, ListValue | SetValue) else turned


@function("contains", anything("list"), anything("value"), holes="all")
def _contains(value: Value, wanted: Value) -> Value:
    if is_vague(value):
        return unknown(value, wanted)
    if not isinstance(value, list):
        raise EvaluationError("argument must be list, tuple, or set")
    doubt: UnknownValue | None = None
    for item in value:
        answer = equals(item, wanted)
        if answer is True:
            return True
        if isinstance(answer, UnknownValue):
            doubt = doubt or answer
    return False if doubt is None else unknown(doubt, wanted)


@function("index", anything("list"), anything("value"), holes="all")
def _index(value: Value, wanted: Value) -> Value:
    if is_vague(value):
        return unknown(value, wanted)
    if not isinstance(value, list) or isinstance(value, SetValue):
        raise EvaluationError("argument must be a list or tuple")
    if not value:
        raise EvaluationError("cannot search an empty list")
    for index, item in enumerate(value):
        answer = equals(item, wanted)
        if answer is True:
            return index
        if isinstance(answer, UnknownValue):
            return unknown(answer, wanted)
    raise EvaluationError("item not found")


@function("coalesce", variadic=anything("vals", nullable=True), holes="all", marks="top")
def _coalesce(*values: Value) -> Value:
    unified = unify_values(values)
    if unified is None and any(value is None for value in values):
        unified = list(values)  # a null without a type keeps Terraform from looking for a common one
    if not values or unified is None:
        raise EvaluationError("all arguments must have the same type")
    left = [value for value in unified if value is not None and not (isinstance(value, str) and not len(value))]
    if not left:
        raise EvaluationError("no non-null, non-empty-string arguments")
    if len(left) > 1 and is_vague(left[0]):
        return unknown(*left)
    return left[0]


@function("coalescelist", variadic=anything("vals", nullable=True), holes="all", marks="top")
def _coalescelist(*values: Value) -> Value:
    if not values:
        raise EvaluationError("at least one argument is required")
    if any(not is_vague(value) and (not isinstance(value, list) or isinstance(value, SetValue)) for value in values):
        raise EvaluationError("coalescelist arguments must be lists or tuples")
    for value in values:
        if not isinstance(value, list):
            return unknown(*values)
        if value and all(isinstance(item, UnknownValue) and item.many for item in value):
            return unknown(*values)
        if value:
            return value
    raise EvaluationError("no non-null arguments")


@function("compact", Parameter("list", ("list", "string")), holes="parts")
def _compact(values: list[Value]) -> Value:
    kept = ListValue()
    for value in values:
        if isinstance(value, UnknownValue):
            kept += many(value)  # it may turn out empty
        elif isinstance(value, Symbolic) or value:
            kept.append(value)
    return kept


@function("distinct", Parameter("list", ("list", "dynamic")), holes="parts")
def _distinct(values: list[Value]) -> Value:
    kept = ListValue()
    seen: set[object] = set()
    for value in values:
        key = identity(value)
        if key in seen:
            continue
        seen.add(key)
        kept += many(value) if isinstance(value, UnknownValue) and kept else [value]
    return kept


@function("chunklist", Parameter("list", ("list", "dynamic")), Parameter("size", "number"), holes="parts")
def _chunklist(values: list[Value], size: Value) -> Value:
    if not isinstance(size, int | float) or has_many(values):
        return unknown(size, values)
    length = whole(size)
    if length < 0:
        raise EvaluationError("the size argument must be positive")
    length = length or max(1, len(values))
    return ListValue(ListValue(values[at : at + length]) for at in range(0, len(values), length))


_LIST = ("list", "dynamic")


@function(
    "matchkeys", Parameter("values", _LIST), Parameter("keys", _LIST), Parameter("searchset", _LIST), holes="parts"
)
def _matchkeys(values: list[Value], keys: list[Value], wanted: list[Value]) -> Value:
    if has_many(values) or has_many(keys):
        return unknown(values, keys, wanted)
    if len(values) != len(keys):
        raise EvaluationError("length of keys and values should be equal")
    unified = unify_values([*keys, *wanted])
    if unified is None:
        raise EvaluationError("list of keys and searchset must be of the same type")
    keys, wanted = unified[: len(keys)], unified[len(keys) :]
    found = ListValue()
    for value, key in zip(values, keys, strict=True):
        answers = [equals(key, each) for each in wanted]
        if True in answers:
            found.append(value)
        elif doubts := [answer for answer in answers if isinstance(answer, UnknownValue)]:
            found += many(doubts[0], value)
    return found


@function("one", anything("list"), holes="all", marks="top")
def _one(value: Value) -> Value:
    if is_vague(value):
        return unknown(value)
    if not isinstance(value, list):
        raise ArgumentError("list", "must be a list, set, or tuple value with either zero or one elements")
    if has_many(value):
        return unknown(value)
    if len(value) > 1:
        if isinstance(value, SetValue) and not is_known(value):
            return unknown(value)
        raise ArgumentError("list", "must be a list, set, or tuple value with either zero or one elements")
    return value[0] if value else None


@function("sort", Parameter("list", ("list", "string")), holes="parts")
def _sort(values: list[Value]) -> Value:
    for index, value in enumerate(values):
        if value is None:
            raise EvaluationError(f"given list element {index} is null; a null string cannot be sorted")
    known = sorted(value for value in values if isinstance(value, str) and not isinstance(value, Symbolic))
    vague = [value for value in values if not isinstance(value, str) or isinstance(value, Symbolic)]
    between = many(*vague)
    made = ListValue(between)
    for value in known:
        made.append(value)
        made += between  # an unknown string may come to stand anywhere
    return made


FUNCTIONS = table(
    _length,
    _concat,
    _flatten,
    _merge,
    _keys,
    _values,
    _lookup,
    _element,
    _slice,
    _reverse,
    _contains,
    _index,
    _coalesce,
    _coalescelist,
    _compact,
    _distinct,
    _chunklist,
    _matchkeys,
    _one,
    _sort,
)
