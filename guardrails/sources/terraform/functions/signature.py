"""What a function of Terraform takes, and how it treats what is unknown and sensitive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from guardrails.model import Sensitive, Symbolic, Unknown, UnknownValue, Value
from guardrails.sources.terraform.types import (
    EvaluationError,
    Type,
    convert,
    friendly,
    type_of,
    unknown,
    unmark,
)

LIMIT = 1_000_000
"""Elements, characters or bytes that one call may make or read."""


class FunctionContext(Struct, frozen=True):
    """Where a call stands, and what the evaluator lends to functions."""

    base: Path
    """The folder of the module that the call is written in."""
    root: Path
    """The root module's folder: relative paths start here, as Terraform runs here."""
    fence: Path
    """The scanned tree: no file outside of it is looked at."""
    evaluate_template: Callable[[str, str, Mapping[str, Value]], Value]
    """Evaluate a template: its text, what messages call it, its variables."""
    limit: int = LIMIT
    """See `LIMIT`; beyond it the result is unknown."""


_HIDDEN = "the value is sensitive, and so the reason is not shown"


class Survey(Struct, frozen=True):
    """What arguments hold at any depth."""

    unknown: bool
    marked: bool
    beyond: bool
    """Whether there is more than the limit."""


def survey(values: Iterable[Value], limit: int) -> Survey:
    """Look through arguments once, and stop where they are too many: shared lists can nest to any size."""
    count, doubt, marked = 0, False, False
    stack = list(values)
    while stack:
        value = stack.pop()
        count += 1
        match value:
            case Symbolic() | UnknownValue():
                doubt = True
            case str():
                count += len(value) >> 4
            case list():
                stack.extend(value)
            case dict():
                stack.extend(value.values())
            case Sensitive():
                marked = True
                stack.append(value.value)
            case _:
                pass
        if count + len(stack) > limit:
            return Survey(doubt, marked, beyond=True)
    return Survey(doubt, marked, beyond=False)


def normalized(text: str) -> str:
    """A string as Terraform keeps it: in Unicode's composed form."""
    from unicodedata import normalize  # noqa: PLC0415  # its tables are only read for what is not ASCII

    return normalize("NFC", text)


class ArgumentError(EvaluationError):
    """One argument is unsuitable; `parameter` names it as Terraform does."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class Beyond(Exception):  # noqa: N818  # an answer, not an error: the result becomes an unknown value
    """What a function was asked for is not computed here, and why."""


class Parameter(Struct, frozen=True):
    """One parameter, named as in Terraform's messages."""

    name: str
    type: Type = "dynamic"
    nullable: bool = False


Holes = Literal["none", "parts", "all"]
"""What a body takes of unknown arguments: none of them, known wholes with unknown parts, or everything."""


Marks = Literal["deep", "top", "body"]
"""Which sensitive marks are taken off arguments and put on the result: all, those of whole arguments, or none."""


