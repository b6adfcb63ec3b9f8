"""The condition operators of the policy language, by name and meaning."""

from __future__ import annotations

import enum
import functools
import re

from msgspec import Struct

from guardrails.model import UnknownValue

Text = str | UnknownValue
"""A string of a policy (possibly `Symbolic`), or one of which only the reason for not knowing it is known."""


class Test(enum.Enum):
    """What an operator compares, without its modifiers and negation."""

    __test__ = False  # not a test class, whatever its name makes pytest think

    STRING_EQUALS = "StringEquals"
    STRING_EQUALS_IGNORE_CASE = "StringEqualsIgnoreCase"
    STRING_LIKE = "StringLike"
    NUMERIC_EQUALS = "NumericEquals"
    NUMERIC_LESS = "NumericLessThan"
    NUMERIC_LESS_EQUALS = "NumericLessThanEquals"
    NUMERIC_GREATER = "NumericGreaterThan"
    NUMERIC_GREATER_EQUALS = "NumericGreaterThanEquals"
    DATE_EQUALS = "DateEquals"
    DATE_LESS = "DateLessThan"
    DATE_LESS_EQUALS = "DateLessThanEquals"
    DATE_GREATER = "DateGreaterThan"
    DATE_GREATER_EQUALS = "DateGreaterThanEquals"
    BOOL = "Bool"
    BINARY_EQUALS = "BinaryEquals"
    IP_ADDRESS = "IpAddress"
    ARN_LIKE = "ArnLike"
    NULL = "Null"

    @property
    def family(self) -> str:
        """`String`, `Numeric`, `Date`, `Bool`, `Binary`, `Ip`, `Arn` or `Null`."""
        return re.match("[A-Z][a-z]+", self.value)[0]  # type: ignore[index]  # every value starts so

    @property
    def takes_variables(self) -> bool:
        """Whether `${...}` in its values is a policy variable (User Guide, "Condition operators")."""
        return self.family in ("String", "Arn", "Bool")


class Quantifier(enum.Enum):
    """The set operators for multivalued keys."""

    ALL = "ForAllValues"
    ANY = "ForAnyValue"


class Operator(Struct, frozen=True):
    """A condition operator with its modifiers."""

    name: str
    """As written."""
    test: Test
    negated: bool = False
    if_exists: bool = False
    quantifier: Quantifier | None = None


class Condition(Struct, frozen=True):
    """One key of one operator: the values are alternatives, for a negated operator all of them are excluded."""

    operator: Operator
    key: str
    """In lower case: key names do not depend on case."""
    values: tuple[Text, ...]
    """JSON booleans and numbers as their text."""
    name: str = ""
    """The key as written."""
    many: bool = True
    """Whether the values were a list; for messages alone."""


_NEGATED = {
    "stringnotequals": Test.STRING_EQUALS,
    "stringnotequalsignorecase": Test.STRING_EQUALS_IGNORE_CASE,
    "stringnotlike": Test.STRING_LIKE,
    "numericnotequals": Test.NUMERIC_EQUALS,
    "datenotequals": Test.DATE_EQUALS,
    "notipaddress": Test.IP_ADDRESS,
    "arnnotequals": Test.ARN_LIKE,
    "arnnotlike": Test.ARN_LIKE,
}
_POSITIVE = {test.value.lower(): test for test in Test} | {"arnequals": Test.ARN_LIKE}


@functools.lru_cache(maxsize=512)
def parse_operator(name: str) -> Operator | None:
    """The operator of a name such as `ForAllValues:StringNotLikeIfExists`, or None if there is no such one."""
    rest = name.lower()
    quantifier = None
    for each in Quantifier:
        if rest.startswith(prefix := each.value.lower() + ":"):
            quantifier, rest = each, rest[len(prefix) :]
            break
    if_exists = rest.endswith("ifexists")
    rest = rest.removesuffix("ifexists")
    if rest == "null" and if_exists:
        return None
    if rest in _NEGATED:
        return Operator(name, _NEGATED[rest], True, if_exists, quantifier)
    if rest in _POSITIVE:
        return Operator(name, _POSITIVE[rest], False, if_exists, quantifier)
    return None
