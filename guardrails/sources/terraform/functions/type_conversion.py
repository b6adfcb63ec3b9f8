"""Conversions between types, and the marks of values."""

from __future__ import annotations

from guardrails.model import Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.functions.signature import ArgumentError, anything, function, kind, table
from guardrails.sources.terraform.types import EvaluationError, Type, convert, friendly, unknown


def _converted(value: Value, type_: Type) -> Value:
    try:
        return convert(value, type_)
    except EvaluationError:
        plain = value.value if isinstance(value, Sensitive) else value
        shown = "the given value" if isinstance(value, Sensitive) else f'"{plain}"'
        if isinstance(plain, str) and type_ == "number":
            why = f"cannot convert {shown} to number; given string must be a decimal representation of a number"
        elif isinstance(plain, str) and type_ == "bool":
            why = f'cannot convert {shown} to bool; only the strings "true" or "false" are allowed'
        else:
            why = f"cannot convert {kind(value)} to {friendly(type_)}"
        raise ArgumentError("v", why) from None


@function("tostring", anything("v", nullable=True), holes="all", marks="body")
def _tostring(value: Value) -> Value:
    return _converted(value, "string")


@function("tonumber", anything("v", nullable=True), holes="all", marks="body")
def _tonumber(value: Value) -> Value:
    return _converted(value, "number")


@function("tobool", anything("v", nullable=True), holes="all", marks="body")
def _tobool(value: Value) -> Value:
    return _converted(value, "bool")


@function("tolist", anything("v", nullable=True), holes="all", marks="body")
def _tolist(value: Value) -> Value:
    return _converted(value, ("list", "dynamic"))


@function("toset", anything("v", nullable=True), holes="all", marks="body")
def _toset(value: Value) -> Value:
    return _converted(value, ("set", "dynamic"))


@function("tomap", anything("v", nullable=True), holes="all", marks="body")
def _tomap(value: Value) -> Value:
    return _converted(value, ("map", "dynamic"))


@function("sensitive", anything("value", nullable=True), holes="all", marks="body")
def _sensitive(value: Value) -> Value:
    return value if isinstance(value, UnknownValue | Sensitive) else Sensitive(value)


@function("nonsensitive", anything("value", nullable=True), holes="all", marks="body")
def _nonsensitive(value: Value) -> Value:
    return value.value if isinstance(value, Sensitive) else value


@function("issensitive", anything("value", nullable=True), holes="all", marks="body")
def _issensitive(value: Value) -> Value:
    if isinstance(value, Sensitive):
        return True
    # What is not known yet may turn out sensitive.
    return unknown(value) if isinstance(value, UnknownValue | Symbolic) else False


@function("ephemeralasnull", anything("value", nullable=True), holes="all", marks="body")
def _ephemeralasnull(value: Value) -> Value:
    return value


FUNCTIONS = table(
    _tostring, _tonumber, _tobool, _tolist, _toset, _tomap, _sensitive, _nonsensitive, _issensitive, _ephemeralasnull
)