class Function(Struct, frozen=True):
    """A function: `body` gets its arguments converted, and what `holes` and `marks` say of them."""

    name: str
    parameters: tuple[Parameter, ...]
    variadic: Parameter | None
    body: Callable[..., Value]
    holes: Holes
    marks: Marks
    context: bool
    """Whether the body's first argument is the `FunctionContext`."""

    def __call__(self, arguments: Sequence[Value], context: FunctionContext) -> Value:
        """Apply it. Raises `EvaluationError`."""
        self._check_count(arguments)
        seen = survey(arguments, context.limit)
        if seen.beyond:
            return UnknownValue(f"{self.name}(): more than {context.limit} elements are not computed with")
        try:
            converted = self._converted(arguments)
            marked = False
            if seen.marked and self.marks == "deep":
                converted, marked = [unmark(value)[0] for value in converted], True
            elif seen.marked and self.marks == "top":
                marked = any(isinstance(value, Sensitive) for value in converted)
                converted = [value.value if isinstance(value, Sensitive) else value for value in converted]
            result = self._applied(converted, context) if seen.unknown else self._called(converted, context)
        except Beyond as answer:
            held = unknown(*arguments) if seen.unknown else None
            said = _HIDDEN if seen.marked else str(answer)
            return UnknownValue(f"{self.name}(): {said}", held.refs if held else ())
        except Unknown as answer:
            held = unknown(*arguments)
            return UnknownValue(answer.reason, held.refs if held else ())
        except ArgumentError as error:
            said = _HIDDEN if seen.marked else str(error)
            raise EvaluationError(f'Invalid value for "{error.parameter}" parameter: {said}.') from None
        except RecursionError:
            return UnknownValue(f"{self.name}(): values that are nested so deeply are not computed with")
        except EvaluationError as error:
            said = _HIDDEN if seen.marked else str(error)
            raise EvaluationError(f'Call to function "{self.name}" failed: {said}.') from None
        if isinstance(result, str) and not result.isascii() and not isinstance(result, Symbolic):
            result = normalized(result)
        if isinstance(result, str | list) and len(result) > context.limit:
            return UnknownValue(f"{self.name}(): more than {context.limit} elements are not computed with")
        return Sensitive(result) if marked and not isinstance(result, UnknownValue) else result

    def _check_count(self, arguments: Sequence[Value]) -> None:
        parameters = self.parameters
        if len(arguments) < len(parameters):
            least = "at least " if self.variadic else ""
            raise EvaluationError(
                f'Function "{self.name}" expects {least}{len(parameters)} argument(s). '
                f'Missing value for "{parameters[len(arguments)].name}".'
            )
        if len(arguments) > len(parameters) and not self.variadic:
            raise EvaluationError(f'Function "{self.name}" expects only {len(parameters)} argument(s).')

    def _converted(self, arguments: Sequence[Value]) -> list[Value]:
        parameters = self.parameters
        converted: list[Value] = []
        for index, argument in enumerate(arguments):
            parameter = parameters[index] if index < len(parameters) else self.variadic
            if parameter is None:
                raise AssertionError(self.name)
            try:
                value = convert(argument, parameter.type)
            except EvaluationError as error:
                raise ArgumentError(parameter.name, str(error)) from None
            plain = value.value if isinstance(value, Sensitive) else value
            if plain is None and not parameter.nullable:
                raise ArgumentError(parameter.name, "argument must not be null")
            converted.append(value)
        return converted

    def _applied(self, arguments: list[Value], context: FunctionContext) -> Value:
        if self.holes == "none":
            doubt = unknown(*arguments)
        elif self.holes == "parts":
            doubt = unknown(*arguments) if any(isinstance(each, UnknownValue) for each in arguments) else None
        else:
            doubt = None
        return self._called(arguments, context) if doubt is None else doubt

    def _called(self, arguments: list[Value], context: FunctionContext) -> Value:
        return self.body(context, *arguments) if self.context else self.body(*arguments)


def function(
    name: str,
    *parameters: Parameter,
    variadic: Parameter | None = None,
    holes: Holes = "none",
    marks: Marks = "deep",
    context: bool = False,
) -> Callable[[Callable[..., Value]], Function]:
    """Make a function of Terraform out of its body."""
    return lambda body: Function(name, parameters, variadic, body, holes, marks, context)


def table(*functions: Function) -> Mapping[str, Function]:
    """The functions of one file by name."""
    return {each.name: each for each in functions}


def kind(value: Value) -> str:
    """The type of a value for a message."""
    return friendly(type_of(value))


def text(name: str = "str") -> Parameter:
    """A parameter that takes a string."""
    return Parameter(name, "string")


def num(name: str = "num") -> Parameter:
    """A parameter that takes a number."""
    return Parameter(name, "number")


def anything(name: str, *, nullable: bool = False) -> Parameter:
    """A parameter that takes any type."""
    return Parameter(name, "dynamic", nullable)


def whole(value: float, least: int = -(1 << 63)) -> int:
    """A whole number that fits into 64 bits."""
    if isinstance(value, int) and least <= value < 1 << 63:
        return value
    raise EvaluationError("value must be a whole number, between -9223372036854775808 and 9223372036854775807")


def bounded(size: int, context: FunctionContext, what: str = "elements") -> None:
    """Refuse to make more than the limit."""
    if size > context.limit:
        raise Beyond(f"more than {context.limit} {what} are not computed")
