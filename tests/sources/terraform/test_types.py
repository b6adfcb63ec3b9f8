"""Conversion between Terraform's types, equality and numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.model import Ref, Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.number import OutOfRangeError, calculate, exact_value, number, parse, to_string
from guardrails.sources.terraform.types import (
    EvaluationError,
    ListValue,
    MapValue,
    SetValue,
    Type,
    convert,
    equals,
    type_name,
    unify_values,
)

ID = Symbolic(Ref("aws_vpc.a", "id"))
WHY = UnknownValue("var.x has no value")


@pytest.mark.parametrize(
    ("value", "type_", "expected"),
    [
        (5, "string", "5"),
        (1.50, "string", "1.5"),
        (10**20, "string", "100000000000000000000"),
        (True, "string", "true"),
        ("1e3", "number", 1000),
        ("-0.5", "number", -0.5),
        ("true", "bool", True),
        ("0", "bool", False),
        (None, "string", None),
        (None, ("list", "string"), None),
        ([1, "a", True], ("list", "dynamic"), ["1", "a", "true"]),
        ([1, None], ("list", "string"), ["1", None]),
        (["b", "a", "b"], ("set", "string"), ["a", "b"]),
        ([10, 9], ["set", "number"], [9, 10]),
        ({"b": 1, "a": "x"}, ("map", "dynamic"), {"a": "x", "b": "1"}),
        ({"a": "1"}, ("object", {"a": "number"}), {"a": 1}),
        ({"a": "1", "extra": 2}, ("object", {"a": "string"}), {"a": "1"}),
        (["1", "a"], ("tuple", ["number", "string"]), [1, "a"]),
        ([{"a": 1}, {"b": "x"}], ("list", "dynamic"), [{"a": "1"}, {"b": "x"}]),
        ("x", "dynamic", "x"),
    ],
)
def test_value_converts(value: Value, type_: Type, expected: Value) -> None:
    """A value becomes what Terraform makes of it."""
    assert convert(value, type_) == expected


@pytest.mark.parametrize(
    ("value", "type_", "message"),
    [
        ([], "string", "string required"),
        ("x", "number", "a number is required"),
        (True, "number", "number required"),
        (1, "bool", "bool required"),
        ("True", "bool", 'a bool is required; to convert from string, use lowercase "true"'),
        ("a", ("list", "string"), "list of string required"),
        ({}, ("set", "number"), "set of number required"),
        ([], ("map", "string"), "map of string required"),
        ([1, True], ("list", "dynamic"), "all list elements must have the same type"),
        ([[]], ("list", "string"), "element 0: string required"),
        ({"k": []}, ("map", "string"), 'element "k": string required'),
        ({}, ("object", {"a": "string"}), 'attribute "a" is required'),
        ({}, ("object", {"a": "string", "b": "string"}), 'attributes "a" and "b" are required'),
        (
            {"a": {"b": "x"}},
            ("object", {"a": ("object", {"b": "number"})}),
            'attribute "a": attribute "b": a number is required',
        ),
        ([1], ("tuple", []), "tuple of 0 elements required, but there are 1"),
    ],
)
def test_unsuitable_value_is_an_error(value: Value, type_: Type, message: str) -> None:
    """The message says where and what."""
    with pytest.raises(EvaluationError) as caught:
        convert(value, type_)
    assert str(caught.value) == message


def test_collections_know_that_they_are_converted() -> None:
    """Literals are tuples and objects; lists, sets and maps come from conversion."""
    assert isinstance(convert([], ("list", "string")), ListValue)
    assert isinstance(convert([], ("set", "string")), SetValue)
    assert isinstance(convert({}, ("map", "string")), MapValue)
    values: list[Value] = [[], {}, ListValue(["a"]), SetValue(), MapValue(a=1)]
    assert [type_name(each) for each in values] == [
        "tuple",
        "object",
        "list of string",
        "set of any single type",
        "map of number",
    ]


def test_optional_attributes_get_their_defaults() -> None:
    """Nested defaults too; null counts as missing."""
    inner: Type = ("object", {"port": "number", "name": "string"}, {"port": 443, "name": None})
    type_: Type = ("object", {"a": inner, "b": ("list", inner)}, {"a": {}, "b": None})

    assert convert({}, type_) == {"a": {"port": 443, "name": None}, "b": None}
    assert convert({"a": {"port": None}, "b": [{"name": 1}]}, type_) == {
        "a": {"port": 443, "name": None},
        "b": [{"port": 443, "name": "1"}],
    }


def test_optional_attributes_as_the_provider_schema_names_them() -> None:
    """A list of names instead of defaults."""
    assert convert({}, ["object", {"a": "string"}, ["a"]]) == {"a": None}


def test_unknown_and_sensitive_parts_survive() -> None:
    """Marks stay where they are; those of a set's elements go to the set."""
    assert convert([WHY, Sensitive(1)], ("list", "string")) == [WHY, Sensitive("1")]
    assert convert(Sensitive([1]), ("list", "string")) == Sensitive(["1"])
    assert convert(["a", Sensitive("b")], ("set", "string")) == Sensitive(["a", "b"])
    assert convert(ID, "string") is ID
    assert convert(ID, "number") == UnknownValue("known after apply: aws_vpc.a.id", (Ref("aws_vpc.a", "id"),))
    assert convert(WHY, ("object", {"a": "string"})) is WHY


