"""Function calls: what is evaluated for a function, and those that look at expressions rather than at values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guardrails.model import Sensitive, UnknownValue, Value
from guardrails.sources.terraform import functions
from guardrails.sources.terraform.lazy import Computed, Partial, inside
from guardrails.sources.terraform.operations import mark
from guardrails.sources.terraform.types import EvaluationError, unknown

if TYPE_CHECKING:
    from guardrails.sources.terraform.expression import Call
    from guardrails.sources.terraform.scope import Scope


def call(node: Call, scope: Scope) -> Partial:
    """The value of a call. Raises `EvaluationError`."""
    match node.name:
        case "try":
            return _try(node, scope)
        case "can":
            return _can(node, scope)
        case _:
            pass
    arguments = [argument.evaluate(scope) for argument in node.arguments]
    marked = False
    if node.expand and arguments:
        last = arguments.pop()
        while isinstance(last, Sensitive):
            marked, last = True, last.value
        match last:
            case UnknownValue():
                return unknown(last, *arguments)
            case list():
                if any(isinstance(item, UnknownValue) and item.many for item in last):
                    return unknown(*last, *arguments)
                arguments += last
            case _:
                raise EvaluationError("the argument that is expanded with ... must be a list")
    result = _apply(node.name, arguments, scope)
    return mark(result) if marked else result


def _apply(name: str, arguments: list[Value], scope: Scope) -> Value:
    if "::" in name:
        return unknown(UnknownValue(f"the provider function {name}() is not computed"), *arguments)
    context = scope.module.functions
    if context is None:
        raise EvaluationError("Function calls not allowed: only values can stand here")
    if name in ("slice", "element") and (known := _part_of_computed(name, arguments)) is not None:
        return known
    result = functions.call(name, arguments, context)
    if isinstance(result, str | list | dict) and len(result) > 1000:
        scope.module.budget.spend(len(result) >> (7 if isinstance(result, str) else 3))
    return result


def _part_of_computed(name: str, arguments: list[Value]) -> Value:
    """Elements of a list that is known after apply, as those of `data.aws_availability_zones`; None for all else.

    Where Terraform succeeds the elements that are asked for are there, so that each has a name. `element` counts
    round and round: all that is taken for granted is that there are two.
    """
    match name, arguments:
        case "slice", [Computed(refs=[_], type=["list", _]) as value, int(start), int(end)] if 0 <= start <= end:
            return [inside(value, index) for index in range(start, end)] if end - start <= 100 else None
        case "element", [Computed(refs=[_], type=["list", _]) as value, int(index)] if index in (0, 1):
            return inside(value, index)
        case _:
            return None


def _try(node: Call, scope: Scope) -> Partial:
    if not node.arguments:
        raise EvaluationError("at least one argument is required")
    messages = []
    for argument in node.arguments:
        try:
            return argument.partial(scope)
        except EvaluationError as error:
            messages.append(str(error))
    raise EvaluationError("no expression succeeded: " + "; ".join(messages))


def _can(node: Call, scope: Scope) -> Value:
    if len(node.arguments) != 1:
        raise EvaluationError('Function "can" expects one argument.')
    try:
        value = node.arguments[0].evaluate(scope)
    except EvaluationError:
        return False
    return unknown(value) or True
