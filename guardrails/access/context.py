"""The condition keys of one request, policy variables, and whether conditions hold for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import assert_never

from guardrails.access.conditions import Condition, Quantifier, Test, Text
from guardrails.access.glob import (
    LITERAL_ANY,
    LITERAL_STAR,
    arn_matches,
    arn_overlaps,
    encode,
    literal,
    loosen,
    matches,
    overlaps,
    pattern,
    segments,
    token,
    token_names,
    unsure,
)
from guardrails.access.request import ContextValue
from guardrails.access.truth import Doubt, Truth, all_of, any_of, negate
from guardrails.access.values import parse_date, parse_ip, parse_number
from guardrails.model import Symbolic, UnknownValue

VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULT = re.compile(r"\s*'(.*)'\s*", re.DOTALL)


class Unresolved(Exception):  # noqa: N818  # an answer: the statement cannot match
    """A policy variable has no value in this request and no default."""


def variable(inner: str) -> tuple[str, str | None]:
    """What stands in `${...}`: the key in lower case, and the default if there is one."""
    key, comma, rest = inner.partition(",")
    default = _DEFAULT.fullmatch(rest) if comma else None
    return key.strip().lower(), default[1] if default else None


def expand(text: str, make: Callable[[str], str], lookup: Callable[[str, str | None], str]) -> str:
    """Encode a text with its policy variables replaced by what `lookup(key, default)` gives, encoded.

    `make` encodes what is not a variable. Raises what `lookup` raises.
    """
    if "${" not in str.__str__(text):
        return encode(text, make)
    made: list[str] = []
    for part in text.parts if isinstance(text, Symbolic) else ("".join(text),):
        if not isinstance(part, str):
            made.append(encode(Symbolic(part)))
            continue
        at = 0
        for found in VARIABLE.finditer(part):
            made.append(make(part[at : found.start()]))
            at = found.end()
            match found[1].strip():
                case "*":
                    made.append(LITERAL_STAR)
                case "?":
                    made.append(LITERAL_ANY)
                case "$":
                    made.append("$")
                case inner:
                    made.append(lookup(*variable(inner)))
        made.append(make(part[at:]))
    return "".join(made)


class Context:
    """The condition keys of a request."""

    def __init__(self, *layers: Mapping[str, ContextValue], open_: bool = False) -> None:
        """Later layers win. `open_`: whether keys that no layer has may be there or not."""
        self._values: dict[str, ContextValue] = {}
        for layer in layers:
            for key, value in layer.items():
                self._values[key.lower()] = value
        if self._values.get("aws:sourcevpce") is not None:
            # "The aws:SourceIp condition key is not present through a VPC endpoint" (global condition keys).
            self._values.setdefault("aws:sourceip", None)
        elif self._values.get("aws:sourceip") is not None:
            for key in ("aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"):
                self._values.setdefault(key, None)
        self._open = open_

    def get(self, key: str) -> ContextValue:
        """The value of a key in lower case; None if it is absent, unknown if that is not known."""
        if key in self._values:
            return self._values[key]
        return UnknownValue(f"{key} is not given") if self._open else None

    def lookup(self, key: str, default: str | None) -> str:
        """The encoded value of a policy variable; raises `Unresolved`."""
        value = self.get(key)
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        match value:
            case str():
                return encode(value)
            case UnknownValue():
                return token(f"#{value.reason}")
            case None if default is not None:
                return literal(default)
            case _:  # several values cannot stand in for one variable
                raise Unresolved(key)

    def text(self, value: str, make: Callable[[str], str], *, variables: bool) -> str:
        """A string of a policy encoded for this request; raises `Unresolved`."""
        return expand(value, make, self.lookup) if variables else encode(value, make)

    def holds(self, condition: Condition, *, variables: bool) -> Truth:
        """Whether a condition holds; raises `Unresolved` where a variable makes the statement invalid."""
        operator = condition.operator
        value = self.get(condition.key)
        if operator.test is Test.NULL:
            return _null(condition, value)
        if isinstance(value, UnknownValue):
            return Doubt((value.reason,))
        absent = value is None or value == ()
        if operator.quantifier is None and absent and operator.if_exists:
            return True  # "to prevent variables from causing invalid statements" (User Guide, "Variables and tags")
        alternatives = self._alternatives(condition, variables=variables)
        if operator.quantifier is not None:
            elements = () if value is None else value if isinstance(value, tuple) else (value,)
            if all(type(element) is str and not element for element in elements):
                elements = ()  # "resolve to an empty data set (for example, an empty string)"
            each = (self._one(condition, element, alternatives) for element in elements)
            return all_of(each) if operator.quantifier is Quantifier.ALL else any_of(each)
        if absent:
            return operator.negated
        if isinstance(value, tuple):
            if len(value) > 1:
                return operator.negated  # several values need a set operator
            value = value[0]
        return self._one(condition, value, alternatives)

    def _alternatives(self, condition: Condition, *, variables: bool) -> list[Text]:
        test = condition.operator.test
        make = pattern if test in (Test.STRING_LIKE, Test.ARN_LIKE) else literal
        variables = variables and test.takes_variables
        return [
            value if isinstance(value, UnknownValue) else self.text(value, make, variables=variables)
            for value in condition.values
        ]

    def _one(self, condition: Condition, value: Text | None, alternatives: list[Text]) -> Truth:
        if value is None or isinstance(value, UnknownValue):
            return Doubt((value.reason if value else "the value is not known",))
        subject = encode(value)
        truth = any_of(_against(condition.operator.test, subject, alternatives))
        return negate(truth) if condition.operator.negated else truth


def _null(condition: Condition, value: ContextValue) -> Truth:
    if isinstance(value, UnknownValue):
        return Doubt((value.reason,))
    absent = value is None or value == ()

    def each() -> Iterator[Truth]:
        for wanted in condition.values:
            if isinstance(wanted, UnknownValue | Symbolic):
                yield Doubt((wanted.reason,))
            elif (lower := "".join(wanted).lower()) in ("true", "false"):
                yield absent == (lower == "true")

    return any_of(each())


def _against(test: Test, subject: str, alternatives: list[Text]) -> Iterator[Truth]:
    for each in alternatives:
        if isinstance(each, UnknownValue):
            yield Doubt((each.reason,))
        elif compare(test, subject, each):
            yield True
        elif (unsure(subject) or unsure(each)) and _may(test, subject, each):
            yield Doubt(doubts(subject, each))
        else:
            yield False


def doubts(*encoded: str) -> tuple[str, ...]:
    """Why these strings are not wholly known."""
    reasons = {
        (f"known after apply: {name[1:]}" if name[0] == "@" else name[1:]): None
        for text in encoded
        for name in token_names(text)
        if name[:1] in ("@", "#")
    }
    return tuple(reasons)


def plain_text(encoded: str) -> str:
    """A string without tokens as it was before it was encoded."""
    return encoded.replace(LITERAL_STAR, "*").replace(LITERAL_ANY, "?")


def compare(test: Test, subject: str, wanted: str) -> bool:
    """Whether an encoded request value passes a test against one encoded policy value; unknown parts never do."""
    match test:
        case Test.STRING_EQUALS | Test.BINARY_EQUALS:
            return subject == wanted and "#" not in _marks(subject)
        case Test.STRING_EQUALS_IGNORE_CASE:
            return subject.lower() == wanted.lower() and "#" not in _marks(subject)
        case Test.STRING_LIKE:
            return matches(wanted, subject) and "#" not in _marks(wanted)
        case Test.ARN_LIKE:
            if "#" in _marks(wanted):
                return False
            if subject == wanted:
                return len(segments(subject)) == 6 or "@" in _marks(subject)
            parts = segments(subject)
            if len(parts) != 6 or parts[0] != "arn":
                return False
            return wanted == "*" or (len(segments(wanted)) == 6 and arn_matches(wanted, subject))
        case Test.BOOL:
            return subject.lower() in ("true", "false") and subject.lower() == wanted.lower()
        case Test.IP_ADDRESS:
            ours, theirs = parse_ip(plain_text(subject)), parse_ip(plain_text(wanted))
            if ours is None or theirs is None or ours[0] != theirs[0]:
                return False
            return theirs[1] <= ours[1] and ours[2] <= theirs[2]
        case Test.NULL:
            return False
        case _:
            pass
    parse = parse_number if test.family == "Numeric" else parse_date
    left, right = parse(plain_text(subject)), parse(plain_text(wanted))
    if left is None or right is None:
        return False
    match test:
        case Test.NUMERIC_EQUALS | Test.DATE_EQUALS:
            return left == right
        case Test.NUMERIC_LESS | Test.DATE_LESS:
            return left < right
        case Test.NUMERIC_LESS_EQUALS | Test.DATE_LESS_EQUALS:
            return left <= right
        case Test.NUMERIC_GREATER | Test.DATE_GREATER:
            return left > right
        case Test.NUMERIC_GREATER_EQUALS | Test.DATE_GREATER_EQUALS:
            return left >= right
        case _:
            assert_never(test)


def _marks(encoded: str) -> set[str]:
    return {name[:1] for name in token_names(encoded)}


def _may(test: Test, subject: str, wanted: str) -> bool:
    """Whether filling the unknown parts can make them match."""
    if test is Test.ARN_LIKE:
        return arn_overlaps(loosen(wanted), loosen(subject))
    if test.family in ("String", "Binary"):
        if test is Test.STRING_EQUALS_IGNORE_CASE:
            subject, wanted = subject.lower(), wanted.lower()
        return overlaps(loosen(wanted), loosen(subject))
    return True
