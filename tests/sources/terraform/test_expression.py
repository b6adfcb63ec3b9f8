"""Expressions, against what Terraform 1.11 itself answered (see scripts/record_expressions.py), and unknown values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guardrails.model import Ref, Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.expression import ParseError
from guardrails.sources.terraform.functions import FunctionContext
from guardrails.sources.terraform.parser import parse_expression
from guardrails.sources.terraform.scope import Names, Scope
from guardrails.sources.terraform.types import EvaluationError, type_of

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "expressions.json").read_text())
ARN = Symbolic(Ref("aws_s3_bucket.b", "arn"))
NO_VALUE = UnknownValue("var.x has no value")


class Console(Names):
    """A module without any names but those of a scope."""

    functions = FunctionContext(HERE, HERE, HERE, lambda text, name, values: None)


def evaluate(text: str, **names: Value) -> Value:
    """The value of an expression."""
    return parse_expression(text).evaluate(Scope(Console(), names))


def kind(value: Value) -> Any:  # JSON has any shape
    """The type of a value as a plan shows it."""
    return json.loads(json.dumps(type_of(value)))


@pytest.mark.parametrize("record", RECORDED, ids=lambda record: record["expression"][:40])
def test_expression_is_what_terraform_makes_of_it(record: dict[str, Any]) -> None:
    """The value and its type are those that Terraform planned for an output."""
    value = evaluate(record["expression"])

    assert value == (pytest.approx(record["value"]) if kind(value) == "number" else record["value"])
    assert shown(kind(value), record["type"])


def shown(type_: Any, expected: Any) -> bool:
    """Whether a type is the expected one, apart from what a value does not show: elements that are not there, null."""
    match type_, expected:
        case "dynamic", _:
            return True
        case [str() as kind, inner, *_], [str() as wanted, other, *_]:
            return kind == wanted and shown(inner, other)
        case dict(), dict():
            return type_.keys() == expected.keys() and all(shown(type_[key], expected[key]) for key in type_)
        case list(), list():
            return len(type_) == len(expected) and all(map(shown, type_, expected))
        case _:
            return bool(type_ == expected)


def test_a_decided_operand_decides_a_logical_operator() -> None:
    """What is unknown makes no difference to `false &&` and `true ||`."""
    assert evaluate("false && x", x=NO_VALUE) is False
    assert evaluate("x || true", x=NO_VALUE) is True
    assert evaluate("x && true", x=NO_VALUE) == NO_VALUE
    assert evaluate("!x", x=NO_VALUE) == NO_VALUE


def test_an_unknown_condition_makes_an_unknown_value_unless_both_arms_are_equal() -> None:
    """The reason is that of the condition, and everything that may be the result is referred to."""
    assert evaluate('x ? "a" : "a"', x=NO_VALUE) == "a"
    assert evaluate('x ? arn : "a"', x=NO_VALUE, arn=ARN) == UnknownValue(NO_VALUE.reason, ARN.refs)


def test_the_arm_that_is_not_taken_may_fail() -> None:
    """Terraform reports the errors of the chosen arm alone."""
    assert evaluate("true ? 1 : {}.a") == 1
    with pytest.raises(EvaluationError):
        evaluate("false ? 1 : {}.a")


def test_functions_have_a_long_name_too() -> None:
    """`core::` names Terraform's own, those that are no ordinary calls among them."""
    assert evaluate('core::upper("a")') == "A"
    assert evaluate('core::try({}.a, "b")') == "b"


def test_a_template_keeps_what_is_known_around_an_unknown_value() -> None:
    """A string with holes tells literal text, attributes and unknown values apart."""
    value = evaluate('"${arn}/${x}/*"', arn=ARN, x=NO_VALUE)

    assert isinstance(value, Symbolic)
    assert value.parts == (Ref("aws_s3_bucket.b", "arn"), "/", NO_VALUE, "/*")


def test_an_attribute_of_a_symbolic_value_is_named() -> None:
    """What follows a computed attribute becomes part of its name."""
    assert evaluate("arn.parts[0]", arn=ARN) == Symbolic(Ref("aws_s3_bucket.b", "arn.parts.0"))


