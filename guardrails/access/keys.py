"""A value of one condition key that passes some tests and fails others, or the proof that there is none."""

from __future__ import annotations

import datetime
import functools
import ipaddress
import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

from guardrails.access.boxes import EncodedValue, KeyTest, fold
from guardrails.access.conditions import Quantifier, Test
from guardrails.access.context import compare, plain_text
from guardrails.access.language import TooHard, arn_condition, both, is_literal
from guardrails.access.member import member
from guardrails.access.values import parse_date, parse_ip, parse_number

Signed = tuple[KeyTest, bool]
"""A test and whether it is passed."""
Atom = tuple[Test, tuple[str, ...]]
"""A comparison with alternatives."""


@functools.lru_cache(maxsize=16384)
def solve_key(
    key: str, tests: tuple[Signed, ...], *, many: bool, fills: tuple[str, ...]
) -> EncodedValue | Literal[False, True]:
    """A value of a key: text, several texts, True for "absent", False if there is none. Raises `TooHard`.

    `many`: whether the key may have several values.
    """
    if all(test.holds(None) is sign for test, sign in tests):
        return True
    hard: TooHard | None = None
    try:
        found = _one(key, tests, fills)
        if found is not None:
            return found
    except TooHard as too_hard:
        hard = too_hard
    if many:
        several = _several(tests, fills)
        if several is not None:
            return several
    if hard:
        raise hard
    return False


def _one(key: str, tests: Sequence[Signed], fills: tuple[str, ...]) -> str | None:
    """A single value."""
    positive: list[Atom] = []
    negative: list[Atom] = []
    for test, sign in tests:
        if test.test is None or test.test is Test.NULL:
            if test.holds("x") is not sign:
                return None
        elif sign is not test.negated:
            positive.append((test.test, test.values))
        else:
            negative.append((test.test, test.values))
    if any(test.quantifier for test, _ in tests):
        negative.append((Test.STRING_EQUALS, ("",)))  # an empty text is no value to a set operator, and comes to none
    return element(positive, negative, fills, boolean=key in BOOLEANS)


def _several(tests: Sequence[Signed], fills: tuple[str, ...]) -> tuple[str, ...] | None:
    """Several values."""
    every: tuple[list[Atom], list[Atom]] = ([], [])
    some: list[tuple[list[Atom], list[Atom]]] = []
    least = 1
    for test, sign in tests:
        if test.test is None:
            if sign:
                return None
            least = 2
        elif test.test is Test.NULL:
            if test.holds(("x",)) is not sign:
                return None
        elif test.quantifier is None:
            if test.negated is not sign:
                return None  # several values without a set operator: the answer is that of the negation
            least = 2
        else:
            atom: Atom = (test.test, test.values)
            everywhere = test.quantifier is Quantifier.ALL
            if everywhere is sign:  # each element passes: ForAllValues holds, or ForAnyValue fails
                inside = everywhere is not test.negated
                every[0 if inside else 1].append(atom)
            else:  # one of them does
                inside = everywhere is test.negated
                some.append(([atom], []) if inside else ([], [atom]))
    found: list[str] = []
    for positive, negative in some:
        value = element([*every[0], *positive], [*every[1], *negative], fills)
        if value is None:
            return None
        found.append(value)
    while len(found) < least:
        value = element(every[0], every[1], fills if len(found) == 0 else fills[::-1])
        if value is None:
            return None
        found.append(value)
    values = tuple(dict.fromkeys(found))
    if len(values) < least:
        values = (*values, values[0])
    return values if all(test.holds(values) is sign for test, sign in tests) else None


def element(
    positive: Sequence[Atom], negative: Sequence[Atom], fills: tuple[str, ...], *, boolean: bool = False
) -> str | None:
    """A value that passes each of `positive` (one of its alternatives) and none of `negative`."""
    typed = [atom for atom in (*positive, *negative) if atom[0].family in _TYPED]

    def passes(value: str) -> bool:
        return all(any(compare(test, value, each) for each in values) for test, values in positive) and not any(
            compare(test, value, each) for test, values in negative for each in values
        )

    if boolean and not any("\ue004" in each for _, values in (*positive, *negative) for each in values):
        return next((value for value in ("true", "false") if passes(value)), None)
    languages = _languages(positive)
    if languages is None:
        return None
    excluded = tuple(dict.fromkeys(each for test, values in negative for each in _language(test, values)))
    if not typed:
        return member(languages, excluded, fills)
    if any("\ue004" in each for _, values in typed for each in values):
        raise TooHard("a number, date, address or boolean depends on a variable")
    for value in _typed_values(typed):
        if passes(value):
            return value
    texts = any(atom[0].family not in _TYPED for atom in (*positive, *negative))
    families = {atom[0].family for atom in typed}
    if not texts and len(families) == 1:
        return None
    if all(map(is_literal, languages)):
        return next((value for value in languages if passes(value)), None)
    text = member(languages, excluded, fills)
    if text is None:
        return None
    if passes(text):
        return text
    raise TooHard("a condition key is compared as text and as a number, date or address")


