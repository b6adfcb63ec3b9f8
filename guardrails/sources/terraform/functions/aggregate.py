"""Functions that make or sum up collections: ranges, sums, all and any, maps from lists."""

from __future__ import annotations

from collections.abc import Iterable

from guardrails.model import Symbolic, UnknownValue, Value
from guardrails.sources.terraform.functions.collection import has_many, is_vague
from guardrails.sources.terraform.functions.signature import ArgumentError, Parameter, anything, function, kind, table
from guardrails.sources.terraform.number import Number, calculate
from guardrails.sources.terraform.types import (
    EvaluationError,
    ListValue,
    MapValue,
    SetValue,
    convert,
    is_known,
    unknown,
)


@function("sum", anything("list"), holes="all")
def _sum(value: Value) -> Value:
    if is_vague(value):
        return unknown(value)
    if isinstance(value, dict):
        raise ArgumentError("list", f"argument must be list, set, or tuple. Received {kind(value)}")
    if not isinstance(value, list):
        raise ArgumentError("list", "cannot sum noniterable")
    if not value:
        raise ArgumentError("list", "cannot sum an empty list")
    total: Number = 0
    for item in value:
        try:
            term = convert(item, "number")
        except EvaluationError:
            term = None
        if term is None:
            raise ArgumentError("list", "argument must be list, set, or tuple of number values")
        if isinstance(term, int | float):
            total = calculate("+", total, term)
    return total if is_known(value) else unknown(value)


@function("range", variadic=Parameter("params", "number"))
def _range(*values: Number) -> Value:
    if not 1 <= len(values) <= 3:
        raise EvaluationError("must have one, two, or three arguments")
    start, end = (0, values[0]) if len(values) == 1 else values[:2]
    down = end < start
    step = values[2] if len(values) == 3 else -1 if down else 1
    if len(values) == 3 and step != 0:
        if step > 0 and down:
            raise ArgumentError("params", "end must be greater than start when step is positive")
        if step < 0 and end > start:
            raise ArgumentError("params", "end must be less than start when step is negative")
    made = ListValue()
    at = start
    while (at > end) if down else (at < end):
        if len(made) >= 1024:
            raise EvaluationError(
                "more than 1024 values were generated; "
                "either decrease the difference between start and end or use a smaller step"
            )
        made.append(at)
        at = calculate("+", at, step)
    return made


@function("transpose", Parameter("values", ("map", ("list", "string"))))
def _transpose(values: dict[str, list[str]]) -> Value:
    made: dict[str, list[Value]] = {}
    for key in sorted(values):
        for item in values[key]:
            made.setdefault(item, ListValue()).append(key)
    return MapValue(sorted(made.items()))


@function("zipmap", Parameter("keys", ("list", "string")), anything("values"), holes="all", marks="top")
def _zipmap(keys: Value, values: Value) -> Value:
    if is_vague(values) or not isinstance(keys, list):
        return unknown(keys, values)
    if not isinstance(values, list) or isinstance(values, SetValue):
        raise EvaluationError("values argument must be a list or tuple value")
    if has_many(keys) or has_many(values):
        return unknown(keys, values)
    if len(keys) != len(values):
        raise EvaluationError(f"number of keys ({len(keys)}) does not match number of values ({len(values)})")
    if not is_known(keys):
        return unknown(keys, values)
    pairs = {key: value for key, value in zip(keys, values, strict=True) if isinstance(key, str)}
    return MapValue(pairs) if isinstance(values, ListValue) else pairs


def _all_or_any(values: Iterable[Value], decisive: bool) -> Value:
    doubts: list[Value] = []
    for value in values:
        if value is decisive or (value is None and not decisive):
            return decisive
        if isinstance(value, UnknownValue | Symbolic):
            doubts.append(value)
    return unknown(*doubts) if doubts else not decisive


@function("alltrue", Parameter("list", ("list", "bool")), holes="parts")
def _alltrue(values: list[Value]) -> Value:
    return _all_or_any(values, decisive=False)


@function("anytrue", Parameter("list", ("list", "bool")), holes="parts")
def _anytrue(values: list[Value]) -> Value:
    return _all_or_any(values, decisive=True)


FUNCTIONS = table(_sum, _range, _transpose, _zipmap, _alltrue, _anytrue)