def test_a_list_with_unknown_parts_keeps_its_known_elements() -> None:
    """`many` stands for zero or more elements: those before it have their index, and none after it has."""
    rest = UnknownValue("why", many=True)

    assert evaluate("[for v in l : upper(v)]", l=["a", rest]) == ["A", rest]
    assert evaluate("l[0]", l=["a", rest]) == "a"
    assert evaluate("l[1]", l=["a", rest, "b"]) == UnknownValue("why")
    assert evaluate("l[*].x", l=[{"x": 1}, rest]) == [1, rest]
    assert evaluate("{for v in l : v => 1}", l=["a", rest]) == UnknownValue("why")
    assert evaluate("[for v in l : v if v != x]", l=["a"], x=NO_VALUE) == [UnknownValue(NO_VALUE.reason, (), True)]


def test_a_for_expression_over_an_unknown_value_is_a_list_of_unknown_length() -> None:
    """It can be joined with known elements."""
    value = evaluate('concat(["a"], [for v in x : v])', x=NO_VALUE)

    assert value == ["a", UnknownValue(NO_VALUE.reason, (), True)]


@pytest.mark.parametrize(
    "text",
    ["s == 1", '"${s}"', "s ? 1 : 2", "[1][s]", "{a = 1}[s]", "[for v in [s] : v][0]", "upper(s)", "{(s) = 1}", "-s"],
)
def test_sensitive_marks_go_through(text: str) -> None:
    """What is made from a sensitive value is sensitive."""
    plain = {"s ? 1 : 2": True, "[1][s]": 0, "-s": 3}.get(text, "a")

    assert isinstance(evaluate(text, s=Sensitive(plain)), Sensitive)


def test_an_error_does_not_tell_a_sensitive_value() -> None:
    """A key that is not there is not named if it is secret."""
    with pytest.raises(EvaluationError) as caught:
        evaluate("{a = 1}[s]", s=Sensitive("hunter2"))

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[][0]", "there is no element 0"),
        ("{}.a", 'no attribute named "a"'),
        ('{}["a"]', 'no element with the key "a"'),
        ("null.a", "null value"),
        ('"x${null}"', "null"),
        ('"x${[]}"', "cannot include tuple"),
        ("1 / 0 * null", "must not be null"),
        ("true + 1", "number"),
        ("true ? [] : {}", "consistent types"),
        ("nope(1)", 'no function named "nope"'),
        ('{for v in ["a", "a"] : v => 1}', "two elements"),
        ("[for v in 1 : v]", "no elements to go through"),
        ("null ? 1 : 2", "must not be null"),
        ("{(null) = 1}", "must not be null"),
        ("upper(1...)", "must be a list"),
        ("try()", "at least one argument"),
        ("try({}.a)", "no expression succeeded"),
    ],
)
def test_what_terraform_refuses_is_an_error(text: str, message: str) -> None:
    """The message says what is wrong."""
    with pytest.raises(EvaluationError, match=message.replace("(", r"\(")):
        evaluate(text)


@pytest.mark.parametrize(
    ("text", "offset"),
    [("1 +", 3), ("[1", 2), ('"a', 2), ("a b", 2), ("{a}", 2), ('"${1"', 4), ("<<X\nfoo", 7), ("f(1", 3), ('"\\q"', 1)],
)
def test_what_is_no_expression_tells_where(text: str, offset: int) -> None:
    """The error has the offset at which the text stops to make sense."""
    with pytest.raises(ParseError) as caught:
        parse_expression(text)

    assert caught.value.offset == offset


def test_deep_nesting_is_refused() -> None:
    """Brackets inside of brackets end in an error, not in a crash."""
    with pytest.raises(ParseError, match="nested"):
        parse_expression("[" * 5000 + "]" * 5000)


def test_long_chains_of_for_expressions_run_out_of_budget() -> None:
    """A for expression may go through a bounded number of elements in all."""
    text = "[for a in range(1024) : [for b in range(1024) : [for c in range(1024) : c]]]"
    with pytest.raises(EvaluationError, match="too many steps"):
        evaluate(text)
