"""The verbs of `format` and `formatlist`, as cty's format.go and Go's fmt print them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from guardrails.model import Part, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.functions.encoding_json import encode
from guardrails.sources.terraform.functions.graphemes import graphemes
from guardrails.sources.terraform.functions.signature import (
    ArgumentError,
    Beyond,
    FunctionContext,
    anything,
    bounded,
    function,
    table,
    text,
)
from guardrails.sources.terraform.number import Number, exact_value, is_finite, to_string
from guardrails.sources.terraform.types import EvaluationError, ListValue, convert, is_known, unknown

_VERB = re.compile(r"([-+ #0]*)([1-9]\d*)?(?:\.(\d*))?(?:\[([1-9]\d*)\])?([a-zA-Z])", re.ASCII)


class _Verb(Struct, frozen=True):
    raw: str
    offset: int
    flags: str
    width: int
    precision: int | None
    index: int | None
    letter: str


def _verbs(template: str, context: FunctionContext) -> list[str | _Verb]:
    pieces: list[str | _Verb] = []
    at = 0
    while (mark := template.find("%", at)) >= 0:
        pieces.append(template[at:mark])
        if template[mark + 1 : mark + 2] == "%":
            pieces.append("%")
            at = mark + 2
            continue
        offset = len(template[:mark].encode())
        found = _VERB.match(template, mark + 1)
        if not found:
            raise _malformed(template, mark, offset)
        flags, width, precision, index, letter = found.groups()
        if len(width or "") > 9 or len(precision or "") > 9:
            raise Beyond(f"more than {context.limit} characters are not computed")
        for size in (width, precision):
            bounded(int(size or 0), context, "characters")
        if letter not in "vtsqdboxXeEfgG":
            raise EvaluationError(f"unsupported format verb '{letter}' in \"%{found[0]}\" at offset {offset}")
        pieces.append(
            _Verb(
                "%" + found[0],
                offset,
                flags,
                int(width or 0),
                None if precision is None else int(precision or 0),
                int(index) if index else None,
                letter,
            )
        )
        at = found.end()
    pieces.append(template[at:])
    return pieces


def _malformed(template: str, mark: int, offset: int) -> EvaluationError:
    rest = re.match(r"[-+ #0]*\d*(?:\.\d*)?(?:\[[1-9]\d*\]?|\[)?", template[mark + 1 :], re.ASCII)
    end = mark + 1 + (rest.end() if rest else 0)
    if end >= len(template):
        return EvaluationError(f"invalid format string starting at offset {len(template.encode())}")
    at = offset + len(template[mark:end].encode())
    return EvaluationError(f"unrecognized format character '{template[end]}' at offset {at}")


def render(template: str, arguments: Sequence[Value], context: FunctionContext) -> list[Part]:
    """The text with its holes. Raises `EvaluationError`, and `Beyond` for what is not computed."""
    parts: list[Part] = []
    used, following = 0, 1
    any_verb = False
    for piece in _verbs(template, context):
        if isinstance(piece, str):
            parts.append(piece)
            continue
        any_verb = True
        index = piece.index or following
        following = index + 1
        used = max(used, index)
        if index > len(arguments):
            raise EvaluationError(
                f'not enough arguments for "{piece.raw}" at {piece.offset}: '
                f"need index {index} but have {len(arguments)} total"
            )
        parts += _formatted(piece, arguments[index - 1])
    if used < len(arguments):
        problem = f"only {used} used by format string" if any_verb else "no verbs in format string"
        raise ArgumentError("args", f"too many arguments; {problem}")
    return parts


def _formatted(verb: _Verb, value: Value) -> list[Part]:
    if value is None and verb.letter != "v":
        raise _unsuitable(verb, "null value cannot be formatted")
    if not is_known(value):
        return _formatted_hole(verb, value)
    try:
        match verb.letter:
            case "v":
                return [_verb_v(verb, value)]
            case "s" | "q":
                converted = convert(value, "string")
                return [_verb_s(verb, converted if isinstance(converted, str) else "")]
            case "t":
                return [str(convert(value, "bool")).lower()]
            case _:
                number = convert(value, "number")
                if isinstance(number, UnknownValue):
                    return [number]
                return [_number(verb, number if isinstance(number, int | float) else 0)]
    except EvaluationError as error:
        raise _unsuitable(verb, str(error)) from None


def _unsuitable(verb: _Verb, why: str) -> EvaluationError:
    return EvaluationError(f'unsupported value for "{verb.raw}" at {verb.offset}: {why}')


def _formatted_hole(verb: _Verb, value: Value) -> list[Part]:
    plain = not verb.width and verb.precision is None
    if isinstance(value, Symbolic) and plain:
        if verb.letter == "s" or (verb.letter == "v" and "#" not in verb.flags):
            return list(value.parts)
        if verb.letter == "q":
            return list(encode(value).parts)
    if verb.letter == "v" and plain and isinstance(value, list | dict):
        return list(encode(value).parts)
    hole = unknown(value)
    return [hole] if hole else []


def _verb_v(verb: _Verb, value: Value) -> str:
    if isinstance(value, str) and not isinstance(value, Symbolic):
        return _padded(verb, encode(value).text if "#" in verb.flags else value)
    if isinstance(value, bool):
        return _padded(verb, "true" if value else "false")
    if isinstance(value, int | float) and "#" not in verb.flags:
        return _padded(verb, general(value))
    return _padded(verb, encode(value).text)


def _verb_s(verb: _Verb, value: str) -> str:
    if verb.precision:
        value = "".join(graphemes(value)[: verb.precision])
    return _padded(verb, encode(value).text if verb.letter == "q" else value)


def _padded(verb: _Verb, value: str) -> str:
    if not verb.width:
        return value
    missing = verb.width - len(graphemes(value))
    if missing <= 0:
        return value
    if "-" in verb.flags:
        return value + " " * missing
    return ("0" if "0" in verb.flags else " ") * missing + value


def _number(verb: _Verb, value: Number) -> str:
    letter = verb.letter
    if letter in "dboxX":
        if not isinstance(value, int):
            raise EvaluationError("an integer is required")
        digits = format(abs(value), letter)
        if verb.precision is not None:
            digits = digits.zfill(verb.precision)
        prefix = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}.get(letter, "") if "#" in verb.flags else ""
    elif not is_finite(value):
        digits, prefix = "Inf", ""
    else:
        digits, prefix = _real(letter, value, verb.precision), ""
    sign = "-" if value < 0 else "+" if "+" in verb.flags else " " if " " in verb.flags else ""
    missing = verb.width - len(sign) - len(prefix) - len(digits)
    if missing <= 0:
        return sign + prefix + digits
    if "-" in verb.flags:
        return sign + prefix + digits + " " * missing
    if "0" in verb.flags and (verb.precision is None or letter in "eEfgG"):
        return sign + prefix + "0" * missing + digits
    return " " * missing + sign + prefix + digits


def _real(letter: str, value: Number, precision: int | None) -> str:
    """Without its sign."""
    exact = abs(exact_value(value))
    match letter:
        case "f":
            places = 6 if precision is None else precision
            digits = str(round(exact * 10**places)).zfill(places + 1)
            return f"{digits[:-places]}.{digits[-places:]}" if places else digits
        case "e" | "E":
            return _exponential(*_digits(value, (6 if precision is None else precision) + 1), letter)
        case _:
            shown = general(abs(value)) if precision is None else _general(*_digits(value, precision or 1), precision)
            return shown.upper() if letter == "G" else shown


def general(value: Number) -> str:
    """The shortest form with an exponent where it is large or small, as `%v` and `%g` print it."""
    if not is_finite(value):
        return "+Inf" if value > 0 else "-Inf"
    sign = "-" if value < 0 else ""
    whole, _, fraction = to_string(abs(value)).partition(".")
    digits = (whole + fraction).lstrip("0")
    exponent = len(whole) - 1 if whole != "0" else -1 - (len(fraction) - len(fraction.lstrip("0")))
    return sign + _general(digits.rstrip("0") or "0", exponent if digits else 0, None)


def _general(digits: str, exponent: int, precision: int | None) -> str:
    digits = digits.rstrip("0") or "0"
    limit = 6 if precision is None else precision or 1
    if precision is not None and limit > len(digits) >= exponent + 1:
        limit = len(digits)
    if exponent < -4 or exponent >= limit:
        return _exponential(digits, exponent, "e")
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{whole}.{digits[exponent + 1 :]}" if len(digits) > exponent + 1 else whole


def _digits(value: Number, count: int) -> tuple[str, int]:
    """So many significant digits, and the power of ten of the first."""
    exact = abs(exact_value(value))
    if not exact:
        return "0" * count, 0
    exponent = len(str(exact.numerator)) - len(str(exact.denominator))
    if exact < 10**exponent if exponent >= 0 else exact * 10**-exponent < 1:
        exponent -= 1
    shift = count - 1 - exponent
    scaled = round(exact * 10**shift) if shift >= 0 else round(exact / 10**-shift)
    digits = str(scaled)
    if len(digits) > count:
        return digits[:count], exponent + 1
    return digits, exponent


def _exponential(digits: str, exponent: int, letter: str) -> str:
    point = "." if len(digits) > 1 else ""
    sign = "-" if exponent < 0 else "+"
    return f"{digits[0]}{point}{digits[1:]}{letter}{sign}{abs(exponent):02d}"


def _joined(parts: list[Part]) -> Value:
    if all(isinstance(part, str) for part in parts):
        return "".join(part for part in parts if isinstance(part, str))
    made = Symbolic(*parts)
    return unknown(made) if all(isinstance(part, UnknownValue) for part in made.parts) else made


@function("format", text("format"), variadic=anything("args", nullable=True), holes="all", context=True)
def _format(context: FunctionContext, template: Value, *arguments: Value) -> Value:
    if isinstance(template, UnknownValue | Symbolic) or not isinstance(template, str):
        return unknown(template, *arguments)
    if any(argument is None for argument in arguments):
        raise Beyond("Terraform itself does not know the text of null")
    return _joined(render(template, arguments, context))


@function("formatlist", text("format"), variadic=anything("args", nullable=True), holes="all", context=True)
def _formatlist(context: FunctionContext, template: Value, *arguments: Value) -> Value:
    if isinstance(template, UnknownValue | Symbolic) or not isinstance(template, str):
        return unknown(template, *arguments)
    if any(argument is None for argument in arguments):
        raise Beyond("Terraform itself does not know the text of null")
    lists = [(number, each) for number, each in enumerate(arguments, 1) if isinstance(each, list)]
    # A wholly unknown argument may be a list of any length, unless another one says how long lists are.
    vague = [each for each in arguments if isinstance(each, UnknownValue)]
    if (vague and not lists) or any(isinstance(i, UnknownValue) and i.many for _, each in lists for i in each):
        return unknown(*arguments)
    count = len(lists[0][1]) if lists else 1
    for number, each in lists[1:]:
        if len(each) != count:
            raise ArgumentError(
                "args",
                f"argument {number} has length {len(each)}, "
                f"which is inconsistent with argument {lists[0][0]} of length {count}",
            )
    bounded(count * max(1, len(arguments)), context)
    results = ListValue()
    size = 0
    for index in range(count):
        row = [each[index] if isinstance(each, list) else each for each in arguments]
        try:
            result = _joined(render(template, row, context))
        except EvaluationError as error:
            raise EvaluationError(f"error on format iteration {index}: {error}") from None
        size += len(result) if isinstance(result, str) else 1
        bounded(size, context, "characters")
        results.append(result)
    return results


FUNCTIONS = table(_format, _formatlist)