def _languages(positive: Sequence[Atom]) -> tuple[str, ...] | None:
    """The intersection of the text comparisons; None if it is empty."""
    found: tuple[str, ...] = ("*",)
    for test, values in positive:
        if test.family in _TYPED:
            continue
        found = both(found, tuple(_language(test, values)))
        if not found:
            return None
    return found


def _language(test: Test, values: Sequence[str]) -> Iterator[str]:
    for each in values:
        match test:
            case Test.STRING_EQUALS | Test.BINARY_EQUALS | Test.STRING_LIKE:
                yield each
            case Test.STRING_EQUALS_IGNORE_CASE:
                yield fold(each)
            case Test.ARN_LIKE:
                made = arn_condition(each)
                if made is not None:
                    yield made
            case _:
                pass


_TYPED = frozenset(("Numeric", "Date", "Ip", "Bool"))
BOOLEANS = frozenset(
    ("aws:securetransport", "aws:multifactorauthpresent", "aws:viaawsservice", "aws:principalisawsservice")
)
"""Global keys that are true or false."""


def _typed_values(atoms: Sequence[Atom]) -> Iterator[str]:
    """Values of every class that the comparisons can tell apart."""
    families = {test.family for test, _ in atoms}
    texts = {family: [v for test, vs in atoms if test.family == family for v in vs] for family in families}
    for family in sorted(families):
        values = [plain_text(value) for value in texts[family]]
        match family:
            case "Bool":
                yield from ("true", "false")
            case "Numeric":
                numbers = sorted({n for value in values if (n := parse_number(value)) is not None})
                yield from map(_number, _between(numbers))
            case "Date":
                dates = sorted({n for value in values if (n := parse_date(value)) is not None})
                yield from filter(None, map(_date, _between(dates)))
            case _:
                yield from _addresses(values)


def _between(numbers: Sequence[Fraction]) -> Iterator[Fraction]:
    """The numbers themselves, and one of each gap between and around them, whole ones where possible."""
    if not numbers:
        yield Fraction(1_577_836_800)
        return
    yield from numbers
    yield numbers[0] - 1
    for low, high in itertools.pairwise(numbers):
        whole = Fraction(low.__floor__() + 1)
        yield whole if low < whole < high else (low + high) / 2
    yield numbers[-1] + 1


def _number(number: Fraction) -> str:
    if number.denominator == 1:
        return str(number.numerator)
    digits = 0
    while (number * 10**digits).denominator != 1:
        digits += 1
        if digits > 60:
            raise TooHard("a number has too many digits")
    scaled = abs(int(number * 10**digits))
    return f"{'-' if number < 0 else ''}{scaled // 10**digits}.{scaled % 10**digits:0{digits}d}"


def _date(seconds: Fraction) -> str | None:
    whole = seconds.__floor__()
    try:
        moment = datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(seconds=whole)
    except OverflowError:
        return None
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    part = seconds - whole
    return f"{text}{_number(part)[1:] if part else ''}Z"


def _addresses(values: Sequence[str]) -> Iterator[str]:
    """Addresses at both sides of every border of the blocks, nice ones first."""
    yield from ("203.0.113.10", "10.1.2.3", "2001:db8::1")
    for value in values:
        block = parse_ip(value)
        if block is None:
            continue
        version, first, last = block
        top = 2**32 - 1 if version == 4 else 2**128 - 1
        for number in (first, last, first - 1, last + 1):
            if 0 <= number <= top:
                yield str(ipaddress.ip_address(number) if version == 4 else ipaddress.IPv6Address(number))
    yield from ("0.0.0.0", "::")  # noqa: S104  # addresses to compare, nothing is bound