def test_unknown_elements_of_a_set_stay_apart() -> None:
    """The same attribute is one element, two unknown values are two."""
    assert len(SetValue(["a", ID, ID, WHY, UnknownValue("other")])) == 4


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1.0, True),
        (1, True, False),
        (1, "1", False),
        ([], [], True),
        ([], ListValue(), False),
        ({}, MapValue(), False),
        ([1, {"a": "b"}], [1, {"a": "b"}], True),
        (SetValue(["b", "a"]), SetValue(["a", "b"]), True),
        (None, None, True),
        (None, "a", False),
        (Sensitive("a"), "a", True),
        (ID, ID, True),
        (Symbolic("x", *ID.parts), "y", False),
        (Symbolic("x", *ID.parts), None, False),
        (["a", WHY], ["b", WHY], False),
        (["a", WHY], ["a"], False),
    ],
)
def test_equality_converts_nothing(left: Value, right: Value, expected: bool) -> None:
    """Types that differ make values that differ."""
    assert equals(left, right) is expected
    assert equals(right, left) is expected


@pytest.mark.parametrize(
    ("left", "right"), [(WHY, 1), (ID, "x"), (ID, None), (ID, Symbolic(Ref("aws_vpc.b", "id"))), ([WHY], ["a"])]
)
def test_equality_with_what_is_not_known_is_not_known(left: Value, right: Value) -> None:
    """Neither yes nor no."""
    assert isinstance(equals(left, right), UnknownValue)


def test_results_of_a_conditional_get_one_type() -> None:
    """Numbers become strings beside strings; what has no common type stays None."""
    assert unify_values([1, "a"]) == ["1", "a"]
    assert unify_values([{"a": 1}, {"b": "x"}]) == [{"a": "1"}, {"b": "x"}]
    assert unify_values([None, 1]) == [None, 1]
    assert unify_values([[], "x"]) is None
    assert unify_values([1, True]) is None


def test_numbers_have_terraforms_precision() -> None:
    """0.1 + 0.2 is 0.3, and a third times three is one."""
    third = calculate("/", 1, 3)

    assert to_string(calculate("+", 0.1, 0.2)) == "0.3"
    assert calculate("*", third, 3) == 1
    assert to_string(third) == "0." + "3" * 153 + "35"
    assert calculate("%", -5, 3) == -2
    assert calculate("/", 6, 3) == 2
    assert calculate("/", 1, 0) == float("inf")
    with pytest.raises(ValueError, match="division by zero"):
        calculate("/", 0, 0)


@pytest.mark.parametrize("text", ["", " 1", "0x10", "1_000", "one", "1e", "--1"])
def test_text_that_is_no_number(text: str) -> None:
    """Only decimal numbers are."""
    with pytest.raises(EvaluationError, match="a number is required"):
        convert(text, "number")


@pytest.mark.parametrize("text", ["1e999999999", "1e-999999999", "9" * 5000])
def test_numbers_out_of_all_proportion_are_not_computed(text: str) -> None:
    """They would take all memory."""
    with pytest.raises(OutOfRangeError):
        parse(text)
    assert isinstance(convert(text, "number"), UnknownValue)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.fractions(max_denominator=10**6), st.fractions(max_denominator=10**6))
def test_sums_are_exact_to_512_bits(left: Fraction, right: Fraction) -> None:
    """The error is below what Terraform keeps."""
    total = exact_value(calculate("+", number(left), number(right)))

    assert abs(total - (left + right)) <= (abs(left) + abs(right)) / 2**510


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)))
def test_number_reads_back_as_itself(value: float) -> None:
    """Printing and parsing lose nothing."""
    again = parse(to_string(value))

    assert again == (number(value) if isinstance(value, int) else value)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text("ab1", max_size=2))
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text("ab", max_size=1), inner))
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.lists(VALUES, max_size=4))
def test_conversion_to_a_common_type_is_stable(values: list[Value]) -> None:
    """What has been converted once converts to itself."""
    try:
        once = convert(values, ("list", "dynamic"))
    except EvaluationError:
        return
    assert convert(once, ("list", "dynamic")) == once


def test_numbers_compare_exactly() -> None:
    """Seventy tenths, added up, stay below seven, as they do in Terraform."""
    total = 0.0
    for _ in range(70):
        total = calculate("+", total, 0.1)

    assert total < 7
    assert total != 7
    assert max(total, 7) == 7
