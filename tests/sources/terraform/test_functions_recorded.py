"""Every function against what Terraform 1.11 itself answered: see scripts/record_functions.py."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from guardrails.model import Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform import functions
from guardrails.sources.terraform.functions import FunctionContext
from guardrails.sources.terraform.functions.encoding_json import encode
from guardrails.sources.terraform.parser import parse_expression, parse_template
from guardrails.sources.terraform.scope import Budget, Names, Scope
from guardrails.sources.terraform.types import EvaluationError, ListValue, MapValue, SetValue

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "functions.json").read_text())


def evaluate_template(text: str, _path: str, variables: Mapping[str, Value]) -> Value:
    """A template, evaluated as the evaluator does it."""
    return parse_template(text).evaluate(Scope(Names(), variables))


class Console(Names):
    """A module without any names, in the folder that the expressions were recorded in."""

    functions = FunctionContext(HERE / "files", HERE / "files", HERE / "files", evaluate_template)


def answer(expression: str) -> Value:
    """What the expression evaluates to here."""
    console = Console()
    console.budget = Budget()
    return parse_expression(expression).evaluate(Scope(console))


def kind(value: Value) -> str:
    """The first word of a value's type, as `type()` prints it."""
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case SetValue():
            return "set"
        case ListValue():
            return "list"
        case MapValue():
            return "map"
        case list():
            return "tuple"
        case dict():
            return "object"
        case _:
            return "dynamic"


# Terraform computes these and we say that we do not; nothing else may be unknown.
NOT_COMPUTED = (
    r'regex("\\p{Greek}+", "aαβ")',
    r'base64gzip("hello world")',
    r'base64gzip("")',
    r'base64gzip("a")',
    r'base64gzip(join("",[for i in range(300): "abcdefghij${i}"]))',
    r'cidrhost("::ffff:10.0.0.0/104",1)',
    r'cidrsubnet("10.1.2.0/24",4,-1)',
    r'yamldecode("&a b: &x 1\nc: *x\n")',
    r'yamldecode("<<: {a: 1}\nb: 2")',
    r'yamldecode("!!str 1")',
    r'yamldecode("? a\n: b")',
    r'yamldecode("? a")',
    r'yamldecode("!!binary aGVsbG8=")',
    r'yamldecode("a: !!str 5")',
    r'yamldecode("[2020-01-01T10:00:00Z, 2020-1-1, 2020-01-01 10:00:00, 20200101]")',
    r'yamldecode("a: |\n  x\n    y\n  z\n\n\nb: |+\n  x\n\nc: >\n  p\n  q\n\n  r\n    s\n  t\n")',
    r'yamldecode("key with spaces: v\n? x\n")',
    r'yamlencode({"é"=1,"a\"b"=2,"\n"=3})',
    r'yamlencode(join("",[for i in range(150): "word${i} "]))',
    r'yamlencode({(join("",[for i in range(150): "k"]))=1})',
)


@pytest.mark.parametrize("record", RECORDED["records"], ids=lambda record: record["expression"])
def test_function_equals_terraform(record: dict[str, str]) -> None:
    """An expression gives what Terraform gives, or an error where Terraform gives one."""
    expression = record["expression"]
    if "error" in record:
        try:
            value = answer(expression)
            encode(value)
        except EvaluationError:
            return
        assert isinstance(value, UnknownValue), value
        return
    value = answer(expression)
    if isinstance(value, UnknownValue):
        assert "unknown" in record or expression in NOT_COMPUTED, value.reason
        return
    if "sensitive" in record:
        assert isinstance(value, Sensitive)
        return
    assert not isinstance(value, Symbolic)
    shown = record["kind"] if value is None else kind(value)  # null has a type in Terraform
    assert (encode(value).text, shown) == (record["result"], record["kind"])


def test_every_function_is_there() -> None:
    """The functions of Terraform 1.11, no less and no more."""
    assert functions.names() == set(RECORDED["names"])


def test_every_function_has_cases() -> None:
    """Each function that takes arguments is held to Terraform in four expressions or more."""
    text = "\n".join(record["expression"] for record in RECORDED["records"])
    without = {"timestamp", "plantimestamp", "uuid", "abspath", "templatestring", "bcrypt", "rsadecrypt", "sensitive"}
    few = [name for name in functions.names() - without if len(re.findall(rf"\b{name}\(", text)) < 4]
    assert sorted(few) == []
