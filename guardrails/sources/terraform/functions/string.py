"""String functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from guardrails.model import Part, Symbolic, Unknown, UnknownValue, Value
from guardrails.sources.terraform.functions.graphemes import graphemes
from guardrails.sources.terraform.functions.signature import (
    ArgumentError,
    FunctionContext,
    Parameter,
    bounded,
    function,
    num,
    table,
    text,
    whole,
)
from guardrails.sources.terraform.number import Number
from guardrails.sources.terraform.types import EvaluationError, ListValue, unknown

if TYPE_CHECKING:
    from guardrails.sources.terraform.functions.regex import Regex

# White space as Go's unicode.IsSpace has it; Python's own strip takes some control characters too.
_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


def _each(convert: Callable[[str], str], value: str) -> str:
    """Map character by character as Go does: where Python gives several, Go leaves the character."""
    if value.isascii():
        return convert(value)
    return "".join(other if len(other := convert(char)) == 1 else char for char in value)


@function("upper", text())
def _upper(value: str) -> Value:
    return _each(str.upper, value)


@function("lower", text())
def _lower(value: str) -> Value:
    return _each(str.lower, value.replace("\u0130", "i"))


@function("title", text())
def _title(value: str) -> Value:
    titled: list[str] = []
    before = " "
    for char in value:
        word = before == "_" or before.isalnum() or (not before.isascii() and not before.isspace())
        titled.append(char if word else _each(str.title, char))
        before = char
    return "".join(titled)


@function("strrev", text())
def _strrev(value: str) -> Value:
    return "".join(reversed(graphemes(value)))


@function("substr", text(), num("offset"), num("length"), holes="parts")
def _substr(value: str, offset: Value, length: Value) -> Value:
    if not isinstance(offset, int | float) or not isinstance(length, int | float):
        return unknown(value, offset, length)
    start, count = whole(offset), whole(length)
    if isinstance(value, Symbolic):
        head = value.parts[0] if value.parts else ""
        inside = isinstance(head, str) and head.isascii() and start >= 0 and 0 <= count < len(head) - start
        return head[start : start + count] if isinstance(head, str) and inside else unknown(value)
    clusters = graphemes(value)
    # Counted from the end, a length of 0 takes the rest: so does Terraform.
    rest = count < 0 or (count == 0 and start < 0)
    start = max(0, start + len(clusters)) if start < 0 else start
    end = len(clusters) if rest else start + count
    return "".join(clusters[start:end])


def _stripped(value: str, chars: str, *, left: bool = True, right: bool = True) -> Value:
    """Strip; text with holes at the ends only where the holes stay out of it."""
    if not isinstance(value, Symbolic):
        value = value.lstrip(chars) if left else value
        return value.rstrip(chars) if right else value
    parts = list(value.parts)
    for wanted, at in ((left, 0), (right, -1)):
        if not wanted:
            continue
        end = parts[at]
        kept = (end.lstrip(chars) if at == 0 else end.rstrip(chars)) if isinstance(end, str) else ""
        if not kept:
            return unknown(value)
        parts[at] = kept
    return Symbolic(*parts)


@function("trim", text(), text("cutset"), holes="parts")
def _trim(value: str, cutset: str) -> Value:
    if isinstance(cutset, Symbolic):
        return unknown(value, cutset)
    return _stripped(value, cutset) if cutset else value


@function("trimspace", text(), holes="parts")
def _trimspace(value: str) -> Value:
    return _stripped(value, _SPACE)


@function("chomp", text(), holes="parts")
def _chomp(value: str) -> Value:
    return _stripped(value, "\r\n", left=False)


@function("trimprefix", text(), text("prefix"), holes="parts")
def _trimprefix(value: str, prefix: str) -> Value:
    if isinstance(prefix, Symbolic):
        return unknown(value, prefix)
    if not isinstance(value, Symbolic):
        return value.removeprefix(prefix)
    try:
        if not value.startswith(prefix):
            return value
    except Unknown:
        return unknown(value)
    head, *rest = value.parts
    return Symbolic(head.removeprefix(prefix) if isinstance(head, str) else head, *rest)


@function("trimsuffix", text(), text("suffix"), holes="parts")
def _trimsuffix(value: str, suffix: str) -> Value:
    if isinstance(suffix, Symbolic):
        return unknown(value, suffix)
    if not isinstance(value, Symbolic):
        return value.removesuffix(suffix)
    try:
        if not value.endswith(suffix):
            return value
    except Unknown:
        return unknown(value)
    *rest, tail = value.parts
    return Symbolic(*rest, tail.removesuffix(suffix) if isinstance(tail, str) else tail)


def _decided(ask: Callable[[str], bool], value: str, piece: str) -> Value:
    if isinstance(piece, Symbolic):
        return unknown(value, piece)
    try:
        return ask(piece)
    except Unknown:
        return unknown(value)


@function("startswith", text(), text("prefix"), holes="parts")
def _startswith(value: str, prefix: str) -> Value:
    return _decided(value.startswith, value, prefix)


@function("endswith", text(), text("suffix"), holes="parts")
def _endswith(value: str, suffix: str) -> Value:
    return _decided(value.endswith, value, suffix)


@function("strcontains", text(), text("substr"), holes="parts")
def _strcontains(value: str, piece: str) -> Value:
    return _decided(value.__contains__, value, piece)


@function("indent", num("spaces"), text(), context=True)
def _indent(context: FunctionContext, spaces: Number, value: str) -> Value:
    count = whole(spaces)
    if count < 0:
        raise EvaluationError("the number of spaces must not be negative")
    bounded(len(value) + count * value.count("\n"), context, "characters")
    return value.replace("\n", "\n" + " " * count)


@function("split", text("separator"), text(), context=True)
def _split(context: FunctionContext, separator: str, value: str) -> Value:
    if not separator:
        return ListValue(value)
    bounded(value.count(separator) + 1, context)
    return ListValue(value.split(separator))


@function("join", text("separator"), variadic=Parameter("lists", ("list", "string")), holes="parts", context=True)
def _join(context: FunctionContext, separator: str, *lists: list[Value]) -> Value:
    if not lists:
        raise EvaluationError("at least one list is required")
    parts: list[Part] = []
    between: Part = ""
    size = 0
    for values in lists:
        for index, value in enumerate(values):
            if value is None:
                raise ArgumentError("lists", f"element {index} is null; cannot concatenate null values")
            if isinstance(value, UnknownValue):
                if not value.many:
                    parts.append(between)
                # Zero or more elements take the separators around them into the hole.
                parts.append(value)
                between = "" if value.many else separator
            elif isinstance(value, str):
                parts += (between, value)
                between = separator
                size += len(separator) + len(value)
                bounded(size, context, "characters")
    made = Symbolic(*parts)
    if not made.parts or (isinstance(made.parts[0], str) and len(made.parts) == 1):
        return str.__str__(made)
    return unknown(made) if all(isinstance(part, UnknownValue) for part in made.parts) else made


def _budget(context: FunctionContext) -> list[int]:
    return [2 * context.limit]


def _pattern(pattern: str) -> Regex:
    from guardrails.sources.terraform.functions import regex as engine  # noqa: PLC0415  # few designs need it

    try:
        regex = engine.compile_pattern(pattern)
    except engine.PatternError as error:
        raise ArgumentError("pattern", f"invalid regexp pattern: {error.what} in {error.piece}") from None
    if regex.names and len(regex.names) != regex.groups:
        raise ArgumentError("pattern", "invalid regexp pattern: cannot mix both named and unnamed capture groups")
    return regex


def _captured(regex: Regex, value: str, found: tuple[int, ...]) -> Value:
    taken = [value[found[at] : found[at + 1]] if found[at] >= 0 else None for at in range(0, len(found), 2)]
    if regex.names:
        return {name: taken[number] for name, number in sorted(regex.names)}
    return [*taken[1:]] if regex.groups else taken[0]


@function("regex", text("pattern"), text("string"), context=True)
def _regex(context: FunctionContext, pattern: str, value: str) -> Value:
    regex = _pattern(pattern)
    found = regex.search(value, 0, _budget(context))
    if found is None:
        raise EvaluationError("pattern did not match any part of the given string")
    return _captured(regex, value, found)


@function("regexall", text("pattern"), text("string"), context=True)
def _regexall(context: FunctionContext, pattern: str, value: str) -> Value:
    regex = _pattern(pattern)
    return ListValue(_captured(regex, value, found) for found in regex.matches(value, _budget(context)))


@function("replace", text(), text("substr"), text("replace"), context=True)
def _replace(context: FunctionContext, value: str, old: str, new: str) -> Value:
    if len(old) > 1 and old.startswith("/") and old.endswith("/"):
        from guardrails.sources.terraform.functions import regex as engine  # noqa: PLC0415  # few designs need it

        try:
            regex = engine.compile_pattern(old[1:-1])
        except engine.PatternError as error:
            raise EvaluationError(f"error parsing regexp: {error.what}: `{error.piece}`") from None
        pieces: list[str] = []
        size = 0
        for piece in regex.replace(value, new, _budget(context)):
            pieces.append(piece)
            size += len(piece)
            bounded(size, context, "characters")
        return "".join(pieces)
    bounded(len(value) + (value.count(old) if old else len(value) + 1) * len(new), context, "characters")
    return value.replace(old, new)


FUNCTIONS = table(
    _upper,
    _lower,
    _title,
    _strrev,
    _substr,
    _trim,
    _trimspace,
    _chomp,
    _trimprefix,
    _trimsuffix,
    _startswith,
    _endswith,
    _strcontains,
    _indent,
    _split,
    _join,
    _regex,
    _regexall,
    _replace,
)
