"""Numbers as Terraform computes and prints them: binary floating point with 512 bits, so that 0.1 + 0.2 is 0.3."""

# ruff: noqa: PLC0415  # fractions and decimal take 13 ms to import, and most designs have whole numbers alone
from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

_PRECISION = 512
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?\Z", re.ASCII)
_INFINITE = re.compile(r"([+-]?)[iI]nf\Z")
_MAX_EXPONENT = 4000
"""Numbers of more digits than this are not computed with: nobody writes them but to exhaust memory."""


class OutOfRangeError(ValueError):
    """A number that is too large or too small to be computed with here."""


class Real(float):
    """A number that a Python float only comes near; `exact` has 512 significant bits."""

    __slots__ = ("exact",)
    exact: Fraction

    def __new__(cls, exact: Fraction) -> Real:
        """Make it from its exact value."""
        self = super().__new__(cls, _float(exact))
        self.exact = exact
        return self

    def _order(self, other: object) -> int | None:
        """Negative, zero or positive as this is below, at or above another number; None for what is none."""
        if isinstance(other, float) and not is_finite(other):
            return -1 if other > 0 else 1
        if not isinstance(other, int | float):
            return None
        difference = self.exact - exact_value(other)
        return (difference > 0) - (difference < 0)

    def __eq__(self, other: object) -> bool:
        order = self._order(other)
        return NotImplemented if order is None else order == 0

    def __ne__(self, other: object) -> bool:
        order = self._order(other)
        return NotImplemented if order is None else order != 0

    def __lt__(self, other: float) -> bool:
        order = self._order(other)
        return NotImplemented if order is None else order < 0

    def __le__(self, other: float) -> bool:
        order = self._order(other)
        return NotImplemented if order is None else order <= 0

    def __gt__(self, other: float) -> bool:
        order = self._order(other)
        return NotImplemented if order is None else order > 0

    def __ge__(self, other: float) -> bool:
        order = self._order(other)
        return NotImplemented if order is None else order >= 0

    def __hash__(self) -> int:
        return hash(self.exact)

    def __reduce__(self) -> tuple[type[Real], tuple[Fraction]]:
        return Real, (self.exact,)


Number = int | float


def parse(text: str) -> Number:
    """A number from its decimal text. Raises `ValueError` for anything that Terraform does not take for one."""
    if text.isascii() and text.isdigit() and len(text) < 150:
        return int(text)
    if infinite := _INFINITE.match(text):
        return float(f"{infinite[1]}inf")
    found = _DECIMAL.match(text)
    if not found:
        raise ValueError(text)
    if len(text) > _MAX_EXPONENT or abs(int(found[1] or 0)) > _MAX_EXPONENT:
        raise OutOfRangeError("a number of so many digits is not computed with")
    from fractions import Fraction

    exact = Fraction(text)
    return number(exact) if exact or not text.startswith("-") else -0.0


def number(exact: Fraction | int) -> Number:
    """The number with this value, rounded to what Terraform keeps of it."""
    if isinstance(exact, int):
        if exact.bit_length() <= _PRECISION:
            return exact
        from fractions import Fraction

        exact = Fraction(exact)
    rounded = _rounded(exact)
    if rounded.denominator == 1:
        return rounded.numerator
    near = _float(rounded)
    return near if exact_value(near) == rounded else Real(rounded)


def exact_value(value: Number) -> Fraction:
    """The value of a finite number without error."""
    from decimal import Decimal
    from fractions import Fraction

    if isinstance(value, Real):
        return value.exact
    if isinstance(value, int):
        return Fraction(value)
    return _rounded(Fraction(Decimal(repr(value))))


def is_finite(value: Number) -> bool:
    """Whether it is neither of the infinities."""
    return isinstance(value, int) or float("-inf") < value < float("inf")


