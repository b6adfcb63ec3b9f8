"""Functions of sets. What may or may not be an element of the result stands in it as zero or more unknown ones."""

from __future__ import annotations

import itertools
import math

from guardrails.model import UnknownValue, Value
from guardrails.sources.terraform.functions.collection import has_many, is_vague, many
from guardrails.sources.terraform.functions.signature import (
    ArgumentError,
    FunctionContext,
    Parameter,
    anything,
    bounded,
    function,
    table,
)
from guardrails.sources.terraform.types import (
    EvaluationError,
    ListValue,
    SetValue,
    equals,
    identity,
    is_known,
    unify_values,
    unknown,
)


def _set(name: str) -> Parameter:
    return Parameter(name, ("set", "dynamic"))


def _alike(sets: tuple[list[Value], ...]) -> list[list[Value]]:
    """The sets with all of their elements in one type."""
    flat = [item for each in sets for item in each]
    unified = unify_values(flat)
    if unified is None:
        raise EvaluationError("given sets must all have compatible element types")
    ends = list(itertools.accumulate(len(each) for each in sets))
    return [unified[end - len(each) : end] for each, end in zip(sets, ends, strict=True)]


def _holds(values: list[Value], wanted: Value) -> bool | UnknownValue:
    doubt: UnknownValue | None = None
    for value in values:
        answer = equals(value, wanted)
        if answer is True:
            return True
        if isinstance(answer, UnknownValue):
            doubt = doubt or answer
    return False if doubt is None else doubt


@function("setunion", _set("first_set"), variadic=_set("other_sets"), holes="parts", context=True)
def _setunion(context: FunctionContext, *sets: list[Value]) -> Value:
    bounded(sum(map(len, sets)), context)
    return SetValue(item for each in _alike(sets) for item in each)


def _compared(context: FunctionContext, first: list[Value], others: list[list[Value]], *, inside: bool) -> Value:
    """The elements of `first` that are in all (or in none) of the others."""
    if all(is_known(each) for each in (first, *others)):
        keys = [{identity(item) for item in other} for other in others]
        return SetValue(item for item in first if all((identity(item) in each) is inside for each in keys))
    bounded(len(first) * sum(map(len, others)), context)
    kept: list[Value] = []
    for item in first:
        doubts: list[Value] = []
        for other in others:
            answer = _holds(other, item)
            if isinstance(answer, UnknownValue):
                doubts.append(answer)
            elif answer is not inside:
                break
        else:
            kept += many(*doubts, item) if doubts else [item]
    return SetValue(kept)


@function("setintersection", _set("first_set"), variadic=_set("other_sets"), holes="parts", context=True)
def _setintersection(context: FunctionContext, *sets: list[Value]) -> Value:
    first, *others = _alike(sets)
    return _compared(context, first, others, inside=True)


@function("setsubtract", _set("a"), _set("b"), holes="parts", context=True)
def _setsubtract(context: FunctionContext, *sets: list[Value]) -> Value:
    first, other = _alike(sets)
    return _compared(context, first, [other], inside=False)


@function("setproduct", variadic=anything("sets"), holes="all", context=True)
def _setproduct(context: FunctionContext, *values: Value) -> Value:
    if len(values) < 2:
        raise EvaluationError("at least two arguments are required")
    sides: list[list[Value]] = []
    for value in values:
        if is_vague(value):
            return unknown(*values)
        if not isinstance(value, list):
            raise ArgumentError("sets", "a set or a list is required")
        side = unify_values(value)
        if side is None and any(item is None for item in value):
            side = list(value)  # a null without a type keeps Terraform from looking for a common one
        if side is None:
            raise ArgumentError("sets", "all elements must be of the same type")
        sides.append(side)
    if any(has_many(side) for side in sides):
        return unknown(*values)
    bounded(math.prod(map(len, sides)) * len(sides), context)
    ordered = all(not isinstance(value, SetValue) for value in values)
    if not ordered and not all(is_known(side) for side in sides):
        return unknown(*values)
    rows = (list(row) for row in itertools.product(*sides))
    return ListValue(rows) if ordered else SetValue(rows)


FUNCTIONS = table(_setunion, _setintersection, _setsubtract, _setproduct)
