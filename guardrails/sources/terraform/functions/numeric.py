"""Numeric functions."""

from __future__ import annotations

import math

from guardrails.model import Value
from guardrails.sources.terraform.functions.signature import (
    ArgumentError,
    anything,
    function,
    kind,
    num,
    table,
    whole,
)
from guardrails.sources.terraform.number import Number, from_float, is_finite
from guardrails.sources.terraform.types import EvaluationError


@function("abs", num())
def _abs(value: Number) -> Value:
    return -value if value < 0 else value


@function("ceil", num())
def _ceil(value: Number) -> Value:
    return math.ceil(value) if is_finite(value) else value


@function("floor", num())
def _floor(value: Number) -> Value:
    return math.floor(value) if is_finite(value) else value


def _logarithm(value: float) -> float:
    if value == 0:
        return -math.inf
    if value < 0:
        raise EvaluationError("the logarithm of a negative number is not a number")
    return math.log(value)


@function("log", num(), num("base"))
def _log(value: Number, base: Number) -> Value:
    # Go divides natural logarithms, and so the last digits are the same.
    below = _logarithm(float(base))
    above = _logarithm(float(value))
    if below == 0:
        if above == 0:
            raise EvaluationError("zero divided by zero is not a number")
        return math.copysign(math.inf, above)
    if math.isinf(above) and math.isinf(below):
        raise EvaluationError("infinity divided by infinity is not a number")
    return from_float(above / below)


@function("pow", num(), num("power"))
def _pow(value: Number, power: Number) -> Value:
    base, exponent = float(value), float(power)
    special = base in (0, 1) or exponent in (0, 1, 0.5, -0.5) or not (math.isfinite(base) and math.isfinite(exponent))
    if not special and abs(exponent) < 1 << 63:
        return from_float(_go_pow(base, exponent))
    try:
        result = math.pow(base, exponent)
    except OverflowError:
        result = math.inf
    except ValueError:
        if base == 0:
            return math.inf
        raise EvaluationError("the root of a negative number is not a number") from None
    return from_float(result)


def _go_pow(base: float, exponent: float) -> float:
    """Go's math.Pow, by repeated squaring: its last digit is not always that of the C library."""
    fraction, whole_part = math.modf(abs(exponent))
    if fraction and base < 0:
        raise EvaluationError("the root of a negative number is not a number")
    times = int(whole_part)
    mantissa, scale = 1.0, 0
    if fraction:
        if fraction > 0.5:
            fraction, times = fraction - 1, times + 1
        mantissa = math.exp(fraction * math.log(base))
    square, square_scale = math.frexp(base)
    while times:
        if abs(square_scale) > 1 << 12:
            scale += square_scale
            break
        if times & 1:
            mantissa *= square
            scale += square_scale
        square *= square
        square_scale *= 2
        if square < 0.5:
            square *= 2
            square_scale -= 1
        times >>= 1
    if exponent < 0:
        mantissa, scale = 1 / mantissa, -scale
    try:
        return math.ldexp(mantissa, scale)
    except OverflowError:
        return math.copysign(math.inf, mantissa)


@function("signum", num())
def _signum(value: Number) -> Value:
    integer = whole(value)
    return (integer > 0) - (integer < 0)


@function("max", variadic=num("numbers"))
def _max(*values: Number) -> Value:
    if not values:
        raise EvaluationError("must pass at least one number")
    return max(values)


@function("min", variadic=num("numbers"))
def _min(*values: Number) -> Value:
    if not values:
        raise EvaluationError("must pass at least one number")
    return min(values)


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@function("parseint", anything("number"), num("base"))
def _parseint(value: Value, base: Number) -> Value:
    if not isinstance(value, str):
        raise ArgumentError("number", f"first argument must be a string, not {kind(value)}")
    if not isinstance(base, int) or not 2 <= base <= 62:
        raise ArgumentError("base", "base must be a whole number between 2 and 62 inclusive")
    refusal = ArgumentError("number", f'cannot parse "{value!s}" as a base {base} integer')
    digits = value[1:] if value[:1] in {"+", "-"} else value
    if not digits or len(digits) > 4000:
        raise refusal
    if base <= 36:
        digits = digits.lower()
    result = 0
    for digit in digits:
        at = _DIGITS.find(digit)
        if not 0 <= at < base:
            raise refusal
        result = result * base + at
    return -result if value[:1] == "-" else result


FUNCTIONS = table(_abs, _ceil, _floor, _log, _pow, _signum, _max, _min, _parseint)