def calculate(operator: str, left: Number, right: Number) -> Number:
    """Apply `+`, `-`, `*`, `/` or `%`. Raises `ValueError` where Terraform refuses, as for zero by zero."""
    if not (is_finite(left) and is_finite(right)):
        return _calculate_infinite(operator, left, right)
    if operator == "%" and right == 0:
        return left
    if operator == "/" and right == 0:
        if left == 0:
            raise ValueError("division by zero")
        return float("inf") if left > 0 else float("-inf")
    if isinstance(left, int) and isinstance(right, int):
        match operator:
            case "+":
                return number(left + right)
            case "-":
                return number(left - right)
            case "*":
                return number(left * right)
            case "%":
                return left - right * _truncated(left, right)
            case _ if left % right == 0:
                return left // right
    a, b = exact_value(left), exact_value(right)
    match operator:
        case "+":
            return number(a + b)
        case "-":
            return number(a - b)
        case "*":
            return number(a * b)
        case "/":
            return number(a / b)
        case "%":
            return _modulo(a, b)
        case _:
            raise AssertionError(operator)


def _calculate_infinite(operator: str, left: Number, right: Number) -> Number:
    a, b = float(left), float(right)
    result = {
        "+": lambda: a + b,
        "-": lambda: a - b,
        "*": lambda: a * b,
        "/": lambda: a / b if b else a,
        "%": lambda: float("nan"),
    }[operator]()
    if result != result:  # noqa: PLR0124  # the one test for "not a number" that needs no import
        raise ValueError("the result is not a number")
    return int(result) if result == 0 else result


def _truncated(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def from_float(value: float) -> Number:
    """A number that Terraform computed as a 64-bit float (`pow`, `log`): it prints its shortest decimal."""
    if value != value or not is_finite(value):  # noqa: PLR0124  # the one test for "not a number" without an import
        return value
    from decimal import Decimal

    decimal = Decimal(repr(value))
    if abs(math.frexp(value)[0]) == 0.5:
        # Go takes the gaps on both sides of a power of two for equal, and so finds fewer digits for some.
        half = math.ulp(value) / 2
        shorter = (Decimal(f"{value:.{digits}e}") for digits in range(17))
        decimal = next((each for each in shorter if abs(each - Decimal(value)) <= Decimal(half)), decimal)
    return int(decimal) if decimal == decimal.to_integral_value() else value


def to_string(value: Number) -> str:
    """The number in decimal digits, without an exponent."""
    if isinstance(value, int):
        return str(value) if value.bit_length() < 512 else _shortest_integer(value)
    if isinstance(value, Real):
        return _shortest(value.exact)
    if not is_finite(value):
        return "+Inf" if value > 0 else "-Inf"
    from decimal import Decimal

    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _shortest_integer(value: int) -> str:
    from fractions import Fraction

    return _shortest(Fraction(value))


def _shortest(exact: Fraction) -> str:
    """The fewest digits that name this number among those with 512 bits."""
    from decimal import Context, Decimal
    from fractions import Fraction

    numerator, denominator = exact.numerator, exact.denominator
    for digits in (*range(1, 40), *range(40, 160)):
        near = Context(prec=digits).divide(Decimal(numerator), Decimal(denominator))
        if _rounded(Fraction(near)) == exact:
            text = format(near, "f")
            return text.rstrip("0").rstrip(".") if "." in text else text
    raise AssertionError(exact)


def _float(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return float("inf") if exact > 0 else float("-inf")


def _modulo(a: Fraction, b: Fraction) -> Number:
    """The remainder as cty computes it: from the quotient, which is rounded first."""
    return number(a - _rounded(b * int(_rounded(a / b))))


def _rounded(exact: Fraction) -> Fraction:
    """The nearest number with 512 significant bits, ties to even."""
    from fractions import Fraction

    numerator, denominator = abs(exact.numerator), exact.denominator
    if numerator.bit_length() <= _PRECISION and denominator & (denominator - 1) == 0:
        return exact
    shift = numerator.bit_length() - denominator.bit_length() - _PRECISION
    if abs(shift) > 4 * _MAX_EXPONENT:
        raise OutOfRangeError("a number of so many digits is not computed with")
    while True:
        if shift >= 0:
            quotient, rest = divmod(numerator, denominator << shift)
            whole = denominator << shift
        else:
            quotient, rest = divmod(numerator << -shift, denominator)
            whole = denominator
        if quotient.bit_length() <= _PRECISION:
            break
        shift += 1
    if 2 * rest > whole or (2 * rest == whole and quotient & 1):
        quotient += 1
    sign = -1 if exact < 0 else 1
    return Fraction(sign * (quotient << shift)) if shift >= 0 else Fraction(sign * quotient, 1 << -shift)
